/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_STORE_BLOCK_H
#define WR_STORE_BLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "store/column.h"
#include "store/read.h"
#include "store/rows.h"

/*
 * Flows as a block of columns, and back. Not for other folders.
 *
 *   version (1 byte), rows, bytes of each column (varints), the columns, CRC-32 of all before
 *
 * What a filter asks for stands in the first columns; the others are unpacked only when a row was
 * chosen.
 */

enum { WR_BLOCK_ROWS = 16384 };

struct wr_block {
	struct wr_column column;
	struct wr_buf body;	   /* of the block being written */
	uint64_t *hash;		   /* of what its bloom shall have: 3 * WR_BLOCK_ROWS */
	struct wr_store_flow *row; /* WR_BLOCK_ROWS, of the block that was read */
	bool *chosen;
};

/* Takes all memory. 0 or -ENOMEM. */
int wr_block_open(struct wr_block *b);
void wr_block_close(struct wr_block *b); /* zeroed is fine */

/* Writes 1 .. WR_BLOCK_ROWS rows to data, and to bloom which addresses and server ports are within;
 * both are cleared first. False: no memory. */
bool wr_block_put(struct wr_block *b, const struct wr_store_flow *rows, uint32_t n,
		  struct wr_buf *data, struct wr_buf *bloom);

/*
 * Reads a block into b->row and says in b->chosen which rows the filter (NULL: all) takes. Returns
 * how many rows it has, 0 when none was chosen (then b->row is not filled), or -EBADMSG: damaged.
 */
int wr_block_get(struct wr_block *b, const uint8_t *data, size_t size,
		 const struct wr_store_filter *f);

/* False: nothing that the filter asks for is in that block. */
bool wr_block_may_have(const uint8_t *bloom, size_t size, const struct wr_store_filter *f);

#endif
