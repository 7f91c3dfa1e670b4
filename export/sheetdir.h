/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_EXPORT_SHEETDIR_H
#define WR_EXPORT_SHEETDIR_H

#include "base/err.h"
#include "export/sheetfile.h"

/*
 * Rows of a sheet, one file after another in a folder: weir-features-20231114T221320Z-000.NAME.csv,
 * of the UTC time at which it was begun, a number, and the sheet's name; so names sort by age. A
 * file is there under that name when it is whole. The one that is being written has a name that
 * begins with a dot; one that an ended process has left is removed at open. At most `keep` whole
 * files stay: the oldest goes.
 *
 * What cannot be written: the open file goes, its rows are lost and counted, and it is tried again
 * after a second, then after twice as long up to a minute.
 */
struct wr_sheetdir_conf {
	const char *dir; /* borrowed, as sheet and hide */
	enum wr_sheetfile_format format;
	const struct wr_sheet *sheet;
	const struct wr_hide *hide;
	uint64_t max_bytes, max_age_ns; /* of a file: then the next one begins */
	uint32_t keep;
};

/* Rows: given = whole + lost + those of the open file. */
struct wr_sheetdir_count {
	uint64_t given, whole, lost;
};

struct wr_sheetdir; /* owned by the caller */

/* Opens no file yet. A folder that cannot be written to is no error, but trouble. -ENOMEM;
 * -ENAMETOOLONG. */
int wr_sheetdir_open(struct wr_sheetdir **out, const struct wr_sheetdir_conf *conf,
		     struct wr_err *err);

/* now_ns: any clock that does not jump. 0; -errno: it is lost, err says why, once for each time
 * that it was tried; lost and said before: -EAGAIN, err is untouched. */
int wr_sheetdir_add(struct wr_sheetdir *d, const void *row, uint64_t now_ns, struct wr_err *err);

/* Completes the file when it is old enough. As wr_sheetdir_add(). */
int wr_sheetdir_step(struct wr_sheetdir *d, uint64_t now_ns, struct wr_err *err);

struct wr_sheetdir_count wr_sheetdir_count(const struct wr_sheetdir *d);

/* Why nothing is written just now; "": nothing is known to be wrong. Borrowed. */
const char *wr_sheetdir_trouble(const struct wr_sheetdir *d);

/* Completes the open file. As wr_sheetdir_add(). */
int wr_sheetdir_end(struct wr_sheetdir *d, struct wr_err *err);

/* Drops the open file, if there is one. NULL is fine; sets NULL. */
void wr_sheetdir_close(struct wr_sheetdir **d);

#endif
