/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_CONTROL_SELFTEST_FRAME_H
#define WR_CONTROL_SELFTEST_FRAME_H

#include <stdint.h>

/* Frames made from a number: what a network carries (Ethernet, VLAN, IPv4 and IPv6 with options and
 * extensions, TCP, UDP, ICMP, fragments, tunnels, ARP), and the same cut short and with bytes that
 * are wrong. The same number makes the same frame. */
enum { WR_FRAME_MOST = 320, WR_FRAME_LEAST = 54 };

struct wr_frame {
	uint8_t at[WR_FRAME_MOST];
	uint32_t n;
	uint64_t state;
};

void wr_frame_make(struct wr_frame *f, uint32_t number);

#endif
