/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Detection over a capture that begins anew in its midst: with nothing known, or with what it had
 * learned until then (weir score --restart, --resume). */
#include "ui/cli/find.h"

#include <unistd.h>

#include "base/keep.h"
#include "tests/unit/detect_usual.h"

static struct wr_find *find;
static struct host host;

static void feed(struct host *h, const struct wr_packet *pkt, const struct seen *s)
{
	(void)s;
	wr_find_packet(find, pkt, &h->parse.rec);
}

/* What is learned, but for the first line, which says when, and the sum at the end. */
static void learned(struct wr_buf *body)
{
	char path[] = "/tmp/weir-find-XXXXXX";
	struct wr_buf b = {0};
	struct wr_err err = {0};
	int fd = mkstemp(path);
	const char *from, *to;

	body->used = 0;
	if (fd < 0 || wr_find_save(find, path, &err) || wr_keep_read(&b, path, 64 << 20)) {
		ok(0, "what was learned can be saved: %s", err.text);
		return;
	}
	close(fd);
	unlink(path);
	from = strchr(wr_buf_text(&b), '\n');
	to = strstr(wr_buf_text(&b), "{\"crc32\"");
	ok(from && to > from, "what is learned has a beginning and an end");
	if (from && to > from)
		wr_buf_fmt(body, "%.*s", (int)(to - from - 1), from + 1);
	wr_buf_free(&b);
}

int main(void)
{
	struct wr_buf before = {0}, now = {0};
	struct wr_err err = {0};

	host_open(&host, 4);
	host.tap = feed;
	is_int(wr_find_open(&find, NULL, &err), 0, "opens");
	pass(&host, 300, usual_turn, NULL);
	learned(&before);
	ok(strstr(wr_buf_text(&before), "\"10.0.0.10\"") != NULL, "the web server is known");
	is_int(wr_find_restart(find, true, host.ns, &err), 0, "anew, with what was learned%s",
	       err.text);
	learned(&now);
	ok(now.used == before.used && !strcmp(wr_buf_text(&now), wr_buf_text(&before)),
	   "all of it is known: %zu and %zu bytes", now.used, before.used);
	pass(&host, 60, usual_turn, NULL);
	learned(&now);
	ok(strcmp(wr_buf_text(&now), wr_buf_text(&before)), "and it goes on");
	is_int(wr_find_restart(find, false, host.ns, &err), 0, "anew");
	learned(&now);
	is_int((long long)now.used, 0, "nothing is known");
	pass(&host, 5, usual_turn, NULL);
	wr_find_finish(find);
	is_int(wr_find_alarms(find), 0, "no false alarm by it");
	wr_find_close(&find);
	host_close(&host);
	wr_buf_free(&before);
	wr_buf_free(&now);
	return done();
}
