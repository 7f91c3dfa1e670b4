/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "l7/crypto.h"

#include <errno.h>

/* A build without nettle: no JA4, and of QUIC no more than the version. */

int wr_l7_sha256(uint8_t digest[WR_L7_SHA256], const void *bytes, size_t n)
{
	(void)digest;
	(void)bytes;
	(void)n;
	return -ENOTSUP;
}

int wr_l7_hkdf_extract(uint8_t prk[WR_L7_SHA256], const void *salt, size_t salt_n, const void *key,
		       size_t key_n)
{
	(void)prk;
	(void)salt;
	(void)salt_n;
	(void)key;
	(void)key_n;
	return -ENOTSUP;
}

int wr_l7_hkdf_label(uint8_t *to, size_t n, const uint8_t secret[WR_L7_SHA256], const char *label)
{
	(void)to;
	(void)n;
	(void)secret;
	(void)label;
	return -ENOTSUP;
}

int wr_l7_aes128_ctr(const uint8_t key[WR_L7_AES128], const uint8_t counter[WR_L7_AES128],
		     const uint8_t *from, uint8_t *to, size_t n)
{
	(void)key;
	(void)counter;
	(void)from;
	(void)to;
	(void)n;
	return -ENOTSUP;
}
