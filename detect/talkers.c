/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "core/proto.h"
#include "detect/impl.h"

/*
 * Who was never seen before and soon is a large part of what goes on at a service: a far source
 * (IPv6: its /64) that has made a connection, or was answered, for the first time. For an hour it
 * is looked at minute by minute, beside all that comes to the service in the same time.
 */

enum {
	TALKERS = 256,
	MINUTE = 60 * STEPS,
	HOUR = 60 * MINUTE,
	KNOWN_S = 600,	      /* seconds that something is known of the service's address */
	LEAST_PACKETS = 3000, /* to the service in a minute: 50 a second */
	LEAST_BYTES = 5000000,
	TOLD = 8, /* in an hour */
};

static const double large = 0.1;

struct talker {
	struct wr_talk_key key; /* its source; port, tag: hash of the service */
	struct wr_talk_key service;
	uint32_t first_step, since; /* `since` its minute began */
	uint64_t first_ns;
	struct wr_count own, all; /* of this minute; what the service had before */
	bool told;
};

struct talkers {
	struct wr_rows rows;
	struct known known; /* who made a connection, or was answered */
	uint32_t newest;    /* step in which the last one was made */
	uint32_t hour_step, told;
};

int talkers_open(struct wr_detect *d)
{
	d->talkers = calloc(1, sizeof(*d->talkers));
	if (!d->talkers || known_open(&d->talkers->known))
		return -1;
	return wr_rows_open(&d->talkers->rows, sizeof(struct talker), TALKERS);
}

void talkers_close(struct wr_detect *d)
{
	if (d->talkers) {
		known_close(&d->talkers->known);
		wr_rows_close(&d->talkers->rows);
	}
	free(d->talkers);
}

/* Who says little makes room, and who was told or has had his hour first. */
static uint64_t weigh(const void *ctx, const void *row)
{
	const struct wr_detect *d = ctx;
	const struct talker *t = row;

	return t->told || d->step - t->first_step > HOUR ? 0 : t->own.bytes;
}

static void gone(void *ctx, const void *row)
{
	(void)ctx, (void)row;
}

static struct wr_talk_key key_of(const struct wr_flow_key *k, uint8_t server)
{
	uint32_t whom = (uint32_t)wr_mix(addr_hash(k->addr[server]) + k->port[server]);
	struct wr_talk_key key = {.port = (uint16_t)whom,
				  .tag = (uint16_t)(whom >> 16),
				  .proto = k->proto,
				  .ip_v = k->ip_v};

	memcpy(key.addr, k->addr[!server], k->ip_v == 4 ? 4 : 8);
	return key;
}

/* All that came to its service, so that two of them say what there was between. */
static bool of_service(const struct wr_detect *d, const struct wr_talk_key *service,
		       struct wr_count *all)
{
	const struct wr_live_row *row =
		d->conf.live ? wr_live_find(d->conf.live, WR_LIVE_SERVICES, service) : NULL;

	if (!row)
		return false;
	*all = row->in;
	return true;
}

static void begin(const struct wr_detect *d, struct talker *t)
{
	t->since = d->step;
	t->own = (struct wr_count){0};
	if (!of_service(d, &t->service, &t->all))
		t->all = (struct wr_count){UINT64_MAX, UINT64_MAX};
}

static void make(struct wr_detect *d, const struct part *a, uint8_t server)
{
	const struct wr_flow_key *k = &a->p->flow.key;
	struct wr_talk_key service = {.port = k->port[server], .proto = k->proto, .ip_v = k->ip_v};
	struct talkers *all = d->talkers;
	struct wr_talk_key key;
	struct talker *t;

	memcpy(service.addr, k->addr[server], 16);
	if (!is_ours(d, &service) || !known_new(&all->known, k->addr[!server], k->ip_v) ||
	    d->conf.tune.old_services || d->step < BEGIN_STEP + COLD_STEPS ||
	    learned_s(d, service.addr, k->ip_v) < KNOWN_S)
		return;
	key = key_of(k, server);
	if (wr_rows_find(&all->rows, &key, wr_rows_hash(&all->rows, &key)))
		return;
	t = wr_rows_make(&all->rows, &key, wr_rows_hash(&all->rows, &key), weigh, gone, d);
	memset(&t->service, 0, sizeof(*t) - offsetof(struct talker, service));
	t->service = service;
	t->first_step = all->newest = d->step;
	t->first_ns = a->f->first_ns;
	begin(d, t);
}

static bool may_tell(struct wr_detect *d)
{
	struct talkers *all = d->talkers;

	if (d->step - all->hour_step >= HOUR) {
		all->hour_step = d->step;
		all->told = 0;
	}
	return all->told < TOLD && has_room(d, WR_CLASS_NEW_TALKER);
}

static void tell_talker(struct wr_detect *d, struct talker *t, const uint8_t who[16],
			const struct wr_count *all)
{
	struct wr_victim v = victim_of(t->service.addr, t->service.ip_v);
	double seconds = (double)(d->step - t->since) / STEPS;
	struct wr_finding *f;
	bool is_new;

	v.port = t->service.port;
	v.proto = t->service.proto;
	f = find(d, WR_CLASS_NEW_TALKER, &v, &is_new);
	if (!f || !is_new)
		return;
	only_source(f, who, t->key.ip_v, t->own.packets);
	evidence_only(f, WR_FEATURE_PACKET_SHARE, (double)t->own.packets / (double)all->packets);
	evidence_only(f, WR_FEATURE_BYTE_SHARE, (double)t->own.bytes / (double)all->bytes);
	evidence_only(f, WR_FEATURE_WINDOW, seconds);
	f->start_ns = t->first_ns;
	tell(d, f);
	t->told = true;
	d->talkers->told++;
}

static bool is_large(uint64_t own, uint64_t all, uint64_t least)
{
	return own >= least && (double)own >= large * (double)all;
}

/* Its minute is over: how much of the service was it? */
static void look(struct wr_detect *d, struct talker *t, const uint8_t who[16])
{
	struct wr_count all;

	/* A row of services that began anew has less than was there before. */
	if (of_service(d, &t->service, &all) && all.packets >= t->all.packets &&
	    all.bytes >= t->all.bytes) {
		all.packets -= t->all.packets;
		all.bytes -= t->all.bytes;
		if ((is_large(t->own.packets, all.packets, LEAST_PACKETS) ||
		     is_large(t->own.bytes, all.bytes, LEAST_BYTES)) &&
		    may_tell(d))
			tell_talker(d, t, who, &all);
	}
	begin(d, t);
}

void talkers_part(struct wr_detect *d, const struct part *a)
{
	const struct wr_flow_key *k = &a->p->flow.key;
	struct talkers *all = d->talkers;
	struct wr_talk_key key;
	struct talker *t;
	uint8_t server;

	if (k->proto != WR_IP_TCP && k->proto != WR_IP_UDP)
		return;
	server = k->proto == WR_IP_TCP ? !a->f->caller : !a->f->opener;
	if ((k->proto == WR_IP_TCP && a->f->caller == WR_FLOW_CALLER_UNKNOWN) ||
	    !is_far(k->addr[!server], k->ip_v) || for_many(k->addr[server], k->ip_v))
		return;
	if (a->handshake || (a->answer && k->proto == WR_IP_UDP))
		make(d, a, server);
	if (a->from == server || !all->rows.used || d->step - all->newest > HOUR)
		return;
	key = key_of(k, server);
	t = wr_rows_find(&all->rows, &key, wr_rows_hash(&all->rows, &key));
	if (!t || t->told || d->step - t->first_step > HOUR)
		return;
	if (d->step - t->since >= 2 * MINUTE) /* it has paused */
		begin(d, t);
	else if (d->step - t->since >= MINUTE)
		look(d, t, k->addr[!server]);
	t->own.packets += a->p->flow.n.packets;
	t->own.bytes += a->p->flow.n.bytes;
}
