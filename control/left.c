/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/left.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <linux/if_link.h>
#include <mntent.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/board.h"
#include "control/filters.h"
#include "control/iface.h"
#include "control/program.h"
#include "control/tcx.h"

enum { PROGRAM_MAPS = 64, TCX_PROGRAMS = 64 };

/* Maps that are pinned besides boards. */
static const char *const maps[] = {"wr_ring",	 "wr_heads", "wr_sets",	 "wr_used",
				   "wr_peeked",	 "wr_slots", "wr_gone",	 "wr_policy",
				   "wr_buckets", "wr_hits",  "wr_rules", NULL};

static struct wr_left *add(struct wr_lefts *l, enum wr_left_kind kind)
{
	if (l->n == l->room) {
		size_t room = l->room ? 2 * l->room : 64;
		struct wr_left *at = realloc(l->at, room * sizeof(*at));

		if (!at)
			return NULL;
		l->at = at;
		l->room = room;
	}
	l->at[l->n] = (struct wr_left){.kind = kind};
	return &l->at[l->n++];
}

void wr_lefts_free(struct wr_lefts *l)
{
	free(l->at);
	*l = (struct wr_lefts){0};
}

/* ---- whose is it? ---- */

static bool map_info(int fd, struct bpf_map_info *info)
{
	uint32_t n = sizeof(*info);

	*info = (struct bpf_map_info){0};
	return fd >= 0 && !bpf_obj_get_info_by_fd(fd, info, &n);
}

/* The head of a board never changes its shape. False: it is none of ours. */
static bool read_board(int fd, struct wr_board *head, uint32_t *id)
{
	const size_t n = offsetof(struct wr_board, cpu);
	struct bpf_map_info info;
	void *at;

	if (!map_info(fd, &info) || strcmp(info.name, WR_BOARD_MAP) || info.value_size < n)
		return false;
	at = mmap(NULL, n, PROT_READ, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return false;
	memcpy(head, at, n);
	munmap(at, n);
	*id = info.id;
	return head->magic == WR_BOARD_MAGIC;
}

static bool read_board_id(uint32_t map_id, struct wr_board *head)
{
	int fd = bpf_map_get_fd_by_id(map_id);
	bool is = fd >= 0 && read_board(fd, head, &map_id);

	if (fd >= 0)
		close(fd);
	return is;
}

static uint32_t reader_of(const struct wr_board *head)
{
	return wr_board_orphaned(head) ? 0 : head->reader_pid;
}

bool wr_left_board_is_there(uint32_t id)
{
	static struct wr_board head;

	return read_board_id(id, &head);
}

/* Noted once; those of the same path lead to the same board. */
static bool note_board(struct wr_lefts *l, enum wr_left_kind kind, const struct wr_board *head,
		       uint32_t id)
{
	struct wr_left *b;

	for (size_t i = 0; i < l->n; i++)
		if (l->at[i].kind >= WR_LEFT_BOARD && l->at[i].id == id)
			return true;
	b = add(l, kind);
	if (!b)
		return false;
	b->id = id;
	b->reader = reader_of(head);
	snprintf(b->text, sizeof(b->text), "board of %.15s, %s (map %u)", head->ifname,
		 wr_hook_text((enum wr_hook)head->hook), id);
	return true;
}

/* A program is ours when one of its maps is a board. *id: 0 when it is not; head: of the board. */
static bool read_program(uint32_t prog_id, struct wr_board *head, uint32_t *id)
{
	uint32_t ids[PROGRAM_MAPS];
	int n = prog_id ? wr_program_maps(prog_id, ids, PROGRAM_MAPS) : 0;

	*id = 0;
	for (int i = 0; i < n && !*id; i++)
		if (read_board_id(ids[i], head))
			*id = ids[i];
	return *id;
}

/* ---- pins ---- */

static struct wr_lefts *walked; /* by nftw(), which passes nothing on */
static bool no_memory;

enum object { OTHER, MAP, PROGRAM, LINK };

static enum object object_of(int fd)
{
	char path[64], text[64] = "";

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (readlink(path, text, sizeof(text) - 1) < 0)
		return OTHER;
	if (!strcmp(text, "anon_inode:bpf-map"))
		return MAP;
	if (!strcmp(text, "anon_inode:bpf-prog"))
		return PROGRAM;
	return !strcmp(text, "anon_inode:bpf_link") || !strcmp(text, "anon_inode:bpf-link") ? LINK
											    : OTHER;
}

/* *board: the map of the board that it leads to, or 0: it is ours all the same. */
static bool is_ours(int fd, struct wr_board *head, uint32_t *board)
{
	struct bpf_prog_info prog = {0};
	struct bpf_link_info link = {0};
	struct bpf_map_info map;
	uint32_t n;

	*board = 0;
	switch (object_of(fd)) {
	case MAP:
		if (read_board(fd, head, board))
			return true;
		for (size_t i = 0; map_info(fd, &map) && maps[i]; i++)
			if (!strcmp(map.name, maps[i]))
				return true;
		return false;
	case PROGRAM:
		n = sizeof(prog);
		return !bpf_obj_get_info_by_fd(fd, &prog, &n) && read_program(prog.id, head, board);
	case LINK:
		n = sizeof(link);
		return !bpf_obj_get_info_by_fd(fd, &link, &n) &&
		       read_program(link.prog_id, head, board);
	case OTHER:
		break;
	}
	return false;
}

static int visit_pin(const char *path, const struct stat *st, int type, struct FTW *at)
{
	static struct wr_board head;
	struct wr_left *pin;
	uint32_t board;
	int fd;

	(void)st, (void)at;
	/* Where one bpffs is mounted over another, both have the path. */
	for (size_t i = 0; i < walked->n; i++)
		if (!strcmp(walked->at[i].path, path))
			return 0;
	fd = type == FTW_F ? bpf_obj_get(path) : -1;
	if (fd < 0)
		return 0;
	if (is_ours(fd, &head, &board)) {
		pin = add(walked, WR_LEFT_PIN);
		if (pin) {
			snprintf(pin->path, sizeof(pin->path), "%s", path);
			snprintf(pin->text, sizeof(pin->text), "pin %s", path);
			pin->reader = board ? reader_of(&head) : 0;
		}
		no_memory = no_memory || !pin ||
			    (board && !note_board(walked, WR_LEFT_BOARD, &head, board));
	}
	close(fd);
	return 0;
}

/* Length of the folder that a pin lies in. */
static size_t folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash - path) : 0;
}

static bool same_folder(const struct wr_left *a, const struct wr_left *b)
{
	size_t n = folder_of(a->path);

	return n == folder_of(b->path) && !strncmp(a->path, b->path, n);
}

/* The maps of a policy lie beside the folders of the paths that use it. */
static bool same_weir(const struct wr_left *policy, const struct wr_left *pin)
{
	size_t n = folder_of(policy->path), up = n;

	if (n < 7 || strncmp(policy->path + n - 7, "/policy", 7))
		return false;
	up -= 7;
	return !strncmp(policy->path, pin->path, up) && pin->path[up] == '/';
}

/* What lies beside the board of a weir that runs is that one's. */
static void share_readers(struct wr_lefts *l)
{
	for (size_t i = 0; i < l->n; i++)
		for (size_t k = 0; k < l->n && !l->at[i].reader; k++)
			if (l->at[i].kind == WR_LEFT_PIN && l->at[k].kind == WR_LEFT_PIN &&
			    (same_folder(&l->at[i], &l->at[k]) || same_weir(&l->at[i], &l->at[k])))
				l->at[i].reader = l->at[k].reader;
}

static void find_pins(struct wr_lefts *l)
{
	FILE *f = setmntent("/proc/self/mounts", "re");
	struct mntent *m;

	walked = l;
	while (f && (m = getmntent(f)))
		if (!strcmp(m->mnt_type, "bpf"))
			nftw(m->mnt_dir, visit_pin, 16, FTW_PHYS | FTW_MOUNT);
	if (f)
		endmntent(f);
	share_readers(l);
}

/* ---- interfaces ---- */

struct place {
	struct wr_lefts *l;
	const char *netns;
	int ifindex;
	char name[IF_NAMESIZE];
	bool egress;
};

static void note(struct place *p, enum wr_left_kind kind, uint32_t prog_id, const char *hook)
{
	static struct wr_board head;
	uint32_t board;
	struct wr_left *left;

	if (!read_program(prog_id, &head, &board))
		return;
	left = add(p->l, kind);
	if (left) {
		left->reader = reader_of(&head);
		left->ifindex = p->ifindex;
		left->egress = p->egress;
		snprintf(left->netns, sizeof(left->netns), "%s", p->netns);
		snprintf(left->text, sizeof(left->text), "%s of %s%s%s", hook, p->name,
			 *p->netns ? " in namespace " : "", p->netns);
	}
	no_memory = no_memory || !left || !note_board(p->l, WR_LEFT_BOARD, &head, board);
}

/* The link that a program hangs on. */
static uint32_t link_of(uint32_t prog_id)
{
	uint32_t id = 0, found = 0;

	while (!found && !bpf_link_get_next_id(id, &id)) {
		struct bpf_link_info info = {0};
		uint32_t n = sizeof(info);
		int fd = bpf_link_get_fd_by_id(id);

		if (fd < 0)
			continue;
		if (!bpf_obj_get_info_by_fd(fd, &info, &n) && info.prog_id == prog_id)
			found = id;
		close(fd);
	}
	return found;
}

static void note_link(struct place *p, uint32_t prog_id, const char *hook)
{
	size_t at = p->l->n;

	note(p, WR_LEFT_LINK, prog_id, hook);
	if (p->l->n > at)
		p->l->at[at].id = link_of(prog_id);
}

static void take_filter(void *ctx, const struct wr_tc_filter *f)
{
	struct place *p = ctx;
	size_t at = p->l->n;

	note(p, WR_LEFT_FILTER, f->prog_id, p->egress ? "TC filter for what leaves" : "TC filter");
	if (p->l->n == at)
		return;
	p->l->at[at].handle = f->handle;
	p->l->at[at].priority = f->priority;
}

static void find_xdp(struct place *p)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, q);

	if (bpf_xdp_query(p->ifindex, 0, &q) || !q.attach_mode)
		return;
	if (q.drv_prog_id || q.attach_mode == XDP_ATTACHED_DRV)
		note_link(p, q.drv_prog_id ? q.drv_prog_id : q.prog_id, "native XDP program");
	if (q.skb_prog_id || q.attach_mode == XDP_ATTACHED_SKB)
		note_link(p, q.skb_prog_id ? q.skb_prog_id : q.prog_id, "generic XDP program");
}

static void find_tc(struct place *p)
{
	uint32_t ids[TCX_PROGRAMS];
	int n = wr_tcx_query(p->ifindex, p->egress, ids, TCX_PROGRAMS);

	for (int i = 0; i < n && i < TCX_PROGRAMS; i++)
		note_link(p, ids[i], p->egress ? "TC program for what leaves" : "TC program");
	wr_filters_each(p->ifindex, p->egress, take_filter, p);
}

/* Of the network namespace that we are in. */
static void find_on_interfaces(struct wr_lefts *l, const char *netns)
{
	struct if_nameindex *all = if_nameindex();

	for (int i = 0; all && all[i].if_index; i++) {
		struct place p = {.l = l, .netns = netns, .ifindex = (int)all[i].if_index};

		snprintf(p.name, sizeof(p.name), "%s", all[i].if_name);
		find_xdp(&p);
		for (int way = 0; way < 2; way++) {
			p.egress = way;
			find_tc(&p);
		}
	}
	if (all)
		if_freenameindex(all);
}

static ino_t netns_inode(const char *path)
{
	struct stat st = {0};

	return stat(path, &st) ? 0 : st.st_ino;
}

/* Those that have a name, but ours. */
static void find_in_namespaces(struct wr_lefts *l)
{
	int own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	ino_t here = netns_inode("/proc/thread-self/ns/net");
	DIR *d = own < 0 ? NULL : opendir("/run/netns");
	char path[PATH_MAX];
	struct dirent *e;

	while (d && (e = readdir(d))) {
		snprintf(path, sizeof(path), "/run/netns/%s", e->d_name);
		if (e->d_name[0] == '.' || netns_inode(path) == here)
			continue;
		if (!wr_netns_enter(e->d_name, NULL))
			find_on_interfaces(l, e->d_name);
		if (setns(own, CLONE_NEWNET))
			break;
	}
	if (d)
		closedir(d);
	if (own >= 0)
		close(own);
}

/* ---- all of it ---- */

/* Those that others lead to are noted by now. What a reader has ended in order is gone, and only
 * taken down late. */
static int find_boards(struct wr_lefts *l)
{
	static struct wr_board head;
	uint32_t id = 0;
	int ret;

	while (!(ret = bpf_map_get_next_id(id, &id)))
		if (read_board_id(id, &head) && !head.ended && !reader_of(&head) &&
		    !note_board(l, WR_LEFT_ELSEWHERE, &head, id))
			no_memory = true;
	return ret;
}

int wr_lefts_find(struct wr_lefts *l, struct wr_err *err)
{
	l->n = 0;
	no_memory = false;
	find_pins(l);
	find_on_interfaces(l, "");
	find_in_namespaces(l);
	if (find_boards(l) == -EPERM)
		return wr_fail(err, EPERM,
			       "looking at what is in the kernel needs CAP_SYS_ADMIN: run as root");
	return no_memory ? wr_fail(err, ENOMEM, "out of memory") : 0;
}

static int remove_pin(const struct wr_left *pin, struct wr_err *err)
{
	char folder[sizeof(pin->path)];

	if (unlink(pin->path) && errno != ENOENT)
		return wr_fail(err, errno, "%s: %s", pin->path, strerror(errno));
	snprintf(folder, sizeof(folder), "%s", pin->path);
	do /* up to one in which something is, or that is no folder of a bpffs */
		folder[folder_of(folder)] = 0;
	while (*folder && !rmdir(folder));
	return 0;
}

static int remove_filter(const struct wr_left *f, struct wr_err *err)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = f->ifindex,
		    .attach_point = f->egress ? BPF_TC_EGRESS : BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = f->handle, .priority = f->priority);
	int ret = bpf_tc_detach(&hook, &opts);

	if (ret && ret != -ENOENT && ret != -EINVAL)
		return wr_fail(err, -ret, "%s: %s", f->text, strerror(-ret));
	if (!wr_filters_each(f->ifindex, false, NULL, NULL) &&
	    !wr_filters_each(f->ifindex, true, NULL, NULL)) {
		hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
		bpf_tc_hook_destroy(&hook);
	}
	return 0;
}

static int detach_link(const struct wr_left *link, struct wr_err *err)
{
	int fd = link->id ? bpf_link_get_fd_by_id(link->id) : -1, ret;

	if (fd < 0)
		return 0;
	ret = bpf_link_detach(fd);
	close(fd);
	return ret ? wr_fail(err, -ret, "%s: %s", link->text, strerror(-ret)) : 0;
}

int wr_left_remove(const struct wr_left *left, struct wr_err *err)
{
	int own, ret = 0;

	if (left->kind == WR_LEFT_PIN)
		return remove_pin(left, err);
	if (left->kind == WR_LEFT_LINK)
		return detach_link(left, err);
	if (left->kind != WR_LEFT_FILTER)
		return 0;
	own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (own < 0)
		return wr_fail(err, errno, "/proc/thread-self/ns/net: %s", strerror(errno));
	if (left->netns[0])
		ret = wr_netns_enter(left->netns, err);
	ret = ret ? ret : remove_filter(left, err);
	if (left->netns[0] && setns(own, CLONE_NEWNET))
		ret = wr_fail(err, errno, "back to the first network namespace: %s",
			      strerror(errno));
	close(own);
	return ret;
}
