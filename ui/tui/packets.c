/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/tui/packets.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/parse.h"
#include "view/packet.h"

/* A screen is written anew some times a second: nobody could read more of them. */
enum { BATCH = 4096, LINES_AT_ONCE = 200, HOOKS = 256 };

struct reading {
	struct wr_tui_packets *p;
	int lines;
	bool still;
};

int wr_tui_packets_open(struct wr_tui_packets **out, const struct wr_tui_conf *conf,
			const char *filter, bool several, struct wr_err *err)
{
	struct wr_tui_packets *p;
	int ret;

	if (!conf->packets)
		return wr_fail(err, EOPNOTSUPP, "packets cannot be shown here");
	p = calloc(1, sizeof(*p));
	if (!p)
		return wr_fail(err, ENOMEM, "no memory for lines of packets");
	p->several = several;
	ret = conf->packets(conf->ctx, &p->source, filter, err);
	if (ret) {
		free(p);
		return ret;
	}
	*out = p;
	return 0;
}

void wr_tui_packets_close(struct wr_tui_packets **p)
{
	if (!*p)
		return;
	wr_source_close(&(*p)->source);
	free(*p);
	*p = NULL;
}

static void add_line(void *ctx, const struct wr_packet *pkt)
{
	static struct wr_parse parse;
	static struct wr_buf b;
	struct reading *r = ctx;
	struct wr_packet_style style = {.show_iface = r->p->several};
	const struct wr_rec *rec = pkt->rec;

	if (r->still || r->lines >= LINES_AT_ONCE) {
		r->p->skipped++;
		return;
	}
	if (!rec) {
		parse.max_depth = 1;
		wr_parse(&parse, pkt->data, pkt->caplen, pkt->len, pkt->linktype);
		parse.rec.gso_segs = pkt->gso_segs;
		rec = &parse.rec;
	}
	wr_buf_clear(&b);
	wr_view_packet_line(&b, pkt, rec, &style);
	snprintf(r->p->line[r->p->shown % WR_TUI_LINES], WR_TUI_LINE, "%.*s",
		 (int)strcspn(wr_buf_text(&b), "\n"), wr_buf_text(&b));
	r->p->shown++;
	r->lines++;
}

static void count_lost(struct wr_tui_packets *p)
{
	static struct wr_ledger rows[HOOKS];
	int n = p->source->ops->ledger(p->source, rows, HOOKS);

	p->lost = 0;
	for (int i = 0; i < n && i < HOOKS; i++)
		p->lost += rows[i].lost[WR_LOST_RING_FULL];
}

bool wr_tui_packets_read(struct wr_tui_packets *p, bool still)
{
	struct reading r = {.p = p, .still = still};
	struct wr_err err = {0};
	int n = p->source->ops->read(p->source, add_line, &r, BATCH, &err);

	count_lost(p);
	return n > 0;
}

uint32_t wr_tui_packets_lines(const struct wr_tui_packets *p)
{
	return p->shown < WR_TUI_LINES ? (uint32_t)p->shown : WR_TUI_LINES;
}

const char *wr_tui_packets_line(const struct wr_tui_packets *p, uint32_t i)
{
	return p->line[(p->shown - wr_tui_packets_lines(p) + i) % WR_TUI_LINES];
}
