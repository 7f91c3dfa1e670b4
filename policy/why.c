/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/why.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "capture/filter.h"
#include "model/model.h"
#include "policy/policy_impl.h"

enum { SHOWN = 120 }; /* bytes of a clause */

struct asking {
	const struct wr_policy *p;
	const struct wr_verdict_packet *pkt;
	const struct wr_rule *rule;
	const struct wr_hdr *h;
};

/* ---- does it match? ---- */

static bool way_matches(struct asking *a)
{
	return a->rule->out == a->pkt->out;
}

static bool on_matches(struct asking *a)
{
	for (size_t i = 0; i < a->rule->n_ifaces; i++)
		if (!strcmp(a->rule->ifaces[i], a->pkt->iface))
			return true;
	return false;
}

static bool in_prefixes(const struct wr_prefixes *s, const struct wr_hdr *h)
{
	for (size_t i = 0; i < s->n; i++)
		if (wr_prefix_has(&s->at[i], h->ip_v, h->src))
			return true;
	return false;
}

static bool from_matches(struct asking *a)
{
	const struct wr_rule *r = a->rule;
	bool in;

	if (!(a->h->has & WR_H_IP))
		return false;
	in = in_prefixes(&r->from, a->h);
	for (size_t i = 0; i < r->n_from_sets && !in; i++)
		in = in_prefixes(&a->p->set[r->from_sets[i]].all, a->h);
	return in != r->not_from;
}

static bool is_target(const struct wr_target *t, const struct wr_hdr *h)
{
	if (t->addr.ip_v && !wr_prefix_has(&t->addr, h->ip_v, h->dst))
		return false;
	if (t->proto >= 0 && (!(h->has & WR_H_PROTO) || h->proto != t->proto))
		return false;
	if (!t->port && !t->port_to)
		return true;
	return h->has & WR_H_PORTS && h->dport >= t->port && h->dport <= t->port_to;
}

static bool to_matches(struct asking *a)
{
	for (size_t i = 0; a->h->has & WR_H_IP && i < a->rule->n_to; i++)
		if (is_target(&a->rule->to[i], a->h))
			return true;
	return false;
}

static bool host_matches(struct asking *a)
{
	(void)a;
	return false;
}

static bool where_matches(struct asking *a)
{
	const struct wr_verdict_packet *pkt = a->pkt;
	struct wr_filter *f = NULL;
	bool chosen;

	/* What cannot be asked of this link type chooses nothing. */
	if (!pkt->data || wr_filter_open(&f, a->rule->where, (int)pkt->linktype, NULL))
		return false;
	chosen = wr_filter_match(f, pkt->data, pkt->caplen, pkt->len);
	wr_filter_close(&f);
	return chosen;
}

static int64_t second_of(const struct wr_verdict_packet *pkt)
{
	return (int64_t)(pkt->ts_ns / 1000000000u);
}

static bool at_matches(struct asking *a)
{
	return wr_schedule_has(&a->rule->at, second_of(a->pkt));
}

static bool until_matches(struct asking *a)
{
	return a->rule->until_s > second_of(a->pkt);
}

static const struct wr_model *model_of(const struct asking *a)
{
	return a->p->model[a->rule->model - 1].model;
}

/* Worked out tree by tree, not by the image. */
static uint32_t sum_of(const struct asking *a)
{
	struct wr_model_values v = {0};

	if (a->pkt->traffic)
		v = *a->pkt->traffic;
	wr_model_see(&v, a->pkt->rec, a->h == &a->pkt->rec->hdr[1], a->pkt->len);
	return wr_model_walk(model_of(a), &v);
}

static bool score_matches(struct asking *a)
{
	return sum_of(a) >= wr_model_least(model_of(a), a->rule->score);
}

/* ---- does the rule ask for it? ---- */

static bool has_way(const struct wr_rule *r)
{
	(void)r;
	return true;
}

static bool has_on(const struct wr_rule *r)
{
	return r->n_ifaces;
}

static bool has_from(const struct wr_rule *r)
{
	return r->from.n || r->n_from_sets;
}

static bool has_to(const struct wr_rule *r)
{
	return r->n_to;
}

static bool has_host(const struct wr_rule *r)
{
	return r->host;
}

static bool has_where(const struct wr_rule *r)
{
	return r->where;
}

static bool has_score(const struct wr_rule *r)
{
	return r->model;
}

static bool has_at(const struct wr_rule *r)
{
	return r->at.days || r->at.from_min != r->at.to_min;
}

static bool has_until(const struct wr_rule *r)
{
	return r->until_s;
}

/* ---- what is told ---- */

/* A clause as it stands in the rule, not too long. */
static void clause(struct wr_buf *b, const struct wr_policy *p, const struct wr_rule *r,
		   void (*print)(const struct wr_policy_writer *w), const char *word)
{
	struct wr_buf text = {0};
	struct wr_policy_writer w = {.b = &text, .p = p, .rule = r};
	const char *s;

	print(&w);
	s = wr_buf_text(&text);
	if (!strncmp(s, word, strlen(word)))
		s += strlen(word);
	if (strlen(s) > SHOWN)
		wr_buf_fmt(b, "%.*s...", SHOWN, s);
	else
		wr_buf_str(b, s);
	wr_buf_free(&text);
}

static void address(struct wr_buf *b, const struct wr_hdr *h, const uint8_t addr[16])
{
	struct wr_prefix one = {.ip_v = h->ip_v, .bits = h->ip_v == 4 ? 32 : 128};

	memcpy(one.addr, addr, h->ip_v == 4 ? 4 : 16);
	wr_prefix_print(b, &one);
}

static void tell_way(struct wr_buf *b, const struct asking *a)
{
	wr_buf_str(b,
		   a->rule->out ? "it is of packets that leave" : "it is of packets that arrive");
}

static void tell_on(struct wr_buf *b, const struct asking *a)
{
	if (a->pkt->iface[0])
		wr_buf_fmt(b, "it came in on %s, not on ", a->pkt->iface);
	else
		wr_buf_str(b, "its interface is not known; asked for is ");
	clause(b, a->p, a->rule, wr_policy_print_on, " on ");
}

static void tell_from(struct wr_buf *b, const struct asking *a)
{
	if (!(a->h->has & WR_H_IP)) {
		wr_buf_str(b, "it has no source address that could be read");
		return;
	}
	wr_buf_str(b, "source ");
	address(b, a->h, a->h->src);
	wr_buf_str(b, a->rule->not_from ? " is in " : " is not in ");
	clause(b, a->p, a->rule, wr_policy_print_from, a->rule->not_from ? " not from " : " from ");
}

static void tell_to(struct wr_buf *b, const struct asking *a)
{
	const struct wr_hdr *h = a->h;
	struct wr_target t = {.proto = h->has & WR_H_PROTO ? h->proto : -1,
			      .addr = {.ip_v = h->ip_v, .bits = h->ip_v == 4 ? 32 : 128}};

	if (!(h->has & WR_H_IP)) {
		wr_buf_str(b, "it is no IP packet that could be read");
		return;
	}
	if (h->has & WR_H_PORTS)
		t.port = t.port_to = h->dport;
	memcpy(t.addr.addr, h->dst, h->ip_v == 4 ? 4 : 16);
	wr_buf_str(b, "it is to ");
	wr_policy_print_target(b, &t);
	wr_buf_str(b, h->has & WR_H_FRAG && h->frag_off
			      ? " (a later fragment, without ports), not to "
			      : ", not to ");
	clause(b, a->p, a->rule, wr_policy_print_to, " to ");
}

static void tell_host(struct wr_buf *b, const struct asking *a)
{
	wr_buf_fmt(b, "host %s is known of a flow, not of a packet", a->rule->host);
}

static void tell_where(struct wr_buf *b, const struct asking *a)
{
	wr_buf_str(b, a->pkt->data ? "not chosen by" : "its bytes are not there for");
	clause(b, a->p, a->rule, wr_policy_print_where, " where");
}

static void tell_score(struct wr_buf *b, const struct asking *a)
{
	wr_buf_fmt(b, "its score by %s is %.4f, not over %g", a->p->model[a->rule->model - 1].name,
		   wr_model_score(model_of(a), sum_of(a)), a->rule->score / 1000.0);
	if (wr_model_asks(model_of(a)) & (WR_MODEL_OF_FLOW | WR_MODEL_OF_SOURCE))
		wr_buf_str(b, " (by what is known here of its flow and its source)");
}

static void tell_at(struct wr_buf *b, const struct asking *a)
{
	wr_buf_str(b, "it is not its time:");
	clause(b, a->p, a->rule, wr_policy_print_at, "");
}

static void tell_until(struct wr_buf *b, const struct asking *a)
{
	wr_buf_str(b, "it has ended:");
	clause(b, a->p, a->rule, wr_policy_print_until, "");
}

static const struct part {
	uint32_t bit;
	const char *key;
	bool (*asks)(const struct wr_rule *r);
	bool (*matches)(struct asking *a);
	void (*tell)(struct wr_buf *b, const struct asking *a);
} parts[] = {
	{WR_WHY_WAY, "way", has_way, way_matches, tell_way},
	{WR_WHY_ON, "on", has_on, on_matches, tell_on},
	{WR_WHY_FROM, "from", has_from, from_matches, tell_from},
	{WR_WHY_TO, "to", has_to, to_matches, tell_to},
	{WR_WHY_HOST, "host", has_host, host_matches, tell_host},
	{WR_WHY_WHERE, "where", has_where, where_matches, tell_where},
	{WR_WHY_SCORE, "score", has_score, score_matches, tell_score},
	{WR_WHY_AT, "at", has_at, at_matches, tell_at},
	{WR_WHY_ENDED, "until", has_until, until_matches, tell_until},
};

enum { PARTS = sizeof(parts) / sizeof(parts[0]) };

/* ---- all rules ---- */

static void ask(struct asking *a, uint8_t level, struct wr_why *row)
{
	row->level = level;
	row->differs = row->matches = 0;
	a->h = &a->pkt->rec->hdr[level];
	for (size_t i = 0; i < PARTS; i++) {
		if (!parts[i].asks(a->rule))
			continue;
		if (parts[i].matches(a))
			row->matches |= parts[i].bit;
		else
			row->differs |= parts[i].bit;
	}
}

static enum wr_why_part part_of(const struct wr_policy *p, const struct wr_verdict_of *of,
				uint32_t rule, bool before, bool *classed)
{
	const struct wr_rule *r = &p->rule[rule];

	if (of->rule == (int)rule)
		return WR_WHY_DECIDES;
	if (r->shadow)
		return WR_WHY_SHADOW;
	if (r->action == WR_ACTION_CLASS && (*classed || r->klass != of->klass))
		return WR_WHY_WOULD;
	if (r->action == WR_ACTION_CLASS) {
		*classed = true;
		return WR_WHY_CLASS;
	}
	if (before && (r->action == WR_ACTION_LIMIT || r->action == WR_ACTION_COOKIES))
		return WR_WHY_WITHIN;
	return WR_WHY_WOULD;
}

int wr_why(const struct wr_policy *p, const struct wr_verdict_packet *pkt,
	   const struct wr_verdict_of *of, struct wr_why *rows, struct wr_err *err)
{
	struct asking a = {.p = p, .pkt = pkt};
	uint32_t *order = calloc(p->n_rules + 1, sizeof(*order));
	bool before = true, classed = false;

	if (!order)
		return wr_fail(err, ENOMEM, "out of memory");
	wr_policy_order(p, order);
	for (size_t i = 0; i < p->n_rules; i++) {
		struct wr_why *row = &rows[i];

		row->rule = order[i];
		a.rule = &p->rule[order[i]];
		ask(&a, 0, row);
		if (row->differs && a.rule->inner && pkt->rec->has & WR_HAS_INNER) {
			struct wr_why inner = {.rule = order[i]};

			ask(&a, 1, &inner);
			if (!inner.differs)
				*row = inner;
		}
		row->part =
			row->differs ? WR_WHY_DIFFERS : part_of(p, of, order[i], before, &classed);
		before = before && row->part != WR_WHY_DECIDES;
	}
	free(order);
	return 0;
}

void wr_why_text(struct wr_buf *b, const struct wr_policy *p, const struct wr_why *row,
		 uint32_t bit, const struct wr_verdict_packet *pkt)
{
	struct asking a = {
		.p = p, .pkt = pkt, .rule = &p->rule[row->rule], .h = &pkt->rec->hdr[row->level]};

	for (size_t i = 0; i < PARTS; i++)
		if (parts[i].bit == bit)
			parts[i].tell(b, &a);
}

const char *wr_why_key(uint32_t bit)
{
	for (size_t i = 0; i < PARTS; i++)
		if (parts[i].bit == bit)
			return parts[i].key;
	return NULL;
}
