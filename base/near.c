/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/near.h"

#include <stddef.h>
#include <string.h>

/* Letters to change, add or leave out to come from a to b (Levenshtein 1965). */
static size_t distance(const char *a, const char *b)
{
	size_t n = strlen(b), row[64];

	if (n >= 64)
		return 64;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t left = i, diagonal = i - 1;

		for (size_t j = 1; j <= n; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (left + 1 < best)
				best = left + 1;
			row[j - 1] = left;
			left = best;
		}
		row[n] = left;
	}
	return row[n];
}

const char *wr_near(const char *word, const char *const *names)
{
	size_t best = 3; /* further away is no typing error */
	const char *found = NULL;

	for (; *names; names++) {
		size_t d = distance(word, *names);

		if (d < best) {
			best = d;
			found = *names;
		}
	}
	return found;
}
