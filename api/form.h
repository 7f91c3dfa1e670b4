/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_API_FORM_H
#define WR_API_FORM_H

#include <jansson.h>

#include "api/line.h"

/* What the forms of lines share (api/line.c): a piece of text that is eaten from its front. */
struct wr_api_text {
	const char *at, *end;
};

/* A form: 0, or -EINVAL: the text is none of it. */
typedef int (*wr_api_form_fn)(const struct wr_api_line_conf *conf, struct wr_api_text t,
			      struct wr_api_request *out);

int wr_api_form_haproxy(const struct wr_api_line_conf *conf, struct wr_api_text t,
			struct wr_api_request *out);
int wr_api_form_nginx(const struct wr_api_line_conf *conf, struct wr_api_text t,
		      struct wr_api_request *out);
int wr_api_form_json(const struct wr_api_line_conf *conf, struct wr_api_text t,
		     struct wr_api_request *out);
/* Of a parsed object. */
int wr_api_form_caddy(const struct wr_api_line_conf *conf, const json_t *o,
		      struct wr_api_request *out);
int wr_api_form_keys(const struct wr_api_line_conf *conf, const json_t *o,
		     struct wr_api_request *out);

static inline size_t wr_api_left(const struct wr_api_text *t)
{
	return (size_t)(t->end - t->at);
}
/* Eats c; false: something else is there. */
bool wr_api_eat(struct wr_api_text *t, char c);
/* Eats up to c and c itself; what stands before it. false: there is no c, nothing is eaten. */
bool wr_api_until(struct wr_api_text *t, char c, struct wr_api_text *out);
/* Eats digits (at most 18). false: there are none. */
bool wr_api_digits(struct wr_api_text *t, uint64_t *v);
/* Eats a number of seconds with a fraction, as nanoseconds. false: there is none. */
bool wr_api_seconds(struct wr_api_text *t, uint64_t *ns);
/* Several of them, as nginx writes for tries one after another ("0.001, 0.002 : 0.1"): their sum.
 * "-" are left out. false: there was no number. */
bool wr_api_seconds_sum(struct wr_api_text *t, uint64_t *ns);
/* 06/Feb/2009:12:14:14.655 or 10/Oct/2000:13:55:36 -0700; without a zone it is local time. All of
 * it. */
bool wr_api_clock(struct wr_api_text t, uint64_t *ns);

/* Fill fields from text; what is too long is cut, "-" is none. */
void wr_api_copy(char *to, size_t room, struct wr_api_text t);
bool wr_api_client(struct wr_api_request *r, struct wr_api_text addr);
/* A path or a whole URL: without what stands behind '?', '#', ';', and without a user's name. */
void wr_api_target(struct wr_api_request *r, struct wr_api_text target);
/* METHOD target HTTP/1.1; what is no such line leaves method and path empty. */
void wr_api_request_line(struct wr_api_request *r, struct wr_api_text line);
/* Hashes what names the consumer; "" and "-" name none. */
void wr_api_consumer(const struct wr_api_line_conf *conf, struct wr_api_request *r,
		     struct wr_api_text name);

#endif
