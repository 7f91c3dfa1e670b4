/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_DETECT_CONF_H
#define WR_DAEMON_DETECT_CONF_H

#include "daemon/conf.h"
#include "detect/answer.h"

/* The section [detect]: what its lists mean. */

/* Checks of the table. -EINVAL: err says what was expected, and the nearest word. */
int wr_detect_check_class(const char *value, struct wr_err *err); /* "syn_flood:enforce" */
int wr_detect_check_fixed(const char *value, struct wr_err *err); /* "syn_flood@10.0.0.5:443:500" */
int wr_detect_check_off(const char *value, struct wr_err *err);	  /* "beacon", "scan" */
int wr_detect_check_addr(const char *value, struct wr_err *err);

void wr_detect_conf_tune(const struct wr_daemon_conf *conf, struct wr_detect_tune *tune);
uint64_t wr_detect_conf_off(const struct wr_daemon_conf *conf); /* 1 << each class that is off */
/* As struct wr_answers has them: 1 + enum wr_answer_mode, 0: not said. Later words win. */
void wr_detect_conf_modes(const struct wr_daemon_conf *conf, uint8_t own[WR_CLASS_COUNT]);
bool wr_detect_conf_answers(const struct wr_daemon_conf *conf); /* some class has a mode */

#endif
