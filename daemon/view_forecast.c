/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/api.h"
#include "daemon/forecasts.h"

/* The view of what is expected. */

enum { POINTS_MOST = 288, NAME_MOST = 160 };

struct answer {
	struct wr_buf *b;
	const char *of; /* NULL: of all */
	uint32_t points, top, n;
	bool text, color;
};

/* By its name in history (tcp/443@10.0.0.5), with its kind before it (class web), or by its kind
 * (total). */
static bool is(const struct wr_forecast_row *row, const char *of)
{
	char name[NAME_MOST];

	snprintf(name, sizeof(name), "%s %s", row->kind, row->key);
	return !strcmp(row->kind, of) || !strcmp(name, of) ||
	       (row->key[0] && !strcmp(row->key, of));
}

static void show(void *ctx, const struct wr_forecast_row *row)
{
	struct answer *a = ctx;

	if ((a->of && !is(row, a->of)) || a->n >= a->top)
		return;
	if (a->text && a->of)
		wr_view_forecast_text(a->b, row, a->color);
	else if (a->text)
		wr_view_forecasts_text(a->b, row, a->color);
	else
		wr_view_forecast_json(a->b, row, a->points);
	a->n++;
}

static int read_points(const struct wr_query *q, uint32_t *points, struct wr_err *err)
{
	const char *text = wr_query_value(q, "points");
	char *end;
	unsigned long n;

	if (!text)
		return 0;
	n = strtoul(text, &end, 10);
	if (*end || *text < '0' || *text > '9' || !n || n > POINTS_MOST)
		return wr_fail(err, EINVAL, "points: '%s' is not a number from 1 to %d", text,
			       POINTS_MOST);
	*points = (uint32_t)n;
	return 0;
}

static int forecast(const struct wr_api_host *h, const struct wr_query *q, struct wr_buf *b,
		    struct wr_err *err)
{
	struct answer a = {.b = b,
			   .of = wr_query_value(q, "of"),
			   .top = q->how.top,
			   .text = q->text,
			   .color = q->how.color};
	int ret = read_points(q, &a.points, err);

	if (ret)
		return ret;
	if (!h->forecasts)
		return wr_fail(err, ENODATA, "forecasts are off: [detect] forecast = yes");
	if (a.text && !a.of)
		wr_view_forecasts_head(b, a.color);
	wr_forecasts_each(h->forecasts, show, &a);
	if (!a.n && a.of)
		return wr_fail(err, ENOENT,
			       "nothing is known of '%s' (weir forecast lists what is; a minute "
			       "after it begins there is something)",
			       a.of);
	if (a.text && !a.of)
		wr_buf_str(b, "'at most': nine of ten stay below; "
			      "weir forecast NAME tells all\n");
	return 0;
}

static const char *const keys[] = {"of", "top", "points", NULL};

const struct wr_api_view wr_api_view_forecast = {
	"forecast", "what is expected of services, classes, interfaces", keys, true, forecast};
