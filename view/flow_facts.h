/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_VIEW_FLOW_FACTS_H
#define WR_VIEW_FLOW_FACTS_H

#include "view/flow_columns.h"
#include "view/packet.h"

/* For the files that hold columns of flows: how a fact is got. */

static inline double seconds(const struct wr_flow *f)
{
	return (double)(f->last_ns - f->first_ns) / 1e9;
}

static inline uint64_t packets(const struct wr_flow *f)
{
	return f->sent[0].packets + f->sent[1].packets;
}

static inline uint64_t bytes(const struct wr_flow *f)
{
	return f->sent[0].bytes + f->sent[1].bytes;
}

/* name, whether the flow has it, then what is done with the cell; of f, client and server */
#define GET_DO(name, has, action)                                                   \
	static bool get_##name(const void *row, struct wr_cell *v)                  \
	{                                                                           \
		const struct wr_flow_told *t = row;                                 \
		__attribute__((unused)) const struct wr_flow *f = t->f;             \
		__attribute__((unused)) int client = t->client, server = t->server; \
                                                                                    \
		if (!(has))                                                         \
			return false;                                               \
		action;                                                             \
		return true;                                                        \
	}

#define GET(name, has, member, expr) GET_DO(name, has, v->member = (expr))
#define GET_ADDRESS(name, has, end) \
	GET_DO(name, has, v->addr = f->key.addr[end]; v->ip_v = f->key.ip_v)
#define RATIO(name, over, under) GET(name, (under) > 0, real, (double)(over) / (double)(under))

#endif
