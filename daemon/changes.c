/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/changes.h"

#define MINUTE_NS 60000000000ull

void wr_changes_note(struct wr_changes *c, uint64_t now_ns)
{
	c->at_ns[c->next] = now_ns;
	c->next = (c->next + 1) % WR_CHANGES_MOST;
	if (c->n < WR_CHANGES_MOST)
		c->n++;
}

uint64_t wr_changes_wait_ns(const struct wr_changes *c, uint32_t most, uint64_t now_ns)
{
	uint64_t then;

	if (!most || c->n < most)
		return 0;
	/* The one that has to be a minute ago. */
	then = c->at_ns[(c->next + WR_CHANGES_MOST - most) % WR_CHANGES_MOST] + MINUTE_NS;
	return then > now_ns ? then - now_ns : 0;
}
