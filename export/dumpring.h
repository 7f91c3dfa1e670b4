/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_EXPORT_DUMPRING_H
#define WR_EXPORT_DUMPRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "capture/capture.h"
#include "export/pcapng.h"

/*
 * The last packets, in memory of fixed size, so that a capture can begin before somebody asked for
 * it. The oldest make room. Pure: what is written goes to an open struct wr_pcapng.
 */
struct wr_dump;

struct wr_dump_conf {
	size_t bytes;	  /* 64 KiB to 64 GiB; a packet takes up to 47 bytes more than it has */
	uint32_t snaplen; /* bytes kept of a packet; 0 = all */
	uint64_t max_ns;  /* older ones than this before the newest are forgotten; 0 = never */
};

/* All memory is taken now. 0, -EINVAL, -ENOMEM; *out is untouched on failure. */
int wr_dump_open(struct wr_dump **out, const struct wr_dump_conf *conf, struct wr_err *err);
void wr_dump_close(struct wr_dump **d); /* NULL is fine; sets NULL */

/* Copies a packet. One of which only facts came (data NULL) is not kept. */
void wr_dump_add(struct wr_dump *d, const struct wr_packet *pkt);

struct wr_dump_state {
	uint64_t packets;		/* that are kept */
	uint64_t oldest_ns, newest_ns;	/* in the order in which they came; 0: there are none */
	uint64_t added, forgotten, big; /* forgotten: made room; big: larger than all of the ring */
};
struct wr_dump_state wr_dump_state(const struct wr_dump *d);

/*
 * Which packets are asked for. They are numbered from 1 on in the order in which they were added;
 * who asks again with `from` as it was left goes on behind the last one.
 */
struct wr_dump_ask {
	uint64_t from; /* not before that number; 0: the oldest. In, and out: the next to look at */
	uint64_t to;   /* not behind that number; 0: the newest */
	uint64_t since_ns;  /* not before that time (CLOCK_REALTIME) */
	uint32_t newest;    /* only the last so many of those; 0: all, from the oldest on */
	const char *filter; /* pcap-filter expression; NULL: all */
};

/* At most so many packets are looked at by one call, so that it has an end; when `newest` is asked
 * for, the newest. */
enum { WR_DUMP_LOOK = 1 << 18 };

/* pkt is borrowed for the call. False: enough; this one is looked at again by the next call. */
typedef bool (*wr_dump_fn)(void *ctx, const struct wr_packet *pkt);

/* Hands out what is asked for, oldest first. -EINVAL: the filter is wrong. -ENOMEM. */
int wr_dump_each(const struct wr_dump *d, struct wr_dump_ask *ask, wr_dump_fn fn, void *ctx,
		 struct wr_err *err);

/*
 * Writes the packets since that time (CLOCK_REALTIME; 0: all), oldest first, that filter (a
 * pcap-filter expression, NULL: all) chooses, and flushes. *written (may be NULL): how many.
 * -EINVAL: the filter is wrong; else the error of a write.
 */
int wr_dump_last(const struct wr_dump *d, uint64_t since_ns, const char *filter,
		 struct wr_pcapng *to, uint64_t *written, struct wr_err *err);

#endif
