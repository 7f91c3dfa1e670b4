/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random policies over random packets, whose addresses and ports they are made of so that rules
 * match: rule by rule, by the image on the host, in XDP and at TC the verdict, the rule and the
 * class are the same. Without root the host alone is held against the reference.
 */
#include "base/buf.h"
#include "control/kernel.h"
#include "tests/tap.h"
#include "tests/unit/gen.h"
#include "tests/unit/judge.h"
#include "tests/unit/models.h"

enum { PACKETS = 1500, POLICIES = 60, SHORTEST = 14, SHOWN = 5, MODELS = 4 };

static struct made {
	uint8_t data[GEN_MAX];
	uint32_t n;
	struct wr_parse parse;
} made[PACKETS];

static struct gen rnd = {.state = 4711};

static void make_packets(void)
{
	static struct gen g;
	uint32_t n = 0;

	for (uint64_t seed = 1; n < PACKETS; seed++) {
		struct made *m = &made[n];

		gen_packet(&g, seed);
		if (seed % 3 == 0)
			gen_mutate(&g);
		if (g.n < SHORTEST)
			continue;
		memcpy(m->data, g.b, g.n);
		m->n = g.n;
		m->parse.max_depth = 1;
		wr_parse(&m->parse, m->data, m->n, m->n, WR_LINK_ETHER);
		n++;
	}
}

/* A header of one of the packets that has addresses. */
static const struct wr_hdr *some_header(void)
{
	for (;;) {
		const struct wr_rec *r = &made[gen_below(&rnd, PACKETS)].parse.rec;
		const struct wr_hdr *h = &r->hdr[r->has & WR_HAS_INNER && gen_one_in(&rnd, 2)];

		if (h->has & WR_H_IP)
			return h;
	}
}

static void write_prefix(struct wr_buf *b, uint8_t ip_v, const uint8_t *addr)
{
	uint32_t most = ip_v == 4 ? 32 : 128;
	struct wr_prefix p = {.ip_v = ip_v};

	p.bits = (uint8_t)(gen_one_in(&rnd, 3) ? most : gen_below(&rnd, most + 1));
	for (uint32_t i = 0; i < p.bits; i++)
		p.addr[i / 8] |= (uint8_t)(addr[i / 8] & 0x80 >> i % 8);
	wr_prefix_print(b, &p);
}

static void write_from(struct wr_buf *b, int sets)
{
	uint32_t n = 1 + gen_below(&rnd, 4);

	wr_buf_str(b, gen_one_in(&rnd, 5) ? " not from " : " from ");
	for (uint32_t i = 0; i < n; i++) {
		const struct wr_hdr *h = some_header();

		wr_buf_str(b, i ? ", " : "");
		if (sets && gen_one_in(&rnd, 3))
			wr_buf_fmt(b, "@s%u", gen_below(&rnd, (uint32_t)sets));
		else
			write_prefix(b, h->ip_v, h->src);
	}
}

static void write_to(struct wr_buf *b)
{
	uint32_t n = 1 + gen_below(&rnd, 3);

	wr_buf_str(b, " to ");
	for (uint32_t i = 0; i < n; i++) {
		const struct wr_hdr *h = some_header();
		bool proto = h->has & WR_H_PROTO && !gen_one_in(&rnd, 4);

		wr_buf_str(b, i ? ", " : "");
		if (proto && h->has & WR_H_PORTS && h->dport && h->dport < 60000 &&
		    (h->proto == WR_IP_TCP || h->proto == WR_IP_UDP) && !gen_one_in(&rnd, 3))
			wr_buf_fmt(b, "%s/%u-%u", h->proto == WR_IP_TCP ? "tcp" : "udp", h->dport,
				   h->dport + gen_below(&rnd, 500));
		else if (proto)
			wr_buf_str(b, h->proto == WR_IP_TCP ? "tcp" : "udp");
		if (!proto || gen_one_in(&rnd, 4)) {
			wr_buf_str(b, proto ? "@" : "");
			write_prefix(b, h->ip_v, h->dst);
		}
	}
}

static void write_where(struct wr_buf *b)
{
	static const char *const exprs[] = {"tcp",
					    "udp",
					    "ip6",
					    "vlan",
					    "icmp",
					    "greater 300",
					    "tcp[13] & 2 != 0",
					    "arp or ip proto 47",
					    "less 80",
					    "port 53 or 80"};

	wr_buf_fmt(b, " where \"%s\"", exprs[gen_below(&rnd, sizeof(exprs) / sizeof(*exprs))]);
}

/* Models of all sizes; the last is as large as there can be. */
static const struct {
	uint32_t trees, levels, nodes;
} sizes[MODELS] = {{1, 3, 100}, {16, 6, 250}, {5, WR_MODEL_DEPTH, 100}, {32, WR_MODEL_DEPTH, 120}};

static char model_path[MODELS][32];

static bool make_models(void)
{
	static struct wr_model_values seen[PACKETS];
	struct models_from from = {.rnd = &rnd, .seen = seen, .n = PACKETS};
	struct wr_buf b = {0};
	int bad = 0;

	for (uint32_t i = 0; i < PACKETS; i++)
		wr_model_see(&seen[i], &made[i].parse.rec, 0, made[i].n);
	for (int i = 0; i < MODELS; i++) {
		from.most_nodes = sizes[i].nodes;
		snprintf(model_path[i], sizeof(model_path[i]), "/tmp/weir_model_XXXXXX");
		models_write(&b, &from, sizes[i].trees, sizes[i].levels);
		bad |= models_file(model_path[i], &b);
	}
	wr_buf_free(&b);
	return !bad;
}

static void write_score(struct wr_buf *b)
{
	wr_buf_fmt(b, " score m%u over 0.%03u", gen_below(&rnd, MODELS),
		   gen_one_in(&rnd, 6) ? gen_below(&rnd, 1000) : 400 + gen_below(&rnd, 200));
}

static void write_policy(struct wr_buf *b)
{
	static const char *const actions[] = {"drop",	       "drop",	   "drop",    "allow",
					      "limit 900gbit", "class c0", "class c1"};
	uint32_t sets = gen_below(&rnd, 4),
		 rules = 1 + gen_below(&rnd, gen_one_in(&rnd, 4) ? 300 : 12);

	wr_buf_str(b, "class c0 = priority 1\nclass c1 = priority 2\n");
	for (int i = 0; i < MODELS; i++)
		wr_buf_fmt(b, "model m%d = file \"%s\"\n", i, model_path[i]);
	for (uint32_t i = 0; i < sets; i++) {
		uint32_t n = 1 + gen_below(&rnd, 50);

		wr_buf_fmt(b, "set s%u =", i);
		for (uint32_t k = 0; k < n; k++) {
			const struct wr_hdr *h = some_header();

			wr_buf_char(b, ' ');
			write_prefix(b, h->ip_v, h->src);
		}
		wr_buf_char(b, '\n');
	}
	for (uint32_t i = 0; i < rules; i++) {
		wr_buf_str(b, actions[gen_below(&rnd, sizeof(actions) / sizeof(*actions))]);
		uint32_t what = gen_below(&rnd, 16);

		if (!what)
			wr_buf_str(b, " any");
		if (what & 1 || what == 2)
			write_from(b, (int)sets);
		if (what & 2 || what == 4 || what == 12)
			write_to(b);
		if (what >= 14 || what == 8)
			write_where(b);
		if (gen_one_in(&rnd, 4))
			write_score(b);
		if (gen_one_in(&rnd, 4))
			wr_buf_str(b, " inner");
		if (gen_one_in(&rnd, 3))
			wr_buf_fmt(b, " priority %u", 1 + gen_below(&rnd, 200));
		if (gen_one_in(&rnd, 8))
			wr_buf_str(b, " shadow");
		wr_buf_char(b, '\n');
	}
}

enum way { HOST, XDP, TC, WAYS };
static const char *const ways[] = {"host", "XDP", "TC"};

static struct judge_hook hooks[2];
static uint64_t differ[WAYS], verdicts[3], classed, skipped, scored, over;

static void show(enum way way, const char *text, uint32_t n, const struct wr_verdict_of *want,
		 const struct wr_verdict_of *got)
{
	if (differ[way]++ >= SHOWN)
		return;
	note("%s, packet %u: verdict %d, rule %d, class %d; wanted %d, %d, %d", ways[way], n,
	     got->verdict, got->rule, got->klass, want->verdict, want->rule, want->klass);
	if (getenv("WEIR_VERBOSE"))
		fprintf(stderr, "%s\n", text);
}

static int run_policy(const struct wr_policy *p, const char *text, bool root, struct wr_err *err)
{
	struct wr_verdicts *v = NULL;
	int ret = wr_verdicts_open(&v, p, err);

	for (int k = 0; root && !ret && k < 2; k++)
		ret = judge_hook_put(&hooks[k], p, err);
	for (uint32_t i = 0; !ret && i < PACKETS; i++) {
		const struct made *m = &made[i];
		struct judge_packet pkt = {m->data, m->n};
		struct wr_verdict_packet here = {.rec = &m->parse.rec,
						 .data = m->data,
						 .caplen = m->n,
						 .len = m->n,
						 .linktype = WR_LINK_ETHER,
						 .iface = "",
						 .ts_ns = 1000000000};
		struct wr_verdict_of want, got;

		if (wr_is_fragment(&m->parse.rec.hdr[0])) {
			skipped++;
			continue;
		}
		want = reference(p, &m->parse.rec, &pkt);
		verdicts[want.verdict]++;
		for (size_t k = 0; k < p->n_rules; k++)
			if (p->rule[k].model && i % 16 == 0) {
				scored++;
				over += ref_score(p, &p->rule[k], &m->parse.rec, 0, m->n);
			}
		classed += want.klass >= 0;
		ret = wr_verdict(v, &here, &got, err);
		if (!ret && !same_verdict(&want, &got))
			show(HOST, text, i, &want, &got);
		for (int k = 0; root && !ret && k < 2; k++) {
			ret = judge_hook_run(&hooks[k], p, &pkt, &got);
			if (ret == -EINVAL && k) { /* TEST_RUN wants whole IP headers at TC */
				ret = 0;
				continue;
			}
			if (ret)
				wr_fail(err, -ret, "%s, packet %u: %s (verdict %d)", ways[XDP + k],
					i,
					ret == -EPROTO ? "what it returned is not what it noted"
						       : "run",
					got.verdict);
			else if (!same_verdict(&want, &got))
				show(XDP + k, text, i, &want, &got);
		}
	}
	wr_verdicts_close(&v);
	return ret;
}

int main(void)
{
	const char *thin = getenv("WEIR_TEST_THIN");
	int policies = POLICIES / (thin && atoi(thin) > 4 ? 6 : 1), wrong = 0;
	struct wr_buf b = {0};
	struct wr_err err = {0};
	bool root = !geteuid();

	libbpf_set_print(hook_quiet);
	hook_stay_on_cpu();
	make_packets();
	if (!ok(make_models(), "%d models of up to %d trees are made", MODELS, WR_MODEL_TREES))
		return done();
	for (int k = 0; root && k < 2; k++)
		if (!ok(!judge_hook_open(&hooks[k], k ? HOOK_TC : HOOK_XDP), "%s: loads",
			ways[XDP + k]))
			return done();
	for (int i = 0; i < policies; i++) {
		struct wr_policy *p = NULL;
		const char *text;

		wr_buf_clear(&b);
		write_policy(&b);
		text = wr_buf_text(&b);
		if (wr_policy_parse(&p, text, strlen(text), "made", NULL, NULL, &err) ||
		    run_policy(p, text, root, &err)) {
			wrong++;
			note("%s", err.text);
		}
		wr_policy_free(&p);
	}
	is_int(wrong, 0, "%d policies are compiled and put in force", policies);
	note("%llu passed, %llu dropped, %llu in a class, %llu fragments left out",
	     (unsigned long long)verdicts[0], (unsigned long long)verdicts[1],
	     (unsigned long long)classed, (unsigned long long)skipped);
	note("%llu of %llu scores are over their bound", (unsigned long long)over,
	     (unsigned long long)scored);
	ok(over > scored / 10 && over < scored - scored / 10, "scores are on both sides");
	ok(verdicts[0] > 1000 && verdicts[1] > 1000 && classed > 100,
	   "there are enough of each kind");
	for (enum way w = HOST; w < WAYS; w++) {
		if (w == HOST || root)
			is_int((long long)differ[w], 0, "%s: as rule by rule", ways[w]);
		else
			skip("%s needs root", ways[w]);
	}
	for (int k = 0; root && k < 2; k++)
		judge_hook_close(&hooks[k]);
	for (int i = 0; i < MODELS; i++)
		unlink(model_path[i]);
	wr_buf_free(&b);
	return done();
}
