/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_TOLD_H
#define WR_DAEMON_TOLD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"

/* What people are told of an incident, in the forms of those who pass it on. Pure. */

struct wr_told {
	uint64_t at_ns;		    /* CLOCK_REALTIME */
	uint64_t incident;	    /* 0: a made one, or none */
	uint8_t severity;	    /* enum wr_severity */
	uint8_t state;		    /* enum wr_incident_state */
	const char *klass, *target; /* "": it is about none of them */
	const char *text, *json;    /* a sentence; an object on one line */
	size_t text_n, json_n;
};

enum wr_told_form { WR_TOLD_WEIR, WR_TOLD_SLACK };
extern const char *const wr_told_forms[]; /* by their names, ended by NULL */

/* RFC 5424, 2048 bytes at most (what every receiver should take), in UTF-8. host may be "". */
enum { WR_TOLD_SYSLOG = 2048 };
void wr_told_syslog(struct wr_buf *b, const struct wr_told *t, const char *host, pid_t pid);

/* {"text": "HOST: sentence"}, with what Slack and Mattermost take for markup escaped. */
void wr_told_slack(struct wr_buf *b, const struct wr_told *t, const char *host);

#endif
