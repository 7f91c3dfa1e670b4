/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/cli/explain_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/newfile.h"
#include "l7/crypto.h"

enum { FILE_MOST = 1 << 18 };

#define DAY_NS (86400 * 1000000000ull)
#define HEAD "# calls of weir explain --prose: ns incident bytes status tokens-in tokens-out hash\n"

static int usual_path(char *path, size_t room, struct wr_err *err)
{
	const char *base = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	if (base && *base == '/')
		snprintf(path, room, "%s/weir", base);
	else if (home && *home == '/')
		snprintf(path, room, "%s/.local/state/weir", home);
	else
		return wr_fail(err, ENOENT,
			       "there is no $HOME to count calls in; set "
			       "explain.state");
	return 0;
}

static void make_folders(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		mkdir(path, 0700);
		*slash = '/';
	}
	mkdir(path, 0700);
}

static int cannot(const char *path, int code, struct wr_err *err)
{
	return wr_fail(err, code, "cannot count calls in %s: %s", path, strerror(code));
}

static int place(const char *state, char *path, size_t room, struct wr_err *err)
{
	int ret;

	if (state[0]) {
		snprintf(path, room, "%s", state);
		return 0;
	}
	ret = usual_path(path, room - 16, err);
	if (ret)
		return ret;
	make_folders(path);
	strcat(path, "/explain-calls");
	return 0;
}

/* The lock is of the file that has the name: whoever waited while it was replaced holds the lock
 * of one that nobody reads any more. 1: again. */
static int lock(int fd, const char *path)
{
	struct stat ours, named;

	if (flock(fd, LOCK_EX) || fstat(fd, &ours))
		return -errno;
	if (!S_ISREG(ours.st_mode))
		return -EINVAL;
	return lstat(path, &named) || named.st_ino != ours.st_ino || named.st_dev != ours.st_dev;
}

/* Locked until it is closed: of two calls at the same time both are counted. */
static int open_file(const char *path, struct wr_err *err)
{
	int fd, ret;

	do {
		fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
		ret = fd < 0 ? -errno : lock(fd, path);
		if (ret && fd >= 0)
			close(fd);
	} while (ret > 0 || ret == -EINTR);
	return ret ? cannot(path, -ret, err) : fd;
}

static void line(struct wr_buf *b, const struct wr_call *c)
{
	wr_buf_fmt(b, "%" PRIu64 " %" PRIu64 " %" PRIu64 " %ld %" PRIu64 " %" PRIu64 " %s\n", c->ns,
		   c->incident, c->sent_bytes, c->status, c->tokens_in, c->tokens_out, c->hash);
}

/* The lines but that of the call, the last of them; how many are of its day. */
static uint64_t others(struct wr_buf *to, const char *text, const struct wr_call *c)
{
	uint64_t today = 0, lines = 0, skip;

	for (const char *s = text; *s; s += strcspn(s, "\n"), s += *s == '\n')
		lines += *s >= '0' && *s <= '9';
	skip = lines >= WR_CALLS_KEPT ? lines - WR_CALLS_KEPT + 1 : 0;
	while (*text) {
		size_t n = strcspn(text, "\n");
		uint64_t ns = strtoull(text, NULL, 10);

		if (*text >= '0' && *text <= '9' && ns != c->ns) {
			today += ns / DAY_NS == c->ns / DAY_NS;
			if (skip)
				skip--;
			else
				wr_buf_fmt(to, "%.*s\n", (int)n, text);
		}
		text += n + (text[n] == '\n');
	}
	return today;
}

/* Whole or not at all: a count that is cut short would let more calls through. */
static int write_file(const char *path, struct wr_buf *all, struct wr_err *err)
{
	struct wr_newfile f;
	int ret = all->failed ? -ENOMEM : wr_newfile_open(&f, path, NULL);

	if (ret)
		return cannot(path, -ret, err);
	ret = wr_buf_flush(all, f.fd);
	if (ret)
		wr_newfile_drop(&f);
	else
		ret = wr_newfile_keep(&f, NULL);
	return ret ? cannot(path, -ret, err) : 0;
}

static int change(const char *state, const struct wr_call *c, uint64_t per_day, struct wr_err *err)
{
	struct wr_buf old = {0}, all = {0};
	char path[PATH_MAX];
	int ret = place(state, path, sizeof(path), err), fd;
	uint64_t today;

	fd = ret ? ret : open_file(path, err);
	if (fd < 0)
		return fd;
	ret = wr_buf_read(&old, fd, FILE_MOST);
	wr_buf_str(&all, HEAD);
	today = others(&all, wr_buf_text(&old), c);
	line(&all, c);
	if (ret)
		cannot(path, -ret, err);
	else if (today >= per_day)
		ret = wr_fail(err, EDQUOT,
			      "%" PRIu64 " calls were made today, as many as explain.per_day "
			      "allows",
			      today);
	else
		ret = write_file(path, &all, err);
	close(fd);
	wr_buf_free(&old);
	wr_buf_free(&all);
	return ret;
}

void wr_calls_hash(struct wr_call *c, const void *sent, size_t n)
{
	uint8_t digest[WR_L7_SHA256];
	struct wr_buf b = {0};

	if (wr_l7_sha256(digest, sent, n))
		wr_buf_char(&b, '-');
	else
		for (size_t i = 0; i < (WR_CALLS_HASH - 1) / 2; i++)
			wr_buf_hex(&b, digest[i], 2);
	snprintf(c->hash, sizeof(c->hash), "%s", wr_buf_text(&b));
	wr_buf_free(&b);
}

int wr_calls_begin(const char *state, uint64_t per_day, const struct wr_call *c, struct wr_err *err)
{
	return change(state, c, per_day, err);
}

void wr_calls_end(const char *state, const struct wr_call *c)
{
	change(state, c, UINT64_MAX, NULL);
}
