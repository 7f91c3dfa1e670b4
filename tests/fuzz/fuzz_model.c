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

/* A tree of one question, as onnx.save() of Python writes it. */
static const char onnx[] =
	"\010\010\072\253\003\012\245\003\012\001\170\022\001\154\022\001\160\042\026\124"
	"\162\145\145\105\156\163\145\155\142\154\145\103\154\141\163\163\151\146\151\145"
	"\162\052\022\012\011\143\154\141\163\163\137\151\144\163\100\000\100\000\240\001"
	"\007\052\026\012\015\143\154\141\163\163\137\156\157\144\145\151\144\163\100\001"
	"\100\002\240\001\007\052\026\012\015\143\154\141\163\163\137\164\162\145\145\151"
	"\144\163\100\000\100\000\240\001\007\052\034\012\015\143\154\141\163\163\137\167"
	"\145\151\147\150\164\163\075\000\000\200\277\075\000\000\000\100\240\001\006\052"
	"\033\012\022\143\154\141\163\163\154\141\142\145\154\163\137\151\156\164\066\064"
	"\163\100\000\100\001\240\001\007\052\035\012\022\156\157\144\145\163\137\146\141"
	"\154\163\145\156\157\144\145\151\144\163\100\002\100\000\100\000\240\001\007\052"
	"\033\012\020\156\157\144\145\163\137\146\145\141\164\165\162\145\151\144\163\100"
	"\000\100\000\100\000\240\001\007\052\050\012\013\156\157\144\145\163\137\155\157"
	"\144\145\163\112\012\102\122\101\116\103\110\137\114\105\121\112\004\114\105\101"
	"\106\112\004\114\105\101\106\240\001\010\052\030\012\015\156\157\144\145\163\137"
	"\156\157\144\145\151\144\163\100\000\100\001\100\002\240\001\007\052\030\012\015"
	"\156\157\144\145\163\137\164\162\145\145\151\144\163\100\000\100\000\100\000\240"
	"\001\007\052\034\012\021\156\157\144\145\163\137\164\162\165\145\156\157\144\145"
	"\151\144\163\100\001\100\000\100\000\240\001\007\052\040\012\014\156\157\144\145"
	"\163\137\166\141\154\165\145\163\075\000\000\307\102\075\000\000\000\000\075\000"
	"\000\000\000\240\001\006\052\035\012\016\160\157\163\164\137\164\162\141\156\163"
	"\146\157\162\155\042\010\114\117\107\111\123\124\111\103\240\001\003\072\012\141"
	"\151\056\157\156\156\170\056\155\154\022\001\147\102\016\012\012\141\151\056\157"
	"\156\156\170\056\155\154\020\002\162\027\012\015\167\145\151\162\137\146\145\141"
	"\164\165\162\145\163\022\006\154\145\156\147\164\150";

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *dir = getenv("WEIR_SEEDS");
	char path[4096];
	FILE *f;

	(void)argc;
	(void)argv;
	for (size_t i = 0; dir && i <= sizeof(seeds) / sizeof(*seeds); i++) {
		bool json = i < sizeof(seeds) / sizeof(*seeds);

		snprintf(path, sizeof(path), "%s/form-%zu", dir, i);
		f = fopen(path, "w");
		if (!f)
			continue;
		fwrite(json ? seeds[i] : onnx, json ? strlen(seeds[i]) : sizeof(onnx) - 1, 1, f);
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
		v->at[f] = (state >> (n % 24)) & WR_MODEL_MOST;
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
