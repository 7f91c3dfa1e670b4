/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DETECT_SAMPLE_H
#define WR_DETECT_SAMPLE_H

#include "detect/impl.h"

/* Headers of packets, as far as rules can tell them apart. */

enum {
	SAMPLES = 8192, /* a power of two: the newest ones */
	BUCKETS = 1024, /* of usual ones, by destination, protocol, service, and whether it opens a
			   connection: what is rare has its place, too */
	BUCKET = 32,
	SETTLED_S = 5,
	SAMPLE_WORDS = 3,
	SAMPLE_FIRST = 1,
	SAMPLE_LATER = 2,
	TTLS = 4096, /* usual packets of a bucket, then each of its counts is halved */
};

struct sample {
	uint8_t src[16], dst[16];
	uint64_t ns; /* 0: none */
	uint32_t len;
	uint16_t sport, dport, window;
	/* Two bytes each: the first that UDP carries, or the first options of TCP. */
	uint16_t word[SAMPLE_WORDS];
	uint8_t n_words, n_kept; /* that the packet has; of these: that are known */
	uint8_t ip_v, proto, ttl, tcp_flags, tcp_words, icmp_type;
	uint8_t frag; /* SAMPLE_FIRST, SAMPLE_LATER; 0: whole */
	uint8_t next; /* what follows the fixed header of IPv6: the protocol, or an extension */
};

struct samples {
	struct sample recent[SAMPLES];
	struct sample usual[BUCKETS][BUCKET];
	/* How many of all usual packets that were ever seen for a bucket came with which time to
	 * live: of a few samples one that few clients have is too likely to be missing. */
	uint16_t ttl[BUCKETS][256], ttls[BUCKETS];
	uint32_t n, settled; /* written so far; of these: looked at whether they are usual */
	uint64_t random;
};

int samples_open(struct wr_detect *d);
void samples_close(struct wr_detect *d);
void samples_packet(struct wr_detect *d, const struct wr_packet *pkt, const struct wr_rec *rec);
/* The newest ones; those that are usual stay. */
void samples_forget(struct wr_detect *d);
/* Those that are five seconds old and of an address where all is well become usual ones. */
void end_step_samples(struct wr_detect *d);

#endif
