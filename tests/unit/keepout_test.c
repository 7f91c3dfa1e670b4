/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What rules keep out, where it is counted: rows of the ledger by rule, their series in metrics;
 * and what no rule may keep out (daemon/guard.h). */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "capture/board.h"
#include "daemon/changes.h"
#include "daemon/guard.h"
#include "export/metrics.h"
#include "tests/tap.h"

enum { CPUS = 2 };

static struct wr_board board = {.magic = WR_BOARD_MAGIC, .ended = 1};
static struct wr_gone gone[CPUS * WR_JUDGE_RULES];

static const char *name(void *ctx, uint32_t slot)
{
	static const char *const names[] = {"first", "second", NULL, "fourth"};

	(void)ctx;
	return slot < 4 ? names[slot] : slot == WR_SLOT_FRAGMENTS ? "fragments" : NULL;
}

/* A packet of 100 bytes, as the kernel counts it. */
static void keep_out(uint32_t cpu, uint32_t slot, bool drop)
{
	struct wr_gone *g = &gone[cpu * WR_JUDGE_RULES + slot];
	struct wr_cpu_count *c = &board.cpu[cpu].count;

	c->arrived_packets++;
	c->arrived_bytes += 100;
	*(drop ? &g->dropped_packets : &g->limited_packets) += 1;
	*(drop ? &g->dropped_bytes : &g->limited_bytes) += 100;
	*(drop ? &c->dropped_packets : &c->limited_packets) += 1;
	*(drop ? &c->dropped_bytes : &c->limited_bytes) += 100;
}

static const struct wr_ledger_rule *row_of(const struct wr_ledger *l, const char *rule)
{
	static const struct wr_ledger_rule none;

	for (uint32_t i = 0; i < l->n_rules; i++)
		if (!strcmp(l->rule[i].name, rule))
			return &l->rule[i];
	return &none;
}

static void ledger(void)
{
	struct wr_board_rules rules = {.gone = gone, .cpus = CPUS, .name = name, .slots = 4};
	struct wr_ledger_rules rows = {0};
	struct wr_ledger l;

	board.cpu[1].count.arrived_packets = board.cpu[1].count.passed_packets = 7;
	for (int i = 0; i < 5; i++)
		keep_out((uint32_t)i % CPUS, 0, true);
	keep_out(1, 0, false);
	keep_out(0, 2, true); /* a slot that has no name */
	keep_out(1, 3, false);
	keep_out(1, WR_SLOT_PAST, true);
	keep_out(0, WR_SLOT_FRAGMENTS, true);
	wr_board_ledger(&board, WR_MAX_CPUS, &rules, &rows, &l);
	ok(l.balanced, "the ledger balances");
	is_int((long long)l.dropped.packets, 8, "dropped in all");
	is_int((long long)l.limited.packets, 2, "limited in all");
	is_int(l.n_rules, 4, "rows: two rules, fragments, and those that are gone in one");
	is_int((long long)row_of(&l, "first")->dropped.packets, 5, "of all CPUs");
	is_int((long long)row_of(&l, "first")->limited.bytes, 100, "bytes of what it limited");
	is_int((long long)row_of(&l, "fragments")->dropped.packets, 1, "fragments");
	is_int((long long)row_of(&l, "(gone)")->dropped.packets, 2,
	       "rules without a name are gone, as are those that made room");

	/* What has moved since the snapshot is not in it; what is missing is a defect. */
	gone[0].dropped_packets--;
	wr_board_ledger(&board, WR_MAX_CPUS, &rules, &rows, &l);
	ok(!l.balanced, "a packet that no rule has is not balanced");
	gone[0].dropped_packets += 2;
	wr_board_ledger(&board, WR_MAX_CPUS, &rules, &rows, &l);
	ok(!l.balanced, "nor is one that a rule has too many");
	gone[0].dropped_packets--;
	rules.slots = 0;
	wr_board_ledger(&board, WR_MAX_CPUS, &rules, &rows, &l);
	ok(!l.balanced, "nor when rules are not looked at");
	free(rows.at);
}

static const char *metrics(struct wr_measures *m, const struct wr_ledger *l, struct wr_buf *b)
{
	struct wr_measure_in in = {.ledger = l, .n_ledger = 1, .now_ns = 1};

	wr_buf_clear(b);
	wr_metrics_write(b, m, &in, WR_METRICS_TEXT);
	return wr_buf_text(b);
}

static void series(void)
{
	static struct wr_measures m;
	static struct wr_ledger_rule rule[100];
	struct wr_ledger l = {.iface = "eth0", .rule = rule, .n_rules = 100};
	struct wr_buf b = {0};
	const char *text;
	int n = 0;

	for (int i = 0; i < 100; i++) {
		snprintf(rule[i].name, sizeof(rule[i].name), "r%d", i);
		rule[i].dropped.packets = 10;
	}
	text = metrics(&m, &l, &b);
	for (const char *s = text; (s = strstr(s, "\nweir_rule_packets_total{")); s++)
		n++;
	is_int(n, WR_MEASURE_RULES + 1, "so many series, and one for all others");
	ok(strstr(text, "weir_rule_packets_total{rule=\"(other)\",verdict=\"drop\"} 360") != NULL,
	   "which has all others");
	l.n_rules = 70; /* thirty are gone: nothing goes back */
	text = metrics(&m, &l, &b);
	ok(strstr(text, "{rule=\"(other)\",verdict=\"drop\"} 360") != NULL, "and never goes back");
	rule[69].limited.packets = 5;
	text = metrics(&m, &l, &b);
	ok(strstr(text, "{rule=\"(other)\",verdict=\"limit\"} 5") != NULL, "limits are apart");
	wr_buf_free(&b);
}

/* Statements that are refused, and what is said; NULL: fine. No host of a test has these peers. */
static const struct {
	const char *rule, *says;
} guarded[] = {
	{"drop any", "your own SSH session with 203.0.113.9"},
	{"drop from 0.0.0.0/0", "your own SSH session"},
	{"drop to udp/68", "DHCP from 0.0.0.0"},
	{"drop to udp/546", "DHCP from fe80::1"},
	{"limit 5pps to icmp6", "neighbour discovery from fe80::1"},
	{"drop where \"arp\"", "ARP"},
	{"drop from 198.0.0.0/8", "198.0.0.0/8 is very wide (/8 and wider)"},
	{"drop from 2a00::/11", "2a00::/11 is very wide (/24 and wider)"},
	{"drop not from 203.0.113.0/24 to tcp", "nearly everything"},
	{"drop on eth9", "your own SSH session"},
	{"drop from 198.0.0.0/9, 100.0.0.0/9", "100.0.0.0/9 and the others together are very wide"},
	{"drop from 2a00::/25, 2b00::/25", "and the others together are very wide"},
	{"drop where \"udp and src portrange 1024-65535\"", "nearly everything"},
	{"drop where \"tcp[tcpflags] & tcp-syn != 0\"", "nearly everything"},
	{"drop where \"udp and len > 1200\"", NULL},
	{"drop where \"udp and src port 53\"", NULL},
	{"drop where \"udp and src net 198.0.0.0/9\"", NULL},
	{"drop to gre", NULL},
	{"drop from 198.0.0.0/9", NULL},
	{"drop to tcp/23", NULL},
	{"drop not from 198.51.100.0/24 to tcp/23", NULL},
	{"drop from 198.51.100.7 shadow", NULL},
	{"allow any", NULL},
	{"drop from 198.51.100.7 at mon-fri 08:00-09:00", NULL},
	{"drop from 203.0.113.9 at mon 08:00-08:01", "your own SSH session with 203.0.113.9"},
	{"drop to tcp/2222@192.0.2.1", "your own SSH session with 203.0.113.9"},
	{"limit 1pps from 203.0.113.0/24 auto for 1m", "your own SSH session with 203.0.113.9"},
	{"drop out from 192.0.2.1 to tcp/50000", "your own SSH session with 203.0.113.9"},
};

static void guards(void)
{
	const char *ssh = "203.0.113.9 50000 192.0.2.1 2222";
	struct wr_guard g = {.ssh = &ssh, .n_ssh = 1};

	/* Where there are no sessions, routes and addresses but those that are told. */
	if (unshare(CLONE_NEWNET) && unshare(CLONE_NEWUSER | CLONE_NEWNET)) {
		skip("no right to make a network namespace");
		return;
	}
	for (size_t i = 0; i < sizeof(guarded) / sizeof(*guarded); i++) {
		struct wr_policy *p = NULL;
		struct wr_err err = {0};
		int ret = wr_policy_parse(&p, guarded[i].rule, strlen(guarded[i].rule), "made",
					  NULL, NULL, &err);

		if (!ret)
			ret = wr_guard_rule(&g, p, 0, &err);
		if (!ok(ret == (guarded[i].says ? -EINVAL : 0) &&
				(!guarded[i].says || strstr(err.text, guarded[i].says)),
			"%s", guarded[i].rule))
			note("%d, %s", ret, err.text);
		wr_policy_free(&p);
	}
}

/* What is taken back by itself may be wide, but nobody is locked out for that time either. */
static void wide(void)
{
	static const struct {
		const char *rule;
		int ret;
	} rules[] = {
		{"drop from 198.0.0.0/8 to tcp/23", 0},
		{"drop from 2a00::/11 to tcp/23", 0},
		{"drop not from 203.0.113.0/24 to tcp", 0},
		{"drop any", -EINVAL},
	};
	const char *ssh = "203.0.113.9 50000 192.0.2.1 2222";
	const struct wr_guard g = {.ssh = &ssh, .n_ssh = 1, .wide = true};

	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		struct wr_policy *p = NULL;
		struct wr_err err = {0};
		int ret = wr_policy_parse(&p, rules[i].rule, strlen(rules[i].rule), "made", NULL,
					  NULL, &err);

		if (!ret)
			ret = wr_guard_rule(&g, p, 0, &err);
		is_int(ret, rules[i].ret, "to be confirmed: %s", rules[i].rule);
		wr_policy_free(&p);
	}
}

#define S 1000000000ull

static void changes(void)
{
	static struct wr_changes c;
	uint64_t worst = 0, at[4096];
	unsigned int n = 0;

	is_int((int64_t)wr_changes_wait_ns(&c, 3, 100 * S), 0, "nothing was changed yet");
	for (unsigned int i = 0; i < 3; i++)
		wr_changes_note(&c, (100 + i) * S);
	is_int((int64_t)(wr_changes_wait_ns(&c, 3, 110 * S) / S), 50,
	       "three in a minute: the next one when the first is a minute ago");
	is_int((int64_t)wr_changes_wait_ns(&c, 4, 110 * S), 0, "four may be");
	is_int((int64_t)wr_changes_wait_ns(&c, 0, 110 * S), 0, "no bound");
	is_int((int64_t)wr_changes_wait_ns(&c, 3, 160 * S), 0, "then it may");
	c = (struct wr_changes){0};
	/* Somebody who tries eight times a second for ten minutes. */
	for (uint64_t t = 0; t < 600 * 8; t++)
		if (!wr_changes_wait_ns(&c, WR_CHANGES_MOST / 4, 1 + t * S / 8)) {
			wr_changes_note(&c, 1 + t * S / 8);
			at[n++] = 1 + t * S / 8;
		}
	for (unsigned int i = 0, first = 0; i < n; i++) {
		while (at[i] - at[first] >= 60 * S)
			first++;
		worst = i - first + 1 > worst ? i - first + 1 : worst;
	}
	is_int((int64_t)worst, WR_CHANGES_MOST / 4, "in no minute there are more");
	is_int((int64_t)n, 10 * WR_CHANGES_MOST / 4, "and so many in each");
}

int main(void)
{
	ledger();
	series();
	guards();
	wide();
	changes();
	return done();
}
