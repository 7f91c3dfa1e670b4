/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_MCP_RPC_H
#define WR_UI_MCP_RPC_H

#include <jansson.h>

#include "base/buf.h"

/* JSON-RPC 2.0, a message on a line; strict: what is not exactly a request is none. */

enum {
	WR_RPC_PARSE = -32700,
	WR_RPC_REQUEST = -32600,
	WR_RPC_METHOD = -32601,
	WR_RPC_PARAMS = -32602,
	WR_RPC_LINE = 65536, /* bytes at most */
};

struct wr_rpc {
	json_t *root; /* owned; the rest is borrowed from it */
	const char *method;
	const json_t *id;     /* string or integer; NULL: a notification, which gets no answer */
	const json_t *params; /* object; NULL: none */
	bool is_answer;	      /* to something that was asked: nothing was */
};

/* 0, or one of the codes above with *why: then id is what could be read of it. Close it in any
 * case. */
int wr_rpc_read(struct wr_rpc *r, const char *line, size_t n, const char **why);
void wr_rpc_close(struct wr_rpc *r);

/* Begins an answer up to the result, an object which the caller fills; and ends it, with a
 * newline. */
void wr_rpc_begin(struct wr_buf *b, const struct wr_rpc *r);
void wr_rpc_end(struct wr_buf *b);
void wr_rpc_error(struct wr_buf *b, const struct wr_rpc *r, int code, const char *why);

#endif
