/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/keep.h"
#include "base/when.h"
#include "ui/cli/auto.h"
#include "ui/cli/command.h"
#include "ui/cli/demo_traffic.h"
#include "ui/cli/stop.h"

/*
 * The whole product in a minute and a half, on a machine without traffic: two network namespaces, a
 * server, clients that behave, attacks. A weir of its own watches the server's end of the cable.
 */

enum {
	WARM_S = 12, /* of usual traffic, before the first attack */
	REST_S = 3,  /* between attacks */
	READY_S = 10,
	CLIENTS = 20,
	EVENTS_MOST = 16 << 20,
	SERVER_HOST = 2,
	CLIENT_HOST = 10,
};

struct args {
	const char *automatic, *hook, *color, *attack;
	uint64_t seed;
	bool keep;
};

struct result {
	uint64_t sent, first_ns, stopped;
	uint64_t failed, asked;
	double after_s; /* from the first packet to the finding; negative: not found */
	char class[40], rule[700];
};

struct demo {
	struct args a;
	char tag[24], out[32], in[32], folder[64], self[256], path[128];
	struct wr_demo_place clients, server;
	struct shared {
		struct wr_demo_good good;
		struct result result[16];
	} * shared; /* with the processes */
	pid_t weir, server_pid, clients_pid;
	struct timespec began;
	bool color;
};

/* ---- other programs ---- */

static int run_program(const char *const *argv, int out_fd, struct wr_err *err)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return wr_fail(err, errno, "cannot start a process: %s", strerror(errno));
	if (!pid) {
		if (out_fd >= 0)
			dup2(out_fd, STDOUT_FILENO);
		execvp(argv[0], (char *const *)(const void *)argv);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	return wr_fail(err, EIO, "%s %s %s failed%s", argv[0], argv[1], argv[2],
		       WIFEXITED(status) && WEXITSTATUS(status) == 127
			       ? ": it is not installed (package iproute2)"
			       : "");
}

static int ip(struct wr_err *err, const char *line)
{
	char copy[256];
	const char *argv[24] = {"ip"};
	char *rest = copy, *word;
	int n = 1;

	snprintf(copy, sizeof(copy), "%s", line);
	while ((word = strsep(&rest, " ")) && n < 23)
		argv[n++] = word;
	return run_program(argv, -1, err);
}

__attribute__((format(printf, 2, 3))) static int ipf(struct wr_err *err, const char *fmt, ...)
{
	char line[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	return ip(err, line);
}

/* ---- the cable ---- */

static int make_net(struct demo *d, struct wr_err *err)
{
	int ret = ipf(err, "netns add %s", d->out);

	if (!ret)
		ret = ipf(err, "netns add %s", d->in);
	if (!ret)
		ret = ipf(
			err,
			"link add to-server netns %s address 02:00:00:00:00:0a type veth peer name "
			"eth0 netns %s address 02:00:00:00:00:0b",
			d->out, d->in);
	for (int i = 0; i < CLIENTS && !ret; i++)
		ret = ipf(err, "-n %s addr add 10.77.0.%d/24 dev to-server", d->out,
			  CLIENT_HOST + i);
	if (!ret)
		ret = ipf(err, "-n %s addr add 10.77.0.1/24 dev to-server", d->out);
	if (!ret)
		ret = ipf(err, "-n %s addr add 10.77.0.%d/24 dev eth0", d->in, SERVER_HOST);
	if (!ret)
		ret = ipf(err, "-n %s link set to-server up", d->out);
	if (!ret)
		ret = ipf(err, "-n %s link set eth0 up", d->in);
	if (!ret)
		ret = ipf(err, "-n %s link set lo up", d->in);
	if (!ret)
		ret = ipf(err, "-n %s route add default via 10.77.0.1", d->in);
	return ret;
}

/* ---- weir ---- */

static int write_conf(const struct demo *d, struct wr_err *err)
{
	struct wr_buf b = {0};
	char path[128];
	int ret;

	wr_buf_fmt(&b, "[capture]\ninterfaces = eth0\nhook = %s\nout = yes\nnetns = %s\n",
		   d->a.hook ? d->a.hook : "auto", d->in);
	wr_buf_fmt(&b, "[socket]\npath = %s/control.sock\n", d->folder);
	wr_buf_fmt(&b, "[history]\npath =\n[page]\nlisten =\n");
	wr_buf_fmt(&b, "[output]\neve = %s/events.json\neve_types = finding\n", d->folder);
	wr_buf_fmt(&b, "[detect]\non = yes\nauto = %s\n",
		   d->a.automatic ? d->a.automatic : "enforce");
	snprintf(path, sizeof(path), "%s/weir.conf", d->folder);
	ret = wr_keep_write(&b, path);
	wr_buf_free(&b);
	return ret ? wr_fail(err, -ret, "%s: %s", path, strerror(-ret)) : 0;
}

static pid_t start_weir(const struct demo *d, struct wr_err *err)
{
	char conf[128], log[128];
	pid_t pid;
	int fd;

	snprintf(conf, sizeof(conf), "%s/weir.conf", d->folder);
	snprintf(log, sizeof(log), "%s/weir.log", d->folder);
	pid = fork();
	if (pid)
		return pid > 0 ? pid
			       : wr_fail(err, errno, "cannot start weir: %s", strerror(errno));
	signal(SIGINT, SIG_IGN);
	fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd >= 0) {
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
	}
	execl(d->self, "weir", "run", "-c", conf, (char *)NULL);
	_exit(127);
}

/* What a command says as JSON Lines, into b. */
static int ask_weir(const struct demo *d, const char *const *words, struct wr_buf *b)
{
	const char *argv[10] = {d->self};
	struct wr_err err = {0};
	char path[128];
	int fd, ret, n = 1;

	while (*words && n < 7)
		argv[n++] = *words++;
	argv[n++] = "--json";
	argv[n++] = "--socket";
	argv[n++] = d->path;
	snprintf(path, sizeof(path), "%s/answer", d->folder);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	ret = run_program(argv, fd, &err);
	if (!ret && lseek(fd, 0, SEEK_SET) == 0)
		ret = wr_buf_read(b, fd, EVENTS_MOST);
	close(fd);
	return ret;
}

static int wait_for_weir(struct demo *d, struct wr_err *err)
{
	const struct timespec pause = {0, 50000000};
	struct wr_buf log = {0};
	char path[128];
	int status;

	for (int i = 0; i < READY_S * 20 && !wr_stopped; i++) {
		if (!access(d->path, F_OK))
			return 0;
		if (waitpid(d->weir, &status, WNOHANG) == d->weir) {
			d->weir = 0;
			break;
		}
		nanosleep(&pause, NULL);
	}
	snprintf(path, sizeof(path), "%s/weir.log", d->folder);
	wr_keep_read(&log, path, 1 << 16);
	wr_fail(err, EIO, "weir did not start: %s", log.used ? wr_buf_text(&log) : "not a word");
	wr_buf_free(&log);
	return err->code;
}

/* ---- what happened ---- */

static double since(const struct demo *d)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - d->began.tv_sec) +
	       (double)(now.tv_nsec - d->began.tv_nsec) / 1e9;
}

__attribute__((format(printf, 2, 3))) static void say(const struct demo *d, const char *fmt, ...)
{
	va_list ap;

	printf("%s%5.1f s%s  ", d->color ? "\033[2m" : "", since(d), d->color ? "\033[0m" : "");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
}

/* The first finding of this class that was raised after the attack began. */
static void find_event(const struct demo *d, const struct wr_demo_attack *a, struct result *r)
{
	struct wr_buf b = {0};
	char path[128], *rest, *line;

	snprintf(path, sizeof(path), "%s/events.json", d->folder);
	r->after_s = -1;
	if (wr_keep_read(&b, path, EVENTS_MOST)) {
		wr_buf_free(&b);
		return;
	}
	wr_buf_text(&b);
	rest = b.at;
	while (r->after_s < 0 && (line = strsep(&rest, "\n"))) {
		json_t *j = json_loads(line, 0, NULL);
		const json_t *f = json_object_get(j, "finding");
		const char *class = json_string_value(json_object_get(f ? f : j, "class"));
		const char *at = json_string_value(json_object_get(j, "timestamp"));
		uint64_t ns = 0;
		struct wr_err err = {0};

		if (class && at && !strcmp(class, a->class) && !wr_when_parse(at, 0, &ns, &err) &&
		    ns >= r->first_ns) {
			r->after_s = (double)(ns - r->first_ns) / 1e9;
			snprintf(r->class, sizeof(r->class), "%s", class);
		}
		json_decref(j);
	}
	wr_buf_free(&b);
}

/* The rule that was made of it, and how much it has stopped. */
static void find_rule(const struct demo *d, const struct wr_demo_attack *a, struct result *r)
{
	static const char *const words[] = {"rule", "list", NULL};
	struct wr_buf b = {0};
	char *rest, *line;

	if (ask_weir(d, words, &b)) {
		wr_buf_free(&b);
		return;
	}
	wr_buf_text(&b);
	rest = b.at;
	while (rest && (line = strsep(&rest, "\n"))) {
		json_t *j = json_loads(line, 0, NULL);
		const char *why = json_string_value(json_object_get(j, "why"));
		const char *text = json_string_value(json_object_get(j, "text"));
		const json_t *n = json_object_get(j, "stopped");

		if (!n)
			n = json_object_get(j, "would_stop");
		if (why && text && !strcmp(why, a->class)) {
			r->stopped = (uint64_t)json_integer_value(json_object_get(n, "packets"));
			snprintf(r->rule, sizeof(r->rule), "%s", text);
		}
		json_decref(j);
	}
	wr_buf_free(&b);
}

static double kept_out(const struct result *r)
{
	return r->sent ? (double)r->stopped / (double)r->sent : 0;
}

static void pause_ms(unsigned int ms)
{
	const struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};

	if (!wr_stopped)
		nanosleep(&t, NULL);
}

/* The attack is sent by a process of its own, so that what is found is told when it is found. */
static pid_t send_attack(struct demo *d, size_t i, struct wr_err *err)
{
	struct result *r = &d->shared->result[i];
	pid_t pid = fork();

	if (pid < 0)
		return wr_fail(err, errno, "cannot start a process: %s", strerror(errno));
	if (!pid) {
		signal(SIGINT, SIG_IGN);
		_exit(wr_demo_attack(&d->clients, i, &r->sent, &r->first_ns, err) ? 1 : 0);
	}
	return pid;
}

static void look(const struct demo *d, size_t i, bool *found, bool *ruled)
{
	struct result *r = &d->shared->result[i];

	if (!*found)
		find_event(d, &wr_demo_attacks[i], r);
	if (!*found && r->after_s >= 0) {
		say(d, "  found %.2f s after its first packet: %s", r->after_s, r->class);
		*found = true;
	}
	if (!*found || *ruled)
		return;
	find_rule(d, &wr_demo_attacks[i], r);
	if (r->rule[0]) {
		say(d, "  rule %s", r->rule);
		*ruled = true;
	}
}

static int one_attack(struct demo *d, size_t i, struct wr_err *err)
{
	const struct wr_demo_attack *a = &wr_demo_attacks[i];
	struct result *r = &d->shared->result[i];
	uint64_t asked = d->shared->good.asked, failed = d->shared->good.failed;
	bool found = false, ruled = false;
	int status = 0;
	pid_t pid;

	r->after_s = -1;
	say(d, "attack: %s, %u packets/s", a->text, a->pps);
	pid = send_attack(d, i, err);
	if (pid < 0)
		return pid;
	while (!waitpid(pid, &status, WNOHANG)) {
		pause_ms(100);
		look(d, i, &found, &ruled);
	}
	if (status)
		return wr_fail(err, EIO, "the packets of the attack could not be sent");
	pause_ms(1500); /* counters are read once a second */
	look(d, i, &found, &ruled);
	find_rule(d, a, r);
	r->asked = d->shared->good.asked - asked;
	r->failed = d->shared->good.failed - failed;
	if (!found)
		say(d, "  not found");
	if (r->rule[0])
		say(d, "  %.1f %% of its %" PRIu64 " packets kept out", 100.0 * kept_out(r),
		    r->sent);
	say(d, "  good clients: %" PRIu64 " of %" PRIu64 " requests failed", r->failed, r->asked);
	pause_ms(REST_S * 1000);
	return 0;
}

static void table(const struct demo *d)
{
	printf("\n%-36s %-20s %7s %9s %10s\n", "attack", "found as", "after", "kept out",
	       "good lost");
	for (size_t i = 0; i < wr_demo_n_attacks; i++) {
		const struct result *r = &d->shared->result[i];
		char after[16] = "-", out[16] = "-";

		if (!r->sent)
			continue;
		if (r->after_s >= 0)
			snprintf(after, sizeof(after), "%.2f s", r->after_s);
		if (r->rule[0])
			snprintf(out, sizeof(out), "%.1f %%", 100.0 * kept_out(r));
		printf("%-36s %-20s %7s %9s %5" PRIu64 "/%-4" PRIu64 "\n", wr_demo_attacks[i].text,
		       r->after_s < 0 ? "-" : r->class, after, out, r->failed, r->asked);
	}
}

/* ---- from beginning to end ---- */

static int begin_all(struct demo *d, struct wr_err *err)
{
	int ret = make_net(d, err);

	if (!ret)
		ret = write_conf(d, err);
	if (ret)
		return ret;
	d->weir = start_weir(d, err);
	if (d->weir < 0)
		return d->weir;
	ret = wait_for_weir(d, err);
	if (ret)
		return ret;
	d->server_pid = wr_demo_server(&d->server, err);
	if (d->server_pid < 0)
		return d->server_pid;
	d->clients_pid = wr_demo_clients(&d->clients, &d->shared->good, err);
	return d->clients_pid < 0 ? d->clients_pid : 0;
}

static void stop(pid_t pid)
{
	if (pid > 0) {
		kill(pid, SIGTERM);
		waitpid(pid, NULL, 0);
	}
}

static void end_all(struct demo *d)
{
	static const char *const files[] = {"weir.conf", "weir.log", "events.json", "answer",
					    "control.sock"};
	struct wr_err ignored = {0};
	char path[160];

	stop(d->clients_pid);
	stop(d->server_pid);
	stop(d->weir);
	ipf(&ignored, "netns del %s", d->out);
	ipf(&ignored, "netns del %s", d->in);
	if (d->a.keep) {
		printf("\nkept: %s\n", d->folder);
		return;
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		snprintf(path, sizeof(path), "%s/%s", d->folder, files[i]);
		unlink(path);
	}
	rmdir(d->folder);
}

static int show(struct demo *d, struct wr_err *err)
{
	int ret = begin_all(d, err);

	if (ret)
		return ret;
	say(d, "a server with %d clients that behave; weir watches and learns", CLIENTS);
	for (int i = 0; i < WARM_S && !wr_stopped; i++)
		pause_ms(1000);
	say(d, "%" PRIu64 " requests answered, %" PRIu64 " failed, the slowest took %.1f ms",
	    d->shared->good.answered, d->shared->good.failed,
	    (double)d->shared->good.slowest_us / 1000);
	for (size_t i = 0; i < wr_demo_n_attacks && !ret && !wr_stopped; i++)
		if (!d->a.attack || !strcmp(d->a.attack, wr_demo_attacks[i].class))
			ret = one_attack(d, i, err);
	if (!ret)
		table(d);
	return ret;
}

static void prepare(struct demo *d)
{
	struct wr_demo_place place = {
		.iface = "to-server",
		.server = inet_addr("10.77.0.2"),
		.clients = inet_addr("10.77.0.10"),
		.n_clients = CLIENTS,
		.server_mac = {2, 0, 0, 0, 0, 0x0b},
		.seed = d->a.seed,
	};

	snprintf(d->out, sizeof(d->out), "weir-demo-%d-out", getpid());
	snprintf(d->in, sizeof(d->in), "weir-demo-%d-in", getpid());
	snprintf(d->path, sizeof(d->path), "%s/control.sock", d->folder);
	d->clients = d->server = place;
	d->clients.netns = d->out;
	d->server.netns = d->in;
	clock_gettime(CLOCK_MONOTONIC, &d->began);
}

static int demo(struct demo *d, struct wr_err *err)
{
	const struct passwd *nobody;
	const char *tmp;
	ssize_t n = readlink("/proc/self/exe", d->self, sizeof(d->self) - 1);
	int ret;

	if (geteuid())
		return wr_fail(err, EPERM, "network namespaces and BPF need root: sudo weir demo");
	if (n < 0)
		return wr_fail(err, errno, "/proc/self/exe: %s", strerror(errno));
	tmp = getenv("TMPDIR");
	snprintf(d->folder, sizeof(d->folder), "%s/weir-demo-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(d->folder))
		return wr_fail(err, errno, "cannot make %s: %s", d->folder, strerror(errno));
	d->shared = mmap(NULL, sizeof(*d->shared), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (d->shared == MAP_FAILED)
		return wr_fail(err, ENOMEM, "out of memory");
	/* weir gives up its rights and goes on as nobody: its files are in there. */
	nobody = getpwnam("nobody");
	if (nobody && chown(d->folder, nobody->pw_uid, nobody->pw_gid))
		return wr_fail(err, errno, "%s: %s", d->folder, strerror(errno));
	prepare(d);
	ret = show(d, err);
	end_all(d);
	munmap(d->shared, sizeof(*d->shared));
	return ret;
}

static int check(const struct demo *d, struct wr_err *err)
{
	enum wr_answer_mode mode;
	enum wr_hook hook;
	size_t i = 0;

	if (d->a.automatic && wr_auto_mode(d->a.automatic, &mode, err))
		return -EINVAL;
	while (d->a.attack && i < wr_demo_n_attacks &&
	       strcmp(d->a.attack, wr_demo_attacks[i].class) != 0)
		i++;
	if (i == wr_demo_n_attacks)
		return wr_fail(err, EINVAL,
			       "--attack %s: there is none of that class (weir demo "
			       "--help)",
			       d->a.attack);
	return wr_hook_wanted(d->a.hook, &hook, err);
}

static int run(int argc, char **argv, struct wr_err *err)
{
	static struct demo d;
	struct wr_args rest;
	int status, ret;

	d.a.seed = 1;
	status = wr_command_begin(&wr_command_demo, &d.a, argc, argv, &rest, err);
	if (status >= 0)
		return status;
	if (rest.argc)
		return wr_exit_status(
			wr_fail(err, EINVAL, "'%s': demo has no arguments", rest.argv[0]));
	ret = wr_color_wanted(d.a.color, &d.color, err);
	if (!ret)
		ret = check(&d, err);
	wr_stop_on_signals();
	if (!ret)
		ret = demo(&d, err);
	return ret ? wr_exit_status(ret) : WR_EXIT_OK;
}

#define AT(field) .offset = offsetof(struct args, field)
static const struct wr_option options[] = {
	{0, "auto", "MODE", "what weir does about attacks: off, shadow or enforce (the default)",
	 WR_OPTION_STRING, AT(automatic)},
	{0, "attack", "CLASS",
	 "only this one: syn_flood, amp_dns, udp_flood, icmp_flood, "
	 "port_scan_vertical",
	 WR_OPTION_STRING, AT(attack)},
	{0, "hook", "HOOK", "auto, xdp, xdp-generic or tc", WR_OPTION_STRING, AT(hook)},
	{0, "seed", "N", "other traffic (default 1)", WR_OPTION_NUMBER, AT(seed), 1, UINT32_MAX},
	{0, "keep", NULL, "keep the folder with configuration, events and log", WR_OPTION_FLAG,
	 AT(keep)},
	{0, "color", "WHEN", "auto, always or never", WR_OPTION_STRING, AT(color)},
	{0},
};

const struct wr_command wr_command_demo = {
	.name = "demo",
	.brief = "attacks in two network namespaces, and what weir does about them",
	.args = "",
	.text = "Makes two network namespaces with a cable between them, a server with clients "
		"that "
		"behave, and a weir that watches the server's end; lets it learn for some seconds, "
		"then sends attacks one after another and tells of each: when it began, when it "
		"was found and as what, which rule was made, how much of the attack was kept out, "
		"and how many requests of good clients failed. Takes less than 90 seconds, sends "
		"nothing anywhere else, leaves nothing behind. Needs root and iproute2.",
	.examples = "weir demo\tall of it\n"
		    "weir demo --auto shadow\trules only count\n",
	.options = options,
	.run = run,
};
