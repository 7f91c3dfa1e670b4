/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What people are told of incidents: which changes, in which words and forms, and the program that
 * is run for them. */
#include "tests/tap.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/errand.h"
#include "daemon/output_conf.h"
#include "daemon/tell.h"
#include "daemon/told.h"

#define SECOND 1000000000ull
#define START (1700000000 * SECOND)

/* ---- which changes ---- */

static void once(void)
{
	struct wr_tell t = {.least = WR_SEVERITY_HIGH, .rate = 10};
	struct wr_incident i = {
		.id = 1, .state = WR_INCIDENT_SUSPECTED, .severity = WR_SEVERITY_LOW};

	ok(!wr_tell_incident(&t, &i, START), "nothing below the least severity");
	i.state = WR_INCIDENT_ACTIVE;
	i.severity = WR_SEVERITY_CRITICAL;
	ok(wr_tell_incident(&t, &i, START), "it became active");
	ok(!wr_tell_incident(&t, &i, START + 1000 * SECOND), "which is told once");
	i.state = WR_INCIDENT_MITIGATED;
	ok(wr_tell_incident(&t, &i, START + SECOND), "it is kept out, at once");
	i.state = WR_INCIDENT_OVER;
	ok(wr_tell_incident(&t, &i, START + 2 * SECOND), "it is over, at once");
}

enum { HOURS_S = 10800, SETTLE_S = 3600 };

/* What people are told of an incident that has each of these states so many seconds, in turn, for
 * three hours, and is over then. */
struct pulse {
	enum wr_incident_state state;
	uint32_t seconds;
};

static enum wr_incident_state state_at(const struct pulse *p, uint32_t n, uint64_t second)
{
	uint32_t all = 0;

	for (uint32_t k = 0; k < n; k++)
		all += p[k].seconds;
	second %= all;
	for (; second >= p->seconds; p++)
		second -= p->seconds;
	return p->state;
}

static void pulses(const struct pulse *p, uint32_t n, const char *what, int most)
{
	struct wr_tell t = {.least = WR_SEVERITY_LOW, .rate = 1000};
	struct wr_incident i = {.id = 1, .severity = WR_SEVERITY_HIGH};
	int told = 0, last = -1, over = 0;

	for (uint64_t s = 0; s < HOURS_S + SETTLE_S; s++) {
		i.state = s < HOURS_S ? state_at(p, n, s) : WR_INCIDENT_OVER;
		if (!wr_tell_incident(&t, &i, START + s * SECOND))
			continue;
		told++;
		last = i.state;
		over = (int)s - HOURS_S;
	}
	is_int(told, most, "%s: so many news in three hours", what);
	ok(last == WR_INCIDENT_OVER && over >= 0 && over < 400,
	   "%s: the last is that it does not come back", what);
}

static void all_pulses(void)
{
	static const struct pulse plain[] = {{WR_INCIDENT_ACTIVE, 10}, {WR_INCIDENT_OVER, 20}};
	static const struct pulse stopped[] = {
		{WR_INCIDENT_ACTIVE, 10}, {WR_INCIDENT_MITIGATED, 70}, {WR_INCIDENT_OVER, 10}};
	static const struct pulse holds[] = {{WR_INCIDENT_ACTIVE, 70}, {WR_INCIDENT_MITIGATED, 70}};

	pulses(plain, 2, "a flood of pulses", 4);
	pulses(stopped, 3, "one that a rule stops each time", 5);
	pulses(holds, 2, "a rule that comes and goes", 3);
}

/* What changed to and fro, and stays. */
static void settles(void)
{
	struct wr_tell t = {.least = WR_SEVERITY_LOW, .rate = 1000};
	struct wr_incident i = {.id = 1, .severity = WR_SEVERITY_HIGH, .state = WR_INCIDENT_ACTIVE};
	int told = 0;

	wr_tell_incident(&t, &i, START);
	i.state = WR_INCIDENT_MITIGATED;
	wr_tell_incident(&t, &i, START + SECOND);
	i.state = WR_INCIDENT_ACTIVE;
	for (uint64_t s = 2; s < SETTLE_S; s++)
		told += wr_tell_incident(&t, &i, START + s * SECOND);
	is_int(told, 1, "a rule that is gone while it goes on is told, once");
	i.state = WR_INCIDENT_MITIGATED;
	ok(!wr_tell_incident(&t, &i, START + SETTLE_S * SECOND), "what may not stay waits");
	t.last = true;
	ok(wr_tell_incident(&t, &i, START + SETTLE_S * SECOND), "but not for weir's end");
}

/* Ten changes a second for ten minutes are four news at most, and the last of them is true. */
static void flapping(void)
{
	struct wr_tell t = {.least = WR_SEVERITY_LOW, .rate = 1000};
	struct wr_incident i = {.id = 1, .severity = WR_SEVERITY_HIGH};
	int told = 0, last = -1;

	for (int k = 0; k < 6000; k++) {
		i.state = k % 2 ? WR_INCIDENT_OVER : WR_INCIDENT_ACTIVE;
		i.last_ns = START + (uint64_t)k * SECOND / 10;
		if (wr_tell_incident(&t, &i, i.last_ns)) {
			told++;
			last = i.state;
		}
	}
	ok(told >= 2 && told <= 4, "one that comes and goes is told of (%d times)", told);
	i.state = last == WR_INCIDENT_OVER ? WR_INCIDENT_ACTIVE : WR_INCIDENT_OVER;
	ok(wr_tell_incident(&t, &i, START + 1000 * SECOND), "and what it is in the end is told");
}

static void storm(void)
{
	struct wr_tell t = {.least = WR_SEVERITY_LOW, .rate = 3};
	uint32_t told = 0;

	for (uint64_t id = 1; id <= 15; id++) {
		struct wr_incident i = {
			.id = id, .state = WR_INCIDENT_ACTIVE, .severity = WR_SEVERITY_HIGH};

		told += wr_tell_incident(&t, &i, START + id);
		if (wr_tell_incident(&t, &i, START + id))
			told += 100;
	}
	is_int(told, 3, "no more than so many a minute");
	is_int(wr_tell_untold(&t, START + 59 * SECOND), 0, "the rest waits for the next one");
	is_int(wr_tell_untold(&t, START + 61 * SECOND), 12, "and is told as a number");
	is_int(wr_tell_untold(&t, START + 200 * SECOND), 0, "once");
	is_int(t.told, 1, "which counts itself");
}

static void set_back(void)
{
	struct wr_tell t = {.least = WR_SEVERITY_LOW, .rate = 1};
	struct wr_incident i = {.id = 1, .state = WR_INCIDENT_ACTIVE, .severity = WR_SEVERITY_HIGH};

	wr_tell_incident(&t, &i, START);
	i.state = WR_INCIDENT_OVER;
	ok(wr_tell_incident(&t, &i, START - 3600 * SECOND),
	   "a clock that is set back stops nothing");
}

/* ---- in which words ---- */

static struct wr_told flood(const char *text)
{
	return (struct wr_told){
		.at_ns = 1795667045123456789ull,
		.incident = 7,
		.severity = WR_SEVERITY_CRITICAL,
		.state = WR_INCIDENT_ACTIVE,
		.klass = "syn_flood",
		.target = "[2001:db8::5]:443",
		.text = text,
		.text_n = strlen(text),
	};
}

static void syslog_form(void)
{
	struct wr_told t = flood("SYNs: 8,412 \xC2\xB7 a\nsecond\x1b[31m \x9b\xE2\x80\xAE!");
	struct wr_buf b = {0};
	char long_text[6000];

	wr_told_syslog(&b, &t, "host.example", 42);
	is_str(wr_buf_text(&b),
	       "<26>1 2026-11-26T04:24:05.123456Z host.example weir 42 incident [weir@32473 "
	       "incident=\"7\" state=\"active\" severity=\"critical\" class=\"syn_flood\" "
	       "target=\"[2001:db8::5\\]:443\"] \xEF\xBB\xBFSYNs: 8,412 \xC2\xB7 a second [31m ?"
	       "?!",
	       "syslog: RFC 5424, escaped, without controls");
	wr_buf_clear(&b);
	t.state = WR_INCIDENT_OVER;
	wr_told_syslog(&b, &t, "a name", 42);
	ok(!strncmp(wr_buf_text(&b), "<29>1 ", 6), "what is over is a notice");
	ok(strstr(wr_buf_text(&b), "Z - weir ") != NULL,
	   "a host's name that cannot be one is left out");
	memset(long_text, 'x', sizeof(long_text));
	for (size_t i = 0; i + 2 < sizeof(long_text); i += 3)
		memcpy(long_text + i, "\xE2\x82\xAC", 3);
	t.text = long_text;
	t.text_n = sizeof(long_text);
	for (int cut = 0; cut < 3; cut++) {
		wr_buf_clear(&b);
		wr_told_syslog(&b, &t, &"abc"[cut], 42);
		ok(b.used <= WR_TOLD_SYSLOG && b.used > WR_TOLD_SYSLOG - 3 &&
			   (uint8_t)b.at[b.used - 1] == 0xAC,
		   "2048 bytes at most, and no part of a character (%zu)", b.used);
	}
	wr_buf_free(&b);
}

static void slack_form(void)
{
	struct wr_told t = flood("<!channel> a & b \"c\"\r\nd");
	struct wr_buf b = {0};

	wr_told_slack(&b, &t, "h");
	is_str(wr_buf_text(&b), "{\"text\":\"h: &lt;!channel&gt; a &amp; b \\\"c\\\"  d\"}",
	       "Slack: nobody is called by a target's name");
	wr_buf_free(&b);
}

static void names(void)
{
	char name[WR_OUTPUT_NAME], other[WR_OUTPUT_NAME], url[WR_OUTPUT_NAME];
	struct wr_err err = {0};

	wr_output_name(name, WR_OUTPUT_WEBHOOK, "https://hooks.example/T0/SECRET");
	wr_output_name(other, WR_OUTPUT_WEBHOOK, "https://hooks.example/T0/SECRES");
	ok(!strncmp(name, "webhook:https://hooks.example/#", 31) && !strstr(name, "SECRET"),
	   "the path of a webhook is not shown (%s)", name);
	ok(strcmp(name, other), "two at one host have two names");
	ok(wr_output_check_webhook("https://user:pass@hooks.example/", &err) &&
		   !strstr(err.text, "pass@"),
	   "passwords are refused, and not repeated");
	ok(wr_output_check_webhook("ftp://x/", NULL) && wr_output_check_webhook("https://", NULL),
	   "so is what is no web address");
	is_int(wr_output_webhook_url("/nowhere/at/all", url, &err), -EINVAL,
	       "a file that is not there");
	ok(!wr_output_check_syslog("unix:/dev/log", NULL) &&
		   !wr_output_check_syslog("tcp:[2001:db8::1]:601", NULL) &&
		   wr_output_check_syslog("tls:h:1", NULL) && wr_output_check_syslog("udp:h", NULL),
	   "places of syslog");
}

/* ---- the program ---- */

static int answer(struct wr_errand *e, struct wr_err *err)
{
	const struct timespec pause = {.tv_nsec = 2000000};
	int ret = -EAGAIN;

	for (int i = 0; i < 30000 && ret == -EAGAIN; i++) {
		ret = wr_errand_answer(e, err);
		if (ret == -EAGAIN)
			nanosleep(&pause, NULL);
	}
	return ret;
}

static int run(const char *const *argv, size_t n, uint64_t deadline_ns, const char *message,
	       struct wr_err *err)
{
	struct wr_conf_list command = {argv, n};
	struct wr_errand *e = NULL;
	int ret = wr_errand_open(&e, &command, deadline_ns, err);

	if (!ret)
		ret = wr_errand_send(e, "it's $(here)", 12, message, strlen(message));
	if (!ret && wr_errand_send(e, "", 0, "", 0) != -EBUSY)
		ret = -EINVAL;
	if (!ret)
		ret = answer(e, err);
	wr_errand_close(&e);
	return ret;
}

static void errands(void)
{
	static const char *const good[] = {"/bin/sh", "-c",
					   ("test \"$WEIR_TEXT\" = \"it's \\$(here)\" && "
					    "test \"$(cat)\" = '{\"a\":1}' && test \"$1\" = 'a b'"),
					   "sh", "a b"};
	static const char *const bad[] = {"/bin/sh", "-c", "exit 3"};
	static const char *const slow[] = {"/bin/sh", "-c", "sleep 1000 & wait"};
	static const char *const killed[] = {"/bin/sh", "-c", "kill -9 $$"};
	static const char *const none[] = {"/nowhere/at/all"};
	struct wr_err err = {0};

	is_int(run(good, 5, 60 * SECOND, "{\"a\":1}", &err), 0,
	       "a program gets input, text and arguments, and no shell reads them");
	is_int(run(bad, 3, 60 * SECOND, "", &err), -EIO, "one that fails");
	is_str(err.text, "exit status 3", "and how");
	is_int(run(killed, 3, 60 * SECOND, "", &err), -EIO, "one that is killed");
	is_str(err.text, "was ended by signal 9", "and how");
	is_int(run(slow, 3, SECOND / 5, "", &err), -EIO, "one that takes too long");
	is_str(err.text, "took too long and was killed", "is killed, with its children");
	is_int(run(none, 1, 60 * SECOND, "", &err), -EIO, "one that is not there");
	is_str(err.text, "No such file or directory", "and why");
}

static void goes_on(void)
{
	static const char *const argv[] = {"/bin/cat"};
	struct wr_conf_list command = {argv, 1};
	static char large[WR_ERRAND_MOST + 1];
	struct wr_errand *e = NULL;
	struct wr_err err = {0};
	int good = 0;

	if (wr_errand_open(&e, &command, 60 * SECOND, &err))
		return;
	memset(large, 'x', sizeof(large));
	is_int(wr_errand_send(e, "", 0, large, sizeof(large)), -EMSGSIZE, "too large is said");
	for (int i = 0; i < 3; i++)
		good += !wr_errand_send(e, "", 0, large, WR_ERRAND_MOST) && !answer(e, &err);
	is_int(good, 3, "one after the other, up to the most bytes");
	wr_errand_close(&e);
}

int main(void)
{
	once();
	flapping();
	all_pulses();
	settles();
	storm();
	set_back();
	syslog_form();
	slack_form();
	names();
	errands();
	goes_on();
	return done();
}
