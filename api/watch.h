/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_API_WATCH_H
#define WR_API_WATCH_H

#include <stdbool.h>

#include "api/route.h"
#include "base/err.h"

/*
 * What is unusual about requests: of a route its share of failures and the time of its answers, by
 * its own norm; of a client how often it is refused, how many paths it asks for, how many tokens it
 * uses up. Fed with requests as they come; time goes in seconds, which the caller tells. Pure, no
 * clock. Memory is fixed at open, about 1.5 MB.
 */
#define WR_API_ALARM_TABLE(X)                                   \
	X(ERRORS)   /* 5xx and no answer: share of a route */   \
	X(SLOW)	    /* p95 of a route */                        \
	X(TRIES)    /* 401 and 403 of a client, a minute */     \
	X(SCRAPING) /* different paths of a client, a minute */ \
	X(TOKENS)   /* of a client, a minute */

enum wr_api_alarm {
#define X(sym) WR_API_ALARM_##sym,
	WR_API_ALARM_TABLE(X)
#undef X
		WR_API_ALARMS
};

enum {
	WR_API_WATCHED = 128, /* routes */
	WR_API_CLIENTS_MAX = 1024,
	WR_API_WATCH_S = 10, /* what is told of a route is of so many seconds */
	WR_API_ENOUGH = 20,  /* requests in that time, fewer say nothing */
	WR_API_ASKERS = 16,  /* clients of a route that are known */
};

struct wr_api_watch_conf {
	double errors; /* share of 5xx that is too many whatever the norm; 0: not looked for */
	double slow;   /* so many times its norm; 0: not looked for */
	uint32_t tries, paths; /* a minute; 0: not looked for */
	uint64_t tokens;
	struct wr_api_key secret; /* of hashes */
};

struct wr_api_asker {
	uint8_t addr[16]; /* network order; IPv4 in the first four bytes */
	uint8_t ip_v;
	uint32_t n; /* requests, about */
};

/* A route over the last WR_API_WATCH_S seconds. */
struct wr_api_pulse {
	const char *route; /* as `weir api` names it */
	uint32_t requests, errors, timed;
	double share;	 /* of errors */
	uint64_t p95_ns; /* at most an eighth too much; 0: no times were told */
	double norm_share;
	uint64_t norm_ns;			  /* 0: not known yet */
	struct wr_api_asker asker[WR_API_ASKERS]; /* most first */
	uint32_t n_askers;
};

enum wr_api_news { WR_API_RAISED, WR_API_RENEWED, WR_API_OVER };

struct wr_api_told {
	enum wr_api_alarm alarm;
	enum wr_api_news news; /* RENEWED: once a second while it goes on */
	uint64_t id;	       /* the same from RAISED to OVER, counts up from 1 */
	const char *route;     /* of a client: the one it asked for last */
	double value, norm;    /* share, ns, answers, paths, tokens; what is too much */
	uint32_t requests, window_s;
	struct wr_api_asker asker[WR_API_ASKERS]; /* of a client: it alone */
	uint32_t n_askers;
};
typedef void (*wr_api_tell_fn)(void *ctx, const struct wr_api_told *told);

struct wr_api_watch;

/* -ENOMEM */
int wr_api_watch_open(struct wr_api_watch **out, const struct wr_api_watch_conf *conf,
		      struct wr_err *err);
void wr_api_watch_close(struct wr_api_watch **w); /* NULL is fine */

/* route: the name of the request's route. What is for one client is told at once. */
void wr_api_watch_add(struct wr_api_watch *w, const char *route, const struct wr_api_request *r,
		      wr_api_tell_fn tell, void *ctx);
/* It is now_s, of a clock that does not go back: the seconds before it are over. */
void wr_api_watch_tick(struct wr_api_watch *w, uint64_t now_s, wr_api_tell_fn tell, void *ctx);
/* Each route that is known, as it was at the last tick. */
void wr_api_watch_routes(const struct wr_api_watch *w,
			 void (*fn)(void *ctx, const struct wr_api_pulse *p), void *ctx);
/* Requests whose client or route found no room. */
uint64_t wr_api_watch_unwatched(const struct wr_api_watch *w);

#endif
