/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Classic BPF, as libpcap makes it, to eBPF for XDP and TC.
 *
 * Every classic instruction is translated up to four times; a packet runs through one copy:
 *
 *   near         direct packet access. A constant offset is checked against data_end only when no
 *                instruction on every path before it has checked as far: most filters pay for two
 *                or three checks. A check that fails jumps to the same instruction of
 *   far          loads through a helper, which also reaches bytes beyond the linear part and tells
 *                when there is no such byte: then the packet is not chosen, as in libpcap.
 *   near, tagged and far, tagged
 *                Ethernet on TC, when the outer VLAN tag is metadata (taken off by the driver or
 *                by the kernel before TC). Offsets are those of the frame with its tag:
 *
 *                     0        12   16            packet as the filter sees it
 *                     | MACs   |tag | the rest
 *                     | MACs   | the rest         packet as it lies in memory
 *                     0        12
 *
 * Jumps go from near to far but never back, so registers have one meaning per copy, and the
 * verifier meets each far instruction with few different states.
 *
 *      r6  context           r8  A, upper half always 0
 *      r7  data (near);      r9  X, upper half always 0
 *          offset (far)      r5  data_end (near)
 */
#include "capture/filter.h"
#include "capture/filter_impl.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <stdlib.h>

#define MAX_CLASSIC 20000  /* more cannot fit eBPF's 16 bit jumps, so do not even try */
#define MAX_NEAR 0x7fff	   /* offsets of load instructions are signed 16 bit */
#define MAX_FAR 0x7fffffff /* what the helpers take */
#define TAG_AT 12	   /* the tag follows both MAC addresses */
#define TAG_END 16
#define ETHERNET 1 /* DLT_EN10MB */

/* Stack, from the frame pointer down: M[0..15], 8 bytes for a helper to load to, the tag. */
#define MEM_OFF(k) ((int)(k)*4 - 64)
#define BUF_OFF (-72)
#define TAG_OFF (-76)

enum { R0, R1, R2, R3, R4, END, CTX, DATA, A, X, FP, OFF = DATA };

/* The instructions used here. Classes, sizes and operations have the same numbers in both BPFs. */
#define INSN(c, d, s, o, i) \
	((struct bpf_insn){.code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i)})
#define MOV64(d, s) INSN(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define MOV32(d, s) INSN(BPF_ALU | BPF_MOV | BPF_X, d, s, 0, 0)
#define MOV32_K(d, k) INSN(BPF_ALU | BPF_MOV | BPF_K, d, 0, 0, (int32_t)(k))
#define ADD64(d, s) INSN(BPF_ALU64 | BPF_ADD | BPF_X, d, s, 0, 0)
#define ADD64_K(d, k) INSN(BPF_ALU64 | BPF_ADD | BPF_K, d, 0, 0, (int32_t)(k))
#define SUB64(d, s) INSN(BPF_ALU64 | BPF_SUB | BPF_X, d, s, 0, 0)
#define ALU32(op, d, s) INSN(BPF_ALU | (op) | BPF_X, d, s, 0, 0)
#define ALU32_K(op, d, k) INSN(BPF_ALU | (op) | BPF_K, d, 0, 0, (int32_t)(k))
#define NEG32(d) INSN(BPF_ALU | BPF_NEG, d, 0, 0, 0)
#define TO_BE(d, bits) INSN(BPF_ALU | BPF_END | BPF_TO_BE, d, 0, 0, bits)
#define LOAD(size, d, s, o) INSN(BPF_LDX | BPF_MEM | (size), d, s, o, 0)
#define STORE(size, d, o, s) INSN(BPF_STX | BPF_MEM | (size), d, s, o, 0)
#define STORE_K(size, d, o, k) INSN(BPF_ST | BPF_MEM | (size), d, 0, o, k)
#define JUMP INSN(BPF_JMP | BPF_JA, 0, 0, 0, 0)
#define IF(op, d, s) INSN(BPF_JMP | (op) | BPF_X, d, s, 0, 0)
#define IF_K(op, d, k) INSN(BPF_JMP | (op) | BPF_K, d, 0, 0, (int32_t)(k))
#define CALL(f) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, f)
#define EXIT INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

enum copy { NEAR, NEAR_TAGGED, FAR, FAR_TAGGED, COPIES };

/* A jump whose destination is not known yet. */
struct fix {
	uint32_t at, label;
};

struct gen {
	const struct wr_cbpf *c;
	const struct wr_filter_target *t;
	struct bpf_insn *out;
	size_t n, cap;
	struct fix *fix;
	size_t n_fix, cap_fix;
	int32_t *place; /* by label: index in out, WANTED or UNUSED */
	uint32_t
		*proven; /* by classic instruction: bytes known to be there; for the current copy */
	uint32_t i;	 /* current classic instruction */
	enum copy copy;
	bool dead; /* control does not reach the next instruction by falling through */
	bool failed;
	struct wr_err *err;
};

enum { UNUSED = -1, WANTED = -2 };

/* Offsets within the per-hook context. */
struct hook {
	int16_t data, data_end;
	int32_t load_bytes;
};

static const struct hook hooks[] = {
	[false] = {offsetof(struct __sk_buff, data), offsetof(struct __sk_buff, data_end),
		   BPF_FUNC_skb_load_bytes},
	[true] = {offsetof(struct xdp_md, data), offsetof(struct xdp_md, data_end),
		  BPF_FUNC_xdp_load_bytes},
};

static uint32_t width(uint16_t size)
{
	return size == BPF_W ? 4 : size == BPF_H ? 2 : 1;
}

static bool is_tagged(const struct gen *g)
{
	return g->copy == NEAR_TAGGED || g->copy == FAR_TAGGED;
}

static bool is_far(const struct gen *g)
{
	return g->copy >= FAR;
}

/* Labels: one per copy and classic instruction, then these. */
static uint32_t label_match(const struct gen *g)
{
	return g->c->n * COPIES;
}

static uint32_t label_miss(const struct gen *g)
{
	return g->c->n * COPIES + 1;
}

static uint32_t label_tag(const struct gen *g)
{
	return g->c->n * COPIES + 2;
}

static uint32_t labels(const struct gen *g)
{
	return g->c->n * COPIES + 3;
}

static uint32_t label_insn(const struct gen *g, enum copy copy, uint32_t i)
{
	return copy * g->c->n + i;
}

/* Where a load goes whose bytes are not in the linear part. */
static uint32_t label_far(const struct gen *g)
{
	if (g->t->xdp && !g->t->load_bytes)
		return label_miss(g);
	return label_insn(g, is_tagged(g) ? FAR_TAGGED : FAR, g->i);
}

static bool grow(void **array, size_t *cap, size_t n, size_t size)
{
	size_t want = *cap ? *cap * 2 : 256;
	void *p;

	if (n < *cap)
		return true;
	p = reallocarray(*array, want, size);
	if (!p)
		return false;
	*array = p;
	*cap = want;
	return true;
}

static size_t emit(struct gen *g, struct bpf_insn in)
{
	if (g->failed || !grow((void **)&g->out, &g->cap, g->n, sizeof(*g->out))) {
		g->failed = true;
		return 0;
	}
	g->out[g->n] = in;
	return g->n++;
}

static void emit_to(struct gen *g, struct bpf_insn in, uint32_t label)
{
	size_t at = emit(g, in);

	if (g->failed || !grow((void **)&g->fix, &g->cap_fix, g->n_fix, sizeof(*g->fix))) {
		g->failed = true;
		return;
	}
	g->fix[g->n_fix++] = (struct fix){(uint32_t)at, label};
	if (g->place[label] == UNUSED)
		g->place[label] = WANTED;
}

/* Makes the jump at `at` lead to the next instruction. */
static void land(struct gen *g, size_t at)
{
	if (!g->failed)
		g->out[at].off = (int16_t)(g->n - at - 1);
}

/* The label of classic instruction i in the current copy; a return is where it returns to. */
static uint32_t target(const struct gen *g, uint32_t i)
{
	const struct wr_cbpf_insn *in = &g->c->insns[i];

	if (i >= g->c->n)
		return label_miss(g);
	if (in->code == (BPF_RET | BPF_K))
		return in->k ? label_match(g) : label_miss(g);
	return label_insn(g, g->copy, i);
}

static void emit_branch(struct gen *g, struct bpf_insn in, uint32_t to)
{
	emit_to(g, in, target(g, to));
	if (to < g->c->n && g->proven[g->i] < g->proven[to])
		g->proven[to] = g->proven[g->i];
}

static void to_host_order(struct gen *g, uint16_t size, int dst)
{
	if (size != BPF_B)
		emit(g, TO_BE(dst, (int32_t)width(size) * 8));
}

/* ---- near: direct access */

/* dst = bytes at r3, when they end before data_end. */
static void near_at_r3(struct gen *g, uint16_t size, int dst)
{
	emit(g, MOV64(R4, R3));
	emit(g, ADD64_K(R4, width(size)));
	emit_to(g, IF(BPF_JGT, R4, END), label_far(g));
	emit(g, LOAD(size, dst, R3, 0));
	to_host_order(g, size, dst);
}

static void near_abs(struct gen *g, uint16_t size, int dst, uint32_t k)
{
	uint32_t end = k + width(size);

	if (k > MAX_NEAR - 4) {
		emit_to(g, JUMP, label_far(g));
		g->dead = true;
		return;
	}
	if (g->proven[g->i] < end) {
		emit(g, MOV64(R2, DATA));
		emit(g, ADD64_K(R2, end));
		emit_to(g, IF(BPF_JGT, R2, END), label_far(g));
		g->proven[g->i] = end;
	}
	emit(g, LOAD(size, dst, DATA, (int16_t)k));
	to_host_order(g, size, dst);
}

/* What straddles the edges of the tag is rare enough to go far. */
static void near_tagged_abs(struct gen *g, uint16_t size, int dst, uint32_t k)
{
	uint32_t n = width(size);

	if (k >= TAG_END) {
		near_abs(g, size, dst, k - 4);
	} else if (k + n <= TAG_AT) {
		near_abs(g, size, dst, k);
	} else if (k >= TAG_AT && k % n == 0) {
		emit(g, LOAD(size, dst, FP, (int16_t)(TAG_OFF + (int)k - TAG_AT)));
		to_host_order(g, size, dst);
	} else {
		emit_to(g, JUMP, label_far(g));
		g->dead = true;
	}
}

/* r2 = X + k, an offset into the packet in memory, or far. */
static void near_tagged_offset(struct gen *g, uint32_t k, uint32_t n)
{
	size_t behind, before;

	emit(g, MOV64(R2, X));
	if (k >= TAG_END) {
		emit(g, ADD64_K(R2, k - 4));
		emit_to(g, IF_K(BPF_JGT, R2, MAX_NEAR), label_far(g));
		return;
	}
	emit(g, ADD64_K(R2, k));
	emit_to(g, IF_K(BPF_JGT, R2, MAX_NEAR), label_far(g));
	behind = emit(g, IF_K(BPF_JGE, R2, TAG_END));
	emit_to(g, IF_K(BPF_JGT, R2, TAG_AT - n), label_far(g));
	before = emit(g, JUMP);
	land(g, behind);
	emit(g, ADD64_K(R2, -4));
	land(g, before);
}

static void near_ind(struct gen *g, uint16_t size, int dst, uint32_t k)
{
	if (is_tagged(g)) {
		near_tagged_offset(g, k, width(size));
	} else {
		emit(g, MOV64(R2, X));
		emit(g, ADD64_K(R2, k));
		emit_to(g, IF_K(BPF_JGT, R2, MAX_NEAR), label_far(g));
	}
	emit(g, MOV64(R3, DATA));
	emit(g, ADD64(R3, R2));
	near_at_r3(g, size, dst);
}

/* ---- far: loads by helper */

/* n bytes at offset r2 go to BUF + at, or the packet is not chosen. */
static void far_copy(struct gen *g, uint32_t at, uint32_t n)
{
	if (!g->t->xdp) {
		/* Packets that end before are common, and the length is cheaper than the call. */
		emit(g, LOAD(BPF_W, R1, CTX, offsetof(struct __sk_buff, len)));
		emit(g, MOV64(R3, R2));
		emit(g, ADD64_K(R3, n));
		emit_to(g, IF(BPF_JGT, R3, R1), label_miss(g));
	}
	emit(g, MOV64(R1, CTX));
	emit(g, MOV64(R3, FP));
	emit(g, ADD64_K(R3, BUF_OFF + (int)at));
	emit(g, MOV32_K(R4, n));
	emit(g, CALL(hooks[g->t->xdp].load_bytes));
	emit_to(g, IF_K(BPF_JNE, R0, 0), label_miss(g));
}

static void far_take(struct gen *g, uint16_t size, int dst)
{
	emit(g, LOAD(size, dst, FP, BUF_OFF));
	to_host_order(g, size, dst);
}

/* Byte by byte: one of them at least is the tag's. */
static void far_tagged_straddle(struct gen *g, uint32_t k, uint32_t n)
{
	uint32_t j;

	for (j = 0; j < n; j++) {
		if (k + j >= TAG_AT && k + j < TAG_END) {
			emit(g, LOAD(BPF_B, R0, FP, (int16_t)(TAG_OFF + (int)(k + j) - TAG_AT)));
			emit(g, STORE(BPF_B, FP, (int16_t)(BUF_OFF + (int)j), R0));
			continue;
		}
		emit(g, MOV32_K(R2, k + j < TAG_AT ? k + j : k + j - 4));
		far_copy(g, j, 1);
	}
}

static void far_abs(struct gen *g, uint16_t size, int dst, uint32_t k)
{
	uint32_t n = width(size);

	if (k > MAX_FAR - 8) {
		emit_to(g, JUMP, label_miss(g));
		g->dead = true;
		return;
	}
	if (is_tagged(g) && k + n > TAG_AT && k < TAG_END) {
		far_tagged_straddle(g, k, n);
	} else {
		emit(g, MOV32_K(R2, is_tagged(g) && k >= TAG_END ? k - 4 : k));
		far_copy(g, 0, n);
	}
	far_take(g, size, dst);
}

/* One byte at OFF + j to BUF + j, from the tag or from the packet. The tag is shifted, not indexed:
 * before 5.12 the verifier knows no variable offsets into the stack. */
static void far_tagged_byte(struct gen *g, uint32_t j)
{
	size_t before, behind, done;

	emit(g, MOV64(R2, OFF));
	emit(g, ADD64_K(R2, j));
	before = emit(g, IF_K(BPF_JLT, R2, TAG_AT));
	behind = emit(g, IF_K(BPF_JGE, R2, TAG_END));
	emit(g, LOAD(BPF_W, R0, FP, TAG_OFF));
	emit(g, TO_BE(R0, 32));
	emit(g, MOV32_K(R1, TAG_END - 1));
	emit(g, SUB64(R1, R2));
	emit(g, ALU32_K(BPF_LSH, R1, 3));
	emit(g, ALU32(BPF_RSH, R0, R1));
	emit(g, STORE(BPF_B, FP, (int16_t)(BUF_OFF + (int)j), R0));
	done = emit(g, JUMP);
	land(g, behind);
	emit(g, ADD64_K(R2, -4));
	land(g, before);
	far_copy(g, j, 1);
	land(g, done);
}

static void far_tagged_ind(struct gen *g, uint32_t n)
{
	size_t behind, before, done;
	uint32_t j;

	behind = emit(g, IF_K(BPF_JGE, OFF, TAG_END));
	before = emit(g, IF_K(BPF_JLE, OFF, TAG_AT - n));
	for (j = 0; j < n; j++)
		far_tagged_byte(g, j);
	done = emit(g, JUMP);
	land(g, behind);
	emit(g, ADD64_K(OFF, -4));
	land(g, before);
	emit(g, MOV64(R2, OFF));
	far_copy(g, 0, n);
	land(g, done);
}

static void far_ind(struct gen *g, uint16_t size, int dst, uint32_t k)
{
	uint32_t n = width(size);

	emit(g, MOV64(OFF, X));
	emit(g, ADD64_K(OFF, k));
	emit_to(g, IF_K(BPF_JGT, OFF, MAX_FAR - 8), label_miss(g));
	if (is_tagged(g)) {
		far_tagged_ind(g, n);
	} else {
		emit(g, MOV64(R2, OFF));
		far_copy(g, 0, n);
	}
	far_take(g, size, dst);
}

/* ---- classic instructions, by class. They return false for what is not classic BPF. */

static void load_abs(struct gen *g, uint16_t size, int dst, uint32_t k)
{
	static void (*const by_copy[COPIES])(struct gen *, uint16_t, int, uint32_t) = {
		[NEAR] = near_abs,
		[NEAR_TAGGED] = near_tagged_abs,
		[FAR] = far_abs,
		[FAR_TAGGED] = far_abs,
	};

	by_copy[g->copy](g, size, dst, k);
}

static void load_ind(struct gen *g, uint16_t size, int dst, uint32_t k)
{
	if (k > MAX_FAR - 8) { /* X + k does not wrap: libpcap checks k alone first */
		emit_to(g, JUMP, label_miss(g));
		g->dead = true;
	} else if (is_far(g)) {
		far_ind(g, size, dst, k);
	} else {
		near_ind(g, size, dst, k);
	}
}

static void load_len(struct gen *g, int dst)
{
	if (!g->t->xdp) {
		emit(g, LOAD(BPF_W, dst, CTX, offsetof(struct __sk_buff, len)));
		if (is_tagged(g))
			emit(g, ALU32_K(BPF_ADD, dst, 4));
	} else if (g->t->load_bytes) {
		emit(g, MOV64(R1, CTX));
		emit(g, CALL(BPF_FUNC_xdp_get_buff_len));
		emit(g, MOV32(dst, R0));
		if (!is_far(g)) /* the call took r5 */
			emit(g, LOAD(BPF_W, END, CTX, offsetof(struct xdp_md, data_end)));
	} else {
		emit(g, MOV64(R0, END));
		emit(g, SUB64(R0, DATA));
		emit(g, MOV32(dst, R0));
	}
}

static void load_msh(struct gen *g, uint32_t k)
{
	load_abs(g, BPF_B, X, k);
	if (g->dead)
		return;
	emit(g, ALU32_K(BPF_AND, X, 0xf));
	emit(g, ALU32_K(BPF_LSH, X, 2));
}

static bool tr_load(struct gen *g, const struct wr_cbpf_insn *in)
{
	bool to_x = BPF_CLASS(in->code) == BPF_LDX;
	uint16_t size = BPF_SIZE(in->code), mode = BPF_MODE(in->code);
	int dst = to_x ? X : A;

	if (mode == BPF_IMM && size == BPF_W)
		emit(g, MOV32_K(dst, in->k));
	else if (mode == BPF_MEM && size == BPF_W && in->k < BPF_MEMWORDS)
		emit(g, LOAD(BPF_W, dst, FP, (int16_t)MEM_OFF(in->k)));
	else if (mode == BPF_LEN && size == BPF_W)
		load_len(g, dst);
	else if (mode == BPF_ABS && !to_x && size != BPF_DW)
		load_abs(g, size, A, in->k);
	else if (mode == BPF_IND && !to_x && size != BPF_DW)
		load_ind(g, size, A, in->k);
	else if (mode == BPF_MSH && to_x && size == BPF_B)
		load_msh(g, in->k);
	else
		return false;
	return true;
}

static bool tr_store(struct gen *g, const struct wr_cbpf_insn *in)
{
	if (in->k >= BPF_MEMWORDS || (in->code != BPF_ST && in->code != BPF_STX))
		return false;
	emit(g, STORE(BPF_W, FP, (int16_t)MEM_OFF(in->k), in->code == BPF_ST ? A : X));
	return true;
}

/* Shifts of 32 and more give 0 in libpcap; eBPF would use the count modulo 32. */
static void shift(struct gen *g, const struct wr_cbpf_insn *in)
{
	uint16_t op = BPF_OP(in->code);
	size_t small, done;

	if (BPF_SRC(in->code) == BPF_K) {
		emit(g, in->k < 32 ? ALU32_K(op, A, in->k) : MOV32_K(A, 0));
		return;
	}
	small = emit(g, IF_K(BPF_JLT, X, 32));
	emit(g, MOV32_K(A, 0));
	done = emit(g, JUMP);
	land(g, small);
	emit(g, ALU32(op, A, X));
	land(g, done);
}

/* Division by zero: the packet is not chosen; eBPF would go on with 0 or A. */
static void divide(struct gen *g, const struct wr_cbpf_insn *in)
{
	uint16_t op = BPF_OP(in->code);

	if (BPF_SRC(in->code) == BPF_X) {
		emit_to(g, IF_K(BPF_JEQ, X, 0), label_miss(g));
		emit(g, ALU32(op, A, X));
	} else if (in->k) {
		emit(g, ALU32_K(op, A, in->k));
	} else {
		emit_to(g, JUMP, label_miss(g));
		g->dead = true;
	}
}

static void arith(struct gen *g, const struct wr_cbpf_insn *in)
{
	uint16_t op = BPF_OP(in->code);

	emit(g, BPF_SRC(in->code) == BPF_X ? ALU32(op, A, X) : ALU32_K(op, A, in->k));
}

static void negate(struct gen *g, const struct wr_cbpf_insn *in)
{
	(void)in;
	emit(g, NEG32(A));
}

static bool tr_alu(struct gen *g, const struct wr_cbpf_insn *in)
{
	static void (*const by_op[16])(struct gen *, const struct wr_cbpf_insn *) = {
		[BPF_ADD >> 4] = arith,	 [BPF_SUB >> 4] = arith,  [BPF_MUL >> 4] = arith,
		[BPF_OR >> 4] = arith,	 [BPF_AND >> 4] = arith,  [BPF_XOR >> 4] = arith,
		[BPF_DIV >> 4] = divide, [BPF_MOD >> 4] = divide, [BPF_LSH >> 4] = shift,
		[BPF_RSH >> 4] = shift,	 [BPF_NEG >> 4] = negate,
	};

	if (!by_op[in->code >> 4])
		return false;
	by_op[in->code >> 4](g, in);
	return true;
}

/* A compared with K or X. Immediates of eBPF are sign extended, so large ones go through r1. */
static struct bpf_insn compare(struct gen *g, const struct wr_cbpf_insn *in, uint16_t op)
{
	if (BPF_SRC(in->code) == BPF_X)
		return IF(op, A, X);
	if (in->k <= INT32_MAX)
		return IF_K(op, A, in->k);
	emit(g, MOV32_K(R1, in->k));
	return IF(op, A, R1);
}

static void jump_if(struct gen *g, const struct wr_cbpf_insn *in)
{
	static const uint8_t inverse[16] = {
		[BPF_JEQ >> 4] = BPF_JNE, [BPF_JGT >> 4] = BPF_JLE, [BPF_JGE >> 4] = BPF_JLT};
	uint16_t op = BPF_OP(in->code);
	uint32_t next = g->i + 1, yes = next + in->jt, no = next + in->jf;

	if (yes == no) {
		emit_branch(g, JUMP, yes);
		g->dead = true;
	} else if (no == next) {
		emit_branch(g, compare(g, in, op), yes);
	} else if (yes == next && inverse[op >> 4]) {
		emit_branch(g, compare(g, in, inverse[op >> 4]), no);
	} else {
		emit_branch(g, compare(g, in, op), yes);
		emit_branch(g, JUMP, no);
		g->dead = true;
	}
}

static bool tr_jump(struct gen *g, const struct wr_cbpf_insn *in)
{
	uint16_t op = BPF_OP(in->code);

	if (in->code == (BPF_JMP | BPF_JA)) {
		emit_branch(g, JUMP, g->i + 1 + in->k);
		g->dead = true;
		return true;
	}
	if (op != BPF_JEQ && op != BPF_JGT && op != BPF_JGE && op != BPF_JSET)
		return false;
	jump_if(g, in);
	return true;
}

static bool tr_return(struct gen *g, const struct wr_cbpf_insn *in)
{
	if (in->code == (BPF_RET | BPF_A)) {
		emit_to(g, IF_K(BPF_JNE, A, 0), label_match(g));
		emit_to(g, JUMP, label_miss(g));
	} else if (in->code == (BPF_RET | BPF_K)) {
		emit_to(g, JUMP, target(g, g->i));
	} else {
		return false;
	}
	g->dead = true;
	return true;
}

static bool tr_misc(struct gen *g, const struct wr_cbpf_insn *in)
{
	if (in->code == (BPF_MISC | BPF_TAX))
		emit(g, MOV32(X, A));
	else if (in->code == (BPF_MISC | BPF_TXA))
		emit(g, MOV32(A, X));
	else
		return false;
	return true;
}

static int translate_insn(struct gen *g)
{
	static bool (*const by_class[8])(struct gen *, const struct wr_cbpf_insn *) = {
		[BPF_LD] = tr_load,    [BPF_LDX] = tr_load,  [BPF_ST] = tr_store,
		[BPF_STX] = tr_store,  [BPF_ALU] = tr_alu,   [BPF_JMP] = tr_jump,
		[BPF_RET] = tr_return, [BPF_MISC] = tr_misc,
	};
	const struct wr_cbpf_insn *in = &g->c->insns[g->i];

	if (in->code <= 0xff && by_class[BPF_CLASS(in->code)](g, in))
		return 0;
	return wr_fail(g->err, EINVAL,
		       "filter '%.200s': instruction %u (code 0x%x, k 0x%x) is not classic BPF",
		       g->c->expr, g->i, in->code, in->k);
}

/* ---- the program */

/* Jumps forward and inside, so that one pass does and every program ends. */
static int check_jumps(const struct wr_cbpf *c, struct wr_err *err)
{
	uint32_t i, far;

	for (i = 0; i < c->n; i++) {
		const struct wr_cbpf_insn *in = &c->insns[i];

		if (BPF_CLASS(in->code) != BPF_JMP)
			continue;
		far = in->jt > in->jf ? in->jt : in->jf;
		if (BPF_OP(in->code) == BPF_JA)
			far = in->k;
		if (far > INT32_MAX)
			return wr_fail(
				err, ENOTSUP,
				"filter '%.200s' loops over a chain of headers (protochain); the "
				"kernel takes no loop, so leave protochain out or filter outside "
				"the kernel",
				c->expr);
		if (far >= c->n - i - 1)
			return wr_fail(err, EINVAL,
				       "filter '%.200s': instruction %u jumps out of the program",
				       c->expr, i);
	}
	return 0;
}

static bool wants(const struct gen *g, uint32_t label)
{
	return g->place[label] == WANTED;
}

static void place(struct gen *g, uint32_t label)
{
	g->place[label] = (int32_t)g->n;
	g->dead = false;
}

/* One copy; only what control can reach, because the verifier refuses the rest. */
static int translate_copy(struct gen *g, enum copy copy)
{
	uint32_t i, bytes;
	int rc = 0;

	g->copy = copy;
	g->dead = true;
	for (i = 0; i < g->c->n; i++)
		g->proven[i] = i ? UINT32_MAX : 0;
	for (i = 0; i < g->c->n && !rc; i++) {
		if (wants(g, label_insn(g, copy, i)))
			place(g, label_insn(g, copy, i));
		else if (g->dead)
			continue;
		g->i = i;
		rc = translate_insn(g);
		bytes = g->proven[i];
		if (!rc && !g->dead && i + 1 < g->c->n && bytes < g->proven[i + 1])
			g->proven[i + 1] = bytes;
	}
	if (!rc && !g->dead)
		emit_to(g, JUMP, label_miss(g));
	g->dead = true;
	return rc;
}

/* libpcap never reads scratch memory that it did not write, but the verifier must believe that. */
static void clear_mem(struct gen *g)
{
	const struct wr_cbpf_insn *in;
	uint32_t used = 0, i;

	for (i = 0; i < g->c->n; i++) {
		in = &g->c->insns[i];
		if (BPF_CLASS(in->code) <= BPF_LDX && BPF_MODE(in->code) == BPF_MEM &&
		    in->k < BPF_MEMWORDS)
			used |= 1u << in->k;
	}
	for (i = 0; i < BPF_MEMWORDS; i++)
		if (used & (1u << i))
			emit(g, STORE_K(BPF_W, FP, (int16_t)MEM_OFF(i), 0));
}

static void emit_entry(struct gen *g)
{
	const struct hook *h = &hooks[g->t->xdp];
	enum copy first = g->c->far ? FAR : NEAR;

	emit(g, MOV64(CTX, R1));
	emit(g, LOAD(BPF_W, DATA, CTX, h->data));
	emit(g, LOAD(BPF_W, END, CTX, h->data_end));
	emit(g, MOV32_K(A, 0));
	emit(g, MOV32_K(X, 0));
	clear_mem(g);
	if (!g->t->xdp && g->c->linktype == ETHERNET) {
		emit(g, LOAD(BPF_W, R1, CTX, offsetof(struct __sk_buff, vlan_present)));
		emit_to(g, IF_K(BPF_JNE, R1, 0), label_tag(g));
	}
	emit_to(g, JUMP, label_insn(g, first, 0));
}

/* The four bytes of the tag as they were in the frame. */
static void emit_tag(struct gen *g)
{
	if (!wants(g, label_tag(g)))
		return;
	place(g, label_tag(g));
	emit(g, LOAD(BPF_W, R1, CTX, offsetof(struct __sk_buff, vlan_proto))); /* network order */
	emit(g, STORE(BPF_H, FP, TAG_OFF, R1));
	emit(g, LOAD(BPF_W, R1, CTX, offsetof(struct __sk_buff, vlan_tci)));
	emit(g, TO_BE(R1, 16));
	emit(g, STORE(BPF_H, FP, TAG_OFF + 2, R1));
	emit_to(g, JUMP, label_insn(g, g->c->far ? FAR_TAGGED : NEAR_TAGGED, 0));
}

static void emit_go(struct gen *g, uint32_t slot)
{
	emit(g, MOV64(R1, CTX));
	emit(g, INSN(BPF_LD | BPF_DW | BPF_IMM, R2, BPF_PSEUDO_MAP_FD, 0, g->t->slots_fd));
	emit(g, INSN(0, 0, 0, 0, 0));
	emit(g, MOV32_K(R3, slot));
	emit(g, CALL(BPF_FUNC_tail_call));
}

static void emit_ends(struct gen *g)
{
	if (wants(g, label_match(g)) && g->t->answers) {
		place(g, label_match(g));
		emit(g, MOV32_K(R0, 1));
		emit(g, EXIT);
	} else if (wants(g, label_match(g))) {
		place(g, label_match(g));
		emit_go(g, g->t->match_slot);
	}
	place(g, label_miss(g)); /* also where an empty slot falls through to */
	if (!g->t->answers && g->t->miss_slot)
		emit_go(g, g->t->miss_slot);
	emit(g, MOV32_K(R0, g->t->answers ? 0 : g->t->miss));
	emit(g, EXIT);
}

static int resolve(struct gen *g)
{
	size_t i;

	for (i = 0; i < g->n_fix; i++) {
		int64_t off = (int64_t)g->place[g->fix[i].label] - g->fix[i].at - 1;

		if (off > INT16_MAX || off < INT16_MIN)
			return wr_fail(
				g->err, E2BIG,
				"filter '%.200s' is too long for the kernel (%u classic "
				"instructions); shorten it, for instance with nets in place of "
				"hosts, or filter outside the kernel",
				g->c->expr, g->c->n);
		g->out[g->fix[i].at].off = (int16_t)off;
	}
	return 0;
}

static int generate(struct gen *g)
{
	int rc;

	emit_entry(g);
	rc = translate_copy(g, NEAR);
	emit_tag(g);
	rc = rc ? rc : translate_copy(g, NEAR_TAGGED);
	rc = rc ? rc : translate_copy(g, FAR);
	rc = rc ? rc : translate_copy(g, FAR_TAGGED);
	if (rc)
		return rc;
	emit_ends(g);
	if (g->failed)
		return wr_fail(g->err, ENOMEM, "filter '%.200s': out of memory", g->c->expr);
	return resolve(g);
}

int wr_cbpf_translate(const struct wr_cbpf *c, const struct wr_filter_target *t,
		      struct bpf_insn **insns, size_t *n, struct wr_err *err)
{
	struct gen g = {.c = c, .t = t, .err = err};
	uint32_t i;
	int rc;

	*insns = NULL;
	*n = 0;
	if (!c->n || c->n > MAX_CLASSIC)
		return wr_fail(
			err, E2BIG,
			"filter '%.200s' has %u classic instructions; the kernel takes 1 to %d",
			c->expr, c->n, MAX_CLASSIC);
	rc = check_jumps(c, err);
	if (rc)
		return rc;
	g.place = calloc(labels(&g), sizeof(*g.place));
	g.proven = calloc(c->n, sizeof(*g.proven));
	for (i = 0; g.place && i < labels(&g); i++)
		g.place[i] = UNUSED;
	rc = g.place && g.proven ? generate(&g)
				 : wr_fail(err, ENOMEM, "filter '%.200s': out of memory", c->expr);
	free(g.place);
	free(g.proven);
	free(g.fix);
	if (rc) {
		free(g.out);
		return rc;
	}
	*insns = g.out;
	*n = g.n;
	return 0;
}

int wr_filter_translate(const struct wr_filter *f, const struct wr_filter_target *t,
			struct bpf_insn **insns, size_t *n, struct wr_err *err)
{
	struct wr_cbpf c = wr_filter_code(f);

	return wr_cbpf_translate(&c, t, insns, n, err);
}
