/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "control/object.h"
#include "daemon/conf.h"
#include "daemon/query.h"
#include "ui/cli/ask.h"
#include "ui/cli/command.h"

/* Puts other kernel programs into the running daemon. */

struct args {
	const char *conf, *socket, *object, *account;
	bool json;
};

enum { OWN = 2 };

/* The programs of this weir as files that the daemon can read: beside its socket, which both see.
 */
struct own {
	char path[OWN][300];
};

static int write_own(const struct wr_object *o, const char *path, struct wr_err *err)
{
	size_t n = (size_t)(o->end - o->elf);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600), ret = 0;

	if (fd < 0)
		return wr_fail(err, errno, "%s: %s", path, strerror(errno));
	if (write(fd, o->elf, n) != (ssize_t)n)
		ret = wr_fail(err, EIO, "%s: it cannot be written as a whole", path);
	close(fd);
	return ret;
}

static int socket_of(const struct args *a, char *to, size_t room, struct wr_err *err)
{
	struct wr_daemon_conf c;
	struct wr_conf *values = NULL;
	const char *from;
	int ret = 0;

	if (a->socket) {
		snprintf(to, room, "%s", a->socket);
		return 0;
	}
	ret = wr_daemon_conf_open(&values, a->conf, &from, NULL, NULL, err);
	ret = ret ? ret : wr_daemon_conf_fill(values, &c, err);
	if (!ret)
		snprintf(to, room, "%s", c.socket.path);
	wr_conf_close(&values);
	return ret;
}

static int make_own(const struct args *a, struct own *own, struct wr_err *err)
{
	const struct wr_object *objects[OWN] = {&wr_object_xdp, &wr_object_tc_in};
	char folder[256];
	int ret = socket_of(a, folder, sizeof(folder), err);

	if (!ret)
		memmove(folder, dirname(folder), strlen(dirname(folder)) + 1);
	for (int i = 0; i < OWN && !ret; i++) {
		snprintf(own->path[i], sizeof(own->path[i]), "%s/swap-%d-%s.o", folder, getpid(),
			 objects[i]->name);
		ret = write_own(objects[i], own->path[i], err);
	}
	return ret;
}

static void remove_own(const struct own *own)
{
	for (int i = 0; i < OWN; i++)
		if (own->path[i][0])
			unlink(own->path[i]);
}

static void add(struct wr_buf *b, const char *name, const char *value)
{
	wr_buf_fmt(b, " %s=", name);
	wr_query_encode(b, value);
}

static int swap(const struct args *a, struct wr_err *err)
{
	struct own own = {0};
	char path[PATH_MAX];
	struct wr_buf b = {0};
	int ret = 0, status;

	wr_buf_str(&b, "swap");
	if (a->object && !realpath(a->object, path))
		ret = wr_fail(err, errno, "%s: %s", a->object, strerror(errno));
	else if (a->object)
		add(&b, "object", path);
	else
		ret = make_own(a, &own, err);
	if (!ret && !a->object) {
		add(&b, "object", own.path[0]);
		add(&b, "also", own.path[1]);
	}
	if (a->account)
		add(&b, "account", a->account);
	if (!a->json)
		wr_buf_str(&b, " as=text");
	status = ret ? wr_exit_status(ret) : wr_cli_ask(a->conf, a->socket, wr_buf_text(&b), err);
	remove_own(&own);
	wr_buf_free(&b);
	return status;
}

static int run(int argc, char **argv, struct wr_err *err)
{
	struct args a = {0};
	struct wr_args rest;
	int status = wr_command_begin(&wr_command_swap, &a, argc, argv, &rest, err);

	if (status >= 0)
		return status;
	if (!rest.argc)
		return swap(&a, err);
	wr_fail(err, EINVAL, "'%s': it takes options only (--object FILE)", rest.argv[0]);
	return WR_EXIT_USAGE;
}

#define AT(field) .offset = offsetof(struct args, field)
static const struct wr_option options[] = {
	{0, "object", "FILE", "kernel programs of another build (xdp.bpf.o, tc_in.bpf.o); root's",
	 WR_OPTION_STRING, AT(object)},
	{0, "account", "WHEN", "on or off: whether flows are counted from now on", WR_OPTION_STRING,
	 AT(account)},
	{0, "json", NULL, "one JSON object a line (docs/events.md)", WR_OPTION_FLAG, AT(json)},
	{'c', "config", "FILE", "the daemon's configuration, which names its socket",
	 WR_OPTION_STRING, AT(conf)},
	{0, "socket", "PATH", "the daemon's control socket", WR_OPTION_STRING, AT(socket)},
	{0},
};

const struct wr_command wr_command_swap = {
	.name = "swap",
	.brief = "puts other kernel programs into the running daemon while packets fly",
	.args = "",
	.text = "Without --object: those of this weir, as after an update; the daemon itself goes "
		"on "
		"as it is.\n\n"
		"They are loaded aside with maps of their own and get 1,500 made packets: when "
		"they say "
		"of one of them anything\n"
		"else than the daemon's own code does (record, verdict, rule, counters), they are "
		"refused, and the old ones go on.\n"
		"Then all interfaces change, or none. Each packet meets the old program or the new "
		"one, "
		"and is counted once;\n"
		"counters, rules and flows are kept. Programs of another layout are refused: that "
		"takes "
		"a restart.\n\n"
		"Only root may do that, with a file that is root's and that nobody else may write "
		"to. "
		"It needs daemon.attach_later.",
	.examples = "weir swap\tthe programs of the weir that was installed just now\n"
		    "weir swap --object build/xdp.bpf.o\ta build of your own\n"
		    "weir swap --account off\tthe same programs without counting flows\n",
	.options = options,
	.run = run,
};
