/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/proto.h"
#include "detect/impl.h"

/* What the kernel counted without a row. */

void wr_detect_rest(struct wr_detect *d, const struct wr_talk_key *service,
		    const struct wr_count *n)
{
	struct target *t;

	if (for_many(service->addr, service->ip_v))
		return;
	if (!d->step) /* no step has begun: nobody asks for it yet */
		return;
	t = target_of(d, service->addr, service->ip_v, 0);
	t->blind = d->step;
	count(d, t, C_PACKETS, n->packets);
	count(d, t, C_BYTES, n->bytes);
	if (service->proto == WR_IP_UDP)
		count(d, t, C_UDP_UNASKED, n->packets);
	else if (service->proto == WR_IP_ICMP || service->proto == WR_IP_ICMP6)
		count(d, t, C_ICMP, n->packets);
}
