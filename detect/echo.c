/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "core/proto.h"
#include "detect/blame.h"
#include "detect/impl.h"

/*
 * ICMP between two hosts that carries data. Who answers a ping gives back what it was sent (RFC
 * 792; RFC 4443, 4.2): sizes that come back and were never sent are somebody's data. Sizes are
 * those of windows in which one packet came. Of more only the mean is known: there what comes back
 * has to be larger in the mean of a minute (cut it may be, by who answers only so much). Errors are
 * no answers, and where only one direction is seen nothing is known of answers.
 */

enum {
	PAIRS = 1024,
	WORDS = 16,
	SPAN = 60 * STEPS,
	ODD = 8,    /* sizes that came back and were not sent, in a minute */
	FAST = 200, /* packets in a minute each way, */
	MORE = 60,  /* and bytes that what comes back has more, in the mean */
};

static const double apart = 0.25; /* and so much of what was sent */

struct way {
	uint64_t packets, bytes;
	uint64_t sizes[WORDS];
};

struct echo {
	struct wr_talk_key key; /* who asks; port and tag: hash of whom */
	double last;		/* what the minute before had, see share() */
	uint32_t since;		/* step in which its minute began */
	uint64_t first_ns;
	struct way asked, answered;
};

struct echoes {
	struct wr_rows rows;
};

int echoes_open(struct wr_detect *d)
{
	d->echoes = calloc(1, sizeof(*d->echoes));
	return d->echoes ? wr_rows_open(&d->echoes->rows, sizeof(struct echo), PAIRS) : -1;
}

void echoes_close(struct wr_detect *d)
{
	if (d->echoes)
		wr_rows_close(&d->echoes->rows);
	free(d->echoes);
}

/* Who says least makes room. */
static uint64_t weigh(const void *ctx, const void *row)
{
	const struct wr_detect *d = ctx;
	const struct echo *e = row;

	return d->step - e->since > 2 * SPAN ? 0 : e->asked.bytes + e->answered.bytes;
}

static void gone(void *ctx, const void *row)
{
	(void)ctx, (void)row;
}

static double mean(const struct way *w)
{
	return (double)w->bytes / fmax(1, (double)w->packets);
}

static double odd_sizes(const struct echo *e)
{
	uint64_t odd[WORDS];

	for (int i = 0; i < WORDS; i++)
		odd[i] = e->answered.sizes[i] & ~e->asked.sizes[i];
	return linear_count(odd, WORDS);
}

/* How much there is of what it takes to be told. */
static double share(const struct echo *e)
{
	double asked = mean(&e->asked), more = mean(&e->answered) - asked;
	double odd = odd_sizes(e) / ODD;

	if (more < MORE || more <= apart * asked)
		return odd;
	return fmax(odd, fmin((double)e->asked.packets, (double)e->answered.packets) / FAST);
}

static struct echo *echo_of(struct wr_detect *d, const struct wr_flow *f, uint64_t now_ns)
{
	struct wr_rows *rows = &d->echoes->rows;
	const struct wr_flow_key *k = &f->key;
	uint32_t tag, whom = (uint32_t)addr_hash(k->addr[!f->opener]);
	struct wr_talk_key key = {
		.port = (uint16_t)whom, .tag = (uint16_t)(whom >> 16), .ip_v = k->ip_v};
	struct echo *e;

	memcpy(key.addr, k->addr[f->opener], 16);
	tag = wr_rows_hash(rows, &key);
	e = wr_rows_find(rows, &key, tag);
	if (e && d->step - e->since < SPAN)
		return e;
	if (!e) {
		e = wr_rows_make(rows, &key, tag, weigh, gone, d);
		e->last = 0;
	} else {
		e->last = d->step - e->since < 2 * SPAN ? share(e) : 0;
	}
	memset(&e->since, 0, sizeof(*e) - offsetof(struct echo, since));
	e->since = d->step;
	e->first_ns = now_ns;
	return e;
}

static bool is_flooded(struct wr_detect *d, const uint8_t addr[16], uint8_t ip_v)
{
	struct wr_victim v = victim_of(addr, ip_v);

	return found(d, WR_CLASS_ICMP_FLOOD, &v) != NULL;
}

/* It was told, and goes on. */
static bool goes_on(struct wr_detect *d, const struct wr_flow *f, const struct echo *e, double now)
{
	struct wr_victim v = victim_of(f->key.addr[!f->opener], f->key.ip_v);
	const struct wr_finding *fi = found(d, WR_CLASS_ICMP_TUNNEL, &v);

	return fi && has_source(fi, f->key.addr[f->opener]) &&
	       slide(e->last, now, d->step - e->since, SPAN) * GOES_ON >= 1;
}

static void tell_echo(struct wr_detect *d, const struct wr_flow *f, const struct echo *e)
{
	struct wr_victim v = victim_of(f->key.addr[!f->opener], f->key.ip_v);
	double odd = odd_sizes(e);
	struct wr_finding *fi;
	bool is_new;

	fi = find(d, WR_CLASS_ICMP_TUNNEL, &v, &is_new);
	if (!fi || !is_new)
		return;
	only_source(fi, f->key.addr[f->opener], f->key.ip_v, (uint32_t)e->asked.packets);
	evidence_only(fi, WR_FEATURE_ATTEMPTS, (double)e->asked.packets);
	evidence_only(fi, WR_FEATURE_MEAN_SIZE, mean(&e->asked));
	evidence_only(fi, WR_FEATURE_ANSWER_SIZE, mean(&e->answered));
	if (odd >= ODD)
		evidence_only(fi, WR_FEATURE_ODD_SIZES, round(odd));
	evidence_only(fi, WR_FEATURE_WINDOW, ((double)step_end(d) - (double)e->first_ns) / 1e9);
	fi->start_ns = e->first_ns;
	fi->score = fmax(1, odd / ODD);
	tell(d, fi);
}

void echo_part(struct wr_detect *d, const struct part *a)
{
	const struct wr_flow_part *p = &a->p->flow;
	const struct wr_flow *f = a->f;
	struct echo *e;
	struct way *w;
	double now;

	if ((p->key.proto != WR_IP_ICMP && p->key.proto != WR_IP_ICMP6) || d->conf.one_way ||
	    a->p->facts & (WR_FACT_ICMP_ERROR | WR_FACT_FRAG | WR_FACT_BAD) ||
	    for_many(p->key.addr[a->to], p->key.ip_v))
		return;
	e = echo_of(d, f, p->last_ns);
	w = a->from == f->opener ? &e->asked : &e->answered;
	w->packets += a->n;
	w->bytes += p->n.bytes;
	if (a->n == 1) {
		uint64_t h = wr_mix(p->n.bytes);

		w->sizes[h >> 6 & (WORDS - 1)] |= 1ull << (h & 63);
	}
	if (w == &e->asked)
		return;
	now = share(e);
	if ((now >= 1 || goes_on(d, f, e, now)) &&
	    !is_flooded(d, p->key.addr[a->to], p->key.ip_v) &&
	    !is_flooded(d, p->key.addr[a->from], p->key.ip_v))
		tell_echo(d, f, e);
}
