/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/board.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Field 22 of /proc/PID/stat: when the process started. 0 = there is none, or it has ended and only
 * its parent does not know yet. The name in field 2 may hold anything, so counting begins behind
 * the last ')'. */
uint64_t wr_process_start(uint32_t pid)
{
	char path[40], text[1024], *at;
	unsigned long long start = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	text[fread(text, 1, sizeof(text) - 1, f)] = 0;
	fclose(f);
	at = strrchr(text, ')');
	if (at && (at[1] != ' ' || at[2] == 'Z' || at[2] == 'X'))
		return 0;
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (at)
		start = strtoull(at + 1, NULL, 10);
	return start;
}

struct wr_board *wr_board_map(int fd)
{
	struct wr_board *b = mmap(NULL, sizeof(*b), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (b == MAP_FAILED)
		return NULL;
	madvise(b, sizeof(*b), MADV_DONTFORK);
	return b;
}

void wr_board_claim(struct wr_board *b)
{
	b->reader_pid = (uint32_t)getpid();
	b->reader_start = wr_process_start(b->reader_pid);
}

bool wr_board_orphaned(const struct wr_board *b)
{
	return wr_process_start(b->reader_pid) != b->reader_start;
}

static uint64_t now_of(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_ACQUIRE);
}

uint64_t wr_board_done(const struct wr_cpu_count *c)
{
	return now_of((const uint64_t *)&c->passed_packets) +
	       now_of((const uint64_t *)&c->dropped_packets) +
	       now_of((const uint64_t *)&c->limited_packets);
}

/* A snapshot of a CPU is whole when those whose fate was known before are those that have arrived
 * after. */
static bool snap_cpu(const struct wr_cpu_count *c, struct wr_cpu_count *out)
{
	for (int i = 0; i < 100000; i++) {
		uint64_t done = wr_board_done(c);

		memcpy(out, (const void *)c, sizeof(*out));
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (now_of((const uint64_t *)&c->arrived_packets) == done &&
		    out->passed_packets + out->dropped_packets + out->limited_packets == done)
			return true;
	}
	return false;
}

/* ---- by rule ---- */

enum { GONE_WORDS = sizeof(struct wr_gone) / sizeof(uint64_t) };

/* What is read of one CPU before its snapshot; then the sums of all. */
static struct wr_gone before[WR_JUDGE_RULES], sum[WR_JUDGE_RULES];

/* The last two are always looked at. */
static uint32_t next_slot(const struct wr_board_rules *r, uint32_t slot)
{
	return ++slot == r->slots && slot < WR_SLOT_PAST ? WR_SLOT_PAST : slot;
}

static uint32_t first_slot(const struct wr_board_rules *r)
{
	return r->slots ? 0 : WR_SLOT_PAST;
}

static const struct wr_gone *gone_of(const struct wr_board_rules *r, uint32_t cpu)
{
	return r->gone + (size_t)cpu * WR_JUDGE_RULES;
}

static void read_before(const struct wr_board_rules *r, uint32_t cpu)
{
	for (uint32_t i = first_slot(r); i < WR_JUDGE_RULES; i = next_slot(r, i))
		memcpy(&before[i], &gone_of(r, cpu)[i], sizeof(before[i]));
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
}

/* One of the four numbers of all rules: those that have moved since get as much of it as makes the
 * sum that of the snapshot. Returns whether there is one. */
static bool share(const struct wr_board_rules *r, uint32_t cpu, int word, uint64_t all)
{
	uint64_t left = all;

	for (uint32_t i = first_slot(r); i < WR_JUDGE_RULES; i = next_slot(r, i))
		left -= ((const uint64_t *)&before[i])[word];
	for (uint32_t i = first_slot(r); i < WR_JUDGE_RULES; i = next_slot(r, i)) {
		uint64_t had = ((const uint64_t *)&before[i])[word];
		uint64_t more = now_of((const uint64_t *)&gone_of(r, cpu)[i] + word) - had;

		more = more < left ? more : left;
		left -= more;
		((uint64_t *)&sum[i])[word] += had + more;
	}
	return !left;
}

static bool add_rules(const struct wr_board_rules *r, uint32_t cpu, const struct wr_cpu_count *c)
{
	const uint64_t all[GONE_WORDS] = {c->dropped_packets, c->dropped_bytes, c->limited_packets,
					  c->limited_bytes};
	bool fits = true;

	for (int word = 0; word < GONE_WORDS; word++)
		fits &= share(r, cpu, word, all[word]);
	return fits;
}

bool wr_ledger_rules_add(struct wr_ledger_rules *r, const struct wr_ledger_rule *more)
{
	struct wr_ledger_rule *to = NULL;

	for (uint32_t i = 0; i < r->n && !to; i++)
		if (!strcmp(r->at[i].name, more->name))
			to = &r->at[i];
	if (!to && r->n == r->room) {
		uint32_t room = r->room ? 2 * r->room : 16;
		void *at = realloc(r->at, room * sizeof(*r->at));

		if (!at)
			return false;
		r->at = at;
		r->room = room;
	}
	if (!to) {
		to = &r->at[r->n++];
		*to = *more;
		return true;
	}
	to->dropped.packets += more->dropped.packets;
	to->dropped.bytes += more->dropped.bytes;
	to->limited.packets += more->limited.packets;
	to->limited.bytes += more->limited.bytes;
	return true;
}

static void make_rows(const struct wr_board_rules *r, struct wr_ledger_rules *rows,
		      struct wr_ledger *out)
{
	rows->n = 0;
	for (uint32_t i = first_slot(r); i < WR_JUDGE_RULES; i = next_slot(r, i)) {
		const struct wr_gone *g = &sum[i];
		const char *name = r->name(r->ctx, i);
		struct wr_ledger_rule row = {
			.dropped = {g->dropped_packets, g->dropped_bytes},
			.limited = {g->limited_packets, g->limited_bytes},
		};

		if (!g->dropped_packets && !g->limited_packets)
			continue;
		snprintf(row.name, sizeof(row.name), "%s", name ? name : "(gone)");
		if (!wr_ledger_rules_add(rows, &row))
			out->balanced = false;
	}
	out->rule = rows->at;
	out->n_rules = rows->n;
}

static void add_cpu(const struct wr_cpu *cpu, const struct wr_board_rules *rules, uint32_t n,
		    struct wr_ledger *out)
{
	struct wr_cpu_seen seen;
	struct wr_cpu_count c;
	bool by_rule = rules && n < rules->cpus;

	if (by_rule)
		read_before(rules, n);

	/* The reader's numbers first: what it has taken was made before. */
	memcpy(&seen, (const void *)&cpu->seen, sizeof(seen));
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (!snap_cpu(&cpu->count, &c))
		out->balanced = false;
	if (by_rule && !add_rules(rules, n, &c))
		out->balanced = false;
	out->arrived.packets += c.arrived_packets;
	out->arrived.bytes += c.arrived_bytes;
	out->passed.packets += c.passed_packets;
	out->passed.bytes += c.passed_bytes;
	out->dropped.packets += c.dropped_packets;
	out->dropped.bytes += c.dropped_bytes;
	out->limited.packets += c.limited_packets;
	out->limited.bytes += c.limited_bytes;
	out->answered += c.answered_packets;
	out->matched.packets += c.matched_packets;
	out->matched.bytes += c.matched_bytes;
	out->made += c.made;
	out->seen += seen.seen - seen.write_failed;
	out->lost[WR_LOST_RING_FULL] += c.ring_full;
	out->lost[WR_LOST_WRITE_FAILED] += seen.write_failed;
	out->lost[WR_LOST_READER_GONE] += seen.gone;
	/* Each record carries its number and the losses before it: what the reader took must fit.
	 */
	if (seen.gaps || seen.last < seen.seen || c.made < c.ring_full + seen.seen)
		out->balanced = false;
	for (unsigned int i = 1; i < WR_BAD_COUNT; i++)
		out->bad[i] += cpu->bad[i];
}

void wr_board_ledger(const struct wr_board *b, int ncpu, const struct wr_board_rules *rules,
		     struct wr_ledger_rules *rows, struct wr_ledger *out)
{
	uint64_t known;

	memset(out, 0, sizeof(*out));
	memcpy(out->iface, b->ifname, sizeof(out->iface));
	out->iface[sizeof(out->iface) - 1] = 0;
	out->hook = b->hook;
	out->since_ns = b->since_ns;
	out->balanced = true;
	memset(sum, 0, sizeof(sum));
	for (int i = 0; i < ncpu && i < WR_MAX_CPUS; i++)
		add_cpu(&b->cpu[i], rules, (uint32_t)i, out);
	if (rules && rows)
		make_rows(rules, rows, out);
	if (!b->conf.follow)
		out->matched = out->arrived;
	known = out->seen + out->lost[WR_LOST_RING_FULL] + out->lost[WR_LOST_WRITE_FAILED] +
		out->lost[WR_LOST_READER_GONE];
	out->waiting = out->made - known;
	if (out->waiting && !b->ended && wr_board_orphaned(b)) {
		out->lost[WR_LOST_READER_GONE] += out->waiting;
		out->waiting = 0;
	}
	out->made -= out->waiting;
	if (b->ended && out->waiting)
		out->balanced = false;
	if (out->arrived.packets !=
		    out->passed.packets + out->dropped.packets + out->limited.packets ||
	    out->arrived.bytes != out->passed.bytes + out->dropped.bytes + out->limited.bytes)
		out->balanced = false;
}
