/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_EXPORT_INFER_H
#define WR_EXPORT_INFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * What is asked of a server of models, and what it answers: the REST form of the Open Inference
 * Protocol, version 2 (KServe, Triton, MLServer and others), and plain rows of JSON for a program
 * of one's own. Pure: text in, text out. Nothing of an answer is believed before it is checked.
 */

/* X(symbol, name in the configuration) */
#define WR_INFER_TABLE(X) \
	X(OIP, "oip")     \
	X(ROWS, "rows")

enum wr_infer_form {
#define X(sym, name) WR_INFER_##sym,
	WR_INFER_TABLE(X)
#undef X
};
extern const char *const wr_infer_forms[]; /* ended by NULL */

enum { WR_INFER_INPUTS = 64, WR_INFER_NAME = 64, WR_INFER_BATCH = 512 };

/* Borrowed while the model is asked. */
struct wr_infer_conf {
	enum wr_infer_form form;
	const char *url;	    /* oip: in front of /v2; rows: all of it */
	const char *model;	    /* oip: its name */
	const char *version;	    /* oip: that one; "": the one that the server takes */
	const char *output;	    /* oip: the tensor with the scores; "": the only one */
	const char *const *columns; /* names of inputs, in their order */
	uint32_t n_columns;	    /* 1 to WR_INFER_INPUTS */
};

/* How the model wants its input: from its metadata. Zeroed: not known. */
struct wr_infer_plan {
	bool known;
	bool one;		     /* one tensor [rows, columns]; else one a column */
	bool flat;		     /* one a column: [rows], else [rows, 1] */
	char input[WR_INFER_NAME];   /* the one */
	char output[WR_INFER_NAME];  /* "": not asked for by name */
	bool wide[WR_INFER_INPUTS];  /* FP64, else FP32; of `one` the first */
	char version[WR_INFER_NAME]; /* the server's newest; "": it does not say; printable */
};

/* Where metadata are (oip; GET), where scores are asked for (POST). Added to b. */
void wr_infer_meta_url(struct wr_buf *b, const struct wr_infer_conf *c);
void wr_infer_url(struct wr_buf *b, const struct wr_infer_conf *c);

/* Holds metadata against the configuration. -EBADMSG: that is no JSON of metadata; -EPROTO: the
 * model is another one than was configured; err says each input that differs. */
int wr_infer_meta(struct wr_infer_plan *plan, const struct wr_infer_conf *c, const char *text,
		  size_t n, struct wr_err *err);

/* The request. values: n rows of c->n_columns; NAN: the row does not have that column (oip: 0,
 * rows: null). Added to b. */
void wr_infer_body(struct wr_buf *b, const struct wr_infer_plan *plan,
		   const struct wr_infer_conf *c, const double *values, uint32_t n, uint64_t id);

/* The n scores of an answer. -EBADMSG: no JSON; -EDOM: a score that is no finite number; -EPROTO:
 * not n of them, or of another model. */
int wr_infer_scores(double *scores, uint32_t n, const struct wr_infer_plan *plan,
		    const struct wr_infer_conf *c, const char *text, size_t bytes,
		    struct wr_err *err);

/* What an error's answer says of itself ({"error":"text"}), printable; "": nothing. */
void wr_infer_said(char *to, size_t room, const char *text, size_t n);

#endif
