/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/keep.h"
#include "daemon/run_impl.h"
#include "detect/learned.h"

/* What detection has learned, in a file: read at the start, written every five minutes and at the
 * end. */

enum { SAVE_S = 300, LEARNED_MOST = 256 << 20 };

/* Beside the history, when it is not said. */
static void learned_path(const struct wr_daemon_conf *c, char *to, size_t room)
{
	char folder[256];

	snprintf(to, room, "%s", c->detect.learned);
	if (to[0] || !c->history.path[0])
		return;
	snprintf(folder, sizeof(folder), "%s", c->history.path);
	snprintf(to, room, "%s/learned.json", dirname(folder));
}

static int load(struct wr_run *r, const char *path, struct wr_err *err)
{
	struct wr_buf b = {0};
	int ret = wr_keep_read(&b, path, LEARNED_MOST);

	if (ret == -EACCES)
		wr_fail(err, -ret, "%s: weir runs as %s, who may not read it", path,
			r->rights.user);
	else if (ret && ret != -ENOENT)
		wr_fail(err, -ret, "%s: %s", path, strerror(-ret));
	if (!ret) {
		ret = wr_detect_learned_read(wr_engine_detector(r->engine), wr_buf_text(&b), b.used,
					     wr_run_now_ns(), err);
		if (ret)
			wr_within(err, "%s", path);
	}
	wr_buf_free(&b);
	return ret;
}

void wr_run_learn_open(struct wr_run *r)
{
	char line[sizeof(((struct wr_err *)0)->text) + 60];
	struct wr_err err = {0};
	int ret;

	r->learned_ns = wr_run_now_ns();
	learned_path(&r->c, r->learned, sizeof(r->learned));
	if (!wr_engine_detector(r->engine) || !r->learned[0])
		return;
	ret = load(r, r->learned, &err);
	if (!ret || ret == -ENOENT)
		return;
	snprintf(line, sizeof(line), "detection: begins without what was learned: %s", err.text);
	wr_run_log(line);
}

int wr_run_learn_save(struct wr_run *r, struct wr_err *err)
{
	struct wr_buf b = {0};
	int ret;

	r->learned_ns = wr_run_now_ns();
	if (!wr_engine_detector(r->engine) || !r->learned[0])
		return 0;
	wr_detect_learned_write(wr_engine_detector(r->engine), &b);
	ret = wr_keep_write(&b, r->learned);
	wr_buf_free(&b);
	if (!ret)
		return 0;
	return wr_fail(err, -ret, "%s: %s: a restart will not know what was learned", r->learned,
		       strerror(-ret));
}

void wr_run_learn_step(struct wr_run *r)
{
	struct wr_err err = {0};

	if (wr_run_now_ns() - r->learned_ns < SAVE_S * 1000000000ull)
		return;
	if (wr_run_learn_save(r, &err) && !r->learn_failed)
		wr_run_log(err.text); /* once */
	r->learn_failed = err.code != 0;
}

/* A detector that knows nothing. */
static int anew(struct wr_run *r, struct wr_err *err)
{
	int ret = wr_engine_detect(r->engine, false, err);

	return ret ? ret : wr_engine_detect(r->engine, true, err);
}

int wr_run_learn(void *run, const char *what, const char *file, struct wr_err *err)
{
	struct wr_run *r = run;
	int ret;

	if (!wr_engine_detector(r->engine))
		return wr_fail(err, ENODATA, "detection is off: [detect] on = yes");
	if (!strcmp(what, "save"))
		return r->learned[0] ? wr_run_learn_save(r, err)
				     : wr_fail(err, ENODATA,
					       "nothing is kept: set 'learned' in [detect]");
	if (!strcmp(what, "load") && (!file || file[0] != '/'))
		return wr_fail(err, EINVAL, "load: which file? (a path that begins with '/')");
	if (strcmp(what, "load") != 0 && strcmp(what, "reset") != 0)
		return wr_fail(err, EINVAL, "'%s': save, load or reset", what);
	ret = anew(r, err);
	if (!ret && file) {
		ret = load(r, file, err);
		if (ret == -ENOENT)
			ret = wr_fail(err, ENOENT, "%s: there is no such file", file);
	}
	return ret ? ret : wr_run_learn_save(r, err);
}
