/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_API_H
#define WR_DAEMON_API_H

#include <sys/types.h>

#include "base/conf.h"
#include "base/err.h"
#include "base/loop.h"
#include "daemon/query.h"
#include "view/status.h"

/*
 * The control socket (unix(7), stream): a line in, JSON Lines and one empty line out, as often as
 * the client likes (see daemon/query.h). An error is one object
 * {"event_type":"error","error":TEXT,"status":1|2}: 1 = could not be done, 2 = a bad request.
 *
 *	VIEW key=value…			the view's objects
 *	subscribe views=A,B key=value…	the views' objects now and after each window; the next
 *					request on the connection ends it
 *
 * Who may ask may see everything. Rules are changed by root and by members of the socket's group
 * only (SO_PEERCRED); over connections that were made elsewhere, as the page's, when whoever adds
 *them says so.
 *
 * Nothing here waits for a client. While an answer is on its way no further request of that client
 * is read. Who takes nothing for 30 s, or lets more than 1 MiB of a subscription pile up, or has
 *the most waiting when all together exceed the bound, is dropped and counted.
 */

struct wr_swap_want;
struct wr_swap_told;

/* A change of users' programs. */
struct wr_program_ask {
	enum { WR_PROGRAM_ADD, WR_PROGRAM_REPLACE, WR_PROGRAM_DEL } what;
	const char *name, *file; /* file: NULL for del */
	bool after;
};
/* And one of them as it is. */
struct wr_program_row {
	const char *name, *file;
	bool after;
	uint32_t ns; /* for one packet, as control/programs.h measures it */
	uint64_t asked, passed, dropped;
};

typedef void (*wr_swap_tell_fn)(void *ctx, const char *iface, const char *hook,
				const struct wr_swap_told *told);

struct wr_api_stats;
struct wr_explain;
struct wr_findings;
struct wr_samples;
struct wr_forecasts;
struct wr_measure_output;
struct wr_outputs_test;
struct wr_places;
struct wr_rules;

/* What views are made from. Members may be NULL where a program has nothing of the kind: the view
 * says so. */
struct wr_api_host {
	struct wr_live *live;
	int (*ledger)(void *ctx, struct wr_ledger *rows, int n); /* as wr_engine_ledger() */
	void (*status)(void *ctx, struct wr_status *out);
	int (*outputs)(void *ctx, struct wr_measure_output *rows, int n); /* daemon/output.h */
	uint32_t (*notify_test)(void *ctx); /* tells a made incident; its number, 0: to nobody */
	int (*notify_tests)(void *ctx, uint32_t test, struct wr_outputs_test *rows, int n);
	int (*reload)(void *ctx, struct wr_err *err);
	const struct wr_conf *(*conf)(void *ctx); /* in effect */
	const char *history;			  /* file; NULL or "": none is kept */
	const struct wr_dump *dump;		  /* the last packets; NULL: none are kept */
	const struct wr_samples *samples;	  /* of incidents; the same */
	struct wr_rules *rules;			  /* NULL: no policy is loaded */
	struct wr_detect *(*detector)(void *ctx); /* NULL from it: detection is off */
	/* save, load FILE, keep ADDRESS, free ADDRESS, reset: what was learned. */
	int (*learn)(void *ctx, const char *what, const char *of, struct wr_err *err);
	const struct wr_places *places;	      /* whose sources are; NULL: not known */
	const struct wr_findings *findings;   /* NULL: there is no detection */
	const struct wr_forecasts *forecasts; /* NULL: there are none */
	/* What is done about the incident in it, or could be: its mode and cure. */
	void (*explain)(void *ctx, struct wr_explain *e);
	const struct wr_advice *advice;	     /* NULL: no model is asked */
	const struct wr_api_stats *requests; /* of gateways; NULL: none are listened to */
	/* Users' programs. */
	int (*program)(void *ctx, const struct wr_program_ask *ask, struct wr_err *err);
	uint32_t (*programs)(void *ctx, struct wr_program_row *rows, uint32_t n);
	/* Another build of the kernel programs; tell is told of each path, borrowed for the call.
	 */
	int (*swap)(void *ctx, const struct wr_swap_want *want, wr_swap_tell_fn tell,
		    void *tell_ctx, struct wr_err *err);
	void *ctx;
};

struct wr_api_conf {
	const char *path; /* of the socket; NULL: none, only wr_api_add() */
	uid_t owner;	  /* of the socket and of its folder when that is made here */
	gid_t group;	  /* who may connect beside the owner */
	uint32_t clients_max;
	uint64_t backlog_max;			/* bytes waiting to be read, all clients together */
	const struct wr_api_view *const *views; /* NULL: wr_api_views */
};

struct wr_api;

extern const struct wr_api_view wr_api_view_dump;    /* daemon/view_dump.c */
extern const struct wr_api_view wr_api_view_history; /* daemon/view_history.c */
extern const struct wr_api_view wr_api_view_metrics; /* daemon/view_metrics.c */
/* daemon/view_rules.c */
extern const struct wr_api_view wr_api_view_rules, wr_api_view_rule, wr_api_view_policy,
	wr_api_view_report;
extern const struct wr_api_view wr_api_view_requests; /* daemon/view_requests.c */
extern const struct wr_api_view wr_api_view_classes;  /* daemon/view_classes.c */
extern const struct wr_api_view wr_api_view_program;  /* daemon/view_program.c */
extern const struct wr_api_view wr_api_view_swap;     /* daemon/view_swap.c */
/* daemon/view_incidents.c */
extern const struct wr_api_view wr_api_view_incidents, wr_api_view_findings;
extern const struct wr_api_view wr_api_view_explain; /* daemon/view_explain.c */
/* daemon/view_learn.c */
extern const struct wr_api_view wr_api_view_learned, wr_api_view_learn, wr_api_view_kept;
extern const struct wr_api_view wr_api_view_forecast; /* daemon/view_forecast.c */
extern const struct wr_api_view wr_api_view_notify;   /* daemon/view_notify.c */
/* The same as a body of OTLP (export/otlp.h); returns its data points. */
uint32_t wr_api_metrics_otlp(const struct wr_api_host *host, struct wr_buf *b);
extern const struct wr_api_view *const wr_api_views[]; /* daemon/views.c; ended by NULL */

/*
 * Listens. A socket of a daemon that is gone is replaced; of one that is there: -EADDRINUSE. The
 * socket has mode 0660. Takes the memory for all clients. host and loop stay borrowed.
 */
int wr_api_open(struct wr_api **out, const struct wr_api_conf *conf, const struct wr_api_host *host,
		struct wr_loop *loop, struct wr_err *err);
void wr_api_close(struct wr_api **api); /* NULL is fine; removes the socket */

/* A connection made elsewhere (a socketpair); fd is taken, also on failure. It may use a place
 * beyond clients_max. may_change: rules, by it. -ENOSPC. */
int wr_api_add(struct wr_api *api, int fd, bool may_change);

/* A window is over: subscriptions are answered, who sleeps is dropped. */
void wr_api_window(struct wr_api *api);

void wr_api_status(const struct wr_api *api, struct wr_status *out); /* fills out->clients */

#endif
