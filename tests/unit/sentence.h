/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_TESTS_SENTENCE_H
#define WR_TESTS_SENTENCE_H

/*
 * The sentence that people are told of a finding, held against the line of its class in
 * tests/golden/sentences.txt: a word that is changed by chance is seen, and one that is changed on
 * purpose is read there. Renewed with WEIR_RENEW=1 in the environment of the tests that have it
 * (`make` renews nothing): tests/golden/sentences.txt says how.
 */
#include "detect/incident.h"
#include "tests/tap.h"
#include "view/incident.h"

#define SENTENCES "/tests/golden/sentences.txt"

/* What is said of an incident of that finding alone; of what makes none, of the finding. */
static inline void sentence_of(struct wr_buf *b, const struct wr_finding *f)
{
	struct wr_incidents *all = NULL;
	enum wr_incident_news what;
	struct wr_err err = {0};
	struct wr_incident *i;

	if (wr_incidents_open(&all, &err)) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	i = wr_incidents_add(all, WR_FINDING_RAISED, f, &what);
	if (i)
		wr_view_incident_sentence(b, i);
	else
		wr_finding_reason(b, f);
	wr_incidents_close(&all);
}

static inline bool sentence_is(const char *line, const char *class)
{
	size_t n = strlen(class);

	return !strncmp(line, class, n) && line[n] == '\t';
}

/* The file with that line in place of the one it had, or behind the last one. */
static inline void sentence_renew(const char *path, const char *class, const char *text)
{
	struct wr_buf b = {0};
	char line[4096];
	FILE *file = fopen(path, "r");
	bool there = false;

	while (file && fgets(line, sizeof(line), file)) {
		if (sentence_is(line, class)) {
			there = true;
			wr_buf_fmt(&b, "%s\t%s\n", class, text);
		} else {
			wr_buf_str(&b, line);
		}
	}
	if (file)
		fclose(file);
	if (!there)
		wr_buf_fmt(&b, "%s\t%s\n", class, text);
	file = fopen(path, "w");
	if (file) {
		fwrite(b.at, 1, b.used, file);
		fclose(file);
	}
	wr_buf_free(&b);
}

/* `called`: the class, and what kind of it where there are several. */
static inline void sentence_holds(const struct wr_finding *f, const char *called)
{
	const char *src = getenv("WEIR_SRC");
	char path[1024], line[4096] = "", *want = NULL;
	struct wr_buf b = {0};
	FILE *file;

	if (!src) {
		skip("the sentence of %s: WEIR_SRC says where the source is", called);
		return;
	}
	snprintf(path, sizeof(path), "%s" SENTENCES, src);
	sentence_of(&b, f);
	if (getenv("WEIR_RENEW"))
		sentence_renew(path, called, wr_buf_text(&b));
	file = fopen(path, "r");
	while (file && !want && fgets(line, sizeof(line), file))
		if (sentence_is(line, called))
			want = line + strlen(called) + 1;
	if (file)
		fclose(file);
	if (want)
		want[strcspn(want, "\n")] = 0;
	if (!ok(want && !strcmp(want, wr_buf_text(&b)), "the sentence of %s", called)) {
		note("said:   %s", wr_buf_text(&b));
		note("golden: %s", want ? want : "none");
	}
	wr_buf_free(&b);
}

#endif
