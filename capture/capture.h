/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_CAPTURE_CAPTURE_H
#define WR_CAPTURE_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/image.h"
#include "core/record.h"

/*
 * Packets in: one door for every way they come. A source hands packets to a callback; what it hands
 * out is borrowed and valid until the callback returns.
 */

/* X(symbol, name in JSON and options, what a person reads) */
#define WR_HOOK_TABLE(X)                             \
	X(FILE, "file", "capture file")              \
	X(XDP, "xdp", "native XDP")                  \
	X(XDP_GENERIC, "xdp-generic", "generic XDP") \
	X(TC, "tc", "TC ingress")                    \
	X(PACKET, "packet", "packet socket")         \
	X(TC_OUT, "tc-out", "TC egress")

enum wr_hook {
#define X(sym, name, text) WR_HOOK_##sym,
	WR_HOOK_TABLE(X)
#undef X
		WR_HOOK_COUNT
};

const char *wr_hook_name(enum wr_hook hook);
const char *wr_hook_text(enum wr_hook hook);

struct wr_packet {
	uint64_t ts_ns; /* CLOCK_REALTIME */
	uint64_t num;	/* frame number in the file, from 1; 0 when live */
	const uint8_t
		*data; /* from the link header on; VLAN tags put back. NULL when only facts came */
	uint32_t caplen;	    /* bytes in data */
	uint32_t len;		    /* bytes on the wire, or what the hook saw */
	uint16_t linktype;	    /* DLT number */
	uint16_t gso_segs;	    /* packets merged into this one, 0 = not */
	uint8_t hook;		    /* enum wr_hook */
	uint8_t why;		    /* live: WR_WHY_* of core/board.h */
	const char *iface;	    /* interface name or "" */
	const struct wr_rec *rec;   /* facts made in the kernel; NULL: parse data */
	const struct wr_fate *fate; /* NULL: nothing is decided here */
};

const char *wr_verdict_name(enum wr_verdict v); /* pass, drop, limit, answer */

/* What weir decided of a packet. */
struct wr_fate {
	enum wr_verdict verdict;
	const char *rule, *klass; /* names; NULL: none */
};

typedef void (*wr_packet_fn)(void *ctx, const struct wr_packet *pkt);

/* One interface and hook of a source, counted where nothing can fill. */
struct wr_count {
	uint64_t packets, bytes;
};

/* Stages where a record can be lost: X(symbol, name, remedy) */
#define WR_LOST_TABLE(X)                                                               \
	X(RING_FULL, "ring_full",                                                      \
	  "the reader was slower than the packets: narrow the filter, use "            \
	  "--count, or sample with --sample N")                                        \
	X(READER_GONE, "reader_gone", "the reader ended before it took these records") \
	X(WRITE_FAILED, "write_failed",                                                \
	  "the output could not take them: is the disk full, or its reader gone?")

enum wr_lost {
#define X(sym, name, text) WR_LOST_##sym,
	WR_LOST_TABLE(X)
#undef X
		WR_LOST_COUNT
};

const char *wr_lost_name(enum wr_lost stage);
const char *wr_lost_remedy(enum wr_lost stage);

/* What a rule has kept out; "fragments": later ones whose first is not known; "(gone)": rules that
 * are there no more. */
struct wr_ledger_rule {
	char name[32];
	struct wr_count dropped, limited;
};

struct wr_ledger {
	char iface[16];
	enum wr_hook hook;
	uint64_t since_ns; /* CLOCK_REALTIME */
	struct wr_count arrived, passed;
	struct wr_count dropped, limited;  /* by rules: */
	uint64_t answered;		   /* packets of the limited: with a SYN cookie */
	const struct wr_ledger_rule *rule; /* borrowed until the next ledger is asked for */
	uint32_t n_rules;
	struct wr_count matched; /* of arrived: chosen by the filter */
	uint64_t made;		 /* records whose fate is known: seen + lost */
	uint64_t seen;
	uint64_t lost[WR_LOST_COUNT];
	uint64_t waiting; /* made, still on the way to the reader */
	uint64_t bad[64]; /* malformed packets by enum wr_bad */
	bool balanced;
};

struct wr_source;
struct wr_source_ops {
	/* Hands out what is there, at most `max` packets. Returns how many, 0 = nothing now,
	 * -ENODATA = end, or another -errno with err filled. */
	int (*read)(struct wr_source *s, wr_packet_fn fn, void *ctx, int max, struct wr_err *err);
	/* A descriptor that becomes readable when packets wait, or -1: then read on a timer. */
	int (*poll_fd)(struct wr_source *s);
	/* Fills up to n rows, one per interface and hook; returns how many there are. */
	int (*ledger)(struct wr_source *s, struct wr_ledger *rows, int n);
	/* 0..1, how far a file has been read; negative when not known. May be NULL. */
	double (*progress)(struct wr_source *s);
	void (*close)(struct wr_source *s); /* frees s */
};

struct wr_source {
	const struct wr_source_ops *ops;
};

static inline void wr_source_close(struct wr_source **s)
{
	if (*s)
		(*s)->ops->close(*s);
	*s = NULL;
}

/*
 * A capture file: pcap or pcapng, plain, gzip or zstd (told by content, not by name); "-" is
 * standard input. `filter` is a pcap-filter expression or NULL; packets it does not choose are
 * counted but not handed out. Errors name the file and, when the file is broken, the byte or packet
 * where; the packets before are handed out first. read() may return 0 before the end when the
 * filter chose none of many packets: call it again at once unless poll_fd() >= 0.
 */
int wr_file_open(struct wr_source **out, const char *path, const char *filter, struct wr_err *err);

/* look() gets every packet of the file before the filter chooses, in order, and may say `rec` and
 * `fate`: they have to stay until it is called again. */
void wr_file_watch(struct wr_source *file, void (*look)(void *ctx, struct wr_packet *pkt),
		   void *ctx);

#endif
