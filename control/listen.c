/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/proto.h"

enum {
	TCP_LISTEN_STATE = 10,
	TCP_CLOSE_STATE = 7
}; /* net/tcp_states.h; UDP not connected: CLOSE */

struct list {
	struct wr_listener *out;
	int n, max;
	unsigned int ephemeral_low, ephemeral_high;
};

static void ask_ephemeral(struct list *l)
{
	FILE *f = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");

	if (!f || fscanf(f, "%u %u", &l->ephemeral_low, &l->ephemeral_high) != 2)
		l->ephemeral_low = 32768, l->ephemeral_high = 60999;
	if (f)
		fclose(f);
}

static void add(struct list *l, const struct inet_diag_msg *m, int proto)
{
	static const uint8_t any[16], mapped[12] = {[10] = 0xff, [11] = 0xff};
	const uint8_t *addr = (const uint8_t *)m->id.idiag_src;
	unsigned int port = ntohs(m->id.idiag_sport);
	struct wr_listener s = {.port = (uint16_t)port, .proto = (uint8_t)proto};

	if (!port || (proto == WR_IP_UDP && port >= l->ephemeral_low && port <= l->ephemeral_high))
		return;
	if (m->idiag_family == AF_INET) {
		s.ip_v = 4;
		memcpy(s.addr, addr, 4);
	} else if (!memcmp(addr, mapped, 12)) {
		s.ip_v = 4;
		memcpy(s.addr, addr + 12, 4);
	} else {
		s.ip_v = 6;
		memcpy(s.addr, addr, 16);
	}
	/* Whether an IPv6 socket takes IPv4 too is told only to its owner: taken for granted. */
	if (!memcmp(s.addr, any, 16))
		s.ip_v = m->idiag_family == AF_INET ? 4 : 0;
	if (l->n < l->max)
		l->out[l->n] = s;
	l->n++;
}

/* One dump: a family and a protocol. */
static int dump(struct list *l, int fd, int family, int proto)
{
	struct {
		struct nlmsghdr h;
		struct inet_diag_req_v2 r;
	} ask = {
		.h = {.nlmsg_len = sizeof(ask),
		      .nlmsg_type = SOCK_DIAG_BY_FAMILY,
		      .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.r = {.sdiag_family = (uint8_t)family,
		      .sdiag_protocol = (uint8_t)proto,
		      .idiag_states = 1u
				      << (proto == WR_IP_TCP ? TCP_LISTEN_STATE : TCP_CLOSE_STATE)},
	};
	_Alignas(struct nlmsghdr) char answer[32768];
	ssize_t n;

	if (send(fd, &ask, sizeof(ask), 0) < 0)
		return -errno;
	while ((n = recv(fd, answer, sizeof(answer), 0)) > 0) {
		size_t left = (size_t)n;

		for (struct nlmsghdr *h = (void *)answer; NLMSG_OK(h, left);
		     h = NLMSG_NEXT(h, left)) {
			if (h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR)
				return 0; /* an error: this kernel has no such dump */
			add(l, NLMSG_DATA(h), proto);
		}
	}
	return n < 0 ? -errno : 0;
}

int wr_listeners(struct wr_listener *out, int max, struct wr_err *err)
{
	static const int families[] = {AF_INET, AF_INET6}, protos[] = {WR_IP_TCP, WR_IP_UDP};
	struct list l = {.out = out, .max = max};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG), ret = 0;

	if (fd < 0)
		return wr_fail(err, errno, "asking for listening sockets: %s", strerror(errno));
	ask_ephemeral(&l);
	for (int i = 0; !ret && i < 4; i++)
		ret = dump(&l, fd, families[i / 2], protos[i % 2]);
	close(fd);
	if (ret)
		return wr_fail(err, -ret, "asking for listening sockets: %s", strerror(-ret));
	return l.n;
}
