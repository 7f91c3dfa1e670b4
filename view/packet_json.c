/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/packet.h"
#include "view/packet_impl.h"

#include "base/json.h"
#include "core/proto.h"
#include "policy/verdict.h"

/* A packet as one JSON object; the keys are described in docs/events.md. What is not there is left
 * out. */

static const struct {
	uint16_t bit;
	const char *key;
} tcp_flag[] = {
	{WR_TCP_FIN, "fin"}, {WR_TCP_SYN, "syn"}, {WR_TCP_RST, "rst"},
	{WR_TCP_PSH, "psh"}, {WR_TCP_ACK, "ack"}, {WR_TCP_URG, "urg"},
	{WR_TCP_ECE, "ece"}, {WR_TCP_CWR, "cwr"}, {WR_TCP_AE, "ae"},
};

static void json_addr(struct wr_buf *b, const char *key, const struct wr_hdr *h,
		      const uint8_t *addr_net)
{
	wr_json_key(b, key);
	wr_buf_char(b, '"');
	wr_view_addr(b, h, addr_net);
	wr_buf_char(b, '"');
}

static void json_mac(struct wr_buf *b, const char *key, const uint8_t mac[6])
{
	wr_json_key(b, key);
	wr_buf_char(b, '"');
	wr_buf_mac(b, mac);
	wr_buf_char(b, '"');
}

static void json_hex(struct wr_buf *b, const char *key, const uint8_t *bytes, uint32_t n)
{
	uint32_t i;

	wr_json_key(b, key);
	wr_buf_char(b, '"');
	for (i = 0; i < n; i++)
		wr_buf_hex(b, bytes[i], 2);
	wr_buf_char(b, '"');
}

/* ---- TCP ---- */

static uint32_t be32(const uint8_t *v)
{
	return (uint32_t)v[0] << 24 | (uint32_t)v[1] << 16 | (uint32_t)v[2] << 8 | v[3];
}

static void value_mss(struct wr_buf *b, const uint8_t *v, uint32_t n)
{
	(void)n;
	wr_json_u64(b, "value", (uint32_t)v[0] << 8 | v[1]);
}

static void value_byte(struct wr_buf *b, const uint8_t *v, uint32_t n)
{
	(void)n;
	wr_json_u64(b, "value", v[0]);
}

static void value_none(struct wr_buf *b, const uint8_t *v, uint32_t n)
{
	(void)b;
	(void)v;
	(void)n;
}

static void value_ts(struct wr_buf *b, const uint8_t *v, uint32_t n)
{
	(void)n;
	wr_json_open_key(b, "value");
	wr_json_u64(b, "val", be32(v));
	wr_json_u64(b, "ecr", be32(v + 4));
	wr_json_close(b);
}

static void value_sack(struct wr_buf *b, const uint8_t *v, uint32_t n)
{
	wr_json_array(b, "value");
	for (; n >= 8; n -= 8, v += 8) {
		wr_json_array(b, NULL);
		wr_json_u64(b, NULL, be32(v));
		wr_json_u64(b, NULL, be32(v + 4));
		wr_json_end_array(b);
	}
	wr_json_end_array(b);
}

static void value_mptcp(struct wr_buf *b, const uint8_t *v, uint32_t n)
{
	wr_json_u64(b, "subtype", v[0] >> 4);
	json_hex(b, "value", v, n);
}

/* How a value is written, when its size is right; others are written as hexadecimal digits. */
static const struct {
	uint8_t least, most; /* bytes */
	void (*write)(struct wr_buf *b, const uint8_t *v, uint32_t n);
} tcp_value[256] = {
	[WR_TCPOPT_EOL] = {0, 0, value_none},	  [WR_TCPOPT_NOP] = {0, 0, value_none},
	[WR_TCPOPT_MSS] = {2, 2, value_mss},	  [WR_TCPOPT_WSCALE] = {1, 1, value_byte},
	[WR_TCPOPT_SACK_OK] = {0, 0, value_none}, [WR_TCPOPT_SACK] = {8, 32, value_sack},
	[WR_TCPOPT_TS] = {8, 8, value_ts},	  [WR_TCPOPT_MPTCP] = {1, 38, value_mptcp},
};

static void json_tcp_option(struct wr_buf *b, const struct wr_view_opt *o)
{
	const char *name = wr_view_tcpopt(o->kind);

	wr_json_open(b);
	wr_json_u64(b, "kind", o->kind);
	if (name)
		wr_json_str(b, "name", name);
	if (tcp_value[o->kind].write && o->size >= tcp_value[o->kind].least &&
	    o->size <= tcp_value[o->kind].most)
		tcp_value[o->kind].write(b, o->value, o->size);
	else if (o->size)
		json_hex(b, "value", o->value, o->size);
	wr_json_close(b);
}

static void json_tcp_options(struct wr_buf *b, struct wr_view_opts opts)
{
	struct wr_view_opt o;

	if (!wr_view_opt_next(&opts, &o))
		return;
	wr_json_array(b, "options");
	do
		json_tcp_option(b, &o);
	while (wr_view_opt_next(&opts, &o));
	wr_json_end_array(b);
}

void wr_view_tcp_flags_json(struct wr_buf *b, uint32_t flags)
{
	wr_json_key(b, "tcp_flags");
	wr_buf_char(b, '"');
	wr_buf_hex(b, flags & 0xff, 2);
	wr_buf_char(b, '"');
	for (size_t i = 0; i < sizeof(tcp_flag) / sizeof(tcp_flag[0]); i++)
		if (flags & tcp_flag[i].bit)
			wr_json_bool(b, tcp_flag[i].key, true);
}

static void json_tcp(struct wr_buf *b, const struct wr_rec *rec, int nr)
{
	const struct wr_hdr *h = &rec->hdr[nr];

	wr_json_open_key(b, "tcp");
	wr_view_tcp_flags_json(b, h->tcp_flags);
	wr_json_u64(b, "seq", h->seq);
	wr_json_u64(b, "ack_seq", h->ack);
	wr_json_u64(b, "window", h->window);
	json_tcp_options(b, wr_view_tcpopts(rec, nr));
	wr_json_close(b);
}

/* ---- IP and what it carries; outer and inner alike ---- */

static void json_ip_extras(struct wr_buf *b, const struct wr_rec *rec, int nr)
{
	const struct wr_hdr *h = &rec->hdr[nr];
	struct wr_view_opts opts = wr_view_ip4opts(rec, nr);
	struct wr_view_opt o;
	uint32_t i;

	if (h->has & WR_H_EXT && h->ip_v == 4) {
		wr_json_array(b, "ip_opts");
		while (wr_view_opt_next(&opts, &o))
			wr_json_u64(b, NULL, o.kind);
		wr_json_end_array(b);
	} else if (h->has & WR_H_EXT) {
		wr_json_array(b, "ip6_ext");
		for (i = 0; i < h->ext_len; i++)
			wr_json_u64(b, NULL, h->ext[i]);
		wr_json_end_array(b);
	}
	if (h->has & WR_H_DF)
		wr_json_bool(b, "ip_df", true);
	if (h->has & WR_H_FRAG) {
		wr_json_open_key(b, "frag");
		wr_json_u64(b, "offset", h->frag_off);
		wr_json_bool(b, "more", h->has & WR_H_MF);
		if (h->ip_v == 4)
			wr_json_bool(b, "df", h->has & WR_H_DF);
		wr_json_close(b);
	}
}

static void json_proto(struct wr_buf *b, uint8_t proto)
{
	const char *name = wr_view_proto(proto);

	if (name) {
		wr_json_str(b, "proto", name);
	} else { /* as EVE does */
		wr_json_key(b, "proto");
		wr_buf_char(b, '"');
		wr_buf_u64(b, proto);
		wr_buf_char(b, '"');
	}
	wr_json_u64(b, "ip_proto", proto);
}

static void json_ip(struct wr_buf *b, const struct wr_rec *rec, int nr)
{
	const struct wr_hdr *h = &rec->hdr[nr];

	wr_json_u64(b, "ip_v", h->ip_v);
	json_addr(b, "src_ip", h, h->src);
	json_addr(b, "dest_ip", h, h->dst);
	wr_json_u64(b, "ttl", h->ttl);
	wr_json_u64(b, "tos", h->tos);
	wr_json_u64(b, "ip_len", h->ip_len);
	wr_json_u64(b, "ip_hdr_len", h->ip_hdr_len);
	if (h->has & (WR_H_EXT | WR_H_DF | WR_H_FRAG))
		json_ip_extras(b, rec, nr);
	if (h->has & WR_H_PROTO)
		json_proto(b, h->proto);
}

/* Of a header that is cut: what stands before the cut. */
static void json_ip_cut(struct wr_buf *b, const struct wr_hdr *h)
{
	wr_json_u64(b, "ip_v", h->ip_v);
	if (h->has & WR_H_CUT_SRC)
		json_addr(b, "src_ip", h, h->src);
	if (h->has & WR_H_CUT_TTL)
		wr_json_u64(b, "ttl", h->ttl);
	if (h->has & WR_H_CUT_LEN) {
		wr_json_u64(b, "tos", h->tos);
		wr_json_u64(b, "ip_len", h->ip_len);
		wr_json_u64(b, "ip_hdr_len", h->ip_hdr_len);
	}
	if (h->has & WR_H_CUT_TTL)
		json_proto(b, h->proto);
}

static void json_hdr(struct wr_buf *b, const struct wr_rec *rec, int nr)
{
	const struct wr_hdr *h = &rec->hdr[nr];

	if (h->has & WR_H_IP)
		json_ip(b, rec, nr);
	else if (h->has & (WR_H_VERSION | WR_H_CUT_LEN))
		json_ip_cut(b, h);
	if (h->has & WR_H_PORTS) {
		wr_json_u64(b, "src_port", h->sport);
		wr_json_u64(b, "dest_port", h->dport);
	}
	if (h->has & WR_H_TCP)
		json_tcp(b, rec, nr);
	if (h->has & WR_H_ICMP) {
		wr_json_u64(b, "icmp_type", h->icmp_type);
		wr_json_u64(b, "icmp_code", h->icmp_code);
	}
	if (h->has & WR_H_IGMP)
		wr_json_u64(b, "igmp_type", h->icmp_type);
	if (h->has & WR_H_PAYLOAD)
		wr_json_u64(b, "payload_len", h->payload_len);
}

static void json_payload(struct wr_buf *b, const struct wr_packet *pkt, const struct wr_rec *rec,
			 int h, uint32_t want)
{
	const uint8_t *at;
	uint32_t n = wr_view_payload(pkt, rec, h, want, &at), i, run;

	if (!n)
		return;
	wr_json_base64(b, "payload", at, n);
	/* Line ends are kept, escaped, as EVE does; other control bytes become dots. */
	wr_json_key(b, "payload_printable");
	wr_buf_char(b, '"');
	for (i = 0; i < n; i += run) {
		for (run = 0; i + run < n && at[i + run] != '\n' && at[i + run] != '\r'; run++) {
			char c = wr_view_printable(at[i + run]);

			if (c == '"' || c == '\\')
				wr_buf_char(b, '\\');
			wr_buf_char(b, c);
		}
		if (i + run < n)
			wr_buf_str(b, at[i + run++] == '\n' ? "\\n" : "\\r");
	}
	wr_buf_char(b, '"');
}

/* ---- the link ---- */

static void json_ether(struct wr_buf *b, const struct wr_rec *r)
{
	wr_json_open_key(b, "ether");
	if (r->has & WR_HAS_ETHER) {
		json_mac(b, "src", r->eth_src);
		json_mac(b, "dst", r->eth_dst);
	}
	if (r->has & WR_HAS_LLC)
		wr_json_bool(b, "llc", true);
	if (r->has & WR_HAS_ETHERTYPE)
		wr_json_u64(b, "type", r->ethertype);
	wr_json_close(b);
}

static void json_labels(struct wr_buf *b, const struct wr_rec *r)
{
	int i;

	if (r->nvlan) {
		wr_json_array(b, "vlan");
		for (i = 0; i < r->nvlan; i++)
			wr_json_u64(b, NULL, r->vlan[i] & 0xfff);
		wr_json_end_array(b);
	}
	if (r->nmpls) {
		wr_json_array(b, "mpls");
		for (i = 0; i < r->nmpls; i++)
			wr_json_u64(b, NULL, r->mpls[i]);
		wr_json_end_array(b);
	}
	if (r->has & WR_HAS_PPPOE) {
		wr_json_open_key(b, "pppoe");
		wr_json_u64(b, "session", r->pppoe_session);
		wr_json_close(b);
	}
}

static void json_arp(struct wr_buf *b, const struct wr_rec *r)
{
	const struct wr_hdr *h = &r->hdr[0];

	wr_json_open_key(b, "arp");
	wr_json_u64(b, "op", r->arp_op);
	if (r->has & WR_HAS_ARP_ADDR) {
		wr_json_key(b, "src_ip");
		wr_buf_char(b, '"');
		wr_buf_ip4(b, h->src);
		wr_buf_char(b, '"');
		wr_json_key(b, "dest_ip");
		wr_buf_char(b, '"');
		wr_buf_ip4(b, h->dst);
		wr_buf_char(b, '"');
		json_mac(b, "src_mac", h->ext);
		json_mac(b, "dest_mac", h->ext + 6);
	}
	wr_json_close(b);
}

/* ---- the packet ---- */

static void json_meta(struct wr_buf *b, const struct wr_packet *pkt, const struct wr_rec *rec)
{
	uint16_t segs = pkt->gso_segs ? pkt->gso_segs : rec->gso_segs;

	wr_json_key(b, "timestamp");
	wr_buf_char(b, '"');
	wr_buf_time(b, pkt->ts_ns);
	wr_buf_char(b, '"');
	wr_json_str(b, "event_type", "packet");
	if (pkt->num)
		wr_json_u64(b, "pcap_cnt", pkt->num);
	if (pkt->iface && pkt->iface[0])
		wr_json_str(b, "in_iface", pkt->iface);
	wr_json_str(b, "hook", wr_hook_name(pkt->hook));
	wr_json_u64(b, "len", pkt->len);
	wr_json_u64(b, "caplen", pkt->caplen);
	wr_json_u64(b, "linktype", pkt->linktype);
	if (segs > 1)
		wr_json_u64(b, "gso_segs", segs);
}

static void json_inner(struct wr_buf *b, const struct wr_packet *pkt, const struct wr_rec *rec,
		       const struct wr_packet_style *style)
{
	wr_json_open_key(b, "inner");
	wr_json_str(b, "tunnel", wr_view_tunnel(rec->tunnel));
	wr_json_u64(b, "depth", rec->depth);
	if (rec->has & WR_HAS_VNI)
		wr_json_u64(b, "vni", rec->vni);
	json_hdr(b, rec, 1);
	json_payload(b, pkt, rec, 1, style->payload);
	wr_json_close(b);
}

static void json_fate(struct wr_buf *b, const struct wr_fate *f)
{
	wr_json_str(b, "verdict", wr_verdict_name(f->verdict));
	if (f->rule)
		wr_json_str(b, "rule", f->rule);
	if (f->klass)
		wr_json_str(b, "class", f->klass);
}

void wr_view_packet_json(struct wr_buf *b, const struct wr_packet *pkt, const struct wr_rec *rec,
			 const struct wr_packet_style *style)
{
	wr_json_open(b);
	json_meta(b, pkt, rec);
	if (rec->has & (WR_HAS_ETHER | WR_HAS_ETHERTYPE | WR_HAS_LLC))
		json_ether(b, rec);
	if (rec->nvlan || rec->nmpls || rec->has & WR_HAS_PPPOE)
		json_labels(b, rec);
	if (rec->has & WR_HAS_ARP)
		json_arp(b, rec);
	json_hdr(b, rec, 0);
	json_payload(b, pkt, rec, 0, style->payload);
	if (rec->has & WR_HAS_INNER)
		json_inner(b, pkt, rec, style);
	if (rec->bad)
		wr_json_str(b, "malformed", wr_view_bad(rec->bad));
	if (pkt->fate)
		json_fate(b, pkt->fate);
	wr_json_close(b);
	wr_buf_char(b, '\n');
}
