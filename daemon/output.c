/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/output.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "daemon/output_impl.h"
#include "daemon/rights.h"
#include "view/finding.h"

enum {
	IFACES = 256, /* numbers of flow/live.h */
	IFACE_WINDOWS = 60,
	END_MS = 5000,
	WAKE_AT = WR_OUTPUT_QUEUE / 4,
};

struct wr_outputs {
	struct wr_output_shared *shared; /* owned */
	size_t bytes;			 /* of it */
	struct wr_queue_writer queue;
	struct wr_front front;
	bool flows, stats, metrics, findings, incidents, spans, people; /* somebody wants them, */
	bool windows;							/* and them */
	uint64_t stats_ns, metrics_ns;					/* so often */
	uint64_t stats_due, metrics_due;
	uint64_t woken_at;	  /* the queue's head when the process was woken last */
	struct wr_outbox_count n; /* of the queue: flows, totals, points */
	struct wr_buf text;
	struct {
		uint32_t ifindex;
		uint64_t window; /* in which that was asked, plus one */
	} ifaces[IFACES];
	struct wr_output_slot seen[WR_OUTPUTS]; /* copies, for names that are borrowed */
};

/* ---- open, close ---- */

static const char *wanted(const struct wr_daemon_conf *conf)
{
	for (int k = 0; k < WR_OUTPUT_KINDS; k++)
		if (wr_output_places(conf, (enum wr_output_kind)k).n)
			return "outputs";
	return "";
}

static const uint16_t *connects(const struct wr_daemon_conf *conf)
{
	static uint16_t ports[WR_OUTPUT_PORTS];

	return wr_output_ports(conf, ports) ? ports : NULL;
}

int wr_outputs_open(struct wr_outputs **out, const struct wr_daemon_conf *conf, struct wr_err *err)
{
	struct wr_outputs *o = calloc(1, sizeof(*o));

	if (!o)
		return wr_fail(err, ENOMEM, "no memory for outputs");
	o->bytes = sizeof(*o->shared) + wr_output_queue_bytes() +
		   WR_OUTPUTS * conf->output.buffer_bytes;
	o->shared = wr_mem_share(o->bytes);
	if (!o->shared) {
		free(o);
		return wr_fail(err, ENOMEM, "no memory for outputs");
	}
	o->shared->buffer = conf->output.buffer_bytes & ~(uint64_t)63;
	o->shared->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (o->shared->wake_fd < 0) {
		int ret = wr_fail(err, errno, "outputs: eventfd: %s", strerror(errno));

		wr_outputs_close(&o);
		return ret;
	}
	if (getrandom(o->shared->key, sizeof(o->shared->key), 0) != sizeof(o->shared->key)) {
		int ret = wr_fail(err, errno, "outputs: getrandom: %s", strerror(errno));

		wr_outputs_close(&o);
		return ret;
	}
	wr_queue_write_to(&o->queue, wr_output_queue(o->shared), WR_OUTPUT_QUEUE);
	o->front = (struct wr_front){
		.name = "outputs",
		.listen = wanted,
		.connects = connects,
		.folder = wr_output_folder,
		.main = wr_output_main,
		.own = o->shared,
		.alone = true,
		.keep_fds = {o->shared->wake_fd},
		.end_ms = END_MS,
	};
	wr_outputs_conf(o, conf);
	*out = o;
	return 0;
}

void wr_outputs_close(struct wr_outputs **out)
{
	struct wr_outputs *o = *out;

	if (!o)
		return;
	if (o->shared->wake_fd >= 0)
		close(o->shared->wake_fd);
	wr_mem_unmap(o->shared, o->bytes);
	wr_buf_free(&o->text);
	free(o);
	*out = NULL;
}

const struct wr_front *wr_outputs_front(const struct wr_outputs *o)
{
	return &o->front;
}

/* Its keeper, which forks it again, has been forked before this. */
void wr_outputs_forked(struct wr_outputs *o)
{
	madvise(o->shared, o->bytes, MADV_DONTFORK);
}

void wr_outputs_conf(struct wr_outputs *o, const struct wr_daemon_conf *conf)
{
	o->windows = wr_output_wants_windows(conf);
	o->flows = wr_output_wants(conf, "flow") || conf->output.ipfix.n ||
		   (conf->output.features.n && !o->windows);
	o->stats = wr_output_wants(conf, "stats");
	o->findings = wr_output_wants(conf, "finding");
	o->incidents = wr_output_wants(conf, "incident");
	o->metrics = conf->output.otlp.n;
	o->spans = conf->output.otlp_traces.n;
	o->people = wr_output_tells(conf);
	o->stats_ns = conf->output.eve_stats_ns;
	o->metrics_ns = conf->output.otlp_ns;
	o->stats_due = o->metrics_due = 0;
}

/* ---- files, while there are rights ---- */

/* A folder of weir's own is its user's: others may keep something else in theirs. */
static int give_folder(const char *path, uid_t uid, gid_t gid, struct wr_err *err)
{
	char folder[WR_OUTPUT_NAME];
	const char *in, *last;

	snprintf(folder, sizeof(folder), "%s", path);
	in = dirname(folder);
	last = strrchr(in, '/');
	/* A link leads to what somebody has chosen himself. */
	if (last && !strcmp(last, "/weir") && wr_rights_give_folder(in, uid, gid) &&
	    errno != ENOTDIR)
		return wr_fail(err, errno, "giving the folder of %s away: %s", path,
			       strerror(errno));
	return 0;
}

/* What is there already is not ours to give. */
static int prepare(const char *path, const char *user, struct wr_err *err)
{
	uid_t uid;
	gid_t gid;
	int ret = wr_rights_user(user, &uid, &gid, err), fd;

	if (ret)
		return ret;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (fd < 0 && errno != EEXIST)
		return wr_fail(err, EINVAL, "output.eve: %s: %s", path, strerror(errno));
	if (fd >= 0 && fchown(fd, uid, gid))
		ret = wr_fail(err, errno, "giving %s to %s: %s", path, user, strerror(errno));
	if (fd >= 0)
		close(fd);
	return ret ? ret : give_folder(path, uid, gid, err);
}

/* As with files: what is there already is not ours to give. */
static int prepare_folder(const char *path, const char *user, struct wr_err *err)
{
	uid_t uid;
	gid_t gid;
	int ret = wr_rights_user(user, &uid, &gid, err);

	if (ret)
		return ret;
	if (mkdir(path, 0750))
		return errno == EEXIST ? 0
				       : wr_fail(err, EINVAL, "output.features: %s: %s", path,
						 strerror(errno));
	if (wr_rights_give_folder(path, uid, gid))
		return wr_fail(err, errno, "giving %s to %s: %s", path, user, strerror(errno));
	return give_folder(path, uid, gid, err);
}

int wr_outputs_prepare(const struct wr_daemon_conf *conf, struct wr_err *err)
{
	int ret = 0;

	for (size_t i = 0; i < conf->output.eve.n && !ret && !geteuid(); i++)
		if (conf->output.eve.at[i][0] == '/')
			ret = prepare(conf->output.eve.at[i], conf->daemon.user, err);
	if (!ret && !geteuid() && wr_output_folder(conf))
		ret = prepare_folder(wr_output_folder(conf), conf->daemon.user, err);
	return ret;
}

/* ---- in ---- */

static void wake(struct wr_outputs *o)
{
	const uint64_t one = 1;

	o->woken_at = o->queue.head;
	if (write(o->shared->wake_fd, &one, sizeof(one)) < 0)
		return; /* it has been told so often that the number is full */
}

static void put(struct wr_outputs *o, enum wr_output_message kind, size_t n)
{
	wr_queue_put(&o->queue, kind, n);
	if (o->queue.head - o->woken_at > WAKE_AT)
		wake(o);
}

static uint32_t ifindex(struct wr_outputs *o, const struct wr_live *live, uint32_t number,
			const char *name)
{
	uint64_t window = wr_live_totals(live)->window + 1;

	if (number >= IFACES)
		return 0;
	/* One that was made anew has another number. */
	if (!o->ifaces[number].window || window - o->ifaces[number].window > IFACE_WINDOWS) {
		o->ifaces[number].window = window;
		o->ifaces[number].ifindex = if_nametoindex(name);
	}
	return o->ifaces[number].ifindex;
}

void wr_outputs_flow(struct wr_outputs *o, const struct wr_live *live, const struct wr_flow *f)
{
	const struct wr_app *app;
	struct wr_output_flow *to;
	size_t n = sizeof(*to);
	struct wr_l7 *said;

	if (!o || !o->flows)
		return;
	o->n.given++;
	app = wr_live_app(live, f);
	for (int end = 0; end < 2; end++)
		n += app && app->said[end].proto ? sizeof(*said) : 0;
	to = wr_queue_room(&o->queue, n, WR_OUTPUT_SPARE);
	if (!to) {
		o->n.lost++;
		return;
	}
	memset(to, 0, sizeof(*to));
	memcpy(to->flow, f, sizeof(to->flow));
	snprintf(to->iface, sizeof(to->iface), "%s", wr_live_iface_name(live, f->iface));
	to->ifindex = ifindex(o, live, f->iface, to->iface);
	said = to->said;
	for (int end = 0; end < 2; end++) {
		to->has[end] = app && app->said[end].proto;
		if (to->has[end])
			*said++ = app->said[end];
	}
	put(o, WR_OUTPUT_FLOW, n);
}

void wr_outputs_window_row(struct wr_outputs *o, const struct wr_window *w)
{
	const uint32_t holds = 1;
	uint8_t *to;

	if (!o || !o->windows)
		return;
	o->n.given++;
	to = wr_queue_room(&o->queue, WR_OUTPUT_HOLDS + sizeof(*w), WR_OUTPUT_SPARE);
	if (!to) {
		o->n.lost++;
		return;
	}
	memcpy(to, &holds, sizeof(holds));
	memcpy(to + WR_OUTPUT_HOLDS, w, sizeof(*w));
	put(o, WR_OUTPUT_WINDOW, WR_OUTPUT_HOLDS + sizeof(*w));
}

/* Bytes behind how many things they hold; n of them, then more. */
static void put_bytes(struct wr_outputs *o, enum wr_output_message kind, uint32_t holds,
		      const void *bytes, size_t n, const struct wr_buf *more)
{
	size_t all = WR_OUTPUT_HOLDS + n + more->used;
	uint8_t *to = more->failed ? NULL : wr_queue_room(&o->queue, all, 0);

	o->n.given += holds;
	if (!to) {
		o->n.lost += holds;
		return;
	}
	memset(to, 0, WR_OUTPUT_HOLDS);
	memcpy(to, &holds, sizeof(holds));
	memcpy(to + WR_OUTPUT_HOLDS, bytes, n);
	memcpy(to + WR_OUTPUT_HOLDS + n, more->at, more->used);
	put(o, kind, all);
}

static void put_text(struct wr_outputs *o, enum wr_output_message kind, uint32_t holds)
{
	put_bytes(o, kind, holds, "", 0, &o->text);
}

static void put_stats(struct wr_outputs *o, const struct wr_api_host *host)
{
	static const struct wr_view_live how;

	wr_buf_clear(&o->text);
	wr_view_stats_json(&o->text, host->live, &how);
	put_text(o, WR_OUTPUT_STATS, 1);
}

static void put_metrics(struct wr_outputs *o, const struct wr_api_host *host)
{
	uint32_t points;

	wr_buf_clear(&o->text);
	points = wr_api_metrics_otlp(host, &o->text);
	put_text(o, WR_OUTPUT_METRICS, points);
}

void wr_outputs_finding(struct wr_outputs *o, enum wr_finding_news news, const struct wr_finding *f,
			uint64_t incident)
{
	if (!o || !o->findings)
		return;
	wr_buf_clear(&o->text);
	wr_view_finding_event(&o->text, f, news, incident);
	put_text(o, WR_OUTPUT_FINDING, 1);
}

void wr_outputs_incident(struct wr_outputs *o, const char *line, size_t n)
{
	if (!wr_outputs_want_incidents(o))
		return;
	wr_buf_clear(&o->text);
	wr_buf_add(&o->text, line, n);
	put_text(o, WR_OUTPUT_INCIDENT, 1);
}

void wr_outputs_spans(struct wr_outputs *o, const char *body, size_t n, uint32_t spans)
{
	if (!wr_outputs_want_spans(o))
		return;
	wr_buf_clear(&o->text);
	wr_buf_add(&o->text, body, n);
	put_text(o, WR_OUTPUT_SPANS, spans);
}

void wr_outputs_tell(struct wr_outputs *o, const struct wr_told *t, uint32_t test)
{
	struct wr_output_told m = {
		.at_ns = t->at_ns,
		.incident = t->incident,
		.test = test,
		.severity = t->severity,
		.state = t->state,
		.text_n = (uint32_t)t->text_n,
	};

	if (!wr_outputs_tell_people(o))
		return;
	snprintf(m.klass, sizeof(m.klass), "%s", t->klass);
	snprintf(m.target, sizeof(m.target), "%s", t->target);
	wr_buf_clear(&o->text);
	wr_buf_add(&o->text, t->text, t->text_n);
	wr_buf_add(&o->text, t->json, t->json_n);
	put_bytes(o, WR_OUTPUT_TOLD, 1, &m, sizeof(m), &o->text);
	wake(o); /* somebody waits */
}

bool wr_outputs_want_incidents(const struct wr_outputs *o)
{
	return o && o->incidents;
}

bool wr_outputs_want_spans(const struct wr_outputs *o)
{
	return o && o->spans;
}

bool wr_outputs_tell_people(const struct wr_outputs *o)
{
	return o && o->people;
}

/* At the same moments of the clock, whatever the window began with. */
static bool due(uint64_t *at, uint64_t every_ns, uint64_t now_ns)
{
	bool is_due = now_ns >= *at || *at - now_ns > 2 * every_ns;

	if (is_due)
		*at = now_ns - now_ns % every_ns + every_ns;
	return is_due;
}

void wr_outputs_window(struct wr_outputs *o, const struct wr_api_host *host)
{
	uint64_t now_ns = wr_live_totals(host->live)->window_ns;

	if (!o)
		return;
	if (o->stats && due(&o->stats_due, o->stats_ns, now_ns))
		put_stats(o, host);
	if (o->metrics && due(&o->metrics_due, o->metrics_ns, now_ns))
		put_metrics(o, host);
	if (o->queue.head != o->woken_at)
		wake(o);
}

void wr_outputs_end(struct wr_outputs *o, const struct wr_api_host *host)
{
	if (!o)
		return;
	if (o->stats)
		put_stats(o, host);
	if (o->metrics)
		put_metrics(o, host);
	o->shared->ending = 1;
	wake(o);
}

/* ---- what has become of it ---- */

/* The other process writes meanwhile, and is not believed more than it must be. */
static uint32_t look(struct wr_outputs *o)
{
	uint32_t n = 0;

	for (int i = 0; i < WR_OUTPUTS; i++) {
		struct wr_output_slot *s = &o->seen[n];

		memcpy(s, &o->shared->slots[i], sizeof(*s));
		s->name[sizeof(s->name) - 1] = 0;
		s->trouble[sizeof(s->trouble) - 1] = 0;
		if (s->box.n.given < s->box.n.sent + s->box.n.lost)
			s->box.n.given = s->box.n.sent + s->box.n.lost;
		n += s->name[0] != 0;
	}
	return n;
}

int wr_outputs_counts(struct wr_outputs *o, struct wr_measure_output *rows, int n)
{
	uint32_t have = o ? look(o) : 0;

	if (!have)
		return 0;
	for (uint32_t i = 0; i < have && i < (uint32_t)n; i++)
		rows[i] = (struct wr_measure_output){o->seen[i].name, o->seen[i].box.n};
	if (have < (uint32_t)n) {
		struct wr_outbox_count q = o->n;

		q.sent = q.given - q.lost;
		rows[have] = (struct wr_measure_output){"queue", q};
	}
	return (int)have + 1;
}

int wr_outputs_status(struct wr_outputs *o, struct wr_status_output *rows, int n)
{
	struct wr_measure_output counts[WR_OUTPUTS + 1];
	int have = wr_outputs_counts(o, counts, WR_OUTPUTS + 1);

	for (int i = 0; i < have && i < n; i++) {
		const struct wr_outbox_count *c = &counts[i].n;

		rows[i] = (struct wr_status_output){
			.name = counts[i].name,
			.sent = c->sent,
			.lost = c->lost,
			.waiting = c->given - c->sent - c->lost,
			.trouble = i < have - 1 ? o->seen[i].trouble : "",
		};
	}
	return have;
}

static bool is_told_by(const char *name)
{
	static const enum wr_output_kind kinds[] = {WR_OUTPUT_WEBHOOK, WR_OUTPUT_SYSLOG,
						    WR_OUTPUT_COMMAND};
	char begin[WR_OUTPUT_NAME];

	for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++) {
		wr_output_name(begin, kinds[k], "");
		if (!strncmp(name, begin, strlen(begin)))
			return true;
	}
	return false;
}

int wr_outputs_tests(struct wr_outputs *o, uint32_t test, struct wr_outputs_test *rows, int n)
{
	uint32_t have = o ? look(o) : 0;
	int found = 0;

	for (uint32_t i = 0; i < have && found < n; i++) {
		const struct wr_output_slot *s = &o->seen[i];
		bool came = s->test == test;

		if (!is_told_by(s->name))
			continue;
		rows[found++] = (struct wr_outputs_test){
			.name = s->name,
			.trouble = s->trouble,
			.waits = !came || s->test_is == WR_OUTPUT_TEST_WAITS,
			.taken = came && s->test_is == WR_OUTPUT_TEST_TAKEN,
		};
	}
	return found;
}
