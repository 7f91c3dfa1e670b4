/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/mcp/rpc.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"

static bool known(const char *key)
{
	static const char *const keys[] = {"jsonrpc", "id", "method", "params", "result", "error"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!strcmp(keys[i], key))
			return true;
	return false;
}

static const char *wrong(struct wr_rpc *r)
{
	const json_t *version = json_object_get(r->root, "jsonrpc");
	const json_t *id = json_object_get(r->root, "id");
	const char *key;
	json_t *value;

	if (!json_is_object(r->root))
		return "a request is an object; several in one are not understood";
	if (json_is_string(id) || json_is_integer(id))
		r->id = id;
	else if (id)
		return "id: a string or a whole number";
	if (!json_is_string(version) || strcmp(json_string_value(version), "2.0") != 0)
		return "jsonrpc: \"2.0\"";
	json_object_foreach(r->root, key, value)
	{
		if (!known(key))
			return "a request has jsonrpc, id, method and params";
	}
	r->method = json_string_value(json_object_get(r->root, "method"));
	r->is_answer = !r->method &&
		       (json_object_get(r->root, "result") || json_object_get(r->root, "error"));
	if (!r->method && !r->is_answer)
		return "method: a string";
	return NULL;
}

int wr_rpc_read(struct wr_rpc *r, const char *line, size_t n, const char **why)
{
	json_error_t e;

	*r = (struct wr_rpc){0};
	*why = "it is no JSON";
	if (n > WR_RPC_LINE) {
		*why = "a line is too long";
		return WR_RPC_PARSE;
	}
	r->root = json_loadb(line, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &e);
	if (!r->root)
		return WR_RPC_PARSE;
	*why = wrong(r);
	if (*why)
		return WR_RPC_REQUEST;
	r->params = json_object_get(r->root, "params");
	*why = "params: an object";
	return r->params && !json_is_object(r->params) ? WR_RPC_PARAMS : 0;
}

void wr_rpc_close(struct wr_rpc *r)
{
	json_decref(r->root);
	*r = (struct wr_rpc){0};
}

static void begin(struct wr_buf *b, const struct wr_rpc *r)
{
	char *id = r->id ? json_dumps(r->id, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;

	wr_json_open(b);
	wr_json_str(b, "jsonrpc", "2.0");
	wr_json_key(b, "id");
	wr_buf_str(b, id ? id : "null");
	free(id);
}

void wr_rpc_begin(struct wr_buf *b, const struct wr_rpc *r)
{
	begin(b, r);
	wr_json_open_key(b, "result");
}

void wr_rpc_end(struct wr_buf *b)
{
	wr_json_close(b);
	wr_json_close(b);
	wr_buf_char(b, '\n');
}

void wr_rpc_error(struct wr_buf *b, const struct wr_rpc *r, int code, const char *why)
{
	begin(b, r);
	wr_json_open_key(b, "error");
	wr_json_key(b, "code");
	wr_buf_fmt(b, "%d", code);
	wr_json_str(b, "message", why);
	wr_rpc_end(b);
}
