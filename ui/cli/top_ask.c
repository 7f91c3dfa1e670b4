/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/cli/top_ask.h"

#include <errno.h>

#include "ui/cli/ask.h"

enum { AGAIN_S = 5 };

struct answer {
	void (*fn)(void *ctx, const json_t *o);
	void *ctx;
};

const char *wr_top_text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

uint64_t wr_top_number(const json_t *o, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(o, key));
}

struct wr_count wr_top_count(const json_t *o, const char *key)
{
	const json_t *c = json_object_get(o, key);

	return (struct wr_count){wr_top_number(c, "packets"), wr_top_number(c, "bytes")};
}

static int line(void *ctx, const char *text, size_t n)
{
	struct answer *a = ctx;
	json_t *o = json_loadb(text, n, 0, NULL);

	a->fn(a->ctx, o);
	json_decref(o);
	return 0;
}

int wr_top_ask(struct wr_top_ask *a, const char *view, void (*fn)(void *ctx, const json_t *o),
	       void *ctx)
{
	struct answer answer = {fn, ctx};
	struct wr_err err = {0};
	int ret = 0;

	if (!a->open && a->wait-- > 0)
		return -ENODATA;
	if (!a->open)
		ret = wr_cli_connect(&a->ask, a->conf, a->socket, &err);
	a->open = !ret;
	if (!ret)
		ret = wr_ask_send(&a->ask, view, &err);
	if (!ret)
		ret = wr_ask_answer(&a->ask, line, &answer, &err);
	if (!ret)
		return 0;
	wr_top_ask_close(a);
	a->wait = AGAIN_S;
	return -ENODATA;
}

void wr_top_ask_close(struct wr_top_ask *a)
{
	wr_ask_close(&a->ask);
	a->ask = (struct wr_ask){.fd = -1};
	a->open = false;
}
