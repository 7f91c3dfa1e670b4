/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/tcx.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* linux/bpf.h of Linux 6.6; the header that we are built with may be older. */
enum { TCX_INGRESS = 46, TCX_EGRESS = 47, F_AFTER = 1 << 4 };

struct tcx_create {
	uint32_t prog_fd, target_ifindex, attach_type, flags;
	uint32_t relative_fd, pad;
	uint64_t expected_revision;
};

struct tcx_query {
	uint32_t target_ifindex, attach_type, query_flags, attach_flags;
	uint64_t prog_ids;
	uint32_t count, pad;
	uint64_t prog_attach_flags, link_ids, link_attach_flags, revision;
};

static int bpf_call(int cmd, void *attr, unsigned int size)
{
	int ret = (int)syscall(SYS_bpf, cmd, attr, size);

	return ret < 0 ? -errno : ret;
}

int wr_tcx_attach(int prog_fd, int ifindex, bool egress)
{
	struct tcx_create c = {
		.prog_fd = (uint32_t)prog_fd,
		.target_ifindex = (uint32_t)ifindex,
		.attach_type = egress ? TCX_EGRESS : TCX_INGRESS,
		.flags = F_AFTER,
	};

	return bpf_call(BPF_LINK_CREATE, &c, sizeof(c));
}

int wr_tcx_query(int ifindex, bool egress, uint32_t *ids, uint32_t room)
{
	struct tcx_query q = {
		.target_ifindex = (uint32_t)ifindex,
		.attach_type = egress ? TCX_EGRESS : TCX_INGRESS,
		.prog_ids = (uint64_t)(uintptr_t)ids,
		.count = room,
	};
	int err = bpf_call(BPF_PROG_QUERY, &q, sizeof(q));

	return err ? err : (int)q.count;
}
