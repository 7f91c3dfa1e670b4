/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/when.h"
#include "daemon/requests_impl.h"
#include "daemon/rights.h"

enum {
	DATAGRAMS = 128, /* should be able to wait */
	KEY_LEAST = 16,
	KEY_MOST = 4096,
	READS = 32,	       /* batches at a time */
	ROOM = 4 * 1024 * 1024 /* for datagrams that wait; as much of it as the system gives */
};

static const uint64_t DAY_NS = 86400000000000ull;

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* ---- opening ---- */

/* Two hashes of the file under two fixed keys: as many bits as the key has. */
static int read_key(struct wr_api_key *key, const char *path, struct wr_err *err)
{
	static const struct wr_api_key first = {{1, 0}}, second = {{2, 0}};
	uint8_t bytes[KEY_MOST];
	/* A pipe that nobody writes to holds nothing up. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st = {.st_mode = 0};
	ssize_t n = fd < 0 || fstat(fd, &st) ? -1 : read(fd, bytes, sizeof(bytes));
	int why = errno;

	if (fd >= 0)
		close(fd);
	if (st.st_mode & (S_IRWXG | S_IRWXO))
		return wr_fail(err, EPERM, "api.key_file: %s: others may read it; chmod 600 %s",
			       path, path);
	if (n < 0)
		return wr_fail(err, EINVAL, "api.key_file: %s: %s", path, strerror(why));
	if (n < KEY_LEAST)
		return wr_fail(err, EINVAL,
			       "api.key_file: %s has fewer than %d bytes (umask 077; head -c 32 "
			       "/dev/urandom >%s makes one)",
			       path, KEY_LEAST, path);
	key->word[0] = wr_api_sip(&first, bytes, (size_t)n);
	key->word[1] = wr_api_sip(&second, bytes, (size_t)n);
	explicit_bzero(bytes, sizeof(bytes));
	return 0;
}

static int make_key(struct wr_api_key *key, const char *path, struct wr_err *err)
{
	if (path[0])
		return read_key(key, path, err);
	if (getrandom(key, sizeof(*key), 0) != sizeof(*key))
		return wr_fail(err, errno, "no random key: %s", strerror(errno));
	return 0;
}

/* ADDRESS:PORT, which the configuration has checked. */
static socklen_t address(const char *at, struct sockaddr_storage *to)
{
	struct sockaddr_in *four = (struct sockaddr_in *)to;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)to;
	const char *colon = strrchr(at, ':');
	bool is_six = *at == '[';
	char host[64];

	memset(to, 0, sizeof(*to));
	snprintf(host, sizeof(host), "%.*s", (int)(colon - at) - (is_six ? 2 : 0), at + is_six);
	if (is_six) {
		six->sin6_family = AF_INET6;
		six->sin6_port = htons((uint16_t)atoi(colon + 1));
		inet_pton(AF_INET6, host, &six->sin6_addr);
		return sizeof(*six);
	}
	four->sin_family = AF_INET;
	four->sin_port = htons((uint16_t)atoi(colon + 1));
	inet_pton(AF_INET, host, &four->sin_addr);
	return sizeof(*four);
}

static int open_udp(struct wr_requests *r, const char *at, struct wr_err *err)
{
	struct sockaddr_storage to;
	socklen_t n;
	int one = 1;

	if (!at[0])
		return 0;
	n = address(at, &to);
	r->udp_fd = socket(to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (r->udp_fd < 0 || bind(r->udp_fd, (struct sockaddr *)&to, n))
		return wr_fail(err, errno, "api.udp: %s: %s", at, strerror(errno));
	setsockopt(r->udp_fd, SOL_SOCKET, SO_RXQ_OVFL, &one, sizeof(one));
	return 0;
}

static int open_unix(struct wr_requests *r, const struct wr_daemon_conf *conf, struct wr_err *err)
{
	gid_t group, own;
	uid_t owner;
	int ret;

	if (!conf->api.listen[0])
		return 0;
	ret = wr_rights_user(conf->daemon.user, &owner, &own, err);
	if (!ret)
		ret = wr_rights_group(conf->api.group, &group, err);
	if (!ret)
		ret = wr_door_open_mail(&r->door, conf->api.listen, owner, group, err);
	r->has_name = !ret;
	return ret ? wr_within(err, "api.listen") : 0;
}

static void more_room(int fd)
{
	const int room = ROOM;

	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
}

static int open_pair(struct wr_requests *r, struct wr_err *err)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return wr_fail(err, errno, "socketpair: %s", strerror(errno));
	r->core_fd = pair[0];
	r->reader_fd = pair[1];
	if (fcntl(r->core_fd, F_SETFL, O_NONBLOCK))
		return wr_fail(err, errno, "fcntl: %s", strerror(errno));
	return 0;
}

static int open_watch(struct wr_requests *r, const struct wr_daemon_conf *conf, struct wr_err *err)
{
	struct wr_api_watch_conf w = {
		.errors = (double)conf->api.errors / 100,
		.slow = (double)conf->api.slow,
		.tries = (uint32_t)conf->api.tries,
		.paths = (uint32_t)conf->api.paths,
		.tokens = conf->api.tokens,
	};

	if (getrandom(&w.secret, sizeof(w.secret), 0) != sizeof(w.secret))
		return wr_fail(err, errno, "no random key: %s", strerror(errno));
	return wr_api_watch_open(&r->watch, &w, err);
}

static const char *listens(const struct wr_daemon_conf *conf)
{
	return conf->api.listen[0] ? conf->api.listen : conf->api.udp;
}

int wr_requests_open(struct wr_requests **out, const struct wr_daemon_conf *conf,
		     struct wr_err *err)
{
	struct wr_requests *r;
	int ret;

	if (!listens(conf)[0])
		return 0;
	r = calloc(1, sizeof(*r));
	if (!r)
		return wr_fail(err, ENOMEM, "no memory for requests of gateways");
	r->door.fd = r->udp_fd = r->core_fd = r->reader_fd = -1;
	r->how.header = (unsigned int)conf->api.header;
	ret = make_key(&r->how.key, conf->api.key_file, err);
	if (!ret)
		ret = wr_api_stats_open(&r->stats, err);
	if (!ret)
		ret = open_watch(r, conf, err);
	if (!ret)
		ret = open_unix(r, conf, err);
	if (!ret)
		ret = open_udp(r, conf->api.udp, err);
	if (!ret)
		ret = open_pair(r, err);
	if (ret) {
		wr_requests_close(&r);
		return ret;
	}
	more_room(r->door.fd);
	more_room(r->udp_fd);
	r->front = (struct wr_front){
		.name = "api",
		.listen = listens,
		.main = wr_requests_main,
		.own = r,
		.alone = true,
		.keep_fds = {r->door.fd, r->udp_fd, r->reader_fd},
	};
	*out = r;
	return 0;
}

void wr_requests_forked(struct wr_requests *r)
{
	close_fd(&r->door.fd);
	close_fd(&r->udp_fd);
	close_fd(&r->reader_fd);
}

void wr_requests_close(struct wr_requests **out)
{
	struct wr_requests *r = *out;

	if (!r)
		return;
	wr_requests_forked(r);
	/* Nobody can have taken the name while the other process had the socket. */
	if (r->has_name)
		unlink(r->door.at.sun_path);
	close_fd(&r->core_fd);
	wr_api_stats_close(&r->stats);
	wr_api_watch_close(&r->watch);
	explicit_bzero(&r->how, sizeof(r->how));
	free(r);
	*out = NULL;
}

/* So many datagrams wait in a unix socket, whatever their size; more are refused to who sends, and
 * gateways do not wait. */
const char *wr_requests_warning(void)
{
	static char text[256];
	FILE *f = fopen("/proc/sys/net/unix/max_dgram_qlen", "re");
	int n = DATAGRAMS;

	if (f && fscanf(f, "%d", &n) != 1)
		n = DATAGRAMS;
	if (f)
		fclose(f);
	snprintf(text, sizeof(text),
		 "api.listen: the system lets no more than %d lines wait, what a burst brings "
		 "beyond "
		 "is lost: set sysctl net.unix.max_dgram_qlen=512 and restart, or take api.udp",
		 n);
	return n < DATAGRAMS ? text : NULL;
}

const struct wr_front *wr_requests_front(const struct wr_requests *r)
{
	return &r->front;
}

/* ---- in the core ---- */

int wr_requests_fd(const struct wr_requests *r)
{
	return r->core_fd;
}

/* Nothing of it is believed: the process that reads strangers' text can have been taken over. */
static void take(struct wr_requests *r, struct wr_requests_batch *b, size_t bytes)
{
	size_t head = offsetof(struct wr_requests_batch, request), whole;
	uint64_t now_ns = wr_when_now();
	const char *route;

	if (bytes < head)
		return;
	whole = (bytes - head) / sizeof(b->request[0]);
	for (size_t i = 0; i < b->n && i < whole; i++) {
		wr_api_request_mend(&b->request[i]);
		/* One clock that is wrong would be the end of all requests until a restart. */
		if (b->request[i].time_ns > now_ns + DAY_NS)
			b->request[i].time_ns = now_ns;
		if (r->ours && (b->request[i].status == 403 || b->request[i].status == 429) &&
		    r->ours(r->ours_ctx, b->request[i].ip_v, b->request[i].addr))
			b->request[i].has |= WR_API_HAS_OURS;
		route = wr_api_stats_add(r->stats, &b->request[i]);
		if (r->tell)
			wr_api_watch_add(r->watch, route, &b->request[i], r->tell, r->tell_ctx);
	}
	wr_api_stats_unread(r->stats, b->unread);
	wr_api_stats_lost(r->stats, b->lost);
	/* The system counts on when the process is another one, which at first knows of none. */
	if ((int32_t)(b->overflows - r->overflows) > 0) {
		wr_api_stats_lost(r->stats, b->overflows - r->overflows);
		r->overflows = b->overflows;
	}
}

int wr_requests_read(struct wr_requests *r)
{
	static struct wr_requests_batch b; /* large */
	ssize_t n;

	for (int i = 0; i < READS; i++) {
		n = recv(r->core_fd, &b, sizeof(b), 0);
		if (!n)
			return -EPIPE;
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -EPIPE;
		take(r, &b, (size_t)n);
	}
	return 0;
}

const struct wr_api_stats *wr_requests_stats(const struct wr_requests *r)
{
	return r ? r->stats : NULL;
}

void wr_requests_watch(struct wr_requests *r, wr_api_tell_fn tell, void *ctx)
{
	r->tell = tell;
	r->tell_ctx = ctx;
}

void wr_requests_ours(struct wr_requests *r, wr_requests_ours_fn ours, void *ctx)
{
	r->ours = ours;
	r->ours_ctx = ctx;
}

void wr_requests_second(struct wr_requests *r, uint64_t now_s)
{
	if (r->tell)
		wr_api_watch_tick(r->watch, now_s, r->tell, r->tell_ctx);
	wr_api_stats_second(r->stats);
}

const struct wr_api_watch *wr_requests_watched(const struct wr_requests *r)
{
	return r ? r->watch : NULL;
}
