/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "export/pcapng.h"

#include "capture/linktype.h"

#include <errno.h>
#include <fcntl.h>
#include <pcap/dlt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

enum {
	FLUSH_AT = 1 << 17,   /* bytes in the buffer */
	CAPLEN_MAX = 1 << 20, /* bytes of a packet */
	COMMENT_MAX = 0xfffc, /* option lengths have 16 bits; this one needs no padding */
	BLOCK_MAX = CAPLEN_MAX + COMMENT_MAX + 512,
	HASH_SIZE = 256, /* interface lookup */
	NONE = -1,
};

enum { BLOCK_SECTION = 0x0a0d0d0a, BLOCK_IFACE = 1, BLOCK_STATS = 5, BLOCK_PACKET = 6 };

enum {
	OPT_END = 0,
	OPT_COMMENT = 1,
	SHB_HARDWARE = 2,
	SHB_OS = 3,
	SHB_USERAPPL = 4,
	IF_NAME = 2,
	IF_TSRESOL = 9,
	IF_FILTER = 11,
	EPB_FLAGS = 2,
	EPB_VERDICT = 7,
	ISB_START = 2,
	ISB_END = 3,
	ISB_RECV = 4,
	ISB_DROP = 5,
	ISB_ACCEPT = 6,
	ISB_OSDROP = 7,
	ISB_DELIVERED = 8,
};

enum { VERDICT_TC = 1, VERDICT_XDP = 2 }; /* the first byte of epb_verdict */

struct iface {
	char name[64];
	uint16_t linktype; /* DLT */
	uint8_t hook;
	int next;      /* with the same hash */
	uint64_t lost; /* packets */
};

struct wr_pcapng {
	int fd;
	bool regular;
	char *path, *filter;
	uint32_t snaplen,
		snaplen_told; /* bytes kept of a packet; what the file says, 0 = no limit */
	uint64_t start;	      /* where in the file we began, when it is standard output */
	uint64_t written;     /* bytes since then */
	uint64_t lost;	      /* packets */
	struct wr_err bad;    /* of the first failed write */
	struct iface *ifaces;
	int n_ifaces, room, last;
	int heads[HASH_SIZE];
	size_t used;
	_Alignas(64) uint8_t buf[FLUSH_AT + BLOCK_MAX];
};

/* Where the next bytes of a block go. */
struct put {
	uint8_t *start, *p;
};

static void put32(struct put *to, uint32_t v)
{
	memcpy(to->p, &v, sizeof(v));
	to->p += sizeof(v);
}

static void put64(struct put *to, uint64_t v)
{
	memcpy(to->p, &v, sizeof(v));
	to->p += sizeof(v);
}

/* Times are the upper half first, whatever the byte order. */
static void put_time(struct put *to, uint64_t ns)
{
	put32(to, (uint32_t)(ns >> 32));
	put32(to, (uint32_t)ns);
}

/* Bytes, with zeros up to the next multiple of four. */
static void put_bytes(struct put *to, const void *p, size_t n)
{
	size_t padded = (n + 3) & ~(size_t)3;

	if (padded != n)
		memset(to->p + padded - 4, 0, 4);
	memcpy(to->p, p, n);
	to->p += padded;
}

static void put_option(struct put *to, uint16_t code, const void *p, size_t n)
{
	uint16_t head[2] = {code, (uint16_t)n};

	memcpy(to->p, head, sizeof(head));
	to->p += sizeof(head);
	put_bytes(to, p, n);
}

/* UTF-8 is cut between characters. */
static size_t text_len(const char *s)
{
	size_t n = strnlen(s, COMMENT_MAX + 1);

	if (n <= COMMENT_MAX)
		return n;
	for (n = COMMENT_MAX; n && ((uint8_t)s[n] & 0xc0) == 0x80;)
		n--;
	return n;
}

static void put_text(struct put *to, uint16_t code, const char *s)
{
	if (s && *s)
		put_option(to, code, s, text_len(s));
}

static void put_count(struct put *to, uint16_t code, uint64_t v)
{
	put_option(to, code, &v, sizeof(v));
}

static void put_when(struct put *to, uint16_t code, uint64_t ns)
{
	uint32_t v[2] = {(uint32_t)(ns >> 32), (uint32_t)ns};

	put_option(to, code, v, sizeof(v));
}

static struct put block_begin(struct wr_pcapng *w, uint32_t type)
{
	struct put to = {w->buf + w->used, w->buf + w->used};

	put32(&to, type);
	put32(&to, 0); /* the length: block_end() */
	return to;
}

static int drain(struct wr_pcapng *w, struct wr_err *err);

static int again(struct wr_pcapng *w, struct wr_err *err)
{
	if (err)
		*err = w->bad;
	return -w->bad.code;
}

static int block_end(struct wr_pcapng *w, struct put *to, struct wr_err *err)
{
	uint32_t n = (uint32_t)(to->p - to->start) + 4;

	put32(to, n);
	memcpy(to->start + 4, &n, sizeof(n));
	w->used += n;
	return w->used < FLUSH_AT ? 0 : drain(w, err);
}

static void lose(struct wr_pcapng *w, uint32_t id)
{
	w->lost++;
	w->ifaces[id].lost++;
}

/* Walks the buffered blocks: how many bytes of whole ones lie within the first n bytes. The packets
 * behind them are lost. */
static size_t whole_blocks(struct wr_pcapng *w, size_t n)
{
	size_t whole = 0;
	uint32_t head[3]; /* type, length; of a packet: interface */

	for (size_t at = 0; at < w->used; at += head[1]) {
		memcpy(head, w->buf + at, sizeof(head));
		if (at + head[1] <= n)
			whole = at + head[1];
		else if (head[0] == BLOCK_PACKET)
			lose(w, head[2]);
	}
	return whole;
}

/* n bytes of the buffer went out before the write failed. */
static int give_up(struct wr_pcapng *w, size_t n, int code, struct wr_err *err)
{
	w->written += whole_blocks(w, n);
	w->used = 0;
	if (w->regular && ftruncate(w->fd, (off_t)(w->start + w->written)) == 0)
		wr_fail(&w->bad, code,
			"cannot write to %s: %s; it was cut to its last whole block, "
			"at %llu bytes",
			w->path, strerror(code), (unsigned long long)w->start + w->written);
	else
		wr_fail(&w->bad, code, "cannot write to %s: %s", w->path, strerror(code));
	return again(w, err);
}

static int drain(struct wr_pcapng *w, struct wr_err *err)
{
	size_t at = 0;
	ssize_t n;

	while (at < w->used) {
		n = write(w->fd, w->buf + at, w->used - at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return give_up(w, at, n < 0 ? errno : EIO, err);
		at += (size_t)n;
	}
	w->written += w->used;
	w->used = 0;
	return 0;
}

static int write_section(struct wr_pcapng *w, const char *version, struct wr_err *err)
{
	static const uint16_t version_1_0[2] = {1, 0};
	struct put to = block_begin(w, BLOCK_SECTION);
	struct utsname u;
	char os[256], app[128];

	put32(&to, 0x1a2b3c4d);
	put_bytes(&to, version_1_0, sizeof(version_1_0));
	put64(&to, UINT64_MAX); /* section length: not told */
	if (uname(&u) == 0) {
		snprintf(os, sizeof(os), "%s %s", u.sysname, u.release);
		put_text(&to, SHB_HARDWARE, u.machine);
		put_text(&to, SHB_OS, os);
	}
	snprintf(app, sizeof(app), "weir %s", version ? version : "");
	put_text(&to, SHB_USERAPPL, app);
	put_option(&to, OPT_END, "", 0);
	return block_end(w, &to, err);
}

/* The expression as text: kind 0 comes first. */
static void put_filter(struct put *to, const char *expr)
{
	char value[4096];
	size_t n = strnlen(expr, sizeof(value) - 1);

	value[0] = 0;
	memcpy(value + 1, expr, n);
	put_option(to, IF_FILTER, value, n + 1);
}

static int write_iface(struct wr_pcapng *w, const struct iface *i, struct wr_err *err)
{
	struct put to = block_begin(w, BLOCK_IFACE);
	uint16_t linktype[2] = {wr_linktype_of_dlt(i->linktype), 0};
	char comment[96];

	put_bytes(&to, linktype, sizeof(linktype));
	put32(&to, w->snaplen_told);
	snprintf(comment, sizeof(comment), "captured by weir from: %s", wr_hook_text(i->hook));
	put_text(&to, OPT_COMMENT, comment);
	put_text(&to, IF_NAME, i->name);
	put_option(&to, IF_TSRESOL, "\x09", 1); /* nanoseconds */
	if (w->filter)
		put_filter(&to, w->filter);
	put_option(&to, OPT_END, "", 0);
	return block_end(w, &to, err);
}

static unsigned int hash_of(const char *name, unsigned int linktype, unsigned int hook)
{
	uint32_t h = 2166136261u ^ (linktype << 8 | hook); /* FNV-1a */

	while (*name)
		h = (h ^ (uint8_t)*name++) * 16777619u;
	return (h ^ h >> 16) % HASH_SIZE;
}

static bool same_iface(const struct iface *i, const char *name, uint16_t linktype, uint8_t hook)
{
	size_t n = 0;

	/* For every packet: names are short, a call costs more than the comparison. */
	while (n < sizeof(i->name) - 1 && name[n] && i->name[n] == name[n])
		n++;
	return i->linktype == linktype && i->hook == hook &&
	       (n == sizeof(i->name) - 1 || i->name[n] == name[n]);
}

/* One that comes after a write failed is noted all the same: its packets are counted as lost. */
static int add_iface(struct wr_pcapng *w, const struct iface *as, int *head, struct wr_err *err)
{
	int room = w->room ? w->room * 2 : 8;
	struct iface *more = w->ifaces;

	if (w->n_ifaces == w->room) {
		more = realloc(w->ifaces, (size_t)room * sizeof(*more));
		if (!more)
			return wr_fail(err, ENOMEM, "no memory for %d interfaces of %s", room,
				       w->path);
		w->ifaces = more;
		w->room = room;
	}
	if (!w->bad.code)
		write_iface(w, as, err); /* when that fails the caller finds w->bad */
	more[w->n_ifaces] = *as;
	more[w->n_ifaces].next = *head;
	*head = w->n_ifaces;
	return w->n_ifaces++;
}

/* The number of an interface in the file, or -ENOMEM; described when it is new. Packets come in
 * runs of one interface, so the last one is tried first. */
static int iface_id(struct wr_pcapng *w, const char *name, uint16_t linktype, uint8_t hook,
		    struct wr_err *err)
{
	struct iface as = {.linktype = linktype, .hook = hook};
	int *head, i;

	if (w->last != NONE && same_iface(&w->ifaces[w->last], name, linktype, hook))
		return w->last;
	snprintf(as.name, sizeof(as.name), "%s", name);
	head = &w->heads[hash_of(as.name, linktype, hook)];
	for (i = *head; i != NONE; i = w->ifaces[i].next)
		if (same_iface(&w->ifaces[i], name, linktype, hook))
			break;
	if (i == NONE)
		i = add_iface(w, &as, head, err);
	if (i >= 0)
		w->last = i;
	return i;
}

/* Live, the hook says whether the packet came in (1) or went out (2); of a file that is not known.
 */
static void put_flags(struct put *to, uint8_t hook)
{
	const uint32_t way = hook == WR_HOOK_TC_OUT ? 2 : 1;

	if (hook != WR_HOOK_FILE)
		put_option(to, EPB_FLAGS, &way, sizeof(way));
}

/* What the program in the kernel returned: XDP_PASS, XDP_DROP, XDP_TX; TC_ACT_UNSPEC, TC_ACT_SHOT,
 * TC_ACT_REDIRECT. */
static void put_verdict(struct put *to, const struct wr_packet *pkt)
{
	static const struct {
		int64_t xdp, tc;
	} actions[] = {[WR_VERDICT_PASS] = {2, -1},
		       [WR_VERDICT_DROP] = {1, 2},
		       [WR_VERDICT_LIMIT] = {1, 2},
		       [WR_VERDICT_ANSWER] = {3, 7}};
	bool tc = pkt->hook == WR_HOOK_TC || pkt->hook == WR_HOOK_TC_OUT;
	bool xdp = pkt->hook == WR_HOOK_XDP || pkt->hook == WR_HOOK_XDP_GENERIC;
	int64_t action = tc ? actions[pkt->fate->verdict].tc : actions[pkt->fate->verdict].xdp;
	uint8_t value[9] = {tc ? VERDICT_TC : VERDICT_XDP};

	memcpy(value + 1, &action, sizeof(action));
	if (tc || xdp)
		put_option(to, EPB_VERDICT, value, sizeof(value));
}

/* For people, and for the name of the rule, which no option has. */
static void put_fate(struct put *to, const struct wr_packet *pkt)
{
	const struct wr_fate *f = pkt->fate;
	char comment[160];

	if (!f)
		return;
	put_verdict(to, pkt);
	snprintf(comment, sizeof(comment), "verdict %s%s%s%s%s", wr_verdict_name(f->verdict),
		 f->rule ? " by " : "", f->rule ? f->rule : "", f->klass ? " class " : "",
		 f->klass ? f->klass : "");
	put_text(to, OPT_COMMENT, comment);
}

int wr_pcapng_write(struct wr_pcapng *w, const struct wr_packet *pkt, const char *comment,
		    struct wr_err *err)
{
	uint32_t caplen = pkt->data ? pkt->caplen : 0;
	int id = iface_id(w, pkt->iface, pkt->linktype, pkt->hook, err);
	struct put to;

	if (id < 0) {
		w->lost++;
		return id;
	}
	if (w->bad.code) {
		lose(w, (uint32_t)id);
		return again(w, err);
	}
	if (caplen > w->snaplen)
		caplen = w->snaplen;
	to = block_begin(w, BLOCK_PACKET);
	put32(&to, (uint32_t)id);
	put_time(&to, pkt->ts_ns);
	put32(&to, caplen);
	put32(&to, pkt->len);
	put_bytes(&to, caplen ? pkt->data : (const uint8_t *)"", caplen);
	put_flags(&to, pkt->hook);
	put_fate(&to, pkt);
	put_text(&to, OPT_COMMENT, comment);
	if (pkt->hook != WR_HOOK_FILE || comment || pkt->fate)
		put_option(&to, OPT_END, "", 0);
	return block_end(w, &to, err);
}

int wr_pcapng_flush(struct wr_pcapng *w, struct wr_err *err)
{
	return w->bad.code ? again(w, err) : drain(w, err);
}

/* A ledger row does not tell the link type: any interface of that name and hook is meant. A file's
 * row is about all of its interfaces and stands with the first. */
static int row_iface(struct wr_pcapng *w, const struct wr_ledger *row, struct wr_err *err)
{
	for (int i = 0; i < w->n_ifaces; i++)
		if (w->ifaces[i].hook == row->hook && !strcmp(w->ifaces[i].name, row->iface))
			return i;
	if (row->hook == WR_HOOK_FILE && w->n_ifaces)
		return 0;
	return iface_id(w, row->iface, DLT_EN10MB, (uint8_t)row->hook, err);
}

static uint64_t lost_of(const struct wr_ledger *row)
{
	uint64_t n = 0;

	for (int i = 0; i < WR_LOST_COUNT; i++)
		n += row->lost[i];
	return n;
}

int wr_pcapng_stats(struct wr_pcapng *w, const struct wr_ledger *row, uint64_t now_ns,
		    const char *comment, struct wr_err *err)
{
	int id = w->bad.code ? again(w, err) : row_iface(w, row, err);
	struct put to;

	if (id < 0)
		return id;
	if (w->bad.code)
		return again(w, err);
	to = block_begin(w, BLOCK_STATS);
	put32(&to, (uint32_t)id);
	put_time(&to, now_ns);
	put_text(&to, OPT_COMMENT, comment);
	put_when(&to, ISB_START, row->since_ns);
	put_when(&to, ISB_END, now_ns);
	put_count(&to, ISB_RECV, row->arrived.packets);
	put_count(&to, ISB_DROP, row->arrived.packets - row->passed.packets);
	put_count(&to, ISB_ACCEPT, row->matched.packets);
	put_count(&to, ISB_OSDROP, lost_of(row));
	put_count(&to, ISB_DELIVERED, row->seen);
	put_option(&to, OPT_END, "", 0);
	return block_end(w, &to, err);
}

uint64_t wr_pcapng_lost(const struct wr_pcapng *w)
{
	return w->lost;
}

void wr_pcapng_lost_each(const struct wr_pcapng *w,
			 void (*fn)(void *ctx, const char *iface, uint64_t packets), void *ctx)
{
	for (int i = 0; i < w->n_ifaces; i++)
		if (w->ifaces[i].lost)
			fn(ctx, w->ifaces[i].name, w->ifaces[i].lost);
}

static int open_fd(struct wr_pcapng *w, const char *path, struct wr_err *err)
{
	bool to_stdout = !strcmp(path, "-");
	struct stat st;
	off_t at;

	if (w->fd < 0)
		w->fd = to_stdout ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
				  : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (w->fd < 0 || fstat(w->fd, &st) < 0)
		return wr_fail(err, errno, "cannot write to %s: %s", w->path, strerror(errno));
	if (isatty(w->fd))
		return wr_fail(err, EINVAL,
			       "%s is a terminal, packets would garble it: send them to a "
			       "file or pipe",
			       w->path);
	at = lseek(w->fd, 0, SEEK_CUR);
	w->start = at > 0 ? (uint64_t)at : 0;
	/* what is appended to is not ours to cut */
	w->regular = S_ISREG(st.st_mode) && !(fcntl(w->fd, F_GETFL) & O_APPEND);
	return 0;
}

static int start(struct wr_pcapng *w, const char *path, const struct wr_pcapng_conf *conf,
		 struct wr_err *err)
{
	int rc;

	w->path = strdup(!strcmp(path, "-") ? "standard output" : path);
	w->filter = conf->filter && *conf->filter ? strdup(conf->filter) : NULL;
	if (!w->path || (conf->filter && *conf->filter && !w->filter))
		return wr_fail(err, ENOMEM, "no memory to write %s", path);
	w->snaplen_told = conf->snaplen;
	w->snaplen = conf->snaplen && conf->snaplen < CAPLEN_MAX ? conf->snaplen : CAPLEN_MAX;
	w->last = NONE;
	for (int i = 0; i < HASH_SIZE; i++)
		w->heads[i] = NONE;
	rc = open_fd(w, path, err);
	return rc < 0 ? rc : write_section(w, conf->version, err);
}

static void release(struct wr_pcapng *w)
{
	if (w->fd >= 0)
		close(w->fd);
	free(w->ifaces);
	free(w->path);
	free(w->filter);
	free(w);
}

int wr_pcapng_open(struct wr_pcapng **out, const char *path, const struct wr_pcapng_conf *conf,
		   struct wr_err *err)
{
	return wr_pcapng_open_fd(out, -1, path, conf, err);
}

int wr_pcapng_open_fd(struct wr_pcapng **out, int fd, const char *path,
		      const struct wr_pcapng_conf *conf, struct wr_err *err)
{
	struct wr_pcapng *w = malloc(sizeof(*w));
	int rc;

	*out = NULL;
	if (!w) {
		if (fd >= 0)
			close(fd);
		return wr_fail(err, ENOMEM, "no memory to write %s", path);
	}
	memset(w, 0, offsetof(struct wr_pcapng, buf));
	w->fd = fd;
	rc = start(w, path, conf, err);
	if (rc < 0)
		release(w);
	else
		*out = w;
	return rc;
}

/* Some file systems tell only at close that there was no room. */
static int close_fd(struct wr_pcapng *w, struct wr_err *err)
{
	int rc = close(w->fd);

	w->fd = -1;
	if (rc < 0)
		return wr_fail(err, errno, "cannot finish %s: %s; its end may be missing", w->path,
			       strerror(errno));
	return 0;
}

int wr_pcapng_close(struct wr_pcapng **out, uint64_t *lost, struct wr_err *err)
{
	struct wr_pcapng *w = *out;
	int rc;

	*out = NULL;
	if (lost)
		*lost = w ? w->lost : 0;
	if (!w)
		return 0;
	rc = wr_pcapng_flush(w, err);
	if (rc == 0)
		rc = close_fd(w, err);
	if (lost)
		*lost = w->lost;
	release(w);
	return rc;
}
