/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/web/assets.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/embed.h"

#include "wr_page.h" /* made by the build */

#define X(sym, name, file) WR_EMBED(wr_page_##sym, file);
WR_PAGE_FILES(X)
#undef X

static const struct {
	const char *name;
	const uint8_t *packed, *end;
} files[] = {
#define X(sym, name, file) {"/" name, wr_page_##sym, wr_page_##sym##_end},
	WR_PAGE_FILES(X)
#undef X
};

enum { ASSETS = sizeof(files) / sizeof(files[0]) };

static struct wr_web_asset assets[ASSETS];

static const char *type_of(const char *name)
{
	static const struct {
		const char *end, *type;
	} types[] = {
		{".html", "text/html; charset=utf-8"},
		{".js", "text/javascript; charset=utf-8"},
		{".css", "text/css; charset=utf-8"},
		{".svg", "image/svg+xml"},
	};
	const char *dot = strrchr(name, '.');
	size_t i;

	for (i = 0; dot && i < sizeof(types) / sizeof(types[0]); i++)
		if (!strcmp(dot, types[i].end))
			return types[i].type;
	return "application/octet-stream";
}

static uint32_t le32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* The last eight bytes of a gzip file are the checksum and the size of what is in it (RFC 1952,
 * 2.3.1): they name the content. */
static int unpack(struct wr_web_asset *a)
{
	const uint8_t *end = a->packed + a->packed_bytes;
	z_stream z = {.next_in = (Bytef *)a->packed, .avail_in = (uInt)a->packed_bytes};
	int rc;

	a->plain_bytes = le32(end - 4);
	snprintf(a->etag, sizeof(a->etag), "\"%08x%zx\"", le32(end - 8), a->plain_bytes);
	a->plain = malloc(a->plain_bytes ? a->plain_bytes : 1);
	if (!a->plain || inflateInit2(&z, 16 + MAX_WBITS) != Z_OK)
		return -ENOMEM;
	z.next_out = (Bytef *)a->plain;
	z.avail_out = (uInt)a->plain_bytes;
	rc = inflate(&z, Z_FINISH);
	inflateEnd(&z);
	return rc == Z_STREAM_END ? 0 : -EBADMSG;
}

int wr_web_assets_open(struct wr_err *err)
{
	size_t i;
	int rc;

	for (i = 0; i < ASSETS; i++) {
		assets[i] = (struct wr_web_asset){
			.path = files[i].name,
			.type = type_of(files[i].name),
			.packed = files[i].packed,
			.packed_bytes = (size_t)(files[i].end - files[i].packed),
		};
		rc = unpack(&assets[i]);
		if (!rc)
			continue;
		wr_web_assets_close();
		return wr_fail(err, -rc, "the page's file %s cannot be unpacked", files[i].name);
	}
	return 0;
}

void wr_web_assets_close(void)
{
	size_t i;

	for (i = 0; i < ASSETS; i++) {
		free(assets[i].plain);
		assets[i].plain = NULL;
	}
}

const struct wr_web_asset *wr_web_assets_find(const char *path)
{
	size_t i;

	if (!strcmp(path, "/"))
		path = "/index.html";
	for (i = 0; i < ASSETS; i++)
		if (!strcmp(assets[i].path, path))
			return &assets[i];
	return NULL;
}
