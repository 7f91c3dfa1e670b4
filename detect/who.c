/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/who.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	LOOK = 2048, /* packets of which the few are found */
	LEAST = 8,   /* packets of each, and a share of the first one's: one in */
	OF_FIRST = 10,
};

/* A network, and how often it comes. */
struct often {
	struct wr_victim net;
	uint32_t n;
};

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

bool who_has_any(const struct who *w, const char *list)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t addr[16];

	for (; list && *list; list += strspn(list, ", ")) {
		size_t n = strcspn(list, ", ");

		snprintf(text, sizeof(text), "%.*s", (int)n, list);
		memset(addr, 0, sizeof(addr));
		if (inet_pton(strchr(text, ':') ? AF_INET6 : AF_INET, text, addr) == 1 &&
		    who_has(w, addr))
			return true;
		list += n;
	}
	return false;
}

static int by_address(const void *a, const void *b)
{
	const struct often *x = a, *y = b;

	return memcmp(x->net.addr, y->net.addr, sizeof(x->net.addr));
}

static int by_number(const void *a, const void *b)
{
	const struct often *x = a, *y = b;

	return x->n == y->n ? by_address(a, b) : x->n < y->n ? 1 : -1;
}

/* Returns how many there are. */
static uint32_t each_once(struct often *at, uint32_t n)
{
	uint32_t used = 0;

	qsort(at, n, sizeof(*at), by_address);
	for (uint32_t i = 0; i < n; i++)
		if (used && !by_address(&at[used - 1], &at[i]))
			at[used - 1].n += at[i].n;
		else
			at[used++] = at[i];
	return used;
}

static bool few_of(const struct sample *s, uint32_t n, double share, bool near,
		   who_spares_fn spares, const void *ctx, struct who *w)
{
	static struct often at[LOOK]; /* large, and looked at by one alone */
	uint32_t used, all = 0;

	n = n < LOOK ? n : LOOK;
	for (uint32_t i = 0; i < n; i++) {
		uint8_t bits = s[i].ip_v == 4 ? (near ? 24 : 32) : near ? 64 : 128;

		at[i] = (struct often){net_of(s[i].src, s[i].ip_v, bits), 1};
	}
	used = each_once(at, n);
	qsort(at, used, sizeof(*at), by_number);
	*w = (struct who){0};
	for (uint32_t i = 0, first = 0; i < used && w->n < WHO_MOST && all < share * n; i++) {
		if (at[i].n < LEAST || at[i].n * OF_FIRST < first)
			break;
		if (spares(ctx, &at[i].net))
			continue;
		first = first ? first : at[i].n;
		w->net[w->n++] = at[i].net;
		all += at[i].n;
	}
	return w->n && all >= share * n;
}

bool who_few(const struct sample *s, uint32_t n, double share, who_spares_fn spares,
	     const void *ctx, struct who *w)
{
	return few_of(s, n, share, false, spares, ctx, w) ||
	       few_of(s, n, share, true, spares, ctx, w);
}
