/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_CONTROL_IFACE_H
#define WR_CONTROL_IFACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* What the system says of a network interface. */
struct wr_iface {
	char name[16];
	int index;
	uint32_t mtu;
	int linktype;	 /* DLT that XDP and TC see: Ethernet or raw IP; -1 = neither */
	uint8_t mac[6];	 /* 0: it has none */
	char driver[32]; /* "" when it has none, as lo */
	bool up;
	bool vlan_strip; /* the device takes VLAN tags off before XDP sees the frame */
	bool gro;
};

/* -ENODEV: there is none of that name (err says which there are). */
int wr_iface_get(struct wr_iface *out, const char *name, struct wr_err *err);

/* Name of the interface of the default route (IPv4, else IPv6). -ENOENT when there is none. */
int wr_iface_default(char name[16], struct wr_err *err);

/* Packets that the interface has received by its own count (rtnl statistics). Returns 0 or -errno.
 */
int wr_iface_rx_packets(const char *name, uint64_t *packets, uint64_t *bytes);

/* Enters a network namespace by name (/run/netns) or path. */
int wr_netns_enter(const char *name, struct wr_err *err);

#endif
