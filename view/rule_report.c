/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/rule_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "core/parse.h"
#include "flow/hits.h"
#include "view/fact_json.h"
#include "view/packet.h"
#include "view/table.h"
#include "view/text.h"

enum { TOP = 10, PERCENT = 100 };

static double per_second(uint64_t packets, uint64_t ns)
{
	return ns ? (double)packets * 1e9 / (double)ns : 0;
}

static void parse(struct wr_parse *p, const struct wr_packet *pkt)
{
	p->max_depth = 1;
	wr_parse(p, pkt->data, pkt->caplen, pkt->len, pkt->linktype);
	p->rec.gso_segs = pkt->gso_segs;
}

/* ---- JSON ---- */

static void phase_json(struct wr_buf *b, const char *key, const char *stopped,
		       const struct wr_rule_phase *p)
{
	char rate[32];

	if (!p->since_ns)
		return;
	snprintf(rate, sizeof(rate), "%s_pps", stopped);
	wr_json_open_key(b, key);
	wr_view_time_json(b, "start", p->since_ns);
	wr_json_double(b, "seconds", (double)p->ns / 1e9);
	wr_view_count_json(b, "matched", p->matched);
	wr_view_count_json(b, stopped, p->stopped);
	wr_json_double(b, rate, per_second(p->stopped.packets, p->ns));
	wr_json_close(b);
}

static void end_json(struct wr_buf *b, const struct wr_flow_key *k, int end)
{
	wr_view_addr_json(b, "ip", k->addr[end], k->ip_v);
	if (k->port[end])
		wr_json_u64(b, "port", k->port[end]);
}

static void counts_json(struct wr_buf *b, const struct wr_hit *x)
{
	wr_json_u64(b, "packets", x->n.packets);
	wr_json_u64(b, "bytes", x->n.bytes);
	if (x->over.packets)
		wr_json_u64(b, "over_packets", x->over.packets);
}

static void source_json(struct wr_buf *b, const struct wr_hit *x)
{
	end_json(b, &x->key, 0);
}

static void service_json(struct wr_buf *b, const struct wr_hit *x)
{
	wr_view_proto_json(b, x->key.tag, x->key.proto);
	end_json(b, &x->key, 0);
	if (x->answers)
		wr_json_bool(b, "answers", true);
}

static void flow_json(struct wr_buf *b, const struct wr_hit *x)
{
	wr_view_proto_json(b, x->key.tag, x->key.proto);
	wr_json_open_key(b, "client");
	end_json(b, &x->key, !x->server);
	wr_json_close(b);
	wr_json_open_key(b, "server");
	end_json(b, &x->key, x->server);
	wr_json_close(b);
}

static void table_json(struct wr_buf *b, const char *key, const struct wr_hit_table *t,
		       void (*what)(struct wr_buf *b, const struct wr_hit *x))
{
	const struct wr_hit *top[TOP];
	uint32_t n = wr_hits_top(t, top, TOP);

	wr_json_array(b, key);
	for (uint32_t i = 0; i < n; i++) {
		wr_json_open(b);
		what(b, top[i]);
		counts_json(b, top[i]);
		wr_json_close(b);
	}
	wr_json_end_array(b);
}

static void hits_json(struct wr_buf *b, const struct wr_rule_report *r)
{
	wr_json_open_key(b, "hits");
	wr_view_time_json(b, "start", r->hits->since_ns);
	wr_json_bool(b, "sampled", r->sampled);
	wr_view_count_json(b, "all", r->hits->all);
	wr_view_count_json(b, "known_good", r->hits->good);
	wr_json_u64(b, "sources", wr_hits_sources(r->hits));
	table_json(b, "top_sources", &r->hits->sources, source_json);
	table_json(b, "top_services", &r->hits->services, service_json);
	table_json(b, "known_good_flows", &r->hits->flows, flow_json);
	wr_json_close(b);
}

void wr_view_rule_report_json(struct wr_buf *b, const struct wr_rule_report *r)
{
	static struct wr_parse p;
	struct wr_packet_style style = {.show_iface = true};

	wr_json_open(b);
	wr_json_str(b, "event_type", "rule_report");
	wr_view_rule_fields_json(b, r->row);
	phase_json(b, "as_shadow", "would_stop", &r->shadow);
	phase_json(b, "since_enforced", "stopped", &r->enforced);
	if (r->hits)
		hits_json(b, r);
	wr_json_close(b);
	wr_buf_char(b, '\n');
	for (uint32_t i = 0; i < r->packets; i++) {
		parse(&p, &r->packet[i]);
		wr_view_packet_json(b, &r->packet[i], &p.rec, &style);
	}
}

/* ---- text ---- */

static void phase_text(struct wr_buf *b, const char *what, const char *stopped,
		       const struct wr_rule_phase *p)
{
	char cell[WR_VIEW_CELL];

	if (!p->since_ns)
		return;
	wr_view_duration(cell, p->ns);
	wr_buf_fmt(b, "  %-15s %-9s matched ", what, cell);
	wr_view_number(cell, p->matched.packets);
	wr_buf_fmt(b, "%s, %s ", cell, stopped);
	wr_view_number(cell, p->stopped.packets);
	wr_buf_fmt(b, "%s (%.1f/s)\n", cell, per_second(p->stopped.packets, p->ns));
}

/* The prediction beside what came of it. */
static void compare(struct wr_buf *b, const struct wr_rule_report *r)
{
	double said = per_second(r->shadow.stopped.packets, r->shadow.ns);
	double is = per_second(r->enforced.stopped.packets, r->enforced.ns);

	if (!r->shadow.since_ns || !r->enforced.since_ns)
		return;
	wr_buf_fmt(b, "  %-15s %.1f/s stopped, %.1f/s predicted", "Outcome", is, said);
	if (said > 0)
		wr_buf_fmt(b, " (%+.0f %%)", (is - said) / said * PERCENT);
	wr_buf_char(b, '\n');
}

static void source_label(struct wr_buf *b, const struct wr_hit *x)
{
	wr_view_address(b, x->key.addr[0], x->key.ip_v);
}

static void service_label(struct wr_buf *b, const struct wr_hit *x)
{
	if (x->answers)
		wr_buf_str(b, "answers of ");
	wr_view_proto_of(b, x->key.tag, x->key.proto);
	wr_buf_char(b, ' ');
	wr_view_end_of(b, &x->key, 0);
}

static void flow_label(struct wr_buf *b, const struct wr_hit *x)
{
	wr_view_end_of(b, &x->key, !x->server);
	wr_buf_str(b, " > ");
	wr_view_end_of(b, &x->key, x->server);
	wr_buf_char(b, ' ');
	wr_view_proto_of(b, x->key.tag, x->key.proto);
}

static void table_text(struct wr_buf *b, const struct wr_rule_report *r,
		       const struct wr_view_column *columns, const struct wr_hit_table *table,
		       void (*label)(struct wr_buf *b, const struct wr_hit *x), bool color)
{
	struct wr_view_table t = {.b = b, .color = color};
	const struct wr_hit *top[TOP];
	uint32_t n = wr_hits_top(table, top, TOP);

	if (!n)
		return;
	wr_view_table_head(&t, columns);
	for (uint32_t i = 0; i < n; i++) {
		label(wr_view_table_label(&t), top[i]);
		wr_view_number(t.cell[1], top[i]->n.packets);
		wr_view_si(t.cell[2], (double)top[i]->n.bytes, "B");
		wr_view_percent(t.cell[3], top[i]->n.packets, r->hits->all.packets);
		t.cell[4][0] = 0;
		if (top[i]->over.packets)
			wr_view_number(t.cell[4], top[i]->over.packets);
		wr_view_table_row(&t);
	}
	wr_view_table_end(&t);
	if (table->n > n)
		wr_buf_fmt(b, "  and %" PRIu32 " more%s\n", table->n - n,
			   table->n == WR_HITS_ROWS ? " at least" : "");
}

static void hits_text(struct wr_buf *b, const struct wr_rule_report *r, bool color)
{
#define CELLS                                                             \
	{"packets", 12}, {"bytes", 10}, {"share", 9}, {"less up to", 12}, \
	{                                                                 \
		0                                                         \
	}
	static const struct wr_view_column sources[] = {{"Sources", 36}, CELLS};
	static const struct wr_view_column services[] = {{"Services", 36}, CELLS};
	static const struct wr_view_column flows[] = {{"Known-good flows", 36}, CELLS};
	char all[WR_VIEW_CELL], good[WR_VIEW_CELL];

	wr_view_number(all, r->hits->all.packets);
	wr_view_number(good, r->hits->good.packets);
	wr_buf_fmt(b, "  %-15s %s packets%s, about %" PRIu32 " sources; known-good: %s\n", "Who",
		   all, r->sampled ? " that were kept" : "", wr_hits_sources(r->hits),
		   r->hits->good.packets ? good : "none");
	table_text(b, r, sources, &r->hits->sources, source_label, color);
	table_text(b, r, services, &r->hits->services, service_label, color);
	table_text(b, r, flows, &r->hits->flows, flow_label, color);
}

void wr_view_rule_report_text(struct wr_buf *b, const struct wr_rule_report *r, bool color)
{
	static struct wr_parse p;
	struct wr_packet_style style = {.show_iface = true, .color = color};

	wr_view_rule_head_text(b, r->row, color);
	phase_text(b, "As a shadow", "would stop", &r->shadow);
	phase_text(b, "Since enforced", "stopped", &r->enforced);
	compare(b, r);
	if (r->hits)
		hits_text(b, r, color);
	if (r->packets)
		wr_buf_str(b, "  Packets that it hit\n");
	for (uint32_t i = 0; i < r->packets; i++) {
		parse(&p, &r->packet[i]);
		wr_view_packet_line(b, &r->packet[i], &p.rec, &style);
	}
}
