/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/policy_impl.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "model/model.h"

/* model NAME = file "PATH", and what rules ask of it: score NAME over 0.9 */

enum { ONE = 1000 };

static const char bound[] = "a number from 0 to 0.999 (0.9, 0.95)";

/* ---- the statement ---- */

void wr_policy_free_model(struct wr_policy_model *m)
{
	free(m->file);
	wr_model_free(&m->model);
	*m = (struct wr_policy_model){0};
}

/* The place was made before, when all names were collected. */
static int declared(struct wr_policy_reader *r, const struct wr_token *t, int i)
{
	if (i < 0)
		return wr_policy_wrong(r, E2BIG, t, "more than %d models", WR_POLICY_MODELS);
	if ((size_t)i < r->old_models)
		return wr_policy_wrong(r, EEXIST, t, "there is a model of that name");
	if (r->p->model[i].line != r->line_no)
		return wr_policy_wrong(r, EEXIST, t, "there is a model of that name in line %u",
				       r->p->model[i].line);
	return 0;
}

/* A line of its own would be read once more after a restart, and the file may be another by then:
 * as for sets, that is what is wanted. */
static int read_file(struct wr_policy_reader *r, struct wr_policy_model *m)
{
	struct wr_err err = {0};
	struct wr_token t = r->token;
	int ret = wr_policy_text(r, PATH_MAX - 1, "a path in quotes", &m->file);

	if (ret)
		return ret;
	if (m->file[0] != '/')
		return wr_policy_wrong(r, EINVAL, &t, "a path has to begin with /");
	ret = wr_model_read(&m->model, m->file, &err);
	if (ret == -ENOMEM)
		return wr_policy_no_memory(r);
	return ret ? wr_policy_wrong(r, EINVAL, &t, "%s", err.text) : 0;
}

int wr_policy_read_model(struct wr_policy_reader *r)
{
	struct wr_token t = r->token;
	char name[WR_POLICY_NAME];
	int i, ret = wr_policy_name(r, name, "the name of a model");

	if (ret)
		return ret;
	if (!wr_policy_skip(r, WR_TOKEN_EQUALS))
		return wr_policy_expected(r, "=", NULL);
	i = wr_policy_model(r->p, name);
	ret = declared(r, &t, i);
	if (ret)
		return ret;
	if (!wr_policy_is(r, "file"))
		return wr_policy_expected(r, "file \"PATH\"", (const char *const[]){"file", NULL});
	wr_policy_next(r);
	return read_file(r, &r->p->model[i]);
}

void wr_policy_print_model(struct wr_buf *b, const struct wr_policy_model *m)
{
	wr_buf_fmt(b, "model %s = file ", m->name);
	wr_policy_quote(b, m->file);
}

/* ---- the clause ---- */

static int no_model(struct wr_policy_reader *r)
{
	const char *names[WR_POLICY_MODELS + 1] = {NULL};

	for (size_t i = 0; i < r->p->n_models; i++)
		names[i] = r->p->model[i].name;
	return wr_policy_expected(r, r->clause->expects, names);
}

/* Three digits behind the point: more would say more than a model knows. */
static int read_bound(const char *s, uint16_t *permille)
{
	unsigned int v = 0, digit = 100;

	if (*s++ != '0')
		return -EINVAL;
	if (!*s) {
		*permille = 0;
		return 0;
	}
	if (*s++ != '.' || !*s)
		return -EINVAL;
	for (; *s; s++, digit /= 10) {
		if (*s < '0' || *s > '9' || !digit)
			return -EINVAL;
		v += (unsigned int)(*s - '0') * digit;
	}
	*permille = (uint16_t)v;
	return 0;
}

int wr_policy_read_score(struct wr_policy_reader *r)
{
	char word[WR_POLICY_WORD];
	int i = wr_policy_peek(r, word) ? wr_policy_model(r->p, word) : -1;

	if (i < 0)
		return no_model(r);
	wr_policy_next(r);
	if (!wr_policy_is(r, "over"))
		return wr_policy_expected(r, "over", (const char *const[]){"over", NULL});
	wr_policy_next(r);
	if (!wr_policy_peek(r, word) || read_bound(word, &r->rule->score))
		return wr_policy_expected(r, bound, NULL);
	r->rule->model = (uint8_t)(i + 1);
	wr_policy_next(r);
	return 0;
}

void wr_policy_print_score(const struct wr_policy_writer *w)
{
	if (!w->rule->model)
		return;
	wr_buf_fmt(w->b, " score %s over ", w->p->model[w->rule->model - 1].name);
	wr_buf_double(w->b, (double)w->rule->score / ONE);
}
