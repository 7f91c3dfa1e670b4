/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_WEB_LIVE_H
#define WR_UI_WEB_LIVE_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "ui/web/wire.h"

/*
 * What is going on, to everybody who looks: one subscription to the core, passed on to up to 32
 * streams of server-sent events (HTML Living Standard, 9.2). After each window the core sends a
 * round; of each view that a stream asked for it becomes one event, whose data are the view's JSON
 * Lines (none: the view is empty). The last rounds are kept once for all streams; a stream that
 * falls behind them is closed, and counted. While nobody looks there is no subscription.
 */

/* X(symbol, name): the views that can be streamed; an object of one has the name, or the name
 * without its last s, as event_type. */
#define WR_WEB_VIEWS(X)           \
	X(STATUS, "status")       \
	X(STATS, "stats")         \
	X(SERVICES, "services")   \
	X(TALKERS, "talkers")     \
	X(PROTOCOLS, "protocols") \
	X(IFACES, "interfaces")   \
	X(DROPS, "drops")         \
	X(LEDGER, "ledger")       \
	X(ERROR, "error")

enum wr_web_view {
#define X(sym, name) WR_WEB_VIEW_##sym,
	WR_WEB_VIEWS(X)
#undef X
		WR_WEB_VIEW_COUNT
};

enum {
	WR_WEB_STREAMS = 32,
	WR_WEB_ROUNDS = 8,	    /* kept; one of them is being filled */
	WR_WEB_ROUND_MAX = 1 << 18, /* bytes of a view in a round; what is more is left out */
};

struct wr_web_round {
	struct wr_buf text[WR_WEB_VIEW_COUNT]; /* as sent */
};

struct wr_web_live;

struct wr_web_stream {
	struct wr_web_live *live;
	struct MHD_Connection *conn;
	bool used, asleep, late;
	uint32_t views; /* bits */
	uint64_t round; /* the next byte: round, view, offset */
	unsigned int view;
	size_t offset;
};

struct wr_web_live {
	struct wr_wire wire;
	bool subscribed;
	uint64_t newest; /* number of the newest whole round; 0 = there is none */
	uint64_t newest_ms;
	struct wr_web_round rounds[WR_WEB_ROUNDS];
	struct wr_web_stream streams[WR_WEB_STREAMS];
	uint64_t opened, dropped, refused; /* streams: all so far, too slow, one too many */
	uint64_t left_out;		   /* lines for which there was no room */
};

/* Takes fd. 0 or -errno. */
int wr_web_live_open(struct wr_web_live *l, int fd, struct wr_err *err);
void wr_web_live_wake(struct wr_web_live *l);  /* before the server stops: no stream sleeps */
void wr_web_live_close(struct wr_web_live *l); /* after the server stopped */

/* Call it when the connection can be read. -EPIPE: the core is gone. */
int wr_web_live_step(struct wr_web_live *l);

/* Views as bits from "stats,services"; 0 when a name is unknown or there is none. */
uint32_t wr_web_live_views(const char *list);

/* The body of a new stream, or NULL when there are too many. The caller queues it on conn. */
struct MHD_Response *wr_web_live_stream(struct wr_web_live *l, struct MHD_Connection *conn,
					uint32_t views);
unsigned int wr_web_live_streams(const struct wr_web_live *l); /* now */

#endif
