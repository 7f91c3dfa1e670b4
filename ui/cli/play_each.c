/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/cli/play_each.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "capture/stream.h"
#include "ui/cli/stop.h"

enum { BATCH = 8192, KEPT_BYTES = 64 << 20, KEPT_MAX = 1 << 18 };

struct each {
	const char *path; /* of the labels */
	struct wr_stream *labels;
	wr_play_fn fn;
	void *ctx;
	uint64_t n;
	int failed; /* -errno */
	struct wr_err err;
};

static void one(void *ctx, const struct wr_packet *pkt)
{
	struct each *e = ctx;
	uint8_t label;
	int ret;

	if (e->failed)
		return;
	ret = wr_stream_need(e->labels, 1, &e->err);
	if (ret == -ENODATA)
		e->failed = wr_fail(&e->err, EINVAL, "%s: only %llu labels, and more packets",
				    e->path, (unsigned long long)e->n);
	else if (ret < 0)
		e->failed = wr_within(&e->err, "%s", e->path);
	if (ret < 1)
		return;
	label = *e->labels->pos;
	wr_stream_skip(e->labels, 1);
	e->n++;
	e->failed = e->fn(e->ctx, pkt, label, &e->err);
}

static int all(struct each *e, const char *capture, struct wr_err *err)
{
	struct wr_source *s = NULL;
	int n = wr_file_open(&s, capture, NULL, err);

	while (n >= 0 && !e->failed && !wr_stopped)
		n = s->ops->read(s, one, e, BATCH, err);
	wr_source_close(&s);
	if (e->failed) {
		*err = e->err;
		return e->failed;
	}
	if (wr_stopped)
		return wr_fail(err, EINTR, "%s: interrupted", capture);
	return n == -ENODATA ? 0 : n;
}

int wr_play_each(const char *capture, const char *labels, wr_play_fn fn, void *ctx,
		 struct wr_err *err)
{
	struct each e = {.path = labels, .fn = fn, .ctx = ctx};
	int ret = wr_stream_open(&e.labels, labels, err);

	if (ret)
		return wr_within(err, "%s", labels);
	ret = all(&e, capture, err);
	if (!ret && wr_stream_need(e.labels, 1, err) == 1)
		ret = wr_fail(err, EINVAL, "%s: more labels than the %llu packets of %s", labels,
			      (unsigned long long)e.n, capture);
	wr_stream_close(&e.labels);
	return ret;
}

/* ---- kept packets ---- */

struct kept {
	uint64_t ts_ns;
	uint32_t at, number; /* of its bytes; in the order in which it came */
	struct wr_packet pkt;
};

struct wr_play_kept {
	uint8_t *bytes;	  /* owned, KEPT_BYTES */
	struct kept *one; /* owned, KEPT_MAX */
	uint32_t used, n, next;
	bool sorted;
};

int wr_play_kept_open(struct wr_play_kept **out, struct wr_err *err)
{
	struct wr_play_kept *k = calloc(1, sizeof(*k));

	if (k) {
		k->bytes = malloc(KEPT_BYTES);
		k->one = calloc(KEPT_MAX, sizeof(*k->one));
	}
	if (!k || !k->bytes || !k->one) {
		wr_play_kept_close(&k);
		return wr_fail(err, ENOMEM, "no memory for packets that are played twice");
	}
	*out = k;
	return 0;
}

void wr_play_kept_close(struct wr_play_kept **kept)
{
	struct wr_play_kept *k = *kept;

	if (!k)
		return;
	free(k->bytes);
	free(k->one);
	free(k);
	*kept = NULL;
}

void wr_play_keep(struct wr_play_kept *k, const struct wr_packet *pkt, uint64_t ts_ns)
{
	struct kept *one = &k->one[k->n];

	if (k->n == KEPT_MAX || k->used + pkt->caplen > KEPT_BYTES)
		return;
	*one = (struct kept){.ts_ns = ts_ns, .at = k->used, .number = k->n, .pkt = *pkt};
	one->pkt.ts_ns = ts_ns;
	one->pkt.iface = "";
	memcpy(k->bytes + k->used, pkt->data, pkt->caplen);
	k->used += pkt->caplen;
	k->n++;
}

static int by_time(const void *a, const void *b)
{
	const struct kept *x = a, *y = b;

	if (x->ts_ns != y->ts_ns)
		return x->ts_ns < y->ts_ns ? -1 : 1;
	return x->number < y->number ? -1 : 1;
}

const struct wr_packet *wr_play_due(struct wr_play_kept *k, uint64_t ts_ns)
{
	struct kept *one;

	if (!k->sorted) {
		qsort(k->one, k->n, sizeof(*k->one), by_time);
		k->sorted = true;
	}
	if (k->next == k->n || k->one[k->next].ts_ns > ts_ns)
		return NULL;
	one = &k->one[k->next++];
	one->pkt.data = k->bytes + one->at;
	return &one->pkt;
}
