/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/run_impl.h"

/* What `weir status` tells: from the ledger, from what was said, from the system. */

uint64_t wr_run_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* "eth0: TC egress …" is another path than what else is said of eth0. */
static enum wr_hook hook_said(const char *text)
{
	for (int i = 0; i < WR_HOOK_COUNT; i++) {
		const char *name = wr_hook_text((enum wr_hook)i);

		if (!strncmp(text, name, strlen(name)))
			return (enum wr_hook)i;
	}
	return WR_HOOK_COUNT;
}

static struct wr_status_iface *place(struct wr_run *r, const char *name, enum wr_hook hook)
{
	for (uint32_t i = 0; i < r->n_said; i++)
		if (!strcmp(r->said[i].name, name) &&
		    (r->said[i].hook == WR_HOOK_TC_OUT) == (hook == WR_HOOK_TC_OUT))
			return &r->said[i];
	return r->n_said < WR_STATUS_IFACES ? &r->said[r->n_said++] : NULL;
}

static void forget(struct wr_run *r, const char *name)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < r->n_said; i++)
		if (strcmp(r->said[i].name, name))
			r->said[n++] = r->said[i];
	r->n_said = n;
}

void wr_run_log(const char *line)
{
	/* Over the line that a screen may have begun there. */
	fprintf(stderr, isatty(STDERR_FILENO) ? "\r\x1b[Kweir: %s\n" : "weir: %s\n", line);
}

void wr_run_log_line(void *unused, const char *line)
{
	(void)unused;
	wr_run_log(line);
}

/* A line of the engine: "IFACE: what there is to say". */
void wr_run_say(void *run, const char *line)
{
	struct wr_run *r = run;
	const char *colon = strstr(line, ": ");
	struct wr_status_iface *at, new = {0};

	wr_run_log(line);
	if (!colon || colon - line >= (int)sizeof(new.name))
		return;
	memcpy(new.name, line, (size_t)(colon - line));
	if (!strcmp(colon + 2, "not watched any more")) {
		forget(r, new.name);
		return;
	}
	new.hook = hook_said(colon + 2);
	snprintf(new.why, sizeof(new.why), "%s", line);
	at = place(r, new.name, new.hook);
	if (at)
		*at = new;
}

static uint64_t rss_kib(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	uint64_t pages = 0;

	if (f && fscanf(f, "%*s %" SCNu64, &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
}

static void outputs(struct wr_run *r, struct wr_status *s)
{
	s->outputs.at = r->out_rows;
	s->outputs.n = (uint32_t)wr_outputs_status(r->outputs, r->out_rows, WR_OUTPUTS + 1);
	s->outputs.pid = r->out.front;
	s->outputs.restarts = r->out.starts ? r->out.starts - 1 : 0;
	s->outputs.rights = r->out.rights;
	s->outputs.why = r->out.why;
}

void wr_run_status(void *run, struct wr_status *s)
{
	struct wr_run *r = run;

	s->pid = getpid();
	s->since_ns = r->since_ns;
	s->now_ns = wr_run_now_ns();
	s->conf = r->from;
	s->reloads = r->reloads;
	s->reloads_failed = r->reloads_failed;
	s->windows = wr_live_totals(r->host.live)->window;
	s->rss_kib = rss_kib();
	s->rights = r->rights;
	s->ifaces = r->said;
	s->n_ifaces = r->n_said;
	wr_api_status(r->api, s);
	wr_history_status(r->history, s);
	wr_run_dump_status(r, s);
	wr_run_detect_status(r, s);
	if (r->rules) {
		r->rules_state = wr_rules_state(r->rules);
		s->policy = &r->rules_state;
	}
	outputs(r, s);
	wr_run_requests_status(r, s);
	wr_run_gateways_status(r, s);
	wr_run_advice_status(r, s);
	if (r->front.fd < 0)
		return;
	s->front.name = r->conf->front->name;
	s->front.listen = r->conf->front->listen(&r->c);
	s->front.tls = r->c.page.tls_cert[0];
	s->front.pid = r->front.front;
	s->front.restarts = r->front.starts ? r->front.starts - 1 : 0;
	s->front.rights = r->front.rights;
}
