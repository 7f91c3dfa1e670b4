/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/cli/out.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "export/pcapng.h"
#include "view/ledger.h"

enum { FLUSH_AT = 1 << 16 };

int wr_out_open(struct wr_out *o, const struct wr_out_conf *conf, struct wr_err *err)
{
	struct wr_pcapng_conf file = {
		.version = WR_VERSION,
		.filter = conf->filter,
		.snaplen = conf->snaplen,
	};
	int ret;

	memset(o, 0, sizeof(*o));
	o->conf = *conf;
	o->parse.max_depth = conf->max_depth;
	if (!conf->write)
		return 0;
	ret = wr_pcapng_open(&o->file, conf->write, &file, err);
	if (!ret) /* a place that takes nothing is told before anything else happens */
		ret = wr_pcapng_flush(o->file, err);
	if (ret)
		wr_pcapng_close(&o->file, NULL, NULL);
	return ret;
}

void wr_out_flush(struct wr_out *o)
{
	int ret;

	if (o->file && !o->failed)
		o->failed = wr_pcapng_flush(o->file, &o->err);
	if (!o->text.used)
		return;
	ret = wr_buf_flush(&o->text, STDOUT_FILENO);
	if (ret && !o->failed) {
		o->failed = ret;
		wr_fail(&o->err, -ret, "standard output: %s", strerror(-ret));
	}
}

static const struct wr_rec *facts(struct wr_out *o, const struct wr_packet *pkt)
{
	if (pkt->rec)
		return pkt->rec;
	wr_parse(&o->parse, pkt->data, pkt->caplen, pkt->len, pkt->linktype);
	o->parse.rec.gso_segs = pkt->gso_segs;
	return &o->parse.rec;
}

void wr_out_packet(void *out, const struct wr_packet *pkt)
{
	const struct wr_rec *rec = NULL;
	struct wr_out *o = out;

	if (o->failed && o->file) /* it only counts what is not written any more */
		wr_pcapng_write(o->file, pkt, NULL, &o->err);
	if (o->enough || o->failed)
		return;
	if (!o->conf.quiet || o->conf.tap)
		rec = facts(o, pkt);
	o->packets++;
	o->bytes += pkt->len;
	if (o->conf.tap)
		o->conf.tap(o->conf.tap_ctx, pkt, rec);
	if (o->file && !o->failed)
		o->failed = wr_pcapng_write(o->file, pkt, NULL, &o->err);
	if (!o->conf.quiet && o->conf.json)
		wr_view_packet_json(&o->text, pkt, rec, &o->conf.style);
	else if (!o->conf.quiet)
		wr_view_packet_line(&o->text, pkt, rec, &o->conf.style);
	if (o->text.used > FLUSH_AT)
		wr_out_flush(o);
	o->enough = o->conf.count && o->packets >= o->conf.count;
}

static void add_ledger(struct wr_out *o, const struct wr_ledger *rows, int n)
{
	struct wr_buf line = {0};
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	for (int i = 0; i < n; i++) {
		wr_buf_clear(&line);
		wr_view_ledger_json(&line, &rows[i]);
		line.used--; /* no newline in a comment */
		wr_pcapng_stats(o->file, &rows[i],
				(uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec,
				wr_buf_text(&line), &o->err);
	}
	wr_buf_free(&line);
}

void wr_out_close(struct wr_out *o, const struct wr_ledger *rows, int n)
{
	int ret;

	wr_out_flush(o);
	if (o->file) {
		if (!o->failed)
			add_ledger(o, rows, n);
		wr_out_flush(o);
		if (o->conf.lost)
			wr_pcapng_lost_each(o->file, o->conf.lost, o->conf.lost_ctx);
		ret = wr_pcapng_close(&o->file, NULL, &o->err);
		if (!o->failed)
			o->failed = ret;
	}
	wr_buf_free(&o->text);
}
