/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_SHADOW_H
#define WR_DAEMON_SHADOW_H

#include "flow/hits.h"
#include "policy/policy.h"

/*
 * What shadows would hit. The kernel counts to the packet how much that is; who it is is found
 * here: each window's parts of flows are held against the policy as it is in force, by the code
 * that the kernel runs. Rules that need more than a flow's addresses and ports (`where`, `inner`)
 * are held against those packets that are kept for `weir dump`, so theirs is a sample. What is
 * known of a flow's host when its part is read holds for the whole part.
 *
 * Memory is taken at open; of a policy without a shadow nothing is looked at. When a shadow is
 * enforced what was found stays, until the rule is gone or is a shadow again.
 */
enum { WR_SHADOWS = 16, WR_SHADOW_PACKETS = 5, WR_SHADOW_BYTES = 256 };

struct wr_shadow_packet {
	struct wr_packet pkt; /* data and iface point to what is below; no rec, no fate. ts_ns 0:
				 there is none */
	uint8_t src[16];
	uint8_t data[WR_SHADOW_BYTES];
	char iface[16];
};

struct wr_shadow {
	char name[WR_POLICY_NAME]; /* "": a free place */
	bool counting;		   /* it is a shadow now */
	bool sampled;		   /* hits are of packets that were kept */
	struct wr_hits hits;
	struct wr_shadow_packet packet[WR_SHADOW_PACKETS]; /* the newest, each of another source */
	int rule; /* index in the policy that is followed */
};

struct wr_shadows;

int wr_shadows_open(struct wr_shadows **out, struct wr_err *err); /* -ENOMEM */
void wr_shadows_close(struct wr_shadows **s);			  /* NULL is fine; sets NULL */

/* That policy is in force from now on; borrowed until the next one is. -ENOMEM, -ENOSPC: what
 * shadows hit is not found out, all else goes on. */
int wr_shadows_follow(struct wr_shadows *s, const struct wr_policy *p, struct wr_err *err);
bool wr_shadows_want(const struct wr_shadows *s); /* some rule is a shadow */

/* A part of a flow (wr_live_tap), and a packet that is kept. */
void wr_shadows_part(struct wr_shadows *s, struct wr_live *live, const struct wr_live_part *part,
		     const struct wr_flow *flow);
void wr_shadows_packet(struct wr_shadows *s, struct wr_live *live, const struct wr_packet *pkt);

/* What was found of a rule; NULL: nothing is known of it. Borrowed. */
const struct wr_shadow *wr_shadows_of(const struct wr_shadows *s, const char *rule);

#endif
