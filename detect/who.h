/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DETECT_WHO_H
#define WR_DETECT_WHO_H

#include "base/buf.h"
#include "detect/sample.h"

/* Whom a rule names: addresses or prefixes. */

enum { WHO_MOST = 8 };

struct who {
	struct wr_victim net[WHO_MOST]; /* without a port */
	uint32_t n;
};

bool addr_in(const uint8_t *addr, const uint8_t *net, uint8_t bits);
struct wr_victim net_of(const uint8_t addr[16], uint8_t ip_v, uint8_t bits);

bool who_has(const struct who *w, const uint8_t *addr);
/* "clause A, B"; nothing when there are none. */
void who_text(struct wr_buf *b, const char *clause, const struct who *w);

/*
 * Those that come most often (Misra and Gries, 1982): one call for each time that one comes, *w and
 * seen[] all 0 before. In the end everybody is there who came more often than one in nine times;
 * where seen is 0 it is nobody.
 */
void who_tally(struct who *w, uint32_t seen[WHO_MOST], const struct wr_victim *net);

/* Is one of a list as "198.51.100.7, fd00::7" (NULL: nobody) among them? */
bool who_has_any(const struct who *w, const char *list);

/*
 * The few that `share` of n packets come from, by address, else by network (/24, of IPv6 /64):
 * those with most of them, each with a tenth of the first one's at least. spares: these are left
 * out. false: there are more than WHO_MOST.
 */
typedef bool (*who_spares_fn)(const void *ctx, const struct wr_victim *net);
bool who_few(const struct sample *s, uint32_t n, double share, who_spares_fn spares,
	     const void *ctx, struct who *w);

#endif
