/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/policy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "base/buf.h"

/* One prefix: text to bytes and back. */

enum flaw { FINE, NO_ADDRESS, NO_BITS, TAIL, MAPPED };

enum { MAPPED_BITS = 96 }; /* ::ffff:0:0/96 (RFC 4291, 2.5.5.2) */

/* Digits without a zero in front, which some programs read as octal. Returns what follows, or NULL.
 */
static const char *number(const char *s, const char *end, unsigned int max, unsigned int *out)
{
	const char *from = s;
	unsigned int v = 0;

	for (; s < end && *s >= '0' && *s <= '9' && s - from < 3; s++)
		v = v * 10 + (unsigned int)(*s - '0');
	if (s == from || v > max || (*from == '0' && s - from > 1))
		return NULL;
	*out = v;
	return s;
}

static bool read_ip4(uint8_t addr[16], const char *s, const char *end)
{
	unsigned int v;

	for (int i = 0; i < 4; i++) {
		if (i && (s == end || *s++ != '.'))
			return false;
		s = number(s, end, 255, &v);
		if (!s)
			return false;
		addr[i] = (uint8_t)v;
	}
	return s == end;
}

static bool read_ip6(uint8_t addr[16], const char *s, const char *end)
{
	char text[INET6_ADDRSTRLEN];
	size_t n = (size_t)(end - s);

	if (n >= sizeof(text))
		return false;
	memcpy(text, s, n);
	text[n] = 0;
	return inet_pton(AF_INET6, text, addr) == 1;
}

/* Sets every bit behind the prefix to 0. Returns whether one was set. */
static bool cut_tail(struct wr_prefix *p)
{
	unsigned int size = p->ip_v == 4 ? 4 : 16;
	bool cut = false;

	for (unsigned int i = p->bits / 8; i < size; i++) {
		uint8_t keep = i > p->bits / 8u ? 0 : (uint8_t)(0xff00 >> p->bits % 8);

		cut |= p->addr[i] & ~keep;
		p->addr[i] &= keep;
	}
	return cut;
}

static bool is_mapped(const struct wr_prefix *p)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	return p->ip_v == 6 && p->bits >= MAPPED_BITS && !memcmp(p->addr, mapped, sizeof(mapped));
}

/* *out has all bits as written, but for FINE. */
static enum flaw read_prefix(struct wr_prefix *out, const char *text, size_t n)
{
	const char *end = text + n, *slash = memchr(text, '/', n), *stop = slash ? slash : end;
	struct wr_prefix cut;
	unsigned int bits;

	*out = (struct wr_prefix){.ip_v = memchr(text, ':', n) ? 6 : 4};
	bits = out->ip_v == 4 ? 32 : 128;
	if (out->ip_v == 4 ? !read_ip4(out->addr, text, stop) : !read_ip6(out->addr, text, stop))
		return NO_ADDRESS;
	if (slash && number(slash + 1, end, bits, &bits) != end)
		return NO_BITS;
	out->bits = (uint8_t)bits;
	if (is_mapped(out))
		return MAPPED;
	cut = *out;
	return cut_tail(&cut) ? TAIL : FINE;
}

int wr_prefix_parse(struct wr_prefix *out, const char *text, size_t n)
{
	struct wr_prefix p;

	if (read_prefix(&p, text, n) != FINE)
		return -EINVAL;
	*out = p;
	return 0;
}

/* ---- why not ---- */

static int say_tail(struct wr_prefix p, struct wr_err *err)
{
	struct wr_prefix whole = p;
	struct wr_buf b = {0};

	whole.bits = p.ip_v == 4 ? 32 : 128;
	cut_tail(&p);
	wr_prefix_print(&b, &p);
	wr_buf_str(&b, ", or ");
	wr_prefix_print(&b, &whole);
	wr_fail(err, EINVAL, "has bits set behind the prefix; write %s", wr_buf_text(&b));
	wr_buf_free(&b);
	return -EINVAL;
}

static int say_mapped(const struct wr_prefix *p, struct wr_err *err)
{
	struct wr_prefix inner = {.ip_v = 4, .bits = (uint8_t)(p->bits - MAPPED_BITS)};
	struct wr_buf b = {0};

	memcpy(inner.addr, p->addr + 12, 4);
	cut_tail(&inner);
	wr_prefix_print(&b, &inner);
	wr_fail(err, EINVAL, "is IPv4 mapped into IPv6, which no packet carries; write %s",
		wr_buf_text(&b));
	wr_buf_free(&b);
	return -EINVAL;
}

int wr_prefix_explain(const char *text, size_t n, struct wr_err *err)
{
	struct wr_prefix p;

	switch (read_prefix(&p, text, n)) {
	case FINE:
	case NO_ADDRESS:
		break;
	case NO_BITS:
		return wr_fail(err, EINVAL, "has a wrong length behind '/'; IPv%d has 0 to %d",
			       p.ip_v, p.ip_v == 4 ? 32 : 128);
	case TAIL:
		return say_tail(p, err);
	case MAPPED:
		return say_mapped(&p, err);
	}
	return wr_fail(err, EINVAL, "is no address and no prefix (192.0.2.0/24, 2001:db8::/32)");
}

/* ---- use ---- */

void wr_prefix_print(struct wr_buf *b, const struct wr_prefix *p)
{
	if (p->ip_v == 4)
		wr_buf_ip4(b, p->addr);
	else
		wr_buf_ip6(b, p->addr);
	if (p->bits == (p->ip_v == 4 ? 32 : 128))
		return;
	wr_buf_char(b, '/');
	wr_buf_u64(b, p->bits);
}

bool wr_prefix_has(const struct wr_prefix *p, uint8_t ip_v, const uint8_t addr[16])
{
	unsigned int whole = p->bits / 8, rest = p->bits % 8;

	if (p->ip_v != ip_v || memcmp(p->addr, addr, whole) != 0)
		return false;
	return !rest || !((p->addr[whole] ^ addr[whole]) >> (8 - rest));
}
