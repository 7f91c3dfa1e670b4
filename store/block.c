/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/block.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/mem.h"

enum { VERSION = 1, CRC = 4 };

/* The columns, in their order. Another one goes to the end, and VERSION goes up. */
static const struct column {
	enum {
		NUMBER,	 /* relative to the smallest */
		STEPS,	 /* each relative to the one before it */
		AGE,	 /* before end_ns */
		TEXT,	 /* up to its NUL */
		ADDRESS, /* up to its last byte that is not 0 */
	} how;
	uint8_t size;
	uint16_t at;
} columns[] = {
#define AT(how, field)                                           \
	{                                                        \
		how, sizeof(((struct wr_store_flow *)0)->field), \
			offsetof(struct wr_store_flow, field)    \
	}
	/* what filters look at */
	AT(STEPS, end_ns),
	AT(AGE, start_ns),
	AT(ADDRESS, src),
	AT(ADDRESS, dst),
	AT(NUMBER, sport),
	AT(NUMBER, dport),
	AT(NUMBER, proto),
	/* the rest */
	AT(NUMBER, ip_v),
	AT(NUMBER, packets[0]),
	AT(NUMBER, packets[1]),
	AT(NUMBER, bytes[0]),
	AT(NUMBER, bytes[1]),
	AT(NUMBER, rtt_us),
	AT(NUMBER, vlan),
	AT(NUMBER, tcp_flags),
	AT(NUMBER, l7),
	AT(NUMBER, end),
	AT(TEXT, iface),
	AT(TEXT, host),
#undef AT
};

enum { COLUMNS = sizeof(columns) / sizeof(columns[0]), FILTER_COLUMNS = 7 };

int wr_block_open(struct wr_block *b)
{
	memset(b, 0, sizeof(*b));
	b->row = wr_mem_map(WR_BLOCK_ROWS * sizeof(*b->row));
	b->chosen = calloc(WR_BLOCK_ROWS, sizeof(*b->chosen));
	b->hash = calloc(3 * WR_BLOCK_ROWS, sizeof(*b->hash));
	if (b->row && b->chosen && b->hash && !wr_column_open(&b->column, WR_BLOCK_ROWS))
		return 0;
	wr_block_close(b);
	return -ENOMEM;
}

void wr_block_close(struct wr_block *b)
{
	wr_column_close(&b->column);
	wr_buf_free(&b->body);
	free(b->hash);
	wr_mem_unmap(b->row, WR_BLOCK_ROWS * sizeof(*b->row));
	free(b->chosen);
	memset(b, 0, sizeof(*b));
}

/* ---- which addresses and ports are within ---- */

/* A Bloom filter (1970): eight bits for each item, four of them set, so about one look-up in forty
 * finds what is not there. The hash is part of the format. */
enum { BLOOM_MAX = 16384, BLOOM_PORT = 1 };

static uint64_t bloom_hash(const uint8_t item[16], uint64_t salt)
{
	uint64_t a, b;

	memcpy(&a, item, 8);
	memcpy(&b, item + 8, 8);
	a = (a ^ salt) * 0xff51afd7ed558ccdu;
	a = (a ^ a >> 33 ^ b) * 0xc4ceb9fe1a85ec53u;
	a = (a ^ a >> 33) * 0xff51afd7ed558ccdu;
	return a ^ a >> 33;
}

static uint64_t port_hash(uint16_t port)
{
	uint8_t item[16] = {(uint8_t)(port >> 8), (uint8_t)port};

	return bloom_hash(item, BLOOM_PORT);
}

static void bloom_add(struct wr_buf *bloom, uint64_t h)
{
	uint32_t mask = (uint32_t)bloom->used * 8 - 1, step = (uint32_t)(h >> 32) | 1;

	for (uint32_t i = 0, bit = (uint32_t)h; i < 4; i++, bit += step)
		bloom->at[(bit & mask) / 8] |= (char)(1 << bit % 8);
}

static bool bloom_has(const uint8_t *bloom, size_t size, uint64_t h)
{
	uint32_t mask = (uint32_t)size * 8 - 1, step = (uint32_t)(h >> 32) | 1;

	for (uint32_t i = 0, bit = (uint32_t)h; i < 4; i++, bit += step)
		if (!(bloom[(bit & mask) / 8] & 1 << bit % 8))
			return false;
	return true;
}

bool wr_block_may_have(const uint8_t *bloom, size_t size, const struct wr_store_filter *f)
{
	if (!size || size > BLOOM_MAX || size & (size - 1))
		return true;
	if (f->by & WR_STORE_BY_SRC && !bloom_has(bloom, size, bloom_hash(f->src, 0)))
		return false;
	if (f->by & WR_STORE_BY_DST && !bloom_has(bloom, size, bloom_hash(f->dst, 0)))
		return false;
	if (f->by & WR_STORE_BY_EITHER && !bloom_has(bloom, size, bloom_hash(f->addr, 0)))
		return false;
	return !(f->by & WR_STORE_BY_DPORT) || bloom_has(bloom, size, port_hash(f->dport));
}

/* The distinct texts of the column that was just written. Returns how many hashes there are now. */
static uint32_t hash_addresses(struct wr_block *b, uint32_t n)
{
	const struct wr_column *c = &b->column;

	for (uint32_t i = 0; i < c->texts; i++) {
		uint8_t item[16] = {0};

		memcpy(item, c->text[i], c->len[i]);
		b->hash[n++] = bloom_hash(item, 0);
	}
	return n;
}

static uint32_t hash_ports(struct wr_block *b, const struct wr_store_flow *rows, uint32_t count,
			   uint32_t n)
{
	uint64_t seen[65536 / 64] = {0};

	for (uint32_t i = 0; i < count; i++) {
		uint64_t *word = &seen[rows[i].dport / 64], bit = 1ull << rows[i].dport % 64;

		if (!(*word & bit))
			b->hash[n++] = port_hash(rows[i].dport);
		*word |= bit;
	}
	return n;
}

static void bloom_make(struct wr_buf *bloom, const uint64_t *hash, uint32_t n)
{
	size_t size = 8;

	while (size < n && size < BLOOM_MAX)
		size *= 2;
	wr_buf_clear(bloom);
	if (!wr_buf_room(bloom, size))
		return;
	memset(bloom->at, 0, size);
	bloom->used = size;
	for (uint32_t i = 0; i < n; i++)
		bloom_add(bloom, hash[i]);
}

/* ---- writing ---- */

struct text_column {
	const struct wr_store_flow *rows;
	const struct column *c;
};

static uint8_t text_len(const struct column *c, const uint8_t *at)
{
	uint8_t n = c->size;

	if (c->how == TEXT)
		return (uint8_t)strnlen((const char *)at, n - 1u);
	while (n && !at[n - 1])
		n--;
	return n;
}

static const uint8_t *text_at(const void *ctx, uint32_t row, uint8_t *len)
{
	const struct text_column *t = ctx;
	const uint8_t *at = (const uint8_t *)&t->rows[row] + t->c->at;

	*len = text_len(t->c, at);
	return at;
}

static uint64_t load(const struct column *c, const struct wr_store_flow *row)
{
	const uint8_t *at = (const uint8_t *)row + c->at;
	uint16_t v2;
	uint32_t v4;
	uint64_t v8;

	switch (c->size) {
	case 1:
		return *at;
	case 2:
		memcpy(&v2, at, 2);
		return v2;
	case 4:
		memcpy(&v4, at, 4);
		return v4;
	}
	memcpy(&v8, at, 8);
	return c->how == AGE ? row->end_ns - v8 : v8;
}

static void save(const struct column *c, struct wr_store_flow *row, uint64_t v)
{
	uint8_t *at = (uint8_t *)row + c->at;
	uint16_t v2 = (uint16_t)v;
	uint32_t v4 = (uint32_t)v;

	if (c->how == AGE)
		v = row->end_ns - v;
	switch (c->size) {
	case 1:
		*at = (uint8_t)v;
		break;
	case 2:
		memcpy(at, &v2, 2);
		break;
	case 4:
		memcpy(at, &v4, 4);
		break;
	case 8:
		memcpy(at, &v, 8);
	}
}

static void put_column(struct wr_block *b, const struct column *c, const struct wr_store_flow *rows,
		       uint32_t n)
{
	struct text_column t = {rows, c};

	if (c->how >= TEXT) {
		wr_column_put_text(&b->column, &b->body, text_at, &t, n);
		return;
	}
	for (uint32_t i = 0; i < n; i++)
		b->column.number[i] = load(c, &rows[i]);
	wr_column_put(&b->column, &b->body, b->column.number, n, c->how == STEPS);
}

bool wr_block_put(struct wr_block *b, const struct wr_store_flow *rows, uint32_t n,
		  struct wr_buf *data, struct wr_buf *bloom)
{
	uint32_t hashes = 0, crc;

	wr_buf_clear(&b->body);
	wr_buf_clear(data);
	wr_buf_char(data, VERSION);
	wr_column_put_varint(data, n);
	for (int i = 0; i < COLUMNS; i++) {
		size_t before = b->body.used;

		put_column(b, &columns[i], rows, n);
		if (columns[i].how == ADDRESS)
			hashes = hash_addresses(b, hashes);
		wr_column_put_varint(data, b->body.used - before);
	}
	bloom_make(bloom, b->hash, hash_ports(b, rows, n, hashes));
	wr_buf_add(data, b->body.at, b->body.used);
	crc = htole32((uint32_t)crc32(0, (const uint8_t *)data->at, (uInt)data->used));
	wr_buf_add(data, &crc, CRC);
	return !b->body.failed && !data->failed && !bloom->failed;
}

/* ---- reading ---- */

struct in {
	struct wr_column_in column[COLUMNS];
	uint32_t rows;
};

static bool head(struct in *in, const uint8_t *data, size_t size)
{
	struct wr_column_in at = {data + 1, data + size - CRC};
	uint64_t rows, bytes[COLUMNS];
	uint32_t crc;

	if (size < 2 + COLUMNS + CRC || data[0] != VERSION)
		return false;
	memcpy(&crc, at.end, CRC);
	if (le32toh(crc) != (uint32_t)crc32(0, data, (uInt)(size - CRC)))
		return false;
	if (!wr_column_get_varint(&at, &rows) || !rows || rows > WR_BLOCK_ROWS)
		return false;
	for (int i = 0; i < COLUMNS; i++)
		if (!wr_column_get_varint(&at, &bytes[i]))
			return false;
	for (int i = 0; i < COLUMNS; i++) {
		if (bytes[i] > (size_t)(at.end - at.at))
			return false;
		in->column[i] = (struct wr_column_in){at.at, at.at + bytes[i]};
		at.at += bytes[i];
	}
	in->rows = (uint32_t)rows;
	return true;
}

static bool get_column(struct wr_block *b, const struct column *c, struct wr_column_in *in,
		       uint32_t n)
{
	struct wr_column *col = &b->column;
	uint8_t most = (uint8_t)(c->size - (c->how == TEXT));

	if (c->how < TEXT) {
		if (!wr_column_get(col, in, col->number, n, c->how == STEPS))
			return false;
		for (uint32_t i = 0; i < n; i++)
			save(c, &b->row[i], col->number[i]);
		return true;
	}
	if (!wr_column_get_text(col, in, col->number, n))
		return false;
	for (uint32_t i = 0; i < n; i++) {
		uint64_t k = col->number[i];

		if (col->len[k] > most)
			return false;
		memcpy((uint8_t *)&b->row[i] + c->at, col->text[k], col->len[k]);
	}
	return true;
}

static bool takes(const struct wr_store_filter *f, const struct wr_store_flow *r)
{
	if (r->end_ns < f->from_ns || (f->to_ns && r->start_ns >= f->to_ns))
		return false;
	if (f->by & WR_STORE_BY_SRC && memcmp(r->src, f->src, 16))
		return false;
	if (f->by & WR_STORE_BY_DST && memcmp(r->dst, f->dst, 16))
		return false;
	if (f->by & WR_STORE_BY_EITHER && memcmp(r->src, f->addr, 16) &&
	    memcmp(r->dst, f->addr, 16))
		return false;
	if (f->by & WR_STORE_BY_DPORT && r->dport != f->dport)
		return false;
	if (f->by & WR_STORE_BY_PORT && r->dport != f->port && r->sport != f->port)
		return false;
	return !(f->by & WR_STORE_BY_PROTO) || r->proto == f->proto;
}

static bool choose(struct wr_block *b, uint32_t n, const struct wr_store_filter *f)
{
	bool any = false;

	for (uint32_t i = 0; i < n; i++) {
		b->chosen[i] = !f || takes(f, &b->row[i]);
		any = any || b->chosen[i];
	}
	return any;
}

int wr_block_get(struct wr_block *b, const uint8_t *data, size_t size,
		 const struct wr_store_filter *f)
{
	struct in in;

	if (!head(&in, data, size))
		return -EBADMSG;
	memset(b->row, 0, in.rows * sizeof(*b->row));
	for (int i = 0; i < COLUMNS; i++) {
		if (i == FILTER_COLUMNS && !choose(b, in.rows, f))
			return 0;
		if (!get_column(b, &columns[i], &in.column[i], in.rows))
			return -EBADMSG;
	}
	return (int)in.rows;
}
