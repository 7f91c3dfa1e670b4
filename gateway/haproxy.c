/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/haproxy_map.h"

/*
 * HAProxy, by its Runtime API and the files of its maps. Files first: a reload forgets what stands
 * in no file. Runs with 2.4 and later.
 */

static const char *file_of(const struct wr_gateway_conf *c, int map)
{
	const char *const files[] = {[WR_HAPROXY_DENY] = c->haproxy.deny,
				     [WR_HAPROXY_LIMIT] = c->haproxy.limit,
				     [WR_HAPROXY_KEYS] = c->haproxy.keys,
				     [WR_HAPROXY_KEY_LIMIT] = c->haproxy.key_limit,
				     [WR_HAPROXY_ROUTES] = c->haproxy.routes};

	return files[map];
}

static uint32_t can(const struct wr_gateway_conf *c)
{
	return WR_GATEWAY_CAN_CONFIRM | WR_GATEWAY_CAN_EXPIRE | WR_GATEWAY_CAN_ATOMIC |
	       WR_GATEWAY_CAN_STAY | (c->haproxy.deny[0] ? WR_GATEWAY_CAN_DENY : 0) |
	       (c->haproxy.limit[0] ? WR_GATEWAY_CAN_LIMIT | WR_GATEWAY_CAN_ANY_RATE : 0) |
	       (c->haproxy.keys[0] ? WR_GATEWAY_CAN_KEYS : 0) |
	       (c->haproxy.key_limit[0] ? WR_GATEWAY_CAN_LIMIT_KEYS | WR_GATEWAY_CAN_ANY_RATE : 0) |
	       (c->haproxy.routes[0] ? WR_GATEWAY_CAN_ROUTES | WR_GATEWAY_CAN_ANY_RATE : 0);
}

static const char *where(const struct wr_gateway_conf *c)
{
	return c->haproxy.socket;
}

static int check(const struct wr_gateway_conf *c, struct wr_err *err)
{
	for (int i = 0; i < WR_HAPROXY_MAPS; i++)
		for (int k = 0; k < i; k++)
			if (file_of(c, i)[0] && !strcmp(file_of(c, i), file_of(c, k)))
				return wr_fail(
					err, EINVAL,
					"%s: haproxy.deny, limit, keys, key_limit and routes are "
					"different files",
					file_of(c, i));
	return 0;
}

/* ---- reading ---- */

static int ask(const struct wr_gateway *g, const char *command, const char *file,
	       struct wr_buf *answer, struct wr_err *err)
{
	struct wr_buf line = {0};
	int ret;

	wr_buf_fmt(&line, "%s%s\n", command, file);
	ret = wr_gateway_ask(g, g->conf.haproxy.socket, line.at, line.used, answer, err);
	wr_buf_free(&line);
	if (!ret && answer->used >= 17 && !memcmp(answer->at, "Permission denied", 17))
		return wr_fail(
			err, EPERM,
			"%s: HAProxy refuses '%s': write 'level admin' behind that stats socket",
			g->conf.haproxy.socket, command);
	return ret;
}

static int no_map(const char *file, struct wr_err *err)
{
	return wr_fail(err, EPROTO,
		       "HAProxy uses no map %s: add the lines of docs/gateways.md to its "
		       "configuration and reload it",
		       file);
}

static int read_file(const struct wr_gateway *g, struct wr_gateway_seen *s, int map,
		     struct wr_gateway_block *k, struct wr_err *err)
{
	const char *path = file_of(&g->conf, map);
	int ret = wr_gateway_whole_file(path, g->conf.answer_bytes, &s->file[map], err);

	s->there[map] = !ret;
	if (ret == -ENOENT)
		ret = 0;
	if (!ret && wr_gateway_block_find(k, s->file[map].at, s->file[map].used, g->name, err))
		ret = wr_within(err, "%s", path);
	return ret;
}

static int read_map(const struct wr_gateway *g, struct wr_gateway_seen *s, int map,
		    const struct wr_buf *list, struct wr_err *err)
{
	const char *file = file_of(&g->conf, map);
	struct wr_gateway_block k;
	char config[256];
	int ret;

	if (wr_haproxy_find_map(list->at, list->used, file, &s->version[map], config))
		return no_map(file, err);
	ret = read_file(g, s, map, &k, err);
	if (!ret)
		ret = ask(g, "show map ", file, &s->raw[map], err);
	if (!ret &&
	    wr_haproxy_read_map(s, (enum wr_haproxy_map)map, s->raw[map].at, s->raw[map].used, err))
		ret = wr_within(err, "%s", g->conf.haproxy.socket);
	return ret ? ret : wr_haproxy_tag(s, (enum wr_haproxy_map)map, &k, err);
}

static int not_haproxy(const struct wr_gateway *g, struct wr_err *err)
{
	return wr_fail(err, EPROTO,
		       "%s does not answer as HAProxy does: is haproxy.socket its stats socket?",
		       g->conf.haproxy.socket);
}

static int list_maps(const struct wr_gateway *g, struct wr_buf *list, struct wr_err *err)
{
	static const char head[] = "# id (file)";
	int ret = ask(g, "show map", "", list, err);

	if (!ret && (list->used < strlen(head) || memcmp(list->at, head, strlen(head)) != 0))
		ret = not_haproxy(g, err);
	return ret;
}

static int read_all(const struct wr_gateway *g, struct wr_gateway_seen *s, struct wr_err *err)
{
	struct wr_buf list = {0};
	int ret = list_maps(g, &list, err);

	for (int map = 0; !ret && map < WR_HAPROXY_MAPS; map++)
		if (file_of(&g->conf, map)[0])
			ret = read_map(g, s, map, &list, err);
	wr_buf_free(&list);
	return ret;
}

/* ---- changing ---- */

/* The file as it should be, stamped with this generation, or the one that it has. */
static void print_file(const struct wr_gateway *g, struct wr_buf *b, int map, uint64_t generation,
		       const struct wr_gateway_set *want, const struct wr_gateway_seen *seen,
		       const struct wr_gateway_diff *d)
{
	struct wr_gateway_block k;

	wr_gateway_block_find(&k, seen->file[map].at, seen->file[map].used, g->name, NULL);
	wr_haproxy_print_file(b, (enum wr_haproxy_map)map, &k, g->name,
			      generation ? generation : k.generation, want, d);
}

/* A file without a block is as good as one with an empty block. */
static bool file_differs(const struct wr_gateway *g, int map, const struct wr_gateway_set *want,
			 const struct wr_gateway_seen *seen, const struct wr_gateway_diff *d)
{
	const struct wr_buf *is = &seen->file[map];
	struct wr_gateway_block k;
	struct wr_buf b = {0};
	bool differs;
	size_t n = 0;

	wr_gateway_block_find(&k, is->at, is->used, g->name, NULL);
	for (size_t i = 0; i < want->n; i++)
		n += wr_gateway_stays(d, i) &&
		     (int)wr_haproxy_map_of(want->at[i].verb, want->at[i].kind) == map;
	if (!k.generation && !n)
		return false;
	print_file(g, &b, map, 0, want, seen, d);
	differs = b.used != is->used || memcmp(b.at, is->at, b.used) != 0;
	wr_buf_free(&b);
	return differs;
}

static bool stale(const struct wr_gateway *g, const struct wr_gateway_set *want,
		  const struct wr_gateway_seen *seen, const struct wr_gateway_diff *d)
{
	for (int map = 0; map < WR_HAPROXY_MAPS; map++)
		if (file_of(&g->conf, map)[0] && file_differs(g, map, want, seen, d))
			return true;
	return false;
}

static void plan(const struct wr_gateway *g, const struct wr_gateway_set *want,
		 const struct wr_gateway_seen *seen, const struct wr_gateway_diff *d,
		 uint64_t generation, struct wr_gateway_plan *p)
{
	for (int map = 0; map < WR_HAPROXY_MAPS; map++) {
		const char *file = file_of(&g->conf, map);

		if (!file[0])
			continue;
		if (file_differs(g, map, want, seen, d)) {
			wr_gateway_step(p, WR_GATEWAY_FILE, file)->file = (uint8_t)map;
			print_file(g, &p->bytes, map, generation, want, seen, d);
			wr_gateway_step_ends(p);
		}
		wr_haproxy_plan_map(p, (enum wr_haproxy_map)map, g->conf.haproxy.socket, file, want,
				    seen, d);
	}
}

/* ---- looking ---- */

static void tell_version(const struct wr_gateway *g, wr_gateway_tell_fn tell, void *ctx)
{
	static const char *const wanted[] = {"Version: ", "Pid: ", "Uptime: "};
	struct wr_buf info = {0}, said = {0};
	size_t at = 0, len;
	const char *line;

	if (ask(g, "show info", "", &info, NULL)) {
		wr_buf_free(&info);
		return;
	}
	wr_buf_str(&said, "HAProxy");
	while ((line = wr_gateway_line(info.at, info.used, &at, &len)))
		for (size_t i = 0; i < 3; i++)
			if (len > strlen(wanted[i]) && len < 100 &&
			    !memcmp(line, wanted[i], strlen(wanted[i])))
				wr_buf_fmt(&said, ", %.*s", (int)len, line);
	tell(ctx, WR_GATEWAY_GOOD, wr_buf_text(&said), NULL);
	wr_buf_free(&info);
	wr_buf_free(&said);
}

static void tell_socket(const struct wr_gateway *g, wr_gateway_tell_fn tell, void *ctx)
{
	char text[256];
	struct stat st;

	if (stat(g->conf.haproxy.socket, &st) || !(st.st_mode & S_IWOTH))
		return;
	snprintf(text, sizeof(text), "every user of this host may write to %s",
		 g->conf.haproxy.socket);
	tell(ctx, WR_GATEWAY_WARN, text, "'mode 600' or 660 behind that stats socket");
}

/* A stats socket that other hosts can reach, which asks nobody who he is. */
static bool is_open_socket(const char *line)
{
	static const char *const fine[] = {"/",	   "unix@", "abns@", "fd@",	 "sockpair@",
					   "127.", "[::1]", "::1",   "localhost"};
	const char *s = line + strspn(line, " \t");
	int n = 0;

	if (sscanf(s, "stats socket %n", &n) < 0 || !n)
		return false;
	s += n;
	if (!strncmp(s, "ipv4@", 5) || !strncmp(s, "ipv6@", 5))
		s += 5;
	for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++)
		if (!strncmp(s, fine[i], strlen(fine[i])))
			return false;
	return *s && strchr(s, ':');
}

/* A header that anybody may send decides who the client is, unless a condition stands behind. */
static void tell_config(const char *config, wr_gateway_tell_fn tell, void *ctx)
{
	struct wr_buf b = {0};
	size_t at = 0, len, n = 0;
	const char *l;
	char line[512], text[768];

	if (config[0] != '/' || wr_gateway_whole_file(config, 4 << 20, &b, NULL)) {
		wr_buf_free(&b);
		return;
	}
	while ((l = wr_gateway_line(b.at, b.used, &at, &len))) {
		n++;
		snprintf(line, sizeof(line), "%.*s", (int)(len < 511 ? len : 511), l);
		line[strcspn(line, "#")] = 0;
		if (is_open_socket(line)) {
			snprintf(text, sizeof(text),
				 "%s:%zu is a stats socket for other hosts, too", config, n);
			tell(ctx, WR_GATEWAY_WARN, text,
			     "a path, or 127.0.0.1: it asks nobody who he is");
			continue;
		}
		if (!strstr(line, " set-src ") || strstr(line, " if ") || strstr(line, " unless "))
			continue;
		snprintf(text, sizeof(text),
			 "%s:%zu takes the client's address from what any client sends", config, n);
		tell(ctx, WR_GATEWAY_WARN, text,
		     "a condition behind it: if { src YOUR-PROXIES }; else clients choose whom a "
		     "block hits");
	}
	wr_buf_free(&b);
}

static void tell_map(const struct wr_gateway *g, int map, const struct wr_buf *list,
		     wr_gateway_tell_fn tell, void *ctx)
{
	const char *file = file_of(&g->conf, map);
	char text[512], config[256];
	uint64_t version;

	if (wr_haproxy_find_map(list->at, list->used, file, &version, config)) {
		snprintf(text, sizeof(text), "HAProxy uses no map %s", file);
		tell(ctx, WR_GATEWAY_BAD, text,
		     "the lines of docs/gateways.md in its configuration, and a reload");
		return;
	}
	if (access(file, R_OK | W_OK)) {
		snprintf(text, sizeof(text), "%s: %s", file, strerror(errno));
		tell(ctx, WR_GATEWAY_BAD, text,
		     "a file that weir may write, else a reload forgets");
		return;
	}
	snprintf(text, sizeof(text), "map %s is in use", file);
	tell(ctx, WR_GATEWAY_GOOD, text, NULL);
	if (map == WR_HAPROXY_DENY)
		tell_config(config, tell, ctx);
}

static void probe(struct wr_gateway *g, wr_gateway_tell_fn tell, void *ctx)
{
	struct wr_buf list = {0};
	struct wr_err err = {0};

	if (list_maps(g, &list, &err)) {
		tell(ctx, WR_GATEWAY_BAD, err.text, "stats socket PATH mode 600 level admin");
	} else {
		tell_version(g, tell, ctx);
		tell_socket(g, tell, ctx);
		for (int map = 0; map < WR_HAPROXY_MAPS; map++)
			if (file_of(&g->conf, map)[0])
				tell_map(g, map, &list, tell, ctx);
	}
	wr_buf_free(&list);
}

const struct wr_gateway_driver wr_gateway_haproxy = {
	.name = "haproxy",
	.can = can,
	.where = where,
	.check = check,
	.read = read_all,
	.stale = stale,
	.plan = plan,
	.probe = probe,
};
