/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_TESTS_TUI_FEED_H
#define WR_TESTS_TUI_FEED_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/account.h"
#include "core/reason.h"
#include "flow/live.h"

/*
 * A host that always does the same: what screens are held against. 10.0.0.1 and 2001:db8::1 serve
 * HTTPS to many, SSH to one, DNS over both versions of IP, and call a database themselves. Each
 * window is made from its number.
 */

#define TUI_SECOND 1000000000ull
#define TUI_START (1700000000 * TUI_SECOND) /* 2023-11-14 22:13:20 UTC */

enum { TUI_WEB_CLIENTS = 40, TUI_DNS_CLIENTS = 12 };

struct tui_feed {
	struct wr_live *live; /* owned */
	uint64_t window;      /* that was made last */
	bool out;	      /* what leaves is seen too */
	bool broken;	      /* some packets are malformed */
	bool unbalanced;
	struct wr_ledger ledger[2];
	struct wr_live_rest rest; /* sizes of the window's packets */
};

struct tui_talk {
	int ip_v, client; /* last bytes of its address */
	unsigned int sport, dport;
	int proto;
	bool outgoing; /* this host is the client */
};

static void tui_address(uint8_t to[16], int ip_v, bool host, int client)
{
	static const uint8_t six[4] = {0x20, 0x01, 0x0d, 0xb8};

	memset(to, 0, 16);
	if (ip_v == 6) {
		memcpy(to, six, 4);
		if (!host)
			to[5] = 0xc1;
		to[15] = host ? 1 : (uint8_t)client;
		return;
	}
	to[0] = 10;
	to[1] = host ? 0 : 1;
	to[2] = host ? 0 : (uint8_t)(client >> 8);
	to[3] = host ? 1 : (uint8_t)client;
}

/* `packets` of `size` bytes, one way. */
static void tui_add(struct tui_feed *f, const struct tui_talk *k, bool out, double packets,
		    unsigned int size)
{
	bool to_server = out == k->outgoing;
	struct wr_rec rec = {0};
	struct wr_hdr *h = &rec.hdr[0];
	struct wr_live_part p = {.out = out};
	uint64_t now = TUI_START + f->window * TUI_SECOND;

	if (packets < 1 || (out && !f->out))
		return;
	h->has = WR_H_IP | WR_H_PROTO | WR_H_PORTS;
	h->ip_v = (uint8_t)k->ip_v;
	h->proto = (uint8_t)k->proto;
	tui_address(h->src, k->ip_v, out, k->client);
	tui_address(h->dst, k->ip_v, !out, k->client);
	h->sport = (uint16_t)(to_server ? k->sport : k->dport);
	h->dport = (uint16_t)(to_server ? k->dport : k->sport);
	p.flow.from = wr_flow_key_make(&p.flow.key, &rec);
	p.flow.n.packets = (uint64_t)packets;
	p.flow.n.bytes = p.flow.n.packets * size;
	p.flow.first_ns = now - TUI_SECOND;
	p.flow.last_ns = now - TUI_SECOND / 4;
	if (k->proto == 6)
		p.flow.tcp_flags = to_server ? 0x18 : 0x12;
	if (k->proto == 6 && to_server && f->window % 64 == 1)
		p.flow.rtt_us = 800 + 350u * (unsigned int)k->client;
	wr_live_add(f->live, &p);
	f->rest.sizes[wr_size_class(size)].packets += p.flow.n.packets;
	f->rest.sizes[wr_size_class(size)].bytes += p.flow.n.bytes;
	f->ledger[0].arrived.packets += out ? 0 : p.flow.n.packets;
	f->ledger[0].arrived.bytes += out ? 0 : p.flow.n.bytes;
}

static void tui_both(struct tui_feed *f, struct tui_talk k, double packets, unsigned int there,
		     unsigned int back)
{
	tui_add(f, &k, k.outgoing, packets, there);
	tui_add(f, &k, !k.outgoing, packets * 0.9, back);
}

static void tui_traffic(struct tui_feed *f)
{
	double t = (double)f->window, wave = 1 + sin(t / 9), burst = f->window % 23 < 4 ? 4 : 1;

	for (int c = 1; c <= TUI_WEB_CLIENTS; c++)
		if ((f->window + (uint64_t)c) % (unsigned int)(1 + c / 8) == 0)
			tui_both(f,
				 (struct tui_talk){4, c, 40000u + (unsigned int)c, 443, 6, false},
				 burst * wave * 4000 / c, 420, 1380);
	for (int c = 1; c <= TUI_DNS_CLIENTS; c++)
		tui_both(f,
			 (struct tui_talk){c & 1 ? 6 : 4, 100 + c, 5000u + (unsigned int)c, 53, 17,
					   false},
			 5 + c + 10 * wave, 80, 180);
	tui_both(f, (struct tui_talk){4, 7, 51000, 22, 6, false}, 3 + (int)t % 5, 100, 160);
	tui_both(f, (struct tui_talk){6, 9, 55555, 8443, 6, false}, 300 * burst, 1400, 90);
	tui_both(f, (struct tui_talk){4, 200, 36000, 5432, 6, true}, 120 * wave, 300, 900);
}

/* The next second. */
__attribute__((unused)) static void tui_feed_window(struct tui_feed *f)
{
	uint64_t end;

	f->window++;
	end = TUI_START + f->window * TUI_SECOND;
	if (f->window == 1)
		wr_live_begin(f->live, end - TUI_SECOND);
	memset(&f->rest, 0, sizeof(f->rest));
	tui_traffic(f);
	wr_live_add_rest(f->live, 0, false, &f->rest);
	wr_live_end(f->live, end);
	wr_live_begin(f->live, end); /* the next one, as the engine does it */
	if (f->broken && f->window % 3 == 0)
		f->ledger[0].bad[WR_BAD_TCP_DOFF] += 5;
	if (f->broken && f->window % 20 == 0)
		f->ledger[0].bad[WR_BAD_IP4_SHORT]++;
	f->ledger[0].passed = f->ledger[0].arrived;
	f->ledger[0].balanced = !f->unbalanced;
}

__attribute__((unused)) static int tui_feed_open(struct tui_feed *f)
{
	struct wr_live_conf conf = {.flows_max = 4096, .paces = true};
	int ret = wr_live_open(&f->live, &conf, NULL);

	if (ret)
		return ret;
	wr_live_iface(f->live, "eth0");
	for (int i = 0; i < 2; i++) {
		snprintf(f->ledger[i].iface, sizeof(f->ledger[i].iface), i ? "wlan0" : "eth0");
		f->ledger[i].hook = i ? WR_HOOK_TC : WR_HOOK_XDP;
		f->ledger[i].since_ns = TUI_START;
		f->ledger[i].balanced = true;
	}
	return 0;
}

#endif
