/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/admins.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/peers.h"
#include "gateway/gateway.h"
#include "policy/policy.h"

enum { OWN = 64 };

#define QUIET_NS 600000000000ull
#define OWN_NS 60000000000ull
#define IDS (1ull << 41) /* none of the detector's, nor of requests' */

struct seen {
	uint64_t id; /* 0: free */
	uint8_t source[16], dest[16];
	uint8_t ip_v;
	uint16_t port;
	bool raised, news, answered;
	uint64_t first_ns, last_ns, raised_ns;
	uint64_t attempts, packets;
};

struct wr_admins {
	uint16_t port[WR_ADMINS];
	uint32_t n;
	uint8_t is_port[65536 / 8]; /* the same, to be asked of each part */
	struct wr_prefixes from;    /* gateway.admin_from */
	bool own_only;
	struct wr_peer own[OWN];
	int n_own;
	uint64_t own_ns, next_id;
	struct seen seen[WR_ADMINS_SEEN];
	struct wr_live *live;
	wr_finding_fn tell;
	void *ctx;
};

/* ---- which ports ---- */

uint16_t wr_admins_port(const char *where)
{
	static const char *const hosts[] = {
		"127.0.0.1:", "[::1]:", "localhost:", "0.0.0.0:", "[::]:"};
	const char *at = strncmp(where, "http://", 7)
				 ? strncmp(where, "https://", 8) ? NULL : where + 8
				 : where + 7;

	for (size_t i = 0; at && i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		size_t n = strlen(hosts[i]);
		unsigned long port;

		if (strncmp(at, hosts[i], n) != 0)
			continue;
		port = strtoul(at + n, NULL, 10);
		return port < 65536 ? (uint16_t)port : 0;
	}
	return 0;
}

static void add_port(struct wr_admins *a, uint16_t port)
{
	if (!port || a->n == WR_ADMINS || a->is_port[port / 8] & 1 << port % 8)
		return;
	a->is_port[port / 8] |= (uint8_t)(1 << port % 8);
	a->port[a->n++] = port;
}

static void add_gateways(struct wr_admins *a, const char *folder, void (*say)(const char *line))
{
	struct wr_gateway_names names = {0};
	struct wr_gateway g;
	struct wr_err err;
	char line[600];

	if (wr_gateway_names(&names, folder, NULL))
		return;
	for (size_t i = 0; i < names.n; i++) {
		err.code = 0;
		if (wr_gateway_open(&g, folder, names.at[i], NULL, NULL, &err)) {
			snprintf(line, sizeof(line),
				 "gateways: packets to the admin port of %s are not looked for: %s",
				 names.at[i], err.text);
			say(line);
			continue;
		}
		add_port(a, wr_admins_port(wr_gateway_where(&g)));
		wr_gateway_close(&g);
	}
	wr_gateway_names_free(&names);
}

int wr_admins_open(struct wr_admins **out, const struct wr_daemon_conf *conf,
		   void (*say)(const char *line), struct wr_err *err)
{
	struct wr_admins *a = calloc(1, sizeof(*a));
	struct wr_prefix p;
	int ret = 0;

	if (!a)
		return wr_fail(err, ENOMEM, "no memory for the ports of gateways");
	for (size_t i = 0; i < conf->gateway.admin_ports.n; i++)
		add_port(a, (uint16_t)strtoul(conf->gateway.admin_ports.at[i], NULL, 10));
	add_gateways(a, conf->gateway.folder, say);
	for (size_t i = 0; i < conf->gateway.admin_from.n && !ret; i++)
		if (!wr_prefix_parse(&p, conf->gateway.admin_from.at[i],
				     strlen(conf->gateway.admin_from.at[i])))
			ret = wr_prefixes_add(&a->from, &p);
	wr_prefixes_sort(&a->from);
	if (!ret && a->n) {
		*out = a;
		return 0;
	}
	wr_admins_close(&a);
	return ret ? wr_fail(err, ENOMEM, "no memory for gateway.admin_from") : 0;
}

void wr_admins_close(struct wr_admins **out)
{
	struct wr_admins *a = *out;

	if (!a)
		return;
	if (a->live)
		wr_live_untap(a->live, a);
	wr_prefixes_free(&a->from);
	free(a);
	*out = NULL;
}

/* ---- who comes ---- */

static void learn_own(struct wr_admins *a)
{
	struct wr_peer now[OWN];
	int n = wr_own_addresses(now, OWN);

	if (n <= 0) /* it could not be asked: what was known still holds */
		return;
	memcpy(a->own, now, (size_t)n * sizeof(now[0]));
	a->n_own = n;
}

static bool is_own(const struct wr_admins *a, uint8_t ip_v, const uint8_t addr[16])
{
	for (int i = 0; i < a->n_own; i++)
		if (a->own[i].ip_v == ip_v && !memcmp(a->own[i].addr, addr, 16))
			return true;
	return false;
}

static bool is_loopback(uint8_t ip_v, const uint8_t addr[16])
{
	static const uint8_t one[16] = {[15] = 1};

	return ip_v == 4 ? addr[0] == 127 : !memcmp(addr, one, 16);
}

static bool may(const struct wr_admins *a, uint8_t ip_v, const uint8_t source[16])
{
	for (size_t i = 0; i < a->from.n; i++)
		if (wr_prefix_has(&a->from.at[i], ip_v, source))
			return true;
	return is_loopback(ip_v, source) || is_own(a, ip_v, source);
}

/* NULL: no room; the ones that are there say enough. */
static struct seen *seen_of(struct wr_admins *a, const struct wr_flow_key *k, int server)
{
	struct seen *free = NULL;

	for (int i = 0; i < WR_ADMINS_SEEN; i++) {
		struct seen *s = &a->seen[i];

		if (!s->id) {
			free = free ? free : s;
			continue;
		}
		if (s->ip_v == k->ip_v && s->port == k->port[server] &&
		    !memcmp(s->source, k->addr[!server], 16) &&
		    !memcmp(s->dest, k->addr[server], 16))
			return s;
	}
	if (!free)
		return NULL;
	*free = (struct seen){.id = IDS + ++a->next_id, .ip_v = k->ip_v, .port = k->port[server]};
	memcpy(free->source, k->addr[!server], 16);
	memcpy(free->dest, k->addr[server], 16);
	return free;
}

static void part(void *ctx, const struct wr_live_part *p, const struct wr_flow *f)
{
	int server = wr_flow_server(f);
	uint16_t port = f->key.port[server];
	struct wr_admins *a = ctx;
	struct seen *s;

	if (f->key.proto != IPPROTO_TCP || !(a->is_port[port / 8] & 1 << port % 8) ||
	    p->flow.from == server || p->out)
		return;
	if ((a->own_only && !is_own(a, f->key.ip_v, f->key.addr[server])) ||
	    may(a, f->key.ip_v, f->key.addr[!server]))
		return;
	s = seen_of(a, &f->key, server);
	if (!s)
		return;
	if (!s->first_ns)
		s->first_ns = p->flow.first_ns;
	s->last_ns = p->flow.last_ns;
	s->packets += p->flow.n.packets;
	s->attempts += (p->flow.syn & WR_FLOW_SYN) != 0;
	s->answered |= wr_flow_syn(f->tcp_flags[server]) == WR_FLOW_SYN_ACK;
	s->news = true;
}

static void tell(struct wr_admins *a, struct seen *s, enum wr_finding_news news)
{
	struct wr_finding f = {
		.id = s->id,
		.klass = WR_CLASS_ADMIN_PORT,
		.severity = (uint8_t)wr_class_severity(WR_CLASS_ADMIN_PORT),
		.over = news == WR_FINDING_OVER,
		.victim = {.ip_v = s->ip_v,
			   .prefix = s->ip_v == 4 ? 32 : 128,
			   .proto = IPPROTO_TCP,
			   .port = s->port},
		.start_ns = s->first_ns,
		.raised_ns = s->raised_ns,
		.last_ns = s->last_ns,
		.score = 1,
		.n_sources = 1,
	};

	memcpy(f.victim.addr, s->dest, 16);
	memcpy(f.source[0].addr, s->source, 16);
	f.source[0].ip_v = s->ip_v;
	f.source[0].packets = s->packets;
	f.evidence[f.n_evidence++] =
		(struct wr_evidence){.feature = WR_FEATURE_ATTEMPTS, .value = (double)s->attempts};
	if (s->answered)
		f.evidence[f.n_evidence++] =
			(struct wr_evidence){.feature = WR_FEATURE_ANSWERED, .value = 1};
	a->tell(a->ctx, news, &f);
}

void wr_admins_second(struct wr_admins *a, uint64_t now_ns)
{
	if (!a || !a->tell)
		return;
	if (now_ns > a->own_ns + OWN_NS) {
		learn_own(a);
		a->own_ns = now_ns;
	}
	for (int i = 0; i < WR_ADMINS_SEEN; i++) {
		struct seen *s = &a->seen[i];

		if (!s->id)
			continue;
		if (s->news) {
			s->news = false;
			if (!s->raised)
				s->raised_ns = now_ns;
			tell(a, s, s->raised ? WR_FINDING_RENEWED : WR_FINDING_RAISED);
			s->raised = true;
		} else if (now_ns > s->last_ns + QUIET_NS) {
			tell(a, s, WR_FINDING_OVER);
			s->id = 0;
		}
	}
}

void wr_admins_watch(struct wr_admins *a, struct wr_live *live, bool own, wr_finding_fn told,
		     void *ctx)
{
	struct wr_live_tap tap = {.ctx = a, .part = part};

	if (!a)
		return;
	a->tell = told;
	a->ctx = ctx;
	a->own_only = own;
	learn_own(a);
	a->live = live;
	wr_live_tap(live, &tap);
}
