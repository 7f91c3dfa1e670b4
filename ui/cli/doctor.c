/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "control/cookies.h"
#include "control/iface.h"
#include "control/kernel.h"
#include "control/neighbour.h"
#include "control/path.h"
#include "ui/cli/command.h"
#include "ui/cli/gateway.h"

/* Tests the whole path and names the broken step: each check says what it found and, if that is
 * bad, the mend. */

struct args {
	const char *conf;
	const char *iface, *netns;
};

struct doctor {
	struct wr_iface iface;
	int bad;   /* things that stop weir */
	int warns; /* things that make it see less */
};

static void good(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void warn(struct doctor *d, const char *mend, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static void bad(struct doctor *d, const char *mend, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#define SAY(mark)                   \
	do {                        \
		va_list ap_;        \
                                    \
		printf(mark);       \
		va_start(ap_, fmt); \
		vprintf(fmt, ap_);  \
		va_end(ap_);        \
		printf("\n");       \
	} while (0)

static void good(const char *fmt, ...)
{
	SAY("ok    ");
}

static void warn(struct doctor *d, const char *mend, const char *fmt, ...)
{
	SAY("warn  ");
	printf("      -> %s\n", mend);
	d->warns++;
}

static void bad(struct doctor *d, const char *mend, const char *fmt, ...)
{
	SAY("BAD   ");
	printf("      -> %s\n", mend);
	d->bad++;
}

static void check_kernel(struct doctor *d)
{
	const struct wr_kernel *k = wr_kernel();
	struct wr_err err = {0};

	if (wr_kernel_check(&err))
		bad(d, k->net_raw ? "weir watch --hook packet works without it" : "run as root",
		    "BPF: %s", err.text);
	else
		good("Linux %s: BPF allowed, ring buffer, %s", k->release,
		     k->xdp_load_bytes ? "multi-buffer XDP" : "no multi-buffer XDP (5.18)");
	if (k->net_raw)
		good("packet sockets allowed");
	else
		warn(d, "run as root, or with CAP_NET_RAW",
		     "packet sockets not allowed: no way on without BPF");
}

/* For rules with `cookies`. */
static void check_cookies(struct doctor *d)
{
	static const char *const when[] = {"", "once a service's own queue is full (1)",
					   "at once (2)"};
	struct wr_err err = {0};
	int sysctl = wr_cookies_sysctl();

	if (wr_cookies_check(&err))
		warn(d, "only rules with 'cookies' need it", "%s", err.text);
	else
		good("SYN cookies for rules with 'cookies': %s, by net.ipv4.tcp_syncookies",
		     when[sysctl > 2 ? 2 : sysctl]);
}

static void check_iface(struct doctor *d)
{
	const struct wr_iface *i = &d->iface;

	if (i->up)
		good("%s is up, driver %s, MTU %u, %s", i->name, i->driver[0] ? i->driver : "none",
		     i->mtu,
		     i->linktype == 1  ? "Ethernet"
		     : i->linktype < 0 ? "no IP link"
				       : "raw IP");
	else
		bad(d, "ip link set up", "%s is down: nothing will arrive", i->name);
	if (i->vlan_strip && strcmp(i->driver, "veth"))
		warn(d, "ethtool -K IF rxvlan off, or --hook tc, which puts them back",
		     "%s takes VLAN tags off: XDP does not see them", i->name);
	if (i->gro)
		good("GRO is on: at TC several packets may come as one (gso_segs says how many)");
}

static void check_neighbours(struct doctor *d)
{
	char who[256];

	if (wr_neighbour_xdp(d->iface.index, who, sizeof(who)))
		warn(d, "weir uses TC then, which is shared", "XDP of %s is taken by %s",
		     d->iface.name, who);
	else
		good("XDP of %s is free", d->iface.name);
	if (wr_neighbour_tc(d->iface.index, who, sizeof(who)))
		good("TC of %s is shared with %s", d->iface.name, who);
}

/* Each hook is really attached for a moment, counting only. */
static void try_hook(struct doctor *d, enum wr_hook hook)
{
	struct wr_path_conf conf = {
		.iface = &d->iface,
		.hook = hook,
		.ring_fd = -1,
		.ring_bytes = 1 << 16,
	};
	struct wr_path *p = NULL;
	struct wr_err err = {0};

	if (!wr_path_open(&p, &conf, &err))
		good("%s works on %s", wr_hook_text(hook), d->iface.name);
	else if (hook == WR_HOOK_TC)
		bad(d, "weir watch --hook packet needs no BPF", "TC ingress on %s: %s",
		    d->iface.name, err.text);
	else
		warn(d, "not needed: TC ingress does the same a little later", "%s", err.text);
	wr_path_close(&p);
}

/* The kernel's own counter against ours for a second: the proof that the numbers are right here. */
static void check_count(struct doctor *d)
{
	struct wr_path_conf conf = {
		.iface = &d->iface, .hook = WR_HOOK_TC, .ring_fd = -1, .ring_bytes = 1 << 16};
	uint64_t before, after, bytes, ours = 0;
	struct wr_path *p = NULL;
	struct wr_board *b;

	if (wr_iface_rx_packets(d->iface.name, &before, &bytes) || wr_path_open(&p, &conf, NULL))
		return;
	sleep(1);
	b = wr_path_board(p);
	for (int c = 0; c < WR_MAX_CPUS; c++)
		ours += b->cpu[c].count.arrived_packets;
	wr_iface_rx_packets(d->iface.name, &after, &bytes);
	wr_path_close(&p);
	if (ours || after == before)
		good("in one second %s counted %" PRIu64 " packets, weir %" PRIu64
		     " (GRO merges some)",
		     d->iface.name, after - before, ours);
	else
		bad(d, "is the interface in another network namespace (-n)?",
		    "%s counted %" PRIu64 " packets in a second and weir none", d->iface.name,
		    after - before);
}

/* Doors of API gateways that are open to others, and whom gateways take for the client. */
static void tell_gateway(void *ctx, enum wr_gateway_mark mark, const char *text, const char *mend)
{
	if (mark == WR_GATEWAY_GOOD)
		good("%s", text);
	else if (mark == WR_GATEWAY_WARN)
		warn(ctx, mend, "%s", text);
	else
		bad(ctx, mend, "%s", text);
}

static void check_gateways(struct doctor *d, const char *conf)
{
	struct wr_err err = {0};

	if (wr_cli_probe_all(conf, tell_gateway, d, &err))
		bad(d, "weir config check", "%s", err.text);
}

static int examine(struct doctor *d, const struct args *a, struct wr_err *err)
{
	char name[16];
	int ret = 0;

	if (a->netns)
		ret = wr_netns_enter(a->netns, err);
	if (!ret && !a->iface)
		ret = wr_iface_default(name, err);
	if (!ret)
		ret = wr_iface_get(&d->iface, a->iface ? a->iface : name, err);
	if (ret)
		return ret;
	check_kernel(d);
	check_iface(d);
	check_gateways(d, a->conf);
	if (!wr_kernel_check(NULL)) {
		check_cookies(d);
		check_neighbours(d);
		try_hook(d, WR_HOOK_TC);
		if (a->iface) { /* native XDP may restart the link: only when the interface was
				   named */
			try_hook(d, WR_HOOK_XDP);
			try_hook(d, WR_HOOK_XDP_GENERIC);
		}
		check_count(d);
	}
	return 0;
}

static int run(int argc, char **argv, struct wr_err *err)
{
	struct doctor d = {0};
	struct args a = {0};
	struct wr_args rest;
	int status, ret;

	status = wr_command_begin(&wr_command_doctor, &a, argc, argv, &rest, err);
	if (status >= 0)
		return status;
	ret = examine(&d, &a, err);
	if (ret)
		return wr_exit_status(ret);
	if (d.bad)
		printf("\n%d thing%s to mend\n", d.bad, d.bad > 1 ? "s" : "");
	else
		printf("\nweir works here%s\n", d.warns ? ", with the limits named above" : "");
	return d.bad ? WR_EXIT_FAILED : WR_EXIT_OK;
}

#define AT(field) .offset = offsetof(struct args, field)
static const struct wr_option options[] = {
	{'i', "interface", "IF", "examine this interface and try native XDP on it too",
	 WR_OPTION_STRING, AT(iface)},
	{'n', "netns", "NETNS", "in this network namespace (name or path)", WR_OPTION_STRING,
	 AT(netns)},
	{'c', "config", "FILE", "gateways and admin ports of this configuration", WR_OPTION_STRING,
	 AT(conf)},
	{0},
};

const struct wr_command wr_command_doctor = {
	.name = "doctor",
	.brief = "tests the whole path on this host and names the mend",
	.args = "",
	.text = "Checks rights, kernel, driver, offloads, MTU and neighbours on the hooks, "
		"attaches to each hook for a\n"
		"moment (counting only) and compares a second of packets with the interface's own "
		"counter.\n"
		"Tells admin ports of API gateways (gateway.admin_ports, too) that other hosts can "
		"reach, and looks at each "
		"gateway in gateway.folder.\n"
		"Native XDP is tried only on an interface that is named: some drivers restart "
		"their link for it.",
	.examples = "weir doctor\tthe interface of the default route\n"
		    "weir doctor -i eth1\teth1, native XDP included\n",
	.options = options,
	.run = run,
};
