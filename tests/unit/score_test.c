/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How findings are held against what is known: tables beside a capture, who is credited, what is a
 * false alarm. The figures are held against the reference scorer in tests/golden/score.py. */
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <unistd.h>

#include "detect/score_sum.h"
#include "tests/tap.h"

#define SECOND 1000000000ull
#define ZERO (1700000000ull * SECOND)

static char dir[] = "/tmp/weir-score-XXXXXX";

static void file(const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (!text) {
		unlink(path);
		return;
	}
	f = fopen(path, "we");
	if (!f || fputs(text, f) < 0 || fclose(f))
		ok(0, "%s can be written", path);
}

static const char columns[] = "event\tclass\tvictim\tstart_s\tend_s\tpackets\n";
static struct wr_truth truth;

static int read_truth(struct wr_err *err)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/a.pcap.zst", dir);
	return wr_truth_read(&truth, path, err);
}

static void refuses(const char *row, const char *why)
{
	struct wr_err err = {0};
	char text[512];

	snprintf(text, sizeof(text), "%s%s", row[0] == '!' ? "" : columns, row + (row[0] == '!'));
	file("a.events.tsv", text);
	ok(read_truth(&err) == -EINVAL && strstr(err.text, why), "refused: %s", err.text);
}

static void tables(void)
{
	struct wr_err err = {0};

	ok(wr_truth_is_capture("x.pcapng.gz") && !wr_truth_is_capture("x.pcap.tsv") &&
		   !wr_truth_is_capture(".pcap"),
	   "captures are told by their names");
	is_int(read_truth(&err), -ENOENT, "without labels: %s", err.text);
	file("a.lab.gz", "");
	is_int(read_truth(&err), -ENOENT, "without a table: %s", err.text);
	file("events.tsv", "capture\tevent\tclass\tstart_s\tend_s\tpackets\tvictims\n"
			   "b\t1\tbeacon\t0\t1\t5\t-\n"
			   "a\t2\tsyn_flood\t7\t8\t5\t10.0.0.1:80\n"
			   "a\t3\tlogin_remote\t1\t2\t5\t10.0.0.1\n"
			   "a\t1\tudp_flood\t3\t4\t5\t10.0.0.2\n");
	ok(!read_truth(&err) && truth.n == 2 && !truth.warms_up && truth.event[0].number == 1 &&
		   !strcmp(truth.event[1].victim, "10.0.0.1:80"),
	   "one table for many captures: its lines, by time");
	file("a.events.tsv", "event\tclass\tvictim\tstart_s\tend_s\tpackets\n"
			     "0\tflash_crowd(benign)\t10.0.0.1\t1\t2\t0\n"
			     "4\tarp_spoof\tsee note\t650.5\t660\t4\n");
	ok(!read_truth(&err) && truth.n == 1 && truth.warms_up && truth.event[0].start_s == 650.5 &&
		   wr_truth_event(&truth, 4) && !wr_truth_event(&truth, 0),
	   "a table of its own");
	refuses("1\tbeacon\t-\tx\t2\t3\n", "line 2: start_s 'x'");
	refuses("1\tbeacon\t-\t1\t2\n", "no column 'packets'");
	refuses("256\tbeacon\t-\t1\t2\t3\n", "event '256'");
	refuses("1\tbeacon\t-\t1\tnan\t3\n", "end_s 'nan'");
	refuses("1\tbeacon\t-\t1\t2\t3\n1\tbeacon\t-\t1\t2\t3\n", "twice");
	refuses("!", "no line with the names");
}

/* ---- scores ---- */

static struct wr_score score;

static struct wr_finding finding(enum wr_finding_class klass, const char *addr, uint8_t prefix,
				 uint16_t port, double from, double until)
{
	struct wr_finding f = {.klass = (uint8_t)klass,
			       .severity = (uint8_t)wr_class_severity(klass),
			       .raised_ns = ZERO + (uint64_t)(from * 1e9),
			       .last_ns = ZERO + (uint64_t)(until * 1e9),
			       .victim = {.ip_v = strchr(addr, ':') ? 6
						  : *addr == '*'    ? 0
								    : 4,
					  .prefix = prefix,
					  .port = port}};

	if (f.victim.ip_v)
		inet_pton(f.victim.ip_v == 4 ? AF_INET : AF_INET6, addr, f.victim.addr);
	return f;
}

static void event(uint8_t number, const char *klass, const char *victim, double from, double until)
{
	struct wr_truth_event *e = &truth.event[truth.n++];

	memset(e, 0, sizeof(*e));
	e->number = number;
	snprintf(e->klass, sizeof(e->klass), "%s", klass);
	snprintf(e->victim, sizeof(e->victim), "%s", victim);
	e->start_s = from;
	e->end_s = until;
	e->packets = 100;
}

/* A packet of each event in each of its seconds, half of the first event's kept out; one a second
 * of a client that nobody keeps out, one of a client that is. */
static void scored(const struct wr_finding *found, uint32_t n)
{
	struct wr_scoring_conf conf = {
		.truth = &truth, .zero_ns = ZERO, .scale = 1, .seconds = 200, .warmup_s = 20};
	const uint8_t good[16] = {10, 0, 0, 9}, hurt[16] = {10, 0, 0, 8};
	struct wr_scoring *s = NULL;
	struct wr_err err = {0};

	is_int(wr_scoring_open(&s, &conf, &err), 0, "scoring opens");
	for (uint32_t t = 0; t < 200; t++) {
		for (uint32_t i = 0; i < truth.n; i++)
			if (t >= truth.event[i].start_s && t <= truth.event[i].end_s)
				wr_scoring_packet(s, ZERO + t * SECOND, truth.event[i].number, good,
						  !i && t % 2);
		wr_scoring_packet(s, ZERO + t * SECOND, 0, good, false);
		wr_scoring_packet(s, ZERO + t * SECOND, 0, hurt, t > 50);
	}
	is_int(wr_scoring_finish(s, found, n, &score, &err), 0, "scoring ends");
	wr_scoring_close(&s);
}

static void credits(void)
{
	struct wr_finding f[] = {
		/* pulses, and one that was there before and is nobody's */
		finding(WR_CLASS_SYN_FLOOD, "10.0.0.1", 32, 80, 30.5, 45),
		finding(WR_CLASS_SYN_FLOOD, "10.0.0.1", 32, 81, 29, 45),
		/* its net, and by another name first */
		finding(WR_CLASS_UDP_FLOOD, "10.0.0.0", 24, 0, 71, 75),
		finding(WR_CLASS_AMP_NTP, "10.0.0.2", 32, 0, 73, 75),
		/* behind it by more than ten seconds */
		finding(WR_CLASS_BEACON, "2001:db8::5", 128, 443, 121, 122),
		finding(WR_CLASS_BEACON, "2001:db8::5", 128, 443, 170, 171),
		/* in words: anybody; information: of its class alone */
		finding(WR_CLASS_FLASH_CROWD, "*", 0, 0, 141, 142),
		finding(WR_CLASS_BACKSCATTER, "*", 0, 0, 142, 143),
		/* in the warm-up */
		finding(WR_CLASS_PORT_SCAN_VERTICAL, "10.0.0.1", 32, 0, 5, 6),
	};

	truth.n = 0;
	event(1, "syn_flood", "10.0.0.1:80", 30, 33);
	event(2, "syn_flood", "10.0.0.1:80", 40, 43);
	event(3, "amp_other", "10.0.0.2", 70, 75);
	event(4, "beacon", "[2001:db8::5]:443", 100, 110);
	event(5, "backscatter", "a dark net", 140, 150);
	truth.event[0].packets = 3 * WR_SCORE_FLOOD_PPS;
	scored(f, sizeof(f) / sizeof(*f));
	is_int(score.n, 5, "five events");
	ok(score.event[0].named && fabs(score.event[0].found_s - 0.5) < 1e-6,
	   "a pulse, after 0.5 s");
	ok(score.event[1].named && score.event[1].found_s == 0, "its train was known");
	ok(score.event[2].found && score.event[2].named &&
		   score.event[2].first == WR_CLASS_UDP_FLOOD &&
		   fabs(score.event[2].named_s - 3) < 1e-6,
	   "by its net, then by a name of its kind");
	ok(!score.event[3].found, "eleven seconds behind it is too late");
	ok(score.event[4].named && fabs(score.event[4].found_s - 2) < 1e-6,
	   "information is credited to an event of its class");
	is_int(score.n_alarms, 2, "false: the one of another port, and a beacon said twice");
	is_int(score.warmup_alarms, 1, "the one of the warm-up is told apart");
	ok(score.event[0].packets == 4 && score.event[0].out == 2 && score.event[0].since == 3,
	   "what was kept out, and since when");
	ok(score.usual.packets == 400 && score.usual.sources == 2 && score.usual.hurt == 1 &&
		   fabs(score.usual.worst - 149.0 / 200) < 1e-9,
	   "whom it hurt");
	is_int((long long)(score.windows.tp + score.windows.fn), 4 + 4 + 6 + 11 + 11,
	       "seconds with an attack");
}

/* So many packets in each step of 100 ms, of which so many are kept out. */
static void steps(struct wr_clean *c, uint32_t from, uint32_t until, uint32_t n, uint32_t out)
{
	for (uint32_t step = from; step < until; step++)
		for (uint32_t i = 0; i < n; i++)
			wr_clean_packet(c, step * 0.1 + 0.05, i < out);
}

static void clean(void)
{
	struct wr_clean c;

	wr_clean_begin(&c, 60);
	steps(&c, 0, 5, 100, 0);
	steps(&c, 5, 24, 100, 100);
	steps(&c, 24, 30, 100, 0);
	steps(&c, 30, 49, 100, 100);
	wr_clean_end(&c);
	ok(!c.is, "1.9 s with nothing are not two");
	wr_clean_packet(&c, 4.95, true);
	wr_clean_end(&c);
	ok(c.is && fabs(c.since_s - 3) < 1e-9, "two are: since %.1f s", c.since_s);
	wr_clean_begin(&c, 60);
	steps(&c, 0, 10, 100, 0);
	steps(&c, 10, 40, 100, 95);
	wr_clean_end(&c);
	ok(!c.is, "one in twenty passes: it is not clean");
	wr_clean_begin(&c, 60);
	steps(&c, 0, 10, 100, 0);
	steps(&c, 10, 40, 100, 96);
	wr_clean_end(&c);
	ok(c.is && fabs(c.since_s - 1) < 1e-9, "one in twenty-five: it is");
	wr_clean_begin(&c, 0.45);
	steps(&c, 0, 1, 100, 0);
	steps(&c, 1, 4, 100, 100);
	wr_clean_end(&c);
	ok(c.is && fabs(c.since_s - 0.1) < 1e-9, "a short one: half of it");
	wr_clean_begin(&c, 600);
	steps(&c, 0, 1, 1, 0);
	wr_clean_packet(&c, 500, true);
	steps(&c, 5100, 5130, 1, 0);
	wr_clean_end(&c);
	ok(c.is && fabs(c.since_s - 500) < 1e-9, "quiet steps behind one: since %.1f s", c.since_s);
}

static void tails(void)
{
	struct wr_finding f = finding(WR_CLASS_SYN_FLOOD, "10.0.0.1", 32, 80, 31, 33);
	const uint8_t right[16] = {10, 0, 0, 9}, wrong[16] = {10, 0, 0, 7};

	memcpy(f.source[f.n_sources++].addr, right, 16);
	memcpy(f.source[f.n_sources++].addr, wrong, 16);
	truth.n = 0;
	event(1, "syn_flood", "10.0.0.1:80", 30, 33);
	event(2, "syn_flood", "10.0.0.2:80", 100, 130);
	event(3, "syn_flood", "a dark net", 140, 150);
	scored(&f, 1);
	ok(score.event[0].tail_s == 99 - 33 && score.event[1].tail_s == 139 - 130 &&
		   score.event[2].tail_s == 199 - 150,
	   "usual packets are kept out until the next one begins: %g, %g, %g s",
	   score.event[0].tail_s, score.event[1].tail_s, score.event[2].tail_s);
	ok(score.event[0].sources.all == 1 && score.event[0].sources.named == 2 &&
		   score.event[0].sources.right == 1 && score.event[0].sources.top == 1 &&
		   score.event[0].sources.top_named == 1,
	   "one of two named sources is right");
	ok(score.event[1].sources.top == 1 && !score.event[1].sources.top_named, "none is named");
	is_int(score.event[2].sources.all, 0, "of a victim in words they are not known");
}

static void tops(void)
{
	struct wr_finding_source named[WR_SENT_NAMED];
	struct wr_finding f = {.n_sources = WR_FINDING_SOURCES};
	struct wr_score_sources got;
	uint8_t src[16] = {10, 1}, victim[16] = {10, 0, 0, 1};
	struct wr_sent *s = NULL;
	uint32_t n;

	is_int(wr_sent_open(&s), 0, "a table of sources");
	for (uint32_t i = 0; i < 40; i++) /* the later ones send more */
		for (uint32_t k = 0; k <= i; k++) {
			src[3] = (uint8_t)i;
			wr_sent_packet(s, 7, src);
			wr_sent_packet(s, 8, victim);
		}
	wr_sent_packet(s, 7, victim);
	for (uint32_t i = 0; i < WR_FINDING_SOURCES; i++) {
		memcpy(f.source[i].addr, src, 16);
		f.source[i].addr[3] = (uint8_t)(i + 10);
	}
	n = wr_sent_name(named, wr_sent_name(named, 0, &f), &f);
	is_int(n, WR_FINDING_SOURCES, "each is named once");
	wr_sent_score(s, 7, victim, named, n, &got);
	ok(got.all == 40 && got.right == 20 && got.top == 20 && got.top_named == 10,
	   "of the twenty that send most (20 to 39) ten are named (10 to 29): %u of %u, %u",
	   got.top_named, got.top, got.all);
	wr_sent_close(&s);
}

static void sums(void)
{
	const struct wr_score *all[] = {&score, &score};
	struct wr_score_sum a, b, none;
	struct wr_err err = {0};

	score.warms_up = true;
	ok(!wr_score_sum(&a, all, 2, WR_SCORE_ALL, &err) &&
		   !wr_score_sum(&b, all, 2, WR_SCORE_WARMED, &err) && !memcmp(&a, &b, sizeof(a)),
	   "the same draws each time");
	ok(a.events == 10 && a.found == 8 && fabs(a.found_share.value - 0.8) < 1e-9 &&
		   a.found_share.low < 0.8 && a.found_share.high > 0.8,
	   "8 of 10 found, %.2f to %.2f", a.found_share.low, a.found_share.high);
	ok(a.floods == 2 && fabs(a.flood_kept.out.value - 0.5) < 1e-9 &&
		   fabs(a.flood_kept.since.value - 2.0 / 3) < 1e-9,
	   "half of the flood's packets kept out, two of three from the first on");
	ok(a.few.events == 8 && a.few.recall == 0 && isnan(a.few.precision) && !a.many.events,
	   "none of their sources was named");
	ok(fabs(a.kept.out.value - 0.1) < 1e-9, "and a tenth of an event's");
	ok(a.false_alarms == 4 && a.alarms_a_day > 0 && a.by_chance > 0, "false alarms a day");
	ok(!wr_score_sum(&none, all, 2, WR_SCORE_COLD, &err) && !none.captures &&
		   isnan(none.found_share.value),
	   "of none nothing is told");
}

int main(void)
{
	if (!mkdtemp(dir)) {
		printf("1..0 # SKIP no temporary directory\n");
		return 0;
	}
	tables();
	clean();
	tails();
	tops();
	credits();
	sums();
	file("a.lab.gz", NULL);
	file("events.tsv", NULL);
	file("a.events.tsv", NULL);
	rmdir(dir);
	return done();
}
