/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_CONTROL_DEPENDS_H
#define WR_CONTROL_DEPENDS_H

#include "policy/policy.h"

/* Whom this host depends on, and itself: who is logged in by SSH, its default gateways, its DNS
 * servers, its own addresses; as prefixes of one address each, sorted. Never to be shut out.
 * -ENOMEM.
 */
int wr_peers_prefixes(struct wr_prefixes *out, struct wr_err *err);

#endif
