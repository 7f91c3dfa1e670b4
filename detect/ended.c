/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/ended.h"

#include "detect/impl.h"

/* Of one row: who comes in two windows may say later that it began earlier, and a row that is not
 * the same begins a second after the end of the older one. */
#define SAME_NS 1000000000ull

static struct ended_one *place_of(struct ended *e, const struct wr_flow *f, uint32_t *tag)
{
	uint64_t h = connection_hash(&f->key, 0);

	*tag = (uint32_t)(h >> 32);
	return &e->one[h & (ENDED - 1)];
}

struct ended_one *ended_find(struct ended *e, const struct wr_flow *f)
{
	uint32_t tag;
	struct ended_one *one = place_of(e, f, &tag);
	uint64_t apart = one->first_ns > f->first_ns ? one->first_ns - f->first_ns
						     : f->first_ns - one->first_ns;

	return one->first_ns && one->tag == tag && apart < SAME_NS ? one : NULL;
}

struct ended_one *ended_put(struct ended *e, const struct wr_flow *f, uint32_t number)
{
	uint32_t tag;
	struct ended_one *one = place_of(e, f, &tag);

	*one = (struct ended_one){.tag = tag, .number = number, .first_ns = f->first_ns};
	return one;
}
