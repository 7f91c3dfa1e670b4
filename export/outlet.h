/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_EXPORT_OUTLET_H
#define WR_EXPORT_OUTLET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "export/outbox.h"

/*
 * An outbox and where it goes: a file, standard output, a socket. A connection that breaks is made
 * again, first after a second, then after twice as long up to a minute; what waits meanwhile is
 * bounded and what finds no room is counted.
 */

/* Ways out. X(symbol, what stands in front of the address) */
#define WR_OUTLET_TABLE(X)                   \
	X(STDOUT, "-")                       \
	X(UNIX, "unix:")      /* stream */   \
	X(LOCAL, "unixgram:") /* datagram */ \
	X(TCP, "tcp:")                       \
	X(UDP, "udp:")                       \
	X(FILE, "") /* appended to */

enum wr_outlet_way {
#define X(sym, prefix) WR_OUTLET_##sym,
	WR_OUTLET_TABLE(X)
#undef X
		WR_OUTLET_WAYS
};

#define WR_OUTLET(sym) (1u << WR_OUTLET_##sym)

struct wr_outlet; /* owned by the caller */

struct wr_outlet_conf {
	const char *to;	  /* "-", "unix:PATH", "unixgram:PATH", "tcp:HOST:PORT", "udp:HOST:PORT" or
			     PATH; copied */
	unsigned int may; /* WR_OUTLET() of the ways that make sense */
	size_t bytes;	  /* of the outbox */
	/* An outbox of the caller's, with what waits in it; stays borrowed. NULL: one of its own.
	 */
	struct wr_outbox *box;
	/* Who is not there yet, or cannot be looked up, is no error: nothing is connected now, and
	 * it is tried as after a connection that broke. A file that cannot be opened stays closed.
	 */
	bool later;
	/* A new connection or file begins. What it gives to wr_outlet_first() goes out before all
	 * that waits. Called from open, flush, drain and reopen. May be NULL. */
	void (*begins)(void *ctx, struct wr_outlet *o);
	void *ctx;
};

/*
 * Connects, or opens with mode 0640. HOST is looked up now, and only now (`later`: until it was
 * found once; that may take seconds). A socket that cannot be
 * reached now is an error now, so that a typing error is seen; later it is tried again. -EINVAL and
 * the errors of open() and connect(); *out is untouched on failure.
 */
int wr_outlet_open(struct wr_outlet **out, const struct wr_outlet_conf *conf, struct wr_err *err);

/* Copies a message that holds so many things. False: it is lost, and counted. */
bool wr_outlet_put(struct wr_outlet *o, const void *message, size_t n, uint32_t holds,
		   uint32_t mark);

/* From `begins` only: at most 4096 bytes in all. */
void wr_outlet_first(struct wr_outlet *o, const void *bytes, size_t n);

/*
 * Sends what can be sent without waiting, and connects again when that is due. now_ns: any clock
 * that does not jump. 0: nothing waits; 1: something does; -errno: it failed, err says how; said at
 * most once a minute, else 1. What the system has taken counts as sent: what it holds when a
 * connection breaks is not known.
 */
int wr_outlet_flush(struct wr_outlet *o, uint64_t now_ns, struct wr_err *err);

/* Flushes until nothing waits, it fails or wait_ms are over. As wr_outlet_flush(). */
int wr_outlet_drain(struct wr_outlet *o, int wait_ms, struct wr_err *err);

/* The file by its name once more (log rotation). The old one is kept when that fails. Nothing to do
 * for other ways. */
int wr_outlet_reopen(struct wr_outlet *o, struct wr_err *err);

/* For poll(); -1: there is none now. Writable means: flush. */
int wr_outlet_fd(const struct wr_outlet *o);
enum wr_outlet_way wr_outlet_way(const struct wr_outlet *o);
struct wr_outbox *wr_outlet_box(struct wr_outlet *o);
struct wr_outbox_count wr_outlet_count(const struct wr_outlet *o);

/* Why nothing goes out just now; "": nothing is known to be wrong. Borrowed. */
const char *wr_outlet_trouble(const struct wr_outlet *o);

/* What waits is lost, unless the outbox is the caller's. */
void wr_outlet_drop(struct wr_outlet *o);

/* Does not flush. NULL is fine; sets NULL. */
void wr_outlet_close(struct wr_outlet **o);

#endif
