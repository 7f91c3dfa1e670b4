/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/utf8.h"
#include "daemon/errand.h"
#include "daemon/output_kind.h"
#include "daemon/told.h"

/* Ways out for what people are told of incidents: webhooks, syslog, a command. */

enum { TRIES = 10, COMMAND_TRIES = 3, COMMAND_PAUSE_S = 5 };

#define SECOND_NS 1000000000ull
#define COMMAND_NS (30 * SECOND_NS)
#define TELL_NS (60 * SECOND_NS)

struct wr_output_command {
	struct wr_errand *errand;
	const char *path;
	bool flying;
	uint32_t tries; /* of the oldest */
	uint64_t retry_ns, tell_ns;
	char trouble[256];
};

/* What the core says, as the forms want it. False: it is none. */
static bool read_told(struct wr_told *t, const uint8_t *message, size_t n)
{
	const struct wr_output_told *m = (const void *)message;

	if (n < sizeof(*m) || m->text_n > n - sizeof(*m))
		return false;
	*t = (struct wr_told){
		.at_ns = m->at_ns,
		.incident = m->incident,
		.severity = m->severity,
		.state = m->state,
		.klass = m->klass,
		.target = m->target,
		.text = m->text,
		.text_n = m->text_n,
		.json = m->text + m->text_n,
		.json_n = n - sizeof(*m) - m->text_n,
	};
	return true;
}

/* Who runs weir notify test waits for this one. */
static void note_put(struct wr_output_one *o, const uint8_t *message, bool put)
{
	const struct wr_output_told *m = (const void *)message;

	if (!m->test)
		return;
	o->slot->test = m->test;
	o->slot->test_at = o->slot->box.n.given;
	o->slot->test_is = put ? WR_OUTPUT_TEST_WAITS : WR_OUTPUT_TEST_LOST;
}

/* ---- webhooks ---- */

static int webhook_open(struct wr_output_run *r, struct wr_output_one *o, const char *to,
			struct wr_err *err)
{
	char url[WR_OUTPUT_NAME];
	struct wr_post_conf conf = {
		.name = "webhook",
		.things = "notifications",
		.rejected = "",
		.shown = o->slot->name + strlen("webhook:"),
		.url = url,
		.headers = r->webhook.at,
		.n_headers = r->webhook.n,
		.tries = TRIES,
		.retry_all_5xx = true,
		.box = &o->slot->box,
	};
	int ret = wr_output_webhook_url(to, url, err);

	return ret ? ret : wr_post_open(&o->post, &conf, err);
}

static bool webhook_told(struct wr_output_one *o, const uint8_t *message, size_t n, uint32_t holds)
{
	struct wr_buf *b = &o->run->text;
	struct wr_told t;
	bool put;

	if (!read_told(&t, message, n))
		return false;
	wr_buf_clear(b);
	if (o->run->conf->notify.webhook_form == WR_TOLD_SLACK)
		wr_told_slack(b, &t, o->run->host);
	else
		wr_buf_add(b, t.json, t.json_n);
	put = wr_post_put(o->post, b->at, b->used, holds);
	note_put(o, message, put);
	return put;
}

/* ---- syslog ---- */

static int syslog_open(struct wr_output_run *r, struct wr_output_one *o, const char *to,
		       struct wr_err *err)
{
	char place[WR_OUTPUT_NAME];
	struct wr_outlet_conf conf = {
		.to = place,
		.may = WR_OUTLET(LOCAL) | WR_OUTLET(TCP) | WR_OUTLET(UDP),
		.box = &o->slot->box,
		.later = true,
	};
	bool local = !strncmp(to, "unix:", 5);

	(void)r;
	snprintf(place, sizeof(place), "%s%s", local ? "unixgram:" : "", to + (local ? 5 : 0));
	return wr_outlet_open(&o->outlet, &conf, err);
}

/* In a stream each has its length in front of it (RFC 6587, 3.4.1). */
static bool syslog_told(struct wr_output_one *o, const uint8_t *message, size_t n, uint32_t holds)
{
	char length[16];
	struct wr_buf *b = &o->run->text;
	struct wr_told t;
	size_t digits = 0;
	bool put;

	if (!read_told(&t, message, n))
		return false;
	wr_buf_clear(b);
	wr_told_syslog(b, &t, o->run->host, getpid());
	if (wr_outlet_way(o->outlet) == WR_OUTLET_TCP && wr_buf_room(b, sizeof(length))) {
		digits = (size_t)snprintf(length, sizeof(length), "%zu ", b->used);
		memmove(b->at + digits, b->at, b->used);
		memcpy(b->at, length, digits);
		b->used += digits;
	}
	put = wr_outlet_put(o->outlet, b->at, b->used, holds, 0);
	note_put(o, message, put);
	return put;
}

static struct wr_outlet *syslog_outlet(const struct wr_output_one *o)
{
	return o->outlet;
}

static int syslog_step(struct wr_output_one *o, uint64_t now_ns, struct wr_err *err)
{
	return wr_outlet_flush(o->outlet, now_ns, err);
}

static const char *syslog_trouble(const struct wr_output_one *o)
{
	return wr_outlet_trouble(o->outlet);
}

static void syslog_close(struct wr_output_one *o)
{
	wr_outlet_close(&o->outlet);
}

/* ---- a command ---- */

static int command_open(struct wr_output_run *r, struct wr_output_one *o, const char *to,
			struct wr_err *err)
{
	struct wr_output_command *c = calloc(1, sizeof(*c));
	int ret;

	if (!c)
		return wr_fail(err, ENOMEM, "no memory for notify.command");
	c->path = to;
	ret = wr_errand_open(&c->errand, &r->conf->notify.command, COMMAND_NS, err);
	if (ret)
		free(c);
	else
		o->command = c;
	return ret;
}

/* In the outbox: how long the text is, the text, JSON. */
static bool command_told(struct wr_output_one *o, const uint8_t *message, size_t n, uint32_t holds)
{
	struct wr_buf *b = &o->run->text;
	struct wr_told t;
	uint32_t text_n;
	bool put;

	if (!read_told(&t, message, n))
		return false;
	wr_buf_clear(b);
	wr_buf_add(b, &(uint32_t){0}, sizeof(uint32_t));
	if (o->run->host[0])
		wr_buf_fmt(b, "%s: ", o->run->host);
	wr_utf8_plain(b, t.text, t.text_n);
	text_n = (uint32_t)(b->used - sizeof(text_n));
	wr_buf_add(b, t.json, t.json_n);
	wr_buf_char(b, '\n');
	if (b->failed)
		return false;
	memcpy(b->at, &text_n, sizeof(text_n));
	put = wr_outbox_put(&o->slot->box, b->at, (uint32_t)b->used, holds, 0);
	note_put(o, message, put);
	return put;
}

static int command_says(struct wr_output_command *c, uint64_t now_ns, const char *why,
			const char *then, struct wr_err *err)
{
	snprintf(c->trouble, sizeof(c->trouble), "%.120s: %.90s%s", c->path, why, then);
	if (now_ns < c->tell_ns)
		return 1;
	c->tell_ns = now_ns + TELL_NS;
	return wr_fail(err, EIO, "notify.command: %s", c->trouble);
}

static int command_landed(struct wr_output_one *o, int ret, const char *why, uint64_t now_ns,
			  struct wr_err *err)
{
	struct wr_output_command *c = o->command;
	bool again = ret && c->tries < COMMAND_TRIES;

	c->flying = false;
	if (again) {
		c->retry_ns = now_ns + ((uint64_t)COMMAND_PAUSE_S << (c->tries - 1)) * SECOND_NS;
		return command_says(c, now_ns, why, "; it is tried again", err);
	}
	c->tries = 0;
	wr_outbox_done(&o->slot->box, ret ? UINT32_MAX : 0);
	if (ret)
		return command_says(c, now_ns, why, "; this notification is lost", err);
	c->trouble[0] = 0;
	return o->slot->box.messages != 0;
}

static int command_launch(struct wr_output_one *o)
{
	const struct wr_outbox_message *m = wr_outbox_next(&o->slot->box, NULL);
	struct wr_output_command *c = o->command;
	uint32_t text_n = 0;
	int ret = -EMSGSIZE;

	if (m->bytes >= sizeof(text_n))
		memcpy(&text_n, m->data, sizeof(text_n));
	if (m->bytes >= sizeof(text_n) && text_n <= m->bytes - sizeof(text_n)) {
		const char *text = (const char *)m->data + sizeof(text_n);

		ret = wr_errand_send(c->errand, text, text_n, text + text_n,
				     m->bytes - sizeof(text_n) - text_n);
	}
	c->tries++;
	c->flying = !ret;
	return ret;
}

static int command_step(struct wr_output_one *o, uint64_t now_ns, struct wr_err *err)
{
	struct wr_output_command *c = o->command;
	struct wr_err why = {0};
	int ret = 0;

	if (c->flying) {
		ret = wr_errand_answer(c->errand, &why);
		if (ret == -EAGAIN)
			return 1;
		if (ret != -EPIPE)
			return command_landed(o, ret, why.text, now_ns, err);
	} else if (o->slot->box.messages && now_ns >= c->retry_ns) {
		ret = command_launch(o);
	}
	if (ret == -EPIPE) {
		o->run->broken = true;
		return 1;
	}
	if (ret == -EMSGSIZE) {
		c->tries = COMMAND_TRIES;
		return command_landed(o, ret, "a message too long", now_ns, err);
	}
	return o->slot->box.messages != 0;
}

static const char *command_trouble(const struct wr_output_one *o)
{
	return o->command->trouble;
}

static void command_close(struct wr_output_one *o)
{
	wr_errand_close(&o->command->errand);
	free(o->command);
	o->command = NULL;
}

/* ---- all of them ---- */

const struct wr_output_ways wr_output_webhook = {
	.open = webhook_open,
	.takes = WR_OUTPUT_TAKES(TOLD),
	.text = webhook_told,
	.step = wr_output_post_step,
	.outlet = wr_output_no_outlet,
	.trouble = wr_output_post_trouble,
	.close = wr_output_post_close,
};

const struct wr_output_ways wr_output_syslog = {
	.open = syslog_open,
	.takes = WR_OUTPUT_TAKES(TOLD),
	.text = syslog_told,
	.step = syslog_step,
	.outlet = syslog_outlet,
	.trouble = syslog_trouble,
	.close = syslog_close,
};

const struct wr_output_ways wr_output_command = {
	.open = command_open,
	.takes = WR_OUTPUT_TAKES(TOLD),
	.text = command_told,
	.step = command_step,
	.outlet = wr_output_no_outlet,
	.trouble = command_trouble,
	.close = command_close,
};
