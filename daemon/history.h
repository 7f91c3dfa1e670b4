/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_HISTORY_H
#define WR_DAEMON_HISTORY_H

#include "api/stats.h"
#include "daemon/conf.h"
#include "daemon/rules.h"
#include "detect/incident.h"
#include "flow/live.h"
#include "view/status.h"

/* From what is going on to history on disk (store/store.h): a row of each kind for each window, and
 * each flow that ended. A disk that is full or gone is said once; everything else goes on. */
struct wr_history;

/* conf->history.path "": *out stays NULL, and all calls do nothing. The file and its folder belong
 * to `user` afterwards, who writes when rights are dropped. */
int wr_history_open(struct wr_history **out, const struct wr_daemon_conf *conf,
		    void (*say)(void *ctx, const char *line), void *ctx, struct wr_err *err);
void wr_history_close(struct wr_history **h); /* writes what is left; NULL is fine */

/* Other sizes and ages from now on, as wr_store_limits(). Another path is another history: open
 * that, then close this one. */
int wr_history_limits(struct wr_history *h, const struct wr_daemon_conf *conf, struct wr_err *err);

void wr_history_status(struct wr_history *h, struct wr_status *out); /* fills out->history */

/* What a row of live is called in the file, as tcp/443@10.0.0.5. */
void wr_history_key(char *to, size_t room, const struct wr_live *live, enum wr_live_kind kind,
		    const struct wr_talk_key *k);

/* What rules matched and kept out in the newest window of live; before wr_history_window(). */
void wr_history_rules(struct wr_history *h, const struct wr_live *live, const struct wr_rules *r);
/* A rule came, became a shadow or was enforced, ended or was deleted. */
void wr_history_rule(struct wr_history *h, const struct wr_rules_event *e);

/* An incident as it is now. Returns what it is in the file (to be given as `stored` next time), 0:
 * it found no room, or nothing is kept. */
uint64_t wr_history_incident(struct wr_history *h, const struct wr_incident *i);
/* Those that an earlier weir has left as going on, which it cannot tell any more: over. */
void wr_history_end_incidents(struct wr_history *h, const char *path, uint64_t now_ns);

/* The second t_s is over: what gateways told of it, by route and by consumer, the 128 of each that
 * asked most and (other). Both may be NULL. */
void wr_history_requests(struct wr_history *h, const struct wr_api_stats *s, uint64_t t_s);

/* The newest window of live, once. */
void wr_history_window(struct wr_history *h, struct wr_live *live);
/* A flow, or a part of one, that ended. Of those that end because weir does (WR_FLOW_END_FORCED) it
 * waits for the disk now and then: nothing else is to be done. */
void wr_history_flow(struct wr_history *h, const struct wr_live *live, const struct wr_flow *f);

#endif
