/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "model/model_impl.h"

/*
 * What a few lines of Python write of a tree, a forest or a boosted ensemble of scikit-learn
 * (docs/model.md has them): the arrays of each `tree_` under scikit-learn's own names, and the
 * value of class 1 in each node.
 */

enum { COLUMNS = 5 };
static const char *const columns[COLUMNS] = {"children_left", "children_right", "feature",
					     "threshold", "value"};
enum { LEFT, RIGHT, FEATURE, THRESHOLD, VALUE };

struct tree {
	const json_t *column[COLUMNS];
	size_t n;
	double weight;
};

static int columns_of(struct wr_raw *r, const json_t *tree, struct tree *t)
{
	for (int i = 0; i < COLUMNS; i++) {
		t->column[i] = json_object_get(tree, columns[i]);
		if (!i)
			t->n = json_array_size(t->column[i]);
		if (!t->n || json_array_size(t->column[i]) != t->n)
			return wr_raw_wrong(r, EINVAL,
					    "tree %u: '%s' has to be a list, as long as the others",
					    r->n_trees + 1, columns[i]);
	}
	return 0;
}

static int cell(struct wr_raw *r, const struct tree *t, int column, size_t row, double *to)
{
	const json_t *v = json_array_get(t->column[column], row);

	if (!json_is_number(v) || !isfinite(json_number_value(v)))
		return wr_raw_wrong(r, EINVAL, "tree %u: '%s' has what is no number",
				    r->n_trees + 1, columns[column]);
	*to = json_number_value(v);
	return 0;
}

static int read_node(struct wr_raw *r, const struct tree *t, size_t row, const int *feature, int n,
		     uint32_t first)
{
	struct wr_raw_node *to = &r->node[first + row];
	double v[COLUMNS];

	for (int i = 0; i < COLUMNS; i++)
		if (cell(r, t, i, row, &v[i]))
			return -EINVAL;
	to->value = v[VALUE] * t->weight;
	to->feature = WR_RAW_LEAF;
	if (v[LEFT] < 0 && v[RIGHT] < 0)
		return 0;
	if (!(v[LEFT] >= 0 && v[LEFT] < (double)t->n && v[RIGHT] >= 0 && v[RIGHT] < (double)t->n))
		return wr_raw_wrong(r, EINVAL, "tree %u: a child that is not there",
				    r->n_trees + 1);
	if (!(v[FEATURE] >= 0 && v[FEATURE] < n))
		return wr_raw_wrong(r, EINVAL, "tree %u: a feature without a name in 'features'",
				    r->n_trees + 1);
	to->feature = feature[(int)v[FEATURE]];
	to->above = v[THRESHOLD];
	to->left = first + (uint32_t)v[LEFT];
	to->right = first + (uint32_t)v[RIGHT];
	return 0;
}

static int read_tree(struct wr_raw *r, const json_t *tree, const int *feature, int n, double weight)
{
	struct tree t = {.weight = weight};
	uint32_t first = r->n;
	int ret = columns_of(r, tree, &t);

	for (size_t i = 0; i < t.n && !ret; i++)
		ret = wr_raw_node(r) < 0 ? -r->err->code : 0;
	for (size_t i = 0; i < t.n && !ret; i++)
		ret = read_node(r, &t, i, feature, n, first);
	return ret ? ret : wr_raw_tree(r, first);
}

int wr_model_read_sklearn(struct wr_raw *r, const json_t *root)
{
	const char *kind = json_string_value(json_object_get(root, "sklearn_model"));
	const json_t *trees = json_object_get(root, "trees");
	bool boosted = kind && !strcmp(kind, "boosted");
	int feature[WR_MODEL_FEATURES], n, ret = 0;
	double weight = 1;

	r->form = "scikit-learn";
	if (!boosted && !(kind && !strcmp(kind, "forest")))
		return wr_raw_wrong(r, EINVAL,
				    "'sklearn_model' has to be \"forest\" or \"boosted\"");
	n = wr_raw_features(r, json_object_get(root, "features"), feature, WR_MODEL_FEATURES);
	if (n < 0)
		return n;
	if (boosted) {
		r->link = WR_MODEL_LOGISTIC;
		ret = wr_raw_number(r, root, "base", "the file", &r->base);
		ret = ret ? ret : wr_raw_number(r, root, "learning_rate", "the file", &weight);
	} else if (json_array_size(trees)) {
		weight = 1 / (double)json_array_size(trees);
	}
	for (size_t i = 0; i < json_array_size(trees) && !ret; i++)
		ret = read_tree(r, json_array_get(trees, i), feature, n, weight);
	return ret;
}
