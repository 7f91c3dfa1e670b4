/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/findings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "detect/ids.h"

_Static_assert((int)WR_FINDINGS_KEPT >= (int)WR_HOLD_ALL, "all that hold have a row");

#define AGAIN_NS 10000000000ull

struct wr_findings {
	struct wr_findings_conf conf;
	struct wr_incidents *incidents;
	struct wr_findings_row *row;	  /* owned, WR_FINDINGS_KEPT */
	uint64_t holds[WR_FINDINGS_KEPT]; /* by row: its number while it holds, else 0 */
	uint32_t n;			  /* rows that were written */
	uint64_t number;		  /* of the newest one */
	uint64_t totals[WR_CLASS_COUNT];
	uint32_t active;
	uint64_t off;			/* 1 << enum wr_finding_class */
	uint64_t missed, missed_before; /* by this detector; by those before it */
};

int wr_findings_open(struct wr_findings **out, const struct wr_findings_conf *conf,
		     struct wr_err *err)
{
	struct wr_findings *f = calloc(1, sizeof(*f));

	if (!f)
		return wr_fail(err, ENOMEM, "no memory for findings");
	f->conf = *conf;
	f->row = wr_mem_map(WR_FINDINGS_KEPT * sizeof(*f->row));
	if (!f->row || wr_incidents_open(&f->incidents, err)) {
		wr_findings_close(&f);
		return wr_fail(err, ENOMEM, "no memory for findings");
	}
	*out = f;
	return 0;
}

void wr_findings_close(struct wr_findings **findings)
{
	struct wr_findings *f = *findings;

	if (!f)
		return;
	if (f->row)
		wr_mem_unmap(f->row, WR_FINDINGS_KEPT * sizeof(*f->row));
	wr_incidents_close(&f->incidents);
	free(f);
	*findings = NULL;
}

/* ---- in ---- */

/* The one that holds and has that number. */
static struct wr_findings_row *row_of(struct wr_findings *f, uint64_t id)
{
	for (uint32_t i = 0; i < f->n; i++)
		if (f->holds[i] == id)
			return &f->row[i];
	return NULL;
}

/* A place that is free, or that of the oldest which is over; NULL: all hold. */
static struct wr_findings_row *new_row(struct wr_findings *f)
{
	struct wr_findings_row *oldest = NULL;

	if (f->n < WR_FINDINGS_KEPT)
		return &f->row[f->n++];
	for (uint32_t i = 0; i < f->n; i++)
		if (!f->holds[i] && (!oldest || f->row[i].number < oldest->number))
			oldest = &f->row[i];
	return oldest;
}

static void keep(struct wr_findings *f, struct wr_findings_row *r, const struct wr_finding *finding,
		 uint64_t incident)
{
	r->f = *finding;
	r->incident = incident;
	f->holds[r - f->row] = finding->over ? 0 : finding->id;
}

void wr_findings_news(void *findings, enum wr_finding_news news, const struct wr_finding *finding)
{
	struct wr_findings *f = findings;
	struct wr_findings_row *r;
	enum wr_incident_news what;
	struct wr_incident *i;

	if (wr_findings_is_off(f, finding->klass) &&
	    (news != WR_FINDING_OVER || !row_of(f, finding->id)))
		return;
	r = news == WR_FINDING_RAISED ? new_row(f) : row_of(f, finding->id);
	if (news == WR_FINDING_RAISED) {
		if (r)
			*r = (struct wr_findings_row){.told_ns = finding->raised_ns,
						      .number = ++f->number};
		f->totals[finding->klass]++;
		f->active++;
	} else if (news == WR_FINDING_OVER) {
		f->active -= f->active > 0;
	}
	i = wr_incidents_add(f->incidents, news, finding, &what);
	if (i && what != WR_INCIDENT_SAME)
		f->conf.incident(f->conf.ctx, what, i);
	if (r)
		keep(f, r, finding, i ? i->id : 0);
	if (news == WR_FINDING_RENEWED) {
		if (!r || finding->last_ns < r->told_ns + AGAIN_NS)
			return;
		r->told_ns = finding->last_ns;
	}
	f->conf.finding(f->conf.ctx, news, finding, i ? i->id : 0);
}

void wr_findings_off(struct wr_findings *f, uint64_t classes)
{
	f->off = classes;
}

bool wr_findings_is_off(const struct wr_findings *f, enum wr_finding_class klass)
{
	return f->off >> klass & 1;
}

void wr_findings_answered(struct wr_findings *f, uint64_t finding, const char *rule,
			  enum wr_incident_rule how)
{
	const struct wr_findings_row *r = row_of(f, finding);

	if (r && r->incident)
		wr_incidents_answered(f->incidents, r->incident, rule, how);
}

void wr_findings_did(struct wr_findings *f, uint64_t finding, const char *rule,
		     enum wr_incident_effects what, uint64_t since_ns, struct wr_count stopped,
		     uint64_t came)
{
	const struct wr_findings_row *r = NULL;

	/* A new detector numbers its findings from 1 again: the newest of that number. */
	for (uint32_t i = 0; i < f->n; i++)
		if (f->row[i].f.id == finding && (!r || f->row[i].number > r->number))
			r = &f->row[i];
	if (r && r->incident)
		wr_incidents_did(f->incidents, r->incident, rule, what, since_ns, stopped, came);
}

uint64_t wr_findings_done(struct wr_findings *f, uint64_t finding, const char *done,
			  const char *undo, bool stops)
{
	const struct wr_findings_row *r = row_of(f, finding);

	if (!r || !r->incident)
		return 0;
	wr_incidents_done(f->incidents, r->incident, done, undo, stops);
	return r->incident;
}

/* ---- out ---- */

const struct wr_incidents *wr_findings_incidents(const struct wr_findings *f)
{
	return f->incidents;
}

static int newest_first(const void *a, const void *b)
{
	const struct wr_findings_row *x = *(const struct wr_findings_row *const *)a;
	const struct wr_findings_row *y = *(const struct wr_findings_row *const *)b;

	return (x->number < y->number) - (x->number > y->number);
}

uint32_t wr_findings_rows(const struct wr_findings *f, uint64_t incident,
			  const struct wr_findings_row **out, uint32_t n)
{
	const struct wr_findings_row *found[WR_FINDINGS_KEPT] = {0};
	uint32_t have = 0;

	for (uint32_t i = 0; i < f->n; i++)
		if (!incident || f->row[i].incident == incident)
			found[have++] = &f->row[i];
	qsort(found, have, sizeof(*found), newest_first);
	n = n < have ? n : have;
	memcpy(out, found, n * sizeof(*found));
	return n;
}

const uint64_t *wr_findings_totals(const struct wr_findings *f)
{
	return f->totals;
}

uint32_t wr_findings_active(const struct wr_findings *f)
{
	return f->active;
}

void wr_findings_miss(struct wr_findings *f, uint64_t missed)
{
	if (missed < f->missed) /* it is a new one */
		f->missed_before += f->missed;
	f->missed = missed;
}

uint64_t wr_findings_missed(const struct wr_findings *f)
{
	return f->missed_before + f->missed;
}
