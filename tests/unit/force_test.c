/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy in force without a data path: what is pinned by a weir whose images have another form,
 * and how rules change: how often, what waits to be confirmed, and what fails.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/force.h"
#include "daemon/rules.h"
#include "tests/tap.h"

enum { SOME_LINE = 5, BYTES = 64 << 10 };
static char folder[] = "/tmp/weir-force-XXXXXX";
static char map[64];
static const char *const maps[] = {"wr_policy", "wr_buckets", "wr_hits", "wr_rules"};

/* What an earlier weir has left: its form, and something in a line. */
static bool leave(uint32_t abi)
{
	uint32_t zero = 0, some = SOME_LINE;
	struct wr_line line = {{0}};
	int fd = bpf_obj_get(map), ret = fd < 0 ? -1 : bpf_map_lookup_elem(fd, &zero, &line);

	memcpy((uint8_t *)&line + sizeof(abi), &abi, sizeof(abi));
	line.word[2] = line.word[3] = 0; /* nobody writes to it any more */
	ret = ret ? ret : bpf_map_update_elem(fd, &zero, &line, BPF_ANY);
	memset(&line, 0x55, sizeof(line));
	ret = ret ? ret : bpf_map_update_elem(fd, &some, &line, BPF_ANY);
	close(fd);
	return !ret;
}

static uint64_t left(void)
{
	struct wr_line line = {{0}};
	uint32_t some = SOME_LINE;
	int fd = bpf_obj_get(map);

	if (fd < 0 || bpf_map_lookup_elem(fd, &some, &line))
		line.word[0] = 1;
	close(fd);
	return line.word[0];
}

static void older(void)
{
	struct wr_force_conf conf = {
		.policy_bytes = 1 << 20, .rate_bytes = BYTES, .pin_dir = folder};
	struct wr_force *f = NULL;
	struct wr_err err = {0};

	if (!ok(!wr_force_open(&f, &conf, &err), "maps are made and pinned%s", err.text))
		return;
	is_int(wr_force_older(f), 0, "new ones are of no other form");
	wr_force_close(&f);
	ok(leave(WR_IMAGE_ABI), "one is left");
	ok(!wr_force_open(&f, &conf, &err) && !wr_force_older(f), "it is adopted");
	ok(left() != 0, "and what is in force stays so");
	wr_force_close(&f);
	ok(leave(WR_IMAGE_ABI - 1), "one of an older form is left");
	ok(!wr_force_open(&f, &conf, &err), "its maps are taken");
	is_int(wr_force_older(f), WR_IMAGE_ABI - 1, "that it is older is known");
	is_int((long long)left(), 0, "and nothing of it is in force any more");
	wr_force_close(&f);
	ok(!wr_force_open(&f, &conf, &err) && !wr_force_older(f), "the next one finds ours");
	wr_force_close(&f);
}

static int add(struct wr_rules *r, const char *text)
{
	struct wr_rules_change c = {
		.text = text, .replace = true, .by = WR_CHANGER_DETECTION, .who = "detection"};
	char name[WR_POLICY_NAME + 1];
	struct wr_err err = {0};
	int ret = wr_rules_add(r, &c, name, &err);

	if (ret && ret != -EAGAIN)
		printf("# %s\n", err.text);
	return ret;
}

static int64_t end_of(const struct wr_rules *r, const char *name)
{
	const struct wr_policy *p = wr_rules_policy(r);
	int at = wr_policy_rule(p, name);

	return at < 0 ? 0 : p->rule[at].until_s;
}

static void renewed(void)
{
	struct wr_rules_conf conf = {.file = "",
				     .state = "",
				     .user = "nobody",
				     .policy_bytes = 1 << 20,
				     .rate_bytes = BYTES,
				     .changes_most = 2};
	struct wr_rules *r = NULL;
	struct wr_err err = {0};
	int64_t end;
	int ret = 0;

	if (!ok(!wr_rules_open(&r, &conf, &err), "a policy%s", err.text))
		return;
	is_int(add(r, "auto1: drop from 198.51.100.1 to udp/53 auto for 5m"), 0,
	       "an automatic rule");
	end = end_of(r, "auto1");
	for (int i = 0; i < 5; i++)
		ret |= add(r, "auto1: drop from 198.51.100.1 to udp/53 auto for 10m");
	is_int(ret, 0, "is renewed five times, of two changes in a minute");
	ok(end_of(r, "auto1") > end + 200, "it ends later");
	is_int(add(r, "auto2: drop from 198.51.100.2 to udp/53 auto for 5m"), 0,
	       "which counts for none of them: there is room for another rule");
	is_int(add(r, "auto3: drop from 198.51.100.3 to udp/53 auto for 5m"), -EAGAIN,
	       "and for no third one");
	is_int(add(r, "auto1: drop from 198.51.100.1 to udp/53 auto for 15m"), 0,
	       "renewed all the same");
	wr_rules_changes_most(r, 1);
	end = end_of(r, "auto2");
	is_int(add(r, "auto2: drop from 198.51.100.2 to udp/53 auto for 20m"), 0,
	       "so it is with one change in a minute");
	ok(end_of(r, "auto2") > end + 200, "it ends later, too");
	is_int(add(r, "auto4: drop from 198.51.100.4 to udp/53 auto for 5m"), -EAGAIN,
	       "a new one is refused");
	wr_rules_close(&r);
}

/* A person's change waits to be confirmed while an attack goes on. */
static void renewed_in_between(void)
{
	char state[] = "/tmp/weir-state-XXXXXX";
	struct wr_rules_conf conf = {.file = "",
				     .state = state,
				     .user = "nobody",
				     .policy_bytes = 1 << 20,
				     .rate_bytes = BYTES};
	struct wr_rules_change by_hand = {.text = "a1: drop from 198.51.100.9 to udp/53",
					  .by = WR_CHANGER_ROOT,
					  .client = 1,
					  .confirm_ns = 100000000};
	struct wr_rules *r = NULL, *next = NULL;
	struct wr_err err = {0};
	char name[WR_POLICY_NAME + 1];
	int64_t end;

	close(mkstemp(state));
	if (!ok(!wr_rules_open(&r, &conf, &err), "a policy%s", err.text))
		return;
	add(r, "auto1: drop from 198.51.100.1 to udp/53 auto for 5m");
	end = end_of(r, "auto1");
	is_int(wr_rules_add(r, &by_hand, name, &err), 0, "a change that waits to be confirmed");
	is_int(add(r, "auto2: drop from 198.51.100.2 to udp/53 auto for 5m"), -EBUSY,
	       "no other rule is made meanwhile");
	is_int(add(r, "auto1: drop from 198.51.100.0/24 to udp/53 auto for 10m"), -EBUSY,
	       "and none becomes another one");
	is_int(add(r, "auto1: drop from 198.51.100.1 to udp/53 auto for 1m"), -EBUSY,
	       "or a shorter one");
	is_int(add(r, "auto1: drop from 198.51.100.1 to udp/53 auto for 10m"), 0,
	       "but an automatic one is renewed");
	ok(end_of(r, "auto1") > end + 200, "it ends later");
	if (ok(!wr_rules_open(&next, &conf, &err), "another one reads what is kept%s", err.text)) {
		is_int(wr_policy_rule(wr_rules_policy(next), "a1"), -1, "what waits is not kept");
		ok(end_of(next, "auto1") > end + 200, "the later end is");
	}
	wr_rules_close(&next);
	for (int i = 0; i < 1000 && wr_policy_rule(wr_rules_policy(r), "a1") >= 0; i++) {
		usleep(10000);
		wr_rules_step(r);
	}
	is_int(wr_policy_rule(wr_rules_policy(r), "a1"), -1, "nobody confirms: taken back");
	ok(end_of(r, "auto1") > end + 200, "and the other one is renewed still");
	by_hand.confirm_ns = 60000000000;
	wr_rules_add(r, &by_hand, name, &err);
	is_int(add(r, "auto1: drop from 198.51.100.1 to udp/53 auto for 15m"), 0, "once more");
	is_int(wr_rules_confirm(r, 2, &err), 0, "confirmed");
	ok(end_of(r, "auto1") > end + 500 && wr_policy_rule(wr_rules_policy(r), "a1") >= 0,
	   "both are there");
	wr_rules_close(&r);
	unlink(state);
}

/* What `set bad = file ...` says is that file as it was when somebody last asked for it. */
static bool write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	bool fine = f && fputs(text, f) >= 0;

	return f && !fclose(f) && fine;
}

static size_t prefixes(const struct wr_rules *r, const char *set)
{
	const struct wr_policy *p = wr_rules_policy(r);
	int at = wr_policy_set(p, set);

	return at < 0 ? 0 : p->set[at].all.n;
}

static void until_taken_back(struct wr_rules *r)
{
	for (int i = 0; i < 1000 && wr_rules_state(r).confirm_ms; i++) {
		usleep(10000);
		wr_rules_step(r);
	}
}

static void list_in_between(void)
{
	char list[] = "/tmp/weir-list-XXXXXX", text[64], name[WR_POLICY_NAME + 1];
	struct wr_rules_conf conf = {.file = "",
				     .state = "",
				     .user = "nobody",
				     .policy_bytes = 1 << 20,
				     .rate_bytes = BYTES};
	struct wr_rules_change c = {.text = text, .by = WR_CHANGER_ROOT, .client = 1};
	struct wr_rules_next *next = NULL;
	struct wr_rules *r = NULL;
	struct wr_err err = {0};

	close(mkstemp(list));
	snprintf(text, sizeof(text), "set bad = file \"%s\"", list);
	if (!ok(write_file(list, "198.51.100.1\n") && !wr_rules_open(&r, &conf, &err), "a policy%s",
		err.text))
		return;
	is_int(wr_rules_add(r, &c, name, &err), 0, "a set with a list");
	c.confirm_ns = 100000000;
	write_file(list, "198.51.100.1\n198.51.100.3\n198.51.100.5\n");
	is_int(wr_rules_add(r, &c, name, &err), 0, "the same words, for a list of other content");
	is_int((long long)prefixes(r, "bad"), 3, "are in force until that is taken back");
	until_taken_back(r);
	is_int((long long)prefixes(r, "bad"), 1, "nobody confirms: the list is as it was");
	write_file(list, "198.51.100.1\n198.51.100.3\n");
	is_int(wr_rules_add(r, &c, name, &err), 0, "once more, and while it waits");
	write_file(list, "198.51.100.1\n198.51.100.3\n198.51.100.5\n198.51.100.7\n");
	ok(!wr_rules_read(r, "", &next, &err) && !wr_rules_take(r, &next, &err),
	   "all is read anew%s", err.text);
	until_taken_back(r);
	is_int((long long)prefixes(r, "bad"), 4, "what comes back has what was read then");
	write_file(list, "198.51.100.1\n198.51.100.3\n198.51.100.5\n");
	c.confirm_ns = 60000000000;
	is_int(wr_rules_add(r, &c, name, &err), 0, "once more");
	is_int(wr_rules_confirm(r, 2, &err), 0, "confirmed");
	is_int((long long)prefixes(r, "bad"), 3, "the list is the new one");
	wr_rules_close(&r);
	unlink(list);
}

/* A file that has by now what was added: right only when that is gone for good. */
static void reload_meanwhile(void)
{
	char file[] = "/tmp/weir-rules-XXXXXX", name[WR_POLICY_NAME + 1];
	struct wr_rules_conf conf = {.file = "",
				     .state = "",
				     .user = "nobody",
				     .policy_bytes = 1 << 20,
				     .rate_bytes = BYTES};
	struct wr_rules_change c = {
		.text = "x: drop from 198.51.100.9", .by = WR_CHANGER_ROOT, .client = 1};
	struct wr_rules_next *next = NULL;
	struct wr_rules *r = NULL;
	struct wr_err err = {0};

	close(mkstemp(file));
	write_file(file, "x: drop from 198.51.100.9\n");
	if (!ok(!wr_rules_open(&r, &conf, &err) && !wr_rules_add(r, &c, name, &err), "a rule%s",
		err.text))
		return;
	c.text = "x";
	c.confirm_ns = 60000000000;
	is_int(wr_rules_del(r, &c, name, &err), 0, "is taken out, unless nobody confirms it");
	ok(wr_rules_read(r, file, &next, &err) && strstr(err.text, "waits is confirmed"),
	   "a file that has it is refused: %s", err.text);
	is_int(wr_rules_confirm(r, 2, &err), 0, "confirmed");
	ok(!wr_rules_read(r, file, &next, &err) && !wr_rules_take(r, &next, &err),
	   "and then it is not");
	wr_rules_close(&r);
	unlink(file);
}

/* N rules of their own, called so and numbered. */
static bool write_rules(const char *path, const char *word, int n)
{
	FILE *f = fopen(path, "w");

	for (int i = 0; f && i < n; i++)
		fprintf(f, "%s%d: drop from 10.%d.%d.0/24\n", word, i, i >> 8, i & 255);
	return f && !fclose(f);
}

static int slots_of(struct wr_rules *r, const char *word)
{
	int n = 0;

	for (uint32_t i = 0; i < wr_rules_slots(r); i++) {
		const char *name = wr_rules_name(r, i);

		n += name && !strncmp(name, word, strlen(word));
	}
	return n;
}

static int read_rules(struct wr_rules *r, const char *path, const char *word, bool take)
{
	struct wr_rules_next *next = NULL;
	struct wr_err err = {0};
	int ret = write_rules(path, word, 1500) ? wr_rules_read(r, path, &next, &err) : -EIO;

	if (!ret && take)
		ret = wr_rules_take(r, &next, &err);
	if (ret)
		printf("# %s\n", err.text);
	wr_rules_drop(&next);
	return ret;
}

/* A reload may fail because of something else in the configuration, as often as it likes. */
static void reloads_that_fail(void)
{
	char file[] = "/tmp/weir-rules-XXXXXX";
	struct wr_rules_conf conf = {.file = file,
				     .state = "",
				     .user = "nobody",
				     .policy_bytes = 16 << 20,
				     .rate_bytes = BYTES};
	struct wr_rules *r = NULL;
	struct wr_err err = {0};
	int ret = 0;

	close(mkstemp(file));
	if (!ok(write_rules(file, "first", 1500) && !wr_rules_open(&r, &conf, &err) &&
			!wr_rules_put(r, &err),
		"a policy of 1,500 rules%s", err.text))
		return;
	for (const char *word = "abcd"; *word; word++)
		ret |= read_rules(r, file, (char[]){*word, '-', 0}, false);
	is_int(ret, 0, "four others are read, and none of them is put in force");
	is_int(slots_of(r, "first"), 1500, "rules in force keep their counters");
	is_int(read_rules(r, file, "last", true), 0, "there is room for the next one's counters");
	is_int(slots_of(r, "last"), 1500, "each of its rules has some");
	wr_rules_close(&r);
	unlink(file);
}

int main(void)
{
	char path[128];

	if (geteuid()) {
		skip("needs root");
		return done();
	}
	if (!mkdtemp(folder) || unshare(CLONE_NEWNS) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("bpf", folder, "bpf", 0, NULL)) {
		skip("a bpffs of its own cannot be mounted");
	} else {
		snprintf(map, sizeof(map), "%s/policy/wr_policy", folder);
		older();
		for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
			snprintf(path, sizeof(path), "%s/policy/%s", folder, maps[i]);
			unlink(path);
		}
		umount(folder);
	}
	rmdir(folder);
	renewed();
	renewed_in_between();
	list_in_between();
	reload_meanwhile();
	reloads_that_fail();
	return done();
}
