/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/loop.h"
#include "capture/board.h"
#include "control/cookies.h"
#include "daemon/rules_impl.h"

enum { MOST_BYTES = 256 << 20, IFACES = 512 };

#define AGAIN_NS 1000000000ull /* what failed is tried again after that */

/* A policy that could be put in force: all that may fail but that is done. */
struct made {
	struct wr_image_built *image; /* owned */
	uint16_t *slot;		      /* owned; by rule of the policy */
	struct wr_class_counters classes;
	struct wr_host_rules hosts; /* owned */
	uint64_t changes, joins;    /* of struct wr_rules when it was made */
	uint64_t took_ns;
	bool off;
};

struct wr_rules_next {
	struct wr_rules *r;
	struct wr_policy *file, *all;
	struct wr_policy *was; /* what comes back in place of all; NULL: no change waits */
	int64_t *until_s;
	struct made made;
	char path[256];
};

void wr_rules_say(const struct wr_rules *r, const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (r->conf.say)
		r->conf.say(r->conf.say_ctx, line);
}

int64_t wr_rules_now_s(void)
{
	return (int64_t)time(NULL);
}

/* ---- lists of statements ---- */

int wr_rules_list_add(struct wr_rules_list *l, const char *text)
{
	char *copy = strdup(text);
	char **at = copy ? realloc(l->at, (l->n + 1) * sizeof(*at)) : NULL;

	if (!at) {
		free(copy);
		return -ENOMEM;
	}
	l->at = at;
	l->at[l->n++] = copy;
	return 0;
}

void wr_rules_free_list(struct wr_rules_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->at[i]);
	free(l->at);
	*l = (struct wr_rules_list){0};
}

int wr_rules_copy_list(struct wr_rules_list *to, const struct wr_rules_list *from)
{
	*to = (struct wr_rules_list){0};
	for (size_t i = 0; i < from->n; i++)
		if (wr_rules_list_add(to, from->at[i])) {
			wr_rules_free_list(to);
			return -ENOMEM;
		}
	return 0;
}

/* ---- the file ---- */

struct told {
	const struct wr_rules *r;
	const char *path;
};

static void tell(void *ctx, unsigned int line, unsigned int column, const char *text)
{
	const struct told *t = ctx;

	wr_rules_say(t->r, "%s:%u:%u: %s", t->path, line, column, text);
}

/* The text of the file; without one there is none. */
static int read_text(struct wr_buf *text, const char *path)
{
	int fd, ret;

	if (!path[0])
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = wr_buf_read(text, fd, MOST_BYTES);
	close(fd);
	return ret;
}

static int read_policy(const struct wr_rules *r, const char *path, struct wr_policy **out,
		       struct wr_err *err)
{
	struct told told = {r, path};
	struct wr_buf text = {0};
	int ret = read_text(&text, path);

	if (ret)
		ret = wr_fail(err, ret == -EFBIG ? E2BIG : -ret, "policy.file: %s: %s", path,
			      ret == -EFBIG ? "larger than 256 MiB; sets can name files"
					    : strerror(-ret));
	else
		ret = wr_policy_parse(out, wr_buf_text(&text), text.used, path, tell, &told, err);
	wr_buf_free(&text);
	return ret;
}

static bool same_text(const struct wr_policy *a, const struct wr_rule *x, const struct wr_policy *b,
		      const struct wr_rule *y)
{
	struct wr_buf s = {0}, t = {0};
	bool same;

	wr_policy_print_rule(&s, a, x);
	wr_policy_print_rule(&t, b, y);
	same = !strcmp(wr_buf_text(&s), wr_buf_text(&t));
	wr_buf_free(&s);
	wr_buf_free(&t);
	return same;
}

/* A rule that stood there before, in the same words, goes on; `for` counts from when it came. */
static int64_t *ends_of(const struct wr_rules *r, const struct wr_policy *file)
{
	int64_t *until_s = calloc(file->n_rules + 1, sizeof(*until_s));

	for (size_t i = 0; until_s && i < file->n_rules; i++) {
		const struct wr_rule *x = &file->rule[i];
		int old = r->file && x->for_s ? wr_policy_rule(r->file, x->name) : -1;

		if (!x->for_s)
			continue;
		if (old >= 0 && same_text(file, x, r->file, &r->file->rule[old]))
			until_s[i] = r->until_s[old];
		else
			until_s[i] = wr_rules_now_s() + x->for_s;
	}
	return until_s;
}

int wr_rules_join(const struct wr_rules *r, const struct wr_policy *file, const int64_t *until_s,
		  const struct wr_rules_list *added, const struct wr_policy *known,
		  struct wr_policy **out, struct wr_err *err)
{
	struct wr_policy *p = NULL;
	int ret = wr_policy_copy(&p, file, err);

	for (size_t i = 0; !ret && i < p->n_rules; i++)
		if (until_s[i]) {
			p->rule[i].until_s = until_s[i];
			p->rule[i].for_s = 0;
		}
	for (size_t i = 0; !ret && i < added->n; i++) {
		ret = wr_policy_add_known(p, added->at[i], known, err);
		if (ret)
			ret = wr_within(err, "added: %.80s", added->at[i]);
	}
	if (!ret && r->pending.due_ns && r->pending.name[0]) {
		int at = wr_policy_rule(p, r->pending.name);

		/* Also when this process is gone by then. */
		if (at >= 0 && (!p->rule[at].until_s || p->rule[at].until_s > r->pending.until_s))
			p->rule[at].until_s = r->pending.until_s;
	}
	if (ret)
		wr_policy_free(&p);
	else
		*out = p;
	return ret;
}

static bool answers(const struct wr_policy *p, const char *rule)
{
	int at = wr_policy_rule(p, rule);

	return at >= 0 && p->rule[at].action == WR_ACTION_COOKIES && !p->rule[at].shadow;
}

/* What is in force already stays so, whatever the host has come to: one change shall not fail
 * because of another rule. */
int wr_rules_check(const struct wr_rules *r, const struct wr_policy *p, struct wr_err *err)
{
	int ret = wr_hosts_check(p, err);

	if (ret)
		return ret;
	for (size_t i = 0; i < p->n_rules; i++) {
		const struct wr_rule *x = &p->rule[i];

		if (x->out && !r->conf.out)
			return wr_fail(
				err, EINVAL,
				"rule %s: 'out' is for what leaves, which is not watched: set "
				"capture.out = yes and restart weir",
				x->name);
		if (answers(p, x->name) && !(r->all && answers(r->all, x->name)) &&
		    wr_cookies_check(err))
			return wr_within(err, "rule %s", x->name);
	}
	return 0;
}

/* ---- putting it in force ---- */

static int assign_slots(struct wr_rules *r, const struct wr_policy *p, uint16_t *slot,
			struct wr_err *err)
{
	for (size_t i = 0; i < p->n_rules; i++) {
		int n = 0;

		if (p->rule[i].action != WR_ACTION_CLASS)
			n = wr_force_slot(r->force, p->rule[i].name);
		if (n < 0)
			return wr_fail(err, ENOSPC, "rule %s: more rules than can be counted",
				       p->rule[i].name);
		slot[i] = (uint16_t)n;
	}
	return 0;
}

static int compile(struct wr_rules *r, const struct wr_policy *p, const uint16_t *slot,
		   const struct wr_class_slots *classes, struct wr_image_built **out,
		   struct wr_err *err)
{
	static struct wr_image_iface iface[IFACES];
	struct wr_path *const *path = NULL;
	struct wr_image_conf conf = {
		.iface = iface,
		.n_ifaces = wr_force_paths(r->force, &path),
		.slot = slot,
		.host = r->host_number,
		.classes = classes,
		.now_s = wr_rules_now_s(),
		.clock_ns = wr_force_clock_ns(),
		.tick_ns = wr_force_tick_ns(),
		.most_lines = wr_force_lines(r->force),
		.count_only = r->off,
	};

	for (uint32_t i = 0; i < conf.n_ifaces; i++) {
		memcpy(iface[i].name, wr_path_iface(path[i])->name, sizeof(iface[i].name));
		iface[i].out = wr_path_hook(path[i]) == WR_HOOK_TC_OUT;
		iface[i].link = wr_force_link(r->force, i);
	}
	if (!conf.n_ifaces) { /* to see whether it can be compiled at all */
		iface[0] = (struct wr_image_iface){.name = ""};
		conf.n_ifaces = 1;
	}
	return wr_image_compile(out, p, &conf, err);
}

/* Those of `class` rules, which have none, are taken out. */
static size_t counted_slots(const struct wr_policy *p, uint16_t *slot)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_rules; i++)
		if (p->rule[i].action != WR_ACTION_CLASS)
			slot[n++] = slot[i];
	return n;
}

static bool flow_there(void *live, const struct wr_flow_key *key)
{
	return wr_flow_find(wr_live_flows(live), key) != UINT32_MAX;
}

static void unmake(struct made *m)
{
	wr_host_rules_free(&m->hosts);
	wr_image_close(&m->image);
	free(m->slot);
	*m = (struct made){0};
}

/* It is not put: its rules need no counters. Of what else is made meanwhile they are others now. */
static void unmake_unused(struct wr_rules *r, struct made *m)
{
	unmake(m);
	wr_force_give_back(r->force);
	r->joins++;
}

static int make(struct wr_rules *r, const struct wr_policy *p, struct made *m, struct wr_err *err)
{
	uint64_t began = wr_loop_now_ns();
	int ret;

	*m = (struct made){.changes = r->changes, .joins = r->joins, .off = r->off};
	m->slot = calloc(WR_POLICY_RULES + sizeof(m->classes) / sizeof(*m->slot), sizeof(*m->slot));
	ret = m->slot ? assign_slots(r, p, m->slot, err) : wr_fail(err, ENOMEM, "out of memory");
	if (!ret)
		ret = wr_classes_slots(r->classes, p, &m->classes, err);
	if (!ret)
		ret = wr_hosts_plan(&r->hosts, p, m->slot, &m->hosts, r->host_number, err);
	if (!ret)
		ret = compile(r, p, m->slot, m->classes.link, &m->image, err);
	m->took_ns = wr_loop_now_ns() - began;
	if (ret)
		unmake_unused(r, m);
	return ret;
}

/* Have slots, interfaces and what is due stayed as they were when it was made? */
static bool still_right(const struct wr_rules *r, const struct made *m)
{
	return m->image && m->changes == r->changes && m->joins == r->joins && m->off == r->off &&
	       !(m->image->next_s && wr_rules_now_s() >= m->image->next_s);
}

static void in_force(struct wr_rules *r, const struct wr_policy *p, struct made *m)
{
	size_t n;

	memcpy(r->slot, m->slot, sizeof(r->slot));
	n = counted_slots(p, m->slot);
	if (p->n_classes) {
		memcpy(m->slot + n, &m->classes, sizeof(m->classes));
		n += sizeof(m->classes) / sizeof(*m->slot);
	}
	wr_force_only(r->force, m->slot, n);
	wr_classes_put(r->classes, p, &m->classes);
	r->next_s = m->image->next_s;
	r->changes++;
	r->due = false;
	r->trouble[0] = 0;
	wr_rules_note(r, p);
}

/* m is empty afterwards. */
static int put_made(struct wr_rules *r, const struct wr_policy *p, struct made *m,
		    struct wr_err *err)
{
	struct wr_hosts_known known = {.there = flow_there, .ctx = r->live};
	uint64_t began = wr_loop_now_ns();
	int ret;

	if (r->live)
		known.apps = wr_live_apps(r->live);
	wr_hosts_begin(&r->hosts, &m->hosts, &known);
	ret = wr_force_put(r->force, m->image, err);
	wr_hosts_end(&r->hosts, &m->hosts, !ret, &known);
	if (!ret) {
		r->put_ns = m->took_ns + wr_loop_now_ns() - began;
		in_force(r, p, m);
	}
	m->hosts = (struct wr_host_rules){0}; /* taken */
	if (ret)
		unmake_unused(r, m);
	else
		unmake(m);
	return ret;
}

int wr_rules_put_policy(struct wr_rules *r, const struct wr_policy *p, struct wr_err *err)
{
	struct made m;
	int ret = make(r, p, &m, err);

	return ret ? ret : put_made(r, p, &m, err);
}

int wr_rules_put(struct wr_rules *r, struct wr_err *err)
{
	return wr_rules_put_policy(r, r->all, err);
}

void wr_rules_step(struct wr_rules *r)
{
	uint64_t now = wr_loop_now_ns();
	struct wr_err err = {0};

	wr_classes_step(r->classes, now);
	if (now - r->tried_ns < AGAIN_NS)
		return;
	wr_rules_take_back(r);
	if (r->next_s && wr_rules_now_s() >= r->next_s) {
		wr_rules_forget_ended(r);
		r->due = true;
	}
	if (!r->due)
		return;
	if (!wr_rules_put(r, &err)) {
		r->tried_ns = 0;
		return;
	}
	r->tried_ns = now;
	if (strcmp(r->trouble, err.text) != 0)
		wr_rules_say(r, "policy: %s; tried again every second", err.text);
	memcpy(r->trouble, err.text,
	       sizeof(r->trouble) < sizeof(err.text) ? sizeof(r->trouble) : sizeof(err.text));
	r->trouble[sizeof(r->trouble) - 1] = 0;
}

/* ---- another file ---- */

void wr_rules_drop(struct wr_rules_next **next)
{
	struct wr_rules_next *n = *next;

	if (!n)
		return;
	wr_policy_free(&n->file);
	wr_policy_free(&n->all);
	wr_policy_free(&n->was);
	if (n->made.image)
		unmake_unused(n->r, &n->made);
	free(n->until_s);
	free(n);
	*next = NULL;
}

/* The change that waits may be taken back, and then lists say what they say now. */
static int join_what_was(struct wr_rules *r, struct wr_rules_next *n, struct wr_err *err)
{
	int ret = wr_rules_join(r, n->file, n->until_s, &r->pending.before, n->all, &n->was, err);

	ret = ret ? ret : wr_rules_check(r, n->was, err);
	if (ret)
		wr_within(err, "what comes back unless the change that waits is confirmed");
	return ret;
}

int wr_rules_read(struct wr_rules *r, const char *file, struct wr_rules_next **out,
		  struct wr_err *err)
{
	struct wr_rules_next *n = calloc(1, sizeof(*n));
	int ret;

	if (!n)
		return wr_fail(err, ENOMEM, "out of memory");
	n->r = r;
	snprintf(n->path, sizeof(n->path), "%s", file);
	ret = read_policy(r, file, &n->file, err);
	if (!ret) {
		n->until_s = ends_of(r, n->file);
		ret = n->until_s ? 0 : wr_fail(err, ENOMEM, "out of memory");
	}
	if (!ret)
		ret = wr_rules_join(r, n->file, n->until_s, &r->added, NULL, &n->all, err);
	if (!ret)
		ret = wr_rules_check(r, n->all, err);
	if (!ret && r->pending.due_ns)
		ret = join_what_was(r, n, err);
	if (!ret)
		ret = make(r, n->all, &n->made, err);
	if (ret)
		wr_rules_drop(&n);
	else
		*out = n;
	return ret;
}

int wr_rules_take(struct wr_rules *r, struct wr_rules_next **next, struct wr_err *err)
{
	struct wr_rules_next *n = *next;
	struct wr_policy *old[2] = {r->file, r->all};
	int ret = 0;

	if (!still_right(r, &n->made)) {
		unmake(&n->made);
		ret = make(r, n->all, &n->made, err);
	}
	r->who = "the file";
	ret = ret ? ret : put_made(r, n->all, &n->made, err);
	r->who = NULL;
	if (ret)
		return ret;
	free(r->until_s);
	r->file = n->file;
	r->all = n->all;
	r->until_s = n->until_s;
	memcpy(r->path, n->path, sizeof(r->path));
	if (r->pending.due_ns && n->was) {
		wr_policy_free(&r->pending.was);
		r->pending.was = n->was;
		n->was = NULL;
	}
	*n = (struct wr_rules_next){.file = old[0], .all = old[1], .was = n->was};
	wr_rules_drop(next);
	wr_rules_say(r, "policy: %zu rules of %s in force after %.1f ms", r->all->n_rules, r->path,
		     (double)r->put_ns / 1e6);
	return 0;
}

/* ---- paths ---- */

const struct wr_judge_maps *wr_rules_maps(const struct wr_rules *r)
{
	return wr_force_maps(r->force);
}

const char *wr_rules_name(void *ctx, uint32_t slot)
{
	const struct wr_rules *r = ctx;

	return wr_force_rule(r->force, slot);
}

uint32_t wr_rules_slots(void *ctx)
{
	const struct wr_rules *r = ctx;

	return wr_force_slots(r->force);
}

int wr_rules_hold(struct wr_rules *r, const char *program)
{
	return wr_force_hold(r->force, program);
}

void wr_rules_release(struct wr_rules *r, const char *program)
{
	wr_force_release(r->force, program);
}

void wr_rules_joins(void *ctx, struct wr_path *path, bool joins)
{
	struct wr_rules *r = ctx;

	if (joins)
		wr_force_join(r->force, path);
	else
		wr_force_leave(r->force, path);
	r->due = true; /* links are numbered anew, too */
	r->joins++;
	r->tried_ns = 0;
}

/* ---- open, close ---- */

int wr_rules_open(struct wr_rules **out, const struct wr_rules_conf *conf, struct wr_err *err)
{
	struct wr_rules *r = calloc(1, sizeof(*r));
	struct wr_force_conf force = {
		.policy_bytes = conf->policy_bytes,
		.rate_bytes = conf->rate_bytes,
		.pin_dir = conf->pin_dir,
		.where = conf->where,
		.where_ctx = conf->where_ctx,
	};
	struct wr_rules_next *next = NULL;
	int ret;

	if (!r)
		return wr_fail(err, ENOMEM, "out of memory");
	r->conf = *conf;
	snprintf(r->state, sizeof(r->state), "%s", conf->state);
	ret = wr_shadows_open(&r->shadows, err);
	if (!ret)
		ret = wr_force_open(&r->force, &force, err);
	if (!ret) {
		r->hosts.force = r->force;
		wr_force_hosts_clear(r->force); /* nobody would tell that those flows have ended */
		if (wr_force_older(r->force))
			wr_rules_say(r,
				     "policy: what an earlier weir left in force has another form "
				     "(%u, not %u) and was switched off; this one's rules follow",
				     wr_force_older(r->force), WR_IMAGE_ABI);
	}
	ret = ret ? ret : wr_classes_open(&r->classes, r->force, conf->pressure, err);
	if (!ret)
		ret = wr_rules_read(r, conf->file, &next, err);
	if (!ret && next) {
		r->file = next->file;
		r->all = next->all;
		r->until_s = next->until_s;
		memcpy(r->path, next->path, sizeof(r->path));
		unmake(&next->made);
		free(next);
		wr_rules_load(r);
		r->due = true;
		*out = r;
		return 0;
	}
	wr_rules_close(&r);
	return ret;
}

void wr_rules_close(struct wr_rules **rules)
{
	struct wr_rules *r = *rules;

	if (!r)
		return;
	wr_classes_close(&r->classes);
	wr_force_close(&r->force);
	wr_shadows_close(&r->shadows);
	wr_host_rules_free(&r->hosts.in_force);
	wr_policy_free(&r->file);
	wr_policy_free(&r->all);
	wr_rules_free_list(&r->added);
	wr_rules_free_pending(&r->pending);
	free(r->until_s);
	free(r);
	*rules = NULL;
}

/* ---- what there is ---- */

const struct wr_policy *wr_rules_policy(const struct wr_rules *r)
{
	return r->all;
}

const struct wr_classes *wr_rules_classes(const struct wr_rules *r)
{
	return r->classes;
}

void wr_rules_window(struct wr_rules *r)
{
	wr_classes_window(r->classes);
	for (size_t i = 0; i < r->all->n_rules; i++) {
		struct wr_rule_count now;

		if (r->all->rule[i].action == WR_ACTION_CLASS)
			continue;
		wr_force_count(r->force, r->slot[i], &now);
		r->rate[r->slot[i]].matched_pps = now.packets - r->rate[r->slot[i]].matched;
		r->rate[r->slot[i]].stopped_pps = now.hit_packets - r->rate[r->slot[i]].stopped;
		r->rate[r->slot[i]].matched_bytes = now.bytes - r->rate[r->slot[i]].bytes;
		if (now.packets < r->rate[r->slot[i]].matched) /* another rule had it */
			r->rate[r->slot[i]].matched_pps = r->rate[r->slot[i]].stopped_pps =
				r->rate[r->slot[i]].matched_bytes = 0;
		r->rate[r->slot[i]].bytes = now.bytes;
		r->rate[r->slot[i]].matched = now.packets;
		r->rate[r->slot[i]].stopped = now.hit_packets;
	}
}

void wr_rules_now(const struct wr_rules *r,
		  void (*fn)(void *ctx, const char *name, const struct wr_rule_now *now), void *ctx)
{
	for (size_t i = 0; i < r->all->n_rules; i++) {
		const struct wr_rule *x = &r->all->rule[i];
		bool stops = !x->shadow && !r->off;
		uint64_t stopped = stops ? r->rate[r->slot[i]].stopped_pps : 0;
		struct wr_rule_now now = {
			.matched = {r->rate[r->slot[i]].matched_pps,
				    r->rate[r->slot[i]].matched_bytes},
			.dropped = x->action == WR_ACTION_DROP ? stopped : 0,
			.limited = x->action == WR_ACTION_LIMIT || x->action == WR_ACTION_COOKIES
					   ? stopped
					   : 0,
		};

		if (x->action != WR_ACTION_CLASS && now.matched.packets)
			fn(ctx, x->name, &now);
	}
}

struct wr_rules_state wr_rules_state(const struct wr_rules *r)
{
	struct wr_path *const *path = NULL;
	uint64_t now = wr_loop_now_ns();
	struct wr_rules_state s = {
		.off = r->off,
		.file = r->path,
		.state = r->state,
		.rules = (uint32_t)r->all->n_rules,
		.paths = wr_force_paths(r->force, &path),
		.changes = r->changes,
		.put_ns = r->put_ns,
		.trouble = r->trouble[0] ? r->trouble : NULL,
	};

	if (r->pending.due_ns)
		s.confirm_ms =
			r->pending.due_ns > now ? (r->pending.due_ns - now + 999999) / 1000000 : 1;
	for (size_t i = 0; i < r->all->n_sets; i++)
		s.prefixes += (uint32_t)r->all->set[i].all.n;
	for (uint32_t i = 0; i < s.paths; i++)
		s.forgiven_ns += wr_force_forgiven_ns(wr_path_board(path[i]));
	return s;
}

const char *wr_rules_action(enum wr_action a)
{
	static const char *const names[WR_ACTION_COUNT] = {[WR_ACTION_ALLOW] = "allow",
							   [WR_ACTION_DROP] = "drop",
							   [WR_ACTION_LIMIT] = "limit",
							   [WR_ACTION_CLASS] = "class",
							   [WR_ACTION_COOKIES] = "cookies"};

	return names[a];
}

void wr_rules_row(const struct wr_rules *r, size_t i, uint32_t order, struct wr_buf *text,
		  struct wr_rule_row *row)
{
	const struct wr_rule *x = &r->all->rule[i];
	bool counted = x->action != WR_ACTION_CLASS;
	struct wr_rule_count n = {0};

	*row = (struct wr_rule_row){
		.order = order,
		.name = x->name,
		.action = wr_rules_action(x->action),
		.why = x->why,
		.origin = i < r->file->n_rules ? "file" : "added",
		.shadow = x->shadow,
		.automatic = x->automatic,
		.until_s = x->until_s,
		.ended = x->until_s && x->until_s <= wr_rules_now_s(),
		.unconfirmed = r->pending.due_ns && !strcmp(r->pending.name, x->name),
		.idle = (x->at.days || x->at.from_min != x->at.to_min) &&
			!wr_schedule_has(&x->at, wr_rules_now_s()),
		.syncookies = x->action == WR_ACTION_COOKIES ? wr_cookies_sysctl() + 1 : 0,
	};
	if (counted)
		wr_force_count(r->force, r->slot[i], &n);
	row->matched = (struct wr_count){n.packets, n.bytes};
	row->stopped = (struct wr_count){n.hit_packets, n.hit_bytes};
	if (counted) {
		row->matched_pps = r->rate[r->slot[i]].matched_pps;
		row->stopped_pps = r->rate[r->slot[i]].stopped_pps;
	}
	wr_buf_clear(text);
	wr_policy_print_rule(text, r->all, x);
	row->text = wr_buf_text(text);
}

void wr_rules_each(const struct wr_rules *r, void (*fn)(void *ctx, const struct wr_rule_row *row),
		   void *ctx)
{
	uint32_t *order = calloc(r->all->n_rules + 1, sizeof(*order));
	struct wr_buf text = {0};
	struct wr_rule_row row;

	if (order)
		wr_policy_order(r->all, order);
	for (uint32_t i = 0; order && i < r->all->n_rules; i++) {
		wr_rules_row(r, order[i], i + 1, &text, &row);
		fn(ctx, &row);
	}
	wr_buf_free(&text);
	free(order);
}
