/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "export/ipfix.h"

#include <string.h>

/* Sizes in bytes. */
enum { VERSION = 10, HEADER = 16, SET_HEADER = 4, REVERSE_PEN = 29305, ENTERPRISE = 0x8000 };

enum { SET_TEMPLATE = 2, SET_OPTIONS = 3, TEMPLATE_FLOWS = 256, TEMPLATE_IFACES = 512 };

/* A flow's template is TEMPLATE_FLOWS and these. */
enum { IS_IP6 = 1, HAS_VLAN = 2, NO_PROTO = 4, KINDS = 8, IFACES_BIT = 31 };

/* Information elements (IANA, IP Flow Information Export Entities). */
enum {
	OCTETS = 1,
	PACKETS = 2,
	PROTOCOL = 4,
	TCP_FLAGS = 6,
	SRC_PORT = 7,
	SRC_IP4 = 8,
	INGRESS = 10,
	DST_PORT = 11,
	DST_IP4 = 12,
	SRC_IP6 = 27,
	DST_IP6 = 28,
	VLAN = 58,
	IFACE_NAME = 82,
	END_REASON = 136,
	START_MS = 152,
	END_MS = 153,
	DIRECTION = 239,
};

/* ---- bytes ---- */

static void put(struct wr_ipfix *x, uint64_t v, int bytes)
{
	while (bytes--)
		x->msg[x->used++] = (uint8_t)(v >> 8 * bytes);
}

static void put_at(uint8_t *to, uint64_t v, int bytes)
{
	while (bytes--)
		*to++ = (uint8_t)(v >> 8 * bytes);
}

static void put_bytes(struct wr_ipfix *x, const void *p, size_t n)
{
	memcpy(x->msg + x->used, p, n);
	x->used += n;
}

/* ---- fields ---- */

/* A flow with its ends in order: [0] the client, [1] the server. */
struct told {
	const struct wr_flow *f;
	int end[2];
	uint32_t ingress;
};

#define GET(name, expr)                                                 \
	static uint64_t get_##name(const struct told *t)                \
	{                                                               \
		__attribute__((unused)) const struct wr_flow *f = t->f; \
		__attribute__((unused)) int client = t->end[0];         \
		__attribute__((unused)) int server = t->end[1];         \
                                                                        \
		return expr;                                            \
	}
GET(src_port, f->key.port[client])
GET(dst_port, f->key.port[server])
GET(ingress, t->ingress)
GET(vlan, WR_FLOW_VLAN_ID & f->key.tag)
GET(proto, f->key.proto)
GET(reason, f->end_reason ? f->end_reason : WR_FLOW_END_FORCED)
/* RFC 5103, 6.3: 1 = the source is the initiator, 0 = arbitrary. */
GET(direction, f->caller != WR_FLOW_CALLER_UNKNOWN)
GET(flags, f->tcp_flags[client])
GET(flags_back, f->tcp_flags[server])
GET(start, f->first_ns / 1000000)
GET(end, f->last_ns / 1000000)
GET(octets, f->sent[client].bytes)
GET(packets, f->sent[client].packets)
GET(octets_back, f->sent[server].bytes)
GET(packets_back, f->sent[server].packets)

enum when { ALWAYS, IP4, IP6, WITH_VLAN, WITH_PROTO };

static const struct field {
	uint16_t id;
	uint8_t bytes;
	uint8_t when;
	bool back;			      /* reverse element */
	uint64_t (*get)(const struct told *); /* NULL: an address */
} fields[] = {
	{SRC_IP4, 4, IP4},
	{DST_IP4, 4, IP4},
	{SRC_IP6, 16, IP6},
	{DST_IP6, 16, IP6},
	{SRC_PORT, 2, ALWAYS, false, get_src_port},
	{DST_PORT, 2, ALWAYS, false, get_dst_port},
	{INGRESS, 4, ALWAYS, false, get_ingress},
	{VLAN, 2, WITH_VLAN, false, get_vlan},
	{PROTOCOL, 1, WITH_PROTO, false, get_proto},
	{END_REASON, 1, ALWAYS, false, get_reason},
	{DIRECTION, 1, ALWAYS, false, get_direction},
	{TCP_FLAGS, 2, ALWAYS, false, get_flags},
	{START_MS, 8, ALWAYS, false, get_start},
	{END_MS, 8, ALWAYS, false, get_end},
	{OCTETS, 8, ALWAYS, false, get_octets},
	{PACKETS, 8, ALWAYS, false, get_packets},
	{TCP_FLAGS, 2, ALWAYS, true, get_flags_back},
	{OCTETS, 8, ALWAYS, true, get_octets_back},
	{PACKETS, 8, ALWAYS, true, get_packets_back},
};
enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };

static bool has(int kind, const struct field *d)
{
	switch ((enum when)d->when) {
	case ALWAYS:
		return true;
	case IP4:
		return !(kind & IS_IP6);
	case IP6:
		return kind & IS_IP6;
	case WITH_VLAN:
		return kind & HAS_VLAN;
	case WITH_PROTO:
		return !(kind & NO_PROTO);
	}
	return false;
}

static int kind_of(const struct wr_flow *f)
{
	return (f->key.ip_v == 6 ? IS_IP6 : 0) | (f->key.tag & WR_FLOW_VLAN ? HAS_VLAN : 0) |
	       (f->key.tag & WR_FLOW_NO_PROTO ? NO_PROTO : 0);
}

/* Bytes of a record and of its template. */
static size_t record_size(int kind, size_t *template)
{
	size_t n = 0;

	*template = 4;
	for (int i = 0; i < FIELDS; i++) {
		if (!has(kind, &fields[i]))
			continue;
		n += fields[i].bytes;
		*template += fields[i].back ? 8 : 4;
	}
	return n;
}

/* ---- messages and sets ---- */

static void begin_message(struct wr_ipfix *x)
{
	x->used = HEADER;
	x->set_id = 0;
	x->records = x->flows = 0;
}

static void end_set(struct wr_ipfix *x)
{
	if (x->set_id)
		put_at(x->msg + x->set + 2, x->used - x->set, 2);
	x->set_id = 0;
}

static void put_header(struct wr_ipfix *x, uint32_t export_s, uint32_t sequence)
{
	end_set(x);
	put_at(x->msg, VERSION, 2);
	put_at(x->msg + 2, x->used, 2);
	put_at(x->msg + 4, export_s, 4);
	put_at(x->msg + 8, sequence, 4);
	put_at(x->msg + 12, x->conf.domain, 4);
}

void wr_ipfix_flush(struct wr_ipfix *x, uint32_t export_s)
{
	if (x->used == HEADER)
		return;
	put_header(x, export_s, x->sequence);
	x->conf.message(x->conf.ctx, x->msg, x->used, x->records, x->flows);
	x->sequence += x->records;
	begin_message(x);
}

void wr_ipfix_renumber(uint8_t *msg, uint32_t sequence)
{
	put_at(msg + 8, sequence, 4);
}

/* A message has room for n more bytes in sets, or a new one begins. */
static void room(struct wr_ipfix *x, size_t n, uint32_t export_s)
{
	if (x->used + n > x->conf.bytes_max)
		wr_ipfix_flush(x, export_s);
}

static void in_set(struct wr_ipfix *x, uint16_t id)
{
	if (x->set_id == id)
		return;
	end_set(x);
	x->set = x->used;
	x->set_id = id;
	put(x, id, 2);
	put(x, 0, 2); /* the length: end_set() */
}

/* ---- templates ---- */

static void put_template(struct wr_ipfix *x, int kind)
{
	size_t count;

	in_set(x, SET_TEMPLATE);
	put(x, (uint64_t)(TEMPLATE_FLOWS + kind), 2);
	count = x->used;
	put(x, 0, 2);
	for (int i = 0, n = 0; i < FIELDS; i++) {
		const struct field *d = &fields[i];

		if (!has(kind, d))
			continue;
		put(x, d->back ? d->id | ENTERPRISE : d->id, 2);
		put(x, d->bytes, 2);
		if (d->back)
			put(x, REVERSE_PEN, 4);
		put_at(x->msg + count, (uint64_t)++n, 2);
	}
	x->told_templates |= 1u << kind;
}

enum { NAME_MAX_BYTES = 64, IFACE_TEMPLATE = 6 + 2 * 4, IFACE_RECORD = 4 + 1 + NAME_MAX_BYTES };

/* interfaceName has a variable length (RFC 7011, 7); its scope is the number. */
static void put_iface_template(struct wr_ipfix *x)
{
	in_set(x, SET_OPTIONS);
	put(x, TEMPLATE_IFACES, 2);
	put(x, 2, 2); /* fields */
	put(x, 1, 2); /* of them scope */
	put(x, INGRESS, 2);
	put(x, 4, 2);
	put(x, IFACE_NAME, 2);
	put(x, 0xffff, 2);
	x->told_templates |= 1u << IFACES_BIT;
}

static uint32_t ifindex(const struct wr_ipfix *x, uint32_t number)
{
	return x->conf.ifindex ? x->conf.ifindex(x->conf.iface_ctx, number) : number + 1;
}

static bool told_iface(const struct wr_ipfix *x, uint32_t number)
{
	return number >= WR_IPFIX_IFACES || x->told_ifaces[number / 64] >> number % 64 & 1;
}

static void tell_iface(struct wr_ipfix *x, uint32_t number, uint32_t export_s)
{
	const char *name = x->conf.iface ? x->conf.iface(x->conf.iface_ctx, number) : NULL;
	size_t n = name ? strnlen(name, NAME_MAX_BYTES) : 0;

	if (!n || told_iface(x, number))
		return;
	room(x, 2 * SET_HEADER + IFACE_TEMPLATE + IFACE_RECORD, export_s);
	if (!(x->told_templates >> IFACES_BIT & 1))
		put_iface_template(x);
	in_set(x, TEMPLATE_IFACES);
	put(x, ifindex(x, number), 4);
	put(x, n, 1);
	put_bytes(x, name, n);
	x->records++;
	x->told_ifaces[number / 64] |= (uint64_t)1 << number % 64;
}

void wr_ipfix_forget(struct wr_ipfix *x)
{
	x->told_templates = 0;
	memset(x->told_ifaces, 0, sizeof(x->told_ifaces));
}

size_t wr_ipfix_start(struct wr_ipfix *x, uint8_t to[WR_IPFIX_TEMPLATES_MAX], uint32_t export_s,
		      uint32_t sequence)
{
	size_t n;

	wr_ipfix_flush(x, export_s);
	for (int kind = 0; kind < KINDS; kind++)
		put_template(x, kind);
	put_iface_template(x);
	put_header(x, export_s, 0);
	n = x->used;
	memcpy(to, x->msg, n);
	begin_message(x);
	x->sequence = sequence;
	memset(x->told_ifaces, 0, sizeof(x->told_ifaces));
	return n;
}

/* ---- flows ---- */

static void put_flow(struct wr_ipfix *x, const struct told *t, int kind)
{
	int address = 0;

	in_set(x, (uint16_t)(TEMPLATE_FLOWS + kind));
	for (int i = 0; i < FIELDS; i++) {
		if (!has(kind, &fields[i]))
			continue;
		if (fields[i].get)
			put(x, fields[i].get(t), fields[i].bytes);
		else
			put_bytes(x, t->f->key.addr[t->end[address++]], fields[i].bytes);
	}
	x->records++;
	x->flows++;
}

void wr_ipfix_flow(struct wr_ipfix *x, const struct wr_flow *f, uint32_t export_s)
{
	int server = wr_flow_server(f), kind = kind_of(f);
	struct told t = {f, {!server, server}, ifindex(x, f->iface)};
	size_t template, record = record_size(kind, &template);
	bool told = x->told_templates >> kind & 1;

	tell_iface(x, f->iface, export_s);
	room(x, SET_HEADER + record + (told ? 0 : SET_HEADER + template), export_s);
	if (!told)
		put_template(x, kind);
	put_flow(x, &t, kind);
}

void wr_ipfix_begin(struct wr_ipfix *x, const struct wr_ipfix_conf *conf)
{
	memset(x, 0, offsetof(struct wr_ipfix, msg));
	x->conf = *conf;
	if (x->conf.bytes_max < WR_IPFIX_BYTES_MIN)
		x->conf.bytes_max = WR_IPFIX_BYTES_MIN;
	if (x->conf.bytes_max > WR_IPFIX_BYTES_MAX)
		x->conf.bytes_max = WR_IPFIX_BYTES_MAX;
	begin_message(x);
}
