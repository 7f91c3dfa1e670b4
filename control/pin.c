/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/pin.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int wr_pin_get(const char *folder, const char *name)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = bpf_obj_get(path);
	return fd < 0 ? -errno : fd;
}

static int make_folder(const char *folder)
{
	char path[512];
	char *slash;

	snprintf(path, sizeof(path), "%s", folder);
	for (slash = path + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = 0;
		if (mkdir(path, 0700) && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return mkdir(path, 0700) && errno != EEXIST ? -errno : 0;
}

int wr_pin_put(int fd, const char *folder, const char *name, struct wr_err *err)
{
	char path[512];
	int ret = make_folder(folder);

	if (ret)
		return wr_fail(err, -ret, "folder %s: %s (is a bpffs mounted there?)", folder,
			       strerror(-ret));
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	unlink(path);
	if (bpf_obj_pin(fd, path))
		return wr_fail(err, errno, "pinning %s: %s (is a bpffs mounted there?)", path,
			       strerror(errno));
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)at;
	return (type == FTW_DP ? rmdir(path) : unlink(path)) ? -1 : 0;
}

int wr_pin_remove(const char *folder, struct wr_err *err)
{
	if (nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS) && errno != ENOENT)
		return wr_fail(err, errno, "removing %s: %s", folder, strerror(errno));
	return 0;
}
