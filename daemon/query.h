/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_QUERY_H
#define WR_DAEMON_QUERY_H

#include <stddef.h>

#include "base/err.h"
#include "view/live.h"

/*
 * A request of the control socket: a line "VIEW key=value…", values percent-encoded (RFC 3986, 2.1)
 * where they hold blanks or '%'.
 *
 *	services top=10 sort=bytes series=60
 *	flows filter=tcp%20port%20443
 *	subscribe views=stats,services top=20
 */
enum { WR_QUERY_MAX = 4096, WR_QUERY_KEYS = 16, WR_QUERY_VIEWS = 16 };

struct wr_api_host;
struct wr_query;

/* A view: what can be asked for. Adding one is a struct like this and a line in daemon/views.c. */
struct wr_api_view {
	const char *name;
	const char *help;
	const char *const *keys; /* that it understands, ended by NULL; "as" and "color" always */
	bool subscribes;	 /* may be asked for after each window */
	/* Appends the answer to b: JSON Lines, or q->text: lines for people; no empty lines. 0 or
	 * -errno with err filled (what was appended is thrown away then). */
	int (*answer)(const struct wr_api_host *host, const struct wr_query *q, struct wr_buf *b,
		      struct wr_err *err);
};

struct wr_query {
	const struct wr_api_view *view[WR_QUERY_VIEWS]; /* of subscribe: several */
	size_t n_views;
	bool subscribe;
	struct wr_view_live how; /* top=, sort=, series=, color= */
	bool sorted;		 /* sort= was given */
	bool text;		 /* as=text */
	bool may_change;	 /* who asks may change rules; set by daemon/api.c */
	bool is_page;		 /* who asks is the page: less may be changed */
	const char *who;	 /* it is, in words; the same */
	bool is_root;		 /* who asks is root */
	uint64_t client;	 /* number of the connection; the same */
	size_t n_keys;
	struct {
		const char *name, *value;
	} key[WR_QUERY_KEYS];
	char line[WR_QUERY_MAX + 1]; /* what names and values point into */
};

/* One line without its newline; q must stay where it is. -EINVAL: err says which word is wrong,
 * what was expected, and which name was probably meant. */
int wr_query_parse(struct wr_query *q, const struct wr_api_view *const *views, const char *line,
		   size_t n, struct wr_err *err);

/* The value of a key; NULL: it was not given. */
const char *wr_query_value(const struct wr_query *q, const char *name);

/* Appends s in percent-encoding: the other way. */
void wr_query_encode(struct wr_buf *b, const char *s);

#endif
