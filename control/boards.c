/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/boards.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "policy/verdict.h"

/* ---- what its rules kept out ---- */

struct rules {
	struct wr_board_rules view;
	size_t gone_bytes, name_bytes;
	char (*name)[WR_RULE_NAME];
};

static const void *map_by_id(uint32_t id, size_t value, size_t *bytes)
{
	struct bpf_map_info info = {0};
	uint32_t n = sizeof(info);
	int fd = id ? bpf_map_get_fd_by_id(id) : -1;
	void *at = MAP_FAILED;

	if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &n) && info.value_size == value) {
		*bytes = value * info.max_entries;
		at = mmap(NULL, *bytes, PROT_READ, MAP_SHARED, fd, 0);
	}
	if (fd >= 0)
		close(fd);
	return at == MAP_FAILED ? NULL : at;
}

static const char *name_of(void *ctx, uint32_t slot)
{
	const struct rules *r = ctx;

	if (slot > WR_SLOT_PAST)
		return wr_slot_name(slot);
	return r->name && r->name[slot][0] ? r->name[slot] : NULL;
}

static void open_rules(const struct wr_board *b, struct rules *r)
{
	*r = (struct rules){.view = {.name = name_of, .slots = WR_SLOT_PAST, .ctx = r}};
	r->view.gone = map_by_id(b->gone_map, sizeof(struct wr_gone), &r->gone_bytes);
	r->view.cpus = (uint32_t)(r->gone_bytes / sizeof(struct wr_gone) / WR_JUDGE_RULES);
	if (r->view.gone)
		r->name = (void *)(uintptr_t)map_by_id(b->rules_map, sizeof(*r->name),
						       &r->name_bytes);
}

static void close_rules(struct rules *r)
{
	if (r->view.gone)
		munmap((void *)(uintptr_t)r->view.gone, r->gone_bytes);
	if (r->name)
		munmap(r->name, r->name_bytes);
}

/* Maps are found by name; a board tells by its first words that it is one and that we know its
 * shape. The kernel takes maps down late, on a busy host seconds after their last user: a board
 * whose reader has said its last word is not of interest any more. */
static int visit(int fd, wr_boards_fn fn, void *ctx)
{
	struct rules rules;

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
	if (ours) {
		open_rules(b, &rules);
		fn(ctx, b, rules.view.gone ? &rules.view : NULL);
		close_rules(&rules);
	}
	munmap((void *)(uintptr_t)b, sizeof(*b));
	return ours;
}

int wr_boards_each(wr_boards_fn fn, void *ctx, struct wr_err *err)
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
