/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "export/sheetfile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/newfile.h"
#include "export/parquet_sheet.h"

enum { FLUSH_AT = 1 << 16, CELL_BYTES = 8 };

struct wr_sheetfile {
	struct wr_sheetfile_conf conf;
	struct wr_parquet_sheet *parquet; /* owned; NULL: text */
	struct wr_newfile file;
	struct wr_buf text;
	uint64_t rows, bytes; /* written, of text */
	uint32_t columns;
	int failed; /* -errno */
};

static const char *const names[WR_SHEETFILE_FORMATS] = {
#define X(sym, name) name,
	WR_SHEETFILE_TABLE(X)
#undef X
};

const char *wr_sheetfile_name(enum wr_sheetfile_format format)
{
	return names[format];
}

int wr_sheetfile_open(struct wr_sheetfile **out, const struct wr_sheetfile_conf *conf,
		      struct wr_err *err)
{
	struct wr_sheetfile *f = calloc(1, sizeof(*f));
	const struct wr_column *c = NULL;
	int ret;

	if (!f)
		return wr_fail(err, ENOMEM, "%s: no memory", conf->to);
	f->conf = *conf;
	while ((c = wr_sheet_next(conf->sheet, c)))
		f->columns++;
	if (conf->format == WR_SHEETFILE_PARQUET)
		ret = wr_parquet_sheet_open(&f->parquet, conf->to, conf->sheet, conf->hide,
					    conf->rows, err);
	else
		ret = wr_newfile_open(&f->file, conf->to, err);
	if (ret) {
		free(f);
		return ret;
	}
	if (conf->format == WR_SHEETFILE_CSV)
		wr_sheet_csv_header(&f->text, conf->sheet);
	*out = f;
	return 0;
}

static int flush(struct wr_sheetfile *f, struct wr_err *err)
{
	size_t n = f->text.used;
	int ret = f->text.failed ? -ENOMEM : wr_buf_flush(&f->text, f->file.fd);

	if (ret)
		return wr_fail(err, -ret, "%s: %s", f->conf.to, strerror(-ret));
	f->bytes += n;
	return 0;
}

int wr_sheetfile_add(struct wr_sheetfile *f, const void *row, struct wr_err *err)
{
	if (f->failed)
		return wr_fail(err, -f->failed, "%s: %s", f->conf.to, strerror(-f->failed));
	if (f->parquet)
		f->failed = wr_parquet_sheet_add(f->parquet, row, err);
	else if (f->conf.format == WR_SHEETFILE_CSV)
		wr_sheet_csv(&f->text, f->conf.sheet, row, f->conf.hide);
	else
		wr_sheet_json(&f->text, f->conf.sheet, row, f->conf.hide);
	if (f->text.used > FLUSH_AT)
		f->failed = flush(f, err);
	f->rows += !f->failed;
	return f->failed;
}

uint64_t wr_sheetfile_rows(const struct wr_sheetfile *f)
{
	return f->rows;
}

uint64_t wr_sheetfile_bytes(const struct wr_sheetfile *f)
{
	return f->parquet ? f->rows * f->columns * CELL_BYTES : f->bytes + f->text.used;
}

int wr_sheetfile_close(struct wr_sheetfile **file, bool keep, struct wr_err *err)
{
	struct wr_sheetfile *f = *file;
	int ret;

	if (!f)
		return 0;
	*file = NULL;
	keep = keep && !f->failed;
	if (f->parquet) {
		ret = wr_parquet_sheet_close(&f->parquet, keep, err);
	} else {
		ret = keep ? flush(f, err) : 0;
		if (keep && !ret)
			ret = wr_newfile_keep(&f->file, err);
		else
			wr_newfile_drop(&f->file);
	}
	wr_buf_free(&f->text);
	free(f);
	return ret;
}
