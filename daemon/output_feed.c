/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "daemon/output_kind.h"
#include "view/app_json.h"

/* Ways out for flows, totals, findings, metrics and spans: events, IPFIX, OTLP. */

/* ---- what encoders ask of a flow ---- */

static const char *iface_name(void *ctx, uint32_t number)
{
	const struct wr_output_run *r = ctx;

	(void)number;
	return r->iface;
}

static uint32_t iface_index(void *ctx, uint32_t number)
{
	const struct wr_output_run *r = ctx;

	(void)number;
	return r->ifindex;
}

static void said(void *ctx, struct wr_buf *b, const struct wr_flow *f)
{
	const struct wr_output_run *r = ctx;

	if (r->has_app)
		wr_view_app_json(b, &r->app, wr_flow_server(f));
}

static int eve_open(struct wr_output_run *r, struct wr_output_one *o, const char *to,
		    struct wr_err *err)
{
	struct wr_eve_conf conf = {
		.to = to,
		.style = {.iface = iface_name, .more = said, .ctx = r},
		.box = &o->slot->box,
		.later = true,
	};

	return wr_eve_open(&o->eve, &conf, err);
}

static void eve_flow(struct wr_output_run *r, struct wr_output_one *o)
{
	if (wr_output_wants(r->conf, "flow"))
		wr_eve_flow(o->eve, &r->flow);
}

static bool eve_lines(struct wr_output_one *o, const uint8_t *text, size_t n, uint32_t holds)
{
	(void)holds;
	wr_eve_lines(o->eve, (const char *)text, n);
	return true;
}

static struct wr_outlet *eve_outlet(const struct wr_output_one *o)
{
	return wr_eve_outlet(o->eve);
}

static int eve_step(struct wr_output_one *o, uint64_t now_ns, struct wr_err *err)
{
	return wr_outlet_flush(eve_outlet(o), now_ns, err);
}

static const char *eve_trouble(const struct wr_output_one *o)
{
	return wr_outlet_trouble(eve_outlet(o));
}

static void eve_close(struct wr_output_one *o)
{
	wr_eve_close(&o->eve, 0, NULL, NULL);
}

/* nfcapd takes the numbers of options records over UDP for lost flows: names only in streams. */
static int ipfix_open(struct wr_output_run *r, struct wr_output_one *o, const char *to,
		      struct wr_err *err)
{
	bool stream = !strncmp(to, "tcp:", 4);
	struct wr_ipfix_send_conf conf = {
		.to = to,
		.box = &o->slot->box,
		.later = true,
		.sequence = &o->slot->sequence,
		.ifindex = iface_index,
		.iface = stream ? iface_name : NULL,
		.iface_ctx = r,
	};

	r->datagrams |= !stream;
	return wr_ipfix_open(&o->ipfix, &conf, err);
}

static void ipfix_flow(struct wr_output_run *r, struct wr_output_one *o)
{
	wr_ipfix_add(o->ipfix, &r->flow);
}

static struct wr_outlet *ipfix_outlet(const struct wr_output_one *o)
{
	return wr_ipfix_outlet(o->ipfix);
}

static int ipfix_step(struct wr_output_one *o, uint64_t now_ns, struct wr_err *err)
{
	return wr_ipfix_step(o->ipfix, now_ns, err);
}

static const char *ipfix_trouble(const struct wr_output_one *o)
{
	return wr_outlet_trouble(ipfix_outlet(o));
}

static void ipfix_close(struct wr_output_one *o)
{
	wr_ipfix_close(&o->ipfix, 0, NULL, NULL);
}

/* ---- OTLP ---- */

static int otlp_open(struct wr_output_run *r, struct wr_output_one *o, const char *to,
		     struct wr_err *err)
{
	struct wr_post_conf conf = {
		.url = to,
		.headers = r->otlp.at,
		.n_headers = r->otlp.n,
		.newest_first = true, /* counters in the next body go on from this one's */
		.box = &o->slot->box,
	};

	return wr_post_open(&o->post, &conf, err);
}

static int traces_open(struct wr_output_run *r, struct wr_output_one *o, const char *to,
		       struct wr_err *err)
{
	struct wr_post_conf conf = {
		.name = "OTLP traces",
		.things = "spans",
		.rejected = "rejectedSpans",
		.url = to,
		.headers = r->otlp.at,
		.n_headers = r->otlp.n,
		.box = &o->slot->box,
	};

	return wr_post_open(&o->post, &conf, err);
}

static bool otlp_body(struct wr_output_one *o, const uint8_t *body, size_t n, uint32_t holds)
{
	return wr_post_put(o->post, (const char *)body, n, holds);
}

int wr_output_post_step(struct wr_output_one *o, uint64_t now_ns, struct wr_err *err)
{
	int ret = wr_post_step(o->post, now_ns, 0, err);

	return ret < 0 ? ret : wr_post_busy(o->post);
}

struct wr_outlet *wr_output_no_outlet(const struct wr_output_one *o)
{
	(void)o;
	return NULL;
}

const char *wr_output_post_trouble(const struct wr_output_one *o)
{
	return wr_post_trouble(o->post);
}

void wr_output_post_close(struct wr_output_one *o)
{
	wr_post_close(&o->post);
}

/* ---- all of them ---- */

const struct wr_output_ways wr_output_eve = {
	.open = eve_open,
	.flow = eve_flow,
	.takes = WR_OUTPUT_TAKES(STATS) | WR_OUTPUT_TAKES(FINDING) | WR_OUTPUT_TAKES(INCIDENT),
	.text = eve_lines,
	.step = eve_step,
	.outlet = eve_outlet,
	.trouble = eve_trouble,
	.close = eve_close,
};

const struct wr_output_ways wr_output_ipfix = {
	.open = ipfix_open,
	.flow = ipfix_flow,
	.step = ipfix_step,
	.outlet = ipfix_outlet,
	.trouble = ipfix_trouble,
	.close = ipfix_close,
};

const struct wr_output_ways wr_output_otlp = {
	.open = otlp_open,
	.takes = WR_OUTPUT_TAKES(METRICS),
	.text = otlp_body,
	.step = wr_output_post_step,
	.outlet = wr_output_no_outlet,
	.trouble = wr_output_post_trouble,
	.close = wr_output_post_close,
};

const struct wr_output_ways wr_output_otlp_traces = {
	.open = traces_open,
	.takes = WR_OUTPUT_TAKES(SPANS),
	.text = otlp_body,
	.step = wr_output_post_step,
	.outlet = wr_output_no_outlet,
	.trouble = wr_output_post_trouble,
	.close = wr_output_post_close,
};
