/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_POLICY_POLICY_H
#define WR_POLICY_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct wr_buf;
struct wr_model;

/*
 * What the operator wants, as data. The language is one statement a line (docs/policy.md):
 *
 *	set partners = 10.1.0.0/16 2001:db8::/32 @others file "/etc/weir/partners"
 *	class web = guarantee 50mbit ceiling 200mbit priority 1
 *	link eth0 = capacity 1gbit
 *	model flood = file "/etc/weir/flood.json"
 *	fragments drop
 *	unreadable pass
 *	vpn: allow from @partners to udp/51820 why "the way in"
 *	drop from 203.0.113.0/24 for 10m why "port scan"
 *	limit 1000pps burst 200 per source/24 to tcp/443
 *	cookies over 1kcps to tcp/443@10.0.0.5 for 10m
 *	limit 10kpps to udp/53 score flood over 0.9
 *	class web to tcp/443@10.0.0.5 at mon-fri 08:00-18:00
 *
 * Order: all `allow` before everything; the rest by priority, lowest first, then as they stand. The
 * first rule that matches decides; one that is a shadow only counts, and the next one is asked.
 * A `class` rule decides nothing about `drop` and `limit`: it is a list of its own.
 *
 * Pure: reads no file but those that sets and models name, knows no kernel.
 */

enum {
	WR_POLICY_NAME = 32, /* room of a name, with its 0 */
	WR_POLICY_RULES = 4096,
	WR_POLICY_CLASSES = 16,
	WR_POLICY_MODELS = 8,
	WR_POLICY_SETS = 1024,
	WR_POLICY_LINKS = 64,
	WR_POLICY_SET_PREFIXES = 1000000, /* in one set */
	WR_POLICY_PREFIXES = 4000000,	  /* in all sets and rules */
	WR_POLICY_LIST = 1024,		  /* items of a list in a rule, sets and files of a set */
	WR_POLICY_PRIORITY = 100,	  /* of a rule that does not say */
};

struct wr_prefix {
	uint8_t addr[16]; /* network order; IPv4 in the first four bytes; bits behind the prefix 0
			   */
	uint8_t ip_v;	  /* 4 or 6 */
	uint8_t bits;
};

/* Sorted by ip_v, addr, bits, without doubles: what wr_prefixes_sort() makes. */
struct wr_prefixes {
	struct wr_prefix *at; /* owned */
	size_t n, room;
};

/* A named set. It is kept as written, and flattened. */
struct wr_set {
	char name[WR_POLICY_NAME];
	struct wr_prefixes own; /* sorted: as they stand behind the '=' */
	int *sets;		/* owned; indexes of the sets it names */
	size_t n_sets;
	char **files; /* owned; absolute paths */
	size_t n_files;
	struct wr_prefixes filed; /* sorted: what the files had when they were read */
	struct wr_prefixes all;	  /* sorted: of itself, of the files and of the sets it names */
	unsigned int line;
};

enum wr_action {
	WR_ACTION_ALLOW,
	WR_ACTION_DROP,
	WR_ACTION_LIMIT,
	WR_ACTION_CLASS,
	WR_ACTION_COOKIES,
	WR_ACTION_COUNT
};

enum wr_rate_unit {
	WR_RATE_PPS, /* packets per second */
	WR_RATE_BPS, /* bits per second, of whole frames */
	WR_RATE_CPS, /* new connections per second: TCP SYN without ACK */
	WR_RATE_COUNT
};

enum wr_limit_per {
	WR_PER_RULE,	/* one budget for all that matches */
	WR_PER_SOURCE,	/* one for each source address, or prefix of bits4/bits6 */
	WR_PER_SERVICE, /* one for each local address, protocol and port */
	WR_PER_COUNT
};

struct wr_limit {
	enum wr_rate_unit unit;
	enum wr_limit_per per;
	uint64_t rate;	      /* per second, in the unit; bits for WR_RATE_BPS */
	uint64_t burst;	      /* packets, connections, or bytes; 0: what the rate gives in 100 ms */
	uint8_t bits4, bits6; /* WR_PER_SOURCE: 32 and 128 unless said */
};

/* tcp/443, udp/5000-5999@10.0.0.5, sctp, 10.0.0.0/24: what is asked for. */
struct wr_target {
	int proto;		/* IP protocol number, -1: any */
	uint16_t port, port_to; /* both 0: any; inclusive */
	struct wr_prefix addr;	/* ip_v 0: any */
};

/*
 * Which days (bit 0 = Monday; 0: every day) and minutes of a day, local time: from is in it, to is
 * not; both 0: the whole day. from > to goes over midnight, and belongs to the day on which it
 * begins. All 0: always.
 */
struct wr_schedule {
	uint8_t days;
	uint16_t from_min, to_min;
};

struct wr_rule {
	char name[WR_POLICY_NAME]; /* given, or r1, r2 … : unique */
	bool named;		   /* the name was given */
	enum wr_action action;
	struct wr_limit limit; /* WR_ACTION_LIMIT; WR_ACTION_COOKIES: rate 0: any is too much */
	int klass;	       /* WR_ACTION_CLASS: index of the class */

	/* What it is for: all of these have to match; an empty one matches all. */
	struct wr_prefixes from; /* owned; addresses written in the rule */
	int *from_sets;		 /* owned; indexes of sets, any of them */
	size_t n_from_sets;
	bool not_from;	      /* `not from`: none of them */
	struct wr_target *to; /* owned; any of them */
	size_t n_to;
	char **ifaces; /* owned; any of them */
	size_t n_ifaces;
	char *host;  /* owned or NULL: TLS, QUIC or HTTP host of the flow, `*.` in front allowed */
	char *where; /* owned or NULL: pcap-filter expression */
	uint8_t model;	/* index + 1 of the model whose score is asked for; 0: none */
	uint16_t score; /* the score has to be over so many thousandths */
	bool inner;	/* also of what a tunnel carries */
	bool out;	/* of what leaves, else of what arrives */

	uint32_t priority; /* 100 unless said */
	bool shadow;	   /* counts what it would do */
	bool automatic;	   /* made by detection: must have an end */
	int64_t until_s;   /* Unix time, 0: no end */
	uint32_t for_s;	   /* as written: counted from when the rule comes into force; 0: none */
	struct wr_schedule at;
	char *why;	   /* owned or NULL */
	unsigned int line; /* 0: added later */
};

/* A named ensemble of trees: model/model.h. */
struct wr_policy_model {
	char name[WR_POLICY_NAME];
	char *file;		/* owned; an absolute path */
	struct wr_model *model; /* owned: what the file had when it was read */
	unsigned int line;
};

struct wr_class {
	char name[WR_POLICY_NAME];
	uint64_t guarantee_bps, ceiling_bps; /* 0: none */
	uint8_t priority;		     /* 1 = gives way last … 8 */
	unsigned int line;
};

struct wr_link {
	char iface[16];
	uint64_t in_bps, out_bps; /* capacity; 0: measured */
	unsigned int line;
};

/* Packets whose headers go on beyond what is read, so that no rule could be held against them as a
 * whole. Not said: dropped where a drop rule is in force that is no shadow. */
enum wr_unreadable { WR_UNREADABLE_UNSAID, WR_UNREADABLE_PASS, WR_UNREADABLE_DROP };

struct wr_policy {
	struct wr_set *set; /* owned, all of these */
	size_t n_sets;
	struct wr_rule *rule; /* as they stand */
	size_t n_rules;
	struct wr_class class_[WR_POLICY_CLASSES];
	size_t n_classes;
	struct wr_link *link;
	size_t n_links;
	struct wr_policy_model model[WR_POLICY_MODELS];
	size_t n_models;
	bool drop_fragments; /* later fragments whose first is not known; else they pass */
	enum wr_unreadable unreadable;
};

/* Every wrong line is told, with what was expected; a person mends all of them at once. Columns are
 * characters, from 1. */
typedef void (*wr_policy_tell_fn)(void *ctx, unsigned int line, unsigned int column,
				  const char *text);

/*
 * text: statements, n bytes. name: of the file, for messages. *out is owned (wr_policy_free) and
 * NULL on failure. -EINVAL: told line by line, err has the first as NAME:LINE:COLUMN: text; -E2BIG:
 * more than one of the limits above, told too; -ENOMEM.
 */
int wr_policy_parse(struct wr_policy **out, const char *text, size_t n, const char *name,
		    wr_policy_tell_fn tell, void *ctx, struct wr_err *err);
void wr_policy_free(struct wr_policy **p); /* NULL is fine; sets NULL */

/* One statement a line, in the form that parses to the same and prints to the same again: links,
 * classes, sets, models, rules as they stand. */
void wr_policy_print(struct wr_buf *b, const struct wr_policy *p);
/* These without a newline. */
void wr_policy_print_rule(struct wr_buf *b, const struct wr_policy *p, const struct wr_rule *r);
void wr_policy_print_set(struct wr_buf *b, const struct wr_policy *p, const struct wr_set *s);
void wr_policy_print_rate(struct wr_buf *b, enum wr_rate_unit unit, uint64_t rate); /* 20mbit */

/* Is that (wr_l7.host of HTTP, TLS or QUIC) one of a rule's `host`? Without regard to case (RFC
 * 4343). */
bool wr_policy_host_is(const char *pattern, const char *host);

/* Indexes of the rules in the order in which they are asked, `class` rules, a list of their own,
 * behind all others; out has room for n_rules. */
void wr_policy_order(const struct wr_policy *p, uint32_t *out);

/* Indexes by name (a set without its @); -1: there is none. */
int wr_policy_set(const struct wr_policy *p, const char *name);
int wr_policy_rule(const struct wr_policy *p, const char *name);
int wr_policy_class(const struct wr_policy *p, const char *name);
int wr_policy_model(const struct wr_policy *p, const char *name);

/*
 * Changes, each on a policy of its own (copy, change, compile, put in force: nobody sees half of
 * it). What fails changes nothing. statement: one line; a wrong one is -EINVAL with its column and
 * what was expected. -ENOENT: there is none of that name; -EEXIST: there is one; -EBUSY: rules or
 * sets use it; -E2BIG; -ENOMEM.
 */
int wr_policy_add(struct wr_policy *p, const char *statement, struct wr_err *err);
/* The same; the files of a set that `known` has in the very words in which sets are printed are not
 * read again: it gets what that one has of them. known NULL: they are read. */
int wr_policy_add_known(struct wr_policy *p, const char *statement, const struct wr_policy *known,
			struct wr_err *err);
/* `set NAME = …` in the place of the set of that name, which may be named by rules and sets. Reads
 * the files again. */
int wr_policy_replace_set(struct wr_policy *p, const char *statement, struct wr_err *err);
int wr_policy_del_rule(struct wr_policy *p, const char *name, struct wr_err *err);
int wr_policy_del_set(struct wr_policy *p, const char *name, struct wr_err *err);
/* One prefix into a set, or out of it, without reading files. Only what is written in the set
 * itself can be taken out: -ENOENT says where it stands else. -EEXIST: it is written there. */
int wr_policy_set_add(struct wr_policy *p, const char *name, const struct wr_prefix *x,
		      struct wr_err *err);
int wr_policy_set_del(struct wr_policy *p, const char *name, const struct wr_prefix *x,
		      struct wr_err *err);
/* Deep: files are not read again. *out is untouched on failure. */
int wr_policy_copy(struct wr_policy **out, const struct wr_policy *p, struct wr_err *err);

/* Is it on at this moment (Unix time, local zone)? */
bool wr_schedule_has(const struct wr_schedule *s, int64_t unix_s);

/* ---- prefixes ---- */

/* 0 or -EINVAL: also when bits behind the prefix are set, and for IPv4 mapped into IPv6, which no
 * packet carries. */
int wr_prefix_parse(struct wr_prefix *out, const char *text, size_t n);
/* Why it was refused and how it is mended, without the text itself. Returns -EINVAL. */
int wr_prefix_explain(const char *text, size_t n, struct wr_err *err);
void wr_prefix_print(struct wr_buf *b, const struct wr_prefix *p); /* without /32 and /128 */
bool wr_prefix_has(const struct wr_prefix *p, uint8_t ip_v, const uint8_t addr[16]);

int wr_prefixes_add(struct wr_prefixes *s, const struct wr_prefix *p); /* at the end; -ENOMEM */
void wr_prefixes_sort(struct wr_prefixes *s);			       /* also takes doubles out */
void wr_prefixes_free(struct wr_prefixes *s);			       /* empty afterwards */
/* These want it sorted, and leave it so. */
bool wr_prefixes_in(const struct wr_prefixes *s, const struct wr_prefix *p); /* the very prefix */
/* The first of `of` that has an address in common with one of s; NULL: none has. One pass over
 * both. */
const struct wr_prefix *wr_prefixes_meet(const struct wr_prefixes *s, const struct wr_prefixes *of);
int wr_prefixes_put(struct wr_prefixes *s, const struct wr_prefix *p); /* -EEXIST; -ENOMEM */
bool wr_prefixes_del(struct wr_prefixes *s,
		     const struct wr_prefix *p); /* false: it was not there */
/* Behind what is there, to be sorted when all is joined. -E2BIG: more than fit a set; -ENOMEM. */
int wr_prefixes_join(struct wr_prefixes *s, const struct wr_prefixes *more);
/*
 * One prefix a line, '#' begins a comment; joined to what is there. A million lines take well under
 * a second. -EINVAL: err has PATH:LINE: what is wrong; -E2BIG: more than WR_POLICY_SET_PREFIXES;
 * -errno of the file. s may have some of them then.
 */
int wr_prefixes_read(struct wr_prefixes *s, const char *path, struct wr_err *err);

#endif
