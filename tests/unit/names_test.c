/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is asked of DNS by who means no harm: resolvers that change the case of names, mail servers,
 * names that are long by themselves, forwarders with one port, people who mistype. Each beside what
 * looks like it and is told.
 */
#include "detect/impl.h"
#include "tests/unit/detect_evidence.h"
#include "tests/unit/detect_usual.h"

enum { ONE_PORT = 41000, TUNNEL_LETTERS = 66, TURNS_S = 1000 / TURN_MS };

#define CDN "internal-prod-frontend-1234567890.eu-central-1.elb.amazonaws.com"

static struct host host; /* large */
static uint64_t chance;

/* What is asked, so many times in a hundred seconds. */
static struct asked {
	void (*name)(char *name, size_t size, uint32_t i);
	uint32_t often;
	uint16_t type, port; /* port 0: a new one each time */
	int rcode;
} asked;

static void ask(struct host *h, uint32_t turn)
{
	uint32_t every = 100 * TURNS_S / asked.often;
	uint16_t port = asked.port ? asked.port : (uint16_t)(2000 + turn % 60000);
	char name[256];

	if (turn % every)
		return;
	asked.name(name, sizeof(name), turn / every);
	host_dns(h, PC, port, RESOLVER, name, asked.type, -1);
	host_dns(h, PC, port, RESOLVER, name, asked.type, asked.rcode);
}

/* ---- names ---- */

static void any_case(char *name, const char *of)
{
	for (; *of; of++)
		*name++ = (char)(*of >= 'a' && *of <= 'z' && host_random(&chance) % 2 ? *of - 32
										      : *of);
	*name = 0;
}

static void missing_any_case(char *name, size_t size, uint32_t i)
{
	(void)size, (void)i;
	any_case(name, "wpad.corp-intranet.local");
}

static void long_any_case(char *name, size_t size, uint32_t i)
{
	(void)size, (void)i;
	any_case(name, CDN);
}

/* An address digit by digit, in front of that. */
static void digits(char *name, size_t size, const char *of)
{
	size_t used = 0;

	for (int i = 0; i < 32; i++)
		used += (size_t)snprintf(name + used, size - used, "%x.",
					 host_random(&chance) % 16);
	snprintf(name + used, size - used, "%s", of);
}

static void reverse(char *name, size_t size, uint32_t i)
{
	(void)i;
	digits(name, size, "ip6.arpa");
}

static void listed(char *name, size_t size, uint32_t i)
{
	(void)i;
	digits(name, size, "zen.dnsbl.example.org");
}

static void short_and_long(char *name, size_t size, uint32_t i)
{
	snprintf(name, size, i % 2 ? CDN : "www%u.example.com", i);
}

static void tunnel(char *name, size_t size, uint32_t i)
{
	snprintf(name, size, "%032x%020x.t.example.net", host_random(&chance), i);
}

static void long_of_many(char *name, size_t size, uint32_t i)
{
	snprintf(name, size, "internal-prod-frontend-%010u.eu-central-1.elb.cloud%u.com", i, i % 5);
}

/* Two names of others for each of the tunnel. */
static void tunnel_and_long(char *name, size_t size, uint32_t i)
{
	if (i % 3 == 2)
		tunnel(name, size, i);
	else
		long_any_case(name, size, i);
}

/* As iodine has them. */
static void data(char *name, size_t size, uint32_t i)
{
	snprintf(name, size, "r%08x", host_random(&chance));
	memset(name + 9, 0xe5, 91);
	snprintf(name + 50, size - 50, ".%08x%040u", host_random(&chance), i);
}

static void sites(char *name, size_t size, uint32_t i)
{
	snprintf(name, size, "www.site%u.com", i % 40);
}

/* One of the longest, again and again. */
static void large(char *name, size_t size, uint32_t i)
{
	(void)i;
	snprintf(name, size, "%050u.%050u.%050u.example.org", 1, 2, 3);
}

static void made_up(char *name, size_t size, uint32_t i)
{
	(void)i;
	snprintf(name, size, "x%08x.com", host_random(&chance));
}

/* ---- told or not ---- */

static void begin(int v)
{
	chance = 5;
	host_open(&host, v);
	pass(&host, 30, usual_turn, NULL);
}

static uint32_t times(enum wr_finding_class klass)
{
	return raised_of(&host, klass);
}

static void nothing(const char *what)
{
	wr_detect_finish(host.d);
	ok(!host.n_told, "IPv%d: %s: nothing is told", host.v, what);
	host_close(&host);
}

static void only(enum wr_finding_class klass, const char *what)
{
	ok(times(klass) == 1 && host.n_told == 1, "IPv%d: %s", host.v, what);
}

static const struct {
	const char *what;
	struct asked asked;
} fine[] = {
	{"one name that does not exist, its case changed", {missing_any_case, 100, 1, 0, 3}},
	{"one long name, its case changed", {long_any_case, 100, 1, 0, 0}},
	{"addresses of IPv6 that have no name", {reverse, 100, 12, 0, 3}},
	{"addresses of IPv6 that have one", {reverse, 100, 12, 0, 0}},
	{"addresses of IPv6 in a list", {listed, 100, 1, 0, 3}},
	{"a long name beside many short ones", {short_and_long, 200, 1, 0, 0}},
	{"long names of five domains, none of which has most", {long_of_many, 200, 1, 0, 0}},
	{"a forwarder with one port", {sites, 400, 1, ONE_PORT, 0}},
};

static const struct {
	const char *what;
	struct asked asked;
	enum wr_finding_class klass;
} bad[] = {
	{"names of data of any domain", {data, 100, 10, 0, 0}, WR_CLASS_DNS_TUNNEL},
	{"a talk in questions larger than names are",
	 {large, 400, 1, ONE_PORT, 0},
	 WR_CLASS_DNS_TUNNEL},
	{"names that do not exist", {made_up, 100, 1, 0, 3}, WR_CLASS_DNS_DGA},
};

static void names_are_told_apart(int v)
{
	for (size_t i = 0; i < sizeof(fine) / sizeof(*fine); i++) {
		begin(v);
		asked = fine[i].asked;
		pass(&host, 120, usual_turn, ask);
		nothing(fine[i].what);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		begin(v);
		asked = bad[i].asked;
		pass(&host, 50, usual_turn, ask);
		only(bad[i].klass, bad[i].what);
		host_close(&host);
	}
}

/* What is told of a tunnel is of its domain alone. */
static void tunnel_is_counted(int v)
{
	const struct told *t;
	uint32_t queries = 0;
	double window;

	begin(v);
	asked = (struct asked){tunnel_and_long, 500, 16, 0, 0};
	pass(&host, 50, usual_turn, ask);
	only(WR_CLASS_DNS_TUNNEL, "a tunnel beside a long name that is asked for twice as often");
	t = host_told(&host, WR_CLASS_DNS_TUNNEL);
	window = value_of(t, WR_FEATURE_WINDOW);
	for (uint32_t i = 0; t && i < t->at; i++)
		queries += host.log[i].letters == TUNNEL_LETTERS && !host.log[i].answers &&
			   (double)host.log[i].ns >= (double)t->f.raised_ns - window * 1e9;
	ok(t && fabs(value_of(t, WR_FEATURE_QUERIES) - queries) <= 1 &&
		   fabs(value_of(t, WR_FEATURE_NAMES) - queries) <= 1 && queries >= 30,
	   "IPv%d: its questions are counted, not the others: %g of %u", v,
	   value_of(t, WR_FEATURE_QUERIES), queries);
	ok(value_of(t, WR_FEATURE_NAME_LENGTH) == TUNNEL_LETTERS, "IPv%d: and their length", v);
	host_close(&host);
}

/* ---- talks with the port of DNS ---- */

static void vpn(struct host *h, uint32_t turn)
{
	if (turn % 20)
		return;
	host_udp(h, PC, ONE_PORT, RESOLVER, 53, 90);
	host_udp(h, RESOLVER, 53, PC, ONE_PORT, 90);
}

static void download(struct host *h, uint32_t turn)
{
	if (turn % 20)
		return;
	host_dns(h, PC, ONE_PORT, RESOLVER, "paficihq.t.example.net", 10, -1);
	host_udp(h, RESOLVER, 53, PC, ONE_PORT, 1100);
}

static void talks_are_told(int v)
{
	begin(v);
	pass(&host, 40, NULL, vpn);
	only(WR_CLASS_DNS_TUNNEL, "a talk with the port of DNS that is none");
	host_close(&host);

	begin(v);
	pass(&host, 40, NULL, download);
	only(WR_CLASS_DNS_TUNNEL, "a talk in answers larger than those of DNS");
	host_close(&host);
}

/* ---- names that do not exist ---- */

static void resolver(struct host *h, uint32_t turn)
{
	char name[64];

	if (turn % 3)
		return;
	if (turn % 180 == 6)
		made_up(name, sizeof(name), turn);
	else
		snprintf(name, sizeof(name), "www.site%u.com", turn / 3 % 900);
	host_dns(h, PC, (uint16_t)(2000 + turn), RESOLVER, name, 1, -1);
	host_dns(h, PC, (uint16_t)(2000 + turn), RESOLVER, name, 1, turn % 180 == 6 ? 3 : 0);
}

static void mistyped(void)
{
	begin(4);
	pass(&host, 180, usual_turn, resolver);
	nothing("a resolver for many who mistype 33 names in a minute of 2,000");
}

static void missing(uint32_t a_minute, double seconds)
{
	asked = (struct asked){made_up, a_minute * 100 / 60, 1, 0, 3};
	pass(&host, seconds, NULL, ask);
}

/* A mail server looks for domains that spam names. */
static void usual_is_learned(void)
{
	begin(4);
	missing(20, 600);
	missing(36, 180);
	ok(!host.n_told, "not many more than always: nothing is told");
	missing(120, 60);
	only(WR_CLASS_DNS_DGA, "far more names than it ever had that do not exist");
	host_close(&host);
}

/* It is over when what is left of it is no more than many have. */
static void ends(void)
{
	const struct told *t;

	begin(4);
	missing(60, 150);
	missing(8, 180);
	t = host_told(&host, WR_CLASS_DNS_DGA);
	ok(t && times(WR_CLASS_DNS_DGA) == 1 && t->over == 1,
	   "eight a minute that do not exist are not what was told before");
	host_close(&host);
}

/* Half of what it took, and a bit, for twenty minutes is usual there. */
static void ends_when_usual(void)
{
	const struct told *t;

	begin(4);
	missing(60, 60);
	missing(15, 300);
	t = host_told(&host, WR_CLASS_DNS_DGA);
	ok(t && !t->over, "fifteen a minute are what was told before, at first");
	missing(15, 900);
	ok(t && t->over == 1 && times(WR_CLASS_DNS_DGA) == 1, "and what is usual there in the end");
	host_close(&host);
}

/* What is slow does not become usual by its own begin, nor by its end. */
static void not_of_an_attack(void)
{
	uint32_t before;

	begin(4);
	missing(30, 150);
	before = times(WR_CLASS_DNS_DGA);
	ok(before, "one name every two seconds is told");
	pass(&host, 300, usual_turn, NULL);
	missing(30, 150);
	ok(times(WR_CLASS_DNS_DGA) > before, "and once more, after it was over");
	host_close(&host);
}

int main(void)
{
	for (int v = 4; v <= 6; v += 2) {
		names_are_told_apart(v);
		tunnel_is_counted(v);
		talks_are_told(v);
	}
	mistyped();
	usual_is_learned();
	ends();
	ends_when_usual();
	not_of_an_attack();
	return done();
}
