/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is going on now: rows + other is always all that was added, windows add up to the whole. */
#include "flow/live.h"

#include "flow/distinct.h"
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
		const struct wr_flow *f = wr_flow_row(wr_live_flows(l), 0);
		const struct wr_flow_ended *e = wr_flow_ended(wr_live_flows(l));

		is_int((long long)(e->n.packets + f->sent[0].packets + f->sent[1].packets),
		       (long long)packets, "told and not yet told is all");
		is_int((long long)ended_packets, (long long)e->n.packets,
		       "what was told is counted");
		ok(f->sent[0].packets + f->sent[1].packets < 25, "a long flow is told in parts");
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
			wr_sketch_add(r, wr_sketch_hash(k, 0));
		e = wr_distinct_estimate(r);
		printf("# %u: %.0f\n", counts[i], e);
		ok(e >= n * 0.9 - 1 && e <= n * 1.1 + 1, "%u things: within 10 %%", counts[i]);
	}
}

int main(void)
{
	windows_add_up();
	old_cells_go();
	floods_leave_sums();
	timeouts();
	what_found_no_row();
	estimates();
	return done();
}
