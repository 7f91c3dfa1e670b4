/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/govern.h"
#include "daemon/advice.h"
#include "daemon/api.h"
#include "daemon/classes.h"
#include "daemon/findings.h"
#include "daemon/forecasts.h"
#include "daemon/output_conf.h"
#include "daemon/query.h"
#include "daemon/rules.h"
#include "export/metrics.h"
#include "export/otlp.h"

/* The view `metrics`: for Prometheus and its kin. It is text and has no JSON form. */

enum {
	LEDGER_MAX = 256,
	OUTPUTS_MAX = WR_OUTPUTS + 1, /* and the queue */
	HOST_MAX = 256,
	CLASSES_MAX = WR_CLASSES + 1,
	FORECASTS_MAX = 64
};

static struct wr_measures measures; /* one for the process, whoever asks */

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

static const struct wr_measure_findings *findings(const struct wr_api_host *h)
{
	static const char *names[WR_CLASS_COUNT];
	static struct wr_measure_findings f = {.n = WR_CLASS_COUNT, .name = names};

	if (!h->findings)
		return NULL;
	for (int i = 0; i < WR_CLASS_COUNT; i++)
		names[i] = wr_class_name(i);
	f.found = wr_findings_totals(h->findings);
	f.missed = wr_findings_missed(h->findings);
	f.active = wr_findings_active(h->findings);
	f.incidents = wr_incidents_active(wr_findings_incidents(h->findings));
	return &f;
}

static const struct wr_measure_advice *advice(const struct wr_api_host *h)
{
	static struct wr_measure_advice m;
	struct wr_advice_count n;

	if (!h->advice)
		return NULL;
	n = wr_advice_counts(h->advice);
	/* The process counts, and it can have been taken over. */
	m = (struct wr_measure_advice){.scored = n.scored,
				       .unscored = n.unscored,
				       .lost = n.lost,
				       .over = n.over,
				       .answered = n.calls > n.failed ? n.calls - n.failed : 0,
				       .failed = n.failed,
				       .paused = n.paused};
	return &m;
}

static void add_class(void *ctx, const struct wr_class_row *row)
{
	static struct wr_class_row rows[CLASSES_MAX];
	struct wr_measure_in *in = ctx;

	if (in->n_classes < CLASSES_MAX)
		rows[in->n_classes++] = *row;
	in->classes = rows;
}

static void add_link(void *ctx, const struct wr_link_row *row)
{
	static struct wr_link_row rows[WR_LINKS];
	struct wr_measure_in *in = ctx;

	if (in->n_links < WR_LINKS)
		rows[in->n_links++] = *row;
	in->links = rows;
}

/* Services come and go: their names become no labels. */
static void add_forecast(void *ctx, const struct wr_forecast_row *row)
{
	static struct wr_forecast_row rows[FORECASTS_MAX];
	struct wr_measure_in *in = ctx;

	if (row->what != WR_FORECAST_PACKETS_IN && strcmp(row->kind, "service") != 0 &&
	    strcmp(row->kind, "rule") != 0 && in->n_forecasts < FORECASTS_MAX)
		rows[in->n_forecasts++] = *row;
	in->forecasts = rows;
}

/* What measures are made of; borrowed until the next call. */
static const struct wr_measure_in *gather(const struct wr_api_host *h)
{
	static struct wr_measure_output outputs[OUTPUTS_MAX];
	static struct wr_ledger rows[LEDGER_MAX];
	static struct wr_measure_in in;
	static struct wr_self self;
	int n = h->ledger ? h->ledger(h->ctx, rows, LEDGER_MAX) : 0;
	int n_outputs = h->outputs ? h->outputs(h->ctx, outputs, OUTPUTS_MAX) : 0;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	in = (struct wr_measure_in){
		.live = h->live,
		.ledger = rows,
		.n_ledger = n < LEDGER_MAX ? n : LEDGER_MAX,
		.self = wr_self_read(&self) ? NULL : &self,
		.outputs = outputs,
		.n_outputs = n_outputs < OUTPUTS_MAX ? n_outputs : OUTPUTS_MAX,
		.findings = findings(h),
		.requests = h->requests,
		.advice = advice(h),
		.now_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec,
	};
	if (h->forecasts)
		wr_forecasts_each(h->forecasts, add_forecast, &in);
	if (h->rules) {
		wr_classes_each(wr_rules_classes(h->rules), add_class, &in);
		wr_links_each(wr_rules_classes(h->rules), add_link, &in);
	}
	return &in;
}

static int metrics(const struct wr_api_host *h, const struct wr_query *q, struct wr_buf *b,
		   struct wr_err *err)
{
	enum wr_metrics_form form;
	int ret = read_form(q, &form, err);

	if (!ret)
		wr_metrics_write(b, &measures, gather(h), form);
	return ret;
}

uint32_t wr_api_metrics_otlp(const struct wr_api_host *h, struct wr_buf *b)
{
	char name[HOST_MAX] = "";
	struct wr_otlp_resource resource = {.host_name = name};

	if (gethostname(name, sizeof(name) - 1))
		resource.host_name = NULL;
	return wr_otlp_write(b, &measures, gather(h), &resource);
}

static const char *const keys[] = {"form", NULL};

const struct wr_api_view wr_api_view_metrics = {"metrics", "numbers for Prometheus, as text", keys,
						false, metrics};
