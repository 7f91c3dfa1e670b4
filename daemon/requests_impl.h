/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_REQUESTS_IMPL_H
#define WR_DAEMON_REQUESTS_IMPL_H

#include "daemon/door.h"
#include "daemon/requests.h"

/* What daemon/requests.c and daemon/requests_main.c share. */

enum { WR_REQUESTS_BATCH = 16 };

/* From the process that reads lines to the core, as much of it as n says. */
struct wr_requests_batch {
	uint32_t n;
	uint32_t unread;    /* lines that are none */
	uint64_t lost;	    /* datagrams that found no room in the process */
	uint32_t overflows; /* of UDP that found none in the system, as it counts them */
	struct wr_api_request request[WR_REQUESTS_BATCH];
};

struct wr_requests {
	struct wr_door door;	/* api.listen */
	bool has_name;		/* its name is there, and ours */
	int udp_fd;		/* api.udp; -1: none */
	int core_fd, reader_fd; /* between both processes */
	struct wr_api_line_conf how;
	struct wr_front front;
	struct wr_api_stats *stats; /* of the core */
	struct wr_api_watch *watch;
	wr_api_tell_fn tell; /* NULL: nobody is told of what is unusual */
	void *tell_ctx;
	wr_requests_ours_fn ours; /* NULL: weir does nothing at gateways */
	void *ours_ctx;
	uint32_t overflows; /* as many have been counted */
};

int wr_requests_main(const struct wr_front_start *start, struct wr_err *err);

#endif
