/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/cli/frames.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "daemon/query.h"

static uint64_t number(const json_t *o, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(o, key));
}

static const char *text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static int frame(struct wr_frames *f, const json_t *o)
{
	if (wr_frame_read(&f->frame, o))
		return wr_fail(&f->err, EIO,
			       "the daemon's answer is not a packet; is it of another "
			       "version?");
	return f->fn(f->ctx, &f->frame.pkt);
}

static int line(void *ctx, const char *at, size_t n)
{
	struct wr_frames *f = ctx;
	json_t *o = json_loadb(at, n, 0, NULL);
	uint64_t oldest;
	int ret = 0;

	if (!strcmp(text(o, "event_type"), "frame")) {
		ret = frame(f, o);
	} else if (!strcmp(text(o, "event_type"), "dump")) {
		/* What was asked for and was no more there. */
		oldest = number(o, "newest") + 1 - number(o, "packets");
		if (f->next && f->next < oldest && oldest <= number(o, "newest"))
			f->missed += oldest - f->next;
		f->next = number(o, "next");
		f->newest = number(o, "newest");
		f->passed_over = number(o, "passed_over");
		f->rate = number(o, "rate");
		f->sample = number(o, "sample");
		wr_buf_clear(&f->state);
		wr_buf_add(&f->state, at, n);
		wr_buf_char(&f->state, '\n');
	}
	json_decref(o);
	return ret;
}

static void add_key(struct wr_buf *b, const char *key, const char *value)
{
	if (!value)
		return;
	wr_buf_fmt(b, " %s=", key);
	wr_query_encode(b, value);
}

int wr_frames_ask(struct wr_frames *f, const struct wr_frames_want *want, struct wr_err *err)
{
	struct wr_buf b = {0};
	int ret;

	wr_buf_fmt(&b, "dump form=frames from=%" PRIu64 " to=%" PRIu64 " count=%" PRIu64, f->next,
		   want->to, want->count);
	if (want->incident)
		wr_buf_fmt(&b, " incident=%" PRIu64, want->incident);
	add_key(&b, "last", want->last);
	add_key(&b, "filter", want->filter);
	ret = wr_ask_send(f->ask, wr_buf_text(&b), err);
	wr_buf_free(&b);
	if (!ret)
		ret = wr_ask_answer(f->ask, line, f, err);
	if (ret && f->err.code)
		*err = f->err;
	return ret;
}

int wr_frames_newest(struct wr_frames *f, struct wr_err *err)
{
	int ret;

	f->next = INT64_MAX; /* what JSON can say */
	ret = wr_frames_ask(f, &(struct wr_frames_want){0}, err);
	f->next = f->newest + 1;
	return ret;
}

void wr_frames_free(struct wr_frames *f)
{
	wr_buf_free(&f->state);
}
