/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/newfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int failed(const char *path, int code, struct wr_err *err)
{
	return wr_fail(err, code, "%s: %s", path, strerror(code));
}

/* A link stays one: the file that it names is replaced. */
static int place(struct wr_newfile *f, const char *path, struct wr_err *err)
{
	char *real = realpath(path, NULL);
	int n;

	n = snprintf(f->path, sizeof(f->path), "%s", real ? real : path);
	free(real);
	if (n < (int)sizeof(f->path))
		n = snprintf(f->temp, sizeof(f->temp), "%s.XXXXXX", f->path);
	return n < (int)sizeof(f->temp) ? 0 : failed(path, ENAMETOOLONG, err);
}

static int open_in_place(struct wr_newfile *f, const char *path, struct wr_err *err)
{
	f->temp[0] = '\0';
	snprintf(f->path, sizeof(f->path), "%s", path);
	f->fd = !strcmp(path, "-") ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
				   : open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	return f->fd < 0 ? failed(path, errno, err) : 0;
}

int wr_newfile_open(struct wr_newfile *f, const char *path, struct wr_err *err)
{
	bool there;
	struct stat st;
	int ret;

	f->fd = -1;
	if (!*path)
		return wr_fail(err, EINVAL, "a file without a name");
	there = strcmp(path, "-") != 0 && !stat(path, &st);
	if (!strcmp(path, "-") || (there && !S_ISREG(st.st_mode)))
		return open_in_place(f, path, err);
	ret = place(f, path, err);
	if (ret)
		return ret;
	f->fd = mkostemp(f->temp, O_CLOEXEC);
	if (f->fd < 0)
		return failed(path, errno, err);
	/* Whose it was, where that is allowed: then the permissions, which a change of owner may
	 * take. */
	if (there && (st.st_uid != geteuid() || st.st_gid != getegid()))
		(void)!fchown(f->fd, st.st_uid, st.st_gid);
	if (there && fchmod(f->fd, st.st_mode & 0777)) {
		ret = failed(path, errno, err);
		wr_newfile_drop(f);
	}
	return ret;
}

/* A pipe cannot be synced, and a device need not. */
static int sync_all(const struct wr_newfile *f)
{
	return f->temp[0] && fsync(f->fd) ? -errno : 0;
}

static int finish(struct wr_newfile *f, int ret, struct wr_err *err)
{
	if (close(f->fd) && !ret)
		ret = -errno;
	f->fd = -1;
	if (!ret && f->temp[0] && rename(f->temp, f->path))
		ret = -errno;
	if (!ret)
		return 0;
	if (f->temp[0])
		unlink(f->temp);
	return failed(f->path, -ret, err);
}

int wr_newfile_keep(struct wr_newfile *f, struct wr_err *err)
{
	return finish(f, sync_all(f), err);
}

int wr_newfile_place(struct wr_newfile *f, struct wr_err *err)
{
	return finish(f, 0, err);
}

void wr_newfile_drop(struct wr_newfile *f)
{
	if (f->fd < 0)
		return;
	close(f->fd);
	f->fd = -1;
	if (f->temp[0])
		unlink(f->temp);
}
