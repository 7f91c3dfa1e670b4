/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/run.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/iface.h"
#include "daemon/door.h"
#include "daemon/notify.h"
#include "daemon/rights.h"
#include "daemon/saver.h"
#include "daemon/run_impl.h"
#include "daemon/session.h"

enum { FRONT_WAIT_MS = 5000 };

/* ---- what the loop does ---- */

/* What events go to is no place for a screen. */
static bool stdout_is_taken(const struct wr_run *r)
{
	for (size_t i = 0; i < r->c.output.eve.n; i++)
		if (!strcmp(r->c.output.eve.at[i], "-"))
			return true;
	return false;
}

static void on_second(struct wr_run *r)
{
	uint64_t second = wr_loop_now_ns() / 1000000000u;

	if (second == r->second)
		return;
	r->second = second;
	wr_run_detect_second(r);
	wr_run_requests_second(r);
	wr_run_advice_second(r);
	wr_run_gateways_second(r);
	wr_admins_second(r->admins, r->c.detect.on, wr_run_now_ns());
}

static void on_step(void *ctx)
{
	struct wr_run *r = ctx;
	uint64_t window;
	int ms = wr_engine_step(r->engine, &r->err);

	if (ms < 0) {
		r->failed = ms;
		wr_loop_stop(r->loop);
		return;
	}
	if (r->rules)
		wr_rules_step(r->rules);
	wr_answers_tick(&r->answers, wr_run_now_ns());
	on_second(r);
	wr_run_learn_step(r);
	window = wr_live_totals(r->host.live)->window;
	if (window != r->window) {
		if (r->rules)
			wr_rules_window(r->rules);
		if (r->rules)
			wr_history_rules(r->history, r->host.live, r->rules);
		wr_history_window(r->history, r->host.live);
		wr_run_forecast_window(r);
		wr_run_sample(r);
		wr_run_tell(r);
		wr_outputs_window(r->outputs, &r->host);
		wr_api_window(r->api);
		if (r->ready && !stdout_is_taken(r))
			r->conf->screen->window(r->host.live, wr_run_incident(r));
	}
	r->window = window;
	wr_loop_in(r->loop, &r->step, (uint64_t)ms);
}

static void on_alive(void *ctx)
{
	struct wr_run *r = ctx;

	wr_notify_watchdog();
	wr_loop_in(r->loop, &r->alive, wr_notify_watchdog_ms());
}

static void on_end(void *ctx, int signal)
{
	struct wr_run *r = ctx;

	(void)signal;
	wr_loop_stop(r->loop);
}

static void on_reload(void *ctx, int signal)
{
	struct wr_err err = {0};

	(void)signal;
	wr_run_reload(ctx, &err); /* what is wrong has been said */
}

static void take_page(void *ctx, int fd)
{
	struct wr_run *r = ctx;

	wr_api_add(r->api, fd, r->c.page.change);
}

static void take_output(void *ctx, int fd)
{
	struct wr_run *r = ctx;

	wr_api_add(r->api, fd, false);
}

static void on_front(void *ctx, uint32_t events)
{
	struct wr_run *r = ctx;

	(void)events;
	if (!wr_front_read(&r->front, take_page, r))
		return;
	wr_run_log("the front's process has ended: it is gone until a restart");
	wr_loop_remove(r->loop, r->front.fd);
}

static void on_outputs(void *ctx, uint32_t events)
{
	struct wr_run *r = ctx;

	(void)events;
	if (!wr_front_read(&r->out, take_output, r))
		return;
	wr_run_log("the process of the outputs has ended: nothing goes out until a restart");
	wr_loop_remove(r->loop, r->out.fd);
}

static void on_reads(void *ctx, uint32_t events)
{
	struct wr_run *r = ctx;

	(void)events;
	if (!wr_front_read(&r->reads, take_output, r))
		return;
	wr_run_log("the process that reads lines of gateways has ended: none are read until a "
		   "restart");
	wr_loop_remove(r->loop, r->reads.fd);
}

static void on_requests(void *ctx, uint32_t events)
{
	struct wr_run *r = ctx;

	(void)events;
	if (wr_requests_read(r->requests))
		wr_loop_remove(r->loop, wr_requests_fd(r->requests));
}

static void on_acts(void *ctx, uint32_t events)
{
	struct wr_run *r = ctx;

	(void)events;
	if (!wr_front_read(&r->acts, take_output, r))
		return;
	wr_run_log("the process that works at gateways has ended: nothing is done there until a "
		   "restart");
	wr_loop_remove(r->loop, r->acts.fd);
}

static void on_gateways(void *ctx, uint32_t events)
{
	struct wr_run *r = ctx;

	(void)events;
	if (wr_gateways_read(r->gateways))
		wr_loop_remove(r->loop, wr_gateways_fd(r->gateways));
}

static void on_advises(void *ctx, uint32_t events)
{
	struct wr_run *r = ctx;

	(void)events;
	if (!wr_front_read(&r->advises, take_output, r))
		return;
	wr_run_log("the process that asks a model has ended: there are no scores until a restart");
	wr_loop_remove(r->loop, r->advises.fd);
}

static void on_advice(void *ctx, uint32_t events)
{
	struct wr_run *r = ctx;

	(void)events;
	if (wr_run_advice_read(r))
		wr_loop_remove(r->loop, wr_advice_fd(r->advice));
}

/* ---- the beginning ---- */

static int read_conf(struct wr_run *r, struct wr_err *err)
{
	int ret = r->conf->read(r->conf->ctx, &r->values, &r->from, err);

	if (!ret)
		ret = wr_daemon_conf_fill(r->values, &r->c, err);
	if (ret)
		return ret;
	/* The engine goes by these for ever; values go with a reload. */
	snprintf(r->pin, sizeof(r->pin), "%s", r->c.capture.pin);
	snprintf(r->history_path, sizeof(r->history_path), "%s", r->c.history.path);
	snprintf(r->netns, sizeof(r->netns), "%s", r->c.capture.netns);
	return 0;
}

/* In the keeper's process: its own copy of everything. */
static int front_values(void *ctx, const struct wr_daemon_conf **out, struct wr_err *err)
{
	struct wr_run *r = ctx;
	struct wr_conf *new = NULL;
	struct wr_daemon_conf c;
	const char *from;
	int ret;

	*out = &r->c;
	if (getpid() == r->pid) /* the core itself, before it forks */
		return 0;
	ret = r->conf->read(r->conf->ctx, &new, &from, err);
	if (!ret)
		ret = wr_daemon_conf_fill(new, &c, err);
	if (ret) {
		wr_conf_close(&new);
		return ret;
	}
	wr_conf_close(&r->values);
	r->values = new;
	r->c = c;
	return 0;
}

/* Before anything is loaded: these processes shall have nothing of it. The page comes first, so
 * that it has nothing of what outputs share with the core. */
static int start_processes(struct wr_run *r, struct wr_err *err)
{
	int ret = 0;

	r->source = (struct wr_front_conf_source){front_values, r};
	if (r->conf->front)
		ret = wr_front_open(&r->front, r->conf->front, &r->source, err);
	if (!ret)
		ret = wr_outputs_prepare(&r->c, err);
	if (!ret)
		ret = wr_outputs_open(&r->outputs, &r->c, err);
	if (!ret)
		ret = wr_front_open(&r->out, wr_outputs_front(r->outputs), &r->source, err);
	if (!ret)
		wr_outputs_forked(r->outputs);
	if (!ret)
		ret = wr_requests_open(&r->requests, &r->c, err);
	if (!ret && r->requests) {
		ret = wr_front_open(&r->reads, wr_requests_front(r->requests), &r->source, err);
		wr_requests_forked(r->requests);
	}
	if (!ret)
		ret = wr_run_gateways_policies(r, err);
	if (!ret)
		ret = wr_admins_open(&r->admins, &r->c, wr_run_log, err);
	if (!ret)
		ret = wr_gateways_open(&r->gateways, &r->c, err);
	if (!ret && r->gateways) {
		ret = wr_front_open(&r->acts, wr_gateways_front(r->gateways), &r->source, err);
		wr_gateways_forked(r->gateways);
	}
	if (!ret)
		ret = wr_advice_open(&r->advice, &r->c, err);
	if (!ret && r->advice) {
		ret = wr_front_open(&r->advises, wr_advice_front(r->advice), &r->source, err);
		wr_advice_forked(r->advice);
	}
	if (!ret && r->c.daemon.attach_later)
		ret = wr_attach_start(&r->attach, r->netns, r->pin, err);
	return ret;
}

static int open_path(void *ctx, struct wr_path **out, const struct wr_path_conf *conf,
		     int whole_packets, char *why, size_t room, struct wr_err *err)
{
	struct wr_run *r = ctx;

	int ret;

	if (r->dropped) {
		ret = wr_attach_open_path(&r->attach, out, conf, whole_packets, why, room, err);
		if (!ret)
			wr_run_programs_join(r, *out);
		return ret;
	}
	return wr_path_open_auto(out, conf, whole_packets, why, room, err);
}

static int unpin(void *ctx, const char *folder, struct wr_err *err)
{
	struct wr_run *r = ctx;

	return wr_attach_unpin(&r->attach, folder, err);
}

static void flow_end(void *ctx, const struct wr_flow *f)
{
	struct wr_run *r = ctx;

	if (!r->host.live)
		return;
	if (r->rules)
		wr_rules_flow_end(r->rules, f);
	wr_history_flow(r->history, r->host.live, f);
	wr_outputs_flow(r->outputs, r->host.live, f);
}

static int put_rules(struct wr_run *r, struct wr_err *err)
{
	int ret = 0;

	/* Twice: then both halves have the expressions, and changes that bring no other ones need
	 * no rights. */
	for (int i = 0; i < (r->c.daemon.attach_later ? 1 : 2) && !ret; i++)
		ret = wr_rules_put(r->rules, err);
	if (ret)
		return ret;
	wr_rules_watch(r->rules, wr_engine_live(r->engine));
	/* What an earlier weir has counted is no part of a second: the first is what it has. */
	wr_rules_window(r->rules);
	wr_rules_window(r->rules);
	return 0;
}

static int open_engine(struct wr_run *r, struct wr_err *err)
{
	struct wr_engine_conf conf = {
		.ifaces = r->c.capture.ifaces.at,
		.n_ifaces = r->c.capture.ifaces.n,
		.any = wr_daemon_conf_any(&r->c),
		.hook = wr_daemon_conf_hook(&r->c),
		.out = r->c.capture.out,
		.netns = r->netns[0] ? r->netns : NULL,
		.flow_slots = (uint32_t)r->c.capture.flow_slots,
		.memory_bytes = r->c.capture.memory_bytes,
		.pin_dir = r->pin[0] ? r->pin : NULL,
		.live = {.flows_max = (uint32_t)r->c.flow.rows,
			 .idle_ns = r->c.flow.idle_ns,
			 .active_ns = r->c.flow.active_ns,
			 .flow_end = flow_end,
			 .ctx = r},
		.detect = r->c.detect.on,
		.finding = wr_run_finding,
		.finding_ctx = r,
		.keep = wr_run_dump_keep(&r->c),
		.packet = wr_run_dump_packet,
		.packet_ctx = r,
		.open_path = open_path,
		.unpin = unpin,
		.rights_ctx = r,
		.say = wr_run_say,
		.say_ctx = r,
	};
	int ret = wr_run_dump_open(&r->dump, &r->c, err);

	wr_detect_conf_tune(&r->c, &conf.tune);
	if (!ret && wr_saver_open(&r->saver))
		ret = wr_fail(err, ENOMEM, "out of memory");

	if (!ret && r->netns[0]) /* what rules may ask of the host is that namespace's */
		ret = wr_netns_enter(r->netns, err);
	r->host.dump = r->dump;
	if (!ret)
		ret = wr_run_rules_open(r, err);
	if (!ret && r->rules) {
		conf.judge = wr_rules_maps(r->rules);
		conf.rule = wr_rules_name;
		conf.rule_slots = wr_rules_slots;
		conf.joins = wr_rules_joins;
		conf.judge_ctx = r->rules;
		r->host.rules = r->rules;
	}
	if (!ret)
		ret = wr_engine_open(&r->engine, &conf, err);
	if (!ret && r->rules && r->pin[0] && wr_path_disarm(r->pin))
		wr_run_log("policy: no more in force where weir has left it and watches no longer "
			   "(weir flush takes the rest off)");
	if (!ret && r->rules)
		ret = put_rules(r, err);
	if (!ret) {
		r->host.live = wr_engine_live(r->engine);
		wr_run_answers_open(r);
		wr_run_learn_open(r);
		ret = wr_run_features(r, &r->c, err);
	}
	if (!ret)
		ret = wr_run_forecast(r, r->c.detect.forecast, err);
	return ret;
}

static struct wr_detect *detector(void *ctx)
{
	struct wr_run *r = ctx;

	return wr_engine_detector(r->engine);
}

static int ledger(void *ctx, struct wr_ledger *rows, int n)
{
	struct wr_run *r = ctx;

	return wr_engine_ledger(r->engine, rows, n);
}

static int outputs(void *ctx, struct wr_measure_output *rows, int n)
{
	struct wr_run *r = ctx;

	return wr_outputs_counts(r->outputs, rows, n);
}

static int tests(void *ctx, uint32_t test, struct wr_outputs_test *rows, int n)
{
	struct wr_run *r = ctx;

	return wr_outputs_tests(r->outputs, test, rows, n);
}

static const struct wr_conf *values(void *ctx)
{
	struct wr_run *r = ctx;

	return r->values;
}

static int open_api(struct wr_run *r, struct wr_err *err)
{
	struct wr_api_conf conf = {
		.path = r->c.socket.path,
		.clients_max = (uint32_t)r->c.socket.clients,
		.backlog_max = r->c.socket.backlog_bytes,
	};
	gid_t own;
	int ret = wr_rights_user(r->c.daemon.user, &conf.owner, &own, err);

	if (!ret)
		ret = wr_rights_group(r->c.socket.group, &conf.group, err);
	r->host.ledger = ledger;
	r->host.outputs = outputs;
	r->host.notify_test = wr_run_tell_test;
	r->host.notify_tests = tests;
	r->host.status = wr_run_status;
	r->host.reload = wr_run_reload;
	r->host.swap = wr_run_swap;
	r->host.learn = wr_run_learn;
	r->host.detector = detector;
	r->host.explain = wr_run_explain;
	r->host.program = wr_run_program;
	r->host.programs = wr_run_programs;
	r->host.conf = values;
	r->host.history = r->history_path;
	r->host.requests = wr_requests_stats(r->requests);
	r->host.advice = r->advice;
	r->host.ctx = r;
	return ret ? ret : wr_api_open(&r->api, &conf, &r->host, r->loop, err);
}

static void on_off(void *ctx, int signal)
{
	struct wr_run *r = ctx;
	struct wr_err err = {0};

	(void)signal;
	if (!r->rules)
		wr_run_log("SIGUSR2: no policy is loaded");
	else if (wr_rules_switch(r->rules, false, "SIGUSR2", &err))
		wr_run_log(err.text);
}

static int open_signals(struct wr_run *r, struct wr_err *err)
{
	int ret = wr_loop_signal(r->loop, SIGTERM, on_end, r, err);

	if (!ret)
		ret = wr_loop_signal(r->loop, SIGINT, on_end, r, err);
	if (!ret)
		ret = wr_loop_signal(r->loop, SIGUSR2, on_off, r, err);
	return ret ? ret : wr_loop_signal(r->loop, SIGHUP, on_reload, r, err);
}

/* The page says whether it takes its configuration; then its notes come by the loop. */
static int open_front(struct wr_run *r, struct wr_err *err)
{
	int ret;

	if (r->front.fd < 0)
		return 0;
	if (r->conf->front->listen(&r->c)[0]) {
		ret = wr_front_wait(&r->front, take_page, r, FRONT_WAIT_MS, err);
		if (ret == -EINVAL)
			return wr_within(err, "%s", r->conf->front->name);
		if (ret) /* it is tried again and again; the rest works without it */
			wr_run_log(err->text);
	}
	return wr_loop_add(r->loop, r->front.fd, EPOLLIN, on_front, r);
}

/* What cannot be opened is said and shown; only a configuration that is wrong ends it here. */
static int open_outputs(struct wr_run *r, struct wr_err *err)
{
	const struct wr_front *front = wr_outputs_front(r->outputs);
	int ret = 0;

	if (front->listen(&r->c)[0])
		ret = wr_front_wait(&r->out, take_output, r, FRONT_WAIT_MS, err);
	if (ret == -EINVAL)
		return wr_within(err, "%s", front->name);
	if (ret)
		wr_run_log(err->text);
	return wr_loop_add(r->loop, r->out.fd, EPOLLIN, on_outputs, r);
}

static int open_requests(struct wr_run *r, struct wr_err *err)
{
	int ret;

	if (!r->requests)
		return 0;
	if (r->c.api.listen[0] && wr_requests_warning())
		wr_run_log(wr_requests_warning());
	ret = wr_front_wait(&r->reads, take_output, r, FRONT_WAIT_MS, err);
	if (ret)
		wr_run_log(err->text);
	ret = wr_loop_add(r->loop, r->reads.fd, EPOLLIN, on_reads, r);
	if (!ret)
		ret = wr_loop_add(r->loop, wr_requests_fd(r->requests), EPOLLIN, on_requests, r);
	return ret;
}

static int open_gateways(struct wr_run *r, struct wr_err *err)
{
	int ret;

	wr_run_requests_open(r);
	wr_run_gateways_open(r);
	wr_admins_watch(r->admins, r->host.live, !r->netns[0], r->c.detect.on, wr_findings_news,
			r->findings);
	if (!r->gateways)
		return 0;
	ret = wr_front_wait(&r->acts, take_output, r, FRONT_WAIT_MS, err);
	if (ret) /* the rest works without it */
		wr_run_log(err->text);
	ret = wr_loop_add(r->loop, r->acts.fd, EPOLLIN, on_acts, r);
	if (!ret)
		ret = wr_loop_add(r->loop, wr_gateways_fd(r->gateways), EPOLLIN, on_gateways, r);
	return ret;
}

static int open_advice(struct wr_run *r, struct wr_err *err)
{
	int ret;

	if (!r->advice)
		return 0;
	ret = wr_front_wait(&r->advises, take_output, r, FRONT_WAIT_MS, err);
	if (ret == -EINVAL)
		return wr_within(err, "advice");
	if (ret) /* the rest works without it */
		wr_run_log(err->text);
	ret = wr_loop_add(r->loop, r->advises.fd, EPOLLIN, on_advises, r);
	if (!ret)
		ret = wr_loop_add(r->loop, wr_advice_fd(r->advice), EPOLLIN, on_advice, r);
	return ret;
}

static int drop_rights(struct wr_run *r, struct wr_err *err)
{
	int ret = wr_rights_drop(r->c.daemon.user, &r->rights, err);
	char line[512];

	r->dropped = true;
	wr_rights_no_names();
	for (int i = 0; i < 2 && !ret; i++) {
		const char *file = i ? r->c.policy.file : r->from;

		if (!file || !*file || !access(file, R_OK))
			continue;
		snprintf(line, sizeof(line),
			 "%.300s cannot be read by %s: a reload will be refused", file,
			 r->rights.user);
		wr_run_log(line);
	}
	return ret;
}

static void show_ready(struct wr_run *r)
{
	struct wr_status s = {.version = WR_VERSION};

	if (!r->conf->screen || stdout_is_taken(r))
		return;
	wr_run_status(r, &s);
	r->conf->screen->ready(&s);
	r->ready = true;
}

static void show_end(struct wr_run *r)
{
	static struct wr_ledger rows[WR_SESSION_ROWS];
	int n;

	if (!r->ready || stdout_is_taken(r))
		return;
	n = wr_engine_ledger(r->engine, rows, WR_SESSION_ROWS);
	r->conf->screen->ended(rows, n < WR_SESSION_ROWS ? n : WR_SESSION_ROWS);
}

static int run_loop(struct wr_run *r, struct wr_err *err)
{
	int ret;

	r->step = (struct wr_timer){.fn = on_step, .ctx = r};
	r->alive = (struct wr_timer){.fn = on_alive, .ctx = r};
	wr_loop_in(r->loop, &r->step, 0);
	if (wr_notify_watchdog_ms())
		wr_loop_in(r->loop, &r->alive, 0);
	wr_notify_ready("watching");
	fprintf(stderr, "weir: ready, %s\n", r->c.socket.path);
	show_ready(r);
	ret = wr_loop_run(r->loop, err);
	wr_notify_stopping();
	if (!ret && r->failed)
		*err = r->err;
	return ret ? ret : r->failed;
}

/* ---- the main path ---- */

/* What is known and not yet told. */
static void finish(struct wr_run *r)
{
	r->ending = true; /* first: nothing is done any more about what is found now */
	wr_run_requests_second(r);
	if (r->history)
		wr_history_window(r->history, r->host.live);
	if (r->history && r->rules) {
		wr_rules_window(r->rules);
		wr_history_rules(r->history, r->host.live, r->rules);
	}
	wr_run_forecast_close(r);
	wr_run_requests_end(r);
	wr_run_advice_end(r);
	wr_admins_end(r->admins);
	wr_run_features_end(r);
	wr_live_finish(r->host.live);
	wr_run_tell_end(r);
	wr_outputs_end(r->outputs, &r->host);
}

static void end(struct wr_run *r)
{
	wr_front_close(&r->front); /* first: its keeper would start it again */
	wr_api_close(&r->api);
	if (r->engine)
		wr_run_learn_save(r, NULL);
	if (r->engine)
		wr_engine_finish(r->engine);
	if (r->host.live)
		finish(r);
	wr_front_close(&r->out);
	wr_outputs_close(&r->outputs);
	wr_front_close(&r->reads);
	wr_requests_close(&r->requests);
	wr_front_close(&r->acts);
	wr_gateways_close(&r->gateways);
	wr_front_close(&r->advises);
	wr_run_advice_close(r);
	wr_admins_close(&r->admins);
	wr_prefixes_free(&r->trust);
	wr_history_close(&r->history);
	show_end(r);
	wr_engine_close(&r->engine);
	wr_rules_close(&r->rules);
	wr_run_programs_close(r);
	wr_dump_close(&r->dump);
	wr_dump_close(&r->samples);
	wr_forecasts_close(&r->forecasts);
	wr_findings_close(&r->findings);
	wr_places_close(&r->places);
	wr_attach_end(&r->attach);
	wr_saver_finish(r->saver); /* behind it: a disk that hangs keeps nothing attached */
	wr_run_saved_tell(r);
	wr_saver_close(&r->saver);
	wr_loop_close(&r->loop);
	wr_conf_close(&r->values);
	free(r);
}

int wr_run(const struct wr_run_conf *conf, struct wr_err *err)
{
	struct wr_run *r = calloc(1, sizeof(*r));
	int ret;

	if (!r)
		return wr_fail(err, ENOMEM, "out of memory");
	r->conf = conf;
	r->front.fd = r->out.fd = r->reads.fd = r->acts.fd = r->advises.fd = r->attach.fd = -1;
	r->pid = getpid();
	r->since_ns = wr_run_now_ns();
	ret = read_conf(r, err);
	if (!ret)
		ret = wr_door_is_free(r->c.socket.path, err);
	if (!ret)
		ret = start_processes(r, err);
	if (!ret)
		ret = wr_loop_open(&r->loop, err);
	if (!ret)
		ret = open_signals(r, err);
	if (!ret)
		ret = open_api(r, err);
	if (!ret)
		ret = wr_run_detect_open(r, err);
	if (!ret)
		ret = wr_run_advice_open(r, err);
	if (!ret)
		ret = open_engine(r, err);
	if (!ret)
		ret = wr_history_open(&r->history, &r->c, wr_run_log_line, NULL, err);
	if (!ret)
		wr_history_end_incidents(r->history, r->history_path, wr_run_now_ns());
	if (!ret)
		ret = drop_rights(r, err);
	if (!ret) /* not before: the folder is that of the user who writes to it */
		wr_run_sample_read(r);
	if (!ret)
		ret = open_front(r, err);
	if (!ret)
		ret = open_outputs(r, err);
	if (!ret)
		ret = open_requests(r, err);
	if (!ret)
		ret = open_gateways(r, err);
	if (!ret)
		wr_run_programs_load(r);
	if (!ret)
		ret = open_advice(r, err);
	if (!ret)
		ret = run_loop(r, err);
	end(r);
	return ret;
}
