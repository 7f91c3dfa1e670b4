/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a program sends to weir mcp, and what a model or a daemon answers to weir explain: never a
 * crash; each line gets at most a line.
 *
 *	WEIR_SEEDS=DIR fuzz_mcp DIR	writes some to DIR first
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explain/prompt.h"
#include "ui/mcp/mcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static const char *const seeds[] = {
	"m{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}",
	"m{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"tools/"
	"call\",\"params\":{\"name\":\"services\","
	"\"arguments\":{\"top\":5,\"sort\":\"bytes\"}}}",
	"m{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/"
	"call\",\"params\":{\"name\":\"shadow_rule\","
	"\"arguments\":{\"text\":\"drop from 192.0.2.0/24 for 10m\"}}}",
	"o{\"choices\":[{\"message\":{\"content\":\"A1 S1 "
	"\\u001b[31m\"},\"finish_reason\":\"stop\"}],"
	"\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}",
	"a{\"content\":[{\"type\":\"text\",\"text\":\"A1\"}],\"stop_reason\":\"end_turn\"}",
	"e{\"event_type\":\"explanation\",\"incident_id\":1,\"state\":\"over\",\"severity\":"
	"\"high\","
	"\"class\":\"syn_flood\",\"target\":\"[2001:db8::1]:443\",\"victims\":[\"10.0.0.0/24\"],"
	"\"sources\":[{\"address\":\"192.0.2.1\",\"packets\":1}],\"began\":\"2023-11-14T22:13:"
	"20Z\","
	"\"evidence\":[{\"name\":\"syn\",\"value\":1,\"norm\":2,\"unit\":\"packets/"
	"s\"}],\"auto\":\"off\"}",
};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *dir = getenv("WEIR_SEEDS");
	char path[4096];

	(void)argc;
	(void)argv;
	for (size_t i = 0; dir && i < sizeof(seeds) / sizeof(seeds[0]); i++) {
		FILE *f;

		snprintf(path, sizeof(path), "%s/seed-%zu", dir, i);
		f = fopen(path, "w");
		if (!f)
			break;
		fputs(seeds[i], f);
		fclose(f);
	}
	return 0;
}

static int ask(void *ctx, const char *request, struct wr_buf *answer, struct wr_err *err)
{
	(void)ctx, (void)err;
	if (strchr(request, '\n'))
		abort();
	wr_buf_str(answer, "{}\n");
	return 0;
}

static void mcp(const char *line, size_t n)
{
	struct wr_mcp m = {.ask = ask, .allow_shadow = true, .initialized = true};
	struct wr_buf b = {0};

	wr_mcp_line(&m, line, n, &b);
	if (b.used && memchr(b.at, '\n', b.used) != b.at + b.used - 1)
		abort();
	wr_buf_free(&b);
}

static void answer(enum wr_explain_kind kind, const char *body, size_t n)
{
	static const struct wr_explain e = {.i = {.n_sources = 1}};
	struct wr_explain_answer a = {0};
	struct wr_buf b = {0};

	if (!wr_explain_answer(&a, kind, body, n, NULL)) {
		wr_explain_clean(&b, a.text.at, a.text.used, &e);
		if (b.used > WR_EXPLAIN_PROSE || (b.used && memchr(b.at, 27, b.used)))
			abort();
	}
	wr_buf_free(&a.text);
	wr_buf_free(&b);
}

static void explanation(const char *json, size_t n)
{
	static struct wr_explain e;
	struct wr_explain_ask how = {.model = "m", .tokens = 1};
	struct wr_buf b = {0};

	if (!wr_explain_read(&e, json, n, NULL)) {
		wr_explain_text(&b, &e);
		wr_explain_json(&b, &e);
		wr_explain_prompt(&b, &e, &how);
	}
	wr_buf_free(&b);
}

/* The first byte says which of them it is. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *text = (const char *)data + 1;

	if (!n)
		return 0;
	if (data[0] == 'o' || data[0] == 'a')
		answer(data[0] == 'o' ? WR_EXPLAIN_OPENAI : WR_EXPLAIN_ANTHROPIC, text, n - 1);
	else if (data[0] == 'e')
		explanation(text, n - 1);
	else
		mcp(text, n - 1);
	return 0;
}
