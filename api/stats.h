/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_API_STATS_H
#define WR_API_STATS_H

#include "api/table.h"

/*
 * What is asked of the gateways: all of it, and by route, by consumer, by client. About 12 MB at
 * most, taken from the system as it is used. Totals are counted before anything that can fill.
 */
enum wr_api_by { WR_API_ROUTES, WR_API_CONSUMERS, WR_API_CLIENTS, WR_API_BY };

enum {
	WR_API_ROWS = 512, /* of each */
	WR_API_FIXED = 32, /* the first routes keep their rows: each is a counter of metrics */
};

struct wr_api_stats;

/* -ENOMEM */
int wr_api_stats_open(struct wr_api_stats **out, struct wr_err *err);
void wr_api_stats_close(struct wr_api_stats **s); /* NULL is fine */

/* Returns the name of its route, borrowed until the next call. */
const char *wr_api_stats_add(struct wr_api_stats *s, const struct wr_api_request *r);
/* Lines that could not be read, and requests that were lost on their way here. */
void wr_api_stats_unread(struct wr_api_stats *s, uint64_t lines);
void wr_api_stats_lost(struct wr_api_stats *s, uint64_t requests);

const struct wr_api_row *wr_api_stats_total(const struct wr_api_stats *s);
uint64_t wr_api_stats_unread_lines(const struct wr_api_stats *s);
uint64_t wr_api_stats_lost_requests(const struct wr_api_stats *s);
/* The first and the last moment that lines told; 0: none did. */
void wr_api_stats_span(const struct wr_api_stats *s, uint64_t *first_ns, uint64_t *last_ns);
/* A second is over, which has been told to whoever wants to know (row->now). For those who listen;
 * files have no seconds. */
void wr_api_stats_second(struct wr_api_stats *s);
/* Requests a second of a row, a mean of the last ten; -1: of a file. */
double wr_api_stats_rate(const struct wr_api_stats *s, const struct wr_api_row *row);
/* The n that were asked most, borrowed until the next change; how many there are in *of. */
uint32_t wr_api_stats_rows(const struct wr_api_stats *s, enum wr_api_by by,
			   const struct wr_api_row **rows, uint32_t n, uint32_t *of);
/* All of one kind: other, and those without a key. */
const struct wr_api_table *wr_api_stats_table(const struct wr_api_stats *s, enum wr_api_by by);

#endif
