/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "control/swap.h"
#include "daemon/api.h"

/* The view that puts another build of the kernel programs in place. */

struct answer {
	struct wr_buf *b;
	bool text;
};

static void tell(void *ctx, const char *iface, const char *hook, const struct wr_swap_told *told)
{
	const struct answer *a = ctx;

	if (a->text) {
		wr_buf_fmt(
			a->b,
			"%s: %s: replaced; of %u packets it says what this weir says, %u ns each\n",
			iface, hook, told->packets, told->ns);
		return;
	}
	wr_json_open(a->b);
	wr_json_str(a->b, "event_type", "swap");
	wr_json_str(a->b, "in_iface", iface);
	wr_json_str(a->b, "hook", hook);
	wr_json_str(a->b, "object", told->object);
	wr_json_u64(a->b, "tested", told->packets);
	wr_json_u64(a->b, "packet_ns", told->ns);
	wr_json_close(a->b);
	wr_buf_char(a->b, '\n');
}

static int read_want(const struct wr_query *q, struct wr_swap_want *want, struct wr_err *err)
{
	const char *files[WR_SWAP_OBJECTS] = {wr_query_value(q, "object"),
					      wr_query_value(q, "also")};
	const char *account = wr_query_value(q, "account");

	*want = (struct wr_swap_want){.account = -1};
	if (!files[0])
		return wr_fail(err, EINVAL, "swap: which one? (object=FILE)");
	for (int i = 0; i < WR_SWAP_OBJECTS && files[i]; i++) {
		if (files[i][0] != '/')
			return wr_fail(err, EINVAL, "'%s': a path that begins with '/'", files[i]);
		if (strlen(files[i]) >= sizeof(want->object[i]))
			return wr_fail(err, EINVAL, "the path is longer than %zu bytes",
				       sizeof(want->object[i]) - 1);
		snprintf(want->object[i], sizeof(want->object[i]), "%s", files[i]);
	}
	if (account && strcmp(account, "on") && strcmp(account, "off"))
		return wr_fail(err, EINVAL, "account=%s: on or off", account);
	if (account)
		want->account = !strcmp(account, "on");
	return 0;
}

static int swap(const struct wr_api_host *h, const struct wr_query *q, struct wr_buf *b,
		struct wr_err *err)
{
	struct answer a = {b, q->text};
	struct wr_swap_want want;
	int ret = read_want(q, &want, err);

	if (ret)
		return ret;
	if (!q->is_root)
		return wr_fail(err, EPERM, "only root may put other programs into the kernel");
	if (!h->swap)
		return wr_fail(err, ENODATA, "there are no kernel programs here");
	return h->swap(h->ctx, &want, tell, &a, err);
}

static const char *const keys[] = {"object", "also", "account", NULL};

const struct wr_api_view wr_api_view_swap = {
	"swap", "puts another build of the kernel programs in place", keys, false, swap};
