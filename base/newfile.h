/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_BASE_NEWFILE_H
#define WR_BASE_NEWFILE_H

#include <limits.h>

#include "base/err.h"

/*
 * A file that is there as a whole or not at all: written beside its place under another name, and
 * renamed when all of it is on the disk. Until then what stood there before stays. What is no
 * regular file (a pipe, a device, "-" for standard output) is written where it is.
 */
struct wr_newfile {
	int fd;		     /* to write to */
	char path[PATH_MAX]; /* where it will be; symbolic links are followed */
	char temp[PATH_MAX]; /* where it is; "": written in place */
};

/* 0; -EINVAL: no name; -ENAMETOOLONG; else what the system says. err names the path. A new file can
 * be read by its owner alone (0600); one that replaces another gets that one's permissions. */
int wr_newfile_open(struct wr_newfile *f, const char *path, struct wr_err *err);

/* All is written: syncs and renames. Closes in any case; after an error nothing is left. */
int wr_newfile_keep(struct wr_newfile *f, struct wr_err *err);

/* The same without waiting for the disk: renames what the system will write by itself. After a loss
 * of power the file may be empty. */
int wr_newfile_place(struct wr_newfile *f, struct wr_err *err);

/* It went wrong: closes and removes what was written. */
void wr_newfile_drop(struct wr_newfile *f);

#endif
