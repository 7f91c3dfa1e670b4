/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <libgen.h>
#include <stdio.h>
#include <string.h>

#include "daemon/run_impl.h"

/*
 * Samples of incidents: the first packets of what they are about, taken from the ring of the last
 * packets some seconds after they began into a second ring, where nothing but newer samples pushes
 * them out. weir dump --incident shows them, also after a restart: they are written to files beside
 * the history, and kept as long as flows are.
 */

enum { BEFORE = 100, AFTER = 400 }; /* packets of one */

#define BEFORE_NS 2000000000ull
#define AFTER_NS 3000000000ull

struct taking {
	struct wr_dump *to;
	uint64_t start_ns;
	uint32_t before, after;
};

int wr_run_sample_open(struct wr_run *r, struct wr_err *err)
{
	const struct wr_dump_conf conf = {.bytes = r->c.detect.samples};

	int ret = conf.bytes ? wr_dump_open(&r->samples, &conf, err) : 0;

	r->sampled.ring = r->samples;
	return ret;
}

/* Samples of incidents before that are too old. */
static uint64_t oldest_ns(const struct wr_run *r)
{
	uint64_t now_ns = wr_run_now_ns(), age_ns = r->c.history.flows_ns;

	return now_ns > age_ns ? now_ns - age_ns : 0;
}

enum { FOLDER = sizeof(((struct wr_samples *)0)->folder) };

/* Beside the history; "": there is none, or no room for the name. */
static void folder_of(const struct wr_daemon_conf *c, char to[FOLDER])
{
	char path[FOLDER];

	to[0] = 0;
	snprintf(path, sizeof(path), "%s", c->history.path);
	if (path[0] && snprintf(to, FOLDER, "%s/samples", dirname(path)) >= FOLDER)
		to[0] = 0;
}

void wr_run_sample_read(struct wr_run *r)
{
	char folder[FOLDER];

	if (!r->samples)
		return;
	folder_of(&r->c, folder);
	wr_samples_open(&r->sampled, r->samples, folder, oldest_ns(r));
}

void wr_run_sample_folder(struct wr_run *r, const struct wr_daemon_conf *c)
{
	char folder[FOLDER];

	folder_of(c, folder);
	if (r->samples)
		wr_samples_folder(&r->sampled, folder);
}

static bool take(void *ctx, const struct wr_packet *pkt)
{
	struct taking *t = ctx;
	bool early = pkt->ts_ns < t->start_ns;
	uint32_t *n = early ? &t->before : &t->after;

	if (*n < (early ? BEFORE : AFTER)) {
		wr_dump_add(t->to, pkt);
		++*n;
	}
	return t->after < AFTER;
}

/* What of the link itself is unusual is ARP, neighbour discovery or DHCP. */
static void filter_of(struct wr_buf *b, const struct wr_victim *v)
{
	struct wr_victim at = *v;

	at.port = 0;
	if (!v->ip_v) {
		wr_buf_str(b, "arp or icmp6 or udp port 67 or udp port 547");
		return;
	}
	wr_buf_str(b, v->prefix == (v->ip_v == 4 ? 32 : 128) ? "host " : "net ");
	wr_victim_text(b, &at);
}

/* Newer ones have pushed some out. */
static void forget(struct wr_run *r, struct wr_incident *const *all, uint32_t n)
{
	struct wr_dump_state s = wr_dump_state(r->samples);
	uint64_t oldest = s.added - s.packets + 1;

	for (uint32_t k = 0; k < n; k++) {
		struct wr_incident *i = all[k];

		if (i->sample.to && i->sample.from < oldest)
			i->sample.from = oldest;
		if (i->sample.to < oldest)
			i->sample.from = i->sample.to = 0;
	}
}

static void keep(struct wr_run *r, const struct wr_incident *i)
{
	const struct wr_sample one = {.incident = i->id,
				      .start_ns = i->start_ns,
				      .from = i->sample.from,
				      .to = i->sample.to};
	struct wr_err err = {0};

	if (wr_samples_add(&r->sampled, &one, &err))
		wr_run_log(err.text);
}

static void sample(struct wr_run *r, struct wr_incident *i)
{
	struct taking t = {.to = r->samples, .start_ns = i->start_ns};
	struct wr_buf filter = {0};
	struct wr_dump_ask ask = {.since_ns = i->start_ns - BEFORE_NS};
	uint64_t before = wr_dump_state(r->samples).added;

	i->sample.taken = true;
	if (i->strongest.victim.route[0]) /* a gateway has told of it: it is in no packet */
		return;
	filter_of(&filter, &i->strongest.victim);
	ask.filter = wr_buf_text(&filter);
	/* One call, which looks at a bounded number; a ring that holds more has room for the rest.
	 */
	if (wr_dump_each(r->dump, &ask, take, &t, NULL) || filter.failed)
		t.before = t.after = 0;
	wr_buf_free(&filter);
	if (wr_dump_state(r->samples).added == before)
		return;
	i->sample.from = before + 1;
	i->sample.to = wr_dump_state(r->samples).added;
	keep(r, i);
}

/* One in a window: each takes some milliseconds. */
void wr_run_sample(struct wr_run *r)
{
	struct wr_incident *all[WR_INCIDENTS];
	uint64_t now_ns = wr_run_now_ns();
	uint32_t n;

	if (!r->samples || !r->dump || !r->findings)
		return;
	n = wr_incidents_list(wr_findings_incidents(r->findings), all, WR_INCIDENTS);
	for (uint32_t k = 0; k < n; k++) {
		if (all[k]->sample.taken || (now_ns - all[k]->found_ns < AFTER_NS && all[k]->open))
			continue;
		sample(r, all[k]);
		forget(r, all, n);
		wr_samples_trim(&r->sampled, oldest_ns(r));
		return;
	}
	if (now_ns - r->sampled_ns > 3600 * 1000000000ull) {
		wr_samples_trim(&r->sampled, oldest_ns(r));
		r->sampled_ns = now_ns;
	}
}
