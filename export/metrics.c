/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "export/metrics.h"

#include <string.h>

#include "base/json.h"
#include "base/utf8.h"

static const struct {
	const char *accept, *type;
} forms[] = {
#define X(sym, accept, type) {accept, type},
	WR_METRICS_TABLE(X)
#undef X
};

/* What differs by type: its name in each form, and what a sample's name ends with. The older text
 * knows no `info`. */
static const struct {
	const char *name[WR_METRICS_FORMS], *suffix;
} types[] = {
	[WR_MEASURE_COUNTER] = {{"counter", "counter"}, "_total"},
	[WR_MEASURE_GAUGE] = {{"gauge", "gauge"}, ""},
	[WR_MEASURE_HISTOGRAM] = {{"histogram", "histogram"}, ""},
	[WR_MEASURE_INFO] = {{"gauge", "info"}, "_info"},
};

struct text {
	struct wr_buf *b;
	enum wr_metrics_form form;
};

enum wr_metrics_form wr_metrics_form(const char *accept)
{
	return accept && strstr(accept, forms[WR_METRICS_OPENMETRICS].accept)
		       ? WR_METRICS_OPENMETRICS
		       : WR_METRICS_TEXT;
}

const char *wr_metrics_type(enum wr_metrics_form form)
{
	return forms[form].type;
}

/* "# TYPE name counter": in the older text the name is that of the samples. */
static void about(const struct text *t, const char *what, const struct wr_measure *m,
		  const char *text)
{
	wr_buf_fmt(t->b, "# %s %s%s %s\n", what, m->name,
		   t->form == WR_METRICS_TEXT ? types[m->type].suffix : "", text);
}

static void begin(void *ctx, const struct wr_measure *m)
{
	const struct text *t = ctx;

	about(t, "HELP", m, m->help);
	about(t, "TYPE", m, types[m->type].name[t->form]);
	if (*m->unit && t->form == WR_METRICS_OPENMETRICS)
		about(t, "UNIT", m, m->unit);
}

static void end(void *ctx, const struct wr_measure *m)
{
	(void)ctx;
	(void)m;
}

/* Backslash, quote and newline are escaped; other bytes stand for themselves, if they are UTF-8. */
static void quoted(struct wr_buf *b, const char *value)
{
	const uint8_t *s = (const uint8_t *)value;
	size_t left = strlen(value), n;

	wr_buf_char(b, '"');
	for (; left; left -= n, s += n) {
		n = wr_utf8_size(s, left);
		if (!n) {
			wr_buf_str(b, "\\\\x");
			wr_buf_hex(b, *s, 2);
			n = 1;
		} else if (*s == '\n') {
			wr_buf_str(b, "\\n");
		} else {
			if (*s == '"' || *s == '\\')
				wr_buf_char(b, '\\');
			wr_buf_add(b, s, n);
		}
	}
	wr_buf_char(b, '"');
}

static void number(struct wr_buf *b, struct wr_number v)
{
	if (v.real)
		wr_buf_double(b, v.d);
	else
		wr_buf_u64(b, v.u);
	wr_buf_char(b, '\n');
}

static void value(void *ctx, const struct wr_measure *m, const struct wr_label *labels, int n,
		  struct wr_number v, uint64_t start_ns)
{
	const struct text *t = ctx;

	(void)start_ns;
	wr_buf_str(t->b, m->name);
	wr_buf_str(t->b, types[m->type].suffix);
	for (int i = 0; i < n; i++) {
		wr_buf_char(t->b, i ? ',' : '{');
		wr_buf_str(t->b, labels[i].name);
		wr_buf_char(t->b, '=');
		quoted(t->b, labels[i].value);
	}
	wr_buf_str(t->b, n ? "} " : " ");
	number(t->b, v);
}

/* Each bucket holds those below it, too. */
static void histogram(void *ctx, const struct wr_measure *m, const struct wr_count *classes,
		      const uint32_t *bounds, int n, uint32_t parts, uint64_t start_ns)
{
	const struct text *t = ctx;
	struct wr_count sum = {0};

	(void)start_ns;
	for (int i = 0; i < n; i++) {
		sum.packets += classes[i].packets;
		sum.bytes += classes[i].bytes;
		if (i + 1 < n) {
			wr_buf_fmt(t->b, "%s_bucket{le=\"", m->name);
			wr_buf_double(t->b, (double)bounds[i] / parts);
			wr_buf_str(t->b, bounds[i] % parts ? "\"} " : ".0\"} ");
		} else {
			wr_buf_fmt(t->b, "%s_bucket{le=\"+Inf\"} ", m->name);
		}
		number(t->b, (struct wr_number){.u = sum.packets});
	}
	wr_buf_fmt(t->b, "%s_sum ", m->name);
	if (parts > 1)
		number(t->b, (struct wr_number){.real = true, .d = (double)sum.bytes / parts});
	else
		number(t->b, (struct wr_number){.u = sum.bytes});
	wr_buf_fmt(t->b, "%s_count ", m->name);
	number(t->b, (struct wr_number){.u = sum.packets});
}

void wr_metrics_write(struct wr_buf *b, struct wr_measures *m, const struct wr_measure_in *in,
		      enum wr_metrics_form form)
{
	static const struct wr_measure_sink sink = {begin, value, histogram, end};
	struct text t = {b, form};

	wr_measure_walk(m, in, &sink, &t);
	if (form == WR_METRICS_OPENMETRICS)
		wr_buf_str(b, "# EOF\n");
}
