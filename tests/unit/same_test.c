/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The same bytes give the same record in XDP, in TC and on the host. Real captures from
 * $WEIR_DATA/parser and packets made from a seed go through BPF_PROG_TEST_RUN; what arrives in the
 * ring is compared with wr_parse(). The packet that comes out must be the one that went in, and the
 * ledger must know of all of them. Needs root. WEIR_TEST_THIN=N: a slow machine, an n-th of the
 * packets made here.
 */
#include "tests/tap.h"

#include <glob.h>
#include <limits.h>
#include <time.h>

/* libpcap's classic `struct bpf_insn` would clash with the kernel's. */
#define lib_pcap_bpf_h
struct bpf_program;
#include <pcap/dlt.h>
#include <pcap/pcap.h>

#include "core/parse.h"
#include "capture/same.h"
#include "tests/unit/gen.h"
#include "tests/unit/hook.h"

enum {
	MADE = 200000,	    /* packets from the seed */
	SHORTEST = 14,	    /* TEST_RUN takes no less */
	ONE_PAGE = 3400,    /* nor more in one buffer */
	SHORT_IP = 14 + 40, /* TEST_RUN of TC refuses frames that look like IP and are shorter than
			       its header */
	LONGEST = 9014,
	SHOWN = 3, /* differences that are printed for each way */
	SLOT_TC = WR_SLOT_COUNT - 1,
	RING = 1 << 20,
};

/* A way that packets go. */
struct way {
	const char *name;
	enum hook_kind kind;
	struct wr_fixed fixed;
	uint32_t records; /* WR_RECORDS_* */
	uint32_t every;	  /* of the packets made here, every n-th */
	uint32_t tpid;	  /* TC: this VLAN tag is beside the packet */
	uint32_t skip;	  /* bytes of the frame left out in front: a link without Ethernet */
	uint32_t first;	  /* XDP: bytes in the first buffer at most, 0 = all that fit */
	uint32_t longer;  /* XDP: frames are made this much longer, up to */

	/* while it runs */
	struct hook hook;
	struct ring_buffer *ring;
	int fd; /* takes the packets */
	uint64_t ran, bytes, records_seen, not_runnable, differences, order_errors;
	uint64_t last_ts, last_made;
};

#define ETHER .fixed.linktype = WR_LINK_ETHER
#define RAW .fixed.linktype = WR_LINK_RAW, .skip = 14
#define NEW .fixed.load_bytes = 1
#define FRAGS .fixed.load_bytes = 1, .fixed.frags = 1
#define FACTS .records = WR_RECORDS_FACTS
#define BYTES .records = WR_RECORDS_BYTES

static struct way ways[] = {
	{"XDP, facts", HOOK_XDP, ETHER, NEW, FACTS, .every = 1},
	{"TC, facts", HOOK_TC, ETHER, FACTS, .every = 1},
	{"TC, facts, 802.1Q tag beside the packet", HOOK_TC, ETHER, FACTS, .every = 2,
	 .tpid = 0x8100},
	{"TC, facts, 802.1ad tag beside the packet", HOOK_TC, ETHER, FACTS, .every = 4,
	 .tpid = 0x88a8},
	{"XDP, bytes", HOOK_XDP, ETHER, NEW, BYTES, .every = 8},
	{"TC, bytes", HOOK_TC, ETHER, BYTES, .every = 8},
	{"TC, bytes, 802.1Q tag beside the packet", HOOK_TC, ETHER, BYTES, .every = 8,
	 .tpid = 0x8100},
	{"XDP, facts, as before 5.18", HOOK_XDP, ETHER, FACTS, .every = 8},
	{"XDP, bytes, as before 5.18", HOOK_XDP, ETHER, BYTES, .every = 8},
	{"XDP, facts, raw IP", HOOK_XDP, RAW, NEW, FACTS, .every = 8},
	{"TC, facts, raw IP", HOOK_TC, RAW, FACTS, .every = 8},
	{"XDP, facts, long frames in several buffers", HOOK_XDP, ETHER, FRAGS, FACTS, .every = 8,
	 .longer = LONGEST},
	{"XDP, bytes, long frames in several buffers", HOOK_XDP, ETHER, FRAGS, BYTES, .every = 16,
	 .longer = LONGEST},
	{"XDP, facts, headers in several buffers", HOOK_XDP, ETHER, FRAGS, FACTS, .every = 8,
	 .first = 128},
	{"XDP, bytes, headers in several buffers", HOOK_XDP, ETHER, FRAGS, BYTES, .every = 16,
	 .first = 128},
};

/* What came out of the ring last. */
static struct {
	struct wr_event e;
	uint8_t body[65536];
	uint32_t n; /* bytes of body */
	uint32_t records;
} got;

static int take(void *ctx, void *data, size_t n)
{
	(void)ctx;
	if (n < sizeof(got.e) || n - sizeof(got.e) > sizeof(got.body))
		return -EINVAL;
	memcpy(&got.e, data, sizeof(got.e));
	got.n = (uint32_t)(n - sizeof(got.e));
	memcpy(got.body, (uint8_t *)data + sizeof(got.e), got.n);
	got.records++;
	return 0;
}

/* A frame on its way. */
struct trip {
	uint64_t num;
	const uint8_t *in; /* as it is put in */
	uint32_t n;
	uint8_t whole[LONGEST + 4]; /* with its tag in place, as the host sees it */
	uint32_t whole_n;
	uint32_t tag;  /* TPID << 16 | TCI */
	uint32_t segs; /* as GRO says */
	uint32_t depth;
	uint32_t first; /* bytes in the first buffer */
};

static const char *differs(const struct way *w, const char *what, const struct trip *t)
{
	if (w->differences < SHOWN) {
		char hex[2 * 160 + 1] = "";

		for (uint32_t i = 0; i < t->whole_n && i < 160; i++)
			sprintf(hex + 2 * i, "%02x", t->whole[i]);
		note("%s, packet %llu, depth %u, %u bytes, first buffer %u: %s differs", w->name,
		     (unsigned long long)t->num, t->depth, t->whole_n, t->first, what);
		note("%s%s", hex, t->whole_n > 160 ? "..." : "");
	}
	return what;
}

static void host(struct wr_parse *p, const struct trip *t, const uint8_t *bytes, uint32_t cap,
		 uint32_t link)
{
	memset(p, 0x5a, sizeof(*p)); /* nothing may depend on what was there */
	p->max_depth = t->depth;
	wr_parse(p, bytes, cap, t->whole_n, link);
	p->rec.gso_segs = (uint16_t)t->segs;
}

/* Facts: the record itself. */
static const char *facts_differ(const struct way *w, const struct trip *t)
{
	struct wr_parse want;
	struct wr_rec rec;
	uint32_t size;

	memset(&rec, 0xa5, sizeof(rec));
	memcpy(&rec, got.body, got.n < sizeof(rec) ? got.n : sizeof(rec));
	size = sizeof(rec) - (rec.has & WR_HAS_INNER ? 0 : sizeof(struct wr_hdr));
	if (got.e.cap || got.n < size || got.n > size + 7)
		return "size of the record";
	host(&want, t, t->whole, t->whole_n, w->fixed.linktype);
	return wr_rec_differs(&want.rec, &rec);
}

/* The bytes as the reader has them: the tag is put back where it was. */
static uint32_t put_back(uint8_t *to, uint32_t tag, const uint8_t *from, uint32_t n)
{
	if (!tag || n < 12) {
		memcpy(to, from, n);
		return n;
	}
	memcpy(to, from, 12);
	to[12] = (uint8_t)(tag >> 24);
	to[13] = (uint8_t)(tag >> 16);
	to[14] = (uint8_t)(tag >> 8);
	to[15] = (uint8_t)tag;
	memcpy(to + 16, from + 12, n - 12);
	return n + 4;
}

/* Bytes: those of the frame, and the host makes the same record of them. */
static const char *bytes_differ(const struct way *w, const struct trip *t)
{
	static uint8_t back[LONGEST + 4];
	struct wr_parse want, have;
	uint32_t n = t->n, most = w->kind == HOOK_XDP && !w->fixed.load_bytes ? WR_WINDOW : n,
		 back_n;

	if (n > most)
		n = most;
	if (got.e.cap != n || got.n < n)
		return "captured length";
	if (memcmp(got.body, t->in, n))
		return "bytes";
	back_n = put_back(back, got.e.tag, got.body, n);
	host(&want, t, t->whole, t->whole_n, w->fixed.linktype);
	host(&have, t, back, back_n, got.e.linktype);
	/* A window that ends inside a header can be told from a packet that does; all else is the
	 * same. */
	if (n < t->n && (want.rec.bad == WR_BAD_DEEP || have.rec.bad == WR_BAD_CUT))
		return NULL;
	return wr_rec_differs(&want.rec, &have.rec);
}

static const char *event_differs(struct way *w, const struct trip *t)
{
	if (got.e.len != t->whole_n)
		return "event.len";
	if (got.e.tag != t->tag)
		return "event.tag";
	if (got.e.gso_segs != t->segs)
		return "event.gso_segs";
	if (got.e.linktype != w->fixed.linktype)
		return "event.linktype";
	if (got.e.made != w->last_made + 1 || got.e.ring_full || got.e.ts_ns < w->last_ts)
		w->order_errors++;
	w->last_made = got.e.made;
	w->last_ts = got.e.ts_ns;
	return NULL;
}

static const char *record_differs(struct way *w, const struct trip *t)
{
	const char *what;

	if (got.records != 1)
		return "number of records";
	w->records_seen++;
	what = event_differs(w, t);
	if (what)
		return what;
	return w->records == WR_RECORDS_BYTES ? bytes_differ(w, t) : facts_differ(w, t);
}

/* Puts the packet in. Returns 0, or -errno when it cannot be put in. */
static int put_in(const struct way *w, const struct trip *t, uint8_t *out, uint32_t *out_n,
		  uint32_t *verdict)
{
	struct __sk_buff skb = {.cb = {htons((uint16_t)(t->tag >> 16)), t->tag & 0xffff},
				.gso_segs = t->segs};
	struct xdp_md xdp = {.data_end = t->first};
	uint8_t masked[SHORT_IP];
	LIBBPF_OPTS(bpf_test_run_opts, o, .data_in = t->in, .data_size_in = t->n, .data_out = out,
		    .data_size_out = LONGEST, .repeat = 1);

	if (w->kind == HOOK_TC && t->n < SHORT_IP) {
		memcpy(masked, t->in, t->n);
		memset(masked + 12, 0x88, 2);
		memcpy(&skb.cb[2], t->in + 12, 2);
		skb.cb[2] |= 1u << 31; /* a type of 0 is one, too */
		o.data_in = masked;
	}
	if (w->kind == HOOK_TC) {
		o.ctx_in = &skb;
		o.ctx_size_in = sizeof(skb);
	} else if (t->first) {
		o.ctx_in = &xdp;
		o.ctx_size_in = sizeof(xdp);
	}
	if (bpf_prog_test_run_opts(w->fd, &o))
		return -errno;
	*out_n = o.data_size_out;
	*verdict = o.retval;
	return 0;
}

static void go(struct way *w, const struct trip *t)
{
	static uint8_t out[LONGEST];
	uint32_t out_n, verdict;
	const char *what = NULL;
	int rc;

	w->hook.board->conf.max_depth = t->depth;
	got.records = 0;
	if (t->n < SHORTEST || (t->n > ONE_PAGE && !w->fixed.frags)) {
		w->not_runnable++;
		return;
	}
	rc = put_in(w, t, out, &out_n, &verdict);
	w->ran++;
	w->bytes += t->whole_n;
	if (ring_buffer__consume(w->ring) < 0)
		what = "ring";
	else if (rc)
		what = "errno of the run";
	else if (verdict != (uint32_t)w->hook.is->pass)
		what = "verdict";
	else if (out_n != t->n || memcmp(out, t->in, t->n))
		what = "outgoing packet";
	else
		what = record_differs(w, t);
	if (what) {
		differs(w, what, t);
		w->differences++;
	}
}

/* Makes of a frame what this way wants, and sends it on it. */
static void send_on(struct way *w, const uint8_t *frame, uint32_t n, uint64_t num)
{
	static const uint8_t depths[] = {1, 1, 0, 4, 1, 2, 1, 3};
	static uint8_t in[LONGEST];
	static struct trip t;

	if (n <= w->skip || n > LONGEST) {
		w->not_runnable++;
		return;
	}
	memcpy(in, frame + w->skip, n - w->skip);
	t.in = in;
	t.n = n - w->skip;
	t.num = num;
	t.depth = depths[num / 16 % 8];
	t.segs = w->kind == HOOK_TC ? num % 3 : 0;
	t.tag = w->tpid ? w->tpid << 16 | (num * 40503 & 0xffff) : 0;
	t.first = 0;
	if (w->longer && num % 4) {
		uint32_t more = 4097 + (uint32_t)(num * 7919 % (w->longer - 4096));

		if (more > t.n)
			memset(in + t.n, 0x77, more - t.n);
		t.n = more > t.n ? more : t.n;
	}
	if (w->first) {
		t.first = SHORTEST + (uint32_t)(num * 7 % (w->first - SHORTEST));
		t.first = t.first < t.n ? t.first : t.n;
	}
	t.whole_n = put_back(t.whole, t.tag, t.in, t.n);
	go(w, &t);
}

#define MOVE(d, s)                                                                  \
	{                                                                           \
		.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = (d), .src_reg = (s) \
	}
#define SET(d, v)                                                               \
	{                                                                       \
		.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = (d), .imm = (v) \
	}
#define CB(d, i)                                                                 \
	{                                                                        \
		.code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = (d), .src_reg = 6, \
		.off = offsetof(struct __sk_buff, cb[i])                         \
	}
#define CALL(f)                                        \
	{                                              \
		.code = BPF_JMP | BPF_CALL, .imm = (f) \
	}
#define SKIP_IF_0(d, n)                                                       \
	{                                                                     \
		.code = BPF_JMP | BPF_JEQ | BPF_K, .dst_reg = (d), .off = (n) \
	}

/*
 * What stands before the program under test: it puts the EtherType in its place when cb[2] holds
 * one, adds a tag as a driver does, beside the packet, when cb[0] and cb[1] hold TPID and TCI, and
 * goes on there.
 */
static int porter(const struct hook *h)
{
	const struct bpf_insn insns[] = {
		MOVE(6, 1),
		CB(2, 2),
		SKIP_IF_0(2, 8),
		{.code = BPF_STX | BPF_MEM | BPF_H, .dst_reg = 10, .src_reg = 2, .off = -8},
		MOVE(1, 6),
		SET(2, 12),
		MOVE(3, 10),
		{.code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = 3, .imm = -8},
		SET(4, 2),
		SET(5, 0),
		CALL(BPF_FUNC_skb_store_bytes),
		CB(2, 0),
		SKIP_IF_0(2, 3),
		CB(3, 1),
		MOVE(1, 6),
		CALL(BPF_FUNC_skb_vlan_push),
		MOVE(1, 6),
		{.code = BPF_LD | BPF_IMM | BPF_DW,
		 .dst_reg = 2,
		 .src_reg = BPF_PSEUDO_MAP_FD,
		 .imm = h->slots_fd},
		{.code = 0},
		SET(3, SLOT_TC),
		CALL(BPF_FUNC_tail_call),
		SET(0, 0xbad),
		{.code = BPF_JMP | BPF_EXIT},
	};

	return bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "wr_porter", "GPL", insns,
			     sizeof(insns) / sizeof(*insns), NULL);
}

static int way_open(struct way *w)
{
	const struct hook_conf conf = {.kind = w->kind, .fixed = w->fixed, .ring_bytes = RING};
	int rc = hook_open(&w->hook, &conf);

	if (rc)
		return rc;
	w->hook.board->conf.records = w->records;
	w->ring = ring_buffer__new(w->hook.ring_fd, take, NULL, NULL);
	if (!w->ring)
		return -errno;
	w->fd = w->hook.main_fd;
	if (w->kind != HOOK_TC)
		return 0;
	w->fd = porter(&w->hook);
	if (w->fd < 0)
		return w->fd;
	return hook_set_slot(&w->hook, SLOT_TC, w->hook.main_fd);
}

static void way_close(struct way *w)
{
	ring_buffer__free(w->ring);
	if (w->fd != w->hook.main_fd)
		close(w->fd);
	hook_close(&w->hook);
}

/* Both sides of the ledger, against what was put in. */
static void ledger_is_right(struct way *w)
{
	struct wr_cpu_count c = hook_count(&w->hook);

	if (w->order_errors)
		note("%llu records with a wrong number or time",
		     (unsigned long long)w->order_errors);
	ok(c.arrived_packets == w->ran && c.passed_packets == w->ran &&
		   c.matched_packets == w->ran && c.arrived_bytes == w->bytes &&
		   c.passed_bytes == w->bytes && c.matched_bytes == w->bytes &&
		   c.made == w->records_seen + c.ring_full && c.made == w->ran && !w->order_errors,
	   "%s: the ledger balances: %llu packets, %llu bytes, %llu records", w->name,
	   (unsigned long long)w->ran, (unsigned long long)w->bytes,
	   (unsigned long long)w->records_seen);
}

/* All captures, read once. */
static struct {
	uint8_t *at[1 << 16];
	uint32_t n[1 << 16];
	uint32_t link[1 << 16];
	uint32_t count, ether, files;
} real;

static void read_capture(const char *path)
{
	char err[PCAP_ERRBUF_SIZE];
	pcap_t *f = pcap_open_offline(path, err);
	struct pcap_pkthdr *h;
	const u_char *data;

	if (!f)
		return;
	real.files++;
	while (real.count < 1 << 16 && pcap_next_ex(f, &h, &data) == 1) {
		real.at[real.count] = malloc(h->caplen + 1);
		memcpy(real.at[real.count], data, h->caplen);
		real.n[real.count] = h->caplen;
		real.link[real.count] = (uint32_t)pcap_datalink(f);
		real.ether += real.link[real.count] == WR_LINK_ETHER;
		real.count++;
	}
	pcap_close(f);
}

static void read_captures(void)
{
	static const char *const ends[] = {"pcap", "pcapng", "cap"};
	const char *src = getenv("WEIR_SRC"), *data = getenv("WEIR_DATA");
	char dir[PATH_MAX / 2], pattern[PATH_MAX];
	glob_t g;

	if (data)
		snprintf(dir, sizeof(dir), "%s", data);
	else
		snprintf(dir, sizeof(dir), "%s/../shared/data", src ? src : ".");
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		snprintf(pattern, sizeof(pattern), "%s/parser/*.%s", dir, ends[i]);
		if (glob(pattern, 0, NULL, &g))
			continue;
		for (size_t k = 0; k < g.gl_pathc; k++)
			read_capture(g.gl_pathv[k]);
		globfree(&g);
	}
	note("%u packets in %u captures, %u of them Ethernet", real.count, real.files, real.ether);
}

/* Ethernet frames; on raw links also packets that were captured on one. */
static void captures_are_same(struct way *w)
{
	uint32_t skip_bytes = w->skip;
	uint64_t before;

	if (!real.count) {
		skip("%s: no captures in $WEIR_DATA/parser", w->name);
		return;
	}
	for (uint32_t i = 0; i < real.count; i++) {
		int raw = real.link[i] == WR_LINK_RAW || real.link[i] == WR_LINK_RAW_BSD;

		if (real.link[i] != WR_LINK_ETHER && !(raw && w->fixed.linktype == WR_LINK_RAW))
			continue;
		w->skip = raw ? 0 : skip_bytes;
		send_on(w, real.at[i], real.n[i], i);
		w->skip = skip_bytes;
	}
	before = w->differences;
	is_int((long long)before, 0, "%s: %llu real packets give the same record as on the host",
	       w->name, (unsigned long long)w->ran);
}

static uint64_t thin(void)
{
	const char *env = getenv("WEIR_TEST_THIN");
	long n = env ? strtol(env, NULL, 10) : 1;

	return n > 1 ? (uint64_t)n : 1;
}

static void made_are_same(struct way *w)
{
	uint64_t ran = w->ran, before = w->differences, made = MADE / thin();
	static struct gen g;

	for (uint64_t i = 0; i < made; i += w->every) {
		/* Not always the same residue: the number of the packet chooses much of what it is.
		 */
		uint64_t num = i + i / w->every % w->every;

		gen_packet(&g, num);
		if (num % 5)
			gen_mutate(&g);
		send_on(w, g.b, g.n, num);
	}
	is_int((long long)(w->differences - before), 0,
	       "%s: %llu packets made here give the same record as on the host", w->name,
	       (unsigned long long)(w->ran - ran));
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Not every TEST_RUN lets the size of the first buffer be chosen. */
static int can_split(const struct way *w)
{
	static const uint8_t in[64];
	static uint8_t out[LONGEST];
	struct trip t = {.in = in, .n = sizeof(in), .first = SHORTEST};
	uint32_t n, verdict;

	return put_in(w, &t, out, &n, &verdict) == 0;
}

static void test_way(struct way *w)
{
	double start = now();
	int rc;

	if (!hook_can(&w->fixed)) {
		skip("%s: not on this kernel", w->name);
		return;
	}
	rc = way_open(w);
	if (!rc && w->first && !can_split(w)) {
		skip("%s: TEST_RUN of this kernel makes no such packets", w->name);
		way_close(w);
		return;
	}
	if (!rc && w->first) { /* the trial */
		ring_buffer__consume(w->ring);
		memset(w->hook.board->cpu, 0, sizeof(w->hook.board->cpu));
	}
	if (!ok(!rc, "%s: loads", w->name)) {
		note("%s", strerror(-rc));
		return;
	}
	captures_are_same(w);
	made_are_same(w);
	ledger_is_right(w);
	if (w->not_runnable)
		note("%s: %llu frames could not be run here (too short or too long for TEST_RUN)",
		     w->name, (unsigned long long)w->not_runnable);
	note("%s: %.1f s", w->name, now() - start);
	way_close(w);
}

/* Many packets and nobody reads: what does not fit is counted, to the packet. */
static void full_ring_is_counted(void)
{
	struct way w = {"full ring", HOOK_XDP, ETHER, NEW, FACTS};
	LIBBPF_OPTS(bpf_test_run_opts, o, .repeat = 20000);
	static struct gen g;
	struct wr_cpu_count c;

	w.fixed.load_bytes = hook_can(&w.fixed); /* as the product chooses */
	gen_packet(&g, 1);
	o.data_in = g.b;
	o.data_size_in = g.n;
	if (!ok(!way_open(&w), "full ring: loads"))
		return;
	got.records = 0;
	is_int(bpf_prog_test_run_opts(w.fd, &o), 0, "20000 packets and no reader");
	ring_buffer__consume(w.ring);
	c = hook_count(&w.hook);
	ok(c.made == 20000 && c.ring_full > 0 && c.made == got.records + c.ring_full,
	   "made = seen + ring_full: %llu = %u + %llu", (unsigned long long)c.made, got.records,
	   (unsigned long long)c.ring_full);
	got.records = 0;
	o.repeat = 1;
	bpf_prog_test_run_opts(w.fd, &o);
	ring_buffer__consume(w.ring);
	ok(got.records == 1 && got.e.ring_full == c.ring_full && got.e.made == c.made + 1,
	   "the next record tells how many were lost before it");
	way_close(&w);
}

static void samples_are_counted(void)
{
	struct way w = {"sampling", HOOK_TC, ETHER, FACTS};
	LIBBPF_OPTS(bpf_test_run_opts, o, .repeat = 2001);
	static struct gen g;
	struct wr_cpu_count c;

	gen_packet(&g, 2);
	o.data_in = g.b;
	o.data_size_in = g.n;
	if (!ok(!way_open(&w), "sampling: loads"))
		return;
	w.hook.board->conf.sample = 10;
	got.records = 0;
	bpf_prog_test_run_opts(w.fd, &o);
	ring_buffer__consume(w.ring);
	c = hook_count(&w.hook);
	ok(c.arrived_packets == 2001 && c.matched_packets == 2001 && c.made == 201 &&
		   got.records == 201,
	   "one of ten: 201 records of 2001 packets");
	w.hook.board->conf.follow = 0;
	o.repeat = 50;
	bpf_prog_test_run_opts(w.fd, &o);
	ring_buffer__consume(w.ring);
	c = hook_count(&w.hook);
	ok(c.arrived_packets == 2051 && c.passed_packets == 2051 && c.matched_packets == 2001 &&
		   got.records == 201,
	   "counting only: packets are counted, no record is made");
	way_close(&w);
}

int main(int argc, char **argv)
{
	libbpf_set_print(hook_quiet);
	if (geteuid()) {
		skip("loading kernel programs needs root");
		return done();
	}
	hook_stay_on_cpu();
	read_captures();
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		if (argc < 2 || strstr(ways[i].name, argv[1]))
			test_way(&ways[i]);
	full_ring_is_counted();
	samples_are_counted();
	return done();
}
