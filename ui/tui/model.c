/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/tui/model.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ui/tui/best.h"
#include "ui/tui/classes.h"
#include "ui/tui/lens.h"
#include "ui/tui/reasons.h"
#include "ui/tui/rules.h"

enum { FILTER, SCOPE, LENSES, FILTER_MAX = 1024 };

struct model {
	struct wr_tui_model seen; /* what others see of it */
	struct wr_live *live;
	struct wr_tui_lens *lens[LENSES]; /* owned; NULL = not needed */
	struct wr_tui_scope lens_scope;	  /* of lens[SCOPE] */
	char filter[FILTER_MAX];
	struct wr_tui_query made; /* that the rows answer */
	struct wr_tui_reasons reasons;
	/* The newest, and what is seen of them. */
	struct wr_tui_rules rules, rules_seen;
	struct wr_tui_classes classes, classes_seen;
	struct wr_ledger
		ledger[WR_TUI_HOOKS]; /* the newest; what is seen stays until the next making */
	int n_ledger;
	uint64_t no_row_before;
	struct wr_tui_rank rank[WR_TUI_ROWS];
	const struct wr_live_row *row[WR_TUI_ROWS];
};

static struct model *whole(struct wr_tui_model *m)
{
	return (struct model *)m;
}

/* ---- the tap: what goes on goes on in the lenses too ---- */

static void on_begin(void *ctx, uint64_t start_ns)
{
	struct model *m = ctx;

	for (int i = 0; i < LENSES; i++)
		if (m->lens[i])
			wr_tui_lens_begin(m->lens[i], start_ns);
}

static void on_part(void *ctx, const struct wr_live_part *part, const struct wr_flow *flow)
{
	struct model *m = ctx;

	for (int i = 0; i < LENSES; i++)
		if (m->lens[i])
			wr_tui_lens_part(m->lens[i], part, flow);
}

static void on_end(void *ctx, uint64_t end_ns)
{
	struct model *m = ctx;

	for (int i = 0; i < LENSES; i++)
		if (m->lens[i])
			wr_tui_lens_end(m->lens[i], end_ns);
}

static void set_tap(struct model *m)
{
	struct wr_live_tap tap = {m, on_begin, on_part, on_end, NULL};

	if (m->lens[FILTER] || m->lens[SCOPE])
		wr_live_tap(m->live, &tap);
	else
		wr_live_untap(m->live, m);
}

static void close_lens(struct model *m, int which)
{
	wr_tui_lens_close(&m->lens[which]);
	set_tap(m);
}

/* ---- open, close, filter ---- */

int wr_tui_model_open(struct wr_tui_model **out, struct wr_live *live, struct wr_err *err)
{
	struct model *m = calloc(1, sizeof(*m));

	if (!m)
		return wr_fail(err, ENOMEM, "no memory for a screen");
	m->live = live;
	m->seen.balanced = true;
	m->seen.rows = calloc(WR_TUI_ROWS + 1, sizeof(*m->seen.rows));
	m->seen.ledger = calloc(WR_TUI_HOOKS, sizeof(*m->seen.ledger));
	if (!m->seen.rows || !m->seen.ledger) {
		struct wr_tui_model *seen = &m->seen;

		wr_tui_model_close(&seen);
		return wr_fail(err, ENOMEM, "no memory for the rows of a screen");
	}
	*out = &m->seen;
	return 0;
}

void wr_tui_model_close(struct wr_tui_model **out)
{
	struct model *m = *out ? whole(*out) : NULL;

	if (!m)
		return;
	for (int i = 0; i < LENSES; i++)
		wr_tui_lens_close(&m->lens[i]);
	wr_live_untap(m->live, m);
	free(m->seen.rows);
	free(m->seen.ledger);
	free(m);
	*out = NULL;
}

int wr_tui_model_filter(struct wr_tui_model *seen, const char *filter, struct wr_err *err)
{
	struct model *m = whole(seen);
	struct wr_tui_lens *lens = NULL;
	int ret = 0;

	if (filter && strlen(filter) >= sizeof(m->filter))
		return wr_fail(err, EINVAL, "the filter is longer than %zu bytes",
			       sizeof(m->filter) - 1);
	if (filter && filter[strspn(filter, " \t")])
		ret = wr_tui_lens_open(&lens, m->live, NULL, filter, err);
	if (ret)
		return ret;
	close_lens(m, SCOPE); /* it looks through the old filter */
	close_lens(m, FILTER);
	m->lens[FILTER] = lens;
	set_tap(m);
	strcpy(m->filter, lens ? filter : "");
	m->made = (struct wr_tui_query){0};
	return 0;
}

const char *wr_tui_model_filtered(const struct wr_tui_model *seen)
{
	const struct model *m = (const struct model *)seen;

	return m->lens[FILTER] ? m->filter : NULL;
}

void wr_tui_model_ledger(struct wr_tui_model *seen, const struct wr_ledger *rows, int n)
{
	struct model *m = whole(seen);

	m->n_ledger = n < WR_TUI_HOOKS ? n : WR_TUI_HOOKS;
	memcpy(m->ledger, rows, (size_t)m->n_ledger * sizeof(*rows));
	wr_tui_reasons_add(&m->reasons, m->ledger, m->n_ledger);
}

void wr_tui_model_rules(struct wr_tui_model *seen, const struct wr_tui_rule *rules, int n)
{
	wr_tui_rules_add(&whole(seen)->rules, rules, n > 0 ? (uint32_t)n : 0);
}

void wr_tui_model_classes(struct wr_tui_model *seen, const struct wr_tui_class *classes, int n)
{
	wr_tui_classes_add(&whole(seen)->classes, classes, n > 0 ? (uint32_t)n : 0);
}

/* ---- where rows come from ---- */

static struct wr_live *filtered(const struct model *m)
{
	return m->lens[FILTER] ? wr_tui_lens_live(m->lens[FILTER]) : m->live;
}

static bool same_service(const struct wr_tui_scope *a, const struct wr_tui_scope *b)
{
	return a->has_service && b->has_service &&
	       !memcmp(&a->service, &b->service, sizeof(a->service));
}

/* Flows know what they belong to, so those of a scope are picked by row. The talkers of a service
 * have to be counted apart from what they say to others. */
static int source(struct model *m, const struct wr_tui_query *q, struct wr_live **out,
		  struct wr_err *err)
{
	int ret = 0;

	if (m->lens[SCOPE] && !same_service(&q->scope, &m->lens_scope))
		close_lens(m, SCOPE);
	*out = filtered(m);
	if (q->panel >= WR_TUI_DROPS || q->panel == WR_TUI_FLOWS || !wr_tui_scope_any(&q->scope))
		return 0;
	if (!m->lens[SCOPE]) {
		ret = wr_tui_lens_open(&m->lens[SCOPE], m->live, &q->scope,
				       wr_tui_model_filtered(&m->seen), err);
		m->lens_scope = q->scope;
		set_tap(m);
	}
	if (!ret)
		*out = wr_tui_lens_live(m->lens[SCOPE]);
	return ret;
}

static const enum wr_live_kind kind_of[WR_TUI_PANELS] = {
	[WR_TUI_SERVICES] = WR_LIVE_SERVICES,
	[WR_TUI_TALKERS] = WR_LIVE_TALKERS,
	[WR_TUI_PROTOCOLS] = WR_LIVE_PROTOCOLS,
};

/* ---- services, talkers, protocols ---- */

static void fill_cells(const struct wr_live *live, struct wr_tui_row *to,
		       const struct wr_live_row *r)
{
	struct wr_live_cell cell = wr_live_cell(live, r, 0);

	to->in_now = cell.in;
	to->out_now = cell.out;
	to->cells = WR_TUI_SERIES;
	for (unsigned int ago = 0; ago < WR_TUI_SERIES; ago++) {
		cell = wr_live_cell(live, r, ago);
		to->series[WR_TUI_SERIES - 1 - ago] = (double)(cell.in.bytes + cell.out.bytes);
	}
}

static void fill_live(const struct wr_live *live, struct wr_tui_row *to,
		      const struct wr_live_row *r)
{
	memset(to, 0, offsetof(struct wr_tui_row, series));
	memcpy(to->id, &r->key, sizeof(r->key));
	to->key = r->key;
	to->in = r->in;
	to->out = r->out;
	to->began_ns = r->first_ns;
	to->last_ns = r->last_ns;
	to->flows = r->flows;
	to->sources = r->sources;
	fill_cells(live, to, r);
}

/* What only the whole knows, not a part of it. */
static void describe(const struct model *m, struct wr_tui_row *to, enum wr_tui_panel panel)
{
	const struct wr_live_row *r = NULL;

	if (panel == WR_TUI_SERVICES && !to->other)
		r = wr_live_find(m->live, WR_LIVE_SERVICES, &to->key);
	if (r) {
		to->listens = r->listens;
		to->app = r->app;
	}
}

static void describe_flow(const struct model *m, struct wr_tui_row *to)
{
	const struct wr_app *app = wr_live_app(m->live, &to->flow);

	if (!app)
		return;
	to->app = (uint8_t)wr_app_proto(app);
	for (int end = 0; end < 2 && !to->app_name[0]; end++)
		snprintf(to->app_name, sizeof(to->app_name), "%s", app->said[end].host);
}

static void fill_other(struct wr_tui_model *seen, const struct wr_live *live,
		       enum wr_live_kind kind)
{
	const struct wr_live_row *other = wr_live_other(live, kind);

	if (!other->in.packets && !other->out.packets)
		return;
	fill_live(live, &seen->rows[seen->n], other);
	memset(seen->rows[seen->n].id, 0xff, sizeof(seen->rows[0].id));
	seen->rows[seen->n++].other = true;
}

static void make_live(struct model *m, struct wr_live *live, const struct wr_tui_query *q)
{
	enum wr_live_kind kind = kind_of[q->panel];
	uint32_t n = wr_live_top(live, kind, (enum wr_live_order)q->order, m->row, WR_TUI_ROWS);

	for (uint32_t i = 0; i < n; i++) {
		fill_live(live, &m->seen.rows[i], m->row[i]);
		describe(m, &m->seen.rows[i], q->panel);
	}
	m->seen.n = n;
	m->seen.all = wr_live_rows(live, kind);
	fill_other(&m->seen, live, kind);
}

/* ---- flows ---- */

static void fill_flow(const struct wr_flow_table *t, struct wr_tui_row *to, uint32_t row)
{
	struct wr_flow_pace pace = wr_flow_pace(t, row);
	struct wr_flow f = wr_flow_row(t, row);
	int server = wr_flow_server(&f);

	memset(to, 0, sizeof(*to));
	memcpy(to->id, &f.key, sizeof(f.key));
	to->flow = f;
	to->in = pace.all[!server];
	to->out = pace.all[server];
	to->in_now = pace.now[!server];
	to->out_now = pace.now[server];
	to->began_ns = pace.began_ns;
	to->last_ns = f.last_ns;
	to->flows = 1;
	to->cells = WR_FLOW_CELLS - 1;
	for (unsigned int ago = 0; ago < WR_FLOW_CELLS - 1; ago++)
		to->series[WR_TUI_SERIES - 1 - ago] = wr_flow_cell(t, row, ago);
}

static struct wr_tui_rank weigh(const struct wr_flow_table *t, uint32_t row,
				enum wr_tui_order order)
{
	struct wr_flow_pace p = wr_flow_pace(t, row);
	double now = (double)(p.now[0].bytes + p.now[1].bytes);
	double bytes = (double)(p.all[0].bytes + p.all[1].bytes);
	double packets = (double)(p.now[0].packets + p.now[1].packets);

	switch (order) {
	case WR_TUI_BY_BYTES:
		return (struct wr_tui_rank){bytes, now, row};
	case WR_TUI_BY_PACKETS:
		return (struct wr_tui_rank){packets, bytes, row};
	case WR_TUI_BY_AGE:
		return (struct wr_tui_rank){(double)p.began_ns, now, row};
	case WR_TUI_BY_RTT:
		return (struct wr_tui_rank){wr_flow_row(t, row).rtt_us, now, row};
	default:
		return (struct wr_tui_rank){now, bytes, row};
	}
}

static void make_flows(struct model *m, struct wr_live *live, const struct wr_tui_query *q)
{
	struct wr_tui_best best = {.at = m->rank, .max = WR_TUI_ROWS};
	struct wr_flow_table *t = wr_live_flows(live);
	uint32_t n = wr_flow_rows(t);
	bool some = wr_tui_scope_any(&q->scope);

	m->seen.all = 0;
	for (uint32_t row = 0; row < n; row++) {
		if (some) {
			struct wr_flow f = wr_flow_row(t, row);

			if (!wr_tui_scope_has(&q->scope, &f.key))
				continue;
		}
		m->seen.all++;
		wr_tui_best_add(&best, weigh(t, row, q->order));
	}
	wr_tui_best_sort(&best);
	for (uint32_t i = 0; i < best.n; i++) {
		fill_flow(t, &m->seen.rows[i], best.at[i].row);
		describe_flow(m, &m->seen.rows[i]);
	}
	m->seen.n = best.n;
}

/* ---- drops, ledger ---- */

static void make_drops(struct model *m, struct wr_live *live, const struct wr_tui_query *q)
{
	uint32_t n = wr_tui_rules_drops(&m->rules_seen, m->seen.rows, WR_TUI_RULES_MAX);

	(void)live, (void)q;
	n += wr_tui_reasons_rows(&m->reasons, m->seen.rows + n);
	m->seen.n = m->seen.all = n;
}

static void make_rules(struct model *m, struct wr_live *live, const struct wr_tui_query *q)
{
	(void)live, (void)q;
	m->seen.n = m->seen.all = wr_tui_rules_rows(&m->rules_seen, m->seen.rows);
}

static void make_classes(struct model *m, struct wr_live *live, const struct wr_tui_query *q)
{
	(void)live, (void)q;
	m->seen.n = m->seen.all = wr_tui_classes_rows(&m->classes_seen, m->seen.rows);
}

static const struct wr_live_row *iface_row(struct wr_live *live, const char *name)
{
	struct wr_talk_key key = {0};

	for (uint32_t i = 0; wr_live_iface_name(live, i)[0]; i++)
		if (!strcmp(wr_live_iface_name(live, i), name)) {
			key.port = (uint16_t)i;
			return wr_live_find(live, WR_LIVE_IFACES, &key);
		}
	return NULL;
}

/* A row of the ledger is about one way. */
static void fill_way(const struct wr_live *live, struct wr_tui_row *to, const struct wr_live_row *r,
		     bool out)
{
	to->cells = WR_TUI_SERIES;
	for (unsigned int ago = 0; ago < WR_TUI_SERIES; ago++) {
		struct wr_live_cell cell = wr_live_cell(live, r, ago);

		to->series[WR_TUI_SERIES - 1 - ago] =
			(double)(out ? cell.out.bytes : cell.in.bytes);
	}
}

static void make_ledger(struct model *m, struct wr_live *live, const struct wr_tui_query *q)
{
	(void)live, (void)q;
	for (int i = 0; i < m->seen.n_ledger; i++) {
		const struct wr_ledger *l = &m->seen.ledger[i];
		const struct wr_live_row *r = iface_row(m->live, l->iface);
		struct wr_tui_row *to = &m->seen.rows[i];

		memset(to, 0, sizeof(*to));
		to->id[0] = (uint64_t)l->hook + 1;
		memcpy(&to->id[1], l->iface, sizeof(l->iface));
		to->in = l->arrived;
		to->out = l->passed;
		to->began_ns = l->since_ns;
		to->ledger = l;
		if (r)
			fill_way(m->live, to, r, l->hook == WR_HOOK_TC_OUT);
	}
	m->seen.n = m->seen.all = (uint32_t)m->seen.n_ledger;
}

static void (*const make[WR_TUI_PANELS])(struct model *m, struct wr_live *live,
					 const struct wr_tui_query *q) = {
	[WR_TUI_SERVICES] = make_live, [WR_TUI_TALKERS] = make_live,
	[WR_TUI_FLOWS] = make_flows,   [WR_TUI_PROTOCOLS] = make_live,
	[WR_TUI_DROPS] = make_drops,   [WR_TUI_LEDGER] = make_ledger,
	[WR_TUI_RULES] = make_rules,   [WR_TUI_CLASSES] = make_classes,
};

/* ---- rows that stay where they are ---- */

/* Something that is gone keeps its sums and does nothing any more. */
static void quiet(struct wr_tui_row *r)
{
	r->in_now = r->out_now = (struct wr_count){0};
	memmove(r->series, r->series + 1, (WR_TUI_SERIES - 1) * sizeof(*r->series));
	r->series[WR_TUI_SERIES - 1] = 0;
}

static void renew(struct model *m, struct wr_live *live, enum wr_tui_panel panel)
{
	for (uint32_t i = 0; i < m->seen.n; i++) {
		struct wr_tui_row *to = &m->seen.rows[i];
		const struct wr_live_row *r = NULL;
		uint32_t row = UINT32_MAX;

		if (panel == WR_TUI_FLOWS)
			row = wr_flow_find(wr_live_flows(live), &to->flow.key);
		else if (!to->other)
			r = wr_live_find(live, kind_of[panel], &to->key);
		if (row != UINT32_MAX) {
			fill_flow(wr_live_flows(live), to, row);
			describe_flow(m, to);
		} else if (r) {
			fill_live(live, to, r);
			describe(m, to, panel);
		} else if (to->other) {
			m->seen.n = i; /* it is the last one */
			fill_other(&m->seen, live, kind_of[panel]);
		} else {
			quiet(to);
		}
	}
}

/* ---- all of it ---- */

static void make_totals(struct model *m, const struct wr_live *live)
{
	const struct wr_live_total *t = wr_live_totals(m->live);
	struct wr_tui_model *seen = &m->seen;
	struct wr_live_cell cell = wr_live_total_cell(live, 0);

	if (t->window != seen->window) {
		seen->no_row = t->other.packets - m->no_row_before;
		m->no_row_before = t->other.packets;
	}
	seen->window = t->window;
	seen->time_ns = t->window_ns;
	seen->in = wr_live_totals(live)->in;
	seen->out = wr_live_totals(live)->out;
	seen->in_now = cell.in;
	seen->out_now = cell.out;
	for (int i = 0; i < WR_LIVE_SIZES; i++)
		seen->sizes[i] = t->sizes[i].packets;
	for (unsigned int ago = 0; ago < WR_TUI_SERIES; ago++) {
		cell = wr_live_total_cell(live, ago);
		seen->in_series[WR_TUI_SERIES - 1 - ago] = (double)cell.in.bytes;
		seen->out_series[WR_TUI_SERIES - 1 - ago] = (double)cell.out.bytes;
		seen->packets_series[WR_TUI_SERIES - 1 - ago] = (double)cell.in.packets;
	}
}

static void make_books(struct model *m)
{
	struct wr_tui_model *seen = &m->seen;

	seen->n_ledger = m->n_ledger;
	memcpy(seen->ledger, m->ledger, (size_t)m->n_ledger * sizeof(*m->ledger));
	seen->balanced = true;
	for (int i = 0; i < seen->n_ledger; i++)
		seen->balanced = seen->balanced && seen->ledger[i].balanced;
	m->rules_seen = m->rules;
	m->classes_seen = m->classes;
	seen->malformed = m->reasons.any_now || m->rules_seen.any_now;
}

static void make_counts(struct model *m, struct wr_live *live)
{
	uint32_t *count = m->seen.count;

	count[WR_TUI_SERVICES] = wr_live_rows(live, WR_LIVE_SERVICES);
	count[WR_TUI_TALKERS] = wr_live_rows(live, WR_LIVE_TALKERS);
	count[WR_TUI_FLOWS] = wr_flow_rows(wr_live_flows(live));
	count[WR_TUI_PROTOCOLS] = wr_live_rows(live, WR_LIVE_PROTOCOLS);
	count[WR_TUI_DROPS] = m->reasons.n + wr_tui_rules_dropping(&m->rules_seen);
	count[WR_TUI_RULES] = m->rules_seen.n;
	count[WR_TUI_CLASSES] = m->classes_seen.n;
	count[WR_TUI_LEDGER] = (uint32_t)m->seen.n_ledger;
}

static bool goes_on(const struct wr_tui_query *q, const struct wr_tui_query *before)
{
	return q->hold && before->hold && q->panel == before->panel && q->order == before->order &&
	       q->panel < WR_TUI_DROPS && !memcmp(&q->scope, &before->scope, sizeof(q->scope));
}

int wr_tui_model_make(struct wr_tui_model *seen, const struct wr_tui_query *q, struct wr_err *err)
{
	struct model *m = whole(seen);
	struct wr_live *live = NULL;
	int ret = source(m, q, &live, err);

	make_books(m);
	make_totals(m, filtered(m));
	make_counts(m, filtered(m));
	if (ret)
		seen->n = seen->all = 0;
	else if (goes_on(q, &m->made))
		renew(m, live, q->panel);
	else
		make[q->panel](m, live, q);
	m->made = *q;
	return ret;
}

uint32_t wr_tui_model_find(const struct wr_tui_model *m, const uint64_t id[5])
{
	uint32_t i = 0;

	while (i < m->n && memcmp(m->rows[i].id, id, sizeof(m->rows[i].id)))
		i++;
	return i;
}
