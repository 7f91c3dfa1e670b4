/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/policy_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Statements that are no rules and no sets: class NAME = ..., link IFACE = ..., fragments,
 * unreadable. */

/* A word and a rate, in any order; which of them are there is a bit each. */
struct rate_word {
	const char *word;
	size_t offset[2]; /* of a uint64_t; the same twice, or two that it sets */
};

static int read_bits(struct wr_policy_reader *r, uint64_t *bps)
{
	struct wr_token t = r->token;
	struct wr_limit l;
	int ret = wr_policy_read_rate(r, &l);

	if (ret)
		return ret;
	if (l.unit != WR_RATE_BPS)
		return wr_policy_wrong(r, EINVAL, &t, "expected a rate in bits (20mbit, 1gbit)");
	*bps = l.rate;
	return 0;
}

/* The word that comes next, or -1; a word that stands twice is told. */
static int word_of(struct wr_policy_reader *r, const char *const *words, unsigned int *seen)
{
	struct wr_buf b = {0};

	for (int i = 0; words[i]; i++) {
		if (!wr_policy_is(r, words[i]))
			continue;
		if (*seen >> i & 1)
			return wr_policy_wrong(r, EINVAL, &r->token, "stands there already");
		*seen |= 1u << i;
		wr_policy_next(r);
		return i;
	}
	for (int i = 0; words[i]; i++)
		wr_buf_fmt(&b, "%s%s", !i ? "" : words[i + 1] ? ", " : " or ", words[i]);
	wr_policy_expected(r, wr_buf_text(&b), words);
	wr_buf_free(&b);
	return -EINVAL;
}

/* ---- class NAME = [guarantee RATE] [ceiling RATE] [priority 1..8] ---- */

enum { GUARANTEE, CEILING, PRIORITY, LEAST = 8, MIDDLE = 4 };

static const char *const class_words[] = {
	[GUARANTEE] = "guarantee", [CEILING] = "ceiling", [PRIORITY] = "priority", NULL};

static int read_class_priority(struct wr_policy_reader *r, struct wr_class *c)
{
	if (r->token.kind != WR_TOKEN_WORD || r->token.n != 1 || r->token.at[0] < '1' ||
	    r->token.at[0] > '0' + LEAST)
		return wr_policy_expected(r, "a number from 1, gives way last, to 8", NULL);
	c->priority = (uint8_t)(r->token.at[0] - '0');
	wr_policy_next(r);
	return 0;
}

static int read_class_words(struct wr_policy_reader *r, struct wr_class *c)
{
	unsigned int seen = 0;
	int ret = 0;

	do {
		int word = word_of(r, class_words, &seen);

		if (word < 0)
			return word;
		if (word == PRIORITY)
			ret = read_class_priority(r, c);
		else
			ret = read_bits(r, word == CEILING ? &c->ceiling_bps : &c->guarantee_bps);
	} while (!ret && r->token.kind != WR_TOKEN_END);
	return ret;
}

/* The place was made before, when all names were collected. */
static int declared(struct wr_policy_reader *r, int i)
{
	if (i < 0)
		return wr_policy_wrong(r, E2BIG, &r->head, "more than %d classes",
				       WR_POLICY_CLASSES);
	if ((size_t)i < r->old_classes)
		return wr_policy_wrong(r, EEXIST, &r->head, "there is a class of that name");
	if (r->p->class_[i].line != r->line_no)
		return wr_policy_wrong(r, EEXIST, &r->head,
				       "there is a class of that name in line %u",
				       r->p->class_[i].line);
	return 0;
}

int wr_policy_read_class(struct wr_policy_reader *r)
{
	struct wr_policy_reader at = *r;
	char name[WR_POLICY_NAME];
	struct wr_class *c;
	int i, ret;

	at.token = r->head;
	ret = wr_policy_name(&at, name, "the name of a class");
	r->code = at.code;
	if (ret)
		return ret;
	i = wr_policy_class(r->p, name);
	ret = declared(r, i);
	if (ret)
		return ret;
	c = &r->p->class_[i];
	c->priority = MIDDLE;
	ret = read_class_words(r, c);
	if (!ret && c->ceiling_bps && c->guarantee_bps > c->ceiling_bps)
		ret = wr_policy_wrong(r, EINVAL, &r->head, "guarantees more than its ceiling");
	return ret;
}

void wr_policy_print_class(struct wr_buf *b, const struct wr_class *c)
{
	wr_buf_fmt(b, "class %s =", c->name);
	if (c->guarantee_bps) {
		wr_buf_str(b, " guarantee ");
		wr_policy_print_rate(b, WR_RATE_BPS, c->guarantee_bps);
	}
	if (c->ceiling_bps) {
		wr_buf_str(b, " ceiling ");
		wr_policy_print_rate(b, WR_RATE_BPS, c->ceiling_bps);
	}
	wr_buf_fmt(b, " priority %d", c->priority);
}

/* ---- link IFACE = capacity RATE | [in RATE] [out RATE] ---- */

enum { CAPACITY, IN, OUT };

static const char *const link_words[] = {[CAPACITY] = "capacity", [IN] = "in", [OUT] = "out", NULL};

static int read_link_words(struct wr_policy_reader *r, struct wr_link *l)
{
	unsigned int seen = 0;
	int ret = 0;

	do {
		struct wr_token t = r->token;
		int word = word_of(r, link_words, &seen);
		uint64_t bps = 0;

		if (word < 0)
			return word;
		if (seen & 1 && seen != 1)
			return wr_policy_wrong(r, EINVAL, &t,
					       "capacity is of both directions; in and out of one");
		ret = read_bits(r, &bps);
		if (ret)
			return ret;
		if (word != OUT)
			l->in_bps = bps;
		if (word != IN)
			l->out_bps = bps;
	} while (r->token.kind != WR_TOKEN_END);
	return ret;
}

static int add_link(struct wr_policy_reader *r, const struct wr_link *l)
{
	struct wr_policy *p = r->p;
	void *at = wr_policy_grow(p->link, p->n_links, sizeof(*p->link));

	if (!at)
		return wr_policy_no_memory(r);
	p->link = at;
	p->link[p->n_links++] = *l;
	return 0;
}

static int new_link(struct wr_policy_reader *r, const struct wr_token *t, const char *iface)
{
	const struct wr_policy *p = r->p;

	for (size_t i = 0; i < p->n_links; i++) {
		if (strcmp(p->link[i].iface, iface) != 0)
			continue;
		if (i < r->old_links)
			return wr_policy_wrong(r, EEXIST, t, "there is a link of that name");
		return wr_policy_wrong(r, EEXIST, t, "there is a link of that name in line %u",
				       p->link[i].line);
	}
	if (p->n_links == WR_POLICY_LINKS)
		return wr_policy_wrong(r, E2BIG, t, "more than %d links", WR_POLICY_LINKS);
	return 0;
}

int wr_policy_read_link(struct wr_policy_reader *r)
{
	struct wr_link l = {.line = r->name ? r->line_no : 0};
	struct wr_token t = r->token;
	int ret = wr_policy_iface(r, l.iface);

	if (!ret)
		ret = new_link(r, &t, l.iface);
	if (ret)
		return ret;
	if (!wr_policy_skip(r, WR_TOKEN_EQUALS))
		return wr_policy_expected(r, "=", NULL);
	ret = read_link_words(r, &l);
	return ret ? ret : add_link(r, &l);
}

void wr_policy_print_link(struct wr_buf *b, const struct wr_link *l)
{
	static const char *const words[] = {" in ", " out ", " capacity "};
	const uint64_t bps[] = {l->in_bps, l->out_bps};

	wr_buf_fmt(b, "link %s =", l->iface);
	for (int i = 0; i < 2; i++) {
		if (!bps[i] || (i && bps[0] == bps[1]))
			continue;
		wr_buf_str(b, words[bps[0] == bps[1] ? 2 : i]);
		wr_policy_print_rate(b, WR_RATE_BPS, bps[i]);
	}
}

/* ---- fragments drop|pass, unreadable drop|pass ---- */

/* said: it was, in another line. */
static int read_drop(struct wr_policy_reader *r, bool *said, bool *drop)
{
	static const char *const words[] = {"pass", "drop", NULL};

	*drop = wr_policy_is(r, words[1]);
	if (!*drop && !wr_policy_is(r, words[0]))
		return wr_policy_expected(r, "drop or pass", words);
	if (*said)
		return wr_policy_wrong(r, EINVAL, &r->head, "was said already");
	*said = true;
	wr_policy_next(r);
	return 0;
}

int wr_policy_read_fragments(struct wr_policy_reader *r)
{
	bool drop;
	int ret = read_drop(r, &r->fragments, &drop);

	if (!ret)
		r->p->drop_fragments = drop;
	return ret;
}

int wr_policy_read_unreadable(struct wr_policy_reader *r)
{
	bool drop;
	int ret = read_drop(r, &r->unreadable, &drop);

	if (!ret)
		r->p->unreadable = drop ? WR_UNREADABLE_DROP : WR_UNREADABLE_PASS;
	return ret;
}
