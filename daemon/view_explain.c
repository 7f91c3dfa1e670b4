/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "explain/explain.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "daemon/api.h"
#include "daemon/findings.h"
#include "store/read.h"

/* The view `explain`: an incident in words, with those like it that history or memory has. */

#define BACK_NS (90 * 86400 * 1000000000ull)

static bool stored(void *ctx, const struct wr_store_incident *i)
{
	struct wr_explain_past p = {.id = i->id, .start_ns = i->start_ns, .end_ns = i->end_ns};
	struct wr_explain *e = ctx;
	int k = 0;

	while (k < WR_CLASS_COUNT && strcmp(i->class, wr_class_name((enum wr_finding_class)k)))
		k++;
	if (k == WR_CLASS_COUNT || i->id == e->i.stored)
		return true;
	p.klass = (uint8_t)k;
	snprintf(p.target, sizeof(p.target), "%s", i->target);
	wr_explain_past_add(e, &p);
	return true;
}

static void add_remembered(const struct wr_api_host *h, struct wr_explain *e)
{
	struct wr_incident *rows[WR_INCIDENTS];
	uint32_t n = wr_incidents_list(wr_findings_incidents(h->findings), rows, WR_INCIDENTS);

	while (n--) { /* the oldest first */
		struct wr_explain_past p = {.id = rows[n]->id,
					    .start_ns = rows[n]->start_ns,
					    .end_ns = rows[n]->end_ns,
					    .klass = rows[n]->strongest.klass};
		struct wr_buf t = {0};

		wr_victim_text(&t, &rows[n]->strongest.victim);
		snprintf(p.target, sizeof(p.target), "%s", wr_buf_text(&t));
		wr_buf_free(&t);
		wr_explain_past_add(e, &p);
	}
}

/* History has all; without one, what is remembered. Nothing of it is worth a failure. */
static void add_past(const struct wr_api_host *h, struct wr_explain *e)
{
	uint64_t from = e->i.start_ns > BACK_NS ? e->i.start_ns - BACK_NS : 0;
	struct wr_store_reader *r = NULL;
	int ret = -ENOENT;

	if (h->history && h->history[0] && !wr_store_read_open(&r, h->history, NULL))
		ret = wr_store_read_incidents(r, from, e->i.start_ns, stored, e, NULL);
	wr_store_read_close(&r);
	if (!ret)
		return;
	e->n_past = e->past_all = 0;
	add_remembered(h, e);
}

static int explain(const struct wr_api_host *h, const struct wr_query *q, struct wr_buf *b,
		   struct wr_err *err)
{
	static struct wr_explain e; /* one at a time */
	const char *id = wr_query_value(q, "id");
	const struct wr_incident *i;
	char *end;

	if (q->text) /* it has empty lines, which end an answer */
		return wr_fail(err, EINVAL, "explain: only as=json here; for text: weir explain");
	if (!h->findings)
		return wr_fail(err, ENODATA, "there is no detection here (detect.on = no)");
	if (!id || *id < '0' || *id > '9')
		return wr_fail(err, EINVAL, "which incident? id=NUMBER (weir incidents)");
	i = wr_incidents_find(wr_findings_incidents(h->findings), strtoull(id, &end, 10));
	if (*end)
		return wr_fail(err, EINVAL, "'%s' is no number of an incident (weir incidents)",
			       id);
	if (!i)
		return wr_fail(err, ENODATA,
			       "there is no incident %s among the last ones; for older ones: weir "
			       "history --incidents",
			       id);
	memset(&e, 0, sizeof(e));
	e.i = *i;
	e.now_ns = wr_when_now();
	if (h->explain)
		h->explain(h->ctx, &e);
	add_past(h, &e);
	wr_explain_json(b, &e);
	return 0;
}

static const char *const keys[] = {"id", NULL};

const struct wr_api_view wr_api_view_explain = {"explain", "an incident in words", keys, false,
						explain};
