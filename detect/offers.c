/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "core/proto.h"
#include "detect/impl.h"
#include "detect/rogues.h"

/*
 * Who tells others how they get on the network: DHCP servers (RFC 2131, RFC 8415) and routers that
 * advertise themselves (RFC 4861). The first one on a link is the known one, and so is another that
 * says the same while little is known; any other is told. When one says otherwise while little is
 * known, nobody can tell which of them is right: none is known then, and both are told until one of
 * them has been quiet for a day. A router's address that another station
 * speaks for is told, too, and so are many advertisements whose prefixes differ.
 */

enum {
	OFFERERS = 64,
	SURE = 3, /* times, while little is known */
	WORDS = 4,
	FLOOD_PREFIXES = 10, /* different ones in ten seconds */
	FLOOD_STEPS = 10 * STEPS,
	LINKS = 16,
	DAY = 86400 * STEPS,
};

struct offerer {
	struct wr_talk_key key; /* port: enum wr_offer_kind; tag: of the interface */
	uint32_t step, times;
	uint64_t says; /* hash of what it gives out */
	uint64_t station;
	uint32_t told_step; /* that it is doubted; 0: never */
	bool known, doubted;
};

/* Advertisements on one of them. */
struct adverts {
	uint64_t prefixes[WORDS];
	uint32_t since, n;
	uint16_t tag;
};

struct offers {
	struct wr_rows rows;
	struct adverts link[LINKS];
	struct rogues rogues[2]; /* DHCP servers, routers */
	bool read;		 /* some are known from an earlier run */
};

int offers_open(struct wr_detect *d)
{
	d->offers = calloc(1, sizeof(*d->offers));
	if (!d->offers)
		return -1;
	d->offers->rogues[0].klass = WR_CLASS_ROGUE_DHCP;
	d->offers->rogues[1].klass = WR_CLASS_ROGUE_RA;
	return wr_rows_open(&d->offers->rows, sizeof(struct offerer), OFFERERS);
}

void offers_close(struct wr_detect *d)
{
	if (d->offers)
		wr_rows_close(&d->offers->rows);
	free(d->offers);
}

/* Made-up ones push out each other, not those that are known. */
static uint64_t weigh(const void *ctx, const void *row)
{
	const struct offerer *o = row;

	(void)ctx;
	return o->known || o->doubted ? UINT64_MAX / 2 + o->step : o->times;
}

static void gone(void *ctx, const void *row)
{
	(void)ctx, (void)row;
}

/* Made when it is not there: then `times` is 0. */
static struct offerer *offerer_of(struct wr_detect *d, const struct wr_talk_key *key)
{
	struct wr_rows *rows = &d->offers->rows;
	uint32_t tag = wr_rows_hash(rows, key);
	struct offerer *o = wr_rows_find(rows, key, tag);

	if (o)
		return o;
	o = wr_rows_make(rows, key, tag, weigh, gone, d);
	memset(&o->step, 0, sizeof(*o) - offsetof(struct offerer, step));
	return o;
}

/* Clients ask for what they want, so of DHCP only what both answers have can differ: routers in one
 * half of the number, DNS servers in the other (detect/offer.h). With nothing in common they do. */
static bool says_same(uint16_t kind, uint64_t a, uint64_t b)
{
	static const uint64_t halves[] = {UINT32_MAX, (uint64_t)UINT32_MAX << 32};
	bool common = false;

	if (kind == WR_OFFER_ROUTER || a == b)
		return a == b;
	for (int i = 0; i < 2; i++) {
		uint64_t x = a & halves[i], y = b & halves[i];

		if (x && y && x != y)
			return false;
		common |= x && y;
	}
	return common;
}

/* What is not in this answer stays as it was. */
static uint64_t says_now(uint16_t kind, uint64_t was, uint64_t is)
{
	if (kind == WR_OFFER_ROUTER)
		return is;
	if (!(is & UINT32_MAX))
		is |= was & UINT32_MAX;
	if (!(is >> 32))
		is |= was >> 32 << 32;
	return is;
}

static bool is_rival(const struct offerer *k, const struct offerer *o)
{
	return (k->known || k->doubted) && k != o && k->key.port == o->key.port &&
	       k->key.tag == o->key.tag;
}

/* Those of the same kind and link that are known, or doubted; same: one of them says the same. */
static uint32_t known(const struct wr_detect *d, const struct offerer *o, uint64_t says, bool *same)
{
	const struct wr_rows *rows = &d->offers->rows;
	uint32_t n = 0;

	*same = false;
	for (uint32_t i = 0; i < rows->used; i++) {
		const struct offerer *k = wr_rows_at(rows, i);

		if (!is_rival(k, o))
			continue;
		n++;
		*same |= says_same(o->key.port, k->says, says);
	}
	return n;
}

static struct rogues *rogues_of(struct wr_detect *d, const struct offerer *o)
{
	return &d->offers->rogues[o->key.port == WR_OFFER_ROUTER];
}

static struct rogue rogue_of(const struct offerer *o, enum wr_severity severity)
{
	return (struct rogue){.key = o->key, .severity = severity, .times = o->times};
}

static struct wr_finding *told(struct wr_detect *d, const struct offerer *o,
			       enum wr_severity severity)
{
	struct rogue r = rogue_of(o, severity);

	return rogue_told(d, rogues_of(d, o), &r);
}

static void tell_offerer(struct wr_detect *d, const struct offerer *o, uint32_t others,
			 bool differs, enum wr_severity severity)
{
	struct wr_finding *f = told(d, o, severity);

	if (!f)
		return;
	evidence_only(f, WR_FEATURE_OFFERS, o->times);
	evidence_only(f, WR_FEATURE_KNOWN, others);
	evidence_only(f, WR_FEATURE_DIFFERS, differs);
	tell(d, f);
}

/* ---- who is right ---- */

/* Who says otherwise, and did within a day: the next one from row *at on. NULL: nobody. */
static struct offerer *opponent(const struct wr_detect *d, const struct offerer *o, uint32_t *at)
{
	const struct wr_rows *rows = &d->offers->rows;

	while (*at < rows->used) {
		struct offerer *k = wr_rows_at(rows, (*at)++);

		if (is_rival(k, o) && d->step - k->step < DAY &&
		    !says_same(o->key.port, k->says, o->says))
			return k;
	}
	return NULL;
}

static bool listed(const struct wr_detect *d, const struct wr_talk_key *key)
{
	const struct wr_detect_tune *t = &d->conf.tune;

	for (uint32_t i = 0; i < t->n_known; i++)
		if (t->known[i].ip_v == key->ip_v && !memcmp(t->known[i].addr, key->addr, 16))
			return true;
	return false;
}

/* Little is known, and they do not say the same: being first is no proof. */
static void doubt(const struct wr_detect *d, struct offerer *o)
{
	struct offerer *k;

	for (uint32_t at = 0; (k = opponent(d, o, &at));) {
		if (listed(d, &k->key))
			continue;
		k->known = false;
		o->doubted = k->doubted = true;
	}
}

/* Both are told: at first, when little time has passed no more, and once a day. */
static void tell_doubted(struct wr_detect *d, struct offerer *o, bool cold)
{
	enum wr_severity severity = cold ? WR_SEVERITY_LOW : WR_SEVERITY_HIGH;
	bool known_one = false, again = o->told_step && d->step - o->told_step < DAY;
	bool was_cold = o->told_step < BEGIN_STEP + COLD_STEPS;
	struct wr_finding *f;
	struct offerer *k;
	uint32_t n = 0;

	if ((again && (cold || !was_cold)) || rogue_is_flooded(d, rogues_of(d, o)))
		return;
	f = told(d, o, severity);
	for (uint32_t at = 0; (k = opponent(d, o, &at)); n++) {
		k->told_step = d->step;
		known_one |= k->known;
		if (f && !k->known) {
			struct rogue r = rogue_of(k, severity);

			rogue_source(f, &r);
		}
	}
	o->told_step = d->step;
	if (!f)
		return;
	evidence_only(f, WR_FEATURE_OFFERS, o->times);
	evidence_only(f, WR_FEATURE_KNOWN, known_one);
	evidence_only(f, WR_FEATURE_DIFFERS, 1);
	tell(d, f);
}

/* One that is doubted. */
static void doubted(struct wr_detect *d, struct offerer *o, bool cold)
{
	uint32_t at = 0;

	if (listed(d, &o->key) || !opponent(d, o, &at)) {
		o->known = true;
		o->doubted = false;
	} else {
		tell_doubted(d, o, cold);
	}
}

/* Those of the last ten seconds. Of more links than there is room for the oldest is forgotten. */
static struct adverts *adverts_of(struct wr_detect *d, uint16_t tag)
{
	struct adverts *a = d->offers->link, *old = a;

	for (; a < d->offers->link + LINKS; a++) {
		if (a->n && a->tag == tag && d->step - a->since <= FLOOD_STEPS)
			return a;
		if (a->n && a->tag == tag) {
			old = a;
			break;
		}
		if (a->since < old->since)
			old = a;
	}
	*old = (struct adverts){.since = d->step, .tag = tag};
	return old;
}

/* True: it is part of a flood. */
static bool is_flood(struct wr_detect *d, const struct offerer *o, uint64_t says)
{
	struct rogue r = rogue_of(o, WR_SEVERITY_HIGH);
	struct adverts *all;
	struct wr_finding *f;
	double prefixes;

	if (o->known && o->says == says) /* as ever */
		return false;
	all = adverts_of(d, o->key.tag);
	all->n++;
	all->prefixes[says >> 6 & (WORDS - 1)] |= 1ull << (says & 63);
	prefixes = linear_count(all->prefixes, WORDS);
	if (prefixes < FLOOD_PREFIXES)
		return false;
	f = rogue_floods(d, rogues_of(d, o), &r);
	if (!f)
		return true;
	evidence_only(f, WR_FEATURE_PREFIXES, round(prefixes));
	evidence_only(f, WR_FEATURE_OFFERS, all->n);
	evidence_only(f, WR_FEATURE_WINDOW, (d->step - all->since + 1) / (double)STEPS);
	f->start_ns = step_end(d) - (d->step - all->since + 1) * WR_DETECT_STEP_NS;
	f->score = prefixes / FLOOD_PREFIXES;
	tell(d, f);
	return true;
}

/* One that is known. Servers behind relays answer by several stations, but say the same then. */
static void again(struct wr_detect *d, struct offerer *o, const struct wr_offer *in)
{
	bool router = in->kind == WR_OFFER_ROUTER, moved, same;
	bool differs = !says_same(o->key.port, o->says, in->says);

	moved = in->station && o->station && in->station != o->station;
	if (moved && (router || differs)) {
		tell_offerer(d, o, known(d, o, in->says, &same), differs, WR_SEVERITY_HIGH);
		return;
	}
	if (in->offers)
		o->says = says_now(o->key.port, o->says, in->says);
}

/* One that gives out the same, or is listed: that there are two is worth knowing. */
static void tell_second(struct wr_detect *d, const struct offerer *o, uint32_t others)
{
	const struct wr_victim link = {0};

	if (!listed(d, &o->key) && !found(d, rogues_of(d, o)->klass, &link))
		tell_offerer(d, o, others, false, WR_SEVERITY_INFO);
}

static void offered(struct wr_detect *d, const struct wr_talk_key *key, const struct wr_offer *in)
{
	struct offerer *o = offerer_of(d, key);
	bool cold = d->step < BEGIN_STEP + COLD_STEPS && !d->offers->read, same;
	bool flood = in->kind == WR_OFFER_ROUTER && is_flood(d, o, in->says);
	uint32_t others;

	o->step = d->step;
	o->times += o->times < UINT32_MAX;
	if (flood)
		return;
	if (o->known) {
		again(d, o, in);
		return;
	}
	if (!in->offers) /* not the way out: the border of a network of its own */
		return;
	o->station = in->station;
	o->says = in->says;
	if (o->doubted) {
		doubted(d, o, cold);
		return;
	}
	others = known(d, o, in->says, &same);
	o->known = !others || (cold && same) || listed(d, key);
	if (o->known && others)
		tell_second(d, o, others);
	if (o->known)
		return;
	if (cold && !same && o->times >= SURE) {
		doubt(d, o);
		if (o->doubted) {
			tell_doubted(d, o, cold);
			return;
		}
	}
	if (!cold || o->times >= SURE)
		tell_offerer(d, o, others, !same,
			     cold || same ? WR_SEVERITY_LOW : WR_SEVERITY_HIGH);
}

uint16_t link_of(const char *iface)
{
	uint64_t h = 0;

	while (iface && *iface)
		h = wr_mix(h + (uint8_t)*iface++);
	return (uint16_t)h;
}

void offers_packet(struct wr_detect *d, const struct wr_packet *pkt, const struct wr_rec *rec)
{
	struct wr_talk_key key = {0};
	struct wr_offer in;

	if (!wr_offer_read(&in, pkt, rec))
		return;
	memcpy(key.addr, in.addr, sizeof(key.addr));
	key.ip_v = in.ip_v;
	key.port = (uint16_t)in.kind;
	key.tag = link_of(pkt->iface);
	offered(d, &key, &in);
}

/* ---- from one run to the next ---- */

bool offers_next(const struct wr_detect *d, uint32_t *at, struct wr_offer_known *out)
{
	const struct wr_rows *rows = &d->offers->rows;

	while (*at < rows->used) {
		const struct offerer *o = wr_rows_at(rows, (*at)++);

		if (!o->known && !o->doubted)
			continue;
		*out = (struct wr_offer_known){.key = o->key,
					       .says = o->says,
					       .station = o->station,
					       .doubted = o->doubted};
		return true;
	}
	return false;
}

void offers_known(struct wr_detect *d, const struct wr_offer_known *in)
{
	struct offerer *o;

	if (in->key.port >= WR_OFFER_KINDS)
		return;
	o = offerer_of(d, &in->key);
	o->known = !in->doubted;
	o->doubted = in->doubted;
	o->says = in->says;
	o->step = d->step;
	o->times = 1;
	o->station = in->station;
	d->offers->read = true;
}
