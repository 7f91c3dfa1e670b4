/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What history costs: writes seconds that end now, each with its services and flows, as fast as it
 * goes, and asks for a day of one service.
 *
 *   store FILE [SERVICES [SECONDS [FLOWS-PER-SECOND]]]      else 50 86400 0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "base/when.h"
#include "store/read.h"
#include "store/store.h"
#include "tests/unit/flows.h"

#define NS 1000000000ull

static double clock_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double size_mb(const char *path)
{
	struct stat st;

	return stat(path, &st) ? 0 : (double)st.st_size / 1e6;
}

static const char *service(unsigned int i)
{
	static char key[32];

	snprintf(key, sizeof(key), "tcp/%u@10.0.0.5", 1000 + i);
	return key;
}

/* A second: what was counted for each service and in all. */
static void count(struct wr_store *s, struct flows *g, uint64_t t_s, unsigned int services)
{
	struct wr_store_counts n, all = {0};

	for (unsigned int i = 0; i < services; i++) {
		memset(&n, 0, sizeof(n));
		n.packets = 1 + flows_skewed(g, 4096);
		n.bytes = n.packets * (60 + flows_random(g) % 1200);
		n.packets_back = n.packets * 4 / 5;
		n.bytes_back = n.packets_back * 900;
		n.flows = n.packets / 10;
		n.dropped = flows_random(g) % 16 ? 0 : n.packets / 16;
#define X(name, sep) all.name += n.name;
		WR_STORE_COUNT_TABLE(X)
#undef X
		wr_store_count(s, WR_STORE_SERVICE, service(i), t_s, &n);
	}
	wr_store_count(s, WR_STORE_TOTAL, "", t_s, &all);
}

struct cost {
	double wall_s, cpu_s, worst_s;
	uint64_t flows, counts;
};

static int fill(struct wr_store *s, uint64_t from_s, uint64_t seconds, unsigned int services,
		unsigned int flows, struct cost *c, struct wr_err *err)
{
	struct wr_store_flow *made = calloc(flows + 1, sizeof(*made));
	struct flows g = {.seed = 1, .step_ns = flows ? NS / flows : NS};
	int ret = 0;

	for (uint64_t i = 0; i < seconds && !ret && made; i++) {
		double wall, cpu, took;

		g.now_ns = (from_s + i) * NS;
		for (unsigned int k = 0; k < flows; k++)
			flows_next(&g, &made[k]);
		wall = clock_s();
		cpu = cpu_s();
		for (unsigned int k = 0; k < flows; k++)
			c->flows += wr_store_flow(s, &made[k]);
		count(s, &g, from_s + i, services);
		ret = wr_store_commit(s, (from_s + i) * NS, err);
		took = clock_s() - wall;
		c->wall_s += took;
		c->cpu_s += cpu_s() - cpu;
		c->worst_s = took > c->worst_s ? took : c->worst_s;
		c->counts += services + 1;
	}
	free(made);
	return made ? ret : -1;
}

static bool see(void *ctx, const struct wr_store_point *p)
{
	uint64_t *n = ctx;

	(void)p;
	++*n;
	return true;
}

/* Opening the file is part of the question. */
static void ask(const char *path, uint64_t from_s, uint64_t to_s, uint32_t res_s)
{
	struct wr_store_ask q = {.kind = WR_STORE_SERVICE,
				 .key = service(0),
				 .from_s = from_s,
				 .to_s = to_s,
				 .res_s = res_s,
				 .points_max = 1500};
	struct wr_store_reader *r = NULL;
	struct wr_err err = {0};
	double start = clock_s(), first, best = 1e9;
	uint64_t n = 0;

	for (int i = 0; i < 5; i++) {
		n = 0;
		start = clock_s();
		if (wr_store_read_open(&r, path, &err) ||
		    wr_store_read_rollup(r, &q, see, &n, &err)) {
			printf("%s\n", err.text);
			exit(1);
		}
		wr_store_read_close(&r);
		first = clock_s() - start;
		best = first < best ? first : best;
	}
	printf("- one service, %llu points of %u s: %.1f ms (best of 5, with opening)\n",
	       (unsigned long long)n, q.res_s, best * 1e3);
}

int main(int argc, char **argv)
{
	unsigned int services = argc > 2 ? (unsigned int)atoi(argv[2]) : 50;
	uint64_t seconds = argc > 3 ? (uint64_t)atoll(argv[3]) : 86400;
	unsigned int flows = argc > 4 ? (unsigned int)atoi(argv[4]) : 0;
	uint64_t now_s = wr_when_now() / NS, from_s = now_s - seconds;
	struct wr_store_conf conf = {
		.max_bytes = 64ull << 30, .flows_max = flows + 1, .second_age_s = 2 * 86400};
	struct wr_store *s = NULL;
	struct wr_err err = {0};
	struct cost c = {0};
	struct rusage use;

	if (argc < 2) {
		fprintf(stderr, "usage: store FILE [SERVICES [SECONDS [FLOWS-PER-SECOND]]]\n");
		return 2;
	}
	if (wr_store_open(&s, argv[1], &conf, &err) ||
	    fill(s, from_s, seconds, services, flows, &c, &err) || wr_store_close(&s, &err)) {
		fprintf(stderr, "store: %s\n", err.text);
		return 1;
	}
	getrusage(RUSAGE_SELF, &use);
	printf("## History: %u services, %llu s, %u flows/s\n\n", services,
	       (unsigned long long)seconds, flows);
	printf("- %.0f seconds of history per second (%.2f ms each, %.2f ms CPU; slowest %.0f "
	       "ms)\n",
	       (double)seconds / c.wall_s, 1e3 * c.wall_s / (double)seconds,
	       1e3 * c.cpu_s / (double)seconds, 1e3 * c.worst_s);
	printf("- rows: %llu counts/s, %llu flows/s\n",
	       (unsigned long long)((double)c.counts / c.wall_s),
	       (unsigned long long)((double)c.flows / c.wall_s));
	printf("- file: %.1f MB; %.1f bytes a row; %.1f MB written to disk; %ld MB memory at "
	       "most\n",
	       size_mb(argv[1]), size_mb(argv[1]) * 1e6 / (double)(c.counts + c.flows),
	       (double)use.ru_oublock * 512 / 1e6, use.ru_maxrss / 1024);
	ask(argv[1], from_s, now_s, 0);
	ask(argv[1], from_s, now_s, 1);
	return 0;
}
