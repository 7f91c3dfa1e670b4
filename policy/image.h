/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_POLICY_IMAGE_H
#define WR_POLICY_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/judge.h"
#include "model/model.h"
#include "policy/policy.h"

/*
 * A policy in the form in which packets are held against it (core/judge.h): lines that are copied
 * into a map of the kernel and read there, or read here. Built aside, put in force in one step.
 */
struct wr_image_build {
	struct wr_image_mem mem; /* owned */
	uint32_t room, most;	 /* lines */
	bool full;		 /* more than `most` were asked for */
};

/* The number of the first of n new lines, all 0; 0: there is no room (line 0 is never given). What
 * wr_line_at() returned before is not valid any more. */
uint32_t wr_image_lines(struct wr_image_build *b, uint32_t n);
void wr_image_free(struct wr_image_build *b);

/* Where a value begins: for keys from here to the next one's, in rising order, the first at 0. */
struct wr_step {
	uint64_t hi, lo;
	uint32_t value; /* below 1 << WR_REF_BITS */
};

/* A trie of n >= 1 steps; six: keys of 128 bits, else of the first 32. Returns its reference; with
 * b->full set when there was no room. */
uint32_t wr_trie_build(struct wr_image_build *b, const struct wr_step *step, size_t n, bool six);

/* ---- vectors of terms ---- */

/* Bits by term, each vector once; numbered from WR_VEC_FIRST, WR_VEC_NONE has no bit. */
struct wr_vectors {
	uint64_t *word;	 /* owned; `words` of each, the summary not among them */
	uint32_t *place; /* owned; numbers by hash */
	uint32_t n, places, words;
};

/* The number of the vector with these words; a new one when there is none like it. -ENOMEM. */
int64_t wr_vector_of(struct wr_vectors *v, const uint64_t *word);
void wr_vectors_free(struct wr_vectors *v);

/* A table of what matches in x and in y: the number of the vector of both, by number in x times
 * (y->n + 1) plus number in y. -ENOMEM; -ENOSPC (b->full). */
int wr_vectors_join(struct wr_image_build *b, const struct wr_vectors *x,
		    const struct wr_vectors *y, struct wr_vectors *both, uint32_t *table);

/* Puts those of `more` behind those of v, as they are numbered. -ENOMEM. */
int wr_vectors_append(struct wr_vectors *v, const struct wr_vectors *more);

uint32_t wr_vector_stride(const struct wr_vectors *v); /* lines */
uint32_t wr_vectors_put(struct wr_image_build *b,
			const struct wr_vectors *v); /* line of the first */

/* ---- one dimension ---- */

/* Keys of one kind: from `from` on, below `to`; to 0: to the end of all keys. */
struct wr_range {
	uint64_t from_hi, from_lo, to_hi, to_lo;
};

/* Ranges that mean the same to every term: a set, the addresses of one rule, one service. In rising
 * order, apart from each other. */
struct wr_group {
	struct wr_range *range; /* owned */
	size_t n, room;
};

/* What terms want of a dimension: by term, a list of groups, any of them. */
struct wr_wants {
	const uint32_t *group; /* groups of all terms, one after another */
	const uint32_t
		*first;	  /* by term: where its own begin; terms + 1 of them. None: it wants all. */
	const bool *not_; /* by term: none of them */
	uint32_t terms;
};

/* The reference of a trie from keys to vectors. -ENOMEM, -ENOSPC (b->full). */
int wr_sweep(struct wr_image_build *b, struct wr_vectors *v, const struct wr_group *group,
	     uint32_t groups, const struct wr_wants *wants, bool six, uint32_t *ref);

/* ---- classes ---- */

/* Counters of a link by class; the last ones are of what is in no class. See struct wr_class_line.
 */
struct wr_class_slots {
	uint16_t offered[WR_POLICY_CLASSES + 1], marked[WR_POLICY_CLASSES + 1],
		gone[WR_POLICY_CLASSES + 1];
};

/* Before any other line: core/govern.h finds them by their place. -ENOSPC. */
int wr_image_classes(struct wr_image_build *b, const struct wr_policy *p,
		     const struct wr_class_slots *slots, uint32_t links);
uint64_t wr_link_cost(uint64_t bps); /* struct wr_link_line.cost_ns; 0 of 0 */

/* ---- models ---- */

/* Line of the first root of a model (core/model.h); 0: there is no room. */
uint32_t wr_image_model(struct wr_image_build *b, const struct wr_model *m);
/* struct wr_model_test.id: models that do not say the same have another one. */
uint64_t wr_image_model_id(const struct wr_model *m);

/* ---- all of it ---- */

struct wr_image_iface {
	char name[16];
	bool out;
	uint32_t link; /* number + 1 of the link whose classes are governed; 0: none are */
};

struct wr_image_conf {
	const struct wr_image_iface *iface; /* a head for each */
	uint32_t n_ifaces;
	const uint16_t *slot; /* by rule: its counters, below WR_JUDGE_RULES */
	const uint16_t *host; /* by rule that names a class and a host: core/host.h; NULL: no flow's
				 host is known */
	const struct wr_class_slots *classes; /* by link; NULL: none are governed */
	int64_t now_s;	   /* Unix time: what has ended or is not its time is left out */
	uint64_t clock_ns; /* what the clock of packets says then (CLOCK_MONOTONIC in the kernel) */
	uint64_t tick_ns;  /* that clock goes in steps of so much */
	uint32_t most_lines;
	bool count_only; /* the kill switch */
};

struct wr_image_built {
	struct wr_image_build b; /* owned, and the rest is as well */
	uint32_t *head;		 /* by iface: line */
	char **where;		 /* expressions, in the order of their bits */
	uint32_t n_wheres, terms;
	int64_t next_s; /* Unix time of the next change that a schedule or an end brings; 0: none */
	bool idle;	/* no packet can meet anything in it */
};

/* Where it begins for the packets of an interface, the line of its head; 0: they need not ask. */
static inline uint32_t wr_image_begin(const struct wr_image_built *i, uint32_t iface)
{
	return i->idle ? 0 : i->head[iface];
}

/* -ENOSPC: larger than most_lines, or more terms or expressions than there may be; err says which.
 */
int wr_image_compile(struct wr_image_built **out, const struct wr_policy *p,
		     const struct wr_image_conf *conf, struct wr_err *err);
void wr_image_close(struct wr_image_built **i); /* NULL is fine; sets NULL */

#endif
