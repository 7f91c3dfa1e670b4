/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_CAPTURE_FILTER_IMPL_H
#define WR_CAPTURE_FILTER_IMPL_H

#include "capture/filter.h"

/*
 * Private to filter.c (libpcap), filter_bpf.c (eBPF) and their tests. The two libraries both call
 * their instruction `struct bpf_insn`, so no file can include both; this is the classic one under
 * a name of our own.
 */
struct wr_cbpf_insn {
	uint16_t code;
	uint8_t jt, jf;
	uint32_t k;
};

struct wr_cbpf {
	const struct wr_cbpf_insn *insns; /* borrowed */
	uint32_t n;
	int linktype;	  /* DLT number */
	const char *expr; /* borrowed; for error texts */
	bool far;	  /* tests: use only the loads meant for bytes beyond the linear part */
};

/* The classic program of a filter; valid as long as the filter. f == NULL gives "choose all". */
struct wr_cbpf wr_filter_code(const struct wr_filter *f);

/* libpcap's interpreter. */
bool wr_cbpf_match(const struct wr_cbpf *c, const uint8_t *data, uint32_t caplen, uint32_t len);

/* As wr_filter_translate. -ENOTSUP: the program has a loop. -E2BIG: too long for eBPF's jumps.
 * -EINVAL: not a classic BPF program. -ENOMEM. */
int wr_cbpf_translate(const struct wr_cbpf *c, const struct wr_filter_target *t,
		      struct bpf_insn **insns, size_t *n, struct wr_err *err);

#endif
