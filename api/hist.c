/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api/hist.h"

static int class_of(uint64_t us)
{
	int high;

	if (us < WR_API_HIST_PARTS)
		return (int)us;
	high = 63 - __builtin_clzll(us);
	if (high > 31)
		return WR_API_HIST - 1;
	/* The five bits behind the highest one. */
	return (high - 4) * WR_API_HIST_PARTS + (int)(us >> (high - 5) & 31);
}

/* The first microsecond of a class, and how many it has. */
static uint64_t first_of(int class, uint64_t *width)
{
	int shift = class / WR_API_HIST_PARTS - 1;

	if (class < WR_API_HIST_PARTS) {
		*width = 1;
		return (uint64_t) class;
	}
	*width = 1ull << shift;
	return (uint64_t)(WR_API_HIST_PARTS + class % WR_API_HIST_PARTS) << shift;
}

static void count(uint32_t *to, uint32_t n)
{
	*to = *to + n < n ? UINT32_MAX : *to + n;
}

void wr_api_hist_add(struct wr_api_hist *h, uint64_t ns)
{
	h->n++;
	h->sum_ns += ns;
	count(&h->of[class_of(ns / 1000)], 1);
}

void wr_api_hist_join(struct wr_api_hist *to, const struct wr_api_hist *from)
{
	to->n += from->n;
	to->sum_ns += from->sum_ns;
	for (int i = 0; i < WR_API_HIST; i++)
		count(&to->of[i], from->of[i]);
}

uint64_t wr_api_hist_quantile(const struct wr_api_hist *h, double share)
{
	double want = share * (double)h->n;
	uint64_t rank = (uint64_t)want, seen = 0, width, first, ns = 0;

	rank += (double)rank < want; /* so many are not above it, rounded up */
	rank = rank ? rank : 1;
	for (int i = 0; i < WR_API_HIST; i++) {
		if (!h->of[i])
			continue;
		first = first_of(i, &width);
		/* The middle of the class; where it is one microsecond there is nothing between. */
		ns = first * 1000 + (width - 1) * 500;
		seen += h->of[i];
		if (seen >= rank)
			break;
	}
	/* A class that is full counts no more, n does: then it is the last one that has any. */
	return ns;
}

uint64_t wr_api_hist_up_to(const struct wr_api_hist *h, uint64_t us)
{
	uint64_t seen = 0, width, first;

	for (int i = 0; i < WR_API_HIST; i++) {
		first = first_of(i, &width);
		if (first + width - 1 > us)
			break;
		seen += h->of[i];
	}
	return seen;
}
