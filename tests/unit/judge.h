/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_TESTS_JUDGE_H
#define WR_TESTS_JUDGE_H

/*
 * A policy held against packets four ways: rule by rule as the language says (the reference, which
 * knows no limits and no fragments), by the image on the host, in XDP and at TC.
 */
#include "capture/filter.h"
#include "control/kernel.h"
#include "control/path_impl.h"
#include "core/parse.h"
#include "policy/image.h"
#include "policy/policy.h"
#include "policy/verdict.h"
#include "tests/unit/hook.h"

enum { JUDGE_LINES = 1 << 16, JUDGE_BUCKET_BITS = 8 };

struct judge_packet {
	const uint8_t *data;
	uint32_t n;
};

/* ---- the reference ---- */

static bool ref_target(const struct wr_target *t, const struct wr_hdr *h)
{
	uint32_t to = t->port_to ? t->port_to : t->port;

	if (!(h->has & WR_H_IP))
		return false;
	if (t->addr.ip_v && !wr_prefix_has(&t->addr, h->ip_v, h->dst))
		return false;
	if (t->proto >= 0 && (!(h->has & WR_H_PROTO) || h->proto != t->proto))
		return false;
	if (!t->port && !t->port_to)
		return true;
	return h->has & WR_H_PORTS && h->dport >= t->port && h->dport <= to;
}

static bool ref_prefixes(const struct wr_prefixes *s, const struct wr_hdr *h)
{
	for (size_t i = 0; i < s->n; i++)
		if (wr_prefix_has(&s->at[i], h->ip_v, h->src))
			return true;
	return false;
}

static bool ref_from(const struct wr_policy *p, const struct wr_rule *r, const struct wr_hdr *h)
{
	bool in;

	if (!r->from.n && !r->n_from_sets)
		return true;
	if (!(h->has & WR_H_IP))
		return false;
	in = ref_prefixes(&r->from, h);
	for (size_t i = 0; i < r->n_from_sets; i++)
		in = in || ref_prefixes(&p->set[r->from_sets[i]].all, h);
	return in != r->not_from;
}

static bool ref_header(const struct wr_policy *p, const struct wr_rule *r, const struct wr_hdr *h)
{
	bool to = !r->n_to;

	for (size_t i = 0; i < r->n_to; i++)
		to = to || ref_target(&r->to[i], h);
	return to && ref_from(p, r, h);
}

static bool ref_where(const struct wr_rule *r, const struct judge_packet *pkt)
{
	struct wr_filter *f = NULL;
	bool chosen;

	if (!r->where)
		return true;
	if (wr_filter_open(&f, r->where, WR_LINK_ETHER, NULL))
		return false;
	chosen = wr_filter_match(f, pkt->data, pkt->n, pkt->n);
	wr_filter_close(&f);
	return chosen;
}

static inline bool ref_score(const struct wr_policy *p, const struct wr_rule *r,
			     const struct wr_rec *rec, uint32_t level, uint32_t len)
{
	struct wr_model_values v;
	const struct wr_model *m;

	if (!r->model)
		return true;
	m = p->model[r->model - 1].model;
	wr_model_see(&v, rec, level, len);
	return wr_model_walk(m, &v) >= wr_model_least(m, r->score);
}

/* Are there headers that a host would read and the parser did not, before it came to a port? */
static bool ref_unreadable(const struct wr_policy *p, const struct wr_rec *rec)
{
	static const uint8_t beyond[] = {WR_BAD_DEEP, WR_BAD_STEPS, WR_BAD_VLAN_MANY,
					 WR_BAD_MPLS_MANY, WR_BAD_IP6_EXT_MANY};
	bool drops = p->unreadable == WR_UNREADABLE_DROP, inner = false;
	const struct wr_hdr *h = &rec->hdr[rec->bad_depth];

	for (size_t i = 0; i < p->n_rules; i++) {
		const struct wr_rule *r = &p->rule[i];
		bool asked = !r->out && !r->n_ifaces && !r->host;

		inner = inner || (asked && r->inner);
		if (p->unreadable == WR_UNREADABLE_UNSAID)
			drops = drops || (asked && r->action == WR_ACTION_DROP && !r->shadow);
	}
	if (!drops || !memchr(beyond, rec->bad, sizeof(beyond)))
		return false;
	if (inner)
		return !(h->has & WR_H_TCP);
	return !rec->bad_depth && !(h->has & WR_H_PORTS);
}

/* The first that decides; of the outer header, then of the inner one. Limits and cookies never do
 * here. */
static inline struct wr_verdict_of reference(const struct wr_policy *p, const struct wr_rec *rec,
					     const struct judge_packet *pkt)
{
	struct wr_verdict_of v = {WR_VERDICT_PASS, -1, -1};
	uint32_t order[WR_POLICY_RULES];
	bool decided = false;

	wr_policy_order(p, order);
	for (int level = 0; level < (rec->has & WR_HAS_INNER ? 2 : 1) && !decided; level++)
		for (size_t i = 0; i < p->n_rules; i++) {
			const struct wr_rule *r = &p->rule[order[i]];

			if (r->out || r->n_ifaces || r->host || (level && !r->inner) ||
			    (decided && r->action != WR_ACTION_CLASS) || r->shadow ||
			    r->action == WR_ACTION_LIMIT || r->action == WR_ACTION_COOKIES ||
			    !ref_header(p, r, &rec->hdr[level]) || !ref_where(r, pkt) ||
			    !ref_score(p, r, rec, (uint32_t)level, pkt->n))
				continue;
			if (r->action == WR_ACTION_CLASS) {
				v.klass = v.klass < 0 ? r->klass : v.klass;
				continue;
			}
			v.rule = (int)order[i];
			if (r->action == WR_ACTION_DROP) {
				v.verdict = WR_VERDICT_DROP;
				return v;
			}
			decided = true;
		}
	if (!decided && ref_unreadable(p, rec)) {
		v.verdict = WR_VERDICT_DROP;
		v.rule = WR_BY_UNREADABLE;
	}
	return v;
}

/* ---- the kernel ---- */

struct judge_hook {
	struct hook hook;
	struct wr_path path;
	struct wr_judge *judge; /* by CPU, behind the board */
	void *policy, *buckets;
	size_t buckets_bytes;
};

static void *judge_map(const struct hook *h, const char *name, size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, hook_map(h, name), 0);

	return p == MAP_FAILED ? NULL : p;
}

static int judge_hook_open(struct judge_hook *j, enum hook_kind kind)
{
	struct hook_conf conf = {
		.kind = kind,
		.fixed = {.linktype = WR_LINK_ETHER,
			  .load_bytes = wr_kernel()->xdp_load_bytes,
			  .judge = 1,
			  .coarse = wr_kernel()->ktime_coarse,
			  .check_mtu = wr_kernel()->check_mtu,
			  .policy_half = JUDGE_LINES,
			  .bucket_bits = JUDGE_BUCKET_BITS,
			  .judge_secret = 0x123456789},
	};
	int rc;

	memset(j, 0, sizeof(*j));
	rc = hook_open(&j->hook, &conf);
	if (rc)
		return rc;
	j->hook.board->conf.follow = 0;
	j->judge = (void *)(j->hook.board + 1);
	j->policy = judge_map(&j->hook, "wr_policy", 2 * JUDGE_LINES * sizeof(struct wr_line));
	j->buckets_bytes = (WR_BUCKET_FIRST + (1 << JUDGE_BUCKET_BITS)) * sizeof(struct wr_line);
	j->buckets = judge_map(&j->hook, "wr_buckets", j->buckets_bytes);
	j->path = (struct wr_path){
		.hook = kind == HOOK_XDP ? WR_HOOK_XDP : WR_HOOK_TC,
		.object = j->hook.obj,
		.board = j->hook.board,
		.slots_fd = j->hook.slots_fd,
		.bss_fd = bpf_map__fd(hook_bpf_map(&j->hook, ".bss")),
		.attach_type =
			bpf_program__expected_attach_type(hook_prog(&j->hook, j->hook.is->main)),
		.iface = {.linktype = WR_LINK_ETHER},
		.judges = true,
	};
	return j->policy && j->buckets ? 0 : -ENOMEM;
}

static int judge_hook_put(struct judge_hook *j, const struct wr_policy *p, struct wr_err *err)
{
	static const struct wr_image_iface iface;
	static uint16_t slot[WR_POLICY_RULES];
	struct wr_image_built *image = NULL;
	struct wr_image_conf conf = {.iface = &iface,
				     .n_ifaces = 1,
				     .slot = slot,
				     .now_s = 1000000000,
				     .clock_ns = 1000000000,
				     .tick_ns = 4000000,
				     .most_lines = JUDGE_LINES};
	int ret;

	for (uint32_t i = 0; i < WR_POLICY_RULES; i++)
		slot[i] = (uint16_t)i;
	ret = wr_image_compile(&image, p, &conf, err);
	if (!ret)
		ret = wr_path_where(&j->path, 0, (const char *const *)image->where, image->n_wheres,
				    err);
	if (!ret) {
		memcpy(j->policy, image->b.mem.at, image->b.mem.n * sizeof(struct wr_line));
		memset(j->buckets, 0, j->buckets_bytes);
		j->hook.board->conf.policy = wr_image_begin(image, 0);
	}
	wr_image_close(&image);
	return ret;
}

static inline int judge_hook_run(struct judge_hook *j, const struct wr_policy *p,
				 const struct judge_packet *pkt, struct wr_verdict_of *v)
{
	LIBBPF_OPTS(bpf_test_run_opts, o, .data_in = pkt->data, .data_size_in = pkt->n,
		    .repeat = 1);
	const struct wr_judge *got = &j->judge[sched_getcpu()];
	bool gone;

	if (bpf_prog_test_run_opts(j->hook.main_fd, &o))
		return -errno;
	gone = (int)o.retval != j->hook.is->pass;
	if (!j->hook.board->conf.policy) { /* nobody was asked: nothing is written */
		*v = (struct wr_verdict_of){WR_VERDICT_PASS, -1, -1};
		return gone ? -EPROTO : 0;
	}
	v->verdict = got->verdict;
	v->rule = wr_verdict_by(got, p->n_rules);
	v->klass = got->klass == WR_NO_CLASS ? -1 : got->klass;
	return gone == (v->verdict != WR_VERDICT_PASS) ? 0 : -EPROTO;
}

static inline void judge_hook_close(struct judge_hook *j)
{
	if (j->policy)
		munmap(j->policy, 2 * JUDGE_LINES * sizeof(struct wr_line));
	if (j->buckets)
		munmap(j->buckets, j->buckets_bytes);
	hook_close(&j->hook);
}

static inline bool same_verdict(const struct wr_verdict_of *a, const struct wr_verdict_of *b)
{
	return a->verdict == b->verdict && a->rule == b->rule &&
	       (a->verdict != WR_VERDICT_PASS || a->klass == b->klass);
}

#endif
