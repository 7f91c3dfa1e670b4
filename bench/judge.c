/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What verdicts cost in XDP, in ns per packet above accounting alone, by policy and by traffic. All
 * programs take turns, see ns.c.
 *
 *	judge [--rounds N] [--repeat N] [--only WORD]
 *
 * Objects are taken from $WEIR_BPF_DIR. Needs root.
 */
#include <getopt.h>
#include <time.h>

#include "base/buf.h"
#include "control/kernel.h"
#include "policy/image.h"
#include "tests/unit/hook.h"
#include "tests/unit/models.h"

enum { ROUNDS_MOST = 100, SET_BITS = 16, RING = 1 << 20, LINES = 2 << 20, BUCKET_BITS = 16 };

static void no_rule(struct wr_buf *b)
{
	(void)b;
}

static void one_rule(struct wr_buf *b)
{
	wr_buf_str(b, "drop from 203.0.113.0/24\n");
}

/* Sources, services, both, rates that are not reached, and some for what never comes. */
static void thousand(struct wr_buf *b)
{
	for (uint32_t i = 0; i < 250; i++) {
		wr_buf_fmt(b, "drop from 203.%u.113.0/24\n", i);
		wr_buf_fmt(b, "drop from 198.18.%u.0/24 to tcp/%u\n", i, 1000 + i);
		wr_buf_fmt(b, "limit 1000kpps to udp/%u\n", 2000 + i);
		wr_buf_fmt(b, "allow from 10.99.%u.0/24 to tcp/22@192.168.7.%u\n", i, i);
	}
}

static void per_source(struct wr_buf *b)
{
	wr_buf_str(b, "limit 100Mpps per source any\n");
}

/* A million addresses, of the networks that the sources are of, or of none near them. */
static void million(struct wr_buf *b, uint32_t from, uint32_t mask)
{
	uint64_t state = 7;

	wr_buf_str(b, "set bad =");
	for (uint32_t i = 0; i < 1000000; i++) {
		uint32_t a;

		state = state * 6364136223846793005ull + 1442695040888963407ull;
		a = from | ((uint32_t)(state >> 32) & mask);
		wr_buf_char(b, ' ');
		wr_buf_ip4(b, (uint8_t[]){(uint8_t)(a >> 24), (uint8_t)(a >> 16), (uint8_t)(a >> 8),
					  (uint8_t)a});
	}
	wr_buf_str(b, "\ndrop from @bad\n");
}

static void million_far(struct wr_buf *b)
{
	million(b, 64u << 24, 0x3fffffff);
}

static void million_near(struct wr_buf *b)
{
	million(b, 0, 0xffffffff);
}

/* A forest of full trees whose bounds lie where packets are, and a rule that asks it and keeps
 * nothing out; or the same rule without the score. */
static char model_path[] = "/tmp/weir_model_XXXXXX";

static void ask(struct wr_buf *b, uint32_t trees, uint32_t levels, bool traffic)
{
	static const struct wr_model_values seen = {{[WR_MODEL_LENGTH] = 63, [WR_MODEL_TTL] = 64}};
	struct gen rnd = {.state = 11};
	struct models_from from = {.rnd = &rnd,
				   .seen = &seen,
				   .n = 1,
				   .most_nodes = WR_MODEL_NODES,
				   .full = true,
				   .traffic = traffic};
	struct wr_buf text = {0};

	strcpy(model_path + strlen(model_path) - 6, "XXXXXX");
	models_write(&text, &from, trees, levels);
	if (models_file(model_path, &text)) {
		fprintf(stderr, "judge: %s: %s\n", model_path, strerror(errno));
		exit(1);
	}
	wr_buf_free(&text);
	wr_buf_fmt(b, "model m = file \"%s\"\nlimit 1000Mpps any score m over 0\n", model_path);
}

static void no_score(struct wr_buf *b)
{
	wr_buf_str(b, "limit 1000Mpps any\n");
}

static void score_1(struct wr_buf *b)
{
	ask(b, 1, 3, false);
}

static void score_4(struct wr_buf *b)
{
	ask(b, 4, 6, false);
}

static void score_8(struct wr_buf *b)
{
	ask(b, 8, 3, false);
}

static void score_16(struct wr_buf *b)
{
	ask(b, 16, 6, false);
}

/* About flows and sources, too. */
static void score_traffic(struct wr_buf *b)
{
	ask(b, 4, 6, true);
}

static const struct load {
	const char *name;
	void (*write)(struct wr_buf *b);
	uint32_t flows; /* 0: no source comes twice */
	double most_ns; /* the bar */
} loads[] = {
	{"no rule", no_rule, 1, 0},
	{"one rule", one_rule, 1, 8},
	{"1,000 rules of mixed kinds", thousand, 1, 40},
	{"1,000 rules, every source new", thousand, 0, 0},
	{"a rate per source, one flow", per_source, 1, 40},
	{"a rate per source, every source new", per_source, 0, 80},
	{"1,000,000 addresses, none near, one flow", million_far, 1, 30},
	{"1,000,000 addresses, every source new", million_near, 0, 150},
	{"one limit, no score", no_score, 1, 0},
	{"the same, score of 1 tree, 3 levels", score_1, 1, 0},
	{"the same, score of 8 trees, 3 levels", score_8, 1, 0},
	{"the same, score of 4 trees, 6 levels", score_4, 1, 0},
	{"the same, score of 16 trees, 6 levels", score_16, 1, 0},
	{"one limit, no score, all differ", no_score, 0, 0},
	{"the same, score of 1 tree, 3 levels, all differ", score_1, 0, 0},
	{"the same, score of 8 trees, 3 levels, all differ", score_8, 0, 0},
	{"the same, score of 4 trees, 6 levels, all differ", score_4, 0, 0},
	{"the same, score of 16 trees, 6 levels, all differ", score_16, 0, 0},
	{"the same, score of 4 trees, 6 levels, flow and source", score_traffic, 1, 0},
	{"the same, score of 4 trees, flow and source, all differ", score_traffic, 0, 0},
};
enum { LOADS = sizeof(loads) / sizeof(*loads) };

enum program { EMPTY, ACCOUNT, JUDGE, PROGRAMS };

static double times[PROGRAMS][ROUNDS_MOST];

struct bench {
	struct hook hook[PROGRAMS]; /* EMPTY has none */
	struct bpf_object *spread, *count;
	int spread_fd, next_fd, program_fd[PROGRAMS];
	uint32_t *flows, cpus;
	struct wr_account_head *heads[PROGRAMS];
	struct wr_account_set *sets[PROGRAMS];
	uint64_t *used[PROGRAMS];
	struct wr_line *policy;
};

static int die(const char *what, int rc)
{
	fprintf(stderr, "judge: %s: %s\n", what, strerror(rc < 0 ? -rc : rc));
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

static void open_bench(struct bench *b)
{
	uint32_t cpus = (uint32_t)libbpf_num_possible_cpus();
	struct hook_conf conf = {
		.kind = HOOK_XDP,
		.fixed = {.linktype = WR_LINK_ETHER,
			  .load_bytes = wr_kernel()->xdp_load_bytes,
			  .account = 1,
			  .coarse = wr_kernel()->ktime_coarse,
			  .cpus = cpus,
			  .set_bits = SET_BITS,
			  .policy_half = LINES,
			  .bucket_bits = BUCKET_BITS,
			  .secret = {0x123456789abcdef1, 0xfedcba9876543217},
			  .judge_secret = 0x1234567},
		.ring_bytes = RING,
	};
	struct bpf_map *bss;

	b->cpus = cpus;
	for (int k = ACCOUNT; k < PROGRAMS; k++) {
		int rc;

		conf.fixed.judge = k == JUDGE;
		rc = hook_open(&b->hook[k], &conf);
		if (rc)
			die("xdp", rc);
		b->hook[k].board->conf.follow = 0;
		b->heads[k] = map_of(&b->hook[k], "wr_heads", 2 * cpus * sizeof(**b->heads));
		b->sets[k] =
			map_of(&b->hook[k], "wr_sets", (2 * cpus << SET_BITS) * sizeof(**b->sets));
		b->used[k] =
			map_of(&b->hook[k], "wr_used", (4 * cpus << SET_BITS) * sizeof(**b->used));
		b->program_fd[k] = b->hook[k].main_fd;
	}
	b->policy = map_of(&b->hook[JUDGE], "wr_policy", 2ul * LINES * sizeof(*b->policy));
	b->count = load("count");
	b->spread = load("spread");
	b->program_fd[EMPTY] =
		bpf_program__fd(bpf_object__find_program_by_name(b->count, "wr_empty_xdp"));
	b->spread_fd =
		bpf_program__fd(bpf_object__find_program_by_name(b->spread, "wr_spread_xdp"));
	b->next_fd = bpf_object__find_map_fd_by_name(b->spread, "wr_next");
	bss = bpf_object__find_map_by_name(b->spread, ".data");
	b->flows = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(bss), 0);
	if (b->flows == MAP_FAILED)
		die("spread", errno);
}

static void drain(struct bench *b, int k)
{
	for (uint32_t t = 0; k != EMPTY && t < 2 * b->cpus; t++) {
		struct wr_account_head *h = &b->heads[k][t];

		for (uint32_t i = 0; i < h->used; i++) {
			uint64_t row = b->used[k][((size_t)t << (SET_BITS + 1)) + i];

			b->sets[k][((size_t)t << SET_BITS) + row / 2].row[row % 2].packets = 0;
		}
		memset(h, 0, sizeof(*h));
	}
}

static double seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double run(struct bench *b, enum program k, uint32_t repeat)
{
	static const uint8_t frame[64] =
		"\x02\0\0\0\0\1\x02\0\0\0\0\2\x08\0\x45\0\0\x28\0\1\0\0\x40\6"
		"\0\0\x0a\0\0\1\x0a\0\0\2\xc3\x50\1\xbb\0\0\0\1\0\0\0\0\x50\2";
	LIBBPF_OPTS(bpf_test_run_opts, o, .data_in = frame, .data_size_in = sizeof(frame),
		    .repeat = (int)repeat);
	uint32_t zero = 0;
	double start;

	bpf_map_update_elem(b->next_fd, &zero, &b->program_fd[k], BPF_ANY);
	start = seconds(CLOCK_THREAD_CPUTIME_ID);
	if (bpf_prog_test_run_opts(b->spread_fd, &o))
		die("run", errno);
	return (seconds(CLOCK_THREAD_CPUTIME_ID) - start) * 1e9 / repeat;
}

/* Compiles and copies as the daemon does. Returns the lines. */
static uint32_t put(struct bench *b, const struct load *l, double *took_s)
{
	static const struct wr_image_iface iface;
	static uint16_t slot[WR_POLICY_RULES];
	struct wr_image_conf conf = {.iface = &iface,
				     .n_ifaces = 1,
				     .slot = slot,
				     .now_s = 1000000000,
				     .clock_ns = 1000000000,
				     .tick_ns = 4000000,
				     .most_lines = LINES};
	struct wr_image_built *image = NULL;
	struct wr_policy *p = NULL;
	struct wr_buf text = {0};
	struct wr_err err = {0};
	uint32_t lines;

	l->write(&text);
	for (uint32_t i = 0; i < WR_POLICY_RULES; i++)
		slot[i] = (uint16_t)i;
	if (wr_policy_parse(&p, text.at ? text.at : "", text.used, l->name, NULL, NULL, &err)) {
		fprintf(stderr, "judge: %s\n", err.text);
		exit(1);
	}
	*took_s = seconds(CLOCK_MONOTONIC);
	if (wr_image_compile(&image, p, &conf, &err)) {
		fprintf(stderr, "judge: %s\n", err.text);
		exit(1);
	}
	memcpy(b->policy, image->b.mem.at, image->b.mem.n * sizeof(*b->policy));
	*took_s = seconds(CLOCK_MONOTONIC) - *took_s;
	b->hook[JUDGE].board->conf.policy = wr_image_begin(image, 0);
	lines = image->b.mem.n;
	wr_image_close(&image);
	wr_policy_free(&p);
	wr_buf_free(&text);
	unlink(model_path);
	return lines;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void print_load(const struct load *l, int rounds, uint32_t lines, double took_s)
{
	double more;

	for (int k = 0; k < PROGRAMS; k++)
		qsort(times[k], (size_t)rounds, sizeof(double), by_value);
	more = times[JUDGE][0] - times[ACCOUNT][0];
	printf("| %-40s |", l->name);
	for (int k = 0; k < PROGRAMS; k++)
		printf(" %6.1f (%.1f) |", times[k][0], times[k][rounds / 2]);
	printf(" %+.1f ns |", more);
	if (l->most_ns > 0)
		printf(" %.0f ns%s |", l->most_ns, more > l->most_ns ? " over" : "");
	else
		printf(" |");
	printf(" %u KiB, %.0f ms |\n", lines / 16, took_s * 1e3);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"rounds", required_argument, NULL, 'n'},
						{"repeat", required_argument, NULL, 'r'},
						{"only", required_argument, NULL, 'o'},
						{0}};
	int rounds = 20, c;
	uint32_t repeat = 500000;
	const char *only = "";
	static struct bench b;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'n')
			rounds = atoi(optarg);
		else if (c == 'r')
			repeat = (uint32_t)atoi(optarg);
		else if (c == 'o')
			only = optarg;
		else
			return 2;
	}
	if (rounds < 1 || rounds > ROUNDS_MOST || repeat < 2)
		return 2;
	libbpf_set_print(hook_quiet);
	hook_stay_on_cpu();
	open_bench(&b);
	printf("XDP, verdicts: ns per packet, smallest (median) of %d rounds of %u packets\n\n"
	       "| policy, traffic | empty | accounting | + verdict | above accounting | bar | "
	       "image, made in |\n"
	       "|---|--:|--:|--:|--:|--:|--:|\n",
	       rounds, repeat);
	for (int i = 0; i < LOADS; i++) {
		double took_s;
		uint32_t lines;

		if (!strstr(loads[i].name, only))
			continue;
		lines = put(&b, &loads[i], &took_s);

		*b.flows = loads[i].flows;
		for (int r = 0; r < rounds; r++)
			for (int k = 0; k < PROGRAMS; k++) {
				drain(&b, k);
				times[k][r] = run(&b, k, repeat);
			}
		print_load(&loads[i], rounds, lines, took_s);
		fflush(stdout);
	}
	return 0;
}
