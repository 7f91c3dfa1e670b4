/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/finding.h"

#include "detect/blame.h"
#include "detect/ids.h"
#include "detect/impl.h"

_Static_assert((int)FINDINGS <= (int)WR_HOLD_DETECT, "all that hold have room");

bool wr_victim_same(const struct wr_victim *a, const struct wr_victim *b)
{
	return !memcmp(a->addr, b->addr, sizeof(a->addr)) && a->ip_v == b->ip_v &&
	       a->prefix == b->prefix && a->port == b->port && a->proto == b->proto &&
	       !strcmp(a->route, b->route);
}

static bool in_prefix(const uint8_t *addr, const uint8_t *net, uint8_t bits)
{
	uint8_t bytes = bits / 8, rest = bits % 8;

	if (memcmp(addr, net, bytes))
		return false;
	return !rest || !((addr[bytes] ^ net[bytes]) >> (8 - rest));
}

bool wr_victim_meets(const struct wr_victim *a, const struct wr_victim *b)
{
	if (a->ip_v != b->ip_v)
		return false;
	if (!a->ip_v)
		return !strcmp(a->route, b->route);
	return in_prefix(a->addr, b->addr, a->prefix < b->prefix ? a->prefix : b->prefix);
}

static struct finding_slot *slot_of(struct wr_detect *d, enum wr_finding_class klass,
				    const struct wr_victim *victim)
{
	for (int i = 0; i < FINDINGS; i++) {
		struct finding_slot *s = &d->finding[i];

		if (s->f.id && s->f.klass == klass && wr_victim_same(&s->f.victim, victim))
			return s;
	}
	return NULL;
}

struct wr_finding *found(struct wr_detect *d, enum wr_finding_class klass,
			 const struct wr_victim *victim)
{
	struct finding_slot *s = slot_of(d, klass, victim);

	return s ? &s->f : NULL;
}

struct wr_finding *found_of(struct wr_detect *d, enum wr_finding_class klass,
			    const uint8_t source[16])
{
	for (int i = 0; i < FINDINGS; i++) {
		struct wr_finding *f = &d->finding[i].f;

		if (f->id && f->klass == klass && f->n_sources &&
		    !memcmp(f->source[0].addr, source, 16))
			return f;
	}
	return NULL;
}

void renew_weakly(struct wr_detect *d, struct wr_finding *f)
{
	for (int i = 0; i < FINDINGS; i++)
		if (&d->finding[i].f == f)
			d->finding[i].last_step = d->step;
	f->last_ns = step_end(d);
}

void renew(struct wr_detect *d, struct wr_finding *f)
{
	renew_weakly(d, f);
	for (int i = 0; i < FINDINGS; i++)
		if (&d->finding[i].f == f)
			d->finding[i].strong_step = d->step;
}

void hold_for(struct wr_detect *d, const struct wr_finding *f, uint32_t steps)
{
	for (int i = 0; i < FINDINGS; i++)
		if (&d->finding[i].f == f)
			d->finding[i].hold = steps;
}

/* What comes seldom by its nature is not over before it could have come again: a router advertises
 * itself each half an hour at least (RFC 4861, 6.2.1), an address is asked for when it has been
 * forgotten. */
static uint32_t hold(enum wr_finding_class klass)
{
	static const struct {
		enum wr_finding_class klass;
		uint32_t steps;
	} of[] = {{WR_CLASS_ARP_SPOOF, HOLD_MINUTES}, {WR_CLASS_EXFIL, HOLD_WINDOWS},
		  {WR_CLASS_BACKSCATTER, HOLD_HOURS}, {WR_CLASS_ROGUE_DHCP, HOLD_HOURS},
		  {WR_CLASS_ROGUE_RA, HOLD_HOURS},    {WR_CLASS_ANOMALY, HOLD_ODD}};

	for (size_t i = 0; i < sizeof(of) / sizeof(*of); i++)
		if (of[i].klass == klass)
			return of[i].steps;
	return klass <= WR_CLASS_CARPET_BOMBING ? HOLD_STEPS : HOLD_LONG;
}

void hold_longer(struct wr_detect *d, const struct wr_finding *f, uint32_t steps)
{
	uint32_t least = hold(f->klass), others = 0;
	struct finding_slot *of = NULL;

	for (int i = 0; i < FINDINGS; i++) {
		struct finding_slot *s = &d->finding[i];

		if (&s->f == f)
			of = s;
		else
			others += s->f.id && s->f.klass == f->klass && s->hold > least;
	}
	if (of && steps > of->hold && others < FINDINGS / 4)
		of->hold = steps;
}

static void say(struct wr_detect *d, enum wr_finding_news news, const struct wr_finding *f)
{
	if (d->conf.finding)
		d->conf.finding(d->conf.ctx, news, f);
}

static void end(struct wr_detect *d, struct finding_slot *s)
{
	s->f.over = true;
	say(d, WR_FINDING_OVER, &s->f);
	s->f.id = 0;
}

/* A free one; for an attack, one of what is only worth knowing, or else of low severity. */
static struct finding_slot *room(struct wr_detect *d, enum wr_finding_class klass)
{
	struct finding_slot *least = NULL;

	for (int i = 0; i < FINDINGS; i++) {
		struct finding_slot *s = &d->finding[i];

		if (!s->f.id)
			return s;
		if (!least || s->f.severity < least->f.severity)
			least = s;
	}
	return wr_class_severity(klass) > WR_SEVERITY_LOW && least->f.severity <= WR_SEVERITY_LOW
		       ? least
		       : NULL;
}

bool has_room(struct wr_detect *d, enum wr_finding_class klass)
{
	return room(d, klass);
}

struct wr_finding *find(struct wr_detect *d, enum wr_finding_class klass,
			const struct wr_victim *victim, bool *is_new)
{
	struct finding_slot *s = slot_of(d, klass, victim);

	*is_new = false;
	if (s) {
		renew(d, &s->f);
		return &s->f;
	}
	if (is_off(d, klass))
		return NULL;
	s = room(d, klass);
	if (!s) {
		missed(d, klass, victim);
		return NULL;
	}
	if (s->f.id)
		end(d, s);
	memset(s, 0, sizeof(*s));
	s->last_step = s->told_step = s->strong_step = d->step;
	s->hold = hold(klass);
	s->f.id = ++d->found;
	s->f.klass = klass;
	s->f.severity = wr_class_severity(klass);
	s->f.victim = *victim;
	s->f.start_ns = d->step_ns;
	s->f.raised_ns = s->f.last_ns = step_end(d);
	s->f.score = 1;
	*is_new = true;
	return &s->f;
}

struct wr_finding *find_from(struct wr_detect *d, enum wr_finding_class klass,
			     const struct wr_victim *victim, const struct wr_finding_source *from)
{
	struct wr_finding_source had[WR_FINDING_SOURCES];
	struct wr_finding *f = found(d, klass, victim);
	uint32_t n = 0;
	bool is_new;

	if (f && !has_source(f, from->addr) && f->n_sources < WR_FINDING_SOURCES) {
		n = f->n_sources;
		memcpy(had, f->source, n * sizeof(*had));
		finish_finding(d, f);
	}
	f = find(d, klass, victim, &is_new);
	if (!f || !is_new)
		return NULL;
	only_source(f, from->addr, from->ip_v, from->packets);
	for (uint32_t i = 0; i < n; i++) {
		had[i].packets = 0; /* they were told with the one before */
		f->source[f->n_sources++] = had[i];
	}
	return f;
}

void tell(struct wr_detect *d, struct wr_finding *f)
{
	if (f->klass != WR_CLASS_ANOMALY && f->severity > WR_SEVERITY_INFO)
		odd_yield(d, f);
	say(d, WR_FINDING_RAISED, f);
}

void evidence(struct wr_finding *f, enum wr_feature feature, double value, const struct wr_norm *n,
	      uint32_t every_s)
{
	double norm = wr_norm_usual(n);
	struct wr_evidence *e = &f->evidence[f->n_evidence];

	if (f->n_evidence == WR_FINDING_EVIDENCE)
		return;
	*e = (struct wr_evidence){.feature = feature,
				  .value = value,
				  .norm = norm,
				  .has_norm = true,
				  .quantile = wr_norm_quantile(n, value),
				  .learned_s = n->seconds * every_s};
	f->n_evidence++;
	if (value / fmax(norm, 1) > f->score)
		f->score = value / fmax(norm, 1);
}

void evidence_only(struct wr_finding *f, enum wr_feature feature, double value)
{
	if (f->n_evidence < WR_FINDING_EVIDENCE)
		f->evidence[f->n_evidence++] =
			(struct wr_evidence){.feature = feature, .value = value, .quantile = -1};
}

void only_source(struct wr_finding *f, const uint8_t addr[16], uint8_t ip_v, uint64_t packets)
{
	memcpy(f->source[0].addr, addr, 16);
	f->source[0].ip_v = ip_v;
	f->source[0].packets = packets;
	f->n_sources = 1;
}

void finish_finding(struct wr_detect *d, const struct wr_finding *f)
{
	for (int i = 0; i < FINDINGS; i++)
		if (&d->finding[i].f == f)
			end(d, &d->finding[i]);
}

void finish_off(struct wr_detect *d)
{
	for (int i = 0; i < FINDINGS; i++)
		if (d->finding[i].f.id && is_off(d, d->finding[i].f.klass))
			end(d, &d->finding[i]);
}

void finish_findings(struct wr_detect *d)
{
	for (int i = 0; i < FINDINGS; i++)
		if (d->finding[i].f.id)
			end(d, &d->finding[i]);
}

void end_step_findings(struct wr_detect *d)
{
	for (int i = 0; i < FINDINGS; i++) {
		struct finding_slot *s = &d->finding[i];

		if (!s->f.id)
			continue;
		if (d->step - s->last_step >= s->hold) {
			end(d, s);
		} else if (s->last_step == d->step && d->step - s->told_step >= STEPS) {
			s->told_step = d->step;
			say(d, WR_FINDING_RENEWED, &s->f);
		}
	}
}

uint32_t wr_detect_findings(const struct wr_detect *d, const struct wr_finding **out, uint32_t n)
{
	uint32_t have = 0;

	for (int i = 0; i < FINDINGS; i++)
		if (d->finding[i].f.id && have < n)
			out[have++] = &d->finding[i].f;
	return have;
}
