/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What API gateways answer, and files that others may write to: never a crash, and what others have
 * put there is in what weir makes of it.
 *
 *	WEIR_SEEDS=DIR fuzz_gateway DIR	writes an answer of each kind to DIR first
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/addresses.h"
#include "gateway/caddy_list.h"
#include "gateway/haproxy_map.h"
#include "gateway/nginx_file.h"
#include "gateway/nginx_lua.h"
#include "gateway/object.h"
#include "gateway/own.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* The first byte says what it is. */
static const char *const seeds[] = {
	"h0x55 10.0.0.1 1795409040\n0x56 192.0.2.1 5\n0x57 10.0.0.1 x y\n\n",
	"m# id (file) description\n0 (/m) pattern loaded from file '/m' used by map at file "
	"'h.cfg' "
	"line 13. curr_ver=0 next_ver=7 entry_cnt=0\n",
	"n# a\n# weir begin edge 7: x\ngeo $weir_deny {\n\tdefault 0;\n\t10.0.0.1 1;\n}\n"
	"geo $weir_class {\n\t10.0.0.0/8 5;\n}\n# weir end\n# b",
	"uweir 1, limits\ndeny 10.0.0.1/32 until 1795409040 by edge\n"
	"limit 2001:db8::/32 to 5 until 1795409040 by mine\nx\n",
	"e{\"version_info\":\"weir edge 7\",\n"
	"{\"remote_ip\":{\"address_prefix\":\"10.0.0.1\",\"prefix_len\":32}},\n",
	"t# weir edge 7: x\n        ClientIP(`10.0.0.1`) ||\n    # the same for TLS\n",
	"c[\"10.0.0.1\",\"192.0.2.1/32\",\"x\"]",
	"r{\"match\":[{\"remote_ip\":{\"ranges\":[],\"forwarded\":true}}]}",
	"lweir gateway ledger 1 edge haproxy 7\nput deny 10.0.0.1 until 9 why a b\n"
	"gone limit ::/0 to 5 until 9\nend 2\n",
	"o{\"tags\":[\"weir\"],\"config\":{\"deny\":[\"10.0.0.0/8\"]}}",
	"o[{\"name\":\"weir-edge\"}]",
	"edeny key 0102030405060708 for 1h why \"x\"",
};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *dir = getenv("WEIR_SEEDS");

	(void)argc;
	(void)argv;
	for (size_t i = 0; dir && i < sizeof(seeds) / sizeof(seeds[0]); i++) {
		char path[4096];
		FILE *f;

		snprintf(path, sizeof(path), "%s/seed-%zu", dir, i);
		f = fopen(path, "w");
		if (!f)
			continue;
		fputs(seeds[i], f);
		fclose(f);
	}
	return 0;
}

static void want(struct wr_gateway_set *s)
{
	static const char *const texts[] = {"deny 10.0.0.1 until 9", "deny 10.0.0.2 until 9",
					    "limit 10.0.0.0/8 to 5 until 9"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct wr_gateway_entry e;

		if (wr_gateway_entry_parse(&e, texts[i], 0, NULL))
			abort();
		e.state = (uint8_t)i;
		if (wr_gateway_set_add(s, &e))
			abort();
	}
}

/* What others have there: as many entries stay as were theirs. */
static void haproxy(char *text, size_t n)
{
	struct wr_gateway_set w = {0};
	struct wr_gateway_seen seen = {0};
	struct wr_gateway_diff d = {0};
	struct wr_gateway_plan p = {.was = &seen};
	struct wr_buf b = {0};

	want(&w);
	if (!wr_haproxy_read_map(&seen, WR_HAPROXY_DENY, text, n, NULL) &&
	    !wr_gateway_diff(&d, &w, &seen, true, NULL)) {
		wr_haproxy_plan_map(&p, WR_HAPROXY_DENY, "/s", "/m", &w, &seen, &d);
		wr_gateway_plan_show(&p, &b);
		if (d.foreign > seen.n)
			abort();
		for (size_t i = 0; i < seen.n; i++)
			if (seen.at[i].odd && seen.at[i].leaves)
				abort();
	}
	wr_buf_free(&b);
	wr_gateway_plan_free(&p);
	wr_gateway_diff_free(&d);
	wr_gateway_seen_free(&seen);
	wr_gateway_set_free(&w);
}

/* A file with a block: what stands outside is there again, byte for byte. */
static void file(const char *text, size_t n)
{
	struct wr_gateway_set w = {0};
	struct wr_gateway_seen seen = {0};
	struct wr_gateway_diff d = {0};
	struct wr_gateway_block k;
	struct wr_buf b = {0};
	struct wr_gateway_block again;
	char *inside;

	want(&w);
	if (wr_gateway_block_find(&k, text, n, "edge", NULL)) {
		wr_gateway_set_free(&w);
		return;
	}
	inside = malloc(k.inside_n + 1);
	if (!inside)
		abort();
	memcpy(inside, k.inside_n ? k.inside : "", k.inside_n);
	if (!wr_nginx_read(&seen, inside, k.inside_n) &&
	    !wr_gateway_diff(&d, &w, &seen, false, NULL)) {
		wr_nginx_print(&b, &k, "edge", 8, &w, &d);
		if (wr_gateway_block_find(&again, b.at, b.used, "edge", NULL) ||
		    again.generation != 8 || again.after_n != k.after_n ||
		    (k.after_n && memcmp(again.after, k.after, k.after_n) != 0) ||
		    again.before_n < k.before_n ||
		    (k.before_n && memcmp(again.before, k.before, k.before_n) != 0))
			abort();
	}
	free(inside);
	wr_buf_free(&b);
	wr_gateway_diff_free(&d);
	wr_gateway_seen_free(&seen);
	wr_gateway_set_free(&w);
}

static void caddy(const char *text, size_t n)
{
	struct wr_gateway_set w = {0};
	struct wr_gateway_seen seen = {0}, back = {0};
	struct wr_gateway_diff d = {0};
	struct wr_buf b = {0};

	want(&w);
	if (!wr_caddy_read(&seen, text, n, NULL) && !wr_gateway_diff(&d, &w, &seen, false, NULL)) {
		wr_gateway_addresses_print(&b, &w, &seen, &d);
		if (wr_caddy_read(&back, b.at, b.used, NULL) ||
		    back.n != d.foreign + d.count[WR_GATEWAY_KEEP] + d.count[WR_GATEWAY_ADD])
			abort();
	}
	wr_buf_free(&b);
	wr_gateway_diff_free(&d);
	wr_gateway_seen_free(&seen);
	wr_gateway_seen_free(&back);
	wr_gateway_set_free(&w);
}

static void ledger(char *text)
{
	struct wr_gateway_ledger l = {0}, again = {0};
	struct wr_buf b = {0}, c = {0};

	if (!wr_gateway_ledger_parse(&l, text, "edge", NULL, NULL)) {
		wr_gateway_ledger_print(&b, &l, "edge", "haproxy");
		wr_gateway_ledger_print(&c, &l, "edge", "haproxy");
		wr_buf_text(&c);
		if (wr_gateway_ledger_parse(&again, c.at, "edge", NULL, NULL))
			abort();
		wr_buf_clear(&c);
		wr_gateway_ledger_print(&c, &again, "edge", "haproxy");
		if (b.used != c.used || memcmp(b.at, c.at, b.used) != 0)
			abort();
	}
	wr_buf_free(&b);
	wr_buf_free(&c);
	wr_gateway_set_free(&l.set);
	wr_gateway_set_free(&again.set);
}

static void object(const char *text, size_t n)
{
	static const struct wr_gateway_driver *const all[] = {&wr_gateway_apinto,
							      &wr_gateway_apisix, &wr_gateway_kong};
	bool there;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct wr_gateway_seen seen = {0};

		wr_gateway_object_read(&seen, all[i]->dialect, "edge", text, n, NULL);
		wr_gateway_seen_free(&seen);
	}
	wr_gateway_object_listed(text, n, "edge", &there, NULL);
}

/* What weir.lua lists: what is told it afterwards names nothing of others. */
static void lua(char *text, size_t n)
{
	struct wr_gateway_set w = {0};
	struct wr_gateway_seen seen = {0};
	struct wr_gateway_diff d = {0};
	struct wr_buf b = {0};
	bool limits;

	want(&w);
	if (!wr_nginx_lua_read(&seen, text, n, "edge", &limits, NULL) &&
	    !wr_gateway_diff(&d, &w, &seen, true, NULL)) {
		for (size_t i = 0; i < seen.n; i++)
			if (seen.at[i].odd && seen.at[i].leaves)
				abort();
		wr_nginx_lua_print(&b, &w, &seen, &d);
	}
	wr_buf_free(&b);
	wr_gateway_diff_free(&d);
	wr_gateway_seen_free(&seen);
	wr_gateway_set_free(&w);
}

static void own(const struct wr_gateway_driver *driver, char *text, size_t n)
{
	struct wr_gateway_seen seen = {0};
	uint64_t generation;

	wr_gateway_own_read(&seen, driver->form, text, n, "edge", &generation, NULL);
	wr_gateway_seen_free(&seen);
}

static void entry(const char *text)
{
	struct wr_gateway_entry e;
	struct wr_err err = {0};

	if (wr_gateway_entry_parse(&e, text, 1795409040, &err) && !err.text[0])
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *text = malloc(n + 1), config[256];
	uint64_t version;
	bool forwarded;

	if (!n || !text) {
		free(text);
		return 0;
	}
	memcpy(text, data + 1, n - 1);
	text[n - 1] = 0;
	switch (data[0]) {
	case 'h':
		haproxy(text, n - 1);
		break;
	case 'm':
		wr_haproxy_find_map(text, n - 1, "/m", &version, config);
		break;
	case 'n':
		file(text, n - 1);
		break;
	case 'c':
		caddy(text, n - 1);
		break;
	case 'o':
		object(text, n - 1);
		break;
	case 'u':
		lua(text, n - 1);
		break;
	case 'e':
		own(&wr_gateway_envoy, text, n - 1);
		break;
	case 't':
		own(&wr_gateway_traefik, text, n - 1);
		break;
	case 'r':
		wr_caddy_look(text, n - 1, &forwarded, NULL);
		break;
	case 'l':
		if (!memchr(text, 0, n - 1))
			ledger(text);
		break;
	default:
		entry(text);
	}
	free(text);
	return 0;
}
