/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_GATEWAY_OBJECT_H
#define WR_GATEWAY_OBJECT_H

#include "gateway/gateway_impl.h"

/*
 * Gateways where weir has an object of its own at an admin API: a rule that refuses a list of
 * addresses. It is replaced as a whole, and deleted when there is nobody to refuse, because an
 * empty list means everybody, or is an error.
 */
struct json_t; /* jansson's */

struct wr_gateway_dialect {
	/* Where the object is; lasts_s: the longest of its entries, from now. */
	void (*path)(struct wr_buf *b, const char *name, uint64_t lasts_s, bool put);
	/* The list of names of all objects, where one that is not there cannot be asked for; NULL.
	 */
	const char *all;
	/* Around the list of addresses. */
	void (*head)(struct wr_buf *b, const char *name);
	const char *tail;
	/* Of an answer: the list, NULL when this is no object; and whether it is weir's own. */
	const struct json_t *(*list)(const struct json_t *answer);
	bool (*ours)(const struct json_t *answer, const char *name);
	bool ends; /* it ends by itself, when path() was told to */
	/* What a person should know about it, in pairs: text, mend; ended by NULL. */
	const char *const *warnings;
};

/* Pure: an answer into seen. -EPERM: the object is there and not weir's; -EPROTO: it is no object;
 * -ENOMEM. */
int wr_gateway_object_read(struct wr_gateway_seen *seen, const struct wr_gateway_dialect *d,
			   const char *name, const char *json, size_t n, struct wr_err *err);
/* Pure: is an object of that name in the list of all? -EPROTO: it is no list. */
int wr_gateway_object_listed(const char *json, size_t n, const char *name, bool *there,
			     struct wr_err *err);
bool wr_gateway_object_named(const struct json_t *object, const char *name); /* "weir-NAME" */

/* What the drivers of such gateways have in common (struct wr_gateway_driver). */
uint32_t wr_gateway_object_can(const struct wr_gateway_conf *c);
const char *wr_gateway_object_where(const struct wr_gateway_conf *c);
int wr_gateway_object_check(const struct wr_gateway_conf *c, struct wr_err *err);
int wr_gateway_object_read_all(const struct wr_gateway *g, struct wr_gateway_seen *s,
			       struct wr_err *err);
bool wr_gateway_object_stale(const struct wr_gateway *g, const struct wr_gateway_set *want,
			     const struct wr_gateway_seen *seen, const struct wr_gateway_diff *d);
void wr_gateway_object_plan(const struct wr_gateway *g, const struct wr_gateway_set *want,
			    const struct wr_gateway_seen *seen, const struct wr_gateway_diff *d,
			    uint64_t generation, struct wr_gateway_plan *p);
void wr_gateway_object_probe(struct wr_gateway *g, wr_gateway_tell_fn tell, void *ctx);

/* clang-format off */
#define WR_GATEWAY_OBJECT \
	.can = wr_gateway_object_can, \
	.where = wr_gateway_object_where, \
	.check = wr_gateway_object_check, \
	.read = wr_gateway_object_read_all, \
	.stale = wr_gateway_object_stale, \
	.plan = wr_gateway_object_plan, \
	.probe = wr_gateway_object_probe
/* clang-format on */

#endif
