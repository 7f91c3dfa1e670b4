/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>

#include "base/json.h"
#include "view/status_impl.h"
#include "view/text.h"

/* ---- JSON ---- */

/* A process: it runs, or why not. */
static void process_json(struct wr_buf *b, pid_t pid, uint64_t restarts, const char *why,
			 const struct wr_status_rights *rights)
{
	if (pid)
		wr_json_u64(b, "pid", (uint64_t)pid);
	wr_json_u64(b, "restarts", restarts);
	if (!pid && why && why[0])
		wr_json_str(b, "why", why);
	wr_view_rights_json(b, rights);
}

static void api_json(struct wr_buf *b, const struct wr_status *s)
{
	if (!s->api.on)
		return;
	wr_json_open_key(b, "api");
	process_json(b, s->api.pid, s->api.restarts, s->api.why, &s->api.rights);
	wr_json_u64(b, "requests", s->api.requests);
	wr_json_u64(b, "unread_lines", s->api.unread);
	wr_json_u64(b, "lost", s->api.lost);
	wr_json_u64(b, "unwatched", s->api.unwatched);
	wr_json_close(b);
}

static void gateways_json(struct wr_buf *b, const struct wr_status *s)
{
	if (!s->gateways.on)
		return;
	wr_json_open_key(b, "gateways");
	process_json(b, s->gateways.pid, s->gateways.restarts, s->gateways.why,
		     &s->gateways.rights);
	wr_json_u64(b, "stands", s->gateways.stands);
	wr_json_u64(b, "waits", s->gateways.waits);
	wr_json_u64(b, "refused", s->gateways.refused);
	wr_json_u64(b, "shadow", s->gateways.shadow);
	wr_json_u64(b, "no_room", s->gateways.no_room);
	wr_json_u64(b, "policies", s->gateways.policies);
	wr_json_u64(b, "acting", s->gateways.acting);
	wr_json_array(b, "at");
	for (uint32_t i = 0; i < s->gateways.n; i++) {
		const struct wr_status_gateway *g = &s->gateways.at[i];

		wr_json_open(b);
		wr_json_str(b, "gateway", g->name);
		wr_json_u64(b, "in_force", g->in_force);
		wr_json_u64(b, "foreign", g->foreign);
		if (g->why[0])
			wr_json_str(b, "trouble", g->why);
		wr_json_close(b);
	}
	wr_json_end_array(b);
	wr_json_close(b);
}

static void advice_json(struct wr_buf *b, const struct wr_status *s)
{
	if (!s->advice.on)
		return;
	wr_json_open_key(b, "advice");
	process_json(b, s->advice.pid, s->advice.restarts, s->advice.why, &s->advice.rights);
	wr_json_str(b, "model", s->advice.model);
	wr_json_str(b, "version", s->advice.version);
	wr_json_u64(b, "rows", s->advice.rows);
	wr_json_u64(b, "scored", s->advice.scored);
	wr_json_u64(b, "over", s->advice.over);
	wr_json_u64(b, "unscored", s->advice.unscored);
	wr_json_u64(b, "lost", s->advice.lost);
	wr_json_u64(b, "calls", s->advice.calls);
	wr_json_u64(b, "failed", s->advice.failed);
	wr_json_u64(b, "active", s->advice.active);
	wr_json_u64(b, "no_room", s->advice.no_room);
	wr_json_bool(b, "paused", s->advice.paused);
	if (s->advice.trouble[0])
		wr_json_str(b, "trouble", s->advice.trouble);
	wr_json_close(b);
}

void wr_view_status_api_json(struct wr_buf *b, const struct wr_status *s)
{
	api_json(b, s);
	gateways_json(b, s);
	advice_json(b, s);
}

/* ---- text ---- */

static void process_text(struct wr_buf *b, const char *name, pid_t pid, uint64_t restarts,
			 const char *why)
{
	if (pid)
		wr_buf_fmt(b, "%-12spid %d", name, (int)pid);
	else
		wr_buf_fmt(b, "%-12snot running%s%s", name, why && why[0] ? ": " : "",
			   why ? why : "");
	if (restarts)
		wr_buf_fmt(b, ", started again %" PRIu64 " times", restarts);
	wr_buf_str(b, "; ");
}

static void api_text(struct wr_buf *b, const struct wr_status *s)
{
	if (!s->api.on)
		return;
	process_text(b, "api", s->api.pid, s->api.restarts, s->api.why);
	wr_buf_fmt(b, "%" PRIu64 " requests", s->api.requests);
	if (s->api.unread)
		wr_buf_fmt(b, ", %" PRIu64 " lines not read", s->api.unread);
	if (s->api.lost)
		wr_buf_fmt(b, ", %" PRIu64 " lost", s->api.lost);
	wr_buf_str(b, "; ");
	wr_view_rights_text(b, &s->api.rights);
	wr_buf_char(b, '\n');
}

static void gateway_text(struct wr_buf *b, const struct wr_status_gateway *g)
{
	wr_buf_str(b, "  ");
	wr_view_plain(b, g->name, false);
	wr_buf_fmt(b, ": %" PRIu64 " of weir in force", g->in_force);
	if (g->foreign)
		wr_buf_fmt(b, ", %" PRIu64 " of others", g->foreign);
	if (g->why[0]) {
		wr_buf_str(b, "; ");
		wr_view_plain(b, g->why, false);
	}
	wr_buf_char(b, '\n');
}

static void gateways_text(struct wr_buf *b, const struct wr_status *s)
{
	if (!s->gateways.on)
		return;
	process_text(b, "gateways", s->gateways.pid, s->gateways.restarts, s->gateways.why);
	wr_buf_fmt(b, "%u entries stand", s->gateways.stands);
	if (s->gateways.waits)
		wr_buf_fmt(b, ", %u not there yet", s->gateways.waits);
	if (s->gateways.refused)
		wr_buf_fmt(b, ", %u refused", s->gateways.refused);
	if (s->gateways.shadow)
		wr_buf_fmt(b, ", %u would be (shadow)", s->gateways.shadow);
	if (s->gateways.no_room)
		wr_buf_fmt(b, ", %" PRIu64 " without room", s->gateways.no_room);
	if (s->gateways.policies)
		wr_buf_fmt(b, "; %u of %u policies act", s->gateways.acting, s->gateways.policies);
	wr_buf_str(b, "; ");
	wr_view_rights_text(b, &s->gateways.rights);
	wr_buf_char(b, '\n');
	for (uint32_t i = 0; i < s->gateways.n; i++)
		gateway_text(b, &s->gateways.at[i]);
}

static void advice_text(struct wr_buf *b, const struct wr_status *s)
{
	if (!s->advice.on)
		return;
	process_text(b, "advice", s->advice.pid, s->advice.restarts, s->advice.why);
	wr_buf_fmt(b, "%" PRIu64 " of %" PRIu64 " rows scored, %" PRIu64 " over", s->advice.scored,
		   s->advice.rows, s->advice.over);
	if (s->advice.lost)
		wr_buf_fmt(b, ", %" PRIu64 " lost", s->advice.lost);
	if (s->advice.failed)
		wr_buf_fmt(b, "; %" PRIu64 " of %" PRIu64 " calls failed", s->advice.failed,
			   s->advice.calls);
	wr_buf_str(b, s->advice.paused ? "; not asked for a while; " : "; ");
	wr_view_rights_text(b, &s->advice.rights);
	wr_buf_char(b, '\n');
	if (!s->advice.trouble[0])
		return;
	wr_buf_str(b, "  ");
	wr_view_plain(b, s->advice.trouble, false);
	wr_buf_char(b, '\n');
}

void wr_view_status_api_text(struct wr_buf *b, const struct wr_status *s)
{
	api_text(b, s);
	gateways_text(b, s);
	advice_text(b, s);
}
