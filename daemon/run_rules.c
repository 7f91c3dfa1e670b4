/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>

#include "daemon/run_impl.h"

/* The policy of the daemon (daemon/rules.h): how it is opened, and who puts expressions in. */

static int where(void *ctx, struct wr_path *path, uint32_t half, const char *const *expr,
		 uint32_t n, struct wr_err *err)
{
	struct wr_run *r = ctx;

	if (!r->dropped)
		return wr_path_where(path, half, expr, n, err);
	if (r->attach.fd < 0)
		return wr_fail(err, EPERM,
			       "a rule with 'where' needs the right to load programs, which weir "
			       "has given up (daemon.attach_later = no): a restart is needed");
	return wr_attach_where(&r->attach, path, half, expr, n, err);
}

void wr_run_rules_state_path(const struct wr_daemon_conf *c, char *to, size_t room)
{
	char folder[256];

	snprintf(to, room, "%s", c->policy.state);
	if (to[0] || !c->history.path[0])
		return;
	snprintf(folder, sizeof(folder), "%s", c->history.path);
	snprintf(to, room, "%s/rules.policy", dirname(folder));
}

static void say(void *ctx, const char *line)
{
	(void)ctx;
	wr_run_log(line);
}

static void changed(void *ctx, const struct wr_rules_event *e)
{
	struct wr_run *r = ctx;

	wr_history_rule(r->history, e);
}

int wr_run_rules_open(struct wr_run *r, struct wr_err *err)
{
	char state[300];
	struct wr_rules_conf conf = {
		.file = r->c.policy.file,
		.state = state,
		.user = r->c.daemon.user,
		.policy_bytes = r->c.policy.bytes,
		.rate_bytes = r->c.policy.rate_bytes,
		.changes_most = (uint32_t)r->c.policy.changes,
		.pressure = r->c.policy.pressure,
		.pin_dir = r->pin[0] ? r->pin : NULL,
		.out = r->c.capture.out,
		.where = where,
		.where_ctx = r,
		.saver = r->saver,
		.say = say,
		.changed = changed,
		.changed_ctx = r,
	};

	if (!r->c.policy.file[0] && !wr_detect_conf_answers(&r->c))
		return 0;
	wr_run_rules_state_path(&r->c, state, sizeof(state));
	return wr_rules_open(&r->rules, &conf, err);
}
