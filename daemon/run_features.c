/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "core/parse.h"
#include "daemon/output_conf.h"
#include "daemon/run_impl.h"

/* Windows as features (detect/window.h): made in the core, where the parts of flows are; the
 * process of the outputs writes them. */

static void begin(void *ctx, uint64_t start_ns)
{
	const struct wr_run *r = ctx;

	wr_windows_tick(r->windows, start_ns);
	wr_advice_window(r->advice);
}

static void part(void *ctx, const struct wr_live_part *p, const struct wr_flow *f)
{
	const struct wr_run *r = ctx;

	wr_windows_part(r->windows, p, f);
}

static void rest(void *ctx, const struct wr_talk_key *service, const struct wr_count *n)
{
	const struct wr_run *r = ctx;

	wr_windows_rest(r->windows, service, n);
}

static void rest_all(void *ctx, uint32_t iface, bool out, const struct wr_live_rest *all)
{
	const struct wr_run *r = ctx;

	wr_windows_rest_all(r->windows, iface, out, all);
}

static void row(void *ctx, const struct wr_window *w)
{
	const struct wr_run *r = ctx;

	wr_outputs_window_row(r->outputs, w);
	wr_advice_row(r->advice, w);
}

static int open_windows(struct wr_run *r, struct wr_err *err)
{
	struct wr_windows_conf conf = {
		.length_ns = WR_LIVE_WINDOW_NS, .live = r->host.live, .row = row, .ctx = r};
	/* It is known by its ctx, and detection's is the engine. */
	struct wr_live_tap tap = {.ctx = r,
				  .begin = begin,
				  .part = part,
				  .end = begin,
				  .rest = rest,
				  .rest_all = rest_all};
	int ret;

	if (getrandom(&conf.seed, sizeof(conf.seed), 0) != sizeof(conf.seed))
		return wr_fail(err, errno, "windows: getrandom: %s", strerror(errno));
	ret = wr_windows_open(&r->windows, &conf, err);
	if (ret)
		return ret;
	wr_windows_tick(r->windows, wr_run_now_ns());
	wr_live_tap(r->host.live, &tap);
	return 0;
}

int wr_run_features(struct wr_run *r, const struct wr_daemon_conf *c, struct wr_err *err)
{
	bool wanted = wr_output_wants_windows(c) || r->advice;

	if (wanted == (r->windows != NULL))
		return 0;
	if (wanted)
		return open_windows(r, err);
	wr_live_untap(r->host.live, r);
	wr_windows_close(&r->windows);
	return 0;
}

void wr_run_features_packet(struct wr_run *r, const struct wr_packet *pkt)
{
	static struct wr_parse parse; /* one in this process */
	const struct wr_rec *rec = pkt->rec;

	if (!r->windows)
		return;
	if (!rec) {
		wr_parse(&parse, pkt->data, pkt->caplen, pkt->len, pkt->linktype);
		rec = &parse.rec;
	}
	wr_windows_packet(r->windows, pkt, rec);
}

void wr_run_features_end(struct wr_run *r)
{
	if (!r->windows)
		return;
	wr_live_untap(r->host.live, r);
	wr_windows_finish(r->windows);
	wr_windows_close(&r->windows);
}
