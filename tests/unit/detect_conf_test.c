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

/* Numbers of people's own. */
static void test_numbers(void)
{
	static const struct {
		const char *word, *says; /* NULL: it is right */
	} words[] = {
		{"http_flood:800", NULL},
		{"amp:5000", NULL},
		{"flood:5000", NULL},
		{"syn_flood@10.0.0.5:500", NULL},
		{"syn_flood@10.0.0.5:443:500", NULL},
		{"udp_flood@10.0.0.0/24:2000", NULL},
		{"udp_flood@10.0.0.0/24:53:2000", NULL},
		{"udp_flood@2001:db8::/32:2000", NULL},
		{"udp_flood@[2001:db8::1]:53:2000", NULL},
		{"udp_flood@[2001:db8::]:2000", NULL},
		{"carpet_bombing@10.0.0.0/24:2000", NULL},
		{"slow_http@10.0.0.5:80:200", NULL},
		{"malformed@10.0.0.5:200", NULL},
		{"syn_flod:500", "is it 'syn_flood'?"},
		{"becon:500", "docs/detection.md lists them"},
		{"beacon:500", "not told by a number"},
		{"scan:500", "not told by a number"},
		{"syn_flood", "expected CLASS:NUMBER"},
		{"syn_flood@10.0.0.5", "expected CLASS:NUMBER"},
		{"syn_flood:", "no whole number from 1"},
		{"syn_flood:0", "no whole number from 1"},
		{"syn_flood:5k", "no whole number from 1"},
		{"syn_flood:100000001", "no whole number from 1"},
		{"syn_flood@10.0.0.300:500", "no address and no prefix"},
		{"syn_flood@:500", "no address and no prefix"},
		{"syn_flood@10.0.0.5/24:500", "no address and no prefix"},
		{"syn_flood@10.0.0.5:0:500", "no port"},
		{"syn_flood@10.0.0.5:65536:500", "no port"},
		{"syn_flood@10.0.0.5:443:80:500", "no address and no prefix"},
		{"syn_flood@2001:db8::1:443:500", "in brackets: [2001:db8::1]:443:500"},
		{"udp_flood@2001:db8::1:2000", "in brackets: [2001:db8::1]:443:500"},
		{"udp_flood@2001:db8:0:0:0:0:0:1:443:500", "in brackets"},
		{"udp_flood@::ffff:10.0.0.5:500", "in brackets"},
		{"udp_flood@[2001:db8::1:500", "no address and no prefix"},
		{"icmp_flood@10.0.0.5:443:500", "leave the port out"},
		{"flood@10.0.0.5:443:500", "leave the port out"},
		{"carpet_bombing@10.0.0.5:500", "counted for a /24"},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		struct wr_err err = {0};
		int ret = wr_detect_check_fixed(words[i].word, &err);

		ok(words[i].says ? ret < 0 && strstr(err.text, words[i].says) : !ret, "%s: %s",
		   words[i].word, ret ? err.text : "is right");
	}
}

static void test_tune(void)
{
	static const char *const at[] = {"amp:5000", "udp_flood@[2001:db8::1]:53:2000"};
	static const char *const off[] = {"scan", "beacon", "api_slow"};
	struct wr_daemon_conf c = {.detect = {.thresholds = {at, 2}, .off = {off, 3}}};
	const struct wr_detect_fixed *x;
	struct wr_detect_tune t;
	struct wr_err err = {0};

	wr_detect_conf_tune(&c, &t);
	x = t.fixed;
	is_int(t.n_fixed, 2, "two numbers");
	ok(x[0].first == WR_CLASS_AMP_DNS && x[0].last == WR_CLASS_AMP_OTHER && !x[0].ip_v &&
		   x[0].at == 5000,
	   "one of a group, for everybody");
	ok(x[1].first == WR_CLASS_UDP_FLOOD && x[1].last == x[1].first && x[1].ip_v == 6 &&
		   x[1].prefix == 128 && x[1].addr[0] == 0x20 && x[1].addr[15] == 1 &&
		   x[1].port == 53 && x[1].at == 2000,
	   "one of a service");
	ok(t.off == (1ull << WR_CLASS_PORT_SCAN_VERTICAL | 1ull << WR_CLASS_PORT_SCAN_HORIZONTAL |
		     1ull << WR_CLASS_BEACON | 1ull << WR_CLASS_API_SLOW),
	   "and what is off");
	ok(wr_detect_check_off("becon", &err) < 0 && strstr(err.text, "is it 'beacon'?"), "%s",
	   err.text);
	ok(!wr_detect_check_off("flood", &err), "a group is off");
}

int main(void)
{
	test_numbers();
	test_tune();
	test_words();
	test_modes();
	test_known();
	return done();
}
