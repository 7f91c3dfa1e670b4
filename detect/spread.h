/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DETECT_SPREAD_H
#define WR_DETECT_SPREAD_H

#include <stdbool.h>
#include <stdint.h>

/*
 * How packets spread over values (addresses, ports): how many different ones, and the Shannon
 * entropy, in fixed memory. A value belongs to one of 64 buckets. Four values of a bucket are
 * counted by themselves, the heaviest ones (the least of them is voted out, as in the kernel's flow
 * tables: core/account.h). Of all others there are their packets and how many different ones, by 64
 * bits (linear counting; Whang et al., 1990), over which the packets are taken to be spread evenly.
 *
 * So both are exact while no more than four values share a bucket. With more, the entropy is too
 * large by what the others of a bucket differ among themselves, and off by the error of counting
 * them. About 15,000 values are told apart; more count as so many. Measured errors:
 * docs/export.md.
 */
enum { WR_SPREAD_BUCKETS = 64, WR_SPREAD_WAYS = 4 };

struct wr_spread {
	struct {
		uint64_t seen;			/* bits, by hash, of all values */
		uint32_t value[WR_SPREAD_WAYS]; /* hashes; 0: none */
		uint32_t n[WR_SPREAD_WAYS];	/* their packets */
		uint32_t n_others, votes;
	} bucket[WR_SPREAD_BUCKETS];
};

/* n packets of the value with that hash. */
void wr_spread_add(struct wr_spread *s, uint64_t hash, uint32_t n);

struct wr_spread_told {
	double values;	/* different ones */
	double entropy; /* bits */
};
struct wr_spread_told wr_spread_told(const struct wr_spread *s);

/*
 * The same of few values, in little room: most keys of a window have one source and one port, and
 * three kilobytes for each of them are cleared, filled and read through for nothing. What is told
 * is the same to the bit. For one value more it is moved to a struct wr_spread.
 */
enum { WR_SPREAD_FEW = WR_SPREAD_WAYS };

struct wr_spread_few {
	uint64_t value[WR_SPREAD_FEW]; /* bucket and hash; 0: none */
	uint32_t n[WR_SPREAD_FEW];     /* their packets */
};

/* As wr_spread_add(). False: it has no room for that value, and is as before. */
bool wr_spread_few_add(struct wr_spread_few *s, uint64_t hash, uint32_t n);
struct wr_spread_told wr_spread_few_told(const struct wr_spread_few *s);

/* What it has is added to `to`, which is empty. */
void wr_spread_few_move(const struct wr_spread_few *s, struct wr_spread *to);

#endif
