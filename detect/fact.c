/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/fact.h"

#include <stdio.h>

#include "base/buf.h"
#include "core/proto.h"

/* pcap-filter(7) reads IPv6 by offsets from the fixed header: what an extension header stands
 * between has none of the facts behind it. */
static bool follows(const struct sample *s)
{
	return s->ip_v == 4 || s->next == s->proto;
}

/* Of what stands in a TCP header. */
static uint32_t of_tcp(const struct sample *s, uint32_t v)
{
	if (s->proto != WR_IP_TCP || !follows(s))
		return FACT_NONE;
	if (s->tcp_words)
		return v;
	return s->frag ? FACT_NONE : FACT_LOST;
}

static uint32_t of_words(const struct sample *s, uint8_t proto, uint8_t n)
{
	if (s->proto != proto || !follows(s) || n >= s->n_words)
		return FACT_NONE;
	return n < s->n_kept ? s->word[n] : FACT_LOST;
}

static uint32_t get_flags(const struct sample *s)
{
	return of_tcp(s, s->tcp_flags);
}
static uint32_t get_sport(const struct sample *s)
{
	return follows(s) ? s->sport : FACT_NONE;
}
static uint32_t get_dport(const struct sample *s)
{
	return follows(s) ? s->dport : FACT_NONE;
}
static uint32_t get_frag(const struct sample *s)
{
	return s->frag ? 1 : FACT_NONE;
}
static uint32_t get_next(const struct sample *s)
{
	return follows(s) ? FACT_NONE : s->next;
}
static uint32_t get_icmp(const struct sample *s)
{
	return follows(s) ? s->icmp_type : FACT_NONE;
}
static uint32_t get_len(const struct sample *s)
{
	return s->len < FACT_NONE ? s->len : FACT_NONE;
}
static uint32_t get_words(const struct sample *s)
{
	return of_tcp(s, s->tcp_words);
}
static uint32_t get_window(const struct sample *s)
{
	return of_tcp(s, s->window);
}
static uint32_t get_ttl(const struct sample *s)
{
	return s->ttl;
}

/* text: with the bounds; NULL: not of that IP. Of IPv6, those that are read by their offset behind
 * the fixed header hold where the protocol follows it, which is said once in front of them. */
static const struct field {
	uint32_t (*get)(const struct sample *s); /* NULL: word */
	bool range;
	uint8_t proto;	/* only of that, */
	uint8_t proto2; /* or of that; 0: any */
	bool offset;
	const char *one, *between, *one6, *between6;
	uint8_t word; /* number, of 16 bits: of UDP's payload, of TCP's options */
} fields[FIELDS] = {
	[F_FLAGS] = {get_flags, false, WR_IP_TCP, 0, true, "tcp[13] == %u", NULL, "ip6[53] == %u",
		     NULL},
	[F_SPORT] = {get_sport, false, WR_IP_UDP, WR_IP_TCP, false, "src port %u", NULL,
		     "src port %u", NULL},
	[F_DPORT] = {get_dport, false, WR_IP_UDP, WR_IP_TCP, false, "dst port %u", NULL,
		     "dst port %u", NULL},
	[F_FRAG] = {get_frag, false, 0, 0, false, "ip[6:2] & 0x3fff != 0", NULL, NULL, NULL},
	[F_NEXT] = {get_next, false, 0, 0, false, NULL, NULL, "ip6[6] == %u", NULL},
	[F_ICMP] = {get_icmp, false, WR_IP_ICMP, WR_IP_ICMP6, true, "icmp[0] == %u", NULL,
		    "ip6[40] == %u", NULL},
	[F_LEN] = {get_len, true, 0, 0, false, "len == %u", "len >= %u and len <= %u", "len == %u",
		   "len >= %u and len <= %u"},
	[F_SAYS] = {NULL, false, WR_IP_UDP, 0, true, "udp[8:2] == %u", NULL, "ip6[48:2] == %u",
		    NULL, 0},
	[F_SAYS2] = {NULL, false, WR_IP_UDP, 0, true, "udp[10:2] == %u", NULL, "ip6[50:2] == %u",
		     NULL, 1},
	[F_SAYS3] = {NULL, false, WR_IP_UDP, 0, true, "udp[12:2] == %u", NULL, "ip6[52:2] == %u",
		     NULL, 2},
	[F_WORDS] = {get_words, false, WR_IP_TCP, 0, true, "tcp[12] >> 4 == %u", NULL,
		     "ip6[52] >> 4 == %u", NULL},
	[F_OPTION] = {NULL, false, WR_IP_TCP, 0, true, "tcp[12] >> 4 > 5 and tcp[20:2] == %u", NULL,
		      "ip6[52] >> 4 > 5 and ip6[60:2] == %u", NULL, 0},
	[F_OPTION2] = {NULL, false, WR_IP_TCP, 0, true, "tcp[12] >> 4 > 5 and tcp[22:2] == %u",
		       NULL, "ip6[52] >> 4 > 5 and ip6[62:2] == %u", NULL, 1},
	[F_OPTION3] = {NULL, false, WR_IP_TCP, 0, true, "tcp[12] >> 4 > 6 and tcp[24:2] == %u",
		       NULL, "ip6[52] >> 4 > 6 and ip6[64:2] == %u", NULL, 2},
	[F_WINDOW] = {get_window, false, WR_IP_TCP, 0, true, "tcp[14:2] == %u", NULL,
		      "ip6[54:2] == %u", NULL},
	[F_TTL] = {get_ttl, true, 0, 0, false, "ip[8] == %u", "ip[8] >= %u and ip[8] <= %u",
		   "ip6[7] == %u", "ip6[7] >= %u and ip6[7] <= %u"},
};

uint32_t fact_of(const struct sample *s, uint8_t field)
{
	const struct field *f = &fields[field];

	return f->get ? f->get(s) : of_words(s, f->proto, f->word);
}

bool fact_hits(const struct fact *f, const struct sample *s)
{
	uint32_t v = fact_of(s, f->field);

	return v >= f->lo && v <= f->hi;
}

bool fact_may_hit(const struct fact *f, const struct sample *s)
{
	return fact_of(s, f->field) == FACT_LOST || fact_hits(f, s);
}

bool fact_is_range(uint8_t field)
{
	return fields[field].range;
}

bool fact_fits(uint8_t field, uint8_t ip_v, uint8_t proto)
{
	const struct field *f = &fields[field];

	return (ip_v == 4 ? f->one : f->one6) &&
	       (!f->proto || f->proto == proto || f->proto2 == proto);
}

static void one_text(struct wr_buf *b, const struct fact *f, uint8_t ip_v)
{
	const struct field *is = &fields[f->field];
	const char *one = ip_v == 4 ? is->one : is->one6;
	const char *between = ip_v == 4 ? is->between : is->between6;
	char text[80];

	/* The formats are those of the table. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	if (f->lo == f->hi)
		snprintf(text, sizeof(text), one, f->lo);
	else
		snprintf(text, sizeof(text), between, f->lo, f->hi);
#pragma GCC diagnostic pop
	wr_buf_str(b, text);
}

void facts_text(struct wr_buf *b, const struct fact *f, uint32_t n, uint8_t ip_v, uint8_t proto)
{
	bool behind = false;

	for (uint32_t i = 0; i < n; i++)
		behind |= ip_v == 6 && fields[f[i].field].offset;
	if (behind)
		wr_buf_fmt(b, "ip6[6] == %u", proto);
	for (uint32_t i = 0; i < n; i++) {
		wr_buf_str(b, i || behind ? " and " : "");
		one_text(b, &f[i], ip_v);
	}
}
