/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_BASE_MEM_H
#define WR_BASE_MEM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

/*
 * Memory that is reserved at start and zero. Pages are taken from the system when they are first
 * written, so a large table costs a small capture nothing. Aligned to a page.
 */

enum { WR_MEM_HUGE = 8 << 20 /* bytes: four large pages, nearly everywhere */ };

static inline void *wr_mem_map(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	/* Rows are found at random places: fewer, larger pages save most of the TLB misses. A
	 * kernel without them says no, and nothing is lost. Of a small table one would be mostly
	 * empty. */
	if (bytes >= WR_MEM_HUGE)
		madvise(p, bytes, MADV_HUGEPAGE);
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
