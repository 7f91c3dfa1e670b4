/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/haproxy_map.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	FEW = 200,	  /* changes; a change walks the whole map, a new version is made at once */
	LINE_MOST = 8000, /* bytes of commands in a line: tune.bufsize is 16384 */
	CHUNK_MOST = 12000, /* and of a payload */
	RATES = WR_GATEWAY_RATE_MAX + 1,
};

static const struct {
	uint8_t verb, kind;
} of_map[WR_HAPROXY_MAPS] = {
	[WR_HAPROXY_DENY] = {WR_GATEWAY_DENY, WR_GATEWAY_ADDRESS},
	[WR_HAPROXY_LIMIT] = {WR_GATEWAY_LIMIT, WR_GATEWAY_ADDRESS},
	[WR_HAPROXY_KEYS] = {WR_GATEWAY_DENY, WR_GATEWAY_KEY},
	[WR_HAPROXY_KEY_LIMIT] = {WR_GATEWAY_LIMIT, WR_GATEWAY_KEY},
	[WR_HAPROXY_ROUTES] = {WR_GATEWAY_LIMIT, WR_GATEWAY_ROUTE},
};

enum wr_haproxy_map wr_haproxy_map_of(uint8_t verb, uint8_t kind)
{
	for (int map = 0; map < WR_HAPROXY_MAPS; map++)
		if (of_map[map].verb == verb && of_map[map].kind == kind)
			return (enum wr_haproxy_map)map;
	return WR_HAPROXY_MAPS; /* never: it is not accepted */
}

static bool in_map(const struct wr_gateway_entry *e, enum wr_haproxy_map map)
{
	return wr_haproxy_map_of(e->verb, e->kind) == map;
}

uint64_t wr_haproxy_value(const struct wr_gateway_entry *e)
{
	return e->verb == WR_GATEWAY_LIMIT ? e->until_s * RATES + e->rate : e->until_s;
}

/* ---- reading ---- */

static bool read_value(struct wr_gateway_found *f, const char *text)
{
	char *end;
	uint64_t v = strtoull(text, &end, 10);

	if (*text < '0' || *text > '9' || v > INT64_MAX ||
	    (f->kind == WR_GATEWAY_ROUTE ? *end != ':' : *end))
		return false;
	f->until_s = f->verb == WR_GATEWAY_LIMIT ? v / RATES : v;
	f->rate = f->verb == WR_GATEWAY_LIMIT ? (uint32_t)(v % RATES) : 0;
	return true;
}

static bool read_key(struct wr_gateway_found *f, const char *text)
{
	struct wr_gateway_entry e;
	char line[80];

	if (f->kind == WR_GATEWAY_ADDRESS)
		return !wr_prefix_parse(&f->who, text, strlen(text));
	if (f->kind == WR_GATEWAY_ROUTE)
		return !wr_gateway_route_read(f->name, text);
	if (strlen(text) > 40)
		return false;
	snprintf(line, sizeof(line), "deny key %s", text);
	if (wr_gateway_entry_parse(&e, line, 0, NULL))
		return false;
	f->who = e.who;
	return true;
}

/* "KEY VALUE", ended by 0. */
static bool read_pair(struct wr_gateway_found *f, enum wr_haproxy_map map, char *line)
{
	char *blank = strchr(line, ' ');

	*f = (struct wr_gateway_found){
		.verb = of_map[map].verb,
		.kind = of_map[map].kind,
		.key = line,
	};
	if (!*line || !blank || blank == line)
		return false;
	*blank = 0;
	f->value = blank + 1;
	f->odd = !read_key(f, f->key) || !read_value(f, f->value);
	return true;
}

int wr_haproxy_read_map(struct wr_gateway_seen *seen, enum wr_haproxy_map map, char *text, size_t n,
			struct wr_err *err)
{
	struct wr_gateway_found f;
	char *line = text, *end = text + n, *stop, *blank;

	for (; line < end; line = stop + 1) {
		stop = memchr(line, '\n', (size_t)(end - line));
		if (!stop)
			return wr_fail(err, EPROTO, "its answer ends in the middle of a line");
		*stop = 0;
		if (!*line)
			continue;
		blank = strchr(line, ' ');
		if (strncmp(line, "0x", 2) != 0 || !blank || !read_pair(&f, map, blank + 1))
			return wr_fail(err, EPROTO, "its answer is no list of a map: '%.100s'",
				       line);
		if (wr_gateway_seen_add(seen, &f))
			return wr_fail(err, ENOMEM, "no memory for a map");
	}
	return 0;
}

static int read_block(struct wr_gateway_set *s, enum wr_haproxy_map map,
		      const struct wr_gateway_block *k)
{
	struct wr_gateway_found f;
	size_t at = 0, len;
	const char *line;
	struct wr_gateway_entry e;
	char text[1024];

	while ((line = wr_gateway_line(k->inside, k->inside_n, &at, &len))) {
		if (len >= sizeof(text))
			continue;
		memcpy(text, line, len);
		text[len] = 0;
		if (*text == '#' || !read_pair(&f, map, text) || f.odd)
			continue;
		e = wr_gateway_found_entry(&f);
		if (wr_gateway_set_add(s, &e))
			return -ENOMEM;
	}
	wr_gateway_set_sort(s);
	return 0;
}

int wr_haproxy_tag(struct wr_gateway_seen *seen, enum wr_haproxy_map map,
		   const struct wr_gateway_block *k, struct wr_err *err)
{
	struct wr_gateway_set block = {0};

	if (!k->inside_n)
		return 0;
	if (read_block(&block, map, k)) {
		wr_gateway_set_free(&block);
		return wr_fail(err, ENOMEM, "no memory for a map");
	}
	for (size_t i = 0; i < seen->n; i++) {
		struct wr_gateway_found *f = &seen->at[i];
		struct wr_gateway_entry e = wr_gateway_found_entry(f);

		if (!f->odd && in_map(&e, map))
			f->tagged = wr_gateway_set_find(&block, &e);
	}
	wr_gateway_set_free(&block);
	return 0;
}

int wr_haproxy_find_map(const char *text, size_t n, const char *file, uint64_t *next_version,
			char config[256])
{
	static const char next[] = "next_ver=", used[] = "used by map at file '";
	char want[264], line[1024];
	const char *l, *at_next, *at_used;
	size_t at = 0, len;

	snprintf(want, sizeof(want), " (%s) ", file);
	while ((l = wr_gateway_line(text, n, &at, &len))) {
		snprintf(line, sizeof(line), "%.*s", (int)(len < 1023 ? len : 1023), l);
		at_next = strstr(line, next);
		if (!strstr(line, want) || !at_next)
			continue;
		*next_version = strtoull(at_next + strlen(next), NULL, 10);
		at_used = strstr(line, used);
		config[0] = 0;
		if (at_used)
			snprintf(config, 256, "%.*s", (int)strcspn(at_used + strlen(used), "'"),
				 at_used + strlen(used));
		return 0;
	}
	return -ENOENT;
}

/* ---- writing ---- */

/* Two routes may have the same end and rate, and are counted by this. */
static void add_value(struct wr_buf *b, const struct wr_gateway_entry *e)
{
	wr_buf_u64(b, wr_haproxy_value(e));
	if (e->kind != WR_GATEWAY_ROUTE)
		return;
	wr_buf_char(b, ':');
	for (const char *c = e->name; *c; c++)
		wr_buf_char(b, *c == ' ' ? '_' : *c);
}

static void add_pair(struct wr_buf *b, const struct wr_gateway_entry *e)
{
	if (e->kind == WR_GATEWAY_ROUTE)
		wr_gateway_route_print(b, e->name);
	else
		wr_gateway_who_print(b, e, false);
	wr_buf_char(b, ' ');
	add_value(b, e);
}

static void add_routes(struct wr_buf *b, const struct wr_gateway_set *want,
		       const struct wr_gateway_diff *d)
{
	size_t n;
	uint32_t *at = wr_gateway_routes_stay(want, d, &n);

	for (size_t i = 0; at && i < n; i++) {
		add_pair(b, &want->at[at[i]]);
		wr_buf_char(b, '\n');
	}
	b->failed |= !at;
	free(at);
}

void wr_haproxy_print_file(struct wr_buf *b, enum wr_haproxy_map map,
			   const struct wr_gateway_block *old, const char *name,
			   uint64_t generation, const struct wr_gateway_set *want,
			   const struct wr_gateway_diff *d)
{
	wr_gateway_block_begin(b, old, name, generation);
	if (map == WR_HAPROXY_ROUTES)
		add_routes(b, want, d);
	for (size_t i = 0; i < want->n && map != WR_HAPROXY_ROUTES; i++) {
		if (!in_map(&want->at[i], map) || !wr_gateway_stays(d, i))
			continue;
		add_pair(b, &want->at[i]);
		wr_buf_char(b, '\n');
	}
	wr_gateway_block_end(b, old);
}

/* ---- few changes: a command each, some in a line ---- */

struct commands {
	struct wr_gateway_plan *p;
	const char *socket, *file;
	size_t from; /* of the line */
	bool open;
};

static void command(struct commands *c, const char *what)
{
	struct wr_buf *b = &c->p->bytes;

	if (c->open && b->used - c->from > LINE_MOST) {
		wr_buf_char(b, '\n');
		wr_gateway_step_ends(c->p);
		c->open = false;
	}
	if (!c->open) {
		/* "Key not found.": a reload has come in between. */
		wr_gateway_step(c->p, WR_GATEWAY_SOCKET, c->socket)->again = "not found";
		c->from = b->used;
	} else {
		wr_buf_char(b, ';');
	}
	c->open = true;
	wr_buf_fmt(b, "%s map %s ", what, c->file);
}

static void one_by_one(struct wr_gateway_plan *p, enum wr_haproxy_map map, const char *socket,
		       const char *file, const struct wr_gateway_set *want,
		       const struct wr_gateway_seen *seen, const struct wr_gateway_diff *d)
{
	struct commands c = {.p = p, .socket = socket, .file = file};
	struct wr_buf *b = &p->bytes;

	for (size_t i = 0; i < seen->n; i++) {
		const struct wr_gateway_found *f = &seen->at[i];

		if (!f->leaves || wr_haproxy_map_of(f->verb, f->kind) != map)
			continue;
		command(&c, f->to ? "set" : "del");
		wr_buf_str(b, f->key);
		if (f->to) {
			wr_buf_char(b, ' ');
			add_value(b, f->to);
		}
	}
	for (size_t i = 0; i < want->n; i++) {
		if (d->deed[i] != WR_GATEWAY_ADD || !in_map(&want->at[i], map))
			continue;
		command(&c, "add");
		add_pair(b, &want->at[i]);
	}
	if (c.open) {
		wr_buf_char(b, '\n');
		wr_gateway_step_ends(p);
	}
}

/* ---- many: a new version of the map ---- */

struct chunks {
	struct wr_gateway_plan *p;
	const char *socket, *file;
	uint64_t version;
	size_t from;
	bool open;
};

static void end_chunk(struct chunks *c)
{
	if (!c->open)
		return;
	wr_buf_char(&c->p->bytes, '\n');
	wr_gateway_step_ends(c->p);
	c->open = false;
}

static struct wr_buf *in_chunk(struct chunks *c)
{
	struct wr_buf *b = &c->p->bytes;

	if (c->open && b->used - c->from > CHUNK_MOST)
		end_chunk(c);
	if (!c->open) {
		wr_gateway_step(c->p, WR_GATEWAY_SOCKET, c->socket);
		c->from = b->used;
		wr_buf_fmt(b, "add map @%" PRIu64 " %s <<\n", c->version, c->file);
		c->open = true;
	}
	return b;
}

static void prepare(struct chunks *c)
{
	struct wr_gateway_step *s = wr_gateway_step(c->p, WR_GATEWAY_SOCKET, c->socket);

	wr_buf_fmt(&c->p->bytes, "prepare map %s\n", c->file);
	wr_gateway_step_ends(c->p);
	s->expect = c->p->bytes.used;
	wr_buf_fmt(&c->p->bytes, "New version created: %" PRIu64, c->version);
	s->expect_n = c->p->bytes.used - s->expect;
}

static void commit(struct chunks *c)
{
	end_chunk(c);
	wr_gateway_step(c->p, WR_GATEWAY_SOCKET, c->socket)->again = "out of range";
	wr_buf_fmt(&c->p->bytes, "commit map @%" PRIu64 " %s\n", c->version, c->file);
	wr_gateway_step_ends(c->p);
}

/* Weir's together, the tightest first, where the first of them stood; others' around them. */
static void routes_anew(struct wr_gateway_plan *p, const char *socket, const char *file,
			const struct wr_gateway_set *want, const struct wr_gateway_seen *seen,
			const struct wr_gateway_diff *d)
{
	struct chunks c = {p, socket, file, seen->version[WR_HAPROXY_ROUTES] + 1};
	size_t n, at = 0;
	uint32_t *stay = wr_gateway_routes_stay(want, d, &n);
	const struct wr_gateway_found *f = seen->at, *end = seen->at + seen->n;

	p->failed |= !stay;
	prepare(&c);
	for (bool ours; stay && (f < end || at < n); f += f < end) {
		if (f < end && wr_haproxy_map_of(f->verb, f->kind) != WR_HAPROXY_ROUTES)
			continue;
		ours = f == end || f->kept || f->leaves;
		for (; ours && at < n; at++) {
			add_pair(in_chunk(&c), &want->at[stay[at]]);
			wr_buf_char(&p->bytes, '\n');
		}
		if (!ours)
			wr_buf_fmt(in_chunk(&c), "%s %s\n", f->key, f->value);
	}
	free(stay);
	commit(&c);
}

/* What others have put there goes along as it is, and in its place: the first of doubles counts. */
static void as_a_whole(struct wr_gateway_plan *p, enum wr_haproxy_map map, const char *socket,
		       const char *file, const struct wr_gateway_set *want,
		       const struct wr_gateway_seen *seen, const struct wr_gateway_diff *d)
{
	struct chunks c = {p, socket, file, seen->version[map] + 1};

	prepare(&c);
	for (size_t i = 0; i < seen->n; i++) {
		const struct wr_gateway_found *f = &seen->at[i];

		if (wr_haproxy_map_of(f->verb, f->kind) != map || (f->leaves && !f->to))
			continue;
		if (f->to) {
			wr_buf_fmt(in_chunk(&c), "%s ", f->key);
			add_value(&p->bytes, f->to);
			wr_buf_char(&p->bytes, '\n');
		} else
			wr_buf_fmt(in_chunk(&c), "%s %s\n", f->key, f->value);
	}
	for (size_t i = 0; i < want->n; i++) {
		if (d->deed[i] != WR_GATEWAY_ADD || !in_map(&want->at[i], map))
			continue;
		add_pair(in_chunk(&c), &want->at[i]);
		wr_buf_char(&p->bytes, '\n');
	}
	commit(&c);
}

void wr_haproxy_plan_map(struct wr_gateway_plan *p, enum wr_haproxy_map map, const char *socket,
			 const char *file, const struct wr_gateway_set *want,
			 const struct wr_gateway_seen *seen, const struct wr_gateway_diff *d)
{
	size_t changes = 0;

	for (size_t i = 0; i < want->n; i++)
		changes += d->deed[i] == WR_GATEWAY_ADD && in_map(&want->at[i], map);
	for (size_t i = 0; i < seen->n; i++)
		changes += seen->at[i].leaves &&
			   wr_haproxy_map_of(seen->at[i].verb, seen->at[i].kind) == map;
	if (!changes)
		return;
	if (map == WR_HAPROXY_ROUTES)
		routes_anew(p, socket, file, want, seen, d);
	else if (changes > FEW || d->doubles)
		as_a_whole(p, map, socket, file, want, seen, d);
	else
		one_by_one(p, map, socket, file, want, seen, d);
}
