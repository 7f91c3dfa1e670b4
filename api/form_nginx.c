/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "api/form.h"

/*
 * nginx, the predefined format "combined" (ngx_http_log_module), and what may stand behind it:
 *	192.0.2.1 - alice [10/Oct/2000:13:55:36 -0700] "GET /x HTTP/1.1" 200 2326 "-" "curl/7.88"
 *	0.005 0.004 312
 * that is $request_time $upstream_header_time $request_length, in this order, or any of them with
 * its name before it, as in rt=0.005. Quotes in texts are written as \x22.
 */

static bool request_time(struct wr_api_text *t, struct wr_api_request *r)
{
	if (!wr_api_seconds_sum(t, &r->total_ns))
		return false;
	r->has |= WR_API_HAS_TOTAL;
	return true;
}

static bool header_time(struct wr_api_text *t, struct wr_api_request *r)
{
	if (!wr_api_seconds_sum(t, &r->first_ns))
		return false;
	r->has |= WR_API_HAS_FIRST;
	return true;
}

static bool request_length(struct wr_api_text *t, struct wr_api_request *r)
{
	if (!wr_api_digits(t, &r->bytes_in))
		return false;
	r->has |= WR_API_HAS_IN;
	return true;
}

static bool remote_port(struct wr_api_text *t, struct wr_api_request *r)
{
	uint64_t v;

	if (!wr_api_digits(t, &v) || v > 65535)
		return false;
	r->port = (uint16_t)v;
	return true;
}

static const struct {
	const char *name;
	bool (*take)(struct wr_api_text *t, struct wr_api_request *r);
} more[] = {
	/* the first three also by their place */
	{"rt=", request_time},
	{"uht=", header_time},
	{"length=", request_length},
	{"request_time=", request_time},
	{"upstream_header_time=", header_time},
	{"request_length=", request_length},
	{"port=", remote_port},
};

static bool has_name(struct wr_api_text t)
{
	struct wr_api_text word;

	if (wr_api_until(&t, ' ', &word))
		t = word;
	return wr_api_left(&t) && memchr(t.at, '=', wr_api_left(&t));
}

static void take_more(struct wr_api_text t, struct wr_api_request *r)
{
	struct wr_api_text word;
	unsigned int place = 0;
	size_t i, n = sizeof(more) / sizeof(more[0]);

	while (wr_api_eat(&t, ' ')) {
		for (i = 0; i < n; i++) {
			size_t name_n = strlen(more[i].name);

			if (wr_api_left(&t) > name_n && !memcmp(t.at, more[i].name, name_n)) {
				t.at += name_n;
				more[i].take(&t, r);
				break;
			}
		}
		if (i == n && place < 3 && !has_name(t))
			more[place++].take(&t, r);
		/* What is left of the word is nothing that is known. */
		if (!wr_api_until(&t, ' ', &word))
			return;
		t.at--;
	}
}

int wr_api_form_nginx(const struct wr_api_line_conf *conf, struct wr_api_text t,
		      struct wr_api_request *r)
{
	struct wr_api_text addr, who, user, clock, line, word;
	const char *bracket;
	uint64_t status;

	if (!wr_api_until(&t, ' ', &addr) || !wr_api_client(r, addr) ||
	    !wr_api_until(&t, '"', &who))
		return -EINVAL;
	/* A user's name may hold a bracket, but no quote. */
	bracket = wr_api_left(&who) ? memrchr(who.at, '[', wr_api_left(&who)) : NULL;
	if (!bracket || bracket < who.at + 3)
		return -EINVAL;
	clock = (struct wr_api_text){bracket + 1, who.end};
	user = (struct wr_api_text){who.at + 2, bracket - 1};
	if (!wr_api_until(&clock, ']', &word) || !wr_api_until(&t, '"', &line) ||
	    !wr_api_eat(&t, ' ') || !wr_api_digits(&t, &status) || status > 999 ||
	    !wr_api_eat(&t, ' '))
		return -EINVAL;
	if (wr_api_digits(&t, &r->bytes_out))
		r->has |= WR_API_HAS_OUT;
	else if (!wr_api_eat(&t, '-'))
		return -EINVAL;
	if (wr_api_clock(word, &r->time_ns))
		r->has |= WR_API_HAS_TIME;
	if (user.at < user.end)
		wr_api_consumer(conf, r, user);
	r->status = (uint16_t)status;
	wr_api_request_line(r, line);
	/* Where the client came from and what it is: not looked at. */
	for (int i = 0; i < 2 && wr_api_left(&t) > 1 && t.at[1] == '"'; i++) {
		t.at += 2;
		if (!wr_api_until(&t, '"', &word))
			return 0;
	}
	take_more(t, r);
	return 0;
}
