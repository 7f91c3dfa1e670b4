/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DETECT_INCIDENT_H
#define WR_DETECT_INCIDENT_H

#include "base/err.h"
#include "detect/detect.h"

/*
 * What happened, as a person would say it: findings of one cause are one incident, however many
 * there are and however often they come back. Of one cause are those of the same victim (an
 * address, whatever its port, or a prefix and what lies in it) and those of one and the same
 * source, when they overlap or are no more than WR_INCIDENT_REST_NS apart. What is only worth
 * knowing (info) belongs to an incident that is there and makes none. Pure: no clock, no file.
 */

/* X(symbol, name): suspected = nothing above low was found; active = something was, and goes on;
 * mitigated = it goes on and something is done against it; over = nothing holds any more. */
#define WR_INCIDENT_TABLE(X)      \
	X(SUSPECTED, "suspected") \
	X(ACTIVE, "active")       \
	X(MITIGATED, "mitigated") \
	X(OVER, "over")

enum wr_incident_state {
#define X(sym, name) WR_INCIDENT_##sym,
	WR_INCIDENT_TABLE(X)
#undef X
		WR_INCIDENT_STATES
};

const char *wr_incident_state_name(enum wr_incident_state s);

#define WR_INCIDENT_REST_NS 300000000000ull

enum { WR_INCIDENT_VICTIMS = 16, WR_INCIDENTS = 256, WR_INCIDENT_BY = 3 };

enum wr_incident_effects {
	WR_INCIDENT_STOPPED,
	WR_INCIDENT_WOULD, /* of shadows: what they would have stopped */
	WR_INCIDENT_EFFECTS
};

/* What rules that were made against it did. It stays when they have ended. */
struct wr_incident_effect {
	struct wr_count stopped;
	uint64_t came;	   /* packets that there were for them to stop meanwhile; estimated */
	uint64_t since_ns; /* the first of them was put in; 0: there was none */
	uint32_t n_by;	   /* the first of them, */
	bool more;	   /* and there were others */
	char by[WR_INCIDENT_BY][32];
};

struct wr_incident {
	uint64_t id;
	uint8_t state;	  /* enum wr_incident_state */
	uint8_t severity; /* enum wr_severity: the highest so far */
	uint64_t start_ns, last_ns;
	uint64_t end_ns; /* 0: it goes on */
	/* When it was found, when something above low was, when it was kept out last; 0: never. */
	uint64_t found_ns, active_ns, mitigated_ns;
	uint64_t findings;  /* so many */
	uint32_t open;	    /* of them hold */
	uint64_t classes;   /* 1 << enum wr_finding_class */
	uint32_t n_victims; /* kept: the first; victims: how many different ones came */
	uint32_t victims;
	struct wr_victim victim[WR_INCIDENT_VICTIMS];
	bool many_sources; /* some finding had more than one */
	uint32_t n_sources;
	struct wr_finding_source source[WR_FINDING_SOURCES]; /* most packets first */
	struct wr_finding strongest; /* highest severity, then score; with its evidence */
	char rule[32];		     /* that was made against it last; "": none */
	char failed[32];	     /* the last one that was taken back; "": none */
	bool hurt;		     /* for it kept out usual clients; else it did not stop it */
	bool stopped;		     /* it keeps packets out */
	struct wr_incident_effect effect[WR_INCIDENT_EFFECTS];
	char done[128];	 /* what is done at a gateway; "": nothing */
	char undo[128];	 /* the command that takes it back */
	uint64_t stored; /* the caller's: what it is in a store; 0 at first */
	/* The caller's, too: numbers of packets of it that are kept (0: none), and whether they
	 * were looked for. */
	struct {
		uint64_t from, to;
		bool taken;
	} sample;
	/* And what others have been told of it. States are one more than they are,
	 * 0: none. */
	struct {
		uint64_t at_ns, span_ns; /* when; of which end there is a span */
		uint64_t since_ns;	 /* when `seen` began */
		uint8_t states;		 /* 1 << each state that people were told of */
		uint8_t state;		 /* the last of them */
		uint8_t seen;		 /* the last that there was, told or not */
		uint8_t event;		 /* the last state that was an event */
	} told;
};
_Static_assert(WR_CLASS_COUNT <= 64, "a bit each");

enum wr_incident_news {
	WR_INCIDENT_SAME,   /* nothing that must be told */
	WR_INCIDENT_RAISED, /* it is new */
	WR_INCIDENT_MORE,   /* another finding belongs to it, or it goes on after all */
	WR_INCIDENT_ENDED,
};

struct wr_incidents;

/* Takes all memory: the newest WR_INCIDENTS are kept, those that go on before those that are over.
 * 0 or -ENOMEM. */
int wr_incidents_open(struct wr_incidents **out, struct wr_err *err);
void wr_incidents_close(struct wr_incidents **all); /* NULL is fine; sets NULL */

/* What was told of a finding, in the order in which it is told. Returns the incident that it
 * belongs to (borrowed until the next call, its `stored` and `id` may be set), NULL: to none. */
struct wr_incident *wr_incidents_add(struct wr_incidents *all, enum wr_finding_news news,
				     const struct wr_finding *f, enum wr_incident_news *what);

/* A rule that was made against one keeps packets out, or counts what it would, or is no more. */
enum wr_incident_rule {
	WR_INCIDENT_RULE_STOPS,
	WR_INCIDENT_RULE_COUNTS,
	WR_INCIDENT_RULE_GONE,
	WR_INCIDENT_RULE_FAILS, /* it goes on getting through: that rule will be another one, or
				 * gone */
	WR_INCIDENT_RULE_HURTS, /* the same: it keeps out usual clients */
};
void wr_incidents_answered(struct wr_incidents *all, uint64_t id, const char *rule,
			   enum wr_incident_rule how);

/* What a rule that was put in at since_ns did since that was told last: so many packets stopped, of
 * so many that came for it. */
void wr_incidents_did(struct wr_incidents *all, uint64_t id, const char *rule,
		      enum wr_incident_effects what, uint64_t since_ns, struct wr_count stopped,
		      uint64_t came);
/* The share that was stopped of what came. */
double wr_incident_share(const struct wr_incident_effect *e);

/* What is done against one somewhere else, in words, and how it is taken back. stops: it keeps
 * requests out. */
void wr_incidents_done(struct wr_incidents *all, uint64_t id, const char *done, const char *undo,
		       bool stops);

/* Those that are kept, newest first; borrowed. Returns how many, at most n. */
uint32_t wr_incidents_list(const struct wr_incidents *all, struct wr_incident **out, uint32_t n);
const struct wr_incident *wr_incidents_find(const struct wr_incidents *all, uint64_t id);
/* Of those that go on the one with the highest severity, the newest of them; NULL: none. */
const struct wr_incident *wr_incidents_worst(const struct wr_incidents *all);
uint32_t wr_incidents_active(const struct wr_incidents *all); /* that go on */

/* Its strongest finding in one sentence, with since when it has been going on, or from when to when
 * it did. */
void wr_incident_reason(struct wr_buf *b, const struct wr_incident *i);

/* "SYN flood and scan of a host's ports at 10.0.0.5 and 3 more" */
void wr_incident_title(struct wr_buf *b, const struct wr_incident *i);

#endif
