/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_EXPORT_FRAME_H
#define WR_EXPORT_FRAME_H

#include <jansson.h>

#include "base/buf.h"
#include "capture/capture.h"

/* A packet with its bytes as a line of JSON (docs/events.md: frame), and back. */

enum { WR_FRAME_MAX = 1 << 17 };

struct wr_frame {
	struct wr_packet pkt; /* what it points to lies in o and here */
	struct wr_fate fate;
	uint8_t bytes[WR_FRAME_MAX];
};

/* With a newline. */
void wr_frame_json(struct wr_buf *b, const struct wr_packet *pkt);

/* 0; -EINVAL: o is no frame. f->pkt is good as long as o is there. */
int wr_frame_read(struct wr_frame *f, const json_t *o);

#endif
