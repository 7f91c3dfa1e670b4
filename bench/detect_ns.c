/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What detection and its features cost a host by themselves, without a kernel beside them:
 *	detect_ns [--keys N] [--sources] [--seconds S]
 *
 * As bench/detect-cost has it: each of N keys (10,000 unless told) gets a packet a
 * second, UDP, of a source of its own to a service of its own (--sources: to the same service).
 * Parts of flows go to the live model alone, to one with detection and to one with detection and
 * rows of features, by turns and with the caches emptied before each, as they are after a tenth of
 * a second in which others had the processor.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/proto.h"
#include "detect/detect.h"
#include "detect/window.h"

enum {
	WITHOUT,
	WITH,
	ROWS,
	KINDS,
	HOSTS = 100,
	STEPS_SECOND = 10,
	FLUSH = 32 << 20,
	WARM = 5,
	FAR = 12,
	NEAR = 6, /* as capture/account.c asks */
	SECONDS_MOST = 1000
};

static const char *const names[KINDS] = {"without detection", "with detection",
					 "with a row for each second and key"};

struct host {
	struct wr_live *live;
	struct wr_detect *detect;
	struct wr_windows *windows;
	uint64_t ns[SECONDS_MOST]; /* spent */
	uint64_t rows;		   /* told */
};

static struct wr_live_part *parts;
static uint32_t keys = 10000;
static bool sources;

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void die(const char *what)
{
	fprintf(stderr, "detect_ns: %s\n", what);
	exit(1);
}

/* ---- what is fed ---- */

static void put(uint8_t *at, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(v >> (24 - 8 * i));
}

static struct wr_live_part part_of(uint32_t i)
{
	struct wr_live_part p = {.flow = {.n = {1, 60}}};
	struct wr_rec rec = {.hdr[0] = {.has = WR_H_IP | WR_H_PROTO | WR_H_PORTS, .ip_v = 4}};
	struct wr_hdr *h = &rec.hdr[0];

	h->proto = WR_IP_UDP;
	put(h->src, 0x0b000000 + i);
	put(h->dst, sources ? 0x0a4d0002 : 0x0a4e0001 + i % HOSTS);
	h->sport = 40000; /* the lower one is taken for the service's */
	h->dport = (uint16_t)(sources ? 9 : 1000 + i / HOSTS);
	p.flow.from = wr_flow_key_make(&p.flow.key, &rec);
	return p;
}

/* Flows come out of the kernel's table in no order. */
static void make_parts(void)
{
	parts = calloc(keys, sizeof(*parts));
	if (!parts)
		die("out of memory");
	for (uint32_t i = 0; i < keys; i++)
		parts[i] = part_of((uint32_t)((i * 2654435761ull) % keys));
}

/* ---- who is fed ---- */

static void finding(void *ctx, enum wr_finding_news news, const struct wr_finding *f)
{
	(void)ctx, (void)news, (void)f;
}

static void row(void *ctx, const struct wr_window *w)
{
	struct host *h = ctx;

	(void)w;
	h->rows++;
}

static void detect_part(void *ctx, const struct wr_live_part *p, const struct wr_flow *f)
{
	wr_detect_part(ctx, p, f);
}

static void detect_soon(void *ctx, const struct wr_live_soon *soon)
{
	wr_detect_soon(ctx, soon);
}

static void detect_near(void *ctx, uint32_t number)
{
	wr_detect_near(ctx, number);
}

static void windows_part(void *ctx, const struct wr_live_part *p, const struct wr_flow *f)
{
	wr_windows_part(ctx, p, f);
}

static void open_host(struct host *h, int kind)
{
	struct wr_live_conf live = {.paces = true};
	struct wr_err err = {0};

	if (wr_live_open(&h->live, &live, &err))
		die(err.text);
	wr_live_iface(h->live, "eth0");
	if (kind >= WITH) {
		struct wr_detect_conf conf = {.live = h->live, .one_way = true, .finding = finding};
		struct wr_live_tap tap = {
			.part = detect_part, .soon = detect_soon, .near = detect_near};

		if (wr_detect_open(&h->detect, &conf, &err))
			die(err.text);
		tap.ctx = h->detect;
		wr_live_tap(h->live, &tap);
	}
	if (kind >= ROWS) {
		struct wr_windows_conf conf = {
			.length_ns = WR_LIVE_WINDOW_NS, .live = h->live, .row = row, .ctx = h};
		struct wr_live_tap tap = {.part = windows_part};

		if (wr_windows_open(&h->windows, &conf, &err))
			die(err.text);
		tap.ctx = h->windows;
		wr_live_tap(h->live, &tap);
	}
}

static void soon(struct wr_live *live, uint32_t number)
{
	const struct wr_flow_part *f = &parts[number].flow;
	struct wr_live_soon s = {.key = &f->key, .from = f->from, .number = number};

	wr_live_soon(live, &s);
}

/* A tenth of a second: a tenth of the keys. */
static void step(struct host *h, uint32_t number, uint64_t now_ns)
{
	uint32_t from = (uint32_t)((uint64_t)keys * (number % STEPS_SECOND) / STEPS_SECOND);
	uint32_t to = (uint32_t)((uint64_t)keys * (number % STEPS_SECOND + 1) / STEPS_SECOND);
	uint64_t began = cpu_ns();

	if (number % STEPS_SECOND == 0)
		wr_live_begin(h->live, now_ns);
	if (h->windows)
		wr_windows_tick(h->windows, now_ns);
	if (h->detect)
		wr_detect_tick(h->detect, now_ns);
	for (uint32_t i = from; i < to; i++) {
		if (i + FAR < to)
			soon(h->live, i + FAR);
		if (i + NEAR < to && i + NEAR >= from + FAR)
			wr_live_near(h->live, i + NEAR);
		parts[i].flow.first_ns = parts[i].flow.last_ns = now_ns;
		wr_live_add(h->live, &parts[i]);
	}
	if (number % STEPS_SECOND == STEPS_SECOND - 1)
		wr_live_end(h->live, now_ns + WR_DETECT_STEP_NS);
	h->ns[number / STEPS_SECOND] += cpu_ns() - began;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Of a second, of what one host took more than another in the same one (NULL: nothing): others use
 * the machine, too, and so the median. */
static double median(const struct host *h, const struct host *less, uint32_t seconds)
{
	double v[SECONDS_MOST];

	for (uint32_t i = 0; i < seconds; i++)
		v[i] = (double)h->ns[WARM + i] - (less ? (double)less->ns[WARM + i] : 0);
	qsort(v, seconds, sizeof(*v), by_size);
	return v[seconds / 2];
}

static void flush(void)
{
	static volatile uint8_t other[FLUSH];

	for (size_t i = 0; i < sizeof(other); i += 64)
		other[i]++;
}

static void read_options(int argc, char **argv, uint32_t *seconds)
{
	static const struct option all[] = {{"keys", required_argument, NULL, 'k'},
					    {"sources", no_argument, NULL, 's'},
					    {"seconds", required_argument, NULL, 't'},
					    {0}};

	for (int o; (o = getopt_long(argc, argv, "", all, NULL)) != -1;) {
		if (o == 'k')
			keys = (uint32_t)strtoul(optarg, NULL, 10);
		else if (o == 's')
			sources = true;
		else if (o == 't')
			*seconds = (uint32_t)strtoul(optarg, NULL, 10);
		else
			exit(2);
	}
	if (!keys || !*seconds || keys > 65536 || *seconds > SECONDS_MOST - WARM)
		die("--keys: 1 to 65536; --seconds: 1 to 995");
}

int main(int argc, char **argv)
{
	static struct host host[KINDS];
	uint64_t now_ns = 1700000000ull * 1000000000;
	uint32_t seconds = 20;

	read_options(argc, argv, &seconds);
	make_parts();
	for (int k = 0; k < KINDS; k++)
		open_host(&host[k], k);
	for (uint32_t n = 0; n < (seconds + WARM) * STEPS_SECOND;
	     n++, now_ns += WR_DETECT_STEP_NS) {
		for (int k = 0; k < KINDS; k++) {
			flush();
			step(&host[(k + n) % KINDS], n, now_ns);
		}
	}
	printf("| %u %s, median of %u s | ns a packet | of a core at %u packets/s | more "
	       "|\n"
	       "|---|--:|--:|--:|\n",
	       keys, sources ? "sources" : "services", seconds, keys);
	for (int k = 0; k < KINDS; k++) {
		double ns = median(&host[k], NULL, seconds);

		printf("| %s | %.0f | %.2f %% | %+.2f |\n", names[k], ns / keys, ns / 1e7,
		       median(&host[k], &host[0], seconds) / 1e7);
	}
	printf("\n%.0f rows a second.\n", (double)host[ROWS].rows / (seconds + WARM));
	return 0;
}
