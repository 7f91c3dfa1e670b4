/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers of a server of models, any bytes: metadata in one half, scores in the other. */
#include <stdlib.h>
#include <string.h>

#include "export/infer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const columns[] = {"packets_s", "syn_share", "mean_size"};
	struct wr_infer_conf conf = {.form = size && data[0] & 1 ? WR_INFER_ROWS : WR_INFER_OIP,
				     .url = "http://h",
				     .model = "m",
				     .version = "",
				     .output = "",
				     .columns = columns,
				     .n_columns = 3};
	const double values[6] = {1, 2, 3, 4, 5, 6};
	const uint8_t *half = memchr(data, 0, size);
	struct wr_infer_plan plan;
	struct wr_buf b = {0};
	double scores[2];
	char said[64];
	size_t n = half ? (size_t)(half - data) : size;

	wr_infer_meta(&plan, &conf, (const char *)data, n, NULL);
	wr_infer_body(&b, &plan, &conf, values, 2, 1);
	wr_infer_scores(scores, 2, &plan, &conf, (const char *)data + n, size - n, NULL);
	wr_infer_scores(scores, 2, &plan, &conf, (const char *)data, n, NULL);
	wr_infer_said(said, sizeof(said), (const char *)data, n);
	wr_buf_free(&b);
	return 0;
}
