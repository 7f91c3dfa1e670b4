/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_API_SIP_H
#define WR_API_SIP_H

#include <stddef.h>
#include <stdint.h>

/* SipHash-2-4 (Aumasson, Bernstein: "SipHash: a fast short-input PRF"): a keyed hash. Who does not
 * have the key cannot find out what was hashed by trying. */
struct wr_api_key {
	uint64_t word[2];
};

uint64_t wr_api_sip(const struct wr_api_key *key, const void *bytes, size_t n);

#endif
