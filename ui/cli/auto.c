/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/cli/auto.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/proto.h"
#include "core/sketch.h"
#include "detect/cure.h"
#include "flow/flow.h"
#include "policy/verdict.h"

enum {
	RULES = 64,
	LAST_S = 60,	 /* a rule ends so long after its finding last held */
	AGAIN_MOST = 20, /* times that a rule is made anew, from more samples */
	NAMES = 32,
	DONE_MAX = 256,
	NEVER = 1 << 16,
};

struct cure {
	char name[NAMES];
	uint64_t id, until_ns, begun_ns;
	struct wr_victim victim;
	uint8_t klass;
	unsigned int again;
	struct wr_cure cure;
	bool in;
	uint64_t matched, hit; /* packets; hit: not passed */
};

struct wr_auto {
	enum wr_auto_mode mode;
	FILE *verdicts;
	const char *file;
	struct wr_policy *policy;
	struct wr_verdicts *judge; /* NULL: no rule is in force */
	struct cure cure[RULES];
	struct cure done[DONE_MAX];
	uint32_t n_done, made;
	uint64_t now_ns, zero_ns, next_end_ns, packets, kept_out;
	struct wr_err err;
	/* TCP connections whose SYN was kept out, by hash: what follows of them in the capture
	 * would not have been sent. */
	uint32_t never[NEVER];
};

static const char *const modes[] = {
	[WR_AUTO_OFF] = "off", [WR_AUTO_SHADOW] = "shadow", [WR_AUTO_ENFORCE] = "enforce"};

int wr_auto_mode(const char *word, enum wr_auto_mode *mode, struct wr_err *err)
{
	for (unsigned int i = 0; i < sizeof(modes) / sizeof(*modes); i++)
		if (!strcmp(word, modes[i])) {
			*mode = (enum wr_auto_mode)i;
			return 0;
		}
	return wr_fail(err, EINVAL, "--auto %s: off, shadow or enforce", word);
}

/* Nothing is wrong in nothing. */
static void tell(void *ctx, unsigned int line, unsigned int column, const char *text)
{
	(void)ctx, (void)line, (void)column, (void)text;
}

int wr_auto_open(struct wr_auto **out, enum wr_auto_mode mode, const char *verdicts,
		 struct wr_err *err)
{
	struct wr_auto *a = calloc(1, sizeof(*a));
	int ret;

	if (!a)
		return wr_fail(err, ENOMEM, "out of memory");
	a->mode = mode;
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

/* ---- rules come and go ---- */

static void rejudge(struct wr_auto *a)
{
	wr_verdicts_close(&a->judge);
	for (int i = 0; i < RULES; i++)
		if (a->cure[i].in) {
			wr_verdicts_open(&a->judge, a->policy, &a->err);
			return;
		}
}

static void take_out(struct wr_auto *a, struct cure *c)
{
	wr_policy_del_rule(a->policy, c->name, &a->err);
	if (a->n_done < DONE_MAX)
		a->done[a->n_done++] = *c;
	memset(c, 0, sizeof(*c));
}

static void end_rules(struct wr_auto *a)
{
	bool changed = false;

	a->next_end_ns = UINT64_MAX;
	for (int i = 0; i < RULES; i++) {
		struct cure *c = &a->cure[i];

		if (!c->in)
			continue;
		if (a->now_ns >= c->until_ns) {
			take_out(a, c);
			changed = true;
		} else if (c->until_ns < a->next_end_ns) {
			a->next_end_ns = c->until_ns;
		}
	}
	if (changed)
		rejudge(a);
}

static struct cure *cure_of(struct wr_auto *a, const struct wr_finding *f)
{
	struct cure *free_one = NULL;

	for (int i = 0; i < RULES; i++) {
		struct cure *c = &a->cure[i];

		if (c->in && c->klass == f->klass && wr_victim_same(&c->victim, &f->victim))
			return c;
		if (!c->in && !free_one)
			free_one = c;
	}
	return free_one;
}

static void put_in(struct wr_auto *a, struct cure *c, const struct wr_finding *f,
		   const struct wr_cure *cure)
{
	char statement[sizeof(cure->rule) + 16];

	snprintf(statement, sizeof(statement), "%s%s", cure->rule,
		 a->mode == WR_AUTO_SHADOW ? " shadow" : "");
	if (c->in)
		wr_policy_del_rule(a->policy, c->name, &a->err);
	if (wr_policy_add(a->policy, statement, &a->err)) {
		c->in = false;
		return;
	}
	if (!c->in)
		c->begun_ns = a->now_ns;
	c->in = true;
	c->id = f->id;
	c->klass = f->klass;
	c->victim = f->victim;
	c->cure = *cure;
	rejudge(a);
}

static void cure_it(struct wr_auto *a, struct wr_detect *d, const struct wr_finding *f)
{
	struct cure *c = cure_of(a, f);
	struct wr_cure cure;
	char name[NAMES];

	if (!c)
		return;
	if (!c->in || c->again < AGAIN_MOST) {
		snprintf(name, sizeof(name), "%s", c->name);
		if (!c->in)
			snprintf(name, sizeof(name), "auto%u", a->made + 1);
		wr_detect_cure(d, f, name, LAST_S, &cure);
		if (cure.verb != WR_CURE_NONE && cure.safe &&
		    (!c->in || strcmp(c->cure.rule, cure.rule))) {
			a->made += !c->in;
			snprintf(c->name, sizeof(c->name), "%s", name);
			put_in(a, c, f, &cure);
		}
		c->again++;
	}
	if (!c->in)
		return;
	c->until_ns = a->now_ns + LAST_S * 1000000000ull;
	if (c->until_ns < a->next_end_ns || !a->next_end_ns)
		a->next_end_ns = c->until_ns;
}

void wr_auto_finding(struct wr_auto *a, struct wr_detect *d, enum wr_finding_news news,
		     const struct wr_finding *f)
{
	if (news == WR_FINDING_OVER || f->severity == WR_SEVERITY_INFO)
		return;
	cure_it(a, d, f);
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

	if (a->mode != WR_AUTO_ENFORCE || !(h->has & WR_H_IP) || !(h->has & WR_H_TCP))
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
	if (a->judge && a->now_ns >= a->next_end_ns)
		end_rules(a);
	if (a->judge)
		ret = wr_verdict(a->judge, &in, &v, err);
	out = stays_out(a, rec, v.verdict != WR_VERDICT_PASS);
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
	for (int i = 0; i < RULES; i++)
		if (a->cure[i].in)
			take_out(a, &a->cure[i]);
	for (uint32_t i = 0; i < a->n_done; i++) {
		const struct cure *c = &a->done[i];

		wr_buf_fmt(b,
			   "%s\n    of %u samples %.1f %%, of %u usual ones for that address %.2f "
			   "%%\n",
			   c->cure.rule, c->cure.attack_samples, 100 * c->cure.attack,
			   c->cure.usual_samples, 100 * c->cure.usual);
	}
	if (a->made)
		wr_buf_fmt(b, "%" PRIu64 " of %" PRIu64 " packets were kept out by %u rules\n",
			   a->kept_out, a->packets, a->made);
	if (a->err.code)
		return *err = a->err, a->err.code;
	if (a->verdicts && fflush(a->verdicts))
		return wr_fail(err, errno, "cannot write %s: %s", a->file, strerror(errno));
	return 0;
}
