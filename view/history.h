/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_VIEW_HISTORY_H
#define WR_VIEW_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "store/rows.h"

/* History for a person, 80 columns, local time; and as the JSON objects of docs/events.md. */

/* What is shown: a key of a kind, or all keys (NULL), in periods of res_s. */
struct wr_history_of {
	enum wr_store_kind kind;
	const char *key;
	uint32_t res_s;
	uint64_t from_s, to_s;
};

/* ---- JSON: one object, with newline ---- */

/* `history`: what was counted in the period that begins at t_s and has span_s seconds. */
void wr_view_history_json(struct wr_buf *b, enum wr_store_kind kind, const char *key, uint64_t t_s,
			  uint64_t span_s, const struct wr_store_counts *n);
/* `flow`, `incident`, `rule` */
void wr_view_history_flow_json(struct wr_buf *b, const struct wr_store_flow *f);
void wr_view_history_incident_json(struct wr_buf *b, const struct wr_store_incident *i);
void wr_view_history_rule_json(struct wr_buf *b, const struct wr_store_rule *r);

/* ---- text ---- */

/* A table of periods or keys, row by row. All of it is set up by begin; most is
 * wr_view_history_most() of the longest bar. */
struct wr_history_table {
	const struct wr_history_of *of;
	uint64_t most;
	uint64_t next_s; /* where the next period should begin */
	uint64_t day;	 /* of the last row, local */
	struct wr_store_counts sum;
	uint64_t rows;
	void (*cells)(struct wr_buf *b, const struct wr_store_counts *n, uint64_t span_s);
};

/* What bars are about: bytes, or requests. */
uint64_t wr_view_history_most(enum wr_store_kind kind, const struct wr_store_counts *n);

void wr_view_history_begin(struct wr_buf *b, struct wr_history_table *t,
			   const struct wr_history_of *of, uint64_t most);
void wr_view_history_period(struct wr_buf *b, struct wr_history_table *t, uint64_t t_s,
			    const struct wr_store_counts *n);
void wr_view_history_key(struct wr_buf *b, struct wr_history_table *t, const char *key,
			 const struct wr_store_counts *n);
void wr_view_history_end(struct wr_buf *b, struct wr_history_table *t);

/* A line or two each; *day is the local day of the line before (0 at first), a new one gets a
 * line. */
void wr_view_history_flow(struct wr_buf *b, const struct wr_store_flow *f, uint64_t *day);
void wr_view_history_incident(struct wr_buf *b, const struct wr_store_incident *i, uint64_t *day);
void wr_view_history_rule(struct wr_buf *b, const struct wr_store_rule *r, uint64_t *day);

#endif
