/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/impl.h"

/* A host that is not there any more, or a program on it: those that always come ask, and nobody
 * answers, or they are refused. No flood. */

enum {
	USUAL = 5,	   /* mean deviations */
	SILENT_STEPS = 20, /* that a host makes no connection when it is gone, */
	BACK_STEPS = 30,   /* and until all that came meanwhile are served */
	GONE_LEAST = 10,   /* connections that were held are opened again, too */
	TRIES = 6,	   /* and that each client opens a connection, meanwhile (RFC 6298) */
};

/* Many of those that ask have never come. In the first minutes nobody has. */
static bool are_strangers(const struct wr_detect *d, const struct target *t)
{
	return d->step >= BEGIN_STEP + COLD_STEPS &&
	       t->sum[C_NEW_SOURCES] > fmax(GONE_LEAST, most_usual(d, t, C_NEW_SOURCES, USUAL));
}

/* No more ask than those that always come, again and again. A flood that a host breaks down under
 * is larger, or of others. */
static bool are_usual(const struct wr_detect *d, const struct target *t)
{
	return t->sum[C_SYN] <= TRIES * fmax(GONE_LEAST, most_usual(d, t, C_SYN, USUAL)) &&
	       !are_strangers(d, t);
}

bool look_gone(const struct wr_detect *d, struct target *t)
{
	if (d->conf.one_way || t->norm[C_SYN].seconds < 60 ||
	    d->step - t->answered <= SILENT_STEPS || !are_usual(d, t))
		return false;
	t->gone = d->step;
	return true;
}

/* When it is back some have asked that are not answered yet. */
bool was_gone(const struct wr_detect *d, const struct target *t)
{
	return t->gone && d->step - t->gone <= BACK_STEPS && are_usual(d, t);
}

/* What is refused costs it nothing. Nine of ten, since some are on their way. */
bool has_refused(const struct wr_detect *d, const struct target *t)
{
	uint32_t n = 0;

	for (int i = 0; i < STEPS; i++)
		n += t->refused[i];
	return n * 10 >= half_open(t) * 9 && t->norm[C_SYN].seconds >= 60 && are_usual(d, t);
}
