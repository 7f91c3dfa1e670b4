/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_GATEWAY_GATEWAY_H
#define WR_GATEWAY_GATEWAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/conf.h"
#include "base/err.h"
#include "policy/policy.h"

/*
 * One door to API gateways. What shall be so is a list of entries, kept in a file (the ledger). A
 * driver reads what the gateway has, the difference is worked out (pure), and a plan of steps makes
 * it so: files to write, bytes to send, commands to run. A dry run shows that same plan.
 *
 * What weir has not put there is never changed: an entry is weir's when the ledger says that weir
 * has put it, or when it stands between weir's marks in a file (gateway/block.h).
 */

enum {
	WR_GATEWAY_NAME = 32,	      /* bytes of a gateway's name, with its 0 */
	WR_GATEWAY_WHY = 64,	      /* bytes of a reason, with its 0 */
	WR_GATEWAY_SUBJECT = 128,     /* bytes of a route or a consumer's name, with its 0 */
	WR_GATEWAY_MOST = 1000000,    /* entries of a gateway */
	WR_GATEWAY_RATE_MAX = 999999, /* requests a second */
};

enum wr_gateway_verb { WR_GATEWAY_DENY, WR_GATEWAY_LIMIT, WR_GATEWAY_VERBS };
enum wr_gateway_kind {
	WR_GATEWAY_ADDRESS,  /* an address or prefix, as the gateway believes it to be */
	WR_GATEWAY_KEY,	     /* a hash of the credential that a request shows */
	WR_GATEWAY_CONSUMER, /* who it is by the gateway's own name for him */
	WR_GATEWAY_ROUTE,    /* each consumer of it, for what he asks of it */
	WR_GATEWAY_KINDS,
};
enum wr_gateway_state {
	WR_GATEWAY_WANTED, /* never put there */
	WR_GATEWAY_PUT,	   /* put there, or about to be */
	WR_GATEWAY_GONE,   /* to be taken out, and then forgotten */
	WR_GATEWAY_LONGER, /* put there, and lasts longer than the gateway has been told */
	WR_GATEWAY_STATES,
};

struct wr_gateway_entry {
	uint8_t verb, kind, state;
	/* A KEY: ip_v 0, the hash in addr, bits = 8 for each of its bytes. CONSUMER, ROUTE: 0. */
	struct wr_prefix who;
	/* CONSUMER: his name; ROUTE: "[METHOD ][HOST]/PATH", {} for any one segment. Else "". */
	char name[WR_GATEWAY_SUBJECT];
	uint32_t rate;	  /* LIMIT: requests a second */
	uint32_t place;	  /* for sorting */
	uint64_t until_s; /* Unix seconds */
	char why[WR_GATEWAY_WHY];
};

/* ---- entries (gateway/entry.c) ---- */

/* Sorted by verb, kind and who, each once. */
struct wr_gateway_set {
	struct wr_gateway_entry *at; /* owned */
	size_t n, room;
};

/*
 * One entry, as it is typed and as it stands in files:
 *	deny 203.0.113.7 for 10m why "tries passwords"
 *	limit 2001:db8::/32 to 5 until 2026-11-24T10:00:00Z
 *	deny key 1F0A93C2B4D5E6F7
 *	limit consumer alice to 5
 *	limit route GET /users/{id} to 10
 * Without an end it lasts 10 minutes. Quotes around the reason, the last of it, may be there.
 * -EINVAL: err says what was expected; *out is untouched.
 */
int wr_gateway_entry_parse(struct wr_gateway_entry *out, const char *text, uint64_t now_s,
			   struct wr_err *err);
/* "deny 203.0.113.7 until 1795409040 why …": reads back as the same. */
void wr_gateway_entry_print(struct wr_buf *b, const struct wr_gateway_entry *e);
/* "203.0.113.7/32", "1F0A…", "alice", "GET /users/{}"; with_kind: "key ", … before it. */
void wr_gateway_who_print(struct wr_buf *b, const struct wr_gateway_entry *e, bool with_kind);
extern const char *const wr_gateway_kind_names[WR_GATEWAY_KINDS]; /* "" "key" … */
/* A route's canonical form, as an entry has it. -EINVAL: err says what is none. */
int wr_gateway_route(char to[WR_GATEWAY_SUBJECT], const char *text, struct wr_err *err);
int wr_gateway_entry_order(const struct wr_gateway_entry *a, const struct wr_gateway_entry *b);

void wr_gateway_set_free(struct wr_gateway_set *s); /* empty afterwards */
/* At the end, unsorted. -ENOMEM. */
int wr_gateway_set_add(struct wr_gateway_set *s, const struct wr_gateway_entry *e);
void wr_gateway_set_sort(struct wr_gateway_set *s); /* of doubles the one added last stays */
/* The entry for the same, or NULL. */
struct wr_gateway_entry *wr_gateway_set_find(const struct wr_gateway_set *s,
					     const struct wr_gateway_entry *e);
/* Lines of a file; '#' begins a comment. Sorted. -EINVAL: err names the line; -E2BIG: more than
 * max. */
int wr_gateway_set_read(struct wr_gateway_set *s, const char *path, size_t max, uint64_t now_s,
			struct wr_err *err);

/* ---- a gateway (gateway/conf.c, gateway/list.c) ---- */

/* What a driver can do; what it cannot is refused and never approximated. */
enum {
	WR_GATEWAY_CAN_DENY = 1 << 0,
	WR_GATEWAY_CAN_LIMIT = 1 << 1,
	WR_GATEWAY_CAN_KEYS = 1 << 2,
	WR_GATEWAY_CAN_EXPIRE =
		1 << 3, /* entries end by the gateway's own clock, weir dead or not */
	WR_GATEWAY_CAN_ANY_RATE = 1 << 4,
	WR_GATEWAY_CAN_ATOMIC = 1 << 5,	 /* many entries come in force at the same moment */
	WR_GATEWAY_CAN_STAY = 1 << 6,	 /* what is in force survives a restart of the gateway */
	WR_GATEWAY_CAN_CONFIRM = 1 << 7, /* it says itself what it has taken */
	WR_GATEWAY_CAN_LIMIT_KEYS = 1 << 8,
	WR_GATEWAY_CAN_CONSUMERS = 1 << 9, /* refuse and limit them */
	WR_GATEWAY_CAN_ROUTES = 1 << 10,   /* limit each consumer of one */
};
struct wr_gateway_can {
	uint32_t bit;
	const char *name, *text;
};
extern const struct wr_gateway_can wr_gateway_cans[]; /* ended by a name of NULL */

struct wr_gateway_conf {
	int driver; /* which of wr_gateway_driver_names */
	uint64_t timeout_ns, most, longest_ns, answer_bytes;
	struct wr_conf_list never;
	struct {
		const char *socket, *deny, *limit, *keys, *key_limit, *routes;
	} haproxy;
	struct {
		const char *file, *stamp, *consumer;
		struct wr_conf_list command, classes;
		bool routes;
	} nginx;
	struct {
		const char *admin;
	} nginx_lua;
	struct {
		const char *file;
	} envoy, traefik;
	struct {
		const char *admin, *id;
	} caddy;
	struct {
		const char *admin, *key_file;
	} api;
};

struct wr_gateway_driver;
struct wr_gateway {
	char name[WR_GATEWAY_NAME];
	const struct wr_gateway_driver *driver;
	struct wr_gateway_conf conf;
	struct wr_conf *values; /* owned: what conf borrows from */
	struct wr_prefixes never;
	/* Who keeps the ledgers when it is not root; 0: nobody else. Root then works on them as
	 * that user, so that nothing which he puts there leads anywhere else. The caller's to set.
	 */
	uid_t keeper;
};

extern const struct wr_conf_item wr_gateway_items[];
extern const char *const wr_gateway_driver_names[]; /* ended by NULL */

/* Reads FOLDER/NAME.conf. -ENOENT: there is none of that name (err says which there are); -EINVAL:
 * every error goes to tell, the first to err. *g is empty on failure. */
int wr_gateway_open(struct wr_gateway *g, const char *folder, const char *name,
		    wr_conf_tell_fn tell, void *ctx, struct wr_err *err);
void wr_gateway_close(struct wr_gateway *g);
const char *wr_gateway_driver_name(const struct wr_gateway *g);
const char *wr_gateway_where(const struct wr_gateway *g); /* its socket, file or address */
uint32_t wr_gateway_can(const struct wr_gateway *g);

/* Names of FOLDER/NAME.conf, sorted. A folder that is not there has none. 0 or -errno. */
struct wr_gateway_names {
	char (*at)[WR_GATEWAY_NAME]; /* owned */
	size_t n;
};
int wr_gateway_names(struct wr_gateway_names *out, const char *folder, struct wr_err *err);
void wr_gateway_names_free(struct wr_gateway_names *n);

/*
 * What must not be shut out (gateway/guard.c): 0, or -EINVAL and err says why. never and its own
 * list (gateway.never) are for good; what is too wide or too long is for --force.
 */
int wr_gateway_guard(const struct wr_gateway *g, const struct wr_prefixes *never,
		     const struct wr_gateway_entry *e, uint64_t now_s, bool force,
		     struct wr_err *err);

/* ---- the ledger (gateway/ledger.c) ---- */

struct wr_gateway_ledger {
	struct wr_gateway_set set;
	uint64_t generation; /* of the last change; grows, also when the file is lost */
	char path[4096];
	int lock_fd;
	uid_t as; /* root works on the files as that user; 0: as himself */
};

/* Opens STATE/NAME.ledger, makes the folder when it is not there, and keeps others out until it is
 * closed. -EBUSY: another weir has it; -EINVAL: the file is broken (err says where, and the mend).
 */
int wr_gateway_ledger_open(struct wr_gateway_ledger *l, const char *state,
			   const struct wr_gateway *g, struct wr_err *err);
/* As a whole or not at all. 0 or -errno. */
int wr_gateway_ledger_save(const struct wr_gateway_ledger *l, const struct wr_gateway *g,
			   struct wr_err *err);
void wr_gateway_ledger_close(struct wr_gateway_ledger *l);
/* Pure: the file's text, and back. -EINVAL. */
void wr_gateway_ledger_print(struct wr_buf *b, const struct wr_gateway_ledger *l, const char *name,
			     const char *driver);
int wr_gateway_ledger_parse(struct wr_gateway_ledger *l, char *text, const char *name,
			    const char *driver, struct wr_err *err);

/* ---- what is done (gateway/work.c) ---- */

struct wr_gateway_result {
	size_t added, changed, removed; /* in the gateway */
	size_t in_force;		/* weir's entries that are there */
	size_t foreign_was, foreign;	/* entries of others, before and now: left alone */
	size_t taken;			/* wanted, but others have put the same there: left alone */
	size_t steps;
	uint64_t generation;
	bool unsaved; /* the ledger could not be written: what was newly wanted is not kept */
	char first_taken[64];
	/* Of the ledger, which the configuration no longer takes: they have ended; why the first.
	 */
	size_t untaken;
	char first_untaken[256];
};

/*
 * Makes the gateway what the ledger says: reads back, works out the difference, writes the ledger,
 * carries the plan out, reads back again. What has ended by now_s is taken out, and so is what the
 * configuration no longer takes (wr_gateway_accepts()). show: a dry run;
 * the plan is written there and nothing is changed, the ledger neither.
 * 0; -errno: err says what is wrong and the mend, the ledger is kept, and a later call goes on.
 */
int wr_gateway_reconcile(struct wr_gateway *g, struct wr_gateway_ledger *l, uint64_t now_s,
			 struct wr_buf *show, struct wr_gateway_result *r, struct wr_err *err);

/* Each entry is taken into the ledger, over one for the same. -E2BIG: more than gateway.most; then
 * none is, as with any error. */
int wr_gateway_want(struct wr_gateway *g, struct wr_gateway_ledger *l,
		    const struct wr_gateway_set *entries, struct wr_err *err);
/* Is to be taken out; which NULL: every one. Returns how many. */
size_t wr_gateway_lift(struct wr_gateway_ledger *l, const struct wr_gateway_entry *which);
size_t wr_gateway_lift_others(struct wr_gateway_ledger *l, const struct wr_gateway_set *keep);

/* Does the driver take it? -EOPNOTSUPP: err says what it cannot, and what would do. */
int wr_gateway_accepts(const struct wr_gateway *g, const struct wr_gateway_entry *e,
		       struct wr_err *err);

/* At the start of a process that works at gateways: a name server that is silent is soon given up,
 * else its lookups pile up behind the deadline (RES_OPTIONS in resolv.conf(5); one that is set
 * stays). */
void wr_gateway_begin(void);

/* ---- what is so (probe) ---- */

enum wr_gateway_mark { WR_GATEWAY_GOOD, WR_GATEWAY_WARN, WR_GATEWAY_BAD };
/* Told of each thing that was looked at; mend is NULL when it is good. */
typedef void (*wr_gateway_tell_fn)(void *ctx, enum wr_gateway_mark mark, const char *text,
				   const char *mend);
void wr_gateway_probe(struct wr_gateway *g, wr_gateway_tell_fn tell, void *ctx);

#endif
