/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "daemon/api.h"
#include "view/learned.h"

/* The views of what detection has learned. */

enum { TOP = 20, ROWS_MOST = 8192 };

struct rows {
	struct wr_learned *at;
	uint32_t n;
};

static bool gather(void *ctx, const struct wr_learned *l)
{
	struct rows *rows = ctx;

	if (rows->n < ROWS_MOST)
		rows->at[rows->n++] = *l;
	return rows->n < ROWS_MOST;
}

/* What is known best, then what has most packets. */
static int by_weight(const void *a, const void *b)
{
	const struct wr_learned *x = a, *y = b;

	if (x->hours != y->hours)
		return x->hours < y->hours ? 1 : -1;
	if (x->of[0].usual != y->of[0].usual)
		return x->of[0].usual < y->of[0].usual ? 1 : -1;
	return memcmp(x->who.addr, y->who.addr, sizeof(x->who.addr));
}

static int learned(const struct wr_api_host *h, const struct wr_query *q, struct wr_buf *b,
		   struct wr_err *err)
{
	const struct wr_detect *d = h->detector ? h->detector(h->ctx) : NULL;
	uint32_t top = q->how.top ? q->how.top : TOP;
	struct rows rows = {0};

	if (!d)
		return wr_fail(err, ENODATA, "detection is off: [detect] on = yes");
	rows.at = calloc(ROWS_MOST, sizeof(*rows.at));
	if (!rows.at)
		return wr_fail(err, ENOMEM, "out of memory");
	wr_detect_learned(d, gather, &rows);
	qsort(rows.at, rows.n, sizeof(*rows.at), by_weight);
	if (q->text)
		wr_view_learned_head(b, q->how.color);
	for (uint32_t i = 0; i < rows.n && i < top; i++) {
		if (q->text)
			wr_view_learned_text(b, &rows.at[i], q->how.color);
		else
			wr_view_learned_json(b, &rows.at[i]);
	}
	if (q->text)
		wr_buf_fmt(b, "%u addresses and prefixes; packets a second, SYNs a second\n",
			   rows.n);
	free(rows.at);
	return 0;
}

static int learn(const struct wr_api_host *h, const struct wr_query *q, struct wr_buf *b,
		 struct wr_err *err)
{
	const char *what = wr_query_value(q, "do"), *of = wr_query_value(q, "file");
	int ret;

	if (!what)
		return wr_fail(err, EINVAL,
			       "learn: do=save, do=load file=PATH, do=keep who=ADDRESS, do=free "
			       "who=ADDRESS or do=reset");
	if (!of)
		of = wr_query_value(q, "who");
	if (!q->may_change || q->is_page)
		return wr_fail(err, EPERM, "what was learned is changed over the control socket");
	if (!h->learn)
		return wr_fail(err, ENODATA, "there is no detection here");
	ret = h->learn(h->ctx, what, of, err);
	if (ret)
		return ret;
	if (q->text) {
		wr_buf_str(b, "done\n");
		return 0;
	}
	wr_json_open(b);
	wr_json_str(b, "event_type", "learn");
	wr_json_str(b, "done", what);
	wr_json_close(b);
	wr_buf_char(b, '\n');
	return 0;
}

/* All of it, as it is kept. */
static int kept(const struct wr_api_host *h, const struct wr_query *q, struct wr_buf *b,
		struct wr_err *err)
{
	const struct wr_detect *d = h->detector ? h->detector(h->ctx) : NULL;

	(void)q;
	if (!d)
		return wr_fail(err, ENODATA, "detection is off: [detect] on = yes");
	wr_detect_learned_write(d, b);
	return 0;
}

static const char *const learned_keys[] = {"top", NULL};
static const char *const learn_keys[] = {"do", "file", "who", NULL};

const struct wr_api_view wr_api_view_learned = {"learned", "what detection has learned",
						learned_keys, true, learned};
const struct wr_api_view wr_api_view_learn = {"learn", "keeps it, takes it from a file, forgets it",
					      learn_keys, false, learn};
const struct wr_api_view wr_api_view_kept = {"kept", "all that was learned, as it is kept", NULL,
					     false, kept};
