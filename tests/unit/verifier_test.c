/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel programs cost the verifier. The limit is a million instructions, but how many a
 * program needs differs between kernels by half and more, and what fits today may not tomorrow: so
 * far below it that this does not matter. Every variant that can be chosen at load time is loaded.
 * Needs root.
 */
#include <sys/utsname.h>

#include "tests/tap.h"
#include "tests/unit/hook.h"

enum { LOG = 1 << 16, STATS_ONLY = 4 /* BPF_LOG_STATS */ };

/*
 * Never more than MOST. `usual` is a good quarter above what clang 14 and kernel 6.18 need: when a
 * change goes beyond it, find out why before writing a new figure here. Of what judges, 29,000 are
 * the trees of a model: 32 turns of a loop (core/model.h). Rules are begun with before the packet
 * is counted, so the ways of both are multiplied, and where none are in force is one way more.
 */
enum { MOST = 370000 };

static const struct {
	long main, account, record, judge, judged, cookies, answer;
} usual[HOOK_KINDS] = {
	[HOOK_XDP] = {68000, 88000, 900, 370000, 122000, 126000, 1900},
	[HOOK_TC] = {68000, 88000, 900, 370000, 122000, 126000, 1900},
};

/* Before 6.8 the verifier reads global functions that nobody calls, too: those of the verdict. */
static bool reads_all(void)
{
	unsigned int major = 0, minor = 0;
	struct utsname u;

	uname(&u);
	sscanf(u.release, "%u.%u", &major, &minor);
	return major < 6 || (major == 6 && minor < 8);
}

/* "processed 5432 insns (limit 1000000) ..." */
static long processed(const char *log)
{
	const char *at = strstr(log, "processed ");

	return at ? strtol(at + strlen("processed "), NULL, 10) : -1;
}

static void sizes(int fd, const char *what)
{
	struct bpf_prog_info info = {0};
	__u32 n = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &n))
		return;
	note("%s: %u bytes of BPF, %u bytes of machine code", what, info.xlated_prog_len,
	     info.jited_prog_len);
}

static void check(const char *name, const char *what, const char *log, int fd, long bound)
{
	long n = processed(log);
	char text[128];

	snprintf(text, sizeof(text), "%s, %s", name, what);
	ok(n > 0 && n <= MOST && n <= bound, "%s: %ld instructions, at most %ld", text, n, bound);
	sizes(fd, text);
}

static void test_variant(enum hook_kind kind, const struct wr_fixed *fixed)
{
	static char log[HOOK_LOGS * LOG];
	const struct hook_conf conf = {.kind = kind,
				       .fixed = *fixed,
				       .log_level = STATS_ONLY,
				       .log = log,
				       .log_size = LOG};
	char what[96];
	struct hook h;
	int rc;

	memset(log, 0, sizeof(log));
	snprintf(what, sizeof(what), "linktype %u, load_bytes %u, frags %u, account %u, judge %u",
		 fixed->linktype, fixed->load_bytes, fixed->frags, fixed->account, fixed->judge);
	if (!hook_can(fixed) ||
	    (fixed->coarse &&
	     libbpf_probe_bpf_helper(BPF_PROG_TYPE_XDP, BPF_FUNC_ktime_get_coarse_ns, NULL) != 1)) {
		skip("%s with %s: not on this kernel", hook_is[kind].name, what);
		return;
	}
	rc = hook_open(&h, &conf);
	if (!ok(!rc, "%s loads with %s", hook_is[kind].name, what)) {
		note("%s", strerror(-rc));
		return;
	}
	check(h.is->main, what, log, h.main_fd,
	      fixed->judge || reads_all() ? usual[kind].judge
	      : fixed->account		  ? usual[kind].account
					  : usual[kind].main);
	check(h.is->record, what, log + LOG, h.record_fd, usual[kind].record);
	if (fixed->judge) {
		check(h.is->judged, what, log + 2 * LOG, h.judged_fd, usual[kind].judged);
		check(h.is->cookies, what, log + 3 * LOG, h.cookies_fd, usual[kind].cookies);
		check(h.is->answer, what, log + 4 * LOG, h.answer_fd, usual[kind].answer);
	}
	hook_close(&h);
}

int main(void)
{
	static const uint32_t links[] = {WR_LINK_ETHER, WR_LINK_RAW};

	libbpf_set_print(hook_quiet);
	if (geteuid()) {
		skip("loading kernel programs needs root");
		return done();
	}
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++) {
		for (uint32_t k = 0; k < 4; k++)
			test_variant(HOOK_XDP, &(struct wr_fixed){links[i], k & 1, k >> 1});
		test_variant(HOOK_TC, &(struct wr_fixed){.linktype = links[i]});
		/* the clock of 5.10, then the one that costs less */
		for (uint32_t coarse = 0; coarse < 2; coarse++) {
			struct wr_fixed account = {.linktype = links[i],
						   .account = 1,
						   .cpus = 2,
						   .set_bits = 8,
						   .coarse = coarse};

			test_variant(HOOK_TC, &account);
			test_variant(HOOK_XDP, &account);
			account.load_bytes = account.frags = 1;
			test_variant(HOOK_XDP, &account);
			account.judge = 1;
			account.policy_half = 1024;
			account.bucket_bits = 10;
			test_variant(HOOK_XDP, &account);
			account.load_bytes = account.frags = 0;
			test_variant(HOOK_XDP, &account);
			test_variant(HOOK_TC, &account);
		}
	}
	return done();
}
