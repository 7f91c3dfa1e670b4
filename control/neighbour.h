/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_CONTROL_NEIGHBOUR_H
#define WR_CONTROL_NEIGHBOUR_H

#include <stddef.h>

/* Programs of others on an interface: found, named, left alone. */

/* "program 'name' (id 12)", or "another program". Returns 1 when there is one. */
int wr_neighbour_xdp(int ifindex, char *text, size_t room);

/* The same for TC ingress, several separated by commas; ours are not named. Returns how many. */
int wr_neighbour_tc(int ifindex, char *text, size_t room);

#endif
