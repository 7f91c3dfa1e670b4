/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/unit.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct wr_unit durations[] = {
	{"ns", 1, true},
	{"us", 1000, true},
	{"ms", 1000000, true},
	{"s", 1000000000, true},
	{"m", 60000000000, true},
	{"min", 60000000000, false},
	{"h", 3600000000000, true},
	{"d", 86400000000000, true},
	{NULL},
};

static const struct wr_unit sizes[] = {
	{"", 1, true},
	{"B", 1, false},
	{"kB", 1000, false},
	{"KiB", 1ull << 10, true},
	{"MB", 1000000, false},
	{"MiB", 1ull << 20, true},
	{"GB", 1000000000, false},
	{"GiB", 1ull << 30, true},
	{"TB", 1000000000000, false},
	{"TiB", 1ull << 40, true},
	{NULL},
};

static const struct wr_unit numbers[] = {
	{"", 1}, {"k", 1000}, {"M", 1000000}, {"G", 1000000000}, {NULL},
};

int wr_unit_read(const struct wr_unit *u, const char *text, uint64_t *out)
{
	uint64_t v;
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	v = strtoull(text, &end, 10);
	if (errno)
		return -EINVAL;
	end += strspn(end, " ");
	for (; u->name; u++)
		if (!strcmp(end, u->name) || (!*end && !v))
			break;
	if (!u->name || v > UINT64_MAX / u->factor)
		return -EINVAL;
	*out = v * u->factor;
	return 0;
}

void wr_unit_write(const struct wr_unit *u, char out[WR_UNIT_TEXT], uint64_t v)
{
	const struct wr_unit *best = u;

	for (; u->name; u++)
		if (u->shown && (v ? v % u->factor == 0 : !strcmp(u->name, "s")))
			best = u;
	snprintf(out, WR_UNIT_TEXT, "%" PRIu64 "%s", v / best->factor, best->name);
}

int wr_unit_duration(const char *text, uint64_t *ns)
{
	return wr_unit_read(durations, text, ns);
}

int wr_unit_size(const char *text, uint64_t *bytes)
{
	return wr_unit_read(sizes, text, bytes);
}

int wr_unit_number(const char *text, uint64_t *v)
{
	return wr_unit_read(numbers, text, v);
}

void wr_unit_duration_text(char out[WR_UNIT_TEXT], uint64_t ns)
{
	wr_unit_write(durations, out, ns);
}

void wr_unit_size_text(char out[WR_UNIT_TEXT], uint64_t bytes)
{
	wr_unit_write(sizes, out, bytes);
}
