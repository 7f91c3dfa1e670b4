/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/mem.h"
#include "policy/policy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Many prefixes. A million of them are sorted, searched and read without anybody waiting. */

enum { KEY = sizeof(struct wr_prefix), MOST = WR_POLICY_SET_PREFIXES };

_Static_assert(KEY == 18, "a key is all bytes of a prefix, without holes");

static int room_for(struct wr_prefixes *s, size_t more)
{
	size_t room = s->room ? s->room : 4;
	struct wr_prefix *at;

	if (s->room - s->n >= more)
		return 0;
	while (room - s->n < more)
		room *= 2;
	at = wr_mem_more(s->at, room * sizeof(*at));
	if (!at)
		return -ENOMEM;
	s->at = at;
	s->room = room;
	return 0;
}

int wr_prefixes_add(struct wr_prefixes *s, const struct wr_prefix *p)
{
	if (room_for(s, 1))
		return -ENOMEM;
	s->at[s->n++] = *p;
	return 0;
}

void wr_prefixes_free(struct wr_prefixes *s)
{
	free(s->at);
	*s = (struct wr_prefixes){0};
}

/* ---- order ---- */

static int compare(const void *x, const void *y)
{
	const struct wr_prefix *a = x, *b = y;
	int by = a->ip_v - b->ip_v;

	if (!by)
		by = memcmp(a->addr, b->addr, sizeof(a->addr));
	return by ? by : a->bits - b->bits;
}

static bool is_sorted(const struct wr_prefixes *s)
{
	for (size_t i = 1; i < s->n; i++)
		if (compare(&s->at[i - 1], &s->at[i]) >= 0)
			return false;
	return true;
}

/* The bytes of a prefix, from the one that weighs least. */
static const uint8_t weight[KEY] = {
	offsetof(struct wr_prefix, bits), 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0,
	offsetof(struct wr_prefix, ip_v),
};

/* One pass of a radix sort; `count` says how often each value of the byte is there. */
static void pass(struct wr_prefix *to, const struct wr_prefix *from, size_t n, unsigned int byte,
		 const uint32_t count[256])
{
	uint32_t place[256], sum = 0;

	for (int v = 0; v < 256; v++) {
		place[v] = sum;
		sum += count[v];
	}
	for (size_t i = 0; i < n; i++)
		to[place[((const uint8_t *)&from[i])[byte]]++] = from[i];
}

/* By byte, the least weighty one first. Bytes that are the same in all prefixes (twelve of an IPv4
 * address, half of most IPv6 ones) cost nothing, which makes it several times as fast as qsort().
 */
static void radix(struct wr_prefixes *s, struct wr_prefix *spare)
{
	struct wr_prefix *from = s->at, *to = spare, *old;
	uint32_t count[KEY][256];

	memset(count, 0, sizeof(count));
	for (size_t i = 0; i < s->n; i++)
		for (unsigned int k = 0; k < KEY; k++)
			count[k][((const uint8_t *)&s->at[i])[k]]++;
	for (unsigned int k = 0; k < KEY; k++) {
		unsigned int byte = weight[k];

		if (count[byte][((const uint8_t *)from)[byte]] == s->n)
			continue;
		pass(to, from, s->n, byte, count[byte]);
		old = from;
		from = to;
		to = old;
	}
	if (from != s->at)
		memcpy(s->at, from, s->n * sizeof(*from));
}

static void drop_doubles(struct wr_prefixes *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->n; i++)
		if (!kept || compare(&s->at[kept - 1], &s->at[i]))
			s->at[kept++] = s->at[i];
	s->n = kept;
}

void wr_prefixes_sort(struct wr_prefixes *s)
{
	struct wr_prefix *spare;

	if (is_sorted(s))
		return;
	spare = s->n > 64 ? wr_mem_more(NULL, s->n * sizeof(*spare)) : NULL;
	if (spare)
		radix(s, spare);
	else
		qsort(s->at, s->n, sizeof(*s->at), compare);
	free(spare);
	drop_doubles(s);
}

/* ---- one by one ---- */

/* Where it is, or where it would have to be. */
static size_t place_of(const struct wr_prefixes *s, const struct wr_prefix *p)
{
	size_t low = 0, high = s->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (compare(&s->at[mid], p) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

bool wr_prefixes_in(const struct wr_prefixes *s, const struct wr_prefix *p)
{
	size_t i = place_of(s, p);

	return i < s->n && !compare(&s->at[i], p);
}

/* Of two prefixes one is within the other, or they have nothing in common. */
static bool meet(const struct wr_prefix *x, const struct wr_prefix *y)
{
	return wr_prefix_has(x, y->ip_v, y->addr) || wr_prefix_has(y, x->ip_v, x->addr);
}

const struct wr_prefix *wr_prefixes_meet(const struct wr_prefixes *s, const struct wr_prefixes *of)
{
	size_t i = 0, n = 0;

	while (i < s->n && n < of->n) {
		if (meet(&s->at[i], &of->at[n]))
			return &of->at[n];
		/* What begins first ends before the other one begins, and so before all behind
		 * that. */
		if (compare(&s->at[i], &of->at[n]) < 0)
			i++;
		else
			n++;
	}
	return NULL;
}

int wr_prefixes_put(struct wr_prefixes *s, const struct wr_prefix *p)
{
	size_t i = place_of(s, p);

	if (i < s->n && !compare(&s->at[i], p))
		return -EEXIST;
	if (room_for(s, 1))
		return -ENOMEM;
	memmove(s->at + i + 1, s->at + i, (s->n - i) * sizeof(*s->at));
	s->at[i] = *p;
	s->n++;
	return 0;
}

bool wr_prefixes_del(struct wr_prefixes *s, const struct wr_prefix *p)
{
	size_t i = place_of(s, p);

	if (i == s->n || compare(&s->at[i], p) != 0)
		return false;
	s->n--;
	memmove(s->at + i, s->at + i + 1, (s->n - i) * sizeof(*s->at));
	return true;
}

/* ---- many ---- */

/* Doubles do not count, but memory does: they are taken out when there are twice as many as may be.
 */
static int within_limit(struct wr_prefixes *s, size_t more)
{
	if (s->n + more <= 2 * (size_t)MOST)
		return 0;
	wr_prefixes_sort(s);
	return s->n > MOST ? -E2BIG : 0;
}

int wr_prefixes_join(struct wr_prefixes *s, const struct wr_prefixes *more)
{
	int ret = within_limit(s, more->n);

	if (!ret && more->n)
		ret = room_for(s, more->n);
	if (ret || !more->n)
		return ret;
	memcpy(s->at + s->n, more->at, more->n * sizeof(*s->at));
	s->n += more->n;
	return 0;
}

/* ---- files ---- */

struct file {
	struct wr_prefixes *into;
	const char *path;
	unsigned int line;
	struct wr_err *err;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static int wrong_line(struct file *f, const char *s, size_t n)
{
	char shown[64];
	size_t k = 0;

	for (; k < n && k < sizeof(shown) - 1; k++)
		shown[k] = s[k] > ' ' && s[k] <= '~' ? s[k] : '?';
	shown[k] = 0;
	wr_prefix_explain(s, n, f->err);
	return wr_within(f->err, "%s:%u: '%s'", f->path, f->line, shown);
}

static int too_many(struct file *f)
{
	return wr_fail(f->err, E2BIG, "%s: more than %d prefixes", f->path, MOST);
}

static int read_line(struct file *f, const char *s, const char *end)
{
	const char *sharp = memchr(s, '#', (size_t)(end - s));
	struct wr_prefix p;

	f->line++;
	end = sharp ? sharp : end;
	while (s < end && is_blank(*s))
		s++;
	while (s < end && is_blank(end[-1]))
		end--;
	if (s == end)
		return 0;
	if (wr_prefix_parse(&p, s, (size_t)(end - s)))
		return wrong_line(f, s, (size_t)(end - s));
	if (within_limit(f->into, 1))
		return too_many(f);
	if (wr_prefixes_add(f->into, &p))
		return wr_fail(f->err, ENOMEM, "%s: out of memory", f->path);
	return 0;
}

/* Whole lines of what is there. *used: how much of it that was. */
static int read_lines(struct file *f, const char *at, size_t n, size_t *used)
{
	const char *s = at, *end;
	int ret = 0;

	while (!ret && (end = memchr(s, '\n', n - (size_t)(s - at)))) {
		ret = read_line(f, s, end);
		s = end + 1;
	}
	*used = (size_t)(s - at);
	return ret;
}

static int read_fd(struct file *f, int fd)
{
	char chunk[65536];
	size_t have = 0, used;
	ssize_t got;
	int ret;

	while ((got = read(fd, chunk + have, sizeof(chunk) - have)) > 0) {
		have += (size_t)got;
		ret = read_lines(f, chunk, have, &used);
		if (ret)
			return ret;
		have -= used;
		memmove(chunk, chunk + used, have);
		if (have == sizeof(chunk))
			return wr_fail(f->err, EINVAL, "%s:%u: a line of more than %zu bytes",
				       f->path, f->line + 1, sizeof(chunk) - 1);
	}
	if (got < 0)
		return wr_fail(f->err, errno, "%s: %s", f->path, strerror(errno));
	return read_line(f, chunk, chunk + have);
}

int wr_prefixes_read(struct wr_prefixes *s, const char *path, struct wr_err *err)
{
	struct file f = {.into = s, .path = path, .err = err};
	/* Not to hang on a pipe that nobody writes to. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), ret;
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		ret = wr_fail(err, errno, "%s: %s", path, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		ret = wr_fail(err, EINVAL, "%s: is no regular file", path);
	else
		ret = read_fd(&f, fd);
	if (fd >= 0)
		close(fd);
	if (ret)
		return ret;
	wr_prefixes_sort(s);
	return s->n > MOST ? too_many(&f) : 0;
}
