/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/incident.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "detect/ids.h"

enum { OPEN = WR_HOLD_ALL /* findings that hold: nobody can have more */ };

static const char *const names[WR_INCIDENT_STATES] = {
#define X(sym, name) name,
	WR_INCIDENT_TABLE(X)
#undef X
};

struct wr_incidents {
	struct wr_incident at[WR_INCIDENTS]; /* id 0: free */
	struct {
		uint64_t finding; /* id; 0: free */
		struct wr_incident *of;
	} open[OPEN];
	uint64_t last_id;
};

const char *wr_incident_state_name(enum wr_incident_state s)
{
	return names[s];
}

int wr_incidents_open(struct wr_incidents **out, struct wr_err *err)
{
	struct wr_incidents *all = wr_mem_map(sizeof(*all));

	if (!all)
		return wr_fail(err, ENOMEM, "no memory for incidents");
	*out = all;
	return 0;
}

void wr_incidents_close(struct wr_incidents **all)
{
	if (*all)
		wr_mem_unmap(*all, sizeof(**all));
	*all = NULL;
}

/* ---- one cause ---- */

static bool has_place(const struct wr_incident *i, const struct wr_victim *v)
{
	for (uint32_t k = 0; k < i->n_victims; k++)
		if (wr_victim_meets(&i->victim[k], v))
			return true;
	return false;
}

static bool has_source(const struct wr_incident *i, const struct wr_finding *f)
{
	return f->n_sources == 1 && i->n_sources == 1 && !i->many_sources &&
	       i->source[0].ip_v == f->source[0].ip_v &&
	       !memcmp(i->source[0].addr, f->source[0].addr, 16);
}

static bool is_at(const struct wr_finding_source *s, const struct wr_victim *v)
{
	return s->ip_v == v->ip_v && !memcmp(s->addr, v->addr, sizeof(s->addr));
}

/* Who stands between hosts tells each of them that the other one has moved. */
static bool is_other_end(const struct wr_incident *i, const struct wr_finding *f)
{
	if (f->klass != WR_CLASS_ARP_SPOOF || !(i->classes >> f->klass & 1) || f->n_sources != 1)
		return false;
	for (uint32_t k = 0; k < i->n_victims; k++)
		if (is_at(&f->source[0], &i->victim[k]))
			return true;
	return false;
}

static bool near(const struct wr_incident *i, const struct wr_finding *f)
{
	return i->open || f->start_ns <= i->last_ns + WR_INCIDENT_REST_NS;
}

/* Of the local link all that is unusual has no address: then it must be of the same class, too. */
static bool same_cause(const struct wr_incident *i, const struct wr_finding *f, bool by_source)
{
	if (!i->id || !near(i, f))
		return false;
	if (by_source)
		return has_source(i, f) || is_other_end(i, f);
	return has_place(i, &f->victim) && (f->victim.ip_v || i->classes >> f->klass & 1);
}

static struct wr_incident *of_cause(struct wr_incidents *all, const struct wr_finding *f)
{
	struct wr_incident *best = NULL;

	for (int by_source = 0; by_source < 2 && !best; by_source++)
		for (uint32_t k = 0; k < WR_INCIDENTS; k++) {
			struct wr_incident *i = &all->at[k];

			if (same_cause(i, f, by_source) && (!best || i->last_ns > best->last_ns))
				best = i;
		}
	return best;
}

/* ---- what an incident is made of ---- */

/* What is over makes room before what goes on, the oldest first. */
static struct wr_incident *room(struct wr_incidents *all)
{
	struct wr_incident *best = &all->at[0];

	for (uint32_t k = 0; k < WR_INCIDENTS; k++) {
		struct wr_incident *i = &all->at[k];

		if (!i->id)
			return i;
		if (!i->open != !best->open ? !i->open : i->last_ns < best->last_ns)
			best = i;
	}
	for (int k = 0; k < OPEN; k++)
		if (all->open[k].of == best)
			all->open[k].finding = 0;
	return best;
}

static void add_victim(struct wr_incident *i, const struct wr_victim *v)
{
	for (uint32_t k = 0; k < i->n_victims; k++)
		if (wr_victim_same(&i->victim[k], v))
			return;
	i->victims++;
	if (i->n_victims < WR_INCIDENT_VICTIMS)
		i->victim[i->n_victims++] = *v;
}

/* The packets of what makes room are taken over (Space-Saving), so that a source which goes on
 * comes to the front. */
static void add_source(struct wr_incident *i, const struct wr_finding_source *s)
{
	struct wr_finding_source *at = i->source, moved;
	uint32_t k = 0;

	while (k < i->n_sources && (at[k].ip_v != s->ip_v || memcmp(at[k].addr, s->addr, 16)))
		k++;
	if (k == WR_FINDING_SOURCES)
		k--;
	else if (k == i->n_sources)
		at[i->n_sources++].packets = 0;
	moved = *s;
	moved.packets += at[k].packets;
	for (; k && at[k - 1].packets < moved.packets; k--)
		at[k] = at[k - 1];
	at[k] = moved;
}

static bool stronger(const struct wr_finding *a, const struct wr_finding *b)
{
	return a->severity != b->severity ? a->severity > b->severity : a->score > b->score;
}

static void set_state(struct wr_incident *i)
{
	if (!i->open)
		i->state = WR_INCIDENT_OVER;
	else if (i->stopped)
		i->state = WR_INCIDENT_MITIGATED;
	else
		i->state =
			i->severity > WR_SEVERITY_LOW ? WR_INCIDENT_ACTIVE : WR_INCIDENT_SUSPECTED;
	i->end_ns = i->open ? 0 : i->last_ns;
}

static void take(struct wr_incident *i, const struct wr_finding *f)
{
	if (!i->findings || f->start_ns < i->start_ns)
		i->start_ns = f->start_ns;
	if (!i->findings++ || stronger(f, &i->strongest))
		i->strongest = *f;
	i->classes |= 1ull << f->klass;
	if (!i->found_ns)
		i->found_ns = f->raised_ns;
	if (!i->active_ns && f->severity > WR_SEVERITY_LOW)
		i->active_ns = f->raised_ns;
	if (f->severity > i->severity)
		i->severity = f->severity;
	add_victim(i, &f->victim);
	i->many_sources |= f->n_sources != 1;
	for (uint32_t k = 0; k < f->n_sources; k++)
		add_source(i, &f->source[k]);
}

static struct wr_incident *raise(struct wr_incidents *all, const struct wr_finding *f,
				 enum wr_incident_news *what)
{
	struct wr_incident *i = of_cause(all, f);

	*what = WR_INCIDENT_MORE;
	if (!i && f->severity == WR_SEVERITY_INFO)
		return NULL;
	if (!i) {
		i = room(all);
		memset(i, 0, sizeof(*i));
		i->id = ++all->last_id;
		*what = WR_INCIDENT_RAISED;
	}
	take(i, f);
	for (int k = 0; k < OPEN; k++)
		if (!all->open[k].finding) {
			all->open[k].finding = f->id;
			all->open[k].of = i;
			i->open++;
			break;
		}
	return i;
}

static struct wr_incident *of_open(struct wr_incidents *all, uint64_t finding, bool ends)
{
	for (int k = 0; k < OPEN; k++)
		if (all->open[k].finding == finding) {
			if (ends) {
				all->open[k].finding = 0;
				all->open[k].of->open--;
			}
			return all->open[k].of;
		}
	return NULL;
}

struct wr_incident *wr_incidents_add(struct wr_incidents *all, enum wr_finding_news news,
				     const struct wr_finding *f, enum wr_incident_news *what)
{
	struct wr_incident *i;

	*what = WR_INCIDENT_SAME;
	if (news == WR_FINDING_RAISED)
		i = raise(all, f, what);
	else
		i = of_open(all, f->id, news == WR_FINDING_OVER);
	if (!i)
		return NULL;
	if (f->last_ns > i->last_ns)
		i->last_ns = f->last_ns;
	if (i->strongest.id == f->id) { /* it is told with what it has become */
		i->strongest.last_ns = f->last_ns;
		i->strongest.over = f->over;
	}
	if (i->id > all->last_id)
		all->last_id = i->id;
	set_state(i);
	if (news == WR_FINDING_OVER && !i->open)
		*what = WR_INCIDENT_ENDED;
	return i;
}

/* ---- readers ---- */

static int newest_first(const void *a, const void *b)
{
	const struct wr_incident *x = *(struct wr_incident *const *)a;
	const struct wr_incident *y = *(struct wr_incident *const *)b;

	if (!x->open != !y->open)
		return x->open ? -1 : 1;
	if (x->start_ns != y->start_ns)
		return x->start_ns < y->start_ns ? 1 : -1;
	return (x->id < y->id) - (x->id > y->id);
}

uint32_t wr_incidents_list(const struct wr_incidents *all, struct wr_incident **out, uint32_t n)
{
	struct wr_incident *found[WR_INCIDENTS];
	uint32_t have = 0;

	for (uint32_t k = 0; k < WR_INCIDENTS; k++)
		if (all->at[k].id)
			found[have++] = (struct wr_incident *)(uintptr_t)&all->at[k];
	if (!have)
		return 0;
	qsort(found, have, sizeof(*found), newest_first);
	n = n < have ? n : have;
	memcpy(out, found, n * sizeof(*found));
	return n;
}

const struct wr_incident *wr_incidents_find(const struct wr_incidents *all, uint64_t id)
{
	for (uint32_t k = 0; k < WR_INCIDENTS; k++)
		if (all->at[k].id == id && id)
			return &all->at[k];
	return NULL;
}

void wr_incidents_answered(struct wr_incidents *all, uint64_t id, const char *rule,
			   enum wr_incident_rule how)
{
	const struct wr_incident *found = wr_incidents_find(all, id);
	struct wr_incident *i;

	if (!found)
		return;
	i = &all->at[found - all->at];
	if (how == WR_INCIDENT_RULE_FAILS || how == WR_INCIDENT_RULE_HURTS) {
		i->hurt = how == WR_INCIDENT_RULE_HURTS;
		snprintf(i->failed, sizeof(i->failed), "%s", rule);
		how = WR_INCIDENT_RULE_GONE;
	}
	if (how == WR_INCIDENT_RULE_GONE && strcmp(i->rule, rule) != 0)
		return; /* another one is there */
	snprintf(i->rule, sizeof(i->rule), "%s", how == WR_INCIDENT_RULE_GONE ? "" : rule);
	if (how == WR_INCIDENT_RULE_STOPS && !i->stopped)
		i->mitigated_ns = i->last_ns;
	i->stopped = how == WR_INCIDENT_RULE_STOPS;
	set_state(i);
}

static void add_rule(struct wr_incident_effect *e, const char *rule)
{
	for (uint32_t k = 0; k < e->n_by; k++)
		if (!strcmp(e->by[k], rule))
			return;
	if (e->n_by == WR_INCIDENT_BY)
		e->more = true;
	else
		snprintf(e->by[e->n_by++], sizeof(e->by[0]), "%s", rule);
}

void wr_incidents_did(struct wr_incidents *all, uint64_t id, const char *rule,
		      enum wr_incident_effects what, uint64_t since_ns, struct wr_count stopped,
		      uint64_t came)
{
	const struct wr_incident *found = wr_incidents_find(all, id);
	struct wr_incident_effect *e;

	if (!found)
		return;
	e = &all->at[found - all->at].effect[what];
	if (!e->since_ns)
		e->since_ns = since_ns;
	add_rule(e, rule);
	e->stopped.packets += stopped.packets;
	e->stopped.bytes += stopped.bytes;
	e->came += came;
}

/* What was stopped had come, whatever was estimated. */
double wr_incident_share(const struct wr_incident_effect *e)
{
	uint64_t came = e->came > e->stopped.packets ? e->came : e->stopped.packets;

	return came ? (double)e->stopped.packets / (double)came : 0;
}

void wr_incidents_done(struct wr_incidents *all, uint64_t id, const char *done, const char *undo,
		       bool stops)
{
	const struct wr_incident *found = wr_incidents_find(all, id);
	struct wr_incident *i;

	if (!found)
		return;
	i = &all->at[found - all->at];
	snprintf(i->done, sizeof(i->done), "%s", done);
	snprintf(i->undo, sizeof(i->undo), "%s", undo);
	if (stops && !i->stopped)
		i->mitigated_ns = i->last_ns;
	i->stopped = stops;
	set_state(i);
}

uint32_t wr_incidents_active(const struct wr_incidents *all)
{
	uint32_t n = 0;

	for (uint32_t k = 0; k < WR_INCIDENTS; k++)
		n += all->at[k].id && all->at[k].open;
	return n;
}

const struct wr_incident *wr_incidents_worst(const struct wr_incidents *all)
{
	const struct wr_incident *worst = NULL;

	for (uint32_t k = 0; k < WR_INCIDENTS; k++) {
		const struct wr_incident *i = &all->at[k];

		if (!i->id || !i->open)
			continue;
		if (!worst || i->severity > worst->severity ||
		    (i->severity == worst->severity && i->start_ns > worst->start_ns))
			worst = i;
	}
	return worst;
}

void wr_incident_title(struct wr_buf *b, const struct wr_incident *i)
{
	uint8_t klass = i->strongest.klass;
	/* What has a name is not called unusual besides. */
	uint64_t others = i->classes & ~(1ull << klass | 1ull << WR_CLASS_ANOMALY);
	const struct wr_victim *v = &i->strongest.victim;
	bool and = others != 0;

	wr_buf_str(b, wr_class_text(klass));
	for (int c = 0; others; c++, others >>= 1) {
		if (!(others & 1))
			continue;
		wr_buf_fmt(b, "%s%s", others > 1 ? ", " : and? " and " : "", wr_class_text(c));
	}
	wr_buf_str(b, " at ");
	if (v->ip_v || v->route[0])
		wr_victim_text(b, v);
	else
		wr_buf_str(b, "the local link");
	if (i->victims > 1)
		wr_buf_fmt(b, " and %u more", i->victims - 1);
}

void wr_incident_reason(struct wr_buf *b, const struct wr_incident *i)
{
	wr_finding_told(b, &i->strongest, i->start_ns, i->end_ns);
}
