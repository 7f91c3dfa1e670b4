/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "detect/learned.h"
#include "base/keep.h"
#include "daemon/query.h"
#include "ui/cli/ask.h"
#include "ui/cli/command.h"
#include "ui/cli/learn.h"

/* What the running daemon has learned: shown, kept, taken from a file, forgotten. */

static int status(const struct wr_learn_args *a, const char *file, struct wr_err *err)
{
	struct wr_buf b = {0};
	bool color = false;
	int ret;

	(void)file;
	if (wr_color_wanted(a->color, &color, err))
		return WR_EXIT_USAGE;
	wr_buf_str(&b, "learned");
	if (a->top)
		wr_buf_fmt(&b, " top=%" PRIu64, a->top);
	if (!a->json)
		wr_buf_fmt(&b, " as=text color=%d", color);
	ret = wr_cli_ask(a->conf, a->socket, wr_buf_text(&b), err);
	wr_buf_free(&b);
	return ret;
}

/* key, value: what it is about; value NULL: all of it. */
static int change(const struct wr_learn_args *a, const char *what, const char *key,
		  const char *value, struct wr_err *err)
{
	struct wr_buf b = {0};
	int ret;

	wr_buf_fmt(&b, "learn do=%s", what);
	if (value) {
		wr_buf_fmt(&b, " %s=", key);
		wr_query_encode(&b, value);
	}
	if (!a->json)
		wr_buf_str(&b, " as=text");
	ret = wr_cli_ask(a->conf, a->socket, wr_buf_text(&b), err);
	wr_buf_free(&b);
	return ret;
}

static int add_line(void *ctx, const char *line, size_t n)
{
	wr_buf_add(ctx, line, n);
	wr_buf_char(ctx, '\n');
	return 0;
}

/* Into a file of one's own: for another host, for a person. */
static int save_to(const struct wr_learn_args *a, const char *file, struct wr_err *err)
{
	struct wr_ask ask = {0};
	struct wr_buf b = {0};
	int ret = wr_cli_connect(&ask, a->conf, a->socket, err);

	if (!ret)
		ret = wr_ask_send(&ask, "kept", err);
	if (!ret)
		ret = wr_ask_answer(&ask, add_line, &b, err);
	wr_ask_close(&ask);
	if (ret) {
		wr_buf_free(&b);
		return wr_cli_ask_status(ret);
	}
	ret = wr_keep_write(&b, file);
	wr_buf_free(&b);
	if (!ret)
		return WR_EXIT_OK;
	wr_fail(err, -ret, "cannot write %s: %s", file, strerror(-ret));
	return WR_EXIT_FAILED;
}

static int save(const struct wr_learn_args *a, const char *file, struct wr_err *err)
{
	return file ? save_to(a, file, err) : change(a, "save", NULL, NULL, err);
}

static int load(const struct wr_learn_args *a, const char *file, struct wr_err *err)
{
	char path[PATH_MAX];

	if (!file) {
		wr_fail(err, EINVAL, "load: which file?");
		return WR_EXIT_USAGE;
	}
	if (!realpath(file, path)) {
		wr_fail(err, errno, "%s: %s", file, strerror(errno));
		return WR_EXIT_USAGE;
	}
	return change(a, "load", "file", path, err);
}

static int reset(const struct wr_learn_args *a, const char *file, struct wr_err *err)
{
	if (file) {
		wr_fail(err, EINVAL, "'%s': reset takes nothing", file);
		return WR_EXIT_USAGE;
	}
	return change(a, "reset", NULL, NULL, err);
}

static int mark(const struct wr_learn_args *a, const char *what, const char *who,
		struct wr_err *err)
{
	struct wr_victim victim;

	if (who && wr_detect_learned_who(who, &victim, err))
		return WR_EXIT_USAGE;
	if (who)
		return change(a, what, "who", who, err);
	wr_fail(err, EINVAL, "%s: which address? (weir learn lists them)", what);
	return WR_EXIT_USAGE;
}

static int keep(const struct wr_learn_args *a, const char *who, struct wr_err *err)
{
	return mark(a, "keep", who, err);
}

static int let_go(const struct wr_learn_args *a, const char *who, struct wr_err *err)
{
	return mark(a, "free", who, err);
}

static const struct {
	const char *word;
	int (*run)(const struct wr_learn_args *a, const char *of, struct wr_err *err);
} words[] = {{"status", status}, {"save", save},   {"load", load},
	     {"keep", keep},	 {"free", let_go}, {"reset", reset}};

/* Of models: no daemon is asked. */
static const struct {
	const char *word;
	int (*run)(const struct wr_learn_args *a, struct wr_err *err);
} models[] = {
	{"train", wr_learn_train}, {"model", wr_learn_model}, {"features", wr_learn_features}};

static int run(int argc, char **argv, struct wr_err *err)
{
	struct wr_learn_args a = {0};
	struct wr_args rest;
	int ret = wr_command_begin(&wr_command_learn, &a, argc, argv, &rest, err);
	const char *word;

	if (ret >= 0)
		return ret;
	word = rest.argc ? rest.argv[0] : "status";
	a.files = rest.argv + 1;
	a.n_files = rest.argc ? rest.argc - 1 : 0;
	for (size_t i = 0; i < sizeof(models) / sizeof(*models); i++)
		if (!strcmp(models[i].word, word))
			return models[i].run(&a, err);
	if (rest.argc > 2) {
		wr_fail(err, EINVAL, "'%s': one file or address at most", rest.argv[2]);
		return WR_EXIT_USAGE;
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (!strcmp(words[i].word, word))
			return words[i].run(&a, rest.argc > 1 ? rest.argv[1] : NULL, err);
	wr_fail(err, EINVAL,
		"'%s': status, save, load, keep, free, reset, train, model or features", word);
	return WR_EXIT_USAGE;
}

#define AT(field) .offset = offsetof(struct wr_learn_args, field)
static const struct wr_option options[] = {
	{0, "top", "N", "status: so many addresses (default 20)", WR_OPTION_NUMBER, AT(top), 1,
	 8192},
	{'o', "out", "FILE", "train, model: write the model there", WR_OPTION_STRING, AT(out)},
	{0, "trees", "N", "train: so many trees (default 4)", WR_OPTION_NUMBER, AT(trees), 1, 32},
	{0, "levels", "N", "train: so many questions one after another (default 6)",
	 WR_OPTION_NUMBER, AT(levels), 1, 9},
	{0, "seed", "N", "train: chance begins here (default 0)", WR_OPTION_NUMBER, AT(seed), 0,
	 UINT32_MAX},
	{0, "with", "NAME,...", "train: ask about these, too: sport, dport, ttl, flow, source",
	 WR_OPTION_STRING, AT(with)},
	{0, "self", NULL, "train: of captures without labels, by what weir finds in them",
	 WR_OPTION_FLAG, AT(self)},
	{0, "model", "FILE", "features: with the score of each packet", WR_OPTION_STRING,
	 AT(model)},
	{0, "list", NULL, "features: their names, and what they are", WR_OPTION_FLAG, AT(list)},
	{0, "json", NULL, "one JSON object a line (docs/events.md)", WR_OPTION_FLAG, AT(json)},
	{'c', "config", "FILE", "the daemon's configuration, which names its socket",
	 WR_OPTION_STRING, AT(conf)},
	{0, "socket", "PATH", "the daemon's control socket", WR_OPTION_STRING, AT(socket)},
	{0, "color", "WHEN", "auto, always or never", WR_OPTION_STRING, AT(color)},
	{0},
};

const struct wr_command wr_command_learn = {
	.name = "learn",
	.brief = "what the running daemon has learned to be usual; models that rules ask",
	.args = " [status|save|load|keep|free|reset|train|model|features] [FILE...|ADDRESS]",
	.text = "status: of each address and prefix since when and how well it is known, how many "
		"hours of the week, what it has now, what is usual and the most that is usual at "
		"this hour. "
		"save: writes it now, or into FILE, for another host. load: begins with what "
		"stands "
		"in FILE, which the daemon's user has to be able to read. keep: what is known "
		"of ADDRESS (or of a prefix) makes no room for others, and its week and the bound "
		"of what "
		"is usual are changed no more; free: they are again. reset: forgets all of it, and "
		"what "
		"is kept.\n"
		"The daemon reads it at its start and writes it every five minutes and at its end "
		"([detect] learned).\n\n"
		"train: makes a model of labelled captures (as weir score reads them) for rules "
		"with score NAME over 0.9 (docs/model.md), and tells how it does on flows that "
		"were held out; with --self captures need no labels: weir's own rules against "
		"what it finds say what an attack is. model: checks a model of weir, scikit-learn, "
		"LightGBM or ONNX and tells "
		"what is in it; with -o in weir's own form. features: what models can ask about "
		"each packet, as CSV.",
	.examples = "weir learn\twhat is known, and how sure\n"
		    "weir learn save norm.json\tfor another host, or to look at\n"
		    "weir learn load /var/lib/weir/norm.json\tbegins with that\n"
		    "weir learn keep 10.0.0.5\twhat is usual there is as it is, whatever comes\n"
		    "weir learn train captures/*.pcap -o flood.json\ta model of what is known\n"
		    "weir learn train --self yesterday.pcapng -o mine.json\ta model of what weir "
		    "found\n"
		    "weir learn model flood.json\tis it right, and what does it ask?\n",
	.options = options,
	.run = run,
};
