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

struct rhythm rhythm_of(float *gap, int n, float burst_s)
{
	struct rhythm r = {0};
	float sum = 0, all = 0;

	for (int i = 0; i < n; i++) {
		sum += gap[i];
		all += gap[i];
		if (gap[i] < burst_s)
			continue;
		gap[r.n++] = sum;
		sum = 0;
	}
	if (!r.n)
		return r;
	r.mean = all / (float)n;
	r.middle = rhythm_middle(gap, r.n);
	/* Two of three: of what strays by chance half is at times regular. */
	for (int i = 0; i < r.n; i++)
		gap[i] = fabsf(gap[i] - r.middle);
	qsort(gap, (size_t)r.n, sizeof(*gap), by_size);
	r.away = gap[r.n * 2 / 3];
	return r;
}
