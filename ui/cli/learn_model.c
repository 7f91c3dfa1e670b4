/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/keep.h"
#include "core/parse.h"
#include "core/judge.h"
#include "detect/truth.h"
#include "model/train.h"
#include "ui/cli/command.h"
#include "ui/cli/learn.h"
#include "ui/cli/learn_self.h"
#include "ui/cli/play_each.h"
#include "ui/cli/stop.h"

/* weir learn train, model, features: models for `score NAME over 0.9` (docs/model.md). */

enum { TREES = 4, LEVELS = 6, HELD_OUT = 4 /* one flow in so many */, FLUSH = 1 << 16 };

static int needs_files(const struct wr_learn_args *a, const char *what, int most,
		       struct wr_err *err)
{
	if (!a->n_files)
		return wr_fail(err, EINVAL, "%s", what);
	if (most && a->n_files > most)
		return wr_fail(err, EINVAL, "'%s': one file", a->files[most]);
	return 0;
}

static int write_model(const struct wr_model *m, const char *path, struct wr_err *err)
{
	struct wr_buf b = {0};
	int ret;

	wr_model_print(&b, m);
	ret = wr_keep_write(&b, path);
	wr_buf_free(&b);
	return ret ? wr_fail(err, -ret, "cannot write %s: %s", path, strerror(-ret)) : 0;
}

/* ---- labelled captures ---- */

struct taking {
	struct wr_parse parse;
	struct wr_judging traffic; /* what a packet is part of, as core/traffic.h counts it */
	struct wr_truth truth;
	struct wr_train_set learn, test;
	uint32_t findings;	      /* above info, where captures have no labels */
	const struct wr_model *model; /* features: NULL: no scores */
	struct wr_buf out;
};

static void see(struct taking *t, const struct wr_packet *pkt, struct wr_model_values *v)
{
	t->parse.max_depth = 1;
	wr_parse(&t->parse, pkt->data, pkt->caplen, pkt->len, pkt->linktype);
	t->traffic.rec = &t->parse.rec;
	t->traffic.judge.len = pkt->len;
	t->traffic.judge.now_ns = pkt->ts_ns;
	wr_judge_traffic(&t->traffic, WR_HEAD_TRAFFIC);
	*v = t->traffic.values;
	wr_model_see(v, &t->parse.rec, 0, pkt->len);
}

/* Captures know nothing of each other. */
static void begin_capture(struct taking *t)
{
	memset(t->traffic.tracks, 0, WR_TRACK_LINES * sizeof(*t->traffic.tracks));
}

static struct taking *open_taking(struct wr_err *err)
{
	struct taking *t = calloc(1, sizeof(*t));

	if (t)
		t->traffic.tracks = calloc(WR_TRACK_LINES, sizeof(*t->traffic.tracks));
	if (t && t->traffic.tracks)
		return t;
	free(t);
	wr_fail(err, ENOMEM, "out of memory");
	return NULL;
}

static void close_taking(struct taking *t)
{
	free(t->traffic.tracks);
	free(t);
}

/* All packets between two addresses are on the same side, or what is held out would have been seen
 * already. */
static bool held_out(const struct wr_rec *rec)
{
	const struct wr_hdr *h = &rec->hdr[0];
	uint32_t n = h->ip_v == 4 ? 4 : 16;
	uint64_t pair = 0;

	if (!(h->has & WR_H_IP))
		return false;
	for (uint32_t i = 0; i < n; i++)
		pair = wr_mix(pair ^ (uint64_t)(h->src[i] ^ h->dst[i]) ^
			      (uint64_t)(h->src[i] + h->dst[i]) << 8);
	return pair % HELD_OUT == 0;
}

/* Packets of events that nobody counts are of neither kind. */
static int take(void *ctx, const struct wr_packet *pkt, uint8_t label, struct wr_err *err)
{
	struct taking *t = ctx;
	bool attack = wr_truth_event(&t->truth, label);
	struct wr_model_values v = {0};

	(void)err;
	see(t, pkt, &v);
	if (!label || attack)
		wr_train_add(held_out(&t->parse.rec) ? &t->test : &t->learn, &v, attack);
	return 0;
}

static int take_own(void *ctx, const struct wr_packet *pkt, uint8_t label, struct wr_err *err)
{
	struct taking *t = ctx;
	struct wr_model_values v = {0};

	(void)err;
	see(t, pkt, &v);
	if (label != WR_SELF_NEITHER)
		wr_train_add(held_out(&t->parse.rec) ? &t->test : &t->learn, &v,
			     label == WR_SELF_ATTACK);
	return 0;
}

static int take_all(struct taking *t, const struct wr_learn_args *a, struct wr_err *err)
{
	int ret = 0;

	for (int i = 0; i < a->n_files && !ret; i++) {
		begin_capture(t);
		if (a->self) {
			ret = wr_learn_self(a->files[i], take_own, t, &t->findings, err);
			continue;
		}
		ret = wr_truth_read(&t->truth, a->files[i], err);
		ret = ret ? ret : wr_play_each(a->files[i], t->truth.labels, take, t, err);
	}
	if (!ret && a->self && !t->learn.n[1])
		ret = wr_fail(err, EINVAL,
			      "weir finds %u above info in it and keeps nothing out: no packets of "
			      "attacks to learn from",
			      t->findings);
	return ret;
}

/* ---- train ---- */

/* What one network alone has: ports, and the distance to it. A model that asks for them knows that
 * network. */
static const uint32_t of_one_network =
	1u << WR_MODEL_SPORT | 1u << WR_MODEL_DPORT | 1u << WR_MODEL_TTL;

/* What has to be counted for it: asked about when it is asked for. */
static const struct {
	const char *word;
	uint32_t features;
} groups[] = {{"flow", WR_MODEL_OF_FLOW}, {"source", WR_MODEL_OF_SOURCE}};

static uint32_t features_called(const char *s, size_t n)
{
	int f = wr_model_feature(s, n);

	for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++)
		if (n == strlen(groups[i].word) && !memcmp(groups[i].word, s, n))
			return groups[i].features;
	return f < 0 ? 0 : 1u << f;
}

static int wanted(const struct wr_learn_args *a, uint32_t *features, struct wr_err *err)
{
	const char *s = a->with ? a->with : "";

	*features = ((1u << WR_MODEL_FLOW_PACKETS) - 1) & ~of_one_network;
	while (*s) {
		size_t n = strcspn(s, ",");
		uint32_t called = features_called(s, n);

		if (!called)
			return wr_fail(err, EINVAL,
				       "--with %.*s: no feature of packets (weir learn features "
				       "--list names all), nor flow or source",
				       (int)n, s);
		*features |= called;
		s += n + (s[n] == ',');
	}
	return 0;
}

static void tell_over(struct wr_buf *b, const struct wr_model *m, const struct wr_train_set *s,
		      const char *what)
{
	static const uint32_t bounds[] = {500, 900};

	for (size_t i = 0; i < sizeof(bounds) / sizeof(*bounds); i++) {
		wr_buf_fmt(b, "%s over %.1f:", what, bounds[i] / 1000.0);
		for (int kind = 1; kind >= 0; kind--)
			if (s->n[kind])
				wr_buf_fmt(b, "%s %.2f %% of %" PRIu32 " %s", kind ? "" : ",",
					   100.0 * wr_train_over(m, s, kind, bounds[i]) /
						   s->n[kind],
					   s->n[kind], kind ? "of attacks" : "usual");
			else
				wr_buf_fmt(b, " none %s", kind ? "of attacks" : "usual");
		wr_buf_char(b, '\n');
	}
}

static int train(struct taking *t, const struct wr_learn_args *a, struct wr_err *err)
{
	struct wr_train_conf conf = {
		.trees = a->trees ? (uint32_t)a->trees : TREES,
		.levels = a->levels ? (uint32_t)a->levels : LEVELS,
		.seed = a->seed,
	};
	struct wr_model *m = NULL;
	struct wr_buf b = {0};
	int ret = wanted(a, &conf.features, err);

	if (!ret && (wr_train_open(&t->learn, a->seed) || wr_train_open(&t->test, a->seed + 1)))
		ret = wr_fail(err, ENOMEM, "out of memory");
	ret = ret ? ret : take_all(t, a, err);
	ret = ret ? ret : wr_train(&m, &t->learn, &conf, err);
	ret = ret ? ret : write_model(m, a->out, err);
	if (ret) {
		wr_model_free(&m);
		return ret;
	}
	if (a->self)
		wr_buf_fmt(&b, "%" PRIu32 " findings above info label the packets\n", t->findings);
	wr_buf_fmt(&b,
		   "learned from %" PRIu32 " packets of attacks of %" PRIu64 " and %" PRIu32
		   " usual ones of %" PRIu64 "; one pair of addresses in %d was held out\n",
		   t->learn.n[1], t->learn.seen[1], t->learn.n[0], t->learn.seen[0], HELD_OUT);
	tell_over(&b, m, &t->learn, "learned, ");
	tell_over(&b, m, &t->test, "held out,");
	wr_model_tell(&b, m);
	wr_model_free(&m);
	return wr_print(&b, err);
}

int wr_learn_train(const struct wr_learn_args *a, struct wr_err *err)
{
	struct taking *t = open_taking(err);
	int ret = needs_files(a, "train: which labelled captures?", 0, err);

	if (!t)
		return WR_EXIT_FAILED;
	if (!ret && !a->out)
		ret = wr_fail(err, EINVAL, "train: into which file? -o FILE");
	wr_stop_on_signals();
	ret = ret ? ret : train(t, a, err);
	wr_train_close(&t->learn);
	wr_train_close(&t->test);
	close_taking(t);
	return wr_exit_status(ret);
}

/* ---- model ---- */

int wr_learn_model(const struct wr_learn_args *a, struct wr_err *err)
{
	struct wr_model *m = NULL;
	struct wr_buf b = {0};
	int ret = needs_files(a, "model: which file?", 1, err);

	ret = ret ? ret : wr_model_read(&m, a->files[0], err);
	if (!ret && a->out)
		ret = write_model(m, a->out, err);
	if (!ret)
		wr_model_tell(&b, m);
	wr_model_free(&m);
	return ret ? wr_exit_status(ret) : wr_exit_status(wr_print(&b, err));
}

/* ---- features ---- */

static int list(struct wr_err *err)
{
	struct wr_buf b = {0};

	for (uint32_t f = 0; f < WR_MODEL_FEATURE_COUNT; f++) {
		size_t from = b.used;

		wr_buf_str(&b, wr_model_feature_name(f));
		while (b.used - from < 15)
			wr_buf_char(&b, ' ');
		wr_buf_fmt(&b, "%s\n", wr_model_feature_what(f));
	}
	return wr_print(&b, err);
}

static void head(struct taking *t, bool labels)
{
	for (uint32_t f = 0; f < WR_MODEL_FEATURE_COUNT; f++)
		wr_buf_fmt(&t->out, "%s%s", f ? "," : "", wr_model_feature_name(f));
	wr_buf_str(&t->out, labels ? ",label" : "");
	wr_buf_str(&t->out, t->model ? ",score\n" : "\n");
}

static int row(struct taking *t, const struct wr_packet *pkt, int label)
{
	struct wr_model_values v = {0};

	see(t, pkt, &v);
	for (uint32_t f = 0; f < WR_MODEL_FEATURE_COUNT; f++)
		wr_buf_fmt(&t->out, "%s%" PRIu32, f ? "," : "", wr_model_value(&v, f));
	if (label >= 0)
		wr_buf_fmt(&t->out, ",%d", label);
	if (t->model)
		wr_buf_fmt(&t->out, ",%.6f", wr_model_score(t->model, wr_model_walk(t->model, &v)));
	wr_buf_char(&t->out, '\n');
	return t->out.used < FLUSH ? 0 : wr_buf_flush(&t->out, 1);
}

static int labelled_row(void *ctx, const struct wr_packet *pkt, uint8_t label, struct wr_err *err)
{
	int ret = row(ctx, pkt, label);

	return ret ? wr_fail(err, -ret, "standard output: %s", strerror(-ret)) : 0;
}

static void plain_row(void *ctx, const struct wr_packet *pkt)
{
	if (row(ctx, pkt, -1))
		wr_stopped = 1;
}

static int plain(struct taking *t, const char *path, struct wr_err *err)
{
	struct wr_source *s = NULL;
	int n = wr_file_open(&s, path, NULL, err);

	while (n >= 0 && !wr_stopped)
		n = s->ops->read(s, plain_row, t, 1024, err);
	wr_source_close(&s);
	return n == -ENODATA || n > 0 ? 0 : n;
}

static int features(struct taking *t, const struct wr_learn_args *a, struct wr_err *err)
{
	struct wr_err none = {0};
	struct wr_model *m = NULL;
	int ret = a->model ? wr_model_read(&m, a->model, err) : 0, labels = 0;

	if (ret)
		return ret;
	t->model = m;
	for (int i = 0; i < a->n_files && !ret; i++) {
		bool has = !wr_truth_read(&t->truth, a->files[i], &none);

		begin_capture(t);
		if (i && has != labels)
			ret = wr_fail(err, EINVAL, "%s: all captures need labels, or none",
				      a->files[i]);
		labels = has;
		if (!i)
			head(t, labels);
		if (!ret)
			ret = labels ? wr_play_each(a->files[i], t->truth.labels, labelled_row, t,
						    err)
				     : plain(t, a->files[i], err);
	}
	wr_model_free(&m);
	return ret ? ret : wr_print(&t->out, err);
}

int wr_learn_features(const struct wr_learn_args *a, struct wr_err *err)
{
	struct taking *t = open_taking(err);
	int ret = a->list ? list(err) : needs_files(a, "features: of which captures?", 0, err);

	if (!t)
		return WR_EXIT_FAILED;
	wr_stop_on_signals();
	if (!ret && !a->list)
		ret = features(t, a, err);
	if (ret)
		wr_buf_free(&t->out);
	close_taking(t);
	return wr_exit_status(ret);
}
