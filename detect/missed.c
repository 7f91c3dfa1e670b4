/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/impl.h"

/*
 * What was found and has no room, as so many others hold: it is not told one by one, but counted.
 * What is missed again and again, as it goes on, is one: it is known by a hash as long as it would
 * hold. There is room for so many hashes that one which makes room counts anew at worst.
 */

enum { AGAIN_STEPS = 600 };

void missed(struct wr_detect *d, enum wr_finding_class klass, const struct wr_victim *v)
{
	uint64_t h =
		wr_mix(addr_hash(v->addr) + ((uint64_t)klass << 48 | (uint64_t)v->prefix << 32 |
					     (uint64_t)v->proto << 16 | v->port));
	typeof(d->missed.at[0]) *at = &d->missed.at[h % MISSED];

	if (at->hash != h || d->step - at->step > AGAIN_STEPS)
		d->missed.n++;
	at->hash = h;
	at->step = d->step;
}

bool room_for(struct wr_detect *d, enum wr_finding_class klass, const struct wr_victim *v)
{
	if (has_room(d, klass))
		return true;
	missed(d, klass, v);
	return false;
}

uint64_t wr_detect_missed(const struct wr_detect *d)
{
	return d->missed.n;
}
