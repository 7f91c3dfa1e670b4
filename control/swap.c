/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/swap.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/explain.h"
#include "control/filters.h"
#include "control/object.h"
#include "control/path_impl.h"
#include "control/program.h"
#include "control/rootfile.h"
#include "control/selftest.h"

enum { MAPS = 64, SLOTS = 1 + WR_OBJECT_JUDGING };

struct wr_swap {
	struct wr_swap_at at;
	const struct wr_object *ours; /* of this hook: names */
	struct bpf_object *object;
	int link_fd, slots_fd, old_fd; /* the last: the program that runs */
	uint32_t board_id, old_id;
	uint32_t handle, priority; /* of a filter */
	int map_fd[MAPS];	   /* owned: of the program that runs, and of the one for records */
	uint32_t n_maps;
	struct {
		uint32_t slot;
		const char *program;
		int old_fd; /* -1: there was none */
	} slot[SLOTS];
	bool done;
};

/* ---- what runs ---- */

static uint32_t map_id(int fd)
{
	struct bpf_map_info info = {0};
	uint32_t n = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &n) ? 0 : info.id;
}

static bool uses(uint32_t prog_id, uint32_t map)
{
	uint32_t ids[MAPS];
	int n = wr_program_maps(prog_id, ids, MAPS);

	for (int i = 0; i < n; i++)
		if (ids[i] == map)
			return true;
	return false;
}

static void take_filter(void *ctx, const struct wr_tc_filter *f)
{
	struct wr_swap *s = ctx;

	if (!f->prog_id || !uses(f->prog_id, s->board_id))
		return;
	s->old_id = f->prog_id;
	s->handle = f->handle;
	s->priority = f->priority;
}

static void find_program(struct wr_swap *s)
{
	struct bpf_link_info info = {0};
	uint32_t n = sizeof(info);

	if (s->at.filter)
		wr_filters_each(s->at.ifindex, s->at.path.hook == WR_HOOK_TC_OUT, take_filter, s);
	else if (!bpf_obj_get_info_by_fd(s->link_fd, &info, &n))
		s->old_id = info.prog_id;
}

static void add_maps(struct wr_swap *s, uint32_t prog_id)
{
	uint32_t ids[MAPS];
	int n = wr_program_maps(prog_id, ids, MAPS);

	for (int i = 0; i < n && s->n_maps < MAPS; i++) {
		int fd = bpf_map_get_fd_by_id(ids[i]);

		if (fd >= 0)
			s->map_fd[s->n_maps++] = fd;
	}
}

/* By the name that the kernel has of it: its own, or that of the object and the section. */
static int running_map(const struct wr_swap *s, const struct bpf_map *map,
		       struct bpf_map_info *info)
{
	const char *name = bpf_map__name(map), *dot = strchr(name, '.');
	char want[64];

	snprintf(want, sizeof(want), dot ? "weir%s" : "%s", dot ? dot : name);
	for (uint32_t i = 0; i < s->n_maps; i++) {
		uint32_t n = sizeof(*info);

		*info = (struct bpf_map_info){0};
		if (!bpf_obj_get_info_by_fd(s->map_fd[i], info, &n) && !strcmp(info->name, want))
			return s->map_fd[i];
	}
	return -1;
}

/* The main program has most maps, the one for records the ring. */
static int read_running(struct wr_swap *s, struct wr_err *err)
{
	uint32_t record = WR_SLOT_RECORD, id = 0;

	find_program(s);
	s->old_fd = s->old_id ? bpf_prog_get_fd_by_id(s->old_id) : -1;
	if (s->old_fd < 0)
		return wr_fail(err, ENOENT, "%s: its program is not there any more", s->at.iface);
	add_maps(s, s->old_id);
	for (uint32_t i = 0; i < s->n_maps; i++) {
		struct bpf_map_info info = {0};
		uint32_t n = sizeof(info);

		if (!bpf_obj_get_info_by_fd(s->map_fd[i], &info, &n) &&
		    !strcmp(info.name, "wr_slots"))
			s->slots_fd = s->map_fd[i];
	}
	if (s->slots_fd < 0 || bpf_map_lookup_elem(s->slots_fd, &record, &id))
		return wr_fail(err, EINVAL, "%s: what runs there is of another layout",
			       s->at.iface);
	add_maps(s, id);
	for (int i = 0; i < SLOTS; i++)
		if (!bpf_map_lookup_elem(s->slots_fd, &s->slot[i].slot, &id))
			s->slot[i].old_fd = bpf_prog_get_fd_by_id(id);
	return 0;
}

/* ---- the new one ---- */

static int another_layout(const struct wr_swap *s, const char *file, const char *what,
			  struct wr_err *err)
{
	return wr_fail(err, EINVAL,
		       "%s is of another layout than what runs on %s (%s): a restart of weir is "
		       "needed",
		       file, s->at.iface, what);
}

static int set_fixed(struct wr_swap *s, const char *file, const struct wr_swap_want *want,
		     struct wr_fixed *fixed, struct wr_err *err)
{
	const struct wr_path p = {.object = s->object};
	struct bpf_map *map = wr_path_map(&p, ".rodata");
	uint32_t zero = 0, board, image;
	struct bpf_map_info info;
	struct wr_fixed *own;
	size_t n = 0;
	int fd;

	own = map ? (void *)(uintptr_t)bpf_map__initial_value(map, &n) : NULL;
	if (n != sizeof(*own))
		return another_layout(s, file, "its constants", err);
	board = own->board_abi;
	image = own->image_abi;
	if (board != WR_BOARD_ABI)
		return another_layout(s, file, "of its counters", err);
	if (image != WR_IMAGE_ABI)
		return another_layout(s, file, "of rules", err);
	fd = running_map(s, map, &info);
	if (fd < 0 || info.value_size != sizeof(*own) || bpf_map_lookup_elem(fd, &zero, own))
		return another_layout(s, file, "the constants of what runs", err);
	if (want->account >= 0 && own->cpus)
		own->account = (uint32_t)want->account;
	own->board_abi = board;
	own->image_abi = image;
	*fixed = *own;
	return 0;
}

/* Every map of what runs has to be in it, in the same shape: nothing begins anew. */
static int take_maps(struct wr_swap *s, const char *file, struct wr_err *err)
{
	struct bpf_map_info info;
	struct bpf_map *m;

	bpf_object__for_each_map(m, s->object)
	{
		const char *name = bpf_map__name(m);
		int fd = running_map(s, m, &info);

		if (strstr(name, ".rodata"))
			continue;
		if (fd < 0 || info.type != bpf_map__type(m) ||
		    info.key_size != bpf_map__key_size(m) ||
		    info.value_size != bpf_map__value_size(m))
			return another_layout(s, file, name, err);
		if (bpf_map__reuse_fd(m, fd))
			return wr_fail(err, errno, "map %s: %s", name, strerror(errno));
	}
	return 0;
}

static struct bpf_program *program(const struct wr_swap *s, const char *name)
{
	return bpf_object__find_program_by_name(s->object, name);
}

static int open_object(struct wr_swap *s, const char *file, const unsigned char *elf, size_t n,
		       struct wr_err *err)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "weir");
	bool has_all = true;

	wr_explain_begin();
	s->object = bpf_object__open_mem(elf, n, &opts);
	if (!s->object)
		return wr_fail(err, EINVAL, "%s: no object of kernel programs (%s)", file,
			       strerror(errno));
	for (int i = 0; i < SLOTS && has_all; i++)
		has_all = program(s, s->slot[i].program);
	if (has_all && program(s, s->ours->entry))
		return 0;
	return wr_fail(err, ENXIO, "%s has no programs for %s, which is where %s is watched", file,
		       wr_hook_text(s->at.path.hook), s->at.iface);
}

static int load(struct wr_swap *s, const struct wr_fixed *fixed, struct wr_err *err)
{
	struct bpf_program *p;
	int ret;

	for (int i = 1; i < SLOTS; i++)
		bpf_program__set_autoload(program(s, s->slot[i].program),
					  fixed->judge && s->slot[i].old_fd >= 0);
	bpf_object__for_each_program(p, s->object) bpf_program__set_flags(p, s->at.path.prog_flags);
	wr_explain_begin();
	ret = bpf_object__load(s->object);
	return ret ? wr_explain_load(ret, s->ours->name, err) : 0;
}

static int try_file(struct wr_swap *s, const char *file, const struct wr_swap_want *want,
		    struct wr_swap_told *told, struct wr_err *err)
{
	struct wr_selftest_told tested = {0};
	struct wr_selftest test = {.object = *s->ours,
				   .is_xdp = wr_path_is_xdp(s->at.path.hook),
				   .prog_flags = s->at.path.prog_flags};
	struct wr_fixed fixed;
	unsigned char *elf = NULL;
	size_t n = 0;
	int ret = wr_rootfile_read(file, &elf, &n, err);

	ret = ret ? ret : open_object(s, file, elf, n, err);
	ret = ret ? ret : set_fixed(s, file, want, &fixed, err);
	ret = ret ? ret : take_maps(s, file, err);
	if (!ret) {
		test.object.elf = elf;
		test.object.end = elf + n;
		test.fixed = &fixed;
		ret = wr_selftest(&test, &tested, err);
		if (ret)
			wr_within(err, "%s", file);
	}
	ret = ret ? ret : load(s, &fixed, err);
	free(elf);
	snprintf(told->object, sizeof(told->object), "%s", file);
	told->packets = tested.packets;
	told->ns = tested.ns;
	return ret;
}

/* ---- prepare, commit ---- */

int wr_swap_prepare(struct wr_swap **out, const struct wr_swap_at *at, const int *fds,
		    const struct wr_swap_want *want, struct wr_swap_told *told, struct wr_err *err)
{
	struct wr_swap *s = calloc(1, sizeof(*s));
	int ret;

	if (!s)
		return wr_fail(err, ENOMEM, "out of memory");
	s->at = *at;
	s->at.iface[sizeof(s->at.iface) - 1] = 0;
	s->ours = wr_path_is_xdp(at->path.hook) ? &wr_object_xdp : &wr_object_tc_in;
	s->link_fd = at->filter ? -1 : dup(fds[0]);
	s->slots_fd = s->old_fd = -1;
	s->board_id = map_id(fds[at->filter ? 0 : 1]);
	s->slot[0].slot = WR_SLOT_RECORD;
	s->slot[0].program = s->ours->record;
	for (int i = 0; i < WR_OBJECT_JUDGING; i++) {
		s->slot[1 + i].slot = s->ours->judging[i].slot;
		s->slot[1 + i].program = s->ours->judging[i].program;
	}
	for (int i = 0; i < SLOTS; i++)
		s->slot[i].old_fd = -1;
	ret = read_running(s, err);
	for (int i = 0; i < WR_SWAP_OBJECTS && !ret && want->object[i][0]; i++) {
		ret = try_file(s, want->object[i], want, told, err);
		if (ret != -ENXIO || i + 1 == WR_SWAP_OBJECTS || !want->object[i + 1][0])
			break;
		bpf_object__close(s->object); /* it is for another hook: the next one */
		s->object = NULL;
		ret = 0;
	}
	if (ret)
		wr_swap_close(&s);
	else
		*out = s;
	return ret;
}

static int put_main(const struct wr_swap *s, int from_fd, int to_fd)
{
	LIBBPF_OPTS(bpf_link_update_opts, update, .flags = BPF_F_REPLACE,
		    .old_prog_fd = (uint32_t)from_fd);
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = s->at.ifindex,
		    .attach_point =
			    s->at.path.hook == WR_HOOK_TC_OUT ? BPF_TC_EGRESS : BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, filter, .prog_fd = to_fd, .flags = BPF_TC_F_REPLACE,
		    .handle = s->handle, .priority = s->priority);

	if (s->at.filter)
		return bpf_tc_attach(&hook, &filter);
	return bpf_link_update(s->link_fd, to_fd, &update) ? -errno : 0;
}

static int new_fd(const struct wr_swap *s, const char *name)
{
	return bpf_program__fd(program(s, name));
}

/* The programs behind the main one have the same layout: for a moment the old main program may go
 * on to a new one, which does the same. */
static int put_slots(struct wr_swap *s, bool old)
{
	int ret = 0;

	for (int i = 0; i < SLOTS && !ret; i++) {
		int fd = old ? s->slot[i].old_fd : new_fd(s, s->slot[i].program);

		if (s->slot[i].old_fd < 0 || fd < 0)
			continue;
		if (bpf_map_update_elem(s->slots_fd, &s->slot[i].slot, &fd, BPF_ANY))
			ret = -errno;
	}
	return ret;
}

int wr_swap_commit(struct wr_swap *s, struct wr_err *err)
{
	int ret = put_slots(s, false);

	ret = ret ? ret : put_main(s, s->old_fd, new_fd(s, s->ours->entry));
	s->done = !ret;
	if (!ret)
		return 0;
	put_slots(s, true);
	return wr_fail(err, -ret, "%s: the program cannot be replaced: %s", s->at.iface,
		       strerror(-ret));
}

void wr_swap_undo(struct wr_swap *s)
{
	if (!s->done)
		return;
	put_main(s, new_fd(s, s->ours->entry), s->old_fd);
	put_slots(s, true);
	s->done = false;
}

void wr_swap_close(struct wr_swap **swap)
{
	struct wr_swap *s = *swap;

	if (!s)
		return;
	bpf_object__close(s->object);
	for (uint32_t i = 0; i < s->n_maps; i++)
		close(s->map_fd[i]);
	for (int i = 0; i < SLOTS; i++)
		if (s->slot[i].old_fd >= 0)
			close(s->slot[i].old_fd);
	if (s->old_fd >= 0)
		close(s->old_fd);
	if (s->link_fd >= 0)
		close(s->link_fd);
	free(s);
	*swap = NULL;
}

int wr_path_swap_at(const struct wr_path *p, struct wr_swap_at *at, int fds[2])
{
	int where[2], n = 0;

	*at = (struct wr_swap_at){.ifindex = p->iface.index, .filter = p->link_fd < 0};
	memcpy(at->iface, p->iface.name, sizeof(at->iface));
	wr_path_where_at(p, &at->path, where);
	if (p->link_fd >= 0)
		fds[n++] = p->link_fd;
	fds[n++] = where[1];
	return n;
}
