/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/describe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/proto.h"
#include "core/record.h"
#include "policy/policy_impl.h"

enum { ETHER = 14, TAG = 4, SOURCE_PORT = 40000, WORD = 64 };

struct end {
	uint8_t addr[16];
	int ip_v;
	int port; /* -1: not said */
};

struct reading {
	const char *at; /* what is left of the text */
	char word[WORD];
	int proto;
	bool ports;
	struct end from, to;
	uint32_t flags;
	uint16_t vlan[WR_MAX_VLAN];
	uint32_t vlans, len; /* len 0: not said */
	char iface[16];
	struct wr_err *err;
};

/* Of protocols whose header is read: its bytes. */
static const struct {
	uint8_t proto, bytes;
} headers[] = {{WR_IP_TCP, 20},	 {WR_IP_UDP, 8},  {WR_IP_UDPLITE, 8}, {WR_IP_SCTP, 12},
	       {WR_IP_DCCP, 16}, {WR_IP_ICMP, 8}, {WR_IP_ICMP6, 8},   {WR_IP_IGMP, 8},
	       {WR_IP_GRE, 4},	 {WR_IP_AH, 12}};

static const struct {
	const char *word;
	uint32_t bit;
} flags[] = {{"fin", WR_TCP_FIN}, {"syn", WR_TCP_SYN}, {"rst", WR_TCP_RST}, {"psh", WR_TCP_PSH},
	     {"ack", WR_TCP_ACK}, {"urg", WR_TCP_URG}, {"ece", WR_TCP_ECE}, {"cwr", WR_TCP_CWR}};

static int expected(struct reading *r, const char *what)
{
	if (!r->word[0])
		return wr_fail(r->err, EINVAL, "the packet ends where %s was expected", what);
	return wr_fail(r->err, EINVAL, "'%s': expected %s", r->word, what);
}

/* The next word; an empty one at the end. */
static void next(struct reading *r)
{
	size_t n;

	r->at += strspn(r->at, " \t");
	n = strcspn(r->at, " \t");
	if (*r->at == '>')
		n = 1;
	else if (memchr(r->at, '>', n))
		n = strcspn(r->at, ">");
	snprintf(r->word, sizeof(r->word), "%.*s", (int)n, r->at);
	r->at += n;
}

static int number(const char *text, unsigned long min, unsigned long max, unsigned long *out)
{
	char *end;

	if (*text < '0' || *text > '9' || strlen(text) > 6)
		return -EINVAL;
	*out = strtoul(text, &end, 10);
	return *end || *out < min || *out > max ? -EINVAL : 0;
}

static int read_proto(struct reading *r)
{
	unsigned long v;

	next(r);
	if (!strncmp(r->word, "proto/", 6)) {
		if (number(r->word + 6, 0, 255, &v))
			return expected(r, "a number from 0 to 255 behind 'proto/'");
		r->proto = (int)v;
		return 0;
	}
	r->proto = wr_policy_proto(r->word, &r->ports);
	return r->proto < 0 ? expected(r, "a protocol: tcp, udp, icmp, ..., or proto/NUMBER") : 0;
}

/* 10.0.0.1, 10.0.0.1:80, 2001:db8::1, [2001:db8::1]:80 */
static int read_end(struct reading *r, struct end *e)
{
	const char *what = r->ports ? "ADDRESS:PORT ([ADDRESS]:PORT for IPv6)" : "an address";
	char word[WORD], *addr = word, *port = NULL;
	unsigned long v;

	next(r);
	strcpy(word, r->word);
	if (word[0] == '[') {
		addr++;
		port = strchr(addr, ']');
		if (!port || (port[1] && port[1] != ':'))
			return expected(r, what);
		*port++ = 0;
		port = *port ? port + 1 : NULL;
	} else if (strchr(word, ':') && strchr(word, ':') == strrchr(word, ':')) {
		port = strchr(word, ':');
		*port++ = 0;
	}
	e->ip_v = strchr(addr, ':') ? 6 : 4;
	if (inet_pton(e->ip_v == 6 ? AF_INET6 : AF_INET, addr, e->addr) != 1)
		return expected(r, what);
	e->port = -1;
	if (!port)
		return 0;
	if (!r->ports)
		return expected(r, "an address without a port: that protocol has none");
	if (number(port, 0, 65535, &v))
		return expected(r, "a port from 0 to 65535 behind ':'");
	e->port = (int)v;
	return 0;
}

static int read_in(struct reading *r)
{
	next(r);
	if (!r->word[0] || strlen(r->word) >= sizeof(r->iface))
		return expected(r, "the name of an interface behind 'in'");
	strcpy(r->iface, r->word);
	return 0;
}

static int read_vlan(struct reading *r)
{
	unsigned long v;

	next(r);
	if (number(r->word, 0, 4095, &v))
		return expected(r, "a VLAN from 0 to 4095 behind 'vlan'");
	if (r->vlans == WR_MAX_VLAN)
		return expected(r, "no more than four VLANs");
	r->vlan[r->vlans++] = (uint16_t)v;
	return 0;
}

static int read_len(struct reading *r)
{
	unsigned long v;

	next(r);
	if (number(r->word, 1, WR_DESCRIBE_LEN, &v))
		return expected(r, "bytes of the frame from 1 to 65535 behind 'len'");
	r->len = (uint32_t)v;
	return 0;
}

static const struct {
	const char *word;
	int (*read)(struct reading *r);
} words[] = {{"in", read_in}, {"vlan", read_vlan}, {"len", read_len}};

static int read_more(struct reading *r)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(r->word, words[i].word))
			return words[i].read(r);
	for (size_t i = 0; r->proto == WR_IP_TCP && i < sizeof(flags) / sizeof(flags[0]); i++)
		if (!strcmp(r->word, flags[i].word)) {
			r->flags |= flags[i].bit;
			return 0;
		}
	return expected(r, r->proto == WR_IP_TCP
				   ? "a flag (fin syn rst psh ack urg ece cwr), in, vlan or len"
				   : "in, vlan or len");
}

static int read_all(struct reading *r)
{
	int ret = read_proto(r);

	ret = ret ? ret : read_end(r, &r->from);
	if (ret)
		return ret;
	next(r);
	if (strcmp(r->word, ">") != 0)
		return expected(r, "'>'");
	ret = read_end(r, &r->to);
	if (!ret && r->ports && r->to.port < 0)
		ret = expected(r, "a port behind the destination's address");
	if (!ret && r->from.ip_v != r->to.ip_v)
		ret = expected(r, r->from.ip_v == 4 ? "an IPv4 address, as the source"
						    : "an IPv6 address, as the source");
	for (next(r); !ret && r->word[0]; next(r))
		ret = read_more(r);
	return ret;
}

/* ---- the frame ---- */

static void put16(uint8_t *at, uint32_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static uint32_t header_bytes(int proto)
{
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		if (headers[i].proto == proto)
			return headers[i].bytes;
	return 0;
}

static uint8_t *put_link(const struct reading *r, uint8_t *at)
{
	static const uint8_t ends[12] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};

	memcpy(at, ends, sizeof(ends));
	at += sizeof(ends);
	for (uint32_t i = 0; i < r->vlans; i++, at += TAG) {
		put16(at, i + 1 < r->vlans ? WR_ET_QINQ : WR_ET_VLAN);
		put16(at + 2, r->vlan[i]);
	}
	put16(at, r->from.ip_v == 4 ? WR_ET_IP4 : WR_ET_IP6);
	return at + 2;
}

static uint8_t *put_ip(const struct reading *r, uint8_t *at, uint32_t behind)
{
	if (r->from.ip_v == 4) {
		at[0] = 0x45;
		put16(at + 2, 20 + behind);
		at[8] = 64;
		at[9] = (uint8_t)r->proto;
		memcpy(at + 12, r->from.addr, 4);
		memcpy(at + 16, r->to.addr, 4);
		return at + 20;
	}
	at[0] = 0x60;
	put16(at + 4, behind);
	at[6] = (uint8_t)r->proto;
	at[7] = 64;
	memcpy(at + 8, r->from.addr, 16);
	memcpy(at + 24, r->to.addr, 16);
	return at + 40;
}

static void put_transport(const struct reading *r, uint8_t *at, uint32_t room)
{
	if (r->ports) {
		put16(at, r->from.port < 0 ? SOURCE_PORT : (uint32_t)r->from.port);
		put16(at + 2, (uint32_t)r->to.port);
	}
	if (r->proto == WR_IP_TCP) {
		at[12] = 0x50;
		at[13] = (uint8_t)(r->flags ? r->flags : WR_TCP_ACK);
		put16(at + 14, 65535);
	} else if (r->proto == WR_IP_UDP) {
		put16(at + 4, room);
	} else if (r->proto == WR_IP_ICMP) {
		at[0] = 8;
	} else if (r->proto == WR_IP_ICMP6) {
		at[0] = 128;
	} else if (r->proto == WR_IP_AH) {
		at[0] = WR_IP_NONE;
		at[1] = 1; /* 12 bytes */
	}
}

int wr_describe(struct wr_described *out, const char *text, struct wr_err *err)
{
	struct reading r = {.at = text, .err = err};
	uint32_t front, whole;
	int ret = read_all(&r);
	uint8_t *at;

	*out = (struct wr_described){0};
	if (ret)
		return ret;
	front = ETHER + TAG * r.vlans + (r.from.ip_v == 4 ? 20 : 40);
	whole = front + header_bytes(r.proto);
	if (r.len && r.len < whole)
		return wr_fail(err, EINVAL, "len %u: the headers alone take %u bytes", r.len,
			       whole);
	out->len = r.len ? r.len : whole;
	out->data = calloc(1, out->len);
	if (!out->data)
		return wr_fail(err, ENOMEM, "out of memory");
	strcpy(out->iface, r.iface);
	at = put_ip(&r, put_link(&r, out->data), out->len - front);
	put_transport(&r, at, out->len - front);
	return 0;
}

void wr_described_free(struct wr_described *d)
{
	free(d->data);
	*d = (struct wr_described){0};
}
