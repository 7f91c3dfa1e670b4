/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/tell.h"

#define MINUTE_NS 60000000000ull

/* People were told this state before, and another one since. That it began again behind its end is
 * news; what changes to and fro is when it stays so. */
static bool is_again(const struct wr_tell *t, const struct wr_incident *i, uint64_t now_ns)
{
	if (now_ns - i->told.at_ns < MINUTE_NS)
		return false;
	return t->last || i->told.state == WR_INCIDENT_OVER + 1 ||
	       now_ns - i->told.since_ns >= WR_INCIDENT_REST_NS;
}

static bool is_due(const struct wr_tell *t, const struct wr_incident *i, uint64_t now_ns)
{
	if (i->severity < t->least || i->told.state == i->state + 1)
		return false;
	return !(i->told.states >> i->state & 1) || is_again(t, i, now_ns);
}

/* Since when is it what it is? */
static void look(struct wr_incident *i, uint64_t now_ns)
{
	if (i->told.seen == i->state + 1)
		return;
	i->told.seen = (uint8_t)(i->state + 1);
	i->told.since_ns = now_ns;
}

/* A clock that was set back begins a new minute, too. */
static void turn(struct wr_tell *t, uint64_t now_ns)
{
	if (t->minute_ns && now_ns - t->minute_ns < MINUTE_NS)
		return;
	t->minute_ns = now_ns;
	t->told = 0;
}

bool wr_tell_incident(struct wr_tell *t, struct wr_incident *i, uint64_t now_ns)
{
	look(i, now_ns);
	if (!is_due(t, i, now_ns))
		return false;
	turn(t, now_ns);
	i->told.state = (uint8_t)(i->state + 1);
	i->told.states |= (uint8_t)(1u << i->state);
	i->told.at_ns = now_ns;
	if (t->told >= t->rate) {
		t->untold++;
		return false;
	}
	t->told++;
	return true;
}

uint64_t wr_tell_untold(struct wr_tell *t, uint64_t now_ns)
{
	uint64_t n = t->untold;

	if (!n || now_ns - t->minute_ns < MINUTE_NS)
		return 0;
	turn(t, now_ns);
	t->told++;
	t->untold = 0;
	return n;
}
