/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/model.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A model asked on the host, and what it says made a score. */

const char *const wr_model_links[WR_MODEL_LINKS + 1] = {
	[WR_MODEL_PLAIN] = "plain", [WR_MODEL_LOGISTIC] = "logistic"};

static const struct {
	const char *name, *what;
	uint8_t bits;
} features[] = {
#define X(sym, name_, bits_, what_) {name_, what_, bits_},
	WR_MODEL_FEATURE_TABLE(X)
#undef X
};

const char *wr_model_feature_name(uint32_t feature)
{
	return feature < WR_MODEL_FEATURE_COUNT ? features[feature].name : NULL;
}

const char *wr_model_feature_what(uint32_t feature)
{
	return feature < WR_MODEL_FEATURE_COUNT ? features[feature].what : NULL;
}

uint32_t wr_model_feature_most(uint32_t feature)
{
	return feature < WR_MODEL_FEATURE_COUNT ? (1u << features[feature].bits) - 1 : 0;
}

int wr_model_feature(const char *name, size_t n)
{
	for (int i = 0; i < WR_MODEL_FEATURE_COUNT; i++)
		if (strlen(features[i].name) == n && !memcmp(features[i].name, name, n))
			return i;
	return -1;
}

uint32_t wr_model_asks(const struct wr_model *m)
{
	uint32_t asked = 0;

	for (uint32_t i = 0; i < m->n_nodes; i++)
		if (m->node[i].feature != WR_MODEL_NO_FEATURE)
			asked |= 1u << m->node[i].feature;
	return asked;
}

uint32_t wr_model_walk(const struct wr_model *m, const struct wr_model_values *v)
{
	uint32_t sum = 0;

	for (uint32_t t = 0; t < m->n_trees; t++) {
		const struct wr_model_node *n = &m->node[m->root[t]];

		while (n->feature != WR_MODEL_NO_FEATURE)
			n = &m->node[wr_model_value(v, n->feature) > n->above ? n->right : n->left];
		sum += n->value;
	}
	return sum;
}

double wr_model_score(const struct wr_model *m, uint32_t sum)
{
	double v = m->base + sum / m->scale;

	if (m->link == WR_MODEL_LOGISTIC)
		v = 1 / (1 + exp(-v));
	return v < 0 ? 0 : v > 1 ? 1 : v;
}

/* Scores rise with the sum. */
uint32_t wr_model_least(const struct wr_model *m, uint32_t permille)
{
	uint32_t from = 0, to = m->n_trees * WR_MODEL_VALUE + 1;

	while (from < to) {
		uint32_t middle = from + (to - from) / 2;

		if (wr_model_score(m, middle) > permille / 1000.0)
			to = middle;
		else
			from = middle + 1;
	}
	return from;
}

static uint32_t levels(const struct wr_model *m, uint32_t at)
{
	const struct wr_model_node *n = &m->node[at];
	uint32_t left, right;

	if (n->feature == WR_MODEL_NO_FEATURE)
		return 0;
	left = levels(m, n->left);
	right = levels(m, n->right);
	return 1 + (left > right ? left : right);
}

uint32_t wr_model_levels(const struct wr_model *m)
{
	uint32_t most = 0;

	for (uint32_t t = 0; t < m->n_trees; t++) {
		uint32_t n = levels(m, m->root[t]);

		most = n > most ? n : most;
	}
	return most;
}

uint32_t wr_model_way(const struct wr_model *m)
{
	uint32_t n = 0;

	for (uint32_t t = 0; t < m->n_trees; t++)
		n += levels(m, m->root[t]);
	return n;
}

int wr_model_copy(struct wr_model **out, const struct wr_model *m)
{
	struct wr_model *to = malloc(sizeof(*to));

	if (!to)
		return -ENOMEM;
	*to = *m;
	to->node = malloc(m->n_nodes * sizeof(*m->node));
	if (!to->node) {
		free(to);
		return -ENOMEM;
	}
	memcpy(to->node, m->node, m->n_nodes * sizeof(*m->node));
	*out = to;
	return 0;
}

void wr_model_free(struct wr_model **m)
{
	if (!*m)
		return;
	free((*m)->node);
	free(*m);
	*m = NULL;
}
