/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_CAPTURE_FORMAT_H
#define WR_CAPTURE_FORMAT_H

#include "capture/capture.h"
#include "capture/stream.h"

/* The formats of capture files: one file and one line in file.c each. Inside capture/ only. */

enum {
	WR_CAPLEN_MAX = 1 << 20
}; /* bytes; the largest packets of Linux, BIG TCP, have half of that */

struct wr_format;
struct wr_reader {
	const struct wr_format *format;
	struct wr_stream *stream; /* borrowed */
	uint64_t num;		  /* packets so far */
};

struct wr_format {
	const char *name;
	bool (*match)(const uint8_t head[4]);
	/* Reads what stands before the first packet. */
	int (*open)(struct wr_reader **out, struct wr_stream *s, struct wr_err *err);
	/* The next packet: fills ts_ns, num, data, caplen, len, linktype, iface; lent until the
	 * next call. 1 = filled, 0 = a pipe has nothing now, -ENODATA = end of file, -EINVAL =
	 * broken; err says where. */
	int (*next)(struct wr_reader *r, struct wr_packet *pkt, struct wr_err *err);
	int (*linktype)(
		const struct wr_reader *r); /* DLT of the first interface; -1 = there is none */
	void (*close)(struct wr_reader *r); /* frees r */
};

extern const struct wr_format wr_format_pcap;
extern const struct wr_format wr_format_pcapng;

/* "broken after packet 7, at byte 1234: ..." for what begins at the stream's position. Returns
 * -EINVAL. */
int wr_format_broken(const struct wr_reader *r, struct wr_err *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4), cold));

/* The file ends: of `what` (NULL: the next packet) only `have` bytes of `want` are there. Returns
 * -EINVAL. */
int wr_format_cut(const struct wr_reader *r, const char *what, uint64_t want, uint64_t have,
		  struct wr_err *err) __attribute__((cold));

#endif
