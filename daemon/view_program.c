/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "daemon/api.h"

/* The view of users' programs: shows them, and changes them. */

enum { ROWS = 16 };

static void show(struct wr_buf *b, const struct wr_program_row *row, bool text)
{
	const char *where = row->after ? "after" : "before";

	if (text) {
		wr_buf_fmt(b, "  %-15s  %-6s  %12" PRIu64 "  %12" PRIu64 "  %12" PRIu64 "  %5u\n",
			   row->name, where, row->asked, row->passed, row->dropped, row->ns);
		return;
	}
	wr_json_open(b);
	wr_json_str(b, "event_type", "program");
	wr_json_str(b, "name", row->name);
	wr_json_str(b, "where", where);
	wr_json_str(b, "object", row->file);
	wr_json_u64(b, "asked", row->asked);
	wr_json_u64(b, "passed", row->passed);
	wr_json_u64(b, "dropped", row->dropped);
	wr_json_u64(b, "packet_ns", row->ns);
	wr_json_close(b);
	wr_buf_char(b, '\n');
}

static int list(const struct wr_api_host *h, const struct wr_query *q, struct wr_buf *b)
{
	struct wr_program_row rows[ROWS];
	uint32_t n = h->programs ? h->programs(h->ctx, rows, ROWS) : 0;

	if (q->text)
		wr_buf_str(b, "  PROGRAM          RULES          ASKED        PASSED       "
			      "DROPPED     NS\n");
	for (uint32_t i = 0; i < n && i < ROWS; i++)
		show(b, &rows[i], q->text);
	if (q->text && !n)
		wr_buf_str(b, "  none\n");
	return 0;
}

static int read_ask(const struct wr_query *q, const char *what, struct wr_program_ask *ask,
		    struct wr_err *err)
{
	const char *where = wr_query_value(q, "where");

	*ask = (struct wr_program_ask){.name = wr_query_value(q, "name"),
				       .file = wr_query_value(q, "object")};
	if (!strcmp(what, "add"))
		ask->what = WR_PROGRAM_ADD;
	else if (!strcmp(what, "replace"))
		ask->what = WR_PROGRAM_REPLACE;
	else if (!strcmp(what, "del"))
		ask->what = WR_PROGRAM_DEL;
	else
		return wr_fail(err, EINVAL, "program: do=%s: expected list, add, replace or del",
			       what);
	if (!ask->name)
		return wr_fail(err, EINVAL, "program %s: which one? (name=)", what);
	if (!ask->file != (ask->what == WR_PROGRAM_DEL))
		return wr_fail(err, EINVAL, "program %s: %s", what,
			       ask->file ? "it takes no file" : "which file? (object=)");
	if (ask->file && (*ask->file != '/' || strlen(ask->file) > 255))
		return wr_fail(err, EINVAL, "'%s': a path that begins with '/', at most 255 bytes",
			       ask->file);
	for (const char *c = ask->file; c && *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return wr_fail(err, EINVAL, "program %s: no control characters in a path",
				       what);
	if (where && strcmp(where, "before") && strcmp(where, "after"))
		return wr_fail(err, EINVAL, "where=%s: before or after", where);
	ask->after = where && !strcmp(where, "after");
	return 0;
}

static int program(const struct wr_api_host *h, const struct wr_query *q, struct wr_buf *b,
		   struct wr_err *err)
{
	const char *what = wr_query_value(q, "do");
	struct wr_program_ask ask;
	int ret;

	if (!what || !strcmp(what, "list"))
		return list(h, q, b);
	ret = read_ask(q, what, &ask, err);
	if (ret)
		return ret;
	if (!q->is_root)
		return wr_fail(err, EPERM, "only root may put programs into the kernel");
	if (!h->program)
		return wr_fail(err, ENODATA, "there are no kernel programs here");
	ret = h->program(h->ctx, &ask, err);
	return ret ? ret : list(h, q, b);
}

static const char *const keys[] = {"do", "name", "object", "where", NULL};

const struct wr_api_view wr_api_view_program = {
	"program", "users' programs: shows and changes them", keys, false, program};
