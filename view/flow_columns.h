/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_VIEW_FLOW_COLUMNS_H
#define WR_VIEW_FLOW_COLUMNS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "flow/flow.h"
#include "view/flow_json.h"

/*
 * Flows as a table of typed columns. CSV and Parquet are made from this one, so they have the same
 * columns with the same values. Units stand in the names.
 */
enum wr_flow_columns {
	WR_FLOW_COLUMNS_FLOWS,	  /* what the JSON object holds */
	WR_FLOW_COLUMNS_FEATURES, /* who and when, then numbers for learning */
};

/* Goes up when a column goes, or means something else than before. */
enum { WR_FLOW_COLUMNS_VERSION = 1, WR_FLOW_COLUMNS_MAX = 64 };

enum wr_flow_type {
	WR_FLOW_TYPE_TIME, /* u: nanoseconds since 1970, UTC */
	WR_FLOW_TYPE_U8,   /* u, as the next three */
	WR_FLOW_TYPE_U16,
	WR_FLOW_TYPE_U32,
	WR_FLOW_TYPE_U64,
	WR_FLOW_TYPE_HEX,     /* u: eight bits, told as two hexadecimal digits */
	WR_FLOW_TYPE_REAL,    /* real: finite */
	WR_FLOW_TYPE_TEXT,    /* text: not empty, ended by NUL, borrowed */
	WR_FLOW_TYPE_ADDRESS, /* addr, borrowed: IPv4 or IPv6 as the flow's ip_v says */
};

union wr_flow_value {
	uint64_t u;
	double real;
	const char *text;
	const uint8_t *addr;
};

/* A flow as columns see it: client and server are ends (wr_flow_server()). */
struct wr_flow_told {
	const struct wr_flow *f;
	const struct wr_flow_style *style;
	int client, server;
};

struct wr_flow_column {
	const char *name;
	enum wr_flow_type type;
	bool always;	 /* each flow has it */
	uint8_t digits;	 /* REAL: significant ones that text shows */
	unsigned int in; /* bits: 1 << enum wr_flow_columns */
	/* False: this flow has no such fact. */
	bool (*get)(const struct wr_flow_told *t, union wr_flow_value *v);
};

/* The column behind `after` (NULL: the first one); NULL: there are no more. */
const struct wr_flow_column *wr_view_flow_column(enum wr_flow_columns which,
						 const struct wr_flow_column *after);

/* style may be NULL; both are borrowed. */
struct wr_flow_told wr_view_flow_told(const struct wr_flow *f, const struct wr_flow_style *style);

/* A value that get() gave, as text, without quotes. */
void wr_view_flow_value(struct wr_buf *b, const struct wr_flow_column *c,
			const struct wr_flow_told *t, union wr_flow_value v);

#endif
