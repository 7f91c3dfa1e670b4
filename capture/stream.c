/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

/* How bytes come out of a packing. pull: up to `room` bytes to `to`; 0 = end, -EAGAIN = nothing
 * now; other -errno: the story is in stream.bad. */
struct codec {
	const char *name;
	uint8_t magic[6], len;
	uint8_t mask0; /* of magic[0] */
	int (*open)(struct wr_stream *s, struct wr_err *err);
	ssize_t (*pull)(struct wr_stream *s, uint8_t *to, size_t room);
	void (*close)(struct wr_stream *s);
	const char *unpacker; /* not read here: what the user can pipe it through */
};

struct stream {
	struct wr_stream pub;
	const struct codec *codec;
	int fd;
	bool regular, ended;
	bool full;		   /* the codec may hold more output: ask it before taking input */
	bool complete;		   /* the codec stands between two members or frames */
	uint64_t start, size, raw; /* bytes on disk: first, all, taken so far */
	uint8_t *in;		   /* packed bytes */
	size_t in_pos, in_len;
	z_stream gz;
	ZSTD_DStream *zstd;
	struct wr_err bad; /* told again and again once the bytes before it are used up */
	uint8_t buf[WR_STREAM_PIECE + WR_STREAM_CHUNK];
};

static struct stream *own(const struct wr_stream *s)
{
	return (struct stream *)s;
}

static uint8_t *tail(struct stream *s)
{
	return s->buf + (s->pub.end - s->buf);
}

/* Raw bytes. A pipe is polled first, so that the caller chooses whether to wait. */
static ssize_t take(struct stream *s, uint8_t *to, size_t room)
{
	struct pollfd p = {.fd = s->fd, .events = POLLIN};
	int ready = s->regular ? 1 : poll(&p, 1, s->pub.wait ? -1 : 0);
	ssize_t n = ready > 0 ? read(s->fd, to, room) : ready;

	if (ready == 0 || (n < 0 && !s->pub.wait && (errno == EINTR || errno == EAGAIN)))
		return -EAGAIN;
	if (n < 0)
		return wr_fail(&s->bad, errno, "cannot read on after byte %llu: %s",
			       (unsigned long long)s->raw, strerror(errno));
	s->raw += (uint64_t)n;
	return n;
}

static ssize_t plain_pull(struct wr_stream *pub, uint8_t *to, size_t room)
{
	return take(own(pub), to, room);
}

/* More packed bytes: 1, 0 at the end, or -errno. */
static ssize_t take_in(struct stream *s)
{
	ssize_t n = take(s, s->in, WR_STREAM_CHUNK);

	if (n <= 0)
		return n;
	s->in_pos = 0;
	s->in_len = (size_t)n;
	return 1;
}

/* Offset on disk of the packed byte that is looked at. */
static unsigned long long in_offset(const struct stream *s)
{
	return s->raw - (s->in_len - s->in_pos);
}

static int damaged(struct stream *s, const char *why)
{
	return wr_fail(&s->bad, EINVAL, "the %s data is damaged before byte %llu on disk: %s",
		       s->codec->name, in_offset(s), why);
}

static int ends_early(struct stream *s)
{
	return wr_fail(&s->bad, EINVAL, "cut short: the %s data ends early, at byte %llu on disk",
		       s->codec->name, (unsigned long long)s->raw);
}

static int gzip_open(struct wr_stream *pub, struct wr_err *err)
{
	if (inflateInit2(&own(pub)->gz, 15 + 16) != Z_OK)
		return wr_fail(err, ENOMEM, "no memory to unpack gzip");
	return 0;
}

static void gzip_close(struct wr_stream *pub)
{
	inflateEnd(&own(pub)->gz);
}

/* After a member comes another one, padding of zeros, or the end (RFC 1952, 2.2). */
static int gzip_next_member(struct stream *s)
{
	while (s->in_pos < s->in_len && !s->in[s->in_pos])
		s->in_pos++;
	if (s->in_pos == s->in_len)
		return 0;
	if (s->in[s->in_pos] != 0x1f)
		return damaged(s, "what follows the end is not gzip");
	inflateReset(&s->gz);
	s->complete = false;
	return 0;
}

/* One step: bytes made, 0 = none yet, or -errno. */
static ssize_t gzip_step(struct stream *s, uint8_t *to, size_t room)
{
	int rc;

	s->gz.next_in = s->in + s->in_pos;
	s->gz.avail_in = (uInt)(s->in_len - s->in_pos);
	s->gz.next_out = to;
	s->gz.avail_out = (uInt)room;
	rc = inflate(&s->gz, Z_NO_FLUSH);
	s->in_pos = s->in_len - s->gz.avail_in;
	s->full = rc == Z_OK && !s->gz.avail_out;
	s->complete = rc == Z_STREAM_END;
	if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
		damaged(s, s->gz.msg ? s->gz.msg : zError(rc));
	if (s->gz.avail_out < room)
		return (ssize_t)(room - s->gz.avail_out);
	return -s->bad.code;
}

static int zstd_open(struct wr_stream *pub, struct wr_err *err)
{
	struct stream *s = own(pub);

	s->zstd = ZSTD_createDStream();
	if (!s->zstd)
		return wr_fail(err, ENOMEM, "no memory to unpack zstd");
	/* --long=31 is the widest that zstd writes; its own reader stops at 27 unless told. */
	ZSTD_DCtx_setParameter(s->zstd, ZSTD_d_windowLogMax, sizeof(size_t) > 4 ? 31 : 30);
	return 0;
}

static void zstd_close(struct wr_stream *pub)
{
	ZSTD_freeDStream(own(pub)->zstd);
}

static ssize_t zstd_step(struct stream *s, uint8_t *to, size_t room)
{
	ZSTD_inBuffer in = {s->in, s->in_len, s->in_pos};
	ZSTD_outBuffer out = {to, room, 0};
	size_t rc = ZSTD_decompressStream(s->zstd, &out, &in);

	s->in_pos = in.pos;
	s->full = out.pos == room && rc;
	s->complete = rc == 0;
	if (ZSTD_isError(rc))
		damaged(s, ZSTD_getErrorName(rc));
	if (out.pos)
		return (ssize_t)out.pos;
	return -s->bad.code;
}

typedef ssize_t step_fn(struct stream *s, uint8_t *to, size_t room);

/* Steps until there is output: what the codec still holds first, then input after input. */
static ssize_t unpack(struct stream *s, step_fn *step, uint8_t *to, size_t room)
{
	ssize_t n;

	for (;;) {
		if (s->in_pos == s->in_len && !s->full) {
			n = take_in(s);
			if (n == 0)
				return s->complete ? 0 : ends_early(s);
			if (n < 0)
				return n;
		}
		if (s->complete && s->codec->magic[0] == 0x1f) {
			if (gzip_next_member(s) < 0)
				return -EINVAL;
			if (s->complete)
				continue;
		}
		n = step(s, to, room);
		if (n)
			return n;
	}
}

static ssize_t gzip_pull(struct wr_stream *pub, uint8_t *to, size_t room)
{
	return unpack(own(pub), gzip_step, to, room);
}

static ssize_t zstd_pull(struct wr_stream *pub, uint8_t *to, size_t room)
{
	return unpack(own(pub), zstd_step, to, room);
}

static const struct codec plain = {.name = "plain", .pull = plain_pull};

static const struct codec codecs[] = {
	{"gzip", "\x1f\x8b", 2, 0xff, gzip_open, gzip_pull, gzip_close, NULL},
	{"zstd", "\x28\xb5\x2f\xfd", 4, 0xff, zstd_open, zstd_pull, zstd_close, NULL},
	/* a skippable frame in front, as parallel packers write */
	{"zstd", "\x50\x2a\x4d\x18", 4, 0xf0, zstd_open, zstd_pull, zstd_close, NULL},
	{"xz",
	 "\xfd"
	 "7zXZ",
	 6, 0xff, NULL, NULL, NULL, "xz -dc"},
	{"bzip2", "BZh", 3, 0xff, NULL, NULL, NULL, "bzip2 -dc"},
	{"lz4", "\x04\x22\x4d\x18", 4, 0xff, NULL, NULL, NULL, "lz4 -dc"},
	{"zip", "PK\x03\x04", 4, 0xff, NULL, NULL, NULL, "unzip -p"},
};

static bool looks_like(const struct codec *c, const uint8_t *p, size_t n)
{
	return n >= c->len && (p[0] & c->mask0) == c->magic[0] &&
	       !memcmp(p + 1, c->magic + 1, c->len - 1u);
}

static const struct codec *codec_of(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < sizeof(codecs) / sizeof(*codecs); i++)
		if (looks_like(&codecs[i], p, n))
			return &codecs[i];
	return &plain;
}

/* The first bytes were read as if plain; when they are packed they become input. */
static int start_codec(struct stream *s, const struct codec *c, struct wr_err *err)
{
	size_t n = wr_stream_have(&s->pub);
	int rc;

	if (c->unpacker)
		return wr_fail(err, EINVAL,
			       "%s is not unpacked here: pipe it in with '%s FILE |', "
			       "and read '-'",
			       c->name, c->unpacker);
	if (!c->open)
		return 0;
	s->in = malloc(WR_STREAM_CHUNK + sizeof(c->magic)); /* sniff() may have both */
	if (!s->in)
		return wr_fail(err, ENOMEM, "no memory for the input buffer");
	rc = c->open(&s->pub, err);
	if (rc < 0)
		return rc;
	s->codec = c;
	memcpy(s->in, s->buf, n);
	s->in_len = n;
	s->pub.packed = true;
	s->pub.pos = s->pub.end = s->buf;
	s->pub.taken = 0;
	return 0;
}

static int sniff(struct stream *s, struct wr_err *err)
{
	int rc = wr_stream_fill(&s->pub, sizeof(plain.magic), err);

	if (rc < 0 && rc != -ENODATA)
		return rc;
	if (!wr_stream_have(&s->pub))
		return wr_fail(err, EINVAL, "empty, there is no capture in it");
	s->ended = false; /* of the raw bytes; a codec has not begun */
	return start_codec(s, codec_of(s->pub.pos, wr_stream_have(&s->pub)), err);
}

static int look_at(struct stream *s, struct wr_err *err)
{
	struct stat st;
	off_t at;

	if (fstat(s->fd, &st) < 0)
		return wr_fail(err, errno, "%s", strerror(errno));
	if (S_ISDIR(st.st_mode))
		return wr_fail(err, EINVAL, "is a directory, not a capture file");
	if (isatty(s->fd))
		return wr_fail(err, EINVAL, "is a terminal: pipe a capture in, or name a file");
	s->regular = S_ISREG(st.st_mode);
	if (!s->regular)
		return 0;
	at = lseek(s->fd, 0, SEEK_CUR);
	s->start = at > 0 ? (uint64_t)at : 0;
	s->size = (uint64_t)st.st_size;
	(void)posix_fadvise(s->fd, at, 0, POSIX_FADV_SEQUENTIAL);
	return 0;
}

int wr_stream_open(struct wr_stream **out, const char *path, struct wr_err *err)
{
	struct stream *s = malloc(sizeof(*s));
	int rc;

	*out = NULL;
	if (!s)
		return wr_fail(err, ENOMEM, "no memory for the read buffer");
	memset(s, 0, offsetof(struct stream, buf)); /* the buffer is written before it is read */
	s->codec = &plain;
	s->pub.wait = true;
	s->pub.pos = s->pub.end = s->buf;
	s->fd = !strcmp(path, "-") ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
				   : open(path, O_RDONLY | O_CLOEXEC);
	*out = &s->pub;
	if (s->fd < 0)
		rc = wr_fail(err, errno, "%s", strerror(errno));
	else if ((rc = look_at(s, err)) == 0)
		rc = sniff(s, err);
	if (rc < 0)
		wr_stream_close(out);
	return rc;
}

void wr_stream_close(struct wr_stream **pub)
{
	struct stream *s = *pub ? own(*pub) : NULL;

	*pub = NULL;
	if (!s)
		return;
	if (s->codec->close)
		s->codec->close(&s->pub);
	if (s->fd >= 0)
		close(s->fd);
	free(s->in);
	free(s);
}

/* What is left moves to the front: it is less than one packet, and the same cache lines are filled
 * again. */
static void compact(struct stream *s)
{
	size_t left = wr_stream_have(&s->pub);

	if (s->pub.pos == s->buf)
		return;
	memmove(s->buf, s->pub.pos, left);
	s->pub.pos = s->buf;
	s->pub.end = s->buf + left;
}

static void pay_debt(struct wr_stream *s)
{
	size_t n = wr_stream_have(s) < s->debt ? wr_stream_have(s) : (size_t)s->debt;

	s->pos += n;
	s->debt -= n;
}

int wr_stream_fill(struct wr_stream *pub, size_t n, struct wr_err *err)
{
	struct stream *s = own(pub);
	ssize_t got;

	while (wr_stream_have(pub) < n) {
		if (s->ended)
			return -ENODATA;
		compact(s);
		got = s->bad.code ? -s->bad.code : s->codec->pull(pub, tail(s), WR_STREAM_CHUNK);
		if (got == -EAGAIN)
			return 0;
		if (got < 0) {
			if (err)
				*err = s->bad;
			return (int)got;
		}
		s->ended = got == 0;
		pub->end += got;
		pub->taken += (uint64_t)got;
		pay_debt(pub);
	}
	return 1;
}

void wr_stream_skip(struct wr_stream *s, uint64_t n)
{
	s->debt += n;
	pay_debt(s);
}

int wr_stream_poll_fd(const struct wr_stream *s)
{
	return own(s)->regular ? -1 : own(s)->fd;
}

double wr_stream_progress(const struct wr_stream *pub)
{
	const struct stream *s = own(pub);
	uint64_t done = pub->packed ? in_offset(s) : wr_stream_offset(pub);

	if (!s->regular || s->size <= s->start)
		return -1;
	return done >= s->size - s->start ? 1 : (double)done / (double)(s->size - s->start);
}
