/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_CONTROL_OBJECT_H
#define WR_CONTROL_OBJECT_H

#include <stddef.h>
#include <stdint.h>

enum { WR_OBJECT_JUDGING = 5 };

/* The compiled kernel programs, built into this binary: no compiler on the host. */
struct wr_object {
	const unsigned char *elf, *end;
	const char *name;   /* for messages */
	const char *entry;  /* program that is attached */
	const char *record; /* program behind it that makes records */
	/* Those that are there where packets are held against a policy, and their slots. */
	struct {
		uint32_t slot; /* WR_SLOT_* */
		const char *program;
	} judging[WR_OBJECT_JUDGING];
};

extern const struct wr_object wr_object_xdp;
extern const struct wr_object wr_object_tc_in;

#endif
