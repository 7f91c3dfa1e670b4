/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_CAPTURE_FILTER_H
#define WR_CAPTURE_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * pcap-filter expressions (pcap-filter(7)): compiled by libpcap to classic BPF, run on the host by
 * libpcap's interpreter, and in the kernel as eBPF translated from the same classic program, so
 * that both choose the same packets.
 */

struct wr_filter; /* a compiled expression; owned by the caller */

/* linktype: DLT number. NULL or blank expression: *out = NULL, every packet is chosen.
 * -EINVAL: the expression is wrong, or asks for what is not in the packet (inbound); err quotes
 * libpcap's reason and the expression. libpcap's optimiser takes seconds for more than 400 hosts:
 * keep it off the path of packets. -ENOMEM. */
int wr_filter_open(struct wr_filter **out, const char *expr, int linktype, struct wr_err *err);
void wr_filter_close(struct wr_filter **f); /* NULL is fine; sets NULL */

/* Is the packet chosen? data: from the link header on; len: bytes on the wire. f == NULL chooses
 * all. Safe from several threads at once. */
bool wr_filter_match(const struct wr_filter *f, const uint8_t *data, uint32_t caplen, uint32_t len);

struct wr_filter_target {
	bool xdp;	 /* XDP program, else TC (sched_cls) */
	bool load_bytes; /* XDP only: bpf_xdp_load_bytes and bpf_xdp_get_buff_len exist (5.18) */
	int slots_fd;	 /* program array */
	uint32_t match_slot; /* tail call there when chosen */
	uint32_t miss_slot;  /* and there when not; 0: nowhere */
	int32_t miss;	     /* return value when not chosen, or when the slot is empty */
	bool answers;	     /* a function of a program: returns 1 or 0, and goes nowhere */
};

struct bpf_insn; /* linux/bpf.h */

/*
 * Translates to a whole eBPF program, to be loaded under a GPL compatible licence. *insns is
 * allocated, owned by the caller (free). f == NULL: a program that chooses every packet. On TC an
 * Ethernet filter sees the packet with the VLAN tag that the driver took off put back in, and its
 * len counts the tag. -ENOTSUP: the filter loops (protochain); -E2BIG: too long; then filter on the
 * host.
 */
int wr_filter_translate(const struct wr_filter *f, const struct wr_filter_target *t,
			struct bpf_insn **insns, size_t *n, struct wr_err *err);

#endif
