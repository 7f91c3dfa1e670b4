/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * judge_run [POLICY CAPTURE]...: what becomes of each packet of a capture (Ethernet) under a
 *policy, rule by rule, by the image on the host, in XDP and at TC: a line
 *
 *	policy packet TAB reference TAB host TAB xdp TAB tc
 *
 * each verdict/rule/class, "-" for what is none, "?" where it could not be asked: the reference
 * knows no fragments, and TC refuses a frame without a whole IP header. Behind the packets of a
 * policy a line for each rule and statement that counted:
 *
 *	policy = name TAB host TAB xdp TAB tc
 *
 * each matched/stopped. Without root only the first two ways. tests/golden/verdicts.py reads this.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "tests/unit/judge.h"
#include "view/packet.h"

enum { MOST = 4096, TEXT = 1 << 20 };

enum way { REFERENCE, HOST, XDP, TC, WAYS };

struct packets {
	struct judge_packet at[MOST];
	uint32_t n;
	bool not_ether;
};

static struct judge_hook hooks[2];
static bool root;

static void keep(void *ctx, const struct wr_packet *pkt)
{
	struct packets *p = ctx;
	uint8_t *data = malloc(pkt->caplen + 1);

	p->not_ether = p->not_ether || pkt->linktype != WR_LINK_ETHER;
	if (!data || p->n == MOST) {
		free(data);
		return;
	}
	memcpy(data, pkt->data, pkt->caplen);
	p->at[p->n++] = (struct judge_packet){data, pkt->caplen};
}

static int read_packets(struct packets *p, const char *path, struct wr_err *err)
{
	struct wr_source *s = NULL;
	int n = wr_file_open(&s, path, NULL, err);

	while (n >= 0)
		n = s->ops->read(s, keep, p, MOST, err);
	wr_source_close(&s);
	if (n == -ENODATA && p->not_ether)
		return wr_fail(err, EINVAL, "%s: not Ethernet", path);
	return n == -ENODATA ? 0 : n;
}

static int read_policy(struct wr_policy **p, const char *path, struct wr_err *err)
{
	char *text = malloc(TEXT);
	FILE *f = fopen(path, "r");
	size_t n = f && text ? fread(text, 1, TEXT, f) : 0;
	int ret = f && text ? wr_policy_parse(p, text, n, path, NULL, NULL, err)
			    : wr_fail(err, errno, "%s: %s", path, strerror(errno));

	if (f)
		fclose(f);
	free(text);
	return ret;
}

static void show(const struct wr_policy *p, const struct wr_verdict_of *v)
{
	const char *rule = wr_verdict_rule(p, v->rule);
	bool classed = v->klass >= 0 && v->verdict == WR_VERDICT_PASS;

	printf("\t%s/%s/%s", wr_verdict_name(v->verdict), rule ? rule : "-",
	       classed ? p->class_[v->klass].name : "-");
}

static int one_packet(const struct wr_policy *p, struct wr_verdicts *v,
		      const struct judge_packet *pkt, struct wr_err *err)
{
	struct wr_parse parse = {.max_depth = 1};
	struct wr_verdict_packet here = {.rec = &parse.rec,
					 .data = pkt->data,
					 .caplen = pkt->n,
					 .len = pkt->n,
					 .linktype = WR_LINK_ETHER,
					 .iface = "",
					 .ts_ns = 1000000000};
	struct wr_verdict_of of;
	int ret;

	wr_parse(&parse, pkt->data, pkt->n, pkt->n, WR_LINK_ETHER);
	of = reference(p, &parse.rec, pkt);
	if (wr_is_fragment(&parse.rec.hdr[0]))
		printf("\t?");
	else
		show(p, &of);
	ret = wr_verdict(v, &here, &of, err);
	if (ret)
		return ret;
	show(p, &of);
	for (int k = 0; k < 2; k++) {
		ret = root ? judge_hook_run(&hooks[k], p, pkt, &of) : -EINVAL;
		if (!ret)
			show(p, &of);
		else if (ret == -EINVAL)
			printf("\t?");
		else
			return wr_fail(err, -ret, "%s: %s", k ? "TC" : "XDP", strerror(-ret));
	}
	printf("\t%s\n", wr_view_bad(parse.rec.bad));
	return 0;
}

static void count(const struct wr_rule_count *c, const struct wr_rule_count *before)
{
	printf("\t%" PRIu64 "/%" PRIu64, (uint64_t)(c->packets - before->packets),
	       (uint64_t)(c->hit_packets - before->hit_packets));
}

/* Counters of all rules in the kernel, of this CPU. */
static void kernel_counts(int k, struct wr_rule_count *into)
{
	int fd = hook_map(&hooks[k].hook, "wr_hits");

	for (uint32_t i = 0; i < WR_JUDGE_RULES; i++) {
		uint32_t at = (uint32_t)sched_getcpu() * WR_JUDGE_RULES + i;

		bpf_map_lookup_elem(fd, &at, &into[i]);
	}
}

static struct wr_rule_count before[2][WR_JUDGE_RULES], after[2][WR_JUDGE_RULES];

static void show_counts(int nr, const struct wr_policy *p, const struct wr_verdicts *v)
{
	static const struct wr_rule_count none;

	for (int k = 0; root && k < 2; k++)
		kernel_counts(k, after[k]);
	for (uint32_t i = 0; i < WR_JUDGE_RULES; i++) {
		int by = i < p->n_rules ? (int)i : wr_verdict_by_slot(i);
		const struct wr_rule_count *c = wr_verdict_count(v, i);

		if (by == WR_BY_NOTHING || !c->packets)
			continue;
		printf("%d = %s", nr, wr_verdict_rule(p, by));
		count(c, &none);
		for (int k = 0; k < 2; k++)
			if (root)
				count(&after[k][i], &before[k][i]);
			else
				printf("\t?");
		printf("\n");
	}
}

static int run(int nr, const char *policy, const char *capture, struct wr_err *err)
{
	static struct packets packets;
	struct wr_policy *p = NULL;
	struct wr_verdicts *v = NULL;
	int ret = read_policy(&p, policy, err);

	packets.n = 0;
	ret = ret ? ret : read_packets(&packets, capture, err);
	ret = ret ? ret : wr_verdicts_open(&v, p, err);
	for (int k = 0; root && !ret && k < 2; k++) {
		ret = judge_hook_put(&hooks[k], p, err);
		kernel_counts(k, before[k]);
	}
	for (uint32_t i = 0; i < packets.n; i++) {
		if (!ret) {
			printf("%d %u", nr, i + 1);
			ret = one_packet(p, v, &packets.at[i], err);
		}
		free((void *)packets.at[i].data);
	}
	if (!ret)
		show_counts(nr, p, v);
	wr_verdicts_close(&v);
	wr_policy_free(&p);
	return ret;
}

int main(int argc, char **argv)
{
	struct wr_err err = {0};
	int ret = 0;

	root = !geteuid();
	libbpf_set_print(hook_quiet);
	hook_stay_on_cpu();
	for (int k = 0; root && k < 2; k++)
		if (judge_hook_open(&hooks[k], k ? HOOK_TC : HOOK_XDP)) {
			fprintf(stderr, "%s: does not load\n", k ? "TC" : "XDP");
			return 1;
		}
	for (int i = 1; i + 1 < argc && !ret; i += 2)
		ret = run((i + 1) / 2, argv[i], argv[i + 1], &err);
	for (int k = 0; root && k < 2; k++)
		judge_hook_close(&hooks[k]);
	if (ret)
		fprintf(stderr, "%s\n", err.text);
	return ret ? 1 : 0;
}
