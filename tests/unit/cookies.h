/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_TESTS_COOKIES_H
#define WR_TESTS_COOKIES_H

/*
 * A service that listens on lo of a network namespace of its own, and frames for it: what the
 * programs find when they look for a socket while BPF_PROG_TEST_RUN puts packets in.
 */
#include <fcntl.h>
#include <linux/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "tests/unit/judge.h"

enum {
	PORT = 8080,
	FROM = 40000,
	SEQ = 0xfffffffe, /* it goes round with the next one */
	MOST = 256,
	ANSWERED_XDP = XDP_TX,
	ANSWERED_TC = 7, /* TC_ACT_REDIRECT */
};

/* lo's own address is all 0, and this is what the frames are sent to. */
static const uint8_t client_mac[6] = {2, 0, 0, 0, 0, 9};
static const uint8_t mss_option[] = {2, 4, 5, 180}; /* 1460 */
static const uint8_t linux_options[] = {2, 4, 5, 180, 4, 2, 8, 10, 0, 0,
					0, 1, 0, 0,   0, 0, 1, 3,  3, 7};

struct syn {
	int ip_v, vlans;
	uint8_t flags;
	uint16_t from, to;
	uint32_t seq, ack;
	const uint8_t *options;
	uint32_t n_options;
	bool ip_options, other_mac, nat64;
	uint8_t source; /* first byte of its address; 0: as usual */
};

struct frame {
	uint8_t at[MOST];
	uint32_t n, ip, tcp; /* bytes; where these begin */
};

/* ---- frames ---- */

static void put16(uint8_t *at, uint32_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static void put32(uint8_t *at, uint32_t v)
{
	put16(at, v >> 16);
	put16(at + 2, v);
}

static uint32_t get16(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

static inline uint32_t get32(const uint8_t *at)
{
	return get16(at) << 16 | get16(at + 2);
}

static uint32_t sum_of(const uint8_t *at, uint32_t n, uint32_t sum)
{
	for (uint32_t i = 0; i < n; i++)
		sum += i & 1 ? at[i] : (uint32_t)at[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* To 127.0.0.1 and ::1, where the service is. */
static void put_ip(struct frame *f, const struct syn *s, uint32_t behind)
{
	uint8_t *ip = f->at + f->ip;

	if (s->ip_v == 4) {
		uint32_t len = s->ip_options ? 24 : 20;

		ip[0] = (uint8_t)(0x40 | len / 4);
		put16(ip + 2, len + behind);
		put16(ip + 6, 0x4000);
		ip[8] = 57;
		ip[9] = WR_IP_TCP;
		put32(ip + 12, 0x7f000009);
		ip[12] = s->source ? s->source : ip[12];
		if (s->source == 0xff)
			put32(ip + 12, 0xffffffff);
		put32(ip + 16, 0x7f000001);
		memset(ip + 20, 1, len - 20);
		put16(ip + 10, ~sum_of(ip, len, 0) & 0xffff);
		f->tcp = f->ip + len;
		return;
	}
	put32(ip, 0x60012345);
	put16(ip + 4, behind);
	ip[6] = WR_IP_TCP;
	ip[7] = 57;
	ip[8] = s->source ? s->source : 0xfd;
	ip[9] = s->source == 0xfe ? 0x80 : 0; /* fe80::/10 */
	if (s->nat64)
		put32(ip + 8, 0x0064ff9b);
	ip[23] = 9;
	ip[39] = 1;
	f->tcp = f->ip + 40;
}

/* Of the addresses as they stand, and what follows. */
static uint32_t tcp_sum(const struct frame *f, int ip_v, uint32_t n)
{
	const uint8_t *addrs = f->at + f->ip + (ip_v == 4 ? 12 : 8);

	return sum_of(f->at + f->tcp, n, sum_of(addrs, ip_v == 4 ? 8 : 32, WR_IP_TCP + n));
}

static inline struct frame make(const struct syn *s)
{
	struct frame f = {.ip = 14 + 4 * (uint32_t)s->vlans};
	uint32_t n = 20 + s->n_options;
	uint8_t *tcp;

	f.at[5] = s->other_mac;
	memcpy(f.at + 6, client_mac, 6);
	for (int i = 0; i < s->vlans; i++)
		put32(f.at + 12 + 4 * i, 0x81000007);
	put16(f.at + f.ip - 2, s->ip_v == 4 ? WR_ET_IP4 : WR_ET_IP6);
	put_ip(&f, s, n);
	tcp = f.at + f.tcp;
	put16(tcp, s->from ? s->from : FROM);
	put16(tcp + 2, s->to ? s->to : PORT);
	put32(tcp + 4, s->seq ? s->seq : SEQ);
	put32(tcp + 8, s->ack);
	tcp[12] = (uint8_t)(n / 4 << 4);
	tcp[13] = s->flags;
	put16(tcp + 14, 64240);
	if (s->n_options)
		memcpy(tcp + 20, s->options, s->n_options);
	put16(tcp + 16, ~tcp_sum(&f, s->ip_v, n) & 0xffff);
	f.n = f.tcp + n;
	return f;
}

/* ---- the kernel ---- */

static inline bool sysctl_is(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, value, strlen(value)) == (ssize_t)strlen(value);

	if (fd >= 0)
		close(fd);
	return done;
}

static inline bool syncookies(const char *value)
{
	return sysctl_is("/proc/sys/net/ipv4/tcp_syncookies", value);
}

static int listen_at(int family)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(PORT)};
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1, ret;

	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	ret = family == AF_INET6 ? bind(fd, (void *)&six, sizeof(six))
				 : bind(fd, (void *)&four, sizeof(four));
	return ret || listen(fd, 64) ? -1 : fd;
}

static inline bool make_namespace(void)
{
	struct ifreq ifr = {.ifr_name = "lo"};
	int fd;

	if (unshare(CLONE_NEWNET))
		return false;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ifr.ifr_flags = IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &ifr))
		return false;
	close(fd);
	return listen_at(AF_INET) >= 0 && listen_at(AF_INET6) >= 0;
}

#endif
