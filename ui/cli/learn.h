/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_CLI_LEARN_H
#define WR_UI_CLI_LEARN_H

#include <stdint.h>

#include "base/err.h"

/* Private to `weir learn`: what the daemon has learned (learn.c), and models that rules ask
 * (learn_model.c). */

struct wr_learn_args {
	const char *conf, *socket, *color, *out, *model, *with;
	uint64_t top, seed, trees, levels;
	bool json, list, self;
	char **files;
	int n_files;
};

/* These return an exit status. */
int wr_learn_train(const struct wr_learn_args *a, struct wr_err *err);
int wr_learn_model(const struct wr_learn_args *a, struct wr_err *err);
int wr_learn_features(const struct wr_learn_args *a, struct wr_err *err);

#endif
