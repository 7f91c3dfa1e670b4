/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/queue.h"

#include <stdatomic.h>

enum { ALIGN = 16, LINE = 64 };

/* Positions count bytes and never go back; a message lies at its position modulo the size. */
struct wr_queue {
	_Atomic uint64_t head __attribute__((aligned(LINE))); /* the writer's */
	_Atomic uint64_t tail __attribute__((aligned(LINE))); /* the reader's */
	uint8_t bytes[] __attribute__((aligned(LINE)));
};

struct message {
	uint32_t bytes, kind;
	uint64_t pad;
};
_Static_assert(sizeof(struct message) == ALIGN, "what follows is aligned");

/* Messages never lie across the end: what is left there is passed over. */
static const uint32_t passed_over = UINT32_MAX;

static uint64_t size_of(uint64_t n)
{
	return (sizeof(struct message) + n + ALIGN - 1) & ~(uint64_t)(ALIGN - 1);
}

static struct message *message_at(struct wr_queue *q, uint64_t size, uint64_t at)
{
	return (struct message *)(void *)(q->bytes + at % size);
}

size_t wr_queue_bytes(size_t size)
{
	return sizeof(struct wr_queue) + size;
}

void wr_queue_write_to(struct wr_queue_writer *w, void *memory, size_t size)
{
	w->queue = memory;
	w->size = size;
	w->head = 0;
}

void wr_queue_read_from(struct wr_queue_reader *r, void *memory, size_t size)
{
	r->queue = memory;
	r->size = size;
	r->at = atomic_load(&r->queue->tail);
}

/* A tail that cannot be is one of a queue that is full. */
uint64_t wr_queue_used(const struct wr_queue_writer *w)
{
	uint64_t used = w->head - atomic_load_explicit(&w->queue->tail, memory_order_acquire);

	return used <= w->size && used % ALIGN == 0 ? used : w->size;
}

void *wr_queue_room(struct wr_queue_writer *w, size_t n, size_t spare)
{
	uint64_t need = size_of(n), to_end = w->size - w->head % w->size;
	uint64_t skip = to_end < need ? to_end : 0;

	if (need > w->size || w->size - wr_queue_used(w) < need + skip + spare)
		return NULL;
	if (skip) {
		message_at(w->queue, w->size, w->head)->bytes = passed_over;
		w->head += skip;
	}
	return message_at(w->queue, w->size, w->head) + 1;
}

void wr_queue_put(struct wr_queue_writer *w, uint32_t kind, size_t n)
{
	*message_at(w->queue, w->size, w->head) =
		(struct message){.bytes = (uint32_t)n, .kind = kind};
	w->head += size_of(n);
	atomic_store_explicit(&w->queue->head, w->head, memory_order_release);
}

uint64_t wr_queue_left(const struct wr_queue_reader *r)
{
	return atomic_load_explicit(&r->queue->head, memory_order_acquire) - r->at;
}

const void *wr_queue_next(struct wr_queue_reader *r, uint32_t *kind, size_t *n)
{
	struct message *m;

	if (!wr_queue_left(r))
		return NULL;
	m = message_at(r->queue, r->size, r->at);
	if (m->bytes == passed_over) {
		r->at += r->size - r->at % r->size;
		m = message_at(r->queue, r->size, r->at);
	}
	*kind = m->kind;
	*n = m->bytes;
	r->at += size_of(m->bytes);
	return m + 1;
}

void wr_queue_done(struct wr_queue_reader *r)
{
	atomic_store_explicit(&r->queue->tail, r->at, memory_order_release);
}
