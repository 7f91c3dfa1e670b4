/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "export/infer.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"

/* What strangers say is short and printable wherever it is shown. */
enum { SAID = 120, DEEPEST = 3 };

const char *const wr_infer_forms[] = {
#define X(sym, name) name,
	WR_INFER_TABLE(X)
#undef X
		NULL};

static void plain(char *to, size_t room, const char *from)
{
	snprintf(to, room, "%s", from ? from : "");
	for (char *c = to; *c; c++)
		*c = *c < ' ' || *c > '~' ? '?' : *c;
}

/* ---- addresses ---- */

static void path_part(struct wr_buf *b, const char *s)
{
	for (; *s; s++) {
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~",
			   *s))
			wr_buf_char(b, *s);
		else
			wr_buf_fmt(b, "%%%02X", (unsigned int)(uint8_t)*s);
	}
}

void wr_infer_meta_url(struct wr_buf *b, const struct wr_infer_conf *c)
{
	size_t n = strlen(c->url);

	while (n && c->url[n - 1] == '/')
		n--;
	wr_buf_add(b, c->url, n);
	wr_buf_str(b, "/v2/models/");
	path_part(b, c->model);
	if (c->version[0]) {
		wr_buf_str(b, "/versions/");
		path_part(b, c->version);
	}
}

void wr_infer_url(struct wr_buf *b, const struct wr_infer_conf *c)
{
	if (c->form == WR_INFER_ROWS) {
		wr_buf_str(b, c->url);
		return;
	}
	wr_infer_meta_url(b, c);
	wr_buf_str(b, "/infer");
}

/* ---- metadata ---- */

static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static int load(json_t **out, const char *text, size_t n, struct wr_err *err)
{
	json_error_t why;
	char said[SAID];

	/* A deep value is refused by the library: it has a bound of its own. */
	*out = json_loadb(text ? text : "", n, JSON_REJECT_DUPLICATES, &why);
	if (json_is_object(*out))
		return 0;
	plain(said, sizeof(said), *out ? "it is no object" : why.text);
	json_decref(*out);
	*out = NULL;
	/* Many write these words though JSON has no such numbers. */
	if (strstr(said, "'NaN'") || strstr(said, "'Infinity'") || strstr(said, "near '-'") ||
	    strstr(said, "'nan'") || strstr(said, "real number overflow"))
		return wr_fail(err, EDOM, "a score is no finite number (%s)", said);
	return wr_fail(err, EBADMSG, "%s", said);
}

/* Shapes as metadata have them: -1 is any number. */
static bool is_shape(const json_t *shape, int rows, int columns)
{
	size_t n = json_array_size(shape), want = columns ? 2 : 1;

	if (n != want)
		return false;
	for (size_t i = 0; i < n; i++) {
		json_int_t v = json_integer_value(json_array_get(shape, i));

		if (v != -1 && v != (i ? columns : rows))
			return false;
	}
	return true;
}

static void shape_text(struct wr_buf *b, const json_t *shape)
{
	wr_buf_char(b, '[');
	for (size_t i = 0; i < json_array_size(shape) && i < DEEPEST; i++)
		wr_buf_fmt(b, "%s%lld", i ? "," : "",
			   (long long)json_integer_value(json_array_get(shape, i)));
	wr_buf_str(b, json_array_size(shape) > DEEPEST ? ",...]" : "]");
}

static bool is_real(const char *type, bool *wide)
{
	*wide = !strcmp(type, "FP64");
	return *wide || !strcmp(type, "FP32");
}

/* What is wrong, a sentence for each; the first has none in front. */
static void also(struct wr_buf *wrong)
{
	if (wrong->used)
		wr_buf_str(wrong, "; ");
}

static void check_type(struct wr_buf *wrong, const char *name, const char *type, bool *wide)
{
	char said[WR_INFER_NAME], what[16];

	if (is_real(type, wide))
		return;
	plain(said, sizeof(said), name);
	plain(what, sizeof(what), type);
	also(wrong);
	wr_buf_fmt(wrong, "input '%s' is %s, weir sends FP32 or FP64", said, what);
}

static void wrong_shape(struct wr_buf *wrong, const char *name, const json_t *shape,
			const char *want)
{
	char said[WR_INFER_NAME];

	plain(said, sizeof(said), name);
	also(wrong);
	wr_buf_fmt(wrong, "input '%s' has the shape ", said);
	shape_text(wrong, shape);
	wr_buf_fmt(wrong, ", weir sends %s", want);
}

static void plan_one(struct wr_infer_plan *p, const struct wr_infer_conf *c, const json_t *in,
		     struct wr_buf *wrong)
{
	const char *name = text_of(in, "name");
	char want[48];

	p->one = true;
	plain(p->input, sizeof(p->input), name);
	check_type(wrong, name, text_of(in, "datatype"), &p->wide[0]);
	if (is_shape(json_object_get(in, "shape"), -1, (int)c->n_columns))
		return;
	snprintf(want, sizeof(want), "[-1,%u]: %u of advice.inputs", c->n_columns, c->n_columns);
	wrong_shape(wrong, name, json_object_get(in, "shape"), want);
}

static const json_t *input_named(const json_t *inputs, const char *name)
{
	for (size_t i = 0; i < json_array_size(inputs); i++)
		if (!strcmp(text_of(json_array_get(inputs, i), "name"), name))
			return json_array_get(inputs, i);
	return NULL;
}

static bool has_column(const struct wr_infer_conf *c, const char *name)
{
	for (uint32_t i = 0; i < c->n_columns; i++)
		if (!strcmp(c->columns[i], name))
			return true;
	return false;
}

static void plan_each(struct wr_infer_plan *p, const struct wr_infer_conf *c, const json_t *inputs,
		      struct wr_buf *wrong)
{
	char said[WR_INFER_NAME];

	for (uint32_t i = 0; i < c->n_columns; i++) {
		const json_t *in = input_named(inputs, c->columns[i]);
		const json_t *shape = json_object_get(in, "shape");

		if (!in) {
			also(wrong);
			wr_buf_fmt(wrong, "the model has no input '%s'", c->columns[i]);
			continue;
		}
		check_type(wrong, c->columns[i], text_of(in, "datatype"), &p->wide[i]);
		if (!i)
			p->flat = json_array_size(shape) == 1;
		if (!is_shape(shape, -1, p->flat ? 0 : 1))
			wrong_shape(wrong, c->columns[i], shape, p->flat ? "[-1]" : "[-1,1]");
	}
	for (size_t i = 0; i < json_array_size(inputs) && i < WR_INFER_INPUTS; i++) {
		const char *name = text_of(json_array_get(inputs, i), "name");

		if (has_column(c, name))
			continue;
		plain(said, sizeof(said), name);
		also(wrong);
		wr_buf_fmt(wrong, "the model's input '%s' is not in advice.inputs", said);
	}
}

static void plan_output(struct wr_infer_plan *p, const struct wr_infer_conf *c,
			const json_t *outputs, struct wr_buf *wrong)
{
	size_t n = json_array_size(outputs);

	plain(p->output, sizeof(p->output), c->output);
	if (!n || (n == 1 && !c->output[0]))
		return;
	if (c->output[0] && input_named(outputs, c->output))
		return;
	also(wrong);
	if (c->output[0])
		wr_buf_fmt(wrong, "the model has no output '%s'", c->output);
	else
		wr_buf_fmt(wrong, "the model has %zu outputs: name one in advice.output", n);
}

static void plan_version(struct wr_infer_plan *p, const struct wr_infer_conf *c,
			 const json_t *versions, struct wr_buf *wrong)
{
	size_t n = json_array_size(versions);
	const char *last = n ? json_string_value(json_array_get(versions, n - 1)) : NULL;
	bool there = !n || !c->version[0];

	for (size_t i = 0; i < n && !there; i++) {
		const char *v = json_string_value(json_array_get(versions, i));

		there = v && !strcmp(v, c->version);
	}
	plain(p->version, sizeof(p->version), c->version[0] ? c->version : last);
	if (there)
		return;
	also(wrong);
	wr_buf_fmt(wrong, "the model has no version '%s'", c->version);
}

int wr_infer_meta(struct wr_infer_plan *plan, const struct wr_infer_conf *c, const char *text,
		  size_t n, struct wr_err *err)
{
	struct wr_infer_plan p = {.known = true};
	const json_t *inputs;
	struct wr_buf wrong = {0};
	json_t *root;
	int ret = load(&root, text, n, err);

	*plan = (struct wr_infer_plan){0};
	if (ret)
		return ret;
	inputs = json_object_get(root, "inputs");
	if (json_array_size(inputs) > 1 ||
	    (json_array_size(inputs) == 1 && input_named(inputs, c->columns[0])))
		plan_each(&p, c, inputs, &wrong);
	else if (json_array_size(inputs) == 1)
		plan_one(&p, c, json_array_get(inputs, 0), &wrong);
	else { /* a server that does not know them, as of models without a signature */
		p.one = true;
		snprintf(p.input, sizeof(p.input), "input-0");
	}
	plan_output(&p, c, json_object_get(root, "outputs"), &wrong);
	plan_version(&p, c, json_object_get(root, "versions"), &wrong);
	if (wrong.used)
		ret = wr_fail(err, EPROTO, "%.400s", wr_buf_text(&wrong));
	else
		*plan = p;
	wr_buf_free(&wrong);
	json_decref(root);
	return ret;
}

/* ---- the request ---- */

static void tensor(struct wr_buf *b, const char *name, bool wide, uint32_t rows, uint32_t columns)
{
	wr_json_open(b);
	wr_json_str(b, "name", name);
	wr_json_array(b, "shape");
	wr_json_u64(b, NULL, rows);
	if (columns)
		wr_json_u64(b, NULL, columns);
	wr_json_end_array(b);
	wr_json_str(b, "datatype", wide ? "FP64" : "FP32");
	wr_json_array(b, "data");
}

static void tensor_end(struct wr_buf *b)
{
	wr_json_end_array(b);
	wr_json_close(b);
}

/* JSON knows no NaN. */
static void value(struct wr_buf *b, double v)
{
	wr_json_double(b, NULL, isfinite(v) ? v : 0);
}

static void body_oip(struct wr_buf *b, const struct wr_infer_plan *p, const struct wr_infer_conf *c,
		     const double *values, uint32_t n)
{
	wr_json_array(b, "inputs");
	if (p->one) {
		tensor(b, p->input, p->wide[0], n, c->n_columns);
		for (uint32_t i = 0; i < n * c->n_columns; i++)
			value(b, values[i]);
		tensor_end(b);
	}
	for (uint32_t k = 0; k < c->n_columns && !p->one; k++) {
		tensor(b, c->columns[k], p->wide[k], n, p->flat ? 0 : 1);
		for (uint32_t i = 0; i < n; i++)
			value(b, values[i * c->n_columns + k]);
		tensor_end(b);
	}
	wr_json_end_array(b);
	if (!p->output[0])
		return;
	wr_json_array(b, "outputs");
	wr_json_open(b);
	wr_json_str(b, "name", p->output);
	wr_json_close(b);
	wr_json_end_array(b);
}

static void body_rows(struct wr_buf *b, const struct wr_infer_conf *c, const double *values,
		      uint32_t n)
{
	wr_json_array(b, "rows");
	for (uint32_t i = 0; i < n; i++) {
		wr_json_open(b);
		for (uint32_t k = 0; k < c->n_columns; k++) {
			double v = values[i * c->n_columns + k];

			if (isfinite(v)) {
				wr_json_double(b, c->columns[k], v);
			} else {
				wr_json_key(b, c->columns[k]);
				wr_buf_str(b, "null");
			}
		}
		wr_json_close(b);
	}
	wr_json_end_array(b);
}

void wr_infer_body(struct wr_buf *b, const struct wr_infer_plan *plan,
		   const struct wr_infer_conf *c, const double *values, uint32_t n, uint64_t id)
{
	char name[24];

	snprintf(name, sizeof(name), "%llu", (unsigned long long)id);
	wr_json_open(b);
	wr_json_str(b, "id", name);
	if (c->form == WR_INFER_OIP)
		body_oip(b, plan, c, values, n);
	else
		body_rows(b, c, values, n);
	wr_json_close(b);
}

/* ---- the answer ---- */

/* Flat or nested, row after row. False: there are more than n, or something is no number. */
struct numbers {
	double *to;
	uint32_t n, have;
	bool odd; /* something that is no finite number */
};

static void take_numbers(struct numbers *s, const json_t *data, int depth)
{
	size_t i;
	json_t *one;

	json_array_foreach(data, i, one)
	{
		double v = json_number_value(one);

		if (json_is_array(one) && depth < DEEPEST) {
			take_numbers(s, one, depth + 1);
			continue;
		}
		if (!json_is_number(one) || !isfinite(v))
			s->odd = true;
		if (s->have < s->n)
			s->to[s->have] = v;
		s->have++;
	}
}

static const json_t *output_of(const struct wr_infer_plan *plan, const json_t *root,
			       struct wr_err *err)
{
	const json_t *outputs = json_object_get(root, "outputs");
	const json_t *o =
		plan->output[0] ? input_named(outputs, plan->output) : json_array_get(outputs, 0);

	if (!o)
		wr_fail(err, EPROTO,
			plan->output[0] ? "there is no output '%s' in it"
					: "there is no output in it%s",
			plan->output);
	return o;
}

/* A shape that says something else than the data have. */
static bool shape_fits(const json_t *o, uint32_t n)
{
	const json_t *shape = json_object_get(o, "shape");

	return !shape || is_shape(shape, (int)n, 0) || is_shape(shape, (int)n, 1);
}

static int same_model(const struct wr_infer_conf *c, const json_t *root, struct wr_err *err)
{
	const char *version = text_of(root, "model_version");
	char said[SAID];

	if (!c->version[0] || !version[0] || !strcmp(version, c->version))
		return 0;
	plain(said, sizeof(said), version);
	return wr_fail(err, EPROTO, "version %s answers, not %s", said, c->version);
}

static int read_scores(struct numbers *s, const struct wr_infer_plan *plan,
		       const struct wr_infer_conf *c, const json_t *root, struct wr_err *err)
{
	const json_t *o = root;
	int ret = 0;

	if (c->form == WR_INFER_OIP) {
		o = output_of(plan, root, err);
		ret = o ? same_model(c, root, err) : -EPROTO;
	}
	if (ret)
		return ret;
	take_numbers(s, json_object_get(o, c->form == WR_INFER_OIP ? "data" : "scores"), 0);
	if (s->have != s->n || (c->form == WR_INFER_OIP && !shape_fits(o, s->n)))
		return wr_fail(err, EPROTO, "%u scores for %u rows, or of another shape than [%u]",
			       s->have, s->n, s->n);
	if (s->odd)
		return wr_fail(err, EDOM, "a score is no finite number");
	return 0;
}

int wr_infer_scores(double *scores, uint32_t n, const struct wr_infer_plan *plan,
		    const struct wr_infer_conf *c, const char *text, size_t bytes,
		    struct wr_err *err)
{
	struct numbers s = {.to = scores, .n = n};
	json_t *root;
	int ret = load(&root, text, bytes, err);

	if (ret)
		return ret;
	ret = read_scores(&s, plan, c, root, err);
	json_decref(root);
	return ret;
}

void wr_infer_said(char *to, size_t room, const char *text, size_t n)
{
	json_t *root = json_loadb(text ? text : "", n, 0, NULL);

	plain(to, room, text_of(root, "error"));
	json_decref(root);
}
