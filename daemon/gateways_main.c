/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/loop.h"
#include "base/when.h"
#include "control/depends.h"
#include "daemon/gateways_impl.h"
#include "gateway/when.h"

/*
 * The process that works at gateways, one after another: one that does not answer holds up the
 * others for its deadline (gateway.timeout), and is asked ever more seldom. Ledgers are open only
 * while they are worked on, so that `weir gateway` finds them free.
 */

enum {
	ORDERS = WR_ACTS,
	EVERY_MS = 2000, /* a look at each when there is nothing to do */
	WAIT_MOST_MS = 30000,
	SEND_MS = 1000, /* the core has to take what it is told */
};

#define NS_PER_MS 1000000ull
#define TAKEN_OUT "somebody has taken it out"

struct order {
	struct wr_gateways_order o; /* act 0: free */
	bool wanted;		    /* it is in the ledger */
};

struct place {
	char name[WR_GATEWAY_NAME];
	uint64_t next_ns, wait_ms;
	uint64_t ends_s; /* the first of its entries ends then; 0: none does */
	bool adopted;	 /* the core knows what stood in its ledger */
	struct wr_gateways_row told;
	bool told_once;
};

struct worker {
	const struct wr_front_start *start;
	const struct wr_daemon_conf *conf;
	int fd;
	struct order order[ORDERS];
	struct place place[WR_GATEWAYS_KNOWN];
	uint32_t n;
};

/* ---- to the core ---- */

static void tell(struct worker *w, const struct wr_gateways_news *n)
{
	struct pollfd p = {.fd = w->fd, .events = POLLOUT};

	if (send(w->fd, n, sizeof(*n), MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno == EAGAIN &&
	    poll(&p, 1, SEND_MS) == 1)
		send(w->fd, n, sizeof(*n), MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void tell_act(struct worker *w, const struct order *o, enum wr_act_state state,
		     const char *why)
{
	struct wr_gateways_news n = {
		.what = WR_GATEWAYS_ACT, .act = o->o.act, .state = (uint8_t)state};

	snprintf(n.row.why, sizeof(n.row.why), "%s", why ? why : "");
	tell(w, &n);
}

static bool same_row(const struct wr_gateways_row *a, const struct wr_gateways_row *b)
{
	return a->well == b->well && a->in_force == b->in_force && a->foreign == b->foreign &&
	       !strcmp(a->why, b->why);
}

static void tell_place(struct worker *w, struct place *p, int ret,
		       const struct wr_gateway_result *r, const char *why)
{
	struct wr_gateways_news n = {.what = WR_GATEWAYS_STATE};

	memcpy(n.row.name, p->name, sizeof(n.row.name));
	n.row.well = !ret;
	n.row.in_force = ret ? p->told.in_force : r->in_force;
	n.row.foreign = ret ? p->told.foreign : r->foreign;
	snprintf(n.row.why, sizeof(n.row.why), "%s", ret ? why : "");
	if (p->told_once && same_row(&n.row, &p->told))
		return;
	p->told = n.row;
	p->told_once = true;
	tell(w, &n);
}

/* ---- one gateway ---- */

static bool is_of(const struct order *o, const struct place *p)
{
	return o->o.act && !strcmp(o->o.gateway, p->name);
}

static struct wr_gateway_entry *in_ledger(struct wr_gateway_ledger *l, const struct order *o)
{
	struct wr_gateway_entry *e;

	wr_gateway_set_sort(&l->set);
	e = wr_gateway_set_find(&l->set, &o->o.e);
	return e && e->state != WR_GATEWAY_GONE ? e : NULL;
}

/* 0: it is in the ledger. */
static int want(struct wr_gateway *g, struct wr_gateway_ledger *l, struct order *o,
		const struct wr_prefixes *never, uint64_t now_s, struct wr_err *err)
{
	struct wr_gateway_set one = {.at = &o->o.e, .n = 1, .room = 1};
	const struct wr_gateway_entry *was = in_ledger(l, o);
	struct wr_gateway_entry limit = o->o.e;
	int ret = 0;

	limit.verb = WR_GATEWAY_LIMIT;
	if ((o->o.again && !was) || (o->o.harder && !wr_gateway_set_find(&l->set, &limit)))
		return wr_fail(err, ECANCELED, TAKEN_OUT);
	/* What somebody else has asked for by hand for longer stays as he wants it. */
	if (was && was->until_s > o->o.e.until_s && was->rate == o->o.e.rate)
		return 0;
	ret = wr_gateway_accepts(g, &o->o.e, err);
	if (!ret)
		ret = wr_gateway_guard(g, never, &o->o.e, now_s, false, err);
	return ret ? ret : wr_gateway_want(g, l, &one, err);
}

/* What somebody has asked for by hand since, for a reason of his own, is not ours to lift. */
static void lift(struct wr_gateway_ledger *l, const struct order *o)
{
	const struct wr_gateway_entry *e = in_ledger(l, o);

	if (e && !strcmp(e->why, o->o.e.why))
		wr_gateway_lift(l, &o->o.e);
}

/* Before what is wanted: who is limited anew for something else has a lift under way for the same
 * entry. */
static void apply_lifts(struct worker *w, const struct place *p, struct wr_gateway_ledger *l)
{
	for (struct order *o = w->order; o < w->order + ORDERS; o++) {
		if (!is_of(o, p) || o->wanted || !o->o.lift)
			continue;
		lift(l, o);
		o->wanted = true;
	}
}

static void apply(struct worker *w, struct place *p, struct wr_gateway *g,
		  struct wr_gateway_ledger *l, uint64_t now_s)
{
	struct wr_prefixes never = {0};
	struct wr_err err = {0};
	int unknown = wr_peers_prefixes(&never, &err);

	apply_lifts(w, p, l);
	for (struct order *o = w->order; o < w->order + ORDERS; o++) {
		if (!is_of(o, p) || o->wanted)
			continue;
		if (unknown || want(g, l, o, &never, now_s, &err)) {
			tell_act(w, o, err.code == ECANCELED ? WR_ACT_DECLINED : WR_ACT_REFUSED,
				 err.text);
			o->o.act = 0;
			continue;
		}
		o->wanted = true;
	}
	wr_prefixes_free(&never);
}

/* Everything has been read back. */
static void confirm(struct worker *w, const struct place *p, struct wr_gateway_ledger *l)
{
	for (struct order *o = w->order; o < w->order + ORDERS; o++) {
		const struct wr_gateway_entry *e;

		if (!is_of(o, p) || !o->wanted)
			continue;
		e = in_ledger(l, o);
		if (o->o.lift)
			tell_act(w, o, WR_ACT_LEAVES, NULL);
		else if (e && e->state == WR_GATEWAY_PUT)
			tell_act(w, o, WR_ACT_STANDS, NULL);
		else if (e)
			tell_act(w, o, WR_ACT_REFUSED, "others have an entry for the same there");
		else
			tell_act(w, o, WR_ACT_DECLINED, TAKEN_OUT);
		o->o.act = 0;
	}
}

/* The ledger on disk has none of them: they are taken into it again. */
static void not_saved(struct worker *w, const struct place *p)
{
	for (struct order *o = w->order; o < w->order + ORDERS; o++)
		if (is_of(o, p))
			o->wanted = false;
}

static void in_trouble(struct worker *w, const struct place *p, const char *why)
{
	for (struct order *o = w->order; o < w->order + ORDERS; o++)
		if (is_of(o, p))
			tell_act(w, o, WR_ACT_WAITS, why);
}

/* What an earlier weir has put there for policies: they go on, or take it back. */
static void adopt(struct worker *w, struct place *p, const struct wr_gateway_ledger *l)
{
	struct wr_gateways_news n = {.what = WR_GATEWAYS_ENTRY};
	uint32_t told = 0;

	memcpy(n.row.name, p->name, sizeof(n.row.name));
	for (size_t i = 0; i < l->set.n && told < WR_ACTS && !p->adopted; i++) {
		n.e = l->set.at[i];
		if (n.e.state == WR_GATEWAY_GONE ||
		    strncmp(n.e.why, WR_GATEWAY_WHEN_MARK, strlen(WR_GATEWAY_WHEN_MARK)) != 0)
			continue;
		tell(w, &n);
		told++;
	}
	p->adopted = true;
}

static uint64_t first_end(const struct wr_gateway_ledger *l)
{
	uint64_t first = 0;

	for (size_t i = 0; i < l->set.n; i++)
		if (!first || l->set.at[i].until_s < first)
			first = l->set.at[i].until_s;
	return first;
}

static int visit(struct worker *w, struct place *p, struct wr_gateway_result *r, struct wr_err *err)
{
	uint64_t now_s = wr_when_now() / 1000000000u;
	struct wr_gateway_ledger l;
	struct wr_gateway g;
	int ret = wr_gateway_open(&g, w->conf->gateway.folder, p->name, NULL, NULL, err);

	if (ret)
		return ret;
	ret = wr_gateway_ledger_open(&l, w->conf->gateway.state, &g, err);
	if (ret) {
		wr_gateway_close(&g);
		return ret;
	}
	adopt(w, p, &l);
	apply(w, p, &g, &l, now_s);
	ret = wr_gateway_reconcile(&g, &l, now_s, NULL, r, err);
	if (r->unsaved)
		not_saved(w, p);
	if (!ret)
		confirm(w, p, &l);
	p->ends_s = first_end(&l);
	wr_gateway_ledger_close(&l);
	wr_gateway_close(&g);
	return ret;
}

static void work(struct worker *w, struct place *p)
{
	uint64_t now_ns = wr_when_now(), end_ns, next_ms = EVERY_MS;
	struct wr_gateway_result r = {0};
	struct wr_err err = {0};
	int ret = visit(w, p, &r, &err);

	if (ret)
		in_trouble(w, p, err.text);
	if (!ret && r.untaken) {
		wr_fail(&err, EOPNOTSUPP,
			"%zu entries ended, for its configuration no longer takes them: %s",
			r.untaken, r.first_untaken);
		tell_place(w, p, -EOPNOTSUPP, &r, err.text);
	}
	tell_place(w, p, ret, &r, err.text);
	p->wait_ms = ret ? 2 * p->wait_ms + 100 : 0;
	if (p->wait_ms > WAIT_MOST_MS)
		p->wait_ms = WAIT_MOST_MS;
	end_ns = p->ends_s * 1000 * NS_PER_MS;
	if (p->ends_s && end_ns < now_ns + EVERY_MS * NS_PER_MS)
		next_ms = end_ns > now_ns ? (end_ns - now_ns) / NS_PER_MS + 1 : 1;
	p->next_ns = wr_loop_now_ns() + (ret ? p->wait_ms : next_ms) * NS_PER_MS;
}

/* ---- orders ---- */

static struct place *place_of(struct worker *w, const char *name)
{
	for (uint32_t k = 0; k < w->n; k++)
		if (!strcmp(w->place[k].name, name))
			return &w->place[k];
	if (w->n == WR_GATEWAYS_KNOWN)
		return NULL;
	w->place[w->n] = (struct place){.next_ns = 1};
	snprintf(w->place[w->n].name, WR_GATEWAY_NAME, "%s", name);
	return &w->place[w->n++];
}

/* In the place of an earlier one for the same act. */
static struct order *room(struct worker *w, uint64_t act)
{
	struct order *free_one = NULL;

	for (struct order *o = w->order; o < w->order + ORDERS; o++) {
		if (o->o.act == act)
			return o;
		if (!o->o.act && !free_one)
			free_one = o;
	}
	return free_one;
}

static void take_orders(struct worker *w)
{
	struct wr_gateways_order got;
	struct place *p;
	struct order *o;

	while (recv(w->fd, &got, sizeof(got), MSG_DONTWAIT) == sizeof(got)) {
		p = place_of(w, got.gateway);
		o = room(w, got.act);
		if (!p || !o) {
			tell_act(w, &(struct order){.o = got}, WR_ACT_REFUSED,
				 "too many gateways, or entries under way");
			continue;
		}
		*o = (struct order){.o = got};
		/* Who is in trouble is not asked more often for it. */
		if (!p->wait_ms)
			p->next_ns = 1;
	}
}

static void all_places(struct worker *w)
{
	struct wr_gateway_names names = {0};

	if (w->conf->gateway.at[0])
		place_of(w, w->conf->gateway.at);
	if (wr_gateway_names(&names, w->conf->gateway.folder, NULL))
		return;
	for (size_t i = 0; i < names.n; i++)
		place_of(w, names.at[i]);
	wr_gateway_names_free(&names);
}

static int until_next_ms(const struct worker *w)
{
	uint64_t now = wr_loop_now_ns(), next = now + EVERY_MS * NS_PER_MS;

	for (uint32_t k = 0; k < w->n; k++)
		if (w->place[k].next_ns < next)
			next = w->place[k].next_ns;
	return next > now ? (int)((next - now) / NS_PER_MS) + 1 : 0;
}

int wr_gateways_main(const struct wr_front_start *start, struct wr_err *err)
{
	static struct worker w; /* large */
	struct wr_gateways *own = start->own;
	struct pollfd p[2] = {{.fd = own->other_fd, .events = POLLIN}, {.fd = start->core_fd}};
	int ret = start->confine(start->ctx, err);

	if (ret)
		return ret;
	w = (struct worker){.start = start, .conf = start->conf, .fd = own->other_fd};
	tzset();
	wr_gateway_begin();
	all_places(&w);
	for (;;) {
		if (poll(p, 2, until_next_ms(&w)) < 0 && errno != EINTR)
			return wr_fail(err, errno, "waiting: %s", strerror(errno));
		if (p[1].revents)
			return 0;
		take_orders(&w);
		for (uint32_t k = 0; k < w.n; k++) {
			if (w.place[k].next_ns <= wr_loop_now_ns())
				work(&w, &w.place[k]);
			take_orders(&w);
		}
	}
}
