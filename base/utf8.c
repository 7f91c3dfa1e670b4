/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/utf8.h"

size_t wr_utf8_size(const uint8_t *s, size_t n)
{
	static const struct {
		uint8_t first, last, low,
			high; /* range of the first byte, and of the second after it */
		size_t size;
	} form[] = {
		{0x00, 0x7f, 0x00, 0x00, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2},
		{0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
		{0xf4, 0xf4, 0x80, 0x8f, 4},
	};
	size_t i, k;

	for (i = 0; i < sizeof(form) / sizeof(form[0]); i++)
		if (s[0] >= form[i].first && s[0] <= form[i].last)
			break;
	if (i == sizeof(form) / sizeof(form[0]) || n < form[i].size)
		return 0;
	if (form[i].size > 1 && (s[1] < form[i].low || s[1] > form[i].high))
		return 0;
	for (k = 2; k < form[i].size; k++)
		if ((s[k] & 0xc0) != 0x80)
			return 0;
	return form[i].size;
}

bool wr_utf8_steers(const uint8_t *s, size_t size)
{
	if (size == 2)
		return s[0] == 0xc2 && s[1] < 0xa0;
	if (size != 3 || s[0] != 0xe2)
		return false;
	return (s[1] == 0x80 && s[2] >= 0xa8 && s[2] <= 0xae) ||
	       (s[1] == 0x80 && (s[2] == 0x8e || s[2] == 0x8f)) ||
	       (s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9);
}

uint32_t wr_utf8_point(const uint8_t *s, size_t size)
{
	uint32_t point = size > 1 ? s[0] & (0x7fu >> size) : s[0];

	for (size_t k = 1; k < size; k++)
		point = point << 6 | (s[k] & 0x3fu);
	return point;
}

void wr_utf8_plain(struct wr_buf *b, const char *text, size_t n)
{
	const uint8_t *s = (const uint8_t *)text;

	while (n) {
		size_t size = wr_utf8_size(s, n);

		if (!size || *s < ' ' || *s == 0x7f || (size > 1 && wr_utf8_steers(s, size)))
			wr_buf_char(b, *s < 0x80 ? ' ' : '?');
		else
			wr_buf_add(b, s, size);
		size = size ? size : 1;
		s += size;
		n -= size;
	}
}
