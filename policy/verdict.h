/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_POLICY_VERDICT_H
#define WR_POLICY_VERDICT_H

#include "core/judge.h"
#include "policy/policy.h"

/*
 * A policy held against packets here, as the kernel would: the same image, the same code. For
 * capture files, for questions, for tests.
 */
struct wr_verdicts;

struct wr_verdict_of {
	enum wr_verdict verdict;
	int rule;  /* index in the policy of the one that decided; -1: none, or later fragments */
	int klass; /* index of the class, -1: none */
};

struct wr_verdict_packet {
	const struct wr_rec *rec;
	const uint8_t
		*data; /* for expressions: from the link header on; NULL: they choose nothing */
	uint32_t caplen, len, linktype;
	const char *iface; /* "" = not known */
	bool out;
	uint64_t ts_ns; /* never 0; the clock of rates and ends, and the Unix time of schedules */
};

const char *wr_verdict_name(enum wr_verdict v); /* pass, drop, limit */

/* p is borrowed. -ENOSPC as wr_image_compile(); -ENOMEM. */
int wr_verdicts_open(struct wr_verdicts **out, const struct wr_policy *p, struct wr_err *err);
void wr_verdicts_close(struct wr_verdicts **v); /* NULL is fine; sets NULL */

/* One packet after another: rates and fragments depend on those before. -ENOMEM, or an expression
 * cannot be had for this link type: -EINVAL. */
int wr_verdict(struct wr_verdicts *v, const struct wr_verdict_packet *pkt,
	       struct wr_verdict_of *out, struct wr_err *err);

/* What a rule has matched so far. */
const struct wr_rule_count *wr_verdict_count(const struct wr_verdicts *v, uint32_t rule);

#endif
