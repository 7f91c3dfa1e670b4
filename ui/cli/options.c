/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/near.h"

enum { MAX_OPTIONS = 48 };

static int unknown(const struct wr_option *table, const char *word, struct wr_err *err)
{
	const char *names[MAX_OPTIONS + 1] = {"help"}, *near;
	size_t n = 1;

	for (; table->name && n < MAX_OPTIONS; table++)
		names[n++] = table->name;
	near = strncmp(word, "--", 2) ? NULL : wr_near(word + 2, names);
	return wr_fail(err, EINVAL, "unknown option '%s'%s%s%s; see --help", word,
		       near ? ": did you mean '--" : "", near ? near : "", near ? "'" : "");
}

static int number(const struct wr_option *o, const char *text, uint64_t *out, struct wr_err *err)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || *out < o->min || *out > o->max)
		return wr_fail(err, EINVAL,
			       "--%s: '%s' is not a number from %" PRIu64 " to %" PRIu64, o->name,
			       text, o->min, o->max);
	return 0;
}

static int set(const struct wr_option *o, void *into, const char *value, struct wr_err *err)
{
	void *at = (char *)into + o->offset;
	struct wr_strings *list = at;

	switch (o->type) {
	case WR_OPTION_FLAG:
		*(bool *)at = true;
		return 0;
	case WR_OPTION_STRING:
		*(const char **)at = value;
		return 0;
	case WR_OPTION_LIST:
		if (list->n == WR_STRINGS_MAX)
			return wr_fail(err, EINVAL, "--%s: more than %d of them", o->name,
				       WR_STRINGS_MAX);
		list->at[list->n++] = value;
		return 0;
	case WR_OPTION_NUMBER:
		return number(o, value, at, err);
	}
	return 0;
}

int wr_options_parse(const struct wr_option *table, void *into, int argc, char **argv,
		     struct wr_args *rest, struct wr_err *err)
{
	struct option longs[MAX_OPTIONS + 2] = {{"help", no_argument, NULL, 'h'}};
	char shorts[3 * MAX_OPTIONS] = ":h";
	size_t n = 0;
	int c;

	for (; n < MAX_OPTIONS && table[n].name; n++) {
		const char text[] = {table[n].letter, table[n].arg ? ':' : 0, 0};

		longs[n + 1] =
			(struct option){table[n].name, table[n].arg ? 1 : 0, NULL, 256 + (int)n};
		if (table[n].letter)
			strcat(shorts, text);
	}
	rest->help = false;
	optind = 0;
	opterr = 0;
	while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const struct wr_option *o = NULL;
		int ret;

		if (c == 'h') {
			rest->help = true;
			return 0;
		}
		if (c == ':')
			return wr_fail(err, EINVAL, "option '%s' needs a value", argv[optind - 1]);
		if (c == '?' && optopt && optopt < 256) {
			const char text[] = {'-', (char)optopt, 0};

			return unknown(table, text, err);
		}
		if (c == '?')
			return unknown(table, argv[optind - 1], err);
		for (size_t i = 0; i < n; i++)
			if (c == 256 + (int)i || c == table[i].letter)
				o = &table[i];
		ret = o ? set(o, into, optarg, err) : unknown(table, argv[optind - 1], err);
		if (ret)
			return ret;
	}
	rest->argc = argc - optind;
	rest->argv = argv + optind;
	return 0;
}
