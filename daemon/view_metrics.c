/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "daemon/api.h"
#include "daemon/query.h"
#include "export/metrics.h"

/* The view `metrics`: for Prometheus and its kin. It is text and has no JSON form. */

enum { LEDGER_MAX = 256 };

static int read_form(const struct wr_query *q, enum wr_metrics_form *form, struct wr_err *err)
{
	const char *name = wr_query_value(q, "form");

	*form = WR_METRICS_TEXT;
	if (!name || !strcmp(name, "text"))
		return 0;
	if (strcmp(name, "openmetrics"))
		return wr_fail(err, EINVAL, "form: '%s' is none of text, openmetrics", name);
	*form = WR_METRICS_OPENMETRICS;
	return 0;
}

static int metrics(const struct wr_api_host *h, const struct wr_query *q, struct wr_buf *b,
		   struct wr_err *err)
{
	static struct wr_ledger rows[LEDGER_MAX];
	static struct wr_measures measures; /* one for the process */
	int n = h->ledger ? h->ledger(h->ctx, rows, LEDGER_MAX) : 0;
	struct wr_measure_in in = {.live = h->live, .ledger = rows};
	enum wr_metrics_form form;
	struct wr_self self;
	struct timespec now;
	int ret = read_form(q, &form, err);

	if (ret)
		return ret;
	clock_gettime(CLOCK_REALTIME, &now);
	in.now_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	in.n_ledger = n < LEDGER_MAX ? n : LEDGER_MAX;
	if (!wr_self_read(&self))
		in.self = &self;
	wr_metrics_write(b, &measures, &in, form);
	return 0;
}

static const char *const keys[] = {"form", NULL};

const struct wr_api_view wr_api_view_metrics = {"metrics", "numbers for Prometheus, as text", keys,
						false, metrics};
