/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What accounting costs in XDP, in ns per packet over a program that does nothing, with one flow,
 * with 65,536 flows in random order, and when no source comes twice; tables drained between rounds;
 * and what it costs to keep the last packets besides, at the rate that is the daemon's default. All
 * programs take turns, see ns.c.
 *
 *	flows [--rounds N] [--repeat N]
 *
 * Objects are taken from $WEIR_BPF_DIR. Needs root.
 */
#include <getopt.h>
#include <time.h>

#include "tests/unit/hook.h"

enum { ROUNDS_MOST = 200, SET_BITS = 16, RING = 1 << 20, KEPT = 2000, EACH = 3000 };

enum program { EMPTY, PARSE, ACCOUNT, KEEP, PROGRAMS };

static const struct {
	const char *name;
	uint32_t flows;
	double most_ns; /* the bar; 0: as a ratio to empty */
	bool ip6;
} loads[] = {
	{"one flow", 1, 45},
	{"one flow, IPv6", 1, 45, true},
	{"65,536 flows, random", 65536, 150},
	{"every source new", 0, 150},
};
enum { LOADS = sizeof(loads) / sizeof(*loads) };

static double times[LOADS][PROGRAMS][ROUNDS_MOST];

struct bench {
	struct hook hook[PROGRAMS]; /* EMPTY has none */
	struct bpf_object *spread, *count;
	int spread_fd, next_fd, program_fd[PROGRAMS];
	uint32_t *flows;
	struct wr_account_head *heads;
	struct wr_account_set *sets;
	uint64_t *used;
	struct ring_buffer *ring;
	uint32_t cpus;
};

static int die(const char *what, int rc)
{
	fprintf(stderr, "flows: %s: %s\n", what, strerror(rc < 0 ? -rc : rc));
	exit(1);
}

static void *map_of(const struct hook *h, const char *name, size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, hook_map(h, name), 0);

	return p == MAP_FAILED ? die(name, errno), NULL : p;
}

static struct bpf_object *load(const char *name)
{
	char path[4096];
	struct bpf_object *o;

	snprintf(path, sizeof(path), "%s/%s.bpf.o", hook_dir(), name);
	o = bpf_object__open_file(path, NULL);
	if (!o || bpf_object__load(o))
		die(path, errno);
	return o;
}

static int take(void *ctx, void *data, size_t n)
{
	(void)ctx, (void)data, (void)n;
	return 0;
}

static void open_bench(struct bench *b)
{
	uint32_t cpus = (uint32_t)libbpf_num_possible_cpus();
	struct hook_conf conf = {
		.kind = HOOK_XDP,
		.fixed = {.linktype = WR_LINK_ETHER, .load_bytes = 1},
		.ring_bytes = RING,
	};
	struct bpf_map *bss;
	int rc = hook_open(&b->hook[PARSE], &conf);

	conf.fixed.account = conf.fixed.coarse = 1;
	conf.fixed.cpus = b->cpus = cpus;
	conf.fixed.set_bits = SET_BITS;
	conf.fixed.secret[0] = 0x123456789abcdef1;
	conf.fixed.secret[1] = 0xfedcba9876543217;
	if (!rc)
		rc = hook_open(&b->hook[ACCOUNT], &conf);
	if (rc)
		die("xdp", rc);
	b->hook[PARSE].board->conf.follow = b->hook[ACCOUNT].board->conf.follow = 0;
	b->heads = map_of(&b->hook[ACCOUNT], "wr_heads", 2 * cpus * sizeof(*b->heads));
	b->sets = map_of(&b->hook[ACCOUNT], "wr_sets", (2 * cpus << SET_BITS) * sizeof(*b->sets));
	b->used = map_of(&b->hook[ACCOUNT], "wr_used", (4 * cpus << SET_BITS) * sizeof(*b->used));
	b->ring = ring_buffer__new(b->hook[ACCOUNT].ring_fd, take, NULL, NULL);
	if (!b->ring)
		die("ring", errno);
	b->hook[ACCOUNT].board->conf.records = WR_RECORDS_BYTES;
	b->hook[ACCOUNT].board->conf.keep_snap = 128;
	b->count = load("count");
	b->spread = load("spread");
	b->program_fd[EMPTY] =
		bpf_program__fd(bpf_object__find_program_by_name(b->count, "wr_empty_xdp"));
	b->program_fd[PARSE] = b->hook[PARSE].main_fd;
	b->program_fd[ACCOUNT] = b->program_fd[KEEP] = b->hook[ACCOUNT].main_fd;
	b->spread_fd =
		bpf_program__fd(bpf_object__find_program_by_name(b->spread, "wr_spread_xdp"));
	b->next_fd = bpf_object__find_map_fd_by_name(b->spread, "wr_next");
	bss = bpf_object__find_map_by_name(b->spread, ".data");
	b->flows = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(bss), 0);
	if (b->flows == MAP_FAILED)
		die("spread", errno);
}

/* As the reader does between two windows. */
static void drain(struct bench *b)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	for (uint32_t t = 0; t < 2 * b->cpus; t++) {
		struct wr_account_head *h = &b->heads[t];

		for (uint32_t i = 0; i < h->used; i++) {
			uint64_t row = b->used[((size_t)t << (SET_BITS + 1)) + i];

			b->sets[((size_t)t << SET_BITS) + row / 2].row[row % 2].packets = 0;
		}
		memset(h, 0, sizeof(*h));
		h->start_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	}
	ring_buffer__consume(b->ring);
	b->hook[ACCOUNT].board->kept = 0;
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double run(struct bench *b, enum program k, uint32_t keep, uint32_t repeat, bool ip6)
{
	static const uint8_t frame6[80] = "\x02\0\0\0\0\1\x02\0\0\0\0\2\x86\xdd\x60\0\0\0\0\x14\6"
					  "\x40\x20\1\x0d\xb8\0\0\0\0\0\0\0"
					  "\0\0\0\0\1\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2\xc3\x50"
					  "\1\xbb\0\0\0\1\0\0\0\0\x50\2";
	static const uint8_t frame[64] =
		"\x02\0\0\0\0\1\x02\0\0\0\0\2\x08\0\x45\0\0\x28\0\1\0\0\x40\6"
		"\0\0\x0a\0\0\1\x0a\0\0\2\xc3\x50\1\xbb\0\0\0\1\0\0\0\0\x50\2";
	LIBBPF_OPTS(bpf_test_run_opts, o, .data_in = ip6 ? frame6 : frame,
		    .data_size_in = ip6 ? sizeof(frame6) : sizeof(frame), .repeat = (int)repeat);
	uint32_t zero = 0;
	double start;

	b->hook[ACCOUNT].board->conf.keep = k == KEEP ? keep : 0;
	bpf_map_update_elem(b->next_fd, &zero, &b->program_fd[k], BPF_ANY);
	start = seconds();
	if (bpf_prog_test_run_opts(b->spread_fd, &o))
		die("run", errno);
	return (seconds() - start) * 1e9 / repeat;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void print_load(const struct bench *b, int i, int rounds, uint64_t other, uint64_t all)
{
	double *empty = times[i][EMPTY], *with = times[i][ACCOUNT];

	(void)b;
	for (int k = 0; k < PROGRAMS; k++)
		qsort(times[i][k], (size_t)rounds, sizeof(double), by_value);
	printf("| %-21s |", loads[i].name);
	for (int k = 0; k < PROGRAMS; k++)
		printf(" %6.1f (%.1f) |", times[i][k][0], times[i][k][rounds / 2]);
	printf(" +%.1f ns, %.2fx | %.0f ns%s | %.1f %% |\n", with[0] - empty[0], with[0] / empty[0],
	       loads[i].most_ns, with[0] - empty[0] > loads[i].most_ns ? " over" : "",
	       100.0 * (double)other / (double)all);
}

/* Every packet is kept, against none: what a record costs. */
static void print_record(struct bench *b, int rounds)
{
	double none[ROUNDS_MOST], each[ROUNDS_MOST];

	*b->flows = 1;
	for (int r = 0; r < rounds; r++) {
		drain(b);
		none[r] = run(b, ACCOUNT, 0, EACH, false);
		drain(b);
		each[r] = run(b, KEEP, 1000000, EACH, false);
	}
	qsort(none, (size_t)rounds, sizeof(double), by_value);
	qsort(each, (size_t)rounds, sizeof(double), by_value);
	printf("\nA record of 64 bytes that is kept: +%.0f ns (median)\n",
	       each[rounds / 2] - none[rounds / 2]);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"rounds", required_argument, NULL, 'n'},
						{"repeat", required_argument, NULL, 'r'},
						{0}};
	int rounds = 20, c;
	uint32_t repeat = 500000;
	static struct bench b;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'n')
			rounds = atoi(optarg);
		else if (c == 'r')
			repeat = (uint32_t)atoi(optarg);
		else
			return 2;
	}
	if (rounds < 1 || rounds > ROUNDS_MOST || repeat < 2)
		return 2;
	libbpf_set_print(hook_quiet);
	hook_stay_on_cpu();
	open_bench(&b);
	printf("XDP, accounting: ns per packet, smallest (median) of %d rounds of %u packets\n\n"
	       "| load | empty | parse, ledger | + accounting | + last packets | over empty | bar "
	       "| without a row |\n"
	       "|---|--:|--:|--:|--:|--:|--:|--:|\n",
	       rounds, repeat);
	for (int i = 0; i < LOADS; i++) {
		uint64_t other = 0, all = 1;

		*b.flows = loads[i].flows;
		for (int r = 0; r < rounds; r++)
			for (int k = 0; k < PROGRAMS; k++) {
				drain(&b);
				times[i][k][r] = run(&b, k, KEPT, repeat, loads[i].ip6);
				if (k != ACCOUNT)
					continue;
				other = all = 0;
				for (uint32_t t = 0; t < 2 * b.cpus; t++) {
					other += b.heads[t].other.packets;
					all += b.heads[t].all.packets;
				}
			}
		print_load(&b, i, rounds, other, all);
	}
	print_record(&b, rounds);
	return 0;
}
