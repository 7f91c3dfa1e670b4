/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_FLOW_APPS_H
#define WR_FLOW_APPS_H

#include "flow/flow.h"
#include "l7/l7.h"

/*
 * What the first payloads of flows said (l7/l7.h), by flow. Memory is fixed: of the flows that said
 * something, the latest ones are remembered.
 */

enum { WR_APPS_MAX = 8192 };

struct wr_app {
	struct wr_flow_key key;
	uint64_t at_ns;	      /* of the newest payload that was understood, CLOCK_REALTIME */
	struct wr_l7 said[2]; /* by end; proto WR_L7_NONE: nothing that was understood */
};

struct wr_apps;

/* 0 or -ENOMEM. */
int wr_apps_open(struct wr_apps **out, struct wr_err *err);
void wr_apps_close(struct wr_apps **a); /* NULL is fine; sets NULL */

/*
 * A payload of end `from`, in the order of its flow. One that is only the beginning of a message is
 * kept until the next one. Returns what is known of the flow, borrowed until the next call, or
 * NULL.
 */
const struct wr_app *wr_apps_payload(struct wr_apps *a, const struct wr_flow_key *key, uint8_t from,
				     const uint8_t *payload, size_t n, uint64_t at_ns);
/* The flow has ended, or another one has taken its key: nothing is known of it. */
void wr_apps_drop(struct wr_apps *a, const struct wr_flow_key *key);

/* NULL: nothing is known. */
const struct wr_app *wr_apps_find(const struct wr_apps *a, const struct wr_flow_key *key);

/* Of all flows of which something is known. */
void wr_apps_each(const struct wr_apps *a, void (*fn)(void *ctx, const struct wr_app *app),
		  void *ctx);

/* Of both ends: the protocol, preferring one that has a name for it. */
enum wr_l7_proto wr_app_proto(const struct wr_app *app);

/* The end that asked, as its payload or its answer showed; -1 when none did. */
int wr_app_client(const struct wr_app *app);

#endif
