/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/format.h"
#include "capture/linktype.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * pcapng (draft-ietf-opsawg-pcapng): sections of either byte order, any number of interfaces with
 * their own link type, name and clock, and the three kinds of packet blocks. libpcap refuses files
 * with two link types and does not tell the interface, hence our own reader. Other blocks are
 * stepped over.
 */

enum {
	BLOCK_MIN = 12,		    /* type, length, length again */
	BLOCK_MAX = 16 << 20,	    /* as other readers: beyond that it is noise, not a block */
	BLOCK_SECTION = 0x0a0d0d0a, /* the same in both byte orders */
	MAX_IFACES = 65536,
	NAME_SIZE = 64,
	WORD = 32, /* room of a rule's or a class's name */
};

static const uint32_t order_magic = 0x1a2b3c4d;

struct iface {
	char name[NAME_SIZE];
	uint64_t mul, div;  /* clock ticks to nanoseconds; div 0: ticks are 2^-shift s */
	uint64_t offset_ns; /* added; wraps when negative */
	uint32_t snaplen;
	uint16_t linktype; /* DLT */
	uint8_t shift;
};

struct pcapng {
	struct wr_reader base;
	bool swapped;	  /* section and host differ in byte order */
	uint32_t trailer; /* of the block that was stepped over: this length must come again; 0 =
			     none */
	int first_linktype;
	uint32_t n_ifaces, room;
	struct iface *ifaces; /* of this section */
	/* Of the packet in hand, when the file tells it. */
	struct wr_fate fate;
	char rule[WORD], klass[WORD];
};

/* A block's bytes between the two lengths. */
struct body {
	const uint8_t *p;
	uint32_t n;
};

struct block {
	uint32_t type, min; /* bytes of the fixed part */
	const char *name;
	/* 1 = pkt is filled, 0 = no packet, -errno */
	int (*read)(struct pcapng *f, struct body b, struct wr_packet *pkt, struct wr_err *err);
};

static uint32_t u32(const struct pcapng *f, const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return f->swapped ? __builtin_bswap32(v) : v;
}

static uint16_t u16(const struct pcapng *f, const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return f->swapped ? __builtin_bswap16(v) : v;
}

static uint64_t u64(const struct pcapng *f, const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return f->swapped ? __builtin_bswap64(v) : v;
}

static int read_section(struct pcapng *f, struct body b, struct wr_packet *pkt, struct wr_err *err)
{
	uint16_t major = u16(f, b.p + 4), minor = u16(f, b.p + 6);

	(void)pkt;
	if (major != 1 || (minor != 0 && minor != 2))
		return wr_format_broken(&f->base, err, "pcapng version %u.%u is not known (1.0 is)",
					major, minor);
	f->n_ifaces = 0; /* interfaces are numbered anew in each section */
	return 0;
}

/* Names go to terminals and logs: what is not printable ASCII becomes '?'. */
static void set_name(struct iface *i, const uint8_t *p, uint16_t n)
{
	size_t k = n < NAME_SIZE - 1 ? n : NAME_SIZE - 1;

	for (size_t at = 0; at < k; at++)
		i->name[at] = p[at] >= 0x20 && p[at] < 0x7f ? (char)p[at] : p[at] ? '?' : '\0';
	i->name[k] = '\0';
}

static int set_clock(struct iface *i, uint8_t resolution)
{
	uint8_t exponent = resolution & 0x7f;
	uint64_t *factor = exponent <= 9 ? &i->mul : &i->div;

	i->mul = i->div = 1;
	if (resolution & 0x80) {
		i->div = 0;
		i->shift = exponent;
		return exponent <= 63 ? 0 : -EINVAL;
	}
	for (int n = abs(9 - exponent); n && exponent <= 19; n--)
		*factor *= 10;
	return exponent <= 19 ? 0 : -EINVAL;
}

static uint64_t to_ns(const struct iface *i, uint64_t t)
{
	uint64_t part;

	if (i->div)
		return t * i->mul / i->div + i->offset_ns;
	part = t & ((1ull << i->shift) - 1);
	return (t >> i->shift) * 1000000000ull +
	       (uint64_t)((unsigned __int128)part * 1000000000 >> i->shift) + i->offset_ns;
}

enum { OPT_END = 0, OPT_NAME = 2, OPT_TSRESOL = 9, OPT_TSOFFSET = 14 };

static int use_option(struct pcapng *f, struct iface *i, uint16_t code, struct body v,
		      struct wr_err *err)
{
	if (code == OPT_NAME)
		set_name(i, v.p, (uint16_t)v.n);
	if (code == OPT_TSRESOL && (v.n != 1 || set_clock(i, v.p[0]) < 0))
		return wr_format_broken(&f->base, err,
					"interface %u: its clock resolution is not "
					"one that exists",
					f->n_ifaces);
	if (code == OPT_TSOFFSET && v.n != 8)
		return wr_format_broken(&f->base, err,
					"interface %u: its clock offset has %u bytes, "
					"not 8",
					f->n_ifaces, v.n);
	if (code == OPT_TSOFFSET)
		i->offset_ns = u64(f, v.p) * 1000000000ull;
	return 0;
}

/* code, length, value padded to 32 bits; ends with code 0 or with the block (3.5) */
static int read_options(struct pcapng *f, struct iface *i, struct body b, struct wr_err *err)
{
	while (b.n >= 4) {
		uint16_t code = u16(f, b.p);
		struct body value = {b.p + 4, u16(f, b.p + 2)};
		uint32_t step = 4 + ((value.n + 3u) & ~3u);
		int rc;

		if (code == OPT_END)
			return 0;
		if (step > b.n)
			return wr_format_broken(&f->base, err,
						"interface %u: option %u runs over "
						"the end of its block",
						f->n_ifaces, code);
		rc = use_option(f, i, code, value, err);
		if (rc < 0)
			return rc;
		b.p += step;
		b.n -= step;
	}
	return 0;
}

static int grow(struct pcapng *f, struct wr_err *err)
{
	uint32_t room = f->room ? f->room * 2 : 8;
	struct iface *more;

	if (f->n_ifaces < f->room)
		return 0;
	if (f->n_ifaces >= MAX_IFACES)
		return wr_format_broken(&f->base, err, "more than %u interfaces in a section",
					MAX_IFACES);
	more = realloc(f->ifaces, room * sizeof(*more));
	if (!more)
		return wr_fail(err, ENOMEM, "no memory for %u interfaces", room);
	f->ifaces = more;
	f->room = room;
	return 0;
}

static int read_iface(struct pcapng *f, struct body b, struct wr_packet *pkt, struct wr_err *err)
{
	struct body options = {b.p + 8, b.n - 8};
	struct iface *i;
	int rc = grow(f, err);

	(void)pkt;
	if (rc < 0)
		return rc;
	i = &f->ifaces[f->n_ifaces];
	*i = (struct iface){.linktype = wr_linktype_to_dlt(u16(f, b.p)),
			    .snaplen = u32(f, b.p + 4)};
	set_clock(i, 6); /* microseconds unless told otherwise */
	rc = read_options(f, i, options, err);
	if (rc < 0)
		return rc;
	f->n_ifaces++;
	if (f->first_linktype < 0)
		f->first_linktype = i->linktype;
	return 0;
}

/* What the three packet blocks have in common. pkt->caplen and ->len are set; data stands at b.p.
 */
static int hand_out(struct pcapng *f, uint32_t id, uint64_t ticks, bool timed, struct body b,
		    struct wr_packet *pkt, struct wr_err *err)
{
	const struct iface *i;

	if (id >= f->n_ifaces)
		return wr_format_broken(&f->base, err, "interface %u is not described before it",
					id);
	if (pkt->caplen > WR_CAPLEN_MAX)
		return wr_format_broken(&f->base, err,
					"captured length %u is beyond the limit of %u", pkt->caplen,
					WR_CAPLEN_MAX);
	if (pkt->caplen > b.n)
		return wr_format_broken(&f->base, err,
					"captured length %u is more than the %u bytes "
					"in its block",
					pkt->caplen, b.n);
	i = &f->ifaces[id];
	pkt->ts_ns = timed ? to_ns(i, ticks) : 0;
	pkt->num = ++f->base.num;
	pkt->data = b.p;
	pkt->linktype = i->linktype;
	pkt->iface = i->name;
	return 1;
}

/* ---- what became of a packet ---- */

enum { EPB_COMMENT = 1, EPB_VERDICT = 7, VERDICT_TC = 1, VERDICT_XDP = 2, COMMENT_MAX = 160 };

/* "verdict drop by NAME class NAME", as export/pcapng.c writes it. Names are those of the language
 * of rules, so that no other comment is taken for one. */
static bool read_fate(struct pcapng *f, struct body v)
{
	static const char names[] = "abcdefghijklmnopqrstuvwxyz0123456789_-()";
	char text[COMMENT_MAX + 1], word[3][WORD + 8] = {"", "", ""};
	int verdict = 0, n = 0, end = 0;

	if (v.n > COMMENT_MAX)
		return false;
	memcpy(text, v.p, v.n);
	text[v.n] = 0;
	if (sscanf(text, "verdict %7[a-z]%n", word[0], &n) != 1)
		return false;
	if (sscanf(text + n, " by %31s%n", word[1], &end) == 1)
		n += end;
	if (sscanf(text + n, " class %31s%n", word[2], &end) == 1)
		n += end;
	while (verdict < WR_VERDICT_ANSWER && strcmp(word[0], wr_verdict_name(verdict)) != 0)
		verdict++;
	if (text[n] || strcmp(word[0], wr_verdict_name(verdict)) != 0 ||
	    word[1][strspn(word[1], names)] || word[2][strspn(word[2], names)])
		return false;
	memcpy(f->rule, word[1], WORD);
	memcpy(f->klass, word[2], WORD);
	f->fate = (struct wr_fate){
		.verdict = (enum wr_verdict)verdict,
		.rule = f->rule[0] ? f->rule : NULL,
		.klass = f->klass[0] ? f->klass : NULL,
	};
	return true;
}

/* What a program in the kernel returned, of whoever wrote the file. False: neither passed nor
 * dropped. */
static bool read_verdict(struct pcapng *f, struct body v)
{
	int32_t action;

	if (v.n != 9 || (v.p[0] != VERDICT_TC && v.p[0] != VERDICT_XDP))
		return false;
	action = (int32_t)u64(f, v.p + 1);
	f->fate = (struct wr_fate){0};
	if (v.p[0] == VERDICT_TC ? action == 2 : action == 0 || action == 1)
		f->fate.verdict = WR_VERDICT_DROP;
	else if (v.p[0] == VERDICT_TC ? action != 0 && action != -1 : action != 2)
		return false;
	return true;
}

/* Options of a packet are not needed to read it: what is broken in them is passed over. A comment
 * of ours says more than the number. */
static void read_packet_options(struct pcapng *f, struct body b, struct wr_packet *pkt)
{
	bool said = false;

	while (b.n >= 4) {
		uint16_t code = u16(f, b.p);
		struct body value = {b.p + 4, u16(f, b.p + 2)};
		uint32_t step = 4 + ((value.n + 3u) & ~3u);

		if (code == OPT_END || step > b.n)
			return;
		if (code == EPB_COMMENT && !said)
			said = read_fate(f, value);
		if (said || (code == EPB_VERDICT && read_verdict(f, value)))
			pkt->fate = &f->fate;
		b.p += step;
		b.n -= step;
	}
}

static int read_timed(struct pcapng *f, uint32_t id, struct body b, struct wr_packet *pkt,
		      struct wr_err *err)
{
	uint64_t ticks = (uint64_t)u32(f, b.p + 4) << 32 | u32(f, b.p + 8);
	struct body data = {b.p + 20, b.n - 20};

	pkt->caplen = u32(f, b.p + 12);
	pkt->len = u32(f, b.p + 16);
	return hand_out(f, id, ticks, true, data, pkt, err);
}

static int read_enhanced(struct pcapng *f, struct body b, struct wr_packet *pkt, struct wr_err *err)
{
	int rc = read_timed(f, u32(f, b.p), b, pkt, err);
	uint32_t used = 20 + ((pkt->caplen + 3u) & ~3u);

	if (rc > 0 && used < b.n)
		read_packet_options(f, (struct body){b.p + used, b.n - used}, pkt);
	return rc;
}

/* The obsolete packet block has a count of drops beside a shorter interface number. */
static int read_obsolete(struct pcapng *f, struct body b, struct wr_packet *pkt, struct wr_err *err)
{
	return read_timed(f, u16(f, b.p), b, pkt, err);
}

/* No time, no captured length: it is what the snapshot length leaves (4.4). */
static int read_simple(struct pcapng *f, struct body b, struct wr_packet *pkt, struct wr_err *err)
{
	struct body data = {b.p + 4, b.n - 4};
	uint32_t snaplen = f->n_ifaces ? f->ifaces[0].snaplen : 0;

	pkt->len = u32(f, b.p);
	pkt->caplen = snaplen && pkt->len > snaplen ? snaplen : pkt->len;
	return hand_out(f, 0, 0, false, data, pkt, err);
}

static const struct block blocks[] = {
	{6, 20, "enhanced packet block", read_enhanced},
	{3, 4, "simple packet block", read_simple},
	{2, 20, "packet block", read_obsolete},
	{1, 8, "interface description", read_iface},
	{BLOCK_SECTION, 16, "section header", read_section},
};

static const struct block *block_of(uint32_t type)
{
	for (size_t i = 0; i < sizeof(blocks) / sizeof(*blocks); i++)
		if (blocks[i].type == type)
			return &blocks[i];
	return NULL;
}

/* A section header tells its byte order after the length, which is in that order already (4.1). */
static int learn_order(struct pcapng *f, const uint8_t *p, struct wr_err *err)
{
	uint32_t type, magic;

	memcpy(&type, p, sizeof(type));
	if (type != BLOCK_SECTION)
		return 0;
	memcpy(&magic, p + 8, sizeof(magic));
	if (magic != order_magic && magic != __builtin_bswap32(order_magic))
		return wr_format_broken(&f->base, err,
					"a section header without byte order mark: "
					"broken, or not pcapng");
	f->swapped = magic != order_magic;
	return 0;
}

/* The end of the file, or of what is there of a block. */
static int not_whole(struct pcapng *f, int rc, const char *what, uint64_t want, struct wr_err *err)
{
	struct wr_stream *s = f->base.stream;
	uint64_t have;

	if (rc != -ENODATA)
		return rc;
	if (!wr_stream_have(s) && !f->trailer)
		return -ENODATA;
	have = wr_stream_have(s) + (f->trailer ? f->trailer - 4 - s->debt : 0);
	return wr_format_cut(&f->base, what, want, have, err);
}

static int check_length(struct pcapng *f, uint32_t total, const struct block *b, struct wr_err *err)
{
	uint32_t max = b ? WR_STREAM_PIECE : BLOCK_MAX;
	uint32_t min = BLOCK_MIN + (b ? b->min : 0);

	if (total % 4)
		return wr_format_broken(&f->base, err, "block length %u is not a multiple of 4",
					total);
	if (total < min || total > max)
		return wr_format_broken(&f->base, err, "%s of %u bytes: it must have %u to %u",
					b ? b->name : "a block", total, min, max);
	return 0;
}

static int check_trailer(struct pcapng *f, const uint8_t *p, uint32_t total, struct wr_err *err)
{
	if (u32(f, p) == total)
		return 0;
	return wr_format_broken(&f->base, err, "a block of %u bytes ends with the length %u", total,
				u32(f, p));
}

/* Behind a block that was stepped over. */
static int pass_trailer(struct pcapng *f, struct wr_err *err)
{
	struct wr_stream *s = f->base.stream;
	int rc = wr_stream_need(s, 4, err);

	if (rc <= 0)
		return not_whole(f, rc, "a block", f->trailer, err);
	rc = check_trailer(f, s->pos, f->trailer, err);
	if (rc < 0)
		return rc;
	wr_stream_skip(s, 4);
	f->trailer = 0;
	return 1;
}

static int step_over(struct pcapng *f, uint32_t total)
{
	wr_stream_skip(f->base.stream, total - 4);
	f->trailer = total;
	return 1;
}

static int read_known(struct pcapng *f, const struct block *b, uint32_t total,
		      struct wr_packet *pkt, struct wr_err *err)
{
	struct wr_stream *s = f->base.stream;
	struct body body;
	int rc = wr_stream_need(s, total, err);

	if (rc <= 0)
		return not_whole(f, rc, b->name, total, err);
	rc = check_trailer(f, s->pos + total - 4, total, err);
	if (rc < 0)
		return rc;
	body = (struct body){s->pos + 8, total - BLOCK_MIN};
	pkt->data = NULL;
	pkt->fate = NULL;
	rc = b->read(f, body, pkt, err);
	if (rc < 0)
		return rc;
	s->pos += total;
	return 1;
}

/* One block. 1 = done, pkt->data is set when it had a packet; 0 = a pipe has nothing now; -errno.
 */
static int read_block(struct pcapng *f, struct wr_packet *pkt, struct wr_err *err)
{
	struct wr_stream *s = f->base.stream;
	const struct block *b;
	uint32_t total;
	int rc = f->trailer ? pass_trailer(f, err) : 1;

	pkt->data = NULL;
	if (rc <= 0)
		return rc;
	rc = wr_stream_need(s, BLOCK_MIN, err);
	if (rc <= 0)
		return not_whole(f, rc, "a block", BLOCK_MIN, err);
	rc = learn_order(f, s->pos, err);
	if (rc < 0)
		return rc;
	b = block_of(u32(f, s->pos));
	total = u32(f, s->pos + 4);
	rc = check_length(f, total, b, err);
	if (rc < 0)
		return rc;
	return b ? read_known(f, b, total, pkt, err) : step_over(f, total);
}

static int pcapng_next(struct wr_reader *r, struct wr_packet *pkt, struct wr_err *err)
{
	int rc;

	do
		rc = read_block((struct pcapng *)r, pkt, err);
	while (rc > 0 && !pkt->data);
	return rc;
}

static bool pcapng_match(const uint8_t head[4])
{
	uint32_t type;

	memcpy(&type, head, sizeof(type));
	return type == BLOCK_SECTION;
}

static void pcapng_close(struct wr_reader *r)
{
	free(((struct pcapng *)r)->ifaces);
	free(r);
}

/* Up to the first interface, so that a filter can be compiled before the first packet. A packet
 * cannot come earlier: it would be one of an interface that is not described. */
static int pcapng_open(struct wr_reader **out, struct wr_stream *s, struct wr_err *err)
{
	struct pcapng *f = calloc(1, sizeof(*f));
	struct wr_packet none;
	int rc = 1;

	*out = NULL;
	if (!f)
		return wr_fail(err, ENOMEM, "no memory to read a capture");
	f->base.format = &wr_format_pcapng;
	f->base.stream = s;
	f->first_linktype = -1;
	while (rc > 0 && !f->n_ifaces)
		rc = read_block(f, &none, err);
	if (rc < 0 && rc != -ENODATA) {
		pcapng_close(&f->base);
		return rc;
	}
	*out = &f->base;
	return 0;
}

static int pcapng_linktype(const struct wr_reader *r)
{
	return ((const struct pcapng *)r)->first_linktype;
}

const struct wr_format wr_format_pcapng = {
	.name = "pcapng",
	.match = pcapng_match,
	.open = pcapng_open,
	.next = pcapng_next,
	.linktype = pcapng_linktype,
	.close = pcapng_close,
};
