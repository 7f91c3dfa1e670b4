/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is typed by hand or sent by programs: a request of the control socket, and a configuration
 * file. Never a crash; what is refused is told.
 *
 *	WEIR_SEEDS=DIR fuzz_query DIR	writes requests and a file to DIR first
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/api.h"
#include "daemon/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static const char *const seeds[] = {
	"rservices top=10 sort=bytes series=60",
	"rflows filter=tcp%20port%20443 as=text color=1",
	"rsubscribe views=stats,services,talkers top=20",
	"rhistory from=-1h to=now points=60 service=tcp/443@10.0.0.5",
	"c[capture]\ninterfaces = eth0, \"eth 1\" # two\nhook = tc\n[flow]\nidle = 90s\n",
	"cpage.listen = [::1]:9347\nhistory.size = 64MiB\nsocket.clients=1k\n",
};

static int write_seed(const char *dir, size_t i)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/seed-%zu", dir, i);
	f = fopen(path, "w");
	if (!f)
		return -1;
	fputs(seeds[i], f);
	return fclose(f);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *dir = getenv("WEIR_SEEDS");

	(void)argc;
	(void)argv;
	for (size_t i = 0; dir && i < sizeof(seeds) / sizeof(seeds[0]); i++)
		write_seed(dir, i);
	return 0;
}

static void request(const char *line, size_t n)
{
	static struct wr_query q;
	struct wr_err err = {0};

	if (wr_query_parse(&q, wr_api_views, line, n, &err) && !err.text[0])
		abort();
}

static void file(const uint8_t *data, size_t n)
{
	static int fd = -1;
	static char path[64];
	struct wr_daemon_conf conf;
	struct wr_conf *c = NULL;
	struct wr_err err = {0};
	const char *from;
	int ret;

	if (fd < 0) {
		fd = memfd_create("weir.conf", 0);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	if (ftruncate(fd, 0) || pwrite(fd, data, n, 0) != (ssize_t)n)
		return;
	ret = wr_daemon_conf_open(&c, path, &from, NULL, NULL, &err);
	if (!ret)
		ret = wr_daemon_conf_fill(c, &conf, &err);
	if (ret && !err.text[0])
		abort();
	wr_conf_close(&c);
}

/* The first byte says which of the two it is. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (!n)
		return 0;
	if (data[0] == 'c')
		file(data + 1, n - 1);
	else
		request((const char *)data + 1, n - 1);
	return 0;
}
