/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/cli/auto.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/proto.h"
#include "core/sketch.h"
#include "flow/flow.h"
#include "policy/verdict.h"

enum {
	DONE_MAX = 256,
	NEVER = 1 << 16,
};

struct wr_auto {
	FILE *verdicts;
	const char *file;
	struct wr_policy *policy;
	struct wr_verdicts *judge; /* NULL: no rule is in force */
	struct wr_answers answers;
	struct wr_answer done[DONE_MAX];
	uint32_t n_done;
	uint64_t now_ns, packets, kept_out;
	struct { /* packets that rules have stopped, by name; name "": a free place */
		char name[WR_ANSWER_NAME];
		uint64_t n;
	} stopped[WR_ANSWERS];
	bool answered; /* the last packet, with a SYN cookie */
	struct wr_err err;
	/* TCP connections whose SYN was kept out, by hash: what follows of them in the capture
	 * would not have been sent. */
	uint32_t never[NEVER];
};

/* ---- rules come and go ---- */

/* Places become free anywhere, in front of one that has the name, too. NULL: all are taken. */
static uint64_t *count_of(struct wr_auto *a, const char *name)
{
	int empty = -1;

	for (int i = 0; i < WR_ANSWERS; i++) {
		if (!strcmp(a->stopped[i].name, name))
			return &a->stopped[i].n;
		if (empty < 0 && !a->stopped[i].name[0])
			empty = i;
	}
	if (empty < 0)
		return NULL;
	snprintf(a->stopped[empty].name, sizeof(a->stopped[empty].name), "%s", name);
	return &a->stopped[empty].n;
}

/* A shadow counts what it would stop. */
static uint64_t counted(const struct wr_auto *a, uint32_t rule)
{
	return wr_verdict_count(a->judge, rule)->hit_packets;
}

/* Before rules change, and with them who counts. */
static void keep_counts(struct wr_auto *a)
{
	for (uint32_t i = 0; a->judge && i < a->policy->n_rules; i++) {
		uint64_t *n = count_of(a, a->policy->rule[i].name);

		if (n)
			*n += counted(a, i);
	}
}

static int rejudge(struct wr_auto *a)
{
	wr_verdicts_close(&a->judge);
	return a->policy->n_rules ? wr_verdicts_open(&a->judge, a->policy, &a->err) : 0;
}

static int put(void *ctx, const char *name, const char *statement)
{
	struct wr_auto *a = ctx;
	int ret = 0, late;

	keep_counts(a);
	if (wr_policy_rule(a->policy, name) >= 0)
		ret = wr_policy_del_rule(a->policy, name, &a->err);
	if (!ret)
		ret = wr_policy_add(a->policy, statement, &a->err);
	late = rejudge(a); /* whatever became of it: the one that there was has told its counts */
	return ret ? ret : late;
}

static void take(void *ctx, const struct wr_answer *answer)
{
	struct wr_auto *a = ctx;

	keep_counts(a);
	for (int i = 0; i < WR_ANSWERS; i++)
		if (!strcmp(a->stopped[i].name, answer->name))
			memset(&a->stopped[i], 0, sizeof(a->stopped[i]));
	wr_policy_del_rule(a->policy, answer->name, &a->err);
	if (a->n_done < DONE_MAX)
		a->done[a->n_done++] = *answer;
	rejudge(a);
}

static bool taken(void *ctx, const char *name)
{
	struct wr_auto *a = ctx;

	return wr_policy_rule(a->policy, name) >= 0;
}

/* Nobody else changes this policy. */
static enum wr_answer_is is(void *ctx, const struct wr_answer *answer)
{
	(void)ctx, (void)answer;
	return WR_ANSWER_THERE;
}

static struct wr_count stopped(void *ctx, const struct wr_answer *answer)
{
	struct wr_auto *a = ctx;
	int rule = wr_policy_rule(a->policy, answer->name);
	uint64_t *n = count_of(a, answer->name);

	return (struct wr_count){
		.packets = (n ? *n : 0) + (a->judge && rule >= 0 ? counted(a, (uint32_t)rule) : 0)};
}

/* Nothing is wrong in nothing. */
static void tell(void *ctx, unsigned int line, unsigned int column, const char *text)
{
	(void)ctx, (void)line, (void)column, (void)text;
}

int wr_auto_mode(const char *word, enum wr_answer_mode *mode, struct wr_err *err)
{
	return wr_answer_mode(word, mode)
		       ? wr_fail(err, EINVAL, "--auto %s: off, shadow or enforce", word)
		       : 0;
}

int wr_auto_open(struct wr_auto **out, enum wr_answer_mode mode, const char *verdicts,
		 struct wr_err *err)
{
	static const struct wr_answer_ops ops = {
		.put = put, .take = take, .taken = taken, .is = is, .stopped = stopped};
	struct wr_auto *a = calloc(1, sizeof(*a));
	int ret;

	if (!a)
		return wr_fail(err, ENOMEM, "out of memory");
	a->answers = (struct wr_answers){
		.mode = mode, .cookies = true, .prefix = "auto", .ops = &ops, .ctx = a};
	a->file = verdicts;
	ret = wr_policy_parse(&a->policy, "", 0, "auto", tell, NULL, err);
	if (!ret && verdicts) {
		a->verdicts = fopen(verdicts, "we");
		if (!a->verdicts)
			ret = wr_fail(err, errno, "cannot write %s: %s", verdicts, strerror(errno));
	}
	if (ret) {
		wr_auto_close(&a);
		return ret;
	}
	*out = a;
	return 0;
}

void wr_auto_close(struct wr_auto **automatic)
{
	struct wr_auto *a = *automatic;

	if (!a)
		return;
	if (a->verdicts)
		fclose(a->verdicts);
	wr_verdicts_close(&a->judge);
	wr_policy_free(&a->policy);
	free(a);
	*automatic = NULL;
}

void wr_auto_finding(struct wr_auto *a, struct wr_detect *d, enum wr_finding_news news,
		     const struct wr_finding *f)
{
	wr_answers_finding(&a->answers, d, news, f, a->now_ns);
}

/* ---- packets ---- */

/* Kept out, or the answer to what was. */
static bool stays_out(struct wr_auto *a, const struct wr_rec *rec, bool out)
{
	const struct wr_hdr *h = &rec->hdr[0];
	struct wr_flow_key key;
	uint64_t hash = 0;
	uint32_t *never;
	bool syn;

	if (a->answers.mode != WR_ANSWER_ENFORCE || !(h->has & WR_H_IP) || !(h->has & WR_H_TCP))
		return out;
	wr_flow_key_make(&key, rec);
	for (size_t i = 0; i < sizeof(key) / 8; i++)
		hash = wr_mix(hash + ((const uint64_t *)(const void *)&key)[i]);
	never = &a->never[hash & (NEVER - 1)];
	syn = (h->tcp_flags & (WR_TCP_SYN | WR_TCP_ACK)) == WR_TCP_SYN;
	if (syn && out)
		*never = (uint32_t)(hash >> 32) | 1;
	else if (*never == ((uint32_t)(hash >> 32) | 1) && syn)
		*never = 0; /* it was tried again, and passed */
	return out || *never == ((uint32_t)(hash >> 32) | 1);
}

bool wr_auto_answered(const struct wr_auto *a)
{
	return a->answered;
}

int wr_auto_packet(struct wr_auto *a, const struct wr_packet *pkt, const struct wr_rec *rec,
		   bool *kept_out, struct wr_err *err)
{
	struct wr_verdict_packet in = {
		.rec = rec,
		.data = pkt->data,
		.caplen = pkt->caplen,
		.len = pkt->len,
		.linktype = pkt->linktype,
		.iface = pkt->iface,
		.ts_ns = pkt->ts_ns ? pkt->ts_ns : 1,
	};
	struct wr_verdict_of v = {.verdict = WR_VERDICT_PASS};
	int ret = 0;
	bool out;

	a->now_ns = pkt->ts_ns;
	wr_answers_tick(&a->answers, a->now_ns);
	if (a->judge)
		ret = wr_verdict(a->judge, &in, &v, err);
	a->answered = v.verdict == WR_VERDICT_ANSWER;
	out = a->answered || stays_out(a, rec, v.verdict != WR_VERDICT_PASS);
	a->packets++;
	a->kept_out += out;
	if (kept_out)
		*kept_out = out;
	if (a->verdicts && fputc(out ? 1 : 0, a->verdicts) == EOF)
		ret = wr_fail(err, errno, "cannot write %s: %s", a->file, strerror(errno));
	return ret;
}

int wr_auto_finish(struct wr_auto *a, struct wr_buf *b, struct wr_err *err)
{
	wr_answers_end(&a->answers);
	for (uint32_t i = 0; i < a->n_done; i++) {
		const struct wr_answer *c = &a->done[i];

		wr_buf_fmt(b,
			   "%s\n    of %u samples %.1f %%, of %u usual ones for that address %.2f "
			   "%%\n",
			   c->cure.rule, c->cure.attack_samples, 100 * c->cure.attack,
			   c->cure.usual_samples, 100 * c->cure.usual);
	}
	if (a->answers.made)
		wr_buf_fmt(b, "%" PRIu64 " of %" PRIu64 " packets were kept out by %u rules\n",
			   a->kept_out, a->packets, a->answers.made);
	if (a->err.code)
		return *err = a->err, a->err.code;
	if (a->verdicts && fflush(a->verdicts))
		return wr_fail(err, errno, "cannot write %s: %s", a->file, strerror(errno));
	return 0;
}
