/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_ADMINS_H
#define WR_DAEMON_ADMINS_H

#include "control/peers.h"
#include "daemon/conf.h"
#include "detect/detect.h"

/*
 * Packets that come from elsewhere to a port on which an API gateway is administered: most gateways
 * ask nobody there who he is. The ports are those of gateway.folder, as far as the gateway is
 * administered over TCP on this host, and gateway.admin_ports. Each source is found once for a port
 * and is over when it has been quiet for ten minutes. Who has not answered what it was answered may
 * be forged: of such a few are found at each port, and how many there are is a number of theirs
 * (evidence: sources). Memory is fixed.
 */
enum { WR_ADMINS = 64, WR_ADMINS_SEEN = 256, WR_ADMINS_SILENT = 4 };

struct wr_admins;

/* With rights: gateways' files are read here; one that is broken is told by say and left out. *out
 * is NULL when there is no such port. */
int wr_admins_open(struct wr_admins **out, const struct wr_daemon_conf *conf,
		   void (*say)(const char *line), struct wr_err *err);
void wr_admins_close(struct wr_admins **a); /* NULL is fine */

/* What is found is told from now on; a may be NULL. own: packets are only those to addresses of
 * this host, which are asked for once a minute. */
void wr_admins_watch(struct wr_admins *a, struct wr_live *live, bool own, bool on,
		     wr_finding_fn tell, void *ctx);
/* To be called once a second; now_ns is CLOCK_REALTIME. on: detection is; what holds when it is
 * switched off is over. */
void wr_admins_second(struct wr_admins *a, bool on, uint64_t now_ns);
void wr_admins_end(struct wr_admins *a); /* all that holds is over; NULL is fine */

/* "http://127.0.0.1:2019" is administered at port 2019 of this host, whose n addresses are own, in
 * any notation; 0: it is not. Pure. */
uint16_t wr_admins_port(const char *where, const struct wr_peer *own, int n);

#endif
