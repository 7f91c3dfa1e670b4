/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/history.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/loop.h"
#include "base/when.h"
#include "daemon/classes.h"
#include "daemon/rights.h"
#include "store/read.h"
#include "store/store.h"
#include "view/effect.h"
#include "view/finding.h"
#include "view/packet.h"

enum { ROWS_MAX = 4096, COMMIT_FLOWS = 32768, ASKED_MAX = 128 };

#define LEFT_MOST_NS 5000000000u

struct wr_history {
	struct wr_store *store;
	void (*say)(void *ctx, const char *line);
	void *ctx;
	bool failing;
	/* Flows that went on when weir ended: written, not written, since when. */
	uint32_t left, not_left;
	uint64_t left_ns;
	char path[300];
	uint64_t max_bytes;
	char error[512]; /* the last one; "" = none yet */
};

static uint32_t seconds(uint64_t ns)
{
	return (uint32_t)(ns / 1000000000);
}

/* Who has dropped rights goes on writing: the file, what SQLite keeps beside it, and the folder in
 * which it makes them. */
static int give_away(const char *path, const char *user, bool made, struct wr_err *err)
{
	static const char *const ends[] = {"", "-wal", "-shm"};
	char name[300], folder[300];
	uid_t uid;
	gid_t gid;
	int ret;

	if (geteuid())
		return 0;
	ret = wr_rights_user(user, &uid, &gid, err);
	if (ret)
		return ret;
	for (int i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "%s%s", path, ends[i]);
		if (wr_rights_give(name, uid, gid) && errno != ENOENT)
			return wr_fail(err, errno, "giving %s to %s: %s", name, user,
				       strerror(errno));
	}
	snprintf(folder, sizeof(folder), "%s", path);
	/* Only a folder of our own, or one that was made for it: others may keep something else in
	 * theirs. */
	if ((made || strstr(path, "/weir/")) && chown(dirname(folder), uid, gid))
		return wr_fail(err, errno, "giving the folder of %s to %s: %s", path, user,
			       strerror(errno));
	return 0;
}

static struct wr_store_conf store_conf(const struct wr_daemon_conf *conf)
{
	return (struct wr_store_conf){
		.max_bytes = conf->history.max_bytes,
		.flow_age_s = seconds(conf->history.flows_ns),
		.second_age_s = seconds(conf->history.seconds_ns),
		.minute_age_s = seconds(conf->history.minutes_ns),
		.hour_age_s = seconds(conf->history.hours_ns),
		.thread = true,
	};
}

int wr_history_open(struct wr_history **out, const struct wr_daemon_conf *conf,
		    void (*say)(void *ctx, const char *line), void *ctx, struct wr_err *err)
{
	struct wr_store_conf store = store_conf(conf);
	struct wr_history *h;
	char folder[300];
	bool made;
	int ret;

	if (!conf->history.path[0])
		return 0;
	snprintf(folder, sizeof(folder), "%s", conf->history.path);
	made = access(dirname(folder), F_OK) != 0;
	h = calloc(1, sizeof(*h));
	if (!h)
		return wr_fail(err, ENOMEM, "out of memory");
	h->say = say;
	h->ctx = ctx;
	h->max_bytes = store.max_bytes;
	snprintf(h->path, sizeof(h->path), "%s", conf->history.path);
	ret = wr_store_open(&h->store, conf->history.path, &store, err);
	if (!ret)
		ret = give_away(conf->history.path, conf->daemon.user, made, err);
	if (ret) {
		wr_history_close(&h);
		return ret;
	}
	*out = h;
	return 0;
}

void wr_history_close(struct wr_history **history)
{
	struct wr_history *h = *history;
	struct wr_err err = {0};
	char text[160];

	if (!h)
		return;
	if (h->not_left) {
		snprintf(text, sizeof(text),
			 "history: %u flows that went on are not written: there was no time, or no "
			 "room",
			 h->not_left);
		h->say(h->ctx, text);
	}
	if (wr_store_close(&h->store, &err))
		h->say(h->ctx, err.text);
	free(h);
	*history = NULL;
}

int wr_history_limits(struct wr_history *h, const struct wr_daemon_conf *conf, struct wr_err *err)
{
	struct wr_store_conf store = store_conf(conf);
	int ret = h ? wr_store_limits(h->store, &store, err) : 0;

	if (h && !ret)
		h->max_bytes = store.max_bytes;
	return ret;
}

static uint64_t size_of(const char *path, const char *end)
{
	char name[320];
	struct stat st;

	snprintf(name, sizeof(name), "%s%s", path, end);
	return stat(name, &st) ? 0 : (uint64_t)st.st_size;
}

void wr_history_status(struct wr_history *h, struct wr_status *out)
{
	struct wr_store_stats s;

	if (!h)
		return;
	s = wr_store_stats(h->store);
	out->history.path = h->path;
	out->history.bytes = size_of(h->path, "") + size_of(h->path, "-wal");
	out->history.max_bytes = h->max_bytes;
	out->history.oldest_ns = s.oldest_ns;
	out->history.flows = s.flows_there;
	out->history.written = s.flows + s.counts + s.events;
	out->history.lost = s.flows_lost + s.counts_lost + s.events_lost;
	out->history.error = h->error[0] ? h->error : NULL;
	out->history.failing_since_ns = s.failing_since_ns;
}

/* ---- keys ---- */

static void address(char *to, size_t room, const uint8_t addr[16], uint8_t ip_v)
{
	char text[INET6_ADDRSTRLEN] = "";

	inet_ntop(ip_v == 6 ? AF_INET6 : AF_INET, addr, text, sizeof(text));
	snprintf(to, room, "%s", text);
}

static void protocol(char *to, size_t room, const struct wr_talk_key *k)
{
	const char *name = wr_view_proto(k->proto);

	if (!k->ip_v)
		snprintf(to, room, "not IP");
	else if (k->tag & WR_FLOW_NO_PROTO)
		snprintf(to, room, "unreadable");
	else if (name)
		snprintf(to, room, "%s", name);
	else
		snprintf(to, room, "%u", k->proto);
}

/* "tcp/443@10.0.0.5", "icmp@10.0.0.5" */
static void service(char *to, size_t room, const struct wr_talk_key *k)
{
	char proto[32], addr[INET6_ADDRSTRLEN];

	protocol(proto, sizeof(proto), k);
	for (char *c = proto; *c; c++)
		*c = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
	address(addr, sizeof(addr), k->addr, k->ip_v);
	if (k->port)
		snprintf(to, room, "%s/%u@%s", proto, k->port, addr);
	else
		snprintf(to, room, "%s@%s", proto, addr);
}

void wr_history_key(char *to, size_t room, const struct wr_live *live, enum wr_live_kind kind,
		    const struct wr_talk_key *k)
{
	if (kind == WR_LIVE_SERVICES)
		service(to, room, k);
	else if (kind == WR_LIVE_TALKERS)
		address(to, room, k->addr, k->ip_v);
	else if (kind == WR_LIVE_PROTOCOLS)
		protocol(to, room, k);
	else
		snprintf(to, room, "%s", wr_live_iface_name(live, k->port));
}

/* ---- windows ---- */

static const enum wr_store_kind kinds[WR_LIVE_KINDS] = {
	[WR_LIVE_SERVICES] = WR_STORE_SERVICE,
	[WR_LIVE_TALKERS] = WR_STORE_SOURCE,
	[WR_LIVE_PROTOCOLS] = WR_STORE_PROTOCOL,
	[WR_LIVE_IFACES] = WR_STORE_IFACE,
};

static void count(struct wr_history *h, enum wr_store_kind kind, const char *key, uint64_t t_s,
		  const struct wr_live_cell *c)
{
	struct wr_store_counts n = {
		.packets = c->in.packets,
		.bytes = c->in.bytes,
		.packets_back = c->out.packets,
		.bytes_back = c->out.bytes,
	};

	if (n.packets || n.packets_back)
		wr_store_count(h->store, kind, key, t_s, &n);
}

static void count_kind(struct wr_history *h, struct wr_live *live, enum wr_live_kind kind,
		       uint64_t t_s)
{
	static const struct wr_live_row *rows[ROWS_MAX];
	uint32_t n = wr_live_top(live, kind, WR_LIVE_BY_RATE, rows, ROWS_MAX);
	struct wr_live_cell cell;
	char key[WR_STORE_KEY_MAX];

	for (uint32_t i = 0; i < n; i++) {
		cell = wr_live_cell(live, rows[i], 0);
		wr_history_key(key, sizeof(key), live, kind, &rows[i]->key);
		count(h, kinds[kind], key, t_s, &cell);
	}
	cell = wr_live_cell(live, wr_live_other(live, kind), 0);
	count(h, kinds[kind], WR_STORE_OTHER, t_s, &cell);
}

static void tick(struct wr_history *h, uint64_t now_ns)
{
	struct wr_err err = {0};
	char text[768];
	int ret = wr_store_tick(h->store, now_ns, &err);

	if (wr_store_notice(h->store, text, sizeof(text)))
		h->say(h->ctx, text);
	if (ret)
		snprintf(h->error, sizeof(h->error), "%s", err.text);
	if (ret && !h->failing)
		h->say(h->ctx, err.text);
	if (!ret && h->failing)
		h->say(h->ctx, "history: writing works again");
	h->failing = ret != 0;
}

static uint64_t second_of(const struct wr_live *live)
{
	return (wr_live_totals(live)->window_ns - WR_LIVE_WINDOW_NS / 2) / 1000000000;
}

struct of_rules {
	struct wr_history *h;
	uint64_t t_s;
	struct wr_store_counts all;
};

static void count_rule(void *ctx, const char *name, const struct wr_rule_now *now)
{
	struct of_rules *o = ctx;
	struct wr_store_counts n = {
		.packets = now->matched.packets,
		.bytes = now->matched.bytes,
		.dropped = now->dropped,
		.limited = now->limited,
	};

	wr_store_count(o->h->store, WR_STORE_RULE, name, o->t_s, &n);
	o->all.dropped += now->dropped;
	o->all.limited += now->limited;
}

struct of_classes {
	struct of_rules *whole;
	bool off; /* nothing is kept out, whatever is counted */
};

static void count_class(void *ctx, const struct wr_class_row *row)
{
	struct of_classes *o = ctx;
	const struct wr_class_counts *now = &row->second;
	struct wr_store_counts n = {
		.packets = now->offered.packets,
		.bytes = now->offered.bytes,
		.limited = o->off ? 0 : now->dropped.packets,
	};

	if (!n.packets)
		return;
	wr_store_count(o->whole->h->store, WR_STORE_CLASS, row->name ? row->name : "(no class)",
		       o->whole->t_s, &n);
	o->whole->all.limited += n.limited;
}

void wr_history_rules(struct wr_history *h, const struct wr_live *live, const struct wr_rules *r)
{
	struct of_rules o = {.h = h, .t_s = second_of(live)};
	struct of_classes classes = {&o, wr_rules_state(r).off};

	if (!h)
		return;
	wr_rules_now(r, count_rule, &o);
	wr_classes_each(wr_rules_classes(r), count_class, &classes);
	if (o.all.dropped || o.all.limited)
		wr_store_count(h->store, WR_STORE_TOTAL, "", o.t_s, &o.all);
}

void wr_history_rule(struct wr_history *h, const struct wr_rules_event *e)
{
	struct wr_store_rule row = {.at_ns = e->at_ns, .expires_ns = e->expires_ns};

	if (!h)
		return;
	snprintf(row.action, sizeof(row.action), "%s", e->action);
	snprintf(row.state, sizeof(row.state), "%s", e->state);
	snprintf(row.text, sizeof(row.text), "%.440s  # by %s", e->text, e->who);
	wr_store_rule(h->store, &row);
}

/* ---- incidents ---- */

static void put_text(char *to, size_t room, struct wr_buf *b)
{
	snprintf(to, room, "%s", b->failed ? "" : wr_buf_text(b));
	wr_buf_clear(b);
}

uint64_t wr_history_incident(struct wr_history *h, const struct wr_incident *i)
{
	static struct wr_store_incident row;
	struct wr_buf b = {0};

	if (!h)
		return 0;
	memset(&row, 0, sizeof(row));
	row.id = i->stored;
	row.start_ns = i->start_ns;
	row.end_ns = i->end_ns;
	snprintf(row.class, sizeof(row.class), "%s", wr_class_name(i->strongest.klass));
	snprintf(row.severity, sizeof(row.severity), "%s", wr_severity_name(i->severity));
	wr_victim_text(&b, &i->strongest.victim);
	put_text(row.target, sizeof(row.target), &b);
	wr_finding_reason(&b, &i->strongest);
	if (i->effect[WR_INCIDENT_STOPPED].since_ns) {
		wr_buf_str(&b, "; stopped: ");
		wr_view_effect_text(&b, i, WR_INCIDENT_STOPPED);
	}
	put_text(row.text, sizeof(row.text), &b);
	wr_view_evidence_json(&b, NULL, &i->strongest);
	if (b.used < sizeof(row.evidence))
		put_text(row.evidence, sizeof(row.evidence), &b);
	wr_buf_free(&b);
	return wr_store_incident(h->store, &row);
}

struct left {
	struct wr_history *h;
	uint64_t now_ns;
};

static bool end_one(void *ctx, const struct wr_store_incident *i)
{
	struct left *left = ctx;
	struct wr_store_incident row = *i;

	if (i->end_ns)
		return true;
	row.end_ns = left->now_ns;
	return wr_store_incident(left->h->store, &row) != 0;
}

void wr_history_end_incidents(struct wr_history *h, const char *path, uint64_t now_ns)
{
	struct left left = {h, now_ns};
	struct wr_store_reader *r = NULL;

	if (!h || wr_store_read_open(&r, path, NULL))
		return;
	wr_store_read_incidents(r, 0, 0, end_one, &left, NULL);
	wr_store_read_close(&r);
}

/* ---- requests ---- */

static void join(struct wr_api_now *to, const struct wr_api_now *from)
{
	to->requests += from->requests;
	to->failed += from->failed;
	to->refused += from->refused;
	to->bytes_in += from->bytes_in;
	to->bytes_out += from->bytes_out;
	to->tokens += from->tokens;
	to->time_us += from->time_us;
}

static void count_asked(struct wr_history *h, enum wr_store_kind kind, const char *name,
			uint64_t t_s, const struct wr_api_now *now)
{
	struct wr_store_counts n = {
		.packets = now->requests,
		.bytes = now->bytes_in,
		.packets_back = now->tokens,
		.bytes_back = now->bytes_out,
		.flows = now->time_us,
		.dropped = now->failed,
		.limited = now->refused,
	};
	char key[WR_STORE_KEY_MAX];

	if (!now->requests)
		return;
	wr_store_key(key, name);
	wr_store_count(h->store, kind, key, t_s, &n);
}

static int most_asked(const void *a, const void *b)
{
	const struct wr_api_row *x = *(const struct wr_api_row *const *)a;
	const struct wr_api_row *y = *(const struct wr_api_row *const *)b;

	if (x->now.requests != y->now.requests)
		return x->now.requests < y->now.requests ? 1 : -1;
	return memcmp(x->key, y->key, sizeof(x->key));
}

static const char *name_of(char hex[17], enum wr_api_by by, const struct wr_api_row *row)
{
	uint64_t hash;

	if (by == WR_API_ROUTES)
		return row->key;
	memcpy(&hash, row->key, sizeof(hash));
	snprintf(hex, 17, "%016" PRIx64, hash);
	return hex;
}

static void count_asked_by(struct wr_history *h, const struct wr_api_table *t, enum wr_api_by by,
			   uint64_t t_s)
{
	static const enum wr_store_kind of[] = {
		[WR_API_ROUTES] = WR_STORE_ROUTE, [WR_API_CONSUMERS] = WR_STORE_CONSUMER};
	const struct wr_api_row *row[WR_API_ROWS];
	struct wr_api_now other = t->other.now;
	uint32_t n = 0;
	char hex[17];

	for (uint32_t i = 0; i < t->room; i++)
		if (t->rows[i].used && t->rows[i].now.requests)
			row[n++] = &t->rows[i];
	if (n > ASKED_MAX)
		qsort(row, n, sizeof(row[0]), most_asked);
	for (uint32_t i = 0; i < n; i++) {
		if (i >= ASKED_MAX)
			join(&other, &row[i]->now);
		else
			count_asked(h, of[by], name_of(hex, by, row[i]), t_s, &row[i]->now);
	}
	count_asked(h, of[by], WR_STORE_OTHER, t_s, &other);
	count_asked(h, of[by], "(none)", t_s, &t->none.now);
}

void wr_history_requests(struct wr_history *h, const struct wr_api_stats *s, uint64_t t_s)
{
	if (!h || !s)
		return;
	count_asked_by(h, wr_api_stats_table(s, WR_API_ROUTES), WR_API_ROUTES, t_s);
	count_asked_by(h, wr_api_stats_table(s, WR_API_CONSUMERS), WR_API_CONSUMERS, t_s);
}

void wr_history_window(struct wr_history *h, struct wr_live *live)
{
	struct wr_live_cell all = wr_live_total_cell(live, 0);
	uint64_t end_ns = wr_live_totals(live)->window_ns;
	uint64_t t_s = second_of(live);

	if (!h)
		return;
	count(h, WR_STORE_TOTAL, "", t_s, &all);
	for (int k = 0; k < WR_LIVE_KINDS; k++)
		count_kind(h, live, (enum wr_live_kind)k, t_s);
	tick(h, end_ns);
}

/* ---- flows ---- */

/* One that began counts for its service and its source in the second in which it did. */
static void count_flow(struct wr_history *h, const struct wr_flow *f, int server)
{
	struct wr_store_counts one = {.flows = 1};
	struct wr_talk_key k = {.port = f->key.port[server],
				.tag = f->key.tag & WR_FLOW_NO_PROTO,
				.proto = f->key.proto,
				.ip_v = f->key.ip_v};
	uint64_t t_s = f->first_ns / 1000000000;
	char key[WR_STORE_KEY_MAX];

	memcpy(k.addr, f->key.addr[server], 16);
	wr_store_count(h->store, WR_STORE_TOTAL, "", t_s, &one);
	service(key, sizeof(key), &k);
	wr_store_count(h->store, WR_STORE_SERVICE, key, t_s, &one);
	address(key, sizeof(key), f->key.addr[!server], f->key.ip_v);
	wr_store_count(h->store, WR_STORE_SOURCE, key, t_s, &one);
}

static void commit(struct wr_history *h)
{
	struct wr_err err = {0};

	h->failing = wr_store_commit(h->store, wr_when_now(), &err) != 0;
	if (h->failing)
		h->say(h->ctx, err.text);
}

/* Who ends has more than there is room for at once, and waits for the disk, while it works, and
 * not so long that who ends it would have no more patience. */
static bool has_room(struct wr_history *h)
{
	uint64_t now_ns = wr_loop_now_ns();

	if (!h->left_ns)
		h->left_ns = now_ns;
	if (h->failing || now_ns - h->left_ns > LEFT_MOST_NS) {
		h->not_left++;
		return false;
	}
	if (!(h->left++ % COMMIT_FLOWS))
		commit(h);
	return true;
}

void wr_history_flow(struct wr_history *h, const struct wr_live *live, const struct wr_flow *f)
{
	int server = wr_flow_server(f);
	const struct wr_app *app;
	struct wr_store_flow s = {
		.start_ns = f->first_ns,
		.end_ns = f->last_ns,
		.rtt_us = f->rtt_us,
		.sport = f->key.port[!server],
		.dport = f->key.port[server],
		.vlan = f->key.tag & (WR_FLOW_VLAN | WR_FLOW_VLAN_ID),
		.tcp_flags = f->tcp_flags[0] | f->tcp_flags[1],
		.ip_v = f->key.ip_v,
		.proto = f->key.proto,
		.end = f->end_reason,
	};

	if (!h)
		return;
	for (int back = 0; back < 2; back++) {
		s.packets[back] = f->sent[back ? server : !server].packets;
		s.bytes[back] = f->sent[back ? server : !server].bytes;
	}
	memcpy(s.src, f->key.addr[!server], 16);
	memcpy(s.dst, f->key.addr[server], 16);
	snprintf(s.iface, sizeof(s.iface), "%s", wr_live_iface_name(live, f->iface));
	app = wr_live_app(live, f);
	if (app) {
		int client = wr_app_client(app);

		s.l7 = (uint16_t)wr_app_proto(app);
		if (client >= 0)
			snprintf(s.host, sizeof(s.host), "%.*s", (int)sizeof(s.host) - 1,
				 app->said[client].host);
	}
	if (f->end_reason == WR_FLOW_END_FORCED && !has_room(h))
		return;
	wr_store_flow(h->store, &s);
	/* One that goes on may be seen by the next daemon until it has ended. */
	if (f->end_reason != WR_FLOW_END_ACTIVE && f->end_reason != WR_FLOW_END_FORCED)
		count_flow(h, f, server);
}
