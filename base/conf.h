/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_BASE_CONF_H
#define WR_BASE_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * Configuration from a table: it checks a file, it says what is in effect and where that comes
 * from, and it makes the commented default file. The file:
 *
 *	# a comment, also behind a value
 *	[section]
 *	name = value
 *	list = one two "three with spaces"
 *
 * A dotted name (section.name = value) is understood everywhere. An item stands once in a file.
 */

enum wr_conf_type {
	WR_CONF_BOOL,	  /* bool: yes or no, on or off, true or false */
	WR_CONF_NUMBER,	  /* uint64_t, from min to max */
	WR_CONF_DURATION, /* uint64_t, nanoseconds, from min to max */
	WR_CONF_SIZE,	  /* uint64_t, bytes, from min to max */
	WR_CONF_STRING,	  /* const char *, "" when empty; from min to max bytes (max 0: 1024) */
	WR_CONF_LIST,	  /* struct wr_conf_list; from min to max words (max 0: 256) */
	WR_CONF_ENUM,	  /* int, which of the choices */
	WR_CONF_TYPES,
};

struct wr_conf_list {
	const char *const *at;
	size_t n;
};

struct wr_conf_item {
	const char *name; /* "section.name"; items of a section stand together. NULL ends a table */
	enum wr_conf_type type;
	const char *standard; /* its value when nobody sets it, as it stands in a file */
	const char *unit;     /* what a NUMBER counts, what a STRING or LIST holds; shown only */
	const char *help;     /* sentences for the commented file */
	size_t offset;	      /* in the caller's struct, see wr_conf_fill() */
	uint64_t min, max;
	const char *const *choices; /* ENUM: ended by NULL */
	bool live;		    /* may change while the program runs, else it needs a restart */
	/* More than type and range can say; called for a STRING that is not empty and for each word
	 * of a LIST. Fills err with what was expected. NULL: nothing more. */
	int (*check)(const char *value, struct wr_err *err);
};

struct wr_conf; /* values for one table, and where each comes from */

/* All values as the table has them. The table stays borrowed. -ENOMEM; -EINVAL: the table itself is
 * wrong (its defaults are checked too). *out is untouched on failure. */
int wr_conf_open(struct wr_conf **out, const struct wr_conf_item *table, struct wr_err *err);
void wr_conf_close(struct wr_conf **c); /* NULL is fine; sets NULL */

/*
 * Reads a file over the values. All of it is read, also behind an error; each error is one line
 * "FILE:LINE: ITEM: what is wrong and what was expected" to tell (NULL: nobody), the first also to
 * err. Returns 0, -EINVAL when there was any, or -errno when the file cannot be read. After an
 * error the values are not to be used.
 */
typedef void (*wr_conf_tell_fn)(void *ctx, const char *line);
int wr_conf_read(struct wr_conf *c, const char *path, wr_conf_tell_fn tell, void *ctx,
		 struct wr_err *err);

/* One value, as it would stand in a file; origin says who wants it ("--hook"). -EINVAL. */
int wr_conf_set(struct wr_conf *c, const char *name, const char *value, const char *origin,
		struct wr_err *err);

/* Writes all values into the caller's struct by the offsets of the table. Strings and lists stay
 * borrowed from c. */
void wr_conf_fill(const struct wr_conf *c, void *into);

/* By number: 0 .. wr_conf_items()-1, in the table's order. */
size_t wr_conf_items(const struct wr_conf *c);
const struct wr_conf_item *wr_conf_item(const struct wr_conf *c, size_t i);
const char *wr_conf_value(const struct wr_conf *c, size_t i);  /* as it would stand in a file */
const char *wr_conf_origin(const struct wr_conf *c, size_t i); /* "default", "weir.conf:12", … */
/* Do a and b, of the same table, differ in item i? */
bool wr_conf_differs(const struct wr_conf *a, const struct wr_conf *b, size_t i);

/* base/conf_text.c */
void wr_conf_dump(struct wr_buf *b, const struct wr_conf_item *table); /* the commented file */
void wr_conf_show(struct wr_buf *b, const struct wr_conf *c); /* values with their origin */
/* {"event_type":"config","item","value","origin"}, one object a line */
void wr_conf_json(struct wr_buf *b, const struct wr_conf *c);
/* What an item takes, for help and errors: "a duration from 1s to 1d". */
void wr_conf_expects(struct wr_buf *b, const struct wr_conf_item *item);

#endif
