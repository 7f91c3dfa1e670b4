/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "detect/impl.h"
#include "detect/learned.h"

/*
 * What an operator marked: its norm makes no room, and its week and bounds are held as they are.
 * The last minutes have to be followed, or nights would be held against days.
 */

/* "ADDRESS" or "ADDRESS/BITS" of what has norms: addresses, /24 and /64. */
static bool parse(const char *text, struct wr_talk_key *key)
{
	char addr[INET6_ADDRSTRLEN + 1] = "", *end = NULL;
	const char *slash = strchr(text, '/');
	size_t n = slash ? (size_t)(slash - text) : strlen(text);
	unsigned long bits = slash ? strtoul(slash + 1, &end, 10) : 0;

	if (n >= sizeof(addr) || (slash && (*end || !bits)))
		return false;
	snprintf(addr, sizeof(addr), "%.*s", (int)n, text);
	memset(key, 0, sizeof(*key));
	key->ip_v = strchr(addr, ':') ? 6 : 4;
	if (inet_pton(key->ip_v == 4 ? AF_INET : AF_INET6, addr, key->addr) != 1)
		return false;
	if (bits == (key->ip_v == 4 ? 24 : 64))
		key->tag = (uint16_t)bits;
	return key->tag || !bits || bits == (key->ip_v == 4 ? 32 : 128);
}

int wr_detect_learned_who(const char *text, struct wr_victim *who, struct wr_err *err)
{
	struct wr_talk_key key;

	if (!parse(text, &key))
		return wr_fail(err, EINVAL,
			       "'%s': an address, or a prefix that weir learn lists (/24, /64)",
			       text);
	*who = victim_of(key.addr, key.ip_v);
	if (key.tag)
		who->prefix = key.tag;
	return 0;
}

uint32_t kept_number(const struct wr_detect *d)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < d->targets.used; i++)
		n += ((const struct target *)wr_rows_at(&d->targets, i))->kept;
	return n;
}

int wr_detect_keep(struct wr_detect *d, const char *text, bool keep, struct wr_err *err)
{
	struct wr_victim who = {0};
	struct target *t;
	int ret = wr_detect_learned_who(text, &who, err);

	if (ret)
		return ret;
	t = (struct target *)target_of_victim(d, &who);
	if (!t)
		return wr_fail(err, ENOENT,
			       "'%s': nothing is known of it; weir learn lists what is", text);
	if (keep && t->bound_s < WR_BOUND_FIRST_S)
		return wr_fail(err, EAGAIN,
			       "'%s' is known for %u s: from %d s on there is something to keep",
			       text, t->bound_s, WR_BOUND_FIRST_S);
	if (keep && !t->kept && kept_number(d) >= WR_LEARNED_KEPT)
		return wr_fail(err, ENOSPC, "%d are kept: free one first", WR_LEARNED_KEPT);
	t->kept = keep;
	return 0;
}
