/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/output_conf.h"
#include "daemon/advice_conf.h"
#include "daemon/run_impl.h"

/* The last packets: a ring in memory (export/dumpring.h) that the engine fills. */

/* *out stays NULL when none are to be kept. */
int wr_run_dump_open(struct wr_dump **out, const struct wr_daemon_conf *c, struct wr_err *err)
{
	struct wr_dump_conf conf = {.bytes = c->dump.bytes, .snaplen = (uint32_t)c->dump.snap};

	return conf.bytes ? wr_dump_open(out, &conf, err) : 0;
}

/* Rules of detection and features of windows are made from headers of packets: some are needed,
 * whether or not they are kept. */
enum { SAMPLES_PPS = 1000, SAMPLE_BYTES = 128 };

struct wr_engine_keep wr_run_dump_keep(const struct wr_daemon_conf *c)
{
	if (!c->dump.bytes && ((c->detect.on && wr_detect_conf_answers(c)) ||
			       wr_output_wants_windows(c) || wr_advice_wanted(c)))
		return (struct wr_engine_keep){
			.rate = SAMPLES_PPS, .sample = 1, .snap = SAMPLE_BYTES};
	return (struct wr_engine_keep){
		.rate = c->dump.bytes ? (uint32_t)c->dump.rate : 0,
		.sample = (uint32_t)c->dump.sample,
		.snap = (uint32_t)c->dump.snap,
	};
}

void wr_run_dump_packet(void *run, const struct wr_packet *pkt)
{
	struct wr_run *r = run;

	if (r->dump)
		wr_dump_add(r->dump, pkt);
	if (r->rules)
		wr_rules_packet(r->rules, pkt);
	wr_run_features_packet(r, pkt);
}

static bool move(void *to, const struct wr_packet *pkt)
{
	wr_dump_add(to, pkt);
	return true;
}

void wr_run_dump_change(struct wr_run *r, struct wr_dump *to, const struct wr_daemon_conf *c)
{
	struct wr_engine_keep keep = wr_run_dump_keep(c);
	struct wr_dump_ask ask = {0};

	while (r->dump && to && ask.from <= wr_dump_state(r->dump).added)
		if (wr_dump_each(r->dump, &ask, move, to, NULL))
			break;
	wr_dump_close(&r->dump);
	r->dump = to;
	r->host.dump = to;
	r->passed_over = wr_engine_passed_over(r->engine);
	wr_engine_keep(r->engine, &keep);
}

void wr_run_dump_status(const struct wr_run *r, struct wr_status *s)
{
	struct wr_dump_state d;

	if (!r->dump)
		return;
	d = wr_dump_state(r->dump);
	s->dump.bytes = r->c.dump.bytes;
	s->dump.snap = (uint32_t)r->c.dump.snap;
	s->dump.sample = (uint32_t)r->c.dump.sample;
	s->dump.rate = (uint32_t)r->c.dump.rate;
	s->dump.packets = d.packets;
	s->dump.oldest_ns = d.oldest_ns;
	s->dump.kept = d.added;
	s->dump.passed_over = wr_engine_passed_over(r->engine) - r->passed_over;
}
