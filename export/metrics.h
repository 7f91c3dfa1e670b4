/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_EXPORT_METRICS_H
#define WR_EXPORT_METRICS_H

#include "base/buf.h"
#include "export/measure.h"

/* Measures as text for Prometheus and its kin. Pure. */

/* X(symbol, what stands in an Accept header, content type) */
#define WR_METRICS_TABLE(X)                                               \
	X(TEXT, "text/plain", "text/plain; version=0.0.4; charset=utf-8") \
	X(OPENMETRICS, "application/openmetrics-text",                    \
	  "application/openmetrics-text; version=1.0.0; charset=utf-8")

enum wr_metrics_form {
#define X(sym, accept, type) WR_METRICS_##sym,
	WR_METRICS_TABLE(X)
#undef X
		WR_METRICS_FORMS
};

/* OpenMetrics when the reader takes it, else the older text. accept: the header's value, or NULL.
 */
enum wr_metrics_form wr_metrics_form(const char *accept);
const char *wr_metrics_type(enum wr_metrics_form form); /* Content-Type */

/* The whole answer. Label values that are not UTF-8 have those bytes as \xNN. */
void wr_metrics_write(struct wr_buf *b, struct wr_measures *m, const struct wr_measure_in *in,
		      enum wr_metrics_form form);

#endif
