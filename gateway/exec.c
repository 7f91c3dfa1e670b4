/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/loop.h"
#include "gateway/gateway_impl.h"

/* A program of the gateway: what it says, how it ends, and not longer than a deadline. */

static int spawn(const char *const *argv, int out, pid_t *pid)
{
	posix_spawn_file_actions_t fa;
	int ret;

	if (posix_spawn_file_actions_init(&fa))
		return -ENOMEM;
	posix_spawn_file_actions_addopen(&fa, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&fa, out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&fa, out, STDERR_FILENO);
	ret = posix_spawnp(pid, argv[0], &fa, NULL, (char *const *)(uintptr_t)argv, environ);
	posix_spawn_file_actions_destroy(&fa);
	return -ret;
}

/* Takes what it says until it ends its output. What is too much is read and dropped, so that it
 * does not wait for us. 0 or -ETIMEDOUT. */
static int listen_to(int fd, uint64_t deadline_ns, size_t max, struct wr_buf *said)
{
	char some[1024];
	ssize_t n = 1;

	while (n) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int left_ms = wr_gateway_left_ms(deadline_ns);

		if (!left_ms)
			return -ETIMEDOUT;
		if (poll(&p, 1, left_ms) <= 0)
			continue;
		n = read(fd, some, sizeof(some));
		if (n < 0)
			n = errno == EINTR || errno == EAGAIN;
		else if (said->used + (size_t)n <= max)
			wr_buf_add(said, some, (size_t)n);
	}
	return 0;
}

static int end_of(pid_t pid, uint64_t deadline_ns, int *status)
{
	while (waitpid(pid, status, WNOHANG) == 0) {
		if (!wr_gateway_left_ms(deadline_ns))
			return -ETIMEDOUT;
		usleep(1000);
	}
	return 0;
}

/* It is shown on terminals. */
static void one_line(struct wr_buf *said)
{
	while (said->used && strchr("\r\n ", said->at[said->used - 1]))
		said->used--;
	for (size_t i = 0; i < said->used; i++)
		if ((unsigned char)said->at[i] < ' ' || said->at[i] == 127)
			said->at[i] = said->at[i] == '\n' ? ';' : ' ';
}

int wr_gateway_exec(const struct wr_gateway *g, const char *const *argv, size_t max,
		    struct wr_buf *said, struct wr_err *err)
{
	uint64_t deadline_ns = wr_gateway_deadline_ns(g);
	int fd[2], ret, status = 0;
	pid_t pid = 0;

	if (pipe2(fd, O_CLOEXEC))
		return wr_fail(err, errno, "%s: %s", argv[0], strerror(errno));
	ret = spawn(argv, fd[1], &pid);
	close(fd[1]);
	if (ret) {
		close(fd[0]);
		return wr_fail(err, EIO, "%s cannot be started: %s", argv[0], strerror(-ret));
	}
	ret = listen_to(fd[0], deadline_ns, max, said);
	close(fd[0]);
	if (!ret)
		ret = end_of(pid, deadline_ns, &status);
	if (ret) {
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		return wr_fail(err, ETIMEDOUT,
			       "%s does not end in time (gateway.timeout): it was stopped",
			       argv[0]);
	}
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	one_line(said);
	return wr_fail(err, EIO, "%s says: %.400s", argv[0],
		       said->used ? wr_buf_text(said) : "nothing, and fails");
}
