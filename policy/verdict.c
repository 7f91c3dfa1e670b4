/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/verdict.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/filter.h"
#include "policy/image.h"

enum { BUCKET_BITS = 14, MOST_LINES = 8 << 20, LINKS = 4, IFACES = 64 };

/* The expressions of the image, for one link type. */
struct link {
	uint32_t linktype;
	struct wr_filter **filter; /* owned; NULL: none are there for this link type yet */
};

struct wr_verdicts {
	const struct wr_policy *p;
	struct wr_image_built *image;
	uint16_t *slot;
	struct wr_image_iface iface[IFACES];
	uint32_t n_ifaces;
	struct link link[LINKS];
	struct wr_judging judging;
	struct wr_verdict_sums sums;
};

static void forget_link(struct wr_verdicts *v, struct link *l)
{
	for (uint32_t n = 0; v->image && l->filter && n < v->image->n_wheres; n++)
		wr_filter_close(&l->filter[n]);
	free(l->filter);
	l->filter = NULL;
}

static void forget_filters(struct wr_verdicts *v)
{
	for (int i = 0; i < LINKS; i++)
		forget_link(v, &v->link[i]);
}

/* A new image when an interface is met that there was not, or a rule begins or ends. */
static int compile(struct wr_verdicts *v, uint64_t ts_ns, struct wr_err *err)
{
	struct wr_image_built *image = NULL;
	struct wr_image_conf conf = {
		.iface = v->iface,
		.n_ifaces = v->n_ifaces,
		.slot = v->slot,
		.now_s = (int64_t)(ts_ns / 1000000000u),
		.clock_ns = ts_ns,
		.most_lines = MOST_LINES,
	};
	int ret = wr_image_compile(&image, v->p, &conf, err);

	if (ret)
		return ret;
	forget_filters(v);
	wr_image_close(&v->image);
	v->image = image;
	v->judging.image = &image->b.mem;
	return 0;
}

int wr_verdicts_open(struct wr_verdicts **out, const struct wr_policy *p, struct wr_err *err)
{
	struct wr_verdicts *v = calloc(1, sizeof(*v));
	struct wr_judging *j;

	if (!v)
		return wr_fail(err, ENOMEM, "out of memory");
	if (p->n_rules > WR_SLOT_PAST) {
		free(v);
		return wr_fail(err, ENOSPC, "more than %d rules", WR_SLOT_PAST);
	}
	j = &v->judging;
	v->p = p;
	v->slot = calloc(p->n_rules + 1, sizeof(*v->slot));
	j->bucket_bits = BUCKET_BITS;
	j->bucket = calloc(1 << BUCKET_BITS, sizeof(*j->bucket));
	j->frag = calloc(WR_FRAG_LINES, sizeof(*j->frag));
	j->total = calloc(WR_JUDGE_RULES, sizeof(*j->total));
	j->count = calloc(WR_JUDGE_RULES, sizeof(*j->count));
	j->tracks = calloc(WR_TRACK_LINES, sizeof(*j->tracks));
	if (!v->slot || !j->bucket || !j->frag || !j->total || !j->count || !j->tracks) {
		wr_verdicts_close(&v);
		return wr_fail(err, ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < p->n_rules; i++)
		v->slot[i] = (uint16_t)i;
	*out = v;
	return 0;
}

void wr_verdicts_close(struct wr_verdicts **verdicts)
{
	struct wr_verdicts *v = *verdicts;

	if (!v)
		return;
	forget_filters(v);
	wr_image_close(&v->image);
	free(v->slot);
	free(v->judging.bucket);
	free(v->judging.frag);
	free(v->judging.total);
	free(v->judging.count);
	free(v->judging.hosts);
	free(v->judging.tracks);
	free(v);
	*verdicts = NULL;
}

/* The head of the packet's interface. */
static int head_of(struct wr_verdicts *v, const struct wr_verdict_packet *pkt, uint32_t *head,
		   struct wr_err *err)
{
	int64_t now_s = (int64_t)(pkt->ts_ns / 1000000000u);
	uint32_t i = 0;
	int ret = 0;

	while (i < v->n_ifaces &&
	       (v->iface[i].out != pkt->out || strcmp(v->iface[i].name, pkt->iface)))
		i++;
	if (i == IFACES) /* as many as this are not told apart */
		i = 0;
	if (i == v->n_ifaces) {
		snprintf(v->iface[i].name, sizeof(v->iface[i].name), "%s", pkt->iface);
		v->iface[v->n_ifaces++].out = pkt->out;
		ret = compile(v, pkt->ts_ns, err);
	} else if (v->image->next_s && now_s >= v->image->next_s) {
		ret = compile(v, pkt->ts_ns, err);
	}
	if (ret)
		return ret;
	*head = v->image->head[i];
	/* In the kernel that is the interface's index, whatever the direction. */
	for (v->judging.path = 0; strcmp(v->iface[v->judging.path].name, v->iface[i].name);)
		v->judging.path++;
	return 0;
}

static int filters_of(struct wr_verdicts *v, uint32_t linktype, struct wr_filter ***out,
		      struct wr_err *err)
{
	struct link *l = v->link;
	int ret = 0;

	while (l < v->link + LINKS - 1 && l->filter && l->linktype != linktype)
		l++;
	if (l->filter && l->linktype == linktype) {
		*out = l->filter;
		return 0;
	}
	forget_link(v, l);
	l->linktype = linktype;
	l->filter = calloc(v->image->n_wheres + 1, sizeof(*l->filter));
	if (!l->filter)
		return wr_fail(err, ENOMEM, "out of memory");
	for (uint32_t n = 0; n < v->image->n_wheres && !ret; n++)
		ret = wr_filter_open(&l->filter[n], v->image->where[n], (int)linktype, err);
	if (ret)
		forget_link(v, l);
	*out = l->filter;
	return ret;
}

static int ask(struct wr_verdicts *v, const struct wr_verdict_packet *pkt, struct wr_err *err)
{
	struct wr_judge *j = &v->judging.judge;
	struct wr_filter **filter = NULL;
	int ret = pkt->data ? filters_of(v, pkt->linktype, &filter, err) : 0;

	j->where = WR_ASKED;
	for (uint32_t n = 0; filter && !ret && n < v->image->n_wheres; n++)
		if (wr_filter_match(filter[n], pkt->data, pkt->caplen, pkt->len))
			j->where |= 1ull << n;
	return ret;
}

/* Here every SYN over the rate has a service that answers it, and every ACK its connection. */
static int judge(struct wr_verdicts *v, uint32_t head, const struct wr_verdict_packet *pkt,
		 struct wr_err *err)
{
	struct wr_judging *s = &v->judging;
	struct wr_judge *j = &s->judge;
	int ret = 0, what = WR_TURN_END;

	if (wr_judge_begin(s, head))
		what = wr_judge_on(s);
	while (what == WR_TURN_ASK || what == WR_TURN_COOKIE) {
		if (what == WR_TURN_ASK) {
			ret = ask(v, pkt, err);
		} else if (j->cookie == WR_COOKIE_SYN) {
			j->verdict = WR_VERDICT_ANSWER;
			wr_judge_hit(s);
			return 0;
		}
		j->cookie = what == WR_TURN_COOKIE ? WR_COOKIE_DONE : j->cookie;
		what = wr_judge_on(s);
	}
	return ret;
}

static void sum_up(struct wr_verdict_sums *s, const struct wr_verdict_of *of, uint32_t len)
{
	s->verdict[of->verdict].packets++;
	s->verdict[of->verdict].bytes += len;
	if (of->klass < 0)
		return;
	s->klass[of->klass].packets++;
	s->klass[of->klass].bytes += len;
}

int wr_verdict(struct wr_verdicts *v, const struct wr_verdict_packet *pkt,
	       struct wr_verdict_of *out, struct wr_err *err)
{
	struct wr_judging *s = &v->judging;
	struct wr_judge *j = &s->judge;
	const struct wr_hdr *h = &pkt->rec->hdr[0];
	uint32_t head;
	int ret = head_of(v, pkt, &head, err);

	if (ret)
		return ret;
	s->rec = pkt->rec;
	wr_traffic_none(s->values.at);
	j->now_ns = pkt->ts_ns;
	j->len = pkt->len;
	if (!(wr_is_fragment(h) && h->frag_off && wr_frag_known(s, head))) {
		ret = judge(v, head, pkt, err);
		if (wr_is_rare(pkt->rec))
			wr_judge_rare(s);
	}
	out->verdict = j->verdict;
	out->rule = wr_verdict_by(j, v->p->n_rules);
	out->klass = j->klass == WR_NO_CLASS || out->verdict ? -1 : j->klass;
	if (!ret)
		sum_up(&v->sums, out, pkt->len);
	return ret;
}

int wr_verdict_host(struct wr_verdicts *v, uint32_t rule, const struct wr_host_key *key, bool is)
{
	uint64_t tag = wr_host_tag(key, rule, v->judging.secret);
	struct wr_bucket_line *l;

	if (!v->judging.hosts)
		v->judging.hosts = calloc(WR_HOST_LINES, sizeof(*l));
	if (!v->judging.hosts)
		return -ENOMEM;
	l = wr_host_at(&v->judging, wr_host_line(tag));
	for (int i = 0; i < WR_BUCKET_WAYS; i++)
		if (l->way[i].tag == (is ? 0 : tag)) {
			l->way[i].tag = is ? tag : 0;
			break;
		}
	return 0;
}

const struct wr_model_values *wr_verdicts_traffic(const struct wr_verdicts *v)
{
	return &v->judging.values;
}

const struct wr_rule_count *wr_verdict_count(const struct wr_verdicts *v, uint32_t rule)
{
	return &v->judging.count[rule & (WR_JUDGE_RULES - 1)];
}

const struct wr_verdict_sums *wr_verdict_sums(const struct wr_verdicts *v)
{
	return &v->sums;
}

const char *wr_slot_name(uint32_t slot)
{
	switch (slot) {
	case WR_SLOT_FRAGMENTS:
		return "fragments";
	case WR_SLOT_UNREADABLE:
		return "unreadable";
	case WR_SLOT_PAST:
		return "(gone)";
	default:
		return NULL;
	}
}

const char *wr_verdict_rule(const struct wr_policy *p, int rule)
{
	if (rule == WR_BY_FRAGMENTS)
		return wr_slot_name(WR_SLOT_FRAGMENTS);
	if (rule == WR_BY_UNREADABLE)
		return wr_slot_name(WR_SLOT_UNREADABLE);
	return rule < 0 ? NULL : p->rule[rule].name;
}
