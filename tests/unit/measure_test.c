/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Metrics as OpenMetrics text and as OTLP: known answers, hostile names, bounds, and counters that
 * never go back. */
#include "tests/tap.h"

#include <jansson.h>
#include <stdbool.h>

#include "core/proto.h"
#include "core/reason.h"
#include "export/metrics.h"
#include "export/otlp.h"

#define SECOND 1000000000ull
#define NOON (1700000000ull * SECOND)

static uint64_t seed = 1;

static uint32_t dice(uint32_t sides)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % sides;
}

static struct wr_buf b;

/* ---- traffic ---- */

/* Packets from client 10.1.x.y to a service of this host, 10.0.0.1:port, or back. */
static void talk(struct wr_live *l, uint16_t port, uint32_t client, bool out, uint64_t packets,
		 uint64_t at_ns)
{
	struct wr_live_part p = {
		.out = out,
		.flow = {.key = {.addr = {{10, 0, 0, 1},
					  {10, 1, (uint8_t)(client >> 8), (uint8_t)client}},
				 .port = {port, 50000},
				 .proto = WR_IP_TCP,
				 .ip_v = 4},
			 .n = {packets, packets * 100},
			 .first_ns = at_ns,
			 .last_ns = at_ns,
			 .tcp_flags = WR_TCP_SYN,
			 .syn = out ? WR_FLOW_SYN_ACK : WR_FLOW_SYN,
			 .from = !out},
	};

	wr_live_add(l, &p);
}

static struct wr_live *live(void)
{
	struct wr_live_conf conf = {.flows_max = 1 << 14};
	struct wr_live *l = NULL;

	if (wr_live_open(&l, &conf, NULL))
		exit(1);
	wr_live_iface(l, "eth0");
	return l;
}

/* ---- reading the text ---- */

/* The value of the sample that is written so, -1: there is none. */
static double sample(const char *text, const char *name)
{
	size_t n = strlen(name);

	for (const char *s = text; s && *s; s = strchr(s, '\n') ? strchr(s, '\n') + 1 : NULL)
		if (!strncmp(s, name, n) && s[n] == ' ')
			return strtod(s + n, NULL);
	return -1;
}

static int count(const char *text, const char *what)
{
	int n = 0;

	for (const char *s = text; (s = strstr(s, what)); s++)
		n++;
	return n;
}

static const char *write_text(struct wr_measures *m, const struct wr_measure_in *in,
			      enum wr_metrics_form form)
{
	wr_buf_clear(&b);
	wr_metrics_write(&b, m, in, form);
	return wr_buf_text(&b);
}

/* ---- tests ---- */

static void classes(void)
{
	const struct wr_class_row row[2] = {
		{.name = "web",
		 .all = {.offered = {10, 1000},
			 .passed = {7, 700},
			 .marked = {2, 200},
			 .dropped = {3, 300},
			 .borrowed = {1, 100}}},
		{.all = {.offered = {5, 50}}},
	};
	const struct wr_link_row link[2] = {
		{.iface = "eth0", .capacity_bps = 8000, .budget_bps = 4000, .used_bps = 800},
		{.iface = "eth1", .out = true},
	};
	const struct wr_measure_in in = {
		.classes = row, .n_classes = 2, .links = link, .n_links = 2, .now_ns = NOON};
	struct wr_measures m = {0};
	const char *text = write_text(&m, &in, WR_METRICS_TEXT);

	ok(sample(text, "weir_class_packets_total{class=\"web\",what=\"offered\"}") == 10 &&
		   sample(text, "weir_class_packets_total{class=\"web\",what=\"passed\"}") == 7 &&
		   sample(text, "weir_class_packets_total{class=\"web\",what=\"marked\"}") == 2 &&
		   sample(text, "weir_class_packets_total{class=\"web\",what=\"dropped\"}") == 3 &&
		   sample(text, "weir_class_packets_total{class=\"web\",what=\"borrowed\"}") == 1,
	   "packets of a class, by what came of them");
	is_int((int64_t)sample(text, "weir_class_bytes_total{class=\"web\",what=\"dropped\"}"), 300,
	       "bytes, too");
	is_int((int64_t)sample(text,
			       "weir_class_packets_total{class=\"(no class)\",what=\"offered\"}"),
	       5, "what is in no class");
	ok(sample(text,
		  "weir_link_capacity_bytes_per_second{interface=\"eth0\",direction=\"in\"}") ==
			   1000 &&
		   sample(text, "weir_link_budget_bytes_per_second{interface=\"eth0\",direction="
				"\"in\"}") == 500 &&
		   sample(text, "weir_link_used_bytes_per_second{interface=\"eth0\",direction="
				"\"in\"}") == 100,
	   "a link, in bytes");
	is_int((int64_t)sample(text, "weir_link_used_bytes_per_second{interface=\"eth1\",direction="
				     "\"out\"}"),
	       0, "a link that carries nothing");
	ok(sample(text, "weir_link_capacity_bytes_per_second{interface=\"eth1\",direction="
			"\"out\"}") < 0,
	   "nothing is made up of a capacity that nobody knows");
	is_int(count(write_text(&m, &in, WR_METRICS_OPENMETRICS), "# TYPE weir_class_"), 2,
	       "families are told in OpenMetrics, too");
	is_int(count(write_text(&m, &(struct wr_measure_in){.now_ns = NOON}, WR_METRICS_TEXT),
		     "weir_class"),
	       0, "without classes there is none");
}

static void forecasts(void)
{
	static struct wr_forecast f;
	const struct wr_forecast_row row[2] = {
		{.kind = "class", .key = "web", .of = &f, .limit_name = "ceiling", .meets = 90},
		{.kind = "total", .key = "", .what = WR_FORECAST_BITS_OUT, .of = &f, .meets = -1}};
	const struct wr_measure_in in = {.forecasts = row, .n_forecasts = 2, .now_ns = NOON};
	struct wr_measures m = {0};
	const char *text;

	wr_forecast_begin(&f);
	for (uint64_t t = 0; t < 1440; t++)
		wr_forecast_minute(&f, NOON / 60000000000u + t, 8000);
	text = write_text(&m, &in, WR_METRICS_TEXT);
	is_int((int64_t)sample(text, "weir_forecast_bytes_per_second{of=\"class web\",direction="
				     "\"in\",ahead=\"1h\",bound=\"mid\"}"),
	       1000, "what is expected, in bytes");
	is_int(count(text, "weir_forecast_bytes_per_second{of=\"total\",direction=\"out\""),
	       3 * WR_FORECAST_HORIZONS, "three bounds for each horizon");
	is_int((int64_t)sample(
		       text,
		       "weir_forecast_meets_limit_seconds{of=\"class web\",direction=\"in\"}"),
	       5400, "until a limit is met");
	is_int(count(text, "weir_forecast_meets_limit_seconds{"), 1,
	       "nothing is said where it is not");
}

static void forms(void)
{
	ok(wr_metrics_form(NULL) == WR_METRICS_TEXT &&
		   wr_metrics_form("text/html, */*") == WR_METRICS_TEXT,
	   "a reader that does not ask gets the older text");
	ok(wr_metrics_form("application/openmetrics-text;version=1.0.0,text/plain;q=0.5") ==
		   WR_METRICS_OPENMETRICS,
	   "one that takes OpenMetrics gets it");
}

static void ledger_rows(void)
{
	struct wr_ledger row[2] = {
		{.iface = "eth0",
		 .hook = WR_HOOK_XDP,
		 .since_ns = NOON,
		 .arrived = {7, 700},
		 .passed = {7, 700},
		 .made = 5,
		 .seen = 3,
		 .lost = {2},
		 .waiting = 1,
		 .balanced = true},
		{.iface = "a\"b\\c\nd\xff", .hook = WR_HOOK_TC},
	};
	const struct wr_measure_in in = {.ledger = row, .n_ledger = 2, .now_ns = NOON + SECOND};
	struct wr_measures m = {0};
	const char *text;

	row[0].bad[WR_BAD_TCP_DOFF] = 4;
	text = write_text(&m, &in, WR_METRICS_TEXT);
	ok(sample(text, "weir_packets_total{interface=\"eth0\",hook=\"xdp\",direction=\"in\"}") ==
			   7 &&
		   sample(text,
			  "weir_bytes_total{interface=\"eth0\",hook=\"xdp\",direction=\"in\"}") ==
			   700,
	   "packets and bytes of a hook");
	ok(sample(text, "weir_records_lost_total{interface=\"eth0\",hook=\"xdp\",stage=\"ring_"
			"full\"}") == 2,
	   "records that were lost, by stage");
	ok(sample(text, "weir_malformed_packets_total{interface=\"eth0\",hook=\"xdp\",reason=\"tcp_"
			"doff\"}") == 4 &&
		   count(text, "weir_malformed_packets_total{") == 1,
	   "malformed packets, by reasons that occurred");
	ok(sample(text, "weir_packets_total{interface=\"a\\\"b\\\\c\\nd\\\\xff\",hook=\"tc\","
			"direction=\"in\"}") == 0,
	   "a name with quote, backslash, newline and a byte that is not UTF-8");
	ok(strstr(text, "# TYPE weir_packets_total counter\n") && !strstr(text, "# UNIT") &&
		   !strstr(text, "# EOF"),
	   "the older text: its names, no units, no end mark");
	text = write_text(&m, &in, WR_METRICS_OPENMETRICS);
	ok(strstr(text, "# TYPE weir_packets counter\n") &&
		   strstr(text, "# UNIT weir_bytes bytes\n") &&
		   strstr(text, "# TYPE weir_build info\nweir_build_info{version=\"") &&
		   !strcmp(text + strlen(text) - 6, "# EOF\n"),
	   "OpenMetrics: its names, units, and the end mark at the end");
	ok(!strstr(text, "weir_flows") && !strstr(text, "process_"), "what is not known is absent");
}

static void size_bounds(void)
{
	bool fine = true;

	for (uint32_t i = 0; i < WR_LIVE_SIZES; i++)
		fine &= wr_size_class(wr_live_size_bound[i]) == i &&
			(i + 1 == WR_LIVE_SIZES ||
			 wr_size_class(wr_live_size_bound[i] + 1) == i + 1);
	ok(fine, "the bounds of sizes are those that packets are counted by");
}

static void totals(void)
{
	struct wr_live *l = live();
	struct wr_self self = {.cpu_s = 1.25, .resident_bytes = 4096, .fds = 3};
	const struct wr_measure_output out = {"eve", {10, 7, 2}};
	struct wr_measure_in in = {
		.live = l, .self = &self, .outputs = &out, .n_outputs = 1, .now_ns = NOON};
	struct wr_live_rest rest = {.not_ip = {2, 120}, .sizes = {{1, 60}, {0}, {5, 1000}}};
	struct wr_measures m = {0};
	const char *text;

	rest.sizes[WR_LIVE_SIZES - 1] = (struct wr_count){3, 90000};
	rest.tcp_flags[0x12] = 4;
	rest.tcp_flags[0x10] = 6;
	wr_live_begin(l, NOON);
	talk(l, 443, 7, false, 10, NOON);
	talk(l, 443, 7, true, 4, NOON);
	wr_live_add_rest(l, 0, false, &rest);
	wr_live_end(l, NOON + SECOND);
	text = write_text(&m, &in, WR_METRICS_OPENMETRICS);
	ok(sample(text, "weir_service_bytes_total{address=\"10.0.0.1\",port=\"443\",protocol="
			"\"TCP\",direction=\"in\"}") == 1000 &&
		   sample(text,
			  "weir_service_packets_total{address=\"10.0.0.1\",port=\"443\",protocol="
			  "\"TCP\",direction=\"out\"}") == 4 &&
		   sample(text, "weir_service_packets_total{address=\"other\",port=\"other\","
				"protocol=\"other\",direction=\"in\"}") == 2,
	   "a service in both directions, and all others");
	ok(sample(text, "weir_protocol_packets_total{protocol=\"TCP\",direction=\"in\"}") == 10 &&
		   sample(text,
			  "weir_protocol_packets_total{protocol=\"not-ip\",direction=\"in\"}") == 2,
	   "protocols");
	ok(sample(text, "weir_packet_size_bytes_bucket{le=\"63.0\"}") == 1 &&
		   sample(text, "weir_packet_size_bytes_bucket{le=\"127.0\"}") == 1 &&
		   sample(text, "weir_packet_size_bytes_bucket{le=\"255.0\"}") == 6 &&
		   sample(text, "weir_packet_size_bytes_bucket{le=\"9018.0\"}") == 6 &&
		   sample(text, "weir_packet_size_bytes_bucket{le=\"+Inf\"}") == 9 &&
		   sample(text, "weir_packet_size_bytes_sum") == 91060 &&
		   sample(text, "weir_packet_size_bytes_count") == 9,
	   "sizes: each bucket holds those below it");
	ok(sample(text, "weir_tcp_flag_packets_total{flag=\"syn\"}") == 4 &&
		   sample(text, "weir_tcp_flag_packets_total{flag=\"ack\"}") == 10,
	   "TCP flags");
	ok(sample(text, "weir_flows") == 1 && sample(text, "weir_flows_begun_total") == 1 &&
		   sample(text, "weir_windows_total") == 1 && sample(text, "weir_services") == 1,
	   "flows, windows, services");
	ok(sample(text, "process_cpu_seconds_total") == 1.25 &&
		   sample(text, "process_resident_memory_bytes") == 4096 &&
		   sample(text, "weir_export_lost_total{output=\"eve\"}") == 2,
	   "the process and its outputs");
	ok(wr_self_read(&self) == 0 && self.cpu_s >= 0 && self.resident_bytes > 100000 &&
		   self.fds >= 3 && self.started_s > 1.5e9,
	   "what this process costs can be read");
	wr_live_close(&l);
}

/* ---- no counter goes back ---- */

enum { SERIES_MAX = 4096 };

struct series {
	char name[160];
	double value;
};

static struct series seen[SERIES_MAX];
static int n_seen;

/* What changed from one reading to the next. */
struct change {
	int series;	 /* that there are now */
	int came, went;	 /* of them new; not there any more */
	int back;	 /* went back */
	double services; /* packets that series of services went up by, as a reader sees it */
};

static struct change changes(const char *text)
{
	static struct series now[SERIES_MAX];
	struct change c = {0};

	for (const char *s = text; *s; s = strchr(s, '\n') + 1) {
		const char *space = strchr(s, ' ');

		if (*s == '#' || !strstr(s, "_total{") || strstr(s, "_total{") > space)
			continue;
		snprintf(now[c.series].name, sizeof(now[0].name), "%.*s", (int)(space - s), s);
		now[c.series++].value = strtod(space, NULL);
	}
	c.came = c.series;
	c.went = n_seen;
	for (int i = 0; i < c.series; i++)
		for (int k = 0; k < n_seen; k++) {
			if (strcmp(now[i].name, seen[k].name) != 0)
				continue;
			c.came--;
			c.went--;
			c.back += now[i].value < seen[k].value;
			if (!strncmp(now[i].name, "weir_service_packets", 20))
				c.services += now[i].value - seen[k].value;
		}
	memcpy(seen, now, sizeof(now));
	n_seen = c.series;
	return c;
}

static double all_packets(const struct wr_live *l)
{
	return (double)(wr_live_totals(l)->in.packets + wr_live_totals(l)->out.packets);
}

/* Services that come, grow and are overtaken, more of them than have series and, in the end, more
 * than the table holds. */
static void churn(void)
{
	struct wr_live *l = live();
	struct wr_measure_in in = {.live = l, .now_ns = NOON};
	struct wr_measures m = {0};
	int most = 0, back = 0, came = 0, went = 0, wrong = 0, plain = 0;
	double before = 0;

	for (uint64_t w = 0; w < 400; w++) {
		struct change c;
		double grown;

		wr_live_begin(l, NOON + w * SECOND);
		for (int i = 0; i < 60; i++) {
			uint32_t hot = (uint32_t)(w / 10 * 7 % 90);
			uint16_t port = (uint16_t)(1 + (dice(3) ? hot + dice(10) : dice(100)));

			if (w > 200)
				port = (uint16_t)(1 + dice(60000));
			talk(l, port, dice(500), dice(3) == 0, 1 + dice(port % 7 ? 10 : 3000),
			     NOON + w * SECOND);
		}
		wr_live_end(l, NOON + (w + 1) * SECOND);
		if (dice(3))
			continue;
		in.now_ns = NOON + (w + 1) * SECOND;
		c = changes(write_text(&m, &in, WR_METRICS_TEXT));
		grown = all_packets(l) - before;
		before += grown;
		if (most) {
			back += c.back;
			came += c.came;
			went += c.went;
			plain += !c.came;
			wrong += c.services > grown || (!c.came && c.services < grown);
		}
		most = c.series > most ? c.series : most;
	}
	ok(came > 40 && went > 40, "series come (%d) and go (%d)", came, went);
	is_int(back, 0, "no counter goes back");
	ok(!wrong && plain > 20,
	   "what a reader sees them grow by is what came, but for series that are new");
	/* two families with two directions each, for services and for protocols; flags */
	ok(most <= 2 * 2 * 2 * (WR_MEASURE_TOP + 1) + 8, "series are bounded: %d at most", most);
	wr_live_close(&l);
}

/* What was there before the first reader is told once. */
static void exact(void)
{
	struct wr_live *l = live();
	const struct wr_measure_in in = {.live = l, .now_ns = NOON};
	struct wr_measures m = {0};
	double sum = 0;

	wr_live_begin(l, NOON);
	for (uint16_t port = 1; port <= 100; port++)
		talk(l, port, port, false, 1 + port * 10u, NOON);
	wr_live_end(l, NOON + SECOND);
	for (const char *s = write_text(&m, &in, WR_METRICS_TEXT);
	     (s = strstr(s, "\nweir_service_packets_total{")); s++)
		sum += strtod(strchr(s, ' '), NULL);
	ok(sum == 50600, "the first reader sees each packet in one series");
	wr_live_close(&l);
}

/* ---- OTLP ---- */

static const json_t *metric(const json_t *root, const char *name)
{
	const json_t *rm = json_array_get(json_object_get(root, "resourceMetrics"), 0);
	const json_t *sm = json_array_get(json_object_get(rm, "scopeMetrics"), 0);
	const json_t *all = json_object_get(sm, "metrics");
	size_t i;

	for (i = 0; i < json_array_size(all); i++) {
		const json_t *one = json_array_get(all, i);

		if (!strcmp(json_string_value(json_object_get(one, "name")), name))
			return one;
	}
	return NULL;
}

static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static void otlp(void)
{
	struct wr_ledger row = {.iface = "a\"\xff\n",
				.hook = WR_HOOK_TC,
				.since_ns = NOON - SECOND,
				.arrived = {7, UINT64_MAX}};
	struct wr_self self = {.cpu_s = 0.5};
	struct wr_live *l = live();
	const struct wr_otlp_pair pair = {"deployment.environment", "te\"st"};
	const struct wr_otlp_resource resource = {.host_name = "h", .more = &pair, .n_more = 1};
	const struct wr_measure_in in = {
		.live = l, .ledger = &row, .n_ledger = 1, .self = &self, .now_ns = NOON};
	struct wr_measures m = {.start_ns = NOON - 5 * SECOND};
	const json_t *one, *point, *data;
	uint32_t points, counted = 0;
	json_t *root;

	wr_live_begin(l, NOON);
	talk(l, 443, 7, false, 10, NOON);
	wr_live_end(l, NOON + SECOND);
	wr_buf_clear(&b);
	points = wr_otlp_write(&b, &m, &in, &resource);
	root = json_loads(wr_buf_text(&b), 0, NULL);
	ok(root && !strchr(wr_buf_text(&b), '\n'), "the body is JSON on one line");
	one = metric(root, "weir.bytes");
	data = json_object_get(one, "sum");
	point = json_array_get(json_object_get(data, "dataPoints"), 0);
	is_str(text_of(one, "unit"), "By", "units are UCUM");
	ok(json_is_true(json_object_get(data, "isMonotonic")) &&
		   json_integer_value(json_object_get(data, "aggregationTemporality")) == 2,
	   "a counter is a monotonic cumulative sum, its temporality an integer");
	is_str(text_of(point, "asInt"), "18446744073709551615", "64-bit integers are strings");
	is_str(text_of(point, "startTimeUnixNano"), "1699999999000000000",
	       "a counter of the ledger begins when the hook did");
	is_str(text_of(point, "timeUnixNano"), "1700000000000000000", "and is told at its time");
	one = json_array_get(json_object_get(point, "attributes"), 0);
	is_str(text_of(one, "key"), "interface", "labels are attributes");
	is_str(text_of(json_object_get(one, "value"), "stringValue"), "a\"\xc3\xbf\n",
	       "with any name");
	data = json_object_get(metric(root, "weir.packet.size"), "histogram");
	point = json_array_get(json_object_get(data, "dataPoints"), 0);
	ok(json_array_size(json_object_get(point, "bucketCounts")) ==
			   json_array_size(json_object_get(point, "explicitBounds")) + 1 &&
		   json_is_string(json_object_get(point, "count")) &&
		   json_is_string(json_array_get(json_object_get(point, "bucketCounts"), 0)) &&
		   json_is_number(json_object_get(point, "sum")),
	   "a histogram has a bucket more than bounds");
	data = json_object_get(metric(root, "weir.flows"), "gauge");
	point = json_array_get(json_object_get(data, "dataPoints"), 0);
	ok(!strcmp(text_of(point, "asInt"), "1") && !json_object_get(point, "startTimeUnixNano") &&
		   !json_object_get(data, "aggregationTemporality"),
	   "a gauge has no beginning");
	data = json_object_get(metric(root, "process.cpu.time"), "sum");
	point = json_array_get(json_object_get(data, "dataPoints"), 0);
	ok(json_real_value(json_object_get(point, "asDouble")) == 0.5, "a double is a number");
	for (const char *s = wr_buf_text(&b); (s = strstr(s, "\"timeUnixNano\"")); s++)
		counted++;
	is_int(points, counted, "data points are counted");
	ok(!metric(root, "weir.build") && count(wr_buf_text(&b), "te\\\"st") == 1,
	   "the resource tells the version, and what the user adds");
	json_decref(root);
	wr_live_close(&l);
}

int main(void)
{
	forecasts();
	forms();
	classes();
	ledger_rows();
	size_bounds();
	totals();
	exact();
	churn();
	otlp();
	wr_buf_free(&b);
	return done();
}
