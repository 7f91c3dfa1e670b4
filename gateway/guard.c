/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/unit.h"
#include "gateway/gateway_impl.h"

/* Rails in front of every driver: what an entry must not shut out. */

enum { WIDEST4 = 16, WIDEST6 = 32 };

static bool overlaps(const struct wr_prefix *a, const struct wr_prefix *b)
{
	return a->ip_v == b->ip_v && (a->bits <= b->bits ? wr_prefix_has(a, b->ip_v, b->addr)
							 : wr_prefix_has(b, a->ip_v, a->addr));
}

static int touches(const struct wr_prefixes *never, const struct wr_gateway_entry *e,
		   const char *what, struct wr_err *err)
{
	struct wr_buf b = {0};

	for (size_t i = 0; i < never->n; i++) {
		if (!overlaps(&never->at[i], &e->who))
			continue;
		wr_gateway_who_print(&b, e, false);
		wr_buf_str(&b, " would shut out ");
		wr_prefix_print(&b, &never->at[i]);
		wr_fail(err, EINVAL, "%s: %s", wr_buf_text(&b), what);
		wr_buf_free(&b);
		return -EINVAL;
	}
	return 0;
}

static int too_wide(const struct wr_gateway_entry *e, struct wr_err *err)
{
	int widest = e->who.ip_v == 4 ? WIDEST4 : WIDEST6;
	struct wr_buf b = {0};

	if (e->kind != WR_GATEWAY_ADDRESS || e->who.bits >= widest)
		return 0;
	wr_prefix_print(&b, &e->who);
	wr_fail(err, EINVAL, "%s is wider than /%d: --force does it all the same", wr_buf_text(&b),
		widest);
	wr_buf_free(&b);
	return -EINVAL;
}

int wr_gateway_guard(const struct wr_gateway *g, const struct wr_prefixes *never,
		     const struct wr_gateway_entry *e, uint64_t now_s, bool force,
		     struct wr_err *err)
{
	uint64_t longest_s = g->conf.longest_ns / 1000000000;
	char longest[WR_UNIT_TEXT];
	int ret = 0;

	if (e->kind == WR_GATEWAY_ADDRESS) {
		ret = touches(&g->never, e, "it stands in gateway.never", err);
		if (!ret && never)
			ret = touches(
				never, e,
				"this host, its default gateway, a DNS server or who is logged "
				"in by SSH",
				err);
	}
	if (!ret && e->until_s <= now_s)
		ret = wr_fail(err, EINVAL, "its end has passed");
	if (!ret && !force)
		ret = too_wide(e, err);
	if (!ret && !force && e->until_s - now_s > longest_s) {
		wr_unit_duration_text(longest, longest_s * 1000000000);
		ret = wr_fail(err, EINVAL,
			      "it lasts longer than %s (gateway.longest): --force does it all the "
			      "same",
			      longest);
	}
	return ret;
}
