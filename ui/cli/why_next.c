/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/cli/why_next.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "control/iface.h"
#include "daemon/session.h"
#include "ui/cli/ask.h"
#include "ui/cli/frames.h"
#include "ui/cli/stop.h"

enum { LOOK_US = 10000, ASK_US = 100000, RING_BYTES = 1 << 20, WHOLE_PACKET = 65535 };
enum { LATE_NS = 2000000000 };

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

static int none_came(const struct wr_why_next *n, struct wr_err *err)
{
	if (wr_stopped)
		return wr_fail(err, EINTR, "ended before one came");
	return wr_fail(err, ETIMEDOUT, "no packet%s%s%s came in %.3g s", n->filter ? " that '" : "",
		       n->filter ? n->filter : "", n->filter ? "' chooses" : "",
		       (double)n->wait_ns / 1e9);
}

/* ---- of those that the daemon keeps ---- */

struct kept {
	const struct wr_why_next *n;
	struct wr_ask ask;
	struct wr_frames frames;
	struct wr_packet pkt; /* the one that came; its bytes are those of frames */
	struct wr_fate fate;
	char iface[16], rule[64];
	uint64_t asked_ns; /* CLOCK_REALTIME, as a packet's time */
	uint64_t late_ns;  /* CLOCK_MONOTONIC */
	bool came, off;
	struct wr_buf text; /* of the policy */
};

static int take(void *ctx, const struct wr_packet *pkt)
{
	struct kept *k = ctx;

	/*
	 * One that came before the question may have waited in the kernel's ring, decided by rules
	 * that are no more. Nothing waits there for long, so a clock that was set cannot hide more
	 * than the first packets.
	 */
	if (pkt->ts_ns < k->asked_ns && now_ns() < k->late_ns)
		return 0;
	if (k->n->iface && strcmp(k->n->iface, pkt->iface) != 0)
		return 0;
	k->pkt = *pkt;
	snprintf(k->iface, sizeof(k->iface), "%s", pkt->iface);
	k->pkt.iface = k->iface;
	if (pkt->fate) {
		k->fate.verdict = pkt->fate->verdict;
		snprintf(k->rule, sizeof(k->rule), "%s", pkt->fate->rule ? pkt->fate->rule : "");
		k->fate.rule = k->rule[0] ? k->rule : NULL;
		k->pkt.fate = &k->fate;
	}
	k->came = true;
	return -ECANCELED; /* the rest of the piece is of no use */
}

static int statement(void *ctx, const char *line, size_t n)
{
	struct kept *k = ctx;

	wr_buf_add(&k->text, line, n);
	wr_buf_char(&k->text, '\n');
	return 0;
}

static int state_line(void *ctx, const char *line, size_t n)
{
	struct kept *k = ctx;

	if (memmem(line, n, "\"event_type\":\"policy\"", 21))
		k->off = memmem(line, n, "\"enforced\":false", 16);
	return 0;
}

static int ask_policy(struct kept *k, struct wr_err *err)
{
	int ret = wr_ask_send(&k->ask, "policy as=text", err);

	wr_buf_clear(&k->text);
	return ret ? ret : wr_ask_answer(&k->ask, statement, k, err);
}

static int ask_state(struct kept *k, struct wr_err *err)
{
	int ret = wr_ask_send(&k->ask, "rules", err);

	return ret ? ret : wr_ask_answer(&k->ask, state_line, k, err);
}

static int wait_kept(struct kept *k, struct wr_err *err)
{
	const struct wr_frames_want want = {.filter = k->n->filter};
	uint64_t until = now_ns() + k->n->wait_ns;
	int ret = wr_frames_newest(&k->frames, err);

	k->asked_ns = clock_ns(CLOCK_REALTIME);
	k->late_ns = now_ns() + LATE_NS;
	while (!ret && !wr_stopped && now_ns() < until) {
		ret = wr_frames_ask(&k->frames, &want, err);
		if (!ret && k->frames.next > k->frames.newest)
			usleep(ASK_US);
	}
	if (k->came)
		return 0;
	return ret ? ret : none_came(k->n, err);
}

static int parse(struct wr_policy **p, struct kept *k, struct wr_err *err)
{
	int ret = wr_policy_parse(p, wr_buf_text(&k->text), k->text.used, "the daemon's policy",
				  NULL, NULL, err);

	return ret ? wr_within(err, "the daemon's policy") : 0;
}

int wr_why_next_kept(const struct wr_why_next *n,
		     int (*fn)(void *ctx, const struct wr_policy *p, const struct wr_packet *pkt),
		     void *ctx, struct wr_err *err)
{
	struct kept *k = calloc(1, sizeof(*k));
	struct wr_policy *p = NULL;
	int ret;

	if (!k)
		return wr_fail(err, ENOMEM, "out of memory");
	*k = (struct kept){.n = n, .ask.fd = -1};
	k->frames.ask = &k->ask;
	k->frames.fn = take;
	k->frames.ctx = k;
	wr_stop_on_signals();
	ret = wr_cli_connect(&k->ask, n->conf, n->socket, err);
	if (!ret)
		ret = ask_policy(k, err); /* where none is loaded, nothing is waited for */
	if (!ret)
		ret = wait_kept(k, err);
	/* The rest of a piece was not read: the next question is asked anew. */
	if (!ret) {
		wr_ask_close(&k->ask);
		ret = wr_cli_connect(&k->ask, n->conf, n->socket, err);
	}
	if (!ret)
		ret = ask_policy(k, err);
	if (!ret)
		ret = ask_state(k, err);
	if (!ret)
		ret = parse(&p, k, err);
	if (!ret && k->off)
		fprintf(stderr, "weir why: the policy is switched off, all passes: weir rule on\n");
	if (!ret)
		ret = fn(ctx, p, &k->pkt);
	wr_policy_free(&p);
	wr_ask_close(&k->ask);
	wr_frames_free(&k->frames);
	wr_buf_free(&k->text);
	free(k);
	return ret;
}

/* ---- at an interface ---- */

static void say(void *ctx, const char *line)
{
	(void)ctx;
	fprintf(stderr, "weir: %s\n", line);
}

struct seen {
	wr_packet_fn fn;
	void *ctx;
	bool came;
};

static void first(void *ctx, const struct wr_packet *pkt)
{
	struct seen *s = ctx;

	if (!s->came)
		s->fn(s->ctx, pkt);
	s->came = true;
}

int wr_why_next_seen(const struct wr_why_next *n, wr_packet_fn fn, void *ctx, struct wr_err *err)
{
	char found[16];
	const char *iface = n->iface ? n->iface : found;
	struct wr_session_conf conf = {
		.ifaces = &iface,
		.n_ifaces = 1,
		.hook = WR_HOOK_COUNT,
		.filter = n->filter,
		.board = {.records = WR_RECORDS_BYTES, .max_depth = 1, .snap = WHOLE_PACKET},
		.whole_packets = true,
		.ring_bytes = RING_BYTES,
		.say = say,
	};
	struct seen seen = {.fn = fn, .ctx = ctx};
	struct wr_source *source = NULL;
	uint64_t until;
	int ret = n->netns ? wr_netns_enter(n->netns, err) : 0;

	wr_stop_on_signals();
	if (!ret && !n->iface)
		ret = wr_iface_default(found, err);
	if (!ret)
		ret = wr_session_open(&source, &conf, err);
	if (ret)
		return ret;
	until = now_ns() + n->wait_ns;
	while (ret >= 0 && !seen.came && !wr_stopped && now_ns() < until) {
		ret = source->ops->read(source, first, &seen, 1, err);
		if (!ret)
			usleep(LOOK_US);
	}
	wr_source_close(&source);
	if (ret < 0 && !seen.came)
		return ret;
	return seen.came ? 0 : none_came(n, err);
}
