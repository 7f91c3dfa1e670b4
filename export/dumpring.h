/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_EXPORT_DUMPRING_H
#define WR_EXPORT_DUMPRING_H

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
 * Writes the packets since that time (CLOCK_REALTIME; 0: all), oldest first, that filter (a
 * pcap-filter expression, NULL: all) chooses, and flushes. *written (may be NULL): how many.
 * -EINVAL: the filter is wrong; else the error of a write.
 */
int wr_dump_last(const struct wr_dump *d, uint64_t since_ns, const char *filter,
		 struct wr_pcapng *to, uint64_t *written, struct wr_err *err);

#endif
