/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_GATEWAY_NGINX_FILE_H
#define WR_GATEWAY_NGINX_FILE_H

#include "gateway/gateway_impl.h"

/*
 * The file that weir writes for nginx, as text: pure. Variables by the client's address
 * (ngx_http_geo_module): is it refused, to which class of rates does it belong, and which file is
 * it that runs; by the consumer's name the same two, by the route its class and what it is called
 * (ngx_http_map_module), where the configuration asks for them.
 */

enum { WR_NGINX_CONSUMER = 46 }; /* bytes of a name: more take a larger map_hash_bucket_size */

/* The whole file: what others wrote, and weir's block. */
void wr_nginx_print(struct wr_buf *b, const struct wr_gateway_conf *c,
		    const struct wr_gateway_block *old, const char *name, uint64_t generation,
		    const struct wr_gateway_set *want, const struct wr_gateway_diff *d);

/* Entries of the block into seen; the text is cut into words where it stands. -ENOMEM. */
int wr_nginx_read(struct wr_gateway_seen *seen, char *inside, size_t n);

/* What the stamp says of a file: "NAME GENERATION". */
void wr_nginx_stamp(struct wr_buf *b, const char *name, uint64_t generation);

/* What `nginx -T` shows of the configuration in use. */
struct wr_nginx_config {
	bool includes;	  /* weir's file */
	bool denies;	  /* $weir_deny is asked somewhere but in weir's file */
	bool stamps;	  /* $weir_stamp, too */
	bool consumers;	  /* $weir_consumer_deny and $weir_consumer_class, too */
	bool routes;	  /* $weir_route, too */
	bool trusts_all;  /* set_real_ip_from 0.0.0.0/0 or ::/0 */
	bool mixes_proxy; /* listens with proxy_protocol, and takes the client from a header */
};
void wr_nginx_look(struct wr_nginx_config *c, const char *text, size_t n, const char *file);

#endif
