/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/finding.h"

#include <math.h>

#include "base/json.h"

const char *const wr_view_severity_color[WR_SEVERITY_COUNT] = {
	[WR_SEVERITY_INFO] = "",
	[WR_SEVERITY_LOW] = "\033[36m",
	[WR_SEVERITY_HIGH] = "\033[33m",
	[WR_SEVERITY_CRITICAL] = "\033[31m",
};

static double seconds(uint64_t ns, uint64_t zero_ns)
{
	return ns < zero_ns ? -(double)(zero_ns - ns) / 1e9 : (double)(ns - zero_ns) / 1e9;
}

void wr_view_finding_text(struct wr_buf *b, const struct wr_finding *f, uint64_t zero_ns,
			  bool color)
{
	if (zero_ns)
		wr_buf_fmt(b, "%9.1f s  ", seconds(f->raised_ns, zero_ns));
	else
		wr_buf_clock(b, f->raised_ns);
	wr_buf_fmt(b, " %s%-8s%s ", color ? wr_view_severity_color[f->severity] : "",
		   wr_severity_name(f->severity),
		   color && *wr_view_severity_color[f->severity] ? "\033[0m" : "");
	wr_finding_reason(b, f);
	wr_buf_fmt(b, "; %.1f s\n", seconds(f->last_ns, f->raised_ns));
}

void wr_view_victim_json(struct wr_buf *b, const char *key, const struct wr_victim *v)
{
	struct wr_buf text = {0};

	wr_victim_text(&text, v);
	wr_json_strn(b, key, text.at, text.used);
	wr_buf_free(&text);
}

static void json_evidence(struct wr_buf *b, const struct wr_evidence *e)
{
	wr_json_open(b);
	wr_json_str(b, "name", wr_feature_name(e->feature));
	wr_json_double(b, "value", e->value);
	if (e->has_norm)
		wr_json_double(b, "norm", e->norm);
	if (e->has_norm && e->quantile >= 0) {
		wr_json_double(b, "quantile", round(e->quantile * 1e6) / 1e6);
		wr_json_u64(b, "learned_s", e->learned_s);
	}
	wr_json_str(b, "unit", wr_feature_unit(e->feature));
	if (e->share > 0)
		wr_json_double(b, "share", round((double)e->share * 1000) / 1000);
	if (wr_evidence_says(e))
		wr_json_str(b, "says", wr_evidence_says(e));
	wr_json_close(b);
}

static void json_reason(struct wr_buf *b, const struct wr_finding *f)
{
	struct wr_buf text = {0};

	wr_finding_reason(&text, f);
	wr_json_strn(b, "reason", text.at, text.used);
	wr_buf_free(&text);
}

void wr_view_evidence_json(struct wr_buf *b, const char *key, const struct wr_finding *f)
{
	wr_json_array(b, key);
	for (uint32_t i = 0; i < f->n_evidence; i++)
		json_evidence(b, &f->evidence[i]);
	wr_json_end_array(b);
}

static void json_model(struct wr_buf *b, const struct wr_finding_model *m)
{
	wr_json_open_key(b, "model");
	wr_json_str(b, "name", m->name);
	wr_json_str(b, "version", m->version);
	wr_json_array(b, "by");
	for (uint32_t k = 0; k < m->n_by; k++) {
		wr_json_open(b);
		wr_json_str(b, "column", m->by[k].column);
		wr_json_double(b, "value", m->by[k].value);
		if (m->by[k].has_usual)
			wr_json_double(b, "usual", m->by[k].usual);
		wr_json_close(b);
	}
	wr_json_end_array(b);
	wr_json_close(b);
}

/* What is the same wherever it is told, to the end of the line. */
static void json_rest(struct wr_buf *b, const struct wr_finding *f)
{
	wr_json_time(b, "began", f->start_ns);
	wr_json_str(b, "class", wr_class_name(f->klass));
	wr_json_str(b, "severity", wr_severity_name(f->severity));
	wr_view_victim_json(b, "victim", &f->victim);
	wr_json_array(b, "sources");
	for (uint32_t i = 0; i < f->n_sources; i++)
		wr_json_ip(b, NULL, f->source[i].addr, f->source[i].ip_v);
	wr_json_end_array(b);
	wr_json_double(b, "score", round(f->score * 100) / 100);
	json_reason(b, f);
	wr_view_evidence_json(b, "evidence", f);
	if (f->klass == WR_CLASS_MODEL_SCORE)
		json_model(b, &f->model);
	wr_json_bool(b, "over", f->over);
	wr_json_close(b);
	wr_buf_char(b, '\n');
}

void wr_view_finding_json(struct wr_buf *b, const struct wr_finding *f, uint64_t zero_ns)
{
	wr_json_open(b);
	wr_json_str(b, "event_type", "finding");
	wr_json_u64(b, "id", f->id);
	if (zero_ns) {
		wr_json_double(b, "t_start", seconds(f->raised_ns, zero_ns));
		wr_json_double(b, "t_end", seconds(f->last_ns, zero_ns));
	} else {
		wr_json_time(b, "timestamp", f->raised_ns);
		wr_json_time(b, "last", f->last_ns);
	}
	json_rest(b, f);
}

void wr_view_finding_event(struct wr_buf *b, const struct wr_finding *f, enum wr_finding_news news,
			   uint64_t incident)
{
	static const char *const names[] = {"raised", "renewed", "over"};

	wr_json_open(b);
	wr_json_time(b, "timestamp", news == WR_FINDING_RAISED ? f->raised_ns : f->last_ns);
	wr_json_str(b, "event_type", "finding");
	wr_json_str(b, "news", names[news]);
	wr_json_u64(b, "id", f->id);
	if (incident)
		wr_json_u64(b, "incident_id", incident);
	wr_json_time(b, "raised", f->raised_ns);
	wr_json_time(b, "last", f->last_ns);
	json_rest(b, f);
}

void wr_view_finding_tsv(struct wr_buf *b, const struct wr_finding *f, uint64_t zero_ns)
{
	wr_buf_fmt(b, "%.3f\t%.3f\t%s\t", seconds(f->raised_ns, zero_ns),
		   seconds(f->last_ns, zero_ns), wr_class_name(f->klass));
	wr_victim_text(b, &f->victim);
	wr_buf_char(b, '\t');
	for (uint32_t i = 0; i < f->n_sources; i++) {
		wr_buf_str(b, i ? "," : "");
		if (f->source[i].ip_v == 4)
			wr_buf_ip4(b, f->source[i].addr);
		else
			wr_buf_ip6(b, f->source[i].addr);
	}
	wr_buf_fmt(b, "\t%.2f\t%s\t", f->score, wr_severity_name(f->severity));
	wr_finding_reason(b, f);
	wr_buf_char(b, '\n');
}
