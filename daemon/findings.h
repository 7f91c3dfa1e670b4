/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_FINDINGS_H
#define WR_DAEMON_FINDINGS_H

#include "detect/incident.h"
#include "view/status.h"

/*
 * What detection has told: the findings that hold, the last ones that are over, and the incidents
 * they make. Memory is fixed at open. Who wants to know more is told by the two calls: of each
 * finding when it is raised, at most every ten seconds while it goes on, and when it is over; of an
 * incident when it begins, when more is found and when it is over.
 */
enum { WR_FINDINGS_KEPT = 1024 };

struct wr_findings_conf {
	void (*finding)(void *ctx, enum wr_finding_news news, const struct wr_finding *f,
			uint64_t incident); /* 0: it belongs to none */
	/* i->id and i->stored may be set when it is new. */
	void (*incident)(void *ctx, enum wr_incident_news news, struct wr_incident *i);
	void *ctx;
};

/* A finding that is kept. */
struct wr_findings_row {
	struct wr_finding f;
	uint64_t incident; /* 0: none */
	uint64_t told_ns;  /* when it was told last */
	uint64_t number;   /* in the order in which they were raised */
};

struct wr_findings;

int wr_findings_open(struct wr_findings **out, const struct wr_findings_conf *conf,
		     struct wr_err *err);
void wr_findings_close(struct wr_findings **f); /* NULL is fine; sets NULL */

/* A wr_finding_fn; ctx is the struct wr_findings. */
void wr_findings_news(void *findings, enum wr_finding_news news, const struct wr_finding *f);

/* Classes (1 << each) that nobody is told of from now on: not raised, not renewed. What was found
 * of them so far goes on until it is over. */
void wr_findings_off(struct wr_findings *f, uint64_t classes);
bool wr_findings_is_off(const struct wr_findings *f, enum wr_finding_class klass);

/* What became of a rule that was made against a finding. */
void wr_findings_answered(struct wr_findings *f, uint64_t finding, const char *rule,
			  enum wr_incident_rule how);

/* What it did, of a finding that is kept, also when it is over: see wr_incidents_did(). */
void wr_findings_did(struct wr_findings *f, uint64_t finding, const char *rule,
		     enum wr_incident_effects what, uint64_t since_ns, struct wr_count stopped,
		     uint64_t came);

/* The same of something that is done at a gateway: see wr_incidents_done(). Returns its incident;
 * 0: there is none. */
uint64_t wr_findings_done(struct wr_findings *f, uint64_t finding, const char *done,
			  const char *undo, bool stops);

const struct wr_incidents *wr_findings_incidents(const struct wr_findings *f);

/* Those that are kept, newest first, of one incident or (0) of all. Returns how many, at most n. */
uint32_t wr_findings_rows(const struct wr_findings *f, uint64_t incident,
			  const struct wr_findings_row **out, uint32_t n);

/* How many there were of each class, and how many hold. */
const uint64_t *wr_findings_totals(const struct wr_findings *f); /* WR_CLASS_COUNT of them */
uint32_t wr_findings_active(const struct wr_findings *f);
/* So many had no room in the detector, and were not told (wr_detect_missed()). */
void wr_findings_miss(struct wr_findings *f, uint64_t missed);
uint64_t wr_findings_missed(const struct wr_findings *f);

#endif
