/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "core/proto.h"
#include "detect/blame.h"

/* SYN cookies: for a flood of SYNs that headers do not tell from those of clients. */

enum {
	FORGED = 10,	 /* sources */
	OVER_LEAST = 20, /* new connections a second */
};

static const struct wr_evidence *told(const struct wr_finding *f, enum wr_feature feature)
{
	for (uint32_t i = 0; i < f->n_evidence; i++)
		if (f->evidence[i].feature == feature)
			return &f->evidence[i];
	return NULL;
}

/* SYNs to one service, from so many that no address says who it is. */
bool cookies_fit(const struct wr_finding *f, const struct wr_cure_want *want)
{
	const struct wr_evidence *n = told(f, WR_FEATURE_SOURCES);
	const struct wr_evidence *top = told(f, WR_FEATURE_TOP_SHARE);

	return want->cookies && f->klass == WR_CLASS_SYN_FLOOD && f->victim.port &&
	       f->victim.proto == WR_IP_TCP && n && n->value >= FORGED &&
	       (!top || top->value < 0.5);
}

/* Who exists connects all the same; below the rate, as after the flood, nothing is done. */
void cookies_cure(const struct wr_detect *d, const struct wr_finding *f,
		  const struct wr_cure_want *want, struct wr_cure *c)
{
	struct wr_victim v = f->victim;
	const struct wr_evidence *syn = &f->evidence[0];
	uint32_t over = (uint32_t)fmax(OVER_LEAST, syn->has_norm ? 2 * syn->norm : 0);
	struct wr_buf text = {0};

	v.port = 0;
	c->verb = WR_CURE_COOKIES;
	c->attack = fmax(0, 1 - over / fmax(1, (double)wr_detect_seen(d, f, c)));
	c->usual = 0;
	c->usual_clients = 0;
	c->safe = c->attack >= LEAST_STOPPED;
	wr_buf_fmt(&text, "%s: cookies over %" PRIu32 "cps to tcp/%u@", want->name, over,
		   f->victim.port);
	wr_victim_text(&text, &v);
	wr_buf_fmt(&text, " auto for %" PRIu32 "s why \"%s\"", want->for_s,
		   wr_class_name(f->klass));
	snprintf(c->rule, sizeof(c->rule), "%s", wr_buf_text(&text));
	wr_buf_free(&text);
}
