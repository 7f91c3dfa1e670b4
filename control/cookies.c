/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/cookies.h"

#include <errno.h>
#include <stdio.h>

#include "control/kernel.h"

int wr_cookies_sysctl(void)
{
	FILE *f = fopen("/proc/sys/net/ipv4/tcp_syncookies", "re");
	int value, ret = -EIO;

	if (!f)
		return -errno;
	if (fscanf(f, "%d", &value) == 1)
		ret = value;
	fclose(f);
	return ret;
}

int wr_cookies_check(struct wr_err *err)
{
	const struct wr_kernel *k = wr_kernel();
	int sysctl = wr_cookies_sysctl();

	if (!k->syncookies)
		return wr_fail(err, EOPNOTSUPP,
			       "Linux %s has no SYN cookies for BPF programs "
			       "(bpf_tcp_gen_syncookie): use 'limit ...cps'",
			       k->release);
	if (sysctl < 0)
		return wr_fail(err, EOPNOTSUPP,
			       "this kernel was built without SYN cookies "
			       "(net.ipv4.tcp_syncookies is not there): use 'limit ...cps'");
	if (!sysctl)
		return wr_fail(err, EOPNOTSUPP,
			       "the kernel gives no SYN cookies: set net.ipv4.tcp_syncookies to 2 "
			       "(at once) or 1 (once a service's own queue is full)");
	return 0;
}
