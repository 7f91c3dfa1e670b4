/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Metrics of a capture file, for the tests of what collectors make of them:
 *
 *	measure text FILE		as Prometheus has it
 *	measure openmetrics FILE
 *	measure otlp FILE URL N HEADER	N bodies, one after the other; then "SENT LOST" in points,
 *and what was told of errors on standard error
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/parse.h"
#include "export/metrics.h"
#include "export/otlp.h"
#include "export/post.h"

enum { PATIENCE_S = 30 };

static struct wr_live *live;
static struct wr_parse parse;

static void packet(void *ctx, const struct wr_packet *pkt)
{
	(void)ctx;
	wr_parse(&parse, pkt->data, pkt->caplen, pkt->len, pkt->linktype);
	wr_live_packet(live, pkt, &parse.rec);
}

static int fail(const struct wr_err *err)
{
	fprintf(stderr, "measure: %s\n", err->text);
	return 1;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int send_all(const struct wr_measure_in *in, char **argv, struct wr_err *err)
{
	const char *const header = argv[5];
	const struct wr_post_conf conf = {
		.url = argv[3],
		.headers = &header,
		.n_headers = 1,
		.newest_first = true,
		.pause_ms = 100,
	};
	const struct wr_otlp_resource resource = {.host_name = "test"};
	uint64_t end = now_ns() + PATIENCE_S * 1000000000ull;
	struct wr_post *s = NULL;
	struct wr_outbox_count n;
	struct wr_measures m = {0};
	struct wr_buf b = {0};

	if (wr_post_open(&s, &conf, err))
		return fail(err);
	for (int i = atoi(argv[4]); i > 0; i--) {
		uint32_t points;

		wr_buf_clear(&b);
		points = wr_otlp_write(&b, &m, in, &resource);
		wr_post_put(s, b.at, b.used, points);
	}
	while (wr_post_busy(s) && now_ns() < end) {
		if (wr_post_step(s, now_ns(), 50, err) < 0)
			fail(err);
		usleep(2000);
	}
	n = wr_post_count(s);
	printf("%llu %llu %llu\n", (unsigned long long)n.given, (unsigned long long)n.sent,
	       (unsigned long long)n.lost);
	wr_post_close(&s);
	wr_buf_free(&b);
	return 0;
}

int main(int argc, char **argv)
{
	struct wr_measure_in in = {0};
	struct wr_source *s = NULL;
	struct wr_measures m = {0};
	struct wr_ledger ledger;
	struct wr_err err = {0};
	struct wr_buf b = {0};
	struct wr_self self;
	int n = 0;

	if (argc < 3 || wr_live_open(&live, NULL, &err) || wr_file_open(&s, argv[2], NULL, &err))
		return fail(&err);
	while (n >= 0)
		n = s->ops->read(s, packet, NULL, 1000, &err);
	in.n_ledger = s->ops->ledger(s, &ledger, 1);
	in.ledger = &ledger;
	in.live = live;
	in.now_ns = (uint64_t)time(NULL) * 1000000000u;
	if (!wr_self_read(&self))
		in.self = &self;
	if (!strcmp(argv[1], "otlp") && argc == 6)
		return send_all(&in, argv, &err);
	wr_metrics_write(&b, &m, &in,
			 strcmp(argv[1], "text") ? WR_METRICS_OPENMETRICS : WR_METRICS_TEXT);
	wr_buf_flush(&b, STDOUT_FILENO);
	wr_buf_free(&b);
	wr_source_close(&s);
	wr_live_close(&live);
	return 0;
}
