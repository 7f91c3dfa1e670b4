/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/rogues.h"

#define APART_NS 10000000000ull /* of two that are news */

static const struct wr_victim local; /* the link */

static bool floods(const struct wr_finding *f)
{
	return f->n_evidence && f->evidence[0].feature == WR_FEATURE_PREFIXES;
}

bool rogue_is_flooded(struct wr_detect *d, const struct rogues *all)
{
	const struct wr_finding *f = found(d, all->klass, &local);

	return f && floods(f);
}

/* One finding for all of a link: who comes later is one of its sources. */
void rogue_source(struct wr_finding *f, const struct rogue *r)
{
	struct wr_finding_source *s = f->source;
	uint32_t i = 0;

	while (i < f->n_sources && memcmp(s[i].addr, r->key.addr, 16))
		i++;
	if (i == WR_FINDING_SOURCES)
		return;
	memcpy(s[i].addr, r->key.addr, 16);
	s[i].ip_v = r->key.ip_v;
	s[i].packets = r->times;
	f->n_sources += i == f->n_sources;
}

static struct rogue *told_of(struct rogues *all, const struct wr_talk_key *key)
{
	for (uint32_t i = 0; i < all->n; i++)
		if (!memcmp(&all->told[i].key, key, sizeof(*key)))
			return &all->told[i];
	return NULL;
}

/* f: what holds; NULL: nothing does, and whatever comes is news. */
static bool is_news(const struct wr_detect *d, struct rogues *all, const struct rogue *r,
		    const struct wr_finding *f)
{
	struct rogue *was;

	if (!f)
		all->n = 0;
	was = told_of(all, &r->key);
	if (was && was->severity >= r->severity)
		return false;
	if (f && f->severity >= r->severity && step_end(d) < f->raised_ns + APART_NS)
		return false;
	if (was) {
		was->severity = r->severity;
		return true;
	}
	if (all->n == ROGUES)
		return f->severity < r->severity;
	all->told[all->n++] = *r;
	return true;
}

/* A new finding with this one as its source; NULL: he is one more source of what holds, or it is
 * off. */
static struct wr_finding *begin(struct wr_detect *d, struct rogues *all, const struct rogue *r)
{
	bool is_new;
	struct wr_finding *f = find(d, all->klass, &local, &is_new);

	if (f)
		rogue_source(f, r);
	return f && is_new ? f : NULL;
}

struct wr_finding *rogue_told(struct wr_detect *d, struct rogues *all, const struct rogue *r)
{
	struct wr_finding *f = found(d, all->klass, &local);

	if (f && floods(f))
		return NULL;
	if (is_news(d, all, r, f) && f)
		finish_finding(d, f);
	f = begin(d, all, r);
	if (!f)
		return NULL;
	f->severity = (uint8_t)r->severity;
	f->score = r->severity > WR_SEVERITY_LOW ? 3 : 1;
	return f;
}

struct wr_finding *rogue_floods(struct wr_detect *d, struct rogues *all, const struct rogue *r)
{
	struct wr_finding *f = found(d, all->klass, &local);

	if (f && !floods(f))
		finish_finding(d, f);
	f = begin(d, all, r);
	if (!f)
		return NULL;
	hold_for(d, f, HOLD_LONG);
	f->severity = WR_SEVERITY_HIGH;
	return f;
}
