/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rights that are given up are gone, as the kernel sees it; a process that is shut in can serve and
 * nothing else. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/rights.h"
#include "tests/tap.h"

/* Answers of a child, which ends with them. */
struct answers {
	int ret, n;
	char text[512];
	struct wr_status_rights done;
	struct {
		char what[80];
		int good, error;
	} point[32];
};

static struct answers *a; /* shared */

static void point(int good, const char *what)
{
	a->point[a->n].error = errno;
	a->point[a->n].good = good;
	snprintf(a->point[a->n++].what, sizeof(a->point[0].what), "%s", what);
}

static void child(void (*fn)(void))
{
	int status;
	pid_t pid;

	memset(a, 0, sizeof(*a));
	pid = fork();
	if (!pid) {
		fn();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	for (int i = 0; i < a->n; i++)
		if (!ok(a->point[i].good, "%s", a->point[i].what))
			note("%s %s", strerror(a->point[i].error), a->text);
	ok(WIFEXITED(status) && !WEXITSTATUS(status) && a->n, "it ends well");
}

static int proc_status(const char *key, char *value, size_t room)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[256];
	int found = 0;

	while (f && !found && fgets(line, sizeof(line), f)) {
		if (strncmp(line, key, strlen(key)))
			continue;
		snprintf(value, room, "%s", line + strlen(key));
		value[strcspn(value, "\n")] = 0;
		found = 1;
	}
	if (f)
		fclose(f);
	return found;
}

static int status_is(const char *key, const char *want)
{
	char value[256];

	return proc_status(key, value, sizeof(value)) && !strcmp(value, want);
}

static void dropped(void)
{
	struct wr_err err = {0};

	a->ret = wr_rights_drop("nobody", &a->done, &err);
	snprintf(a->text, sizeof(a->text), "%s", err.text);
	point(!a->ret, "rights are given up");
	point(status_is("CapEff:\t", "0000000000000000"), "no capability is in effect");
	point(status_is("CapPrm:\t", "0000000000000000"), "none is permitted");
	point(status_is("CapInh:\t", "0000000000000000"), "none is inheritable");
	point(status_is("CapBnd:\t", "0000000000000000"), "none can be had any more");
	point(status_is("Groups:\t", " ") || status_is("Groups:\t", ""), "no other groups");
	point(status_is("NoNewPrivs:\t", "1"), "executing something gives none");
	point(getuid() == geteuid() && getuid() != 0 && getgid() != 0, "it is nobody");
	point(open("/etc/shadow", O_RDONLY) < 0, "a file of root's cannot be read");
	point(a->done.known && !a->done.capabilities && a->done.no_new_privs &&
		      !strcmp(a->done.user, "nobody"),
	      "status tells it");
}

static void no_such_user(void)
{
	struct wr_err err = {0};

	a->ret = wr_rights_drop("no-such-user", &a->done, &err);
	point(a->ret == -EINVAL && strstr(err.text, "no-such-user"), "an unknown user is refused");
	point(geteuid() == 0, "and nothing has changed");
}

static uid_t owner(const char *path)
{
	struct stat st;

	return lstat(path, &st) ? (uid_t)-1 : st.st_uid;
}

static void given(void)
{
	enum { SOMEBODY = 1234, OTHER = 1235 };
	char dir[] = "/tmp/weir-rights-XXXXXX", folder[64], link[64];

	if (!mkdtemp(dir))
		return;
	snprintf(folder, sizeof(folder), "%s/weir", dir);
	snprintf(link, sizeof(link), "%s/link", dir);
	point(!mkdir(folder, 0700) && !symlink(folder, link), "a folder, and a link to it");
	point(wr_rights_give_folder(link, SOMEBODY, SOMEBODY) && errno == ENOTDIR,
	      "a link is not given");
	point(owner(folder) == 0, "and not what it leads to");
	point(!wr_rights_give_folder(folder, SOMEBODY, SOMEBODY) && owner(folder) == SOMEBODY,
	      "a folder of root's is");
	point(!wr_rights_give_folder(folder, OTHER, OTHER) && owner(folder) == SOMEBODY,
	      "one of somebody else's stays his");
	unlink(link);
	rmdir(folder);
	rmdir(dir);
}

static void *in_thread(void *arg)
{
	return arg;
}

/* What a front does: it has a listening socket, it accepts, answers, waits. */
static void serves(int door)
{
	struct sockaddr_in at;
	socklen_t n = sizeof(at);
	pthread_t thread;
	void *back = NULL;
	char byte = 0;
	int poll_fd = epoll_create1(EPOLL_CLOEXEC), fd;
	struct epoll_event e = {.events = EPOLLIN};

	getsockname(door, (struct sockaddr *)&at, &n);
	point(!epoll_ctl(poll_fd, EPOLL_CTL_ADD, door, &e) && epoll_wait(poll_fd, &e, 1, 1000) == 1,
	      "shut in, it waits for connections");
	fd = accept4(door, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	point(fd >= 0, "accepts one");
	point(send(fd, "x", 1, MSG_NOSIGNAL) == 1 && recv(fd, &byte, 1, 0) < 0, "and uses it");
	close(fd);
	point(mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
		      MAP_FAILED,
	      "has memory");
	point(!pthread_create(&thread, NULL, in_thread, a) && !pthread_join(thread, &back) &&
		      back == a,
	      "and threads");
}

static void cannot(void)
{
	static char name[] = "true";
	char *argv[] = {name, NULL};
	int fd;

	errno = 0;
	point(open("/etc/passwd", O_RDONLY) < 0, "it cannot read files");
	point(open("/tmp", O_TMPFILE | O_RDWR, 0600) < 0, "nor write any");
	point(socket(AF_INET, SOCK_STREAM, 0) < 0, "nor make connections");
	fd = fork();
	if (!fd)
		_exit(0);
	point(fd < 0, "nor processes");
	point(execv("/bin/true", argv) < 0, "nor execute anything");
	point(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
		      MAP_FAILED,
	      "nor make code");
	point(kill(getppid(), 0) < 0, "nor signal others");
	point(prctl(PR_SET_NAME, "x") < 0, "nor anything that is not on the list");
}

static void shut(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	int door = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
	struct wr_rights_box box = {0};
	socklen_t n = sizeof(at);
	struct wr_err err = {0};

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	point(!bind(door, (struct sockaddr *)&at, sizeof(at)) && !listen(door, 4) &&
		      !getsockname(door, (struct sockaddr *)&at, &n) &&
		      !connect(client, (struct sockaddr *)&at, sizeof(at)),
	      "there is a connection");
	a->ret = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	a->ret = wr_rights_shut(&box, &a->done, &err);
	snprintf(a->text, sizeof(a->text), "%s", err.text);
	point(!a->ret, "it is shut in");
	point(a->done.seccomp, "by seccomp");
	serves(door);
	cannot();
}

static void shut_with_connect(void)
{
	static uint16_t ports[2] = {1, 0};
	struct wr_rights_box box = {ports};
	struct sockaddr_in at = {.sin_family = AF_INET};
	int door = socket(AF_INET, SOCK_STREAM, 0), fd;
	socklen_t n = sizeof(at);
	struct wr_err err = {0};

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	point(!bind(door, (struct sockaddr *)&at, sizeof(at)) && !listen(door, 4) &&
		      !getsockname(door, (struct sockaddr *)&at, &n),
	      "somebody listens");
	ports[0] = ntohs(at.sin_port);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	point(!wr_rights_shut(&box, &a->done, &err), "shut in, but for connections to a port");
	fd = socket(AF_INET, SOCK_STREAM, 0);
	point(!connect(fd, (struct sockaddr *)&at, sizeof(at)), "that port can be connected to");
	if (a->done.landlock >= 4) {
		fd = socket(AF_INET, SOCK_STREAM, 0);
		at.sin_port = htons(1);
		point(connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0 && errno == EACCES,
		      "no other (Landlock)");
	}
	if (a->done.landlock) {
		point(open("/etc/hosts", O_RDONLY) >= 0 || errno == ENOENT, "hosts can be read");
		point(open("/etc/passwd", O_RDONLY) < 0 && errno == EACCES, "passwd cannot");
	}
	point(socket(AF_PACKET, SOCK_RAW, 0) < 0, "no raw sockets");
}

/* One folder to write in. */
static void shut_with_folder(void)
{
	char folder[] = "/tmp/weir-rights-XXXXXX", one[64], two[64], out[64];
	struct wr_rights_box box = {.folder = mkdtemp(folder)};
	struct wr_err err = {0};
	int fd;

	snprintf(one, sizeof(one), "%s/one.XXXXXX", folder);
	snprintf(two, sizeof(two), "%s/two", folder);
	snprintf(out, sizeof(out), "%s-out", folder);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	point(!wr_rights_shut(&box, &a->done, &err), "shut in, but for a folder");
	fd = mkostemp(one, O_CLOEXEC);
	point(fd >= 0 && write(fd, "x", 1) == 1 && !fsync(fd), "a file can be made there");
	point(!rename(one, two) && !unlink(two), "renamed, and removed");
	point(socket(AF_INET, SOCK_STREAM, 0) < 0, "but no connection");
	if (!a->done.landlock)
		return;
	point(open(out, O_WRONLY | O_CREAT, 0600) < 0 && errno == EACCES, "no file beside it");
	point(open("/etc/passwd", O_RDONLY) < 0 && errno == EACCES, "and none read");
	point(mkdir(two, 0700) < 0 && symlink("/etc", two) < 0, "no folder, no link");
}

int main(void)
{
	a = mmap(NULL, sizeof(*a), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (a == MAP_FAILED)
		return 1;
	if (geteuid() == 0) {
		child(dropped);
		child(no_such_user);
		child(given);
	} else {
		skip("giving up root's rights needs root");
	}
	child(shut);
	note("Landlock ABI %d%s%s", a->done.landlock, a->done.missing[0] ? ", missing: " : "",
	     a->done.missing);
	child(shut_with_connect);
	child(shut_with_folder);
	return done();
}
