/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/board.h"
#include "daemon/run_impl.h"

/* Users' programs: what there is, and the order in which a change goes through the paths. */

enum { COUNTS_BYTES = WR_MAX_CPUS * WR_PROGRAMS * sizeof(struct wr_program_count) };

static uint32_t find(const struct wr_run *r, const char *name)
{
	uint32_t i = 0;

	while (i < r->programs.n && strcmp(r->programs.at[i].set.name, name) != 0)
		i++;
	return i;
}

static uint32_t flags(const struct wr_run *r)
{
	uint32_t f = 0;

	for (uint32_t i = 0; i < r->programs.n; i++)
		f |= r->programs.at[i].set.after ? WR_PROGRAMS_AFTER : WR_PROGRAMS_BEFORE;
	return f;
}

/* ---- paths ---- */

struct putting {
	struct wr_run *r;
	struct wr_err *err;
	int ret;
};

/* Of what arrives only. */
static bool has_none(struct wr_path *path)
{
	return wr_path_hook(path) == WR_HOOK_TC_OUT;
}

static void put_one(void *ctx, struct wr_path *path)
{
	struct putting *p = ctx;

	if (!p->ret && !has_none(path))
		p->ret = wr_attach_program_put(&p->r->attach, path, p->err);
}

static void set_flags(void *ctx, struct wr_path *path)
{
	struct wr_run *r = ctx;

	if (!has_none(path))
		__atomic_store_n(&wr_path_board(path)->conf.programs, flags(r), __ATOMIC_RELEASE);
}

/* All paths get what the process that attaches has; or what it had, again. */
static int put_all(struct wr_run *r, struct wr_err *err)
{
	struct putting p = {.r = r, .err = err};
	struct wr_err none = {0};
	struct putting back = {.r = r, .err = &none};

	wr_engine_paths(r->engine, put_one, &p);
	if (!p.ret)
		return 0;
	wr_attach_program_undo(&r->attach, &none);
	wr_engine_paths(r->engine, put_one, &back);
	return p.ret;
}

void wr_run_programs_join(struct wr_run *r, struct wr_path *path)
{
	struct putting p = {.r = r, .err = &(struct wr_err){0}};

	if (!r->programs.n)
		return;
	put_one(&p, path);
	if (p.ret)
		wr_run_log(p.err->text);
	else
		set_flags(r, path);
}

/* ---- counters ---- */

static struct wr_program_count count_of(const struct wr_run *r, uint32_t place)
{
	struct wr_program_count sum = {0};

	for (uint32_t cpu = 0; r->programs.counts && cpu < WR_MAX_CPUS; cpu++) {
		const volatile struct wr_program_count *c =
			&r->programs.counts[cpu * WR_PROGRAMS + place];

		sum.asked += c->asked;
		sum.passed += c->passed;
		sum.dropped += c->dropped;
	}
	return sum;
}

static int map_counts(struct wr_run *r, int fd, struct wr_err *err)
{
	void *at = MAP_FAILED;

	if (!r->programs.counts) {
		at = mmap(NULL, COUNTS_BYTES, PROT_READ, MAP_SHARED, fd, 0);
		if (at == MAP_FAILED)
			wr_fail(err, errno, "mapping what programs count: %s", strerror(errno));
		else
			r->programs.counts = at;
	}
	close(fd);
	return r->programs.counts ? 0 : -ENOMEM;
}

uint32_t wr_run_programs(void *run, struct wr_program_row *rows, uint32_t n)
{
	struct wr_run *r = run;

	for (uint32_t i = 0; i < r->programs.n && i < n; i++) {
		struct wr_program_count now = count_of(r, r->programs.at[i].told.place);
		const struct wr_program_count *first = &r->programs.at[i].at_first;

		rows[i] = (struct wr_program_row){
			.name = r->programs.at[i].set.name,
			.file = r->programs.at[i].set.file,
			.after = r->programs.at[i].set.after,
			.ns = r->programs.at[i].told.ns,
			.asked = now.asked - first->asked,
			.passed = now.passed - first->passed,
			.dropped = now.dropped - first->dropped,
		};
	}
	return r->programs.n;
}

void wr_run_programs_close(struct wr_run *r)
{
	if (r->programs.counts)
		munmap((void *)(uintptr_t)r->programs.counts, COUNTS_BYTES);
	r->programs.counts = NULL;
}

/* ---- changes ---- */

static int check_name(const char *name, struct wr_err *err)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)name[i]) && name[i] != '-' && name[i] != '_')
			n = 0;
	return n && n < WR_PROGRAM_NAME
		       ? 0
		       : wr_fail(err, EINVAL,
				 "'%s' cannot be the name of a program (letters, digits, - and _, "
				 "at most %d)",
				 name, WR_PROGRAM_NAME - 1);
}

static int set(struct wr_run *r, const struct wr_program_ask *ask, uint32_t at, struct wr_err *err)
{
	bool is_new = at == r->programs.n;
	struct wr_program_set want = {.after = is_new ? ask->after : r->programs.at[at].set.after};
	struct wr_program_told told;
	int slot = wr_rules_hold(r->rules, ask->name), fd = -1, ret;

	if (slot < 0)
		return wr_fail(err, ENOSPC, "there are more rules than can be counted");
	want.slot = (uint16_t)slot;
	snprintf(want.name, sizeof(want.name), "%s", ask->name);
	snprintf(want.file, sizeof(want.file), "%s", ask->file);
	ret = wr_attach_program_set(&r->attach, &want, &told, &fd, err);
	ret = ret ? ret : map_counts(r, fd, err);
	if (!ret && is_new)
		r->programs.at[at].at_first = count_of(r, told.place);
	ret = ret ? ret : put_all(r, err);
	if (ret && is_new)
		wr_rules_release(r->rules, ask->name);
	if (ret)
		return ret;
	r->programs.at[at].set = want;
	r->programs.at[at].told = told;
	r->programs.n += is_new;
	wr_engine_paths(r->engine, set_flags, r);
	return 0;
}

static int del(struct wr_run *r, uint32_t at, struct wr_err *err)
{
	int ret = wr_attach_program_del(&r->attach, r->programs.at[at].set.name, err);

	ret = ret ? ret : put_all(r, err);
	if (ret)
		return ret;
	wr_rules_release(r->rules, r->programs.at[at].set.name);
	memmove(&r->programs.at[at], &r->programs.at[at + 1],
		(r->programs.n - at - 1) * sizeof(r->programs.at[0]));
	r->programs.n--;
	wr_engine_paths(r->engine, set_flags, r);
	return 0;
}

int wr_run_program(void *run, const struct wr_program_ask *ask, struct wr_err *err)
{
	struct wr_run *r = run;
	uint32_t at = find(r, ask->name);
	char line[512];
	int ret = check_name(ask->name, err);

	if (ret)
		return ret;
	if (!r->rules)
		return wr_fail(err, ENODATA,
			       "programs are asked beside a policy: set 'file' in [policy] of the "
			       "configuration (an empty file will do) and restart weir");
	if (ask->what == WR_PROGRAM_ADD && at < r->programs.n)
		return wr_fail(err, EEXIST, "there is a program '%s' (weir program replace)",
			       ask->name);
	if (ask->what != WR_PROGRAM_ADD && at == r->programs.n)
		return wr_fail(err, ENOENT, "there is no program '%s' (weir program list)",
			       ask->name);
	if (at == WR_PROGRAMS)
		return wr_fail(err, ENOSPC, "there are %d programs already", WR_PROGRAMS);
	ret = ask->what == WR_PROGRAM_DEL ? del(r, at, err) : set(r, ask, at, err);
	if (!ret) {
		wr_run_programs_save(r);
		snprintf(line, sizeof(line), "program %s: %s%s", ask->name,
			 ask->what == WR_PROGRAM_DEL ? "deleted" : "asked from now on: ",
			 ask->file ? ask->file : "");
		wr_run_log(line);
	}
	return ret;
}
