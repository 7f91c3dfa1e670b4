/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_EXPLAIN_EXPLAIN_H
#define WR_EXPLAIN_EXPLAIN_H

#include <stdbool.h>

#include "base/err.h"
#include "detect/answer.h"
#include "detect/incident.h"

/*
 * An incident told in words: from the numbers that detection has, the same each time, without a
 * network. The daemon fills the facts in; whoever asks gets them as text, as JSON (docs/events.md),
 * or back as facts. Pure: no clock, no file.
 */

enum { WR_EXPLAIN_PAST = 5, WR_EXPLAIN_TARGET = 128, WR_EXPLAIN_NEXT = 6 };

/* One that was there before. */
struct wr_explain_past {
	uint64_t id;
	uint64_t start_ns, end_ns; /* end 0: it goes on */
	uint8_t klass;
	char target[WR_EXPLAIN_TARGET];
};

struct wr_explain {
	struct wr_incident i;
	uint64_t now_ns;	   /* CLOCK_REALTIME; of a capture: its last packet */
	const char *capture;	   /* its name, borrowed; NULL: a running weir saw it */
	struct wr_cure cure;	   /* verb NONE: there is no rule for it */
	enum wr_answer_mode mode;  /* what weir does by itself */
	uint32_t n_past, past_all; /* kept, newest first; how many there were */
	struct wr_explain_past past[WR_EXPLAIN_PAST];
};

/* What to type next. */
struct wr_explain_next {
	char command[700];
	const char *why;
};

/* Remembers p when it is like the incident (same class, or same target) and another one; call it
 * in the order of time. */
void wr_explain_past_add(struct wr_explain *e, const struct wr_explain_past *p);

/* 80 columns, times in UTC; ends with a newline. Commands are on lines of their own, uncut. */
void wr_explain_text(struct wr_buf *b, const struct wr_explain *e);
/* One sentence: what, where, since when, how much against what is usual. */
void wr_explain_sentence(struct wr_buf *b, const struct wr_explain *e);
/* Words of text on lines of 80 columns behind so many blanks; a line break in text stays one. */
void wr_explain_wrap(struct wr_buf *b, unsigned int indent, const char *text, size_t n);

/* explain/next.c: at most WR_EXPLAIN_NEXT. Returns how many. */
uint32_t wr_explain_next(const struct wr_explain *e, struct wr_explain_next *out);
/* How it is taken back: at a gateway, as a rule; one or two. */
uint32_t wr_explain_undo(const struct wr_explain *e, struct wr_explain_next *out);
/* What is done at a gateway stands there, and is no shadow. */
bool wr_explain_lifts(const struct wr_explain *e);

/* explain/class.c: what such a thing is, in a sentence; what its sources are worth, or "". */
const char *wr_explain_meaning(enum wr_finding_class c);
const char *wr_explain_origin(enum wr_finding_class c);
/* The value of evidence that says most, against its norm; NULL: there is none. */
const struct wr_evidence *wr_explain_telling(const struct wr_finding *f);

/* explain/json.c: one object `explanation` and a newline. */
void wr_explain_json(struct wr_buf *b, const struct wr_explain *e);
/* explain/read.c: the other way; *e is filled (capture NULL). -EINVAL: it is none. */
int wr_explain_read(struct wr_explain *e, const char *json, size_t n, struct wr_err *err);

#endif
