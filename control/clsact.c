/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/clsact.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control/filters.h"

/* What the guard has to undo; it gets it through the pipe once the filter is on. */
struct undo {
	int ifindex;
	enum bpf_tc_attach_point point;
	uint32_t handle, priority;
	bool made_qdisc; /* this process did, for this filter or for one that was there before */
};

struct wr_clsact {
	int alive_fd; /* the guard reads the other end; it ends when we do */
	pid_t guard;
	struct undo undo;
	struct wr_clsact *next; /* of those that this process attached */
};

static struct wr_clsact *attached;

/* Does somebody use the qdisc? So it is taken, too, when nobody can tell. */
static bool in_use(int ifindex)
{
	return wr_filters_each(ifindex, false, NULL, NULL) ||
	       wr_filters_each(ifindex, true, NULL, NULL);
}

static void undo(const struct undo *u)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = u->ifindex, .attach_point = u->point);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = u->handle, .priority = u->priority);

	bpf_tc_detach(&hook, &opts);
	if (u->made_qdisc && !in_use(u->ifindex)) {
		hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
		bpf_tc_hook_destroy(&hook);
	}
}

/* Everything but the pipe is closed: the guard must not keep our programs and maps alive. */
static void guard(int fd)
{
	struct undo u;
	ssize_t n;
	char c;

	setsid();
	for (int s = 1; s < 32; s++)
		signal(s, SIG_IGN);
	if (fd != 3)
		fd = dup2(fd, 3);
	syscall(SYS_close_range, 4, ~0U, 0);
	n = read(fd, &u, sizeof(u));
	if (n != (ssize_t)sizeof(u))
		_exit(0);
	while (read(fd, &c, 1) < 0 && errno == EINTR)
		;
	undo(&u);
	_exit(0);
}

static int start_guard(struct wr_clsact *c, struct wr_err *err)
{
	int fd[2];

	if (pipe2(fd, O_CLOEXEC))
		return wr_fail(err, errno, "pipe: %s", strerror(errno));
	c->guard = fork();
	if (c->guard < 0) {
		close(fd[0]);
		close(fd[1]);
		return wr_fail(err, errno, "fork: %s", strerror(errno));
	}
	if (!c->guard)
		guard(fd[0]);
	close(fd[0]);
	c->alive_fd = fd[1];
	return 0;
}

static bool made_here(int ifindex)
{
	for (const struct wr_clsact *c = attached; c; c = c->next)
		if (c->undo.ifindex == ifindex && c->undo.made_qdisc)
			return true;
	return false;
}

static int put_filter(struct undo *u, int prog_fd, const struct wr_iface *iface, struct wr_err *err)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = iface->index, .attach_point = u->point);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = prog_fd);
	int ret = bpf_tc_hook_create(&hook);

	if (ret && ret != -EEXIST)
		return wr_fail(err, -ret, "clsact on %s: %s", iface->name, strerror(-ret));
	u->made_qdisc = !ret || made_here(iface->index);
	u->ifindex = iface->index;
	ret = bpf_tc_attach(&hook, &opts);
	if (ret) {
		undo(u); /* the qdisc */
		return wr_fail(err, -ret, "TC filter of %s: %s", iface->name, strerror(-ret));
	}
	u->handle = opts.handle;
	u->priority = opts.priority;
	return 0;
}

int wr_clsact_attach(struct wr_clsact **out, int prog_fd, const struct wr_iface *iface, bool egress,
		     struct wr_err *err)
{
	struct wr_clsact *c = calloc(1, sizeof(*c));
	struct undo *u;
	int ret;

	if (!c)
		return wr_fail(err, ENOMEM, "out of memory");
	u = &c->undo;
	u->point = egress ? BPF_TC_EGRESS : BPF_TC_INGRESS;
	ret = start_guard(c, err);
	if (ret) {
		free(c);
		return ret;
	}
	ret = put_filter(u, prog_fd, iface, err);
	*out = c;
	c->next = attached;
	attached = c;
	if (!ret && write(c->alive_fd, u, sizeof(*u)) == (ssize_t)sizeof(*u))
		return 0;
	if (!ret) {
		undo(u);
		ret = wr_fail(err, EIO, "TC filter of %s: the guard process ended", iface->name);
	}
	wr_clsact_detach(out);
	return ret;
}

bool wr_clsact_attached(const struct wr_clsact *c)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = c->undo.ifindex, .attach_point = c->undo.point);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = c->undo.handle, .priority = c->undo.priority);

	return !c->undo.ifindex || !bpf_tc_query(&hook, &opts);
}

void wr_clsact_detach(struct wr_clsact **c)
{
	struct wr_clsact **at = &attached;

	if (!*c)
		return;
	while (*at && *at != *c)
		at = &(*at)->next;
	if (*at)
		*at = (*c)->next;
	close((*c)->alive_fd);
	if ((*c)->guard) /* else it is another process's child */
		waitpid((*c)->guard, NULL, 0);
	free(*c);
	*c = NULL;
}

int wr_clsact_fd(const struct wr_clsact *c)
{
	return c->alive_fd;
}

void wr_clsact_let_go(struct wr_clsact **c)
{
	if (*c)
		(*c)->guard = 0;
	wr_clsact_detach(c);
}

int wr_clsact_take(struct wr_clsact **out, int fd, struct wr_err *err)
{
	struct wr_clsact *c = calloc(1, sizeof(*c));

	if (!c) {
		close(fd);
		return wr_fail(err, ENOMEM, "out of memory");
	}
	c->alive_fd = fd;
	*out = c;
	return 0;
}
