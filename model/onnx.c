/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/model_impl.h"
#include "onnx.pb-c.h"

/*
 * ONNX: one TreeEnsembleClassifier of two classes or one TreeEnsembleRegressor (ai.onnx.ml,
 * versions 1 and 3), as converters of scikit-learn, LightGBM and XGBoost write them. Columns are
 * the features that the metadata `weir_features` names, or those of `weir learn features`, in their
 * order. What nodes say is in lists, one element a node; leaves are paired with what they are worth
 * by tree and number.
 */

enum { MEMORY = 64 << 20 /* for what is read: a file may say little in many small fields */ };

enum list {
	TREES,
	NODES,
	FEATURES,
	BOUNDS,
	MODES,
	TRUES,
	FALSES,
	LEAF_TREES,
	LEAF_NODES,
	LEAF_IDS,
	WEIGHTS,
	LISTS
};

static const char *const lists[2][LISTS] = {
	{"nodes_treeids", "nodes_nodeids", "nodes_featureids", "nodes_values", "nodes_modes",
	 "nodes_truenodeids", "nodes_falsenodeids", "class_treeids", "class_nodeids", "class_ids",
	 "class_weights"},
	{"nodes_treeids", "nodes_nodeids", "nodes_featureids", "nodes_values", "nodes_modes",
	 "nodes_truenodeids", "nodes_falsenodeids", "target_treeids", "target_nodeids",
	 "target_ids", "target_weights"},
};

/* A node by its tree and number, which are whatever the file says. */
struct place {
	int64_t tree, node;
	uint32_t at; /* of wr_raw */
	bool child;
};

struct reading {
	struct wr_raw *r;
	const WrOnnx__Node *node;
	const WrOnnx__Attribute *list[LISTS];
	bool regressor, average;
	int feature[WR_MODEL_FEATURES], n_features;
	size_t n;	     /* nodes */
	struct place *place; /* owned, sorted */
	int64_t n_trees;
	bool one_id, minus_other; /* what leaves are worth: of one class; less that of the other */
};

/* ---- memory ---- */

struct room {
	size_t left;
};

static void *take(void *ctx, size_t n)
{
	struct room *m = ctx;

	if (n > m->left)
		return NULL;
	m->left -= n;
	return malloc(n);
}

static void give(void *ctx, void *at)
{
	(void)ctx;
	free(at);
}

/* ---- attributes ---- */

static const WrOnnx__Attribute *attribute(const WrOnnx__Node *n, const char *name)
{
	for (size_t i = 0; i < n->n_attribute; i++)
		if (n->attribute[i]->name && !strcmp(n->attribute[i]->name, name))
			return n->attribute[i];
	return NULL;
}

static bool says(const WrOnnx__Node *n, const char *name, const char *word, bool unsaid)
{
	const WrOnnx__Attribute *a = attribute(n, name);

	if (!a || !a->has_s)
		return unsaid;
	return a->s.len == strlen(word) && !memcmp(a->s.data, word, a->s.len);
}

static size_t length(const WrOnnx__Attribute *a, enum list l)
{
	if (!a)
		return 0;
	return l == BOUNDS || l == WEIGHTS ? a->n_floats : l == MODES ? a->n_strings : a->n_ints;
}

static int find_lists(struct reading *x)
{
	size_t leaves = 0;

	for (int l = 0; l < LISTS; l++) {
		const char *name = lists[x->regressor][l];
		size_t n, *want = l < LEAF_TREES ? &x->n : &leaves;

		x->list[l] = attribute(x->node, name);
		n = length(x->list[l], (enum list)l);
		if (l == TREES || l == LEAF_TREES)
			*want = n;
		if (!n || n != *want)
			return wr_raw_wrong(x->r, EINVAL,
					    "'%s' has to be a list, as long as the others", name);
	}
	if (x->n > WR_RAW_NODES || leaves > 2 * (size_t)WR_RAW_NODES)
		return wr_raw_wrong(x->r, E2BIG, "more than %d nodes", WR_RAW_NODES);
	return 0;
}

/* ---- nodes ---- */

static int by_place(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->tree != y->tree)
		return x->tree < y->tree ? -1 : 1;
	return x->node < y->node ? -1 : x->node > y->node;
}

static struct place *find(const struct reading *x, int64_t tree, int64_t node)
{
	struct place key = {.tree = tree, .node = node};

	return bsearch(&key, x->place, x->n, sizeof(key), by_place);
}

static int place_all(struct reading *x)
{
	x->place = calloc(x->n + 1, sizeof(*x->place));
	if (!x->place)
		return wr_raw_wrong(x->r, ENOMEM, "out of memory");
	for (size_t i = 0; i < x->n; i++) {
		int64_t at = wr_raw_node(x->r);

		if (at < 0)
			return (int)at;
		x->place[i] = (struct place){.tree = x->list[TREES]->ints[i],
					     .node = x->list[NODES]->ints[i],
					     .at = (uint32_t)at};
	}
	qsort(x->place, x->n, sizeof(*x->place), by_place);
	for (size_t i = 0; i + 1 < x->n; i++)
		if (!by_place(&x->place[i], &x->place[i + 1]))
			return wr_raw_wrong(x->r, EINVAL, "a node that is there twice");
	return 0;
}

/* Values are whole numbers: less than 3, or than 2.5, is 2 at most. */
static const struct {
	const char *name;
	bool leaf, less, swap; /* true is right, not left */
} modes[] = {{"BRANCH_LEQ", .leaf = false},
	     {"LEAF", .leaf = true},
	     {"BRANCH_LT", .less = true},
	     {"BRANCH_GTE", .less = true, .swap = true},
	     {"BRANCH_GT", .swap = true}};

static int mode_of(const ProtobufCBinaryData *s)
{
	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++)
		if (s->len == strlen(modes[i].name) && !memcmp(s->data, modes[i].name, s->len))
			return (int)i;
	return -1;
}

static int child(struct reading *x, int64_t tree, int64_t node, uint32_t *to)
{
	struct place *p = find(x, tree, node);

	if (!p || p->child)
		return wr_raw_wrong(x->r, EINVAL,
				    p ? "a child of two nodes" : "a child that is not there");
	p->child = true;
	*to = p->at;
	return 0;
}

static int read_node(struct reading *x, size_t i)
{
	int64_t tree = x->list[TREES]->ints[i], feature = x->list[FEATURES]->ints[i];
	int64_t yes = x->list[TRUES]->ints[i], no = x->list[FALSES]->ints[i];
	int mode = mode_of(&x->list[MODES]->strings[i]);
	struct wr_raw_node *to = &x->r->node[find(x, tree, x->list[NODES]->ints[i])->at];
	double bound = x->list[BOUNDS]->floats[i];
	int ret;

	if (mode < 0)
		return wr_raw_wrong(x->r, EINVAL,
				    "a question that is none of '<=', '<', '>', '>=' (no feature "
				    "is categorical)");
	to->feature = WR_RAW_LEAF;
	if (modes[mode].leaf)
		return 0;
	if (feature < 0 || feature >= x->n_features)
		return wr_raw_wrong(x->r, EINVAL,
				    "column %lld is asked about, and %d features have names",
				    (long long)feature, x->n_features);
	if (!isfinite(bound))
		return wr_raw_wrong(x->r, EINVAL, "a bound that is no number");
	to->feature = x->feature[feature];
	to->above = modes[mode].less ? ceil(bound) - 1 : bound;
	ret = child(x, tree, modes[mode].swap ? no : yes, &to->left);
	return ret ? ret : child(x, tree, modes[mode].swap ? yes : no, &to->right);
}

/* Where no node leads to; in each tree there is one. */
static int read_roots(struct reading *x)
{
	int ret = 0;

	for (size_t i = 0; i < x->n && !ret; i++) {
		bool begins = !i || x->place[i].tree != x->place[i - 1].tree;
		const struct place *root = NULL;

		for (size_t k = i; begins && k < x->n && x->place[k].tree == x->place[i].tree; k++)
			if (!x->place[k].child && root)
				return wr_raw_wrong(x->r, EINVAL, "a tree with two roots");
			else if (!x->place[k].child)
				root = &x->place[k];
		if (!begins)
			continue;
		x->n_trees++;
		ret = root ? wr_raw_tree(x->r, root->at)
			   : wr_raw_wrong(x->r, EINVAL, "a tree without a root");
	}
	return ret;
}

/* ---- what leaves are worth ---- */

/* Of two classes the second is the attack. A leaf tells both, or one number for that. */
static int check_classes(struct reading *x)
{
	const WrOnnx__Attribute *ids = x->list[LEAF_IDS];
	const WrOnnx__Attribute *whole = attribute(x->node, "classlabels_int64s");
	const WrOnnx__Attribute *words = attribute(x->node, "classlabels_strings");
	size_t classes = (whole ? whole->n_ints : 0) + (words ? words->n_strings : 0);
	int64_t last = x->regressor ? 0 : 1;

	if (x->regressor
		    ? attribute(x->node, "n_targets") && attribute(x->node, "n_targets")->i != 1
		    : classes != 2)
		return wr_raw_wrong(x->r, EINVAL,
				    x->regressor ? "more than one target"
						 : "two classes are read, and no other number");
	x->one_id = true;
	for (size_t i = 0; i < ids->n_ints; i++) {
		if (ids->ints[i] < 0 || ids->ints[i] > last)
			return wr_raw_wrong(x->r, EINVAL, "a leaf of a class that is not there");
		x->one_id = x->one_id && ids->ints[i] == ids->ints[0];
	}
	return 0;
}

static double worth(const struct reading *x, int64_t id, double weight)
{
	if (x->one_id || id == 1)
		return weight;
	return x->minus_other ? -weight : 0;
}

static int read_weights(struct reading *x)
{
	double part = x->average ? 1.0 / (double)x->n_trees : 1;

	for (size_t i = 0; i < x->list[WEIGHTS]->n_floats; i++) {
		const struct place *p =
			find(x, x->list[LEAF_TREES]->ints[i], x->list[LEAF_NODES]->ints[i]);

		if (!p || x->r->node[p->at].feature != WR_RAW_LEAF)
			return wr_raw_wrong(x->r, EINVAL, "what a leaf is worth that is not there");
		x->r->node[p->at].value +=
			part * worth(x, x->list[LEAF_IDS]->ints[i], x->list[WEIGHTS]->floats[i]);
	}
	return 0;
}

/* From leaves to scores. */
static int read_transform(struct reading *x)
{
	const WrOnnx__Attribute *base = attribute(x->node, "base_values");
	size_t n = base ? base->n_floats : 0;
	bool softmax = says(x->node, "post_transform", "SOFTMAX", false);

	x->average = x->regressor && says(x->node, "aggregate_function", "AVERAGE", false);
	x->minus_other = softmax;
	if (softmax || says(x->node, "post_transform", "LOGISTIC", false))
		x->r->link = WR_MODEL_LOGISTIC;
	else if (!says(x->node, "post_transform", "NONE", true))
		return wr_raw_wrong(x->r, EINVAL,
				    "'post_transform': NONE, LOGISTIC and SOFTMAX are read");
	if (softmax && (x->one_id || x->regressor))
		return wr_raw_wrong(x->r, EINVAL, "SOFTMAX of one number");
	if (x->regressor && !x->average && !says(x->node, "aggregate_function", "SUM", true))
		return wr_raw_wrong(x->r, EINVAL, "'aggregate_function': SUM and AVERAGE are read");
	if (n > 2 || (n == 2 && x->regressor))
		return wr_raw_wrong(x->r, EINVAL, "'base_values': more than there are classes");
	for (size_t i = 0; i < n; i++)
		if (!isfinite(base->floats[i]))
			return wr_raw_wrong(x->r, EINVAL, "'base_values' has what is no number");
		else
			x->r->base += worth(x, n == 2 ? (int64_t)i : 1, base->floats[i]);
	if (n == 2 && x->one_id)
		return wr_raw_wrong(x->r, EINVAL, "'base_values': two for one number");
	return 0;
}

/* ---- all of it ---- */

/* Names of the columns: from the file, or ours. */
static int read_features(struct reading *x, const WrOnnx__Model *m)
{
	const char *s = NULL;
	int n = 0;

	for (size_t i = 0; i < m->n_metadata_props; i++)
		if (m->metadata_props[i]->key &&
		    !strcmp(m->metadata_props[i]->key, "weir_features"))
			s = m->metadata_props[i]->value ? m->metadata_props[i]->value : "";
	for (; !s && n < WR_MODEL_FEATURE_COUNT; n++)
		x->feature[n] = n;
	for (size_t k = 0; s && (n == 0 || *s); s += k + (s[k] == ',')) {
		json_t *name;

		k = strcspn(s, ",");
		if (n == WR_MODEL_FEATURES)
			return wr_raw_wrong(x->r, EINVAL, "'weir_features': more than %d names",
					    WR_MODEL_FEATURES);
		name = json_stringn(s, k);
		x->feature[n] = wr_raw_feature(x->r, name);
		json_decref(name);
		if (x->feature[n++] < 0)
			return -EINVAL;
	}
	x->n_features = n;
	return 0;
}

static bool is_op(const WrOnnx__Node *n, const char *const *names)
{
	for (; *names; names++)
		if (n->op_type && !strcmp(n->op_type, *names))
			return true;
	return false;
}

/* What makes other columns of those that there are would have to be done here, too. */
static int find_ensemble(struct reading *x, const WrOnnx__Model *m)
{
	static const char *const trees[] = {"TreeEnsembleClassifier", "TreeEnsembleRegressor",
					    NULL};
	static const char *const harmless[] = {"Cast", "Identity", "ZipMap", "Reshape", NULL};

	for (size_t i = 0; m->graph && i < m->graph->n_node; i++) {
		const WrOnnx__Node *n = m->graph->node[i];

		if (is_op(n, harmless))
			continue;
		if (!is_op(n, trees))
			return wr_raw_wrong(x->r, EINVAL,
					    "has a node that is no TreeEnsembleClassifier or "
					    "TreeEnsembleRegressor: only tree ensembles are read");
		if (x->node)
			return wr_raw_wrong(x->r, EINVAL, "has two tree ensembles");
		x->node = n;
		x->regressor = !strcmp(n->op_type, trees[1]);
	}
	return x->node ? 0 : wr_raw_wrong(x->r, EINVAL, "no tree ensemble is in it");
}

static int read_model(struct reading *x, const WrOnnx__Model *m)
{
	int ret = find_ensemble(x, m);

	ret = ret ? ret : read_features(x, m);
	ret = ret ? ret : find_lists(x);
	ret = ret ? ret : place_all(x);
	for (size_t i = 0; i < x->n && !ret; i++)
		ret = read_node(x, i);
	ret = ret ? ret : read_roots(x);
	ret = ret ? ret : check_classes(x);
	ret = ret ? ret : read_transform(x);
	return ret ? ret : read_weights(x);
}

int wr_model_read_onnx(struct wr_raw *r, const void *at, size_t n)
{
	struct room room = {.left = MEMORY};
	ProtobufCAllocator memory = {take, give, &room};
	WrOnnx__Model *m = wr_onnx__model__unpack(&memory, n, at);
	struct reading x = {.r = r};
	int ret;

	r->form = "ONNX";
	if (!m)
		return wr_raw_wrong(r, EINVAL, "no ONNX that can be read");
	ret = read_model(&x, m);
	free(x.place);
	wr_onnx__model__free_unpacked(m, &memory);
	return ret;
}
