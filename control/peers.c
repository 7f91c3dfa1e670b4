/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/peers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "control/listen.h"
#include "core/proto.h"

enum { TCP_ESTABLISHED_STATE = 1 }; /* net/tcp_states.h */

struct list {
	struct wr_peer *out;
	int n, max;
};

static void add(struct list *l, const struct wr_peer *p)
{
	if (l->n < l->max)
		l->out[l->n] = *p;
	l->n++;
}

/* ---- sessions ---- */

static void add_session(void *ctx, const struct wr_connection *c)
{
	struct wr_peer p = {.ip_v = c->ip_v, .port = c->port, .own_port = c->own_port};

	if (c->own_port != WR_SSH_PORT)
		return;
	memcpy(p.addr, c->addr, 16);
	memcpy(p.own, c->own, 16);
	add(ctx, &p);
}

int wr_ssh_peers(struct wr_peer *out, int max)
{
	struct list l = {out, 0, max};

	wr_connections(1u << TCP_ESTABLISHED_STATE, add_session, &l);
	return l.n;
}

static int address(const char *text, uint8_t *ip_v, uint8_t addr[16])
{
	memset(addr, 0, 16);
	*ip_v = strchr(text, ':') ? 6 : 4;
	return inet_pton(*ip_v == 6 ? AF_INET6 : AF_INET, text, addr) == 1 ? 0 : -EINVAL;
}

int wr_peer_parse(struct wr_peer *out, const char *text)
{
	char theirs[46], ours[46];
	unsigned int port, own_port;
	uint8_t ip_v;

	*out = (struct wr_peer){0};
	if (sscanf(text, "%45s %u %45s %u", theirs, &port, ours, &own_port) != 4 || port > 65535 ||
	    own_port > 65535 || address(theirs, &out->ip_v, out->addr) ||
	    address(ours, &ip_v, out->own) || ip_v != out->ip_v)
		return -EINVAL;
	out->port = (uint16_t)port;
	out->own_port = (uint16_t)own_port;
	return 0;
}

/* ---- routes ---- */

static void gateways4(struct list *l)
{
	FILE *f = fopen("/proc/net/route", "re");
	unsigned int dst, via, flags, mask;
	char line[256];

	while (f && fgets(line, sizeof(line), f)) {
		struct wr_peer p = {.ip_v = 4};

		if (sscanf(line, "%*15s %x %x %x %*d %*d %*d %x", &dst, &via, &flags, &mask) != 4 ||
		    dst || mask || !via)
			continue;
		memcpy(p.addr, &via, 4); /* as it lies in the kernel's memory */
		add(l, &p);
	}
	if (f)
		fclose(f);
}

static void gateways6(struct list *l)
{
	FILE *f = fopen("/proc/net/ipv6_route", "re");
	char line[256], dst[33], via[33];
	unsigned int plen, byte;

	while (f && fgets(line, sizeof(line), f)) {
		struct wr_peer p = {.ip_v = 6};

		if (sscanf(line, "%32s %x %*s %*x %32s", dst, &plen, via) != 3 || plen ||
		    strspn(dst, "0") != 32 || strspn(via, "0") == 32)
			continue;
		for (int i = 0; i < 16 && sscanf(via + 2 * i, "%2x", &byte) == 1; i++)
			p.addr[i] = (uint8_t)byte;
		add(l, &p);
	}
	if (f)
		fclose(f);
}

int wr_gateways(struct wr_peer *out, int max)
{
	struct list l = {out, 0, max};

	gateways4(&l);
	gateways6(&l);
	return l.n;
}

/* ---- names ---- */

int wr_dns_servers(struct wr_peer *out, int max)
{
	struct list l = {out, 0, max};
	FILE *f = fopen("/etc/resolv.conf", "re");
	char line[512], text[64];

	while (f && fgets(line, sizeof(line), f)) {
		struct wr_peer p = {.port = 53};

		if (sscanf(line, " nameserver %63[0-9a-fA-F:.]", text) == 1 &&
		    !address(text, &p.ip_v, p.addr))
			add(&l, &p);
	}
	if (f)
		fclose(f);
	return l.n;
}

bool wr_own_address(uint8_t ip_v, uint8_t addr[16])
{
	struct ifaddrs *all = NULL;
	bool found = false;

	if (getifaddrs(&all))
		return false;
	memset(addr, 0, 16);
	for (struct ifaddrs *a = all; a && !found; a = a->ifa_next) {
		if (!a->ifa_addr || a->ifa_flags & IFF_LOOPBACK ||
		    a->ifa_addr->sa_family != (ip_v == 4 ? AF_INET : AF_INET6))
			continue;
		if (ip_v == 4)
			memcpy(addr, &((struct sockaddr_in *)(void *)a->ifa_addr)->sin_addr, 4);
		else
			memcpy(addr, &((struct sockaddr_in6 *)(void *)a->ifa_addr)->sin6_addr, 16);
		found = true;
	}
	freeifaddrs(all);
	return found;
}

int wr_own_addresses(struct wr_peer *out, int max)
{
	struct ifaddrs *all = NULL;
	int n = 0;

	if (getifaddrs(&all))
		return 0;
	for (struct ifaddrs *a = all; a; a = a->ifa_next) {
		struct wr_peer p = {0};

		if (!a->ifa_addr ||
		    (a->ifa_addr->sa_family != AF_INET && a->ifa_addr->sa_family != AF_INET6))
			continue;
		p.ip_v = a->ifa_addr->sa_family == AF_INET ? 4 : 6;
		if (p.ip_v == 4)
			memcpy(p.addr, &((struct sockaddr_in *)(void *)a->ifa_addr)->sin_addr, 4);
		else
			memcpy(p.addr, &((struct sockaddr_in6 *)(void *)a->ifa_addr)->sin6_addr,
			       16);
		if (n < max)
			out[n] = p;
		n++;
	}
	freeifaddrs(all);
	return n < max ? n : max;
}
