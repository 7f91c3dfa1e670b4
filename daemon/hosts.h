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

struct wr_host_rules {
	struct {
		char *host, *name; /* owned */
		uint16_t number;   /* as in wr_host_tag() */
	} at[WR_HOST_RULES];
	uint32_t n;
};

struct wr_hosts {
	struct wr_force *force; /* borrowed */
	struct wr_host_rules in_force;
	uint16_t classes; /* numbers given to rules that name a class */
};

/* Has a flow asked for it? */
bool wr_hosts_asked_for(const struct wr_app *app, const char *pattern);

int wr_hosts_check(const struct wr_policy *p, struct wr_err *err); /* -EINVAL: more than that */
void wr_host_rules_free(struct wr_host_rules *r);

/* What a policy will have, and by rule the number of those that name a class. slot: of the others.
 * -ENOMEM. */
int wr_hosts_plan(struct wr_hosts *h, const struct wr_policy *p, const uint16_t *slot,
		  struct wr_host_rules *next, uint16_t *number, struct wr_err *err);
/* What is known of flows, and whether one still is there; apps NULL: nothing is. */
struct wr_hosts_known {
	const struct wr_apps *apps;
	bool (*there)(void *ctx, const struct wr_flow_key *key);
	void *ctx;
};
/* Before it comes into force: the kernel is told of flows for rules that are new, so that those
 * hold for connections that are there. */
void wr_hosts_begin(struct wr_hosts *h, const struct wr_host_rules *next,
		    const struct wr_hosts_known *known);
/* It came into force, or did not: marks of rules that are not there are taken off. *next is taken.
 */
void wr_hosts_end(struct wr_hosts *h, struct wr_host_rules *next, bool in_force,
		  const struct wr_hosts_known *known);

void wr_hosts_app(struct wr_hosts *h, const struct wr_app *app);
void wr_hosts_forget(struct wr_hosts *h, const struct wr_flow_key *key); /* the flow has ended */

#endif
