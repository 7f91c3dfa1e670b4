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

/* IPv4 mapped into IPv6 is IPv4. Returns the version. */
static uint8_t take_addr(uint8_t to[16], int family, const void *from)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (family == AF_INET) {
		memcpy(to, from, 4);
		return 4;
	}
	if (!memcmp(from, mapped, 12)) {
		memcpy(to, (const uint8_t *)from + 12, 4);
		return 4;
	}
	memcpy(to, from, 16);
	return 6;
}

static void add(void *ctx, const struct inet_diag_msg *m, int proto)
{
	static const uint8_t any[16];
	struct list *l = ctx;
	unsigned int port = ntohs(m->id.idiag_sport);
	struct wr_listener s = {.port = (uint16_t)port, .proto = (uint8_t)proto};

	if (!port || (proto == WR_IP_UDP && port >= l->ephemeral_low && port <= l->ephemeral_high))
		return;
	s.ip_v = take_addr(s.addr, m->idiag_family, m->id.idiag_src);
	/* Whether an IPv6 socket takes IPv4 too is told only to its owner: taken for granted. */
	if (!memcmp(s.addr, any, 16))
		s.ip_v = m->idiag_family == AF_INET ? 4 : 0;
	if (l->n < l->max)
		l->out[l->n] = s;
	l->n++;
}

/* One dump: a family, a protocol, states. */
static int dump(int fd, int family, int proto, uint32_t states,
		void (*fn)(void *ctx, const struct inet_diag_msg *m, int proto), void *ctx)
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
		      .idiag_states = states},
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
			fn(ctx, NLMSG_DATA(h), proto);
		}
	}
	return n < 0 ? -errno : 0;
}

int wr_listeners(struct wr_listener *out, int max, struct wr_err *err)
{
	static const int families[] = {AF_INET, AF_INET6}, protos[] = {WR_IP_TCP, WR_IP_UDP};
	static const uint32_t states[] = {1u << TCP_LISTEN_STATE, 1u << TCP_CLOSE_STATE};
	struct list l = {.out = out, .max = max};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG), ret = 0;

	if (fd < 0)
		return wr_fail(err, errno, "asking for listening sockets: %s", strerror(errno));
	ask_ephemeral(&l);
	for (int i = 0; !ret && i < 4; i++)
		ret = dump(fd, families[i / 2], protos[i % 2], states[i % 2], add, &l);
	close(fd);
	if (ret)
		return wr_fail(err, -ret, "asking for listening sockets: %s", strerror(-ret));
	return l.n;
}

struct connections {
	void (*fn)(void *ctx, const struct wr_connection *c);
	void *ctx;
};

static void add_connection(void *ctx, const struct inet_diag_msg *m, int proto)
{
	struct connections *to = ctx;
	struct wr_connection c = {
		.port = ntohs(m->id.idiag_dport),
		.own_port = ntohs(m->id.idiag_sport),
	};

	(void)proto;
	c.ip_v = take_addr(c.addr, m->idiag_family, m->id.idiag_dst);
	take_addr(c.own, m->idiag_family, m->id.idiag_src);
	to->fn(to->ctx, &c);
}

int wr_connections(uint32_t states, void (*fn)(void *ctx, const struct wr_connection *c), void *ctx)
{
	struct connections to = {fn, ctx};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG), ret;

	if (fd < 0)
		return -errno;
	ret = dump(fd, AF_INET, WR_IP_TCP, states, add_connection, &to);
	if (!ret)
		ret = dump(fd, AF_INET6, WR_IP_TCP, states, add_connection, &to);
	close(fd);
	return ret;
}
