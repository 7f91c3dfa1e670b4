/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_CONTROL_PRESSURE_H
#define WR_CONTROL_PRESSURE_H

#include <stdint.h>

/*
 * Does the host keep up with what arrives? From /proc: what the kernel threw away before anybody
 * could take it, and how much of a CPU takes packets in. (Programs that use up a CPU are no reason
 * to take in less: the kernel does not wait for them.) Needs no rights; what
 * cannot be read counts for nothing. Files stay open, so it works in a process that may open none.
 */
struct wr_pressure {
	uint64_t backlog; /* packets that found the backlog of a CPU full (softnet_stat) */
	uint64_t sockets; /* packets that found a socket's buffer full (UDP, TCP backlog) */
	double busy; /* part of its time that a CPU was in interrupts, of the busiest: 0 to 1 */
};

struct wr_pressure_reader;

/* -ENOMEM. */
int wr_pressure_open(struct wr_pressure_reader **out);
void wr_pressure_close(struct wr_pressure_reader **r); /* NULL is fine */
/* Since the last call; the first one tells nothing. */
struct wr_pressure wr_pressure_read(struct wr_pressure_reader *r);

/* What the device of the interface says that it carries, bits a second; 0: it does not say, or
 * there is none. */
uint64_t wr_link_speed(const char *iface);

#endif
