/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_CONTROL_TCX_H
#define WR_CONTROL_TCX_H

#include <stdbool.h>
#include <stdint.h>

/*
 * TC by link (tcx, Linux 6.6): several programs side by side on one interface, each gone with its
 * link. libbpf has calls for it since 1.3; these are the three system calls, with the numbers of
 * the kernel's stable interface.
 */

/* Puts prog_fd behind what is there already, at ingress or egress. Returns the link's descriptor
 * (owned) or -errno. */
int wr_tcx_attach(int prog_fd, int ifindex, bool egress);

/* Ids of the programs at TC ingress or egress of the interface, in order. Returns how many, or
 * -errno. */
int wr_tcx_query(int ifindex, bool egress, uint32_t *ids, uint32_t room);

#endif
