/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/image.h"

static const uint64_t *at(const struct wr_vectors *v, uint32_t n)
{
	return v->word + (size_t)(n - WR_VEC_FIRST) * v->words;
}

static bool is_none(const struct wr_vectors *v, const uint64_t *word)
{
	for (uint32_t i = 0; i < v->words; i++)
		if (word[i])
			return false;
	return true;
}

/* The place of these words in the table of those that there are, open addressing. */
static uint32_t *place_of(const struct wr_vectors *v, const uint64_t *word)
{
	uint64_t hash = 0;
	uint32_t i;

	for (i = 0; i < v->words; i++)
		hash = wr_mix(hash ^ word[i]) + i;
	for (i = (uint32_t)hash & (v->places - 1); v->place[i]; i = (i + 1) & (v->places - 1))
		if (!memcmp(at(v, v->place[i]), word, v->words * sizeof(*word)))
			break;
	return &v->place[i];
}

static int grow(struct wr_vectors *v)
{
	struct wr_vectors big = *v;

	big.places = v->places ? v->places * 2 : 64;
	big.place = calloc(big.places, sizeof(*big.place));
	if (!big.place)
		return -ENOMEM;
	big.word = malloc((size_t)big.places / 2 * v->words * sizeof(*v->word));
	if (!big.word) {
		free(big.place);
		return -ENOMEM;
	}
	if (v->n)
		memcpy(big.word, v->word, (size_t)v->n * v->words * sizeof(*v->word));
	for (uint32_t n = WR_VEC_FIRST; n < WR_VEC_FIRST + v->n; n++)
		*place_of(&big, at(&big, n)) = n;
	free(v->word);
	free(v->place);
	v->word = big.word;
	v->place = big.place;
	v->places = big.places;
	return 0;
}

int64_t wr_vector_of(struct wr_vectors *v, const uint64_t *word)
{
	uint32_t *place;

	if (is_none(v, word))
		return WR_VEC_NONE;
	if (v->n * 2 >= v->places && grow(v))
		return -ENOMEM;
	place = place_of(v, word);
	if (!*place) {
		memcpy(v->word + (size_t)v->n * v->words, word, v->words * sizeof(*word));
		*place = WR_VEC_FIRST + v->n++;
	}
	return *place;
}

void wr_vectors_free(struct wr_vectors *v)
{
	free(v->word);
	free(v->place);
	v->word = NULL;
	v->place = NULL;
	v->n = v->places = 0;
}

int wr_vectors_join(struct wr_image_build *b, const struct wr_vectors *x,
		    const struct wr_vectors *y, struct wr_vectors *both, uint32_t *table)
{
	uint64_t columns = y->n + 1, entries = (x->n + 1) * columns;
	uint64_t *word = calloc(x->words + 1, sizeof(*word));

	*table = entries < UINT32_MAX ? wr_image_lines(b, (uint32_t)((entries + 15) / 16)) : 0;
	b->full = b->full || !*table;
	for (uint32_t i = WR_VEC_FIRST; word && *table && i <= x->n; i++)
		for (uint32_t k = WR_VEC_FIRST; k <= y->n; k++) {
			uint64_t n = i * columns + k;
			int64_t got;

			for (uint32_t w = 0; w < x->words; w++)
				word[w] = at(x, i)[w] & at(y, k)[w];
			got = wr_vector_of(both, word);
			if (got < 0) {
				free(word);
				return (int)got;
			}
			((uint32_t *)&b->mem.at[*table + n / 16])[n % 16] = (uint32_t)got;
		}
	free(word);
	return word ? b->full ? -ENOSPC : 0 : -ENOMEM;
}

int wr_vectors_append(struct wr_vectors *v, const struct wr_vectors *more)
{
	size_t bytes = v->words * sizeof(*v->word);
	uint64_t *word = realloc(v->word, (v->n + more->n + 1) * bytes);

	if (!word)
		return -ENOMEM;
	memcpy(word + (size_t)v->n * v->words, more->word, more->n * bytes);
	v->word = word;
	v->n += more->n;
	return 0;
}

uint32_t wr_vector_stride(const struct wr_vectors *v)
{
	return (1 + v->words + 7) / 8;
}

uint32_t wr_vectors_put(struct wr_image_build *b, const struct wr_vectors *v)
{
	uint32_t stride = wr_vector_stride(v), first = wr_image_lines(b, (v->n + 1) * stride);

	for (uint32_t i = 0; first && i < v->n; i++) {
		__u64 *to = b->mem.at[first + i * stride].word;
		const uint64_t *from = at(v, WR_VEC_FIRST + i);

		memcpy(to + 1, from, v->words * sizeof(*from));
		for (uint32_t w = 0; w < v->words; w++)
			to[0] |= (__u64) !!from[w] << w;
	}
	return first;
}
