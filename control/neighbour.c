/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/neighbour.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "control/tcx.h"

static void name_of(uint32_t id, char name[BPF_OBJ_NAME_LEN])
{
	struct bpf_prog_info info = {0};
	uint32_t size = sizeof(info);
	int fd = bpf_prog_get_fd_by_id(id);

	name[0] = 0;
	if (fd < 0)
		return;
	if (!bpf_obj_get_info_by_fd(fd, &info, &size))
		memcpy(name, info.name, BPF_OBJ_NAME_LEN);
	close(fd);
}

int wr_neighbour_xdp(int ifindex, char *text, size_t room)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, q);
	char name[BPF_OBJ_NAME_LEN];

	snprintf(text, room, "another program");
	if (bpf_xdp_query(ifindex, 0, &q) || !q.attach_mode)
		return 0;
	if (q.attach_mode == XDP_ATTACHED_MULTI)
		q.prog_id = q.drv_prog_id ? q.drv_prog_id : q.skb_prog_id;
	name_of(q.prog_id, name);
	snprintf(text, room, "program '%s' (id %u)", name, q.prog_id);
	return 1;
}

int wr_neighbour_tc(int ifindex, char *text, size_t room)
{
	uint32_t ids[32];
	int n = wr_tcx_query(ifindex, false, ids, 32), found = 0;
	size_t used = 0;

	text[0] = 0;
	for (int i = 0; i < n && i < 32; i++) {
		char name[BPF_OBJ_NAME_LEN];

		name_of(ids[i], name);
		if (!strncmp(name, "wr_", 3))
			continue;
		if (used < room)
			used += (size_t)snprintf(text + used, room - used, "%sprogram '%s' (id %u)",
						 found ? ", " : "", name, ids[i]);
		found++;
	}
	return found;
}
