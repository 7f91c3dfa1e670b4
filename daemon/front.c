/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/front.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/loop.h"
#include "daemon/pass.h"
#include "daemon/rights.h"

enum { FIRST_PAUSE_MS = 500, LAST_PAUSE_MS = 60000, REFUSED = 2 };

#define STEADY_NS 60000000000ull /* who ran for so long is started again at once */

/* Messages from keeper and front to the core. */
enum note_kind {
	NOTE_CONNECTIONS, /* two descriptors come with it */
	NOTE_CONFINED,	  /* pid and rights */
	NOTE_ENDED,	  /* why */
	NOTE_REFUSED,	  /* why */
};

struct note {
	enum note_kind kind;
	pid_t pid;
	struct wr_status_rights rights;
	char why[512];
};

/* ---- the front ---- */

struct front {
	const struct wr_front *front;
	const struct wr_daemon_conf *conf;
	struct note note;
	int core_fd; /* for notes */
};

static void say(void *ctx, const char *line)
{
	const struct front *f = ctx;

	fprintf(stderr, "weir: %s: %s\n", f->front->name, line);
}

static int confine(void *ctx, struct wr_err *err)
{
	struct front *f = ctx;
	struct wr_rights_box box = {0};
	int ret = 0;

	if (f->front->connects)
		box.connect_ports = f->front->connects(f->conf);
	if (f->front->folder)
		box.folder = f->front->folder(f->conf);
	f->note.kind = NOTE_CONFINED;
	f->note.pid = getpid();
	if (f->conf->daemon.sandbox && !f->front->user)
		ret = wr_rights_shut(&box, &f->note.rights, err);
	if (!ret)
		wr_pass(f->core_fd, &f->note, sizeof(f->note), NULL, 0);
	return ret;
}

/* Never returns. */
static void be_front(struct front *f, int core_fd, int live_fd)
{
	struct wr_front_start start = {
		.conf = f->conf,
		.core_fd = core_fd,
		.live_fd = live_fd,
		.own = f->front->own,
		.confine = confine,
		.say = say,
		.ctx = f,
	};
	struct wr_err err = {0};
	int ret = f->front->main(&start, &err);

	if (!ret)
		_exit(0);
	f->note.kind = ret == -EINVAL ? NOTE_REFUSED : NOTE_ENDED;
	snprintf(f->note.why, sizeof(f->note.why), "%s", err.text);
	wr_pass(f->core_fd, &f->note, sizeof(f->note), NULL, 0);
	say(f, err.text);
	_exit(ret == -EINVAL ? REFUSED : 1);
}

/* ---- the keeper ---- */

struct keeper {
	struct front f;
	const struct wr_front_conf_source *source;
	int signal_fd;
	pid_t pid;	   /* of the front; 0 = there is none */
	uint64_t pause_ms; /* before the next start */
	uint64_t start_ns; /* not before that; 0 = not at all */
	uint64_t began_ns; /* the one that runs */
	sigset_t all;
};

static void be_front_of(struct keeper *k, int core_fd, int live_fd)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigprocmask(SIG_UNBLOCK, &k->all, NULL);
	close(k->signal_fd);
	be_front(&k->f, core_fd, live_fd);
}

static int start_alone(struct keeper *k)
{
	struct note note = {.kind = NOTE_CONNECTIONS};

	k->began_ns = wr_loop_now_ns();
	k->pid = wr_pass(k->f.core_fd, &note, sizeof(note), NULL, 0) ? -1 : fork();
	if (!k->pid)
		be_front_of(k, k->f.core_fd, -1);
	return k->pid > 0 ? 0 : -1;
}

/* New connections for every front: what an earlier one has left half said is not answered to it.
 * The core gets its ends first, so that it knows of them when the front says something. */
static int start(struct keeper *k)
{
	struct note note = {.kind = NOTE_CONNECTIONS};
	int core[2], live[2], send[2], ret = -1;

	if (k->f.front->alone)
		return start_alone(k);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, core))
		return -1;
	if (!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, live)) {
		send[0] = core[0];
		send[1] = live[0];
		ret = wr_pass(k->f.core_fd, &note, sizeof(note), send, 2);
		close(core[0]);
		close(live[0]);
		k->began_ns = wr_loop_now_ns();
		k->pid = ret ? -1 : fork();
		if (!k->pid)
			be_front_of(k, core[1], live[1]);
		close(live[1]);
	} else {
		close(core[0]);
	}
	close(core[1]);
	return k->pid > 0 ? 0 : -1;
}

/* Asked to end, it has ended in time. */
static bool ends(const struct keeper *k)
{
	uint64_t until = wr_loop_now_ns() + k->f.front->end_ms * 1000000ull;
	const struct timespec pause = {.tv_nsec = 2000000};

	if (!k->f.front->end_ms || kill(k->pid, SIGUSR1))
		return false;
	while (wr_loop_now_ns() < until) {
		if (waitpid(k->pid, NULL, WNOHANG) == k->pid)
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

static void end_front(struct keeper *k)
{
	if (k->pid <= 0)
		return;
	if (!ends(k)) {
		kill(k->pid, SIGKILL);
		waitpid(k->pid, NULL, 0);
	}
	k->pid = 0;
}

static void start_in(struct keeper *k, uint64_t ms)
{
	k->start_ns = wr_loop_now_ns() + ms * 1000000;
}

/* It has ended by itself: again, after a pause that grows while it does not stay. */
static void ended(struct keeper *k)
{
	struct note note = {.kind = NOTE_ENDED};
	int status = 0;

	if (k->pid <= 0 || waitpid(k->pid, &status, WNOHANG) != k->pid)
		return;
	k->pid = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == REFUSED)
		return;
	if (wr_loop_now_ns() - k->began_ns > STEADY_NS)
		k->pause_ms = FIRST_PAUSE_MS;
	if (WIFSIGNALED(status)) {
		snprintf(note.why, sizeof(note.why), "ended by signal %d", WTERMSIG(status));
		wr_pass(k->f.core_fd, &note, sizeof(note), NULL, 0);
	}
	start_in(k, k->pause_ms);
	k->pause_ms = 2 * k->pause_ms < LAST_PAUSE_MS ? 2 * k->pause_ms : LAST_PAUSE_MS;
}

static void reload(struct keeper *k)
{
	struct wr_err err = {0};

	end_front(k);
	k->start_ns = 0;
	k->pause_ms = FIRST_PAUSE_MS;
	if (k->source->get(k->source->ctx, &k->f.conf, &err))
		say(&k->f, err.text);
	if (k->f.front->listen(k->f.conf)[0])
		start_in(k, 0);
}

static void on_signals(struct keeper *k)
{
	struct signalfd_siginfo s;

	while (read(k->signal_fd, &s, sizeof(s)) == sizeof(s)) {
		if (s.ssi_signo == SIGCHLD)
			ended(k);
		else if (s.ssi_signo == SIGHUP)
			reload(k);
	}
}

static void keep(struct keeper *k)
{
	struct pollfd p[2] = {{.fd = k->signal_fd, .events = POLLIN}, {.fd = k->f.core_fd}};
	uint64_t now;
	int wait_ms;

	for (;;) {
		now = wr_loop_now_ns();
		if (k->start_ns && k->start_ns <= now) {
			k->start_ns = 0;
			if (start(k))
				start_in(k, k->pause_ms);
		}
		wait_ms = k->start_ns ? (int)((k->start_ns - now) / 1000000 + 1) : -1;
		if (poll(p, 2, wait_ms) < 0 && errno != EINTR)
			break;
		if (p[1].revents) /* the core has ended */
			break;
		on_signals(k);
	}
	end_front(k);
	_exit(0);
}

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* What the core has open is none of ours: another front's connection would never end. */
static void close_others(const struct keeper *k)
{
	int keep[WR_FRONT_KEEPS + 1] = {k->f.core_fd}, from = 3;
	size_t n = sizeof(keep) / sizeof(keep[0]);

	memcpy(keep + 1, k->f.front->keep_fds, sizeof(k->f.front->keep_fds));
	qsort(keep, n, sizeof(keep[0]), by_number);
	for (size_t i = 0; i < n; i++) {
		if (keep[i] < from)
			continue;
		if (keep[i] > from)
			close_range((unsigned int)from, (unsigned int)keep[i] - 1, 0);
		from = keep[i] + 1;
	}
	close_range((unsigned int)from, ~0u, 0);
}

/* Never returns. */
static void be_keeper(struct keeper *k)
{
	const struct wr_front *front = k->f.front;
	const char *user = front->user ? front->user(k->f.conf) : k->f.conf->daemon.user;
	struct wr_status_rights *rights = &k->f.note.rights;
	struct wr_err err = {0};
	struct note note = {.kind = NOTE_REFUSED};

	/* The terminal's Ctrl-C and a manager's signals are for the core; it ends us. */
	setsid();
	close_others(k);
	sigemptyset(&k->all);
	sigaddset(&k->all, SIGCHLD);
	sigaddset(&k->all, SIGHUP);
	sigaddset(&k->all, SIGTERM);
	sigaddset(&k->all, SIGINT);
	sigprocmask(SIG_BLOCK, &k->all, NULL);
	k->signal_fd = signalfd(-1, &k->all, SFD_NONBLOCK | SFD_CLOEXEC);
	if (k->signal_fd < 0 ||
	    (front->user ? wr_rights_be(user, rights, &err) : wr_rights_drop(user, rights, &err))) {
		snprintf(note.why, sizeof(note.why), "%s", err.text);
		wr_pass(k->f.core_fd, &note, sizeof(note), NULL, 0);
		_exit(1);
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* a change of user takes it away, so only now */
	keep(k);
}

/* ---- the core ---- */

int wr_front_open(struct wr_front_link *l, const struct wr_front *front,
		  const struct wr_front_conf_source *source, struct wr_err *err)
{
	struct keeper k = {.f.front = front, .source = source, .pause_ms = FIRST_PAUSE_MS};
	int pair[2], ret;

	*l = (struct wr_front_link){.fd = -1};
	ret = source->get(source->ctx, &k.f.conf, err);
	if (ret)
		return ret;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return wr_fail(err, errno, "socketpair: %s", strerror(errno));
	l->keeper = fork();
	if (!l->keeper) {
		close(pair[0]);
		k.f.core_fd = pair[1];
		if (front->listen(k.f.conf)[0])
			start_in(&k, 0);
		be_keeper(&k);
	}
	ret = l->keeper < 0 ? wr_fail(err, errno, "fork: %s", strerror(errno)) : 0;
	close(pair[1]);
	if (ret)
		close(pair[0]);
	else
		l->fd = pair[0];
	return ret;
}

static void noted(struct wr_front_link *l, const struct note *n)
{
	switch (n->kind) {
	case NOTE_CONNECTIONS:
		l->starts++;
		l->front = 0; /* until it says that it is confined */
		l->refused = false;
		l->why[0] = 0;
		break;
	case NOTE_CONFINED:
		l->front = n->pid;
		l->rights = n->rights;
		break;
	case NOTE_ENDED:
	case NOTE_REFUSED:
		l->front = 0;
		l->refused = n->kind == NOTE_REFUSED;
		memcpy(l->why, n->why, sizeof(l->why));
		l->why[sizeof(l->why) - 1] = 0;
		break;
	}
}

int wr_front_read(struct wr_front_link *l, void (*take)(void *ctx, int fd), void *ctx)
{
	struct note note;
	int fd[2], n_fds;
	ssize_t n;

	while ((n = wr_pass_receive(l->fd, &note, sizeof(note), fd, 2, &n_fds)) > 0) {
		for (int i = 0; i < n_fds; i++)
			take(ctx, fd[i]);
		if (n == sizeof(note))
			noted(l, &note);
	}
	if (n < 0)
		return 0;
	l->front = 0;
	return -EPIPE;
}

int wr_front_wait(struct wr_front_link *l, void (*take)(void *ctx, int fd), void *ctx, int wait_ms,
		  struct wr_err *err)
{
	uint64_t end = wr_loop_now_ns() + (uint64_t)wait_ms * 1000000;
	struct pollfd p = {.fd = l->fd, .events = POLLIN};

	while (!l->front && !l->why[0] && wr_loop_now_ns() < end) {
		poll(&p, 1, 20);
		if (wr_front_read(l, take, ctx))
			return wr_fail(err, EIO, "its process has ended");
	}
	if (l->why[0])
		return wr_fail(err, l->refused ? EINVAL : EIO, "%s", l->why);
	return 0;
}

void wr_front_reload(struct wr_front_link *l)
{
	l->front = 0;
	if (l->keeper > 0)
		kill(l->keeper, SIGHUP);
}

void wr_front_close(struct wr_front_link *l)
{
	if (l->fd < 0)
		return;
	/* Not close() alone: a process that was forked later may hold the descriptor, too. */
	shutdown(l->fd, SHUT_RDWR);
	close(l->fd);
	waitpid(l->keeper, NULL, 0);
	*l = (struct wr_front_link){.fd = -1};
}
