/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_GATEWAY_WHEN_H
#define WR_GATEWAY_WHEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * Policies over routes, a line each; '#' begins a comment:
 *
 *	when route "GET /api/search" at edge errors over 5% for 30s
 *		limit clients to 10/s until below 2% for 60s
 *
 * (on one line). `limit clients` is one entry for each client address that asks for it, for all
 * that it asks there; `limit consumers` is one entry for the route, by which the gateway itself
 * counts each consumer, for what he asks of that route. `latency over 800ms` is the time that one
 * in twenty answers exceeds. Pure, but for reading the file.
 */
enum {
	WR_GATEWAY_WHEN_ROUTE = 160, /* bytes of a route, with its 0 */
	WR_GATEWAY_WHENS = 64,	     /* policies of a file */
};

enum wr_gateway_measure { WR_GATEWAY_ERRORS, WR_GATEWAY_LATENCY, WR_GATEWAY_MEASURES };

struct wr_gateway_when {
	char route[WR_GATEWAY_WHEN_ROUTE];
	char gateway[32];
	enum wr_gateway_measure measure;
	double over, below;	  /* share 0 to 1, or ns */
	uint32_t over_s, below_s; /* so long in a row */
	uint32_t rate;		  /* requests a second, of each client or consumer */
	bool consumers;
	unsigned int line;
};

struct wr_gateway_whens {
	struct wr_gateway_when at[WR_GATEWAY_WHENS];
	size_t n;
};

/* -EINVAL: err names the word and what was expected. */
int wr_gateway_when_parse(struct wr_gateway_when *w, const char *text, struct wr_err *err);
/* As it would stand in the file. */
void wr_gateway_when_print(struct wr_buf *b, const struct wr_gateway_when *w);
enum { WR_GATEWAY_WHEN_WHY = 64 };
/* The reason that its entries have in ledgers: it begins with WR_GATEWAY_WHEN_MARK. */
#define WR_GATEWAY_WHEN_MARK "policy: "
void wr_gateway_when_why(char to[WR_GATEWAY_WHEN_WHY], const struct wr_gateway_when *w);
/* "FILE:LINE: …" on -EINVAL; -errno when it cannot be read. */
int wr_gateway_whens_read(struct wr_gateway_whens *all, const char *path, struct wr_err *err);

/* Is it about the route of that name ("GET shop.example/a", as `weir api` has it)? A policy's route
 * that begins with '/' is about each method and host. */
bool wr_gateway_when_is(const struct wr_gateway_when *w, const char *name);

struct wr_gateway_when_state {
	bool acts;
	bool blind; /* it acts since before a restart, and nothing has been measured since */
	uint32_t over_s, below_s;
};
enum wr_gateway_when_step {
	WR_GATEWAY_WHEN_REST, /* nothing to do */
	WR_GATEWAY_WHEN_ACT,  /* from now on, or still */
	WR_GATEWAY_WHEN_BACK, /* it has recovered: take it back */
};
/* A second more. known: there were requests enough to tell; without any it recovers. */
enum wr_gateway_when_step wr_gateway_when_second(const struct wr_gateway_when *w,
						 struct wr_gateway_when_state *s, bool known,
						 double value);

#endif
