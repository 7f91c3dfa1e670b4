/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Filters: what they choose on the host, what they say when they are wrong, and that the kernel
 * chooses the same packets. The last is a differential test: libpcap's interpreter against the
 * translated programs in BPF_PROG_TEST_RUN, on packets made here (seeded) and on real captures in
 * $WEIR_DATA/parser. It needs root.
 */
#include "tests/tap.h"

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <linux/filter.h>

/* libpcap's classic `struct bpf_insn` would clash with the kernel's. */
#define lib_pcap_bpf_h
struct bpf_program;
#include <pcap/dlt.h>
#include <pcap/pcap.h>

#include "capture/filter.h"
#include "capture/filter_impl.h"

#define MAX_FRAME 3400 /* what BPF_PROG_TEST_RUN takes in one page */
#define MADE 20000
#define LONG 12000 /* classic instructions that need jumps over more than 32767 others */
#define PER_MADE 4 /* expressions tried on each packet made here */

static const char *const exprs[] = {
	"ip",
	"ip6",
	"arp",
	"rarp",
	"host 10.0.0.1",
	"src host 10.0.0.1",
	"dst host 10.0.0.2 and not src host 10.0.0.1",
	"host 2001:db8::1",
	"src host fe80::1 or dst host 10.0.0.2",
	"net 10.0.0.0/8",
	"net 192.168.0.0/23",
	"src net 2001:db8::/32",
	"not net 10.0.0.0/8",
	"port 53",
	"tcp port 443",
	"tcp dst port 80",
	"udp src port 53",
	"udp portrange 50-60",
	"portrange 1000-40000",
	"not port 22",
	"sctp",
	"sctp port 80",
	"tcp",
	"udp",
	"icmp",
	"icmp6",
	"igmp or ip proto 47",
	"ip proto 47",
	"ip6 proto 17",
	"proto 6",
	"icmp[icmptype] == icmp-echo",
	"icmp[icmptype] = icmp-unreach or icmp[icmpcode] > 3",
	"icmp6[icmp6type] == icmp6-neighborsolicit",
	"tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn",
	"tcp[tcpflags] & (tcp-rst|tcp-fin) != 0",
	"tcp[13] = 0x12",
	"ip[0] & 0xf != 5",
	"tcp[((tcp[12]&0xf0)>>2):4] = 0x47455420",
	"tcp[20:2] = tcp[0:2]",
	"ip[6:2] & 0x1fff != 0",
	"ip[6:2] & 0x3fff = 0",
	"ip[8] % 7 == 3",
	"ip[8] / 3 > 10",
	"ip[2:2] * 3 > 300",
	"ip[2:2] - 1000 > 0x7fffffff",
	"(ip[8] << 4) > 900",
	"ip[4:2] >> 9 = 3",
	"ip[4:2] ^ 0x5a5a < 0x4000",
	"ip[8] << ip[1] > 64",
	"ip[4:2] / ip[1] > 3",
	"ip[4:2] % ip[1] = 1",
	"ip[4:2] * ip[8] + ip[9] - ip[1] > 0x10000",
	"-ip[8] & 0xff = 192",
	"ip[12:4] = ip[16:4] or ip[10:2] > ip[4:2]",
	"ip[ip[8]:1] = 1",
	"ip[ip[2:2] - 1] & 1 = 1",
	"ether[ip[1]:2] = 0x0800",
	"ether[ip[8] / 8:4] > 0x20000000",
	"ether[ether[13] + 9:4] & 0xff = 0",
	"ip6[6] != 17",
	"ip6[6] == 44 or ip6[7] < 64",
	"ip6[4:2] > 100",
	"ip6[6] == 6 and ip6[52] >> 4 > 6 and ip6[64:2] == 1026",
	"ip6[6] == 17 and ip6[50:2] == 256",
	"ip6[6] == 58 and ip6[40] == 128",
	"tcp[12] >> 4 > 5 and tcp[22:2] == 1460",
	"udp[8:2] == 0 and udp[12:2] == 0",
	"ip6 and tcp port 80",
	"ether[100] & 1 = 0",
	"ether[0] & 1 = 1",
	"ether[12:2] = 0x8100",
	"ether[14:2] & 0xfff = 100",
	"ether[12:4] = 0x81000064 or ether[12:4] = 0x88a80064",
	"ether[9:4] & 0xff > 0x80",
	"ether[10:4] & 0xffff = 0x8100",
	"ether[11:2] & 0xff = 8",
	"ether[13:2] = 0",
	"ether[13:4] & 0xff != 0",
	"ether[15:2] & 0xff = 0x45",
	"ether[15:4] & 0xff0000 = 0x80000",
	"ether[14] & 0xe0 = 0",
	"ether[1100] & 1 = 0",
	"len > 100",
	"greater 128",
	"less 64",
	"len - 14 = ip[2:2]",
	"ether[len - 1] = 0",
	"ether proto 0x88cc or ether proto \\arp",
	"ether host 02:00:00:00:00:01",
	"ether src 02:00:00:00:00:02 and ip",
	"ether multicast",
	"ether broadcast",
	"ip multicast or ip6 multicast",
	"vlan",
	"not vlan",
	"vlan 100",
	"vlan and tcp port 80",
	"vlan 100 and host 10.0.0.1",
	"vlan and vlan",
	"vlan 100 and vlan 200 and ip",
	"vlan and ip6",
	"ip or (vlan and ip)",
	"tcp port 80 or (vlan and (tcp port 80 or (vlan and tcp port 80)))",
	"mpls",
	"mpls 1024",
	"mpls and ip",
	"pppoes",
	"pppoes 1 and ip",
	"pppoed",
	"stp or llc",
	"(tcp or udp) and (port 53 or port 80 or port 443) and not host 10.0.0.3",
	"((host 10.0.0.1 and (port 80 or port 53)) or (net 192.168.0.0/16 and udp)) and not vlan",
	"not (tcp and not (port 80 or not host 10.0.0.1 or (ip[8] > 64 and not port 443)))",
	"host 10.0.0.1 or host 10.0.0.2 or host 10.0.0.3 or host 10.0.0.4 or host 10.0.0.5",
	"ether[12:2] > 1500 and ether[12:2] != 0x800 and not arp",
};

#define N_EXPRS (sizeof(exprs) / sizeof(exprs[0]))

struct frame {
	uint8_t *data;
	uint32_t len;
};

static struct frame *frames; /* made here first, then those of the captures */
static size_t n_frames, cap_frames, n_made, n_long;

/* ---- packets */

static uint64_t seed = 0x77656972;

static uint32_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16);
}

static bool one_in(uint32_t n)
{
	return rnd() % n == 0;
}

static void add_frame(const uint8_t *data, uint32_t len)
{
	if (n_frames == cap_frames) {
		cap_frames = cap_frames ? cap_frames * 2 : 1024;
		frames = reallocarray(frames, cap_frames, sizeof(*frames));
	}
	frames[n_frames].data = malloc(len);
	memcpy(frames[n_frames].data, data, len);
	frames[n_frames++].len = len;
}

struct out {
	uint8_t b[2048];
	uint32_t n;
};

static void put(struct out *o, uint32_t v, int bytes)
{
	while (bytes--)
		o->b[o->n++] = (uint8_t)(v >> (8 * bytes));
}

static void put_random(struct out *o, uint32_t bytes)
{
	while (bytes--)
		o->b[o->n++] = (uint8_t)rnd();
}

#define PICK(...) ((const uint32_t[]){__VA_ARGS__})[rnd() % (sizeof((uint32_t[]){__VA_ARGS__}) / 4)]

static uint32_t port(void)
{
	return one_in(3) ? rnd() & 0xffff : PICK(53, 80, 443, 22, 55);
}

static void put_mac(struct out *o)
{
	if (one_in(8))
		put(o, 0xffff, 2), put(o, 0xffffffff, 4);
	else
		put(o, PICK(0x0200, 0x0200, 0x0100), 2), put(o, PICK(1, 2, 3), 4);
}

static void put_payload(struct out *o)
{
	if (one_in(3))
		put(o, 0x47455420, 4);
	put_random(o, one_in(4) ? rnd() % 1200 : rnd() % 64);
}

static void put_tcp(struct out *o)
{
	uint32_t words = one_in(4) ? rnd() % 16 : 5;

	put(o, port(), 2);
	put(o, port(), 2);
	put_random(o, 8);
	put(o, words << 12 | PICK(2, 0x10, 0x12, 0x11, 4, 0x18), 2);
	put_random(o, 6);
	if (words > 5)
		put_random(o, (words - 5) * 4);
	put_payload(o);
}

static void put_ports(struct out *o)
{
	put(o, port(), 2);
	put(o, port(), 2);
	put_random(o, 4);
	put_payload(o);
}

static void put_l4(struct out *o, uint32_t proto)
{
	if (proto == 6) {
		put_tcp(o);
	} else if (proto == 1 || proto == 58) {
		put(o, PICK(0, 3, 8, 135, 136, 128), 1);
		put(o, rnd() % 6, 1);
		put_random(o, 6);
		put_payload(o);
	} else {
		put_ports(o);
	}
}

static uint32_t addr4(void)
{
	return PICK(0x0a000001, 0x0a000002, 0x0a000003, 0xc0a80001, 0xc0a80107, 0xe0000001,
		    0x08080808);
}

static void put_ip4(struct out *o)
{
	uint32_t words = one_in(5) ? 5 + rnd() % 11 : 5, proto = PICK(6, 6, 17, 17, 1, 132, 47, 2);
	uint32_t at = o->n;

	put(o, 4, 1);
	put(o, one_in(2) ? 0 : rnd() % 40,
	    1); /* TOS: also divisor, shift and index of expressions */
	put(o, 0, 2);
	put_random(o, 2);
	put(o, one_in(5) ? rnd() & 0x3fff : 0x4000, 2);
	put(o, one_in(2) ? 64 : rnd() % 256, 1);
	put(o, proto, 1);
	put_random(o, 2);
	put(o, addr4(), 4);
	put(o, addr4(), 4);
	put_random(o, (words - 5) * 4);
	put_l4(o, proto);
	o->b[at] = (uint8_t)(0x40 | words);
	o->b[at + 2] = (uint8_t)((o->n - at) >> 8);
	o->b[at + 3] = (uint8_t)(o->n - at);
}

static void put_addr6(struct out *o)
{
	put(o, PICK(0x20010db8, 0x20010db8, 0xfe800000, 0xff020000), 4);
	put(o, 0, 4);
	put(o, 0, 4);
	put(o, PICK(1, 2, 0xffff), 4);
}

static void put_ip6(struct out *o)
{
	uint32_t proto = PICK(6, 6, 17, 17, 58, 132), ext = one_in(4) ? PICK(0, 43, 44, 60) : proto;
	uint32_t at = o->n;

	put(o, 0x60000000, 4);
	put(o, 0, 2);
	put(o, ext, 1);
	put(o, PICK(1, 64, 255), 1);
	put_addr6(o);
	put_addr6(o);
	if (ext != proto) {
		put(o, proto, 1);
		put(o, 0, 1);
		put_random(o, 6);
	}
	put_l4(o, proto);
	o->b[at + 4] = (uint8_t)((o->n - at - 40) >> 8);
	o->b[at + 5] = (uint8_t)(o->n - at - 40);
}

static void put_ip(struct out *o, uint32_t type)
{
	if (type == 0x86dd)
		put_ip6(o);
	else
		put_ip4(o);
}

static void put_l3(struct out *o)
{
	uint32_t type = PICK(0x800, 0x800, 0x800, 0x86dd, 0x86dd, 0x806, 0x8035, 0x8847, 0x8864,
			     0x8863, 0x88cc, 0x26);

	put(o, type, 2);
	if (type == 0x8847) {
		put(o, PICK(1024, 16) << 12 | 0x100 | 64, 4);
		put_ip4(o);
	} else if (type == 0x8864) {
		put(o, 0x1100, 2);
		put(o, PICK(1, 7), 2);
		put(o, 40, 2);
		put(o, 0x21, 2);
		put_ip4(o);
	} else if (type == 0x800 || type == 0x86dd) {
		put_ip(o, type);
	} else if (type == 0x26) {
		put(o, PICK(0x424203, 0xaaaa03), 3);
		put_random(o, 35);
	} else if (type == 0x806 || type == 0x8035) {
		put(o, 0x00010800, 4);
		put(o, 0x06040001, 4);
		put_mac(o);
		put(o, addr4(), 4);
		put_mac(o);
		put(o, addr4(), 4);
	} else {
		put_payload(o);
	}
}

static void make_frame(void)
{
	struct out o = {.n = 0};
	uint32_t tags = one_in(3) ? 1 + rnd() % 2 : 0, i;

	put_mac(&o);
	put_mac(&o);
	for (i = 0; i < tags; i++) {
		put(&o, PICK(0x8100, 0x8100, 0x88a8, 0x9100), 2);
		put(&o, PICK(100, 200, 0x2064, 7), 2);
	}
	put_l3(&o);
	while (one_in(2)) /* mutated; else valid */
		o.b[rnd() % (one_in(2) ? 40 : o.n) % o.n] = (uint8_t)rnd();
	if (one_in(4))
		o.n = 14 + rnd() % (o.n - 13);
	add_frame(o.b, o.n);
}

static void read_capture(const char *path)
{
	char text[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *h;
	const u_char *data;
	pcap_t *p = pcap_open_offline(path, text);

	while (p && pcap_datalink(p) == DLT_EN10MB && pcap_next_ex(p, &h, &data) == 1) {
		if (h->caplen >= 14 && h->caplen <= MAX_FRAME)
			add_frame(data, h->caplen);
		else
			n_long++;
	}
	if (p)
		pcap_close(p);
}

static void read_captures(void)
{
	const char *src = getenv("WEIR_SRC"), *dir = getenv("WEIR_DATA");
	char pattern[PATH_MAX];
	glob_t g = {.gl_pathc = 0};
	size_t i, before = n_frames;

	if (dir)
		snprintf(pattern, sizeof(pattern), "%s/parser/*.*cap*", dir);
	else
		snprintf(pattern, sizeof(pattern), "%s/../shared/data/parser/*.*cap*",
			 src ? src : ".");
	glob(pattern, 0, NULL, &g);
	for (i = 0; i < g.gl_pathc; i++)
		if (!strstr(g.gl_pathv[i], ".tsv"))
			read_capture(g.gl_pathv[i]);
	globfree(&g);
	if (n_frames == before)
		skip("no captures match %s", pattern);
	else
		note("%zu packets from captures (%zu left out: under 14 or over %d bytes)",
		     n_frames - before, n_long, MAX_FRAME);
}

/* ---- on the host */

static bool chooses(const char *expr, const char *frame, uint32_t len)
{
	struct wr_filter *f = NULL;
	struct wr_err err = {0};
	bool chosen;

	if (wr_filter_open(&f, expr, DLT_EN10MB, &err))
		note("%s", err.text);
	chosen = wr_filter_match(f, (const uint8_t *)frame, len, len);
	wr_filter_close(&f);
	return chosen;
}

#define UDP4                                                 \
	"\2\0\0\0\0\1\2\0\0\0\0\2\x08\0"                     \
	"\x45\0\0\x1c\0\0\0\0\x40\x11\0\0\xa\0\0\1\xa\0\0\2" \
	"\x14\xe9\0\x35\0\x8\0\0"
#define UDP4_TAGGED                                          \
	"\2\0\0\0\0\1\2\0\0\0\0\2\x81\0\0\x64\x08\0"         \
	"\x45\0\0\x1c\0\0\0\0\x40\x11\0\0\xa\0\0\1\xa\0\0\2" \
	"\x14\xe9\0\x35\0\x8\0\0"

static void test_host(void)
{
	ok(chooses("udp dst port 53 and src host 10.0.0.1", UDP4, 42), "a DNS query is chosen");
	ok(!chooses("udp src port 53", UDP4, 42), "source and destination port are not mixed up");
	ok(!chooses("udp port 53", UDP4_TAGGED, 46), "behind a tag a port needs the word vlan");
	ok(chooses("vlan 100 and udp port 53", UDP4_TAGGED, 46), "with it the port is found");
	ok(!chooses("udp port 53", UDP4, 36), "a packet cut before the port is not chosen");
	ok(chooses("len = 42", UDP4, 42) && chooses("less 42", UDP4, 42),
	   "len is the frame's length");
}

static void test_open(void)
{
	struct wr_filter *f = (void *)&f;
	uint8_t byte = 0;

	ok(!wr_filter_open(&f, NULL, DLT_EN10MB, NULL) && !f, "no expression: no filter");
	f = (void *)&f;
	ok(!wr_filter_open(&f, " \t\n", DLT_EN10MB, NULL) && !f, "a blank expression: no filter");
	ok(wr_filter_match(NULL, &byte, 1, 1), "no filter chooses every packet");
	wr_filter_close(&f);
	ok(!f, "closing no filter is fine");
	ok(!wr_filter_open(&f, "ip6", DLT_RAW, NULL) && f, "layer 3 links have filters too");
	ok(wr_filter_match(f, (const uint8_t *)"\x60", 1, 1),
	   "IPv6 without a link header is chosen");
	wr_filter_close(&f);
	ok(!f, "closed and forgotten");
}

static void test_errors(void)
{
	static const struct {
		const char *expr;
		int linktype;
		const char *says;
	} bad[] = {
		{"tcp prot 443", DLT_EN10MB, "filter 'tcp prot 443' for link type 1 (EN10MB)"},
		{"tcp prot 443", DLT_EN10MB, "syntax error"},
		{"port", DLT_EN10MB, "syntax error"},
		{"host", DLT_EN10MB, "see pcap-filter(7)"},
		{"ether host 02:00:00:00:00:01", DLT_RAW, "link type 12 (RAW)"},
		{"inbound", DLT_EN10MB, "incoming packets only"},
		{"not outbound", DLT_EN10MB, "incoming packets only"},
		{"tcp and udp and arp", DLT_EN10MB, "rejects all packets"},
		{"ip", 99999, "link type 99999 (unknown)"},
	};
	struct wr_filter *f;
	struct wr_err err;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(&err, 0, sizeof(err));
		f = NULL;
		if (!ok(wr_filter_open(&f, bad[i].expr, bad[i].linktype, &err) == -EINVAL && !f &&
				strstr(err.text, bad[i].says),
			"'%s' is refused, the reason says: %s", bad[i].expr, bad[i].says))
			note("%s", err.text);
		wr_filter_close(&f);
	}
}

static int translate(const char *expr, const struct wr_cbpf_insn *code, uint32_t n,
		     struct wr_err *err)
{
	struct wr_filter_target t = {.xdp = true, .load_bytes = true, .slots_fd = 3};
	struct wr_cbpf c = {.insns = code, .n = n, .linktype = DLT_EN10MB, .expr = expr};
	struct bpf_insn *insns;
	size_t len;
	int rc = wr_cbpf_translate(&c, &t, &insns, &len, err);

	if (!rc != !!insns || !rc != !!len)
		rc = 1;
	free(insns);
	return rc;
}

static void test_translate_errors(void)
{
	struct wr_cbpf_insn code[] = {{BPF_LD | BPF_IMM, 0, 0, 1}, {BPF_RET | BPF_K, 0, 0, 1}};
	struct wr_err err = {0};
	struct wr_filter *f;
	struct wr_cbpf c;
	struct wr_cbpf_insn *many = calloc(LONG, sizeof(*many));
	uint32_t i;

	wr_filter_open(&f, "ip6 protochain 6", DLT_EN10MB, &err);
	c = wr_filter_code(f);
	ok(translate(c.expr, c.insns, c.n, &err) == -ENOTSUP && strstr(err.text, "protochain"),
	   "protochain is a loop, so the kernel's translation is refused");
	wr_filter_close(&f);
	ok(!translate("x", code, 2, &err), "a program of two instructions is translated");
	ok(translate("x", code, 0, &err) == -E2BIG, "an empty program is refused");
	code[0].code = 0xfff0;
	ok(translate("x", code, 2, &err) == -EINVAL && strstr(err.text, "instruction 0"),
	   "an unknown instruction is refused and named");
	code[0] = (struct wr_cbpf_insn){BPF_JMP | BPF_JA, 0, 0, 5};
	ok(translate("x", code, 2, &err) == -EINVAL && strstr(err.text, "jumps out"),
	   "a jump out of the program is refused");
	for (i = 0; i < LONG - 1; i++)
		many[i] = (struct wr_cbpf_insn){BPF_LD | BPF_ABS | BPF_W, 0, 0, i};
	many[i] = (struct wr_cbpf_insn){BPF_RET | BPF_A, 0, 0, 0};
	ok(translate("x", many, LONG, &err) == -E2BIG && strstr(err.text, "too long"),
	   "a program too long for the kernel's jumps is refused, and the text says so");
	free(many);
}

/* ---- in the kernel */

enum { PASS = 2, HIT_XDP = 1, HIT_TC = 2, MISS_TC = -1, WRAP_SLOT = 1 };
enum hook { TC, TC_FAR, XDP, XDP_FAR, TC_TAGGED, TC_TAGGED_FAR, RUNS };
static const char *const hook_names[RUNS] = {"TC",	"TC far",    "XDP",
					     "XDP far", "tagged TC", "tagged TC far"};

static int slots[2];	/* program arrays: TC, XDP */
static int tag_wrapper; /* pushes the tag of cb[0], cb[1], then calls slot cb[2] of the TC array */
static bool have_load_bytes;
static size_t thin = 1; /* every so many packets only; for emulated machines */
static char verifier_log[1 << 20];

static int load(bool xdp, const struct bpf_insn *insns, size_t n)
{
	LIBBPF_OPTS(bpf_prog_load_opts, o);
	int fd;

	if (xdp && have_load_bytes)
		o.prog_flags = BPF_F_XDP_HAS_FRAGS;
	if (xdp)
		o.expected_attach_type = BPF_XDP;
	fd = bpf_prog_load(xdp ? BPF_PROG_TYPE_XDP : BPF_PROG_TYPE_SCHED_CLS, "wr_filter", "GPL",
			   insns, n, &o);
	if (fd >= 0 || errno == EPERM)
		return fd;
	o.log_buf = verifier_log;
	o.log_size = sizeof(verifier_log);
	o.log_level = 1;
	fd = bpf_prog_load(xdp ? BPF_PROG_TYPE_XDP : BPF_PROG_TYPE_SCHED_CLS, "wr_filter", "GPL",
			   insns, n, &o);
	if (fd < 0) {
		size_t len = strlen(verifier_log);

		note("%s: %s", strerror(errno), verifier_log + (len > 1500 ? len - 1500 : 0));
	}
	return fd;
}

static int load_constant(bool xdp, int verdict)
{
	const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = verdict},
		{.code = BPF_JMP | BPF_EXIT},
	};

	return load(xdp, insns, 2);
}

static int load_filter(const struct wr_cbpf *c, bool xdp)
{
	struct wr_filter_target t = {.xdp = xdp,
				     .load_bytes = have_load_bytes,
				     .slots_fd = slots[xdp],
				     .match_slot = 0,
				     .miss = xdp ? PASS : MISS_TC};
	struct bpf_insn *insns;
	struct wr_err err;
	size_t n;
	int fd;

	if (wr_cbpf_translate(c, &t, &insns, &n, &err)) {
		note("%s", err.text);
		return -1;
	}
	fd = load(xdp, insns, n);
	free(insns);
	return fd;
}

#define CB(i) (offsetof(struct __sk_buff, cb) + 4 * (i))

static int load_tag_wrapper(void)
{
	const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 6, .src_reg = 1},
		{.code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = 7, .src_reg = 6, .off = CB(2)},
		{.code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = 2, .src_reg = 6, .off = CB(0)},
		{.code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = 3, .src_reg = 6, .off = CB(1)},
		{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_skb_vlan_push},
		{.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 1, .src_reg = 6},
		{.code = BPF_LD | BPF_DW | BPF_IMM,
		 .dst_reg = 2,
		 .src_reg = BPF_PSEUDO_MAP_FD,
		 .imm = slots[false]},
		{.code = 0},
		{.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 3, .src_reg = 7},
		{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_tail_call},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 77},
		{.code = BPF_JMP | BPF_EXIT},
	};

	return load(false, insns, sizeof(insns) / sizeof(insns[0]));
}

/* The retval of one run, or -errno. */
static int run(int fd, const void *data, uint32_t len, struct __sk_buff *ctx)
{
	LIBBPF_OPTS(bpf_test_run_opts, o, .data_in = data, .data_size_in = len, .repeat = 1);

	if (ctx) {
		o.ctx_in = ctx;
		o.ctx_size_in = sizeof(*ctx);
	}
	return bpf_prog_test_run_opts(fd, &o) ? -errno : (int)o.retval;
}

/* The frame goes in without its tag, which the wrapper makes metadata. */
static int run_tagged(uint32_t slot, const uint8_t *frame, uint32_t len)
{
	struct __sk_buff ctx = {.cb = {(uint32_t)(frame[13] << 8 | frame[12]),
				       (uint32_t)(frame[14] << 8 | frame[15]), slot}};
	uint8_t bare[MAX_FRAME];

	memcpy(bare, frame, 12);
	memcpy(bare + 12, frame + 16, len - 16);
	return run(tag_wrapper, bare, len - 4, &ctx);
}

struct tally {
	uint64_t runs, chosen, wrong, refused;
};

static void count(struct tally *t, enum hook hook, int verdict, bool want, const struct frame *f)
{
	bool xdp = hook == XDP || hook == XDP_FAR;
	int hit = xdp ? HIT_XDP : HIT_TC, miss = xdp ? PASS : MISS_TC;
	uint32_t i;

	if (verdict == -EINVAL) { /* older and newer kernels refuse some very short frames */
		t->refused++;
		return;
	}
	t->runs++;
	t->chosen += want;
	if (verdict == (want ? hit : miss))
		return;
	if (t->wrong++)
		return;
	printf("# %s: verdict %d, libpcap %s; %u bytes:", hook_names[hook], verdict,
	       want ? "chooses" : "does not choose", f->len);
	for (i = 0; i < f->len && i < 64; i++)
		printf("%s%02x", i % 4 ? "" : " ", f->data[i]);
	printf("\n");
}

struct loaded {
	struct wr_cbpf code;
	int fd[4]; /* TC, TC_FAR, XDP, XDP_FAR */
};

static bool load_all(struct loaded *l)
{
	uint32_t slot;
	int i;

	for (i = 0; i < 4; i++) {
		bool xdp = i == XDP || i == XDP_FAR;

		l->code.far = i == TC_FAR || i == XDP_FAR;
		l->fd[i] = -1;
		if (i == XDP_FAR && !have_load_bytes)
			continue;
		l->fd[i] = load_filter(&l->code, xdp);
		if (l->fd[i] < 0)
			return false;
		slot = WRAP_SLOT + (uint32_t)i;
		if (!xdp && bpf_map_update_elem(slots[0], &slot, &l->fd[i], 0))
			return false;
	}
	l->code.far = false;
	return true;
}

static void unload(struct loaded *l)
{
	int i;

	for (i = 0; i < 4; i++)
		if (l->fd[i] >= 0)
			close(l->fd[i]);
}

static bool tag_at_12(const struct frame *f)
{
	return f->len >= 18 && ((f->data[12] == 0x81 && f->data[13] == 0) ||
				(f->data[12] == 0x88 && f->data[13] == 0xa8));
}

static void try_tagged(const struct loaded *l, const struct frame *f, bool both, struct tally *t)
{
	bool want = wr_cbpf_match(&l->code, f->data, f->len, f->len);

	count(t, TC_TAGGED, run_tagged(WRAP_SLOT + TC, f->data, f->len), want, f);
	if (both)
		count(t, TC_TAGGED_FAR, run_tagged(WRAP_SLOT + TC_FAR, f->data, f->len), want, f);
}

/* A frame without a tag gets one, so that every kind of frame is also seen tagged. */
static void try_made_tagged(const struct loaded *l, const struct frame *f, bool both,
			    struct tally *t)
{
	uint8_t data[MAX_FRAME + 4];
	struct frame tagged = {data, f->len + 4};

	if (tagged.len > MAX_FRAME)
		return;
	memcpy(data, f->data, 12);
	memcpy(data + 12, f->data[5] & 1 ? "\x81\0\0\x64" : "\x88\xa8\x20\xc8", 4);
	memcpy(data + 16, f->data + 12, f->len - 12);
	try_tagged(l, &tagged, both, t);
}

/* far: also the copies that normally run only beyond the linear part. */
static void try_frame(const struct loaded *l, const struct frame *f, bool far, struct tally *t)
{
	bool want = wr_cbpf_match(&l->code, f->data, f->len, f->len);
	int i;

	for (i = 0; i < 4; i++)
		if (l->fd[i] >= 0 && (far || i == TC || i == XDP))
			count(t, i, run(l->fd[i], f->data, f->len, NULL), want, f);
	if (tag_at_12(f))
		try_tagged(l, f, far, t);
	else if (far)
		try_made_tagged(l, f, true, t);
}

static void try_expr(size_t e, struct tally *all)
{
	struct tally t = {0};
	struct loaded l;
	struct wr_filter *f;
	struct wr_err err;
	size_t i, step = (N_EXPRS + PER_MADE - 1) / PER_MADE;

	if (wr_filter_open(&f, exprs[e], DLT_EN10MB, &err)) {
		ok(0, "%s", err.text);
		return;
	}
	l.code = wr_filter_code(f);
	if (!load_all(&l)) {
		ok(0, "'%s' loads", exprs[e]);
	} else {
		for (i = e % step; i < n_made; i += step * thin)
			try_frame(&l, &frames[i], true, &t);
		for (i = n_made + e % thin; i < n_frames; i += thin)
			try_frame(&l, &frames[i], (i + e) % 16 == 0, &t);
		/* Some choose only what real captures have. */
		ok(!t.wrong && (thin > 1 || n_frames == n_made || (t.chosen && t.chosen < t.runs)),
		   "'%s': same choice (%llu runs, %llu chosen, %llu wrong)", exprs[e],
		   (unsigned long long)t.runs, (unsigned long long)t.chosen,
		   (unsigned long long)t.wrong);
		unload(&l);
	}
	wr_filter_close(&f);
	all->runs += t.runs;
	all->chosen += t.chosen;
	all->wrong += t.wrong;
	all->refused += t.refused;
}

static void test_exprs(void)
{
	struct tally all = {0};
	size_t e;

	for (e = 0; e < N_EXPRS; e++)
		try_expr(e, &all);
	note("%zu expressions, %zu packets: %llu runs, %llu chosen, %llu wrong, %llu refused by "
	     "the kernel",
	     N_EXPRS, n_frames, (unsigned long long)all.runs, (unsigned long long)all.chosen,
	     (unsigned long long)all.wrong, (unsigned long long)all.refused);
}

/* ---- programs that no expression gives: every instruction, odd operands */

static const uint16_t codes[] = {
	BPF_LD | BPF_ABS | BPF_W,
	BPF_LD | BPF_ABS | BPF_H,
	BPF_LD | BPF_ABS | BPF_B,
	BPF_LD | BPF_IND | BPF_W,
	BPF_LD | BPF_IND | BPF_H,
	BPF_LD | BPF_IND | BPF_B,
	BPF_LD | BPF_IND | BPF_W,
	BPF_LD | BPF_IND | BPF_H,
	BPF_LD | BPF_IND | BPF_B,
	BPF_LDX | BPF_MSH | BPF_B,
	BPF_LD | BPF_IMM,
	BPF_LDX | BPF_IMM,
	BPF_LD | BPF_LEN,
	BPF_LDX | BPF_LEN,
	BPF_LD | BPF_MEM,
	BPF_LDX | BPF_MEM,
	BPF_ST,
	BPF_STX,
	BPF_ALU | BPF_ADD,
	BPF_ALU | BPF_SUB,
	BPF_ALU | BPF_MUL,
	BPF_ALU | BPF_DIV,
	BPF_ALU | BPF_MOD,
	BPF_ALU | BPF_AND,
	BPF_ALU | BPF_OR,
	BPF_ALU | BPF_XOR,
	BPF_ALU | BPF_LSH,
	BPF_ALU | BPF_RSH,
	BPF_ALU | BPF_NEG,
	BPF_MISC | BPF_TAX,
	BPF_MISC | BPF_TXA,
	BPF_JMP | BPF_JA,
	BPF_JMP | BPF_JEQ,
	BPF_JMP | BPF_JGT,
	BPF_JMP | BPF_JGE,
	BPF_JMP | BPF_JSET,
	BPF_RET | BPF_K,
	BPF_RET | BPF_A,
};

static uint32_t operand(uint16_t code)
{
	uint16_t class = BPF_CLASS(code), op = BPF_OP(code);

	if (BPF_MODE(code) == BPF_MEM || class == BPF_ST || class == BPF_STX)
		return rnd() % 4;
	if (class == BPF_ALU && (op == BPF_LSH || op == BPF_RSH))
		return rnd() % 32;
	if (class == BPF_ALU && (op == BPF_DIV || op == BPF_MOD))
		return 1 + rnd() % 300;
	if (class == BPF_LD || class == BPF_LDX)
		return one_in(30) ? PICK(0xffffffff, 0x7fffffff, 0xffff, 0x80000000, 0x7ffc)
				  : rnd() % 40;
	return one_in(3) ? rnd() : PICK(0, 1, 4, 8, 12, 20, 0x800, 0x80000000, 0xffffffff);
}

static uint32_t make_program(struct wr_cbpf_insn *p)
{
	uint32_t n = 0, len = 12 + rnd() % 30, left;
	uint16_t class;

	for (; n < 4; n++) /* libpcap's scratch memory does not begin with 0 */
		p[n] = (struct wr_cbpf_insn){BPF_ST, 0, 0, n};
	for (; n < len; n++) {
		struct wr_cbpf_insn in = {
			.code = codes[rnd() % (sizeof(codes) / sizeof(codes[0]))]};

		class = BPF_CLASS(in.code);
		if (class == BPF_RET && !one_in(4))
			in.code = BPF_LD | BPF_IMM;
		in.k = operand(in.code);
		left = len - n - 1;
		if (in.code == (BPF_JMP | BPF_JA))
			in.k = rnd() % (left < 3 ? left + 1 : 3);
		else if (class == BPF_JMP)
			in.jt = (uint8_t)(rnd() % (left + 1)),
			in.jf = (uint8_t)(rnd() % (left + 1));
		if ((class == BPF_ALU || class == BPF_JMP) && in.code != (BPF_JMP | BPF_JA) &&
		    in.code != (BPF_ALU | BPF_NEG) && one_in(2))
			in.code |= BPF_X;
		p[n] = in;
	}
	p[n] = (struct wr_cbpf_insn){BPF_RET | BPF_A, 0, 0, 0};
	return n + 1;
}

static void test_programs(void)
{
	struct wr_cbpf_insn p[64];
	struct loaded l = {.code = {.insns = p, .linktype = DLT_EN10MB, .expr = "made"}};
	struct tally t = {0};
	uint32_t made, unloaded = 0, i;

	for (made = 0; made < 1500 / thin; made++) {
		l.code.n = make_program(p);
		if (!load_all(&l)) {
			unloaded++;
			continue;
		}
		for (i = 0; i < 12; i++)
			try_frame(&l, &frames[rnd() % n_made], true, &t);
		unload(&l);
	}
	ok(!unloaded, "%u made classic programs are accepted by the verifier", made);
	ok(!t.wrong && t.chosen && t.chosen < t.runs,
	   "they choose as libpcap does (%llu runs, %llu chosen, %llu wrong)",
	   (unsigned long long)t.runs, (unsigned long long)t.chosen, (unsigned long long)t.wrong);
}

/* ---- big frames, no filter, empty slot, cost */

static uint8_t big[20000];

static int open_big(bool xdp)
{
	struct wr_filter *f;
	struct wr_cbpf c;
	int fd;

	memcpy(big, UDP4, 42);
	wr_filter_open(&f, "udp port 53 and ether[15000] = 7 and len = 20000", DLT_EN10MB, NULL);
	c = wr_filter_code(f);
	fd = load_filter(&c, xdp);
	wr_filter_close(&f);
	return fd;
}

static void test_xdp_frags(void)
{
	int fd;

	if (!have_load_bytes) {
		skip("this kernel has no XDP fragments");
		return;
	}
	fd = open_big(true);
	big[15000] = 7;
	is_int(run(fd, big, sizeof(big), NULL), HIT_XDP, "XDP: a byte in a fragment is found");
	big[15000] = 8;
	is_int(run(fd, big, sizeof(big), NULL), PASS,
	       "XDP: the same byte with another value is not");
	close(fd);
}

/* Linear parts that end within and after the UDP header: loads change over to the far copy. */
static void test_tc_frags(void)
{
	struct __sk_buff ctx = {.data_end = 34}; /* the least for IPv4 */
	int fd = open_big(false), wrong = 0;

	big[15000] = 7;
	if (run(fd, big, sizeof(big), &ctx) == -EINVAL) {
		skip("this kernel makes no packets with fragments for TC");
		close(fd);
		return;
	}
	for (; ctx.data_end < 60; ctx.data_end++) {
		big[15000] = 7;
		wrong += run(fd, big, sizeof(big), &ctx) != HIT_TC;
		big[15000] = 8;
		wrong += run(fd, big, sizeof(big), &ctx) != MISS_TC;
	}
	is_int(wrong, 0, "TC: bytes in a fragment are found, wherever the linear part ends");
	close(fd);
}

static void test_ends(void)
{
	struct wr_filter_target t = {.slots_fd = slots[false], .match_slot = 7, .miss = 42};
	struct bpf_insn *insns = NULL;
	size_t n = 0;
	int fd;

	ok(!wr_filter_translate(NULL, &t, &insns, &n, NULL), "no filter is translated too");
	fd = load(false, insns, n);
	is_int(run(fd, UDP4, 42, NULL), 42, "chosen, but the slot is empty: the miss verdict");
	close(fd);
	free(insns);
	t.match_slot = 0;
	wr_filter_translate(NULL, &t, &insns, &n, NULL);
	fd = load(false, insns, n);
	is_int(run(fd, UDP4, 42, NULL), HIT_TC, "no filter chooses every packet in the kernel");
	close(fd);
	free(insns);
}

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* The kernel's own average, in whole ns. Time outside it has the setup of the run in it, which for
 * XDP means code patching and waiting for other CPUs. */
static uint32_t run_ns(int fd, const void *data, uint32_t len, uint32_t best)
{
	LIBBPF_OPTS(bpf_test_run_opts, o, .data_in = data, .data_size_in = len, .repeat = 1000000);

	if (bpf_prog_test_run_opts(fd, &o))
		return best;
	return o.duration < best ? o.duration : best;
}

static void note_cost(const char *expr, bool xdp, const char *frame, uint32_t len, const char *what)
{
	struct wr_filter *f;
	struct wr_cbpf c;
	uint32_t full_ns = UINT32_MAX, empty_ns = UINT32_MAX;
	double t0, load_us;
	int i, fd, empty = load_constant(xdp, xdp ? PASS : MISS_TC);

	wr_filter_open(&f, expr, DLT_EN10MB, NULL);
	c = wr_filter_code(f);
	t0 = now_us();
	fd = load_filter(&c, xdp);
	load_us = now_us() - t0;
	for (i = 0; i < 5; i++) { /* in turn, because the machine's speed drifts */
		full_ns = run_ns(fd, frame, len, full_ns);
		empty_ns = run_ns(empty, frame, len, empty_ns);
	}
	note("%s '%s', %s: %u ns - %u ns of an empty program; translated and loaded in %.0f us",
	     xdp ? "XDP" : "TC", expr, what, full_ns, empty_ns, load_us);
	close(fd);
	close(empty);
	wr_filter_close(&f);
}

static void note_costs(void)
{
	char tcp[60] =
		"\2\0\0\0\0\1\2\0\0\0\0\2\x08\0\x45\0\0\x2e\0\0\x40\0\x40\x06\0\0\xa\0\0\1\xa\0\0\2"
		"\xc0\0\x01\xbb";
	char tagged[64] =
		"\2\0\0\0\0\1\2\0\0\0\0\2\x81\0\0\x64\x08\0\x45\0\0\x2e\0\0\x40\0\x40\x06\0\0"
		"\xa\0\0\1\xa\0\0\2\xc0\0\0\x50";
	int xdp;

	for (xdp = 0; xdp < 2; xdp++) {
		note_cost("tcp port 443", xdp, tcp, 60, "chosen");
		note_cost("tcp port 80", xdp, tcp, 60, "not chosen");
		note_cost("tcp port 443", xdp, UDP4, 42, "not chosen, UDP");
		note_cost("host 10.0.0.1", xdp, tcp, 60, "chosen");
		note_cost("host 10.9.9.9", xdp, tcp, 60, "not chosen");
		note_cost("vlan and tcp port 80", xdp, tagged, 64, "chosen");
		note_cost("vlan and tcp port 80", xdp, tcp, 60, "not chosen");
	}
}

static bool open_kernel(void)
{
	const struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
	const struct bpf_insn probe[] = {
		{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_xdp_get_buff_len},
		{.code = BPF_JMP | BPF_EXIT},
	};
	uint32_t slot = 0;
	int xdp, fd;

	setrlimit(RLIMIT_MEMLOCK, &unlimited); /* before 5.11 maps count as locked memory */
	fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "probe", "GPL", probe, 2, NULL);
	have_load_bytes = fd >= 0;
	if (fd >= 0)
		close(fd);
	for (xdp = 0; xdp < 2; xdp++) {
		slots[xdp] = bpf_map_create(BPF_MAP_TYPE_PROG_ARRAY, "slots", 4, 4, 8, NULL);
		fd = slots[xdp] < 0 ? -1 : load_constant(xdp, xdp ? HIT_XDP : HIT_TC);
		if (fd < 0 || bpf_map_update_elem(slots[xdp], &slot, &fd, 0))
			return false;
		close(fd);
	}
	tag_wrapper = load_tag_wrapper();
	return tag_wrapper >= 0;
}

int main(void)
{
	const char *every = getenv("WEIR_TEST_THIN");

	if (every && atoi(every) > 0)
		thin = (size_t)atoi(every);
	test_host();
	test_open();
	test_errors();
	test_translate_errors();
	while (n_frames < MADE)
		make_frame();
	n_made = n_frames;
	if (!open_kernel()) {
		skip("%zu expressions in the kernel: BPF programs cannot be loaded here (%s)",
		     N_EXPRS, strerror(errno));
		return done();
	}
	read_captures();
	test_exprs();
	test_programs();
	test_xdp_frags();
	test_tc_frags();
	test_ends();
	if (thin == 1)
		note_costs();
	return done();
}
