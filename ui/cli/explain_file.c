/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/cli/explain_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/parse.h"
#include "ui/cli/find.h"
#include "ui/cli/stop.h"

enum { BATCH = 8192, LOOKS = 8, FOR_S = 600 };

struct wr_explain_file {
	const char *capture;
	struct wr_parse parse;
	struct wr_incidents *incidents;
	struct wr_find *find;
	uint64_t last_ns;
	struct {
		uint64_t incident;
		unsigned int looks;
		struct wr_cure cure;
	} cure[WR_INCIDENTS]; /* by the incident's number */
	struct wr_incident *row[WR_INCIDENTS];
	uint32_t n;
};

/* Samples of its packets are at hand only while it goes on. */
static void look(struct wr_explain_file *f, struct wr_detect *d, const struct wr_incident *i)
{
	size_t at = i->id % WR_INCIDENTS;
	char name[WR_ANSWER_NAME];
	struct wr_cure_want want = {.name = name, .for_s = FOR_S};
	struct wr_cure c;

	if (f->cure[at].incident != i->id) {
		memset(&f->cure[at], 0, sizeof(f->cure[at]));
		f->cure[at].incident = i->id;
	}
	if (f->cure[at].looks++ >= LOOKS)
		return;
	snprintf(name, sizeof(name), "f%llu", (unsigned long long)i->id);
	wr_detect_cure(d, &i->strongest, &want, &c);
	if (c.verb != WR_CURE_NONE)
		f->cure[at].cure = c;
}

static void finding(void *ctx, struct wr_detect *d, enum wr_finding_news news,
		    const struct wr_finding *found)
{
	struct wr_explain_file *f = ctx;
	enum wr_incident_news what;
	struct wr_incident *i = wr_incidents_add(f->incidents, news, found, &what);

	if (i && news != WR_FINDING_OVER && i->strongest.id == found->id)
		look(f, d, i);
}

static void packet(void *ctx, const struct wr_packet *pkt)
{
	struct wr_explain_file *f = ctx;

	wr_parse(&f->parse, pkt->data, pkt->caplen, pkt->len, pkt->linktype);
	f->parse.rec.gso_segs = pkt->gso_segs;
	wr_find_packet(f->find, pkt, &f->parse.rec);
	if (pkt->ts_ns > f->last_ns)
		f->last_ns = pkt->ts_ns;
}

static int by_start(const void *a, const void *b)
{
	const struct wr_incident *x = *(struct wr_incident *const *)a;
	const struct wr_incident *y = *(struct wr_incident *const *)b;

	if (x->start_ns != y->start_ns)
		return x->start_ns < y->start_ns ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

static int read_all(struct wr_explain_file *f, struct wr_err *err)
{
	struct wr_source *s = NULL;
	int n = wr_file_open(&s, f->capture, NULL, err);

	while (n >= 0 && !wr_stopped)
		n = s->ops->read(s, packet, f, BATCH, err);
	wr_source_close(&s);
	if (wr_stopped)
		return wr_fail(err, EINTR, "%s: interrupted", f->capture);
	if (n < 0 && n != -ENODATA)
		return n;
	wr_find_finish(f->find);
	f->n = wr_incidents_list(f->incidents, f->row, WR_INCIDENTS);
	qsort(f->row, f->n, sizeof(f->row[0]), by_start);
	return 0;
}

int wr_explain_file_open(struct wr_explain_file **out, const char *capture, struct wr_err *err)
{
	struct wr_explain_file *f = calloc(1, sizeof(*f));
	int ret;

	if (!f)
		return wr_fail(err, ENOMEM, "out of memory");
	f->capture = capture;
	f->parse.max_depth = 1;
	ret = wr_incidents_open(&f->incidents, err);
	if (!ret)
		ret = wr_find_open(&f->find, NULL, err);
	if (!ret) {
		wr_find_tell(f->find, finding, f);
		ret = read_all(f, err);
	}
	if (ret) {
		wr_explain_file_close(&f);
		return ret;
	}
	*out = f;
	return 0;
}

void wr_explain_file_close(struct wr_explain_file **file)
{
	struct wr_explain_file *f = *file;

	if (!f)
		return;
	wr_find_close(&f->find);
	wr_incidents_close(&f->incidents);
	free(f);
	*file = NULL;
}

uint32_t wr_explain_file_n(const struct wr_explain_file *f)
{
	return f->n;
}

/* By the number that is shown; "f", for "i" are those of a running weir. */
static void name_rule(struct wr_cure *c, uint32_t number)
{
	struct wr_buf b = {0};

	if (c->verb != WR_CURE_NONE) {
		wr_buf_fmt(&b, "f%u%s", number, c->rule + strcspn(c->rule, ":"));
		snprintf(c->rule, sizeof(c->rule), "%s", wr_buf_text(&b));
	}
	wr_buf_free(&b);
}

void wr_explain_file_get(const struct wr_explain_file *f, uint32_t at, struct wr_explain *e)
{
	uint64_t id = f->row[at]->id;

	memset(e, 0, sizeof(*e));
	e->i = *f->row[at];
	e->i.id = at + 1;
	e->now_ns = f->last_ns;
	e->capture = f->capture;
	if (f->cure[id % WR_INCIDENTS].incident == id)
		e->cure = f->cure[id % WR_INCIDENTS].cure;
	name_rule(&e->cure, at + 1);
	for (uint32_t k = 0; k < at; k++) {
		struct wr_explain_past p = {.id = k + 1,
					    .start_ns = f->row[k]->start_ns,
					    .end_ns = f->row[k]->end_ns,
					    .klass = f->row[k]->strongest.klass};
		struct wr_buf t = {0};

		wr_victim_text(&t, &f->row[k]->strongest.victim);
		snprintf(p.target, sizeof(p.target), "%s", wr_buf_text(&t));
		wr_buf_free(&t);
		wr_explain_past_add(e, &p);
	}
}
