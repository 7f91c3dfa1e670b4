/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/image.h"

static bool is_all(const struct wr_vectors *v, const uint64_t *word)
{
	for (uint32_t t = 0; t < v->terms; t++)
		if (!(word[t / 64] >> (t % 64) & 1))
			return false;
	return true;
}

static bool is_none(const struct wr_vectors *v, const uint64_t *word)
{
	for (uint32_t i = 0; i < v->words; i++)
		if (word[i])
			return false;
	return true;
}

int64_t wr_vector_of(struct wr_vectors *v, const uint64_t *word)
{
	return is_all(v, word) ? WR_VEC_ALL : wr_vector_exact(v, word);
}

int64_t wr_vector_exact(struct wr_vectors *v, const uint64_t *word)
{
	size_t bytes = v->words * sizeof(*word);

	if (is_none(v, word))
		return WR_VEC_NONE;
	/* Those who ask know what they asked before; alike ones of other dimensions are rare. */
	if (v->n == v->room) {
		uint32_t room = v->room ? v->room * 2 : 16;
		uint64_t *more = realloc(v->word, room * bytes);

		if (!more)
			return -ENOMEM;
		v->word = more;
		v->room = room;
	}
	memcpy(v->word + (size_t)v->n * v->words, word, bytes);
	return WR_VEC_FIRST + v->n++;
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
		const uint64_t *from = v->word + (size_t)i * v->words;

		memcpy(to + 1, from, v->words * sizeof(*from));
		for (uint32_t w = 0; w < v->words; w++)
			to[0] |= (uint64_t) !!from[w] << w;
	}
	return first;
}
