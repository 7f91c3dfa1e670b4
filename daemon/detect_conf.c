/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/detect_conf.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "base/near.h"

enum { WORD = 40 };

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

/* CLASS:MODE. 0 or -EINVAL. */
static int parse(const char *value, uint8_t *first, uint8_t *last, enum wr_answer_mode *mode,
		 struct wr_err *err)
{
	const char *names[WR_CLASS_COUNT + GROUPS + 1] = {0}, *near;
	const char *colon = strchr(value, ':');
	char word[WORD] = "";
	size_t n = 0;

	if (!colon || colon - value >= WORD)
		return wr_fail(err, EINVAL,
			       "'%s': expected CLASS:MODE (syn_flood:enforce, scan:shadow)", value);
	memcpy(word, value, (size_t)(colon - value));
	if (!range_of(word, first, last)) {
		for (int i = 0; i < GROUPS; i++)
			names[n++] = groups[i].name;
		for (int c = 0; c < WR_CLASS_COUNT; c++)
			if (wr_detect_curable((enum wr_finding_class)c))
				names[n++] = wr_class_name((enum wr_finding_class)c);
		near = wr_near(word, names);
		return wr_fail(err, EINVAL, "there is no class '%s'%s%s%s", word,
			       near ? ": is it '" : " (docs/detection.md lists them)",
			       near ? near : "", near ? "'?" : "");
	}
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
	const struct wr_conf_list *known = &conf->detect.known;

	*tune = (struct wr_detect_tune){.malformed = (uint32_t)conf->detect.malformed,
					.old_services = !conf->detect.new_services,
					.no_anomalies = !conf->detect.anomalies,
					.anomaly_days = (uint32_t)conf->detect.anomaly_days};
	for (size_t i = 0; i < known->n && tune->n_known < WR_DETECT_KNOWN; i++)
		tune->n_known += address(known->at[i], &tune->known[tune->n_known]);
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
