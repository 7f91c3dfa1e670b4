/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_EXPORT_MEASURE_H
#define WR_EXPORT_MEASURE_H

#include <stdbool.h>
#include <stdint.h>

#include "api/stats.h"
#include "capture/capture.h"
#include "export/outbox.h"
#include "export/self.h"
#include "flow/live.h"
#include "view/classes.h"
#include "view/forecast.h"

/*
 * What is measured: one table and one walk over it. OpenMetrics and OTLP are two ways to write what
 * the walk hands out, so they cannot disagree.
 *
 * Label sets are bounded: services and protocols have the first WR_MEASURE_TOP by bytes and
 * `other`, rules the first WR_MEASURE_RULES that kept something out, classes and links those of the
 * policy, forecasts those of everything, interfaces and classes, routes of an API the first
 * WR_MEASURE_ROUTES; addresses of talkers never become labels. No counter goes back, so rates are
 * right: what was counted in `other` before a service got a series of its own stays in `other`, and
 * what a series has counted goes with it when it ends.
 */

enum wr_measure_type {
	WR_MEASURE_COUNTER,
	WR_MEASURE_GAUGE,
	WR_MEASURE_HISTOGRAM,
	WR_MEASURE_INFO,
};

/* X(symbol, type, name as in OpenMetrics without _total, its unit, name as in OTLP or NULL: not
 * sent, unit as in OTLP (UCUM), help) */
#define WR_MEASURE_TABLE(X)                                                                        \
	X(PACKETS, COUNTER, "weir_packets", "", "weir.packets", "{packet}",                        \
	  "Packets at the hook, counted before anything can fill.")                                \
	X(BYTES, COUNTER, "weir_bytes", "bytes", "weir.bytes", "By",                               \
	  "Bytes of those packets, from the link header on.")                                      \
	X(PASSED, COUNTER, "weir_passed_packets", "", "weir.passed.packets", "{packet}",           \
	  "Packets that went on to the host.")                                                     \
	X(DROPPED, COUNTER, "weir_dropped_packets", "", "weir.dropped.packets", "{packet}",        \
	  "Packets that rules dropped.")                                                           \
	X(LIMITED, COUNTER, "weir_limited_packets", "", "weir.limited.packets", "{packet}",        \
	  "Packets over the rate of a rule.")                                                      \
	X(RULE_PACKETS, COUNTER, "weir_rule_packets", "", "weir.rule.packets", "{packet}",         \
	  "Packets that a rule kept out, on all interfaces.")                                      \
	X(CLASS_PACKETS, COUNTER, "weir_class_packets", "", "weir.class.packets", "{packet}",      \
	  "Packets of a bandwidth class: offered = passed + dropped; marked, borrowed: of "        \
	  "passed.")                                                                               \
	X(CLASS_BYTES, COUNTER, "weir_class_bytes", "bytes", "weir.class.bytes", "By",             \
	  "Bytes of those packets.")                                                               \
	X(LINK_CLASS_PACKETS, COUNTER, "weir_link_class_packets", "", "weir.link.class.packets",   \
	  "{packet}", "Packets of a bandwidth class on one link, as in weir_class_packets.")       \
	X(LINK_CLASS_BYTES, COUNTER, "weir_link_class_bytes", "bytes", "weir.link.class.bytes",    \
	  "By", "The bytes of them.")                                                              \
	X(LINK_CAPACITY, GAUGE, "weir_link_capacity_bytes_per_second", "", "weir.link.capacity",   \
	  "By/s", "What a link carries, as far as that is known.")                                 \
	X(LINK_BUDGET, GAUGE, "weir_link_budget_bytes_per_second", "", "weir.link.budget", "By/s", \
	  "What classes may use of a link now.")                                                   \
	X(LINK_USED, GAUGE, "weir_link_used_bytes_per_second", "", "weir.link.used", "By/s",       \
	  "What passed on a link, in the last tenth of a second.")                                 \
	X(MALFORMED, COUNTER, "weir_malformed_packets", "", "weir.malformed.packets", "{packet}",  \
	  "Packets with a header that is wrong or cut, by the first reason.")                      \
	X(BALANCED, GAUGE, "weir_ledger_balanced", "", "weir.ledger.balanced", "1",                \
	  "1: every packet and record of this hook is accounted for.")                             \
	X(MADE, COUNTER, "weir_records_made", "", "weir.records.made", "{record}",                 \
	  "Records of packets whose fate is known: seen and lost.")                                \
	X(SEEN, COUNTER, "weir_records_seen", "", "weir.records.seen", "{record}",                 \
	  "Records that the reader took.")                                                         \
	X(LOST, COUNTER, "weir_records_lost", "", "weir.records.lost", "{record}",                 \
	  "Records that were lost, by stage.")                                                     \
	X(WAITING, GAUGE, "weir_records_waiting", "", "weir.records.waiting", "{record}",          \
	  "Records between kernel and reader.")                                                    \
	X(SIZES, HISTOGRAM, "weir_packet_size_bytes", "bytes", "weir.packet.size", "By",           \
	  "Sizes of packets on the wire.")                                                         \
	X(TCP_FLAGS, COUNTER, "weir_tcp_flag_packets", "", "weir.tcp.flag.packets", "{packet}",    \
	  "TCP packets with this flag; a packet with two flags counts for both.")                  \
	X(NOT_IP, COUNTER, "weir_not_ip_packets", "", "weir.not_ip.packets", "{packet}",           \
	  "Packets that belong to no flow because they are not IP.")                               \
	X(FLOWLESS, COUNTER, "weir_flowless_packets", "", "weir.flowless.packets", "{packet}",     \
	  "Packets that found no row in the kernel's flow tables.")                                \
	X(WINDOWS, COUNTER, "weir_windows", "", "weir.windows", "{window}",                        \
	  "Windows of one second that are over.")                                                  \
	X(FLOWS, GAUGE, "weir_flows", "", "weir.flows", "{flow}", "Flows in the table.")           \
	X(FLOWS_BEGUN, COUNTER, "weir_flows_begun", "", "weir.flows.begun", "{flow}",              \
	  "Flows that began.")                                                                     \
	X(FLOWS_ENDED, COUNTER, "weir_flows_ended", "", "weir.flows.ended", "{flow}",              \
	  "Flows that ended, parts of long ones, and flows that made room.")                       \
	X(FLOWS_DISPLACED, COUNTER, "weir_flows_displaced", "", "weir.flows.displaced", "{flow}",  \
	  "Of them, flows that made room because the table was full.")                             \
	X(SERVICES, GAUGE, "weir_services", "", "weir.services", "{service}",                      \
	  "Services in the table.")                                                                \
	X(TALKERS, GAUGE, "weir_talkers", "", "weir.talkers", "{address}",                         \
	  "Other ends in the table.")                                                              \
	X(SERVICE_PACKETS, COUNTER, "weir_service_packets", "", "weir.service.packets",            \
	  "{packet}", "Packets of the largest services, and of all others.")                       \
	X(SERVICE_BYTES, COUNTER, "weir_service_bytes", "bytes", "weir.service.bytes", "By",       \
	  "Bytes of the largest services, and of all others.")                                     \
	X(SERVICE_SOURCES, GAUGE, "weir_service_sources", "", "weir.service.sources", "{address}", \
	  "Distinct sources of a service within about a minute; an estimate.")                     \
	X(PROTOCOL_PACKETS, COUNTER, "weir_protocol_packets", "", "weir.protocol.packets",         \
	  "{packet}", "Packets of the largest protocols, and of all others.")                      \
	X(PROTOCOL_BYTES, COUNTER, "weir_protocol_bytes", "bytes", "weir.protocol.bytes", "By",    \
	  "Bytes of the largest protocols, and of all others.")                                    \
	X(EXPORT_SENT, COUNTER, "weir_export_sent", "", "weir.export.sent", "{item}",              \
	  "What an output has sent: lines, flows or points.")                                      \
	X(EXPORT_LOST, COUNTER, "weir_export_lost", "", "weir.export.lost", "{item}",              \
	  "What an output has lost.")                                                              \
	X(EXPORT_WAITING, GAUGE, "weir_export_waiting", "", "weir.export.waiting", "{item}",       \
	  "What waits for an output to take it.")                                                  \
	X(FINDINGS, COUNTER, "weir_findings", "", "weir.findings", "{finding}",                    \
	  "What detection has found, by class.")                                                   \
	X(FINDINGS_ACTIVE, GAUGE, "weir_findings_active", "", "weir.findings.active", "{finding}", \
	  "Findings that hold.")                                                                   \
	X(FINDINGS_NO_ROOM, COUNTER, "weir_findings_no_room", "", "weir.findings.no_room",         \
	  "{finding}", "Findings that had no room beside those that hold, and were not told.")     \
	X(INCIDENTS_ACTIVE, GAUGE, "weir_incidents_active", "", "weir.incidents.active",           \
	  "{incident}", "Incidents that go on.")                                                   \
	X(FORECAST, GAUGE, "weir_forecast_bytes_per_second", "", "weir.forecast", "By/s",          \
	  "What is expected of everything, of interfaces and classes; eight of ten times it is "   \
	  "from low80 to high80.")                                                                 \
	X(FORECAST_MEETS, GAUGE, "weir_forecast_meets_limit_seconds", "seconds",                   \
	  "weir.forecast.meets_limit", "s",                                                        \
	  "Until it is expected to meet its ceiling or capacity; absent: it is not.")              \
	X(API_REQUESTS, COUNTER, "weir_api_requests", "", "weir.api.requests", "{request}",        \
	  "Requests that gateways have told of, by route and class of the answer.")                \
	X(API_SECONDS, HISTOGRAM, "weir_api_request_seconds", "seconds", "weir.api.request.time",  \
	  "s", "Times of requests from their beginning to the end of the answer.")                 \
	X(API_UNREAD, COUNTER, "weir_api_unread_lines", "", "weir.api.unread.lines", "{line}",     \
	  "Lines of gateways that could not be read.")                                             \
	X(API_LOST, COUNTER, "weir_api_lost_requests", "", "weir.api.lost.requests", "{request}",  \
	  "Lines of gateways that found no room on their way.")                                    \
	X(ADVICE_ROWS, COUNTER, "weir_advice_rows", "", "weir.advice.rows", "{row}",               \
	  "Windows that a model was to score, by what became of them.")                            \
	X(ADVICE_OVER, COUNTER, "weir_advice_scores_over", "", "weir.advice.scores.over",          \
	  "{score}", "Scores of a model that are over advice.over.")                               \
	X(ADVICE_CALLS, COUNTER, "weir_advice_calls", "", "weir.advice.calls", "{call}",           \
	  "Times that a model was asked, by how it went.")                                         \
	X(ADVICE_PAUSED, GAUGE, "weir_advice_paused", "", "weir.advice.paused", "",                \
	  "1: the model is left alone for a while after failures.")                                \
	X(BUILD, INFO, "weir_build", "", NULL, "", "The version that runs.")                       \
	X(CPU, COUNTER, "process_cpu_seconds", "seconds", "process.cpu.time", "s",                 \
	  "CPU time, user and system.")                                                            \
	X(RESIDENT, GAUGE, "process_resident_memory_bytes", "bytes", "process.memory.usage", "By", \
	  "Resident memory.")                                                                      \
	X(VIRTUAL, GAUGE, "process_virtual_memory_bytes", "bytes", "process.memory.virtual", "By", \
	  "Virtual memory.")                                                                       \
	X(FDS, GAUGE, "process_open_fds", "", "process.unix.file_descriptor.count",                \
	  "{file_descriptor}", "Open descriptors.")                                                \
	X(FDS_MAX, GAUGE, "process_max_fds", "", NULL, "", "Descriptors that may be open.")        \
	X(STARTED, GAUGE, "process_start_time_seconds", "seconds", NULL, "s",                      \
	  "When the process began, since 1970.")

enum wr_measure_id {
#define X(sym, type, name, unit, otlp, otlp_unit, help) WR_MEASURE_##sym,
	WR_MEASURE_TABLE(X)
#undef X
		WR_MEASURES
};

struct wr_measure {
	enum wr_measure_type type;
	const char *name, *unit, *otlp_name, *otlp_unit, *help;
};

struct wr_label {
	const char *name, *value; /* value: any bytes, none of them 0 */
};

struct wr_number {
	bool real; /* d, else u */
	union {
		uint64_t u;
		double d;
	};
};

enum { WR_MEASURE_LABELS = 4, WR_MEASURE_TOP = 20, WR_MEASURE_RULES = 64, WR_MEASURE_ROUTES = 32 };

/* Rules that have a series: the first that kept something out, until they are gone. Private. */
struct wr_measure_rules {
	struct {
		char name[32];
		uint64_t dropped, limited;
		bool there;
	} row[WR_MEASURE_RULES];
	int n;
	uint64_t others[2], told[2]; /* of all others, now; told: that never goes back */
};

/* Series of services or protocols: those that have one now. Private. */
struct wr_measure_top {
	struct {
		struct wr_talk_key key;
		uint64_t began;
		struct wr_live_cell now;
		uint32_t sources;
	} row[WR_MEASURE_TOP];
	int n;
	uint64_t window;		 /* at the last walk */
	struct wr_live_cell kept, other; /* see measure.c */
};

/* What is remembered from one walk to the next. Zeroed: nothing yet. One for each process, whatever
 * number of readers there are. */
struct wr_measures {
	uint64_t start_ns; /* CLOCK_REALTIME of the first walk, or set by the caller */
	struct wr_measure_top services, protocols;
	struct wr_measure_rules rules;
	uint64_t routes_told[6]; /* of other routes, by class: that never goes back */
};

struct wr_measure_output {
	const char *name;
	struct wr_outbox_count n;
};

/* Of detection; names are those of classes. */
struct wr_measure_findings {
	uint32_t n;
	const char *const *name; /* n of them, as all below */
	const uint64_t *found;
	uint64_t missed; /* that had no room */
	uint32_t active, incidents;
};

/* Of a model that is asked. */
struct wr_measure_advice {
	uint64_t scored, unscored, lost; /* rows */
	uint64_t over, answered, failed;
	bool paused;
};

struct wr_measure_in {
	struct wr_live *live; /* may be NULL, as all below: then those families are absent */
	const struct wr_ledger *ledger;
	int n_ledger;
	const struct wr_self *self;
	const struct wr_measure_output *outputs;
	int n_outputs;
	const struct wr_measure_findings *findings;
	const struct wr_class_row *classes; /* of a policy that has some */
	uint32_t n_classes;
	const struct wr_link_row *links;
	uint32_t n_links;
	const struct wr_forecast_row *forecasts; /* in bit/s */
	uint32_t n_forecasts;
	const struct wr_api_stats *requests;
	const struct wr_measure_advice *advice;
	uint64_t now_ns; /* CLOCK_REALTIME */
};

/* Families come in the order of the table, each only when it has a value. */
struct wr_measure_sink {
	void (*begin)(void *ctx, const struct wr_measure *m);
	void (*value)(void *ctx, const struct wr_measure *m, const struct wr_label *labels,
		      int n_labels, struct wr_number v, uint64_t start_ns);
	/* Bounds, and the sums in `bytes`, are in parts of the unit: so many make one.
	 * classes[i]: what is above bounds[i - 1] and up to bounds[i]; the last has no upper bound
	 */
	void (*histogram)(void *ctx, const struct wr_measure *m, const struct wr_count *classes,
			  const uint32_t *bounds, int n_classes, uint32_t parts, uint64_t start_ns);
	void (*end)(void *ctx, const struct wr_measure *m);
};

void wr_measure_walk(struct wr_measures *m, const struct wr_measure_in *in,
		     const struct wr_measure_sink *sink, void *ctx);

#endif
