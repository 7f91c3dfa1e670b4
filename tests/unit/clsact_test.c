/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TC by clsact, as before Linux 6.6, on the loopback interface of a network namespace of its own:
 * the guard takes off what is ours, however we end, and nothing of anybody else's. Needs root.
 */
#include "tests/tap.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control/clsact.h"

#define INGRESS BPF_TC_INGRESS
#define EGRESS BPF_TC_EGRESS

enum { LO = 1, PATIENCE_MS = 20000 };

static const struct wr_iface lo = {.index = LO, .name = "lo"};
static int prog_fd;

static int load(void)
{
	const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = -1},
		{.code = BPF_JMP | BPF_EXIT},
	};

	return bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "wr_test", "GPL", insns, 2, NULL);
}

static struct wr_clsact *put(enum bpf_tc_attach_point point)
{
	struct wr_clsact *c = NULL;
	struct wr_err err = {0};

	if (wr_clsact_attach(&c, prog_fd, &lo, point == EGRESS, &err))
		note("%s", err.text);
	return c;
}

/* Somebody else's filter, at a priority of its own. */
static int other(enum bpf_tc_attach_point point)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = LO, .attach_point = point);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = prog_fd, .handle = 7, .priority = 777);

	return bpf_tc_attach(&hook, &opts);
}

static int other_is_there(enum bpf_tc_attach_point point)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = LO, .attach_point = point);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = 7, .priority = 777);

	return !bpf_tc_query(&hook, &opts);
}

/* One of ours; the kernel chose handle 1 and the highest priority that was free. */
static int ours_is_there(enum bpf_tc_attach_point point)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = LO, .attach_point = point);

	for (uint32_t priority = 49152; priority > 49140; priority--) {
		LIBBPF_OPTS(bpf_tc_opts, opts, .handle = 1, .priority = priority);

		if (!bpf_tc_query(&hook, &opts))
			return 1;
	}
	return 0;
}

static int make_qdisc(void)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = LO, .attach_point = INGRESS);

	return bpf_tc_hook_create(&hook);
}

static void drop_qdisc(void)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = LO, .attach_point = INGRESS | EGRESS);

	bpf_tc_hook_destroy(&hook);
}

/* Is there no clsact? Leaves none behind. */
static int no_qdisc(void)
{
	int ret = make_qdisc();

	drop_qdisc();
	return ret == 0;
}

/* With what leaves watched too there are two filters, and two guards. */
static void both_ways(enum bpf_tc_attach_point first, enum bpf_tc_attach_point second,
		      const char *what)
{
	struct wr_clsact *a = put(INGRESS), *b = put(EGRESS);
	struct wr_clsact **of[] = {[INGRESS] = &a, [EGRESS] = &b};

	ok(a && b && ours_is_there(INGRESS) && ours_is_there(EGRESS), "%s: both are attached",
	   what);
	wr_clsact_detach(of[first]);
	ok(!ours_is_there(first), "%s: the first one is off", what);
	ok(ours_is_there(second), "%s: the other one stays", what);
	wr_clsact_detach(of[second]);
	ok(!ours_is_there(second), "%s: then it is off too", what);
	ok(no_qdisc(), "%s: and the qdisc that was made for them", what);
}

static void others_stay(enum bpf_tc_attach_point point, const char *what)
{
	struct wr_clsact *c = put(INGRESS);

	is_int(other(point), 0, "%s: somebody comes later", what);
	wr_clsact_detach(&c);
	ok(!ours_is_there(INGRESS), "%s: ours is off", what);
	ok(other_is_there(point), "%s: his stays", what);
	drop_qdisc();
}

static void made_by_others(void)
{
	struct wr_clsact *c;

	is_int(make_qdisc(), 0, "somebody made the qdisc");
	c = put(INGRESS);
	ok(c && ours_is_there(INGRESS), "it is used");
	wr_clsact_detach(&c);
	ok(!ours_is_there(INGRESS), "ours is off");
	is_int(make_qdisc(), -EEXIST, "his qdisc stays, although nothing is in it");
	drop_qdisc();
}

static void killed(void)
{
	int up[2], ms = 0;
	pid_t pid;
	char c;

	if (pipe(up))
		return;
	pid = fork();
	if (!pid) {
		close(up[0]);
		if (put(INGRESS) && put(EGRESS) && write(up[1], "u", 1) == 1)
			pause();
		_exit(1);
	}
	close(up[1]);
	is_int(read(up[0], &c, 1), 1, "killed: it was up");
	ok(ours_is_there(INGRESS) && ours_is_there(EGRESS), "killed: with a filter each way");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	while ((ours_is_there(INGRESS) || ours_is_there(EGRESS)) && ms++ < PATIENCE_MS)
		usleep(1000);
	ok(!ours_is_there(INGRESS) && !ours_is_there(EGRESS), "killed: both are off");
	while (make_qdisc() == -EEXIST && ms++ < PATIENCE_MS)
		usleep(1000);
	ok(ms < PATIENCE_MS, "killed: and the qdisc");
	drop_qdisc();
	close(up[0]);
}

static int quiet(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	(void)level, (void)fmt, (void)ap;
	return 0;
}

int main(void)
{
	libbpf_set_print(quiet);
	if (geteuid() || unshare(CLONE_NEWNET)) {
		skip("a network namespace needs root");
		return done();
	}
	prog_fd = load();
	if (prog_fd < 0 || make_qdisc()) {
		skip("no TC classifiers here: %s", strerror(errno));
		return done();
	}
	drop_qdisc();
	both_ways(INGRESS, EGRESS, "what arrives ends first");
	both_ways(EGRESS, INGRESS, "what leaves ends first");
	others_stay(INGRESS, "a filter beside ours");
	others_stay(EGRESS, "a filter the other way");
	made_by_others();
	killed();
	return done();
}
