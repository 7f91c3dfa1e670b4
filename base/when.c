/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/when.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#define SECOND 1000000000u

/* ---- numbers ---- */

/* Digits with up to nine decimals, in units of 10^-9: "1.5" is 1500000000. False: no number, or too
 * large. */
static bool decimal(const char **p, uint64_t *nano)
{
	uint64_t whole = 0, part = 0, place = SECOND / 10;
	const char *s = *p;

	if (!isdigit((unsigned char)*s))
		return false;
	for (; isdigit((unsigned char)*s); s++) {
		whole = whole * 10 + (uint64_t)(*s - '0');
		if (whole > UINT64_MAX / SECOND - 1)
			return false;
	}
	if (*s == '.' && isdigit((unsigned char)s[1]))
		for (s++; isdigit((unsigned char)*s); s++, place /= 10)
			part += (uint64_t)(*s - '0') * place;
	*nano = whole * SECOND + part;
	*p = s;
	return true;
}

/* Exactly n digits. */
static bool digits(const char **p, int n, int *out)
{
	for (*out = 0; n; n--, (*p)++) {
		if (!isdigit((unsigned char)**p))
			return false;
		*out = *out * 10 + (**p - '0');
	}
	return true;
}

static bool letter(const char **p, const char *any)
{
	if (!**p || !strchr(any, **p))
		return false;
	(*p)++;
	return true;
}

/* ---- spans ---- */

static const struct unit {
	const char *name;
	uint64_t ns;
} units[] = {
	{"w", 604800ull * SECOND},
	{"d", 86400ull * SECOND},
	{"h", 3600ull * SECOND},
	{"m", 60ull * SECOND},
	{"s", SECOND},
	{"ms", 1000000},
	{"us", 1000},
	{"ns", 1},
};

static const struct unit *unit_of(const char **p)
{
	size_t n = strspn(*p, "abcdefghijklmnopqrstuvwxyz");

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strlen(units[i].name) == n && !memcmp(units[i].name, *p, n)) {
			*p += n;
			return &units[i];
		}
	}
	return NULL;
}

static bool span(const char *s, uint64_t *ns)
{
	uint64_t nano, sum = 0, last = UINT64_MAX;
	unsigned __int128 part;
	const struct unit *u;

	do {
		if (!decimal(&s, &nano))
			return false;
		u = *s ? unit_of(&s) : &units[4];
		if (!u || u->ns >= last)
			return false;
		last = u->ns;
		part = (unsigned __int128)nano * u->ns / SECOND;
		if (part > UINT64_MAX - sum)
			return false;
		sum += (uint64_t)part;
	} while (*s);
	*ns = sum;
	return true;
}

int wr_when_span(const char *text, uint64_t *ns, struct wr_err *err)
{
	if (span(text, ns))
		return 0;
	return wr_fail(err, EINVAL, "'%s' is no span of time (try 90s, 2h or 1h30m)", text);
}

/* ---- moments ---- */

uint64_t wr_when_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

/* ":SS.fff" may be absent. */
static bool clock_part(const char **p, struct tm *tm, uint64_t *part_ns)
{
	uint64_t nano;

	if (!digits(p, 2, &tm->tm_hour) || !letter(p, ":") || !digits(p, 2, &tm->tm_min))
		return false;
	if (!letter(p, ":"))
		return true;
	/* A leap second is told as 60 and is the moment after 59 (RFC 3339, 5.7). */
	if (!isdigit((unsigned char)**p) || !decimal(p, &nano) || nano > 60ull * SECOND)
		return false;
	tm->tm_sec = (int)(nano / SECOND);
	*part_ns = nano % SECOND;
	return true;
}

/* Z, +HH:MM, -HH:MM or nothing. False: something else. */
static bool zone_part(const char **p, bool *given, int *east_s)
{
	int sign = **p == '-' ? -1 : 1, h, m;

	*given = letter(p, "Zz");
	if (*given || !**p)
		return true;
	*given = true;
	if (!letter(p, "+-") || !digits(p, 2, &h) || !letter(p, ":") || !digits(p, 2, &m) ||
	    h > 23 || m > 59)
		return false;
	*east_s = sign * (h * 3600 + m * 60);
	return true;
}

/* The C library would turn 30 February into 2 March. */
static bool is_date(int year, int month, int day)
{
	static const char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = year % 4 == 0 && (year % 100 || year % 400 == 0);

	/* Beyond 2500 nanoseconds would not fit. */
	return year >= 1970 && year <= 2500 && month >= 1 && month <= 12 && day >= 1 &&
	       day <= days[month - 1] + (month == 2 && leap);
}

static bool calendar(const char *s, uint64_t *ns)
{
	int year, month, day, east_s = 0;
	struct tm tm = {.tm_isdst = -1};
	uint64_t part_ns = 0;
	bool zone = false;
	time_t t;

	if (!digits(&s, 4, &year) || !letter(&s, "-") || !digits(&s, 2, &month) ||
	    !letter(&s, "-") || !digits(&s, 2, &day) || !is_date(year, month, day))
		return false;
	if (*s && (!letter(&s, "Tt ") || !clock_part(&s, &tm, &part_ns) ||
		   !zone_part(&s, &zone, &east_s)))
		return false;
	if (*s || tm.tm_hour > 23 || tm.tm_min > 59)
		return false;
	tm.tm_year = year - 1900;
	tm.tm_mon = month - 1;
	tm.tm_mday = day;
	t = zone ? timegm(&tm) - east_s : mktime(&tm);
	if (t < 0)
		return false;
	*ns = (uint64_t)t * SECOND + part_ns;
	return true;
}

static bool relative(const char *s, uint64_t now_ns, uint64_t *ns)
{
	uint64_t by;

	if (!span(s + 1, &by))
		return false;
	if (*s == '-')
		*ns = by < now_ns ? now_ns - by : 0;
	else if (by > UINT64_MAX - now_ns)
		return false;
	else
		*ns = now_ns + by;
	return true;
}

static bool moment(const char *s, uint64_t now_ns, uint64_t *ns)
{
	const char *end = s;
	uint64_t at;

	if (!strcmp(s, "now")) {
		*ns = now_ns;
		return true;
	}
	if (*s == '-' || *s == '+')
		return relative(s, now_ns, ns);
	if (decimal(&end, &at) && !*end) {
		*ns = at;
		return true;
	}
	return calendar(s, ns);
}

int wr_when_parse(const char *text, uint64_t now_ns, uint64_t *ns, struct wr_err *err)
{
	if (moment(text, now_ns, ns))
		return 0;
	return wr_fail(err, EINVAL,
		       "'%s' is no time (try now, -2h, -1h30m, 2026-11-23T04:44:00Z, 2026-11-23 or "
		       "Unix seconds)",
		       text);
}
