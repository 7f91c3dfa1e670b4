/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who comes to the port where a gateway is administered: however many do, or seem to. */
#include "daemon/admins.h"

#include <stdlib.h>
#include <string.h>

#include "detect/ids.h"
#include "tests/tap.h"

enum { PORT = 2019, FORGED = 1000, REAL = 300 };

#define SECOND 1000000000ull
#define T0 (1700000000 * SECOND)

static struct {
	uint32_t raised, over, most_sources;
	bool others_id;
} seen;

static void told(void *ctx, enum wr_finding_news news, const struct wr_finding *f)
{
	(void)ctx;
	seen.raised += news == WR_FINDING_RAISED;
	seen.over += news == WR_FINDING_OVER;
	seen.others_id |= f->id >> 40 != WR_IDS_ADMINS;
	for (uint32_t i = 0; i < f->n_evidence; i++)
		if (f->evidence[i].feature == WR_FEATURE_SOURCES &&
		    f->evidence[i].value > seen.most_sources)
			seen.most_sources = (uint32_t)f->evidence[i].value;
}

static void say(const char *line)
{
	note("%s", line);
}

/* A packet of a client, or (out) of 10.0.0.1, with these flags. */
static void add(struct wr_live *l, uint32_t client, bool out, uint16_t flags)
{
	struct wr_rec rec = {0};
	struct wr_hdr *h = &rec.hdr[0];
	uint8_t server[4] = {10, 0, 0, 1},
		from[4] = {10, 1, (uint8_t)(client >> 8), (uint8_t)client};
	struct wr_live_part p = {.out = out};

	h->has = WR_H_IP | WR_H_PROTO | WR_H_PORTS;
	h->ip_v = 4;
	h->proto = WR_IP_TCP;
	memcpy(h->src, out ? server : from, 4);
	memcpy(h->dst, out ? from : server, 4);
	h->sport = out ? PORT : 40000;
	h->dport = out ? 40000 : PORT;
	p.flow.from = wr_flow_key_make(&p.flow.key, &rec);
	p.flow.n = (struct wr_count){1, 60};
	p.flow.first_ns = p.flow.last_ns = T0;
	p.flow.tcp_flags = flags;
	p.flow.syn = wr_flow_syn(flags);
	wr_live_add(l, &p);
}

static void come(struct wr_live *l, uint32_t from, uint32_t n, bool forged)
{
	wr_live_begin(l, T0);
	for (uint32_t i = from; i < from + n; i++) {
		add(l, i, false, WR_TCP_SYN);
		add(l, i, true, WR_TCP_SYN | WR_TCP_ACK); /* whoever is there */
		if (!forged)
			add(l, i, false, WR_TCP_ACK);
	}
	wr_live_end(l, T0 + SECOND);
}

static struct wr_admins *opened(struct wr_live *l)
{
	static const char *const ports[] = {"2019"};
	static struct wr_daemon_conf conf;
	struct wr_admins *a = NULL;

	conf.gateway.folder = "/nonexistent";
	conf.gateway.admin_ports.at = ports;
	conf.gateway.admin_ports.n = 1;
	if (wr_admins_open(&a, &conf, say, NULL) || !a) {
		printf("Bail out! no memory\n");
		exit(1);
	}
	memset(&seen, 0, sizeof(seen));
	wr_admins_watch(a, l, false, true, told, NULL);
	return a;
}

static void test_many(void)
{
	struct wr_live_conf conf = {0};
	struct wr_live *l = NULL;
	struct wr_admins *a;

	if (wr_live_open(&l, &conf, NULL)) {
		printf("Bail out! no memory\n");
		exit(1);
	}
	a = opened(l);
	come(l, 0, FORGED, true);
	wr_admins_second(a, true, T0 + SECOND);
	is_int(seen.raised, WR_ADMINS_SILENT, "of those who may be forged a few are found");
	ok(seen.most_sources > FORGED / 2 && seen.most_sources <= FORGED,
	   "which tell how many there are: %u of %u", seen.most_sources, FORGED);
	come(l, FORGED, REAL, false);
	wr_admins_second(a, true, T0 + 2 * SECOND);
	is_int(seen.raised - seen.over, WR_ADMINS_SEEN, "who talks has all the room");
	is_int(seen.over, WR_ADMINS_SILENT, "also that of who does not");
	wr_admins_second(a, false, T0 + 3 * SECOND);
	ok(seen.over == seen.raised, "detection is switched off: all are over");
	come(l, 0, 10, false);
	wr_admins_second(a, false, T0 + 4 * SECOND);
	ok(seen.over == seen.raised, "and none is found");
	wr_admins_second(a, true, T0 + 5 * SECOND);
	come(l, 0, 10, false);
	wr_admins_second(a, true, T0 + 6 * SECOND);
	is_int(seen.raised - seen.over, 10, "on again: all of who comes");
	wr_admins_end(a);
	ok(seen.over == seen.raised, "the end: they are over");
	ok(!seen.others_id, "their numbers are nobody else's");
	wr_admins_close(&a);
	wr_live_close(&l);
}

static void test_port(void)
{
	const struct wr_peer own[] = {{.ip_v = 4, .addr = {10, 0, 0, 1}},
				      {.ip_v = 6, .addr = {0x20, 1, 0xd, 0xb8, [15] = 1}}};
	static const struct {
		const char *where;
		uint16_t port;
	} cases[] = {
		{"http://127.0.0.1:2019", 2019},
		{"https://localhost:1/x", 1},
		{"http://[::]:9", 9},
		{"http://10.0.0.1:2019", 2019},
		{"http://10.0.0.2:2019", 0},
		{"http://[2001:db8::1]:8001", 8001},
		{"http://[2001:0db8:0::1]:8001", 8001},
		{"http://[2001:db8::2]:8001", 0},
		{"http://10.0.0.1", 0},
		{"http://[10.0.0.1:5", 0},
		{"http://gateway.example:2019", 0},
		{"http://127.0.0.1:65536", 0},
		{"unix:/run/x", 0},
		{"", 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		is_int(wr_admins_port(cases[i].where, own, 2), cases[i].port, "'%s'",
		       cases[i].where);
}

int main(void)
{
	test_port();
	test_many();
	return done();
}
