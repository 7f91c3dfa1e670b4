/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "export/ipfix_send.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

enum {
	BUFFER_DEFAULT = 4 << 20,
	UDP_BYTES = 1432, /* fits an Ethernet path with an IPv6 header and a tunnel's */
	STREAM_BYTES = 16384,
	REFRESH_S = 60,
};

struct wr_ipfix_send {
	struct wr_outlet *outlet; /* owned */
	uint64_t refresh_ns, forget_ns;
	uint32_t *sequence; /* the caller's, or NULL */
	bool path_decides;  /* how long a datagram is */
	struct wr_ipfix x;
};

static uint32_t now_s(void)
{
	return (uint32_t)time(NULL);
}

static void message(void *ctx, const uint8_t *msg, size_t n, uint32_t records, uint32_t flows)
{
	struct wr_ipfix_send *s = ctx;

	wr_outlet_put(s->outlet, msg, n, flows, records);
}

/* What a datagram may hold on the way that the system knows now. */
static uint32_t path_bytes(int fd)
{
	int mtu = 0;
	socklen_t len = sizeof(mtu);

	if (!getsockopt(fd, IPPROTO_IP, IP_MTU, &mtu, &len) && mtu > 28)
		mtu -= 28;
	else if (!getsockopt(fd, IPPROTO_IPV6, IPV6_MTU, &mtu, &len) && mtu > 48)
		mtu -= 48;
	else
		return WR_IPFIX_BYTES_MIN;
	return mtu < UDP_BYTES ? (uint32_t)mtu : UDP_BYTES;
}

/* A stream that begins knows no templates, and its sequence numbers count from 0: those of the
 * messages that wait are made so. */
static void begins(void *ctx, struct wr_outlet *o)
{
	struct wr_ipfix_send *s = ctx;
	struct wr_outbox_message *m = NULL;
	uint8_t templates[WR_IPFIX_TEMPLATES_MAX];
	uint32_t sequence = 0;

	s->outlet = o;
	if (wr_outlet_way(o) == WR_OUTLET_UDP) {
		if (s->path_decides)
			s->x.conf.bytes_max = path_bytes(wr_outlet_fd(o));
		return;
	}
	wr_ipfix_flush(&s->x, now_s());
	while ((m = wr_outbox_next(wr_outlet_box(o), m))) {
		wr_ipfix_renumber(m->data, sequence);
		sequence += m->mark;
	}
	wr_outlet_first(o, templates, wr_ipfix_start(&s->x, templates, now_s(), sequence));
}

int wr_ipfix_open(struct wr_ipfix_send **out, const struct wr_ipfix_send_conf *conf,
		  struct wr_err *err)
{
	struct wr_outlet_conf where = {
		.to = conf->to,
		.may = WR_OUTLET(UDP) | WR_OUTLET(TCP) | WR_OUTLET(FILE),
		.bytes = conf->buffer ? conf->buffer : BUFFER_DEFAULT,
		.begins = begins,
		.box = conf->box,
		.later = conf->later,
	};
	struct wr_ipfix_conf x = {
		.domain = conf->domain,
		.bytes_max = conf->bytes_max ? conf->bytes_max : STREAM_BYTES,
		.ifindex = conf->ifindex,
		.iface = conf->iface,
		.iface_ctx = conf->iface_ctx,
		.message = message,
	};
	struct wr_ipfix_send *s;
	int ret;

	if (conf->bytes_max &&
	    (conf->bytes_max < WR_IPFIX_BYTES_MIN || conf->bytes_max > WR_IPFIX_BYTES_MAX))
		return wr_fail(err, EINVAL, "IPFIX messages of %u bytes: %d to %d are possible",
			       conf->bytes_max, WR_IPFIX_BYTES_MIN, WR_IPFIX_BYTES_MAX);
	s = calloc(1, sizeof(*s));
	if (!s)
		return wr_fail(err, ENOMEM, "no memory for IPFIX");
	where.ctx = x.ctx = s;
	s->refresh_ns = (uint64_t)(conf->refresh_s ? conf->refresh_s : REFRESH_S) * 1000000000u;
	s->path_decides = !conf->bytes_max;
	wr_ipfix_begin(&s->x, &x);
	ret = wr_outlet_open(&s->outlet, &where, err);
	if (ret) {
		free(s);
		return wr_within(err, "IPFIX");
	}
	if (wr_outlet_way(s->outlet) == WR_OUTLET_UDP) {
		/* Not connected yet: it cannot be more than this. */
		if (s->path_decides && s->x.conf.bytes_max > UDP_BYTES)
			s->x.conf.bytes_max = UDP_BYTES;
		s->sequence = conf->sequence;
		s->x.sequence = s->sequence ? *s->sequence : 0;
	}
	*out = s;
	return 0;
}

void wr_ipfix_add(void *send, const struct wr_flow *f)
{
	struct wr_ipfix_send *s = send;

	wr_ipfix_flow(&s->x, f, now_s());
}

static void end_message(struct wr_ipfix_send *s)
{
	wr_ipfix_flush(&s->x, now_s());
	if (s->sequence)
		*s->sequence = s->x.sequence;
}

int wr_ipfix_step(struct wr_ipfix_send *s, uint64_t now_ns, struct wr_err *err)
{
	end_message(s);
	if (wr_outlet_way(s->outlet) == WR_OUTLET_UDP && now_ns >= s->forget_ns) {
		wr_ipfix_forget(&s->x);
		s->forget_ns = now_ns + s->refresh_ns;
	}
	return wr_outlet_flush(s->outlet, now_ns, err);
}

struct wr_outlet *wr_ipfix_outlet(struct wr_ipfix_send *s)
{
	return s->outlet;
}

int wr_ipfix_close(struct wr_ipfix_send **out, int wait_ms, struct wr_outbox_count *count,
		   struct wr_err *err)
{
	struct wr_ipfix_send *s = *out;
	int ret;

	if (!s)
		return 0;
	end_message(s);
	ret = wr_outlet_drain(s->outlet, wait_ms, err);
	wr_outlet_drop(s->outlet);
	if (count)
		*count = wr_outlet_count(s->outlet);
	wr_outlet_close(&s->outlet);
	free(s);
	*out = NULL;
	return ret < 0 ? ret : 0;
}
