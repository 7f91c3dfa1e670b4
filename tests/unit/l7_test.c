/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The application protocol from first bytes: packets printed in RFCs, made ones, all of them cut at
 * every byte, and broken from a seed. What must hold for any bytes stands in l7_check.h.
 */
#include "tests/tap.h"

#include "tests/unit/gen.h"
#include "tests/unit/l7_cases.h"
#include "tests/unit/l7_check.h"
#include "tests/unit/l7_show.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BROKEN = 200000, SHOWN = 5, SEED = 20261123 };

static struct l7_in input(const struct l7_case *c, const struct made *m)
{
	return (struct l7_in){m->b, m->n, 50000, c->port, c->ip_proto};
}

/* ---- what they say ---- */

static void says(const struct l7_case *c)
{
	static struct wr_buf b;
	static struct made m;
	struct l7_in in;
	struct wr_l7 l;
	int r;

	l7_make(&m, c);
	in = input(c, &m);
	r = l7_ask(&l, &in, in.n);
	wr_buf_clear(&b);
	if (r)
		l7_show(&b, &l, r, ' ');
	is_str(wr_buf_text(&b), c->want, c->name);
}

/* The same question is answered alike whichever end asks. */
static void ports(void)
{
	static struct made m;
	struct wr_l7 a, b;
	size_t i;
	int same = 1;

	for (i = 0; i < L7_CASES; i++) {
		const struct l7_case *c = &l7_cases[i];

		l7_make(&m, c);
		wr_l7_read(&a, m.b, m.n, c->ip_proto, 50000, c->port);
		wr_l7_read(&b, m.b, m.n, c->ip_proto, c->port, 50000);
		same &= !memcmp(&a, &b, sizeof(a));
	}
	ok(same, "it does not matter which of the ports is the server's");
}

/* ---- limits ---- */

static void limits(void)
{
	static struct made h, m;
	static char label[200];
	static const struct hello many = {.ciphers = "1301", .extensions = "0033", .pad = 9000};
	struct hello long_name = {.ciphers = "1301", .extensions = "0000", .sni = label};
	struct wr_l7 l;
	size_t i;

	memset(label, 'a', 150);
	memset(label, 1, 100);
	h.n = m.n = 0;
	put_hello(&h, &long_name);
	put_records(&m, &h, 0);
	is_int(wr_l7_read(&l, m.b, m.n, TCP, 1, 443), 1, "a name of 150 bytes is read");
	ok(strlen(l.host) == 252 && l.cut == WR_L7_CUT_HOST && !strcmp(l.host + 248, "\\x01"),
	   "when it is escaped and cut it ends with a whole character");

	h.n = m.n = 0;
	put_hello(&h, &many);
	put_records(&m, &h, 0);
	is_int(wr_l7_read(&l, m.b, m.n, TCP, 1, 443), 1, "a hello that is too long is given up");
	ok(l.proto == WR_L7_TLS && l.side == WR_L7_CLIENT && !l.ja4[0], "but known to be one");

	h.n = m.n = 0;
	put_hex(&h, "01 000000 0303");
	for (i = 0; i < 32; i++)
		put_n(&h, 1, 1);
	put_hex(&h, "00 0300");
	for (i = 0; i < 384; i++)
		put_n(&h, 0x1301 + i % 3, 2);
	put_hex(&h, "0100");
	h.b[2] = (uint8_t)((h.n - 4) >> 8);
	h.b[3] = (uint8_t)(h.n - 4);
	put_records(&m, &h, 0);
	is_int(wr_l7_read(&l, m.b, m.n, TCP, 1, 443), 1, "384 cipher suites are read");
	ok(!strcmp(l.version, "1.2") && !l.ja4[0], "but have no fingerprint");

	is_int(wr_l7_read(&l, m.b, 0, TCP, 1, 443), -ENODATA, "no bytes say nothing");
	is_str(wr_l7_name(WR_L7_QUIC), "quic", "protocols have names");
	is_str(wr_l7_name(200), "unknown", "other numbers have none");
}

/* ---- cut and broken ---- */

static void cut(void)
{
	static struct made m;
	uint64_t cuts = 0;
	int bad = 0;
	size_t i, at;

	for (i = 0; i < L7_CASES; i++) {
		struct l7_in in;
		const char *wrong;

		l7_make(&m, &l7_cases[i]);
		in = input(&l7_cases[i], &m);
		wrong = l7_check(&in, 0, 1, &at);
		cuts += m.n;
		if (wrong && bad++ < SHOWN)
			note("%s, %zu of %zu bytes: %s", l7_cases[i].name, at, m.n, wrong);
	}
	ok(!bad && cuts > 10000, "no cut of a payload says what the whole one does not (%llu cuts)",
	   (unsigned long long)cuts);
}

static void break_it(struct gen *g, struct made *m)
{
	uint32_t n = 1 + gen_below(g, 4), at;

	while (n-- && m->n) {
		at = gen_below(g, (uint32_t)(gen_one_in(g, 2) && m->n > 64 ? 64 : m->n));
		switch (gen_below(g, 5)) {
		case 0:
			m->b[at] = (uint8_t)gen_u32(g);
			break;
		case 1:
			m->b[at] ^= (uint8_t)(1 << gen_below(g, 8));
			break;
		case 2: /* a little more or less, as in lengths */
			m->b[at] += (uint8_t)(gen_below(g, 5) - 2);
			break;
		case 3: /* a hole */
			memmove(m->b + at, m->b + at + 1, m->n - at - 1);
			m->n--;
			break;
		default:
			m->n -= gen_below(g, (uint32_t)m->n) >> gen_below(g, 8);
		}
	}
}

static void broken(void)
{
	static struct made m;
	struct gen g = {.state = SEED};
	uint64_t seen[WR_L7_COUNT] = {0};
	int bad = 0, i;
	size_t at;

	for (i = 0; i < BROKEN; i++) {
		const struct l7_case *c = &l7_cases[gen_below(&g, L7_CASES)];
		struct l7_in in;
		struct wr_l7 l;
		const char *wrong;

		l7_make(&m, c);
		break_it(&g, &m);
		in = input(c, &m);
		l7_ask(&l, &in, in.n);
		seen[l.proto]++;
		wrong = l7_check(&in, gen_below(&g, 64), m.n / 3 + 1, &at);
		if (wrong && bad++ < SHOWN)
			note("%s, broken (%d), %zu of %zu bytes: %s", c->name, i, at, m.n, wrong);
	}
	ok(!bad, "%d broken payloads say nothing that harms", BROKEN);
	for (i = 0; i < WR_L7_COUNT; i++)
		note("%s: %llu", wr_l7_name((uint8_t)i), (unsigned long long)seen[i]);
	for (i = 0; i < WR_L7_COUNT; i++)
		bad += seen[i] < 50;
	ok(!bad, "and reach every protocol");
}

/* The fuzz target holds for its seeds, and for frames that are sealed after they were broken. */
static void corpus(void)
{
	static struct made m, f;
	struct gen g = {.state = SEED};
	size_t i;
	int k;

	for (i = 0; i < L7_CASES; i++)
		for (k = 0; k < 256; k += 5) {
			m.n = f.n = 0;
			l7_cases[i].make(&f, l7_cases[i].with);
			put_n(&m, (uint64_t)k, 1);
			put_n(&m, gen_u32(&g), 1);
			put(&m, f.b, f.n);
			LLVMFuzzerTestOneInput(m.b, m.n);
		}
	for (k = 0; k < 20000; k++) {
		static struct made h;

		m.n = f.n = h.n = 0;
		put_hello(&h, &browser);
		put_n(&m, 0x31, 1);
		put_n(&m, gen_u32(&g), 1);
		put_crypto(&f, &h, 100, h.n - 100);
		put_crypto(&f, &h, 0, 100);
		if (k % 3)
			break_it(&g, &f);
		put(&m, f.b, f.n);
		LLVMFuzzerTestOneInput(m.b, m.n);
	}
	ok(1, "the fuzz target finds nothing in its seeds (it ends the test when it does)");
}

/* A name has as many characters as the wire has bytes of it, whatever its text has for one. */
static void names(void)
{
	static const uint8_t query[] = {0,   1,	   1, 0,   0, 1,   0,	0,   0, 0, 0,  0, 4,
					'a', 0x80, 7, '.', 3, 'c', 'o', 'm', 0, 0, 16, 0, 1};
	static const uint8_t root[] = {0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1};
	struct wr_l7 l7;
	int ret = wr_l7_read(&l7, query, sizeof(query), 17, 40000, 53);

	ok(ret == 1 && !strcmp(l7.host, "a\\128\\007\\..com") && l7.name_len == 8,
	   "a name of bytes: %s has %d", l7.host, l7.name_len);
	ret = wr_l7_read(&l7, root, sizeof(root), 17, 40000, 53);
	ok(ret == 1 && !strcmp(l7.host, ".") && l7.name_len == 1, "the root is one");
}

int main(void)
{
	size_t i;

	for (i = 0; i < L7_CASES; i++)
		says(&l7_cases[i]);
	if (!WR_HAVE_NETTLE)
		skip("built without nettle: no JA4, no ClientHello of QUIC");
	ports();
	limits();
	names();
	cut();
	broken();
	corpus();
	return done();
}
