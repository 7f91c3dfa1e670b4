/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef WR_CORE_IMAGE_H
#define WR_CORE_IMAGE_H

#include "core/bucket.h"

/*
 * A policy as lines of 64 bytes that refer to each other by number: written by policy/, copied into
 * a map, read by the kernel programs and by the host. core/trie.h and core/judge.h say how.
 */
#define WR_IMAGE_ABI 4

struct wr_line {
	__u64 word[8];
};
_Static_assert(sizeof(struct wr_line) == 64, "a cache line");

/* A reference, 32 bits: kind, then a value or the number of a line. */
enum { WR_REF_BITS = 30, WR_REF_VALUE = 0, WR_REF_NODE = 1, WR_REF_FEW = 2, WR_REF_GATE = 3 };
#define WR_REF_MASK ((1u << WR_REF_BITS) - 1)

struct wr_trie_node {
	__u64 hi, lo;	    /* of the keys below it the first `skip` bits; the rest 0 */
	__u32 below, above; /* references for keys that are smaller or larger than all of those */
	__u32 table;	    /* line of a table of references, 16 a line, by the next `bits` bits */
	__u8 skip, bits;
	__u8 pad[34];
};
_Static_assert(sizeof(struct wr_trie_node) == 64, "a line");

/*
 * In front of a large trie in which most keys have the same value: a bit for each part of the keys
 * that begin with `skip` bits of hi and lo, by the next `bits` bits; 0: all of that part have it.
 * One line of a small bitmap is read then and no line of a trie that fits into no cache.
 */
struct wr_trie_gate {
	__u64 hi, lo;
	__u32 value;
	__u32 below; /* reference of the trie */
	__u32 map;   /* first line of the bits, 512 a line */
	__u8 skip, bits;
	__u8 pad[34];
};
_Static_assert(sizeof(struct wr_trie_gate) == 64, "a line");

/* value[i] is for keys from key[i - 1] on, below key[i]; unused keys are the last one's copies. */
enum { WR_FEW4 = 7, WR_FEW6 = 3, WR_TRIE_DEPTH = 24, WR_TRIE_BITS = 20 };

struct wr_trie_few4 {
	__u32 key[WR_FEW4];
	__u32 value[WR_FEW4 + 1];
	__u32 pad;
};
_Static_assert(sizeof(struct wr_trie_few4) == 64, "a line");

struct wr_trie_few6 {
	struct {
		__u64 hi, lo;
	} key[WR_FEW6];
	__u32 value[WR_FEW6 + 1];
};
_Static_assert(sizeof(struct wr_trie_few6) == 64, "a line");

/* ---- rules ---- */

enum {
	WR_JUDGE_TERMS = 4032, /* 63 words of 64 and their summary */
	WR_JUDGE_RULES = 4096, /* counters; a power of two */
	WR_JUDGE_TURNS = 256,  /* terms that one packet can meet without being decided */
	WR_JUDGE_WHERES = 63,  /* expressions */
	WR_JUDGE_TESTS = 255,  /* models and bounds of scores */
	WR_FRAG_BITS = 10,
	WR_FRAG_LINES = 1 << WR_FRAG_BITS,
	/* the map of buckets: where which ones begin, lines */
	WR_FRAG_FIRST = WR_JUDGE_RULES / WR_BUCKET_WAYS,
	WR_LINK_FIRST = WR_FRAG_FIRST + WR_FRAG_LINES, /* core/govern.h */
	WR_LINK_ROOM = 2048,
	WR_HOST_FIRST = WR_LINK_FIRST + WR_LINK_ROOM, /* core/host.h */
	WR_HOST_BITS = 12,
	WR_HOST_LINES = 1 << WR_HOST_BITS,
	WR_HOST_CLASS = 1 << 15, /* numbers from here on are of rules that name a class */
	WR_TRACK_FIRST = WR_HOST_FIRST + WR_HOST_LINES, /* core/traffic.h: flows, then sources */
	WR_TRACK_BITS = 14,
	WR_SOURCE_BITS = 13,
	WR_SOURCE_FIRST = WR_TRACK_FIRST + (1 << WR_TRACK_BITS),
	WR_TRACK_LINES = (1 << WR_TRACK_BITS) + (1 << WR_SOURCE_BITS),
	WR_BUCKET_FIRST = WR_TRACK_FIRST + WR_TRACK_LINES,
	WR_SLOT_FRAGMENTS = WR_JUDGE_RULES - 1,	 /* counters of later fragments that were dropped */
	WR_SLOT_UNREADABLE = WR_JUDGE_RULES - 2, /* and of what could not be read to the end */
	WR_SLOT_PAST = WR_JUDGE_RULES - 3,	 /* and of rules that have made room for others */
	WR_VEC_NONE = 0,
	WR_VEC_FIRST = 1,
};

/*
 * The head of an image: one for each interface and direction. A line. A trie gives a class: what is
 * of the same class is the same to all rules; 0: no rule matches it. Two classes are joined by a
 * table (Gupta, McKeown, SIGCOMM 1999), so that in the end one vector tells which rules match;
 * where the table would be too large, the vectors of both are.
 */
struct wr_judge_head {
	__u32 src4, src6, dst4, dst6; /* references of tries of classes, by address */
	__u32 service;		      /* of one by wr_service_key() */
	__u32 with_service;   /* line of the table that joins sources and services; 0: no rule
				 wants a service */
	__u32 services;	      /* classes of services: a row of that table */
	__u32 with_dst, dsts; /* and what comes of it with destinations */
	__u32 always;	      /* vector: rules for this interface and direction */
	__u32 inner;	      /* of them those that look inside tunnels, too */
	__u32 not_ip;	      /* vector of those that want no address and no service */
	__u32 vectors;	      /* line of vector 1 */
	__u32 rules;	      /* line of the rules, two in each, by term; tests in front of it */
	__u16 first_class;    /* terms from here on are of bandwidth classes */
	__u16 per_source;     /* term + 1 of the first with a rate per source; 0: none has */
	__u16 flags;	      /* WR_HEAD_* */
	__u8 stride;	      /* lines of a vector */
	__u8 link;	      /* WR_HEAD_CLASSES: its number */
};
_Static_assert(sizeof(struct wr_judge_head) == 64, "a line");

enum {
	WR_HEAD_COUNT_ONLY = 1 << 0, /* the kill switch: nothing is dropped, all is counted */
	WR_HEAD_AND_SERVICE = 1 << 2,
	WR_HEAD_AND_DST = 1 << 3,
	WR_HEAD_FRAG_DROP = 1 << 1, /* later fragments whose first is not known */
	WR_HEAD_UNREADABLE_DROP = 1 << 4,
	WR_HEAD_CLASSES = 1 << 5, /* of a link are governed */
	WR_HEAD_FLOWS = 1 << 6,	  /* a rule asks a model that asks about the packet's flow */
	WR_HEAD_SOURCES = 1 << 7, /* or its source */
	WR_HEAD_TRAFFIC = WR_HEAD_FLOWS | WR_HEAD_SOURCES,
};

enum wr_do { WR_DO_ALLOW, WR_DO_DROP, WR_DO_LIMIT, WR_DO_CLASS, WR_DO_COOKIES };

struct wr_judge_rule {
	struct wr_rate rate; /* WR_DO_LIMIT; WR_DO_COOKIES: cost 0: any is too much; WR_DO_CLASS:
				cost_ns is its number for WR_RULE_HOST, of others that is slot */
	__u32 until_10ms;    /* CLOCK_MONOTONIC / 2^23 ns (8.4 ms); 0: no end */
	__u16 slot;	     /* of its counters; for WR_DO_CLASS the class */
	__u8 action;	     /* enum wr_do */
	__u8 flags;	     /* WR_RULE_* */
	__u8 where;	     /* expression + 1; 0: none */
	__u8 bits4, bits6;   /* WR_RULE_PER_SOURCE: of the address */
	__u8 score;	     /* test + 1 (core/model.h), in front of the rules; 0: none */
};
_Static_assert(sizeof(struct wr_judge_rule) == 32, "two in a line");

enum {
	WR_RULE_SHADOW = 1 << 0,
	WR_RULE_BYTES = 1 << 1, /* the rate is of bytes */
	WR_RULE_SYN = 1 << 2,	/* the rate is of new connections */
	WR_RULE_PER_SOURCE = 1 << 3,
	WR_RULE_PER_SERVICE = 1 << 4,
	WR_RULE_HOST = 1 << 5, /* of flows that are known to have asked for its host */
	WR_UNTIL_SHIFT = 23,
};

/* Which bit it was, by the highest six bits of its product with the sequence: core/judge.h. */
#define WR_DE_BRUIJN 0x03f79d71b4cb0a89ull
#define WR_LOWEST_BITS                                                                             \
	0, 1, 48, 2, 57, 49, 28, 3, 61, 58, 50, 42, 38, 29, 17, 4, 62, 55, 59, 36, 53, 51, 43, 22, \
		45, 39, 33, 30, 24, 18, 12, 5, 63, 47, 56, 27, 60, 41, 37, 16, 54, 35, 52, 21, 44, \
		32, 23, 11, 46, 26, 40, 15, 34, 20, 31, 10, 25, 14, 19, 9, 13, 8, 7, 6

/* Per CPU and rule. */
struct wr_rule_count {
	__u64 packets, bytes;	      /* that matched */
	__u64 hit_packets, hit_bytes; /* of them: dropped, over the limit; of a shadow: would be */
};

/* Per path, CPU and rule: packets that were not let through because of it. */
struct wr_gone {
	__u64 dropped_packets, dropped_bytes;
	__u64 limited_packets, limited_bytes;
};

enum { WR_NO_CLASS = 0xff, WR_RULE_NAME = 48 }; /* bytes of a name in the map of names */
/* wr_judge.governed: what its class gives way in is only counted; it is kept out. */
enum { WR_NOT_GOVERNED, WR_GOVERN_COUNTED, WR_GOVERNED };
/* The last: a SYN that was over the rate, and was answered in place of its service. */
enum wr_verdict { WR_VERDICT_PASS, WR_VERDICT_DROP, WR_VERDICT_LIMIT, WR_VERDICT_ANSWER };

/* What a `cookies` rule wants of a packet: an answer, a look whether its cookie is right; it had
 * that. */
enum { WR_COOKIE_NONE, WR_COOKIE_SYN, WR_COOKIE_ACK, WR_COOKIE_DONE };

/* ---- models: core/model.h ---- */

enum {
	WR_MODEL_FEATURES = 32, /* room for so many; a power of two */
	WR_MODEL_TREES = 32,
	WR_MODEL_LEVELS = 3, /* of a line */
	WR_MODEL_ASKS = 7,   /* questions in it */
	WR_MODEL_TURNS = 3,  /* lines on the way from root to leaf */
	WR_MODEL_DEPTH = WR_MODEL_LEVELS * WR_MODEL_TURNS,
	WR_MODEL_LEAF = 1 << 15,
	WR_MODEL_VALUE = WR_MODEL_LEAF - 1, /* the most that a leaf is worth */
	WR_MODEL_MOST = (1 << 24) - 1,	    /* of a value that is asked about */
	WR_MODEL_WORDS = 11,		    /* of 64 bits: what is asked of a packet alone */
	WR_MODEL_MASKS = 2, /* lines in front of the roots: which of those words' bits matter */
	/* Questions on the way through all trees from which a look at what was said before is worth
	 * more than it costs. */
	WR_MODEL_WORTH_KEEPING = 40,
};

struct wr_model_line {
	__u32 above[WR_MODEL_ASKS]; /* by question, 1 first, then 2n and 2n + 1: what is above
				       this goes right */
	__u8 where[WR_MODEL_ASKS];  /* and where the value is, bytes */
	__u8 pad;
	__u16 next[8]; /* WR_MODEL_LEAF | value, or a line of the model */
	__u32 pad2[3];
};
_Static_assert(sizeof(struct wr_model_line) == 64, "a line");

/* What a rule asks: is the sum at least so much? Lines of these stand in front of the rules. */
struct wr_model_test {
	__u64 id;    /* of what the model says; 0: its answers are not worth keeping */
	__u32 first; /* line of the model: the roots, then what is below them */
	__u32 least : 24, trees : 8;
};
_Static_assert(sizeof(struct wr_model_test) == 16, "four in a line");

struct wr_model_values {
	__u32 at[WR_MODEL_FEATURES];
} __attribute__((aligned(64)));

/* What is known of a flow or a source: core/traffic.h. */
enum { WR_TRACK_TIME_SHIFT = 20 }; /* times are CLOCK_MONOTONIC / 2^20 ns (1.05 ms) */

struct wr_track {
	__u64 tag; /* whose it is; 0: nobody's */
	__u32 packets, first, last;
	union {
		__u32 flags; /* of a flow: of TCP, all of them together */
		__u32 flows; /* of a source: that it began */
	};
	union {
		__u64 bytes; /* of a flow */
		struct {
			__u32 now, before; /* of a source: packets of this slot and the last one */
		};
	};
};
_Static_assert(sizeof(struct wr_track) == 32, "two in a line");

struct wr_track_line {
	struct wr_track way[2];
};

/* A decision in the making. */
struct wr_judge {
	__u32 base;   /* line where the image begins, in the map */
	__u32 head;   /* line of the image's head */
	__u32 vec[4]; /* always or inner; what matches; the same where it is joined: service,
			 destination */
	__u32 w;      /* the word that is looked at */
	__u32 len;
	__u64 summary; /* words that are left */
	__u64 word;    /* of word w, terms that are left */
	__u64 where;   /* bit n: expression n chooses the packet; bit 63: they were asked */
	__u64 now_ns;  /* 0: the clock was not read */
	__u16 slot;    /* of the rule that decided */
	__u8 verdict;  /* enum wr_verdict */
	__u8 level;    /* header that is looked at: 0 outer, 1 inner */
	__u8 decided, klass, governed;
	__u8 cookie;   /* WR_COOKIE_* */
	__u16 counted; /* slot + 1 of the rule that was asked last at this level */
	__u16 tagged;  /* slot + 1 of the rule whose tag is known; 0: none's is */
	__u32 link;    /* when governed: its number */
	__u64 tag;
	__u32 said;   /* by a user's program: WR_SAID_*, its slot << 8 */
	__u32 seq;    /* WR_VERDICT_ANSWER: of the answer, */
	__u16 mss;    /* what may be sent to us, */
	__u8 ip_off;  /* and where its IP header lies in the packet as the hook has it */
	__u8 why;     /* kept for the caller */
	__u32 scored; /* line of the model whose sum is known at this level; 0: none's is */
	__u32 sum;
	__u8 inner; /* the inner header has its turn yet */
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct wr_judge) == 128, "two lines of one CPU");

/* What a CPU owes and has not written yet, ns: core/govern.h. */
struct wr_debts {
	__u64 link, guarantee[17], ceiling[17];
	__u64 pad[5];
} __attribute__((aligned(64)));

#endif
