/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/blame.h"

/* What rules are called, and how much there is for them to stop. */

const char *wr_cure_verb_name(enum wr_cure_verb v)
{
	static const char *const names[] = {"none", "drop", "limit", "cookies"};

	return names[v];
}

uint64_t wr_detect_seen(const struct wr_detect *d, const struct wr_finding *f,
			const struct wr_cure *c)
{
	const struct wr_victim *v = &f->victim;
	const struct target *t;
	uint64_t usual;

	if (blame_has(f->klass) && c->verb == WR_CURE_LIMIT)
		return blame_syns(d, f);
	if (blame_has(f->klass))
		return blame_packets(d, f, 1, &c->of);
	t = target_known(d, v->addr, v->ip_v,
			 v->prefix == (v->ip_v == 4 ? 32 : 128) ? 0 : v->prefix);
	for (int i = 0; t && f->n_evidence && i < COUNT_N; i++) {
		if (count_feature[i] != f->evidence[0].feature || d->step - t->step >= STEPS)
			continue;
		usual = (uint64_t)wr_norm_usual(&t->norm[i]);
		return t->sum[i] > usual ? t->sum[i] - usual : 0;
	}
	return 0;
}
