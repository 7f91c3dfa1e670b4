/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "view/requests.h"
#include "view/table.h"

enum { WIDTH = 78 };

struct page {
	struct wr_buf *b;
	const struct wr_api_stats *s;
	uint32_t top;
	bool color;
	const struct wr_requests_joined *joined; /* NULL: only lines are known */
};

/* How the rows of one table are written. */
struct form {
	const struct wr_view_column *columns;
	void (*cells)(struct wr_view_table *t, const struct wr_api_row *r);
	bool models; /* only what is asked of a model */
};

static void failed_cells(struct wr_view_table *t, const struct wr_api_row *r)
{
	wr_view_number(t->cell[1], r->requests);
	wr_view_percent(t->cell[2], r->classes[4], r->requests);
	wr_view_percent(t->cell[3], r->classes[5] + r->classes[0], r->requests);
}

static void time_cell(char cell[WR_VIEW_CELL], const struct wr_api_hist *h, double share)
{
	if (h->n)
		wr_view_duration(cell, wr_api_hist_quantile(h, share));
	else
		snprintf(cell, WR_VIEW_CELL, "-");
}

static void bytes_cell(char cell[WR_VIEW_CELL], uint64_t n)
{
	wr_view_si(cell, (double)n, "B");
}

static void route_cells(struct wr_view_table *t, const struct wr_api_row *r)
{
	failed_cells(t, r);
	time_cell(t->cell[4], &r->total, 0.5);
	time_cell(t->cell[5], &r->total, 0.95);
	time_cell(t->cell[6], &r->total, 0.99);
}

static void who_cells(struct wr_view_table *t, const struct wr_api_row *r)
{
	failed_cells(t, r);
	time_cell(t->cell[4], &r->total, 0.95);
	bytes_cell(t->cell[5], r->bytes_in);
	bytes_cell(t->cell[6], r->bytes_out);
}

static void model_cells(struct wr_view_table *t, const struct wr_api_row *r)
{
	wr_view_number(t->cell[1], r->requests);
	if (r->with_tokens) {
		wr_view_number(t->cell[2], r->tokens_in);
		wr_view_number(t->cell[3], r->tokens_out);
	} else {
		snprintf(t->cell[2], WR_VIEW_CELL, "-");
		snprintf(t->cell[3], WR_VIEW_CELL, "-");
	}
	time_cell(t->cell[4], &r->first, 0.5);
	time_cell(t->cell[5], &r->first, 0.95);
	time_cell(t->cell[6], &r->total, 0.95);
}

/* Strangers' text, so that it steers no terminal; what is too long loses its middle. */
static void route_label(struct wr_buf *label, const char *route)
{
	size_t n = strlen(route);

	if (n > WIDTH)
		wr_view_fit(label, route, WIDTH, WR_VIEW_CUT_MIDDLE, true);
	else
		wr_view_plain(label, route, true);
}

static void label_of(struct wr_view_table *t, enum wr_api_by by, const struct wr_api_row *r)
{
	struct wr_buf *label = wr_view_table_label(t);
	uint64_t hash;

	if (by == WR_API_ROUTES) {
		route_label(label, r->key);
	} else if (by == WR_API_CONSUMERS) {
		memcpy(&hash, r->key, sizeof(hash));
		wr_buf_hex(label, hash, 16);
	} else {
		wr_view_address(label, (const uint8_t *)r->key + 1, r->key[0]);
	}
}

static void rest(struct wr_view_table *t, const struct form *f, const char *label,
		 const struct wr_api_row *r)
{
	if (!r->requests)
		return;
	wr_buf_str(wr_view_table_label(t), label);
	f->cells(t, r);
	wr_view_table_row(t);
}

static void rows(struct page *p, enum wr_api_by by, const struct form *f, const char *none)
{
	const struct wr_api_table *all = wr_api_stats_table(p->s, by);
	const struct wr_api_row *row[WR_API_ROWS];
	struct wr_view_table t = {.b = p->b, .color = p->color};
	static struct wr_api_row other;
	uint32_t of, n = wr_api_stats_rows(p->s, by, row, WR_API_ROWS, &of), shown = 0;

	other = all->other;
	for (uint32_t i = 0; i < n; i++) {
		if (f->models && !row[i]->model)
			continue;
		if (shown == p->top) {
			wr_api_row_join(&other, row[i]);
			continue;
		}
		if (!shown++)
			wr_view_table_head(&t, f->columns);
		label_of(&t, by, row[i]);
		f->cells(&t, row[i]);
		wr_view_table_row(&t);
	}
	if (shown && !f->models) {
		rest(&t, f, "other", &other);
		rest(&t, f, none, &all->none);
	}
	wr_view_table_end(&t);
}

static void head(struct page *p)
{
	const struct wr_api_row *total = wr_api_stats_total(p->s);
	uint64_t first_ns, last_ns, n;

	wr_api_stats_span(p->s, &first_ns, &last_ns);
	wr_view_digits(p->b, total->requests);
	wr_buf_str(p->b, total->requests == 1 ? " request" : " requests");
	if (last_ns) {
		wr_buf_str(p->b, ", ");
		wr_view_moment(p->b, first_ns);
		wr_buf_str(p->b, " to ");
		wr_view_moment(p->b, last_ns);
		wr_buf_str(p->b, " UTC");
	}
	wr_buf_char(p->b, '\n');
	n = wr_api_stats_unread_lines(p->s);
	if (n) {
		wr_view_digits(p->b, n);
		wr_buf_str(p->b,
			   n == 1 ? " line could not be read\n" : " lines could not be read\n");
	}
	n = wr_api_stats_lost_requests(p->s);
	if (n) {
		wr_view_digits(p->b, n);
		wr_buf_str(p->b, " more found no room on their way and are not counted\n");
	}
}

/* ---- packets ---- */

static void wire_row(struct wr_view_table *t, const struct wr_api_row *r,
		     const struct wr_requests_packets *p)
{
	label_of(t, WR_API_CLIENTS, r);
	wr_view_number(t->cell[1], p->in.packets);
	wr_view_number(t->cell[2], p->out.packets);
	bytes_cell(t->cell[3], p->in.bytes);
	bytes_cell(t->cell[4], p->out.bytes);
	if (p->flows)
		wr_view_duration(t->cell[5], p->rtt_mean_us * 1000ull);
	else
		snprintf(t->cell[5], WR_VIEW_CELL, "-");
	wr_view_table_row(t);
}

/* Of clients whose packets come here, and not to a balancer before. */
static void wire(struct page *p)
{
	static const struct wr_view_column columns[] = {
		{"Clients, by packets", 30}, {"in", 10}, {"out", 10}, {"bytes in", 10},
		{"bytes out", 10},	     {"rtt", 9}, {0}};
	const struct wr_requests_joined *j = p->joined;
	const struct wr_api_row *row[WR_API_ROWS];
	struct wr_view_table t = {.b = p->b, .color = p->color};
	struct wr_requests_packets packets;
	uint32_t of, n = wr_api_stats_rows(p->s, WR_API_CLIENTS, row, p->top, &of), shown = 0;

	for (uint32_t i = 0; j && j->client && i < n; i++) {
		if (!j->client(j->ctx, row[i], &packets))
			continue;
		if (!shown++)
			wr_view_table_head(&t, columns);
		wire_row(&t, row[i], &packets);
	}
	wr_view_table_end(&t);
}

static void lead(struct wr_buf *b, const struct wr_requests_near *near)
{
	char span[WR_VIEW_CELL];

	wr_view_duration(span, (uint64_t)(near->lead_ns < 0 ? -near->lead_ns : near->lead_ns));
	wr_buf_fmt(b, "      %s %s incident %llu (%s) began in packets\n", span,
		   near->lead_ns < 0 ? "before" : "after", (unsigned long long)near->incident,
		   near->klass);
}

/* What has failed lately, and what packets said before. */
static void failing(struct page *p)
{
	const struct wr_api_row *row[WR_API_ROWS];
	uint32_t of, n = wr_api_stats_rows(p->s, WR_API_ROUTES, row, p->top, &of), shown = 0;
	struct wr_requests_near near;

	for (uint32_t i = 0; i < n; i++) {
		if (!row[i]->failing_ns)
			continue;
		wr_buf_str(p->b, shown++ ? "" : "First failures (5xx, no answer; UTC)\n");
		wr_buf_str(p->b, "  ");
		wr_view_moment(p->b, row[i]->failing_ns);
		wr_buf_str(p->b, "  ");
		wr_view_fit(p->b, row[i]->key, WIDTH - 23, WR_VIEW_CUT_MIDDLE, true);
		wr_buf_char(p->b, '\n');
		if (p->joined && p->joined->near &&
		    p->joined->near(p->joined->ctx, row[i]->failing_ns, &near))
			lead(p->b, &near);
	}
}

void wr_view_requests_text(struct wr_buf *b, const struct wr_api_stats *s, uint32_t top, bool color,
			   const struct wr_requests_joined *joined)
{
	static const struct wr_view_column routes[] = {
		{"Routes", 30}, {"requests", 10}, {"4xx", 7}, {"5xx", 7},
		{"p50", 8},	{"p95", 9},	  {"p99", 9}, {0}};
	static const struct wr_view_column models[] = {
		{"Models", 27},	   {"requests", 10}, {"tok. in", 9}, {"tok. out", 9},
		{"first p50", 10}, {"p95", 7},	     {"all p95", 8}, {0}};
	static const struct wr_view_column consumers[] = {
		{"Consumers", 30}, {"requests", 10}, {"4xx", 7}, {"5xx", 7},
		{"p95", 8},	   {"in", 9},	     {"out", 9}, {0}};
	static const struct wr_view_column clients[] = {
		{"Clients", 30}, {"requests", 10}, {"4xx", 7}, {"5xx", 7},
		{"p95", 8},	 {"in", 9},	   {"out", 9}, {0}};
	static const struct form by_route = {routes, route_cells, false};
	static const struct form by_model = {models, model_cells, true};
	static const struct form by_consumer = {consumers, who_cells, false};
	static const struct form by_client = {clients, who_cells, false};
	struct page p = {.b = b, .s = s, .top = top, .color = color, .joined = joined};

	head(&p);
	rows(&p, WR_API_ROUTES, &by_route, "none");
	rows(&p, WR_API_ROUTES, &by_model, "none");
	rows(&p, WR_API_CONSUMERS, &by_consumer, "no consumer named");
	rows(&p, WR_API_CLIENTS, &by_client, "no client named");
	wire(&p);
	failing(&p);
}
