/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/rights.h"
#include "ui/web/front.h"

/*
 * The front alone, confined as the daemon does it, between a control socket and a browser: the
 * scenery of the tests beside it.
 *   front SOCKET [--listen A:P] [--name HOST]... [--token T] [--change] [--cert F] [--key F]
 * Says where the page is on standard output.
 */

static int dial(const char *path)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	if (fd >= 0 && !connect(fd, (struct sockaddr *)&at, sizeof(at)))
		return fd;
	perror(path);
	exit(1);
}

static int confine(void *ctx, struct wr_err *err)
{
	struct wr_status_rights done = {0};
	struct wr_rights_box box = {0};
	int rc = wr_rights_drop("nobody", &done, err);

	(void)ctx;
	return rc ? rc : wr_rights_shut(&box, &done, err);
}

static void say(void *ctx, const char *line)
{
	(void)ctx;
	puts(line);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"listen", 1, NULL, 'l'},
		{"name", 1, NULL, 'n'},
		{"token", 1, NULL, 't'},
		{"cert", 1, NULL, 'c'},
		{"key", 1, NULL, 'k'},
		{"change", 0, NULL, 'x'},
		{0},
	};
	const char *names[8];
	struct wr_front_conf conf = {.names = names, .say = say, .confine = confine};
	struct wr_err err = {0};
	int c, fd;

	signal(SIGPIPE, SIG_IGN);
	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (c == 'l')
			conf.listen = optarg;
		else if (c == 'n' && conf.n_names < 8)
			names[conf.n_names++] = optarg;
		else if (c == 't')
			conf.token = optarg;
		else if (c == 'c')
			conf.tls_cert = optarg;
		else if (c == 'x')
			conf.change = true;
		else if (c == 'k')
			conf.tls_key = optarg;
		else
			return 2;
	}
	if (optind != argc - 1)
		return 2;
	fd = dial(argv[optind]);
	conf.live_fd = dial(argv[optind]);
	if (!wr_front_main(fd, &conf, &err))
		return 0;
	fprintf(stderr, "front: %s\n", err.text);
	return err.code == EINVAL ? 2 : 1;
}
