/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/rhythm.h"

#include <math.h>
#include <stdlib.h>

static int by_size(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

float rhythm_middle(float *v, int n)
{
	qsort(v, (size_t)n, sizeof(*v), by_size);
	return n & 1 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

struct rhythm rhythm_of(float *gap, int n, int each)
{
	struct rhythm r = {.n = n - each + 1};

	if (r.n < 1)
		return (struct rhythm){0};
	for (int i = 0; i < n; i++)
		r.mean += gap[i] / (float)n;
	for (int i = 0; i < r.n; i++)
		for (int k = 1; k < each; k++)
			gap[i] += gap[i + k];
	r.middle = rhythm_middle(gap, r.n);
	/* Two of three: of what strays by chance half is at times regular. */
	for (int i = 0; i < r.n; i++)
		gap[i] = fabsf(gap[i] - r.middle);
	qsort(gap, (size_t)r.n, sizeof(*gap), by_size);
	r.away = gap[r.n * 2 / 3];
	return r;
}
