/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_POLICY_DESCRIBE_H
#define WR_POLICY_DESCRIBE_H

#include <stdint.h>

#include "base/err.h"

/*
 * A packet from words, so that a rule can be asked about one that never was:
 *
 *	PROTO SRC[:PORT] > DST[:PORT] [FLAG...] [in IFACE] [vlan N]... [len N]
 *	tcp 203.0.113.7:5555 > 10.0.0.5:443 syn
 *	udp [2001:db8::7]:53 > [2001:db8::1]:5000 in eth0 vlan 7 len 600
 *
 * PROTO as in rules; a source port that is not said is 40000, TCP without a flag has ACK, ICMP is
 *an echo request. It becomes a whole Ethernet frame, so that expressions see it, too.
 */
enum { WR_DESCRIBE_LEN = 65535 }; /* at most, bytes of the frame */

struct wr_described {
	uint8_t *data; /* owned */
	uint32_t len;
	char iface[16]; /* "": not said */
};

/* -EINVAL: err has the word and what was expected; -ENOMEM. */
int wr_describe(struct wr_described *out, const char *text, struct wr_err *err);
void wr_described_free(struct wr_described *d);

#endif
