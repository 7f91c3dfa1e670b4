/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_BASE_UNIT_H
#define WR_BASE_UNIT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Numbers with a unit, as people write them: whole numbers with a unit behind, with or without a
 * space between. Each returns 0, or -EINVAL when the text is none or the number does not fit; *out
 * is untouched then.
 */
int wr_unit_duration(const char *text, uint64_t *ns); /* 500ms 60s 5m 2h 1d; 0 needs no unit */
int wr_unit_size(const char *text, uint64_t *bytes);  /* 4096 64kB 32MiB 1GiB (SI and binary) */
int wr_unit_number(const char *text, uint64_t *v);    /* 65536 64k 2M (k = 1000) */

/* The other way, in the largest unit without a remainder; it reads back as the same number. */
enum { WR_UNIT_TEXT = 32 };
void wr_unit_duration_text(char out[WR_UNIT_TEXT], uint64_t ns);
void wr_unit_size_text(char out[WR_UNIT_TEXT], uint64_t bytes);

/* The same with units of one's own; a name of NULL ends a table. */
struct wr_unit {
	const char *name;
	uint64_t factor;
	bool shown; /* numbers are written in it, too */
};
int wr_unit_read(const struct wr_unit *table, const char *text, uint64_t *v);
void wr_unit_write(const struct wr_unit *table, char out[WR_UNIT_TEXT], uint64_t v);

#endif
