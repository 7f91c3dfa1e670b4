/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/http.h"
#include "base/loop.h"
#include "base/when.h"
#include "daemon/advice_conf.h"
#include "daemon/advice_impl.h"
#include "daemon/advice_usual.h"

/*
 * The process that asks a model: takes windows from the queue, as many as make a batch, asks, and
 * says which were over. It waits for the model, and nobody waits for it: windows that have become
 * too old meanwhile are left out and counted. What goes wrong is said once, with what to do about
 * it, and again when it was well in between.
 */

enum {
	ANSWER = 1 << 20, /* bytes of an answer */
	META = 256 << 10,
	PAUSES = 6, /* times that a pause doubles */
	RETRY_MOST_S = 3600,
	SAID_AGAIN_S = 60, /* the same trouble */
};

#define SECOND 1000000000ull

/* X(symbol, what is to be done about it) */
#define TROUBLE_TABLE(X)                                                                           \
	X(DOWN, "is the server up, and advice.url right?")                                         \
	X(LATE, "raise advice.deadline, lower advice.batch, or give the server more")              \
	X(LOST, "the server gave no whole answer: see its log")                                    \
	X(BUSY, "it is asked less often for a while; raise its limit, or lower advice.keys")       \
	X(DENIED, "put its header into advice.header_file")                                        \
	X(ABSENT, "set advice.url, advice.model and advice.version to what is there")              \
	X(REFUSED, "the server does not take the request: see its log, and advice.form")           \
	X(FAILED, "the server or its model is broken: see its log")                                \
	X(HUGE, "the address answers something else: see advice.url")                              \
	X(ALIEN, "the address answers something that is no HTTP: see advice.url")                  \
	X(GARBAGE, "the address answers something else: see advice.url and advice.form")           \
	X(NUMBER, "the model gives no usable score: does it take 0 for what a row does not have?") \
	X(SHAPE, "a score a row is wanted: see advice.output and what the model gives")            \
	X(MODEL, "set advice.inputs to the columns that it was trained on, in their order")        \
	X(OLD, "the model is too slow for so many rows: raise advice.batch, or lower advice.keys")

enum trouble {
#define X(sym, mend) sym,
	TROUBLE_TABLE(X)
#undef X
		TROUBLES
};

static const char *const mends[TROUBLES] = {
#define X(sym, mend) mend,
	TROUBLE_TABLE(X)
#undef X
};

struct asker {
	const struct wr_front_start *start;
	const struct wr_daemon_conf *conf;
	const struct wr_advice *own;
	struct wr_advice_shared *shared;
	struct wr_queue_reader queue;
	struct wr_infer_conf model;
	struct wr_infer_plan plan;
	uint8_t columns[WR_INFER_INPUTS];
	double over;
	struct wr_buf header; /* a line; "": none */
	struct wr_http http;
	struct wr_buf url, body;
	uint64_t asked;		 /* number of the newest request */
	uint32_t failures;	 /* in a row */
	uint32_t pauses;	 /* in a row */
	uint64_t pause_until_ns; /* of a clock that does not jump; 0: it asks */
	uint64_t retry_ns;	 /* what the server wants to be left alone for */
	uint64_t said_ns[TROUBLES];
	bool said;
	struct wr_advice_usual usual;
	/* A batch. */
	uint32_t n;
	struct wr_window row[WR_INFER_BATCH];
	double values[WR_INFER_BATCH * WR_INFER_INPUTS], scores[WR_INFER_BATCH];
};

/* ---- what is said ---- */

static void say(struct asker *a, enum trouble t, const char *what)
{
	uint64_t now_ns = wr_loop_now_ns();
	char line[WR_ADVICE_TEXT + 64];

	snprintf(a->shared->trouble, sizeof(a->shared->trouble), "%.240s; %s", what, mends[t]);
	if (a->said_ns[t] && (a->said || now_ns - a->said_ns[t] < SAID_AGAIN_S * SECOND))
		return;
	a->said_ns[t] = now_ns;
	a->said = true;
	snprintf(line, sizeof(line), "no scores: %s", a->shared->trouble);
	a->start->say(a->start->ctx, line);
}

static void well(struct asker *a)
{
	a->failures = a->pauses = 0;
	a->retry_ns = 0;
	a->shared->trouble[0] = 0;
	a->shared->n.paused = 0;
	if (!a->said)
		return;
	a->said = false;
	a->start->say(a->start->ctx, "there are scores again");
}

/* ---- asking ---- */

static enum trouble of_error(int ret)
{
	switch (-ret) {
	case ETIMEDOUT:
		return LATE;
	case EMSGSIZE:
		return HUGE;
	case ECONNRESET:
		return LOST;
	case EBADMSG:
		return GARBAGE;
	case EDOM:
		return NUMBER;
	case EPROTO:
		return SHAPE;
	default:
		return DOWN;
	}
}

static enum trouble of_status(long status)
{
	if (status == 401 || status == 403)
		return DENIED;
	if (status == 404)
		return ABSENT;
	if (status == 429 || status == 503)
		return BUSY;
	return status >= 500 ? FAILED : REFUSED;
}

static void be_patient(struct asker *a)
{
	uint64_t pause = a->conf->advice.pause_ns << (a->pauses < PAUSES ? a->pauses : PAUSES);

	if (a->retry_ns > pause)
		pause = a->retry_ns;
	a->pauses++;
	a->pause_until_ns = wr_loop_now_ns() + pause;
	a->shared->n.paused = 1;
	a->plan.known = false; /* it may be another model then */
}

/* at_once: to ask again would be of no use. */
static void failed(struct asker *a, enum trouble t, const char *what, bool at_once)
{
	a->shared->n.failed++;
	a->failures++;
	say(a, t, what);
	if (at_once || a->failures >= a->conf->advice.failures)
		be_patient(a);
}

static int request(struct asker *a, bool metadata, struct wr_err *err)
{
	const char *heads[2] = {NULL, NULL};
	unsigned long retry_s;
	char said[160];
	int ret;

	if (a->header.used)
		heads[0] = wr_buf_text(&a->header);
	wr_buf_clear(&a->url);
	if (metadata)
		wr_infer_meta_url(&a->url, &a->model);
	else
		wr_infer_url(&a->url, &a->model);
	a->http.url = wr_buf_text(&a->url);
	a->http.method = metadata ? "GET" : "POST";
	a->http.heads = heads;
	a->http.body = metadata ? NULL : wr_buf_text(&a->body);
	a->http.body_n = metadata ? 0 : a->body.used;
	a->http.timeout_ns = a->conf->advice.deadline_ns;
	a->http.most = metadata ? META : ANSWER;
	a->shared->n.calls++;
	ret = wr_http(&a->http, err);
	a->retry_ns = 0;
	if (ret) {
		failed(a, ret == -EBADMSG ? ALIEN : of_error(ret), err->text, false);
		return ret;
	}
	if (a->http.status >= 200 && a->http.status < 300)
		return 0;
	retry_s = strtoul(a->http.retry_after, NULL, 10);
	a->retry_ns = (retry_s < RETRY_MOST_S ? retry_s : RETRY_MOST_S) * SECOND;
	wr_infer_said(said, sizeof(said), a->http.answer.at, a->http.answer.used);
	wr_fail(err, EPROTO, "HTTP status %ld%s%s", a->http.status, said[0] ? ": " : "", said);
	failed(a, of_status(a->http.status), err->text, a->retry_ns > 0);
	return -EPROTO;
}

static bool know_model(struct asker *a)
{
	struct wr_err err = {0};
	int ret;

	if (a->plan.known || a->model.form == WR_INFER_ROWS)
		return true;
	if (request(a, true, &err))
		return false;
	ret = wr_infer_meta(&a->plan, &a->model, a->http.answer.at, a->http.answer.used, &err);
	if (ret) {
		failed(a, ret == -EPROTO ? MODEL : of_error(ret), err.text, true);
		return false;
	}
	snprintf(a->shared->version, sizeof(a->shared->version), "%.*s", WR_FINDING_MODEL - 1,
		 a->plan.version);
	return true;
}

/* ---- a batch ---- */

static void read_row(struct asker *a, const struct wr_window *w)
{
	double *v = &a->values[a->n * a->model.n_columns];

	for (uint32_t k = 0; k < a->model.n_columns; k++) {
		const struct wr_column *c = wr_advice_column_at(a->columns[k]);
		struct wr_cell cell = {0};

		v[k] = NAN;
		if (c->get(w, &cell))
			v[k] = c->type == WR_CELL_REAL ? cell.real : (double)cell.u;
	}
	a->row[a->n++] = *w;
}

static bool is_old(const struct asker *a, const struct wr_window *w)
{
	return w->start_ns + w->length_ns + a->conf->advice.stale_ns < wr_when_now();
}

/* As many as are there, and make a batch. */
static void take_rows(struct asker *a)
{
	const struct wr_window *w;
	uint64_t old = 0;
	uint32_t kind;
	size_t n;

	a->n = 0;
	while (a->n < a->conf->advice.batch && (w = wr_queue_next(&a->queue, &kind, &n))) {
		if (is_old(a, w))
			old++;
		else
			read_row(a, w);
	}
	wr_queue_done(&a->queue);
	a->shared->n.unscored += old;
	if (old && !a->shared->n.paused && !a->shared->trouble[0])
		say(a, OLD, "rows were older than advice.stale");
}

static void tell(struct asker *a, const struct wr_window *w, const double *values, double score)
{
	struct wr_advice_told t = {.start_ns = w->start_ns,
				   .length_ns = w->length_ns,
				   .key = w->key,
				   .kind = w->kind,
				   .score = score};

	t.n_by = wr_advice_furthest(&a->usual, w, values, a->columns, a->model.n_columns, t.by);
	a->shared->n.over++;
	if (send(a->own->other_fd, &t, sizeof(t), MSG_DONTWAIT | MSG_NOSIGNAL) != sizeof(t))
		a->shared->n.lost++;
}

/* What is over is not usual, and nothing is learned of it. */
static void take_scores(struct asker *a)
{
	for (uint32_t i = 0; i < a->n; i++) {
		const double *values = &a->values[i * a->model.n_columns];

		if (a->scores[i] > a->over)
			tell(a, &a->row[i], values, a->scores[i]);
		else
			wr_advice_learn(&a->usual, &a->row[i], values, a->model.n_columns);
	}
	a->shared->n.scored += a->n;
}

static bool ask(struct asker *a)
{
	struct wr_err err = {0};
	int ret;

	if (!know_model(a))
		return false;
	wr_buf_clear(&a->body);
	wr_infer_body(&a->body, &a->plan, &a->model, a->values, a->n, ++a->asked);
	if (request(a, false, &err))
		return false;
	ret = wr_infer_scores(a->scores, a->n, &a->plan, &a->model, a->http.answer.at,
			      a->http.answer.used, &err);
	if (ret) {
		failed(a, of_error(ret), err.text, false);
		return false;
	}
	take_scores(a);
	well(a);
	return true;
}

static bool may_ask(const struct asker *a)
{
	return !a->pause_until_ns || wr_loop_now_ns() >= a->pause_until_ns;
}

static void work(struct asker *a)
{
	while (wr_queue_left(&a->queue)) {
		take_rows(a);
		if (!a->n)
			continue;
		if (!may_ask(a) || !ask(a))
			a->shared->n.unscored += a->n;
	}
}

/* ---- the process ---- */

static int set_up(struct asker *a, const struct wr_front_start *start, struct wr_err *err)
{
	const struct wr_daemon_conf *c = start->conf;
	int ret = 0;

	a->start = start;
	a->conf = c;
	a->own = start->own;
	a->shared = a->own->shared;
	a->over = strtod(c->advice.over, NULL);
	a->model = (struct wr_infer_conf){.form = (enum wr_infer_form)c->advice.form,
					  .url = c->advice.url,
					  .model = c->advice.model,
					  .version = c->advice.version,
					  .output = c->advice.output,
					  .columns = c->advice.inputs.at,
					  .n_columns = (uint32_t)c->advice.inputs.n};
	for (uint32_t k = 0; k < a->model.n_columns; k++)
		if (!wr_advice_column(c->advice.inputs.at[k], &a->columns[k]))
			return wr_fail(err, EINVAL, "advice.inputs: %s", c->advice.inputs.at[k]);
	if (c->advice.header_file[0])
		ret = wr_http_key(&a->header, c->advice.header_file, err);
	if (!ret && a->header.used && !strchr(wr_buf_text(&a->header), ':'))
		ret = wr_fail(err, EINVAL, "%s: expected a line 'Name: value'",
			      c->advice.header_file);
	wr_queue_read_from(&a->queue, a->shared->queue, WR_ADVICE_QUEUE);
	a->shared->n.paused = 0;
	/* Its settings are wrong: whoever starts it again says so. */
	return ret ? wr_within(err, "advice.header_file") : 0;
}

int wr_advice_main(const struct wr_front_start *start, struct wr_err *err)
{
	static struct asker a; /* large */
	int ret = set_up(&a, start, err);
	struct pollfd p[2] = {{.events = POLLIN}, {.fd = start->core_fd}};
	uint64_t count;

	json_object_seed(0); /* reads a file, while there are files */
	if (!ret)
		ret = wr_http_begin(err);
	if (!ret)
		ret = start->confine(start->ctx, err);
	if (ret)
		return ret;
	know_model(&a); /* what is wrong with it is said at the start, not with the first row */
	p[0].fd = a.own->wake_fd;
	for (;;) {
		work(&a);
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return wr_fail(err, errno, "waiting: %s", strerror(errno));
		if (p[1].revents)
			return 0;
		if (p[0].revents && read(p[0].fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
			return wr_fail(err, errno, "waiting: %s", strerror(errno));
	}
}
