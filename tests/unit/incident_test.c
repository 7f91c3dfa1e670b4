/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings of one cause are one incident: made by hand, in the order in which they would be told.
 */
#include "detect/incident.h"
#include "detect/ids.h"
#include "tests/tap.h"
#include "view/incident.h"

#include <stdlib.h>
#include <string.h>

#define SECOND 1000000000ull
#define T0 (1700000000 * SECOND)

static uint64_t next_id;

static struct wr_victim at(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint8_t prefix)
{
	return (struct wr_victim){.addr = {a, b, c, d}, .ip_v = 4, .prefix = prefix};
}

/* A finding of so many sources 192.0.2.from and on. */
static struct wr_finding made(enum wr_finding_class klass, struct wr_victim victim, uint64_t t_s,
			      uint8_t from, uint32_t sources)
{
	struct wr_finding f = {
		.id = ++next_id,
		.klass = (uint8_t)klass,
		.severity = (uint8_t)wr_class_severity(klass),
		.victim = victim,
		.start_ns = T0 + t_s * SECOND,
		.raised_ns = T0 + t_s * SECOND,
		.last_ns = T0 + t_s * SECOND,
		.score = 2,
		.n_sources = sources,
	};

	for (uint32_t i = 0; i < sources; i++)
		f.source[i] = (struct wr_finding_source){
			.addr = {192, 0, 2, (uint8_t)(from + i)}, .ip_v = 4, .packets = 100 - i};
	return f;
}

static enum wr_incident_news what;

static struct wr_incident *raise(struct wr_incidents *all, struct wr_finding *f)
{
	return wr_incidents_add(all, WR_FINDING_RAISED, f, &what);
}

static struct wr_incident *end(struct wr_incidents *all, struct wr_finding *f, uint64_t t_s)
{
	f->over = true;
	f->last_ns = T0 + t_s * SECOND;
	return wr_incidents_add(all, WR_FINDING_OVER, f, &what);
}

static struct wr_incidents *opened(void)
{
	struct wr_incidents *all = NULL;

	if (wr_incidents_open(&all, NULL)) {
		printf("Bail out! no memory\n");
		exit(1);
	}
	return all;
}

static uint32_t count(const struct wr_incidents *all)
{
	struct wr_incident *rows[WR_INCIDENTS];

	return wr_incidents_list(all, rows, WR_INCIDENTS);
}

static void one_of_many_pulses(void)
{
	struct wr_incidents *all = opened();
	const struct wr_incident *i = NULL;
	uint32_t begun = 0, ended = 0;

	for (uint64_t k = 0; k < 100; k++) {
		struct wr_finding f =
			made(WR_CLASS_SYN_FLOOD, at(10, 0, 0, 5, 32), k * 20, (uint8_t)k, 1);

		f.score = k == 70 ? 9 : 2;
		raise(all, &f);
		begun += what == WR_INCIDENT_RAISED;
		i = end(all, &f, k * 20 + 5);
		ended += what == WR_INCIDENT_ENDED;
	}
	is_int(count(all), 1, "100 pulses of a flood are one incident");
	is_int(begun, 1, "it begins once");
	is_int(ended, 100, "and is over until the next pulse");
	ok(i && i->findings == 100 && i->id == 1, "it counts all of them");
	ok(i && i->state == WR_INCIDENT_OVER && i->end_ns == T0 + (99 * 20 + 5) * SECOND,
	   "it ends when the last one did");
	ok(i && i->n_sources == WR_FINDING_SOURCES, "and keeps twenty sources of a hundred");
	ok(i && i->strongest.score > 8, "its evidence is the strongest's");
	is_int(i ? i->victims : 0, 1, "at one victim");
	wr_incidents_close(&all);
}

/* Each end of a talk is told that the other one is somebody else. */
static void both_ends(void)
{
	struct wr_incidents *all = opened();
	struct wr_finding a = made(WR_CLASS_ARP_SPOOF, at(10, 0, 0, 5, 32), 0, 0, 1);
	struct wr_finding b = made(WR_CLASS_ARP_SPOOF, at(10, 0, 0, 1, 32), 0, 0, 1);
	struct wr_finding c = made(WR_CLASS_ARP_SPOOF, at(10, 0, 0, 1, 32), 2000, 0, 1);
	struct wr_finding e = made(WR_CLASS_ARP_SPOOF, at(10, 0, 0, 9, 32), 2000, 0, 1);
	struct wr_finding third = made(WR_CLASS_ARP_SPOOF, at(10, 0, 0, 7, 32), 1, 0, 1);

	memcpy(a.source[0].addr, b.victim.addr, 16);
	memcpy(b.source[0].addr, a.victim.addr, 16);
	raise(all, &a);
	raise(all, &b);
	ok(what == WR_INCIDENT_MORE && count(all) == 1, "two that are deceived about each other");
	memcpy(third.source[0].addr, a.victim.addr, 16);
	raise(all, &third);
	ok(what == WR_INCIDENT_MORE && count(all) == 1, "and a third one about one of them");
	end(all, &third, 5);
	end(all, &a, 5);
	end(all, &b, 5);
	memcpy(c.source[0].addr, a.victim.addr, 16);
	memcpy(e.source[0].addr, a.victim.addr, 16);
	e.source[0].addr[3] = 77;
	raise(all, &c);
	raise(all, &e);
	is_int(count(all), 3, "and two that are not are incidents of their own");
	wr_incidents_close(&all);
}

static void later(void)
{
	struct wr_incidents *all = opened();
	struct wr_finding a = made(WR_CLASS_SYN_FLOOD, at(10, 0, 0, 5, 32), 0, 1, 5);
	struct wr_finding b = made(WR_CLASS_SYN_FLOOD, at(10, 0, 0, 5, 32), 5 + 300, 50, 5);
	struct wr_finding c = made(WR_CLASS_SYN_FLOOD, at(10, 0, 0, 5, 32), 310 + 301, 90, 5);

	raise(all, &a);
	end(all, &a, 5);
	raise(all, &b);
	is_int(what, WR_INCIDENT_MORE, "five minutes later it is the same");
	end(all, &b, 310);
	raise(all, &c);
	is_int(what, WR_INCIDENT_RAISED, "a second more, and it is another");
	is_int(wr_incidents_active(all), 1, "which goes on alone");
	wr_incidents_close(&all);
}

static void of_one_victim(void)
{
	struct wr_incidents *all = opened();
	struct wr_victim service = at(10, 0, 0, 5, 32);
	struct wr_finding scan = made(WR_CLASS_PORT_SCAN_VERTICAL, at(10, 0, 0, 5, 32), 0, 1, 1);
	struct wr_finding flood, spread, other, odd;
	const struct wr_incident *i, *j;
	struct wr_buf b = {0};

	service.port = 443;
	service.proto = 6;
	flood = made(WR_CLASS_SYN_FLOOD, service, 10, 50, 20);
	spread = made(WR_CLASS_CARPET_BOMBING, at(10, 0, 0, 0, 24), 20, 90, 20);
	other = made(WR_CLASS_UDP_FLOOD, at(10, 0, 1, 5, 32), 20, 120, 20);
	odd = made(WR_CLASS_MALFORMED, at(10, 0, 0, 77, 32), 30, 140, 2);
	i = raise(all, &scan);
	ok(i && i->severity == WR_SEVERITY_HIGH && i->state == WR_INCIDENT_ACTIVE, "a scan");
	ok(raise(all, &flood) == i, "a flood of a service of that host is the same incident");
	ok(raise(all, &spread) == i, "and so is one of the prefix that it lies in");
	ok(raise(all, &odd) == i, "and what is found at another host of that prefix");
	j = raise(all, &other);
	ok(j && j != i, "another prefix is another incident");
	if (!i)
		exit(1);
	ok(i->severity == WR_SEVERITY_CRITICAL && i->strongest.klass != WR_CLASS_MALFORMED,
	   "the severity is the highest");
	is_int(i->victims, 4, "with all its victims");
	wr_incident_title(&b, i);
	ok(!strcmp(wr_buf_text(&b),
		   "SYN flood, flood spread over a prefix, scan of a host's ports and malformed "
		   "packets at 10.0.0.5:443 and 3 more"),
	   "its title says what and where: %s", wr_buf_text(&b));
	end(all, &scan, 40);
	end(all, &flood, 40);
	end(all, &odd, 40);
	is_int(what, WR_INCIDENT_SAME, "it goes on while one of its findings does");
	end(all, &spread, 45);
	is_int(what, WR_INCIDENT_ENDED, "and is over with the last");
	is_int(wr_incidents_active(all), 1, "the other one is not");
	wr_buf_free(&b);
	wr_incidents_close(&all);
}

static void of_one_source(void)
{
	struct wr_incidents *all = opened();
	struct wr_finding a = made(WR_CLASS_PORT_SCAN_VERTICAL, at(10, 0, 0, 5, 32), 0, 7, 1);
	struct wr_finding b = made(WR_CLASS_BRUTE_FORCE, at(10, 9, 0, 1, 32), 30, 7, 1);
	struct wr_finding c = made(WR_CLASS_BRUTE_FORCE, at(10, 9, 9, 1, 32), 30, 8, 1);
	const struct wr_incident *i = raise(all, &a);

	ok(raise(all, &b) == i, "what one source does to two hosts is one incident");
	is_int(i->source[0].packets, 200, "its packets are added up");
	ok(raise(all, &c) != i, "another source at a third host is another");
	wr_incidents_close(&all);
}

static void of_no_address(void)
{
	struct wr_incidents *all = opened();
	struct wr_victim nobody = {0};
	struct wr_finding a = made(WR_CLASS_DHCP_FLOOD, nobody, 0, 0, 0);
	struct wr_finding b = made(WR_CLASS_ROGUE_RA, nobody, 1, 3, 1);
	struct wr_finding c = made(WR_CLASS_DHCP_FLOOD, nobody, 2, 0, 0);
	const struct wr_incident *i = raise(all, &a);

	ok(raise(all, &b) != i, "of the local link two things are two incidents");
	ok(raise(all, &c) == i, "and the same thing is one");
	wr_incidents_close(&all);
}

static void only_to_know(void)
{
	struct wr_incidents *all = opened();
	struct wr_finding crowd = made(WR_CLASS_FLASH_CROWD, at(10, 0, 0, 5, 32), 0, 1, 20);
	struct wr_finding low = made(WR_CLASS_MALFORMED, at(10, 0, 0, 6, 32), 0, 1, 2);
	struct wr_finding flood = made(WR_CLASS_SYN_FLOOD, at(10, 0, 0, 5, 32), 5, 30, 20);
	struct wr_finding more = made(WR_CLASS_FLASH_CROWD, at(10, 0, 0, 5, 32), 6, 60, 20);
	const struct wr_incident *i;

	ok(!raise(all, &crowd) && !count(all), "what is only worth knowing makes no incident");
	ok(!end(all, &crowd, 3) && !count(all), "nor does its end");
	i = raise(all, &low);
	ok(i && i->state == WR_INCIDENT_SUSPECTED, "what is low makes a suspicion");
	i = raise(all, &flood);
	ok(i && raise(all, &more) == i && i->findings == 2, "but it belongs to one that is there");
	wr_incidents_close(&all);
}

/* More than there is room for: those that go on stay, whatever comes. */
static void full(void)
{
	struct wr_incidents *all = opened();
	struct wr_finding held = made(WR_CLASS_SYN_FLOOD, at(10, 0, 0, 1, 32), 0, 1, 3);
	const struct wr_incident *i = raise(all, &held);
	uint64_t id = i->id;
	struct wr_incident *rows[WR_INCIDENTS];

	for (uint32_t k = 0; k < 1000; k++) {
		struct wr_finding f =
			made(WR_CLASS_SYN_FLOOD, at(20, (uint8_t)(k >> 8), (uint8_t)k, 9, 32),
			     k + 1, 9, 3);

		raise(all, &f);
		end(all, &f, k + 2);
	}
	is_int(count(all), WR_INCIDENTS, "no more are kept than there is room for");
	ok(wr_incidents_find(all, id) != NULL, "one that goes on is among them");
	wr_incidents_list(all, rows, WR_INCIDENTS);
	is_int((long long)rows[0]->id, (long long)id, "and stands first");
	is_int((long long)rows[1]->id, 1001, "then the newest");
	ok(end(all, &held, 2000) != NULL && what == WR_INCIDENT_ENDED, "its end is told");
	wr_incidents_close(&all);
}

/* As many as all who tell findings can have at once, each with its number. */
static void all_that_hold(void)
{
	static const int most[] = {
#define X(sym, most) most,
		WR_IDS_TABLE(X)
#undef X
	};
	static struct wr_finding f[WR_HOLD_ALL];
	struct wr_incidents *all = opened();
	const struct wr_incident *i = NULL;
	uint32_t n = 0, early = 0;

	for (int who = 0; who < (int)(sizeof(most) / sizeof(most[0])); who++)
		for (int k = 0; k < most[who]; k++, n++) {
			f[n] = made(WR_CLASS_SYN_FLOOD, at(10, 0, 0, 5, 32), n, 1, 1);
			f[n].id = wr_ids((enum wr_ids)who) + (uint64_t)k + 1;
			i = raise(all, &f[n]);
		}
	is_int(n, WR_HOLD_ALL, "all of them");
	is_int(i->open, n, "have room, each with a number of its own");
	for (uint32_t k = 0; k < n; k++) {
		end(all, &f[k], n);
		early += what == WR_INCIDENT_ENDED && k + 1 < n;
	}
	ok(!early && what == WR_INCIDENT_ENDED, "and it is over when the last one is");
	wr_incidents_close(&all);
}

/* What rules did is told of it, and stays when they are gone. */
static void what_rules_did(void)
{
	struct wr_incidents *all = opened();
	struct wr_finding f = made(WR_CLASS_SYN_FLOOD, at(10, 0, 0, 5, 32), 0, 1, 3);
	uint64_t id = raise(all, &f)->id;
	const struct wr_incident *i = wr_incidents_find(all, id);
	const struct wr_incident_effect *e = &i->effect[WR_INCIDENT_STOPPED];

	ok(!e->since_ns && !i->effect[WR_INCIDENT_WOULD].since_ns, "no rule did anything");
	wr_incidents_did(all, id, "auto1", WR_INCIDENT_WOULD, T0, (struct wr_count){5, 300}, 10);
	wr_incidents_answered(all, id, "auto1", WR_INCIDENT_RULE_STOPS);
	wr_incidents_did(all, id, "auto1", WR_INCIDENT_STOPPED, T0 + 1, (struct wr_count){90, 5400},
			 100);
	wr_incidents_did(all, id, "auto2", WR_INCIDENT_STOPPED, T0 + 2, (struct wr_count){60, 3600},
			 100);
	wr_incidents_did(all, id, "auto1", WR_INCIDENT_STOPPED, T0 + 1, (struct wr_count){0, 0}, 0);
	is_int((long long)e->stopped.packets, 150, "packets that rules stopped are added up");
	is_int((long long)e->stopped.bytes, 9000, "and bytes");
	ok(e->since_ns == T0 + 1 && e->n_by == 2 && !e->more && !strcmp(e->by[0], "auto1") &&
		   !strcmp(e->by[1], "auto2"),
	   "since the first of them, with their names");
	ok(wr_incident_share(e) == 0.75, "of all that came three quarters");
	is_int((long long)i->effect[WR_INCIDENT_WOULD].stopped.packets, 5, "shadows stand apart");
	end(all, &f, 60);
	wr_incidents_answered(all, id, "auto2", WR_INCIDENT_RULE_GONE);
	wr_incidents_did(all, id, "auto3", WR_INCIDENT_STOPPED, T0, (struct wr_count){100, 60}, 0);
	wr_incidents_did(all, id, "auto4", WR_INCIDENT_STOPPED, T0, (struct wr_count){0, 0}, 0);
	ok(e->stopped.packets == 250 && e->n_by == WR_INCIDENT_BY && e->more,
	   "they stay when it is over, and others come");
	ok(wr_incident_share(e) == 1, "what was stopped had come");
	wr_incidents_answered(all, id, "auto4", WR_INCIDENT_RULE_HURTS);
	ok(!strcmp(i->failed, "auto4") && i->hurt, "one that hurts is told as such");
	wr_incidents_answered(all, id, "auto5", WR_INCIDENT_RULE_FAILS);
	ok(!strcmp(i->failed, "auto5") && !i->hurt, "apart from one that misses");
	wr_incidents_close(&all);
}

/* What people are told of it: when it was found and kept out, after it began. */
static void test_life(void)
{
	struct wr_incident i = {.id = 1,
				.start_ns = T0,
				.found_ns = T0 + SECOND / 5,
				.active_ns = T0 + SECOND / 5,
				.last_ns = T0 + SECOND,
				.victims = 1,
				.n_victims = 1,
				.victim = {at(10, 0, 0, 5, 32)}};
	struct wr_buf b = {0};

	i.strongest = made(WR_CLASS_SYN_FLOOD, i.victim[0], 0, 1, 1);
	wr_view_incident_text(&b, &i, NULL, T0 + SECOND, false);
	wr_view_incident_json(&b, &i, NULL, NULL);
	ok(strstr(wr_buf_text(&b), "\nlife      found +0.2 s\n") &&
		   strstr(wr_buf_text(&b), "\"found\":\"2023-11-14T22:13:20.200000000Z\"") &&
		   !strstr(wr_buf_text(&b), "\"mitigated\""),
	   "an incident that goes on: when it was found");
	wr_buf_free(&b);
	i.active_ns += SECOND;
	i.mitigated_ns = T0 + 14 * SECOND;
	i.end_ns = T0 + 7200 * SECOND;
	wr_view_incident_text(&b, &i, NULL, i.end_ns, false);
	wr_view_incident_json(&b, &i, NULL, NULL);
	ok(strstr(wr_buf_text(&b),
		  "\nlife      found +0.2 s, active +1.2 s, kept out +14 s, over +2h") &&
		   strstr(wr_buf_text(&b), "\"mitigated\":\"2023-11-14T22:13:34.000000000Z\""),
	   "and one that is over: all of it");
	wr_buf_free(&b);
}

int main(void)
{
	what_rules_did();
	one_of_many_pulses();
	both_ends();
	later();
	of_one_victim();
	of_one_source();
	of_no_address();
	only_to_know();
	full();
	all_that_hold();
	test_life();
	return done();
}
