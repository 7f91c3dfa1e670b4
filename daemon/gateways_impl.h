/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_GATEWAYS_IMPL_H
#define WR_DAEMON_GATEWAYS_IMPL_H

#include "daemon/gateways.h"

/* What daemon/gateways.c and daemon/gateways_main.c share. */

/* From the core. */
struct wr_gateways_order {
	uint64_t act;
	bool lift, again, harder;
	char gateway[WR_GATEWAY_NAME];
	struct wr_gateway_entry e;
};

/* From the process. */
struct wr_gateways_news {
	enum { WR_GATEWAYS_ACT, WR_GATEWAYS_ENTRY, WR_GATEWAYS_STATE } what;
	uint64_t act;
	uint8_t state; /* enum wr_act_state: STANDS, WAITS, REFUSED, DECLINED; LEAVES: it has left
			*/
	struct wr_gateway_entry e;
	struct wr_gateways_row row; /* its name, why */
};

struct wr_gateways {
	int core_fd, other_fd;
	struct wr_front front;
	struct wr_gateways_ops ops;
	struct wr_act act[WR_ACTS];
	struct wr_gateways_row row[WR_GATEWAYS_KNOWN];
	uint32_t n_rows;
	uint64_t last_id, starts, no_room;
};

int wr_gateways_main(const struct wr_front_start *start, struct wr_err *err);

#endif
