/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/tui/scope.h"

#include <string.h>

#include "core/proto.h"
#include "view/text.h"

bool wr_tui_scope_any(const struct wr_tui_scope *s)
{
	return s->has_service || s->has_talker || s->has_proto || s->has_flow;
}

static bool same_proto(const struct wr_talk_key *k, const struct wr_flow_key *f)
{
	return k->proto == f->proto && (k->tag & WR_FLOW_NO_PROTO) == (f->tag & WR_FLOW_NO_PROTO);
}

static bool is_end(const struct wr_talk_key *k, const struct wr_flow_key *f, int end)
{
	return k->ip_v == f->ip_v && !memcmp(k->addr, f->addr[end], sizeof(k->addr));
}

static bool is_service(const struct wr_talk_key *k, const struct wr_flow_key *f, int end)
{
	return is_end(k, f, end) && k->port == f->port[end] && same_proto(k, f);
}

int wr_tui_scope_local(const struct wr_tui_scope *s, const struct wr_flow_key *f)
{
	for (int end = 0; s->has_service && end < 2; end++)
		if (is_service(&s->service, f, end))
			return end;
	for (int end = 0; s->has_talker && end < 2; end++)
		if (is_end(&s->talker, f, end))
			return !end;
	return -1;
}

bool wr_tui_scope_has(const struct wr_tui_scope *s, const struct wr_flow_key *f)
{
	if (s->has_service && !is_service(&s->service, f, 0) && !is_service(&s->service, f, 1))
		return false;
	if (s->has_talker && !is_end(&s->talker, f, 0) && !is_end(&s->talker, f, 1))
		return false;
	if (s->has_proto && !same_proto(&s->proto, f))
		return false;
	return !s->has_flow || !memcmp(&s->flow, f, sizeof(*f));
}

/* ---- as an expression ---- */

static void also(struct wr_buf *b)
{
	if (b->used && b->at[b->used - 1] != '(')
		wr_buf_str(b, " and ");
}

static void host(struct wr_buf *b, const uint8_t *addr, int ip_v)
{
	also(b);
	wr_buf_str(b, "host ");
	wr_view_address(b, addr, ip_v);
}

static void port(struct wr_buf *b, unsigned int number)
{
	if (!number)
		return;
	also(b);
	wr_buf_fmt(b, "port %u", number);
}

/* The rows of protocols do not tell versions of IP apart, so both are asked for. */
static void proto(struct wr_buf *b, uint16_t tag, unsigned int number)
{
	if (tag & WR_FLOW_NO_PROTO)
		return;
	also(b);
	wr_buf_fmt(b, "(ip proto %u or ip6 proto %u)", number, number);
}

static void packets(struct wr_buf *b, const struct wr_tui_scope *s)
{
	if (s->has_flow) {
		proto(b, s->flow.tag, s->flow.proto);
		for (int end = 0; end < 2; end++) {
			host(b, s->flow.addr[end], s->flow.ip_v);
			port(b, s->flow.port[end]);
		}
		return;
	}
	if (s->has_service) {
		proto(b, s->service.tag, s->service.proto);
		host(b, s->service.addr, s->service.ip_v);
		port(b, s->service.port);
	}
	if (s->has_talker)
		host(b, s->talker.addr, s->talker.ip_v);
	if (s->has_proto && !s->has_service)
		proto(b, s->proto.tag, s->proto.proto);
}

void wr_tui_scope_expr(struct wr_buf *b, const struct wr_tui_scope *s, const char *filter)
{
	struct wr_buf inner = {0};

	packets(&inner, s);
	if (filter && *filter)
		wr_buf_fmt(b, "(%s)", filter);
	/* "vlan" moves all that stands behind it, so it comes last. */
	if (inner.used) {
		also(b);
		wr_buf_fmt(b, "((%s) or (vlan and %s))", wr_buf_text(&inner), wr_buf_text(&inner));
	}
	wr_buf_free(&inner);
}
