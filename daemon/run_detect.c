/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "daemon/detect_conf.h"
#include "daemon/run_impl.h"
#include "view/incident.h"

/* What detection finds in a running weir: kept, written to history, sent out, said. */

static void finding(void *ctx, enum wr_finding_news news, const struct wr_finding *f,
		    uint64_t incident)
{
	struct wr_run *r = ctx;

	wr_outputs_finding(r->outputs, news, f, incident);
}

/* One line when it begins and one when it is over; more of the same is no news for a log. */
static void say(enum wr_incident_news news, const struct wr_incident *i)
{
	struct wr_buf b = {0};

	if (news == WR_INCIDENT_MORE)
		return;
	wr_view_incident_sentence(&b, i);
	wr_run_log(wr_buf_text(&b));
	wr_buf_free(&b);
}

static void incident(void *ctx, enum wr_incident_news news, struct wr_incident *i)
{
	struct wr_run *r = ctx;
	bool first = !i->stored;
	uint64_t stored;

	stored = wr_history_incident(r->history, i);
	if (stored) /* else there was no room this time: its row stays its row */
		i->stored = stored;
	/* Its number is that of history when it is there from the start on. */
	if (first && news == WR_INCIDENT_RAISED && i->stored > i->id)
		i->id = i->stored;
	say(news, i);
}

int wr_run_detect_open(struct wr_run *r, struct wr_err *err)
{
	struct wr_findings_conf conf = {finding, incident, r};
	int ret = wr_findings_open(&r->findings, &conf, err);

	if (!ret)
		wr_findings_off(r->findings, wr_detect_conf_off(&r->c));
	if (!ret)
		ret = wr_places_open(&r->places, r->c.detect.asn, r->c.detect.country, err);
	if (!ret)
		ret = wr_run_sample_open(r, err);
	r->host.places = r->places;
	r->host.samples = r->samples ? &r->sampled : NULL;
	if (!ret && r->c.detect.on)
		r->host.findings = r->findings;
	wr_run_tell_conf(r, &r->c);
	return ret;
}

void wr_run_detect_leave(struct wr_run *r)
{
	struct wr_incident *all[WR_INCIDENTS], over;
	uint32_t n = wr_incidents_list(wr_findings_incidents(r->findings), all, WR_INCIDENTS);

	for (uint32_t k = 0; k < n; k++) {
		if (!all[k]->stored)
			continue;
		over = *all[k];
		if (!over.end_ns)
			over.end_ns = wr_run_now_ns();
		if (all[k]->open)
			wr_history_incident(r->history, &over);
		all[k]->stored = 0;
	}
}

void wr_run_detect_second(struct wr_run *r)
{
	const struct wr_detect *d = wr_engine_detector(r->engine);

	if (d)
		wr_findings_miss(r->findings, wr_detect_missed(d));
}

const char *wr_run_incident(struct wr_run *r)
{
	const struct wr_incident *worst = wr_incidents_worst(wr_findings_incidents(r->findings));
	struct wr_buf b = {0};

	if (!worst)
		return NULL;
	wr_incident_title(&b, worst);
	snprintf(r->incident, sizeof(r->incident), "%s", wr_buf_text(&b));
	wr_buf_free(&b);
	return r->incident;
}

void wr_run_detect_status(struct wr_run *r, struct wr_status *s)
{
	const uint64_t *totals = wr_findings_totals(r->findings);

	s->detect.on = r->c.detect.on;
	for (int i = 0; i < WR_CLASS_COUNT; i++)
		s->detect.findings += totals[i];
	s->detect.missed = wr_findings_missed(r->findings);
	s->detect.active = wr_findings_active(r->findings);
	s->detect.incidents = wr_incidents_active(wr_findings_incidents(r->findings));
	s->detect.unkept = wr_engine_unkept(r->engine);
	s->detect.title = wr_run_incident(r);
}
