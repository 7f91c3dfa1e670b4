/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_BASE_MEM_H
#define WR_BASE_MEM_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * Memory that is reserved at start and zero. Pages are taken from the system when they are first
 * written, so a large table costs a small capture nothing. Aligned to a page.
 */

enum { WR_MEM_HUGE = 8 << 20 /* bytes: four large pages, nearly everywhere */ };

/*
 * Of memory that nobody has written to yet: a kernel that has large pages gives those for a large
 * table. One that has none says no, and nothing is lost. Of a small table one would be mostly
 * empty.
 */
static inline void wr_mem_hint(void *at, size_t bytes)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), to = (uintptr_t)at + bytes;
	uintptr_t from = ((uintptr_t)at + page - 1) & ~(page - 1);

	if (bytes >= WR_MEM_HUGE)
		madvise((void *)from, to - from, MADV_HUGEPAGE);
}

/* realloc() for what may become a million of something: getting one small page after another took
 * longer than most of what was then done with them. */
static inline void *wr_mem_more(void *old, size_t bytes)
{
	void *at = realloc(old, bytes);

	if (at)
		wr_mem_hint(at, bytes);
	return at;
}

static inline void *wr_mem_map(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	/* Rows are found at random places: fewer, larger pages save most of the TLB misses. */
	wr_mem_hint(p, bytes);
	return p;
}

/* The same, and shared with the processes that are forked from now on. */
static inline void *wr_mem_share(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static inline void wr_mem_unmap(void *p, size_t bytes)
{
	if (p)
		munmap(p, bytes);
}

#endif
