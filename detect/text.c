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

void addr_text(struct wr_buf *b, const uint8_t *addr, uint8_t ip_v)
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

	n = snprintf(digits, sizeof(digits), v < 10 ? "%.2f" : v < 100 ? "%.1f" : "%.0f", v);
	if (v < 100) {
		while (digits[n - 1] == '0')
			n--;
		n -= digits[n - 1] == '.';
		wr_buf_fmt(b, "%.*s", n, digits);
		return;
	}
	for (int i = 0; i < n; i++) {
		wr_buf_char(b, digits[i]);
		if ((n - i) % 3 == 1 && i < n - 1 && digits[i] != '-')
			wr_buf_char(b, ',');
	}
}

void span_text(struct wr_buf *b, uint32_t s)
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

static void share_text(struct wr_buf *b, const char *how, double share)
{
	if (share <= 0)
		wr_buf_fmt(b, "never as %s in ", how);
	else if (share < 0.0001)
		wr_buf_fmt(b, "as %s in less than 0.01 %% of ", how);
	else
		wr_buf_fmt(b, share < 0.1 ? "as %s in %.2f %% of " : "as %s in %.0f %% of ", how,
			   100 * share);
}

void wr_evidence_often(struct wr_buf *b, const struct wr_evidence *e)
{
	/* Less than usual is what may be unusual of an anomaly. */
	bool low = e->share > 0 && e->value < e->norm;

	if (e->quantile < 0 || !e->learned_s) {
		wr_buf_str(b, "how often is unknown");
		return;
	}
	share_text(b, low ? "low" : "high", low ? e->quantile : 1 - e->quantile);
	span_text(b, e->learned_s);
}
