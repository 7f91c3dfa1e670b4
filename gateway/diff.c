/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/gateway_impl.h"

/*
 * What has to be done so that a gateway has what is wanted: pure. Both lists are walked side by
 * side in the same order.
 */

int wr_gateway_seen_add(struct wr_gateway_seen *s, const struct wr_gateway_found *f)
{
	if (s->n == s->room) {
		size_t room = s->room ? s->room * 2 : 256;
		void *more = realloc(s->at, room * sizeof(*s->at));

		if (!more)
			return -ENOMEM;
		s->at = more;
		s->room = room;
	}
	s->at[s->n++] = *f;
	return 0;
}

void wr_gateway_seen_free(struct wr_gateway_seen *s)
{
	for (int i = 0; i < WR_GATEWAY_FILES; i++) {
		wr_buf_free(&s->raw[i]);
		wr_buf_free(&s->file[i]);
	}
	free(s->at);
	*s = (struct wr_gateway_seen){0};
}

void wr_gateway_diff_free(struct wr_gateway_diff *d)
{
	free(d->deed);
	*d = (struct wr_gateway_diff){0};
}

bool wr_gateway_diff_nothing(const struct wr_gateway_diff *d)
{
	return !d->count[WR_GATEWAY_ADD] && !d->count[WR_GATEWAY_CHANGE] &&
	       !d->count[WR_GATEWAY_REMOVE] && !d->orphans;
}

/* ---- order ---- */

struct wr_gateway_entry wr_gateway_found_entry(const struct wr_gateway_found *f)
{
	struct wr_gateway_entry e = {.verb = f->verb,
				     .kind = f->kind,
				     .who = f->who,
				     .rate = f->rate,
				     .until_s = f->until_s};

	memcpy(e.name, f->name, sizeof(e.name));
	return e;
}

static int order(const struct wr_gateway_found *f, const struct wr_gateway_entry *e)
{
	struct wr_gateway_entry x;

	x.verb = f->verb, x.kind = f->kind, x.who = f->who;
	strcpy(x.name, f->name);
	return wr_gateway_entry_order(&x, e);
}

/* By what it is for, then as it stands there: the first of doubles is the one in force. */
static int by_subject(const void *a, const void *b, void *ctx)
{
	const struct wr_gateway_found *at = ctx;
	uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
	struct wr_gateway_entry y;
	int by;

	y.verb = at[k].verb, y.kind = at[k].kind, y.who = at[k].who;
	strcpy(y.name, at[k].name);
	by = order(&at[i], &y);
	return by ? by : i < k ? -1 : 1;
}

static uint32_t *sorted(const struct wr_gateway_seen *s, size_t *n)
{
	uint32_t *index = malloc((s->n + 1) * sizeof(*index));

	*n = 0;
	for (size_t i = 0; index && i < s->n; i++)
		if (!s->at[i].odd)
			index[(*n)++] = (uint32_t)i;
	if (index)
		qsort_r(index, *n, sizeof(*index), by_subject, s->at);
	return index;
}

/* ---- one subject ---- */

static bool same(const struct wr_gateway_entry *e, const struct wr_gateway_found *f, bool expires)
{
	return (e->verb != WR_GATEWAY_LIMIT || e->rate == f->rate) &&
	       (!expires || e->until_s == f->until_s);
}

/* Which of those that stand there for e is weir's: the one that says what weir said, else one
 * between its marks, else the first. NULL: none, they are somebody else's. */
static struct wr_gateway_found *ours(const struct wr_gateway_entry *e, struct wr_gateway_seen *s,
				     const uint32_t *group, size_t n, bool expires)
{
	struct wr_gateway_found *tagged = NULL;

	for (size_t i = 0; i < n && !tagged; i++)
		if (s->at[group[i]].tagged)
			tagged = &s->at[group[i]];
	if (!n || (!tagged && e->state == WR_GATEWAY_WANTED))
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (same(e, &s->at[group[i]], expires))
			return &s->at[group[i]];
	return tagged ? tagged : &s->at[group[0]];
}

static enum wr_gateway_deed decide(const struct wr_gateway_entry *e, struct wr_gateway_seen *s,
				   const uint32_t *group, size_t n, bool expires)
{
	struct wr_gateway_found *f = ours(e, s, group, n, expires);

	if (e->state == WR_GATEWAY_GONE) {
		if (f)
			f->leaves = true;
		return f ? WR_GATEWAY_REMOVE : WR_GATEWAY_FORGET;
	}
	if (!f)
		return n ? WR_GATEWAY_TAKEN : WR_GATEWAY_ADD;
	/* The first of doubles is in force: when that is another one, ours has no effect. */
	if (f != &s->at[group[0]])
		return WR_GATEWAY_TAKEN;
	f->kept = same(e, f, expires);
	if (f->kept)
		return WR_GATEWAY_KEEP;
	f->leaves = true;
	f->to = e;
	return WR_GATEWAY_CHANGE;
}

/* Between weir's marks, and not wanted by the ledger, which may have been lost. */
static void orphan(struct wr_gateway_diff *d, struct wr_gateway_found *f)
{
	f->leaves = f->tagged;
	d->orphans += f->leaves;
}

int wr_gateway_diff(struct wr_gateway_diff *d, const struct wr_gateway_set *want,
		    struct wr_gateway_seen *seen, bool expires, struct wr_err *err)
{
	uint32_t *index;
	size_t n, k = 0, leave = 0;

	*d = (struct wr_gateway_diff){.deed = calloc(want->n + 1, 1)};
	index = sorted(seen, &n);
	if (!d->deed || !index) {
		free(index);
		wr_gateway_diff_free(d);
		return wr_fail(err, ENOMEM, "no memory for %zu entries", want->n + seen->n);
	}
	for (size_t i = 0; i < seen->n; i++)
		seen->at[i].leaves = seen->at[i].kept = false, seen->at[i].to = NULL;
	for (size_t i = 0; i < want->n; i++) {
		size_t from;

		while (k < n && order(&seen->at[index[k]], &want->at[i]) < 0)
			orphan(d, &seen->at[index[k++]]);
		for (from = k; k < n && !order(&seen->at[index[k]], &want->at[i]);)
			k++;
		d->deed[i] = (uint8_t)decide(&want->at[i], seen, index + from, k - from, expires);
		d->count[d->deed[i]]++;
		d->doubles += k - from > 1 &&
			      (d->deed[i] == WR_GATEWAY_CHANGE || d->deed[i] == WR_GATEWAY_REMOVE);
	}
	while (k < n)
		orphan(d, &seen->at[index[k++]]);
	for (size_t i = 0; i < seen->n; i++)
		leave += seen->at[i].leaves;
	d->foreign = seen->n - leave - d->count[WR_GATEWAY_KEEP];
	free(index);
	return 0;
}
