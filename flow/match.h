/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_FLOW_MATCH_H
#define WR_FLOW_MATCH_H

#include "base/err.h"
#include "flow/flow.h"

/*
 * Does a pcap-filter expression choose a flow? It does when it would choose a packet that one end
 * has sent, as far as a flow knows its packets: Ethernet without addresses, the VLAN id, the IP
 * addresses, protocol and ports, all TCP flags that this end has set, and the mean size. Other
 * fields are 0, so that an expression about options, payload or MAC addresses chooses nothing.
 */
struct wr_flow_match;

/* NULL or blank expression: *out = NULL, every flow is chosen. -EINVAL: the expression is wrong;
 * err quotes libpcap's reason. -ENOMEM. */
int wr_flow_match_open(struct wr_flow_match **out, const char *expr, struct wr_err *err);
void wr_flow_match_close(struct wr_flow_match **m); /* NULL is fine; sets NULL */

/* m == NULL chooses all. */
bool wr_flow_match(const struct wr_flow_match *m, const struct wr_flow *f);

#endif
