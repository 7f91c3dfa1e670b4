/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A session of the Model Context Protocol, line by line, without a daemon. */
#include <errno.h>

#include "tests/tap.h"
#include "ui/mcp/mcp.h"
#include "ui/mcp/rpc.h"

static struct wr_buf asked;
static const char *answers = "{\"event_type\":\"status\"}\n";

static int ask(void *ctx, const char *request, struct wr_buf *answer, struct wr_err *err)
{
	(void)ctx;
	wr_buf_clear(&asked);
	wr_buf_str(&asked, request);
	if (!answers)
		return wr_fail(err, ENOENT, "no weir runs here");
	wr_buf_str(answer, answers);
	return 0;
}

static struct wr_mcp m = {.ask = ask};
static struct wr_buf out;

static const char *line_n(const char *text, size_t n)
{
	wr_buf_clear(&out);
	wr_buf_clear(&asked);
	wr_mcp_line(&m, text, n, &out);
	return wr_buf_text(&out);
}

static const char *line(const char *text)
{
	return line_n(text, strlen(text));
}

/* What is sent, and what is somewhere in the answer; "": there is none. */
struct row {
	const char *in, *out;
};

static void each(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *got = line(rows[i].in);
		bool good = rows[i].out[0] ? strstr(got, rows[i].out) != NULL : !*got;

		ok(good, "%s", rows[i].in);
		if (!good)
			printf("# %s\n", got);
		if (*got && (strchr(got, '\n') != got + strlen(got) - 1 ||
			     strncmp(got, "{\"jsonrpc\":\"2.0\",\"id\":", 22) != 0))
			ok(false, "it is not one line of JSON-RPC: %s", got);
	}
}

#define EACH(rows) each(rows, sizeof(rows) / sizeof((rows)[0]))
#define CALL(name, args)                                                                       \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"" name \
	"\",\"arguments\":" args "}}"
#define INIT(version)                                                                             \
	"{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{"                    \
	"\"protocolVersion\":\"" version "\",\"capabilities\":{},\"clientInfo\":{\"name\":\"t\"," \
	"\"version\":\"1\"}}}"

static const struct row early[] = {
	{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}",
	 "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}"},
	{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}", "-32600"},
	{CALL("status", "{}"), "-32600"},
	{"{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\"}", "-32602"},
	{INIT("2025-06-18"), "\"protocolVersion\":\"2025-06-18\""},
	{INIT("2025-03-26"), "\"protocolVersion\":\"2024-11-05\""},
	{INIT("2999-01-01"), "\"protocolVersion\":\"2025-11-25\""},
	{INIT("x"), "\"protocolVersion\":\"2025-11-25\""},
	{INIT("1999-01-01"), "\"protocolVersion\":\"2025-11-25\""},
	{"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}", ""},
};

static const struct row wrong[] = {
	{"{", "\"id\":null,\"error\":{\"code\":-32700"},
	{"\xff", "-32700"},
	{"{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"method\":\"ping\"}", "-32700"},
	{"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]",
	 "\"id\":null,\"error\":{\"code\":-32600"},
	{"5", "-32600"},
	{"null", "-32600"},
	{"{\"id\":1,\"method\":\"ping\"}", "\"id\":1,\"error\":{\"code\":-32600"},
	{"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"ping\"}", "-32600"},
	{"{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}", "-32600"},
	{"{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"ping\"}", "-32600"},
	{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":5}", "-32600"},
	{"{\"jsonrpc\":\"2.0\",\"id\":1}", "-32600"},
	{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"more\":1}", "-32600"},
	{"{\"jsonrpc\":\"2.0\",\"id\":\"a\\\"b\",\"method\":\"none\"}",
	 "\"id\":\"a\\\"b\",\"error\":{\"code\":-32601"},
	{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"resources/list\"}", "-32601"},
	{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":[1]}", "-32602"},
	{"{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"params\":[1]}", ""},
	{"{\"jsonrpc\":\"2.0\",\"method\":\"none\"}", ""},
	{"{\"jsonrpc\":\"2.0\",\"method\":\"tools/call\",\"params\":{\"name\":\"status\"}}", ""},
	{"{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{}}", ""},
	{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":{\"cursor\":\"x\"}}",
	 "-32602"},
	{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\"}", "-32602"},
	{CALL("none", "{}"), "-32602"},
	{CALL("status", "5"), "-32602"},
	{CALL("status", "{\"top\":5}"), "-32602"},
	{CALL("services", "{\"top\":0}"), "-32602"},
	{CALL("services", "{\"top\":201}"), "-32602"},
	{CALL("services", "{\"top\":\"5\"}"), "-32602"},
	{CALL("services", "{\"top\":1.5}"), "-32602"},
	{CALL("services", "{\"sort\":\"size\"}"), "-32602"},
	{CALL("incident", "{}"), "id is missing"},
	{CALL("incident", "{\"id\":\"7 as=text\"}"), "-32602"},
	{CALL("incident", "{\"id\":-7}"), "-32602"},
	{CALL("shadow_rule", "{\"text\":\"drop to tcp/23\"}"), "no such tool"},
};

static const struct {
	const char *in, *request;
} calls[] = {
	{CALL("status", "{}"), "status"},
	{CALL("services", "{\"top\":5,\"sort\":\"bytes\"}"), "services top=5 sort=bytes"},
	{CALL("talkers", "{}"), "talkers"},
	{CALL("incidents", "{\"top\":256}"), "incidents top=256"},
	{CALL("incident", "{\"id\":7}"), "explain id=7"},
	{CALL("rules", "{}"), "rules"},
	{CALL("ledger", "{}"), "ledger"},
	{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/"
	 "call\",\"params\":{\"name\":\"ledger\"}}",
	 "ledger"},
};

static const struct row shadows[] = {
	{CALL("shadow_rule", "{}"), "-32602"},
	{CALL("shadow_rule", "{\"text\":\"\"}"), "-32602"},
	{CALL("shadow_rule", "{\"text\":\"drop to tcp/1\\ndrop to tcp/2\"}"), "-32602"},
	{CALL("shadow_rule", "{\"text\":\"drop to tcp/23\"}"), "for 10m, 86400s at most"},
	{CALL("shadow_rule", "{\"text\":\"drop to tcp/23 for 2d\"}"), "for 10m, 86400s at most"},
	{CALL("shadow_rule", "{\"text\":\"auto1\"}"), "\"isError\":true"},
	{CALL("shadow_rule", "{\"text\":\"set web = 10.0.0.0/8\"}"), "\"isError\":true"},
	{CALL("shadow_rule", "{\"text\":\"class a = priority 1\"}"), "\"isError\":true"},
	{CALL("shadow_rule", "{\"text\":\"# nothing\"}"), "\"isError\":true"},
	{CALL("shadow_rule", "{\"text\":\"drop to tcp/23; drop any\"}"), "\"isError\":true"},
};

static void too_long(void)
{
	static const char ping[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}";
	static char much[WR_RPC_LINE + 2];

	snprintf(much, sizeof(much), "%-*s", WR_RPC_LINE + 1, ping);
	ok(strstr(line_n(much, WR_RPC_LINE), "\"result\":{}") != NULL, "a line of %d bytes",
	   WR_RPC_LINE);
	ok(strstr(line_n(much, WR_RPC_LINE + 1), "-32700") != NULL, "and one more");
	memset(much, '[', sizeof(much));
	ok(strstr(line_n(much, WR_RPC_LINE), "-32700") != NULL, "deep");
}

static void fails(void)
{
	static char much[300000];

	answers = NULL;
	ok(strstr(line(CALL("status", "{}")), "no weir runs here\"}],\"isError\":true") != NULL,
	   "what the daemon says is told");
	memset(much, 'x', sizeof(much) - 1);
	answers = much;
	ok(strstr(line(CALL("status", "{}")), "fewer rows") != NULL, "a long answer is not sent");
}

int main(void)
{
	EACH(early);
	EACH(wrong);
	ok(!asked.used, "nothing of that was asked");
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		const char *got = line(calls[i].in);

		ok(!strcmp(wr_buf_text(&asked), calls[i].request) &&
			   strstr(got, "{\"event_type\\\":") == NULL &&
			   strstr(got, "\"text\":\"{\\\"event_type\\\":\\\"status\\\"}\\n\"}],"
				       "\"isError\":false") != NULL,
		   "asks for %s", calls[i].request);
	}
	ok(!strstr(line("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}"), "shadow"),
	   "no tool changes anything");
	m.allow_shadow = true;
	ok(strstr(line("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}"),
		  "\"name\":\"shadow_rule\"") != NULL,
	   "unless it is allowed");
	for (size_t i = 0; i < sizeof(shadows) / sizeof(shadows[0]); i++) {
		each(&shadows[i], 1);
		ok(!asked.used, "and nothing is asked");
	}
	line(CALL("shadow_rule", "{\"text\":\"x: drop from 192.0.2.0/24 for 10m\"}"));
	ok(!strcmp(wr_buf_text(&asked),
		   "rule do=shadow text=x:%20drop%20from%20192.0.2.0/24%20for%2010m"),
	   "a shadow rule: %s", wr_buf_text(&asked));
	for (int i = 1; i < 16; i++)
		line(CALL("shadow_rule", "{\"text\":\"drop to tcp/23 for 1d\"}"));
	ok(asked.used, "the sixteenth");
	ok(strstr(line(CALL("shadow_rule", "{\"text\":\"drop to tcp/23 for 1d\"}")),
		  "16 rules were added") != NULL &&
		   !asked.used,
	   "and no more");
	too_long();
	fails();
	wr_buf_free(&asked);
	wr_buf_free(&out);
	return done();
}
