/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "explain/explain.h"

#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"

/* An `explanation` object back to facts. What it does not say is 0; a name that is not known makes
 * it none. */

static int which(const char *word, const char *(*name)(int), int n)
{
	for (int k = 0; word && k < n; k++)
		if (!strcmp(word, name(k)))
			return k;
	return -1;
}

static const char *class_at(int k)
{
	return wr_class_name((enum wr_finding_class)k);
}
static const char *severity_at(int k)
{
	return wr_severity_name((enum wr_severity)k);
}
static const char *state_at(int k)
{
	return wr_incident_state_name((enum wr_incident_state)k);
}
static const char *feature_at(int k)
{
	return wr_feature_name((enum wr_feature)k);
}
static const char *verb_at(int k)
{
	return wr_cure_verb_name((enum wr_cure_verb)k);
}

static const char *text_of(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static uint64_t number_of(const json_t *o, const char *key)
{
	json_int_t v = json_integer_value(json_object_get(o, key));

	return v < 0 ? 0 : (uint64_t)v;
}

static uint64_t time_of(const json_t *o, const char *key)
{
	const char *text = text_of(o, key);
	uint64_t ns = 0;

	if (text)
		wr_when_parse(text, 0, &ns, NULL);
	return ns;
}

static int address(const char *text, uint8_t addr[16], uint8_t *ip_v)
{
	*ip_v = strchr(text, ':') ? 6 : 4;
	return inet_pton(*ip_v == 6 ? AF_INET6 : AF_INET, text, addr) == 1 ? 0 : -EINVAL;
}

/* The other way of wr_victim_text(). */
static int victim(struct wr_victim *v, const char *text)
{
	char copy[WR_EXPLAIN_TARGET], *port = NULL, *slash, *host = copy;

	memset(v, 0, sizeof(*v));
	if (!text || strlen(text) >= sizeof(copy))
		return -EINVAL;
	if (!strcmp(text, "*"))
		return 0;
	if (strpbrk(text, " {")) { /* no address has these in it */
		snprintf(v->route, sizeof(v->route), "%s", text);
		return 0;
	}
	snprintf(copy, sizeof(copy), "%s", text);
	if (copy[0] == '[') {
		port = strstr(copy, "]:");
		if (!port)
			return -EINVAL;
		*port++ = 0;
		host++;
	} else if (strchr(copy, ':') == strrchr(copy, ':')) {
		port = strchr(copy, ':');
	}
	if (port)
		*port++ = 0;
	slash = strchr(host, '/');
	if (slash)
		*slash++ = 0;
	if (address(host, v->addr, &v->ip_v))
		return -EINVAL;
	v->prefix = (uint8_t)(slash ? atoi(slash) : v->ip_v == 4 ? 32 : 128);
	v->port = (uint16_t)(port ? atoi(port) : 0);
	return 0;
}

static int lists(struct wr_incident *i, const json_t *o)
{
	const json_t *one;
	size_t k;
	int c;

	json_array_foreach(json_object_get(o, "classes"), k, one)
	{
		c = which(json_string_value(one), class_at, WR_CLASS_COUNT);
		if (c < 0)
			return -EINVAL;
		i->classes |= 1ull << c;
	}
	json_array_foreach(json_object_get(o, "victims"), k, one)
	{
		struct wr_victim *v = &i->victim[i->n_victims];

		if (i->n_victims++ == WR_INCIDENT_VICTIMS || victim(v, json_string_value(one)))
			return -EINVAL;
		if (v->port == i->strongest.victim.port)
			v->proto = i->strongest.victim.proto;
	}
	json_array_foreach(json_object_get(o, "sources"), k, one)
	{
		struct wr_finding_source *s = &i->source[i->n_sources];
		const char *text = text_of(one, "address");

		if (i->n_sources++ == WR_FINDING_SOURCES || !text ||
		    address(text, s->addr, &s->ip_v))
			return -EINVAL;
		s->packets = number_of(one, "packets");
	}
	return 0;
}

static int evidence(struct wr_finding *f, const json_t *o)
{
	const json_t *one;
	size_t k;

	json_array_foreach(json_object_get(o, "evidence"), k, one)
	{
		struct wr_evidence *e = &f->evidence[f->n_evidence];
		const json_t *norm = json_object_get(one, "norm");
		const json_t *quantile = json_object_get(one, "quantile");
		int feature = which(text_of(one, "name"), feature_at, WR_FEATURE_COUNT);

		if (f->n_evidence++ == WR_FINDING_EVIDENCE || feature < 0)
			return -EINVAL;
		*e = (struct wr_evidence){
			.feature = (uint8_t)feature,
			.has_norm = norm != NULL,
			.value = json_number_value(json_object_get(one, "value")),
			.norm = json_number_value(norm),
			.quantile = quantile ? json_number_value(quantile) : -1,
			.learned_s = (uint32_t)number_of(one, "learned_s"),
			.share = (float)json_number_value(json_object_get(one, "share")),
		};
	}
	return 0;
}

static int cure(struct wr_cure *c, const json_t *o)
{
	const char *rule = text_of(o, "statement");
	int verb;

	if (!o)
		return 0;
	verb = which(text_of(o, "verb"), verb_at, WR_CURE_VERBS);
	if (verb < 0 || !rule || strlen(rule) >= sizeof(c->rule))
		return -EINVAL;
	c->verb = (enum wr_cure_verb)verb;
	snprintf(c->rule, sizeof(c->rule), "%s", rule);
	c->safe = json_is_true(json_object_get(o, "safe"));
	c->attack = json_number_value(json_object_get(o, "attack_share"));
	c->usual = json_number_value(json_object_get(o, "usual_share"));
	c->attack_samples = (uint32_t)number_of(o, "attack_samples");
	c->usual_samples = (uint32_t)number_of(o, "usual_samples");
	c->usual_clients = (uint32_t)number_of(o, "usual_clients");
	return 0;
}

static int past(struct wr_explain *e, const json_t *o)
{
	const json_t *one;
	size_t k;

	json_array_foreach(json_object_get(o, "past"), k, one)
	{
		struct wr_explain_past *p = &e->past[e->n_past];
		const char *target = text_of(one, "target");
		int klass = which(text_of(one, "class"), class_at, WR_CLASS_COUNT);

		if (e->n_past++ == WR_EXPLAIN_PAST || klass < 0 || !target)
			return -EINVAL;
		p->id = number_of(one, "incident_id");
		p->start_ns = time_of(one, "began");
		p->end_ns = time_of(one, "end");
		p->klass = (uint8_t)klass;
		snprintf(p->target, sizeof(p->target), "%s", target);
	}
	e->past_all = (uint32_t)number_of(o, "past_total");
	return 0;
}

static void effect(struct wr_incident_effect *e, const json_t *o)
{
	const json_t *one;
	double share = json_number_value(json_object_get(o, "share"));
	size_t k;

	if (!o)
		return;
	e->stopped.packets = number_of(o, "packets");
	e->stopped.bytes = number_of(o, "bytes");
	e->came = share > 0 ? (uint64_t)((double)e->stopped.packets / share + 0.5) : 0;
	e->since_ns = time_of(o, "since");
	e->more = json_is_true(json_object_get(o, "by_others"));
	json_array_foreach(json_object_get(o, "by"), k, one)
	{
		const char *name = json_string_value(one);

		if (name && e->n_by < WR_INCIDENT_BY)
			snprintf(e->by[e->n_by++], sizeof(e->by[0]), "%s", name);
	}
}

static int incident(struct wr_incident *i, const json_t *o)
{
	int klass = which(text_of(o, "class"), class_at, WR_CLASS_COUNT);
	int severity = which(text_of(o, "severity"), severity_at, WR_SEVERITY_COUNT);
	int state = which(text_of(o, "state"), state_at, WR_INCIDENT_STATES);
	const char *rule = text_of(o, "rule"), *before = text_of(o, "rule_failed");
	const char *why = text_of(o, "rule_failed_why");
	const char *done = text_of(o, "at_gateway"), *undo = text_of(o, "at_gateway_command");

	if (klass < 0 || severity < 0 || state < 0 ||
	    victim(&i->strongest.victim, text_of(o, "target")))
		return -EINVAL;
	i->id = number_of(o, "incident_id");
	i->state = (uint8_t)state;
	i->severity = (uint8_t)severity;
	i->strongest.klass = (uint8_t)klass;
	i->strongest.victim.proto = (uint8_t)number_of(o, "target_proto");
	i->victims = (uint32_t)number_of(o, "victims_total");
	i->findings = number_of(o, "findings");
	i->open = (uint32_t)number_of(o, "findings_open");
	i->start_ns = time_of(o, "began");
	i->found_ns = time_of(o, "found");
	i->active_ns = time_of(o, "active");
	i->mitigated_ns = time_of(o, "mitigated");
	i->last_ns = time_of(o, "last");
	i->end_ns = time_of(o, "end");
	snprintf(i->rule, sizeof(i->rule), "%s", rule ? rule : "");
	snprintf(i->failed, sizeof(i->failed), "%s", before ? before : "");
	i->hurt = why && !strcmp(why, "hurts");
	snprintf(i->done, sizeof(i->done), "%s", done ? done : "");
	snprintf(i->undo, sizeof(i->undo), "%s", undo ? undo : "");
	i->many_sources = json_is_true(json_object_get(o, "many_sources"));
	i->stopped = json_is_true(json_object_get(o, "rule_stops"));
	effect(&i->effect[WR_INCIDENT_STOPPED], json_object_get(o, "stopped"));
	effect(&i->effect[WR_INCIDENT_WOULD], json_object_get(o, "would_stop"));
	return lists(i, o);
}

int wr_explain_read(struct wr_explain *e, const char *json, size_t n, struct wr_err *err)
{
	json_t *o = json_loadb(json, n, JSON_REJECT_DUPLICATES, NULL);
	const char *type = text_of(o, "event_type"), *mode = text_of(o, "auto");
	int ret = type && !strcmp(type, "explanation") ? 0 : -EINVAL;

	memset(e, 0, sizeof(*e));
	if (!ret)
		ret = incident(&e->i, o);
	if (!ret)
		ret = evidence(&e->i.strongest, o);
	if (!ret)
		ret = cure(&e->cure, json_object_get(o, "remedy"));
	if (!ret)
		ret = past(e, o);
	if (!ret)
		ret = mode ? wr_answer_mode(mode, &e->mode) : -EINVAL;
	e->now_ns = time_of(o, "timestamp");
	json_decref(o);
	return ret ? wr_fail(err, EINVAL,
			     "this is no explanation of an incident that weir %s "
			     "understands; is the daemon of the same version?",
			     WR_VERSION)
		   : 0;
}
