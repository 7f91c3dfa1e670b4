/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "daemon/api.h"
#include "daemon/output.h"
#include "daemon/output_conf.h"

/* The view `notify`: do=test tells a made incident by all ways; test=N is what became of it. */

static int begin(const struct wr_api_host *h, const struct wr_query *q, struct wr_buf *b,
		 struct wr_err *err)
{
	uint32_t test;

	if (!q->may_change || q->is_page)
		return wr_fail(err, EPERM, "notify: only root and members of socket.group may");
	test = h->notify_test ? h->notify_test(h->ctx) : 0;
	if (!test)
		return wr_fail(err, ENODATA,
			       "nobody is told of incidents: set webhook, syslog or command in "
			       "[notify] of the configuration, then 'weir config reload'");
	wr_json_open(b);
	wr_json_str(b, "event_type", "notify_test");
	wr_json_u64(b, "test", test);
	wr_json_close(b);
	wr_buf_char(b, '\n');
	return 0;
}

static int notify(const struct wr_api_host *h, const struct wr_query *q, struct wr_buf *b,
		  struct wr_err *err)
{
	const char *what = wr_query_value(q, "do"), *number = wr_query_value(q, "test");
	struct wr_outputs_test rows[WR_OUTPUTS];
	char *end = NULL;
	uint32_t test = number ? (uint32_t)strtoul(number, &end, 10) : 0;
	int n;

	if (what && !strcmp(what, "test"))
		return begin(h, q, b, err);
	if (what || !number || *end || !test)
		return wr_fail(err, EINVAL, "notify: do=test, or test=NUMBER");
	n = h->notify_tests ? h->notify_tests(h->ctx, test, rows, WR_OUTPUTS) : 0;
	for (int i = 0; i < n; i++) {
		wr_json_open(b);
		wr_json_str(b, "event_type", "notify");
		wr_json_str(b, "output", rows[i].name);
		wr_json_str(b, "result",
			    rows[i].waits   ? "waiting"
			    : rows[i].taken ? "taken"
					    : "lost");
		if (rows[i].trouble[0])
			wr_json_str(b, "trouble", rows[i].trouble);
		wr_json_close(b);
		wr_buf_char(b, '\n');
	}
	return 0;
}

static const char *const keys[] = {"do", "test", NULL};

const struct wr_api_view wr_api_view_notify = {
	"notify", "whether those who are told of incidents are reached", keys, false, notify};
