/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/boards.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Maps are found by name; a board tells by its first words that it is one and that we know its
 * shape. The kernel takes maps down late, on a busy host seconds after their last user: a board
 * whose reader has said its last word is not of interest any more. */
static int visit(int fd, void (*fn)(void *ctx, const struct wr_board *b), void *ctx)
{
	struct bpf_map_info info = {0};
	uint32_t n = sizeof(info);
	const struct wr_board *b;
	int ours;

	if (bpf_obj_get_info_by_fd(fd, &info, &n) || strcmp(info.name, WR_BOARD_MAP) ||
	    info.value_size < sizeof(*b))
		return 0;
	b = mmap(NULL, sizeof(*b), PROT_READ, MAP_SHARED, fd, 0);
	if (b == MAP_FAILED)
		return 0;
	ours = b->magic == WR_BOARD_MAGIC && b->abi == WR_BOARD_ABI && b->size == sizeof(*b) &&
	       !b->ended;
	if (ours)
		fn(ctx, b);
	munmap((void *)(uintptr_t)b, sizeof(*b));
	return ours;
}

int wr_boards_each(void (*fn)(void *ctx, const struct wr_board *b), void *ctx, struct wr_err *err)
{
	uint32_t id = 0;
	int found = 0, e;

	while (!(e = bpf_map_get_next_id(id, &id))) {
		int fd = bpf_map_get_fd_by_id(id);

		if (fd < 0)
			continue;
		found += visit(fd, fn, ctx);
		close(fd);
	}
	if (e == -EPERM)
		return wr_fail(err, EPERM,
			       "looking at the kernel's maps needs CAP_SYS_ADMIN: run as root");
	return found;
}
