/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/cli/gateway_job.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/when.h"
#include "ui/cli/command.h"
#include "ui/cli/gateway.h"
#include "ui/cli/stop.h"

/* Gateways are made what their ledgers say, once or again and again. */

static void tell_conf(void *ctx, const char *line)
{
	(void)ctx;
	fprintf(stderr, "weir gateway: %s\n", line);
}

/* ---- one gateway and its ledger ---- */

/* Errors in its file have been told, one a line: main() shall not show the first again. */
int wr_cli_gateway_open(const struct wr_gateway_job *j, const char *name,
			struct wr_gateway_opened *o, struct wr_err *err)
{
	bool silent = j->a->every;
	int ret = wr_gateway_open(&o->g, j->folder, name, silent ? NULL : tell_conf, NULL, err);

	if (ret == -EINVAL && !silent)
		err->text[0] = 0;
	if (ret)
		return ret;
	o->g.keeper = j->keeper;
	ret = wr_gateway_ledger_open(&o->l, j->state, &o->g, err);
	if (ret)
		wr_gateway_close(&o->g);
	return ret;
}

void wr_cli_gateway_close(struct wr_gateway_opened *o)
{
	wr_gateway_ledger_close(&o->l);
	wr_gateway_close(&o->g);
}

/* Reports one round; a dry run shows its plan. */
int wr_cli_gateway_reconcile(struct wr_gateway_job *j, struct wr_gateway_opened *o,
			     struct wr_gateway_result *r, struct wr_err *err)
{
	int ret = wr_gateway_reconcile(&o->g, &o->l, j->now_s, j->a->dry_run ? &j->out : NULL, r,
				       err);

	if (!ret && !j->a->dry_run)
		wr_cli_gateway_result(&j->out, j->a->json, &o->g, r);
	else if (!ret && !r->steps)
		wr_buf_fmt(&j->out, "-- nothing to do\n");
	if (!ret && r->taken)
		j->worst = WR_EXIT_FAILED;
	return ret;
}

/* ---- again and again ---- */

/* Said once, until it is another one or mended. Who is in trouble is asked ever more seldom, so
 * that one that does not answer does not hold up the others, and one that does not take what it is
 * told is not told without end. */
struct trouble {
	char text[768];
	size_t taken; /* entries that others have, as it was said last */
	uint64_t next_ns, wait_ns;
};

enum { WAIT_MOST_S = 30 };

static int reconcile_one(struct wr_gateway_job *j, const char *name, struct trouble *t,
			 struct wr_err *err)
{
	struct wr_gateway_result r = {0};
	struct wr_gateway_opened o;
	size_t from = j->out.used;
	int ret = wr_cli_gateway_open(j, name, &o, err);

	if (!ret) {
		ret = wr_cli_gateway_reconcile(j, &o, &r, err);
		wr_cli_gateway_close(&o);
	}
	if (!t)
		return ret;
	/* A round that says nothing new is not worth a line. */
	if (!ret && !r.steps && r.taken == t->taken && !r.untaken)
		j->out.used = from;
	if (!ret)
		t->taken = r.taken;
	t->wait_ns = ret ? 2 * t->wait_ns + NS_PER_S / 10 : 0;
	if (t->wait_ns > WAIT_MOST_S * NS_PER_S)
		t->wait_ns = WAIT_MOST_S * NS_PER_S;
	t->next_ns = wr_when_now() + t->wait_ns;
	if (ret && strcmp(t->text, err->text) != 0)
		fprintf(stderr, "weir gateway: %s\n", err->text);
	if (!ret && t->text[0])
		fprintf(stderr, "weir gateway: %s: is well again\n", name);
	snprintf(t->text, sizeof(t->text), "%s", ret ? err->text : "");
	err->text[0] = 0;
	return 0;
}

static int reconcile_names(struct wr_gateway_job *j, const struct wr_gateway_names *names,
			   struct trouble *t, struct wr_err *err)
{
	struct wr_err first = {0};
	int ret = 0;

	for (size_t i = 0; i < names->n; i++) {
		struct wr_err e = {0};
		int bad;

		/* The clock may have been set back. */
		if (t && t[i].wait_ns && wr_when_now() < t[i].next_ns &&
		    t[i].next_ns - wr_when_now() <= t[i].wait_ns)
			continue;
		bad = reconcile_one(j, names->at[i], t ? &t[i] : NULL, &e);

		if (bad && ret)
			fprintf(stderr, "weir gateway: %s\n", e.text);
		if (bad && !ret) {
			ret = bad;
			first = e;
		}
	}
	if (ret && err)
		*err = first;
	return ret;
}

static int keep_on(struct wr_gateway_job *j, const struct wr_gateway_names *names,
		   struct wr_err *err)
{
	struct trouble *t = calloc(names->n + 1, sizeof(*t));
	uint64_t every_ns;
	int ret = wr_when_span(j->a->every, &every_ns, err);

	if (!t)
		ret = wr_fail(err, ENOMEM, "no memory");
	if (!ret && every_ns < NS_PER_S / 10)
		ret = wr_fail(err, EINVAL, "--every: 100ms at least");
	wr_stop_on_signals();
	while (!ret && !wr_stopped) {
		struct timespec ts = {(time_t)(every_ns / NS_PER_S), (long)(every_ns % NS_PER_S)};

		j->now_s = wr_when_now() / NS_PER_S;
		ret = reconcile_names(j, names, t, err);
		if (!ret)
			ret = wr_buf_flush(&j->out, STDOUT_FILENO);
		if (!ret && !wr_stopped)
			nanosleep(&ts, NULL);
	}
	j->worst = WR_EXIT_OK;
	free(t);
	return ret == -EPIPE ? 0 : ret;
}

/* Those that were named, or all. */
static int which(const struct wr_gateway_job *j, int argc, char **argv,
		 struct wr_gateway_names *names, struct wr_err *err)
{
	if (!argc)
		return wr_gateway_names(names, j->folder, err);
	names->at = calloc((size_t)argc, sizeof(*names->at));
	if (!names->at)
		return wr_fail(err, ENOMEM, "no memory");
	for (int i = 0; i < argc; i++) {
		if (strlen(argv[i]) >= WR_GATEWAY_NAME)
			return wr_fail(err, ENOENT, "there is no gateway '%.64s'", argv[i]);
		strcpy(names->at[names->n++], argv[i]);
	}
	return 0;
}

int wr_cli_gateway_keep(struct wr_gateway_job *j, int argc, char **argv, struct wr_err *err)
{
	struct wr_gateway_names names = {0};
	int ret = which(j, argc, argv, &names, err);

	if (!ret && !names.n)
		ret = wr_fail(err, ENOENT, "%s has no NAME.conf (docs/gateways.md)", j->folder);
	if (!ret)
		ret = j->a->every ? keep_on(j, &names, err) : reconcile_names(j, &names, NULL, err);
	wr_gateway_names_free(&names);
	return ret;
}
