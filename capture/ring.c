/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/ring.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/*
 * Layout (kernel/bpf/ringbuf.c): a page with the consumer's position, a page with the producer's,
 * the data, and the data once more behind itself so that no record is torn. Of the second copy only
 * as much is mapped as the largest record can reach into it.
 */
enum { LARGEST = 1 << 17, HEADER = 8, BUSY = 1u << 31, DISCARD = 1 << 30 };

struct wr_ring {
	uint64_t *consumer;	 /* ours to write */
	const uint8_t *producer; /* page, data behind it; read-only */
	size_t page, size, mapped;
	uint64_t clock_offset_ns; /* CLOCK_REALTIME - CLOCK_MONOTONIC */
	uint64_t clock_checked_ns;
	uint8_t tagged[LARGEST]; /* a frame with its VLAN tag put back */
};

static uint64_t clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int wr_ring_open(struct wr_ring **out, int fd, struct wr_err *err)
{
	struct bpf_map_info info = {0};
	uint32_t n = sizeof(info);
	struct wr_ring *r = calloc(1, sizeof(*r));
	int e;

	if (!r)
		return wr_fail(err, ENOMEM, "out of memory");
	r->page = (size_t)sysconf(_SC_PAGESIZE);
	e = bpf_obj_get_info_by_fd(fd, &info, &n);
	if (e) {
		free(r);
		return wr_fail(err, -e, "ring buffer: %s", strerror(-e));
	}
	r->size = info.max_entries;
	r->mapped = r->page + r->size + (r->size < LARGEST ? r->size : LARGEST);
	r->consumer = mmap(NULL, r->page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	r->producer = mmap(NULL, r->mapped, PROT_READ, MAP_SHARED, fd, (off_t)r->page);
	if (r->consumer == MAP_FAILED || r->producer == MAP_FAILED) {
		e = errno;
		if (r->consumer != MAP_FAILED)
			munmap(r->consumer, r->page);
		free(r);
		return wr_fail(err, e, "mapping the ring buffer: %s", strerror(e));
	}
	/* A guard (control/clsact.c) must not hold the ring when we are gone. */
	madvise(r->consumer, r->page, MADV_DONTFORK);
	madvise((void *)(uintptr_t)r->producer, r->mapped, MADV_DONTFORK);
	*out = r;
	return 0;
}

void wr_ring_close(struct wr_ring **ring)
{
	struct wr_ring *r = *ring;

	if (!r)
		return;
	munmap(r->consumer, r->page);
	munmap((void *)(uintptr_t)r->producer, r->mapped);
	free(r);
	*ring = NULL;
}

static uint64_t producer_at(const struct wr_ring *r)
{
	return __atomic_load_n((const uint64_t *)(const void *)r->producer, __ATOMIC_ACQUIRE);
}

bool wr_ring_empty(const struct wr_ring *r)
{
	return producer_at(r) == __atomic_load_n(r->consumer, __ATOMIC_RELAXED);
}

/* Records have the monotonic clock, people want the date; the difference moves when the clock is
 * set. */
static void check_clock(struct wr_ring *r)
{
	uint64_t mono = clock_ns(CLOCK_MONOTONIC);

	if (r->clock_checked_ns && mono - r->clock_checked_ns < 1000000000u)
		return;
	r->clock_checked_ns = mono;
	r->clock_offset_ns = clock_ns(CLOCK_REALTIME) - mono;
}

/* The tag that was taken off goes back behind the addresses. Returns the frame. */
static const uint8_t *with_tag(struct wr_ring *r, const struct wr_event *e, const uint8_t *frame,
			       uint32_t *cap)
{
	uint32_t n = *cap;

	if (!e->tag || n < 12)
		return frame;
	if (n > LARGEST - 4)
		n = LARGEST - 4;
	memcpy(r->tagged, frame, 12);
	r->tagged[12] = (uint8_t)(e->tag >> 24);
	r->tagged[13] = (uint8_t)(e->tag >> 16);
	r->tagged[14] = (uint8_t)(e->tag >> 8);
	r->tagged[15] = (uint8_t)e->tag;
	memcpy(r->tagged + 16, frame + 12, n - 12);
	*cap = n + 4;
	return r->tagged;
}

static void hand_out(struct wr_ring *r, const struct wr_event *e, const struct wr_board *b,
		     const struct wr_ring_reader *reader)
{
	struct wr_packet pkt = {
		.ts_ns = e->ts_ns + r->clock_offset_ns,
		.caplen = e->cap,
		.len = e->len,
		.linktype = e->linktype,
		.gso_segs = e->gso_segs,
		.hook = e->hook,
		.why = e->why,
		.iface = b ? b->ifname : "",
	};
	struct wr_fate fate = {0};

	if (reader->rule && b && b->rules_map && e->verdict <= WR_VERDICT_ANSWER) {
		fate.verdict = (enum wr_verdict)e->verdict;
		fate.rule = e->verdict ? reader->rule(reader->rule_ctx, e->rule) : NULL;
		pkt.fate = &fate;
	}
	if (e->cap)
		pkt.data = with_tag(r, e, (const uint8_t *)(e + 1), &pkt.caplen);
	else
		pkt.rec = (const struct wr_rec *)(const void *)(e + 1);
	reader->packet(reader->packet_ctx, &pkt);
}

/* A reader that was killed had not told the kernel yet of the last records that it took: whoever
 * goes on with its ring finds them once more. The count of those that were seen says which. */
static bool is_seen(const struct wr_board *b, const struct wr_event *e)
{
	const struct wr_cpu_seen *s = &b->cpu[e->cpu % WR_MAX_CPUS].seen;

	return !s->unsure && e->made - e->ring_full - s->gone <= s->seen;
}

/* Records of a CPU come in the order of their numbers; between two only those are missing that
 * found no room. The number is written last: who is killed before begins that record anew. */
static void note_seen(struct wr_board *b, const struct wr_event *e)
{
	struct wr_cpu_seen *s = &b->cpu[e->cpu % WR_MAX_CPUS].seen;

	if (s->unsure) {
		s->gone = e->made - 1 - e->ring_full - s->seen;
		s->unsure = 0;
	} else if (e->made != s->last && e->made - s->last != 1 + (e->ring_full - s->lost)) {
		s->gaps++;
	}
	s->last = e->made;
	s->lost = e->ring_full;
	__atomic_store_n(&s->seen, s->seen + 1, __ATOMIC_RELEASE);
}

int wr_ring_read(struct wr_ring *r, const struct wr_ring_reader *reader, int max)
{
	const uint8_t *data = r->producer + r->page;
	uint64_t at = __atomic_load_n(r->consumer, __ATOMIC_RELAXED), end = producer_at(r);
	int n = 0;

	if (at == end)
		return 0;
	check_clock(r);
	while (at < end && n < max) {
		const uint8_t *rec = data + (at & (r->size - 1));
		uint32_t len =
			__atomic_load_n((const uint32_t *)(const void *)rec, __ATOMIC_ACQUIRE);
		const struct wr_event *e = (const void *)(rec + HEADER);

		if (len & BUSY)
			break;
		if (!(len & DISCARD)) {
			struct wr_board *b = reader->board(reader->board_ctx, e->ifindex, e->hook);

			if (!b || !is_seen(b, e)) {
				if (reader->packet)
					hand_out(r, e, b, reader);
				if (b)
					note_seen(b, e);
			}
			n++;
		}
		at += ((len & ~(uint32_t)(BUSY | DISCARD)) + HEADER + 7) & ~7u;
		/* Room for the kernel again, but not at the price of a shared cache line per
		 * record. */
		if (!(n & 63))
			__atomic_store_n(r->consumer, at, __ATOMIC_RELEASE);
	}
	__atomic_store_n(r->consumer, at, __ATOMIC_RELEASE);
	return n;
}
