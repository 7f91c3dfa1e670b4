/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What people are told, word by word: of the findings that are made of a policy, of requests, of a
 * model and of few packets, here as those who find them fill them (detect_test, detect_new_test and
 * odd_test have those of packets); of an incident that is kept out and of one that is over; and
 * each class has its line.
 */
#include <math.h>

#include "tests/unit/sentence.h"

#define SECOND 1000000000ull
#define BEGAN (1700000029ull * SECOND)

static struct wr_finding made(enum wr_finding_class klass, const char *route)
{
	struct wr_finding f = {.id = 1,
			       .klass = (uint8_t)klass,
			       .severity = (uint8_t)wr_class_severity(klass),
			       .start_ns = BEGAN,
			       .raised_ns = BEGAN + SECOND,
			       .last_ns = BEGAN + SECOND,
			       .score = 1};

	snprintf(f.victim.route, sizeof(f.victim.route), "%s", route);
	return f;
}

static void at(struct wr_finding *f, uint8_t last, uint16_t port)
{
	f->victim.ip_v = 4;
	f->victim.prefix = 32;
	f->victim.port = port;
	f->victim.proto = port ? 6 : 0;
	memcpy(f->victim.addr, (const uint8_t[]){10, 0, 0, last}, 4);
}

static void from(struct wr_finding *f, uint8_t last)
{
	struct wr_finding_source *s = &f->source[f->n_sources++];

	s->ip_v = 4;
	s->packets = 100;
	memcpy(s->addr, (const uint8_t[]){198, 51, 100, last}, 4);
}

/* norm 0: none. */
static void has(struct wr_finding *f, enum wr_feature feature, double value, double norm)
{
	f->evidence[f->n_evidence++] = (struct wr_evidence){.feature = (uint8_t)feature,
							    .value = value,
							    .norm = norm,
							    .has_norm = norm > 0,
							    .quantile = -1};
}

static void test_link(void)
{
	struct wr_finding f = made(WR_CLASS_ARP_SPOOF, "");

	at(&f, 50, 0);
	from(&f, 1);
	has(&f, WR_FEATURE_STATIONS, 2, 0);
	sentence_holds(&f, "arp_spoof");
	f = made(WR_CLASS_DHCP_FLOOD, "");
	has(&f, WR_FEATURE_STATIONS, 61, 0);
	has(&f, WR_FEATURE_ATTEMPTS, 64, 0);
	has(&f, WR_FEATURE_WINDOW, 1.5, 0);
	sentence_holds(&f, "dhcp_flood");
}

static void test_limits(void)
{
	struct wr_finding f = made(WR_CLASS_CAPACITY, "class web");

	has(&f, WR_FEATURE_EXPECTED, 83e6, 0);
	has(&f, WR_FEATURE_CEILING, 80e6, 0);
	has(&f, WR_FEATURE_NOW, 52e6, 0);
	has(&f, WR_FEATURE_AHEAD, 7800, 0);
	sentence_holds(&f, "capacity");
	f.evidence[3].value = 0;
	f.evidence[2].value = 81e6;
	sentence_holds(&f, "capacity (met)");
	f.evidence[2].value = 999.6e6;
	sentence_holds(&f, "capacity (just below 1 Gbit/s)");
}

static void test_requests(void)
{
	static const struct {
		enum wr_finding_class klass;
		enum wr_feature feature;
		double value, norm;
	} kinds[] = {
		{WR_CLASS_API_ERRORS, WR_FEATURE_ERROR_SHARE, 0.34, 0.01},
		{WR_CLASS_API_SLOW, WR_FEATURE_SLOWEST, 2.4, 0.31},
		{WR_CLASS_API_TRIES, WR_FEATURE_REFUSALS, 212, 3},
		{WR_CLASS_API_SCRAPING, WR_FEATURE_PATHS, 640, 12},
		{WR_CLASS_API_TOKENS, WR_FEATURE_TOKENS, 182000, 9000},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		struct wr_finding f = made(kinds[i].klass, "GET /users/{id}");

		has(&f, kinds[i].feature, kinds[i].value, kinds[i].norm);
		has(&f, WR_FEATURE_REQUESTS, 24.5, 0);
		has(&f, WR_FEATURE_WINDOW, 60, 0);
		has(&f, WR_FEATURE_CLIENT_SHARE, 0.81, 0);
		from(&f, 7);
		from(&f, 8);
		sentence_holds(&f, wr_class_name(kinds[i].klass));
	}
}

static void test_others(void)
{
	struct wr_finding f = made(WR_CLASS_ADMIN_PORT, "");

	at(&f, 10, 8001);
	from(&f, 7);
	has(&f, WR_FEATURE_ATTEMPTS, 3, 0);
	has(&f, WR_FEATURE_ANSWERED, 1, 0);
	sentence_holds(&f, "admin_port");
	f = made(WR_CLASS_MODEL_SCORE, "");
	at(&f, 10, 443);
	has(&f, WR_FEATURE_SCORE, 0.93, 0.5);
	snprintf(f.model.name, sizeof(f.model.name), "guard");
	snprintf(f.model.version, sizeof(f.model.version), "3");
	f.model.n_by = 1;
	snprintf(f.model.by[0].column, sizeof(f.model.by[0].column), "syn");
	f.model.by[0].value = 812;
	f.model.by[0].usual = 9;
	f.model.by[0].has_usual = true;
	sentence_holds(&f, "model_score");
}

static void says(const struct wr_incident *i, const char *want, const char *what)
{
	struct wr_buf b = {0};

	wr_view_incident_sentence(&b, i);
	ok(!strcmp(wr_buf_text(&b), want), "%s: %s", what, wr_buf_text(&b));
	wr_buf_free(&b);
}

/* Of one incident: kept out, over, and over on another day. */
static void test_life(void)
{
	struct wr_incident i = {.id = 7,
				.state = WR_INCIDENT_MITIGATED,
				.severity = WR_SEVERITY_CRITICAL,
				.start_ns = BEGAN,
				.last_ns = BEGAN + 9 * SECOND,
				.classes = 1ull << WR_CLASS_SYN_FLOOD,
				.n_victims = 1,
				.victims = 1,
				.rule = "auto1"};

	i.strongest = made(WR_CLASS_SYN_FLOOD, "");
	at(&i.strongest, 10, 443);
	i.victim[0] = i.strongest.victim;
	has(&i.strongest, WR_FEATURE_SYN, 2000, 10);
	says(&i,
	     "incident 7, critical, kept out by rule auto1: SYN flood at 10.0.0.10:443 since "
	     "22:13:49 UTC: 2,000 SYNs/s (usual: 10)",
	     "kept out");
	i.last_ns = i.strongest.last_ns = BEGAN + 86400 * SECOND;
	says(&i,
	     "incident 7, critical, kept out by rule auto1: SYN flood at 10.0.0.10:443 since "
	     "2023-11-14 22:13:49 UTC: 2,000 SYNs/s (usual: 10)",
	     "with the day, on another one");
	i.state = WR_INCIDENT_OVER;
	i.last_ns = i.end_ns = BEGAN + 63 * SECOND;
	says(&i, "incident 7 is over: SYN flood at 10.0.0.10:443 from 22:13:49 to 22:14:52 UTC",
	     "over");
}

/* As drift.c fills it. */
static void test_drift(void)
{
	struct wr_finding f = made(WR_CLASS_DRIFT, "");

	at(&f, 9, 0);
	has(&f, WR_FEATURE_PACKETS, 500, 200);
	sentence_holds(&f, "drift");
}

static void test_each_has_one(void)
{
	const char *src = getenv("WEIR_SRC");
	char path[1024], line[4096];
	bool there[WR_CLASS_COUNT] = {0};
	FILE *file;

	if (!src) {
		skip("each class has its line: WEIR_SRC says where the source is");
		return;
	}
	snprintf(path, sizeof(path), "%s" SENTENCES, src);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file))
		for (int c = 0; c < WR_CLASS_COUNT; c++)
			there[c] |= sentence_is(line, wr_class_name((enum wr_finding_class)c));
	if (file)
		fclose(file);
	for (int c = 0; c < WR_CLASS_COUNT; c++)
		ok(there[c], "%s has its line", wr_class_name((enum wr_finding_class)c));
}

int main(void)
{
	test_link();
	test_limits();
	test_requests();
	test_others();
	test_life();
	test_drift();
	test_each_has_one();
	return done();
}
