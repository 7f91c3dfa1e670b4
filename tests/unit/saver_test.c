/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that are written beside the loop: on a disk that is well, and on one that hangs. */
#include "tests/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/keep.h"
#include "base/loop.h"
#include "daemon/saver.h"

static char folder[] = "/tmp/saver.XXXXXX";

static const char *in(const char *name)
{
	static char path[4][64];
	static int i;

	i = (i + 1) % 4;
	snprintf(path[i], sizeof(path[i]), "%s/%s", folder, name);
	return path[i];
}

static int write_text(struct wr_saver *k, const char *path, const char *text, int wait_ms)
{
	struct wr_buf b = {0};
	int ret;

	wr_buf_str(&b, text);
	ret = wr_saver_write(k, path, &b, wait_ms);
	wr_buf_free(&b);
	return ret;
}

static void has(const char *path, const char *want, const char *what)
{
	struct wr_buf b = {0};

	wr_keep_read(&b, path, 1000);
	is_str(wr_buf_text(&b), want, what);
	wr_buf_free(&b);
}

static void well(void)
{
	struct wr_saver *k = NULL;
	struct wr_saver_end end;

	is_int(write_text(NULL, in("none"), "x", 0), 0, "without a saver it is written at once");
	has(in("none"), "x", "as a whole");
	is_int(wr_saver_open(&k), 0, "a saver");
	is_int(write_text(k, in("a"), "one", 60000), 0, "it is on the disk when it says so");
	has(in("a"), "one", "with what was said");
	is_int(write_text(k, in("no/such/folder"), "x", 60000), -ENOENT, "an error is told");
	ok(!wr_saver_ended(k, &end), "once");
	for (int i = 0; i < 200; i++)
		write_text(k, in("a"), i < 199 ? "many" : "last", 0);
	for (int i = 0; i < 3 * WR_SAVER_FILES; i++) {
		char name[16];

		snprintf(name, sizeof(name), "n%d", i);
		is_int(write_text(k, in(name), name, 60000), 0, "file %d has room", i);
	}
	wr_saver_close(&k);
	has(in("a"), "last", "what came last is there when it is closed");
}

/* A pipe that nobody reads yet hangs as a disk does that is gone: open() does not return. */
static void hangs(void)
{
	const char *pipe = in("pipe");
	struct wr_saver *k = NULL;
	struct wr_saver_end end = {.error = 7};
	uint64_t before_ns = wr_loop_now_ns(), took_ms;
	char text[64] = "", path[64];
	size_t n = 0;
	int fd;

	snprintf(path, sizeof(path), "%s", pipe);
	ok(!mkfifo(path, 0600) && !wr_saver_open(&k), "a disk that hangs");
	is_int(write_text(k, path, "1", WR_SAVER_WAIT_MS), -EINPROGRESS,
	       "who writes there goes on, and knows");
	for (int i = 0; i < 100; i++)
		write_text(k, path, i < 99 ? "2" : "3", 0);
	is_int(write_text(k, in("b"), "x", 0), -EINPROGRESS, "other files wait behind it");
	took_ms = (wr_loop_now_ns() - before_ns) / 1000000;
	note("102 writes held the loop for %llu ms", (unsigned long long)took_ms);
	ok(!wr_saver_ended(k, &end) && access(in("b"), F_OK), "none of them is through");
	usleep(2 * WR_SAVER_WAIT_MS * 1000);
	fd = open(path, O_RDONLY);
	for (ssize_t more = 1; more > 0 || !strchr(text, '3');) {
		more = read(fd, text + n, sizeof(text) - 1 - n);
		n += more > 0 ? (size_t)more : 0;
	}
	is_str(text, "13", "the disk is back: the first, and of the rest the last");
	while (!wr_saver_ended(k, &end))
		usleep(1000);
	is_str(end.path, path, "its end is told");
	ok(!end.error && end.took_ms >= WR_SAVER_WAIT_MS, "with how long it took");
	close(fd);
	wr_saver_close(&k);
	has(in("b"), "x", "the other one is there, too");
}

/* Many who wait for the same file are held once, not one after the other. */
static void hangs_for_all(void)
{
	const char *pipe = in("again");
	struct wr_saver *k = NULL;
	struct wr_saver_end end;
	uint64_t before_ns, took_ms;
	char text[64] = "", path[64];
	int fd, late = 0;

	snprintf(path, sizeof(path), "%s", pipe);
	ok(!mkfifo(path, 0600) && !wr_saver_open(&k), "a disk that hangs again");
	before_ns = wr_loop_now_ns();
	for (int i = 0; i < 64; i++)
		late += write_text(k, path, i < 63 ? "1" : "2", WR_SAVER_WAIT_MS) == -EINPROGRESS;
	took_ms = (wr_loop_now_ns() - before_ns) / 1000000;
	note("64 writes that are waited for held the loop for %llu ms",
	     (unsigned long long)took_ms);
	is_int(late, 64, "each of them knows that it is late");
	ok(took_ms < 16 * WR_SAVER_WAIT_MS, "and they waited for it together");
	is_int(write_text(k, in("no/such/folder"), "x", 0), -EINPROGRESS, "one will fail");
	fd = open(path, O_RDONLY);
	while (!strchr(text, '2')) {
		ssize_t n = read(fd, text, sizeof(text) - 1);

		text[n > 0 ? n : 0] = 0;
	}
	close(fd);
	wr_saver_finish(k);
	for (late = 0; wr_saver_ended(k, &end); late++)
		if (end.error == -ENOENT)
			late += 10;
	is_int(late, 12, "what has ended by the time it is finished is still told");
	wr_saver_close(&k);
}

int main(void)
{
	char command[64];

	ok(mkdtemp(folder) != NULL, "a folder");
	well();
	hangs();
	hangs_for_all();
	snprintf(command, sizeof(command), "rm -r %s", folder);
	ok(!system(command), "is gone");
	return done();
}
