/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/keep.h"
#include "daemon/saver.h"
#include "daemon/rights.h"
#include "daemon/rules_impl.h"

/* What was added, in a file of its own: statements as in a policy, ends as dates, so that a restart
 * changes nothing. A comment says that all is switched off. */

static const char head[] = "# Rules that were added while weir ran (weir rule). weir writes this "
			   "file anew at each change.\n";
static const char off[] = "# switched off (weir rule on)\n";

enum { MOST_BYTES = 16 << 20 };

/* The folder is the one of history as a rule: who has given up rights makes files in it. */
static void give_folder(const struct wr_rules *r)
{
	char folder[300], *dir;
	struct wr_err err = {0};
	uid_t uid;
	gid_t gid;

	if (geteuid() || !strstr(r->state, "/weir/"))
		return;
	snprintf(folder, sizeof(folder), "%s", r->state);
	dir = dirname(folder);
	if (mkdir(dir, 0755) && errno != EEXIST)
		return;
	if (wr_rights_user(r->conf.user, &uid, &gid, &err) || chown(dir, uid, gid) ||
	    (wr_rights_give(r->state, uid, gid) && errno != ENOENT))
		wr_rules_say(r, "policy: %s cannot be given to %s: added rules may not be kept",
			     r->state, r->conf.user);
}

/* A statement that does not fit any more is said and left out; the others hold. */
static void take(struct wr_rules *r, const char *line)
{
	struct wr_policy *p = NULL;
	struct wr_rules_list list = {0};
	struct wr_err err = {0};
	int ret = wr_rules_copy_list(&list, &r->added);
	int64_t until_s;

	if (!ret)
		ret = wr_rules_list_add(&list, line);
	if (!ret)
		ret = wr_rules_join(r, r->file, r->until_s, &list, r->all, &p, &err);
	if (!ret)
		ret = wr_rules_check(r, p, &err);
	until_s = !ret && p->n_rules > r->all->n_rules ? p->rule[p->n_rules - 1].until_s : 0;
	if (!ret && !(until_s && until_s <= wr_rules_now_s())) {
		wr_policy_free(&r->all);
		wr_rules_free_list(&r->added);
		r->all = p;
		r->added = list;
		return;
	}
	if (ret)
		wr_rules_say(r, "policy: %s: left out: %s", r->state, err.text);
	wr_policy_free(&p);
	wr_rules_free_list(&list);
}

void wr_rules_load(struct wr_rules *r)
{
	struct wr_buf b = {0};
	char *rest, *line;
	int ret;

	if (!r->state[0])
		return;
	give_folder(r);
	ret = wr_keep_read(&b, r->state, MOST_BYTES);
	if (ret == -ENOENT)
		return;
	if (ret)
		wr_rules_say(r, "policy: %s: %s: rules that were added are missing", r->state,
			     strerror(-ret));
	wr_buf_text(&b);
	r->off = b.at && strstr(b.at, off);
	rest = b.at;
	while (rest && (line = strsep(&rest, "\n")))
		if (*line && *line != '#')
			take(r, line);
	wr_buf_free(&b);
	if (r->off)
		wr_rules_say(r, "policy: switched off: all is counted, nothing is kept out (weir "
				"rule on)");
}

void wr_rules_save(struct wr_rules *r, bool asked)
{
	/* What waits to be confirmed is not kept: a restart takes it back. */
	const struct wr_rules_list *l = r->pending.due_ns ? &r->pending.before : &r->added;
	struct wr_buf b = {0};
	int ret;

	if (!r->state[0])
		return;
	wr_buf_str(&b, head);
	if (r->off)
		wr_buf_str(&b, off);
	for (size_t i = 0; i < l->n; i++) {
		wr_buf_str(&b, l->at[i]);
		wr_buf_char(&b, '\n');
	}
	/* Who has added one has it kept when he is told so, unless the disk hangs: its end is told
	 * by the run. */
	ret = wr_saver_write(r->conf.saver, r->state, &b, asked ? WR_SAVER_WAIT_MS : 0);
	if (ret && ret != -EINPROGRESS)
		wr_rules_say(r, "policy: %s: %s: a restart will not know what was added", r->state,
			     strerror(-ret));
	wr_buf_free(&b);
}
