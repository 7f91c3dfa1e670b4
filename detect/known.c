/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/mem.h"
#include "detect/impl.h"

/* Who was seen before: a bit by hash for each address (IPv6: for its /64). */

enum { KNOWN_FULL = 1 << (KNOWN_BITS - 2) /* bits that are set when others are begun */ };

int known_open(struct known *k)
{
	k->now = wr_mem_map(KNOWN_WORDS * sizeof(*k->now));
	k->before = wr_mem_map(KNOWN_WORDS * sizeof(*k->before));
	return k->now && k->before ? 0 : -1;
}

void known_close(struct known *k)
{
	wr_mem_unmap(k->now, KNOWN_WORDS * sizeof(*k->now));
	wr_mem_unmap(k->before, KNOWN_WORDS * sizeof(*k->before));
}

/* The word in which the bit of a source is. */
static uint64_t *word_of(uint64_t *known, const uint8_t addr[16], uint8_t ip_v, uint64_t *bit)
{
	uint8_t net[16] = {0};
	uint64_t h;

	memcpy(net, addr, ip_v == 4 ? 4 : 8);
	h = addr_hash(net);
	*bit = 1ull << (h >> (64 - KNOWN_BITS) & 63);
	return &known[h >> (64 - KNOWN_BITS) >> 6];
}

bool new_source(uint64_t *known, const uint8_t addr[16], uint8_t ip_v)
{
	uint64_t bit, *word = word_of(known, addr, ip_v, &bit);

	if (*word & bit)
		return false;
	*word |= bit;
	return true;
}

/*
 * A flood of forged ones would set all bits, and none would be new any more; so when a quarter of
 * them is set others are begun, and those of before are asked, too. Who comes again meanwhile is in
 * both.
 */
bool known_new(struct known *k, const uint8_t addr[16], uint8_t ip_v)
{
	uint64_t bit, *before = k->before;

	if (!new_source(k->now, addr, ip_v))
		return false;
	if (++k->n >= KNOWN_FULL) {
		k->before = k->now;
		k->now = before;
		k->n_before = k->n;
		k->n = 0;
		if (*word_of(before, addr, ip_v, &bit) & bit)
			bit = 0;
		memset(before, 0, KNOWN_WORDS * sizeof(*before));
		return bit;
	}
	return !(*word_of(before, addr, ip_v, &bit) & bit);
}

double known_share(const struct known *k)
{
	double all = 1 << KNOWN_BITS;

	return (1 - k->n / all) * (1 - k->n_before / all);
}
