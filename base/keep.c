/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/keep.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

int wr_keep_read(struct wr_buf *b, const char *path, size_t max)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), ret;

	if (fd < 0)
		return -errno;
	ret = wr_buf_read(b, fd, max);
	close(fd);
	return ret;
}

int wr_keep_write(struct wr_buf *b, const char *path)
{
	char new[PATH_MAX];
	int fd, ret;

	if (snprintf(new, sizeof(new), "%s.new", path) >= (int)sizeof(new))
		return -ENAMETOOLONG;
	if (b->failed)
		return -ENOMEM;
	fd = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	ret = fd < 0 ? -errno : wr_buf_flush(b, fd);
	if (fd >= 0 && !ret && fsync(fd))
		ret = -errno;
	if (fd >= 0)
		close(fd);
	if (!ret && rename(new, path))
		ret = -errno;
	return ret;
}
