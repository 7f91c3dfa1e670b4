/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_OUTPUT_IMPL_H
#define WR_DAEMON_OUTPUT_IMPL_H

#include "daemon/front.h"
#include "daemon/output_conf.h"
#include "daemon/queue.h"
#include "export/outbox.h"
#include "flow/apps.h"

/* What both sides of the queue know: daemon/output.c fills it, daemon/output_main.c empties it. */

enum {
	/* A hundred thousand flows without a name, or fifteen thousand with: more than end in a
	 * window. */
	WR_OUTPUT_QUEUE = 16 << 20,
	WR_OUTPUT_SPARE = 2 << 20, /* of it flows leave this much for totals and metrics */
};

/* Messages. */
enum wr_output_message {
	WR_OUTPUT_FLOW, /* struct wr_output_flow */
	/* uint32_t: how many things it holds; WR_OUTPUT_HOLDS bytes from there */
	WR_OUTPUT_STATS,    /* lines of JSON */
	WR_OUTPUT_FINDING,  /* a line of JSON */
	WR_OUTPUT_METRICS,  /* a body of OTLP, its data points */
	WR_OUTPUT_INCIDENT, /* a line of JSON */
	WR_OUTPUT_SPANS,    /* a body of OTLP, its spans */
	WR_OUTPUT_TOLD,	    /* struct wr_output_told */
	WR_OUTPUT_WINDOW,   /* struct wr_window */
};

enum { WR_OUTPUT_HOLDS = 16 }; /* messages are aligned to this, and so is what is behind it */

/* What people are to be told. */
struct wr_output_told {
	uint64_t at_ns, incident; /* incident 0: of none */
	uint32_t test;		  /* number of weir notify test; 0: none */
	uint32_t text_n;	  /* bytes; JSON begins behind them and ends with the message */
	uint8_t severity, state;
	uint8_t pad[6];
	char klass[32], target[64];
	char text[]; /* a sentence, then JSON without a newline */
};
_Static_assert(sizeof(struct wr_output_told) == offsetof(struct wr_output_told, text), "no gap");

enum wr_output_test {
	WR_OUTPUT_TEST_NONE,
	WR_OUTPUT_TEST_WAITS,
	WR_OUTPUT_TEST_TAKEN,
	WR_OUTPUT_TEST_LOST
};

struct wr_output_flow {
	uint8_t flow[sizeof(
		struct wr_flow)]; /* rows are aligned to cache lines, messages are not */
	char iface[16];		  /* "": not known */
	uint32_t ifindex;	  /* 0: not known */
	uint8_t has[2];		  /* by end: it said something that was understood, */
	uint8_t pad[2];
	struct wr_l7 said[]; /* and that is here, one behind the other */
};

/* A place to write to, in shared memory. */
struct wr_output_slot {
	char name[WR_OUTPUT_NAME]; /* "eve:/var/log/weir/eve.json"; "" = free */
	char trouble[256];	   /* why nothing goes out; "" = nothing is wrong */
	uint32_t sequence;	   /* IPFIX over UDP: of the next message */
	uint64_t open_rows;	   /* features: of the file that is being written */
	uint32_t test;		   /* the last that came here; what became of it: */
	uint32_t test_is;	   /* enum wr_output_test */
	uint64_t test_at;	   /* box.n.given with it */
	struct wr_outbox box;	   /* its memory lies behind the queue */
};

struct wr_output_shared {
	struct wr_output_slot slots[WR_OUTPUTS];
	size_t buffer;	 /* bytes of each outbox */
	int wake_fd;	 /* eventfd: there is something in the queue */
	uint8_t key[32]; /* of hashes of addresses, while weir runs; when no file has one */
	uint32_t ending; /* the core ends: what waits may go out for a moment */
	uint32_t began;	 /* all outputs were open once */
	uint8_t memory[] __attribute__((aligned(64))); /* queue, outboxes */
};

static inline void *wr_output_queue(struct wr_output_shared *s)
{
	return s->memory;
}

static inline size_t wr_output_queue_bytes(void)
{
	return (wr_queue_bytes(WR_OUTPUT_QUEUE) + 63) & ~(size_t)63;
}

static inline void *wr_output_box(struct wr_output_shared *s, int slot)
{
	return s->memory + wr_output_queue_bytes() + (size_t)slot * s->buffer;
}

/* The process: a main of struct wr_front; start->own is the struct wr_output_shared. */
int wr_output_main(const struct wr_front_start *start, struct wr_err *err);

#endif
