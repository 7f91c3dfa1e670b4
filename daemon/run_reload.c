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
	bool ifaces, timeouts, page, history, history_path, dump, dump_ring, detect;
	/* Of what takes memory or files: the new ones, before the old ones are given up. */
	struct wr_history *new_history;
	struct wr_dump *new_dump;
	struct wr_rules_next *new_rules;
	struct wr_places *new_places; /* another file may have the same name */
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

/* Data paths are made for a policy, or for none. */
static bool from_or_to_none(const struct wr_run *r, const char *name, const struct wr_conf *old,
			    const struct wr_conf *new, size_t i)
{
	if (is(name, "detect.auto"))
		return !r->rules;
	return is(name, "policy.file") && !(r->rules && wr_detect_conf_answers(&r->c)) &&
	       !*wr_conf_value(old, i) != !*wr_conf_value(new, i);
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
		c->history |= is(it->name, "history.");
		c->history_path |= is(it->name, "history.path");
		c->dump |= is(it->name, "dump.") || is(it->name, "output.features");
		c->detect |= is(it->name, "detect.");
		c->dump_ring |= is(it->name, "dump.size") || is(it->name, "dump.snap");
		if (!it->live || from_or_to_none(r, it->name, r->values, new, i))
			ret = keep(r, new, i, err);
	}
	return ret;
}

static void change_history(struct wr_run *r, const struct wr_daemon_conf *new, struct change *c)
{
	wr_run_detect_leave(r);
	wr_history_close(&r->history);
	r->history = c->new_history;
	c->new_history = NULL;
	snprintf(r->history_path, sizeof(r->history_path), "%s", new->history.path);
	wr_run_sample_folder(r, new);
}

/* All that can fail. */
static int prepare(struct wr_run *r, const struct wr_daemon_conf *new, struct change *c,
		   struct wr_err *err)
{
	int ret = 0;

	ret = wr_outputs_files(new, err);
	if (!ret)
		ret = wr_places_open(&c->new_places, new->detect.asn, new->detect.country, err);
	if (!ret && c->dump_ring)
		ret = wr_run_dump_open(&c->new_dump, new, err);
	if (!ret && c->history_path)
		ret = wr_history_open(&c->new_history, new, wr_run_log_line, NULL, err);
	if (!ret && r->rules)
		ret = wr_rules_read(r->rules, new->policy.file, &c->new_rules, err);
	if (!ret && c->ifaces)
		ret = wr_engine_ifaces(r->engine, new->capture.ifaces.at, new->capture.ifaces.n,
				       wr_daemon_conf_any(new), err);
	if (!ret && c->detect)
		ret = wr_run_detect_switch(r, new->detect.on, err);
	if (!ret && c->detect && new->detect.forecast)
		ret = wr_run_forecast(r, true, err);
	if (!ret && r->rules)
		ret = wr_rules_take(r->rules, &c->new_rules, err);
	return ret;
}

static int apply(struct wr_run *r, const struct wr_daemon_conf *new, struct change *c,
		 struct wr_err *err)
{
	struct wr_engine_keep keep = wr_run_dump_keep(new);
	struct wr_detect_tune tune;
	int ret = prepare(r, new, c, err);

	if (ret) {
		wr_run_detect_switch(r, r->c.detect.on, NULL);
		wr_run_forecast(r, r->c.detect.forecast, NULL);
		wr_rules_drop(&c->new_rules);
		wr_places_close(&c->new_places);
		wr_dump_close(&c->new_dump);
		wr_history_close(&c->new_history);
		return ret;
	}
	if (r->rules)
		wr_rules_changes_most(r->rules, (uint32_t) new->policy.changes);
	wr_places_close(&r->places);
	r->places = c->new_places;
	r->host.places = r->places;
	r->host.findings = new->detect.on ? r->findings : NULL;
	wr_run_answers_mode(r, new);
	if (!new->detect.forecast)
		wr_run_forecast_close(r);
	wr_detect_conf_tune(new, &tune);
	wr_engine_tune(r->engine, &tune);
	wr_findings_off(r->findings, tune.off);
	wr_answers_off(&r->answers, tune.off);
	if (c->timeouts)
		wr_live_timeouts(r->host.live, new->flow.idle_ns, new->flow.active_ns);
	if (c->page && r->front.fd >= 0)
		wr_front_reload(&r->front);
	if (c->history_path)
		change_history(r, new, c);
	else if (c->history && wr_history_limits(r->history, new, err))
		wr_run_log(err->text); /* cannot be: the table knows the same limits */
	if (c->dump_ring)
		wr_run_dump_change(r, c->new_dump, new);
	else if (c->dump)
		wr_engine_keep(r->engine, &keep);
	/* Whether something has changed or not: files are opened again. What waits stays. */
	wr_outputs_conf(r->outputs, new);
	if (wr_run_features(r, new, err))
		wr_run_log(err->text);
	wr_run_tell_conf(r, new);
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
		ret = apply(r, &c, &change, err);
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
