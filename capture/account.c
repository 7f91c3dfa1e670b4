/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/account.h"
#include "capture/board.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { ROW_SOON = 20, FAR = 12, NEAR = 6 }; /* rows ahead */

struct wr_account {
	struct wr_board *board;
	struct wr_account_head *heads;
	struct wr_account_set *sets;
	uint64_t *peeked;
	uint64_t *used; /* elements of an array map lie eight bytes apart */
	uint32_t cpus, set_bits;
	uint64_t *arrived; /* owned, per CPU, at the first look after a flip */
	bool looked;
	uint64_t second_ns;	  /* when the second began, CLOCK_MONOTONIC */
	uint64_t clock_offset_ns; /* CLOCK_REALTIME - CLOCK_MONOTONIC at the flip before the last */
	uint64_t next_offset_ns;
};

static uint64_t clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static size_t sets_of(const struct wr_account *a)
{
	return (size_t)2 * a->cpus << a->set_bits;
}

/* A guard (control/clsact.c) must not hold the map when we are gone. */
static void *map(int fd, size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		return NULL;
	madvise(p, bytes, MADV_DONTFORK);
	return p;
}

static void unmap(void *p, size_t bytes)
{
	if (p)
		munmap(p, bytes);
}

/* Tables of a window are numbered window * cpus + cpu. */
static struct wr_account_head *heads_of(const struct wr_account *a, uint32_t window)
{
	return a->heads + (size_t)(window & 1) * a->cpus;
}

/* The bounds of the second go on: how much of them was used, and how much of it is over. A CPU may
 * send a packet more while we look. */
static void begin_head(const struct wr_account *a, uint32_t window, uint32_t cpu, uint64_t now)
{
	struct wr_account_head *h = &heads_of(a, window)[cpu];
	const struct wr_account_head *old = &heads_of(a, window + 1)[cpu];
	bool new_second = a->second_ns == now;

	if (h->all.packets)
		return;
	h->start_ns = now;
	h->since = (uint32_t)((now - a->second_ns) >> WR_ACCOUNT_TIME_SHIFT);
	h->peeks_before = new_second ? 0 : old->peeks_before + old->peeks;
	h->upkeeps_before = new_second ? 0 : old->upkeeps_before + old->upkeeps;
}

static bool is_empty(const struct wr_account *a, uint32_t window)
{
	for (uint32_t cpu = 0; cpu < a->cpus; cpu++)
		if (heads_of(a, window)[cpu].all.packets)
			return false;
	return true;
}

/* Rows that are there, of an earlier process, have their time from when it began. */
static void begin(struct wr_account *a, uint32_t window, bool new_second)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);

	if (new_second) {
		a->second_ns = now;
		__atomic_store_n(&a->board->kept, 0, __ATOMIC_RELAXED);
	}
	a->clock_offset_ns = a->next_offset_ns;
	a->next_offset_ns = clock_ns(CLOCK_REALTIME) - now;
	for (uint32_t cpu = 0; cpu < a->cpus; cpu++)
		begin_head(a, window, cpu, now);
	__atomic_store_n(&a->board->conf.window, window, __ATOMIC_SEQ_CST);
	a->looked = false;
}

int wr_account_open(struct wr_account **out, const struct wr_account_maps *maps,
		    struct wr_board *board, struct wr_err *err)
{
	struct wr_account *a = calloc(1, sizeof(*a));
	bool again;

	if (!a)
		return wr_fail(err, ENOMEM, "out of memory");
	a->board = board;
	a->cpus = maps->cpus;
	a->set_bits = maps->set_bits;
	a->arrived = calloc(a->cpus, sizeof(*a->arrived));
	a->heads = map(maps->heads_fd, 2 * a->cpus * sizeof(*a->heads));
	a->sets = map(maps->sets_fd, sets_of(a) * sizeof(*a->sets));
	a->used = map(maps->used_fd, sets_of(a) * WR_ACCOUNT_WAYS * sizeof(*a->used));
	a->peeked = map(maps->peeked_fd, WR_ACCOUNT_PEEK_WORDS * sizeof(*a->peeked));
	if (!a->arrived || !a->heads || !a->sets || !a->used || !a->peeked) {
		int e = errno;

		wr_account_close(&a);
		return wr_fail(err, e, "mapping the flow tables: %s", strerror(e));
	}
	a->next_offset_ns = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC);
	/* A window that has been filled since an earlier process left has ended, or what comes now
	 * had the time of then. Not before the one that had ended then was drained. */
	again = heads_of(a, board->conf.window)->start_ns && is_empty(a, board->conf.window + 1);
	begin(a, board->conf.window + again, true);
	*out = a;
	return 0;
}

void wr_account_close(struct wr_account **account)
{
	struct wr_account *a = *account;

	if (!a)
		return;
	unmap(a->heads, 2 * a->cpus * sizeof(*a->heads));
	unmap(a->sets, sets_of(a) * sizeof(*a->sets));
	unmap(a->used, sets_of(a) * WR_ACCOUNT_WAYS * sizeof(*a->used));
	unmap(a->peeked, WR_ACCOUNT_PEEK_WORDS * sizeof(*a->peeked));
	free(a->arrived);
	free(a);
	*account = NULL;
}

void wr_account_flip(struct wr_account *a, bool new_second)
{
	begin(a, a->board->conf.window + 1, new_second);
}

static uint64_t load(const __u64 *counter)
{
	return __atomic_load_n(counter, __ATOMIC_ACQUIRE);
}

/* A packet is counted as arrived before its program asks which tables to fill, and as passed when
 * it has. So nobody is in the old tables any more when all that had arrived after the flip has
 * passed, or what else becomes of it. */
bool wr_account_settled(const struct wr_account *account)
{
	struct wr_account *a = (struct wr_account *)(uintptr_t)account;
	const struct wr_cpu *cpus = a->board->cpu;
	bool settled = true;

	for (uint32_t i = 0; !a->looked && i < a->cpus; i++)
		a->arrived[i] = load(&cpus[i].count.arrived_packets);
	a->looked = true;
	for (uint32_t i = 0; i < a->cpus; i++)
		settled = settled && wr_board_done(&cpus[i].count) >= a->arrived[i];
	return settled;
}

void wr_account_look(const struct wr_account *a, struct wr_account_look *to)
{
	for (uint32_t cpu = 0; cpu < a->cpus; cpu++) {
		const struct wr_account_head *h = &heads_of(a, a->board->conf.window)[cpu];

		to->packets += load(&h->all.packets);
		to->bytes += load(&h->all.bytes);
		to->syns += load(&h->tcp_flags[WR_TCP_SYN]);
		to->rows += __atomic_load_n(&h->used, __ATOMIC_RELAXED);
	}
}

static struct wr_account_row *row_at(struct wr_account_set *sets, uint64_t used)
{
	return &sets[used / WR_ACCOUNT_WAYS].row[used % WR_ACCOUNT_WAYS];
}

static void drain_rows(struct wr_account *a, uint32_t table, const struct wr_account_reader *r)
{
	struct wr_account_head *head = &a->heads[table];
	uint64_t start = head->start_ns + a->clock_offset_ns;
	const uint64_t *used = a->used + ((size_t)table << (a->set_bits + 1));
	struct wr_account_set *sets = a->sets + ((size_t)table << a->set_bits);

	for (uint32_t i = 0; i < head->used; i++) {
		struct wr_account_row *row = row_at(sets, used[i]);

		if (i + ROW_SOON < head->used)
			__builtin_prefetch(row_at(sets, used[i + ROW_SOON]), 1);
		if (r->far && i + FAR < head->used)
			r->far(r->ctx, row_at(sets, used[i + FAR]), i + FAR);
		if (r->near && i + NEAR < head->used && i + NEAR >= FAR)
			r->near(r->ctx, i + NEAR);
		r->row(r->ctx, row, start);
		row->packets = 0;
	}
}

/* The tables of what found no row are most of it, and empty as long as every flow finds one. */
static void clear(struct wr_account_head *head)
{
	size_t small = offsetof(struct wr_account_head, service);

	memset(head, 0, head->other.packets ? sizeof(*head) : small);
}

uint64_t wr_account_drain(struct wr_account *a, const struct wr_account_reader *r)
{
	uint32_t window = a->board->conf.window + 1;
	uint64_t packets = 0;

	for (uint32_t cpu = 0; cpu < a->cpus; cpu++) {
		uint32_t table = (window & 1) * a->cpus + cpu;
		struct wr_account_head *head = &a->heads[table];

		if (!head->all.packets)
			continue;
		packets += head->all.packets;
		drain_rows(a, table, r);
		r->rest(r->ctx, head);
		clear(head);
	}
	return packets;
}

void wr_account_forget_peeks(struct wr_account *a)
{
	memset(a->peeked, 0, WR_ACCOUNT_PEEK_WORDS * sizeof(*a->peeked));
}
