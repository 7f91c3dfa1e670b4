/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "gateway/when.h"
#include "ui/cli/gateway.h"
#include "ui/cli/gateway_job.h"

/* Policies over routes: which there are, and which of them act just now. */

static int entries_of(const struct wr_gateway_job *j, const struct wr_gateway_when *w, size_t *n,
		      struct wr_err *err)
{
	struct wr_gateway_opened o;
	char why[WR_GATEWAY_WHEN_WHY];
	int ret = wr_cli_gateway_open(j, w->gateway, &o, err);

	*n = 0;
	if (ret)
		return ret;
	wr_gateway_when_why(why, w);
	for (size_t i = 0; i < o.l.set.n; i++)
		*n += (o.l.set.at[i].state == WR_GATEWAY_PUT ||
		       o.l.set.at[i].state == WR_GATEWAY_LONGER) &&
		      !strcmp(o.l.set.at[i].why, why);
	wr_cli_gateway_close(&o);
	return 0;
}

int wr_cli_gateway_policies(struct wr_gateway_job *j, int argc, char **argv, struct wr_err *err)
{
	static struct wr_gateway_whens all; /* large */
	size_t entries;
	int ret;

	(void)argc, (void)argv;
	if (!j->policies[0]) {
		if (!j->a->json)
			wr_buf_str(&j->out, "no policies: gateway.policies names no file\n");
		return 0;
	}
	ret = wr_gateway_whens_read(&all, j->policies, err);
	if (ret == -ENOENT)
		return wr_within(err, "gateway.policies");
	for (size_t i = 0; i < all.n && !ret; i++) {
		ret = entries_of(j, &all.at[i], &entries, err);
		if (ret)
			return wr_within(err, "%s:%u", j->policies, all.at[i].line);
		wr_cli_gateway_policy(&j->out, j->a->json, &all.at[i], entries);
	}
	return ret;
}
