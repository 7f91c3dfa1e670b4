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

enum { FILE_MOST = 1 << 18 };

#define DAY_NS (86400 * 1000000000ull)
#define HEAD "# calls of weir explain --prose: ns incident bytes status tokens-in tokens-out\n"

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

/* Locked until it is closed: of two calls at the same time both are counted. */
static int open_file(const char *state, char *path, size_t room, struct wr_err *err)
{
	int fd, ret;

	if (state[0]) {
		snprintf(path, room, "%s", state);
	} else {
		ret = usual_path(path, room - 16, err);
		if (ret)
			return ret;
		make_folders(path);
		strcat(path, "/explain-calls");
	}
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || flock(fd, LOCK_EX)) {
		ret = wr_fail(err, errno, "cannot count calls in %s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return ret;
	}
	return fd;
}

static void line(struct wr_buf *b, const struct wr_call *c)
{
	wr_buf_fmt(b, "%" PRIu64 " %" PRIu64 " %" PRIu64 " %ld %" PRIu64 " %" PRIu64 "\n", c->ns,
		   c->incident, c->sent_bytes, c->status, c->tokens_in, c->tokens_out);
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

static int change(const char *state, const struct wr_call *c, uint64_t per_day, struct wr_err *err)
{
	struct wr_buf old = {0}, all = {0};
	char path[PATH_MAX];
	int fd = open_file(state, path, sizeof(path), err), ret;
	uint64_t today;

	if (fd < 0)
		return fd;
	ret = wr_buf_read(&old, fd, FILE_MOST);
	wr_buf_str(&all, HEAD);
	today = others(&all, wr_buf_text(&old), c);
	line(&all, c);
	if (ret)
		wr_fail(err, -ret, "cannot count calls in %s: %s", path, strerror(-ret));
	else if (today >= per_day)
		ret = wr_fail(err, EDQUOT,
			      "%" PRIu64 " calls were made today, as many as explain.per_day "
			      "allows",
			      today);
	else if (lseek(fd, 0, SEEK_SET) < 0 || ftruncate(fd, 0) || (ret = wr_buf_flush(&all, fd)))
		ret = wr_fail(err, ret ? -ret : errno, "cannot count calls in %s: %s", path,
			      strerror(ret ? -ret : errno));
	close(fd);
	wr_buf_free(&old);
	wr_buf_free(&all);
	return ret;
}

int wr_calls_begin(const char *state, uint64_t per_day, const struct wr_call *c, struct wr_err *err)
{
	return change(state, c, per_day, err);
}

void wr_calls_end(const char *state, const struct wr_call *c)
{
	change(state, c, UINT64_MAX, NULL);
}
