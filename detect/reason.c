/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "detect/impl.h"

/* The sentence that people are told of a finding: tests/golden/sentences.txt has one of each. */

#define LEAST_SHARE 0.1 /* of one who is named as the one that most is from */

static const struct wr_evidence *evidence_of(const struct wr_finding *f, enum wr_feature feature)
{
	for (uint32_t i = 0; i < f->n_evidence; i++)
		if (f->evidence[i].feature == feature)
			return &f->evidence[i];
	return NULL;
}

/* ---- one number ---- */

static void seconds(struct wr_buf *b, double s)
{
	wr_evidence_number(b, s);
	wr_buf_str(b, " s");
}

static void percent(struct wr_buf *b, double share)
{
	wr_buf_fmt(b, share > 0 && share < 0.01 ? "%.1f %%" : "%.0f %%", share * 100);
}

/* "(usual: 34, never as high in 3 h; 41 % of the score)" */
static void usual(struct wr_buf *b, const struct wr_evidence *e)
{
	const char *unit = wr_feature_unit(e->feature);

	if (!e->has_norm || (e->norm <= 0 && (e->quantile < 0 || !e->learned_s)))
		return; /* nothing has been learned */
	wr_buf_str(b, " (usual: ");
	if (!strcmp(unit, "share"))
		percent(b, e->norm);
	else if (!strcmp(unit, "s"))
		seconds(b, e->norm);
	else
		wr_evidence_number(b, e->norm);
	if (e->quantile >= 0 && e->learned_s) {
		wr_buf_str(b, ", ");
		wr_evidence_often(b, e);
	}
	if (e->share >= 0.005f)
		wr_buf_fmt(b, "; %.0f %% of the score", (double)e->share * 100);
	wr_buf_char(b, ')');
}

/* Where what is counted ends, and what is said of it begins: "SYN+ACKs nobody asked for". */
static size_t noun(const char *text)
{
	static const char *const ends[] = {" nobody", " without",   " not ",
					   " on ",    " that ",	    " held",
					   " for ",   " completed", " answered"};
	size_t n = strlen(text);

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		const char *at = strstr(text, ends[i]);

		if (at && (size_t)(at - text) < n)
			n = (size_t)(at - text);
	}
	return n;
}

/* "1 source", "25 queries", "100 SYN+ACKs/s nobody asked for" */
static void counted(struct wr_buf *b, const struct wr_evidence *e)
{
	const char *text = wr_feature_text(e->feature);
	size_t n = noun(text), one = n;
	const char *y = "";

	if (e->value == 1 && n > 3 && !memcmp(text + n - 3, "ies", 3)) {
		one -= 3;
		y = "y";
	} else if (e->value == 1 && text[n - 1] == 's') {
		one--;
	}
	wr_evidence_number(b, e->value);
	wr_buf_fmt(b, " %.*s%s%s%s", (int)one, text, y,
		   strchr(wr_feature_unit(e->feature), '/') ? "/s" : "", text + n);
	usual(b, e);
}

static void share(struct wr_buf *b, const struct wr_evidence *e)
{
	percent(b, e->value);
	wr_buf_fmt(b, " %s", wr_feature_text(e->feature));
	usual(b, e);
}

static void sized(struct wr_buf *b, const struct wr_evidence *e)
{
	wr_buf_fmt(b, "%s ", wr_feature_text(e->feature));
	wr_evidence_number(b, e->value);
	wr_buf_fmt(b, " %s", wr_feature_unit(e->feature));
	usual(b, e);
}

static void numbered(struct wr_buf *b, const struct wr_evidence *e)
{
	wr_buf_fmt(b, "%s %.0f", wr_feature_text(e->feature), e->value);
}

static void score(struct wr_buf *b, const struct wr_evidence *e)
{
	wr_buf_str(b, "score ");
	wr_evidence_number(b, e->value);
	wr_buf_str(b, ", over ");
	wr_evidence_number(b, e->norm);
}

static void answered(struct wr_buf *b, const struct wr_evidence *e)
{
	if (e->value > 0 && e->value < 1) {
		percent(b, e->value);
		wr_buf_str(b, " of them answered");
		return;
	}
	wr_buf_str(b, e->value > 0 ? "answered" : "none of them answered");
}

static void reason(struct wr_buf *b, const struct wr_evidence *e)
{
	const char *says = wr_evidence_says(e);

	wr_buf_fmt(b, "most of them: %s", says ? says : "unknown");
}

static void flags(struct wr_buf *b, const struct wr_evidence *e)
{
	const char *says = wr_evidence_says(e);

	wr_buf_fmt(b, "with the TCP flags %s", says ? says : "unknown");
}

static void interval(struct wr_buf *b, const struct wr_evidence *e)
{
	wr_buf_str(b, "one every ");
	seconds(b, e->value);
}

static void jitter(struct wr_buf *b, const struct wr_evidence *e)
{
	wr_buf_str(b, "give or take ");
	percent(b, e->value);
}

static void slowest(struct wr_buf *b, const struct wr_evidence *e)
{
	wr_buf_str(b, "one in twenty answers takes longer than ");
	seconds(b, e->value);
	usual(b, e);
}

static void refusals(struct wr_buf *b, const struct wr_evidence *e)
{
	wr_evidence_number(b, e->value);
	wr_buf_str(b, " answers of 401 or 403");
	usual(b, e);
}

static void offers(struct wr_buf *b, const struct wr_evidence *e)
{
	if (e->value == 1) {
		wr_buf_str(b, "it was heard once");
		return;
	}
	wr_buf_str(b, "it was heard ");
	wr_evidence_number(b, e->value);
	wr_buf_str(b, " times");
}

static void known(struct wr_buf *b, const struct wr_evidence *e)
{
	wr_buf_str(b, "beside ");
	if (e->value >= 1)
		wr_evidence_number(b, e->value);
	else
		wr_buf_str(b, "none");
	wr_buf_str(b, " that is known");
}

static void differs(struct wr_buf *b, const struct wr_evidence *e)
{
	wr_buf_str(b, e->value > 0 ? "and gives out something else" : "and gives out the same");
}

static void handshakes(struct wr_buf *b, const struct wr_evidence *e)
{
	wr_evidence_number(b, e->value);
	wr_buf_fmt(b, " completed handshake%s/s", e->value == 1 ? "" : "s");
	usual(b, e);
}

static void names(struct wr_buf *b, const struct wr_evidence *e)
{
	wr_evidence_number(b, e->value);
	wr_buf_str(b, " of them answered that the name does not exist");
}

/* How each is said; what is not here by its unit. */
static const struct {
	uint8_t feature;
	void (*say)(struct wr_buf *b, const struct wr_evidence *e);
} sayings[] = {
	{WR_FEATURE_SCORE, score},	 {WR_FEATURE_HANDSHAKES, handshakes},
	{WR_FEATURE_ANSWERED, answered}, {WR_FEATURE_REASON, reason},
	{WR_FEATURE_INTERVAL, interval}, {WR_FEATURE_JITTER, jitter},
	{WR_FEATURE_SLOWEST, slowest},	 {WR_FEATURE_REFUSALS, refusals},
	{WR_FEATURE_OFFERS, offers},	 {WR_FEATURE_KNOWN, known},
	{WR_FEATURE_DIFFERS, differs},	 {WR_FEATURE_NXDOMAIN, names},
	{WR_FEATURE_MEAN_SIZE, sized},	 {WR_FEATURE_SESSION_BYTES, sized},
	{WR_FEATURE_NAME_LENGTH, sized}, {WR_FEATURE_ANSWER_SIZE, sized},
	{WR_FEATURE_FLAGS, flags},	 {WR_FEATURE_SOURCE_PORT, numbered},
	{WR_FEATURE_PROTOCOL, numbered},
};

static void one(struct wr_buf *b, const struct wr_evidence *e)
{
	for (size_t i = 0; i < sizeof(sayings) / sizeof(*sayings); i++)
		if (sayings[i].feature == e->feature) {
			sayings[i].say(b, e);
			return;
		}
	if (!strcmp(wr_feature_unit(e->feature), "share"))
		share(b, e);
	else
		counted(b, e);
}

/* ---- what is expected ---- */

/* 80 Mbit/s, 1.5 Gbit/s; packets have no prefix. */
static void rate(struct wr_buf *b, const struct wr_evidence *e)
{
	static const char prefix[] = " kMGT";
	double v = e->value;
	int n = 0;

	if (strcmp(wr_feature_unit(e->feature), "bit/s") != 0) {
		wr_evidence_number(b, round(v));
		wr_buf_str(b, " packets/s");
		return;
	}
	for (; v >= 999.5 && prefix[n + 1]; n++) /* three digits are written */
		v /= 1000;
	wr_buf_fmt(b, "%.3g ", v);
	if (n)
		wr_buf_char(b, prefix[n]);
	wr_buf_str(b, "bit/s");
}

/* "class web is expected to meet its ceiling of 80 Mbit/s at about 18:40 UTC (in 130 min; ...)" */
static void capacity_reason(struct wr_buf *b, const struct wr_finding *f)
{
	static const uint8_t limits[] = {WR_FEATURE_CEILING, WR_FEATURE_CAPACITY, WR_FEATURE_LIMIT};
	const struct wr_evidence *limit = NULL, *ahead = evidence_of(f, WR_FEATURE_AHEAD);
	const struct wr_evidence *now = evidence_of(f, WR_FEATURE_NOW);
	uint32_t in_s = ahead ? (uint32_t)ahead->value : 0;
	unsigned int at_min = (unsigned int)((f->last_ns / 1000000000u + in_s) / 60 % 1440);

	for (size_t i = 0; i < sizeof(limits) && !limit; i++)
		limit = evidence_of(f, (enum wr_feature)limits[i]);
	if (!now)
		now = evidence_of(f, WR_FEATURE_NOW_PACKETS);
	wr_victim_text(b, &f->victim);
	wr_buf_str(b, in_s ? " is expected to meet its " : " has met its ");
	if (limit) {
		wr_buf_fmt(b, "%s of ", wr_feature_text(limit->feature));
		rate(b, limit);
	}
	if (in_s) {
		wr_buf_fmt(b, " at about %02u:%02u UTC (in ", at_min / 60, at_min % 60);
		span_text(b, in_s);
	}
	if (now) {
		wr_buf_str(b, in_s ? "; now " : " (now ");
		rate(b, now);
	}
	if (in_s || now)
		wr_buf_char(b, ')');
}

/* ---- another load ---- */

/* "load at 10.0.0.9 is 2.5 times what is usual at the same hours, for a day: 500 packets in a
 * typical second (200)" */
static void drift_reason(struct wr_buf *b, const struct wr_finding *f)
{
	const struct wr_evidence *e = &f->evidence[0];

	wr_buf_str(b, "load at ");
	wr_victim_text(b, &f->victim);
	wr_buf_str(b, " is ");
	wr_evidence_number(b, e->value / fmax(e->norm, 0.01));
	wr_buf_str(b, " times what is usual at the same hours, for a day: ");
	wr_evidence_number(b, e->value);
	wr_buf_str(b, " packets in a typical second (");
	wr_evidence_number(b, e->norm);
	wr_buf_char(b, ')');
}

/* ---- all of it ---- */

/* What has a sentence of its own. False: it has none. */
static bool own_reason(struct wr_buf *b, const struct wr_finding *f)
{
	if (f->klass == WR_CLASS_CAPACITY)
		capacity_reason(b, f);
	else if (f->klass == WR_CLASS_DRIFT && f->n_evidence)
		drift_reason(b, f);
	else
		return false;
	return true;
}

static void model(struct wr_buf *b, const struct wr_finding_model *m)
{
	if (m->name[0])
		wr_buf_fmt(b, "; model %s", m->name);
	if (m->version[0])
		wr_buf_fmt(b, " version %s", m->version);
	for (uint32_t k = 0; k < m->n_by; k++) {
		wr_buf_fmt(b, "%s%s ", k ? ", " : "; furthest from usual: ", m->by[k].column);
		wr_evidence_number(b, m->by[k].value);
		if (!m->by[k].has_usual)
			continue;
		wr_buf_str(b, " (usual: ");
		wr_evidence_number(b, m->by[k].usual);
		wr_buf_char(b, ')');
	}
}

/* 22:13:49, with the date when that is another day than the one it is told in. */
static void moment(struct wr_buf *b, uint64_t ns, uint64_t beside_ns)
{
	time_t s = (time_t)(ns / 1000000000u);
	bool far = ns / 86400000000000u != beside_ns / 86400000000000u;
	char text[40];
	struct tm tm;

	if (gmtime_r(&s, &tm) &&
	    strftime(text, sizeof(text), far ? "%Y-%m-%d %H:%M:%S" : "%H:%M:%S", &tm))
		wr_buf_str(b, text);
}

void wr_finding_when(struct wr_buf *b, uint64_t start_ns, uint64_t end_ns, uint64_t now_ns)
{
	if (!start_ns)
		return;
	wr_buf_str(b, end_ns ? " from " : " since ");
	moment(b, start_ns, end_ns ? end_ns : now_ns);
	if (end_ns) {
		wr_buf_str(b, " to ");
		moment(b, end_ns, end_ns);
	}
	wr_buf_str(b, " UTC");
}

/* What is said at its end, with the sources, or nowhere: who is alone is named there. */
static bool is_last(const struct wr_finding *f, const struct wr_evidence *e)
{
	const struct wr_evidence *all = evidence_of(f, WR_FEATURE_SOURCES);

	if (f->n_sources == 1 && all && all->value == 1 &&
	    (e == all || e->feature == WR_FEATURE_NEW_SHARE))
		return true;
	return e->feature == WR_FEATURE_TOP_SHARE || e->feature == WR_FEATURE_CLIENT_SHARE ||
	       e->feature == WR_FEATURE_REASON_SHARE || e->feature == WR_FEATURE_WINDOW;
}

static void evidences(struct wr_buf *b, const struct wr_finding *f)
{
	const struct wr_evidence *window = evidence_of(f, WR_FEATURE_WINDOW);
	const struct wr_evidence *of_those = evidence_of(f, WR_FEATURE_REASON_SHARE);
	bool first = true, is_rate = false;

	for (uint32_t i = 0; i < f->n_evidence; i++) {
		const struct wr_evidence *e = &f->evidence[i];

		if (is_last(f, e))
			continue;
		wr_buf_str(b, first ? ": " : ", ");
		is_rate |= first && strchr(wr_feature_unit(e->feature), '/');
		first = false;
		one(b, e);
		if (e->feature == WR_FEATURE_REASON && of_those) {
			wr_buf_str(b, " (");
			percent(b, of_those->value);
			wr_buf_str(b, " of those that were read)");
		}
	}
	if (window && !(is_rate && window->value == 1)) {
		wr_buf_str(b, is_rate ? ", measured over " : ", within ");
		seconds(b, window->value);
	}
}

/* Of many who each have little there is no first one: they may be forged. */
static void sources(struct wr_buf *b, const struct wr_finding *f)
{
	const struct wr_evidence *top = evidence_of(f, WR_FEATURE_TOP_SHARE);

	if (!top)
		top = evidence_of(f, WR_FEATURE_CLIENT_SHARE);
	if (!f->n_sources)
		return;
	if (f->klass == WR_CLASS_ARP_SPOOF) {
		wr_buf_str(b, "; the address is ");
	} else if (f->n_sources > 1 && top && top->value < LEAST_SHARE) {
		wr_buf_fmt(b, "; no source has more than %.0f %% of it", ceil(top->value * 100));
		return;
	} else {
		wr_buf_str(b, f->n_sources == 1 ? "; from " : "; most from ");
	}
	addr_text(b, f->source[0].addr, f->source[0].ip_v);
	if (f->n_sources > 1 && top) {
		wr_buf_str(b, " (");
		percent(b, top->value);
		wr_buf_str(b, " of it)");
	}
}

void wr_finding_told(struct wr_buf *b, const struct wr_finding *f, uint64_t start_ns,
		     uint64_t end_ns)
{
	if (own_reason(b, f)) {
		if (start_ns)
			wr_buf_str(b, "; told");
		wr_finding_when(b, start_ns, end_ns, f->last_ns);
		return;
	}
	wr_buf_str(b, wr_class_text(f->klass));
	if (f->victim.ip_v || f->victim.route[0]) {
		wr_buf_str(b, " at ");
		wr_victim_text(b, &f->victim);
	} else {
		wr_buf_str(b, " on the local link");
	}
	wr_finding_when(b, start_ns, end_ns, f->last_ns);
	evidences(b, f);
	model(b, &f->model);
	sources(b, f);
}

void wr_finding_reason(struct wr_buf *b, const struct wr_finding *f)
{
	wr_finding_told(b, f, 0, 0);
}
