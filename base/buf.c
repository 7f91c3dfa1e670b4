/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/buf.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char decimal[] = "00010203040506070809101112131415161718192021222324"
			      "25262728293031323334353637383940414243444546474849"
			      "50515253545556575859606162636465666768697071727374"
			      "75767778798081828384858687888990919293949596979899";
static const char hex[] = "0123456789abcdef";

/* ---- room ---- */

void wr_buf_free(struct wr_buf *b)
{
	free(b->at);
	*b = (struct wr_buf){0};
}

char *wr_buf_grow(struct wr_buf *b, size_t n)
{
	size_t room = b->room ? b->room : 512;
	char *at;

	if (b->failed || n > SIZE_MAX / 4 - b->used)
		goto fail;
	while (room - b->used < n)
		room *= 2;
	at = realloc(b->at, room);
	if (!at)
		goto fail;
	b->at = at;
	b->room = room;
	return at + b->used;
fail:
	b->failed = true;
	return NULL;
}

const char *wr_buf_text(struct wr_buf *b)
{
	size_t end = b->used;

	/* Without room, better a text without its last byte than none. */
	if (!wr_buf_room(b, 1) && end)
		end--;
	if (!b->at)
		return "";
	b->at[end] = 0;
	return b->at;
}

/* ---- text ---- */

void wr_buf_add(struct wr_buf *b, const void *bytes, size_t n)
{
	char *to = n ? wr_buf_room(b, n) : NULL;

	if (!to)
		return;
	memcpy(to, bytes, n);
	b->used += n;
}

void wr_buf_str(struct wr_buf *b, const char *s)
{
	wr_buf_add(b, s, strlen(s));
}

void wr_buf_char(struct wr_buf *b, char c)
{
	char *to = wr_buf_room(b, 1);

	if (!to)
		return;
	*to = c;
	b->used++;
}

void wr_buf_fmt(struct wr_buf *b, const char *fmt, ...)
{
	char *to = wr_buf_room(b, 128);
	va_list ap;
	int n;

	if (!to)
		return;
	va_start(ap, fmt);
	n = vsnprintf(to, b->room - b->used, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	if ((size_t)n >= b->room - b->used) {
		to = wr_buf_room(b, (size_t)n + 1);
		if (!to)
			return;
		va_start(ap, fmt);
		vsnprintf(to, (size_t)n + 1, fmt, ap);
		va_end(ap);
	}
	b->used += (size_t)n;
}

void wr_buf_pad(struct wr_buf *b, size_t column)
{
	size_t at = 0;
	char *to;

	while (at < b->used && b->at[b->used - 1 - at] != '\n')
		at++;
	if (at >= column)
		return;
	to = wr_buf_room(b, column - at);
	if (!to)
		return;
	memset(to, ' ', column - at);
	b->used += column - at;
}

/* ---- numbers ---- */

/* Writes v so that it ends before `end`. Returns where it begins. */
static char *put_u64(char *end, uint64_t v)
{
	while (v >= 100) {
		end -= 2;
		memcpy(end, decimal + v % 100 * 2, 2);
		v /= 100;
	}
	if (v >= 10) {
		end -= 2;
		memcpy(end, decimal + v * 2, 2);
	} else {
		*--end = (char)('0' + v);
	}
	return end;
}

void wr_buf_u64(struct wr_buf *b, uint64_t v)
{
	char text[20], *from;

	if (v < 10) {
		wr_buf_char(b, (char)('0' + v));
		return;
	}
	from = put_u64(text + sizeof(text), v);
	wr_buf_add(b, from, (size_t)(text + sizeof(text) - from));
}

void wr_buf_double(struct wr_buf *b, double v)
{
	char text[32];
	double back;
	int digits;

	for (digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, v);
		if (sscanf(text, "%lf", &back) == 1 && back == v)
			break;
	}
	wr_buf_str(b, text);
}

void wr_buf_hex(struct wr_buf *b, uint64_t v, int digits)
{
	char text[16], *to = text + sizeof(text);

	do {
		*--to = hex[v & 15];
		v >>= 4;
		digits--;
	} while (to > text && (v || digits > 0));
	wr_buf_add(b, to, (size_t)(text + sizeof(text) - to));
}

static char *put_byte(char *to, unsigned int v)
{
	if (v >= 100) {
		*to++ = (char)('0' + v / 100);
		v %= 100;
	} else if (v < 10) {
		*to++ = (char)('0' + v);
		return to;
	}
	memcpy(to, decimal + v * 2, 2);
	return to + 2;
}

/* ---- addresses ---- */

static char *put_ip4(char *to, const uint8_t a[4])
{
	int i;

	for (i = 0; i < 4; i++) {
		to = put_byte(to, a[i]);
		*to++ = '.';
	}
	return to - 1;
}

void wr_buf_ip4(struct wr_buf *b, const uint8_t addr_net[4])
{
	char *to = wr_buf_room(b, 16);

	if (to)
		b->used = (size_t)(put_ip4(to, addr_net) - b->at);
}

/* Four hexadecimal digits at most, no zeros in front. */
static char *put_group(char *to, unsigned int g)
{
	if (g > 0xfff)
		*to++ = hex[g >> 12];
	if (g > 0xff)
		*to++ = hex[g >> 8 & 15];
	if (g > 0xf)
		*to++ = hex[g >> 4 & 15];
	*to++ = hex[g & 15];
	return to;
}

/* The longest run of two or more zero groups, the first of equals (RFC 5952, 4.2). Returns its
 * length. */
static int zero_run(const unsigned int g[8], int *start)
{
	int i, run = 0, best = 1;

	for (i = 0; i < 8; i++) {
		run = g[i] ? 0 : run + 1;
		if (run > best) {
			best = run;
			*start = i + 1 - run;
		}
	}
	return best > 1 ? best : 0;
}

/* IPv4 within: ::ffff:192.0.2.1, and ::192.0.2.1 as inet_ntop() has it (RFC 5952, 5) */
static bool ends_as_ip4(const unsigned int g[8], int start, int run)
{
	return run && !start && (run == 6 || (run == 5 && g[5] == 0xffff));
}

static char *put_ip6(char *to, const uint8_t a[16])
{
	unsigned int g[8];
	int i, start = 8, run, end = 8;

	for (i = 0; i < 8; i++)
		g[i] = (unsigned int)a[2 * i] << 8 | a[2 * i + 1];
	run = zero_run(g, &start);
	if (ends_as_ip4(g, start, run))
		end = 6;
	for (i = 0; i < end; i++) {
		if (run && i == start) {
			*to++ = ':';
			i += run - 1;
			if (i == 7)
				*to++ = ':';
			continue;
		}
		if (i)
			*to++ = ':';
		to = put_group(to, g[i]);
	}
	if (end == 8)
		return to;
	*to++ = ':';
	return put_ip4(to, a + 12);
}

void wr_buf_ip6(struct wr_buf *b, const uint8_t addr_net[16])
{
	char *to = wr_buf_room(b, 48);

	if (to)
		b->used = (size_t)(put_ip6(to, addr_net) - b->at);
}

void wr_buf_mac(struct wr_buf *b, const uint8_t mac[6])
{
	char *to = wr_buf_room(b, 18);
	int i;

	if (!to)
		return;
	for (i = 0; i < 6; i++) {
		*to++ = hex[mac[i] >> 4];
		*to++ = hex[mac[i] & 15];
		*to++ = ':';
	}
	b->used += 17;
}

/* ---- time ---- */

static char *put_two(char *to, unsigned int v)
{
	memcpy(to, decimal + v * 2, 2);
	return to + 2;
}

static char *put_hms(char *to, unsigned int s)
{
	to = put_two(to, s / 3600);
	*to++ = ':';
	to = put_two(to, s / 60 % 60);
	*to++ = ':';
	return put_two(to, s % 60);
}

/* Days since 1970 to a date: counts from March, so that the leap day comes last. */
static char *put_date(char *to, unsigned int days)
{
	unsigned int n = days + 719468, era = n / 146097, d = n % 146097;
	unsigned int y = (d - d / 1460 + d / 36524 - d / 146096) / 365;
	unsigned int in_year = d - (365 * y + y / 4 - y / 100), m = (5 * in_year + 2) / 153;
	unsigned int day = in_year - (153 * m + 2) / 5 + 1;

	y += era * 400 + (m >= 10);
	to = put_two(to, y / 100 % 100);
	to = put_two(to, y % 100);
	*to++ = '-';
	to = put_two(to, m < 10 ? m + 3 : m - 9);
	*to++ = '-';
	return put_two(to, day);
}

void wr_buf_time(struct wr_buf *b, uint64_t ns)
{
	static _Thread_local struct {
		uint64_t sec;
		char text[20]; /* 2026-11-23T04:44:00. */
	} last = {.sec = UINT64_MAX};
	uint64_t sec = ns / 1000000000;
	unsigned int rest = (unsigned int)(ns % 1000000000);
	char *to = wr_buf_room(b, 32);

	if (!to)
		return;
	if (sec != last.sec) {
		char *t = put_date(last.text, (unsigned int)(sec / 86400));

		*t++ = 'T';
		*put_hms(t, (unsigned int)(sec % 86400)) = '.';
		last.sec = sec;
	}
	memcpy(to, last.text, 20);
	to[20] = (char)('0' + rest / 100000000);
	rest %= 100000000;
	put_two(to + 21, rest / 1000000);
	put_two(to + 23, rest / 10000 % 100);
	put_two(to + 25, rest / 100 % 100);
	put_two(to + 27, rest % 100);
	to[29] = 'Z';
	b->used += 30;
}

/* Seconds east of Greenwich; asked once a quarter of an hour, where zones change. */
static int64_t zone_s(uint64_t sec)
{
	static _Thread_local uint64_t quarter = UINT64_MAX;
	static _Thread_local int64_t east;

	if (sec / 900 != quarter) {
		time_t t = (time_t)sec;
		struct tm tm;

		east = localtime_r(&t, &tm) ? tm.tm_gmtoff : 0;
		quarter = sec / 900;
	}
	return east;
}

void wr_buf_clock(struct wr_buf *b, uint64_t ns)
{
	uint64_t sec = ns / 1000000000;
	unsigned int us = (unsigned int)(ns % 1000000000 / 1000);
	char *to = wr_buf_room(b, 16);

	if (!to)
		return;
	sec = (uint64_t)((int64_t)sec + 86400 + zone_s(sec)) % 86400;
	to = put_hms(to, (unsigned int)sec);
	*to++ = '.';
	to = put_two(to, us / 10000);
	to = put_two(to, us / 100 % 100);
	put_two(to, us % 100);
	b->used += 15;
}

/* ---- out ---- */

int wr_buf_flush(struct wr_buf *b, int fd)
{
	struct pollfd ready = {.fd = fd, .events = POLLOUT};
	size_t done = 0;
	int error = 0;

	while (done < b->used && !error) {
		ssize_t n = write(fd, b->at + done, b->used - done);

		if (n >= 0)
			done += (size_t)n;
		else if (errno == EAGAIN)
			poll(&ready, 1, -1);
		else if (errno != EINTR)
			error = errno;
	}
	b->used = 0;
	return -error;
}

/* ---- in ---- */

int wr_buf_read(struct wr_buf *b, int fd, size_t max)
{
	size_t end = b->used + max;

	for (;;) {
		char *to = wr_buf_room(b, 65536);
		ssize_t n = to ? read(fd, to, 65536) : -1;

		if (!to)
			return -ENOMEM;
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : 0;
		b->used += (size_t)n;
		if (b->used > end)
			return -EFBIG;
	}
}
