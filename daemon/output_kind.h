/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_OUTPUT_KIND_H
#define WR_DAEMON_OUTPUT_KIND_H

#include "daemon/output_impl.h"
#include "export/eve.h"
#include "export/ipfix_send.h"
#include "export/post.h"
#include "export/sheetdir.h"

/* The process of outputs, as its files share it: daemon/output_main.c has the loop, output_feed.c
 * what takes flows and numbers, output_tell.c what tells of incidents. */

enum { WR_OUTPUT_HEADERS = 16, WR_OUTPUT_HEADER_BYTES = 1024 };

struct wr_output_run;
struct wr_output_command;

/* Lines of a file with tokens; they are in no log. */
struct wr_output_headers {
	char text[WR_OUTPUT_HEADERS][WR_OUTPUT_HEADER_BYTES];
	const char *at[WR_OUTPUT_HEADERS];
	int n;
};

struct wr_output_one {
	const struct wr_output_ways *ways, *kind; /* ways: of its kind, unless it is away */
	struct wr_output_slot *slot;
	struct wr_output_run *run;
	/* one of these, owned */
	struct wr_eve *eve;
	struct wr_ipfix_send *ipfix;
	struct wr_post *post;
	struct wr_outlet *outlet;
	struct wr_output_command *command;
	struct wr_sheetdir *features;
	uint64_t sent, moved_ns; /* how much had gone out when that last changed */
	bool waits, away;	 /* away: it could not be opened */
	char why[256];		 /* it is away */
};

struct wr_output_run {
	const struct wr_front_start *start;
	const struct wr_daemon_conf *conf;
	struct wr_output_shared *shared;
	struct wr_queue_reader queue;
	struct wr_output_one outputs[WR_OUTPUTS];
	uint32_t n;
	int signal_fd;
	bool datagrams;	   /* one of them sends many by UDP */
	bool broken;	   /* something that cannot be mended here: a new process can */
	uint64_t again_ns; /* when a new process looks after those that are away; 0: none is */
	/* The flow that is being told. */
	struct wr_flow flow;
	struct wr_app app;
	bool has_app;
	uint32_t ifindex;
	char iface[16];
	struct wr_output_headers otlp, webhook;
	struct wr_err no_otlp, no_webhook; /* why their files were not read; code 0: they were */
	struct wr_hide hide;		   /* addresses in features */
	char host[64];			   /* whose incidents they are */
	struct wr_buf text;
};

/* How an output of a kind is served. */
struct wr_output_ways {
	int (*open)(struct wr_output_run *r, struct wr_output_one *o, const char *to,
		    struct wr_err *err);
	void (*flow)(struct wr_output_run *r, struct wr_output_one *o); /* may be NULL */
	uint32_t takes; /* 1 << enum wr_output_message: of the others; given to text() */
	bool (*text)(struct wr_output_one *o, const uint8_t *message, size_t n, uint32_t holds);
	/* As wr_outlet_flush(). */
	int (*step)(struct wr_output_one *o, uint64_t now_ns, struct wr_err *err);
	struct wr_outlet *(*outlet)(const struct wr_output_one *o); /* NULL: it has none */
	const char *(*trouble)(const struct wr_output_one *o);
	void (*close)(struct wr_output_one *o);
	void (*end)(struct wr_output_one *o); /* nothing comes any more; may be NULL */
};

#define WR_OUTPUT_TAKES(sym) (1u << WR_OUTPUT_##sym)

/* daemon/output_feed.c */
extern const struct wr_output_ways wr_output_eve, wr_output_ipfix, wr_output_otlp,
	wr_output_otlp_traces;
/* daemon/output_features.c; how addresses are hidden there: -EINVAL. */
int wr_output_hide(struct wr_hide *h, const struct wr_daemon_conf *conf, struct wr_err *err);
extern const struct wr_output_ways wr_output_features;
/* daemon/output_tell.c */
extern const struct wr_output_ways wr_output_webhook, wr_output_syslog, wr_output_command;

/* What several ways share: those of an outlet, and of one that posts. */
struct wr_outlet *wr_output_no_outlet(const struct wr_output_one *o);
int wr_output_post_step(struct wr_output_one *o, uint64_t now_ns, struct wr_err *err);
const char *wr_output_post_trouble(const struct wr_output_one *o);
void wr_output_post_close(struct wr_output_one *o);

#endif
