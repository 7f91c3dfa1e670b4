/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/cli/find.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/keep.h"
#include "detect/learned.h"
#include "ui/cli/auto.h"
#include "view/finding.h"

enum { FOUND_MAX = 4096, LEARNED_MOST = 256 << 20 };

struct wr_find {
	struct wr_live *live;
	struct wr_detect *detect;
	struct wr_finding *found; /* in the order in which they were raised */
	uint32_t n;
	uint64_t more; /* found no room */
	uint64_t zero_ns;
	struct wr_auto *automatic;
	wr_find_fn tell; /* NULL: nobody */
	void *tell_ctx;
};

static void part(void *ctx, const struct wr_live_part *p, const struct wr_flow *flow)
{
	struct wr_find *f = ctx;

	wr_detect_part(f->detect, p, flow);
}

static void finding(void *ctx, enum wr_finding_news news, const struct wr_finding *f)
{
	struct wr_find *all = ctx;

	if (all->automatic)
		wr_auto_finding(all->automatic, all->detect, news, f);
	if (all->tell)
		all->tell(all->tell_ctx, all->detect, news, f);
	if (news == WR_FINDING_RAISED && all->n < FOUND_MAX)
		all->found[all->n++] = *f;
	else if (news == WR_FINDING_RAISED)
		all->more++;
	for (uint32_t i = all->n; i-- > 0;)
		if (all->found[i].id == f->id) {
			all->found[i] = *f;
			return;
		}
}

static int open_all(struct wr_find *f, struct wr_err *err)
{
	struct wr_live_tap tap = {.ctx = f, .part = part};
	struct wr_detect_conf conf = {.finding = finding, .ctx = f};
	int ret = wr_live_open(&f->live, NULL, err);

	if (ret)
		return ret;
	wr_live_tap(f->live, &tap);
	conf.live = f->live;
	return wr_detect_open(&f->detect, &conf, err);
}

int wr_find_open(struct wr_find **out, struct wr_auto *automatic, struct wr_err *err)
{
	struct wr_find *f = calloc(1, sizeof(*f));
	int ret;

	if (!f)
		return wr_fail(err, ENOMEM, "out of memory");
	f->automatic = automatic;
	f->found = calloc(FOUND_MAX, sizeof(*f->found));
	ret = f->found ? open_all(f, err) : wr_fail(err, ENOMEM, "no memory for findings");
	if (ret) {
		wr_find_close(&f);
		return ret;
	}
	*out = f;
	return 0;
}

void wr_find_close(struct wr_find **find)
{
	struct wr_find *f = *find;

	if (!f)
		return;
	wr_detect_close(&f->detect);
	wr_live_close(&f->live);
	free(f->found);
	free(f);
	*find = NULL;
}

void wr_find_tell(struct wr_find *f, wr_find_fn fn, void *ctx)
{
	f->tell = fn;
	f->tell_ctx = ctx;
}

void wr_find_packet(struct wr_find *f, const struct wr_packet *pkt, const struct wr_rec *rec)
{
	if (!f->zero_ns)
		f->zero_ns = pkt->ts_ns - pkt->ts_ns % 1000000000u;
	wr_detect_tick(f->detect, pkt->ts_ns);
	wr_live_payload(f->live, pkt, rec);
	wr_live_packet(f->live, pkt, rec);
	wr_detect_packet(f->detect, pkt, rec);
}

int wr_find_load(struct wr_find *f, const char *path, uint64_t now_ns, struct wr_err *err)
{
	struct wr_buf b = {0};
	int ret = wr_keep_read(&b, path, LEARNED_MOST);

	if (ret && ret != -ENOENT)
		wr_fail(err, -ret, "cannot read %s: %s", path, strerror(-ret));
	if (!ret)
		ret = wr_detect_learned_read(f->detect, wr_buf_text(&b), b.used, now_ns, err);
	if (ret && ret != -ENOENT)
		wr_within(err, "%s", path);
	wr_buf_free(&b);
	return ret;
}

int wr_find_save(const struct wr_find *f, const char *path, struct wr_err *err)
{
	struct wr_buf b = {0};
	int ret;

	wr_detect_learned_write(f->detect, &b);
	ret = wr_keep_write(&b, path);
	wr_buf_free(&b);
	return ret ? wr_fail(err, -ret, "cannot write %s: %s", path, strerror(-ret)) : 0;
}

void wr_find_finish(struct wr_find *f)
{
	wr_detect_finish(f->detect);
}

int wr_find_restart(struct wr_find *f, bool resume, uint64_t now_ns, struct wr_err *err)
{
	struct wr_buf b = {0};
	int ret;

	if (resume) /* as the daemon does: before what holds is ended */
		wr_detect_learned_write(f->detect, &b);
	wr_detect_finish(f->detect);
	wr_detect_close(&f->detect);
	wr_live_close(&f->live);
	ret = open_all(f, err);
	if (!ret && resume)
		ret = wr_detect_learned_read(f->detect, wr_buf_text(&b), b.used, now_ns, err);
	wr_buf_free(&b);
	return ret;
}

uint32_t wr_find_found(const struct wr_find *f, const struct wr_finding **out)
{
	*out = f->found;
	return f->n;
}

uint32_t wr_find_alarms(const struct wr_find *f)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < f->n; i++)
		n += f->found[i].severity > WR_SEVERITY_INFO;
	return n;
}

void wr_find_print(const struct wr_find *f, struct wr_buf *b, enum wr_find_form form)
{
	if (form == WR_FIND_TSV)
		wr_buf_str(b, WR_VIEW_FINDING_COLUMNS);
	for (uint32_t i = 0; i < f->n; i++) {
		const struct wr_finding *one = &f->found[i];

		if (form == WR_FIND_TSV)
			wr_view_finding_tsv(b, one, f->zero_ns);
		else if (form == WR_FIND_JSON)
			wr_view_finding_json(b, one, f->zero_ns);
		else
			wr_view_finding_text(b, one, f->zero_ns, form == WR_FIND_COLOR);
	}
	if (!f->n && form < WR_FIND_JSON)
		wr_buf_str(b, "nothing unusual\n");
	if (f->more && form < WR_FIND_JSON)
		wr_buf_fmt(b, "and %llu more\n", (unsigned long long)f->more);
}
