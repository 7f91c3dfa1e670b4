/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_RULES_H
#define WR_DAEMON_RULES_H

#include "capture/capture.h"
#include "daemon/changes.h"
#include "control/force.h"
#include "flow/live.h"
#include "policy/policy.h"
#include "view/rule_report.h"

/*
 * The policy of a running daemon: what stands in its file, and what was added since, which is kept
 * in a file of its own. It is in force on all data paths; it is put there again when paths come,
 * when a rule begins or ends, and when somebody changes it. A change is made on a copy: what fails
 * changes nothing.
 */
struct wr_rules;
struct wr_classes;

/* What became of a rule; texts are borrowed for the call. */
struct wr_rules_event {
	uint64_t at_ns, expires_ns; /* CLOCK_REALTIME; 0: it does not end */
	/* active, shadow, expired, deleted; of all of them, by the kill switch: off, on */
	const char *state;
	const char *action, *text;
	const char *who; /* "uid 0", "the page", "the file", "its end" */
};

/* Of a rule, in the newest second. */
struct wr_rule_now {
	struct wr_count matched;
	uint64_t dropped, limited; /* packets; of a shadow 0 */
};

struct wr_rules_conf {
	const char *file;		   /* of the policy */
	const char *state;		   /* where added rules are kept; "": nowhere */
	const char *user;		   /* who writes that file once rights are given up */
	uint64_t policy_bytes, rate_bytes; /* see control/force.h */
	uint32_t changes_most;		   /* in a minute, of each that is held back; 0: any */
	bool pressure;			   /* what links may carry follows the host */
	const char *pin_dir;		   /* NULL: nothing stays */
	bool out;			   /* what leaves is held against it, too */
	int (*where)(void *ctx, struct wr_path *path, uint32_t half, const char *const *expr,
		     uint32_t n, struct wr_err *err);
	void *where_ctx;
	struct wr_saver *saver; /* borrowed; writes that file. NULL: it is waited for */
	void (*say)(void *ctx, const char *line);
	void *say_ctx;
	/* A rule has become another one; not at the start. May be NULL. */
	void (*changed)(void *ctx, const struct wr_rules_event *e);
	void *changed_ctx;
};

/*
 * Reads both files and makes the maps; nothing is in force yet. -EINVAL: the policy is wrong, what
 * is wrong has been said line by line; -ENOENT: there is no such file; -EPERM, -EOPNOTSUPP: BPF is
 * not possible here.
 */
int wr_rules_open(struct wr_rules **out, const struct wr_rules_conf *conf, struct wr_err *err);
void wr_rules_close(struct wr_rules **r); /* paths have left; NULL is fine */

const struct wr_judge_maps *wr_rules_maps(const struct wr_rules *r);
/* For struct wr_engine_conf; ctx is a struct wr_rules. */
const char *wr_rules_name(void *ctx, uint32_t slot);
uint32_t wr_rules_slots(void *ctx);
void wr_rules_joins(void *ctx, struct wr_path *path, bool joins);

/* Where a user's program counts what it drops; held until it is released. -ENOSPC. */
int wr_rules_hold(struct wr_rules *r, const char *program);
void wr_rules_release(struct wr_rules *r, const char *program);

/* Puts it in force on the paths that there are. -ENOSPC: it is too large; -EBUSY. */
int wr_rules_put(struct wr_rules *r, struct wr_err *err);

/* To be called often: does what has become due (paths that came, rules that ended, a change that
 * nobody has confirmed). What fails is said, and tried again. */
void wr_rules_step(struct wr_rules *r);
void wr_rules_window(struct wr_rules *r); /* a second is over: rates */

/* Another file, or the same one again: read and checked; then put in force. In between nothing has
 * changed. -EINVAL: said line by line. */
struct wr_rules_next;
int wr_rules_read(struct wr_rules *r, const char *file, struct wr_rules_next **out,
		  struct wr_err *err);
int wr_rules_take(struct wr_rules *r, struct wr_rules_next **next, struct wr_err *err);
void wr_rules_drop(struct wr_rules_next **next); /* NULL is fine */

/* ---- changes while it runs; daemon/rules_change.c ---- */

struct wr_rules_change {
	const char *text;   /* a statement, or the name of a rule, or @SET */
	bool force;	    /* without guards (daemon/guard.h) */
	enum wr_changer by; /* whose changes a minute it counts for */
	bool counted_out;   /* it undoes what detection did: as often as it has to be */
	bool replace; /* in the place of the `auto` rule of that name, if one was added: that is
			 counted for nobody. The same one with a later end may come while a change
			 waits to be confirmed, and keeps it when that is taken back */
	uint64_t confirm_ns;	/* taken back after that unless confirmed; 0: it stays */
	const char *who;	/* for history: who asks, in words */
	uint64_t client;	/* who asks; a change is confirmed by another one */
	const char *const *ssh; /* addresses of the asker's own session, see guard.h; may be NULL */
	uint32_t n_ssh;
};

/* name: room for WR_POLICY_NAME, the rule's or set's. -EINVAL: wrong, or a guard says no: err says
 * what to add; -ENOENT, -EEXIST, -EBUSY: another change waits to be confirmed; -EAGAIN: too many
 * changes in a minute. */
int wr_rules_add(struct wr_rules *r, const struct wr_rules_change *c, char *name,
		 struct wr_err *err);
int wr_rules_del(struct wr_rules *r, const struct wr_rules_change *c, char *name,
		 struct wr_err *err);
int wr_rules_shadow(struct wr_rules *r, const struct wr_rules_change *c, char *name,
		    struct wr_err *err);
int wr_rules_enforce(struct wr_rules *r, const struct wr_rules_change *c, char *name,
		     struct wr_err *err);
int wr_rules_confirm(struct wr_rules *r, uint64_t client, struct wr_err *err);
/* Other bounds from now on, as in struct wr_rules_conf. */
void wr_rules_changes_most(struct wr_rules *r, uint32_t most);
/* Root has made more changes in the last minute than others may. */
bool wr_rules_many_changes(const struct wr_rules *r);
/* The kill switch: all is counted, nothing is kept out. who: for history. */
int wr_rules_switch(struct wr_rules *r, bool on, const char *who, struct wr_err *err);

/* ---- what there is ---- */

struct wr_rules_state wr_rules_state(const struct wr_rules *r);
/* Rows in the order in which packets meet them; row and what it points to are borrowed for the
 * call. */
void wr_rules_each(const struct wr_rules *r, void (*fn)(void *ctx, const struct wr_rule_row *row),
		   void *ctx);
const struct wr_classes *wr_rules_classes(const struct wr_rules *r); /* borrowed */
/* Those that matched something in the newest second. */
void wr_rules_now(const struct wr_rules *r,
		  void (*fn)(void *ctx, const char *name, const struct wr_rule_now *now),
		  void *ctx);
const struct wr_policy *wr_rules_policy(const struct wr_rules *r); /* all of it; borrowed */

/* ---- one rule in full; daemon/rules_past.c, daemon/shadow.h ---- */

/* What goes on, so that it is known whom shadows would hit: the tap of flow/live.h (to be told of
 * its parts from now on), and packets that are kept. */
void wr_rules_watch(struct wr_rules *r, struct wr_live *live);
void wr_rules_packet(struct wr_rules *r, const struct wr_packet *pkt);
void wr_rules_flow_end(struct wr_rules *r, const struct wr_flow *f); /* or a part of a long one */
/* The report and what it points to are borrowed for the call. -ENOENT: there is no such rule. */
int wr_rules_report(const struct wr_rules *r, const char *rule,
		    void (*fn)(void *ctx, const struct wr_rule_report *report), void *ctx,
		    struct wr_err *err);

#endif
