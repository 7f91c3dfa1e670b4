/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_API_LINE_H
#define WR_API_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/sip.h"

/*
 * One line of a gateway's access log, and the request that it tells of. What stands behind the path
 * (query, parameters, fragment) and every header are left out at once; of what names a consumer
 * only a keyed hash stays.
 */

enum {
	WR_API_LINE = 16384, /* bytes of a line that can be read */
	WR_API_PATH = 256,
	WR_API_HOST = 64,
	WR_API_NAME = 32,
	WR_API_METHOD = 16,
};

/* A time behind that (the year 2096) is a line's mistake. */
#define WR_API_TIME_END 4000000000000000000ll

/* What the line has told; all else is 0. */
enum wr_api_has {
	WR_API_HAS_TIME = 1,
	WR_API_HAS_FIRST = 2,
	WR_API_HAS_TOTAL = 4,
	WR_API_HAS_IN = 8,
	WR_API_HAS_OUT = 16,
	WR_API_HAS_CONSUMER = 32,
	WR_API_HAS_TOKENS = 64,
	/* No line tells that: the client is limited or refused at a gateway, by weir. */
	WR_API_HAS_OURS = 128,
};

/* Fixed in size, without pointers: it goes from one process to another as it is. */
struct wr_api_request {
	uint64_t time_ns; /* since 1970 */
	uint64_t first_ns,
		total_ns; /* from the request to the first byte of the answer, to its end */
	uint64_t bytes_in, bytes_out;
	uint64_t tokens_in, tokens_out; /* of a language model */
	uint64_t consumer;		/* keyed hash */
	uint32_t has;			/* enum wr_api_has */
	uint16_t status;		/* 0: there was no answer */
	uint16_t port;			/* of the client; 0: not told */
	uint8_t ip_v;			/* 4, 6; 0: not told */
	uint8_t addr[16];		/* of the client, network order */
	char method[WR_API_METHOD], host[WR_API_HOST], path[WR_API_PATH];
	char frontend[WR_API_NAME], backend[WR_API_NAME];
};

struct wr_api_line_conf {
	struct wr_api_key key;
	/* HAProxy: which of the captured request headers names the consumer, from 1; 0: none. */
	unsigned int header;
};

/*
 * Reads a line of n bytes, without its end: HAProxy (option httplog), nginx (combined, with times
 * behind it), Caddy (JSON), or JSON with usual names; also behind a head of syslog (RFC 3164, RFC
 * 5424). Looks at these n bytes only. 0; -EINVAL: it is none of these; *out is then unspecified.
 * form, when not NULL: which it was, a constant.
 */
int wr_api_line_read(const struct wr_api_line_conf *conf, const char *line, size_t n,
		     struct wr_api_request *out, const char **form);

/* Of any request, also of one that another process has sent: text ends, numbers can be. */
void wr_api_request_mend(struct wr_api_request *r);

#endif
