/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "detect/impl.h"

/* Who and what: the parts of the last second are looked through when something was found, so that
 * nothing is paid for it while all is well. */

enum {
	SLOTS = 1 << 13, /* a power of two: sources and ports that are told apart */
	HALF = 5,	 /* newest steps, */
	HALF_TIMES = 4, /* of which a client opens a connection in less: a page is opened at once */
};

struct slot {
	uint8_t addr[16];
	uint64_t packets;
	uint32_t parts;
	uint8_t steps; /* of the newest half second, a bit each: in which there is one */
	uint8_t ip_v;
};

struct sums {
	struct slot source[SLOTS];
	uint32_t port[1 << 16], sport[1 << 16];
	uint64_t host_bits[64], source_bits[1 << 9]; /* linear counting */
	struct slot host[64];
};

double linear_count(const uint64_t *bits, uint32_t words)
{
	uint32_t n = words * 64, zero = 0;

	for (uint32_t i = 0; i < words; i++)
		zero += 64 - (uint32_t)__builtin_popcountll(bits[i]);
	return zero ? -(double)n * log((double)zero / n) : n * log(n);
}

/* By open addressing; what finds no room is not told apart from others. */
static struct slot *slot_of(struct slot *slots, uint32_t n, const uint8_t addr[16], uint64_t hash)
{
	for (uint32_t i = 0; i < 8; i++) {
		struct slot *s = &slots[(hash + i) & (n - 1)];

		if (!s->packets) {
			memcpy(s->addr, addr, 16);
			return s;
		}
		if (!memcmp(s->addr, addr, 16))
			return s;
	}
	return NULL;
}

static int by_packets(const void *a, const void *b)
{
	const struct slot *x = a, *y = b;

	if (x->packets != y->packets)
		return x->packets < y->packets ? 1 : -1;
	return memcmp(x->addr, y->addr, sizeof(x->addr));
}

/* More connections than a client makes: so many in a second, or one after the other in half of one,
 * which is known sooner. */
static bool is_heavy(const struct slot *s)
{
	return s->parts >= CLIENT_USUAL || __builtin_popcount(s->steps) >= HALF_TIMES;
}

static void add(struct sums *s, struct profile *p, const struct recent *r, uint64_t end)
{
	uint64_t ago = r->ns < end ? (end - 1 - r->ns) / WR_DETECT_STEP_NS : 0;
	const uint8_t *src = r->key.addr[r->from], *dst = r->key.addr[!r->from];
	uint64_t from = addr_hash(src), to = addr_hash(dst);
	struct slot *slot = slot_of(s->source, SLOTS, src, from >> 20);

	p->packets += r->packets;
	p->parts++;
	p->bytes += r->bytes;
	s->source_bits[from >> 6 & 511] |= 1ull << (from & 63);
	s->host_bits[to >> 6 & 63] |= 1ull << (to & 63);
	p->new_sources += r->kinds & RECENT_NEW_SOURCE ? 1 : 0;
	if (slot) {
		slot->ip_v = r->key.ip_v;
		slot->packets += r->packets;
		slot->parts++;
		slot->steps |= ago < HALF ? (uint8_t)(1u << ago) : 0;
	}
	slot = slot_of(s->host, 64, dst, to >> 20);
	if (slot) {
		slot->packets += r->packets;
		if (slot->packets > p->top_host)
			p->top_host = slot->packets;
	}
	s->port[r->key.port[!r->from]] += r->packets;
	s->sport[r->key.port[r->from]] += r->packets;
}

/* The one with most, if it has a quarter of all; how many there are, up to 64. */
static uint16_t most(const uint32_t *ports, uint64_t all, uint32_t *different)
{
	uint32_t best = 0, n = 0;

	for (uint32_t i = 0; i < 1 << 16; i++) {
		n += ports[i] > 0;
		if (ports[i] > ports[best])
			best = i;
	}
	if (different)
		*different = n > 64 ? 64 : n;
	return (uint64_t)ports[best] * 4 >= all ? (uint16_t)best : 0;
}

static void finish(struct sums *s, struct profile *p, double now_s, double oldest_s)
{
	uint32_t n = 0;

	p->seconds = now_s - oldest_s;
	p->sources = round(linear_count(s->source_bits, 512));
	p->hosts = (uint32_t)lround(linear_count(s->host_bits, 64));
	p->port = most(s->port, p->packets, &p->ports);
	p->sport = most(s->sport, p->packets, NULL);
	for (uint32_t i = 0; i < SLOTS; i++) {
		if (is_heavy(&s->source[i])) {
			p->heavy++;
			p->heavy_parts += s->source[i].parts;
		}
		if (s->source[i].packets)
			s->source[n++] = s->source[i];
	}
	if (n < SLOTS / 2) /* all of them are there */
		p->sources = n;
	qsort(s->source, n, sizeof(*s->source), by_packets);
	p->top_parts = s->source[0].parts;
	for (p->n_top = 0; p->n_top < n && p->n_top < WR_FINDING_SOURCES; p->n_top++) {
		memcpy(p->top[p->n_top].addr, s->source[p->n_top].addr, 16);
		p->top[p->n_top].ip_v = s->source[p->n_top].ip_v;
		p->top[p->n_top].packets = s->source[p->n_top].packets;
	}
}

void profile_of(struct wr_detect *d, recent_is is, const void *ctx, struct profile *p)
{
	static struct sums s; /* large, and nobody else looks */
	uint64_t end = step_end(d), since = end - STEPS * WR_DETECT_STEP_NS, oldest = end;
	uint32_t n = d->n_recent < RECENT ? (uint32_t)d->n_recent : RECENT;

	memset(&s, 0, sizeof(s));
	memset(p, 0, sizeof(*p));
	for (uint32_t i = 1; i <= n; i++) {
		const struct recent *r = &d->recent[(d->n_recent - i) % RECENT];

		if (r->ns < since) {
			oldest = since;
			break;
		}
		if (r->ns < oldest)
			oldest = r->ns;
		if (!is(ctx, r))
			continue;
		add(&s, p, r, end);
		p->first_ns = r->ns;
	}
	if (n < RECENT)
		oldest = since; /* all there was is remembered */
	p->new_sources /= known_share(&d->sources);
	finish(&s, p, (double)end / 1e9, (double)oldest / 1e9);
}

/* By their time: where the kernel counts, parts come in the order of its table. */
double recent_span(const struct wr_detect *d)
{
	uint64_t end = step_end(d), since = end - STEPS * WR_DETECT_STEP_NS, oldest = end;

	if (d->n_recent < RECENT)
		return 1;
	for (uint32_t i = 0; i < RECENT && oldest > since; i++)
		oldest = d->recent[i].ns < oldest ? d->recent[i].ns : oldest;
	if (oldest <= since)
		return 1;
	return fmax(WR_DETECT_STEP_NS, (double)(end - oldest)) / 1e9;
}

uint32_t recent_count(const struct wr_detect *d, recent_is is, const void *ctx, uint32_t late)
{
	uint64_t end = step_end(d), since = end - STEPS * WR_DETECT_STEP_NS;
	uint32_t n = d->n_recent < RECENT ? (uint32_t)d->n_recent : RECENT, have = 0;

	for (uint32_t i = 1; i <= n; i++) {
		const struct recent *r = &d->recent[(d->n_recent - i) % RECENT];

		if (r->ns < since)
			break;
		if (r->ns >= end - late * WR_DETECT_STEP_NS || !is(ctx, r))
			continue;
		have += r->kinds & (RECENT_SYN | RECENT_DONE) &&
					r->tcp_flags & (WR_TCP_ACK | WR_TCP_RST)
				? 1
				: r->packets;
	}
	return have;
}

void profile_evidence(struct wr_finding *f, const struct profile *p)
{
	if (!p->packets)
		return;
	f->start_ns = p->first_ns;
	evidence_only(f, WR_FEATURE_SOURCES, p->sources);
	if (p->sources >= 1 && p->new_sources > 0)
		evidence_only(f, WR_FEATURE_NEW_SHARE, fmin(1, p->new_sources / p->sources));
	evidence_only(f, WR_FEATURE_TOP_SHARE, (double)p->top[0].packets / (double)p->packets);
	evidence_only(f, WR_FEATURE_MEAN_SIZE, (double)p->bytes / (double)p->packets);
	if (p->sport && p->sources > 1)
		evidence_only(f, WR_FEATURE_SOURCE_PORT, p->sport);
	evidence_only(f, WR_FEATURE_WINDOW, p->seconds);
	memcpy(f->source, p->top, sizeof(f->source));
	f->n_sources = p->n_top;
}
