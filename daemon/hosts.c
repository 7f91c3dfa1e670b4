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
static void tell(struct wr_hosts *h, const struct wr_flow_key *flow, uint32_t rule)
{
	for (int from = 0; from < 2; from++) {
		struct wr_host_key key = key_of(flow, from);

		h->displaced += wr_force_host(h->force, &key, rule);
	}
	h->flows++;
}

static void forget(struct wr_hosts *h, const struct wr_flow_key *flow, uint32_t rule)
{
	for (int from = 0; from < 2; from++) {
		struct wr_host_key key = key_of(flow, from);

		wr_force_host_gone(h->force, &key, rule);
	}
}

static bool asked_for(const struct wr_app *app, const char *pattern)
{
	for (int end = 0; end < 2; end++) {
		const struct wr_l7 *said = &app->said[end];

		if (!(said->has & WR_L7_HAS_QUESTION) && !(said->cut & WR_L7_CUT_HOST) &&
		    said->host[0] && wr_policy_host_is(pattern, said->host))
			return true;
	}
	return false;
}

static uint32_t find(const struct wr_hosts *h, const char *host, uint32_t rule)
{
	uint32_t i = 0;

	while (i < h->n && (h->at[i].rule != rule || strcmp(h->at[i].host, host) != 0))
		i++;
	return i;
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

struct change {
	struct wr_hosts *h;
	const struct wr_hosts *other;
	bool come; /* else: gone */
};

/* What is in one list and not in the other. */
static void apply(void *ctx, const struct wr_app *app)
{
	const struct change *c = ctx;

	for (uint32_t i = 0; i < c->h->n; i++) {
		if (!asked_for(app, c->h->at[i].host) ||
		    find(c->other, c->h->at[i].host, c->h->at[i].rule) < c->other->n)
			continue;
		if (c->come)
			tell(c->h, &app->key, c->h->at[i].rule);
		else
			forget(c->h, &app->key, c->h->at[i].rule);
	}
}

int wr_hosts_follow(struct wr_hosts *h, const struct wr_policy *p, const uint16_t *slot,
		    const struct wr_apps *apps, struct wr_err *err)
{
	struct wr_hosts next = {.force = h->force, .flows = h->flows, .displaced = h->displaced};
	struct wr_hosts before = *h;

	for (size_t i = 0; i < p->n_rules && next.n < WR_HOST_RULES; i++) {
		const struct wr_rule *r = &p->rule[i];
		bool is_class = r->action == WR_ACTION_CLASS;

		if (!r->host)
			continue;
		next.at[next.n].host = strdup(r->host);
		next.at[next.n].rule = is_class ? WR_HOST_CLASS | (uint32_t)r->klass : slot[i];
		if (!next.at[next.n].host) {
			wr_hosts_free(&next);
			return wr_fail(err, ENOMEM, "out of memory");
		}
		next.n++;
	}
	if (apps) {
		wr_apps_each(apps, apply, &(struct change){&before, &next, false});
		wr_apps_each(apps, apply, &(struct change){&next, &before, true});
	}
	*h = next;
	wr_hosts_free(&before);
	return 0;
}

/* ---- flows ---- */

void wr_hosts_app(struct wr_hosts *h, const struct wr_app *app)
{
	for (uint32_t i = 0; i < h->n; i++)
		if (asked_for(app, h->at[i].host))
			tell(h, &app->key, h->at[i].rule);
}

void wr_hosts_end(struct wr_hosts *h, const struct wr_flow_key *key)
{
	for (uint32_t i = 0; i < h->n; i++)
		forget(h, key, h->at[i].rule);
}

void wr_hosts_free(struct wr_hosts *h)
{
	for (uint32_t i = 0; i < h->n; i++)
		free(h->at[i].host);
	h->n = 0;
}
