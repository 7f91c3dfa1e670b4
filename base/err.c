/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void wr_plain(char *s)
{
	unsigned char c;

	for (; (c = (unsigned char)*s); s++) {
		if ((c < ' ' && c != '\n' && c != '\t') || c == 127)
			*s = '?';
		else if (c == 0xc2 && ((unsigned char)s[1] & 0xe0) == 0x80) /* U+0080 to U+009F */
			s[0] = s[1] = '?';
	}
}

int wr_fail(struct wr_err *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -code;
	err->code = code;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	wr_plain(err->text);
	return -code;
}

int wr_within(struct wr_err *err, const char *fmt, ...)
{
	char old[sizeof(err->text)];
	va_list ap;
	size_t n;

	if (!err)
		return -EINVAL;
	memcpy(old, err->text, sizeof(old));
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	n = strlen(err->text);
	strncat(err->text, ": ", sizeof(err->text) - n - 1);
	n = strlen(err->text);
	strncat(err->text, old, sizeof(err->text) - n - 1);
	return -err->code;
}
