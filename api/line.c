/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api/line.h"

#include <errno.h>
#include <string.h>

#include "api/form.h"

/* A head of syslog is no longer than that, beside structured data. */
enum { HEAD_MAX = 400 };

static const struct {
	const char *name;
	wr_api_form_fn read;
} forms[] = {
	{"json", wr_api_form_json},
	{"haproxy", wr_api_form_haproxy},
	{"nginx", wr_api_form_nginx},
};

static int read_at(const struct wr_api_line_conf *conf, struct wr_api_text t,
		   struct wr_api_request *out, const char **form)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		memset(out, 0, sizeof(*out));
		if (forms[i].read(conf, t, out))
			continue;
		wr_api_request_mend(out);
		if (form)
			*form = forms[i].name;
		return 0;
	}
	return -EINVAL;
}

/* <134> */
static void skip_priority(struct wr_api_text *t)
{
	struct wr_api_text s = *t;
	uint64_t v;

	if (wr_api_eat(&s, '<') && wr_api_digits(&s, &v) && wr_api_eat(&s, '>'))
		*t = s;
}

/* [id a="\"]"][id2] or - */
static bool skip_data(struct wr_api_text *t)
{
	bool quoted = false;

	if (wr_api_eat(t, '-'))
		return true;
	while (wr_api_eat(t, '[')) {
		for (; t->at < t->end && (quoted || *t->at != ']'); t->at++) {
			if (*t->at == '\\' && wr_api_left(t) > 1)
				t->at++;
			else if (*t->at == '"')
				quoted = !quoted;
		}
		if (!wr_api_eat(t, ']'))
			return false;
	}
	return true;
}

/* RFC 5424: "1 TIME HOST APP PROCESS ID DATA " */
static bool skip_5424(struct wr_api_text *t)
{
	struct wr_api_text s = *t, word;

	if (!wr_api_eat(&s, '1') || !wr_api_eat(&s, ' '))
		return false;
	for (int i = 0; i < 5; i++)
		if (!wr_api_until(&s, ' ', &word))
			return false;
	if (!skip_data(&s) || !wr_api_eat(&s, ' '))
		return false;
	if (wr_api_left(&s) >= 3 && !memcmp(s.at, "\xef\xbb\xbf", 3))
		s.at += 3;
	*t = s;
	return true;
}

/* RFC 3164 and what others make of it: "TIME [HOST] PROGRAM[NUMBER]: " */
static bool skip_3164(struct wr_api_text *t)
{
	size_t n = wr_api_left(t) < HEAD_MAX ? wr_api_left(t) : HEAD_MAX;
	const char *colon = memmem(t->at, n, ": ", 2);

	if (!colon)
		return false;
	t->at = colon + 2;
	return true;
}

int wr_api_line_read(const struct wr_api_line_conf *conf, const char *line, size_t n,
		     struct wr_api_request *out, const char **form)
{
	struct wr_api_text t = {line, line + n};

	while (n && (t.end[-1] == '\n' || t.end[-1] == '\r' || !t.end[-1])) {
		t.end--;
		n--;
	}
	if (n > WR_API_LINE)
		return -EINVAL;
	skip_priority(&t);
	if (!read_at(conf, t, out, form))
		return 0;
	if (!skip_5424(&t) && !skip_3164(&t))
		return -EINVAL;
	return read_at(conf, t, out, form);
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

void wr_api_request_mend(struct wr_api_request *r)
{
	const uint64_t day_ns = 86400000000000ull;
	/* Petabytes: a line that tells more is wrong, and sums must not run over. */
	const uint64_t most = 1ull << 50;

	r->method[WR_API_METHOD - 1] = r->host[WR_API_HOST - 1] = r->path[WR_API_PATH - 1] = 0;
	r->frontend[WR_API_NAME - 1] = r->backend[WR_API_NAME - 1] = 0;
	if (r->ip_v != 4 && r->ip_v != 6)
		r->ip_v = 0;
	r->status = r->status < 1000 ? r->status : 0;
	r->has &= ~(uint32_t)WR_API_HAS_OURS;
	if (r->time_ns >= WR_API_TIME_END) {
		r->time_ns = 0;
		r->has &= ~(uint32_t)WR_API_HAS_TIME;
	}
	r->first_ns = least(r->first_ns, day_ns);
	r->total_ns = least(r->total_ns, day_ns);
	r->bytes_in = least(r->bytes_in, most);
	r->bytes_out = least(r->bytes_out, most);
	r->tokens_in = least(r->tokens_in, most);
	r->tokens_out = least(r->tokens_out, most);
}
