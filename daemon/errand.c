/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/errand.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/loop.h"

enum { ARGS = 34, LOOK_MS = 20, NOT_RUN = 127 };

struct message {
	uint32_t text_n;
	char bytes[WR_ERRAND_MOST]; /* text, then the message */
};

struct answer {
	int32_t code;
	char why[160];
};

struct wr_errand {
	int fd;
	pid_t pid;
	bool busy;
	uint64_t deadline_ns;
	const char *argv[ARGS];
	struct message message;
};

/* ---- the program ---- */

/* Never returns. What the shut-in process blocks or ignores is none of the program's business. */
static void be_program(const struct wr_errand *e, char *text, int input)
{
	char *env[] = {
		(char[]){"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
		(char[]){"LANG=C.UTF-8"}, (char[]){"HOME=/"}, text, NULL};
	const int defaults[] = {SIGTERM, SIGINT, SIGHUP, SIGPIPE, SIGUSR1, SIGCHLD};
	const struct rlimit no_core = {0};
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setsid();
	for (size_t i = 0; i < sizeof(defaults) / sizeof(*defaults); i++)
		signal(defaults[i], SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setrlimit(RLIMIT_CORE, &no_core);
	if (null < 0 || dup2(input, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0 || chdir("/"))
		_exit(NOT_RUN);
	close_range(3, ~0u, 0);
	execve(e->argv[0], (char *const *)(uintptr_t)e->argv, env);
	_exit(NOT_RUN);
}

static bool core_is_gone(const struct wr_errand *e, int wait_ms)
{
	struct pollfd p = {.fd = e->fd, .events = POLLRDHUP};

	return poll(&p, 1, wait_ms) > 0 && p.revents & (POLLHUP | POLLRDHUP | POLLERR);
}

/* Its status; -1: it was killed, since it took too long or nobody asks for it any more. */
static int wait_for(const struct wr_errand *e, pid_t pid)
{
	uint64_t until = wr_loop_now_ns() + e->deadline_ns;
	int status = -1;
	pid_t got;

	do
		got = waitpid(pid, &status, WNOHANG);
	while (!got && wr_loop_now_ns() < until && !core_is_gone(e, LOOK_MS));
	/* The session's group is gone only when all in it have ended. */
	kill(-pid, SIGKILL);
	if (got == pid)
		return status;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return -1;
}

static void say_status(struct answer *a, int status)
{
	a->code = EIO;
	if (status == -1)
		snprintf(a->why, sizeof(a->why), "took too long and was killed");
	else if (WIFSIGNALED(status))
		snprintf(a->why, sizeof(a->why), "was ended by signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status) == NOT_RUN)
		snprintf(a->why, sizeof(a->why), "could not be run");
	else if (WEXITSTATUS(status))
		snprintf(a->why, sizeof(a->why), "exit status %d", WEXITSTATUS(status));
	else
		a->code = 0;
}

static void go(const struct wr_errand *e, const struct message *m, size_t n, struct answer *a)
{
	static char text[sizeof("WEIR_TEXT=") + WR_ERRAND_MOST];
	size_t in_n = n - m->text_n;
	int in[2];
	pid_t pid;

	snprintf(text, sizeof(text), "WEIR_TEXT=%.*s", (int)m->text_n, m->bytes);
	a->code = EIO;
	if (access(e->argv[0], X_OK) || pipe2(in, O_CLOEXEC | O_NONBLOCK)) {
		snprintf(a->why, sizeof(a->why), "%s", strerror(errno));
		return;
	}
	/* A pipe holds 64 KiB, so nobody is waited for; then it is an ordinary one to read from. */
	if (write(in[1], m->bytes + m->text_n, in_n) != (ssize_t)in_n)
		snprintf(a->why, sizeof(a->why), "its input does not fit a pipe");
	close(in[1]);
	fcntl(in[0], F_SETFL, 0);
	pid = a->why[0] ? -1 : fork();
	if (!pid)
		be_program(e, text, in[0]);
	close(in[0]);
	if (pid > 0)
		say_status(a, wait_for(e, pid));
	else if (!a->why[0])
		snprintf(a->why, sizeof(a->why), "fork: %s", strerror(errno));
}

/* Never returns. */
static void be_errand(struct wr_errand *e)
{
	struct message *m = &e->message;
	ssize_t n;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGCHLD, SIG_DFL);
	/* Connections of others would never end. */
	if (e->fd > 3)
		close_range(3, (unsigned int)e->fd - 1, 0);
	close_range((unsigned int)e->fd + 1, ~0u, 0);
	for (;;) {
		struct answer a = {0};

		n = recv(e->fd, m, sizeof(*m), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < (ssize_t)sizeof(m->text_n) || m->text_n > (size_t)n - sizeof(m->text_n))
			_exit(0);
		go(e, m, (size_t)n - sizeof(m->text_n), &a);
		if (send(e->fd, &a, sizeof(a), MSG_NOSIGNAL) < 0)
			_exit(0);
	}
}

/* ---- who has it run ---- */

int wr_errand_open(struct wr_errand **out, const struct wr_conf_list *command, uint64_t deadline_ns,
		   struct wr_err *err)
{
	struct wr_errand *e = calloc(1, sizeof(*e));
	int pair[2];

	if (!e)
		return wr_fail(err, ENOMEM, "no memory for a command");
	e->deadline_ns = deadline_ns;
	for (size_t i = 0; i < command->n && i + 1 < ARGS; i++)
		e->argv[i] = command->at[i];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
		free(e);
		return wr_fail(err, errno, "socketpair: %s", strerror(errno));
	}
	e->pid = fork();
	if (!e->pid) {
		e->fd = pair[1];
		close(pair[0]);
		be_errand(e);
	}
	close(pair[1]);
	if (e->pid < 0) {
		int ret = wr_fail(err, errno, "fork: %s", strerror(errno));

		close(pair[0]);
		free(e);
		return ret;
	}
	e->fd = pair[0];
	*out = e;
	return 0;
}

/* It is shut in by now and can neither kill nor wait: who has lost its other end ends by itself. */
void wr_errand_close(struct wr_errand **errand)
{
	struct wr_errand *e = *errand;

	if (!e)
		return;
	close(e->fd);
	free(e);
	*errand = NULL;
}

int wr_errand_send(struct wr_errand *e, const char *text, size_t text_n, const char *message,
		   size_t n)
{
	struct message *m = &e->message;
	size_t all = text_n + n;

	if (e->busy)
		return -EBUSY;
	if (all > sizeof(m->bytes))
		return -EMSGSIZE;
	m->text_n = (uint32_t)text_n;
	memcpy(m->bytes, text, text_n);
	memcpy(m->bytes + text_n, message, n);
	if (send(e->fd, m, sizeof(m->text_n) + all, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return errno == EAGAIN ? -EBUSY : -EPIPE;
	e->busy = true;
	return 0;
}

int wr_errand_answer(struct wr_errand *e, struct wr_err *err)
{
	struct answer a;
	ssize_t n = recv(e->fd, &a, sizeof(a), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return -EAGAIN;
	e->busy = false;
	if (n != sizeof(a))
		return -EPIPE;
	a.why[sizeof(a.why) - 1] = 0;
	return a.code ? wr_fail(err, EIO, "%s", a.why) : 0;
}
