/* SPDX-License-Identifier: GPL-2.0-or-later */
/* History: what goes in comes out, and sums are exact. */
#include "tests/unit/store.h"

#include <zlib.h>

#include "store/block.h"

/* ---- blocks ---- */

static struct wr_block block;
static struct wr_buf data, bloom;

static void extreme(struct wr_store_flow *f, struct flows *g)
{
	memset(f, 0, sizeof(*f));
	f->end_ns = flows_random(g);
	f->start_ns = flows_random(g);
	for (int i = 0; i < 2; i++) {
		f->packets[i] = flows_random(g) >> flows_random(g) % 64;
		f->bytes[i] = flows_random(g) % 2 ? UINT64_MAX : 0;
	}
	for (int i = 0; i < 16; i++)
		f->src[i] = (uint8_t)(flows_random(g) % 3 ? 0 : flows_random(g));
	f->rtt_us = (uint32_t)flows_random(g);
	f->dport = (uint16_t)flows_random(g);
	f->proto = f->ip_v = f->end = 255;
	memset(f->iface, 'x', flows_random(g) % WR_STORE_IFACE_MAX);
	memset(f->host, 0xc3, flows_random(g) % WR_STORE_HOST_MAX);
}

static void blocks(void)
{
	static const uint32_t sizes[] = {1, 2, 3, 17, 255, 256, 4096, WR_BLOCK_ROWS};
	struct wr_store_flow *rows = calloc(WR_BLOCK_ROWS, sizeof(*rows));
	struct flows g = {.seed = 1, .now_ns = T0 * NS, .step_ns = 100000};
	unsigned int bad = 0;

	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		for (int turn = 0; turn < 2; turn++) {
			for (uint32_t i = 0; i < sizes[s]; i++) {
				if (turn)
					extreme(&rows[i], &g);
				else
					flows_next(&g, &rows[i]);
			}
			bad += !wr_block_put(&block, rows, sizes[s], &data, &bloom);
			bad += wr_block_get(&block, (uint8_t *)data.at, data.used, NULL) !=
			       (int)sizes[s];
			bad += memcmp(rows, block.row, sizes[s] * sizeof(*rows)) != 0;
		}
	}
	is_int(bad, 0, "blocks of 1 to 16384 flows, common and extreme, come back as they were");
	free(rows);
}

/* Bytes changed; with and without a right checksum. */
static void damaged_blocks(void)
{
	struct flows g = {.seed = 2, .now_ns = T0 * NS, .step_ns = 100000};
	struct wr_store_flow rows[200];
	unsigned int accepted = 0, odd = 0;
	uint8_t *copy;

	for (int i = 0; i < 200; i++)
		flows_next(&g, &rows[i]);
	wr_block_put(&block, rows, 200, &data, &bloom);
	copy = malloc(data.used);
	for (int turn = 0; turn < 20000; turn++) {
		size_t n = turn % 5 ? data.used : flows_random(&g) % data.used;
		uint32_t crc;
		int ret;

		memcpy(copy, data.at, n);
		for (int k = 0; k < 1 + turn % 4 && n; k++)
			copy[flows_random(&g) % n] ^= (uint8_t)(1 + flows_random(&g) % 255);
		if (turn % 2 && n > 4) {
			crc = (uint32_t)crc32(0, copy, (uInt)(n - 4));
			memcpy(copy + n - 4, &crc, 4);
		}
		ret = wr_block_get(&block, copy, n, NULL);
		accepted += !(turn % 2) && ret >= 0;
		odd += ret > WR_BLOCK_ROWS || (ret < 0 && ret != -EBADMSG);
	}
	is_int(accepted, 0, "a changed block is noticed");
	is_int(odd, 0, "a block that somebody made up does no harm");
	free(copy);
}

/* ---- flows through the file ---- */

static void flows_through(void)
{
	struct flows g = {.seed = 3, .now_ns = T0 * NS, .step_ns = NS / 1000};
	const char *path = in_dir("flows.db");
	struct wr_store *s = open_store(path, NULL);
	struct list in = {0}, out;
	struct wr_store_flow f;
	unsigned int bad = 0;

	for (unsigned int second = 0; second < 300; second++) {
		unsigned int n = (unsigned int)flows_skewed(&g, 1024);

		n = second == 100 ? 40000 : second == 200 ? 5000 : n;
		for (unsigned int i = 0; i < n; i++) {
			flows_next(&g, &f);
			push(&in, &f);
			bad += !wr_store_flow(s, &f);
		}
		bad += wr_store_commit(s, (T0 + second) * NS, &err) != 0;
		if (second % 50 == 49) {
			out = read_flows(path, NULL, NULL);
			bad += !same(&in, &out);
			drop(&out);
		}
	}
	is_int(bad, 0, "%zu flows of 300 seconds come back while they are written", in.n);
	ok(ask_sql(path, "SELECT count(*) FROM flow_block") <= 60,
	   "blocks of a second were merged: %lld are left",
	   (long long)ask_sql(path, "SELECT count(*) FROM flow_block"));
	is_int(wr_store_close(&s, &err), 0, "closes");
	ok(!there(in_dir("flows.db-wal")), "afterwards it is one file");
	out = read_flows(path, NULL, NULL);
	ok(same(&in, &out), "and they are all there, in their order");
	drop(&out);

	s = open_store(path, NULL);
	for (int second = 300; second < 340; second++) {
		flows_next(&g, &f);
		push(&in, &f);
		wr_store_flow(s, &f);
		wr_store_commit(s, (uint64_t)(T0 + second) * NS, &err);
	}
	wr_store_close(&s, &err);
	out = read_flows(path, NULL, NULL);
	ok(same(&in, &out), "a second run goes on where the first one ended");
	drop(&out);
	drop(&in);
}

static bool meets(const struct wr_store_filter *f, const struct wr_store_flow *r)
{
	bool src = !memcmp(r->src, f->addr, 16), dst = !memcmp(r->dst, f->addr, 16);

	return r->end_ns >= f->from_ns && (!f->to_ns || r->start_ns < f->to_ns) &&
	       (!(f->by & WR_STORE_BY_SRC) || !memcmp(r->src, f->src, 16)) &&
	       (!(f->by & WR_STORE_BY_DST) || !memcmp(r->dst, f->dst, 16)) &&
	       (!(f->by & WR_STORE_BY_EITHER) || src || dst) &&
	       (!(f->by & WR_STORE_BY_DPORT) || r->dport == f->dport) &&
	       (!(f->by & WR_STORE_BY_PORT) || r->dport == f->port || r->sport == f->port) &&
	       (!(f->by & WR_STORE_BY_PROTO) || r->proto == f->proto);
}

/* Every filter against the plain look at each flow. */
static void filters(void)
{
	struct flows g = {.seed = 5};
	const char *path = in_dir("flows.db");
	struct list all = read_flows(path, NULL, NULL), want, out;
	unsigned int bad = 0, hits = 0;

	for (unsigned int turn = 0; turn < 200; turn++) {
		const struct wr_store_flow *f = &all.flow[flows_random(&g) % all.n];
		struct wr_store_filter q = {.by = turn % 64};

		memcpy(q.src, f->src, 16);
		memcpy(q.dst, f->dst, 16);
		memcpy(q.addr, turn % 2 ? f->src : f->dst, 16);
		q.dport = f->dport;
		q.port = turn % 2 ? f->sport : f->dport;
		q.proto = f->proto;
		if (turn % 3)
			q.from_ns = f->end_ns + (turn % 3 == 2);
		if (turn % 4)
			q.to_ns = q.from_ns + flows_skewed(&g, 100 * NS);
		want = (struct list){0};
		for (size_t i = 0; i < all.n; i++)
			if (meets(&q, &all.flow[i]))
				push(&want, &all.flow[i]);
		out = read_flows(path, &q, NULL);
		bad += !same(&want, &out);
		hits += out.n > 0;
		drop(&want);
		drop(&out);
	}
	is_int(bad, 0, "200 filters give what a look at each flow gives");
	ok(hits > 100, "%u of them find something", hits);
	drop(&all);
}

static void flow_borders(void)
{
	const char *path = in_dir("borders.db");
	struct wr_store_flow f = {.start_ns = T0 * NS, .end_ns = (T0 + 10) * NS, .ip_v = 4};
	struct wr_store *s = open_store(path, NULL);
	struct list l;
	static const struct {
		uint64_t from_ns, to_ns;
		size_t n;
		const char *what;
	} cases[] = {
		{0, 0, 1, "no range"},
		{(T0 + 10) * NS, 0, 1, "from its last nanosecond on"},
		{(T0 + 10) * NS + 1, 0, 0, "from the next one on"},
		{0, T0 * NS, 0, "up to its first nanosecond"},
		{0, T0 * NS + 1, 1, "and with it"},
		{(T0 + 3) * NS, (T0 + 4) * NS, 1, "a time within it"},
		{UINT64_MAX, 0, 0, "after the end of time"},
		{0, UINT64_MAX, 1, "up to the end of time"},
	};

	wr_store_flow(s, &f);
	wr_store_close(&s, &err);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct wr_store_filter q = {.from_ns = cases[i].from_ns, .to_ns = cases[i].to_ns};

		l = read_flows(path, &q, NULL);
		is_int((long long)l.n, (long long)cases[i].n, "a flow and its time: %s",
		       cases[i].what);
		drop(&l);
	}
}

/* A block is damaged: the others are read, and it is said. */
static void damaged_flow_block(void)
{
	struct flows g = {.seed = 6, .now_ns = T0 * NS, .step_ns = NS / 1000};
	const char *path = in_dir("flows-damaged.db");
	struct wr_store *s = open_store(path, NULL);
	struct list in = {0}, out;
	uint64_t damaged = 0;
	struct wr_store_flow f;

	for (int i = 0; i < 3 * 5000; i++) {
		flows_next(&g, &f);
		wr_store_flow(s, &f);
		if (i < 5000 || i >= 10000)
			push(&in, &f);
		if (i % 5000 == 4999)
			wr_store_commit(s, T0 * NS, &err);
	}
	wr_store_close(&s, &err);
	do_sql(path, "UPDATE flow_data SET data = substr(data, 1, 2000) || x'00' ||"
		     " substr(data, 2002) WHERE id = 5001");
	out = read_flows(path, NULL, &damaged);
	ok(same(&in, &out) && damaged == 1,
	   "a damaged block is left out and told, the others are read");
	drop(&in);
	drop(&out);
}

/* ---- roll-ups ---- */

enum { KEYS = 12, SPAN_S = 3 * 3600 };

static struct wr_store_counts truth[KEYS][SPAN_S];

static const char *key_of(int k)
{
	static char key[32];

	snprintf(key, sizeof(key), "tcp/%d@10.0.0.5", k);
	return k ? key : "";
}

static enum wr_store_kind kind_of(int k)
{
	return k ? WR_STORE_SERVICE : WR_STORE_TOTAL;
}

static void add(struct wr_store_counts *to, const struct wr_store_counts *n)
{
#define X(name, sep) to->name += n->name;
	WR_STORE_COUNT_TABLE(X)
#undef X
}

static bool equal(const struct wr_store_counts *a, const struct wr_store_counts *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static void count(struct wr_store *s, struct flows *g, int k, unsigned int second)
{
	struct wr_store_counts n = {
		.packets = 1 + flows_skewed(g, 1 << 20),
		.bytes = flows_skewed(g, 1 << 30),
		.packets_back = flows_skewed(g, 1 << 10),
		.bytes_back = flows_skewed(g, 1 << 20),
		.flows = flows_skewed(g, 256),
		.dropped = second % 9 ? 0 : flows_skewed(g, 100),
		.limited = second % 11 ? 0 : 1,
	};

	add(&truth[k][second], &n);
	wr_store_count(s, kind_of(k), key_of(k), T0 + second, &n);
}

struct points {
	uint64_t from_s;
	uint32_t res_s;
	struct wr_store_counts *at; /* by period from from_s on */
	uint64_t last_s, n, stop;
	bool disorder;
};

static bool point(void *ctx, const struct wr_store_point *p)
{
	struct points *x = ctx;

	x->disorder = x->disorder || p->t_s <= x->last_s || p->t_s % x->res_s;
	x->last_s = p->t_s;
	x->n++;
	if (x->at && p->t_s >= x->from_s && p->t_s < x->from_s + SPAN_S)
		add(&x->at[(p->t_s - x->from_s) / x->res_s], &p->n);
	return !x->stop || x->n < x->stop;
}

/* All of a key in all resolutions against the truth. Returns how many periods are wrong. */
static unsigned int wrong_periods(struct wr_store_reader *r, int k)
{
	static struct wr_store_counts got[SPAN_S], want[SPAN_S];
	static const uint32_t res[] = {1, 60, 3600};
	unsigned int bad = 0;

	for (int i = 0; i < 3; i++) {
		struct wr_store_ask q = {.kind = kind_of(k),
					 .key = key_of(k),
					 .from_s = T0,
					 .to_s = T0 + SPAN_S,
					 .res_s = res[i]};
		struct points x = {.from_s = T0, .res_s = res[i], .at = got};

		memset(got, 0, sizeof(got));
		memset(want, 0, sizeof(want));
		for (unsigned int t = 0; t < SPAN_S; t++)
			add(&want[t / res[i]], &truth[k][t]);
		bad += wr_store_read_rollup(r, &q, point, &x, &err) != 0;
		bad += x.disorder;
		for (unsigned int t = 0; t < SPAN_S / res[i]; t++)
			bad += !equal(&got[t], &want[t]);
	}
	return bad;
}

static unsigned int all_wrong_periods(const char *path)
{
	struct wr_store_reader *r = NULL;
	unsigned int bad = 0;

	if (wr_store_read_open(&r, path, &err))
		return 1;
	for (int k = 0; k < KEYS; k++)
		bad += wrong_periods(r, k);
	wr_store_read_close(&r);
	return bad;
}

/* By the view that people ask. */
static void by_sql(const char *path)
{
	struct wr_store_counts sum = {0};
	char sql[256];

	for (unsigned int t = 0; t < SPAN_S; t++)
		add(&sum, &truth[3][t]);
	for (int res = 1; res <= 3600; res *= 60) {
		snprintf(sql, sizeof(sql),
			 "SELECT sum(bytes) FROM rollup WHERE kind='service' AND key='%s' AND "
			 "res=%d",
			 key_of(3), res);
		is_int(ask_sql(path, sql), (long long)sum.bytes,
		       "the view rollup has the same sum in periods of %d s", res);
	}
}

static void rollups(void)
{
	const char *path = in_dir("rollups.db");
	struct wr_store *s = open_store(path, NULL);
	struct flows g = {.seed = 7};
	unsigned int bad = 0;

	for (unsigned int second = 0; second < SPAN_S; second++) {
		for (int k = 0; k < KEYS; k++) {
			if (!k || flows_random(&g) % 3)
				count(s, &g, k, second);
			/* What is told late, or in pieces. */
			if (flows_random(&g) % 50 == 0)
				count(s, &g, k, (unsigned int)(flows_random(&g) % (second + 1)));
		}
		bad += wr_store_commit(s, (T0 + second) * NS, &err) != 0;
		if (second % 1987 == 1986)
			bad += all_wrong_periods(path);
		if (second == 5000) {
			wr_store_close(&s, &err);
			s = open_store(path, NULL);
		}
	}
	is_int(bad, 0, "while they are written seconds, minutes and hours are the truth");
	is_int(all_wrong_periods(path), 0, "at the end of three hours too");
	by_sql(path);
	is_int(wr_store_close(&s, &err), 0, "closes");
	is_int(all_wrong_periods(path), 0, "closed: the same");
	is_int(ask_sql(path, "SELECT count(*) FROM pragma_integrity_check"
			     " WHERE integrity_check <> 'ok'"),
	       0, "SQLite finds it in order");
}

static uint64_t points_between(struct wr_store_reader *r, uint64_t from, uint64_t to, uint32_t res)
{
	struct wr_store_ask q = {
		.kind = WR_STORE_TOTAL, .key = "", .from_s = from, .to_s = to, .res_s = res};
	struct points x = {.res_s = res};

	wr_store_read_rollup(r, &q, point, &x, &err);
	return x.n;
}

static uint32_t chosen(struct wr_store_reader *r, uint64_t from, uint64_t to, uint32_t most)
{
	struct wr_store_ask q = {
		.kind = WR_STORE_TOTAL, .key = "", .from_s = from, .to_s = to, .points_max = most};
	struct points x = {.res_s = 1};

	wr_store_read_rollup(r, &q, point, &x, &err);
	return q.res_s;
}

static void rollup_borders(void)
{
	struct wr_store_reader *r = NULL;
	struct wr_store_ask q = {.kind = WR_STORE_SERVICE, .key = "tcp/99@10.0.0.5", .to_s = T0};
	struct points x = {.res_s = 1, .stop = 3};

	wr_store_read_open(&r, in_dir("rollups.db"), &err);
	is_int((long long)points_between(r, T0, T0 + 10, 1), 10, "from is in, to is not");
	is_int((long long)points_between(r, T0 + 5, T0 + 6, 1), 1, "one second");
	is_int((long long)points_between(r, T0 + 5, T0 + 5, 1), 0, "no time");
	is_int((long long)points_between(r, T0 + 9, T0 + 5, 1), 0, "less than no time");
	is_int((long long)points_between(r, 0, T0, 1), 0, "before it began");
	is_int((long long)points_between(r, 0, UINT64_MAX, 3600), 3, "all hours there are");
	is_int((long long)points_between(r, T0 + 59, T0 + 61, 60), 2, "minutes that are touched");
	is_int((long long)points_between(r, T0 + 61, T0 + 119, 60), 1, "one minute from within");
	is_int((long long)points_between(r, T0 + SPAN_S - 1, T0 + SPAN_S + 60, 1), 1,
	       "the last second");
	is_int(chosen(r, T0, T0 + 240, 0), 1, "four minutes are told in seconds");
	is_int(chosen(r, T0, T0 + 241, 0), 60, "a second more in minutes");
	is_int(chosen(r, T0, T0 + 7200, 0), 60, "two hours in minutes");
	is_int(chosen(r, T0, T0 + 86400, 0), 3600, "a day in hours");
	is_int(chosen(r, T0, T0 + 86400, 1440), 60, "a day in minutes when 1440 points are wanted");
	is_int(points_between(r, T0, T0 + 10, 7) ? 0 : err.code, EINVAL,
	       "periods of seven seconds there are not");
	is_int(wr_store_read_rollup(r, &q, point, &x, &err), -ENOENT, "a key that is not there");
	ok(!!strstr(err.text, "holds nothing of service 'tcp/99@10.0.0.5'; there are for example "
			      "'tcp/"),
	   "and some that are: %s", err.text);
	q.kind = WR_STORE_TOTAL;
	q.key = "";
	q.from_s = T0;
	q.to_s = T0 + 100;
	wr_store_read_rollup(r, &q, point, &x, &err);
	is_int((long long)x.n, 3, "a callback may stop");
	wr_store_read_close(&r);
}

struct top {
	char key[4][WR_STORE_KEY_MAX];
	uint64_t bytes[4];
	int n;
};

static bool top_key(void *ctx, const char *key, const struct wr_store_counts *n)
{
	struct top *t = ctx;

	snprintf(t->key[t->n], sizeof(t->key[0]), "%s", key);
	t->bytes[t->n++] = n->bytes;
	return t->n < 4;
}

static void tops(void)
{
	struct wr_store_ask q = {.kind = WR_STORE_SERVICE, .from_s = T0, .to_s = T0 + SPAN_S};
	struct wr_store_reader *r = NULL;
	uint64_t most = 0, bytes;
	struct top t = {0};
	int best = 0;

	for (int k = 1; k < KEYS; k++) {
		bytes = 0;
		for (int i = 0; i < SPAN_S; i++)
			bytes += truth[k][i].bytes;
		best = bytes > most ? k : best;
		most = bytes > most ? bytes : most;
	}
	wr_store_read_open(&r, in_dir("rollups.db"), &err);
	is_int(wr_store_read_top(r, &q, 3, top_key, &t, &err), 0, "the first three services");
	wr_store_read_close(&r);
	ok(t.n == 3 && !strcmp(t.key[0], key_of(best)) && t.bytes[0] == most &&
		   t.bytes[1] >= t.bytes[2] && t.bytes[2] > 0,
	   "most bytes first, with the right sum");
}

/* Keys of names that strangers chose: told apart, printable, and their own keys. */
static void keys(void)
{
	char long_one[200], to[WR_STORE_KEY_MAX], other[WR_STORE_KEY_MAX], again[WR_STORE_KEY_MAX];

	wr_store_key(to, "GET /users/{id}");
	is_str(to, "GET /users/{id}", "a usual name is its own key");
	memset(long_one, 'a', sizeof(long_one));
	long_one[199] = 0;
	wr_store_key(to, long_one);
	long_one[198] = 'b';
	wr_store_key(other, long_one);
	wr_store_key(again, to);
	ok(strlen(to) == WR_STORE_KEY_MAX - 1 && strcmp(to, other) && !strcmp(to, again),
	   "a long one is cut, told apart by its end, and its key has itself: %s", to);
	long_one[WR_STORE_KEY_MAX - 1] = 0;
	wr_store_key(to, long_one);
	is_str(to, long_one, "one that just fits stays");
	wr_store_key(to, "GET /\033[2J\n");
	wr_store_key(other, "GET /?[2J?");
	ok(!strchr(to, 27) && !strchr(to, 10) && strcmp(to, other),
	   "nothing in it steers a terminal: %s", to);
}

/* Of requests those come first that were asked most, whatever they weigh. */
static void asked_most(void)
{
	struct wr_store_ask q = {.kind = WR_STORE_ROUTE, .from_s = T0, .to_s = T0 + 60};
	struct wr_store_counts light = {.packets = 9, .bytes = 1},
			       heavy = {.packets = 2, .bytes = 1000};
	struct wr_store_reader *r = NULL;
	struct wr_store *s = NULL;
	struct top t = {0};

	wr_store_open(&s, in_dir("asked.db"), NULL, &err);
	wr_store_count(s, WR_STORE_ROUTE, "GET /heavy", T0, &heavy);
	wr_store_count(s, WR_STORE_ROUTE, "GET /light", T0, &light);
	wr_store_close(&s, &err);
	wr_store_read_open(&r, in_dir("asked.db"), &err);
	is_int(wr_store_read_top(r, &q, 3, top_key, &t, &err), 0, "routes");
	wr_store_read_close(&r);
	ok(t.n == 2 && !strcmp(t.key[0], "GET /light"), "most requests first");
}

/* ---- incidents and rules ---- */

struct events {
	struct wr_store_incident incident[8];
	struct wr_store_rule rule[8];
	int incidents, rules;
};

static bool on_incident(void *ctx, const struct wr_store_incident *i)
{
	struct events *e = ctx;

	e->incident[e->incidents++] = *i;
	return e->incidents < 8;
}

static bool on_rule(void *ctx, const struct wr_store_rule *r)
{
	struct events *e = ctx;

	e->rule[e->rules++] = *r;
	return e->rules < 8;
}

static struct events read_events(const char *path, uint64_t from_s, uint64_t to_s)
{
	struct wr_store_reader *r = NULL;
	struct events e = {0};

	wr_store_read_open(&r, path, &err);
	wr_store_read_incidents(r, from_s * NS, to_s * NS, on_incident, &e, &err);
	wr_store_read_rules(r, from_s * NS, to_s * NS, on_rule, &e, &err);
	wr_store_read_close(&r);
	return e;
}

static void incidents(void)
{
	const char *path = in_dir("events.db");
	struct wr_store *s = open_store(path, NULL);
	struct wr_store_incident a = {.start_ns = T0 * NS,
				      .class = "syn_flood",
				      .severity = "high",
				      .target = "tcp/443@10.0.0.5",
				      .text = "it's \"big\"",
				      .evidence = "[{\"name\":\"syn/s\",\"value\":90000}]"};
	struct wr_store_rule b = {.at_ns = (T0 + 5) * NS,
				  .expires_ns = (T0 + 600) * NS,
				  .action = "block",
				  .state = "shadow",
				  .text = "from 192.0.2.1"};
	struct events e;

	a.id = wr_store_incident(s, &a);
	b.incident = a.id;
	b.id = wr_store_rule(s, &b);
	ok(a.id == 1 && b.id == 1, "ids are given at once");
	wr_store_commit(s, T0 * NS, &err);
	e = read_events(path, T0, T0 + 60);
	ok(e.incidents == 1 && !memcmp(&e.incident[0], &a, sizeof(a)), "an incident comes back");
	ok(e.rules == 1 && !memcmp(&e.rule[0], &b, sizeof(b)), "a rule comes back");
	a.end_ns = (T0 + 100) * NS;
	strcpy(b.state, "active");
	wr_store_incident(s, &a);
	wr_store_rule(s, &b);
	wr_store_close(&s, &err);
	e = read_events(path, T0 + 50, T0 + 60);
	ok(e.incidents == 1 && e.incident[0].end_ns == a.end_ns && !e.rules,
	   "it is changed, and found by a time within it");
	e = read_events(path, T0 + 101, T0 + 200);
	is_int(e.incidents, 0, "after its end it is not found");
	s = open_store(path, NULL);
	a.id = 0;
	ok(wr_store_incident(s, &a) == 2, "the next run goes on counting");
	for (int i = 0; i < 100; i++)
		wr_store_incident(s, &a);
	is_int((long long)wr_store_stats(s).events_lost, 101 - 64,
	       "more than there is room for are lost and counted");
	wr_store_close(&s, &err);
	is_int(ask_sql(path, "SELECT count(*) FROM incident"), 65, "the others are written");
	is_int(ask_sql(path, "SELECT count(*) FROM rule WHERE state='active' AND incident=1"), 1,
	       "people can ask by SQL");
}

/* ---- what is there, and other limits ---- */

/* Flows and counts of a day, a minute each. */
static void fill_day(struct wr_store *s)
{
	struct wr_store_counts one = {.packets = 1};
	struct flows g = {.seed = 17, .step_ns = NS / 1000};
	struct wr_store_flow f;

	for (unsigned int minute = 0; minute < 1440; minute++) {
		uint64_t now_s = T0 + 60 * minute;

		g.now_ns = now_s * NS;
		for (int i = 0; i < 20; i++) {
			flows_next(&g, &f);
			wr_store_flow(s, &f);
		}
		wr_store_count(s, WR_STORE_TOTAL, "", now_s, &one);
		wr_store_commit(s, now_s * NS, &err);
	}
}

static void limits(void)
{
	const char *path = in_dir("limits.db");
	struct wr_store *s = open_store(path, NULL);
	struct wr_store_conf conf = {
		.flow_age_s = 3600, .second_age_s = 3600, .minute_age_s = 3600, .hour_age_s = 7200};
	uint64_t end_s = T0 + 86400;
	struct wr_store_stats st = wr_store_stats(s);

	ok(!st.oldest_ns && !st.flows_there, "of an empty file nothing is told");
	fill_day(s);
	st = wr_store_stats(s);
	is_int((long long)st.flows_there, ask_sql(path, "SELECT sum(rows) FROM flow_block"),
	       "%llu flows are told to be there, and are", (unsigned long long)st.flows_there);
	ok(st.oldest_ns <= T0 * NS && st.oldest_ns >= (T0 - 600) * NS,
	   "the oldest is of the first minute, or a flow that had begun before");
	conf.max_bytes = 1 << 20;
	is_int(wr_store_limits(s, &conf, &err), -EINVAL, "a limit that is too small is refused");
	conf.max_bytes = 16 << 20;
	is_int(wr_store_limits(s, &conf, &err), 0, "other limits are taken");
	for (int i = 0; i < 400; i++)
		wr_store_commit(s, (end_s + (uint64_t)i) * NS, &err);
	st = wr_store_stats(s);
	/* Blocks of 4096 go as a whole: three hours and a half. */
	ok(st.flows_there > 0 && st.flows_there <= 2 * 4096,
	   "what is too old by them has gone: %llu flows are left",
	   (unsigned long long)st.flows_there);
	is_int((long long)st.flows_there, ask_sql(path, "SELECT sum(rows) FROM flow_block"),
	       "as is told");
	ok(st.oldest_ns >= (end_s - 5 * 3600) * NS, "the oldest is of the last hours");
	is_int(ask_sql(path,
		       "SELECT count(*) FROM rollup WHERE res=1 AND t < 1800000000 + 82800 - 120"),
	       0, "of the seconds those of the last hour are left");
	wr_store_close(&s, &err);
}

/* ---- how much and how fast ---- */

static void million(void)
{
	struct flows g = {.seed = 11, .now_ns = T0 * NS, .step_ns = NS / 10000};
	const char *path = in_dir("million.db");
	struct wr_store *s = open_store(path, NULL);
	struct wr_store_flow *made = calloc(50000, sizeof(*made));
	double spent = 0, start;
	uint64_t n = 0;

	for (unsigned int second = 0; second < 20; second++) {
		for (unsigned int i = 0; i < 50000; i++)
			flows_next(&g, &made[i]);
		start = seconds();
		for (unsigned int i = 0; i < 50000; i++)
			n += wr_store_flow(s, &made[i]);
		wr_store_commit(s, g.now_ns, &err);
		spent += seconds() - start;
	}
	wr_store_close(&s, &err);
	is_int((long long)n, 1000000, "a million flows are taken");
	is_int(ask_sql(path, "SELECT sum(rows) FROM flow_block"), 1000000, "and are there");
	note("%.2f million rows/s, %.1f bytes a row", 1e-6 * (double)n / spent,
	     (double)size_of(path) / (double)n);
	free(made);
}

int main(void)
{
	make_dir();
	if (wr_block_open(&block))
		return 1;
	blocks();
	damaged_blocks();
	flows_through();
	filters();
	flow_borders();
	damaged_flow_block();
	rollups();
	rollup_borders();
	tops();
	keys();
	asked_most();
	incidents();
	limits();
	million();
	wr_block_close(&block);
	wr_buf_free(&data);
	wr_buf_free(&bloom);
	remove_dir();
	return done();
}
