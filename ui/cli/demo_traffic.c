/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/cli/demo_traffic.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/proto.h"
#include "core/sketch.h"

enum {
	ANSWER = 4000,	/* bytes */
	GAP_US = 25000, /* between requests, on the average */
	PATIENCE_MS = 2000,
	FRAME_MOST = 600,
	BURST = 20, /* frames of a go: the rate is kept by pauses */
	HEADERS = 14 + 20,
};

/* ---- processes ---- */

static int enter(const char *netns, struct wr_err *err)
{
	char path[128];
	int fd, ret;

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return wr_fail(err, errno, "network namespace %s: %s", netns, strerror(errno));
	ret = setns(fd, CLONE_NEWNET) ? -errno : 0;
	close(fd);
	return ret ? wr_fail(err, -ret, "network namespace %s: %s", netns, strerror(-ret)) : 0;
}

/* The child goes on with 0. */
static pid_t begin(const char *netns, struct wr_err *err)
{
	pid_t parent = getpid(), pid = fork();

	if (pid)
		return pid > 0 ? pid
			       : wr_fail(err, errno, "cannot start a process: %s", strerror(errno));
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent || enter(netns, err))
		_exit(1);
	return 0;
}

static void sleep_us(uint64_t us)
{
	struct timespec t = {(time_t)(us / 1000000), (long)(us % 1000000) * 1000};

	nanosleep(&t, NULL);
}

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000;
}

static struct sockaddr_in address(uint32_t addr_net, uint16_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = addr_net};
}

/* ---- the server: one answer a connection ---- */

static int listen_on(uint32_t addr_net, uint16_t port)
{
	struct sockaddr_in at = address(addr_net, port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    bind(fd, (struct sockaddr *)&at, sizeof(at)) || listen(fd, 256))
		_exit(1);
	return fd;
}

static void serve(int listener)
{
	static char answer[ANSWER];
	const struct timeval patience = {1, 0};
	char asked[512];
	int fd = accept(listener, NULL, NULL);

	if (fd < 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (recv(fd, asked, sizeof(asked), 0) > 0)
		send(fd, answer, sizeof(answer), MSG_NOSIGNAL);
	close(fd);
}

pid_t wr_demo_server(const struct wr_demo_place *p, struct wr_err *err)
{
	pid_t pid = begin(p->netns, err);
	struct pollfd at[2];

	if (pid)
		return pid;
	at[0] = (struct pollfd){listen_on(p->server, WR_DEMO_HTTP), POLLIN, 0};
	at[1] = (struct pollfd){listen_on(p->server, WR_DEMO_SSH), POLLIN, 0};
	for (;;) {
		poll(at, 2, -1);
		for (int i = 0; i < 2; i++)
			if (at[i].revents)
				serve(at[i].fd);
	}
}

/* ---- clients ---- */

/* 0: answered. */
static int ask(uint32_t from_net, uint32_t to_net, uint16_t port)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: demo\r\n\r\n";
	const struct timeval patience = {PATIENCE_MS / 1000, 0};
	struct sockaddr_in from = address(from_net, 0), to = address(to_net, port);
	char answer[ANSWER];
	size_t have = 0;
	ssize_t n = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (!bind(fd, (struct sockaddr *)&from, sizeof(from)) &&
	    !connect(fd, (struct sockaddr *)&to, sizeof(to)) &&
	    send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) > 0)
		while (n > 0 && have < sizeof(answer)) {
			n = recv(fd, answer, sizeof(answer), 0);
			have += n > 0 ? (size_t)n : 0;
		}
	close(fd);
	return have >= sizeof(answer) ? 0 : -EIO;
}

static void one_request(const struct wr_demo_place *p, struct wr_demo_good *good, uint64_t random)
{
	uint64_t began = now_us(), took;
	uint32_t from = htonl(ntohl(p->clients) + (uint32_t)(random % p->n_clients));

	good->asked++;
	if (ask(from, p->server, WR_DEMO_HTTP))
		good->failed++;
	else
		good->answered++;
	took = now_us() - began;
	if (took > good->slowest_us)
		good->slowest_us = took;
}

pid_t wr_demo_clients(const struct wr_demo_place *p, struct wr_demo_good *good, struct wr_err *err)
{
	pid_t pid = begin(p->netns, err);
	uint64_t random = p->seed;

	if (pid)
		return pid;
	for (;;) {
		random = wr_mix(random + 1);
		one_request(p, good, random >> 16);
		sleep_us(random % (2 * GAP_US));
	}
}

/* ---- attacks: frames written by hand ---- */

struct frame {
	uint8_t at[FRAME_MOST];
	size_t n;
};

static uint16_t sum16(const uint8_t *p, size_t n, uint32_t sum)
{
	for (; n > 1; n -= 2, p += 2)
		sum += (uint32_t)p[0] << 8 | p[1];
	if (n)
		sum += (uint32_t)p[0] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

/* Ethernet and IPv4 in front of a payload of n bytes that is there already. */
static void ip(struct frame *f, const struct wr_demo_place *p, uint32_t from, uint8_t proto,
	       uint8_t ttl, size_t n)
{
	uint8_t *h = f->at + 14;

	memcpy(f->at, p->server_mac, 6);
	memcpy(f->at + 6, "\x02\0\0\0\0\x0a", 6);
	put16(f->at + 12, ETH_P_IP);
	memset(h, 0, 20);
	h[0] = 0x45;
	put16(h + 2, (uint32_t)(20 + n));
	put16(h + 4, from);
	h[8] = ttl;
	h[9] = proto;
	put32(h + 12, from);
	put32(h + 16, ntohl(p->server));
	put16(h + 10, sum16(h, 20, 0));
	f->n = HEADERS + n;
}

static void check_transport(struct frame *f, uint8_t proto, size_t n, size_t at)
{
	uint8_t *t = f->at + HEADERS;
	uint32_t pseudo = proto + (uint32_t)n;

	for (int i = 12; i < 20; i += 2)
		pseudo += (uint32_t)f->at[14 + i] << 8 | f->at[14 + i + 1];
	put16(t + at, 0);
	put16(t + at, sum16(t, n, pseudo));
}

static void tcp(struct frame *f, const struct wr_demo_place *p, uint32_t from, uint16_t sport,
		uint16_t dport, uint8_t flags, uint64_t random)
{
	uint8_t *t = f->at + HEADERS;

	memset(t, 0, 20);
	put16(t, sport);
	put16(t + 2, dport);
	put32(t + 4, (uint32_t)random);
	t[12] = 5 << 4;
	t[13] = flags;
	put16(t + 14, 1024);
	ip(f, p, from, WR_IP_TCP, 50, 20);
	check_transport(f, WR_IP_TCP, 20, 16);
}

static void udp(struct frame *f, const struct wr_demo_place *p, uint32_t from, uint16_t sport,
		uint16_t dport, size_t n)
{
	uint8_t *t = f->at + HEADERS;

	memset(t, 0, 8 + n);
	put16(t, sport);
	put16(t + 2, dport);
	put16(t + 4, (uint32_t)(8 + n));
	ip(f, p, from, WR_IP_UDP, 60, 8 + n);
	check_transport(f, WR_IP_UDP, 8 + n, 6);
}

/* 198.18.0.0/15 is for tests (RFC 2544). */
static uint32_t forged(uint64_t random)
{
	return 0xc6120000u + (uint32_t)(random % (1 << 17));
}

static void make_syn(struct frame *f, const struct wr_demo_place *p, uint64_t random, uint32_t i)
{
	(void)i;
	tcp(f, p, forged(random >> 20), (uint16_t)(1024 + random % 60000), WR_DEMO_HTTP, WR_TCP_SYN,
	    random);
}

static void make_dns(struct frame *f, const struct wr_demo_place *p, uint64_t random, uint32_t i)
{
	(void)i;
	udp(f, p, forged(random % 900), 53, (uint16_t)(1024 + random % 60000), 480);
}

static void make_udp(struct frame *f, const struct wr_demo_place *p, uint64_t random, uint32_t i)
{
	(void)i;
	udp(f, p, forged(random >> 20), (uint16_t)(1024 + random % 60000), 9999, 100);
}

static void make_ping(struct frame *f, const struct wr_demo_place *p, uint64_t random, uint32_t i)
{
	uint8_t *t = f->at + HEADERS;

	memset(t, 0, 64);
	t[0] = 8;
	put16(t + 6, i);
	put16(t + 2, sum16(t, 64, 0));
	ip(f, p, forged(random >> 20), WR_IP_ICMP, 55, 64);
}

static void make_scan(struct frame *f, const struct wr_demo_place *p, uint64_t random, uint32_t i)
{
	tcp(f, p, 0xc6130007u, 40000, (uint16_t)(1 + i * 7 % 10000), WR_TCP_SYN, random);
}

static const struct {
	void (*make)(struct frame *f, const struct wr_demo_place *p, uint64_t random, uint32_t i);
} makers[] = {{make_syn}, {make_dns}, {make_udp}, {make_ping}, {make_scan}};

const struct wr_demo_attack wr_demo_attacks[] = {
	{"syn_flood", "SYN flood, forged sources", 4000, 24000},
	{"amp_dns", "DNS amplification, 900 reflectors", 3000, 18000},
	{"udp_flood", "UDP flood, forged sources", 5000, 25000},
	{"icmp_flood", "ping flood, forged sources", 2000, 10000},
	{"port_scan_vertical", "scan of the server's ports", 200, 600},
};
const size_t wr_demo_n_attacks = sizeof(wr_demo_attacks) / sizeof(*wr_demo_attacks);

static int open_packets(const struct wr_demo_place *p, struct wr_err *err)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP)};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	at.sll_ifindex = (int)if_nametoindex(p->iface);
	if (fd >= 0 && !bind(fd, (struct sockaddr *)&at, sizeof(at)))
		return fd;
	wr_fail(err, errno, "cannot send on %s: %s", p->iface, strerror(errno));
	if (fd >= 0)
		close(fd);
	return err->code;
}

static int send_all(int fd, const struct wr_demo_place *p, size_t which, uint64_t *sent)
{
	const struct wr_demo_attack *a = &wr_demo_attacks[which];
	uint64_t random = p->seed + which, began = now_us();
	struct frame f;

	for (uint32_t i = 0; i < a->packets; i++) {
		uint64_t due = began + (uint64_t)i * 1000000u / a->pps, now = now_us();

		random = wr_mix(random + 1);
		makers[which].make(&f, p, random, i);
		if (send(fd, f.at, f.n, 0) == (ssize_t)f.n)
			++*sent;
		else if (errno != ENOBUFS)
			return -errno;
		if (i % BURST == 0 && due > now)
			sleep_us(due - now);
	}
	return 0;
}

int wr_demo_attack(const struct wr_demo_place *p, size_t which, uint64_t *sent, uint64_t *first_ns,
		   struct wr_err *err)
{
	struct timespec t;
	int fd, ret, home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	if (home < 0)
		return wr_fail(err, errno, "/proc/self/ns/net: %s", strerror(errno));
	*sent = 0;
	ret = enter(p->netns, err);
	fd = ret ? ret : open_packets(p, err);
	clock_gettime(CLOCK_REALTIME, &t);
	*first_ns = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
	if (fd >= 0) {
		ret = send_all(fd, p, which, sent);
		if (ret)
			wr_fail(err, -ret, "cannot send on %s: %s", p->iface, strerror(-ret));
		close(fd);
	} else {
		ret = fd;
	}
	if (setns(home, CLONE_NEWNET) && !ret)
		ret = wr_fail(err, errno, "cannot come back from %s", p->netns);
	close(home);
	return ret;
}
