/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/program.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <unistd.h>

int wr_program_maps(uint32_t prog_id, uint32_t *ids, uint32_t room)
{
	struct bpf_prog_info info = {.nr_map_ids = room, .map_ids = (uint64_t)(uintptr_t)ids};
	uint32_t n = sizeof(info);
	int fd = bpf_prog_get_fd_by_id(prog_id), ret;

	if (fd < 0)
		return -errno;
	ret = bpf_obj_get_info_by_fd(fd, &info, &n) ? -errno : 0;
	close(fd);
	return ret ? ret : (int)(info.nr_map_ids < room ? info.nr_map_ids : room);
}
