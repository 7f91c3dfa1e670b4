/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "core/proto.h"
#include "detect/impl.h"

/*
 * Services that were not there before: of an address that has been known for a while, a port that
 * answers for the third time, or an IP protocol that it never answered by. Ports that answer once
 * (the data of FTP) are none.
 */

enum {
	SERVICES = 16384, /* more than the services that are kept one by one, see odd.h */
	PROTOCOLS = 512,  /* apart: made-up numbers of protocols take no port its place */
	ANSWERS = 3,
	KNOWN_S = 600, /* seconds that something is known of the address */
	TOLD = 8,      /* that hold at a time: who opens a thousand ports is told of often enough */
	TOLD_PROTOCOLS = 4, /* besides */
	UDP_MOST = 1 << 15, /* above are ports of clients */
};

struct service {
	struct wr_talk_key key; /* port 0: a protocol */
	uint32_t step, answers;
	uint64_t clients; /* bits by hash */
	uint64_t first_ns;
	bool known;
};

enum { PORTS_OF, PROTOCOLS_OF, TABLES };

struct services {
	struct wr_rows rows[TABLES];
};

int services_open(struct wr_detect *d)
{
	d->services = calloc(1, sizeof(*d->services));
	if (!d->services ||
	    wr_rows_open(&d->services->rows[PORTS_OF], sizeof(struct service), SERVICES))
		return -1;
	return wr_rows_open(&d->services->rows[PROTOCOLS_OF], sizeof(struct service), PROTOCOLS);
}

void services_close(struct wr_detect *d)
{
	for (int i = 0; d->services && i < TABLES; i++)
		wr_rows_close(&d->services->rows[i]);
	free(d->services);
}

static uint64_t weigh(const void *ctx, const void *row)
{
	const struct service *s = row;

	(void)ctx;
	return s->known ? UINT32_MAX + (uint64_t)s->step : s->step;
}

static void gone(void *ctx, const void *row)
{
	(void)ctx, (void)row;
}

static struct service *service_of(struct wr_detect *d, const struct wr_talk_key *key)
{
	struct wr_rows *rows = &d->services->rows[key->port ? PORTS_OF : PROTOCOLS_OF];
	uint32_t tag = wr_rows_hash(rows, key);
	struct service *s = wr_rows_find(rows, key, tag);

	if (s)
		return s;
	s = wr_rows_make(rows, key, tag, weigh, gone, d);
	memset(&s->step, 0, sizeof(*s) - offsetof(struct service, step));
	return s;
}

static bool may_tell(const struct wr_detect *d, bool port)
{
	int n = 0;

	for (int i = 0; i < FINDINGS; i++)
		n += d->finding[i].f.id && d->finding[i].f.klass == WR_CLASS_NEW_SERVICE &&
		     !d->finding[i].f.victim.port == !port;
	return n < (port ? TOLD : TOLD_PROTOCOLS);
}

static void tell_service(struct wr_detect *d, const struct service *s)
{
	struct wr_victim v = victim_of(s->key.addr, s->key.ip_v);
	struct wr_finding *f;
	bool is_new;

	v.port = s->key.port;
	v.proto = s->key.proto;
	f = find(d, WR_CLASS_NEW_SERVICE, &v, &is_new);
	if (!f || !is_new)
		return;
	if (s->key.port)
		evidence_only(f, WR_FEATURE_ANSWERS, s->answers);
	else
		evidence_only(f, WR_FEATURE_PROTOCOL, s->key.proto);
	evidence_only(f, WR_FEATURE_SOURCES, __builtin_popcountll(s->clients));
	f->start_ns = s->first_ns;
	tell(d, f);
}

/* Of this side: what people here talk to elsewhere comes and goes. */
bool is_ours(const struct wr_detect *d, const struct wr_talk_key *key)
{
	const struct wr_live_row *row;

	if (!is_far(key->addr, key->ip_v))
		return true;
	row = d->conf.live ? wr_live_find(d->conf.live, WR_LIVE_SERVICES, key) : NULL;
	return row && row->listens;
}

static bool is_udp_or_tcp(uint8_t proto)
{
	return proto == WR_IP_TCP || proto == WR_IP_UDP;
}

/* Which end answers, and whether this part says so. */
static bool answers(const struct wr_detect *d, const struct part *a, uint8_t *server)
{
	const struct wr_flow_key *k = &a->p->flow.key;

	switch (k->proto) {
	case WR_IP_TCP:
		*server = a->to;
		return a->handshake;
	case WR_IP_UDP:
		*server = a->from;
		return a->answer && k->port[a->from] < UDP_MOST;
	case WR_IP_ICMP:
	case WR_IP_ICMP6:
	case WR_IP_IGMP:
		return false;
	default: /* anybody can send packets of any protocol */
		*server = a->from;
		return !d->conf.one_way && a->asked && a->f->opener == a->to &&
		       !(a->p->facts & (WR_FACT_FRAG | WR_FACT_BAD));
	}
}

void services_part(struct wr_detect *d, const struct part *a)
{
	const struct wr_flow_key *k = &a->p->flow.key;
	struct wr_talk_key key = {.proto = k->proto, .ip_v = k->ip_v};
	struct wr_victim v;
	struct service *s;
	uint8_t server;

	if (!answers(d, a, &server) || for_many(k->addr[server], k->ip_v))
		return;
	memcpy(key.addr, k->addr[server], 16);
	key.port = is_udp_or_tcp(k->proto) ? k->port[server] : 0;
	if (!is_ours(d, &key))
		return;
	s = service_of(d, &key);
	s->step = d->step;
	if (s->known)
		return;
	v = victim_of(key.addr, key.ip_v);
	v.port = key.port;
	v.proto = key.proto;
	if (!s->answers++)
		s->first_ns = a->p->flow.last_ns;
	s->clients |= 1ull << (addr_hash(k->addr[!server]) & 63);
	if (s->answers < ANSWERS && d->step >= BEGIN_STEP + COLD_STEPS)
		return;
	if (d->conf.tune.old_services || d->step < BEGIN_STEP + COLD_STEPS ||
	    learned_s(d, key.addr, key.ip_v) < KNOWN_S) {
		s->known = true;
	} else if (may_tell(d, key.port) && room_for(d, WR_CLASS_NEW_SERVICE, &v)) {
		s->known = true;
		tell_service(d, s);
	}
}

/* ---- from one run to the next ---- */

bool services_next(const struct wr_detect *d, uint32_t *at, struct wr_talk_key *out)
{
	const struct wr_rows *rows = d->services->rows;

	while (*at < rows[PORTS_OF].used + rows[PROTOCOLS_OF].used) {
		bool port = *at < rows[PORTS_OF].used;
		const struct service *s =
			port ? wr_rows_at(&rows[PORTS_OF], *at)
			     : wr_rows_at(&rows[PROTOCOLS_OF], *at - rows[PORTS_OF].used);

		++*at;
		if (!s->known)
			continue;
		*out = s->key;
		return true;
	}
	return false;
}

void services_known(struct wr_detect *d, const struct wr_talk_key *key)
{
	struct service *s = service_of(d, key);

	s->known = true;
	s->step = d->step;
}
