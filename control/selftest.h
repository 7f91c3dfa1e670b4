/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_CONTROL_SELFTEST_H
#define WR_CONTROL_SELFTEST_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "control/object.h"
#include "core/board.h"

/*
 * A build of the kernel programs on trial: it is loaded with maps of its own, attached nowhere,
 * gets made packets (BPF_PROG_TEST_RUN) and has to say of each of them what this program says,
 * which is compiled from the same source for the host: the record, the verdict and by which rule;
 * and its counters have to balance.
 */
struct wr_selftest {
	struct wr_object object;
	const struct wr_fixed
		*fixed; /* what it is to be loaded with; sizes of tables are made small */
	int is_xdp;
	uint32_t prog_flags;
};

enum { WR_SELFTEST_PACKETS = 1500 };

struct wr_selftest_told {
	uint32_t packets; /* that were held against it */
	uint32_t ns;	  /* that it takes for one of them, counted only */
};

/* -EPROTO: it says something else, err tells which packet
 * and what; -EOPNOTSUPP: the kernel refuses it; others from the system. */
int wr_selftest(const struct wr_selftest *t, struct wr_selftest_told *told, struct wr_err *err);

#endif
