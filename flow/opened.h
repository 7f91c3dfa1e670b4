/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_FLOW_OPENED_H
#define WR_FLOW_OPENED_H

#include "base/err.h"
#include "flow/flow.h"

/*
 * Connections whose SYN has come and whose ACK has not: when it came, so that a round trip is known
 * when the kernel counted the two in different windows. By hash, of fixed size: a newer one takes
 * the place of another, whose round trip is not known then.
 */
struct wr_opened;

/* Takes all memory. 0 or -ENOMEM; *out is untouched on failure. */
int wr_opened_open(struct wr_opened **out, struct wr_err *err);
void wr_opened_close(struct wr_opened **o); /* NULL is fine; sets NULL */

/* end `from` of the flow sent a SYN at `time` (low 32 bits of units of 1.024 us) and `sent` packets
 * so far. */
void wr_opened_syn(struct wr_opened *o, const struct wr_flow_key *key, uint8_t from, uint32_t time,
		   uint64_t sent);

/* And a bare ACK at `time`, the `sent` packets before it being those of then. Microseconds from the
 * SYN, at least 1; 0: it is not the next thing after a SYN that is remembered, or too late. */
uint32_t wr_opened_ack(struct wr_opened *o, const struct wr_flow_key *key, uint8_t from,
		       uint32_t time, uint64_t sent);

/* Is the SYN of that end remembered? */
bool wr_opened_waits(const struct wr_opened *o, const struct wr_flow_key *key, uint8_t from);

#endif
