/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/hosts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct wr_host_key key_of(const struct wr_flow_key *k, int from)
{
	return (struct wr_host_key){k->addr[from],  k->addr[!from], k->port[from],
				    k->port[!from], k->proto,	    k->ip_v};
}

/* Which end is this host's does not matter: a rule is asked of what arrives. */
static void mark(struct wr_hosts *h, const struct wr_flow_key *flow, uint32_t number)
{
	for (int from = 0; from < 2; from++) {
		struct wr_host_key key = key_of(flow, from);

		wr_force_host(h->force, &key, number);
	}
}

bool wr_hosts_asked_for(const struct wr_app *app, const char *pattern)
{
	for (int end = 0; end < 2; end++) {
		const struct wr_l7 *said = &app->said[end];

		if (!(said->has & WR_L7_HAS_QUESTION) && !(said->cut & WR_L7_CUT_HOST) &&
		    said->host[0] && wr_policy_host_is(pattern, said->host))
			return true;
	}
	return false;
}

/* ---- another policy ---- */

int wr_hosts_check(const struct wr_policy *p, struct wr_err *err)
{
	uint32_t n = 0;

	for (size_t i = 0; i < p->n_rules; i++)
		if (p->rule[i].host && n++ == WR_HOST_RULES)
			return wr_fail(err, EINVAL,
				       "rule %s: more than %d rules with 'host': each is asked of "
				       "every packet",
				       p->rule[i].name, WR_HOST_RULES);
	return 0;
}

void wr_host_rules_free(struct wr_host_rules *r)
{
	for (uint32_t i = 0; i < r->n; i++) {
		free(r->at[i].host);
		free(r->at[i].name);
	}
	r->n = 0;
}

/* The same rule for the same host; r->n: it is not there. */
static uint32_t find(const struct wr_host_rules *r, const char *name, const char *host)
{
	uint32_t i = 0;

	while (i < r->n && (strcmp(r->at[i].name, name) != 0 || strcmp(r->at[i].host, host) != 0))
		i++;
	return i;
}

static bool has_number(const struct wr_host_rules *r, uint16_t number)
{
	for (uint32_t i = 0; i < r->n; i++)
		if (r->at[i].number == number)
			return true;
	return false;
}

/* One that nobody has: marks of those that are gone have been taken off. */
static uint16_t class_number(struct wr_hosts *h, const struct wr_host_rules *next)
{
	uint16_t number;

	do
		number = (uint16_t)(WR_HOST_CLASS | (h->classes++ & (WR_HOST_CLASS - 1)));
	while (has_number(&h->in_force, number) || has_number(next, number));
	return number;
}

int wr_hosts_plan(struct wr_hosts *h, const struct wr_policy *p, const uint16_t *slot,
		  struct wr_host_rules *next, uint16_t *number, struct wr_err *err)
{
	*next = (struct wr_host_rules){0};
	for (size_t i = 0; i < p->n_rules && next->n < WR_HOST_RULES; i++) {
		const struct wr_rule *r = &p->rule[i];
		uint32_t there, k = next->n;

		number[i] = 0;
		if (!r->host)
			continue;
		there = find(&h->in_force, r->name, r->host);
		next->at[k].host = strdup(r->host);
		next->at[k].name = strdup(r->name);
		if (r->action != WR_ACTION_CLASS)
			next->at[k].number = slot[i];
		else
			next->at[k].number = there < h->in_force.n ? h->in_force.at[there].number
								   : class_number(h, next);
		number[i] = next->at[k].number;
		next->n++;
		if (!next->at[k].host || !next->at[k].name) {
			wr_host_rules_free(next);
			return wr_fail(err, ENOMEM, "out of memory");
		}
	}
	return 0;
}

struct marking {
	struct wr_hosts *h;
	const struct wr_host_rules *to, *but; /* rules of these, and not of those; NULL: all */
	const struct wr_hosts_known *known;
};

static void mark_app(void *ctx, const struct wr_app *app)
{
	const struct marking *m = ctx;

	for (uint32_t i = 0; i < m->to->n; i++) {
		const char *host = m->to->at[i].host;

		if (!wr_hosts_asked_for(app, host) ||
		    (m->but && find(m->but, m->to->at[i].name, host) < m->but->n))
			continue;
		if (m->known->there(m->known->ctx, &app->key))
			mark(m->h, &app->key, m->to->at[i].number);
	}
}

void wr_hosts_begin(struct wr_hosts *h, const struct wr_host_rules *next,
		    const struct wr_hosts_known *known)
{
	if (next->n && known->apps)
		wr_apps_each(known->apps, mark_app,
			     &(struct marking){h, next, &h->in_force, known});
}

/* Marks of rules in `from` that are not in `to`; how many those are. */
static uint32_t take_off(struct wr_hosts *h, const struct wr_host_rules *from,
			 const struct wr_host_rules *to)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < from->n; i++) {
		if (find(to, from->at[i].name, from->at[i].host) < to->n)
			continue;
		wr_force_hosts_gone(h->force, from->at[i].number);
		n++;
	}
	return n;
}

void wr_hosts_end(struct wr_hosts *h, struct wr_host_rules *next, bool in_force,
		  const struct wr_hosts_known *known)
{
	struct wr_host_rules *out = in_force ? &h->in_force : next;
	uint32_t gone = take_off(h, out, in_force ? next : &h->in_force);

	wr_host_rules_free(out);
	if (in_force)
		h->in_force = *next;
	next->n = 0;
	/* A rule that has another host now has kept its number, and lost the marks of that one,
	 * too. */
	if (gone && h->in_force.n && known->apps)
		wr_apps_each(known->apps, mark_app,
			     &(struct marking){h, &h->in_force, NULL, known});
}

/* ---- flows ---- */

void wr_hosts_app(struct wr_hosts *h, const struct wr_app *app)
{
	for (uint32_t i = 0; i < h->in_force.n; i++)
		if (wr_hosts_asked_for(app, h->in_force.at[i].host))
			mark(h, &app->key, h->in_force.at[i].number);
}

void wr_hosts_forget(struct wr_hosts *h, const struct wr_flow_key *key)
{
	for (uint32_t i = 0; i < h->in_force.n; i++)
		for (int from = 0; from < 2; from++) {
			struct wr_host_key k = key_of(key, from);

			wr_force_host_gone(h->force, &k, h->in_force.at[i].number);
		}
}
