/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/cli/gateway.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/when.h"
#include "control/peers.h"
#include "daemon/conf.h"
#include "ui/cli/command.h"
#include "ui/cli/stop.h"

/* API gateways, without a daemon: what shall be so stands in the ledger of each. */

enum { PEERS = 64 };

#define NS_PER_S 1000000000ull

struct args {
	const char *conf, *file, *every;
	bool json, dry_run, force, only;
};

/* What every verb needs. */
struct job {
	const struct args *a;
	struct wr_conf *values; /* owned */
	const char *folder, *state;
	const char *name;  /* whom checks are told of */
	struct wr_buf out; /* owned */
	uint64_t now_s;
	int worst; /* exit status */
};

static uint64_t now_s(void)
{
	return wr_when_now() / NS_PER_S;
}

static void tell_conf(void *ctx, const char *line)
{
	(void)ctx;
	fprintf(stderr, "weir gateway: %s\n", line);
}

/* ---- one gateway and its ledger ---- */

struct opened {
	struct wr_gateway g;
	struct wr_gateway_ledger l;
};

/* Errors in its file have been told, one a line: main() shall not show the first again. */
static int open_one(const struct job *j, const char *name, struct opened *o, struct wr_err *err)
{
	bool silent = j->a->every;
	int ret = wr_gateway_open(&o->g, j->folder, name, silent ? NULL : tell_conf, NULL, err);

	if (ret == -EINVAL && !silent)
		err->text[0] = 0;
	if (ret)
		return ret;
	ret = wr_gateway_ledger_open(&o->l, j->state, &o->g, err);
	if (ret)
		wr_gateway_close(&o->g);
	return ret;
}

static void close_one(struct opened *o)
{
	wr_gateway_ledger_close(&o->l);
	wr_gateway_close(&o->g);
}

/* Whom this host depends on: never shut out, whatever a gateway's own list says. */
static int peers(struct wr_prefixes *never, struct wr_err *err)
{
	static int (*const from[])(struct wr_peer * out, int max) = {wr_ssh_peers, wr_gateways,
								     wr_dns_servers};
	struct wr_peer p[PEERS];
	struct wr_prefix x;

	for (size_t k = 0; k < sizeof(from) / sizeof(from[0]); k++) {
		int n = from[k](p, PEERS);

		for (int i = 0; i < n && i < PEERS; i++) {
			x = (struct wr_prefix){.ip_v = p[i].ip_v,
					       .bits = p[i].ip_v == 4 ? 32 : 128};
			memcpy(x.addr, p[i].addr, sizeof(x.addr));
			if (wr_prefixes_add(never, &x))
				return wr_fail(err, ENOMEM, "no memory");
		}
	}
	for (uint8_t v = 4; v <= 6; v += 2) {
		x = (struct wr_prefix){.ip_v = v, .bits = v == 4 ? 32 : 128};
		if (wr_own_address(v, x.addr) && wr_prefixes_add(never, &x))
			return wr_fail(err, ENOMEM, "no memory");
	}
	return 0;
}

/* ---- verbs ---- */

static int list_one(struct job *j, const char *name, bool entries, struct wr_err *err)
{
	struct opened o;
	int ret = open_one(j, name, &o, err);

	if (ret)
		return ret;
	if (entries)
		wr_cli_gateway_entries(&j->out, j->a->json, &o.g, &o.l, j->now_s);
	else
		wr_cli_gateway_row(&j->out, j->a->json, &o.g, &o.l);
	close_one(&o);
	return 0;
}

static int list(struct job *j, int argc, char **argv, struct wr_err *err)
{
	struct wr_gateway_names names;
	int ret;

	if (argc)
		return list_one(j, argv[0], true, err);
	ret = wr_gateway_names(&names, j->folder, err);
	if (!ret && !names.n && !j->a->json)
		wr_buf_fmt(&j->out, "no gateways: %s has no NAME.conf (docs/gateways.md)\n",
			   j->folder);
	else if (!ret && !j->a->json)
		wr_buf_str(&j->out, "GATEWAY          DRIVER    ENTRIES  WHERE\n");
	for (size_t i = 0; !ret && i < names.n; i++)
		ret = list_one(j, names.at[i], false, err);
	wr_gateway_names_free(&names);
	return ret;
}

static void tell_check(void *ctx, enum wr_gateway_mark mark, const char *text, const char *mend)
{
	struct job *j = ctx;

	wr_cli_gateway_check(&j->out, j->a->json, j->name, mark, text, mend);
	if (mark == WR_GATEWAY_BAD)
		j->worst = WR_EXIT_FAILED;
}

static int probe(struct job *j, int argc, char **argv, struct wr_err *err)
{
	struct opened o;
	int ret = open_one(j, argv[0], &o, err);
	uint32_t can;

	(void)argc;
	if (ret)
		return ret;
	j->name = argv[0];
	can = wr_gateway_can(&o.g);
	if (j->a->json)
		wr_cli_gateway_row(&j->out, true, &o.g, &o.l);
	for (const struct wr_gateway_can *c = wr_gateway_cans; c->name && !j->a->json; c++)
		wr_buf_fmt(&j->out, "%s   %s\n", can & c->bit ? "can" : "-  ", c->text);
	wr_gateway_probe(&o.g, tell_check, j);
	close_one(&o);
	return 0;
}

/* Reports one round; a dry run shows its plan. */
static int reconcile_opened(struct job *j, struct opened *o, struct wr_gateway_result *r,
			    struct wr_err *err)
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

static int read_entries(const struct job *j, const struct wr_gateway *g, int argc, char **argv,
			struct wr_gateway_set *s, struct wr_err *err)
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

static int check_entries(const struct job *j, const struct wr_gateway *g,
			 const struct wr_gateway_set *s, struct wr_err *err)
{
	struct wr_prefixes never = {0};
	int ret = peers(&never, err);

	wr_prefixes_sort(&never);
	for (size_t i = 0; !ret && i < s->n; i++) {
		ret = wr_gateway_accepts(g, &s->at[i], err);
		if (!ret)
			ret = wr_gateway_guard(g, &never, &s->at[i], j->now_s, j->a->force, err);
	}
	wr_prefixes_free(&never);
	return ret;
}

static int apply(struct job *j, int argc, char **argv, struct wr_err *err)
{
	struct wr_gateway_set s = {0};
	struct wr_gateway_result r;
	struct opened o;
	int ret;

	if ((argc > 1) == (j->a->file != NULL))
		return wr_fail(err, EINVAL,
			       "apply NAME: an entry ('deny 203.0.113.7 for 10m') or --file FILE");
	if (j->a->only && !j->a->file)
		return wr_fail(err, EINVAL, "--only goes with --file");
	ret = open_one(j, argv[0], &o, err);
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
		ret = reconcile_opened(j, &o, &r, err);
	wr_gateway_set_free(&s);
	close_one(&o);
	return ret;
}

static int lift(struct job *j, int argc, char **argv, struct wr_err *err)
{
	struct wr_gateway_result r;
	struct wr_gateway_entry e;
	struct opened o;
	struct wr_buf text = {0};
	int ret;

	if (argc < 3)
		return wr_fail(err, EINVAL, "lift NAME deny|limit ADDRESS");
	for (int i = 1; i < argc; i++)
		wr_buf_fmt(&text, "%s%s", i > 1 ? " " : "", argv[i]);
	if (!strcmp(argv[1], "limit"))
		wr_buf_str(&text, " to 1");
	ret = wr_gateway_entry_parse(&e, wr_buf_text(&text), j->now_s, err);
	wr_buf_free(&text);
	if (!ret)
		ret = open_one(j, argv[0], &o, err);
	if (ret)
		return ret;
	if (!wr_gateway_lift(&o.l, &e))
		ret = wr_fail(err, ENOENT, "%s has no such entry of weir ('weir gateway list %s')",
			      argv[0], argv[0]);
	if (!ret)
		ret = reconcile_opened(j, &o, &r, err);
	close_one(&o);
	return ret;
}

static int flush(struct job *j, int argc, char **argv, struct wr_err *err)
{
	struct wr_gateway_result r;
	struct opened o;
	int ret = open_one(j, argv[0], &o, err);

	(void)argc;
	if (ret)
		return ret;
	wr_gateway_lift(&o.l, NULL);
	ret = reconcile_opened(j, &o, &r, err);
	if (!ret && !j->a->dry_run && !j->a->json)
		wr_buf_fmt(
			&j->out,
			"%s: read back: nothing of weir is left; of others there were %zu entries "
			"before and are %zu\n",
			o.g.name, r.foreign_was, r.foreign);
	close_one(&o);
	return ret;
}

/* ---- again and again ---- */

/* Said once, until it is another one or mended. */
struct trouble {
	char name[WR_GATEWAY_NAME];
	char text[768];
};

static int reconcile_one(struct job *j, const char *name, struct trouble *t, struct wr_err *err)
{
	struct wr_gateway_result r = {0};
	struct opened o;
	size_t from = j->out.used;
	int ret = open_one(j, name, &o, err);

	if (!ret) {
		ret = reconcile_opened(j, &o, &r, err);
		close_one(&o);
	}
	if (!t)
		return ret;
	/* A round that changes nothing is not worth a line. */
	if (!ret && !r.steps && !r.taken)
		j->out.used = from;
	if (ret && strcmp(t->text, err->text) != 0)
		fprintf(stderr, "weir gateway: %s\n", err->text);
	if (!ret && t->text[0])
		fprintf(stderr, "weir gateway: %s: is well again\n", name);
	snprintf(t->text, sizeof(t->text), "%s", ret ? err->text : "");
	err->text[0] = 0;
	return 0;
}

static int reconcile_names(struct job *j, const struct wr_gateway_names *names, struct trouble *t,
			   struct wr_err *err)
{
	struct wr_err first = {0};
	int ret = 0;

	for (size_t i = 0; i < names->n; i++) {
		struct wr_err e = {0};
		int bad = reconcile_one(j, names->at[i], t ? &t[i] : NULL, &e);

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

static int keep_on(struct job *j, const struct wr_gateway_names *names, struct wr_err *err)
{
	struct trouble *t = calloc(names->n, sizeof(*t));
	uint64_t every_ns;
	int ret = wr_when_span(j->a->every, &every_ns, err);

	if (!t)
		ret = wr_fail(err, ENOMEM, "no memory");
	if (!ret && every_ns < NS_PER_S / 10)
		ret = wr_fail(err, EINVAL, "--every: 100ms at least");
	wr_stop_on_signals();
	while (!ret && !wr_stopped) {
		struct timespec ts = {(time_t)(every_ns / NS_PER_S), (long)(every_ns % NS_PER_S)};

		j->now_s = now_s();
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

static int reconcile(struct job *j, int argc, char **argv, struct wr_err *err)
{
	struct wr_gateway_names names = {0};
	int ret = 0;

	if (!argc)
		ret = wr_gateway_names(&names, j->folder, err);
	else
		names.at = calloc((size_t)argc, sizeof(*names.at));
	if (argc && !names.at)
		ret = wr_fail(err, ENOMEM, "no memory");
	for (int i = 0; !ret && i < argc; i++) {
		if (strlen(argv[i]) >= WR_GATEWAY_NAME)
			ret = wr_fail(err, ENOENT, "there is no gateway '%.64s'", argv[i]);
		else
			strcpy(names.at[names.n++], argv[i]);
	}
	if (!ret && !names.n)
		ret = wr_fail(err, ENOENT, "%s has no NAME.conf (docs/gateways.md)", j->folder);
	if (!ret)
		ret = j->a->every ? keep_on(j, &names, err) : reconcile_names(j, &names, NULL, err);
	wr_gateway_names_free(&names);
	return ret;
}

static int dump(struct job *j, int argc, char **argv, struct wr_err *err)
{
	(void)argc, (void)argv, (void)err;
	wr_conf_dump(&j->out, wr_gateway_items);
	return 0;
}

/* ---- the command ---- */

static const struct {
	const char *name;
	int least, most; /* words behind it */
	int (*run)(struct job *j, int argc, char **argv, struct wr_err *err);
	const char *usage;
} verbs[] = {
	{"list", 0, 1, list, "list [NAME]"},
	{"probe", 1, 1, probe, "probe NAME"},
	{"apply", 1, 256, apply, "apply NAME ENTRY"},
	{"lift", 1, 8, lift, "lift NAME deny|limit ADDRESS"},
	{"reconcile", 0, 64, reconcile, "reconcile [NAME...]"},
	{"flush", 1, 1, flush, "flush NAME"},
	{"dump", 0, 0, dump, "dump"},
};

static int start(struct job *j, struct wr_err *err)
{
	struct wr_daemon_conf conf;
	const char *from;
	int ret = wr_daemon_conf_open(&j->values, j->a->conf, &from, NULL, NULL, err);

	if (ret)
		return ret;
	wr_conf_fill(j->values, &conf);
	j->folder = conf.gateway.folder;
	j->state = conf.gateway.state;
	j->now_s = now_s();
	return 0;
}

static int run_verb(struct job *j, const struct wr_args *rest, struct wr_err *err)
{
	const char *word = rest->argc ? rest->argv[0] : "list";
	int argc = rest->argc ? rest->argc - 1 : 0;

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(word, verbs[i].name) != 0)
			continue;
		if (argc < verbs[i].least || argc > verbs[i].most)
			return wr_fail(err, EINVAL, "expected: %s", verbs[i].usage);
		return verbs[i].run(j, argc, rest->argv + 1, err);
	}
	return wr_fail(err, EINVAL,
		       "'%s': expected list, probe, apply, lift, reconcile, flush or dump", word);
}

static int run(int argc, char **argv, struct wr_err *err)
{
	struct args a = {0};
	struct job j = {.a = &a};
	struct wr_args rest;
	int status = wr_command_begin(&wr_command_gateway, &a, argc, argv, &rest, err), ret;

	if (status >= 0)
		return status;
	ret = start(&j, err);
	if (!ret)
		ret = run_verb(&j, &rest, err);
	wr_conf_close(&j.values);
	status = ret ? wr_exit_status(ret) : j.worst;
	return wr_print(&j.out, err) ? WR_EXIT_FAILED : status;
}

#define AT(field) .offset = offsetof(struct args, field)
static const struct wr_option options[] = {
	{0, "file", "FILE", "apply: an entry on each line; '#' begins a comment", WR_OPTION_STRING,
	 AT(file)},
	{0, "only", NULL, "apply: what is in no line of the file is taken out", WR_OPTION_FLAG,
	 AT(only)},
	{0, "dry-run", NULL, "apply, lift, reconcile, flush: show the bytes, change nothing",
	 WR_OPTION_FLAG, AT(dry_run)},
	{0, "force", NULL, "apply: also a wide prefix, or for longer than gateway.longest",
	 WR_OPTION_FLAG, AT(force)},
	{0, "every", "SPAN", "reconcile: again and again, until it is ended", WR_OPTION_STRING,
	 AT(every)},
	{0, "json", NULL, "one JSON object a line (docs/events.md)", WR_OPTION_FLAG, AT(json)},
	{'c', "config", "FILE", "this file instead of " WR_DAEMON_CONF, WR_OPTION_STRING, AT(conf)},
	{0},
};

const struct wr_command wr_command_gateway = {
	.name = "gateway",
	.brief = "refuses and limits clients at API gateways: HAProxy, nginx, Caddy",
	.args = " [list [NAME] | probe NAME | apply NAME ENTRY | lift NAME deny|limit ADDRESS |\n"
		"                    reconcile [NAME...] | flush NAME | dump]",
	.text = "A gateway is a file in gateway.folder, /etc/weir/gateways/NAME.conf "
		"(docs/gateways.md has the lines for it and for\n"
		"the gateway's own configuration). An entry is\n\n"
		"deny ADDRESS|PREFIX|key HASH [for SPAN | until TIME] [why TEXT]\n\n"
		"limit ADDRESS|PREFIX to RATE [for SPAN | until TIME] [why TEXT]\n\n"
		"and ends after 10 minutes when it does not say. What shall be so is kept in a "
		"ledger "
		"(gateway.state); apply takes\n"
		"entries in, makes the gateway so and reads back. What weir has not put there is "
		"never "
		"changed.\n\n"
		"probe: what it can, whether it answers, what is wrong with its configuration, and "
		"the "
		"mend.\n\n"
		"reconcile: takes out what has ended, and puts back what a restart of the gateway "
		"has "
		"lost; --every 1s goes on with\n"
		"that, and tells each trouble once. HAProxy ends entries by its own clock; for "
		"nginx "
		"and Caddy something has to\n"
		"call this.\n\n"
		"flush: takes all out that is weir's, reads back and says what is left.\n\n"
		"dump: the items of NAME.conf, as a commented file.",
	.examples = "weir gateway apply edge deny 203.0.113.7 for 10m why tries passwords\tone "
		    "client\n"
		    "weir gateway apply edge --file list.txt --dry-run\twhat would be sent?\n"
		    "weir gateway probe edge\tis all well there?\n",
	.options = options,
	.run = run,
};
