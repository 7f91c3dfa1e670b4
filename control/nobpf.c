/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include "capture/ring.h"
#include "control/boards.h"
#include "control/force.h"
#include "control/kernel.h"
#include "control/left.h"
#include "control/neighbour.h"
#include "control/object.h"
#include "control/path.h"
#include "control/pin.h"
#include "control/programs.h"
#include "control/swap.h"

const struct wr_object wr_object_xdp = {.name = "xdp"};
const struct wr_object wr_object_tc_in = {.name = "tc_in"};

int wr_path_swap_at(const struct wr_path *path, struct wr_swap_at *at, int fds[2])
{
	(void)path, (void)at, (void)fds;
	return 0;
}

int wr_swap_prepare(struct wr_swap **out, const struct wr_swap_at *at, const int *fds,
		    const struct wr_swap_want *want, struct wr_swap_told *told, struct wr_err *err)
{
	(void)out, (void)at, (void)fds, (void)want, (void)told;
	return wr_fail(err, EOPNOTSUPP, "built without BPF");
}

int wr_swap_commit(struct wr_swap *s, struct wr_err *err)
{
	(void)s;
	return wr_fail(err, EOPNOTSUPP, "built without BPF");
}

void wr_swap_undo(struct wr_swap *s)
{
	(void)s;
}

void wr_swap_close(struct wr_swap **s)
{
	*s = NULL;
}

int wr_programs_open(struct wr_programs **out, struct wr_err *err)
{
	(void)out;
	return wr_fail(err, EOPNOTSUPP, "built without BPF");
}

int wr_programs_counts(const struct wr_programs *p)
{
	(void)p;
	return -1;
}

int wr_programs_set(struct wr_programs *p, const struct wr_program_set *set,
		    struct wr_program_told *told, struct wr_err *err)
{
	(void)p, (void)set, (void)told;
	return wr_fail(err, EOPNOTSUPP, "built without BPF");
}

int wr_programs_del(struct wr_programs *p, const char *name, struct wr_err *err)
{
	(void)p, (void)name;
	return wr_fail(err, EOPNOTSUPP, "built without BPF");
}

void wr_programs_undo(struct wr_programs *p)
{
	(void)p;
}

int wr_programs_put(struct wr_programs *p, const struct wr_path_at *at, const int fds[2],
		    struct wr_err *err)
{
	(void)p, (void)at, (void)fds;
	return wr_fail(err, EOPNOTSUPP, "built without BPF");
}

int wr_lefts_find(struct wr_lefts *l, struct wr_err *err)
{
	(void)l;
	return wr_fail(err, EOPNOTSUPP, "this weir was built without BPF (-Dbpf=disabled)");
}

void wr_lefts_free(struct wr_lefts *l)
{
	(void)l;
}

int wr_left_remove(const struct wr_left *left, struct wr_err *err)
{
	(void)left;
	return wr_fail(err, EOPNOTSUPP, "built without BPF");
}

bool wr_left_board_is_there(uint32_t id)
{
	(void)id;
	return false;
}

/* What stands for the data path in a build without BPF (-Dbpf=disabled): nothing can be attached.
 */

int wr_path_open_auto(struct wr_path **out, const struct wr_path_conf *conf, int whole_packets,
		      char *why, size_t room, struct wr_err *err)
{
	(void)out, (void)conf, (void)whole_packets, (void)why, (void)room;
	return wr_fail(err, EOPNOTSUPP, "this weir was built without BPF (-Dbpf=disabled)");
}

void wr_path_close(struct wr_path **path)
{
	*path = NULL;
}

int wr_path_filter(struct wr_path *path, const char *expr, struct wr_err *err)
{
	(void)path, (void)expr;
	return wr_fail(err, EOPNOTSUPP, "built without BPF");
}

bool wr_path_forget(const char *pin_dir, int ifindex, enum wr_hook hook)
{
	(void)pin_dir, (void)ifindex, (void)hook;
	return false;
}

void wr_path_detach(struct wr_path *path)
{
	(void)path;
}

bool wr_path_attached(const struct wr_path *path)
{
	(void)path;
	return false;
}

struct wr_board *wr_path_board(struct wr_path *path)
{
	(void)path;
	return NULL;
}

const struct wr_iface *wr_path_iface(const struct wr_path *path)
{
	(void)path;
	return NULL;
}

enum wr_hook wr_path_hook(const struct wr_path *path)
{
	(void)path;
	return WR_HOOK_COUNT;
}

int wr_path_ring(const struct wr_path *path)
{
	(void)path;
	return -1;
}

const char *wr_path_folder(const struct wr_path *path)
{
	(void)path;
	return "";
}

void wr_path_give(const struct wr_path *path, struct wr_path_given *given, int fds[WR_PATH_FDS])
{
	(void)path, (void)given, (void)fds;
}

void wr_path_close_given(struct wr_path **path)
{
	*path = NULL;
}

int wr_path_take(struct wr_path **out, const struct wr_path_given *given,
		 const int fds[WR_PATH_FDS], struct wr_err *err)
{
	(void)out, (void)given, (void)fds;
	return wr_fail(err, EOPNOTSUPP, "built without BPF");
}

bool wr_path_pinned(const struct wr_path *path)
{
	(void)path;
	return false;
}

void wr_path_unpinned(struct wr_path *path)
{
	(void)path;
}

int wr_path_disarm(const char *pin_dir)
{
	(void)pin_dir;
	return 0;
}

void wr_path_sweep(const char *pin_dir)
{
	(void)pin_dir;
}

int wr_pin_remove(const char *folder, struct wr_err *err)
{
	(void)folder, (void)err;
	return 0;
}

struct wr_account *wr_path_account(struct wr_path *path)
{
	(void)path;
	return NULL;
}

int wr_ring_open(struct wr_ring **out, int fd, struct wr_err *err)
{
	(void)out, (void)fd;
	return wr_fail(err, EOPNOTSUPP, "built without BPF");
}

void wr_ring_close(struct wr_ring **r)
{
	*r = NULL;
}

int wr_ring_read(struct wr_ring *r, const struct wr_ring_reader *reader, int max)
{
	(void)r, (void)reader, (void)max;
	return 0;
}

bool wr_ring_empty(const struct wr_ring *r)
{
	(void)r;
	return true;
}

int wr_boards_each(wr_boards_fn fn, void *ctx, struct wr_err *err)
{
	(void)fn, (void)ctx, (void)err;
	return 0;
}

int wr_path_open(struct wr_path **out, const struct wr_path_conf *conf, struct wr_err *err)
{
	return wr_path_open_auto(out, conf, 0, NULL, 0, err);
}

int wr_kernel_check(struct wr_err *err)
{
	return wr_fail(err, EOPNOTSUPP, "this weir was built without BPF (-Dbpf=disabled)");
}

const struct wr_kernel *wr_kernel(void)
{
	static struct wr_kernel k;
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	k.net_raw = fd >= 0;
	if (fd >= 0)
		close(fd);
	return &k;
}

int wr_neighbour_xdp(int ifindex, char *text, size_t room)
{
	(void)ifindex, (void)text, (void)room;
	return 0;
}

int wr_neighbour_tc(int ifindex, char *text, size_t room)
{
	(void)ifindex, (void)text, (void)room;
	return 0;
}

int wr_path_where_there(const struct wr_path_at *at, const int fds[2], uint32_t half,
			const char *const *expr, uint32_t n, struct wr_err *err)
{
	(void)at, (void)fds, (void)half, (void)expr, (void)n;
	return wr_fail(err, EOPNOTSUPP, "built without BPF");
}

void wr_path_where_at(const struct wr_path *path, struct wr_path_at *at, int fds[2])
{
	(void)path, (void)at, (void)fds;
}

struct wr_gone *wr_path_gone(const struct wr_path *path, uint32_t *cpus)
{
	(void)path, (void)cpus;
	return NULL;
}

/* ---- a policy is enforced by BPF ---- */

int wr_force_open(struct wr_force **out, const struct wr_force_conf *conf, struct wr_err *err)
{
	(void)out, (void)conf;
	return wr_fail(err, EOPNOTSUPP,
		       "a policy is enforced by BPF, and this weir was built without "
		       "(-Dbpf=disabled): leave policy.file empty");
}

void wr_force_close(struct wr_force **f)
{
	*f = NULL;
}

const struct wr_judge_maps *wr_force_maps(const struct wr_force *f)
{
	(void)f;
	return NULL;
}

void wr_force_join(struct wr_force *f, struct wr_path *path)
{
	(void)f, (void)path;
}

void wr_force_leave(struct wr_force *f, struct wr_path *path)
{
	(void)f, (void)path;
}

uint32_t wr_force_paths(const struct wr_force *f, struct wr_path *const **path)
{
	(void)f, (void)path;
	return 0;
}

int wr_force_slot(struct wr_force *f, const char *rule)
{
	(void)f, (void)rule;
	return -ENOSPC;
}

void wr_force_only(struct wr_force *f, const uint16_t *slot, size_t n)
{
	(void)f, (void)slot, (void)n;
}

void wr_force_give_back(struct wr_force *f)
{
	(void)f;
}

int wr_force_hold(struct wr_force *f, const char *program)
{
	(void)f, (void)program;
	return -ENOSPC;
}

void wr_force_release(struct wr_force *f, const char *program)
{
	(void)f, (void)program;
}

const char *wr_force_rule(const struct wr_force *f, uint32_t slot)
{
	(void)f, (void)slot;
	return NULL;
}

uint32_t wr_force_slots(const struct wr_force *f)
{
	(void)f;
	return 0;
}

void wr_force_count(const struct wr_force *f, uint32_t slot, struct wr_rule_count *out)
{
	(void)f, (void)slot;
	*out = (struct wr_rule_count){0};
}

uint32_t wr_force_older(const struct wr_force *f)
{
	(void)f;
	return 0;
}

void wr_force_fold(struct wr_force *f, uint32_t from, uint32_t to)
{
	(void)f, (void)from, (void)to;
}

int wr_force_put(struct wr_force *f, const struct wr_image_built *image, struct wr_err *err)
{
	(void)f, (void)image;
	return wr_fail(err, EOPNOTSUPP, "built without BPF");
}

uint32_t wr_force_lines(const struct wr_force *f)
{
	(void)f;
	return 0;
}

uint64_t wr_force_clock_ns(void)
{
	return 0;
}

uint64_t wr_force_tick_ns(void)
{
	return 0;
}

uint64_t wr_force_forgiven_ns(const struct wr_board *b)
{
	(void)b;
	return 0;
}

int wr_path_where(struct wr_path *path, uint32_t half, const char *const *expr, uint32_t n,
		  struct wr_err *err)
{
	(void)path, (void)half, (void)expr, (void)n;
	return wr_fail(err, EOPNOTSUPP, "built without BPF");
}

bool wr_force_host(struct wr_force *f, const struct wr_host_key *key, uint32_t rule)
{
	(void)f, (void)key, (void)rule;
	return false;
}

void wr_force_host_gone(struct wr_force *f, const struct wr_host_key *key, uint32_t rule)
{
	(void)f, (void)key, (void)rule;
}

void wr_force_hosts_gone(struct wr_force *f, uint32_t rule)
{
	(void)f, (void)rule;
}

void wr_force_hosts_clear(struct wr_force *f)
{
	(void)f;
}

uint32_t wr_force_link(const struct wr_force *f, uint32_t path)
{
	(void)f, (void)path;
	return 0;
}

void wr_force_capacity(struct wr_force *f, uint32_t path, uint64_t bps)
{
	(void)f, (void)path, (void)bps;
}

struct wr_count wr_force_passed(const struct wr_force *f, uint32_t path)
{
	(void)f, (void)path;
	return (struct wr_count){0};
}

uint64_t wr_force_queue_ns(const struct wr_force *f, uint32_t path)
{
	(void)f, (void)path;
	return 0;
}
