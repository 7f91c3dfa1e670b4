/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>

#include "bench/day.h"

/* What a site does all day, and what happens to it without anybody meaning harm. */

enum {
	CONNECTIONS_HELD = 120,
	POOL = 40,
	PARTNERS = 30,
	UPDATES_S = 3600,
	JOB = 60,
	WORK_FROM_H = 8,
	WORK_TO_H = 18
};

static double hour(const struct day *d)
{
	return (double)(d->now_ns - d->begun_ns) / 1e9 / d->length_s * 24;
}

/* From one to so many, small ones far more often. */
static uint32_t size(struct day *d, double usual, double most)
{
	double v = usual * exp(1.1 * (share(d) + share(d) + share(d) - 1.5) * 2);

	return (uint32_t)(v < 40 ? 40 : v > most ? most : v);
}

/* ---- who comes, again and again ---- */

static void web(struct day *d)
{
	uint32_t from = day_client(d, d->crowd > 2 ? 0.7 : 0.1);
	struct actor *a = day_connect(d, from, WEB, share(d) < 0.8 ? 443 : 80, d->now_ns);

	if (!a)
		return;
	a->v6 = wr_mix(from) % 100 < 15;
	a->rounds = among(d, 1, 3);
	a->ask = among(d, 200, 900);
	a->answer = size(d, 3000, 100000);
	a->think_ns = (uint64_t)((0.05 + share(d)) * 1e9);
}

static void office(struct day *d)
{
	struct actor *a = day_connect(d, OFFICE, WEB, 443, d->now_ns);

	if (!a)
		return;
	a->rounds = among(d, 1, 8);
	a->answer = size(d, 8000, 300000);
	a->think_ns = SECOND_NS;
}

static void download(struct day *d)
{
	struct actor *a = day_connect(d, day_client(d, 0.3), WEB, 443, d->now_ns);

	if (a)
		a->answer = among(d, 500000, 6000000);
}

static void partner(struct day *d)
{
	uint32_t from = 0x40000000 + (uint32_t)(wr_mix(among(d, 1, PARTNERS)) % 0x10000000);
	struct actor *a = day_connect(d, from, APP, 8443, d->now_ns);

	if (!a)
		return;
	a->rounds = among(d, 1, 3);
	a->answer = size(d, 1500, 50000);
	a->think_ns = SECOND_NS / 10;
}

static void query(struct day *d)
{
	struct actor *a = day_connect(d, SCRIPTS, DATABASE, 5432, d->now_ns);

	if (!a)
		return;
	a->rounds = among(d, 1, 4);
	a->ask = among(d, 100, 600);
	a->answer = size(d, 900, 100000);
	a->think_ns = SECOND_NS / 100;
}

static const char *const names[] = {"www.example.org",	"db.example.org",   "api.partner.example",
				    "mail.example.net", "time.example.com", "cdn.example.com"};

static void dns(struct day *d)
{
	static const uint32_t who[] = {WEB, APP, SCRIPTS, DATABASE, ADMIN, BACKUP};
	struct actor *a = day_ask(d, who[among(d, 0, 5)], RESOLVER, 53, d->now_ns);

	if (!a)
		return;
	a->kind = names[among(d, 0, 5)];
	a->ack = share(d) < 0.04 ? 3 : 0; /* NXDOMAIN */
	if (share(d) > 0.3)
		return;
	a = day_ask(d, RESOLVER, 0xc0000201 + among(d, 0, 12), 53, d->now_ns);
	if (a)
		a->kind = names[among(d, 0, 5)];
}

static void logs(struct day *d)
{
	struct actor *a = day_ask(d, WEB + among(d, 0, 2), LOGS, 514, d->now_ns);

	if (!a)
		return;
	a->ask = among(d, 80, 400);
	a->answer = 0;
}

static void admin(struct day *d)
{
	struct actor *a = day_connect(d, day_client(d, 0), ADMIN, 22, d->now_ns);

	if (!a)
		return;
	a->held = true;
	a->answer = 300;
	a->ask = 80;
	a->think_ns = 3 * SECOND_NS;
	a->until_ns = d->now_ns + (uint64_t)among(d, 60, 2400) * SECOND_NS;
}

static const struct comes {
	double a_second; /* at the busiest */
	bool crowded, working;
	void (*make)(struct day *d);
} comes[] = {
	{1.2, true, false, web},      {0.4, false, true, office},  {0.002, true, false, download},
	{1.0, false, false, partner}, {0.8, true, false, query},   {1.0, false, false, dns},
	{1.0, true, false, logs},     {0.002, false, true, admin},
};

static bool arrivals(struct day *d, struct actor *a)
{
	const struct comes *c = a->kind;
	double h = hour(d), rate = c->a_second * d->rate * day_rhythm(d, d->now_ns), wait;

	if (c->crowded)
		rate *= d->crowd;
	if (c->working && (h < WORK_FROM_H || h > WORK_TO_H))
		rate *= 0.05;
	if (a->n)
		c->make(d);
	/* What comes by chance has no memory: looked at again before long, as rates change. */
	wait = -log(1 - share(d)) / rate;
	a->n = wait < 5;
	a->at_ns = d->now_ns + (uint64_t)((a->n ? wait : 5) * 1e9);
	return true;
}

static bool noise(struct day *d, struct actor *a)
{
	a->spread = 0.9 * a->spread + 0.25 * (share(d) + share(d) - 1);
	d->noise = exp(a->spread);
	a->at_ns += 60 * SECOND_NS;
	return true;
}

/* ---- by the clock ---- */

struct clock {
	uint32_t from, to;
	uint16_t port; /* 0: an echo request */
	uint32_t every_s;
};

static const struct clock clocks[] = {
	{MONITOR, WEB, 443, 10},
	{MONITOR, WEB, 80, 10},
	{MONITOR, APP, 8443, 10},
	{MONITOR, DATABASE, 5432, 10},
	{MONITOR, WEB, 0, 30},
	{MONITOR, APP, 0, 30},
	{MONITOR, DATABASE, 0, 30},
	{MONITOR, RESOLVER, 0, 30},
	{0xc6336414, WEB, 443, 30},
	{0xc6336415, WEB, 443, 30},
	{WEB, 0xc0000280, 123, 64},
	{APP, 0xc0000280, 123, 64},
	{DATABASE, 0xc0000280, 123, 64},
	{ADMIN, 0xc0000280, 123, 64},
	{WEB, 0xc6336450, 443, UPDATES_S},
	{APP, 0xc6336450, 443, UPDATES_S},
};

static bool pong(struct day *d, struct actor *a)
{
	day_icmp(d, a, false, 0, a->seq, 56);
	return false;
}

static bool by_clock(struct day *d, struct actor *a)
{
	const struct clock *c = a->kind;
	const struct host *h = &d->host[c->to % DAY_HOSTS];
	struct actor *b;

	if (c->port == 123) {
		day_ask(d, c->from, c->to, 123, d->now_ns)->answer = 60;
	} else if (c->port) {
		b = day_connect(d, c->from, c->to, c->port, d->now_ns);
		if (b)
			b->answer = c->every_s == UPDATES_S ? 20000 : 300;
	} else {
		a->from = c->from;
		a->to = c->to;
		a->seq++;
		day_icmp(d, a, true, 8, a->seq, 56);
		b = day_far(c->to) || d->now_ns < h->down_ns || d->now_ns >= h->up_ns
			    ? day_actor(d, pong, d->now_ns + 300000)
			    : NULL;
		if (b) {
			b->from = c->from;
			b->to = c->to;
			b->seq = a->seq;
		}
	}
	a->at_ns += c->every_s * SECOND_NS + among(d, 0, 20000000);
	if (c->every_s ==
	    UPDATES_S) /* as timers of distributions do, so that servers are not asked at once */
		a->at_ns += (uint64_t)((share(d) - 0.5) * UPDATES_S * 1e9);
	return true;
}

/* Who knows the stations asks for them again now and then. */
static bool neighbours(struct day *d, struct actor *a)
{
	static const uint32_t who[] = {WEB,    APP,  SCRIPTS,  DATABASE, ADMIN,
				       BACKUP, LOGS, RESOLVER, MONITOR};
	uint32_t host = who[a->n++ % 9];

	if (a->n / 9 % 2) {
		day_arp(d, false, GATEWAY, GATEWAY, host);
		day_arp(d, true, host, host, GATEWAY);
	} else {
		day_arp(d, false, host, host, GATEWAY);
		day_arp(d, true, GATEWAY, GATEWAY, host);
	}
	a->at_ns += 5 * SECOND_NS;
	return true;
}

/* ---- what happens ---- */

static uint64_t at_hour(const struct day *d, double h)
{
	return d->begun_ns + (uint64_t)(h / 24 * d->length_s * 1e9);
}

static double second(const struct day *d, uint64_t ns)
{
	return (double)(ns - d->begun_ns) / 1e9;
}

static void note(struct day *d, const char *class, const char *victim, uint64_t from, uint64_t to,
		 const char *text)
{
	uint8_t e = day_event(d, class, victim, second(d, from), second(d, to), text);

	d->event[e].usual = true;
	d->label = DAY_USUAL;
}

/* Once a night, one flow with much. */
static void backup(struct day *d)
{
	uint64_t at = at_hour(d, 1.5 + share(d) * 1.5);
	struct actor *a = day_connect(d, BACKUP, DATABASE, 22, at);
	double lasts_s = day_s(d, 720);

	a->answer = (uint32_t)(500 * lasts_s * 1448);
	a->gap_ns = 7600000;
	note(d, "backup", "10.20.0.30", at, at + (uint64_t)(lasts_s * 1e9), "one large flow");
}

/* Many at a time: it rises within minutes, and goes on as long as people talk about it. */
static bool crowd(struct day *d, struct actor *a)
{
	double t = second(d, d->now_ns) - second(d, a->begun_ns), rise = fmax(20, day_s(d, 120));
	double v = t < rise ? 1 + (a->rate - 1) * t / rise
			    : 1 + (a->rate - 1) * exp(-(t - rise) / fmax(60, day_s(d, 600)));

	d->crowd = v;
	if (v < 1.05 && t > rise) {
		d->crowd = 1;
		return false;
	}
	a->at_ns += SECOND_NS / 4;
	return true;
}

static void crowds(struct day *d)
{
	static const struct {
		double from_h, to_h, least, most;
	} all[] = {{8, 11, 5, 12}, {13, 15, 40, 70}, {19, 22, 15, 50}};

	for (int i = 0; i < 3; i++) {
		uint64_t at = at_hour(d, all[i].from_h + share(d) * (all[i].to_h - all[i].from_h));
		struct actor *a = day_actor(d, crowd, at);

		a->rate = all[i].least + share(d) * (all[i].most - all[i].least);
		note(d, "flash_crowd", "10.20.0.10:443", at, at + (uint64_t)(day_s(d, 2400) * 1e9),
		     "many new clients");
	}
}

/* A version of the service: a tool logs in everywhere, the old one ends, the new one is there after
 * a while and listens on one more port. */
static bool new_port(struct day *d, struct actor *a)
{
	struct actor *b = day_connect(d, share(d) < 0.3 ? MONITOR : APP, WEB, 8080, d->now_ns);

	if (b)
		b->answer = 500;
	a->at_ns += (uint64_t)(5e9 * (0.2 + share(d)));
	return true;
}

static void deploy(struct day *d, double from_h, double to_h, bool first)
{
	static const uint32_t where[] = {WEB, APP, SCRIPTS, DATABASE};
	uint64_t at = at_hour(d, from_h + share(d) * (to_h - from_h));
	uint64_t gone = at + among(d, 40, 80) * SECOND_NS,
		 back = gone + among(d, 15, 40) * SECOND_NS;
	struct host *h = &d->host[WEB % DAY_HOSTS], *db = &d->host[DATABASE % DAY_HOSTS];

	for (size_t i = 0; i < 4; i++) {
		struct actor *a = day_connect(d, ADMIN, where[i], 22, at + i * 8 * SECOND_NS);

		a->rounds = among(d, 10, 25);
		a->ask = 2000;
		a->answer = 1500;
	}
	if (first) {
		h->closed_ns = h->cut_ns = gone;
		h->open_ns = back;
		day_actor(d, new_port, back);
	} else {
		db->cut_ns = back; /* its connections are opened anew */
	}
	note(d, "deploy", first ? "10.20.0.10" : "10.20.0.20", at, back + 60 * SECOND_NS,
	     first ? "web refuses connections, listens on one more port" : "connections are cut");
}

/* It says nothing for a while; who had connections comes back. */
static void restart(struct day *d, uint32_t host, const char *name, double from_h, double to_h)
{
	uint64_t at = at_hour(d, from_h + share(d) * (to_h - from_h));
	struct host *h = &d->host[host % DAY_HOSTS];

	h->down_ns = at;
	h->up_ns = h->cut_ns = at + among(d, 45, 100) * SECOND_NS;
	note(d, "restart", name, at, h->up_ns + 60 * SECOND_NS, "it is silent, then all come back");
}

static bool job(struct day *d, struct actor *a)
{
	for (int i = 0; i < JOB; i++) {
		struct actor *b =
			day_connect(d, SCRIPTS, WEB, 80, d->now_ns + (uint64_t)(share(d) * 3e9));

		if (b)
			b->answer = among(d, 500, 3000);
	}
	a->at_ns += (uint64_t)(day_s(d, 3600) * 1e9);
	return true;
}

static void held(struct day *d, uint32_t from, uint32_t to, uint16_t port, uint32_t think_s)
{
	struct actor *a =
		day_connect(d, from, to, port, d->begun_ns + chance(d) % (30 * SECOND_NS));

	a->held = a->again = true;
	a->ask = 100;
	a->answer = 200;
	a->think_ns = think_s * SECOND_NS;
}

void day_usual(struct day *d)
{
	for (size_t i = 0; i < sizeof(comes) / sizeof(*comes); i++)
		day_actor(d, arrivals, d->begun_ns)->kind = &comes[i];
	for (size_t i = 0; i < sizeof(clocks) / sizeof(*clocks); i++)
		day_actor(d, by_clock, d->begun_ns + chance(d) % (clocks[i].every_s * SECOND_NS))
			->kind = &clocks[i];
	for (int i = 0; i < CONNECTIONS_HELD; i++)
		held(d, day_client(d, 0), WEB, 443, 30);
	for (int i = 0; i < POOL; i++)
		held(d, APP, DATABASE, 5432, 4);
	day_actor(d, noise, d->begun_ns);
	day_actor(d, neighbours, d->begun_ns);
	day_actor(d, job, d->begun_ns + (uint64_t)(day_s(d, 1800) * 1e9));
	backup(d);
	crowds(d);
	deploy(d, 10, 12.5, true);
	deploy(d, 15.5, 17, false);
	restart(d, WEB, "10.20.0.10", 3.5, 6);
	restart(d, APP, "10.20.0.11", 17.5, 18.5);
}
