/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where no packet can meet a rule none is asked about: which policies are such, and that of the
 * last packet that was judged nothing is left then in what becomes of the next one, or in its
 * record.
 */
#include "control/kernel.h"
#include "tests/tap.h"
#include "tests/unit/judge.h"

static const uint8_t frame[64] = "\x02\0\0\0\0\1\x02\0\0\0\0\2\x08\0\x45\0\0\x28\0\1\0\0\x40\6"
				 "\0\0\x0a\0\0\1\x0a\0\0\2\xc3\x50\1\xbb\0\0\0\1\0\0\0\0\x50\2";
static struct wr_event event;
static int events;

/* ---- which ---- */

static void begins(const char *text, bool count_only, bool idle)
{
	static const struct wr_image_iface iface;
	static const uint16_t slot[WR_POLICY_RULES];
	struct wr_image_conf conf = {.iface = &iface,
				     .n_ifaces = 1,
				     .slot = slot,
				     .count_only = count_only,
				     .now_s = 1000000000,
				     .clock_ns = 1000000000,
				     .tick_ns = 4000000,
				     .most_lines = JUDGE_LINES};
	struct wr_image_built *image = NULL;
	struct wr_policy *p = NULL;
	struct wr_err err = {0};

	if (ok(!wr_policy_parse(&p, text, strlen(text), "text", NULL, NULL, &err) &&
		       !wr_image_compile(&image, p, &conf, &err),
	       "'%s'%s%s", text, count_only ? ", switched off" : "", err.text))
		ok(!wr_image_begin(image, 0) == idle, "packets %s", idle ? "need not ask" : "ask");
	wr_image_close(&image);
	wr_policy_free(&p);
}

static void which(void)
{
	begins("", false, true);
	begins("set bad = 192.0.2.1", false, true);
	begins("unreadable pass", false, true);
	begins("fragments pass", false, true);
	begins("drop from 192.0.2.1 until 2000-01-01T00:00:00Z", false, true);
	begins("", true, false);
	begins("drop from 192.0.2.1", false, false);
	begins("drop from 192.0.2.1 shadow", false, false);
	begins("unreadable drop", false, false);
	begins("fragments drop", false, false);
}

/* ---- what is left ---- */

static int take(void *ctx, void *data, size_t n)
{
	(void)ctx;
	if (n >= sizeof(event))
		memcpy(&event, data, sizeof(event));
	events++;
	return 0;
}

/* Does it pass? */
static bool passes(struct judge_hook *j)
{
	LIBBPF_OPTS(bpf_test_run_opts, o, .data_in = frame, .data_size_in = sizeof(frame),
		    .repeat = 1);

	return !bpf_prog_test_run_opts(j->hook.main_fd, &o) && (int)o.retval == j->hook.is->pass;
}

static uint64_t passed(const struct judge_hook *j)
{
	uint64_t n = 0;

	for (int i = 0; i < WR_MAX_CPUS; i++)
		n += j->hook.board->cpu[i].count.passed_packets;
	return n;
}

static void put(struct judge_hook *j, const char *text)
{
	struct wr_policy *p = NULL;
	struct wr_err err = {0};

	ok(!wr_policy_parse(&p, text, strlen(text), "text", NULL, NULL, &err) &&
		   !judge_hook_put(j, p, &err),
	   "%s: '%s'%s", j->hook.is->name, text, err.text);
	wr_policy_free(&p);
}

static void what_is_left(enum hook_kind kind)
{
	static struct judge_hook j;
	struct wr_err err = {0};
	struct ring_buffer *ring;
	uint64_t before;
	int rc = judge_hook_open(&j, kind);

	if (!ok(!rc, "%s loads", hook_is[kind].name))
		return;
	ring = ring_buffer__new(j.hook.ring_fd, take, NULL, NULL);
	j.hook.board->conf.records = WR_RECORDS_FACTS;
	ok(!wr_path_filter(&j.path, "tcp", &err), "a filter%s", err.text);
	put(&j, "drop to tcp/80\ndrop to tcp/443");
	j.hook.board->conf.follow = 1;
	ok(!passes(&j), "with a rule it is dropped");
	ring_buffer__consume(ring);
	is_int(event.verdict, WR_VERDICT_DROP, "and its record says so");
	put(&j, "");
	before = passed(&j);
	event.verdict = event.rule = event.klass = 77;
	events = 0;
	ok(passes(&j), "without one it passes");
	ring_buffer__consume(ring);
	ok(events == 1 && event.verdict == WR_VERDICT_PASS && !event.rule &&
		   event.klass == WR_NO_CLASS,
	   "its record has no verdict, rule and class: %d, %d, %d", event.verdict, event.rule,
	   event.klass);
	j.hook.board->conf.follow = 0;
	ok(passes(&j), "nor is anything left where nobody follows it");
	is_int((long long)(passed(&j) - before), 2, "both are counted as passed");
	put(&j, "drop to tcp/443");
	ok(!passes(&j), "a rule again: it is dropped");
	ring_buffer__free(ring);
	judge_hook_close(&j);
}

int main(void)
{
	which();
	if (geteuid()) {
		skip("kernel programs need root");
		return done();
	}
	what_is_left(HOOK_XDP);
	what_is_left(HOOK_TC);
	return done();
}
