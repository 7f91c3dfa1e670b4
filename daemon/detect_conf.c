/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/detect_conf.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/near.h"
#include "policy/policy.h"

enum { WORD = 40, FIXED_WORD = 128, FIXED_MOST = 100000000 };

/* Several classes by one word. */
static const struct {
	const char *name;
	uint8_t first, last; /* enum wr_finding_class */
} groups[] = {
	{"flood", WR_CLASS_SYN_FLOOD, WR_CLASS_HTTP_FLOOD},
	{"amp", WR_CLASS_AMP_DNS, WR_CLASS_AMP_OTHER},
	{"scan", WR_CLASS_PORT_SCAN_VERTICAL, WR_CLASS_PORT_SCAN_HORIZONTAL},
};
enum { GROUPS = sizeof(groups) / sizeof(*groups) };

static bool range_of(const char *word, uint8_t *first, uint8_t *last)
{
	for (int i = 0; i < GROUPS; i++)
		if (!strcmp(word, groups[i].name)) {
			*first = groups[i].first;
			*last = groups[i].last;
			return true;
		}
	for (int c = 0; c < WR_CLASS_COUNT; c++)
		if (!strcmp(word, wr_class_name((enum wr_finding_class)c))) {
			*first = *last = (uint8_t)c;
			return true;
		}
	return false;
}

/* What is said of a word that is none of them; may: which classes may be meant. */
static int no_class(const char *word, bool (*may)(enum wr_finding_class), struct wr_err *err)
{
	const char *names[WR_CLASS_COUNT + GROUPS + 1] = {0}, *near;
	size_t n = 0;

	for (int i = 0; i < GROUPS; i++)
		if (may((enum wr_finding_class)groups[i].first))
			names[n++] = groups[i].name;
	for (int c = 0; c < WR_CLASS_COUNT; c++)
		if (may((enum wr_finding_class)c))
			names[n++] = wr_class_name((enum wr_finding_class)c);
	near = wr_near(word, names);
	return wr_fail(err, EINVAL, "there is no class '%s'%s%s%s", word,
		       near ? ": is it '" : " (docs/detection.md lists them)", near ? near : "",
		       near ? "'?" : "");
}

/* CLASS:MODE. 0 or -EINVAL. */
static int parse(const char *value, uint8_t *first, uint8_t *last, enum wr_answer_mode *mode,
		 struct wr_err *err)
{
	const char *colon = strchr(value, ':');
	char word[WORD] = "";

	if (!colon || colon - value >= WORD)
		return wr_fail(err, EINVAL,
			       "'%s': expected CLASS:MODE (syn_flood:enforce, scan:shadow)", value);
	memcpy(word, value, (size_t)(colon - value));
	if (!range_of(word, first, last))
		return no_class(word, wr_detect_curable, err);
	if (!wr_detect_curable((enum wr_finding_class) * first))
		return wr_fail(err, EINVAL, "'%s' is only told: no rule is made against it", word);
	if (wr_answer_mode(colon + 1, mode))
		return wr_fail(err, EINVAL, "'%s': behind %s: comes off, shadow or enforce", value,
			       word);
	return 0;
}

int wr_detect_check_class(const char *value, struct wr_err *err)
{
	enum wr_answer_mode mode;
	uint8_t first, last;

	return parse(value, &first, &last, &mode, err);
}

/* ---- what is not told ---- */

static bool any(enum wr_finding_class c)
{
	(void)c;
	return true;
}

int wr_detect_check_off(const char *value, struct wr_err *err)
{
	uint8_t first, last;

	return range_of(value, &first, &last) ? 0 : no_class(value, any, err);
}

/* ---- numbers that take the place of what is usual ---- */

static bool counted(enum wr_finding_class c)
{
	return wr_fixed_unit(c);
}

/* NUMBER, whole, up to a hundred million. */
static bool number(const char *text, uint32_t *out)
{
	uint64_t n = 0;

	if (!*text || strlen(text) > 9)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		n = n * 10 + (uint64_t)(*text - '0');
	}
	*out = (uint32_t)n;
	return n && n <= FIXED_MOST;
}

/* Without brackets nobody can tell whether the last word of it is a port. */
static bool is_bare_ip6(const char *text)
{
	size_t colon = strcspn(text, ":");

	return text[0] != '[' && !strchr(text, '/') && strcspn(text, ".") > colon &&
	       strchr(text, ':') != strrchr(text, ':');
}

/* What stands behind the '@', cut off in front of the number: ADDRESS, ADDRESS:PORT, PREFIX,
 * [ADDRESS], [ADDRESS]:PORT; of IPv6 only a prefix goes without brackets. */
static int victim(char *text, struct wr_detect_fixed *out, struct wr_err *err)
{
	char *port = NULL, *end = text[0] == '[' ? strchr(text, ']') : NULL;
	struct wr_prefix p;
	uint32_t n = 0;

	if (is_bare_ip6(text))
		return wr_fail(
			err, EINVAL,
			"'%s': write an IPv6 address in brackets: [2001:db8::1]:443:500 of a "
			"port, [2001:db8::1]:500 of all of it",
			text);
	if (end && (!end[1] || end[1] == ':')) {
		port = end[1] ? end + 2 : NULL;
		*end = 0;
		text++;
	} else if (strchr(text, ':') == strrchr(text, ':') && strchr(text, ':')) {
		port = strchr(text, ':') + 1;
		port[-1] = 0;
	}
	if (port && (!number(port, &n) || n > 65535))
		return wr_fail(err, EINVAL, "'%s' is no port from 1 to 65535", port);
	if (wr_prefix_parse(&p, text, strlen(text)))
		return wr_fail(err, EINVAL, "'%s' is no address and no prefix", text);
	out->port = (uint16_t)n;
	out->ip_v = p.ip_v;
	out->prefix = p.bits;
	memcpy(out->addr, p.addr, sizeof(out->addr));
	return 0;
}

/* Whether all classes of the word have a number, and one of a port or a prefix. */
static int may_have(const char *word, const struct wr_detect_fixed *f, struct wr_err *err)
{
	uint8_t net = f->ip_v == 4 ? 24 : 64;

	for (int c = f->first; c <= f->last; c++) {
		if (!wr_fixed_unit((enum wr_finding_class)c))
			return wr_fail(err, EINVAL,
				       "'%s' is not told by a number that could be set "
				       "(docs/detection.md lists those that are)",
				       word);
		if (f->port && !wr_fixed_port((enum wr_finding_class)c))
			return wr_fail(err, EINVAL,
				       "'%s' is counted for an address, not for a port of it: "
				       "leave the port out",
				       word);
		if (c == WR_CLASS_CARPET_BOMBING && f->first == f->last && f->ip_v &&
		    f->prefix > net)
			return wr_fail(err, EINVAL, "'%s' is counted for a /%u: name that", word,
				       net);
	}
	return 0;
}

/* CLASS[@VICTIM]:NUMBER. 0 or -EINVAL. */
static int fixed(const char *value, struct wr_detect_fixed *out, struct wr_err *err)
{
	char text[FIXED_WORD] = "", *at, *colon;

	*out = (struct wr_detect_fixed){0};
	if (strlen(value) < sizeof(text))
		snprintf(text, sizeof(text), "%s", value);
	at = strchr(text, '@');
	colon = strrchr(text, ':');
	if (!colon || (at && colon < at))
		return wr_fail(err, EINVAL,
			       "'%s': expected CLASS:NUMBER or CLASS@VICTIM:NUMBER "
			       "(syn_flood:500, syn_flood@10.0.0.5:443:500)",
			       value);
	*colon = 0;
	if (at)
		*at = 0;
	if (!range_of(text, &out->first, &out->last))
		return no_class(text, counted, err);
	if (!number(colon + 1, &out->at))
		return wr_fail(err, EINVAL, "'%s': '%s' is no whole number from 1 to %d at its end",
			       value, colon + 1, FIXED_MOST);
	if (at && victim(at + 1, out, err))
		return -EINVAL;
	return may_have(text, out, err);
}

int wr_detect_check_fixed(const char *value, struct wr_err *err)
{
	struct wr_detect_fixed f;

	return fixed(value, &f, err);
}

/* ---- and who is fine ---- */

static bool address(const char *text, struct wr_detect_addr *a)
{
	memset(a, 0, sizeof(*a));
	a->ip_v = strchr(text, ':') ? 6 : 4;
	return inet_pton(a->ip_v == 4 ? AF_INET : AF_INET6, text, a->addr) == 1;
}

int wr_detect_check_addr(const char *value, struct wr_err *err)
{
	struct wr_detect_addr a;

	return address(value, &a)
		       ? 0
		       : wr_fail(err, EINVAL, "'%s': an address (10.0.0.1, fe80::1) was expected",
				 value);
}

void wr_detect_conf_tune(const struct wr_daemon_conf *conf, struct wr_detect_tune *tune)
{
	const struct wr_conf_list *known = &conf->detect.known, *set = &conf->detect.thresholds;

	*tune = (struct wr_detect_tune){.malformed = (uint32_t)conf->detect.malformed,
					.old_services = !conf->detect.new_services,
					.no_anomalies = !conf->detect.anomalies,
					.anomaly_days = (uint32_t)conf->detect.anomaly_days};
	for (size_t i = 0; i < known->n && tune->n_known < WR_DETECT_KNOWN; i++)
		tune->n_known += address(known->at[i], &tune->known[tune->n_known]);
	for (size_t i = 0; i < set->n && tune->n_fixed < WR_DETECT_FIXED; i++)
		tune->n_fixed += !fixed(set->at[i], &tune->fixed[tune->n_fixed], NULL);
	tune->off = wr_detect_conf_off(conf);
}

uint64_t wr_detect_conf_off(const struct wr_daemon_conf *conf)
{
	const struct wr_conf_list *words = &conf->detect.off;
	uint8_t first = 0, last = 0;
	uint64_t off = 0;

	for (size_t i = 0; i < words->n; i++)
		if (range_of(words->at[i], &first, &last))
			for (int c = first; c <= last; c++)
				off |= 1ull << c;
	return off;
}

void wr_detect_conf_modes(const struct wr_daemon_conf *conf, uint8_t own[WR_CLASS_COUNT])
{
	const struct wr_conf_list *words = &conf->detect.classes;
	enum wr_answer_mode mode = WR_ANSWER_OFF;
	uint8_t first = 0, last = 0;

	memset(own, 0, WR_CLASS_COUNT);
	for (size_t i = 0; i < words->n; i++)
		if (!parse(words->at[i], &first, &last, &mode, NULL))
			memset(own + first, 1 + (int)mode, (size_t)(last - first) + 1);
}

bool wr_detect_conf_answers(const struct wr_daemon_conf *conf)
{
	uint8_t own[WR_CLASS_COUNT];

	if (conf->detect.automatic != WR_ANSWER_OFF)
		return true;
	if (conf->advice.url && conf->advice.url[0] && conf->advice.automatic != WR_ANSWER_OFF)
		return true;
	wr_detect_conf_modes(conf, own);
	for (int c = 0; c < WR_CLASS_COUNT; c++)
		if (own[c] > 1 + WR_ANSWER_OFF)
			return true;
	return false;
}
