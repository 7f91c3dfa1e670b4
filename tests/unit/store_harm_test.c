/* SPDX-License-Identifier: GPL-2.0-or-later */
/* History in harm's way: too much, too old, damaged, foreign, locked, deleted, a full disk, kill
 * -9. */
#include "tests/unit/store.h"

#include <dirent.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "base/when.h"

static const struct wr_store_counts one = {.packets = 1, .bytes = 100};

static uint64_t now_ns(uint64_t second)
{
	return (T0 + second) * NS;
}

/* A second of `n` flows and a count for the total and `keys` services. Returns what was taken. */
static unsigned int second_of(struct wr_store *s, struct flows *g, uint64_t second, unsigned int n,
			      unsigned int keys)
{
	unsigned int taken = 0;
	struct wr_store_flow f;
	char key[32];

	g->now_ns = now_ns(second);
	for (unsigned int i = 0; i < n; i++) {
		flows_next(g, &f);
		f.end_ns = now_ns(second) + i;
		taken += wr_store_flow(s, &f);
	}
	for (unsigned int k = 0; k < keys; k++) {
		snprintf(key, sizeof(key), "key-%u", k);
		wr_store_count(s, WR_STORE_SERVICE, key, T0 + second, &one);
		wr_store_count(s, WR_STORE_TOTAL, "", T0 + second, &one);
	}
	return taken;
}

static void text_to(const char *path, const char *text, size_t n, off_t at)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	if (fd < 0 || pwrite(fd, text, n, at) != (ssize_t)n)
		note("%s: %s", path, strerror(errno));
	close(fd);
}

static int count_files(const char *begin)
{
	struct dirent *e;
	DIR *d = opendir(dir);
	int n = 0;

	while (d && (e = readdir(d)))
		n += !strncmp(e->d_name, begin, strlen(begin));
	closedir(d);
	return n;
}

/* ---- too old, too much ---- */

static bool any_point(void *ctx, const struct wr_store_point *p)
{
	(void)ctx;
	(void)p;
	return true;
}

/* The resolution that is chosen for two minutes, so long ago. */
static uint32_t chosen(const char *path, uint64_t end_s, uint64_t ago_s)
{
	struct wr_store_ask q = {.kind = WR_STORE_TOTAL,
				 .key = "",
				 .from_s = end_s - ago_s,
				 .to_s = end_s - ago_s + 120};
	struct wr_store_reader *r = NULL;

	if (!wr_store_read_open(&r, path, &err))
		wr_store_read_rollup(r, &q, any_point, NULL, &err);
	wr_store_read_close(&r);
	return q.res_s;
}

static void age(void)
{
	struct wr_store_conf conf = {.flow_age_s = 3600,
				     .second_age_s = 600,
				     .minute_age_s = 7200,
				     .hour_age_s = 6 * 3600,
				     .event_age_s = 3600};
	const char *path = in_dir("age.db");
	struct wr_store *s = open_store(path, &conf);
	struct wr_store_incident in = {.start_ns = now_ns(0), .end_ns = now_ns(1)},
				 on = {.start_ns = now_ns(0)};
	struct flows g = {.seed = 1, .step_ns = 1000};
	uint64_t t = 0;
	char sql[256];

	wr_store_incident(s, &in);
	wr_store_incident(s, &on);
	wr_store_count(s, WR_STORE_SOURCE, "192.0.2.1", T0, &one);
	for (; t < 12 * 3600; t += 10) {
		second_of(s, &g, t, 20, 3);
		wr_store_commit(s, now_ns(t), &err);
	}
	t -= 10;
	wr_store_close(&s, &err);
	snprintf(sql, sizeof(sql), "SELECT min(last_ns) > %lld FROM flow_block",
		 (long long)now_ns(t - 3600) - (long long)NS);
	is_int(ask_sql(path, sql), 1, "flows are there for an hour");
	ok(ask_sql(path, "SELECT sum(rows) FROM flow_block") >= 3600 / 10 * 20, "not less");
	for (int i = 0; i < 3; i++) {
		static const int res[] = {1, 60, 3600}, kept[] = {600, 7200, 6 * 3600};
		int64_t first;

		snprintf(sql, sizeof(sql), "SELECT min(t) FROM rollup WHERE res=%d", res[i]);
		first = ask_sql(path, sql);
		ok(first <= (int64_t)(T0 + t) - kept[i] &&
			   first >= (int64_t)(T0 + t) - kept[i] - kept[i] / 16 - 3600,
		   "periods of %d s are there for %d s and little more", res[i], kept[i]);
	}
	is_int(chosen(path, T0 + t, 300), 1, "five minutes ago: told in seconds");
	is_int(chosen(path, T0 + t, 3600), 60, "an hour ago: seconds are gone, told in minutes");
	is_int(chosen(path, T0 + t, 4 * 3600), 3600, "four hours ago: minutes too, told in hours");
	is_int(ask_sql(path, "SELECT count(*) FROM incident"), 1,
	       "an incident that is over goes, one that goes on stays");
	is_int(ask_sql(path, "SELECT count(*) FROM series WHERE kind='source'"), 0,
	       "a key of which nothing is left goes");
	is_int(ask_sql(path, "SELECT count(*) FROM series"), 4, "the others stay");
}

static void size(void)
{
	struct wr_store_conf conf = {.max_bytes = 8 << 20};
	const char *path = in_dir("size.db"), *log = in_dir("size.db-wal");
	struct wr_store *s = open_store(path, &conf);
	struct flows g = {.seed = 2, .step_ns = 1000};
	off_t most = 0, now;
	uint64_t made = 0;

	for (unsigned int t = 0; t < 600; t++) {
		made += second_of(s, &g, t, 1500, 60);
		wr_store_commit(s, now_ns(t), &err);
		now = size_of(path) + size_of(log);
		most = now > most ? now : most;
	}
	wr_store_close(&s, &err);
	ok(most <= 8 << 20, "%llu flows: file and log were never above 8 MiB (%lld bytes)",
	   (unsigned long long)made, (long long)most);
	ok(ask_sql(path, "SELECT sum(rows) FROM flow_block") > 50000, "flows are there");
	is_int(ask_sql(path, "SELECT max(last_ns) FROM flow_block"), (long long)now_ns(599) + 1499,
	       "and the newest");
	is_int(ask_sql(path, "SELECT sum(packets) FROM rollup WHERE res=60 AND kind='total'"),
	       600 * 60, "minutes are all there");
	is_int(ask_sql(path, "SELECT count(*) FROM pragma_integrity_check"
			     " WHERE integrity_check <> 'ok'"),
	       0, "SQLite finds it in order");
	conf.max_bytes = 0;
	s = open_store(path, &conf);
	wr_store_close(&s, &err);
}

/* Only roll-ups: seconds go first, minutes stay. */
static void size_of_rollups(void)
{
	struct wr_store_conf conf = {.max_bytes = 8 << 20};
	const char *path = in_dir("size2.db"), *log = in_dir("size2.db-wal");
	struct wr_store *s = open_store(path, &conf);
	struct flows g = {.seed = 2, .step_ns = 1000};
	off_t most = 0, now;

	for (unsigned int t = 0; t < 3000; t++) {
		second_of(s, &g, t, 0, 150);
		wr_store_commit(s, now_ns(t), &err);
		now = size_of(path) + size_of(log);
		most = now > most ? now : most;
	}
	wr_store_close(&s, &err);
	ok(most <= 8 << 20, "nearly half a million counts: never above 8 MiB (%lld bytes)",
	   (long long)most);
	ok(ask_sql(path, "SELECT min(t) FROM rollup WHERE res=1") > T0, "old seconds went");
	is_int(ask_sql(path, "SELECT sum(packets) FROM rollup WHERE res=60 AND kind='service'"),
	       3000 * 150, "minutes did not");
}

/* More keys than there may be: what was quiet goes to one row, and nothing is lost. */
static void many_keys(void)
{
	struct wr_store_conf conf = {.series_max = 200};
	const char *path = in_dir("keys.db");
	struct wr_store *s = open_store(path, &conf);
	char key[32];

	for (unsigned int t = 0; t < 3000; t++) {
		for (unsigned int k = 0; k < 4; k++) {
			snprintf(key, sizeof(key), "192.0.2.%u-%u", t % 250, (t / 10) * k);
			wr_store_count(s, WR_STORE_SOURCE, key, T0 + t, &one);
		}
		wr_store_count(s, WR_STORE_SERVICE, "steady", T0 + t, &one);
		wr_store_commit(s, now_ns(t), &err);
	}
	/* A flood within one second. */
	for (unsigned int k = 0; k < 5000; k++) {
		snprintf(key, sizeof(key), "198.51.100.%u", k);
		wr_store_count(s, WR_STORE_SOURCE, key, T0 + 3000, &one);
	}
	wr_store_commit(s, now_ns(3000), &err);
	wr_store_close(&s, &err);
	ok(ask_sql(path, "SELECT count(*) FROM series") <= 200 + 2, "never more keys than allowed");
	for (int res = 1; res <= 3600; res *= 60) {
		char sql[128];

		snprintf(sql, sizeof(sql),
			 "SELECT sum(packets) FROM rollup WHERE kind='source' AND res=%d", res);
		is_int(ask_sql(path, sql), 3000 * 4 + 5000, "all is counted, in periods of %d s",
		       res);
	}
	ok(ask_sql(path, "SELECT sum(packets) FROM rollup WHERE res=1 AND key='(other)'") > 5000,
	   "what had no room is in '(other)'");
	is_int(ask_sql(path, "SELECT sum(packets) FROM rollup WHERE res=1 AND key='steady'"), 3000,
	       "what is always there keeps its row");
}

static void no_room(void)
{
	struct wr_store_conf conf = {.flows_max = 100, .counts_max = 50};
	struct wr_store *s = open_store(in_dir("room.db"), &conf);
	struct flows g = {.seed = 3, .step_ns = 1000};
	struct wr_store_stats st;

	is_int(second_of(s, &g, 0, 130, 30), 100, "what finds no room is not taken");
	st = wr_store_stats(s);
	ok(st.flows_lost == 30 && st.counts_lost == 10, "and counted");
	wr_store_commit(s, now_ns(0), &err);
	is_int(second_of(s, &g, 1, 10, 0), 10, "after a commit there is room again");
	wr_store_close(&s, &err);
	is_int(ask_sql(in_dir("room.db"), "SELECT sum(rows) FROM flow_block"), 110,
	       "what was taken is there");
}

/* ---- not a history ---- */

static int try_open(const char *path)
{
	struct wr_store *s = NULL;
	int ret;

	err.text[0] = 0;
	ret = wr_store_open(&s, path, NULL, &err);
	wr_store_close(&s, NULL);
	return ret;
}

static void foreign(void)
{
	const char *path = in_dir("newer.db");
	struct wr_store_reader *r = NULL;
	struct wr_store_conf small = {.max_bytes = 1 << 20};
	struct wr_store *s = NULL;
	off_t before;

	try_open(path);
	do_sql(path, "PRAGMA user_version=7");
	before = size_of(path);
	is_int(try_open(path), -EOPNOTSUPP, "a file of a newer weir is refused");
	ok(strstr(err.text, "newer.db was written by a newer weir (schema 7, this one knows 1)") !=
		   NULL,
	   "%s", err.text);
	is_int(wr_store_read_open(&r, path, &err), -EOPNOTSUPP, "to be read too");
	ok(size_of(path) == before && !count_files("newer.db.corrupt"), "it stays as it is");

	do_sql(in_dir("other.db"), "CREATE TABLE mine(x); INSERT INTO mine VALUES(1)");
	is_int(try_open(in_dir("other.db")), -EINVAL, "a database of another program is refused");
	is_int(ask_sql(in_dir("other.db"), "SELECT count(*) FROM sqlite_schema"), 1,
	       "and not touched");
	text_to(in_dir("passwd"), "root:x:0:0:root:/root:/bin/bash\n", 32, 0);
	is_int(try_open(in_dir("passwd")), -EINVAL, "a text file is refused");
	ok(size_of(in_dir("passwd")) == 32 && count_files("passwd") == 1, "and not touched");
	is_int(try_open(dir), -EISDIR, "a folder is refused");
	is_int(try_open("/dev/null"), -EINVAL, "a device is refused");
	is_int(try_open("/proc/nothing/here/x.db"), -ENOENT, "a folder that is not there");
	is_int(wr_store_open(&s, in_dir("small.db"), &small, &err), -EINVAL,
	       "less than 8 MiB are refused");
	is_int(wr_store_read_open(&r, in_dir("nothing.db"), &err), -ENOENT, "there is none");
	is_str(strstr(err.text, ": the daemon"), ": the daemon `weir run` writes it",
	       "and who would write it");
	text_to(in_dir("empty.db"), "", 0, 0);
	is_int(wr_store_read_open(&r, in_dir("empty.db"), &err), -ENODATA, "an empty file");
	is_int(try_open(in_dir("empty.db")), 0, "can be written");
}

static void make_one(const char *path, unsigned int seconds_n)
{
	struct wr_store *s = open_store(path, NULL);
	struct flows g = {.seed = 4, .step_ns = 1000};

	for (unsigned int t = 0; t < seconds_n; t++) {
		second_of(s, &g, t, 100, 5);
		wr_store_commit(s, now_ns(t), &err);
	}
	wr_store_close(&s, &err);
}

static void damaged(void)
{
	static const struct {
		const char *name, *what;
		off_t at, cut;
	} cases[] = {
		{"head.db", "its first bytes are overwritten", 0, 0},
		{"tree.db", "the schema is overwritten", 100, 0},
		{"cut.db", "it is cut in the middle", 0, 65536},
	};
	char junk[4096], text[512], begin[64];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *path = in_dir(cases[i].name);
		struct wr_store *s = NULL;
		struct wr_store_reader *r = NULL;

		make_one(path, 200);
		memset(junk, 0xa5, sizeof(junk));
		if (!cases[i].cut)
			text_to(path, junk, sizeof(junk), cases[i].at);
		else if (truncate(path, cases[i].cut))
			note("truncate: %s", strerror(errno));
		is_int(wr_store_read_open(&r, path, &err), -EBADMSG, "reading: %s", cases[i].what);
		is_int(wr_store_open(&s, path, NULL, &err), 0, "writing goes on: %s",
		       cases[i].what);
		ok(wr_store_notice(s, text, sizeof(text)) && strstr(text, "it is kept as") &&
			   !wr_store_notice(s, text, sizeof(text)),
		   "told once: %s", text);
		wr_store_count(s, WR_STORE_TOTAL, "", T0, &one);
		is_int(wr_store_close(&s, &err), 0, "it can be written");
		snprintf(begin, sizeof(begin), "%s.corrupt-", cases[i].name);
		is_int(count_files(begin), 1, "the damaged file is kept");
		is_int(ask_sql(path, "SELECT sum(packets) FROM rollup WHERE res=1"), 1,
		       "the new one is good");
	}
}

/* Found while it is written. */
static void damaged_later(void)
{
	const char *path = in_dir("later.db");
	struct wr_store *s = open_store(path, NULL);
	struct flows g = {.seed = 4, .step_ns = 1000};
	char junk[4096 * 64], text[512];
	int ret = 0;

	for (unsigned int t = 0; t < 300; t++) {
		second_of(s, &g, t, 100, 5);
		wr_store_commit(s, now_ns(t), &err);
	}
	do_sql(path, "PRAGMA wal_checkpoint(TRUNCATE)");
	memset(junk, 0xa5, sizeof(junk));
	text_to(path, junk, sizeof(junk), 4096);
	for (unsigned int t = 300; t < 400; t++) {
		second_of(s, &g, t, 1, 1);
		ret = ret ? ret : wr_store_commit(s, now_ns(t), &err);
	}
	is_int(ret, 0, "damage that is found while writing stops nothing");
	ok(wr_store_notice(s, text, sizeof(text)), "%s", text);
	wr_store_close(&s, &err);
	is_int(count_files("later.db.corrupt-") >= 1, 1, "the damaged file is kept");
	ok(ask_sql(path, "SELECT sum(packets) FROM rollup WHERE res=1 AND kind='total'") >= 99,
	   "the seconds since then are in the new one");
}

/* ---- others at the file ---- */

static void second_writer(void)
{
	const char *path = in_dir("two.db");
	struct wr_store *s = open_store(path, NULL);
	int status = 0;
	pid_t child;

	is_int(try_open(path), -EBUSY, "a second writer in the same process is refused");
	fflush(stdout);
	child = fork();
	if (!child)
		_exit(try_open(path) == -EBUSY ? 0 : 1);
	waitpid(child, &status, 0);
	is_int(status, 0, "a second writer in another process is refused");
	wr_store_count(s, WR_STORE_TOTAL, "", T0, &one);
	is_int(wr_store_commit(s, now_ns(0), &err), 0, "the first one goes on");
	wr_store_close(&s, &err);
	is_int(try_open(path), 0, "after it has ended there may be another one");
}

static void deleted(void)
{
	const char *path = in_dir("deleted.db");
	struct wr_store *s = open_store(path, NULL);
	char text[512];

	wr_store_count(s, WR_STORE_TOTAL, "", T0, &one);
	wr_store_commit(s, now_ns(0), &err);
	unlink(path);
	wr_store_count(s, WR_STORE_TOTAL, "", T0 + 1, &one);
	is_int(wr_store_commit(s, now_ns(1), &err), 0, "somebody deletes the file: it goes on");
	ok(wr_store_notice(s, text, sizeof(text)) && strstr(text, "was moved or deleted"), "%s",
	   text);
	is_int(ask_sql(path, "SELECT count(*) FROM rollup WHERE res=1"), 1,
	       "what came since is in a new one");
	wr_store_close(&s, &err);
}

/* A shell that holds a transaction: all waits, and nothing is lost. */
static void locked(void)
{
	const char *path = in_dir("locked.db");
	struct wr_store *s = open_store(path, NULL);
	struct flows g = {.seed = 3, .step_ns = 1000};
	sqlite3 *db = NULL;

	sqlite3_open(path, &db);
	sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	second_of(s, &g, 0, 10, 0);
	is_int(wr_store_commit(s, now_ns(0), &err), -EBUSY, "another program is writing");
	ok(strstr(err.text, "locked.db: cannot write history: another program is writing to it") !=
		   NULL,
	   "%s", err.text);
	second_of(s, &g, 1, 10, 0);
	ok(wr_store_stats(s).failing_since_ns == now_ns(0), "it says since when");
	sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	sqlite3_close(db);
	is_int(wr_store_commit(s, now_ns(2), &err), 0, "afterwards it works again");
	ok(!wr_store_stats(s).failing_since_ns && !wr_store_stats(s).flows_lost, "with no loss");
	wr_store_close(&s, &err);
	is_int(ask_sql(path, "SELECT sum(rows) FROM flow_block"), 20, "all is there");
}

/* The thread of the store: nothing waits, everything arrives. */
static void threaded(void)
{
	struct wr_store_conf conf = {.thread = true};
	const char *path = in_dir("thread.db");
	struct wr_store *s = open_store(path, &conf);
	struct flows g = {.seed = 8, .step_ns = 1000};
	unsigned int bad = 0, taken = 0;

	for (unsigned int t = 0; t < 400; t++) {
		taken += second_of(s, &g, t, 200, 5);
		bad += wr_store_tick(s, now_ns(t), &err) != 0;
		wr_store_stats(s);
	}
	is_int(bad, 0, "ticks go well");
	is_int(wr_store_close(&s, &err), 0, "closes");
	is_int(ask_sql(path, "SELECT sum(rows) FROM flow_block"), taken, "all flows are there");
	is_int(ask_sql(path, "SELECT sum(packets) FROM rollup WHERE res=3600 AND kind='total'"),
	       400 * 5, "all counts are there");
}

/* Who may read the file and nothing else. */
static void unprivileged(void)
{
	const char *path = in_dir("public.db");
	int status = 0;
	pid_t child;

	if (geteuid()) {
		skip("reading without rights needs root to be tried");
		return;
	}
	make_one(path, 10);
	if (chmod(dir, 0755) || chmod(path, 0644))
		return;
	fflush(stdout);
	child = fork();
	if (!child) {
		struct wr_store_reader *r = NULL;
		struct wr_store_info info;
		bool good = !setgroups(0, NULL) && !setgid(65534) && !setuid(65534) &&
			    !wr_store_read_open(&r, path, &err) &&
			    !wr_store_read_info(r, &info, &err) && info.flows == 1000;

		if (!good)
			note("%s", err.text);
		fflush(stdout);
		_exit(!good);
	}
	waitpid(child, &status, 0);
	is_int(status, 0, "who may only read the file can read it");
}

/* ---- a full disk ---- */

/* Writes until nothing more goes. */
static void fill_disk(const char *path)
{
	char junk[4096] = {1};
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	while (write(fd, junk, sizeof(junk)) > 0)
		;
	while (write(fd, junk, 1) > 0)
		;
	close(fd);
}

static void full_while_open(const char *path, const char *filler)
{
	struct wr_store_conf conf = {.flows_max = 3000};
	struct wr_store *s = open_store(path, &conf);
	struct flows g = {.seed = 9, .step_ns = 1000};
	unsigned int taken = 0, t = 0, failed_at, before;
	struct wr_store_stats st;
	struct list l;
	int ret = 0;

	for (; t < 20; t++) {
		taken += second_of(s, &g, t, 200, 5);
		ret = ret ? ret : wr_store_commit(s, now_ns(t), &err);
	}
	is_int(ret, 0, "while there is room all is well");
	before = taken;
	fill_disk(filler);
	for (; t < 500 && !ret; t++) {
		taken += second_of(s, &g, t, 200, 5);
		ret = wr_store_commit(s, now_ns(t), &err);
		before = ret ? before : taken;
	}
	is_int(ret, -ENOSPC, "the disk is full: a commit says so");
	ok(strstr(err.text, path) && strstr(err.text, "no space left on the disk") &&
		   strstr(err.text, "make room"),
	   "%s", err.text);
	l = read_flows(path, NULL, NULL);
	is_int((long long)l.n, before, "what was written before can be read");
	drop(&l);
	for (failed_at = t; t < failed_at + 40; t++) {
		taken += second_of(s, &g, t, 200, 5);
		wr_store_tick(s, now_ns(t), &err);
	}
	st = wr_store_stats(s);
	ok(st.flows_lost > 0 && st.failing_since_ns, "later flows are lost and counted: %llu",
	   (unsigned long long)st.flows_lost);
	l = read_flows(path, NULL, NULL);
	is_int((long long)l.n, before, "still it can be read");
	drop(&l);
	unlink(filler);
	for (failed_at = t; t < failed_at + 10; t++)
		ret = wr_store_tick(s, now_ns(t), &err);
	st = wr_store_stats(s);
	ok(!ret && !st.failing_since_ns, "there is room again: it goes on by itself");
	is_int(wr_store_close(&s, &err), 0, "closes");
	l = read_flows(path, NULL, NULL);
	is_int((long long)l.n, taken, "all that was taken is there, what was not was told");
	is_int((long long)(l.n + st.flows_lost), (long long)t * 200 - 10 * 200,
	       "taken and lost are all there were");
	drop(&l);
	is_int(ask_sql(path, "SELECT count(*) FROM pragma_integrity_check"
			     " WHERE integrity_check <> 'ok'"),
	       0, "SQLite finds it in order");
	is_int(ask_sql(path, "SELECT (SELECT sum(packets) FROM rollup WHERE res=1) -"
			     " (SELECT sum(packets) FROM rollup WHERE res=60)"),
	       0, "seconds and minutes agree");
}

static void full_at_open(const char *path, const char *filler)
{
	struct flows g = {.seed = 9, .step_ns = 1000};
	int64_t before = ask_sql(path, "SELECT sum(rows) FROM flow_block");
	struct wr_store *s = NULL;
	int ret;

	fill_disk(filler);
	is_int(wr_store_open(&s, path, NULL, &err), 0, "it opens on a full disk");
	second_of(s, &g, 10000, 200, 5);
	ret = wr_store_tick(s, now_ns(10000), &err);
	ok(ret == -ENOSPC || ret == -EIO, "and says at the first tick: %s", err.text);
	unlink(filler);
	is_int(wr_store_close(&s, &err), 0, "with room it is written");
	is_int(ask_sql(path, "SELECT sum(rows) FROM flow_block"), before + 200, "and is there");
}

static void full_disk(void)
{
	char mount_at[4200];

	if (geteuid() || unshare(CLONE_NEWNS) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, "")) {
		skip("a full disk needs root to be made");
		return;
	}
	snprintf(mount_at, sizeof(mount_at), "%s", in_dir("disk"));
	mkdir(mount_at, 0700);
	if (mount("tmpfs", mount_at, "tmpfs", 0, "size=6m")) {
		skip("a full disk needs a tmpfs: %s", strerror(errno));
		return;
	}
	full_while_open(in_dir("disk/h.db"), in_dir("disk/filler"));
	full_at_open(in_dir("disk/h.db"), in_dir("disk/filler"));
	umount2(mount_at, MNT_DETACH);
}

/* ---- read while it is written ---- */

/* Seconds with jumps, so that minutes and hours pass quickly. */
static uint64_t moment(uint64_t i)
{
	return i + i / 40 * 600;
}

static unsigned int flows_of(uint64_t i)
{
	return i % 10 ? 50 : 3000;
}

enum { SERVICES = 10 };

/* Writes second after second from i on, and tells each that is in the file. */
static void write_forever(const char *path, uint64_t i, int tell)
{
	struct wr_store *s = NULL;
	struct flows g = {.seed = 10, .step_ns = 1000};

	if (wr_store_open(&s, path, NULL, &err))
		_exit(2);
	for (;; i++) {
		second_of(s, &g, moment(i), flows_of(i), SERVICES);
		if (wr_store_commit(s, now_ns(moment(i)), &err))
			_exit(3);
		if (write(tell, &i, sizeof(i)) != sizeof(i))
			_exit(0);
	}
}

static pid_t start_writer(const char *path, uint64_t i, int *told)
{
	int fd[2];
	pid_t child;

	if (pipe(fd))
		return -1;
	fflush(stdout);
	child = fork();
	if (!child) {
		close(fd[0]);
		write_forever(path, i, fd[1]);
	}
	close(fd[1]);
	*told = fd[0];
	return child;
}

struct sum {
	uint64_t packets, last_s;
	unsigned int n, odd;
};

static bool add_point(void *ctx, const struct wr_store_point *p)
{
	struct sum *x = ctx;

	x->packets += p->n.packets;
	x->last_s = p->t_s;
	x->odd += p->n.packets != SERVICES;
	x->n++;
	return true;
}

static struct sum sum_of(struct wr_store_reader *r, uint64_t to_s, uint32_t res)
{
	struct wr_store_ask q = {.kind = WR_STORE_TOTAL, .key = "", .to_s = to_s, .res_s = res};
	struct sum x = {0};

	wr_store_read_rollup(r, &q, add_point, &x, &err);
	return x;
}

static bool count_flow(void *ctx, const struct wr_store_flow *f)
{
	uint64_t *n = ctx;

	(void)f;
	++*n;
	return true;
}

static void read_while_writing(void)
{
	const char *path = in_dir("both.db");
	unsigned int bad = 0, looks = 0;
	uint64_t i = 0, flows, want;
	struct wr_store_reader *r = NULL;
	int told = -1;
	pid_t child = start_writer(path, 0, &told);
	double end = seconds() + 3;

	while (seconds() < end && read(told, &i, sizeof(i)) == sizeof(i)) {
		struct wr_store_filter f = {.to_ns = now_ns(moment(i) + 1)};

		if (i % 7)
			continue;
		bad += !r && wr_store_read_open(&r, path, &err) != 0;
		if (!r)
			break;
		/* Periods that nobody adds to any more. */
		for (uint32_t res = 1; res <= 3600; res *= 60) {
			uint64_t to = T0 + moment(i), whole = to - to % res;
			struct sum a = sum_of(r, whole, res), b = sum_of(r, whole, 1);

			bad += a.packets != b.packets || b.odd;
		}
		bad += sum_of(r, T0 + moment(i) + 1, 1).n != i + 1;
		for (want = 0, flows = 0, looks++; looks % 5 == 0 && want == 0;) {
			for (uint64_t k = 0; k <= i; k++)
				want += flows_of(k);
			wr_store_read_flows(r, &f, count_flow, &flows, NULL, &err);
			/* Flows begin before they end: later ones may be within. */
			bad += flows < want;
		}
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	close(told);
	wr_store_read_close(&r);
	ok(looks > 3, "%u looks at a history that is being written", looks);
	is_int(bad, 0, "each of them finds all that was written, and sums that agree");
}

/* ---- kill -9 ---- */

static uint64_t draw(struct flows *g, uint64_t most)
{
	return flows_random(g) % most;
}

/* How many seconds are there, and that they are whole. */
static unsigned int look_after_kill(const char *path, uint64_t told, uint64_t *there_n)
{
	struct wr_store_reader *r = NULL;
	uint64_t flows = 0, want = 0, n;
	struct wr_store_filter all = {0};
	unsigned int bad = 0;
	struct sum x;

	bad += ask_sql(path, "SELECT count(*) FROM pragma_integrity_check"
			     " WHERE integrity_check <> 'ok'") != 0;
	if (wr_store_read_open(&r, path, &err)) {
		note("%s", err.text);
		return bad + 1;
	}
	x = sum_of(r, T0 * 2ull, 1);
	n = x.n;
	/* All that was told, and at most the one that was just written. */
	bad += n < told || n > told + 1 || x.odd;
	bad += n && x.last_s != T0 + moment(n - 1);
	for (uint32_t res = 60; res <= 3600; res *= 60)
		bad += sum_of(r, T0 * 2ull, res).packets != x.packets;
	bad += ask_sql(path, "SELECT coalesce(sum(packets), 0) FROM rollup WHERE kind='service' AND"
			     " res=1") != (int64_t)x.packets;
	for (uint64_t i = 0; i < n; i++)
		want += flows_of(i);
	wr_store_read_flows(r, &all, count_flow, &flows, NULL, &err);
	bad += flows != want;
	wr_store_read_close(&r);
	if (bad)
		note("told %llu, there are %llu; flows %llu of %llu", (unsigned long long)told,
		     (unsigned long long)n, (unsigned long long)flows, (unsigned long long)want);
	*there_n = n;
	return bad;
}

static void killed(void)
{
	struct flows g = {.seed = (uint64_t)getpid() * 2654435761u + wr_when_now()};
	const char *path = in_dir("killed.db"), *log = in_dir("killed.db-wal");
	unsigned int bad = 0, rounds = 50, unclean = 0;
	uint64_t n = 0, told_n, i;

	note("seed %llu", (unsigned long long)g.seed);
	make_one(path, 0);
	for (unsigned int k = 0; k < rounds; k++) {
		int told = -1;
		pid_t child = start_writer(path, n, &told);
		bool told_one = false;

		/* Mostly while it writes; at times while it opens. */
		if (k % 5)
			told_one = read(told, &i, sizeof(i)) == sizeof(i);
		usleep((useconds_t)draw(&g, 60000));
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		told_n = told_one ? i + 1 : n;
		while (read(told, &i, sizeof(i)) == sizeof(i))
			told_n = i + 1;
		close(told);
		unclean += size_of(log) > 0;
		bad += look_after_kill(path, told_n, &n);
	}
	is_int(bad, 0, "killed %u times: %llu seconds are there, whole, and sums agree", rounds,
	       (unsigned long long)n);
	ok(unclean > rounds / 2, "%u times in the middle of something", unclean);
}

int main(void)
{
	make_dir();
	age();
	size();
	size_of_rollups();
	many_keys();
	no_room();
	foreign();
	damaged();
	damaged_later();
	second_writer();
	deleted();
	locked();
	threaded();
	unprivileged();
	full_disk();
	read_while_writing();
	killed();
	remove_dir();
	return done();
}
