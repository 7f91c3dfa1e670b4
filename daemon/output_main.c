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
#include "daemon/output_impl.h"
#include "export/eve.h"
#include "export/ipfix_send.h"
#include "export/post.h"
#include "view/app_json.h"

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
	HEADERS_MAX = 16,
	HEADER_BYTES = 1024,
};

/* What is waited for, in front of outputs. */
enum {
	CORE,
	SIGNAL,
	WAKE,
	OWN_FDS,
};

struct run;

struct output {
	const struct kind *kind;
	struct wr_output_slot *slot;
	struct wr_eve *eve; /* one of these, owned */
	struct wr_ipfix_send *ipfix;
	struct wr_post *otlp;
	uint64_t sent, moved_ns; /* how much had gone out when that last changed */
	bool waits;
};

struct run {
	const struct wr_front_start *start;
	const struct wr_daemon_conf *conf;
	struct wr_output_shared *shared;
	struct wr_queue_reader queue;
	struct output outputs[WR_OUTPUTS];
	uint32_t n;
	int signal_fd;
	bool datagrams; /* one of them sends by UDP */
	/* The flow that is being told. */
	struct wr_flow flow;
	struct wr_app app;
	bool has_app;
	uint32_t ifindex;
	char iface[16];
	/* Of all OTLP outputs. */
	char headers[HEADERS_MAX][HEADER_BYTES];
	const char *header[HEADERS_MAX];
	int n_headers;
};

/* ---- what encoders ask of a flow ---- */

static const char *iface_name(void *ctx, uint32_t number)
{
	const struct run *r = ctx;

	(void)number;
	return r->iface;
}

static uint32_t iface_index(void *ctx, uint32_t number)
{
	const struct run *r = ctx;

	(void)number;
	return r->ifindex;
}

static void said(void *ctx, struct wr_buf *b, const struct wr_flow *f)
{
	const struct run *r = ctx;

	if (r->has_app)
		wr_view_app_json(b, &r->app, wr_flow_server(f));
}

/* ---- kinds ---- */

struct kind {
	int (*open)(struct run *r, struct output *o, const char *to, struct wr_err *err);
	void (*flow)(struct run *r, struct output *o); /* may be NULL, as the next two */
	void (*lines)(struct output *o, const void *text, size_t n);
	void (*metrics)(struct output *o, const void *body, size_t n, uint32_t points);
	/* As wr_outlet_flush(). */
	int (*step)(struct output *o, uint64_t now_ns, struct wr_err *err);
	struct wr_outlet *(*outlet)(const struct output *o); /* NULL: it has none */
	const char *(*trouble)(const struct output *o);
	void (*close)(struct output *o);
};

static int eve_open(struct run *r, struct output *o, const char *to, struct wr_err *err)
{
	struct wr_eve_conf conf = {
		.to = to,
		.style = {.iface = iface_name, .more = said, .ctx = r},
		.box = &o->slot->box,
		.later = true,
	};

	return wr_eve_open(&o->eve, &conf, err);
}

static void eve_flow(struct run *r, struct output *o)
{
	if (wr_output_wants(r->conf, "flow"))
		wr_eve_flow(o->eve, &r->flow);
}

static void eve_lines(struct output *o, const void *text, size_t n)
{
	wr_eve_lines(o->eve, text, n);
}

static struct wr_outlet *eve_outlet(const struct output *o)
{
	return wr_eve_outlet(o->eve);
}

static int eve_step(struct output *o, uint64_t now_ns, struct wr_err *err)
{
	return wr_outlet_flush(eve_outlet(o), now_ns, err);
}

static const char *eve_trouble(const struct output *o)
{
	return wr_outlet_trouble(eve_outlet(o));
}

static void eve_close(struct output *o)
{
	wr_eve_close(&o->eve, 0, NULL, NULL);
}

/* nfcapd takes the numbers of options records over UDP for lost flows: names only in streams. */
static int ipfix_open(struct run *r, struct output *o, const char *to, struct wr_err *err)
{
	bool stream = !strncmp(to, "tcp:", 4);
	struct wr_ipfix_send_conf conf = {
		.to = to,
		.box = &o->slot->box,
		.later = true,
		.sequence = &o->slot->sequence,
		.ifindex = iface_index,
		.iface = stream ? iface_name : NULL,
		.iface_ctx = r,
	};

	r->datagrams |= !stream;
	return wr_ipfix_open(&o->ipfix, &conf, err);
}

static void ipfix_flow(struct run *r, struct output *o)
{
	wr_ipfix_add(o->ipfix, &r->flow);
}

static struct wr_outlet *ipfix_outlet(const struct output *o)
{
	return wr_ipfix_outlet(o->ipfix);
}

static int ipfix_step(struct output *o, uint64_t now_ns, struct wr_err *err)
{
	return wr_ipfix_step(o->ipfix, now_ns, err);
}

static const char *ipfix_trouble(const struct output *o)
{
	return wr_outlet_trouble(ipfix_outlet(o));
}

static void ipfix_close(struct output *o)
{
	wr_ipfix_close(&o->ipfix, 0, NULL, NULL);
}

static int otlp_open(struct run *r, struct output *o, const char *to, struct wr_err *err)
{
	struct wr_post_conf conf = {
		.url = to,
		.headers = r->header,
		.n_headers = r->n_headers,
		.box = &o->slot->box,
	};

	return wr_post_open(&o->otlp, &conf, err);
}

static void otlp_metrics(struct output *o, const void *body, size_t n, uint32_t points)
{
	wr_post_put(o->otlp, body, n, points);
}

static int otlp_step(struct output *o, uint64_t now_ns, struct wr_err *err)
{
	int ret = wr_post_step(o->otlp, now_ns, 0, err);

	return ret < 0 ? ret : wr_post_busy(o->otlp);
}

static struct wr_outlet *otlp_outlet(const struct output *o)
{
	(void)o;
	return NULL;
}

static const char *otlp_trouble(const struct output *o)
{
	return wr_post_trouble(o->otlp);
}

static void otlp_close(struct output *o)
{
	wr_post_close(&o->otlp);
}

static const struct kind kinds[WR_OUTPUT_KINDS] = {
	[WR_OUTPUT_EVE] = {eve_open, eve_flow, eve_lines, NULL, eve_step, eve_outlet, eve_trouble,
			   eve_close},
	[WR_OUTPUT_IPFIX] = {ipfix_open, ipfix_flow, NULL, NULL, ipfix_step, ipfix_outlet,
			     ipfix_trouble, ipfix_close},
	[WR_OUTPUT_OTLP] = {otlp_open, NULL, NULL, otlp_metrics, otlp_step, otlp_outlet,
			    otlp_trouble, otlp_close},
};

/* ---- open, close ---- */

static int header_line(struct run *r, const char *line, struct wr_err *err)
{
	size_t n = strcspn(line, "\r\n");

	if (!n || *line == '#')
		return 0;
	if (r->n_headers == HEADERS_MAX || n >= HEADER_BYTES)
		return wr_fail(err, EINVAL,
			       "output.otlp_headers_file: more than %d headers, or one "
			       "of more than %d bytes",
			       HEADERS_MAX, HEADER_BYTES - 1);
	memcpy(r->headers[r->n_headers], line, n);
	r->headers[r->n_headers][n] = 0;
	r->header[r->n_headers] = r->headers[r->n_headers];
	r->n_headers++;
	return 0;
}

static int read_headers(struct run *r, struct wr_err *err)
{
	const char *path = r->conf->output.otlp_headers_file;
	char line[HEADER_BYTES + 2];
	FILE *f;
	int ret = 0;

	if (!path[0] || !r->conf->output.otlp.n)
		return 0;
	f = fopen(path, "re");
	if (!f)
		return wr_fail(err, EINVAL, "output.otlp_headers_file: %s: %s", path,
			       strerror(errno));
	while (!ret && fgets(line, sizeof(line), f))
		ret = header_line(r, line, err);
	fclose(f);
	return ret;
}

/* The slot of that name, as an earlier process has left it; or a free one. */
static struct wr_output_slot *slot_of(struct run *r, const char *name, int *number)
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

static void name_of(char name[WR_OUTPUT_NAME], enum wr_output_kind kind, const char *to)
{
	snprintf(name, WR_OUTPUT_NAME, "%s:%s", wr_output_kind_name(kind), to);
}

static bool is_wanted(const struct wr_daemon_conf *conf, const char *slot)
{
	char name[WR_OUTPUT_NAME];

	for (int k = 0; k < WR_OUTPUT_KINDS; k++) {
		const struct wr_conf_list *l = wr_output_places(conf, (enum wr_output_kind)k);

		for (size_t i = 0; i < l->n; i++) {
			name_of(name, (enum wr_output_kind)k, l->at[i]);
			if (!strcmp(name, slot))
				return true;
		}
	}
	return false;
}

static void tell_lost(const struct run *r, const struct wr_output_slot *s)
{
	uint64_t waiting = wr_outbox_waiting(&s->box);
	char line[WR_OUTPUT_NAME + 64];

	if (!waiting)
		return;
	snprintf(line, sizeof(line), "%s: %llu that waited are lost", s->name,
		 (unsigned long long)waiting);
	r->start->say(r->start->ctx, line);
}

static void free_slots(struct run *r)
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

static int open_one(struct run *r, enum wr_output_kind kind, const char *to, struct wr_err *err)
{
	struct output *o = &r->outputs[r->n];
	char name[WR_OUTPUT_NAME];
	int number, ret;

	name_of(name, kind, to);
	o->kind = &kinds[kind];
	o->slot = slot_of(r, name, &number);
	wr_outbox_adopt(&o->slot->box, wr_output_box(r->shared, number), r->shared->buffer);
	ret = o->kind->open(r, o, to, err);
	r->n += !ret;
	return ret;
}

static int open_all(struct run *r, struct wr_err *err)
{
	int ret = read_headers(r, err);

	if (ret)
		return ret;
	free_slots(r);
	for (int k = 0; k < WR_OUTPUT_KINDS; k++) {
		const struct wr_conf_list *l = wr_output_places(r->conf, (enum wr_output_kind)k);

		for (size_t i = 0; i < l->n && !ret; i++)
			ret = open_one(r, (enum wr_output_kind)k, l->at[i], err);
	}
	return ret;
}

static void close_all(struct run *r)
{
	for (uint32_t i = 0; i < r->n; i++)
		r->outputs[i].kind->close(&r->outputs[i]);
	if (r->signal_fd >= 0)
		close(r->signal_fd);
}

/* ---- from the queue ---- */

static void take_flow(struct run *r, const struct wr_output_flow *f)
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
		if (r->outputs[i].kind->flow)
			r->outputs[i].kind->flow(r, &r->outputs[i]);
}

static void take_text(struct run *r, enum wr_output_message kind, const uint8_t *m, size_t n)
{
	uint32_t holds;

	memcpy(&holds, m, sizeof(holds));
	for (uint32_t i = 0; i < r->n; i++) {
		struct output *o = &r->outputs[i];

		if (kind != WR_OUTPUT_METRICS && o->kind->lines)
			o->kind->lines(o, m + sizeof(holds), n - sizeof(holds));
		if (kind == WR_OUTPUT_METRICS && o->kind->metrics)
			o->kind->metrics(o, m + sizeof(holds), n - sizeof(holds), holds);
	}
}

/* Sends what can be sent, and notes who has moved. */
static void step(struct run *r, struct output *o, uint64_t now_ns)
{
	struct wr_err err = {0};
	int ret = o->kind->step(o, now_ns, &err);
	char line[sizeof(err.text)];

	o->waits = ret > 0 || o->slot->box.messages;
	if (o->slot->box.n.sent != o->sent || !o->slot->box.messages)
		o->moved_ns = now_ns;
	o->sent = o->slot->box.n.sent;
	snprintf(o->slot->trouble, sizeof(o->slot->trouble), "%s", o->kind->trouble(o));
	if (ret < 0) {
		snprintf(line, sizeof(line), "%s", err.text);
		r->start->say(r->start->ctx, line);
	}
}

static void step_all(struct run *r)
{
	uint64_t now_ns = wr_loop_now_ns();

	for (uint32_t i = 0; i < r->n; i++)
		step(r, &r->outputs[i], now_ns);
}

/* All that move have room for a batch, or the queue has none to wait in. */
static bool ready(const struct run *r)
{
	uint64_t now_ns = wr_loop_now_ns();

	if (wr_queue_left(&r->queue) > WR_OUTPUT_QUEUE / 2)
		return true;
	for (uint32_t i = 0; i < r->n; i++) {
		const struct output *o = &r->outputs[i];

		if (o->kind->flow && !wr_outbox_fits(&o->slot->box, ROOM) &&
		    now_ns - o->moved_ns < STUCK_MS * 1000000ull)
			return false;
	}
	return true;
}

/* What was taken is done with when it is in the outboxes: whoever goes on finds it here or there.
 */
static void take_batch(struct run *r)
{
	const void *m;
	uint32_t kind;
	size_t n;

	for (int i = 0; i < BATCH && (m = wr_queue_next(&r->queue, &kind, &n)); i++) {
		if (kind == WR_OUTPUT_FLOW)
			take_flow(r, m);
		else
			take_text(r, (enum wr_output_message)kind, m, n);
	}
	step_all(r);
	wr_queue_done(&r->queue);
}

/* ---- the loop ---- */

static int pause_ms(const struct run *r, bool more, bool held)
{
	int ms = IDLE_MS;

	/* When the queue fills, a collector that loses datagrams is better than all losing flows.
	 */
	if (more && !held)
		return r->datagrams && wr_queue_left(&r->queue) < WR_OUTPUT_QUEUE / 4 ? UDP_PAUSE_MS
										      : 0;
	for (uint32_t i = 0; i < r->n; i++) {
		const struct output *o = &r->outputs[i];

		if (o->waits && (!o->kind->outlet(o) || held))
			return BUSY_MS;
		if (o->waits)
			ms = TRY_MS;
	}
	return ms;
}

/* Waits for messages, for who reads, for the end. True: the core, or the keeper, wants an end. */
static bool wait_for_something(struct run *r, int ms)
{
	struct pollfd p[OWN_FDS + WR_OUTPUTS] = {
		[CORE] = {.fd = r->start->core_fd},
		[SIGNAL] = {.fd = r->signal_fd, .events = POLLIN},
		[WAKE] = {.fd = r->shared->wake_fd, .events = POLLIN},
	};
	nfds_t n = OWN_FDS;
	uint64_t count;

	for (uint32_t i = 0; i < r->n; i++) {
		const struct output *o = &r->outputs[i];
		const struct wr_outlet *out = o->kind->outlet(o);

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

static void serve(struct run *r)
{
	bool more, held;

	do {
		held = !ready(r);
		if (held)
			step_all(r);
		else
			take_batch(r);
		more = wr_queue_left(&r->queue) != 0;
	} while (!wait_for_something(r, pause_ms(r, more, held)));
}

/* Where something is wrong nobody is waited for. */
static bool anything_waits(const struct run *r)
{
	for (uint32_t i = 0; i < r->n; i++)
		if (r->outputs[i].waits && !r->outputs[i].slot->trouble[0])
			return true;
	return wr_queue_left(&r->queue) != 0;
}

/* Nobody goes on after us: what waits has a moment to go out. */
static void finish(struct run *r)
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
	for (uint32_t i = 0; i < r->n; i++)
		tell_lost(r, r->outputs[i].slot);
}

static bool core_has_ended(const struct run *r)
{
	struct pollfd p = {.fd = r->start->core_fd};

	return r->shared->ending || (poll(&p, 1, 0) > 0 && p.revents);
}

/* The end comes by SIGUSR1 alone: what a service manager sends to all processes comes before the
 * core has said its last. */
static int take_signals(struct run *r, struct wr_err *err)
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
	static struct run run; /* one in this process */
	struct run *r = &run;
	int ret;

	r->start = start;
	r->conf = start->conf;
	r->shared = start->own;
	r->signal_fd = -1;
	wr_queue_read_from(&r->queue, wr_output_queue(r->shared), WR_OUTPUT_QUEUE);
	/* A name that is looked up holds up all: not for long. */
	setenv("RES_OPTIONS", "timeout:2 attempts:1", 1);
	ret = take_signals(r, err);
	if (!ret)
		ret = open_all(r, err);
	if (!ret)
		ret = start->confine(start->ctx, err);
	if (!ret) {
		serve(r);
		if (core_has_ended(r))
			finish(r);
	}
	close_all(r);
	return ret;
}
