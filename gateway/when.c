/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/when.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/unit.h"
#include "gateway/gateway_impl.h"

enum { FILE_MOST = 1 << 20, LINE_MOST = 1024, WORD = 64 };

#define SECOND 1000000000ull
#define LONGEST_S 3600

static const char *const measures[] = {
	[WR_GATEWAY_ERRORS] = "errors", [WR_GATEWAY_LATENCY] = "latency"};

/* ---- words ---- */

struct words {
	const char *at;
	char word[WR_GATEWAY_WHEN_ROUTE];
};

/* The next one, of which quotes may be around. -EINVAL: it is too long, or a quote is open. */
static int next(struct words *w, struct wr_err *err)
{
	const char *end;
	size_t n;

	w->at += strspn(w->at, " \t");
	end = w->at + strcspn(w->at, " \t");
	if (*w->at == '"') {
		end = strchr(++w->at, '"');
		if (!end)
			return wr_fail(err, EINVAL, "a quote is not closed");
	}
	n = (size_t)(end - w->at);
	if (n >= sizeof(w->word))
		return wr_fail(err, EINVAL, "'%.20s…': longer than %zu bytes", w->at,
			       sizeof(w->word) - 1);
	memcpy(w->word, w->at, n);
	w->word[n] = 0;
	w->at = end + (*end == '"');
	return 0;
}

static int wrong(const struct words *w, const char *expected, struct wr_err *err)
{
	if (!w->word[0])
		return wr_fail(err, EINVAL, "its end: expected %s", expected);
	return wr_fail(err, EINVAL, "'%.64s': expected %s", w->word, expected);
}

/* Exactly these words, with blanks between. */
static int these(struct words *w, const char *words, struct wr_err *err)
{
	char one[WORD];
	int n, ret = 0;

	while (!ret && sscanf(words, "%63s%n", one, &n) == 1) {
		words += n;
		ret = next(w, err);
		if (!ret && strcmp(w->word, one) != 0)
			ret = wrong(w, one, err);
	}
	return ret;
}

static int read_value(struct words *w, enum wr_gateway_measure m, double *to, struct wr_err *err)
{
	uint64_t ns;
	char *end;
	double v;
	int ret = next(w, err);

	if (ret)
		return ret;
	if (m == WR_GATEWAY_LATENCY) {
		if (wr_unit_duration(w->word, &ns) || !ns || ns > LONGEST_S * SECOND)
			return wrong(w, "a time, such as 800ms", err);
		*to = (double)ns;
		return 0;
	}
	v = strtod(w->word, &end);
	if (!isdigit((unsigned char)w->word[0]) || strcmp(end, "%") != 0 || !(v > 0 && v <= 100))
		return wrong(w, "a share, such as 5%", err);
	*to = v / 100;
	return 0;
}

static int read_span(struct words *w, uint32_t *to, struct wr_err *err)
{
	uint64_t ns;
	int ret = these(w, "for", err);

	if (!ret)
		ret = next(w, err);
	if (ret)
		return ret;
	if (wr_unit_duration(w->word, &ns) || ns < SECOND || ns > LONGEST_S * SECOND || ns % SECOND)
		return wrong(w, "whole seconds from 1s to 1h", err);
	*to = (uint32_t)(ns / SECOND);
	return 0;
}

static int read_route(struct wr_gateway_when *w, struct words *s, struct wr_err *err)
{
	int ret = these(s, "when route", err);

	if (!ret)
		ret = next(s, err);
	for (const char *c = s->word; *c && !ret; c++)
		if (*c < ' ' || *c > '~')
			ret = wr_fail(err, EINVAL, "a route with other characters than ASCII");
	if (!ret && !strchr(s->word, '/'))
		ret = wrong(s, "a route, such as \"/api/search\" or \"GET /users/{id}\"", err);
	if (!ret)
		memcpy(w->route, s->word, sizeof(w->route));
	if (!ret)
		ret = these(s, "at", err);
	if (!ret)
		ret = next(s, err);
	if (!ret && (!s->word[0] || strlen(s->word) >= sizeof(w->gateway)))
		ret = wrong(s, "the name of a gateway", err);
	if (!ret)
		snprintf(w->gateway, sizeof(w->gateway), "%.31s", s->word);
	return ret;
}

static int read_measure(struct wr_gateway_when *w, struct words *s, struct wr_err *err)
{
	int ret = next(s, err);

	if (ret)
		return ret;
	for (int m = 0; m < WR_GATEWAY_MEASURES; m++) {
		w->measure = (enum wr_gateway_measure)m;
		if (!strcmp(s->word, measures[m]))
			return 0;
	}
	return wrong(s, "errors or latency", err);
}

static int read_limit(struct wr_gateway_when *w, struct words *s, struct wr_err *err)
{
	char *end, route[WR_GATEWAY_SUBJECT];
	unsigned long v;
	int ret = these(s, "limit", err);

	if (!ret)
		ret = next(s, err);
	w->consumers = !ret && !strcmp(s->word, "consumers");
	if (!ret && !w->consumers && strcmp(s->word, "clients") != 0)
		ret = wrong(s, "clients (by address) or consumers (of this route)", err);
	if (!ret && w->consumers)
		ret = wr_gateway_route(route, w->route, err);
	if (!ret)
		ret = these(s, "to", err);
	if (!ret)
		ret = next(s, err);
	if (ret)
		return ret;
	v = strtoul(s->word, &end, 10);
	if (!isdigit((unsigned char)s->word[0]) || strcmp(end, "/s") != 0 || !v ||
	    v > WR_GATEWAY_RATE_MAX)
		return wrong(s, "requests a second, such as 10/s", err);
	w->rate = (uint32_t)v;
	return 0;
}

int wr_gateway_when_parse(struct wr_gateway_when *out, const char *text, struct wr_err *err)
{
	struct wr_gateway_when w = {.line = 0};
	struct words s = {.at = text};
	int ret = read_route(&w, &s, err);

	if (!ret)
		ret = read_measure(&w, &s, err);
	if (!ret)
		ret = these(&s, "over", err);
	if (!ret)
		ret = read_value(&s, w.measure, &w.over, err);
	if (!ret)
		ret = read_span(&s, &w.over_s, err);
	if (!ret)
		ret = read_limit(&w, &s, err);
	if (!ret)
		ret = these(&s, "until below", err);
	if (!ret)
		ret = read_value(&s, w.measure, &w.below, err);
	if (!ret && w.below > w.over)
		ret = wrong(&s, "no more than behind 'over'", err);
	if (!ret)
		ret = read_span(&s, &w.below_s, err);
	if (!ret)
		ret = next(&s, err);
	if (!ret && s.word[0])
		ret = wrong(&s, "nothing more", err);
	if (!ret)
		*out = w;
	return ret;
}

/* ---- text ---- */

static void print_value(struct wr_buf *b, enum wr_gateway_measure m, double value)
{
	char text[WR_UNIT_TEXT];

	if (m == WR_GATEWAY_ERRORS) {
		wr_buf_fmt(b, "%.10g%%", value * 100);
		return;
	}
	wr_unit_duration_text(text, (uint64_t)value);
	wr_buf_str(b, text);
}

static void print_span(struct wr_buf *b, uint32_t s)
{
	wr_buf_fmt(b, " for %us", s);
}

void wr_gateway_when_print(struct wr_buf *b, const struct wr_gateway_when *w)
{
	wr_buf_fmt(b, "when route \"%s\" at %s %s over ", w->route, w->gateway,
		   measures[w->measure]);
	print_value(b, w->measure, w->over);
	print_span(b, w->over_s);
	wr_buf_fmt(b, " limit %s to %u/s until below ", w->consumers ? "consumers" : "clients",
		   w->rate);
	print_value(b, w->measure, w->below);
	print_span(b, w->below_s);
}

void wr_gateway_when_why(char to[WR_GATEWAY_WHEN_WHY], const struct wr_gateway_when *w)
{
	snprintf(to, WR_GATEWAY_WHEN_WHY, WR_GATEWAY_WHEN_MARK "%s of %.*s%s", measures[w->measure],
		 w->consumers ? 32 : 40, w->route, w->consumers ? " (consumers)" : "");
}

static int read_line(struct wr_gateway_whens *all, const char *line, size_t n, unsigned int number,
		     struct wr_err *err)
{
	char text[LINE_MOST];
	int ret;

	while (n && strchr(" \t\r", line[n - 1]))
		n--;
	while (n && strchr(" \t", *line))
		line++, n--;
	if (!n || *line == '#')
		return 0;
	if (n >= sizeof(text) || memchr(line, 0, n))
		return wr_fail(err, EINVAL, "a line of more than %d bytes, or no text",
			       LINE_MOST - 1);
	if (all->n == WR_GATEWAY_WHENS)
		return wr_fail(err, EINVAL, "more than %d policies", WR_GATEWAY_WHENS);
	memcpy(text, line, n);
	text[n] = 0;
	ret = wr_gateway_when_parse(&all->at[all->n], text, err);
	if (!ret)
		all->at[all->n++].line = number;
	return ret;
}

int wr_gateway_whens_read(struct wr_gateway_whens *all, const char *path, struct wr_err *err)
{
	unsigned int number = 0;
	struct wr_buf b = {0};
	size_t at = 0, len;
	const char *line;
	int ret;

	all->n = 0;
	ret = wr_gateway_whole_file(path, FILE_MOST, &b, err);
	while (!ret && (line = wr_gateway_line(b.at, b.used, &at, &len))) {
		number++;
		ret = read_line(all, line, len, number, err);
		if (ret)
			ret = wr_within(err, "%s:%u", path, number);
	}
	wr_buf_free(&b);
	return ret;
}

/* ---- what it says ---- */

bool wr_gateway_when_is(const struct wr_gateway_when *w, const char *name)
{
	const char *path = strchr(name, '/');

	return !strcmp(w->route, name) || (w->route[0] == '/' && path && !strcmp(w->route, path));
}

enum wr_gateway_when_step wr_gateway_when_second(const struct wr_gateway_when *w,
						 struct wr_gateway_when_state *s, bool known,
						 double value)
{
	s->blind &= !known;
	if (s->blind)
		return WR_GATEWAY_WHEN_ACT;
	s->over_s = known && value > w->over ? s->over_s + 1 : 0;
	s->below_s = !known || value < w->below ? s->below_s + 1 : 0;
	if (!s->acts && s->over_s >= w->over_s) {
		s->acts = true;
		s->below_s = 0;
	} else if (s->acts && s->below_s >= w->below_s) {
		*s = (struct wr_gateway_when_state){0};
		return WR_GATEWAY_WHEN_BACK;
	}
	return s->acts ? WR_GATEWAY_WHEN_ACT : WR_GATEWAY_WHEN_REST;
}
