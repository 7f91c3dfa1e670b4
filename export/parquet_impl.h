/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_EXPORT_PARQUET_IMPL_H
#define WR_EXPORT_PARQUET_IMPL_H

#include "base/buf.h"
#include "export/parquet.h"

/* Shared by the files of the writer alone. Numbers of the format (parquet.thrift). */

enum { PHYSICAL_INT32 = 1, PHYSICAL_INT64 = 2, PHYSICAL_DOUBLE = 5, PHYSICAL_BYTES = 6 };
enum { ENCODING_PLAIN = 0, ENCODING_RLE = 3 };
enum { CODEC_NONE = 0, CODEC_ZSTD = 6 };

static const char wr_parquet_magic[] = "PAR1";
enum { MAGIC = 4 };

/* What a column of a row group became. */
struct wr_parquet_chunk {
	uint64_t at;	      /* byte in the file where its page begins */
	uint64_t least, most; /* of its values */
	uint32_t plain, size; /* bytes with the page's header: uncompressed, and as written */
	uint32_t nulls;
	uint32_t values; /* that are no nulls */
};
_Static_assert(sizeof(struct wr_parquet_chunk) == 40, "told in parquet.h");

struct wr_parquet_layout {
	uint8_t physical, bytes; /* 0: as long as it is */
	uint8_t bits;		 /* of an unsigned number; 0: none */
	bool range;		 /* least and greatest are told */
};
extern const struct wr_parquet_layout wr_parquet_layout[WR_PARQUET_TYPES];

struct wr_parquet_footer {
	const struct wr_parquet_conf *conf;
	const struct wr_parquet_chunk *chunks; /* n_columns for each group */
	const uint32_t *rows;		       /* of each group */
	uint32_t groups;
};

void wr_parquet_page_header(struct wr_buf *to, uint32_t plain, uint32_t size, uint32_t crc,
			    uint32_t rows);
void wr_parquet_footer(struct wr_buf *to, const struct wr_parquet_footer *f);

#endif
