/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "core/proto.h"
#include "core/reason.h"
#include "detect/evasion.h"
#include "detect/impl.h"

/*
 * Malformed packets: headers that contradict each other, counted over a minute for each address
 * that they are sent to, against what is usual there and a floor. Why they are malformed is known
 * of those that come here whole: all of a file, some of a running host. Of what is sent to get past
 * somebody (evasion) only those are counted.
 */

enum { PLACES = 1024, MINUTE = 60 * STEPS, WORDS = 4, USUAL = 5, PORTS = 4 };
enum { REASONS = WR_BAD_COUNT + WR_EVASION_COUNT };

struct place {
	struct wr_talk_key key; /* ip_v 0: of those without an address that can be read */
	uint32_t step, since;	/* since: of this minute */
	uint32_t n, before;	/* so many, and in the minute before */
	uint32_t weak;		/* minutes in a row in which they were not too many */
	uint64_t first_ns;
	struct wr_norm norm; /* of n, a minute is a second */
	uint8_t from[16];    /* by majority (Boyer and Moore) */
	uint32_t votes;
	uint64_t sources[WORDS];
	uint16_t port[PORTS]; /* that the last ones with such TCP flags were for */
	uint8_t at;	      /* the one that makes room */
	uint32_t reason[REASONS];
};

struct broken {
	struct wr_rows rows;
};

int broken_open(struct wr_detect *d)
{
	d->broken = calloc(1, sizeof(*d->broken));
	return d->broken ? wr_rows_open(&d->broken->rows, sizeof(struct place), PLACES) : -1;
}

void broken_close(struct wr_detect *d)
{
	if (d->broken)
		wr_rows_close(&d->broken->rows);
	free(d->broken);
}

static uint64_t weigh(const void *ctx, const void *row)
{
	const struct wr_detect *d = ctx;
	const struct place *p = row;

	return d->step - p->step > MINUTE ? 0 : p->n;
}

static void gone(void *ctx, const void *row)
{
	(void)ctx, (void)row;
}

/* Minutes that are over are learned, but for those in which it was found: until there were many in
 * a row that would not be. */
static void end_minute(struct wr_detect *d, struct place *p)
{
	uint32_t minutes = (d->step - p->since) / MINUTE;
	struct wr_victim v = victim_of(p->key.addr, p->key.ip_v);

	if (!minutes)
		return;
	p->weak = p->n < d->conf.tune.malformed ? p->weak + minutes : 0;
	if (!found(d, WR_CLASS_MALFORMED, &v) || p->weak > WEAK_MINUTES) {
		wr_norm_learn(&p->norm, p->n);
		wr_norm_rest(&p->norm, minutes - 1);
	}
	p->since += minutes * MINUTE;
	p->before = minutes == 1 ? p->n : 0;
	p->n = p->votes = 0;
	p->first_ns = 0;
	memset(p->sources, 0, sizeof(p->sources));
	memset(p->reason, 0, sizeof(p->reason));
}

static struct place *place_of(struct wr_detect *d, const uint8_t addr[16], uint8_t ip_v)
{
	struct wr_rows *rows = &d->broken->rows;
	struct wr_talk_key key = {.ip_v = ip_v};
	struct place *p;
	uint32_t tag;

	memcpy(key.addr, addr, ip_v == 4 ? 4 : 16);
	tag = wr_rows_hash(rows, &key);
	p = wr_rows_find(rows, &key, tag);
	if (!p) {
		p = wr_rows_make(rows, &key, tag, weigh, gone, d);
		memset(&p->step, 0, sizeof(*p) - offsetof(struct place, step));
		p->since = d->step;
	}
	end_minute(d, p);
	p->step = d->step;
	return p;
}

static uint32_t first_reason(const struct place *p, uint32_t *all)
{
	uint32_t best = 0;

	*all = 0;
	for (uint32_t i = 0; i < REASONS; i++) {
		*all += p->reason[i];
		if (p->reason[i] > p->reason[best])
			best = i;
	}
	return best;
}

/* Is that more than is fine there in a minute? More than usual it has to be in any case. */
static bool are_too_many(const struct wr_detect *d, const struct place *p,
			 const struct wr_victim *v, double n, double least)
{
	const struct wr_detect_fixed *set = fixed_of(d, WR_CLASS_MALFORMED, v);

	return set ? n >= set->at : n >= least && n > wr_norm_most(&p->norm, USUAL);
}

/* They were told; do they go on? */
static void go_on(struct wr_detect *d, const struct place *p, const struct wr_victim *v)
{
	double n = slide(p->before, p->n, d->step - p->since, MINUTE);
	struct wr_finding *f = found(d, WR_CLASS_MALFORMED, v);

	if (f && are_too_many(d, p, v, n, d->conf.tune.malformed / (double)GOES_ON))
		renew_weakly(d, f);
}

static void look(struct wr_detect *d, struct place *p)
{
	struct wr_victim v = victim_of(p->key.addr, p->key.ip_v);
	uint32_t reason, all;
	struct wr_finding *f;
	bool is_new;

	if (!p->key.ip_v)
		v.prefix = 0;
	if (!are_too_many(d, p, &v, p->n, d->conf.tune.malformed)) {
		go_on(d, p, &v);
		return;
	}
	if (p->key.ip_v && is_busy(d, p->key.addr, p->key.ip_v) &&
	    !found(d, WR_CLASS_MALFORMED, &v))
		return; /* a flood that is told has them */
	f = find(d, WR_CLASS_MALFORMED, &v, &is_new);
	if (!f || !is_new)
		return;
	evidence(f, WR_FEATURE_BROKEN, p->n, &p->norm, MINUTE / STEPS);
	reason = first_reason(p, &all);
	if (all) {
		evidence_only(f, WR_FEATURE_REASON, reason);
		evidence_only(f, WR_FEATURE_REASON_SHARE, (double)p->reason[reason] / all);
	}
	evidence_only(f, WR_FEATURE_SOURCES, round(linear_count(p->sources, WORDS)));
	evidence_only(f, WR_FEATURE_WINDOW, (d->step - p->since + 1) / (double)STEPS);
	if (p->votes)
		only_source(f, p->from, p->key.ip_v, p->votes);
	if (p->first_ns)
		f->start_ns = p->first_ns;
	tell(d, f);
}

static void add(struct place *p, const uint8_t from[16], uint32_t n, uint64_t ns)
{
	uint64_t h = addr_hash(from);

	p->sources[h >> 6 & (WORDS - 1)] |= 1ull << (h & 63);
	if (!memcmp(p->from, from, 16)) {
		p->votes++;
	} else if (p->votes) {
		p->votes--;
	} else {
		memcpy(p->from, from, 16);
		p->votes = 1;
	}
	if (!p->n)
		p->first_ns = ns;
	p->n += n;
}

void broken_part(struct wr_detect *d, const struct part *a)
{
	const struct wr_flow_part *part = &a->p->flow;
	const uint8_t *to = part->key.addr[a->to];
	struct place *p;

	if (!(a->p->facts & WR_FACT_BAD) || for_many(to, part->key.ip_v))
		return;
	p = place_of(d, to, part->key.ip_v);
	add(p, part->key.addr[a->from], (uint32_t)a->n, part->last_ns);
	look(d, p);
}

/* A scan has them, too: each for another port. */
static bool is_scan(struct place *p, enum wr_evasion e, uint16_t port)
{
	if (e != WR_EVASION_SYN_FIN && e != WR_EVASION_NO_ACK)
		return false;
	for (int i = 0; i < PORTS; i++)
		if (p->port[i] == port)
			return false;
	p->port[p->at++ % PORTS] = port;
	return true;
}

static void evasion_packet(struct wr_detect *d, const struct wr_packet *pkt,
			   const struct wr_rec *rec)
{
	const struct wr_hdr *h = &rec->hdr[0];
	enum wr_evasion e = wr_evasion_of(rec);
	uint8_t from[16] = {0};
	struct place *p;

	if (e == WR_EVASION_COUNT || for_many(h->dst, h->ip_v))
		return;
	p = place_of(d, h->dst, h->ip_v);
	if (is_scan(p, e, h->dport))
		return;
	memcpy(from, h->src, h->ip_v == 4 ? 4 : 16);
	p->reason[WR_BAD_COUNT + e]++;
	add(p, from, 1, pkt->ts_ns);
	look(d, p);
}

/* Why; and those whose addresses cannot be read, which no part tells of. */
void broken_packet(struct wr_detect *d, const struct wr_packet *pkt, const struct wr_rec *rec)
{
	static const uint8_t nowhere[16];
	const struct wr_hdr *h = &rec->hdr[0];
	bool ip = h->has & WR_H_IP;
	struct place *p;

	if (rec->bad <= WR_BAD_STEPS) {
		evasion_packet(d, pkt, rec);
		return;
	}
	if (rec->bad >= WR_BAD_COUNT || (ip && for_many(h->dst, h->ip_v)))
		return;
	p = place_of(d, ip ? h->dst : nowhere, ip ? h->ip_v : 0);
	p->reason[rec->bad]++;
	if (ip)
		return;
	if (!p->n++)
		p->first_ns = pkt->ts_ns;
	look(d, p);
}
