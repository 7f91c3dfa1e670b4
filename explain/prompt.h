/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_EXPLAIN_PROMPT_H
#define WR_EXPLAIN_PROMPT_H

#include "explain/explain.h"

/*
 * An incident for a language model, and what it says back. Into the request go names from tables of
 * ours, numbers and units, and pseudonyms for addresses: nothing that a packet, a rule or a host
 * says in words. What comes back is text to be shown, and nothing else. Pure.
 */

/* X(symbol, name) */
#define WR_EXPLAIN_KIND_TABLE(X) \
	X(OPENAI, "openai")      \
	X(ANTHROPIC, "anthropic")

enum wr_explain_kind {
#define X(sym, name) WR_EXPLAIN_##sym,
	WR_EXPLAIN_KIND_TABLE(X)
#undef X
		WR_EXPLAIN_KINDS
};
extern const char *const wr_explain_kinds[]; /* names, ended by NULL */

struct wr_explain_ask {
	enum wr_explain_kind kind;
	const char *model;
	uint64_t tokens;      /* of the answer at most */
	bool completion_word; /* openai: the bound is called max_completion_tokens */
};

/* The body of the HTTP request: JSON, without a newline; the same bytes for the same facts. */
void wr_explain_prompt(struct wr_buf *b, const struct wr_explain *e,
		       const struct wr_explain_ask *ask);

/* Where it is sent: the base address from the configuration and what the kind adds. */
void wr_explain_url(struct wr_buf *b, enum wr_explain_kind kind, const char *base);

struct wr_explain_answer {
	struct wr_buf text; /* as it came; owned by the caller */
	uint64_t tokens_in, tokens_out;
	bool cut; /* it ends where the bound was reached */
};

/* What a body of status 200 says. -EINVAL: it is none; -ENODATA: it says nothing, or refuses. */
int wr_explain_answer(struct wr_explain_answer *a, enum wr_explain_kind kind, const char *body,
		      size_t n, struct wr_err *err);

enum { WR_EXPLAIN_PROSE = 4096 /* bytes that are shown at most */ };

/* explain/clean.c: text made fit for a terminal: no controls but line breaks, no escape sequences,
 * nothing that turns text around, at most WR_EXPLAIN_PROSE bytes; pseudonyms become addresses
 * again. */
void wr_explain_clean(struct wr_buf *b, const char *text, size_t n, const struct wr_explain *e);

#endif
