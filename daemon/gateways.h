/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_GATEWAYS_H
#define WR_DAEMON_GATEWAYS_H

#include "daemon/conf.h"
#include "daemon/front.h"
#include "gateway/gateway.h"

/*
 * What a running weir does at API gateways. The core says what shall be so (acts); a process of its
 * own (a front: the user of gateway.user, no rights beyond his) keeps the ledgers, works with the
 * gateways, and says what has become of it. Both talk by datagrams of fixed size, of which neither
 * waits for the other.
 *
 *	core ── orders ──> gateways ── ledger, drivers ──> HAProxy, nginx, ...
 *	     <── news ───
 */
enum {
	WR_ACTS = 256,
	WR_ACTS_LEFT = 64, /* of them policies leave so many to detection */
	WR_GATEWAYS_KNOWN = 16,
	WR_ACT_WHY = 240
};

enum wr_act_state {
	WR_ACT_SHADOW,	 /* nothing is done: what would be */
	WR_ACT_WAITS,	 /* it is to be, and has not been read back yet */
	WR_ACT_STANDS,	 /* read back */
	WR_ACT_REFUSED,	 /* it cannot be; why says it */
	WR_ACT_DECLINED, /* somebody has taken it out, and wants it so */
	WR_ACT_LEAVES,	 /* it is to be taken out */
	WR_ACT_STATES,
};

struct wr_act {
	uint64_t id; /* 0: free */
	uint8_t state;
	bool sent;	  /* as it is now */
	bool again;	  /* longer only: not when somebody has taken it out */
	bool harder;	  /* behind a limit of the same: not when somebody has taken that out */
	uint64_t finding; /* that it is against; 0: none */
	int policy;	  /* that it is of; -1: none */
	uint64_t since_s; /* it stands since then */
	char gateway[WR_GATEWAY_NAME];
	struct wr_gateway_entry e;
	char why[WR_ACT_WHY]; /* in trouble, or refused */
};

/* How a gateway is, as the process has told last. */
struct wr_gateways_row {
	char name[WR_GATEWAY_NAME];
	bool well;
	uint64_t in_force, foreign;
	char why[WR_ACT_WHY];
};

struct wr_gateways;

/* Is there to be such a process? */
bool wr_gateways_wanted(const struct wr_daemon_conf *conf);
/* With rights: opens what both share, and gives the ledgers to gateway.user. *out is NULL when
 * nothing is to be done. */
int wr_gateways_open(struct wr_gateways **out, const struct wr_daemon_conf *conf,
		     struct wr_err *err);
void wr_gateways_close(struct wr_gateways **g); /* after its process has ended; NULL is fine */
const struct wr_front *wr_gateways_front(const struct wr_gateways *g);
void wr_gateways_forked(struct wr_gateways *g);

/* In the core: */
int wr_gateways_fd(const struct wr_gateways *g);
/* Told of each change of an act, and of an entry that an earlier weir has put there for a policy.
 */
struct wr_gateways_ops {
	void (*act)(void *ctx, struct wr_act *a);
	void (*found)(void *ctx, const char *gateway, const struct wr_gateway_entry *e);
	void (*gateway)(void *ctx, const struct wr_gateways_row *row); /* well, or in trouble */
	void *ctx;
};
void wr_gateways_ops(struct wr_gateways *g, const struct wr_gateways_ops *ops);
int wr_gateways_read(struct wr_gateways *g); /* -EPIPE: nothing comes any more */

/* A new one; its state is WAITS, or SHADOW when nothing is to be done. policy: that it is of, or
 * -1. NULL: there are WR_ACTS, or policies have all but WR_ACTS_LEFT of them. */
struct wr_act *wr_gateways_act(struct wr_gateways *g, const char *gateway,
			       const struct wr_gateway_entry *e, int policy, bool shadow);
void wr_gateways_longer(struct wr_act *a, uint64_t until_s);
void wr_gateways_lift(struct wr_act *a);
/* WR_ACTS of them; id 0: none there. */
struct wr_act *wr_gateways_acts(struct wr_gateways *g);
/* To be called once a second: sends what has not been, forgets what has ended. starts: how often
 * the process was started; a new one is told all again. */
void wr_gateways_second(struct wr_gateways *g, uint64_t now_s, uint64_t starts);
uint32_t wr_gateways_rows(const struct wr_gateways *g, const struct wr_gateways_row **rows);
uint64_t wr_gateways_no_room(const struct wr_gateways *g); /* acts that were not made */

#endif
