/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_API_TABLE_H
#define WR_API_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "api/hist.h"
#include "api/line.h"
#include "api/route.h"
#include "base/err.h"

/*
 * Rows of what was asked, by a key, in memory of fixed size. What finds no row is counted in
 * `other`, and what makes room goes there, too: rows, none and other together are all that was
 * added.
 */

enum { WR_API_CODES = 12, WR_API_HEADS = 1024, WR_API_SECONDS = 10, WR_API_TOPS = 8 };

/* Who has not failed for so long is over it. */
#define WR_API_FINE_NS 60000000000ull

/* What came since the last wr_api_row_second(). */
struct wr_api_now {
	uint64_t requests;
	uint64_t failed;  /* 5xx, or no answer */
	uint64_t refused; /* 4xx */
	uint64_t bytes_in, bytes_out, tokens, time_us;
};

/* A client that asks much. Whoever has a place takes it from the least one and begins with its
 * number ("space saving", Metwally et al. 2005): n is too large by `over` at most, and who asked
 * more than an eighth of all is here. */
struct wr_api_top {
	uint8_t addr[16];
	uint8_t ip_v; /* 0: the place is free */
	uint64_t n, over;
};

struct wr_api_row {
	char key[WR_API_ROUTE]; /* zero behind its end */
	uint32_t next;		/* of those with the same hash, + 1. Private, as the next two */
	uint32_t hash;
	bool used;
	uint8_t model;		   /* enum wr_api_model, of the last request */
	char backend[WR_API_NAME]; /* of the last one that had a name */
	uint64_t requests, seen;   /* seen: the number of the last one */
	uint64_t classes[6];	   /* of the status; [0]: no answer, or none that has a class */
	struct {
		uint16_t status;
		uint64_t n;
	} codes[WR_API_CODES];
	uint64_t more_codes; /* requests with a status that found no place there */
	uint64_t bytes_in, bytes_out;
	uint64_t with_tokens, tokens_in, tokens_out;
	uint64_t turned_away;  /* 403 and 429 for which no server was asked */
	uint64_t turned_by_us; /* of these: while weir had an entry for the client there */
	uint16_t port;	       /* of a client: the last one that was told */
	/* It fails since, and when it last did: CLOCK_REALTIME, 0: it never has. */
	uint64_t failing_ns, failed_ns;
	struct wr_api_now now;
	uint32_t recent[WR_API_SECONDS]; /* requests of each of the last seconds */
	struct wr_api_top top[WR_API_TOPS];
	struct wr_api_hist total, first;
};

struct wr_api_table {
	struct wr_api_row *rows;
	uint32_t room, n; /* rows, of which n are used */
	uint32_t fixed;	  /* so many at the front never make room */
	uint32_t heads[WR_API_HEADS];
	struct wr_api_key secret;
	struct wr_api_row other;
	struct wr_api_row none; /* what has no key */
};

/* rows zeroed, owned by the caller. */
void wr_api_table_init(struct wr_api_table *t, struct wr_api_row *rows, uint32_t room,
		       const struct wr_api_key *secret);
/* key: WR_API_ROUTE bytes. NULL: there is none. */
struct wr_api_row *wr_api_table_find(struct wr_api_table *t, const char *key);
/* A row for a key that has none. NULL: no room. */
struct wr_api_row *wr_api_table_add(struct wr_api_table *t, const char *key);
/* Makes room: of a few rows the one with the fewest requests goes to `other`, unless it was asked
 * for within the last 4,096 (now: the number of this one). */
void wr_api_table_age(struct wr_api_table *t, uint64_t now);
/* The row gets another key; one that has it already takes all of it. */
void wr_api_table_rename(struct wr_api_table *t, struct wr_api_row *row, const char *key);

void wr_api_row_add(struct wr_api_row *row, const struct wr_api_request *r, uint64_t now);
void wr_api_row_join(struct wr_api_row *to, const struct wr_api_row *from);
/* Second number t is over. */
void wr_api_row_second(struct wr_api_row *row, uint64_t t);
/* Its clients, who asked most first; returns how many. */
uint32_t wr_api_row_tops(const struct wr_api_row *row, struct wr_api_top tops[WR_API_TOPS]);

#endif
