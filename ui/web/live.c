/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/web/live.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

/* Tables are shown by their first rows; `series` is the line drawn in each of them. */
static const char subscribe[] =
	"subscribe views=status,stats,services,talkers,protocols,interfaces,drops,ledger top=50 "
	"series=60\n";
/* Another request ends the subscription. */
static const char unsubscribe[] = "status\n";

static const char *const names[] = {
#define X(sym, name) name,
	WR_WEB_VIEWS(X)
#undef X
};

/* A round that is older tells a newcomer nothing about now. */
enum { FRESH_MS = 3000, BLOCK = 32 * 1024 };

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

int wr_web_live_open(struct wr_web_live *l, int fd, struct wr_err *err)
{
	size_t i;

	*l = (struct wr_web_live){0};
	for (i = 0; i < WR_WEB_STREAMS; i++)
		l->streams[i].live = l;
	return wr_wire_open(&l->wire, fd, err);
}

void wr_web_live_close(struct wr_web_live *l)
{
	size_t i, view;

	for (i = 0; i < WR_WEB_ROUNDS; i++)
		for (view = 0; view < WR_WEB_VIEW_COUNT; view++)
			wr_buf_free(&l->rounds[i].text[view]);
	wr_wire_close(&l->wire);
}

unsigned int wr_web_live_streams(const struct wr_web_live *l)
{
	unsigned int i, n = 0;

	for (i = 0; i < WR_WEB_STREAMS; i++)
		n += l->streams[i].used;
	return n;
}

/* ---- rounds ---- */

static struct wr_web_round *round_at(struct wr_web_live *l, uint64_t number)
{
	return &l->rounds[number % WR_WEB_ROUNDS];
}

/* Which view an object belongs to: the first event_type in it is its own, as a text cannot hold a
 * quotation mark that is not escaped. */
static int view_of(const char *line, size_t n)
{
	static const char key[] = "\"event_type\":\"";
	const char *at = memmem(line, n, key, sizeof(key) - 1), *end;
	size_t i, len;

	if (!at)
		return -1;
	at += sizeof(key) - 1;
	end = memchr(at, '"', (size_t)(line + n - at));
	for (i = 0; end && i < WR_WEB_VIEW_COUNT; i++) {
		len = strlen(names[i]);
		if ((size_t)(end - at) != len)
			len -= names[i][len - 1] == 's';
		if ((size_t)(end - at) == len && !memcmp(at, names[i], len))
			return (int)i;
	}
	return -1;
}

static void begin_event(struct wr_buf *b, const char *name)
{
	wr_buf_str(b, "event: ");
	wr_buf_str(b, name);
	wr_buf_char(b, '\n');
}

static void add_line(struct wr_web_live *l, const char *line, size_t n)
{
	int view = view_of(line, n);
	struct wr_buf *b;

	if (view < 0)
		return;
	b = &round_at(l, l->newest + 1)->text[view];
	if (b->used + n > WR_WEB_ROUND_MAX) {
		l->left_out++;
		return;
	}
	if (!b->used)
		begin_event(b, names[view]);
	wr_buf_str(b, "data: ");
	wr_buf_add(b, line, n);
	wr_buf_char(b, '\n');
}

/* A view without rows is told, so that the page does not show the old ones. */
static void end_events(struct wr_web_round *r)
{
	bool whole = r->text[WR_WEB_VIEW_STATS].used;
	size_t i;

	for (i = 0; i < WR_WEB_VIEW_COUNT; i++) {
		struct wr_buf *b = &r->text[i];

		if (!b->used && (i == WR_WEB_VIEW_ERROR || !whole))
			continue;
		if (!b->used) {
			begin_event(b, names[i]);
			wr_buf_str(b, "data:\n");
		}
		wr_buf_char(b, '\n');
	}
}

static bool behind(const struct wr_web_live *l, const struct wr_web_stream *s)
{
	return l->newest >= s->round + WR_WEB_ROUNDS - 1;
}

/* Its socket takes nothing, so its reader is not called: closing it from here is the only way to
 * make room. */
static void drop(struct wr_web_live *l, struct wr_web_stream *s)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(s->conn, MHD_CONNECTION_INFO_CONNECTION_FD);

	s->late = true;
	l->dropped++;
	if (info)
		shutdown(info->connect_fd, SHUT_RDWR);
}

void wr_web_live_wake(struct wr_web_live *l)
{
	size_t i;

	for (i = 0; i < WR_WEB_STREAMS; i++) {
		struct wr_web_stream *s = &l->streams[i];

		if (!s->used || !s->asleep)
			continue;
		s->asleep = false;
		MHD_resume_connection(s->conn);
	}
}

static void begin_round(struct wr_web_live *l)
{
	struct wr_web_round *r = round_at(l, l->newest + 1);
	size_t i;

	for (i = 0; i < WR_WEB_VIEW_COUNT; i++)
		wr_buf_clear(&r->text[i]);
}

static void end_round(struct wr_web_live *l)
{
	size_t i;

	end_events(round_at(l, l->newest + 1));
	l->newest++;
	l->newest_ms = now_ms();
	for (i = 0; i < WR_WEB_STREAMS; i++)
		if (l->streams[i].used && !l->streams[i].late && behind(l, &l->streams[i]))
			drop(l, &l->streams[i]);
	begin_round(l);
	wr_web_live_wake(l);
}

/* Looked at once a window, so that a page that is loaded again finds its subscription. */
static void end_subscription(struct wr_web_live *l)
{
	if (wr_web_live_streams(l))
		return;
	l->subscribed = false;
	/* A core that is gone is noticed when its end is read. */
	wr_wire_send(&l->wire, unsubscribe, sizeof(unsubscribe) - 1);
}

static void take_line(void *ctx, const char *line, size_t n)
{
	struct wr_web_live *l = ctx;

	const struct wr_buf *text = round_at(l, l->newest + 1)->text;

	if (n) {
		add_line(l, line, n);
		return;
	}
	/* The answer to what ended a subscription is no round: every round has totals. */
	if (!l->subscribed || (!text[WR_WEB_VIEW_STATS].used && !text[WR_WEB_VIEW_ERROR].used)) {
		begin_round(l);
		return;
	}
	end_round(l);
	end_subscription(l);
}

int wr_web_live_step(struct wr_web_live *l)
{
	return wr_wire_read(&l->wire, take_line, l);
}

/* ---- streams ---- */

uint32_t wr_web_live_views(const char *list)
{
	uint32_t views = 0;
	size_t i, n;

	for (;; list++) {
		n = strcspn(list, ",");
		for (i = 0; i < WR_WEB_VIEW_COUNT; i++)
			if (strlen(names[i]) == n && !memcmp(names[i], list, n))
				break;
		if (i == WR_WEB_VIEW_COUNT)
			return 0;
		views |= 1u << i;
		list += n;
		if (!*list)
			return views;
	}
}

/* Copies on from where the stream is. Returns 0 when it has everything. */
static size_t copy(struct wr_web_stream *s, char *to, size_t room)
{
	size_t done = 0, n;

	while (done < room && s->round <= s->live->newest) {
		const struct wr_buf *b = &round_at(s->live, s->round)->text[s->view];

		n = s->views >> s->view & 1 ? b->used - s->offset : 0;
		n = n < room - done ? n : room - done;
		if (n) {
			memcpy(to + done, b->at + s->offset, n);
			done += n;
			s->offset += n;
			continue;
		}
		s->offset = 0;
		if (++s->view < WR_WEB_VIEW_COUNT)
			continue;
		s->view = 0;
		s->round++;
	}
	return done;
}

static ssize_t give(void *cls, uint64_t pos, char *to, size_t room)
{
	struct wr_web_stream *s = cls;
	size_t n;

	(void)pos;
	if (s->late)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	n = copy(s, to, room);
	if (!n) {
		s->asleep = true;
		MHD_suspend_connection(s->conn);
	}
	return (ssize_t)n;
}

static void end_stream(void *cls)
{
	struct wr_web_stream *s = cls;

	s->used = false;
}

struct MHD_Response *wr_web_live_stream(struct wr_web_live *l, struct MHD_Connection *conn,
					uint32_t views)
{
	struct wr_web_stream *s = l->streams, *end = l->streams + WR_WEB_STREAMS;
	bool fresh = l->subscribed && l->newest && now_ms() - l->newest_ms < FRESH_MS;
	struct MHD_Response *body;

	while (s < end && s->used)
		s++;
	if (s == end) {
		l->refused++;
		return NULL;
	}
	*s = (struct wr_web_stream){
		.live = l,
		.conn = conn,
		.views = views | 1u << WR_WEB_VIEW_ERROR,
		.round = fresh ? l->newest : l->newest + 1,
	};
	body = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, give, s, end_stream);
	if (!body)
		return NULL;
	s->used = true;
	l->opened++;
	/* A core that is gone is noticed when its end is read. */
	if (!l->subscribed)
		wr_wire_send(&l->wire, subscribe, sizeof(subscribe) - 1);
	l->subscribed = true;
	return body;
}
