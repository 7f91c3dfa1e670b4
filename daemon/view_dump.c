/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/when.h"
#include "core/parse.h"
#include "daemon/api.h"
#include "daemon/findings.h"
#include "daemon/query.h"
#include "daemon/samples.h"
#include "export/frame.h"
#include "policy/verdict.h"
#include "view/fact_json.h"
#include "view/packet.h"

/*
 * The view `dump`: the last packets that the daemon keeps. As packets (what weir watch shows of
 * them: the newest COUNT), or as frames: their bytes, a piece of the ring at a time, from which
 * `weir dump` makes a capture file.
 */

enum { COUNT = 50, COUNT_MAX = 10000, FILTER_MAX = 1024, PIECE_BYTES = 1 << 20 };

struct answer {
	struct wr_buf *b;
	size_t begin;
	bool text, color;
	struct wr_parse parse;
};

static bool packet(void *ctx, const struct wr_packet *pkt)
{
	struct answer *a = ctx;
	struct wr_packet_style style = {.show_iface = true, .color = a->color};

	wr_parse(&a->parse, pkt->data, pkt->caplen, pkt->len, pkt->linktype);
	a->parse.rec.gso_segs = pkt->gso_segs;
	if (a->text)
		wr_view_packet_line(a->b, pkt, &a->parse.rec, &style);
	else
		wr_view_packet_json(a->b, pkt, &a->parse.rec, &style);
	return true;
}

static bool frame(void *ctx, const struct wr_packet *pkt)
{
	struct answer *a = ctx;
	struct wr_buf *b = a->b;

	if (b->used - a->begin >= PIECE_BYTES)
		return false;
	wr_frame_json(b, pkt);
	return true;
}

/* ---- what is asked for ---- */

static int number(const struct wr_query *q, const char *name, uint64_t max, uint64_t *out,
		  struct wr_err *err)
{
	const char *text = wr_query_value(q, name);
	char *end;

	if (!text)
		return 0;
	errno = 0;
	*out = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || *out > max)
		return wr_fail(err, EINVAL, "%s: '%s' is not a number from 0 to %llu", name, text,
			       (unsigned long long)max);
	return 0;
}

static int since(const struct wr_query *q, uint64_t *ns, struct wr_err *err)
{
	const char *text = wr_query_value(q, "last");
	uint64_t span, now = wr_when_now();

	if (!text)
		return 0;
	if (wr_when_span(text, &span, err))
		return wr_within(err, "last");
	*ns = span < now ? now - span : 0;
	return 0;
}

static int form(const struct wr_query *q, bool *frames, struct wr_err *err)
{
	const char *name = wr_query_value(q, "form");

	*frames = name && !strcmp(name, "frames");
	if (!name || *frames || !strcmp(name, "packets"))
		return 0;
	return wr_fail(err, EINVAL, "form: '%s' is none of packets, frames", name);
}

static int read_ask(const struct wr_query *q, struct wr_dump_ask *ask, bool *frames,
		    struct wr_err *err)
{
	uint64_t count = 0;
	int ret = form(q, frames, err);

	if (!ret)
		ret = number(q, "count", COUNT_MAX, &count, err);
	if (!ret)
		ret = number(q, "from", UINT64_MAX, &ask->from, err);
	if (!ret)
		ret = number(q, "to", UINT64_MAX, &ask->to, err);
	if (!ret)
		ret = since(q, &ask->since_ns, err);
	ask->newest = (uint32_t)count;
	if (!count && !*frames)
		ask->newest = COUNT;
	ask->filter = wr_query_value(q, "filter");
	/* libpcap's optimiser takes seconds for very long ones, and nothing here may wait. */
	if (!ret && ask->filter && strlen(ask->filter) > FILTER_MAX)
		ret = wr_fail(err, EINVAL, "filter: more than %d bytes", FILTER_MAX);
	return ret;
}

/* Instead of the last packets the first of an incident: those between two numbers of another ring.
 */
static int of_incident(const struct wr_api_host *h, const struct wr_query *q, uint64_t id,
		       struct wr_dump_ask *ask, struct wr_err *err)
{
	const struct wr_sample *s = h->samples ? wr_samples_find(h->samples, id) : NULL;
	const struct wr_incident *i = NULL;

	if (h->findings)
		i = wr_incidents_find(wr_findings_incidents(h->findings), id);
	if (!i && !s)
		return wr_fail(err, ENODATA,
			       "there is no incident %s among the last ones (weir incidents), and "
			       "no packets of it are kept",
			       wr_query_value(q, "incident"));
	if (!s || (i && !i->sample.to))
		return wr_fail(err, ENODATA, "no packets of incident %s are kept: %s",
			       wr_query_value(q, "incident"),
			       i->sample.taken
				       ? "there were none, or newer ones have their place "
					 "([detect] samples, [dump] size)"
				       : "they are looked for three seconds after it began");
	if (ask->from < s->from)
		ask->from = s->from;
	if (!ask->to || ask->to > s->to)
		ask->to = s->to;
	return 0;
}

/* ---- the answer ---- */

/* What there is, so that who asks knows what is missing, and how to go on. */
static void end(const struct wr_api_host *h, const struct wr_dump_ask *ask, uint64_t newest,
		struct wr_buf *b)
{
	struct wr_status s = {0};

	if (h->status)
		h->status(h->ctx, &s);
	wr_json_open(b);
	wr_json_str(b, "event_type", "dump");
	wr_json_u64(b, "next", ask->from);
	wr_json_u64(b, "newest", newest);
	wr_view_dump_json(b, &s);
	wr_json_close(b);
	wr_buf_char(b, '\n');
}

static int dump(const struct wr_api_host *h, const struct wr_query *q, struct wr_buf *b,
		struct wr_err *err)
{
	struct answer a = {.b = b,
			   .begin = b->used,
			   .text = q->text,
			   .color = q->how.color,
			   .parse = {.max_depth = 1}};
	const struct wr_dump *from = h->dump;
	struct wr_dump_ask ask = {0};
	uint64_t id = 0;
	bool frames;
	int ret;

	if (!h->dump)
		return wr_fail(err, ENODATA,
			       "the last packets are not kept: set 'size = 12MiB' in [dump] of the "
			       "configuration, then 'weir config reload'");
	ret = read_ask(q, &ask, &frames, err);
	if (!ret && frames && q->text)
		ret = wr_fail(err, EINVAL, "dump: frames are not text (as=json)");
	if (!ret)
		ret = number(q, "incident", UINT64_MAX, &id, err);
	if (!ret && id)
		ret = of_incident(h, q, id, &ask, err);
	if (!ret && id)
		from = h->samples->ring;
	if (!ret)
		ret = wr_dump_each(from, &ask, frames ? frame : packet, &a, err);
	if (!ret && !q->text)
		end(h, &ask, id ? ask.to : wr_dump_state(from).added, b);
	return ret;
}

static const char *const keys[] = {"last", "filter", "count",	 "from",
				   "to",   "form",   "incident", NULL};

const struct wr_api_view wr_api_view_dump = {"dump", "the last packets", keys, false, dump};
