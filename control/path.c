/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "capture/board.h"
#include "control/explain.h"
#include "control/kernel.h"
#include "control/neighbour.h"
#include "control/object.h"
#include "control/path_impl.h"
#include "control/pin.h"
#include "control/tcx.h"
#include "core/proto.h"

enum { WAITS = 100, WAIT_MS = 10 };

bool wr_path_is_xdp(enum wr_hook hook)
{
	return hook == WR_HOOK_XDP || hook == WR_HOOK_XDP_GENERIC;
}

struct bpf_map *wr_path_map(const struct wr_path *p, const char *suffix)
{
	struct bpf_map *m;

	bpf_object__for_each_map(m, p->object)
	{
		const char *name = bpf_map__name(m);
		size_t n = strlen(name), k = strlen(suffix);

		if (n >= k && !strcmp(name + n - k, suffix))
			return m;
	}
	return NULL;
}

/* Both windows of all CPUs; a row has its place in a list, too. */
static uint64_t table_bytes(uint32_t cpus, uint32_t slots)
{
	uint64_t row = sizeof(struct wr_account_row) + sizeof(uint64_t);

	return 2ull * cpus * (slots * row + sizeof(struct wr_account_head));
}

/* Tables of the size that is wanted or possible, and the constants that go with it. */
static int set_account(struct wr_path *p, struct wr_fixed *fixed, const struct wr_path_conf *conf,
		       struct wr_err *err)
{
	uint32_t heads, slots = conf->flow_slots;

	if (slots < WR_PATH_SLOTS_MIN || slots > WR_PATH_SLOTS_MAX || slots & (slots - 1))
		return wr_fail(err, EINVAL, "%u flow slots: a power of two from %d to %d", slots,
			       WR_PATH_SLOTS_MIN, WR_PATH_SLOTS_MAX);
	p->maps.cpus = (uint32_t)libbpf_num_possible_cpus();
	while (conf->memory_bytes && slots > WR_PATH_SLOTS_MIN &&
	       table_bytes(p->maps.cpus, slots) > conf->memory_bytes)
		slots /= 2;
	p->maps.set_bits = (uint32_t)__builtin_ctz(slots / WR_ACCOUNT_WAYS);
	heads = 2 * p->maps.cpus;
	fixed->account = 1;
	fixed->cpus = p->maps.cpus;
	fixed->set_bits = p->maps.set_bits;
	fixed->coarse = wr_kernel()->ktime_coarse;
	if (getrandom(fixed->secret, sizeof(fixed->secret), 0) != (ssize_t)sizeof(fixed->secret))
		return wr_fail(err, errno, "getrandom: %s", strerror(errno));
	if (bpf_map__set_max_entries(wr_path_map(p, "wr_peeked"), WR_ACCOUNT_PEEK_WORDS) ||
	    bpf_map__set_max_entries(wr_path_map(p, "wr_heads"), heads) ||
	    bpf_map__set_max_entries(wr_path_map(p, "wr_sets"), heads * slots / 2) ||
	    bpf_map__set_max_entries(wr_path_map(p, "wr_used"), heads * slots))
		return wr_fail(err, EINVAL, "flow tables of %u slots", slots);
	return 0;
}

/* The maps of the policy are made by control/force.c, before any path. */
static int set_judge(struct wr_path *p, struct wr_fixed *fixed, const struct wr_judge_maps *m,
		     struct wr_err *err)
{
	int ret;

	fixed->judge = p->judges = 1;
	fixed->policy_half = m->half_lines;
	fixed->bucket_bits = m->bucket_bits;
	fixed->judge_secret = m->secret;
	fixed->coarse = wr_kernel()->ktime_coarse;
	fixed->check_mtu = wr_kernel()->check_mtu;
	p->gone_cpus = (uint32_t)libbpf_num_possible_cpus();
	bpf_map__set_max_entries(wr_path_map(p, "wr_gone"), p->gone_cpus * WR_JUDGE_RULES);
	ret = bpf_map__reuse_fd(wr_path_map(p, "wr_policy"), m->policy_fd);
	ret = ret ? ret : bpf_map__reuse_fd(wr_path_map(p, "wr_buckets"), m->buckets_fd);
	ret = ret ? ret : bpf_map__reuse_fd(wr_path_map(p, "wr_hits"), m->hits_fd);
	return ret ? wr_fail(err, -ret, "the maps of the policy: %s", strerror(-ret)) : 0;
}

/* Without it no policy comes into force that needs it (control/cookies.h). */
static bool is_possible(uint32_t slot)
{
	return slot != WR_SLOT_COOKIES || wr_kernel()->syncookies;
}

static int open_object(struct wr_path *p, const struct wr_object *o,
		       const struct wr_path_conf *conf, struct wr_err *err)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "weir");
	struct bpf_program *prog;
	struct wr_fixed *fixed;
	struct bpf_map *ring;
	size_t n;

	p->object = bpf_object__open_mem(o->elf, (size_t)(o->end - o->elf), &opts);
	if (!p->object)
		return wr_fail(err, errno, "kernel programs of '%s': %s", o->name, strerror(errno));
	fixed = (void *)(uintptr_t)bpf_map__initial_value(wr_path_map(p, ".rodata"), &n);
	fixed->linktype = (uint32_t)p->iface.linktype;
	fixed->load_bytes = wr_kernel()->xdp_load_bytes;
	fixed->frags = p->frags;
	if (conf->flow_slots && set_account(p, fixed, conf, err))
		return -err->code;
	if (conf->judge && set_judge(p, fixed, conf->judge, err))
		return -err->code;
	for (int i = 0; i < WR_OBJECT_JUDGING; i++) {
		prog = bpf_object__find_program_by_name(p->object, o->judging[i].program);
		bpf_program__set_autoload(prog, conf->judge && is_possible(o->judging[i].slot));
	}
	bpf_object__for_each_program(prog, p->object) if (p->frags && wr_path_is_xdp(p->hook))
		bpf_program__set_flags(prog, BPF_F_XDP_HAS_FRAGS);
	ring = wr_path_map(p, "wr_ring");
	bpf_map__set_max_entries(ring, conf->ring_bytes);
	if (p->folder[0] && wr_path_adopt(p, conf->ring_fd, err))
		return -err->code;
	return conf->ring_fd >= 0 ? bpf_map__reuse_fd(ring, conf->ring_fd) : 0;
}

/* ---- what did not get through, by rule ---- */

static size_t gone_bytes(const struct wr_path *p)
{
	return (size_t)p->gone_cpus * WR_JUDGE_RULES * sizeof(struct wr_gone);
}

/* Nothing is counted by rule yet where this is not 0: an earlier process had no such map, or one of
 * another size. */
static void keep_past(struct wr_path *p)
{
	for (uint32_t cpu = 0; cpu < p->gone_cpus; cpu++) {
		const struct wr_cpu_count *c = &p->board->cpu[cpu % WR_MAX_CPUS].count;
		struct wr_gone *g = p->gone + (size_t)cpu * WR_JUDGE_RULES + WR_SLOT_PAST;

		*g = (struct wr_gone){c->dropped_packets, c->dropped_bytes, c->limited_packets,
				      c->limited_bytes};
	}
}

int wr_path_map_gone(struct wr_path *p, int fd, struct wr_err *err)
{
	void *at = mmap(NULL, gone_bytes(p), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		return wr_fail(err, errno, "mapping what rules count: %s", strerror(errno));
	madvise(at, gone_bytes(p), MADV_DONTFORK);
	p->gone = at;
	if (p->adopted && p->new_gone)
		keep_past(p);
	return 0;
}

struct wr_gone *wr_path_gone(const struct wr_path *p, uint32_t *cpus)
{
	*cpus = p->gone_cpus;
	return p->gone;
}

void wr_path_note_address(struct wr_path *p)
{
	struct wr_iface now;

	if (!wr_iface_get(&now, p->iface.name, NULL) && now.index == p->iface.index)
		memcpy(p->board->mac, now.mac, sizeof(now.mac));
}

static void fill_board(struct wr_path *p, const struct wr_path_conf *conf)
{
	struct wr_board *b = p->board;
	struct wr_board_conf c = conf->board;
	struct timespec now;

	wr_path_note_address(p);
	if (p->adopted) { /* everything goes on but what the program does */
		c.window = b->conf.window;
		c.policy = conf->judge ? b->conf.policy : 0;
		b->conf = c;
		memcpy(b->ifname, p->iface.name, sizeof(b->ifname)); /* it may have another one */
		b->ended = 0;
		wr_board_claim(b);
		return;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	b->abi = WR_BOARD_ABI;
	b->size = sizeof(*b);
	b->ifindex = (uint32_t)p->iface.index;
	b->hook = p->hook;
	b->linktype = (uint32_t)p->iface.linktype;
	b->since_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	memcpy(b->ifname, p->iface.name, sizeof(b->ifname));
	b->conf = conf->board;
	wr_board_claim(b);
	b->magic = WR_BOARD_MAGIC;
}

static int open_account(struct wr_path *p, struct wr_err *err)
{
	p->maps.heads_fd = bpf_map__fd(wr_path_map(p, "wr_heads"));
	p->maps.sets_fd = bpf_map__fd(wr_path_map(p, "wr_sets"));
	p->maps.peeked_fd = bpf_map__fd(wr_path_map(p, "wr_peeked"));
	p->maps.used_fd = bpf_map__fd(wr_path_map(p, "wr_used"));
	return wr_account_open(&p->account, &p->maps, p->board, err);
}

static int set_slot(struct wr_path *p, uint32_t slot, const char *program, struct wr_err *err)
{
	int fd = bpf_program__fd(bpf_object__find_program_by_name(p->object, program));
	int ret = bpf_map_update_elem(p->slots_fd, &slot, &fd, BPF_ANY);

	return ret ? wr_fail(err, -ret, "program %s: %s", program, strerror(-ret)) : 0;
}

static uint32_t map_id(int fd)
{
	struct bpf_map_info info = {0};
	uint32_t n = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &n) ? 0 : info.id;
}

/* libbpf keeps what counters begin with, a megabyte of zeros, for as long as the object is open. (A
 * later one has the map itself there, of which nothing can be removed.) */
static void forget_zeros(struct wr_path *p)
{
	size_t n = 0;
	void *zeros = (void *)(uintptr_t)bpf_map__initial_value(wr_path_map(p, ".bss"), &n);

	if (zeros)
		madvise(zeros, n, MADV_REMOVE);
}

/* Load, and write everything that the program reads before it can run. */
static int load(struct wr_path *p, const struct wr_object *o, const struct wr_path_conf *conf,
		struct wr_err *err)
{
	struct bpf_program *entry;
	int ret;

	ret = open_object(p, o, conf, err);
	if (ret)
		return ret;
	wr_explain_begin();
	ret = bpf_object__load(p->object);
	if (ret)
		return wr_explain_load(ret, o->name, err);
	forget_zeros(p);
	entry = bpf_object__find_program_by_name(p->object, o->entry);
	p->prog_fd = bpf_program__fd(entry);
	p->prog_flags = bpf_program__flags(entry);
	p->attach_type = bpf_program__expected_attach_type(entry);
	p->ring_fd = bpf_map__fd(wr_path_map(p, "wr_ring"));
	p->slots_fd = bpf_map__fd(wr_path_map(p, "wr_slots"));
	p->bss_fd = bpf_map__fd(wr_path_map(p, ".bss"));
	p->board = wr_board_map(p->bss_fd);
	if (!p->board) {
		wr_fail(err, errno, "mapping the board: %s", strerror(errno));
		return -ENOMEM;
	}
	ret = set_slot(p, WR_SLOT_RECORD, o->record, err);
	for (int i = 0; i < WR_OBJECT_JUDGING && conf->judge && !ret; i++)
		if (is_possible(o->judging[i].slot))
			ret = set_slot(p, o->judging[i].slot, o->judging[i].program, err);
	if (!ret && conf->judge)
		ret = wr_path_map_gone(p, bpf_map__fd(wr_path_map(p, "wr_gone")), err);
	if (ret)
		return ret;
	fill_board(p, conf);
	p->board->gone_map = conf->judge ? map_id(bpf_map__fd(wr_path_map(p, "wr_gone"))) : 0;
	p->board->rules_map = conf->judge ? map_id(conf->judge->rules_fd) : 0;
	return conf->flow_slots ? open_account(p, err) : 0;
}

static int attach_xdp(struct wr_path *p, struct wr_err *err)
{
	bool generic = p->hook == WR_HOOK_XDP_GENERIC;
	LIBBPF_OPTS(bpf_link_create_opts, opts,
		    .flags = generic ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE);

	p->link_fd = bpf_link_create(p->prog_fd, p->iface.index, BPF_XDP, &opts);
	if (p->link_fd >= 0)
		return 0;
	return wr_explain_xdp(p->link_fd, &p->iface, generic, p->frags, err);
}

static int attach_tc(struct wr_path *p, struct wr_err *err)
{
	bool egress = p->hook == WR_HOOK_TC_OUT;

	p->link_fd = wr_tcx_attach(p->prog_fd, p->iface.index, egress);
	if (p->link_fd >= 0)
		return 0;
	if (p->link_fd != -EINVAL)
		return wr_fail(err, -p->link_fd, "%s of %s: %s", wr_hook_text(p->hook),
			       p->iface.name, strerror(-p->link_fd));
	return wr_clsact_attach(&p->clsact, p->prog_fd, &p->iface, egress, err);
}

/* The kernel takes a link off some time after its last pin went. */
static int attach_anew(struct wr_path *p, struct wr_err *err)
{
	int ret = -EBUSY;

	for (int i = 0; i <= WAITS && ret == -EBUSY; i++) {
		if (i)
			usleep(WAIT_MS * 1000);
		ret = wr_path_is_xdp(p->hook) ? attach_xdp(p, err) : attach_tc(p, err);
		/* The other mode of XDP cannot be there meanwhile. */
		if (ret == -EBUSY && !p->had_pins)
			p->had_pins = wr_path_leave_others(p);
		if (!p->had_pins)
			break;
	}
	return ret;
}

static int attach(struct wr_path *p, struct wr_err *err)
{
	bool kept = !wr_path_adopt_link(p);
	int ret = kept ? 0 : attach_anew(p, err);

	if (!ret)
		wr_path_leave_others(p);
	if (kept && p->adopted && !p->other_ring && !p->new_gone) /* all is pinned as it is */
		return 0;
	return !ret && p->folder[0] ? wr_path_pin(p, err) : ret;
}

int wr_path_open(struct wr_path **out, const struct wr_path_conf *conf, struct wr_err *err)
{
	bool xdp = wr_path_is_xdp(conf->hook);
	struct wr_path *p;
	int ret;

	ret = wr_kernel_check(err);
	if (ret)
		return ret;
	if (conf->iface->linktype < 0)
		return wr_fail(err, EOPNOTSUPP, "%s is neither an Ethernet nor an IP interface",
			       conf->iface->name);
	if (xdp && conf->iface->linktype != WR_LINK_ETHER)
		return wr_fail(err, EOPNOTSUPP, "%s has no Ethernet header, which XDP needs",
			       conf->iface->name);
	p = calloc(1, sizeof(*p));
	if (!p)
		return wr_fail(err, ENOMEM, "out of memory");
	p->iface = *conf->iface;
	p->hook = conf->hook;
	p->link_fd = p->ring_fd = p->slots_fd = p->bss_fd = -1;
	wr_path_set_folder(p, conf->pin_dir);
	/* Whatever the MTU: on veth that of the peer counts, which could not be raised otherwise.
	 */
	p->frags = xdp && wr_kernel()->xdp_load_bytes;
	ret = load(p, xdp ? &wr_object_xdp : &wr_object_tc_in, conf, err);
	if (!ret)
		ret = wr_path_filter(p, conf->filter, err);
	if (!ret)
		ret = attach(p, err);
	if (ret) {
		wr_path_close(&p);
		return ret;
	}
	*out = p;
	return 0;
}

void wr_path_detach(struct wr_path *p)
{
	char name[IF_NAMESIZE];

	if (wr_path_pinned(p) && if_indextoname((unsigned int)p->iface.index, name))
		return;
	if (p->link_fd >= 0)
		close(p->link_fd);
	p->link_fd = -1;
	wr_clsact_detach(&p->clsact);
}

bool wr_path_attached(const struct wr_path *p)
{
	struct bpf_link_info info = {0};
	uint32_t n = sizeof(info);

	if (p->clsact)
		return wr_clsact_attached(p->clsact);
	if (p->link_fd < 0)
		return false;
	/* A link without its device tells index 0; tcx has the index in the same place as XDP. */
	return bpf_obj_get_info_by_fd(p->link_fd, &info, &n) ||
	       info.xdp.ifindex == (uint32_t)p->iface.index;
}

void wr_path_close(struct wr_path **path)
{
	struct wr_path *p = *path;
	int given[3];

	if (!p)
		return;
	given[0] = p->ring_fd;
	given[1] = p->slots_fd;
	given[2] = p->bss_fd;
	wr_path_detach(p);
	if (p->link_fd >= 0)
		close(p->link_fd);
	wr_account_close(&p->account);
	if (p->board)
		munmap(p->board, sizeof(*p->board));
	if (p->gone)
		munmap(p->gone, gone_bytes(p));
	for (int i = 0; i < 3 && !p->object; i++) /* they were given to us */
		if (given[i] >= 0)
			close(given[i]);
	bpf_object__close(p->object);
	free(p);
	*path = NULL;
}

struct wr_board *wr_path_board(struct wr_path *p)
{
	return p->board;
}

int wr_path_ring(const struct wr_path *p)
{
	return p->ring_fd;
}

struct wr_account *wr_path_account(struct wr_path *p)
{
	return p->account;
}

uint32_t wr_path_slots(const struct wr_path *p)
{
	return p->account ? (uint32_t)WR_ACCOUNT_WAYS << p->maps.set_bits : 0;
}

const struct wr_iface *wr_path_iface(const struct wr_path *p)
{
	return &p->iface;
}

enum wr_hook wr_path_hook(const struct wr_path *p)
{
	return p->hook;
}
