/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "daemon/api.h"
#include "daemon/classes.h"
#include "daemon/rules.h"

/* The view of bandwidth classes and their links. */

struct answer {
	struct wr_buf *b;
	bool text, color;
};

static void show_class(void *ctx, const struct wr_class_row *row)
{
	const struct answer *a = ctx;

	if (a->text)
		wr_view_class_text(a->b, row, a->color);
	else
		wr_view_class_json(a->b, row);
}

static void show_link(void *ctx, const struct wr_link_row *row)
{
	const struct answer *a = ctx;

	if (a->text)
		wr_view_link_text(a->b, row, a->color);
	else
		wr_view_link_json(a->b, row);
}

/* Of one link alone it would be the same again. */
static void show_classes_of(void *ctx, const struct wr_link_row *row)
{
	const struct answer *a = ctx;

	wr_view_link_classes_text(a->b, row, a->color);
}

static void count_link(void *ctx, const struct wr_link_row *row)
{
	uint32_t *n = ctx;

	(void)row;
	++*n;
}

static int classes(const struct wr_api_host *h, const struct wr_query *q, struct wr_buf *b,
		   struct wr_err *err)
{
	struct answer a = {b, q->text, q->how.color};
	uint32_t links = 0;

	if (!h->rules)
		return wr_fail(err, ENODATA,
			       "no policy is loaded: set 'file' in [policy] of the configuration");
	if (!wr_rules_policy(h->rules)->n_classes)
		return wr_fail(err, ENODATA,
			       "the policy has no classes: see 'class' and 'link' in "
			       "docs/policy.md");
	if (q->text)
		wr_view_classes_head(b, q->how.color);
	wr_classes_each(wr_rules_classes(h->rules), show_class, &a);
	if (q->text && wr_rules_state(h->rules).off)
		wr_buf_str(b, "  switched off (weir rule on): nothing gives way, and 'dropped' is "
			      "what would\n");
	if (q->text)
		wr_view_links_head(b, q->how.color);
	wr_links_each(wr_rules_classes(h->rules), show_link, &a);
	wr_links_each(wr_rules_classes(h->rules), count_link, &links);
	if (q->text && links > 1)
		wr_links_each(wr_rules_classes(h->rules), show_classes_of, &a);
	return 0;
}

const struct wr_api_view wr_api_view_classes = {"classes", "bandwidth classes and their links",
						NULL, true, classes};
