/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/conf.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/advice_conf.h"
#include "daemon/changes.h"
#include "daemon/detect_conf.h"
#include "daemon/output_conf.h"
#include "daemon/told.h"
#include "detect/class.h"
#include "explain/prompt.h"
#include "export/infer.h"
#include "policy/policy.h"

#define SECOND 1000000000ull
#define DAY (86400 * SECOND)
#define YEAR (366 * DAY)
#define DUMP_LEAST (1u << 20) /* bytes */
#define DUMP_MOST (8u << 20)  /* bytes a second */

const char *const wr_daemon_modes[] = {"off", "shadow", "enforce", NULL};
const char *const wr_daemon_hooks[] = {"auto", "xdp", "xdp-generic", "tc", "packet", NULL};

/* ---- what type and range cannot say ---- */

static int iface_name(const char *value, struct wr_err *err)
{
	if (strlen(value) > 15 || !*value || strpbrk(value, "/ \t"))
		return wr_fail(err, EINVAL,
			       "'%s' cannot be the name of an interface (1 to 15 characters, no "
			       "'/')",
			       value);
	return 0;
}

static int whole_path(const char *value, struct wr_err *err)
{
	return *value == '/' ? 0 : wr_fail(err, EINVAL, "'%s': a path that begins with '/'", value);
}

static int prefix(const char *value, struct wr_err *err)
{
	struct wr_prefix p;

	if (!wr_prefix_parse(&p, value, strlen(value)))
		return 0;
	return wr_fail(err, EINVAL, "'%s' is no address and no prefix", value);
}

static int port(const char *value, struct wr_err *err)
{
	char *end;
	unsigned long n = strtoul(value, &end, 10);

	if (*value >= '0' && *value <= '9' && !*end && n && n < 65536)
		return 0;
	return wr_fail(err, EINVAL, "'%s' is no port from 1 to 65535", value);
}

/* 127.0.0.1:9347 or [::1]:9347 */
static int end_point(const char *value, struct wr_err *err)
{
	char host[64];
	const char *colon = strrchr(value, ':');
	size_t n = colon ? (size_t)(colon - value) : 0;
	uint8_t addr[16];
	char *end;
	long port;
	bool six = n > 2 && value[0] == '[' && value[n - 1] == ']';

	if (!n || n >= sizeof(host))
		return wr_fail(err, EINVAL, "'%s': expected ADDRESS:PORT (127.0.0.1:9347)", value);
	snprintf(host, sizeof(host), "%.*s", (int)(six ? n - 2 : n), value + six);
	port = strtol(colon + 1, &end, 10);
	if (inet_pton(six ? AF_INET6 : AF_INET, host, addr) != 1 || !colon[1] || *end || port < 0 ||
	    port > 65535)
		return wr_fail(err, EINVAL,
			       "'%s': expected ADDRESS:PORT (127.0.0.1:9347, [::1]:9347)", value);
	return 0;
}

static int web_address(const char *value, struct wr_err *err)
{
	const char *host = !strncmp(value, "https://", 8)  ? value + 8
			   : !strncmp(value, "http://", 7) ? value + 7
							   : "";

	if (*host && *host != '/' && !strpbrk(value, " \t\"<>?#@"))
		return 0;
	return wr_fail(err, EINVAL, "'%s': expected https://HOST/PATH, or http", value);
}

/* ---- the table ---- */

static const char *const token_names[] = {"max_tokens", "max_completion_tokens", NULL};

static const char *const severities[] = {
#define X(sym, name) name,
	WR_SEVERITY_TABLE(X)
#undef X
		NULL};

#define AT(field) .offset = offsetof(struct wr_daemon_conf, field)

const struct wr_conf_item wr_daemon_items[] = {
	{"capture.interfaces", WR_CONF_LIST, "", "names of interfaces",
	 "Interfaces to watch; any = all of them, also those that come later. Empty: the one of "
	 "the "
	 "default route.",
	 AT(capture.ifaces), 0, 128, .check = iface_name, .live = true},
	{"capture.hook", WR_CONF_ENUM, "auto", NULL,
	 "Where packets are seen. auto takes the best that works on each interface and says why.",
	 AT(capture.hook), .choices = wr_daemon_hooks},
	{"capture.out", WR_CONF_BOOL, "no", NULL,
	 "Watch what leaves, too (TC egress): answers of services, round trips of both ends.",
	 AT(capture.out)},
	{"capture.netns", WR_CONF_STRING, "", "a network namespace (name or path)",
	 "Watch in this network namespace. Empty: in the one weir was started in.",
	 AT(capture.netns)},
	{"capture.pin", WR_CONF_STRING, "", "a folder in a bpffs",
	 "Links and counters stay in the kernel below this folder (/sys/fs/bpf/weir) when weir "
	 "ends, "
	 "and are adopted by the next one: no packet is uncounted during a restart, and rules stay "
	 "in "
	 "force. weir flush takes them off. Empty: nothing stays.",
	 AT(capture.pin), 0, 128, .check = whole_path},
	{"capture.flow_slots", WR_CONF_NUMBER, "65536", "flows per second and CPU",
	 "Flows that the kernel counts apart in one second on one CPU, a power of two. What finds "
	 "no place is counted, too, but as 'other'. Each takes 144 bytes per CPU and interface.",
	 AT(capture.flow_slots), 1024, 1 << 20},
	{"capture.memory", WR_CONF_SIZE, "256MiB", NULL,
	 "Memory of the kernel's flow tables, for each interface and direction. Where there are so "
	 "many CPUs that flow_slots takes more, it is halved until it does not; weir says so.",
	 AT(capture.memory_bytes), 1 << 20, 1ull << 36},

	{"flow.rows", WR_CONF_NUMBER, "262144", "flows",
	 "Flows that are remembered at the same time. Each takes 152 bytes when it is used.",
	 AT(flow.rows), 1024, 1 << 24},
	{"flow.idle", WR_CONF_DURATION, "60s", NULL,
	 "A flow without packets for so long has ended.", AT(flow.idle_ns), SECOND, DAY,
	 .live = true},
	{"flow.active", WR_CONF_DURATION, "5m", NULL,
	 "A flow that lasts longer is told in parts, one each time.", AT(flow.active_ns),
	 10 * SECOND, DAY, .live = true},

	{"socket.path", WR_CONF_STRING, "/run/weir/control.sock", "a path",
	 "The control socket, where weir status, flows, services and so on ask.", AT(socket.path),
	 1, 107, .check = whole_path},
	{"socket.group", WR_CONF_STRING, "", "a group",
	 "Who may use the control socket beside root and daemon.user: this group.",
	 AT(socket.group), 0, 32},
	{"socket.clients", WR_CONF_NUMBER, "64", "connections", "Connections at the same time.",
	 AT(socket.clients), 1, 1000},
	{"socket.backlog", WR_CONF_SIZE, "32MiB", NULL,
	 "Answers that wait to be read, all clients together. Who does not read is dropped.",
	 AT(socket.backlog_bytes), 1 << 20, 1 << 30},

	{"history.path", WR_CONF_STRING, "/var/lib/weir/history.db", "a path",
	 "The file that history is kept in. Empty: none is kept.", AT(history.path), 0, 255,
	 .check = whole_path, .live = true},
	{"history.size", WR_CONF_SIZE, "2GiB", NULL,
	 "The file never becomes larger: what is oldest makes room.", AT(history.max_bytes),
	 8 << 20, 1ull << 40, .live = true},
	{"history.flows", WR_CONF_DURATION, "7d", NULL, "How long flows are kept.",
	 AT(history.flows_ns), 60 * SECOND, 10 * YEAR, .live = true},
	{"history.seconds", WR_CONF_DURATION, "1d", NULL,
	 "How long the numbers of each second are kept.", AT(history.seconds_ns), 60 * SECOND,
	 10 * YEAR, .live = true},
	{"history.minutes", WR_CONF_DURATION, "30d", NULL,
	 "How long the numbers of each minute are kept.", AT(history.minutes_ns), 60 * SECOND,
	 10 * YEAR, .live = true},
	{"history.hours", WR_CONF_DURATION, "730d", NULL,
	 "How long the numbers of each hour are kept.", AT(history.hours_ns), 60 * SECOND,
	 10 * YEAR, .live = true},

	{"dump.size", WR_CONF_SIZE, "12MiB", NULL,
	 "Memory for the last packets, which weir dump and the page show (1MiB or more). 0: none "
	 "are "
	 "kept.",
	 AT(dump.bytes), 0, 1 << 28, .live = true},
	{"dump.snap", WR_CONF_NUMBER, "128", "bytes",
	 "Bytes kept of each packet. 128 hold the headers and the first bytes behind them, 64 "
	 "hardly "
	 "more than the headers.",
	 AT(dump.snap), 64, 65535, .live = true},
	{"dump.sample", WR_CONF_NUMBER, "1", "packets",
	 "Keep every n-th packet only. First payloads of flows are kept in any case.",
	 AT(dump.sample), 1, 1000000, .live = true},
	{"dump.rate", WR_CONF_NUMBER, "2000", "packets a second",
	 "So many packets of a second are kept at most, for each interface and direction, spread "
	 "over "
	 "the second; first payloads of flows besides. What is passed over is counted.",
	 AT(dump.rate), 10, 1000000, .live = true},

	{"page.listen", WR_CONF_STRING, "127.0.0.1:9347", "ADDRESS:PORT",
	 "Where the web page and metrics are served. Empty: nowhere. Other hosts can reach it only "
	 "with a token and TLS.",
	 AT(page.listen), 0, 64, .check = end_point, .live = true},
	{"page.names", WR_CONF_LIST, "", "host names",
	 "Names by which the page may be asked for, beside localhost and addresses of this host.",
	 AT(page.names), 0, 32, .live = true},
	{"page.token_file", WR_CONF_STRING, "", "a path",
	 "A file that daemon.user may read, with the token (16 characters or more) that the page "
	 "asks for. Empty: it asks for none.",
	 AT(page.token_file), 0, 255, .check = whole_path, .live = true},
	{"page.tls_cert", WR_CONF_STRING, "", "a path", "The page's certificate (PEM) for TLS.",
	 AT(page.tls_cert), 0, 255, .check = whole_path, .live = true},
	{"page.tls_key", WR_CONF_STRING, "", "a path", "And its key; daemon.user reads it.",
	 AT(page.tls_key), 0, 255, .check = whole_path, .live = true},
	{"page.change", WR_CONF_BOOL, "no", NULL,
	 "Whoever shows the token may add, shadow, enforce and delete rules by the page. Takes "
	 "page.token_file.",
	 AT(page.change), .live = true},

	{"output.eve", WR_CONF_LIST, "", "places",
	 "Where flows and totals are written as JSON Lines: a file (a reload opens it again, for "
	 "log "
	 "rotation), unix:PATH, - = standard output.",
	 AT(output.eve), 0, WR_OUTPUTS_OF_A_KIND, .check = wr_output_check_eve, .live = true},
	{"output.eve_types", WR_CONF_LIST, "flow stats finding", "flow, stats, finding, incident",
	 "What is written there: flow = each flow that ended, or a part of a long one; stats = "
	 "totals; finding = what detection has found; incident = each change of an incident.",
	 AT(output.eve_types), 1, 4, .check = wr_output_check_type, .live = true},
	{"output.eve_stats", WR_CONF_DURATION, "10s", NULL, "Totals are written so often.",
	 AT(output.eve_stats_ns), SECOND, DAY, .live = true},
	{"output.ipfix", WR_CONF_LIST, "", "places",
	 "Collectors that flows are sent to as IPFIX: udp:HOST:PORT, tcp:HOST:PORT.",
	 AT(output.ipfix), 0, WR_OUTPUTS_OF_A_KIND, .check = wr_output_check_ipfix, .live = true},
	{"output.otlp", WR_CONF_LIST, "", "addresses",
	 "Where metrics are sent by OTLP/HTTP: http://HOST:4318/v1/metrics, or https.",
	 AT(output.otlp), 0, WR_OUTPUTS_OF_A_KIND, .check = wr_output_check_otlp, .live = true},
	{"output.otlp_interval", WR_CONF_DURATION, "60s", NULL, "Metrics are sent so often.",
	 AT(output.otlp_ns), SECOND, DAY, .live = true},
	{"output.otlp_traces", WR_CONF_LIST, "", "addresses",
	 "Where incidents are sent by OTLP/HTTP when they are over, a span each: "
	 "http://HOST:4318/v1/traces, or https.",
	 AT(output.otlp_traces), 0, WR_OUTPUTS_OF_A_KIND, .check = wr_output_check_otlp,
	 .live = true},
	{"output.otlp_headers_file", WR_CONF_STRING, "", "a path",
	 "A file that daemon.user may read, with headers for all of them, 'Name: value' on a line "
	 "each: for tokens.",
	 AT(output.otlp_headers_file), 0, 255, .check = whole_path, .live = true},
	{"output.features", WR_CONF_LIST, "", "a folder",
	 "Where rows for learning are written, one file after another (docs/export.md). It is made "
	 "when it is not there.",
	 AT(output.features), 0, 1, .check = wr_output_check_features, .live = true},
	{"output.features_schema", WR_CONF_ENUM, "weir", NULL,
	 "weir, nf-v3, cic: a row for each flow that ended, under these names. windows: a row for "
	 "each second and interface, host, service and source prefix.",
	 AT(output.features_schema), .choices = wr_output_schemas, .live = true},
	{"output.features_format", WR_CONF_ENUM, "csv", NULL, "How they are written.",
	 AT(output.features_format), .choices = wr_output_formats, .live = true},
	{"output.features_addresses", WR_CONF_ENUM, "hash", NULL,
	 "What stands there in place of addresses: hash = under a secret key, prefix = /24 or /48, "
	 "none, raw = the address.",
	 AT(output.features_addresses), .choices = wr_output_addresses, .live = true},
	{"output.features_key", WR_CONF_STRING, "", "a path",
	 "A file that daemon.user may read and others may not, with the key of the hashes, 16 to "
	 "64 "
	 "bytes: then they are the same after a restart. Empty: a new key at each start.",
	 AT(output.features_key), 0, 255, .check = whole_path, .live = true},
	{"output.features_rotate_size", WR_CONF_SIZE, "64MiB", NULL,
	 "A file that is larger is complete, and the next one begins.", AT(output.features_bytes),
	 1 << 16, 1 << 30, .live = true},
	{"output.features_rotate_age", WR_CONF_DURATION, "1h", NULL,
	 "So is one that was begun so long ago.", AT(output.features_age_ns), SECOND, DAY,
	 .live = true},
	{"output.features_keep", WR_CONF_NUMBER, "48", "files",
	 "So many complete files stay; the oldest goes.", AT(output.features_keep), 1, 100000,
	 .live = true},
	{"output.buffer", WR_CONF_SIZE, "4MiB", NULL,
	 "What waits for one output at most. What finds no room is lost and counted.",
	 AT(output.buffer_bytes), 1 << 20, 256 << 20},

	{"notify.webhook", WR_CONF_LIST, "", "addresses",
	 "Who is told of incidents by HTTP POST (docs/notify.md): https://HOST/PATH, http, or the "
	 "path of a file that daemon.user may read and that holds such an address: one that is a "
	 "secret.",
	 AT(notify.webhook), 0, WR_OUTPUTS_OF_A_KIND, .check = wr_output_check_webhook,
	 .live = true},
	{"notify.webhook_format", WR_CONF_ENUM, "weir", NULL,
	 "weir = the incident as JSON; slack = {\"text\": a sentence}, for Slack, Mattermost and "
	 "others.",
	 AT(notify.webhook_form), .choices = wr_told_forms, .live = true},
	{"notify.webhook_headers_file", WR_CONF_STRING, "", "a path",
	 "A file that daemon.user may read, with headers for all of them, 'Name: value' on a line "
	 "each: for tokens.",
	 AT(notify.webhook_headers_file), 0, 255, .check = whole_path, .live = true},
	{"notify.syslog", WR_CONF_LIST, "", "places",
	 "Who is told by syslog (RFC 5424): unix:/dev/log, udp:HOST:PORT, tcp:HOST:PORT.",
	 AT(notify.syslog), 0, WR_OUTPUTS_OF_A_KIND, .check = wr_output_check_syslog, .live = true},
	{"notify.command", WR_CONF_LIST, "", "a program and its arguments",
	 "What is run for each, as daemon.user and without a shell: the incident as JSON is its "
	 "standard input, $WEIR_TEXT a sentence. For e-mail, for instance.",
	 AT(notify.command), 0, 32, .live = true},
	{"notify.severity", WR_CONF_ENUM, "high", NULL, "The least severity that is told of.",
	 AT(notify.severity), .choices = severities, .live = true},
	{"notify.rate", WR_CONF_NUMBER, "10", "a minute",
	 "So many are told at most; the rest is counted and told in one sentence.", AT(notify.rate),
	 1, 1000, .live = true},

	{"policy.file", WR_CONF_STRING, "", "a path",
	 "The rules that packets are held against (docs/policy.md); daemon.user reads it again at "
	 "a "
	 "reload. Empty: there are none, and no packet pays for them. Another file is taken by a "
	 "reload; from none to one, or back, takes a restart.",
	 AT(policy.file), 0, 255, .check = whole_path, .live = true},
	{"policy.size", WR_CONF_SIZE, "16MiB", NULL,
	 "Memory for rules and sets in the kernel, for two of them: the one that is in force and "
	 "the "
	 "next. 1,000,000 IPv4 addresses at random take 128MiB, of IPv6 384MiB.",
	 AT(policy.bytes), 1 << 20, 1 << 30},
	{"policy.rates", WR_CONF_SIZE, "4MiB", NULL,
	 "Memory in the kernel for rates of sources and services: 64 bytes for four that are over "
	 "theirs at a time.",
	 AT(policy.rate_bytes), 1 << 16, 1 << 30},
	{"policy.pressure", WR_CONF_BOOL, "yes", NULL,
	 "Classes give way, too, while this host does not keep up: a CPU that only takes packets "
	 "in, a full backlog, full sockets. no: only the capacity of links counts.",
	 AT(policy.pressure)},
	{"policy.changes", WR_CONF_NUMBER, "60", NULL,
	 "Changes of rules in a minute, by whoever is not root (the page, members of "
	 "socket.group), "
	 "and as many by detection; more are refused. Root is told. 0: any number.",
	 AT(policy.changes), 0, WR_CHANGES_MOST, .live = true},
	{"policy.state", WR_CONF_STRING, "", "a path",
	 "Where rules that are added while weir runs are kept for a restart. Empty: rules.policy "
	 "beside the history; nowhere when there is none.",
	 AT(policy.state), 0, 255, .check = whole_path},

	{"detect.on", WR_CONF_BOOL, "yes", NULL,
	 "Look for floods, scans, logins tried one after another and whatever else is unusual "
	 "(docs/detection.md), ten times a second.",
	 AT(detect.on), .live = true},
	{"detect.auto", WR_CONF_ENUM, "off", NULL,
	 "Make rules of what is found that no usual packet matches, each with an end: shadow "
	 "counts "
	 "what they would keep out, enforce keeps it out (docs/detection.md). From off to one of "
	 "them "
	 "takes a restart unless there is a policy.",
	 AT(detect.automatic), .choices = wr_daemon_modes, .live = true},
	{"detect.auto_classes", WR_CONF_LIST, "", "classes with their mode",
	 "The same for some classes alone, as syn_flood:enforce scan:shadow brute_force:off: names "
	 "of classes (docs/detection.md), or flood, amp, scan for all of these. Later words win.",
	 AT(detect.classes), 0, 64, .check = wr_detect_check_class, .live = true},
	{"detect.cookies", WR_CONF_BOOL, "yes", NULL,
	 "Such a rule may be SYN cookies (docs/policy.md), where a flood of SYNs from many sources "
	 "looks like clients.",
	 AT(detect.cookies), .live = true},
	{"detect.malformed", WR_CONF_NUMBER, "20", "packets",
	 "So many malformed packets a minute to an address are told, when they are more than is "
	 "usual there.",
	 AT(detect.malformed), 1, 1000000, .live = true},
	{"detect.thresholds", WR_CONF_LIST, "", "classes with their number",
	 "Numbers that take the place of what is usual and of the least that is told, as "
	 "syn_flood@10.0.0.5:443:500 udp_flood@10.0.0.0/24:2000 http_flood:800: a class or flood, "
	 "amp, for whom (an address, of IPv6 in brackets, a prefix, with a port), and from how "
	 "many on it is told, in the unit of the class (docs/detection.md). Of several the nearest "
	 "counts.",
	 AT(detect.thresholds), 0, WR_DETECT_FIXED, .check = wr_detect_check_fixed, .live = true},
	{"detect.off", WR_CONF_LIST, "", "classes",
	 "What is not told at all, and no rule is made of: names of classes (docs/detection.md), "
	 "or flood, amp, scan for all of these.",
	 AT(detect.off), 0, 64, .check = wr_detect_check_off, .live = true},
	{"detect.known", WR_CONF_LIST, "", "addresses",
	 "DHCP servers and routers of this network that are fine, besides the first ones that were "
	 "seen.",
	 AT(detect.known), 0, WR_DETECT_KNOWN, .check = wr_detect_check_addr, .live = true},
	{"detect.new_services", WR_CONF_BOOL, "yes", NULL,
	 "Tell, as information, of ports and protocols that answer and did not before, and of "
	 "sources "
	 "that were not seen before and are a tenth of a service at once.",
	 AT(detect.new_services), .live = true},
	{"detect.anomalies", WR_CONF_BOOL, "yes", NULL,
	 "Tell, as low, when several things about what comes to a service are not as usual at once "
	 "and nothing that has a name explains it. Only told: no rule is made of it.",
	 AT(detect.anomalies), .live = true},
	{"detect.anomaly_days", WR_CONF_NUMBER, "30", "days",
	 "One false alarm of these in so many days, of all services together, is what bounds are "
	 "worked out for. More days: fewer are told.",
	 AT(detect.anomaly_days), 1, 3650, .live = true},
	{"detect.forecast", WR_CONF_BOOL, "yes", NULL,
	 "Say what is expected of services, classes and interfaces in the next minutes and hours "
	 "(weir forecast), and tell when that meets a ceiling, a capacity or a limit.",
	 AT(detect.forecast), .live = true},
	{"detect.learned", WR_CONF_STRING, "", "a path",
	 "Where what is learned to be usual is kept. Empty: learned.json beside the history; "
	 "nowhere "
	 "when there is none.",
	 AT(detect.learned), 0, 255, .check = whole_path},

	{"detect.asn", WR_CONF_STRING, "", "a path",
	 "A file of the MaxMind DB format (GeoLite2-ASN.mmdb) that tells whose network a source of "
	 "an "
	 "incident is in. A reload reads it again.",
	 AT(detect.asn), 0, 255, .check = whole_path, .live = true},
	{"detect.country", WR_CONF_STRING, "", "a path",
	 "The same for its country (GeoLite2-Country.mmdb).", AT(detect.country), 0, 255,
	 .check = whole_path, .live = true},
	{"detect.samples", WR_CONF_SIZE, "4MiB", NULL,
	 "Memory for the first packets of incidents, out of those that [dump] keeps: 500 of each "
	 "at "
	 "most, which weir dump --incident shows. The oldest make room. Beside the history they "
	 "are kept "
	 "for a restart, as long as flows. 0: none.",
	 AT(detect.samples), 0, 1 << 28},

	{"explain.consent", WR_CONF_BOOL, "no", NULL,
	 "weir explain --prose may send incidents to explain.endpoint: numbers, names from tables "
	 "and pseudonyms, nothing of packets; weir explain --print-prompt shows the bytes. The "
	 "daemon itself sends nothing (docs/explain.md).",
	 AT(explain.consent), .live = true},
	{"explain.endpoint", WR_CONF_STRING, "", "an address",
	 "A language model's: https://HOST/v1 for openai, https://HOST for anthropic.",
	 AT(explain.endpoint), 0, 512, .check = web_address, .live = true},
	{"explain.kind", WR_CONF_ENUM, "openai", NULL,
	 "How it is asked: chat completions of OpenAI, or messages of Anthropic.", AT(explain.kind),
	 .choices = wr_explain_kinds, .live = true},
	{"explain.model", WR_CONF_STRING, "", "a model", "As the endpoint calls it.",
	 AT(explain.model), 0, 128, .live = true},
	{"explain.key_file", WR_CONF_STRING, "", "a path",
	 "A file with the key, which its owner alone may read (mode 0600): who runs weir explain. "
	 "Empty: none is sent.",
	 AT(explain.key_file), 0, 255, .check = whole_path, .live = true},
	{"explain.deadline", WR_CONF_DURATION, "20s", NULL,
	 "After so long weir explain goes on without the model.", AT(explain.deadline_ns),
	 SECOND / 10, 300 * SECOND, .live = true},
	{"explain.per_day", WR_CONF_NUMBER, "50", "calls", "So many calls a day (UTC) at most.",
	 AT(explain.per_day), 1, 900, .live = true},
	{"explain.tokens", WR_CONF_NUMBER, "600", "tokens", "Of an answer at most.",
	 AT(explain.tokens), 16, 100000, .live = true},
	{"explain.tokens_name", WR_CONF_ENUM, "max_tokens", NULL,
	 "What that is called in a request of kind openai; newer models of OpenAI itself know only "
	 "max_completion_tokens.",
	 AT(explain.tokens_name), .choices = token_names, .live = true},
	{"explain.state", WR_CONF_STRING, "", "a path",
	 "Where calls are counted. Empty: weir/explain-calls below $XDG_STATE_HOME or "
	 "~/.local/state.",
	 AT(explain.state), 0, 255, .check = whole_path, .live = true},
	{"explain.mcp_shadow", WR_CONF_BOOL, "no", NULL,
	 "An assistant that weir mcp serves may add shadow rules, which only count.",
	 AT(explain.mcp_shadow), .live = true},

	{"gateway.folder", WR_CONF_STRING, "/etc/weir/gateways", "a path",
	 "API gateways, a file NAME.conf each (docs/gateways.md): weir gateway reads them.",
	 AT(gateway.folder), 1, 255, .check = whole_path},
	{"gateway.state", WR_CONF_STRING, "/var/lib/weir-gateways", "a path",
	 "Where weir gateway keeps what shall be so at each of them.", AT(gateway.state), 1, 255,
	 .check = whole_path},
	{"gateway.keep", WR_CONF_BOOL, "no", NULL,
	 "weir run keeps each of them as its ledger says: takes out what has ended, puts back what "
	 "a "
	 "restart of the gateway has lost. It does so, too, when at or policies is set.",
	 AT(gateway.keep)},
	{"gateway.user", WR_CONF_STRING, "", "a user",
	 "Who the process of weir run that does it is, with his groups: he has to be able to read "
	 "gateway.folder, to reach the gateway and to write its files. Not root. Empty: "
	 "daemon.user.",
	 AT(gateway.user), 0, 32},
	{"gateway.at", WR_CONF_STRING, "", "a name",
	 "The gateway at which detection acts (detect.auto) on clients that api.listen or api.udp "
	 "tells of, and on those behind api.trust. Empty: at none.",
	 AT(gateway.at), 0, 31},
	{"gateway.limit", WR_CONF_NUMBER, "10", "requests a second",
	 "What detection limits a client to there.", AT(gateway.limit), 1, 999999},
	{"gateway.last", WR_CONF_DURATION, "10m", NULL,
	 "How long such a limit lasts, and a block of who goes on all the same; it is renewed "
	 "while it "
	 "goes on.",
	 AT(gateway.last_ns), 10 * SECOND, DAY},
	{"gateway.policies", WR_CONF_STRING, "", "a path",
	 "Policies over routes, a line each (docs/gateways.md): when route \"/search\" at edge "
	 "errors "
	 "over 5% for 30s limit clients to 10/s until below 2% for 60s. Empty: none.",
	 AT(gateway.policies), 0, 255, .check = whole_path},
	{"gateway.admin_ports", WR_CONF_LIST, "", "ports",
	 "More TCP ports on which gateways of this host are administered (HAProxy's stats socket "
	 "over "
	 "TCP), besides those in gateway.folder: packets to them from other hosts are found "
	 "(admin_port).",
	 AT(gateway.admin_ports), 0, 64, .check = port},
	{"gateway.admin_from", WR_CONF_LIST, "", "addresses and prefixes",
	 "Who may come there from elsewhere: none of them is found.", AT(gateway.admin_from), 0,
	 256, .check = prefix},

	{"api.listen", WR_CONF_STRING, "", "a path",
	 "A unix datagram socket that API gateways send their access logs to (docs/api.md): weir "
	 "api shows what is asked. Empty: none.",
	 AT(api.listen), 0, 107, .check = whole_path},
	{"api.group", WR_CONF_STRING, "", "a group",
	 "Who may send there, beside root and daemon.user. Empty: everybody on this host, as with "
	 "/dev/log.",
	 AT(api.group), 0, 32},
	{"api.udp", WR_CONF_STRING, "", "ADDRESS:PORT",
	 "The same by syslog over UDP. Whoever reaches that port can tell what never was: "
	 "127.0.0.1:5140, or an address of a network that is yours. Empty: none.",
	 AT(api.udp), 0, 64, .check = end_point},
	{"api.consumer_header", WR_CONF_NUMBER, "1", NULL,
	 "In HAProxy's logs, which of the captured request headers names the consumer, from 1. 0: "
	 "none.",
	 AT(api.header), 0, 32},
	{"api.key_file", WR_CONF_STRING, "", "a path",
	 "A file (16 bytes or more, random, read as root) that makes the hashes of consumers the "
	 "same after a restart. Empty: others each time.",
	 AT(api.key_file), 0, 255, .check = whole_path},
	{"api.trust", WR_CONF_LIST, "", "addresses and prefixes",
	 "Balancers and proxies in front of this host: packets of theirs are their clients'. When "
	 "all "
	 "sources of what is found are among them, no packet is kept out for it; the client that "
	 "asks "
	 "most is limited at gateway.at. A request said to be of one of them limits nobody.",
	 AT(api.trust), 0, 256, .check = prefix},
	{"api.errors", WR_CONF_NUMBER, "5", "percent",
	 "A route of which more requests than that, and than three times its norm, get 5xx or no "
	 "answer "
	 "is found (api_errors). 0: none is.",
	 AT(api.errors), 0, 100},
	{"api.slow", WR_CONF_NUMBER, "3", "times its norm",
	 "A route of which one in twenty answers takes longer than that is found (api_slow). 0: "
	 "none "
	 "is.",
	 AT(api.slow), 0, 1000},
	{"api.tries", WR_CONF_NUMBER, "30", "a minute",
	 "A client that gets so many 401 and 403, half of its answers or more, is found "
	 "(api_tries). 0: "
	 "none is.",
	 AT(api.tries), 0, 1000000},
	{"api.paths", WR_CONF_NUMBER, "300", "a minute",
	 "A client that asks for so many different paths is found (api_scraping). 0: none is.",
	 AT(api.paths), 0, 4000},
	{"api.tokens", WR_CONF_NUMBER, "0", "a minute",
	 "A client that uses up so many tokens of language models is found (api_tokens). 0: none "
	 "is.",
	 AT(api.tokens), 0, 1000000000000ull},

	{"advice.url", WR_CONF_STRING, "", "an address",
	 "A server of models that is asked for a score of each window (docs/scores.md): "
	 "http://HOST:PORT in front of /v2, or with form = rows the whole address. Empty: none is.",
	 AT(advice.url), 0, 512, .check = web_address},
	{"advice.form", WR_CONF_ENUM, "oip", NULL,
	 "oip: Open Inference Protocol, version 2 (KServe, Triton, MLServer); rows: "
	 "{\"rows\":[{column: value}]}, answered by {\"scores\":[number]}.",
	 AT(advice.form), .choices = wr_infer_forms},
	{"advice.model", WR_CONF_STRING, "", "a name", "The model, as the server calls it.",
	 AT(advice.model), 0, 47},
	{"advice.version", WR_CONF_STRING, "", "a version",
	 "That version of it alone. Empty: the one that the server takes.", AT(advice.version), 0,
	 47},
	{"advice.inputs", WR_CONF_LIST, "", "columns",
	 "What the model is given, in its order: columns of windows ('weir export windows --list') "
	 "that are numbers. They are held against the model's metadata.",
	 AT(advice.inputs), 0, WR_INFER_INPUTS, .check = wr_advice_check_input},
	{"advice.output", WR_CONF_STRING, "", "a name",
	 "Which of its outputs is the score, where it has several.", AT(advice.output), 0, 63},
	{"advice.keys", WR_CONF_LIST, "host service", "host, service, source_prefix",
	 "Of which rows scores are wanted, each second.", AT(advice.keys), 1, 3,
	 .check = wr_advice_check_key},
	{"advice.over", WR_CONF_STRING, "0.9", "a number",
	 "A score above that is a finding (model_score).", AT(advice.over), 1, 32,
	 .check = wr_advice_check_over},
	{"advice.auto", WR_CONF_ENUM, "off", NULL,
	 "Where detection itself finds something at a target that also has such a score, its rule "
	 "is made at least in this mode: shadow counts, enforce keeps out. A score alone makes no "
	 "rule; classes of detect.auto_classes keep their mode.",
	 AT(advice.automatic), .choices = wr_daemon_modes},
	{"advice.batch", WR_CONF_NUMBER, "256", "rows", "So many are sent at a time at most.",
	 AT(advice.batch), 1, WR_INFER_BATCH},
	{"advice.deadline", WR_CONF_DURATION, "1s", NULL,
	 "An answer that takes longer is none. Nobody but the process that asks waits for it.",
	 AT(advice.deadline_ns), SECOND / 100, 30 * SECOND},
	{"advice.failures", WR_CONF_NUMBER, "3", "in a row",
	 "After so many the model is left alone for advice.pause.", AT(advice.failures), 1, 1000},
	{"advice.pause", WR_CONF_DURATION, "30s", NULL,
	 "How long; it doubles each time, or is as long as the server wants (Retry-After).",
	 AT(advice.pause_ns), SECOND / 10, 3600 * SECOND},
	{"advice.stale", WR_CONF_DURATION, "5s", NULL,
	 "A window that was over so long ago is not asked about any more.", AT(advice.stale_ns),
	 SECOND, 300 * SECOND},
	{"advice.header_file", WR_CONF_STRING, "", "a path",
	 "A file with a header for the server, 'Authorization: Bearer TOKEN', that daemon.user may "
	 "read and others may not.",
	 AT(advice.header_file), 0, 255, .check = whole_path},

	{"daemon.user", WR_CONF_STRING, "nobody", "a user",
	 "Who weir runs as when everything is loaded and attached.", AT(daemon.user), 1, 32},
	{"daemon.sandbox", WR_CONF_BOOL, "yes", NULL,
	 "Shut the processes of the page and of outputs in: no files (Landlock), few system calls "
	 "(seccomp).",
	 AT(daemon.sandbox)},
	{"daemon.attach_later", WR_CONF_BOOL, "yes", NULL,
	 "Keep a small process with rights that does one thing: attach weir's programs to "
	 "interfaces "
	 "that come later or are added by a reload. It reads no packet. no: then interfaces that "
	 "come later need a restart.",
	 AT(daemon.attach_later)},
	{0},
};

/* ---- reading it ---- */

int wr_daemon_conf_open(struct wr_conf **out, const char *path, const char **from,
			wr_conf_tell_fn tell, void *ctx, struct wr_err *err)
{
	struct wr_conf *c = NULL;
	int ret = wr_conf_open(&c, wr_daemon_items, err);

	if (ret)
		return ret;
	*from = path ? path : WR_DAEMON_CONF;
	ret = wr_conf_read(c, *from, tell, ctx, err);
	if (ret == -ENOENT && !path) {
		*from = NULL;
		ret = 0;
	}
	if (ret)
		wr_conf_close(&c);
	else
		*out = c;
	return ret;
}

/* Puts the item and where it was set in front of what is wrong with it. */
static int wrong(const struct wr_conf *values, const char *name, struct wr_err *err)
{
	for (size_t i = 0; i < wr_conf_items(values); i++)
		if (!strcmp(wr_conf_item(values, i)->name, name))
			return wr_within(err, "%s: %s", wr_conf_origin(values, i), name);
	return -err->code;
}

int wr_daemon_conf_fill(const struct wr_conf *values, struct wr_daemon_conf *conf,
			struct wr_err *err)
{
	struct wr_err none = {0};
	const char *item;

	err = err ? err : &none;
	wr_conf_fill(values, conf);
	if (wr_output_check_all(conf, &item, err))
		return wrong(values, item, err);
	if (wr_advice_check_all(conf, &item, err))
		return wrong(values, item, err);
	if (conf->capture.flow_slots & (conf->capture.flow_slots - 1)) {
		wr_fail(err, EINVAL, "%" PRIu64 " is not a power of two", conf->capture.flow_slots);
		return wrong(values, "capture.flow_slots", err);
	}
	if (wr_daemon_conf_any(conf) && conf->capture.ifaces.n > 1) {
		wr_fail(err, EINVAL, "'any' is all of them: name no other");
		return wrong(values, "capture.interfaces", err);
	}
	if (conf->dump.bytes && conf->dump.bytes < DUMP_LEAST) {
		wr_fail(err, EINVAL, "0, or 1MiB or more");
		return wrong(values, "dump.size", err);
	}
	if (conf->detect.samples && conf->detect.samples < DUMP_LEAST) {
		wr_fail(err, EINVAL, "0, or 1MiB or more");
		return wrong(values, "detect.samples", err);
	}
	/* They go through the kernel's ring, which first payloads shall find room in, too. */
	if (conf->dump.rate * conf->dump.snap > DUMP_MOST) {
		wr_fail(err, EINVAL,
			"%" PRIu64 " packets a second of %" PRIu64
			" bytes (dump.snap) are more than 8 MiB a second",
			conf->dump.rate, conf->dump.snap);
		return wrong(values, "dump.rate", err);
	}
	if (!strcmp(conf->gateway.user, "root")) {
		wr_fail(err, EINVAL,
			"a user without rights, who may reach the gateway; for what takes root "
			"(nginx -s reload) run 'weir gateway reconcile --every 1s'");
		return wrong(values, "gateway.user", err);
	}
	if (!conf->page.tls_cert[0] != !conf->page.tls_key[0]) {
		wr_fail(err, EINVAL, "TLS takes both, page.tls_cert and page.tls_key");
		return wrong(values, conf->page.tls_cert[0] ? "page.tls_cert" : "page.tls_key",
			     err);
	}
	if (conf->page.change && !conf->page.token_file[0]) {
		wr_fail(err, EINVAL,
			"everybody on this host could change rules: set page.token_file");
		return wrong(values, "page.change", err);
	}
	return 0;
}

enum wr_hook wr_daemon_conf_hook(const struct wr_daemon_conf *conf)
{
	for (int i = WR_HOOK_XDP; i < WR_HOOK_COUNT; i++)
		if (!strcmp(wr_daemon_hooks[conf->capture.hook], wr_hook_name((enum wr_hook)i)))
			return (enum wr_hook)i;
	return WR_HOOK_COUNT;
}

bool wr_daemon_conf_any(const struct wr_daemon_conf *conf)
{
	for (size_t i = 0; i < conf->capture.ifaces.n; i++)
		if (!strcmp(conf->capture.ifaces.at[i], "any"))
			return true;
	return false;
}
