/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/query.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/near.h"

enum { TOP_DEFAULT = 50, TOP_MAX = 10000, NAMES_MAX = 64 };

/* ---- percent-encoding ---- */

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) & 15 : -1;
}

/* In place. A byte 0 and other control bytes have no place in a value. */
static int decode(char *s)
{
	char *to = s;

	for (; *s; s++) {
		int c = (unsigned char)*s;

		if (c == '%') {
			int high = hex_digit(s[1]), low = high < 0 ? -1 : hex_digit(s[2]);

			if (low < 0)
				return -EINVAL;
			c = high << 4 | low;
			s += 2;
		}
		if (c < ' ' || c == 0x7f)
			return -EINVAL;
		*to++ = (char)c;
	}
	*to = 0;
	return 0;
}

void wr_query_encode(struct wr_buf *b, const char *s)
{
	for (; *s; s++) {
		if (*s > ' ' && *s < 0x7f && *s != '%') {
			wr_buf_char(b, *s);
			continue;
		}
		wr_buf_char(b, '%');
		wr_buf_hex(b, (unsigned char)*s, 2);
	}
}

/* ---- keys that many views have ---- */

static int number(const char *name, const char *value, uint64_t max, uint32_t *out,
		  struct wr_err *err)
{
	char *end;
	uint64_t v;

	errno = 0;
	v = strtoull(value, &end, 10);
	if (*value < '0' || *value > '9' || errno || *end || v > max)
		return wr_fail(err, EINVAL, "%s: '%s' is not a number from 0 to %" PRIu64, name,
			       value, max);
	*out = (uint32_t)v;
	return 0;
}

/* One of the names; what was probably meant is told. */
static int choice(const char *name, const char *value, const char *const *names, int *out,
		  struct wr_err *err)
{
	const char *near;

	for (*out = 0; names[*out]; ++*out)
		if (!strcmp(names[*out], value))
			return 0;
	near = wr_near(value, names);
	return wr_fail(err, EINVAL, "%s: '%s' is unknown%s%s%s", name, value,
		       near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static int read_top(struct wr_query *q, const char *value, struct wr_err *err)
{
	return number("top", value, TOP_MAX, &q->how.top, err);
}

static int read_sort(struct wr_query *q, const char *value, struct wr_err *err)
{
	static const char *const names[] = {
		[WR_LIVE_BY_RATE] = "rate",
		[WR_LIVE_BY_BYTES] = "bytes",
		[WR_LIVE_BY_PACKETS] = "packets",
		[WR_LIVE_BY_FLOWS] = "flows",
		[WR_LIVE_BY_SOURCES] = "sources",
		[WR_LIVE_BY_AGE] = "age",
		NULL,
	};
	int order, ret = choice("sort", value, names, &order, err);

	q->how.order = (enum wr_live_order)order;
	q->sorted = true;
	return ret;
}

static int read_series(struct wr_query *q, const char *value, struct wr_err *err)
{
	return number("series", value, WR_VIEW_SERIES_MAX, &q->how.series, err);
}

static int read_as(struct wr_query *q, const char *value, struct wr_err *err)
{
	static const char *const names[] = {"json", "text", NULL};
	int which, ret = choice("as", value, names, &which, err);

	q->text = which == 1;
	return ret;
}

static int read_color(struct wr_query *q, const char *value, struct wr_err *err)
{
	uint32_t on = 0;
	int ret = number("color", value, 1, &on, err);

	q->how.color = on;
	return ret;
}

static const struct {
	const char *name;
	int (*read)(struct wr_query *q, const char *value, struct wr_err *err);
} common[] = {
	{"top", read_top}, {"sort", read_sort},	  {"series", read_series},
	{"as", read_as},   {"color", read_color},
};

/* ---- a line ---- */

static const struct wr_api_view *find_view(const struct wr_api_view *const *views, const char *name,
					   struct wr_err *err)
{
	const char *names[NAMES_MAX + 2] = {"subscribe"}, *near;
	size_t n = 0;

	for (; n < NAMES_MAX && views[n]; n++) {
		if (!strcmp(views[n]->name, name))
			return views[n];
		names[n + 1] = views[n]->name;
	}
	names[n + 1] = NULL;
	near = wr_near(name, names);
	wr_fail(err, EINVAL, "there is no view '%s'%s%s%s", name, near ? "; did you mean '" : "",
		near ? near : "", near ? "'?" : "");
	return NULL;
}

static bool takes(const struct wr_api_view *v, const char *name)
{
	for (size_t i = 0; v->keys && v->keys[i]; i++)
		if (!strcmp(v->keys[i], name))
			return true;
	return !strcmp(name, "as") || !strcmp(name, "color");
}

/* Some view of the request must understand it. */
static int check_key(const struct wr_query *q, const char *name, struct wr_err *err)
{
	const char *names[WR_QUERY_KEYS * WR_QUERY_VIEWS + 1], *near;
	size_t n = 0;

	for (size_t i = 0; i < q->n_views; i++) {
		if (takes(q->view[i], name))
			return 0;
		for (size_t k = 0; q->view[i]->keys && q->view[i]->keys[k]; k++)
			if (n < WR_QUERY_KEYS * WR_QUERY_VIEWS)
				names[n++] = q->view[i]->keys[k];
	}
	names[n] = NULL;
	near = wr_near(name, names);
	return wr_fail(err, EINVAL, "%s: there is no key '%s'%s%s%s",
		       q->subscribe ? "subscribe" : q->view[0]->name, name,
		       near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static int read_key(struct wr_query *q, char *word, struct wr_err *err)
{
	char *equals = strchr(word, '=');

	if (!equals || equals == word)
		return wr_fail(err, EINVAL, "'%.64s': expected key=value", word);
	*equals = 0;
	if (decode(equals + 1))
		return wr_fail(err, EINVAL, "%.64s: a value is text, percent-encoded", word);
	if (wr_query_value(q, word))
		return wr_fail(err, EINVAL, "%.64s is given twice", word);
	if (q->n_keys == WR_QUERY_KEYS)
		return wr_fail(err, EINVAL, "more than %d keys", WR_QUERY_KEYS);
	q->key[q->n_keys].name = word;
	q->key[q->n_keys++].value = equals + 1;
	return 0;
}

static int read_views(struct wr_query *q, const struct wr_api_view *const *views,
		      struct wr_err *err)
{
	const char *list = wr_query_value(q, "views");
	char names[256], *rest = names, *name;

	if (!list || strlen(list) >= sizeof(names))
		return wr_fail(err, EINVAL, "subscribe: which views? (views=stats,services)");
	strcpy(names, list);
	while ((name = strsep(&rest, ","))) {
		const struct wr_api_view *v = find_view(views, name, err);

		if (!v)
			return wr_within(err, "subscribe");
		if (!v->subscribes)
			return wr_fail(err, EINVAL, "subscribe: '%s' is asked for once only", name);
		if (q->n_views == WR_QUERY_VIEWS)
			return wr_fail(err, EINVAL, "subscribe: more than %d views",
				       WR_QUERY_VIEWS);
		q->view[q->n_views++] = v;
	}
	return 0;
}

static int read_common(struct wr_query *q, struct wr_err *err)
{
	for (size_t k = 0; k < q->n_keys; k++) {
		const char *name = q->key[k].name;
		int ret = q->subscribe && !strcmp(name, "views") ? 0 : check_key(q, name, err);

		for (size_t i = 0; i < sizeof(common) / sizeof(common[0]) && !ret; i++)
			if (!strcmp(common[i].name, name))
				ret = common[i].read(q, q->key[k].value, err);
		if (ret)
			return ret;
	}
	return 0;
}

int wr_query_parse(struct wr_query *q, const struct wr_api_view *const *views, const char *line,
		   size_t n, struct wr_err *err)
{
	char *rest = q->line, *word;
	int ret = 0;

	memset(q, 0, offsetof(struct wr_query, line));
	q->how.top = TOP_DEFAULT;
	if (n > WR_QUERY_MAX || memchr(line, 0, n))
		return wr_fail(err, EINVAL, "a request is a line of text, at most %d bytes",
			       WR_QUERY_MAX);
	memcpy(q->line, line, n);
	q->line[n] = 0;
	word = strsep(&rest, " ");
	q->subscribe = !strcmp(word, "subscribe");
	if (!q->subscribe) {
		q->view[0] = find_view(views, word, err);
		if (!q->view[0])
			return -EINVAL;
		q->n_views = 1;
	}
	while (!ret && (word = strsep(&rest, " ")))
		if (*word)
			ret = read_key(q, word, err);
	if (!ret && q->subscribe)
		ret = read_views(q, views, err);
	return ret ? ret : read_common(q, err);
}

const char *wr_query_value(const struct wr_query *q, const char *name)
{
	for (size_t i = 0; i < q->n_keys; i++)
		if (!strcmp(q->key[i].name, name))
			return q->key[i].value;
	return NULL;
}
