/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/classes.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/pressure.h"
#include "policy/budget.h"

#define STEP_NS 100000000u /* between two looks at the host */
#define BUSY 0.9	   /* a CPU that is so much in interrupts has no time for more */
#define HALF_BUSY 0.5	   /* below it there is time for sockets: who does not read is at fault */
#define LOST 100	   /* one packet of so many: sockets do not keep up */

/* Of a path, in the order of wr_force_paths(). */
struct link {
	struct wr_path *path; /* to see that it is another one */
	struct wr_budget budget;
	const char *known_by; /* how its capacity is known */
	uint64_t passed, passed_ns, used_bps;
};

struct counted {
	struct wr_class_counts all, second; /* since it began; in the last second */
};

struct wr_classes {
	struct wr_force *force;
	struct wr_pressure_reader *pressure; /* owned; NULL: the host is not looked at */
	struct wr_class klass[WR_CLASSES];   /* of the policy in force */
	uint32_t n;			     /* 0: it has none, nothing is governed */
	struct wr_class_counters counters;
	struct link link[WR_LINKS];
	struct counted counted[WR_CLASSES + 1];
	struct counted own[WR_LINKS_COUNTED][WR_CLASSES + 1], /* by number of the link */
		own_before[WR_LINKS_COUNTED][WR_CLASSES + 1]; /* under the policy before */
	uint32_t had;				     /* links that had classes of their own then */
	struct wr_class_row (*rows)[WR_CLASSES + 1]; /* owned; by number of the link */
	uint64_t packets, stepped_ns, pressed;	     /* steps in which the host did not keep up */
	const char *why;			     /* the last of them */
};

int wr_classes_open(struct wr_classes **out, struct wr_force *force, bool pressure,
		    struct wr_err *err)
{
	struct wr_classes *c = calloc(1, sizeof(*c));
	int ret = -ENOMEM;

	if (c)
		c->rows = calloc(WR_LINKS_COUNTED, sizeof(*c->rows));
	if (c && c->rows)
		ret = pressure ? wr_pressure_open(&c->pressure) : 0;
	if (ret) {
		if (c)
			free(c->rows);
		free(c);
		return wr_fail(err, ENOMEM, "out of memory");
	}
	c->force = force;
	*out = c;
	return 0;
}

void wr_classes_close(struct wr_classes **classes)
{
	struct wr_classes *c = *classes;

	if (!c)
		return;
	wr_pressure_close(&c->pressure);
	free(c->rows);
	free(c);
	*classes = NULL;
}

/* ---- a policy ---- */

/*
 * Counters are found by name, as those of rules are. What a class lost is told by interface anyway,
 * so it is "class NAME" everywhere; no rule's name has a blank. What it had of a link is NAME, a
 * sign and the interface: no name of a class has such a sign, and all of that has just room.
 */
enum { OFFERED, MARKED, KINDS };
static const char sign[KINDS][2] = {{'<', '>'}, {'[', ']'}}; /* by direction */
_Static_assert(WR_POLICY_NAME - 1 + 1 + 16 <= WR_RULE_NAME, "a name of a class and of a link");

static const char *name_of(const struct wr_policy *p, uint32_t class)
{
	return class < p->n_classes ? p->class_[class].name : "";
}

static int slot_of(struct wr_classes *c, uint16_t *slot, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int slot_of(struct wr_classes *c, uint16_t *slot, const char *fmt, ...)
{
	char text[WR_RULE_NAME];
	va_list ap;
	int n;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	n = wr_force_slot(c->force, text);
	*slot = (uint16_t)n;
	return n < 0 ? n : 0;
}

/* iface "": of links that are there no more. */
static int own_slots(struct wr_classes *c, const char *class, const char *iface, bool out,
		     uint32_t i, struct wr_class_slots *slots)
{
	int ret = slot_of(c, &slots->offered[i], "%s%c%s", class, sign[OFFERED][out], iface);

	return ret ? ret : slot_of(c, &slots->marked[i], "%s%c%s", class, sign[MARKED][out], iface);
}

static int shared_slots(struct wr_classes *c, const char *class, uint32_t i,
			struct wr_class_slots *slots)
{
	const char *word = *class ? "class " : "no class";
	int ret = slot_of(c, &slots->offered[i], "%s%s", word, class);

	slots->gone[i] = slots->offered[i];
	return ret ? ret : slot_of(c, &slots->marked[i], "%s%s marked", word, class);
}

static int class_slots(struct wr_classes *c, const char *class, uint32_t i,
		       struct wr_class_counters *out)
{
	struct wr_path *const *path = NULL;
	uint32_t n = wr_force_paths(c->force, &path);
	int ret = shared_slots(c, class, i, &out->others);

	out->past.gone[i] = out->others.gone[i];
	ret = ret ? ret : own_slots(c, class, "", false, i, &out->past);
	for (uint32_t l = 0; l < WR_LINKS; l++) {
		out->link[l].offered[i] = out->others.offered[i];
		out->link[l].marked[i] = out->others.marked[i];
		out->link[l].gone[i] = out->others.gone[i];
	}
	for (uint32_t k = 0; k < n && !ret; k++) {
		uint32_t number = wr_force_link(c->force, k);

		if (number && number <= WR_LINKS_COUNTED)
			ret = own_slots(c, class, wr_path_iface(path[k])->name,
					wr_path_hook(path[k]) == WR_HOOK_TC_OUT, i,
					&out->link[number - 1]);
	}
	return ret;
}

int wr_classes_slots(struct wr_classes *c, const struct wr_policy *p, struct wr_class_counters *out,
		     struct wr_err *err)
{
	uint16_t(*by_class)[WR_CLASSES + 1] = &out->link[0].offered;
	int ret = 0;

	memset(out, 0, sizeof(*out));
	for (uint32_t i = 0; i < p->n_classes && !ret; i++)
		ret = class_slots(c, name_of(p, i), i, out);
	if (p->n_classes && !ret)
		ret = class_slots(c, "", WR_CLASSES, out);
	for (size_t k = 0; k < sizeof(*out) / sizeof(*by_class); k++)
		for (size_t i = p->n_classes; i < WR_CLASSES; i++)
			by_class[k][i] = by_class[k][WR_CLASSES];
	return ret ? wr_fail(err, ENOSPC, "classes: more rules than can be counted") : 0;
}

static void know_capacity(struct link *l, const struct wr_policy *p)
{
	const struct wr_iface *iface = wr_path_iface(l->path);
	bool out = wr_path_hook(l->path) == WR_HOOK_TC_OUT;

	l->budget = (struct wr_budget){0};
	for (size_t i = 0; i < p->n_classes; i++)
		l->budget.floor_bps += p->class_[i].guarantee_bps;
	l->known_by = "policy";
	for (size_t i = 0; i < p->n_links; i++)
		if (!strcmp(p->link[i].iface, iface->name))
			l->budget.capacity_bps = out ? p->link[i].out_bps : p->link[i].in_bps;
	if (l->budget.capacity_bps)
		return;
	l->budget.capacity_bps = wr_link_speed(iface->name);
	if (l->budget.capacity_bps < l->budget.floor_bps) /* guarantees that it cannot carry */
		l->budget.capacity_bps = 0;
	l->known_by = l->budget.capacity_bps ? "interface" : "nobody";
}

static void add(struct wr_class_counts *sum, const struct wr_class_counts *n)
{
	struct wr_count *to = &sum->offered;
	const struct wr_count *from = &n->offered;

	for (size_t i = 0; i < sizeof(*sum) / sizeof(*to); i++) {
		to[i].packets += from[i].packets;
		to[i].bytes += from[i].bytes;
	}
}

static struct wr_class_counts counts_of(const struct wr_classes *c,
					const struct wr_class_slots *slots, uint32_t class)
{
	struct wr_rule_count n, more;
	struct wr_class_counts all;

	wr_force_count(c->force, slots->offered[class], &n);
	wr_force_count(c->force, slots->marked[class], &more);
	all = (struct wr_class_counts){
		.offered = {n.packets, n.bytes},
		.dropped = {n.hit_packets, n.hit_bytes},
		.marked = {more.packets, more.bytes},
		.borrowed = {more.hit_packets, more.hit_bytes},
	};
	/* The one that is under way may be counted as dropped alone. */
	if (n.packets > n.hit_packets)
		all.passed.packets = n.packets - n.hit_packets;
	if (n.bytes > n.hit_bytes)
		all.passed.bytes = n.bytes - n.hit_bytes;
	return all;
}

static bool has_own(const struct wr_class_counters *counters, uint32_t link)
{
	return counters->link[link].offered[0] != counters->others.offered[0];
}

static struct wr_class_counts total_of(const struct wr_classes *c,
				       const struct wr_class_counters *counters, uint32_t class)
{
	struct wr_class_counts sum = counts_of(c, &counters->others, class), n;

	n = counts_of(c, &counters->past, class);
	add(&sum, &n);
	for (uint32_t i = 0; i < WR_LINKS_COUNTED; i++) {
		if (!has_own(counters, i))
			continue;
		n = counts_of(c, &counters->link[i], class);
		add(&sum, &n);
	}
	return sum;
}

/* Counters are those of slots: what a class has counted on a link stays its own wherever both stand
 * now. */
static void keep_link(struct wr_classes *c, uint32_t link, const struct wr_class_counters *counters)
{
	for (uint32_t i = 0; i <= WR_CLASSES; i++) {
		struct counted *to = &c->own[link][i];

		*to = (struct counted){.all = counts_of(c, &counters->link[link], i)};
		for (uint32_t k = 0; k < c->had * (WR_CLASSES + 1); k++) {
			uint32_t l = k / (WR_CLASSES + 1), was = k % (WR_CLASSES + 1);

			if (c->counters.link[l].offered[was] == counters->link[link].offered[i])
				*to = c->own_before[l][was];
		}
	}
}

/* What an earlier process has counted is no part of a second. */
static void keep_counted(struct wr_classes *c, bool had, const struct wr_class_counters *counters)
{
	struct counted now[WR_CLASSES + 1] = {0};

	for (uint32_t i = 0; c->n && i <= WR_CLASSES; i++) {
		uint32_t was = had ? 0 : WR_CLASSES + 1; /* slot 0 is one, too */

		while (was <= WR_CLASSES &&
		       c->counters.others.gone[was] != counters->others.gone[i])
			was++;
		if (was <= WR_CLASSES)
			now[i] = c->counted[was];
		else
			now[i].all = total_of(c, counters, i);
	}
	memcpy(c->counted, now, sizeof(now));
	c->had = had ? WR_LINKS_COUNTED : 0;
	memcpy(c->own_before, c->own, sizeof(c->own));
	for (uint32_t l = 0; c->n && l < WR_LINKS_COUNTED; l++)
		if (has_own(counters, l))
			keep_link(c, l, counters);
}

static bool in_use(const struct wr_class_counters *counters, uint32_t slot)
{
	const uint16_t *at = (const uint16_t *)counters;

	for (size_t i = 0; i < sizeof(*counters) / sizeof(*at); i++)
		if (at[i] == slot)
			return true;
	return false;
}

/* What links had that are there no more is told of their classes all the same. */
static void fold_past(struct wr_classes *c, const struct wr_policy *p,
		      const struct wr_class_counters *counters)
{
	uint32_t n = wr_force_slots(c->force);

	for (uint32_t slot = 0; slot < n && slot < WR_SLOT_PAST; slot++) {
		const char *name = wr_force_rule(c->force, slot);
		size_t len = name ? strcspn(name, "<>[]") : 0;
		uint32_t i = 0;

		if (!name || !name[len] || in_use(counters, slot))
			continue;
		while (i < WR_CLASSES && (i >= p->n_classes || strlen(name_of(p, i)) != len ||
					  strncmp(name_of(p, i), name, len) != 0))
			i++;
		if (i == WR_CLASSES && len)
			continue; /* a class that is there no more, either */
		wr_force_fold(c->force, slot,
			      memchr(sign[OFFERED], name[len], sizeof(sign[OFFERED]))
				      ? counters->past.offered[i]
				      : counters->past.marked[i]);
	}
}

void wr_classes_put(struct wr_classes *c, const struct wr_policy *p,
		    const struct wr_class_counters *counters)
{
	struct wr_path *const *path = NULL;
	uint32_t n = wr_force_paths(c->force, &path);
	bool had = c->n > 0;

	c->n = (uint32_t)p->n_classes;
	memcpy(c->klass, p->class_, sizeof(c->klass));
	if (c->n)
		fold_past(c, p, counters);
	keep_counted(c, had, counters);
	c->counters = *counters;
	for (uint32_t i = 0; i < n && i < WR_LINKS; i++) {
		struct link *l = &c->link[i];

		if (l->path != path[i])
			*l = (struct link){.path = path[i]};
		know_capacity(l, p);
		l->budget.now_bps = l->budget.capacity_bps;
		wr_force_capacity(c->force, i, c->n ? l->budget.now_bps : 0);
	}
}

/* ---- what the host can ---- */

static bool keeps_up(struct wr_classes *c, uint64_t packets)
{
	uint64_t came = packets - c->packets;
	struct wr_pressure p;
	bool sockets;

	c->packets = packets;
	if (!c->pressure)
		return true;
	p = wr_pressure_read(c->pressure);
	sockets = p.sockets * LOST > came && p.busy > HALF_BUSY;
	if (!p.backlog && !sockets && p.busy < BUSY)
		return true;
	c->why = p.backlog ? "backlog" : sockets ? "sockets" : "cpu";
	c->pressed++;
	return false;
}

static void step_link(struct wr_classes *c, uint32_t i, uint64_t now_ns, bool pressed)
{
	struct link *l = &c->link[i];
	uint64_t passed = wr_force_passed(c->force, i).bytes, ns = now_ns - l->passed_ns;

	if (l->passed_ns && ns && passed >= l->passed)
		l->used_bps = (uint64_t)((double)(passed - l->passed) * 8e9 / (double)ns);
	l->passed = passed;
	l->passed_ns = now_ns;
	/* What leaves is no burden of the host: it has made it. */
	if (wr_path_hook(l->path) == WR_HOOK_TC_OUT)
		pressed = false;
	if (wr_budget_step(&l->budget, l->used_bps, pressed))
		wr_force_capacity(c->force, i, l->budget.now_bps);
}

void wr_classes_step(struct wr_classes *c, uint64_t now_ns)
{
	struct wr_path *const *path = NULL;
	uint32_t n = wr_force_paths(c->force, &path);
	uint64_t packets = 0;
	bool pressed;

	if (!c->n || now_ns - c->stepped_ns < STEP_NS)
		return;
	c->stepped_ns = now_ns;
	for (uint32_t i = 0; i < n; i++)
		packets += wr_force_passed(c->force, i).packets;
	pressed = !keeps_up(c, packets);
	for (uint32_t i = 0; i < n && i < WR_LINKS; i++)
		if (c->link[i].path == path[i])
			step_link(c, i, now_ns, pressed);
}

/* ---- what they had ---- */

/* The kernel counts on between two reads of one packet's counters. */
static uint64_t since(uint64_t now, uint64_t was)
{
	return now > was ? now - was : 0;
}

static struct wr_count less(struct wr_count x, struct wr_count y)
{
	return (struct wr_count){since(x.packets, y.packets), since(x.bytes, y.bytes)};
}

/* No counter goes back. */
static struct wr_class_counts no_less(struct wr_class_counts now, const struct counted *before)
{
	const struct wr_count *was = &before->all.passed;

	if (now.passed.packets < was->packets)
		now.passed.packets = was->packets;
	if (now.passed.bytes < was->bytes)
		now.passed.bytes = was->bytes;
	return now;
}

static struct wr_class_counts counted_now(const struct wr_classes *c, uint32_t class)
{
	return no_less(total_of(c, &c->counters, class), &c->counted[class]);
}

static struct wr_class_counts link_now(const struct wr_classes *c, uint32_t link, uint32_t class)
{
	return no_less(counts_of(c, &c->counters.link[link], class), &c->own[link][class]);
}

static void end_second(struct counted *to, struct wr_class_counts now)
{
	const struct wr_class_counts *was = &to->all;

	to->second = (struct wr_class_counts){
		less(now.offered, was->offered),   less(now.passed, was->passed),
		less(now.marked, was->marked),	   less(now.dropped, was->dropped),
		less(now.borrowed, was->borrowed),
	};
	to->all = now;
}

void wr_classes_window(struct wr_classes *c)
{
	for (uint32_t i = 0; c->n && i <= WR_CLASSES; i++) {
		end_second(&c->counted[i], counted_now(c, i));
		for (uint32_t l = 0; l < WR_LINKS_COUNTED; l++)
			if (has_own(&c->counters, l))
				end_second(&c->own[l][i], link_now(c, l, i));
	}
}

/* The counters of a link that has its own; NULL: it has none. */
static const struct wr_class_row *link_rows(const struct wr_classes *c, uint32_t number,
					    uint32_t *n)
{
	uint32_t link = number - 1;

	*n = 0;
	if (!number || number > WR_LINKS_COUNTED || !has_own(&c->counters, link))
		return NULL;
	for (uint32_t i = 0; i <= WR_CLASSES; i++)
		if (i < c->n || i == WR_CLASSES)
			c->rows[link][(*n)++] = (struct wr_class_row){
				.name = i < c->n ? c->klass[i].name : NULL,
				.all = link_now(c, link, i),
				.second = c->own[link][i].second,
			};
	return c->rows[link];
}

void wr_classes_each(const struct wr_classes *c,
		     void (*fn)(void *ctx, const struct wr_class_row *row), void *ctx)
{
	for (uint32_t i = 0; c->n && i <= WR_CLASSES; i++) {
		const struct wr_class *k = i < c->n ? &c->klass[i] : NULL;
		struct wr_class_row row = {
			.name = k ? k->name : NULL,
			.guarantee_bps = k ? k->guarantee_bps : 0,
			.ceiling_bps = k ? k->ceiling_bps : 0,
			.priority = k ? k->priority : WR_PRIORITIES,
			.all = counted_now(c, i),
			.second = c->counted[i].second,
		};

		if (k || i == WR_CLASSES)
			fn(ctx, &row);
	}
}

void wr_links_each(const struct wr_classes *c, void (*fn)(void *ctx, const struct wr_link_row *row),
		   void *ctx)
{
	struct wr_path *const *path = NULL;
	uint32_t n = wr_force_paths(c->force, &path);

	for (uint32_t i = 0; c->n && i < n && i < WR_LINKS; i++) {
		const struct link *l = &c->link[i];
		struct wr_link_row row = {
			.known_by = l->known_by,
			.capacity_bps = l->budget.capacity_bps,
			.budget_bps = l->budget.now_bps,
			.used_bps = l->used_bps,
			.queue_ns = wr_force_queue_ns(c->force, i),
			.pressed = c->pressed,
			.why = c->why,
		};

		if (l->path != path[i])
			continue;
		row.iface = wr_path_iface(l->path)->name;
		row.out = wr_path_hook(l->path) == WR_HOOK_TC_OUT;
		row.classes = link_rows(c, wr_force_link(c->force, i), &row.n_classes);
		fn(ctx, &row);
	}
}
