/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/answer.h"
#include "detect/impl.h"

/* What usual clients get of a victim, so that a rule is judged by its harm, too. */

enum {
	KNOWN_S = 30,	    /* seconds learned from, before anything is called usual */
	SYNS_MOST = 100000, /* a second: of more, handshakes are missed (syns.c) */
	EXPECTED_LEAST = 2, /* connections, so that it is known whether they came */
};

static const enum count kinds[] = {C_HANDSHAKES, C_UDP_ANSWERED};

/* Since the attack began, as far as the last second has it: have fewer than half of the least that
 * is usual been made? */
static bool fell(const struct wr_detect *d, const struct target *t, const struct wr_finding *f,
		 enum count kind, double least)
{
	uint64_t span = step_end(d) > f->start_ns ? step_end(d) - f->start_ns : 0;
	uint32_t steps = span < 1000000000ull ? (uint32_t)(span / WR_DETECT_STEP_NS) : STEPS;
	double expected = least * steps / STEPS;
	uint32_t made = 0;

	for (uint32_t i = d->step - t->step; i < steps; i++) /* those that it has seen */
		made += t->c[(d->step - i) % STEPS][kind];
	return expected >= EXPECTED_LEAST && made * 2 < expected;
}

bool wr_detect_served(const struct wr_detect *d, const struct wr_finding *f, struct wr_served *out)
{
	const struct wr_victim *v = &f->victim;
	const struct target *t = NULL;

	*out = (struct wr_served){0};
	if (v->ip_v)
		t = target_known(d, v->addr, v->ip_v,
				 v->prefix == (v->ip_v == 4 ? 32 : 128) ? 0 : v->prefix);
	if (!t || t->sum[C_SYN] > SYNS_MOST || (t->blind && d->step - t->blind < STEPS))
		return false;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		const struct wr_norm *n = &t->norm[kinds[i]];
		double least = wr_norm_least(n, 3);

		if (n->seconds < KNOWN_S || least <= out->least)
			continue;
		out->least = least;
		out->now = d->step - t->step < STEPS ? t->sum[kinds[i]] : 0;
		out->fell = fell(d, t, f, kinds[i], least);
	}
	return out->least > 0;
}
