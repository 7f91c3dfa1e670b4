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
static uint64_t start_of(uint32_t pid)
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
	b->reader_start = start_of(b->reader_pid);
}

bool wr_board_orphaned(const struct wr_board *b)
{
	return start_of(b->reader_pid) != b->reader_start;
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

static void add_cpu(const struct wr_cpu *cpu, struct wr_ledger *out)
{
	struct wr_cpu_seen seen;
	struct wr_cpu_count c;

	/* The reader's numbers first: what it has taken was made before. */
	memcpy(&seen, (const void *)&cpu->seen, sizeof(seen));
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (!snap_cpu(&cpu->count, &c))
		out->balanced = false;
	out->arrived.packets += c.arrived_packets;
	out->arrived.bytes += c.arrived_bytes;
	out->passed.packets += c.passed_packets;
	out->passed.bytes += c.passed_bytes;
	out->dropped.packets += c.dropped_packets;
	out->dropped.bytes += c.dropped_bytes;
	out->limited.packets += c.limited_packets;
	out->limited.bytes += c.limited_bytes;
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

void wr_board_ledger(const struct wr_board *b, int ncpu, struct wr_ledger *out)
{
	uint64_t known;

	memset(out, 0, sizeof(*out));
	memcpy(out->iface, b->ifname, sizeof(out->iface));
	out->iface[sizeof(out->iface) - 1] = 0;
	out->hook = b->hook;
	out->since_ns = b->since_ns;
	out->balanced = true;
	for (int i = 0; i < ncpu && i < WR_MAX_CPUS; i++)
		add_cpu(&b->cpu[i], out);
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
