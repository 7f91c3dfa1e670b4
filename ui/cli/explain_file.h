/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_CLI_EXPLAIN_FILE_H
#define WR_UI_CLI_EXPLAIN_FILE_H

#include "explain/explain.h"

/* The incidents of a capture file, in the order in which they began. */
struct wr_explain_file;

/* Reads all of it. 0 or -errno; *out is untouched on failure. */
int wr_explain_file_open(struct wr_explain_file **out, const char *capture, struct wr_err *err);
void wr_explain_file_close(struct wr_explain_file **f); /* NULL is fine; sets NULL */

uint32_t wr_explain_file_n(const struct wr_explain_file *f);
/* The facts of one, from 0 on; its number is one more. They borrow the name of the capture. */
void wr_explain_file_get(const struct wr_explain_file *f, uint32_t at, struct wr_explain *e);

#endif
