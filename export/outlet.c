/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "export/outlet.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { FIRST_MAX = 4096, TO_MAX = 512 };

#define RETRY_MIN_NS 1000000000ull
#define RETRY_MAX_NS 60000000000ull
#define TELL_NS 60000000000ull

struct wr_outlet {
	struct wr_outbox *box; /* own, or the caller's */
	struct wr_outbox own;
	enum wr_outlet_way way;
	enum wr_outbox_how how;
	char to[TO_MAX];     /* as the user wrote it */
	const char *address; /* in it, behind the prefix */
	int fd;		     /* -1: not connected */
	bool connecting;
	int code; /* errno of the file that could not be opened */
	struct sockaddr_storage peer;
	socklen_t peer_len;
	uint64_t retry_ns, pause_ns; /* when to try again; how long the pause was */
	uint64_t tell_ns;	     /* when a failure may be told again */
	char trouble[256];
	uint8_t first[FIRST_MAX];
	size_t first_n, first_out;
	void (*begins)(void *ctx, struct wr_outlet *o);
	void *ctx;
};

static const struct {
	const char *prefix;
	enum wr_outbox_how how;
	int type; /* of socket; 0 = none */
} ways[] = {
	[WR_OUTLET_STDOUT] = {"-", WR_OUTBOX_PIPE, 0},
	[WR_OUTLET_UNIX] = {"unix:", WR_OUTBOX_STREAM, SOCK_STREAM},
	[WR_OUTLET_LOCAL] = {"unixgram:", WR_OUTBOX_LOCAL, SOCK_DGRAM},
	[WR_OUTLET_TCP] = {"tcp:", WR_OUTBOX_STREAM, SOCK_STREAM},
	[WR_OUTLET_UDP] = {"udp:", WR_OUTBOX_DATAGRAM, SOCK_DGRAM},
	[WR_OUTLET_FILE] = {"", WR_OUTBOX_FILE, 0},
};
_Static_assert(sizeof(ways) / sizeof(ways[0]) == WR_OUTLET_WAYS, "a row for each way");

/* ---- where to ---- */

static int which_way(struct wr_outlet *o, const struct wr_outlet_conf *conf, struct wr_err *err)
{
	int w;

	if (snprintf(o->to, sizeof(o->to), "%s", conf->to) >= (int)sizeof(o->to))
		return wr_fail(err, EINVAL, "'%.40s...': longer than %zu bytes", conf->to,
			       sizeof(o->to) - 1);
	for (w = 0; w < WR_OUTLET_FILE; w++)
		if (w == WR_OUTLET_STDOUT ? !strcmp(o->to, "-")
					  : !strncmp(o->to, ways[w].prefix, strlen(ways[w].prefix)))
			break;
	o->way = (enum wr_outlet_way)w;
	o->how = ways[w].how;
	o->address = o->to + strlen(ways[w].prefix);
	if (!(conf->may & 1u << w) || !*o->to)
		return wr_fail(err, EINVAL, "'%s': not a place that this can go to", conf->to);
	return 0;
}

static int unix_peer(struct wr_outlet *o, struct wr_err *err)
{
	struct sockaddr_un *un = (struct sockaddr_un *)&o->peer;

	if (strlen(o->address) >= sizeof(un->sun_path) || !*o->address)
		return wr_fail(err, EINVAL, "'%s': a path of 1 to %zu bytes is needed", o->to,
			       sizeof(un->sun_path) - 1);
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, o->address, strlen(o->address) + 1);
	o->peer_len = sizeof(*un);
	return 0;
}

/* HOST:PORT, [IPV6]:PORT. *port is behind the last colon. */
static int split_peer(const struct wr_outlet *o, char host[TO_MAX], const char **port,
		      struct wr_err *err)
{
	const char *colon = strrchr(o->address, ':'), *start = o->address;
	size_t n = colon ? (size_t)(colon - o->address) : 0;

	if (n >= 2 && start[0] == '[' && start[n - 1] == ']') {
		start++;
		n -= 2;
	}
	if (!n || !colon[1])
		return wr_fail(err, EINVAL, "'%s': wanted is %sHOST:PORT", o->to,
			       ways[o->way].prefix);
	memcpy(host, start, n);
	host[n] = '\0';
	*port = colon + 1;
	return 0;
}

static int look_up(struct wr_outlet *o, struct wr_err *err)
{
	struct addrinfo want = {.ai_socktype = ways[o->way].type}, *got;
	char host[TO_MAX];
	const char *port = "";
	int ret = split_peer(o, host, &port, err);

	if (ret)
		return ret;
	ret = getaddrinfo(host, port, &want, &got);
	if (ret)
		return wr_fail(err, ret == EAI_MEMORY ? ENOMEM : EINVAL, "'%s': %s", o->to,
			       gai_strerror(ret));
	memcpy(&o->peer, got->ai_addr, got->ai_addrlen);
	o->peer_len = got->ai_addrlen;
	freeaddrinfo(got);
	return 0;
}

/* ---- connecting ---- */

static int failed(const struct wr_outlet *o, int code, struct wr_err *err)
{
	return wr_fail(err, code, "%s: %s", o->to, strerror(code));
}

static int open_file(const struct wr_outlet *o, struct wr_err *err)
{
	int fd = open(o->address, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
		      0640); /* non-blocking: a FIFO without a reader is an error, not a wait */

	return fd < 0 ? failed(o, errno, err) : fd;
}

/* A file that already has the first bytes of a line gets the rest of it. */
static bool goes_on(const struct wr_outlet *o)
{
	struct stat st;

	return o->how == WR_OUTBOX_FILE && o->box->part && !fstat(o->fd, &st) && st.st_size;
}

static void begin(struct wr_outlet *o)
{
	if (!goes_on(o))
		wr_outbox_again(o->box);
	o->first_n = o->first_out = 0;
	if (o->begins)
		o->begins(o->ctx, o);
}

static int dial(struct wr_outlet *o, struct wr_err *err)
{
	int fd = socket(o->peer.ss_family, ways[o->way].type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int ret = fd < 0 ? -errno : 0;

	if (!ret && connect(fd, (struct sockaddr *)&o->peer, o->peer_len))
		ret = -errno;
	o->connecting = ret == -EINPROGRESS;
	if (ret && !o->connecting) {
		if (fd >= 0)
			close(fd);
		return failed(o, -ret, err);
	}
	o->fd = fd;
	begin(o);
	return 0;
}

static void hang_up(struct wr_outlet *o, uint64_t now_ns)
{
	if (o->fd >= 0)
		close(o->fd);
	o->fd = -1;
	o->connecting = false;
	o->pause_ns = o->pause_ns ? o->pause_ns * 2 : RETRY_MIN_NS;
	if (o->pause_ns > RETRY_MAX_NS)
		o->pause_ns = RETRY_MAX_NS;
	o->retry_ns = now_ns + o->pause_ns;
}

/* 1: not yet; 0: it is; -errno: refused. */
static int connected(struct wr_outlet *o, int wait_ms)
{
	struct pollfd p = {.fd = o->fd, .events = POLLOUT};
	socklen_t len = sizeof(int);
	int code = 0;

	if (!o->connecting)
		return 0;
	if (poll(&p, 1, wait_ms) <= 0)
		return 1;
	getsockopt(o->fd, SOL_SOCKET, SO_ERROR, &code, &len);
	o->connecting = code != 0;
	return -code;
}

static int address(struct wr_outlet *o, bool later, struct wr_err *err)
{
	char host[TO_MAX];
	const char *port;

	if (o->way == WR_OUTLET_UNIX || o->way == WR_OUTLET_LOCAL)
		return unix_peer(o, err);
	if (!ways[o->way].type)
		return 0;
	return later ? split_peer(o, host, &port, err) : look_up(o, err);
}

static int first_dial(struct wr_outlet *o, struct wr_err *err)
{
	enum { CONNECT_MS = 3000 };
	int ret = dial(o, err);

	if (ret)
		return ret;
	ret = connected(o, CONNECT_MS);
	return ret ? failed(o, ret < 0 ? -ret : ETIMEDOUT, err) : 0;
}

/* Standard output into a file is a file; a FIFO that has a file's name is a pipe. */
static void take_file(struct wr_outlet *o, int fd)
{
	struct stat st;

	o->fd = fd;
	if (!fstat(fd, &st))
		o->how = S_ISREG(st.st_mode) ? WR_OUTBOX_FILE : WR_OUTBOX_PIPE;
	begin(o);
}

static int first_file(struct wr_outlet *o, struct wr_err *err)
{
	int fd = o->way == WR_OUTLET_STDOUT ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
					    : open_file(o, err);

	if (fd < 0)
		return o->way == WR_OUTLET_STDOUT ? failed(o, errno, err) : fd;
	take_file(o, fd);
	return 0;
}

static int start(struct wr_outlet *o, const struct wr_outlet_conf *conf, struct wr_err *err)
{
	struct wr_err why = {0};
	int ret = which_way(o, conf, err);

	if (!ret && !conf->box)
		ret = wr_outbox_open(&o->own, conf->bytes, err);
	if (!ret)
		ret = address(o, conf->later, err);
	if (ret)
		return ret;
	if (ways[o->way].type)
		return conf->later ? 0 : first_dial(o, err);
	ret = first_file(o, &why);
	if (ret && conf->later)
		o->code = -ret;
	else if (ret && err)
		*err = why;
	return conf->later ? 0 : ret;
}

int wr_outlet_open(struct wr_outlet **out, const struct wr_outlet_conf *conf, struct wr_err *err)
{
	struct wr_outlet *o = calloc(1, sizeof(*o));
	int ret;

	if (!o)
		return wr_fail(err, ENOMEM, "no memory for an output");
	o->fd = -1;
	o->begins = conf->begins;
	o->ctx = conf->ctx;
	o->box = conf->box ? conf->box : &o->own;
	ret = start(o, conf, err);
	if (ret) {
		wr_outlet_close(&o);
		return ret;
	}
	*out = o;
	return 0;
}

void wr_outlet_close(struct wr_outlet **out)
{
	struct wr_outlet *o = *out;

	if (!o)
		return;
	if (o->fd >= 0)
		close(o->fd);
	wr_outbox_close(&o->own);
	free(o);
	*out = NULL;
}

int wr_outlet_reopen(struct wr_outlet *o, struct wr_err *err)
{
	int fd;

	if (o->way != WR_OUTLET_FILE)
		return 0;
	fd = open_file(o, err);
	if (fd < 0)
		return fd;
	if (o->fd >= 0)
		close(o->fd);
	take_file(o, fd);
	return 0;
}

/* ---- out ---- */

bool wr_outlet_put(struct wr_outlet *o, const void *message, size_t n, uint32_t holds,
		   uint32_t mark)
{
	return wr_outbox_put(o->box, message, n < UINT32_MAX ? (uint32_t)n : UINT32_MAX, holds,
			     mark);
}

void wr_outlet_first(struct wr_outlet *o, const void *bytes, size_t n)
{
	if (n > sizeof(o->first) - o->first_n)
		return;
	memcpy(o->first + o->first_n, bytes, n);
	o->first_n += n;
}

static int send_first(struct wr_outlet *o)
{
	ssize_t n;

	while (o->first_out < o->first_n) {
		const uint8_t *at = o->first + o->first_out;
		size_t left = o->first_n - o->first_out;

		n = ways[o->way].type ? send(o->fd, at, left, MSG_DONTWAIT | MSG_NOSIGNAL)
				      : write(o->fd, at, left);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		o->first_out += (size_t)n;
	}
	return 0;
}

/* The other side of a stream has gone when it can be read to its end. */
static bool gone(const struct wr_outlet *o)
{
	char c[64];

	if (o->how != WR_OUTBOX_STREAM)
		return false;
	return recv(o->fd, c, sizeof(c), MSG_DONTWAIT) == 0;
}

static int once(struct wr_outlet *o, uint64_t now_ns, struct wr_err *err)
{
	int ret = 0;

	if (o->fd < 0 && !ways[o->way].type)
		return failed(o, o->code, err);
	if (o->fd < 0) {
		if (now_ns < o->retry_ns)
			return 1;
		if (!o->peer_len)
			ret = look_up(o, err);
		if (!ret)
			ret = dial(o, err);
		if (ret) {
			hang_up(o, now_ns);
			return ret;
		}
	}
	ret = connected(o, 0);
	if (ret > 0)
		return 1;
	if (!ret && gone(o))
		ret = -EPIPE;
	if (!ret)
		ret = send_first(o);
	if (!ret)
		ret = wr_outbox_send(o->box, o->fd, o->how);
	if (ret == -EAGAIN)
		return 1;
	if (!ret)
		return 0;
	failed(o, -ret, err);
	if (o->how == WR_OUTBOX_STREAM || o->how == WR_OUTBOX_LOCAL)
		hang_up(o, now_ns);
	return ret;
}

int wr_outlet_flush(struct wr_outlet *o, uint64_t now_ns, struct wr_err *err)
{
	struct wr_err now = {0};
	int ret = once(o, now_ns, &now);

	if (!ret)
		o->pause_ns = 0;
	if (ret < 0)
		snprintf(o->trouble, sizeof(o->trouble), "%s", now.text);
	else if (o->fd >= 0 && !o->connecting)
		o->trouble[0] = '\0';
	if (ret >= 0)
		return ret;
	if (now_ns < o->tell_ns)
		return 1;
	o->tell_ns = now_ns + TELL_NS;
	if (err)
		*err = now;
	return ret;
}

static uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int wr_outlet_drain(struct wr_outlet *o, int wait_ms, struct wr_err *err)
{
	uint64_t now = clock_ns(), end = now + (uint64_t)wait_ms * 1000000u;
	int ret = wr_outlet_flush(o, now, err);

	while (ret > 0 && now < end) {
		struct pollfd p = {.fd = o->fd, .events = POLLOUT};

		poll(&p, o->fd >= 0, 20);
		now = clock_ns();
		ret = wr_outlet_flush(o, now, err);
	}
	return ret;
}

int wr_outlet_fd(const struct wr_outlet *o)
{
	return o->fd;
}

enum wr_outlet_way wr_outlet_way(const struct wr_outlet *o)
{
	return o->way;
}

struct wr_outbox *wr_outlet_box(struct wr_outlet *o)
{
	return o->box;
}

struct wr_outbox_count wr_outlet_count(const struct wr_outlet *o)
{
	return o->box->n;
}

const char *wr_outlet_trouble(const struct wr_outlet *o)
{
	return o->trouble;
}

void wr_outlet_drop(struct wr_outlet *o)
{
	if (o->box == &o->own)
		wr_outbox_drop(o->box);
}
