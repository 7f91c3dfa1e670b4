/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DETECT_IMPL_H
#define WR_DETECT_IMPL_H

#include <string.h>

#include "detect/bound.h"
#include "detect/detect.h"
#include "detect/norm.h"
#include "detect/offer.h"
#include "detect/week.h"
#include "flow/rows.h"
#include "flow/talk.h"

/* Inside detect/: the tables, and who fills them. */

enum {
	STEPS = 10, /* a second */
	STEPS_SECOND = STEPS,
	TARGETS = 4096,
	BEGIN_STEP = 2 * STEPS, /* so that what is a second old has no negative number */
	RECENT = 16384,		/* a power of two: parts that are remembered */
	FINDINGS = 64,
	MISSED = 4096,
	CLIENT_USUAL = 5, /* connections a client makes in a second */
	/* A finding that did not hold for so long is over: a flood, and what needs patience. */
	HOLD_STEPS = 50,
	HOLD_LONG = 300,
	HOLD_MINUTES = 6000,
	HOLD_WINDOWS = 18000, /* three of those in which what leaves is counted */
	HOLD_HOURS = 36000,
	/* While a finding holds, it goes on with one in so many of what it takes to be told. */
	GOES_ON = 2,
	/* After so many minutes in a row with less than it takes to be told, that is learned. */
	WEAK_MINUTES = 10,
	HOLD_ODD = 1300,	  /* two of its longest windows */
	COLD_STEPS = 600 * STEPS, /* until then little is known of what is usual */
	LOW_DRIFT = 5,
	LOW_MOST = 240, /* so that a flood is forgotten some seconds after its end */
	WEEKS = 512,
	WEEK_N = 7,
	WEEK_AFTER = 1800, /* seconds that something is known of who gets a week */
	TOLD_K = 5,	   /* deviations above the level: the most that people are told as usual */
};

/* ---- who was seen before (known.c) ---- */

enum { KNOWN_BITS = 21, KNOWN_WORDS = 1 << (KNOWN_BITS - 6) };

struct known {
	uint64_t *now, *before; /* owned; bits by hash, KNOWN_WORDS each */
	uint32_t n, n_before;	/* bits that are set in them */
};

int known_open(struct known *k);
void known_close(struct known *k);
/* A source (IPv6: its /64): is it new? It is not any more. */
bool known_new(struct known *k, const uint8_t addr[16], uint8_t ip_v);
/* Of those that are new: the share that is taken for new, since bits are shared. */
double known_share(const struct known *k);

/* What is counted of an address per step. The names are those of features. */
#define COUNTS(X)         \
	X(PACKETS)        \
	X(BYTES)          \
	X(SYN)            \
	X(HANDSHAKES)     \
	X(HALF_OPEN)      \
	X(SYNACK_UNASKED) \
	X(ACK_UNASKED)    \
	X(RST_UNASKED)    \
	X(UDP_UNASKED)    \
	X(UDP_ANSWERED)   \
	X(AMP_UNASKED) X(ICMP) X(FRAGMENTS) X(MALFORMED) X(NEW_FLOWS) X(NEW_SOURCES) X(NEW_CLIENTS)

enum count {
#define X(sym) C_##sym,
	COUNTS(X)
#undef X
		COUNT_N
};

extern const uint8_t count_feature[COUNT_N];

/* An address that packets arrive at, or a prefix of addresses (key.tag: its length). */
struct target {
	struct wr_talk_key key;
	uint32_t step;	  /* newest that something came in */
	uint32_t learned; /* step that its norms have learned up to */
	uint32_t busy;	  /* a finding holds: nothing is learned until this step */
	float low; /* half-open connections beyond what is usual, added up (CUSUM; Page 1954) */
	uint32_t touched;  /* step in which it was put on the list */
	uint32_t answered; /* step in which it last made a connection with who asked */
	uint32_t blind;	   /* step in which packets last came whose flows are not known; 0: never */
	uint32_t gone;	   /* step in which it last was gone; 0: never */
	uint32_t c[STEPS][COUNT_N];
	uint32_t sum[COUNT_N];	 /* of the last ten steps */
	uint32_t refused[STEPS]; /* SYNs that it answered with a RST */
	struct wr_norm norm[COUNT_N];
	struct wr_bound bound[COUNT_N];
	uint32_t bound_s;  /* seconds that its bounds know */
	uint32_t since_s;  /* Unix time at which it was first learned from */
	bool kept;	   /* an operator marked it: detect/kept.c */
	uint16_t week;	   /* its week is weeks[week - 1]; 0: none */
	uint64_t hosts[2]; /* prefixes: bits of hosts' hashes, this second's and the one before */
	uint32_t hosts_second;
};

/* A part of a flow that is remembered for a while: to say who and what. */
struct recent {
	struct wr_flow_key key;
	uint64_t ns;
	uint32_t packets, bytes;
	uint16_t tcp_flags;
	uint8_t from;
	uint8_t kinds; /* RECENT_* */
	uint8_t ttl;
	uint8_t pad[3];
};

enum {
	RECENT_UNASKED = 1,
	RECENT_NEW_SOURCE = 2,
	RECENT_SYN = 4,
	RECENT_FRAG = 8,
	RECENT_DONE = 16
};

/* SYNs of the last second that no handshake followed. */
static inline uint32_t half_open(const struct target *t)
{
	return t->sum[C_SYN] > t->sum[C_HANDSHAKES] ? t->sum[C_SYN] - t->sum[C_HANDSHAKES] : 0;
}

struct wr_detect {
	struct wr_detect_conf conf;
	uint64_t step_ns; /* when the step that is being filled began */
	uint32_t step;	  /* its number; counts from BEGIN_STEP */
	struct wr_rows targets;
	uint32_t touched[TARGETS * 2];
	uint32_t n_touched;
	struct recent *recent; /* owned; a ring */
	uint64_t n_recent;     /* written so far */
	struct finding_slot {
		struct wr_finding f;
		uint32_t last_step, told_step;
		uint32_t strong_step; /* had all that it takes to be told, last */
		uint32_t hold;	      /* steps */
	} finding[FINDINGS];
	uint64_t found; /* so many ever */
	struct {	/* that had no room (missed.c) */
		uint64_t n;
		struct {
			uint64_t hash;
			uint32_t step;
		} at[MISSED];
	} missed;
	uint32_t looked_step, looks; /* at who and what, in that step */
	struct syns *syns;
	struct scans *scans;
	struct pairs *pairs;
	struct slow *slow;
	struct names *names;
	struct stations *stations;
	struct offers *offers;
	struct broken *broken;
	struct services *services;
	struct exfil *exfil;
	struct samples *samples;
	struct weeks *weeks;
	struct odds *odds;
	struct known sources, clients; /* that began a flow; that a server spoke to */
	struct talkers *talkers;
	struct echoes *echoes;
	struct {
		uint64_t hour; /* since 1970 */
		uint32_t n;    /* told in it */
	} drifts;
	struct {
		uint32_t target, service, host; /* hashes of keys */
	} soon[WR_LIVE_SOON];
};

/* ---- targets (detect.c) ---- */

/* Of an address (prefix 0) or a prefix; made when it is not there. */
struct target *target_of(struct wr_detect *d, const uint8_t addr[16], uint8_t ip_v,
			 uint16_t prefix);
/* NULL: it is not there. */
const struct target *target_known(const struct wr_detect *d, const uint8_t addr[16], uint8_t ip_v,
				  uint16_t prefix);
/* The same, of a victim without a port. */
static inline const struct target *target_of_victim(const struct wr_detect *d,
						    const struct wr_victim *v)
{
	return target_known(d, v->addr, v->ip_v,
			    v->prefix == (v->ip_v == 4 ? 32 : 128) ? 0 : v->prefix);
}
void count(struct wr_detect *d, struct target *t, enum count what, uint64_t n);
bool for_many(const uint8_t *addr, uint8_t ip_v); /* multicast, broadcast */
void forget_touched(struct wr_detect *d);	  /* nothing came in this step */

uint32_t kept_number(const struct wr_detect *d); /* targets that an operator marked (kept.c) */

/* ---- pieces of text (text.c) ---- */

void addr_text(struct wr_buf *b, const uint8_t *addr, uint8_t ip_v);
void span_text(struct wr_buf *b, uint32_t s); /* "90 s", "11 min", "3 days" */

/* ---- findings (finding.c) ---- */

/* The finding of that class and victim; a new one when there is none, with *is_new. NULL: no room.
 */
struct wr_finding *find(struct wr_detect *d, enum wr_finding_class klass,
			const struct wr_victim *victim, bool *is_new);
/* A new one of this source, to be completed and told. One more source of a finding is news: that
 * one is over, and its sources are those of the new one, too, behind this one. NULL: it has been
 * told of it, is off, or there is no room, or the finding has as many as one can have. */
struct wr_finding *find_from(struct wr_detect *d, enum wr_finding_class klass,
			     const struct wr_victim *victim, const struct wr_finding_source *from);
/* One that is there. NULL: none. */
struct wr_finding *found(struct wr_detect *d, enum wr_finding_class klass,
			 const struct wr_victim *victim);
/* One that a source is told for. NULL: none. */
struct wr_finding *found_of(struct wr_detect *d, enum wr_finding_class klass,
			    const uint8_t source[16]);
/* It holds, still. */
void renew(struct wr_detect *d, struct wr_finding *f);
/* It does by a part of what it takes to be told (GOES_ON): no reason for what else is there. */
void renew_weakly(struct wr_detect *d, struct wr_finding *f);
/* It is over when it did not hold for so many steps; at first as long as its class says. */
void hold_for(struct wr_detect *d, const struct wr_finding *f, uint32_t steps);
/* The same, if that is longer than now; not for more than a quarter of all findings of a class. */
void hold_longer(struct wr_detect *d, const struct wr_finding *f, uint32_t steps);
/* Of what is counted in spans of time that begin anew: how many there were in the last such span,
 * at any moment, if those of the span before came evenly. since: steps that this one has. */
static inline double slide(double before, double now, uint32_t since, uint32_t span)
{
	return now + before * fmax(0, 1 - (double)since / span);
}
bool has_room(struct wr_detect *d, enum wr_finding_class klass);
/* The same; what has none is counted as one that is not told (missed.c). */
bool room_for(struct wr_detect *d, enum wr_finding_class klass, const struct wr_victim *v);
void missed(struct wr_detect *d, enum wr_finding_class klass, const struct wr_victim *v);
/* It is complete and told. */
void tell(struct wr_detect *d, struct wr_finding *f);
/* every_s: what a second of the norm stands for. */
void evidence(struct wr_finding *f, enum wr_feature feature, double value, const struct wr_norm *n,
	      uint32_t every_s);

void evidence_only(struct wr_finding *f, enum wr_feature feature, double value);
/* A finding with one source. */
void only_source(struct wr_finding *f, const uint8_t addr[16], uint8_t ip_v, uint64_t packets);
void end_step_findings(struct wr_detect *d);
void finish_finding(struct wr_detect *d, const struct wr_finding *f); /* it is over */
void finish_off(struct wr_detect *d); /* those of classes that are off now */
void finish_findings(struct wr_detect *d);

/* Do people not want to be told of it? */
static inline bool is_off(const struct wr_detect *d, enum wr_finding_class klass)
{
	return d->conf.tune.off >> klass & 1;
}

/* ---- numbers that people have set (fixed.c) ---- */

/* Is it of that class and victim? One with a port is only of a victim with that port. */
bool fixed_is_of(const struct wr_detect_fixed *x, enum wr_finding_class klass,
		 const struct wr_victim *v);
/* The nearest of them. NULL: none was set. */
const struct wr_detect_fixed *fixed_of(const struct wr_detect *d, enum wr_finding_class klass,
				       const struct wr_victim *v);

static inline uint64_t step_end(const struct wr_detect *d)
{
	return d->step_ns + WR_DETECT_STEP_NS;
}

static inline struct wr_victim victim_of(const uint8_t addr[16], uint8_t ip_v)
{
	struct wr_victim v = {.ip_v = ip_v, .prefix = ip_v == 4 ? 32 : 128};

	memcpy(v.addr, addr, 16);
	return v;
}

/* Seconds that the address has been learned from. */
uint32_t learned_s(const struct wr_detect *d, const uint8_t addr[16], uint8_t ip_v);

/* Hash of an address for bitmaps. */
static inline uint64_t addr_hash(const uint8_t addr[16])
{
	uint64_t a, b;

	memcpy(&a, addr, 8);
	memcpy(&b, addr + 8, 8);
	return wr_sketch_hash(0x5eed, a, b);
}

/* Of a flow and one of its ends. */
static inline uint64_t connection_hash(const struct wr_flow_key *k, uint8_t end)
{
	return wr_mix(addr_hash(k->addr[0]) + 3 * addr_hash(k->addr[1]) +
		      ((uint64_t)k->port[0] << 32 | (uint64_t)k->port[1] << 8 | end));
}

/* Was something found at that address a moment ago? */
bool is_busy(const struct wr_detect *d, const uint8_t addr[16], uint8_t ip_v);

/* UDP services that answer a small question with much: their number in a list, or -1. */
enum { VECTORS = 23 };
int vector_of(uint16_t port);
uint16_t vector_port(int number);
static inline bool is_vector(uint16_t port)
{
	return vector_of(port) >= 0;
}

bool is_far(const uint8_t *addr, uint8_t ip_v);

/* Distinct things by bits that are set of n (Whang et al., linear counting, 1990). */
double linear_count(const uint64_t *bits, uint32_t words);

/* ---- hours of the week (weeks.c) ---- */

#define HOUR_NS (3600 * 1000000000ull)

/* A day of an address so far, beside the same hours of the week before (drift.c). */
struct drift {
	double now, before;		 /* packets a second, mean */
	uint8_t hours, loud, more, less; /* known; not silent; with twice as much, with half */
};

struct weeks {
	struct wr_week of[WEEK_N];
	double sum[WEEK_N]; /* of y, of the seconds of this hour */
	uint64_t hour;	    /* that is being learned, since 1970 */
	uint32_t seconds, hours;
	struct drift day;
	float drift; /* of the change that was told last, what is left of it: see drift.c */
	bool taken;
};

extern const uint8_t week_count[WEEK_N]; /* enum count */
int weeks_open(struct wr_detect *d);
void weeks_close(struct wr_detect *d);
const struct wr_week *week_of(const struct wr_detect *d, const struct target *t, enum count c);
void week_free(struct wr_detect *d, const struct target *t);
void week_make(struct wr_detect *d, struct target *t);
void week_learn(struct wr_detect *d, struct target *t, uint32_t idle);
/* An hour is over whose seconds had this mean y, before w learns of it. */
void drift_hour(struct drift *day, const struct wr_week *w, unsigned int hour, double y);
/* When a day is: says what is to be said of it, and begins another one. */
void drift_end(struct wr_detect *d, const struct target *t, struct weeks *w);

/* Of the last minutes alone, as far as these are believed. */
static inline double most_lately(const struct target *t, enum count c, double k)
{
	return fmin(wr_norm_most(&t->norm[c], k), wr_bound_most(&t->bound[c], t->bound_s));
}

/* The most of a count that is usual at that address now. */
double most_usual(const struct wr_detect *d, const struct target *t, enum count c, double k);

/* ---- who and what (recent.c) ---- */

/* Adds what the last second says of those that `is` chooses: sources, shares, sizes. */
struct profile {
	double seconds; /* that it covers */
	uint64_t packets, bytes;
	uint32_t parts, top_parts;   /* of parts, as there is one of each connection's beginning; of
					the source with most packets */
	uint32_t heavy, heavy_parts; /* sources with more parts than a client has; their parts */
	double sources, new_sources;
	uint32_t hosts, ports; /* different destinations, their ports; at most 64 are counted */
	uint64_t top_host;     /* packets to the one with most */
	uint16_t port, sport;  /* most packets; 0: none has a quarter of them */
	uint64_t first_ns;
	struct wr_finding_source top[WR_FINDING_SOURCES];
	uint32_t n_top;
};
typedef bool (*recent_is)(const void *ctx, const struct recent *r);
void profile_of(struct wr_detect *d, recent_is is, const void *ctx, struct profile *p);
/* Seconds of the last one that are remembered whole. */
double recent_span(const struct wr_detect *d);
/* Packets of those in the last second but its newest `late` steps; of the beginnings of
 * connections, and of what completes them: how many. */
uint32_t recent_count(const struct wr_detect *d, recent_is is, const void *ctx, uint32_t late);
void profile_evidence(struct wr_finding *f, const struct profile *p);

/* ---- the detectors ---- */

struct part { /* what they are told of each part */
	const struct wr_live_part *p;
	const struct wr_flow *f;
	uint8_t from, to;
	bool is_new, asked;
	bool handshake; /* this part completes one */
	bool syn;	/* it opens one */
	bool answer;	/* the first that comes back */
	bool closing;	/* the first that ends a TCP connection */
	uint64_t n;
};

struct syns *syns_new(void);	/* NULL: no memory */
void syns_free(struct syns *s); /* NULL is fine */
/* What a part is; step: the time in steps. Once for each part: connections that wait for their ACK
 * are kept in s. answer and closing are left to who needs them. */
struct part part_of(struct syns *s, uint32_t step, const struct wr_live_part *p,
		    const struct wr_flow *f);

/* ---- whose connections they are (crowd.c) ---- */

bool are_heavy(const struct profile *p);
bool is_many(const struct wr_detect *d, const struct target *t, const struct profile *p);
bool is_behind_a_rush(const struct wr_detect *d, const struct target *t, const struct profile *p);

void end_step_floods(struct wr_detect *d, struct target *t);
/* Is nobody there any more, so that SYNs without a handshake are no flood? Once a second. */
bool look_gone(const struct wr_detect *d, struct target *t);
/* It is, or was a moment ago. */
bool was_gone(const struct wr_detect *d, const struct target *t);
bool has_refused(const struct wr_detect *d, const struct target *t);

int scans_open(struct wr_detect *d);
void scan_part(struct wr_detect *d, const struct part *a);
void scan_answer(struct wr_detect *d, const struct part *a); /* an answer nobody asked for */
void scan_arp(struct wr_detect *d, const uint8_t sender[16], const uint8_t target[16]);
void scan_arp_answered(struct wr_detect *d, const uint8_t asked[16]);

int pairs_open(struct wr_detect *d);
void pair_part(struct wr_detect *d, const struct part *a);
/* So many minutes there were in which that client connected to that service of an address. */
uint32_t pair_minutes(const struct wr_detect *d, const uint8_t client[16],
		      const struct wr_victim *service);

int slow_open(struct wr_detect *d);
void end_step_slow(struct wr_detect *d);

int names_open(struct wr_detect *d);
void names_part(struct wr_detect *d, const struct part *a);
void names_packet(struct wr_detect *d, const struct wr_packet *pkt, const struct wr_rec *rec);

int stations_open(struct wr_detect *d);
void stations_packet(struct wr_detect *d, const struct wr_packet *pkt, const struct wr_rec *rec);

int offers_open(struct wr_detect *d);
uint16_t link_of(const char *iface); /* another link is another network; NULL: not known */
void offers_packet(struct wr_detect *d, const struct wr_packet *pkt, const struct wr_rec *rec);

int broken_open(struct wr_detect *d);
void broken_part(struct wr_detect *d, const struct part *a);
void broken_packet(struct wr_detect *d, const struct wr_packet *pkt, const struct wr_rec *rec);

int services_open(struct wr_detect *d);
void services_part(struct wr_detect *d, const struct part *a);

int exfil_open(struct wr_detect *d);
void exfil_close(struct wr_detect *d);
void exfil_part(struct wr_detect *d, const struct part *a);

int talkers_open(struct wr_detect *d);
void talkers_close(struct wr_detect *d);
void talkers_part(struct wr_detect *d, const struct part *a);

/* ---- ICMP that carries data (echo.c) ---- */

int echoes_open(struct wr_detect *d);
void echoes_close(struct wr_detect *d);
void echo_part(struct wr_detect *d, const struct part *a);

/* Is that an address of one's own networks, or a service that listens here? */
bool is_ours(const struct wr_detect *d, const struct wr_talk_key *key);

int odds_open(struct wr_detect *d);
void odds_close(struct wr_detect *d);
void odd_part(struct wr_detect *d, const struct part *a);
/* Of a service that a part will come to soon; and what odd_near() is asked by later. */
uint32_t odd_soon(const struct wr_detect *d, const struct wr_talk_key *key);
void odd_near(const struct wr_detect *d, uint32_t tag);
void odd_packet(struct wr_detect *d, const struct wr_rec *rec);
void end_step_odd(struct wr_detect *d);
/* Something with a name was found: what is only unusual there is of the same cause, and over. */
void odd_yield(struct wr_detect *d, const struct wr_finding *named);

/* What is known of both, for the next run: the next one from row *at on; false: there is none. */
struct wr_offer_known {
	struct wr_talk_key key; /* port: enum wr_offer_kind; tag: of the link */
	uint64_t says, station; /* as in struct wr_offer */
	bool doubted;		/* another one said otherwise when nothing was known */
};
bool offers_next(const struct wr_detect *d, uint32_t *at, struct wr_offer_known *out);
void offers_known(struct wr_detect *d, const struct wr_offer_known *in);
bool services_next(const struct wr_detect *d, uint32_t *at, struct wr_talk_key *out);
void services_known(struct wr_detect *d, const struct wr_talk_key *key);

void offers_close(struct wr_detect *d);
void broken_close(struct wr_detect *d);
void services_close(struct wr_detect *d);
void scans_close(struct wr_detect *d);
void pairs_close(struct wr_detect *d);
void slow_close(struct wr_detect *d);
void names_close(struct wr_detect *d);
void stations_close(struct wr_detect *d);

#endif
