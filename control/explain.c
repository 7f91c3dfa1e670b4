/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/explain.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "control/kernel.h"
#include "control/neighbour.h"

static char verdict[256]; /* the verifier's last words */

/* In the verifier's log the line before "processed N insns" says what it did not like. */
static void keep_verdict(const char *log)
{
	const char *end = strstr(log, "\nprocessed "), *start;

	if (!end)
		return;
	for (start = end; start > log && start[-1] != '\n'; start--)
		;
	snprintf(verdict, sizeof(verdict), "%.*s", (int)(end - start), start);
}

static int listen(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	static char text[1 << 16];

	(void)level;
	if (!strstr(fmt, "PROG LOAD LOG"))
		return 0;
	vsnprintf(text, sizeof(text), fmt, ap);
	keep_verdict(text);
	return 0;
}

void wr_explain_begin(void)
{
	verdict[0] = 0;
	libbpf_set_print(listen);
}

int wr_explain_load(int code, const char *object, struct wr_err *err)
{
	if (code == -EPERM && !verdict[0])
		return wr_fail(
			err, EPERM,
			"the kernel does not let this process load programs: run as root, or "
			"with CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON");
	/* tail calls beside functions: with a compiler that can do both, on x86 and, since 6.0,
	 * on arm64 */
	if (strstr(verdict, "tail_calls"))
		return wr_fail(err, EOPNOTSUPP,
			       "Linux %s refuses the '%s' program: its BPF compiler is off (sysctl "
			       "net.core.bpf_jit_enable=1) or too old (arm64 needs 6.0): %s",
			       wr_kernel()->release, object, verdict);
	if (code == -ENOMEM)
		return wr_fail(err, ENOMEM, "not enough memory for the maps of '%s'", object);
	return wr_fail(err, EOPNOTSUPP, "Linux %s refuses the '%s' program: %s",
		       wr_kernel()->release, object, verdict[0] ? verdict : strerror(-code));
}

int wr_explain_xdp(int code, const struct wr_iface *iface, bool generic, bool frags,
		   struct wr_err *err)
{
	const char *mode = generic ? "generic XDP" : "native XDP";
	const char *driver = iface->driver[0] ? iface->driver : "of this interface";
	char who[128];

	if (code == -EBUSY || code == -EEXIST) {
		wr_neighbour_xdp(iface->index, who, sizeof(who));
		return wr_fail(err, EBUSY, "%s of %s is taken by %s, which is left alone", mode,
			       iface->name, who);
	}
	if (code == -EOPNOTSUPP)
		return wr_fail(err, EOPNOTSUPP, "%s: driver %s has none", mode, driver);
	if (iface->mtu > 3498 && !generic && (code == -ERANGE || code == -EINVAL || code == -E2BIG))
		return wr_fail(err, EOPNOTSUPP,
			       "%s: MTU %u needs multi-buffer support, which %s lacks", mode,
			       iface->mtu, frags ? "this driver" : "this kernel");
	if (code == -EPERM)
		return wr_fail(err, EPERM, "%s of %s needs CAP_NET_ADMIN: run as root", mode,
			       iface->name);
	return wr_fail(err, -code, "%s of %s: %s", mode, iface->name, strerror(-code));
}
