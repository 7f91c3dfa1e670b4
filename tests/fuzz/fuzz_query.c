/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A line of the control socket: never a crash; what is refused is told. */
#include <stdint.h>
#include <stdlib.h>

#include "daemon/api.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct wr_query q;
	struct wr_err err = {0};

	if (wr_query_parse(&q, wr_api_views, (const char *)data, n, &err) && !err.text[0])
		abort();
	return 0;
}
