/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/sample.h"

#include "base/mem.h"
#include "core/proto.h"
#include "detect/blame.h"

int samples_open(struct wr_detect *d)
{
	d->samples = wr_mem_map(sizeof(*d->samples));
	return d->samples ? 0 : -1;
}

void samples_close(struct wr_detect *d)
{
	wr_mem_unmap(d->samples, sizeof(*d->samples));
}

/* As a rule would see them: what pads a short frame is read, too. */
static void take_words(struct sample *s, const struct wr_packet *pkt, const struct wr_hdr *h)
{
	uint32_t at = h->payload_off, end = pkt->len;

	if (!(h->has & WR_H_PAYLOAD) || !(h->has & (WR_H_TCP | WR_H_PORTS)))
		return;
	if (h->has & WR_H_TCP) {
		if (at < h->tcp_opt_len) /* behind 64 KiB of extension headers it is no offset */
			return;
		end = at;
		at -= h->tcp_opt_len;
	}
	for (; s->n_words < SAMPLE_WORDS && at + 2 <= end; at += 2, s->n_words++) {
		if (at + 2 > pkt->caplen)
			continue;
		s->word[s->n_kept++] = (uint16_t)(pkt->data[at] << 8 | pkt->data[at + 1]);
	}
}

void samples_packet(struct wr_detect *d, const struct wr_packet *pkt, const struct wr_rec *rec)
{
	const struct wr_hdr *h = &rec->hdr[0];
	struct sample *s;

	if (!(h->has & WR_H_IP))
		return;
	s = &d->samples->recent[d->samples->n++ % SAMPLES];
	memset(s, 0, sizeof(*s));
	memcpy(s->src, h->src, h->ip_v == 4 ? 4 : 16);
	memcpy(s->dst, h->dst, h->ip_v == 4 ? 4 : 16);
	s->ns = pkt->ts_ns;
	s->len = pkt->len;
	s->ip_v = h->ip_v;
	s->ttl = h->ttl;
	s->proto = h->has & WR_H_PROTO ? h->proto : 0;
	s->next = h->ip_v == 6 && h->has & WR_H_EXT && h->ext_len ? h->ext[0] : s->proto;
	if (h->has & WR_H_FRAG)
		s->frag = h->frag_off ? SAMPLE_LATER : SAMPLE_FIRST;
	if (h->has & WR_H_PORTS) {
		s->sport = h->sport;
		s->dport = h->dport;
	}
	if (h->has & WR_H_TCP) {
		s->tcp_flags = (uint8_t)h->tcp_flags;
		s->tcp_words = (uint8_t)(5 + h->tcp_opt_len / 4);
		s->window = h->window;
	}
	if (h->has & WR_H_ICMP)
		s->icmp_type = h->icmp_type;
	take_words(s, pkt, h);
}

void samples_forget(struct wr_detect *d)
{
	d->samples->n = d->samples->settled = 0;
}

static void count_ttl(struct samples *all, uint32_t bucket, uint8_t ttl)
{
	uint16_t *n = all->ttl[bucket];

	n[ttl]++;
	if (++all->ttls[bucket] < TTLS)
		return;
	all->ttls[bucket] = 0;
	for (uint32_t i = 0; i < 256; i++) {
		n[i] /= 2;
		all->ttls[bucket] = (uint16_t)(all->ttls[bucket] + n[i]);
	}
}

static void keep(struct samples *all, const struct sample *s)
{
	uint16_t service = s->sport < s->dport ? s->sport : s->dport;
	uint32_t opens = (s->tcp_flags & (WR_TCP_SYN | WR_TCP_ACK)) == WR_TCP_SYN;
	uint64_t h = wr_mix(addr_hash(s->dst) + (opens << 24 | (uint32_t)s->proto << 16 | service));
	uint32_t bucket = h & (BUCKETS - 1);

	all->random = wr_mix(all->random + 1);
	all->usual[bucket][all->random % BUCKET] = *s;
	count_ttl(all, bucket, s->ttl);
}

void end_step_samples(struct wr_detect *d)
{
	struct samples *all = d->samples;
	uint64_t old = d->step_ns - SETTLED_S * 1000000000ull;

	if (all->n - all->settled > SAMPLES) /* overwritten before they were old enough */
		all->settled = all->n - SAMPLES;
	while (all->settled != all->n) {
		const struct sample *s = &all->recent[all->settled % SAMPLES];

		if (s->ns > old)
			break;
		if (!is_busy(d, s->dst, s->ip_v) && !is_blamed(d, s->src))
			keep(all, s);
		all->settled++;
	}
}
