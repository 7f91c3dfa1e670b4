/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_BASE_NEAR_H
#define WR_BASE_NEAR_H

/* The nearest of the names to a word that may be mistyped, or NULL when none is near. names ends
 * with NULL. */
const char *wr_near(const char *word, const char *const *names);

#endif
