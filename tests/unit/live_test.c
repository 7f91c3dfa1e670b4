/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is going on now: rows + other is always all that was added, windows add up to the whole. */
#include "flow/live.h"

#include "flow/distinct.h"
#include "core/proto.h"
#include "flow/pick.h"
#include "tests/tap.h"

#define SECOND 1000000000ull

static uint64_t ended_packets, ended_flows;

static void flow_end(void *ctx, const struct wr_flow *f)
{
	(void)ctx;
	ended_flows += f->end_reason != WR_FLOW_END_ACTIVE;
	ended_packets += f->sent[0].packets + f->sent[1].packets;
}

static struct wr_live *opened(uint32_t flows_max)
{
	struct wr_live_conf conf = {.flows_max = flows_max, .flow_end = flow_end};
	struct wr_err err = {0};
	struct wr_live *l = NULL;

	if (wr_live_open(&l, &conf, &err)) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	return l;
}

/* A client of 10.1.0.0/16 and the service 10.0.0.1 port 443. */
static struct wr_live_part part(uint32_t client, uint16_t sport, bool out, uint64_t packets,
				uint64_t ns)
{
	struct wr_rec rec = {0};
	struct wr_hdr *h = &rec.hdr[0];
	uint8_t server[4] = {10, 0, 0, 1},
		from[4] = {10, 1, (uint8_t)(client >> 8), (uint8_t)client};
	struct wr_live_part p = {.out = out};

	h->has = WR_H_IP | WR_H_PROTO | WR_H_PORTS;
	h->ip_v = 4;
	h->proto = WR_IP_TCP;
	memcpy(h->src, out ? server : from, 4);
	memcpy(h->dst, out ? from : server, 4);
	h->sport = out ? 443 : sport;
	h->dport = out ? sport : 443;
	p.flow.from = wr_flow_key_make(&p.flow.key, &rec);
	p.flow.n = (struct wr_count){packets, packets * 100};
	p.flow.first_ns = p.flow.last_ns = ns;
	return p;
}

static struct wr_count kind_sum(struct wr_live *l, enum wr_live_kind kind)
{
	static const struct wr_live_row *rows[4096];
	uint32_t n = wr_live_top(l, kind, WR_LIVE_BY_BYTES, rows, 4096);
	const struct wr_live_row *o = wr_live_other(l, kind);
	struct wr_count sum = {o->in.packets + o->out.packets, o->in.bytes + o->out.bytes};

	for (uint32_t i = 0; i < n; i++) {
		sum.packets += rows[i]->in.packets + rows[i]->out.packets;
		sum.bytes += rows[i]->in.bytes + rows[i]->out.bytes;
	}
	return sum;
}

static void adds_up(struct wr_live *l, uint64_t packets, const char *when)
{
	const struct wr_live_total *t = wr_live_totals(l);

	is_int((long long)(t->in.packets + t->out.packets), (long long)packets, "%s: totals", when);
	for (int k = 0; k < WR_LIVE_KINDS; k++)
		is_int((long long)kind_sum(l, k).packets, (long long)packets,
		       "%s: %s and others are the total", when, wr_live_name(k));
}

static void windows_add_up(void)
{
	struct wr_live *l = opened(0);
	struct wr_live_cell sum = {0}, cell;
	uint64_t packets = 0;
	struct wr_live_part p;

	for (uint64_t w = 0; w < 30; w++) {
		wr_live_begin(l, (1000 + w) * SECOND);
		for (uint32_t c = 0; w % 3 && c < 50; c++) {
			p = part(c, (uint16_t)(1024 + c), false, c + w, (1000 + w) * SECOND);
			wr_live_add(l, &p);
			p = part(c, (uint16_t)(1024 + c), true, 1, (1000 + w) * SECOND);
			wr_live_add(l, &p);
			packets += c + w + 1;
		}
		wr_live_end(l, (1001 + w) * SECOND);
	}
	adds_up(l, packets, "30 windows");
	for (unsigned int ago = 0; ago < 30; ago++) {
		cell = wr_live_total_cell(l, ago);
		sum.in.packets += cell.in.packets;
		sum.out.packets += cell.out.packets;
	}
	is_int((long long)(sum.in.packets + sum.out.packets), (long long)packets,
	       "the windows add up to the whole");
	is_int((long long)wr_live_total_cell(l, 2).in.packets, 0, "a quiet window is empty");
	is_int((long long)wr_live_rows(l, WR_LIVE_SERVICES), 1, "one service");
	is_int((long long)wr_live_rows(l, WR_LIVE_TALKERS), 50, "fifty talkers");
	wr_live_close(&l);
}

static void old_cells_go(void)
{
	const struct wr_live_row *row;
	struct wr_live *l = opened(0);
	struct wr_live_part p;

	for (uint64_t w = 0; w < 200; w++) {
		wr_live_begin(l, w * SECOND);
		if (w == 10 || w == 150) {
			p = part(7, 7777, false, w, w * SECOND);
			wr_live_add(l, &p);
		}
		wr_live_end(l, (w + 1) * SECOND);
		if (w != 100)
			continue;
		wr_live_top(l, WR_LIVE_SERVICES, WR_LIVE_BY_RATE, &row, 1);
		for (unsigned int ago = 0; ago < WR_LIVE_CELLS - 1; ago++)
			if (wr_live_cell(l, row, ago).in.packets)
				ok(0, "nothing of long ago is shown as %u windows ago", ago);
	}
	wr_live_top(l, WR_LIVE_SERVICES, WR_LIVE_BY_RATE, &row, 1);
	is_int((long long)wr_live_cell(l, row, 49).in.packets, 150,
	       "a window of 49 s ago is there");
	is_int((long long)wr_live_cell(l, row, 50).in.packets, 0, "the one before it is empty");
	wr_live_close(&l);
}

/* Cells are packed: more than 32 bits of bytes in a window, both ways, and what moves to a row. */
static void large_windows(void)
{
	struct wr_talk_key talker = {.addr = {198, 51, 100, 9}, .ip_v = 4};
	struct wr_count most = {3000000000u, 200000000000000u}, some = {2000000000, 7000000000};
	struct wr_live_rest rest = {.other = most};
	struct wr_live *l = opened(0);
	struct wr_live_part p = part(7, 7777, true, 1, SECOND);
	struct wr_live_cell cell;

	wr_live_begin(l, SECOND);
	p.flow.n = (struct wr_count){40, 6000000000};
	wr_live_add(l, &p);
	wr_live_add(l, &p);
	wr_live_add_rest(l, wr_live_iface(l, "eth0"), false, &rest);
	wr_live_add_talker(l, &talker, &some);
	wr_live_end(l, 2 * SECOND);
	cell = wr_live_total_cell(l, 0);
	is_int((long long)cell.out.bytes, 12000000000, "12 GB that left in a second");
	is_int((long long)cell.out.packets, 80, "in 80 packets");
	is_int((long long)cell.in.bytes, 200000000000000, "200 TB that came");
	is_int((long long)cell.in.packets, 3000000000, "in 3 billion packets");
	cell = wr_live_cell(l, wr_live_find(l, WR_LIVE_TALKERS, &talker), 0);
	is_int((long long)cell.in.bytes, 7000000000, "7 GB of them were a talker's");
	cell = wr_live_cell(l, wr_live_other(l, WR_LIVE_TALKERS), 0);
	is_int((long long)cell.in.bytes, 199993000000000, "the others have the rest, in bytes");
	is_int((long long)cell.in.packets, 1000000000, "and in packets");
	wr_live_close(&l);
}

static void floods_leave_sums(void)
{
	struct wr_live *l = opened(1000);
	uint64_t packets = 0;
	struct wr_live_part p;

	ended_packets = 0;
	for (uint64_t w = 0; w < 5; w++) {
		wr_live_begin(l, w * SECOND);
		for (uint32_t c = 0; c < 20000; c++) {
			p = part(c, (uint16_t)(w * 1000 + c % 999), false, 1, w * SECOND);
			wr_live_add(l, &p);
		}
		packets += 20000;
		wr_live_end(l, (w + 1) * SECOND);
	}
	adds_up(l, packets, "100,000 flows in 1,000 rows");
	is_int((long long)wr_live_rows(l, WR_LIVE_TALKERS), 4096, "talkers stay as many as fit");
	is_int((long long)wr_flow_rows(wr_live_flows(l)), 1000, "flows stay as many as fit");
	{
		const struct wr_live_row *row;

		wr_live_top(l, WR_LIVE_SERVICES, WR_LIVE_BY_RATE, &row, 1);
		ok(row->sources > 18000 && row->sources < 22000,
		   "20,000 sources are estimated within 10 %% (three standard errors)");
		printf("# estimate %u\n", row->sources);
	}
	wr_live_close(&l);
}

static void timeouts(void)
{
	struct wr_live_conf conf = {
		.flow_end = flow_end, .idle_ns = 5 * SECOND, .active_ns = 20 * SECOND};
	struct wr_live *l = NULL;
	struct wr_live_part p;
	uint64_t packets = 0;

	ended_flows = ended_packets = 0;
	wr_live_open(&l, &conf, NULL);
	for (uint64_t w = 1; w <= 100; w++) {
		wr_live_begin(l, w * SECOND);
		p = part(1, 1111, false, 1, w * SECOND); /* all the time */
		wr_live_add(l, &p);
		packets++;
		if (w == 10) {
			p = part(2, 2222, false, 1, w * SECOND); /* once */
			wr_live_add(l, &p);
			packets++;
		}
		if (w == 30) {
			p = part(3, 3333, false, 3, w * SECOND);
			p.flow.tcp_flags = WR_TCP_SYN | WR_TCP_ACK | WR_TCP_FIN;
			wr_live_add(l, &p);
			packets += 3;
		}
		wr_live_end(l, (w + 1) * SECOND);
		if (w == 32)
			is_int((long long)wr_flow_rows(wr_live_flows(l)), 1,
			       "after FIN and idle timeout one flow is left");
	}
	is_int((long long)ended_flows, 2, "two flows have ended");
	is_int((long long)wr_live_totals(l)->flows_begun, 3, "three have begun");
	{
		struct wr_flow f = wr_flow_row(wr_live_flows(l), 0);
		const struct wr_flow_ended *e = wr_flow_ended(wr_live_flows(l));

		is_int((long long)(e->n.packets + f.sent[0].packets + f.sent[1].packets),
		       (long long)packets, "told and not yet told is all");
		is_int((long long)ended_packets, (long long)e->n.packets,
		       "what was told is counted");
		ok(f.sent[0].packets + f.sent[1].packets < 25, "a long flow is told in parts");
	}
	adds_up(l, packets, "with timeouts");
	wr_live_close(&l);
}

static void what_found_no_row(void)
{
	struct wr_talk_key service = {
		.addr = {10, 0, 0, 1}, .port = 443, .proto = WR_IP_TCP, .ip_v = 4};
	struct wr_talk_key talker = {.addr = {10, 9, 9, 9}, .ip_v = 4};
	struct wr_live_rest rest = {.other = {100, 10000}, .not_ip = {7, 420}};
	struct wr_count some = {60, 6000};
	struct wr_live *l = opened(0);
	struct wr_live_part p = part(1, 1111, false, 5, SECOND);

	wr_live_begin(l, SECOND);
	wr_live_add(l, &p);
	wr_live_add_rest(l, wr_live_iface(l, "eth0"), false, &rest);
	wr_live_add_talker(l, &talker, &some);
	wr_live_add_service(l, &service, &some, NULL);
	wr_live_end(l, 2 * SECOND);
	adds_up(l, 112, "rows, services and talkers without a row");
	is_int((long long)wr_live_find(l, WR_LIVE_SERVICES, &service)->in.packets, 65,
	       "the service has both");
	wr_live_close(&l);
}

static void estimates(void)
{
	static const uint32_t counts[] = {0, 1, 10, 100, 1000, 10000, 1000000};
	uint8_t r[WR_SKETCH_REGISTERS];

	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		double n = counts[i], e;

		memset(r, 0, sizeof(r));
		for (uint32_t k = 0; k < counts[i]; k++)
			wr_sketch_add(r, wr_sketch_hash(0, k, 0));
		e = wr_distinct_estimate(r);
		printf("# %u: %.0f\n", counts[i], e);
		ok(e >= n * 0.9 - 1 && e <= n * 1.1 + 1, "%u things: within 10 %%", counts[i]);
	}
}

/* ---- the pace of flows ---- */

static uint32_t row_of(struct wr_live *l, const struct wr_live_part *p)
{
	return wr_flow_find(wr_live_flows(l), &p->flow.key);
}

static void paces(void)
{
	struct wr_live_conf conf = {.paces = true, .idle_ns = 5 * SECOND, .active_ns = 20 * SECOND};
	struct wr_live_part slow = part(1, 1111, false, 1, 0), fast = part(2, 2222, false, 1, 0);
	const struct wr_flow_table *t;
	struct wr_flow_pace pace = {0};
	struct wr_live *l = NULL;
	uint64_t bad = 0;

	wr_live_open(&l, &conf, NULL);
	t = wr_live_flows(l);
	for (uint64_t w = 1; w <= 50; w++) {
		wr_live_begin(l, w * SECOND);
		slow.flow.first_ns = slow.flow.last_ns = w * SECOND;
		slow.flow.n = (struct wr_count){1, 100};
		if (w == 1)
			wr_live_add(l, &slow);
		fast.flow.first_ns = fast.flow.last_ns = w * SECOND;
		fast.flow.n = (struct wr_count){w, w * 1000};
		wr_live_add(l, &fast);
		wr_live_add(l, &fast);
		wr_live_end(l, (w + 1) * SECOND);
		pace = wr_flow_pace(t, row_of(l, &fast));
		bad += pace.now[fast.flow.from].packets != 2 * w ||
		       pace.now[!fast.flow.from].packets != 0;
		bad += pace.all[fast.flow.from].packets != w * (w + 1);
		bad += pace.began_ns != SECOND;
		for (unsigned int ago = 0; ago < WR_FLOW_CELLS - 1; ago++)
			bad += wr_flow_cell(t, row_of(l, &fast), ago) !=
			       (ago < w ? 2000.0 * (double)(w - ago) : 0);
		if (w == 3) {
			pace = wr_flow_pace(t, row_of(l, &slow));
			ok(pace.now[0].packets + pace.now[1].packets == 0 &&
				   pace.all[slow.flow.from].packets == 1 &&
				   wr_flow_cell(t, row_of(l, &slow), 2) == 100.0 &&
				   wr_flow_cell(t, row_of(l, &slow), 1) == 0,
			   "a flow that was quiet for two windows");
		}
	}
	is_int((long long)bad, 0,
	       "50 windows: now, since it began, and the last 15, also over parts that were told");
	is_int((long long)wr_flow_rows(wr_live_flows(l)), 1, "the quiet one has ended");
	ok(row_of(l, &slow) == UINT32_MAX, "and is found no more");
	wr_live_close(&l);
}

/* The window that is being filled is not told yet. */
static void paces_of_whole_windows(void)
{
	struct wr_live_part p = part(1, 1111, false, 7, SECOND);
	struct wr_live_conf conf = {.paces = true};
	struct wr_flow_pace pace;
	struct wr_live *l = NULL;
	uint32_t row;

	wr_live_open(&l, &conf, NULL);
	wr_live_begin(l, SECOND);
	wr_live_add(l, &p);
	wr_live_end(l, 2 * SECOND);
	wr_live_begin(l, 2 * SECOND);
	row = row_of(l, &p);
	pace = wr_flow_pace(wr_live_flows(l), row);
	ok(pace.now[p.flow.from].packets == 7 && wr_flow_cell(wr_live_flows(l), row, 0) == 700,
	   "a window that has begun is not the newest");
	p.flow.n = (struct wr_count){3, 300};
	wr_live_add(l, &p);
	pace = wr_flow_pace(wr_live_flows(l), row);
	ok(pace.now[p.flow.from].packets == 7 && wr_flow_cell(wr_live_flows(l), row, 0) == 700 &&
		   pace.all[p.flow.from].packets == 10,
	   "nor when something is in it");
	wr_live_end(l, 3 * SECOND);
	pace = wr_flow_pace(wr_live_flows(l), row);
	ok(pace.now[p.flow.from].packets == 3 && wr_flow_cell(wr_live_flows(l), row, 1) == 700,
	   "when it has ended it is");
	wr_live_begin(l, 3 * SECOND);
	wr_live_end(l, 4 * SECOND);
	wr_live_begin(l, 4 * SECOND);
	wr_live_add(l, &p);
	pace = wr_flow_pace(wr_live_flows(l), row);
	is_int((long long)pace.now[p.flow.from].packets, 0, "after a quiet one there is nothing");
	wr_live_close(&l);
}

/* Rows that end are filled by others: their paces move with them. */
static void paces_move(void)
{
	struct wr_live_conf conf = {.paces = true, .idle_ns = 3 * SECOND};
	struct wr_live *l = NULL;
	unsigned int bad = 0, seen = 0;

	wr_live_open(&l, &conf, NULL);
	for (uint64_t w = 1; w <= 40; w++) {
		wr_live_begin(l, w * SECOND);
		for (uint32_t c = 0; c < 200; c++) {
			struct wr_live_part p = part(c, 1000, false, c + 1, w * SECOND);

			if ((w / 8 + c) % 3)
				wr_live_add(l, &p);
		}
		wr_live_end(l, (w + 1) * SECOND);
		for (uint32_t c = 0; c < 200; c++) {
			struct wr_live_part p = part(c, 1000, false, c + 1, 0);
			uint32_t row = row_of(l, &p);

			if (row == UINT32_MAX || !((w / 8 + c) % 3))
				continue;
			seen++;
			bad += wr_flow_pace(wr_live_flows(l), row).now[p.flow.from].packets !=
			       c + 1;
		}
	}
	ok(seen > 5000 && !bad, "%u flows among others that end keep their own pace, %u did not",
	   seen, bad);
	wr_live_close(&l);
}

/* ---- somebody who looks on ---- */

struct onlooker {
	uint64_t begun, parts, packets, ended, wrong;
};

static void on_begin(void *ctx, uint64_t start_ns)
{
	struct onlooker *o = ctx;

	o->wrong += start_ns != (o->begun + 1) * SECOND;
	o->begun++;
}

static void on_part(void *ctx, const struct wr_live_part *p, const struct wr_flow *f)
{
	struct onlooker *o = ctx;

	o->parts++;
	o->packets += p->flow.n.packets;
	o->wrong += memcmp(&f->key, &p->flow.key, sizeof(f->key)) != 0 || o->begun == o->ended;
}

static void on_end(void *ctx, uint64_t end_ns)
{
	struct onlooker *o = ctx;

	o->ended++;
	o->wrong += end_ns != (o->ended + 1) * SECOND;
}

static void taps(void)
{
	struct onlooker o = {0}, other = {0};
	struct wr_live_tap tap = {&o, on_begin, on_part, on_end, NULL};
	struct wr_live_tap another = {&other, NULL, on_part, NULL, NULL};
	struct wr_live *l = opened(0);

	wr_live_tap(l, &tap);
	wr_live_tap(l, &another);
	wr_live_tap(l, &tap); /* in place of itself */
	for (uint64_t w = 1; w <= 6; w++) {
		wr_live_begin(l, w * SECOND);
		for (uint32_t c = 0; c < 10; c++) {
			struct wr_live_part p = part(c, 1000, c & 1, 3, w * SECOND);

			wr_live_add(l, &p);
		}
		wr_live_end(l, (w + 1) * SECOND);
		if (w == 5)
			wr_live_untap(l, &o);
	}
	ok(o.begun == 5 && o.ended == 5 && o.parts == 50 && o.packets == 150 && !o.wrong,
	   "an onlooker sees each window and each part, until it is told otherwise");
	is_int((long long)other.parts, 60, "and another one does not notice");
	wr_live_close(&l);
}

/* ---- expressions over flows ---- */

static bool chooses(const char *expr, const struct wr_flow *f)
{
	struct wr_filter *m = NULL;
	struct wr_err err = {0};
	bool yes;

	if (wr_filter_open(&m, expr, WR_LINK_ETHER, &err)) {
		ok(0, "%s", err.text);
		return false;
	}
	yes = wr_flow_chosen(f, m);
	wr_filter_close(&m);
	return yes;
}

static struct wr_flow flow4(uint8_t proto)
{
	struct wr_flow f = {
		.key = {.addr = {{10, 0, 0, 1}, {10, 1, 0, 7}},
			.port = {443, 5000},
			.proto = proto,
			.ip_v = 4},
		.sent = {{0}, {10, 1000}},
		.tcp_flags = {0, WR_TCP_SYN | WR_TCP_ACK},
		.opener = 1,
	};

	return f;
}

static void expressions(void)
{
	static const char *const yes[] = {
		"",
		"ip",
		"tcp",
		"tcp port 443",
		"host 10.1.0.7 and port 5000",
		"src 10.1.0.7",
		"src net 10.1.0.0/16 and dst port 443",
		"tcp[tcpflags] & tcp-syn != 0",
		"less 100",
		"greater 100",
	};
	static const char *const no[] = {
		"ip6",	"udp",	   "dst 10.1.0.7", "src port 443", "tcp[tcpflags] & tcp-rst != 0",
		"vlan", "less 99",
	};
	struct wr_flow f = flow4(WR_IP_TCP), six = {0}, tagged = flow4(WR_IP_UDP);

	for (size_t i = 0; i < sizeof(yes) / sizeof(*yes); i++)
		ok(chooses(yes[i], &f), "'%s' chooses the flow", yes[i]);
	for (size_t i = 0; i < sizeof(no) / sizeof(*no); i++)
		ok(!chooses(no[i], &f), "'%s' does not", no[i]);
	tagged.key.tag = WR_FLOW_VLAN | 77;
	ok(chooses("vlan 77 and udp port 443", &tagged) && !chooses("vlan 78", &tagged),
	   "a VLAN id");
	six.key.ip_v = 6;
	six.key.proto = 58;
	six.key.addr[1][15] = 1;
	six.sent[0] = (struct wr_count){1, 70};
	ok(chooses("icmp6 and dst ::1", &six) && !chooses("icmp6 and src ::1", &six), "IPv6");
	six.sent[0] = (struct wr_count){0};
	ok(chooses("dst ::1", &six), "a flow of which all was told: the way its first packet went");
	ok(wr_flow_chosen(&f, NULL), "no expression chooses all");
}

int main(void)
{
	windows_add_up();
	old_cells_go();
	large_windows();
	floods_leave_sums();
	timeouts();
	what_found_no_row();
	estimates();
	paces();
	paces_of_whole_windows();
	paces_move();
	taps();
	expressions();
	return done();
}
