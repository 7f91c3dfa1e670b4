/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/summary_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "view/packet.h"

enum { TOP_DEFAULT = 10, AHEAD = 8 };

/* Talkers and services cost nothing per packet: they are told when a flow ends. */
static void gone(void *ctx, const struct wr_flow *f)
{
	struct wr_summary *s = ctx;

	wr_talk_add(s->talk[WR_TALK_TALKERS], f);
	wr_talk_add(s->talk[WR_TALK_SERVICES], f);
}

static void soon(void *ctx, const struct wr_flow *f)
{
	struct wr_summary *s = ctx;

	wr_talk_ask(s->talk[WR_TALK_TALKERS], f);
	wr_talk_ask(s->talk[WR_TALK_SERVICES], f);
}

static int copy(char **to, const char *from, struct wr_err *err)
{
	if (!from)
		return 0;
	*to = strdup(from);
	return *to ? 0 : wr_fail(err, ENOMEM, "no memory for a name");
}

static int open_tables(struct wr_summary *s, const struct wr_summary_conf *conf, struct wr_err *err)
{
	struct wr_flow_conf flow = {
		.flows_max = conf->flows_max, .gone = gone, .soon = soon, .ctx = s};
	uint32_t flows = conf->flows_max ? conf->flows_max : WR_FLOW_MAX_DEFAULT;
	uint32_t talk = conf->talk_max ? conf->talk_max : WR_TALK_MAX_DEFAULT;
	int rc;

	if ((rc = copy(&s->name, conf->name, err)) < 0 ||
	    (rc = copy(&s->filter, conf->filter, err)) < 0 ||
	    (rc = wr_flow_open(&s->flows, &flow, err)) < 0 ||
	    (rc = wr_talk_open(&s->talk[0], WR_TALK_TALKERS, talk, err)) < 0 ||
	    (rc = wr_talk_open(&s->talk[1], WR_TALK_SERVICES, talk, err)) < 0)
		return rc;
	s->ranks_max = flows > talk ? flows : talk;
	s->ranks = wr_mem_map(s->ranks_max * sizeof(*s->ranks));
	return s->ranks ? 0
			: wr_fail(err, ENOMEM, "no memory to put %u rows in order", s->ranks_max);
}

int wr_summary_open(struct wr_summary **out, const struct wr_summary_conf *conf, struct wr_err *err)
{
	static const struct wr_summary_conf defaults;
	struct wr_summary *s = calloc(1, sizeof(*s));
	int rc;

	if (!s)
		return wr_fail(err, ENOMEM, "no memory for a summary");
	conf = conf ? conf : &defaults;
	s->top = conf->top ? conf->top : TOP_DEFAULT;
	rc = open_tables(s, conf, err);
	if (rc < 0) {
		wr_summary_close(&s);
		return rc;
	}
	*out = s;
	return 0;
}

void wr_summary_close(struct wr_summary **out)
{
	struct wr_summary *s = *out;

	if (!s)
		return;
	wr_flow_close(&s->flows);
	wr_talk_close(&s->talk[0]);
	wr_talk_close(&s->talk[1]);
	wr_mem_unmap(s->ranks, s->ranks_max * sizeof(*s->ranks));
	free(s->name);
	free(s->filter);
	free(s);
	*out = NULL;
}

void wr_summary_add(struct wr_summary *s, const struct wr_packet *pkt, const struct wr_rec *rec)
{
	wr_tally_add(&s->tally, pkt, rec);
	wr_flow_add(s->flows, pkt, rec);
}

void wr_summary_ledger(struct wr_summary *s, const struct wr_ledger *rows, int n)
{
	for (int i = 0; i < n; i++) {
		s->arrived = wr_count_sum(s->arrived, rows[i].arrived);
		s->chosen = wr_count_sum(s->chosen, rows[i].matched);
	}
	s->has_ledger = true;
}

void wr_summary_policy(struct wr_summary *s, const struct wr_policy *policy,
		       const struct wr_verdicts *verdicts, const char *file)
{
	s->policy.policy = policy;
	s->policy.verdicts = verdicts;
	s->policy.file = file;
}

const struct wr_tally *wr_summary_tally(const struct wr_summary *s)
{
	return &s->tally;
}

void wr_summary_finish(struct wr_summary *s)
{
	uint32_t i, n = wr_flow_rows(s->flows);
	struct wr_flow f;

	if (s->finished)
		return;
	s->finished = true;
	for (i = 0; i < n; i++) {
		if (i + AHEAD < n) {
			f = wr_flow_row(s->flows, i + AHEAD);
			soon(s, &f);
		}
		f = wr_flow_row(s->flows, i);
		gone(s, &f);
	}
}

/* ---- does it add up? ---- */

struct wr_summary_sums wr_summary_sums(const struct wr_summary *s)
{
	const struct wr_flow_other *o = wr_flow_other(s->flows);
	struct wr_summary_sums sums = {.in_other = wr_count_sum(o->to_server, o->to_client)};
	uint32_t i;

	for (i = 0; i < wr_flow_rows(s->flows); i++) {
		struct wr_flow f = wr_flow_row(s->flows, i);

		sums.in_flows = wr_count_sum(sums.in_flows, wr_count_sum(f.sent[0], f.sent[1]));
	}
	sums.not_ip = wr_count_less(s->tally.all, wr_tally_ip(&s->tally, 4));
	sums.not_ip = wr_count_less(sums.not_ip, wr_tally_ip(&s->tally, 6));
	return sums;
}

/* Talkers: what all sent. Services: both directions. */
static struct wr_count talk_sum(const struct wr_summary *s, enum wr_talk_kind kind)
{
	const struct wr_talk_row *r = wr_talk_other(s->talk[kind], NULL);
	struct wr_count out = r->out, in = r->in;
	uint32_t i;

	for (i = 0; i < wr_talk_rows(s->talk[kind]); i++) {
		r = wr_talk_row(s->talk[kind], i);
		out = wr_count_sum(out, r->out);
		in = wr_count_sum(in, r->in);
	}
	return kind == WR_TALK_TALKERS ? out : wr_count_sum(out, in);
}

bool wr_summary_balanced(struct wr_summary *s)
{
	struct wr_summary_sums sums;
	struct wr_count ip;

	wr_summary_finish(s);
	sums = wr_summary_sums(s);
	ip = wr_count_sum(sums.in_flows, sums.in_other);
	return wr_count_same(s->tally.all, wr_count_sum(ip, sums.not_ip)) &&
	       wr_count_same(ip, talk_sum(s, WR_TALK_TALKERS)) &&
	       wr_count_same(ip, talk_sum(s, WR_TALK_SERVICES)) && wr_summary_policy_balanced(s) &&
	       (!s->has_ledger || wr_count_same(s->tally.all, s->chosen));
}

/* ---- order ---- */

static int by_rank(const void *a, const void *b)
{
	const struct wr_rank *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	return x->row < y->row ? -1 : x->row > y->row;
}

/* Few of many: each is compared with the last of the best so far. All: sorted. */
static uint32_t best(struct wr_rank *ranks, uint32_t n, uint32_t want)
{
	uint32_t i, to;

	if (want >= n) {
		qsort(ranks, n, sizeof(*ranks), by_rank);
		return n;
	}
	qsort(ranks, want, sizeof(*ranks), by_rank);
	for (i = want; want && i < n; i++) {
		struct wr_rank r = ranks[i];

		if (by_rank(&r, &ranks[want - 1]) > 0)
			continue;
		for (to = want - 1; to && by_rank(&r, &ranks[to - 1]) < 0; to--)
			ranks[to] = ranks[to - 1];
		ranks[to] = r;
	}
	return want;
}

uint32_t wr_summary_rank_flows(struct wr_summary *s, uint32_t want)
{
	uint32_t i, n = wr_flow_rows(s->flows);

	for (i = 0; i < n; i++) {
		struct wr_flow f = wr_flow_row(s->flows, i);

		s->ranks[i] = (struct wr_rank){f.sent[0].bytes + f.sent[1].bytes, i};
	}
	return best(s->ranks, n, want);
}

uint32_t wr_summary_rank_talk(struct wr_summary *s, enum wr_talk_kind kind, uint32_t want)
{
	uint32_t i, n = wr_talk_rows(s->talk[kind]);

	for (i = 0; i < n; i++) {
		const struct wr_talk_row *r = wr_talk_row(s->talk[kind], i);
		uint64_t in = kind == WR_TALK_SERVICES ? r->in.bytes : 0;

		s->ranks[i] = (struct wr_rank){r->out.bytes + in, i};
	}
	return best(s->ranks, n, want);
}

/* ---- names ---- */

const char *wr_summary_proto(const struct wr_tally_row *row)
{
	switch (row->kind) {
	case WR_TALLY_PROTO:
		return wr_view_proto((uint8_t)row->number);
	case WR_TALLY_NO_PROTO:
		return "IP, unreadable protocol";
	case WR_TALLY_ETHER:
		return wr_view_ethertype(row->number);
	case WR_TALLY_ETHER_REST:
		return "other EtherTypes";
	case WR_TALLY_LLC:
		return "802.3 LLC";
	case WR_TALLY_UNKNOWN:
		break;
	}
	return "unknown";
}
