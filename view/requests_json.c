/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "view/requests.h"

enum { TOPS = 5 };

static const char *const of_names[WR_API_BY] = {"route", "consumer", "client"};

static const struct {
	const char *name;
	double share;
} quantiles[] = {{"p50", 0.5}, {"p95", 0.95}, {"p99", 0.99}};

/* Microseconds are all that a time has here. */
static double ms(uint64_t ns)
{
	uint64_t us = ns / 1000;

	return (double)us / 1000;
}

static void times(struct wr_buf *b, const char *key, const struct wr_api_hist *h)
{
	if (!h->n)
		return;
	wr_json_open_key(b, key);
	wr_json_u64(b, "requests", h->n);
	wr_json_double(b, "mean", ms(h->sum_ns / h->n));
	for (size_t i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++)
		wr_json_double(b, quantiles[i].name,
			       ms(wr_api_hist_quantile(h, quantiles[i].share)));
	wr_json_close(b);
}

static void statuses(struct wr_buf *b, const struct wr_api_row *r)
{
	static const char *const classes[6] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};

	wr_json_open_key(b, "classes");
	for (int i = 0; i < 6; i++)
		if (r->classes[i])
			wr_json_u64(b, classes[i], r->classes[i]);
	wr_json_close(b);
	wr_json_array(b, "statuses");
	for (int i = 0; i < WR_API_CODES && r->codes[i].n; i++) {
		wr_json_open(b);
		wr_json_u64(b, "status", r->codes[i].status);
		wr_json_u64(b, "requests", r->codes[i].n);
		wr_json_close(b);
	}
	wr_json_end_array(b);
	if (r->more_codes)
		wr_json_u64(b, "other_statuses", r->more_codes);
	wr_json_double(b, "error_share",
		       r->requests ? (double)(r->classes[5] + r->classes[0]) / (double)r->requests
				   : 0);
}

static void tops(struct wr_buf *b, const struct wr_api_row *r)
{
	struct wr_api_top top[WR_API_TOPS];
	uint32_t n = wr_api_row_tops(r, top);

	if (!n)
		return;
	wr_json_array(b, "top_clients");
	for (uint32_t i = 0; i < n && i < TOPS; i++) {
		wr_json_open(b);
		wr_json_ip(b, "client_ip", top[i].addr, top[i].ip_v);
		wr_json_u64(b, "requests", top[i].n);
		if (top[i].over)
			wr_json_u64(b, "over", top[i].over);
		wr_json_close(b);
	}
	wr_json_end_array(b);
}

static void counts(struct wr_buf *b, const struct wr_api_stats *s, const struct wr_api_row *r)
{
	double rate = wr_api_stats_rate(s, r);

	wr_json_u64(b, "requests", r->requests);
	if (rate >= 0)
		wr_json_double(b, "per_second", rate);
	statuses(b, r);
	wr_json_u64(b, "turned_away", r->turned_away);
	if (r->turned_by_us)
		wr_json_u64(b, "turned_away_by_weir", r->turned_by_us);
	wr_json_u64(b, "bytes_in", r->bytes_in);
	wr_json_u64(b, "bytes_out", r->bytes_out);
	times(b, "total_ms", &r->total);
	times(b, "first_byte_ms", &r->first);
	if (!r->with_tokens)
		return;
	wr_json_open_key(b, "tokens");
	wr_json_u64(b, "requests", r->with_tokens);
	wr_json_u64(b, "in", r->tokens_in);
	wr_json_u64(b, "out", r->tokens_out);
	wr_json_close(b);
}

static void way(struct wr_buf *b, const char *key, const struct wr_count *n)
{
	wr_json_open_key(b, key);
	wr_json_u64(b, "packets", n->packets);
	wr_json_u64(b, "bytes", n->bytes);
	wr_json_close(b);
}

static void packets(struct wr_buf *b, const struct wr_requests_joined *j,
		    const struct wr_api_row *r)
{
	struct wr_requests_packets p;

	if (!j || !j->client || !j->client(j->ctx, r, &p))
		return;
	wr_json_open_key(b, "wire");
	wr_json_str(b, "joined_by", p.by_port ? "port" : "address");
	way(b, "in", &p.in);
	way(b, "out", &p.out);
	if (p.flows) {
		wr_json_open_key(b, "rtt_us");
		wr_json_u64(b, "flows", p.flows);
		wr_json_u64(b, "least", p.rtt_least_us);
		wr_json_u64(b, "mean", p.rtt_mean_us);
		wr_json_u64(b, "most", p.rtt_most_us);
		wr_json_close(b);
	}
	wr_json_close(b);
}

static void failing(struct wr_buf *b, const struct wr_requests_joined *j,
		    const struct wr_api_row *r)
{
	struct wr_requests_near near;
	int64_t lead_ms;

	if (!r->failing_ns)
		return;
	wr_json_open_key(b, "failing");
	wr_json_time(b, "first", r->failing_ns);
	wr_json_time(b, "last", r->failed_ns);
	if (j && j->near && j->near(j->ctx, r->failing_ns, &near)) {
		wr_json_u64(b, "incident_id", near.incident);
		wr_json_str(b, "class", near.klass);
		lead_ms = near.lead_ns / 1000000;
		wr_json_double(b, "lead_s", (double)lead_ms / 1000);
	}
	wr_json_close(b);
}

static void begin(struct wr_buf *b, const char *of)
{
	wr_json_open(b);
	wr_json_str(b, "event_type", "api");
	wr_json_str(b, "of", of);
}

static void end(struct wr_buf *b)
{
	wr_json_close(b);
	wr_buf_char(b, '\n');
}

static void name(struct wr_buf *b, enum wr_api_by by, const struct wr_api_row *r)
{
	uint64_t hash;
	char hex[17];

	switch (by) {
	case WR_API_ROUTES:
		wr_json_str(b, "route", r->key);
		if (r->model)
			wr_json_str(b, "model", wr_api_model_name(r->model));
		break;
	case WR_API_CONSUMERS:
		memcpy(&hash, r->key, sizeof(hash));
		snprintf(hex, sizeof(hex), "%016llx", (unsigned long long)hash);
		wr_json_str(b, "consumer", hex);
		break;
	default:
		wr_json_ip(b, "client_ip", (const uint8_t *)r->key + 1, r->key[0]);
		break;
	}
	if (r->backend[0] && by == WR_API_ROUTES)
		wr_json_str(b, "backend", r->backend);
}

static void rest(struct wr_buf *b, const struct wr_api_stats *s, enum wr_api_by by,
		 const char *which, const struct wr_api_row *r)
{
	if (!r->requests)
		return;
	begin(b, of_names[by]);
	wr_json_str(b, "rest", which);
	counts(b, s, r);
	end(b);
}

/* Those that are not shown are with `other`, so that all add up. */
static void kind(struct wr_buf *b, const struct wr_api_stats *s, enum wr_api_by by, uint32_t top,
		 const struct wr_requests_joined *joined)
{
	const struct wr_api_table *t = wr_api_stats_table(s, by);
	const struct wr_api_row *rows[WR_API_ROWS];
	static struct wr_api_row other;
	uint32_t of, n = wr_api_stats_rows(s, by, rows, WR_API_ROWS, &of);

	other = t->other;
	for (uint32_t i = 0; i < n; i++) {
		if (i >= top) {
			wr_api_row_join(&other, rows[i]);
			continue;
		}
		begin(b, of_names[by]);
		name(b, by, rows[i]);
		counts(b, s, rows[i]);
		if (by == WR_API_CLIENTS)
			packets(b, joined, rows[i]);
		else
			tops(b, rows[i]);
		if (by == WR_API_ROUTES)
			failing(b, joined, rows[i]);
		end(b);
	}
	rest(b, s, by, "other", &other);
	rest(b, s, by, "none", &t->none);
}

void wr_view_requests_json(struct wr_buf *b, const struct wr_api_stats *s, uint32_t top,
			   const struct wr_requests_joined *joined)
{
	uint64_t first_ns, last_ns;

	wr_api_stats_span(s, &first_ns, &last_ns);
	begin(b, "total");
	counts(b, s, wr_api_stats_total(s));
	wr_json_u64(b, "unread_lines", wr_api_stats_unread_lines(s));
	wr_json_u64(b, "lost", wr_api_stats_lost_requests(s));
	if (last_ns) {
		wr_json_time(b, "began", first_ns);
		wr_json_time(b, "ended", last_ns);
	}
	end(b);
	for (int i = 0; i < WR_API_BY; i++)
		kind(b, s, (enum wr_api_by)i, top, joined);
}
