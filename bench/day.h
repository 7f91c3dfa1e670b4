/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_BENCH_DAY_H
#define WR_BENCH_DAY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <zlib.h>

#include "core/proto.h"
#include "core/sketch.h"

/*
 * Traffic that is made up, a day of a site with servers, always the same from one seed: who does
 * something is an actor, which sends at most a packet when its time has come and says when the next
 * one is. A heap has all of them, so packets are written in order of time.
 */

#define SECOND_NS 1000000000ull

enum {
	DAY_ACTORS = 1 << 16,
	DAY_EVENTS = 200,
	DAY_HOSTS = 256,
	DAY_TEXT = 48,
	DAY_USUAL = 0, /* label of packets that are no attack's */

	NET = 0x0a140000, /* 10.20.0.0, where the servers are */
	GATEWAY = NET + 1,
	MONITOR = NET + 5,
	WEB = NET + 10,
	APP = NET + 11,
	SCRIPTS = NET + 12, /* a connection to the database for each request */
	DATABASE = NET + 20,
	ADMIN = NET + 22,
	BACKUP = NET + 30,
	LOGS = NET + 40,
	RESOLVER = NET + 53,
	CARPET = NET + 256, /* 10.20.1.0/24 */
	OFFICE = 0xcb007107 /* 203.0.113.7: all of an office */
};

struct day;

struct actor {
	uint64_t at_ns;
	/* Sends, and sets at_ns; false: it has ended. */
	bool (*step)(struct day *d, struct actor *a);
	uint8_t label; /* of an event; DAY_USUAL */
	uint8_t state, tries, ttl;
	bool v6, held, again; /* held: stays open; again: comes back when it was cut off */
	uint32_t from, to;
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint32_t ask, answer, left, rounds; /* bytes, bytes, bytes of this answer, requests */
	uint64_t rtt_ns, think_ns, gap_ns, begun_ns, until_ns;
	double rate, spread; /* of arrivals, a second */
	uint32_t n;	     /* packets or things so far */
	const void *kind;
};

/* A kind of attack: how fast, how long, and what makes a packet of it, or whatever takes part. */
struct day_attack {
	const char *class, *victim;
	double a_second, lasts_s;
	void (*make)(struct day *d, struct actor *a, uint32_t i);
	uint16_t port;
	const char *name;	       /* NULL: as its class */
	double after_s;		       /* when it begins, alone: until then `before` goes on */
	void (*before)(struct day *d); /* what is usual there; NULL: nothing */
};

struct day_event {
	char class[DAY_TEXT], victim[DAY_TEXT];
	const char *note;
	double start_s, end_s;
	uint64_t packets;
	bool usual; /* nothing to be found */
};

struct day {
	FILE *capture;
	gzFile labels;
	uint64_t begun_ns, end_ns, now_ns, seed, random;
	double length_s;		  /* of a day, in which all that a day has happens */
	double rate;			  /* of everything */
	bool weekend, whole;		  /* whole: all bytes of each frame are written */
	uint64_t packets, bytes, refused; /* refused: there was no room for an actor */
	uint8_t label;
	uint8_t mac[6]; /* of who is in 10.20.0.0/16; 0: one of his own */
	uint32_t net;	/* what is written in place of 10.20.0.0 */

	struct host {
		uint64_t down_ns, up_ns;     /* silent between the two */
		uint64_t closed_ns, open_ns; /* refuses connections */
		uint64_t cut_ns;	     /* connections from before are gone */
	} host[DAY_HOSTS];
	double crowd; /* times as many as usual */
	double noise;

	struct day_event event[DAY_EVENTS + 1]; /* by label */
	uint32_t n_events;
	struct actor actor[DAY_ACTORS];
	uint32_t free[DAY_ACTORS], n_free;
	uint32_t heap[DAY_ACTORS], n_heap;
};

/* ---- chance ---- */

static inline uint64_t chance(struct day *d)
{
	return wr_mix(d->random += 0x9e3779b97f4a7c15ull);
}

static inline double share(struct day *d) /* 0 to 1 */
{
	return (double)(chance(d) >> 11) / 9007199254740992.0;
}

static inline uint32_t among(struct day *d, uint32_t least, uint32_t most)
{
	return least + (uint32_t)(share(d) * (most - least + 1.0));
}

static inline void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

/* ---- frames (day_frame.c): each is written with the day's time and label ---- */

void day_open(struct day *d, const char *folder, const char *name);
void day_close(struct day *d, const char *folder, const char *name);

/* Between two of which one may be a server: `up`: from a->from to a->to. len: bytes of payload, of
 * which n are written at `with`; the rest is not kept. */
void day_tcp(struct day *d, const struct actor *a, bool up, uint8_t flags, const void *with,
	     uint32_t n, uint32_t len);
void day_udp(struct day *d, const struct actor *a, bool up, const void *with, uint32_t n,
	     uint32_t len);
void day_icmp(struct day *d, const struct actor *a, bool up, uint8_t type, uint32_t id,
	      uint32_t len);
void day_fragment(struct day *d, const struct actor *a, uint32_t offset, uint32_t len);
void day_broken(struct day *d, const struct actor *a); /* a TCP header that cannot be */
/* The station of `sender` says who it is; mac_of: another one does. */
void day_arp(struct day *d, bool answer, uint32_t sender, uint32_t mac_of, uint32_t asked);
void day_dhcp(struct day *d, uint64_t station);
uint32_t day_written(const struct day *d, uint32_t addr); /* as it is in frames */
void day_frame(struct day *d, const uint8_t *at, uint32_t n);
/* A question, or the answer to it. Returns its bytes. */
uint32_t day_dns(uint8_t *at, uint32_t id, const char *name, uint32_t type, bool answer,
		 uint32_t rcode);

/* ---- who says how one gets on the network (day_link.c) ---- */

/* An OFFER, or the ACK, of a server that is the router and the resolver, too. */
void day_offer(struct day *d, uint32_t server, uint32_t client, bool ack);
void day_router(struct day *d, uint32_t router); /* an advertisement, with a /64 of its own */
/* A neighbour advertisement to `told`; mac_of: whose station the address is said to be at. */
void day_neighbour(struct day *d, uint32_t addr, uint32_t mac_of, uint32_t told);

/* ---- actors (day_actor.c) ---- */

/* NULL: there is no room. */
struct actor *day_actor(struct day *d, bool (*step)(struct day *d, struct actor *a),
			uint64_t at_ns);
void day_run(struct day *d); /* until end_ns */
bool day_far(uint32_t addr); /* outside of the site */

/* A connection that a->rounds times asks for a->answer bytes; the caller sets what it is about. */
struct actor *day_connect(struct day *d, uint32_t from, uint32_t to, uint16_t port, uint64_t at_ns);
/* A question by UDP, answered with so many bytes; 0: never. */
struct actor *day_ask(struct day *d, uint32_t from, uint32_t to, uint16_t port, uint64_t at_ns);

/* Who of the many outside: most are of those that come often. */
uint32_t day_client(struct day *d, double new_share);
/* How busy the site is now: 1 at its busiest. */
double day_rhythm(const struct day *d, uint64_t at_ns);
/* Seconds of a day that is as long as this one. */
double day_s(const struct day *d, double seconds);

void day_usual(struct day *d);			   /* all that is not an attack (day_usual.c) */
void day_attacks(struct day *d, const char *only); /* one of each class (day_attack.c) */
void day_attack_names(FILE *to);
/* Kinds that no day has, and --only alone (day_alone.c): its days stay what they were. */
extern const struct day_attack day_alone[];
extern const uint32_t day_alone_n;
/* Begins an event; its number. */
uint8_t day_event(struct day *d, const char *class, const char *victim, double start_s,
		  double end_s, const char *note);

#endif
