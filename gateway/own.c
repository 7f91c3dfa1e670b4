/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/own.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* ---- pure ---- */

/* "BEGIN NAME GENERATION..." */
static int whose(const struct wr_gateway_form *f, const char *text, size_t n, const char *name,
		 uint64_t *generation, struct wr_err *err)
{
	char line[160], is[WR_GATEWAY_NAME] = "";
	size_t begin = strlen(f->begin);

	*generation = 0;
	if (!n)
		return 0;
	snprintf(line, sizeof(line), "%.*s", (int)(n < 159 ? n : 159), text);
	if (strncmp(line, f->begin, begin) != 0 ||
	    sscanf(line + begin, "%31s %" SCNu64, is, generation) != 2 || !*generation)
		return wr_fail(err, EPERM,
			       "weir has not written this file: name one that is not there, or is "
			       "empty");
	if (strcmp(is, name) != 0)
		return wr_fail(
			err, EPERM,
			"it belongs to the gateway '%s' of weir: each gateway takes a file of its "
			"own",
			is);
	return 0;
}

static int add(struct wr_gateway_seen *seen, const char *address)
{
	struct wr_gateway_found f = {.verb = WR_GATEWAY_DENY,
				     .kind = WR_GATEWAY_ADDRESS,
				     .tagged = true,
				     .key = address};

	f.odd = wr_prefix_parse(&f.who, address, strlen(address)) != 0;
	return wr_gateway_seen_add(seen, &f);
}

int wr_gateway_own_read(struct wr_gateway_seen *seen, const struct wr_gateway_form *f, char *text,
			size_t n, const char *name, uint64_t *generation, struct wr_err *err)
{
	char *line = text, *end = text + n, *stop;
	int ret = whose(f, text, n, name, generation, err);

	for (; !ret && line < end; line = stop + 1) {
		char *address;

		stop = memchr(line, '\n', (size_t)(end - line));
		if (!stop)
			break;
		*stop = 0;
		if (f->last && !strncmp(line, f->last, strlen(f->last)))
			break;
		address = f->address(line);
		if (address && add(seen, address))
			ret = wr_fail(err, ENOMEM, "no memory for its entries");
	}
	return ret;
}

/* ---- reading ---- */

static const struct wr_gateway_form *form_of(const struct wr_gateway *g)
{
	return g->driver->form;
}

int wr_gateway_own_read_all(const struct wr_gateway *g, struct wr_gateway_seen *s,
			    struct wr_err *err)
{
	const char *path = form_of(g)->file(&g->conf);
	uint64_t generation;
	int ret = wr_gateway_whole_file(path, g->conf.answer_bytes, &s->file[0], err);

	s->there[0] = !ret;
	if (ret == -ENOENT)
		return 0;
	if (ret)
		return ret;
	wr_buf_add(&s->raw[0], s->file[0].at, s->file[0].used);
	wr_buf_text(&s->raw[0]);
	if (s->raw[0].failed)
		return wr_fail(err, ENOMEM, "no memory for %s", path);
	ret = wr_gateway_own_read(s, form_of(g), s->raw[0].at, s->raw[0].used, g->name, &generation,
				  err);
	return ret ? wr_within(err, "%s", path) : 0;
}

/* ---- changing ---- */

bool wr_gateway_own_stale(const struct wr_gateway *g, const struct wr_gateway_set *want,
			  const struct wr_gateway_seen *seen, const struct wr_gateway_diff *d)
{
	const struct wr_buf *is = &seen->file[0];
	struct wr_buf b = {0};
	uint64_t generation;
	bool differs;

	if (whose(form_of(g), is->at, is->used, g->name, &generation, NULL) || !generation)
		return true;
	form_of(g)->print(&b, g->name, generation, want, d);
	differs = b.used != is->used || memcmp(b.at, is->at, b.used) != 0;
	wr_buf_free(&b);
	return differs;
}

void wr_gateway_own_plan(const struct wr_gateway *g, const struct wr_gateway_set *want,
			 const struct wr_gateway_seen *seen, const struct wr_gateway_diff *d,
			 uint64_t generation, struct wr_gateway_plan *p)
{
	(void)seen;
	wr_gateway_step(p, WR_GATEWAY_FILE, form_of(g)->file(&g->conf));
	form_of(g)->print(&p->bytes, g->name, generation, want, d);
	wr_gateway_step_ends(p);
}

/* ---- what they have in common ---- */

uint32_t wr_gateway_own_can(const struct wr_gateway_conf *c)
{
	(void)c;
	return WR_GATEWAY_CAN_DENY | WR_GATEWAY_CAN_ATOMIC | WR_GATEWAY_CAN_STAY;
}

int wr_gateway_own_check(const struct wr_gateway_form *f, const char *file, struct wr_err *err)
{
	size_t n = strlen(file);

	for (const char *const *e = f->endings; *e; e++)
		if (n > strlen(*e) && !strcmp(file + n - strlen(*e), *e))
			return 0;
	return wr_fail(err, EINVAL, "'%s': its name has to end with '%s', or it is not read", file,
		       f->endings[0]);
}

void wr_gateway_own_probe(struct wr_gateway *g, wr_gateway_tell_fn tell, void *ctx)
{
	const char *path = form_of(g)->file(&g->conf);
	const char *const *w = form_of(g)->warnings;
	struct wr_gateway_seen s = {0};
	struct wr_err err = {0};
	char text[512];
	struct stat st;

	if (wr_gateway_own_read_all(g, &s, &err)) {
		tell(ctx, WR_GATEWAY_BAD, err.text, "a file that is weir's alone");
	} else if (!s.there[0]) {
		snprintf(text, sizeof(text), "%s is not there yet", path);
		tell(ctx, WR_GATEWAY_WARN, text,
		     "install -m 644 /dev/null FILE, then weir gateway reconcile");
	} else {
		snprintf(text, sizeof(text), "%s is weir's; %zu entries", path, s.n);
		tell(ctx, WR_GATEWAY_GOOD, text, NULL);
		if (!stat(path, &st) && !(st.st_mode & (S_IRGRP | S_IROTH)))
			tell(ctx, WR_GATEWAY_WARN, "only its owner may read that file",
			     "chmod 644, unless the gateway runs as its owner");
	}
	for (; *w; w += 2)
		tell(ctx, WR_GATEWAY_WARN, w[0], w[1]);
	wr_gateway_seen_free(&s);
}
