/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/rootfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OBJECT_MOST = 16 << 20 };

static int check_file(int fd, const char *path, size_t *n, struct wr_err *err)
{
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return wr_fail(err, errno, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_size <= 0 || st.st_size > OBJECT_MOST)
		return wr_fail(err, EINVAL, "%s: no object of kernel programs", path);
	if (st.st_uid || st.st_mode & (S_IWGRP | S_IWOTH))
		return wr_fail(err, EPERM,
			       "%s: it must belong to root, and nobody else may write to it "
			       "(chown root, chmod go-w)",
			       path);
	*n = (size_t)st.st_size;
	return 0;
}

int wr_rootfile_read(const char *path, unsigned char **out, size_t *n, struct wr_err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	int ret = check_file(fd, path, n, err);

	*out = ret || !*n ? NULL : malloc(*n);
	if (!ret && !*out)
		ret = wr_fail(err, ENOMEM, "out of memory");
	if (!ret && read(fd, *out, *n) != (ssize_t)*n)
		ret = wr_fail(err, EIO, "%s: it cannot be read as a whole", path);
	if (fd >= 0)
		close(fd);
	if (ret) {
		free(*out);
		*out = NULL;
	}
	return ret;
}
