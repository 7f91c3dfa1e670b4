/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/loop.h"
#include "daemon/output.h"
#include "daemon/output_kind.h"

/*
 * The process that sends: takes messages from the queue and gives each to every output that wants
 * it. An output that reads slowly is waited for a little while the queue has room, one that does
 * not move at all is not: then its outbox fills, and it alone loses.
 */

enum {
	BATCH = 128,	  /* messages between two looks at who reads; in UDP a dozen datagrams */
	ROOM = 512 << 10, /* they take in an outbox, at most */
	STUCK_MS = 200,	  /* who has taken nothing for so long is not waited for */
	UDP_PAUSE_MS = 1, /* a collector's socket holds about a hundred datagrams */
	BUSY_MS = 20,
	TRY_MS = 200,
	IDLE_MS = 1000,
	END_MS = 2000, /* for what waits when the core ends */
	AGAIN_S = 65,  /* longer than a process that is started again without a pause (front.c) */
};

/* What is waited for, in front of outputs. */
enum {
	CORE,
	SIGNAL,
	WAKE,
	OWN_FDS,
};

static const struct wr_output_ways *const ways_of[WR_OUTPUT_KINDS] = {
#define X(sym, name, item, small) [WR_OUTPUT_##sym] = &wr_output_##small,
	WR_OUTPUT_TABLE(X)
#undef X
};

/* ---- open, close ---- */

static int header_line(struct wr_output_headers *h, const char *item, const char *line,
		       struct wr_err *err)
{
	size_t n = strcspn(line, "\r\n");

	if (!n || *line == '#')
		return 0;
	if (h->n == WR_OUTPUT_HEADERS || n >= WR_OUTPUT_HEADER_BYTES)
		return wr_fail(err, EINVAL,
			       "%s: more than %d headers, or one of more than %d bytes", item,
			       WR_OUTPUT_HEADERS, WR_OUTPUT_HEADER_BYTES - 1);
	memcpy(h->text[h->n], line, n);
	h->text[h->n][n] = 0;
	h->at[h->n] = h->text[h->n];
	h->n++;
	return 0;
}

static int headers_of(struct wr_output_headers *h, const char *item, const char *path,
		      struct wr_err *err)
{
	char line[WR_OUTPUT_HEADER_BYTES + 2];
	FILE *f;
	int ret = 0;

	if (!path[0])
		return 0;
	f = fopen(path, "re");
	if (!f)
		return wr_fail(err, EINVAL, "%s: %s: %s", item, path, strerror(errno));
	while (!ret && fgets(line, sizeof(line), f))
		ret = header_line(h, item, line, err);
	fclose(f);
	return ret;
}

static int otlp_headers(const struct wr_daemon_conf *c, struct wr_output_headers *h,
			struct wr_err *err)
{
	if (!c->output.otlp.n && !c->output.otlp_traces.n)
		return 0;
	return headers_of(h, "output.otlp_headers_file", c->output.otlp_headers_file, err);
}

static int webhook_headers(const struct wr_daemon_conf *c, struct wr_output_headers *h,
			   struct wr_err *err)
{
	if (!c->notify.webhook.n)
		return 0;
	return headers_of(h, "notify.webhook_headers_file", c->notify.webhook_headers_file, err);
}

int wr_outputs_files(const struct wr_daemon_conf *conf, struct wr_err *err)
{
	struct {
		struct wr_output_headers otlp, webhook;
		char url[WR_OUTPUT_NAME];
		struct wr_hide hide;
	} read = {.otlp.n = 0};
	int ret = otlp_headers(conf, &read.otlp, err);

	if (!ret)
		ret = webhook_headers(conf, &read.webhook, err);
	for (size_t i = 0; i < conf->notify.webhook.n && !ret; i++)
		ret = wr_output_webhook_url(conf->notify.webhook.at[i], read.url, err);
	if (!ret && conf->output.features.n)
		ret = wr_output_hide(&read.hide, conf, err);
	explicit_bzero(&read, sizeof(read));
	return ret;
}

/* The slot of that name, as an earlier process has left it; or a free one. */
static struct wr_output_slot *slot_of(struct wr_output_run *r, const char *name, int *number)
{
	struct wr_output_slot *s = r->shared->slots;
	int i;

	for (i = 0; i < WR_OUTPUTS; i++)
		if (!strcmp(s[i].name, name))
			break;
	for (int k = 0; i == WR_OUTPUTS && k < WR_OUTPUTS; k++)
		if (!s[k].name[0])
			i = k;
	*number = i;
	if (strcmp(s[i].name, name)) {
		memset(&s[i], 0, sizeof(s[i]));
		snprintf(s[i].name, sizeof(s[i].name), "%s", name);
	}
	return &s[i];
}

static bool is_wanted(const struct wr_daemon_conf *conf, const char *slot)
{
	char name[WR_OUTPUT_NAME];

	for (int k = 0; k < WR_OUTPUT_KINDS; k++) {
		struct wr_conf_list l = wr_output_places(conf, (enum wr_output_kind)k);

		for (size_t i = 0; i < l.n; i++) {
			wr_output_name(name, (enum wr_output_kind)k, l.at[i]);
			if (!strcmp(name, slot))
				return true;
		}
	}
	return false;
}

static void tell_lost(const struct wr_output_run *r, const struct wr_output_slot *s)
{
	uint64_t waiting = wr_outbox_waiting(&s->box);
	char line[WR_OUTPUT_NAME + 64];

	if (!waiting)
		return;
	snprintf(line, sizeof(line), "%s: %llu that waited are lost", s->name,
		 (unsigned long long)waiting);
	r->start->say(r->start->ctx, line);
}

static void free_slots(struct wr_output_run *r)
{
	for (int i = 0; i < WR_OUTPUTS; i++) {
		struct wr_output_slot *s = &r->shared->slots[i];

		s->name[sizeof(s->name) - 1] = 0;
		if (!s->name[0] || is_wanted(r->conf, s->name))
			continue;
		tell_lost(r, s);
		memset(s, 0, sizeof(*s));
	}
}

/* ---- away: what could be opened once, and now cannot ---- */

static void away_lost(struct wr_output_one *o, uint32_t n)
{
	o->slot->box.n.given += n;
	o->slot->box.n.lost += n;
}

static void away_flow(struct wr_output_run *r, struct wr_output_one *o)
{
	if (o->kind->flow && !(o->kind == &wr_output_features && wr_output_wants_windows(r->conf)))
		away_lost(o, 1);
}

static bool away_text(struct wr_output_one *o, const uint8_t *message, size_t n, uint32_t holds)
{
	(void)message, (void)n;
	away_lost(o, holds ? holds : 1);
	return false;
}

static int away_step(struct wr_output_one *o, uint64_t now_ns, struct wr_err *err)
{
	(void)o, (void)now_ns, (void)err;
	return 0;
}

static const char *away_trouble(const struct wr_output_one *o)
{
	return o->why;
}

static void away_close(struct wr_output_one *o)
{
	(void)o;
}

static const struct wr_output_ways away = {
	.flow = away_flow,
	.text = away_text,
	.step = away_step,
	.outlet = wr_output_no_outlet,
	.trouble = away_trouble,
	.close = away_close,
};

/* Others do not wait for it. Once shut in, this process opens no file: another one looks again. */
static void goes_away(struct wr_output_run *r, struct wr_output_one *o, const struct wr_err *why)
{
	char line[WR_OUTPUT_NAME + sizeof(why->text)];

	o->ways = &away;
	o->away = true;
	snprintf(o->why, sizeof(o->why), "%s", why->text);
	snprintf(line, sizeof(line), "%s: %s", o->slot->name, why->text);
	r->start->say(r->start->ctx, line);
	r->again_ns = wr_loop_now_ns() + AGAIN_S * 1000000000ull;
}

static const struct wr_err *no_headers(const struct wr_output_run *r, const struct wr_output_one *o)
{
	if (o->kind == &wr_output_otlp || o->kind == &wr_output_otlp_traces)
		return &r->no_otlp;
	return o->kind == &wr_output_webhook ? &r->no_webhook : NULL;
}

static int open_kind(struct wr_output_run *r, struct wr_output_one *o, const char *to,
		     struct wr_err *err)
{
	const struct wr_err *why = no_headers(r, o);

	return why && why->code ? wr_fail(err, why->code, "%s", why->text)
				: o->kind->open(r, o, to, err);
}

static int open_one(struct wr_output_run *r, enum wr_output_kind kind, const char *to,
		    struct wr_err *err)
{
	struct wr_output_one *o = &r->outputs[r->n];
	char name[WR_OUTPUT_NAME];
	int number, ret;

	wr_output_name(name, kind, to);
	o->ways = o->kind = ways_of[kind];
	o->run = r;
	o->slot = slot_of(r, name, &number);
	wr_outbox_adopt(&o->slot->box, wr_output_box(r->shared, number), r->shared->buffer);
	ret = open_kind(r, o, to, err);
	if (ret && r->shared->began) {
		goes_away(r, o, err);
		ret = 0;
	}
	r->n += !ret;
	return ret;
}

static int open_all(struct wr_output_run *r, struct wr_err *err)
{
	int ret = 0;

	otlp_headers(r->conf, &r->otlp, &r->no_otlp);
	webhook_headers(r->conf, &r->webhook, &r->no_webhook);
	free_slots(r);
	for (int k = 0; k < WR_OUTPUT_KINDS; k++) {
		struct wr_conf_list l = wr_output_places(r->conf, (enum wr_output_kind)k);

		for (size_t i = 0; i < l.n && !ret; i++)
			ret = open_one(r, (enum wr_output_kind)k, l.at[i], err);
	}
	return ret;
}

static void end_all(struct wr_output_run *r)
{
	for (uint32_t i = 0; i < r->n; i++)
		if (r->outputs[i].ways->end)
			r->outputs[i].ways->end(&r->outputs[i]);
}

static void close_all(struct wr_output_run *r)
{
	for (uint32_t i = 0; i < r->n; i++)
		r->outputs[i].ways->close(&r->outputs[i]);
	if (r->signal_fd >= 0)
		close(r->signal_fd);
	wr_buf_free(&r->text);
}

/* ---- from the queue ---- */

static void take_flow(struct wr_output_run *r, const struct wr_output_flow *f)
{
	const struct wr_l7 *at = f->said;

	memcpy(&r->flow, f->flow, sizeof(r->flow));
	memcpy(r->iface, f->iface, sizeof(r->iface));
	r->iface[sizeof(r->iface) - 1] = 0;
	r->ifindex = f->ifindex;
	r->has_app = f->has[0] || f->has[1];
	if (r->has_app) {
		memset(&r->app, 0, sizeof(r->app));
		r->app.key = r->flow.key;
	}
	for (int end = 0; end < 2; end++)
		if (f->has[end])
			r->app.said[end] = *at++;
	for (uint32_t i = 0; i < r->n; i++)
		if (r->outputs[i].ways->flow)
			r->outputs[i].ways->flow(r, &r->outputs[i]);
}

static void take_text(struct wr_output_run *r, uint32_t kind, const uint8_t *m, size_t n)
{
	const uint8_t *rest = m + WR_OUTPUT_HOLDS;
	uint32_t holds;

	memcpy(&holds, m, sizeof(holds));
	for (uint32_t i = 0; i < r->n; i++) {
		struct wr_output_one *o = &r->outputs[i];

		if (o->kind->takes >> kind & 1)
			o->ways->text(o, rest, n - WR_OUTPUT_HOLDS, holds);
	}
}

/* What became of the message that somebody waits for: it is behind all that came before it. */
static void note_test(struct wr_output_slot *s, uint64_t lost_before)
{
	if (s->test_is != WR_OUTPUT_TEST_WAITS || s->box.n.sent + s->box.n.lost < s->test_at)
		return;
	s->test_is = s->box.n.lost > lost_before ? WR_OUTPUT_TEST_LOST : WR_OUTPUT_TEST_TAKEN;
}

/* Sends what can be sent, and notes who has moved. */
static void step(struct wr_output_run *r, struct wr_output_one *o, uint64_t now_ns)
{
	uint64_t lost = o->slot->box.n.lost;
	struct wr_err err = {0};
	int ret = o->ways->step(o, now_ns, &err);
	char line[sizeof(err.text)];

	note_test(o->slot, lost);
	o->waits = !o->away && (ret > 0 || o->slot->box.messages);
	if (o->slot->box.n.sent != o->sent || !o->slot->box.messages)
		o->moved_ns = now_ns;
	o->sent = o->slot->box.n.sent;
	snprintf(o->slot->trouble, sizeof(o->slot->trouble), "%s", o->ways->trouble(o));
	if (ret < 0) {
		snprintf(line, sizeof(line), "%s", err.text);
		r->start->say(r->start->ctx, line);
	}
}

static void step_all(struct wr_output_run *r)
{
	uint64_t now_ns = wr_loop_now_ns();

	for (uint32_t i = 0; i < r->n; i++)
		step(r, &r->outputs[i], now_ns);
}

/* All that move have room for a batch, or the queue has none to wait in. */
static bool ready(const struct wr_output_run *r)
{
	uint64_t now_ns = wr_loop_now_ns();

	if (wr_queue_left(&r->queue) > WR_OUTPUT_QUEUE / 2)
		return true;
	for (uint32_t i = 0; i < r->n; i++) {
		const struct wr_output_one *o = &r->outputs[i];

		if (o->ways->flow && !wr_outbox_fits(&o->slot->box, ROOM) &&
		    now_ns - o->moved_ns < STUCK_MS * 1000000ull)
			return false;
	}
	return true;
}

/* What was taken is done with when it is in the outboxes: whoever goes on finds it here or there.
 */
static void take_batch(struct wr_output_run *r)
{
	const void *m;
	uint32_t kind;
	size_t n;

	for (int i = 0; i < BATCH && (m = wr_queue_next(&r->queue, &kind, &n)); i++) {
		if (kind == WR_OUTPUT_FLOW)
			take_flow(r, m);
		else
			take_text(r, kind, m, n);
	}
	step_all(r);
	wr_queue_done(&r->queue);
}

/* ---- the loop ---- */

static int pause_ms(const struct wr_output_run *r, bool more, bool held)
{
	int ms = IDLE_MS;

	/* When the queue fills, a collector that loses datagrams is better than all losing flows.
	 */
	if (more && !held)
		return r->datagrams && wr_queue_left(&r->queue) < WR_OUTPUT_QUEUE / 4 ? UDP_PAUSE_MS
										      : 0;
	for (uint32_t i = 0; i < r->n; i++) {
		const struct wr_output_one *o = &r->outputs[i];

		if (o->waits && (!o->ways->outlet(o) || held))
			return BUSY_MS;
		if (o->waits)
			ms = TRY_MS;
	}
	return ms;
}

/* Waits for messages, for who reads, for the end. True: the core, or the keeper, wants an end. */
static bool wait_for_something(struct wr_output_run *r, int ms)
{
	struct pollfd p[OWN_FDS + WR_OUTPUTS] = {
		[CORE] = {.fd = r->start->core_fd},
		[SIGNAL] = {.fd = r->signal_fd, .events = POLLIN},
		[WAKE] = {.fd = r->shared->wake_fd, .events = POLLIN},
	};
	nfds_t n = OWN_FDS;
	uint64_t count;

	for (uint32_t i = 0; i < r->n; i++) {
		const struct wr_output_one *o = &r->outputs[i];
		const struct wr_outlet *out = o->ways->outlet(o);

		/* A file can always be written to, also when its disk is full. */
		if (o->waits && out && wr_outlet_way(out) != WR_OUTLET_FILE)
			p[n++] = (struct pollfd){.fd = wr_outlet_fd(out), .events = POLLOUT};
	}
	if (poll(p, n, ms) < 0 && errno != EINTR)
		return true;
	if (p[WAKE].revents && read(r->shared->wake_fd, &count, sizeof(count)) < 0 &&
	    errno != EAGAIN)
		return true;
	return p[CORE].revents || p[SIGNAL].revents;
}

static bool looks_again(const struct wr_output_run *r)
{
	return r->again_ns && wr_loop_now_ns() >= r->again_ns;
}

static void serve(struct wr_output_run *r)
{
	bool more, held;

	do {
		held = !ready(r);
		if (held)
			step_all(r);
		else
			take_batch(r);
		more = wr_queue_left(&r->queue) != 0;
	} while (!r->broken && !looks_again(r) && !wait_for_something(r, pause_ms(r, more, held)));
}

/* Where something is wrong nobody is waited for. */
static bool anything_waits(const struct wr_output_run *r)
{
	for (uint32_t i = 0; i < r->n; i++)
		if (r->outputs[i].waits && !r->outputs[i].slot->trouble[0])
			return true;
	return wr_queue_left(&r->queue) != 0;
}

/* Nobody goes on after us: what waits has a moment to go out. */
static void finish(struct wr_output_run *r)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	uint64_t until = wr_loop_now_ns() + END_MS * 1000000ull;

	do {
		if (ready(r))
			take_batch(r);
		else
			step_all(r);
		if (r->datagrams || !wr_queue_left(&r->queue))
			nanosleep(&pause, NULL);
	} while (anything_waits(r) && wr_loop_now_ns() < until);
	end_all(r);
	for (uint32_t i = 0; i < r->n; i++)
		tell_lost(r, r->outputs[i].slot);
}

static bool core_has_ended(const struct wr_output_run *r)
{
	struct pollfd p = {.fd = r->start->core_fd};

	return r->shared->ending || (poll(&p, 1, 0) > 0 && p.revents);
}

/* The end comes by SIGUSR1 alone: what a service manager sends to all processes comes before the
 * core has said its last. */
static int take_signals(struct wr_output_run *r, struct wr_err *err)
{
	sigset_t end;

	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&end);
	sigaddset(&end, SIGUSR1);
	sigprocmask(SIG_BLOCK, &end, NULL);
	r->signal_fd = signalfd(-1, &end, SFD_NONBLOCK | SFD_CLOEXEC);
	return r->signal_fd < 0 ? wr_fail(err, errno, "signalfd: %s", strerror(errno)) : 0;
}

int wr_output_main(const struct wr_front_start *start, struct wr_err *err)
{
	static struct wr_output_run run; /* one in this process */
	struct wr_output_run *r = &run;
	int ret;

	r->start = start;
	r->conf = start->conf;
	r->shared = start->own;
	r->signal_fd = -1;
	if (gethostname(r->host, sizeof(r->host) - 1))
		r->host[0] = 0;
	wr_queue_read_from(&r->queue, wr_output_queue(r->shared), WR_OUTPUT_QUEUE);
	/* A name that is looked up holds up all: not for long. */
	setenv("RES_OPTIONS", "timeout:2 attempts:1", 1);
	ret = take_signals(r, err);
	if (!ret)
		ret = open_all(r, err);
	if (!ret)
		ret = start->confine(start->ctx, err);
	if (!ret) {
		r->shared->began = 1;
		serve(r);
		if (core_has_ended(r))
			finish(r);
		else if (r->broken)
			ret = wr_fail(err, EIO, "the process that runs notify.command has ended");
		end_all(r);
	}
	close_all(r);
	return ret;
}
