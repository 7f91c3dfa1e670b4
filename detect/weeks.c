/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/mem.h"
#include "detect/impl.h"
#include "detect/learned.h"

enum { HOUR_S = 3600 };

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

double most_usual(const struct wr_detect *d, const struct target *t, enum count c, double k)
{
	double most = wr_week_most(week_of(d, t, c), most_lately(t, c, k),
				   wr_week_hour(d->step_ns / 1000000000u), k);

	/* A part of that, and told under the better name. */
	return c == C_AMP_UNASKED ? fmin(most, most_usual(d, t, C_UDP_UNASKED, k)) : most;
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

uint32_t wr_detect_learned_hours(const struct wr_detect *d, const struct wr_victim *who,
				 struct wr_learned_hour to[WR_LEARNED_HOURS])
{
	const struct target *t = target_of_victim(d, who);
	const struct wr_week *w = t ? week_of(d, t, C_PACKETS) : NULL;
	uint32_t n = 0;

	_Static_assert((int)WR_LEARNED_HOURS == (int)WR_WEEK_HOURS, "a week");
	for (unsigned int h = 0; w && h < WR_WEEK_HOURS; h++)
		if (w->seen[h])
			to[n++] = (struct wr_learned_hour){
				.hour = (uint8_t)h,
				.seen = w->seen[h],
				.usual = expm1((double)wr_week_expected(w, h)),
				.most = wr_week_most(w, -1, h, TOLD_K),
			};
	return n;
}

/* An hour is over, of which so many seconds are known. Half of them have to be to speak for it. */
static void end_hour(struct weeks *w, uint32_t seconds)
{
	unsigned int hour = (unsigned int)((w->hour + 72) % WR_WEEK_HOURS);

	if (seconds >= HOUR_S / 2)
		drift_hour(&w->day, &w->of[0], hour, w->sum[0] / seconds);
	for (int i = 0; i < WEEK_N && seconds >= HOUR_S / 2; i++)
		wr_week_learn(&w->of[i], hour, (float)(w->sum[i] / seconds));
	w->hours += seconds >= HOUR_S / 2;
	memset(w->sum, 0, sizeof(w->sum));
	w->seconds = 0;
	w->hour++;
}

/*
 * Ends the hours until this one. idle: so many seconds nothing came, just now; they were quiet.
 * Seconds that are in neither were those of an attack, and are not known. Returns the idle ones
 * that are left for this hour.
 */
static uint32_t end_hours(struct weeks *w, uint64_t hour, uint32_t idle)
{
	if (hour > w->hour + WR_WEEK_HOURS) /* away for more than a week: nothing is known of it */
		w->hour = hour - 1;
	while (w->hour < hour) {
		uint32_t quiet = HOUR_S > w->seconds ? HOUR_S - w->seconds : 0;

		quiet = idle < quiet ? idle : quiet;
		idle -= quiet;
		end_hour(w, w->seconds + quiet);
	}
	return idle < HOUR_S ? idle : HOUR_S;
}

void week_learn(struct wr_detect *d, struct target *t, uint32_t idle)
{
	struct weeks *w;

	if (!t->week && t->norm[C_PACKETS].seconds > WEEK_AFTER)
		week_make(d, t);
	if (!t->week)
		return;
	w = &d->weeks[t->week - 1];
	w->seconds += 1 + end_hours(w, d->step_ns / HOUR_NS, idle);
	drift_end(d, t, w);
	for (int i = 0; i < WEEK_N; i++)
		w->sum[i] += log1p(t->sum[week_count[i]]);
}
