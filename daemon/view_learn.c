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
	struct wr_victim only; /* ip_v 0: all */
};

static bool gather(void *ctx, const struct wr_learned *l)
{
	struct rows *rows = ctx;
	const struct wr_victim *only = &rows->only;

	if (only->ip_v && (only->ip_v != l->who.ip_v || only->prefix != l->who.prefix ||
			   memcmp(only->addr, l->who.addr, sizeof(only->addr))))
		return true;
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

static void row(const struct wr_detect *d, const struct wr_learned *l, const struct wr_query *q,
		bool hours, struct wr_buf *b)
{
	struct wr_learned_hour hour[WR_LEARNED_HOURS];

	if (q->text)
		wr_view_learned_text(b, l, q->how.color);
	else if (hours)
		wr_view_learned_json(b, l, hour, wr_detect_learned_hours(d, &l->who, hour));
	else
		wr_view_learned_json(b, l, NULL, 0);
}

/* of=ADDRESS: its row alone, and with hours=yes its hours of the week. */
static int read_of(const struct wr_query *q, struct wr_victim *only, bool *hours,
		   struct wr_err *err)
{
	const char *of = wr_query_value(q, "of"), *yes = wr_query_value(q, "hours");

	if (yes && strcmp(yes, "yes") && strcmp(yes, "no"))
		return wr_fail(err, EINVAL, "hours: '%s' is neither yes nor no", yes);
	*hours = yes && !strcmp(yes, "yes");
	if (*hours && (!of || q->text))
		return wr_fail(err, EINVAL, "hours=yes: of one address (of=ADDRESS), as=json");
	return of ? wr_detect_learned_who(of, only, err) : 0;
}

static int learned(const struct wr_api_host *h, const struct wr_query *q, struct wr_buf *b,
		   struct wr_err *err)
{
	const struct wr_detect *d = h->detector ? h->detector(h->ctx) : NULL;
	uint32_t top = q->how.top ? q->how.top : TOP;
	struct rows rows = {0};
	bool hours = false;
	int ret;

	if (!d)
		return wr_fail(err, ENODATA, "detection is off: [detect] on = yes");
	ret = read_of(q, &rows.only, &hours, err);
	if (ret)
		return ret;
	rows.at = calloc(ROWS_MOST, sizeof(*rows.at));
	if (!rows.at)
		return wr_fail(err, ENOMEM, "out of memory");
	wr_detect_learned(d, gather, &rows);
	qsort(rows.at, rows.n, sizeof(*rows.at), by_weight);
	if (q->text)
		wr_view_learned_head(b, q->how.color);
	for (uint32_t i = 0; i < rows.n && i < top; i++)
		row(d, &rows.at[i], q, hours, b);
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

static const char *const learned_keys[] = {"top", "of", "hours", NULL};
static const char *const learn_keys[] = {"do", "file", "who", NULL};

const struct wr_api_view wr_api_view_learned = {"learned", "what detection has learned",
						learned_keys, true, learned};
const struct wr_api_view wr_api_view_learn = {"learn", "keeps it, takes it from a file, forgets it",
					      learn_keys, false, learn};
const struct wr_api_view wr_api_view_kept = {"kept", "all that was learned, as it is kept", NULL,
					     false, kept};
