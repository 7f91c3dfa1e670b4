/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/depends.h"

#include <errno.h>
#include <string.h>

#include "control/peers.h"

enum { PEERS = 64 };

int wr_peers_prefixes(struct wr_prefixes *out, struct wr_err *err)
{
	static int (*const from[])(struct wr_peer * out, int max) = {
		wr_ssh_peers, wr_gateways, wr_dns_servers, wr_own_addresses};
	struct wr_peer p[PEERS];
	struct wr_prefix x;

	for (size_t k = 0; k < sizeof(from) / sizeof(from[0]); k++) {
		int n = from[k](p, PEERS);

		for (int i = 0; i < n && i < PEERS; i++) {
			x = (struct wr_prefix){.ip_v = p[i].ip_v,
					       .bits = p[i].ip_v == 4 ? 32 : 128};
			memcpy(x.addr, p[i].addr, sizeof(x.addr));
			if (wr_prefixes_add(out, &x))
				return wr_fail(err, ENOMEM, "no memory");
		}
	}
	wr_prefixes_sort(out);
	return 0;
}
