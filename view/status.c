/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/status.h"

#include <inttypes.h>

#include "base/json.h"
#include "base/unit.h"
#include "view/fact_json.h"
#include "view/status_impl.h"
#include "view/text.h"

/* ---- JSON ---- */

void wr_view_rights_json(struct wr_buf *b, const struct wr_status_rights *r)
{
	if (!r->known)
		return;
	wr_json_open_key(b, "rights");
	wr_json_str(b, "user", r->user);
	wr_json_bool(b, "capabilities", r->capabilities);
	wr_json_bool(b, "no_new_privs", r->no_new_privs);
	wr_json_bool(b, "seccomp", r->seccomp);
	if (r->landlock)
		wr_json_u64(b, "landlock", (uint64_t)r->landlock);
	if (r->missing[0])
		wr_json_str(b, "missing", r->missing);
	wr_json_close(b);
}

static void ifaces_json(struct wr_buf *b, const struct wr_status *s)
{
	wr_json_array(b, "interfaces");
	for (uint32_t i = 0; i < s->n_ifaces; i++) {
		wr_json_open(b);
		wr_json_str(b, "in_iface", s->ifaces[i].name);
		if (s->ifaces[i].hook != WR_HOOK_COUNT)
			wr_json_str(b, "hook", wr_hook_name(s->ifaces[i].hook));
		if (s->ifaces[i].why[0])
			wr_json_str(b, "why", s->ifaces[i].why);
		wr_json_close(b);
	}
	wr_json_end_array(b);
}

/* Something goes out, or should. */
static bool has_outputs(const struct wr_status *s)
{
	return s->outputs.n || (s->outputs.why && s->outputs.why[0]);
}

static void outputs_json(struct wr_buf *b, const struct wr_status *s)
{
	if (!has_outputs(s))
		return;
	wr_json_open_key(b, "outputs");
	if (s->outputs.pid)
		wr_json_u64(b, "pid", (uint64_t)s->outputs.pid);
	wr_json_u64(b, "restarts", s->outputs.restarts);
	if (!s->outputs.pid && s->outputs.why[0])
		wr_json_str(b, "why", s->outputs.why);
	wr_view_rights_json(b, &s->outputs.rights);
	wr_json_array(b, "to");
	for (uint32_t i = 0; i < s->outputs.n; i++) {
		const struct wr_status_output *o = &s->outputs.at[i];

		wr_json_open(b);
		wr_json_str(b, "output", o->name);
		wr_json_u64(b, "sent", o->sent);
		wr_json_u64(b, "lost", o->lost);
		wr_json_u64(b, "waiting", o->waiting);
		if (o->trouble[0])
			wr_json_str(b, "trouble", o->trouble);
		wr_json_close(b);
	}
	wr_json_end_array(b);
	wr_json_close(b);
}

static void clients_json(struct wr_buf *b, const struct wr_status *s)
{
	wr_json_open_key(b, "clients");
	wr_json_u64(b, "open", s->clients.open);
	wr_json_u64(b, "max", s->clients.max);
	wr_json_u64(b, "served", s->clients.served);
	wr_json_u64(b, "refused", s->clients.refused);
	wr_json_u64(b, "slow", s->clients.slow);
	wr_json_u64(b, "requests", s->clients.requests);
	wr_json_u64(b, "errors", s->clients.errors);
	wr_json_u64(b, "backlog_bytes", s->clients.backlog_bytes);
	wr_json_close(b);
}

static void front_json(struct wr_buf *b, const struct wr_status *s)
{
	if (!s->front.name)
		return;
	wr_json_open_key(b, "front");
	wr_json_str(b, "name", s->front.name);
	wr_json_str(b, "listen", s->front.listen);
	if (s->front.pid)
		wr_json_u64(b, "pid", (uint64_t)s->front.pid);
	wr_json_u64(b, "restarts", s->front.restarts);
	wr_view_rights_json(b, &s->front.rights);
	wr_json_close(b);
}

void wr_view_dump_json(struct wr_buf *b, const struct wr_status *s)
{
	wr_json_u64(b, "bytes", s->dump.bytes);
	wr_json_u64(b, "snap", s->dump.snap);
	wr_json_u64(b, "sample", s->dump.sample);
	wr_json_u64(b, "rate", s->dump.rate);
	wr_json_u64(b, "packets", s->dump.packets);
	if (s->dump.oldest_ns)
		wr_view_time_json(b, "oldest", s->dump.oldest_ns);
	wr_json_u64(b, "kept", s->dump.kept);
	wr_json_u64(b, "passed_over", s->dump.passed_over);
}

static void dump_json(struct wr_buf *b, const struct wr_status *s)
{
	if (!s->dump.bytes)
		return;
	wr_json_open_key(b, "dump");
	wr_view_dump_json(b, s);
	wr_json_close(b);
}

static void history_json(struct wr_buf *b, const struct wr_status *s)
{
	if (!s->history.path)
		return;
	wr_json_open_key(b, "history");
	wr_json_str(b, "file", s->history.path);
	wr_json_u64(b, "bytes", s->history.bytes);
	wr_json_u64(b, "max_bytes", s->history.max_bytes);
	if (s->history.oldest_ns)
		wr_view_time_json(b, "oldest", s->history.oldest_ns);
	wr_json_u64(b, "flows", s->history.flows);
	wr_json_u64(b, "written", s->history.written);
	wr_json_u64(b, "lost", s->history.lost);
	if (s->history.error)
		wr_json_str(b, "error", s->history.error);
	if (s->history.failing_since_ns)
		wr_view_time_json(b, "failing_since", s->history.failing_since_ns);
	wr_json_close(b);
}

static void policy_json(struct wr_buf *b, const struct wr_status *s)
{
	if (!s->policy)
		return;
	wr_json_open_key(b, "policy");
	wr_view_rules_state_json(b, s->policy);
	wr_json_close(b);
}

static void detect_json(struct wr_buf *b, const struct wr_status *s)
{
	wr_json_open_key(b, "detection");
	wr_json_bool(b, "on", s->detect.on);
	wr_json_u64(b, "findings", s->detect.findings);
	wr_json_u64(b, "findings_active", s->detect.active);
	wr_json_u64(b, "incidents_active", s->detect.incidents);
	wr_json_u64(b, "findings_no_room", s->detect.missed);
	wr_json_u64(b, "upkeep_passed_over", s->detect.unkept);
	wr_json_close(b);
}

void wr_view_status_json(struct wr_buf *b, const struct wr_status *s)
{
	wr_json_open(b);
	wr_json_str(b, "event_type", "status");
	wr_json_str(b, "version", s->version);
	wr_json_u64(b, "pid", (uint64_t)s->pid);
	wr_view_time_json(b, "since", s->since_ns);
	if (s->conf)
		wr_json_str(b, "conf", s->conf);
	wr_json_u64(b, "reloads", s->reloads);
	wr_json_u64(b, "reloads_failed", s->reloads_failed);
	ifaces_json(b, s);
	wr_json_u64(b, "windows", s->windows);
	if (s->rss_kib)
		wr_json_u64(b, "rss_kib", s->rss_kib);
	wr_view_rights_json(b, &s->rights);
	front_json(b, s);
	outputs_json(b, s);
	wr_view_status_api_json(b, s);
	clients_json(b, s);
	history_json(b, s);
	dump_json(b, s);
	detect_json(b, s);
	policy_json(b, s);
	wr_json_close(b);
	wr_buf_char(b, '\n');
}

/* ---- text ---- */

void wr_view_rights_text(struct wr_buf *b, const struct wr_status_rights *r)
{
	if (!r->known)
		return;
	wr_buf_fmt(b, "%s, %s", r->user, r->capabilities ? "with capabilities" : "no capabilities");
	if (r->no_new_privs)
		wr_buf_str(b, ", none can be had");
	if (r->landlock)
		wr_buf_fmt(b, ", Landlock (ABI %d)", r->landlock);
	if (r->seccomp)
		wr_buf_str(b, ", seccomp");
	if (r->missing[0])
		wr_buf_fmt(b, "; not on this kernel: %s", r->missing);
}

static void ifaces_text(struct wr_buf *b, const struct wr_status *s)
{
	for (uint32_t i = 0; i < s->n_ifaces; i++) {
		wr_buf_fmt(b, "%-12s", i ? "" : "interfaces");
		if (s->ifaces[i].why[0])
			wr_view_plain(b, s->ifaces[i].why, false);
		else
			wr_view_plain(b, s->ifaces[i].name, false);
		wr_buf_char(b, '\n');
	}
}

static void clients_text(struct wr_buf *b, const struct wr_status *s)
{
	wr_buf_fmt(b, "%-12s%u of %u, %" PRIu64 " served", "clients", s->clients.open,
		   s->clients.max, s->clients.served);
	if (s->clients.refused)
		wr_buf_fmt(b, ", %" PRIu64 " refused", s->clients.refused);
	if (s->clients.slow)
		wr_buf_fmt(b, ", %" PRIu64 " dropped because they did not read", s->clients.slow);
	wr_buf_char(b, '\n');
}

static void front_text(struct wr_buf *b, const struct wr_status *s)
{
	if (!s->front.name)
		return;
	wr_buf_fmt(b, "%-12s%s", s->front.name, s->front.listen);
	if (s->front.pid)
		wr_buf_fmt(b, ", pid %d", (int)s->front.pid);
	else
		wr_buf_str(b, ", not running");
	if (s->front.restarts)
		wr_buf_fmt(b, ", started again %" PRIu64 " times", s->front.restarts);
	wr_buf_str(b, "; ");
	wr_view_rights_text(b, &s->front.rights);
	wr_buf_char(b, '\n');
}

static void history_text(struct wr_buf *b, const struct wr_status *s)
{
	char size[WR_VIEW_CELL], most[WR_VIEW_CELL], n[WR_VIEW_CELL];

	if (!s->history.path)
		return;
	wr_view_si(size, (double)s->history.bytes, "B");
	wr_view_si(most, (double)s->history.max_bytes, "B");
	wr_view_number(n, s->history.flows);
	wr_buf_fmt(b, "%-12s", "history");
	wr_view_plain(b, s->history.path, false);
	wr_buf_fmt(b, ", %s of %s, %s flows", size, most, n);
	if (s->history.oldest_ns) {
		wr_buf_str(b, ", since ");
		wr_view_moment(b, s->history.oldest_ns);
	}
	if (s->history.lost)
		wr_buf_fmt(b, ", %" PRIu64 " rows lost", s->history.lost);
	wr_buf_char(b, '\n');
	if (!s->history.error)
		return;
	wr_buf_fmt(b, "%-12s%s: ", "",
		   s->history.failing_since_ns ? "cannot be written" : "works again after");
	wr_view_plain(b, s->history.error, false);
	wr_buf_char(b, '\n');
}

static void dump_text(struct wr_buf *b, const struct wr_status *s)
{
	char size[WR_UNIT_TEXT], n[WR_VIEW_CELL], over[WR_VIEW_CELL], span[WR_VIEW_CELL];

	if (!s->dump.bytes)
		return;
	wr_unit_size_text(size, s->dump.bytes);
	wr_view_number(n, s->dump.packets);
	wr_view_number(over, s->dump.passed_over);
	wr_buf_fmt(b, "%-12s%s packets in %s", "dump", n, size);
	if (s->dump.oldest_ns && s->dump.oldest_ns < s->now_ns) {
		wr_view_duration(span, s->now_ns - s->dump.oldest_ns);
		wr_buf_fmt(b, ", of the last %s", span);
	}
	wr_buf_fmt(b, "; %s passed over (rate %u/s", over, s->dump.rate);
	if (s->dump.sample > 1)
		wr_buf_fmt(b, ", 1 in %u", s->dump.sample);
	wr_buf_str(b, ")\n");
}

static void detect_text(struct wr_buf *b, const struct wr_status *s)
{
	wr_buf_fmt(b, "%-12s", "detection");
	if (!s->detect.on) {
		wr_buf_str(b, "off (detect.on)\n");
		return;
	}
	if (s->detect.incidents)
		wr_buf_fmt(b, "%u incident%s: %s", s->detect.incidents,
			   s->detect.incidents == 1 ? "" : "s",
			   s->detect.title ? s->detect.title : "");
	else
		wr_buf_str(b, "no incident goes on");
	wr_buf_fmt(b, "; %" PRIu64 " findings since the start", s->detect.findings);
	if (s->detect.missed)
		wr_buf_fmt(b, ", %" PRIu64 " more had no room", s->detect.missed);
	if (s->detect.unkept)
		wr_buf_fmt(b,
			   ", %" PRIu64 " packets of ARP, neighbour discovery and DHCP passed over",
			   s->detect.unkept);
	wr_buf_char(b, '\n');
}

static void policy_text(struct wr_buf *b, const struct wr_status *s)
{
	const struct wr_rules_state *p = s->policy;
	char prefixes[WR_VIEW_CELL];

	if (!p)
		return;
	wr_view_number(prefixes, p->prefixes);
	wr_buf_fmt(b, "%-12s", "policy");
	wr_view_plain(b, p->file, false);
	wr_buf_fmt(b, ", %" PRIu32 " rules, %s prefixes in sets; %s", p->rules, prefixes,
		   p->off ? "SWITCHED OFF: all is counted, nothing is kept out" : "enforced");
	if (p->confirm_ms)
		wr_buf_fmt(b, "; a change waits %" PRIu64 " s to be confirmed",
			   (p->confirm_ms + 999) / 1000);
	wr_buf_char(b, '\n');
	if (!p->trouble)
		return;
	wr_buf_fmt(b, "%-12snot in force everywhere: ", "");
	wr_view_plain(b, p->trouble, false);
	wr_buf_char(b, '\n');
}

static void output_text(struct wr_buf *b, const struct wr_status_output *o)
{
	wr_buf_str(b, "  ");
	wr_view_plain(b, o->name, false);
	wr_buf_fmt(b, ": %" PRIu64 " sent", o->sent);
	if (o->lost)
		wr_buf_fmt(b, ", %" PRIu64 " lost", o->lost);
	if (o->waiting)
		wr_buf_fmt(b, ", %" PRIu64 " waiting", o->waiting);
	if (o->trouble[0]) {
		wr_buf_str(b, "; ");
		wr_view_plain(b, o->trouble, false);
	}
	wr_buf_char(b, '\n');
}

static void outputs_text(struct wr_buf *b, const struct wr_status *s)
{
	if (!has_outputs(s))
		return;
	if (s->outputs.pid)
		wr_buf_fmt(b, "%-12spid %d", "outputs", (int)s->outputs.pid);
	else
		wr_buf_fmt(b, "%-12snot running%s%s", "outputs", s->outputs.why[0] ? ": " : "",
			   s->outputs.why);
	if (s->outputs.restarts)
		wr_buf_fmt(b, ", started again %" PRIu64 " times", s->outputs.restarts);
	wr_buf_str(b, "; ");
	wr_view_rights_text(b, &s->outputs.rights);
	wr_buf_char(b, '\n');
	for (uint32_t i = 0; i < s->outputs.n; i++)
		output_text(b, &s->outputs.at[i]);
}

void wr_view_status_text(struct wr_buf *b, const struct wr_status *s)
{
	char up[WR_VIEW_CELL], rss[WR_VIEW_CELL];

	wr_view_duration(up, s->now_ns - s->since_ns);
	wr_view_si(rss, (double)s->rss_kib * 1024, "B");
	wr_buf_fmt(b, "weir %s, pid %d, up %s, %" PRIu64 " windows", s->version, (int)s->pid, up,
		   s->windows);
	if (s->rss_kib)
		wr_buf_fmt(b, ", %s of memory", rss);
	wr_buf_char(b, '\n');
	wr_buf_fmt(b, "%-12s%s", "conf", s->conf ? s->conf : "no file: defaults, and options");
	if (s->reloads || s->reloads_failed)
		wr_buf_fmt(b, ", reloaded %" PRIu64 " times, refused %" PRIu64 " times", s->reloads,
			   s->reloads_failed);
	wr_buf_char(b, '\n');
	ifaces_text(b, s);
	if (s->rights.known) {
		wr_buf_fmt(b, "%-12s", "rights");
		wr_view_rights_text(b, &s->rights);
		wr_buf_char(b, '\n');
	}
	front_text(b, s);
	outputs_text(b, s);
	wr_view_status_api_text(b, s);
	clients_text(b, s);
	history_text(b, s);
	policy_text(b, s);
	dump_text(b, s);
	detect_text(b, s);
}
