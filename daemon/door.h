/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_DOOR_H
#define WR_DAEMON_DOOR_H

#include <sys/types.h>
#include <sys/un.h>

#include "base/err.h"

/* A listening unix socket with a name, and the way to one. */
struct wr_door {
	int fd;	  /* -1: not open */
	int type; /* SOCK_STREAM, SOCK_DGRAM */
	struct sockaddr_un at;
};

/*
 * The folder is made when it is not there (mode 0755, the owner's). What a process that is gone
 * has left is replaced. -EADDRINUSE: somebody answers there; -EEXIST: it is no socket;
 * -ENAMETOOLONG.
 */
int wr_door_open(struct wr_door *door, const char *path, uid_t owner, gid_t group,
		 struct wr_err *err);
/* The same for datagrams. group (gid_t)-1: everybody may send there. */
int wr_door_open_mail(struct wr_door *door, const char *path, uid_t owner, gid_t group,
		      struct wr_err *err);
/* Closes, and removes the name unless a later daemon listens there. One that is not open is fine.
 */
void wr_door_close(struct wr_door *door);

/* Before anything is begun that a second one would stumble over. -EADDRINUSE: somebody answers. */
int wr_door_is_free(const char *path, struct wr_err *err);

/* Connects. Returns a descriptor, or -errno: -ECONNREFUSED and -ENOENT: nobody listens there. */
int wr_door_knock(const char *path, struct wr_err *err);

#endif
