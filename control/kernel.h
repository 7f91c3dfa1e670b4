/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_CONTROL_KERNEL_H
#define WR_CONTROL_KERNEL_H

#include <stdbool.h>

#include "base/err.h"

/* What this kernel and this process may do. Asked once, then remembered. */
struct wr_kernel {
	int major, minor;
	char release[64];
	bool bpf_allowed;    /* a map could be created */
	int bpf_errno;	     /* why not */
	int ring_errno;	     /* why there is no ring buffer (5.8); EINVAL: the kernel has none */
	bool xdp_load_bytes; /* 5.18: bytes of multi-buffer packets, variable copies */
	bool ktime_coarse;   /* 5.11 */
	bool check_mtu;	     /* 5.12 */
	bool syncookies;     /* helpers: 5.3, where the kernel speaks TCP */
	bool tcx;	     /* 6.6 by its version; the attach call tells for sure */
	bool root;
	bool net_raw; /* packet sockets */
};

const struct wr_kernel *wr_kernel(void);

/* One sentence why BPF cannot be used here and what to do; returns 0 when it can. -EPERM or
 * -EOPNOTSUPP. */
int wr_kernel_check(struct wr_err *err);

#endif
