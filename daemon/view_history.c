/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/history.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "daemon/api.h"
#include "daemon/query.h"
#include "store/read.h"

/* The view `history`: roll-ups from the file that the daemon writes, read as any other reader does.
 */

struct answer {
	struct wr_buf *b;
	const struct wr_store_ask *ask;
};

static bool point(void *ctx, const struct wr_store_point *p)
{
	struct answer *a = ctx;

	wr_view_history_json(a->b, a->ask->kind, a->ask->key, p->t_s, a->ask->res_s, &p->n);
	return true;
}

static int read_times(const struct wr_query *q, struct wr_store_ask *ask, struct wr_err *err)
{
	const char *from = wr_query_value(q, "from"), *to = wr_query_value(q, "to");
	uint64_t now_ns = wr_when_now(), from_ns, to_ns;

	if (wr_when_parse(from ? from : "-1h", now_ns, &from_ns, err))
		return wr_within(err, "from");
	if (wr_when_parse(to ? to : "now", now_ns, &to_ns, err))
		return wr_within(err, "to");
	if (from_ns >= to_ns)
		return wr_fail(err, EINVAL, "history: from is not before to");
	ask->from_s = from_ns / 1000000000;
	ask->to_s = (to_ns + 999999999) / 1000000000;
	return 0;
}

static int read_points(const struct wr_query *q, struct wr_store_ask *ask, struct wr_err *err)
{
	const char *text = wr_query_value(q, "points");
	char *end;
	unsigned long n;

	if (!text)
		return 0;
	n = strtoul(text, &end, 10);
	if (*end || *text < '0' || *text > '9' || !n || n > 10000)
		return wr_fail(err, EINVAL, "points: '%s' is not a number from 1 to 10000", text);
	ask->points_max = (uint32_t)n;
	return 0;
}

/* Of one key, when one is named; else of everything. */
static void read_key(const struct wr_query *q, struct wr_store_ask *ask, char key[WR_STORE_KEY_MAX])
{
	static const struct {
		const char *name;
		enum wr_store_kind kind;
	} keys[] = {{"service", WR_STORE_SERVICE},   {"source", WR_STORE_SOURCE},
		    {"protocol", WR_STORE_PROTOCOL}, {"interface", WR_STORE_IFACE},
		    {"rule", WR_STORE_RULE},	     {"class", WR_STORE_CLASS},
		    {"route", WR_STORE_ROUTE},	     {"consumer", WR_STORE_CONSUMER}};

	ask->kind = WR_STORE_TOTAL;
	ask->key = "";
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (wr_query_value(q, keys[i].name)) {
			ask->kind = keys[i].kind;
			ask->key = wr_query_value(q, keys[i].name);
		}
	if (!wr_store_is_api(ask->kind))
		return;
	wr_store_key(key, ask->key);
	ask->key = key;
}

static int history(const struct wr_api_host *h, const struct wr_query *q, struct wr_buf *b,
		   struct wr_err *err)
{
	struct wr_store_reader *r = NULL;
	struct wr_store_ask ask = {0};
	struct answer a = {b, &ask};
	char key[WR_STORE_KEY_MAX];
	int ret;

	if (q->text)
		return wr_fail(err, EINVAL, "history: only as=json here; for text: weir history");
	if (!h->history || !h->history[0])
		return wr_fail(err, ENODATA, "no history is kept (history.path is empty)");
	ret = read_times(q, &ask, err);
	if (!ret)
		ret = read_points(q, &ask, err);
	if (ret)
		return ret;
	read_key(q, &ask, key);
	ret = wr_store_read_open(&r, h->history, err);
	if (!ret)
		ret = wr_store_read_rollup(r, &ask, point, &a, err);
	wr_store_read_close(&r);
	/* Nothing was counted yet: an empty answer, unless it was asked by name. */
	return ret == -ENOENT && ask.kind == WR_STORE_TOTAL ? 0 : ret;
}

static const char *const keys[] = {"from",	"to",	"points", "service", "source",	 "protocol",
				   "interface", "rule", "class",  "route",   "consumer", NULL};

const struct wr_api_view wr_api_view_history = {
	"history", "what was counted per second, minute or hour", keys, false, history};
