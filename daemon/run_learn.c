/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/keep.h"
#include "daemon/saver.h"
#include "daemon/run_impl.h"
#include "detect/learned.h"

/* What detection has learned, in a file: read at the start, written every five minutes and at the
 * end. */

enum { SAVE_S = 300, LEARNED_MOST = 256 << 20, TELL_MS = 1000 };

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

/* The text of the file, when it can be taken. */
static int read_text(const struct wr_run *r, const char *path, struct wr_buf *b, struct wr_err *err)
{
	int ret = wr_keep_read(b, path, LEARNED_MOST);

	if (ret == -EACCES)
		return wr_fail(err, -ret, "%s: weir runs as %s, who may not read it", path,
			       r->rights.user);
	if (ret)
		return wr_fail(err, -ret, "%s: %s", path, strerror(-ret));
	ret = wr_detect_learned_check(wr_buf_text(b), b->used, wr_run_now_ns(), err);
	return ret ? wr_within(err, "%s", path) : 0;
}

/* What cannot be read now may be of use to somebody: it is not written over. */
static void set_aside(struct wr_run *r, const struct wr_err *why)
{
	char line[sizeof(why->text) + 160], aside[sizeof(r->learned) + 8];
	bool moved;

	snprintf(aside, sizeof(aside), "%s.bad", r->learned);
	moved = !rename(r->learned, aside);
	snprintf(line, sizeof(line), "detection: begins without what was learned: %s%s%s",
		 why->text, moved ? "; it is now " : "", moved ? aside : "");
	wr_run_log(line);
	if (!moved)
		r->learned[0] = 0;
}

/* Into a detector that knows nothing. */
static void load_own(struct wr_run *r)
{
	struct wr_buf b = {0};
	struct wr_err err = {0};
	int ret;

	if (!wr_engine_detector(r->engine) || !r->learned[0])
		return;
	ret = read_text(r, r->learned, &b, &err);
	if (!ret)
		wr_detect_learned_read(wr_engine_detector(r->engine), wr_buf_text(&b), b.used,
				       wr_run_now_ns(), &err);
	else if (ret != -ENOENT)
		set_aside(r, &err);
	wr_buf_free(&b);
}

void wr_run_learn_open(struct wr_run *r)
{
	r->learned_ns = wr_run_now_ns();
	learned_path(&r->c, r->learned, sizeof(r->learned));
	load_own(r);
}

int wr_run_detect_switch(struct wr_run *r, bool on, struct wr_err *err)
{
	bool was = wr_engine_detector(r->engine) != NULL;
	int ret;

	if (was && !on)
		wr_run_learn_save(r, NULL);
	ret = wr_engine_detect(r->engine, on, err);
	if (!ret && on && !was)
		load_own(r);
	return ret;
}

static int save(struct wr_run *r, int wait_ms, struct wr_err *err)
{
	struct wr_buf b = {0};
	int ret;

	r->learned_ns = wr_run_now_ns();
	if (!wr_engine_detector(r->engine) || !r->learned[0])
		return 0;
	wr_detect_learned_write(wr_engine_detector(r->engine), &b);
	ret = wr_saver_write(r->saver, r->learned, &b, wait_ms);
	wr_buf_free(&b);
	if (!ret)
		return 0;
	if (ret == -EINPROGRESS)
		return wr_fail(err, -ret,
			       "%s: the disk is slow: it is being written, weir's log says when "
			       "it was",
			       r->learned);
	return wr_fail(err, -ret, "%s: %s: a restart will not know what was learned", r->learned,
		       strerror(-ret));
}

int wr_run_learn_save(struct wr_run *r, struct wr_err *err)
{
	return save(r, WR_SAVER_WAIT_MS, err);
}

/* A disk that was slow for something that had been asked for. */
void wr_run_saved_tell(struct wr_run *r)
{
	struct wr_saver_end end;
	char line[sizeof(end.path) + 128];

	while (wr_saver_ended(r->saver, &end)) {
		snprintf(line, sizeof(line), "%s: the disk took %llu ms%s%s", end.path,
			 (unsigned long long)end.took_ms,
			 end.error ? ": a restart will not know what stands there: " : "",
			 end.error ? strerror(-end.error) : "");
		if (end.error || end.took_ms >= TELL_MS)
			wr_run_log(line);
	}
}

void wr_run_learn_step(struct wr_run *r)
{
	struct wr_err err = {0};
	int ret;

	wr_run_saved_tell(r);

	if (wr_run_now_ns() - r->learned_ns < SAVE_S * 1000000000ull)
		return;
	/* Nobody waits: when it fails later, that is told. */
	ret = save(r, 0, &err);
	if (ret && ret != -EINPROGRESS && !r->learn_failed)
		wr_run_log(err.text); /* once */
	r->learn_failed = ret && ret != -EINPROGRESS;
}

/* A detector that knows nothing. */
static int anew(struct wr_run *r, struct wr_err *err)
{
	int ret = wr_engine_detect(r->engine, false, err);

	return ret ? ret : wr_engine_detect(r->engine, true, err);
}

static int load_other(struct wr_run *r, const char *file, struct wr_err *err)
{
	struct wr_buf b = {0};
	int ret = read_text(r, file, &b, err);

	if (!ret)
		ret = anew(r, err);
	if (!ret)
		ret = wr_detect_learned_read(wr_engine_detector(r->engine), wr_buf_text(&b), b.used,
					     wr_run_now_ns(), err);
	wr_buf_free(&b);
	return ret;
}

static int keep(struct wr_run *r, const char *what, const char *who, struct wr_err *err)
{
	int ret;

	if (!who)
		return wr_fail(err, EINVAL, "%s: which address? (who=ADDRESS)", what);
	ret = wr_detect_keep(wr_engine_detector(r->engine), who, !strcmp(what, "keep"), err);
	return ret || !r->learned[0] ? ret : wr_run_learn_save(r, err);
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
	if (!strcmp(what, "load"))
		ret = load_other(r, file, err);
	else if (!strcmp(what, "reset"))
		ret = anew(r, err);
	else if (!strcmp(what, "keep") || !strcmp(what, "free"))
		return keep(r, what, file, err);
	else
		return wr_fail(err, EINVAL, "'%s': save, load, keep, free or reset", what);
	return ret ? ret : wr_run_learn_save(r, err);
}
