/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_EXPORT_SELF_H
#define WR_EXPORT_SELF_H

#include <stdint.h>

/* What this process costs. */
struct wr_self {
	double cpu_s;
	uint64_t resident_bytes, virtual_bytes;
	uint64_t fds, fds_max;
	double started_s; /* since 1970 */
};

/* Reads /proc/self. 0 or -errno; out is zeroed then. */
int wr_self_read(struct wr_self *out);

#endif
