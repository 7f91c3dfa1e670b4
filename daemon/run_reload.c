/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/notify.h"
#include "daemon/run_impl.h"

/*
 * A new configuration while packets fly. It is read and checked as a whole first; when anything is
 * wrong with it the old one stays, as a whole.
 */

struct change {
	bool ifaces, timeouts, page;
};

static bool is(const char *name, const char *prefix)
{
	return !strncmp(name, prefix, strlen(prefix));
}

/* What only a restart can change is said, and stays as it is. */
static int keep(struct wr_run *r, struct wr_conf *new, size_t i, struct wr_err *err)
{
	const char *name = wr_conf_item(new, i)->name;
	char line[512];

	snprintf(line, sizeof(line),
		 "reload: %s = %.100s needs a restart; until then it is '%.100s'", name,
		 wr_conf_value(new, i), wr_conf_value(r->values, i));
	wr_run_log(line);
	return wr_conf_set(new, name, wr_conf_value(r->values, i), wr_conf_origin(r->values, i),
			   err);
}

static int compare(struct wr_run *r, struct wr_conf *new, struct change *c, struct wr_err *err)
{
	int ret = 0;

	for (size_t i = 0; i < wr_conf_items(new) && !ret; i++) {
		const struct wr_conf_item *it = wr_conf_item(new, i);

		if (!wr_conf_differs(r->values, new, i))
			continue;
		c->ifaces |= is(it->name, "capture.interfaces");
		c->timeouts |= is(it->name, "flow.");
		c->page |= is(it->name, "page.");
		if (!it->live)
			ret = keep(r, new, i, err);
	}
	return ret;
}

static int apply(struct wr_run *r, const struct wr_daemon_conf *new, struct change c,
		 struct wr_err *err)
{
	int ret = 0;

	if (c.ifaces)
		ret = wr_engine_ifaces(r->engine, new->capture.ifaces.at, new->capture.ifaces.n,
				       wr_daemon_conf_any(new), err);
	if (ret)
		return ret;
	if (c.timeouts)
		wr_live_timeouts(r->host.live, new->flow.idle_ns, new->flow.active_ns);
	if (c.page && r->front.fd >= 0)
		wr_front_reload(&r->front);
	/* Whether something has changed or not: files are opened again. What waits stays. */
	wr_outputs_conf(r->outputs, new);
	if (r->out.fd >= 0)
		wr_front_reload(&r->out);
	return 0;
}

static int reload(struct wr_run *r, struct wr_err *err)
{
	struct wr_conf *new = NULL;
	struct wr_daemon_conf c;
	const char *from = NULL;
	struct change change = {0};
	int ret = r->conf->read(r->conf->ctx, &new, &from, err);

	if (!ret)
		ret = wr_daemon_conf_fill(new, &c, err);
	if (!ret)
		ret = compare(r, new, &change, err);
	if (!ret)
		ret = wr_daemon_conf_fill(new, &c, err);
	if (!ret)
		ret = apply(r, &c, change, err);
	if (ret) {
		wr_conf_close(&new);
		return ret;
	}
	wr_conf_close(&r->values);
	r->values = new;
	r->c = c;
	r->from = from;
	return 0;
}

int wr_run_reload(void *run, struct wr_err *err)
{
	struct wr_run *r = run;
	char line[1024];
	int ret;

	wr_notify_reloading();
	ret = reload(r, err);
	if (ret) {
		r->reloads_failed++;
		snprintf(line, sizeof(line), "reload: %s; the old configuration stays", err->text);
	} else {
		r->reloads++;
		snprintf(line, sizeof(line), "reload: done");
	}
	wr_run_log(line);
	wr_notify_ready(ret ? "the last reload was refused" : "watching");
	return ret;
}
