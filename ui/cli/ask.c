/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/cli/ask.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "daemon/ask.h"
#include "daemon/conf.h"
#include "ui/cli/command.h"
#include "ui/cli/stop.h"

struct out {
	struct wr_buf b;
	int rounds;
};

static int line(void *ctx, const char *text, size_t n)
{
	struct out *o = ctx;

	wr_buf_add(&o->b, text, n);
	wr_buf_char(&o->b, '\n');
	return o->b.used > 65536 ? wr_buf_flush(&o->b, STDOUT_FILENO) : 0;
}

int wr_cli_ask_status(int ret)
{
	if (ret == -EINVAL)
		return WR_EXIT_USAGE;
	if (ret == -EACCES || ret == -EPERM || ret == -EOPNOTSUPP)
		return WR_EXIT_REFUSED;
	return ret ? WR_EXIT_FAILED : 0;
}

/* A file that is wrong elsewhere still says where the daemon is: it goes by an older one. */
int wr_cli_connect(struct wr_ask *a, const char *conf, const char *socket, struct wr_err *err)
{
	struct wr_daemon_conf values;
	struct wr_conf *c = NULL;
	int ret;

	if (socket)
		return wr_ask_open(a, socket, err);
	ret = wr_conf_open(&c, wr_daemon_items, err);
	if (!ret)
		ret = wr_conf_read(c, conf ? conf : WR_DAEMON_CONF, NULL, NULL, err);
	if (ret == -EINVAL || (ret && !conf))
		ret = 0;
	if (!ret) {
		wr_conf_fill(c, &values);
		ret = wr_ask_open(a, values.socket.path, err);
	}
	wr_conf_close(&c);
	return ret;
}

int wr_cli_ask(const char *conf, const char *socket, const char *request, struct wr_err *err)
{
	bool follow = !strncmp(request, "subscribe", 9);
	struct wr_ask a = {0};
	struct out o = {0};
	int ret = wr_cli_connect(&a, conf, socket, err);

	if (follow)
		wr_stop_on_signals();
	if (!ret)
		ret = wr_ask_send(&a, request, err);
	do {
		if (!ret)
			ret = wr_ask_answer(&a, line, &o, err);
		if (!ret)
			ret = wr_buf_flush(&o.b, STDOUT_FILENO);
	} while (follow && !ret && !wr_stopped);
	if (wr_stopped) /* asked to end: no failure */
		ret = 0;
	wr_buf_free(&o.b);
	wr_ask_close(&a);
	return ret == -EPIPE && !err->text[0] ? WR_EXIT_OK : wr_cli_ask_status(ret);
}

static int keep(void *ctx, const char *text, size_t n)
{
	struct wr_buf *b = ctx;

	wr_buf_add(b, text, n);
	wr_buf_char(b, '\n');
	return 0;
}

int wr_cli_fetch(const char *conf, const char *socket, const char *request, struct wr_buf *b,
		 struct wr_err *err)
{
	struct wr_ask a = {0};
	int ret = wr_cli_connect(&a, conf, socket, err);

	if (!ret)
		ret = wr_ask_send(&a, request, err);
	if (!ret)
		ret = wr_ask_answer(&a, keep, b, err);
	wr_ask_close(&a);
	return wr_cli_ask_status(ret);
}
