/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What models are told of a packet's flow and source: as counted by hand at made times, and in the
 * kernel to the bit what is counted here at the kernel's times. And what the kernel keeps of what
 * models have said. Without root the host alone.
 */
#include "base/buf.h"
#include "control/kernel.h"
#include "tests/tap.h"
#include "tests/unit/gen.h"
#include "tests/unit/judge.h"
#include "tests/unit/models.h"

enum { KINDS = 150, PACKETS = 1200, MODELS = 3, SHORTEST = 34, SHOWN = 5 };

static struct wr_judging host;

static void begin(void)
{
	if (!host.tracks)
		host.tracks = malloc(WR_TRACK_LINES * sizeof(*host.tracks));
	memset(host.tracks, 0, WR_TRACK_LINES * sizeof(*host.tracks));
	host.secret = 0x123456789;
}

static void see(const struct wr_rec *rec, uint32_t len, uint64_t now_ns)
{
	host.rec = rec;
	host.judge.len = len;
	host.judge.now_ns = now_ns;
	wr_judge_traffic(&host, WR_HEAD_TRAFFIC);
	wr_model_see(&host.values, rec, 0, len);
}

static uint32_t is(enum wr_model_feature f)
{
	return wr_model_value(&host.values, f);
}

/* ---- at made times ---- */

static const uint64_t unit_ns = 1 << WR_TRACK_TIME_SHIFT, start_ns = 5ull << 40;

static struct wr_rec rec_of(uint32_t source, uint16_t sport, uint16_t flags)
{
	struct wr_rec r = {0};
	struct wr_hdr *h = &r.hdr[0];

	h->has = WR_H_IP | WR_H_PROTO | WR_H_PORTS | WR_H_TCP;
	h->ip_v = 4;
	h->proto = WR_IP_TCP;
	memcpy(h->src, &source, 4);
	h->dst[0] = 10;
	h->sport = sport;
	h->dport = 80;
	h->tcp_flags = flags;
	return r;
}

static void one_flow(void)
{
	struct wr_rec syn = rec_of(1, 1000, WR_TCP_SYN), ack = rec_of(1, 1000, WR_TCP_ACK);
	struct wr_rec other = rec_of(1, 1001, WR_TCP_SYN);

	begin();
	see(&syn, 60, start_ns);
	ok(is(WR_MODEL_FLOW_PACKETS) == 1 && is(WR_MODEL_FLOW_BYTES) == 60 &&
		   is(WR_MODEL_FLOW_AGE) == 0 && is(WR_MODEL_FLOW_GAP) == 0 &&
		   is(WR_MODEL_FLOW_FLAGS) == WR_TCP_SYN && is(WR_MODEL_SOURCE_FLOWS) == 1,
	   "the first packet of a flow");
	see(&ack, 100, start_ns + 40 * unit_ns);
	see(&ack, 1400, start_ns + 100 * unit_ns);
	ok(is(WR_MODEL_FLOW_PACKETS) == 3 && is(WR_MODEL_FLOW_BYTES) == 1560 &&
		   is(WR_MODEL_FLOW_MEAN) == 520 && is(WR_MODEL_FLOW_AGE) == 100 &&
		   is(WR_MODEL_FLOW_GAP) == 60 &&
		   is(WR_MODEL_FLOW_FLAGS) == (WR_TCP_SYN | WR_TCP_ACK),
	   "and the third");
	see(&other, 60, start_ns + 110 * unit_ns);
	ok(is(WR_MODEL_FLOW_PACKETS) == 1 && is(WR_MODEL_SOURCE_PACKETS) == 4 &&
		   is(WR_MODEL_SOURCE_FLOWS) == 2 && is(WR_MODEL_SOURCE_AGE) == 110,
	   "another flow of the same source");
	see(&ack, 100, start_ns + 90 * unit_ns);
	ok(is(WR_MODEL_FLOW_PACKETS) == 4 && is(WR_MODEL_FLOW_GAP) == 0,
	   "a clock that goes back changes no flow");
	see(&ack, 100, start_ns + (uint64_t)(100 + WR_TRACK_IDLE) * unit_ns);
	ok(is(WR_MODEL_FLOW_PACKETS) == 1 && is(WR_MODEL_FLOW_AGE) == 0 &&
		   is(WR_MODEL_FLOW_FLAGS) == WR_TCP_ACK,
	   "after a minute of silence it is another");
}

static void no_flow(void)
{
	struct wr_rec syn = rec_of(1, 1000, WR_TCP_SYN), arp = {0};
	uint32_t sum = 0;

	begin();
	see(&syn, 60, start_ns);
	see(&arp, 42, start_ns);
	for (uint32_t f = WR_MODEL_FLOW_PACKETS; f < WR_MODEL_FEATURE_COUNT; f++)
		sum += is(f);
	is_int(sum, 0, "what is no IP packet is part of nothing");
}

/* 100 packets a slot of 1.07 s, then none. */
static void rates(void)
{
	struct wr_rec r = rec_of(7, 1000, WR_TCP_ACK);
	uint64_t slot_ns = unit_ns << WR_RATE_SLOT_BITS;
	uint32_t least = ~0u, most = 0;

	begin();
	for (uint32_t i = 0; i < 500; i++) {
		see(&r, 100, start_ns + i * slot_ns / 100);
		if (i < 100)
			continue;
		least = is(WR_MODEL_SOURCE_RATE) < least ? is(WR_MODEL_SOURCE_RATE) : least;
		most = is(WR_MODEL_SOURCE_RATE) > most ? is(WR_MODEL_SOURCE_RATE) : most;
	}
	ok(least >= 99 && most <= 101, "a steady rate of 100 is one: %u to %u", least, most);
	see(&r, 100, start_ns + 5 * slot_ns + slot_ns / 2);
	is_int(is(WR_MODEL_SOURCE_RATE), 51, "half a slot later half of it is left, and this one");
	see(&r, 100, start_ns + 8 * slot_ns);
	is_int(is(WR_MODEL_SOURCE_RATE), 1, "later nothing is");
}

/* 200,000 flows and sources of one packet each go by, and one that has had more stays. */
static void flooded(void)
{
	struct wr_rec r = rec_of(7, 1000, WR_TCP_ACK);

	begin();
	for (uint32_t i = 0; i < 5; i++)
		see(&r, 100, start_ns + i * unit_ns);
	for (uint32_t i = 0; i < 200000; i++) {
		struct wr_rec one = rec_of(1000 + i, (uint16_t)i, WR_TCP_SYN);

		see(&one, 60, start_ns + 1000 * unit_ns + i * 10000ull);
	}
	see(&r, 100, start_ns + 3000 * unit_ns);
	ok(is(WR_MODEL_FLOW_PACKETS) == 6 && is(WR_MODEL_SOURCE_PACKETS) == 6,
	   "a flood of new sources pushes out its own");
}

/* ---- the kernel ---- */

static struct made {
	uint8_t data[GEN_MAX];
	uint32_t n;
	struct wr_parse parse;
} made[KINDS];

static struct gen rnd = {.state = 1147};
static uint32_t order[PACKETS];

static void make_packets(void)
{
	static struct gen g;
	uint32_t n = 0;

	for (uint64_t seed = 1; n < KINDS; seed++) {
		struct made *m = &made[n];

		gen_packet(&g, seed);
		if (g.n < SHORTEST)
			continue;
		memcpy(m->data, g.b, g.n);
		m->n = g.n;
		m->parse.max_depth = 1;
		wr_parse(&m->parse, m->data, m->n, m->n, WR_LINK_ETHER);
		n += !wr_is_fragment(&m->parse.rec.hdr[0]);
	}
	for (uint32_t i = 0; i < PACKETS; i++)
		order[i] = gen_below(&rnd, gen_one_in(&rnd, 2) ? KINDS : 10);
}

static struct wr_policy *make_policy(char *path, uint32_t trees, uint32_t levels, bool traffic)
{
	static struct wr_model_values seen[PACKETS];
	struct models_from from = {
		.rnd = &rnd, .seen = seen, .n = PACKETS, .most_nodes = 120, .traffic = traffic};
	struct wr_policy *p = NULL;
	struct wr_buf b = {0};
	struct wr_err err = {0};

	begin();
	for (uint32_t i = 0; i < PACKETS; i++) {
		const struct made *m = &made[order[i]];

		see(&m->parse.rec, m->n, start_ns + i * unit_ns / 4);
		seen[i] = host.values;
	}
	models_write(&b, &from, trees, levels);
	if (models_file(path, &b))
		return NULL;
	wr_buf_fmt(&b, "model m = file \"%s\"\ndrop any score m over 0.5\n", path);
	if (wr_policy_parse(&p, b.at, b.used, "made", NULL, NULL, &err))
		note("%s", err.text);
	wr_buf_free(&b);
	return p;
}

static uint32_t differ, dropped, far;

/* The values lie at the end of the board's map, one of each CPU. */
static const struct wr_model_values *values_of(const struct judge_hook *j)
{
	const uint8_t *end = (const uint8_t *)j->hook.board + j->hook.board_size;

	return (const struct wr_model_values *)end - (WR_MAX_CPUS + 2) + sched_getcpu();
}

static int run_one(struct judge_hook *j, const struct wr_policy *p, const struct made *m)
{
	const struct wr_model *model = p->model[0].model;
	struct judge_packet pkt = {m->data, m->n};
	const struct wr_judge *judged = &j->judge[sched_getcpu()];
	struct wr_verdict_of got = {0};
	uint32_t sum, bad = 0;
	int ret = judge_hook_run(j, p, &pkt, &got);

	if (ret)
		return ret;
	see(&m->parse.rec, m->n, judged->now_ns);
	sum = wr_model_walk(model, &host.values);
	for (uint32_t f = 0; f < WR_MODEL_FEATURE_COUNT; f++)
		if (wr_model_asks(model) >> f & 1 && values_of(j)->at[f] != host.values.at[f] &&
		    !bad++ && differ < SHOWN)
			note("%s: %u, wanted %u", wr_model_feature_name(f),
			     wr_model_value(values_of(j), f), is(f));
	bad += judged->sum != sum;
	bad += (got.verdict == WR_VERDICT_DROP) != (sum >= wr_model_least(model, 500));
	differ += bad != 0;
	dropped += got.verdict == WR_VERDICT_DROP;
	far = is(WR_MODEL_FLOW_PACKETS) > far ? is(WR_MODEL_FLOW_PACKETS) : far;
	return 0;
}

static void in_kernel(struct judge_hook *j, const char *way)
{
	static const uint32_t sizes[MODELS][2] = {{1, 3}, {16, 6}, {8, WR_MODEL_DEPTH}};
	uint32_t ran = 0, wrong = 0;

	differ = dropped = far = 0;
	for (int i = 0; i < MODELS; i++) {
		char path[] = "/tmp/weir_model_XXXXXX";
		struct wr_policy *p = make_policy(path, sizes[i][0], sizes[i][1], true);
		struct wr_err err = {0};

		if (!p || judge_hook_put(j, p, &err)) {
			wrong++;
			note("%s", err.text);
		}
		begin();
		for (uint32_t k = 0; !wrong && k < PACKETS; k++) {
			int ret = run_one(j, p, &made[order[k]]);

			ran += !ret;
			wrong += ret && ret != -EINVAL; /* TEST_RUN wants whole IP headers at TC */
			if (k % 100 == 0)
				usleep(20000);
		}
		wr_policy_free(&p);
		unlink(path);
	}
	is_int(wrong, 0, "%s: policies that ask about flows and sources", way);
	is_int(differ, 0,
	       "%s: of %u packets every value that is asked for, the sum and the verdict are the "
	       "host's",
	       way, ran);
	ok(dropped > ran / 20 && dropped < ran - ran / 20 && far > 50,
	   "%s: %u are dropped, a flow has %u packets", way, dropped, far);
}

/* Sums that are kept: all 0 from now on. Returns how many there are. */
static uint32_t spoil(struct judge_hook *j)
{
	static uint64_t said[WR_MAX_CPUS][16]; /* bpf/maps.h: the model, values, the sum */
	int fd = hook_map(&j->hook, "wr_scores");
	uint32_t n = 0;

	for (uint32_t k = 0; !bpf_map_lookup_elem(fd, &k, said); k++) {
		for (int c = 0; c < libbpf_num_possible_cpus(); c++) {
			n += said[c][0] != 0;
			said[c][1 + WR_MODEL_WORDS] = 0;
		}
		bpf_map_update_elem(fd, &k, said, BPF_ANY);
	}
	return n;
}

/* Of a model that asks about packets alone. `spoiled`: what was kept says 0 of every packet. */
static uint32_t sums_differ(struct judge_hook *j, const struct wr_policy *p, bool spoiled)
{
	uint32_t wrong = 0;

	for (uint32_t k = 0; k < PACKETS; k++) {
		const struct made *m = &made[order[k] % 10];
		struct judge_packet pkt = {m->data, m->n};
		struct wr_verdict_of got;
		struct wr_model_values v = {0};
		int ret = judge_hook_run(j, p, &pkt, &got);

		wr_model_see(&v, &m->parse.rec, 0, m->n);
		if (ret != -EINVAL)
			wrong +=
				ret || j->judge[sched_getcpu()].sum !=
					       (spoiled ? 0 : wr_model_walk(p->model[0].model, &v));
	}
	return wrong;
}

/* The same packets again and again, two models after each other. */
static void kept(struct judge_hook *j, const char *way)
{
	for (int i = 0; i < 2; i++) {
		char path[] = "/tmp/weir_model_XXXXXX";
		struct wr_policy *p = make_policy(path, 16, 6, false);
		struct wr_err err = {0};
		uint32_t n;

		if (!p || judge_hook_put(j, p, &err))
			note("%s", err.text);
		is_int(sums_differ(j, p, false), 0,
		       "%s, model %d: of %d packets, most of them known, the sum is the host's",
		       way, i + 1, PACKETS);
		n = spoil(j);
		is_int(sums_differ(j, p, true), 0,
		       "%s, model %d: they were known: %u sums that were kept and changed are said",
		       way, i + 1, n);
		wr_policy_free(&p);
		unlink(path);
	}
}

static void no_cost(struct judge_hook *j)
{
	static const char text[] = "drop from 192.0.2.0/24\n";
	struct wr_policy *p = NULL;
	struct judge_packet pkt = {made[0].data, made[0].n};
	struct wr_verdict_of got = {0};
	struct wr_err err = {0};
	uint32_t used = 0;

	if (wr_policy_parse(&p, text, sizeof(text) - 1, "made", NULL, NULL, &err) ||
	    judge_hook_put(j, p, &err) || judge_hook_run(j, p, &pkt, &got))
		note("%s", err.text);
	for (uint32_t i = 0; i < WR_TRACK_LINES; i++) {
		const struct wr_track_line *l =
			(const struct wr_track_line *)j->buckets + WR_TRACK_FIRST + i;

		used += l->way[0].tag || l->way[1].tag;
	}
	is_int(used, 0, "while no rule asks, nothing is kept");
	wr_policy_free(&p);
}

int main(void)
{
	static struct judge_hook hook;

	libbpf_set_print(hook_quiet);
	hook_stay_on_cpu();
	one_flow();
	no_flow();
	rates();
	flooded();
	make_packets();
	for (int k = 0; k < 2; k++) {
		if (geteuid()) {
			skip("%s needs root", k ? "TC" : "XDP");
			continue;
		}
		if (!ok(!judge_hook_open(&hook, k ? HOOK_TC : HOOK_XDP), "%s: loads",
			k ? "TC" : "XDP"))
			break;
		in_kernel(&hook, k ? "TC" : "XDP");
		kept(&hook, k ? "TC" : "XDP");
		no_cost(&hook);
		judge_hook_close(&hook);
	}
	free(host.tracks);
	return done();
}
