/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What it costs to recognise first payload bytes, in ns per call: l7_ns [--all]
 * The minimum of many rounds is what a call costs; the median tells how quiet the machine was.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "l7/l7.h"
#include "tests/unit/l7_cases.h"

/* Of the cases of the unit test: what most first packets are. */
static const char *const usual[] = {
	"a request",
	"a response",
	"a ClientHello with GREASE",
	"a ServerHello of TLS 1.3",
	"RFC 9001, A.2",
	"a query",
	"a banner",
	"nothing known",
};

enum { ROUNDS = 101, ROUND_NS = 1000000 };

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint64_t calls_ns(const struct made *m, const struct l7_case *c, int calls)
{
	uint64_t from = now_ns();
	struct wr_l7 out;

	while (calls--) {
		wr_l7_read(&out, m->b, m->n, c->ip_proto, 50000, c->port);
		__asm__ volatile("" : : "r"(&out) : "memory");
	}
	return now_ns() - from;
}

static int smaller(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void measure(const struct l7_case *c)
{
	static struct made m;
	double ns[ROUNDS];
	int i, calls = 1;

	l7_make(&m, c);
	while (calls_ns(&m, c, calls) < ROUND_NS)
		calls *= 2;
	for (i = 0; i < ROUNDS; i++)
		ns[i] = (double)calls_ns(&m, c, calls) / calls;
	qsort(ns, ROUNDS, sizeof(ns[0]), smaller);
	printf("| %s | %zu | %.0f | %.0f |\n", c->name, m.n, ns[0], ns[ROUNDS / 2]);
}

static bool is_usual(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (!strcmp(usual[i], name))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	bool all = argc == 2 && !strcmp(argv[1], "--all");
	size_t i;

	if (argc > 1 && !all) {
		fprintf(stderr, "usage: l7_ns [--all]\n");
		return 2;
	}
	printf("## First payload bytes (`l7/`)\n\n");
	printf("| what | bytes | ns | median |\n|---|---:|---:|---:|\n");
	for (i = 0; i < L7_CASES; i++)
		if (all || is_usual(l7_cases[i].name))
			measure(&l7_cases[i]);
	return 0;
}
