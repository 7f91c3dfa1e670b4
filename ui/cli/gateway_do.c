/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/cli/gateway_job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/depends.h"
#include "ui/cli/command.h"
#include "ui/cli/gateway.h"

/* What is wanted of a gateway, and what no longer. */

static int read_entries(const struct wr_gateway_job *j, const struct wr_gateway *g, int argc,
			char **argv, struct wr_gateway_set *s, struct wr_err *err)
{
	struct wr_gateway_entry e;
	char *text;
	int ret;

	if (j->a->file)
		return wr_gateway_set_read(s, j->a->file, g->conf.most, j->now_s, err);
	text = wr_join_args(argc, argv, 0);
	if (!text)
		return wr_fail(err, ENOMEM, "no memory");
	ret = wr_gateway_entry_parse(&e, text, j->now_s, err);
	free(text);
	if (!ret && wr_gateway_set_add(s, &e))
		ret = wr_fail(err, ENOMEM, "no memory");
	return ret;
}

static int check_entries(const struct wr_gateway_job *j, const struct wr_gateway *g,
			 const struct wr_gateway_set *s, struct wr_err *err)
{
	struct wr_prefixes never = {0};
	int ret = wr_peers_prefixes(&never, err);

	wr_prefixes_sort(&never);
	for (size_t i = 0; !ret && i < s->n; i++) {
		ret = wr_gateway_accepts(g, &s->at[i], err);
		if (!ret)
			ret = wr_gateway_guard(g, &never, &s->at[i], j->now_s, j->a->force, err);
	}
	wr_prefixes_free(&never);
	return ret;
}

int wr_cli_gateway_apply(struct wr_gateway_job *j, int argc, char **argv, struct wr_err *err)
{
	struct wr_gateway_set s = {0};
	struct wr_gateway_result r;
	struct wr_gateway_opened o;
	int ret;

	if ((argc > 1) == (j->a->file != NULL))
		return wr_fail(err, EINVAL,
			       "apply NAME: an entry ('deny 203.0.113.7 for 10m') or --file FILE");
	if (j->a->only && !j->a->file)
		return wr_fail(err, EINVAL, "--only goes with --file");
	ret = wr_cli_gateway_open(j, argv[0], &o, err);
	if (ret)
		return ret;
	ret = read_entries(j, &o.g, argc - 1, argv + 1, &s, err);
	if (!ret)
		ret = check_entries(j, &o.g, &s, err);
	if (!ret && j->a->only)
		wr_gateway_lift_others(&o.l, &s);
	if (!ret)
		ret = wr_gateway_want(&o.g, &o.l, &s, err);
	if (!ret)
		ret = wr_cli_gateway_reconcile(j, &o, &r, err);
	wr_gateway_set_free(&s);
	wr_cli_gateway_close(&o);
	return ret;
}

int wr_cli_gateway_lift(struct wr_gateway_job *j, int argc, char **argv, struct wr_err *err)
{
	struct wr_gateway_result r;
	struct wr_gateway_entry e;
	struct wr_gateway_opened o;
	struct wr_buf text = {0};
	int ret;

	if (argc < 3)
		return wr_fail(err, EINVAL, "lift NAME deny|limit WHO");
	for (int i = 1; i < argc; i++)
		wr_buf_fmt(&text, "%s%s", i > 1 ? " " : "", argv[i]);
	if (!strcmp(argv[1], "limit"))
		wr_buf_str(&text, " to 1");
	ret = wr_gateway_entry_parse(&e, wr_buf_text(&text), j->now_s, err);
	wr_buf_free(&text);
	if (!ret)
		ret = wr_cli_gateway_open(j, argv[0], &o, err);
	if (ret)
		return ret;
	if (!wr_gateway_lift(&o.l, &e))
		ret = wr_fail(err, ENOENT, "%s has no such entry of weir ('weir gateway list %s')",
			      argv[0], argv[0]);
	if (!ret)
		ret = wr_cli_gateway_reconcile(j, &o, &r, err);
	wr_cli_gateway_close(&o);
	return ret;
}

int wr_cli_gateway_flush(struct wr_gateway_job *j, int argc, char **argv, struct wr_err *err)
{
	struct wr_gateway_result r;
	struct wr_gateway_opened o;
	int ret = wr_cli_gateway_open(j, argv[0], &o, err);

	(void)argc;
	if (ret)
		return ret;
	wr_gateway_lift(&o.l, NULL);
	ret = wr_cli_gateway_reconcile(j, &o, &r, err);
	if (!ret && !j->a->dry_run && !j->a->json)
		wr_buf_fmt(
			&j->out,
			"%s: read back: nothing of weir is left; of others there were %zu entries "
			"before and are %zu\n",
			o.g.name, r.foreign_was, r.foreign);
	wr_cli_gateway_close(&o);
	return ret;
}
