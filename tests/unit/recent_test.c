/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of the last second that detection remembers, and how long they reach back. */
#include "detect/impl.h"
#include "tests/tap.h"

#include <stdlib.h>

#define END (1700000000ull * 1000000000ull)

/* Where the kernel counts, a window's parts come in the order of its table, not of time. */
static void span_is_by_time(struct wr_detect *d)
{
	d->step_ns = END - WR_DETECT_STEP_NS;
	d->n_recent = 5;
	ok(recent_span(d) == 1, "few parts are all of the last second");
	d->n_recent = RECENT * 3 + 7;
	for (uint32_t i = 0; i < RECENT; i++)
		d->recent[i].ns = END - 1 - wr_mix(i) % 400000000ull;
	d->recent[d->n_recent % RECENT].ns = END - 2000;
	ok(fabs(recent_span(d) - 0.4) < 0.01, "of many, from the earliest: %f s", recent_span(d));
	for (uint32_t i = 0; i < RECENT; i++)
		d->recent[i].ns = END - 1 - i % 1000;
	ok(recent_span(d) >= 0.1, "at least a step, when they come at once: %f s", recent_span(d));
	d->recent[3].ns = END - 3000000000ull;
	ok(recent_span(d) == 1, "a second at most: %f s", recent_span(d));
}

int main(void)
{
	struct wr_detect_conf conf = {0};
	struct wr_detect *d = NULL;

	if (wr_detect_open(&d, &conf, NULL)) {
		printf("Bail out! no memory\n");
		return 1;
	}
	span_is_by_time(d);
	wr_detect_close(&d);
	return done();
}
