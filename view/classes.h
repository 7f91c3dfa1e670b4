/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_VIEW_CLASSES_H
#define WR_VIEW_CLASSES_H

#include "base/buf.h"
#include "capture/capture.h"

/* Bandwidth classes and links of a running daemon, for people and as JSON objects (docs/events.md).
 * offered = passed + dropped; marked and borrowed are parts of passed. */
struct wr_class_counts {
	struct wr_count offered, passed, marked, dropped, borrowed;
};

struct wr_class_row {
	const char *name;		     /* NULL: what no class rule chooses */
	uint64_t guarantee_bps, ceiling_bps; /* 0: none */
	uint32_t priority;
	struct wr_class_counts all, second; /* so far; in the last second */
};

struct wr_link_row {
	const char *iface;
	bool out;
	const char *known_by; /* how its capacity is known: policy, interface, nobody */
	uint64_t capacity_bps, budget_bps,
		used_bps;  /* budget: what it may carry now; 0: no bound */
	uint64_t queue_ns; /* of what is imagined to wait: how full it is */
	uint64_t pressed;  /* how often the host did not keep up */
	const char *why;   /* the last time: backlog, sockets, cpu; NULL: it always has */
	const struct wr_class_row *classes; /* what each had of it */
	uint32_t n_classes; /* 0: it is one of many, whose classes are counted together */
};

void wr_view_class_json(struct wr_buf *b, const struct wr_class_row *row);
void wr_view_link_json(struct wr_buf *b, const struct wr_link_row *row);
/* Tables in 80 columns. */
void wr_view_classes_head(struct wr_buf *b, bool color);
void wr_view_class_text(struct wr_buf *b, const struct wr_class_row *row, bool color);
void wr_view_links_head(struct wr_buf *b, bool color);
void wr_view_link_text(struct wr_buf *b, const struct wr_link_row *row, bool color);
/* What each class had of that link; nothing where that is not counted. */
void wr_view_link_classes_text(struct wr_buf *b, const struct wr_link_row *row, bool color);

#endif
