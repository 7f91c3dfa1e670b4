/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/incident.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/json.h"
#include "view/effect.h"
#include "view/finding.h"
#include "view/text.h"

enum { INDENT = 10, LIFE_EXACT_S = 600 };

/* ---- JSON ---- */

static void classes_json(struct wr_buf *b, const struct wr_incident *i)
{
	wr_json_array(b, "classes");
	for (int c = 0; c < WR_CLASS_COUNT; c++)
		if (i->classes >> c & 1)
			wr_json_str(b, NULL, wr_class_name(c));
	wr_json_end_array(b);
}

static void sources_json(struct wr_buf *b, const struct wr_incident *i)
{
	wr_json_array(b, "sources");
	for (uint32_t k = 0; k < i->n_sources; k++)
		wr_json_ip(b, NULL, i->source[k].addr, i->source[k].ip_v);
	wr_json_end_array(b);
}

/* Those of whom something is known. */
static void places_json(struct wr_buf *b, const struct wr_incident *i, const struct wr_places *all)
{
	struct wr_place p;

	if (!all)
		return;
	wr_json_array(b, "sources_known");
	for (uint32_t k = 0; k < i->n_sources; k++) {
		if (!wr_places_of(all, i->source[k].addr, i->source[k].ip_v, &p))
			continue;
		wr_json_open(b);
		wr_json_ip(b, "ip", i->source[k].addr, i->source[k].ip_v);
		if (p.asn)
			wr_json_u64(b, "asn", p.asn);
		if (p.org[0])
			wr_json_str(b, "org", p.org);
		if (p.country[0])
			wr_json_str(b, "country", p.country);
		wr_json_close(b);
	}
	wr_json_end_array(b);
}

/* When it was found, when something above low was, when it was kept out last. */
static void life_json(struct wr_buf *b, const struct wr_incident *i)
{
	if (i->found_ns)
		wr_json_time(b, "found", i->found_ns);
	if (i->active_ns)
		wr_json_time(b, "active", i->active_ns);
	if (i->mitigated_ns)
		wr_json_time(b, "mitigated", i->mitigated_ns);
}

static void text_json(struct wr_buf *b, const struct wr_incident *i)
{
	struct wr_buf text = {0};

	wr_incident_reason(&text, i);
	wr_json_strn(b, "text", text.at, text.used);
	wr_buf_free(&text);
}

void wr_view_incident_json(struct wr_buf *b, const struct wr_incident *i,
			   const struct wr_places *places, const char *sensor)
{
	wr_json_open(b);
	wr_json_time(b, "timestamp", i->start_ns);
	wr_json_str(b, "event_type", "incident");
	if (sensor)
		wr_json_str(b, "sensor", sensor);
	wr_json_u64(b, "incident_id", i->id);
	wr_json_str(b, "state", wr_incident_state_name(i->state));
	wr_json_str(b, "severity", wr_severity_name(i->severity));
	wr_json_str(b, "class", wr_class_name(i->strongest.klass));
	classes_json(b, i);
	wr_view_victim_json(b, "target", &i->strongest.victim);
	wr_json_array(b, "victims");
	for (uint32_t k = 0; k < i->n_victims; k++)
		wr_view_victim_json(b, NULL, &i->victim[k]);
	wr_json_end_array(b);
	wr_json_u64(b, "victims_total", i->victims);
	sources_json(b, i);
	places_json(b, i, places);
	wr_json_u64(b, "findings", i->findings);
	wr_json_u64(b, "findings_open", i->open);
	life_json(b, i);
	wr_json_time(b, "last", i->last_ns);
	if (i->end_ns)
		wr_json_time(b, "end", i->end_ns);
	if (i->rule[0])
		wr_json_str(b, "rule", i->rule);
	if (i->failed[0]) {
		wr_json_str(b, "rule_failed", i->failed);
		wr_json_str(b, "rule_failed_why", i->hurt ? "hurts" : "misses");
	}
	wr_view_effects_json(b, i);
	if (i->sample.to)
		wr_json_u64(b, "sample_packets", i->sample.to - i->sample.from + 1);
	if (i->done[0]) {
		wr_json_str(b, "done", i->done);
		wr_json_str(b, "undo", i->undo);
	}
	text_json(b, i);
	wr_view_evidence_json(b, "evidence", &i->strongest);
	wr_json_close(b);
	wr_buf_char(b, '\n');
}

/* ---- text ---- */

void wr_view_incident_sentence(struct wr_buf *b, const struct wr_incident *i)
{
	wr_buf_fmt(b, "incident %" PRIu64, i->id);
	if (i->state == WR_INCIDENT_OVER) {
		wr_buf_str(b, " is over: ");
		wr_incident_title(b, i);
		wr_finding_when(b, i->start_ns, i->end_ns, i->last_ns);
		return;
	}
	wr_buf_fmt(b, ", %s", wr_severity_name(i->severity));
	if (i->state == WR_INCIDENT_MITIGATED)
		wr_buf_fmt(b, ", kept out by rule %s", i->rule);
	wr_buf_str(b, ": ");
	wr_incident_reason(b, i);
}

static uint64_t lasts(const struct wr_incident *i, uint64_t now_ns)
{
	uint64_t end = i->end_ns ? i->end_ns : now_ns;

	return end > i->start_ns ? end - i->start_ns : 0;
}

void wr_view_incidents_text(struct wr_buf *b, struct wr_incident *const *rows, uint32_t n,
			    uint64_t now_ns, bool color)
{
	char span[WR_VIEW_CELL];

	if (!n) {
		wr_buf_str(b, "no incidents\n");
		return;
	}
	wr_buf_fmt(b, "%s%5s  %-9s %-8s %-19s %9s %8s  %s%s\n", color ? "\033[1m" : "", "ID",
		   "STATE", "SEVERITY", "SINCE (UTC)", "LASTS", "FINDINGS", "WHAT",
		   color ? "\033[0m" : "");
	for (uint32_t k = 0; k < n; k++) {
		const struct wr_incident *i = rows[k];
		const char *paint = color ? wr_view_severity_color[i->severity] : "";

		wr_buf_fmt(b, "%5" PRIu64 "  %-9s %s%-8s%s ", i->id,
			   wr_incident_state_name(i->state), paint, wr_severity_name(i->severity),
			   *paint ? "\033[0m" : "");
		wr_view_moment(b, i->start_ns);
		wr_view_duration(span, lasts(i, now_ns));
		wr_buf_fmt(b, " %9s %8" PRIu64 "  ", span, i->findings);
		wr_incident_title(b, i);
		wr_buf_char(b, '\n');
	}
}

static void label(struct wr_buf *b, const char *text)
{
	wr_buf_fmt(b, "%-*s", (int)INDENT, text);
}

/* So long after it began: "+0.2 s". */
static void after(struct wr_buf *b, const char *what, const struct wr_incident *i, uint64_t ns)
{
	double s = ns > i->start_ns ? (double)(ns - i->start_ns) / 1e9 : 0;
	char span[WR_VIEW_CELL];

	if (!ns)
		return;
	if (s < LIFE_EXACT_S)
		snprintf(span, sizeof(span), "%.*f s", s < 10, s);
	else
		wr_view_duration(span, ns - i->start_ns);
	wr_buf_fmt(b, "%s +%s", what, span);
}

static void life_text(struct wr_buf *b, const struct wr_incident *i)
{
	if (!i->found_ns)
		return;
	label(b, "life");
	after(b, "found", i, i->found_ns);
	if (i->active_ns != i->found_ns)
		after(b, ", active", i, i->active_ns);
	after(b, ", kept out", i, i->mitigated_ns);
	after(b, ", over", i, i->end_ns);
	wr_buf_char(b, '\n');
}

static void victims_text(struct wr_buf *b, const struct wr_incident *i)
{
	label(b, "at");
	for (uint32_t k = 0; k < i->n_victims; k++) {
		wr_buf_str(b, k ? ", " : "");
		wr_victim_text(b, &i->victim[k]);
	}
	if (i->victims > i->n_victims)
		wr_buf_fmt(b, " and %u more", i->victims - i->n_victims);
	wr_buf_char(b, '\n');
}

static void place_text(struct wr_buf *b, const struct wr_place *p)
{
	const char *between = "  ";

	if (p->asn)
		wr_buf_fmt(b, "%sAS%u", between, p->asn);
	between = p->asn ? " " : between;
	if (p->org[0])
		wr_buf_fmt(b, "%s%s", between, p->org);
	between = p->asn || p->org[0] ? ", " : between;
	if (p->country[0])
		wr_buf_fmt(b, "%s%s", between, p->country);
}

/* While a rule is there, and when it has ended. */
static void effects_text(struct wr_buf *b, const struct wr_incident *i)
{
	static const char *const labels[WR_INCIDENT_EFFECTS] = {
		[WR_INCIDENT_STOPPED] = "stopped",
		[WR_INCIDENT_WOULD] = "shadows",
	};

	for (int k = 0; k < WR_INCIDENT_EFFECTS; k++) {
		if (!i->effect[k].since_ns)
			continue;
		label(b, labels[k]);
		wr_buf_str(b, k == WR_INCIDENT_WOULD ? "would have stopped " : "");
		wr_view_effect_text(b, i, (enum wr_incident_effects)k);
		wr_buf_str(b, " since ");
		wr_view_moment(b, i->effect[k].since_ns);
		wr_buf_char(b, '\n');
	}
}

static void sources_text(struct wr_buf *b, const struct wr_incident *i,
			 const struct wr_places *places)
{
	struct wr_place p;
	char packets[WR_VIEW_CELL];

	for (uint32_t k = 0; k < i->n_sources; k++) {
		wr_view_number(packets, i->source[k].packets);
		label(b, k ? "" : "from");
		wr_view_address(b, i->source[k].addr, i->source[k].ip_v);
		wr_buf_fmt(b, "  %s %s", packets,
			   i->strongest.victim.route[0] ? "requests" : "packets");
		if (wr_places_of(places, i->source[k].addr, i->source[k].ip_v, &p))
			place_text(b, &p);
		wr_buf_char(b, '\n');
	}
}

void wr_view_incident_text(struct wr_buf *b, const struct wr_incident *i,
			   const struct wr_places *places, uint64_t now_ns, bool color)
{
	const char *paint = color ? wr_view_severity_color[i->severity] : "";
	char span[WR_VIEW_CELL];

	wr_buf_fmt(b, "Incident %" PRIu64 ": %s, %s%s%s\n", i->id, wr_incident_state_name(i->state),
		   paint, wr_severity_name(i->severity), *paint ? "\033[0m" : "");
	label(b, "what");
	wr_incident_title(b, i);
	wr_buf_char(b, '\n');
	label(b, "since");
	wr_view_moment(b, i->start_ns);
	wr_view_duration(span, lasts(i, now_ns));
	wr_buf_fmt(b, " UTC, %s %s\n", i->end_ns ? "for" : "goes on after", span);
	life_text(b, i);
	victims_text(b, i);
	sources_text(b, i, places);
	label(b, "evidence");
	wr_finding_reason(b, &i->strongest);
	wr_buf_char(b, '\n');
	if (i->rule[0]) {
		label(b, "rule");
		wr_buf_fmt(b, "%s, %s (weir rule show %s)\n", i->rule,
			   i->stopped ? "keeps it out" : "counts what it would keep out", i->rule);
	}
	if (i->failed[0]) {
		label(b, i->rule[0] ? "before" : "rule");
		wr_buf_fmt(b, "%s %s%s\n", i->failed,
			   i->hurt ? "keeps out usual clients, or would" : "does not stop it",
			   i->rule[0] ? ": another one took its place" : ": it was taken out");
	}
	effects_text(b, i);
	if (i->sample.to)
		wr_buf_fmt(b, "%-*s%" PRIu64 " of the first (weir dump --incident %" PRIu64 ")\n",
			   INDENT, "packets", i->sample.to - i->sample.from + 1, i->id);
	if (i->done[0]) {
		label(b, "done");
		wr_buf_fmt(b, "%s (%s)\n", i->done, i->undo);
	}
	label(b, "findings");
	wr_buf_fmt(b, "%" PRIu64 ", %u of them hold\n", i->findings, i->open);
}
