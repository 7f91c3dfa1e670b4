/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ui/cli/command.h"
#include "ui/cli/play.h"
#include "ui/cli/stop.h"
#include "view/score.h"

enum { CAPTURES = 4096, DEEP = 3 /* directories within directories */ };

struct args {
	const char *automatic, *scale, *out;
	uint64_t thin, restart_s, resume_s;
	bool json, poison;
};

struct scores {
	struct args a;
	struct wr_play_conf conf;
	char *path[CAPTURES];		  /* owned */
	struct wr_score *score[CAPTURES]; /* owned */
	uint32_t n, unlabelled;
};

/* ---- which captures ---- */

static int add_path(struct scores *s, const char *path, struct wr_err *err)
{
	if (s->n == CAPTURES)
		return wr_fail(err, E2BIG, "more than %d captures", CAPTURES);
	s->path[s->n] = strdup(path);
	if (!s->path[s->n])
		return wr_fail(err, ENOMEM, "out of memory");
	s->n++;
	return 0;
}

/* One of a directory, which may hold others, too. */
static int add_found(struct scores *s, const char *path, struct wr_err *err)
{
	static struct wr_truth truth; /* large */
	struct wr_err none = {0};
	int ret;

	if (!wr_truth_is_capture(path))
		return 0;
	ret = wr_truth_read(&truth, path, &none);
	if (ret == -ENOENT) {
		s->unlabelled++;
		return 0;
	}
	return add_path(s, path, err);
}

static int add_dir(struct scores *s, const char *dir, int deep, struct wr_err *err)
{
	struct dirent **all;
	int n = scandir(dir, &all, NULL, alphasort), ret = 0;
	char path[WR_TRUTH_PATH];
	struct stat st;

	if (n < 0)
		return wr_fail(err, errno, "%s: %s", dir, strerror(errno));
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, all[i]->d_name);
		if (!ret && all[i]->d_name[0] != '.' && !stat(path, &st)) {
			if (S_ISDIR(st.st_mode) && deep)
				ret = add_dir(s, path, deep - 1, err);
			else if (S_ISREG(st.st_mode))
				ret = add_found(s, path, err);
		}
		free(all[i]);
	}
	free(all);
	return ret;
}

static int add_all(struct scores *s, const struct wr_args *rest, struct wr_err *err)
{
	struct stat st;
	int ret = 0;

	if (!rest->argc)
		return wr_fail(err, EINVAL, "which labelled captures? A directory or files");
	for (int i = 0; i < rest->argc && !ret; i++) {
		const char *path = rest->argv[i];
		uint32_t before = s->n;

		if (stat(path, &st))
			return wr_fail(err, errno, "'%s': %s", path, strerror(errno));
		if (!S_ISDIR(st.st_mode)) {
			ret = add_path(s, path, err);
			continue;
		}
		ret = add_dir(s, path, DEEP, err);
		if (!ret && s->n == before)
			return wr_fail(err, ENOENT,
				       "%s: no labelled capture: beside NAME.pcap there have to be "
				       "NAME.lab.gz and NAME.events.tsv or events.tsv",
				       path);
	}
	return ret;
}

/* ---- options ---- */

static int read_args(struct scores *s, struct wr_err *err)
{
	struct wr_play_conf *c = &s->conf;
	char *end;

	c->scale = 1;
	if (s->a.scale) {
		c->scale = strtod(s->a.scale, &end);
		if (end == s->a.scale || *end || !(c->scale >= 0.01 && c->scale <= 100))
			return wr_fail(err, EINVAL, "--scale %s: a number from 0.01 to 100",
				       s->a.scale);
	}
	c->thin = s->a.thin ? (unsigned int)s->a.thin : 100;
	c->poison = s->a.poison;
	if (s->a.restart_s && s->a.resume_s)
		return wr_fail(err, EINVAL, "--restart and --resume: one of them");
	c->resume = s->a.resume_s > 0;
	c->restart_s = (double)(c->resume ? s->a.resume_s : s->a.restart_s);
	c->out = s->a.out;
	if (c->out && access(c->out, W_OK | X_OK))
		return wr_fail(err, errno, "--out %s: %s", c->out, strerror(errno));
	return s->a.automatic ? wr_auto_mode(s->a.automatic, &c->mode, err) : 0;
}

/* ---- output ---- */

static int print_sum(const struct scores *s, struct wr_buf *b, struct wr_err *err)
{
	static const struct {
		const char *name;
		enum wr_score_which which;
	} sums[] = {{"warmed up", WR_SCORE_WARMED}, {"cold", WR_SCORE_COLD}, {"all", WR_SCORE_ALL}};
	bool drops = s->conf.mode != WR_ANSWER_OFF;
	struct wr_score_sum sum;
	uint32_t shown = 0;

	for (size_t i = 0; i < sizeof(sums) / sizeof(*sums); i++) {
		int ret = wr_score_sum(&sum, (const struct wr_score *const *)s->score, s->n,
				       sums[i].which, err);

		if (ret)
			return ret;
		/* "all" of one kind has been told. */
		if (!sum.captures || (sums[i].which == WR_SCORE_ALL && shown < 2))
			continue;
		shown++;
		if (s->a.json)
			wr_view_score_sum_json(b, sums[i].name, &sum, drops);
		else
			wr_view_score_sum_text(b, sums[i].name, &sum, drops);
	}
	return 0;
}

static int score_all(struct scores *s, struct wr_err *err)
{
	bool drops = s->conf.mode != WR_ANSWER_OFF;
	struct wr_buf b = {0};
	int ret = 0;

	for (uint32_t i = 0; i < s->n && !ret; i++) {
		s->score[i] = calloc(1, sizeof(*s->score[i]));
		if (!s->score[i])
			return wr_fail(err, ENOMEM, "out of memory");
		ret = wr_play(s->score[i], s->path[i], &s->conf, err);
		if (ret)
			break;
		if (s->a.json)
			wr_view_score_json(&b, s->score[i], drops);
		else
			wr_view_score_text(&b, s->score[i], drops);
		ret = wr_print(&b, err);
		b = (struct wr_buf){0};
	}
	if (!ret)
		ret = print_sum(s, &b, err);
	if (!ret && s->unlabelled && !s->a.json)
		wr_buf_fmt(&b, "%u captures without labels were left out\n", s->unlabelled);
	if (ret)
		wr_buf_free(&b);
	return ret ? ret : wr_print(&b, err);
}

static int run(int argc, char **argv, struct wr_err *err)
{
	struct scores *s = calloc(1, sizeof(*s));
	struct wr_args rest;
	int status, ret;

	if (!s)
		return WR_EXIT_FAILED;
	status = wr_command_begin(&wr_command_score, &s->a, argc, argv, &rest, err);
	if (status < 0) {
		wr_stop_on_signals();
		ret = read_args(s, err);
		if (!ret)
			ret = add_all(s, &rest, err);
		if (!ret)
			ret = score_all(s, err);
		status = wr_exit_status(ret);
	}
	for (uint32_t i = 0; i < s->n; i++) {
		free(s->path[i]);
		free(s->score[i]);
	}
	free(s);
	return status;
}

#define AT(field) .offset = offsetof(struct args, field)
static const struct wr_option options[] = {
	{0, "auto", "MODE",
	 "make rules of what is found and score what they keep out: off, shadow or enforce",
	 WR_OPTION_STRING, AT(automatic)},
	{0, "json", NULL, "one JSON object a line", WR_OPTION_FLAG, AT(json)},
	{0, "scale", "N", "everything takes N times as long (2, 0.5)", WR_OPTION_STRING, AT(scale)},
	{0, "thin", "PERCENT", "play so many percent of the packets of events", WR_OPTION_NUMBER,
	 AT(thin), 1, 100},
	{0, "poison", NULL,
	 "a tenth of the packets of events comes in the warm-up, too, where there is one",
	 WR_OPTION_FLAG, AT(poison)},
	{0, "restart", "SECONDS", "after so many seconds detection begins anew with nothing known",
	 WR_OPTION_NUMBER, AT(restart_s), 1, 1000000000},
	{0, "resume", "SECONDS",
	 "after so many seconds detection begins anew with what it had learned until then",
	 WR_OPTION_NUMBER, AT(resume_s), 1, 1000000000},
	{0, "out", "DIR",
	 "write NAME.alerts.tsv, what was found, and with --auto NAME.verdicts, a byte for each "
	 "packet: 1 kept out",
	 WR_OPTION_STRING, AT(out)},
	{0},
};

const struct wr_command wr_command_score = {
	.name = "score",
	.brief = "how good detection is on captures whose attacks are known",
	.args = " DIR|FILE...",
	.text = "Plays labelled captures to detection and holds what it finds against what is "
		"known: events found and named, seconds until then, false alarms a day, seconds "
		"alarmed, and with --auto enforce how much of each attack and of the usual "
		"packets the rules that are made keep out.\n\n"
		"Beside NAME.pcap[ng] there have to be NAME.lab.gz (a byte for each packet: 0, or "
		"the number of its event) and NAME.events.tsv, or one events.tsv for all captures "
		"of the directory. A capture with a table of its own has no attack in its first "
		"600 seconds: what is found there is counted apart. docs/detection-score.md has "
		"the rules and the figures.",
	.examples =
		"weir score --auto enforce captures/\tthe whole table\n"
		"weir score --thin 10 captures/\twhat is still found of a tenth of each attack\n"
		"weir score --json captures/ | jq 'select(.event_type == \"score\")'\tthe sums\n",
	.options = options,
	.run = run,
};
