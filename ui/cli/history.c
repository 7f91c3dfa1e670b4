/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/when.h"
#include "store/read.h"
#include "ui/cli/command.h"
#include "ui/cli/stop.h"
#include "view/history.h"
#include "view/packet.h"

#define DEFAULT_FILE "/var/lib/weir/history.db"

enum { FLUSH_AT = 1 << 16, TOP = 20 };

struct args {
	const char *file, *from, *to;
	const char *service, *source, *protocol, *interface, *rule, *klass, *top, *route, *consumer;
	const char *resolution;
	bool flows, incidents, rules, json;
};

/* What is done, and where it goes. */
struct history {
	struct args a;
	struct wr_store_reader *reader;
	struct wr_store_ask ask;
	struct wr_buf out;
	struct wr_history_of of;
	struct wr_history_table table;
	uint64_t from_ns, to_ns, most, day, rows;
	char key[WR_STORE_KEY_MAX];
	int failed; /* of the output */
};

/* ---- what is asked ---- */

static int when(struct history *h, struct wr_err *err)
{
	uint64_t now_ns = wr_when_now();

	if (wr_when_parse(h->a.from ? h->a.from : "-1h", now_ns, &h->from_ns, err))
		return wr_within(err, "--from");
	if (wr_when_parse(h->a.to ? h->a.to : "now", now_ns, &h->to_ns, err))
		return wr_within(err, "--to");
	if (h->from_ns >= h->to_ns)
		return wr_fail(err, EINVAL, "--from %s is not before --to %s",
			       h->a.from ? h->a.from : "-1h", h->a.to ? h->a.to : "now");
	h->ask.from_s = h->from_ns / 1000000000;
	h->ask.to_s = (h->to_ns + 999999999) / 1000000000;
	return 0;
}

static int what(struct history *h, struct wr_err *err)
{
	const struct {
		const char *key;
		enum wr_store_kind kind;
	} keys[] = {
		{h->a.service, WR_STORE_SERVICE},   {h->a.source, WR_STORE_SOURCE},
		{h->a.protocol, WR_STORE_PROTOCOL}, {h->a.interface, WR_STORE_IFACE},
		{h->a.rule, WR_STORE_RULE},	    {h->a.klass, WR_STORE_CLASS},
		{h->a.route, WR_STORE_ROUTE},	    {h->a.consumer, WR_STORE_CONSUMER},
	};
	int n = 0;

	h->ask.kind = WR_STORE_TOTAL;
	h->ask.key = "";
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (!keys[i].key)
			continue;
		h->ask.kind = keys[i].kind;
		h->ask.key = keys[i].key;
		n++;
	}
	if (n > 1 && !h->a.flows)
		return wr_fail(err, EINVAL,
			       "only one of --service, --source, --protocol, --interface, --rule, "
			       "--class, --route, --consumer, "
			       "unless --flows is given");
	if (h->a.flows && wr_store_is_api(h->ask.kind))
		return wr_fail(err, EINVAL, "flows know no routes and no consumers: leave out --%s",
			       wr_store_kind_name(h->ask.kind));
	if (wr_store_is_api(h->ask.kind)) {
		wr_store_key(h->key, h->ask.key);
		h->ask.key = h->key;
	}
	if (h->a.flows + h->a.incidents + h->a.rules + !!h->a.top > 1)
		return wr_fail(err, EINVAL, "only one of --flows, --top, --incidents, --rules");
	return 0;
}

static int resolution(struct history *h, struct wr_err *err)
{
	static const struct {
		const char *name;
		uint32_t res_s;
	} names[] = {{"auto", 0}, {"1s", 1}, {"1m", 60}, {"1h", 3600}};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (h->a.resolution && strcmp(h->a.resolution, names[i].name))
			continue;
		h->ask.res_s = names[i].res_s;
		return 0;
	}
	return wr_fail(err, EINVAL, "--resolution: '%s' is none of auto, 1s, 1m, 1h",
		       h->a.resolution);
}

/* ---- output ---- */

static bool flush(struct history *h)
{
	int ret = wr_buf_flush(&h->out, STDOUT_FILENO);

	h->failed = h->failed ? h->failed : ret;
	return !h->failed && !wr_stopped;
}

static bool next(struct history *h)
{
	h->rows++;
	return h->out.used < FLUSH_AT ? !wr_stopped : flush(h);
}

/* ---- roll-ups ---- */

static bool measure(void *ctx, const struct wr_store_point *p)
{
	struct history *h = ctx;

	uint64_t n = wr_view_history_most(h->ask.kind, &p->n);

	h->most = n > h->most ? n : h->most;
	return !wr_stopped;
}

static bool period(void *ctx, const struct wr_store_point *p)
{
	struct history *h = ctx;

	if (h->a.json)
		wr_view_history_json(&h->out, h->ask.kind, h->ask.key, p->t_s, h->ask.res_s, &p->n);
	else
		wr_view_history_period(&h->out, &h->table, p->t_s, &p->n);
	return next(h);
}

static void begin_table(struct history *h, const char *key)
{
	h->of = (struct wr_history_of){.kind = h->ask.kind,
				       .key = key,
				       .res_s = h->ask.res_s,
				       .from_s = h->ask.from_s,
				       .to_s = h->ask.to_s};
	wr_view_history_begin(&h->out, &h->table, &h->of, h->most);
}

/* Text is read twice: how long the longest bar is must be known before the first row. */
static int rollup(struct history *h, struct wr_err *err)
{
	int ret = 0;

	if (!h->a.json) {
		ret = wr_store_read_rollup(h->reader, &h->ask, measure, h, err);
		if (ret)
			return ret;
		begin_table(h, h->ask.key);
	}
	ret = wr_store_read_rollup(h->reader, &h->ask, period, h, err);
	if (!ret && !h->a.json)
		wr_view_history_end(&h->out, &h->table);
	return ret;
}

/* ---- keys ---- */

static bool key(void *ctx, const char *name, const struct wr_store_counts *n)
{
	struct history *h = ctx;

	if (!h->rows && !h->a.json) {
		h->most = wr_view_history_most(h->ask.kind, n);
		begin_table(h, NULL);
	}
	if (h->a.json)
		wr_view_history_json(&h->out, h->ask.kind, name, h->ask.from_s,
				     h->ask.to_s - h->ask.from_s, n);
	else
		wr_view_history_key(&h->out, &h->table, name, n);
	h->rows++;
	return true;
}

static int top(struct history *h, struct wr_err *err)
{
	static const struct {
		const char *name;
		enum wr_store_kind kind;
	} kinds[] = {{"services", WR_STORE_SERVICE},   {"sources", WR_STORE_SOURCE},
		     {"protocols", WR_STORE_PROTOCOL}, {"interfaces", WR_STORE_IFACE},
		     {"rules", WR_STORE_RULE},	       {"classes", WR_STORE_CLASS},
		     {"routes", WR_STORE_ROUTE},       {"consumers", WR_STORE_CONSUMER}};
	size_t i = 0, n = sizeof(kinds) / sizeof(kinds[0]);
	int ret;

	while (i < n && strcmp(kinds[i].name, h->a.top))
		i++;
	if (i == n)
		return wr_fail(
			err, EINVAL,
			"--top: '%s' is none of services, sources, protocols, interfaces, rules, "
			"classes, routes, consumers",
			h->a.top);
	h->ask.kind = kinds[i].kind;
	ret = wr_store_read_top(h->reader, &h->ask, TOP, key, h, err);
	if (ret || h->a.json)
		return ret;
	if (!h->rows)
		begin_table(h, NULL);
	wr_view_history_end(&h->out, &h->table);
	return 0;
}

/* ---- flows ---- */

static int address(const char *text, uint8_t addr_net[16])
{
	memset(addr_net, 0, 16);
	return inet_pton(AF_INET, text, addr_net) == 1 || inet_pton(AF_INET6, text, addr_net) == 1
		       ? 0
		       : -EINVAL;
}

static int proto(const char *text, uint8_t *out)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	*out = (uint8_t)n;
	if (end != text && !*end && n < 256)
		return 0;
	for (int i = 0; i < 256; i++) {
		const char *name = wr_view_proto((uint8_t)i);

		*out = (uint8_t)i;
		if (name && !strcasecmp(name, text))
			return 0;
	}
	return -EINVAL;
}

/* tcp/443@10.0.0.5, udp/53@[2001:db8::1] */
static int service(const char *text, struct wr_store_filter *f)
{
	char copy[128], *port, *addr, *end;
	unsigned long n;

	if (strlen(text) >= sizeof(copy))
		return -EINVAL;
	strcpy(copy, text);
	port = strchr(copy, '/');
	addr = port ? strchr(port, '@') : NULL;
	if (!addr)
		return -EINVAL;
	*port++ = *addr++ = 0;
	if (*addr == '[' && addr[strlen(addr) - 1] == ']')
		*strchr(++addr, ']') = 0;
	n = strtoul(port, &end, 10);
	if (end == port || *end || n > 65535)
		return -EINVAL;
	f->dport = (uint16_t)n;
	f->by |= WR_STORE_BY_DST | WR_STORE_BY_DPORT | WR_STORE_BY_PROTO;
	return proto(copy, &f->proto) || address(addr, f->dst) ? -EINVAL : 0;
}

static int filter(struct history *h, struct wr_store_filter *f, struct wr_err *err)
{
	f->from_ns = h->from_ns;
	f->to_ns = h->to_ns;
	if (h->a.service && service(h->a.service, f))
		return wr_fail(err, EINVAL,
			       "--service: '%s': flows are found by protocol, port and address, "
			       "like tcp/443@10.0.0.5",
			       h->a.service);
	if (h->a.source && address(h->a.source, f->src))
		return wr_fail(err, EINVAL, "--source: '%s' is no address", h->a.source);
	if (h->a.source)
		f->by |= WR_STORE_BY_SRC;
	if (h->a.protocol && proto(h->a.protocol, &f->proto))
		return wr_fail(err, EINVAL, "--protocol: there is no '%s'", h->a.protocol);
	if (h->a.protocol)
		f->by |= WR_STORE_BY_PROTO;
	return 0;
}

static bool flow(void *ctx, const struct wr_store_flow *f)
{
	struct history *h = ctx;

	if (h->a.interface && strcmp(h->a.interface, f->iface))
		return !wr_stopped;
	if (h->a.json)
		wr_view_history_flow_json(&h->out, f);
	else
		wr_view_history_flow(&h->out, f, &h->day);
	return next(h);
}

static int flows(struct history *h, struct wr_err *err)
{
	struct wr_store_filter f = {0};
	uint64_t damaged = 0;
	int ret = filter(h, &f, err);

	if (!ret)
		ret = wr_store_read_flows(h->reader, &f, flow, h, &damaged, err);
	if (!ret && damaged)
		return wr_fail(err, EBADMSG, "%llu blocks of flows are damaged and were left out",
			       (unsigned long long)damaged);
	return ret;
}

/* ---- incidents and rules ---- */

static bool incident(void *ctx, const struct wr_store_incident *i)
{
	struct history *h = ctx;

	if (h->a.json)
		wr_view_history_incident_json(&h->out, i);
	else
		wr_view_history_incident(&h->out, i, &h->day);
	return next(h);
}

static bool rule(void *ctx, const struct wr_store_rule *r)
{
	struct history *h = ctx;

	if (h->a.json)
		wr_view_history_rule_json(&h->out, r);
	else
		wr_view_history_rule(&h->out, r, &h->day);
	return next(h);
}

/* ---- the command ---- */

static bool is_list(const struct args *a)
{
	return a->flows || a->incidents || a->rules;
}

static int show(struct history *h, struct wr_err *err)
{
	if (h->a.top)
		return top(h, err);
	if (h->a.flows)
		return flows(h, err);
	if (h->a.incidents)
		return wr_store_read_incidents(h->reader, h->from_ns, h->to_ns, incident, h, err);
	if (h->a.rules)
		return wr_store_read_rules(h->reader, h->from_ns, h->to_ns, rule, h, err);
	return rollup(h, err);
}

static int run(int argc, char **argv, struct wr_err *err)
{
	struct history h = {0};
	struct wr_args rest;
	int status, ret;

	status = wr_command_begin(&wr_command_history, &h.a, argc, argv, &rest, err);
	if (status >= 0)
		return status;
	ret = when(&h, err);
	if (!ret)
		ret = what(&h, err);
	if (!ret)
		ret = resolution(&h, err);
	if (ret)
		return WR_EXIT_USAGE;
	wr_stop_on_signals();
	ret = wr_store_read_open(&h.reader, h.a.file ? h.a.file : DEFAULT_FILE, err);
	if (!ret)
		ret = show(&h, err);
	if (!ret && !h.rows && !h.a.json && is_list(&h.a))
		wr_buf_str(&h.out, "nothing of that kind was there in that time\n");
	flush(&h);
	if (!ret && h.failed && h.failed != -EPIPE)
		ret = wr_fail(err, -h.failed, "standard output: %s", strerror(-h.failed));
	wr_store_read_close(&h.reader);
	wr_buf_free(&h.out);
	/* No history, or nothing of that name in it, is an answer and no wrong usage. */
	return ret == -ENOENT ? WR_EXIT_FAILED : wr_exit_status(ret);
}

#define AT(field) .offset = offsetof(struct args, field)
static const struct wr_option options[] = {
	{0, "file", "FILE", "read this history instead of " DEFAULT_FILE, WR_OPTION_STRING,
	 AT(file)},
	{0, "from", "TIME",
	 "begin: -2h, -1h30m, 2026-11-23, 2026-11-23T04:44:00Z or Unix seconds; else -1h",
	 WR_OPTION_STRING, AT(from)},
	{0, "to", "TIME", "end, in the same forms; else now", WR_OPTION_STRING, AT(to)},
	{'s', "service", "SERVICE", "one service, like tcp/443@10.0.0.5", WR_OPTION_STRING,
	 AT(service)},
	{0, "source", "ADDRESS", "one source", WR_OPTION_STRING, AT(source)},
	{'p', "protocol", "PROTOCOL", "one protocol", WR_OPTION_STRING, AT(protocol)},
	{'i', "interface", "IF", "one interface", WR_OPTION_STRING, AT(interface)},
	{0, "rule", "NAME", "one rule: what it matched, and what of that it kept out",
	 WR_OPTION_STRING, AT(rule)},
	{0, "class", "NAME",
	 "one bandwidth class: what it was offered, and what of that gave way ('(no class)': the "
	 "rest)",
	 WR_OPTION_STRING, AT(klass)},
	{0, "route", "ROUTE",
	 "one route of API gateways, as 'weir api' has it: requests, times, what failed",
	 WR_OPTION_STRING, AT(route)},
	{0, "consumer", "HASH", "one consumer of API gateways, as 'weir api' has it",
	 WR_OPTION_STRING, AT(consumer)},
	{'r', "resolution", "PERIOD",
	 "1s, 1m, 1h, or auto: the finest that fits on some screens and is still kept",
	 WR_OPTION_STRING, AT(resolution)},
	{0, "top", "KIND",
	 "who had most: services, sources, protocols, interfaces, rules, classes, routes or "
	 "consumers",
	 WR_OPTION_STRING, AT(top)},
	{0, "flows", NULL,
	 "the flows themselves: when they ended, how long, bytes to the server and back",
	 WR_OPTION_FLAG, AT(flows)},
	{0, "incidents", NULL, "incidents", WR_OPTION_FLAG, AT(incidents)},
	{0, "rules", NULL, "changes of rules: what, when and by whom", WR_OPTION_FLAG, AT(rules)},
	{0, "json", NULL, "one JSON object a line", WR_OPTION_FLAG, AT(json)},
	{0},
};

const struct wr_command wr_command_history = {
	.name = "history",
	.brief = "what happened before, from the file that the daemon writes",
	.args = "",
	.text = "Shows what was counted, by the second, minute or hour, in all or of one service, "
		"source, protocol,\n"
		"interface, or route of API gateways; with --flows the flows themselves. It may be "
		"read while it is "
		"written. Seconds are kept for a\n"
		"shorter time than minutes and hours.\n\n"
		"The file is an SQLite database; its tables can be asked with sqlite3 too.",
	.examples = "weir history --from -2h --service tcp/443@10.0.0.5\ttwo hours of a service, "
		    "by the minute\n"
		    "weir history --from -24h --top sources\twho sent most since yesterday\n"
		    "weir history --from 2026-11-23T04:40:00Z --to 2026-11-23T04:50:00Z "
		    "--flows\twhat was there then\n"
		    "weir history --from -1h --json | jq .bytes\tfor a program\n",
	.options = options,
	.run = run,
};
