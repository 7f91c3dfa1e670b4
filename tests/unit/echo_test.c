/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ICMP that carries data between two hosts is told; pings are not, whatever their sizes and however
 * many of them are lost.
 */
#include "tests/unit/detect_evidence.h"
#include "tests/unit/detect_usual.h"
#include "tests/unit/sentence.h"

enum { FAR = 0xc6336446, WARM_S = 30 };

static struct host host; /* large */
static uint64_t chance;

static uint32_t among(uint32_t least, uint32_t most)
{
	return least + host_random(&chance) % (most - least);
}

/* Two a second each way. */
static void tunnel(struct host *h, uint32_t turn)
{
	if (turn % 50)
		return;
	host_icmp(h, PC, FAR, false, among(60, 1000));
	host_icmp(h, FAR, PC, true, among(60, 1000));
}

/* It asks with what is always the same, and is answered with what it came for. */
static void polls(struct host *h, uint32_t turn)
{
	if (turn % 50)
		return;
	host_icmp(h, PC, FAR, false, 56);
	host_icmp(h, FAR, PC, true, turn % 100 ? 56 : among(60, 1000));
}

static void fast(struct host *h, uint32_t turn)
{
	(void)turn;
	host_icmp(h, PC, FAR, false, among(56, 90));
	host_icmp(h, FAR, PC, true, among(200, 1400));
}

/* Looking for the largest that comes through: of four sizes one is lost, all large ones are. */
static void sweep(struct host *h, uint32_t turn)
{
	uint32_t size = 100 + turn / 10 % 150 * 10;

	if (turn % 10)
		return;
	host_icmp(h, PC, FAR, false, size);
	if (size <= 1400 && turn % 40)
		host_icmp(h, FAR, PC, true, size);
}

/* Two programs, at once; the answers to one are lost now and then. */
static void monitors(struct host *h, uint32_t turn)
{
	host_icmp(h, PC, FAR, false, 56);
	host_icmp(h, FAR, PC, true, 56);
	host_icmp(h, PC, FAR, false, 400);
	if (turn % 10)
		host_icmp(h, FAR, PC, true, 400);
}

/* Of nobody is told what he asked: a host that is sent answers. */
static void answers(struct host *h, uint32_t turn)
{
	if (turn % 50 == 0)
		host_icmp(h, FAR, PC, true, among(60, 1000));
}

static void begin(int v)
{
	chance = 5;
	host_open(&host, v);
	pass(&host, WARM_S, usual_turn, NULL);
}

/* Of its packets in the seconds before: how many, and their mean sizes. */
static void numbers(const struct told *t)
{
	double n[2] = {0}, bytes[2] = {0}, window = evidence_of(&t->f, WR_FEATURE_WINDOW)->value;

	for (uint32_t i = 0; i < t->at; i++) {
		const struct seen *s = &host.log[i];

		if ((s->proto != WR_IP_ICMP && s->proto != WR_IP_ICMP6) ||
		    (s->src != FAR && s->dst != FAR) ||
		    (double)t->f.raised_ns - (double)s->ns > (window + 0.1) * 1e9)
			continue;
		n[s->src == FAR]++;
		bytes[s->src == FAR] += s->len;
	}
	ok(fabs(evidence_of(&t->f, WR_FEATURE_ATTEMPTS)->value - n[0]) <= 1 &&
		   fabs(evidence_of(&t->f, WR_FEATURE_MEAN_SIZE)->value - bytes[0] / n[0]) <
			   0.05 * bytes[0] / n[0] &&
		   fabs(evidence_of(&t->f, WR_FEATURE_ANSWER_SIZE)->value - bytes[1] / n[1]) <
			   0.05 * bytes[1] / n[1],
	   "its numbers are right: %.0f of %.0f and %.0f bytes", n[0], bytes[0] / n[0],
	   bytes[1] / n[1]);
}

static void test_found(const char *what, turn_fn turn, double within, int v)
{
	const struct told *t;
	struct wr_buf b = {0};

	begin(v);
	pass(&host, 70, usual_turn, turn);
	t = host_told(&host, WR_CLASS_ICMP_TUNNEL);
	ok(t && t->raised == 1 && (host.n_told == 1 || turn == fast),
	   "IPv%d: %s is found, once, and no flood", v, what);
	if (!t) {
		host_close(&host);
		return;
	}
	ok(host_is(&host, t->f.victim.addr, FAR) && t->f.n_sources == 1 &&
		   host_is(&host, t->f.source[0].addr, PC),
	   "to whom, and of whom");
	ok(t->f.raised_ns - t->f.start_ns < within * 1e9, "within %.0f s: %.1f", within,
	   (double)(t->f.raised_ns - t->f.start_ns) / 1e9);
	numbers(t);
	wr_finding_reason(&b, &t->f);
	note("%s", wr_buf_text(&b));
	wr_buf_free(&b);
	if (v == 4)
		sentence_holds(&t->f, what);
	host_close(&host);
}

static void test_nothing(const char *what, turn_fn turn, int v)
{
	begin(v);
	pass(&host, 130, usual_turn, turn);
	is_int(raised_of(&host, WR_CLASS_ICMP_TUNNEL), 0, "IPv%d: %s", v, what);
	host_close(&host);
}

int main(void)
{
	for (int v = 4; v <= 6; v += 2) {
		test_found("icmp_tunnel (echo)", tunnel, 20, v);
		test_found("icmp_tunnel (polls)", polls, 20, v);
		test_found("icmp_tunnel (fast)", fast, 5, v);
		test_nothing("pings of all sizes, of which many are lost", sweep, v);
		test_nothing("two programs that ping", monitors, v);
		test_nothing("answers that nobody asked for", answers, v);
	}
	return done();
}
