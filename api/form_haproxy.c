/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "api/form.h"

/*
 * HAProxy, option httplog (configuration manual, 8.2.3):
 *	10.0.1.2:33317 [06/Feb/2009:12:14:14.655] http-in static/srv1 10/0/30/69/109 200 2750 - -
 *	---- 1/1/1/1/0 0/0 {1wt.eu} {} "GET /index.html HTTP/1.1"
 * The times are TR/Tw/Tc/Tr/Ta in milliseconds, -1: it did not come to that. With option logasap
 * there is a '+' before Ta and the bytes. In texts the characters {|}" are written as #XX.
 */

enum { TR, TW, TC, TIME_FIRST, TA, TIMES };

static bool client(struct wr_api_text *t, struct wr_api_request *r)
{
	struct wr_api_text word, port;
	const char *colon;
	uint64_t v;

	if (!wr_api_until(t, ' ', &word) || word.at == word.end)
		return false;
	colon = memrchr(word.at, ':', wr_api_left(&word));
	if (!colon)
		return false;
	port = (struct wr_api_text){colon + 1, word.end};
	word.end = colon;
	if (!wr_api_digits(&port, &v) || port.at != port.end || v > 65535)
		return false;
	r->port = (uint16_t)v;
	/* A socket of the host has "unix" in the address's place. */
	return wr_api_client(r, word) || (wr_api_left(&word) == 4 && !memcmp(word.at, "unix", 4));
}

/* -1 in `of` when it did not come to that */
static bool times(struct wr_api_text t, int64_t of[TIMES])
{
	uint64_t v;

	for (int i = 0; i < TIMES; i++) {
		bool none;

		if (i && !wr_api_eat(&t, '/'))
			return false;
		if (i == TA)
			wr_api_eat(&t, '+');
		none = wr_api_eat(&t, '-');
		if (!wr_api_digits(&t, &v))
			return false;
		of[i] = none ? -1 : (int64_t)(v < 1ull << 40 ? v : 1ull << 40);
	}
	return t.at == t.end;
}

static void take_times(struct wr_api_request *r, const int64_t of[TIMES])
{
	bool answered = true;
	int64_t first = 0;

	for (int i = TR; i <= TIME_FIRST; i++) {
		answered = answered && of[i] >= 0;
		first += of[i];
	}
	if (answered) {
		r->first_ns = (uint64_t)first * 1000000u;
		r->has |= WR_API_HAS_FIRST;
	}
	if (of[TA] >= 0) {
		r->total_ns = (uint64_t)of[TA] * 1000000u;
		r->has |= WR_API_HAS_TOTAL;
	}
}

/* {first|second|third} */
static void captured(const struct wr_api_line_conf *conf, struct wr_api_text all,
		     struct wr_api_request *r)
{
	struct wr_api_text one = all;

	for (unsigned int i = 1; i <= conf->header; i++) {
		bool more = wr_api_until(&all, '|', &one);

		if (!more)
			one = all;
		if (i == conf->header)
			wr_api_consumer(conf, r, one);
		if (!more)
			return;
	}
}

static bool answer(struct wr_api_text *t, struct wr_api_request *r)
{
	bool none = wr_api_eat(t, '-');
	uint64_t v;

	if (!wr_api_digits(t, &v) || !wr_api_eat(t, ' ') || v > 999)
		return false;
	r->status = none ? 0 : (uint16_t)v;
	wr_api_eat(t, '+');
	if (!wr_api_digits(t, &r->bytes_out) || !wr_api_eat(t, ' '))
		return false;
	r->has |= WR_API_HAS_OUT;
	return true;
}

static void names(struct wr_api_request *r, struct wr_api_text frontend, struct wr_api_text backend)
{
	struct wr_api_text name;

	if (frontend.at < frontend.end && frontend.end[-1] == '~') /* it was TLS */
		frontend.end--;
	wr_api_copy(r->frontend, WR_API_NAME, frontend);
	if (wr_api_until(&backend, '/', &name))
		wr_api_copy(r->backend, WR_API_NAME, name);
}

int wr_api_form_haproxy(const struct wr_api_line_conf *conf, struct wr_api_text t,
			struct wr_api_request *r)
{
	struct wr_api_text clock, frontend, backend, word;
	int64_t of[TIMES];

	if (!client(&t, r) || !wr_api_eat(&t, '[') || !wr_api_until(&t, ']', &clock) ||
	    !wr_api_eat(&t, ' ') || !wr_api_until(&t, ' ', &frontend) ||
	    !wr_api_until(&t, ' ', &backend) || !wr_api_until(&t, ' ', &word) || !times(word, of) ||
	    !answer(&t, r))
		return -EINVAL;
	/* Two captured cookies, how it ended, connections, queues. */
	for (int i = 0; i < 5; i++)
		if (!wr_api_until(&t, ' ', &word))
			return -EINVAL;
	if (wr_api_clock(clock, &r->time_ns))
		r->has |= WR_API_HAS_TIME;
	take_times(r, of);
	names(r, frontend, backend);
	for (int i = 0; wr_api_eat(&t, '{'); i++) {
		if (!wr_api_until(&t, '}', &word) || !wr_api_eat(&t, ' '))
			return -EINVAL;
		if (!i)
			captured(conf, word, r);
	}
	if (!wr_api_eat(&t, '"'))
		return -EINVAL;
	if (!wr_api_until(&t, '"', &word)) /* longer than the log's lines may be */
		word = t;
	wr_api_request_line(r, word);
	return 0;
}
