/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/iface.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <pcap/dlt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Device types (linux/if_arp.h) whose frames begin with an Ethernet header, or with IP itself. */
static const struct {
	int arphrd, linktype;
} linktypes[] = {
	{ARPHRD_ETHER, DLT_EN10MB},
	{ARPHRD_LOOPBACK, DLT_EN10MB},
	{0xfffe /* none: tun, WireGuard */, DLT_RAW},
	{ARPHRD_PPP, DLT_RAW},
	{ARPHRD_TUNNEL, DLT_RAW},
	{ARPHRD_TUNNEL6, DLT_RAW},
	{ARPHRD_SIT, DLT_RAW},
	{519 /* raw IP */, DLT_RAW},
	{778 /* GRE */, DLT_RAW},
	{823 /* GRE over IPv6 */, DLT_RAW},
};

static int linktype_of(int arphrd)
{
	for (size_t i = 0; i < sizeof(linktypes) / sizeof(*linktypes); i++)
		if (linktypes[i].arphrd == arphrd)
			return linktypes[i].linktype;
	return -1;
}

static uint32_t ethtool_value(int fd, struct ifreq *ifr, uint32_t cmd)
{
	struct ethtool_value v = {.cmd = cmd};

	ifr->ifr_data = (void *)&v;
	return ioctl(fd, SIOCETHTOOL, ifr) ? 0 : v.data;
}

static void ask_ethtool(struct wr_iface *out, int fd, struct ifreq *ifr)
{
	struct ethtool_drvinfo d = {.cmd = ETHTOOL_GDRVINFO};

	ifr->ifr_data = (void *)&d;
	if (!ioctl(fd, SIOCETHTOOL, ifr))
		snprintf(out->driver, sizeof(out->driver), "%.31s", d.driver);
	out->vlan_strip = ethtool_value(fd, ifr, ETHTOOL_GFLAGS) & ETH_FLAG_RXVLAN;
	out->gro = ethtool_value(fd, ifr, ETHTOOL_GGRO) != 0;
}

static int no_such(const char *name, struct wr_err *err)
{
	struct if_nameindex *all = if_nameindex();
	char list[400] = "";
	size_t n = 0;

	for (int i = 0; all && all[i].if_index && n < sizeof(list) - 20; i++)
		n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s", n ? ", " : "",
				      all[i].if_name);
	if_freenameindex(all);
	return wr_fail(err, ENODEV, "interface '%s' does not exist; there are: %s", name,
		       n ? list : "none");
}

int wr_iface_get(struct wr_iface *out, const char *name, struct wr_err *err)
{
	struct ifreq ifr = {0};
	int fd;

	memset(out, 0, sizeof(*out));
	if (strlen(name) >= sizeof(out->name))
		return no_such(name, err);
	strcpy(out->name, name);
	strcpy(ifr.ifr_name, name);
	out->index = (int)if_nametoindex(name);
	if (!out->index)
		return no_such(name, err);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return wr_fail(err, errno, "socket: %s", strerror(errno));
	if (!ioctl(fd, SIOCGIFMTU, &ifr))
		out->mtu = (uint32_t)ifr.ifr_mtu;
	if (!ioctl(fd, SIOCGIFFLAGS, &ifr))
		out->up = ifr.ifr_flags & IFF_UP;
	out->linktype = ioctl(fd, SIOCGIFHWADDR, &ifr) ? -1 : linktype_of(ifr.ifr_hwaddr.sa_family);
	if (out->linktype == DLT_EN10MB)
		memcpy(out->mac, ifr.ifr_hwaddr.sa_data, sizeof(out->mac));
	ask_ethtool(out, fd, &ifr);
	close(fd);
	return 0;
}

/* First line of /proc/net/route with destination and mask 0. */
static int default_ip4(char name[16])
{
	FILE *f = fopen("/proc/net/route", "re");
	unsigned int dst, mask, flags;
	char line[256];
	int found = 0;

	while (f && !found && fgets(line, sizeof(line), f))
		found = sscanf(line, "%15s %x %*x %x %*d %*d %*d %x", name, &dst, &flags, &mask) ==
				4 &&
			!dst && !mask && (flags & 1);
	if (f)
		fclose(f);
	return found;
}

/* /proc/net/ipv6_route: destination and prefix length 0, not through lo. */
static int default_ip6(char name[16])
{
	FILE *f = fopen("/proc/net/ipv6_route", "re");
	char line[256], dst[33];
	unsigned int plen;
	int found = 0;

	while (f && !found && fgets(line, sizeof(line), f))
		found = sscanf(line, "%32s %x %*s %*x %*s %*x %*x %*x %*x %15s", dst, &plen,
			       name) == 3 &&
			!plen && strspn(dst, "0") == 32 && strcmp(name, "lo");
	if (f)
		fclose(f);
	return found;
}

int wr_iface_default(char name[16], struct wr_err *err)
{
	if (default_ip4(name) || default_ip6(name))
		return 0;
	return wr_fail(err, ENOENT, "this host has no default route: name an interface with -i");
}

/* /proc/net/dev and not sysfs: it belongs to the namespace that the thread is in. */
int wr_iface_rx_packets(const char *name, uint64_t *packets, uint64_t *bytes)
{
	FILE *f = fopen("/proc/net/dev", "re");
	char line[512];
	int found = 0;

	while (f && !found && fgets(line, sizeof(line), f)) {
		char *colon = strchr(line, ':');
		unsigned long long b, p;

		if (!colon)
			continue;
		*colon = 0;
		if (strcmp(line + strspn(line, " "), name))
			continue;
		found = sscanf(colon + 1, "%llu %llu", &b, &p) == 2;
		*bytes = b;
		*packets = p;
	}
	if (f)
		fclose(f);
	return found ? 0 : -ENODEV;
}

int wr_netns_enter(const char *name, struct wr_err *err)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), strchr(name, '/') ? "%s" : "/run/netns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return wr_fail(err, errno, "network namespace '%s': %s (see: ip netns list)", name,
			       strerror(errno));
	if (setns(fd, CLONE_NEWNET)) {
		int e = errno;

		close(fd);
		return wr_fail(err, e, "network namespace '%s': %s", name,
			       e == EPERM ? "not permitted; run as root" : strerror(e));
	}
	close(fd);
	return 0;
}
