/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/fact_json.h"

#include "flow/flow.h"
#include "view/packet.h"

void wr_view_count_json(struct wr_buf *b, const char *key, struct wr_count n)
{
	wr_json_open_key(b, key);
	wr_json_u64(b, "packets", n.packets);
	wr_json_u64(b, "bytes", n.bytes);
	wr_json_close(b);
}

void wr_view_time_json(struct wr_buf *b, const char *key, uint64_t ns)
{
	wr_json_key(b, key);
	wr_buf_char(b, '"');
	wr_buf_time(b, ns);
	wr_buf_char(b, '"');
}

void wr_view_addr_json(struct wr_buf *b, const char *key, const uint8_t *addr_net, int ip_v)
{
	wr_json_key(b, key);
	wr_buf_char(b, '"');
	if (ip_v == 4)
		wr_buf_ip4(b, addr_net);
	else
		wr_buf_ip6(b, addr_net);
	wr_buf_char(b, '"');
}

void wr_view_proto_json(struct wr_buf *b, uint16_t tag, uint8_t proto)
{
	const char *name = wr_view_proto(proto);

	if (tag & WR_FLOW_NO_PROTO)
		return;
	if (name)
		wr_json_str(b, "proto", name);
	wr_json_u64(b, "ip_proto", proto);
}

void wr_view_both_ways_json(struct wr_buf *b, struct wr_count to_server, struct wr_count to_client,
			    uint64_t first_ns, uint64_t last_ns)
{
	wr_json_u64(b, "pkts_toserver", to_server.packets);
	wr_json_u64(b, "pkts_toclient", to_client.packets);
	wr_json_u64(b, "bytes_toserver", to_server.bytes);
	wr_json_u64(b, "bytes_toclient", to_client.bytes);
	wr_view_time_json(b, "start", first_ns);
	wr_view_time_json(b, "end", last_ns);
}
