/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/proto.h"

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif

enum { BLOCK = 1 << 18, HEADROOM = 16, BLOCK_MS = 10 };

struct wr_socket {
	int fd;
	char iface[16];
	int ifindex;
	uint32_t linktype;
	uint8_t *ring;
	uint32_t blocks, block; /* how many, which is next */
	struct wr_filter *filter;
	uint64_t since_ns;
	uint64_t arrived, dropped; /* by the kernel's count */
	struct wr_count taken, matched;
};

static int refuse(struct wr_socket *s, const char *what, int e, struct wr_err *err)
{
	wr_socket_close(&s);
	if (e == EPERM || e == EACCES)
		return wr_fail(err, EPERM, "a packet socket needs CAP_NET_RAW: run as root");
	return wr_fail(err, e, "packet socket: %s: %s", what, strerror(e));
}

static int set_ring(struct wr_socket *s, uint32_t bytes)
{
	int version = TPACKET_V3;
	struct tpacket_req3 req = {
		.tp_block_size = BLOCK,
		.tp_block_nr = bytes / BLOCK ? bytes / BLOCK : 1,
		.tp_frame_size = 2048,
		.tp_retire_blk_tov = BLOCK_MS,
	};
	int room = HEADROOM;

	req.tp_frame_nr = req.tp_block_size / req.tp_frame_size * req.tp_block_nr;
	if (setsockopt(s->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) ||
	    setsockopt(s->fd, SOL_PACKET, PACKET_RESERVE, &room, sizeof(room)) ||
	    setsockopt(s->fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)))
		return errno;
	s->blocks = req.tp_block_nr;
	s->ring =
		mmap(NULL, (size_t)BLOCK * s->blocks, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);
	if (s->ring == MAP_FAILED) {
		s->ring = NULL;
		return errno;
	}
	return 0;
}

/* Bound last: before that no packet comes in, so the count begins at the first packet that can be
 * read. */
static int bind_to(struct wr_socket *s, int ifindex)
{
	struct sockaddr_ll ll = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = ifindex,
	};
	int one = 1;

	setsockopt(s->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one));
	return bind(s->fd, (struct sockaddr *)&ll, sizeof(ll)) ? errno : 0;
}

int wr_socket_open(struct wr_socket **out, const struct wr_socket_conf *conf, struct wr_err *err)
{
	struct wr_socket *s = calloc(1, sizeof(*s));
	struct timespec now;
	int e;

	if (!s)
		return wr_fail(err, ENOMEM, "out of memory");
	s->fd = -1;
	e = wr_filter_open(&s->filter, conf->filter, (int)conf->linktype, err);
	if (e) {
		wr_socket_close(&s);
		return e;
	}
	snprintf(s->iface, sizeof(s->iface), "%s", conf->iface);
	s->ifindex = conf->ifindex;
	s->linktype = conf->linktype;
	s->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (s->fd < 0)
		return refuse(s, "socket", errno, err);
	e = set_ring(s, conf->ring_bytes);
	if (e)
		return refuse(s, "ring", e, err);
	clock_gettime(CLOCK_REALTIME, &now);
	s->since_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	e = bind_to(s, conf->ifindex);
	if (e)
		return refuse(s, conf->iface, e, err);
	*out = s;
	return 0;
}

void wr_socket_close(struct wr_socket **sock)
{
	struct wr_socket *s = *sock;

	if (!s)
		return;
	if (s->ring)
		munmap(s->ring, (size_t)BLOCK * s->blocks);
	if (s->fd >= 0)
		close(s->fd);
	wr_filter_close(&s->filter);
	free(s);
	*sock = NULL;
}

/* The kernel keeps the tag beside the frame. There is room in front of it: the addresses move
 * there. */
static uint8_t *with_tag(const struct tpacket3_hdr *h, uint8_t *frame, uint32_t *cap, uint32_t *len)
{
	uint32_t tpid = h->tp_status & TP_STATUS_VLAN_TPID_VALID ? h->hv1.tp_vlan_tpid : WR_ET_VLAN;

	if (!(h->tp_status & TP_STATUS_VLAN_VALID) || *cap < 12)
		return frame;
	memmove(frame - 4, frame, 12);
	frame[8] = (uint8_t)(tpid >> 8);
	frame[9] = (uint8_t)tpid;
	frame[10] = (uint8_t)(h->hv1.tp_vlan_tci >> 8);
	frame[11] = (uint8_t)h->hv1.tp_vlan_tci;
	*cap += 4;
	*len += 4;
	return frame - 4;
}

static void take(struct wr_socket *s, struct tpacket3_hdr *h, wr_packet_fn fn, void *ctx)
{
	uint32_t cap = h->tp_snaplen, len = h->tp_len;
	uint8_t *frame = with_tag(h, (uint8_t *)h + h->tp_mac, &cap, &len);
	struct wr_packet pkt = {
		.ts_ns = (uint64_t)h->tp_sec * 1000000000u + h->tp_nsec,
		.data = frame,
		.caplen = cap,
		.len = len,
		.linktype = (uint16_t)s->linktype,
		.hook = WR_HOOK_PACKET,
		.iface = s->iface,
	};

	s->taken.packets++;
	s->taken.bytes += len;
	if (!wr_filter_match(s->filter, frame, cap, len))
		return;
	s->matched.packets++;
	s->matched.bytes += len;
	if (fn)
		fn(ctx, &pkt);
}

static int take_block(struct wr_socket *s, struct tpacket_block_desc *b, wr_packet_fn fn, void *ctx)
{
	uint8_t *at = (uint8_t *)b + b->hdr.bh1.offset_to_first_pkt;
	uint32_t n = b->hdr.bh1.num_pkts;

	for (uint32_t i = 0; i < n; i++) {
		struct tpacket3_hdr *h = (void *)at;

		take(s, h, fn, ctx);
		at += h->tp_next_offset;
	}
	__atomic_store_n(&b->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
	return (int)n;
}

int wr_socket_read(struct wr_socket *s, wr_packet_fn fn, void *ctx, int max)
{
	int n = 0;

	while (n < max) {
		struct tpacket_block_desc *b = (void *)(s->ring + (size_t)BLOCK * s->block);
		uint32_t status = __atomic_load_n(&b->hdr.bh1.block_status, __ATOMIC_ACQUIRE);

		if (!(status & TP_STATUS_USER))
			break;
		n += take_block(s, b, fn, ctx);
		s->block = (s->block + 1) % s->blocks;
	}
	return n;
}

/* The kernel's counters begin anew with each reading. */
static void count(struct wr_socket *s)
{
	struct tpacket_stats_v3 st = {0};
	socklen_t n = sizeof(st);

	if (getsockopt(s->fd, SOL_PACKET, PACKET_STATISTICS, &st, &n))
		return;
	s->arrived += st.tp_packets;
	s->dropped += st.tp_drops;
}

void wr_socket_ledger(struct wr_socket *s, struct wr_ledger *out)
{
	memset(out, 0, sizeof(*out));
	count(s);
	memcpy(out->iface, s->iface, sizeof(out->iface));
	out->hook = WR_HOOK_PACKET;
	out->since_ns = s->since_ns;
	out->arrived.packets = s->arrived;
	out->arrived.bytes = s->taken.bytes;
	out->passed = out->arrived;
	out->matched = s->matched;
	out->seen = s->matched.packets;
	out->lost[WR_LOST_RING_FULL] = s->dropped;
	out->made = out->seen + s->dropped;
	out->waiting = s->arrived - s->dropped - s->taken.packets;
	out->balanced = s->arrived >= s->dropped + s->taken.packets;
}

void wr_socket_detach(struct wr_socket *s)
{
	struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog f = {.len = 1, .filter = &nothing};

	/* A filter, for there is no unbinding: protocol 0 means the old one before Linux 6.6, and
	 * interface 0 all of them. The block that is being filled is handed over by its timer. */
	setsockopt(s->fd, SOL_SOCKET, SO_ATTACH_FILTER, &f, sizeof(f));
}

bool wr_socket_attached(const struct wr_socket *s)
{
	struct sockaddr_ll ll = {0};
	socklen_t n = sizeof(ll);

	return !getsockname(s->fd, (struct sockaddr *)&ll, &n) && ll.sll_ifindex == s->ifindex;
}

int wr_socket_fd(const struct wr_socket *s)
{
	return s->fd;
}
