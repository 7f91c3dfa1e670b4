/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Data that leave: far more than an address usually sends, to where it usually does not, is told;
 * what begins before anything is known, what goes there each night, calls and downloads are not.
 */
#include "detect/impl.h"
#include "tests/unit/detect_evidence.h"
#include "tests/unit/detect_usual.h"
#include "tests/unit/sentence.h"

enum {
	HOUR_S = 3600,
	DAY_S = 86400,
	THIEF = 0xc6336448, /* 198.51.100.72 */
	VAULT = 0xcb00714d, /* 203.0.113.77 */
	CALL = 3478,
	MB_PACKETS = 1000000 / 1400
};

static struct host host; /* large */

/* Somebody comes to the server each minute, and somebody here fetches a page. */
static void minutes(struct host *h, uint32_t n)
{
	uint64_t chance = h->ns;

	for (uint32_t i = 0; i < n; i++) {
		uint16_t port = (uint16_t)(20000 + h->ns / SECOND / 60 % 30000);

		host_session(h, 0xd0000000u + i % USERS * 77, port, WEB, 443, 500, 3000);
		pass(h, 60, NULL, NULL);
		if (host_random(&chance) % 3 == 0) /* no beacon */
			host_session(h, PC, port, FAR_WEB, 443, 800, 60000);
	}
}

static void hours(struct host *h, double n)
{
	minutes(h, (uint32_t)(n * 60));
}

/* So many MB in so many seconds from who opens a connection, and `back` bytes for each packet. */
struct upload {
	uint32_t from, to;
	double mb, lasts_s;
	uint32_t back;
	uint16_t port, sport;
	bool udp;
};

static void send_up(struct host *h, const struct upload *u)
{
	uint32_t n = (uint32_t)(u->mb * MB_PACKETS);
	uint16_t port = u->port ? u->port : 443, sport = u->sport ? u->sport : 51000;
	uint64_t begin = h->ns;

	if (u->udp)
		host_udp(h, u->from, sport, u->to, port, 100);
	else
		host_opens(h, u->from, sport, u->to, port);
	for (uint32_t i = 0; i < n; i++) {
		uint64_t at = begin + (uint64_t)(u->lasts_s * 1e9 * i / n);

		h->ns = h->ns < at ? at : h->ns;
		if (u->udp) {
			host_udp(h, u->from, sport, u->to, port, 1400);
			host_udp(h, u->to, port, u->from, sport, u->back);
			continue;
		}
		host_tcp(h, u->from, sport, u->to, port, ACK, 1400);
		host_tcp(h, u->to, port, u->from, sport, ACK, u->back);
	}
	if (!u->udp)
		host_closes(h, u->from, sport, u->to, port);
}

static const struct upload theft = {.from = WEB, .to = THIEF, .mb = 80, .lasts_s = 240};
static const struct upload copy = {.from = PC, .to = VAULT, .mb = 80, .lasts_s = 240};

/* What the packets say that were made: MB between the two, until it was told. */
static double mb_between(const struct told *t, uint32_t from, uint32_t to)
{
	double bytes = 0;

	for (uint32_t i = 0; t && i < t->at; i++)
		bytes += host.log[i].src == from && host.log[i].dst == to ? host.log[i].len : 0;
	return bytes / 1e6;
}

static void is_near(double got, double want, const char *what)
{
	ok(fabs(got - want) <= 0.05 * want, "%s: %.3f, %.3f", what, got, want);
}

static void nothing(const char *what)
{
	struct wr_buf b = {0};

	if (!ok(!raised_of(&host, WR_CLASS_EXFIL), "%s is nothing", what)) {
		wr_finding_reason(&b, &host_told(&host, WR_CLASS_EXFIL)->f);
		note("%s", wr_buf_text(&b));
		wr_buf_free(&b);
	}
	host_close(&host);
}

static void test_found(int v)
{
	const struct told *t;
	const struct wr_evidence *sent;
	struct wr_buf b = {0};

	host_open(&host, v);
	hours(&host, 2);
	send_up(&host, &theft);
	minutes(&host, 32);
	t = host_told(&host, WR_CLASS_EXFIL);
	ok(t && raised_of(&host, WR_CLASS_EXFIL) == 1 && t->f.severity == WR_SEVERITY_LOW &&
		   !host_other(&host, WR_CLASS_EXFIL),
	   "IPv%d: 80 MB of a server that never sent anything are told once, as low, and no more",
	   v);
	ok(t && host_is(&host, t->f.victim.addr, THIEF) && t->f.n_sources == 1 &&
		   host_is(&host, t->f.source[0].addr, WEB),
	   "IPv%d: where it goes, and from whom", v);
	ok(t && t->over == 1, "IPv%d: and it is over", v);
	if (t && v == 4)
		sentence_holds(&t->f, "exfil");
	is_near(value_of(t, WR_FEATURE_SENT), mb_between(t, WEB, THIEF),
		"MB that were sent, as counted");
	is_near(value_of(t, WR_FEATURE_RECEIVED), mb_between(t, THIEF, WEB), "and came back");
	is_near(value_of(t, WR_FEATURE_SENT_SHARE), 1, "all of it went there");
	sent = t ? evidence_of(&t->f, WR_FEATURE_SENT) : NULL;
	ok(sent && sent->has_norm && sent->norm < 1 && sent->quantile >= 1 &&
		   sent->learned_s >= HOUR_S,
	   "IPv%d: never as much in the hours that are known", v);
	if (t)
		wr_finding_reason(&b, &t->f);
	ok(strstr(wr_buf_text(&b), "MB sent to where it usually does not (usual: 0, never") != NULL,
	   "in words: %s", wr_buf_text(&b));
	wr_buf_free(&b);
	host_close(&host);
}

/* A file each two to three minutes, for three hours. */
static void test_goes_on(void)
{
	struct upload u = {.from = WEB, .to = THIEF, .mb = 20, .lasts_s = 10};

	host_open(&host, 4);
	hours(&host, 2);
	for (int i = 0; i < 90; i++) {
		u.sport = (uint16_t)(51000 + i);
		send_up(&host, &u);
		minutes(&host, 1);
		pass(&host, 10 + i % 7 * 20, NULL, NULL); /* no beacon */
	}
	is_int(raised_of(&host, WR_CLASS_EXFIL), 1, "what is sent file by file is told once");
	host_close(&host);
}

/* So much each so many minutes, as near as to half a minute. */
static void test_seldom(double first, double mb, int every_min, int n)
{
	struct upload u = {.from = WEB, .to = THIEF, .lasts_s = 10};

	host_open(&host, 4);
	hours(&host, 2);
	for (int i = 0; i < n; i++) {
		u.mb = i ? mb : first;
		u.sport = (uint16_t)(51000 + i);
		send_up(&host, &u);
		pass(&host, every_min * 60 - 34 + i % 7 * 8, NULL, NULL);
	}
	is_int(raised_of(&host, WR_CLASS_EXFIL), 1, "%g MB, and %g each %d minutes, are told once",
	       first, mb, every_min);
	minutes(&host, 40);
	ok(host_told(&host, WR_CLASS_EXFIL) && host_told(&host, WR_CLASS_EXFIL)->over == 1,
	   "and over behind them");
	host_close(&host);
}

/* Two at once to the same place: one finding, of both. */
static void test_two(void)
{
	struct upload one = theft, two = theft;
	const struct told *t;
	bool both = false;

	host_open(&host, 4);
	hours(&host, 2);
	one.mb = two.mb = 4;
	one.lasts_s = two.lasts_s = 1;
	two.from = PC;
	for (uint16_t i = 0; i < 20; i++) {
		one.sport = two.sport = 51000 + i;
		send_up(&host, &one);
		send_up(&host, &two);
	}
	minutes(&host, 1);
	t = host_told(&host, WR_CLASS_EXFIL);
	for (uint32_t i = 0; t && i < t->last.n_sources; i++)
		both |= host_is(&host, t->last.source[i].addr, PC);
	ok(raised_of(&host, WR_CLASS_EXFIL) == 1 && both,
	   "who else sends there is one more source of it");
	host_close(&host);
}

static void test_cold(void)
{
	host_open(&host, 4);
	hours(&host, 0.7);
	send_up(&host, &theft);
	nothing("what is sent in the first hour");
	host_open_as(&host, 4, true);
	hours(&host, 2);
	send_up(&host, &theft);
	nothing("where only one direction is seen,");
}

static void test_other(void)
{
	struct upload u = theft;

	host_open(&host, 4);
	hours(&host, 2);
	u.mb = 40;
	send_up(&host, &u);
	minutes(&host, 20);
	nothing("40 MB in ten minutes");
	host_open(&host, 4);
	hours(&host, 2);
	u = theft;
	u.back = 1000;
	send_up(&host, &u);
	nothing("as much that comes back");
	host_open(&host, 4);
	hours(&host, 2);
	u = theft;
	u.udp = true;
	u.port = CALL;
	send_up(&host, &u);
	nothing("a call");
	host_open(&host, 4);
	hours(&host, 2);
	u.port = 443;
	send_up(&host, &u);
	is_int(raised_of(&host, WR_CLASS_EXFIL), 1, "as much by QUIC is told");
	host_close(&host);
	host_open(&host, 4);
	hours(&host, 2);
	u = (struct upload){.from = THIEF, .to = WEB, .mb = 80, .lasts_s = 240};
	send_up(&host, &u);
	u.to = 0x0a000020;
	u.from = WEB;
	send_up(&host, &u);
	nothing("what comes in, or stays in one's own networks,");
}

/* A copy each night at two, from the second on in which weir is there. */
static void nights(struct host *h, int n, uint32_t to)
{
	struct upload u = copy;

	u.to = to;
	for (int i = 0; i < n; i++) {
		uint64_t begin = h->ns;

		send_up(h, &u);
		minutes(h, (uint32_t)(DAY_S - (h->ns - begin) / SECOND) / 60);
	}
}

static void test_nights(void)
{
	struct upload u = copy;

	host_open(&host, 4);
	nights(&host, 3, VAULT);
	is_int(raised_of(&host, WR_CLASS_EXFIL), 0,
	       "a copy that goes to the same place each night is nothing");
	/* Learned slowly: three nights are no reason that as much may go anywhere. */
	hours(&host, 8);
	u.to = THIEF;
	send_up(&host, &u);
	is_int(raised_of(&host, WR_CLASS_EXFIL), 1, "as much from there to another place is told");
	host_close(&host);

	host_open(&host, 4);
	nights(&host, 6, VAULT);
	hours(&host, 8);
	u = theft;
	u.from = PC;
	u.mb = 60;
	send_up(&host, &u);
	is_int(raised_of(&host, WR_CLASS_EXFIL), 0,
	       "six nights are: less than that at another hour is nothing");
	hours(&host, 2);
	u.to = THIEF + 256; /* a place that it sent 60 MB to is no news */
	u.mb = 120;
	send_up(&host, &u);
	is_int(raised_of(&host, WR_CLASS_EXFIL), 1, "more than at any hour is told");
	host_close(&host);
}

/* Who makes copies from now on is told the first night. */
static void test_new_nights(void)
{
	host_open(&host, 4);
	hours(&host, 30);
	nights(&host, 1, VAULT);
	is_int(raised_of(&host, WR_CLASS_EXFIL), 1, "the first copy is told");
	nights(&host, 4, VAULT);
	is_int(raised_of(&host, WR_CLASS_EXFIL), 1,
	       "and what was told is usual there the next day");
	host_close(&host);
}

/* More places than there is room for: it is found all the same, and memory stays as it is. */
static void test_many(void)
{
	struct upload u = theft;

	host_open(&host, 4);
	hours(&host, 2);
	u.mb /= 20;
	u.lasts_s /= 20;
	for (uint32_t i = 0; i < 20; i++) {
		for (uint32_t k = 0; k < 500; k++)
			host_session(&host, PC, (uint16_t)(20000 + k),
				     0x64000000 + (i * 500 + k) * 256, 443, 100, 300);
		u.sport = (uint16_t)(52000 + i);
		send_up(&host, &u);
	}
	is_int(raised_of(&host, WR_CLASS_EXFIL), 1, "it is told among 10,000 other places");
	host_close(&host);
}

int main(void)
{
	test_found(4);
	test_found(6);
	test_goes_on();
	test_seldom(60, 60, 12, 20);
	test_seldom(60, 60, 15, 20);
	test_seldom(80, 26, 10, 30);
	test_two();
	test_cold();
	test_other();
	test_nights();
	test_new_nights();
	test_many();
	return done();
}
