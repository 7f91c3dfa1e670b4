/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_CLASSES_H
#define WR_DAEMON_CLASSES_H

#include "control/force.h"
#include "core/govern.h"
#include "policy/image.h"
#include "policy/policy.h"
#include "view/classes.h"

/*
 * The classes of the policy in force, and their links: what they may have just now, which follows
 * the host (policy/budget.h), and what they had. The kernel decides by itself (core/govern.h); this
 * tells it several times a second what the links carry.
 */
struct wr_classes;

/* force is borrowed. pressure: what links may carry follows the host. -ENOMEM. */
int wr_classes_open(struct wr_classes **out, struct wr_force *force, bool pressure,
		    struct wr_err *err);
void wr_classes_close(struct wr_classes **c); /* NULL is fine */

/*
 * Counters for the classes of a policy, by number of a link (control/force.h). The first
 * WR_LINKS_COUNTED have their own; the others share some, and `past` are of links that are there no
 * more.
 */
enum { WR_LINKS_COUNTED = 16 };

struct wr_class_counters {
	struct wr_class_slots link[WR_LINKS], others, past;
};

/* For a policy that will be put; all of *out are slots. -ENOSPC. */
int wr_classes_slots(struct wr_classes *c, const struct wr_policy *p, struct wr_class_counters *out,
		     struct wr_err *err);
/* It was put, on the paths that there are. */
void wr_classes_put(struct wr_classes *c, const struct wr_policy *p,
		    const struct wr_class_counters *counters);

void wr_classes_step(struct wr_classes *c, uint64_t now_ns); /* to be called often */
void wr_classes_window(struct wr_classes *c);		     /* a second is over: rates */

/* Rows are borrowed for the call, what they point to until the next one. The last class is what is
 * in none. */
void wr_classes_each(const struct wr_classes *c,
		     void (*fn)(void *ctx, const struct wr_class_row *row), void *ctx);
void wr_links_each(const struct wr_classes *c, void (*fn)(void *ctx, const struct wr_link_row *row),
		   void *ctx);

#endif
