/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_POLICY_VERDICT_H
#define WR_POLICY_VERDICT_H

#include "capture/capture.h"
#include "core/judge.h"
#include "policy/policy.h"

/*
 * A policy held against packets here, as the kernel would: the same image, the same code. For
 * capture files, for questions, for tests. What the kernel's sockets know is not known here: of
 * `cookies`, whether a service listens (it does, here) and whether an ACK belongs to a connection
 * or bears a right cookie (it does, too).
 */
struct wr_verdicts;

/* What decided when it was no rule. */
enum {
	WR_BY_NOTHING = -1,    /* no rule matched: it passes */
	WR_BY_FRAGMENTS = -2,  /* the statement `fragments` */
	WR_BY_UNREADABLE = -3, /* the statement `unreadable` */
};

struct wr_verdict_of {
	enum wr_verdict verdict;
	int rule;  /* index in the policy of the one that decided, or WR_BY_* */
	int klass; /* index of the class of what passes, -1: none */
};

/* The statement whose counters these are. */
static inline int wr_verdict_by_slot(uint32_t slot)
{
	return slot == WR_SLOT_FRAGMENTS    ? WR_BY_FRAGMENTS
	       : slot == WR_SLOT_UNREADABLE ? WR_BY_UNREADABLE
					    : WR_BY_NOTHING;
}

/* The same from a finished judgement. rules: of the policy; slots are their indexes. */
static inline int wr_verdict_by(const struct wr_judge *j, size_t rules)
{
	if (j->verdict == WR_VERDICT_PASS && !j->decided)
		return WR_BY_NOTHING;
	if (j->slot < rules)
		return j->slot;
	return wr_verdict_by_slot(j->slot);
}

/* Of the counters that belong to no rule: the statement; "(gone)" for rules that are no more. NULL
 * for those of rules. */
const char *wr_slot_name(uint32_t slot);
/* The name of the rule, or the statement that decided (no rule can be called so), or NULL; borrowed
 * from p. The verdict's own name: capture/capture.h. */
const char *wr_verdict_rule(const struct wr_policy *p, int rule);

struct wr_verdict_packet {
	const struct wr_rec *rec;
	const uint8_t
		*data; /* for expressions: from the link header on; NULL: they choose nothing */
	uint32_t caplen, len, linktype;
	const char *iface; /* "" = not known */
	bool out;
	uint64_t ts_ns; /* never 0; the clock of rates and ends, and the Unix time of schedules */
	/* for wr_why(): what was known of its flow and source when it was judged
	 * (wr_verdicts_traffic()); NULL: nothing */
	const struct wr_model_values *traffic;
};

/* p is borrowed. A rule with `host` is asked of flows that wr_verdict_host() has told of; `for`
 * has no end here. -ENOSPC as wr_image_compile(); -ENOMEM. */
int wr_verdicts_open(struct wr_verdicts **out, const struct wr_policy *p, struct wr_err *err);
void wr_verdicts_close(struct wr_verdicts **v); /* NULL is fine; sets NULL */

/* One packet after another: rates and fragments depend on those before. -ENOMEM, or an expression
 * cannot be had for this link type: -EINVAL. */
int wr_verdict(struct wr_verdicts *v, const struct wr_verdict_packet *pkt,
	       struct wr_verdict_of *out, struct wr_err *err);

/* Packets with these addresses and ports, one way, are of a flow that asked for the host of that
 * rule; or (is false) not any more. -ENOMEM. */
int wr_verdict_host(struct wr_verdicts *v, uint32_t rule, const struct wr_host_key *key, bool is);
/* What models were told of the flow and the source of the last packet; borrowed. */
const struct wr_model_values *wr_verdicts_traffic(const struct wr_verdicts *v);

/* What a rule, WR_SLOT_FRAGMENTS or WR_SLOT_UNREADABLE has matched so far. A `class` rule is not
 * counted, see sums.
 */
const struct wr_rule_count *wr_verdict_count(const struct wr_verdicts *v, uint32_t rule);

/* All packets so far: by enum wr_verdict; of those that passed, by class. */
struct wr_verdict_sums {
	struct {
		uint64_t packets, bytes;
	} verdict[WR_VERDICT_ANSWER + 1], klass[WR_POLICY_CLASSES];
};
const struct wr_verdict_sums *wr_verdict_sums(const struct wr_verdicts *v);

#endif
