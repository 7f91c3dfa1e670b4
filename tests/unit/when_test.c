/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Times as people write them. */
#include "tests/tap.h"

#include <stdint.h>
#include <time.h>

#include "base/when.h"

#define S 1000000000ull

static const uint64_t now_ns = 1795409040 * S + 7;

static void moment(const char *text, uint64_t want)
{
	struct wr_err err = {0};
	uint64_t ns = 1;
	int ret = wr_when_parse(text, now_ns, &ns, &err);

	if (!ok(!ret && ns == want, "'%s' is %llu", text, (unsigned long long)want))
		note("got %d %llu %s", ret, (unsigned long long)ns, err.text);
}

static void no_moment(const char *text)
{
	struct wr_err err = {0};
	uint64_t ns = 77;
	int ret = wr_when_parse(text, now_ns, &ns, &err);

	if (!ok(ret == -22 && ns == 77 && strstr(err.text, "is no time (try"), "'%s' is no time",
		text))
		note("got %d %llu %s", ret, (unsigned long long)ns, err.text);
}

static void span(const char *text, uint64_t want)
{
	uint64_t ns = 1;
	int ret = wr_when_span(text, &ns, NULL);

	ok(!ret && ns == want, "'%s' is %llu ns", text, (unsigned long long)want);
}

static void no_span(const char *text)
{
	uint64_t ns = 77;

	ok(wr_when_span(text, &ns, NULL) == -22 && ns == 77, "'%s' is no span", text);
}

/* Every second minute of some days, through the C library and back. */
static void against_libc(void)
{
	unsigned int bad = 0;

	for (time_t t = 951696000; t < 951696000 + 3 * 86400; t += 127) {
		char text[64];
		struct tm tm;
		uint64_t ns = 0;

		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&t, &tm));
		bad += wr_when_parse(text, 0, &ns, NULL) || ns != (uint64_t)t * S;
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", localtime_r(&t, &tm));
		bad += wr_when_parse(text, 0, &ns, NULL) || ns != (uint64_t)t * S;
	}
	is_int(bad, 0, "days around a leap day as the C library writes them");
}

int main(void)
{
	setenv("TZ", "EET-2", 1);
	tzset();

	moment("now", now_ns);
	moment("-2h", now_ns - 7200 * S);
	moment("-1h30m", now_ns - 5400 * S);
	moment("+5m", now_ns + 300 * S);
	moment("-90", now_ns - 90 * S);
	moment("-0.5s", now_ns - S / 2);
	moment("-9999w", 0);
	moment("0", 0);
	moment("1795409040", 1795409040 * S);
	moment("1795409040.25", 1795409040 * S + S / 4);
	moment("2026-11-23T04:44:00Z", 1795409040 * S);
	moment("2026-11-23t04:44:00.123456789z", 1795409040 * S + 123456789);
	moment("2026-11-23T06:44:00+02:00", 1795409040 * S);
	moment("2026-11-22T23:14:00-05:30", 1795409040 * S);
	moment("2026-11-23 06:44", 1795409040 * S);
	moment("2026-11-23", (1795409040ull - 6 * 3600 - 44 * 60) * S);
	moment("2016-12-31T23:59:60Z", 1483228800 * S);
	moment("2024-02-29T00:00:00Z", 1709164800 * S);

	no_moment("");
	no_moment("yesterday");
	no_moment("-");
	no_moment("-2x");
	no_moment("--2h");
	no_moment("2h");
	no_moment("-30m1h");
	no_moment("1795409040s");
	no_moment("99999999999999999999");
	no_moment("2026-02-30");
	no_moment("2100-02-29");
	no_moment("2026-13-01");
	no_moment("1969-12-31");
	no_moment("9999-01-01");
	no_moment("2026-11-23T");
	no_moment("2026-11-23T24:00");
	no_moment("2026-11-23T04:60Z");
	no_moment("2026-11-23T04:44:61Z");
	no_moment("2026-11-23T04:44:00Zx");
	no_moment("2026-11-23T04:44:00+0200");
	no_moment("2026-1-23");

	span("90", 90 * S);
	span("1.5s", 3 * S / 2);
	span("250ms", S / 4);
	span("1w2d", 9 * 86400 * S);
	span("1h30m15s7ns", 5415 * S + 7);
	no_span("");
	no_span("h");
	no_span("-1h");
	no_span("1h 30m");
	no_span("1h1h");
	no_span("1y");
	no_span("18446744074s");
	no_span("40000w");

	against_libc();
	return done();
}
