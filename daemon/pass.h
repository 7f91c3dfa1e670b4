/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_PASS_H
#define WR_DAEMON_PASS_H

#include <stddef.h>
#include <sys/types.h>

/* Messages with descriptors between our own processes (unix(7), SOCK_SEQPACKET, SCM_RIGHTS). */
enum { WR_PASS_FDS = 16 };

/* 0 or -errno; the descriptors stay the caller's. */
int wr_pass(int to_fd, const void *message, size_t n, const int *fds, int n_fds);

/* Never waits. Returns the bytes of a message, 0 = the other end is gone, -EAGAIN = nothing now, or
 * another -errno. *n_fds of at most max descriptors came with it, owned by the caller. */
ssize_t wr_pass_receive(int fd, void *message, size_t n, int *fds, int max, int *n_fds);

#endif
