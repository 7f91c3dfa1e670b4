/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "l7/parser.h"

static const char hex[] = "0123456789abcdef";

bool wr_l7_text(char *to, size_t room, const void *bytes, size_t n)
{
	const uint8_t *at = bytes;
	size_t i, used = 0;

	for (i = 0; i < n; i++) {
		bool plain = at[i] >= 0x20 && at[i] < 0x7f && at[i] != '\\';

		if (used + (plain ? 1 : 4) >= room)
			break;
		if (plain) {
			to[used++] = (char)at[i];
			continue;
		}
		memcpy(to + used, "\\x", 2);
		to[used + 2] = hex[at[i] >> 4];
		to[used + 3] = hex[at[i] & 15];
		used += 4;
	}
	to[used] = 0;
	return i < n;
}
