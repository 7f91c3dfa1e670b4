/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/api.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/json.h"
#include "daemon/door.h"

enum {
	OWN_MAX = 16, /* places for connections that are added */
	GROUPS_MAX = 1024,
	KEEP_BYTES = 1 << 20,	    /* of the buffer for answers, between two of them */
	SUBSCRIBED_BYTES = 1 << 20, /* of rounds that wait */
};

#define PATIENCE_NS 30000000000ull

struct client {
	struct wr_api *api;
	int fd; /* -1 = the place is free */
	size_t used;
	uint32_t events; /* that are waited for */
	bool skipping;	 /* the rest of a line that was too long */
	bool subscribed; /* to sub */
	bool may_change, is_root, is_page;
	char who[24]; /* "uid 0"; "the page" */
	uint64_t number;
	char *out; /* owned: what the socket did not take yet */
	size_t out_used, out_done;
	uint64_t moved_ns; /* when it last took something */
	char in[WR_QUERY_MAX + 2];
	struct wr_query sub;
};

struct wr_api {
	struct wr_api_conf conf;
	const struct wr_api_host *host;
	struct wr_loop *loop;
	struct wr_door door;
	bool closed;		/* no more descriptors: nobody is let in until the next window */
	struct client *clients; /* owned */
	uint32_t n;		/* places */
	struct wr_buf answer;
	struct wr_query query;
	uint64_t backlog;
	uint32_t open;
	uint64_t served, refused, slow, requests, errors;
};

/* ---- a client comes and goes ---- */

static void on_client(void *ctx, uint32_t events);

static void drop(struct client *c)
{
	struct wr_api *api = c->api;

	wr_loop_remove(api->loop, c->fd);
	close(c->fd);
	api->backlog -= c->out_used - c->out_done;
	free(c->out);
	c->out = NULL;
	c->fd = -1;
	api->open--;
}

static void drop_slow(struct client *c)
{
	c->api->slow++;
	drop(c);
}

/* Who asks, for history. What was connected elsewhere and may change something is the page. */
static void name_of(struct client *c, int fd, bool elsewhere)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (elsewhere || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size))
		snprintf(c->who, sizeof(c->who), "the page");
	else
		snprintf(c->who, sizeof(c->who), "uid %u", (unsigned int)peer.uid);
}

/* Takes fd. */
static int take(struct wr_api *api, int fd, uint32_t first, uint32_t last, bool may_change,
		bool is_root)
{
	for (uint32_t i = first; i < last; i++) {
		struct client *c = &api->clients[i];

		if (c->fd >= 0)
			continue;
		if (wr_loop_add(api->loop, fd, EPOLLIN, on_client, c))
			break;
		c->fd = fd;
		c->events = EPOLLIN;
		c->used = c->out_used = c->out_done = 0;
		c->skipping = c->subscribed = false;
		c->may_change = may_change;
		c->is_page = first >= api->conf.clients_max;
		name_of(c, fd, first >= api->conf.clients_max);
		c->is_root = is_root;
		c->number = api->served + 1;
		c->moved_ns = wr_loop_now_ns();
		api->open++;
		api->served++;
		return 0;
	}
	close(fd);
	return -ENOSPC;
}

/* ---- out ---- */

/* What does not fit into the socket waits here; it is copied to its size. */
static int wait_for_room(struct client *c, const char *bytes, size_t n)
{
	size_t waiting = c->out_used - c->out_done;
	char *out = malloc(waiting + n);

	if (!out)
		return -ENOMEM;
	if (waiting)
		memcpy(out, c->out + c->out_done, waiting);
	memcpy(out + waiting, bytes, n);
	free(c->out);
	c->out = out;
	c->out_done = 0;
	c->out_used = waiting + n;
	c->api->backlog += n;
	return 0;
}

/* All together have too much waiting: who has not read for the longest time goes. */
static void keep_bound(struct wr_api *api)
{
	while (api->backlog > api->conf.backlog_max) {
		struct client *last = NULL;

		for (uint32_t i = 0; i < api->n; i++) {
			struct client *c = &api->clients[i];

			if (c->fd >= 0 && c->out_used > c->out_done &&
			    (!last || c->moved_ns < last->moved_ns))
				last = c;
		}
		if (!last)
			return;
		drop_slow(last);
	}
}

/* Returns how many bytes it took, or -1 when the client is gone. */
static ssize_t give(struct client *c, const char *bytes, size_t n)
{
	ssize_t done = send(c->fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (done < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (done > 0)
		c->moved_ns = wr_loop_now_ns();
	return done;
}

/* Sends api->answer. The client may be gone afterwards. */
static void send_answer(struct client *c)
{
	struct wr_api *api = c->api;
	struct wr_buf *b = &api->answer;
	ssize_t done = 0;

	if (c->out_used == c->out_done)
		done = give(c, b->at, b->used);
	if (done < 0 || b->failed) {
		drop(c);
	} else if ((size_t)done < b->used) {
		if (wait_for_room(c, b->at + done, b->used - (size_t)done))
			drop_slow(c);
		keep_bound(api);
	}
	wr_buf_clear(b);
	if (b->room > KEEP_BYTES)
		wr_buf_free(b);
}

/* ---- requests ---- */

static void put_error(struct wr_api *api, const struct wr_err *err, size_t from)
{
	struct wr_buf *b = &api->answer;

	b->used = from;
	wr_json_open(b);
	wr_json_str(b, "event_type", "error");
	wr_json_str(b, "error", err->text);
	wr_json_u64(b, "status", err->code == EINVAL ? 2 : err->code == EOPNOTSUPP ? 3 : 1);
	wr_json_close(b);
	wr_buf_char(b, '\n');
	api->errors++;
}

static void answer(struct wr_api *api, const struct wr_query *q)
{
	for (size_t i = 0; i < q->n_views; i++) {
		struct wr_err err = {.code = EIO, .text = "it could not be answered"};
		size_t from = api->answer.used;

		if (q->view[i]->answer(api->host, q, &api->answer, &err))
			put_error(api, &err, from);
	}
	wr_buf_char(&api->answer, '\n');
}

static void refuse(struct client *c, const struct wr_err *err)
{
	put_error(c->api, err, 0);
	wr_buf_char(&c->api->answer, '\n');
	send_answer(c);
}

static void request(struct client *c, const char *line, size_t n)
{
	struct wr_api *api = c->api;
	struct wr_query *q = &api->query;
	struct wr_err err = {0};

	if (n && line[n - 1] == '\r')
		n--;
	if (!n)
		return;
	api->requests++;
	c->subscribed = false;
	if (wr_query_parse(q, api->conf.views, line, n, &err)) {
		refuse(c, &err);
		return;
	}
	q->may_change = c->may_change;
	q->is_page = c->is_page;
	q->who = c->who;
	q->is_root = c->is_root;
	q->client = c->number;
	if (q->subscribe) {
		q = &c->sub; /* names and values point into the query itself: parsed once more */
		c->subscribed = !wr_query_parse(q, api->conf.views, line, n, &err);
	}
	answer(api, q);
	send_answer(c);
}

static void too_long(struct client *c)
{
	struct wr_err err = {0};

	c->used = 0;
	if (c->skipping)
		return;
	c->skipping = true;
	wr_fail(&err, EINVAL, "a request is a line of text, at most %d bytes", WR_QUERY_MAX);
	refuse(c, &err);
}

/* One line, and back to the loop: nobody is served twice before all others. */
static void next_request(struct client *c)
{
	char *end = memchr(c->in, '\n', c->used);
	size_t n = end ? (size_t)(end - c->in) : 0;

	if (!end) {
		if (c->used == sizeof(c->in))
			too_long(c);
		return;
	}
	if (!c->skipping)
		request(c, c->in, n);
	c->skipping = false;
	c->used -= n + 1;
	memmove(c->in, end + 1, c->used);
}

static void read_more(struct client *c)
{
	ssize_t n = recv(c->fd, c->in + c->used, sizeof(c->in) - c->used, MSG_DONTWAIT);

	if (n > 0) {
		c->used += (size_t)n;
		next_request(c);
	} else if (!n || (errno != EAGAIN && errno != EINTR)) {
		drop(c);
	}
}

static void send_more(struct client *c)
{
	ssize_t done = give(c, c->out + c->out_done, c->out_used - c->out_done);

	if (done < 0) {
		drop(c);
		return;
	}
	c->out_done += (size_t)done;
	c->api->backlog -= (size_t)done;
	if (c->out_done < c->out_used)
		return;
	free(c->out);
	c->out = NULL;
	c->out_used = c->out_done = 0;
}

/* To go on: room for what waits, or at once when a whole line is there already, or more to read. */
static void wait_for_more(struct client *c)
{
	bool line = memchr(c->in, '\n', c->used) != NULL;
	uint32_t events = c->out_used > c->out_done || line ? EPOLLOUT : EPOLLIN;

	if (c->fd >= 0 && events != c->events)
		wr_loop_change(c->api->loop, c->fd, events);
	c->events = events;
}

static void on_client(void *ctx, uint32_t events)
{
	struct client *c = ctx;

	(void)events;
	if (c->out_used > c->out_done)
		send_more(c);
	else if (memchr(c->in, '\n', c->used))
		next_request(c);
	else
		read_more(c);
	wait_for_more(c);
}

/* ---- windows ---- */

static void round_for(struct client *c)
{
	if (c->out_used - c->out_done > SUBSCRIBED_BYTES) {
		drop_slow(c);
		return;
	}
	answer(c->api, &c->sub);
	send_answer(c);
	wait_for_more(c);
}

static void on_door(void *ctx, uint32_t events);

void wr_api_window(struct wr_api *api)
{
	uint64_t now = wr_loop_now_ns();

	for (uint32_t i = 0; i < api->n; i++) {
		struct client *c = &api->clients[i];

		if (c->fd >= 0 && c->out_used > c->out_done && now - c->moved_ns > PATIENCE_NS)
			drop_slow(c);
		if (c->fd >= 0 && c->subscribed)
			round_for(c);
	}
	if (api->closed && !wr_loop_add(api->loop, api->door.fd, EPOLLIN, on_door, api))
		api->closed = false;
}

/* ---- the door ---- */

static void turn_away(int fd)
{
	static const char why[] =
		"{\"event_type\":\"error\",\"error\":\"all places for clients are "
		"taken\",\"status\":1}\n\n";

	if (send(fd, why, sizeof(why) - 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return;
}

/* Root, and who is in the group that was named for it. */
static bool is_trusted(const struct wr_api *api, int fd, bool *is_root)
{
	gid_t groups[GROUPS_MAX];
	socklen_t n = sizeof(groups);
	struct ucred peer;
	socklen_t size = sizeof(peer);

	*is_root = false;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size))
		return false;
	*is_root = !peer.uid;
	if (*is_root)
		return true;
	if (api->conf.group == (gid_t)-1)
		return false;
	if (peer.gid == api->conf.group)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &n))
		return false;
	for (size_t i = 0; i < n / sizeof(groups[0]); i++)
		if (groups[i] == api->conf.group)
			return true;
	return false;
}

static void on_door(void *ctx, uint32_t events)
{
	struct wr_api *api = ctx;
	int fd = accept4(api->door.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	bool may, root;

	(void)events;
	if (fd < 0) {
		/* Without a free descriptor the door would be told as ready for ever. */
		api->closed = errno == EMFILE || errno == ENFILE || errno == ENOMEM;
		if (api->closed)
			wr_loop_remove(api->loop, api->door.fd);
		return;
	}
	if (api->open >= api->conf.clients_max) {
		turn_away(fd);
		close(fd);
		api->refused++;
		return;
	}
	may = is_trusted(api, fd, &root);
	api->refused += take(api, fd, 0, api->conf.clients_max, may, root) != 0;
}

int wr_api_add(struct wr_api *api, int fd, bool may_change)
{
	return take(api, fd, api->conf.clients_max, api->n, may_change, false);
}

/* ---- open, close ---- */

int wr_api_open(struct wr_api **out, const struct wr_api_conf *conf, const struct wr_api_host *host,
		struct wr_loop *loop, struct wr_err *err)
{
	struct wr_api *api = calloc(1, sizeof(*api));
	int ret = 0;

	if (!api)
		return wr_fail(err, ENOMEM, "out of memory");
	api->conf = *conf;
	api->host = host;
	api->loop = loop;
	api->door.fd = -1;
	api->n = conf->clients_max + OWN_MAX;
	if (!conf->views)
		api->conf.views = wr_api_views;
	api->clients = calloc(api->n, sizeof(*api->clients));
	if (!api->clients)
		ret = wr_fail(err, ENOMEM, "out of memory for %u clients", conf->clients_max);
	for (uint32_t i = 0; api->clients && i < api->n; i++)
		api->clients[i] = (struct client){.api = api, .fd = -1};
	if (!ret && conf->path)
		ret = wr_door_open(&api->door, conf->path, conf->owner, conf->group, err);
	if (!ret && conf->path && wr_loop_add(loop, api->door.fd, EPOLLIN, on_door, api))
		ret = wr_fail(err, ENOSPC, "control socket: the event loop is full");
	if (ret)
		wr_api_close(&api);
	else
		*out = api;
	return ret;
}

void wr_api_close(struct wr_api **out)
{
	struct wr_api *api = *out;

	if (!api)
		return;
	for (uint32_t i = 0; api->clients && i < api->n; i++)
		if (api->clients[i].fd >= 0)
			drop(&api->clients[i]);
	wr_loop_remove(api->loop, api->door.fd);
	wr_door_close(&api->door);
	wr_buf_free(&api->answer);
	free(api->clients);
	free(api);
	*out = NULL;
}

void wr_api_status(const struct wr_api *api, struct wr_status *out)
{
	out->clients.open = api->open;
	out->clients.max = api->conf.clients_max;
	out->clients.served = api->served;
	out->clients.refused = api->refused;
	out->clients.slow = api->slow;
	out->clients.requests = api->requests;
	out->clients.errors = api->errors;
	out->clients.backlog_bytes = api->backlog;
}
