/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_VIEW_HIDE_H
#define WR_VIEW_HIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * Addresses in what leaves the host. X(symbol, name, what is told in place of an address)
 *
 * hash: 16 hexadecimal digits of HMAC-SHA-256 (RFC 2104) under a secret key, so that the same
 * address is the same text while the key is the same, and nobody without the key can try all IPv4
 * addresses. The key is in no output.
 */
#define WR_HIDE_TABLE(X)                             \
	X(RAW, "raw", "the address")                 \
	X(HASH, "hash", "a hash under a secret key") \
	X(PREFIX, "prefix", "its /24, or /48")       \
	X(NONE, "none", "nothing")

enum wr_hide_how {
#define X(sym, name, text) WR_HIDE_##sym,
	WR_HIDE_TABLE(X)
#undef X
		WR_HIDE_HOWS
};

enum { WR_HIDE_KEY_LEAST = 16, WR_HIDE_KEY_MOST = 64 }; /* bytes */

struct wr_hide {
	enum wr_hide_how how;
	uint8_t key[WR_HIDE_KEY_MOST];
	size_t n_key;
};

const char *wr_hide_name(enum wr_hide_how how);

/* By its name. -EINVAL: there is none. */
int wr_hide_how(const char *name, enum wr_hide_how *how, struct wr_err *err);

/*
 * The key (WR_HIDE_HASH alone needs one): all bytes of a file, of 16 to 64, or, with key_file NULL
 * or "", new random ones, so that no other run's hashes are the same. -EINVAL: the file is no key,
 * or others may read it; -EOPNOTSUPP: built without nettle; what open() says.
 */
int wr_hide_open(struct wr_hide *h, enum wr_hide_how how, const char *key_file, struct wr_err *err);

/* As text; prefix: bits of it, 0 = a host's. h NULL: raw. False: nothing is told. */
bool wr_hide_address(struct wr_buf *b, const struct wr_hide *h, const uint8_t *addr, uint8_t ip_v,
		     uint8_t prefix);

#endif
