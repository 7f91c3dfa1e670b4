/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "daemon/api.h"
#include "flow/pick.h"
#include "view/ledger.h"

/* The views of the control socket: one struct each, and the list at the end. */

enum { FLOWS_MAX = 10000, LEDGER_MAX = 256, FILTER_MAX = 1024, LINK_ETHERNET = 1 };

static int nothing(const char *what, struct wr_err *err)
{
	return wr_fail(err, ENODATA, "%s: there is nothing of the kind here", what);
}

/* ---- what is going on ---- */

static int stats(const struct wr_api_host *h, const struct wr_query *q, struct wr_buf *b,
		 struct wr_err *err)
{
	(void)err;
	if (q->text)
		wr_view_stats_text(b, h->live, &q->how);
	else
		wr_view_stats_json(b, h->live, &q->how);
	return 0;
}

static int rows(const struct wr_api_host *h, const struct wr_query *q, struct wr_buf *b,
		enum wr_live_kind kind)
{
	if (q->text)
		wr_view_rows_text(b, h->live, kind, &q->how);
	else
		wr_view_rows_json(b, h->live, kind, &q->how);
	return 0;
}

#define ROWS(fn, kind)                                                                         \
	static int fn(const struct wr_api_host *h, const struct wr_query *q, struct wr_buf *b, \
		      struct wr_err *err)                                                      \
	{                                                                                      \
		(void)err;                                                                     \
		return rows(h, q, b, kind);                                                    \
	}
ROWS(services, WR_LIVE_SERVICES)
ROWS(talkers, WR_LIVE_TALKERS)
ROWS(protocols, WR_LIVE_PROTOCOLS)
ROWS(interfaces, WR_LIVE_IFACES)

static int open_filter(struct wr_filter **f, const struct wr_query *q, struct wr_err *err)
{
	const char *expr = wr_query_value(q, "filter");

	/* libpcap's optimiser takes seconds for very long ones, and nothing here may wait. */
	if (expr && strlen(expr) > FILTER_MAX)
		return wr_fail(err, EINVAL, "filter: more than %d bytes", FILTER_MAX);
	return wr_filter_open(f, expr, LINK_ETHERNET, err);
}

static int flows(const struct wr_api_host *h, const struct wr_query *q, struct wr_buf *b,
		 struct wr_err *err)
{
	static struct wr_flow picked[FLOWS_MAX];
	struct wr_filter *filter = NULL;
	uint32_t n, of_n;
	int ret;

	if (q->how.order == WR_LIVE_BY_FLOWS || q->how.order == WR_LIVE_BY_SOURCES)
		return wr_fail(err, EINVAL,
			       "flows: sort by one of rate, bytes, packets, age (sort=bytes)");
	ret = open_filter(&filter, q, err);
	if (ret)
		return ret;
	n = q->how.top < FLOWS_MAX ? q->how.top : FLOWS_MAX;
	n = wr_flow_pick(wr_live_flows(h->live), q->how.order, filter,
			 wr_live_totals(h->live)->window_ns, picked, n, &of_n);
	wr_filter_close(&filter);
	if (q->text)
		wr_view_flows_text(b, picked, n, of_n, q->how.color);
	else
		wr_view_flows_json(b, h->live, picked, n);
	return 0;
}

/* ---- what is counted ---- */

static int ledger_rows(const struct wr_api_host *h, const struct wr_ledger **out)
{
	static struct wr_ledger all[LEDGER_MAX];
	int n = h->ledger ? h->ledger(h->ctx, all, LEDGER_MAX) : 0;

	*out = all;
	return n < LEDGER_MAX ? n : LEDGER_MAX;
}

static int ledger(const struct wr_api_host *h, const struct wr_query *q, struct wr_buf *b,
		  struct wr_err *err)
{
	const struct wr_ledger *all;
	int n = ledger_rows(h, &all);

	(void)err;
	if (q->text)
		wr_view_ledger_text(b, all, n);
	for (int i = 0; !q->text && i < n; i++)
		wr_view_ledger_json(b, &all[i]);
	return 0;
}

static int drops(const struct wr_api_host *h, const struct wr_query *q, struct wr_buf *b,
		 struct wr_err *err)
{
	const struct wr_ledger *all;
	int n = ledger_rows(h, &all);

	(void)err;
	if (q->text)
		wr_view_drops_text(b, all, n, q->how.color);
	else
		wr_view_drops_json(b, all, n);
	return 0;
}

/* ---- the daemon itself ---- */

static int status(const struct wr_api_host *h, const struct wr_query *q, struct wr_buf *b,
		  struct wr_err *err)
{
	struct wr_status s = {.version = WR_VERSION};

	if (!h->status)
		return nothing("status", err);
	h->status(h->ctx, &s);
	if (q->text)
		wr_view_status_text(b, &s);
	else
		wr_view_status_json(b, &s);
	return 0;
}

static int config(const struct wr_api_host *h, const struct wr_query *q, struct wr_buf *b,
		  struct wr_err *err)
{
	const struct wr_conf *c = h->conf ? h->conf(h->ctx) : NULL;

	if (!c)
		return nothing("config", err);
	if (q->text)
		wr_conf_show(b, c);
	else
		wr_conf_json(b, c);
	return 0;
}

static int reload(const struct wr_api_host *h, const struct wr_query *q, struct wr_buf *b,
		  struct wr_err *err)
{
	int ret = h->reload ? h->reload(h->ctx, err) : nothing("reload", err);

	if (ret)
		return ret;
	if (q->text) {
		wr_buf_str(b, "reloaded\n");
		return 0;
	}
	wr_json_open(b);
	wr_json_str(b, "event_type", "reload");
	wr_json_bool(b, "done", true);
	wr_json_close(b);
	wr_buf_char(b, '\n');
	return 0;
}

/* ---- the list ---- */

static const char *const row_keys[] = {"top", "sort", "series", NULL};
static const char *const flow_keys[] = {"top", "sort", "filter", NULL};
static const char *const series_keys[] = {"series", NULL};

static const struct wr_api_view view_status = {"status", "the daemon itself", NULL, true, status};
static const struct wr_api_view view_stats = {"stats", "totals, packet sizes, TCP flags",
					      series_keys, true, stats};
static const struct wr_api_view view_services = {"services", "services of this host", row_keys,
						 true, services};
static const struct wr_api_view view_talkers = {"talkers", "who talks with this host", row_keys,
						true, talkers};
static const struct wr_api_view view_protocols = {"protocols", "protocols", row_keys, true,
						  protocols};
static const struct wr_api_view view_interfaces = {"interfaces", "interfaces", row_keys, true,
						   interfaces};
static const struct wr_api_view view_flows = {"flows", "flows that have not ended", flow_keys, true,
					      flows};
static const struct wr_api_view view_drops = {"drops", "what came broken or was lost, by reason",
					      NULL, true, drops};
static const struct wr_api_view view_ledger = {"ledger", "where every packet went, to the packet",
					       NULL, true, ledger};
static const struct wr_api_view view_config = {
	"config", "what is configured, and where that comes from", NULL, false, config};
static const struct wr_api_view view_reload = {"reload", "reads the configuration again", NULL,
					       false, reload};

/* One a line, so that two new ones do not meet. */
/* clang-format off */
const struct wr_api_view *const wr_api_views[] = {
	&view_status,
	&view_stats,
	&view_services,
	&view_talkers,
	&view_protocols,
	&view_interfaces,
	&view_flows,
	&view_drops,
	&view_ledger,
	&wr_api_view_history,
	&wr_api_view_metrics,
	&view_config,
	&view_reload,
	&wr_api_view_dump,
	&wr_api_view_rules,
	&wr_api_view_policy,
	&wr_api_view_rule,
	&wr_api_view_classes,
	&wr_api_view_report,
	&wr_api_view_swap,
	&wr_api_view_program,
	&wr_api_view_incidents,
	&wr_api_view_findings,
	&wr_api_view_explain,
	&wr_api_view_learned,
	&wr_api_view_forecast,
	&wr_api_view_learn,
	&wr_api_view_kept,
	&wr_api_view_requests,
	&wr_api_view_notify,
	NULL,
};
/* clang-format on */
