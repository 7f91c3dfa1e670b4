/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_TUI_SCOPE_H
#define WR_UI_TUI_SCOPE_H

#include <stdbool.h>

#include "base/buf.h"
#include "flow/flow.h"
#include "flow/talk.h"

/* What traffic a screen is about: all of it, or that of a service, a talker, a protocol, a flow, or
 * of several of these together. A zeroed one is everything. */
struct wr_tui_scope {
	bool has_service, has_talker, has_proto, has_flow;
	struct wr_talk_key service; /* this host's end */
	struct wr_talk_key talker;  /* the other end's address */
	struct wr_talk_key proto;
	struct wr_flow_key flow;
};

bool wr_tui_scope_any(const struct wr_tui_scope *s); /* it is not everything */
bool wr_tui_scope_has(const struct wr_tui_scope *s, const struct wr_flow_key *flow);

/* The end of a flow of the scope's service that is this host, -1: the scope does not tell. */
int wr_tui_scope_local(const struct wr_tui_scope *s, const struct wr_flow_key *flow);

/* The packets of a scope and of a filter (NULL = none) as a pcap-filter expression, with and
 * without a VLAN tag. */
void wr_tui_scope_expr(struct wr_buf *b, const struct wr_tui_scope *s, const char *filter);

#endif
