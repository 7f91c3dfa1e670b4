/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/admins.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/peers.h"
#include "core/sketch.h"
#include "detect/ids.h"
#include "gateway/gateway.h"
#include "policy/policy.h"

enum { OWN = 64, OTHERS = 1024 };

_Static_assert((int)WR_ADMINS_SEEN <= (int)WR_HOLD_ADMINS, "all that hold have room");

#define QUIET_NS 600000000000ull
#define OWN_NS 60000000000ull

struct seen {
	uint64_t id; /* 0: free */
	uint8_t source[16], dest[16];
	uint8_t ip_v;
	uint16_t port;
	bool raised, news;
	bool answered; /* it has got a SYN+ACK, which a forged SYN gets, too */
	bool talks;    /* and has answered it: it is who it says */
	uint64_t first_ns, last_ns, raised_ns;
	uint64_t attempts, packets;
};

/* Those at a port for whom there was no room: different ones, as far as so many bits tell them
 * apart. */
struct others {
	uint64_t bits[OTHERS / 64];
	uint32_t n;
};

struct wr_admins {
	uint16_t port[WR_ADMINS];
	struct others others[WR_ADMINS]; /* by port */
	uint32_t n;
	uint8_t is_port[65536 / 8]; /* the same, to be asked of each part */
	struct wr_prefixes from;    /* gateway.admin_from */
	bool own_only, on;
	struct wr_peer own[OWN];
	int n_own;
	uint64_t own_ns, next_id;
	struct seen seen[WR_ADMINS_SEEN];
	struct wr_live *live;
	wr_finding_fn tell;
	void *ctx;
};

/* ---- which ports ---- */

static bool is_of(const struct wr_peer *own, int n, uint8_t ip_v, const uint8_t addr[16])
{
	for (int i = 0; i < n; i++)
		if (own[i].ip_v == ip_v && !memcmp(own[i].addr, addr, 16))
			return true;
	return false;
}

/* "10.0.0.5", "2001:db8::1" */
static bool is_own_text(const char *host, const struct wr_peer *own, int n)
{
	uint8_t addr[16] = {0};

	if (inet_pton(AF_INET, host, addr) == 1)
		return is_of(own, n, 4, addr);
	return inet_pton(AF_INET6, host, addr) == 1 && is_of(own, n, 6, addr);
}

uint16_t wr_admins_port(const char *where, const struct wr_peer *own, int n)
{
	static const char *const hosts[] = {"127.0.0.1", "::1", "localhost", "0.0.0.0", "::"};
	const char *at = strncmp(where, "http://", 7)
				 ? strncmp(where, "https://", 8) ? NULL : where + 8
				 : where + 7;
	bool six = at && *at == '[', here = false;
	char host[INET6_ADDRSTRLEN];
	size_t length;
	unsigned long port;

	if (!at)
		return 0;
	at += six;
	length = strcspn(at, six ? "]/" : ":/");
	if (length >= sizeof(host) || strncmp(at + length, six ? "]:" : ":", six ? 2 : 1) != 0)
		return 0;
	memcpy(host, at, length);
	host[length] = 0;
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		here |= !strcmp(host, hosts[i]);
	port = strtoul(at + length + (six ? 2 : 1), NULL, 10);
	return (here || is_own_text(host, own, n)) && port < 65536 ? (uint16_t)port : 0;
}

static void add_port(struct wr_admins *a, uint16_t port)
{
	if (!port || a->n == WR_ADMINS || a->is_port[port / 8] & 1 << port % 8)
		return;
	a->is_port[port / 8] |= (uint8_t)(1 << port % 8);
	a->port[a->n++] = port;
}

static void learn_own(struct wr_admins *a)
{
	struct wr_peer now[OWN];
	int n = wr_own_addresses(now, OWN);

	if (n <= 0) /* it could not be asked: what was known still holds */
		return;
	memcpy(a->own, now, (size_t)n * sizeof(now[0]));
	a->n_own = n;
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
		add_port(a, wr_admins_port(wr_gateway_where(&g), a->own, a->n_own));
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
	learn_own(a);
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
	return is_loopback(ip_v, source) || is_of(a->own, a->n_own, ip_v, source);
}

static uint32_t silent_at(const struct wr_admins *a, uint16_t port)
{
	uint32_t n = 0;

	for (int i = 0; i < WR_ADMINS_SEEN; i++)
		n += a->seen[i].id && !a->seen[i].talks && a->seen[i].port == port;
	return n;
}

static struct others *others_at(struct wr_admins *a, uint16_t port)
{
	uint32_t i = 0;

	while (i + 1 < a->n && a->port[i] != port)
		i++;
	return &a->others[i];
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
	const struct others *o;

	memcpy(f.victim.addr, s->dest, 16);
	memcpy(f.source[0].addr, s->source, 16);
	f.source[0].ip_v = s->ip_v;
	f.source[0].packets = s->packets;
	f.evidence[f.n_evidence++] =
		(struct wr_evidence){.feature = WR_FEATURE_ATTEMPTS, .value = (double)s->attempts};
	if (s->answered)
		f.evidence[f.n_evidence++] =
			(struct wr_evidence){.feature = WR_FEATURE_ANSWERED, .value = 1};
	o = others_at(a, s->port);
	if (!s->talks && o->n)
		f.evidence[f.n_evidence++] = (struct wr_evidence){
			.feature = WR_FEATURE_SOURCES, .value = silent_at(a, s->port) + o->n};
	a->tell(a->ctx, news, &f);
}

/* It is forgotten, and whoever was told of it is told so. */
static void end(struct wr_admins *a, struct seen *s)
{
	if (s->id && s->raised)
		tell(a, s, WR_FINDING_OVER);
	s->id = 0;
}

static bool is_seen(const struct seen *s, const struct wr_flow_key *k, int server)
{
	return s->id && s->ip_v == k->ip_v && s->port == k->port[server] &&
	       !memcmp(s->source, k->addr[!server], 16) && !memcmp(s->dest, k->addr[server], 16);
}

/* Who has said nothing may be nobody: of such a few are kept at each port, and whoever talks takes
 * the place of one. NULL: there is no room. */
static struct seen *place(struct wr_admins *a, uint16_t port, bool talks)
{
	struct seen *free = NULL, *silent = NULL;

	for (int i = 0; i < WR_ADMINS_SEEN; i++) {
		struct seen *s = &a->seen[i];

		if (!s->id)
			free = free ? free : s;
		else if (!s->talks && (!silent || s->last_ns < silent->last_ns))
			silent = s;
	}
	if (!talks && silent_at(a, port) >= WR_ADMINS_SILENT)
		return NULL;
	if (!free && talks && silent) {
		end(a, silent);
		free = silent;
	}
	return free;
}

/* The findings that hold at the port tell how many there are. */
static void count_other(struct wr_admins *a, const struct wr_flow_key *k, int server)
{
	struct others *o = others_at(a, k->port[server]);
	uint64_t addr[2], h, bit, *word;

	memcpy(addr, k->addr[!server], sizeof(addr));
	h = wr_sketch_hash(0x5eed, addr[0], addr[1]);
	bit = 1ull << (h & 63);
	word = &o->bits[h >> 6 & (OTHERS / 64 - 1)];
	if (*word & bit)
		return;
	*word |= bit;
	o->n++;
	for (int i = 0; i < WR_ADMINS_SEEN; i++)
		a->seen[i].news |=
			a->seen[i].id && a->seen[i].port == k->port[server] && !a->seen[i].talks;
}

/* NULL: no room; it is counted. */
static struct seen *seen_of(struct wr_admins *a, const struct wr_flow_key *k, int server,
			    bool talks)
{
	struct seen *s;

	for (int i = 0; i < WR_ADMINS_SEEN; i++)
		if (is_seen(&a->seen[i], k, server))
			return &a->seen[i];
	s = place(a, k->port[server], talks);
	if (!s) {
		count_other(a, k, server);
		return NULL;
	}
	*s = (struct seen){.id = wr_ids(WR_IDS_ADMINS) + ++a->next_id,
			   .ip_v = k->ip_v,
			   .port = k->port[server]};
	memcpy(s->source, k->addr[!server], 16);
	memcpy(s->dest, k->addr[server], 16);
	return s;
}

/* It has answered what it was answered, and the host has not refused that: what is forged cannot
 * know the number that it would have to acknowledge. */
static bool talks(const struct wr_flow *f, int server)
{
	return wr_flow_syn(f->tcp_flags[server]) == WR_FLOW_SYN_ACK &&
	       f->tcp_flags[!server] & WR_TCP_ACK && !(f->tcp_flags[server] & WR_TCP_RST);
}

static void part(void *ctx, const struct wr_live_part *p, const struct wr_flow *f)
{
	int server = wr_flow_server(f);
	uint16_t port = f->key.port[server];
	struct wr_admins *a = ctx;
	struct seen *s;

	if (!a->on || f->key.proto != IPPROTO_TCP || !(a->is_port[port / 8] & 1 << port % 8) ||
	    p->flow.from == server || p->out)
		return;
	if ((a->own_only && !is_of(a->own, a->n_own, f->key.ip_v, f->key.addr[server])) ||
	    may(a, f->key.ip_v, f->key.addr[!server]))
		return;
	s = seen_of(a, &f->key, server, talks(f, server));
	if (!s)
		return;
	if (!s->first_ns)
		s->first_ns = p->flow.first_ns;
	s->last_ns = p->flow.last_ns;
	s->packets += p->flow.n.packets;
	s->attempts += (p->flow.syn & WR_FLOW_SYN) != 0;
	s->answered |= wr_flow_syn(f->tcp_flags[server]) == WR_FLOW_SYN_ACK;
	s->talks |= talks(f, server);
	s->news = true;
}

/* Nobody of a port is left: others are counted anew. */
static void forget_others(struct wr_admins *a)
{
	for (uint32_t k = 0; k < a->n; k++) {
		bool any = false;

		for (int i = 0; i < WR_ADMINS_SEEN; i++)
			any |= a->seen[i].id && a->seen[i].port == a->port[k];
		if (!any && a->others[k].n)
			a->others[k] = (struct others){0};
	}
}

void wr_admins_end(struct wr_admins *a)
{
	for (int i = 0; a && a->tell && i < WR_ADMINS_SEEN; i++)
		end(a, &a->seen[i]);
}

void wr_admins_second(struct wr_admins *a, bool on, uint64_t now_ns)
{
	if (!a || !a->tell)
		return;
	if (!on && a->on)
		wr_admins_end(a);
	a->on = on;
	if (now_ns > a->own_ns + OWN_NS) {
		learn_own(a);
		a->own_ns = now_ns;
	}
	for (int i = 0; i < WR_ADMINS_SEEN; i++) {
		struct seen *s = &a->seen[i];

		if (s->id && now_ns > s->last_ns + QUIET_NS) {
			end(a, s);
		} else if (s->id && s->news) {
			s->news = false;
			if (!s->raised)
				s->raised_ns = now_ns;
			tell(a, s, s->raised ? WR_FINDING_RENEWED : WR_FINDING_RAISED);
			s->raised = true;
		}
	}
	forget_others(a);
}

void wr_admins_watch(struct wr_admins *a, struct wr_live *live, bool own, bool on,
		     wr_finding_fn told, void *ctx)
{
	struct wr_live_tap tap = {.ctx = a, .part = part};

	if (!a)
		return;
	a->tell = told;
	a->ctx = ctx;
	a->own_only = own;
	a->on = on;
	learn_own(a);
	a->live = live;
	wr_live_tap(live, &tap);
}
