/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "explain/prompt.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

/* Answers of OpenAI's chat completions and of Anthropic's messages. */

static uint64_t tokens(const json_t *usage, const char *key)
{
	json_int_t v = json_integer_value(json_object_get(usage, key));

	return v < 0 ? 0 : (uint64_t)v;
}

static void add(struct wr_buf *b, const json_t *text)
{
	if (json_is_string(text))
		wr_buf_add(b, json_string_value(text), json_string_length(text));
}

/* Returns the reason for which it ends; NULL: it is no such answer. */
static const char *openai(struct wr_explain_answer *a, const json_t *o)
{
	const json_t *choice = json_array_get(json_object_get(o, "choices"), 0);
	const json_t *message = json_object_get(choice, "message");
	const char *end = json_string_value(json_object_get(choice, "finish_reason"));
	const json_t *usage = json_object_get(o, "usage");

	if (!json_is_object(message))
		return NULL;
	add(&a->text, json_object_get(message, "content"));
	a->tokens_in = tokens(usage, "prompt_tokens");
	a->tokens_out = tokens(usage, "completion_tokens");
	a->cut = end && !strcmp(end, "length");
	return end ? end : "stop";
}

static const char *anthropic(struct wr_explain_answer *a, const json_t *o)
{
	const json_t *content = json_object_get(o, "content"), *part;
	const char *end = json_string_value(json_object_get(o, "stop_reason"));
	const json_t *usage = json_object_get(o, "usage");
	size_t k;

	if (!json_is_array(content))
		return NULL;
	json_array_foreach(content, k, part)
	{
		const char *type = json_string_value(json_object_get(part, "type"));

		if (type && !strcmp(type, "text"))
			add(&a->text, json_object_get(part, "text"));
	}
	a->tokens_in = tokens(usage, "input_tokens");
	a->tokens_out = tokens(usage, "output_tokens");
	a->cut = end && !strcmp(end, "max_tokens");
	return end ? end : "end_turn";
}

int wr_explain_answer(struct wr_explain_answer *a, enum wr_explain_kind kind, const char *body,
		      size_t n, struct wr_err *err)
{
	json_t *o = json_loadb(body, n, 0, NULL);
	const char *end = kind == WR_EXPLAIN_ANTHROPIC ? anthropic(a, o) : openai(a, o);
	int ret = 0;

	if (!end)
		ret = wr_fail(err, EINVAL,
			      "the answer is not what explain.kind = %s answers: is "
			      "this the endpoint?",
			      wr_explain_kinds[kind]);
	else if (!strcmp(end, "refusal") || !strcmp(end, "content_filter"))
		ret = wr_fail(err, ENODATA, "the model refuses to answer");
	else if (!a->text.used)
		ret = wr_fail(err, ENODATA,
			      "the model says nothing (explain.tokens may be too "
			      "few)");
	json_decref(o);
	return ret;
}
