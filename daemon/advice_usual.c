/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/advice_usual.h"

#include <math.h>
#include <string.h>

enum { TRIES = 8 /* places of a key */, MEMORY = 300 /* rows */ };

static uint32_t place(const struct wr_window *w, uint32_t try)
{
	const uint8_t *bytes = (const uint8_t *)&w->key;
	uint32_t h = 2166136261u ^ w->kind;

	for (size_t i = 0; i < sizeof(w->key); i++)
		h = (h ^ bytes[i]) * 16777619u;
	return (h + try) % WR_ADVICE_KEYS;
}

static bool is_of(const struct wr_advice_key *k, const struct wr_window *w)
{
	return k->n && k->kind == w->kind && !memcmp(&k->key, &w->key, sizeof(k->key));
}

static const struct wr_advice_key *known(const struct wr_advice_usual *u, const struct wr_window *w)
{
	for (uint32_t t = 0; t < TRIES; t++)
		if (is_of(&u->at[place(w, t)], w))
			return &u->at[place(w, t)];
	return NULL;
}

/* Its place, or a free one; NULL: there is none. */
static struct wr_advice_key *room(struct wr_advice_usual *u, const struct wr_window *w)
{
	struct wr_advice_key *free_one = NULL;

	for (uint32_t t = 0; t < TRIES; t++) {
		struct wr_advice_key *k = &u->at[place(w, t)];

		if (is_of(k, w))
			return k;
		if (!k->n && !free_one)
			free_one = k;
	}
	if (free_one)
		*free_one = (struct wr_advice_key){.key = w->key, .kind = w->kind};
	return free_one;
}

void wr_advice_learn(struct wr_advice_usual *u, const struct wr_window *w, const double *values,
		     uint32_t n)
{
	struct wr_advice_key *k = room(u, w);
	double share;

	if (!k)
		return;
	k->n += k->n < UINT32_MAX;
	share = 1.0 / (k->n < MEMORY ? k->n : MEMORY);
	for (uint32_t i = 0; i < n; i++) {
		double off = (isnan(values[i]) ? 0 : values[i]) - (double)k->mean[i];

		k->mean[i] = (float)((double)k->mean[i] + share * off);
		k->stray[i] =
			(float)((double)k->stray[i] + share * (fabs(off) - (double)k->stray[i]));
	}
}

/* A value that never changed strays by a hundredth of itself: else the least change of it would be
 * more than any other. */
static double distance(const struct wr_advice_key *k, uint32_t i, double value)
{
	double off = fabs(value - (double)k->mean[i]);
	double stray = fmax((double)k->stray[i], fabs((double)k->mean[i]) / 100);

	return off / fmax(stray, 1e-3);
}

uint32_t wr_advice_furthest(const struct wr_advice_usual *u, const struct wr_window *w,
			    const double *values, const uint8_t *columns, uint32_t n,
			    struct wr_advice_by by[WR_FINDING_BY])
{
	const struct wr_advice_key *k = known(u, w);
	double far[WR_FINDING_BY] = {0};
	uint32_t have = 0;

	if (k && k->n < WR_ADVICE_LEARNED)
		k = NULL;
	for (uint32_t i = 0; i < n; i++) {
		double d = isnan(values[i]) ? 0 : k ? distance(k, i, values[i]) : 1;
		uint32_t at = have;

		while (at && far[at - 1] < d)
			at--;
		if (d <= 0 || at == WR_FINDING_BY)
			continue;
		have += have < WR_FINDING_BY;
		memmove(&far[at + 1], &far[at], (have - at - 1) * sizeof(*far));
		memmove(&by[at + 1], &by[at], (have - at - 1) * sizeof(*by));
		far[at] = d;
		by[at] = (struct wr_advice_by){.value = values[i],
					       .usual = k ? (double)k->mean[i] : 0,
					       .column = columns[i],
					       .has_usual = k != NULL};
	}
	return have;
}
