/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "export/eve.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BYTES_DEFAULT = 4 << 20 };

struct wr_eve {
	struct wr_outlet *outlet; /* owned */
	struct wr_flow_style style;
	bool offline;
	struct wr_buf line;
};

int wr_eve_open(struct wr_eve **out, const struct wr_eve_conf *conf, struct wr_err *err)
{
	struct wr_outlet_conf where = {
		.to = conf->to,
		.may = WR_OUTLET(FILE) | WR_OUTLET(STDOUT) | WR_OUTLET(UNIX),
		.bytes = conf->bytes ? conf->bytes : BYTES_DEFAULT,
		.box = conf->box,
		.later = conf->later,
	};
	struct wr_eve *e = calloc(1, sizeof(*e));
	int ret;

	if (!e)
		return wr_fail(err, ENOMEM, "no memory for events");
	e->style = conf->style;
	e->offline = conf->offline;
	ret = wr_outlet_open(&e->outlet, &where, err);
	if (ret) {
		free(e);
		return wr_within(err, "events");
	}
	*out = e;
	return 0;
}

void wr_eve_lines(struct wr_eve *e, const char *text, size_t n)
{
	const char *end;

	for (; n && (end = memchr(text, '\n', n)); text = end + 1) {
		size_t line = (size_t)(end - text) + 1;

		wr_outlet_put(e->outlet, text, line, 1, 0);
		n -= line;
	}
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void wr_eve_flow(void *eve, const struct wr_flow *f)
{
	struct wr_eve *e = eve;

	e->style.now_ns = e->offline ? f->last_ns : now();
	wr_buf_clear(&e->line);
	e->line.failed = false;
	wr_view_flow_json(&e->line, f, &e->style);
	/* Without memory for the line it is lost as one without room: a length that fits nowhere.
	 */
	wr_outlet_put(e->outlet, e->line.at, e->line.failed ? SIZE_MAX : e->line.used, 1, 0);
}

struct wr_outlet *wr_eve_outlet(struct wr_eve *e)
{
	return e->outlet;
}

int wr_eve_close(struct wr_eve **out, int wait_ms, struct wr_outbox_count *count,
		 struct wr_err *err)
{
	struct wr_eve *e = *out;
	int ret;

	if (!e)
		return 0;
	ret = wr_outlet_drain(e->outlet, wait_ms, err);
	wr_outlet_drop(e->outlet);
	if (count)
		*count = wr_outlet_count(e->outlet);
	wr_outlet_close(&e->outlet);
	wr_buf_free(&e->line);
	free(e);
	*out = NULL;
	return ret < 0 ? ret : 0;
}
