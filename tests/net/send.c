// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sends made-up Ethernet frames, for tests:
 *	send [-b] [-d MAC] [-r ROUND] [-t ADDR] IFACE COUNT [SIZE] [RATE_PPS] [KIND]
 *
 * The frames are made before the first one leaves, each with another source address and port, and
 * sent round and round until COUNT have left. What was sent is printed as one number on standard
 * output. A frame that the interface refuses is sent again; how many those were is the last line on
 * standard error, when there were any. Exit status: 0 all sent, 1 failed, 2 usage.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum {
	ROUND = 4096,		  /* different frames of a made-up kind, at most */
	FILE_FRAMES = 65536,	  /* frames of a file that are kept */
	STORE = 64 * 1024 * 1024, /* bytes for all of them */
	BATCH = 64,		  /* frames of one system call */
	SIZE_MAX_BYTES = 9018,	  /* jumbo frame with one VLAN tag */
};

struct frame {
	uint8_t *at;
	uint32_t len;
};

static struct {
	struct frame *frames;
	size_t n;
	uint8_t *store;
	size_t used;
} set;

__attribute__((format(printf, 2, 3), noreturn)) static void die(int status, const char *fmt, ...)
{
	va_list ap;

	fputs("send: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(status);
}

/* ---- writing headers: each returns the place behind what it wrote ---- */

static uint8_t *put16(uint8_t *p, unsigned v)
{
	p[0] = v >> 8;
	p[1] = v;
	return p + 2;
}

static uint8_t *put32(uint8_t *p, uint32_t v)
{
	return put16(put16(p, v >> 16), v);
}

static uint8_t *put(uint8_t *p, const void *bytes, size_t n)
{
	memcpy(p, bytes, n);
	return p + n;
}

static uint32_t sum(const uint8_t *p, size_t n, uint32_t s)
{
	for (; n > 1; n -= 2, p += 2)
		s += (uint32_t)p[0] << 8 | p[1];
	return n ? s + ((uint32_t)p[0] << 8) : s;
}

static uint16_t fold(uint32_t s)
{
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return ~s;
}

static const uint8_t src_mac[6] = {2, 0x77, 0, 0, 0xff, 1};
static uint32_t dst_ip4 = 0x0a4d0002;
static uint8_t dst_mac[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

static uint8_t *ether(uint8_t *p, unsigned type)
{
	p = put(p, dst_mac, 6);
	p = put(p, src_mac, 6);
	return put16(p, type);
}

static uint8_t *ip4_from(uint8_t *p, uint32_t src, unsigned i, unsigned proto, unsigned frag,
			 const uint8_t *end)
{
	uint8_t *h = p;

	p = put16(p, 0x4500);
	p = put16(p, end - h);
	p = put16(p, i);
	p = put16(p, frag);
	p = put16(p, 64 << 8 | proto);
	p = put16(p, 0);
	p = put32(p, src);
	p = put32(p, dst_ip4);
	put16(h + 10, fold(sum(h, 20, 0)));
	return p;
}

/* 198.18.0.0/15 and 2001:2::/48 are set aside for measurements (RFC 2544, RFC 5180). */
static uint8_t *ip4(uint8_t *p, unsigned i, unsigned proto, unsigned frag, const uint8_t *end)
{
	return ip4_from(p, 0xc6120000 | (i & 0xffff), i, proto, frag, end);
}

static uint8_t *ip6(uint8_t *p, unsigned i, unsigned next, const uint8_t *end)
{
	static const uint8_t src[12] = {0x20, 0x01, 0, 2}, dst[12] = {0xfd, 0x77};

	p = put32(p, 6u << 28);
	p = put16(p, end - (p + 36));
	p = put16(p, next << 8 | 64);
	p = put32(put(p, src, sizeof(src)), i);
	return put32(put(p, dst, sizeof(dst)), 2);
}

/* Checksum of a transport header with its pseudo header; addrs are the n bytes of both addresses.
 */
static void seal(uint8_t *l4, uint8_t *field, const uint8_t *end, unsigned proto,
		 const uint8_t *addrs, size_t n)
{
	uint16_t c = fold(sum(l4, end - l4, sum(addrs, n, proto + (end - l4))));

	put16(field, c || proto != IPPROTO_UDP ? c : 0xffff);
}

static void udp(uint8_t *p, unsigned i, unsigned dport, const uint8_t *end, const uint8_t *addrs,
		size_t n)
{
	uint8_t *h = p;

	p = put16(p, 1024 + i % 60000);
	p = put16(p, dport);
	p = put16(p, end - h);
	put16(p, 0);
	seal(h, h + 6, end, IPPROTO_UDP, addrs, n);
}

/* ---- kinds of frames: each writes from p to end, which is at least its smallest size away ---- */

static void make_udp4(uint8_t *p, const uint8_t *end, unsigned i)
{
	uint8_t *l4 = ip4(p, i, IPPROTO_UDP, 0, end);

	udp(l4, i, 9, end, l4 - 8, 8);
}

static void make_udp(uint8_t *p, uint8_t *end, unsigned i)
{
	make_udp4(ether(p, ETH_P_IP), end, i);
}

static void syn(uint8_t *l4, unsigned i, const uint8_t *end, const uint8_t *addrs, size_t n)
{
	static const uint8_t options[20] = {
		2, 4, 5, 180, 4, 2, 8, 10, 0, 0,
		0, 1, 0, 0,   0, 0, 1, 3,  3, 7}; /* MSS, SACK, timestamps, NOP, scale */
	uint8_t *p = put16(l4, 1024 + i % 60000);

	p = put16(p, 443);
	p = put32(p, 0x10000000 + i);
	p = put32(p, 0);
	p = put16(p, 10 << 12 | 0x02);
	p = put16(p, 64240);
	p = put32(p, 0);
	put(p, options, sizeof(options));
	seal(l4, l4 + 16, end, IPPROTO_TCP, addrs, n);
}

static void make_syn5(uint8_t *p, uint8_t *end, unsigned i)
{
	uint8_t *l4 = ip4(ether(p, ETH_P_IP), i, IPPROTO_TCP, 0, end);

	syn(l4, i, end, l4 - 8, 8);
}

static void make_syn6(uint8_t *p, uint8_t *end, unsigned i)
{
	uint8_t *l4 = ip6(ether(p, ETH_P_IPV6), i, IPPROTO_TCP, end);

	syn(l4, i, end, l4 - 32, 32);
}

static void make_ack(uint8_t *p, uint8_t *end, unsigned i)
{
	uint8_t *l4 = ip4(ether(p, ETH_P_IP), i, IPPROTO_TCP, 0, end);

	p = put16(l4, 1024 + i % 60000);
	p = put16(p, 443);
	p = put32(p, 0x10000001 + i);
	p = put32(p, 0x20000001 + i);
	p = put16(p, 5 << 12 | 0x10);
	p = put16(p, 64240);
	put32(p, 0);
	seal(l4, l4 + 16, end, IPPROTO_TCP, l4 - 8, 8);
}

static void make_vlan(uint8_t *p, uint8_t *end, unsigned i)
{
	p = ether(p, ETH_P_8021Q);
	p = put16(p, 77);
	make_udp4(put16(p, ETH_P_IP), end, i);
}

static void make_ipv6(uint8_t *p, uint8_t *end, unsigned i)
{
	uint8_t *l4 = ip6(ether(p, ETH_P_IPV6), i, IPPROTO_UDP, end);

	udp(l4, i, 9, end, l4 - 32, 32);
}

static void make_ext6(uint8_t *p, uint8_t *end, unsigned i)
{
	static const uint8_t hop_by_hop[8] = {IPPROTO_DSTOPTS, 0, 1, 4};
	static const uint8_t dst_options[8] = {IPPROTO_UDP, 0, 1, 4}; /* PadN of four */
	uint8_t *ext = ip6(ether(p, ETH_P_IPV6), i, IPPROTO_HOPOPTS, end);

	p = put(ext, hop_by_hop, sizeof(hop_by_hop));
	p = put(p, dst_options, sizeof(dst_options));
	udp(p, i, 9, end, ext - 32, 32);
}

static void make_vxlan(uint8_t *p, uint8_t *end, unsigned i)
{
	uint8_t *l4 = ip4(ether(p, ETH_P_IP), i, IPPROTO_UDP, 0, end);

	p = put32(l4 + 8, 0x08000000);
	p = put32(p, 77 << 8);
	make_udp(p, end, i);
	udp(l4, i, 4789, end, l4 - 8, 8);
}

/* By turns the first and the last fragment of one datagram: only the first one has the ports. */
static void make_frag(uint8_t *p, uint8_t *end, unsigned i)
{
	unsigned part = (end - p - 34) & ~7u; /* fragments count in eights */

	end = p + 34 + part;
	if (i % 2) {
		ip4(ether(p, ETH_P_IP), i / 2, IPPROTO_UDP, part / 8, end);
		return;
	}
	p = ip4(ether(p, ETH_P_IP), i / 2, IPPROTO_UDP, 0x2000, end);
	p = put16(p, 1024 + i / 2 % 60000);
	p = put16(p, 9);
	p = put16(p, 2 * part);
	put16(p, 0); /* a UDP checksum of zero: none */
}

static void make_arp(uint8_t *p, uint8_t *end, unsigned i)
{
	(void)end;
	p = ether(p, ETH_P_ARP);
	p = put32(p, 1 << 16 | ETH_P_IP);
	p = put16(p, 6 << 8 | 4);
	p = put16(p, 1);
	p = put(p, src_mac, 6);
	p = put32(p, 0xc6120000 | (i & 0xffff));
	p = put(p, "\0\0\0\0\0\0", 6);
	put32(p, 0x0a4d0002);
}

/* ---- attacks: of one source where it is one that does it ---- */

enum { SCANNER = 0x0a4d0042, SWEEPER };

static void make_icmp(uint8_t *p, uint8_t *end, unsigned i)
{
	uint8_t *l4 = ip4(ether(p, ETH_P_IP), i, IPPROTO_ICMP, 0, end);

	p = put16(l4, 8 << 8);
	p = put16(p, 0);
	p = put16(p, i);
	put16(p, 1);
	put16(l4 + 2, fold(sum(l4, end - l4, 0)));
}

static void make_dnsamp(uint8_t *p, uint8_t *end, unsigned i)
{
	uint8_t *l4 = ip4(ether(p, ETH_P_IP), i, IPPROTO_UDP, 0, end);

	udp(l4, i, 1024 + i % 60000, end, l4 - 8, 8);
	put16(l4, 53);
	put16(l4 + 6, 0); /* a UDP checksum of zero: none */
}

static void bare_syn(uint8_t *l4, unsigned i, unsigned dport, const uint8_t *end)
{
	uint8_t *p = put16(l4, 40000 + i % 20000);

	p = put16(p, dport);
	p = put32(p, 0x20000000 + i);
	p = put32(p, 0);
	p = put16(p, 5 << 12 | 0x02);
	p = put16(p, 1024);
	put32(p, 0);
	seal(l4, l4 + 16, end, IPPROTO_TCP, l4 - 8, 8);
}

static void make_scan(uint8_t *p, uint8_t *end, unsigned i)
{
	bare_syn(ip4_from(ether(p, ETH_P_IP), SCANNER, i, IPPROTO_TCP, 0, end), i, 1 + i, end);
}

static void make_sweep(uint8_t *p, uint8_t *end, unsigned i)
{
	uint32_t whole = dst_ip4;
	uint8_t *l4;

	dst_ip4 = (whole & ~0xffu) | (i & 0xff);
	l4 = ip4_from(ether(p, ETH_P_IP), SWEEPER, i, IPPROTO_TCP, 0, end);
	bare_syn(l4, i, 22, end);
	dst_ip4 = whole;
}

/* "I am the one that you ask for", from another station than before. */
static void make_arpspoof(uint8_t *p, uint8_t *end, unsigned i)
{
	(void)end, (void)i;
	p = ether(p, ETH_P_ARP);
	p = put32(p, 1 << 16 | ETH_P_IP);
	p = put16(p, 6 << 8 | 4);
	p = put16(p, 2);
	p = put(p, src_mac, 6);
	p = put32(p, 0x0a4d0001);
	p = put(p, dst_mac, 6);
	put32(p, dst_ip4);
}

/* The same of fd77::1, by neighbour advertisements. Nobody else has it, so the first five are of
 * the station that does. */
static void make_ndspoof(uint8_t *p, uint8_t *end, unsigned i)
{
	static const uint8_t owner[6] = {2, 0x77, 0, 0, 0xff, 2}, addr[15] = {0xfd, 0x77};
	uint8_t *ip = ether(p, ETH_P_IPV6), *l4 = ip6(ip, i, IPPROTO_ICMPV6, end);

	ip[7] = 255;
	put(ip + 8, addr, sizeof(addr));
	ip[23] = 1;
	p = put16(l4, 136 << 8);
	p = put16(p, 0);
	p = put32(p, 0x60000000); /* asked for, overrides */
	p = put(p, ip + 8, 16);
	p = put16(p, 0x0201);
	put(p, i < 5 ? owner : src_mac, 6);
	seal(l4, l4 + 2, end, IPPROTO_ICMPV6, ip + 8, 32);
}

static const struct kind {
	const char *name, *what;
	uint32_t least; /* bytes of its headers */
	void (*make)(uint8_t *p, uint8_t *end, unsigned i);
} kinds[] = {
	{"udp", "IPv4, UDP to port 9", 42, make_udp},
	{"syn5", "IPv4, TCP SYN with five options", 74, make_syn5},
	{"syn6", "the same over IPv6", 94, make_syn6},
	{"ack", "IPv4, TCP ACK to the same port, of no connection", 54, make_ack},
	{"vlan", "802.1Q tag 77 before udp", 46, make_vlan},
	{"ipv6", "IPv6, UDP to port 9", 62, make_ipv6},
	{"ext6", "the same behind two extension headers", 78, make_ext6},
	{"vxlan", "udp inside VXLAN 77", 92, make_vxlan},
	{"frag", "by turns the first and the last IPv4 fragment", 42, make_frag},
	{"arp", "ARP requests (which the receiver answers)", 42, make_arp},
	{"icmp", "IPv4, echo requests", 42, make_icmp},
	{"dnsamp", "IPv4, UDP from port 53", 42, make_dnsamp},
	{"scan", "TCP SYN of one source to one port after another", 54, make_scan},
	{"sweep", "TCP SYN of one source to one address of the /24 after another", 54, make_sweep},
	{"arpspoof", "ARP answers: 10.77.0.1 is here", 42, make_arpspoof},
	{"ndspoof", "neighbour advertisements: fd77::1 is here, the first five of another", 86,
	 make_ndspoof},
};

__attribute__((noreturn)) static void usage(void)
{
	fprintf(stderr,
		"usage: send [-b] [-d MAC] [-r ROUND] [-t ADDR] IFACE COUNT [SIZE] [RATE_PPS] "
		"[KIND]\n"
		"  -b        say when the first frame leaves: nanoseconds since 1970, on standard "
		"error\n"
		"  MAC       destination, default ff:ff:ff:ff:ff:ff\n"
		"  ROUND     different frames of a made-up kind, default and at most %d\n"
		"  ADDR      IPv4 destination, default 10.77.0.2\n"
		"  COUNT     frames; 0 with file: once through the file\n"
		"  SIZE      bytes of a frame from its Ethernet header on, default 128, at most "
		"%d;\n"
		"            at least the kind's headers\n"
		"  RATE_PPS  frames a second, default 0: as fast as it goes\n"
		"  KIND      default udp:\n",
		ROUND, SIZE_MAX_BYTES);
	for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++)
		fprintf(stderr, "    %-10s%s (%u bytes and more)\n", kinds[k].name, kinds[k].what,
			kinds[k].least);
	fprintf(stderr, "    file:PATH the frames of a pcap or pcapng file; SIZE means nothing\n");
	exit(2);
}

static uint64_t number(const char *what, const char *s, uint64_t most)
{
	char *end;
	unsigned long long v;

	errno = 0;
	v = strtoull(s, &end, 10);
	if (*s < '0' || *s > '9' || *end || errno || v > most)
		die(2, "%s '%s' is not a number from 0 to %llu", what, s, (unsigned long long)most);
	return v;
}

/* ---- the set of frames ---- */

static void reserve(size_t frames, size_t bytes)
{
	set.frames = calloc(frames, sizeof(*set.frames));
	set.store = calloc(1, bytes);
	if (!set.frames || !set.store)
		die(1, "no memory for %zu bytes of frames", bytes);
}

static void make_set(const char *name, uint32_t size, uint64_t count, uint64_t round)
{
	size_t n = count < round ? count : round;
	const struct kind *k = NULL;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(kinds[i].name, name))
			k = &kinds[i];
	if (!k)
		die(2, "unknown kind '%s' (send without arguments lists them)", name);
	if (size < k->least)
		die(2, "size %u is too small: the headers of %s take %u bytes", size, name,
		    k->least);

	reserve(n, n * size);
	for (set.n = 0; set.n < n; set.n++) {
		set.frames[set.n] = (struct frame){set.store + set.n * size, size};
		k->make(set.frames[set.n].at, set.frames[set.n].at + size, set.n);
	}
}

static void read_set(const char *path)
{
	char text[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = pcap_open_offline(path, text);
	struct pcap_pkthdr *h;
	const u_char *bytes;
	size_t unfit = 0, cut = 0;
	int rc;

	if (!pcap && strstr(text, path)) /* libpcap names the file in some of its texts */
		die(1, "%s", text);
	if (!pcap)
		die(1, "%s: %s", path, text);
	if (pcap_datalink(pcap) != DLT_EN10MB)
		die(1, "%s: frames of link type %s, only Ethernet can be sent", path,
		    pcap_datalink_val_to_name(pcap_datalink(pcap)) ?: "unknown");

	reserve(FILE_FRAMES, STORE);
	while ((rc = pcap_next_ex(pcap, &h, &bytes)) == 1) {
		if (h->caplen < ETH_HLEN) {
			unfit++;
			continue;
		}
		if (set.n == FILE_FRAMES || h->caplen > STORE - set.used)
			die(1, "%s: more than %d frames or %d bytes", path, FILE_FRAMES, STORE);
		cut += h->caplen < h->len;
		set.frames[set.n++] = (struct frame){set.store + set.used, h->caplen};
		put(set.store + set.used, bytes, h->caplen);
		set.used += h->caplen;
	}
	if (rc == PCAP_ERROR)
		die(1, "%s: %s", path, pcap_geterr(pcap));
	pcap_close(pcap);
	if (unfit)
		fprintf(stderr, "send: %s: %zu frames shorter than an Ethernet header left out\n",
			path, unfit);
	if (cut)
		fprintf(stderr, "send: %s: %zu frames were cut when captured and are sent so\n",
			path, cut);
	if (!set.n)
		die(1, "%s: no frame to send", path);
}

/* ---- sending ---- */

static int open_iface(const char *name)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = if_nametoindex(name)};
	int fd;

	if (!to.sll_ifindex)
		die(1, "interface %s: %s", name, strerror(errno));
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0); /* protocol 0: receives nothing */
	if (fd < 0)
		die(1, "packet socket: %s%s", strerror(errno),
		    errno == EPERM ? " (needs root or CAP_NET_RAW)" : "");
	if (bind(fd, (struct sockaddr *)&to, sizeof(to)))
		die(1, "interface %s: %s", name, strerror(errno));
	return fd;
}

static const char *advice(int err)
{
	return err == EMSGSIZE	 ? " (frame longer than the interface's MTU allows)"
	       : err == ENETDOWN ? " (is the interface up?)"
				 : "";
}

static void pace(const struct timespec *start, uint64_t sent, uint64_t rate_pps)
{
	struct timespec t = *start;

	t.tv_sec += sent / rate_pps;
	t.tv_nsec += (sent % rate_pps) * 1000000000ull / rate_pps;
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

static uint64_t send_set(int fd, const char *iface, uint64_t count, uint64_t rate_pps,
			 uint64_t *again)
{
	uint64_t batch = !rate_pps || rate_pps / 1000 > BATCH ? BATCH : rate_pps / 1000 + 1;
	struct mmsghdr msg[BATCH] = {0};
	struct iovec iov[BATCH];
	struct timespec start;
	uint64_t sent = 0;
	int refused = 0;

	clock_gettime(CLOCK_MONOTONIC, &start);
	while (sent < count) {
		unsigned n = count - sent < batch ? count - sent : batch;
		int rc;

		for (unsigned i = 0; i < n; i++) {
			struct frame *f = &set.frames[(sent + i) % set.n];

			iov[i] = (struct iovec){f->at, f->len};
			msg[i].msg_hdr.msg_iov = &iov[i];
			msg[i].msg_hdr.msg_iovlen = 1;
		}
		rc = sendmmsg(fd, msg, n, 0);
		/* Fewer than n: the next one was refused, but that is not said. */
		*again += rc < 0 ? errno == ENOBUFS : (unsigned)rc < n;
		if (rc > 0) {
			sent += rc;
			refused = 0;
		} else if ((errno == ENOBUFS || errno == EAGAIN || errno == EINTR) &&
			   refused++ < 5000) {
			usleep(1000); /* the queue is full: five seconds, then it is an error */
		} else {
			fprintf(stderr, "send: %s: frame %llu: %s%s\n", iface,
				(unsigned long long)sent + 1, strerror(errno), advice(errno));
			return sent;
		}
		if (rate_pps)
			pace(&start, sent, rate_pps);
	}
	return sent;
}

static void set_mac(const char *text)
{
	unsigned char end;

	if (sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%c", &dst_mac[0], &dst_mac[1],
		   &dst_mac[2], &dst_mac[3], &dst_mac[4], &dst_mac[5], &end) != 6)
		die(2, "'%s' is not a hardware address (try 02:77:00:00:00:02)", text);
}

int main(int argc, char **argv)
{
	const char *arg[5] = {"", "", "128", "0", "udp"}, *kind;
	uint64_t count, rate_pps, sent, again = 0, round = ROUND;
	bool begin = false;
	uint32_t size;
	int c, fd;

	while ((c = getopt(argc, argv, "bd:r:t:")) != -1) {
		switch (c) {
		case 'b':
			begin = true;
			break;
		case 'd':
			set_mac(optarg);
			break;
		case 'r':
			round = number("round", optarg, ROUND);
			if (!round)
				die(2, "a round of 0 frames: nothing to send");
			break;
		case 't':
			if (inet_pton(AF_INET, optarg, &dst_ip4) != 1)
				die(2, "'%s' is not an IPv4 address", optarg);
			dst_ip4 = ntohl(dst_ip4);
			break;
		default:
			usage();
		}
	}
	if (argc - optind < 2 || argc - optind > 5)
		usage();
	for (c = 0; optind + c < argc; c++)
		arg[c] = argv[optind + c];

	count = number("count", arg[1], 1000000000);
	size = number("size", arg[2], SIZE_MAX_BYTES);
	rate_pps = number("rate", arg[3], 100000000);
	kind = arg[4];
	if (!strncmp(kind, "file:", 5))
		read_set(kind + 5);
	else if (count)
		make_set(kind, size, count, round);
	else
		die(2, "count 0 is for file: only");
	if (!count)
		count = set.n;

	fd = open_iface(arg[0]);
	if (begin) {
		struct timespec t;

		clock_gettime(CLOCK_REALTIME, &t);
		fprintf(stderr, "%lld%09ld\n", (long long)t.tv_sec, t.tv_nsec);
	}
	sent = send_set(fd, arg[0], count, rate_pps, &again);
	printf("%llu\n", (unsigned long long)sent);
	if (again)
		fprintf(stderr, "send: %s: %llu frames were refused and sent again\n", arg[0],
			(unsigned long long)again);
	free(set.frames);
	free(set.store);
	return sent == count ? 0 : 1;
}
