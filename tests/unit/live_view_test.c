/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is going on now, as JSON and as tables; flows put in order and chosen by a filter. */
#include "tests/tap.h"

#include "core/parse.h"
#include "flow/pick.h"
#include "tests/unit/feed.h"
#include "view/live.h"

static struct wr_buf b;

/* Three windows: 443 by two clients with answers, DNS by one, ARP, and something without a row. */
static struct wr_live *small_host(void)
{
	struct wr_live_rest rest = {.other = {5, 320}, .not_ip = {2, 84}};
	struct wr_live *l = feed_open(0);

	rest.sizes[1] = (struct wr_count){7, 404};
	rest.tcp_flags[2] = 3;
	for (uint64_t w = 0; w < 3; w++) {
		uint64_t ns = FEED_START + w * FEED_SECOND;

		wr_live_begin(l, ns);
		feed_add(l, 1, 443, false, 10 + w, ns + 1000);
		feed_add(l, 1, 443, true, 20, ns + 2000);
		if (w == 1)
			feed_add(l, 2, 443, false, 1, ns + 3000);
		if (w == 2)
			feed_add(l, 2, 53, false, 4, ns + 4000);
		if (w == 2)
			wr_live_add_rest(l, 0, false, &rest);
		wr_live_end(l, ns + FEED_SECOND);
	}
	return l;
}

static const char *line_with(const char *what)
{
	static char line[4096];
	const char *at = strstr(wr_buf_text(&b), what), *s = b.at;

	if (!at)
		return NULL;
	for (const char *p = s; p < at; p++)
		if (*p == '\n')
			s = p + 1;
	snprintf(line, sizeof(line), "%.*s", (int)strcspn(s, "\n"), s);
	return line;
}

static void stats(struct wr_live *l)
{
	struct wr_view_live how = {.series = 5};

	wr_buf_clear(&b);
	wr_view_stats_json(&b, l, &how);
	is_str(wr_buf_text(&b),
	       "{\"event_type\":\"stats\",\"timestamp\":\"2023-11-14T22:13:23.000000000Z\","
	       "\"window\":3,\"in\":{\"packets\":23,\"bytes\":2004},"
	       "\"out\":{\"packets\":20,\"bytes\":2000},"
	       "\"total\":{\"in\":{\"packets\":45,\"bytes\":4204},"
	       "\"out\":{\"packets\":60,\"bytes\":6000},\"other\":{\"packets\":5,\"bytes\":320},"
	       "\"not_ip\":{\"packets\":2,\"bytes\":84}},"
	       "\"flows\":{\"active\":3,\"begun\":3,\"ended\":0,\"displaced\":0,\"unread\":0},"
	       "\"sizes\":[{\"to\":63,\"packets\":0,\"bytes\":0},"
	       "{\"to\":127,\"packets\":7,\"bytes\":404},"
	       "{\"to\":255,\"packets\":0,\"bytes\":0},{\"to\":511,\"packets\":0,\"bytes\":0},"
	       "{\"to\":1023,\"packets\":0,\"bytes\":0},{\"to\":1518,\"packets\":0,\"bytes\":0},"
	       "{\"to\":9018,\"packets\":0,\"bytes\":0},"
	       "{\"packets\":0,\"bytes\":0}],\"tcp_flags\":{\"02\":3},"
	       "\"series\":{\"in_bytes\":[1000,1200,2004],\"in_packets\":[10,12,23],"
	       "\"out_bytes\":[2000,2000,2000],\"out_packets\":[20,20,20]}}\n",
	       "totals, the newest window, and as many windows as there were");
}

static void rows(struct wr_live *l)
{
	struct wr_view_live how = {.top = 10};

	wr_buf_clear(&b);
	wr_view_rows_json(&b, l, WR_LIVE_SERVICES, &how);
	is_str(line_with("\"dest_port\":443"),
	       "{\"event_type\":\"service\",\"dest_ip\":\"10.0.0.1\",\"dest_port\":443,\"ip_v\":4,"
	       "\"proto\":\"TCP\",\"ip_proto\":6,\"flows\":2,\"sources\":2,"
	       "\"in\":{\"packets\":34,\"bytes\":3400},\"out\":{\"packets\":60,\"bytes\":6000},"
	       "\"now\":{\"in\":{\"packets\":12,\"bytes\":1200},"
	       "\"out\":{\"packets\":20,\"bytes\":2000}},"
	       "\"start\":\"2023-11-14T22:13:20.000000000Z\","
	       "\"end\":\"2023-11-14T22:13:22.000002000Z\"}",
	       "a service");
	is_str(line_with("\"other\":true"),
	       "{\"event_type\":\"service\",\"other\":true,\"flows\":0,"
	       "\"in\":{\"packets\":7,\"bytes\":404},\"out\":{\"packets\":0,\"bytes\":0},"
	       "\"now\":{\"in\":{\"packets\":7,\"bytes\":404},"
	       "\"out\":{\"packets\":0,\"bytes\":0}},"
	       "\"start\":\"2023-11-14T22:13:22.000000000Z\","
	       "\"end\":\"2023-11-14T22:13:22.000000000Z\"}",
	       "what belongs to no service, at the end");
	wr_buf_clear(&b);
	wr_view_rows_json(&b, l, WR_LIVE_TALKERS, &how);
	ok(line_with("\"src_ip\":\"10.1.0.1\"") && line_with("\"src_ip\":\"10.1.0.2\""),
	   "two talkers");
	wr_buf_clear(&b);
	wr_view_rows_json(&b, l, WR_LIVE_PROTOCOLS, &how);
	ok(line_with("\"proto\":\"TCP\",\"ip_proto\":6") &&
		   line_with("\"proto\":\"UDP\",\"ip_proto\":17") && line_with("\"not_ip\":true"),
	   "protocols, and what is none of IP");
	wr_buf_clear(&b);
	how.series = 2;
	wr_view_rows_json(&b, l, WR_LIVE_IFACES, &how);
	ok(line_with("\"in_iface\":\"eth0\",\"flows\":3,\"in\":{\"packets\":45,\"bytes\":4204}") &&
		   line_with("\"series\":{\"in_bytes\":[1200,2004]"),
	   "an interface, with its last two windows");
	wr_buf_clear(&b);
	how.top = 1;
	wr_view_rows_json(&b, l, WR_LIVE_TALKERS, &how);
	ok(line_with("10.1.0.1") && !line_with("10.1.0.2"), "the first only");
}

static void nothing_leaves(void)
{
	struct wr_live *l = feed_open(0);
	struct wr_view_live how = {.top = 10, .series = 3};

	wr_buf_clear(&b);
	wr_view_stats_json(&b, l, &how);
	ok(!line_with("timestamp") && !line_with("\"window\"") && line_with("\"in_bytes\":[]"),
	   "before the first window there is no time");
	wr_live_begin(l, FEED_START);
	feed_add(l, 1, 443, false, 1, FEED_START);
	wr_live_end(l, FEED_START + FEED_SECOND);
	wr_view_stats_json(&b, l, &how);
	for (int k = 0; k < WR_LIVE_KINDS; k++)
		wr_view_rows_json(&b, l, k, &how);
	ok(!line_with("\"out"), "what leaves is absent when it is not watched");
	wr_live_close(&l);
}

static void tables(struct wr_live *l)
{
	struct wr_view_live how = {.top = 1};

	wr_buf_clear(&b);
	wr_view_rows_text(&b, l, WR_LIVE_SERVICES, &how);
	is_str(wr_buf_text(&b),
	       "Services                                 in         out    pkt/s   flows sources\n"
	       "  TCP 10.0.0.1:443               9.6 kbit/s 16.0 kbit/s       32       2       2\n"
	       "  and 1 more                     6.4 kbit/s     0 bit/s       11       1       -\n",
	       "services; the last row holds the rest");
	wr_buf_clear(&b);
	how.top = 10;
	wr_view_rows_text(&b, l, WR_LIVE_PROTOCOLS, &how);
	is_str(wr_buf_text(&b),
	       "Protocols                              in         out    pkt/s  packets    bytes\n"
	       "  TCP                          9.6 kbit/s 16.0 kbit/s       32       94   9.4 kB\n"
	       "  UDP                          3.2 kbit/s     0 bit/s        4        4    400 B\n"
	       "  not IP                        672 bit/s     0 bit/s        2        2     84 B\n"
	       "  others                       2.6 kbit/s     0 bit/s        5        5    320 B\n",
	       "protocols");
	wr_buf_clear(&b);
	wr_view_stats_text(&b, l, &how);
	is_str(wr_buf_text(&b),
	       "in          16.0 kbit/s          23 packets/s           45 packets        4.2 kB\n"
	       "out         16.0 kbit/s          20 packets/s           60 packets        6.0 kB\n"
	       "flows    3 active, 3 begun, 0 ended\n",
	       "totals");
}

/* 80 columns, no empty line, whatever the numbers. */
static void wide(void)
{
	static const struct wr_live_row *all[1];
	static struct wr_flow flows[50];
	uint32_t n, of_n;
	struct wr_view_live how = {.top = 100};
	struct wr_live *l = feed_open(0);
	bool fits = true, gap = false;

	wr_live_begin(l, FEED_START);
	for (uint32_t c = 0; c < 50; c++) {
		feed_add(l, c, 443, false, 1ull << c, FEED_START);
		feed_add(l, c, 443, true, 1ull << c, FEED_START);
	}
	wr_live_end(l, FEED_START + FEED_SECOND);
	wr_buf_clear(&b);
	for (int k = 0; k < WR_LIVE_KINDS; k++)
		wr_view_rows_text(&b, l, k, &how);
	n = wr_flow_pick(wr_live_flows(l), WR_LIVE_BY_RATE, NULL, FEED_START, flows, 50, &of_n);
	wr_view_flows_text(&b, flows, n, 1000, false);
	for (const char *s = wr_buf_text(&b); *s; s += strcspn(s, "\n") + 1) {
		fits = fits && strcspn(s, "\n") <= 80;
		gap = gap || *s == '\n';
	}
	ok(fits && !gap, "tables are 80 columns wide at most and have no empty lines");
	is_int(wr_live_top(l, WR_LIVE_SERVICES, WR_LIVE_BY_RATE, all, 1), 1, "there was a service");
	wr_live_close(&l);
}

/* ---- flows ---- */

static void ordered(void)
{
	static struct wr_flow flows[2000], few[10];
	struct wr_live *l = feed_open(0);
	uint32_t n, of_n;
	bool sorted = true, same = true;

	wr_live_begin(l, FEED_START);
	for (uint32_t c = 0; c < 2000; c++)
		feed_add(l, c, 443, false, 1 + c * 7919 % 2003, FEED_START + c);
	wr_live_end(l, FEED_START + FEED_SECOND);
	for (enum wr_live_order o = WR_LIVE_BY_RATE; o <= WR_LIVE_BY_AGE; o++) {
		n = wr_flow_pick(wr_live_flows(l), o, NULL, FEED_START + FEED_SECOND, flows, 2000,
				 &of_n);
		is_int(n, 2000, "order %d: all flows", o);
		for (uint32_t i = 1; i < n && o != WR_LIVE_BY_AGE; i++)
			sorted =
				sorted && flows[i - 1].sent[0].bytes + flows[i - 1].sent[1].bytes >=
						  flows[i].sent[0].bytes + flows[i].sent[1].bytes;
		for (uint32_t i = 1; i < n && o == WR_LIVE_BY_AGE; i++)
			sorted = sorted && flows[i - 1].first_ns >= flows[i].first_ns;
		n = wr_flow_pick(wr_live_flows(l), o, NULL, FEED_START + FEED_SECOND, few, 10,
				 &of_n);
		same = same && n == 10 && of_n == 2000;
		for (uint32_t i = 0; i < n; i++)
			same = same && !memcmp(&few[i].key, &flows[i].key, sizeof(few[i].key));
	}
	ok(sorted, "the order is right");
	ok(same, "the first ten are the first ten of all");
	wr_live_close(&l);
}

static uint32_t chosen(struct wr_live *l, const char *expr)
{
	static struct wr_flow flows[100];
	struct wr_filter *filter = NULL;
	struct wr_err err = {0};
	uint32_t n = 0;

	if (wr_filter_open(&filter, expr, 1, &err)) {
		note("%s", err.text);
		return UINT32_MAX;
	}
	wr_flow_pick(wr_live_flows(l), WR_LIVE_BY_BYTES, filter, FEED_START, flows, 100, &n);
	wr_filter_close(&filter);
	return n;
}

static void filtered(struct wr_live *l)
{
	static const struct {
		const char *expr;
		uint32_t n;
	} t[] = {
		{"", 3},
		{"tcp", 2},
		{"udp port 53", 1},
		{"src host 10.0.0.1", 1}, /* only one was answered */
		{"host 10.1.0.2", 2},
		{"src net 10.1.0.0/16", 3},
		{"tcp[tcpflags] & tcp-ack != 0", 1},
		{"src port 443", 1},
		{"dst port 443", 2},
		{"greater 101", 0},
		{"less 100", 3},
		{"ip6", 0},
		{"vlan", 0},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		is_int(chosen(l, t[i].expr), t[i].n, "'%s' chooses", t[i].expr);
}

static uint32_t below(uint32_t n)
{
	static uint64_t state = 77;

	state = state * 6364136223846793005 + 1442695040888963407; /* Knuth's MMIX */
	return (uint32_t)((state >> 33) % n);
}

/* The frame that stands for a flow gives the flow's own key when it is parsed. */
static void frames(void)
{
	static struct wr_parse parse;
	struct wr_flow f;
	struct wr_flow_key key;
	static uint8_t frame[512]; /* the parser may look at a whole window */
	uint32_t len, caplen;
	int bad = 0, from;

	for (int i = 0; i < 20000; i++) {
		static const uint8_t protos[] = {6, 17, 132, 136};
		struct wr_rec rec = {0};
		struct wr_hdr *h = &rec.hdr[0];

		rec.nvlan = (uint8_t)!below(3);
		rec.vlan[0] = (uint16_t)below(4096);
		h->has = WR_H_IP | WR_H_PROTO | WR_H_PORTS;
		h->ip_v = below(2) ? 4 : 6;
		h->proto = protos[below(4)];
		for (int k = 0; k < (h->ip_v == 4 ? 4 : 16); k++) {
			h->src[k] = (uint8_t)below(256);
			h->dst[k] = (uint8_t)below(256);
		}
		h->sport = (uint16_t)below(65536);
		h->dport = (uint16_t)below(1024);
		memset(&f, 0, sizeof(f));
		from = wr_flow_key_make(&f.key, &rec);
		f.sent[from] = (struct wr_count){3, 600};
		caplen = wr_flow_frame(&f, from, frame, &len);
		wr_parse(&parse, frame, caplen, len, 1);
		bad += len != 200 || wr_flow_key_make(&key, &parse.rec) != from ||
		       memcmp(&key, &f.key, sizeof(key)) != 0;
	}
	is_int(bad, 0, "20000 frames that stand for flows have the flow's key");
}

int main(void)
{
	struct wr_live *l = small_host();

	stats(l);
	rows(l);
	nothing_leaves();
	tables(l);
	wide();
	ordered();
	filtered(l);
	frames();
	wr_live_close(&l);
	wr_buf_free(&b);
	return done();
}
