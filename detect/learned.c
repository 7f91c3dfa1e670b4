/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/learned.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <zlib.h>

#include "base/json.h"
#include "detect/impl.h"

enum { LEAST_S = 60 /* who was learned from for less is not worth a line */ };

#define DAY_NS (86400 * 1000000000ull)
#define KIND "weir learned"

/* ---- writing ---- */

static double digits4(double v)
{
	return round(v * 10000) / 10000;
}

static void write_norm(struct wr_buf *b, const struct wr_norm *n, enum count c)
{
	int last;

	wr_json_array(b, wr_feature_name(count_feature[c]));
	wr_json_double(b, NULL, digits4((double)n->level));
	wr_json_double(b, NULL, digits4((double)n->spread));
	wr_json_u64(b, NULL, n->seconds);
	for (last = WR_NORM_BINS; last && !n->times[last - 1];)
		last--;
	for (int i = 0; i < last; i++)
		wr_json_u64(b, NULL, n->times[i]);
	wr_json_end_array(b);
}

static void write_bounds(struct wr_buf *b, const struct target *t)
{
	wr_json_open_key(b, "bound");
	wr_json_u64(b, "seconds", t->bound_s);
	for (int i = 0; i < COUNT_N; i++) {
		wr_json_array(b, wr_feature_name(count_feature[i]));
		wr_json_double(b, NULL, digits4((double)t->bound[i].most));
		wr_json_double(b, NULL, digits4((double)t->bound[i].peak));
		wr_json_end_array(b);
	}
	wr_json_close(b);
}

static void write_week(struct wr_buf *b, const struct weeks *w, int i)
{
	const struct wr_week *of = &w->of[i];

	wr_json_open_key(b, wr_feature_name(count_feature[week_count[i]]));
	wr_json_double(b, "spread", digits4((double)of->spread));
	wr_json_u64(b, "hours", of->hours);
	wr_json_array(b, "mean");
	for (int h = 0; h < WR_WEEK_HOURS; h++)
		wr_json_double(b, NULL, digits4((double)of->mean[h]));
	wr_json_end_array(b);
	wr_json_array(b, "seen");
	for (int h = 0; h < WR_WEEK_HOURS; h++)
		wr_json_u64(b, NULL, of->seen[h]);
	wr_json_end_array(b);
	wr_json_close(b);
}

static struct wr_victim who(const struct target *t)
{
	struct wr_victim v = victim_of(t->key.addr, t->key.ip_v);

	if (t->key.tag)
		v.prefix = (uint8_t)t->key.tag;
	return v;
}

static void write_target(struct wr_buf *b, const struct wr_detect *d, const struct target *t)
{
	struct wr_victim v = who(t);

	wr_json_open(b);
	wr_json_ip(b, "addr", v.addr, v.ip_v);
	wr_json_u64(b, "prefix", v.prefix);
	wr_json_u64(b, "since_s", t->since_s);
	if (t->kept)
		wr_json_bool(b, "kept", true);
	wr_json_open_key(b, "norm");
	for (int i = 0; i < COUNT_N; i++)
		write_norm(b, &t->norm[i], (enum count)i);
	wr_json_close(b);
	write_bounds(b, t);
	if (t->week && d->weeks[t->week - 1].hours) {
		wr_json_open_key(b, "week");
		for (int i = 0; i < WEEK_N; i++)
			write_week(b, &d->weeks[t->week - 1], i);
		if (d->weeks[t->week - 1].drift != 0)
			wr_json_double(b, "drift", digits4((double)d->weeks[t->week - 1].drift));
		wr_json_close(b);
	}
	wr_json_close(b);
	wr_buf_char(b, '\n');
}

/* Who gives out addresses and routes, and what answers; see read_known(). */
static void write_known(struct wr_buf *b, const struct wr_detect *d)
{
	struct wr_offer_known o;
	struct wr_talk_key s;

	for (uint32_t at = 0; offers_next(d, &at, &o);) {
		wr_json_open(b);
		wr_json_u64(b, "offers", o.key.port);
		wr_json_ip(b, "who", o.key.addr, o.key.ip_v);
		wr_json_u64(b, "link", o.key.tag);
		wr_json_u64(b, "station", o.station);
		wr_json_u64(b, "says", o.says);
		if (o.doubted)
			wr_json_bool(b, "doubted", true);
		wr_json_close(b);
		wr_buf_char(b, '\n');
	}
	for (uint32_t at = 0; services_next(d, &at, &s);) {
		wr_json_open(b);
		wr_json_u64(b, "answers", s.port);
		wr_json_ip(b, "who", s.addr, s.ip_v);
		wr_json_u64(b, "proto", s.proto);
		wr_json_close(b);
		wr_buf_char(b, '\n');
	}
}

static bool worth(const struct target *t)
{
	return t->norm[C_PACKETS].seconds >= LEAST_S;
}

static uint32_t crc_of(const char *text, size_t n)
{
	return (uint32_t)crc32_z(0, (const Bytef *)text, n);
}

void wr_detect_learned_write(const struct wr_detect *d, struct wr_buf *b)
{
	size_t begin = b->used;
	uint32_t n = 0;

	for (uint32_t i = 0; i < d->targets.used; i++)
		n += worth(wr_rows_at(&d->targets, i));
	wr_json_open(b);
	wr_json_str(b, "kind", KIND);
	wr_json_u64(b, "version", WR_LEARNED_VERSION);
	wr_json_time(b, "written", d->step_ns);
	wr_json_u64(b, "written_s", d->step_ns / 1000000000u);
	wr_json_u64(b, "addresses", n);
	wr_json_close(b);
	wr_buf_char(b, '\n');
	for (uint32_t i = 0; i < d->targets.used; i++) {
		const struct target *t = wr_rows_at(&d->targets, i);

		if (worth(t))
			write_target(b, d, t);
	}
	write_known(b, d);
	wr_buf_fmt(b, "{\"crc32\":%" PRIu32 "}\n", crc_of(b->at + begin, b->used - begin));
}

/* ---- reading ---- */

struct lines {
	const char *at, *end;
};

/* The next line as an object, or NULL. */
static json_t *next_line(struct lines *l)
{
	const char *stop = l->at < l->end ? memchr(l->at, '\n', (size_t)(l->end - l->at)) : NULL;
	json_t *j;

	if (!stop)
		return NULL;
	j = json_loadb(l->at, (size_t)(stop - l->at), JSON_REJECT_DUPLICATES, NULL);
	l->at = stop + 1;
	return j;
}

static int wrong(struct wr_err *err, const char *why)
{
	return wr_fail(err, EINVAL, "this is no file of what weir has learned: %s", why);
}

/* The last line has to fit all before it. */
static int check(const char *text, size_t n, struct wr_err *err)
{
	const char *last = n > 1 && text[n - 1] == '\n' ? memrchr(text, '\n', n - 1) : NULL;
	uint32_t crc;

	if (!last || sscanf(last + 1, "{\"crc32\":%" SCNu32 "}", &crc) != 1)
		return wrong(err, "the last line is missing: it was cut off");
	if (crc != crc_of(text, (size_t)(last + 1 - text)))
		return wrong(err, "its checksum is another one: it was changed or damaged");
	return 0;
}

static int check_head(const json_t *head, uint64_t now_ns, uint64_t *away_ns, struct wr_err *err)
{
	const char *kind = json_string_value(json_object_get(head, "kind"));
	json_int_t version = json_integer_value(json_object_get(head, "version"));
	uint64_t written = (uint64_t)json_integer_value(json_object_get(head, "written_s"));

	if (!kind || strcmp(kind, KIND))
		return wrong(err, "the first line says nothing of the kind");
	if (version != WR_LEARNED_VERSION)
		return wr_fail(err, EINVAL, "it is of version %lld, and this weir reads version %d",
			       (long long)version, WR_LEARNED_VERSION);
	if (written * 1000000000u > now_ns + DAY_NS)
		return wr_fail(err, EINVAL,
			       "it was written in the future: is the clock of this host right?");
	*away_ns = now_ns > written * 1000000000u ? now_ns - written * 1000000000u : 0;
	return 0;
}

static double real(const json_t *array, size_t i)
{
	double v = json_number_value(json_array_get(array, i));

	return v >= 0 && v < 64 ? v : 0; /* of log(1 + rate) */
}

static void read_norm(struct wr_norm *n, const json_t *array, bool long_away)
{
	json_int_t seconds = json_integer_value(json_array_get(array, 2));

	n->level = (float)real(array, 0);
	n->spread = (float)real(array, 1);
	n->seconds = seconds > 0 && seconds < UINT32_MAX ? (uint32_t)seconds : 0;
	for (size_t i = 0; i < WR_NORM_BINS; i++) {
		json_int_t times = json_integer_value(json_array_get(array, 3 + i));

		n->times[i] = (uint16_t)(times < 0 ? 0 : times > UINT16_MAX ? UINT16_MAX : times);
	}
	if (long_away) {
		n->seconds /= 2;
		n->spread *= 1.5f;
	}
}

/* j NULL: of a weir that knew of none. Those are as the norms are now. */
static void read_bounds(struct target *t, const json_t *j)
{
	json_int_t seconds = json_integer_value(json_object_get(j, "seconds"));

	if (!j)
		seconds = (json_int_t)fmin(t->norm[C_PACKETS].seconds, WR_BOUND_DAY_S);
	t->bound_s = seconds > 0 && seconds < UINT32_MAX ? (uint32_t)seconds : 0;
	for (int i = 0; i < COUNT_N; i++) {
		const json_t *of = json_object_get(j, wr_feature_name(count_feature[i]));

		wr_bound_begin(&t->bound[i], &t->norm[i]);
		if (json_array_size(of) != 2)
			continue;
		t->bound[i].most = (float)real(of, 0);
		t->bound[i].peak = (float)real(of, 1);
	}
}

/* j NULL: of a weir that did not write it. Then it is known that long at least. */
static void read_since(struct target *t, const json_t *j)
{
	json_int_t since = json_integer_value(j);

	if (j && since > 0 && since <= t->since_s)
		t->since_s = (uint32_t)since;
	else if (!j && t->norm[C_PACKETS].seconds < t->since_s)
		t->since_s -= t->norm[C_PACKETS].seconds;
}

static void read_week(struct wr_week *w, const json_t *j)
{
	const json_t *mean = json_object_get(j, "mean"), *seen = json_object_get(j, "seen");
	json_int_t hours = json_integer_value(json_object_get(j, "hours"));

	w->spread = (float)fmin(64, fmax(0, json_number_value(json_object_get(j, "spread"))));
	w->hours = hours > 0 && hours < UINT32_MAX ? (uint32_t)hours : 0;
	for (unsigned int h = 0; h < WR_WEEK_HOURS; h++) {
		json_int_t n = json_integer_value(json_array_get(seen, h));

		w->mean[h] = (float)real(mean, h);
		w->seen[h] = (uint8_t)(n < 0 ? 0 : n > UINT8_MAX ? UINT8_MAX : n);
	}
}

static bool address(const char *text, uint8_t addr[16], uint8_t *ip_v)
{
	memset(addr, 0, 16);
	*ip_v = text && strchr(text, ':') ? 6 : 4;
	return text && inet_pton(*ip_v == 4 ? AF_INET : AF_INET6, text, addr) == 1;
}

/* A line that has "who" and either "offers" or "answers". */
static void read_known(struct wr_detect *d, const json_t *j)
{
	const json_t *offers = json_object_get(j, "offers"), *port = json_object_get(j, "answers");
	const char *who = json_string_value(json_object_get(j, "who"));
	struct wr_offer_known o = {0};
	struct wr_talk_key s = {0};

	if (offers && address(who, o.key.addr, &o.key.ip_v)) {
		o.key.port = (uint16_t)json_integer_value(offers);
		o.key.tag = (uint16_t)json_integer_value(json_object_get(j, "link"));
		o.station = (uint64_t)json_integer_value(json_object_get(j, "station"));
		o.says = (uint64_t)json_integer_value(json_object_get(j, "says"));
		o.doubted = json_is_true(json_object_get(j, "doubted"));
		offers_known(d, &o);
	} else if (port && address(who, s.addr, &s.ip_v)) {
		s.port = (uint16_t)json_integer_value(port);
		s.proto = (uint8_t)json_integer_value(json_object_get(j, "proto"));
		services_known(d, &s);
	}
}

static void read_target(struct wr_detect *d, const json_t *j, bool long_away)
{
	const char *text = json_string_value(json_object_get(j, "addr"));
	const json_t *norm = json_object_get(j, "norm"), *week = json_object_get(j, "week");
	json_int_t prefix = json_integer_value(json_object_get(j, "prefix"));
	uint8_t addr[16], ip_v;
	struct target *t;

	if (!address(text, addr, &ip_v))
		return;
	if (prefix == (ip_v == 4 ? 32 : 128))
		prefix = 0;
	if (prefix < 0 || prefix > 64)
		return;
	t = target_of(d, addr, ip_v, (uint16_t)prefix);
	for (int i = 0; i < COUNT_N; i++)
		read_norm(&t->norm[i], json_object_get(norm, wr_feature_name(count_feature[i])),
			  long_away);
	read_bounds(t, json_object_get(j, "bound"));
	read_since(t, json_object_get(j, "since_s"));
	t->kept = json_is_true(json_object_get(j, "kept")) && kept_number(d) < WR_LEARNED_KEPT;
	if (!week)
		return;
	week_make(d, t);
	for (int i = 0; t->week && i < WEEK_N; i++)
		read_week(&d->weeks[t->week - 1].of[i],
			  json_object_get(week, wr_feature_name(count_feature[week_count[i]])));
	if (!t->week)
		return;
	d->weeks[t->week - 1].hours = d->weeks[t->week - 1].of[0].hours;
	d->weeks[t->week - 1].drift =
		(float)fmax(-64, fmin(64, json_number_value(json_object_get(week, "drift"))));
}

/* All that can be wrong; l stands behind the first line then. */
static int check_all(struct lines *l, uint64_t now_ns, uint64_t *away_ns, struct wr_err *err)
{
	json_t *line;
	int ret = check(l->at, (size_t)(l->end - l->at), err);

	if (ret)
		return ret;
	line = next_line(l);
	ret = line ? check_head(line, now_ns, away_ns, err)
		   : wrong(err, "the first line is no JSON");
	json_decref(line);
	return ret;
}

int wr_detect_learned_check(const char *text, size_t n, uint64_t now_ns, struct wr_err *err)
{
	struct lines l = {text, text + n};
	uint64_t away_ns;

	return check_all(&l, now_ns, &away_ns, err);
}

int wr_detect_learned_read(struct wr_detect *d, const char *text, size_t n, uint64_t now_ns,
			   struct wr_err *err)
{
	struct lines l = {text, text + n};
	uint64_t away_ns = 0;
	json_t *line;
	int ret = check_all(&l, now_ns, &away_ns, err);

	if (ret)
		return ret;
	wr_detect_tick(d, now_ns);
	while ((line = next_line(&l))) {
		read_target(d, line, away_ns > DAY_NS);
		read_known(d, line);
		json_decref(line);
	}
	forget_touched(d);
	return 0;
}

/* ---- for people ---- */

void wr_detect_learned(const struct wr_detect *d, bool (*fn)(void *ctx, const struct wr_learned *l),
		       void *ctx)
{
	_Static_assert((int)COUNT_N <= (int)WR_LEARNED_FEATURES, "wr_learned has room for all");
	for (uint32_t i = 0; i < d->targets.used; i++) {
		const struct target *t = wr_rows_at(&d->targets, i);
		struct wr_learned l = {.who = who(t),
				       .seconds = t->norm[C_PACKETS].seconds,
				       .since_ns = t->since_s * 1000000000ull,
				       .kept = t->kept};

		if (t->week) {
			const struct wr_week *w = &d->weeks[t->week - 1].of[0];

			for (int h = 0; h < WR_WEEK_HOURS; h++)
				l.hours += w->seen[h] > 0;
		}
		for (int c = 0; c < COUNT_N; c++) {
			l.of[c].feature = (enum wr_feature)count_feature[c];
			l.of[c].now = d->step - t->step < STEPS ? t->sum[c] : 0;
			l.of[c].usual = wr_norm_usual(&t->norm[c]);
			l.of[c].most = most_usual(d, t, (enum count)c, TOLD_K);
		}
		l.n = COUNT_N;
		if (!fn(ctx, &l))
			return;
	}
}
