/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/rights.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <nss.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

int wr_rights_user(const char *name, uid_t *uid, gid_t *gid, struct wr_err *err)
{
	struct passwd *p = getpwnam(name);

	if (!p)
		return wr_fail(err, EINVAL, "there is no user '%s' (daemon.user)", name);
	*uid = p->pw_uid;
	*gid = p->pw_gid;
	return 0;
}

int wr_rights_give(const char *path, uid_t uid, gid_t gid)
{
	/* O_PATH: closing any other descriptor of it would take the locks away that we have on it.
	 */
	int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC), ret = -1, saved;
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st))
		ret = -1;
	else if (!S_ISREG(st.st_mode) || st.st_nlink != 1)
		errno = EPERM;
	else
		ret = fchownat(fd, "", uid, gid, AT_EMPTY_PATH);
	saved = errno;
	close(fd);
	errno = saved;
	return ret;
}

/* By O_PATH: root without CAP_DAC_OVERRIDE cannot read a folder that is its user's alone. */
int wr_rights_give_folder(const char *path, uid_t uid, gid_t gid)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), ret = -1, saved;
	struct stat st;

	if (fd < 0)
		return -1;
	if (!fstat(fd, &st))
		ret = st.st_uid ? 0 : fchownat(fd, "", uid, gid, AT_EMPTY_PATH);
	saved = errno;
	close(fd);
	errno = saved;
	return ret;
}

int wr_rights_group(const char *name, gid_t *gid, struct wr_err *err)
{
	struct group *g = name[0] ? getgrnam(name) : NULL;

	if (name[0] && !g)
		return wr_fail(err, EINVAL, "there is no group '%s' (socket.group)", name);
	*gid = g ? g->gr_gid : (gid_t)-1;
	return 0;
}

static int become(const char *user, bool groups, struct wr_err *err)
{
	uid_t uid = (uid_t)-1;
	gid_t gid = (gid_t)-1;
	int ret = wr_rights_user(user, &uid, &gid, err);

	if (ret)
		return ret;
	capng_clear(CAPNG_SELECT_ALL);
	ret = capng_change_id((int)uid, (int)gid,
			      (groups ? CAPNG_INIT_SUPP_GRP : CAPNG_DROP_SUPP_GRP) |
				      CAPNG_CLEAR_BOUNDING);
	return ret ? wr_fail(err, EPERM, "becoming user '%s' failed (capng_change_id %d)", user,
			     ret)
		   : 0;
}

/* The kernel's own word, not ours. */
static int verify(struct wr_status_rights *done, struct wr_err *err)
{
	struct passwd *p = getpwuid(geteuid());

	capng_get_caps_process();
	done->known = true;
	done->capabilities = capng_have_capabilities(CAPNG_SELECT_CAPS) != CAPNG_NONE;
	done->no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
	if (p)
		snprintf(done->user, sizeof(done->user), "%s", p->pw_name);
	else
		snprintf(done->user, sizeof(done->user), "%u", (unsigned int)geteuid());
	if (geteuid() && !done->capabilities && done->no_new_privs && setuid(0))
		return 0;
	return wr_fail(err, EPERM, "rights are left that should have been given up");
}

static int drop(const char *user, bool groups, struct wr_status_rights *done, struct wr_err *err)
{
	int ret = 0;

	if (geteuid() == 0) {
		ret = become(user, groups, err);
	} else {
		capng_clear(CAPNG_SELECT_CAPS);
		if (capng_apply(CAPNG_SELECT_CAPS))
			ret = wr_fail(err, EPERM, "capabilities cannot be given up");
	}
	if (!ret && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		ret = wr_fail(err, errno, "no_new_privs: %s", strerror(errno));
	return ret ? ret : verify(done, err);
}

int wr_rights_drop(const char *user, struct wr_status_rights *done, struct wr_err *err)
{
	return drop(user, false, done, err);
}

int wr_rights_be(const char *user, struct wr_status_rights *done, struct wr_err *err)
{
	return drop(user, true, done, err);
}

/* A name in a filter is looked up in files: nothing here may wait for a name server. */
void wr_rights_no_names(void)
{
#ifdef __GLIBC__
	__nss_configure_lookup("hosts", "files");
	__nss_configure_lookup("networks", "files");
	__nss_configure_lookup("services", "files");
	__nss_configure_lookup("protocols", "files");
#endif
}
