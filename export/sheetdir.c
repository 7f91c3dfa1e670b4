/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "export/sheetdir.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS 1000000000ull
#define WAIT_MOST_NS (60 * SECOND_NS)
#define BEGIN "weir-features-"
#define OPEN ".weir-features.part"

enum {
	GROUP_ROWS = 1 << 14, /* of Parquet: 9 MiB for a file of a hundred columns */
	NUMBERS = 1000,	      /* files of one second */
};

struct wr_sheetdir {
	struct wr_sheetdir_conf conf;
	struct wr_sheetfile *file; /* owned; NULL: none is open */
	char open[PATH_MAX];	   /* its name until it is whole */
	char stamp[24];		   /* when it was begun, for its name */
	uint64_t begun_ns;
	uint64_t again_ns, wait_ns; /* after a failure: not before, and how long that is */
	struct wr_sheetdir_count n;
	char trouble[256];
};

/* ---- names ---- */

static bool begins(const char *s, const char *with)
{
	return !strncmp(s, with, strlen(with));
}

static int name_of(const struct wr_sheetdir *d, char path[PATH_MAX], int number)
{
	int n = snprintf(path, PATH_MAX, "%s/" BEGIN "%s-%03d.%s.%s", d->conf.dir, d->stamp, number,
			 d->conf.sheet->name, wr_sheetfile_name(d->conf.format));

	return n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static void stamp(struct wr_sheetdir *d)
{
	time_t now = time(NULL);
	struct tm utc;

	gmtime_r(&now, &utc);
	strftime(d->stamp, sizeof(d->stamp), "%Y%m%dT%H%M%SZ", &utc);
}

static int remove_one(const struct wr_sheetdir *d, const char *name)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", d->conf.dir, name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	return unlink(path) ? -errno : 0;
}

/* Calls fn for each entry; its number. */
static uint32_t each(const struct wr_sheetdir *d,
		     void (*fn)(const struct wr_sheetdir *d, const struct dirent *e, void *ctx),
		     void *ctx)
{
	DIR *dir = opendir(d->conf.dir);
	const struct dirent *e;
	uint32_t n = 0;

	while (dir && (e = readdir(dir))) {
		fn(d, e, ctx);
		n++;
	}
	if (dir)
		closedir(dir);
	return n;
}

static void remove_left(const struct wr_sheetdir *d, const struct dirent *e, void *ctx)
{
	(void)ctx;
	if (begins(e->d_name, OPEN))
		remove_one(d, e->d_name);
}

struct oldest {
	uint32_t files;
	char name[NAME_MAX + 1];
};

/* Not every file system says what an entry is. */
static void look(const struct wr_sheetdir *d, const struct dirent *e, void *ctx)
{
	struct oldest *o = ctx;

	(void)d;
	if (!begins(e->d_name, BEGIN) || (e->d_type != DT_REG && e->d_type != DT_UNKNOWN))
		return;
	if (!o->files++ || strcmp(e->d_name, o->name) < 0)
		snprintf(o->name, sizeof(o->name), "%s", e->d_name);
}

/* One that cannot be removed would be the oldest again. */
static void remove_oldest(const struct wr_sheetdir *d)
{
	struct oldest o;

	do {
		o = (struct oldest){0};
		each(d, look, &o);
		if (o.files > d->conf.keep && remove_one(d, o.name))
			return;
	} while (o.files > d->conf.keep + 1);
}

/* ---- files ---- */

static uint64_t rows_open(const struct wr_sheetdir *d)
{
	return d->n.given - d->n.whole - d->n.lost;
}

/* Its rows are lost; the next try is later, and finds nothing in its way. */
static int failed(struct wr_sheetdir *d, int ret, uint64_t now_ns, struct wr_err *err)
{
	wr_sheetfile_close(&d->file, false, NULL);
	unlink(d->open);
	d->n.lost += rows_open(d);
	d->wait_ns = d->wait_ns ? 2 * d->wait_ns : SECOND_NS;
	if (d->wait_ns > WAIT_MOST_NS)
		d->wait_ns = WAIT_MOST_NS;
	d->again_ns = now_ns + d->wait_ns;
	snprintf(d->trouble, sizeof(d->trouble), "%s", err->text);
	return ret;
}

static int begin(struct wr_sheetdir *d, uint64_t now_ns, struct wr_err *err)
{
	struct wr_sheetfile_conf conf = {
		.to = d->open,
		.format = d->conf.format,
		.sheet = d->conf.sheet,
		.hide = d->conf.hide,
		.rows = GROUP_ROWS,
	};

	stamp(d);
	d->begun_ns = now_ns;
	return wr_sheetfile_open(&d->file, &conf, err);
}

/* Nothing that is there is replaced. */
static int put_in_place(const struct wr_sheetdir *d, struct wr_err *err)
{
	char path[PATH_MAX] = "";
	int ret = -EEXIST;

	for (int i = 0; i < NUMBERS && ret == -EEXIST; i++) {
		ret = name_of(d, path, i);
		if (!ret && !access(path, F_OK))
			ret = -EEXIST;
	}
	if (!ret && rename(d->open, path))
		ret = -errno;
	return ret ? wr_fail(err, -ret, "%s: %s", path, strerror(-ret)) : 0;
}

static int complete(struct wr_sheetdir *d, struct wr_err *err)
{
	int ret = wr_sheetfile_close(&d->file, true, err);

	if (!ret)
		ret = put_in_place(d, err);
	if (ret)
		return ret;
	d->n.whole += rows_open(d);
	d->wait_ns = 0;
	d->trouble[0] = 0;
	remove_oldest(d);
	return 0;
}

int wr_sheetdir_open(struct wr_sheetdir **out, const struct wr_sheetdir_conf *conf,
		     struct wr_err *err)
{
	struct wr_sheetdir *d = calloc(1, sizeof(*d));

	if (!d)
		return wr_fail(err, ENOMEM, "%s: no memory", conf->dir);
	d->conf = *conf;
	if (snprintf(d->open, sizeof(d->open), "%s/" OPEN, conf->dir) >= (int)sizeof(d->open)) {
		free(d);
		return wr_fail(err, ENAMETOOLONG, "%s: too long", conf->dir);
	}
	each(d, remove_left, NULL);
	*out = d;
	return 0;
}

int wr_sheetdir_add(struct wr_sheetdir *d, const void *row, uint64_t now_ns, struct wr_err *err)
{
	struct wr_err why = {0};
	int ret = 0;

	d->n.given++;
	if (!d->file && now_ns < d->again_ns) {
		d->n.lost++;
		return -EAGAIN;
	}
	if (!d->file)
		ret = begin(d, now_ns, &why);
	if (!ret)
		ret = wr_sheetfile_add(d->file, row, &why);
	if (!ret && wr_sheetfile_bytes(d->file) >= d->conf.max_bytes)
		ret = complete(d, &why);
	if (ret) {
		ret = failed(d, ret, now_ns, &why);
		*err = why;
	}
	return ret;
}

int wr_sheetdir_step(struct wr_sheetdir *d, uint64_t now_ns, struct wr_err *err)
{
	struct wr_err why = {0};
	int ret;

	if (!d->file || now_ns - d->begun_ns < d->conf.max_age_ns)
		return 0;
	ret = complete(d, &why);
	if (!ret)
		return 0;
	ret = failed(d, ret, now_ns, &why);
	*err = why;
	return ret;
}

struct wr_sheetdir_count wr_sheetdir_count(const struct wr_sheetdir *d)
{
	return d->n;
}

const char *wr_sheetdir_trouble(const struct wr_sheetdir *d)
{
	return d->trouble;
}

int wr_sheetdir_end(struct wr_sheetdir *d, struct wr_err *err)
{
	struct wr_err why = {0};
	int ret = d->file ? complete(d, &why) : 0;

	if (ret) {
		ret = failed(d, ret, 0, &why);
		*err = why;
	}
	return ret;
}

void wr_sheetdir_close(struct wr_sheetdir **dir)
{
	struct wr_sheetdir *d = *dir;

	if (!d)
		return;
	wr_sheetfile_close(&d->file, false, NULL);
	free(d);
	*dir = NULL;
}
