/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/loop.h"
#include "gateway/gateway_impl.h"

/* Steps that a driver has worked out: shown by a dry run, or carried out, byte for byte the same.
 */

enum { STAMP_PAUSE_MS = 5, STEADY_MS = 150, TOLD = 200, SAID_MOST = 4096 };

struct wr_gateway_step *wr_gateway_step(struct wr_gateway_plan *p, enum wr_gateway_step_kind kind,
					const char *where)
{
	static struct wr_gateway_step nowhere;

	if (p->n == p->room) {
		size_t room = p->room ? p->room * 2 : 16;
		void *more = realloc(p->at, room * sizeof(*p->at));

		if (!more) {
			p->failed = true;
			return &nowhere;
		}
		p->at = more;
		p->room = room;
	}
	p->at[p->n] = (struct wr_gateway_step){.kind = kind, .where = where, .at = p->bytes.used};
	return &p->at[p->n++];
}

void wr_gateway_step_ends(struct wr_gateway_plan *p)
{
	if (p->n)
		p->at[p->n - 1].n = p->bytes.used - p->at[p->n - 1].at;
}

void wr_gateway_plan_free(struct wr_gateway_plan *p)
{
	wr_buf_free(&p->bytes);
	free(p->at);
	*p = (struct wr_gateway_plan){0};
}

/* ---- shown ---- */

static void show_head(const struct wr_gateway_plan *p, const struct wr_gateway_step *s,
		      struct wr_buf *b)
{
	static const char *const what[] = {
		[WR_GATEWAY_FILE] = "write",	 [WR_GATEWAY_SOCKET] = "send to",
		[WR_GATEWAY_HTTP] = "ask",	 [WR_GATEWAY_COMMAND] = "run",
		[WR_GATEWAY_STAMP] = "wait for",
	};

	wr_buf_fmt(b, "-- %s", what[s->kind]);
	if (s->kind == WR_GATEWAY_HTTP) {
		wr_buf_fmt(b, " %s: %s ", s->base, s->method);
		wr_buf_add(b, p->bytes.at + s->path, s->path_n);
		if (s->head_n)
			wr_buf_str(b, ", ");
		wr_buf_add(b, p->bytes.at + s->head, s->head_n);
	} else if (s->kind == WR_GATEWAY_STAMP) {
		wr_buf_fmt(b, " %s", s->base);
	} else if (s->kind != WR_GATEWAY_COMMAND) {
		wr_buf_fmt(b, " %s", s->where);
	}
	if (s->kind == WR_GATEWAY_COMMAND)
		for (size_t i = 0; i < s->n; i += strlen(p->bytes.at + s->at + i) + 1)
			wr_buf_fmt(b, " %s", p->bytes.at + s->at + i);
	else
		wr_buf_fmt(b, ", %zu bytes", s->n);
	wr_buf_char(b, '\n');
}

void wr_gateway_plan_show(const struct wr_gateway_plan *p, struct wr_buf *b)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct wr_gateway_step *s = &p->at[i];

		show_head(p, s, b);
		if (s->kind == WR_GATEWAY_COMMAND)
			continue;
		wr_buf_add(b, p->bytes.at + s->at, s->n);
		if (s->n && b->at && b->at[b->used - 1] != '\n')
			wr_buf_char(b, '\n');
	}
}

/* ---- carried out ---- */

static size_t trimmed(const struct wr_buf *b)
{
	size_t n = b->used;

	while (n && strchr("\r\n \t", b->at[n - 1]))
		n--;
	return n;
}

/* What it says is shown on terminals: one line of it, without controls. */
static void line_of(const struct wr_buf *b, char out[TOLD])
{
	size_t n = 0;

	for (size_t i = 0; i < b->used && n < TOLD - 1; i++) {
		unsigned char c = (unsigned char)b->at[i];

		if (c == '\n' && n)
			break;
		if (c >= ' ' && c < 127)
			out[n++] = (char)c;
	}
	out[n] = 0;
}

static int do_socket(const struct wr_gateway *g, const struct wr_gateway_plan *p,
		     const struct wr_gateway_step *s, struct wr_err *err)
{
	const char *want = p->bytes.at + s->expect;
	struct wr_buf answer = {0};
	char told[TOLD];
	int ret = wr_gateway_ask(g, s->where, p->bytes.at + s->at, s->n, &answer, err);
	size_t n = trimmed(&answer);

	line_of(&answer, told);
	if (!ret && !s->expect_n && n)
		ret = wr_fail(err, s->again && strstr(told, s->again) ? EAGAIN : EPROTO,
			      "%s says: %s", s->where, told);
	/* Another number than the one that was foretold: somebody else was faster. */
	if (!ret && s->expect_n &&
	    (n < s->expect_n || memcmp(answer.at, want, s->expect_n) != 0 || n != s->expect_n))
		ret = wr_fail(err, n ? EAGAIN : EPROTO, "%s says: %s", s->where, told);
	wr_buf_free(&answer);
	return ret;
}

static int do_http(const struct wr_gateway *g, const struct wr_gateway_plan *p,
		   const struct wr_gateway_step *s, struct wr_err *err)
{
	char path[256], head[256], told[TOLD];
	struct wr_gateway_http h = {
		.base = s->base,
		.path = path,
		.method = s->method,
		.head = s->head_n ? head : NULL,
		.body = s->n ? p->bytes.at + s->at : NULL,
		.body_n = s->n,
	};
	int ret;

	snprintf(path, sizeof(path), "%.*s", (int)s->path_n, p->bytes.at + s->path);
	snprintf(head, sizeof(head), "%.*s", (int)s->head_n, p->bytes.at + s->head);
	ret = wr_gateway_http(g, &h, err);
	line_of(&h.answer, told);
	if (ret == -ECONNRESET)
		ret = wr_fail(err, EAGAIN, "%s%s: it was cut off while it was changed", s->base,
			      path);
	else if (!ret && h.status == 412)
		ret = wr_fail(err, EAGAIN, "%s%s was changed by somebody else", s->base, path);
	else if (!ret && (h.status < 200 || h.status > 299))
		ret = wr_fail(err, EPROTO, "%s%s answers %ld: %s%s", s->base, path, h.status, told,
			      strstr(told, "already exists") || h.status == 409
				      ? "; somebody else has such a rule for everybody: put the "
					"addresses into that one"
				      : "");
	wr_buf_free(&h.answer);
	return ret;
}

static int do_command(const struct wr_gateway *g, const struct wr_gateway_plan *p,
		      const struct wr_gateway_step *s, struct wr_err *err)
{
	const char *argv[24];
	struct wr_buf said = {0};
	size_t n = 0;
	int ret;

	for (size_t i = 0; i < s->n && n < 23; i += strlen(p->bytes.at + s->at + i) + 1)
		argv[n++] = p->bytes.at + s->at + i;
	argv[n] = NULL;
	ret = wr_gateway_exec(g, argv, SAID_MOST, &said, err);
	wr_buf_free(&said);
	return ret;
}

static bool says(struct wr_gateway_http *h, const struct wr_gateway_plan *p,
		 const struct wr_gateway_step *s)
{
	return h->status == 200 && trimmed(&h->answer) == s->n &&
	       !memcmp(h->answer.at, p->bytes.at + s->at, s->n);
}

/*
 * Until every answer is the right one for STEADY_MS. nginx starts its new workers, sleeps for 100
 * ms and only then ends the old ones (ngx_reconfigure() in os/unix/ngx_process_cycle.c): in between
 * both of them answer.
 */
static int do_stamp(const struct wr_gateway *g, const struct wr_gateway_plan *p,
		    const struct wr_gateway_step *s, struct wr_err *err)
{
	struct wr_gateway_http h = {.base = s->base, .path = s->where, .method = "GET"};
	uint64_t deadline_ns = wr_gateway_deadline_ns(g), steady_ns = 0;
	char told[TOLD] = "nothing";
	int ret;

	do {
		ret = wr_gateway_http(g, &h, err);
		if (ret || !says(&h, p, s))
			steady_ns = 0;
		else if (!steady_ns)
			steady_ns = wr_loop_now_ns() + STEADY_MS * 1000000ull;
		if (steady_ns && wr_loop_now_ns() >= steady_ns) {
			wr_buf_free(&h.answer);
			return 0;
		}
		line_of(&h.answer, told);
		usleep(STAMP_PAUSE_MS * 1000);
	} while (wr_gateway_left_ms(deadline_ns));
	wr_buf_free(&h.answer);
	if (ret)
		return wr_within(err, "the new rules are written and not seen to run");
	return wr_fail(err, ETIMEDOUT,
		       "%s%s says '%.64s' (%ld) and not '%.*s': the reload is not through, or its "
		       "configuration lacks the stamp (docs/gateways.md)",
		       s->base, s->where, told, h.status, (int)s->n, p->bytes.at + s->at);
}

static int do_file(const struct wr_gateway *g, const struct wr_gateway_plan *p,
		   const struct wr_gateway_step *s, struct wr_err *err)
{
	(void)g;
	return wr_gateway_replace_file(s->where, p->bytes.at + s->at, s->n, err);
}

static int (*const deeds[])(const struct wr_gateway *g, const struct wr_gateway_plan *p,
			    const struct wr_gateway_step *s, struct wr_err *err) = {
	[WR_GATEWAY_FILE] = do_file,   [WR_GATEWAY_SOCKET] = do_socket,
	[WR_GATEWAY_HTTP] = do_http,   [WR_GATEWAY_COMMAND] = do_command,
	[WR_GATEWAY_STAMP] = do_stamp,
};

/* The files that were written, the last one first, become what they were. */
static void undo(const struct wr_gateway_plan *p, size_t done)
{
	while (done--) {
		const struct wr_gateway_step *s = &p->at[done];

		if (s->kind != WR_GATEWAY_FILE)
			continue;
		if (p->was->there[s->file])
			wr_gateway_replace_file(s->where, p->was->file[s->file].at,
						p->was->file[s->file].used, NULL);
		else
			unlink(s->where);
	}
}

int wr_gateway_plan_run(const struct wr_gateway *g, const struct wr_gateway_plan *p,
			struct wr_err *err)
{
	if (p->failed || p->bytes.failed)
		return wr_fail(err, ENOMEM, "no memory for so many entries");
	for (size_t i = 0; i < p->n; i++) {
		int ret = deeds[p->at[i].kind](g, p, &p->at[i], err);

		if (!ret)
			continue;
		if (p->at[i].undo)
			undo(p, i);
		return ret;
	}
	return 0;
}
