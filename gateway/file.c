/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/newfile.h"
#include "gateway/gateway_impl.h"

/* Whole files, in and out. */

int wr_gateway_whole_file(const char *path, size_t max, struct wr_buf *b, struct wr_err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), ret;

	if (fd < 0)
		return wr_fail(err, errno, "%s: %s", path, strerror(errno));
	ret = wr_buf_read(b, fd, max);
	close(fd);
	if (ret == -EFBIG)
		return wr_fail(err, EFBIG, "%s: more than %zu bytes", path, max);
	return ret ? wr_fail(err, -ret, "%s: %s", path, strerror(-ret)) : 0;
}

static int write_all(int fd, const char *bytes, size_t n)
{
	while (n) {
		ssize_t k = write(fd, bytes, n);

		if (k < 0 && errno != EINTR)
			return -errno;
		if (k > 0) {
			bytes += k;
			n -= (size_t)k;
		}
	}
	return 0;
}

/* The usual reason is the unit (ProtectSystem=strict), and not the disk. */
static int read_only(const char *path, struct wr_err *err)
{
	char folder[4096];

	snprintf(folder, sizeof(folder), "%s", path);
	return wr_fail(err, EROFS,
		       "%s: it is read-only for weir; under systemd: systemctl edit weir, with "
		       "[Service] ReadWritePaths=%s",
		       path, dirname(folder));
}

int wr_gateway_replace_file(const char *path, const char *bytes, size_t n, struct wr_err *err)
{
	struct wr_newfile f = {.fd = -1};
	int ret = wr_newfile_open(&f, path, err);

	if (ret == -EROFS)
		return read_only(path, err);
	if (ret)
		return ret;
	ret = write_all(f.fd, bytes, n);
	if (!ret)
		return wr_newfile_keep(&f, err);
	wr_newfile_drop(&f);
	return wr_fail(err, -ret, "%s: %s", path, strerror(-ret));
}
