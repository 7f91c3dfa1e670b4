/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/pass.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

union control {
	struct cmsghdr align;
	char room[CMSG_SPACE(sizeof(int) * WR_PASS_FDS)];
};

int wr_pass(int to_fd, const void *message, size_t n, const int *fds, int n_fds)
{
	struct iovec text = {(void *)(uintptr_t)message, n};
	union control c;
	struct msghdr m = {.msg_iov = &text, .msg_iovlen = 1};
	struct cmsghdr *h;
	ssize_t sent;

	memset(&c, 0, sizeof(c));
	if (n_fds) {
		m.msg_control = &c;
		m.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)n_fds);
		h = CMSG_FIRSTHDR(&m);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)n_fds);
		memcpy(CMSG_DATA(h), fds, sizeof(int) * (size_t)n_fds);
	}
	do
		sent = sendmsg(to_fd, &m, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent == (ssize_t)n ? 0 : -errno;
}

/* Those that nobody has asked for are closed. */
static void take_fds(struct msghdr *m, int *fds, int max, int *n_fds)
{
	for (struct cmsghdr *h = CMSG_FIRSTHDR(m); h; h = CMSG_NXTHDR(m, h)) {
		size_t n = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(h) + i * sizeof(int), sizeof(int));
			if (*n_fds < max)
				fds[(*n_fds)++] = fd;
			else
				close(fd);
		}
	}
}

ssize_t wr_pass_receive(int fd, void *message, size_t n, int *fds, int max, int *n_fds)
{
	struct iovec text = {message, n};
	union control c;
	struct msghdr m = {
		.msg_iov = &text, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c)};
	ssize_t got;

	*n_fds = 0;
	do
		got = recvmsg(fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == ECONNRESET ? 0 : -errno;
	take_fds(&m, fds, max, n_fds);
	return got;
}
