/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/gateways_impl.h"
#include "daemon/rights.h"

enum { READS = 64 };

/* ---- opening, with rights ---- */

bool wr_gateways_wanted(const struct wr_daemon_conf *conf)
{
	return conf->gateway.keep || conf->gateway.at[0] || conf->gateway.policies[0];
}

static const char *user_of(const struct wr_daemon_conf *conf)
{
	return conf->gateway.user[0] ? conf->gateway.user : conf->daemon.user;
}

static const char *listens(const struct wr_daemon_conf *conf)
{
	return wr_gateways_wanted(conf) ? conf->gateway.folder : "";
}

/* Ledgers that `weir gateway` has made as root. */
static void give_files(const char *folder, uid_t uid, gid_t gid)
{
	DIR *d = opendir(folder);
	const struct dirent *e;
	char path[4096];

	while (d && (e = readdir(d))) {
		const char *dot = strrchr(e->d_name, '.');

		if (!dot || (strcmp(dot, ".ledger") != 0 && strcmp(dot, ".lock") != 0))
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", folder, e->d_name) < (int)sizeof(path))
			wr_rights_give(path, uid, gid);
	}
	if (d)
		closedir(d);
}

/* The files first: while the folder is root's nobody else has put any there. */
static int give_ledgers(const struct wr_daemon_conf *conf, struct wr_err *err)
{
	const char *path = conf->gateway.state;
	struct stat st = {0};
	uid_t uid = (uid_t)-1;
	gid_t gid = (gid_t)-1;
	int ret = wr_rights_user(user_of(conf), &uid, &gid, err);

	if (ret || geteuid())
		return ret;
	if (lstat(path, &st) && (errno != ENOENT || mkdir(path, 0700) || lstat(path, &st)))
		return wr_fail(err, errno, "gateway.state: %s: %s%s", path, strerror(errno),
			       errno == EROFS
				       ? "; under systemd it has to be in StateDirectory= or "
					 "ReadWritePaths="
				       : "");
	if (S_ISDIR(st.st_mode) && st.st_uid == uid)
		return 0;
	if (!S_ISDIR(st.st_mode) || st.st_uid)
		return wr_fail(err, EPERM,
			       "gateway.state: %s is no folder of root's or of %s's (gateway.user)",
			       path, user_of(conf));
	give_files(path, uid, gid);
	if (wr_rights_give_folder(path, uid, gid))
		return wr_fail(err, errno, "gateway.state: %s: %s", path, strerror(errno));
	return 0;
}

int wr_gateways_open(struct wr_gateways **out, const struct wr_daemon_conf *conf,
		     struct wr_err *err)
{
	struct wr_gateways *g;
	int pair[2], ret;

	if (!wr_gateways_wanted(conf))
		return 0;
	ret = give_ledgers(conf, err);
	if (ret)
		return ret;
	g = calloc(1, sizeof(*g));
	if (!g)
		return wr_fail(err, ENOMEM, "no memory for gateways");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair)) {
		free(g);
		return wr_fail(err, errno, "socketpair: %s", strerror(errno));
	}
	g->core_fd = pair[0];
	g->other_fd = pair[1];
	g->front = (struct wr_front){
		.name = "gateways",
		.listen = listens,
		.user = user_of,
		.main = wr_gateways_main,
		.own = g,
		.alone = true,
		.keep_fds = {g->other_fd},
	};
	*out = g;
	return 0;
}

void wr_gateways_forked(struct wr_gateways *g)
{
	if (g->other_fd >= 0)
		close(g->other_fd);
	g->other_fd = -1;
}

void wr_gateways_close(struct wr_gateways **out)
{
	struct wr_gateways *g = *out;

	if (!g)
		return;
	wr_gateways_forked(g);
	close(g->core_fd);
	free(g);
	*out = NULL;
}

const struct wr_front *wr_gateways_front(const struct wr_gateways *g)
{
	return &g->front;
}

/* ---- in the core ---- */

int wr_gateways_fd(const struct wr_gateways *g)
{
	return g->core_fd;
}

void wr_gateways_ops(struct wr_gateways *g, const struct wr_gateways_ops *ops)
{
	g->ops = *ops;
}

struct wr_act *wr_gateways_acts(struct wr_gateways *g)
{
	return g->act;
}

uint32_t wr_gateways_rows(const struct wr_gateways *g, const struct wr_gateways_row **rows)
{
	*rows = g->row;
	return g->n_rows;
}

uint64_t wr_gateways_no_room(const struct wr_gateways *g)
{
	return g->no_room;
}

struct wr_act *wr_gateways_act(struct wr_gateways *g, const char *gateway,
			       const struct wr_gateway_entry *e, int policy, bool shadow)
{
	struct wr_act *a = NULL;
	uint32_t policies = 0;

	for (struct wr_act *at = g->act; at < g->act + WR_ACTS; at++) {
		if (!at->id && !a)
			a = at;
		policies += at->id && at->policy >= 0;
	}
	if (!a || (policy >= 0 && policies >= WR_ACTS - WR_ACTS_LEFT)) {
		g->no_room++;
		return NULL;
	}
	*a = (struct wr_act){.id = ++g->last_id,
			     .state = shadow ? WR_ACT_SHADOW : WR_ACT_WAITS,
			     .policy = policy,
			     .e = *e};
	snprintf(a->gateway, sizeof(a->gateway), "%.*s", WR_GATEWAY_NAME - 1, gateway);
	return a;
}

void wr_gateways_longer(struct wr_act *a, uint64_t until_s)
{
	a->e.until_s = until_s;
	a->again = a->state == WR_ACT_STANDS;
	a->sent = false;
}

void wr_gateways_lift(struct wr_act *a)
{
	if (a->state == WR_ACT_SHADOW || a->state == WR_ACT_REFUSED ||
	    a->state == WR_ACT_DECLINED) {
		a->id = 0;
		return;
	}
	a->state = WR_ACT_LEAVES;
	a->sent = false;
}

/* ---- what has become of them: nothing of it is believed ---- */

static void take_act(struct wr_gateways *g, const struct wr_gateways_news *n)
{
	for (struct wr_act *a = g->act; a < g->act + WR_ACTS; a++) {
		if (a->id != n->act || !a->id || a->state == WR_ACT_SHADOW)
			continue;
		memcpy(a->why, n->row.why, sizeof(a->why));
		if (a->state == WR_ACT_LEAVES) {
			if (n->state == WR_ACT_LEAVES)
				a->id = 0;
			return;
		}
		if (n->state == WR_ACT_LEAVES)
			return;
		a->state = n->state;
		if (g->ops.act)
			g->ops.act(g->ops.ctx, a);
		return;
	}
}

static void take_row(struct wr_gateways *g, const struct wr_gateways_row *row)
{
	uint32_t k = 0;
	bool changed;

	while (k < g->n_rows && strcmp(g->row[k].name, row->name) != 0)
		k++;
	if (k == WR_GATEWAYS_KNOWN)
		return;
	changed = k == g->n_rows
			  ? !row->well
			  : g->row[k].well != row->well || strcmp(g->row[k].why, row->why) != 0;
	g->n_rows += k == g->n_rows;
	g->row[k] = *row;
	if (changed && g->ops.gateway)
		g->ops.gateway(g->ops.ctx, row);
}

/* It goes to logs and terminals, on one line. */
static void make_plain(char *text, size_t room)
{
	text[room - 1] = 0;
	wr_plain(text);
	for (char *s = text; (s = strchr(s, '\n'));)
		*s = ' ';
}

static void take(struct wr_gateways *g, struct wr_gateways_news *n)
{
	make_plain(n->row.name, sizeof(n->row.name));
	make_plain(n->row.why, sizeof(n->row.why));
	make_plain(n->e.why, sizeof(n->e.why));
	make_plain(n->e.name, sizeof(n->e.name));
	if (n->what == WR_GATEWAYS_ACT && n->state > WR_ACT_SHADOW && n->state < WR_ACT_STATES)
		take_act(g, n);
	else if (n->what == WR_GATEWAYS_STATE)
		take_row(g, &n->row);
	else if (n->what == WR_GATEWAYS_ENTRY && g->ops.found && n->e.verb < WR_GATEWAY_VERBS &&
		 ((n->e.kind == WR_GATEWAY_ADDRESS && (n->e.who.ip_v == 4 || n->e.who.ip_v == 6)) ||
		  n->e.kind == WR_GATEWAY_ROUTE))
		g->ops.found(g->ops.ctx, n->row.name, &n->e);
}

int wr_gateways_read(struct wr_gateways *g)
{
	struct wr_gateways_news n;
	ssize_t bytes;

	for (int i = 0; i < READS; i++) {
		bytes = recv(g->core_fd, &n, sizeof(n), MSG_DONTWAIT);
		if (!bytes)
			return -EPIPE;
		if (bytes < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -EPIPE;
		if (bytes == sizeof(n))
			take(g, &n);
	}
	return 0;
}

/* False: the other process does not take more just now. */
static bool send_act(struct wr_gateways *g, struct wr_act *a)
{
	struct wr_gateways_order o = {.act = a->id,
				      .lift = a->state == WR_ACT_LEAVES,
				      .again = a->again,
				      .harder = a->harder,
				      .e = a->e};

	memcpy(o.gateway, a->gateway, sizeof(o.gateway));
	if (send(g->core_fd, &o, sizeof(o), MSG_DONTWAIT | MSG_NOSIGNAL) != sizeof(o))
		return false;
	a->sent = true;
	return true;
}

void wr_gateways_second(struct wr_gateways *g, uint64_t now_s, uint64_t starts)
{
	bool anew = starts != g->starts, takes = true;

	g->starts = starts;
	for (struct wr_act *a = g->act; a < g->act + WR_ACTS; a++) {
		if (!a->id)
			continue;
		/* The ledger has what stands; it ends there by itself. */
		if (a->e.until_s <= now_s) {
			a->id = 0;
			continue;
		}
		if (anew && a->state != WR_ACT_STANDS)
			a->sent = false;
		if (a->state == WR_ACT_SHADOW || a->state == WR_ACT_REFUSED ||
		    a->state == WR_ACT_DECLINED)
			continue;
		if (takes && !a->sent)
			takes = send_act(g, a);
	}
}
