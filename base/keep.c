/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/keep.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/newfile.h"

enum { MODE = 0640 };

int wr_keep_read(struct wr_buf *b, const char *path, size_t max)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), ret;

	if (fd < 0)
		return -errno;
	ret = wr_buf_read(b, fd, max);
	close(fd);
	return ret;
}

static int write_by(struct wr_buf *b, const char *path,
		    int (*keep)(struct wr_newfile *f, struct wr_err *err))
{
	struct wr_newfile f = {.fd = -1};
	int ret = b->failed ? -ENOMEM : wr_newfile_open(&f, path, NULL);

	if (ret)
		return ret;
	if (f.temp[0] && fchmod(f.fd, MODE))
		ret = -errno;
	if (!ret)
		ret = wr_buf_flush(b, f.fd);
	if (!ret)
		return keep(&f, NULL);
	wr_newfile_drop(&f);
	return ret;
}

int wr_keep_write(struct wr_buf *b, const char *path)
{
	return write_by(b, path, wr_newfile_keep);
}

int wr_keep_write_soon(struct wr_buf *b, const char *path)
{
	return write_by(b, path, wr_newfile_place);
}
