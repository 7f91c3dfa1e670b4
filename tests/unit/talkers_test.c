/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who was never seen before and is a large part of a service at once is told, as information; who
 * was there before, who says little, and who only pretends to be there is not.
 */
#include "detect/impl.h"
#include "tests/unit/detect_evidence.h"
#include "tests/unit/detect_usual.h"
#include "tests/unit/sentence.h"

enum { WARM_S = 640, NEW = 0xc6336411, PORT = 40000, AN_HOUR = 8 };

static struct host host; /* large */

static uint32_t who = NEW;

/* A hundred packets a second each way, and a megabyte in nine seconds. */
static void large(struct host *h, uint32_t turn)
{
	if (!turn)
		host_opens(h, who, PORT, WEB, 443);
	host_tcp(h, who, PORT, WEB, 443, ACK, 1200);
	host_tcp(h, WEB, 443, who, PORT, ACK, 0);
}

static void small(struct host *h, uint32_t turn)
{
	if (!turn)
		host_opens(h, who, PORT, WEB, 443);
	if (turn % 10 == 0) {
		host_tcp(h, WEB, 443, who, PORT, ACK, 300);
		host_tcp(h, who, PORT, WEB, 443, ACK, 0);
	}
}

static void forged(struct host *h, uint32_t turn)
{
	static uint64_t chance = 7;

	(void)turn;
	host_tcp(h, host_stranger(&chance), PORT, WEB, 443, SYN, 0);
}

static void begin(int v)
{
	who = NEW;
	host_open(&host, v);
	pass(&host, WARM_S, usual_turn, NULL);
}

static void nothing(const char *what)
{
	is_int(raised_of(&host, WR_CLASS_NEW_TALKER), 0, "%s", what);
	host_close(&host);
}

/* Packets and bytes to the service, of that source or of all, in so many seconds before it was
 * told. */
static void counted(const struct told *t, double seconds, uint32_t source, double out[2])
{
	out[0] = out[1] = 0;
	for (uint32_t i = 0; i < t->at; i++) {
		const struct seen *s = &host.log[i];

		if (s->dst != WEB || s->dport != 443 || (source && s->src != source) ||
		    (double)s->ns < (double)host.log[t->at - 1].ns - seconds * 1e9)
			continue;
		out[0]++;
		out[1] += s->len;
	}
}

static void is_near(double got, double want, const char *what)
{
	ok(fabs(got - want) <= 0.05 * want, "%s: %.3f, %.3f", what, got, want);
}

static void test_found(int v)
{
	const struct told *t;
	struct wr_buf b = {0};
	double own[2], all[2];

	begin(v);
	pass(&host, 100, usual_turn, large);
	t = host_told(&host, WR_CLASS_NEW_TALKER);
	ok(t && raised_of(&host, WR_CLASS_NEW_TALKER) == 1 && t->f.severity == WR_SEVERITY_INFO &&
		   !host_other(&host, WR_CLASS_COUNT),
	   "IPv%d: who is new and large is told once, as information, and nothing else", v);
	ok(t && host_is(&host, t->f.victim.addr, WEB) && t->f.victim.port == 443 &&
		   host_is(&host, t->f.source[0].addr, NEW),
	   "IPv%d: at which service, and who", v);
	if (!t)
		return;
	if (v == 4)
		sentence_holds(&t->f, "new_talker");
	counted(t, value_of(t, WR_FEATURE_WINDOW), NEW, own);
	counted(t, value_of(t, WR_FEATURE_WINDOW), 0, all);
	is_near(value_of(t, WR_FEATURE_PACKET_SHARE), own[0] / all[0], "its share of packets");
	is_near(value_of(t, WR_FEATURE_BYTE_SHARE), own[1] / all[1], "and of bytes, as counted");
	is_near(value_of(t, WR_FEATURE_WINDOW), 60, "of a minute");
	wr_finding_reason(&b, &t->f);
	ok(strstr(wr_buf_text(&b), "of what comes there are its packets") != NULL, "in words: %s",
	   wr_buf_text(&b));
	wr_buf_free(&b);
	host_close(&host);
}

static void test_not(void)
{
	begin(4);
	pass(&host, 100, usual_turn, small);
	nothing("who says little is not told");

	who = NEW;
	host_open(&host, 4);
	pass(&host, 100, usual_turn, small);
	pass(&host, WARM_S, usual_turn, NULL);
	pass(&host, 100, usual_turn, large);
	nothing("nor who was there before");

	who = NEW;
	host_open(&host, 4);
	pass(&host, 300, usual_turn, NULL);
	pass(&host, 100, usual_turn, large);
	nothing("nor anybody in the first ten minutes");

	host_open(&host, 6);
	who = NEW + 1;
	pass(&host, 100, usual_turn, small);
	pass(&host, WARM_S, usual_turn, NULL);
	who = NEW;
	pass(&host, 100, usual_turn, large);
	nothing("nor another address of the same /64");

	begin(4);
	host.d->conf.tune.old_services = true;
	pass(&host, 100, usual_turn, large);
	nothing("nor where [detect] new_services is no");

	begin(4);
	pass(&host, 20, usual_turn, forged);
	nothing("nor forged sources");
}

/* Who comes from many addresses is told of often enough. */
static void test_many(void)
{
	begin(4);
	for (uint32_t i = 0; i < AN_HOUR + 4; i++) {
		who = NEW + i * 7;
		pass(&host, 70, usual_turn, large);
		pass(&host, 40, usual_turn, NULL);
	}
	is_int(raised_of(&host, WR_CLASS_NEW_TALKER), AN_HOUR, "so many are told in an hour");
	pass(&host, 3600, usual_turn, NULL);
	who = NEW + 200;
	pass(&host, 70, usual_turn, large);
	is_int(raised_of(&host, WR_CLASS_NEW_TALKER), AN_HOUR + 1, "and another one in the next");
	host_close(&host);
}

int main(void)
{
	test_found(4);
	test_found(6);
	test_not();
	test_many();
	return done();
}
