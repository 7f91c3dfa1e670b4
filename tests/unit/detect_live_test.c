/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What detection needs only in a running weir: packets without a flow, a clock that is set, and how
 * soon the kernel's windows are drained. */
#include "core/proto.h"
#include "daemon/pace.h"
#include "detect/detect.h"
#include "tests/tap.h"

#include <stdlib.h>

#define SECOND 1000000000ull
#define T0 (1700000000 * SECOND)

struct told {
	uint32_t raised[WR_CLASS_COUNT], n;
	uint64_t last_ns;
};

static void finding(void *ctx, enum wr_finding_news news, const struct wr_finding *f)
{
	struct told *told = ctx;

	if (news != WR_FINDING_RAISED)
		return;
	told->raised[f->klass]++;
	told->n++;
	told->last_ns = f->raised_ns;
}

static struct wr_detect *opened(struct told *told)
{
	struct wr_detect_conf conf = {.finding = finding, .ctx = told, .one_way = true};
	struct wr_detect *d = NULL;

	if (wr_detect_open(&d, &conf, NULL)) {
		printf("Bail out! no memory\n");
		exit(1);
	}
	return d;
}

/* A second of a service, in ten steps of so many packets each. Returns when it is over. */
static uint64_t second(struct wr_detect *d, uint64_t now, uint8_t proto, uint16_t port, uint64_t n)
{
	const struct wr_talk_key key = {
		.addr = {10, 0, 0, 5}, .port = port, .proto = proto, .ip_v = 4};
	const struct wr_count count = {n, n * 100};

	for (int i = 0; i < 10; i++) {
		if (n)
			wr_detect_rest(d, &key, &count);
		now += SECOND / 10;
		wr_detect_tick(d, now);
	}
	return now;
}

static void without_flows(uint8_t proto, enum wr_finding_class klass, const char *what)
{
	struct told told = {0};
	struct wr_detect *d = opened(&told);
	uint64_t now = T0;

	wr_detect_tick(d, now);
	for (int i = 0; i < 20; i++)
		now = second(d, now, proto, 0, 1);
	is_int(told.n, 0, "%s: ten packets a second without a flow are nothing", what);
	now = second(d, now, proto, 0, 5000);
	is_int(told.raised[klass], 1, "%s: 50,000 are a flood", what);
	is_int(told.n, 1, "%s: and nothing else", what);
	wr_detect_close(&d);
}

/* Nothing is known of flags, so it is counted and nothing is made of it. */
static void without_flags(void)
{
	struct told told = {0};
	struct wr_detect *d = opened(&told);

	wr_detect_tick(d, T0);
	second(d, T0, WR_IP_TCP, 443, 5000);
	is_int(told.n, 0, "TCP without flows is no flood of any kind");
	wr_detect_close(&d);
}

static void clock_set_back(void)
{
	struct told told = {0};
	struct wr_detect *d = opened(&told);
	uint64_t now = T0, back;

	wr_detect_tick(d, now);
	for (int i = 0; i < 5; i++)
		now = second(d, now, WR_IP_UDP, 9, 1);
	back = now - 3600 * SECOND;
	wr_detect_tick(d, back);
	second(d, back, WR_IP_UDP, 9, 5000);
	is_int(told.raised[WR_CLASS_UDP_FLOOD], 1, "an hour back: a flood is found all the same");
	ok(told.last_ns > back && told.last_ns <= back + SECOND, "at the time that it is now");
	wr_detect_close(&d);
}

/* ---- how soon windows are drained ---- */

struct traffic {
	uint64_t packets, syns, rows; /* of a step */
};

/* So many steps of a traffic; returns how many windows were drained. */
static int drains(struct wr_pace *p, struct traffic t, int steps)
{
	struct wr_account_look now = p->last;
	int n = 0;

	for (int i = 1; i <= steps; i++) {
		now.packets += t.packets;
		now.bytes += t.packets * 500;
		now.syns += t.syns;
		now.rows = now.rows < t.rows ? t.rows : now.rows;
		if (!wr_pace_drains(p, &now) && i % 10)
			continue;
		n++;
		wr_pace_begin(p);
		now = (struct wr_account_look){0};
	}
	return n;
}

static void pace(void)
{
	struct wr_pace p = {0};
	int n;

	is_int(drains(&p, (struct traffic){0, 0, 0}, 50), 50, "idle: ten times a second");
	is_int(drains(&p, (struct traffic){300, 5, 300}, 50), 50, "few flows: ten times a second");
	drains(&p, (struct traffic){10000, 50, 8000}, 100);
	n = drains(&p, (struct traffic){10000, 50, 8000}, 100);
	is_int(n, 10, "many flows, as a moment ago: once a second");
	n = drains(&p, (struct traffic){10050, 150, 8050}, 5);
	is_int(n, 5, "more SYNs: at once");
	drains(&p, (struct traffic){10000, 50, 8000}, 200);
	n = drains(&p, (struct traffic){30000, 50, 8000}, 5);
	is_int(n, 5, "more packets: at once");
	n = drains(&p, (struct traffic){30000, 50, 8000}, 300);
	ok(n < 100, "and when it stays so, once a second again (%d windows in 30 s)", n);
}

int main(void)
{
	without_flows(WR_IP_UDP, WR_CLASS_UDP_FLOOD, "UDP");
	without_flows(WR_IP_ICMP, WR_CLASS_ICMP_FLOOD, "ICMP");
	without_flags();
	clock_set_back();
	pace();
	return done();
}
