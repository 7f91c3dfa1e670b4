/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Detection over its life: what it costs after a flood of forged sources, clocks that jump, packets
 * one way only, none at all; and numbers that only a test of their own can count.
 */
#include <jansson.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/detect_evidence.h"
#include "tests/unit/detect_usual.h"
#include "view/finding.h"

static uint64_t random_state;
static struct host host; /* large */

/* ---- what it costs ---- */

static double cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Of ten seconds of a usual day; the least of some turns, since others use the machine, too. */
static double usual_cost(struct host *h)
{
	double least = 1e9;

	for (int i = 0; i < 5; i++) {
		double began = cpu_s();

		pass(h, 10, usual_turn, NULL);
		began = cpu_s() - began;
		least = began < least ? began : least;
	}
	return least;
}

static long pages(void)
{
	long n = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (f && fscanf(f, "%ld", &n) != 1)
		n = 0;
	if (f)
		fclose(f);
	return n;
}

/* Forty thousand sources in ten seconds. */
static void forged(struct host *h, uint32_t turn)
{
	for (int i = 0; i < 40; i++)
		host_tcp(h, host_stranger(&random_state), (uint16_t)(turn + 1024), WEB, 443, SYN,
			 0);
}

static void floods_leave_nothing(int v)
{
	double before, after, later;
	long had;

	host_open(&host, v);
	free(host.log);
	host.log = NULL; /* only detection is to be measured */
	pass(&host, 60, usual_turn, NULL);
	before = usual_cost(&host);
	had = pages();
	pass(&host, 10, usual_turn, forged);
	ok(host_told(&host, WR_CLASS_SYN_FLOOD) != NULL, "IPv%d: 40000 forged sources are found",
	   v);
	/* qsort() takes some for a moment. */
	ok(pages() < had + 256, "IPv%d: %ld pages, as before", v, had);
	after = usual_cost(&host);
	later = usual_cost(&host);
	/* As long as its flows are in the table, that is looked through for those held open. */
	ok(after < 6 * before && later < 3 * before,
	   "IPv%d: a usual packet costs %.2f times as before, and %.2f when its flows are gone", v,
	   after / before, later / before);
	ok(!host_other(&host, WR_CLASS_SYN_FLOOD), "IPv%d: nothing else is said", v);
	host_close(&host);
}

/* ---- clocks ---- */

/* The clock is put back: it goes on as if nothing had been, and the next attack is found. */
static void clock_goes_back(void)
{
	host_open(&host, 4);
	pass(&host, 60, usual_turn, NULL);
	host.ns -= 3600 * SECOND;
	host.n = 0;
	for (uint32_t turn = 0; turn < 6000; turn++, host.ns += 9 * MS)
		usual_turn(&host, turn);
	ok(!host_other(&host, WR_CLASS_COUNT), "nothing is said when the clock goes back an hour");
	if (host_other(&host, WR_CLASS_COUNT)) {
		struct wr_buf b = {0};

		wr_finding_reason(&b, &host.told[0].f);
		note("%s", wr_buf_text(&b));
		wr_buf_free(&b);
	}
	for (uint32_t turn = 0; turn < 400; turn++, host.ns += 9 * MS)
		forged(&host, turn);
	ok(host_told(&host, WR_CLASS_SYN_FLOOD) != NULL, "a flood after that is found");
	wr_detect_finish(host.d);
	ok(host.n_told == 1 && host.told[0].raised == 1 && host.told[0].over == 1,
	   "once, and it is over");
	host_close(&host);
}

/* Packets of two queues, some milliseconds out of order. */
static void order_is_lost(void)
{
	host_open(&host, 4);
	for (uint32_t turn = 0; turn < 9000; turn++) {
		host.ns = EPOCH + turn * 10 * MS - (turn % 3) * 40 * MS + 200 * MS;
		usual_turn(&host, turn);
	}
	ok(!host.n_told, "packets out of order are no attack");
	host_close(&host);
}

static void clock_goes_on(void)
{
	host_open(&host, 4);
	pass(&host, 60, usual_turn, NULL);
	pass(&host, 2, usual_turn, forged);
	host.ns += 30 * 86400 * SECOND;
	for (uint32_t turn = 0; turn < 6000; turn++, host.ns += 9 * MS)
		usual_turn(&host, turn);
	ok(host.n_told == 1 && host.told[0].over == 1,
	   "a month without a packet ends what was found, and is no attack");
	host_close(&host);
}

static void nothing_comes(void)
{
	const struct wr_finding *f[4];

	host_open(&host, 4);
	wr_detect_finish(host.d);
	wr_detect_finish(host.d);
	is_int(wr_detect_findings(host.d, f, 4), 0, "no packet, no finding");
	wr_detect_tick(host.d, EPOCH);
	wr_detect_tick(host.d, EPOCH + 3600 * SECOND);
	wr_detect_finish(host.d);
	is_int(host.n_told, 0, "an hour without a packet, no finding");
	host_close(&host);
}

/* ---- one way ---- */

/* Only what arrives; what this host sends does not go by. */
static void arriving_turn(struct host *h, uint32_t turn)
{
	uint32_t client = 0xd0000000u + turn / 10 * 7919 % USERS * 77;
	uint16_t port = (uint16_t)(20000 + turn / 10 % 30000);

	if (turn % 10)
		return;
	host_tcp(h, client, port, WEB, 443, SYN, 0);
	host_tcp_seen(h,
		      (struct seen){.src = client,
				    .dst = WEB,
				    .sport = port,
				    .dport = 443,
				    .flags = ACK,
				    .done = true},
		      0);
	host_tcp(h, client, port, WEB, 443, ACK, 500);
	host_tcp(h, client, port, WEB, 443, FIN | ACK, 0);
	/* Answers to what this host asked: names, and pages that it gets. */
	host_udp(h, RESOLVER, 53, WEB, (uint16_t)(30000 + turn % 30000), 200);
	for (uint32_t i = 0; i < 20; i++)
		host_tcp(h, FAR_WEB, 443, WEB, (uint16_t)(40000 + turn / 1000), ACK, 1400);
	host_tcp(h, FAR_WEB, 443, WEB, (uint16_t)(40000 + turn % 20000), SYN_ACK, 0);
}

static void reflected(struct host *h, uint32_t turn)
{
	for (uint32_t i = 0; i < 20; i++)
		host_udp(h, 0xb0000000u + (turn * 20 + i) % 300 * 1000, 53, WEB,
			 (uint16_t)(1024 + host_random(&random_state) % 60000), 1200);
}

static void one_way(int v)
{
	static const struct {
		enum wr_finding_class klass;
		turn_fn turn;
	} attacks[] = {{WR_CLASS_SYN_FLOOD, forged}, {WR_CLASS_AMP_DNS, reflected}};

	host_open_as(&host, v, true);
	pass(&host, 120, arriving_turn, NULL);
	ok(!host_other(&host, WR_CLASS_COUNT), "one way, IPv%d: a usual day", v);
	host_close(&host);
	for (size_t i = 0; i < 2; i++) {
		host_open_as(&host, v, true);
		pass(&host, 60, arriving_turn, NULL);
		pass(&host, 3, arriving_turn, attacks[i].turn);
		pass(&host, 10, arriving_turn, NULL);
		wr_detect_finish(host.d);
		ok(host_told(&host, attacks[i].klass) && !host_other(&host, attacks[i].klass),
		   "one way, IPv%d: %s is found, and nothing else", v,
		   wr_class_name(attacks[i].klass));
		host_close(&host);
	}
}

/* ---- numbers ---- */

/* So many that what is remembered is less than a step. */
static void torrent(struct host *h, uint32_t turn)
{
	h->unasked = true;
	for (int i = 0; i < 5000 && turn < 20; i++)
		host_udp(h, ATTACKER, 4444, WEB, 9999, 20);
	h->unasked = false;
}

static void more_than_is_remembered(void)
{
	const struct told *t;

	host_open(&host, 4);
	pass(&host, 10, usual_turn, NULL);
	pass(&host, 1, usual_turn, torrent);
	t = host_told(&host, WR_CLASS_UDP_FLOOD);
	ok(t && evidence_of(&t->f, WR_FEATURE_WINDOW)->value < 0.1,
	   "of 500000 packets a second less than a step is remembered");
	if (t)
		evidence_holds(&host, t, WR_IP_UDP, 0, "500000 packets a second");
	host_close(&host);
}

static void held(struct host *h, uint32_t turn)
{
	if (turn < 100)
		host_opens(h, turn < 80 ? ATTACKER : ATTACKER + 256, (uint16_t)(5000 + turn), WEB,
			   443);
}

static void connections_are_counted(void)
{
	const struct told *t;
	double all = 0, first = 0;

	host_open(&host, 4);
	pass(&host, 60, usual_turn, NULL);
	pass(&host, 40, usual_turn, held);
	t = host_told(&host, WR_CLASS_SLOW_HTTP);
	for (uint32_t i = 0; t && i < t->at; i++) {
		const struct seen *s = &host.log[i];
		bool is = s->flags == SYN && s->ns + 10 * SECOND < t->f.raised_ns - 100 * MS;

		all += is && (s->src == ATTACKER || s->src == ATTACKER + 256);
		first += is && s->src == ATTACKER;
	}
	ok(t && t->f.evidence[0].value == all && all >= 40 &&
		   fabs(evidence_of(&t->f, WR_FEATURE_TOP_SHARE)->value - first / all) < 0.05,
	   "connections that are held: %.0f, and whose", all);
	host_close(&host);
}

static void every_two(struct host *h, uint32_t turn)
{
	if (turn % 200 == turn / 200 % 7)
		host_session(h, PC, (uint16_t)(10000 + turn / 200), FAR_WEB, 443, 300, 400);
}

static void intervals_are_measured(void)
{
	const struct told *t;

	host_open(&host, 4);
	pass(&host, 240, NULL, every_two);
	t = host_told(&host, WR_CLASS_BEACON);
	ok(t && fabs(evidence_of(&t->f, WR_FEATURE_INTERVAL)->value - 2) < 0.1 &&
		   evidence_of(&t->f, WR_FEATURE_JITTER)->value < 0.05,
	   "a beacon every two seconds is told as that");
	host_close(&host);
}

/* ---- output ---- */

static void json_is_json(void)
{
	const struct wr_finding *f[4];
	struct wr_buf b = {0};
	json_t *o;

	host_open(&host, 6);
	pass(&host, 60, usual_turn, NULL);
	pass(&host, 2, usual_turn, forged);
	is_int(wr_detect_findings(host.d, f, 4), 1,
	       "a finding that is not over is there to be read");
	wr_view_finding_json(&b, f[0], EPOCH);
	o = json_loads(wr_buf_text(&b), 0, NULL);
	ok(o && json_array_size(json_object_get(o, "evidence")) == f[0]->n_evidence &&
		   json_array_size(json_object_get(o, "sources")) == f[0]->n_sources,
	   "a finding is JSON, with all of its evidence and sources");
	json_decref(o);
	wr_buf_free(&b);
	host_close(&host);
}

static bool seventy_are; /* all of them by now */

/* Seventy hosts are flooded, each in a network of its own, one more each tenth of a second. */
static void seventy(struct host *h, uint32_t turn)
{
	for (uint32_t i = 0; i < 70 && (seventy_are || i < turn / 10); i++)
		for (int k = 0; k < 4; k++)
			host_udp(h, ATTACKER, 4444, WEB + i * 65536, 9999, (turn + i) % 64 + 60);
}

static void more_than_have_room(void)
{
	const struct wr_finding *f[100];
	uint64_t missed;

	host_open(&host, 4);
	pass(&host, 60, usual_turn, NULL);
	is_int((long long)wr_detect_missed(host.d), 0, "all that is found has room");
	pass(&host, 10, usual_turn, seventy);
	missed = wr_detect_missed(host.d);
	seventy_are = true;
	is_int(wr_detect_findings(host.d, f, 100), 64, "64 findings hold at once");
	ok(missed >= 6 && missed < 20, "what has no room is counted: %llu",
	   (unsigned long long)missed);
	pass(&host, 20, usual_turn, seventy);
	is_int((long long)wr_detect_missed(host.d), (long long)missed, "once, as it goes on");
	host_close(&host);
}

/* Twenty that are to get past somebody, to each of eighty hosts. */
static void eighty_small_ones(struct host *h, uint32_t turn)
{
	host_tcp(h, ATTACKER, 4444, WEB + turn % 80 * 65536, 80, WR_TCP_SYN | WR_TCP_FIN, 0);
}

static void flood_of_one(struct host *h, uint32_t turn)
{
	eighty_small_ones(h, turn);
	for (int k = 0; k < 10; k++)
		host_udp(h, ATTACKER, 4444, WEB, 9999, turn % 64 + 60);
}

static void small_ones_make_room(void)
{
	const struct wr_finding *f[100];
	int floods = 0;

	host_open(&host, 4);
	pass(&host, 60, usual_turn, NULL);
	pass(&host, 25, usual_turn, eighty_small_ones);
	is_int(wr_detect_findings(host.d, f, 100), 64, "64 findings of low severity hold");
	pass(&host, 2, usual_turn, flood_of_one);
	for (uint32_t n = wr_detect_findings(host.d, f, 100), i = 0; i < n; i++)
		floods += f[i]->klass == WR_CLASS_UDP_FLOOD;
	is_int(floods, 1, "one of them makes room for a flood");
	host_close(&host);
}

int main(void)
{
	more_than_have_room();
	small_ones_make_room();
	for (int v = 4; v <= 6; v += 2) {
		floods_leave_nothing(v);
		one_way(v);
	}
	clock_goes_back();
	clock_goes_on();
	order_is_lost();
	nothing_comes();
	more_than_is_remembered();
	connections_are_counted();
	intervals_are_measured();
	json_is_json();
	return done();
}
