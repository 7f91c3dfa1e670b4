/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/web/page.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "ui/web/front.h"

enum { TOKEN_MAX = 256 };

static const char *listens(const struct wr_daemon_conf *conf)
{
	return conf->page.listen;
}

/* The first line of a file, without blanks around it. */
static int read_token(const char *path, char token[TOKEN_MAX + 1], struct wr_err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, token, TOKEN_MAX);
	int code = errno;
	size_t from;

	if (fd >= 0)
		close(fd);
	if (n < 0)
		return wr_fail(err, EINVAL, "page.token_file: %s: %s", path, strerror(code));
	token[n] = 0;
	from = strspn(token, " \t");
	memmove(token, token + from, strlen(token + from) + 1);
	token[strcspn(token, " \t\r\n")] = 0;
	if (!*token)
		return wr_fail(err, EINVAL, "page.token_file: %s: its first line is empty", path);
	return 0;
}

static int serve(const struct wr_front_start *start, struct wr_err *err)
{
	const struct wr_daemon_conf *c = start->conf;
	char token[TOKEN_MAX + 1] = "";
	struct wr_front_conf conf = {
		.listen = c->page.listen,
		.names = c->page.names.at,
		.n_names = c->page.names.n,
		.token = token,
		.change = c->page.change,
		.tls_cert = c->page.tls_cert,
		.tls_key = c->page.tls_key,
		.live_fd = start->live_fd,
		.confine = start->confine,
		.say = start->say,
		.ctx = start->ctx,
	};

	if (c->page.token_file[0] && read_token(c->page.token_file, token, err)) {
		close(start->core_fd);
		close(start->live_fd);
		return -EINVAL;
	}
	return wr_front_main(start->core_fd, &conf, err);
}

const struct wr_front wr_web_page = {
	.name = "page",
	.listen = listens,
	.main = serve,
};
