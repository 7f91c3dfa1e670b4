/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_CONF_H
#define WR_DAEMON_CONF_H

#include "base/conf.h"
#include "capture/capture.h"

/* What `weir run` is told: the values of the table in daemon/conf_table.c. Strings and lists are
 * borrowed from the struct wr_conf that filled it. Times are nanoseconds. */
struct wr_daemon_conf {
	struct {
		struct wr_conf_list ifaces; /* empty: the one of the default route */
		int hook;		    /* which of wr_daemon_hooks */
		bool out;
		const char *netns, *pin;
		uint64_t flow_slots;
		uint64_t memory_bytes;
	} capture;
	struct {
		uint64_t rows, idle_ns, active_ns;
	} flow;
	struct {
		const char *path, *group;
		uint64_t clients, backlog_bytes;
	} socket;
	struct {
		const char *path;
		uint64_t max_bytes;
		uint64_t flows_ns, seconds_ns, minutes_ns, hours_ns;
	} history;
	struct {
		uint64_t bytes, snap, sample, rate;
	} dump;
	struct {
		const char *listen;
		struct wr_conf_list names;
		const char *token_file, *tls_cert, *tls_key;
		bool change;
	} page;
	struct {
		struct wr_conf_list eve, eve_types, ipfix, otlp,
			otlp_traces; /* places: daemon/output_conf.h */
		struct wr_conf_list features;
		const char *otlp_headers_file, *features_key;
		int features_format, features_schema, features_addresses; /* output_conf.h */
		uint64_t features_bytes, features_age_ns, features_keep;
		uint64_t eve_stats_ns, otlp_ns, buffer_bytes;
	} output;
	struct {
		struct wr_conf_list webhook, syslog, command;
		int webhook_form; /* enum wr_told_form */
		const char *webhook_headers_file;
		int severity; /* enum wr_severity: the least */
		uint64_t rate;
	} notify;
	struct {
		const char *file, *state;
		uint64_t bytes, rate_bytes, changes;
		bool pressure;
	} policy;
	struct {
		bool on;
		int automatic; /* enum wr_answer_mode */
		const char *learned;
		struct wr_conf_list classes, thresholds, off, known; /* see daemon/detect_conf.h */
		bool cookies, new_services, anomalies, forecast;
		uint64_t malformed, anomaly_days;
		const char *asn, *country;
		uint64_t samples; /* bytes */
	} detect;
	struct {
		bool consent;
		int kind; /* enum wr_explain_kind */
		const char *endpoint, *model, *key_file, *state;
		uint64_t deadline_ns, per_day, tokens;
		int tokens_name; /* 1: max_completion_tokens */
		bool mcp_shadow;
	} explain;
	struct {
		const char *folder, *state, *user, *at, *policies;
		bool keep;
		uint64_t limit, last_ns;
		struct wr_conf_list admin_ports, admin_from;
	} gateway;
	struct {
		const char *listen, *group, *udp, *key_file;
		uint64_t header;
		struct wr_conf_list trust;
		uint64_t errors, slow, tries, paths, tokens;
	} api;
	struct {
		const char *url, *model, *version, *output, *header_file;
		int form;		    /* enum wr_infer_form */
		struct wr_conf_list inputs; /* columns of windows */
		struct wr_conf_list keys;   /* names of enum wr_window_kind */
		const char *over;	    /* a number */
		uint64_t batch, failures, deadline_ns, pause_ns, stale_ns;
		int automatic; /* enum wr_answer_mode */
	} advice;	       /* daemon/advice_conf.h */
	struct {
		const char *user;
		bool sandbox, attach_later;
	} daemon;
};

extern const struct wr_conf_item wr_daemon_items[];
extern const char *const wr_daemon_modes[]; /* of detect.auto: enum wr_answer_mode */
extern const char *const wr_daemon_hooks[]; /* "auto", then what has a name and can be asked for */

#define WR_DAEMON_PIN "/sys/fs/bpf/weir"     /* where --persist keeps what stays */
#define WR_DAEMON_CONF "/etc/weir/weir.conf" /* read when it is there and no other is named */

/*
 * Defaults, then the file: `path`, or WR_DAEMON_CONF when that is NULL. *from = the file that was
 * read, or NULL. tell is told of every error (base/conf.h). *out is untouched on failure. -ENOENT:
 * there is no such file; -EINVAL: it is wrong.
 */
int wr_daemon_conf_open(struct wr_conf **out, const char *path, const char **from,
			wr_conf_tell_fn tell, void *ctx, struct wr_err *err);

/* Fills conf and checks what no single item can say. -EINVAL. */
int wr_daemon_conf_fill(const struct wr_conf *values, struct wr_daemon_conf *conf,
			struct wr_err *err);

enum wr_hook wr_daemon_conf_hook(const struct wr_daemon_conf *conf); /* WR_HOOK_COUNT = auto */
bool wr_daemon_conf_any(const struct wr_daemon_conf *conf);	     /* every interface */

#endif
