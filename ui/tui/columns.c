/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/tui/columns.h"

#include <string.h>

#include "flow/apps.h"
#include "view/flow_json.h"
#include "view/spark.h"
#include "view/text.h"

enum {
	MARGIN = 1,
	GAP = 2,
	IP4_END = 21, /* 255.255.255.255:65535 */
};

/* ---- numbers ---- */

/* Numbers without a prefix end where the others do, so that digits stand below digits. */
static void si(struct wr_buf *b, double v)
{
	char cell[WR_VIEW_CELL];

	wr_view_si(cell, v, "");
	wr_buf_str(b, cell);
	if (!strchr(cell, ' '))
		wr_buf_str(b, "  ");
}

static void number(struct wr_buf *b, uint64_t v)
{
	char cell[WR_VIEW_CELL];

	wr_view_number(cell, v);
	wr_buf_str(b, cell);
}

static double per_second(uint64_t n)
{
	return (double)n * 1e9 / WR_LIVE_WINDOW_NS;
}

static void rate(struct wr_buf *b, uint64_t bytes, const struct wr_tui_style *s)
{
	si(b, per_second(bytes) * (s->bytes ? 1 : 8));
}

void wr_tui_rate(struct wr_buf *b, double bytes, const struct wr_tui_style *s)
{
	char cell[WR_VIEW_CELL];

	wr_view_si(cell, bytes * (s->bytes ? 1 : 8), s->bytes ? "B/s" : "bit/s");
	wr_buf_str(b, cell);
}

void wr_tui_packet_rate(struct wr_buf *b, double packets)
{
	char cell[WR_VIEW_CELL];

	wr_view_si(cell, packets, "");
	wr_buf_str(b, cell);
	wr_buf_str(b, " pkt/s");
}

/* ---- cells ---- */

#define CELL(name)                                                             \
	static void name(struct wr_buf *b, const struct wr_tui_row *r,         \
			 const struct wr_tui_style *s __attribute__((unused)), \
			 int width __attribute__((unused)))

CELL(in_rate)
{
	rate(b, r->in_now.bytes, s);
}

CELL(out_rate)
{
	rate(b, r->out_now.bytes, s);
}

CELL(packet_rate)
{
	si(b, per_second(r->in_now.packets + r->out_now.packets));
}

CELL(flow_count)
{
	if (!r->other)
		number(b, r->flows);
}

CELL(source_count)
{
	if (!r->other)
		number(b, r->sources);
}

CELL(total_bytes)
{
	si(b, (double)(r->in.bytes + r->out.bytes));
}

CELL(total_packets)
{
	number(b, r->in.packets + r->out.packets);
}

CELL(lasted)
{
	char cell[WR_VIEW_CELL];

	wr_view_duration(cell, r->last_ns > r->began_ns ? r->last_ns - r->began_ns : 0);
	wr_buf_str(b, cell);
}

CELL(quiet_for)
{
	char cell[WR_VIEW_CELL];

	if (r->in_now.packets || r->out_now.packets) {
		wr_buf_str(b, "now");
		return;
	}
	wr_view_duration(cell, s->now_ns > r->last_ns ? s->now_ns - r->last_ns : 0);
	wr_buf_str(b, cell);
}

CELL(round_trip)
{
	char cell[WR_VIEW_CELL];

	if (!r->flow.rtt_us)
		return;
	wr_view_duration(cell, (uint64_t)r->flow.rtt_us * 1000);
	wr_buf_str(b, cell);
}

CELL(state)
{
	wr_buf_str(b, wr_view_flow_state(&r->flow));
}

/* What it asked for is told by a stranger: l7/ leaves nothing in it that steers. */
CELL(speaks)
{
	if (!r->app)
		return;
	wr_buf_str(b, wr_l7_name(r->app));
	if (r->app_name[0])
		wr_buf_fmt(b, " %s", r->app_name);
}

CELL(share)
{
	char cell[WR_VIEW_CELL];

	wr_view_percent(cell, r->in_now.bytes + r->out_now.bytes, s->now.bytes);
	wr_buf_str(b, cell);
}

/* ---- labels ---- */

CELL(service_label)
{
	if (r->other) {
		wr_buf_str(b, "to no service of this host");
		return;
	}
	wr_view_service_of(b, &r->key);
	if (r->app)
		wr_buf_fmt(b, " %s", wr_l7_name(r->app));
}

CELL(talker_label)
{
	if (r->other)
		wr_buf_str(b, "others");
	else
		wr_view_address(b, r->key.addr, r->key.ip_v);
}

CELL(protocol_label)
{
	if (r->other)
		wr_buf_str(b, "others");
	else
		wr_view_protocol_of(b, &r->key);
}

/* When both ends do not fit, each is cut in its middle: the port is worth more. */
CELL(flow_label)
{
	const struct wr_flow_key *k = &r->flow.key;
	int server = wr_flow_server(&r->flow), room, half, first, second;
	struct wr_buf end[2] = {0}, tail = {0};

	wr_view_end_of(&end[0], k, !server);
	wr_view_end_of(&end[1], k, server);
	wr_view_proto_of(&tail, k->tag, k->proto);
	if (k->tag & WR_FLOW_VLAN)
		wr_buf_fmt(&tail, " vlan %u", k->tag & WR_FLOW_VLAN_ID);
	room = width - (int)tail.used - 4;
	half = room / 2;
	first = (int)end[0].used;
	second = (int)end[1].used;
	if (first + second > room) {
		first = second < half ? room - second : first < half ? first : half;
		second = room - first;
	} else if (first < IP4_END && room >= 2 * IP4_END && IP4_END + second <= room) {
		first = IP4_END; /* arrows below each other */
	}
	wr_view_fit(b, wr_buf_text(&end[0]), first, WR_VIEW_CUT_MIDDLE, s->utf8);
	wr_buf_str(b, " > ");
	wr_view_fit(b, wr_buf_text(&end[1]), second, WR_VIEW_CUT_MIDDLE, s->utf8);
	wr_buf_char(b, ' ');
	wr_buf_str(b, wr_buf_text(&tail));
	wr_buf_free(&end[0]);
	wr_buf_free(&end[1]);
	wr_buf_free(&tail);
}

CELL(reason_name)
{
	wr_buf_str(b, r->name);
}

/* A rule's own words come from a file, and may hold anything. */
CELL(reason_text)
{
	if (r->rule)
		wr_buf_str(b, strcmp(r->rule->action, "limit") ? "dropped by rule: "
							       : "over the rate of rule: ");
	wr_view_plain(b, r->text, s->utf8);
}

CELL(reason_rate)
{
	si(b, per_second(r->in_now.packets));
}

/* ---- rules ---- */

CELL(rule_action)
{
	wr_buf_str(b, r->rule->action);
}

CELL(rule_state)
{
	wr_buf_str(b, r->rule->state);
}

CELL(rule_text)
{
	wr_view_plain(b, r->rule->text, s->utf8);
}

CELL(rule_matched)
{
	si(b, per_second(r->rule->matched_now));
}

CELL(rule_matched_all)
{
	number(b, r->rule->matched.packets);
}

/* ---- classes, and the links that they share ---- */

/* Interfaces may have names of 15 characters: "link ", that and " out" just fit 80 columns. */
CELL(class_label)
{
	if (r->klass->part[0])
		wr_buf_str(b, "  ");
	wr_view_plain(b, r->klass->part[0] ? r->klass->part : r->name, s->utf8);
}

CELL(class_offered)
{
	if (!r->klass->link)
		rate(b, r->klass->offered, s);
}

CELL(class_passed)
{
	rate(b, r->klass->passed, s);
}

CELL(class_dropped)
{
	if (!r->klass->link)
		rate(b, r->klass->dropped, s);
}

CELL(class_borrowed)
{
	if (!r->klass->link)
		rate(b, r->klass->borrowed, s);
}

CELL(class_guarantee)
{
	if (!r->klass->guarantee_bps)
		return;
	if (r->klass->link) /* what it carries */
		wr_buf_str(b, "of ");
	rate(b, r->klass->guarantee_bps / 8, s);
}

CELL(class_ceiling)
{
	if (r->klass->ceiling_bps)
		rate(b, r->klass->ceiling_bps / 8, s);
}

CELL(class_marked)
{
	if (!r->klass->link)
		si(b, per_second(r->klass->marked));
}

CELL(class_priority)
{
	if (!r->klass->link && !r->klass->part[0])
		wr_buf_fmt(b, "%u", r->klass->priority);
}

CELL(class_dropped_all)
{
	if (!r->klass->link)
		number(b, r->klass->dropped_all);
}

/* ---- the ledger ---- */

CELL(iface_label)
{
	wr_view_plain(b, r->ledger->iface[0] ? r->ledger->iface : "file", s->utf8);
}

CELL(hook_label)
{
	wr_buf_str(b, wr_hook_text(r->ledger->hook));
}

CELL(arrived)
{
	number(b, r->ledger->arrived.packets);
}

CELL(passed)
{
	number(b, r->ledger->passed.packets);
}

CELL(not_passed)
{
	number(b, r->ledger->arrived.packets - r->ledger->passed.packets);
}

CELL(malformed)
{
	uint64_t n = 0;

	for (size_t i = 1; i < sizeof(r->ledger->bad) / sizeof(r->ledger->bad[0]); i++)
		n += r->ledger->bad[i];
	number(b, n);
}

CELL(lost)
{
	uint64_t n = 0;

	for (int i = 0; i < WR_LOST_COUNT; i++)
		n += r->ledger->lost[i];
	number(b, n);
}

CELL(balance)
{
	wr_buf_str(b, r->ledger->balanced ? "balanced" : "NOT BALANCED");
}

/* ---- tables ---- */

#define RIGHT(head, width, from, ink, when, order, cell)                \
	{                                                               \
		head, width, from, WR_TUI_RIGHT, ink, when, order, cell \
	}
#define LABEL(head, cell)                                                      \
	{                                                                      \
		head, 0, 0, WR_TUI_LEFT, WR_TUI_PLAIN, WR_TUI_ALWAYS, -1, cell \
	}
#define CHART(width, from)                                                                \
	{                                                                                 \
		"last # s", width, from, WR_TUI_SPARK, WR_TUI_IN, WR_TUI_ALWAYS, -1, NULL \
	}
#define RATES                                                                    \
	RIGHT("in %", 11, 0, WR_TUI_IN, WR_TUI_ALWAYS, WR_TUI_BY_RATE, in_rate), \
		RIGHT("out %", 11, 0, WR_TUI_OUT, WR_TUI_WITH_OUT, -1, out_rate)
#define PACKETS(from, when) \
	RIGHT("pkt/s", 10, from, WR_TUI_PLAIN, when, WR_TUI_BY_PACKETS, packet_rate)
#define TOTAL(from) \
	RIGHT("bytes", 9, from, WR_TUI_PLAIN, WR_TUI_ALWAYS, WR_TUI_BY_BYTES, total_bytes)
#define FLOW_COUNT RIGHT("flows", 8, 0, WR_TUI_PLAIN, WR_TUI_ALWAYS, WR_TUI_BY_FLOWS, flow_count)
#define QUIET RIGHT("last seen", 11, 120, WR_TUI_DIM, WR_TUI_ALWAYS, -1, quiet_for)

static const struct wr_tui_column services[] = {
	LABEL("service", service_label),
	RATES,
	PACKETS(0, WR_TUI_WITHOUT_OUT),
	PACKETS(100, WR_TUI_WITH_OUT),
	CHART(14, 0),
	FLOW_COUNT,
	RIGHT("sources", 9, 0, WR_TUI_PLAIN, WR_TUI_ALWAYS, WR_TUI_BY_SOURCES, source_count),
	TOTAL(100),
	QUIET,
	{0},
};

static const struct wr_tui_column talkers[] = {
	LABEL("talker", talker_label),
	RATES,
	PACKETS(0, WR_TUI_WITHOUT_OUT),
	PACKETS(100, WR_TUI_WITH_OUT),
	CHART(14, 0),
	FLOW_COUNT,
	TOTAL(0),
	QUIET,
	{0},
};

static const struct wr_tui_column flows[] = {
	LABEL("client > server", flow_label),
	RIGHT("to server", 11, 0, WR_TUI_IN, WR_TUI_ALWAYS, WR_TUI_BY_RATE, in_rate),
	RIGHT("to client", 11, 0, WR_TUI_OUT, WR_TUI_WITH_OUT, -1, out_rate),
	PACKETS(0, WR_TUI_WITHOUT_OUT),
	PACKETS(100, WR_TUI_WITH_OUT),
	CHART(10, 0),
	RIGHT("lasted", 9, 0, WR_TUI_PLAIN, WR_TUI_ALWAYS, WR_TUI_BY_AGE, lasted),
	TOTAL(90),
	RIGHT("rtt", 9, 108, WR_TUI_PLAIN, WR_TUI_ALWAYS, WR_TUI_BY_RTT, round_trip),
	{"speaks", 24, 116, WR_TUI_TEXT, WR_TUI_PLAIN, WR_TUI_ALWAYS, -1, speaks},
	{"state", 13, 140, WR_TUI_LEFT, WR_TUI_DIM, WR_TUI_ALWAYS, -1, state},
	{0},
};

static const struct wr_tui_column protocols[] = {
	LABEL("protocol", protocol_label),
	RATES,
	PACKETS(0, WR_TUI_WITHOUT_OUT),
	PACKETS(100, WR_TUI_WITH_OUT),
	RIGHT("share", 8, 0, WR_TUI_PLAIN, WR_TUI_ALWAYS, -1, share),
	CHART(16, 0),
	RIGHT("packets", 11, 100, WR_TUI_PLAIN, WR_TUI_ALWAYS, -1, total_packets),
	TOTAL(0),
	{0},
};

static const struct wr_tui_column drops[] = {
	{"reason", 16, 0, WR_TUI_LEFT, WR_TUI_ALARM, WR_TUI_ALWAYS, -1, reason_name},
	{"what that means", 0, 0, WR_TUI_TEXT, WR_TUI_PLAIN, WR_TUI_ALWAYS, -1, reason_text},
	RIGHT("pkt/s", 10, 0, WR_TUI_PLAIN, WR_TUI_ALWAYS, -1, reason_rate),
	CHART(14, 100),
	RIGHT("packets", 11, 0, WR_TUI_PLAIN, WR_TUI_ALWAYS, WR_TUI_BY_PACKETS, total_packets),
	{0},
};

static const struct wr_tui_column rules[] = {
	LABEL("rule", reason_name),
	{"action", 8, 100, WR_TUI_LEFT, WR_TUI_DIM, WR_TUI_ALWAYS, -1, rule_action},
	{"state", 18, 0, WR_TUI_LEFT, WR_TUI_BOLD, WR_TUI_ALWAYS, -1, rule_state},
	RIGHT("match/s", 10, 0, WR_TUI_IN, WR_TUI_ALWAYS, -1, rule_matched),
	RIGHT("stop/s", 10, 0, WR_TUI_ALARM, WR_TUI_ALWAYS, WR_TUI_BY_PACKETS, reason_rate),
	CHART(14, 0),
	RIGHT("matched", 11, 110, WR_TUI_PLAIN, WR_TUI_ALWAYS, -1, rule_matched_all),
	RIGHT("stopped", 11, 90, WR_TUI_PLAIN, WR_TUI_ALWAYS, -1, total_packets),
	{"statement", 40, 150, WR_TUI_TEXT, WR_TUI_DIM, WR_TUI_ALWAYS, -1, rule_text},
	{0},
};

static const struct wr_tui_column classes[] = {
	LABEL("class (%)", class_label),
	RIGHT("offered", 11, 0, WR_TUI_PLAIN, WR_TUI_ALWAYS, -1, class_offered),
	RIGHT("passed", 11, 0, WR_TUI_IN, WR_TUI_ALWAYS, -1, class_passed),
	RIGHT("dropped", 11, 0, WR_TUI_ALARM, WR_TUI_ALWAYS, -1, class_dropped),
	CHART(10, 0),
	RIGHT("guarantee", 11, 0, WR_TUI_PLAIN, WR_TUI_ALWAYS, -1, class_guarantee),
	RIGHT("ceiling", 11, 102, WR_TUI_PLAIN, WR_TUI_ALWAYS, -1, class_ceiling),
	RIGHT("borrowed", 11, 102, WR_TUI_PLAIN, WR_TUI_ALWAYS, -1, class_borrowed),
	RIGHT("marked/s", 10, 112, WR_TUI_PLAIN, WR_TUI_ALWAYS, -1, class_marked),
	RIGHT("priority", 10, 122, WR_TUI_DIM, WR_TUI_ALWAYS, -1, class_priority),
	RIGHT("packets lost", 14, 138, WR_TUI_PLAIN, WR_TUI_ALWAYS, -1, class_dropped_all),
	{0},
};

static const struct wr_tui_column ledger[] = {
	LABEL("interface", iface_label),
	{"hook", 15, 0, WR_TUI_LEFT, WR_TUI_DIM, WR_TUI_ALWAYS, -1, hook_label},
	RIGHT("arrived", 11, 0, WR_TUI_IN, WR_TUI_ALWAYS, -1, arrived),
	RIGHT("passed", 11, 0, WR_TUI_PLAIN, WR_TUI_ALWAYS, -1, passed),
	RIGHT("dropped", 9, 0, WR_TUI_PLAIN, WR_TUI_ALWAYS, -1, not_passed),
	RIGHT("broken", 9, 0, WR_TUI_PLAIN, WR_TUI_ALWAYS, -1, malformed),
	RIGHT("lost", 9, 100, WR_TUI_PLAIN, WR_TUI_ALWAYS, -1, lost),
	CHART(14, 110),
	{"books", 14, 0, WR_TUI_LEFT, WR_TUI_BOLD, WR_TUI_ALWAYS, -1, balance},
	{0},
};

static const enum wr_tui_order service_orders[] = {
	WR_TUI_BY_RATE,	   WR_TUI_BY_PACKETS, WR_TUI_BY_FLOWS,
	WR_TUI_BY_SOURCES, WR_TUI_BY_BYTES,   WR_TUI_BY_AGE,
};
static const enum wr_tui_order talker_orders[] = {
	WR_TUI_BY_RATE, WR_TUI_BY_PACKETS, WR_TUI_BY_FLOWS, WR_TUI_BY_BYTES, WR_TUI_BY_AGE,
};
static const enum wr_tui_order flow_orders[] = {
	WR_TUI_BY_RATE, WR_TUI_BY_PACKETS, WR_TUI_BY_AGE, WR_TUI_BY_BYTES, WR_TUI_BY_RTT,
};
static const enum wr_tui_order protocol_orders[] = {
	WR_TUI_BY_RATE,
	WR_TUI_BY_PACKETS,
	WR_TUI_BY_BYTES,
};
static const enum wr_tui_order one_order[] = {WR_TUI_BY_PACKETS};

#define ORDERS(list) list, (int)(sizeof(list) / sizeof((list)[0]))
static const struct wr_tui_panel_def panels[WR_TUI_PANELS] = {
	[WR_TUI_SERVICES] = {"Services", services, ORDERS(service_orders), 34,
			     "no packet has come to a service of this host yet"},
	[WR_TUI_TALKERS] = {"Talkers", talkers, ORDERS(talker_orders), 34,
			    "nobody has sent anything yet"},
	[WR_TUI_FLOWS] = {"Flows", flows, ORDERS(flow_orders), 53, "there is no flow now"},
	[WR_TUI_PROTOCOLS] = {"Protocols", protocols, ORDERS(protocol_orders), 26,
			      "no packet has come yet"},
	[WR_TUI_DROPS] = {"Drops", drops, ORDERS(one_order), 60,
			  "nothing malformed, nothing dropped, nothing lost"},
	[WR_TUI_LEDGER] = {"Ledger", ledger, ORDERS(one_order), 18, "nothing is watched"},
	[WR_TUI_RULES] = {"Rules", rules, ORDERS(one_order), 32,
			  "no weir runs here with a policy ([policy] file), or it has no rule"},
	[WR_TUI_CLASSES] = {"Classes", classes, ORDERS(one_order), 32,
			    "no weir runs here with classes (weir classes)"},
};

const struct wr_tui_panel_def *wr_tui_panel_def(enum wr_tui_panel panel)
{
	return &panels[panel];
}

const char *wr_tui_order_name(enum wr_tui_order order)
{
	static const char *const name[WR_TUI_ORDERS] = {
#define X(sym, text) text,
		WR_TUI_ORDER_TABLE(X)
#undef X
	};

	return name[order];
}

/* ---- on the screen ---- */

static bool shown(const struct wr_tui_column *c, int width, const struct wr_tui_style *s)
{
	return width >= c->from &&
	       (c->when == WR_TUI_ALWAYS || (c->when == WR_TUI_WITH_OUT) == s->out);
}

int wr_tui_layout(const struct wr_tui_panel_def *def, int width, const struct wr_tui_style *s,
		  struct wr_tui_spot spot[WR_TUI_SPOTS])
{
	int cells = def->columns == flows ? WR_FLOW_CELLS - 1 : WR_TUI_SERIES;
	int label = width - MARGIN, more = 0, x = MARGIN, n = 0;

	for (const struct wr_tui_column *c = def->columns; c->head; c++)
		if (shown(c, width, s)) {
			spot[n++] = (struct wr_tui_spot){c, 0, c->width};
			label -= c->width;
		}
	for (int i = 0; i < n; i++) {
		if (spot[i].column->how == WR_TUI_SPARK && label > def->label_max) {
			more = label - def->label_max;
			if (spot[i].width + more > cells + GAP)
				more = cells + GAP - spot[i].width;
			spot[i].width += more;
		}
	}
	for (int i = 0; i < n; i++) {
		if (!spot[i].column->width)
			spot[i].width = label - more;
		spot[i].x = x;
		x += spot[i].width;
	}
	return n;
}

/* Text to one side of a spot; what is on the right has a blank in front of it. */
static void put(struct wr_buf *b, const struct wr_tui_spot *spot, const char *text,
		const struct wr_tui_style *s)
{
	int used = wr_view_columns(text, s->utf8), lead = 0;

	if (spot->column->how == WR_TUI_RIGHT)
		lead = spot->width - used;
	else if (spot->column->how == WR_TUI_SPARK)
		lead = GAP;
	else if (spot->x > MARGIN)
		lead = GAP;
	for (int i = 0; i < lead; i++)
		wr_buf_char(b, ' ');
	if (lead < 0)
		lead = 0;
	wr_view_fit(b, text, spot->width - lead,
		    spot->column->how == WR_TUI_TEXT ? WR_VIEW_CUT_END : WR_VIEW_CUT_MIDDLE,
		    s->utf8);
}

void wr_tui_head(struct wr_buf *b, const struct wr_tui_spot *spot, const struct wr_tui_style *s,
		 bool sorted)
{
	struct wr_buf text = {0};

	if (sorted)
		wr_buf_str(&text, s->utf8 ? "\u2193" : "*");
	for (const char *c = spot->column->head; *c; c++)
		if (*c == '%')
			wr_buf_str(&text, s->bytes ? "B/s" : "bit/s");
		else if (*c == '#')
			wr_buf_fmt(&text, "%d", spot->width - GAP);
		else
			wr_buf_char(&text, *c);
	put(b, spot, wr_buf_text(&text), s);
	wr_buf_free(&text);
}

static void chart(struct wr_buf *b, const struct wr_tui_row *r, int width, bool utf8)
{
	int n = width < r->cells ? width : r->cells;
	struct wr_spark spark = {
		.values = r->series + WR_TUI_SERIES - n, .n = (size_t)n, .height = 1, .utf8 = utf8};

	for (int i = n; i < width; i++)
		wr_buf_char(b, ' ');
	wr_view_spark(b, &spark);
}

void wr_tui_cell(struct wr_buf *b, const struct wr_tui_spot *spot, const struct wr_tui_row *r,
		 const struct wr_tui_style *s)
{
	struct wr_buf text = {0};

	if (spot->column->cell)
		spot->column->cell(&text, r, s, spot->width - (spot->x > MARGIN ? GAP : 0));
	else
		chart(&text, r, spot->width - GAP, s->utf8);
	put(b, spot, wr_buf_text(&text), s);
	wr_buf_free(&text);
}
