/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/capture.h"
#include "capture/filter.h"
#include "capture/format.h"

#include <errno.h>
#include <pcap/dlt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	MAX_CHOICES = 32,  /* link types in one file that a filter is compiled for */
	STRETCH = 1 << 16, /* packets looked at in one call, so that a rare match does not hold the
			      caller */
};

static const struct wr_format *const formats[] = {&wr_format_pcap, &wr_format_pcapng};

/* The same expression, once for each link type. */
struct choice {
	uint16_t linktype;
	struct wr_filter *filter;
};

struct file {
	struct wr_source base;
	char *name, *expr; /* expr NULL: all are chosen */
	struct wr_stream *stream;
	struct wr_reader *reader;
	struct choice choices[MAX_CHOICES];
	unsigned int n_choices;
	void (*look)(void *ctx, struct wr_packet *pkt); /* NULL: nobody */
	void *look_ctx;
	struct wr_ledger row;
	struct wr_err end; /* code ENODATA or what is broken, once there is no more */
};

int wr_format_broken(const struct wr_reader *r, struct wr_err *err, const char *fmt, ...)
{
	char what[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return wr_fail(err, EINVAL, "broken after packet %llu, at byte %llu%s: %s",
		       (unsigned long long)r->num, (unsigned long long)wr_stream_offset(r->stream),
		       r->stream->packed ? " of the unpacked data" : "", what);
}

int wr_format_cut(const struct wr_reader *r, const char *what, uint64_t want, uint64_t have,
		  struct wr_err *err)
{
	char packet[48];

	snprintf(packet, sizeof(packet), "packet %llu", (unsigned long long)r->num + 1);
	return wr_fail(err, EINVAL,
		       "cut short: it ends at byte %llu%s with %llu of the %llu bytes of %s",
		       (unsigned long long)r->stream->taken,
		       r->stream->packed ? " of the unpacked data" : "", (unsigned long long)have,
		       (unsigned long long)want, what ? what : packet);
}

static int choice_add(struct file *f, uint16_t linktype, struct wr_err *err)
{
	struct choice *c = &f->choices[f->n_choices];
	int rc;

	if (f->n_choices == MAX_CHOICES)
		return wr_fail(err, EINVAL,
			       "more than %d link types in one file: read it without "
			       "a filter",
			       MAX_CHOICES);
	rc = wr_filter_open(&c->filter, f->expr, linktype, err);
	if (rc < 0)
		return wr_within(err, "link type %u", linktype);
	c->linktype = linktype;
	f->n_choices++;
	return 0;
}

/* 1 = chosen, 0 = not, -errno = the expression cannot be used on this link type */
static int chosen(struct file *f, const struct wr_packet *pkt, struct wr_err *err)
{
	unsigned int i = 0;
	int rc;

	if (!f->expr)
		return 1;
	while (i < f->n_choices && f->choices[i].linktype != pkt->linktype)
		i++;
	rc = i < f->n_choices ? 0 : choice_add(f, pkt->linktype, err);
	if (rc < 0)
		return wr_within(err, "packet %llu", (unsigned long long)pkt->num);
	return wr_filter_match(f->choices[i].filter, pkt->data, pkt->caplen, pkt->len);
}

static void account(struct wr_ledger *row, const struct wr_packet *pkt, bool matched)
{
	if (!row->arrived.packets++)
		row->since_ns = pkt->ts_ns;
	row->arrived.bytes += pkt->len;
	row->matched.packets += matched;
	row->matched.bytes += matched ? pkt->len : 0;
}

static int again(const struct wr_err *end, struct wr_err *err)
{
	if (err && end->code != ENODATA)
		*err = *end;
	return -end->code;
}

/* What stands before the end or the broken place is handed out first; the next call tells the rest.
 */
static int ended(struct file *f, int code, int handed_out, struct wr_err *err)
{
	if (code == -ENODATA)
		f->end.code = ENODATA;
	else
		wr_within(&f->end, "%s", f->name);
	return handed_out ? handed_out : again(&f->end, err);
}

static int file_read(struct wr_source *src, wr_packet_fn fn, void *ctx, int max, struct wr_err *err)
{
	struct file *f = (struct file *)src;
	struct wr_packet pkt = {.hook = WR_HOOK_FILE, .iface = ""};
	int n = 0, rc;

	if (f->end.code)
		return again(&f->end, err);
	for (int left = STRETCH; n < max && left; left--) {
		rc = f->reader->format->next(f->reader, &pkt, &f->end);
		if (rc == 0)
			break;
		if (rc > 0 && f->look)
			f->look(f->look_ctx, &pkt);
		if (rc > 0)
			rc = chosen(f, &pkt, &f->end);
		if (rc < 0)
			return ended(f, rc, n, err);
		account(&f->row, &pkt, rc);
		if (!rc)
			continue;
		n++;
		fn(ctx, &pkt);
	}
	return n;
}

static int file_poll_fd(struct wr_source *src)
{
	return wr_stream_poll_fd(((struct file *)src)->stream);
}

static int file_ledger(struct wr_source *src, struct wr_ledger *rows, int n)
{
	struct wr_ledger row = ((struct file *)src)->row;

	row.hook = WR_HOOK_FILE;
	row.passed = row.arrived;
	row.made = row.seen = row.matched.packets;
	row.balanced = true;
	if (n > 0)
		rows[0] = row;
	return 1;
}

static double file_progress(struct wr_source *src)
{
	return wr_stream_progress(((struct file *)src)->stream);
}

static void file_close(struct wr_source *src)
{
	struct file *f = (struct file *)src;

	for (unsigned int i = 0; i < f->n_choices; i++)
		wr_filter_close(&f->choices[i].filter);
	if (f->reader)
		f->reader->format->close(f->reader);
	wr_stream_close(&f->stream);
	free(f->name);
	free(f->expr);
	free(f);
}

static const struct wr_source_ops file_ops = {
	.read = file_read,
	.poll_fd = file_poll_fd,
	.ledger = file_ledger,
	.progress = file_progress,
	.close = file_close,
};

static int open_reader(struct file *f, struct wr_err *err)
{
	int rc = wr_stream_need(f->stream, 4, err);

	if (rc < 0 && rc != -ENODATA)
		return rc;
	for (size_t i = 0; rc > 0 && i < sizeof(formats) / sizeof(*formats); i++)
		if (formats[i]->match(f->stream->pos))
			return formats[i]->open(&f->reader, f->stream, err);
	return wr_fail(err, EINVAL, "not a capture file (neither pcap nor pcapng)");
}

/* A wrong expression is told before the first packet; a file without interfaces is taken as
 * Ethernet. */
static int open_filter(struct file *f, struct wr_err *err)
{
	int linktype = f->reader->format->linktype(f->reader);

	if (!f->expr)
		return 0;
	return choice_add(f, (uint16_t)(linktype < 0 ? DLT_EN10MB : linktype), err);
}

static int open_file(struct file *f, const char *path, struct wr_err *err)
{
	int rc = wr_stream_open(&f->stream, path, err);

	if (rc == 0)
		rc = open_reader(f, err);
	if (rc == 0)
		rc = open_filter(f, err);
	if (rc < 0)
		return wr_within(err, "%s", f->name);
	f->stream->wait = false;
	return 0;
}

static bool blank(const char *s)
{
	return !s || !s[strspn(s, " \t\r\n")];
}

int wr_file_open(struct wr_source **out, const char *path, const char *filter, struct wr_err *err)
{
	struct file *f = calloc(1, sizeof(*f));
	int rc = 0;

	*out = NULL;
	if (!f)
		return wr_fail(err, ENOMEM, "no memory to read %s", path);
	f->base.ops = &file_ops;
	f->name = strdup(!strcmp(path, "-") ? "standard input" : path);
	f->expr = blank(filter) ? NULL : strdup(filter);
	if (!f->name || (!f->expr && !blank(filter)))
		rc = wr_fail(err, ENOMEM, "no memory to read %s", path);
	else
		rc = open_file(f, path, err);
	if (rc < 0)
		file_close(&f->base);
	else
		*out = &f->base;
	return rc;
}

void wr_file_watch(struct wr_source *file, void (*look)(void *ctx, struct wr_packet *pkt),
		   void *ctx)
{
	struct file *f = (struct file *)file;

	f->look = look;
	f->look_ctx = ctx;
}
