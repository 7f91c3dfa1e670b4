/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_GATEWAY_OWN_H
#define WR_GATEWAY_OWN_H

#include "gateway/gateway_impl.h"

/*
 * Gateways that watch files: one of them is weir's own, and is replaced as a whole (written beside
 * it, synced, renamed). Its first line says whose it is; a file that does not is left alone. Weir
 * sees its file, and not what the gateway makes of it.
 */
struct wr_gateway_form {
	const char *(*file)(const struct wr_gateway_conf *c);
	const char *const *endings; /* of the file's name, ended by NULL: what it is read as */
	const char *begin;	    /* what the first line begins with; "NAME GENERATION" follows */
	/* Pure: the whole file. */
	void (*print)(struct wr_buf *b, const char *name, uint64_t generation,
		      const struct wr_gateway_set *want, const struct wr_gateway_diff *d);
	/* Pure: the address of a line that has one, cut out where it stands; NULL. */
	char *(*address)(char *line);
	const char *last; /* behind a line that begins so there are no entries; NULL */
	/* What a person should know, in pairs: text, mend; ended by NULL. */
	const char *const *warnings;
};

/* Pure: a file's text into seen; cut into lines where it stands. generation: 0 of an empty file.
 * -EPERM: it is not weir's, or another gateway's; -ENOMEM. */
int wr_gateway_own_read(struct wr_gateway_seen *seen, const struct wr_gateway_form *f, char *text,
			size_t n, const char *name, uint64_t *generation, struct wr_err *err);

/* What the drivers of such gateways have in common (struct wr_gateway_driver). */
uint32_t wr_gateway_own_can(const struct wr_gateway_conf *c);
int wr_gateway_own_check(const struct wr_gateway_form *f, const char *file, struct wr_err *err);
int wr_gateway_own_read_all(const struct wr_gateway *g, struct wr_gateway_seen *s,
			    struct wr_err *err);
bool wr_gateway_own_stale(const struct wr_gateway *g, const struct wr_gateway_set *want,
			  const struct wr_gateway_seen *seen, const struct wr_gateway_diff *d);
void wr_gateway_own_plan(const struct wr_gateway *g, const struct wr_gateway_set *want,
			 const struct wr_gateway_seen *seen, const struct wr_gateway_diff *d,
			 uint64_t generation, struct wr_gateway_plan *p);
void wr_gateway_own_probe(struct wr_gateway *g, wr_gateway_tell_fn tell, void *ctx);

/* clang-format off */
#define WR_GATEWAY_OWN \
	.can = wr_gateway_own_can, \
	.read = wr_gateway_own_read_all, \
	.stale = wr_gateway_own_stale, \
	.plan = wr_gateway_own_plan, \
	.probe = wr_gateway_own_probe
/* clang-format on */

#endif
