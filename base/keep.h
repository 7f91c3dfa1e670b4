/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_BASE_KEEP_H
#define WR_BASE_KEEP_H

#include "base/buf.h"

/* Small files that are kept: read as a whole, written as a whole or not at all. */

/* Appends the file's bytes to b. 0; -EFBIG: larger than max; -errno. No link is followed. */
int wr_keep_read(struct wr_buf *b, const char *path, size_t max);

/* Replaces the file by what is in b (cleared), on the disk when it returns (base/newfile.h); mode
 * 0640. 0 or -errno: then the old file is as it was. */
int wr_keep_write(struct wr_buf *b, const char *path);
/* The same for who may not wait for a disk (wr_newfile_place()). */
int wr_keep_write_soon(struct wr_buf *b, const char *path);

#endif
