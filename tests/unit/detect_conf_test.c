/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lists of [detect]: which class has which mode, and what is said of a wrong word. */
#include "daemon/detect_conf.h"
#include "tests/tap.h"

static void test_words(void)
{
	static const struct {
		const char *word, *says; /* NULL: it is right */
	} words[] = {
		{"syn_flood:enforce", NULL},
		{"flood:shadow", NULL},
		{"scan:off", NULL},
		{"syn_flod:enforce", "is it 'syn_flood'?"},
		{"scam:off", "is it 'scan'?"},
		{"nothing_like_it:off", "docs/detection.md lists them"},
		{"beacon:enforce", "no rule is made against it"},
		{"scan", "expected CLASS:MODE"},
		{"scan:yes", "off, shadow or enforce"},
		{"a_word_that_is_longer_than_any_class_there_is_in_it:off", "expected CLASS:MODE"},
		{":off", "there is no class ''"},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		struct wr_err err = {0};
		int ret = wr_detect_check_class(words[i].word, &err);

		ok(words[i].says ? ret < 0 && strstr(err.text, words[i].says) : !ret, "%s: %s",
		   words[i].word, ret ? err.text : "is right");
	}
}

static void test_modes(void)
{
	static const char *const at[] = {"flood:enforce", "udp_flood:shadow", "scan:off"};
	struct wr_daemon_conf c = {.detect = {.classes = {at, 3}}};
	uint8_t own[WR_CLASS_COUNT];

	wr_detect_conf_modes(&c, own);
	is_int(own[WR_CLASS_SYN_FLOOD], 1 + WR_ANSWER_ENFORCE, "a group has its mode");
	is_int(own[WR_CLASS_UDP_FLOOD], 1 + WR_ANSWER_SHADOW, "a later word wins");
	is_int(own[WR_CLASS_PORT_SCAN_HORIZONTAL], 1 + WR_ANSWER_OFF, "off is a mode, too");
	is_int(own[WR_CLASS_BRUTE_FORCE], 0, "what is not named has none of its own");
	ok(wr_detect_conf_answers(&c), "rules are made with these");
	c.detect.classes.n = 0;
	ok(!wr_detect_conf_answers(&c), "and without them none are");
}

static void test_known(void)
{
	static const char *const at[] = {"10.0.0.1", "fe80::1"};
	struct wr_daemon_conf c = {
		.detect = {.known = {at, 2}, .malformed = 50, .new_services = true}};
	struct wr_detect_tune t;
	struct wr_err err = {0};

	wr_detect_conf_tune(&c, &t);
	ok(t.n_known == 2 && t.known[0].ip_v == 4 && t.known[0].addr[0] == 10 &&
		   t.known[1].ip_v == 6 && t.known[1].addr[15] == 1,
	   "addresses that are fine");
	ok(t.malformed == 50 && !t.old_services, "and what else there is to set");
	ok(wr_detect_check_addr("10.0.0.0/8", &err) < 0, "a prefix is none: %s", err.text);
}

int main(void)
{
	test_words();
	test_modes();
	test_known();
	return done();
}
