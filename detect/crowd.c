/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/impl.h"

/* Connections that are made, and many: whose they are tells a flood from a crowd. */

enum {
	USUAL = 5,	     /* mean deviations */
	HEAVY_LEAST = 8,     /* clients that make more connections than clients do */
	BEHIND_EACH = 10,    /* connections that one of a crowd makes a server make, at most */
	SERVERS = 64,	     /* that ask one and the same other one */
	BEHIND_MINUTES = 10, /* that a client has connected in: it always does */
};

/* Most are of sources that each make more of them than a client does. */
bool are_heavy(const struct profile *p)
{
	return p->heavy >= HEAVY_LEAST && p->heavy_parts * 2 > p->parts;
}

/* More than is usual, and not much more, is enough only where they are heavy. */
bool is_many(const struct wr_detect *d, const struct target *t, const struct profile *p)
{
	return t->sum[C_HANDSHAKES] > 2 * most_usual(d, t, C_HANDSHAKES, USUAL) || are_heavy(p);
}

/* Somewhere else more connect than is usual, and more that never did, which cannot be forged: as
 * many as could be in front of it, since some requests are a handful of questions. */
static bool is_rush_elsewhere(const struct wr_detect *d, const struct target *t)
{
	for (uint32_t i = 0; i < d->targets.used; i++) {
		const struct target *o = wr_rows_at(&d->targets, i);

		if (o != t && !o->key.tag && d->step - o->step < STEPS &&
		    o->norm[C_HANDSHAKES].seconds >= 60 &&
		    o->sum[C_HANDSHAKES] > most_usual(d, o, C_HANDSHAKES, USUAL) &&
		    o->sum[C_HANDSHAKES] * BEHIND_EACH >= t->sum[C_HANDSHAKES] &&
		    o->sum[C_NEW_CLIENTS] > most_usual(d, o, C_NEW_CLIENTS, USUAL))
			return true;
	}
	return false;
}

/*
 * What a server of one's own asks of another one grows with those who come to it: connections of
 * near clients that have always made them, and nobody else's, while there is a rush elsewhere.
 */
bool is_behind_a_rush(const struct wr_detect *d, const struct target *t, const struct profile *p)
{
	struct wr_victim service = victim_of(t->key.addr, t->key.ip_v);
	uint64_t usual = 0, top = 0;

	service.port = p->port;
	service.proto = WR_IP_TCP;
	for (uint32_t i = 0; i < p->n_top; i++) {
		top += p->top[i].packets;
		if (!is_far(p->top[i].addr, p->top[i].ip_v) &&
		    pair_minutes(d, p->top[i].addr, &service) >= BEHIND_MINUTES)
			usual += p->top[i].packets;
	}
	/* Where there are more servers than are told apart: who has less than the first ones is
	 * taken for one of them, when they are few. */
	if (p->n_top < WR_FINDING_SOURCES || p->sources > SERVERS || top * 10 < p->packets * 5)
		top = p->packets;
	return usual * 10 >= top * 9 && is_rush_elsewhere(d, t);
}
