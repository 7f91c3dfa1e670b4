/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who raises a rate so slowly that the last minutes follow it is told all the same, whatever the
 * count and from the first day on; and a service that grows, a night that is followed by a day and
 * a rush are not. Days in a second: a part of a flow stands for what comes in one.
 */
#include "core/proto.h"
#include "core/sketch.h"
#include "detect/impl.h"
#include "detect/learned.h"
#include "tests/tap.h"

enum {
	HOST = 9,
	HOUR_S = 3600,
	DAY_S = 86400,
	WARM_S = 1800,
	USUAL_RATE = 60,
	FAR_TOO_MUCH = 20000,
	CLIENTS = 10,
	STRANGERS = 5000
};

#define SECOND 1000000000ull
#define MONDAY (1767571200ull) /* 5 January 2026, 00:00 UTC */

/* What comes, and what it is told as. */
struct kind {
	const char *name;
	enum wr_finding_class klass;
	enum count count;
	double young, day; /* bars: the most that comes, of the usual, until it is told */
	uint8_t proto, syn;
	uint16_t tcp_flags, sport, facts;
	uint32_t each; /* packets of a flow at most */
};

static const struct kind kinds[] = {
	{"RSTs", WR_CLASS_RST_FLOOD, C_RST_UNASKED, 24, 12, 6, 0, WR_TCP_RST, 4000, 0, 9999},
	{"ACKs", WR_CLASS_ACK_FLOOD, C_ACK_UNASKED, 24, 12, 6, 0, WR_TCP_ACK, 4000, 0, 3},
	{"SYN+ACKs", WR_CLASS_SYNACK_REFLECTION, C_SYNACK_UNASKED, 24, 12, 6, WR_FLOW_SYN_ACK,
	 WR_TCP_SYN | WR_TCP_ACK, 443, 0, 9999},
	{"answers of memcached", WR_CLASS_AMP_MEMCACHED, C_AMP_UNASKED, 24, 12, 17, 0, 0, 11211, 0,
	 9999},
	{"UDP packets", WR_CLASS_UDP_FLOOD, C_UDP_UNASKED, 40, 12, 17, 0, 0, 4000, 0, 9999},
	{"fragments", WR_CLASS_FRAG_FLOOD, C_FRAGMENTS, 24, 12, 47, 0, 0, 0, WR_FACT_FRAG, 9999},
	{"pings", WR_CLASS_ICMP_FLOOD, C_ICMP, 24, 12, 1, 0, 0, 0, 0, 9999},
	{"connections", WR_CLASS_HTTP_FLOOD, C_HANDSHAKES, 60, 12, 6, WR_FLOW_SYN, WR_TCP_SYN, 0, 0,
	 1},
};
enum { KINDS = sizeof(kinds) / sizeof(*kinds) };

struct site {
	struct wr_detect *d;
	uint64_t ns;
	uint32_t n, alarms, told[WR_CLASS_COUNT];
	double owed;	  /* of a packet */
	char reason[200]; /* of the last one */
};

static void finding(void *ctx, enum wr_finding_news news, const struct wr_finding *f)
{
	struct site *s = ctx;
	struct wr_buf b = {0};

	if (news != WR_FINDING_RAISED)
		return;
	s->told[f->klass]++;
	wr_finding_reason(&b, f);
	snprintf(s->reason, sizeof(s->reason), "%s", wr_buf_text(&b));
	wr_buf_free(&b);
	s->alarms += f->severity > WR_SEVERITY_INFO;
}

static void begin_at(struct site *s, uint64_t ns)
{
	struct wr_detect_conf conf = {.finding = finding, .ctx = s};
	struct wr_err err;

	memset(s, 0, sizeof(*s));
	s->ns = ns;
	if (wr_detect_open(&s->d, &conf, &err)) {
		printf("Bail out! no memory\n");
		exit(1);
	}
	wr_detect_tick(s->d, s->ns);
}

static void begin(struct site *s)
{
	begin_at(s, MONDAY * SECOND);
}

/* Packets of the kind, of a flow of their own; a connection is made of ten clients. */
static void one(struct site *s, const struct kind *k, uint32_t packets)
{
	struct wr_flow f = {.caller = WR_FLOW_CALLER_UNKNOWN};
	struct wr_live_part p = {.flow = {.n = {packets, packets * 100}, .syn = k->syn}};
	bool connects = k->count == C_HANDSHAKES;
	uint32_t n = s->n++, client = n % (connects ? CLIENTS : STRANGERS);

	p.flow.first_ns = p.flow.last_ns = s->ns;
	p.flow.tcp_flags = k->tcp_flags;
	p.facts = k->facts;
	p.flow.key = (struct wr_flow_key){
		.addr = {{203, 0, (uint8_t)(client >> 8), (uint8_t)client}, {10, 0, 0, HOST}},
		.port = {connects ? (uint16_t)(n / CLIENTS) : k->sport,
			 k->proto == 6 || k->proto == 17 ? 80 : 0},
		.proto = k->proto,
		.ip_v = 4};
	f.key = p.flow.key;
	f.first_ns = f.last_ns = f.told_ns = s->ns;
	f.sent[0].packets = packets;
	wr_detect_part(s->d, &p, &f);
	if (!connects)
		return;
	p.flow.syn = 0;
	p.flow.tcp_flags = WR_TCP_ACK;
	f.sent[0].packets = 2;
	f.sent[1].packets = 1;
	wr_detect_part(s->d, &p, &f);
}

/* A second of it. */
static void second(struct site *s, const struct kind *k, double rate)
{
	s->owed += rate;
	wr_detect_tick(s->d, s->ns);
	while (s->owed >= 1) {
		uint32_t n = s->owed < k->each ? (uint32_t)s->owed : k->each;

		one(s, k, n);
		s->owed -= n;
	}
	s->ns += SECOND;
}

/* A fifth more or less. */
static double noise(const struct site *s)
{
	return 0.8 + 0.4 * (double)(wr_mix(s->ns / SECOND) % 1000) / 1000;
}

/* From one rate to another: the same factor in the same time. Ends when an alarm is raised; returns
 * the rate it had then. */
static double from_to(struct site *s, const struct kind *k, double from, double to,
		      uint32_t seconds)
{
	double rate = from;

	for (uint32_t i = 0; i < seconds && !s->alarms; i++) {
		rate = from * pow(to / from, i / (double)seconds);
		second(s, k, rate * noise(s));
	}
	return rate;
}

static double most(const struct site *s, const struct kind *k)
{
	const uint8_t addr[16] = {10, 0, 0, HOST};
	const struct target *t = target_known(s->d, addr, 4, 0);

	return t ? most_usual(s->d, t, k->count, 5) : 0;
}

/* What cannot be more, however usual it becomes. */
static double bound(const struct site *s, const struct kind *k)
{
	const uint8_t addr[16] = {10, 0, 0, HOST};
	const struct target *t = target_known(s->d, addr, 4, 0);

	return t ? wr_bound_most(&t->bound[k->count], t->bound_s) : 0;
}

/* ---- who wants to be taken for usual ---- */

/* Twice as many each ten minutes: as slowly as the last minutes follow. */
static void ramp(const struct kind *k, uint32_t known_s, double times, const char *what)
{
	uint32_t doubles = 7;
	struct site s;
	double at;

	begin(&s);
	from_to(&s, k, USUAL_RATE, USUAL_RATE, known_s);
	ok(!s.alarms, "%s, %s: nothing is told of what is usual", k->name, what);
	at = from_to(&s, k, USUAL_RATE, USUAL_RATE << doubles, doubles * 600);
	ok(s.told[k->klass] == 1 && at <= times * USUAL_RATE,
	   "%s, %s: a ramp is told at %.1f times the usual (bar: %.0f)", k->name, what,
	   at / USUAL_RATE, times);
	wr_detect_close(&s.d);
}

/* Who knows what is learned, and always sends nearly as much as is not told, for a week. */
static void below(const struct kind *k)
{
	struct site s;
	double before, after;

	begin(&s);
	from_to(&s, k, USUAL_RATE, USUAL_RATE, 7 * DAY_S);
	from_to(&s, k, USUAL_RATE, most(&s, k) * 0.9, HOUR_S);
	before = bound(&s, k);
	for (uint32_t i = 0; i < 7 * DAY_S && !s.alarms; i++)
		second(&s, k, fmin(most(&s, k) * 0.9, FAR_TOO_MUCH));
	after = bound(&s, k);
	ok(before > USUAL_RATE && after < 2 * before,
	   "%s, all the time nearly as many as are told: after a week the bound is %.0f, before it "
	   "was %.0f",
	   k->name, after, before);
	wr_detect_close(&s.d);
}

/* Each hour weir is started anew: what it kept has the bounds. */
static void restarts(const struct kind *k)
{
	struct site of[4], *s = of;
	double before, after, rate = 3 * USUAL_RATE;

	begin(s);
	from_to(s, k, USUAL_RATE, USUAL_RATE, DAY_S + HOUR_S);
	before = bound(s, k);
	for (int i = 0; i < 3; i++, s++) {
		struct wr_buf b = {0};
		struct wr_err err;

		from_to(s, k, rate, rate, HOUR_S / 2);
		wr_detect_learned_write(s->d, &b);
		begin_at(s + 1, s->ns);
		if (wr_detect_learned_read(s[1].d, b.at, b.used, s->ns, &err))
			printf("# %s\n", err.text);
		wr_detect_close(&s->d);
		wr_buf_free(&b);
	}
	after = bound(s, k);
	ok(before > 0 && after < before * 1.01 && after > before * 0.5,
	   "%s: restarts leave the bound as it was (%.0f, %.0f)", k->name, before, after);
	wr_detect_close(&s->d);
}

/* ---- what is no attack ---- */

typedef double (*rate_fn)(uint32_t second);

static double hour_of(uint32_t second)
{
	return second % DAY_S / (double)HOUR_S;
}

/* Ten times as much at noon as at midnight, when it is begun to be learned. */
static double days(uint32_t second)
{
	return 20 * pow(10, 0.5 - 0.5 * cos(hour_of(second) / 24 * 2 * M_PI));
}

/* A fifth of it on Saturday and Sunday. */
static double weeks(uint32_t second)
{
	return days(second) * (second / DAY_S % 7 < 5 ? 1 : 0.2);
}

/* The same, begun on a Saturday. */
static double weekend(uint32_t second)
{
	return weeks(second + 5 * DAY_S);
}

/* New: twice as much each hour from eight until noon, and then a little more each day. */
static double grows(uint32_t second)
{
	double morning = second < 8 * HOUR_S ? 0 : fmin(4, second / (double)HOUR_S - 8);

	return 30 * pow(2, morning) * pow(1.03, second / (double)DAY_S);
}

static const struct {
	const char *what;
	rate_fn rate;
	uint32_t days;
} lives[] = {{"nights and days", days, 3},
	     {"weeks", weeks, 9},
	     {"begun at a weekend", weekend, 4},
	     {"a service that grows", grows, 8}};

static void live(const struct kind *k, int i)
{
	struct site s;
	uint32_t at;

	begin(&s);
	for (at = 0; at < lives[i].days * DAY_S && !s.alarms; at++)
		second(&s, k, lives[i].rate(at) * noise(&s));
	ok(!s.alarms, "%s: %s: nothing is told (%.2f days)", k->name, lives[i].what,
	   at / (double)DAY_S);
	wr_detect_close(&s.d);
}

/* ---- another load than in the week before ---- */

/* Weeks, then times as much for days; a crowd of some hours is none. */
static void drift(const struct kind *k, double times, uint32_t hours, uint32_t least,
		  uint32_t most_told)
{
	struct site s;
	uint32_t before;

	begin(&s);
	for (uint32_t at = 0; at < 15 * DAY_S; at++)
		second(&s, k, weeks(at) * noise(&s));
	before = s.told[WR_CLASS_DRIFT];
	for (uint32_t at = 0; at < 3 * DAY_S; at++)
		second(&s, k,
		       weeks(15 * DAY_S + at) * noise(&s) * (at < hours * HOUR_S ? times : 1));
	ok(!before && s.told[WR_CLASS_DRIFT] >= least && s.told[WR_CLASS_DRIFT] <= most_told,
	   "%.2g times the load for %u hours: told %u times in three days (before: %u)", times,
	   hours, s.told[WR_CLASS_DRIFT], before);
	if (least)
		ok(strstr(s.reason, "load at 10.0.0.9 is ") != NULL, "it says: %s", s.reason);
	wr_detect_close(&s.d);
}

int main(void)
{
	for (int i = 0; i < KINDS; i++) {
		ramp(&kinds[i], WARM_S, kinds[i].young, "after half an hour");
		ramp(&kinds[i], DAY_S + HOUR_S, kinds[i].day, "after a day");
	}
	for (int i = 0; i < KINDS; i++) {
		if (kinds[i].count != C_RST_UNASKED && kinds[i].count != C_UDP_UNASKED)
			continue; /* one that has no week, and one that has */
		below(&kinds[i]);
		restarts(&kinds[i]);
		for (size_t l = 0; l < sizeof(lives) / sizeof(*lives); l++)
			live(&kinds[i], (int)l);
	}
	drift(&kinds[0], 2.6, 72, 1, 1);
	drift(&kinds[0], 0.4, 72, 1, 1);
	drift(&kinds[0], 3, 12, 0, 0);
	drift(&kinds[0], 1.5, 72, 0, 0);
	return done();
}
