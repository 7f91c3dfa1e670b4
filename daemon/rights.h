/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_RIGHTS_H
#define WR_DAEMON_RIGHTS_H

#include <sys/types.h>

#include "base/err.h"
#include "view/status.h"

/*
 * Giving up rights. Nothing here can be taken back. What was applied is noted in *done, for
 * `weir status`; what an old kernel cannot give is noted there, too, and is no failure.
 */

/* Numbers of a user. -EINVAL: there is none of that name. */
int wr_rights_user(const char *name, uid_t *uid, gid_t *gid, struct wr_err *err);
/* Number of a group; "" = (gid_t)-1, no change. -EINVAL. */
int wr_rights_group(const char *name, gid_t *gid, struct wr_err *err);

/* Gives a file to a user whose folder it is in: only a file, of one name, no link to another one.
 * -1: errno says why. */
int wr_rights_give(const char *path, uid_t uid, gid_t gid);
/* Gives a folder of root's, and no link to one; that of somebody else stays his. -1: errno. */
int wr_rights_give_folder(const char *path, uid_t uid, gid_t gid);

/* From now on names of hosts are looked up in files only: nobody waits for a name server. */
void wr_rights_no_names(void);

/*
 * Becomes that user (no supplementary groups), keeps no capability, none in the bounding set
 * either, and can get none by executing something (no_new_privs). Whoever is not root stays who he
 * is and loses the rest. Verified afterwards: -EPERM when anything is left.
 */
int wr_rights_drop(const char *user, struct wr_status_rights *done, struct wr_err *err);
/* The same with the groups that the user is in. */
int wr_rights_be(const char *user, struct wr_status_rights *done, struct wr_err *err);

/*
 * Shuts a process in that has opened everything it needs: no file system (Landlock), no other TCP
 * ports (Landlock 6.7), no signals to others (6.12), and only the system calls of an event loop
 * (seccomp; all others fail with EPERM). After wr_rights_drop().
 */
struct wr_rights_box {
	/* It connects to others by name: files that resolving a name reads stay readable, socket(2)
	 * and connect(2) to these TCP ports are allowed. 0 ends the list; NULL: it does not. */
	const uint16_t *connect_ports;
	/* It makes files in that folder, and renames and removes some there; NULL: it does not. */
	const char *folder;
};
int wr_rights_shut(const struct wr_rights_box *box, struct wr_status_rights *done,
		   struct wr_err *err);

#endif
