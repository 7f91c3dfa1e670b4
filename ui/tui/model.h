/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_TUI_MODEL_H
#define WR_UI_TUI_MODEL_H

#include "core/govern.h"
#include "flow/live.h"
#include "ui/tui/scope.h"

/*
 * What a screen shows, as facts: rows in their order, totals, the ledger. Made from flow/live.h and
 * ledger rows after each window; knows nothing of terminals. Between two makings it does not
 * change, so a screen can stand still while the counting goes on.
 */

/* X(symbol, name) */
#define WR_TUI_PANEL_TABLE(X)     \
	X(SERVICES, "Services")   \
	X(TALKERS, "Talkers")     \
	X(FLOWS, "Flows")         \
	X(PROTOCOLS, "Protocols") \
	X(DROPS, "Drops")         \
	X(LEDGER, "Ledger")       \
	X(RULES, "Rules")         \
	X(CLASSES, "Classes")

enum wr_tui_panel {
#define X(sym, name) WR_TUI_##sym,
	WR_TUI_PANEL_TABLE(X)
#undef X
		WR_TUI_PANELS
};

/* X(symbol, what the status line calls it); the first six are those of flow/live.h */
#define WR_TUI_ORDER_TABLE(X)          \
	X(RATE, "rate")                \
	X(BYTES, "bytes")              \
	X(PACKETS, "packets a second") \
	X(FLOWS, "flows")              \
	X(SOURCES, "sources")          \
	X(AGE, "newest first")         \
	X(RTT, "round trip time")

enum wr_tui_order {
#define X(sym, name) WR_TUI_BY_##sym,
	WR_TUI_ORDER_TABLE(X)
#undef X
		WR_TUI_ORDERS
};
_Static_assert((int)WR_TUI_BY_AGE == (int)WR_LIVE_BY_AGE, "the orders of flow/live.h, and more");

enum {
	WR_TUI_ROWS = 1024,	/* of a panel, the first in its order */
	WR_TUI_SERIES = 60,	/* windows that a chart shows */
	WR_TUI_HOOKS = 256,	/* rows of the ledger */
	WR_TUI_APP = 64,	/* bytes of a name that a flow asked for */
	WR_TUI_REASONS = 80,	/* why packets are told in the drops panel */
	WR_TUI_RULES_MAX = 256, /* the first of a policy */
	/* Classes with what each had of each of 16 links, and the links that they share. */
	WR_TUI_CLASSES_MAX = (WR_CLASSES + 1) * (1 + 16) + WR_LINKS,
};

/* A rule of the weir that runs on this host. */
struct wr_tui_rule {
	char name[32];
	char action[8];			   /* allow, drop, limit, class */
	char state[24];			   /* enforced, shadow, off, "ends in 5m 10s" … */
	char text[128];			   /* the statement, or its beginning */
	bool keeps_out;			   /* it drops or limits, and is in force */
	struct wr_count matched, stopped;  /* of a shadow: would have been */
	uint64_t matched_now, stopped_now; /* packets, in the newest second */
};

/* A bandwidth class of the weir that runs on this host, or a link that they share. */
struct wr_tui_class {
	char name[40];
	char part[24]; /* what it had of a link: that link; "": the class, or a link, itself */
	bool link;
	/* Bytes of the newest second, of all links together. A link: passed is what it uses. */
	uint64_t offered, passed, dropped, borrowed;
	uint64_t marked, dropped_all; /* packets: in the newest second; so far */
	/* 0: none. A link: what it carries, and what it may carry now. */
	uint64_t guarantee_bps, ceiling_bps;
	uint32_t priority; /* 0: a link, or a part */
};

struct wr_tui_row {
	uint64_t id[5];		/* the same for the same thing from one window to the next */
	bool other;		/* what has no row of its own; only counters */
	struct wr_talk_key key; /* services, talkers, protocols */
	struct wr_flow flow;	/* flows */
	/* Arrived, left. Flows: to the server, to the client. Drops: in only. */
	struct wr_count in, out;	 /* since it began */
	struct wr_count in_now, out_now; /* in the newest window */
	uint64_t began_ns, last_ns;	 /* CLOCK_REALTIME */
	uint64_t flows;
	uint32_t sources;		/* services */
	bool listens;			/* services: a socket of this host waits there */
	uint8_t app;			/* enum wr_l7_proto, of services and flows */
	char app_name[WR_TUI_APP];	/* flows: the name that was asked for; "" = none */
	const char *name, *text;	/* drops: what, and what that means; static, or borrowed */
	const struct wr_tui_rule *rule; /* rules, and drops by them: borrowed from the model */
	const struct wr_tui_class *klass; /* classes: borrowed from the model */
	const struct wr_ledger *ledger;	  /* ledger: borrowed from the model */
	int cells;			  /* that series has, at the end of it */
	double series[WR_TUI_SERIES];	  /* bytes in a window (drops: packets), oldest first */
};

struct wr_tui_query {
	enum wr_tui_panel panel;
	enum wr_tui_order order;
	struct wr_tui_scope scope;
	bool hold; /* rows stay where they are, with new numbers */
};

struct wr_tui_model {
	uint64_t window, time_ns; /* of the newest one */
	struct wr_count in_now, out_now, in, out;
	/* Of windows, oldest first: bytes that arrived and that left, packets that arrived. */
	double in_series[WR_TUI_SERIES], out_series[WR_TUI_SERIES], packets_series[WR_TUI_SERIES];
	uint32_t count[WR_TUI_PANELS]; /* rows that there are, for all of the traffic or of the
					  filter's */
	uint64_t sizes[WR_LIVE_SIZES]; /* packets since the start; of all, whatever the filter */
	uint64_t no_row;	       /* packets of the newest window that no filter can choose */
	struct wr_tui_row *rows;       /* owned */
	uint32_t n, all;	       /* rows here; rows that there are */
	struct wr_ledger *ledger;      /* owned */
	int n_ledger;
	bool balanced;	/* every row of the ledger is */
	bool malformed; /* something was broken, lost or dropped in the newest window */
};

/* live: what is looked at; borrowed, and its tap is taken. 0 or -errno. */
int wr_tui_model_open(struct wr_tui_model **out, struct wr_live *live, struct wr_err *err);
void wr_tui_model_close(struct wr_tui_model **m); /* NULL is fine; sets NULL */

/* Shows only flows that the pcap-filter expression chooses; NULL or "" = all. On failure the old
 * one stays. */
int wr_tui_model_filter(struct wr_tui_model *m, const char *filter, struct wr_err *err);
const char *wr_tui_model_filtered(const struct wr_tui_model *m); /* NULL = not */

/* The ledger as it is now; once for each window. Seen at the next making. */
void wr_tui_model_ledger(struct wr_tui_model *m, const struct wr_ledger *rows, int n);

/* The rules as they are now; once for each window. n < 0: there are none to be known, and why. Seen
 * at the next making. */
void wr_tui_model_rules(struct wr_tui_model *m, const struct wr_tui_rule *rules, int n);

/* The same of classes and their links. */
void wr_tui_model_classes(struct wr_tui_model *m, const struct wr_tui_class *classes, int n);

/* Makes the rows, the totals and the counts anew. -ENOMEM when there is no memory to look closer:
 * then the rows are empty. */
int wr_tui_model_make(struct wr_tui_model *m, const struct wr_tui_query *query, struct wr_err *err);

/* Where the row with this id is, or n when it is gone. */
uint32_t wr_tui_model_find(const struct wr_tui_model *m, const uint64_t id[5]);

#endif
