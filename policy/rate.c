/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/policy_impl.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/near.h"
#include "base/unit.h"

/* Rates, and what a limit does with them. */

static const struct wr_unit pps[] = {
	{"pps", 1, true}, {"kpps", 1000, true}, {"Mpps", 1000000, true}, {NULL}};
static const struct wr_unit bps[] = {{"bit", 1, true},
				     {"kbit", 1000, true},
				     {"mbit", 1000000, true},
				     {"gbit", 1000000000, true},
				     {NULL}};
static const struct wr_unit cps[] = {{"cps", 1, true}, {"kcps", 1000, true}, {NULL}};

/* The most is far above what any link does, and low enough that sums of buckets fit 64 bits. */
static const struct {
	const struct wr_unit *units;
	uint64_t min, max;
	int (*burst)(const char *text, uint64_t *v);
	uint64_t burst_max;
} kinds[WR_RATE_COUNT] = {
	[WR_RATE_PPS] = {pps, 1, 1000000000, wr_unit_number, 1000000000},
	[WR_RATE_BPS] = {bps, 1000, 10000000000000, wr_unit_size, 1ull << 30},
	[WR_RATE_CPS] = {cps, 1, 1000000000, wr_unit_number, 1000000000},
};

static const char range[] =
	"a rate from 1pps to 1000Mpps, 1kbit to 10000gbit or 1cps to 1000000kcps";
static const char expects[] = "a rate (1000pps, 5kpps, 20mbit, 100cps)";

/* 20Mbit was meant to be 20mbit. */
static int no_rate(struct wr_policy_reader *r, const char *word)
{
	const char *names[16] = {NULL}, *near, *unit = word + strspn(word, "0123456789");
	char meant[WR_POLICY_WORD + 16];
	size_t n = 0;

	for (int k = 0; k < WR_RATE_COUNT; k++)
		for (const struct wr_unit *u = kinds[k].units; u->name; u++)
			names[n++] = u->name;
	near = unit > word && isalpha((unsigned char)*unit) ? wr_near(unit, names) : NULL;
	for (n = 0; names[n]; n++)
		if (!strcasecmp(names[n], unit))
			near = names[n];
	if (!near || unit == word)
		return wr_policy_expected(r, expects, NULL);
	snprintf(meant, sizeof(meant), "%.*s%s", (int)(unit - word), word, near);
	return wr_policy_expected(r, expects, (const char *[]){meant, NULL});
}

int wr_policy_read_rate(struct wr_policy_reader *r, struct wr_limit *l)
{
	char word[WR_POLICY_WORD];
	uint64_t v;
	int k = 0;

	if (!wr_policy_peek(r, word))
		return wr_policy_expected(r, expects, NULL);
	while (k < WR_RATE_COUNT && wr_unit_read(kinds[k].units, word, &v))
		k++;
	if (k == WR_RATE_COUNT)
		return no_rate(r, word);
	if (v < kinds[k].min || v > kinds[k].max)
		return wr_policy_expected(r, range, NULL);
	l->unit = (enum wr_rate_unit)k;
	l->rate = v;
	wr_policy_next(r);
	return 0;
}

void wr_policy_print_rate(struct wr_buf *b, enum wr_rate_unit unit, uint64_t rate)
{
	char text[WR_UNIT_TEXT];

	wr_unit_write(kinds[unit].units, text, rate);
	wr_buf_str(b, text);
}

/* ---- limit RATE ---- */

int wr_policy_read_limit(struct wr_policy_reader *r)
{
	r->rule->limit.bits4 = 32;
	r->rule->limit.bits6 = 128;
	return wr_policy_read_rate(r, &r->rule->limit);
}

void wr_policy_print_limit(const struct wr_policy_writer *w)
{
	wr_buf_char(w->b, ' ');
	wr_policy_print_rate(w->b, w->rule->limit.unit, w->rule->limit.rate);
}

/* ---- cookies over RATE: of each service ---- */

int wr_policy_read_over(struct wr_policy_reader *r)
{
	struct wr_limit *l = &r->rule->limit;
	struct wr_token at = r->token;
	int ret = wr_policy_read_rate(r, l);

	if (!ret && l->unit != WR_RATE_CPS)
		return wr_policy_wrong(r, EINVAL, &at,
				       "SYN cookies are for new connections: cps or kcps");
	l->per = WR_PER_SERVICE;
	return ret;
}

void wr_policy_print_over(const struct wr_policy_writer *w)
{
	const struct wr_limit *l = &w->rule->limit;

	if (w->rule->action != WR_ACTION_COOKIES || !l->rate)
		return;
	wr_buf_str(w->b, " over ");
	wr_policy_print_rate(w->b, l->unit, l->rate);
}

/* ---- burst ---- */

int wr_policy_read_burst(struct wr_policy_reader *r)
{
	struct wr_limit *l = &r->rule->limit;
	char word[WR_POLICY_WORD];
	uint64_t v;

	if (!wr_policy_peek(r, word) || kinds[l->unit].burst(word, &v))
		return wr_policy_expected(r, r->clause->expects, NULL);
	if (!v || v > kinds[l->unit].burst_max)
		return wr_policy_wrong(r, EINVAL, &r->token, "a burst is from 1 to %s",
				       l->unit == WR_RATE_BPS ? "1GiB" : "1G");
	l->burst = v;
	wr_policy_next(r);
	return 0;
}

void wr_policy_print_burst(const struct wr_policy_writer *w)
{
	const struct wr_limit *l = &w->rule->limit;
	char text[WR_UNIT_TEXT];

	if (w->rule->action != WR_ACTION_LIMIT || !l->burst)
		return;
	snprintf(text, sizeof(text), "%" PRIu64, l->burst);
	if (l->unit == WR_RATE_BPS)
		wr_unit_size_text(text, l->burst);
	wr_buf_fmt(w->b, " burst %s", text);
}

/* ---- per ---- */

static const char *const pers[WR_PER_COUNT + 1] = {
	[WR_PER_RULE] = "rule", [WR_PER_SOURCE] = "source", [WR_PER_SERVICE] = "service"};

/* "/24": a length from 1 to max. Returns what follows, or NULL. */
static const char *length_of(const char *s, unsigned long max, uint8_t *out)
{
	unsigned long v;
	char *end;

	if (s[0] != '/' || s[1] < '1' || s[1] > '9')
		return NULL;
	v = strtoul(s + 1, &end, 10);
	if (v > max)
		return NULL;
	*out = (uint8_t)v;
	return end;
}

static int read_lengths(struct wr_policy_reader *r, const char *s)
{
	struct wr_limit *l = &r->rule->limit;

	s = length_of(s, 32, &l->bits4);
	if (s && *s)
		s = length_of(s, 128, &l->bits6);
	if (s && !*s)
		return 0;
	return wr_policy_wrong(r, EINVAL, &r->token,
			       "of a source: /1 to /32 for IPv4, behind it /1 to /128 for IPv6 "
			       "(source/24/64)");
}

int wr_policy_read_per(struct wr_policy_reader *r)
{
	char word[WR_POLICY_WORD], *slash;
	int i = 0, ret = 0;

	if (!wr_policy_peek(r, word))
		return wr_policy_expected(r, r->clause->expects, NULL);
	slash = word + strcspn(word, "/");
	while (pers[i] && (strlen(pers[i]) != (size_t)(slash - word) ||
			   memcmp(pers[i], word, strlen(pers[i]))))
		i++;
	if (!pers[i] || (*slash && i != WR_PER_SOURCE))
		return wr_policy_expected(r, r->clause->expects, pers);
	r->rule->limit.per = (enum wr_limit_per)i;
	if (*slash)
		ret = read_lengths(r, slash);
	if (!ret)
		wr_policy_next(r);
	return ret;
}

void wr_policy_print_per(const struct wr_policy_writer *w)
{
	const struct wr_limit *l = &w->rule->limit;

	if (w->rule->action != WR_ACTION_LIMIT || l->per == WR_PER_RULE)
		return;
	wr_buf_fmt(w->b, " per %s", pers[l->per]);
	if (l->per == WR_PER_SOURCE && (l->bits4 != 32 || l->bits6 != 128))
		wr_buf_fmt(w->b, "/%d", l->bits4);
	if (l->per == WR_PER_SOURCE && l->bits6 != 128)
		wr_buf_fmt(w->b, "/%d", l->bits6);
}
