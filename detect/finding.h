/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DETECT_FINDING_H
#define WR_DETECT_FINDING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "detect/class.h"
#include "detect/feature.h"

/*
 * Something that was found: what, at whom, since when, from whom, and the numbers that say so. It
 * is told when it is raised, while it goes on, and when it is over.
 */

enum {
	WR_FINDING_SOURCES = 20,
	WR_FINDING_EVIDENCE = 10,
	WR_VICTIM_ROUTE = 96,
	WR_FINDING_MODEL = 48, /* bytes of a model's name, and of its version */
	WR_FINDING_BY = 3,
	WR_FINDING_COLUMN = 24, /* bytes of a column's name */
};

/* An address, a prefix of addresses, or a service of one. */
struct wr_victim {
	uint8_t addr[16]; /* network order; IPv4 in the first four bytes, the rest 0 */
	uint8_t ip_v;	  /* 4, 6; 0: everybody */
	uint8_t prefix;	  /* length; 32 or 128: one address */
	uint8_t proto;	  /* with a port: IPPROTO_TCP and so on */
	uint16_t port;	  /* 0: none */
	/* Of everybody: what of an API, as `weir api` names it, printable; "": not an API. */
	char route[WR_VICTIM_ROUTE];
};

struct wr_evidence {
	uint8_t feature; /* enum wr_feature */
	bool has_norm;
	double value, norm; /* in the feature's unit; norm: what was expected at most */
	/* Share of the learned time in which it was lower; below 0: unknown, nothing was learned.
	 */
	double quantile;
	uint32_t learned_s; /* that time */
	float share; /* of an anomaly: how much of its score this one is; 0: it is not of it */
};

struct wr_finding_source {
	uint8_t addr[16];
	uint8_t ip_v;
	uint64_t packets;
};

/* Which model gave a score (WR_CLASS_MODEL_SCORE), and the columns of the row that it was given
 * which were least as usual there. Texts are printable. */
struct wr_finding_model {
	char name[WR_FINDING_MODEL], version[WR_FINDING_MODEL]; /* "": it has none */
	uint32_t n_by;
	struct {
		char column[WR_FINDING_COLUMN];
		double value, usual;
		bool has_usual; /* enough rows were seen to say so */
	} by[WR_FINDING_BY];
};

struct wr_finding {
	uint64_t id;	  /* counts up from 1 */
	uint8_t klass;	  /* enum wr_finding_class */
	uint8_t severity; /* enum wr_severity */
	bool over;
	struct wr_victim victim;
	uint64_t
		start_ns; /* CLOCK_REALTIME: the first packet that belongs to it, as far as known */
	uint64_t raised_ns; /* when it was found */
	uint64_t last_ns;   /* when it last held */
	double score;	    /* the most telling value by what was expected; at least 1 */
	uint32_t n_evidence, n_sources;
	struct wr_evidence evidence[WR_FINDING_EVIDENCE];    /* of the window before raised_ns */
	struct wr_finding_source source[WR_FINDING_SOURCES]; /* most packets first */
	struct wr_finding_model model;			     /* of a score; else empty */
};

bool wr_victim_same(const struct wr_victim *a, const struct wr_victim *b);
/* The same address whatever its port, or one lies in the other. Everybody (ip_v 0) is nobody's
 * neighbour but its own. */
bool wr_victim_meets(const struct wr_victim *a, const struct wr_victim *b);

/* "10.0.0.5:443", "2001:db8::1", "[2001:db8::1]:53", "10.20.0.0/24", "*", "GET /users/{id}" */
void wr_victim_text(struct wr_buf *b, const struct wr_victim *v);

/* As people write numbers: 8412 is 8,412, 0.023 is 0.02. */
void wr_evidence_number(struct wr_buf *b, double v);

/* "never as high in 3 h", "as high in 0.20 % of 3 h", "how often is unknown". Of one with a norm.
 */
void wr_evidence_often(struct wr_buf *b, const struct wr_evidence *e);

/* What a number stands for in words: why packets are malformed. NULL: it is a number. */
const char *wr_evidence_says(const struct wr_evidence *e);

/* One sentence with the numbers of its evidence. */
void wr_finding_reason(struct wr_buf *b, const struct wr_finding *f);
/* " since 22:13:49 UTC", " from 22:13:49 to 22:14:02 UTC"; with the date where it is another day
 * than the end, or now. start_ns 0: nothing. */
void wr_finding_when(struct wr_buf *b, uint64_t start_ns, uint64_t end_ns, uint64_t now_ns);
/* The same with since when, and until when (UTC; end_ns 0: it goes on). start_ns 0: without. */
void wr_finding_told(struct wr_buf *b, const struct wr_finding *f, uint64_t start_ns,
		     uint64_t end_ns);

#endif
