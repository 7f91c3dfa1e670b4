/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_VIEW_STATUS_H
#define WR_VIEW_STATUS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "capture/capture.h"
#include "view/rules.h"

/* The state of a running daemon. What is 0, NULL or "" is not known and not told. */

enum { WR_STATUS_IFACES = 256 };

struct wr_status_iface {
	char name[16];
	enum wr_hook hook;
	char why[256]; /* which hook, and why not a better one; what else there was to say */
};

/* Which rights a process has given up. */
struct wr_status_rights {
	bool known;
	char user[32];	   /* it runs as */
	bool capabilities; /* it has some left */
	bool no_new_privs;
	int landlock; /* ABI version that is applied; 0 = none */
	bool seccomp;
	char missing[128]; /* what this kernel could not give */
};

/* Where something goes out. */
struct wr_status_output {
	const char *name; /* "eve:/var/log/weir/eve.json" */
	uint64_t sent, lost, waiting;
	const char *trouble; /* why nothing goes out just now */
};

/* A gateway at which weir acts. */
struct wr_status_gateway {
	const char *name, *why;	    /* why: it is in trouble; "": it is well */
	uint64_t in_force, foreign; /* entries of weir and of others, read back */
};

struct wr_status {
	const char *version;
	pid_t pid;
	uint64_t since_ns, now_ns; /* CLOCK_REALTIME */
	const char *conf;	   /* file; NULL: none, defaults */
	uint64_t reloads, reloads_failed;
	uint64_t windows;
	uint64_t rss_kib;
	struct wr_status_rights rights;
	struct {
		pid_t pid;	    /* 0: there is none */
		const char *name;   /* "page" */
		const char *listen; /* where it is asked */
		bool tls;
		uint64_t restarts;
		struct wr_status_rights rights;
	} front;
	struct {
		pid_t pid; /* of the process that sends; 0: it does not run */
		uint64_t restarts;
		struct wr_status_rights rights;
		const char *why; /* it does not run */
		const struct wr_status_output *at;
		uint32_t n; /* 0: nothing goes out */
	} outputs;
	struct {
		bool on;
		pid_t pid; /* of the process that reads lines; 0: it does not run */
		uint64_t restarts;
		struct wr_status_rights rights;
		const char *why;
		uint64_t requests, unread, lost, unwatched;
	} api;
	struct {
		bool on;
		pid_t pid; /* of the process that works at gateways; 0: it does not run */
		uint64_t restarts;
		struct wr_status_rights rights;
		const char *why;
		const struct wr_status_gateway *at;
		uint32_t n;
		uint32_t stands, waits, refused, shadow; /* what is done there */
		uint32_t policies, acting;
		uint64_t no_room; /* what was not done, for so much is */
	} gateways;
	struct {
		bool on;
		pid_t pid; /* of the process that asks for scores; 0: it does not run */
		uint64_t restarts;
		struct wr_status_rights rights;
		const char *why;
		const char *model, *version;		     /* "": not known */
		uint64_t rows, scored, over, unscored, lost; /* of rows; over: of the scored */
		uint64_t calls, failed;
		uint32_t active, no_room; /* findings of scores; scores without room for one */
		bool paused;		  /* after too many failures */
		const char *trouble;	  /* why there are no scores; "": nothing is wrong */
	} advice;
	struct {
		uint32_t open, max;
		uint64_t served, refused, slow; /* connections; dropped because they did not read */
		uint64_t requests, errors;
		uint64_t backlog_bytes;
	} clients;
	/* The last packets. kept: that came into the ring; passed_over: of all that were counted
	 * since then, those that no record was made of (rate and sample). */
	struct {
		uint64_t bytes; /* 0: none are kept */
		uint32_t snap, sample, rate;
		uint64_t packets, oldest_ns; /* that are there */
		uint64_t kept, passed_over;
	} dump;
	struct {
		const char *path;	   /* NULL: none is kept */
		uint64_t bytes, max_bytes; /* file and log; at most */
		uint64_t oldest_ns;
		uint64_t flows;		   /* that are in it */
		uint64_t written, lost;	   /* rows since the start */
		const char *error;	   /* the last one, also when it has passed; NULL: none */
		uint64_t failing_since_ns; /* 0: it works */
	} history;
	struct {
		bool on;
		uint64_t findings;	    /* since the start */
		uint32_t active, incidents; /* that hold; that go on */
		uint64_t missed;	    /* findings that had no room, and were not told */
		uint64_t unkept;   /* packets of the link's upkeep that it was not told of */
		const char *title; /* what the worst of those incidents is; NULL: none */
	} detect;
	const struct wr_rules_state *policy; /* NULL: none is loaded */
	const struct wr_status_iface *ifaces;
	uint32_t n_ifaces;
};

void wr_view_status_json(struct wr_buf *b, const struct wr_status *s); /* one object */
void wr_view_status_text(struct wr_buf *b, const struct wr_status *s); /* without empty lines */
/* The keys of s->dump, into an open object. */
void wr_view_dump_json(struct wr_buf *b, const struct wr_status *s);

/*
 * What did not get through or came broken, by interface and reason: {"event_type":"drop",…}. kind
 * says what that means for the packet: "malformed" (passed on; weir could not read all of it),
 * "record" (passed on; no record of it was seen), "rule" (dropped by it), "limit" (over its rate).
 */
void wr_view_drops_json(struct wr_buf *b, const struct wr_ledger *rows, int n);
void wr_view_drops_text(struct wr_buf *b, const struct wr_ledger *rows, int n, bool color);

#endif
