/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_CAPTURE_SOCKET_H
#define WR_CAPTURE_SOCKET_H

#include "capture/capture.h"
#include "capture/filter.h"

/*
 * The packet socket (packet(7), TPACKET_V3): for kernels and users that are not allowed BPF. It
 * sees what TC sees; the filter runs here on the host, on the frame with its VLAN tag put back. Its
 * arrived count is the kernel's own; bytes are known of the packets that were read.
 */
struct wr_socket;

struct wr_socket_conf {
	const char *iface;
	int ifindex;
	uint32_t linktype; /* DLT of its frames */
	uint32_t ring_bytes;
	const char *filter; /* expression or NULL */
};

int wr_socket_open(struct wr_socket **out, const struct wr_socket_conf *conf, struct wr_err *err);
void wr_socket_close(struct wr_socket **s); /* NULL is fine */

/* Hands out what is there, about max packets (a block is never left half read). Returns how many
 * were read, chosen or not; -ENETDOWN: the interface has gone. */
int wr_socket_read(struct wr_socket *s, wr_packet_fn fn, void *ctx, int max);
void wr_socket_ledger(struct wr_socket *s, struct wr_ledger *out);

/* No more packets come in; what is in the ring stays to be read. */
void wr_socket_detach(struct wr_socket *s);
/* Is it bound to its interface still? Not when that went, even if another one has its name and
 * number now. */
bool wr_socket_attached(const struct wr_socket *s);
int wr_socket_fd(const struct wr_socket *s);

#endif
