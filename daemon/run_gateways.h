/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_RUN_GATEWAYS_H
#define WR_DAEMON_RUN_GATEWAYS_H

#include "daemon/run_impl.h"

/* What daemon/run_gateways.c and daemon/run_policies.c share. */

#define NS_PER_S 1000000000ull

/* It stands in api.trust. */
bool wr_run_gateways_trusts(const struct wr_run *r, uint8_t ip_v, const uint8_t addr[16]);
/* rate: of a limit. */
struct wr_gateway_entry wr_run_gateways_entry(enum wr_gateway_verb verb, uint8_t ip_v,
					      const uint8_t addr[16], uint32_t rate,
					      uint64_t until_s);
/* What is done there for the same; NULL: nothing is. */
struct wr_act *wr_run_gateways_at(struct wr_run *r, const char *gateway,
				  const struct wr_gateway_entry *e);
/* Its incident, if it has one, says what is done. */
void wr_run_gateways_tell(struct wr_run *r, const struct wr_act *a);

/* Who asks, for several routes together; requests are `packets`. */
struct wr_run_askers {
	struct wr_finding_source at[64];
	uint32_t n;
	uint64_t all;
};
void wr_run_askers_add(void *askers, const struct wr_api_pulse *p);

/* run_policies.c: a second of each policy. */
void wr_run_policies(struct wr_run *r);

#endif
