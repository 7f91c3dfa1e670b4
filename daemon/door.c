/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/door.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WAITING = 64 };

static int address(struct sockaddr_un *at, const char *path, struct wr_err *err)
{
	memset(at, 0, sizeof(*at));
	at->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(at->sun_path))
		return wr_fail(err, ENAMETOOLONG, "socket '%s': the name has more than %zu bytes",
			       path, sizeof(at->sun_path) - 1);
	strcpy(at->sun_path, path);
	return 0;
}

/* With SOCK_NONBLOCK: -EAGAIN when somebody listens there who has no time. */
static int reach(const char *path, int type, struct wr_err *err)
{
	struct sockaddr_un at;
	int fd, ret = address(&at, path, err);

	if (ret)
		return ret;
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return wr_fail(err, errno, "socket: %s", strerror(errno));
	if (!connect(fd, (struct sockaddr *)&at, sizeof(at)))
		return fd;
	ret = wr_fail(err, errno, "socket '%s': %s", path, strerror(errno));
	close(fd);
	return ret;
}

static bool is_alive(const char *path, int type, int *why)
{
	*why = reach(path, type | SOCK_NONBLOCK, NULL);
	if (*why >= 0)
		close(*why);
	return *why >= 0 || *why == -EAGAIN;
}

static int make_folder(const char *path, uid_t owner, struct wr_err *err)
{
	char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];
	char *slash;

	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (!slash || slash == folder)
		return 0;
	*slash = 0;
	if (!mkdir(folder, 0755)) {
		if (chown(folder, owner, (gid_t)-1) && errno != EPERM)
			return wr_fail(err, errno, "folder '%s': %s", folder, strerror(errno));
		return 0;
	}
	return errno == EEXIST ? 0
			       : wr_fail(err, errno, "folder '%s': %s", folder, strerror(errno));
}

static int taken(const char *path, struct wr_err *err)
{
	return wr_fail(err, EADDRINUSE, "another weir listens at '%s'", path);
}

int wr_door_is_free(const char *path, struct wr_err *err)
{
	int why;

	return is_alive(path, SOCK_STREAM, &why) ? taken(path, err) : 0;
}

/* Nobody listens at a socket that was left behind. */
static int clear_way(const struct sockaddr_un *at, int type, struct wr_err *err)
{
	struct stat s;
	int why;

	if (lstat(at->sun_path, &s))
		return 0;
	if (!S_ISSOCK(s.st_mode))
		return wr_fail(err, EEXIST, "'%s' is there and is no socket", at->sun_path);
	if (is_alive(at->sun_path, type, &why))
		return taken(at->sun_path, err);
	if (why != -ECONNREFUSED)
		return wr_fail(err, -why, "socket '%s': %s", at->sun_path, strerror(-why));
	return unlink(at->sun_path) && errno != ENOENT
		       ? wr_fail(err, errno, "old socket '%s': %s", at->sun_path, strerror(errno))
		       : 0;
}

/* The name has its mode from its first moment on: nobody slips in before a chmod. */
static int listen_at(struct wr_door *d, mode_t mask, uid_t owner, gid_t group, struct wr_err *err)
{
	mode_t old;
	int ret;

	d->fd = socket(AF_UNIX, d->type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (d->fd < 0)
		return wr_fail(err, errno, "socket: %s", strerror(errno));
	old = umask(mask);
	ret = bind(d->fd, (struct sockaddr *)&d->at, sizeof(d->at));
	umask(old);
	if (ret)
		return wr_fail(err, errno, "socket '%s': %s", d->at.sun_path, strerror(errno));
	if (geteuid() == 0 && chown(d->at.sun_path, owner, group))
		return wr_fail(err, errno, "owner of socket '%s': %s", d->at.sun_path,
			       strerror(errno));
	if (d->type == SOCK_STREAM && listen(d->fd, WAITING))
		return wr_fail(err, errno, "socket '%s': %s", d->at.sun_path, strerror(errno));
	return 0;
}

static int open_door(struct wr_door *d, int type, const char *path, mode_t mask, uid_t owner,
		     gid_t group, struct wr_err *err)
{
	int ret;

	*d = (struct wr_door){.fd = -1, .type = type};
	ret = address(&d->at, path, err);
	if (!ret)
		ret = make_folder(path, owner, err);
	if (!ret)
		ret = clear_way(&d->at, type, err);
	if (!ret)
		ret = listen_at(d, mask, owner, group, err);
	if (ret)
		wr_door_close(d);
	return ret;
}

int wr_door_open(struct wr_door *d, const char *path, uid_t owner, gid_t group, struct wr_err *err)
{
	return open_door(d, SOCK_STREAM, path, 0117, owner, group, err);
}

int wr_door_open_mail(struct wr_door *d, const char *path, uid_t owner, gid_t group,
		      struct wr_err *err)
{
	return open_door(d, SOCK_DGRAM, path, group == (gid_t)-1 ? 0111 : 0117, owner, group, err);
}

void wr_door_close(struct wr_door *d)
{
	int why;

	if (d->fd < 0)
		return;
	close(d->fd);
	d->fd = -1;
	if (!is_alive(d->at.sun_path, d->type, &why) && why == -ECONNREFUSED)
		unlink(d->at.sun_path);
}

int wr_door_knock(const char *path, struct wr_err *err)
{
	return reach(path, SOCK_STREAM, err);
}
