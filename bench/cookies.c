/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What it costs to answer a SYN with a SYN cookie in XDP, beside dropping it by a rule: ns per
 * packet, parse and rules and ledger included. The frame is put in anew each time, since an answer
 * is written over it; so each figure has the same cost of a run of one packet in it, which the row
 * of an empty program shows.
 *
 *	cookies [--rounds N] [--repeat N]
 *
 * Objects are taken from $WEIR_BPF_DIR. Needs root.
 */
#include <getopt.h>

#include "tests/unit/cookies.h"

enum { ROUNDS_MOST = 100 };

static const struct {
	const char *name, *policy;
	bool answers;
} loads[] = {
	{"empty program", NULL, false},
	{"no rule, passes", "", false},
	{"dropped by a rule", "drop to tcp/8080", false},
	{"over the limit of a rule", "limit 1cps to tcp/8080", false},
	{"answered with a SYN cookie", "cookies to tcp/8080", true},
	{"the same, over a rate", "cookies over 1cps to tcp/8080", true},
};
enum { LOADS = sizeof(loads) / sizeof(*loads) };

static double times[LOADS][ROUNDS_MOST];

static void die(const char *what, const char *why)
{
	fprintf(stderr, "cookies: %s: %s\n", what, why);
	exit(1);
}

/* The kernel's own measure of each run. */
static double run(int fd, const struct frame *f, uint32_t repeat, bool answers)
{
	uint64_t sum = 0, answered = 0;

	for (uint32_t i = 0; i < repeat; i++) {
		LIBBPF_OPTS(bpf_test_run_opts, o, .data_in = f->at, .data_size_in = f->n,
			    .repeat = 1);

		if (bpf_prog_test_run_opts(fd, &o))
			die("run", strerror(errno));
		sum += o.duration;
		answered += o.retval == XDP_TX;
	}
	if (answers != (answered > repeat / 2))
		die("run", "it does not do what it is measured for");
	return (double)sum / repeat;
}

static struct bpf_object *load_empty(int *fd)
{
	char path[4096];
	struct bpf_object *o;

	snprintf(path, sizeof(path), "%s/count.bpf.o", hook_dir());
	o = bpf_object__open_file(path, NULL);
	if (!o || bpf_object__load(o))
		die(path, strerror(errno));
	*fd = bpf_program__fd(bpf_object__find_program_by_name(o, "wr_empty_xdp"));
	return o;
}

static void open_load(struct judge_hook *j, const char *text)
{
	struct wr_policy *p = NULL;
	struct wr_err err = {0};

	if (judge_hook_open(j, HOOK_XDP))
		die("xdp", strerror(errno));
	if (wr_policy_parse(&p, text, strlen(text), "policy", NULL, NULL, &err) ||
	    judge_hook_put(j, p, &err))
		die("policy", err.text);
	wr_policy_free(&p);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void print(int ip_v, int rounds, uint32_t repeat)
{
	printf("XDP, SYN with five options over IPv%d: ns per packet, smallest (median) of %d "
	       "rounds "
	       "of %u\n\n| what becomes of it | ns | above empty |\n|---|--:|--:|\n",
	       ip_v, rounds, repeat);
	for (int k = 0; k < LOADS; k++) {
		qsort(times[k], (size_t)rounds, sizeof(double), by_value);
		printf("| %-28s | %6.1f (%.1f) | %+.1f |\n", loads[k].name, times[k][0],
		       times[k][rounds / 2], times[k][rounds / 2] - times[0][rounds / 2]);
	}
	printf("\n");
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"rounds", required_argument, NULL, 'n'},
						{"repeat", required_argument, NULL, 'r'},
						{0}};
	static struct judge_hook hook[LOADS];
	int rounds = 20, fd[LOADS], c;
	uint32_t repeat = 5000;

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
	if (!make_namespace() || !syncookies("2"))
		die("a network namespace with SYN cookies", "it needs root");
	hook_stay_on_cpu();
	load_empty(&fd[0]);
	for (int k = 1; k < LOADS; k++) {
		open_load(&hook[k], loads[k].policy);
		fd[k] = hook[k].hook.main_fd;
	}
	for (int ip_v = 4; ip_v <= 6; ip_v += 2) {
		const struct syn syn = {.ip_v = ip_v,
					.flags = WR_TCP_SYN,
					.options = linux_options,
					.n_options = sizeof(linux_options)};
		struct frame f = make(&syn);

		for (int r = 0; r < rounds; r++)
			for (int k = 0; k < LOADS; k++)
				times[k][r] = run(fd[k], &f, repeat, loads[k].answers);
		print(ip_v, rounds, repeat);
	}
	return 0;
}
