/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "explain/explain.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "core/proto.h"

/* What to type next. */

struct list {
	struct wr_explain_next *at;
	uint32_t n;
};

static void add(struct list *l, struct wr_buf *command, const char *why)
{
	struct wr_explain_next *x = &l->at[l->n];

	/* Half a command is none: a name can be too long. */
	if (command->used < sizeof(x->command)) {
		snprintf(x->command, sizeof(x->command), "%s", wr_buf_text(command));
		x->why = why;
		l->n++;
	}
	wr_buf_clear(command);
}

/* A name of a file as a shell reads it; what would steer a terminal is a '?'. */
static void quoted(struct wr_buf *b, const char *name)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789._/+-";
	bool quote = !*name || name[strspn(name, plain)];
	const uint8_t *s = (const uint8_t *)name;
	size_t n = strlen(name), size;

	wr_buf_str(b, *name == '-' ? "-- " : "");
	wr_buf_str(b, quote ? "'" : "");
	for (; n; s += size, n -= size) {
		size = wr_utf8_size(s, n);
		if (!size || *s < ' ' || *s == 0x7f || (size > 1 && wr_utf8_steers(s, size))) {
			size = size ? size : 1;
			wr_buf_char(b, '?');
		} else if (*s == '\'') {
			wr_buf_str(b, "'\\''");
		} else {
			wr_buf_add(b, s, size);
		}
	}
	wr_buf_str(b, quote ? "'" : "");
}

/* A packet of the first source for the service, as weir why reads it. */
static bool packet(struct wr_buf *b, const struct wr_incident *i)
{
	const struct wr_victim *v = &i->strongest.victim;
	const struct wr_finding_source *s = &i->source[0];
	bool tcp = v->proto == WR_IP_TCP;

	if (!v->port || !i->n_sources || s->ip_v != v->ip_v || (!tcp && v->proto != WR_IP_UDP))
		return false;
	wr_buf_fmt(b, "weir why '%s ", tcp ? "tcp" : "udp");
	wr_buf_str(b, v->ip_v == 6 ? "[" : "");
	if (v->ip_v == 4)
		wr_buf_ip4(b, s->addr);
	else
		wr_buf_ip6(b, s->addr);
	wr_buf_fmt(b, "%s:1024 > ", v->ip_v == 6 ? "]" : "");
	wr_victim_text(b, v);
	wr_buf_str(b, tcp ? " syn'" : "'");
	return true;
}

/* A statement that a person puts in is a person's: not an automatic one. */
static void statement(struct wr_buf *b, const char *verb, const char *rule)
{
	const char *mark = strstr(rule, " auto for ");

	wr_buf_fmt(b, "weir rule %s '", verb);
	if (mark) {
		wr_buf_add(b, rule, (size_t)(mark - rule));
		wr_buf_str(b, mark + strlen(" auto"));
	} else {
		wr_buf_str(b, rule);
	}
	wr_buf_char(b, '\'');
}

/* Whose single source is the one who does it, and completes what it begins. */
static bool blames_source(const struct wr_incident *i)
{
	static const uint64_t classes = 1ull << WR_CLASS_HTTP_FLOOD | 1ull << WR_CLASS_SLOW_HTTP |
					1ull << WR_CLASS_PORT_SCAN_VERTICAL |
					1ull << WR_CLASS_PORT_SCAN_HORIZONTAL |
					1ull << WR_CLASS_BRUTE_FORCE;

	return i->n_sources == 1 && !i->many_sources && classes >> i->strongest.klass & 1;
}

static void source_rule(struct wr_buf *b, const struct wr_explain *e)
{
	const struct wr_incident *i = &e->i;

	wr_buf_fmt(b, "weir rule shadow '%c%" PRIu64 ": drop from ", e->capture ? 'f' : 'i', i->id);
	if (i->source[0].ip_v == 4)
		wr_buf_ip4(b, i->source[0].addr);
	else
		wr_buf_ip6(b, i->source[0].addr);
	wr_buf_str(b, " for 600s'");
}

static void where(const struct wr_explain *e, struct list *l, struct wr_buf *b)
{
	if (e->capture) {
		wr_buf_str(b, "weir read --findings ");
		quoted(b, e->capture);
		add(l, b, "all that was found");
		wr_buf_str(b, "weir read --findings --auto enforce ");
		quoted(b, e->capture);
		add(l, b, "what rules would have kept out");
		return;
	}
	wr_buf_fmt(b, "weir incidents %" PRIu64, e->i.id);
	add(l, b, "all its findings");
	if (packet(b, &e->i))
		add(l, b, "which rule decides of such a packet");
}

uint32_t wr_explain_next(const struct wr_explain *e, struct wr_explain_next *out)
{
	struct list l = {.at = out};
	struct wr_buf b = {0};

	where(e, &l, &b);
	if (e->i.undo[0] && !e->capture && !wr_explain_lifts(e)) {
		wr_buf_str(&b, e->i.undo);
		add(&l, &b, "do it at the gateway");
	}
	if (e->i.strongest.klass == WR_CLASS_ADMIN_PORT && !e->capture) {
		wr_buf_str(&b, "weir doctor");
		add(&l, &b, "which ports are open to others, and how each is closed");
	}
	if (e->i.rule[0] && !e->capture) {
		wr_buf_fmt(&b, "weir rule show %s", e->i.rule);
		add(&l, &b, "whom the rule hits");
		if (!e->i.stopped) {
			wr_buf_fmt(&b, "weir rule enforce %s", e->i.rule);
			add(&l, &b, "keep it out from now on");
		}
	} else if (e->cure.verb != WR_CURE_NONE) {
		statement(&b, "shadow", e->cure.rule);
		add(&l, &b, "count what it would keep out");
		statement(&b, "add", e->cure.rule);
		add(&l, &b, e->cure.safe ? "keep it out" : "keep it out, with what else it hits");
	} else if (blames_source(&e->i)) {
		source_rule(&b, e);
		add(&l, &b, "count what a rule against its only source would keep out");
	}
	wr_buf_free(&b);
	return l.n;
}

bool wr_explain_lifts(const struct wr_explain *e)
{
	static const char lift[] = "weir gateway lift ";

	return !e->capture && !strncmp(e->i.undo, lift, sizeof(lift) - 1);
}

/* Of rules. False: there is none. */
static bool undo_rule(const struct wr_explain *e, struct wr_explain_next *out)
{
	if (e->i.rule[0] && !e->capture) {
		snprintf(out->command, sizeof(out->command), "weir rule del %s", e->i.rule);
		out->why = "take the rule out (weir rule off: all of them)";
	} else if (e->cure.verb != WR_CURE_NONE) {
		snprintf(out->command, sizeof(out->command), "weir rule del %.*s",
			 (int)strcspn(e->cure.rule, ":"), e->cure.rule);
		out->why = "take it out again (weir rule off: all of them)";
	} else if (blames_source(&e->i)) {
		snprintf(out->command, sizeof(out->command), "weir rule del %c%" PRIu64,
			 e->capture ? 'f' : 'i', e->i.id);
		out->why = "take it out again (weir rule off: all of them)";
	} else {
		return false;
	}
	return true;
}

uint32_t wr_explain_undo(const struct wr_explain *e, struct wr_explain_next *out)
{
	uint32_t n = 0;

	if (wr_explain_lifts(e)) {
		snprintf(out[n].command, sizeof(out[n].command), "%s", e->i.undo);
		out[n++].why = "take it out at the gateway (weir gateway flush: all of it)";
	}
	n += undo_rule(e, &out[n]);
	if (n)
		return n;
	snprintf(out->command, sizeof(out->command), "weir rule off");
	out->why = "let everything through, now";
	return 1;
}
