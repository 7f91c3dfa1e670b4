/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_BASE_ERR_H
#define WR_BASE_ERR_H

/*
 * An error with its story: made where it happens, framed on the way up,
 * shown once by main(). The caller owns the struct; NULL is allowed when the
 * caller does not want the text.
 */
struct wr_err {
	int code;	/* positive errno value, 0 = no error */
	char text[768]; /* what, which object, what to do */
};

/* Sets code and text, of which controls are made '?'. Returns -code, so that callers can `return
 * wr_fail(...)`. */
int wr_fail(struct wr_err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4), cold));

/* Puts "<context>: " in front of the text. Returns -code. */
int wr_within(struct wr_err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3), cold));

/* What a stranger has said may be in a text that goes to a terminal: makes controls '?'. */
void wr_plain(char *text);

#endif
