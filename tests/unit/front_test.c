/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The front's process: it never has rights, it is started again with new connections, it takes new
 * values, and nothing of it is left. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/front.h"
#include "tests/tap.h"

/* ---- a front that does as it is told ---- */

static const char *listens(const struct wr_daemon_conf *c)
{
	return c->page.listen;
}

/* Each byte is an order. */
static int obey(const struct wr_front_start *s, struct wr_err *err)
{
	char order, answer[64];

	if (!strcmp(s->conf->page.listen, "refuse"))
		return wr_fail(err, EINVAL, "page.listen: '%s' is refused", s->conf->page.listen);
	if (s->confine(s->ctx, err))
		return -err->code;
	while (read(s->core_fd, &order, 1) == 1) {
		switch (order) {
		case 'l':
			snprintf(answer, sizeof(answer), "%s", s->conf->page.listen);
			break;
		case 'f':
			snprintf(answer, sizeof(answer), "%s",
				 open("/etc/passwd", O_RDONLY) < 0 ? "no file" : "a file");
			break;
		case 'c':
			abort();
		case 'e':
			return wr_fail(err, EIO, "told to fail");
		default:
			snprintf(answer, sizeof(answer), "?");
		}
		if (write(s->live_fd, answer, strlen(answer)) < 0)
			break;
	}
	return 0;
}

static const struct wr_front front = {"page", listens, NULL, obey};

/* Values that both sides can change: shared memory stands for the file. */
static struct shared {
	char listen[64];
	int sandbox;
} * shared;

static int get(void *ctx, const struct wr_daemon_conf **out, struct wr_err *err)
{
	static struct wr_daemon_conf conf;

	(void)ctx;
	if (!strcmp(shared->listen, "wrong"))
		return wr_fail(err, EINVAL, "weir.conf:1: wrong");
	conf.page.listen = shared->listen;
	conf.daemon.user = "nobody";
	conf.daemon.sandbox = shared->sandbox;
	*out = &conf;
	return 0;
}

static const struct wr_front_conf_source source = {get, NULL};

/* ---- the core's side ---- */

static struct wr_front_link link_;
static int conn[2], n_conn;

static void take(void *ctx, int fd)
{
	(void)ctx;
	if (n_conn == 2) {
		close(conn[0]);
		close(conn[1]);
		n_conn = 0;
	}
	conn[n_conn++] = fd;
}

static const char *tell(char order)
{
	static char answer[64];
	struct pollfd p = {.fd = conn[1], .events = POLLIN};
	ssize_t n;

	if (send(conn[0], &order, 1, MSG_NOSIGNAL) != 1 || poll(&p, 1, 5000) != 1)
		return "nothing";
	n = read(conn[1], answer, sizeof(answer) - 1);
	answer[n > 0 ? n : 0] = 0;
	return answer;
}

/* Until it has been started so often and is there; or is refused. */
static int await(uint64_t starts)
{
	for (int i = 0; i < 1000; i++) {
		wr_front_read(&link_, take, NULL);
		if (link_.starts >= starts && link_.front)
			return 1;
		usleep(10000);
	}
	return 0;
}

static int proc_has(pid_t pid, const char *line)
{
	char path[64], text[4096];
	int fd;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	fd = open(path, O_RDONLY);
	n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = 0;
	if (fd >= 0)
		close(fd);
	return strstr(text, line) != NULL;
}

static int opened(const char *listen, struct wr_err *err)
{
	int ret;

	strcpy(shared->listen, listen);
	ret = wr_front_open(&link_, &front, &source, err);
	return ret ? ret : wr_front_wait(&link_, take, NULL, 10000, err);
}

static void rights(void)
{
	struct wr_err err = {0};
	pid_t keeper, pid;

	shared->sandbox = 1;
	is_int(opened("127.0.0.1:1", &err), 0, "it is started and confined");
	is_int(n_conn, 2, "the core has two connections");
	is_str(tell('l'), "127.0.0.1:1", "they work");
	is_str(tell('f'), "no file", "it can open no file");
	ok(link_.rights.known && !link_.rights.capabilities && link_.rights.seccomp,
	   "it says what it has given up");
	keeper = link_.keeper;
	pid = link_.front;
	ok(proc_has(pid, "CapEff:\t0000000000000000") && proc_has(pid, "Uid:\t65534\t65534"),
	   "the kernel says the same");
	ok(proc_has(keeper, "CapEff:\t0000000000000000") && proc_has(keeper, "Uid:\t65534\t65534"),
	   "its keeper has no rights either");
	ok(kill(keeper, 0) == 0, "both run");
	wr_front_close(&link_);
	usleep(200000);
	ok(kill(keeper, 0) && kill(pid, 0), "and are gone when the core closes");
}

static void again(void)
{
	struct wr_err err = {0};
	pid_t before;

	is_int(opened("127.0.0.1:2", &err), 0, "another one");
	before = link_.front;
	tell('c');
	ok(await(2) && link_.front != before, "after a crash it is started again");
	is_str(tell('l'), "127.0.0.1:2", "with new connections that work");
	tell('e');
	ok(await(3), "after a failure, too");
	is_str(tell('l'), "127.0.0.1:2", "with new connections that work");
	close(conn[0]);
	close(conn[1]);
	n_conn = 0;
	ok(await(4), "and when the core has closed the connections");
	is_str(tell('l'), "127.0.0.1:2", "again with new ones");

	strcpy(shared->listen, "127.0.0.1:3");
	wr_front_reload(&link_);
	ok(await(5), "after a reload it is started");
	is_str(tell('l'), "127.0.0.1:3", "with new values");
	strcpy(shared->listen, "wrong");
	wr_front_reload(&link_);
	ok(await(6), "when the new values are wrong");
	strcpy(shared->listen, "127.0.0.1:3");
	is_str(tell('l'), "127.0.0.1:3", "the old ones stay");
	shared->listen[0] = 0;
	wr_front_reload(&link_);
	usleep(100000);
	wr_front_read(&link_, take, NULL);
	ok(!link_.front && link_.starts == 6, "when it is wanted no more it ends");
	strcpy(shared->listen, "127.0.0.1:4");
	wr_front_reload(&link_);
	ok(await(7), "and comes again when it is wanted");
	kill(link_.keeper, SIGKILL);
	usleep(200000);
	is_int(wr_front_read(&link_, take, NULL), -EPIPE, "the keeper's end is seen");
	ok(!link_.front, "and with it the front's");
	wr_front_close(&link_);
}

static void refused(void)
{
	struct wr_err err = {0};

	is_int(opened("refuse", &err), -EINVAL, "a configuration that it refuses is bad input");
	is_str(err.text, "page.listen: 'refuse' is refused", "in its own words");
	usleep(800000);
	wr_front_read(&link_, take, NULL);
	is_int((long long)link_.starts, 1, "it is not tried again and again");
	strcpy(shared->listen, "127.0.0.1:5");
	wr_front_reload(&link_);
	ok(await(2), "but after a reload");
	wr_front_close(&link_);
	is_int(opened("wrong", &err), -EINVAL, "no configuration, no front");
}

int main(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (geteuid() != 0) {
		printf("1..0 # SKIP needs root\n");
		return 0;
	}
	signal(SIGPIPE, SIG_IGN);
	rights();
	again();
	refused();
	return done();
}
