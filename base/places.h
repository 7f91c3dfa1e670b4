/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_BASE_PLACES_H
#define WR_BASE_PLACES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/*
 * Whose an address is, by files of the MaxMind DB format (libmaxminddb): of GeoLite2, DB-IP and
 * others. A file is copied into memory when it is opened, so that one which is written to meanwhile
 * breaks nothing; a look-up then takes no system call and a bounded time.
 */
struct wr_places; /* owned by the caller */

enum { WR_PLACES_MOST = 256 << 20 }; /* bytes of a file */

/* "" or NULL: there is none of the kind; *out is NULL when there is neither. -EINVAL: a file is not
 * there, or none of the format, or too large; -EOPNOTSUPP: built without the library; -ENOMEM. err
 * names the item (detect.asn) and the file. *out is untouched on failure. */
int wr_places_open(struct wr_places **out, const char *asn, const char *country,
		   struct wr_err *err);
void wr_places_close(struct wr_places **p); /* NULL is fine; sets NULL */

struct wr_place {
	uint32_t asn;	 /* 0: not known, as "" of the rest */
	char org[80];	 /* UTF-8 without anything that steers a terminal */
	char country[3]; /* ISO 3166-1: two capital letters */
};

/* Something is known of an address (network order; ip_v 4 or 6). p may be NULL. */
bool wr_places_of(const struct wr_places *p, const uint8_t *addr, int ip_v, struct wr_place *out);

#endif
