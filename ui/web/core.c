/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/web/core.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

int wr_web_core_open(struct wr_web_core *c, int fd, void (*answered)(struct wr_web_ask *ask),
		     struct wr_err *err)
{
	int rc;

	*c = (struct wr_web_core){.answered = answered};
	c->last = &c->first;
	rc = wr_wire_open(&c->wire, fd, err);
	if (rc)
		return rc;
	c->asks = calloc(WR_WEB_ASKS, sizeof(*c->asks));
	if (c->asks)
		return 0;
	wr_wire_close(&c->wire);
	return wr_fail(err, ENOMEM, "no memory for requests");
}

void wr_web_core_close(struct wr_web_core *c)
{
	size_t i;

	for (i = 0; c->asks && i < WR_WEB_ASKS; i++)
		wr_buf_free(&c->asks[i].answer);
	free(c->asks);
	wr_wire_close(&c->wire);
	*c = (struct wr_web_core){0};
}

/* The outcome of the first question is known. */
static void settle(struct wr_web_core *c, enum wr_web_outcome outcome)
{
	struct wr_web_ask *ask = c->first;

	c->first = ask->next;
	if (!c->first)
		c->last = &c->first;
	ask->outcome = outcome;
	c->answered(ask);
}

/* One at a time: the next goes out when the answer before it is complete. */
static int send_next(struct wr_web_core *c)
{
	struct wr_web_ask *ask = c->first;

	if (!ask || ask->sent || c->stale)
		return 0;
	ask->sent = true;
	return wr_wire_send(&c->wire, ask->line, ask->n);
}

struct wr_web_ask *wr_web_core_ask(struct wr_web_core *c, const char *line, size_t n, void *who)
{
	struct wr_web_ask *ask = c->asks, *end = c->asks + WR_WEB_ASKS;

	while (ask < end && ask->used)
		ask++;
	if (ask == end || n > sizeof(ask->line))
		return NULL;
	ask->used = true;
	ask->sent = false;
	ask->outcome = WR_WEB_WAITING;
	ask->core = c;
	ask->who = who;
	ask->until_ms = now_ms() + WR_WEB_PATIENCE_MS;
	ask->next = NULL;
	memcpy(ask->line, line, n);
	ask->n = n;
	*c->last = ask;
	c->last = &ask->next;
	/* A core that is gone is noticed when its end is read. */
	send_next(c);
	return ask;
}

void wr_web_ask_end(struct wr_web_ask *ask)
{
	wr_buf_free(&ask->answer);
	ask->used = false;
}

static void take_line(void *ctx, const char *line, size_t n)
{
	struct wr_web_core *c = ctx;
	struct wr_web_ask *ask = c->first;

	if (c->stale || !ask || !ask->sent) {
		c->stale = c->stale && n;
		send_next(c);
		return;
	}
	if (!n) {
		settle(c, ask->answer.failed ? WR_WEB_TOO_LARGE : WR_WEB_ANSWERED);
		send_next(c);
		return;
	}
	if (ask->answer.used + n < WR_WEB_ANSWER_MAX) {
		wr_buf_add(&ask->answer, line, n);
		wr_buf_char(&ask->answer, '\n');
		return;
	}
	settle(c, WR_WEB_TOO_LARGE);
	c->stale = true;
}

static void give_up(struct wr_web_core *c, uint64_t now)
{
	while (c->first && c->first->until_ms <= now) {
		c->stale = c->stale || c->first->sent;
		settle(c, WR_WEB_LATE);
	}
}

int wr_web_core_step(struct wr_web_core *c)
{
	int rc = wr_wire_read(&c->wire, take_line, c);

	if (rc)
		return rc;
	give_up(c, now_ms());
	return send_next(c);
}

int wr_web_core_wait_ms(const struct wr_web_core *c)
{
	uint64_t now = now_ms();

	if (!c->first)
		return -1;
	return c->first->until_ms > now ? (int)(c->first->until_ms - now) : 0;
}
