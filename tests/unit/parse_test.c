/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parser on the host: the fast path and the stages give the same record for every packet of the
 * real captures in $WEIR_DATA/parser, for every way to cut one off, and for packets made and broken
 * from a seed. Each packet lies in memory of its own size, so that AddressSanitizer sees one byte
 * too many.
 */
#include "tests/tap.h"

#include <glob.h>
#include <limits.h>
#include <pcap/pcap.h>

#include "core/parse.h"
#include "capture/same.h"
#include "tests/unit/gen.h"

enum {
	MADE = 200000, /* packets from the seed */
	CUTS = 300,    /* longest cut: beyond the window */
	SHOWN = 3,     /* differences that are printed */
};

struct tally {
	uint64_t packets, differences;
};

static const char *data_dir(void)
{
	const char *dir = getenv("WEIR_DATA");

	return dir ? dir : "../shared/data";
}

/* ---- both ways ---- */

static const char *both(const uint8_t *data, uint32_t cap, uint32_t len, uint32_t linktype,
			uint32_t depth)
{
	static struct wr_parse fast, stages;

	/* What an earlier packet left in the record must not matter: make it different. */
	memset(&fast.rec, 0x55, sizeof(fast.rec));
	memset(&stages.rec, 0xaa, sizeof(stages.rec));
	fast.max_depth = stages.max_depth = depth;
	wr_parse(&fast, data, cap, len, linktype);
	wr_parse_stages(&stages, data, cap, len, linktype);
	return wr_rec_differs(&fast.rec, &stages.rec);
}

static void compare(struct tally *t, const uint8_t *data, uint32_t cap, uint32_t len,
		    uint32_t linktype, const char *what, uint64_t number)
{
	uint8_t *own = malloc(cap ? cap : 1);
	uint32_t depth;

	if (cap)
		memcpy(own, data, cap);
	for (depth = 0; depth < 3; depth++) {
		const char *field =
			both(own, cap, len, linktype, depth == 2 ? WR_DEPTH_MAX : depth);

		t->packets++;
		if (field && t->differences++ < SHOWN)
			note("%s %llu, %u of %u bytes, depth %u: %s differs", what,
			     (unsigned long long)number, cap, len, depth, field);
	}
	free(own);
}

/* ---- real packets ---- */

struct capture {
	const char *path;
	struct tally whole, cut, shorter;
};

static void one_packet(struct capture *c, const struct pcap_pkthdr *h, const uint8_t *data,
		       int linktype, uint64_t n)
{
	uint32_t i;

	compare(&c->whole, data, h->caplen, h->len, (uint32_t)linktype, c->path, n);
	for (i = 0; i < h->caplen && i < CUTS; i++) {
		compare(&c->cut, data, i, h->len, (uint32_t)linktype, c->path, n);
		compare(&c->shorter, data, i, i, (uint32_t)linktype, c->path, n);
	}
}

static int one_capture(struct capture *c, const char *path)
{
	char why[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = pcap_open_offline(path, why);
	struct pcap_pkthdr *h;
	const uint8_t *data;
	uint64_t n = 0;

	if (!pcap)
		return 0;
	c->path = strrchr(path, '/') + 1;
	while (pcap_next_ex(pcap, &h, &data) == 1)
		one_packet(c, h, data, pcap_datalink(pcap), ++n);
	pcap_close(pcap);
	return 1;
}

static void captures(void)
{
	struct capture c = {0};
	char pattern[PATH_MAX];
	glob_t files = {0};
	size_t i;
	int read = 0;

	snprintf(pattern, sizeof(pattern), "%s/parser/*.*cap*", data_dir());
	if (glob(pattern, 0, NULL, &files)) {
		skip("no captures at %s", data_dir());
		return;
	}
	for (i = 0; i < files.gl_pathc; i++)
		if (!strstr(files.gl_pathv[i], ".tsv"))
			read += one_capture(&c, files.gl_pathv[i]);
	globfree(&files);
	ok(read > 0 && !c.whole.differences,
	   "packets of %d captures: fast path and stages agree (%llu records)", read,
	   (unsigned long long)c.whole.packets);
	ok(!c.cut.differences, "the same packets captured short: they agree (%llu records)",
	   (unsigned long long)c.cut.packets);
	ok(!c.shorter.differences, "the same packets sent short: they agree (%llu records)",
	   (unsigned long long)c.shorter.packets);
}

/* ---- made packets ---- */

static void made(void)
{
	static struct gen g;
	struct tally whole = {0}, broken = {0};
	uint64_t seed;

	for (seed = 1; seed <= MADE; seed++) {
		gen_packet(&g, seed);
		compare(&whole, g.b, g.n, g.n, WR_LINK_ETHER, "seed", seed);
		gen_mutate(&g);
		compare(&broken, g.b, g.n, g.n + gen_below(&g, 3) * 40, WR_LINK_ETHER,
			"broken seed", seed);
	}
	ok(!whole.differences, "%d packets from a seed: fast path and stages agree", MADE);
	ok(!broken.differences, "the same packets broken: they agree");
}

/* ---- facts ---- */

static struct wr_rec *parse(const char *hex)
{
	static struct wr_parse p;
	static uint8_t bytes[512];
	uint32_t n = 0;
	unsigned int v;

	for (; *hex && n < sizeof(bytes); hex++) {
		if (*hex == ' ')
			continue;
		sscanf(hex++, "%2x", &v);
		bytes[n++] = (uint8_t)v;
	}
	p.max_depth = 1;
	wr_parse(&p, bytes, n, n, WR_LINK_ETHER);
	return &p.rec;
}

#define MACS "020000000002 020000000001 "
#define IP4(proto, len) "4500" len "00000000 40" proto "0000 0a000001 0a000002 "
#define TCP_SYN "1234 0050 00000001 00000000 5002 2000 0000 0000 "

static void tags(void)
{
	struct wr_rec *r;

	r = parse(MACS "88e5 2000 00000044 0200000000020001 0800 " IP4("06", "0028") TCP_SYN);
	ok(r->hdr[0].has & WR_H_TCP && r->hdr[0].dport == 80,
	   "MACsec without encryption is read through");
	is_int(r->ethertype, 0x88e5, "its EtherType is that of the frame");
	r = parse(MACS "88e5 2c00 00000044 0200000000020001 0800 " IP4("06", "0028") TCP_SYN);
	ok(!(r->hdr[0].has & WR_H_IP) && !r->bad, "encrypted MACsec is not");
	r = parse(MACS "0000 " IP4("06", "0028") TCP_SYN);
	ok(!(r->has & WR_HAS_LLC) && !r->bad, "a type of 0 is no length");
	r = parse(MACS "8035 0001 0800 06 04 0003 020000000001 00000000 020000000001 00000000");
	ok(r->has & WR_HAS_ARP && r->arp_op == 3, "RARP is read as ARP");
}

static void network(void)
{
	struct wr_rec *r;

	r = parse(MACS "0800 " IP4("02", "001c") "16 00 0000 e0000001");
	ok(r->hdr[0].has & WR_H_IGMP && !(r->hdr[0].has & WR_H_ICMP) && r->hdr[0].icmp_type == 0x16,
	   "IGMP has a type of its own");
	r = parse(MACS "0800 55000028 00000000 40060000 0a000001 0a000002 " TCP_SYN);
	ok(r->bad == WR_BAD_IP4_VERSION && r->hdr[0].ip_v == 5 && !(r->hdr[0].has & WR_H_IP),
	   "of another IP version the number is told and nothing else");
	r = parse(MACS "0800 4500002c 00002000 40060000 0a000001 0a000002 1234 0050 00000001 "
		       "00000000 7002 2000 "
		       "0000 0000 020405b4 ");
	ok(!r->bad && r->hdr[0].tcp_opt_len == 4 && r->hdr[0].opt.mss == 1460,
	   "a first fragment may end inside the TCP header");
	r = parse(MACS "86dd 60000000 00002c40 fe800000000000000000000000000001 "
		       "fe800000000000000000000000000002 "
		       "3b00 0001 00000000");
	is_int(r->bad, WR_BAD_IP6_EXT_SHORT, "a jumbogram cannot be a fragment");
}

static void tunnels(void)
{
	struct wr_rec *r;

	r = parse(MACS
		  "0800 " IP4("2f", "005e") "1000 22eb 00000000 1001 0c05 00000000 0000 0000 " MACS
					    "0800 " IP4("06", "0028") TCP_SYN);
	ok(r->has & WR_HAS_INNER && r->tunnel == WR_TUNNEL_ERSPAN && r->vni == 5 &&
		   r->hdr[1].dport == 80,
	   "ERSPAN type III: session and what is inside");
	r = parse(MACS "0800 " IP4("2f", "005a") "1000 88be 00000000 1001 0c06 00000000 " MACS
						 "0800 " IP4("06", "0028") TCP_SYN);
	ok(r->has & WR_HAS_INNER && r->vni == 6 && r->hdr[1].dport == 80, "ERSPAN type II");
	r = parse(MACS "0800 " IP4("2f", "004e") "0000 88be " MACS "0800 " IP4("06", "0028")
			  TCP_SYN);
	ok(r->has & WR_HAS_INNER && !(r->has & WR_HAS_VNI) && r->hdr[1].dport == 80,
	   "ERSPAN type I");
	r = parse(MACS "0800 " IP4("2f", "0048") "0000 8909 0800 0101 0001 0000 " IP4("06", "0028")
			  TCP_SYN);
	ok(r->has & WR_HAS_INNER && r->hdr[1].dport == 80, "Cisco MetaData within GRE");
}

int main(void)
{
	tags();
	network();
	tunnels();
	captures();
	made();
	return done();
}
