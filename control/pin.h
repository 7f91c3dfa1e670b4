/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_CONTROL_PIN_H
#define WR_CONTROL_PIN_H

#include "base/err.h"

/*
 * What stays in the kernel when the process ends: links and maps with names in a bpffs, one folder
 * for each interface and hook. A path in one is told by folder and name, which need not exist.
 */

/* The descriptor that is pinned there (owned), or -errno: -ENOENT there is none. */
int wr_pin_get(const char *folder, const char *name);

/* Pins it, in place of what has that name; makes the folder, and the ones above it in the bpffs. */
int wr_pin_put(int fd, const char *folder, const char *name, struct wr_err *err);

/* Removes the folder with all that is pinned in it and in folders in it; a link that nobody holds
 * is detached by that. Not being there is fine. */
int wr_pin_remove(const char *folder, struct wr_err *err);

#endif
