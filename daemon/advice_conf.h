/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_ADVICE_CONF_H
#define WR_DAEMON_ADVICE_CONF_H

#include "daemon/conf.h"
#include "detect/window.h"
#include "view/sheet.h"

/* The section [advice]: what stands in it. */

enum { WR_ADVICE_PORTS = 3 };

/* Checks of the table. -EINVAL: err says what was expected. */
int wr_advice_check_input(const char *value, struct wr_err *err);
int wr_advice_check_key(const char *value, struct wr_err *err);
int wr_advice_check_over(const char *value, struct wr_err *err);
/* What no single item can say. 0 or -EINVAL; *item is what is wrong then ("advice.inputs"). */
int wr_advice_check_all(const struct wr_daemon_conf *conf, const char **item, struct wr_err *err);

bool wr_advice_wanted(const struct wr_daemon_conf *conf); /* a model is asked */
bool wr_advice_wants_kind(const struct wr_daemon_conf *conf, enum wr_window_kind kind);

/* The column of windows of that name, if it is a number; NULL. Its number, which struct
 * wr_advice_told has, is that in the sheet. */
const struct wr_column *wr_advice_column(const char *name, uint8_t *number);
const struct wr_column *wr_advice_column_at(uint8_t number);

/* TCP ports that are connected to, ended by 0. */
void wr_advice_ports(const struct wr_daemon_conf *conf, uint16_t ports[WR_ADVICE_PORTS]);

#endif
