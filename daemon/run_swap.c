/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>

#include "daemon/run_impl.h"

/* Another build of the kernel programs on all paths, or on none. */

struct swap {
	struct wr_run *r;
	const struct wr_swap_want *want;
	wr_swap_tell_fn tell;
	void *tell_ctx;
	struct wr_err *err;
	struct wr_swap_told told;
	int tried, ret;
	bool other; /* there is a path that no file is for */
};

/* A file may be for one kind of hook: where none of them is, the old program stays. */
static void try_path(void *ctx, struct wr_path *path)
{
	struct swap *s = ctx;
	struct wr_swap_told told = {0};

	if (s->ret)
		return;
	s->ret = wr_attach_swap(&s->r->attach, path, s->want, &told, s->err);
	if (s->ret == -ENXIO) {
		s->ret = 0;
		s->other = true;
		return;
	}
	if (s->ret)
		return;
	s->tried++;
	s->told = told;
	s->tell(s->tell_ctx, wr_path_iface(path)->name, wr_hook_text(wr_path_hook(path)), &told);
}

int wr_run_swap(void *run, const struct wr_swap_want *want, wr_swap_tell_fn tell, void *tell_ctx,
		struct wr_err *err)
{
	struct wr_run *r = run;
	struct swap s = {.r = r, .want = want, .tell = tell, .tell_ctx = tell_ctx, .err = err};
	struct wr_err none = {0};
	char line[1024];

	wr_engine_paths(r->engine, try_path, &s);
	if (!s.ret && !s.tried && s.other) {
		err->code = EINVAL;
		s.ret = -EINVAL;
	}
	if (!s.ret && !s.tried)
		s.ret = wr_fail(err, ENODATA, "no interface is watched by kernel programs");
	if (!s.ret)
		s.ret = wr_attach_swap_end(&r->attach, true, err);
	else if (r->attach.fd >= 0)
		wr_attach_swap_end(&r->attach, false, &none);
	if (s.ret)
		snprintf(line, sizeof(line), "swap: %s", err->text);
	else
		snprintf(line, sizeof(line),
			 "swap: the programs of %d data paths are those of %s now", s.tried,
			 s.told.object);
	wr_run_log(line);
	return s.ret;
}
