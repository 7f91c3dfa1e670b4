/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "model/model_impl.h"

/* What Booster.dump_model() of LightGBM makes, as JSON: two classes, boosted trees, questions of
 * the form "at most". */

struct reading {
	struct wr_raw *r;
	int feature[WR_MODEL_FEATURES], n;
	double weight;
};

static bool says(const json_t *o, const char *key, const char *word)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s && !strcmp(s, word);
}

/* LightGBM takes 0 for "is missing" when it is told so, and then 0 goes its own way. */
static int check_question(const struct reading *x, const json_t *v)
{
	if (!says(v, "decision_type", "<="))
		return wr_raw_wrong(
			x->r, EINVAL,
			"tree %u: a question that is not of the form '<=' (no feature of "
			"packets is categorical)",
			x->r->n_trees + 1);
	if (says(v, "missing_type", "Zero"))
		return wr_raw_wrong(x->r, EINVAL,
				    "tree %u: 0 counts as missing: train without zero_as_missing",
				    x->r->n_trees + 1);
	return 0;
}

static int64_t read_node(struct reading *x, const json_t *v, int level)
{
	struct wr_raw *r = x->r;
	double feature, above, value;
	int64_t at = wr_raw_node(r), left, right;
	char what[32];

	snprintf(what, sizeof(what), "tree %u", r->n_trees + 1);
	if (at < 0)
		return at;
	if (!json_object_get(v, "split_feature")) {
		if (wr_raw_number(r, v, "leaf_value", what, &value))
			return -EINVAL;
		r->node[at].feature = WR_RAW_LEAF;
		r->node[at].value = value * x->weight;
		return at;
	}
	if (level == WR_MODEL_DEPTH * 2)
		return wr_raw_wrong(r, E2BIG, "%s: more than %d questions one after another", what,
				    WR_MODEL_DEPTH);
	if (check_question(x, v) || wr_raw_number(r, v, "split_feature", what, &feature) ||
	    wr_raw_number(r, v, "threshold", what, &above))
		return -EINVAL;
	if (!(feature >= 0 && feature < x->n))
		return wr_raw_wrong(r, EINVAL, "%s: a feature without a name in 'feature_names'",
				    what);
	left = read_node(x, json_object_get(v, "left_child"), level + 1);
	right = left < 0 ? left : read_node(x, json_object_get(v, "right_child"), level + 1);
	if (right < 0)
		return right;
	r->node[at].feature = x->feature[(int)feature];
	r->node[at].above = above;
	r->node[at].left = (uint32_t)left;
	r->node[at].right = (uint32_t)right;
	return at;
}

/* "binary sigmoid:1"; the steepness is part of the score. */
static int read_objective(struct reading *x, const json_t *root)
{
	const char *s = json_string_value(json_object_get(root, "objective"));

	if (json_is_true(json_object_get(root, "average_output")))
		return wr_raw_wrong(x->r, EINVAL, "boosting=rf is not read; use boosting=gbdt");
	if (json_integer_value(json_object_get(root, "num_class")) > 1 ||
	    json_integer_value(json_object_get(root, "num_tree_per_iteration")) > 1)
		return wr_raw_wrong(x->r, EINVAL,
				    "more than two classes; objective=binary is read");
	x->weight = 1;
	if (s && sscanf(s, "binary sigmoid:%lf", &x->weight) == 1 && x->weight > 0 &&
	    isfinite(x->weight))
		return 0;
	return wr_raw_wrong(x->r, EINVAL, "objective=binary is read, and no other");
}

int wr_model_read_lightgbm(struct wr_raw *r, const json_t *root)
{
	const json_t *trees = json_object_get(root, "tree_info");
	struct reading x = {.r = r};
	int ret = read_objective(&x, root);

	r->form = "LightGBM";
	r->link = WR_MODEL_LOGISTIC;
	if (ret)
		return ret;
	x.n = wr_raw_features(r, json_object_get(root, "feature_names"), x.feature,
			      WR_MODEL_FEATURES);
	if (x.n < 0)
		return x.n;
	for (size_t i = 0; i < json_array_size(trees) && !ret; i++) {
		const json_t *tree = json_array_get(trees, i);
		int64_t at = read_node(&x, json_object_get(tree, "tree_structure"), 0);

		ret = at < 0 ? (int)at : wr_raw_tree(r, (uint32_t)at);
	}
	return ret;
}
