/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a packet costs, in ns, over a program that does nothing: the same packet through
 *BPF_PROG_TEST_RUN, many rounds in which all programs take turns, so that whatever else the machine
 *does befalls all of them. The minimum is what the program costs; the median tells how quiet the
 *machine was.
 *
 *	ns [--json] [--rounds N] [--repeat N] [--hook xdp|tc] [--packet TEXT]
 *
 * Objects are taken from $WEIR_BPF_DIR (xdp.bpf.o, tc_in.bpf.o, count.bpf.o). Needs root.
 */
#include <getopt.h>
#include <time.h>

#include "capture/filter.h"
#include "tests/unit/hook.h"

enum {
	ROUNDS_MOST = 1000,
	PACKET_MOST = 1514,
	RING = 16 << 20,
	FACTS_MOST = 20000,
	BYTES_MOST = 8000
};

/* Packets */

struct packet {
	const char *name;
	double bar; /* parse may cost this many times what nothing costs; 0 = no promise */
	void (*make)(struct packet *p);
	/* made */
	uint32_t n, lengths;
	struct {
		uint32_t at, from;
	} length[8]; /* 16 bit fields: bytes from `from` to the end */
	uint8_t b[PACKET_MOST];
};

static void put(struct packet *p, const void *from, uint32_t n)
{
	memcpy(p->b + p->n, from, n);
	p->n += n;
}

static void put16(struct packet *p, uint32_t v)
{
	put(p, (const uint8_t[]){(uint8_t)(v >> 8), (uint8_t)v}, 2);
}

static void length(struct packet *p, uint32_t at, uint32_t from)
{
	p->length[p->lengths].at = at;
	p->length[p->lengths++].from = from;
}

static void ether(struct packet *p, uint32_t type)
{
	put(p, "\x02\0\0\0\0\x01\x02\0\0\0\0\x02", 12);
	put16(p, type);
}

static void ip4(struct packet *p, uint32_t proto)
{
	length(p, p->n + 2, p->n);
	put(p, "\x45\0\0\0\x12\x34\x40\0\x40", 9);
	put(p, &(uint8_t){(uint8_t)proto}, 1);
	put(p, "\0\0\x0a\0\0\x01\x0a\0\0\x02", 10);
}

static void ip6(struct packet *p, uint32_t next)
{
	length(p, p->n + 4, p->n + 40);
	put(p, "\x60\0\0\0\0\0", 6);
	put(p, &(uint8_t){(uint8_t)next}, 1);
	put(p, "\x40\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 17);
	put(p, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02", 16);
}

/* An extension header of eight bytes with a PadN option in it */
static void ext(struct packet *p, uint32_t next)
{
	put(p, &(uint8_t){(uint8_t)next}, 1);
	put(p, "\0\x01\x04\0\0\0\0", 7);
}

static void tcp(struct packet *p, uint32_t flags, const void *options, uint32_t n)
{
	put16(p, 50000);
	put16(p, 443);
	put(p, "\x01\x02\x03\x04\0\0\0\0", 8);
	put16(p, (5 + n / 4) << 12 | flags);
	put(p, "\xfa\xf0\0\0\0\0", 6);
	put(p, options, n);
}

static void udp(struct packet *p, uint32_t dport)
{
	put16(p, 40000);
	put16(p, dport);
	length(p, p->n, p->n - 4);
	put(p, "\0\0\0\0", 4);
}

static void grow(struct packet *p, uint32_t n)
{
	p->n = p->n > n ? p->n : n;
}

#define TIME "\x08\x0a\x01\x02\x03\x04\0\0\0\0"
static const uint8_t linux_syn[] = "\x02\x04\x05\xb4\x04\x02" TIME "\x01\x03\x03\x07";
static const uint8_t windows_syn[] = "\x02\x04\x05\xb4\x01\x03\x03\x08\x01\x01\x04\x02";
static const uint8_t macos_syn[] = "\x02\x04\x05\xb4\x01\x03\x03\x06\x01\x01" TIME "\x04\x02\0\0";
static const uint8_t odd_syn[] = "\x01\x02\x04\x05\xb4\x03\x03\x07\x04\x02" TIME;
static const uint8_t running[] = "\x01\x01" TIME;

#define SYN(name, options)                               \
	static void name(struct packet *p)               \
	{                                                \
		ether(p, 0x0800);                        \
		ip4(p, 6);                               \
		tcp(p, 2, options, sizeof(options) - 1); \
	}
SYN(syn_linux, linux_syn)
SYN(syn_windows, windows_syn)
SYN(syn_macos, macos_syn)
SYN(syn_odd, odd_syn)

static void udp_64(struct packet *p)
{
	ether(p, 0x0800);
	ip4(p, 17);
	udp(p, 53);
	grow(p, 64);
}

static void tcp_512(struct packet *p)
{
	ether(p, 0x0800);
	ip4(p, 6);
	tcp(p, 0x18, running, 12);
	grow(p, 512);
}

static void tcp_1500(struct packet *p)
{
	ether(p, 0x0800);
	ip4(p, 6);
	tcp(p, 0x18, running, 12);
	grow(p, 1514);
}

static void tcp_ip6(struct packet *p)
{
	ether(p, 0x86dd);
	ip6(p, 6);
	tcp(p, 0x18, running, 12);
	grow(p, 512);
}

static void udp_ip6(struct packet *p)
{
	ether(p, 0x86dd);
	ip6(p, 17);
	udp(p, 53);
	grow(p, 90);
}

static void vlan_tcp(struct packet *p)
{
	ether(p, 0x8100);
	put16(p, 42);
	put16(p, 0x0800);
	ip4(p, 6);
	tcp(p, 0x18, running, 12);
	grow(p, 512);
}

static void vlan_ip6_ext(struct packet *p)
{
	ether(p, 0x8100);
	put16(p, 42);
	put16(p, 0x86dd);
	ip6(p, 0);
	ext(p, 6);
	tcp(p, 0x18, running, 12);
}

static void ip6_two_ext(struct packet *p)
{
	ether(p, 0x86dd);
	ip6(p, 0);
	ext(p, 60);
	ext(p, 6);
	tcp(p, 0x18, running, 12);
}

static void vxlan(struct packet *p)
{
	ether(p, 0x0800);
	ip4(p, 17);
	udp(p, 4789);
	put(p, "\x08\0\0\0\0\0\x2a\0", 8);
	ether(p, 0x0800);
	ip4(p, 6);
	tcp(p, 0x18, running, 12);
}

static void icmp(struct packet *p)
{
	ether(p, 0x0800);
	ip4(p, 1);
	put(p, "\x08\0\0\0\0\x01\0\x01", 8);
	grow(p, 98);
}

static void arp(struct packet *p)
{
	ether(p, 0x0806);
	put(p, "\0\x01\x08\0\x06\x04\0\x01", 8);
	put(p, "\x02\0\0\0\0\x02\x0a\0\0\x01\0\0\0\0\0\0\x0a\0\0\x02", 20);
	grow(p, 60);
}

#define PLAIN 2.5
#define OPTIONS 4.5
#define DEEP 9

static struct packet packets[] = {
	{.name = "TCP SYN, Linux", .bar = OPTIONS, .make = syn_linux},
	{.name = "TCP SYN, Windows", .bar = OPTIONS, .make = syn_windows},
	{.name = "TCP SYN, macOS", .bar = OPTIONS, .make = syn_macos},
	{.name = "TCP SYN, odd order", .bar = 0, .make = syn_odd},
	{.name = "UDP 64 B", .bar = PLAIN, .make = udp_64},
	{.name = "TCP 512 B", .bar = PLAIN, .make = tcp_512},
	{.name = "TCP 1500 B", .bar = PLAIN, .make = tcp_1500},
	{.name = "IPv6 TCP", .bar = PLAIN, .make = tcp_ip6},
	{.name = "IPv6 UDP", .bar = PLAIN, .make = udp_ip6},
	{.name = "VLAN, TCP 512 B", .make = vlan_tcp},
	{.name = "VLAN, IPv6, ext., TCP", .bar = DEEP, .make = vlan_ip6_ext},
	{.name = "IPv6, 2 ext., TCP", .bar = DEEP, .make = ip6_two_ext},
	{.name = "VXLAN, TCP inside", .bar = DEEP, .make = vxlan},
	{.name = "ICMP", .bar = 0, .make = icmp},
	{.name = "ARP", .bar = 0, .make = arp},
};
enum { PACKETS = sizeof(packets) / sizeof(*packets) };

static void make_packets(void)
{
	for (struct packet *p = packets; p < packets + PACKETS; p++) {
		p->make(p);
		for (uint32_t i = 0; i < p->lengths; i++) {
			uint32_t v = p->n - p->length[i].from;

			p->b[p->length[i].at] = (uint8_t)(v >> 8);
			p->b[p->length[i].at + 1] = (uint8_t)v;
		}
	}
}

/* Programs */

enum program { EMPTY, COUNT, PARSE, SAMPLE, FILTER, FACTS, BYTES, PROGRAMS };

static const struct {
	const char *name, *key;
	struct wr_board_conf conf;
	uint32_t repeat; /* 0: as the command line says; records must fit into the ring */
} programs[PROGRAMS] = {
	[EMPTY] = {"empty", "empty", {0}, 0},
	[COUNT] = {"count", "count", {0}, 0},
	[PARSE] = {"parse, ledger", "parse", {.max_depth = 1}, 0},
	[SAMPLE] = {"+ 1 in 1000",
		    "sample",
		    {.max_depth = 1, .follow = 1, .records = WR_RECORDS_FACTS, .sample = 1000},
		    0},
	[FILTER] = {"+ filter",
		    "filter",
		    {.max_depth = 1, .follow = 1, .records = WR_RECORDS_FACTS, .sample = 1000},
		    0},
	[FACTS] = {"+ facts",
		   "facts",
		   {.max_depth = 1, .follow = 1, .records = WR_RECORDS_FACTS},
		   FACTS_MOST},
	[BYTES] = {"+ bytes",
		   "bytes",
		   {.max_depth = 1, .follow = 1, .records = WR_RECORDS_BYTES, .snap = 65535},
		   BYTES_MOST},
};

/* One hook with all that is measured at it. */
struct bench {
	enum hook_kind kind;
	struct hook plain, filtered;
	struct bpf_object *count;
	int fd[PROGRAMS];
	struct ring_buffer *ring[2];
	uint64_t lost;
	double call; /* seconds, of a run of one packet */
};

static double times[PACKETS][PROGRAMS][ROUNDS_MOST];

static int no_record(void *ctx, void *data, size_t n)
{
	(void)ctx, (void)data, (void)n;
	return 0;
}

static int die(const char *what, int rc)
{
	fprintf(stderr, "ns: %s: %s\n", what, strerror(rc < 0 ? -rc : rc));
	exit(1);
}

static void open_filter(struct bench *b)
{
	struct wr_filter_target t = {
		.xdp = b->kind == HOOK_XDP,
		.load_bytes = true,
		.slots_fd = b->filtered.slots_fd,
		.match_slot = WR_SLOT_RECORD,
		.miss = b->filtered.is->pass,
	};
	/* The programs of an array must agree in it; libbpf sets it for those from the object. */
	LIBBPF_OPTS(bpf_prog_load_opts, o,
		    .expected_attach_type = b->kind == HOOK_XDP ? BPF_XDP : 0);
	struct wr_filter *f = NULL;
	struct bpf_insn *insns = NULL;
	struct wr_err err;
	size_t n = 0;
	int fd;

	if (wr_filter_open(&f, "tcp port 443", WR_LINK_ETHER, &err) ||
	    wr_filter_translate(f, &t, &insns, &n, &err))
		die(err.text, EINVAL);
	fd = bpf_prog_load(b->filtered.is->type, "wr_filter", "GPL", insns, n, &o);
	if (fd < 0 || hook_set_slot(&b->filtered, WR_SLOT_FILTER, fd))
		die("filter", errno);
	close(fd);
	free(insns);
	wr_filter_close(&f);
}

static int count_fd(const struct bench *b, const char *what)
{
	char name[32];

	snprintf(name, sizeof(name), "wr_%s_%s", what, b->kind == HOOK_XDP ? "xdp" : "tc");
	return bpf_program__fd(bpf_object__find_program_by_name(b->count, name));
}

static void open_bench(struct bench *b, enum hook_kind kind)
{
	const struct hook_conf conf = {
		.kind = kind,
		.fixed = {.linktype = WR_LINK_ETHER, .load_bytes = kind == HOOK_XDP},
		.ring_bytes = RING,
	};
	char path[4096];
	int rc;

	memset(b, 0, sizeof(*b));
	b->kind = kind;
	rc = hook_open(&b->plain, &conf);
	if (!rc)
		rc = hook_open(&b->filtered, &conf);
	if (rc)
		die(hook_is[kind].name, rc);
	open_filter(b);
	snprintf(path, sizeof(path), "%s/count.bpf.o", hook_dir());
	b->count = bpf_object__open_file(path, NULL);
	if (!b->count || bpf_object__load(b->count))
		die(path, errno);
	b->fd[EMPTY] = count_fd(b, "empty");
	b->fd[COUNT] = count_fd(b, "count");
	b->fd[PARSE] = b->fd[SAMPLE] = b->fd[FACTS] = b->fd[BYTES] = b->plain.main_fd;
	b->fd[FILTER] = b->filtered.main_fd;
	b->ring[0] = ring_buffer__new(b->plain.ring_fd, no_record, NULL, NULL);
	b->ring[1] = ring_buffer__new(b->filtered.ring_fd, no_record, NULL, NULL);
	if (!b->ring[0] || !b->ring[1])
		die("ring", errno);
}

static void close_bench(struct bench *b)
{
	b->lost = hook_count(&b->plain).ring_full + hook_count(&b->filtered).ring_full;
	ring_buffer__free(b->ring[0]);
	ring_buffer__free(b->ring[1]);
	bpf_object__close(b->count);
	hook_close(&b->plain);
	hook_close(&b->filtered);
}

/* Of this thread on its CPU: the end of an XDP run waits for RCU, which is nobody's cost. */
static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double run(int fd, const struct packet *p, uint32_t repeat)
{
	LIBBPF_OPTS(bpf_test_run_opts, o, .data_in = p->b, .data_size_in = p->n,
		    .repeat = (int)repeat);
	double start = seconds();

	if (bpf_prog_test_run_opts(fd, &o))
		die(p->name, errno);
	return seconds() - start;
}

/* The kernel's own figure is whole ns. What a call costs besides, for one packet, is taken off. */
static double measure(struct bench *b, const struct packet *p, enum program k, uint32_t repeat)
{
	struct hook *h = k == FILTER ? &b->filtered : &b->plain;
	double t;

	if (programs[k].repeat && programs[k].repeat < repeat)
		repeat = programs[k].repeat;
	h->board->conf = programs[k].conf;
	t = run(b->fd[k], p, repeat) - b->call;
	ring_buffer__consume(b->ring[k == FILTER]);
	return t * 1e9 / (repeat - 1);
}

static void measure_call(struct bench *b)
{
	b->call = 1;
	for (int i = 0; i < 20; i++) {
		double t = run(b->fd[EMPTY], &packets[0], 1);

		b->call = t < b->call ? t : b->call;
	}
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void measure_all(struct bench *b, const char *only, int rounds, uint32_t repeat)
{
	for (int r = 0; r < rounds; r++)
		for (int i = 0; i < PACKETS; i++)
			for (int k = 0; k < PROGRAMS; k++)
				if (!only || strstr(packets[i].name, only))
					times[i][k][r] =
						measure(b, &packets[i], (enum program)k, repeat);
	for (int i = 0; i < PACKETS; i++)
		for (int k = 0; k < PROGRAMS; k++)
			qsort(times[i][k], (size_t)rounds, sizeof(double), by_value);
}

/* Answers */

static const char *hook_text(const struct bench *b)
{
	return b->kind == HOOK_XDP ? "XDP" : "TC";
}

static void print_table(const struct bench *b, const char *only, int rounds)
{
	printf("\n%s: ns per packet, smallest (median) of %d rounds; over empty: of the "
	       "medians\n\n",
	       hook_text(b), rounds);
	printf("| %-21s |", "packet");
	for (int k = 0; k < PROGRAMS; k++)
		printf(" %-13s |", programs[k].name);
	printf(" parse over empty  | bar  |\n|%.23s|", "-----------------------");
	for (int k = 0; k < PROGRAMS; k++)
		printf("%.14s:|", "--------------");
	printf("------------------:|-----:|\n");
	for (int i = 0; i < PACKETS; i++) {
		/* Medians: the smallest of one program may come from a moment at which the machine
		 * was faster than at any of the other's. */
		double empty = times[i][EMPTY][rounds / 2], parse = times[i][PARSE][rounds / 2];
		char cell[32];

		if (only && !strstr(packets[i].name, only))
			continue;
		printf("| %-21s |", packets[i].name);
		for (int k = 0; k < PROGRAMS; k++) {
			snprintf(cell, sizeof(cell), "%.1f (%.1f)", times[i][k][0],
				 times[i][k][rounds / 2]);
			printf(" %13s |", cell);
		}
		snprintf(cell, sizeof(cell), "+%.1f ns, %.2fx", parse - empty, parse / empty);
		printf(" %17s |", cell);
		if (packets[i].bar > 0)
			printf(" %.1fx |%s\n", packets[i].bar,
			       parse > packets[i].bar * empty ? " over" : "");
		else
			printf("      |\n");
	}
	if (b->lost)
		printf("\n%llu records found no room in the ring: those figures are too good.\n",
		       (unsigned long long)b->lost);
}

static void print_json(const struct bench *b, const char *only, int rounds, int *first)
{
	for (int i = 0; i < PACKETS; i++)
		for (int k = 0; k < PROGRAMS; k++) {
			double empty = times[i][EMPTY][rounds / 2], *t = times[i][k];

			if (only && !strstr(packets[i].name, only))
				continue;
			printf("%s{\"hook\":\"%s\",\"packet\":\"%s\",\"bytes\":%u,\"program\":\"%"
			       "s\","
			       "\"min_ns\":%.2f,\"median_ns\":%.2f,\"over_empty_ns\":%.2f,"
			       "\"ratio\":%.3f,\"bar\":%.1f,\"ring_full\":%llu}",
			       *first ? "[\n" : ",\n", hook_text(b), packets[i].name, packets[i].n,
			       programs[k].key, t[0], t[rounds / 2], t[rounds / 2] - empty,
			       t[rounds / 2] / empty, packets[i].bar, (unsigned long long)b->lost);
			*first = 0;
		}
}

static void usage(void)
{
	fprintf(stderr,
		"usage: ns [--json] [--rounds N] [--repeat N] [--hook xdp|tc] [--packet TEXT]\n");
	exit(2);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'},	  {"rounds", required_argument, NULL, 'n'},
		{"repeat", required_argument, NULL, 'r'}, {"hook", required_argument, NULL, 'k'},
		{"packet", required_argument, NULL, 'p'}, {0},
	};
	const char *hook = "", *only = NULL;
	int rounds = 20, json = 0, first = 1, c;
	uint32_t repeat = 100000; /* after an XDP run's wait the CPU is cold for a while */
	struct bench b;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'j')
			json = 1;
		else if (c == 'n')
			rounds = atoi(optarg);
		else if (c == 'r')
			repeat = (uint32_t)atoi(optarg);
		else if (c == 'k')
			hook = optarg;
		else if (c == 'p')
			only = optarg;
		else
			usage();
	}
	if (rounds < 1 || rounds > ROUNDS_MOST || repeat < 2)
		usage();
	libbpf_set_print(hook_quiet);
	hook_stay_on_cpu();
	make_packets();
	for (int k = 0; k < HOOK_KINDS; k++) {
		if (*hook && strncmp(hook_is[k].name, hook, strlen(hook)) != 0)
			continue;
		open_bench(&b, (enum hook_kind)k);
		measure_call(&b);
		measure_all(&b, only, rounds, repeat);
		close_bench(&b);
		if (json)
			print_json(&b, only, rounds, &first);
		else
			print_table(&b, only, rounds);
	}
	if (json)
		printf("%s\n", first ? "[]" : "\n]");
	return 0;
}
