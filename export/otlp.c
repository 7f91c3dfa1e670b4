/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "export/otlp.h"

#include "base/json.h"

enum { CUMULATIVE = 2 }; /* AggregationTemporality */

struct body {
	struct wr_buf *b;
	uint64_t now_ns;
	uint32_t points;
};

/* 64-bit integers are strings. */
static void integer(struct wr_buf *b, const char *key, uint64_t v)
{
	if (key)
		wr_json_key(b, key);
	else
		wr_json_next(b);
	wr_buf_char(b, '"');
	wr_buf_u64(b, v);
	wr_buf_char(b, '"');
}

static void attribute(struct wr_buf *b, const char *key, const char *value)
{
	if (!value)
		return;
	wr_json_open(b);
	wr_json_str(b, "key", key);
	wr_json_open_key(b, "value");
	wr_json_str(b, "stringValue", value);
	wr_json_close(b);
	wr_json_close(b);
}

/* What has no name in OTLP is told by the resource, or not at all. */
static void begin(void *ctx, const struct wr_measure *m)
{
	static const char *const kind[] = {
		[WR_MEASURE_COUNTER] = "sum",
		[WR_MEASURE_GAUGE] = "gauge",
		[WR_MEASURE_HISTOGRAM] = "histogram",
		[WR_MEASURE_INFO] = "gauge",
	};
	struct body *o = ctx;

	if (!m->otlp_name)
		return;
	wr_json_open(o->b);
	wr_json_str(o->b, "name", m->otlp_name);
	wr_json_str(o->b, "unit", m->otlp_unit);
	wr_json_str(o->b, "description", m->help);
	wr_json_open_key(o->b, kind[m->type]);
	if (m->type != WR_MEASURE_GAUGE)
		wr_json_u64(o->b, "aggregationTemporality", CUMULATIVE);
	if (m->type == WR_MEASURE_COUNTER)
		wr_json_bool(o->b, "isMonotonic", true);
	wr_json_array(o->b, "dataPoints");
}

static void end(void *ctx, const struct wr_measure *m)
{
	struct body *o = ctx;

	if (!m->otlp_name)
		return;
	wr_json_end_array(o->b);
	wr_json_close(o->b);
	wr_json_close(o->b);
}

static void point(struct body *o, const struct wr_measure *m, uint64_t start_ns)
{
	wr_json_open(o->b);
	if (m->type != WR_MEASURE_GAUGE)
		integer(o->b, "startTimeUnixNano", start_ns);
	integer(o->b, "timeUnixNano", o->now_ns);
	o->points++;
}

static void value(void *ctx, const struct wr_measure *m, const struct wr_label *labels, int n,
		  struct wr_number v, uint64_t start_ns)
{
	struct body *o = ctx;

	if (!m->otlp_name)
		return;
	point(o, m, start_ns);
	if (v.real)
		wr_json_double(o->b, "asDouble", v.d);
	else
		integer(o->b, "asInt", v.u);
	if (n) {
		wr_json_array(o->b, "attributes");
		for (int i = 0; i < n; i++)
			attribute(o->b, labels[i].name, labels[i].value);
		wr_json_end_array(o->b);
	}
	wr_json_close(o->b);
}

static void histogram(void *ctx, const struct wr_measure *m, const struct wr_count *classes,
		      const uint32_t *bounds, int n, uint32_t parts, uint64_t start_ns)
{
	struct wr_count sum = {0};
	struct body *o = ctx;
	int i;

	for (i = 0; i < n; i++) {
		sum.packets += classes[i].packets;
		sum.bytes += classes[i].bytes;
	}
	point(o, m, start_ns);
	integer(o->b, "count", sum.packets);
	wr_json_double(o->b, "sum", (double)sum.bytes / parts);
	wr_json_array(o->b, "bucketCounts");
	for (i = 0; i < n; i++)
		integer(o->b, NULL, classes[i].packets);
	wr_json_end_array(o->b);
	wr_json_array(o->b, "explicitBounds");
	for (i = 0; i + 1 < n; i++)
		wr_json_double(o->b, NULL, (double)bounds[i] / parts);
	wr_json_end_array(o->b);
	wr_json_close(o->b);
}

static void resource(struct wr_buf *b, const struct wr_otlp_resource *r)
{
	wr_json_open_key(b, "resource");
	wr_json_array(b, "attributes");
	attribute(b, "service.name", r->service_name ? r->service_name : "weir");
	attribute(b, "service.version", WR_VERSION);
	attribute(b, "service.instance.id", r->instance_id);
	attribute(b, "host.name", r->host_name);
	for (int i = 0; i < r->n_more; i++)
		attribute(b, r->more[i].key, r->more[i].value);
	wr_json_end_array(b);
	wr_json_close(b);
}

static void scope(struct wr_buf *b)
{
	wr_json_open_key(b, "scope");
	wr_json_str(b, "name", "weir");
	wr_json_str(b, "version", WR_VERSION);
	wr_json_close(b);
}

uint32_t wr_otlp_write(struct wr_buf *b, struct wr_measures *m, const struct wr_measure_in *in,
		       const struct wr_otlp_resource *r)
{
	static const struct wr_measure_sink sink = {begin, value, histogram, end};
	static const struct wr_otlp_resource plain;
	struct body o = {.b = b, .now_ns = in->now_ns};

	wr_json_open(b);
	wr_json_array(b, "resourceMetrics");
	wr_json_open(b);
	resource(b, r ? r : &plain);
	wr_json_array(b, "scopeMetrics");
	wr_json_open(b);
	scope(b);
	wr_json_array(b, "metrics");
	wr_measure_walk(m, in, &sink, &o);
	wr_json_end_array(b);
	wr_json_close(b);
	wr_json_end_array(b);
	wr_json_close(b);
	wr_json_end_array(b);
	wr_json_close(b);
	return o.points;
}

/* ---- spans ---- */

enum { INTERNAL = 1, STATUS_ERROR = 2 }; /* SpanKind, StatusCode */

static void hex(struct wr_buf *b, const char *key, const uint8_t *id, int n)
{
	wr_json_key(b, key);
	wr_buf_char(b, '"');
	for (int i = 0; i < n; i++)
		wr_buf_hex(b, id[i], 2);
	wr_buf_char(b, '"');
}

static void span_value(struct wr_buf *b, const struct wr_otlp_value *v)
{
	if (v->type == WR_OTLP_TEXT) {
		attribute(b, v->key, v->text);
		return;
	}
	wr_json_open(b);
	wr_json_str(b, "key", v->key);
	wr_json_open_key(b, "value");
	if (v->type == WR_OTLP_INT)
		integer(b, "intValue", v->number);
	else
		wr_json_double(b, "doubleValue", v->real);
	wr_json_close(b);
	wr_json_close(b);
}

static void moments(struct wr_buf *b, const struct wr_otlp_span *s)
{
	wr_json_array(b, "events");
	for (int i = 0; i < s->n_moments; i++) {
		if (!s->moments[i].at_ns)
			continue;
		wr_json_open(b);
		integer(b, "timeUnixNano", s->moments[i].at_ns);
		wr_json_str(b, "name", s->moments[i].name);
		wr_json_close(b);
	}
	wr_json_end_array(b);
}

static void one_span(struct wr_buf *b, const struct wr_otlp_span *s)
{
	wr_json_open(b);
	hex(b, "traceId", s->trace, sizeof(s->trace));
	hex(b, "spanId", s->id, sizeof(s->id));
	wr_json_str(b, "name", s->name);
	wr_json_u64(b, "kind", INTERNAL);
	integer(b, "startTimeUnixNano", s->start_ns);
	integer(b, "endTimeUnixNano", s->end_ns);
	wr_json_array(b, "attributes");
	for (int i = 0; i < s->n_values; i++)
		span_value(b, &s->values[i]);
	wr_json_end_array(b);
	moments(b, s);
	wr_json_open_key(b, "status");
	if (s->is_error) {
		wr_json_u64(b, "code", STATUS_ERROR);
		wr_json_str(b, "message", s->message);
	}
	wr_json_close(b);
	wr_json_close(b);
}

void wr_otlp_write_span(struct wr_buf *b, const struct wr_otlp_span *span,
			const struct wr_otlp_resource *r)
{
	wr_json_open(b);
	wr_json_array(b, "resourceSpans");
	wr_json_open(b);
	resource(b, r);
	wr_json_array(b, "scopeSpans");
	wr_json_open(b);
	scope(b);
	wr_json_array(b, "spans");
	one_span(b, span);
	wr_json_end_array(b);
	wr_json_close(b);
	wr_json_end_array(b);
	wr_json_close(b);
	wr_json_end_array(b);
	wr_json_close(b);
}
