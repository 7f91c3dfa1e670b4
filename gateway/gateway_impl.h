/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_GATEWAY_IMPL_H
#define WR_GATEWAY_IMPL_H

#include "gateway/gateway.h"

/* What the drivers and the work have in common; nobody else includes this. */

/* ---- what a gateway has ---- */

struct wr_gateway_found {
	uint8_t verb, kind;
	bool tagged; /* stands between weir's marks */
	bool odd;    /* no entry that weir could have made: somebody else's */
	/* What the difference says: it goes, and is it to be another one then? */
	bool leaves;
	bool kept;			   /* it is weir's, as it should be */
	const struct wr_gateway_entry *to; /* borrowed from what is wanted */
	struct wr_prefix who;
	char name[WR_GATEWAY_SUBJECT]; /* CONSUMER, ROUTE; else "" */
	uint32_t rate;
	uint64_t until_s; /* 0: the gateway does not hold it */
	const char *key,
		*value; /* as they stand there; borrowed from seen->raw; value may be NULL */
};

enum { WR_GATEWAY_FILES = 5 };

struct wr_gateway_seen {
	struct wr_gateway_found *at; /* owned */
	size_t n, room;
	struct wr_buf raw[WR_GATEWAY_FILES];
	struct wr_buf file[WR_GATEWAY_FILES]; /* files as they are */
	bool there[WR_GATEWAY_FILES];	      /* the file, or object, is there */
	char stamp[96];			      /* nginx: what it says it runs */
	uint64_t version[WR_GATEWAY_FILES];   /* haproxy: of each map */
	char etag[160];			      /* caddy: of the list */
};

/* What was found, as an entry. */
struct wr_gateway_entry wr_gateway_found_entry(const struct wr_gateway_found *f);
int wr_gateway_seen_add(struct wr_gateway_seen *s, const struct wr_gateway_found *f); /* -ENOMEM */
void wr_gateway_seen_free(struct wr_gateway_seen *s);

/* ---- the difference (gateway/diff.c): pure ---- */

enum wr_gateway_deed {
	WR_GATEWAY_KEEP,
	WR_GATEWAY_ADD,
	WR_GATEWAY_CHANGE,
	WR_GATEWAY_REMOVE,
	WR_GATEWAY_TAKEN,  /* somebody else's entry for the same is there */
	WR_GATEWAY_FORGET, /* it is gone and is not there */
	WR_GATEWAY_DEEDS,
};

struct wr_gateway_diff {
	uint8_t *deed; /* owned: of each entry of the set */
	size_t count[WR_GATEWAY_DEEDS];
	size_t orphans; /* between weir's marks, and the ledger does not know them: they leave */
	size_t doubles; /* keys that are to change and stand there more than once */
	size_t foreign;
};

/* Fills d, and `leaves` and `to` of what was found. expires: the gateway holds ends. */
int wr_gateway_diff(struct wr_gateway_diff *d, const struct wr_gateway_set *want,
		    struct wr_gateway_seen *seen, bool expires, struct wr_err *err);
void wr_gateway_diff_free(struct wr_gateway_diff *d);
bool wr_gateway_diff_nothing(const struct wr_gateway_diff *d);
/* Is entry i in the gateway when all is done? */
static inline bool wr_gateway_stays(const struct wr_gateway_diff *d, size_t i)
{
	return d->deed[i] <= WR_GATEWAY_CHANGE;
}

/* ---- a plan (gateway/plan.c) ---- */

enum wr_gateway_step_kind {
	WR_GATEWAY_FILE,    /* write bytes to where, as a whole or not at all */
	WR_GATEWAY_SOCKET,  /* send bytes to the socket where; the answer is `expect` */
	WR_GATEWAY_HTTP,    /* method, where, head, bytes; the answer is a status of 2xx */
	WR_GATEWAY_COMMAND, /* run the words in bytes, each ended by 0 */
	WR_GATEWAY_STAMP,   /* ask where until it answers with bytes */
};

struct wr_gateway_step {
	enum wr_gateway_step_kind kind;
	bool undo;		   /* when it fails, the files before it are put back */
	uint8_t file;		   /* FILE: which of seen->file it was */
	const char *where;	   /* borrowed from the configuration, as base */
	const char *method, *base; /* HTTP: method and the address of the server */
	size_t at, n;		   /* bytes in plan->bytes */
	size_t expect, expect_n;   /* there, too; SOCKET */
	const char *again;   /* SOCKET: an answer with it says that much has changed meanwhile */
	size_t head, head_n; /* HTTP: a header line */
	size_t path, path_n; /* HTTP: what follows base */
};

struct wr_gateway_plan {
	struct wr_gateway_step *at; /* owned */
	size_t n, room;
	struct wr_buf bytes;
	bool failed; /* no memory: told once, when it is shown or run */
	uint64_t now_s;
	/* What the files were, to put them back. */
	const struct wr_gateway_seen *was;
};

struct wr_gateway_step *wr_gateway_step(struct wr_gateway_plan *p, enum wr_gateway_step_kind kind,
					const char *where);
void wr_gateway_step_ends(struct wr_gateway_plan *p); /* bytes since wr_gateway_step() are its */
void wr_gateway_plan_free(struct wr_gateway_plan *p);
void wr_gateway_plan_show(const struct wr_gateway_plan *p, struct wr_buf *b);
/* -EAGAIN: the gateway has changed since it was read; read it again. */
int wr_gateway_plan_run(const struct wr_gateway *g, const struct wr_gateway_plan *p,
			struct wr_err *err);

/* ---- a driver ---- */

struct wr_gateway_driver {
	const char *name;
	uint32_t (*can)(const struct wr_gateway_conf *c);
	const char *(*where)(const struct wr_gateway_conf *c);
	/* What types and ranges cannot say of its configuration; NULL: nothing. */
	int (*check)(const struct wr_gateway_conf *c, struct wr_err *err);
	/* Beyond what `can` says; NULL: nothing. -EOPNOTSUPP. */
	int (*accepts)(const struct wr_gateway_conf *c, const struct wr_gateway_entry *e,
		       struct wr_err *err);
	/* Everything that is there, of weir and of others. */
	int (*read)(const struct wr_gateway *g, struct wr_gateway_seen *s, struct wr_err *err);
	/* Pure: is a file, or what runs, another one than it should be, though every entry is
	 * there? */
	bool (*stale)(const struct wr_gateway *g, const struct wr_gateway_set *want,
		      const struct wr_gateway_seen *seen, const struct wr_gateway_diff *d);
	/* Pure: from what is wanted and what is there. generation: to stamp what is made. */
	void (*plan)(const struct wr_gateway *g, const struct wr_gateway_set *want,
		     const struct wr_gateway_seen *seen, const struct wr_gateway_diff *d,
		     uint64_t generation, struct wr_gateway_plan *p);
	void (*probe)(struct wr_gateway *g, wr_gateway_tell_fn tell, void *ctx);
	/* HTTP: the header that has the key of api.key_file, "X-API-KEY"; NULL: none. */
	const char *key_header;
	const struct wr_gateway_dialect *dialect; /* gateway/object.c */
	const struct wr_gateway_form *form;	  /* gateway/own.c */
};

/* gateway/list.c: a line each, in the order of wr_gateway_driver_names. */
extern const struct wr_gateway_driver *const wr_gateway_drivers[];
extern const struct wr_gateway_driver wr_gateway_haproxy, wr_gateway_nginx, wr_gateway_caddy;
extern const struct wr_gateway_driver wr_gateway_nginx_lua, wr_gateway_envoy, wr_gateway_traefik;
extern const struct wr_gateway_driver wr_gateway_apinto, wr_gateway_apisix, wr_gateway_kong;

/* ---- the wires (gateway/wire.c, gateway/http.c, gateway/exec.c): deadlines on everything ---- */

/* Sends bytes to a unix socket and reads to the end. -ECONNREFUSED: nobody there; -ETIMEDOUT;
 * -EMSGSIZE: a larger answer than answer_bytes. err names the socket and the mend. */
int wr_gateway_ask(const struct wr_gateway *g, const char *path, const char *bytes, size_t n,
		   struct wr_buf *answer, struct wr_err *err);

struct wr_gateway_http {
	const char *base;   /* http://127.0.0.1:2019 or unix:PATH */
	const char *path;   /* /config/ */
	const char *method; /* GET */
	const char *head;   /* a header line, or NULL */
	const char *body;
	size_t body_n;
	/* the answer */
	long status;
	char etag[160];
	struct wr_buf answer;
};
/* 0: there is an answer, of any status. Redirects are not followed. -ECONNRESET: cut off on the
 * way; else as above. */
int wr_gateway_http(const struct wr_gateway *g, struct wr_gateway_http *h, struct wr_err *err);
int wr_gateway_http_check(const char *base, struct wr_err *err); /* -EINVAL: no such address */

/* Runs argv (ended by NULL) and gives what it said, the first max bytes. -EIO: it ended with
 * another status than 0; -ETIMEDOUT: it was killed. */
int wr_gateway_exec(const struct wr_gateway *g, const char *const *argv, size_t max,
		    struct wr_buf *said, struct wr_err *err);
uint64_t wr_gateway_deadline_ns(const struct wr_gateway *g); /* CLOCK_MONOTONIC */
int wr_gateway_left_ms(uint64_t deadline_ns);		     /* until then; 0 = over */

/* ---- weir's marks in a file (gateway/block.c): pure ---- */

/*
 *	# weir begin NAME GENERATION: weir writes what stands between these marks
 *	...
 *	# weir end
 * What stands outside is somebody else's and stays as it is.
 */
struct wr_gateway_block {
	const char *before, *inside, *after; /* borrowed from the text */
	size_t before_n, inside_n, after_n;
	uint64_t generation; /* 0: there is no block */
};
/* -EINVAL: a begin without an end, or two of them; -EPERM: it is the block of another gateway. */
int wr_gateway_block_find(struct wr_gateway_block *k, const char *text, size_t n, const char *name,
			  struct wr_err *err);
/* The next line of text without its newline, at *at; NULL at the end. */
const char *wr_gateway_line(const char *text, size_t n, size_t *at, size_t *len);
void wr_gateway_block_begin(struct wr_buf *b, const struct wr_gateway_block *old, const char *name,
			    uint64_t generation);
void wr_gateway_block_end(struct wr_buf *b, const struct wr_gateway_block *old);
/* ---- routes as what gateways compare with (gateway/route.c): pure ---- */

/*
 * A regular expression for METHOD:HOST/PATH, of which no character has a meaning in maps of HAProxy
 * or files of nginx: "GET /a/{}.json" becomes
 *	^GET:[^/]* /a/[^/]+[.]json$		(without the blank)
 * and "/v1/" and a '*' ends before the '*'.
 */
void wr_gateway_route_print(struct wr_buf *b, const char *route);
/* And back. -EINVAL: weir has not made it. */
int wr_gateway_route_read(char to[WR_GATEWAY_SUBJECT], const char *pattern);
/* Which entries of want are routes that stay, the tightest first: where they overlap the first one
 * counts. The caller's to free; NULL: no memory. */
uint32_t *wr_gateway_routes_stay(const struct wr_gateway_set *want, const struct wr_gateway_diff *d,
				 size_t *n);

/* ---- files (gateway/file.c) ---- */

/* All of a file. -ENOENT, -EFBIG: more than max bytes; else what the system says. */
int wr_gateway_whole_file(const char *path, size_t max, struct wr_buf *b, struct wr_err *err);
/* As a whole or not at all (base/newfile.h). 0 or -errno. */
int wr_gateway_replace_file(const char *path, const char *bytes, size_t n, struct wr_err *err);

#endif
