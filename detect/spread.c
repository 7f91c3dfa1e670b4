/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/spread.h"

#include <math.h>

#include "detect/impl.h"

void wr_spread_add(struct wr_spread *s, uint64_t hash, uint32_t n)
{
	uint32_t value = (uint32_t)hash | 1;
	typeof(s->bucket[0]) *b = &s->bucket[hash >> 58];
	int least = 0;

	b->seen |= 1ull << (value >> 26);
	for (int i = 0; i < WR_SPREAD_WAYS; i++) {
		if (!b->value[i])
			b->value[i] = value;
		if (b->value[i] == value) {
			b->n[i] += n;
			return;
		}
		if (b->n[i] < b->n[least])
			least = i;
	}
	b->votes += n;
	if (b->votes <= b->n[least]) {
		b->n_others += n;
		return;
	}
	b->n_others += b->n[least];
	b->value[least] = value;
	b->n[least] = n;
	b->votes = 0;
}

static double n_log_n(double n)
{
	return n > 0 ? n * log2(n) : 0;
}

static double entropy_of(double all, double sum)
{
	return all > 0 ? fmax(0, log2(all) - sum / all)
		       : 0; /* below 0: of one value, by rounding */
}

struct wr_spread_told wr_spread_told(const struct wr_spread *s)
{
	struct wr_spread_told t = {0};
	double all = 0, sum = 0;

	for (int i = 0; i < WR_SPREAD_BUCKETS; i++) {
		double own = 0, others = s->bucket[i].n_others, d = 0;

		for (int k = 0; k < WR_SPREAD_WAYS; k++) {
			all += s->bucket[i].n[k];
			own += s->bucket[i].n[k] > 0;
			sum += n_log_n(s->bucket[i].n[k]);
		}
		if (others > 0) {
			d = fmin(fmax(linear_count(&s->bucket[i].seen, 1) - own, 1), others);
			sum += others * log2(others / d);
		}
		all += others;
		t.values += own + d;
	}
	t.values = round(t.values);
	t.entropy = entropy_of(all, sum);
	return t;
}

/* ---- few values ---- */

enum { BUCKET_SHIFT = 32 };

bool wr_spread_few_add(struct wr_spread_few *s, uint64_t hash, uint32_t n)
{
	uint64_t value = hash >> 58 << BUCKET_SHIFT | (uint32_t)hash | 1;

	for (int i = 0; i < WR_SPREAD_FEW; i++) {
		if (!s->value[i])
			s->value[i] = value;
		if (s->value[i] == value) {
			s->n[i] += n;
			return true;
		}
	}
	return false;
}

void wr_spread_few_move(const struct wr_spread_few *s, struct wr_spread *to)
{
	for (int i = 0; i < WR_SPREAD_FEW && s->value[i]; i++)
		wr_spread_add(to, s->value[i] >> BUCKET_SHIFT << 58 | (uint32_t)s->value[i],
			      s->n[i]);
}

/* In the order of buckets, and of those of one as they came: a sum of doubles is another one in
 * another order. */
struct wr_spread_told wr_spread_few_told(const struct wr_spread_few *s)
{
	struct wr_spread_told t = {0};
	int at[WR_SPREAD_FEW], used = 0;
	double all = 0, sum = 0;

	for (int i = 0; i < WR_SPREAD_FEW && s->value[i]; i++) {
		int k = used++;

		for (; k && s->value[at[k - 1]] >> BUCKET_SHIFT > s->value[i] >> BUCKET_SHIFT; k--)
			at[k] = at[k - 1];
		at[k] = i;
	}
	for (int k = 0; k < used; k++) {
		all += s->n[at[k]];
		t.values += s->n[at[k]] > 0;
		sum += n_log_n(s->n[at[k]]);
	}
	t.entropy = entropy_of(all, sum);
	return t;
}
