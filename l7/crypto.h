/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_L7_CRYPTO_H
#define WR_L7_CRYPTO_H

#include <stddef.h>
#include <stdint.h>

/*
 * The few primitives that reading a hello takes: from nettle, or, in a build without it, none: then
 * they return -ENOTSUP.
 */

enum { WR_L7_SHA256 = 32, WR_L7_AES128 = 16 };

int wr_l7_sha256(uint8_t digest[WR_L7_SHA256], const void *bytes, size_t n);

/* RFC 5869, 2.2 with SHA-256 */
int wr_l7_hkdf_extract(uint8_t prk[WR_L7_SHA256], const void *salt, size_t salt_n, const void *key,
		       size_t key_n);

/* HKDF-Expand-Label with an empty context, n <= 32 bytes (RFC 8446, 7.1); label without "tls13 ",
 * at most 16 characters */
int wr_l7_hkdf_label(uint8_t *to, size_t n, const uint8_t secret[WR_L7_SHA256], const char *label);

/* XORs n bytes with the key stream that begins at this counter block; from == to is fine. */
int wr_l7_aes128_ctr(const uint8_t key[WR_L7_AES128], const uint8_t counter[WR_L7_AES128],
		     const uint8_t *from, uint8_t *to, size_t n);

#endif
