/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_CONTROL_INSN_H
#define WR_CONTROL_INSN_H

#include <linux/bpf.h>

/* Instructions of the small programs that are written here, one by one. Private to control's .c
 * files, hence short names. d: destination register, s: source, o: offset, i, k: immediate. */
enum { R0, R1, R2, R3, R6 = 6, R7, R8 };
#define INSN(c, d, s, o, i) \
	((struct bpf_insn){.code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i)})
#define MOV(d, s) INSN(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define MOV_K(d, k) INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, k)
#define ALU_K(op, d, k) INSN(BPF_ALU64 | (op) | BPF_K, d, 0, 0, k)
#define CALL(f) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, f)
#define GO(o) INSN(BPF_JMP | BPF_JA, 0, 0, o, 0)

#endif
