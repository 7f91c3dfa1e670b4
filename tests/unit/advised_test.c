/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the process that asks a model tells the core, when it is no more what it was. */
#include "daemon/advice.h"

#include <math.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/when.h"
#include "daemon/advice_impl.h"
#include "flow/live.h"
#include "tests/tap.h"

#define SECOND 1000000000ull

static uint32_t taken;

static void take(void *ctx, const struct wr_advice_told *t)
{
	(void)ctx;
	(void)t;
	taken++;
}

static uint32_t says(struct wr_advice *a, const struct wr_advice_told *t)
{
	taken = 0;
	if (send(a->other_fd, t, sizeof(*t), 0) != sizeof(*t) || wr_advice_read(a, take, NULL))
		return 99;
	return taken;
}

int main(void)
{
	struct wr_daemon_conf conf = {0};
	const char *kind = wr_window_kind_name(WR_WINDOW_SERVICE);
	struct wr_advice *a = NULL;
	struct wr_advice_told t = {.start_ns = wr_when_now() - 2 * SECOND,
				   .length_ns = WR_LIVE_WINDOW_NS,
				   .key = {.ip_v = 4},
				   .kind = WR_WINDOW_SERVICE,
				   .score = 1};
	struct wr_advice_told x;

	conf.advice.url = "http://127.0.0.1:1";
	conf.advice.keys = (struct wr_conf_list){&kind, 1};
	if (wr_advice_open(&a, &conf, NULL)) {
		printf("Bail out! no memory\n");
		exit(1);
	}
	is_int(says(a, &t), 1, "a row that is over");
	x = t;
	x.start_ns += 3600 * SECOND;
	is_int(says(a, &x), 0, "one that is yet to come");
	x.start_ns = UINT64_MAX - SECOND / 2; /* with its length it would be of long ago */
	is_int(says(a, &x), 0, "one at the end of time");
	x = t;
	x.length_ns = UINT64_MAX - t.start_ns;
	is_int(says(a, &x), 0, "one that lasts for ever");
	x = t;
	x.score = NAN;
	is_int(says(a, &x), 0, "no number");
	x = t;
	x.n_by = 4000000000u;
	is_int(says(a, &x), 0, "more columns than there are");
	wr_advice_close(&a);
	return done();
}
