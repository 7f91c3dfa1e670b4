/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_RULES_IMPL_H
#define WR_DAEMON_RULES_IMPL_H

#include "daemon/classes.h"
#include "daemon/hosts.h"
#include "daemon/rules.h"
#include "daemon/shadow.h"

/* What the files rules*.c share. */

/* Statements that were added, each with its name and its end as a date. */
struct wr_rules_list {
	char **at; /* owned, and so is each */
	size_t n;
};

/* A change that waits to be confirmed. */
struct wr_rules_pending {
	struct wr_rules_list before; /* owned: what comes back, */
	struct wr_policy *was;	     /* owned: and what was in force, with what its files said */
	uint64_t due_ns;	     /* CLOCK_MONOTONIC; 0: none waits */
	uint64_t client;
	char name[WR_POLICY_NAME]; /* of the rule that ends then in the kernel, too; "" = none */
	int64_t until_s;
};

/* What a rule was and is, by slot; daemon/rules_past.c. */
struct wr_rules_past {
	char name[WR_POLICY_NAME]; /* "": nobody has the slot */
	bool shadow, there;
	int64_t until_s;
	uint64_t since_ns, mono_ns;	  /* that it is so: CLOCK_REALTIME, CLOCK_MONOTONIC */
	struct wr_rule_count at;	  /* what it had counted then */
	struct wr_rule_phase last_shadow; /* when it is one no more */
};

struct wr_rules {
	struct wr_rules_conf conf;
	char path[256], state[300]; /* of the files */
	struct wr_force *force;
	struct wr_classes *classes;
	struct wr_policy *file; /* as it stands there */
	int64_t *until_s;	/* owned: when those of its rules end that say `for` */
	struct wr_policy *all;	/* in force: with what was added, and ends as dates */
	struct wr_rules_list added;
	struct wr_rules_pending pending;
	bool off;
	bool due;	/* has to be put again */
	int64_t next_s; /* a rule begins or ends then; 0: none does */
	uint64_t changes, put_ns, tried_ns;
	uint64_t joins; /* paths have come or gone, slots were given back, so often */
	uint16_t slot[WR_POLICY_RULES]; /* by rule of all */
	char trouble[512];
	struct {
		uint64_t matched, stopped, bytes; /* at the end of the last second */
		uint64_t matched_pps, stopped_pps, matched_bytes;
	} rate[WR_JUDGE_RULES]; /* by slot */
	struct wr_rules_past past[WR_JUDGE_RULES];
	struct wr_shadows *shadows;
	struct wr_hosts hosts;
	uint16_t host_number[WR_POLICY_RULES]; /* by rule of the policy that is compiled */
	struct wr_changes changed[WR_CHANGERS];
	const char *who;      /* makes the change that is under way; NULL: time does */
	struct wr_live *live; /* borrowed; NULL: not yet */
};

void wr_rules_say(const struct wr_rules *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
int64_t wr_rules_now_s(void);

/* All of it as one policy: the file's, and then what was added. known: see wr_policy_add_known();
 * may be NULL. */
int wr_rules_join(const struct wr_rules *r, const struct wr_policy *file, const int64_t *until_s,
		  const struct wr_rules_list *added, const struct wr_policy *known,
		  struct wr_policy **out, struct wr_err *err);
/* Is there anything in it that is not enforced here? */
int wr_rules_check(const struct wr_rules *r, const struct wr_policy *p, struct wr_err *err);
/* Puts it in force; r->all is not touched. */
int wr_rules_put_policy(struct wr_rules *r, const struct wr_policy *p, struct wr_err *err);

const char *wr_rules_action(enum wr_action a); /* allow, drop, limit, class, cookies */
/* daemon/rules_past.c: that policy came into force. */
void wr_rules_note(struct wr_rules *r, const struct wr_policy *p);
/* The row of a rule, borrowed for the call; text is cleared and holds what row.text points to. */
void wr_rules_row(const struct wr_rules *r, size_t rule, uint32_t order, struct wr_buf *text,
		  struct wr_rule_row *row);

int wr_rules_copy_list(struct wr_rules_list *to, const struct wr_rules_list *from);
int wr_rules_list_add(struct wr_rules_list *l, const char *text);
void wr_rules_free_list(struct wr_rules_list *l);
void wr_rules_free_pending(struct wr_rules_pending *p); /* none waits then */

/* daemon/rules_change.c: takes a list in place of what was added, which becomes r->added. *list is
 * empty afterwards; on failure it is untouched. known: as above; r->all, or what was made of it. */
int wr_rules_change_to(struct wr_rules *r, struct wr_rules_list *list,
		       const struct wr_policy *known, struct wr_err *err);
/* A change that was not confirmed in time is taken back; rules that have ended are forgotten. */
void wr_rules_take_back(struct wr_rules *r);
void wr_rules_forget_ended(struct wr_rules *r);

/* daemon/rules_state.c */
void wr_rules_load(struct wr_rules *r);
/* asked: somebody waits for the answer, and a moment for the disk. */
void wr_rules_save(struct wr_rules *r, bool asked);

#endif
