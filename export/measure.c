/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "export/measure.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "core/proto.h"
#include "core/reason.h"
#include "view/packet.h"

static const struct wr_measure table[WR_MEASURES] = {
#define X(sym, type, name, unit, otlp, otlp_unit, help) \
	{WR_MEASURE_##type, name, unit, otlp, otlp_unit, help},
	WR_MEASURE_TABLE(X)
#undef X
};

struct walk {
	struct wr_measures *m;
	const struct wr_measure_in *in;
	const struct wr_measure_sink *sink;
	void *ctx;
	const struct wr_measure *open; /* family that has begun */
};

/* ---- the series that services and protocols have ---- */

static void less(struct wr_live_cell *from, const struct wr_live_cell *n)
{
	from->in.packets -= n->in.packets;
	from->in.bytes -= n->in.bytes;
	from->out.packets -= n->out.packets;
	from->out.bytes -= n->out.bytes;
}

static void more(struct wr_live_cell *to, const struct wr_live_cell *n)
{
	to->in.packets += n->in.packets;
	to->in.bytes += n->in.bytes;
	to->out.packets += n->out.packets;
	to->out.bytes += n->out.bytes;
}

/*
 * other = total - what the series have + kept, and may never go back. So `kept` takes what a row
 * had when it gets a series, which stays with the others too, and gives back what it had when it
 * loses it. Sums are modulo 2^64, so the order does not matter.
 */
static void leave(struct wr_measure_top *t, int i)
{
	less(&t->kept, &t->row[i].now);
	t->row[i] = t->row[--t->n];
}

static void join(struct wr_measure_top *t, const struct wr_live_row *r)
{
	struct wr_live_cell now = {r->in, r->out};

	t->row[t->n].key = r->key;
	t->row[t->n].began = r->began;
	t->row[t->n].now = now;
	t->row[t->n++].sources = r->sources;
	if (r->began <= t->window)
		more(&t->kept, &now);
}

static int index_of(const struct wr_measure_top *t, const struct wr_talk_key *key)
{
	for (int i = 0; i < t->n; i++)
		if (!memcmp(&t->row[i].key, key, sizeof(*key)))
			return i;
	return -1;
}

/* A row that made room, or made room and came back, is not the one that the series was about. */
static void refresh(struct wr_measure_top *t, struct wr_live *live, enum wr_live_kind kind)
{
	for (int i = t->n - 1; i >= 0; i--) {
		const struct wr_live_row *r = wr_live_find(live, kind, &t->row[i].key);

		if (!r || r->began != t->row[i].began) {
			leave(t, i);
			continue;
		}
		t->row[i].now = (struct wr_live_cell){r->in, r->out};
		t->row[i].sources = r->sources;
	}
}

/* One that is not among the first 2 * WR_MEASURE_TOP, so that series do not come and go with
 * every walk. */
static bool make_room(struct wr_measure_top *t, const struct wr_live_row *const *best, uint32_t n)
{
	for (int i = 0; i < t->n; i++) {
		uint32_t k;

		for (k = 0; k < n; k++)
			if (!memcmp(&best[k]->key, &t->row[i].key, sizeof(best[k]->key)))
				break;
		if (k < n)
			continue;
		leave(t, i);
		return true;
	}
	return false;
}

static void update(struct wr_measure_top *t, struct wr_live *live, enum wr_live_kind kind)
{
	const struct wr_live_row *best[2 * WR_MEASURE_TOP];
	const struct wr_live_total *total = wr_live_totals(live);
	uint32_t n = wr_live_top(live, kind, WR_LIVE_BY_BYTES, best, 2 * WR_MEASURE_TOP);

	refresh(t, live, kind);
	for (uint32_t i = 0; i < n && i < WR_MEASURE_TOP; i++)
		if (index_of(t, &best[i]->key) < 0 &&
		    (t->n < WR_MEASURE_TOP || make_room(t, best, n)))
			join(t, best[i]);
	t->window = total->window;
	t->other = (struct wr_live_cell){total->in, total->out};
	more(&t->other, &t->kept);
	for (int i = 0; i < t->n; i++)
		less(&t->other, &t->row[i].now);
}

/* ---- values ---- */

static void family(struct walk *w, enum wr_measure_id id)
{
	if (w->open == &table[id])
		return;
	if (w->open)
		w->sink->end(w->ctx, w->open);
	w->open = &table[id];
	w->sink->begin(w->ctx, w->open);
}

static void put(struct walk *w, enum wr_measure_id id, const struct wr_label *labels, int n,
		struct wr_number v, uint64_t start_ns)
{
	family(w, id);
	w->sink->value(w->ctx, w->open, labels, n, v, start_ns ? start_ns : w->m->start_ns);
}

static void whole(struct walk *w, enum wr_measure_id id, uint64_t v)
{
	put(w, id, NULL, 0, (struct wr_number){.u = v}, 0);
}

static void real(struct walk *w, enum wr_measure_id id, double v)
{
	put(w, id, NULL, 0, (struct wr_number){.real = true, .d = v}, 0);
}

/* ---- the ledger ---- */

/* Every row's hook watches what comes in, but those whose name says otherwise. */
static const char *direction(enum wr_hook hook)
{
	return strstr(wr_hook_name(hook), "out") ? "out" : "in";
}

static uint64_t arrived_packets(const struct wr_ledger *r)
{
	return r->arrived.packets;
}

static uint64_t arrived_bytes(const struct wr_ledger *r)
{
	return r->arrived.bytes;
}

static uint64_t passed(const struct wr_ledger *r)
{
	return r->passed.packets;
}

static uint64_t dropped(const struct wr_ledger *r)
{
	return r->dropped.packets;
}

static uint64_t limited(const struct wr_ledger *r)
{
	return r->limited.packets;
}

static uint64_t balanced(const struct wr_ledger *r)
{
	return r->balanced;
}

static uint64_t made(const struct wr_ledger *r)
{
	return r->made;
}

static uint64_t seen(const struct wr_ledger *r)
{
	return r->seen;
}

static uint64_t waiting(const struct wr_ledger *r)
{
	return r->waiting;
}

static void each_row(struct walk *w, enum wr_measure_id id,
		     uint64_t (*get)(const struct wr_ledger *))
{
	bool arrival = id == WR_MEASURE_PACKETS || id == WR_MEASURE_BYTES;

	for (int i = 0; i < w->in->n_ledger; i++) {
		const struct wr_ledger *r = &w->in->ledger[i];
		struct wr_label l[] = {{"interface", r->iface},
				       {"hook", wr_hook_name(r->hook)},
				       {"direction", direction(r->hook)}};

		put(w, id, l, arrival ? 3 : 2, (struct wr_number){.u = get(r)}, r->since_ns);
	}
}

/* Reasons and stages: only what occurred, or there would be forty series of 0 for each interface.
 */
static void each_reason(struct walk *w)
{
	for (int i = 0; i < w->in->n_ledger; i++) {
		const struct wr_ledger *r = &w->in->ledger[i];

		for (int k = 1; k < WR_BAD_COUNT; k++) {
			struct wr_label l[] = {{"interface", r->iface},
					       {"hook", wr_hook_name(r->hook)},
					       {"reason", wr_view_bad((uint8_t)k)}};

			if (r->bad[k])
				put(w, WR_MEASURE_MALFORMED, l, 3,
				    (struct wr_number){.u = r->bad[k]}, r->since_ns);
		}
	}
}

static void each_stage(struct walk *w)
{
	for (int i = 0; i < w->in->n_ledger; i++) {
		const struct wr_ledger *r = &w->in->ledger[i];

		for (int k = 0; k < WR_LOST_COUNT; k++) {
			struct wr_label l[] = {{"interface", r->iface},
					       {"hook", wr_hook_name(r->hook)},
					       {"stage", wr_lost_name(k)}};

			put(w, WR_MEASURE_LOST, l, 3, (struct wr_number){.u = r->lost[k]},
			    r->since_ns);
		}
	}
}

/* ---- rules ---- */

static int rule_of(struct wr_measure_rules *t, const char *name)
{
	for (int i = 0; i < t->n; i++)
		if (!strcmp(t->row[i].name, name))
			return i;
	if (t->n == WR_MEASURE_RULES)
		return -1;
	memset(&t->row[t->n], 0, sizeof(t->row[0]));
	snprintf(t->row[t->n].name, sizeof(t->row[0].name), "%s", name);
	return t->n++;
}

/* What rules that are gone kept out is in no series any more. */
static void add_rule(struct wr_measure_rules *t, const struct wr_ledger_rule *r, uint64_t others[2])
{
	int i = r->name[0] == '(' ? -2 : rule_of(t, r->name);

	if (i >= 0) {
		t->row[i].there = true;
		t->row[i].dropped += r->dropped.packets;
		t->row[i].limited += r->limited.packets;
	} else if (i == -1) {
		others[0] += r->dropped.packets;
		others[1] += r->limited.packets;
	}
}

static void update_rules(struct wr_measure_rules *t, const struct wr_measure_in *in)
{
	uint64_t others[2] = {0};
	int n = 0;

	for (int i = 0; i < t->n; i++) {
		t->row[i].there = false;
		t->row[i].dropped = t->row[i].limited = 0;
	}
	for (int i = 0; i < in->n_ledger; i++)
		for (uint32_t k = 0; k < in->ledger[i].n_rules; k++)
			add_rule(t, &in->ledger[i].rule[k], others);
	for (int i = 0; i < t->n; i++)
		if (t->row[i].there)
			t->row[n++] = t->row[i];
	t->n = n;
	for (int i = 0; i < 2; i++) {
		if (others[i] > t->others[i])
			t->told[i] += others[i] - t->others[i];
		t->others[i] = others[i];
	}
}

static void put_rule(struct walk *w, const char *name, uint64_t n, const char *verdict)
{
	struct wr_label l[] = {{"rule", name}, {"verdict", verdict}};

	if (n)
		put(w, WR_MEASURE_RULE_PACKETS, l, 2, (struct wr_number){.u = n}, 0);
}

static void each_rule(struct walk *w)
{
	struct wr_measure_rules *t = &w->m->rules;

	update_rules(t, w->in);
	for (int i = 0; i < t->n; i++) {
		put_rule(w, t->row[i].name, t->row[i].dropped, "drop");
		put_rule(w, t->row[i].name, t->row[i].limited, "limit");
	}
	put_rule(w, "(other)", t->told[0], "drop"); /* no rule can be called so */
	put_rule(w, "(other)", t->told[1], "limit");
}

/* ---- classes ---- */

/* link: what they had of it; NULL: of all of them. */
static void put_classes(struct walk *w, enum wr_measure_id id, const struct wr_link_row *link,
			const struct wr_class_row *rows, uint32_t n_rows)
{
	bool bytes = id == WR_MEASURE_CLASS_BYTES || id == WR_MEASURE_LINK_CLASS_BYTES;

	for (uint32_t i = 0; i < n_rows; i++) {
		const struct wr_class_row *r = &rows[i];
		const struct {
			const char *name;
			struct wr_count n;
		} what[] = {{"offered", r->all.offered},
			    {"passed", r->all.passed},
			    {"marked", r->all.marked},
			    {"dropped", r->all.dropped},
			    {"borrowed", r->all.borrowed}};

		for (size_t k = 0; k < sizeof(what) / sizeof(*what); k++) {
			/* No class can be called so. */
			struct wr_label l[] = {{"class", r->name ? r->name : "(no class)"},
					       {"what", what[k].name},
					       {"interface", link ? link->iface : ""},
					       {"direction", link && link->out ? "out" : "in"}};
			uint64_t n = bytes ? what[k].n.bytes : what[k].n.packets;

			put(w, id, l, link ? 4 : 2, (struct wr_number){.u = n}, 0);
		}
	}
}

static void each_link(struct walk *w, enum wr_measure_id id)
{
	for (uint32_t i = 0; i < w->in->n_links; i++) {
		const struct wr_link_row *r = &w->in->links[i];
		const uint64_t bps[] = {r->capacity_bps, r->budget_bps, r->used_bps};
		struct wr_label l[] = {{"interface", r->iface},
				       {"direction", r->out ? "out" : "in"}};
		uint64_t v = bps[id - WR_MEASURE_LINK_CAPACITY];

		/* Nobody knows it, or there is no bound: that is not 0. */
		if (v || id == WR_MEASURE_LINK_USED)
			put(w, id, l, 2, (struct wr_number){.u = v / 8}, 0);
	}
}

static void classes(struct walk *w)
{
	for (int id = WR_MEASURE_CLASS_PACKETS; id <= WR_MEASURE_CLASS_BYTES; id++)
		put_classes(w, (enum wr_measure_id)id, NULL, w->in->classes, w->in->n_classes);
	for (int id = WR_MEASURE_LINK_CLASS_PACKETS; id <= WR_MEASURE_LINK_CLASS_BYTES; id++)
		for (uint32_t i = 0; i < w->in->n_links; i++)
			put_classes(w, (enum wr_measure_id)id, &w->in->links[i],
				    w->in->links[i].classes, w->in->links[i].n_classes);
	for (int id = WR_MEASURE_LINK_CAPACITY; id <= WR_MEASURE_LINK_USED; id++)
		each_link(w, (enum wr_measure_id)id);
}

/* ---- forecasts ---- */

enum { FORECAST_OF = 128 };

static void each_range(struct walk *w, struct wr_label l[4], const struct wr_forecast *f)
{
	struct wr_forecast_range r;

	for (int h = 0; h < WR_FORECAST_HORIZONS; h++) {
		enum wr_forecast_horizon at = (enum wr_forecast_horizon)h;
		double v[3];

		if (!wr_forecast_range(f, wr_forecast_minutes(at), &r))
			continue;
		l[2] = (struct wr_label){"ahead", wr_forecast_name(at)};
		memcpy(v, (double[]){r.low80, r.mid, r.high80}, sizeof(v));
		for (int i = 0; i < 3; i++) {
			static const char *const bound[] = {"low80", "mid", "high80"};

			l[3] = (struct wr_label){"bound", bound[i]};
			put(w, WR_MEASURE_FORECAST, l, 4,
			    (struct wr_number){.real = true, .d = round(v[i] / 8)}, 0);
		}
	}
}

static void forecasts(struct walk *w, enum wr_measure_id id)
{
	for (uint32_t i = 0; i < w->in->n_forecasts; i++) {
		const struct wr_forecast_row *row = &w->in->forecasts[i];
		char of[FORECAST_OF];
		struct wr_label l[4] = {
			{"of", of},
			{"direction", row->what == WR_FORECAST_BITS_OUT ? "out" : "in"}};

		snprintf(of, sizeof(of), "%s%s%s", row->kind, row->key[0] ? " " : "", row->key);
		if (id == WR_MEASURE_FORECAST)
			each_range(w, l, row->of);
		else if (row->limit_name && row->meets >= 0)
			put(w, id, l, 2, (struct wr_number){.u = 60 * (uint64_t)row->meets}, 0);
	}
}

static void ledger(struct walk *w)
{
	each_row(w, WR_MEASURE_PACKETS, arrived_packets);
	each_row(w, WR_MEASURE_BYTES, arrived_bytes);
	each_row(w, WR_MEASURE_PASSED, passed);
	each_row(w, WR_MEASURE_DROPPED, dropped);
	each_row(w, WR_MEASURE_LIMITED, limited);
	each_rule(w);
	classes(w);
	each_reason(w);
	each_row(w, WR_MEASURE_BALANCED, balanced);
	each_row(w, WR_MEASURE_MADE, made);
	each_row(w, WR_MEASURE_SEEN, seen);
	each_stage(w);
	each_row(w, WR_MEASURE_WAITING, waiting);
}

/* ---- live ---- */

static void tcp_flags(struct walk *w, const struct wr_live_total *t)
{
	static const char *const name[8] = {"fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr"};

	for (int bit = 0; bit < 8; bit++) {
		struct wr_label l = {"flag", name[bit]};
		uint64_t n = 0;

		for (int i = 0; i < 256; i++)
			if (i >> bit & 1)
				n += t->tcp_flags[i];
		put(w, WR_MEASURE_TCP_FLAGS, &l, 1, (struct wr_number){.u = n}, 0);
	}
}

static void sizes(struct walk *w, const struct wr_live_total *t)
{
	family(w, WR_MEASURE_SIZES);
	w->sink->histogram(w->ctx, w->open, t->sizes, wr_live_size_bound, WR_LIVE_SIZES, 1,
			   w->m->start_ns);
}

enum { NAME = 64 };

struct names {
	char address[NAME], port[8], protocol[NAME];
};

static void name_protocol(char *to, const struct wr_talk_key *k)
{
	const char *name = wr_view_proto(k->proto);

	if (!k->ip_v && !k->port)
		snprintf(to, NAME, "not-ip");
	else if (!k->ip_v)
		snprintf(to, NAME, "ethertype-0x%04x", k->port);
	else if (k->tag & WR_FLOW_NO_PROTO)
		snprintf(to, NAME, "unreadable");
	else if (name)
		snprintf(to, NAME, "%s", name);
	else
		snprintf(to, NAME, "ip-%u", k->proto);
}

static void name_service(struct names *to, const struct wr_talk_key *k)
{
	struct wr_buf b = {.at = to->address, .room = sizeof(to->address) - 1};

	if (k->ip_v == 4)
		wr_buf_ip4(&b, k->addr);
	else
		wr_buf_ip6(&b, k->addr);
	to->address[b.used] = '\0';
	snprintf(to->port, sizeof(to->port), "%u", k->port);
	name_protocol(to->protocol, k);
}

/* A series of its own, or with key NULL the one of all others. */
static void one_of_top(struct walk *w, enum wr_measure_id id, const struct wr_talk_key *key,
		       const struct wr_live_cell *c)
{
	bool service = id == WR_MEASURE_SERVICE_PACKETS || id == WR_MEASURE_SERVICE_BYTES;
	bool bytes = id == WR_MEASURE_SERVICE_BYTES || id == WR_MEASURE_PROTOCOL_BYTES;
	struct names names = {"other", "other", "other"};
	struct wr_label l[WR_MEASURE_LABELS];
	int n = 0;

	if (key && service)
		name_service(&names, key);
	else if (key)
		name_protocol(names.protocol, key);
	if (service) {
		l[n++] = (struct wr_label){"address", names.address};
		l[n++] = (struct wr_label){"port", names.port};
	}
	l[n++] = (struct wr_label){"protocol", names.protocol};
	for (int out = 0; out < 2; out++) {
		const struct wr_count *v = out ? &c->out : &c->in;

		l[n] = (struct wr_label){"direction", out ? "out" : "in"};
		put(w, id, l, n + 1, (struct wr_number){.u = bytes ? v->bytes : v->packets}, 0);
	}
}

static void top(struct walk *w, enum wr_measure_id id, const struct wr_measure_top *t)
{
	for (int i = 0; i < t->n; i++)
		one_of_top(w, id, &t->row[i].key, &t->row[i].now);
	one_of_top(w, id, NULL, &t->other);
}

static void sources(struct walk *w, const struct wr_measure_top *t)
{
	for (int i = 0; i < t->n; i++) {
		struct names names;
		struct wr_label l[] = {{"address", names.address},
				       {"port", names.port},
				       {"protocol", names.protocol}};

		name_service(&names, &t->row[i].key);
		put(w, WR_MEASURE_SERVICE_SOURCES, l, 3, (struct wr_number){.u = t->row[i].sources},
		    0);
	}
}

static void live(struct walk *w)
{
	const struct wr_live_total *t = wr_live_totals(w->in->live);

	update(&w->m->services, w->in->live, WR_LIVE_SERVICES);
	update(&w->m->protocols, w->in->live, WR_LIVE_PROTOCOLS);
	sizes(w, t);
	tcp_flags(w, t);
	whole(w, WR_MEASURE_NOT_IP, t->not_ip.packets);
	whole(w, WR_MEASURE_FLOWLESS, t->other.packets);
	whole(w, WR_MEASURE_WINDOWS, t->window);
	whole(w, WR_MEASURE_FLOWS, wr_flow_rows(wr_live_flows(w->in->live)));
	whole(w, WR_MEASURE_FLOWS_BEGUN, t->flows_begun);
	whole(w, WR_MEASURE_FLOWS_ENDED, t->flows_ended);
	whole(w, WR_MEASURE_FLOWS_DISPLACED, wr_flow_other(wr_live_flows(w->in->live))->flows);
	whole(w, WR_MEASURE_SERVICES, wr_live_rows(w->in->live, WR_LIVE_SERVICES));
	whole(w, WR_MEASURE_TALKERS, wr_live_rows(w->in->live, WR_LIVE_TALKERS));
	top(w, WR_MEASURE_SERVICE_PACKETS, &w->m->services);
	top(w, WR_MEASURE_SERVICE_BYTES, &w->m->services);
	sources(w, &w->m->services);
	top(w, WR_MEASURE_PROTOCOL_PACKETS, &w->m->protocols);
	top(w, WR_MEASURE_PROTOCOL_BYTES, &w->m->protocols);
}

/* ---- weir itself ---- */

static void outputs(struct walk *w, enum wr_measure_id id)
{
	for (int i = 0; i < w->in->n_outputs; i++) {
		const struct wr_measure_output *o = &w->in->outputs[i];
		struct wr_label l = {"output", o->name};
		uint64_t v[] = {o->n.sent, o->n.lost, o->n.given - o->n.sent - o->n.lost};

		put(w, id, &l, 1, (struct wr_number){.u = v[id - WR_MEASURE_EXPORT_SENT]}, 0);
	}
}

static void findings(struct walk *w, const struct wr_measure_findings *f)
{
	for (uint32_t i = 0; i < f->n; i++) {
		struct wr_label l = {"class", f->name[i]};

		put(w, WR_MEASURE_FINDINGS, &l, 1, (struct wr_number){.u = f->found[i]}, 0);
	}
	whole(w, WR_MEASURE_FINDINGS_ACTIVE, f->active);
	whole(w, WR_MEASURE_FINDINGS_NO_ROOM, f->missed);
	whole(w, WR_MEASURE_INCIDENTS_ACTIVE, f->incidents);
}

/* ---- what is asked of gateways ---- */

static void route(struct walk *w, const char *name, const uint64_t classes[6])
{
	static const char *const names[6] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};

	for (int i = 0; i < 6; i++) {
		struct wr_label l[] = {{"route", name}, {"class", names[i]}};

		if (classes[i])
			put(w, WR_MEASURE_API_REQUESTS, l, 2, (struct wr_number){.u = classes[i]},
			    0);
	}
}

/* The first routes keep their places in the table (WR_API_FIXED), so these have a series each; when
 * routes become one, others can have less than before, which nobody is told. */
static void routes(struct walk *w, const struct wr_api_stats *s)
{
	const struct wr_api_table *t = wr_api_stats_table(s, WR_API_ROUTES);
	const struct wr_api_row *total = wr_api_stats_total(s);
	uint64_t *told = w->m->routes_told, others[6];

	_Static_assert((int)WR_MEASURE_ROUTES == (int)WR_API_FIXED, "the rows with a series stay");
	memcpy(others, total->classes, sizeof(others));
	for (uint32_t i = 0; i < t->room && i < WR_MEASURE_ROUTES; i++) {
		if (!t->rows[i].used)
			continue;
		route(w, t->rows[i].key, t->rows[i].classes);
		for (int k = 0; k < 6; k++)
			others[k] -= t->rows[i].classes[k];
	}
	for (int k = 0; k < 6; k++)
		told[k] = others[k] > told[k] ? others[k] : told[k];
	route(w, "other", told);
}

static void request_times(struct walk *w, const struct wr_api_hist *h)
{
	static const uint32_t bounds_us[] = {1000,    2500,    5000,	 10000,	   25000,
					     50000,   100000,  250000,	 500000,   1000000,
					     2500000, 5000000, 10000000, 30000000, 60000000};
	enum { BOUNDS = sizeof(bounds_us) / sizeof(bounds_us[0]) };
	struct wr_count classes[BOUNDS + 1] = {{0}};
	uint64_t below = 0, now;

	for (int i = 0; i <= BOUNDS; i++) {
		now = i < BOUNDS ? wr_api_hist_up_to(h, bounds_us[i]) : h->n;
		classes[i].packets = now - below;
		below = now;
	}
	classes[0].bytes = h->sum_ns / 1000;
	family(w, WR_MEASURE_API_SECONDS);
	w->sink->histogram(w->ctx, w->open, classes, bounds_us, BOUNDS + 1, 1000000,
			   w->m->start_ns);
}

static void requests(struct walk *w, const struct wr_api_stats *s)
{
	routes(w, s);
	request_times(w, &wr_api_stats_total(s)->total);
	whole(w, WR_MEASURE_API_UNREAD, wr_api_stats_unread_lines(s));
	whole(w, WR_MEASURE_API_LOST, wr_api_stats_lost_requests(s));
}

static void parts(struct walk *w, enum wr_measure_id id, const char *label,
		  const char *const *names, const uint64_t *v, int n)
{
	for (int i = 0; i < n; i++) {
		struct wr_label l = {label, names[i]};

		put(w, id, &l, 1, (struct wr_number){.u = v[i]}, 0);
	}
}

static void advice(struct walk *w, const struct wr_measure_advice *a)
{
	static const char *const rows[] = {"scored", "unscored", "lost"};
	static const char *const calls[] = {"answered", "failed"};

	parts(w, WR_MEASURE_ADVICE_ROWS, "what", rows,
	      (uint64_t[]){a->scored, a->unscored, a->lost}, 3);
	whole(w, WR_MEASURE_ADVICE_OVER, a->over);
	parts(w, WR_MEASURE_ADVICE_CALLS, "what", calls, (uint64_t[]){a->answered, a->failed}, 2);
	whole(w, WR_MEASURE_ADVICE_PAUSED, a->paused);
}

static void self(struct walk *w, const struct wr_self *s)
{
	real(w, WR_MEASURE_CPU, s->cpu_s);
	whole(w, WR_MEASURE_RESIDENT, s->resident_bytes);
	whole(w, WR_MEASURE_VIRTUAL, s->virtual_bytes);
	whole(w, WR_MEASURE_FDS, s->fds);
	whole(w, WR_MEASURE_FDS_MAX, s->fds_max);
	real(w, WR_MEASURE_STARTED, s->started_s);
}

void wr_measure_walk(struct wr_measures *m, const struct wr_measure_in *in,
		     const struct wr_measure_sink *sink, void *ctx)
{
	static const struct wr_label version = {"version", WR_VERSION};
	struct walk w = {.m = m, .in = in, .sink = sink, .ctx = ctx};

	if (!m->start_ns)
		m->start_ns = in->now_ns;
	ledger(&w);
	if (in->live)
		live(&w);
	outputs(&w, WR_MEASURE_EXPORT_SENT);
	outputs(&w, WR_MEASURE_EXPORT_LOST);
	outputs(&w, WR_MEASURE_EXPORT_WAITING);
	if (in->findings)
		findings(&w, in->findings);
	forecasts(&w, WR_MEASURE_FORECAST);
	forecasts(&w, WR_MEASURE_FORECAST_MEETS);
	if (in->requests)
		requests(&w, in->requests);
	if (in->advice)
		advice(&w, in->advice);
	put(&w, WR_MEASURE_BUILD, &version, 1, (struct wr_number){.u = 1}, 0);
	if (in->self)
		self(&w, in->self);
	sink->end(ctx, w.open);
}
