/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/classes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/pressure.h"
#include "core/govern.h"
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
	struct wr_class_slots slots;
	struct link link[WR_LINKS];
	struct counted counted[WR_CLASSES + 1];
	uint64_t packets, stepped_ns, pressed; /* steps in which the host did not keep up */
	const char *why;		       /* the last of them */
};

int wr_classes_open(struct wr_classes **out, struct wr_force *force, bool pressure,
		    struct wr_err *err)
{
	struct wr_classes *c = calloc(1, sizeof(*c));
	int ret = c ? 0 : -ENOMEM;

	if (c && pressure)
		ret = wr_pressure_open(&c->pressure);

	if (ret) {
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
	free(c);
	*classes = NULL;
}

/* ---- a policy ---- */

/* Counters are found by name, as those of rules are; no rule's name has a space. */
static int slot_of(struct wr_classes *c, const struct wr_policy *p, uint32_t class,
		   const char *what, uint16_t *slot)
{
	const char *name = class < p->n_classes ? p->class_[class].name : NULL;
	char text[WR_RULE_NAME];
	int n;

	if (name)
		snprintf(text, sizeof(text), "class %s%s", name, what);
	else
		snprintf(text, sizeof(text), "no class%s", what);
	n = wr_force_slot(c->force, text);
	*slot = (uint16_t)n;
	return n < 0 ? n : 0;
}

int wr_classes_slots(struct wr_classes *c, const struct wr_policy *p, struct wr_class_slots *out,
		     struct wr_err *err)
{
	int ret = 0;

	memset(out, 0, sizeof(*out));
	for (uint32_t i = 0; p->n_classes && i <= WR_CLASSES && !ret; i++) {
		uint32_t like = i < p->n_classes ? i : WR_CLASSES;

		ret = slot_of(c, p, like, "", &out->offered[i]);
		ret = ret ? ret : slot_of(c, p, like, " marked", &out->marked[i]);
	}
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

/* Counters are those of slots: a class keeps what it has counted wherever it stands now, and what
 * an earlier process has counted is no part of a second. */
static void keep_counted(struct wr_classes *c, bool had, const struct wr_class_slots *slots)
{
	struct counted now[WR_CLASSES + 1] = {0};

	for (uint32_t i = 0; c->n && i <= WR_CLASSES; i++) {
		uint32_t was = had ? 0 : WR_CLASSES + 1; /* slot 0 is one, too */

		while (was <= WR_CLASSES && c->slots.offered[was] != slots->offered[i])
			was++;
		if (was <= WR_CLASSES)
			now[i] = c->counted[was];
		else
			now[i].all = counts_of(c, slots, i);
	}
	memcpy(c->counted, now, sizeof(now));
}

void wr_classes_put(struct wr_classes *c, const struct wr_policy *p,
		    const struct wr_class_slots *slots)
{
	struct wr_path *const *path = NULL;
	uint32_t n = wr_force_paths(c->force, &path);
	bool had = c->n > 0;

	c->n = (uint32_t)p->n_classes;
	memcpy(c->klass, p->class_, sizeof(c->klass));
	keep_counted(c, had, slots);
	c->slots = *slots;
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
static struct wr_class_counts counted_now(const struct wr_classes *c, uint32_t class)
{
	struct wr_class_counts now = counts_of(c, &c->slots, class);
	const struct wr_count *was = &c->counted[class].all.passed;

	if (now.passed.packets < was->packets)
		now.passed.packets = was->packets;
	if (now.passed.bytes < was->bytes)
		now.passed.bytes = was->bytes;
	return now;
}

void wr_classes_window(struct wr_classes *c)
{
	for (uint32_t i = 0; c->n && i <= WR_CLASSES; i++) {
		struct wr_class_counts now = counted_now(c, i), *was = &c->counted[i].all;

		c->counted[i].second = (struct wr_class_counts){
			less(now.offered, was->offered),   less(now.passed, was->passed),
			less(now.marked, was->marked),	   less(now.dropped, was->dropped),
			less(now.borrowed, was->borrowed),
		};
		*was = now;
	}
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
		fn(ctx, &row);
	}
}
