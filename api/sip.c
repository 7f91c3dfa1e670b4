/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api/sip.h"

#include <endian.h>
#include <string.h>

static inline uint64_t turn(uint64_t x, int by)
{
	return x << by | x >> (64 - by);
}

static void rounds(uint64_t v[4], int n)
{
	while (n--) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = turn(v[1], 13) ^ v[0];
		v[3] = turn(v[3], 16) ^ v[2];
		v[0] = turn(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = turn(v[1], 17) ^ v[2];
		v[3] = turn(v[3], 21) ^ v[0];
		v[2] = turn(v[2], 32);
	}
}

uint64_t wr_api_sip(const struct wr_api_key *key, const void *bytes, size_t n)
{
	uint64_t v[4] = {
		key->word[0] ^ 0x736f6d6570736575ull,
		key->word[1] ^ 0x646f72616e646f6dull,
		key->word[0] ^ 0x6c7967656e657261ull,
		key->word[1] ^ 0x7465646279746573ull,
	};
	const uint8_t *at = bytes;
	uint64_t word, last = (uint64_t)n << 56;

	for (; n >= 8; n -= 8, at += 8) {
		memcpy(&word, at, 8);
		word = le64toh(word);
		v[3] ^= word;
		rounds(v, 2);
		v[0] ^= word;
	}
	for (size_t i = 0; i < n; i++)
		last |= (uint64_t)at[i] << 8 * i;
	v[3] ^= last;
	rounds(v, 2);
	v[0] ^= last;
	v[2] ^= 0xff;
	rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
