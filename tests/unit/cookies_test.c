/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SYN cookies in XDP and at TC, with BPF_PROG_TEST_RUN and real sockets that listen in a network
 * namespace of its own: every byte of the answer, what is not answered, and the ACK that brings the
 * cookie back. Needs root.
 */
#include "tests/tap.h"
#include "tests/unit/cookies.h"

struct scene {
	struct judge_hook j;
	enum hook_kind kind;
	struct wr_policy *policy;
};

static bool put(struct scene *s, const char *text)
{
	struct wr_err err = {0};

	wr_policy_free(&s->policy);
	if (!wr_policy_parse(&s->policy, text, strlen(text), "policy", NULL, NULL, &err) &&
	    !judge_hook_put(&s->j, s->policy, &err))
		return true;
	note("%s", err.text);
	return false;
}

static struct wr_judge *judgement(struct scene *s)
{
	return &s->j.judge[sched_getcpu()];
}

/* What the hook is told; f becomes what the packet is then. */
static int run(struct scene *s, struct frame *f)
{
	struct frame in = *f;
	LIBBPF_OPTS(bpf_test_run_opts, o, .data_in = in.at, .data_size_in = in.n, .data_out = f->at,
		    .data_size_out = MOST, .repeat = 1);

	if (bpf_prog_test_run_opts(s->j.hook.main_fd, &o))
		return -errno;
	f->n = o.data_size_out;
	return (int)o.retval;
}

static int verdict(struct scene *s, const struct syn *syn)
{
	struct frame f = make(syn), before = f;
	int got = run(s, &f);

	if (got == s->j.hook.is->pass)
		return f.n == before.n && !memcmp(f.at, before.at, f.n) ? WR_VERDICT_PASS : -1;
	return judgement(s)->verdict;
}

static bool passes(struct scene *s, const struct syn *syn)
{
	return verdict(s, syn) == WR_VERDICT_PASS;
}

/* ---- the answer ---- */

static const char *answer_differs(const struct frame *asked, struct frame *f, const struct syn *s,
				  uint32_t *cookie)
{
	uint32_t len = s->n_options ? 24 : 20, ip_len = s->ip_v == 4 ? 20 : 40;
	uint32_t whole = asked->ip + ip_len + len;
	const uint8_t *ip = f->at + f->ip, *tcp = f->at + f->tcp, *was = asked->at + asked->ip;

	if (memcmp(f->at, client_mac, 6) || memcmp(f->at + 6, asked->at, 6) ||
	    memcmp(f->at + 12, asked->at + 12, asked->ip - 12))
		return "Ethernet";
	if (s->ip_v == 4 && (ip[0] != 0x45 || get16(ip + 2) != 20 + len || ip[8] != 64 ||
			     get16(ip + 6) != 0x4000 || sum_of(ip, 20, 0) != 0xffff))
		return "the IPv4 header";
	if (s->ip_v == 6 && (ip[0] != 0x60 || get16(ip + 4) != len || ip[7] != 64))
		return "the IPv6 header";
	if (s->ip_v == 4 ? memcmp(ip + 12, was + 16, 4) || memcmp(ip + 16, was + 12, 4)
			 : memcmp(ip + 8, was + 24, 16) || memcmp(ip + 24, was + 8, 16))
		return "the addresses";
	if (get16(tcp) != PORT || get16(tcp + 2) != FROM)
		return "the ports";
	if (tcp[13] != (WR_TCP_SYN | WR_TCP_ACK) || get32(tcp + 8) != (uint32_t)SEQ + 1)
		return "that it is the SYN's SYN+ACK";
	if (tcp[12] >> 4 != len / 4 || !get16(tcp + 14))
		return "the length, or the window";
	if (len == 24 &&
	    (get16(tcp + 20) != 0x0204 || get16(tcp + 22) < 536 || get16(tcp + 22) > 1460))
		return "the segment size";
	if (tcp_sum(f, s->ip_v, len) != 0xffff)
		return "the checksum";
	if (f->n != (whole < 60 && asked->n >= 60 ? 60 : whole))
		return "the length of the frame";
	*cookie = get32(tcp + 4);
	return NULL;
}

static bool answered(struct scene *s, const struct syn *syn, uint32_t *cookie)
{
	int want = s->kind == HOOK_XDP ? ANSWERED_XDP : ANSWERED_TC;
	struct frame asked = make(syn), f = asked;
	int got = run(s, &f);
	const char *what;

	if (got != want) {
		note("the hook is told %d, not %d", got, want);
		return false;
	}
	/* At TC the driver fills short frames up. */
	if (s->kind == HOOK_TC && asked.n >= 60)
		asked.n = 59;
	what = answer_differs(&asked, &f, syn, cookie);
	if (what)
		note("not as it should be: %s", what);
	return !what;
}

static void test_answers(struct scene *s)
{
	static const struct {
		const char *what;
		const uint8_t *at;
		uint32_t n;
	} options[] = {{"MSS alone", mss_option, sizeof(mss_option)},
		       {"the options of Linux", linux_options, sizeof(linux_options)},
		       {"no option", NULL, 0}};
	const char *hook = s->j.hook.is->name;

	for (int n = 0; n < 3; n++)
		for (int k = 0; k < 6; k++) {
			struct syn syn = {.ip_v = k & 1 ? 6 : 4,
					  .vlans = k / 2,
					  .flags = WR_TCP_SYN,
					  .options = options[n].at,
					  .n_options = options[n].n};
			struct syn ack = {.ip_v = syn.ip_v,
					  .vlans = syn.vlans,
					  .flags = WR_TCP_ACK,
					  .seq = (uint32_t)SEQ + 1};
			uint32_t cookie = 0;

			ok(answered(s, &syn, &cookie),
			   "%s: a SYN of IPv%d, %d tags, %s is answered", hook, syn.ip_v, syn.vlans,
			   options[n].what);
			ack.ack = cookie + 1;
			ok(passes(s, &ack), "%s: the ACK with its cookie passes", hook);
			ack.ack = cookie + 1 + 0x1000; /* the lowest bits say the MSS */
			/* Behind a tag the socket may be bound to the VLAN's interface. */
			is_int(verdict(s, &ack), syn.vlans ? WR_VERDICT_PASS : WR_VERDICT_DROP,
			       "%s: one with another %s", hook,
			       syn.vlans ? "too, with tags" : "does not");
		}
}

/* Forged ones are of any address that the stack would take. */
static void test_odd_sources(struct scene *s)
{
	struct syn syn = {.ip_v = 4, .flags = WR_TCP_SYN, .options = mss_option, .n_options = 4};
	const char *hook = s->j.hook.is->name;

	syn.source = 0xf0;
	is_int(verdict(s, &syn), WR_VERDICT_ANSWER, "%s: a SYN of 240.0.0.0/4 is answered", hook);
	syn.ip_v = 6;
	syn.nat64 = true;
	is_int(verdict(s, &syn), WR_VERDICT_ANSWER, "%s: and one of 64:ff9b::/96", hook);
}

static void test_untouched(struct scene *s)
{
	const char *hook = s->j.hook.is->name;
	struct syn syn = {.ip_v = 4, .flags = WR_TCP_SYN, .options = mss_option, .n_options = 4};
	struct syn with = syn;

	with.to = PORT + 1;
	ok(passes(s, &with), "%s: a SYN to a port where nobody listens passes", hook);
	with = syn;
	with.other_mac = true;
	ok(passes(s, &with), "%s: and one to another host's Ethernet address", hook);
	with = syn;
	with.source = 0xef;
	ok(passes(s, &with), "%s: and one of a multicast address", hook);
	with.source = 0xff;
	ok(passes(s, &with), "%s: and one of a broadcast address", hook);
	with.ip_v = 6;
	ok(passes(s, &with), "%s: and one of a multicast address of IPv6", hook);
	with = syn;
	with.ip_options = true;
	ok(passes(s, &with), "%s: and one with IP options", hook);
	with = syn;
	with.flags = WR_TCP_RST;
	ok(passes(s, &with), "%s: and an RST", hook);
	with.flags = WR_TCP_SYN | WR_TCP_ACK;
	ok(passes(s, &with), "%s: and a SYN+ACK", hook);
	with = (struct syn){.ip_v = 6, .flags = WR_TCP_ACK, .source = 0xfe};
	ok(passes(s, &with), "%s: and an ACK of a link's own address", hook);
	with = (struct syn){.ip_v = 4, .flags = WR_TCP_ACK};
	with.to = PORT + 1;
	ok(passes(s, &with), "%s: and an ACK to a port where nobody listens", hook);
	ok(syncookies("0") && passes(s, &syn), "%s: with tcp_syncookies = 0 a SYN passes", hook);
	ok(syncookies("1") && passes(s, &syn), "%s: with 1 as long as the queue has room", hook);
	syncookies("2");
}

/* A connection that the kernel knows is none of our business. */
static void test_connection(struct scene *s)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(PORT)}, me = {0};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct syn ack = {.ip_v = 4, .flags = WR_TCP_ACK, .ack = 4711};
	socklen_t n = sizeof(me);

	to.sin_addr.s_addr = htonl(0x7f000001);
	me.sin_family = AF_INET;
	me.sin_addr.s_addr = htonl(0x7f000009);
	if (bind(fd, (void *)&me, sizeof(me)) || connect(fd, (void *)&to, sizeof(to)) ||
	    getsockname(fd, (void *)&me, &n)) {
		ok(0, "a connection over lo");
		return;
	}
	ack.from = ntohs(me.sin_port);
	ok(passes(s, &ack), "%s: an ACK of a connection passes, whatever it acknowledges",
	   s->j.hook.is->name);
	ack.flags = WR_TCP_SYN;
	ok(passes(s, &ack), "%s: and a SYN with its ports", s->j.hook.is->name);
	close(fd);
}

static struct wr_gone gone_of(struct scene *s)
{
	size_t bytes = (size_t)libbpf_num_possible_cpus() * WR_JUDGE_RULES * sizeof(struct wr_gone);
	const struct wr_gone *at = judge_map(&s->j.hook, "wr_gone", bytes);
	struct wr_gone sum = {0};

	for (int cpu = 0; at && cpu < libbpf_num_possible_cpus(); cpu++) {
		sum.limited_packets += at[(size_t)cpu * WR_JUDGE_RULES].limited_packets;
		sum.dropped_packets += at[(size_t)cpu * WR_JUDGE_RULES].dropped_packets;
	}
	if (at)
		munmap((void *)(uintptr_t)at, bytes);
	return sum;
}

static void test_counters(struct scene *s)
{
	struct syn syn = {.ip_v = 4, .flags = WR_TCP_SYN, .options = mss_option, .n_options = 4};
	struct syn ack = {.ip_v = 4, .flags = WR_TCP_ACK, .ack = 1};
	struct wr_cpu_count before = hook_count(&s->j.hook), now;
	struct wr_gone gone = gone_of(s), after;
	const char *hook = s->j.hook.is->name;

	for (int i = 0; i < 5; i++)
		verdict(s, &syn);
	for (int i = 0; i < 3; i++)
		verdict(s, &ack);
	syn.to = PORT + 1;
	verdict(s, &syn);
	now = hook_count(&s->j.hook);
	after = gone_of(s);
	ok(now.arrived_packets - before.arrived_packets == 9 &&
		   now.limited_packets - before.limited_packets == 5 &&
		   now.answered_packets - before.answered_packets == 5 &&
		   now.dropped_packets - before.dropped_packets == 3 &&
		   now.passed_packets - before.passed_packets == 1,
	   "%s: 5 answered, 3 dropped, 1 passed: all 9 are counted", hook);
	ok(after.limited_packets - gone.limited_packets == 5 &&
		   after.dropped_packets - gone.dropped_packets == 3,
	   "%s: by the rule, too", hook);
}

/* Below the rate the service answers for itself; then only what is over it is answered. Judged by
 * the clock, so no number is exact, but that of a burst at once is near the 100 ms that a rate
 * grants. */
static void test_rate(struct scene *s)
{
	struct syn syn = {.ip_v = 4, .flags = WR_TCP_SYN, .options = mss_option, .n_options = 4};
	struct syn ack = {.ip_v = 4, .flags = WR_TCP_ACK, .ack = 1};
	const char *hook = s->j.hook.is->name;
	int passed = 0, sent = 0;

	ok(put(s, "cookies over 100cps to tcp/8080"), "%s: over a rate", hook);
	ok(passes(s, &ack), "%s: before, an ACK with a wrong cookie passes", hook);
	while (passes(s, &syn) && sent < 500)
		passed++, sent++;
	ok(passed >= 5 && passed < 500, "%s: %d SYNs passed, then one is answered", hook, passed);
	for (passed = sent = 0; sent < 2000; sent++)
		passed += passes(s, &syn);
	ok(passed < 1000, "%s: of the next 2,000 %d passed", hook, passed);
	is_int(verdict(s, &ack), WR_VERDICT_DROP, "%s: now an ACK with a wrong cookie does not",
	       hook);
	syn.ip_v = 6;
	ok(passes(s, &syn), "%s: another address of it has a rate of its own", hook);
}

static void test_shadow(struct scene *s)
{
	struct syn syn = {.ip_v = 4, .flags = WR_TCP_SYN, .options = mss_option, .n_options = 4};
	struct syn ack = {.ip_v = 4, .flags = WR_TCP_ACK, .ack = 1};
	const char *hook = s->j.hook.is->name;

	ok(put(s, "cookies to tcp/8080 shadow") && passes(s, &syn) && passes(s, &ack),
	   "%s: a shadow answers and drops nothing", hook);
	ok(put(s, "cookies to tcp/8080\ncookies to tcp\ndrop where \"tcp\"") &&
		   verdict(s, &syn) == WR_VERDICT_ANSWER && verdict(s, &ack) == WR_VERDICT_DROP,
	   "%s: the first of several decides", hook);
	syn.to = PORT + 1;
	is_int(verdict(s, &syn), WR_VERDICT_DROP, "%s: what it cannot answer, the next is asked of",
	       hook);
	ok(put(s, "allow from 127.0.0.9\ncookies to tcp/8080") && passes(s, &syn),
	   "%s: who is allowed gets through", hook);
}

/* ---- the record is of the SYN, not of what becomes of it ---- */

static struct {
	struct wr_event e;
	uint8_t bytes[MOST];
	int n;
} record;

static int take(void *ctx, void *data, size_t n)
{
	(void)ctx;
	record.n++;
	memcpy(&record.e, data, sizeof(record.e));
	memcpy(record.bytes, (uint8_t *)data + sizeof(record.e),
	       n - sizeof(record.e) < MOST ? n - sizeof(record.e) : MOST);
	return 0;
}

static void test_record(struct scene *s, const char *filter, int records)
{
	struct syn syn = {
		.ip_v = 6, .flags = WR_TCP_SYN, .options = linux_options, .n_options = 20};
	struct ring_buffer *ring = ring_buffer__new(s->j.hook.ring_fd, take, NULL, NULL);
	struct frame f = make(&syn);
	struct wr_err err = {0};
	uint32_t cookie;

	memset(&record, 0, sizeof(record));
	s->j.hook.board->conf.records = WR_RECORDS_BYTES;
	s->j.hook.board->conf.snap = 65535;
	if (wr_path_filter(&s->j.path, filter, &err))
		note("%s", err.text);
	s->j.hook.board->conf.follow = 1;
	ok(answered(s, &syn, &cookie), "%s, filter '%s': a SYN is answered", s->j.hook.is->name,
	   filter);
	ring_buffer__consume(ring);
	is_int(record.n, records, "%s, filter '%s': records", s->j.hook.is->name, filter);
	if (records)
		ok(record.e.verdict == WR_VERDICT_ANSWER && record.e.len == f.n &&
			   !memcmp(record.bytes, f.at, f.n),
		   "%s: it is the SYN as it came, and says what became of it", s->j.hook.is->name);
	s->j.hook.board->conf.follow = 0;
	ring_buffer__free(ring);
}

static void test_hook(enum hook_kind kind)
{
	static struct scene s;
	int rc;

	memset(&s, 0, sizeof(s));
	s.kind = kind;
	rc = judge_hook_open(&s.j, kind);
	if (!ok(!rc, "%s loads", hook_is[kind].name)) {
		note("%s", strerror(-rc));
		return;
	}
	syncookies("2");
	ok(put(&s, "cookies to tcp/8080"), "%s: cookies to tcp/8080", hook_is[kind].name);
	test_answers(&s);
	test_odd_sources(&s);
	test_untouched(&s);
	test_connection(&s);
	test_counters(&s);
	test_record(&s, "", 1);
	test_record(&s, "tcp", 1);
	test_record(&s, "udp", 0);
	test_rate(&s);
	test_shadow(&s);
	wr_policy_free(&s.policy);
	judge_hook_close(&s.j);
}

int main(void)
{
	libbpf_set_print(hook_quiet);
	if (geteuid() || !make_namespace()) {
		skip("loading kernel programs and a network namespace need root");
		return done();
	}
	if (!syncookies("2")) {
		skip("this kernel was built without SYN cookies");
		return done();
	}
	hook_stay_on_cpu();
	test_hook(HOOK_XDP);
	test_hook(HOOK_TC);
	return done();
}
