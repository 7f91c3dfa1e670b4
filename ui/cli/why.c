/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/when.h"
#include "core/parse.h"
#include "policy/describe.h"
#include "ui/cli/ask.h"
#include "ui/cli/command.h"
#include "ui/cli/policy_file.h"
#include "ui/cli/why_next.h"
#include "view/why.h"

enum { BATCH = 1024 };

struct args {
	const char *policy, *color, *iface, *netns, *timeout, *conf, *socket;
	bool json, all, next;
};

struct asking {
	struct args a;
	bool color;
	struct wr_policy *policy;
	struct wr_verdicts *verdicts;
	struct wr_why *rows;
	struct wr_parse parse;
	uint64_t num, last; /* the packet that is asked for, and the last one there was */
	bool told;
	bool daemons; /* the policy is the daemon's, and so is what became of the packet */
	struct wr_buf out;
	struct wr_err err;
};

/* What the kernel has decided stands: rates, classes and programs are known there only. */
static void take_fate(const struct wr_policy *p, const struct wr_fate *fate,
		      struct wr_view_why *view)
{
	struct wr_verdict_of *v = &view->verdict;
	int rule = fate->rule ? wr_policy_rule(p, fate->rule) : WR_BY_NOTHING;

	for (int i = WR_BY_FRAGMENTS; fate->rule && i >= WR_BY_UNREADABLE; i--)
		if (rule < 0 && !strcmp(fate->rule, wr_verdict_rule(p, i)))
			rule = i;
	if (rule == WR_BY_NOTHING)
		view->by = fate->rule;
	/* Of what passes a record has no rule: what was found here let it pass, too. */
	if (v->verdict != fate->verdict || fate->rule)
		v->rule = rule;
	v->verdict = fate->verdict;
}

/* Holds a packet against the policy. told: it is the one that was asked for. */
static int judge(struct asking *q, const struct wr_packet *pkt, bool asked)
{
	struct wr_verdict_packet in = {
		.rec = &q->parse.rec,
		.data = pkt->data,
		.caplen = pkt->caplen,
		.len = pkt->len,
		.linktype = pkt->linktype,
		.iface = pkt->iface,
		.out = pkt->hook == WR_HOOK_TC_OUT,
		.ts_ns = pkt->ts_ns ? pkt->ts_ns : 1,
		.traffic = wr_verdicts_traffic(q->verdicts),
	};
	struct wr_view_why view = {.policy = q->policy,
				   .packet = pkt,
				   .judged = &in,
				   .rows = q->rows,
				   .all = q->a.all,
				   .color = q->color};
	int ret;

	wr_parse(&q->parse, pkt->data, pkt->caplen, pkt->len, pkt->linktype);
	ret = wr_verdict(q->verdicts, &in, &view.verdict, &q->err);
	if (ret || !asked)
		return ret;
	if (pkt->fate && q->daemons)
		take_fate(q->policy, pkt->fate, &view);
	ret = wr_why(q->policy, &in, &view.verdict, q->rows, &q->err);
	if (ret)
		return ret;
	(q->a.json ? wr_view_why_json : wr_view_why_text)(&q->out, &view);
	q->told = true;
	return 0;
}

/* ---- a packet of a capture: those before it are judged, too ---- */

static void look(void *ctx, struct wr_packet *pkt)
{
	struct asking *q = ctx;

	if (q->told || q->err.code)
		return;
	q->last = pkt->num;
	if (judge(q, pkt, pkt->num == q->num))
		wr_within(&q->err, "packet %" PRIu64, pkt->num);
}

static void nothing(void *ctx, const struct wr_packet *pkt)
{
	(void)ctx;
	(void)pkt;
}

static int ask_file(struct asking *q, const char *path, const char *number, struct wr_err *err)
{
	struct wr_source *s = NULL;
	char *end;
	int n;

	errno = 0;
	q->num = strtoull(number, &end, 10);
	if (errno || *end || *number < '0' || *number > '9' || !q->num)
		return wr_fail(err, EINVAL, "'%s': expected the number of a packet, from 1",
			       number);
	if (!strcmp(path, "-") && !strcmp(q->a.policy, "-"))
		return wr_fail(err, EINVAL,
			       "--policy - and the capture - both want standard input");
	n = wr_file_open(&s, path, NULL, err);
	if (n >= 0)
		wr_file_watch(s, look, q);
	while (n >= 0 && !q->told && !q->err.code)
		n = s->ops->read(s, nothing, NULL, BATCH, err);
	wr_source_close(&s);
	if (n < 0 && n != -ENODATA)
		return n;
	if (!q->told && !q->err.code)
		return wr_fail(err, EINVAL, "%s: has %" PRIu64 " packet%s, not %" PRIu64, path,
			       q->last, q->last == 1 ? "" : "s", q->num);
	return 0;
}

/* ---- a packet from words ---- */

static int ask_words(struct asking *q, const char *text, struct wr_err *err)
{
	struct wr_described d;
	struct wr_packet pkt = {.hook = WR_HOOK_FILE, .linktype = WR_LINK_ETHER};
	struct timespec now;
	int ret = wr_describe(&d, text, err);

	if (ret)
		return ret;
	clock_gettime(CLOCK_REALTIME, &now);
	pkt.ts_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	pkt.data = d.data;
	pkt.caplen = pkt.len = d.len;
	pkt.iface = d.iface;
	judge(q, &pkt, true);
	wr_described_free(&d);
	return 0;
}

/* ---- the next one that arrives ---- */

static int open_verdicts(struct asking *q, struct wr_err *err)
{
	int ret = wr_verdicts_open(&q->verdicts, q->policy, err);

	if (ret)
		return ret;
	q->rows = calloc(q->policy->n_rules + 1, sizeof(*q->rows));
	return q->rows ? 0 : wr_fail(err, ENOMEM, "out of memory");
}

static void on_seen(void *ctx, const struct wr_packet *pkt)
{
	judge(ctx, pkt, true);
}

static int on_kept(void *ctx, const struct wr_policy *p, const struct wr_packet *pkt)
{
	struct asking *q = ctx;
	int ret = wr_policy_copy(&q->policy, p, &q->err);

	q->daemons = true;
	if (!ret)
		ret = open_verdicts(q, &q->err);
	return ret ? ret : judge(q, pkt, true);
}

static int ask_next(struct asking *q, const char *filter, struct wr_err *err)
{
	struct wr_why_next n = {
		.iface = q->a.iface,
		.netns = q->a.netns,
		.filter = filter,
		.conf = q->a.conf,
		.socket = q->a.socket,
	};

	if (wr_when_span(q->a.timeout ? q->a.timeout : "10s", &n.wait_ns, err))
		return wr_within(err, "--timeout");
	if (q->a.policy)
		return wr_why_next_seen(&n, on_seen, q, err);
	if (n.netns)
		return wr_fail(err, EINVAL, "--netns: with --policy only, the daemon has its own");
	return wr_why_next_kept(&n, on_kept, q, err);
}

/* ---- the command ---- */

static int ask(struct asking *q, const struct wr_args *rest, struct wr_err *err)
{
	char *words = wr_join_args(rest->argc, rest->argv, 0);
	int ret;

	if (!q->a.next && (q->a.iface || q->a.netns || q->a.timeout))
		ret = wr_fail(err, EINVAL, "--interface, --netns and --timeout go with --next");
	else if (q->a.next)
		ret = ask_next(q, words, err);
	else if (!words)
		ret = rest->argc ? wr_fail(err, ENOMEM, "out of memory")
				 : wr_fail(err, EINVAL,
					   "which packet? 'tcp 203.0.113.7:5555 > 10.0.0.5:443 "
					   "syn', or a capture file and a number");
	else if (rest->argc == 2 && !strchr(words, '>'))
		ret = ask_file(q, rest->argv[0], rest->argv[1], err);
	else
		ret = ask_words(q, words, err);
	free(words);
	if (q->err.code) {
		*err = q->err;
		ret = -err->code;
	}
	return ret ? ret : wr_print(&q->out, err);
}

static int open_policy(struct asking *q, struct wr_err *err)
{
	int ret = wr_color_wanted(q->a.color, &q->color, err);

	if (!ret && !q->a.policy && q->a.next)
		return 0; /* those of the daemon */
	if (!ret && !q->a.policy)
		ret = wr_fail(err, EINVAL, "which rules? --policy FILE");
	if (!ret)
		ret = wr_policy_file_load(&q->policy, "why", q->a.policy, err);
	return ret ? ret : open_verdicts(q, err);
}

static int run(int argc, char **argv, struct wr_err *err)
{
	struct asking *q = calloc(1, sizeof(*q));
	struct wr_args rest;
	int status, ret;

	if (!q)
		return WR_EXIT_FAILED;
	q->parse.max_depth = 1;
	status = wr_command_begin(&wr_command_why, &q->a, argc, argv, &rest, err);
	if (status < 0) {
		ret = open_policy(q, err);
		ret = ret ? ret : ask(q, &rest, err);
		status = q->a.next && !q->a.policy ? wr_cli_ask_status(ret) : wr_exit_status(ret);
	}
	wr_verdicts_close(&q->verdicts);
	wr_policy_free(&q->policy);
	wr_buf_free(&q->out);
	free(q->rows);
	free(q);
	return status;
}

#define AT(field) .offset = offsetof(struct args, field)
static const struct wr_option options[] = {
	{0, "policy", "FILE", "the rules; - is standard input", WR_OPTION_STRING, AT(policy)},
	{0, "next", NULL, "the next packet that arrives and that PACKET, here a filter, chooses",
	 WR_OPTION_FLAG, AT(next)},
	{'i', "interface", "IF", "with --next: at this interface", WR_OPTION_STRING, AT(iface)},
	{0, "timeout", "TIME", "with --next: wait so long (default 10s), then exit status 1",
	 WR_OPTION_STRING, AT(timeout)},
	{'n', "netns", "NETNS", "with --next and --policy: in this network namespace",
	 WR_OPTION_STRING, AT(netns)},
	{'c', "config", "FILE", "with --next: the daemon's configuration, which names its socket",
	 WR_OPTION_STRING, AT(conf)},
	{0, "socket", "PATH", "with --next: its control socket", WR_OPTION_STRING, AT(socket)},
	{'a', "all", NULL, "every rule, and of each what does not match", WR_OPTION_FLAG, AT(all)},
	{0, "json", NULL, "one JSON object", WR_OPTION_FLAG, AT(json)},
	{0, "color", "WHEN", "auto, always or never", WR_OPTION_STRING, AT(color)},
	{0},
};

const struct wr_command wr_command_why = {
	.name = "why",
	.brief = "which rule decides of a packet, and which would have",
	.args = " --policy FILE PACKET | FILE NUMBER | --next [FILTER]",
	.text = "PACKET is described in words: PROTOCOL SOURCE[:PORT] > DESTINATION[:PORT] "
		"[FLAG]... [in INTERFACE] [vlan N]... [len BYTES]. Protocols are called as in "
		"rules; IPv6 with a port is written [2001:db8::1]:443; flags are those of TCP: fin "
		"syn rst psh ack urg ece cwr, ack when none is said. Or it is packet NUMBER of a "
		"capture file: the packets before it are judged, too, since rates and fragments "
		"depend on them.\n\n"
		"With --next it is the next packet that arrives and that FILTER, a pcap-filter(7) "
		"expression, chooses. Without --policy it is one that the running daemon keeps "
		"([dump] in its configuration), with the verdict that it got in the kernel, held "
		"against the daemon's rules; when more packets come than are kept, it may not be "
		"the very next. With --policy it is one at the interface, and rates begin with it; "
		"what a running weir keeps out in front of it is not seen.\n\n"
		"Shown are the rule that decides, shadows and limits that match, and the next rule "
		"that would have decided, each with its place in the order; when no rule decides, "
		"those that match but for one thing. With --all every rule is shown with all that "
		"does not match.",
	.examples = "weir why --policy edge.policy 'tcp 203.0.113.7:5555 > 10.0.0.5:443 "
		    "syn'\twould it get through?\n"
		    "weir why --policy edge.policy trace.pcap 4711\twhy was this one dropped?\n"
		    "weir why --next 'tcp port 443'\twhat does the running daemon decide of it?\n"
		    "weir why --all --policy edge.policy 'udp 10.1.0.9 > 10.0.0.5:53 in "
		    "eth1'\twhat each rule says\n",
	.options = options,
	.run = run,
};
