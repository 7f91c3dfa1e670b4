/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DETECT_HARM_H
#define WR_DETECT_HARM_H

#include "detect/answer.h"

/* Does a rule keep out usual clients? Inside detect/. */

/* It was put in, or changed. */
void harm_begin(const struct wr_detect *d, const struct wr_finding *f, struct wr_answer *a);
/* A second later. True, once: fewer of them are served
 * than half of the least that is usual; share: of that least. */
bool harm_done(const struct wr_detect *d, const struct wr_finding *f, struct wr_answer *a,
	       double *share);

#endif
