/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/object.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "gateway/addresses.h"

/* ---- pure ---- */

static json_t *load(const char *json, size_t n)
{
	return json_loadb(json ? json : "", n, 0, NULL);
}

int wr_gateway_object_read(struct wr_gateway_seen *seen, const struct wr_gateway_dialect *d,
			   const char *name, const char *json, size_t n, struct wr_err *err)
{
	json_t *answer = load(json, n);
	const json_t *list = answer ? d->list(answer) : NULL;
	int ret;

	if (!json_is_array(list))
		ret = wr_fail(err, EPROTO, "its answer is no rule with a list of addresses");
	else if (!d->ours(answer, name))
		ret = wr_fail(
			err, EPERM,
			"there is a rule of this name, and it is not weir's: name the gateway "
			"otherwise");
	else
		ret = wr_gateway_addresses_read(seen, list, err);
	json_decref(answer);
	return ret;
}

bool wr_gateway_object_named(const json_t *o, const char *name)
{
	const char *text = json_string_value(json_object_get(o, "name"));

	return text && !strncmp(text, "weir-", 5) && !strcasecmp(text + 5, name);
}

int wr_gateway_object_listed(const char *json, size_t n, const char *name, bool *there,
			     struct wr_err *err)
{
	json_t *answer = load(json, n);
	const json_t *o = NULL;
	int ret = 0;
	size_t i;

	*there = false;
	if (!json_is_array(answer))
		ret = wr_fail(err, EPROTO, "its answer is no list of rules");
	json_array_foreach(answer, i, o) *there |= wr_gateway_object_named(o, name);
	json_decref(answer);
	return ret;
}

/* ---- reading ---- */

static int get(const struct wr_gateway *g, struct wr_gateway_http *h, const char *path,
	       struct wr_err *err)
{
	int ret;

	h->base = g->conf.api.admin;
	h->path = path;
	h->method = "GET";
	ret = wr_gateway_http(g, h, err);
	if (ret || h->status == 200 || h->status == 404)
		return ret;
	if (h->status == 401 || h->status == 403)
		return wr_fail(err, EPERM, "%s answers %ld: is its key in api.key_file?", h->base,
			       h->status);
	return wr_fail(err, EPROTO, "%s%s answers %ld: is this its admin API, and is it well?",
		       h->base, path, h->status);
}

static int listed(const struct wr_gateway *g, bool *there, struct wr_err *err)
{
	struct wr_gateway_http h = {0};
	int ret = get(g, &h, g->driver->dialect->all, err);

	if (!ret && wr_gateway_object_listed(h.answer.at, h.answer.used, g->name, there, err))
		ret = wr_within(err, "%s%s", h.base, h.path);
	wr_buf_free(&h.answer);
	return ret;
}

int wr_gateway_object_read_all(const struct wr_gateway *g, struct wr_gateway_seen *s,
			       struct wr_err *err)
{
	const struct wr_gateway_dialect *d = g->driver->dialect;
	struct wr_gateway_http h = {0};
	struct wr_buf path = {0};
	bool there = true;
	int ret = d->all ? listed(g, &there, err) : 0;

	if (ret || !there)
		return ret;
	d->path(&path, g->name, 0, false);
	ret = get(g, &h, wr_buf_text(&path), err);
	s->there[0] = !ret && h.status == 200;
	if (s->there[0] && wr_gateway_object_read(s, d, g->name, h.answer.at, h.answer.used, err))
		ret = wr_within(err, "%s%s", g->conf.api.admin, wr_buf_text(&path));
	wr_buf_free(&path);
	wr_buf_free(&h.answer);
	return ret;
}

/* ---- changing ---- */

bool wr_gateway_object_stale(const struct wr_gateway *g, const struct wr_gateway_set *want,
			     const struct wr_gateway_seen *seen, const struct wr_gateway_diff *d)
{
	const struct wr_gateway_dialect *dialect = g->driver->dialect;

	for (size_t i = 0; i < want->n && dialect->ends; i++)
		if (want->at[i].state == WR_GATEWAY_LONGER && wr_gateway_stays(d, i))
			return true;
	return seen->there[0] && !seen->n; /* a list of nobody: of everybody, for some */
}

void wr_gateway_object_plan(const struct wr_gateway *g, const struct wr_gateway_set *want,
			    const struct wr_gateway_seen *seen, const struct wr_gateway_diff *d,
			    uint64_t generation, struct wr_gateway_plan *p)
{
	const struct wr_gateway_dialect *dialect = g->driver->dialect;
	struct wr_gateway_step *s = wr_gateway_step(p, WR_GATEWAY_HTTP, NULL);
	uint64_t lasts_s = 1;
	size_t stay = d->foreign;

	(void)generation;
	for (size_t i = 0; i < want->n; i++) {
		if (!wr_gateway_stays(d, i))
			continue;
		stay++;
		if (want->at[i].until_s > p->now_s + lasts_s)
			lasts_s = want->at[i].until_s - p->now_s;
	}
	s->base = g->conf.api.admin;
	s->method = stay ? "PUT" : "DELETE";
	if (stay) {
		dialect->head(&p->bytes, g->name);
		wr_gateway_addresses_print(&p->bytes, want, seen, d);
		wr_buf_str(&p->bytes, dialect->tail);
	}
	wr_gateway_step_ends(p);
	s->path = p->bytes.used;
	/* What others have put into weir's rule ends when they say so. */
	dialect->path(&p->bytes, g->name, d->foreign ? 0 : lasts_s, stay);
	s->path_n = p->bytes.used - s->path;
}

/* ---- what they have in common ---- */

uint32_t wr_gateway_object_can(const struct wr_gateway_conf *c)
{
	(void)c;
	return WR_GATEWAY_CAN_DENY | WR_GATEWAY_CAN_ATOMIC | WR_GATEWAY_CAN_STAY |
	       WR_GATEWAY_CAN_CONFIRM;
}

const char *wr_gateway_object_where(const struct wr_gateway_conf *c)
{
	return c->api.admin;
}

int wr_gateway_object_check(const struct wr_gateway_conf *c, struct wr_err *err)
{
	return c->api.admin[0] ? 0
			       : wr_fail(err, EINVAL,
					 "api.admin is missing: where its admin API is, "
					 "http://127.0.0.1:PORT");
}

void wr_gateway_object_probe(struct wr_gateway *g, wr_gateway_tell_fn tell, void *ctx)
{
	const char *const *w = g->driver->dialect->warnings;
	struct wr_gateway_seen s = {0};
	struct wr_err err = {0};
	char text[320];

	if (wr_gateway_object_read_all(g, &s, &err)) {
		tell(ctx, WR_GATEWAY_BAD, err.text, "api.admin and api.key_file");
	} else {
		snprintf(text, sizeof(text), "%s answers; weir's rule %s", g->conf.api.admin,
			 s.there[0] ? "is there" : "is not there, for there is nobody to refuse");
		tell(ctx, WR_GATEWAY_GOOD, text, NULL);
	}
	for (; w && *w; w += 2)
		tell(ctx, WR_GATEWAY_WARN, w[0], w[1]);
	wr_gateway_seen_free(&s);
}
