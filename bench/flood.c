/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sends UDP frames of rotating sources faster than a packet socket can: see usage(). What was sent
 * and how long it took is printed as one line, "PACKETS SECONDS". For rates that a packet socket
 * reaches, and for other kinds of frames, there is tests/net/send.
 *
 * Frames always carry a right IP header checksum: what the source address gains, the IP
 * identification loses, so the sum stays the same.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <getopt.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	HEADERS = 42, /* Ethernet, IPv4, UDP */
	AT_IP = 14,
	AT_ID = 18,
	AT_SUM = 24,
	AT_SOURCE = 28, /* lower half of the address */
	AT_PORT = 34,
	SIZE_MOST = 3400,     /* what live frames have room for */
	COUNT_MOST = 1 << 30, /* frames in one go */
	CHUNK = 1 << 18,      /* live frames of one system call */
	LIVE_BATCH = 64,      /* the receiving end of a veth holds 256 */
	RING_FRAMES = 1024,
	SLOT = 4096,
};

struct conf {
	const char *iface, *mode;
	unsigned int ifindex;
	uint32_t size;
	uint64_t count, rate_pps;
	uint16_t mask; /* sources - 1 */
	uint8_t to[6];
};

__attribute__((format(printf, 1, 2), noreturn)) static void die(const char *fmt, ...)
{
	va_list ap;

	fputs("flood: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

static void put16(uint8_t *at, unsigned int v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static void make_frame(uint8_t *f, const struct conf *c)
{
	static const uint8_t from[6] = {2, 0x77, 0, 0, 0xff, 1};
	/* 198.18.0.0/15 is set aside for measurements (RFC 2544) */
	static const uint8_t ip[20] = {0x45, 0, 0,   0,	 0xff, 0xff, 0,	 0,  64, 17,
				       0,    0, 198, 18, 0,    0,    10, 77, 0,	 2};
	uint32_t sum = 0;

	memset(f, 0, c->size);
	memcpy(f, c->to, 6);
	memcpy(f + 6, from, 6);
	put16(f + 12, ETH_P_IP);
	memcpy(f + AT_IP, ip, sizeof(ip));
	put16(f + AT_IP + 2, c->size - AT_IP);
	for (int i = AT_IP; i < AT_PORT; i += 2)
		sum += (uint32_t)f[i] << 8 | f[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	put16(f + AT_SUM, ~((sum & 0xffff) + (sum >> 16)) & 0xffff);
	put16(f + AT_PORT, 40000);
	put16(f + AT_PORT + 2, 9);
	put16(f + AT_PORT + 4, c->size - AT_PORT);
}

static void turn(uint8_t *f, uint16_t n)
{
	put16(f + AT_SOURCE, n);
	put16(f + AT_ID, n ^ 0xffffu);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void pace(const struct conf *c, double start, uint64_t sent)
{
	double ahead = c->rate_pps ? start + (double)sent / (double)c->rate_pps - seconds() : 0;

	if (ahead > 0)
		usleep((useconds_t)(ahead * 1e6));
}

/* ---- live frames: a program that is test-run sends what it is given on to the interface ---- */

#define INSN(c, d, s, o, i)                                                         \
	(struct bpf_insn)                                                           \
	{                                                                           \
		.code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) \
	}
#define LOAD(size, d, s, o) INSN(BPF_LDX | BPF_MEM | (size), d, s, o, 0)
#define STORE(size, d, s, o) INSN(BPF_STX | BPF_MEM | (size), d, s, o, 0)
#define ALU(op, d, i) INSN(BPF_ALU64 | (op) | BPF_K, d, 0, 0, i)
#define MOVE(d, s) INSN(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define CALL(f) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, f)
#define LEAVE INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

static int load(const struct bpf_insn *insns, size_t n)
{
	static char log[1 << 16];
	LIBBPF_OPTS(bpf_prog_load_opts, o, .log_buf = log, .log_size = sizeof(log), .log_level = 1);
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "flood", "GPL", insns, n, &o);

	if (fd < 0)
		die("loading: %s\n%s", strerror(-fd), log);
	return fd;
}

static int live_program(const struct conf *c)
{
	int map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "flood", 4, 8, 1, NULL);
	const struct bpf_insn insns[] = {
		LOAD(BPF_W, 7, 1, offsetof(struct xdp_md, data)),
		LOAD(BPF_W, 8, 1, offsetof(struct xdp_md, data_end)),
		MOVE(2, 7),
		ALU(BPF_ADD, 2, HEADERS),
		INSN(BPF_JMP | BPF_JGT | BPF_X, 2, 8, 10, 0),
		INSN(BPF_LD | BPF_DW | BPF_IMM, 1, BPF_PSEUDO_MAP_VALUE, 0, map),
		INSN(0, 0, 0, 0, 0),
		LOAD(BPF_DW, 2, 1, 0),
		ALU(BPF_ADD, 2, 1),
		STORE(BPF_DW, 1, 2, 0),
		ALU(BPF_AND, 2, c->mask),
		INSN(BPF_ALU | BPF_END | BPF_TO_BE, 2, 0, 0, 16),
		STORE(BPF_H, 7, 2, AT_SOURCE),
		ALU(BPF_XOR, 2, 0xffff),
		STORE(BPF_H, 7, 2, AT_ID),
		ALU(BPF_MOV, 1, (int32_t)c->ifindex),
		ALU(BPF_MOV, 2, 0),
		CALL(BPF_FUNC_redirect),
		LEAVE,
	};

	if (map < 0)
		die("map: %s (needs root)", strerror(-map));
	return load(insns, sizeof(insns) / sizeof(*insns));
}

static uint64_t send_live(const struct conf *c, uint8_t *frame)
{
	int fd = live_program(c);
	double start = seconds();
	uint64_t sent = 0;

	while (sent < c->count) {
		uint64_t n = c->count - sent, chunk = c->rate_pps ? c->rate_pps / 100 + 1 : CHUNK;
		LIBBPF_OPTS(bpf_test_run_opts, o, .data_in = frame, .data_size_in = c->size,
			    .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = LIVE_BATCH);
		int ret;

		o.repeat = (int)(n < chunk ? n : chunk);
		ret = bpf_prog_test_run_opts(fd, &o);
		if (ret)
			die("live frames: %s%s", strerror(-ret),
			    ret == -EINVAL ? " (they came with Linux 5.18)" : "");
		sent += (uint64_t)o.repeat;
		pace(c, start, sent);
	}
	return sent;
}

/* ---- a transmit ring of a packet socket ---- */

static uint8_t *open_ring(const struct conf *c, int *fd)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = (int)c->ifindex};
	struct tpacket_req req = {SLOT, RING_FRAMES, SLOT, RING_FRAMES};
	int version = TPACKET_V2;
	uint8_t *ring;

	*fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (*fd < 0 || setsockopt(*fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) ||
	    setsockopt(*fd, SOL_PACKET, PACKET_TX_RING, &req, sizeof(req)) ||
	    bind(*fd, (struct sockaddr *)&to, sizeof(to)))
		die("transmit ring: %s", strerror(errno));
	ring = mmap(NULL, (size_t)SLOT * RING_FRAMES, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
	if (ring == MAP_FAILED)
		die("transmit ring: %s", strerror(errno));
	return ring;
}

static uint64_t send_ring(const struct conf *c, const uint8_t *frame)
{
	const uint32_t skip = TPACKET2_HDRLEN - sizeof(struct sockaddr_ll);
	double start = seconds();
	uint64_t queued = 0;
	uint8_t *ring;
	int fd;

	ring = open_ring(c, &fd);
	while (queued < c->count) {
		struct tpacket2_hdr *h = (void *)(ring + (queued % RING_FRAMES) * SLOT);

		if (__atomic_load_n(&h->tp_status, __ATOMIC_ACQUIRE) != TP_STATUS_AVAILABLE) {
			struct pollfd p = {.fd = fd, .events = POLLOUT};

			poll(&p, 1, 100);
			continue;
		}
		memcpy((uint8_t *)h + skip, frame, c->size);
		turn((uint8_t *)h + skip, (uint16_t)queued & c->mask);
		h->tp_len = c->size;
		__atomic_store_n(&h->tp_status, TP_STATUS_SEND_REQUEST, __ATOMIC_RELEASE);
		queued++;
		if (queued % 64 && queued < c->count)
			continue;
		if (send(fd, NULL, 0, MSG_DONTWAIT) < 0 && errno != EAGAIN && errno != ENOBUFS)
			die("%s: %s", c->iface, strerror(errno));
		pace(c, start, queued);
	}
	if (send(fd, NULL, 0, 0) < 0) /* waits for the rest */
		die("%s: %s", c->iface, strerror(errno));
	return queued;
}

/* ---- no sender: a program that does nothing but pass or drop, for as long as we run ---- */

static int hold(const struct conf *c, int verdict)
{
	const struct bpf_insn insns[] = {ALU(BPF_MOV, 0, verdict), LEAVE};
	LIBBPF_OPTS(bpf_link_create_opts, o, .flags = XDP_FLAGS_DRV_MODE);
	int link = bpf_link_create(load(insns, 2), (int)c->ifindex, BPF_XDP, &o), sig;
	sigset_t end;

	if (link < 0)
		die("%s: %s", c->iface, strerror(-link));
	sigemptyset(&end);
	sigaddset(&end, SIGTERM);
	sigaddset(&end, SIGINT);
	sigprocmask(SIG_BLOCK, &end, NULL);
	fprintf(stderr, "flood: empty program attached\n");
	sigwait(&end, &sig);
	return 0;
}

__attribute__((noreturn)) static void usage(void)
{
	fputs("usage: flood [-m MODE] [-n COUNT] [-s SIZE] [-r RATE_PPS] [-f SOURCES] [-d MAC] IF\n"
	      "  MODE     live (default): live frames, out of IF; the other end of a veth takes\n"
	      "           them only when it has an XDP program or GRO\n"
	      "           ring: a transmit ring of a packet socket\n"
	      "           pass, drop: sends nothing; an empty XDP program on IF until a signal\n"
	      "  COUNT    frames, default 1000000\n"
	      "  SIZE     bytes from the Ethernet header on, default 64\n"
	      "  SOURCES  addresses, a power of two, default 65536\n"
	      "  MAC      destination, default 02:77:00:00:00:99: nobody\n",
	      stderr);
	exit(2);
}

static uint64_t number(const char *s, uint64_t least, uint64_t most)
{
	char *end;
	unsigned long long v = strtoull(s, &end, 10);

	if (*s < '0' || *s > '9' || *end || v < least || v > most) {
		fprintf(stderr, "flood: '%s' is not a number from %llu to %llu\n", s,
			(unsigned long long)least, (unsigned long long)most);
		exit(2);
	}
	return v;
}

static void options(struct conf *c, int argc, char **argv)
{
	uint8_t *m = c->to;
	int o;

	while ((o = getopt(argc, argv, "m:n:s:r:f:d:")) != -1) {
		if (o == 'm')
			c->mode = optarg;
		else if (o == 'n')
			c->count = number(optarg, 1, COUNT_MOST);
		else if (o == 's')
			c->size = (uint32_t)number(optarg, HEADERS, SIZE_MOST);
		else if (o == 'r')
			c->rate_pps = number(optarg, 1, 100000000);
		else if (o == 'f')
			c->mask = (uint16_t)(number(optarg, 1, 65536) - 1);
		else if (o != 'd' || sscanf(optarg, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", m, m + 1,
					    m + 2, m + 3, m + 4, m + 5) != 6)
			usage();
	}
	if (argc - optind != 1 || (c->mask & (c->mask + 1)))
		usage();
	c->iface = argv[optind];
	c->ifindex = if_nametoindex(c->iface);
	if (!c->ifindex)
		die("%s: %s", c->iface, strerror(errno));
}

int main(int argc, char **argv)
{
	struct conf c = {
		.mode = "live",
		.size = 64,
		.count = 1000000,
		.mask = 0xffff,
		.to = {2, 0x77, 0, 0, 0, 0x99},
	};
	uint8_t frame[SIZE_MOST];
	uint64_t sent;
	double start;

	options(&c, argc, argv);
	if (!strcmp(c.mode, "pass"))
		return hold(&c, XDP_PASS);
	if (!strcmp(c.mode, "drop"))
		return hold(&c, XDP_DROP);
	make_frame(frame, &c);
	start = seconds();
	if (!strcmp(c.mode, "live"))
		sent = send_live(&c, frame);
	else if (!strcmp(c.mode, "ring"))
		sent = send_ring(&c, frame);
	else
		usage();
	printf("%llu %.6f\n", (unsigned long long)sent, seconds() - start);
	return 0;
}
