/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_POLICY_POLICY_IMPL_H
#define WR_POLICY_POLICY_IMPL_H

#include "base/buf.h"
#include "policy/policy.h"

/*
 * Private to policy/. A statement is read from left to right with one word of look-ahead; what
 * reads a part of it stands in a table beside what prints that part. All functions that read
 * return 0, or what went wrong after they have told it; the rest of that line is then skipped.
 */

enum wr_token_kind {
	WR_TOKEN_END,	 /* of the line, or a comment */
	WR_TOKEN_WORD,	 /* up to a blank, ',', '=' or '"' */
	WR_TOKEN_TEXT,	 /* in quotes */
	WR_TOKEN_COMMA,	 /* , */
	WR_TOKEN_EQUALS, /* = */
	WR_TOKEN_BROKEN, /* see what */
};

struct wr_token {
	enum wr_token_kind kind;
	const char *at; /* borrowed, not terminated: as it stands, with quotes */
	size_t n;
	const char *what; /* BROKEN: is wrong with it */
};

enum { WR_POLICY_CLAUSES = 32, WR_POLICY_WORD = 512 };

struct wr_policy_reader {
	struct wr_policy *p;
	const char *text, *text_end; /* all of it */
	const char *line, *end;	     /* the one that is being read */
	unsigned int line_no;
	struct wr_token token; /* comes next */

	struct wr_token label; /* in front of the statement; n 0: none */
	struct wr_token head;  /* the first word of the statement */
	struct wr_rule *rule;  /* being read */
	const struct wr_policy_clause *clause;
	const char *seen[WR_POLICY_CLAUSES]; /* where the rule has this clause */

	/* What was there before cannot be declared again. */
	size_t old_sets, old_classes, old_links, old_models;
	const struct wr_set *known; /* has these files' prefixes already; NULL: they are read */
	bool fragments, unreadable; /* were spoken of */

	const char *name; /* of the file; NULL: a statement of its own, only columns are told */
	wr_policy_tell_fn tell;
	void *ctx;
	struct wr_err *err;
	int code; /* -errno of the first thing that went wrong */
};

struct wr_policy_writer {
	struct wr_buf *b;
	const struct wr_policy *p;
	const struct wr_rule *rule;
	const struct wr_policy_clause *clause;
};

/* ---- token.c ---- */

void wr_policy_begin(struct wr_policy_reader *r, const char *line, const char *end);
void wr_policy_next(struct wr_policy_reader *r);
bool wr_policy_is(const struct wr_policy_reader *r, const char *word);	  /* the next token */
bool wr_policy_skip(struct wr_policy_reader *r, enum wr_token_kind kind); /* when it comes next */
/* The next token as terminated text, when it is a word that fits; NULL else. Not taken. */
const char *wr_policy_peek(const struct wr_policy_reader *r, char out[WR_POLICY_WORD]);
/* Takes text in quotes of 1 to max bytes, without quotes and escapes; *out is owned. */
int wr_policy_text(struct wr_policy_reader *r, size_t max, const char *expects, char **out);
void wr_policy_quote(struct wr_buf *b, const char *text); /* with them */

/* Takes a name that may be given: of what, for messages. */
int wr_policy_name(struct wr_policy_reader *r, char out[WR_POLICY_NAME], const char *what);
bool wr_policy_can_name(const struct wr_token *t);
/* Takes the name of an interface. */
int wr_policy_iface(struct wr_policy_reader *r, char out[16]);

/* ---- wrong.c: what is told ---- */

/* The next token is not what was expected; near: words it may be meant to be, or NULL. */
int wr_policy_expected(struct wr_policy_reader *r, const char *what, const char *const *near);
/* 'TOKEN': text. code: positive errno. Returns -code. */
int wr_policy_wrong(struct wr_policy_reader *r, int code, const struct wr_token *t, const char *fmt,
		    ...) __attribute__((format(printf, 4, 5)));
int wr_policy_no_memory(struct wr_policy_reader *r);
/* The same for prefixes: why it is none. */
int wr_policy_no_prefix(struct wr_policy_reader *r, const struct wr_token *t, const char *text,
			size_t n);

/* ---- tables ---- */

struct wr_policy_clause {
	const char *word;
	const char *expects;  /* what has to follow */
	const char *others;   /* clauses that mean the same thing another way, "from" for "not" */
	unsigned int actions; /* bits of enum wr_action; 0: any */
	bool matches;	      /* says what the rule is for */
	size_t offset;	      /* of a bool in struct wr_rule; the flags share their functions */
	int (*read)(struct wr_policy_reader *r);
	void (*print)(const struct wr_policy_writer *w);
};

extern const struct wr_policy_clause wr_policy_clauses[]; /* ended by a word of NULL */
extern const char *const wr_policy_actions[];		  /* words; ended by NULL */

/* What begins statements, and clauses: no names. */
bool wr_policy_is_keyword(const struct wr_token *t);
const struct wr_policy_clause *wr_policy_clause_of(const struct wr_token *t);

/* ---- statements: called behind their first word ---- */

int wr_policy_read_rule(struct wr_policy_reader *r);
int wr_policy_read_set(struct wr_policy_reader *r);
int wr_policy_read_class(struct wr_policy_reader *r); /* behind the '=' too, r->head is its name */
int wr_policy_read_link(struct wr_policy_reader *r);
int wr_policy_read_model(struct wr_policy_reader *r);
int wr_policy_read_fragments(struct wr_policy_reader *r);
int wr_policy_read_unreadable(struct wr_policy_reader *r);

void wr_policy_print_class(struct wr_buf *b, const struct wr_class *c);
void wr_policy_print_model(struct wr_buf *b, const struct wr_policy_model *m);
void wr_policy_print_link(struct wr_buf *b, const struct wr_link *l);

/* ---- clauses (tables in clause.c) ---- */

int wr_policy_read_limit(struct wr_policy_reader *r); /* behind `limit` */
void wr_policy_print_limit(const struct wr_policy_writer *w);
int wr_policy_read_rate(struct wr_policy_reader *r, struct wr_limit *l); /* 20mbit */
int wr_policy_read_over(struct wr_policy_reader *r);
void wr_policy_print_over(const struct wr_policy_writer *w);
int wr_policy_read_burst(struct wr_policy_reader *r);
void wr_policy_print_burst(const struct wr_policy_writer *w);
int wr_policy_read_per(struct wr_policy_reader *r);
void wr_policy_print_per(const struct wr_policy_writer *w);

int wr_policy_read_from(struct wr_policy_reader *r);
void wr_policy_print_from(const struct wr_policy_writer *w);
int wr_policy_read_not(struct wr_policy_reader *r);
void wr_policy_print_not(const struct wr_policy_writer *w);
int wr_policy_read_to(struct wr_policy_reader *r);
void wr_policy_print_target(struct wr_buf *b, const struct wr_target *t);
int wr_policy_proto(const char *name, bool *ports); /* its number, -1: it has no name here */
void wr_policy_print_to(const struct wr_policy_writer *w);
int wr_policy_read_on(struct wr_policy_reader *r);
void wr_policy_print_on(const struct wr_policy_writer *w);
int wr_policy_read_host(struct wr_policy_reader *r);
void wr_policy_print_host(const struct wr_policy_writer *w);
int wr_policy_read_where(struct wr_policy_reader *r);
void wr_policy_print_where(const struct wr_policy_writer *w);
int wr_policy_read_score(struct wr_policy_reader *r);
void wr_policy_print_score(const struct wr_policy_writer *w);

int wr_policy_read_at(struct wr_policy_reader *r);
void wr_policy_print_at(const struct wr_policy_writer *w);
int wr_policy_read_for(struct wr_policy_reader *r);
void wr_policy_print_for(const struct wr_policy_writer *w);
int wr_policy_read_until(struct wr_policy_reader *r);
void wr_policy_print_until(const struct wr_policy_writer *w);

/* ---- sets ---- */

/* A set that the next token names with @: its index. */
int wr_policy_read_ref(struct wr_policy_reader *r, int *index);

struct wr_policy_flaw {
	size_t set;
	char text[256];
};
/* Makes `all` of the sets from `from` on, or of none. -ELOOP, -E2BIG: flaw says where; -ENOMEM. */
int wr_policy_flatten(struct wr_policy *p, size_t from, struct wr_policy_flaw *flaw);
void wr_policy_free_set(struct wr_set *s);

/* ---- memory ---- */

/* An array of n items with room for one more: it grows when n is a power of two. NULL: no memory,
 * at stays as it is. */
void *wr_policy_grow(void *at, size_t n, size_t size);
void wr_policy_free_rule(struct wr_rule *r);
void wr_policy_free_model(struct wr_policy_model *m);
void wr_policy_name_rules(struct wr_policy *p); /* those without a name */

#endif
