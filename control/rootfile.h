/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_CONTROL_ROOTFILE_H
#define WR_CONTROL_ROOTFILE_H

#include <stddef.h>

#include "base/err.h"

/* Reads an object of kernel programs as a whole; *out is owned. -EPERM: it is not root's, or others
 * may write to it: what it says would be done with root's rights. -EINVAL: it cannot be one. */
int wr_rootfile_read(const char *path, unsigned char **out, size_t *n, struct wr_err *err);

#endif
