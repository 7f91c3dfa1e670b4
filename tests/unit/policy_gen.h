/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_TESTS_POLICY_GEN_H
#define WR_TESTS_POLICY_GEN_H

/*
 * Policies from a seed: every statement and clause, with values from the whole range, written as
 * loosely as the language allows (blanks, commas, order of clauses). The same seed gives the same
 * text.
 *
 *	struct pgen g = {.state = seed};
 *	pgen_policy(&g, &buf);
 */

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"

struct pgen {
	uint64_t state;
	struct wr_buf *b;
	unsigned int sets, classes;
};

/* splitmix64 (Vigna 2015): any seed will do */
static uint32_t pgen_u32(struct pgen *g)
{
	uint64_t z = g->state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return (uint32_t)(z ^ z >> 31);
}

static uint32_t pgen_below(struct pgen *g, uint32_t n)
{
	return (uint32_t)(((uint64_t)pgen_u32(g) * n) >> 32);
}

static void pgen_blank(struct pgen *g)
{
	static const char *const blanks[] = {" ", " ", " ", "  ", "\t", " \t "};

	wr_buf_str(g->b, blanks[pgen_below(g, 6)]);
}

static void pgen_comma(struct pgen *g)
{
	static const char *const commas[] = {",", ", ", " ,", " , "};

	wr_buf_str(g->b, commas[pgen_below(g, 4)]);
}

static void pgen_prefix(struct pgen *g)
{
	unsigned int v6 = pgen_below(g, 2), size = v6 ? 16 : 4, bits = pgen_below(g, size * 8 + 1);
	uint8_t a[16] = {0};

	for (unsigned int i = 0; i < size; i++)
		a[i] = pgen_below(g, 3) ? (uint8_t)pgen_u32(g) : 0;
	if (pgen_below(g, 2))
		bits = size * 8;
	for (unsigned int i = bits; i < size * 8; i++)
		a[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
	if (v6 && bits >= 96)
		a[0] |= 0x20; /* not mapped */
	if (v6)
		wr_buf_ip6(g->b, a);
	else
		wr_buf_ip4(g->b, a);
	if (bits < size * 8 || !pgen_below(g, 4))
		wr_buf_fmt(g->b, "/%u", bits);
}

static void pgen_text(struct pgen *g)
{
	static const char *const pieces[] = {"a", "Z",	    " ",      "#",	   ",",
					     "=", "\\\"",   "\\\\",   "@",	   "~",
					     "'", "\u00e4", "\u20ac", "\U0001f4a7"};
	uint32_t n = 1 + pgen_below(g, 40);

	wr_buf_char(g->b, '"');
	while (n--)
		wr_buf_str(g->b, pieces[pgen_below(g, 14)]);
	wr_buf_char(g->b, '"');
}

static void pgen_rate(struct pgen *g, uint32_t kind)
{
	static const char *const units[3][4] = {{"pps", "kpps", "Mpps", "pps"},
						{"kbit", "mbit", "gbit", "kbit"},
						{"cps", "kcps", "cps", "kcps"}};

	wr_buf_fmt(g->b, "%u%s", 1 + pgen_below(g, 1000), units[kind][pgen_below(g, 4)]);
}

/* ---- clauses ---- */

static void pgen_from(struct pgen *g)
{
	uint32_t n = 1 + pgen_below(g, 5);

	wr_buf_str(g->b, pgen_below(g, 4) ? "from" : "not from");
	for (uint32_t i = 0; i < n; i++) {
		if (i)
			pgen_comma(g);
		else
			pgen_blank(g);
		if (g->sets && !pgen_below(g, 3))
			wr_buf_fmt(g->b, "@s%u", pgen_below(g, g->sets));
		else
			pgen_prefix(g);
	}
}

static void pgen_ports(struct pgen *g)
{
	uint32_t port = 1 + pgen_below(g, 65535);

	if (!pgen_below(g, 4))
		return;
	wr_buf_fmt(g->b, "/%u", port);
	if (pgen_below(g, 2))
		wr_buf_fmt(g->b, "-%u", port + pgen_below(g, 65536 - port));
}

static void pgen_target(struct pgen *g)
{
	static const char *const plain[] = {"icmp", "icmp6", "igmp", "ipip", "6in4", "gre",
					    "esp",  "ah",    "ospf", "pim",  "vrrp", "l2tp"};
	static const char *const ports[] = {"tcp", "tcp", "udp", "sctp", "dccp", "udplite"};

	switch (pgen_below(g, 6)) {
	case 0:
		pgen_prefix(g);
		return;
	case 1:
		wr_buf_fmt(g->b, "proto/%u", pgen_below(g, 256));
		break;
	case 2:
		wr_buf_str(g->b, plain[pgen_below(g, 12)]);
		break;
	default:
		wr_buf_str(g->b, ports[pgen_below(g, 6)]);
		pgen_ports(g);
	}
	if (!pgen_below(g, 3)) {
		wr_buf_char(g->b, '@');
		pgen_prefix(g);
	}
}

static void pgen_to(struct pgen *g)
{
	uint32_t n = pgen_below(g, 4);

	/* There has to be something that cps can count. */
	wr_buf_str(g->b, "to");
	pgen_blank(g);
	wr_buf_str(g->b, "tcp");
	while (n--) {
		pgen_comma(g);
		pgen_target(g);
	}
}

static void pgen_on(struct pgen *g)
{
	wr_buf_fmt(g->b, "on eth%u", pgen_below(g, 100));
	if (pgen_below(g, 2)) {
		pgen_comma(g);
		wr_buf_str(g->b, "br-lan.7");
	}
}

static void pgen_host(struct pgen *g)
{
	wr_buf_fmt(g->b, "host %sA%u.example.org", pgen_below(g, 2) ? "*." : "",
		   pgen_below(g, 1000));
}

static void pgen_where(struct pgen *g)
{
	static const char *const exprs[] = {"tcp port 80", "udp and greater 1000",
					    "ip[8] < 5 and not icmp", "vlan 7 and ip6"};

	wr_buf_fmt(g->b, "where \"%s\"", exprs[pgen_below(g, 4)]);
}

static void pgen_at(struct pgen *g)
{
	static const char *const days[] = {"mon", "tue-fri", "sat-mon", "sun", "wed-thu"};
	uint32_t from = pgen_below(g, 1440), to = pgen_below(g, 1440), n = pgen_below(g, 3);

	wr_buf_fmt(g->b, "at %s", days[pgen_below(g, 5)]);
	while (n--) {
		pgen_comma(g);
		wr_buf_str(g->b, days[3 * pgen_below(g, 2)]);
	}
	if (to == from)
		to = 1440;
	if (pgen_below(g, 3))
		wr_buf_fmt(g->b, " %02u:%02u-%02u:%02u", from / 60, from % 60, to / 60, to % 60);
}

static void pgen_end(struct pgen *g)
{
	if (pgen_below(g, 2))
		wr_buf_fmt(g->b, "for %ud%um%us", pgen_below(g, 3000), pgen_below(g, 500),
			   1 + pgen_below(g, 100));
	else
		wr_buf_fmt(g->b, "until 20%02u-%02u-%02u%c%02u:%02u%s", 10 + pgen_below(g, 80),
			   1 + pgen_below(g, 12), 1 + pgen_below(g, 28),
			   pgen_below(g, 2) ? ' ' : 'T', pgen_below(g, 24), pgen_below(g, 60),
			   (const char *[]){"", ":17", "Z", "+05:30"}[pgen_below(g, 4)]);
}

static void pgen_why(struct pgen *g)
{
	wr_buf_str(g->b, "why");
	if (pgen_below(g, 2))
		pgen_blank(g);
	pgen_text(g);
}

static void pgen_priority(struct pgen *g)
{
	wr_buf_fmt(g->b, "priority %u", pgen_below(g, 65536));
}

static void pgen_inner(struct pgen *g)
{
	wr_buf_str(g->b, "inner");
}

static void pgen_out(struct pgen *g)
{
	wr_buf_str(g->b, "out");
}

static void pgen_shadow(struct pgen *g)
{
	wr_buf_str(g->b, "shadow");
}

/* ---- statements ---- */

static void pgen_burst_per(struct pgen *g, uint32_t kind)
{
	static const char *const pers[] = {"rule",	"source",      "service",
					   "source/24", "source/8/56", "source/32/64"};

	if (pgen_below(g, 2))
		wr_buf_fmt(g->b, " per %s", pers[pgen_below(g, 6)]);
	if (pgen_below(g, 2))
		wr_buf_fmt(g->b, " burst %u%s", 1 + pgen_below(g, 1000),
			   kind != 1	      ? ""
			   : pgen_below(g, 2) ? "KiB"
					      : "kB");
}

/* Returns whether it is `cookies`, which some clauses do not go with. */
static bool pgen_action(struct pgen *g)
{
	uint32_t kind = pgen_below(g, 3);

	if (!pgen_below(g, 6)) {
		wr_buf_str(g->b, "cookies");
		if (pgen_below(g, 3)) {
			wr_buf_str(g->b, " over ");
			pgen_rate(g, 2);
		}
		return true;
	}
	switch (pgen_below(g, g->classes ? 4 : 3)) {
	case 0:
		wr_buf_str(g->b, "allow");
		break;
	case 1:
		wr_buf_str(g->b, "drop");
		break;
	case 2:
		wr_buf_str(g->b, "limit");
		pgen_blank(g);
		pgen_rate(g, kind);
		pgen_burst_per(g, kind);
		break;
	default:
		wr_buf_fmt(g->b, "class c%u", pgen_below(g, g->classes));
	}
	return false;
}

/* Clauses in any order; at least the first says for what the rule is. */
static void pgen_rule(struct pgen *g, uint32_t i)
{
	static void (*const clauses[])(struct pgen * g) = {
		pgen_from, pgen_to,    pgen_on,	      pgen_host, pgen_where,  pgen_at,
		pgen_end,  pgen_inner, pgen_priority, pgen_why,	 pgen_shadow, pgen_out};
	uint32_t first = pgen_below(g, 5), n = sizeof(clauses) / sizeof(clauses[0]);
	bool cookies;

	if (!pgen_below(g, 3))
		wr_buf_fmt(g->b, "rule-%u:", i);
	pgen_blank(g);
	cookies = pgen_action(g);
	if (!pgen_below(g, 8)) {
		wr_buf_str(g->b, " any\n");
		return;
	}
	if (cookies) { /* on, where, at, end, priority, why, shadow go with it */
		static const uint8_t with[] = {2, 4, 5, 6, 8, 9, 10};

		wr_buf_fmt(g->b, " to tcp/%u ", 1 + pgen_below(g, 65535));
		clauses[with[pgen_below(g, sizeof(with))]](g);
		wr_buf_char(g->b, '\n');
		return;
	}
	for (uint32_t k = 0; k < n; k++) {
		uint32_t c = (first + k * 5) % n;

		if (k && pgen_below(g, 4))
			continue;
		pgen_blank(g);
		clauses[c](g);
	}
	wr_buf_str(g->b, pgen_below(g, 3) ? "\n" : " # rest\r\n");
}

/* Names only sets with a higher number: no circles. */
static void pgen_set(struct pgen *g, uint32_t i)
{
	uint32_t n = pgen_below(g, 20);

	wr_buf_fmt(g->b, "set s%u =", i);
	while (n--) {
		pgen_blank(g);
		if (i + 1 < g->sets && !pgen_below(g, 8))
			wr_buf_fmt(g->b, "@s%u", i + 1 + pgen_below(g, g->sets - i - 1));
		else
			pgen_prefix(g);
		if (n && !pgen_below(g, 3))
			pgen_comma(g);
	}
	wr_buf_char(g->b, '\n');
}

static void pgen_class(struct pgen *g, uint32_t i)
{
	wr_buf_fmt(g->b, "class c%u =", i);
	if (pgen_below(g, 2))
		wr_buf_fmt(g->b, " ceiling %ugbit", 1 + pgen_below(g, 40));
	if (pgen_below(g, 2))
		wr_buf_fmt(g->b, " guarantee %ukbit", 1 + pgen_below(g, 1000));
	wr_buf_fmt(g->b, " priority %u\n", 1 + pgen_below(g, 8));
}

/* Uses stand before definitions as often as behind them. */
static void pgen_policy(struct pgen *g, struct wr_buf *b)
{
	uint32_t rules = pgen_below(g, 12), before;

	g->b = b;
	g->sets = pgen_below(g, 5);
	g->classes = pgen_below(g, 4);
	before = pgen_below(g, rules + 1);
	for (uint32_t i = 0; i < before; i++)
		pgen_rule(g, i);
	for (uint32_t i = 0; i < g->classes; i++)
		pgen_class(g, i);
	for (uint32_t i = 0; i < g->sets; i++)
		pgen_set(g, i);
	wr_buf_str(b, "# a line of its own\n\n");
	if (pgen_below(g, 2))
		wr_buf_str(b, pgen_below(g, 2) ? "fragments drop\n" : "fragments pass\n");
	if (pgen_below(g, 2))
		wr_buf_fmt(b, "link eth0 = capacity %ugbit\n", 1 + pgen_below(g, 100));
	for (uint32_t i = before; i < rules; i++)
		pgen_rule(g, i);
}

#endif
