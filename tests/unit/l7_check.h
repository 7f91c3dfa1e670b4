/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_TESTS_L7_CHECK_H
#define WR_TESTS_L7_CHECK_H

/*
 * What must hold for any bytes: texts are harmless and end, a "no" leaves nothing behind, and what
 * a cut payload says is not taken back by the whole one. Each call gets memory of its own size, so
 * that AddressSanitizer sees one byte too many.
 */

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "l7/l7.h"

static const struct l7_field {
	const char *name;
	size_t at, room;
} l7_texts[] = {
#define F(f)                                                                  \
	{                                                                     \
#f, offsetof(struct wr_l7, f), sizeof(((struct wr_l7 *)0)->f) \
	}
	F(version), F(method), F(path), F(host), F(alpn), F(ja4), F(banner),
#undef F
};

enum { L7_TEXTS = sizeof(l7_texts) / sizeof(l7_texts[0]) };

struct l7_in {
	const uint8_t *b;
	size_t n;
	uint16_t sport, dport;
	uint8_t ip_proto;
};

/* The first n bytes. */
static int l7_ask(struct wr_l7 *out, const struct l7_in *in, size_t n)
{
	uint8_t *own = malloc(n ? n : 1);
	int r;

	if (n)
		memcpy(own, in->b, n);
	memset(out, 0x55, sizeof(*out));
	r = wr_l7_read(out, own, n, in->ip_proto, in->sport, in->dport);
	free(own);
	return r;
}

/* NULL, or what is wrong with the answer. */
static const char *l7_wrong(const struct wr_l7 *l, int r, size_t n)
{
	static const struct wr_l7 none;
	size_t i, k;

	if (r != 0 && r != 1 && r != -ENODATA)
		return "returns something else";
	if (!r && memcmp(l, &none, sizeof(none)))
		return "says no, but leaves something behind";
	if (r == 1 && !l->proto)
		return "recognises nothing";
	if (r == -ENODATA && n >= WR_L7_LOOK_MAX)
		return "wants more than it looks at";
	if (!l->proto && memcmp(l, &none, sizeof(none)))
		return "has facts of no protocol";
	for (i = 0; i < L7_TEXTS; i++) {
		const char *t = (const char *)l + l7_texts[i].at;

		if (!memchr(t, 0, l7_texts[i].room))
			return "a text does not end";
		for (k = 0; t[k]; k++)
			if (t[k] < 0x20 || t[k] > 0x7e)
				return "a text is not printable";
		for (; k < l7_texts[i].room; k++)
			if (t[k])
				return "something stands behind a text";
	}
	return NULL;
}

static int l7_gone(const void *part, const void *all, size_t n)
{
	static const uint8_t none[64];

	return n && memcmp(part, all, n) && memcmp(part, none, n);
}

/* NULL, or what a cut payload (part, rp) said and the longer one (all, ra) takes back. */
static const char *l7_taken_back(const struct wr_l7 *part, int rp, const struct wr_l7 *all, int ra)
{
	size_t i;

	if (rp != -ENODATA)
		return rp != ra || memcmp(part, all, sizeof(*all)) ? "the answer was final" : NULL;
	if (!part->proto)
		return NULL;
	if (!ra)
		return "a protocol that was certain is gone";
	if (part->proto != all->proto && part->proto != WR_L7_PROXY)
		return "proto";
	if ((part->has & ~all->has) || (part->cut & ~all->cut))
		return "has or cut";
	for (i = 0; i < L7_TEXTS; i++) {
		const char *p = (const char *)part + l7_texts[i].at;

		if (p[0] && strcmp(p, (const char *)all + l7_texts[i].at))
			return l7_texts[i].name;
	}
	if (l7_gone(&part->side, &all->side, 1) || l7_gone(&part->via, &all->via, sizeof(all->via)))
		return "side or via";
	if (l7_gone(&part->status, &all->status, 2) || l7_gone(&part->cipher, &all->cipher, 2))
		return "status or cipher";
	if (l7_gone(&part->qtype, &all->qtype, 2) || l7_gone(&part->qclass, &all->qclass, 2) ||
	    l7_gone(&part->answers, &all->answers, 2) || l7_gone(&part->rcode, &all->rcode, 1))
		return "a number of DNS";
	return NULL;
}

/* Reads the whole and every `step`th cut. NULL, or what is wrong; *at = bytes of the cut. */
static const char *l7_check(const struct l7_in *in, size_t first, size_t step, size_t *at)
{
	struct wr_l7 all, part;
	int ra = l7_ask(&all, in, in->n), rp;
	const char *wrong = l7_wrong(&all, ra, in->n);

	for (*at = first; !wrong && *at < in->n; *at += step) {
		rp = l7_ask(&part, in, *at);
		wrong = l7_wrong(&part, rp, *at);
		if (!wrong)
			wrong = l7_taken_back(&part, rp, &all, ra);
	}
	return wrong;
}

#endif
