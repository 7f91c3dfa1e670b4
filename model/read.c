/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/near.h"
#include "model/model_impl.h"

/*
 * Model files: which form it is, and weir's own.
 *
 *	{"weir_model": 1, "link": "plain", "base": 0, "scale": 65534,
 *	 "trees": [[["payload", 40, 1, 2], [32767], ["length", 99, 3, 4], [0], [512]], ...]}
 *
 * A node is [FEATURE, BOUND, LEFT, RIGHT] or [LEAF]; the first of a tree is its root.
 */

enum { VERSION = 1 };

/* ---- what all forms need ---- */

int wr_raw_number(struct wr_raw *r, const json_t *o, const char *key, const char *what, double *to)
{
	const json_t *v = json_object_get(o, key);

	if (!json_is_number(v) || !isfinite(json_number_value(v)))
		return wr_raw_wrong(r, EINVAL, "%s: '%s' has to be a number", what, key);
	*to = json_number_value(v);
	return 0;
}

int wr_raw_feature(struct wr_raw *r, const json_t *name)
{
	const char *names[WR_MODEL_FEATURE_COUNT + 1] = {NULL};
	const char *s = json_string_value(name), *near;
	int f = s ? wr_model_feature(s, json_string_length(name)) : -1;

	if (f >= 0)
		return f;
	if (!s)
		return wr_raw_wrong(r, EINVAL, "the name of a feature has to be a text");
	for (uint32_t i = 0; i < WR_MODEL_FEATURE_COUNT; i++)
		names[i] = wr_model_feature_name(i);
	near = wr_near(s, names);
	return wr_raw_wrong(r, EINVAL,
			    "'%.40s' is no feature of packets%s%s%s (weir learn features --list "
			    "names all)",
			    s, near ? ": is '" : "", near ? near : "", near ? "' meant?" : "");
}

int wr_raw_features(struct wr_raw *r, const json_t *list, int *to, int n)
{
	size_t names = json_array_size(list);

	if (!names || names > (size_t)n)
		return wr_raw_wrong(r, EINVAL, "the names of 1 to %d features are needed", n);
	for (size_t i = 0; i < names; i++) {
		to[i] = wr_raw_feature(r, json_array_get(list, i));
		if (to[i] < 0)
			return to[i];
	}
	return (int)names;
}

/* ---- weir's own form ---- */

static bool whole(const json_t *v, double most, double *to)
{
	if (!json_is_integer(v) || json_integer_value(v) < 0 ||
	    (double)json_integer_value(v) > most)
		return false;
	*to = (double)json_integer_value(v);
	return true;
}

static int read_node(struct wr_raw *r, const json_t *v, uint32_t first, size_t n,
		     struct wr_raw_node *to)
{
	double left = 0, right = 0;

	if (json_array_size(v) == 1 && whole(json_array_get(v, 0), WR_MODEL_VALUE, &to->value)) {
		to->feature = WR_RAW_LEAF;
		return 0;
	}
	if (json_array_size(v) != 4)
		return wr_raw_wrong(r, EINVAL,
				    "tree %u: a node is [FEATURE, BOUND, LEFT, RIGHT], or [LEAF] "
				    "from 0 to %d",
				    r->n_trees + 1, WR_MODEL_VALUE);
	to->feature = wr_raw_feature(r, json_array_get(v, 0));
	if (to->feature < 0)
		return to->feature;
	if (!whole(json_array_get(v, 1), UINT32_MAX, &to->above))
		return wr_raw_wrong(r, EINVAL, "tree %u: a bound is a whole number from 0",
				    r->n_trees + 1);
	if (!whole(json_array_get(v, 2), (double)n - 1, &left) ||
	    !whole(json_array_get(v, 3), (double)n - 1, &right))
		return wr_raw_wrong(r, EINVAL, "tree %u: a child that is not there",
				    r->n_trees + 1);
	to->left = first + (uint32_t)left;
	to->right = first + (uint32_t)right;
	return 0;
}

static int read_tree(struct wr_raw *r, const json_t *tree)
{
	size_t n = json_array_size(tree);
	uint32_t first = r->n;

	if (!n)
		return wr_raw_wrong(r, EINVAL, "tree %u: has to be a list of nodes",
				    r->n_trees + 1);
	for (size_t i = 0; i < n; i++) {
		int64_t at = wr_raw_node(r);
		int ret = at < 0 ? (int)at
				 : read_node(r, json_array_get(tree, i), first, n, &r->node[at]);

		if (ret)
			return ret;
	}
	return wr_raw_tree(r, first);
}

static int read_link(struct wr_raw *r, const json_t *root)
{
	const char *s = json_string_value(json_object_get(root, "link"));

	for (int i = 0; s && i < WR_MODEL_LINKS; i++)
		if (!strcmp(s, wr_model_links[i])) {
			r->link = i;
			return 0;
		}
	return wr_raw_wrong(r, EINVAL, "'link' has to be \"plain\" or \"logistic\"");
}

int wr_model_read_own(struct wr_raw *r, const json_t *root)
{
	const json_t *trees = json_object_get(root, "trees");
	double version = 0;
	int ret = wr_raw_number(r, root, "weir_model", "the file", &version);

	r->form = "weir";
	if (!ret && version != VERSION)
		return wr_raw_wrong(r, EINVAL, "form %.0f of weir's models; this weir reads %d",
				    version, VERSION);
	ret = ret ? ret : read_link(r, root);
	ret = ret ? ret : wr_raw_number(r, root, "base", "the file", &r->base);
	ret = ret ? ret : wr_raw_number(r, root, "scale", "the file", &r->scale);
	if (!ret && !(r->scale > 0))
		return wr_raw_wrong(r, EINVAL, "'scale' has to be above 0");
	for (size_t i = 0; i < json_array_size(trees) && !ret; i++)
		ret = read_tree(r, json_array_get(trees, i));
	return ret;
}

/* ---- which form it is ---- */

static const struct {
	const char *key;
	int (*read)(struct wr_raw *r, const json_t *root);
} forms[] = {{"weir_model", wr_model_read_own},
	     {"sklearn_model", wr_model_read_sklearn},
	     {"tree_info", wr_model_read_lightgbm}};

static int read_form(struct wr_raw *r, const json_t *root)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++)
		if (json_object_get(root, forms[i].key))
			return forms[i].read(r, root);
	return wr_raw_wrong(r, EINVAL,
			    "is no model: neither weir's own ('weir_model'), nor of scikit-learn "
			    "('sklearn_model'), nor of LightGBM ('tree_info'), nor ONNX; see "
			    "docs/model.md");
}

/* Every field of a file of ONNX begins with its number; ir_version comes first, and is no character
 * that JSON begins with. */
enum { ONNX_BEGINS = 1 << 3 };

static int read_json(struct wr_raw *r, const char *text, size_t n)
{
	json_error_t why;
	json_t *root = json_loadb(text, n, JSON_REJECT_DUPLICATES, &why);
	int ret;

	if (!root)
		return wr_raw_wrong(r, EINVAL, "line %d, column %d: no JSON that can be read",
				    why.line, why.column);
	ret = read_form(r, root);
	json_decref(root);
	return ret;
}

/* What the reader of JSON says would have some of the file in it: who asks may not be who may read
 * it. */
int wr_model_parse(struct wr_model **out, const char *text, size_t n, const char *name,
		   struct wr_err *err)
{
	struct wr_raw r = {.name = name, .err = err};
	int ret = n && text[0] == ONNX_BEGINS ? wr_model_read_onnx(&r, text, n)
					      : read_json(&r, text, n);

	*out = NULL;
	if (!ret)
		ret = wr_raw_make(out, &r);
	wr_raw_free(&r);
	return ret;
}

int wr_model_read(struct wr_model **out, const char *path, struct wr_err *err)
{
	struct wr_buf text = {0};
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), ret;

	*out = NULL;
	if (fd < 0)
		return wr_fail(err, errno, "%s: %s", path, strerror(errno));
	ret = wr_buf_read(&text, fd, WR_MODEL_BYTES);
	close(fd);
	if (ret == -EFBIG)
		ret = wr_fail(err, E2BIG, "%s: larger than %d MiB", path, WR_MODEL_BYTES >> 20);
	else if (ret)
		ret = wr_fail(err, -ret, "%s: %s", path, strerror(-ret));
	else
		ret = wr_model_parse(out, text.used ? text.at : "", text.used, path, err);
	wr_buf_free(&text);
	return ret;
}
