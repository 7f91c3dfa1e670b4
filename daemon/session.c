/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/session.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "capture/board.h"
#include "capture/ring.h"
#include "capture/socket.h"
#include "control/path.h"
#include "control/pin.h"
#include "daemon/links.h"

enum {
	MAX_PORTS = WR_SESSION_IFACES,
	IDLE_MS = 20,
	WAIT_MS = 10,
	WAITS = 100,
	SOCKET_LEAST = 1 << 20, /* bytes */
};

/* One interface that is wanted; it may be absent just now. */
struct port {
	char name[16];
	bool out;    /* what leaves it, at TC egress; else what arrives */
	int ifindex; /* 0 = absent */
	int told;    /* of the one that could not be opened, when that was said */
	struct wr_path *path;
	struct wr_socket *socket;
	struct wr_ledger past; /* of earlier times that it was there */
	bool has_past;
	struct wr_ledger_rules rules, past_rules; /* owned: of the row, and of its past */
	uint64_t write_failed; /* of what a packet socket or an earlier time has seen */
};

struct session {
	struct wr_source base;
	struct wr_session_conf conf;
	char filter[1024];
	struct port port[MAX_PORTS];
	size_t n_ports;
	struct wr_ledger gone; /* of ports that have made room for others; none: no name */
	struct wr_ledger_rules gone_rules;
	unsigned int refused; /* the last interface there was no room for, by index */
	struct wr_ring *ring;
	int ring_fd;
	int links_fd; /* becomes readable when interfaces come or go */
	bool finished;
	int waits; /* so often was nothing there after that */
};

static void say(const struct session *s, const char *line)
{
	if (s->conf.say)
		s->conf.say(s->conf.say_ctx, line);
}

static struct wr_board *board_of(void *ctx, uint32_t ifindex, uint32_t hook)
{
	struct session *s = ctx;

	for (size_t i = 0; i < s->n_ports; i++) {
		struct wr_board *b = s->port[i].path ? wr_path_board(s->port[i].path) : NULL;

		if (b && b->ifindex == ifindex && b->hook == hook)
			return b;
	}
	return NULL;
}

/* Packet sockets cannot share a ring: they share its size. */
static uint32_t socket_bytes(const struct session *s)
{
	uint32_t n = s->conf.ring_bytes / (uint32_t)s->n_ports;

	return n < SOCKET_LEAST ? SOCKET_LEAST : n;
}

static int use_socket(struct session *s, struct port *p, const struct wr_iface *iface,
		      const char *why, struct wr_err *err)
{
	struct wr_socket_conf conf = {
		.iface = p->name,
		.ifindex = iface->index,
		.linktype = iface->linktype < 0 ? 0 : (uint32_t)iface->linktype,
		.ring_bytes = socket_bytes(s),
		.filter = s->conf.filter,
	};
	char line[1024];
	int ret;

	if (iface->linktype < 0)
		return wr_fail(err, EOPNOTSUPP, "%s is neither an Ethernet nor an IP interface",
			       p->name);
	ret = wr_socket_open(&p->socket, &conf, err);
	if (ret)
		return ret;
	snprintf(line, sizeof(line), "%s: packet socket%s%s%s", p->name,
		 why ? " (BPF refused: " : "", why ? why : "", why ? ")" : "");
	say(s, line);
	return 0;
}

static int use_path(struct session *s, struct port *p, const struct wr_iface *iface,
		    struct wr_err *err)
{
	struct wr_path_conf conf = {
		.iface = iface,
		.hook = p->out ? WR_HOOK_TC_OUT : s->conf.hook,
		.ring_fd = s->ring_fd,
		.ring_bytes = s->conf.ring_bytes,
		.board = s->conf.board,
		.filter = s->conf.filter,
		.flow_slots = s->conf.flow_slots,
		.memory_bytes = s->conf.memory_bytes,
		.pin_dir = s->conf.pin_dir,
		.judge = s->conf.judge,
	};
	char why[512];
	int ret;

	if (s->conf.open_path)
		ret = s->conf.open_path(s->conf.rights_ctx, &p->path, &conf, s->conf.whole_packets,
					why, sizeof(why), err);
	else
		ret = wr_path_open_auto(&p->path, &conf, s->conf.whole_packets, why, sizeof(why),
					err);
	if (ret)
		return ret;
	if (!s->ring) {
		s->ring_fd = dup(wr_path_ring(p->path));
		ret = wr_ring_open(&s->ring, s->ring_fd, err);
	}
	if (ret) {
		wr_path_close(&p->path);
		return ret;
	}
	say(s, why);
	if (s->conf.joins)
		s->conf.joins(s->conf.judge_ctx, p->path, true);
	return 0;
}

static void close_path(struct session *s, struct port *p)
{
	if (p->path && s->conf.joins)
		s->conf.joins(s->conf.judge_ctx, p->path, false);
	wr_path_close(&p->path);
}

/* A packet socket sees copies. */
static int no_socket(const struct port *p, const char *why, struct wr_err *err)
{
	return wr_fail(err, EOPNOTSUPP,
		       "%s: a policy is enforced by BPF, and a packet socket cannot%s%s; leave "
		       "policy.file empty to watch without one",
		       p->name, why ? ": " : " (capture.hook = auto)", why ? why : "");
}

static int port_open(struct session *s, struct port *p, struct wr_err *err)
{
	struct wr_err sock = {0};
	struct wr_iface iface;
	int ret;

	ret = wr_iface_get(&iface, p->name, err);
	if (ret)
		return ret;
	if (p->out) {
		ret = use_path(s, p, &iface, err);
	} else if (s->conf.hook == WR_HOOK_PACKET) {
		ret = s->conf.judge ? no_socket(p, NULL, err) : use_socket(s, p, &iface, NULL, err);
	} else {
		ret = use_path(s, p, &iface, err);
		if ((ret == -EPERM || ret == -EOPNOTSUPP) && s->conf.judge) {
			sock = *err;
			ret = no_socket(p, sock.text, err);
		} else if ((ret == -EPERM || ret == -EOPNOTSUPP) && s->conf.hook == WR_HOOK_COUNT) {
			ret = use_socket(s, p, &iface, err->text, &sock);
			if (ret) /* both reasons, the one that can be mended best first */
				ret = wr_within(err, "%s; and BPF", sock.text);
		}
	}
	if (!ret)
		p->ifindex = iface.index;
	return ret;
}

/* Rows of rules; those of the port are read anew each time. */
static void add_rules(struct wr_ledger_rules *to, const struct wr_ledger *from)
{
	for (uint32_t i = 0; i < from->n_rules; i++)
		wr_ledger_rules_add(to, &from->rule[i]);
}

static void add_rows(struct wr_ledger *to, const struct wr_ledger *from)
{
	to->arrived.packets += from->arrived.packets;
	to->arrived.bytes += from->arrived.bytes;
	to->passed.packets += from->passed.packets;
	to->passed.bytes += from->passed.bytes;
	to->dropped.packets += from->dropped.packets;
	to->dropped.bytes += from->dropped.bytes;
	to->limited.packets += from->limited.packets;
	to->limited.bytes += from->limited.bytes;
	to->matched.packets += from->matched.packets;
	to->matched.bytes += from->matched.bytes;
	to->made += from->made;
	to->seen += from->seen;
	to->waiting += from->waiting;
	for (int i = 0; i < WR_LOST_COUNT; i++)
		to->lost[i] += from->lost[i];
	for (int i = 0; i < WR_BAD_COUNT; i++)
		to->bad[i] += from->bad[i];
	to->balanced = to->balanced && from->balanced;
}

static void path_row(struct session *s, struct port *p, struct wr_ledger *row)
{
	struct wr_board_rules rules = {
		.name = s->conf.rule,
		.slots = s->conf.judge ? s->conf.rule_slots(s->conf.judge_ctx) : 0,
		.ctx = s->conf.judge_ctx,
	};

	rules.gone = wr_path_gone(p->path, &rules.cpus);
	wr_board_ledger(wr_path_board(p->path), WR_MAX_CPUS, rules.gone ? &rules : NULL, &p->rules,
			row);
}

static int port_row(struct session *s, struct port *p, struct wr_ledger *row)
{
	struct wr_ledger past = p->past;

	past.rule = p->past_rules.at;
	past.n_rules = p->past_rules.n;
	if (p->path)
		path_row(s, p, row);
	else if (p->socket)
		wr_socket_ledger(p->socket, row);
	else if (p->has_past)
		*row = past;
	else
		return 0;
	if (p->has_past && (p->path || p->socket)) {
		row->since_ns = past.since_ns;
		add_rows(row, &past);
		if (row->n_rules || past.n_rules) {
			p->rules.n = row->n_rules;
			add_rules(&p->rules, &past);
			row->rule = p->rules.at;
			row->n_rules = p->rules.n;
		}
	}
	row->seen -= p->write_failed;
	row->lost[WR_LOST_WRITE_FAILED] += p->write_failed;
	return 1;
}

/* All that is in the ring now; what comes meanwhile from other interfaces may stay, or this had no
 * end under load. */
static void read_ring(struct session *s, wr_packet_fn fn, void *ctx)
{
	struct wr_ring_reader reader = {board_of, s, fn, ctx, s->conf.rule, s->conf.judge_ctx};
	int most = (int)(s->conf.ring_bytes / sizeof(struct wr_event));

	if (s->ring)
		wr_ring_read(s->ring, &reader, most);
}

/* Programs that were running when they were detached have ended after a grace period of RCU, which
 * this call waits for. Kernels with CPUs that have no tick refuse it. */
static void settle(void)
{
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
		usleep(IDLE_MS * 1000);
}

static bool is_waiting(struct session *s, struct port *p)
{
	struct wr_ledger row;

	return (p->path || p->socket) && port_row(s, p, &row) && row.waiting;
}

/* The kernel hands over the last block of a packet socket by a timer, which is late on a busy host.
 */
static void read_rest(struct session *s, struct port *p, wr_packet_fn fn, void *ctx)
{
	for (int i = 0; i < WAITS; i++) {
		if (p->path)
			read_ring(s, fn, ctx);
		while (p->socket && wr_socket_read(p->socket, fn, ctx, 1 << 16))
			;
		if (!is_waiting(s, p))
			return;
		usleep(WAIT_MS * 1000);
	}
}

/* What is pinned would stay for ever, and attached as long as there is its interface. */
static void unpin(struct session *s, const struct port *p)
{
	const char *folder = wr_path_folder(p->path);
	struct wr_err err = {0};
	char line[1400];
	int ret = s->conf.unpin ? s->conf.unpin(s->conf.rights_ctx, folder, &err)
				: wr_pin_remove(folder, &err);

	if (!ret) {
		wr_path_unpinned(p->path);
		return;
	}
	snprintf(line, sizeof(line), "%s: what is pinned in %s stays: %s", p->name, folder,
		 err.text);
	say(s, line);
}

/* Its numbers are final, unless it stays where it is for the next process. */
static void end_board(const struct port *p)
{
	if (p->path && !wr_path_attached(p->path))
		wr_path_board(p->path)->ended = 1;
}

/* What is on its way is read before the board goes; then the numbers of this time are kept. */
static void port_close(struct session *s, struct port *p, wr_packet_fn fn, void *ctx)
{
	struct wr_ledger row;

	if (p->path && wr_path_pinned(p->path))
		unpin(s, p);
	if (p->path) {
		wr_path_detach(p->path);
		settle();
	}
	if (p->socket)
		wr_socket_detach(p->socket);
	read_rest(s, p, fn, ctx);
	end_board(p);
	if (p->path && s->conf.leaving && wr_path_account(p->path))
		s->conf.leaving(s->conf.leaving_ctx, p->path);
	if (port_row(s, p, &row)) {
		p->past_rules.n = 0;
		add_rules(&p->past_rules, &row);
		p->past = row;
		p->has_past = true;
		p->write_failed = 0;
	}
	close_path(s, p);
	wr_socket_close(&p->socket);
	p->ifindex = 0;
}

static struct port *find_port(struct session *s, const char *name, bool out)
{
	for (size_t i = 0; i < s->n_ports; i++)
		if (s->port[i].out == out && !strcmp(s->port[i].name, name))
			return &s->port[i];
	return NULL;
}

static void forget_port(struct port *p)
{
	free(p->rules.at);
	free(p->past_rules.at);
	memset(p, 0, sizeof(*p));
}

/* What was counted of it stays in the ledger, in a row for all such. */
static void make_room(struct session *s, struct port *p)
{
	struct wr_ledger row;

	if (port_row(s, p, &row)) {
		if (!s->gone.iface[0])
			s->gone = (struct wr_ledger){.since_ns = row.since_ns, .balanced = true};
		snprintf(s->gone.iface, sizeof(s->gone.iface), "(gone)");
		s->gone.hook = row.hook;
		if (row.since_ns < s->gone.since_ns)
			s->gone.since_ns = row.since_ns;
		add_rows(&s->gone, &row);
		add_rules(&s->gone_rules, &row);
	}
	forget_port(p);
}

/* A slot for another one; NULL: no room. Where all interfaces are wanted, those that are gone make
 * room. */
static struct port *free_port(struct session *s)
{
	if (s->n_ports < MAX_PORTS)
		return &s->port[s->n_ports++];
	for (size_t i = 0; s->conf.any && i < s->n_ports; i++)
		if (!s->port[i].ifindex && !if_nametoindex(s->port[i].name)) {
			make_room(s, &s->port[i]);
			return &s->port[i];
		}
	return NULL;
}

static bool add_port(struct session *s, const char *name, bool out)
{
	struct port *p;

	if (find_port(s, name, out))
		return true;
	p = free_port(s);
	if (!p)
		return false;
	snprintf(p->name, sizeof(p->name), "%s", name);
	p->out = out;
	return true;
}

/* An interface that is wanted: what arrives, and what leaves when that is wanted too. */
static bool add_iface(struct session *s, const char *name)
{
	return add_port(s, name, false) && (!s->conf.out || add_port(s, name, true));
}

/* A name that is too long for an interface is not cut short: there could be one of what is left. */
static int check_names(const char *const *ifaces, size_t n, struct wr_err *err)
{
	struct wr_iface iface;

	for (size_t i = 0; i < n; i++)
		if (strlen(ifaces[i]) >= sizeof(iface.name))
			return wr_iface_get(&iface, ifaces[i], err);
	return 0;
}

static void add_all(struct session *s)
{
	struct if_nameindex *all = if_nameindex();
	char line[128];

	for (int i = 0; all && all[i].if_index; i++) {
		if (add_iface(s, all[i].if_name) || all[i].if_index <= s->refused)
			continue;
		s->refused = all[i].if_index;
		snprintf(line, sizeof(line), "%s: not watched: %d other interfaces are",
			 all[i].if_name, MAX_PORTS);
		say(s, line);
	}
	if_freenameindex(all);
}

static bool attached(const struct port *p)
{
	return p->path ? wr_path_attached(p->path) : p->socket && wr_socket_attached(p->socket);
}

/* Interfaces have come or gone, or come again under the same name, even with the same index. */
static void follow_links(struct session *s, wr_packet_fn fn, void *ctx)
{
	struct wr_err err = {0};
	char line[1024];

	for (size_t i = 0; i < s->n_ports; i++) {
		struct port *p = &s->port[i];

		if (p->ifindex && ((int)if_nametoindex(p->name) != p->ifindex || !attached(p))) {
			port_close(s, p, fn, ctx);
			snprintf(line, sizeof(line), "%s: gone", p->name);
			say(s, line);
		}
	}
	if (s->conf.any)
		add_all(s);
	for (size_t i = 0; i < s->n_ports; i++) {
		struct port *p = &s->port[i];
		int now = p->ifindex ? 0 : (int)if_nametoindex(p->name);

		if (!now || !port_open(s, p, &err) || now == p->told)
			continue;
		p->told = now;
		snprintf(line, sizeof(line), "%s: %s", p->name, err.text);
		say(s, line);
	}
}

static int session_read(struct wr_source *base, wr_packet_fn fn, void *ctx, int max,
			struct wr_err *err)
{
	struct session *s = (struct session *)base;
	struct wr_ring_reader reader = {board_of, s, fn, ctx, s->conf.rule, s->conf.judge_ctx};
	int n = 0;

	(void)err;
	if (!s->finished && wr_links_changed(s->links_fd))
		follow_links(s, fn, ctx);
	if (s->ring)
		n += wr_ring_read(s->ring, &reader, max);
	for (size_t i = 0; i < s->n_ports; i++)
		if (s->port[i].socket)
			n += wr_socket_read(s->port[i].socket, fn, ctx, max);
	if (n || !s->finished)
		return n;
	for (size_t i = 0; i < s->n_ports && s->waits < WAITS; i++) {
		if (!is_waiting(s, &s->port[i]))
			continue;
		s->waits++;
		usleep(WAIT_MS * 1000);
		return 0;
	}
	for (size_t i = 0; i < s->n_ports; i++)
		end_board(&s->port[i]);
	return -ENODATA;
}

static int session_poll_fd(struct wr_source *base)
{
	(void)base;
	return -1;
}

static int session_ledger(struct wr_source *base, struct wr_ledger *rows, int n)
{
	struct session *s = (struct session *)base;
	struct wr_ledger row;
	int have = 0;

	for (size_t i = 0; i < s->n_ports; i++)
		if (port_row(s, &s->port[i], &row)) {
			if (have < n)
				rows[have] = row;
			have++;
		}
	if (s->gone.iface[0]) {
		if (have < n) {
			rows[have] = s->gone;
			rows[have].rule = s->gone_rules.at;
			rows[have].n_rules = s->gone_rules.n;
		}
		have++;
	}
	return have;
}

static void session_close(struct wr_source *base)
{
	struct session *s = (struct session *)base;

	for (size_t i = 0; i < s->n_ports; i++) {
		close_path(s, &s->port[i]);
		wr_socket_close(&s->port[i].socket);
		forget_port(&s->port[i]);
	}
	free(s->gone_rules.at);
	wr_ring_close(&s->ring);
	if (s->ring_fd >= 0)
		close(s->ring_fd);
	if (s->links_fd >= 0)
		close(s->links_fd);
	free(s);
}

static const struct wr_source_ops session_ops = {
	.read = session_read,
	.poll_fd = session_poll_fd,
	.ledger = session_ledger,
	.close = session_close,
};

/* One that is missing is waited for, unless nothing at all is there. */
static int open_ports(struct session *s, struct wr_err *err)
{
	size_t open = 0;
	char line[1024];

	for (size_t i = 0; i < s->n_ports; i++) {
		int ret = port_open(s, &s->port[i], err);

		open += !ret;
		if (!ret)
			continue;
		if (ret != -ENODEV && !s->conf.any && !s->port[i].out)
			return ret;
		if (ret == -ENODEV && s->conf.n_ifaces == 1)
			return ret;
		snprintf(line, sizeof(line), "%s: %s", s->port[i].name,
			 ret == -ENODEV ? "not there yet, waiting for it" : err->text);
		say(s, line);
	}
	return open ? 0 : -(err->code ? err->code : ENODEV);
}

int wr_session_open(struct wr_source **out, const struct wr_session_conf *conf, struct wr_err *err)
{
	struct session *s = calloc(1, sizeof(*s));
	int ret = 0;

	if (!s)
		return wr_fail(err, ENOMEM, "out of memory");
	s->base.ops = &session_ops;
	s->conf = *conf;
	s->ring_fd = -1;
	if (conf->filter &&
	    snprintf(s->filter, sizeof(s->filter), "%s", conf->filter) >= (int)sizeof(s->filter))
		ret = wr_fail(err, EINVAL, "the filter is longer than %zu bytes",
			      sizeof(s->filter));
	s->conf.filter = conf->filter ? s->filter : NULL;
	s->links_fd = wr_links_open();
	if (conf->any)
		add_all(s);
	else if (!ret)
		ret = check_names(conf->ifaces, conf->n_ifaces, err);
	for (size_t i = 0; !conf->any && !ret && i < conf->n_ifaces; i++)
		if (!add_iface(s, conf->ifaces[i]))
			ret = wr_fail(err, E2BIG, "more than %d interfaces", MAX_PORTS);
	if (!ret && conf->pin_dir)
		wr_path_sweep(conf->pin_dir);
	for (size_t i = 0; !ret && conf->pin_dir && !conf->out && i < s->n_ports; i++)
		wr_path_forget(conf->pin_dir, (int)if_nametoindex(s->port[i].name), WR_HOOK_TC_OUT);
	if (!ret)
		ret = open_ports(s, err);
	if (ret) {
		session_close(&s->base);
		return ret;
	}
	*out = &s->base;
	return 0;
}

void wr_session_paths(struct wr_source *base, void (*fn)(void *ctx, struct wr_path *path),
		      void *ctx)
{
	struct session *s = (struct session *)base;

	for (size_t i = 0; i < s->n_ports; i++)
		if (s->port[i].path)
			fn(ctx, s->port[i].path);
}

/* ---- other interfaces ---- */

static bool wanted(const struct port *p, const char *const *ifaces, size_t n, bool any)
{
	for (size_t i = 0; i < n && !any; i++)
		if (!strcmp(ifaces[i], p->name))
			return true;
	return any;
}

static void port_remove(struct session *s, size_t i, wr_packet_fn fn, void *ctx)
{
	struct port *p = &s->port[i];
	char line[64];

	port_close(s, p, fn, ctx);
	snprintf(line, sizeof(line), "%s: not watched any more", p->name);
	if (!p->out)
		say(s, line);
	forget_port(p);
	memmove(p, p + 1, (s->n_ports - i - 1) * sizeof(*p));
	memset(&s->port[--s->n_ports], 0, sizeof(*p));
}

int wr_session_ifaces(struct wr_source *base, const char *const *ifaces, size_t n_ifaces, bool any,
		      wr_packet_fn fn, void *ctx, struct wr_err *err)
{
	struct session *s = (struct session *)base;
	int ret = any ? 0 : check_names(ifaces, n_ifaces, err);
	char line[128];

	if (ret)
		return ret;
	if (n_ifaces * (s->conf.out ? 2 : 1) > MAX_PORTS)
		return wr_fail(err, E2BIG, "more than %d interfaces", MAX_PORTS);
	for (size_t i = s->n_ports; i--;)
		if (!wanted(&s->port[i], ifaces, n_ifaces, any))
			port_remove(s, i, fn, ctx);
	s->conf.any = any;
	for (size_t i = 0; i < n_ifaces && !any; i++) {
		add_iface(s, ifaces[i]);
		if (if_nametoindex(ifaces[i]))
			continue;
		snprintf(line, sizeof(line), "%s: not there yet, waiting for it", ifaces[i]);
		say(s, line);
	}
	follow_links(s, fn, ctx);
	return 0;
}

int wr_session_filter(struct wr_source *base, const char *expr, struct wr_err *err)
{
	struct session *s = (struct session *)base;

	for (size_t i = 0; i < s->n_ports; i++) {
		int ret = s->port[i].path ? wr_path_filter(s->port[i].path, expr, err) : 0;

		if (ret)
			return ret;
	}
	snprintf(s->filter, sizeof(s->filter), "%s", expr ? expr : "");
	s->conf.filter = expr ? s->filter : NULL;
	return 0;
}

static void keep(struct wr_board_conf *to, const struct wr_board_conf *from)
{
	to->keep_sample = from->keep_sample;
	to->keep_snap = from->keep_snap;
	to->keep = from->keep;
	to->upkeep = from->upkeep;
}

void wr_session_keep(struct wr_source *base, const struct wr_board_conf *conf)
{
	struct session *s = (struct session *)base;

	keep(&s->conf.board, conf);
	for (size_t i = 0; i < s->n_ports; i++)
		if (s->port[i].path)
			keep(&wr_path_board(s->port[i].path)->conf, conf);
}

/* They stand on the board, where others read the ledger, on one of its CPUs; but not more than it
 * has seen: the others are of an earlier time that the interface was there. */
void wr_session_write_failed(struct wr_source *base, const char *iface, uint64_t packets)
{
	struct session *s = (struct session *)base;
	struct port *p = find_port(s, iface, false);
	struct wr_ledger row;
	uint64_t now;

	if (p && p->path) {
		wr_board_ledger(wr_path_board(p->path), WR_MAX_CPUS, NULL, NULL, &row);
		now = row.seen < packets ? row.seen : packets;
		wr_path_board(p->path)->cpu[0].seen.write_failed += now;
		packets -= now;
	}
	if (p) {
		p->write_failed += packets;
	} else if (s->gone.iface[0]) {
		s->gone.seen -= packets;
		s->gone.lost[WR_LOST_WRITE_FAILED] += packets;
	}
}

void wr_session_finish(struct wr_source *base)
{
	struct session *s = (struct session *)base;

	for (size_t i = 0; i < s->n_ports; i++) {
		if (s->port[i].path)
			wr_path_detach(s->port[i].path);
		if (s->port[i].socket)
			wr_socket_detach(s->port[i].socket);
	}
	settle();
	s->finished = true;
}
