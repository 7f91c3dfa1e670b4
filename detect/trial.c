/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/trial.h"

#include <stdio.h>

#include "detect/blame.h"
#include "detect/sample.h"

enum {
	SURE = 20,	  /* usual samples that back a rule by what headers have */
	SECONDS = 1,	  /* at least, and */
	SECONDS_MOST = 2, /* at most, until there are */
	PACKETS = 20,	  /* of the attack */
	ITSELF = 10,	  /* one of whom more than a tenth of it comes is no usual client now */
	SPARED = 8,	  /* that a rule names; of more it is not for */
};

#define SECOND 1000000000ull

/* By source is by who it is, a limit or a cookie keeps nobody out, and where nobody is known there
 * is nobody to look for. */
bool trial_fits(const struct wr_cure *c)
{
	return c->verb == WR_CURE_DROP && !c->of.proto && c->usual_samples &&
	       c->usual_samples < SURE;
}

/* Those whose packets for the victim are usual; at most n. */
static uint32_t usual_clients(const struct wr_detect *d, const struct wr_finding *f,
			      struct wr_finding_source *out, uint32_t n)
{
	const struct sample *s = d->samples->usual[0];
	uint32_t have = 0, k;

	for (uint32_t i = 0; i < BUCKETS * BUCKET && have < n; i++) {
		struct wr_victim to = victim_of(s[i].dst, s[i].ip_v);

		if (!s[i].ns || s[i].ns >= usual_until(f) || !wr_victim_meets(&f->victim, &to))
			continue;
		for (k = 0; k < have && memcmp(out[k].addr, s[i].src, 16); k++)
			;
		if (k < have)
			continue;
		out[have] = (struct wr_finding_source){.ip_v = s[i].ip_v};
		memcpy(out[have++].addr, s[i].src, 16);
	}
	return have;
}

/* Usual clients that it would have kept out, and who they are, as far as a rule can name them all.
 */
static uint32_t hits(const struct wr_answers *all, const struct wr_detect *d,
		     const struct wr_finding *f, struct wr_answer *a)
{
	struct wr_finding_source who[SURE];
	struct wr_buf text = {0};
	uint32_t n, hit = 0;
	uint64_t of;

	if (!all->ops->hits)
		return 0;
	n = usual_clients(d, f, who, SURE);
	of = all->ops->hits(all->ctx, a, who, n);
	for (uint32_t i = 0; i < n; i++) {
		if (!who[i].packets || who[i].packets * ITSELF > of)
			continue;
		wr_buf_str(&text, hit++ ? ", " : "");
		addr_text(&text, who[i].addr, who[i].ip_v);
	}
	a->spared[0] = 0;
	if (hit <= SPARED && text.used < sizeof(a->spared))
		snprintf(a->spared, sizeof(a->spared), "%s", wr_buf_text(&text));
	wr_buf_free(&text);
	return hit;
}

enum trial trial_of(const struct wr_answers *all, const struct wr_detect *d,
		    const struct wr_finding *f, struct wr_answer *a, uint64_t now_ns, double *share)
{
	uint64_t stopped;

	*share = 1;
	if (now_ns - a->trial_ns < SECONDS * SECOND)
		return TRIAL_GOES_ON;
	if (!all->ops->stopped)
		return TRIAL_PASSED;
	stopped = all->ops->stopped(all->ctx, a).packets;
	stopped -= stopped < a->stopped ? stopped : a->stopped;
	if (hits(all, d, f, a))
		return TRIAL_HURTS;
	if (a->seen < PACKETS)
		return now_ns - a->trial_ns < SECONDS_MOST * SECOND ? TRIAL_GOES_ON : TRIAL_PASSED;
	*share = (double)stopped / (double)a->seen;
	return *share * 2 < a->cure.attack ? TRIAL_MISSES : TRIAL_PASSED;
}
