/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "api/stats.h"
#include "daemon/query.h"
#include "ui/cli/ask.h"
#include "ui/cli/command.h"
#include "ui/cli/stop.h"
#include "view/requests.h"

enum { TOP = 20, CHUNK = 65536 };

struct args {
	const char *conf, *socket, *color;
	uint64_t top, header;
	bool json, follow;
};

struct reading {
	struct wr_api_line_conf how;
	struct wr_api_stats *stats;
	char line[WR_API_LINE + CHUNK];
	size_t n;
	bool over; /* the line is longer than can be read: up to its end */
};

/* ---- files ---- */

static void take_line(struct reading *r, const char *line, size_t n)
{
	struct wr_api_request request;

	if (r->over || n > WR_API_LINE) {
		r->over = false;
		wr_api_stats_unread(r->stats, 1);
		return;
	}
	if (!n || (n == 1 && *line == '\r'))
		return;
	if (wr_api_line_read(&r->how, line, n, &request, NULL))
		wr_api_stats_unread(r->stats, 1);
	else
		wr_api_stats_add(r->stats, &request);
}

static void take_lines(struct reading *r)
{
	char *at = r->line, *end = r->line + r->n, *newline;

	while ((newline = memchr(at, '\n', (size_t)(end - at)))) {
		take_line(r, at, (size_t)(newline - at));
		at = newline + 1;
	}
	r->n = (size_t)(end - at);
	if (r->n > WR_API_LINE) {
		r->over = true;
		r->n = 0;
	}
	memmove(r->line, at, r->n);
}

static int read_file(struct reading *r, const char *path, struct wr_err *err)
{
	int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO, ret = 0;
	ssize_t n = 0;

	if (fd < 0)
		return wr_fail(err, errno, "%s: %s", path, strerror(errno));
	r->n = 0;
	r->over = false;
	while (!wr_stopped && (n = read(fd, r->line + r->n, CHUNK)) > 0) {
		r->n += (size_t)n;
		take_lines(r);
	}
	if (n < 0 && !wr_stopped)
		ret = wr_fail(err, errno, "%s: %s", path, strerror(errno));
	if (!wr_stopped && (r->n || r->over))
		take_line(r, r->line, r->n);
	if (fd != STDIN_FILENO)
		close(fd);
	return ret;
}

static int show(const struct reading *r, const struct args *a, struct wr_err *err)
{
	struct wr_buf out = {0};
	bool color;

	if (wr_color_wanted(a->color, &color, err))
		return WR_EXIT_USAGE;
	if (a->json)
		wr_view_requests_json(&out, r->stats, (uint32_t)a->top, NULL);
	else
		wr_view_requests_text(&out, r->stats, (uint32_t)a->top, color, NULL);
	if (wr_print(&out, err))
		return WR_EXIT_FAILED;
	if (wr_api_stats_total(r->stats)->requests)
		return WR_EXIT_OK;
	wr_fail(err, EINVAL,
		"no line of an access log in there: HAProxy (option httplog), nginx (combined), "
		"Caddy and JSON can be read (docs/api.md)");
	return WR_EXIT_FAILED;
}

static int read_files(const struct args *a, int n, char **paths, struct wr_err *err)
{
	struct reading *r = calloc(1, sizeof(*r));
	int ret;

	if (!r) {
		wr_fail(err, ENOMEM, "out of memory");
		return WR_EXIT_FAILED;
	}
	ret = wr_api_stats_open(&r->stats, err);
	if (!ret) {
		r->how.header = (unsigned int)a->header;
		if (getrandom(&r->how.key, sizeof(r->how.key), 0) != sizeof(r->how.key))
			ret = wr_fail(err, errno, "no random key: %s", strerror(errno));
	}
	wr_stop_on_signals(); /* the end of what never ends by itself, as tail -f */
	for (int i = 0; i < n && !ret && !wr_stopped; i++)
		ret = read_file(r, paths[i], err);
	ret = ret ? wr_exit_status(ret) : show(r, a, err);
	wr_api_stats_close(&r->stats);
	free(r);
	return ret;
}

/* ---- the daemon ---- */

static int ask(const struct args *a, struct wr_err *err)
{
	struct wr_buf b = {0};
	bool color = false;
	int status;

	if (wr_color_wanted(a->color, &color, err))
		return WR_EXIT_USAGE;
	wr_buf_fmt(&b, "%s top=%" PRIu64, a->follow ? "subscribe views=api" : "api", a->top);
	if (!a->json)
		wr_buf_fmt(&b, " as=text color=%d", color);
	status = wr_cli_ask(a->conf, a->socket, wr_buf_text(&b), err);
	wr_buf_free(&b);
	return status;
}

static int run(int argc, char **argv, struct wr_err *err)
{
	struct args a = {.top = TOP, .header = 1};
	struct wr_args rest;
	int status = wr_command_begin(&wr_command_api, &a, argc, argv, &rest, err);

	if (status >= 0)
		return status;
	if (!rest.argc)
		return ask(&a, err);
	if (a.follow || a.conf || a.socket) {
		wr_fail(err, EINVAL,
			"--follow, --config and --socket are for a running daemon: name no files");
		return WR_EXIT_USAGE;
	}
	return read_files(&a, rest.argc, rest.argv, err);
}

#define AT(field) .offset = offsetof(struct args, field)

static const struct wr_option options[] = {
	{0, "top", "N", "so many rows of each table (default 20)", WR_OPTION_NUMBER, AT(top), 1,
	 WR_API_ROWS},
	{0, "json", NULL, "one JSON object a line (docs/events.md)", WR_OPTION_FLAG, AT(json)},
	{0, "consumer-header", "N",
	 "HAProxy logs: the captured request header that names the consumer (default 1, 0: none)",
	 WR_OPTION_NUMBER, AT(header), 0, 32},
	{0, "follow", NULL, "of the daemon: again after each second, until Ctrl-C", WR_OPTION_FLAG,
	 AT(follow)},
	{0, "color", "WHEN", "auto, always or never", WR_OPTION_STRING, AT(color)},
	{'c', "config", "FILE", "the daemon's configuration, which names its socket",
	 WR_OPTION_STRING, AT(conf)},
	{0, "socket", "PATH", "the daemon's control socket", WR_OPTION_STRING, AT(socket)},
	{0},
};

const struct wr_command wr_command_api = {
	.name = "api",
	.brief = "who asks API gateways for which route how much, with which answer",
	.args = " [FILE...]",
	.text = "Reads access logs of API gateways (- = standard input): HAProxy's httplog, "
		"nginx's combined with times\n"
		"behind it, Caddy's JSON, other JSON with usual names; also behind a head of "
		"syslog (docs/api.md). Shows\n"
		"routes, models that are asked, consumers and clients with answers and times. "
		"Times are within 1.6 %.\n"
		"Lines that cannot be read are counted.\n"
		"\n"
		"Without a file it shows what the running daemon has been told by gateways "
		"(api.listen, api.udp).\n"
		"\n"
		"Queries are never looked at. The name or key of a consumer becomes a keyed hash "
		"at once: it tells\n"
		"consumers apart, and is another one the next time.",
	.examples = "weir api /var/log/haproxy.log\troutes, consumers, clients of a log\n"
		    "zcat access.log.*.gz | weir api -\tof several, older ones\n"
		    "tail -f access.log | weir api -\tuntil Ctrl-C, then the tables\n"
		    "weir api --json FILE | jq 'select(.of==\"route\")'\tfor a program\n"
		    "weir api --follow\twhat the daemon is told, each second\n",
	.options = options,
	.run = run,
};
