/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "base/when.h"
#include "gateway/gateway_impl.h"

/* An entry as text, and lists of them. */

enum {
	STANDARD_S = 600,
	KEY_LEAST = 8, /* bytes of a hash: fewer would hit others */
	LINE_MOST = 512,
	FILE_MOST = 256 << 20,
	NS_PER_S = 1000000000,
};

static const char *const verbs[] = {[WR_GATEWAY_DENY] = "deny", [WR_GATEWAY_LIMIT] = "limit"};
const char *const wr_gateway_kind_names[WR_GATEWAY_KINDS] = {[WR_GATEWAY_ADDRESS] = "",
							     [WR_GATEWAY_KEY] = "key",
							     [WR_GATEWAY_CONSUMER] = "consumer",
							     [WR_GATEWAY_ROUTE] = "route"};
_Static_assert(sizeof(verbs) / sizeof(verbs[0]) == WR_GATEWAY_VERBS, "a verb has no name");

static const char blank[] = " \t";

/* ---- reading ---- */

/* The next word into out; false: there is none, or it is too long. */
static bool word(const char **s, char *out, size_t room)
{
	size_t n;

	*s += strspn(*s, blank);
	n = strcspn(*s, blank);
	if (!n || n >= room)
		return false;
	memcpy(out, *s, n);
	out[n] = 0;
	*s += n;
	return true;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int read_key(struct wr_gateway_entry *e, const char *text, struct wr_err *err)
{
	size_t n = strlen(text);
	bool fine = n % 2 == 0 && n >= 2 * KEY_LEAST && n <= 2 * sizeof(e->who.addr);

	for (size_t i = 0; fine && i < n; i++) {
		int v = hex(text[i]);

		fine = v >= 0;
		e->who.addr[i / 2] |= (uint8_t)(fine ? v << (i % 2 ? 0 : 4) : 0);
	}
	if (!fine)
		return wr_fail(err, EINVAL,
			       "'%s': the hash of a key is 16 to 32 hexadecimal digits", text);
	e->kind = WR_GATEWAY_KEY;
	e->who.bits = (uint8_t)(n * 4);
	return 0;
}

/* It stands in files of gateways, where none of these has a meaning. nginx, which alone has names,
 * compares them whatever their case is. */
static int read_consumer(struct wr_gateway_entry *e, const char *text, struct wr_err *err)
{
	for (const char *c = text; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("._@-", *c))
			return wr_fail(err, EINVAL,
				       "'%s': a consumer's name is letters, digits, '.', '_', '@' "
				       "and '-'",
				       text);
	e->kind = WR_GATEWAY_CONSUMER;
	for (size_t i = 0; text[i]; i++)
		e->name[i] = (char)tolower((unsigned char)text[i]);
	return 0;
}

/* "/path", or "GET /path", of two words. */
static int read_route(struct wr_gateway_entry *e, const char *text, const char **s,
		      struct wr_err *err)
{
	char more[WR_GATEWAY_SUBJECT], both[WR_GATEWAY_SUBJECT * 2];

	if (e->verb != WR_GATEWAY_LIMIT)
		return wr_fail(err, EINVAL,
			       "'deny route': a route is limited, for each of its consumers, and "
			       "never refused");
	snprintf(both, sizeof(both), "%s", text);
	if (!strchr(text, '/') && word(s, more, sizeof(more)))
		snprintf(both, sizeof(both), "%s %s", text, more);
	e->kind = WR_GATEWAY_ROUTE;
	return wr_gateway_route(e->name, both, err);
}

static int read_named(struct wr_gateway_entry *e, int kind, const char **s, struct wr_err *err)
{
	char text[WR_GATEWAY_SUBJECT];

	if (!word(s, text, sizeof(text)))
		return wr_fail(err, EINVAL, "'%s': what stands behind it is missing, or too long",
			       wr_gateway_kind_names[kind]);
	return kind == WR_GATEWAY_KEY	     ? read_key(e, text, err)
	       : kind == WR_GATEWAY_CONSUMER ? read_consumer(e, text, err)
					     : read_route(e, text, s, err);
}

static int read_who(struct wr_gateway_entry *e, const char **s, struct wr_err *err)
{
	char text[64];

	if (!word(s, text, sizeof(text)))
		return wr_fail(err, EINVAL,
			       "an address, a prefix, 'key HASH', 'consumer NAME' or 'route ROUTE' "
			       "is missing behind '%s'",
			       verbs[e->verb]);
	for (int kind = WR_GATEWAY_KEY; kind < WR_GATEWAY_KINDS; kind++)
		if (!strcmp(text, wr_gateway_kind_names[kind]))
			return read_named(e, kind, s, err);
	e->kind = WR_GATEWAY_ADDRESS;
	if (!wr_prefix_parse(&e->who, text, strlen(text)))
		return 0;
	if (wr_prefix_explain(text, strlen(text), err))
		return wr_within(err, "'%s'", text);
	return wr_fail(err, EINVAL, "'%s' is no address and no prefix", text);
}

static int read_rate(struct wr_gateway_entry *e, const char *text, uint64_t now_s,
		     struct wr_err *err)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || (*end && strcmp(end, "/s") != 0) || !v ||
	    v > WR_GATEWAY_RATE_MAX)
		return wr_fail(err, EINVAL, "'%s' is no number of requests a second, 1 to %d", text,
			       WR_GATEWAY_RATE_MAX);
	(void)now_s;
	e->rate = (uint32_t)v;
	return 0;
}

static int read_span(struct wr_gateway_entry *e, const char *text, uint64_t now_s,
		     struct wr_err *err)
{
	uint64_t ns;
	int ret = wr_when_span(text, &ns, err);

	/* A part of a second more is no harm; nothing at all would be. */
	if (!ret)
		e->until_s = now_s + (ns + NS_PER_S - 1) / NS_PER_S;
	return ret;
}

static int read_until(struct wr_gateway_entry *e, const char *text, uint64_t now_s,
		      struct wr_err *err)
{
	char *end;
	uint64_t ns = strtoull(text, &end, 10);
	int ret = 0;

	if (!*end && *text >= '0' && *text <= '9' && end - text <= 12) {
		e->until_s = ns; /* in ledgers, by the hundred thousand */
		return 0;
	}
	ret = wr_when_parse(text, now_s * NS_PER_S, &ns, err);
	if (!ret)
		e->until_s = (ns + NS_PER_S - 1) / NS_PER_S;
	return ret;
}

/* The rest of the line. It is shown on terminals and stands in files of a line each. */
static int read_why(struct wr_gateway_entry *e, const char *s, struct wr_err *err)
{
	size_t n;

	s += strspn(s, blank);
	n = strlen(s);
	while (n && strchr(blank, s[n - 1]))
		n--;
	if (n >= 2 && s[0] == '"' && s[n - 1] == '"') {
		s++;
		n -= 2;
	}
	if (n && (strchr(blank, s[0]) || strchr(blank, s[n - 1]) || s[0] == '"' || s[n - 1] == '"'))
		return wr_fail(err, EINVAL,
			       "a reason begins and ends with neither a blank nor a quote");
	if (!n || n >= sizeof(e->why))
		return wr_fail(err, EINVAL, "a reason has 1 to %d bytes", (int)sizeof(e->why) - 1);
	for (size_t i = 0, size; i < n; i += size) {
		size = wr_utf8_size((const uint8_t *)s + i, n - i);
		if (!size || (unsigned char)s[i] < ' ' || s[i] == 127 ||
		    (size > 1 && wr_utf8_steers((const uint8_t *)s + i, size)))
			return wr_fail(err, EINVAL, "a reason is plain text, without controls");
	}
	memcpy(e->why, s, n);
	e->why[n] = 0;
	return 0;
}

static const struct {
	const char *name;
	bool limit_only;
	int (*read)(struct wr_gateway_entry *e, const char *text, uint64_t now_s,
		    struct wr_err *err);
} clauses[] = {{"to", true, read_rate}, {"for", false, read_span}, {"until", false, read_until}};

static int read_clause(struct wr_gateway_entry *e, const char *name, const char **s, uint64_t now_s,
		       struct wr_err *err)
{
	char text[64];

	for (size_t i = 0; i < sizeof(clauses) / sizeof(clauses[0]); i++) {
		if (strcmp(name, clauses[i].name) != 0 ||
		    (clauses[i].limit_only && e->verb != WR_GATEWAY_LIMIT))
			continue;
		if (!word(s, text, sizeof(text)))
			return wr_fail(err, EINVAL, "'%s': a value is missing", name);
		return clauses[i].read(e, text, now_s, err);
	}
	return wr_fail(err, EINVAL, "'%s': expected %sfor SPAN, until TIME or why TEXT", name,
		       e->verb == WR_GATEWAY_LIMIT ? "to RATE, " : "");
}

static int read_clauses(struct wr_gateway_entry *e, const char *s, uint64_t now_s,
			struct wr_err *err)
{
	char name[16];
	int ret = 0;

	while (!ret && word(&s, name, sizeof(name))) {
		if (!strcmp(name, "why"))
			return read_why(e, s, err);
		ret = read_clause(e, name, &s, now_s, err);
	}
	if (!ret && s[strspn(s, blank)])
		ret = wr_fail(err, EINVAL, "'%.32s': expected for, until or why",
			      s + strspn(s, blank));
	return ret;
}

int wr_gateway_entry_parse(struct wr_gateway_entry *out, const char *text, uint64_t now_s,
			   struct wr_err *err)
{
	struct wr_gateway_entry e = {.until_s = now_s + STANDARD_S};
	char verb[16] = "";
	int ret;

	word(&text, verb, sizeof(verb));
	while (e.verb < WR_GATEWAY_VERBS && strcmp(verbs[e.verb], verb) != 0)
		e.verb++;
	if (e.verb == WR_GATEWAY_VERBS)
		return wr_fail(err, EINVAL, "'%s': expected deny or limit", verb);
	ret = read_who(&e, &text, err);
	if (!ret)
		ret = read_clauses(&e, text, now_s, err);
	if (!ret && e.verb == WR_GATEWAY_LIMIT && !e.rate)
		ret = wr_fail(err, EINVAL, "a limit says to how many requests a second: to 5");
	if (!ret)
		*out = e;
	return ret;
}

/* ---- writing ---- */

void wr_gateway_who_print(struct wr_buf *b, const struct wr_gateway_entry *e, bool with_kind)
{
	static const char digits[] = "0123456789ABCDEF"; /* as HAProxy's hex() has them */

	if (with_kind && e->kind != WR_GATEWAY_ADDRESS) {
		wr_buf_str(b, wr_gateway_kind_names[e->kind]);
		wr_buf_char(b, ' ');
	}
	if (e->kind == WR_GATEWAY_ADDRESS)
		wr_prefix_print(b, &e->who);
	else
		wr_buf_str(b, e->name);
	for (int i = 0; e->kind == WR_GATEWAY_KEY && i < e->who.bits / 8; i++) {
		wr_buf_char(b, digits[e->who.addr[i] >> 4]);
		wr_buf_char(b, digits[e->who.addr[i] & 15]);
	}
}

void wr_gateway_entry_print(struct wr_buf *b, const struct wr_gateway_entry *e)
{
	wr_buf_str(b, verbs[e->verb]);
	wr_buf_char(b, ' ');
	wr_gateway_who_print(b, e, true);
	if (e->verb == WR_GATEWAY_LIMIT) {
		wr_buf_str(b, " to ");
		wr_buf_u64(b, e->rate);
	}
	wr_buf_str(b, " until ");
	wr_buf_u64(b, e->until_s);
	if (e->why[0]) {
		wr_buf_str(b, " why ");
		wr_buf_str(b, e->why);
	}
}

/* ---- lists ---- */

int wr_gateway_entry_order(const struct wr_gateway_entry *a, const struct wr_gateway_entry *b)
{
	if (a->verb != b->verb)
		return a->verb < b->verb ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->who.ip_v != b->who.ip_v)
		return a->who.ip_v < b->who.ip_v ? -1 : 1;
	if (memcmp(a->who.addr, b->who.addr, 16) != 0)
		return memcmp(a->who.addr, b->who.addr, 16);
	if (a->who.bits != b->who.bits)
		return a->who.bits - b->who.bits;
	return strcmp(a->name, b->name);
}

void wr_gateway_set_free(struct wr_gateway_set *s)
{
	free(s->at);
	*s = (struct wr_gateway_set){0};
}

int wr_gateway_set_add(struct wr_gateway_set *s, const struct wr_gateway_entry *e)
{
	if (s->n == s->room) {
		size_t room = s->room ? s->room * 2 : 64;
		void *more = realloc(s->at, room * sizeof(*s->at));

		if (!more)
			return -ENOMEM;
		s->at = more;
		s->room = room;
	}
	s->at[s->n++] = *e;
	return 0;
}

static int order(const void *a, const void *b)
{
	return wr_gateway_entry_order(a, b);
}

/* qsort() need not keep the order of doubles: the later one is the one with the higher place. */
static int order_placed(const void *a, const void *b)
{
	const struct wr_gateway_entry *x = a, *y = b;
	int by = wr_gateway_entry_order(x, y);

	return by ? by : x->place < y->place ? -1 : 1;
}

void wr_gateway_set_sort(struct wr_gateway_set *s)
{
	bool sorted = true;
	size_t n = 0;

	for (size_t i = 1; i < s->n && sorted; i++)
		sorted = wr_gateway_entry_order(&s->at[i - 1], &s->at[i]) < 0;
	if (sorted)
		return;
	for (size_t i = 0; i < s->n; i++)
		s->at[i].place = (uint32_t)i;
	qsort(s->at, s->n, sizeof(*s->at), order_placed);
	for (size_t i = 0; i < s->n; i++) {
		if (n && !wr_gateway_entry_order(&s->at[n - 1], &s->at[i]))
			n--;
		s->at[n++] = s->at[i];
	}
	s->n = n;
}

struct wr_gateway_entry *wr_gateway_set_find(const struct wr_gateway_set *s,
					     const struct wr_gateway_entry *e)
{
	return s->n ? bsearch(e, s->at, s->n, sizeof(*s->at), order) : NULL;
}

static int read_line(struct wr_gateway_set *s, const char *line, size_t len, uint64_t now_s,
		     struct wr_err *err)
{
	char text[LINE_MOST];
	struct wr_gateway_entry e;
	int ret;

	while (len && strchr(" \t\r", line[len - 1]))
		len--;
	while (len && strchr(blank, *line)) {
		line++;
		len--;
	}
	if (!len || *line == '#')
		return 0;
	if (len >= sizeof(text) || memchr(line, 0, len))
		return wr_fail(err, EINVAL, "a line of more than %d bytes, or no text",
			       LINE_MOST - 1);
	memcpy(text, line, len);
	text[len] = 0;
	ret = wr_gateway_entry_parse(&e, text, now_s, err);
	if (!ret && wr_gateway_set_add(s, &e))
		ret = wr_fail(err, ENOMEM, "no memory for so many entries");
	return ret;
}

int wr_gateway_set_read(struct wr_gateway_set *s, const char *path, size_t max, uint64_t now_s,
			struct wr_err *err)
{
	struct wr_buf b = {0};
	size_t at = 0, len, n = 0;
	const char *line;
	int ret;

	ret = wr_gateway_whole_file(path, FILE_MOST, &b, err);
	while (!ret && (line = wr_gateway_line(b.at, b.used, &at, &len))) {
		n++;
		ret = read_line(s, line, len, now_s, err);
		if (!ret && s->n > max)
			ret = wr_fail(err, E2BIG, "more than %zu entries (gateway.most)", max);
		if (ret)
			ret = wr_within(err, "%s:%zu", path, n);
	}
	wr_buf_free(&b);
	if (!ret)
		wr_gateway_set_sort(s);
	return ret;
}
