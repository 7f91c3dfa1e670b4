/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "store/rows.h"

/* Keys from names that strangers chose. */

enum { HASH = 1 + 16 }; /* "~" and digits */

void wr_store_key(char to[WR_STORE_KEY_MAX], const char *name)
{
	uint64_t hash = 14695981039346656037u; /* FNV-1a */
	bool same = true;
	size_t n = 0;

	for (const char *c = name; *c; c++) {
		bool plain = *c >= ' ' && *c <= '~';

		hash = (hash ^ (uint8_t)*c) * 1099511628211u;
		same = same && plain && n < WR_STORE_KEY_MAX - 1;
		if (n < WR_STORE_KEY_MAX - 1)
			to[n++] = plain ? *c : '?';
	}
	to[n] = 0;
	if (same)
		return;
	n = n > WR_STORE_KEY_MAX - 1 - HASH ? WR_STORE_KEY_MAX - 1 - HASH : n;
	snprintf(to + n, WR_STORE_KEY_MAX - n, "~%016" PRIx64, hash);
}
