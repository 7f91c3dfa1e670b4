/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DETECT_TRIAL_H
#define WR_DETECT_TRIAL_H

#include "detect/answer.h"

/*
 * A rule that drops by what headers have, and that few usual packets are known for, is a shadow for
 * a second or two before it is enforced: does it stop the attack, and whom of those who usually
 * come? Inside detect/.
 */

enum trial { TRIAL_GOES_ON, TRIAL_PASSED, TRIAL_MISSES, TRIAL_HURTS };

bool trial_fits(const struct wr_cure *c);
/* share: of what came that it would have stopped. HURTS: a->spared says whom, when a rule can spare
 * them. */
enum trial trial_of(const struct wr_answers *all, const struct wr_detect *d,
		    const struct wr_finding *f, struct wr_answer *a, uint64_t now_ns,
		    double *share);

#endif
