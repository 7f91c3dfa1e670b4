/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_VIEW_FLOW_JSON_H
#define WR_VIEW_FLOW_JSON_H

#include "base/buf.h"
#include "core/proto.h"
#include "flow/flow.h"

/* What a flow's row does not know itself. Zeroed: nothing more is known. */
struct wr_flow_style {
	uint64_t now_ns; /* when it is told: "timestamp"; 0 = absent */
	/* Name of the interface with that number (wr_flow.iface); NULL or "": not known. May be
	 * NULL. */
	const char *(*iface)(void *ctx, uint32_t number);
	/* Writes more keys into the open object: "app_proto" and what the payload said. May be
	 * NULL. */
	void (*more)(void *ctx, struct wr_buf *b, const struct wr_flow *f);
	void *ctx;
};

/*
 * A flow as docs/events.md has it, one object, with newline. style may be NULL. dest is the server:
 * wr_flow_server() in flow/flow.h.
 */
void wr_view_flow_json(struct wr_buf *b, const struct wr_flow *f,
		       const struct wr_flow_style *style);

/* EVE's flow.state, from what was seen: "new" (one end sent), "established" (both did), "closed"
 * (TCP: RST, or FIN of each end that was seen). */
const char *wr_view_flow_state(const struct wr_flow *f);

/* EVE's flow.reason where EVE has one: of enum wr_flow_end; NULL: it has not ended. */
const char *wr_view_flow_reason(uint8_t end_reason);

/* Ports that are 0 at both ends stand for none: later fragments, and protocols without ports. */
static inline bool wr_view_flow_ports(const struct wr_flow *f)
{
	return f->key.port[0] || f->key.port[1];
}

/* A TCP flow whose headers were read. */
static inline bool wr_view_flow_tcp(const struct wr_flow *f)
{
	return f->key.proto == WR_IP_TCP && wr_view_flow_ports(f);
}

#endif
