/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_VIEW_SUMMARY_IMPL_H
#define WR_VIEW_SUMMARY_IMPL_H

#include "flow/flow.h"
#include "flow/talk.h"
#include "view/summary.h"

/* What the files summary*.c share. */

/* A row's place in its table: most bytes first, then the one that came first. */
struct wr_rank {
	uint64_t bytes;
	uint32_t row;
};

struct wr_summary {
	struct wr_tally tally;
	struct wr_flow_table *flows; /* owned, as all below */
	struct wr_talk *talk[2];     /* by enum wr_talk_kind */
	struct wr_rank *ranks;	     /* room for the largest table */
	uint32_t ranks_max;
	uint32_t top;
	char *name, *filter;		 /* may be NULL */
	struct wr_count arrived, chosen; /* by the source */
	struct {
		const struct wr_policy *policy; /* borrowed; NULL: none */
		const struct wr_verdicts *verdicts;
		const char *file;
	} policy;
	bool has_ledger;
	bool finished; /* the flows left in the table are in talk[] too */
};

/* The other side of the tally's ledger, from the tables. */
struct wr_summary_sums {
	struct wr_count in_flows, in_other, not_ip;
};

/* Pours the flows that are left into talk[]. Once; later calls do nothing. */
void wr_summary_finish(struct wr_summary *s);

struct wr_summary_sums wr_summary_sums(const struct wr_summary *s);

/* Puts the best `want` rows first in s->ranks. Returns how many that are: want or all. */
uint32_t wr_summary_rank_flows(struct wr_summary *s, uint32_t want);
uint32_t wr_summary_rank_talk(struct wr_summary *s, enum wr_talk_kind kind, uint32_t want);

/* What became of the packets; nothing without a policy. */
struct wr_view_table;
bool wr_summary_policy_balanced(const struct wr_summary *s);
void wr_summary_policy_text(const struct wr_summary *s, struct wr_view_table *t);
void wr_summary_policy_ledger(const struct wr_summary *s, struct wr_buf *b); /* a line */
void wr_summary_policy_json(const struct wr_summary *s, struct wr_buf *b);   /* a key */

/* What a protocol row is called; NULL when it has a number and no name. */
const char *wr_summary_proto(const struct wr_tally_row *row);

static inline struct wr_count wr_count_sum(struct wr_count a, struct wr_count b)
{
	return (struct wr_count){a.packets + b.packets, a.bytes + b.bytes};
}

static inline struct wr_count wr_count_less(struct wr_count a, struct wr_count b)
{
	return (struct wr_count){a.packets - b.packets, a.bytes - b.bytes};
}

static inline bool wr_count_same(struct wr_count a, struct wr_count b)
{
	return a.packets == b.packets && a.bytes == b.bytes;
}

#endif
