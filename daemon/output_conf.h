/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_OUTPUT_CONF_H
#define WR_DAEMON_OUTPUT_CONF_H

#include "daemon/conf.h"

/* The sections [output] and [notify]: what stands in them, and which places they mean. */

/* X(symbol, in front of the place in a name, item of the configuration, its ways) */
#define WR_OUTPUT_TABLE(X)                                               \
	X(EVE, "eve", "output.eve", eve)                                 \
	X(IPFIX, "ipfix", "output.ipfix", ipfix)                         \
	X(OTLP, "otlp", "output.otlp", otlp)                             \
	X(OTLP_TRACES, "otlp_traces", "output.otlp_traces", otlp_traces) \
	X(WEBHOOK, "webhook", "notify.webhook", webhook)                 \
	X(SYSLOG, "syslog", "notify.syslog", syslog)                     \
	X(FEATURES, "features", "output.features", features)             \
	X(COMMAND, "command", "notify.command", command)

enum wr_output_kind {
#define X(sym, name, item, ways) WR_OUTPUT_##sym,
	WR_OUTPUT_TABLE(X)
#undef X
		WR_OUTPUT_KINDS
};

enum {
	WR_OUTPUTS_OF_A_KIND = 4,
	WR_OUTPUTS = 16,      /* all together: each has its memory from the start on */
	WR_OUTPUT_NAME = 512, /* bytes */
	WR_OUTPUT_PORTS = WR_OUTPUTS + 2,
};

/* Of a command its first word: all of it is one place. */
struct wr_conf_list wr_output_places(const struct wr_daemon_conf *conf, enum wr_output_kind kind);
/* What a place is called wherever it is shown: "eve:/var/log/weir/eve.json". The address of a
 * webhook may be a secret: its host, and some digits that tell it from others. */
void wr_output_name(char name[WR_OUTPUT_NAME], enum wr_output_kind kind, const char *place);
bool wr_output_tells(const struct wr_daemon_conf *conf); /* somebody is told of incidents */

/* The address of a webhook: itself, or the first line of the file that a path names. -EINVAL; err
 * does not have the address. */
int wr_output_webhook_url(const char *value, char url[WR_OUTPUT_NAME], struct wr_err *err);

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
int wr_output_check_webhook(const char *value, struct wr_err *err);
int wr_output_check_syslog(const char *value, struct wr_err *err);

/* A place that is named twice. 0 or -EINVAL; *item is what is wrong then ("output.eve"). */
int wr_output_check_all(const struct wr_daemon_conf *conf, const char **item, struct wr_err *err);

bool wr_output_wants(const struct wr_daemon_conf *conf, const char *type); /* "flow", "stats" */

uint16_t wr_output_url_port(const char *url); /* of http:// or https:// */
/* TCP ports that are connected to, ended by 0, and that of DNS. False: nothing is connected to. */
bool wr_output_ports(const struct wr_daemon_conf *conf, uint16_t ports[WR_OUTPUT_PORTS]);

#endif
