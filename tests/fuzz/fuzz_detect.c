/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libFuzzer target: packets that a seed makes, broken and repeated from other sources, through
 *flows and detection with a clock that jumps. The input is a list of eight bytes each: what to do,
 *how often, how much later, a seed. Must hold: a finding is raised once and over once, its numbers
 *are numbers, what is said of it is text, and a rule that is made of it is one of the language.
 *
 *	clang -fsanitize=fuzzer,address,undefined ...
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/parse.h"
#include "detect/cure.h"
#include "policy/policy.h"
#include "tests/unit/gen.h"
#include "view/finding.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RECORD = 8, MOST = 512 /* records */, SOURCE = 26 /* of IPv4 in Ethernet */ };

struct fuzz {
	struct wr_live *live;
	struct wr_detect *d;
	struct wr_parse parse;
	uint64_t ns, open[64]; /* ids of findings that are not over */
};

static void must(int good)
{
	if (!good)
		abort();
}

static void check_text(const struct wr_finding *f)
{
	struct wr_buf b = {0};

	wr_view_finding_text(&b, f, 1, false);
	wr_view_finding_json(&b, f, 1);
	wr_view_finding_tsv(&b, f, 1);
	for (size_t i = 0; i < b.used; i++)
		must(b.at[i] == '\n' || b.at[i] == '\t' || (b.at[i] >= 0x20 && b.at[i] <= 0x7e));
	wr_buf_free(&b);
}

static void wrong(void *ctx, unsigned int line, unsigned int column, const char *text)
{
	fprintf(stderr, "%s: %u:%u: %s\n", (const char *)ctx, line, column, text);
}

static void check_cure(struct fuzz *z, const struct wr_finding *f)
{
	struct wr_policy *p = NULL;
	struct wr_err err = {0};
	struct wr_cure c;

	wr_detect_cure(z->d, f, "auto1", 60, &c);
	must(c.attack >= 0 && c.attack <= 1 && c.usual >= 0 && c.usual <= 1);
	if (c.verb == WR_CURE_NONE)
		return;
	must(!wr_policy_parse(&p, c.rule, strlen(c.rule), "cure", wrong, c.rule, &err));
	wr_policy_free(&p);
}

static void finding(void *ctx, enum wr_finding_news news, const struct wr_finding *f)
{
	struct fuzz *z = ctx;
	int at = -1, room = -1;

	for (int i = 0; i < 64; i++) {
		at = z->open[i] == f->id ? i : at;
		room = z->open[i] ? room : i;
	}
	must((news == WR_FINDING_RAISED) == (at < 0));
	must(f->over == (news == WR_FINDING_OVER));
	if (news == WR_FINDING_RAISED) {
		must(room >= 0);
		z->open[room] = f->id;
	} else if (news == WR_FINDING_OVER) {
		z->open[at] = 0;
	}
	must(f->klass < WR_CLASS_COUNT && f->severity < WR_SEVERITY_COUNT &&
	     f->n_evidence <= WR_FINDING_EVIDENCE && f->n_sources <= WR_FINDING_SOURCES &&
	     f->score >= 1 && isfinite(f->score));
	for (uint32_t i = 0; i < f->n_evidence; i++)
		must(isfinite(f->evidence[i].value) && isfinite(f->evidence[i].norm) &&
		     f->evidence[i].value >= 0 && f->evidence[i].feature < WR_FEATURE_COUNT);
	check_text(f);
	if (news != WR_FINDING_OVER)
		check_cure(z, f);
}

static void part(void *ctx, const struct wr_live_part *p, const struct wr_flow *f)
{
	wr_detect_part(((struct fuzz *)ctx)->d, p, f);
}

static void send(struct fuzz *z, const struct gen *g)
{
	struct wr_packet pkt = {.ts_ns = z->ns,
				.data = g->b,
				.caplen = g->n,
				.len = g->n,
				.linktype = WR_LINK_ETHER,
				.iface = ""};

	wr_parse(&z->parse, pkt.data, pkt.caplen, pkt.len, pkt.linktype);
	wr_detect_tick(z->d, pkt.ts_ns);
	wr_live_payload(z->live, &pkt, &z->parse.rec);
	wr_live_packet(z->live, &pkt, &z->parse.rec);
	wr_detect_packet(z->d, &pkt, &z->parse.rec);
}

/* At most some hours ahead, some seconds back. */
static void wait(struct fuzz *z, uint8_t how)
{
	static const int64_t ms[] = {0,	   1,	  10,	  90,	   500, 1000,
				     6000, 40000, 700000, 9000000, -20, -3000};

	z->ns += (uint64_t)(ms[how % (sizeof(ms) / sizeof(*ms))] * 1000000);
}

static void record(struct fuzz *z, struct gen *g, const uint8_t *r)
{
	uint32_t seed = (uint32_t)r[3] << 24 | (uint32_t)r[4] << 16 | (uint32_t)r[5] << 8 | r[6];
	uint32_t often = 1u + r[1] * (r[0] & 8 ? 8u : 1u);

	wait(z, r[2]);
	if (!(r[0] & 1) || !g->n) {
		gen_packet(g, seed);
		if (r[0] & 2)
			gen_mutate(g);
	}
	for (uint32_t i = 0; i < often; i++) {
		if (r[0] & 4 && g->n > SOURCE + 3) {
			g->b[SOURCE + 2] = (uint8_t)(i >> 8);
			g->b[SOURCE + 3] = (uint8_t)(i ^ r[7]);
		}
		if (r[0] & 16 && g->n > 37) /* another port */
			g->b[37] = (uint8_t)i;
		if (r[0] & 32 && g->n > 33) /* another host */
			g->b[33] = (uint8_t)i;
		send(z, g);
		z->ns += r[0] & 64 ? 50000 : 5000000;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fuzz z;
	static struct gen g;
	struct wr_live_conf live = {.flows_max = 4096};
	struct wr_live_tap tap = {.ctx = &z, .part = part};
	struct wr_detect_conf conf = {.finding = finding, .ctx = &z};
	struct wr_err err = {0};

	if (size < RECORD)
		return 0;
	memset(&z, 0, sizeof(z));
	memset(&g, 0, sizeof(g));
	z.ns = 1700000000ull * 1000000000ull;
	z.parse.max_depth = 1;
	conf.one_way = data[7] & 1;
	must(!wr_live_open(&z.live, &live, &err));
	wr_live_tap(z.live, &tap);
	conf.live = z.live;
	must(!wr_detect_open(&z.d, &conf, &err));
	for (size_t i = 0; i + RECORD <= size && i < (size_t)MOST * RECORD; i += RECORD)
		record(&z, &g, data + i);
	wr_detect_finish(z.d);
	for (int i = 0; i < 64; i++)
		must(!z.open[i]);
	wr_detect_close(&z.d);
	wr_live_close(&z.live);
	return 0;
}
