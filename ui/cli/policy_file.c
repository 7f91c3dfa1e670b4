/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/cli/policy_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"

/* Room for a few million prefixes in the text itself. */
enum { MOST_BYTES = 256 << 20 };

struct told {
	const char *command, *path;
};

static void tell(void *ctx, unsigned int line, unsigned int column, const char *text)
{
	const struct told *t = ctx;

	fprintf(stderr, "weir %s: %s:%u:%u: %s\n", t->command, t->path, line, column, text);
}

/* "-" is standard input. */
static int read_file(struct wr_buf *b, const char *path, struct wr_err *err)
{
	bool standard = !strcmp(path, "-");
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC), ret;

	if (fd < 0)
		return wr_fail(err, errno, "%s: %s", path, strerror(errno));
	ret = wr_buf_read(b, fd, MOST_BYTES);
	if (!standard)
		close(fd);
	if (ret == -EFBIG)
		return wr_fail(err, E2BIG, "%s: larger than %d MiB; sets can name files", path,
			       MOST_BYTES >> 20);
	return ret ? wr_fail(err, -ret, "%s: %s", path, strerror(-ret)) : 0;
}

int wr_policy_file_load(struct wr_policy **p, const char *command, const char *path,
			struct wr_err *err)
{
	struct told told = {command, path};
	struct wr_buf text = {0};
	int ret = read_file(&text, path, err);

	if (!ret) {
		ret = wr_policy_parse(p, wr_buf_text(&text), text.used, path, tell, &told, err);
		/* Told line by line: main() shall not show the first again. */
		if (ret == -EINVAL || ret == -E2BIG)
			err->text[0] = 0;
	}
	wr_buf_free(&text);
	return ret;
}
