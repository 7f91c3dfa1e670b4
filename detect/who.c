/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/who.h"

#include <stdlib.h>

enum { TELL = 50 /* who sends less than one in so many is not one of the few */ };

bool addr_in(const uint8_t *addr, const uint8_t *net, uint8_t bits)
{
	uint8_t whole = bits / 8, rest = bits % 8;

	if (memcmp(addr, net, whole))
		return false;
	return !rest || !((addr[whole] ^ net[whole]) >> (8 - rest));
}

struct wr_victim net_of(const uint8_t addr[16], uint8_t ip_v, uint8_t bits)
{
	struct wr_victim v = victim_of(addr, ip_v);
	uint8_t whole = bits / 8;

	v.prefix = bits;
	if (whole == sizeof(v.addr))
		return v;
	v.addr[whole] &= (uint8_t)(0xff00 >> bits % 8);
	memset(v.addr + whole + 1, 0, sizeof(v.addr) - whole - 1u);
	return v;
}

bool who_has(const struct who *w, const uint8_t *addr)
{
	for (uint32_t i = 0; i < w->n; i++)
		if (addr_in(addr, w->net[i].addr, w->net[i].prefix))
			return true;
	return false;
}

void who_text(struct wr_buf *b, const char *clause, const struct who *w)
{
	for (uint32_t i = 0; i < w->n; i++) {
		wr_buf_str(b, i ? ", " : clause);
		wr_victim_text(b, &w->net[i]);
	}
}

void who_tally(struct who *w, uint32_t seen[WHO_MOST], const struct wr_victim *net)
{
	uint32_t i = 0, empty = WHO_MOST;

	for (; i < w->n && memcmp(w->net[i].addr, net->addr, sizeof(net->addr)); i++)
		if (!seen[i])
			empty = i;
	if (i == w->n && empty < WHO_MOST)
		i = empty;
	if (i < w->n && !memcmp(w->net[i].addr, net->addr, sizeof(net->addr))) {
		seen[i]++;
	} else if (i < WHO_MOST) { /* a place that is free, or nobody's any more */
		w->n += i == w->n;
		w->net[i] = *net;
		seen[i] = 1;
	} else {
		for (i = 0; i < WHO_MOST; i++)
			seen[i]--;
	}
}

static int by_address(const void *a, const void *b)
{
	const struct wr_victim *x = a, *y = b;

	return memcmp(x->addr, y->addr, sizeof(x->addr));
}

static bool few_of(const struct sample *s, uint32_t n, double share, uint8_t bits4, struct who *w)
{
	uint32_t seen[WHO_MOST] = {0}, of[WHO_MOST] = {0}, had, all = 0;

	*w = (struct who){0};
	for (uint32_t i = 0; i < n; i++) {
		struct wr_victim net = net_of(s[i].src, s[i].ip_v, s[i].ip_v == 4 ? bits4 : 64);

		who_tally(w, seen, &net);
	}
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < w->n; k++)
			of[k] += addr_in(s[i].src, w->net[k].addr, w->net[k].prefix);
	had = w->n;
	w->n = 0;
	for (uint32_t i = 0; i < had; i++) {
		if ((uint64_t)of[i] * TELL < n)
			continue;
		w->net[w->n++] = w->net[i];
		all += of[i];
	}
	/* The same ones make the same rule. */
	qsort(w->net, w->n, sizeof(*w->net), by_address);
	return w->n && all >= share * n;
}

bool who_few(const struct sample *s, uint32_t n, double share, struct who *w)
{
	return few_of(s, n, share, 32, w) || few_of(s, n, share, 24, w);
}
