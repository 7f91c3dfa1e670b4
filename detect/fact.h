/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DETECT_FACT_H
#define WR_DETECT_FACT_H

#include "detect/sample.h"

/* What of a packet's headers and first bytes a rule can ask for, and how it says so. */

/* In the order in which they are preferred when they tell apart as well: what the attacker cannot
 * change without losing its effect comes first. */
enum fact_field {
	F_FLAGS,
	F_SPORT,
	F_DPORT,
	F_FRAG, /* IPv4 */
	F_NEXT, /* IPv6: what follows the fixed header, where that is no upper protocol */
	F_ICMP,
	F_LEN,
	F_SAYS, /* UDP: the first three times two bytes that it carries */
	F_SAYS2,
	F_SAYS3,
	F_WORDS,
	F_OPTION, /* TCP: as many of its options */
	F_OPTION2,
	F_OPTION3,
	F_WINDOW,
	F_TTL,
	FIELDS
};

struct fact {
	uint8_t field;
	uint32_t lo, hi;
};

enum {
	FACT_NONE = 0x10000, /* a packet without it */
	FACT_LOST = 0x10001, /* with it, but the bytes were not kept */
};

/* At most 0xffff, or FACT_*. */
uint32_t fact_of(const struct sample *s, uint8_t field);
/* Will a rule that asks for it hit that packet? The second: or may it, as nobody knows? */
bool fact_hits(const struct fact *f, const struct sample *s);
bool fact_may_hit(const struct fact *f, const struct sample *s);
bool fact_is_range(uint8_t field); /* from .. to, else one value */
bool fact_fits(uint8_t field, uint8_t ip_v, uint8_t proto);
/* An expression of pcap-filter(7), for packets of that protocol. */
void facts_text(struct wr_buf *b, const struct fact *f, uint32_t n, uint8_t ip_v, uint8_t proto);

#endif
