/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/policy_impl.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/near.h"
#include "core/proto.h"

/* What is asked for: to SERVICE[@ADDRESS], to PROTOCOL, to ADDRESS. */

/*
 * Protocols that rules are written for; all others as proto/NUMBER. Not IANA's names: there "IPv6"
 * is a protocol inside of IP and "IPIP" is not the tunnel of that name, and a rule shall mean what
 * its reader thinks.
 */
static const struct proto {
	const char *name;
	int number;
	bool ports;
} protos[] = {
	{"tcp", WR_IP_TCP, true},
	{"udp", WR_IP_UDP, true},
	{"sctp", WR_IP_SCTP, true},
	{"dccp", WR_IP_DCCP, true},
	{"udplite", WR_IP_UDPLITE, true},
	{"icmp", WR_IP_ICMP, false},
	{"icmp6", WR_IP_ICMP6, false},
	{"igmp", WR_IP_IGMP, false},
	{"ipip", WR_IP_IPIP, false},
	{"6in4", WR_IP_IPV6, false},
	{"gre", WR_IP_GRE, false},
	{"esp", WR_IP_ESP, false},
	{"ah", WR_IP_AH, false},
	{"ospf", 89, false},
	{"pim", 103, false},
	{"vrrp", 112, false},
	{"l2tp", 115, false},
};

enum { PROTOS = sizeof(protos) / sizeof(protos[0]) };

static const struct proto *proto_of(int number)
{
	for (size_t i = 0; i < PROTOS; i++)
		if (protos[i].number == number)
			return &protos[i];
	return NULL;
}

static const struct proto *proto_named(const char *name)
{
	for (size_t i = 0; i < PROTOS; i++)
		if (!strcmp(protos[i].name, name))
			return &protos[i];
	return NULL;
}

int wr_policy_proto(const char *name, bool *ports)
{
	const struct proto *p = proto_named(name);

	*ports = p && p->ports;
	return p ? p->number : -1;
}

static int no_target(struct wr_policy_reader *r, const char *proto)
{
	const char *names[PROTOS + 1] = {NULL}, *near;

	for (size_t i = 0; i < PROTOS; i++)
		names[i] = protos[i].name;
	near = wr_near(proto, names);
	if (near && strcmp(near, proto) != 0)
		return wr_policy_wrong(r, EINVAL, &r->token, "expected %s; did you mean '%s'?",
				       r->clause->expects, near);
	return wr_policy_expected(r, r->clause->expects, NULL);
}

/* A decimal number from min to max without signs and blanks. Returns what follows, or NULL. */
static char *number(char *s, unsigned long min, unsigned long max, unsigned long *out)
{
	char *end;

	if (*s < '0' || *s > '9' || strspn(s, "0123456789") > 5)
		return NULL;
	*out = strtoul(s, &end, 10);
	return *out >= min && *out <= max ? end : NULL;
}

static int read_ports(struct wr_policy_reader *r, struct wr_target *t, char *s)
{
	unsigned long from = 0, to;

	s = number(s, 1, 65535, &from);
	to = from;
	if (s && *s == '-')
		s = number(s + 1, from, 65535, &to);
	if (!s || *s)
		return wr_policy_wrong(
			r, EINVAL, &r->token,
			"behind '/' stands a port from 1 to 65535 or a range of them "
			"(tcp/443, udp/5000-5999)");
	t->port = (uint16_t)from;
	t->port_to = (uint16_t)to;
	return 0;
}

/* tcp, tcp/443, proto/99 */
static int read_service(struct wr_policy_reader *r, struct wr_target *t, char *s)
{
	char *slash = strchr(s, '/');
	const struct proto *p;
	unsigned long v = 0;

	if (slash)
		*slash = 0;
	if (slash && !strcmp(s, "proto")) {
		s = number(slash + 1, 0, 255, &v);
		t->proto = (int)v;
		return s && !*s ? 0
				: wr_policy_wrong(r, EINVAL, &r->token,
						  "behind 'proto/' stands a number from 0 to 255");
	}
	p = proto_named(s);
	if (!p)
		return no_target(r, s);
	t->proto = p->number;
	if (!slash)
		return 0;
	return p->ports ? read_ports(r, t, slash + 1)
			: wr_policy_wrong(r, EINVAL, &r->token, "%s has no ports", p->name);
}

static int read_address(struct wr_policy_reader *r, struct wr_target *t, const char *s)
{
	return wr_prefix_parse(&t->addr, s, strlen(s))
		       ? wr_policy_no_prefix(r, &r->token, s, strlen(s))
		       : 0;
}

static int read_target(struct wr_policy_reader *r, struct wr_target *t)
{
	char word[WR_POLICY_WORD], *at;
	int ret;

	*t = (struct wr_target){.proto = -1};
	if (!wr_policy_peek(r, word))
		return wr_policy_expected(r, r->clause->expects, NULL);
	if (word[0] == '@')
		return wr_policy_wrong(r, EINVAL, &r->token,
				       "sets say from whom; 'to' takes services and addresses");
	at = strchr(word, '@');
	if (!at && strpbrk(word, ".:"))
		return read_address(r, t, word);
	if (at)
		*at = 0;
	ret = read_service(r, t, word);
	return ret || !at ? ret : read_address(r, t, at + 1);
}

static int to_one(struct wr_policy_reader *r)
{
	struct wr_rule *rule = r->rule;
	struct wr_target t;
	void *at;
	int ret = read_target(r, &t);

	if (ret)
		return ret;
	if (rule->n_to == WR_POLICY_LIST)
		return wr_policy_wrong(r, E2BIG, &r->token, "more than %d in one list",
				       WR_POLICY_LIST);
	at = wr_policy_grow(rule->to, rule->n_to, sizeof(*rule->to));
	if (!at)
		return wr_policy_no_memory(r);
	rule->to = at;
	rule->to[rule->n_to++] = t;
	wr_policy_next(r);
	return 0;
}

int wr_policy_read_to(struct wr_policy_reader *r)
{
	int ret;

	do
		ret = to_one(r);
	while (!ret && wr_policy_skip(r, WR_TOKEN_COMMA));
	return ret;
}

/* ---- print ---- */

void wr_policy_print_target(struct wr_buf *b, const struct wr_target *t)
{
	const struct proto *p = proto_of(t->proto);

	if (p)
		wr_buf_str(b, p->name);
	else if (t->proto >= 0)
		wr_buf_fmt(b, "proto/%d", t->proto);
	if (t->port)
		wr_buf_fmt(b, "/%d", t->port);
	if (t->port_to != t->port)
		wr_buf_fmt(b, "-%d", t->port_to);
	if (!t->addr.ip_v)
		return;
	if (t->proto >= 0)
		wr_buf_char(b, '@');
	wr_prefix_print(b, &t->addr);
}

void wr_policy_print_to(const struct wr_policy_writer *w)
{
	for (size_t i = 0; i < w->rule->n_to; i++) {
		wr_buf_str(w->b, i ? ", " : " to ");
		wr_policy_print_target(w->b, &w->rule->to[i]);
	}
}
