/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/proto.h"
#include "detect/impl.h"

/*
 * Floods: more of a kind in a second than is usual at that address, and more than a floor. A kind
 * is a line of the table. When several are over their bound, each is told that has twice as many
 * packets as those that are told: what has fewer may be a part of them. A number that people have
 * set (fixed.h) takes the place of the floor and of what is usual.
 */

struct flood {
	enum count count;
	enum wr_finding_class klass;
	uint32_t floor;	  /* packets in a second */
	uint32_t one_way; /* the same where only what arrives is seen; 0: not looked at */
	uint8_t kinds;	  /* RECENT_*: parts that belong to it, */
	uint8_t proto;	  /* and their protocol; 0: any */
	/* What else makes it one; set: the number that people have set, 0: none. */
	bool (*is)(const struct wr_detect *d, const struct target *t, uint32_t set);
};

enum {
	USUAL = 5,     /* mean deviations */
	SYN_AGED = 60, /* SYNs that had time for their handshake */
	SYN_STEPS = 2, /* so much time */
	SYN_LEAST = 8,
	SYN_LOW = 60,	   /* beyond what is usual, added up over seconds */
	SYN_MANY = 400,	   /* in a step: nobody waits for more */
	SENT_AGAIN = 3,	   /* SYNs of a connection in a second or two (RFC 6298) */
	CROWD_STEPS = 2,   /* between looks at what a crowd has become; in its first second: each */
	ONE_LEAST = 50,	   /* connections of one that is a flood by itself: the floor */
	SPREAD_HOSTS = 12, /* of a prefix */
	SPREAD_FLOOR = 150,
	PORT_STEPS = 5, /* between looks at who comes to a port that has a number of its own */
	LOOKS = 8,	/* at who and what, in a step */
};

static uint32_t newest(const struct target *t, enum count c, uint32_t steps)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < steps; i++)
		n += t->c[(t->step - i) % STEPS][c];
	return n;
}

/* Not many more than the connections that were found to be a flood: a limit keeps SYNs of those
 * out, which are sent again. */
static bool are_limited(const struct wr_detect *d, const struct target *t)
{
	for (int i = 0; i < FINDINGS; i++) {
		const struct wr_finding *f = &d->finding[i].f;

		if (f->id && f->klass == WR_CLASS_HTTP_FLOOD && f->victim.ip_v == t->key.ip_v &&
		    !memcmp(f->victim.addr, t->key.addr, 16))
			return t->sum[C_SYN] <= SENT_AGAIN * f->evidence[0].value;
	}
	return false;
}

/* In a second, of SYNs that had time for their handshake and of all that were completed. */
static uint32_t half_opened(uint32_t aged, uint32_t done)
{
	return aged > done ? (aged - done) * STEPS / (STEPS - SYN_STEPS) : 0;
}

/* Those that came some steps ago should have been completed by now: not one in five was; or those
 * that were not are as many as are set. */
static bool syn_flood(const struct wr_detect *d, const struct target *t, uint32_t set)
{
	uint32_t aged = t->sum[C_SYN] - newest(t, C_SYN, SYN_STEPS);
	uint32_t now = newest(t, C_SYN, 1), done = t->sum[C_HANDSHAKES];

	if (set && half_opened(aged, done) < set &&
	    (now < set || now < SYN_MANY || done * 20 >= now))
		return false;
	return (set || (aged >= SYN_AGED && done * 5 < aged) ||
		(now >= SYN_MANY && done * 20 < now) ||
		(t->low >= SYN_LOW && done * 3 < t->sum[C_SYN])) &&
	       !was_gone(d, t) && !has_refused(d, t) && !are_limited(d, t);
}

/* Not one connection that goes on, whose beginning was not seen. */
static bool ack_flood(const struct wr_detect *d, const struct target *t, uint32_t set)
{
	(void)d, (void)set;
	return t->sum[C_NEW_FLOWS] * 3 >= t->sum[C_ACK_UNASKED];
}

/* It must be known how many connections are usual: more than that are looked at, see is_many(). */
static bool usual_known(const struct wr_detect *d, const struct target *t, uint32_t set)
{
	(void)d;
	return set || t->norm[C_HANDSHAKES].seconds >= 60;
}

/* Nobody answers: it is no service. One that does answers to far more than it is known to. */
static bool udp_flood(const struct wr_detect *d, const struct target *t, uint32_t set)
{
	const struct wr_norm *n = &t->norm[C_UDP_UNASKED];

	return set || t->sum[C_UDP_ANSWERED] * 2 < t->sum[C_UDP_UNASKED] ||
	       (n->seconds >= 60 &&
		t->sum[C_UDP_UNASKED] > 4 * most_usual(d, t, C_UDP_UNASKED, USUAL));
}

static const struct flood floods[] = {
	{C_AMP_UNASKED, WR_CLASS_AMP_OTHER, 60, 500, RECENT_UNASKED, WR_IP_UDP, NULL},
	{C_SYN, WR_CLASS_SYN_FLOOD, SYN_LEAST, SYN_LEAST, RECENT_SYN, WR_IP_TCP, syn_flood},
	{C_SYNACK_UNASKED, WR_CLASS_SYNACK_REFLECTION, 60, 500, RECENT_UNASKED, WR_IP_TCP, NULL},
	{C_RST_UNASKED, WR_CLASS_RST_FLOOD, 150, 500, RECENT_UNASKED, WR_IP_TCP, NULL},
	{C_ACK_UNASKED, WR_CLASS_ACK_FLOOD, 300, 0, RECENT_UNASKED, WR_IP_TCP, ack_flood},
	{C_UDP_UNASKED, WR_CLASS_UDP_FLOOD, 250, 1000, RECENT_UNASKED, WR_IP_UDP, udp_flood},
	{C_FRAGMENTS, WR_CLASS_FRAG_FLOOD, 60, 60, RECENT_FRAG, 0, NULL},
	{C_ICMP, WR_CLASS_ICMP_FLOOD, 100, 100, 0, 0, NULL},
	{C_HANDSHAKES, WR_CLASS_HTTP_FLOOD, 50, 50, RECENT_SYN, WR_IP_TCP, usual_known},
};
enum { FLOODS = sizeof(floods) / sizeof(*floods) };

static const struct {
	uint16_t port;
	uint8_t klass;
} amplified[] = {{53, WR_CLASS_AMP_DNS},    {123, WR_CLASS_AMP_NTP},
		 {161, WR_CLASS_AMP_SNMP},  {389, WR_CLASS_AMP_CLDAP},
		 {1900, WR_CLASS_AMP_SSDP}, {11211, WR_CLASS_AMP_MEMCACHED},
		 {19, WR_CLASS_AMP_CHARGEN}};

static bool look_in_step(struct wr_detect *d)
{
	if (d->looked_step != d->step) {
		d->looked_step = d->step;
		d->looks = 0;
	}
	return d->looks++ < LOOKS;
}

/* Addresses have their looks in different steps. Those of IPv6 that are neighbours begin alike. */
static uint32_t phase(const struct target *t)
{
	return t->key.ip_v == 4 ? t->key.addr[3] : (uint32_t)addr_hash(t->key.addr);
}

struct choice {
	const struct target *t;
	const struct flood *flood;
	uint16_t port;		       /* of its own number: only what is for that port; 0: all, */
	uint16_t own[WR_DETECT_FIXED]; /* but for ports that have one */
	uint32_t n_own;
};

static bool is_own(const struct choice *c, uint16_t port)
{
	for (uint32_t i = 0; i < c->n_own; i++)
		if (c->own[i] == port)
			return true;
	return false;
}

static bool is_for(const struct choice *c, const struct recent *r)
{
	const uint8_t *to = r->key.addr[!r->from];
	size_t bytes = c->t->key.tag ? c->t->key.tag / 8 : 16;

	return !memcmp(to, c->t->key.addr, bytes) && r->key.ip_v == c->t->key.ip_v &&
	       (!c->port || r->key.port[!r->from] == c->port) && !is_own(c, r->key.port[!r->from]);
}

/* Does this part belong to what came to the target? */
static bool belongs(const void *ctx, const struct recent *r)
{
	const struct choice *c = ctx;
	uint8_t proto = r->key.proto;

	if (!is_for(c, r))
		return false;
	if (c->flood->klass == WR_CLASS_ICMP_FLOOD)
		return proto == WR_IP_ICMP || proto == WR_IP_ICMP6;
	return (!c->flood->proto || c->flood->proto == proto) && r->kinds & c->flood->kinds;
}

static enum wr_finding_class name_of(const struct flood *fl, const struct profile *p)
{
	/* Many clients that each do as usual: a crowd, not a flood. By connections: a part has more
	 * packets than their SYNs where the kernel counts. */
	if (fl->klass == WR_CLASS_HTTP_FLOOD && !are_heavy(p) &&
	    p->parts < p->sources * CLIENT_USUAL &&
	    (p->top_parts * 10 < p->parts || p->top_parts < ONE_LEAST))
		return WR_CLASS_FLASH_CROWD;
	if (fl->klass != WR_CLASS_AMP_OTHER)
		return fl->klass;
	for (size_t i = 0; i < sizeof(amplified) / sizeof(*amplified); i++)
		if (amplified[i].port == p->sport)
			return amplified[i].klass;
	return WR_CLASS_AMP_OTHER;
}

/* A finding that this flood of this address has already. */
static bool is_of(const struct target *t, const struct flood *fl, const struct wr_finding *f)
{
	bool same = f->klass == fl->klass;

	if (fl->klass == WR_CLASS_AMP_OTHER)
		same = f->klass >= WR_CLASS_AMP_DNS && f->klass <= WR_CLASS_AMP_OTHER;
	else if (fl->klass == WR_CLASS_HTTP_FLOOD)
		same |= f->klass == WR_CLASS_FLASH_CROWD;
	return same && f->victim.ip_v == t->key.ip_v && !memcmp(f->victim.addr, t->key.addr, 16) &&
	       f->victim.prefix == (t->key.ip_v == 4 ? 32 : 128);
}

/* Connections are only of TCP, and what is no attack (a crowd) has no attack among its parts. */
static bool may_hide(const struct flood *told, const struct wr_finding *f, const struct flood *fl)
{
	return f->severity > WR_SEVERITY_INFO &&
	       (told->count != C_HANDSHAKES || fl->proto == WR_IP_TCP);
}

/* Is a flood of this address already told, that this is a part of? Not when this one is, too. */
static bool part_of_another(const struct wr_detect *d, const struct target *t,
			    const struct flood *fl)
{
	bool part = false;

	for (int i = 0; i < FINDINGS; i++) {
		const struct wr_finding *f = &d->finding[i].f;

		if (f->id && is_of(t, fl, f))
			return false;
		for (size_t j = 0; f->id && j < FLOODS; j++)
			part |= is_of(t, &floods[j], f) && may_hide(&floods[j], f, fl) &&
				t->sum[fl->count] < t->sum[floods[j].count] * 2;
	}
	return part;
}

static struct wr_victim where(const struct target *t, const struct profile *p, uint8_t proto)
{
	struct wr_victim v = victim_of(t->key.addr, t->key.ip_v);

	if (t->key.tag)
		v.prefix = (uint8_t)t->key.tag;
	if (p && p->port && proto && !t->key.tag) {
		v.port = p->port;
		v.proto = proto;
	}
	return v;
}

/* The port whose own number a finding is held against; 0: its address's. */
static uint16_t own_port(const struct wr_detect *d, const struct wr_finding *f)
{
	const struct wr_detect_fixed *set = fixed_of(d, f->klass, &f->victim);

	return set ? set->port : 0;
}

/* In a second; of so many that not a whole one is remembered: at the rate of what is. */
static double rate_of(const struct target *t, const struct flood *fl, const struct profile *p)
{
	if (p->seconds >= 1 || p->seconds <= 0 || fl->count == C_HANDSHAKES)
		return t->sum[fl->count];
	return (double)p->packets / p->seconds;
}

/* The number of its address, or prefix. */
static const struct wr_detect_fixed *set_for(const struct wr_detect *d, const struct target *t,
					     enum wr_finding_class klass)
{
	struct wr_victim v;

	if (!d->conf.tune.n_fixed)
		return NULL;
	v = where(t, NULL, 0);
	return fixed_of(d, klass, &v);
}

/* Is n more than the number that is set of that class, or than what is usual? */
static bool is_more(const struct wr_detect *d, const struct target *t, const struct flood *fl,
		    const struct wr_detect_fixed *set, uint32_t n)
{
	if (n < (set ? set->at : d->conf.one_way ? fl->one_way : fl->floor))
		return false;
	return set || fl->count == C_SYN || n > most_usual(d, t, fl->count, USUAL);
}

static bool is_over(const struct wr_detect *d, const struct target *t, const struct flood *fl,
		    enum wr_finding_class klass)
{
	const struct wr_detect_fixed *set = set_for(d, t, klass);
	/* Connections may be a crowd's, which is another class. */
	bool off = is_off(d, klass) &&
		   (klass != WR_CLASS_HTTP_FLOOD || is_off(d, WR_CLASS_FLASH_CROWD));

	return !off && is_more(d, t, fl, set, t->sum[fl->count]) &&
	       (!fl->is || fl->is(d, t, set ? set->at : 0));
}

/* Which amplification it is, the source port says, later. */
static bool may_be(const struct wr_detect *d, const struct target *t, const struct flood *fl)
{
	bool each = fl->klass == WR_CLASS_AMP_OTHER && (d->conf.tune.n_fixed || d->conf.tune.off);

	for (int c = each ? WR_CLASS_AMP_DNS : fl->klass; c <= (int)fl->klass; c++)
		if (is_over(d, t, fl, (enum wr_finding_class)c))
			return true;
	return false;
}

static bool made(const void *ctx, const struct recent *r)
{
	const struct choice *c = ctx;

	return r->kinds & RECENT_DONE && is_for(c, r);
}

/* In a second, for a port: what is counted. */
static double port_rate(const struct wr_detect *d, const struct choice *c)
{
	return recent_count(d, c->flood->count == C_HANDSHAKES ? made : belongs, c, 0) /
	       recent_span(d);
}

/* In a second, for a port; of SYNs those that had time for their handshake and had none. */
static uint32_t at_port(const struct wr_detect *d, const struct choice *c)
{
	double span = recent_span(d), late = SYN_STEPS / (double)STEPS;
	bool aged = span > 2 * late;
	uint32_t n, done;

	if (c->flood->count != C_SYN)
		return (uint32_t)fmin(port_rate(d, c), UINT32_MAX);
	n = recent_count(d, belongs, c, aged ? SYN_STEPS : 0);
	done = recent_count(d, made, c, 0);
	return n > done ? (uint32_t)((n - done) / (aged ? span - late : span)) : 0;
}

/* Ports that have a number of their own have a turn of their own: is it one without them, too? */
static bool is_one_without(const struct wr_detect *d, const struct choice *c)
{
	const struct wr_detect_fixed *set = set_for(d, c->t, c->flood->klass);

	return is_more(d, c->t, c->flood, set, at_port(d, c)) &&
	       (set || c->flood->count != C_SYN ||
		recent_count(d, made, c, 0) * 5 < recent_count(d, belongs, c, SYN_STEPS));
}

/* Now that it is known who and what. */
static bool is_one(const struct wr_detect *d, const struct choice *c, const struct profile *p)
{
	const struct target *t = c->t;
	const struct flood *fl = c->flood;

	if (c->n_own && !is_one_without(d, c))
		return false;
	if (fl->klass == WR_CLASS_HTTP_FLOOD)
		return set_for(d, t, fl->klass) || (is_many(d, t, p) && !is_behind_a_rush(d, t, p));
	return fl->klass != WR_CLASS_AMP_OTHER || is_over(d, t, fl, name_of(fl, p));
}

/* Which ports of the address are not looked at with it. */
static void leave_own(const struct wr_detect *d, struct choice *c)
{
	struct wr_victim v = where(c->t, NULL, 0);

	for (uint32_t i = 0; i < d->conf.tune.n_fixed; i++) {
		const struct wr_detect_fixed *set = &d->conf.tune.fixed[i];

		v.port = set->port;
		if (set->port && fixed_of(d, c->flood->klass, &v) == set)
			c->own[c->n_own++] = set->port;
	}
}

static bool is_young(const struct wr_detect *d, const struct wr_finding *f)
{
	return step_end(d) - f->raised_ns < STEPS * WR_DETECT_STEP_NS;
}

/*
 * Who and what costs a look at all that is remembered. What is known to go on has one a second, and
 * is renewed in between (a crowd may be the beginning of a flood: more often); of others there is
 * one only when there is room for a finding, and at most so many a step: the next ones have their
 * turn in the next step.
 */
static bool may_look(struct wr_detect *d, struct target *t, const struct flood *fl, uint16_t port)
{
	struct wr_finding *f = NULL;
	struct wr_victim at;
	uint32_t every;

	for (int i = 0; i < FINDINGS && !f; i++)
		if (d->finding[i].f.id && is_of(t, fl, &d->finding[i].f) &&
		    port == own_port(d, &d->finding[i].f))
			f = &d->finding[i].f;
	every = !f || f->klass != WR_CLASS_FLASH_CROWD ? STEPS : is_young(d, f) ? 1 : CROWD_STEPS;
	if (f && (d->step + phase(t)) % every) {
		renew(d, f);
		if (f->severity > WR_SEVERITY_INFO)
			t->busy = d->step + STEPS * 10;
		return false;
	}
	at = where(t, NULL, 0);
	return (f || room_for(d, fl->klass, &at)) && look_in_step(d);
}

/* set: the number of a port; NULL: of the whole address. */
static void tell_flood(struct wr_detect *d, struct target *t, const struct flood *fl,
		       const struct wr_detect_fixed *set)
{
	struct choice c = {.t = t, .flood = fl, .port = set ? set->port : 0};
	struct profile p;
	struct wr_finding *f;
	struct wr_victim v;
	bool is_new, one;

	if (!may_look(d, t, fl, c.port))
		return;
	if (!set)
		leave_own(d, &c);
	profile_of(d, belongs, &c, &p);
	if (!set && !is_one(d, &c, &p))
		return;
	/* One who tries ports is a scan, whoever else connects meanwhile. */
	if (fl->klass == WR_CLASS_SYN_FLOOD && p.ports >= 20 &&
	    (p.sources <= 3 || p.top[0].packets * 10 >= (uint64_t)half_open(t) * 6))
		return;
	one = set || c.n_own;
	v = where(t, &p,
		  set || fl->klass == WR_CLASS_SYN_FLOOD || fl->klass == WR_CLASS_UDP_FLOOD
			  ? fl->proto
			  : 0);
	f = find(d, name_of(fl, &p), &v, &is_new);
	if (f && f->severity > WR_SEVERITY_INFO)
		t->busy = d->step + STEPS * 10;
	if (!f || !is_new)
		return;
	evidence(f, count_feature[fl->count], one ? port_rate(d, &c) : rate_of(t, fl, &p),
		 &t->norm[fl->count], 1);
	if (fl->klass == WR_CLASS_SYN_FLOOD)
		evidence_only(f, WR_FEATURE_HANDSHAKES,
			      one ? recent_count(d, made, &c, 0) : t->sum[C_HANDSHAKES]);
	profile_evidence(f, &p);
	tell(d, f);
}

/* Over many hosts of a prefix, none of which has most of it, from more than a few sources. */
static void tell_spread(struct wr_detect *d, struct target *t, const struct flood *fl)
{
	struct wr_victim v = where(t, NULL, 0);
	struct wr_finding *f = found(d, WR_CLASS_CARPET_BOMBING, &v);
	struct choice c = {.t = t, .flood = fl};
	struct profile p;
	bool is_new;

	if (f) {
		find(d, WR_CLASS_CARPET_BOMBING, &v, &is_new);
		t->busy = d->step + STEPS * 10;
		return;
	}
	if (!room_for(d, WR_CLASS_CARPET_BOMBING, &v) || !look_in_step(d))
		return;
	profile_of(d, belongs, &c, &p);
	if (p.hosts < SPREAD_HOSTS || p.sources < SPREAD_HOSTS || p.top_host * 3 > p.packets)
		return;
	f = find(d, WR_CLASS_CARPET_BOMBING, &v, &is_new);
	t->busy = d->step + STEPS * 10;
	if (!f)
		return;
	evidence(f, count_feature[fl->count], t->sum[fl->count], &t->norm[fl->count], 1);
	evidence_only(f, WR_FEATURE_HOSTS, p.hosts);
	profile_evidence(f, &p);
	tell(d, f);
}

static void end_step_prefix(struct wr_detect *d, struct target *t)
{
	const struct wr_detect_fixed *set = set_for(d, t, WR_CLASS_CARPET_BOMBING);

	if (__builtin_popcountll(t->hosts[0] | t->hosts[1]) < SPREAD_HOSTS * 2 / 3 ||
	    is_off(d, WR_CLASS_CARPET_BOMBING))
		return;
	for (size_t i = 0; i < FLOODS; i++) {
		const struct flood *fl = &floods[i];
		uint32_t n = t->sum[fl->count];

		if (fl->count == C_HANDSHAKES)
			continue; /* connections that are made are a crowd's, or a host's */
		if ((set ? n >= set->at
			 : n >= SPREAD_FLOOR && n > most_usual(d, t, fl->count, USUAL)) &&
		    (!d->conf.one_way || fl->one_way) && (!fl->is || fl->is(d, t, 0))) {
			tell_spread(d, t, fl);
			return;
		}
	}
}

/* Numbers of its ports: whether so many were for one is only known after a look, twice a second,
 * which is one of those of the step. */
static void look_at_ports(struct wr_detect *d, struct target *t, const struct flood *fl)
{
	struct wr_victim v = where(t, NULL, 0);
	struct choice c = {.t = t, .flood = fl};

	if ((d->step + phase(t)) % PORT_STEPS || is_off(d, fl->klass))
		return;
	for (uint32_t i = 0; i < d->conf.tune.n_fixed; i++) {
		const struct wr_detect_fixed *set = &d->conf.tune.fixed[i];

		c.port = v.port = set->port;
		if (set->port && t->sum[fl->count] >= set->at &&
		    fixed_of(d, fl->klass, &v) == set && !part_of_another(d, t, fl) &&
		    (!fl->is || fl->is(d, t, set->at)) && look_in_step(d) &&
		    at_port(d, &c) >= set->at)
			tell_flood(d, t, fl, set);
	}
}

void end_step_floods(struct wr_detect *d, struct target *t)
{
	if (t->key.tag) {
		end_step_prefix(d, t);
		return;
	}
	for (size_t i = 0; i < FLOODS; i++) {
		if (d->conf.one_way && !floods[i].one_way)
			continue;
		if (may_be(d, t, &floods[i]) && !part_of_another(d, t, &floods[i]))
			tell_flood(d, t, &floods[i], NULL);
		if (d->conf.tune.n_fixed)
			look_at_ports(d, t, &floods[i]);
	}
}
