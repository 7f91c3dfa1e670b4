/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

#include "core/proto.h"
#include "core/reason.h"
#include "detect/evasion.h"
#include "detect/impl.h"

static const struct {
	const char *name, *text;
	enum wr_severity severity;
} classes[WR_CLASS_COUNT] = {
#define X(sym, name, severity, text) {name, text, WR_SEVERITY_##severity},
	WR_CLASS_TABLE(X)
#undef X
};

static const struct {
	const char *name, *unit, *text;
} features[WR_FEATURE_COUNT] = {
#define X(sym, name, unit, text) {name, unit, text},
	WR_FEATURE_TABLE(X)
#undef X
};

static const char *const severities[WR_SEVERITY_COUNT] = {
#define X(sym, name) name,
	WR_SEVERITY_TABLE(X)
#undef X
};

const char *wr_class_name(enum wr_finding_class c)
{
	return classes[c].name;
}

const char *wr_class_text(enum wr_finding_class c)
{
	return classes[c].text;
}

enum wr_severity wr_class_severity(enum wr_finding_class c)
{
	return classes[c].severity;
}

const char *wr_severity_name(enum wr_severity s)
{
	return severities[s];
}

const char *wr_feature_name(enum wr_feature f)
{
	return features[f].name;
}

const char *wr_feature_unit(enum wr_feature f)
{
	return features[f].unit;
}

const char *wr_feature_text(enum wr_feature f)
{
	return features[f].text;
}

static const char *const reasons[] = {
#define X(sym, name, text) text,
	WR_BAD_TABLE(X)
#undef X
#define X(sym, text) text,
		WR_EVASION_TABLE(X)
#undef X
};

/* Of a scan without SYNs; by their number. */
static const char *const flags[] = {
	[0] = "none (NULL)",
	[WR_TCP_FIN] = "FIN",
	[WR_TCP_PSH] = "PSH",
	[WR_TCP_FIN | WR_TCP_PSH] = "FIN, PSH",
	[WR_TCP_ACK] = "ACK",
	[WR_TCP_FIN | WR_TCP_ACK] = "FIN, ACK",
	[WR_TCP_PSH | WR_TCP_ACK] = "PSH, ACK",
	[WR_TCP_FIN | WR_TCP_PSH | WR_TCP_ACK] = "FIN, PSH, ACK",
	[WR_TCP_URG] = "URG",
	[WR_TCP_FIN | WR_TCP_URG] = "FIN, URG",
	[WR_TCP_PSH | WR_TCP_URG] = "PSH, URG",
	[WR_TCP_FIN | WR_TCP_PSH | WR_TCP_URG] = "FIN, PSH, URG (Xmas)",
	[WR_TCP_ACK | WR_TCP_URG] = "ACK, URG",
	[WR_TCP_FIN | WR_TCP_ACK | WR_TCP_URG] = "FIN, ACK, URG",
	[WR_TCP_PSH | WR_TCP_ACK | WR_TCP_URG] = "PSH, ACK, URG",
	[WR_TCP_FIN | WR_TCP_PSH | WR_TCP_ACK | WR_TCP_URG] = "FIN, PSH, ACK, URG",
};

static const struct {
	enum wr_feature feature;
	const char *const *text;
	int n;
} words[] = {
	{WR_FEATURE_REASON, reasons, sizeof(reasons) / sizeof(*reasons)},
	{WR_FEATURE_FLAGS, flags, sizeof(flags) / sizeof(*flags)},
};

const char *wr_evidence_says(const struct wr_evidence *e)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (e->feature == words[i].feature && e->value >= 0 && e->value < words[i].n)
			return words[i].text[(int)e->value];
	return NULL;
}

static void addr_text(struct wr_buf *b, const uint8_t *addr, uint8_t ip_v)
{
	if (ip_v == 4)
		wr_buf_ip4(b, addr);
	else
		wr_buf_ip6(b, addr);
}

void wr_victim_text(struct wr_buf *b, const struct wr_victim *v)
{
	bool bracket = v->port && v->ip_v == 6;

	if (!v->ip_v) {
		wr_buf_str(b, v->route[0] ? v->route : "*");
		return;
	}
	wr_buf_str(b, bracket ? "[" : "");
	addr_text(b, v->addr, v->ip_v);
	wr_buf_str(b, bracket ? "]" : "");
	if (v->prefix != (v->ip_v == 4 ? 32 : 128))
		wr_buf_fmt(b, "/%u", v->prefix);
	if (v->port)
		wr_buf_fmt(b, ":%u", v->port);
}

void wr_evidence_number(struct wr_buf *b, double v)
{
	char digits[40];
	int n;

	if (v < 100 && v != round(v)) {
		wr_buf_fmt(b, v < 10 ? "%.2f" : "%.1f", v);
		return;
	}
	n = snprintf(digits, sizeof(digits), "%.0f", v);
	for (int i = 0; i < n; i++) {
		wr_buf_char(b, digits[i]);
		if ((n - i) % 3 == 1 && i < n - 1 && digits[i] != '-')
			wr_buf_char(b, ',');
	}
}

static void span(struct wr_buf *b, uint32_t s)
{
	if (s < 120)
		wr_buf_fmt(b, "%u s", s);
	else if (s < 7200)
		wr_buf_fmt(b, "%u min", s / 60);
	else if (s < 2 * 86400)
		wr_buf_fmt(b, "%u h", s / 3600);
	else
		wr_buf_fmt(b, "%u days", s / 86400);
}

/* Less than usual is what may be unusual of an anomaly. */
static void low(struct wr_buf *b, const struct wr_evidence *e)
{
	if (e->quantile <= 0)
		wr_buf_str(b, "never as low in ");
	else
		wr_buf_fmt(b, "as low in %.2g %% of ", 100 * e->quantile);
	span(b, e->learned_s);
}

void wr_evidence_often(struct wr_buf *b, const struct wr_evidence *e)
{
	double as_high = 1 - e->quantile;

	if (e->quantile < 0) {
		wr_buf_str(b, "how often is unknown");
		return;
	}
	if (e->share > 0 && e->value < e->norm) {
		low(b, e);
		return;
	}
	if (as_high <= 0)
		wr_buf_str(b, "never as high in ");
	else if (as_high < 0.0001)
		wr_buf_str(b, "as high in less than 0.01 % of ");
	else
		wr_buf_fmt(b, as_high < 0.1 ? "as high in %.2f %% of " : "as high in %.0f %% of ",
			   100 * as_high);
	span(b, e->learned_s);
}

/* "(usual: 34, never as high in 3 h; 41 % of what is unusual)" */
static void usual(struct wr_buf *b, const struct wr_evidence *e, bool percent)
{
	if (!e->has_norm)
		return;
	wr_buf_str(b, " (usual: ");
	if (percent)
		wr_buf_fmt(b, "%.0f %%", e->norm * 100);
	else
		wr_evidence_number(b, e->norm);
	wr_buf_str(b, ", ");
	wr_evidence_often(b, e);
	if (e->share >= 0.005f)
		wr_buf_fmt(b, "; %.0f %% of the score", (double)e->share * 100);
	wr_buf_char(b, ')');
}

static void one(struct wr_buf *b, const struct wr_evidence *e)
{
	const char *unit = features[e->feature].unit;

	if (e->feature == WR_FEATURE_SCORE) {
		wr_buf_str(b, "score ");
		wr_evidence_number(b, e->value);
		wr_buf_str(b, ", over ");
		wr_evidence_number(b, e->norm);
		return;
	}
	if (!strcmp(unit, "share")) {
		wr_buf_fmt(b, "%.0f %% %s", e->value * 100, features[e->feature].text);
		if (e->share > 0)
			usual(b, e, true);
		return;
	}
	if (!strcmp(unit, "port") || !strcmp(unit, "protocol")) {
		wr_buf_fmt(b, "%s %.0f", features[e->feature].text, e->value);
		return;
	}
	if (wr_evidence_says(e)) {
		wr_buf_fmt(b, "%s %s", features[e->feature].text, wr_evidence_says(e));
		return;
	}
	if (e->feature == WR_FEATURE_MEAN_SIZE || e->feature == WR_FEATURE_WINDOW ||
	    e->feature == WR_FEATURE_INTERVAL || e->feature == WR_FEATURE_SESSION_BYTES ||
	    e->feature == WR_FEATURE_NAME_LENGTH || e->feature == WR_FEATURE_ANSWER_SIZE) {
		wr_buf_fmt(b, "%s ", features[e->feature].text);
		wr_evidence_number(b, e->value);
		wr_buf_fmt(b, " %s", unit);
		if (e->share > 0)
			usual(b, e, false);
		return;
	}
	wr_evidence_number(b, e->value);
	wr_buf_fmt(b, " %s%s", features[e->feature].text, strchr(unit, '/') ? "/s" : "");
	usual(b, e, false);
}

/* ---- what is expected ---- */

static const struct wr_evidence *evidence_of(const struct wr_finding *f, enum wr_feature feature)
{
	for (uint32_t i = 0; i < f->n_evidence; i++)
		if (f->evidence[i].feature == feature)
			return &f->evidence[i];
	return NULL;
}

/* 80 Mbit/s, 1.5 Gbit/s; packets have no prefix. */
static void rate(struct wr_buf *b, const struct wr_evidence *e)
{
	static const char prefix[] = " kMGT";
	double v = e->value;
	int n = 0;

	if (strcmp(features[e->feature].unit, "bit/s") != 0) {
		wr_evidence_number(b, round(v));
		wr_buf_str(b, " packets/s");
		return;
	}
	for (; v >= 1000 && prefix[n + 1]; n++)
		v /= 1000;
	wr_buf_fmt(b, "%.3g ", v);
	if (n)
		wr_buf_char(b, prefix[n]);
	wr_buf_str(b, "bit/s");
}

/* "class web is expected to meet its ceiling of 80 Mbit/s at about 18:40 UTC (in 130 min; ...)" */
static void capacity_reason(struct wr_buf *b, const struct wr_finding *f)
{
	static const uint8_t limits[] = {WR_FEATURE_CEILING, WR_FEATURE_CAPACITY, WR_FEATURE_LIMIT};
	const struct wr_evidence *limit = NULL, *ahead = evidence_of(f, WR_FEATURE_AHEAD);
	const struct wr_evidence *now = evidence_of(f, WR_FEATURE_NOW);
	uint32_t in_s = ahead ? (uint32_t)ahead->value : 0;
	unsigned int at_min = (unsigned int)((f->last_ns / 1000000000u + in_s) / 60 % 1440);

	for (size_t i = 0; i < sizeof(limits) && !limit; i++)
		limit = evidence_of(f, (enum wr_feature)limits[i]);
	if (!now)
		now = evidence_of(f, WR_FEATURE_NOW_PACKETS);
	wr_victim_text(b, &f->victim);
	wr_buf_str(b, in_s ? " is expected to meet its " : " has met its ");
	if (limit) {
		wr_buf_fmt(b, "%s of ", features[limit->feature].text);
		rate(b, limit);
	}
	if (in_s) {
		wr_buf_fmt(b, " at about %02u:%02u UTC (in ", at_min / 60, at_min % 60);
		span(b, in_s);
	}
	if (now) {
		wr_buf_str(b, in_s ? "; now " : " (now ");
		rate(b, now);
	}
	if (in_s || now)
		wr_buf_char(b, ')');
}

/* "load at 10.0.0.9 is 2.5 times what it was in the week before, for a day: 500 packets/s (200)" */
static void drift_reason(struct wr_buf *b, const struct wr_finding *f)
{
	const struct wr_evidence *e = &f->evidence[0];

	wr_buf_str(b, "load at ");
	wr_victim_text(b, &f->victim);
	wr_buf_fmt(b, " is %.2g times what it was in the week before, for a day: ",
		   e->value / fmax(e->norm, 0.01));
	wr_evidence_number(b, e->value);
	wr_buf_str(b, " packets/s (");
	wr_evidence_number(b, e->norm);
	wr_buf_char(b, ')');
}

static void model(struct wr_buf *b, const struct wr_finding_model *m)
{
	if (m->name[0])
		wr_buf_fmt(b, "; model %s", m->name);
	if (m->version[0])
		wr_buf_fmt(b, " version %s", m->version);
	for (uint32_t k = 0; k < m->n_by; k++) {
		wr_buf_fmt(b, "%s%s ", k ? ", " : "; furthest from usual: ", m->by[k].column);
		wr_evidence_number(b, m->by[k].value);
		if (!m->by[k].has_usual)
			continue;
		wr_buf_str(b, " (usual: ");
		wr_evidence_number(b, m->by[k].usual);
		wr_buf_char(b, ')');
	}
}

void wr_finding_reason(struct wr_buf *b, const struct wr_finding *f)
{
	if (f->klass == WR_CLASS_CAPACITY) {
		capacity_reason(b, f);
		return;
	}
	if (f->klass == WR_CLASS_DRIFT && f->n_evidence) {
		drift_reason(b, f);
		return;
	}
	wr_buf_fmt(b, "%s at ", classes[f->klass].text);
	if (f->victim.ip_v || f->victim.route[0])
		wr_victim_text(b, &f->victim);
	else
		wr_buf_str(b, "the local link");
	for (uint32_t i = 0; i < f->n_evidence; i++) {
		wr_buf_str(b, i ? ", " : ": ");
		one(b, &f->evidence[i]);
	}
	model(b, &f->model);
	if (f->n_sources) {
		wr_buf_str(b, f->n_sources == 1 ? "; from " : "; most from ");
		addr_text(b, f->source[0].addr, f->source[0].ip_v);
	}
}
