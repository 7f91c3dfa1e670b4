/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/beacon.h"

#include "detect/blame.h"

enum { HOLDS = 3 /* intervals: one may be missed */ };

void beacon_tell(struct wr_detect *d, const struct beacon *b, uint32_t *told)
{
	double middle = (double)b->every.middle;
	uint32_t holds = (uint32_t)fmax(HOLD_LONG, HOLDS * STEPS * middle);
	bool goes_on = *told && d->step - *told < holds;
	struct wr_finding *f = found(d, WR_CLASS_BEACON, &b->service), *news;

	if (!f && goes_on && !is_off(d, WR_CLASS_BEACON)) {
		*told = d->step;
		return;
	}
	news = find_from(d, WR_CLASS_BEACON, &b->service, &b->from);
	f = found(d, WR_CLASS_BEACON, &b->service);
	*told = f && has_source(f, b->from.addr) ? d->step : 0;
	if (f)
		hold_longer(d, f, holds);
	if (!news)
		return;
	evidence_only(news, WR_FEATURE_ATTEMPTS, (double)b->from.packets);
	evidence_only(news, WR_FEATURE_INTERVAL, middle);
	evidence_only(news, WR_FEATURE_JITTER, (double)b->every.away / middle);
	news->start_ns = step_end(d) - (uint64_t)(middle * 1e9 * BEACON_GAPS);
	tell(d, news);
}
