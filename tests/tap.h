/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_TESTS_TAP_H
#define WR_TESTS_TAP_H

/*
 * Test Anything Protocol. A test is a sentence: ok(rate == 10, "10mbit is ten million bits a
 * second"); end main() with `return done();`.
 */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tap_count, tap_failed;

__attribute__((format(printf, 2, 3), unused)) static int ok(int good, const char *fmt, ...)
{
	va_list ap;

	printf("%sok %d - ", good ? "" : "not ", ++tap_count);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	tap_failed += !good;
	return good;
}

__attribute__((format(printf, 3, 4), unused)) static int is_int(long long got, long long want,
								const char *fmt, ...)
{
	va_list ap;

	printf("%sok %d - ", got == want ? "" : "not ", ++tap_count);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	if (got != want) {
		printf("# got %lld, wanted %lld\n", got, want);
		tap_failed++;
	}
	return got == want;
}

__attribute__((unused)) static int is_str(const char *got, const char *want, const char *what)
{
	int same = got && want && !strcmp(got, want);

	printf("%sok %d - %s\n", same ? "" : "not ", ++tap_count, what);
	if (!same) {
		printf("# got    '%s'\n# wanted '%s'\n", got ? got : "(null)",
		       want ? want : "(null)");
		tap_failed++;
	}
	return same;
}

/* What cannot run here is counted, never passed. */
__attribute__((format(printf, 1, 2), unused)) static void skip(const char *fmt, ...)
{
	va_list ap;

	printf("ok %d # SKIP ", ++tap_count);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
}

__attribute__((format(printf, 1, 2), unused)) static void note(const char *fmt, ...)
{
	va_list ap;

	printf("# ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
}

__attribute__((unused)) static int done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed != 0;
}

#endif
