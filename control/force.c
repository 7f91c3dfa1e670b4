/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/force.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "capture/board.h"
#include "core/govern.h"
#include "control/kernel.h"
#include "control/pin.h"
#include "policy/verdict.h"

enum { POLICY, BUCKETS, HITS, RULES, MAPS, NAME = WR_RULE_NAME, SETTLE_MS = 1000, PATHS = 512 };

static const char *const names[MAPS] = {"wr_policy", "wr_buckets", "wr_hits", "wr_rules"};

/* Line 0 of an image is none of its own: what has to last as long as the maps stands there. */
struct zero {
	__u32 magic, abi;
	__u64 secret;
	__u64 writer_start; /* of the only process that may write to them */
	__u32 writer_pid;
};
enum { MAGIC = 0x72696577 };
#define PROGRAM "program "
#define NEW UINT64_MAX /* in struct wr_force, back */

struct seen {
	struct wr_board *board;
	uint64_t arrived[WR_MAX_CPUS];
};

struct wr_force {
	struct wr_force_conf conf;
	struct wr_judge_maps maps;
	int fd[MAPS];
	void *at[MAPS];
	size_t bytes[MAPS];
	uint32_t cpus, half; /* which of the two was written last */
	bool half_known;
	uint32_t older;	    /* form of the image that was left, when it is not ours */
	bool disarmed;	    /* paths that join have no policy: none was put since */
	char (*rule)[NAME]; /* by slot; a map, so that they last as long as what is counted */
	uint64_t *left_at;  /* by slot: number of the put that had it no more; 0: it is taken */
	uint64_t puts;
	/* By slot: NEW, which no image has had yet; of one that is taken again what was in left_at;
	 * 0: nothing since the last put. */
	uint64_t back[WR_JUDGE_RULES];
	struct wr_path *path[PATHS]; /* borrowed */
	char *where[PATHS][2];	     /* owned: expressions that are in each half of it; or NULL */
	uint8_t link[PATHS];	     /* number + 1 of its link; 0: there is none left */
	uint32_t n_paths;
	struct seen left[PATHS]; /* when the half that is written next was left */
	uint32_t n_left;
	char folder[256];
};

static int map_of(struct wr_force *f, int i, uint32_t value, uint32_t entries, struct wr_err *err)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	struct bpf_map_info info = {0};
	uint32_t n = sizeof(info);
	int fd = f->folder[0] ? wr_pin_get(f->folder, names[i]) : -1;
	bool found = fd >= 0;

	/* One of another size, of an earlier weir or another configuration, makes room for ours. */
	if (found && (bpf_obj_get_info_by_fd(fd, &info, &n) || info.value_size != value ||
		      info.max_entries != entries)) {
		close(fd);
		fd = -1;
		found = false;
	}
	if (fd < 0)
		fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, names[i], sizeof(uint32_t), value, entries,
				    &opts);
	if (fd < 0)
		return wr_fail(err, errno, "map %s (%u lines of %u bytes): %s", names[i], entries,
			       value, strerror(errno));
	f->fd[i] = fd;
	if (f->folder[0] && !found && wr_pin_put(fd, f->folder, names[i], err))
		return -err->code;
	f->bytes[i] = (size_t)value * entries;
	f->at[i] = mmap(NULL, f->bytes[i], PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (f->at[i] == MAP_FAILED) {
		f->at[i] = NULL;
		return wr_fail(err, errno, "mapping %s: %s", names[i], strerror(errno));
	}
	return 0;
}

static int taken(const struct wr_force *f, const struct zero *z, struct wr_err *err)
{
	if (!z->writer_start || z->writer_pid == (uint32_t)getpid() ||
	    wr_process_start(z->writer_pid) != z->writer_start)
		return 0;
	return wr_fail(err, EBUSY,
		       "the policy at %s is taken by weir, process %u: another capture.pin, "
		       "or stop that one",
		       f->folder, z->writer_pid);
}

/* Before maps of another size make room for ours. */
static int check_taken(const struct wr_force *f, struct wr_err *err)
{
	struct bpf_map_info info = {0};
	uint32_t n = sizeof(info), first = 0;
	union {
		struct zero z;
		struct wr_line line;
	} at = {0};
	int fd = f->folder[0] ? wr_pin_get(f->folder, names[POLICY]) : -1, ret = 0;

	if (fd < 0)
		return 0;
	if (!bpf_obj_get_info_by_fd(fd, &info, &n) && info.value_size == sizeof(at) &&
	    !bpf_map_lookup_elem(fd, &first, &at) && at.z.magic == MAGIC)
		ret = taken(f, &at.z, err);
	close(fd);
	return ret;
}

/* Lines of zeros are a policy that matches nothing, to programs of any form: those that are
 * attached still read it, and ours would read it as what it is not. */
static void disarm(struct wr_force *f, const struct zero *z)
{
	struct wr_line *line = f->at[POLICY];

	f->older = z->abi;
	f->disarmed = true;
	memset(line + 1, 0, f->bytes[POLICY] - sizeof(*line));
}

uint32_t wr_force_older(const struct wr_force *f)
{
	return f->older;
}

static int claim(struct wr_force *f, struct wr_err *err)
{
	struct zero *z = f->at[POLICY];

	if (!z)
		return wr_fail(err, ENOMEM, "the policy is not mapped");
	if (taken(f, z, err))
		return -EBUSY;
	if (z->magic == MAGIC && z->abi != WR_IMAGE_ABI)
		disarm(f, z);
	if (z->magic != MAGIC || z->abi != WR_IMAGE_ABI) {
		if (getrandom(&z->secret, sizeof(z->secret), 0) != (ssize_t)sizeof(z->secret))
			return wr_fail(err, errno, "getrandom: %s", strerror(errno));
		z->abi = WR_IMAGE_ABI;
		z->magic = MAGIC;
	}
	z->writer_pid = (uint32_t)getpid();
	z->writer_start = wr_process_start(z->writer_pid);
	f->maps.secret = z->secret;
	return 0;
}

int wr_force_open(struct wr_force **out, const struct wr_force_conf *conf, struct wr_err *err)
{
	struct wr_force *f = calloc(1, sizeof(*f));
	uint64_t lines = conf->rate_bytes / sizeof(struct wr_bucket_line);
	int ret;

	if (!f)
		return wr_fail(err, ENOMEM, "out of memory");
	f->conf = *conf;
	for (int i = 0; i < MAPS; i++)
		f->fd[i] = -1;
	f->left_at = calloc(WR_JUDGE_RULES, sizeof(*f->left_at));
	f->cpus = (uint32_t)libbpf_num_possible_cpus();
	f->maps.half_lines = (uint32_t)(conf->policy_bytes / 2 / sizeof(struct wr_line));
	while (f->maps.bucket_bits < 26 && 2ull << f->maps.bucket_bits <= lines)
		f->maps.bucket_bits++;
	if (conf->pin_dir)
		snprintf(f->folder, sizeof(f->folder), "%s/policy", conf->pin_dir);
	ret = f->left_at ? wr_kernel_check(err) : wr_fail(err, ENOMEM, "out of memory");
	ret = ret ? ret : check_taken(f, err);
	ret = ret ? ret : map_of(f, POLICY, sizeof(struct wr_line), 2 * f->maps.half_lines, err);
	ret = ret ? ret
		  : map_of(f, BUCKETS, sizeof(struct wr_bucket_line),
			   WR_BUCKET_FIRST + (1u << f->maps.bucket_bits), err);
	ret = ret ? ret
		  : map_of(f, HITS, sizeof(struct wr_rule_count), f->cpus * WR_JUDGE_RULES, err);
	ret = ret ? ret : map_of(f, RULES, NAME, WR_JUDGE_RULES, err);
	ret = ret ? ret : claim(f, err);
	if (ret) {
		wr_force_close(&f);
		return ret;
	}
	f->maps.policy_fd = f->fd[POLICY];
	f->maps.buckets_fd = f->fd[BUCKETS];
	f->maps.hits_fd = f->fd[HITS];
	f->maps.rules_fd = f->fd[RULES];
	f->rule = f->at[RULES];
	for (int i = 0; i < WR_SLOT_PAST; i++) /* programs do not outlive their weir */
		if (!strncmp(f->rule[i], PROGRAM, sizeof(PROGRAM) - 1))
			f->left_at[i] = 1;
	*out = f;
	return 0;
}

static void forget_where(struct wr_force *f, uint32_t path)
{
	free(f->where[path][0]);
	free(f->where[path][1]);
	f->where[path][0] = f->where[path][1] = NULL;
}

void wr_force_close(struct wr_force **force)
{
	struct wr_force *f = *force;

	if (!f)
		return;
	for (int i = 0; i < MAPS; i++) {
		if (f->at[i])
			munmap(f->at[i], f->bytes[i]);
		if (f->fd[i] >= 0)
			close(f->fd[i]);
	}
	for (uint32_t i = 0; i < f->n_paths; i++)
		forget_where(f, i);
	free(f->left_at);
	free(f);
	*force = NULL;
}

const struct wr_judge_maps *wr_force_maps(const struct wr_force *f)
{
	return &f->maps;
}

uint32_t wr_force_lines(const struct wr_force *f)
{
	return f->maps.half_lines;
}

/* ---- counters ---- */

static struct wr_rule_count *count_of(const struct wr_force *f, uint32_t cpu, uint32_t slot)
{
	return (struct wr_rule_count *)f->at[HITS] + (size_t)cpu * WR_JUDGE_RULES + slot;
}

/* What it has kept out so far on all paths is no more of a rule that has a name. Nobody writes to
 * it: the images that had it are out of use. */
static void empty_slot(struct wr_force *f, uint32_t slot)
{
	uint32_t cpus;

	for (uint32_t cpu = 0; cpu < f->cpus; cpu++)
		memset(count_of(f, cpu, slot), 0, sizeof(struct wr_rule_count));
	for (uint32_t i = 0; i < f->n_paths; i++) {
		struct wr_gone *gone = wr_path_gone(f->path[i], &cpus);

		for (uint32_t cpu = 0; gone && cpu < cpus; cpu++, gone += WR_JUDGE_RULES) {
			gone[WR_SLOT_PAST].dropped_packets += gone[slot].dropped_packets;
			gone[WR_SLOT_PAST].dropped_bytes += gone[slot].dropped_bytes;
			gone[WR_SLOT_PAST].limited_packets += gone[slot].limited_packets;
			gone[WR_SLOT_PAST].limited_bytes += gone[slot].limited_bytes;
			gone[slot] = (struct wr_gone){0};
		}
	}
}

/* The last three are none of rules. A rule that has left is in use until the put behind the next
 * one has begun, which waits for that. */
int wr_force_slot(struct wr_force *f, const char *rule)
{
	int room = -1;

	for (int i = 0; i < WR_SLOT_PAST; i++) {
		if (!strcmp(f->rule[i], rule)) {
			if (f->left_at[i])
				f->back[i] = f->left_at[i];
			f->left_at[i] = 0;
			return i;
		}
		if (room < 0 && (!f->rule[i][0] || (f->left_at[i] && f->left_at[i] < f->puts)))
			room = i;
	}
	if (room < 0)
		return -ENOSPC;
	if (f->rule[room][0])
		empty_slot(f, (uint32_t)room);
	f->left_at[room] = 0;
	f->back[room] = NEW;
	snprintf(f->rule[room], NAME, "%s", rule);
	return room;
}

void wr_force_only(struct wr_force *f, const uint16_t *slot, size_t n)
{
	bool kept[WR_JUDGE_RULES] = {0};

	for (size_t i = 0; i < n; i++)
		kept[slot[i]] = true;
	for (int i = 0; i < WR_SLOT_PAST; i++)
		if (!kept[i] && f->rule[i][0] && !f->left_at[i] &&
		    strncmp(f->rule[i], PROGRAM, sizeof(PROGRAM) - 1) != 0)
			f->left_at[i] = f->puts;
	memset(f->back, 0, sizeof(f->back));
}

void wr_force_give_back(struct wr_force *f)
{
	for (int i = 0; i < WR_SLOT_PAST; i++) {
		if (f->back[i] == NEW)
			memset(f->rule[i], 0, NAME);
		else if (f->back[i])
			f->left_at[i] = f->back[i];
		f->back[i] = 0;
	}
}

int wr_force_hold(struct wr_force *f, const char *program)
{
	char name[NAME];
	int slot;

	snprintf(name, sizeof(name), PROGRAM "%s", program);
	slot = wr_force_slot(f, name);
	if (slot >= 0)
		f->back[slot] = 0; /* whatever becomes of a policy */
	return slot;
}

/* It may be in use for a moment, as a rule that has left. */
void wr_force_release(struct wr_force *f, const char *program)
{
	char name[NAME];

	snprintf(name, sizeof(name), PROGRAM "%s", program);
	for (int i = 0; i < WR_SLOT_PAST; i++)
		if (!strcmp(f->rule[i], name))
			f->left_at[i] = f->puts + 1;
}

const char *wr_force_rule(const struct wr_force *f, uint32_t slot)
{
	if (slot >= WR_SLOT_PAST)
		return wr_slot_name(slot);
	return f->rule[slot][0] ? f->rule[slot] : NULL;
}

uint32_t wr_force_slots(const struct wr_force *f)
{
	uint32_t n = WR_SLOT_PAST;

	while (n && !f->rule[n - 1][0])
		n--;
	return n;
}

void wr_force_count(const struct wr_force *f, uint32_t slot, struct wr_rule_count *out)
{
	*out = (struct wr_rule_count){0};
	for (uint32_t cpu = 0; cpu < f->cpus; cpu++) {
		const volatile struct wr_rule_count *c = count_of(f, cpu, slot);

		out->packets += c->packets;
		out->bytes += c->bytes;
		out->hit_packets += c->hit_packets;
		out->hit_bytes += c->hit_bytes;
	}
}

void wr_force_fold(struct wr_force *f, uint32_t from, uint32_t to)
{
	for (uint32_t cpu = 0; cpu < f->cpus && from != to; cpu++) {
		struct wr_rule_count *c = count_of(f, cpu, from), *sum = count_of(f, cpu, to);

		sum->packets += c->packets;
		sum->bytes += c->bytes;
		sum->hit_packets += c->hit_packets;
		sum->hit_bytes += c->hit_bytes;
		*c = (struct wr_rule_count){0};
	}
}

uint64_t wr_force_forgiven_ns(const struct wr_board *b)
{
	uint64_t sum = 0;

	for (int i = 0; i < WR_MAX_CPUS; i++)
		sum += b->cpu[i].count.forgiven_ns;
	return sum;
}

/* ---- in force ---- */

uint64_t wr_force_clock_ns(void)
{
	struct timespec t;

	clock_gettime(wr_kernel()->ktime_coarse ? CLOCK_MONOTONIC_COARSE : CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t wr_force_tick_ns(void)
{
	struct timespec t;

	clock_getres(wr_kernel()->ktime_coarse ? CLOCK_MONOTONIC_COARSE : CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_nsec;
}

static uint64_t load(const __u64 *counter)
{
	return __atomic_load_n(counter, __ATOMIC_ACQUIRE);
}

/* A packet is counted as arrived before it is asked which image is in force, and as passed or gone
 * when its fate is known: so the old image is out of use when all that had arrived by the change is
 * through. */
static bool settled(const struct wr_force *f)
{
	for (uint32_t i = 0; i < f->n_left; i++)
		for (uint32_t cpu = 0; cpu < f->cpus; cpu++)
			if (wr_board_done(&f->left[i].board->cpu[cpu].count) <
			    f->left[i].arrived[cpu])
				return false;
	return true;
}

static int wait_settled(const struct wr_force *f, struct wr_err *err)
{
	const struct timespec ms = {.tv_nsec = 1000000};

	for (int i = 0; i < SETTLE_MS; i++) {
		if (settled(f))
			return 0;
		nanosleep(&ms, NULL);
	}
	return wr_fail(err, EBUSY, "the policy before is in use for more than a second");
}

static void note_left(struct wr_force *f)
{
	f->n_left = f->n_paths;
	for (uint32_t i = 0; i < f->n_paths; i++) {
		struct seen *s = &f->left[i];

		s->board = wr_path_board(f->path[i]);
		for (uint32_t cpu = 0; cpu < f->cpus; cpu++)
			s->arrived[cpu] = load(&s->board->cpu[cpu].count.arrived_packets);
	}
}

/* ---- hosts ---- */

static struct wr_bucket *host_place(const struct wr_force *f, uint64_t tag, uint64_t sought)
{
	struct wr_bucket_line *l = (struct wr_bucket_line *)f->at[BUCKETS] + wr_host_line(tag);

	for (int i = 0; i < WR_BUCKET_WAYS; i++)
		if (l->way[i].tag == sought)
			return &l->way[i];
	return NULL;
}

bool wr_force_host(struct wr_force *f, const struct wr_host_key *key, uint32_t rule)
{
	uint64_t tag = wr_host_tag(key, rule, f->maps.secret);
	struct wr_bucket *at = host_place(f, tag, tag);
	struct wr_bucket_line *l = (struct wr_bucket_line *)f->at[BUCKETS] + wr_host_line(tag);
	bool full;

	if (at)
		return false;
	at = host_place(f, tag, 0);
	full = !at;
	if (full)
		at = &l->way[tag >> 1 & (WR_BUCKET_WAYS - 1)];
	at->tat = rule; /* the kernel does not look at that */
	__atomic_store_n(&at->tag, tag, __ATOMIC_RELAXED);
	return full;
}

void wr_force_host_gone(struct wr_force *f, const struct wr_host_key *key, uint32_t rule)
{
	uint64_t tag = wr_host_tag(key, rule, f->maps.secret);
	struct wr_bucket *at = host_place(f, tag, tag);

	if (at)
		__atomic_store_n(&at->tag, 0, __ATOMIC_RELAXED);
}

void wr_force_hosts_gone(struct wr_force *f, uint32_t rule)
{
	struct wr_bucket_line *l = (struct wr_bucket_line *)f->at[BUCKETS] + WR_HOST_FIRST;

	for (uint32_t i = 0; i < WR_HOST_LINES * WR_BUCKET_WAYS; i++) {
		struct wr_bucket *at = &l[i / WR_BUCKET_WAYS].way[i % WR_BUCKET_WAYS];

		if (at->tag && at->tat == rule)
			__atomic_store_n(&at->tag, 0, __ATOMIC_RELAXED);
	}
}

void wr_force_hosts_clear(struct wr_force *f)
{
	memset((struct wr_bucket_line *)f->at[BUCKETS] + WR_HOST_FIRST, 0,
	       WR_HOST_LINES * sizeof(struct wr_bucket_line));
}

/* ---- links ---- */

static struct wr_link_line *link_of(const struct wr_force *f, uint32_t path)
{
	uint32_t at = WR_LINK_FIRST + (f->link[path] - 1u) * WR_LINK_LINES;

	return f->link[path] ? (void *)((struct wr_bucket_line *)f->at[BUCKETS] + at) : NULL;
}

static uint8_t free_link(const struct wr_force *f)
{
	for (int n = 1; n <= WR_LINKS; n++)
		if (!memchr(f->link, n, f->n_paths))
			return (uint8_t)n;
	return 0;
}

uint32_t wr_force_link(const struct wr_force *f, uint32_t path)
{
	return f->link[path];
}

void wr_force_capacity(struct wr_force *f, uint32_t path, uint64_t bps)
{
	struct wr_link_line *l = link_of(f, path);

	if (l)
		__atomic_store_n(&l->cost_ns, wr_link_cost(bps), __ATOMIC_RELAXED);
}

struct wr_count wr_force_passed(const struct wr_force *f, uint32_t path)
{
	const struct wr_board *b = wr_path_board(f->path[path]);
	struct wr_count sum = {0};

	for (uint32_t cpu = 0; cpu < f->cpus && cpu < WR_MAX_CPUS; cpu++) {
		sum.packets += load(&b->cpu[cpu].count.passed_packets);
		sum.bytes += load(&b->cpu[cpu].count.passed_bytes);
	}
	return sum;
}

uint64_t wr_force_queue_ns(const struct wr_force *f, uint32_t path)
{
	const struct wr_link_line *l = link_of(f, path);
	uint64_t tat = l ? load(&l->tat) : 0;
	struct timespec t;
	uint64_t now;

	clock_gettime(CLOCK_MONOTONIC, &t);
	now = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
	return tat > now ? tat - now : 0;
}

/* A policy of an earlier process may be in either half, and stays there. Had that process been
 * ended while it put one, some paths would be in the other half: they have none until the next put.
 */
void wr_force_join(struct wr_force *f, struct wr_path *path)
{
	struct wr_board *b = wr_path_board(path);
	uint32_t policy = b->conf.policy, half = policy >> 31;

	if (f->n_paths == PATHS)
		return;
	f->link[f->n_paths] = free_link(f);
	wr_force_capacity(f, f->n_paths, 0);
	f->path[f->n_paths++] = path;
	if (!policy)
		return;
	if (!f->half_known)
		f->half = half;
	f->half_known = true;
	if (half != f->half || f->disarmed)
		__atomic_store_n(&b->conf.policy, 0, __ATOMIC_SEQ_CST);
}

void wr_force_leave(struct wr_force *f, struct wr_path *path)
{
	uint32_t n = 0, left = 0;

	for (uint32_t i = 0; i < f->n_paths; i++) {
		if (f->path[i] == path) {
			forget_where(f, i);
			continue;
		}
		memmove(f->where[n], f->where[i], sizeof(f->where[n]));
		f->link[n] = f->link[i];
		f->path[n++] = f->path[i];
	}
	if (n < f->n_paths)
		memset(f->where[n], 0, sizeof(f->where[n]));
	f->n_paths = n;
	for (uint32_t i = 0; i < f->n_left; i++)
		if (f->left[i].board != wr_path_board(path))
			f->left[left++] = f->left[i];
	f->n_left = left;
}

uint32_t wr_force_paths(const struct wr_force *f, struct wr_path *const **path)
{
	*path = f->path;
	return f->n_paths;
}

/* All of them in one text. */
static char *join_where(const struct wr_image_built *image)
{
	size_t n = 1, at = 0;
	char *text;

	for (uint32_t i = 0; i < image->n_wheres; i++)
		n += strlen(image->where[i]) + 1;
	text = calloc(1, n);
	for (uint32_t i = 0; text && i < image->n_wheres; i++)
		at += (size_t)snprintf(text + at, n - at, "%s\n", image->where[i]);
	return text;
}

/* Those that are there already are not put again: that takes rights, and milliseconds. */
static int put_where(struct wr_force *f, uint32_t path, uint32_t half,
		     const struct wr_image_built *image, struct wr_err *err)
{
	const char *const *expr = (const char *const *)image->where;
	char **there = &f->where[path][half], *text;
	int ret;

	if (!image->n_wheres)
		return 0;
	text = join_where(image);
	if (!text)
		return wr_fail(err, ENOMEM, "out of memory");
	if (*there && !strcmp(*there, text)) {
		free(text);
		return 0;
	}
	if (f->conf.where)
		ret = f->conf.where(f->conf.where_ctx, f->path[path], half, expr, image->n_wheres,
				    err);
	else
		ret = wr_path_where(f->path[path], half, expr, image->n_wheres, err);
	free(*there);
	*there = ret ? NULL : text;
	if (ret)
		free(text);
	return ret;
}

int wr_force_put(struct wr_force *f, const struct wr_image_built *image, struct wr_err *err)
{
	uint32_t half = !f->half;
	struct wr_line *to = (struct wr_line *)f->at[POLICY] + (half ? f->maps.half_lines : 0);
	int ret = wait_settled(f, err);

	if (!ret && image && image->b.mem.n > f->maps.half_lines)
		ret = wr_fail(err, ENOSPC, "an image of %u lines, there is room for %u",
			      image->b.mem.n, f->maps.half_lines);
	for (uint32_t i = 0; i < f->n_paths && image && !ret; i++)
		ret = put_where(f, i, half, image, err);
	if (ret)
		return ret;
	if (image)
		memcpy(to + 1, image->b.mem.at + 1, ((size_t)image->b.mem.n - 1) * sizeof(*to));
	for (uint32_t i = 0; i < f->n_paths; i++)
		wr_path_note_address(f->path[i]);
	for (uint32_t i = 0; i < f->n_paths; i++) {
		uint32_t begin = image ? wr_image_begin(image, i) : 0;

		__atomic_store_n(&wr_path_board(f->path[i])->conf.policy,
				 begin && half ? begin | WR_POLICY_HALF : begin, __ATOMIC_SEQ_CST);
	}
	f->half = half;
	f->half_known = true;
	f->disarmed = false;
	f->puts++;
	note_left(f);
	return 0;
}
