/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libFuzzer target: files of models. What is read says the same node by node and as lines of an
 * image, and again when it was written and read once more.
 *
 *	WEIR_SEEDS=DIR fuzz_model DIR	writes a file of each form to DIR first
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

enum { LINES = 1 << 14, PACKETS = 16 };

static const char *const seeds[] = {
	"{\"weir_model\":1,\"link\":\"plain\",\"base\":0,\"scale\":65534,\"trees\":[[[\"payload\","
	"40,1,2],[32767],[\"length\",99,3,4],[0],[512]],[[\"df\",0,1,2],[100],[32000]]]}",
	"{\"sklearn_model\":\"forest\",\"features\":[\"length\",\"ttl\"],\"trees\":[{\"children_"
	"left\":[1,-1,-1],\"children_right\":[2,-1,-1],\"feature\":[0,-2,-2],\"threshold\":[1.5,-2,"
	"-2],\"value\":[0.5,0,1]}]}",
	"{\"sklearn_model\":\"boosted\",\"learning_rate\":0.1,\"base\":-1,\"features\":[\"window\"]"
	",\"trees\":[{\"children_left\":[-1],\"children_right\":[-1],\"feature\":[-2],"
	"\"threshold\":[-2],\"value\":[0.5]}]}",
	"{\"objective\":\"binary sigmoid:1\",\"feature_names\":[\"length\"],\"tree_info\":[{\"tree_"
	"structure\":{\"split_feature\":0,\"threshold\":100.5,\"decision_type\":\"<=\","
	"\"left_child\":{\"leaf_value\":-2},\"right_child\":{\"leaf_value\":1.5}}}]}",
};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *dir = getenv("WEIR_SEEDS");
	char path[4096];
	FILE *f;

	(void)argc;
	(void)argv;
	for (size_t i = 0; dir && i < sizeof(seeds) / sizeof(*seeds); i++) {
		snprintf(path, sizeof(path), "%s/form-%zu", dir, i);
		f = fopen(path, "w");
		if (!f)
			continue;
		fputs(seeds[i], f);
		fclose(f);
	}
	return 0;
}

/* The same packets each time. */
static void packet(struct wr_model_values *v, uint32_t n)
{
	uint32_t state = 2463534242u * (n + 1);

	for (uint32_t f = 0; f < WR_MODEL_FEATURES; f++) {
		state ^= state << 13;
		state ^= state >> 17;
		state ^= state << 5;
		v->at[f] = (state >> (n % 24)) << WR_MODEL_SHIFT;
	}
}

static void check(const struct wr_model *m, const struct wr_model *again)
{
	struct wr_image_build b = {.most = LINES};
	uint32_t first = wr_image_model(&b, m);

	if (!first)
		abort();
	for (uint32_t i = 0; i < PACKETS; i++) {
		struct wr_model_values v;
		uint32_t sum;

		packet(&v, i);
		sum = wr_model_walk(m, &v);
		if (wr_model_sum(&b.mem, &v, first, m->n_trees) != sum ||
		    wr_model_walk(again, &v) != sum || !(wr_model_score(m, sum) >= 0))
			abort();
	}
	wr_image_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wr_model *m = NULL, *again = NULL;
	struct wr_err err = {0};
	struct wr_buf b = {0};

	if (wr_model_parse(&m, (const char *)data, size, "input", &err)) {
		if (!err.text[0] || m)
			abort();
		return 0;
	}
	wr_model_print(&b, m);
	wr_model_tell(&b, m);
	wr_buf_clear(&b);
	wr_model_print(&b, m);
	if (wr_model_parse(&again, b.at, b.used, "again", &err)) {
		fprintf(stderr, "%s\n%s", err.text, wr_buf_text(&b));
		abort();
	}
	check(m, again);
	wr_model_free(&m);
	wr_model_free(&again);
	wr_buf_free(&b);
	return 0;
}
