/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/day.h"

/* Frames, and the files that they are written to: a capture of nanoseconds (pcap), a label each. */

enum { ROOM = 2048, HEADERS4 = 34, HEADERS6 = 54, TCP_N = 20, OPTIONS_N = 20, UDP_N = 8 };

struct frame {
	uint8_t at[ROOM];
	uint32_t n;	 /* written */
	uint32_t behind; /* bytes that are on the wire only */
};

__attribute__((noreturn)) static void fail(const char *what)
{
	fprintf(stderr, "day: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void write_frame(struct day *d, const struct frame *f)
{
	const uint32_t head[4] = {(uint32_t)(d->now_ns / SECOND_NS),
				  (uint32_t)(d->now_ns % SECOND_NS), f->n, f->n + f->behind};

	if (fwrite(head, sizeof(head), 1, d->capture) != 1 ||
	    fwrite(f->at, f->n, 1, d->capture) != 1)
		fail("capture");
	if (d->labels && gzputc(d->labels, d->label) < 0)
		fail("labels");
	if (d->label) {
		struct day_event *e = &d->event[d->label];
		double at = (double)(d->now_ns - d->begun_ns) / 1e9;

		if (!e->packets++)
			e->start_s = at;
		e->end_s = at;
	}
	d->packets++;
	d->bytes += f->n + f->behind;
}

static void mac(const struct day *d, uint8_t *at, uint32_t addr)
{
	static const uint8_t none[6];

	if (day_far(addr))
		addr = GATEWAY;
	else if (memcmp(d->mac, none, 6)) {
		memcpy(at, d->mac, 6);
		return;
	}
	put16(at, 0x0220);
	put32(at + 2, addr);
}

static void ether(const struct day *d, struct frame *f, uint32_t from, uint32_t to, uint32_t type)
{
	mac(d, f->at, to);
	mac(d, f->at + 6, from);
	put16(f->at + 12, type);
	f->n = 14;
}

/* 2001:db8:: and the number of who it is. */
static void addr6(uint8_t *at, uint32_t addr)
{
	memset(at, 0, 16);
	put32(at, 0x20010db8);
	if (day_far(addr)) {
		put32(at + 4, addr); /* a /64 for each */
		at[15] = 1;
	} else {
		put32(at + 12, addr);
	}
}

uint32_t day_written(const struct day *d, uint32_t addr)
{
	return addr >> 16 == NET >> 16 ? d->net | (addr & 0xffff) : addr;
}

/* Headers in front of `n` bytes, which includes what is not written. Where they go. */
static uint8_t *ip(struct day *d, struct frame *f, const struct actor *a, bool up, uint8_t proto,
		   uint32_t n)
{
	uint32_t from = up ? a->from : a->to, to = up ? a->to : a->from, sum = 0;
	uint8_t *h = f->at + 14, ttl = day_far(from) ? a->ttl : 64;

	ether(d, f, from, to, a->v6 ? 0x86dd : 0x0800);
	if (a->v6) {
		memset(h, 0, 40);
		h[0] = 0x60;
		put16(h + 4, n);
		h[6] = proto == WR_IP_ICMP ? WR_IP_ICMP6 : proto;
		h[7] = ttl;
		addr6(h + 8, from);
		addr6(h + 24, to);
		f->n = HEADERS6;
		return f->at + HEADERS6;
	}
	memset(h, 0, 20);
	h[0] = 0x45;
	put16(h + 2, 20 + n);
	put16(h + 4, (uint32_t)(d->packets & 0xffff));
	h[6] = 0x40;
	h[8] = ttl;
	h[9] = proto;
	put32(h + 12, day_written(d, from));
	put32(h + 16, day_written(d, to));
	for (int i = 0; i < 20; i += 2)
		sum += (uint32_t)h[i] << 8 | h[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	put16(h + 10, ~(sum + (sum >> 16)));
	f->n = HEADERS4;
	return f->at + HEADERS4;
}

static void payload(const struct day *d, struct frame *f, const void *with, uint32_t n,
		    uint32_t len)
{
	uint32_t fill = d->whole && len > n ? len - n : 0;

	if (n)
		memcpy(f->at + f->n, with, n);
	memset(f->at + f->n + n, 0, fill);
	f->n += n + fill;
	f->behind = len > n + fill ? len - n - fill : 0;
}

void day_frame(struct day *d, const uint8_t *at, uint32_t n)
{
	struct frame f = {.n = n};

	memcpy(f.at, at, n);
	write_frame(d, &f);
}

void day_tcp(struct day *d, const struct actor *a, bool up, uint8_t flags, const void *with,
	     uint32_t n, uint32_t len)
{
	static const uint8_t options[OPTIONS_N] = {2, 4, 5, 180, 4, 2, 8, 10, 0, 0,
						   0, 1, 0, 0,	 0, 0, 1, 3,  3, 7};
	uint32_t more = flags & WR_TCP_SYN && a->ttl != 241 ? OPTIONS_N : 0;
	struct frame f;
	uint8_t *t = ip(d, &f, a, up, WR_IP_TCP, TCP_N + more + len);

	memset(t, 0, TCP_N);
	put16(t, up ? a->sport : a->dport);
	put16(t + 2, up ? a->dport : a->sport);
	put32(t + 4, up ? a->seq : a->ack);
	if (flags & WR_TCP_ACK)
		put32(t + 8, up ? a->ack : a->seq);
	t[12] = (uint8_t)((TCP_N + more) / 4 << 4);
	t[13] = flags;
	put16(t + 14, more ? 64240 : 1024);
	memcpy(t + TCP_N, options, more);
	f.n += TCP_N + more;
	payload(d, &f, with, n, len);
	write_frame(d, &f);
}

void day_udp(struct day *d, const struct actor *a, bool up, const void *with, uint32_t n,
	     uint32_t len)
{
	struct frame f;
	uint8_t *t = ip(d, &f, a, up, WR_IP_UDP, UDP_N + len);

	put16(t, up ? a->sport : a->dport);
	put16(t + 2, up ? a->dport : a->sport);
	put16(t + 4, UDP_N + len);
	put16(t + 6, 0);
	f.n += UDP_N;
	payload(d, &f, with, n, len);
	write_frame(d, &f);
}

void day_icmp(struct day *d, const struct actor *a, bool up, uint8_t type, uint32_t id,
	      uint32_t len)
{
	struct frame f;
	uint8_t *t = ip(d, &f, a, up, WR_IP_ICMP, 8 + len);

	memset(t, 0, 8);
	t[0] = a->v6 ? (type ? 128 : 129) : type;
	put16(t + 4, id >> 16);
	put16(t + 6, id);
	f.n += 8;
	payload(d, &f, NULL, 0, len);
	write_frame(d, &f);
}

void day_fragment(struct day *d, const struct actor *a, uint32_t offset, uint32_t len)
{
	struct frame f;
	uint8_t *t = ip(d, &f, a, true, WR_IP_UDP, len);

	put16(t - 14, (offset ? 0 : 0x2000) | offset / 8);
	memset(t, 0, 8);
	if (!offset) {
		put16(t, a->sport);
		put16(t + 2, a->dport);
		put16(t + 4, 2 * len);
	}
	f.n += 8;
	payload(d, &f, NULL, 0, len - 8);
	write_frame(d, &f);
}

void day_broken(struct day *d, const struct actor *a)
{
	struct frame f;
	uint8_t *t = ip(d, &f, a, true, WR_IP_TCP, TCP_N);

	memset(t, 0, TCP_N);
	put16(t, a->sport);
	put16(t + 2, a->dport);
	t[12] = 2 << 4; /* a header of eight bytes */
	t[13] = WR_TCP_ACK;
	f.n += TCP_N;
	payload(d, &f, NULL, 0, 0);
	write_frame(d, &f);
}

void day_arp(struct day *d, bool answer, uint32_t sender, uint32_t mac_of, uint32_t asked)
{
	struct frame f = {.behind = d->whole ? 0 : 18};
	uint8_t *p;

	ether(d, &f, mac_of, answer ? asked : sender, 0x0806);
	if (!answer)
		memset(f.at, 0xff, 6);
	p = f.at + 14;
	put32(p, 0x00010800);
	put16(p + 4, 0x0604);
	put16(p + 6, answer ? 2 : 1);
	mac(d, p + 8, mac_of);
	put32(p + 14, day_written(d, sender));
	memset(p + 18, 0, 6);
	put32(p + 24, day_written(d, asked));
	f.n = 42;
	if (d->whole) {
		memset(f.at + 42, 0, 18);
		f.n = 60;
	}
	write_frame(d, &f);
}

/* DISCOVER (RFC 2131) of a station that nobody has seen. */
void day_dhcp(struct day *d, uint64_t station)
{
	const struct actor a = {.from = 0, .to = 0xffffffff, .sport = 68, .dport = 67, .ttl = 64};
	uint8_t b[244] = {1, 1, 6, 0};

	put32(b + 4, (uint32_t)station);
	put16(b + 28, 0x0299);
	put32(b + 30, (uint32_t)(station >> 16));
	put32(b + 236, 0x63825363); /* magic; then option 53: DISCOVER, and the end */
	put32(b + 240, 0x350101ff);
	day_udp(d, &a, true, b, sizeof(b), 300);
}

uint32_t day_dns(uint8_t *at, uint32_t id, const char *name, uint32_t type, bool answer,
		 uint32_t rcode)
{
	uint8_t *p = at + 12;

	memset(at, 0, 12);
	put16(at, id);
	put16(at + 2, answer ? 0x8180 | rcode : 0x0100);
	at[5] = 1;
	at[7] = answer && !rcode;
	while (*name) {
		size_t n = strcspn(name, ".");

		*p = (uint8_t)n;
		memcpy(p + 1, name, n);
		p += n + 1;
		name += n + (name[n] == '.');
	}
	*p++ = 0;
	put32(p, type << 16 | 1);
	p += 4;
	if (at[7]) {
		memcpy(p, "\xc0\x0c\0\x01\0\x01\0\0\1\x2c\0\4\x0a\x14\0\x0a", 16);
		put16(p + 2, type);
		p += 16;
	}
	return (uint32_t)(p - at);
}

/* ---- files ---- */

static void path_of(char *path, size_t room, const char *folder, const char *name,
		    const char *ending)
{
	snprintf(path, room, "%s/%s%s", folder, name, ending);
}

void day_open(struct day *d, const char *folder, const char *name)
{
	static const uint32_t head[6] = {0xa1b23c4d, 4 << 16 | 2, 0, 0, 65535, 1};
	char path[4096];

	if (!folder) {
		d->capture = stdout;
	} else {
		path_of(path, sizeof(path), folder, name, ".pcap");
		d->capture = fopen(path, "wbe");
		if (!d->capture)
			fail(path);
		path_of(path, sizeof(path), folder, name, ".lab.gz");
		d->labels = gzopen(path, "wbe1");
		if (!d->labels)
			fail(path);
	}
	setvbuf(d->capture, NULL, _IOFBF, 1 << 20);
	if (fwrite(head, sizeof(head), 1, d->capture) != 1)
		fail("capture");
}

static void write_events(const struct day *d, const char *path)
{
	FILE *f = fopen(path, "we");

	if (!f)
		fail(path);
	fputs("event\tclass\tvictim\tstart_s\tend_s\tpackets\tnote\n", f);
	for (uint32_t i = 1; i <= d->n_events; i++) {
		const struct day_event *e = &d->event[i];

		if (!e->packets && !e->usual)
			continue;
		/* The end is behind the last packet. */
		fprintf(f, "%u\t%s%s\t%s\t%.3f\t%.3f\t%llu\t%s\n", e->usual ? 0 : i, e->class,
			e->usual ? "(benign)" : "", e->victim, e->start_s, e->end_s + 0.001,
			(unsigned long long)e->packets, e->note);
	}
	if (fclose(f))
		fail(path);
}

void day_close(struct day *d, const char *folder, const char *name)
{
	char path[4096];

	if (folder) {
		path_of(path, sizeof(path), folder, name, ".events.tsv");
		write_events(d, path);
	}
	if ((d->labels && gzclose(d->labels) != Z_OK) || fclose(d->capture))
		fail("at the end");
}
