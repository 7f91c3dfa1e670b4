/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine under test: live IFACE[,IFACE] [SLOTS [out|in [PIN-DIR [MEMORY]]]].
 * Says "ready", runs until
 * SIGTERM or SIGINT, then prints one line of JSON: totals, sums of every kind of row, flows, and
 * the ledger.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "daemon/engine.h"

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

static void say(void *ctx, const char *line)
{
	(void)ctx;
	fprintf(stderr, "%s\n", line);
}

static struct wr_count both(const struct wr_live_row *r)
{
	return (struct wr_count){r->in.packets + r->out.packets, r->in.bytes + r->out.bytes};
}

static struct wr_count kind_sum(struct wr_live *l, enum wr_live_kind kind)
{
	static const struct wr_live_row *rows[4096];
	uint32_t n = wr_live_top(l, kind, WR_LIVE_BY_BYTES, rows, 4096);
	struct wr_count sum = both(wr_live_other(l, kind));

	for (uint32_t i = 0; i < n; i++) {
		sum.packets += both(rows[i]).packets;
		sum.bytes += both(rows[i]).bytes;
	}
	return sum;
}

static void print_flows(struct wr_live *l)
{
	struct wr_flow_table *t = wr_live_flows(l);
	uint32_t n = wr_flow_rows(t);
	uint64_t packets = 0, rtt = 0;

	for (uint32_t i = 0; i < n; i++) {
		struct wr_flow f = wr_flow_row(t, i);

		packets += f.sent[0].packets + f.sent[1].packets;
		rtt += f.rtt_us != 0;
	}
	for (uint32_t i = 0; i < n; i++) {
		struct wr_flow f = wr_flow_row(t, i);
		const struct wr_app *app = wr_live_app(l, &f);

		if (app && wr_app_client(app) >= 0)
			printf("\"app\":[\"%s\",\"%s\",\"%s\"],",
			       wr_l7_name((uint8_t)wr_app_proto(app)),
			       app->said[wr_app_client(app)].host,
			       app->said[wr_app_client(app)].path);
	}
	printf("\"flows\":%u,\"in_flows\":%llu,\"ended\":%llu,\"rtt\":%llu", n,
	       (unsigned long long)packets, (unsigned long long)wr_flow_ended(t)->n.packets,
	       (unsigned long long)rtt);
}

static void print(struct wr_engine *e)
{
	struct wr_live *l = wr_engine_live(e);
	const struct wr_live_total *t = wr_live_totals(l);
	const struct wr_live_row *top = NULL;
	struct wr_ledger row = {0};
	struct rusage u;

	wr_engine_ledger(e, &row, 1);
	getrusage(RUSAGE_SELF, &u);
	printf("{\"packets\":%llu,\"bytes\":%llu,\"out\":[%llu,%llu],\"other\":%llu,\"not_ip\":%"
	       "llu,",
	       (unsigned long long)(t->in.packets + t->out.packets),
	       (unsigned long long)(t->in.bytes + t->out.bytes), (unsigned long long)t->out.packets,
	       (unsigned long long)t->out.bytes, (unsigned long long)t->other.packets,
	       (unsigned long long)t->not_ip.packets);
	for (int k = 0; k < WR_LIVE_KINDS; k++)
		printf("\"%s\":[%llu,%llu],", wr_live_name((enum wr_live_kind)k),
		       (unsigned long long)kind_sum(l, (enum wr_live_kind)k).packets,
		       (unsigned long long)kind_sum(l, (enum wr_live_kind)k).bytes);
	if (wr_live_top(l, WR_LIVE_SERVICES, WR_LIVE_BY_BYTES, &top, 1))
		printf("\"service\":[%u,%llu,%u,\"%s\",%d],", top->key.port,
		       (unsigned long long)top->in.packets, top->sources, wr_l7_name(top->app),
		       top->listens);
	print_flows(l);
	printf(",\"arrived\":[%llu,%llu],\"balanced\":%s,\"windows\":%llu,\"cpu_s\":%.3f,\"rss_"
	       "kib\":%ld}\n",
	       (unsigned long long)row.arrived.packets, (unsigned long long)row.arrived.bytes,
	       row.balanced ? "true" : "false", (unsigned long long)t->window,
	       (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
		       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6,
	       u.ru_maxrss);
}

int main(int argc, char **argv)
{
	char *first = argc > 1 ? argv[1] : (char[]){"lo"}, *comma = strchr(first, ',');
	const char *ifaces[] = {first, comma ? comma + 1 : NULL};
	struct wr_engine_conf conf = {
		.ifaces = ifaces,
		.n_ifaces = comma ? 2 : 1,
		.hook = WR_HOOK_COUNT,
		.out = argc > 3 && !strcmp(argv[3], "out"),
		.pin_dir = argc > 4 && *argv[4] ? argv[4] : NULL,
		.memory_bytes = argc > 5 ? (uint64_t)atoll(argv[5]) : 0,
		.flow_slots = argc > 2 ? (uint32_t)atoi(argv[2]) : 0,
		.say = say,
	};
	struct wr_engine *e = NULL;
	struct wr_err err = {0};
	int ms;

	if (comma)
		*comma = 0;
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	if (wr_engine_open(&e, &conf, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	fprintf(stderr, "ready\n");
	while (!stop) {
		ms = wr_engine_step(e, &err);
		if (ms < 0) {
			fprintf(stderr, "%s\n", err.text);
			return 1;
		}
		poll(NULL, 0, ms);
	}
	wr_engine_finish(e);
	print(e);
	wr_engine_close(&e);
	return 0;
}
