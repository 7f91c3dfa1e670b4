/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "export/frame.h"

#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/when.h"
#include "view/fact_json.h"

void wr_frame_json(struct wr_buf *b, const struct wr_packet *pkt)
{
	wr_json_open(b);
	wr_json_str(b, "event_type", "frame");
	wr_view_time_json(b, "timestamp", pkt->ts_ns);
	wr_json_str(b, "in_iface", pkt->iface);
	wr_json_str(b, "hook", wr_hook_name((enum wr_hook)pkt->hook));
	wr_json_u64(b, "linktype", pkt->linktype);
	wr_json_u64(b, "len", pkt->len);
	if (pkt->gso_segs)
		wr_json_u64(b, "gso_segs", pkt->gso_segs);
	if (pkt->fate)
		wr_json_str(b, "verdict", wr_verdict_name(pkt->fate->verdict));
	if (pkt->fate && pkt->fate->rule)
		wr_json_str(b, "rule", pkt->fate->rule);
	wr_json_base64(b, "frame", pkt->data, pkt->caplen);
	wr_json_close(b);
	wr_buf_char(b, '\n');
}

static uint64_t number(const json_t *o, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(o, key));
}

static const char *text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

int wr_frame_read(struct wr_frame *f, const json_t *o)
{
	const json_t *data = json_object_get(o, "frame");
	const json_t *verdict = json_object_get(o, "verdict");
	size_t n = json_string_length(data);
	ssize_t caplen = n / 4 * 3 <= WR_FRAME_MAX
				 ? wr_json_base64_read(json_string_value(data), n, f->bytes)
				 : -1;

	f->pkt = (struct wr_packet){
		.data = f->bytes,
		.caplen = caplen < 0 ? 0 : (uint32_t)caplen,
		.len = (uint32_t)number(o, "len"),
		.linktype = (uint16_t)number(o, "linktype"),
		.gso_segs = (uint16_t)number(o, "gso_segs"),
		.iface = text(o, "in_iface"),
	};
	f->fate = (struct wr_fate){.rule = json_string_value(json_object_get(o, "rule"))};
	if (!data || caplen < 0 || wr_when_parse(text(o, "timestamp"), 0, &f->pkt.ts_ns, NULL))
		return -EINVAL;
	while (f->pkt.hook < WR_HOOK_COUNT && strcmp(text(o, "hook"), wr_hook_name(f->pkt.hook)))
		f->pkt.hook++;
	if (f->pkt.hook == WR_HOOK_COUNT)
		f->pkt.hook = WR_HOOK_FILE;
	while (verdict && f->fate.verdict < WR_VERDICT_ANSWER &&
	       strcmp(text(o, "verdict"), wr_verdict_name(f->fate.verdict)) != 0)
		f->fate.verdict++;
	f->pkt.fate = verdict ? &f->fate : NULL;
	return 0;
}
