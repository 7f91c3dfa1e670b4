/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DETECT_SPREAD_H
#define WR_DETECT_SPREAD_H

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

#endif
