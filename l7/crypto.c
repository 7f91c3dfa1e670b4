/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "l7/crypto.h"

#include <string.h>

#include <nettle/aes.h>
#include <nettle/ctr.h>
#include <nettle/hmac.h>
#include <nettle/sha2.h>

int wr_l7_sha256(uint8_t digest[WR_L7_SHA256], const void *bytes, size_t n)
{
	struct sha256_ctx c;

	sha256_init(&c);
	sha256_update(&c, n, bytes);
	sha256_digest(&c, WR_L7_SHA256, digest);
	return 0;
}

int wr_l7_hkdf_extract(uint8_t prk[WR_L7_SHA256], const void *salt, size_t salt_n, const void *key,
		       size_t key_n)
{
	struct hmac_sha256_ctx c;

	hmac_sha256_set_key(&c, salt_n, salt);
	hmac_sha256_update(&c, key_n, key);
	hmac_sha256_digest(&c, WR_L7_SHA256, prk);
	return 0;
}

int wr_l7_hkdf_label(uint8_t *to, size_t n, const uint8_t secret[WR_L7_SHA256], const char *label)
{
	uint8_t info[2 + 1 + 6 + 16 + 2] = {0, (uint8_t)n};
	size_t text = strlen(label);
	struct hmac_sha256_ctx c;

	info[2] = (uint8_t)(6 + text);
	memcpy(info + 3, "tls13 ", 6);
	memcpy(info + 9, label, text);
	info[9 + text] = 0;  /* no context */
	info[10 + text] = 1; /* the first block of output, and there is no other */
	hmac_sha256_set_key(&c, WR_L7_SHA256, secret);
	hmac_sha256_update(&c, 11 + text, info);
	hmac_sha256_digest(&c, n, to);
	return 0;
}

int wr_l7_aes128_ctr(const uint8_t key[WR_L7_AES128], const uint8_t counter[WR_L7_AES128],
		     const uint8_t *from, uint8_t *to, size_t n)
{
	struct CTR_CTX(struct aes128_ctx, AES_BLOCK_SIZE) c;

	aes128_set_encrypt_key(&c.ctx, key);
	CTR_SET_COUNTER(&c, counter);
	CTR_CRYPT(&c, aes128_encrypt, n, to, from);
	return 0;
}
