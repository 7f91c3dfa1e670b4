/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/cli/learn_self.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/parse.h"
#include "ui/cli/auto.h"
#include "ui/cli/find.h"
#include "ui/cli/stop.h"

enum { BATCH = 4096 };
static const uint64_t around_ns = 1000000000;

/* When something was found, from the first packet of it to the last. */
struct window {
	uint64_t from_ns, to_ns;
};

struct labelling {
	struct wr_parse parse;
	struct wr_find *find;
	struct wr_auto *automatic; /* NULL: the first time */
	struct window *window;	   /* owned; in order of their begin, apart from each other */
	uint32_t n;
	wr_play_fn fn;
	void *ctx;
	int failed; /* -errno */
	struct wr_err err;
};

static int by_begin(const void *a, const void *b)
{
	const struct window *x = a, *y = b;

	return x->from_ns < y->from_ns ? -1 : x->from_ns > y->from_ns;
}

static int note_windows(struct labelling *l, uint32_t *findings, struct wr_err *err)
{
	const struct wr_finding *f;
	uint32_t all = wr_find_found(l->find, &f), n = 0;

	l->window = calloc(all + 1, sizeof(*l->window));
	if (!l->window)
		return wr_fail(err, ENOMEM, "out of memory");
	for (uint32_t i = 0; i < all; i++)
		if (f[i].severity > WR_SEVERITY_INFO)
			l->window[n++] = (struct window){f[i].start_ns - around_ns,
							 f[i].last_ns + around_ns};
	*findings += n;
	qsort(l->window, n, sizeof(*l->window), by_begin);
	for (uint32_t i = 0; i < n; i++) {
		struct window *last = l->n ? &l->window[l->n - 1] : NULL, w = l->window[i];

		if (!last || w.from_ns > last->to_ns)
			l->window[l->n++] = w;
		else if (w.to_ns > last->to_ns)
			last->to_ns = w.to_ns;
	}
	return 0;
}

static bool within(const struct labelling *l, uint64_t ts_ns)
{
	uint32_t from = 0, to = l->n;

	while (from < to) {
		uint32_t middle = from + (to - from) / 2;

		if (l->window[middle].to_ns < ts_ns)
			from = middle + 1;
		else
			to = middle;
	}
	return from < l->n && l->window[from].from_ns <= ts_ns;
}

static void one(void *ctx, const struct wr_packet *pkt)
{
	struct labelling *l = ctx;
	bool out = false;

	if (l->failed)
		return;
	l->parse.max_depth = 1;
	wr_parse(&l->parse, pkt->data, pkt->caplen, pkt->len, pkt->linktype);
	if (l->automatic)
		l->failed = wr_auto_packet(l->automatic, pkt, &l->parse.rec, &out, &l->err);
	wr_find_packet(l->find, pkt, &l->parse.rec);
	if (l->automatic && !l->failed)
		l->failed = l->fn(l->ctx, pkt,
				  out			  ? WR_SELF_ATTACK
				  : within(l, pkt->ts_ns) ? WR_SELF_NEITHER
							  : WR_SELF_USUAL,
				  &l->err);
}

static int read_all(struct labelling *l, const char *path, struct wr_err *err)
{
	struct wr_source *s = NULL;
	int n = wr_find_open(&l->find, l->automatic, err);

	n = n ? n : wr_file_open(&s, path, NULL, err);
	while (s && n >= 0 && !l->failed && !wr_stopped)
		n = s->ops->read(s, one, l, BATCH, err);
	wr_source_close(&s);
	if (l->failed)
		*err = l->err;
	if (l->failed)
		return l->failed;
	if (wr_stopped)
		return wr_fail(err, EINTR, "%s: interrupted", path);
	if (n < 0 && n != -ENODATA)
		return n;
	wr_find_finish(l->find);
	return 0;
}

int wr_learn_self(const char *capture, wr_play_fn fn, void *ctx, uint32_t *findings,
		  struct wr_err *err)
{
	struct labelling *l = calloc(1, sizeof(*l));
	struct stat st;
	int ret = 0;

	if (!l)
		return wr_fail(err, ENOMEM, "out of memory");
	l->fn = fn;
	l->ctx = ctx;
	if (!strcmp(capture, "-") || (!stat(capture, &st) && !S_ISREG(st.st_mode)))
		ret = wr_fail(err, EINVAL, "%s: is read twice: a file is needed", capture);
	ret = ret ? ret : read_all(l, capture, err);
	ret = ret ? ret : note_windows(l, findings, err);
	wr_find_close(&l->find);
	ret = ret ? ret : wr_auto_open(&l->automatic, WR_ANSWER_ENFORCE, NULL, err);
	ret = ret ? ret : read_all(l, capture, err);
	wr_find_close(&l->find);
	wr_auto_close(&l->automatic);
	free(l->window);
	free(l);
	return ret;
}
