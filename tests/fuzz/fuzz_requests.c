/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libFuzzer target: lines of access logs, through the parser, the tables and what is shown. All
 *that is added has to be in the rows again.
 *
 *	WEIR_SEEDS=DIR fuzz_requests DIR	writes the lines of the unit test to DIR first
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/stats.h"
#include "tests/unit/requests_cases.h"
#include "view/requests.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *dir = getenv("WEIR_SEEDS");
	char path[4096];
	FILE *f;

	(void)argc;
	(void)argv;
	for (size_t i = 0; dir && i < REQUESTS_CASES; i++) {
		snprintf(path, sizeof(path), "%s/case-%zu", dir, i);
		f = fopen(path, "w");
		if (!f)
			continue;
		fputs(requests_cases[i].line, f);
		fclose(f);
	}
	return 0;
}

static uint64_t sum(const struct wr_api_stats *s, enum wr_api_by by)
{
	const struct wr_api_table *t = wr_api_stats_table(s, by);
	uint64_t n = t->other.requests + t->none.requests;

	for (uint32_t i = 0; i < t->room; i++)
		n += t->rows[i].requests;
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct wr_api_line_conf how = {{{1, 2}}, 1};
	static struct wr_api_stats *s;
	static struct wr_buf b;
	static uint64_t runs;
	struct wr_api_request r;
	const char *at = (const char *)data, *end = at + size;

	if (!s && wr_api_stats_open(&s, NULL))
		abort();
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t n = (size_t)((newline ? newline : end) - at);

		if (!wr_api_line_read(&how, at, n, &r, NULL)) {
			if (memchr(r.path, '?', strlen(r.path)))
				abort();
			wr_api_request_mend(&r);
			wr_api_stats_add(s, &r);
		}
		at += n + 1;
	}
	/* All rows at once: seldom, or it is nearly all that is done. */
	if (++runs % 64)
		return 0;
	for (int by = 0; by < WR_API_BY; by++)
		if (sum(s, (enum wr_api_by)by) != wr_api_stats_total(s)->requests)
			abort();
	wr_buf_clear(&b);
	wr_view_requests_text(&b, s, 3, false, NULL);
	wr_view_requests_json(&b, s, 3, NULL);
	if (wr_api_stats_total(s)->requests > 5000)
		wr_api_stats_close(&s);
	return 0;
}
