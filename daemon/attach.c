/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/attach.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control/pin.h"
#include "core/image.h"
#include "daemon/pass.h"
#include "daemon/rights.h"

enum { PATIENCE_MS = 20000, WHY = 512, NAME = 64, WHERE_BYTES = 1 << 17, SWAPS = 512 };

/* Descriptors that come with a request: of the maps of the policy, and of the ring when there is
 * one; or the two of a path and a file with expressions, each with its 0. */
enum { POLICY_FD, BUCKETS_FD, HITS_FD, RULES_FD, JUDGE_FDS, SLOTS_FD = 0, BSS_FD, WHERE_FD, FDS };

struct request {
	enum {
		OPEN_PATH,
		UNPIN,
		PUT_WHERE,
		SWAP,
		SWAP_COMMIT,
		SWAP_ABORT,
		PROGRAM_SET,
		PROGRAM_DEL,
		PROGRAM_UNDO,
		PROGRAM_PUT
	} what;
	char iface[16];
	enum wr_hook hook;
	struct wr_board_conf board;
	uint32_t ring_bytes, flow_slots;
	uint64_t memory_bytes;
	int whole_packets;
	bool has_ring, judges;
	struct wr_judge_maps judge; /* without its descriptors */
	char folder[NAME];	    /* to unpin: its name below pin_dir */
	struct wr_path_at at;	    /* to put expressions there */
	uint32_t half, n_where;
	struct wr_swap_at swap; /* to try a build there */
	struct wr_swap_want want;
	struct wr_program_set program;
};

struct answer {
	int ret;
	struct wr_err err;
	char why[WHY];
	struct wr_path_given given;
	struct wr_swap_told told;
	struct wr_program_told program;
};

/* ---- the process with rights ---- */

static void open_path(struct request *r, const int *fds, int n_fds, const char *pin_dir,
		      struct answer *a, struct wr_path **path)
{
	int judge_fds = r->judges ? JUDGE_FDS : 0;
	struct wr_iface iface;
	struct wr_path_conf conf = {
		.iface = &iface,
		.hook = r->hook,
		.ring_fd = r->has_ring ? fds[judge_fds] : -1,
		.ring_bytes = r->ring_bytes,
		.board = r->board,
		.flow_slots = r->flow_slots,
		.memory_bytes = r->memory_bytes,
		.pin_dir = pin_dir,
		.judge = r->judges ? &r->judge : NULL,
	};

	if (n_fds != judge_fds + r->has_ring) {
		a->ret = wr_fail(&a->err, EINVAL, "descriptors are missing");
		return;
	}
	if (r->judges) {
		r->judge.policy_fd = fds[POLICY_FD];
		r->judge.buckets_fd = fds[BUCKETS_FD];
		r->judge.hits_fd = fds[HITS_FD];
		r->judge.rules_fd = fds[RULES_FD];
	}
	a->ret = wr_iface_get(&iface, r->iface, &a->err);
	if (!a->ret)
		a->ret = wr_path_open_auto(path, &conf, r->whole_packets, a->why, sizeof(a->why),
					   &a->err);
}

/* A name of ours and no path: nothing beyond pin_dir can be meant. */
static void unpin(const struct request *r, const char *pin_dir, struct answer *a)
{
	char folder[512];

	if (!pin_dir || !r->folder[0] || r->folder[0] == '.' || strchr(r->folder, '/')) {
		a->ret = wr_fail(&a->err, EINVAL, "it is not pinned by this weir");
		return;
	}
	snprintf(folder, sizeof(folder), "%s/%s", pin_dir, r->folder);
	a->ret = wr_pin_remove(folder, &a->err);
}

/* Programs are made of these texts by libpcap and capture/filter_bpf.c: whatever they are, such a
 * program looks at packets and chooses them, no more. */
static void put_where(const struct request *r, const int *fds, int n_fds, struct answer *a)
{
	static char text[WHERE_BYTES];
	const char *expr[WR_JUDGE_WHERES];
	ssize_t size = n_fds == FDS ? pread(fds[WHERE_FD], text, sizeof(text) - 1, 0) : -1;
	uint32_t n = 0;

	text[size > 0 ? size : 0] = 0;
	for (ssize_t at = 0; at < size && n < WR_JUDGE_WHERES; at += (ssize_t)strlen(text + at) + 1)
		expr[n++] = text + at;
	if (!n || n != r->n_where || r->half > 1)
		a->ret = wr_fail(&a->err, EINVAL, "expressions are missing");
	else
		a->ret = wr_path_where_there(&r->at, fds, r->half, expr, n, &a->err);
}

/* Builds that have been tried, and wait until all have. */
static struct {
	struct wr_swap *at[SWAPS];
	int n;
} swaps;

static void swap_abort(void)
{
	while (swaps.n)
		wr_swap_close(&swaps.at[--swaps.n]);
}

static void swap_try(struct request *r, const int *fds, int n_fds, struct answer *a)
{
	struct wr_swap *s = NULL;

	for (int i = 0; i < WR_SWAP_OBJECTS; i++)
		r->want.object[i][sizeof(r->want.object[i]) - 1] = 0;
	if (swaps.n == SWAPS || n_fds != (r->swap.filter ? 1 : 2) ||
	    (unsigned int)r->swap.path.hook >= WR_HOOK_COUNT)
		a->ret = wr_fail(&a->err, EINVAL, "a request that makes no sense");
	else
		a->ret = wr_swap_prepare(&s, &r->swap, fds, &r->want, &a->told, &a->err);
	if (s)
		swaps.at[swaps.n++] = s;
	else if (a->ret != -ENXIO) /* that path keeps what it has */
		swap_abort();
}

/* All, or none. */
static void swap_commit(struct answer *a)
{
	for (int i = 0; i < swaps.n && !a->ret; i++) {
		a->ret = wr_swap_commit(swaps.at[i], &a->err);
		while (a->ret && i--)
			wr_swap_undo(swaps.at[i]);
		if (a->ret)
			break;
	}
	swap_abort();
}

static struct wr_programs *programs;

static void program_set(struct request *r, struct answer *a)
{
	r->program.name[sizeof(r->program.name) - 1] = 0;
	r->program.file[sizeof(r->program.file) - 1] = 0;
	if (!programs)
		a->ret = wr_programs_open(&programs, &a->err);
	if (!a->ret)
		a->ret = wr_programs_set(programs, &r->program, &a->program, &a->err);
}

static void program_change(struct request *r, const int *fds, int n_fds, struct answer *a)
{
	r->program.name[sizeof(r->program.name) - 1] = 0;
	if (!programs || (r->what == PROGRAM_PUT && n_fds != 2))
		a->ret = wr_fail(&a->err, ENOENT, "there are no programs");
	else if (r->what == PROGRAM_DEL)
		a->ret = wr_programs_del(programs, r->program.name, &a->err);
	else if (r->what == PROGRAM_UNDO)
		wr_programs_undo(programs);
	else
		a->ret = wr_programs_put(programs, &r->at, fds, &a->err);
}

static void serve_one(int fd, struct request *r, const int *got, int n_got, const char *pin_dir)
{
	static struct answer a;
	struct wr_path *path = NULL;
	int fds[WR_PATH_FDS], n = 0;

	memset(&a, 0, sizeof(a));
	r->iface[sizeof(r->iface) - 1] = r->folder[sizeof(r->folder) - 1] = 0;
	if (r->what == UNPIN)
		unpin(r, pin_dir, &a);
	else if (r->what == PUT_WHERE)
		put_where(r, got, n_got, &a);
	else if (r->what == SWAP)
		swap_try(r, got, n_got, &a);
	else if (r->what == SWAP_COMMIT)
		swap_commit(&a);
	else if (r->what == SWAP_ABORT)
		swap_abort();
	else if (r->what == PROGRAM_SET)
		program_set(r, &a);
	else if (r->what >= PROGRAM_DEL && r->what <= PROGRAM_PUT)
		program_change(r, got, n_got, &a);
	else if (r->flow_slots && (unsigned int)r->hook <= WR_HOOK_COUNT)
		open_path(r, got, n_got, pin_dir, &a, &path);
	else
		a.ret = wr_fail(&a.err, EINVAL, "a request that makes no sense");
	if (path) {
		wr_path_give(path, &a.given, fds);
		n = WR_PATH_FDS;
	}
	if (r->what == PROGRAM_SET && !a.ret)
		fds[n++] = wr_programs_counts(programs);
	wr_pass(fd, &a, sizeof(a), fds, n);
	if (path)
		wr_path_close_given(&path);
}

/* Never returns. */
static void serve(int fd, const char *pin_dir)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	struct request r;
	int fds[JUDGE_FDS + 1], n_fds;
	ssize_t n;

	wr_rights_no_names();
	setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGCHLD, SIG_IGN); /* guards of paths before 6.6 */
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	for (;;) {
		poll(&p, 1, -1);
		n = wr_pass_receive(fd, &r, sizeof(r), fds, JUDGE_FDS + 1, &n_fds);
		if (n == -EAGAIN)
			continue;
		if (n <= 0)
			_exit(0);
		if (n == sizeof(r))
			serve_one(fd, &r, fds, n_fds, pin_dir);
		for (int i = 0; i < n_fds; i++)
			close(fds[i]);
	}
}

/* ---- the core ---- */

int wr_attach_start(struct wr_attach *a, const char *netns, const char *pin_dir, struct wr_err *err)
{
	int pair[2];

	*a = (struct wr_attach){.fd = -1};
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return wr_fail(err, errno, "socketpair: %s", strerror(errno));
	a->pid = fork();
	if (!a->pid) {
		close(pair[0]);
		if (netns && *netns && wr_netns_enter(netns, NULL))
			_exit(1);
		serve(pair[1], pin_dir && *pin_dir ? pin_dir : NULL);
	}
	close(pair[1]);
	if (a->pid < 0) {
		close(pair[0]);
		return wr_fail(err, errno, "fork: %s", strerror(errno));
	}
	a->fd = pair[0];
	return 0;
}

void wr_attach_end(struct wr_attach *a)
{
	if (a->fd < 0)
		return;
	close(a->fd);
	waitpid(a->pid, NULL, 0);
	a->fd = -1;
}

/* It answers in the time that loading a program takes; nobody else is served meanwhile. */
static int ask(struct wr_attach *a, const struct request *r, const int *with, int n_with,
	       struct answer *answer, int *fds, int *n_fds, struct wr_err *err)
{
	struct pollfd p = {.fd = a->fd, .events = POLLIN};
	ssize_t n = 0;

	*n_fds = 0;
	if (a->fd < 0)
		return wr_fail(err, EPERM,
			       "weir has given up the right to attach (daemon.attach_later): a "
			       "restart is needed");
	if (!wr_pass(a->fd, r, sizeof(*r), with, n_with) && poll(&p, 1, PATIENCE_MS) == 1)
		n = wr_pass_receive(a->fd, answer, sizeof(*answer), fds, WR_PATH_FDS, n_fds);
	if (n == sizeof(*answer))
		return 0;
	/* A late answer would be taken for that to another question. */
	kill(a->pid, SIGKILL);
	wr_attach_end(a);
	return wr_fail(err, EPERM,
		       "the process that attaches has ended: a restart of weir is needed");
}

int wr_attach_open_path(void *ctx, struct wr_path **out, const struct wr_path_conf *conf,
			int whole_packets, char *why, size_t room, struct wr_err *err)
{
	static struct answer answer;
	struct request r = {
		.what = OPEN_PATH,
		.hook = conf->hook,
		.board = conf->board,
		.ring_bytes = conf->ring_bytes,
		.flow_slots = conf->flow_slots,
		.memory_bytes = conf->memory_bytes,
		.whole_packets = whole_packets,
		.has_ring = conf->ring_fd >= 0,
		.judges = conf->judge,
	};
	int fds[WR_PATH_FDS], with[JUDGE_FDS + 1], n_with = 0, n_fds, ret;

	snprintf(r.iface, sizeof(r.iface), "%s", conf->iface->name);
	if (conf->judge) {
		r.judge = *conf->judge;
		with[n_with++] = conf->judge->policy_fd;
		with[n_with++] = conf->judge->buckets_fd;
		with[n_with++] = conf->judge->hits_fd;
		with[n_with++] = conf->judge->rules_fd;
	}
	if (r.has_ring)
		with[n_with++] = conf->ring_fd;
	ret = ask(ctx, &r, with, n_with, &answer, fds, &n_fds, err);
	if (!ret && answer.ret)
		ret = wr_fail(err, -answer.ret, "%s", answer.err.text);
	if (!ret && n_fds != WR_PATH_FDS)
		ret = wr_fail(err, EIO, "descriptors are missing");
	if (!ret) {
		snprintf(why, room, "%s", answer.why);
		return wr_path_take(out, &answer.given, fds, err);
	}
	for (int i = 0; i < n_fds; i++)
		close(fds[i]);
	return ret;
}

int wr_attach_unpin(void *ctx, const char *folder, struct wr_err *err)
{
	static struct answer answer;
	struct request r = {.what = UNPIN};
	const char *name = strrchr(folder, '/');
	int n_fds, fds[WR_PATH_FDS], ret;

	snprintf(r.folder, sizeof(r.folder), "%s", name ? name + 1 : folder);
	ret = ask(ctx, &r, NULL, 0, &answer, fds, &n_fds, err);
	return !ret && answer.ret ? wr_fail(err, -answer.ret, "%s", answer.err.text) : ret;
}

int wr_attach_where(void *ctx, struct wr_path *path, uint32_t half, const char *const *expr,
		    uint32_t n, struct wr_err *err)
{
	static struct answer answer;
	struct request r = {.what = PUT_WHERE, .half = half, .n_where = n};
	int fds[WR_PATH_FDS], with[FDS], n_fds, ret = 0;
	size_t size = 0;

	wr_path_where_at(path, &r.at, with);
	with[WHERE_FD] = memfd_create("where", MFD_CLOEXEC);
	if (with[WHERE_FD] < 0)
		return wr_fail(err, errno, "memfd: %s", strerror(errno));
	for (uint32_t i = 0; i < n && !ret; i++) {
		ssize_t len = (ssize_t)strlen(expr[i]) + 1;

		size += (size_t)len;
		if (size >= WHERE_BYTES || write(with[WHERE_FD], expr[i], (size_t)len) != len)
			ret = wr_fail(err, E2BIG,
				      "the `where` expressions of all rules are "
				      "longer than %d bytes",
				      WHERE_BYTES);
	}
	if (!ret)
		ret = ask(ctx, &r, with, FDS, &answer, fds, &n_fds, err);
	close(with[WHERE_FD]);
	return !ret && answer.ret ? wr_fail(err, -answer.ret, "%s", answer.err.text) : ret;
}

int wr_attach_swap(struct wr_attach *a, const struct wr_path *path, const struct wr_swap_want *want,
		   struct wr_swap_told *told, struct wr_err *err)
{
	static struct answer answer;
	struct request r = {.what = SWAP, .want = *want};
	int fds[WR_PATH_FDS], with[2], n_with, n_fds, ret;

	n_with = wr_path_swap_at(path, &r.swap, with);
	ret = ask(a, &r, with, n_with, &answer, fds, &n_fds, err);
	if (!ret)
		*told = answer.told;
	return !ret && answer.ret ? wr_fail(err, -answer.ret, "%s", answer.err.text) : ret;
}

int wr_attach_swap_end(struct wr_attach *a, bool commit, struct wr_err *err)
{
	static struct answer answer;
	struct request r = {.what = commit ? SWAP_COMMIT : SWAP_ABORT};
	int fds[WR_PATH_FDS], n_fds, ret = ask(a, &r, NULL, 0, &answer, fds, &n_fds, err);

	return !ret && answer.ret ? wr_fail(err, -answer.ret, "%s", answer.err.text) : ret;
}

int wr_attach_program_set(struct wr_attach *a, const struct wr_program_set *set,
			  struct wr_program_told *told, int *counts_fd, struct wr_err *err)
{
	static struct answer answer;
	struct request r = {.what = PROGRAM_SET, .program = *set};
	int fds[WR_PATH_FDS] = {-1}, n_fds, ret;

	ret = ask(a, &r, NULL, 0, &answer, fds, &n_fds, err);
	if (!ret && answer.ret)
		return wr_fail(err, -answer.ret, "%s", answer.err.text);
	if (!ret && n_fds != 1)
		ret = wr_fail(err, EIO, "descriptors are missing");
	*counts_fd = ret ? -1 : fds[0];
	*told = answer.program;
	return ret;
}

static int change(struct wr_attach *a, const struct request *r, const int *with, int n_with,
		  struct wr_err *err)
{
	static struct answer answer;
	int fds[WR_PATH_FDS], n_fds, ret = ask(a, r, with, n_with, &answer, fds, &n_fds, err);

	return !ret && answer.ret ? wr_fail(err, -answer.ret, "%s", answer.err.text) : ret;
}

int wr_attach_program_del(struct wr_attach *a, const char *name, struct wr_err *err)
{
	struct request r = {.what = PROGRAM_DEL};

	snprintf(r.program.name, sizeof(r.program.name), "%s", name);
	return change(a, &r, NULL, 0, err);
}

int wr_attach_program_undo(struct wr_attach *a, struct wr_err *err)
{
	const struct request r = {.what = PROGRAM_UNDO};

	return change(a, &r, NULL, 0, err);
}

int wr_attach_program_put(struct wr_attach *a, const struct wr_path *path, struct wr_err *err)
{
	struct request r = {.what = PROGRAM_PUT};
	int with[2];

	wr_path_where_at(path, &r.at, with);
	return change(a, &r, with, 2, err);
}
