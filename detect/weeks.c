/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/mem.h"
#include "detect/impl.h"

/* The weeks of those addresses that have been busy for a while: a pool of fixed size. */

const uint8_t week_count[WEEK_N] = {C_PACKETS,	 C_BYTES,	C_SYN, C_HANDSHAKES,
				    C_NEW_FLOWS, C_UDP_UNASKED, C_ICMP};

int weeks_open(struct wr_detect *d)
{
	d->weeks = wr_mem_map(WEEKS * sizeof(*d->weeks));
	return d->weeks ? 0 : -1;
}

void weeks_close(struct wr_detect *d)
{
	wr_mem_unmap(d->weeks, WEEKS * sizeof(*d->weeks));
}

/* Of a count; NULL: none is kept of it. */
const struct wr_week *week_of(const struct wr_detect *d, const struct target *t, enum count c)
{
	for (int i = 0; t->week && i < WEEK_N; i++)
		if (week_count[i] == c)
			return &d->weeks[t->week - 1].of[i];
	return NULL;
}

void week_free(struct wr_detect *d, const struct target *t)
{
	if (t->week)
		memset(&d->weeks[t->week - 1], 0, sizeof(*d->weeks));
}

void week_make(struct wr_detect *d, struct target *t)
{
	for (unsigned int i = 0; i < WEEKS; i++)
		if (!d->weeks[i].taken) {
			d->weeks[i].taken = true;
			d->weeks[i].hour = d->step_ns / HOUR_NS;
			t->week = (uint16_t)(i + 1);
			return;
		}
}

/* Hours that are over are learned; those without a packet were quiet. */
static void fold(struct weeks *w, uint64_t hour)
{
	for (uint32_t n = 0; w->hour < hour; w->hour++, n++) {
		/* Half an hour is enough to speak for it. What was away for more than a week knows
		 * nothing of it. */
		if (w->seconds < 1800 && n == 0 && w->hours == 0) {
			w->seconds = 0;
			continue;
		}
		if (n >= WR_WEEK_HOURS)
			continue;
		for (int i = 0; i < WEEK_N; i++) {
			float y = w->seconds ? (float)(w->sum[i] / fmax(w->seconds, 1800)) : 0;

			wr_week_learn(&w->of[i], (unsigned int)((w->hour + 72) % WR_WEEK_HOURS), y);
			w->sum[i] = 0;
		}
		w->hours++;
		w->seconds = 0;
	}
	w->hour = hour;
}

void week_learn(struct wr_detect *d, struct target *t, uint32_t idle)
{
	struct weeks *w;

	if (!t->week && t->norm[C_PACKETS].seconds > WEEK_AFTER)
		week_make(d, t);
	if (!t->week)
		return;
	w = &d->weeks[t->week - 1];
	if (w->hour != d->step_ns / HOUR_NS)
		fold(w, d->step_ns / HOUR_NS);
	w->seconds += 1 + (idle < 3600 ? idle : 0);
	for (int i = 0; i < WEEK_N; i++)
		w->sum[i] += log1p(t->sum[week_count[i]]);
}
