/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_SAVER_H
#define WR_DAEMON_SAVER_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * Writes small files for a loop that may not wait for a disk: a thread of its own replaces them as
 * a whole, one after the other (base/keep.h). It is begun with the first write, so that it has no
 * more rights than who asks. Of a file that is still to be written only what came last is.
 */
struct wr_saver;

enum {
	WR_SAVER_FILES = 16,
	WR_SAVER_WAIT_MS = 200, /* a disk that is well is done by then */
};

int wr_saver_open(struct wr_saver **out); /* -ENOMEM */
/* Waits until all is written, however long; what has ended can still be asked for. NULL is fine. */
void wr_saver_finish(struct wr_saver *k);
/* The same, and it is gone; NULL is fine; sets NULL. */
void wr_saver_close(struct wr_saver **k);

/*
 * Takes what is in b (cleared) for path. 0: it is on the disk; -EINPROGRESS: it was not within
 * wait_ms of the first write of that file that is not through, and will be; -EBUSY: so many files
 * wait already; else as wr_keep_write(), and the old file is as it was. k NULL: waits for it,
 * however long.
 */
int wr_saver_write(struct wr_saver *k, const char *path, struct wr_buf *b, int wait_ms);

/* What nobody waited for any more and has ended since, once for each: false: there is none. error:
 * 0, or -errno. */
struct wr_saver_end {
	char path[PATH_MAX];
	int error;
	uint64_t took_ms;
};
bool wr_saver_ended(struct wr_saver *k, struct wr_saver_end *end);

#endif
