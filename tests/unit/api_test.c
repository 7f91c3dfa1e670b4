/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The control socket: requests and answers, what is refused, clients that are slow, many or mad. */
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/api.h"
#include "daemon/door.h"
#include "export/dumpring.h"
#include "tests/tap.h"
#include "tests/unit/feed.h"

enum { CLIENTS = 64, FLOWS = 20000 };

static char dir[] = "api_test-XXXXXX", path[64];
static struct wr_loop *loop;
static struct wr_live *live;
static struct wr_api *api;
static int reloads;

static int host_ledger(void *ctx, struct wr_ledger *rows, int n)
{
	(void)ctx;
	memset(rows, 0, sizeof(*rows) * (size_t)n);
	strcpy(rows[0].iface, "eth0");
	rows[0].hook = WR_HOOK_TC;
	rows[0].balanced = true;
	rows[0].arrived = rows[0].passed = rows[0].matched = (struct wr_count){7, 700};
	rows[0].bad[1] = 2;
	rows[0].lost[WR_LOST_RING_FULL] = 3;
	return 1;
}

static void host_status(void *ctx, struct wr_status *s)
{
	(void)ctx;
	s->pid = 42;
	s->since_ns = FEED_START;
	s->now_ns = FEED_START + 90 * FEED_SECOND;
	s->windows = 90;
	wr_api_status(api, s);
}

static int host_reload(void *ctx, struct wr_err *err)
{
	(void)ctx;
	return reloads++ ? wr_fail(err, EIO, "weir.conf:3: \"no\" \\ such") : 0;
}

static const struct wr_api_host host = {
	.ledger = host_ledger, .status = host_status, .reload = host_reload};
static struct wr_api_host with_live;

static void window(uint64_t n)
{
	uint64_t ns = FEED_START + wr_live_totals(live)->window * FEED_SECOND;

	wr_live_begin(live, ns);
	for (uint32_t c = 0; c < n; c++)
		feed_add(live, c, c % 10 ? 443 : 53, false, 1 + c % 13, ns + c);
	wr_live_end(live, ns + FEED_SECOND);
}

static void open_api(uint64_t backlog_max)
{
	struct wr_api_conf conf = {.path = path,
				   .owner = geteuid(),
				   .group = getegid(),
				   .clients_max = CLIENTS,
				   .backlog_max = backlog_max};
	struct wr_err err = {0};

	if (wr_api_open(&api, &conf, &with_live, loop, &err)) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
}

/* Lets the daemon do what it can do now. */
static void spin(int times)
{
	while (times--)
		wr_loop_once(loop, 0, NULL);
}

static int knock(void)
{
	int fd = wr_door_knock(path, NULL);

	if (fd >= 0)
		fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static void say(int fd, const char *text)
{
	size_t n = strlen(text), done = 0;

	while (done < n) {
		ssize_t k = send(fd, text + done, n - done, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (k > 0)
			done += (size_t)k;
		else if (k < 0 && errno != EAGAIN)
			return;
		spin(2);
	}
	spin(8);
}

static char heard[1 << 24];

/* All that comes until the daemon has nothing more to send. */
static const char *hear(int fd)
{
	size_t used = 0;
	int quiet = 0;

	while (quiet < 20) {
		ssize_t n = recv(fd, heard + used, sizeof(heard) - 1 - used, MSG_DONTWAIT);

		quiet = n > 0 ? 0 : quiet + 1;
		used += n > 0 ? (size_t)n : 0;
		if (!n)
			break;
		spin(2);
	}
	heard[used] = 0;
	return heard;
}

static const char *ask(int fd, const char *request)
{
	say(fd, request);
	return hear(fd);
}

static int count(const char *text, const char *what)
{
	int n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

static bool ends_well(const char *text)
{
	size_t n = strlen(text);

	return n >= 2 && !strcmp(text + n - 2, "\n\n") && count(text, "\n\n") == 1;
}

static bool is_gone(int fd)
{
	char byte;

	spin(4);
	while (recv(fd, heard, sizeof(heard), MSG_DONTWAIT) > 0)
		spin(2);
	return recv(fd, &byte, 1, MSG_DONTWAIT) == 0 || errno == ECONNRESET;
}

/* ---- requests ---- */

static void answers(void)
{
	static const struct {
		const char *request, *has;
		int lines;
	} t[] = {
		{"status\n", "\"pid\":42", 1},
		{"stats\n", "\"event_type\":\"stats\"", 1},
		{"stats series=3\n", "\"series\":{", 1},
		{"services\n", "\"dest_port\":443", 2},
		{"services top=1 sort=bytes\n", "\"event_type\":\"service\"", 1},
		{"talkers top=5 sort=flows\n", "\"src_ip\":\"10.1.", 5},
		{"protocols\n", "\"proto\":\"TCP\"", 2},
		{"interfaces\r\n", "\"in_iface\":\"eth0\"", 1},
		{"flows top=7\n", "\"event_type\":\"flow\"", 7},
		{"flows top=100 filter=host%2010.1.0.9\n", "\"src_ip\":\"10.1.0.9\"", 1},
		{"flows  top=1   filter=udp\n", "\"proto\":\"UDP\"", 1},
		{"drops\n", "\"kind\":\"malformed\"", 2},
		{"ledger\n", "\"event_type\":\"ledger\"", 1},
		{"reload\n", "\"done\":true", 1},
		{"services as=text top=1\n", "TCP 10.0.0.1:443", 3},
		{"talkers as=text color=1 top=1\n", "\033[1m", 3},
		{"flows as=text top=2\n", "and 18 more", 4},
		{"status as=text\n", "up 90.0 s, 90 windows\n", 4},
		{"drops as=text\n", "ring_full", 3},
		{"ledger as=text\n", "balanced", 7},
	};
	int fd = knock();

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const char *got = ask(fd, t[i].request);

		ok(ends_well(got) && strstr(got, t[i].has) && !strstr(got, "\"error\""), "%.*s",
		   (int)strcspn(t[i].request, "\r\n"), t[i].request);
		if (!is_int(count(got, "\n") - 1, t[i].lines, "in %d lines", t[i].lines))
			note("%.300s", got);
	}
	close(fd);
}

static void errors(void)
{
	static const struct {
		const char *request, *error;
	} t[] = {
		{"servces\n", "there is no view 'servces'; did you mean 'services'?"},
		{"GET / HTTP/1.1\n", "there is no view 'GET'"},
		{"services tops=1\n", "services: there is no key 'tops'; did you mean 'top'?"},
		{"status top=1\n", "status: there is no key 'top'"},
		{"services top=x\n", "top: 'x' is not a number from 0 to 10000"},
		{"services top=10001\n", "top: '10001' is not a number from 0 to 10000"},
		{"services top=-1\n", "top: '-1' is not a number from 0 to 10000"},
		{"services series=63\n", "series: '63' is not a number from 0 to 62"},
		{"services sort=byte\n", "sort: 'byte' is unknown; did you mean 'bytes'?"},
		{"flows sort=sources\n", "flows: sort by one of rate, bytes, packets, age "
					 "(sort=bytes)"},
		{"services top\n", "'top': expected key=value"},
		{"services =5\n", "'=5': expected key=value"},
		{"services top=1 top=2\n", "top is given twice"},
		{"flows filter=%zz\n", "filter: a value is text, percent-encoded"},
		{"flows filter=a%00b\n", "filter: a value is text, percent-encoded"},
		{"flows filter=%4\n", "filter: a value is text, percent-encoded"},
		{"subscribe\n", "subscribe: which views? (views=stats,services)"},
		{"subscribe views=\n", "subscribe: there is no view ''"},
		{"subscribe views=stats,reload\n", "subscribe: 'reload' is asked for once only"},
		{"subscribe views=stats filter=udp\n", "subscribe: there is no key 'filter'"},
		{"config\n", "config: there is nothing of the kind here"},
		{"reload\n", "weir.conf:3: \\\"no\\\" \\\\ such"},
	};
	char want[512];
	int fd = knock();

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const char *got = ask(fd, t[i].request);

		snprintf(want, sizeof(want),
			 "{\"event_type\":\"error\",\"error\":\"%s\",\"status\":%d}\n\n",
			 t[i].error, i < sizeof(t) / sizeof(t[0]) - 2 ? 2 : 1);
		is_str(got, want, t[i].error);
	}
	ok(strstr(ask(fd, "flows filter=tcp%20prt%2080\n"), "\"status\":2") != NULL,
	   "a filter that is wrong is a bad request");
	ok(strstr(ask(fd, "status\n"), "\"pid\":42") != NULL,
	   "the connection goes on after errors");
	close(fd);
}

static void long_lines(void)
{
	static char line[3 * WR_QUERY_MAX];
	int fd = knock();

	memset(line, 'x', sizeof(line));
	line[WR_QUERY_MAX] = '\n';
	line[WR_QUERY_MAX + 1] = 0;
	ok(strstr(ask(fd, line), "there is no view") != NULL, "4096 bytes are a request");
	line[WR_QUERY_MAX] = 'x';
	line[WR_QUERY_MAX + 1] = '\n';
	line[WR_QUERY_MAX + 2] = 0;
	ok(strstr(ask(fd, line), "at most 4096 bytes") != NULL, "4097 bytes are none");
	line[WR_QUERY_MAX + 1] = 'x';
	line[WR_QUERY_MAX + 2] = 'x';
	line[sizeof(line) - 1] = 0;
	say(fd, line);
	is_int(count(ask(fd, "more\nstatus\n"), "at most 4096 bytes"), 1,
	       "a long one is told once");
	ok(strstr(heard, "\"pid\":42") != NULL, "and the line behind it is answered");
	close(fd);
}

static void pieces(void)
{
	const char *all = "stats\nstatus\n\n\nservices top=1\n";
	int fd = knock();

	is_int(count(ask(fd, all), "\n\n"), 3, "three requests at once: three answers");
	ok(strstr(heard, "\"stats\"") < strstr(heard, "\"status\"") &&
		   strstr(heard, "\"status\"") < strstr(heard, "\"service\""),
	   "in their order");
	for (const char *s = all; *s; s++) {
		const char byte[] = {*s, 0};

		say(fd, byte);
	}
	is_int(count(hear(fd), "\n\n"), 3, "byte by byte: the same");
	say(fd, "stat");
	close(fd);
	spin(5);
	fd = knock();
	send(fd, "status\n", 7, MSG_NOSIGNAL);
	shutdown(fd, SHUT_WR);
	spin(10);
	ok(strstr(hear(fd), "\"pid\":42") && is_gone(fd),
	   "who asks and says no more is answered, then closed");
	close(fd);
}

/* ---- who may change rules ---- */

static void changers(void)
{
	int pair[2], fd = knock();

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) ||
	    wr_api_add(api, pair[0], false)) {
		ok(false, "a connection that was made elsewhere");
		return;
	}
	ok(strstr(ask(pair[1], "rule do=off\n"), "rules are changed by root") != NULL,
	   "a connection that was made elsewhere, as the page has, changes no rules");
	ok(strstr(ask(fd, "rule do=off\n"),
		  geteuid() ? "rules are changed by root" : "no policy is loaded") != NULL,
	   "root does, and nobody else without a group");
	ok(strstr(ask(fd, "rule do=of\n"), "did you mean 'off'") != NULL, "verbs are checked");
	ok(strstr(ask(fd, "rule do=add\n"), "which one?") != NULL, "and what they take");
	ok(strstr(ask(fd, "rule do=add text=x confirm=1s\n"), "from 5s to 1h") != NULL,
	   "and how long they may wait");
	close(fd);
	close(pair[1]);
	spin(5);
}

/* ---- subscriptions ---- */

static void subscriptions(void)
{
	int fd = knock(), other = knock();

	is_int(count(ask(fd, "subscribe views=stats,services,flows top=2\n"), "\n\n"), 1,
	       "a round at once");
	is_int(count(heard, "\"event_type\""), 5, "of all its views");
	for (int i = 0; i < 3; i++) {
		window(20);
		wr_api_window(api);
	}
	is_int(count(hear(fd), "\n\n"), 3, "and one after each window");
	ok(!hear(other)[0], "nobody else gets any");
	ok(strstr(ask(fd, "status\n"), "\"pid\":42") != NULL, "another request");
	wr_api_window(api);
	ok(!hear(fd)[0], "ends it");
	ask(fd, "subscribe views=stats as=text\n");
	ok(!strncmp(heard, "in ", 3) && ends_well(heard), "also as text");
	ask(fd, "subscribe views=nothing\n");
	wr_api_window(api);
	ok(!hear(fd)[0], "a wrong one ends it, too");
	close(fd);
	close(other);
	spin(5);
}

/* ---- clients that do not read ---- */

static struct wr_status clients(void)
{
	struct wr_status s = {0};

	wr_api_status(api, &s);
	return s;
}

static void sleepers(void)
{
	uint64_t slow = clients().clients.slow, most = 0;
	int fd = knock(), good = knock(), i;

	say(fd, "subscribe views=flows top=2000\n");
	for (i = 0; i < 200 && clients().clients.slow == slow; i++) {
		wr_api_window(api);
		spin(2);
		if (clients().clients.backlog_bytes > most)
			most = clients().clients.backlog_bytes;
		if (i == 2)
			ok(strstr(ask(good, "status\n"), "\"pid\":42") != NULL,
			   "others are served while somebody sleeps");
	}
	is_int((long long)(clients().clients.slow - slow), 1,
	       "who does not read its subscription is dropped and counted");
	ok(most < 3 << 20, "after %llu bytes", (unsigned long long)most);
	ok(is_gone(fd), "its connection is closed");
	is_int((long long)clients().clients.backlog_bytes, 0, "nothing waits for it any more");
	close(fd);
	close(good);
	spin(5);
}

/* 20000 flows are 10 MB: several such answers at once are more than all may wait for together. */
static void greedy(void)
{
	uint64_t slow, backlog;
	int fd[8], reader = knock(), whole;

	wr_api_close(&api);
	open_api(16 << 20);
	close(reader);
	reader = knock();
	slow = clients().clients.slow;
	for (int i = 0; i < 8; i++) {
		fd[i] = knock();
		say(fd[i], "flows top=10000\nflows top=10000\nflows top=10000\n");
	}
	backlog = clients().clients.backlog_bytes;
	ok(backlog > 1 << 20 && backlog <= 16 << 20, "what waits is bounded: %llu bytes",
	   (unsigned long long)backlog);
	ok(clients().clients.slow > slow, "who has not read for the longest time was dropped: %llu",
	   (unsigned long long)(clients().clients.slow - slow));
	whole = count(ask(reader, "flows top=10000\n"), "\"event_type\":\"flow\"");
	is_int(whole, 10000, "who reads gets all of a large answer");
	for (int i = 0; i < 8; i++)
		close(fd[i]);
	spin(20);
	is_int((long long)clients().clients.backlog_bytes, 0, "all of it is given back");
	is_int(clients().clients.open, 1, "and the places");
	close(reader);
	spin(5);
	wr_api_close(&api);
	open_api(32 << 20);
}

/* ---- many, and mad ones ---- */

static void crowd(void)
{
	static int fd[1000];
	uint64_t refused = clients().clients.refused;
	int told = 0, served = 0, last;

	for (int i = 0; i < 1000; i++) {
		fd[i] = knock();
		spin(2);
	}
	is_int(clients().clients.open, CLIENTS, "of 1000 connections 64 get a place");
	is_int((long long)(clients().clients.refused - refused), 1000 - CLIENTS,
	       "the others are counted");
	for (int i = 0; i < 1000; i++) {
		if (i < CLIENTS)
			send(fd[i], "status\n", 7, MSG_NOSIGNAL);
		spin(2);
		hear(fd[i]);
		told += strstr(heard, "all places for clients are taken") != NULL;
		served += strstr(heard, "\"pid\":42") != NULL;
	}
	is_int(told, 1000 - CLIENTS, "and told why");
	is_int(served, CLIENTS, "who has a place is served");
	for (int i = 0; i < 1000; i++)
		close(fd[i]);
	spin(2 * CLIENTS);
	is_int(clients().clients.open, 0, "all places are free again");
	last = knock();
	ok(strstr(ask(last, "status\n"), "\"pid\":42") != NULL, "and used again");
	close(last);
	spin(4);
}

static void no_descriptors(void)
{
	struct rlimit old, few;
	int fd[4], late, next = dup(0);

	close(next);
	getrlimit(RLIMIT_NOFILE, &old);
	few = old;
	for (int i = 0; i < 4; i++) /* in the queue of the door */
		fd[i] = knock();
	few.rlim_cur = (rlim_t)next + 4;
	setrlimit(RLIMIT_NOFILE, &few);
	spin(50);
	is_int(clients().clients.open, 0, "without a free descriptor nobody is let in");
	setrlimit(RLIMIT_NOFILE, &old);
	wr_api_window(api);
	late = knock();
	spin(10);
	is_int(clients().clients.open, 5, "after the next window all are");
	ok(strstr(ask(late, "status\n"), "\"pid\":42") != NULL, "and served");
	for (int i = 0; i < 4; i++)
		close(fd[i]);
	close(late);
	spin(10);
}

static uint32_t below(uint32_t n)
{
	static uint64_t state = 5;

	state = state * 6364136223846793005 + 1442695040888963407;
	return (uint32_t)((state >> 33) % n);
}

/* Random bytes, half lines, pieces of requests, connections that end in the middle. */
static void mad(void)
{
	static const char *const pieces[] = {
		"services", " top=",	"5",	       "\n",	     "subscribe views=",
		"stats,",   "flows",	" filter=",    "%20",	     "%",
		"=",	    "\r\n",	" sort=bytes", "\0",	     "as=text",
		" ",	    "tcp",	"\xff\xfe",    " series=62", "ledger\n",
		"status\n", "reload\n",
	};
	enum { PIECES = sizeof(pieces) / sizeof(pieces[0]) };
	int fd[8], good;

	for (int i = 0; i < 8; i++)
		fd[i] = knock();
	for (int round = 0; round < 20000; round++) {
		int i = (int)below(8);
		char bytes[300];
		size_t n = 0;

		if (below(40) == 0) {
			close(fd[i]);
			fd[i] = knock();
		}
		if (below(4) == 0)
			while (n < below(sizeof(bytes)))
				bytes[n++] = (char)below(256);
		else
			for (uint32_t k = below(8); k; k--) {
				const char *p = pieces[below(PIECES)];
				size_t len = *p ? strlen(p) : 1;

				memcpy(bytes + n, p, len);
				n += len;
			}
		send(fd[i], bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (below(50) == 0)
			wr_api_window(api);
		spin(1);
		recv(fd[i], heard, below(2) ? sizeof(heard) : 100, MSG_DONTWAIT);
	}
	for (int i = 0; i < 8; i++)
		close(fd[i]);
	spin(50);
	is_int(clients().clients.open, 0, "after 20000 pieces of garbage everybody is gone");
	good = knock();
	ok(strstr(ask(good, "services top=1\n"), "\"event_type\":\"service\"") != NULL,
	   "and the next one is served");
	close(good);
	spin(5);
}

/* ---- the door ---- */

static void door(void)
{
	struct wr_door d, second;
	struct wr_err err = {0};
	char at[64];
	struct stat s;
	int pair[2];

	stat(path, &s);
	is_int(s.st_mode & 0777, 0660, "the socket is for its owner and its group");
	is_int(wr_door_open(&d, path, geteuid(), getegid(), &err), -EADDRINUSE,
	       "a second daemon is refused");
	ok(strstr(err.text, "another weir listens at") != NULL, "and told why");
	snprintf(at, sizeof(at), "%s/deep/control.sock", dir);
	is_int(wr_door_open(&d, at, geteuid(), getegid(), &err), 0, "the folder is made");
	close(d.fd); /* as if it was killed */
	is_int(wr_door_open(&second, at, geteuid(), getegid(), &err), 0,
	       "what a dead one left is replaced");
	d.fd = dup(0);
	wr_door_close(&d);
	ok(!stat(at, &s), "the socket of a later one is not removed");
	wr_door_close(&second);
	ok(stat(at, &s) && errno == ENOENT, "but one's own is");
	snprintf(at, sizeof(at), "%s/deep", dir);
	is_int(wr_door_open(&d, at, geteuid(), getegid(), &err), -EEXIST, "a folder is no socket");
	rmdir(at);
	memset(at, 'x', sizeof(at));
	is_int(wr_door_open(&d,
			    "/tmp/a-name-that-is-longer-than-what-a-socket-may-have-which-is-"
			    "one-hundred-and-eight-bytes-on-this-system-xx",
			    0, 0, &err),
	       -ENAMETOOLONG, "a name that is too long is refused");
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return;
	is_int(wr_api_add(api, pair[0], false), 0, "a connection that was made elsewhere");
	fcntl(pair[1], F_SETFL, O_NONBLOCK);
	ok(strstr(ask(pair[1], "status\n"), "\"pid\":42") != NULL, "is served like the others");
	close(pair[1]);
	spin(5);
}

/* ---- the last packets ---- */

static void dump_off(void)
{
	int fd = knock();

	ok(strstr(ask(fd, "dump\n"), "set 'size = 12MiB' in [dump]") != NULL,
	   "no packets are kept: what is to be configured is told");
	ok(strstr(heard, "\"status\":1") != NULL, "and that is no bad request");
	close(fd);
}

static struct wr_dump *last_packets(uint32_t n)
{
	struct wr_dump_conf conf = {.bytes = 4 << 20};
	struct wr_dump *d = NULL;
	uint8_t f[64] = {
		[12] = 8, [14] = 0x45, [17] = 50, [22] = 64, [23] = 17, [26] = 192, [30] = 10};

	if (wr_dump_open(&d, &conf, NULL))
		exit(1);
	for (uint32_t i = 1; i <= n; i++) {
		struct wr_packet pkt = {.ts_ns = FEED_START + i,
					.data = f,
					.caplen = sizeof(f),
					.len = 1000,
					.linktype = 1,
					.hook = WR_HOOK_TC,
					.iface = "eth0"};

		f[34] = (uint8_t)(i >> 8);
		f[35] = (uint8_t)i;
		f[37] = i % 10 ? 80 : 53;
		f[39] = 30;
		wr_dump_add(d, &pkt);
	}
	return d;
}

static void dumps(void)
{
	static const struct {
		const char *request, *has;
		int lines;
	} t[] = {
		{"dump\n", "\"event_type\":\"packet\"", 51},
		{"dump count=20 filter=udp%20dst%20port%2053\n", "\"dest_port\":53", 21},
		{"dump count=3 as=text\n", "UDP", 3},
		{"dump filter=tcp\n", "\"kept\":0", 1},
		{"dump form=frames from=101 to=110\n", "\"frame\":\"AAAA", 11},
		{"dump form=frames count=7\n", "\"next\":20001", 8},
		{"dump last=1s\n", "\"newest\":20000", 1},
	};
	static const struct {
		const char *request, *error;
	} wrong[] = {
		{"dump last=soon\n", "last: "},
		{"dump count=10001\n", "count: '10001' is not a number from 0 to 10000"},
		{"dump from=-1\n", "from: '-1' is not a number"},
		{"dump form=pcap\n", "form: 'pcap' is none of packets, frames"},
		{"dump form=frames as=text\n", "frames are not text"},
		{"dump filter=udp%20prt\n", "udp prt"},
	};
	struct wr_dump *d = last_packets(20000);
	int fd = knock(), pieces = 0, frames = 0;
	char request[64] = "dump form=frames\n";
	const char *next;

	with_live.dump = d;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const char *got = ask(fd, t[i].request);

		ok(ends_well(got) && strstr(got, t[i].has) && !strstr(got, "\"error\""), "%.*s",
		   (int)strcspn(t[i].request, "\r\n"), t[i].request);
		if (!is_int(count(got, "\n") - 1, t[i].lines, "in %d lines", t[i].lines))
			note("%.300s", got);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ok(strstr(ask(fd, wrong[i].request), wrong[i].error) &&
			   strstr(heard, "\"status\":2"),
		   "refused: %s", wrong[i].error);
	/* More than one answer may hold: in pieces. */
	for (; pieces < 20; pieces++) {
		next = strstr(ask(fd, request), "\"next\":");
		frames += count(heard, "\"event_type\":\"frame\"");
		if (!next || atoi(next + 7) > 20000)
			break;
		snprintf(request, sizeof(request), "dump form=frames from=%d\n", atoi(next + 7));
	}
	ok(pieces > 1 && frames == 20000, "20,000 frames in %d pieces of a MiB: %d came",
	   pieces + 1, frames);
	close(fd);
	with_live.dump = NULL;
	wr_dump_close(&d);
	spin(5);
}

int main(void)
{
	struct stat s;

	if (!mkdtemp(dir) || wr_loop_open(&loop, NULL)) {
		printf("Bail out! no temporary folder\n");
		return 1;
	}
	snprintf(path, sizeof(path), "%s/control.sock", dir);
	live = feed_open(FLOWS * 2);
	with_live = host;
	with_live.live = live;
	open_api(32 << 20);
	window(20);
	answers();
	errors();
	dump_off();
	dumps();
	long_lines();
	pieces();
	changers();
	subscriptions();
	window(FLOWS);
	sleepers();
	greedy();
	crowd();
	no_descriptors();
	mad();
	door();
	wr_api_close(&api);
	ok(stat(path, &s) && errno == ENOENT, "at the end the socket is removed");
	wr_live_close(&live);
	wr_loop_close(&loop);
	rmdir(dir);
	return done();
}
