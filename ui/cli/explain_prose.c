/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/cli/explain_prose.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/http.h"
#include "base/loop.h"
#include "base/when.h"
#include "ui/cli/explain_calls.h"

enum { ANSWER_MOST = 1 << 20, WAIT_MS = 500, WAIT_MOST_S = 8 };

int wr_prose_conf(struct wr_conf **values, struct wr_daemon_conf *c, const char *conf,
		  struct wr_err *err)
{
	const char *from;
	int ret = wr_daemon_conf_open(values, conf, &from, NULL, NULL, err);

	return ret ? ret : wr_daemon_conf_fill(*values, c, err);
}

static struct wr_explain_ask how(const struct wr_daemon_conf *c)
{
	return (struct wr_explain_ask){
		.kind = (enum wr_explain_kind)c->explain.kind,
		.model = c->explain.model,
		.tokens = c->explain.tokens,
		.completion_word = c->explain.tokens_name,
	};
}

void wr_prose_prompt(struct wr_buf *b, const struct wr_daemon_conf *c, const struct wr_explain *e)
{
	struct wr_explain_ask ask = how(c);

	wr_explain_prompt(b, e, &ask);
}

/* ---- what can go wrong ---- */

static int no_connection(const struct wr_daemon_conf *c, int ret, struct wr_err *err)
{
	struct wr_err said = *err;

	switch (-ret) {
	case EMSGSIZE:
		return wr_fail(err, EMSGSIZE, "%s: %s: is this a model's endpoint?",
			       c->explain.endpoint, said.text);
	case ETIMEDOUT:
		return wr_fail(err, ETIMEDOUT,
			       "%s does not answer in time; explain.deadline may be longer",
			       c->explain.endpoint);
	case ECONNREFUSED:
		return wr_fail(err, ECONNREFUSED,
			       "%s: %s; is it running, and is explain.endpoint its address?",
			       c->explain.endpoint, said.text);
	}
	return wr_fail(err, -ret, "%s: %s", c->explain.endpoint, said.text);
}

static const char *mend(long status)
{
	switch (status) {
	case 401:
	case 403:
		return "the key is not taken: explain.key_file";
	case 404:
		return "there is no such model or path: explain.model, explain.endpoint, "
		       "explain.kind";
	case 400:
	case 422:
		return "it does not understand the request: explain.kind, explain.model, "
		       "explain.tokens_name";
	case 408:
	case 429:
		return "it is asked too often, or the account is used up: try again later";
	case 529:
		return "it is overloaded: try again later";
	}
	return status >= 500   ? "it has trouble of its own: try again later"
	       : status >= 300 ? "is explain.endpoint the whole address? Redirects are not "
				 "followed"
			       : "expected 200";
}

static bool again(const struct wr_http *h, int ret)
{
	return ret == -ECONNRESET ||
	       (!ret && (h->status == 408 || h->status == 429 || h->status >= 500));
}

/* As long as it wishes, within bounds. */
static uint64_t wait_ns(const struct wr_http *h)
{
	unsigned long s = strtoul(h->retry_after, NULL, 10);

	if (h->retry_after[0] < '0' || h->retry_after[0] > '9')
		return WAIT_MS * 1000000ull;
	return (s > WAIT_MOST_S ? WAIT_MOST_S + 1 : s) * 1000000000ull;
}

/* ---- the call ---- */

/* What is sent again is a call, too: the line of the first stays, the second has its own. */
static bool counted_again(const struct wr_daemon_conf *c, const struct wr_http *h,
			  struct wr_call *call)
{
	struct wr_call next = *call;

	call->status = h->status;
	wr_calls_end(c->explain.state, call);
	next.ns = wr_when_now();
	if (wr_calls_begin(c->explain.state, c->explain.per_day, &next, NULL))
		return false;
	*call = next;
	return true;
}

/* Once more when there is time for it, and budget. The deadline is for both. */
static int twice(const struct wr_daemon_conf *c, struct wr_http *h, struct wr_call *call,
		 struct wr_err *err)
{
	uint64_t end = wr_loop_now_ns() + c->explain.deadline_ns, now, wait;
	int ret = 0;

	for (int tries = 0; tries < 2; tries++) {
		now = wr_loop_now_ns();
		h->timeout_ns = end > now ? end - now : 1000000;
		ret = wr_http(h, err);
		wait = wait_ns(h);
		now = wr_loop_now_ns();
		if (tries || !again(h, ret) || wait > WAIT_MOST_S * 1000000000ull ||
		    now + wait + WAIT_MS * 1000000ull > end)
			break;
		nanosleep(
			&(struct timespec){(time_t)(wait / 1000000000), (long)(wait % 1000000000)},
			NULL);
		if (!counted_again(c, h, call))
			break;
	}
	return ret;
}

static int headers(const struct wr_daemon_conf *c, struct wr_buf *key, const char *heads[3],
		   struct wr_err *err)
{
	bool anthropic = c->explain.kind == WR_EXPLAIN_ANTHROPIC;
	int n = 0, ret;

	if (anthropic)
		heads[n++] = "anthropic-version: 2023-06-01";
	if (!c->explain.key_file[0])
		return 0;
	wr_buf_str(key, anthropic ? "x-api-key: " : "Authorization: Bearer ");
	ret = wr_http_key(key, c->explain.key_file, err);
	heads[n] = wr_buf_text(key);
	return ret;
}

static int ready(const struct wr_daemon_conf *c, struct wr_err *err)
{
	if (!c->explain.consent)
		return wr_fail(err, EPERM,
			       "nobody has consented: explain.consent = yes lets incidents be "
			       "sent; weir explain --print-prompt shows what would be");
	if (!c->explain.endpoint[0] || !c->explain.model[0])
		return wr_fail(err, EINVAL, "explain.endpoint and explain.model are not set");
	return 0;
}

static int understand(struct wr_buf *b, const struct wr_daemon_conf *c, const struct wr_explain *e,
		      const struct wr_http *h, struct wr_call *call, struct wr_err *err)
{
	struct wr_explain_answer a = {0};
	int ret;

	if (h->status != 200)
		return wr_fail(err, EIO, "%s answers %ld: %s", c->explain.endpoint, h->status,
			       mend(h->status));
	ret = wr_explain_answer(&a, (enum wr_explain_kind)c->explain.kind, h->answer.at,
				h->answer.used, err);
	call->tokens_in = a.tokens_in;
	call->tokens_out = a.tokens_out;
	if (!ret)
		wr_explain_clean(b, a.text.at, a.text.used, e);
	if (!ret && a.cut)
		wr_buf_str(b, "\n(It ends here because of explain.tokens.)");
	wr_buf_free(&a.text);
	return ret;
}

int wr_prose_ask(struct wr_buf *b, const struct wr_daemon_conf *c, const struct wr_explain *e,
		 struct wr_err *err)
{
	struct wr_buf url = {0}, body = {0}, key = {0};
	const char *heads[3] = {NULL};
	struct wr_call call = {.ns = wr_when_now(), .incident = e->i.id};
	struct wr_http h = {.method = "POST", .heads = heads, .most = ANSWER_MOST};
	int ret = ready(c, err);

	if (!ret)
		ret = headers(c, &key, heads, err);
	wr_explain_url(&url, (enum wr_explain_kind)c->explain.kind, c->explain.endpoint);
	wr_prose_prompt(&body, c, e);
	h.url = wr_buf_text(&url);
	h.body = body.at;
	h.body_n = call.sent_bytes = body.used;
	wr_calls_hash(&call, body.at, body.used);
	if (!ret)
		ret = wr_calls_begin(c->explain.state, c->explain.per_day, &call, err);
	if (!ret) {
		ret = twice(c, &h, &call, err);
		call.status = h.status;
		ret = ret ? no_connection(c, ret, err) : understand(b, c, e, &h, &call, err);
		wr_calls_end(c->explain.state, &call);
	}
	if (key.at)
		explicit_bzero(key.at, key.used);
	wr_buf_free(&key);
	wr_buf_free(&url);
	wr_buf_free(&body);
	wr_buf_free(&h.answer);
	return ret;
}
