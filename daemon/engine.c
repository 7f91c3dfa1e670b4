/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/engine.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "control/iface.h"
#include "control/listen.h"
#include "core/parse.h"
#include "daemon/pace.h"
#include "daemon/session.h"
#include "flow/account.h"

enum {
	SETTLE_MS = 2,
	RING_LEAST = 4 << 20, /* bytes; powers of two */
	RING_MOST = 32 << 20,
	MEMORY_BYTES = 256 << 20,
	BATCH = 4096,
	SOCKET_MS = 20,
	/* First payloads: enough for a ClientHello of one segment, and no more than the ring holds
	 * when they all come before it is read. */
	PEEK_BYTES = 1536,
	PEEK_ROOM = PEEK_BYTES + sizeof(struct wr_event) + 8,
	PEEKS_LEAST = 16,
	PEEKS_MOST = 1000,
	PEEK_MS = 200,
	/* Packets of the link's upkeep, per CPU, second and path. A packet of it is small. */
	UPKEEPS = 500,
	MANY = 500, /* records at one look: sooner again, or the ring runs full */
	FORGET_WINDOWS = 600,
	LISTEN_WINDOWS = 2,
};

struct wr_engine {
	struct wr_source *source;
	struct wr_live *live;
	struct wr_parse parse;	    /* for packets without facts */
	struct wr_detect *detect;   /* NULL: there is none */
	struct wr_engine_conf conf; /* what of it is asked for later; nothing that is borrowed */
	uint64_t window_ns;	    /* when the one that is being filled ends; CLOCK_REALTIME */
	uint64_t second_ns;	    /* when that of live ends: one or more of those */
	struct wr_pace pace;
	bool new_second;   /* it has, with the window that waits to be drained */
	uint64_t ended_ns; /* the one that waits to be drained ended then; 0 = none waits */
	uint64_t seed;	   /* of distinct counts: the kernel's are joined with ours */
	bool packets;	   /* some come one by one */
	struct wr_engine_keep keep;
	wr_packet_fn packet;
	void *packet_ctx;
	uint64_t counted, recorded;    /* packets, by the kernel in windows that are over */
	uint64_t unkept;	       /* see wr_engine_unkept() */
	uint32_t kept_here, skip_here; /* of packets that come one by one, in this window */
	uint32_t iface;		       /* while a path is drained: its number in live, */
	bool out;		       /* and whether it sees what leaves */
	char default_iface[16];
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void take_row(void *ctx, const struct wr_account_row *row, uint64_t start_ns)
{
	struct wr_engine *e = ctx;

	wr_live_add_row(e->live, e->iface, e->out, row, start_ns);
}

static void soon_row(void *ctx, const struct wr_account_row *row, uint32_t number)
{
	const struct wr_engine *e = ctx;

	wr_live_soon_row(e->live, e->out, row, number);
}

static void near_row(void *ctx, uint32_t number)
{
	const struct wr_engine *e = ctx;

	wr_live_near(e->live, number);
}

static void take_head(void *ctx, const struct wr_account_head *head)
{
	struct wr_engine *e = ctx;

	wr_live_add_head(e->live, e->iface, e->out, head);
	e->counted += head->all.packets;
	e->recorded += head->peeks + head->upkeeps + head->kept;
	e->unkept += head->unkept;
}

/* ---- windows ---- */

static void drain_path(void *ctx, struct wr_path *path)
{
	struct wr_engine *e = ctx;
	struct wr_account_reader reader = {take_row, take_head, e, soon_row, near_row};

	if (!wr_path_account(path))
		return;
	e->iface = wr_live_iface(e->live, wr_path_iface(path)->name);
	e->out = wr_path_hook(path) == WR_HOOK_TC_OUT;
	wr_account_drain(wr_path_account(path), &reader);
}

static void flip_path(void *ctx, struct wr_path *path)
{
	/* What an earlier process has not drained any more. */
	const struct wr_engine *e = ctx;

	drain_path(ctx, path);
	if (wr_path_account(path))
		wr_account_flip(wr_path_account(path), e->new_second);
}

static void look_path(void *ctx, struct wr_path *path)
{
	if (wr_path_account(path))
		wr_account_look(wr_path_account(path), ctx);
}

/* Is the step that is over drained at once, for detection? */
static bool is_drained_now(struct wr_engine *e)
{
	struct wr_account_look now = {0};

	if (!e->detect)
		return true;
	wr_session_paths(e->source, look_path, &now);
	return wr_pace_drains(&e->pace, &now);
}

static void ask_path(void *ctx, struct wr_path *path)
{
	bool *settled = ctx;

	if (wr_path_account(path))
		*settled = *settled && wr_account_settled(wr_path_account(path));
}

/* What listens on this host, now and then: services are marked by it. */
static void ask_listeners(struct wr_engine *e)
{
	static struct wr_listener found[WR_LIVE_LISTEN_MAX];
	static struct wr_talk_key keys[WR_LIVE_LISTEN_MAX];
	int n = wr_listeners(found, WR_LIVE_LISTEN_MAX, NULL);

	for (int i = 0; i < n && i < WR_LIVE_LISTEN_MAX; i++) {
		keys[i] = (struct wr_talk_key){
			.port = found[i].port, .proto = found[i].proto, .ip_v = found[i].ip_v};
		memcpy(keys[i].addr, found[i].addr, 16);
	}
	if (n >= 0)
		wr_live_listen(e->live, keys,
			       n < WR_LIVE_LISTEN_MAX ? (uint32_t)n : WR_LIVE_LISTEN_MAX);
}

static void forget_path(void *ctx, struct wr_path *path)
{
	(void)ctx;
	if (wr_path_account(path))
		wr_account_forget_peeks(wr_path_account(path));
}

/* Nothing comes in any more, or what does is for the next process: both windows are taken, the one
 * that may wait and the one that is being filled. */
static void leaving(void *ctx, struct wr_path *path)
{
	struct wr_engine *e = ctx;

	if (!e->ended_ns)
		flip_path(e, path);
	while (usleep(WR_ACCOUNT_SETTLE_US), !wr_account_settled(wr_path_account(path)))
		;
	drain_path(e, path);
	if (wr_path_attached(path)) /* it is pinned and goes on */
		return;
	wr_account_flip(wr_path_account(path), true);
	drain_path(e, path);
}

/* On the second, so that windows of several hosts fit. */
static uint64_t next_end(uint64_t now, uint64_t every_ns)
{
	return now - now % every_ns + every_ns;
}

/* The clock may have been set: nothing lasts longer than two. */
static bool is_over(uint64_t now, uint64_t end_ns, uint64_t every_ns)
{
	return now >= end_ns || end_ns - now > 2 * every_ns;
}

static uint64_t window_ns(const struct wr_engine *e)
{
	return e->detect ? WR_DETECT_STEP_NS : WR_LIVE_WINDOW_NS;
}

/* What the kernel has counted until then. */
static void drain(struct wr_engine *e, uint64_t ended_ns)
{
	wr_session_paths(e->source, drain_path, e);
	e->ended_ns = 0;
	if (!e->detect)
		return;
	wr_detect_tick(e->detect, ended_ns);
}

static void end_window(struct wr_engine *e, uint64_t ended_ns)
{
	if (e->new_second && wr_live_totals(e->live)->window % LISTEN_WINDOWS == 0)
		ask_listeners(e);
	drain(e, ended_ns);
	if (!e->new_second)
		return;
	e->new_second = false;
	wr_live_end(e->live, ended_ns);
	wr_live_begin(e->live, ended_ns);
	e->kept_here = 0;
	if (wr_live_totals(e->live)->window % FORGET_WINDOWS == 0)
		wr_session_paths(e->source, forget_path, e);
}

/* A packet socket hands out all packets; of them as many are wanted as the kernel would send. */
static bool wanted(struct wr_engine *e, const struct wr_packet *pkt)
{
	if (pkt->hook != WR_HOOK_PACKET)
		return true;
	if (e->skip_here) {
		e->skip_here--;
		return false;
	}
	e->skip_here = e->keep.sample > 1 ? e->keep.sample - 1 : 0;
	return e->kept_here < e->keep.rate && ++e->kept_here;
}

/* One by one: all of a packet socket; from the kernel the first payloads of flows, and what is kept
 * besides. */
static void packet(void *ctx, const struct wr_packet *pkt)
{
	struct wr_engine *e = ctx;
	const struct wr_rec *rec = pkt->rec;
	bool told = e->packet && e->keep.rate && wanted(e, pkt);

	if (told)
		e->packet(e->packet_ctx, pkt);
	e->counted += pkt->hook == WR_HOOK_PACKET;
	e->recorded += pkt->hook == WR_HOOK_PACKET && told;
	if (pkt->why == WR_WHY_KEPT && !e->detect)
		return;
	if (!rec) {
		wr_parse(&e->parse, pkt->data, pkt->caplen, pkt->len, pkt->linktype);
		rec = &e->parse.rec;
	}
	if (e->detect)
		wr_detect_packet(e->detect, pkt, rec);
	if (pkt->why == WR_WHY_KEPT || pkt->why == WR_WHY_UPKEEP)
		return;
	wr_live_payload(e->live, pkt, rec);
	if (pkt->hook != WR_HOOK_PACKET)
		return; /* counted in the kernel */
	e->packets = true;
	wr_live_add_packet(e->live, pkt, rec);
}

static void flip(struct wr_engine *e, uint64_t now)
{
	e->ended_ns = now;
	if (e->new_second)
		e->second_ns = next_end(now, WR_LIVE_WINDOW_NS);
	wr_pace_begin(&e->pace);
	wr_session_paths(e->source, flip_path, e);
}

int wr_engine_step(struct wr_engine *e, struct wr_err *err)
{
	uint64_t now = now_ns();
	bool settled = true, many;
	int n;

	do
		n = e->source->ops->read(e->source, packet, e, BATCH, err);
	while (n >= BATCH);
	if (n < 0)
		return n;
	many = n > MANY || e->packets;
	if (e->ended_ns) {
		wr_session_paths(e->source, ask_path, &settled);
		if (!settled)
			return 1;
		end_window(e, e->ended_ns);
		now = now_ns();
	}
	if (is_over(now, e->window_ns, window_ns(e))) {
		bool drains = is_drained_now(e);

		e->window_ns = next_end(now, window_ns(e));
		e->new_second = is_over(now, e->second_ns, WR_LIVE_WINDOW_NS);
		if (e->new_second || drains) {
			flip(e, now);
			return SETTLE_MS;
		}
		wr_detect_tick(e->detect, now);
	}
	n = (int)((e->window_ns - now) / 1000000) + 1;
	if (many && n > SOCKET_MS)
		return SOCKET_MS;
	return n < PEEK_MS ? n : PEEK_MS;
}

/* ---- detection ---- */

static void part(void *ctx, const struct wr_live_part *p, const struct wr_flow *f)
{
	struct wr_engine *e = ctx;

	wr_detect_part(e->detect, p, f);
}

static void rest(void *ctx, const struct wr_talk_key *service, const struct wr_count *n)
{
	struct wr_engine *e = ctx;

	wr_detect_rest(e->detect, service, n);
}

static void soon_part(void *ctx, const struct wr_live_soon *soon)
{
	const struct wr_engine *e = ctx;

	wr_detect_soon(e->detect, soon);
}

static void near_part(void *ctx, uint32_t number)
{
	const struct wr_engine *e = ctx;

	wr_detect_near(e->detect, number);
}

static int open_detect(struct wr_engine *e, struct wr_err *err)
{
	struct wr_detect_conf conf = {
		.live = e->live,
		.one_way = !e->conf.out,
		.finding = e->conf.finding,
		.ctx = e->conf.finding_ctx,
		.tune = e->conf.tune,
	};
	struct wr_live_tap tap = {
		.ctx = e, .part = part, .rest = rest, .soon = soon_part, .near = near_part};
	int ret = wr_detect_open(&e->detect, &conf, err);

	if (ret)
		return ret;
	wr_detect_tick(e->detect, now_ns());
	wr_live_tap(e->live, &tap);
	return 0;
}

static void close_detect(struct wr_engine *e)
{
	if (!e->detect)
		return;
	wr_live_untap(e->live, e);
	wr_detect_finish(e->detect);
	wr_detect_close(&e->detect);
}

struct wr_detect *wr_engine_detector(struct wr_engine *e)
{
	return e->detect;
}

int wr_engine_detect(struct wr_engine *e, bool on, struct wr_err *err)
{
	int ret = 0;

	if (!e->conf.finding || on == (e->detect != NULL))
		return 0;
	if (on)
		ret = open_detect(e, err);
	else
		close_detect(e);
	if (!ret)
		wr_engine_keep(e, &e->keep);
	e->window_ns = next_end(now_ns(), window_ns(e));
	return ret;
}

void wr_engine_tune(struct wr_engine *e, const struct wr_detect_tune *tune)
{
	e->conf.tune = *tune;
	if (e->detect)
		wr_detect_tune(e->detect, tune);
}

uint64_t wr_engine_unkept(const struct wr_engine *e)
{
	return e->unkept;
}

/* ---- open, close ---- */

/* Room for what all CPUs may send of one interface, as far as there is. */
static uint32_t ring_bytes(void)
{
	uint64_t want = (uint64_t)sysconf(_SC_NPROCESSORS_CONF) * PEEKS_MOST * PEEK_ROOM;
	uint32_t n = RING_LEAST;

	while (n < want && n < RING_MOST)
		n *= 2;
	return n;
}

static uint32_t paths(const struct wr_engine_conf *conf)
{
	struct if_nameindex *all = conf->any ? if_nameindex() : NULL;
	uint32_t n = conf->any || !conf->n_ifaces ? 1 : (uint32_t)conf->n_ifaces;

	for (uint32_t i = 0; all && all[i].if_index; i++)
		n = i + 1;
	if (all)
		if_freenameindex(all);
	return conf->out ? 2 * n : n;
}

/* First payloads per CPU, window and path. */
static uint32_t peeks(const struct wr_engine_conf *conf)
{
	uint32_t n =
		ring_bytes() / PEEK_ROOM / (uint32_t)sysconf(_SC_NPROCESSORS_CONF) / paths(conf);

	return n < PEEKS_LEAST ? PEEKS_LEAST : n > PEEKS_MOST ? PEEKS_MOST : n;
}

static int open_session(struct wr_engine *e, const struct wr_engine_conf *conf, struct wr_err *err)
{
	const char *names[1] = {e->default_iface};
	struct wr_session_conf s = {
		.ifaces = conf->ifaces,
		.n_ifaces = conf->n_ifaces,
		.any = conf->any,
		.hook = conf->hook,
		.out = conf->out,
		.board = {.records = WR_RECORDS_BYTES,
			  .snap = PEEK_BYTES,
			  .keep = conf->keep.rate,
			  .keep_sample = conf->keep.sample,
			  .keep_snap = conf->keep.snap,
			  .upkeep = e->detect ? UPKEEPS : 0,
			  .max_depth = 1,
			  .seed = e->seed},
		.ring_bytes = ring_bytes(),
		.flow_slots = conf->flow_slots ? conf->flow_slots : WR_PATH_SLOTS_DEFAULT,
		.memory_bytes = conf->memory_bytes ? conf->memory_bytes : MEMORY_BYTES,
		.pin_dir = conf->pin_dir,
		.judge = conf->judge,
		.rule = conf->rule,
		.rule_slots = conf->rule_slots,
		.joins = conf->joins,
		.judge_ctx = conf->judge_ctx,
		.leaving = leaving,
		.leaving_ctx = e,
		.open_path = conf->open_path,
		.unpin = conf->unpin,
		.rights_ctx = conf->rights_ctx,
		.say = conf->say,
		.say_ctx = conf->say_ctx,
	};
	int ret = conf->netns ? wr_netns_enter(conf->netns, err) : 0;

	s.board.peek = peeks(conf); /* of the interfaces that are there */
	if (!ret && !conf->any && !conf->n_ifaces) {
		ret = wr_iface_default(e->default_iface, err);
		s.ifaces = names;
		s.n_ifaces = 1;
	}
	return ret ? ret : wr_session_open(&e->source, &s, err);
}

int wr_engine_open(struct wr_engine **out, const struct wr_engine_conf *conf, struct wr_err *err)
{
	struct wr_engine *e = calloc(1, sizeof(*e));
	struct wr_live_conf live = conf->live;
	int ret;

	if (!e)
		return wr_fail(err, ENOMEM, "out of memory");
	e->parse.max_depth = 1;
	e->conf = (struct wr_engine_conf){
		.out = conf->out,
		.finding = conf->finding,
		.finding_ctx = conf->finding_ctx,
		.tune = conf->tune,
	};
	e->keep = conf->keep;
	e->packet = conf->packet;
	e->packet_ctx = conf->packet_ctx;
	getrandom(&e->seed, sizeof(e->seed), 0); /* so few bytes are never refused */
	live.seed = e->seed;
	ret = wr_live_open(&e->live, &live, err);
	if (!ret) {
		wr_live_begin(e->live, now_ns());
		ret = conf->detect && conf->finding ? open_detect(e, err) : 0;
	}
	if (!ret)
		ret = open_session(e, conf, err);
	if (ret) {
		wr_engine_close(&e);
		return ret;
	}
	e->window_ns = next_end(now_ns(), window_ns(e));
	e->second_ns = next_end(now_ns(), WR_LIVE_WINDOW_NS);
	*out = e;
	return 0;
}

int wr_engine_ifaces(struct wr_engine *e, const char *const *ifaces, size_t n_ifaces, bool any,
		     struct wr_err *err)
{
	const char *names[1] = {e->default_iface};
	int ret = 0;

	if (!any && !n_ifaces) {
		ret = wr_iface_default(e->default_iface, err);
		ifaces = names;
		n_ifaces = 1;
	}
	return ret ? ret : wr_session_ifaces(e->source, ifaces, n_ifaces, any, packet, e, err);
}

void wr_engine_keep(struct wr_engine *e, const struct wr_engine_keep *keep)
{
	struct wr_board_conf conf = {.keep = keep->rate,
				     .keep_sample = keep->sample,
				     .keep_snap = keep->snap,
				     .upkeep = e->detect ? UPKEEPS : 0};

	e->keep = *keep;
	wr_session_keep(e->source, &conf);
}

uint64_t wr_engine_passed_over(const struct wr_engine *e)
{
	return e->counted - e->recorded;
}

void wr_engine_finish(struct wr_engine *e)
{
	struct wr_err err = {0};

	wr_session_finish(e->source);
	while (e->source->ops->read(e->source, packet, e, BATCH, &err) >= 0)
		;
	wr_session_paths(e->source, leaving, e);
	close_detect(e);
	wr_live_end(e->live, now_ns());
}

void wr_engine_close(struct wr_engine **engine)
{
	struct wr_engine *e = *engine;

	if (!e)
		return;
	wr_source_close(&e->source);
	wr_detect_close(&e->detect);
	wr_live_close(&e->live);
	free(e);
	*engine = NULL;
}

void wr_engine_paths(struct wr_engine *e, void (*fn)(void *ctx, struct wr_path *path), void *ctx)
{
	wr_session_paths(e->source, fn, ctx);
}

struct wr_live *wr_engine_live(struct wr_engine *e)
{
	return e->live;
}

int wr_engine_ledger(struct wr_engine *e, struct wr_ledger *rows, int n)
{
	return e->source->ops->ledger(e->source, rows, n);
}
