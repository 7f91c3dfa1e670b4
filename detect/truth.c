/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/truth.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COLUMNS = 32 };

/* Sessions of people on a machine that is attacked later: labelled so that nobody counts them. */
static const char not_scored[] = "login_remote";

static const char *const endings[] = {".pcap",	 ".pcap.gz",   ".pcap.zst",
				      ".pcapng", ".pcapng.gz", ".pcapng.zst"};

/* Bytes of the path before its ending; 0: it has none. */
static size_t stem(const char *path)
{
	size_t n = strlen(path);

	for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++) {
		size_t e = strlen(endings[i]);

		if (n > e && !strcmp(path + n - e, endings[i]))
			return n - e;
	}
	return 0;
}

bool wr_truth_is_capture(const char *path)
{
	return stem(path) > 0;
}

/* ---- tables ---- */

struct table {
	FILE *f;
	const char *path;
	char *line, *head; /* owned */
	size_t room;
	unsigned int number;
	char *name[COLUMNS], *cell[COLUMNS];
	int n;
};

static int split(char *line, char **cells)
{
	int n = 0;

	line[strcspn(line, "\r\n")] = 0;
	while (line && n < COLUMNS)
		cells[n++] = strsep(&line, "\t");
	return n;
}

/* 1: a row is there; 0: the end. */
static int next_row(struct table *t)
{
	while (getline(&t->line, &t->room, t->f) > 0) {
		t->number++;
		if (*t->line == '#' || *t->line == '\n')
			continue;
		memset(t->cell, 0, sizeof(t->cell));
		split(t->line, t->cell);
		return 1;
	}
	return 0;
}

static int table_open(struct table *t, const char *path, struct wr_err *err)
{
	memset(t, 0, sizeof(*t));
	t->path = path;
	t->f = fopen(path, "re");
	if (!t->f)
		return wr_fail(err, errno, "cannot read %s: %s", path, strerror(errno));
	if (!next_row(t))
		return wr_fail(err, EINVAL, "%s: no line with the names of its columns", path);
	t->head = t->line;
	t->line = NULL;
	t->room = 0;
	t->n = 0;
	while (t->n < COLUMNS && t->cell[t->n]) {
		t->name[t->n] = t->cell[t->n];
		t->n++;
	}
	return 0;
}

static void table_close(struct table *t)
{
	if (t->f)
		fclose(t->f);
	free(t->line);
	free(t->head);
}

static const char *cell(const struct table *t, const char *name)
{
	for (int i = 0; i < t->n; i++)
		if (!strcmp(t->name[i], name))
			return t->cell[i];
	return NULL;
}

static int number_of(const struct table *t, const char *name, double most, double *v,
		     struct wr_err *err)
{
	const char *text = cell(t, name);
	char *end;

	if (!text)
		return wr_fail(err, EINVAL, "%s, line %u: no column '%s'", t->path, t->number,
			       name);
	*v = strtod(text, &end);
	if (end == text || *end || !(*v >= 0 && *v <= most))
		return wr_fail(err, EINVAL, "%s, line %u: %s '%s' is no number from 0 to %.0f",
			       t->path, t->number, name, text, most);
	return 0;
}

/* ---- events ---- */

static int event_of(const struct table *t, struct wr_truth_event *e, struct wr_err *err)
{
	const char *klass = cell(t, "class");
	const char *victim = cell(t, "victim") ? cell(t, "victim") : cell(t, "victims");
	double number = 0, packets = 0;

	memset(e, 0, sizeof(*e));
	if (!klass || !victim)
		return wr_fail(err, EINVAL, "%s, line %u: no class or no victim", t->path,
			       t->number);
	if (number_of(t, "event", WR_TRUTH_EVENTS, &number, err) ||
	    number_of(t, "start_s", 1e9, &e->start_s, err) ||
	    number_of(t, "end_s", 1e9, &e->end_s, err) ||
	    number_of(t, "packets", 1e15, &packets, err))
		return -EINVAL;
	e->number = (uint8_t)number;
	e->packets = (uint64_t)packets;
	snprintf(e->klass, sizeof(e->klass), "%s", klass);
	snprintf(e->victim, sizeof(e->victim), "%s", victim);
	return 0;
}

static int by_start(const void *a, const void *b)
{
	const struct wr_truth_event *x = a, *y = b;

	return x->start_s < y->start_s ? -1 : x->start_s > y->start_s;
}

/* capture: only its lines; NULL: all. */
static int read_events(struct wr_truth *out, const char *path, const char *capture,
		       struct wr_err *err)
{
	struct wr_truth_event e;
	struct table t;
	int ret = table_open(&t, path, err);

	while (!ret && next_row(&t)) {
		const char *of = cell(&t, "capture");

		if (capture && (!of || strcmp(of, capture)))
			continue;
		ret = event_of(&t, &e, err);
		if (ret || !e.number || !strcmp(e.klass, not_scored))
			continue;
		if (wr_truth_event(out, e.number))
			ret = wr_fail(err, EINVAL, "%s, line %u: event %u is there twice", path,
				      t.number, e.number);
		else
			out->event[out->n++] = e;
	}
	table_close(&t);
	qsort(out->event, out->n, sizeof(*out->event), by_start);
	return ret;
}

int wr_truth_read(struct wr_truth *out, const char *capture, struct wr_err *err)
{
	const char *slash = strrchr(capture, '/');
	size_t n = stem(capture), dir = slash ? (size_t)(slash - capture) + 1 : 0;
	char own[WR_TRUTH_PATH + 32], all[WR_TRUTH_PATH + 32];

	memset(out, 0, sizeof(*out));
	if (!n || n <= dir || n >= WR_TRUTH_PATH - 16)
		return wr_fail(err, EINVAL, "%s: the name of a capture ends in .pcap or .pcapng",
			       capture);
	snprintf(out->name, sizeof(out->name), "%.*s", (int)(n - dir), capture + dir);
	snprintf(out->labels, sizeof(out->labels), "%.*s.lab.gz", (int)n, capture);
	snprintf(own, sizeof(own), "%.*s.events.tsv", (int)n, capture);
	snprintf(all, sizeof(all), "%.*sevents.tsv", (int)dir, capture);
	if (access(out->labels, R_OK))
		return wr_fail(err, ENOENT, "%s: no labels: %s: %s", capture, out->labels,
			       strerror(errno));
	out->warms_up = !access(own, R_OK);
	if (!out->warms_up && access(all, R_OK))
		return wr_fail(err, ENOENT, "%s: neither %s nor %s tells its events", capture, own,
			       all);
	return out->warms_up ? read_events(out, own, NULL, err)
			     : read_events(out, all, out->name, err);
}

const struct wr_truth_event *wr_truth_event(const struct wr_truth *t, uint8_t label)
{
	for (uint32_t i = 0; i < t->n && label; i++)
		if (t->event[i].number == label)
			return &t->event[i];
	return NULL;
}
