/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/programs.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/explain.h"
#include "control/insn.h"
#include "control/path_impl.h"
#include "control/rootfile.h"
#include "control/selftest_frame.h"
#include "core/image.h"

enum { INSNS = 1 << 16, REPEAT = 10000, MEASURE_NS = 50000000, JUMPS = 2 * WR_PROGRAMS };

struct one {
	struct wr_program_set set;
	struct bpf_object *object; /* owned; NULL: the place is free */
	struct bpf_program *xdp, *tc;
	uint64_t order;
};

struct wr_programs {
	struct one at[WR_PROGRAMS];
	struct one before; /* what the last change has taken the place of */
	int changed;	   /* that place; -1: nothing to take back */
	uint64_t orders;
	int counts_fd;
};

int wr_programs_open(struct wr_programs **out, struct wr_err *err)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	struct wr_programs *p = calloc(1, sizeof(*p));

	if (!p)
		return wr_fail(err, ENOMEM, "out of memory");
	p->changed = -1;
	p->counts_fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "wr_programs", sizeof(uint32_t),
				      WR_MAX_CPUS * WR_PROGRAMS * sizeof(struct wr_program_count),
				      1, &opts);
	if (p->counts_fd < 0) {
		free(p);
		return wr_fail(err, EPERM, "map wr_programs: %s", strerror(errno));
	}
	*out = p;
	return 0;
}

int wr_programs_counts(const struct wr_programs *p)
{
	return p->counts_fd;
}

/* ---- the list ---- */

static int place_of(const struct wr_programs *p, const char *name)
{
	for (int i = 0; i < WR_PROGRAMS; i++)
		if (p->at[i].object && !strcmp(p->at[i].set.name, name))
			return i;
	return -1;
}

static int free_place(const struct wr_programs *p)
{
	for (int i = 0; i < WR_PROGRAMS; i++)
		if (!p->at[i].object)
			return i;
	return -1;
}

static void keep(struct wr_programs *p, int place)
{
	bpf_object__close(p->before.object);
	p->before = p->at[place];
	p->changed = place;
}

void wr_programs_undo(struct wr_programs *p)
{
	if (p->changed < 0)
		return;
	bpf_object__close(p->at[p->changed].object);
	p->at[p->changed] = p->before;
	p->before = (struct one){0};
	p->changed = -1;
}

int wr_programs_del(struct wr_programs *p, const char *name, struct wr_err *err)
{
	int place = place_of(p, name);

	if (place < 0)
		return wr_fail(err, ENOENT, "there is no program '%s'", name);
	keep(p, place);
	p->at[place] = (struct one){0};
	return 0;
}

/* ---- one file ---- */

/* Maps of the one before go on, where they are the same. */
static void keep_maps(const struct one *new, const struct one *old)
{
	struct bpf_map *m, *have;

	if (!old->object)
		return;
	bpf_object__for_each_map(m, new->object)
	{
		have = bpf_object__find_map_by_name(old->object, bpf_map__name(m));
		if (have && !bpf_map__is_internal(m) && bpf_map__type(have) == bpf_map__type(m) &&
		    bpf_map__key_size(have) == bpf_map__key_size(m) &&
		    bpf_map__value_size(have) == bpf_map__value_size(m) &&
		    bpf_map__max_entries(have) == bpf_map__max_entries(m))
			bpf_map__reuse_fd(m, bpf_map__fd(have));
	}
}

static int load(struct one *o, const struct one *old, struct wr_err *err)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "user");
	struct bpf_program *prog;
	unsigned char *elf = NULL;
	size_t n = 0;
	int ret = wr_rootfile_read(o->set.file, &elf, &n, err);

	if (ret)
		return ret;
	wr_explain_begin();
	o->object = bpf_object__open_mem(elf, n, &opts);
	free(elf);
	if (!o->object)
		return wr_fail(err, EINVAL, "%s: no object of kernel programs (%s)", o->set.file,
			       strerror(errno));
	bpf_object__for_each_program(prog, o->object)
	{
		if (bpf_program__type(prog) == BPF_PROG_TYPE_XDP && !o->xdp)
			o->xdp = prog;
		if (bpf_program__type(prog) == BPF_PROG_TYPE_SCHED_CLS && !o->tc)
			o->tc = prog;
		bpf_program__set_autoload(prog, prog == o->xdp || prog == o->tc);
	}
	if (!o->xdp && !o->tc)
		return wr_fail(err, EINVAL,
			       "%s has neither SEC(\"xdp\") nor SEC(\"tc\"): nothing can be asked",
			       o->set.file);
	keep_maps(o, old);
	ret = bpf_object__load(o->object);
	if (ret)
		wr_explain_load(ret, o->set.name, err);
	return ret ? -err->code : 0;
}

/* ns of a run; 0: it cannot be run. */
static uint32_t run(const struct bpf_program *prog, int times)
{
	struct wr_frame f;
	LIBBPF_OPTS(bpf_test_run_opts, o, .data_in = f.at, .repeat = times);

	wr_frame_make(&f, 0);
	o.data_size_in = f.n;
	return bpf_prog_test_run_opts(bpf_program__fd(prog), &o) ? 0 : o.duration;
}

/* A slow one is run less often: everybody waits for it. */
static uint32_t measure(const struct bpf_program *prog)
{
	uint32_t once = run(prog, 1);
	uint64_t times = once ? MEASURE_NS / once : 0;

	return times < 2 ? once : run(prog, times < REPEAT ? (int)times : REPEAT);
}

/* One that shares maps with the program in force is not tried with them. */
static uint32_t cost_of(const struct one *new, bool replaces)
{
	static const struct one nothing;
	struct one alone = {.set = new->set};
	struct wr_err err = {0};
	uint32_t ns = 0;

	if (!replaces)
		return measure(new->xdp ? new->xdp : new->tc);
	if (!load(&alone, &nothing, &err))
		ns = measure(alone.xdp ? alone.xdp : alone.tc);
	bpf_object__close(alone.object);
	return ns;
}

int wr_programs_set(struct wr_programs *p, const struct wr_program_set *set,
		    struct wr_program_told *told, struct wr_err *err)
{
	int place = place_of(p, set->name), old = place, ret;
	struct one new = {.set = *set, .order = p->orders + 1};

	if (place < 0)
		place = free_place(p);
	if (place < 0)
		return wr_fail(err, ENOSPC, "there are %d programs already", WR_PROGRAMS);
	if (old >= 0)
		new.order = p->at[old].order;
	ret = load(&new, &p->at[place], err);
	if (ret) {
		bpf_object__close(new.object);
		return ret;
	}
	p->orders++;
	keep(p, place);
	p->at[place] = new;
	*told = (struct wr_program_told){.place = (uint32_t)place,
					 .ns = cost_of(&new, old >= 0),
					 .xdp = new.xdp,
					 .tc = new.tc};
	return 0;
}

/* ---- the program that asks them ---- */

struct asker {
	struct bpf_insn insn[INSNS];
	size_t n;
	size_t call[WR_PROGRAMS], end[JUMPS];
	uint32_t calls, ends;
	bool full;
};

static void add(struct asker *a, const struct bpf_insn *insn, size_t n)
{
	a->full = a->full || a->n + n > INSNS;
	if (a->full)
		return;
	memcpy(a->insn + a->n, insn, n * sizeof(*insn));
	a->n += n;
}

#define ADD(a, ...)                                      \
	add((a), (const struct bpf_insn[]){__VA_ARGS__}, \
	    sizeof((const struct bpf_insn[]){__VA_ARGS__}) / sizeof(struct bpf_insn))

/* The CPU's own part of a map's value, at offset `off`, n bytes for each CPU. */
static void add_place(struct asker *a, uint8_t reg, int fd, uint32_t off, uint32_t n)
{
	ADD(a, CALL(BPF_FUNC_get_smp_processor_id), ALU_K(BPF_AND, R0, WR_MAX_CPUS - 1),
	    ALU_K(BPF_MUL, R0, (int)n),
	    INSN(BPF_LD | BPF_DW | BPF_IMM, reg, BPF_PSEUDO_MAP_VALUE, 0, fd),
	    INSN(0, 0, 0, 0, (int)off), INSN(BPF_ALU64 | BPF_ADD | BPF_X, reg, R0, 0, 0));
}

#define COUNT(i, field)                                         \
	INSN(BPF_STX | BPF_ATOMIC | BPF_DW, R8, R1,             \
	     (short)((i) * sizeof(struct wr_program_count) +    \
		     offsetof(struct wr_program_count, field)), \
	     BPF_ADD)

/*
 * Asks one: it is counted, and what it says decides, or the next one is asked.
 *
 *	r6 = context, r7 = what has been said, r8 = counters of this CPU
 */
static void add_question(struct asker *a, const struct one *o, uint32_t place)
{
	int slot = o->set.slot << 8;

	ADD(a, MOV(R1, R6), INSN(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, 0));
	a->call[a->calls++] = a->n - 1;
	ADD(a, MOV_K(R1, 1), COUNT(place, asked),
	    INSN(BPF_JMP | BPF_JEQ | BPF_K, R0, 0, 4, WR_SAID_DROP),
	    INSN(BPF_JMP | BPF_JNE | BPF_K, R0, 0, 6, WR_SAID_PASS), COUNT(place, passed),
	    MOV_K(R7, slot | WR_SAID_PASS), GO(0), COUNT(place, dropped),
	    MOV_K(R7, slot | WR_SAID_DROP), GO(0));
	a->end[a->ends++] = a->n - 4;
	a->end[a->ends++] = a->n - 1;
}

static void add_end(struct asker *a, const struct wr_path_at *at, const int fds[2], int back)
{
	for (uint32_t i = 0; i < a->ends && !a->full; i++)
		a->insn[a->end[i]].off = (short)(a->n - a->end[i] - 1);
	add_place(a, R1, fds[1], sizeof(struct wr_board) + offsetof(struct wr_judge, said),
		  sizeof(struct wr_judge));
	ADD(a, INSN(BPF_STX | BPF_MEM | BPF_W, R1, R7, 0, 0), MOV(R1, R6),
	    INSN(BPF_LD | BPF_DW | BPF_IMM, R2, BPF_PSEUDO_MAP_FD, 0, fds[0]), INSN(0, 0, 0, 0, 0),
	    MOV_K(R3, back), CALL(BPF_FUNC_tail_call),
	    MOV_K(R0, wr_path_is_xdp(at->hook) ? XDP_PASS : TC_ACT_UNSPEC),
	    INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));
}

/* In the order in which they came. */
static uint32_t pick(const struct wr_programs *p, bool after, const struct one *out[WR_PROGRAMS])
{
	uint32_t n = 0;

	for (int i = 0; i < WR_PROGRAMS; i++) {
		uint32_t at = n;

		if (!p->at[i].object || p->at[i].set.after != after)
			continue;
		while (at && out[at - 1]->order > p->at[i].order) {
			out[at] = out[at - 1];
			at--;
		}
		out[at] = &p->at[i];
		n++;
	}
	return n;
}

static int make(const struct wr_programs *p, const struct wr_path_at *at, const int fds[2],
		bool after, struct asker *a, struct wr_err *err)
{
	const struct one *all[WR_PROGRAMS];
	uint32_t n = pick(p, after, all);
	bool xdp = wr_path_is_xdp(at->hook);

	ADD(a, MOV(R6, R1), MOV_K(R7, 0));
	add_place(a, R8, p->counts_fd, 0, WR_PROGRAMS * sizeof(struct wr_program_count));
	for (uint32_t i = 0; i < n; i++)
		add_question(a, all[i], (uint32_t)(all[i] - p->at));
	add_end(a, at, fds, after ? WR_SLOT_ENDED : WR_SLOT_BEGUN);
	for (uint32_t i = 0; i < n; i++) {
		const struct bpf_program *prog = xdp ? all[i]->xdp : all[i]->tc;

		if (!prog)
			return wr_fail(err, ENXIO, "%s: it has no program for %s (SEC(\"%s\"))",
				       all[i]->set.name, wr_hook_text(at->hook),
				       xdp ? "xdp" : "tc");
		if (!a->full)
			a->insn[a->call[i]].imm = (int)(a->n - a->call[i] - 1);
		add(a, bpf_program__insns(prog), bpf_program__insn_cnt(prog));
	}
	return a->full ? wr_fail(err, E2BIG, "all programs have more than %d instructions", INSNS)
		       : (int)n;
}

/* One descriptor, or -1 where nothing is to be asked. */
static int load_asker(const struct wr_programs *p, const struct wr_path_at *at, const int fds[2],
		      bool after, int *out, struct wr_err *err)
{
	static struct asker a;
	static char log[1 << 16];
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = at->attach_type,
		    .prog_flags = at->prog_flags, .log_buf = log, .log_size = sizeof(log),
		    .log_level = 0);
	int n;

	memset(&a, 0, sizeof(a));
	*out = -1;
	n = make(p, at, fds, after, &a, err);
	if (n <= 0)
		return n;
	*out = bpf_prog_load(wr_path_is_xdp(at->hook) ? BPF_PROG_TYPE_XDP : BPF_PROG_TYPE_SCHED_CLS,
			     "wr_user", "GPL", a.insn, a.n, &opts);
	return *out < 0 ? wr_fail(err, EOPNOTSUPP, "the kernel refuses all programs together: %s",
				  strerror(errno))
			: 0;
}

int wr_programs_put(struct wr_programs *p, const struct wr_path_at *at, const int fds[2],
		    struct wr_err *err)
{
	static const uint32_t slots[2] = {WR_SLOT_BEFORE, WR_SLOT_AFTER};
	int fd[2] = {-1, -1}, ret = 0;

	for (int i = 0; i < 2 && !ret; i++)
		ret = load_asker(p, at, fds, i, &fd[i], err);
	for (int i = 0; i < 2 && !ret; i++) {
		if (fd[i] < 0)
			bpf_map_delete_elem(fds[0], &slots[i]);
		else if (bpf_map_update_elem(fds[0], &slots[i], &fd[i], BPF_ANY))
			ret = wr_fail(err, errno, "putting programs into a path: %s",
				      strerror(errno));
	}
	for (int i = 0; i < 2; i++)
		if (fd[i] >= 0)
			close(fd[i]);
	return ret;
}
