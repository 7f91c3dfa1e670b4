/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_EXPORT_OTLP_H
#define WR_EXPORT_OTLP_H

#include "base/buf.h"
#include "export/measure.h"

/*
 * Measures as the body of an OTLP/HTTP metrics request in JSON (OpenTelemetry protocol 1.x,
 * ExportMetricsServiceRequest; JSON as its specification has it: lowerCamelCase keys, 64-bit
 * integers as strings, enums as integers). Pure; export/post.h sends it.
 */

struct wr_otlp_pair {
	const char *key, *value;
};

/* Whose measures they are: attributes of the resource beside service.name and service.version. */
struct wr_otlp_resource {
	const char *service_name; /* NULL = "weir" */
	const char *host_name;	  /* NULL = absent, as the next */
	const char *instance_id;
	const struct wr_otlp_pair *more;
	int n_more;
};

/* One object, no newline in it. Returns how many data points it holds. */
uint32_t wr_otlp_write(struct wr_buf *b, struct wr_measures *m, const struct wr_measure_in *in,
		       const struct wr_otlp_resource *resource);

/* What a span says beside its times. */
enum wr_otlp_type { WR_OTLP_TEXT, WR_OTLP_INT, WR_OTLP_REAL };
struct wr_otlp_value {
	const char *key;
	enum wr_otlp_type type;
	const char *text;
	uint64_t number;
	double real;
};
struct wr_otlp_moment {
	const char *name;
	uint64_t at_ns; /* 0: there was none */
};
struct wr_otlp_span {
	uint8_t trace[16], id[8]; /* not all 0 */
	const char *name;
	uint64_t start_ns, end_ns;
	const struct wr_otlp_value *values;
	int n_values;
	const struct wr_otlp_moment *moments;
	int n_moments;
	bool is_error;
	const char *message; /* of an error */
};

/* A span as the body of an OTLP/HTTP traces request in JSON (ExportTraceServiceRequest; ids in hex,
 * as its specification has it). One object, no newline in it. */
void wr_otlp_write_span(struct wr_buf *b, const struct wr_otlp_span *span,
			const struct wr_otlp_resource *resource);

#endif
