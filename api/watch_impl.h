/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_API_WATCH_IMPL_H
#define WR_API_WATCH_IMPL_H

#include "api/watch.h"

/* What the files watch*.c share. */

enum {
	WR_API_LIMITED = 429, /* RFC 6585, 4 */
	WR_API_TIMES = 128,
	WR_API_CLIENT_BITS = 4096
};

struct wr_api_second {
	uint16_t requests, errors, timed;
	uint16_t times[WR_API_TIMES];
};

/* Something that is too much: since when, and since when no more. */
struct wr_api_state {
	uint64_t id; /* 0: it is as usual */
	uint32_t bad_s, calm_s, learned;
	double norm;
};

struct wr_api_watched {
	char route[WR_API_ROUTE];
	uint32_t hash;
	bool used;
	uint64_t last_s;
	struct wr_api_second second[WR_API_WATCH_S];
	uint32_t requests, errors, timed, times[WR_API_TIMES]; /* their sums */
	struct wr_api_state errs, slow;
	struct wr_api_asker asker[WR_API_ASKERS];
};

enum { WR_API_OF_CLIENT = WR_API_ALARMS - WR_API_ALARM_TRIES };

struct wr_api_client {
	uint8_t addr[16], ip_v; /* 0: free */
	uint64_t since_s, last_s;
	uint32_t requests, refusals, paths;
	uint64_t tokens;
	uint64_t seen[WR_API_CLIENT_BITS / 64];
	struct {
		uint64_t id, bad_s;
		double value;
	} alarm[WR_API_OF_CLIENT];
	char route[WR_API_ROUTE];
};

struct wr_api_watch {
	struct wr_api_watch_conf conf;
	uint64_t now_s, last_id, unwatched;
	struct wr_api_watched route[WR_API_WATCHED];
	struct wr_api_client client[WR_API_CLIENTS_MAX];
};

uint32_t wr_api_watch_hash(const struct wr_api_watch *w, const void *bytes, size_t n);
void wr_api_watch_client(struct wr_api_watch *w, const char *route, const struct wr_api_request *r,
			 wr_api_tell_fn tell, void *ctx);
void wr_api_watch_client_tick(struct wr_api_watch *w, wr_api_tell_fn tell, void *ctx);

#endif
