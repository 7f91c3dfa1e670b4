/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What goes out: outboxes, events, IPFIX messages and the last packets, against counting by hand.
 */
#include "tests/tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/proto.h"
#include "export/dumpring.h"
#include "export/eve.h"
#include "export/ipfix.h"
#include "export/ipfix_send.h"
#include "export/outbox.h"
#include "view/flow_columns.h"

#define SECOND 1000000000ull
#define NOON (1700000000ull * SECOND) /* 2023-11-14 22:13:20 UTC */

static uint64_t seed = 1;

static uint32_t dice(uint32_t sides)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % sides;
}

static char dir[64];

static const char *in_dir(const char *name)
{
	static char path[4][128];
	static int turn;

	turn = (turn + 1) % 4;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", dir, name);
	return path[turn];
}

/* ---- outboxes ---- */

/* What goes in comes out, in order and whole, and what found no room is counted: against a stream
 * socket that takes bytes now and then. */
static void outbox(void)
{
	enum { TURNS = 20000 };
	static uint8_t want[TURNS * 4000 / 8], got[sizeof(want)];
	size_t n_want = 0, n_got = 0;
	struct wr_outbox o;
	uint64_t kept = 0, lost = 0;
	int fd[2], ret = 0;

	if (wr_outbox_open(&o, 1 << 16, NULL) || socketpair(AF_UNIX, SOCK_STREAM, 0, fd))
		exit(1);
	for (int i = 0; i < TURNS && n_want + 4000 < sizeof(want); i++) {
		uint8_t message[4000];
		uint32_t n = 1 + dice(dice(8) ? 200 : 4000), holds = 1 + dice(3);
		ssize_t r;

		memset(message, (int)dice(256), n);
		if (wr_outbox_put(&o, message, n, holds, 0)) {
			memcpy(want + n_want, message, n);
			n_want += n;
			kept += holds;
		} else {
			lost += holds;
		}
		if (!dice(50))
			ret = wr_outbox_send(&o, fd[0], WR_OUTBOX_STREAM);
		if (ret && ret != -EAGAIN)
			break;
		if (!dice(60) && (r = recv(fd[1], got + n_got, dice(60000), MSG_DONTWAIT)) > 0)
			n_got += (size_t)r;
	}
	for (ret = -EAGAIN; ret == -EAGAIN;) {
		ssize_t r;

		ret = wr_outbox_send(&o, fd[0], WR_OUTBOX_STREAM);
		while ((r = recv(fd[1], got + n_got, sizeof(got) - n_got, MSG_DONTWAIT)) > 0)
			n_got += (size_t)r;
	}
	is_int(ret, 0, "an outbox is emptied");
	ok(n_got == n_want && !memcmp(got, want, n_want),
	   "what found room comes out in order, to the byte");
	ok(lost > 100 && o.n.lost == lost && o.n.sent == kept && o.n.given == kept + lost,
	   "given = sent + lost: %llu = %llu + %llu", (unsigned long long)o.n.given,
	   (unsigned long long)o.n.sent, (unsigned long long)o.n.lost);
	wr_outbox_close(&o);
	close(fd[0]);
	close(fd[1]);
	ok(wr_outbox_open(&o, 1000, NULL) == -EINVAL, "an outbox that is too small is refused");
}

static void outbox_order(void)
{
	static const uint8_t message[1000];
	struct wr_outbox_message *m = NULL;
	struct wr_outbox o;
	uint32_t n = 0;
	bool fine = true;

	if (wr_outbox_open(&o, 1 << 16, NULL))
		exit(1);
	/* The hand goes round several times, so that messages lie before and behind the end. */
	for (uint32_t i = 0; i < 5000; i++) {
		while (!wr_outbox_fits(&o, 1000))
			wr_outbox_done(&o, 0);
		wr_outbox_put(&o, message, 900 + i % 100, 1, i);
	}
	while ((m = wr_outbox_next(&o, m))) {
		if (n && m->mark != n + 1)
			fine = false;
		n = m->mark;
	}
	ok(fine && n == 4999, "messages that wait can be walked, oldest first");
	wr_outbox_drop(&o);
	ok(!wr_outbox_next(&o, NULL) && o.n.given == o.n.sent + o.n.lost, "dropped is lost");
	wr_outbox_close(&o);
}

static void refused_datagrams(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(to);
	int nobody = socket(AF_INET, SOCK_DGRAM, 0), fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct wr_outbox o;
	int ret = 0;

	if (wr_outbox_open(&o, 1 << 16, NULL) || bind(nobody, (struct sockaddr *)&to, len) ||
	    getsockname(nobody, (struct sockaddr *)&to, &len) ||
	    connect(fd, (struct sockaddr *)&to, len))
		exit(1);
	close(nobody); /* now the port is nobody's */
	for (int i = 0; i < 4; i++) {
		wr_outbox_put(&o, "message", 7, 10, 0);
		ret = wr_outbox_send(&o, fd, WR_OUTBOX_DATAGRAM);
	}
	is_int(ret, -ECONNREFUSED, "a datagram to nobody is told");
	ok(o.n.lost == 30 && o.n.sent == 10 && !o.messages,
	   "and counted: those before a refusal are lost");
	close(fd);
	wr_outbox_close(&o);
}

/* ---- flows ---- */

struct talk {
	bool ip6, reply;
	uint16_t sport, dport, tag;
	uint8_t proto;
};

/* 10.0.0.1 > 10.0.0.2, or 2001:db8::1 > ::2; the server is end 1. */
static struct wr_flow flow_of(struct talk t)
{
	static const uint8_t v4[4] = {10}, v6[16] = {0x20, 0x01, 0x0d, 0xb8};
	struct wr_flow f = {
		.key = {.port = {t.sport, t.dport},
			.tag = t.tag,
			.proto = t.proto,
			.ip_v = t.ip6 ? 6 : 4},
		.first_ns = NOON + 1234567,
		.last_ns = NOON + 2 * SECOND,
		.caller = WR_FLOW_CALLER_UNKNOWN,
		.sent = {{3, 300}, {0, 0}},
		.end_reason = WR_FLOW_END_IDLE,
		.iface = 1,
	};

	for (int end = 0; end < 2; end++) {
		memcpy(f.key.addr[end], t.ip6 ? v6 : v4, t.ip6 ? 16 : 4);
		f.key.addr[end][t.ip6 ? 15 : 3] = (uint8_t)(end + 1);
	}
	if (t.proto == WR_IP_TCP) {
		f.caller = 0;
		f.tcp_flags[0] = WR_TCP_SYN | WR_TCP_ACK | WR_TCP_AE;
		f.tcp_flags[1] = WR_TCP_SYN | WR_TCP_ACK | WR_TCP_FIN;
		f.rtt_us = 250;
	}
	if (t.reply)
		f.sent[1] = (struct wr_count){2, 5000000000u};
	return f;
}

static const char *iface(void *ctx, uint32_t number)
{
	static const char *const name[] = {"eth0", "we\"ird,\n", ""};

	(void)ctx;
	return number < 3 ? name[number] : NULL;
}

static void csv(struct wr_buf *b, enum wr_flow_sheet sheet, const struct wr_flow *f,
		const struct wr_flow_style *style)
{
	struct wr_flow_told told = wr_flow_told(f, style);

	wr_sheet_csv(b, wr_flow_sheet(sheet), &told, NULL);
}

static void as_csv(void)
{
	struct wr_flow tcp = flow_of((struct talk){false, true, 40000, 443, 0, WR_IP_TCP});
	struct wr_flow odd =
		flow_of((struct talk){true, false, 0, 0, WR_FLOW_NO_PROTO | WR_FLOW_VLAN | 7, 0});
	const struct wr_flow_style style = {.iface = iface};
	struct wr_buf b = {0};

	odd.iface = 3;
	odd.last_ns = odd.first_ns;
	csv(&b, WR_FLOW_SHEET_FLOWS, &tcp, &style);
	is_str(wr_buf_text(&b),
	       "2023-11-14T22:13:20.001234567Z,2023-11-14T22:13:22.000000000Z,10.0.0.1,40000,"
	       "10.0.0.2,443,4,TCP,6,,\"we\"\"ird,\n\",,1.99876543,3,2,300,5000000000,12,13,250,"
	       "established,timeout\n",
	       "a TCP flow as CSV, with an interface name that needs quotes");
	wr_buf_clear(&b);
	csv(&b, WR_FLOW_SHEET_FLOWS, &odd, &style);
	is_str(wr_buf_text(&b),
	       "2023-11-14T22:13:20.001234567Z,2023-11-14T22:13:20.001234567Z,2001:db8::1,,"
	       "2001:db8::2,,6,,,7,,,0,3,0,300,0,,,,new,timeout\n",
	       "what a flow does not have is an empty field");
	wr_buf_clear(&b);
	csv(&b, WR_FLOW_SHEET_FEATURES, &odd, NULL);
	is_str(wr_buf_text(&b),
	       "2023-11-14T22:13:20.001234567Z,2001:db8::1,,2001:db8::2,,6,,0,3,0,300,0,100,,,,0,"
	       ",,,,,,,,,,,new,timeout\n",
	       "features of a flow without duration: no rate");
	wr_buf_clear(&b);
	wr_sheet_csv_header(&b, wr_flow_sheet(WR_FLOW_SHEET_FEATURES));
	csv(&b, WR_FLOW_SHEET_FEATURES, &tcp, NULL);
	int commas[2] = {0}, line = 0;
	for (const char *s = wr_buf_text(&b); *s; s++) {
		if (*s == '\n')
			line++;
		commas[line & 1] += *s == ',';
	}
	ok(commas[0] > 20 && commas[0] == commas[1], "a line has as many fields as the header");
	wr_buf_free(&b);
}

static void as_json(void)
{
	static const char *const reason[] = {NULL,     "timeout",  "active",
					     "closed", "shutdown", "forced"};
	struct wr_flow f = flow_of((struct talk){false, true, 40000, 443, 0, WR_IP_TCP});
	const struct wr_flow_style style = {.iface = iface, .now_ns = NOON};
	struct wr_buf b = {0};
	bool fine = true;

	wr_view_flow_json(&b, &f, &style);
	is_str(wr_buf_text(&b),
	       "{\"timestamp\":\"2023-11-14T22:13:20.000000000Z\",\"event_type\":\"flow\","
	       "\"in_iface\":\"we\\\"ird,\\n\",\"src_ip\":\"10.0.0.1\",\"src_port\":40000,"
	       "\"dest_ip\":\"10.0.0.2\",\"dest_port\":443,\"ip_v\":4,\"proto\":\"TCP\","
	       "\"ip_proto\":6,\"flow\":{\"pkts_toserver\":3,\"pkts_toclient\":2,"
	       "\"bytes_toserver\":300,\"bytes_toclient\":5000000000,"
	       "\"start\":\"2023-11-14T22:13:20.001234567Z\","
	       "\"end\":\"2023-11-14T22:13:22.000000000Z\",\"age\":1,\"state\":\"established\","
	       "\"reason\":\"timeout\"},\"rtt_us\":250,\"tcp\":{\"tcp_flags\":\"13\","
	       "\"tcp_flags_ts\":\"12\",\"tcp_flags_tc\":\"13\",\"syn\":true,\"fin\":true,"
	       "\"ack\":true,\"ae\":true}}\n",
	       "a flow as an event");
	for (uint8_t i = 0; i < 6; i++)
		if (wr_view_flow_reason(i) != reason[i] &&
		    (!reason[i] || strcmp(wr_view_flow_reason(i), reason[i]) != 0))
			fine = false;
	ok(fine && !wr_view_flow_reason(200), "each reason has its name");
	f.tcp_flags[0] |= WR_TCP_FIN;
	is_str(wr_view_flow_state(&f), "closed", "FIN of both ends: closed");
	f = flow_of((struct talk){false, false, 40000, 443, 0, WR_IP_TCP});
	f.tcp_flags[0] = WR_TCP_SYN;
	f.tcp_flags[1] = 0;
	is_str(wr_view_flow_state(&f), "new", "a SYN without an answer: new");
	f.tcp_flags[1] = WR_TCP_RST | WR_TCP_ACK;
	is_str(wr_view_flow_state(&f), "closed", "RST: closed");
	wr_buf_free(&b);
}

/* ---- events ---- */

static char *slurp(const char *path)
{
	static char text[1 << 20];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static int count_lines(const char *s)
{
	int n = 0;

	for (; *s; s++)
		n += *s == '\n';
	return n;
}

static void events_to_file(void)
{
	struct wr_flow f = flow_of((struct talk){false, true, 1, 2, 0, WR_IP_UDP});
	struct wr_eve_conf conf = {.to = in_dir("eve.json"), .offline = true};
	struct wr_outbox_count n;
	struct wr_eve *e = NULL;
	struct wr_err err = {0};

	ok(wr_eve_open(&e, &conf, &err) == 0, "events to a file");
	wr_eve_flow(e, &f);
	wr_eve_lines(e, "{\"a\":1}\n{\"b\":2}\n", 16);
	is_int(wr_outlet_flush(wr_eve_outlet(e), 0, &err), 0, "are written when flushed");
	is_int(count_lines(slurp(conf.to)), 3, "one a line");
	rename(conf.to, in_dir("eve.json.1"));
	wr_eve_flow(e, &f);
	is_int(wr_outlet_reopen(wr_eve_outlet(e), &err), 0, "the file was rotated");
	is_int(wr_eve_close(&e, 100, &n, &err), 0, "closed");
	is_int(count_lines(slurp(conf.to)), 1, "what came afterwards is in the new one");
	is_int(count_lines(slurp(in_dir("eve.json.1"))), 3, "the old one has what it had");
	ok(n.given == 4 && n.sent == 4 && n.lost == 0, "4 lines were given, 4 written");
	ok(wr_eve_open(&e, &conf, &err) == 0 && !wr_eve_close(&e, 0, NULL, NULL) &&
		   count_lines(slurp(conf.to)) == 1,
	   "a file that is there is appended to");
	conf.to = in_dir("no/such/place");
	ok(wr_eve_open(&e, &conf, &err) < 0 && strstr(err.text, "no/such/place"),
	   "a place that is not there is named: %s", err.text);
	conf.to = "tcp:127.0.0.1:1";
	ok(wr_eve_open(&e, &conf, &err) == -EINVAL, "events do not go to TCP: %s", err.text);
}

static int listen_at(const char *path)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	unlink(path);
	if (bind(fd, (struct sockaddr *)&un, sizeof(un)) || listen(fd, 1))
		exit(1);
	return fd;
}

static bool whole_lines(const char *text)
{
	size_t n = strlen(text);

	for (const char *s = text; *s; s = strchr(s, '\n') + 1)
		if (*s != '{' || !strchr(s, '\n'))
			return false;
	return n && text[n - 1] == '\n';
}

/* Reads what is there. */
static size_t take(int fd, char *to, size_t room)
{
	size_t used = 0;
	ssize_t n;

	while (used < room - 1 && (n = recv(fd, to + used, room - 1 - used, MSG_DONTWAIT)) > 0)
		used += (size_t)n;
	to[used] = '\0';
	return used;
}

static void events_to_socket(void)
{
	static char text[1 << 22];
	struct wr_flow f = flow_of((struct talk){false, true, 1, 2, 0, WR_IP_UDP});
	struct wr_eve_conf conf = {.bytes = 1 << 18};
	struct wr_outbox_count n;
	struct wr_eve *e = NULL;
	struct wr_err err = {0};
	char to[128];
	uint64_t now = SECOND;
	int at, fd, ret, told = 0, lines;

	snprintf(to, sizeof(to), "unix:%s", in_dir("sock"));
	conf.to = to;
	ok(wr_eve_open(&e, &conf, &err) < 0 && strstr(err.text, "sock"),
	   "nobody listens: told at once (%s)", err.text);
	at = listen_at(to + 5);
	ok(wr_eve_open(&e, &conf, &err) == 0, "events to a unix socket");
	fd = accept(at, NULL, NULL);
	for (int i = 0; i < 3000; i++)
		wr_eve_flow(e, &f);
	n = wr_outlet_count(wr_eve_outlet(e));
	ok(n.lost > 0 && n.given == 3000,
	   "a reader that does not read costs lines, not memory: %llu of %llu are lost",
	   (unsigned long long)n.lost, (unsigned long long)n.given);
	do {
		ret = wr_outlet_flush(wr_eve_outlet(e), now, &err);
		now += SECOND / 100;
		if (ret == 1)
			take(fd, text, 30000); /* breaks off within a line */
	} while (ret == 1 && (n = wr_outlet_count(wr_eve_outlet(e))).sent < 300);
	ok(ret == 1, "some still wait");
	close(fd);
	do {
		ret = wr_outlet_flush(wr_eve_outlet(e), now, &err);
		told += ret < 0;
		now += SECOND / 100;
	} while (now < 3 * SECOND);
	is_int(told, 1, "a reader that goes is told once (%s)", err.text);
	fd = accept(at, NULL, NULL);
	text[0] = '\0';
	for (size_t used = 0; (ret = wr_outlet_flush(wr_eve_outlet(e), now, &err)) == 1;)
		used += take(fd, text + used, sizeof(text) - used);
	take(fd, text + strlen(text), sizeof(text) - strlen(text));
	lines = count_lines(text);
	ok(ret == 0 && whole_lines(text), "the next reader gets whole lines: %d of them", lines);
	wr_eve_close(&e, 0, &n, NULL);
	ok(n.given == n.sent + n.lost && n.sent >= (uint64_t)lines, "all lines are accounted for");
	close(fd);
	close(at);
}

/* As in the daemon: who reads comes later, and the outbox is there before and after. */
static void reader_comes_later(void)
{
	struct wr_flow f = flow_of((struct talk){false, true, 1, 2, 0, WR_IP_UDP});
	static char text[1 << 16];
	struct wr_outbox box = {0};
	struct wr_eve_conf conf = {.box = &box, .later = true};
	struct wr_eve *e = NULL;
	struct wr_err err = {0};
	uint64_t now = SECOND;
	int at, fd, ret;
	char to[128];

	if (wr_outbox_open(&box, 1 << 16, NULL))
		exit(1);
	snprintf(to, sizeof(to), "unix:%s", in_dir("later"));
	conf.to = to;
	ok(wr_eve_open(&e, &conf, &err) == 0, "nobody listens yet: fine");
	wr_eve_flow(e, &f);
	ok(wr_outlet_flush(wr_eve_outlet(e), now, &err) < 0 &&
		   strstr(wr_outlet_trouble(wr_eve_outlet(e)), "later"),
	   "it is said: %s", wr_outlet_trouble(wr_eve_outlet(e)));
	wr_eve_close(&e, 0, NULL, NULL);
	ok(box.messages == 1 && box.n.lost == 0, "what waits is still there");
	ok(wr_eve_open(&e, &conf, &err) == 0, "and somebody else goes on with it");
	wr_eve_flow(e, &f);
	wr_outlet_flush(wr_eve_outlet(e), now, &err);
	at = listen_at(to + 5);
	is_int(wr_outlet_flush(wr_eve_outlet(e), now + SECOND / 2, &err), 1, "not at once");
	ret = wr_outlet_flush(wr_eve_outlet(e), now + 2 * SECOND, &err);
	fd = accept(at, NULL, NULL);
	take(fd, text, sizeof(text));
	ok(ret == 0 && count_lines(text) == 2 && !wr_outlet_trouble(wr_eve_outlet(e))[0],
	   "a reader that comes later gets both lines");
	wr_eve_close(&e, 0, NULL, NULL);
	close(fd);
	close(at);
	wr_outbox_close(&box);
}

/* A file that was left within a line by one process is gone on with by the next. */
static void line_in_two_parts(void)
{
	struct wr_flow f = flow_of((struct talk){false, true, 1, 2, 0, WR_IP_UDP});
	struct wr_outbox box = {0};
	struct wr_eve_conf conf = {.to = in_dir("parts.json"), .box = &box, .later = true};
	struct wr_eve *e = NULL;
	int fd = open(conf.to, O_WRONLY | O_CREAT | O_APPEND, 0600), ret;

	if (wr_outbox_open(&box, 1 << 16, NULL) || wr_eve_open(&e, &conf, NULL))
		exit(1);
	wr_eve_flow(e, &f);
	/* The first ten bytes went out, then the disk was full. */
	if (write(fd, wr_outbox_next(&box, NULL)->data, 10) != 10)
		exit(1);
	box.part = 10;
	wr_eve_close(&e, 0, NULL, NULL);
	if (box.messages) /* closing has flushed: all the better */
		exit(1);
	ok(whole_lines(slurp(conf.to)) && count_lines(slurp(conf.to)) == 1,
	   "the same process writes the rest");
	if (wr_eve_open(&e, &conf, NULL))
		exit(1);
	wr_eve_flow(e, &f);
	if (write(fd, wr_outbox_next(&box, NULL)->data, 10) != 10)
		exit(1);
	box.part = 10;
	is_int(wr_outlet_reopen(wr_eve_outlet(e), NULL), 0, "opened again, the same file");
	wr_eve_close(&e, 100, NULL, NULL);
	ok(whole_lines(slurp(conf.to)) && count_lines(slurp(conf.to)) == 2,
	   "gets the rest of the line");
	if (wr_eve_open(&e, &conf, NULL))
		exit(1);
	wr_eve_flow(e, &f);
	box.part = 10;
	rename(conf.to, in_dir("parts.json.1"));
	is_int(wr_outlet_reopen(wr_eve_outlet(e), NULL), 0, "a new file");
	wr_eve_close(&e, 100, NULL, NULL);
	ok(whole_lines(slurp(conf.to)) && count_lines(slurp(conf.to)) == 1, "gets the whole line");
	close(fd);
	conf.to = in_dir("no/such/place");
	if (wr_eve_open(&e, &conf, NULL))
		exit(1);
	ret = wr_outlet_flush(wr_eve_outlet(e), SECOND, NULL);
	ok(ret == -ENOENT && strstr(wr_outlet_trouble(wr_eve_outlet(e)), "No such file"),
	   "a file that cannot be opened: %s", wr_outlet_trouble(wr_eve_outlet(e)));
	wr_eve_close(&e, 0, NULL, NULL);
	wr_outbox_close(&box);
}

/* ---- IPFIX ---- */

enum { TEMPLATES = 1024 };

/* A collector: reads what RFC 7011 says, and nothing of ours. */
struct collector {
	uint8_t size[TEMPLATES][32];	 /* of fields, by template id; 255: variable */
	uint16_t element[TEMPLATES][32]; /* with the bit of the enterprise */
	int fields[TEMPLATES];
	uint32_t sequence;
	uint64_t flows, packets, octets, names, messages, templates;
	size_t largest;
	bool broken;
	char name[64];
};

static uint64_t be(const uint8_t *p, int n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | *p++;
	return v;
}

static const uint8_t *template(struct collector *c, const uint8_t *p, bool options)
{
	uint64_t id = be(p, 2), n = be(p + 2, 2);

	p += options ? 6 : 4;
	if (id < 256 || id >= TEMPLATES || n > 32) {
		c->broken = true;
		return p;
	}
	c->templates++;
	c->fields[id] = (int)n;
	for (uint64_t i = 0; i < n; i++) {
		c->element[id][i] = (uint16_t)be(p, 2);
		c->size[id][i] = be(p + 2, 2) == 0xffff ? 255 : (uint8_t)be(p + 2, 2);
		if (c->element[id][i] & 0x8000)
			c->broken |= be(p + 4, 4) != 29305;
		p += c->element[id][i] & 0x8000 ? 8 : 4;
	}
	return p;
}

static const uint8_t *record(struct collector *c, uint64_t id, const uint8_t *p)
{
	bool flow = false;

	for (int i = 0; i < c->fields[id]; i++) {
		uint16_t element = c->element[id][i];
		int n = c->size[id][i];

		if (n == 255)
			n = *p++;
		if (element == 1 || element == 0x8001)
			c->octets += be(p, n);
		if (element == 2 || element == 0x8002)
			c->packets += be(p, n);
		flow |= element == 2;
		if (element == 82) {
			snprintf(c->name, sizeof(c->name), "%.*s", n, (const char *)p);
			c->names++;
		}
		p += n;
	}
	c->flows += flow;
	return p;
}

static void collect(void *ctx, const uint8_t *msg, size_t n, uint32_t records, uint32_t flows)
{
	struct collector *c = ctx;
	uint64_t before = c->flows, told = 0;
	const uint8_t *p = msg + 16;

	c->messages++;
	c->largest = n > c->largest ? n : c->largest;
	c->broken |= be(msg, 2) != 10 || be(msg + 2, 2) != n || be(msg + 8, 4) != c->sequence;
	while (!c->broken && p < msg + n) {
		uint64_t id = be(p, 2);
		const uint8_t *end = p + be(p + 2, 2);

		c->broken |= end > msg + n || end < p + 5 || (id > 3 && !c->fields[id]);
		for (p += 4; !c->broken && p < end;) {
			if (id == 2 || id == 3)
				p = template(c, p, id == 3);
			else
				p = record(c, id, p), told++;
		}
		c->broken |= p != end;
	}
	c->broken |= told != records || c->flows - before != flows;
	c->sequence += records;
}

struct message {
	uint8_t bytes[1500];
	size_t n;
};

static void keep_message(void *ctx, const uint8_t *msg, size_t n, uint32_t records, uint32_t flows)
{
	struct message *m = ctx;

	(void)records;
	(void)flows;
	m->n = n;
	memcpy(m->bytes, msg, n < sizeof(m->bytes) ? n : sizeof(m->bytes));
}

static void ipfix_known_answer(void)
{
	/* RFC 7011, 3; written down by hand */
	static const char want[] =
		"000a 00af 6553f100 00000000 00000009 "		      /* header */
		"0002 0054 0100 0010 "				      /* template 256, 16 fields */
		"00080004 000c0004 00070002 000b0002 000a0004 "	      /* who */
		"00040001 00880001 00ef0001 00060002 "		      /* how */
		"00980008 00990008 00010008 00020008 "		      /* when, how much */
		"8006000200007279 8001000800007279 8002000800007279 " /* the way back */
		"0100 004b "					      /* a set of that template */
		"0a000001 0a000002 9c40 01bb 00000004 "
		"06 01 01 0112 "
		"0000018bcfe56801 0000018bcfe56fd0 000000000000012c 0000000000000003 "
		"0013 000000012a05f200 0000000000000002 ";
	static struct wr_ipfix x;
	struct wr_flow f = flow_of((struct talk){false, true, 40000, 443, 0, WR_IP_TCP});
	struct message got = {.n = 0};
	char hex[sizeof(want)] = "";
	struct wr_buf b = {0};
	size_t n = 0;
	struct wr_ipfix_conf conf = {
		.domain = 9, .bytes_max = 1400, .message = keep_message, .ctx = &got};

	f.iface = 3;
	f.first_ns = NOON + 1000000;
	wr_ipfix_begin(&x, &conf);
	wr_ipfix_flow(&x, &f, 1700000000);
	wr_ipfix_flush(&x, 1700000000);
	for (const char *w = want; *w; w++)
		if (*w != ' ')
			hex[n++] = *w;
	for (size_t i = 0; i < got.n; i++)
		wr_buf_hex(&b, got.bytes[i], 2);
	is_str(wr_buf_text(&b), hex, "a TCP flow and its template, byte for byte");
	wr_buf_free(&b);
}

static struct wr_flow random_flow(void)
{
	static const uint8_t protos[] = {WR_IP_TCP, WR_IP_UDP, 1, 47};
	struct talk t = {
		.ip6 = dice(3) == 0,
		.reply = dice(2),
		.sport = (uint16_t)dice(65536),
		.dport = (uint16_t)dice(65536),
		.tag = (uint16_t)((dice(4) ? 0 : WR_FLOW_VLAN | dice(4096)) |
				  (dice(9) ? 0 : WR_FLOW_NO_PROTO)),
		.proto = protos[dice(4)],
	};
	struct wr_flow f = flow_of(t);

	f.iface = dice(3);
	f.sent[0].bytes += dice(100000);
	return f;
}

static void ipfix_collected(uint32_t bytes_max)
{
	static struct wr_ipfix x;
	static struct collector c;
	struct wr_ipfix_conf conf = {
		.bytes_max = bytes_max, .iface = iface, .message = collect, .ctx = &c};
	struct wr_count sum = {0};

	memset(&c, 0, sizeof(c));
	wr_ipfix_begin(&x, &conf);
	for (int i = 0; i < 5000; i++) {
		struct wr_flow f = random_flow();

		for (int end = 0; end < 2; end++) {
			sum.packets += f.sent[end].packets;
			sum.bytes += f.sent[end].bytes;
		}
		wr_ipfix_flow(&x, &f, 1700000000);
		if (i == 2500)
			wr_ipfix_forget(&x);
	}
	wr_ipfix_flush(&x, 1700000000);
	wr_ipfix_flush(&x, 1700000000);
	ok(!c.broken && c.flows == 5000 && c.packets == sum.packets && c.octets == sum.bytes,
	   "%u bytes: a collector reads all flows, packets and octets", bytes_max);
	ok(c.largest <= bytes_max && c.largest > bytes_max * 3 / 4,
	   "%u bytes: messages are full and never longer (%zu)", bytes_max, c.largest);
	is_int((long long)c.templates, 18, "%u bytes: each template is told when needed, and again",
	       bytes_max);
	is_int((long long)c.names, 4, "%u bytes: so are the two names of interfaces", bytes_max);
}

/* A stream that breaks: the next one begins with templates and counts from 0. */
static void ipfix_stream(void)
{
	static struct collector c;
	static uint8_t text[1 << 20];
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	struct wr_ipfix_send_conf conf = {.iface = iface, .bytes_max = 512, .buffer = 1 << 18};
	int door = socket(AF_INET, SOCK_STREAM, 0), fd;
	struct wr_ipfix_send *s = NULL;
	struct wr_outbox_count n;
	struct wr_err err = {0};
	uint64_t now = SECOND;
	size_t used = 0, p = 0;
	ssize_t r;
	char to[64];

	if (bind(door, (struct sockaddr *)&at, len) || listen(door, 1) ||
	    getsockname(door, (struct sockaddr *)&at, &len))
		exit(1);
	snprintf(to, sizeof(to), "tcp:127.0.0.1:%u", ntohs(at.sin_port));
	conf.to = to;
	ok(wr_ipfix_open(&s, &conf, &err) == 0, "IPFIX over TCP");
	fd = accept(door, NULL, NULL);
	for (int i = 0; i < 100; i++) {
		struct wr_flow f = random_flow();

		wr_ipfix_add(s, &f);
	}
	wr_ipfix_step(s, now, &err);
	close(fd);
	for (int i = 0; i < 100; i++) {
		struct wr_flow f = random_flow();

		wr_ipfix_add(s, &f);
	}
	for (int i = 0; i < 100; i++, now += SECOND / 20) /* notices, and waits a second */
		wr_ipfix_step(s, now, &err);
	fd = accept(door, NULL, NULL);
	ok(wr_ipfix_close(&s, 1000, &n, &err) == 0 && n.given == 200 && n.sent == 200,
	   "all flows were handed to the system");
	while ((r = read(fd, text + used, sizeof(text) - used)) > 0)
		used += (size_t)r;
	memset(&c, 0, sizeof(c));
	while (p + 16 < used && !c.broken) {
		size_t bytes = be(text + p + 2, 2);
		/* the collector counts what it is told to expect */
		struct collector copy = c;

		collect(&copy, text + p, bytes, 0, 0);
		copy.broken = c.broken || be(text + p + 8, 4) != c.sequence;
		copy.sequence = c.sequence + (uint32_t)(copy.flows - c.flows) +
				(uint32_t)(copy.names - c.names);
		c = copy;
		p += bytes;
	}
	ok(!c.broken && p == used && c.flows >= 100,
	   "the second connection has templates, and sequence numbers from 0: %llu flows",
	   (unsigned long long)c.flows);
	is_int((long long)c.templates, 9, "the templates came once");
	close(fd);
	close(door);
}

/* ---- the last packets ---- */

struct kept {
	uint64_t ts_ns;
	uint32_t caplen;
	uint8_t fill;
};

struct into {
	struct kept *to;
	int n, room;
};

static void take_packet(void *ctx, const struct wr_packet *pkt)
{
	struct into *i = ctx;

	if (i->n < i->room)
		i->to[i->n++] = (struct kept){pkt->ts_ns, pkt->caplen,
					      pkt->caplen ? pkt->data[pkt->caplen - 1] : 0};
}

static int read_back(const char *path, struct kept *to, int room)
{
	struct into into = {to, 0, room};
	struct wr_source *s = NULL;
	int n = 0;

	if (wr_file_open(&s, path, NULL, NULL))
		return -1;
	while (n >= 0)
		n = s->ops->read(s, take_packet, &into, 1000, NULL);
	wr_source_close(&s);
	return into.n;
}

static int dump(const struct wr_dump *d, uint64_t since_ns, const char *filter, struct kept *to,
		int room)
{
	const struct wr_pcapng_conf conf = {.version = "test"};
	struct wr_pcapng *w = NULL;
	struct wr_err err = {0};
	uint64_t n = 0;
	int ret;

	if (wr_pcapng_open(&w, in_dir("dump.pcapng"), &conf, &err))
		exit(1);
	ret = wr_dump_last(d, since_ns, filter, w, &n, &err);
	wr_pcapng_close(&w, NULL, NULL);
	if (ret)
		return ret;
	ret = read_back(in_dir("dump.pcapng"), to, room);
	return ret == (int)n ? ret : -1000;
}

enum { PACKETS = 20000 };

/* The ring holds the newest of all that were added, as they were. */
static void last_packets(void)
{
	static struct kept all[PACKETS], got[PACKETS];
	struct wr_dump_conf conf = {.bytes = 1 << 18, .snaplen = 3000};
	struct wr_dump *d = NULL;
	struct wr_dump_state st;
	uint8_t bytes[4000];
	bool fine = true;
	int n, again = 0;

	if (wr_dump_open(&d, &conf, NULL))
		exit(1);
	is_int(dump(d, 0, "tcp", got, PACKETS), 0, "a ring without packets is an empty capture");
	is_int(dump(d, 0, "tcp or", got, PACKETS), -EINVAL, "a wrong filter is refused, even so");
	for (int i = 0; i < PACKETS; i++) {
		uint32_t len = 14 + dice(dice(10) ? 200 : 3900);
		struct wr_packet pkt = {.ts_ns = NOON + (uint64_t)i * 1000000,
					.data = bytes,
					.caplen = len,
					.len = len,
					.linktype = WR_LINK_ETHER,
					.hook = WR_HOOK_XDP,
					.iface = i & 1 ? "eth0" : "eth1"};

		memset(bytes, i & 0xff, sizeof(bytes));
		memcpy(bytes + 12, "\x88\xb5", 2);
		if (len > 3000)
			again++;
		wr_dump_add(d, &pkt);
		all[i] = (struct kept){pkt.ts_ns, len < 3000 ? len : 3000,
				       (uint8_t)(len > 14 ? i & 0xff : 0xb5)};
		if (i % 1999)
			continue;
		n = dump(d, 0, NULL, got, PACKETS);
		st = wr_dump_state(d);
		fine &= n == (int)st.packets && n > 0 && n <= i + 1;
		for (int k = 0; k < n && fine; k++)
			fine = got[k].ts_ns == all[i + 1 - n + k].ts_ns &&
			       got[k].caplen == all[i + 1 - n + k].caplen &&
			       got[k].fill == all[i + 1 - n + k].fill;
	}
	ok(fine && again > 100, "the newest packets are there, in order, byte for byte");
	st = wr_dump_state(d);
	ok(st.added == PACKETS && st.packets + st.forgotten == st.added && st.packets > 300,
	   "added = kept + forgotten: %llu = %llu + %llu", (unsigned long long)st.added,
	   (unsigned long long)st.packets, (unsigned long long)st.forgotten);
	is_int(dump(d, st.newest_ns - 99 * 1000000ull, NULL, got, PACKETS), 100,
	       "the packets since a moment");
	is_int(dump(d, st.newest_ns - 99 * 1000000ull, "ether[14] & 1 = 1", got, PACKETS), 50,
	       "of them those that a filter chooses");
	wr_dump_close(&d);
}

/* ---- asked for piece by piece ---- */

struct asked {
	uint32_t number[4096]; /* as its bytes say */
	uint32_t n, most;
};

static bool take_asked(void *ctx, const struct wr_packet *pkt)
{
	struct asked *a = ctx;

	if (a->n == a->most)
		return false;
	memcpy(&a->number[a->n++], pkt->data, 4);
	return true;
}

/* A ring in which packet n says that it is the n-th; every fifth is to UDP port 53. */
static struct wr_dump *numbered(uint32_t packets)
{
	struct wr_dump_conf conf = {.bytes = 1 << 20};
	struct wr_dump *d = NULL;
	uint8_t frame[300] = {[12] = 8, [14] = 0x45, [23] = 17};

	if (wr_dump_open(&d, &conf, NULL))
		exit(1);
	for (uint32_t i = 1; i <= packets; i++) {
		struct wr_packet pkt = {.ts_ns = NOON + i,
					.data = frame,
					.caplen = 60 + dice(200),
					.linktype = WR_LINK_ETHER,
					.hook = WR_HOOK_TC_OUT,
					.iface = "eth0"};

		pkt.len = pkt.caplen;
		frame[37] = i % 5 ? 80 : 53;
		memcpy(frame, &i, 4);
		wr_dump_add(d, &pkt);
	}
	return d;
}

static void pieces(void)
{
	static struct asked a;
	struct wr_dump *d = numbered(30000);
	struct wr_dump_state st = wr_dump_state(d);
	struct wr_dump_ask ask = {0};
	uint64_t first = st.forgotten + 1, next = first;
	bool fine = true;
	int turns = 0;

	ok(st.forgotten > 20000 && st.packets > 3000, "%llu of 30,000 are in the ring",
	   (unsigned long long)st.packets);
	/* In pieces of 700, from number to number. */
	do {
		a = (struct asked){.most = 700};
		fine &= !wr_dump_each(d, &ask, take_asked, &a, NULL);
		for (uint32_t i = 0; i < a.n; i++)
			fine &= a.number[i] == next++;
		fine &= ask.from == next;
	} while (fine && ask.from <= st.added && turns++ < 100);
	ok(fine && next == 30001, "piece by piece all come once, in order");
	for (uint32_t i = 0; i < 400; i++) {
		uint64_t n = first + dice((uint32_t)st.packets);

		a = (struct asked){.most = 3};
		ask = (struct wr_dump_ask){.from = n, .to = n + 1};
		fine &= !wr_dump_each(d, &ask, take_asked, &a, NULL) && a.n >= 1 && a.n <= 2 &&
			a.number[0] == n && ask.from == n + a.n;
	}
	ok(fine, "any piece of it is found by its numbers");
	a = (struct asked){.most = 1000};
	ask = (struct wr_dump_ask){.newest = 20, .filter = "udp dst port 53"};
	is_int(wr_dump_each(d, &ask, take_asked, &a, NULL), 0, "the newest twenty of a filter");
	fine = a.n == 20;
	for (uint32_t i = 0; i < a.n; i++)
		fine &= a.number[i] == 30000 - 5 * (19 - i);
	ok(fine, "are the newest, oldest first");
	a = (struct asked){.most = 7};
	ask = (struct wr_dump_ask){.newest = 20, .to = 29000};
	wr_dump_each(d, &ask, take_asked, &a, NULL);
	ok(a.n == 7 && a.number[0] == 28981 && ask.from == 28988, "up to a number, in pieces");
	a = (struct asked){.most = 100};
	wr_dump_each(d, &ask, take_asked, &a, NULL);
	ok(a.n == 13 && a.number[12] == 29000, "which go on behind one another");
	a = (struct asked){.most = 10};
	ask = (struct wr_dump_ask){.from = 1};
	wr_dump_each(d, &ask, take_asked, &a, NULL);
	ok(a.n == 10 && a.number[0] == first, "what is forgotten is passed over");
	a = (struct asked){.most = 10};
	ask = (struct wr_dump_ask){.from = 30001};
	ok(!wr_dump_each(d, &ask, take_asked, &a, NULL) && !a.n && ask.from == 30001,
	   "behind the newest there is nothing");
	ask = (struct wr_dump_ask){.filter = "udp prt"};
	is_int(wr_dump_each(d, &ask, take_asked, &a, NULL), -EINVAL, "a wrong filter is told");
	wr_dump_close(&d);
}

/* The way a packet went stands in its flags: 2 is out (pcapng, epb_flags). */
static void way_out(void)
{
	static const uint8_t out[] = {2, 0, 4, 0, 2, 0, 0, 0};
	static uint8_t file[1 << 20];
	struct wr_dump *d = numbered(1);
	static struct kept got[10];
	FILE *f;
	size_t n;

	is_int(dump(d, 0, NULL, got, 10), 1, "a packet that left");
	f = fopen(in_dir("dump.pcapng"), "r");
	n = f ? fread(file, 1, sizeof(file), f) : 0;
	ok(memmem(file, n, out, sizeof(out)) != NULL, "is marked so");
	if (f)
		fclose(f);
	wr_dump_close(&d);
}

static void old_packets(void)
{
	struct wr_dump_conf conf = {.bytes = 1 << 20, .max_ns = 10 * SECOND};
	struct wr_packet pkt = {.data = (const uint8_t *)"0123456789abcdef",
				.caplen = 16,
				.len = 16,
				.linktype = WR_LINK_ETHER,
				.iface = ""};
	struct wr_dump *d = NULL;
	struct wr_dump_state st;

	if (wr_dump_open(&d, &conf, NULL))
		exit(1);
	for (uint64_t i = 0; i < 100; i++) {
		pkt.ts_ns = NOON + i * SECOND;
		wr_dump_add(d, &pkt);
	}
	st = wr_dump_state(d);
	ok(st.packets == 11 && st.oldest_ns == NOON + 89 * SECOND,
	   "what is older than wanted is forgotten");
	pkt.data = NULL;
	wr_dump_add(d, &pkt);
	ok(wr_dump_state(d).packets == 11, "a packet without bytes is not kept");
	wr_dump_close(&d);
	conf.bytes = 100;
	ok(wr_dump_open(&d, &conf, NULL) == -EINVAL && !d, "a ring that is too small is refused");
}

int main(void)
{
	char command[128];

	snprintf(dir, sizeof(dir), "%s/wr-export-XXXXXX",
		 getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	if (!mkdtemp(dir))
		return 1;
	outbox();
	outbox_order();
	refused_datagrams();
	as_json();
	as_csv();
	events_to_file();
	events_to_socket();
	reader_comes_later();
	line_in_two_parts();
	ipfix_known_answer();
	ipfix_collected(512);
	ipfix_collected(1432);
	ipfix_collected(65535);
	ipfix_stream();
	last_packets();
	pieces();
	way_out();
	old_packets();
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	if (system(command))
		note("%s is left", dir);
	return done();
}
