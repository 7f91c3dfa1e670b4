/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_WEB_ASSETS_H
#define WR_UI_WEB_ASSETS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* The files of the page, built into this binary. */
struct wr_web_asset {
	const char *path;      /* below "/" */
	const char *type;      /* for Content-Type */
	const uint8_t *packed; /* gzip */
	size_t packed_bytes;
	char *plain; /* owned by the table, for who cannot unpack */
	size_t plain_bytes;
	char etag[24];
};

/* Unpacks all of them. 0 or -errno. */
int wr_web_assets_open(struct wr_err *err);
void wr_web_assets_close(void);

/* "/" is index.html. NULL: there is none of that name. */
const struct wr_web_asset *wr_web_assets_find(const char *path);

#endif
