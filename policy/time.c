/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/policy_impl.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/when.h"

/* How long a rule holds, and when it is on: for, until, at. */

#define SECOND 1000000000u

enum { DAY_S = 86400, MOST_DAYS = 3650, DAY_MIN = 24 * 60, DAYS = 7 };

/* ---- for ---- */

int wr_policy_read_for(struct wr_policy_reader *r)
{
	char word[WR_POLICY_WORD];
	uint64_t ns;

	/* "10" could be meant as minutes. */
	if (!wr_policy_peek(r, word) || isdigit((unsigned char)word[r->token.n - 1]) ||
	    wr_when_span(word, &ns, NULL) || !ns || ns % SECOND ||
	    ns / SECOND > (uint64_t)MOST_DAYS * DAY_S)
		return wr_policy_expected(r, r->clause->expects, NULL);
	r->rule->for_s = (uint32_t)(ns / SECOND);
	wr_policy_next(r);
	return 0;
}

void wr_policy_print_for(const struct wr_policy_writer *w)
{
	static const struct {
		uint32_t s;
		char name;
	} units[] = {{DAY_S, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
	uint32_t left = w->rule->for_s;

	if (left)
		wr_buf_str(w->b, " for ");
	for (size_t i = 0; left; i++) {
		if (left >= units[i].s)
			wr_buf_fmt(w->b, "%" PRIu32 "%c", left / units[i].s, units[i].name);
		left %= units[i].s;
	}
}

/* ---- until ---- */

/* A date, whose time may be the next word. */
static int whole_moment(struct wr_policy_reader *r, char out[2 * WR_POLICY_WORD])
{
	static const char shape[] = "dddd-dd-dd";
	char word[WR_POLICY_WORD];

	if (!wr_policy_peek(r, word))
		return wr_policy_expected(r, r->clause->expects, NULL);
	for (size_t i = 0; shape[i]; i++)
		if (shape[i] == 'd' ? !isdigit((unsigned char)word[i]) : word[i] != shape[i])
			return wr_policy_expected(r, r->clause->expects, NULL);
	strcpy(out, word);
	if (word[sizeof(shape) - 1])
		return 0;
	wr_policy_next(r);
	if (!wr_policy_peek(r, word) || !isdigit((unsigned char)word[0]))
		return wr_policy_expected(r, "the time of that day (18:00)", NULL);
	strcat(out, " ");
	strcat(out, word);
	return 0;
}

int wr_policy_read_until(struct wr_policy_reader *r)
{
	char text[2 * WR_POLICY_WORD];
	uint64_t ns;
	int ret = whole_moment(r, text);

	if (ret)
		return ret;
	if (wr_when_parse(text, 0, &ns, NULL) || ns < SECOND)
		return wr_policy_expected(r, r->clause->expects, NULL);
	r->rule->until_s = (int64_t)(ns / SECOND);
	wr_policy_next(r);
	return 0;
}

void wr_policy_print_until(const struct wr_policy_writer *w)
{
	time_t t = (time_t)w->rule->until_s;
	char text[64];
	struct tm tm;

	if (!t || !gmtime_r(&t, &tm) || !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		return;
	wr_buf_fmt(w->b, " until %s", text);
}

/* ---- at: days ---- */

static const char *const days[DAYS + 1] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

static int day_of(const char *s, size_t n)
{
	for (int i = 0; i < DAYS; i++)
		if (n == 3 && !memcmp(days[i], s, 3))
			return i;
	return -1;
}

/* mon, mon-fri, sat-mon */
static int read_days(struct wr_policy_reader *r, const char *word)
{
	size_t n = strcspn(word, "-");
	int from = day_of(word, n), to = from;

	if (word[n])
		to = day_of(word + n + 1, strlen(word + n + 1));
	if (from < 0 || to < 0)
		return wr_policy_expected(r, r->clause->expects, days);
	for (int d = from;; d = (d + 1) % DAYS) {
		r->rule->at.days |= (uint8_t)(1 << d);
		if (d == to)
			break;
	}
	wr_policy_next(r);
	return 0;
}

static int read_day_list(struct wr_policy_reader *r)
{
	char word[WR_POLICY_WORD];
	int ret;

	do {
		if (!wr_policy_peek(r, word))
			return wr_policy_expected(r, r->clause->expects, NULL);
		ret = read_days(r, word);
	} while (!ret && wr_policy_skip(r, WR_TOKEN_COMMA));
	if (r->rule->at.days == (1 << DAYS) - 1)
		r->rule->at.days = 0;
	return ret;
}

/* ---- at: time of day ---- */

/* HH:MM; 24:00 is the end of the day. Returns what follows, or NULL. */
static const char *minute_of(const char *s, unsigned int *min)
{
	unsigned int h, m;

	if (strlen(s) < 5 || s[2] != ':')
		return NULL;
	for (int i = 0; i < 5; i++)
		if (i != 2 && !isdigit((unsigned char)s[i]))
			return NULL;
	h = (unsigned int)(s[0] - '0') * 10 + (unsigned int)(s[1] - '0');
	m = (unsigned int)(s[3] - '0') * 10 + (unsigned int)(s[4] - '0');
	*min = h * 60 + m;
	return m < 60 && *min <= DAY_MIN ? s + 5 : NULL;
}

static int read_clock(struct wr_policy_reader *r, const char *word)
{
	unsigned int from, to;
	const char *s = minute_of(word, &from);

	if (!s || *s != '-' || from == DAY_MIN || !(s = minute_of(s + 1, &to)) || *s)
		return wr_policy_expected(r, r->clause->expects, NULL);
	if (from == to)
		return wr_policy_wrong(r, EINVAL, &r->token, "begins when it ends");
	r->rule->at.from_min = (uint16_t)from;
	r->rule->at.to_min = (uint16_t)(to % DAY_MIN);
	wr_policy_next(r);
	return 0;
}

int wr_policy_read_at(struct wr_policy_reader *r)
{
	const struct wr_schedule *s = &r->rule->at;
	struct wr_token first = r->token;
	char word[WR_POLICY_WORD];
	int ret = 0;

	if (!wr_policy_peek(r, word))
		return wr_policy_expected(r, r->clause->expects, NULL);
	if (!isdigit((unsigned char)word[0]))
		ret = read_day_list(r);
	if (!ret && wr_policy_peek(r, word) && isdigit((unsigned char)word[0]))
		ret = read_clock(r, word);
	if (!ret && !s->days && !s->from_min && !s->to_min)
		ret = wr_policy_wrong(r, EINVAL, &first, "that is always; leave 'at' out");
	return ret;
}

static void print_days(struct wr_buf *b, uint8_t set)
{
	const char *before = " ";

	for (int d = 0, last; d < DAYS; d = last + 1) {
		last = d;
		if (!(set >> d & 1))
			continue;
		while (set >> (last + 1) & 1)
			last++;
		wr_buf_fmt(b, "%s%s", before, days[d]);
		if (last > d)
			wr_buf_fmt(b, "-%s", days[last]);
		before = ", ";
	}
}

void wr_policy_print_at(const struct wr_policy_writer *w)
{
	const struct wr_schedule *s = &w->rule->at;
	unsigned int to = s->to_min ? s->to_min : DAY_MIN;

	if (!s->days && !s->from_min && !s->to_min)
		return;
	wr_buf_str(w->b, " at");
	print_days(w->b, s->days);
	if (s->from_min || s->to_min)
		wr_buf_fmt(w->b, " %02d:%02d-%02d:%02d", s->from_min / 60, s->from_min % 60,
			   (int)to / 60, (int)to % 60);
}

/* ---- use ---- */

static bool on_day(const struct wr_schedule *s, int day)
{
	return !s->days || (s->days >> day & 1);
}

bool wr_schedule_has(const struct wr_schedule *s, int64_t unix_s)
{
	time_t t = (time_t)unix_s;
	int minute, day, before;
	struct tm tm;

	if (!localtime_r(&t, &tm))
		return false;
	minute = tm.tm_hour * 60 + tm.tm_min;
	day = (tm.tm_wday + 6) % DAYS;
	before = (day + DAYS - 1) % DAYS;
	if (!s->from_min && !s->to_min)
		return on_day(s, day);
	if (s->from_min < s->to_min)
		return on_day(s, day) && minute >= s->from_min && minute < s->to_min;
	return (on_day(s, day) && minute >= s->from_min) ||
	       (on_day(s, before) && minute < s->to_min);
}
