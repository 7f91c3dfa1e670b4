/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A ring whose reader was killed before it had told the kernel what it took: who goes on with it
 * finds those records once more, and counts none of them twice. Needs root. */
#include <sys/mman.h>
#include <unistd.h>

#include "capture/ring.h"
#include "tests/tap.h"
#include "tests/unit/hook.h"

enum { FIRST = 40, MORE = 5 };

static struct hook h;
static uint32_t handed;

static struct wr_board *board(void *ctx, uint32_t ifindex, uint32_t hook)
{
	(void)ctx, (void)ifindex, (void)hook;
	return h.board;
}

static void packet(void *ctx, const struct wr_packet *pkt)
{
	(void)ctx, (void)pkt;
	handed++;
}

static void deal(uint32_t n)
{
	static const uint8_t frame[64] =
		"\x02\0\0\0\0\1\x02\0\0\0\0\2\x08\0\x45\0\0\x28\0\1\0\0\x40\6"
		"\0\0\x0a\0\0\1\x0a\0\0\2\xc3\x50\1\xbb\0\0\0\1\0\0\0\0\x50\2";
	LIBBPF_OPTS(bpf_test_run_opts, o, .data_in = frame, .data_size_in = sizeof(frame),
		    .repeat = (int)n);

	ok(!bpf_prog_test_run_opts(h.main_fd, &o), "%u packets", n);
}

/* A reader of its own, as after a restart. */
static void take(void)
{
	static const struct wr_ring_reader reader = {.board = board, .packet = packet};
	struct wr_ring *r = NULL;
	struct wr_err err;

	if (!ok(!wr_ring_open(&r, h.ring_fd, &err), "the ring is mapped"))
		return;
	while (wr_ring_read(r, &reader, 1000) > 0)
		;
	wr_ring_close(&r);
}

static void check(uint32_t n, const char *what)
{
	uint64_t seen = 0, gaps = 0;

	for (int i = 0; i < WR_MAX_CPUS; i++) {
		seen += h.board->cpu[i].seen.seen;
		gaps += h.board->cpu[i].seen.gaps;
	}
	ok(handed == n && seen == n && !gaps, "%s: %u handed out, %llu seen, %llu gaps", what,
	   handed, (unsigned long long)seen, (unsigned long long)gaps);
}

int main(void)
{
	const struct hook_conf conf = {.kind = HOOK_XDP, .fixed.linktype = WR_LINK_ETHER};
	uint64_t *consumer;

	if (geteuid()) {
		skip("needs root");
		return done();
	}
	if (!ok(!hook_open(&h, &conf), "the programs are loaded"))
		return done();
	h.board->conf.records = WR_RECORDS_FACTS;
	deal(FIRST);
	take();
	check(FIRST, "what came");
	consumer = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE, MAP_SHARED,
			h.ring_fd, 0);
	if (!ok(consumer != MAP_FAILED, "the reader's place in the ring"))
		return done();
	*consumer = 0;
	take();
	check(FIRST, "found once more");
	deal(MORE);
	take();
	check(FIRST + MORE, "and what came later");
	hook_close(&h);
	return done();
}
