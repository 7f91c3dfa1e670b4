/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/selftest.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "capture/same.h"
#include "control/explain.h"
#include "control/force.h"
#include "control/path_impl.h"
#include "control/selftest_frame.h"
#include "core/parse.h"
#include "policy/image.h"
#include "policy/verdict.h"

enum {
	HALF_LINES = 1 << 12,
	BUCKET_BITS = 8,
	SET_BITS = 8,
	RING_BYTES = 1 << 16,
	ETHER = 14,
	REPEAT = 10000
};

/* Each way to decide is there; no rates, which are a matter of time. */
static const char rules[] = "friend: allow from 198.18.0.16/28\n"
			    "scan: drop from 198.18.0.0/24\n"
			    "set many = 198.18.2.0/25 198.18.3.7 2001:db8:3::/48\n"
			    "listed: drop from @many\n"
			    "web: drop from 198.18.4.0/22 to tcp/8080\n"
			    "names: drop to udp/53\n"
			    "six: drop from 2001:db8:1::/48\n"
			    "ghost: drop from 198.18.9.0/24 shadow\n"
			    "expr: drop where \"udp and src net 198.18.10.0/24\"\n"
			    "inside: drop inner from 198.18.11.0/24\n"
			    "narrow: drop from 198.18.12.0/24 to 10.77.0.2\n";

struct bench {
	const struct wr_selftest *t;
	struct bpf_object *object;
	struct wr_fixed fixed;
	struct wr_board *board; /* mapped, with what is behind it */
	size_t board_bytes;
	int main_fd;
	struct ring_buffer *ring;
	struct wr_policy *policy;
	struct wr_verdicts *host;
	uint64_t ran, bytes;
	struct {
		struct wr_event e;
		struct wr_rec rec;
		uint32_t n, records;
	} got;
};

static int take(void *ctx, void *data, size_t n)
{
	struct bench *b = ctx;

	b->got.records++;
	if (n < sizeof(b->got.e))
		return 0;
	memcpy(&b->got.e, data, sizeof(b->got.e));
	b->got.n = (uint32_t)(n - sizeof(b->got.e));
	memset(&b->got.rec, 0xa5, sizeof(b->got.rec));
	memcpy(&b->got.rec, (uint8_t *)data + sizeof(b->got.e),
	       b->got.n < sizeof(b->got.rec) ? b->got.n : sizeof(b->got.rec));
	return 0;
}

/* ---- the bench ---- */

static struct bpf_map *map_of(const struct bench *b, const char *suffix)
{
	const struct wr_path p = {.object = b->object};

	return wr_path_map(&p, suffix);
}

static int set_sizes(struct bench *b, struct wr_err *err)
{
	uint32_t cpus = (uint32_t)libbpf_num_possible_cpus(), sets = 2 * cpus << SET_BITS;
	const struct {
		const char *map;
		uint32_t entries;
	} sizes[] = {
		{"wr_ring", RING_BYTES},
		{"wr_peeked", b->fixed.account ? WR_ACCOUNT_PEEK_WORDS : 1},
		{"wr_heads", b->fixed.account ? 2 * cpus : 1},
		{"wr_sets", b->fixed.account ? sets : 1},
		{"wr_used", b->fixed.account ? sets * WR_ACCOUNT_WAYS : 1},
		{"wr_policy", b->fixed.judge ? 2 * HALF_LINES : 1},
		{"wr_buckets", b->fixed.judge ? WR_BUCKET_FIRST + (1u << BUCKET_BITS) : 1},
		{"wr_hits", b->fixed.judge ? cpus * WR_JUDGE_RULES : 1},
		{"wr_gone", b->fixed.judge ? cpus * WR_JUDGE_RULES : 1},
	};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct bpf_map *m = map_of(b, sizes[i].map);

		if (!m || bpf_map__set_max_entries(m, sizes[i].entries))
			return wr_fail(err, EINVAL, "it has no map %s", sizes[i].map);
	}
	return 0;
}

static int open_object(struct bench *b, struct wr_err *err)
{
	const struct wr_object *o = &b->t->object;
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "trial");
	struct bpf_program *p;
	void *fixed;
	size_t n;

	b->object = bpf_object__open_mem(o->elf, (size_t)(o->end - o->elf), &opts);
	if (!b->object)
		return wr_fail(err, EINVAL, "no object of kernel programs: %s", strerror(errno));
	b->fixed = *b->t->fixed;
	b->fixed.policy_half = HALF_LINES;
	b->fixed.bucket_bits = BUCKET_BITS;
	b->fixed.set_bits = SET_BITS;
	b->fixed.cpus = (uint32_t)libbpf_num_possible_cpus();
	fixed = (void *)(uintptr_t)bpf_map__initial_value(map_of(b, ".rodata"), &n);
	memcpy(fixed, &b->fixed, sizeof(b->fixed));
	for (int i = 0; i < WR_OBJECT_JUDGING; i++) {
		p = bpf_object__find_program_by_name(b->object, o->judging[i].program);
		bpf_program__set_autoload(p,
					  b->fixed.judge && o->judging[i].slot != WR_SLOT_COOKIES);
	}
	bpf_object__for_each_program(p, b->object) bpf_program__set_flags(p, b->t->prog_flags);
	return set_sizes(b, err);
}

static int set_slot(const struct bench *b, uint32_t slot, const char *program, struct wr_err *err)
{
	int fd = bpf_program__fd(bpf_object__find_program_by_name(b->object, program));

	return bpf_map_update_elem(bpf_map__fd(map_of(b, "wr_slots")), &slot, &fd, BPF_ANY)
		       ? wr_fail(err, errno, "program %s: %s", program, strerror(errno))
		       : 0;
}

static int load(struct bench *b, struct wr_err *err)
{
	const struct wr_object *o = &b->t->object;
	struct bpf_map *bss = map_of(b, ".bss");
	void *at;
	int ret;

	wr_explain_begin();
	ret = bpf_object__load(b->object);
	if (ret)
		return wr_explain_load(ret, o->name, err);
	b->main_fd = bpf_program__fd(bpf_object__find_program_by_name(b->object, o->entry));
	b->board_bytes = bpf_map__value_size(bss);
	at = mmap(NULL, b->board_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(bss), 0);
	if (at == MAP_FAILED)
		return wr_fail(err, errno, "mapping its board: %s", strerror(errno));
	b->board = at;
	b->board->conf =
		(struct wr_board_conf){.records = WR_RECORDS_FACTS, .max_depth = 1, .follow = 1};
	b->ring = ring_buffer__new(bpf_map__fd(map_of(b, "wr_ring")), take, b, NULL);
	if (!b->ring)
		return wr_fail(err, errno, "its ring: %s", strerror(errno));
	ret = set_slot(b, WR_SLOT_RECORD, o->record, err);
	for (int i = 0; i < WR_OBJECT_JUDGING && b->fixed.judge && !ret; i++)
		if (o->judging[i].slot != WR_SLOT_COOKIES) /* none of the rules is of that kind */
			ret = set_slot(b, o->judging[i].slot, o->judging[i].program, err);
	return ret;
}

static int put_image(struct bench *b, const struct wr_image_built *image, struct wr_err *err)
{
	int fds[2] = {bpf_map__fd(map_of(b, "wr_slots")), bpf_map__fd(map_of(b, ".bss"))};
	const struct wr_path_at at = {
		.hook = b->t->is_xdp ? WR_HOOK_XDP : WR_HOOK_TC,
		.linktype = (int)b->fixed.linktype,
		.prog_flags = b->t->prog_flags,
		.attach_type = bpf_program__expected_attach_type(
			bpf_object__find_program_by_name(b->object, b->t->object.entry)),
	};
	size_t bytes = image->b.mem.n * sizeof(struct wr_line);
	void *to = mmap(NULL, 2 * HALF_LINES * sizeof(struct wr_line), PROT_READ | PROT_WRITE,
			MAP_SHARED, bpf_map__fd(map_of(b, "wr_policy")), 0);

	if (to == MAP_FAILED)
		return wr_fail(err, errno, "mapping its policy: %s", strerror(errno));
	memcpy(to, image->b.mem.at, bytes);
	munmap(to, 2 * HALF_LINES * sizeof(struct wr_line));
	b->board->conf.policy = wr_image_begin(image, 0);
	return wr_path_where_there(&at, fds, 0, (const char *const *)image->where, image->n_wheres,
				   err);
}

/* The same policy for both. */
static int put_policy(struct bench *b, struct wr_err *err)
{
	static const struct wr_image_iface iface;
	static uint16_t slot[WR_POLICY_RULES];
	struct wr_image_built *image = NULL;
	struct wr_image_conf conf = {
		.iface = &iface,
		.n_ifaces = 1,
		.slot = slot,
		.now_s = time(NULL),
		.clock_ns = wr_force_clock_ns(),
		.tick_ns = wr_force_tick_ns(),
		.most_lines = HALF_LINES,
	};
	int ret =
		wr_policy_parse(&b->policy, rules, sizeof(rules) - 1, "self-test", NULL, NULL, err);

	for (uint32_t i = 0; i < WR_POLICY_RULES; i++)
		slot[i] = (uint16_t)i;
	ret = ret ? ret : wr_verdicts_open(&b->host, b->policy, err);
	ret = ret ? ret : wr_image_compile(&image, b->policy, &conf, err);
	ret = ret ? ret : put_image(b, image, err);
	wr_image_close(&image);
	return ret;
}

static void close_bench(struct bench *b)
{
	wr_verdicts_close(&b->host);
	wr_policy_free(&b->policy);
	ring_buffer__free(b->ring);
	if (b->board)
		munmap(b->board, b->board_bytes);
	bpf_object__close(b->object);
}

/* ---- one packet ---- */

/* What has become of first fragments is found by a hash that has a secret: which of them share a
 * place differs. */
static bool is_fragment(const struct wr_rec *rec)
{
	return rec->hdr[0].has & WR_H_FRAG;
}

static const char *verdict_differs(struct bench *b, const struct wr_rec *rec, const uint8_t *frame,
				   uint32_t n, uint32_t fate)
{
	const uint32_t pass = b->t->is_xdp ? XDP_PASS : (uint32_t)TC_ACT_UNSPEC;
	const uint32_t drop = b->t->is_xdp ? XDP_DROP : TC_ACT_SHOT;
	struct wr_verdict_packet pkt = {
		.rec = rec,
		.data = frame,
		.caplen = n,
		.len = n,
		.linktype = b->fixed.linktype,
		.iface = "",
		.ts_ns = (uint64_t)time(NULL) * 1000000000u,
	};
	struct wr_verdict_of want = {.verdict = WR_VERDICT_PASS, .klass = -1};
	const struct wr_event *e = &b->got.e;
	int rule = e->rule < (b->policy ? b->policy->n_rules : 0) ? e->rule
								  : wr_verdict_by_slot(e->rule);

	if (b->host && wr_verdict(b->host, &pkt, &want, NULL))
		return "the host has none";
	if (fate != (e->verdict ? drop : pass))
		return "what the hook is told";
	if (is_fragment(rec))
		return NULL;
	if (e->verdict != want.verdict)
		return e->verdict ? "it is kept out" : "it gets through";
	return want.verdict && rule != want.rule ? "the rule that decides" : NULL;
}

static const char *packet_differs(struct bench *b, const uint8_t *frame, uint32_t n)
{
	uint8_t out[WR_FRAME_MOST];
	LIBBPF_OPTS(bpf_test_run_opts, o, .data_in = frame, .data_size_in = n, .data_out = out,
		    .data_size_out = sizeof(out), .repeat = 1);
	struct wr_parse want = {.max_depth = 1};
	uint32_t size;

	b->got.records = 0;
	if (bpf_prog_test_run_opts(b->main_fd, &o))
		return "it does not run";
	b->ran++;
	b->bytes += n;
	if (ring_buffer__consume(b->ring) < 0 || b->got.records != 1)
		return "the number of records";
	if (o.data_size_out != n || memcmp(out, frame, n))
		return "the packet itself";
	size = sizeof(b->got.rec) - (b->got.rec.has & WR_HAS_INNER ? 0 : sizeof(struct wr_hdr));
	if (b->got.e.len != n || b->got.n < size)
		return "the size of the record";
	wr_parse(&want, frame, n, n, b->fixed.linktype);
	if (wr_rec_differs(&want.rec, &b->got.rec))
		return wr_rec_differs(&want.rec, &b->got.rec);
	return verdict_differs(b, &want.rec, frame, n, o.retval);
}

/* ---- and all of them ---- */

static const char *account_differs(const struct bench *b)
{
	size_t bytes = 2 * b->fixed.cpus * sizeof(struct wr_account_head);
	const struct wr_account_head *heads;
	uint64_t packets = 0, sum = 0;

	heads = mmap(NULL, bytes, PROT_READ, MAP_SHARED, bpf_map__fd(map_of(b, "wr_heads")), 0);
	if (heads == MAP_FAILED)
		return "its totals cannot be read";
	for (uint32_t i = 0; i < 2 * b->fixed.cpus; i++) {
		packets += heads[i].all.packets;
		sum += heads[i].all.bytes;
	}
	munmap((void *)(uintptr_t)heads, bytes);
	return packets == b->ran && sum == b->bytes ? NULL : "the totals of its windows";
}

static const char *counters_differ(const struct bench *b)
{
	struct wr_cpu_count sum = {0};

	for (int i = 0; i < WR_MAX_CPUS; i++) {
		const struct wr_cpu_count *c = &b->board->cpu[i].count;

		sum.arrived_packets += c->arrived_packets;
		sum.arrived_bytes += c->arrived_bytes;
		sum.passed_packets += c->passed_packets + c->dropped_packets + c->limited_packets;
		sum.passed_bytes += c->passed_bytes + c->dropped_bytes + c->limited_bytes;
		sum.made += c->made;
	}
	if (sum.arrived_packets != b->ran || sum.arrived_bytes != b->bytes)
		return "how many packets arrived";
	if (sum.passed_packets != b->ran || sum.passed_bytes != b->bytes)
		return "how many passed or were dropped";
	if (sum.made != b->ran)
		return "how many records it made";
	return b->fixed.account ? account_differs(b) : NULL;
}

static int differs(const struct wr_frame *f, uint32_t number, const char *what, struct wr_err *err)
{
	char hex[2 * 64 + 1] = "";

	for (uint32_t i = 0; i < 64 && i < f->n; i++)
		snprintf(hex + 2 * i, 3, "%02x", f->at[i]);
	return wr_fail(err, EPROTO,
		       "it decides otherwise than this weir, and is not put in: of packet %u of "
		       "the self-test (%s...), %s differs",
		       number, hex, what);
}

static int run(struct bench *b, struct wr_err *err)
{
	uint32_t skip = b->fixed.linktype == WR_LINK_ETHER ? 0 : ETHER;
	const char *what;

	for (uint32_t i = 0; i < WR_SELFTEST_PACKETS; i++) {
		struct wr_frame f;

		wr_frame_make(&f, i);
		what = packet_differs(b, f.at + skip, f.n - skip);
		if (what)
			return differs(&f, i, what, err);
	}
	what = counters_differ(b);
	return what ? wr_fail(err, EPROTO,
			      "it counts otherwise than this weir, and is not put in: %s differs",
			      what)
		    : 0;
}

static uint32_t measure(const struct bench *b)
{
	uint32_t skip = b->fixed.linktype == WR_LINK_ETHER ? 0 : ETHER;
	struct wr_frame f;
	LIBBPF_OPTS(bpf_test_run_opts, o, .data_in = f.at + skip, .repeat = REPEAT);

	wr_frame_make(&f, 0);
	o.data_size_in = f.n - skip;
	b->board->conf.follow = 0;
	return bpf_prog_test_run_opts(b->main_fd, &o) ? 0 : o.duration;
}

int wr_selftest(const struct wr_selftest *t, struct wr_selftest_told *told, struct wr_err *err)
{
	struct bench b = {.t = t};
	int ret = open_object(&b, err);

	ret = ret ? ret : load(&b, err);
	ret = ret || !b.fixed.judge ? ret : put_policy(&b, err);
	ret = ret || !b.board ? ret : run(&b, err);
	*told = (struct wr_selftest_told){.packets = (uint32_t)b.ran,
					  .ns = ret || !b.board ? 0 : measure(&b)};
	close_bench(&b);
	return ret;
}
