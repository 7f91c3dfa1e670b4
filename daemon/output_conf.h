/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_OUTPUT_CONF_H
#define WR_DAEMON_OUTPUT_CONF_H

#include "daemon/conf.h"

/* The section [output]: what stands in it, and which places it means. */

enum {
	WR_OUTPUTS_OF_A_KIND = 4,
	WR_OUTPUTS = 4 * WR_OUTPUTS_OF_A_KIND,
	WR_OUTPUT_NAME = 512, /* bytes */
	WR_OUTPUT_PORTS = WR_OUTPUTS + 2,
};

/* X(symbol, item of the configuration, in front of the place in a name) */
#define WR_OUTPUT_TABLE(X) \
	X(EVE, "eve")      \
	X(IPFIX, "ipfix")  \
	X(OTLP, "otlp")    \
	X(FEATURES, "features")

enum wr_output_kind {
#define X(sym, name) WR_OUTPUT_##sym,
	WR_OUTPUT_TABLE(X)
#undef X
		WR_OUTPUT_KINDS
};

const char *wr_output_kind_name(enum wr_output_kind kind);
const struct wr_conf_list *wr_output_places(const struct wr_daemon_conf *conf,
					    enum wr_output_kind kind);

/* Checks of the table: a place that the kind can go to. -EINVAL. */
int wr_output_check_eve(const char *value, struct wr_err *err);
int wr_output_check_type(const char *value, struct wr_err *err);
int wr_output_check_ipfix(const char *value, struct wr_err *err);
int wr_output_check_otlp(const char *value, struct wr_err *err);
int wr_output_check_features(const char *value, struct wr_err *err);

/* Choices of the table, ended by NULL: enum wr_sheetfile_format, enum wr_hide_how, and: */
enum wr_output_schema {
	WR_OUTPUT_SCHEMA_WEIR,
	WR_OUTPUT_SCHEMA_NF_V3,
	WR_OUTPUT_SCHEMA_CIC,
	WR_OUTPUT_SCHEMA_WINDOWS
};
extern const char *const wr_output_formats[], *const wr_output_addresses[],
						      *const wr_output_schemas[];

/* The folder of features; NULL: there is none. */
const char *wr_output_folder(const struct wr_daemon_conf *conf);
/* Features that are wanted are those of windows. */
bool wr_output_wants_windows(const struct wr_daemon_conf *conf);

/* A place that is named twice. 0 or -EINVAL; *item is what is wrong then ("output.eve"). */
int wr_output_check_all(const struct wr_daemon_conf *conf, const char **item, struct wr_err *err);

bool wr_output_wants(const struct wr_daemon_conf *conf, const char *type); /* "flow", "stats" */

/* TCP ports that are connected to, ended by 0, and that of DNS. False: nothing is connected to. */
bool wr_output_ports(const struct wr_daemon_conf *conf, uint16_t ports[WR_OUTPUT_PORTS]);

#endif
