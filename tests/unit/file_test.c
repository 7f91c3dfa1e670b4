/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Capture files: read in every format, cut and broken in every place, compared with libpcap,
 * written and read. */
#include "tests/tap.h"

#include "base/buf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "capture/capture.h"
#include "capture/linktype.h"
#include "export/pcapng.h"

static char dir[] = "/tmp/weir-file-test-XXXXXX";

static const char *in_dir(const char *name)
{
	static char path[16][256]; /* the last sixteen stay valid */
	static int turn;
	char *p = path[turn++ % 16];

	snprintf(p, sizeof(path[0]), "%s/%s", dir, name);
	return p;
}

/* ---- bytes of a capture, in either byte order ---- */

struct bytes {
	uint8_t *p;
	size_t n, room;
	bool swap;
};

static void add(struct bytes *b, const void *p, size_t n)
{
	while (b->n + n > b->room) {
		b->room = b->room ? b->room * 2 : 4096;
		b->p = realloc(b->p, b->room);
	}
	if (n)
		memcpy(b->p + b->n, p, n);
	b->n += n;
}

static void add16(struct bytes *b, uint16_t v)
{
	v = b->swap ? __builtin_bswap16(v) : v;
	add(b, &v, 2);
}

static void add32(struct bytes *b, uint32_t v)
{
	v = b->swap ? __builtin_bswap32(v) : v;
	add(b, &v, 4);
}

static void add64(struct bytes *b, uint64_t v)
{
	v = b->swap ? __builtin_bswap64(v) : v;
	add(b, &v, 8);
}

static void pad(struct bytes *b)
{
	add(b, "\0\0\0", (4 - b->n % 4) % 4);
}

static void drop(struct bytes *b)
{
	free(b->p);
	*b = (struct bytes){0};
}

/* Ethernet, IPv4, UDP from port 1000 + i to 53, i + 1 bytes of payload */
static size_t frame(uint8_t *p, unsigned int i)
{
	static const uint8_t head[] = {2, 0, 0, 0, 0, 1,  2,  0, 0, 0,	0, 2, 8, 0,  0x45, 0, 0,
				       0, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0,	   0, 2};
	uint16_t udp[4] = {htons((uint16_t)(1000 + i)), htons(53), htons((uint16_t)(9 + i)), 0};

	memcpy(p, head, sizeof(head));
	p[17] = (uint8_t)(29 + i);
	memcpy(p + 34, udp, sizeof(udp));
	memset(p + 42, (int)('a' + i), i + 1);
	return 43 + i;
}

static void pcap_head(struct bytes *b, uint32_t magic, unsigned int minor, uint32_t linktype)
{
	add32(b, magic);
	add16(b, 2);
	add16(b, (uint16_t)minor);
	add64(b, 0);
	add32(b, 65535);
	add32(b, linktype);
}

static void pcap_record(struct bytes *b, unsigned int i, bool patched, bool exchanged)
{
	uint8_t p[256];
	uint32_t n = (uint32_t)frame(p, i);

	add32(b, 1700000000 + i);
	add32(b, 123456);
	add32(b, exchanged ? n + 100 : n);
	add32(b, exchanged ? n : n + 100);
	if (patched)
		add64(b, 0x1234);
	add(b, p, n);
}

static struct bytes pcap_bytes(uint32_t magic, bool swap, unsigned int minor)
{
	struct bytes b = {.swap = swap};

	pcap_head(&b, magic, minor, 1);
	for (unsigned int i = 0; i < 3; i++)
		pcap_record(&b, i, magic == 0xa1b2cd34, minor < 4);
	return b;
}

static size_t block(struct bytes *b, uint32_t type)
{
	size_t at = b->n;

	add32(b, type);
	add32(b, 0);
	return at;
}

static void block_end(struct bytes *b, size_t at)
{
	uint32_t n, v;

	pad(b);
	n = (uint32_t)(b->n - at + 4);
	add32(b, n);
	v = b->swap ? __builtin_bswap32(n) : n;
	memcpy(b->p + at + 4, &v, 4);
}

static void option(struct bytes *b, unsigned int code, const void *p, size_t n)
{
	add16(b, (uint16_t)code);
	add16(b, (uint16_t)n);
	add(b, p, n);
	pad(b);
}

static void section(struct bytes *b)
{
	size_t at = block(b, 0x0a0d0d0a);

	add32(b, 0x1a2b3c4d);
	add16(b, 1);
	add16(b, 0);
	add64(b, UINT64_MAX);
	option(b, 1, "hello", 5);
	option(b, 0, "", 0);
	block_end(b, at);
}

/* resolution < 0: the option is left out */
static void iface(struct bytes *b, unsigned int linktype, const char *name, int resolution,
		  int64_t offset)
{
	uint8_t r = (uint8_t)resolution;
	size_t at = block(b, 1);

	add16(b, (uint16_t)linktype);
	add16(b, 0);
	add32(b, 1 << 20);
	if (name)
		option(b, 2, name, strlen(name));
	if (resolution >= 0)
		option(b, 9, &r, 1);
	if (offset) {
		add16(b, 14);
		add16(b, 8);
		add64(b, (uint64_t)offset);
	}
	block_end(b, at);
}

static void enhanced(struct bytes *b, uint32_t id, uint64_t ticks, unsigned int i)
{
	size_t at = block(b, 6);
	uint8_t p[256];
	uint32_t n = (uint32_t)frame(p, i);

	add32(b, id);
	add32(b, (uint32_t)(ticks >> 32));
	add32(b, (uint32_t)ticks);
	add32(b, n);
	add32(b, n + 100);
	add(b, p, n);
	pad(b);
	option(b, 1, "a comment", 9);
	option(b, 0, "", 0);
	block_end(b, at);
}

static void obsolete(struct bytes *b, unsigned int id, uint64_t ticks, unsigned int i)
{
	size_t at = block(b, 2);
	uint8_t p[256];
	uint32_t n = (uint32_t)frame(p, i);

	add16(b, (uint16_t)id);
	add16(b, 7);
	add32(b, (uint32_t)(ticks >> 32));
	add32(b, (uint32_t)ticks);
	add32(b, n);
	add32(b, n + 100);
	add(b, p, n);
	block_end(b, at);
}

static void simple(struct bytes *b, unsigned int i)
{
	size_t at = block(b, 3);
	uint8_t p[256];
	uint32_t n = (uint32_t)frame(p, i);

	add32(b, n);
	add(b, p, n);
	block_end(b, at);
}

static void unknown(struct bytes *b, uint32_t type, size_t n)
{
	size_t at = block(b, type);
	uint8_t *p = calloc(1, n);

	add(b, p, n);
	block_end(b, at);
	free(p);
}

static struct bytes pcapng_bytes(bool swap)
{
	struct bytes b = {.swap = swap};

	section(&b);
	iface(&b, 1, "eth0", -1, 0);
	unknown(&b, 4, 40); /* names */
	enhanced(&b, 0, 1700000000123456, 0);
	unknown(&b, 0xbad, 20);
	obsolete(&b, 0, 1700000001123456, 1);
	unknown(&b, 5, 24); /* statistics */
	enhanced(&b, 0, 1700000002123456, 2);
	return b;
}

static struct bytes gzipped(const struct bytes *in)
{
	struct bytes b = {0};
	z_stream z = {0};
	uint8_t *out = malloc(in->n + 4096);

	deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
	z.next_in = in->p;
	z.avail_in = (uInt)in->n;
	z.next_out = out;
	z.avail_out = (uInt)in->n + 4096;
	deflate(&z, Z_FINISH);
	add(&b, out, z.total_out);
	deflateEnd(&z);
	free(out);
	return b;
}

static struct bytes zstded(const struct bytes *in, int window_log)
{
	struct bytes b = {0};
	size_t room = ZSTD_compressBound(in->n);
	uint8_t *out = malloc(room);
	ZSTD_CCtx *c = ZSTD_createCCtx();
	ZSTD_inBuffer from = {in->p, in->n, 0};
	ZSTD_outBuffer to = {out, room, 0};

	ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
	if (window_log) {
		ZSTD_CCtx_setParameter(c, ZSTD_c_enableLongDistanceMatching, 1);
		ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, window_log);
	}
	while (ZSTD_compressStream2(c, &to, &from, ZSTD_e_end)) {
	}
	add(&b, out, to.pos);
	ZSTD_freeCCtx(c);
	free(out);
	return b;
}

/* Blocks that are flushed but not ended, as of a capture that still runs; the first is short, so
 * that the unpacked bytes do not come in whole chunks. */
static struct bytes zstd_running(const struct bytes *in)
{
	struct bytes b = {0};
	size_t room = ZSTD_compressBound(in->n) + 64;
	uint8_t *out = malloc(room);
	ZSTD_CCtx *c = ZSTD_createCCtx();
	ZSTD_inBuffer from = {in->p, 100, 0};
	ZSTD_outBuffer to = {out, room, 0};

	ZSTD_compressStream2(c, &to, &from, ZSTD_e_flush);
	from.size = in->n;
	while (ZSTD_compressStream2(c, &to, &from, ZSTD_e_flush)) {
	}
	add(&b, out, to.pos);
	ZSTD_freeCCtx(c);
	free(out);
	return b;
}

static const char *save(const char *name, const void *p, size_t n)
{
	const char *path = in_dir(name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 || write(fd, p, n) != (ssize_t)n)
		note("cannot write %s: %s", path, strerror(errno));
	close(fd);
	return path;
}

/* ---- what comes out ---- */

struct seen {
	uint64_t num, ts_ns;
	uint32_t caplen, len, sum;
	uint16_t linktype;
	char iface[64];
};

struct all {
	struct seen *p;
	size_t n, room;
	int rc; /* open or last read */
	struct wr_err err;
	struct wr_ledger row;
};

static uint32_t sum_of(const uint8_t *p, uint32_t n)
{
	return (uint32_t)crc32(0, p, n);
}

static void keep(void *ctx, const struct wr_packet *pkt)
{
	struct all *a = ctx;
	struct seen s = {
		pkt->num,      pkt->ts_ns, pkt->caplen, pkt->len, sum_of(pkt->data, pkt->caplen),
		pkt->linktype, ""};

	if (a->n == a->room) {
		a->room = a->room ? a->room * 2 : 64;
		a->p = realloc(a->p, a->room * sizeof(*a->p));
	}
	snprintf(s.iface, sizeof(s.iface), "%s", pkt->iface);
	a->p[a->n++] = s;
}

static struct all read_all(const char *path, const char *filter, int max)
{
	struct all a = {0};
	struct wr_source *s;

	a.rc = wr_file_open(&s, path, filter, &a.err);
	if (a.rc < 0)
		return a;
	do
		a.rc = s->ops->read(s, keep, &a, max, &a.err);
	while (a.rc >= 0);
	s->ops->ledger(s, &a.row, 1);
	wr_source_close(&s);
	return a;
}

static struct all read_bytes(const char *name, const struct bytes *b)
{
	return read_all(save(name, b->p, b->n), NULL, 100);
}

/* The three frames of pcap_bytes() and pcapng_bytes()? */
static bool three(const struct all *a, uint64_t fraction_ns, const char *name)
{
	uint8_t p[256];
	bool good = a->n == 3 && a->rc == -ENODATA;

	for (unsigned int i = 0; good && i < 3; i++) {
		uint32_t n = (uint32_t)frame(p, i);
		const struct seen *s = &a->p[i];

		good = s->num == i + 1 && s->caplen == n && s->len == n + 100 &&
		       s->sum == sum_of(p, n) && s->linktype == DLT_EN10MB &&
		       s->ts_ns == (1700000000ull + i) * 1000000000 + fraction_ns &&
		       !strcmp(s->iface, name);
	}
	if (!good)
		note("%zu packets, end %d, '%s'", a->n, a->rc, a->err.text);
	return good;
}

static void check_three(const char *name, const struct bytes *b, uint64_t fraction_ns,
			const char *iface_name, const char *what)
{
	struct all a = read_bytes(name, b);

	ok(three(&a, fraction_ns, iface_name), "%s", what);
	free(a.p);
}

static void classic(void)
{
	static const struct {
		uint32_t magic;
		unsigned int minor;
		uint64_t fraction;
		const char *what;
	} kinds[] = {
		{0xa1b2c3d4, 4, 123456000, "microseconds"},
		{0xa1b23c4d, 4, 123456, "nanoseconds"},
		{0xa1b2cd34, 4, 123456000, "the patched record header"},
		{0xa1b2c3d4, 2, 123456000, "version 2.2, lengths exchanged"},
		{0xa1b2c3d4, 3, 123456000, "version 2.3, lengths exchanged"},
	};
	char what[96];

	for (size_t i = 0; i < 2 * sizeof(kinds) / sizeof(*kinds); i++) {
		struct bytes b = pcap_bytes(kinds[i / 2].magic, i % 2, kinds[i / 2].minor);

		snprintf(what, sizeof(what), "pcap is read: %s, %s byte order", kinds[i / 2].what,
			 i % 2 ? "other" : "own");
		check_three("a.pcap", &b, kinds[i / 2].fraction, "", what);
		drop(&b);
	}
}

static void packed(void)
{
	struct bytes ng = pcapng_bytes(false), z = gzipped(&ng), s = zstded(&ng, 0), b = {0};
	static const uint8_t skippable[] = {0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4};
	struct bytes half;

	check_three("own.pcapng", &ng, 123456000, "eth0", "pcapng is read, own byte order");
	check_three("name.says.nothing", &z, 123456000, "eth0", "gzip is told by its first bytes");
	check_three("a.pcapng.zst", &s, 123456000, "eth0", "zstd is told by its first bytes");

	half = gzipped(&(struct bytes){.p = ng.p, .n = 100});
	add(&b, half.p, half.n);
	drop(&half);
	half = gzipped(&(struct bytes){.p = ng.p + 100, .n = ng.n - 100});
	add(&b, half.p, half.n);
	drop(&half);
	add(&b, "\0\0\0\0", 4);
	check_three("members.gz", &b, 123456000, "eth0",
		    "gzip members in a row, padded with zeros");
	drop(&b);

	add(&b, skippable, sizeof(skippable));
	half = zstded(&(struct bytes){.p = ng.p, .n = 100}, 27);
	add(&b, half.p, half.n);
	drop(&half);
	half = zstded(&(struct bytes){.p = ng.p + 100, .n = ng.n - 100}, 31);
	add(&b, half.p, half.n);
	drop(&half);
	check_three("frames.zst", &b, 123456000, "eth0",
		    "zstd frames in a row, a skippable one first, windows of 2^27 and 2^31");
	drop(&b);
	drop(&ng);
	ng = pcapng_bytes(true);
	check_three("other.pcapng", &ng, 123456000, "eth0", "pcapng is read, other byte order");
	drop(&ng);
	drop(&z);
	drop(&s);
}

static void interfaces(void)
{
	static const uint64_t s = 1000000000;
	struct bytes b = {0};
	struct all a;

	section(&b);
	iface(&b, 1, "eth0", 9, 0);
	iface(&b, 101, "tun0", 3, 0);
	iface(&b, 1, NULL, 0x80 | 10, 100);
	iface(&b, 113, "any\x1b[2J", 12, -1);
	enhanced(&b, 1, 7001, 0);
	enhanced(&b, 2, (5 << 10) + 512, 1);
	enhanced(&b, 0, 9 * s + 1, 2);
	enhanced(&b, 3, 4000000000123, 3);
	simple(&b, 4);
	b.swap = true;
	section(&b);
	iface(&b, 276, "wan", 0, 0);
	enhanced(&b, 0, 77, 5);
	a = read_bytes("many.pcapng", &b);
	if (ok(a.n == 6 && a.rc == -ENODATA, "interfaces of four link types in two sections")) {
		ok(a.p[0].linktype == DLT_RAW && !strcmp(a.p[0].iface, "tun0"),
		   "each packet has the name and the link type of its interface");
		is_int((long long)a.p[0].ts_ns, 7 * s + 1000000, "a clock of milliseconds");
		is_int((long long)a.p[1].ts_ns, 105 * s + s / 2, "a clock of 2^-10 s and 100 s");
		is_str(a.p[1].iface, "", "an interface without a name");
		is_int((long long)a.p[2].ts_ns, 9 * s + 1, "a clock of nanoseconds");
		is_int((long long)a.p[3].ts_ns, 3 * s, "a clock of picoseconds, less one second");
		is_str(a.p[3].iface, "any?[2J", "what could garble a terminal is not in a name");
		ok(a.p[4].ts_ns == 0 && a.p[4].linktype == 1 && !strcmp(a.p[4].iface, "eth0"),
		   "a simple packet block is of the first interface and has no time");
		ok(a.p[5].linktype == DLT_LINUX_SLL2 && !strcmp(a.p[5].iface, "wan") &&
			   a.p[5].ts_ns == 77 * s,
		   "a section of the other byte order numbers its interfaces anew");
	}
	free(a.p);
	drop(&b);
}

/* ---- broken files ---- */

/* Packets whose last byte lies within the first n bytes, from the whole file's own records. */
static size_t whole_within(const size_t *ends, size_t count, size_t n)
{
	size_t k = 0;

	while (k < count && ends[k] <= n)
		k++;
	return k;
}

static void cut_everywhere(const char *what, const struct bytes *b, const size_t *ends,
			   size_t n_ends, const size_t *fine, size_t n_fine)
{
	int wrong = 0;

	for (size_t n = 0; n < b->n; n++) {
		struct all a = read_all(save("cut", b->p, n), NULL, 100);
		bool clean = false;

		for (size_t i = 0; i < n_fine; i++)
			clean |= fine[i] == n;
		if (a.n != whole_within(ends, n_ends, n) || a.rc != (clean ? -ENODATA : -EINVAL) ||
		    (!clean && !strstr(a.err.text, "/cut: "))) {
			note("cut at %zu: %zu packets, end %d, '%s'", n, a.n, a.rc, a.err.text);
			wrong++;
		}
		free(a.p);
	}
	is_int(wrong, 0, "%s cut at each of its %zu bytes: the packets before, then a clear end",
	       what, b->n);
}

static void cut(void)
{
	struct bytes b = pcap_bytes(0xa1b2c3d4, false, 4);
	size_t ends[3] = {24 + 16 + 43, 24 + 32 + 43 + 44, 24 + 48 + 43 + 44 + 45};
	size_t fine[8] = {24, ends[0], ends[1]};
	struct bytes z;

	cut_everywhere("pcap", &b, ends, 3, fine, 3);
	drop(&b);

	section(&b);
	fine[0] = b.n;
	iface(&b, 1, "eth0", 9, 0);
	fine[1] = b.n;
	enhanced(&b, 0, 1, 0);
	fine[2] = ends[0] = b.n;
	unknown(&b, 0xbad, 40);
	fine[3] = b.n;
	enhanced(&b, 0, 1, 1);
	fine[4] = ends[1] = b.n;
	simple(&b, 1);
	ends[2] = b.n;
	cut_everywhere("pcapng", &b, ends, 3, fine, 5);

	/* packed: nothing comes out before the only block is complete, or all of it */
	z = zstded(&b, 0);
	for (size_t n = 1, wrong = 0; n <= z.n; n++) {
		struct all a = read_all(save("cut.zst", z.p, n), NULL, 100);

		wrong += a.rc != (n < z.n ? -EINVAL : -ENODATA);
		if (n == z.n)
			is_int((long long)wrong, 0, "zstd cut at each of its bytes is an error");
		free(a.p);
	}
	drop(&z);
	z = gzipped(&b);
	for (size_t n = 1, wrong = 0; n <= z.n; n++) {
		struct all a = read_all(save("cut.gz", z.p, n), NULL, 100);

		wrong += a.rc != (n < z.n ? -EINVAL : -ENODATA);
		if (n == z.n)
			is_int((long long)wrong, 0, "gzip cut at each of its bytes is an error");
		free(a.p);
	}
	drop(&z);
	drop(&b);
}

static void flip(const char *what, struct bytes *b)
{
	static const uint8_t values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
	int wrong = 0;

	for (size_t i = 0; i < b->n * sizeof(values); i++) {
		uint8_t was = b->p[i / sizeof(values)];
		struct all a;

		b->p[i / sizeof(values)] = values[i % sizeof(values)];
		a = read_bytes("flip", b);
		wrong += a.rc != -ENODATA && (a.rc != -EINVAL || !a.err.text[0]);
		free(a.p);
		b->p[i / sizeof(values)] = was;
	}
	is_int(wrong, 0, "%s with each byte replaced: an end or an error with a text", what);
}

static void hostile(void)
{
	struct bytes b = pcap_bytes(0xa1b2c3d4, true, 4), z;

	flip("pcap", &b);
	z = gzipped(&b);
	flip("gzip", &z);
	drop(&z);
	z = zstded(&b, 0);
	flip("zstd", &z);
	drop(&z);
	drop(&b);
	b = pcapng_bytes(false);
	flip("pcapng", &b);
	drop(&b);
}

static void says(const char *path, int rc, const char *text)
{
	struct all a = read_all(path, NULL, 100);
	bool good = a.rc == rc && strstr(a.err.text, text);

	ok(good, "%s: %s", strrchr(path, '/') ? strrchr(path, '/') + 1 : path, text);
	if (!good)
		note("end %d: '%s'", a.rc, a.err.text);
	free(a.p);
}

static void messages(void)
{
	struct bytes b = {0};

	says(save("empty.pcap", "", 0), -EINVAL, "empty.pcap: empty, there is no capture in it");
	says(save("text", "#!/bin/sh\necho hello\n", 21), -EINVAL,
	     "not a capture file (neither pcap nor pcapng)");
	says(save("three", "abc", 3), -EINVAL, "not a capture file");
	says(save("head.pcap", "\xd4\xc3\xb2\xa1\2\0\4\0", 8), -EINVAL,
	     "it ends at byte 8 with 8 of the 24 bytes of the pcap file header");
	says(save("a.xz",
		  "\xfd"
		  "7zXZ\0\0\0",
		  8),
	     -EINVAL, "xz -dc");
	says(dir, -EINVAL, "is a directory");
	says(in_dir("missing.pcap"), -ENOENT, "missing.pcap: No such file or directory");

	if (geteuid() == 0) {
		skip("a file without permission (root may read everything)");
	} else {
		chmod(save("secret", "x", 1), 0);
		says(in_dir("secret"), -EACCES, "secret: Permission denied");
	}

	pcap_head(&b, 0xa1b2c3d4, 4, 1);
	pcap_record(&b, 0, false, false);
	add64(&b, 0);
	add32(&b, 2000000);
	add32(&b, 2000000);
	says(save("long.pcap", b.p, b.n), -EINVAL,
	     "broken after packet 1, at byte 83: captured length 2000000 is beyond the limit");
	drop(&b);
	section(&b);
	add32(&b, 0xbad);
	add32(&b, 0x7ffffffc);
	add32(&b, 0);
	says(save("noise.pcapng", b.p, b.n), -EINVAL, "at byte 44: a block of 2147483644 bytes");
	drop(&b);
	section(&b);
	b.p[b.n - 4] = 48;
	says(save("ends.pcapng", b.p, b.n), -EINVAL, "a block of 44 bytes ends with the length 48");
	b.p[b.n - 4] = 44;
	unknown(&b, 0xbad, 8);
	b.p[b.n - 4] = 24;
	says(save("skips.pcapng", b.p, b.n), -EINVAL,
	     "a block of 20 bytes ends with the length 24");
	drop(&b);
	section(&b);
	enhanced(&b, 3, 0, 0);
	says(save("noif.pcapng", b.p, b.n), -EINVAL, "interface 3 is not described before it");
	drop(&b);
	section(&b);
	iface(&b, 1, "x", 99, 0);
	says(save("clock.pcapng", b.p, b.n), -EINVAL, "clock resolution");
	drop(&b);
}

static void big_pcap(const uint8_t *p, uint32_t n)
{
	struct bytes b = {0};
	struct all a;

	pcap_head(&b, 0xa1b2c3d4, 4, 1);
	for (int i = 0; i < 5; i++) {
		add64(&b, 0);
		add32(&b, n);
		add32(&b, n);
		add(&b, p, n);
	}
	a = read_bytes("big.pcap", &b);
	ok(a.n == 5 && a.rc == -ENODATA && a.p[4].sum == sum_of(p, n),
	   "pcap: frames of BIG TCP, half a MiB, come whole");
	free(a.p);
	for (int i = 0; i < 2; i++) {
		struct bytes z = i ? zstded(&b, 0) : gzipped(&b);

		a = read_bytes("big.packed", &z);
		ok(a.n == 5 && a.rc == -ENODATA && a.p[4].sum == sum_of(p, n),
		   "%s: all that %zu bytes unpack to comes out", i ? "zstd" : "gzip", z.n);
		free(a.p);
		drop(&z);
	}
	drop(&b);
}

static void big_pcapng(const uint8_t *p, uint32_t n)
{
	struct bytes b = {0};
	struct all a;

	section(&b);
	iface(&b, 1, "eth0", 9, 0);
	for (int i = 0; i < 5; i++) {
		size_t at = block(&b, 6);

		add32(&b, 0);
		add64(&b, 0);
		add32(&b, n);
		add32(&b, n);
		add(&b, p, n);
		block_end(&b, at);
		unknown(&b, 0xbad, 3000000);
	}
	a = read_bytes("big.pcapng", &b);
	ok(a.n == 5 && a.rc == -ENODATA && a.p[4].sum == sum_of(p, n),
	   "pcapng: the same, with unknown blocks larger than the buffer between them");
	free(a.p);
	drop(&b);
}

static void big(void)
{
	uint32_t n = 524288 + 4000;
	uint8_t *p = malloc(n);

	for (uint32_t i = 0; i < n; i++)
		p[i] = (uint8_t)(i * 7);
	big_pcap(p, n);
	big_pcapng(p, n);
	free(p);
}

/* ---- the source's promises ---- */

static void chosen(void)
{
	struct bytes b = pcapng_bytes(false);
	const char *path = save("f.pcapng", b.p, b.n);
	struct all a = read_all(path, "udp src port 1001", 1);
	struct wr_source *s;

	ok(a.n == 1 && a.rc == -ENODATA && a.p[0].num == 2,
	   "the filter chooses, frame numbers count what it does not choose too");
	ok(a.row.hook == WR_HOOK_FILE && a.row.arrived.packets == 3 &&
		   a.row.arrived.bytes == 43 + 44 + 45 + 300 && a.row.matched.packets == 1 &&
		   a.row.matched.bytes == 144 && a.row.passed.packets == 3 && a.row.made == 1 &&
		   a.row.seen == 1 && a.row.balanced && a.row.since_ns == 1700000000123456000,
	   "the ledger of a file");
	free(a.p);

	a = read_all(path, "udp and and", 1);
	ok(a.rc == -EINVAL && strstr(a.err.text, "and and"), "a wrong filter is told at open");
	a = read_all(path, "  ", 1);
	is_int((long long)a.n, 3, "a blank filter chooses all");
	free(a.p);

	memset(&a, 0, sizeof(a));
	if (wr_file_open(&s, path, NULL, &a.err) == 0) {
		is_int(s->ops->read(s, keep, &a, 2, &a.err), 2, "no more than were asked for");
		is_int(s->ops->poll_fd(s), -1, "a file is not polled");
		while (s->ops->read(s, keep, &a, 2, &a.err) >= 0) {
		}
		is_int(s->ops->read(s, keep, &a, 2, &a.err), -ENODATA, "the end stays the end");
		ok(s->ops->progress(s) == 1, "progress is 1 at the end");
		wr_source_close(&s);
	}
	free(a.p);
	drop(&b);
}

static void filter_per_linktype(void)
{
	struct bytes b = {0};
	uint8_t p[256];
	uint32_t n = (uint32_t)frame(p, 0);
	struct all a;
	size_t at;

	section(&b);
	iface(&b, 1, "eth0", 9, 0);
	iface(&b, 101, "tun0", 9, 0);
	enhanced(&b, 0, 1, 0);
	at = block(&b, 6);
	add32(&b, 1);
	add64(&b, 0);
	add32(&b, n - 14);
	add32(&b, n - 14);
	add(&b, p + 14, n - 14);
	block_end(&b, at);
	enhanced(&b, 0, 1, 1);
	a = read_all(save("two.pcapng", b.p, b.n), "udp src port 1000", 100);
	ok(a.n == 2 && a.p[0].linktype == DLT_EN10MB && a.p[1].linktype == DLT_RAW,
	   "a filter is compiled for each link type");
	free(a.p);
	a = read_all(in_dir("two.pcapng"), "ether src 2:0:0:0:0:2", 100);
	ok(a.n == 1 && a.rc == -EINVAL && strstr(a.err.text, "packet 2: link type 12"),
	   "where it has no meaning, that is told with the packet");
	free(a.p);
	drop(&b);
}

static void pipes(void)
{
	struct bytes b = pcapng_bytes(false), z = gzipped(&b);
	struct all a = {0};
	struct wr_source *s;
	int p[2], was = dup(STDIN_FILENO), rc;
	size_t half = b.n - 70;

	if (pipe(p) < 0)
		return skip("pipes: %s", strerror(errno));
	dup2(p[0], STDIN_FILENO);
	rc = write(p[1], b.p, half) == (ssize_t)half ? wr_file_open(&s, "-", NULL, &a.err) : -EIO;
	if (ok(rc == 0, "standard input is opened")) {
		is_int(s->ops->read(s, keep, &a, 100, &a.err), 2, "what has come is handed out");
		is_int(s->ops->read(s, keep, &a, 100, &a.err), 0, "nothing now is not the end");
		ok(s->ops->poll_fd(s) >= 0 && s->ops->progress(s) < 0,
		   "a pipe can be polled, and has no progress");
		ok(write(p[1], b.p + half, b.n - half) > 0, "the rest comes");
		close(p[1]);
		is_int(s->ops->read(s, keep, &a, 100, &a.err), 1, "and is handed out");
		a.rc = s->ops->read(s, keep, &a, 100, &a.err);
		ok(three(&a, 123456000, "eth0"), "three packets through a pipe");
		wr_source_close(&s);
	}
	close(p[0]);
	free(a.p);

	memset(&a, 0, sizeof(a));
	if (pipe(p) < 0)
		return skip("pipes: %s", strerror(errno));
	dup2(p[0], STDIN_FILENO);
	close(p[0]);
	if (write(p[1], z.p, z.n) < 0)
		note("%s", strerror(errno));
	close(p[1]);
	a = read_all("-", NULL, 1);
	ok(three(&a, 123456000, "eth0"), "gzip through a pipe");
	free(a.p);
	dup2(was, STDIN_FILENO);
	close(was);
	drop(&b);
	drop(&z);
}

/* A child writes single bytes, so that nearly every read finds a record that is not whole yet. */
static void drop_by_drop(const char *what, const struct bytes *b, uint64_t fraction_ns,
			 const char *iface_name)
{
	int p[2], was = dup(STDIN_FILENO), status;
	struct all a = {0};
	struct wr_source *s;
	pid_t child;

	if (pipe(p) < 0 || (child = fork()) < 0)
		return skip("pipes: %s", strerror(errno));
	if (child == 0) {
		for (size_t i = 0; i < b->n && write(p[1], b->p + i, 1) == 1; i++)
			usleep(20);
		_exit(0);
	}
	close(p[1]);
	dup2(p[0], STDIN_FILENO);
	close(p[0]);
	a.rc = wr_file_open(&s, "-", NULL, &a.err);
	while (a.rc >= 0) {
		struct pollfd wait = {.fd = s->ops->poll_fd(s), .events = POLLIN};

		poll(&wait, 1, -1);
		a.rc = s->ops->read(s, keep, &a, 100, &a.err);
	}
	wr_source_close(&s);
	waitpid(child, &status, 0);
	dup2(was, STDIN_FILENO);
	close(was);
	ok(three(&a, fraction_ns, iface_name), "%s through a pipe, byte by byte", what);
	free(a.p);
}

static void slow_pipes(void)
{
	struct bytes b = pcap_bytes(0xa1b2c3d4, true, 4), z;

	drop_by_drop("pcap", &b, 123456000, "");
	drop(&b);
	b = pcapng_bytes(true);
	drop_by_drop("pcapng", &b, 123456000, "eth0");
	z = gzipped(&b);
	drop_by_drop("gzip", &z, 123456000, "eth0");
	drop(&z);
	z = zstded(&b, 0);
	drop_by_drop("zstd", &z, 123456000, "eth0");
	drop(&z);
	drop(&b);
}

/* The packer has flushed a whole packet and waits; all input is consumed while unpacked bytes still
 * wait. */
static void running(void)
{
	uint32_t n = (256 << 10) + 50 - 24 - 16;
	struct bytes b = {0}, z;
	uint8_t *data = calloc(1, n);
	int p[2], was = dup(STDIN_FILENO);
	struct all a = {0};
	struct wr_source *s;

	pcap_head(&b, 0xa1b2c3d4, 4, 1);
	add64(&b, 0);
	add32(&b, n);
	add32(&b, n);
	add(&b, data, n);
	z = zstd_running(&b);
	if (pipe(p) == 0 && write(p[1], z.p, z.n) == (ssize_t)z.n) {
		dup2(p[0], STDIN_FILENO);
		close(p[0]);
		a.rc = wr_file_open(&s, "-", NULL, &a.err);
		ok(a.rc == 0 && s->ops->read(s, keep, &a, 100, &a.err) == 1,
		   "zstd through a pipe that stays open: a packet comes when it is whole");
		wr_source_close(&s);
		close(p[1]);
	}
	dup2(was, STDIN_FILENO);
	close(was);
	free(data);
	free(a.p);
	drop(&z);
	drop(&b);
}

/* ---- against libpcap ---- */

static void linktypes(void)
{
	int wrong = 0;

	for (uint32_t t = 0; t < 320; t++) {
		struct bytes b = {0};
		char errbuf[PCAP_ERRBUF_SIZE];
		pcap_t *p;

		pcap_head(&b, 0xa1b2c3d4, 4, t);
		p = pcap_open_offline(save("lt.pcap", b.p, b.n), errbuf);
		if (p && pcap_datalink(p) != wr_linktype_to_dlt((uint16_t)t))
			wrong++, note("%u is %d", t, pcap_datalink(p));
		if (wr_linktype_to_dlt(wr_linktype_of_dlt(wr_linktype_to_dlt((uint16_t)t))) !=
		    wr_linktype_to_dlt((uint16_t)t))
			wrong++, note("%u is not found again", t);
		if (p)
			pcap_close(p);
		drop(&b);
	}
	is_int(wrong, 0, "link types mean the same as to libpcap");
}

/* Seconds of pcap are unsigned; libpcap before 1.11 takes those after 2038 for negative. */
static bool same_time(uint64_t ts_ns, const struct pcap_pkthdr *h)
{
	uint64_t s = (uint64_t)h->ts.tv_sec, ns = (uint64_t)h->ts.tv_usec;

	return ts_ns == s * 1000000000 + ns || ts_ns == (s & UINT32_MAX) * 1000000000 + ns;
}

/* Reads with libpcap what we have read. Its snapshot length cuts packets, ours does not. */
static bool same_as_libpcap(const char *path, const struct all *a, size_t *n, char *why,
			    size_t room)
{
	char errbuf[PCAP_ERRBUF_SIZE] = "";
	pcap_t *p =
		pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, errbuf);
	struct pcap_pkthdr *h;
	const u_char *data;
	int rc = 1;

	*n = 0;
	snprintf(why, room, "%s", errbuf);
	if (!p)
		return false;
	while (*n < a->n && (rc = pcap_next_ex(p, &h, &data)) == 1) {
		const struct seen *s = &a->p[*n];

		if (!same_time(s->ts_ns, h) || s->len != h->len ||
		    s->linktype != pcap_datalink(p) ||
		    (s->caplen == h->caplen && s->sum != sum_of(data, h->caplen)) ||
		    (s->caplen != h->caplen && (int)h->caplen != pcap_snapshot(p)))
			break;
		++*n;
	}
	if (*n == a->n)
		rc = pcap_next_ex(p, &h, &data);
	snprintf(why, room, "%s", rc < 0 && rc != PCAP_ERROR_BREAK ? pcap_geterr(p) : "");
	pcap_close(p);
	return *n == a->n && (rc == PCAP_ERROR_BREAK) == (a->rc == -ENODATA);
}

static bool is_capture(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && (!strcmp(dot, ".pcap") || !strcmp(dot, ".pcapng") || !strcmp(dot, ".cap"));
}

static void against_libpcap(void)
{
	const char *src = getenv("WEIR_SRC"), *data = getenv("WEIR_DATA");
	char base[512], path[1024], why[PCAP_ERRBUF_SIZE];
	size_t files = 0, packets = 0, refused = 0, wrong = 0, n;
	struct dirent *e;
	DIR *d;

	if (data)
		snprintf(base, sizeof(base), "%s/parser", data);
	else
		snprintf(base, sizeof(base), "%s/../shared/data/parser", src ? src : ".");
	d = opendir(base);
	if (!d)
		return skip("comparison with libpcap: no captures in %s", base);
	while ((e = readdir(d))) {
		struct all a;

		if (!is_capture(e->d_name))
			continue;
		snprintf(path, sizeof(path), "%s/%s", base, e->d_name);
		a = read_all(path, NULL, 100);
		files++;
		packets += a.n;
		if (!same_as_libpcap(path, &a, &n, why, sizeof(why))) {
			/* we read more than libpcap does: it said why it stopped, and up to there
			 * both agree */
			bool more = why[0] && a.rc == -ENODATA;

			refused += more;
			wrong += !more;
			note("%s: %zu of %zu packets agree; libpcap: '%s', we: '%s'", e->d_name, n,
			     a.n, why, a.err.text);
		}
		free(a.p);
	}
	closedir(d);
	is_int((long long)wrong, 0,
	       "%zu captures, %zu packets: same as libpcap (%zu it cannot read)", files, packets,
	       refused);
}

/* ---- writing ---- */

struct copy {
	struct wr_pcapng *w;
	const char *comment;
	uint8_t hook;
	const char *iface;
	int failed;
	struct wr_err err;
};

static void copy_one(void *ctx, const struct wr_packet *pkt)
{
	struct copy *c = ctx;
	struct wr_packet p = *pkt;

	p.hook = c->hook;
	if (c->iface)
		p.iface = c->iface;
	c->failed += wr_pcapng_write(c->w, &p, c->comment, &c->err) < 0;
}

static int copy_all(struct copy *c, const char *from)
{
	struct wr_source *s;
	struct wr_err err = {0};
	int rc = wr_file_open(&s, from, NULL, &err);

	while (rc >= 0)
		rc = s->ops->read(s, copy_one, c, 100, &err);
	wr_source_close(&s);
	return rc;
}

static const struct wr_pcapng_conf conf = {.version = "0.0", .filter = "udp port 53"};

/* Runs a program; output goes to `out`. */
static int run(const char *out, const char *const *argv)
{
	pid_t pid = fork();
	int status = -1, fd;

	if (pid == 0) {
		fd = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0644);
		dup2(fd, 1);
		dup2(fd, 2);
		setenv("HOME", dir, 1); /* their own settings are no concern of ours */
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool file_has(const char *path, const char *text)
{
	static char buf[65536];
	FILE *f = fopen(path, "r");
	size_t n = f ? fread(buf, 1, sizeof(buf) - 1, f) : 0;

	buf[n] = '\0';
	if (f)
		fclose(f);
	return strstr(buf, text) != NULL;
}

static void judged(const char *path)
{
	const char *out = in_dir("judge.txt");
	const char *capinfos[] = {"capinfos", path, NULL};
	const char *tshark[] = {"tshark",
				"-r",
				path,
				"-T",
				"fields",
				"-e",
				"frame.interface_name",
				"-e",
				"frame.comment",
				"-e",
				"frame.packet_flags",
				NULL};
	int rc = run(out, capinfos);

	if (rc == 127) {
		skip("capinfos is not installed");
	} else {
		ok(rc == 0 && file_has(out, "Filter string = udp port 53") &&
			   file_has(out, "Name = eth0") && file_has(out, "weir 0.0") &&
			   file_has(out, "Time precision = nanoseconds") &&
			   file_has(out, "Number of stat entries = 1") &&
			   !file_has(out, "capinfos:"),
		   "capinfos reads it without complaint, filter and interface are told");
	}
	rc = run(out, tshark);
	if (rc == 127)
		skip("tshark is not installed");
	else
		ok(rc == 0 && file_has(out, "eth0\tblocked by rule 7\t0x00000001") &&
			   !file_has(out, "tshark:"),
		   "tshark reads it without complaint, name, comment and direction too");
}

static void round_trip(void)
{
	struct bytes b = {0};
	struct copy c = {.comment = "blocked by rule 7", .hook = WR_HOOK_XDP};
	struct wr_ledger row = {.iface = "eth0",
				.hook = WR_HOOK_XDP,
				.since_ns = 1700000000000000000,
				.arrived = {10, 1000},
				.passed = {9, 900},
				.matched = {4, 400},
				.made = 4,
				.seen = 3,
				.lost = {1},
				.balanced = true};
	struct all a, again;
	const char *path = in_dir("out.pcapng");

	section(&b);
	iface(&b, 1, "eth0", 9, 0);
	iface(&b, 101, "tun0", 9, 0);
	for (unsigned int i = 0; i < 50; i++)
		enhanced(&b, i % 3 == 1, 1700000000000000000 + i, i);
	save("in.pcapng", b.p, b.n);
	ok(wr_pcapng_open(&c.w, path, &conf, &c.err) == 0, "a file is opened to write");
	copy_all(&c, in_dir("in.pcapng"));
	ok(wr_pcapng_stats(c.w, &row, 1700000009000000000, "{\"event_type\":\"ledger\"}", &c.err) ==
			   0 &&
		   wr_pcapng_close(&c.w, NULL, &c.err) == 0 && !c.failed,
	   "packets and statistics are written");
	a = read_all(in_dir("in.pcapng"), NULL, 100);
	again = read_all(path, NULL, 100);
	ok(a.n == 50 && again.n == 50 && again.rc == -ENODATA &&
		   !memcmp(a.p, again.p, 50 * sizeof(*a.p)),
	   "what is read back is what was written: bytes, lengths, times, names, link types");
	judged(path);
	free(a.p);
	free(again.p);
	drop(&b);
}

/* ---- what became of packets ---- */

struct fates {
	struct wr_buf b;
};

static void note_fate(void *ctx, const struct wr_packet *pkt)
{
	struct fates *f = ctx;

	if (!pkt->fate)
		wr_buf_str(&f->b, "none");
	else
		wr_buf_fmt(&f->b, "%s/%s/%s", wr_verdict_name(pkt->fate->verdict),
			   pkt->fate->rule ? pkt->fate->rule : "-",
			   pkt->fate->klass ? pkt->fate->klass : "-");
	wr_buf_char(&f->b, ' ');
}

static const char *fates_of(const char *file)
{
	static char text[1024];
	struct fates f = {0};
	struct wr_source *s = NULL;
	struct wr_err err = {0};
	int rc = wr_file_open(&s, file, NULL, &err);

	while (rc >= 0)
		rc = s->ops->read(s, note_fate, &f, 100, &err);
	wr_source_close(&s);
	snprintf(text, sizeof(text), "%s", wr_buf_text(&f.b));
	wr_buf_free(&f.b);
	return text;
}

static void fates(void)
{
	static const uint8_t data[60] = {0};
	static const struct wr_fate fate[] = {
		{WR_VERDICT_PASS, NULL, NULL},
		{WR_VERDICT_PASS, "friend", "web"},
		{WR_VERDICT_DROP, "scan", NULL},
		{WR_VERDICT_LIMIT, "a_rule-with_31_characters_0123", NULL},
		{WR_VERDICT_DROP, "(gone)", NULL},
	};
	static const uint8_t hooks[] = {WR_HOOK_XDP, WR_HOOK_TC, WR_HOOK_FILE};
	struct wr_packet p = {
		.data = data, .caplen = 59, .len = 60, .linktype = 1, .iface = "eth0"};
	struct wr_pcapng *w = NULL;
	struct wr_err err = {0};

	for (size_t h = 0; h < sizeof(hooks); h++) {
		wr_pcapng_open(&w, in_dir("fate.pcapng"), &conf, &err);
		p.hook = hooks[h];
		for (size_t i = 0; i < sizeof(fate) / sizeof(fate[0]); i++) {
			p.fate = &fate[i];
			wr_pcapng_write(w, &p, i == 2 ? "seen by hand" : NULL, &err);
		}
		p.fate = NULL;
		wr_pcapng_write(w, &p, "verdict drop by somebody else", &err);
		wr_pcapng_write(w, &p, "verdict nothing", &err);
		wr_pcapng_write(w, &p, "verdict drop by \033[2J", &err);
		wr_pcapng_close(&w, NULL, &err);
		is_str(fates_of(in_dir("fate.pcapng")),
		       "pass/-/- pass/friend/web drop/scan/- "
		       "limit/a_rule-with_31_characters_0123/- "
		       "drop/(gone)/- none none none ",
		       "verdict, rule and class come back; other comments are none");
	}
}

/* As another program writes it: the number alone. */
static void others_verdicts(void)
{
	static const struct {
		uint8_t type;
		int64_t action;
		const char *is;
	} cases[] = {
		{2, 1, "drop/-/- "},  {2, 2, "pass/-/- "}, {2, 0, "drop/-/- "},
		{2, 4, "none "},      {1, 2, "drop/-/- "}, {1, 0, "pass/-/- "},
		{1, -1, "pass/-/- "}, {1, 7, "none "},	   {0, 1, "none "},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t iface[] = {1, 20, 1, 0, 20};
		uint32_t packet[13] = {6, 52, 0, 0, 0, 4, 4, 0xabcdef01, 7 | 9 << 16, 0, 0, 0, 52};
		uint32_t section[] = {0x0a0d0d0a, 28, 0x1a2b3c4d, 1, UINT32_MAX, UINT32_MAX, 28};
		uint8_t all[sizeof(section) + sizeof(iface) + sizeof(packet)];

		memcpy(&packet[9], &cases[i].type, 1);
		memcpy((uint8_t *)&packet[9] + 1, &cases[i].action, 8);
		memcpy(all, section, sizeof(section));
		memcpy(all + sizeof(section), iface, sizeof(iface));
		memcpy(all + sizeof(section) + sizeof(iface), packet, sizeof(packet));
		save("other.pcapng", all, sizeof(all));
		ok(!strcmp(fates_of(in_dir("other.pcapng")), cases[i].is), "epb_verdict %u, %lld",
		   cases[i].type, (long long)cases[i].action);
	}
}

static void short_and_empty(void)
{
	struct wr_pcapng_conf cut_at_20 = {.version = "0.0", .snaplen = 20};
	struct wr_packet facts = {.len = 1500, .iface = "lo", .hook = WR_HOOK_TC, .linktype = 1};
	struct copy c = {.hook = WR_HOOK_FILE};
	struct bytes b = pcap_bytes(0xa1b2c3d4, false, 4);
	struct all a;

	save("in.pcap", b.p, b.n);
	wr_pcapng_open(&c.w, in_dir("short.pcapng"), &cut_at_20, &c.err);
	copy_all(&c, in_dir("in.pcap"));
	wr_pcapng_write(c.w, &facts, NULL, &c.err);
	wr_pcapng_close(&c.w, NULL, &c.err);
	a = read_all(in_dir("short.pcapng"), NULL, 100);
	ok(a.n == 4 && a.p[0].caplen == 20 && a.p[0].len == 143,
	   "a snapshot length cuts, len stays");
	ok(a.n == 4 && a.p[3].caplen == 0 && a.p[3].len == 1500 && !strcmp(a.p[3].iface, "lo"),
	   "a packet of which only facts came has its length");
	free(a.p);
	drop(&b);
	wr_pcapng_close(&c.w, NULL, NULL);
	ok(c.w == NULL, "closing twice is fine");
}

static void disk_full(void)
{
	struct bytes b = pcap_bytes(0xa1b2c3d4, false, 4);
	struct copy c = {.hook = WR_HOOK_FILE};
	uint64_t lost = 0;

	save("in.pcap", b.p, b.n);
	if (wr_pcapng_open(&c.w, "/dev/full", &conf, &c.err) < 0) {
		skip("/dev/full: %s", c.err.text);
	} else {
		copy_all(&c, in_dir("in.pcap"));
		ok(wr_pcapng_flush(c.w, &c.err) == -ENOSPC &&
			   strstr(c.err.text, "cannot write to /dev/full: No space left on device"),
		   "a full disk is told");
		copy_all(&c, in_dir("in.pcap"));
		is_int(c.failed, 3, "and told again for each packet after it");
		is_int(wr_pcapng_close(&c.w, &lost, &c.err), -ENOSPC, "and at close");
		is_int((long long)lost, 6, "all packets are lost, and counted");
	}
	drop(&b);
	ok(wr_pcapng_open(&c.w, in_dir("no/such/dir"), &conf, &c.err) == -ENOENT && !c.w &&
		   strstr(c.err.text, "cannot write to "),
	   "a place that does not exist is told");
}

struct whose {
	char text[128];
	size_t n;
};

static void note_lost(void *ctx, const char *iface, uint64_t packets)
{
	struct whose *l = ctx;

	l->n += (size_t)snprintf(l->text + l->n, sizeof(l->text) - l->n, "%s %llu, ", iface,
				 (unsigned long long)packets);
}

/* Packets of two interfaces before the write that fails, of a third one only after it. */
static void whose_are_lost(void)
{
	struct wr_packet p = {.len = 60, .hook = WR_HOOK_TC, .linktype = 1};
	static const char *const before[] = {"eth0", "eth1", "eth0", "eth0"};
	static const char *const after[] = {"eth2", "eth1", "eth2"};
	struct wr_pcapng *w = NULL;
	struct whose lost = {0};
	struct wr_err err = {0};

	if (wr_pcapng_open(&w, "/dev/full", &conf, &err) < 0) {
		skip("/dev/full: %s", err.text);
		return;
	}
	for (size_t i = 0; i < sizeof(before) / sizeof(*before); i++) {
		p.iface = before[i];
		wr_pcapng_write(w, &p, NULL, &err);
	}
	wr_pcapng_lost_each(w, note_lost, &lost);
	is_str(lost.text, "", "nothing is lost before a write has failed");
	wr_pcapng_flush(w, &err);
	for (size_t i = 0; i < sizeof(after) / sizeof(*after); i++) {
		p.iface = after[i];
		ok(wr_pcapng_write(w, &p, NULL, &err) == -ENOSPC,
		   "a packet of %s is refused after that", after[i]);
	}
	wr_pcapng_lost_each(w, note_lost, &lost);
	is_str(lost.text, "eth0 3, eth1 2, eth2 2, ", "each interface has its own losses");
	is_int((long long)wr_pcapng_lost(w), 7, "which are all there are");
	wr_pcapng_close(&w, NULL, NULL);
}

/* A limit on the size of files stands in for a disk that fills in the middle of a block. */
static void cut_back(void)
{
	struct rlimit was, low = {.rlim_cur = 1500001, .rlim_max = RLIM_INFINITY};
	struct copy c = {.hook = WR_HOOK_TC, .iface = "eth0"};
	struct bytes b = {0};
	uint64_t lost = 0;
	struct all a;
	int rc;

	pcap_head(&b, 0xa1b2c3d4, 4, 1);
	for (unsigned int i = 0; i < 50000; i++)
		pcap_record(&b, i % 50, false, false);
	save("many.pcap", b.p, b.n);
	drop(&b);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &was);
	low.rlim_max = was.rlim_max;
	setrlimit(RLIMIT_FSIZE, &low);
	wr_pcapng_open(&c.w, in_dir("full.pcapng"), &conf, &c.err);
	copy_all(&c, in_dir("many.pcap"));
	rc = wr_pcapng_close(&c.w, &lost, &c.err);
	setrlimit(RLIMIT_FSIZE, &was);
	ok(rc == -EFBIG && strstr(c.err.text, "cut to its last whole block"), "no room is told");
	a = read_all(in_dir("full.pcapng"), NULL, 1000);
	ok(a.rc == -ENODATA && a.n > 10000, "the file ends with a whole block: %zu packets", a.n);
	is_int((long long)(a.n + lost), 50000, "written and lost are all");
	free(a.p);
}

int main(void)
{
	char command[64];

	if (!mkdtemp(dir)) {
		ok(0, "a place for files: %s", strerror(errno));
		return done();
	}
	classic();
	packed();
	interfaces();
	cut();
	hostile();
	messages();
	big();
	chosen();
	filter_per_linktype();
	pipes();
	slow_pipes();
	running();
	linktypes();
	against_libpcap();
	round_trip();
	fates();
	others_verdicts();
	short_and_empty();
	disk_full();
	whose_are_lost();
	cut_back();
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) ? 1 : done();
}
