/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/web/front.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ui/web/assets.h"
#include "ui/web/route.h"

enum { CONNECTIONS = 64, IDLE_S = 30, BACKLOG = 32, PEM_MAX = 1 << 16 };

struct front {
	struct wr_web web;
	const struct wr_front_conf *conf;
	struct MHD_Daemon *server;
	int listen_fd, epoll_fd;
	char *cert, *key;
	char complaint[256]; /* the server's own last words */
};

/* ---- opening ---- */

static int open_listener(struct front *f, struct wr_err *err)
{
	const struct wr_web_access *a = &f->web.access;
	int one = 1, code;

	f->listen_fd = socket(a->at.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (f->listen_fd < 0)
		return wr_fail(err, errno, "page: no socket: %s", strerror(errno));
	setsockopt(f->listen_fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (!bind(f->listen_fd, (const struct sockaddr *)&a->at, a->at_len) &&
	    !listen(f->listen_fd, BACKLOG))
		return 0;
	code = errno;
	return wr_fail(err, code, "page.listen %s: %s%s", a->listen, strerror(code),
		       code == EADDRINUSE ? " by another program; stop it or choose another port"
					  : "");
}

static int read_pem(const char *path, char **text, struct wr_err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return wr_fail(err, errno, "page: %s: %s", path, strerror(errno));
	*text = calloc(1, PEM_MAX);
	n = *text ? read(fd, *text, PEM_MAX - 1) : -1;
	close(fd);
	if (!*text)
		return wr_fail(err, ENOMEM, "page: no memory for %s", path);
	if (n <= 0 || !strstr(*text, "-----BEGIN "))
		return wr_fail(err, EINVAL, "page: %s is no PEM file", path);
	return 0;
}

static int read_pems(struct front *f, struct wr_err *err)
{
	int rc;

	if (!f->web.access.tls)
		return 0;
	rc = read_pem(f->conf->tls_cert, &f->cert, err);
	return rc ? rc : read_pem(f->conf->tls_key, &f->key, err);
}

static void complain(void *ctx, const char *fmt, va_list ap)
{
	struct front *f = ctx;

	vsnprintf(f->complaint, sizeof(f->complaint), fmt, ap);
	f->complaint[strcspn(f->complaint, "\n")] = 0;
}

static int start_server(struct front *f, struct wr_err *err)
{
	static char priorities[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";
	struct MHD_OptionItem tls[] = {
		{MHD_OPTION_HTTPS_MEM_CERT, 0, f->cert},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, f->key},
		{MHD_OPTION_HTTPS_PRIORITIES, 0, priorities},
		{MHD_OPTION_END, 0, NULL},
	};
	struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
	unsigned int flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
			     (f->cert ? MHD_USE_TLS : 0) |
			     (f->web.access.at.ss_family == AF_INET6 ? MHD_USE_IPv6 : 0);

	f->server = MHD_start_daemon(
		flags, 0, NULL, NULL, wr_web_visit, &f->web, MHD_OPTION_EXTERNAL_LOGGER, complain,
		f, MHD_OPTION_LISTEN_SOCKET, f->listen_fd, MHD_OPTION_NOTIFY_COMPLETED, wr_web_left,
		&f->web, MHD_OPTION_CONNECTION_LIMIT, (unsigned int)CONNECTIONS,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)IDLE_S, MHD_OPTION_STRICT_FOR_CLIENT,
		1, MHD_OPTION_ARRAY, f->cert ? tls : none, MHD_OPTION_END);
	if (f->server) {
		f->listen_fd = -1; /* the server's now */
		return 0;
	}
	return wr_fail(err, EINVAL, "page: the server does not start%s%s%s%s",
		       f->cert ? " with certificate " : "", f->cert ? f->conf->tls_cert : "",
		       f->complaint[0] ? ": " : "", f->complaint);
}

static int watch(struct front *f, int fd, struct wr_err *err)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.fd = fd};

	if (!epoll_ctl(f->epoll_fd, EPOLL_CTL_ADD, fd, &ev))
		return 0;
	return wr_fail(err, errno, "page: descriptor %d cannot be watched: %s", fd,
		       strerror(errno));
}

static int watch_all(struct front *f, struct wr_err *err)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(f->server, MHD_DAEMON_INFO_EPOLL_FD);
	int rc;

	f->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (f->epoll_fd < 0 || !info)
		return wr_fail(err, errno, "page: no epoll: %s", strerror(errno));
	rc = watch(f, info->epoll_fd, err);
	rc = rc ? rc : watch(f, f->web.core.wire.fd, err);
	return rc ? rc : watch(f, f->web.live.wire.fd, err);
}

static int open_front(struct front *f, int core_fd, struct wr_err *err)
{
	int rc, live_rc;

	/* Both descriptors are ours from here on, whatever fails. */
	rc = wr_web_core_open(&f->web.core, core_fd, wr_web_answered, err);
	live_rc = wr_web_live_open(&f->web.live, f->conf->live_fd, rc ? NULL : err);
	rc = rc ? rc : live_rc;
	rc = rc ? rc : wr_web_access_open(&f->web.access, f->conf, err);
	rc = rc ? rc : wr_web_assets_open(err);
	rc = rc ? rc : read_pems(f, err);
	rc = rc ? rc : open_listener(f, err);
	rc = rc ? rc : start_server(f, err);
	rc = rc ? rc : watch_all(f, err);
	if (!rc && f->conf->confine)
		rc = f->conf->confine(f->conf->ctx, err);
	return rc;
}

static void close_front(struct front *f)
{
	if (f->server) {
		wr_web_live_wake(&f->web.live);
		for (size_t i = 0; i < WR_WEB_ASKS; i++)
			if (f->web.core.asks[i].used &&
			    f->web.core.asks[i].outcome == WR_WEB_WAITING)
				MHD_resume_connection(f->web.core.asks[i].who);
		MHD_stop_daemon(f->server);
	}
	if (f->listen_fd >= 0)
		close(f->listen_fd);
	if (f->epoll_fd >= 0)
		close(f->epoll_fd);
	wr_web_assets_close();
	wr_web_core_close(&f->web.core);
	wr_web_live_close(&f->web.live);
	free(f->cert);
	if (f->key)
		explicit_bzero(f->key, PEM_MAX);
	free(f->key);
}

/* ---- running ---- */

static void say_where(const struct front *f)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(f->server, MHD_DAEMON_INFO_BIND_PORT);
	const char *listen = f->web.access.listen;
	char line[300];

	if (!f->conf->say)
		return;
	snprintf(line, sizeof(line), "http%s://%.*s:%u/", f->cert ? "s" : "",
		 (int)(strrchr(listen, ':') - listen), listen, info ? info->port : 0u);
	f->conf->say(f->conf->ctx, line);
}

/* Milliseconds until something is due; -1 = no limit. */
static int wait_ms(const struct front *f)
{
	MHD_UNSIGNED_LONG_LONG server_ms;
	int ms = wr_web_core_wait_ms(&f->web.core);

	if (MHD_get_timeout(f->server, &server_ms) != MHD_YES)
		return ms;
	server_ms = server_ms < 1000 ? server_ms : 1000;
	return ms < 0 || (int)server_ms < ms ? (int)server_ms : ms;
}

/* One turn. -EPIPE: the core is gone. */
static int turn(struct front *f, struct wr_err *err)
{
	struct epoll_event events[4];
	int n, rc;

	n = epoll_wait(f->epoll_fd, events, 4, wait_ms(f));
	if (n < 0 && errno != EINTR)
		return wr_fail(err, errno, "page: epoll: %s", strerror(errno));
	rc = wr_web_live_step(&f->web.live);
	rc = rc ? rc : wr_web_core_step(&f->web.core);
	if (rc)
		return rc;
	MHD_run(f->server);
	return 0;
}

int wr_front_main(int core_fd, const struct wr_front_conf *conf, struct wr_err *err)
{
	struct front *f = calloc(1, sizeof(*f));
	int rc;

	if (!f) {
		close(core_fd);
		close(conf->live_fd);
		return wr_fail(err, ENOMEM, "page: no memory");
	}
	f->conf = conf;
	f->listen_fd = f->epoll_fd = -1;
	rc = open_front(f, core_fd, err);
	if (!rc)
		say_where(f);
	while (!rc)
		rc = turn(f, err);
	close_front(f);
	free(f);
	return rc == -EPIPE ? 0 : rc;
}
