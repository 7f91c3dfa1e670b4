/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_OUTPUT_H
#define WR_DAEMON_OUTPUT_H

#include "daemon/api.h"
#include "daemon/front.h"
#include "daemon/told.h"
#include "detect/detect.h"
#include "detect/window.h"
#include "export/measure.h"

/*
 * What goes out of a running weir: events, IPFIX, OTLP metrics. The core puts flows that ended,
 * totals and metrics into a queue in shared memory and goes on; a process without rights (a front:
 * daemon/front.h) takes them from there, encodes and sends them. So nobody who reads slowly, or not
 * at all, or whose name is looked up, is waited for by the core.
 *
 *	core ── queue ──> outputs ── outbox ──> file, socket, collector
 *	                        └─── outbox ──> another one
 *
 * Queue and outboxes have a fixed size and lie in the shared memory: what waits is still there when
 * the process is started again, by a reload or after a crash. What finds no room is lost and
 * counted, by output.
 */
struct wr_outputs; /* the core's side; owned by the caller */

/* Takes all memory that outputs will ever need; before the process is forked. */
int wr_outputs_open(struct wr_outputs **out, const struct wr_daemon_conf *conf, struct wr_err *err);
void wr_outputs_close(struct wr_outputs **o); /* after its process has ended. NULL is fine */

/* For wr_front_open(); borrowed. */
const struct wr_front *wr_outputs_front(const struct wr_outputs *o);
/* Its process has been forked: those that are forked later have nothing of what both share. */
void wr_outputs_forked(struct wr_outputs *o);

/* As root: files that are not there yet are made and given to daemon.user, who will open them. */
int wr_outputs_prepare(const struct wr_daemon_conf *conf, struct wr_err *err);

/* Can files with keys, headers and addresses be read, and taken? Nothing is changed. -EINVAL. */
int wr_outputs_files(const struct wr_daemon_conf *conf, struct wr_err *err);

/* Other values from now on. */
void wr_outputs_conf(struct wr_outputs *o, const struct wr_daemon_conf *conf);

/* A flow, or a part of one, that ended. */
void wr_outputs_flow(struct wr_outputs *o, const struct wr_live *live, const struct wr_flow *f);
/* What was found, and the incident it belongs to (0: none). */
void wr_outputs_finding(struct wr_outputs *o, enum wr_finding_news news, const struct wr_finding *f,
			uint64_t incident);
/* A row of a window, where features are those of windows. */
void wr_outputs_window_row(struct wr_outputs *o, const struct wr_window *w);
/* The same of a change of an incident: JSON of it, on one line with its newline. */
void wr_outputs_incident(struct wr_outputs *o, const char *line, size_t n);
/* Incidents that are over: a body of OTLP of so many spans. */
void wr_outputs_spans(struct wr_outputs *o, const char *body, size_t n, uint32_t spans);
/* What people are to be told; test: the number of weir notify test, or 0. */
void wr_outputs_tell(struct wr_outputs *o, const struct wr_told *t, uint32_t test);
/* Who wants these. */
bool wr_outputs_want_incidents(const struct wr_outputs *o);
bool wr_outputs_want_spans(const struct wr_outputs *o);
bool wr_outputs_tell_people(const struct wr_outputs *o);
/* A window is over: totals and metrics when they are due, and the process is told. */
void wr_outputs_window(struct wr_outputs *o, const struct wr_api_host *host);
/* The last word: totals, and whatever waits may go out for a moment when the process is ended. */
void wr_outputs_end(struct wr_outputs *o, const struct wr_api_host *host);

/* All outputs there are, and last what was lost in the queue in front of all of them. Return how
 * many; up to n are filled. Names stay valid until the next call. */
int wr_outputs_counts(struct wr_outputs *o, struct wr_measure_output *rows, int n);
int wr_outputs_status(struct wr_outputs *o, struct wr_status_output *rows, int n);

/* What has become of a test at each output that people are told by. */
struct wr_outputs_test {
	const char *name, *trouble; /* valid until the next call */
	bool waits, taken;
};
int wr_outputs_tests(struct wr_outputs *o, uint32_t test, struct wr_outputs_test *rows, int n);

#endif
