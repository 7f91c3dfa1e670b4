/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "explain/prompt.h"

#include <ctype.h>

#include "base/utf8.h"

/* What a model says is a stranger's text. */

enum { ESC = 0x1b, DEL = 0x7f };

/* ECMA-48, 5.4: ESC [ parameters final; ESC ] … BEL or ESC \ ; else ESC and a byte. */
static size_t escape(const uint8_t *s, size_t n)
{
	size_t k = 2;

	if (n < 2)
		return n;
	if (s[1] == '[') {
		while (k < n && (s[k] < 0x40 || s[k] > 0x7e))
			k++;
		return k < n ? k + 1 : n;
	}
	if (s[1] == ']') {
		while (k < n && s[k] != 7 && s[k] != ESC && s[k] != '\n')
			k++;
		if (k < n && s[k] == ESC)
			return k + 2 < n ? k + 2 : n;
		return k < n ? k + 1 : n;
	}
	return k;
}

/* A1 or S1, a word of its own. Returns its bytes; 0: it is none. */
static size_t pseudonym(struct wr_buf *b, const uint8_t *s, size_t n, bool begins,
			const struct wr_incident *i)
{
	unsigned int v = 0;
	size_t k = 1;

	if (!begins || (s[0] != 'A' && s[0] != 'S'))
		return 0;
	for (; k < n && k < 4 && isdigit(s[k]); k++)
		v = v * 10 + (unsigned int)(s[k] - '0');
	if (k == 1 || s[1] == '0' || (k < n && (isalnum(s[k]) || s[k] == '_')))
		return 0;
	if (s[0] == 'S' && v == 1 && (i->strongest.victim.ip_v || i->strongest.victim.route[0]))
		wr_victim_text(b, &i->strongest.victim);
	else if (s[0] == 'S' && v == 1)
		wr_buf_str(b, "the local link");
	else if (s[0] == 'A' && v && v <= i->n_sources && i->source[v - 1].ip_v == 4)
		wr_buf_ip4(b, i->source[v - 1].addr);
	else if (s[0] == 'A' && v && v <= i->n_sources)
		wr_buf_ip6(b, i->source[v - 1].addr);
	else
		return 0;
	return k;
}

static size_t one(struct wr_buf *b, const uint8_t *s, size_t n)
{
	size_t size = wr_utf8_size(s, n);

	if (*s == ESC)
		return escape(s, n);
	if (!size) {
		wr_buf_char(b, '?');
		return 1;
	}
	if (size == 1 && *s != '\n' && (*s < ' ' || *s == DEL)) {
		if (*s == '\t' || *s == '\r')
			wr_buf_char(b, ' ');
		return 1;
	}
	if (size == 1 || !wr_utf8_steers(s, size))
		wr_buf_add(b, s, size);
	return size;
}

void wr_explain_clean(struct wr_buf *b, const char *text, size_t n, const struct wr_explain *e)
{
	const uint8_t *s = (const uint8_t *)text;
	size_t at = 0, from = b->used;
	bool begins = true;

	while (at < n && b->used - from < WR_EXPLAIN_PROSE - WR_EXPLAIN_TARGET) {
		size_t k = pseudonym(b, s + at, n - at, begins, &e->i);

		if (!k)
			k = one(b, s + at, n - at);
		begins = !isalnum(s[at + k - 1]) && s[at + k - 1] < 0x80 && s[at + k - 1] != '_';
		at += k;
	}
	if (at < n)
		wr_buf_str(b, " ...");
}
