/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/parse.h"
#include "policy/describe.h"
#include "ui/cli/command.h"
#include "ui/cli/policy_file.h"
#include "view/why.h"

enum { BATCH = 1024 };

struct args {
	const char *policy, *color;
	bool json, all;
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
	struct wr_buf out;
	struct wr_err err;
};

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
		.ts_ns = pkt->ts_ns ? pkt->ts_ns : 1,
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

/* ---- the command ---- */

static int ask(struct asking *q, const struct wr_args *rest, struct wr_err *err)
{
	char *words = wr_join_args(rest->argc, rest->argv, 0);
	int ret;

	if (!words)
		return rest->argc ? wr_fail(err, ENOMEM, "out of memory")
				  : wr_fail(err, EINVAL,
					    "which packet? 'tcp 203.0.113.7:5555 > 10.0.0.5:443 "
					    "syn', or a capture file and a number");
	if (rest->argc == 2 && !strchr(words, '>'))
		ret = ask_file(q, rest->argv[0], rest->argv[1], err);
	else
		ret = ask_words(q, words, err);
	free(words);
	if (!ret && q->err.code) {
		*err = q->err;
		ret = -err->code;
	}
	return ret ? ret : wr_print(&q->out, err);
}

static int open_policy(struct asking *q, struct wr_err *err)
{
	int ret = wr_color_wanted(q->a.color, &q->color, err);

	if (!ret && !q->a.policy)
		ret = wr_fail(err, EINVAL, "which rules? --policy FILE");
	if (!ret)
		ret = wr_policy_file_load(&q->policy, "why", q->a.policy, err);
	if (!ret)
		ret = wr_verdicts_open(&q->verdicts, q->policy, err);
	if (ret)
		return ret;
	q->rows = calloc(q->policy->n_rules + 1, sizeof(*q->rows));
	return q->rows ? 0 : wr_fail(err, ENOMEM, "out of memory");
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
		status = wr_exit_status(ret);
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
	{'a', "all", NULL, "every rule, and of each what does not match", WR_OPTION_FLAG, AT(all)},
	{0, "json", NULL, "one JSON object", WR_OPTION_FLAG, AT(json)},
	{0, "color", "WHEN", "auto, always or never", WR_OPTION_STRING, AT(color)},
	{0},
};

const struct wr_command wr_command_why = {
	.name = "why",
	.brief = "which rule decides of a packet, and which would have",
	.args = " --policy FILE PACKET | FILE NUMBER",
	.text = "PACKET is described in words: PROTOCOL SOURCE[:PORT] > DESTINATION[:PORT] "
		"[FLAG]... [in INTERFACE] [vlan N]... [len BYTES]. Protocols are called as in "
		"rules; IPv6 with a port is written [2001:db8::1]:443; flags are those of TCP: fin "
		"syn rst psh ack urg ece cwr, ack when none is said. Or it is packet NUMBER of a "
		"capture file: the packets before it are judged, too, since rates and fragments "
		"depend on them.\n\n"
		"Shown are the rule that decides, shadows and limits that match, and the next rule "
		"that would have decided, each with its place in the order; when no rule decides, "
		"those that match but for one thing. With --all every rule is shown with all that "
		"does not match.",
	.examples = "weir why --policy edge.policy 'tcp 203.0.113.7:5555 > 10.0.0.5:443 "
		    "syn'\twould it get through?\n"
		    "weir why --policy edge.policy trace.pcap 4711\twhy was this one dropped?\n"
		    "weir why --all --policy edge.policy 'udp 10.1.0.9 > 10.0.0.5:53 in "
		    "eth1'\twhat each rule says\n",
	.options = options,
	.run = run,
};
