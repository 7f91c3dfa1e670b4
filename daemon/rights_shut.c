/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/rights.h"

/* ---- Landlock (Documentation/userspace-api/landlock.rst) ---- */

/* As in linux/landlock.h of 6.12; older headers have less of it. */
struct landlock_ruleset {
	uint64_t fs, net, scoped;
};

struct __attribute__((packed)) landlock_path {
	uint64_t allowed;
	int32_t parent_fd;
};

struct landlock_port {
	uint64_t allowed, port;
};

enum { RULE_PATH = 1, RULE_PORT = 2, ASK_VERSION = 1 };
enum {
	FS_WRITE_FILE = 1 << 1,
	FS_READ_FILE = 1 << 2,
	FS_READ_DIR = 1 << 3,
	FS_REMOVE_FILE = 1 << 5,
	FS_MAKE_REG = 1 << 8,
	NET_CONNECT = 1 << 1,
};

/* What each version of it can refuse; a bit that the kernel does not know is an error. */
static const struct {
	uint64_t fs, net, scoped;
} abi[] = {
	{0},
	{0x1fff},	/* 1, 5.13: everything but what follows */
	{0x3fff},	/* 2, 5.19: moving between folders */
	{0x7fff},	/* 3, 6.2: truncating */
	{0x7fff, 3},	/* 4, 6.7: TCP bind and connect */
	{0xffff, 3},	/* 5, 6.10: ioctl on devices */
	{0xffff, 3, 3}, /* 6, 6.12: abstract unix sockets, signals */
};

enum { ABI_KNOWN = sizeof(abi) / sizeof(abi[0]) - 1 };

/* What resolving a name and checking a certificate read. */
static const char *const resolver_files[] = {
	"/etc/resolv.conf", "/etc/hosts",    "/etc/nsswitch.conf", "/etc/host.conf",
	"/etc/gai.conf",    "/etc/services", "/etc/ssl/certs",	   "/usr/share/ca-certificates",
	"/usr/lib",	    "/lib",	     "/etc/ld.so.cache",   "/run/systemd/resolve",
};

static int landlock_version(void)
{
	long v = syscall(SYS_landlock_create_ruleset, NULL, 0, ASK_VERSION);

	return v < 0 ? 0 : v > ABI_KNOWN ? ABI_KNOWN : (int)v;
}

static void allow_resolving(int ruleset, int version, const uint16_t *ports)
{
	for (size_t i = 0; i < sizeof(resolver_files) / sizeof(resolver_files[0]); i++) {
		struct landlock_path p = {FS_READ_FILE | FS_READ_DIR, -1};
		int fd = open(resolver_files[i], O_PATH | O_CLOEXEC);

		p.parent_fd = fd;
		if (fd >= 0 && syscall(SYS_landlock_add_rule, ruleset, RULE_PATH, &p, 0)) {
			p.allowed = FS_READ_FILE; /* a file is no folder */
			syscall(SYS_landlock_add_rule, ruleset, RULE_PATH, &p, 0);
		}
		if (fd >= 0)
			close(fd);
	}
	for (; abi[version].net && *ports; ports++) {
		struct landlock_port p = {NET_CONNECT, *ports};

		syscall(SYS_landlock_add_rule, ruleset, RULE_PORT, &p, 0);
	}
}

static void allow_folder(int ruleset, const char *folder)
{
	/* mkostemp() opens for reading, too. */
	struct landlock_path p = {
		FS_WRITE_FILE | FS_READ_FILE | FS_READ_DIR | FS_REMOVE_FILE | FS_MAKE_REG, -1};
	int fd = open(folder, O_PATH | O_CLOEXEC | O_DIRECTORY);

	p.parent_fd = fd;
	if (fd >= 0)
		syscall(SYS_landlock_add_rule, ruleset, RULE_PATH, &p, 0);
	if (fd >= 0)
		close(fd);
}

static int landlock(const struct wr_rights_box *box, struct wr_status_rights *done,
		    struct wr_err *err)
{
	int version = landlock_version();
	struct landlock_ruleset r = {abi[version].fs, abi[version].net, abi[version].scoped};
	int fd, ret = 0;

	if (!version)
		return -EOPNOTSUPP;
	fd = (int)syscall(SYS_landlock_create_ruleset, &r, sizeof(r), 0);
	if (fd < 0)
		return wr_fail(err, errno, "Landlock: %s", strerror(errno));
	if (box->connect_ports)
		allow_resolving(fd, version, box->connect_ports);
	if (box->folder)
		allow_folder(fd, box->folder);
	if (syscall(SYS_landlock_restrict_self, fd, 0))
		ret = wr_fail(err, errno, "Landlock: %s", strerror(errno));
	close(fd);
	if (!ret)
		done->landlock = version;
	return ret;
}

/* ---- seccomp ---- */

/* What an event loop with connections, timers and memory needs, and a clean end. */
static const int allowed[] = {
	SCMP_SYS(accept),
	SCMP_SYS(accept4),
	SCMP_SYS(brk),
	SCMP_SYS(clock_getres),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(close),
	SCMP_SYS(epoll_create1),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_pwait2),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(eventfd2),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(fcntl),
	SCMP_SYS(fcntl64),
	SCMP_SYS(fstat),
	SCMP_SYS(fstat64),
	SCMP_SYS(futex),
	SCMP_SYS(futex_time64),
	SCMP_SYS(getegid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getgid),
	SCMP_SYS(getpeername),
	SCMP_SYS(getpid),
	SCMP_SYS(getppid),
	SCMP_SYS(getrandom),
	SCMP_SYS(getsockname),
	SCMP_SYS(getsockopt),
	SCMP_SYS(gettid),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(getuid),
	SCMP_SYS(lseek),
	SCMP_SYS(madvise),
	SCMP_SYS(membarrier),
	SCMP_SYS(mremap),
	SCMP_SYS(munmap),
	SCMP_SYS(nanosleep),
	SCMP_SYS(pipe2),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(pread64),
	SCMP_SYS(pselect6),
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(recv),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmmsg),
	SCMP_SYS(recvmsg),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(rseq),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(sched_yield),
	SCMP_SYS(select),
	SCMP_SYS(send),
	SCMP_SYS(sendfile),
	SCMP_SYS(sendfile64),
	SCMP_SYS(sendmmsg),
	SCMP_SYS(sendmsg),
	SCMP_SYS(sendto),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(setsockopt),
	SCMP_SYS(shutdown),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(sigreturn),
	SCMP_SYS(sysinfo),
	SCMP_SYS(tgkill),
	SCMP_SYS(time),
	SCMP_SYS(timerfd_create),
	SCMP_SYS(timerfd_settime),
	SCMP_SYS(uname),
	SCMP_SYS(write),
	SCMP_SYS(writev),
};

static const int for_connecting[] = {
	SCMP_SYS(access),     SCMP_SYS(connect),  SCMP_SYS(faccessat2), SCMP_SYS(fstatfs),
	SCMP_SYS(getdents64), SCMP_SYS(ioctl),	  SCMP_SYS(newfstatat), SCMP_SYS(open),
	SCMP_SYS(openat),     SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(socketpair),
	SCMP_SYS(stat),	      SCMP_SYS(statx),
};

static const int for_folder[] = {
	SCMP_SYS(access),    SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(fsync),
	SCMP_SYS(fstatat64), SCMP_SYS(lstat),	  SCMP_SYS(getdents64), SCMP_SYS(newfstatat),
	SCMP_SYS(open),	     SCMP_SYS(openat),	  SCMP_SYS(readlink),	SCMP_SYS(readlinkat),
	SCMP_SYS(rename),    SCMP_SYS(renameat),  SCMP_SYS(renameat2),	SCMP_SYS(stat),
	SCMP_SYS(statx),     SCMP_SYS(unlink),	  SCMP_SYS(unlinkat),
};

static int allow(scmp_filter_ctx f, const int *calls, size_t n)
{
	int ret = 0;

	for (size_t i = 0; i < n && !ret; i++)
		ret = seccomp_rule_add(f, SCMP_ACT_ALLOW, calls[i], 0);
	return ret;
}

/* Threads, but no processes; memory, but none that can be executed. */
static int allow_by_argument(scmp_filter_ctx f, bool connects)
{
	const uint64_t exec = connects ? 0 : PROT_EXEC; /* resolving a name loads libraries */
	int ret = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
				   SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));

	/* Its flags lie in memory, where a filter cannot look: the C library takes clone then. */
	ret = ret ? ret : seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	ret = ret ? ret
		  : seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
				     SCMP_A2(SCMP_CMP_MASKED_EQ, exec, 0));
	ret = ret ? ret
		  : seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
				     SCMP_A2(SCMP_CMP_MASKED_EQ, exec, 0));
	/* Reading limits only. */
	ret = ret ? ret
		  : seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1,
				     SCMP_A2(SCMP_CMP_EQ, 0));
	for (int family = AF_UNIX; connects && family <= AF_NETLINK && !ret; family++)
		if (family == AF_UNIX || family == AF_INET || family == AF_INET6 ||
		    family == AF_NETLINK)
			ret = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
					       SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)family));
	return ret;
}

static int system_calls(const struct wr_rights_box *box, struct wr_status_rights *done,
			struct wr_err *err)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	bool connects = box->connect_ports != NULL;
	int ret = f ? 0 : -ENOMEM;

	ret = ret ? ret : allow(f, allowed, sizeof(allowed) / sizeof(allowed[0]));
	if (connects && !ret)
		ret = allow(f, for_connecting, sizeof(for_connecting) / sizeof(for_connecting[0]));
	if (box->folder && !ret)
		ret = allow(f, for_folder, sizeof(for_folder) / sizeof(for_folder[0]));
	ret = ret ? ret : allow_by_argument(f, connects);
	ret = ret ? ret : seccomp_load(f);
	seccomp_release(f);
	if (ret == -EINVAL || ret == -ENOSYS || ret == -EOPNOTSUPP)
		return -EOPNOTSUPP; /* a kernel without it */
	if (ret)
		return wr_fail(err, -ret, "seccomp: %s", strerror(-ret));
	done->seccomp = true;
	return 0;
}

int wr_rights_shut(const struct wr_rights_box *box, struct wr_status_rights *done,
		   struct wr_err *err)
{
	int files = landlock(box, done, err), calls;

	if (files && files != -EOPNOTSUPP)
		return files;
	calls = system_calls(box, done, err);
	if (calls && calls != -EOPNOTSUPP)
		return calls;
	snprintf(done->missing, sizeof(done->missing), "%s%s%s", files ? "Landlock (5.13)" : "",
		 files && calls ? ", " : "", calls ? "seccomp" : "");
	return 0;
}
