/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_STORE_READ_H
#define WR_STORE_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "store/rows.h"

/*
 * Reading history, also while another process writes it; nothing is written. Roll-ups and flows are
 * read piece by piece, and no transaction is open while a callback runs: a reader may be as slow as
 * it likes. What is written meanwhile may be seen or not.
 *
 * Callbacks return false to stop. What they are given is borrowed for the call.
 */

struct wr_store_reader;

/*
 * Opens a history. -ENOENT: there is none; -EOPNOTSUPP: a newer weir wrote it; -EINVAL: it is
 * something else; -EBADMSG: damaged; -EACCES: no permission. *out is untouched on failure.
 */
int wr_store_read_open(struct wr_store_reader **out, const char *path, struct wr_err *err);
/* The same for who may not wait: whatever another program holds locked is -EBUSY at once, here and
 * in each call. */
int wr_store_read_open_now(struct wr_store_reader **out, const char *path, struct wr_err *err);
void wr_store_read_close(struct wr_store_reader **r); /* NULL is fine; sets NULL */

/* ---- roll-ups ---- */

enum { WR_STORE_POINTS = 240 };

struct wr_store_ask {
	enum wr_store_kind kind;
	const char *key;       /* as it was given to wr_store_count() */
	uint64_t from_s, to_s; /* periods that begin in [from, to); both become whole ones */
	uint32_t res_s; /* 1, 60, 3600; 0 = the finest that gives points_max at most and is still
			   there; set to what was chosen */
	uint32_t points_max; /* for res_s 0; 0 = WR_STORE_POINTS */
};

struct wr_store_point {
	uint64_t t_s; /* its period begins */
	struct wr_store_counts n;
};

/* The periods of a key in which something was counted, in order. -ENOENT: there is no such key (err
 * names some that are there). */
typedef bool (*wr_store_point_fn)(void *ctx, const struct wr_store_point *p);
int wr_store_read_rollup(struct wr_store_reader *r, struct wr_store_ask *ask, wr_store_point_fn fn,
			 void *ctx, struct wr_err *err);

/* The keys of ask->kind with their sums over the time, most bytes first (most requests, where it is
 * about these), `most` of them. ask->key
 * is not looked at; resolution as above. */
typedef bool (*wr_store_key_fn)(void *ctx, const char *key, const struct wr_store_counts *n);
int wr_store_read_top(struct wr_store_reader *r, struct wr_store_ask *ask, uint32_t most,
		      wr_store_key_fn fn, void *ctx, struct wr_err *err);

/* ---- flows ---- */

/* Which flows; what is not asked for is 0. */
struct wr_store_filter {
	uint64_t from_ns, to_ns; /* those that were there in [from, to); to 0 = no end */
	enum {
		WR_STORE_BY_SRC = 1,
		WR_STORE_BY_DST = 2,
		WR_STORE_BY_EITHER = 4, /* src or dst is `addr` */
		WR_STORE_BY_DPORT = 8,
		WR_STORE_BY_PORT = 16, /* sport or dport is `port` */
		WR_STORE_BY_PROTO = 32,
	} by;				    /* a set of these; all must hold */
	uint8_t src[16], dst[16], addr[16]; /* as in wr_store_flow */
	uint16_t dport, port;
	uint8_t proto;
};

/* In the order in which they were added, which is about that of their ends. *damaged (may be NULL):
 * how many blocks could not be read and were left out. */
typedef bool (*wr_store_flow_fn)(void *ctx, const struct wr_store_flow *f);
int wr_store_read_flows(struct wr_store_reader *r, const struct wr_store_filter *f,
			wr_store_flow_fn fn, void *ctx, uint64_t *damaged, struct wr_err *err);

/* ---- incidents and rules ---- */

/*
 * Incidents that were there in [from, to), rules that were made in it, in order of time; to 0 = no
 * end. Few, so they are read at once: the callback shall not wait. Evidence is JSON on one line, or
 * "".
 */
typedef bool (*wr_store_incident_fn)(void *ctx, const struct wr_store_incident *i);
typedef bool (*wr_store_rule_fn)(void *ctx, const struct wr_store_rule *rule);
int wr_store_read_incidents(struct wr_store_reader *r, uint64_t from_ns, uint64_t to_ns,
			    wr_store_incident_fn fn, void *ctx, struct wr_err *err);
int wr_store_read_rules(struct wr_store_reader *r, uint64_t from_ns, uint64_t to_ns,
			wr_store_rule_fn fn, void *ctx, struct wr_err *err);

/* ---- what there is ---- */

struct wr_store_info {
	uint64_t bytes; /* of the file */
	uint64_t flows, flow_bytes;
	uint64_t flow_first_ns, flow_last_ns; /* 0 when there are none */
	uint64_t first_s, last_s;	      /* of roll-ups; 0 when there are none */
	uint64_t series;
};

int wr_store_read_info(struct wr_store_reader *r, struct wr_store_info *info, struct wr_err *err);

#endif
