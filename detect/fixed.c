/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/fixed.h"

#include "detect/impl.h"

/* The classes that are a number of something; the others are how something is done. */
static const struct {
	uint8_t first, last;
	bool port; /* of the service that it is for; no port says who an amplifier answers */
	const char *unit;
} units[] = {
	{WR_CLASS_SYN_FLOOD, WR_CLASS_SYN_FLOOD, true, "SYNs/s without a handshake"},
	{WR_CLASS_SYNACK_REFLECTION, WR_CLASS_UDP_FLOOD, true, "packets/s"},
	{WR_CLASS_ICMP_FLOOD, WR_CLASS_CARPET_BOMBING, false, "packets/s"},
	{WR_CLASS_HTTP_FLOOD, WR_CLASS_HTTP_FLOOD, true, "connections/s"},
	{WR_CLASS_SLOW_HTTP, WR_CLASS_SLOW_HTTP, true, "connections held"},
	{WR_CLASS_MALFORMED, WR_CLASS_MALFORMED, false, "packets/min"},
};
enum { UNITS = sizeof(units) / sizeof(*units) };

static int unit_of(enum wr_finding_class c)
{
	for (int i = 0; i < UNITS; i++)
		if (c >= units[i].first && c <= units[i].last)
			return i;
	return -1;
}

const char *wr_fixed_unit(enum wr_finding_class c)
{
	int i = unit_of(c);

	return i < 0 ? NULL : units[i].unit;
}

bool wr_fixed_port(enum wr_finding_class c)
{
	int i = unit_of(c);

	return i >= 0 && units[i].port;
}

bool fixed_is_of(const struct wr_detect_fixed *x, enum wr_finding_class klass,
		 const struct wr_victim *v)
{
	struct wr_victim of = {.ip_v = x->ip_v, .prefix = x->prefix};

	memcpy(of.addr, x->addr, 16);
	return klass >= x->first && klass <= x->last && (!x->port || x->port == v->port) &&
	       (!x->ip_v || (x->prefix <= v->prefix && wr_victim_meets(&of, v)));
}

/* An address says more than its prefix, and a port more than none. */
static unsigned int how_near(const struct wr_detect_fixed *x)
{
	return (x->ip_v ? 2 + 2u * x->prefix : 0) + (x->port > 0);
}

const struct wr_detect_fixed *fixed_of(const struct wr_detect *d, enum wr_finding_class klass,
				       const struct wr_victim *v)
{
	const struct wr_detect_fixed *best = NULL;

	for (uint32_t i = 0; i < d->conf.tune.n_fixed; i++) {
		const struct wr_detect_fixed *x = &d->conf.tune.fixed[i];

		if (fixed_is_of(x, klass, v) && (!best || how_near(x) >= how_near(best)))
			best = x;
	}
	return best;
}
