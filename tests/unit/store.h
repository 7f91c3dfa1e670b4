/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_TESTS_STORE_H
#define WR_TESTS_STORE_H

#include "tests/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/read.h"
#include "store/store.h"
#include "tests/unit/flows.h"

/* What the tests of history share. */

#define NS 1000000000ull
#define UNUSED __attribute__((unused))

enum { T0 = 1800000000 - 1800000000 % 3600 }; /* an hour begins */

static char dir[4096];
static struct wr_err err;

UNUSED static const char *in_dir(const char *name)
{
	static char path[64][4200]; /* the last 64 stay valid */
	static int turn;
	char *p = path[turn++ % 64];

	snprintf(p, sizeof(path[0]), "%s/%s", dir, name);
	return p;
}

UNUSED static bool there(const char *path)
{
	return !access(path, F_OK);
}

UNUSED static off_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? 0 : st.st_size;
}

UNUSED static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* An integer by SQL, as people ask it. */
UNUSED static int64_t ask_sql(const char *path, const char *sql)
{
	sqlite3_stmt *st = NULL;
	sqlite3 *db = NULL;
	int64_t n = -1;

	if (!sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) &&
	    !sqlite3_prepare_v2(db, sql, -1, &st, NULL) && sqlite3_step(st) == SQLITE_ROW)
		n = sqlite3_column_int64(st, 0);
	if (n < 0)
		note("%s: %s", sql, sqlite3_errmsg(db));
	sqlite3_finalize(st);
	sqlite3_close(db);
	return n;
}

UNUSED static int do_sql(const char *path, const char *sql)
{
	sqlite3 *db = NULL;
	int rc = sqlite3_open(path, &db);

	if (!rc)
		rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
	sqlite3_close(db);
	return rc;
}

/* ---- a folder of its own ---- */

UNUSED static void make_dir(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(dir, sizeof(dir), "%s/weir-store-test-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(dir)) {
		printf("Bail out! %s: %s\n", dir, strerror(errno));
		exit(1);
	}
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

UNUSED static void remove_dir(void)
{
	nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- flows, as a list ---- */

struct list {
	struct wr_store_flow *flow;
	size_t n, room;
	size_t stop; /* 0 = never */
};

static void push(struct list *l, const struct wr_store_flow *f)
{
	if (l->n == l->room) {
		l->room = l->room ? 2 * l->room : 1024;
		l->flow = realloc(l->flow, l->room * sizeof(*l->flow));
	}
	l->flow[l->n++] = *f;
}

static bool take(void *ctx, const struct wr_store_flow *f)
{
	struct list *l = ctx;

	push(l, f);
	return !l->stop || l->n < l->stop;
}

UNUSED static struct list read_flows(const char *path, const struct wr_store_filter *f,
				     uint64_t *damaged)
{
	static const struct wr_store_filter all;
	struct wr_store_reader *r = NULL;
	struct list l = {0};

	err.code = 0;
	if (!wr_store_read_open(&r, path, &err))
		wr_store_read_flows(r, f ? f : &all, take, &l, damaged, &err);
	if (err.code)
		note("%s", err.text);
	wr_store_read_close(&r);
	return l;
}

UNUSED static bool same(const struct list *a, const struct list *b)
{
	return a->n == b->n && (!a->n || !memcmp(a->flow, b->flow, a->n * sizeof(*a->flow)));
}

UNUSED static void drop(struct list *l)
{
	free(l->flow);
	*l = (struct list){0};
}

UNUSED static struct wr_store *open_store(const char *path, const struct wr_store_conf *conf)
{
	struct wr_store *s = NULL;

	if (wr_store_open(&s, path, conf, &err)) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	return s;
}

#endif
