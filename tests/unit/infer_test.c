/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is asked of a server of models and what is taken of its answers: metadata that fit and those
 * that do not, each input named; requests in each form; answers that are flat or nested, and those
 * that are late in the day: too many, too few, no numbers, no JSON, another model's.
 */
#include <errno.h>
#include <math.h>

#include "daemon/advice_conf.h"
#include "daemon/advice_usual.h"
#include "export/infer.h"
#include "tests/tap.h"

static const char *const columns[] = {"packets_s", "syn_share"};
static struct wr_infer_conf conf = {.url = "http://h:8000/",
				    .model = "a b",
				    .version = "",
				    .output = "",
				    .columns = columns,
				    .n_columns = 2};

static int meta(struct wr_infer_plan *p, const char *text, struct wr_err *err)
{
	*err = (struct wr_err){0};
	return wr_infer_meta(p, &conf, text, strlen(text), err);
}

#define META(inputs, outputs)                                                                      \
	"{\"name\":\"a\",\"versions\":[\"1\",\"2\"],\"inputs\":[" inputs "],\"outputs\":[" outputs \
	"]}"
#define ONE(shape, type) "{\"name\":\"x\",\"datatype\":\"" type "\",\"shape\":" shape "}"
#define NAMED(name, shape, type) \
	"{\"name\":\"" name "\",\"datatype\":\"" type "\",\"shape\":" shape "}"
#define OUT "{\"name\":\"score\",\"datatype\":\"FP32\",\"shape\":[-1,1]}"

static void test_meta(void)
{
	static const struct {
		const char *text, *says; /* NULL: it fits */
		int ret;
	} cases[] = {
		{META(ONE("[-1,2]", "FP32"), OUT), NULL, 0},
		{META(ONE("[-1,-1]", "FP64"), OUT), NULL, 0},
		{META("", OUT), NULL, 0},
		{META(NAMED("packets_s", "[-1]", "FP32") "," NAMED("syn_share", "[-1]", "FP64"),
		      OUT),
		 NULL, 0},
		{META(NAMED("syn_share", "[-1,1]", "FP32") "," NAMED("packets_s", "[-1,1]", "FP32"),
		      OUT),
		 NULL, 0},
		{META(ONE("[-1,3]", "FP32"), OUT),
		 "input 'x' has the shape [-1,3], weir sends [-1,2]", -EPROTO},
		{META(ONE("[-1,2]", "INT64"), OUT), "input 'x' is INT64", -EPROTO},
		{META(NAMED("packets_s", "[-1]", "FP32") "," NAMED("bytes", "[-1]", "FP32"), OUT),
		 "no input 'syn_share'; the model's input 'bytes' is not in advice.inputs",
		 -EPROTO},
		{META(NAMED("packets_s", "[-1]", "FP32") "," NAMED("syn_share", "[-1,1]", "BYTES"),
		      OUT),
		 "input 'syn_share' is BYTES", -EPROTO},
		{META(ONE("[-1,2]", "FP32"), OUT "," NAMED("other", "[-1]", "FP32")),
		 "2 outputs: name one in advice.output", -EPROTO},
		{"<html>", "expected near", -EBADMSG},
		{"[1,2]", "no object", -EBADMSG},
		{"", "expected", -EBADMSG},
		{META(NAMED("p\\u001b[31m", "[-1,9]", "FP32"), OUT), "input 'p?[31m'", -EPROTO},
	};
	struct wr_infer_plan p;
	struct wr_err err;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int ret = meta(&p, cases[i].text, &err);

		ok(ret == cases[i].ret && p.known == !ret &&
			   (!cases[i].says || strstr(err.text, cases[i].says)),
		   "metadata %zu: %s (%d)", i, ret ? err.text : "fit", ret);
	}
	meta(&p, cases[0].text, &err);
	is_str(p.version, "2", "the newest version is noted");
	conf.version = "3";
	ok(meta(&p, cases[0].text, &err) == -EPROTO && strstr(err.text, "no version '3'"),
	   "a version that is not there: %s", err.text);
	conf.version = "";
	conf.output = "other";
	ok(meta(&p, cases[0].text, &err) == -EPROTO && strstr(err.text, "no output 'other'"),
	   "an output that is not there: %s", err.text);
	conf.output = "";
}

static void test_request(void)
{
	const double values[] = {1.5, NAN, 3, 0.25};
	struct wr_infer_plan p;
	struct wr_buf b = {0};
	struct wr_err err;

	wr_infer_url(&b, &conf);
	is_str(wr_buf_text(&b), "http://h:8000/v2/models/a%20b/infer",
	       "where scores are asked for");
	wr_buf_clear(&b);
	conf.version = "7";
	wr_infer_meta_url(&b, &conf);
	is_str(wr_buf_text(&b), "http://h:8000/v2/models/a%20b/versions/7", "and metadata");
	conf.version = "";
	meta(&p, META(ONE("[-1,2]", "FP64"), OUT), &err);
	wr_buf_clear(&b);
	wr_infer_body(&b, &p, &conf, values, 2, 9);
	is_str(wr_buf_text(&b),
	       "{\"id\":\"9\",\"inputs\":[{\"name\":\"x\",\"shape\":[2,2],\"datatype\":\"FP64\","
	       "\"data\":[1.5,0,3,0.25]}]}",
	       "one tensor, row after row");
	meta(&p,
	     META(NAMED("packets_s", "[-1]", "FP32") "," NAMED("syn_share", "[-1]", "FP64"), OUT),
	     &err);
	wr_buf_clear(&b);
	wr_infer_body(&b, &p, &conf, values, 2, 9);
	is_str(wr_buf_text(&b),
	       "{\"id\":\"9\",\"inputs\":[{\"name\":\"packets_s\",\"shape\":[2],\"datatype\":"
	       "\"FP32\","
	       "\"data\":[1.5,3]},{\"name\":\"syn_share\",\"shape\":[2],\"datatype\":\"FP64\","
	       "\"data\":[0,0.25]}]}",
	       "a tensor a column");
	conf.form = WR_INFER_ROWS;
	wr_buf_clear(&b);
	wr_infer_url(&b, &conf);
	is_str(wr_buf_text(&b), "http://h:8000/", "rows: the address is all of it");
	wr_buf_clear(&b);
	wr_infer_body(&b, &p, &conf, values, 2, 9);
	is_str(wr_buf_text(&b),
	       "{\"id\":\"9\",\"rows\":[{\"packets_s\":1.5,\"syn_share\":null},"
	       "{\"packets_s\":3,\"syn_share\":0.25}]}",
	       "rows: what is not there is null");
	conf.form = WR_INFER_OIP;
	wr_buf_free(&b);
}

#define ANSWER(shape, data)                                                               \
	"{\"model_name\":\"a\",\"model_version\":\"2\",\"outputs\":[{\"name\":\"score\"," \
	"\"datatype\":\"FP32\",\"shape\":" shape ",\"data\":" data "}]}"

static void test_answers(void)
{
	static const struct {
		const char *text, *says;
		int ret;
	} cases[] = {
		{ANSWER("[2,1]", "[0.5,1]"), NULL, 0},
		{ANSWER("[2]", "[0.5,1]"), NULL, 0},
		{ANSWER("[2,1]", "[[0.5],[1]]"), NULL, 0},
		{ANSWER("[3]", "[0.5,1,2]"), "3 scores for 2 rows", -EPROTO},
		{ANSWER("[1]", "[0.5]"), "1 scores for 2 rows", -EPROTO},
		{ANSWER("[1,2]", "[0.5,1]"), "another shape", -EPROTO},
		{ANSWER("[2]", "[0.5,NaN]"), "no finite number", -EDOM},
		{ANSWER("[2]", "[0.5,-Infinity]"), "no finite number", -EDOM},
		{ANSWER("[2]", "[0.5,1e999]"), "no finite number", -EDOM},
		{ANSWER("[2]", "[0.5,null]"), "no finite number", -EDOM},
		{ANSWER("[2]", "[0.5,\"1\"]"), "no finite number", -EDOM},
		{ANSWER("[2]", "[[[[[0.5]]]],1]"), "no finite number", -EDOM},
		{"{\"outputs\":[]}", "no output in it", -EPROTO},
		{"{\"outputs\":7}", "no output in it", -EPROTO},
		{"{}", "no output in it", -EPROTO},
		{"<html>", "expected near", -EBADMSG},
		{"", "expected", -EBADMSG},
		{ANSWER("[2]", "[0.5,1]") "x", "expected", -EBADMSG},
	};
	struct wr_infer_plan p = {.known = true};
	double s[2];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct wr_err err = {0};
		int ret = wr_infer_scores(s, 2, &p, &conf, cases[i].text, strlen(cases[i].text),
					  &err);

		ok(ret == cases[i].ret && (ret || (s[0] == 0.5 && s[1] == 1)) &&
			   (!cases[i].says || strstr(err.text, cases[i].says)),
		   "answer %zu: %s (%d)", i, ret ? err.text : "is taken", ret);
	}
}

static void test_others(void)
{
	static const char rows[] = "{\"scores\":[0.5,1]}";
	struct wr_infer_plan p = {.known = true, .output = "score"};
	struct wr_err err = {0};
	double s[2];
	char said[24];

	conf.version = "1";
	ok(wr_infer_scores(s, 2, &p, &conf, ANSWER("[2]", "[1,1]"), strlen(ANSWER("[2]", "[1,1]")),
			   &err) == -EPROTO &&
		   strstr(err.text, "version 2 answers, not 1"),
	   "another version: %s", err.text);
	conf.version = "";
	snprintf(p.output, sizeof(p.output), "other");
	ok(wr_infer_scores(s, 2, &p, &conf, ANSWER("[2]", "[1,1]"), strlen(ANSWER("[2]", "[1,1]")),
			   &err) == -EPROTO &&
		   strstr(err.text, "no output 'other'"),
	   "another output: %s", err.text);
	conf.form = WR_INFER_ROWS;
	ok(!wr_infer_scores(s, 2, &p, &conf, rows, strlen(rows), &err) && s[0] == 0.5,
	   "rows are answered by scores");
	conf.form = WR_INFER_OIP;
	wr_infer_said(said, sizeof(said),
		      "{\"error\":\"no\\nsuch \\u001b[1mmodel, and much more\"}", 50);
	wr_infer_said(said, sizeof(said), "{\"error\":\"no\\nsuch thing\"}", 26);
	is_str(said, "no?such thing", "what an error says is printable");
	wr_infer_said(said, sizeof(said), "<html>", 6);
	is_str(said, "", "or nothing");
}

static void test_conf(void)
{
	struct wr_err err = {0};

	ok(!wr_advice_check_input("syn_share", &err), "a column that is a number");
	ok(wr_advice_check_input("syn_shaer", &err) == -EINVAL &&
		   strstr(err.text, "did you mean 'syn_share'?"),
	   "one that is none: %s", err.text);
	ok(wr_advice_check_input("address", &err) == -EINVAL, "an address is no number");
	ok(wr_advice_check_key("interface", &err) == -EINVAL, "an interface is no target");
	ok(!wr_advice_check_key("service", &err), "a service is");
	ok(wr_advice_check_over("0,9", &err) == -EINVAL && !wr_advice_check_over("-0.5", &err) &&
		   wr_advice_check_over("nan", &err) == -EINVAL,
	   "advice.over is a number");
}

static void test_usual(void)
{
	static struct wr_advice_usual u; /* large */
	static const uint8_t numbers[] = {7, 8, 9, 10};
	struct wr_window w = {.kind = WR_WINDOW_HOST, .key = {.ip_v = 4, .addr = {10}}};
	double v[] = {100, 5, NAN, 0.5};
	struct wr_advice_by by[WR_FINDING_BY];
	uint32_t n;

	for (int i = 0; i < 50; i++) {
		v[0] = 95 + i % 11;
		wr_advice_learn(&u, &w, v, 4);
	}
	v[0] = 101;
	v[1] = 500;
	v[3] = 0.9;
	n = wr_advice_furthest(&u, &w, v, numbers, 4, by);
	ok(n == 3 && by[0].column == 8 && by[0].has_usual && fabs(by[0].usual - 5) < 1 &&
		   by[1].column == 10 && by[2].column == 7,
	   "the furthest from usual come first");
	w.key.addr[0] = 11;
	n = wr_advice_furthest(&u, &w, v, numbers, 4, by);
	ok(n == 3 && !by[0].has_usual, "of another key nothing is known");
	for (int i = 0; i < 3000; i++) {
		memcpy(&w.key.addr[1], &i, sizeof(i) - 1);
		wr_advice_learn(&u, &w, v, 4);
	}
	ok(1, "more keys than there is room for do no harm");
}

int main(void)
{
	test_meta();
	test_request();
	test_answers();
	test_others();
	test_conf();
	test_usual();
	return done();
}
