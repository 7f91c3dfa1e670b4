/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/cli/play.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/parse.h"
#include "core/sketch.h"
#include "ui/cli/find.h"
#include "ui/cli/play_each.h"
#include "view/finding.h"

enum {
	POISON_PERCENT = 10,
	POISON_FROM_S = 30, /* of the warm-up; each event begins some time after the one before */
	POISON_UNTIL_S = 570,
	MOST_S = 100 << 20, /* seconds that a capture may be long */
};

struct play {
	const struct wr_play_conf *conf;
	struct wr_truth truth;
	uint64_t first_ns, last_ns, zero_ns, number;
	struct wr_play_kept *kept; /* NULL: the warm-up is clean */
	struct wr_find *find;
	struct wr_auto *automatic; /* NULL: no rules are made */
	struct wr_scoring *scoring;
	FILE *verdicts;
	bool restarted;
	struct wr_parse parse;
};

/* Is this one among so many percent? The same ones each time. */
static bool chosen(const struct play *p, unsigned int percent, uint64_t seed)
{
	return wr_mix(p->number + seed * 0x9e3779b97f4a7c15ull) % 100 < percent;
}

/* ---- before: how long it is, and what is played twice ---- */

static uint64_t scaled(const struct play *p, uint64_t ts_ns)
{
	double away = (double)(int64_t)(ts_ns - p->zero_ns);

	if (p->conf->scale == 1)
		return ts_ns;
	return p->zero_ns + (uint64_t)llround(away * p->conf->scale);
}

static int survey(void *ctx, const struct wr_packet *pkt, uint8_t label, struct wr_err *err)
{
	struct play *p = ctx;

	(void)label, (void)err;
	if (!p->first_ns || pkt->ts_ns < p->first_ns)
		p->first_ns = pkt->ts_ns;
	if (pkt->ts_ns > p->last_ns)
		p->last_ns = pkt->ts_ns;
	return 0;
}

/* A packet of an event, at the same time after the event's beginning in the warm-up. */
static int keep(void *ctx, const struct wr_packet *pkt, uint8_t label, struct wr_err *err)
{
	struct play *p = ctx;
	const struct wr_truth_event *e = wr_truth_event(&p->truth, label);
	double at;

	(void)err;
	p->number++;
	if (!e || !chosen(p, POISON_PERCENT, 2))
		return 0;
	at = (double)(int64_t)(pkt->ts_ns - p->zero_ns) / 1e9 - e->start_s;
	at += POISON_FROM_S +
	      (double)(e - p->truth.event) * (POISON_UNTIL_S - POISON_FROM_S) / p->truth.n;
	if (at >= 0 && at < POISON_UNTIL_S)
		wr_play_keep(p->kept, pkt, scaled(p, p->zero_ns + (uint64_t)(at * 1e9)));
	return 0;
}

static int prepare(struct play *p, const char *capture, struct wr_err *err)
{
	int ret = wr_play_each(capture, p->truth.labels, survey, p, err);

	if (!ret && !p->first_ns)
		return wr_fail(err, EINVAL, "%s: no packet has a time", capture);
	p->zero_ns = p->first_ns;
	if (p->truth.warms_up)
		p->zero_ns -= p->zero_ns % 1000000000u;
	if (!ret && (double)(p->last_ns - p->zero_ns) / 1e9 * p->conf->scale > MOST_S)
		return wr_fail(err, EINVAL, "%s: it is longer than %d s", capture, MOST_S);
	if (ret || !p->conf->poison || !p->truth.warms_up)
		return ret;
	ret = wr_play_kept_open(&p->kept, err);
	return ret ? ret : wr_play_each(capture, p->truth.labels, keep, p, err);
}

/* ---- each packet ---- */

static int show(struct play *p, const struct wr_packet *pkt, bool *out, struct wr_err *err)
{
	int ret = 0;

	wr_parse(&p->parse, pkt->data, pkt->caplen, pkt->len, pkt->linktype);
	p->parse.rec.gso_segs = pkt->gso_segs;
	*out = false;
	if (p->automatic)
		ret = wr_auto_packet(p->automatic, pkt, &p->parse.rec, out, err);
	wr_find_packet(p->find, pkt, &p->parse.rec);
	return ret;
}

static int show_kept(struct play *p, uint64_t until_ns, struct wr_err *err)
{
	const struct wr_packet *pkt;
	int ret = 0;
	bool out;

	while (p->kept && !ret && (pkt = wr_play_due(p->kept, until_ns)))
		ret = show(p, pkt, &out, err);
	return ret;
}

static int restart(struct play *p, uint64_t ts_ns, struct wr_err *err)
{
	if (p->restarted || p->conf->restart_s <= 0 ||
	    (double)(int64_t)(ts_ns - p->zero_ns) / 1e9 < p->conf->restart_s)
		return 0;
	p->restarted = true;
	return wr_find_restart(p->find, p->conf->resume, ts_ns, err);
}

static void score_packet(struct play *p, uint64_t ts_ns, uint8_t label, bool out)
{
	const struct wr_hdr *h = &p->parse.rec.hdr[0];
	uint8_t src[16] = {0};

	if (h->has & WR_H_IP)
		memcpy(src, h->src, h->ip_v == 4 ? 4 : 16);
	wr_scoring_packet(p->scoring, ts_ns, label, h->has & WR_H_IP ? src : NULL, out);
}

static int play(void *ctx, const struct wr_packet *from, uint8_t label, struct wr_err *err)
{
	struct play *p = ctx;
	struct wr_packet pkt = *from;
	bool out = false;
	int ret;

	p->number++;
	if (label && p->conf->thin < 100 && !chosen(p, p->conf->thin, 1))
		goto told;
	pkt.ts_ns = scaled(p, from->ts_ns);
	ret = restart(p, pkt.ts_ns, err);
	if (!ret)
		ret = show_kept(p, pkt.ts_ns, err);
	if (!ret)
		ret = show(p, &pkt, &out, err);
	if (ret)
		return ret;
	if (out && !label && wr_auto_answered(p->automatic))
		out = false; /* who is there connects with the cookie */
	score_packet(p, pkt.ts_ns, label, out);
told:
	if (p->verdicts && fputc(out ? 1 : 0, p->verdicts) == EOF)
		return wr_fail(err, errno, "cannot write what was decided: %s", strerror(errno));
	return 0;
}

/* ---- files ---- */

static void path_of(const struct play *p, char *path, const char *ending)
{
	snprintf(path, WR_TRUTH_PATH, "%s/%s%s", p->conf->out, p->truth.name, ending);
}

static int open_all(struct play *p, struct wr_err *err)
{
	struct wr_scoring_conf conf = {
		.truth = &p->truth,
		.zero_ns = p->zero_ns,
		.scale = p->conf->scale,
		.seconds = (uint32_t)((double)(p->last_ns - p->zero_ns) / 1e9 * p->conf->scale) + 1,
		.warmup_s = p->truth.warms_up ? WR_TRUTH_WARMUP_S * p->conf->scale : 0,
	};
	char path[WR_TRUTH_PATH];
	int ret = wr_scoring_open(&p->scoring, &conf, err);

	if (!ret && p->conf->mode != WR_ANSWER_OFF)
		ret = wr_auto_open(&p->automatic, p->conf->mode, NULL, err);
	if (!ret)
		ret = wr_find_open(&p->find, p->automatic, err);
	if (ret || !p->conf->out || !p->automatic)
		return ret;
	path_of(p, path, ".verdicts");
	p->verdicts = fopen(path, "we");
	return p->verdicts ? 0 : wr_fail(err, errno, "cannot write %s: %s", path, strerror(errno));
}

/* As `weir read --alerts` writes it, but with the times of the events. */
static int write_alerts(const struct play *p, const struct wr_finding *found, uint32_t n,
			struct wr_err *err)
{
	struct wr_buf b = {0};
	char path[WR_TRUTH_PATH];
	int fd, ret;

	if (!p->conf->out)
		return 0;
	path_of(p, path, ".alerts.tsv");
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0)
		return wr_fail(err, errno, "cannot write %s: %s", path, strerror(errno));
	wr_buf_str(&b, WR_VIEW_FINDING_COLUMNS);
	for (uint32_t i = 0; i < n; i++)
		wr_view_finding_tsv(&b, &found[i], p->zero_ns);
	ret = wr_buf_flush(&b, fd);
	wr_buf_free(&b);
	if (close(fd) && !ret)
		ret = -errno;
	if (ret)
		return wr_fail(err, -ret, "cannot write %s: %s", path, strerror(-ret));
	return 0;
}

static int play_all(struct play *p, const char *capture, struct wr_score *score, struct wr_err *err)
{
	const struct wr_finding *found;
	uint32_t n;
	int ret;

	p->number = 0;
	ret = wr_play_each(capture, p->truth.labels, play, p, err);
	if (ret)
		return ret;
	wr_find_finish(p->find);
	n = wr_find_found(p->find, &found);
	ret = write_alerts(p, found, n, err);
	return ret ? ret : wr_scoring_finish(p->scoring, found, n, score, err);
}

int wr_play(struct wr_score *score, const char *capture, const struct wr_play_conf *conf,
	    struct wr_err *err)
{
	struct play *p = calloc(1, sizeof(*p));
	int ret;

	if (!p)
		return wr_fail(err, ENOMEM, "out of memory");
	p->conf = conf;
	p->parse.max_depth = 1;
	ret = wr_truth_read(&p->truth, capture, err);
	if (!ret)
		ret = prepare(p, capture, err);
	if (!ret)
		ret = open_all(p, err);
	if (!ret)
		ret = play_all(p, capture, score, err);
	if (p->verdicts && fclose(p->verdicts) && !ret)
		ret = wr_fail(err, errno, "cannot write what was decided: %s", strerror(errno));
	wr_find_close(&p->find);
	wr_auto_close(&p->automatic);
	wr_scoring_close(&p->scoring);
	wr_play_kept_close(&p->kept);
	free(p);
	return ret;
}
