/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "core/govern.h"
#include "policy/image.h"

_Static_assert((int)WR_CLASSES == WR_POLICY_CLASSES, "one and the same");

static struct wr_rate rate_of(uint64_t bps)
{
	struct wr_rate r = {0};

	if (bps)
		r = (struct wr_rate){.cost_ns = wr_link_cost(bps),
				     .tolerance_ns = WR_CLASS_BURST_NS};
	return r;
}

uint64_t wr_link_cost(uint64_t bps)
{
	return bps ? (8000000000ull << WR_RATE_SHIFT) / bps : 0;
}

/* The first one to give way needs a queue, too, or there would be none. */
static uint64_t gives_way(uint32_t priority)
{
	return (uint64_t)WR_RAMP_NS * (WR_PRIORITIES + 1 - priority);
}

static void put_link(struct wr_image_build *b, uint32_t first, const struct wr_policy *p,
		     const struct wr_class_slots *slots)
{
	for (uint32_t i = 0; i <= WR_CLASSES; i++) {
		const struct wr_class *c = i < p->n_classes ? &p->class_[i] : NULL;
		struct wr_class_line line = {
			.guarantee = rate_of(c ? c->guarantee_bps : 0),
			.ceiling = rate_of(c ? c->ceiling_bps : 0),
			.gives_way_ns = gives_way(c ? c->priority : WR_PRIORITIES),
			.offered = slots->offered[i],
			.marked = slots->marked[i],
			.gone = slots->gone[i],
		};

		memcpy(&b->mem.at[first + i], &line, sizeof(line));
	}
}

int wr_image_classes(struct wr_image_build *b, const struct wr_policy *p,
		     const struct wr_class_slots *slots, uint32_t links)
{
	uint32_t first = wr_image_lines(b, links * (WR_CLASSES + 1));

	if (first != WR_IMAGE_CLASSES)
		return -ENOSPC;
	for (uint32_t i = 0; i < links; i++)
		put_link(b, first + i * (WR_CLASSES + 1), p, &slots[i]);
	return 0;
}
