/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_CLI_WHY_NEXT_H
#define WR_UI_CLI_WHY_NEXT_H

#include "capture/capture.h"
#include "policy/policy.h"

/* The next packet that arrives, for `weir why --next`. */
struct wr_why_next {
	const char *iface;	   /* NULL: any, or that of the default route */
	const char *netns;	   /* of an interface; NULL: this one */
	const char *filter;	   /* pcap-filter expression; NULL: all */
	const char *conf, *socket; /* of the daemon, as for wr_cli_connect() */
	uint64_t wait_ns;
};

/*
 * The first one that the running daemon keeps of those that arrive from now on, with what it has
 * decided (fate), and its policy as it is behind that packet. fn is called once; both are borrowed
 * for the call. -ETIMEDOUT: none came in time; -EINVAL: no packets are kept, or no policy is
 * loaded.
 */
int wr_why_next_kept(const struct wr_why_next *n,
		     int (*fn)(void *ctx, const struct wr_policy *p, const struct wr_packet *pkt),
		     void *ctx, struct wr_err *err);

/* The first one at an interface, as weir watch has it. Errors as wr_session_open(), and
 * -ETIMEDOUT. */
int wr_why_next_seen(const struct wr_why_next *n, wr_packet_fn fn, void *ctx, struct wr_err *err);

#endif
