/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel counts in its tables is what the host counts from the same packets: every flow,
 * every service, to the packet and to the byte; over windows, and when the tables are too small.
 * Needs root.
 */
#include "capture/account.h"
#include "control/kernel.h"
#include "core/parse.h"
#include "flow/account.h"
#include "tests/tap.h"
#include "tests/unit/gen.h"
#include "tests/unit/hook.h"

#include <sys/wait.h>
#include <time.h>

enum {
	PACKETS = 60000,
	SEEDS = 700,
	SHORTEST = 14,
	SECOND = 1000000000,
	SEED = 12345,
	FACTS = 1 << 17,
	TICK_NS = 20000000 /* no clock lags behind more than that */
};

/* What was told of the packets of one end of a flow. */
struct fact {
	struct wr_flow_key key;
	uint64_t from;
	uint64_t all;	     /* WR_FACT_* of any of them */
	uint64_t packets[4]; /* TCP: of the fragments, of the broken ones, of those that are both */
};

struct facts {
	struct fact *at;
	uint32_t n;
};

static int thin = 1;
static bool coarse; /* the clock that costs less, where there is one (5.11) */

/* A data path that accounts, and both sides of the comparison. */
struct bench {
	struct hook hook;
	struct wr_account *account;
	struct wr_live *kernel, *host;
	struct wr_count sent;
	struct wr_account_maps maps;
	uint64_t opened_ns; /* CLOCK_REALTIME */
	struct facts kernel_facts, host_facts;
	uint64_t drained, rows, other, displaced, kept, upkeeps, unkept;
	uint64_t odd_times; /* rows that end before they begin, or are of the past or the future */
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

static void row(void *ctx, const struct wr_account_row *r, uint64_t start_ns)
{
	struct bench *b = ctx;
	uint64_t first = start_ns + ((uint64_t)r->first << WR_ACCOUNT_TIME_SHIFT);
	uint64_t last = start_ns + ((uint64_t)r->last << WR_ACCOUNT_TIME_SHIFT);

	b->rows += r->packets;
	b->odd_times += last < first || first + TICK_NS < b->opened_ns || last > now_ns() + TICK_NS;
	wr_live_add_row(b->kernel, 0, false, r, start_ns);
}

static void head(void *ctx, const struct wr_account_head *h)
{
	struct bench *b = ctx;

	b->other += h->other.packets + h->not_ip.packets;
	b->displaced += h->displaced;
	b->kept += h->kept;
	b->upkeeps += h->upkeeps;
	b->unkept += h->unkept;
	wr_live_add_head(b->kernel, 0, false, h);
}

static void part(void *ctx, const struct wr_live_part *p, const struct wr_flow *flow)
{
	struct facts *facts = ctx;
	struct fact *f;

	(void)flow;
	if (!p->facts)
		return;
	f = &facts->at[facts->n++ % FACTS];
	*f = (struct fact){.key = p->flow.key, .from = p->flow.from, .all = p->facts};
	if (wr_has_tcp_flags(p->flow.key.proto))
		f->packets[p->facts & 3] = p->flow.n.packets;
}

static struct wr_live *live(struct facts *facts)
{
	const struct wr_live_conf conf = {.seed = SEED};
	const struct wr_live_tap tap = {.ctx = facts, .part = part};
	struct wr_live *l = NULL;

	if (wr_live_open(&l, &conf, NULL))
		return NULL;
	facts->at = calloc(FACTS, sizeof(*facts->at));
	wr_live_tap(l, &tap);
	wr_live_begin(l, SECOND);
	wr_live_iface(l, "test0");
	return l;
}

static int bench_open(struct bench *b, uint32_t set_bits)
{
	struct hook_conf conf = {
		.kind = HOOK_XDP,
		.fixed = {.linktype = WR_LINK_ETHER,
			  .account = 1,
			  .coarse = coarse,
			  .set_bits = set_bits,
			  .secret = {0x0123456789abcdef, 0xfedcba9876543210}},
	};
	struct wr_account_maps *maps = &b->maps;
	int rc;

	memset(b, 0, sizeof(*b));
	maps->set_bits = set_bits;
	conf.fixed.cpus = maps->cpus = (uint32_t)libbpf_num_possible_cpus();
	rc = hook_open(&b->hook, &conf);
	if (!ok(!rc, "a data path with %u rows per CPU loads", 2u << set_bits)) {
		note("%s", strerror(-rc));
		return rc;
	}
	b->hook.board->conf.follow = 0;
	b->hook.board->conf.seed = SEED;
	maps->heads_fd = hook_map(&b->hook, "wr_heads");
	maps->sets_fd = hook_map(&b->hook, "wr_sets");
	maps->used_fd = hook_map(&b->hook, "wr_used");
	maps->peeked_fd = hook_map(&b->hook, "wr_peeked");
	b->kernel = live(&b->kernel_facts);
	b->host = live(&b->host_facts);
	b->opened_ns = now_ns();
	return wr_account_open(&b->account, maps, b->hook.board, NULL);
}

static void bench_close(struct bench *b)
{
	wr_account_close(&b->account);
	wr_live_close(&b->kernel);
	wr_live_close(&b->host);
	free(b->kernel_facts.at);
	free(b->host_facts.at);
	hook_close(&b->hook);
}

static void drain_window(struct bench *b, bool new_second)
{
	struct wr_account_reader r = {.row = row, .rest = head, .ctx = b};

	wr_account_flip(b->account, new_second);
	while (!wr_account_settled(b->account))
		;
	b->drained += wr_account_drain(b->account, &r);
}

static void drain(struct bench *b)
{
	drain_window(b, true);
}

static void send_frame(struct bench *b, const uint8_t *frame, uint32_t n)
{
	static uint8_t out[4096];
	LIBBPF_OPTS(bpf_test_run_opts, o, .data_in = frame, .data_size_in = n, .data_out = out,
		    .data_size_out = sizeof(out), .repeat = 1);
	struct wr_packet pkt = {.ts_ns = SECOND, .len = n, .caplen = n, .iface = "test0"};
	static struct wr_parse parse = {.max_depth = 1};

	if (n < SHORTEST)
		return;
	if (bpf_prog_test_run_opts(b->hook.main_fd, &o)) {
		printf("Bail out! TEST_RUN: %s\n", strerror(errno));
		exit(1);
	}
	wr_parse(&parse, frame, n, n, WR_LINK_ETHER);
	wr_live_add_packet(b->host, &pkt, &parse.rec);
	b->sent.packets++;
	b->sent.bytes += n;
}

static void ended(struct bench *b)
{
	drain(b);
	wr_live_end(b->kernel, SECOND); /* before any flow is due to end */
	wr_live_end(b->host, SECOND);
}

/* ---- the same flows ---- */

static int by_key(const void *a, const void *b)
{
	return memcmp(&((const struct wr_flow *)a)->key, &((const struct wr_flow *)b)->key,
		      sizeof(struct wr_flow_key));
}

static uint32_t sorted(struct wr_live *l, struct wr_flow *flows, uint32_t most)
{
	uint32_t n = wr_flow_rows(wr_live_flows(l));

	n = n < most ? n : most;
	for (uint32_t i = 0; i < n; i++)
		flows[i] = wr_flow_row(wr_live_flows(l), i);
	qsort(flows, n, sizeof(*flows), by_key);
	return n;
}

static bool same_flow(const struct wr_flow *a, const struct wr_flow *b)
{
	return !memcmp(&a->key, &b->key, sizeof(a->key)) &&
	       !memcmp(a->sent, b->sent, sizeof(a->sent)) &&
	       !memcmp(a->tcp_flags, b->tcp_flags, sizeof(a->tcp_flags)) && a->caller == b->caller;
}

static void same_flows(struct bench *b)
{
	static struct wr_flow k[1 << 16], h[1 << 16];
	uint32_t nk = sorted(b->kernel, k, 1 << 16), nh = sorted(b->host, h, 1 << 16), differ = 0;

	is_int(nk, nh, "as many flows in the kernel as on the host");
	for (uint32_t i = 0; i < nk && i < nh; i++)
		if (!same_flow(&k[i], &h[i]) && !differ++)
			note("the first: protocol %u, %u:%u tag %x, kernel %llu+%llu packets, host "
			     "%llu+%llu",
			     h[i].key.proto, h[i].key.port[0], h[i].key.port[1], h[i].key.tag,
			     (unsigned long long)k[i].sent[0].packets,
			     (unsigned long long)k[i].sent[1].packets,
			     (unsigned long long)h[i].sent[0].packets,
			     (unsigned long long)h[i].sent[1].packets);
	is_int(differ, 0, "%u flows: key, packets, bytes, flags, who opened: the same", nh);
}

static void same_rows(struct bench *b)
{
	const struct wr_live_total *k = wr_live_totals(b->kernel), *h = wr_live_totals(b->host);

	ok(!memcmp(&k->in, &h->in, sizeof(k->in)), "the same total");
	ok(!memcmp(&k->not_ip, &h->not_ip, sizeof(k->not_ip)), "as much that is not IP");
	ok(!memcmp(k->sizes, h->sizes, sizeof(k->sizes)), "the same sizes");
	ok(!memcmp(k->tcp_flags, h->tcp_flags, sizeof(k->tcp_flags)), "the same TCP flags");
	for (int kind = 0; kind < WR_LIVE_PROTOCOLS; kind++) {
		const struct wr_live_row *rows[4096];
		uint32_t n = wr_live_top(b->host, kind, WR_LIVE_BY_BYTES, rows, 4096), differ = 0;

		for (uint32_t i = 0; i < n; i++) {
			const struct wr_live_row *r = wr_live_find(b->kernel, kind, &rows[i]->key);

			/* Who of the two ends is the server may turn out in the middle of a
			 * window: packets in front of that count differently. */
			if (rows[i]->key.proto == WR_IP_TCP)
				continue;
			differ += !r || memcmp(&r->in, &rows[i]->in, sizeof(r->in)) ||
				  r->flows != rows[i]->flows;
		}
		is_int(differ, 0, "%u %s are the same", n, wr_live_name(kind));
	}
}

/* ---- the same facts ---- */

static int by_flow(const void *a, const void *b)
{
	return memcmp(a, b, offsetof(struct fact, all));
}

/* One for each end of a flow. Returns how many. */
static uint32_t joined(struct facts *f)
{
	uint32_t n = 0;

	qsort(f->at, f->n, sizeof(*f->at), by_flow);
	for (uint32_t i = 0; i < f->n; i++) {
		const struct fact *one = &f->at[i];

		if (!n || by_flow(&f->at[n - 1], one)) {
			f->at[n++] = *one;
			continue;
		}
		f->at[n - 1].all |= one->all;
		for (int k = 0; k < 4; k++)
			f->at[n - 1].packets[k] += one->packets[k];
	}
	return n;
}

static void same_facts(struct bench *b)
{
	uint32_t nk, nh, differ = 0, of[4] = {0}, seen = 0;

	ok(b->host_facts.n < FACTS, "there is room for all facts");
	nk = joined(&b->kernel_facts);
	nh = joined(&b->host_facts);
	is_int(nk, nh, "facts of as many ends of flows");
	for (uint32_t i = 0; i < nk && i < nh; i++) {
		const struct fact *h = &b->host_facts.at[i];

		differ += memcmp(&b->kernel_facts.at[i], h, sizeof(*h)) != 0;
		seen |= (uint32_t)h->all;
		for (int k = 0; k < 4; k++)
			of[k] += h->packets[k] > 0;
	}
	is_int(differ, 0, "%u ends of flows: fragments, broken packets, ICMP errors: the same", nh);
	is_int(seen, WR_FACT_FRAG | WR_FACT_BAD | WR_FACT_ICMP_ERROR, "all three are there");
	ok(of[WR_FACT_FRAG] && of[WR_FACT_BAD],
	   "and TCP: %u ends with fragments, %u with broken packets, %u with both at once",
	   of[WR_FACT_FRAG], of[WR_FACT_BAD], of[WR_FACT_FRAG | WR_FACT_BAD]);
}

static void kernel_is_host(void)
{
	static struct gen g;
	struct bench b;

	if (bench_open(&b, 17))
		return;
	for (uint32_t i = 0; i < PACKETS / (uint32_t)thin; i++) {
		gen_packet(&g, i % SEEDS + 1);
		if (i % 3 == 0)
			gen_mutate(&g);
		send_frame(&b, g.b, g.n);
		if (i % 10007 == 0)
			drain(&b);
	}
	ended(&b);
	is_int((long long)b.drained, (long long)b.sent.packets, "%llu packets in windows",
	       (unsigned long long)b.sent.packets);
	is_int((long long)(b.rows + b.other), (long long)b.sent.packets,
	       "rows, others and what is no IP are all");
	is_int((long long)wr_live_totals(b.kernel)->other.packets, 0, "every flow found a row");
	same_flows(&b);
	same_rows(&b);
	same_facts(&b);
	bench_close(&b);
}

/* ---- too small ---- */

static void udp_frame(uint8_t f[60], uint32_t src, uint16_t sport)
{
	static const uint8_t model[60] = "\x02\0\0\0\0\1\x02\0\0\0\0\2\x08\0\x45\0\0\x2e\0\1\0\0"
					 "\x40\x11\0\0\0\0\0\0\x0a\0\0\2\0\0\0\x35\0\x1a";

	memcpy(f, model, 60);
	memcpy(f + 26, &src, 4);
	memcpy(f + 34, &sport, 2);
}

static uint64_t sum_of(struct wr_live *l, enum wr_live_kind kind)
{
	const struct wr_live_row *rows[4096];
	uint32_t n = wr_live_top(l, kind, WR_LIVE_BY_BYTES, rows, 4096);
	uint64_t sum = wr_live_other(l, kind)->in.packets;

	while (n)
		sum += rows[--n]->in.packets;
	return sum;
}

/* One flow in eight packets of a flood in which no source comes twice, and 32 rows. */
static void flood(void)
{
	static const struct wr_talk_key service = {
		.addr = {10, 0, 0, 2}, .port = 53, .proto = WR_IP_UDP, .ip_v = 4};
	struct wr_talk_key heavy = {.addr = {192, 0, 2, 1}, .ip_v = 4};
	uint32_t total = (uint32_t)(40000 / thin), spoofed = 0;
	const struct wr_live_row *r;
	struct bench b;
	uint8_t f[60];

	if (bench_open(&b, 4))
		return;
	for (uint32_t i = 0; i < total; i++) {
		if (i % 8)
			udp_frame(f, 0x0b000000u + htonl(++spoofed), (uint16_t)i);
		else
			udp_frame(f, inet_addr("192.0.2.1"), htons(5353));
		send_frame(&b, f, sizeof(f));
	}
	ended(&b);
	is_int((long long)(b.rows + b.other), total, "flood: rows and others are all");
	for (int kind = 0; kind < WR_LIVE_KINDS; kind++)
		is_int((long long)sum_of(b.kernel, kind), total, "flood: %s and others are all",
		       wr_live_name(kind));
	ok(b.displaced > 0, "flood: rows made room");
	is_int((long long)wr_live_totals(b.kernel)->displaced, (long long)b.displaced,
	       "flood: how many is told");
	ok(b.rows < total / 2, "flood: most found no row (%llu of %u did)",
	   (unsigned long long)b.rows, total);
	r = wr_live_find(b.kernel, WR_LIVE_SERVICES, &service);
	is_int(r ? (long long)r->in.packets : 0, total,
	       "flood: its service is known to the packet");
	ok(r && r->sources > spoofed * 0.87 && r->sources < spoofed * 1.13,
	   "flood: %u sources are estimated as %u: within 13 %%, four standard errors", spoofed + 1,
	   r ? r->sources : 0);
	r = wr_live_find(b.kernel, WR_LIVE_TALKERS, &heavy);
	ok(r && r->in.packets > total / 8 * 9 / 10,
	   "flood: of the heavy talker's %u packets %llu are known as its own", total / 8,
	   r ? (unsigned long long)r->in.packets : 0ull);
	bench_close(&b);
}

/* The first packets of a window: the coarse clock still shows a time before it began. */
static void first_moments(void)
{
	static uint8_t frame[64] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 8, 0, 0x45, 0, 0, 50};
	struct bench b;

	coarse = wr_kernel()->ktime_coarse;
	if (!coarse) {
		skip("no coarse clock before Linux 5.11");
		return;
	}
	frame[14 + 8] = 64;
	frame[14 + 9] = 17;
	if (bench_open(&b, 4))
		return;
	for (int i = 0; i < 200; i++) {
		drain(&b);
		send_frame(&b, frame, sizeof(frame));
	}
	drain(&b);
	is_int((long long)b.rows, 200, "200 packets, each the first of its window");
	is_int((long long)b.odd_times, 0, "none came before its window, or after now");
	bench_close(&b);
}

/* Who chooses source and destination together cannot make flows share a place without the secret.
 */
static void chosen_addresses(void)
{
	uint8_t f[62] = "\x02\0\0\0\0\1\x02\0\0\0\0\2\x86\xdd\x60\0\0\0\0\x08\x11\x40";
	struct bench b;

	if (bench_open(&b, 10))
		return;
	memcpy(f + 56, "\0\x35\0\x08", 4);
	for (uint64_t i = 0; i < 64; i++) {
		uint64_t src = i * 0x9e3779b97f4a7c15, dst = (src << 32 | src >> 32) ^ 0x5eed;

		memcpy(f + 22, &src, 8);
		memcpy(f + 38, &dst, 8);
		send_frame(&b, f, sizeof(f));
	}
	drain(&b);
	ok(b.other <= 2, "64 flows of addresses that were chosen: %llu found no row",
	   (unsigned long long)b.other);
	bench_close(&b);
}

/* Of the first payloads that may be sent, half are for TCP alone. */
static void peeks(void)
{
	struct bench b;
	uint8_t f[60];

	if (bench_open(&b, 10))
		return;
	b.hook.board->conf.peek = 10;
	for (uint16_t i = 0; i < 40; i++) {
		udp_frame(f, 0x0b000001u, i);
		if (i == 20)
			is_int((long long)hook_count(&b.hook).matched_packets, 5,
			       "20 flows of UDP: five first payloads are sent of ten");
		if (i >= 20)
			f[23] = 6, f[46] = 0x50;
		send_frame(&b, f, sizeof(f));
	}
	is_int((long long)hook_count(&b.hook).matched_packets, 10, "and five of 20 flows of TCP");
	drain(&b);
	is_int((long long)wr_live_totals(b.kernel)->unread, 30, "the other 30 are told");
	bench_close(&b);
}

/* What may be sent is bounded for a second, however many windows it has. */
static void peeks_of_a_second(void)
{
	struct bench b;
	uint8_t f[60];

	if (bench_open(&b, 10))
		return;
	b.hook.board->conf.peek = 10;
	for (uint16_t i = 0; i < 40; i++) {
		udp_frame(f, 0x0b000001u, i);
		f[23] = 6, f[46] = 0x50;
		send_frame(&b, f, sizeof(f));
		if (i % 4 == 3)
			drain_window(&b, false);
	}
	is_int((long long)hook_count(&b.hook).matched_packets, 10,
	       "first payloads: ten of a second of ten windows");
	drain(&b);
	for (uint16_t i = 100; i < 120; i++) {
		udp_frame(f, 0x0b000001u, i);
		f[23] = 6, f[46] = 0x50;
		send_frame(&b, f, sizeof(f));
	}
	is_int((long long)hook_count(&b.hook).matched_packets, 20, "and ten of the next one");
	bench_close(&b);
}

/* ARP, neighbour and router discovery, DHCP go to the reader, at most so many, and nothing else. */
static void upkeep(void)
{
	static const uint8_t arp[60] = "\xff\xff\xff\xff\xff\xff\x02\0\0\0\0\2\x08\x06\0\1\x08\0\6"
				       "\4\0\1\x02\0\0\0\0\2\x0a\0\0\2\0\0\0\0\0\0\x0a\0\0\1";
	uint8_t nd[86] = "\x33\x33\0\0\0\1\x02\0\0\0\0\2\x86\xdd\x60\0\0\0\0\x20\x3a\xff"
			 "\xfe\x80";
	struct wr_cpu_count before;
	struct bench b;
	uint8_t f[60];

	if (bench_open(&b, 10))
		return;
	b.hook.board->conf.upkeep = 20;
	send_frame(&b, arp, sizeof(arp));
	for (uint16_t type = 132; type <= 138; type++) {
		nd[54] = (uint8_t)type;
		send_frame(&b, nd, sizeof(nd));
	}
	udp_frame(f, 0x0b000001u, htons(68));
	f[37] = 67;
	send_frame(&b, f, sizeof(f)); /* DHCP */
	f[36] = 2, f[37] = 35;
	send_frame(&b, f, sizeof(f)); /* DHCPv6 */
	is_int((long long)hook_count(&b.hook).matched_packets, 8,
	       "upkeep: ARP, five of neighbour discovery, two of DHCP");
	udp_frame(f, 0x0b000001u, htons(68));
	send_frame(&b, f, sizeof(f));
	is_int((long long)hook_count(&b.hook).matched_packets, 8, "upkeep: no DNS");
	before = hook_count(&b.hook);
	for (int i = 0; i < 100; i++) {
		send_frame(&b, arp, sizeof(arp));
		if (i % 10 == 9)
			drain_window(&b, false);
	}
	is_int((long long)(hook_count(&b.hook).matched_packets - before.matched_packets), 12,
	       "upkeep: twenty in a second");
	is_int((long long)b.upkeeps, 20, "upkeep: the reader is told how many were sent");
	is_int((long long)b.unkept, 88, "upkeep: and how many were not");
	bench_close(&b);
}

/* ---- round trips ---- */

static void tcp_frame(uint8_t f[60], uint8_t flags)
{
	udp_frame(f, inet_addr("192.0.2.7"), htons(40000));
	f[17] = 40;
	f[23] = 6;
	f[46] = 0x50;
	f[47] = flags;
}

static uint32_t rtt_of(struct bench *b)
{
	struct wr_flow_table *t = wr_live_flows(b->kernel);

	return wr_flow_rows(t) == 1 ? wr_flow_row(t, 0).rtt_us : 0;
}

/* A handshake of which the first half is in one window and the second in a later one. between: what
 * the client sends first. */
static uint32_t late_ack(uint8_t between)
{
	struct bench b;
	uint8_t f[60];
	uint32_t us;

	if (bench_open(&b, 4))
		return 0;
	tcp_frame(f, WR_TCP_SYN);
	send_frame(&b, f, sizeof(f));
	drain_window(&b, false);
	usleep(30000);
	if (between) {
		tcp_frame(f, between);
		f[17] = 44; /* it carries something */
		send_frame(&b, f, sizeof(f));
		drain_window(&b, false);
	}
	tcp_frame(f, WR_TCP_ACK);
	send_frame(&b, f, sizeof(f));
	drain_window(&b, false);
	us = rtt_of(&b);
	bench_close(&b);
	return us;
}

static void round_trips(void)
{
	uint32_t us = late_ack(0);

	ok(us >= 30000, "SYN and ACK in two windows: %u us, at least 30,000", us);
	is_int(late_ack(WR_TCP_ACK | WR_TCP_PSH), 0,
	       "an ACK behind data does not say when the SYN was answered");
}

static int maps_of_tables(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	char line[512];
	int n = 0;

	while (f && fgets(line, sizeof(line), f))
		n += strstr(line, "bpf-map") != NULL;
	if (f)
		fclose(f);
	return n;
}

/* A child, which may live longer than we, does not hold the tables. */
static void child(void)
{
	struct bench b;
	int status, before, with;

	if (bench_open(&b, 4))
		return;
	with = maps_of_tables();
	wr_account_close(&b.account);
	before = maps_of_tables(); /* those of the test itself */
	ok(!wr_account_open(&b.account, &b.maps, b.hook.board, NULL) && with == before + 4,
	   "four tables are mapped");
	fflush(stdout);
	if (!fork())
		_exit(maps_of_tables());
	wait(&status);
	is_int(WEXITSTATUS(status), before, "a child has none of them");
	bench_close(&b);
}

/* A window that nobody has drained for long: 32 bits of packets are nearly full. */
static void full_counters(void)
{
	const uint64_t many = 0xfffffffe;
	struct wr_account_set *sets;
	struct wr_account_head *heads;
	size_t n_sets, n_heads;
	struct bench b;
	uint8_t f[60];
	uint32_t all = 0;

	if (bench_open(&b, 4))
		return;
	n_sets = ((size_t)2 * b.maps.cpus << 4);
	n_heads = 2 * b.maps.cpus;
	sets = mmap(NULL, n_sets * sizeof(*sets), PROT_READ | PROT_WRITE, MAP_SHARED,
		    b.maps.sets_fd, 0);
	heads = mmap(NULL, n_heads * sizeof(*heads), PROT_READ | PROT_WRITE, MAP_SHARED,
		     b.maps.heads_fd, 0);
	udp_frame(f, 0x0b000001u, 1);
	send_frame(&b, f, sizeof(f));
	for (size_t i = 0; i < 2 * n_sets; i++)
		if (sets[i / 2].row[i % 2].packets)
			sets[i / 2].row[i % 2].packets = (uint32_t)many, all++;
	for (size_t i = 0; i < n_heads; i++)
		if (heads[i].all.packets)
			heads[i].all.packets = many;
	is_int(all, 1, "full counters: one row");
	for (int i = 0; i < 5; i++)
		send_frame(&b, f, sizeof(f));
	drain(&b);
	is_int((long long)(b.rows + b.other), (long long)many + 5,
	       "full counters: rows and others are all");
	is_int((long long)b.drained, (long long)many + 5, "full counters: to the packet");
	munmap(sets, n_sets * sizeof(*sets));
	munmap(heads, n_heads * sizeof(*heads));
	bench_close(&b);
}

/* Another process takes the tables over, with something in the window that is being filled or in
 * the one that has ended: nothing is lost, and what was counted keeps its time. */
static void taken_over(bool ended)
{
	struct wr_account_reader r;
	struct bench b;
	uint8_t f[60];

	if (bench_open(&b, 4))
		return;
	r = (struct wr_account_reader){.row = row, .rest = head, .ctx = &b};
	udp_frame(f, 0x0b000001u, 1);
	usleep(50000);
	send_frame(&b, f, sizeof(f));
	if (ended)
		wr_account_flip(b.account, true);
	usleep(50000);
	wr_account_close(&b.account);
	ok(!wr_account_open(&b.account, &b.maps, b.hook.board, NULL), "taken over%s",
	   ended ? ", behind the end of a window" : "");
	send_frame(&b, f, sizeof(f));
	wr_account_drain(b.account, &r); /* what has ended before */
	drain(&b);
	drain(&b);
	is_int((long long)b.rows, 2, "both packets are there");
	is_int((long long)b.odd_times, 0, "with the times that they came");
	bench_close(&b);
}

/* ---- records for the last packets ---- */

enum { RING = 1 << 20, SNAP = 90 };

static struct {
	uint32_t kept, payloads, upkeeps, others, wrong_size;
} taken;

static int take(void *ctx, void *data, size_t n)
{
	const struct wr_event *e = data;
	uint32_t want = e->why == WR_WHY_KEPT ? SNAP : 200;

	(void)ctx;
	(void)n;
	taken.kept += e->why == WR_WHY_KEPT;
	taken.payloads += e->why == WR_WHY_PAYLOAD;
	taken.upkeeps += e->why == WR_WHY_UPKEEP;
	taken.others += e->why < WR_WHY_PAYLOAD || e->why > WR_WHY_UPKEEP;
	taken.wrong_size += e->cap != (e->len < want ? e->len : want);
	return 0;
}

/* A UDP frame of 200 bytes; of another flow for each source port. */
static void send_long(struct bench *b, uint16_t sport)
{
	static uint8_t f[200];

	udp_frame(f, inet_addr("192.0.2.9"), sport);
	f[16] = 0;
	f[17] = 186; /* of the IP header on */
	f[38] = 0;
	f[39] = 166;
	send_frame(b, f, sizeof(f));
}

/* Sends n packets of one flow in a new window; returns how many records were made for the last
 * packets. */
static uint32_t window_of(struct bench *b, struct ring_buffer *ring, uint32_t n)
{
	uint64_t before = b->kept;

	memset(&taken, 0, sizeof(taken));
	drain(b);
	for (uint32_t i = 0; i < n; i++)
		send_long(b, 7);
	drain(b);
	ring_buffer__consume(ring);
	is_int((long long)(b->kept - before), taken.kept,
	       "%u packets: the reader is told how many were kept", n);
	is_int(taken.others + taken.wrong_size, 0, "each says why it came and has its size");
	return taken.kept;
}

static void kept(void)
{
	struct wr_board_conf *c;
	struct ring_buffer *ring;
	struct wr_cpu_count n;
	uint32_t few, many;
	struct bench b;

	if (bench_open(&b, 4))
		return;
	c = &b.hook.board->conf;
	ring = ring_buffer__new(b.hook.ring_fd, take, NULL, NULL);
	c->records = WR_RECORDS_BYTES;
	c->snap = 200;
	c->peek = 1000;
	c->keep_snap = SNAP;
	is_int(window_of(&b, ring, 100), 0, "none is kept unless asked for");
	is_int(taken.payloads, WR_ACCOUNT_PEEKS, "first payloads come all the same");
	c->keep = 1000;
	is_int(window_of(&b, ring, 100), 100, "all of few are kept");
	many = window_of(&b, ring, 20000);
	ok(many >= 250 && many <= 1000, "of 20,000 in less than a second: %u, at most 1000", many);
	c->keep_sample = 10;
	few = window_of(&b, ring, 1000);
	ok(few >= 99 && few <= 101, "every tenth of 1000: %u", few);
	c->keep_sample = 1;
	c->keep = 100;
	memset(&taken, 0, sizeof(taken));
	drain(&b);
	for (int i = 0; i < 5; i++) {
		for (int k = 0; k < 200; k++)
			send_long(&b, 7);
		drain_window(&b, false);
	}
	ring_buffer__consume(ring);
	ok(taken.kept >= 25 && taken.kept <= 100,
	   "five windows of a second: %u are kept of 1000, as many as of one window of 100 at most",
	   taken.kept);
	c->keep = 0;
	is_int(window_of(&b, ring, 100), 0, "and none again");
	n = hook_count(&b.hook);
	is_int((long long)(n.made - n.ring_full), (long long)(WR_ACCOUNT_PEEKS + b.kept),
	       "records made are first payloads and kept ones, no other");
	ring_buffer__free(ring);
	bench_close(&b);
}

int main(void)
{
	if (getenv("WEIR_TEST_THIN"))
		thin = atoi(getenv("WEIR_TEST_THIN"));
	thin = thin > 0 ? thin : 1;
	libbpf_set_print(hook_quiet);
	if (geteuid()) {
		skip("loading kernel programs needs root");
		return done();
	}
	hook_stay_on_cpu();
	kernel_is_host();
	flood();
	first_moments();
	kept();
	peeks_of_a_second();
	upkeep();
	round_trips();
	full_counters();
	chosen_addresses();
	peeks();
	child();
	taken_over(false);
	taken_over(true);
	return done();
}
