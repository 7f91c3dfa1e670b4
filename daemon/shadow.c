/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/shadow.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "core/parse.h"
#include "daemon/hosts.h"
#include "policy/verdict.h"

/* For examples, so many kept packets of a window are looked at. */
enum { LOOK = 4096 };

struct wr_shadows {
	uint64_t window; /* of the newest packet */
	uint32_t looked; /* at so many in it */
	struct wr_shadow at[WR_SHADOWS];
	uint32_t n_counting;
	const struct wr_policy *p;    /* borrowed: the one in force */
	uint32_t n_hosts;	      /* rules that name a host */
	struct wr_verdicts *verdicts; /* of the policy in force; NULL: nothing is looked at */
	struct wr_parse parse;
	struct wr_rec rec;
	uint64_t before[WR_SHADOWS]; /* what each rule had matched before the packet in hand */
};

int wr_shadows_open(struct wr_shadows **out, struct wr_err *err)
{
	struct wr_shadows *s = calloc(1, sizeof(*s));

	if (!s)
		return wr_fail(err, ENOMEM, "out of memory");
	s->parse.max_depth = 2;
	*out = s;
	return 0;
}

void wr_shadows_close(struct wr_shadows **shadows)
{
	struct wr_shadows *s = *shadows;

	if (!s)
		return;
	wr_verdicts_close(&s->verdicts);
	free(s);
	*shadows = NULL;
}

/* ---- which rules ---- */

static struct wr_shadow *place_of(struct wr_shadows *s, const char *name)
{
	for (uint32_t i = 0; i < WR_SHADOWS; i++)
		if (!strcmp(s->at[i].name, name))
			return &s->at[i];
	return NULL;
}

/* A free one; else one whose rule is enforced by now. */
static struct wr_shadow *free_place(struct wr_shadows *s)
{
	struct wr_shadow *x = place_of(s, "");

	for (uint32_t i = 0; i < WR_SHADOWS && !x; i++)
		if (!s->at[i].counting)
			x = &s->at[i];
	return x;
}

static void count_rule(struct wr_shadows *s, const struct wr_policy *p, int rule)
{
	const struct wr_rule *r = &p->rule[rule];
	struct wr_shadow *x = place_of(s, r->name);

	if (!x)
		x = free_place(s);
	if (!x)
		return;
	if (!x->counting || strcmp(x->name, r->name) != 0) {
		*x = (struct wr_shadow){.counting = true};
		memcpy(x->name, r->name, sizeof(x->name));
		wr_hits_begin(&x->hits, wr_when_now());
	}
	x->sampled = r->where || r->inner;
	x->rule = rule;
	s->n_counting++;
}

int wr_shadows_follow(struct wr_shadows *s, const struct wr_policy *p, struct wr_err *err)
{
	s->n_counting = s->n_hosts = 0;
	s->p = p;
	for (size_t i = 0; i < p->n_rules; i++)
		s->n_hosts += p->rule[i].host && p->rule[i].action != WR_ACTION_CLASS;
	wr_verdicts_close(&s->verdicts);
	for (uint32_t i = 0; i < WR_SHADOWS; i++) {
		int rule = s->at[i].name[0] ? wr_policy_rule(p, s->at[i].name) : -1;

		if (rule < 0)
			s->at[i].name[0] = 0;
		s->at[i].counting &= rule >= 0 && p->rule[rule].shadow;
	}
	for (size_t i = 0; i < p->n_rules; i++)
		if (p->rule[i].shadow && p->rule[i].action != WR_ACTION_CLASS)
			count_rule(s, p, (int)i);
	return s->n_counting ? wr_verdicts_open(&s->verdicts, p, err) : 0;
}

bool wr_shadows_want(const struct wr_shadows *s)
{
	return s->n_counting && s->verdicts;
}

const struct wr_shadow *wr_shadows_of(const struct wr_shadows *s, const char *rule)
{
	for (uint32_t i = 0; i < WR_SHADOWS; i++)
		if (rule[0] && !strcmp(s->at[i].name, rule))
			return &s->at[i];
	return NULL;
}

/* ---- held against the policy ---- */

/* Of which rules the flow is that has said which host it asked for. */
static void tell_hosts(struct wr_shadows *s, const struct wr_live *live, const struct wr_flow *flow,
		       const struct wr_rec *rec, bool is)
{
	const struct wr_app *app = s->n_hosts && flow ? wr_live_app(live, flow) : NULL;
	const struct wr_hdr *h = &rec->hdr[0];
	struct wr_host_key key = {h->src, h->dst, h->sport, h->dport, h->proto, h->ip_v};

	for (size_t i = 0; app && s->verdicts && i < s->p->n_rules; i++) {
		const struct wr_rule *r = &s->p->rule[i];

		if (r->host && r->action != WR_ACTION_CLASS && wr_hosts_asked_for(app, r->host))
			wr_verdict_host(s->verdicts, (uint32_t)i, &key, is);
	}
}

/* A policy that cannot be held against this (no memory) is not asked again. */
static bool judge(struct wr_shadows *s, const struct wr_verdict_packet *pkt)
{
	struct wr_verdict_of v;
	struct wr_err err;

	for (uint32_t i = 0; i < WR_SHADOWS; i++)
		if (s->at[i].counting)
			s->before[i] =
				wr_verdict_count(s->verdicts, (uint32_t)s->at[i].rule)->packets;
	if (!wr_verdict(s->verdicts, pkt, &v, &err))
		return true;
	wr_verdicts_close(&s->verdicts);
	return false;
}

static bool hit(const struct wr_shadows *s, uint32_t i)
{
	return s->at[i].counting &&
	       wr_verdict_count(s->verdicts, (uint32_t)s->at[i].rule)->packets != s->before[i];
}

/* What a part of a flow has of a packet. */
static void make_rec(struct wr_rec *rec, const struct wr_flow_part *p)
{
	const struct wr_flow_key *k = &p->key;
	struct wr_hdr *h = &rec->hdr[0];

	*rec = (struct wr_rec){.len = (uint32_t)(p->n.bytes / (p->n.packets ? p->n.packets : 1))};
	h->has = WR_H_IP | (k->tag & WR_FLOW_NO_PROTO ? 0 : WR_H_PROTO);
	h->ip_v = k->ip_v;
	h->proto = k->proto;
	memcpy(h->src, k->addr[p->from], sizeof(h->src));
	memcpy(h->dst, k->addr[!p->from], sizeof(h->dst));
	if (!k->port[0] && !k->port[1])
		return;
	h->has |= WR_H_PORTS;
	h->sport = k->port[p->from];
	h->dport = k->port[!p->from];
	if (k->proto != WR_IP_TCP)
		return;
	h->has |= WR_H_TCP;
	h->tcp_flags = p->tcp_flags;
}

void wr_shadows_part(struct wr_shadows *s, struct wr_live *live, const struct wr_live_part *part,
		     const struct wr_flow *flow)
{
	struct wr_verdict_packet pkt = {
		.rec = &s->rec,
		.linktype = WR_LINK_ETHER,
		.iface = wr_live_iface_name(live, part->iface),
		.out = part->out,
		.ts_ns = part->flow.last_ns,
	};

	if (!wr_shadows_want(s) || !pkt.ts_ns)
		return;
	make_rec(&s->rec, &part->flow);
	pkt.len = pkt.caplen = s->rec.len;
	tell_hosts(s, live, flow, &s->rec, true);
	if (!judge(s, &pkt))
		return;
	tell_hosts(s, live, flow, &s->rec, false);
	for (uint32_t i = 0; i < WR_SHADOWS; i++)
		if (hit(s, i) && !s->at[i].sampled)
			wr_hits_add(&s->at[i].hits, part, flow);
}

/* ---- packets that are kept ---- */

/* The place of one of the same source, else the oldest. */
static struct wr_shadow_packet *place_for(struct wr_shadow *x, const uint8_t src[16])
{
	struct wr_shadow_packet *to = &x->packet[0];

	for (int i = 0; i < WR_SHADOW_PACKETS; i++) {
		if (x->packet[i].pkt.ts_ns && !memcmp(x->packet[i].src, src, 16))
			return &x->packet[i];
		if (x->packet[i].pkt.ts_ns < to->pkt.ts_ns)
			to = &x->packet[i];
	}
	return to;
}

static void keep(struct wr_shadow *x, const struct wr_packet *pkt, const struct wr_rec *rec)
{
	uint8_t src[16] = {0};
	struct wr_shadow_packet *to;

	if (rec->hdr[0].has & WR_H_IP)
		memcpy(src, rec->hdr[0].src, rec->hdr[0].ip_v == 4 ? 4 : 16);
	to = place_for(x, src);
	to->pkt = *pkt;
	to->pkt.rec = NULL;
	to->pkt.fate = NULL;
	to->pkt.caplen = pkt->caplen < WR_SHADOW_BYTES ? pkt->caplen : WR_SHADOW_BYTES;
	memcpy(to->src, src, sizeof(src));
	memcpy(to->data, pkt->data, to->pkt.caplen);
	snprintf(to->iface, sizeof(to->iface), "%s", pkt->iface);
	to->pkt.data = to->data;
	to->pkt.iface = to->iface;
}

/* Rules that are told by packets want all of them. */
static bool wants_packet(struct wr_shadows *s, uint64_t window)
{
	if (s->window != window) {
		s->window = window;
		s->looked = 0;
	}
	if (s->looked++ < LOOK)
		return true;
	for (uint32_t i = 0; i < WR_SHADOWS; i++)
		if (s->at[i].counting && s->at[i].sampled)
			return true;
	return false;
}

/* The flow of a packet, in *f; NULL: it is not known. */
static const struct wr_flow *flow_of(struct wr_live *live, const struct wr_rec *rec,
				     struct wr_live_part *part, struct wr_flow *f)
{
	uint32_t row;

	if (!(rec->hdr[0].has & WR_H_IP))
		return NULL;
	part->flow.from = wr_flow_key_make(&part->flow.key, rec);
	row = wr_flow_find(wr_live_flows(live), &part->flow.key);
	if (row == UINT32_MAX)
		return NULL;
	*f = wr_flow_row(wr_live_flows(live), row);
	return f;
}

void wr_shadows_packet(struct wr_shadows *s, struct wr_live *live, const struct wr_packet *pkt)
{
	struct wr_verdict_packet asked = {
		.rec = &s->parse.rec,
		.data = pkt->data,
		.caplen = pkt->caplen,
		.len = pkt->len,
		.linktype = pkt->linktype,
		.iface = pkt->iface,
		.out = pkt->hook == WR_HOOK_TC_OUT,
		.ts_ns = pkt->ts_ns,
	};
	struct wr_live_part part = {.flow.n = {1, pkt->len}, .out = asked.out};
	const struct wr_flow *flow;
	struct wr_flow f;

	if (!wr_shadows_want(s) || !pkt->data || !pkt->ts_ns ||
	    !wants_packet(s, wr_live_totals(live)->window))
		return;
	wr_parse(&s->parse, pkt->data, pkt->caplen, pkt->len, pkt->linktype);
	flow = flow_of(live, &s->parse.rec, &part, &f);
	tell_hosts(s, live, flow, &s->parse.rec, true);
	if (!judge(s, &asked))
		return;
	tell_hosts(s, live, flow, &s->parse.rec, false);
	for (uint32_t i = 0; i < WR_SHADOWS; i++) {
		if (!hit(s, i))
			continue;
		keep(&s->at[i], pkt, &s->parse.rec);
		if (s->at[i].sampled && s->parse.rec.hdr[0].has & WR_H_IP)
			wr_hits_add(&s->at[i].hits, &part, flow);
	}
}
