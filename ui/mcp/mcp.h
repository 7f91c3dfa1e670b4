/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_MCP_MCP_H
#define WR_UI_MCP_MCP_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * The Model Context Protocol (modelcontextprotocol.io), the part of a server that has tools: an
 * assistant asks a running weir, and reads. The one tool that changes something adds a rule that
 * only counts, and is there only when it is allowed. No input, no output: lines in, lines out.
 */

struct wr_mcp {
	/* Asks the daemon (daemon/query.h) and adds its lines to answer. 0 or not, err filled. */
	int (*ask)(void *ctx, const char *request, struct wr_buf *answer, struct wr_err *err);
	void *ctx;
	bool allow_shadow;
	unsigned int shadows; /* rules that were added */
	bool initialized;     /* by the client */
};

/* A line without its newline; what is to be answered is added to b, a line or nothing. */
void wr_mcp_line(struct wr_mcp *m, const char *line, size_t n, struct wr_buf *b);

/* ui/mcp/tools.c: the tools. */
struct wr_rpc;
void wr_mcp_tools_list(const struct wr_mcp *m, struct wr_buf *b);
/* Answers tools/call, in full. */
void wr_mcp_tools_call(struct wr_mcp *m, const struct wr_rpc *r, struct wr_buf *b);

#endif
