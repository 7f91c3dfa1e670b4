/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/told.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "base/utf8.h"
#include "detect/class.h"
#include "detect/incident.h"

const char *const wr_told_forms[] = {"weir", "slack", NULL};

/* ---- syslog ---- */

enum { DAEMON = 3, CRITICAL = 2, WARNING = 4, NOTICE = 5, INFO = 6 }; /* RFC 5424, 6.2.1 */

static int priority(const struct wr_told *t)
{
	static const uint8_t of[WR_SEVERITY_COUNT] = {
		[WR_SEVERITY_INFO] = INFO,
		[WR_SEVERITY_LOW] = NOTICE,
		[WR_SEVERITY_HIGH] = WARNING,
		[WR_SEVERITY_CRITICAL] = CRITICAL,
	};
	bool done = t->state == WR_INCIDENT_OVER || t->severity >= WR_SEVERITY_COUNT;

	return DAEMON * 8 + (done ? NOTICE : of[t->severity]);
}

/* Microseconds: the RFC has no more. */
static void timestamp(struct wr_buf *b, uint64_t ns)
{
	time_t s = (time_t)(ns / 1000000000u);
	struct tm tm;
	char text[32];

	gmtime_r(&s, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	wr_buf_fmt(b, "%s.%06uZ", text, (unsigned int)(ns % 1000000000u / 1000));
}

/* HOSTNAME is printable ASCII without blanks. */
static void hostname(struct wr_buf *b, const char *host)
{
	size_t n = strlen(host);

	for (size_t i = 0; i < n; i++)
		if (host[i] <= ' ' || host[i] > '~')
			n = 0;
	wr_buf_add(b, n ? host : "-", n ? n : 1);
}

/* A PARAM-VALUE: the three that must be are escaped (RFC 5424, 6.3.3). */
static void parameter(struct wr_buf *b, const char *name, const char *value)
{
	struct wr_buf plain = {0};

	wr_utf8_plain(&plain, value, strlen(value));
	wr_buf_fmt(b, " %s=\"", name);
	for (size_t i = 0; i < plain.used; i++) {
		if (strchr("\"\\]", plain.at[i]))
			wr_buf_char(b, '\\');
		wr_buf_char(b, plain.at[i]);
	}
	wr_buf_char(b, '"');
	wr_buf_free(&plain);
}

/* The number is the one that RFC 5612 gives to examples: weir has none of its own. */
static void data(struct wr_buf *b, const struct wr_told *t)
{
	if (!*t->klass) { /* it is about none of them */
		wr_buf_char(b, '-');
		return;
	}
	wr_buf_fmt(b, "[weir@32473 incident=\"%" PRIu64 "\"", t->incident);
	parameter(b, "state", wr_incident_state_name(t->state));
	parameter(b, "severity", wr_severity_name(t->severity));
	parameter(b, "class", t->klass);
	parameter(b, "target", t->target);
	wr_buf_char(b, ']');
}

void wr_told_syslog(struct wr_buf *b, const struct wr_told *t, const char *host, pid_t pid)
{
	size_t start = b->used;

	wr_buf_fmt(b, "<%d>1 ", priority(t));
	timestamp(b, t->at_ns);
	wr_buf_char(b, ' ');
	hostname(b, host);
	wr_buf_fmt(b, " weir %d incident ", (int)pid);
	data(b, t);
	wr_buf_str(b, " \xEF\xBB\xBF"); /* it is UTF-8 */
	wr_utf8_plain(b, t->text, t->text_n);
	if (b->used - start <= WR_TOLD_SYSLOG)
		return;
	b->used = start + WR_TOLD_SYSLOG;
	while (((uint8_t)b->at[b->used] & 0xc0) == 0x80) /* no part of a character */
		b->used--;
}

/* ---- Slack and its like ---- */

void wr_told_slack(struct wr_buf *b, const struct wr_told *t, const char *host)
{
	struct wr_buf plain = {0}, text = {0};

	if (*host)
		wr_buf_fmt(&plain, "%s: ", host);
	wr_utf8_plain(&plain, t->text, t->text_n);
	for (size_t i = 0; i < plain.used; i++) {
		char c = plain.at[i];

		wr_buf_str(&text, c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : "");
		if (c != '&' && c != '<' && c != '>')
			wr_buf_char(&text, c);
	}
	wr_json_open(b);
	wr_json_strn(b, "text", text.at, text.used);
	wr_json_close(b);
	wr_buf_free(&plain);
	wr_buf_free(&text);
}
