/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_ADVICE_H
#define WR_DAEMON_ADVICE_H

#include "daemon/conf.h"
#include "daemon/front.h"
#include "detect/finding.h"
#include "detect/window.h"

/*
 * A model that the user runs elsewhere is asked for its opinion ([advice], docs/scores.md). The
 *core puts windows into a queue in shared memory and goes on; a process without rights (a front:
 * daemon/front.h) asks the model, and tells the core of scores that are over advice.over by
 * datagrams of fixed size, of which the core believes nothing before it has looked. So a server
 *that is slow, gone or wrong holds nobody up; what finds no room is lost and counted.
 *
 *	core ── queue ──> advice ── HTTP ──> model
 *	     <── scores ──┘
 */
struct wr_advice; /* the core's side; owned by the caller */

/* A row whose score is over advice.over. */
struct wr_advice_told {
	uint64_t start_ns; /* of the window */
	uint64_t length_ns;
	struct wr_talk_key key;
	double score;
	uint32_t n_by;
	uint8_t kind; /* enum wr_window_kind */
	uint8_t pad[3];
	/* The columns that are least as usual, first the least so. */
	struct wr_advice_by {
		double value, usual;
		uint8_t column; /* daemon/advice_conf.h */
		uint8_t has_usual;
		uint8_t pad[6];
	} by[WR_FINDING_BY];
};

struct wr_advice_count {
	uint64_t rows, scored, over;
	uint64_t unscored; /* rows that were too old, or that the model failed on */
	uint64_t lost;	   /* rows, and scores, that found no room */
	uint64_t calls, failed;
	uint64_t paused; /* 1: after too many failures nobody is asked */
};

typedef void (*wr_advice_fn)(void *ctx, const struct wr_advice_told *t);

/* Takes all its memory. *out is NULL when no model is asked. To be called before the process is
 * forked. -errno. */
int wr_advice_open(struct wr_advice **out, const struct wr_daemon_conf *conf, struct wr_err *err);
void wr_advice_close(struct wr_advice **a); /* after its process has ended; NULL is fine */
const struct wr_front *wr_advice_front(const struct wr_advice *a);
void wr_advice_forked(struct wr_advice *a);

/* In the core. A row of a window, if it is of a kind that is asked about; NULL is fine. */
void wr_advice_row(struct wr_advice *a, const struct wr_window *w);
void wr_advice_window(struct wr_advice *a); /* all rows of one have been told */

int wr_advice_fd(const struct wr_advice *a); /* scores can be read from this descriptor */
/* Takes a bounded number of those that wait; what cannot be is passed over. -EPIPE: none come any
 * more. */
int wr_advice_read(struct wr_advice *a, wr_advice_fn tell, void *ctx);

struct wr_advice_count wr_advice_counts(const struct wr_advice *a);
/* Texts of the process, printable; borrowed until the next call. "": nothing. */
const char *wr_advice_trouble(struct wr_advice *a);
const char *wr_advice_version(struct wr_advice *a);

#endif
