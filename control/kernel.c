/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/kernel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "core/board.h"

static void ask_version(struct wr_kernel *k)
{
	struct utsname u;

	if (uname(&u))
		return;
	snprintf(k->release, sizeof(k->release), "%.63s", u.release);
	sscanf(u.release, "%d.%d", &k->major, &k->minor);
}

/* Can such a map be made? 0 or why not. What ends gives its memory back later than it ends, so room
 * is waited for, half a second; and no memory is not taken for a kernel that does not know such
 * maps, as libbpf's own question does. */
static int ask_map(enum bpf_map_type type, uint32_t key, uint32_t value, uint32_t entries)
{
	static const struct timespec moment = {.tv_nsec = 50000000};
	int fd = -ENOMEM;

	for (int i = 0; i < 10 && (fd == -ENOMEM || fd == -EAGAIN); i++) {
		if (i)
			nanosleep(&moment, NULL);
		fd = bpf_map_create(type, "weir_probe", key, value, entries, NULL);
	}
	if (fd < 0)
		return -fd;
	close(fd);
	return 0;
}

static void ask_bpf(struct wr_kernel *k)
{
	k->bpf_errno = ask_map(BPF_MAP_TYPE_ARRAY, 4, 8, 1);
	k->bpf_allowed = !k->bpf_errno;
	if (!k->bpf_allowed)
		return;
	k->ring_errno = ask_map(BPF_MAP_TYPE_RINGBUF, 0, 0, (uint32_t)sysconf(_SC_PAGESIZE));
	k->ktime_coarse =
		libbpf_probe_bpf_helper(BPF_PROG_TYPE_XDP, BPF_FUNC_ktime_get_coarse_ns, NULL) > 0;
	k->check_mtu = libbpf_probe_bpf_helper(BPF_PROG_TYPE_XDP, BPF_FUNC_check_mtu, NULL) > 0;
	k->syncookies =
		libbpf_probe_bpf_helper(BPF_PROG_TYPE_XDP, BPF_FUNC_tcp_gen_syncookie, NULL) > 0;
	k->xdp_load_bytes =
		libbpf_probe_bpf_helper(BPF_PROG_TYPE_XDP, BPF_FUNC_xdp_load_bytes, NULL) > 0;
}

static void ask_net_raw(struct wr_kernel *k)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	k->net_raw = fd >= 0;
	if (fd >= 0)
		close(fd);
}

static int quiet(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	(void)level, (void)fmt, (void)ap;
	return 0;
}

/* Before 5.11 maps count against the memory lock limit. */
static void raise_memlock(void)
{
	struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};

	setrlimit(RLIMIT_MEMLOCK, &all);
}

const struct wr_kernel *wr_kernel(void)
{
	static struct wr_kernel k;

	if (k.release[0])
		return &k;
	libbpf_set_print(quiet);
	raise_memlock();
	ask_version(&k);
	ask_bpf(&k);
	ask_net_raw(&k);
	k.tcx = k.major > 6 || (k.major == 6 && k.minor >= 6);
	k.root = geteuid() == 0;
	return &k;
}

int wr_kernel_check(struct wr_err *err)
{
	const struct wr_kernel *k = wr_kernel();

	if (libbpf_num_possible_cpus() > WR_MAX_CPUS)
		return wr_fail(err, EOPNOTSUPP,
			       "this host may have %d CPUs and weir was built for %d: "
			       "build with -Dmax_cpus=%d",
			       libbpf_num_possible_cpus(), WR_MAX_CPUS, libbpf_num_possible_cpus());
	if (k->bpf_errno == ENOMEM)
		return wr_fail(err, ENOMEM,
			       "not enough memory in the kernel for BPF: free some, start again");
	if (!k->bpf_allowed && k->root)
		return wr_fail(err, EPERM,
			       "BPF is not allowed here although this is root (%s): a container "
			       "without CAP_BPF, or kernel lockdown",
			       strerror(k->bpf_errno));
	if (!k->bpf_allowed)
		return wr_fail(err, EPERM,
			       "BPF needs rights (%s): run as root, or with CAP_BPF, CAP_NET_ADMIN "
			       "and CAP_PERFMON",
			       strerror(k->bpf_errno));
	if (k->major < 5 || (k->major == 5 && k->minor < 10))
		return wr_fail(err, EOPNOTSUPP,
			       "Linux %s is too old for the kernel programs: they need 5.10",
			       k->release);
	if (k->ring_errno)
		return wr_fail(err, k->ring_errno == EINVAL ? EOPNOTSUPP : k->ring_errno,
			       "Linux %s has no ring buffer for the kernel programs: %s",
			       k->release, strerror(k->ring_errno));
	return 0;
}
