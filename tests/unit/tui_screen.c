/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The screen of weir top with a host that always does the same, so that a test can say what must
 * stand where, without rights and without traffic.
 *
 *	tui_screen [-m MILLISECONDS] [-w WINDOWS] [-o] [-b] [-u] [-c] [-r] [-k] [FILTER]
 *
 * -m how long a window takes, -w windows before the first screen, -o what leaves is watched, -b
 * malformed packets, -u the ledger does not balance, -c no colour, -r a policy with two rules,
 * -k classes, -x fails after so many windows.
 */
#include <errno.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/tui_feed.h"
#include "ui/tui/tui.h"

static volatile sig_atomic_t stop;
static struct tui_feed feed;
static uint64_t window_ms = 1000, fail_at;

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int step(void *ctx, struct wr_err *err)
{
	static uint64_t due;
	uint64_t now = now_ms();

	(void)ctx;
	if (fail_at && feed.window >= fail_at)
		return wr_fail(err, EIO, "the feed has ended, as it was told to");
	if (!due || now >= due) {
		tui_feed_window(&feed);
		due = now + window_ms;
	}
	return (int)(due - now);
}

static int ledger(void *ctx, struct wr_ledger *rows, int n)
{
	(void)ctx;
	for (int i = 0; i < 2 && i < n; i++)
		rows[i] = feed.ledger[i];
	return 2;
}

/* One has dropped five packets in each window, the other would have. */
static int rules(void *ctx, struct wr_tui_rule *rows, int n)
{
	uint64_t all = 5 * feed.window;
	const struct wr_tui_rule two[] = {
		{"scan",
		 "drop",
		 "ends in 5m 10s",
		 "scan: drop from 192.0.2.0/24 for 10m",
		 true,
		 {2 * all, 200 * all},
		 {all, 100 * all},
		 10,
		 5},
		{"ghost",
		 "drop",
		 "shadow",
		 "ghost: drop to tcp/23 shadow",
		 false,
		 {all, 100 * all},
		 {all, 100 * all},
		 5,
		 5},
	};

	(void)ctx;
	memcpy(rows, two, sizeof(two));
	return n < 2 ? 0 : 2;
}

/* One class is over its guarantee on a full link. */
static int classes(void *ctx, struct wr_tui_class *rows, int n)
{
	const struct wr_tui_class rows_now[] = {
		{.name = "web",
		 .offered = 3750000,
		 .passed = 2500000,
		 .dropped = 1250000,
		 .borrowed = 500000,
		 .dropped_all = 1250 * feed.window,
		 .guarantee_bps = 16000000,
		 .ceiling_bps = 30000000,
		 .priority = 1},
		{.name = "web",
		 .part = "enp130s0f1np100 out",
		 .offered = 2500000,
		 .passed = 2000000},
		{.name = "link enp130s0f1np100 out",
		 .link = true,
		 .passed = 2500000,
		 .guarantee_bps = 20000000,
		 .ceiling_bps = 20000000},
	};

	(void)ctx;
	if (n < 3)
		return 0;
	memcpy(rows, rows_now, sizeof(rows_now));
	return 3;
}

/* ---- packets: a SYN now and then ---- */

static uint64_t packets;

static int read_packets(struct wr_source *s, wr_packet_fn fn, void *ctx, int max,
			struct wr_err *err)
{
	static const uint8_t syn[] = {
		2,  0, 0,  0, 0, 1, 2,	  0, 0,	  0,   0,  2, 8, 0, 0x45, 0,	0, 44,	0, 0,
		64, 0, 64, 6, 0, 0, 10,	  1, 0,	  7,   10, 0, 0, 1, 0xd4, 0x31, 1, 187, 0, 0,
		0,  1, 0,  0, 0, 0, 0x60, 2, 250, 240, 0,  0, 0, 0, 2,	  4,	5, 180};
	struct wr_packet pkt = {.ts_ns = TUI_START + packets * 1000000,
				.data = syn,
				.caplen = sizeof(syn),
				.len = sizeof(syn),
				.linktype = 1,
				.hook = WR_HOOK_TC,
				.iface = "eth0"};

	(void)s, (void)max, (void)err;
	fn(ctx, &pkt);
	packets++;
	return 1;
}

static int no_ledger(struct wr_source *s, struct wr_ledger *rows, int n)
{
	(void)s, (void)rows, (void)n;
	return 0;
}

static void close_packets(struct wr_source *s)
{
	(void)s;
}

static int open_packets(void *ctx, struct wr_source **out, const char *filter, struct wr_err *err)
{
	static const struct wr_source_ops ops = {
		.read = read_packets, .ledger = no_ledger, .close = close_packets};
	static struct wr_source source = {&ops};

	(void)ctx;
	if (strstr(filter, "8443"))
		return wr_fail(err, EPERM, "these packets are not for you");
	*out = &source;
	return 0;
}

int main(int argc, char **argv)
{
	struct wr_tui_conf conf = {.step = step,
				   .ledger = ledger,
				   .packets = open_packets,
				   .host = "host.example",
				   .color = true,
				   .stop = &stop};
	struct wr_err err = {0};
	uint64_t windows = 70;
	int c, ret;

	while ((c = getopt(argc, argv, "m:w:x:obucrk")) != -1) {
		if (c == 'm')
			window_ms = strtoull(optarg, NULL, 10);
		if (c == 'w')
			windows = strtoull(optarg, NULL, 10);
		if (c == 'r')
			conf.rules = rules;
		if (c == 'k')
			conf.classes = classes;
		if (c == 'x')
			fail_at = strtoull(optarg, NULL, 10);
		feed.out |= c == 'o';
		feed.broken |= c == 'b';
		feed.unbalanced |= c == 'u';
		conf.color &= c != 'c';
	}
	conf.filter = argv[optind];
	setenv("TZ", "UTC", 1);
	ret = wr_tui_check(&err);
	if (!ret && tui_feed_open(&feed))
		return 1;
	while (!ret && feed.window < windows)
		tui_feed_window(&feed);
	conf.live = feed.live;
	if (!ret)
		ret = wr_tui_run(&conf, &err);
	wr_live_close(&feed.live);
	if (ret)
		fprintf(stderr, "tui_screen: %s\n", err.text);
	return ret ? ret == -EINVAL ? 2 : 1 : 0;
}
