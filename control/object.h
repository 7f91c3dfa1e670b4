/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_CONTROL_OBJECT_H
#define WR_CONTROL_OBJECT_H

#include <stddef.h>

/* The compiled kernel programs, built into this binary: no compiler on the host. */
struct wr_object {
	const unsigned char *elf, *end;
	const char *name;	   /* for messages */
	const char *entry;	   /* program that is attached */
	const char *record;	   /* program behind it that makes records */
	const char *begun, *ended; /* those that go on behind users' programs */
	const char *judged; /* the one that goes on when the expressions of rules were asked */
};

extern const struct wr_object wr_object_xdp;
extern const struct wr_object wr_object_tc_in;

#endif
