/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Traffic of another kind that has no name is found, with the numbers that say so; what is only
 * more, or only one thing, or has a name, is not.
 */
#include "detect/odd.h"

#include <math.h>
#include <time.h>

#include "tests/unit/detect_evidence.h"
#include "tests/unit/odd.h"
#include "tests/unit/sentence.h"

/* ---- traffic ---- */

static void often_turn(struct host *h, uint32_t turn)
{
	for (int i = 0; i < 4; i++)
		varied_turn(h, turn + (uint32_t)i * 7000);
}

static void far_turn(struct host *h, uint32_t turn)
{
	uint32_t n = h->n;

	varied_turn(h, turn);
	if (h->n == n)
		return;
	h->ttl = 249; /* of all clients, and nothing else is different */
	host_session(h, 0xd0000000u + turn % USERS * 77, (uint16_t)(20000 + turn % 30000), WEB, 443,
		     200 + host_random(&dice) % 1500, 1000 + host_random(&dice) % 9000);
	h->ttl = 57;
}

/* Beside it one client fetches something large: bare ACKs, full segments, one system. */
static void large_turn(struct host *h, uint32_t turn)
{
	varied_turn(h, turn);
	h->ttl = 249;
	for (int i = 0; i < 2; i++) {
		host_tcp(h, 0xd0000007u, 60000, WEB, 443, ACK, 0);
		host_tcp(h, WEB, 443, 0xd0000007u, 60000, ACK, 1400);
		host_tcp(h, WEB, 443, 0xd0000007u, 60000, ACK, 1400);
	}
	h->ttl = 57;
}

/* An office behind one address that fetches more than all others, and goes home. */
static void office_turn(struct host *h, uint32_t turn)
{
	varied_turn(h, turn);
	if (host_random(&dice) % 12)
		return;
	h->ttl = 121;
	host_session(h, 0xcb007107u, (uint16_t)(20000 + turn % 30000), WEB, 443, 300,
		     12000 + host_random(&dice) % 20000);
	h->ttl = 57;
}

/* A database: connections that are kept, of which each asks once in two seconds, and one for each
 * question of a program, one in ten seconds. */
static uint32_t database_turn_every;

static void database_turn(struct host *h, uint32_t turn)
{
	uint16_t kept = (uint16_t)(50000 + turn / 10 % 20);

	if (turn % 10 == 0) {
		if (turn < 200)
			host_opens(h, PC, kept, MAIL, 8000);
		host_says(h, PC, kept, MAIL, 8000, 100);
		host_says(h, MAIL, 8000, PC, kept, 200);
	}
	if (host_random(&dice) % database_turn_every == 0)
		host_session(h, PC + 1, (uint16_t)(20000 + turn % 30000), MAIL, 8000,
			     300 + host_random(&dice) % 900, 1000 + host_random(&dice) % 4000);
}

/* One who was never there connects twice in a second, too, otherwise. */
static void stranger_turn(struct host *h, uint32_t turn)
{
	uint16_t port = (uint16_t)(20000 + turn % 30000);

	if (turn % 50)
		return;
	h->ttl = 249;
	host_opens(h, ATTACKER, port, MAIL, 8000);
	for (int i = 0; i < 4; i++) {
		host_tcp(h, ATTACKER, port, MAIL, 8000, ACK, 31);
		host_tcp(h, MAIL, 8000, ATTACKER, port, ACK, 1400);
	}
	host_tcp(h, ATTACKER, port, MAIL, 8000, RST | ACK, 0);
	h->ttl = 57;
}

/* Sessions as they are asked for and answered here, of which a part has other answers. */
static uint32_t n_answers = 2, answer_size = 500, asked_of_ten = 10;

static void asked_turn(struct host *h, uint32_t turn)
{
	uint32_t client = 0xd0000000u + host_random(&dice) % USERS * 77;
	uint16_t port = (uint16_t)(20000 + turn % 30000);

	if (turn % 5 || host_random(&dice) % 10 >= asked_of_ten)
		return;
	host_opens(h, client, port, WEB, 443);
	host_tcp(h, client, port, WEB, 443, ACK, 200 + host_random(&dice) % 400);
	for (uint32_t i = 0; i < n_answers; i++)
		host_tcp(h, WEB, 443, client, port, ACK, answer_size + host_random(&dice) % 60);
	host_closes(h, client, port, WEB, 443);
}

/* Less comes, and far more goes out. */
static void test_carried_out(void)
{
	begin_with(4, asked_turn);
	asked_of_ten = 5;
	pass(&host, LATER_S * 3, asked_turn, NULL);
	quiet("half of what is usual");
	n_answers = 10;
	answer_size = 1390;
	pass(&host, LATER_S * 2, asked_turn, NULL);
	ok(host_told(&host, WR_CLASS_ANOMALY) != NULL,
	   "half of what is usual with answers of ten times as much is an anomaly");
	host_close(&host);
}

static void syns(struct host *h, uint32_t turn)
{
	(void)turn;
	for (int i = 0; i < 10; i++)
		host_tcp(h, host_stranger(&dice), (uint16_t)host_random(&dice), WEB, 443, SYN, 0);
}

static void begin(int v)
{
	begin_with(v, varied_turn);
}

/* ---- what is found ---- */

static double part_in(const struct wr_finding *f)
{
	double sum = 0;

	for (uint32_t i = 0; i < f->n_evidence; i++)
		sum += (double)f->evidence[i].share;
	return sum;
}

/* Numbers of the window, counted again from the packets. */
static void numbers(const struct wr_finding *f)
{
	double seconds = evidence_of(f, WR_FEATURE_WINDOW)->value;
	double n = 0, bytes = 0, back = 0, answers = 0;
	uint64_t since = f->raised_ns - (uint64_t)(seconds * 1e9 + 0.5);
	const struct wr_evidence *e;

	for (uint32_t i = 0; i < host.n; i++) {
		const struct seen *s = &host.log[i];

		if (s->ns < since || s->ns >= f->raised_ns)
			continue;
		if (s->dst == WEB && s->dport == 443) {
			n++;
			bytes += s->len;
		} else if (s->src == WEB && s->sport == 443) {
			back += s->len;
			answers++;
		}
	}
	e = evidence_of(f, WR_FEATURE_PACKETS);
	ok(e && fabs(e->value - n / seconds) < 0.05 * n / seconds, "packets a second: %.1f",
	   e ? e->value : -1);
	e = evidence_of(f, WR_FEATURE_MEAN_SIZE);
	ok(e && fabs(e->value - bytes / n) < 0.05 * bytes / n && e->has_norm && e->norm > e->value,
	   "mean size: %.1f, usual %.1f", e ? e->value : -1, e ? e->norm : -1);
	ok(e && e->quantile >= 0 && e->quantile < 0.02 && e->learned_s >= 600,
	   "it was hardly ever as low: %.3f", e ? e->quantile : -1);
	e = evidence_of(f, WR_FEATURE_TTL_MIX);
	ok(e && e->value > 0.99 && e->norm < 0.2, "all of them have another time to live: %.2f",
	   e ? e->value : -1);
	e = evidence_of(f, WR_FEATURE_ANSWER_SIZE);
	ok(e && fabs(e->value - back / answers) < 0.05 * back / answers,
	   "mean size of an answer: %.1f", e ? e->value : -1);
}

/* How often it was so: no share is written with an exponent. */
static void test_often(void)
{
	static const struct {
		double quantile;
		const char *text;
	} lows[] = {{0, "never as low in 10 min"},
		    {0.00001, "as low in less than 0.01 % of 10 min"},
		    {0.012, "as low in 1.20 % of 10 min"},
		    {0.996, "as low in 100 % of 10 min"}};

	for (size_t i = 0; i < sizeof(lows) / sizeof(*lows); i++) {
		struct wr_evidence e = {.value = 1,
					.norm = 2,
					.share = 0.5,
					.quantile = lows[i].quantile,
					.learned_s = 600};
		struct wr_buf b = {0};

		wr_evidence_often(&b, &e);
		ok(!strcmp(wr_buf_text(&b), lows[i].text), "%s", wr_buf_text(&b));
		wr_buf_free(&b);
	}
}

static void test_found(int v)
{
	const struct told *t;
	struct wr_buf b = {0};
	double changed;

	begin(v);
	quiet("twelve minutes of what is usual");
	changed = (double)host.ns;
	pass(&host, LATER_S, other_turn, NULL);
	t = host_told(&host, WR_CLASS_ANOMALY);
	ok(t && t->raised == 1 && host.n_told == 1, "IPv%d: it is found, once, and nothing else",
	   v);
	if (!t)
		return;
	ok(host_is(&host, t->f.victim.addr, WEB) && t->f.severity == WR_SEVERITY_LOW,
	   "where, and as low");
	note("IPv%d: after %.1f s", v, ((double)t->f.raised_ns - changed) / 1e9);
	ok(t->f.raised_ns - changed < 45e9, "within three windows and the one that was open");
	ok(part_in(&t->f) > 0.85 && part_in(&t->f) < 1.001, "reasons are most of its score: %.2f",
	   part_in(&t->f));
	ok(t->f.evidence[0].share >= t->f.evidence[1].share, "the first has most of it");
	numbers(&t->f);
	wr_finding_reason(&b, &t->f);
	note("%s", wr_buf_text(&b));
	ok(strstr(wr_buf_text(&b), "traffic of another kind than usual at ") &&
		   strstr(wr_buf_text(&b), "never as low in "),
	   "in words");
	wr_buf_free(&b);
	if (v == 4)
		sentence_holds(&t->f, "anomaly");
	pass(&host, 300, varied_turn, NULL);
	ok(t->over == 1, "and over when all is as it was");
	host_close(&host);
}

/* ---- what is not ---- */

/* A program that has more to ask is nothing, a stranger who asks less than that is. */
static void test_database(void)
{
	for (int stranger = 0; stranger < 2; stranger++) {
		host_open(&host, 4);
		dice = 7;
		database_turn_every = 1000;
		pass(&host, LEARN_S * 2, database_turn, NULL);
		if (!stranger)
			database_turn_every = 33;
		pass(&host, LATER_S * 3, database_turn, stranger ? stranger_turn : NULL);
		if (stranger)
			ok(host_told(&host, WR_CLASS_ANOMALY) != NULL,
			   "a stranger at a database is an anomaly");
		else
			quiet("a program that asks a database thirty times as often");
		host_close(&host);
	}
}

static void test_nothing(void)
{
	begin(4);
	pass(&host, LATER_S * 2, often_turn, NULL);
	quiet("four times as much of the same");
	host_close(&host);
	begin(4);
	pass(&host, LATER_S * 2, far_turn, NULL);
	quiet("one thing alone that is different");
	host_close(&host);
	begin(4);
	pass(&host, LATER_S * 2, large_turn, NULL);
	quiet("one client that fetches something large");
	host_close(&host);
	host_open(&host, 4);
	dice = 7;
	pass(&host, LEARN_S, office_turn, NULL);
	pass(&host, LATER_S * 4, varied_turn, NULL);
	quiet("what is left when an office has gone home");
	host_close(&host);
	host_open(&host, 4);
	dice = 7;
	pass(&host, 400, varied_turn, NULL);
	pass(&host, LATER_S * 2, other_turn, NULL);
	quiet("what comes while little is known");
	host_close(&host);
	begin(4);
	wr_detect_tune(host.d, &(struct wr_detect_tune){.no_anomalies = true});
	pass(&host, LATER_S * 2, other_turn, NULL);
	quiet("where anomalies are not asked for, another kind");
	host_close(&host);
}

/* A service at which another kind comes every few minutes: that is what is usual there. */
static void test_calibrated(void)
{
	host_open(&host, 4);
	dice = 7;
	for (int i = 0; i < 12; i++) {
		pass(&host, 120, varied_turn, NULL);
		pass(&host, 60, other_turn, NULL);
	}
	quiet("what comes back every three minutes");
	host_close(&host);
}

static void test_named(void)
{
	const struct told *t;

	begin(4);
	pass(&host, LATER_S * 2, other_turn, syns);
	ok(host_told(&host, WR_CLASS_SYN_FLOOD) != NULL, "a SYN flood has a name");
	quiet("what comes beside it");
	pass(&host, LATER_S, varied_turn, NULL);
	quiet("what was left of it");
	host_close(&host);
	begin(4);
	pass(&host, LATER_S, other_turn, NULL);
	t = host_told(&host, WR_CLASS_ANOMALY);
	ok(t && !t->over, "an anomaly holds");
	pass(&host, 10, other_turn, syns);
	ok(t && t->over && host_told(&host, WR_CLASS_SYN_FLOOD), "until there is a name for it");
	host_close(&host);
}

/* Half an hour: then it is how things are, and is learned. */
static void test_accepted(void)
{
	const struct told *t;

	begin(4);
	every = 50;
	pass(&host, 1700, other_turn, NULL);
	t = host_told(&host, WR_CLASS_ANOMALY);
	ok(t && !t->over && t->renewed > 100, "it holds as long as it lasts");
	pass(&host, 1500, other_turn, NULL);
	every = 10;
	ok(t && t->over && t->raised == 1 && host.n_told == 1,
	   "but after half an hour it is usual, and not told again");
	host_close(&host);
}

/* The past is halved every half day: the bound is neither lost by that nor any other. */
static void test_bound(void)
{
	static struct odd o;
	double first = 0, least = HUGE_VAL, most = 0;

	o.windows = ODD_YOUNG;
	for (int i = 0; i < 30000; i++) {
		odd_learn_score(&o, (float)(-log((host_random(&dice) % 1000000 + 1) / 1e6)));
		if (i < 2000)
			continue;
		first = first > 0 ? first : odd_bound(&o, 10000);
		least = fmin(least, odd_bound(&o, 10000));
		most = fmax(most, odd_bound(&o, 10000));
	}
	note("scores that are exponential, exceeded once in 10,000 windows: %.1f to %.1f", least,
	     most);
	/* log(10,000) = 9.2 */
	ok(first < 20 && least > 5 && most < 20, "a bound is a bound for days");
}

/* ---- who always comes ---- */

enum { REGULARS = 40 };

/* A window of as many sources as usual, of those who always come and of these besides. */
static struct odd_window window_of(struct odd *o, uint32_t more_at, uint32_t more)
{
	struct odd_window w = {.has = {[ODD_PACKETS] = true, [ODD_SOURCES] = true}};

	memset(o->sources, 0, sizeof(o->sources));
	for (uint32_t i = 0; i < REGULARS + more; i++) {
		uint32_t bit = (i < REGULARS ? i : REGULARS + (more_at + i) % 200) & 255;

		o->sources[bit >> 6] |= 1ull << (bit & 63);
	}
	w.value[ODD_PACKETS] = 100;
	w.value[ODD_SOURCES] = REGULARS + more;
	return w;
}

/* Of so many times as much as usual. */
static double rush_of(struct odd *o, uint32_t more_at, uint32_t more, double times)
{
	struct odd_window w = window_of(o, more_at, more);

	w.value[ODD_PACKETS] *= times;
	w.value[ODD_SOURCES] = REGULARS;
	return odd_rush(o, &w);
}

static void learn_windows(struct odd *o, uint32_t windows, bool guests)
{
	for (uint32_t i = 0; i < windows; i++) {
		struct odd_window w = window_of(o, i / 10, guests && i % 10 == 0);

		odd_learn(o, &w);
	}
}

static void test_always(void)
{
	static struct odd o;
	struct odd_window w;
	double rush;

	learn_windows(&o, 2 * ODD_YOUNG, false);
	rush = rush_of(&o, 0, 0, 3);
	ok(fabs(rush - sqrt(3)) < 0.05, "three times as much of those who always come: %.2f", rush);
	rush = rush_of(&o, 0, 1, 3);
	ok(rush < 1.05, "as much of one who never came: %.2f", rush);
	w = window_of(&o, 0, 1);
	odd_learn(&o, &w);
	rush = rush_of(&o, 0, 1, 3);
	ok(rush < 1.05, "and of one who came once, ten seconds ago: %.2f", rush);
	learn_windows(&o, 4000, true);
	rush = rush_of(&o, 0, 0, 3);
	ok(fabs(rush - sqrt(3)) < 0.05,
	   "those who always come are known after guests of half a day: %.2f", rush);
	rush = rush_of(&o, 0, 0, 50);
	ok(rush < 21 / ODD_FLOOR, "of a bound that can be reached: %.2f", rush);
}

/* ---- what it costs ---- */

static double cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Ten thousand services, each with a window that is judged and learned. */
static void test_cost(void)
{
	const uint32_t services = 10000;
	double before;

	host_open(&host, 4);
	free(host.log);
	host.log = NULL;
	for (uint32_t s = 0; s < services; s++)
		for (int i = 0; i < ODD_LEAST; i++)
			host_udp(&host, 0xd0000001, 4000, 0x0a010000 + s / 4,
				 (uint16_t)(100 + s % 4), 40);
	host.ns += 20 * SECOND;
	before = cpu_s();
	wr_detect_tick(host.d, host.ns);
	note("%u windows: %.1f ms", host.d->odds->rows.used, (cpu_s() - before) * 1e3);
	ok(host.d->odds->rows.used <= ODD_ROWS, "in a table of fixed size: %u", ODD_ROWS);
	host_close(&host);
}

/* ---- many ---- */

enum {
	MANY = 6000,
	MANY_HOSTS = 60,
	NTH = 4999,
	MANY_WINDOWS = 75,
	MANY_PACKETS = 40,
	MANY_NEW_WINDOWS = 8
};

/* Both ways of a flow in a window, of packets of these sizes. */
static void many_part(struct host *h, uint32_t s, bool answer, uint32_t bytes)
{
	struct wr_rec rec = {.hdr[0] = {.has = WR_H_IP | WR_H_PROTO | WR_H_PORTS, .ip_v = 4}};
	uint32_t packets = h->ns < EPOCH + ODD_WINDOW_S * SECOND ? 1 : MANY_PACKETS; /* no flood */
	struct wr_live_part p = {.flow = {.n = {packets, packets * (uint64_t)bytes}}};
	struct wr_hdr *to = &rec.hdr[0];

	to->proto = WR_IP_UDP;
	host_address(h, 0xd0000001 + s, answer ? to->dst : to->src);
	host_address(h, 0x0a010001 + (s % MANY_HOSTS << 8), answer ? to->src : to->dst);
	to->sport = (uint16_t)(answer ? 100 + s / MANY_HOSTS : 40000);
	to->dport = (uint16_t)(answer ? 40000 : 100 + s / MANY_HOSTS);
	p.flow.from = wr_flow_key_make(&p.flow.key, &rec);
	p.flow.first_ns = p.flow.last_ns = h->ns;
	wr_live_add(h->live, &p);
}

static uint32_t many_size(uint32_t s)
{
	return 100 + s % 800;
}

/* Ten seconds in which each service is asked and answers; the one that is odd otherwise. */
static void many_window(struct host *h, uint32_t many, uint32_t odd)
{
	const uint32_t steps = ODD_WINDOW_S * STEPS;

	for (uint32_t i = 0; i < steps; i++, h->ns += SECOND / STEPS) {
		wr_detect_tick(h->d, h->ns);
		if (i % STEPS == 0)
			wr_live_begin(h->live, h->ns);
		for (uint32_t s = i * many / steps; s < (i + 1) * many / steps; s++) {
			uint32_t more = host_random(&dice) % 10;

			many_part(h, s, false, s == odd ? 1400 : many_size(s) + more);
			many_part(h, s, true, s == odd ? 60 : 2 * many_size(s) + more);
		}
		if (i % STEPS == STEPS - 1)
			wr_live_end(h->live, h->ns + SECOND / STEPS);
	}
}

/* Of six thousand services the five thousandth has a norm of its own, and is found by itself. */
static void test_many(void)
{
	const struct wr_evidence *e;
	const struct told *t;
	uint32_t known = 0;
	uint8_t addr[16];

	host_open(&host, 4);
	wr_live_timeouts(host.live, 60 * SECOND, 20 * SECOND); /* each answers anew so often */
	for (int i = 0; i < MANY_WINDOWS; i++)
		many_window(&host, MANY, MANY);
	for (uint32_t i = 0; i < host.d->odds->rows.used; i++)
		known += ((const struct odd *)wr_rows_at(&host.d->odds->rows, i))->windows >=
			 ODD_YOUNG;
	ok(known == MANY + MANY_HOSTS, "%u norms: of each service, and of each host", known);
	ok(!host.n_told, "%d services that go on as they did are nothing, new ones neither", MANY);
	for (int i = 0; i < MANY_NEW_WINDOWS; i++)
		many_window(&host, MANY + 1, MANY + 1);
	t = host_told(&host, WR_CLASS_NEW_SERVICE);
	ok(host.n_told == 1 && t && t->f.victim.port == 100 + MANY / MANY_HOSTS,
	   "one more of them is new: %u findings", host.n_told);
	for (int i = 0; i < 2 * ODD_RUN; i++)
		many_window(&host, MANY + 1, NTH);
	t = host_told(&host, WR_CLASS_ANOMALY);
	host_address(&host, 0x0a010001 + (NTH % MANY_HOSTS << 8), addr);
	ok(host.n_told == 2 && t && t->f.victim.port == 100 + NTH / MANY_HOSTS &&
		   !memcmp(t->f.victim.addr, addr, 16),
	   "the one that is otherwise is found, and nothing else: %u findings", host.n_told);
	e = t ? evidence_of(&t->f, WR_FEATURE_MEAN_SIZE) : NULL;
	ok(e && fabs(e->norm - (many_size(NTH) + 4.5)) < 15 && e->value > 1300,
	   "by its own norm: %.0f bytes, usual %.0f", e ? e->value : -1, e ? e->norm : -1);
	host_close(&host);
}

int main(void)
{
	test_found(4);
	test_found(6);
	test_often();
	test_nothing();
	test_database();
	test_calibrated();
	test_named();
	test_accepted();
	test_carried_out();
	test_bound();
	test_always();
	test_cost();
	test_many();
	return done();
}
