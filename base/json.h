/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_BASE_JSON_H
#define WR_BASE_JSON_H

#include <sys/types.h>

#include "base/buf.h"

/*
 * JSON, streamed into a buffer: commas are put where they belong (after a value, before the next
 * key). Keys are constants of ours and are not escaped; strings are. Text that is not UTF-8 is
 * escaped byte by byte as \u00XX.
 */
void wr_json_open(struct wr_buf *b);				 /* { */
void wr_json_close(struct wr_buf *b);				 /* } */
void wr_json_key(struct wr_buf *b, const char *key);		 /* "key": */
void wr_json_open_key(struct wr_buf *b, const char *key);	 /* "key":{ */
void wr_json_array(struct wr_buf *b, const char *key);		 /* "key":[ */
void wr_json_end_array(struct wr_buf *b);			 /* ] */
void wr_json_next(struct wr_buf *b);				 /* a comma, if one is due */
void wr_json_u64(struct wr_buf *b, const char *key, uint64_t v); /* key NULL: array element */
void wr_json_double(struct wr_buf *b, const char *key, double v);
void wr_json_bool(struct wr_buf *b, const char *key, bool v);
void wr_json_str(struct wr_buf *b, const char *key, const char *s);
void wr_json_strn(struct wr_buf *b, const char *key, const void *s, size_t n);
void wr_json_time(struct wr_buf *b, const char *key, uint64_t ns); /* RFC 3339 UTC */
void wr_json_ip(struct wr_buf *b, const char *key, const uint8_t *addr_net, int ip_v); /* 4 or 6 */
void wr_json_base64(struct wr_buf *b, const char *key, const void *bytes, size_t n);
/* The other way: text of n characters to at most 3 * n / 4 bytes. Returns how many, or -EINVAL. */
ssize_t wr_json_base64_read(const char *text, size_t n, uint8_t *bytes);

#endif
