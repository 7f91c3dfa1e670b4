/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/loop.h"
#include "daemon/guard.h"
#include "daemon/rules_impl.h"

/*
 * Changes while packets fly. What was added is a list of statements; a change makes another list,
 * and of it and the file another policy, which is checked, compiled and put in force as a whole.
 */

enum { MOST_ADDED = 4096 };

/* ---- from one list to another ---- */

int wr_rules_change_to(struct wr_rules *r, struct wr_rules_list *list,
		       const struct wr_policy *known, struct wr_err *err)
{
	struct wr_policy *all = NULL;
	int ret = wr_rules_join(r, r->file, r->until_s, list, known, &all, err);

	if (!ret)
		ret = wr_rules_check(r, all, err);
	if (!ret)
		ret = wr_rules_put_policy(r, all, err);
	if (ret) {
		wr_policy_free(&all);
		return ret;
	}
	wr_policy_free(&r->all);
	wr_rules_free_list(&r->added);
	r->all = all;
	r->added = *list;
	*list = (struct wr_rules_list){0};
	return 0;
}

/* The name of a statement of the list: "NAME: ..." or "set NAME = ...", as @NAME. */
static void name_of(const char *text, char name[WR_POLICY_NAME + 1])
{
	name[0] = 0;
	if (!strncmp(text, "set ", 4) && sscanf(text + 4, " %31[^ =]", name + 1) == 1)
		name[0] = '@';
	else if (sscanf(text, "%31[^: ]:", name) != 1)
		name[0] = 0;
}

static size_t find(const struct wr_rules_list *l, const char *name)
{
	char other[WR_POLICY_NAME + 1];
	size_t i = 0;

	for (; i < l->n; i++) {
		name_of(l->at[i], other);
		if (!strcmp(other, name))
			break;
	}
	return i;
}

static void remove_at(struct wr_rules_list *l, size_t i)
{
	free(l->at[i]);
	memmove(l->at + i, l->at + i + 1, (--l->n - i) * sizeof(*l->at));
}

static int replace_at(struct wr_rules_list *l, size_t i, const char *text)
{
	char *copy = text ? strdup(text) : NULL;

	if (!copy)
		return -ENOMEM;
	free(l->at[i]);
	l->at[i] = copy;
	return 0;
}

/* ---- what is asked for ---- */

/* a1, a2, ...: not r1, which is what rules of the file are called by their place. */
static void give_name(struct wr_policy *p, struct wr_rule *x)
{
	char name[WR_POLICY_NAME];

	for (unsigned int i = 1;; i++) {
		snprintf(name, sizeof(name), "a%u", i);
		if (wr_policy_rule(p, name) < 0)
			break;
	}
	memcpy(x->name, name, sizeof(name));
	x->named = true;
}

static int out_of_memory(struct wr_err *err)
{
	return wr_fail(err, ENOMEM, "out of memory");
}

/* The rule as it is kept: with a name, and its end as a date. */
static int write_rule(const struct wr_policy *p, const struct wr_rule *x, struct wr_buf *b,
		      struct wr_err *err)
{
	wr_policy_print_rule(b, p, x);
	wr_buf_text(b);
	return b->failed ? out_of_memory(err) : 0;
}

static int asked_rule(struct wr_policy *p, bool shadow, struct wr_buf *text, char *name,
		      struct wr_err *err)
{
	struct wr_rule *x = &p->rule[p->n_rules - 1];

	if (!x->named)
		give_name(p, x);
	if (x->for_s) {
		x->until_s = wr_rules_now_s() + x->for_s;
		x->for_s = 0;
	}
	if (x->until_s && x->until_s <= wr_rules_now_s())
		return wr_fail(err, EINVAL, "the rule has ended before it begins");
	x->shadow |= shadow;
	snprintf(name, WR_POLICY_NAME, "%s", x->name);
	return write_rule(p, x, text, err);
}

/* A set may take the place of one that was added; one of the file is changed there. */
static int asked_set(const struct wr_rules *r, struct wr_policy *p, const char *statement,
		     struct wr_buf *text, char *name, struct wr_err *err)
{
	char word[WR_POLICY_NAME + 1] = "";
	int ret, at;

	sscanf(statement, "set %31[^ =]", word);
	at = wr_policy_set(p, word);
	if (at >= 0 && (size_t)at < r->file->n_sets)
		return wr_fail(err, EEXIST,
			       "set '%s' stands in %s: change it there, then weir "
			       "config reload",
			       word, r->path);
	ret = at >= 0 ? wr_policy_replace_set(p, statement, err) : wr_policy_add(p, statement, err);
	if (ret)
		return ret;
	snprintf(name, WR_POLICY_NAME, "%s", word);
	wr_policy_print_set(text, p, &p->set[wr_policy_set(p, word)]);
	wr_buf_text(text);
	return text->failed ? out_of_memory(err) : 0;
}

static const char *skip_blanks(const char *s)
{
	while (isspace((unsigned char)*s))
		s++;
	return s;
}

static bool begins_with(const char *statement, const char *word)
{
	size_t n = strlen(word);

	statement = skip_blanks(statement);
	return !strncmp(statement, word, n) && isspace((unsigned char)statement[n]);
}

static bool is_set(const char *statement)
{
	return begins_with(statement, "set");
}

/* ---- guards ---- */

static bool is_allow(const struct wr_rules *r, const char *name)
{
	int at = wr_policy_rule(r->all, name);

	return at >= 0 && r->all->rule[at].action == WR_ACTION_ALLOW && !r->all->rule[at].shadow;
}

/* What is taken back by itself may be wide for that time, if a person has asked for it. */
static struct wr_guard guard_of(const struct wr_rules_change *c, bool automatic)
{
	return (struct wr_guard){
		.ssh = c->ssh, .n_ssh = c->n_ssh, .wide = c->confirm_ns && !automatic};
}

static int guard(const struct wr_rules *r, const struct wr_policy *p, const char *name,
		 const struct wr_rules_change *c, struct wr_err *err)
{
	int at = wr_policy_rule(p, name);
	bool automatic = at >= 0 && p->rule[at].automatic;
	struct wr_guard g = guard_of(c, automatic);
	int ret;

	(void)r;
	if (at < 0 || p->rule[at].shadow || (c->force && !p->rule[at].automatic))
		return 0;
	ret = wr_guard_rule(&g, p, (size_t)at, err);
	return ret && automatic ? wr_within(err, "an automatic rule, refused in any case") : ret;
}

/* A rule that was fine may keep somebody out when a set of its has others in it, or when the
 * `allow` in front of it is gone. Sets: only rules that have some are looked at. */
static int guard_others(const struct wr_rules *r, const struct wr_rules_list *list,
			const struct wr_policy *known, bool sets, const struct wr_rules_change *c,
			struct wr_err *err)
{
	struct wr_policy *p = NULL;
	int ret = wr_rules_join(r, r->file, r->until_s, list, known, &p, err);

	for (size_t i = 0; !ret && i < p->n_rules; i++) {
		const struct wr_rule *x = &p->rule[i];
		int was = wr_policy_rule(r->all, x->name);
		struct wr_guard g = guard_of(c, x->automatic);
		struct wr_err ignored = {0};

		if (was < 0 || x->shadow || (sets && !x->n_from_sets) ||
		    (c->force && !x->automatic))
			continue;
		ret = wr_guard_rule(&g, p, i, err);
		/* What it kept out before stays as it is. */
		if (ret == -EINVAL && wr_guard_rule(&g, r->all, (size_t)was, &ignored))
			ret = 0;
		else if (ret)
			ret = wr_within(err, "%s", x->name);
	}
	wr_policy_free(&p);
	return ret;
}

/* ---- confirmation ---- */

static int nothing_waits(const struct wr_rules *r, struct wr_err *err)
{
	if (!r->pending.due_ns)
		return 0;
	return wr_fail(err, EBUSY,
		       "a change waits to be confirmed: weir rule confirm, or wait "
		       "until it is taken back");
}

void wr_rules_free_pending(struct wr_rules_pending *p)
{
	wr_rules_free_list(&p->before);
	wr_policy_free(&p->was);
	*p = (struct wr_rules_pending){0};
}

static int begin_pending(struct wr_rules *r, const struct wr_rules_change *c, const char *name,
			 struct wr_err *err)
{
	struct wr_rules_pending *p = &r->pending;
	int ret;

	if (!c->confirm_ns)
		return 0;
	if (wr_rules_copy_list(&p->before, &r->added))
		return out_of_memory(err);
	ret = wr_policy_copy(&p->was, r->all, err);
	if (ret)
		return ret;
	p->due_ns = wr_loop_now_ns() + c->confirm_ns;
	p->client = c->client;
	snprintf(p->name, sizeof(p->name), "%s", name);
	p->until_s = wr_rules_now_s() + (int64_t)((c->confirm_ns + 999999999) / 1000000000);
	return 0;
}

/* ---- made to last longer ---- */

/* Does it say what the automatic rule of that name says, and ends later? */
static bool only_longer(const struct wr_rules *r, const struct wr_policy *p, const char *name)
{
	int old = wr_policy_rule(r->all, name), new = wr_policy_rule(p, name);
	struct wr_buf a = {0}, b = {0};
	struct wr_rule x, y;
	bool same;

	if (old < 0 || new < 0 || !r->all->rule[old].automatic ||
	    find(&r->added, name) == r->added.n)
		return false;
	x = r->all->rule[old]; /* borrows what it points to */
	y = p->rule[new];
	same = x.until_s && y.until_s >= x.until_s;
	x.until_s = y.until_s;
	wr_policy_print_rule(&a, r->all, &x);
	wr_policy_print_rule(&b, p, &y);
	same &= !strcmp(wr_buf_text(&a), wr_buf_text(&b));
	wr_buf_free(&a);
	wr_buf_free(&b);
	return same;
}

/* What is to come back has another end from now on, and is else as it was: it may be a shadow. */
static int longer_before(struct wr_rules *r, const struct wr_policy *p, const char *name,
			 struct wr_err *err)
{
	struct wr_rules_list *before = &r->pending.before;
	size_t at = find(before, name);
	struct wr_policy *one = NULL;
	struct wr_buf text = {0};
	int ret, rule;

	if (at == before->n)
		return 0;
	ret = wr_rules_join(r, r->file, r->until_s, before, r->pending.was, &one, err);
	if (!ret) {
		rule = wr_policy_rule(one, name);
		one->rule[rule].until_s = p->rule[wr_policy_rule(p, name)].until_s;
		ret = write_rule(one, &one->rule[rule], &text, err);
	}
	if (!ret && replace_at(before, at, text.at))
		ret = out_of_memory(err);
	if (!ret)
		wr_rules_save(r, false); /* that is what a restart goes on with */
	wr_policy_free(&one);
	wr_buf_free(&text);
	return ret;
}

/* ---- how often ---- */

void wr_rules_changes_most(struct wr_rules *r, uint32_t most)
{
	r->conf.changes_most = most;
}

bool wr_rules_many_changes(const struct wr_rules *r)
{
	return wr_changes_wait_ns(&r->changed[WR_CHANGER_ROOT], r->conf.changes_most,
				  wr_loop_now_ns()) > 0;
}

static int not_too_often(const struct wr_rules *r, const struct wr_rules_change *c,
			 struct wr_err *err)
{
	uint64_t ns = c->by == WR_CHANGER_ROOT || c->counted_out
			      ? 0
			      : wr_changes_wait_ns(&r->changed[c->by], r->conf.changes_most,
						   wr_loop_now_ns());

	if (!ns)
		return 0;
	return wr_fail(err, EAGAIN,
		       "no more than %u change%s of rules in a minute (policy.changes): the next "
		       "one in %" PRIu64 " s, or by root",
		       r->conf.changes_most, r->conf.changes_most == 1 ? "" : "s",
		       ns / 1000000000 + 1);
}

/* Takes the new list, and notes what comes back when nobody confirms it. */
static int change(struct wr_rules *r, const struct wr_rules_change *c, struct wr_rules_list *list,
		  const struct wr_policy *known, const char *name, struct wr_err *err)
{
	int ret = not_too_often(r, c, err);

	if (!ret)
		ret = begin_pending(r, c, name, err);
	r->who = c->who ? c->who : "somebody";
	if (!ret)
		ret = wr_rules_change_to(r, list, known, err);
	r->who = NULL;
	if (!ret && !c->counted_out)
		wr_changes_note(&r->changed[c->by], wr_loop_now_ns());
	if (ret && c->confirm_ns)
		wr_rules_free_pending(&r->pending);
	if (!ret && !r->pending.due_ns)
		wr_rules_save(r, c->by != WR_CHANGER_DETECTION);
	return ret;
}

void wr_rules_take_back(struct wr_rules *r)
{
	struct wr_rules_pending p = r->pending;
	struct wr_err err = {0};

	if (!p.due_ns || wr_loop_now_ns() < p.due_ns)
		return;
	r->pending = (struct wr_rules_pending){0};
	r->who = "not confirmed";
	/* Not r->all: of the same words that may have what nobody has confirmed. */
	if (wr_rules_change_to(r, &p.before, p.was, &err)) {
		r->pending = p;
		r->tried_ns = wr_loop_now_ns(); /* again in a second */
		r->who = NULL;
		wr_rules_say(r, "policy: taking back what was not confirmed: %s", err.text);
		return;
	}
	r->who = NULL;
	wr_rules_free_pending(&p);
	wr_rules_save(r, false);
	wr_rules_say(r, "policy: a change was not confirmed in time and has been taken back");
}

int wr_rules_confirm(struct wr_rules *r, uint64_t client, struct wr_err *err)
{
	struct wr_rules_pending p = r->pending;
	struct wr_rules_list list = {0};
	int ret;

	if (!p.due_ns)
		return wr_fail(err, ENOENT, "no change waits to be confirmed");
	if (client == p.client)
		return wr_fail(err, EINVAL,
			       "a change is confirmed from another connection than the "
			       "one that made it");
	if (wr_rules_copy_list(&list, &r->added))
		return out_of_memory(err);
	r->pending = (struct wr_rules_pending){0};
	ret = wr_rules_change_to(r, &list, r->all, err); /* without the end that it had till now */
	wr_rules_free_list(&list);
	if (ret) {
		r->pending = p;
		return ret;
	}
	wr_rules_free_pending(&p);
	wr_rules_save(r, true);
	return 0;
}

/* ---- the changes ---- */

/* Out of the policy that is being made, when it was added by detection. */
static int drop_old(const struct wr_rules *r, struct wr_policy *p, const char *text,
		    struct wr_err *err)
{
	char name[WR_POLICY_NAME + 1];
	int at;

	name_of(skip_blanks(text), name);
	at = wr_policy_rule(p, name);
	if (at < 0 || !p->rule[at].automatic || find(&r->added, name) == r->added.n)
		return 0;
	return wr_policy_del_rule(p, name, err);
}

static int cannot_add(struct wr_err *err)
{
	return wr_fail(err, EINVAL,
		       "only rules and sets can be added; classes, links, models "
		       "and fragments stand in the file");
}

static int add(struct wr_rules *r, const struct wr_rules_change *c, bool shadow, char *name,
	       struct wr_err *err)
{
	struct wr_policy *p = NULL;
	struct wr_rules_list list = {0};
	struct wr_buf text = {0};
	char key[WR_POLICY_NAME + 1] = "";
	struct wr_rules_change of = *c;
	bool longer;
	size_t rules = 0, at;
	int ret = c->replace ? 0 : nothing_waits(r, err);

	/* Refused before its file is read, by whoever may be asked to. */
	if (!ret && begins_with(c->text, "model"))
		ret = cannot_add(err);
	if (!ret && r->added.n == MOST_ADDED)
		ret = wr_fail(err, E2BIG, "more than %d statements added; a file takes more",
			      MOST_ADDED);
	if (!ret)
		ret = wr_policy_copy(&p, r->all, err);
	if (!ret && c->replace)
		ret = drop_old(r, p, c->text, err);
	if (!ret) {
		rules = p->n_rules;
		/* Made longer or better, which its own bound is for (detect/answer.h): it must not
		 * end because something else is found at the same time. */
		of.counted_out |= rules < r->all->n_rules;
	}
	if (!ret && is_set(c->text))
		ret = asked_set(r, p, skip_blanks(c->text), &text, name, err);
	else if (!ret)
		ret = wr_policy_add(p, c->text, err);
	if (!ret && p->n_rules > rules)
		ret = asked_rule(p, shadow, &text, name, err);
	if (!ret && !text.used)
		ret = cannot_add(err);
	/* An attack does not wait until somebody has confirmed something else. */
	longer = !ret && c->replace && only_longer(r, p, name);
	if (!ret && !longer)
		ret = nothing_waits(r, err);
	if (!ret && p->n_rules > rules)
		ret = guard(r, p, name, c, err);
	if (!ret && wr_rules_copy_list(&list, &r->added))
		ret = out_of_memory(err);
	if (!ret) {
		name_of(wr_buf_text(&text), key);
		at = find(&list, key);
		if (at < list.n ? replace_at(&list, at, text.at)
				: wr_rules_list_add(&list, text.at))
			ret = out_of_memory(err);
	}
	if (!ret && key[0] == '@')
		ret = guard_others(r, &list, p, true, c, err);
	if (!ret)
		ret = change(r, &of, &list, p, name, err);
	if (!ret && r->pending.due_ns && longer)
		ret = longer_before(r, p, name, err);
	wr_rules_free_list(&list);
	wr_policy_free(&p);
	wr_buf_free(&text);
	return ret;
}

int wr_rules_add(struct wr_rules *r, const struct wr_rules_change *c, char *name,
		 struct wr_err *err)
{
	return add(r, c, false, name, err);
}

/* The place of a rule or set that was added. */
static int place_of(const struct wr_rules *r, const char *name, size_t *at, struct wr_err *err)
{
	int rule = wr_policy_rule(r->all, name);

	*at = find(&r->added, name);
	if (*at < r->added.n)
		return 0;
	if (rule >= 0 || (name[0] == '@' && wr_policy_set(r->all, name + 1) >= 0))
		return wr_fail(err, EEXIST,
			       "%s stands in %s: change it there, then weir config reload; an "
			       "`allow` that is added comes before it at once",
			       name, r->path);
	return wr_fail(err, ENOENT, "there is no rule '%s' (weir rule list)", name);
}

int wr_rules_del(struct wr_rules *r, const struct wr_rules_change *c, char *name,
		 struct wr_err *err)
{
	struct wr_rules_list list = {0};
	size_t at = 0;
	int ret = nothing_waits(r, err);

	snprintf(name, WR_POLICY_NAME, "%s", c->text);
	if (!ret)
		ret = place_of(r, c->text, &at, err);
	if (!ret && wr_rules_copy_list(&list, &r->added))
		ret = out_of_memory(err);
	if (!ret) {
		remove_at(&list, at);
		ret = is_allow(r, c->text) ? guard_others(r, &list, r->all, false, c, err) : 0;
	}
	if (!ret)
		ret = change(r, c, &list, r->all, "", err);
	wr_rules_free_list(&list);
	return ret;
}

/* A rule that was added becomes a shadow, or ceases to be one. */
static int turn(struct wr_rules *r, const struct wr_rules_change *c, bool shadow, char *name,
		struct wr_err *err)
{
	struct wr_policy *p = NULL;
	struct wr_rules_list list = {0};
	struct wr_buf text = {0};
	struct wr_rule *x;
	size_t at = 0;
	int ret = nothing_waits(r, err);

	snprintf(name, WR_POLICY_NAME, "%s", c->text);
	if (!ret)
		ret = place_of(r, c->text, &at, err);
	if (!ret && c->text[0] == '@')
		ret = wr_fail(err, EINVAL, "%s is a set, no rule", c->text);
	if (!ret)
		ret = wr_policy_copy(&p, r->all, err);
	if (!ret) {
		x = &p->rule[wr_policy_rule(p, c->text)];
		x->shadow = shadow;
		ret = write_rule(p, x, &text, err);
	}
	if (!ret && !shadow)
		ret = guard(r, p, name, c, err);
	if (!ret && (wr_rules_copy_list(&list, &r->added) || replace_at(&list, at, text.at)))
		ret = out_of_memory(err);
	if (!ret && shadow && is_allow(r, c->text))
		ret = guard_others(r, &list, r->all, false, c, err);
	if (!ret)
		ret = change(r, c, &list, r->all, shadow ? "" : name, err);
	wr_rules_free_list(&list);
	wr_policy_free(&p);
	wr_buf_free(&text);
	return ret;
}

int wr_rules_shadow(struct wr_rules *r, const struct wr_rules_change *c, char *name,
		    struct wr_err *err)
{
	if (wr_policy_rule(r->all, c->text) >= 0)
		return turn(r, c, true, name, err);
	return add(r, c, true, name, err);
}

int wr_rules_enforce(struct wr_rules *r, const struct wr_rules_change *c, char *name,
		     struct wr_err *err)
{
	return turn(r, c, false, name, err);
}

static void tell_switch(const struct wr_rules *r, bool on, const char *text, const char *who)
{
	struct timespec t;
	struct wr_rules_event e = {
		.state = on ? "on" : "off", .action = "switch", .text = text, .who = who};

	clock_gettime(CLOCK_REALTIME, &t);
	e.at_ns = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
	if (r->conf.changed)
		r->conf.changed(r->conf.changed_ctx, &e);
}

int wr_rules_switch(struct wr_rules *r, bool on, const char *who, struct wr_err *err)
{
	const char *text =
		on ? "enforced again" : "switched off: all is counted, nothing is kept out";
	bool was = r->off;
	int ret;

	r->off = !on;
	ret = wr_rules_put(r, err);
	if (ret) {
		r->off = was;
		return ret;
	}
	wr_rules_save(r, true);
	wr_rules_say(r, "policy: %s", text);
	if (was != r->off)
		tell_switch(r, on, text, who);
	return 0;
}

/* ---- ends ---- */

/* In the kernel they have ended by themselves. */
void wr_rules_forget_ended(struct wr_rules *r)
{
	struct wr_rules_list list = {0};
	struct wr_err err = {0};
	char name[WR_POLICY_NAME + 1];
	struct wr_buf ended = {0};
	bool some = false;

	if (r->pending.due_ns || wr_rules_copy_list(&list, &r->added))
		return;
	for (size_t i = list.n; i--;) {
		int at;

		name_of(list.at[i], name);
		at = wr_policy_rule(r->all, name);
		if (at < 0 || !r->all->rule[at].until_s ||
		    r->all->rule[at].until_s > wr_rules_now_s())
			continue;
		wr_buf_fmt(&ended, " %s", name);
		remove_at(&list, i);
		some = true;
	}
	if (some && !wr_rules_change_to(r, &list, r->all, &err)) {
		wr_rules_say(r, "policy: ended:%s", wr_buf_text(&ended));
		wr_rules_save(r, false);
	} else if (some) {
		r->tried_ns = wr_loop_now_ns(); /* again in a second */
	}
	wr_buf_free(&ended);
	wr_rules_free_list(&list);
}
