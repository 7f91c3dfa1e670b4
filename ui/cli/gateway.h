/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_CLI_GATEWAY_H
#define WR_UI_CLI_GATEWAY_H

#include "gateway/gateway.h"

/* Shared by `weir gateway` and `weir doctor`. */

/* Tells ports on which API gateways are administered (and gateway.admin_ports) that other hosts can
 * reach, and looks at every gateway of the configuration; texts begin with its name. file: NULL is
 * the usual one. -errno: that cannot be read. */
int wr_cli_probe_all(const char *file, wr_gateway_tell_fn tell, void *ctx, struct wr_err *err);

/* ui/cli/gateway_show.c: text, or one object a line (docs/events.md). */
void wr_cli_gateway_row(struct wr_buf *b, bool json, const struct wr_gateway *g,
			const struct wr_gateway_ledger *l);
void wr_cli_gateway_entries(struct wr_buf *b, bool json, const struct wr_gateway *g,
			    const struct wr_gateway_ledger *l, uint64_t now_s);
void wr_cli_gateway_result(struct wr_buf *b, bool json, const struct wr_gateway *g,
			   const struct wr_gateway_result *r);
struct wr_gateway_when;
void wr_cli_gateway_policy(struct wr_buf *b, bool json, const struct wr_gateway_when *w,
			   size_t entries);
void wr_cli_gateway_check(struct wr_buf *b, bool json, const char *name, enum wr_gateway_mark mark,
			  const char *text, const char *mend);

#endif
