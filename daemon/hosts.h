/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_HOSTS_H
#define WR_DAEMON_HOSTS_H

#include "control/force.h"
#include "flow/apps.h"

/*
 * Rules for hosts: when the first payload of a flow says which host it asked for, the kernel is
 * told of which rules it is (core/host.h). So the packet that says it passes, and what comes behind
 * it is held against the rule.
 */
enum { WR_HOST_RULES = 32 }; /* a packet is held against each of them */

struct wr_hosts {
	struct wr_force *force; /* borrowed */
	struct {
		char *host;    /* owned */
		uint32_t rule; /* as in wr_host_tag() */
	} at[WR_HOST_RULES];
	uint32_t n;
	uint64_t flows, displaced; /* known so far; that made room for others */
};

int wr_hosts_check(const struct wr_policy *p, struct wr_err *err); /* -EINVAL: more than that */
/* The policy comes into force, slots by rule: what is known of flows is told for rules that are
 * new; apps NULL: nothing is. -ENOMEM: then as before. */
int wr_hosts_follow(struct wr_hosts *h, const struct wr_policy *p, const uint16_t *slot,
		    const struct wr_apps *apps, struct wr_err *err);
void wr_hosts_app(struct wr_hosts *h, const struct wr_app *app);
void wr_hosts_end(struct wr_hosts *h, const struct wr_flow_key *key); /* the flow has ended */
void wr_hosts_free(struct wr_hosts *h);

#endif
