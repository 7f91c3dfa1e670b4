/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_CLI_PLAY_H
#define WR_UI_CLI_PLAY_H

#include "base/err.h"
#include "detect/score.h"
#include "ui/cli/auto.h"

/* A labelled capture (detect/truth.h) is played to detection, as it is or made harder, and what was
 * found is scored. */

struct wr_play_conf {
	enum wr_answer_mode mode;
	double scale;	   /* it takes so many times as long; 1: as it was */
	unsigned int thin; /* percent of the packets of events that are played; 100: all */
	bool poison;	   /* one in ten packets of events comes in the warm-up, too */
	double restart_s;  /* detection begins anew; 0: it does not */
	bool resume;	   /* then with what it had learned, else with nothing known */
	const char *out;   /* a directory for what was found and decided of each packet; NULL */
};

/* 0 or -errno. What is chosen by chance is the same each time. */
int wr_play(struct wr_score *score, const char *capture, const struct wr_play_conf *conf,
	    struct wr_err *err);

#endif
