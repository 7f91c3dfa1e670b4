/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "daemon/run_impl.h"
#include "export/otlp.h"
#include "view/incident.h"

/*
 * Who is told of incidents, beside history and the views: people (section [notify]: what changes,
 * as daemon/tell.h chooses), events (all that changes), a collector of spans (what is over). All of
 * it goes into the queue of outputs; nothing here waits.
 */

enum { EVIDENCE = 3 };

void wr_run_tell_conf(struct wr_run *r, const struct wr_daemon_conf *c)
{
	r->tell.least = (uint8_t)c->notify.severity;
	r->tell.rate = (uint32_t)c->notify.rate;
	if (!r->sensor[0] && gethostname(r->sensor, sizeof(r->sensor) - 1))
		r->sensor[0] = 0;
}

/* ---- people ---- */

/* JSON of it without its newline, which belongs to a file. */
static void json_of(struct wr_buf *b, const struct wr_run *r, const struct wr_incident *i)
{
	wr_view_incident_json(b, i, r->places, r->sensor[0] ? r->sensor : NULL);
	if (!b->failed)
		b->used--;
}

static void tell_people(struct wr_run *r, const struct wr_incident *i, const char *before,
			uint32_t test)
{
	struct wr_buf text = {0}, json = {0}, target = {0};
	struct wr_told t = {
		.at_ns = wr_run_now_ns(),
		.incident = i->id,
		.severity = i->severity,
		.state = i->state,
		.klass = wr_class_name(i->strongest.klass),
	};

	wr_buf_str(&text, before);
	wr_view_incident_sentence(&text, i);
	json_of(&json, r, i);
	wr_victim_text(&target, &i->strongest.victim);
	t.target = wr_buf_text(&target);
	t.text = text.at;
	t.text_n = text.used;
	t.json = json.at;
	t.json_n = json.used;
	if (!text.failed && !json.failed && !target.failed)
		wr_outputs_tell(r->outputs, &t, test);
	wr_buf_free(&text);
	wr_buf_free(&json);
	wr_buf_free(&target);
}

static void tell_untold(struct wr_run *r, uint64_t n, uint64_t now_ns)
{
	struct wr_buf json = {0};
	char text[128];
	struct wr_told t = {
		.at_ns = now_ns, .severity = WR_SEVERITY_HIGH, .klass = "", .target = ""};

	snprintf(text, sizeof(text),
		 "%" PRIu64
		 " more changes of incidents were not told (notify.rate): weir incidents",
		 n);
	wr_json_open(&json);
	wr_json_time(&json, "timestamp", now_ns);
	wr_json_str(&json, "event_type", "untold");
	if (r->sensor[0])
		wr_json_str(&json, "sensor", r->sensor);
	wr_json_u64(&json, "changes", n);
	wr_json_str(&json, "text", text);
	wr_json_close(&json);
	t.text = text;
	t.text_n = strlen(text);
	t.json = json.at;
	t.json_n = json.used;
	if (!json.failed)
		wr_outputs_tell(r->outputs, &t, 0);
	wr_buf_free(&json);
}

uint32_t wr_run_tell_test(void *run)
{
	struct wr_run *r = run;
	uint64_t now_ns = wr_run_now_ns();
	struct wr_victim here = {.addr = {192, 0, 2, 1}, .ip_v = 4, .prefix = 32}; /* RFC 5737 */
	struct wr_incident i = {
		.state = WR_INCIDENT_ACTIVE,
		.severity = WR_SEVERITY_HIGH,
		.start_ns = now_ns,
		.last_ns = now_ns,
		.found_ns = now_ns,
		.active_ns = now_ns,
		.findings = 1,
		.open = 1,
		.classes = 1ull << WR_CLASS_SYN_FLOOD,
		.n_victims = 1,
		.victims = 1,
		.victim = {here},
		.strongest = {.klass = WR_CLASS_SYN_FLOOD,
			      .severity = WR_SEVERITY_HIGH,
			      .victim = here,
			      .start_ns = now_ns,
			      .raised_ns = now_ns,
			      .last_ns = now_ns,
			      .score = 1},
	};

	if (!wr_outputs_tell_people(r->outputs))
		return 0;
	tell_people(r, &i, "this is a test (weir notify test), nothing has happened: ", ++r->tests);
	return r->tests;
}

/* ---- events ---- */

static void event(struct wr_run *r, struct wr_incident *i)
{
	struct wr_buf b = {0};

	if (i->told.event == i->state + 1)
		return;
	i->told.event = (uint8_t)(i->state + 1);
	wr_view_incident_json(&b, i, r->places, r->sensor[0] ? r->sensor : NULL);
	if (!b.failed)
		wr_outputs_incident(r->outputs, b.at, b.used);
	wr_buf_free(&b);
}

/* ---- spans ---- */

/* FNV-1a, a number at a time behind the text. */
static uint64_t digest(uint64_t h, const char *text, const uint64_t *numbers, int n)
{
	for (; *text; text++)
		h = (h ^ (uint8_t)*text) * 1099511628211ull;
	for (int i = 0; i < n; i++)
		for (int bit = 0; bit < 64; bit += 8)
			h = (h ^ (numbers[i] >> bit & 0xff)) * 1099511628211ull;
	return h ? h : 1;
}

/* The same for the same incident, and for no other one, of another host neither. */
static void id_of(const struct wr_run *r, const uint64_t *numbers, int n, uint8_t *id, int bytes)
{
	for (int k = 0; k < bytes; k += 8) {
		uint64_t h =
			digest(14695981039346656037ull ^ (uint64_t)(k + 1), r->sensor, numbers, n);

		memcpy(id + k, &h, sizeof(h));
	}
}

static uint64_t packets_of(const struct wr_incident *i)
{
	uint64_t n = 0;

	for (uint32_t k = 0; k < i->n_sources; k++)
		n += i->source[k].packets;
	return n;
}

static int evidence(const struct wr_incident *i, struct wr_otlp_value *v, char key[EVIDENCE][64])
{
	int n = 0;

	for (uint32_t k = 0; k < i->strongest.n_evidence && n < EVIDENCE; k++, n++) {
		const struct wr_evidence *e = &i->strongest.evidence[k];

		snprintf(key[n], sizeof(key[n]), "weir.evidence.%s", wr_feature_name(e->feature));
		v[n] = (struct wr_otlp_value){
			.key = key[n], .type = WR_OTLP_REAL, .real = e->value};
	}
	return n;
}

static void span(struct wr_run *r, const struct wr_incident *i, uint64_t end_ns)
{
	const uint64_t of_trace[] = {i->id, i->found_ns}, of_span[] = {i->id, i->found_ns, end_ns};
	const struct wr_otlp_resource resource = {.host_name = r->sensor[0] ? r->sensor : NULL};
	const struct wr_otlp_moment moments[] = {
		{"found", i->found_ns}, {"active", i->active_ns}, {"mitigated", i->mitigated_ns}};
	struct wr_buf b = {0}, title = {0}, target = {0}, reason = {0};
	struct wr_otlp_value values[9 + EVIDENCE];
	char key[EVIDENCE][64], name[64];
	struct wr_otlp_span s = {
		.name = name,
		.start_ns = i->start_ns,
		.end_ns = end_ns,
		.values = values,
		.moments = moments,
		.n_moments = sizeof(moments) / sizeof(*moments),
		.is_error = i->severity > WR_SEVERITY_LOW,
	};
	int n = 0;

	id_of(r, of_trace, 2, s.trace, sizeof(s.trace));
	id_of(r, of_span, 3, s.id, sizeof(s.id));
	snprintf(name, sizeof(name), "incident %s", wr_class_name(i->strongest.klass));
	wr_incident_title(&title, i);
	wr_victim_text(&target, &i->strongest.victim);
	wr_incident_reason(&reason, i);
	s.message = wr_buf_text(&title);
#define TEXT(k, v) \
	values[n++] = (struct wr_otlp_value){.key = (k), .type = WR_OTLP_TEXT, .text = (v)}
#define INT(k, v)                                              \
	values[n++] = (struct wr_otlp_value)                   \
	{                                                      \
		.key = (k), .type = WR_OTLP_INT, .number = (v) \
	}
	INT("weir.incident.id", i->id);
	TEXT("weir.incident.class", wr_class_name(i->strongest.klass));
	TEXT("weir.incident.severity", wr_severity_name(i->severity));
	TEXT("weir.incident.target", wr_buf_text(&target));
	TEXT("weir.incident.text", wr_buf_text(&reason));
	INT("weir.incident.findings", i->findings);
	INT("weir.incident.victims", i->victims);
	INT("weir.incident.source_packets", packets_of(i));
	if (i->rule[0])
		TEXT("weir.incident.rule", i->rule);
#undef TEXT
#undef INT
	s.n_values = n + evidence(i, values + n, key);
	wr_otlp_write_span(&b, &s, &resource);
	if (!b.failed && !title.failed && !target.failed && !reason.failed)
		wr_outputs_spans(r->outputs, b.at, b.used, 1);
	wr_buf_free(&b);
	wr_buf_free(&title);
	wr_buf_free(&target);
	wr_buf_free(&reason);
}

/* One that goes on when weir ends is told, too, as far as it has come. */
static void span_of(struct wr_run *r, struct wr_incident *i, bool last)
{
	uint64_t end_ns = i->end_ns ? i->end_ns : last ? i->last_ns : 0;

	if (!end_ns || end_ns == i->told.span_ns)
		return;
	i->told.span_ns = end_ns;
	span(r, i, end_ns);
}

/* ---- each window ---- */

static void each(struct wr_run *r, bool last)
{
	struct wr_incident *all[WR_INCIDENTS];
	uint64_t now_ns = wr_run_now_ns(), untold;
	bool people = wr_outputs_tell_people(r->outputs);
	uint32_t n = wr_incidents_list(wr_findings_incidents(r->findings), all, WR_INCIDENTS);

	for (uint32_t k = 0; k < n; k++) {
		if (people && wr_tell_incident(&r->tell, all[k], now_ns))
			tell_people(r, all[k], "", 0);
		if (wr_outputs_want_incidents(r->outputs))
			event(r, all[k]);
		if (wr_outputs_want_spans(r->outputs))
			span_of(r, all[k], last);
	}
	untold = people ? wr_tell_untold(&r->tell, now_ns) : 0;
	if (untold)
		tell_untold(r, untold, now_ns);
}

void wr_run_tell(struct wr_run *r)
{
	if (r->findings &&
	    (wr_outputs_tell_people(r->outputs) || wr_outputs_want_incidents(r->outputs) ||
	     wr_outputs_want_spans(r->outputs)))
		each(r, false);
}

void wr_run_tell_end(struct wr_run *r)
{
	if (!r->findings)
		return;
	r->tell.last = true;
	each(r, true);
}
