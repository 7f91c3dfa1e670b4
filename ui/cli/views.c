/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "daemon/query.h"
#include "ui/cli/ask.h"
#include "ui/cli/command.h"

/* Commands that show a view of the running daemon: a line of the table each, and their help. */

struct args {
	const char *conf, *socket, *sort, *color;
	uint64_t top;
	bool json, follow;
};

static const struct view {
	const struct wr_command *command;
	const char *views; /* as text; as JSON only the first */
	bool top, sort, filter;
	const char *key; /* of the words that may follow; NULL: none may */
	int words;	 /* so many */
	const char *takes;
} views[] = {
	{&wr_command_status, "status,stats", false, false, false, NULL, 0, NULL},
	{&wr_command_services, "services", true, true, false, NULL, 0, NULL},
	{&wr_command_talkers, "talkers", true, true, false, NULL, 0, NULL},
	{&wr_command_flows, "flows", true, true, true, NULL, 0, NULL},
	{&wr_command_drops, "drops", false, false, false, NULL, 0, NULL},
	{&wr_command_classes, "classes", false, false, false, NULL, 0, NULL},
	{&wr_command_forecast, "forecast", true, false, false, "of", 2, "one name only"},
	{&wr_command_incidents, "incidents", true, false, false, "id", 1, "one number only"},
};

static const struct view *find(const char *name)
{
	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++)
		if (!strcmp(views[i].command->name, name))
			return &views[i];
	return NULL;
}

/* The request: several views at once are a subscription, of which one round is taken. */
static void add_keys(struct wr_buf *b, const struct view *v, const struct args *a, bool color,
		     const char *filter)
{
	if (a->top && v->top)
		wr_buf_fmt(b, " top=%" PRIu64, a->top);
	if (a->sort && v->sort) {
		wr_buf_str(b, " sort=");
		wr_query_encode(b, a->sort);
	}
	if (filter) {
		wr_buf_fmt(b, " %s=", v->key ? v->key : "filter");
		wr_query_encode(b, filter);
	}
	if (!a->json)
		wr_buf_fmt(b, " as=text color=%d", color);
}

static int ask(const struct view *v, const struct args *a, const char *filter, struct wr_err *err)
{
	struct wr_buf b = {0};
	const char *name = v->views;
	bool color = false;
	int status = 0;

	if (wr_color_wanted(a->color, &color, err))
		return WR_EXIT_USAGE;
	if (a->follow) {
		wr_buf_fmt(&b, "subscribe views=%.*s",
			   a->json ? (int)strcspn(name, ",") : (int)strlen(name), name);
		add_keys(&b, v, a, color, filter);
		status = wr_cli_ask(a->conf, a->socket, wr_buf_text(&b), err);
		wr_buf_free(&b);
		return status;
	}
	while (*name && !status) {
		size_t n = strcspn(name, ",");

		wr_buf_clear(&b);
		wr_buf_add(&b, name, n);
		add_keys(&b, v, a, color, filter);
		status = wr_cli_ask(a->conf, a->socket, wr_buf_text(&b), err);
		name += name[n] && !a->json ? n + 1 : strlen(name);
	}
	wr_buf_free(&b);
	return status;
}

static int run(int argc, char **argv, struct wr_err *err)
{
	const struct view *v = find(argv[0]);
	struct args a = {0};
	struct wr_args rest;
	char *filter = NULL;
	int status = wr_command_begin(v->command, &a, argc, argv, &rest, err);

	if (status >= 0)
		return status;
	if (rest.argc && (v->key ? rest.argc > v->words : !v->filter)) {
		wr_fail(err, EINVAL, "'%s': it takes %s", rest.argv[rest.argc - 1],
			v->key ? v->takes : "options only");
		return WR_EXIT_USAGE;
	}
	if (rest.argc && v->key && !strcmp(v->key, "id") && wr_incident_wanted(rest.argv[0], err))
		return WR_EXIT_USAGE;
	filter = wr_join_args(rest.argc, rest.argv, 0);
	status = ask(v, &a, filter, err);
	free(filter);
	return status;
}

#define AT(field) .offset = offsetof(struct args, field)
#define WHERE                                                                                    \
	{'c',                                                                                    \
	 "config",                                                                               \
	 "FILE",                                                                                 \
	 "the daemon's configuration, which names its socket",                                   \
	 WR_OPTION_STRING,                                                                       \
	 AT(conf)},                                                                              \
	{                                                                                        \
		0, "socket", "PATH", "the daemon's control socket", WR_OPTION_STRING, AT(socket) \
	}
#define HOW                                                                                          \
	{0, "json", NULL, "one JSON object a line (docs/events.md)", WR_OPTION_FLAG, AT(json)},      \
		{0,	    "follow", NULL, "again after each second, until Ctrl-C", WR_OPTION_FLAG, \
		 AT(follow)},                                                                        \
	{                                                                                            \
		0, "color", "WHEN", "auto, always or never", WR_OPTION_STRING, AT(color)             \
	}
#define TOP(n)                                                                              \
	{                                                                                   \
		0, "top", "N", "so many rows (default 50)", WR_OPTION_NUMBER, AT(top), 1, n \
	}

static const struct wr_option plain_options[] = {HOW, WHERE, {0}};

static const struct wr_option incident_options[] = {TOP(256), HOW, WHERE, {0}};

static const struct wr_option forecast_options[] = {TOP(1000), HOW, WHERE, {0}};

static const struct wr_option row_options[] = {
	TOP(10000),
	{0, "sort", "BY", "rate, bytes, packets, flows, sources or age (default rate)",
	 WR_OPTION_STRING, AT(sort)},
	HOW,
	WHERE,
	{0},
};

static const struct wr_option flow_options[] = {
	TOP(10000),
	{0, "sort", "BY", "rate, bytes, packets or age (default rate)", WR_OPTION_STRING, AT(sort)},
	HOW,
	WHERE,
	{0},
};

const struct wr_command wr_command_status = {
	.name = "status",
	.brief = "how the running daemon is: interfaces, hooks, rights, clients, totals",
	.args = "",
	.text = "Asks the running daemon (weir run) how it is. Exit status 1 when none runs.",
	.examples = "weir status\tinterfaces and hooks, rights, what goes on\n"
		    "weir status --json | jq .rights\twhat it has given up\n",
	.options = plain_options,
	.run = run,
};

const struct wr_command wr_command_services = {
	.name = "services",
	.brief = "services of this host: how much, how many flows and sources",
	.args = "",
	.text = "What the running daemon counts for each service of this host (address, protocol, "
		"port).\n"
		"Rates are of the last second. The last row holds the rest, so that columns add "
		"up.",
	.examples = "weir services --top 10\tthe ten busiest of this second\n"
		    "weir services --sort sources\twho is asked by most\n",
	.options = row_options,
	.run = run,
};

const struct wr_command wr_command_talkers = {
	.name = "talkers",
	.brief = "who talks with this host",
	.args = "",
	.text = "What the running daemon counts for each address that this host talks with.\n"
		"Rates are of the last second. The last row holds the rest, so that columns add "
		"up.",
	.examples = "weir talkers --top 10\tthe ten busiest of this second\n"
		    "weir talkers --sort age\twho came last\n",
	.options = row_options,
	.run = run,
};

const struct wr_command wr_command_flows = {
	.name = "flows",
	.brief = "flows that have not ended",
	.args = " [FILTER]",
	.text = "FILTER is a pcap-filter(7) expression: a flow is shown when a packet of one of "
		"its "
		"directions would be\n"
		"chosen, with its addresses, ports, VLAN, mean length and TCP flags. Host names in "
		"it "
		"are looked up in files only.",
	.examples = "weir flows --top 20 --sort bytes\tthe twenty largest\n"
		    "weir flows tcp port 443 and net 192.0.2.0/24\tthose of a network\n"
		    "weir flows --json | jq -r .src_ip | sort | uniq -c\tfor a program\n",
	.options = flow_options,
	.run = run,
};

const struct wr_command wr_command_drops = {
	.name = "drops",
	.brief = "what came broken or was lost on its way to a reader, by reason",
	.args = "",
	.text = "What the running daemon counted as malformed, and records that no reader saw, by "
		"interface "
		"and reason.",
	.examples = "weir drops\treasons with their names\n",
	.options = plain_options,
	.run = run,
};

const struct wr_command wr_command_classes = {
	.name = "classes",
	.brief = "bandwidth classes: offered, passed, given way, borrowed; and their links",
	.args = "",
	.text = "What the classes of the policy (docs/policy.md) had in the last second, on all "
		"links "
		"together, and\nhow full the links are; with several links, what each class had "
		"of each. What a class sends beyond its guarantee is "
		"borrowed. Totals so far are in --json.",
	.examples = "weir classes --follow\twho gives way, each second\n"
		    "weir classes --json | jq 'select(.class==\"web\").second'\tfor a program\n",
	.options = plain_options,
	.run = run,
};

const struct wr_command wr_command_forecast = {
	.name = "forecast",
	.brief = "what is expected of services, classes, interfaces in minutes and hours",
	.args = " [NAME]",
	.text = "Of everything, of classes, interfaces, rules that limit, and the services with "
		"most bytes: what they have now, and what is expected in an hour and in a day, in "
		"the middle and at most (nine of ten stay below).\nWith a name: "
		"every horizon from 5 minutes to a day, the ranges that 80 and 95 of 100 are "
		"expected in, and how many were (held). Ranges are wide while little is known.\n"
		"Where a class has a ceiling, a link a capacity or a rule a limit: when it is "
		"expected to be met; an incident tells of it (docs/detection.md). Names are those "
		"of weir history: tcp/443@10.0.0.5, class web, interface eth0, total.",
	.examples = "weir forecast\tall that is expected\n"
		    "weir forecast tcp/443@10.0.0.5\tone service in full\n"
		    "weir forecast class web\twhen does it meet its ceiling?\n"
		    "weir forecast --json | jq 'select(.limit.meets_at)'\tfor a program\n",
	.options = forecast_options,
	.run = run,
};
const struct wr_command wr_command_incidents = {
	.name = "incidents",
	.brief = "attacks and whatever else is unusual: what goes on, and what was",
	.args = " [ID]",
	.text = "What the running daemon has found (docs/detection.md): findings of one cause are "
		"one "
		"incident. With the\nnumber of one: its victims, sources, evidence and findings. "
		"Those "
		"of earlier days are in weir history --incidents.",
	.examples =
		"weir incidents\twhat goes on, then what is over\n"
		"weir incidents 7\tall of one\n"
		"weir incidents --json | jq 'select(.state==\"active\").target'\tfor a program\n",
	.options = incident_options,
	.run = run,
};
