/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_GUARD_H
#define WR_DAEMON_GUARD_H

#include "policy/policy.h"

/*
 * What a rule may not keep out, so that nobody locks himself out: the other ends of SSH sessions,
 * default gateways, DNS servers, DHCP, ARP and neighbour discovery, and the sources of the set
 * `never`. Made-up packets of all of them are held against the policy as the kernel would; limits
 * and rules that are not on just now count as drops.
 */
#define WR_GUARD_NEVER "never" /* a set of this name: the operator's own list */

struct wr_guard {
	const char *const *ssh; /* sessions that cannot be seen from here: "ADDRESS PORT ADDRESS
				   PORT", theirs and ours, as in $SSH_CONNECTION; or NULL */
	uint32_t n_ssh;
	bool wide; /* it may be for half the world */
};

/*
 * Rule number `rule` of the policy. -EINVAL: it would keep out something of these (err says what
 * and who), or it is for half the world: everything, a prefix of IPv4 /8 or IPv6 /24 or wider;
 * --force does it all the same, and so does `wide`. Rules that allow, or set a class, are always
 * fine.
 */
int wr_guard_rule(const struct wr_guard *g, const struct wr_policy *p, size_t rule,
		  struct wr_err *err);

#endif
