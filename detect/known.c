/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/mem.h"
#include "detect/impl.h"

/*
 * Who was seen before: four bits by hash for each address (IPv6: for its /64), all in one line of
 * the processor's cache. (A blocked Bloom filter: F. Putze, P. Sanders, J. Singler, Cache-, Hash-
 * and Space-Efficient Bloom Filters, WEA 2007.)
 */

enum {
	KNOWN_FULL = 1 << (KNOWN_BITS - 2), /* bits that are set when others are begun */
	LINE_BITS = 9,			    /* a line has 64 bytes */
	LINE = 1 << LINE_BITS,
	BITS = 4,
};

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

/* The words in which the bits of a source are. */
struct place {
	uint64_t *word[BITS], bit[BITS];
};

static struct place place_of(uint64_t *known, const uint8_t addr[16], uint8_t ip_v)
{
	uint8_t net[16] = {0};
	uint64_t h, *line;
	struct place p;

	memcpy(net, addr, ip_v == 4 ? 4 : 8);
	h = addr_hash(net);
	line = known + (h >> (64 - KNOWN_BITS + LINE_BITS)) * (LINE / 64);
	for (int i = 0; i < BITS; i++, h >>= LINE_BITS) {
		p.word[i] = &line[h % LINE / 64];
		p.bit[i] = 1ull << h % 64;
	}
	return p;
}

static bool has(const struct place *p)
{
	int i = 0;

	while (i < BITS && *p->word[i] & p->bit[i])
		i++;
	return i == BITS;
}

/* How many of them were not set; they are from now on. */
static uint32_t add(const struct place *p)
{
	uint32_t n = 0;

	for (int i = 0; i < BITS; i++) {
		n += !(*p->word[i] & p->bit[i]);
		*p->word[i] |= p->bit[i];
	}
	return n;
}

/*
 * A flood of forged ones would set all bits, and none would be new any more; so when a quarter of
 * them is set others are begun, and those of before are asked, too. Who comes again meanwhile is in
 * both.
 */
bool known_new(struct known *k, const uint8_t addr[16], uint8_t ip_v)
{
	struct place now = place_of(k->now, addr, ip_v);
	struct place before = place_of(k->before, addr, ip_v);
	uint32_t n = add(&now);
	bool is_new = n && !has(&before);

	k->n += n;
	if (k->n >= KNOWN_FULL) {
		uint64_t *others = k->before;

		k->before = k->now;
		k->n_before = k->n;
		k->now = others;
		k->n = 0;
		memset(others, 0, KNOWN_WORDS * sizeof(*others));
	}
	return is_new;
}

/* Of an address that was not seen all bits may be those of others. */
double known_share(const struct known *k)
{
	const double all = 1 << KNOWN_BITS;

	return (1 - pow(k->n / all, BITS)) * (1 - pow(k->n_before / all, BITS));
}
