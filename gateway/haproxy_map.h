/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_GATEWAY_HAPROXY_MAP_H
#define WR_GATEWAY_HAPROXY_MAP_H

#include "gateway/gateway_impl.h"

/*
 * HAProxy's maps as bytes, in its files and on its Runtime API (management.txt, 9.3): pure. A map
 * for each verb of addresses and of keys, and one of routes. Values hold the end in Unix seconds,
 * so that HAProxy ends an entry by its own clock:
 *
 *	deny, keys		END
 *	limit, key_limit	END * 1000000 + requests a second
 *	routes			the same, and ":ROUTE", by which HAProxy counts
 *
 * Of routes the first one that matches counts: the tightest stand first.
 */
enum wr_haproxy_map {
	WR_HAPROXY_DENY,
	WR_HAPROXY_LIMIT,
	WR_HAPROXY_KEYS,
	WR_HAPROXY_KEY_LIMIT,
	WR_HAPROXY_ROUTES,
	WR_HAPROXY_MAPS
};
_Static_assert((int)WR_HAPROXY_MAPS <= (int)WR_GATEWAY_FILES, "a file for each map");

/* Which map an entry is in. */
enum wr_haproxy_map wr_haproxy_map_of(uint8_t verb, uint8_t kind);
uint64_t wr_haproxy_value(const struct wr_gateway_entry *e);

/* The answer to "show map FILE" into seen; the text is cut into words where it stands. What is no
 * entry of weir's form is odd. -EPROTO: it is no such answer. -ENOMEM. */
int wr_haproxy_read_map(struct wr_gateway_seen *seen, enum wr_haproxy_map map, char *text, size_t n,
			struct wr_err *err);
/* Marks those of seen whose key stands in the block. */
int wr_haproxy_tag(struct wr_gateway_seen *seen, enum wr_haproxy_map map,
		   const struct wr_gateway_block *k, struct wr_err *err);
/* The number behind next_ver= in the line of the answer to "show map" that has (file), and the
 * configuration file that uses it, "" when it does not say. -ENOENT. */
int wr_haproxy_find_map(const char *text, size_t n, const char *file, uint64_t *next_version,
			char config[256]);

/* The file as it should be: what others wrote, and weir's block. */
void wr_haproxy_print_file(struct wr_buf *b, enum wr_haproxy_map map,
			   const struct wr_gateway_block *old, const char *name,
			   uint64_t generation, const struct wr_gateway_set *want,
			   const struct wr_gateway_diff *d);

/* Steps that change the map in the running HAProxy: few changes one by one, many, and all of
 * routes, which have an order, by a new version of the map that is complete before it is in force.
 */
void wr_haproxy_plan_map(struct wr_gateway_plan *p, enum wr_haproxy_map map, const char *socket,
			 const char *file, const struct wr_gateway_set *want,
			 const struct wr_gateway_seen *seen, const struct wr_gateway_diff *d);

#endif
