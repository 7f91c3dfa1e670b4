/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a screen shows, without a screen: rows and their order, filter, going deeper, columns. */
#include "tests/tap.h"
#include "tests/unit/tui_feed.h"

#include <errno.h>

#include "capture/filter.h"
#include "capture/linktype.h"
#include "flow/pick.h"
#include "ui/tui/columns.h"
#include "ui/tui/lens.h"
#include "ui/tui/model.h"
#include "ui/tui/packets.h"
#include "view/text.h"

static struct tui_feed feed;
static struct wr_tui_model *m;
static struct wr_buf b;

static void start(uint64_t windows)
{
	memset(&feed, 0, sizeof(feed));
	feed.out = true;
	if (tui_feed_open(&feed) || wr_tui_model_open(&m, feed.live, NULL)) {
		printf("Bail out! no memory\n");
		exit(1);
	}
	while (feed.window < windows)
		tui_feed_window(&feed);
}

static void stop(void)
{
	wr_tui_model_close(&m);
	wr_live_close(&feed.live);
}

static void make_scoped(enum wr_tui_panel panel, enum wr_tui_order order,
			const struct wr_tui_scope *scope)
{
	struct wr_tui_query q = {.panel = panel, .order = order};
	struct wr_err err = {0};

	if (scope)
		q.scope = *scope;
	wr_tui_model_ledger(m, feed.ledger, 2);
	if (wr_tui_model_make(m, &q, &err))
		ok(0, "%s", err.text);
}

static void make(enum wr_tui_panel panel, enum wr_tui_order order)
{
	make_scoped(panel, order, NULL);
}

static void filter(const char *expr)
{
	struct wr_err err = {0};

	if (wr_tui_model_filter(m, expr, &err))
		ok(0, "%s", err.text);
}

/* ---- what a row is called, as its first column says it ---- */

static const char *text_at(const struct wr_tui_row *r, enum wr_tui_panel panel, int column)
{
	const struct wr_tui_style s = {.utf8 = true, .out = true};
	struct wr_tui_spot spot[WR_TUI_SPOTS];
	size_t n;

	wr_tui_layout(wr_tui_panel_def(panel), 200, &s, spot);
	wr_buf_clear(&b);
	wr_tui_cell(&b, &spot[column], r, &s);
	n = b.used;
	while (n && b.at[n - 1] == ' ')
		n--;
	b.used = n;
	return wr_buf_text(&b) + strspn(b.at, " ");
}

static const char *text_of(const struct wr_tui_row *r, enum wr_tui_panel panel)
{
	return text_at(r, panel, 0);
}

static const struct wr_tui_row *row_named(enum wr_tui_panel panel, const char *name)
{
	for (uint32_t i = 0; i < m->n; i++)
		if (!strcmp(text_of(&m->rows[i], panel), name))
			return &m->rows[i];
	return NULL;
}

static struct wr_count sum_now(bool out)
{
	struct wr_count n = {0};

	for (uint32_t i = 0; i < m->n; i++) {
		const struct wr_count *c = out ? &m->rows[i].out_now : &m->rows[i].in_now;

		n.packets += c->packets;
		n.bytes += c->bytes;
	}
	return n;
}

/* ---- rows and orders ---- */

static void panels(void)
{
	static const char *const service[] = {
		"TCP 10.0.0.1:443 http", "TCP [2001:db8::1]:8443", "UDP 10.0.0.1:53",
		"UDP [2001:db8::1]:53",	 "TCP 10.0.0.1:22",	   "to no service of this host"};
	struct wr_count in, out;

	start(70);
	make(WR_TUI_SERVICES, WR_TUI_BY_RATE);
	is_int(m->n, 6, "five services and what belongs to none");
	for (uint32_t i = 0; i < 6; i++)
		is_str(text_of(&m->rows[i], WR_TUI_SERVICES), service[i], "the fastest first");
	in = sum_now(false);
	out = sum_now(true);
	ok(in.packets == m->in_now.packets && in.bytes == m->in_now.bytes &&
		   out.packets == m->out_now.packets && out.bytes == m->out_now.bytes &&
		   in.packets && out.packets,
	   "rows add up to the totals, to the packet and to the byte");
	ok(m->in_series[59] == (double)m->in_now.bytes &&
		   m->packets_series[59] == (double)m->in_now.packets && m->in_series[0] > 0,
	   "a minute of totals, the newest last");
	ok(m->rows[0].series[59] == (double)(m->rows[0].in_now.bytes + m->rows[0].out_now.bytes),
	   "and of each row");
	make(WR_TUI_SERVICES, WR_TUI_BY_SOURCES);
	is_str(text_of(&m->rows[0], WR_TUI_SERVICES), "TCP 10.0.0.1:443 http",
	       "most sources first");
	make(WR_TUI_TALKERS, WR_TUI_BY_FLOWS);
	is_str(text_of(&m->rows[0], WR_TUI_TALKERS), "10.1.0.7", "the one with two flows first");
	ok(m->rows[0].flows == 2 && m->rows[1].flows == 1, "it has two");
	make(WR_TUI_PROTOCOLS, WR_TUI_BY_BYTES);
	ok(m->n == 2 && !strcmp(text_of(&m->rows[0], WR_TUI_PROTOCOLS), "TCP"), "two protocols");
	in = sum_now(false);
	is_int((long long)in.packets, (long long)m->in_now.packets, "they add up too");
	is_int(m->count[WR_TUI_SERVICES], 5, "how many there are of a panel not shown");
	is_int(m->count[WR_TUI_FLOWS], wr_flow_rows(wr_live_flows(feed.live)), "flows, too");
	stop();
}

static double weight(const struct wr_tui_row *r, enum wr_tui_order order)
{
	switch (order) {
	case WR_TUI_BY_BYTES:
		return (double)(r->in.bytes + r->out.bytes);
	case WR_TUI_BY_PACKETS:
		return (double)(r->in_now.packets + r->out_now.packets);
	case WR_TUI_BY_AGE:
		return (double)r->began_ns;
	case WR_TUI_BY_RTT:
		return r->flow.rtt_us;
	default:
		return (double)(r->in_now.bytes + r->out_now.bytes);
	}
}

static void flows(void)
{
	const struct wr_tui_panel_def *def = wr_tui_panel_def(WR_TUI_FLOWS);
	struct wr_count in;

	start(70);
	for (int o = 0; o < def->n_orders; o++) {
		unsigned int bad = 0;

		make(WR_TUI_FLOWS, def->orders[o]);
		for (uint32_t i = 1; i < m->n; i++)
			bad += weight(&m->rows[i - 1], def->orders[o]) <
			       weight(&m->rows[i], def->orders[o]);
		ok(m->n == m->all && m->n > 50 && !bad, "%u flows by %s", m->n,
		   wr_tui_order_name(def->orders[o]));
	}
	make(WR_TUI_FLOWS, WR_TUI_BY_RATE);
	is_str(text_of(&m->rows[0], WR_TUI_FLOWS), "10.1.0.1:40001        > 10.0.0.1:443 TCP",
	       "client, server, protocol");
	ok(m->rows[0].in_now.bytes == m->rows[0].in_now.packets * 420 &&
		   m->rows[0].out_now.bytes == m->rows[0].out_now.packets * 1380,
	   "both ways in their columns");
	ok(row_named(WR_TUI_FLOWS, "10.0.0.1:36000        > 10.1.0.200:5432 TCP") != NULL,
	   "a flow of which this host is the client");
	in = sum_now(false);
	ok(in.packets + sum_now(true).packets == m->in_now.packets + m->out_now.packets,
	   "flows add up to the totals");
	stop();
}

/* What the first payloads said, from whole and part. */
static void apps(void)
{
	const struct wr_tui_row *r;

	start(70);
	make(WR_TUI_SERVICES, WR_TUI_BY_RATE);
	is_str(text_of(&m->rows[0], WR_TUI_SERVICES), "TCP 10.0.0.1:443 http",
	       "a service and what it speaks");
	filter("tcp port 443");
	make(WR_TUI_SERVICES, WR_TUI_BY_RATE);
	is_str(text_of(&m->rows[0], WR_TUI_SERVICES), "TCP 10.0.0.1:443 http",
	       "also behind a filter");
	make(WR_TUI_FLOWS, WR_TUI_BY_RATE);
	r = row_named(WR_TUI_FLOWS, "10.1.0.1:40001        > 10.0.0.1:443 TCP");
	ok(r && !strcmp(r->app_name, "shop.example"), "a flow and the name that it asked for");
	r = row_named(WR_TUI_FLOWS, "10.1.0.2:40002        > 10.0.0.1:443 TCP");
	ok(r && r->app && strcspn(r->app_name, "\033\007") == strlen(r->app_name),
	   "a name that would steer a terminal does not");
	note("%s", r ? r->app_name : "");
	stop();
}

/* A socket that listens makes its end the server, in a part as in the whole. */
static void listeners(void)
{
	struct wr_talk_key key = {.addr = {10, 0, 0, 1}, .port = 60000, .proto = 17, .ip_v = 4};

	start(0);
	wr_live_listen(feed.live, &key, 1);
	tui_feed_window(&feed);
	for (int w = 0; w < 3; w++) {
		tui_add(&feed, &(struct tui_talk){4, 5, 1024, 60000, 17, false}, false, 7, 100);
		tui_add(&feed, &(struct tui_talk){4, 5, 1024, 60000, 17, false}, true, 3, 100);
		tui_feed_window(&feed);
	}
	make(WR_TUI_SERVICES, WR_TUI_BY_RATE);
	ok(row_named(WR_TUI_SERVICES, "UDP 10.0.0.1:60000") != NULL,
	   "a service with a higher port than its client's");
	filter("udp port 60000");
	make(WR_TUI_SERVICES, WR_TUI_BY_RATE);
	ok(m->n == 1 && m->rows[0].listens && m->rows[0].in.packets == 21 &&
		   m->rows[0].out.packets == 9,
	   "is one behind a filter too");
	tui_add(&feed, &(struct tui_talk){4, 6, 1025, 60000, 17, false}, false, 5, 100);
	tui_feed_window(&feed);
	make(WR_TUI_SERVICES, WR_TUI_BY_RATE);
	ok(m->n == 1 && m->rows[0].in.packets == 26 && m->rows[0].flows == 2,
	   "and when another client comes");
	stop();
}

/* More flows than a panel has rows: the first ones are the right ones. */
static void many_flows(void)
{
	uint64_t least = UINT64_MAX;
	unsigned int more = 0;
	uint32_t n;

	start(1);
	for (unsigned int c = 0; c < 3000; c++)
		tui_add(&feed, &(struct tui_talk){4, (int)(c % 250), 1024 + c, 80, 6, false}, false,
			(double)(1 + c * 7919 % 3001), 100);
	tui_feed_window(&feed);
	make(WR_TUI_FLOWS, WR_TUI_BY_PACKETS);
	for (uint32_t i = 0; i < m->n; i++)
		if (m->rows[i].in_now.packets + m->rows[i].out_now.packets < least)
			least = m->rows[i].in_now.packets + m->rows[i].out_now.packets;
	n = wr_flow_rows(wr_live_flows(feed.live));
	for (uint32_t i = 0; i < n; i++) {
		struct wr_flow_pace p = wr_flow_pace(wr_live_flows(feed.live), i);

		more += p.now[0].packets + p.now[1].packets > least;
	}
	ok(m->n == WR_TUI_ROWS && m->all == n && n > 3000, "%u rows of %u flows", m->n, m->all);
	ok(more < WR_TUI_ROWS, "none that is not shown has more (%u have more than the last)",
	   more);
	stop();
}

/* ---- filter ---- */

static void filters(void)
{
	const struct wr_tui_row *r;
	struct wr_err err = {0};
	struct wr_count now, all, in;

	start(70);
	make(WR_TUI_SERVICES, WR_TUI_BY_RATE);
	r = row_named(WR_TUI_SERVICES, "UDP 10.0.0.1:53");
	now = r->in_now;
	all = r->in;
	filter("udp port 53 and ip");
	make(WR_TUI_SERVICES, WR_TUI_BY_RATE);
	is_str(wr_tui_model_filtered(m), "udp port 53 and ip", "a filter is on");
	ok(m->n == 1 && !strcmp(text_of(&m->rows[0], WR_TUI_SERVICES), "UDP 10.0.0.1:53"),
	   "one service is left");
	ok(m->rows[0].in_now.packets == now.packets && m->rows[0].in_now.bytes == now.bytes,
	   "its rate is there at once");
	ok(m->rows[0].in.packets == all.packets && m->rows[0].in.bytes == all.bytes,
	   "and all that its flows have counted, to the byte");
	ok(m->in.packets == all.packets && m->in_now.packets == now.packets,
	   "totals are its totals");
	ok(m->rows[0].series[50] > 0 && m->rows[0].series[40] == 0,
	   "charts begin with the windows that flows remember");
	make(WR_TUI_TALKERS, WR_TUI_BY_RATE);
	is_int(m->n, 6, "six talkers");
	make(WR_TUI_FLOWS, WR_TUI_BY_RATE);
	is_int(m->n, 6, "six flows");
	for (int i = 0; i < 5; i++)
		tui_feed_window(&feed);
	make(WR_TUI_SERVICES, WR_TUI_BY_RATE);
	in = m->rows[0].in;
	now = m->rows[0].in_now;
	filter(NULL);
	make(WR_TUI_SERVICES, WR_TUI_BY_RATE);
	r = row_named(WR_TUI_SERVICES, "UDP 10.0.0.1:53");
	ok(r->in.packets == in.packets && r->in.bytes == in.bytes &&
		   r->in_now.packets == now.packets,
	   "five windows later it is what the service counted without a filter");
	ok(!wr_tui_model_filtered(m) && m->n == 6, "the filter is off");
	filter("net 10.1.0.0/29 and tcp");
	ok(wr_tui_model_filter(m, "tcp prt 5", &err) == -EINVAL && strstr(err.text, "tcp prt 5") &&
		   !strcmp(wr_tui_model_filtered(m), "net 10.1.0.0/29 and tcp"),
	   "a wrong one is refused, the old one stays");
	filter("  ");
	ok(!wr_tui_model_filtered(m), "an empty one is none");
	stop();
}

/* The only flows of an instant: begun and ended between two looks. */
static void short_flows(void)
{
	uint64_t packets = 0;

	start(3);
	filter("tcp port 7777");
	for (int w = 0; w < 4; w++) {
		for (unsigned int c = 0; c < 100; c++) {
			struct tui_talk k = {4, 1 + (int)c % 5, 2000 + c, 7777, 6, false};

			tui_add(&feed, &k, false, 3, 100);
			packets += 3;
		}
		tui_feed_window(&feed);
	}
	make(WR_TUI_TALKERS, WR_TUI_BY_RATE);
	ok(m->n == 5 && m->in.packets == packets && sum_now(false).packets == 300,
	   "what came since the filter is on is counted, window by window");
	stop();
}

/* ---- deeper ---- */

static void deeper(void)
{
	struct wr_tui_scope scope = {.has_service = true};
	const struct wr_tui_row *r;
	struct wr_count in, in_now;
	struct wr_tui_row talker;

	start(70);
	make(WR_TUI_SERVICES, WR_TUI_BY_RATE);
	r = row_named(WR_TUI_SERVICES, "TCP 10.0.0.1:443 http");
	scope.service = r->key;
	in = r->in;
	in_now = r->in_now;
	make_scoped(WR_TUI_TALKERS, WR_TUI_BY_RATE, &scope);
	is_int(m->n, TUI_WEB_CLIENTS, "the talkers of a service");
	ok(sum_now(false).packets == in_now.packets && sum_now(false).bytes == in_now.bytes,
	   "their rates are the service's at once");
	for (int i = 0; i < 8; i++)
		tui_feed_window(&feed);
	make_scoped(WR_TUI_TALKERS, WR_TUI_BY_RATE, &scope);
	r = row_named(WR_TUI_TALKERS, "10.1.0.7");
	ok(r && r->flows == 1, "of 10.1.0.7 its SSH is not among them");
	talker = *r;
	in = (struct wr_count){0};
	for (uint32_t i = 0; i < m->n; i++) {
		in.packets += m->rows[i].in.packets;
		in.bytes += m->rows[i].in.bytes;
	}
	in_now = sum_now(false);
	make(WR_TUI_SERVICES, WR_TUI_BY_RATE);
	r = row_named(WR_TUI_SERVICES, "TCP 10.0.0.1:443 http");
	ok(r->in.packets == in.packets && r->in.bytes == in.bytes &&
		   r->in_now.packets == in_now.packets,
	   "eight windows later they still add up to the service");
	scope.has_talker = true;
	scope.talker = talker.key;
	make_scoped(WR_TUI_FLOWS, WR_TUI_BY_RATE, &scope);
	ok(m->n == 1 && m->rows[0].in_now.packets == talker.in_now.packets &&
		   m->rows[0].in.packets == talker.in.packets,
	   "the flow between the two has the talker's numbers");
	scope.has_service = false;
	make_scoped(WR_TUI_FLOWS, WR_TUI_BY_RATE, &scope);
	is_int(m->n, 2, "the talker alone has two flows");
	scope = (struct wr_tui_scope){.has_proto = true, .proto = {.proto = 17, .ip_v = 4}};
	make_scoped(WR_TUI_FLOWS, WR_TUI_BY_RATE, &scope);
	is_int(m->n, TUI_DNS_CLIENTS, "flows of a protocol, of both versions of IP");
	stop();
}

static void filter_and_deeper(void)
{
	struct wr_tui_scope scope = {.has_service = true};

	start(70);
	filter("net 10.1.0.0/29");
	make(WR_TUI_SERVICES, WR_TUI_BY_RATE);
	scope.service = row_named(WR_TUI_SERVICES, "TCP 10.0.0.1:443 http")->key;
	make_scoped(WR_TUI_TALKERS, WR_TUI_BY_RATE, &scope);
	is_int(m->n, 7, "talkers of a service, of those that the filter chooses");
	filter("net 10.1.0.0/30");
	make_scoped(WR_TUI_TALKERS, WR_TUI_BY_RATE, &scope);
	is_int(m->n, 3, "another filter is another lens");
	stop();
}

/* ---- the packets of a scope ---- */

static bool finds(const char *expr, const struct wr_flow *f)
{
	struct wr_filter *filter = NULL;
	struct wr_err err = {0};
	bool yes;

	if (wr_filter_open(&filter, expr, WR_LINK_ETHER, &err)) {
		ok(0, "'%s': %s", expr, err.text);
		return false;
	}
	yes = wr_flow_chosen(f, filter);
	wr_filter_close(&filter);
	return yes;
}

static void expressions(void)
{
	static struct wr_flow tagged;
	unsigned int wrong = 0, pairs = 0;

	start(70);
	make(WR_TUI_FLOWS, WR_TUI_BY_RATE);
	for (uint32_t i = 0; i < m->n; i += 7) {
		struct wr_tui_scope scope = {.has_flow = true, .flow = m->rows[i].flow.key};

		wr_buf_clear(&b);
		wr_tui_scope_expr(&b, &scope, i % 2 ? "ip or ip6" : NULL);
		for (uint32_t k = 0; k < m->n; k++, pairs++)
			wrong += finds(wr_buf_text(&b), &m->rows[k].flow) != (i == k);
	}
	is_int(wrong, 0, "%u pairs: the expression of a flow finds its packets and no others",
	       pairs);
	make(WR_TUI_SERVICES, WR_TUI_BY_RATE);
	for (uint32_t i = 0, bad; i < 5; i++) {
		struct wr_tui_scope scope = {.has_service = true, .service = m->rows[i].key};
		uint32_t n = wr_flow_rows(wr_live_flows(feed.live));

		bad = 0;
		wr_buf_clear(&b);
		wr_tui_scope_expr(&b, &scope, NULL);
		for (uint32_t k = 0; k < n; k++) {
			struct wr_flow f = wr_flow_row(wr_live_flows(feed.live), k);

			bad += finds(wr_buf_text(&b), &f) != wr_tui_scope_has(&scope, &f.key);
		}
		is_int(bad, 0, "the expression of service %u finds its packets and no others", i);
	}
	tagged = wr_flow_row(wr_live_flows(feed.live), 0);
	tagged.key.tag |= WR_FLOW_VLAN | 7;
	wr_buf_clear(&b);
	wr_tui_scope_expr(&b, &(struct wr_tui_scope){.has_flow = true, .flow = tagged.key}, NULL);
	ok(finds(wr_buf_text(&b), &tagged), "a VLAN tag is looked behind");
	wr_buf_clear(&b);
	wr_tui_scope_expr(&b, &(struct wr_tui_scope){0}, NULL);
	is_str(wr_buf_text(&b), "", "everything needs no expression");
	stop();
}

/* ---- rows that stay, the ledger ---- */

static void hold(void)
{
	struct wr_tui_query q = {.panel = WR_TUI_TALKERS, .order = WR_TUI_BY_RATE, .hold = true};
	uint64_t ids[10][5];
	unsigned int moved = 0, changed = 0;
	uint64_t packets;

	start(71);
	wr_tui_model_make(m, &q, NULL);
	for (int i = 0; i < 10; i++)
		memcpy(ids[i], m->rows[i].id, sizeof(ids[i]));
	packets = m->rows[3].in.packets;
	for (int w = 0; w < 9; w++) {
		tui_feed_window(&feed);
		wr_tui_model_make(m, &q, NULL);
		for (int i = 0; i < 10; i++)
			moved += memcmp(ids[i], m->rows[i].id, sizeof(ids[i])) != 0;
		changed += m->rows[3].in.packets != packets;
	}
	ok(!moved && changed, "rows that are held stay where they are, with new numbers");
	is_int(wr_tui_model_find(m, ids[4]), 4, "a row is found again");
	q.hold = false;
	wr_tui_model_make(m, &q, NULL);
	for (int i = 0; i < 10; i++)
		moved += memcmp(ids[i], m->rows[i].id, sizeof(ids[i])) != 0;
	ok(moved, "let go, they are put in order");
	memset(ids[0], 0x55, sizeof(ids[0]));
	is_int(wr_tui_model_find(m, ids[0]), m->n, "what is not there is not found");
	stop();
}

static void books(void)
{
	start(70);
	make(WR_TUI_DROPS, WR_TUI_BY_PACKETS);
	ok(m->n == 0 && !m->malformed && m->balanced, "nothing is wrong");
	feed.broken = true;
	feed.ledger[0].bad[WR_BAD_TCP_DOFF] = 1000; /* of before the screen was there */
	make(WR_TUI_DROPS, WR_TUI_BY_PACKETS);
	feed.ledger[0].bad[WR_BAD_TCP_DOFF] += 5;
	feed.ledger[1].bad[WR_BAD_TCP_DOFF] += 2;
	feed.ledger[1].lost[WR_LOST_RING_FULL] = 1;
	make(WR_TUI_DROPS, WR_TUI_BY_PACKETS);
	ok(m->n == 2 && m->malformed, "two reasons, one of them new");
	is_str(m->rows[0].name, "tcp_doff", "the one with the most packets first");
	ok(m->rows[0].in.packets == 1007 && m->rows[0].in_now.packets == 7,
	   "over all interfaces: so many, so many in the newest window");
	is_str(m->rows[1].name, "ring_full", "lost records are told too");
	make(WR_TUI_DROPS, WR_TUI_BY_PACKETS);
	ok(!m->malformed && m->rows[0].in_now.packets == 0 && m->rows[0].series[58] == 7 &&
		   m->rows[0].series[59] == 0,
	   "a window later it is past");
	feed.ledger[1].arrived.packets = 10;
	feed.ledger[1].passed.packets = 7;
	feed.ledger[1].balanced = false;
	make(WR_TUI_LEDGER, WR_TUI_BY_PACKETS);
	ok(m->n == 2 && !m->balanced && m->rows[1].ledger->arrived.packets == 10,
	   "the ledger's rows");
	make(WR_TUI_DROPS, WR_TUI_BY_PACKETS);
	ok(row_named(WR_TUI_DROPS, "dropped") &&
		   row_named(WR_TUI_DROPS, "dropped")->in.packets == 3,
	   "what arrived and did not pass");
	stop();
}

static void rules(void)
{
	struct wr_tui_rule r[2] = {
		{"scan",
		 "drop",
		 "enforced",
		 "scan: drop from 192.0.2.0/24",
		 true,
		 {9, 900},
		 {5, 500},
		 9,
		 5},
		{"ghost",
		 "limit",
		 "shadow",
		 "ghost: limit 1pps any",
		 false,
		 {7, 700},
		 {6, 600},
		 7,
		 6},
	};

	start(70);
	make(WR_TUI_RULES, WR_TUI_BY_PACKETS);
	is_int(m->n, 0, "no rule is known");
	wr_tui_model_rules(m, r, 2);
	make(WR_TUI_RULES, WR_TUI_BY_PACKETS);
	is_int(m->n, 2, "rules");
	ok(!strcmp(m->rows[0].name, "scan") && m->rows[0].in.packets == 5 &&
		   m->rows[0].in_now.packets == 5 && m->rows[0].rule->matched.packets == 9,
	   "in their order, with what they stopped");
	ok(m->malformed, "something was kept out in this window");
	make(WR_TUI_DROPS, WR_TUI_BY_PACKETS);
	is_int(m->n, 1, "drops: by the rule that is in force, and not by the shadow");
	is_int(m->count[WR_TUI_DROPS], 1, "and they are counted");
	is_str(text_at(&m->rows[0], WR_TUI_DROPS, 1),
	       "dropped by rule: scan: drop from 192.0.2.0/24", "with its words");
	r[0] = r[1];
	r[0].stopped_now = 2;
	wr_tui_model_rules(m, r, 1);
	make(WR_TUI_RULES, WR_TUI_BY_PACKETS);
	ok(m->n == 1 && m->rows[0].series[58] == 6 && m->rows[0].series[59] == 2,
	   "a chart goes on where the rule stands now");
	ok(!m->malformed, "a shadow keeps nothing out");
	wr_tui_model_rules(m, NULL, -ENODATA);
	make(WR_TUI_RULES, WR_TUI_BY_PACKETS);
	is_int(m->n, 0, "when weir has ended they are gone");
	stop();
}

/* Each class, and what is in none, with what it had of each link that is counted by itself; links
 * come last. */
static void most_classes(void)
{
	enum { ALL = WR_CLASSES + 1, PARTS = 16, LINKS = 64, MOST = ALL * (1 + PARTS) + LINKS };
	static struct wr_tui_class c[MOST];
	int n = 0;

	for (int i = 0; i < ALL; i++)
		for (int k = 0; k <= PARTS; k++, n++) {
			snprintf(c[n].name, sizeof(c[n].name), "class%d", i);
			if (k)
				snprintf(c[n].part, sizeof(c[n].part), "eth%d in", k);
		}
	for (int i = 0; i < LINKS; i++, n++) {
		snprintf(c[n].name, sizeof(c[n].name), "link eth%d in", i);
		c[n].link = true;
	}
	wr_tui_model_classes(m, c, n);
	make(WR_TUI_CLASSES, WR_TUI_BY_PACKETS);
	is_int(m->n, MOST, "the most that there may be have rows");
	is_str(text_at(&m->rows[m->n - 1], WR_TUI_CLASSES, 0), "link eth63 in",
	       "so has the last link");
}

static void classes(void)
{
	struct wr_tui_class c[2] = {
		{.name = "web",
		 .offered = 3000,
		 .passed = 2000,
		 .dropped = 1000,
		 .borrowed = 500,
		 .marked = 7,
		 .dropped_all = 12345,
		 .guarantee_bps = 20000000,
		 .priority = 1},
		{.name = "link enp130s0f1np100 out",
		 .link = true,
		 .passed = 2500,
		 .guarantee_bps = 40000000,
		 .ceiling_bps = 30000000},
	};
	struct wr_tui_class parts[3] = {
		c[0],
		{.name = "web", .part = "eth0 in", .offered = 1000, .passed = 900, .dropped = 100},
		{.name = "web", .part = "eth1 in", .offered = 500, .passed = 500},
	};

	start(70);
	make(WR_TUI_CLASSES, WR_TUI_BY_PACKETS);
	is_int(m->n, 0, "no class is known");
	wr_tui_model_classes(m, c, 2);
	make(WR_TUI_CLASSES, WR_TUI_BY_PACKETS);
	is_int(m->n, 2, "a class and its link");
	is_int(m->count[WR_TUI_CLASSES], 2, "and they are counted");
	is_str(text_at(&m->rows[0], WR_TUI_CLASSES, 0), "web", "its name");
	is_str(text_at(&m->rows[0], WR_TUI_CLASSES, 1), "24.0 k", "offered, in bit/s");
	is_str(text_at(&m->rows[0], WR_TUI_CLASSES, 2), "16.0 k", "passed");
	is_str(text_at(&m->rows[0], WR_TUI_CLASSES, 3), "8.0 k", "dropped");
	is_str(text_at(&m->rows[0], WR_TUI_CLASSES, 5), "20.0 M", "guaranteed");
	is_str(text_at(&m->rows[1], WR_TUI_CLASSES, 0), "link enp130s0f1np100 out", "a link");
	is_str(text_at(&m->rows[1], WR_TUI_CLASSES, 5), "of 40.0 M", "what it carries");
	is_str(text_at(&m->rows[1], WR_TUI_CLASSES, 1), "", "nothing is offered to a link");
	is_str(text_at(&m->rows[1], WR_TUI_CLASSES, 2), "20.0 k", "it uses");
	is_str(text_at(&m->rows[1], WR_TUI_CLASSES, 6), "30.0 M", "it may carry now");
	wr_tui_model_classes(m, parts, 3);
	make(WR_TUI_CLASSES, WR_TUI_BY_PACKETS);
	is_int(m->n, 3, "a class, and what it had of two links");
	is_str(text_at(&m->rows[1], WR_TUI_CLASSES, 0), "eth0 in", "a link below its class");
	is_str(text_at(&m->rows[1], WR_TUI_CLASSES, 1), "8.0 k", "what was offered there");
	is_str(text_at(&m->rows[2], WR_TUI_CLASSES, 2), "4.0 k", "what passed on the other");
	is_str(text_at(&m->rows[2], WR_TUI_CLASSES, 9), "", "it has no priority of its own");
	ok(memcmp(m->rows[0].id, m->rows[1].id, sizeof(m->rows[0].id)) != 0 &&
		   memcmp(m->rows[1].id, m->rows[2].id, sizeof(m->rows[0].id)) != 0,
	   "each is a row of its own");
	parts[1].passed = 700;
	wr_tui_model_classes(m, parts, 2);
	make(WR_TUI_CLASSES, WR_TUI_BY_PACKETS);
	ok(m->rows[1].series[58] == 900 && m->rows[1].series[59] == 700, "with a chart of its own");
	wr_tui_model_classes(m, c, 2);
	c[1].passed = 4000;
	wr_tui_model_classes(m, &c[1], 1);
	make(WR_TUI_CLASSES, WR_TUI_BY_PACKETS);
	ok(m->n == 1 && m->rows[0].series[58] == 2500 && m->rows[0].series[59] == 4000,
	   "a chart goes on where it stands now");
	most_classes();
	wr_tui_model_classes(m, NULL, -ENODATA);
	make(WR_TUI_CLASSES, WR_TUI_BY_PACKETS);
	is_int(m->n, 0, "when weir has ended they are gone");
	stop();
}

/* ---- columns ---- */

static void layouts(void)
{
	const struct wr_tui_rule rule = {"a_rule_with_the_longest_name_of",
					 "limit",
					 "ends in 3649d 23h",
					 "limit 1pps any why \"\033[2J\x9b\xff\"",
					 true,
					 {1, 1},
					 {1, 1},
					 1,
					 1};
	const struct wr_tui_class klass = {.name = "a_class_with_the_longest_name_of",
					   .offered = UINT64_MAX / 16,
					   .marked = 1,
					   .ceiling_bps = 1,
					   .priority = 8};
	unsigned int wrong = 0, screens = 0, narrow = 0, steering = 0;

	start(70);
	snprintf(feed.ledger[1].iface, sizeof(feed.ledger[1].iface), "e\033[2J\n\x9b\xff");
	feed.ledger[0].bad[WR_BAD_TCP_OPT] = 3;
	wr_tui_model_rules(m, &rule, 1);
	wr_tui_model_classes(m, &klass, 1);
	for (int panel = 0; panel < WR_TUI_PANELS; panel++) {
		make((enum wr_tui_panel)panel, WR_TUI_BY_RATE);
		for (int width = 80; width < 250; width++) {
			struct wr_tui_style s = {.utf8 = width & 1,
						 .out = width & 2,
						 .bytes = width & 4,
						 .now_ns = m->time_ns,
						 .now = m->in_now};
			struct wr_tui_spot spot[WR_TUI_SPOTS];
			int n = wr_tui_layout(wr_tui_panel_def((enum wr_tui_panel)panel), width, &s,
					      spot);
			int x = 1;

			screens++;
			for (int i = 0; i < n; i++) {
				wrong += spot[i].x != x || spot[i].width < 4;
				narrow += !spot[i].column->width &&
					  spot[i].width < (panel == WR_TUI_LEDGER ? 10 : 24);
				x += spot[i].width;
				wr_buf_clear(&b);
				wr_tui_head(&b, &spot[i], &s, i == 1);
				wrong += wr_view_columns(wr_buf_text(&b), s.utf8 || true) !=
					 spot[i].width;
				for (uint32_t r = 0; r < m->n; r++) {
					wr_buf_clear(&b);
					wr_tui_cell(&b, &spot[i], &m->rows[r], &s);
					wrong += wr_view_columns(wr_buf_text(&b), true) !=
						 spot[i].width;
					for (size_t k = 0; k < b.used; k++)
						steering += (unsigned char)b.at[k] < 0x20 ||
							    b.at[k] == 0x7f;
				}
			}
			wrong += x > width;
		}
	}
	is_int(wrong, 0, "%u screens: every cell is as wide as its place, and all fit", screens);
	is_int(narrow, 0, "names have room");
	is_int(steering, 0, "an interface's name steers no terminal");
	stop();
}

static const char *flow_text(const struct wr_flow *f, int width)
{
	const struct wr_tui_style s = {.utf8 = false};
	const struct wr_tui_spot spot = {wr_tui_panel_def(WR_TUI_FLOWS)->columns, 1, width};
	struct wr_tui_row r = {.flow = *f};

	wr_buf_clear(&b);
	wr_tui_cell(&b, &spot, &r, &s);
	return wr_buf_text(&b);
}

static void long_ends(void)
{
	struct wr_flow f = {.key = {.addr = {{0x20, 1, 0xd, 0xb8, [8] = 1, 2, 3, 4, 5, 6, 7, 8},
					     {0x20, 1, 0xd, 0xb8, [15] = 1}},
				    .port = {50000, 443},
				    .proto = 6,
				    .ip_v = 6},
			    .caller = 0};

	is_str(flow_text(&f, 66),
	       "[2001:db8::102:304:506:708]:50000 > [2001:db8::1]:443 TCP         ",
	       "two ends of IPv6");
	is_str(flow_text(&f, 48), "[2001:db8::1~:708]:50000 > [2001:db8::1]:443 TCP",
	       "the longer one is cut in its middle");
	is_str(flow_text(&f, 38), "[2001:d~]:50000 > [2001:db~:1]:443 TCP",
	       "or both: the ports stay");
	f.key.tag = WR_FLOW_VLAN | 77;
	ok(strstr(flow_text(&f, 80), "TCP vlan 77") != NULL, "a VLAN is told");
}

/* ---- lines of packets ---- */

static uint64_t packets_left;

static int hand_out(struct wr_source *s, wr_packet_fn fn, void *ctx, int max, struct wr_err *err)
{
	static const uint8_t arp[60] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 6};
	struct wr_packet pkt = {.data = arp, .caplen = 60, .len = 60, .linktype = 1, .iface = "e"};
	int n = 0;

	(void)s, (void)err;
	for (; packets_left && n < max; packets_left--, n++)
		fn(ctx, &pkt);
	return n;
}

static int lost_nine(struct wr_source *s, struct wr_ledger *rows, int n)
{
	(void)s, (void)n;
	rows[0] = (struct wr_ledger){.lost = {[WR_LOST_RING_FULL] = 9}};
	return 1;
}

static bool closed;

static void close_source(struct wr_source *s)
{
	(void)s;
	closed = true;
}

static int open_source(void *ctx, struct wr_source **out, const char *expr, struct wr_err *err)
{
	static const struct wr_source_ops ops = {
		.read = hand_out, .ledger = lost_nine, .close = close_source};
	static struct wr_source source = {&ops};

	(void)ctx;
	if (!strcmp(expr, "no"))
		return wr_fail(err, EPERM, "no");
	*out = &source;
	return 0;
}

static void packet_lines(void)
{
	struct wr_tui_conf conf = {.packets = open_source};
	struct wr_tui_packets *p = NULL;

	ok(wr_tui_packets_open(&p, &conf, "no", false, NULL) == -EPERM && !p, "packets refused");
	wr_tui_packets_open(&p, &conf, "arp", false, NULL);
	ok(!wr_tui_packets_read(p, false) && !wr_tui_packets_lines(p), "none has come");
	packets_left = 3;
	ok(wr_tui_packets_read(p, false) && wr_tui_packets_lines(p) == 3, "three have");
	ok(strstr(wr_tui_packets_line(p, 2), "ARP") != NULL, "each is a line");
	packets_left = 1000;
	wr_tui_packets_read(p, false);
	ok(p->shown == 203 && p->skipped == 800, "more than can be read are counted");
	is_int((long long)p->lost, 9, "lost ones are told");
	packets_left = 10;
	wr_tui_packets_read(p, true);
	ok(p->shown == 203 && p->skipped == 810, "a screen that stands still takes no line");
	for (int i = 0; i < 5; i++) {
		packets_left = 200;
		wr_tui_packets_read(p, false);
	}
	ok(wr_tui_packets_lines(p) == WR_TUI_LINES && strstr(wr_tui_packets_line(p, 0), "ARP"),
	   "the last %d are kept", WR_TUI_LINES);
	wr_tui_packets_close(&p);
	ok(closed && !p, "and closed");
	conf.packets = NULL;
	ok(wr_tui_packets_open(&p, &conf, "", false, NULL) == -EOPNOTSUPP, "where there are none");
}

int main(void)
{
	panels();
	flows();
	apps();
	listeners();
	many_flows();
	filters();
	short_flows();
	deeper();
	filter_and_deeper();
	expressions();
	hold();
	books();
	rules();
	classes();
	layouts();
	long_ends();
	packet_lines();
	wr_buf_free(&b);
	return done();
}
