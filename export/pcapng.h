/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_EXPORT_PCAPNG_H
#define WR_EXPORT_PCAPNG_H

#include "base/err.h"
#include "capture/capture.h"

/*
 * Packets to a pcapng file (draft-ietf-opsawg-pcapng): one section, an interface description for
 * each interface, hook and link type when its first packet comes, time stamps in nanoseconds, and
 * interface statistics at the end that carry the ledger.
 *
 * Blocks are built in a buffer of fixed size and written when it is full, at flush and at close.
 * The first write that fails is the last one: the file is cut back to whole blocks, so it stays
 * readable, and from then on every call returns the same error.
 */

struct wr_pcapng; /* owned by the caller */

struct wr_pcapng_conf {
	const char *version; /* of weir, for the section header */
	const char *filter;  /* the expression that chose the packets, or NULL */
	uint32_t snaplen;    /* bytes kept of each packet; 0 = all, up to 1 MiB */
};

/* Creates or empties `path` with mode 0600, for captures hold what people said; "-" is standard
 * output, which must not be a terminal. conf is only read here. */
int wr_pcapng_open(struct wr_pcapng **out, const char *path, const struct wr_pcapng_conf *conf,
		   struct wr_err *err);

/* To a descriptor that is open for writing; it is taken, also on failure. name: what errors call
 * it. */
int wr_pcapng_open_fd(struct wr_pcapng **out, int fd, const char *name,
		      const struct wr_pcapng_conf *conf, struct wr_err *err);

/* Adds a packet; it is copied. Its fate is told by the option epb_verdict (4.3; as the hook's
 * program returned it, live only) and by a comment, "verdict drop by NAME". comment: UTF-8 for one
 * more, cut at 64 KiB, or NULL. A packet of which only facts came (data NULL) is written with its
 * length and no bytes. */
int wr_pcapng_write(struct wr_pcapng *w, const struct wr_packet *pkt, const char *comment,
		    struct wr_err *err);

/* Writes what is buffered, so that a reader of the file or pipe has it. */
int wr_pcapng_flush(struct wr_pcapng *w, struct wr_err *err);

/* Adds the statistics of a ledger row: row->since_ns to now_ns (CLOCK_REALTIME), packets arrived,
 * not passed, matched, lost, seen. comment: the ledger as one line of JSON, or NULL. To be called
 * after the last packet. */
int wr_pcapng_stats(struct wr_pcapng *w, const struct wr_ledger *row, uint64_t now_ns,
		    const char *comment, struct wr_err *err);

/* Packets given to wr_pcapng_write() that are not in the file and will not be: 0 until a write
 * failed. */
uint64_t wr_pcapng_lost(const struct wr_pcapng *w);

/* Tells whose packets those were: calls fn with each interface that lost some, once for each hook
 * and link type. What is still in the buffer is not lost yet: wr_pcapng_flush() first. */
void wr_pcapng_lost_each(const struct wr_pcapng *w,
			 void (*fn)(void *ctx, const char *iface, uint64_t packets), void *ctx);

/* Writes the rest and frees. NULL is fine; sets NULL. Returns the error of this or of the first
 * failed write; *lost (may be NULL) is wr_pcapng_lost() after that. */
int wr_pcapng_close(struct wr_pcapng **w, uint64_t *lost, struct wr_err *err);

#endif
