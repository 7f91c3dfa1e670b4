/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_CLI_POLICY_FILE_H
#define WR_UI_CLI_POLICY_FILE_H

#include "base/err.h"
#include "policy/policy.h"

/*
 * A policy from a file, "-" is standard input. *p is owned (wr_policy_free). What is wrong in it is
 * told line by line on standard error, as from that command, and err stays empty then. 0 or -errno.
 */
int wr_policy_file_load(struct wr_policy **p, const char *command, const char *path,
			struct wr_err *err);

#endif
