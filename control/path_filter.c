/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs made from pcap-filter expressions, put into slots of a path while packets fly. */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/pkt_cls.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/insn.h"
#include "control/kernel.h"
#include "control/path_impl.h"
#include "core/image.h"

/* A program of our own making, of this path's kind. Returns its descriptor. */
static int load(const struct wr_path *p, const char *name, const struct bpf_insn *insns, size_t n,
		struct wr_err *err)
{
	bool xdp = wr_path_is_xdp(p->hook);
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = p->attach_type,
		    .prog_flags = p->prog_flags);
	int fd = bpf_prog_load(xdp ? BPF_PROG_TYPE_XDP : BPF_PROG_TYPE_SCHED_CLS, name, "GPL",
			       insns, n, &opts);

	if (fd < 0)
		return wr_fail(err, errno, "the kernel refused program %s (%zu instructions): %s",
			       name, n, strerror(errno));
	return fd;
}

static int put(const struct wr_path *p, uint32_t slot, int fd, struct wr_err *err)
{
	int ret = bpf_map_update_elem(p->slots_fd, &slot, &fd, BPF_ANY);

	close(fd);
	return ret ? wr_fail(err, -ret, "putting a program into slot %u: %s", slot, strerror(-ret))
		   : 0;
}

/* ---- which packets become records ---- */

static int put_filter(const struct wr_path *p, const struct wr_filter *f, uint32_t slot, int miss,
		      uint32_t miss_slot, struct wr_err *err)
{
	struct wr_filter_target target = {
		.xdp = wr_path_is_xdp(p->hook),
		.load_bytes = wr_kernel()->xdp_load_bytes,
		.slots_fd = p->slots_fd,
		.match_slot = WR_SLOT_RECORD,
		.miss_slot = miss_slot,
		.miss = miss,
	};
	struct bpf_insn *insns = NULL;
	size_t n;
	int fd = wr_filter_translate(f, &target, &insns, &n, err);

	if (fd)
		return fd;
	fd = load(p, "wr_filter", insns, n, err);
	free(insns);
	return fd < 0 ? fd : put(p, slot, fd, err);
}

int wr_path_filter(struct wr_path *p, const char *expr, struct wr_err *err)
{
	static const uint32_t slots[] = {WR_SLOT_FILTER, WR_SLOT_FILTER_GONE};
	bool xdp = wr_path_is_xdp(p->hook);
	struct wr_filter *f = NULL;
	int ret;

	ret = wr_filter_open(&f, expr, p->iface.linktype, err);
	if (ret)
		return ret;
	if (!f) {
		p->board->conf.follow =
			p->board->conf.records != WR_RECORDS_NONE && !p->board->conf.peek;
		bpf_map_delete_elem(p->slots_fd, &slots[0]);
		bpf_map_delete_elem(p->slots_fd, &slots[1]);
		return 0;
	}
	/* A packet that does not pass must not do so because the filter does not choose it; and one
	 * that is to be answered is. */
	if (p->judges)
		ret = put_filter(p, f, WR_SLOT_FILTER_GONE, xdp ? XDP_DROP : TC_ACT_SHOT,
				 WR_SLOT_ANSWER, err);
	if (!ret)
		ret = put_filter(p, f, WR_SLOT_FILTER, xdp ? XDP_PASS : TC_ACT_UNSPEC, 0, err);
	wr_filter_close(&f);
	if (!ret)
		p->board->conf.follow = 1;
	return ret;
}

/* ---- the expressions of rules ---- */

struct program {
	struct bpf_insn *insn; /* owned */
	size_t n, room;
	bool failed;
};

static void add(struct program *g, const struct bpf_insn *insn, size_t n)
{
	if (g->n + n > g->room) {
		size_t room = (g->n + n) * 2;
		struct bpf_insn *more = realloc(g->insn, room * sizeof(*more));

		g->failed = g->failed || !more;
		if (!more)
			return;
		g->insn = more;
		g->room = room;
	}
	memcpy(g->insn + g->n, insn, n * sizeof(*insn));
	g->n += n;
}

#define ADD(g, ...)                                      \
	add((g), (const struct bpf_insn[]){__VA_ARGS__}, \
	    sizeof((const struct bpf_insn[]){__VA_ARGS__}) / sizeof(struct bpf_insn))

/*
 * Asks all expressions, each a function of its own behind the program, and leaves the answers in
 *the CPU's judgement: bit n for expression n, WR_ASKED.
 *
 *	r6 = context, r7 = answers
 */
static void add_main(struct program *g, const struct wr_path *p, uint32_t n, size_t *call)
{
	ADD(g, MOV(R6, R1), MOV_K(R7, 0));
	for (uint32_t i = 0; i < n; i++) {
		ADD(g, MOV(R1, R6), INSN(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, 0),
		    ALU_K(BPF_LSH, R0, (int)i), INSN(BPF_ALU64 | BPF_OR | BPF_X, R7, R0, 0, 0));
		call[i] = g->n - 3;
	}
	ADD(g, MOV_K(R0, 1), ALU_K(BPF_LSH, R0, WR_JUDGE_WHERES),
	    INSN(BPF_ALU64 | BPF_OR | BPF_X, R7, R0, 0, 0), CALL(BPF_FUNC_get_smp_processor_id),
	    ALU_K(BPF_AND, R0, WR_MAX_CPUS - 1), ALU_K(BPF_MUL, R0, sizeof(struct wr_judge)),
	    INSN(BPF_LD | BPF_DW | BPF_IMM, R1, BPF_PSEUDO_MAP_VALUE, 0, p->bss_fd),
	    INSN(0, 0, 0, 0, sizeof(struct wr_board) + offsetof(struct wr_judge, where)),
	    INSN(BPF_ALU64 | BPF_ADD | BPF_X, R1, R0, 0, 0),
	    INSN(BPF_STX | BPF_MEM | BPF_DW, R1, R7, 0, 0), MOV(R1, R6),
	    INSN(BPF_LD | BPF_DW | BPF_IMM, R2, BPF_PSEUDO_MAP_FD, 0, p->slots_fd),
	    INSN(0, 0, 0, 0, 0), MOV_K(R3, WR_SLOT_JUDGED), CALL(BPF_FUNC_tail_call),
	    MOV_K(R0, wr_path_is_xdp(p->hook) ? XDP_PASS : TC_ACT_UNSPEC),
	    INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));
}

static int add_expr(struct program *g, const struct wr_path *p, const char *expr,
		    struct wr_err *err)
{
	struct wr_filter_target target = {
		.xdp = wr_path_is_xdp(p->hook),
		.load_bytes = wr_kernel()->xdp_load_bytes,
		.answers = true,
	};
	struct bpf_insn *insns = NULL;
	struct wr_filter *f = NULL;
	size_t n;
	int ret = wr_filter_open(&f, expr, p->iface.linktype, err);

	ret = ret ? ret : wr_filter_translate(f, &target, &insns, &n, err);
	wr_filter_close(&f);
	if (ret)
		return ret;
	add(g, insns, n);
	free(insns);
	return 0;
}

int wr_path_where(struct wr_path *p, uint32_t half, const char *const *expr, uint32_t n,
		  struct wr_err *err)
{
	uint32_t slot = WR_SLOT_WHERE + half;
	size_t call[WR_JUDGE_WHERES];
	struct program g = {0};
	int ret = 0, fd;

	if (!n) {
		if (p->slots_fd >= 0)
			bpf_map_delete_elem(p->slots_fd, &slot);
		return 0;
	}
	if (p->slots_fd < 0)
		return wr_fail(
			err, EPERM,
			"a rule with `where` needs the right to load programs, which was given up");
	add_main(&g, p, n, call);
	for (uint32_t i = 0; i < n && !ret && !g.failed; i++) {
		g.insn[call[i]].imm = (int)(g.n - call[i] - 1);
		ret = add_expr(&g, p, expr[i], err);
	}
	if (!ret && g.failed)
		ret = wr_fail(err, ENOMEM, "out of memory");
	if (!ret) {
		fd = load(p, "wr_where", g.insn, g.n, err);
		ret = fd < 0 ? fd : put(p, slot, fd, err);
	}
	free(g.insn);
	return ret;
}

void wr_path_where_at(const struct wr_path *p, struct wr_path_at *at, int fds[2])
{
	*at = (struct wr_path_at){
		.hook = p->hook,
		.linktype = p->iface.linktype,
		.prog_flags = p->prog_flags,
		.attach_type = p->attach_type,
	};
	fds[0] = p->slots_fd;
	fds[1] = p->bss_fd;
}

int wr_path_where_there(const struct wr_path_at *at, const int fds[2], uint32_t half,
			const char *const *expr, uint32_t n, struct wr_err *err)
{
	struct wr_path p = {
		.hook = at->hook,
		.iface = {.linktype = at->linktype},
		.prog_flags = at->prog_flags,
		.attach_type = at->attach_type,
		.slots_fd = fds[0],
		.bss_fd = fds[1],
	};

	return wr_path_where(&p, half & 1, expr, n, err);
}
