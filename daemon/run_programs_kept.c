/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>

#include "base/keep.h"
#include "daemon/saver.h"
#include "daemon/run_impl.h"

/*
 * Which programs of users there are, in a file beside the one of rules that were added: lines of a
 * name, before or after, and the object. A restart loads them again, from objects that only root
 * can have written (control/rootfile.h): so whoever can write this file can name no other.
 */

enum { MOST_BYTES = 16 << 10 };

static const char head[] = "# Programs that were added while weir ran (weir program). weir writes "
			   "this file anew at each change.\n";

/* -ENOENT: nothing is kept. */
static int path_of(const struct wr_run *r, char *to, size_t room)
{
	char state[300];

	wr_run_rules_state_path(&r->c, state, sizeof(state));
	if (!state[0])
		return -ENOENT;
	snprintf(to, room, "%s/programs", dirname(state));
	return 0;
}

void wr_run_programs_save(const struct wr_run *r)
{
	char path[320], line[512];
	struct wr_buf b = {0};
	int ret;

	if (r->programs.loading || path_of(r, path, sizeof(path)))
		return;
	wr_buf_str(&b, head);
	for (uint32_t i = 0; i < r->programs.n; i++) {
		const struct wr_program_set *s = &r->programs.at[i].set;

		wr_buf_fmt(&b, "%s %s %s\n", s->name, s->after ? "after" : "before", s->file);
	}
	ret = wr_saver_write(r->saver, path, &b, WR_SAVER_WAIT_MS);
	wr_buf_free(&b);
	if (!ret || ret == -EINPROGRESS)
		return;
	snprintf(line, sizeof(line), "programs: %s: %s: a restart will not know them", path,
		 strerror(-ret));
	wr_run_log(line);
}

static void take(struct wr_run *r, char *line)
{
	const char *name = strsep(&line, " "), *where = line ? strsep(&line, " ") : NULL;
	struct wr_program_ask ask = {.what = WR_PROGRAM_ADD, .name = name, .file = line};
	struct wr_err err = {0};
	char text[768];

	if (!where || !line)
		return;
	ask.after = !strcmp(where, "after");
	if (!wr_run_program(r, &ask, &err))
		return;
	snprintf(text, sizeof(text), "program %s: it was there before, and is not now: %s", name,
		 err.text);
	wr_run_log(text);
}

void wr_run_programs_load(struct wr_run *r)
{
	struct wr_buf b = {0};
	char path[320], *rest, *line;

	if (!r->rules || path_of(r, path, sizeof(path)))
		return;
	r->programs.loading = true;
	if (!wr_keep_read(&b, path, MOST_BYTES)) {
		wr_buf_text(&b);
		rest = b.at;
		while (rest && (line = strsep(&rest, "\n")))
			if (*line && *line != '#')
				take(r, line);
	}
	r->programs.loading = false;
	wr_buf_free(&b);
}
