/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Configuration: what a file may hold, what is refused and how that is told, show and dump. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/unit.h"
#include "tests/tap.h"

struct values {
	bool out;
	uint64_t rows, idle_ns, room_bytes;
	const char *user, *filter;
	struct wr_conf_list ifaces;
	int hook;
};

static const char *const hooks[] = {"auto", "xdp", "xdp-generic", "tc", NULL};

static int no_star(const char *value, struct wr_err *err)
{
	return strchr(value, '*') ? wr_fail(err, EINVAL, "'%s': a name without '*'", value) : 0;
}

#define AT(field) .offset = offsetof(struct values, field)
static const struct wr_conf_item table[] = {
	{"capture.interfaces", WR_CONF_LIST, "", "names", "Which interfaces.", AT(ifaces), 0, 4,
	 .check = no_star, .live = true},
	{"capture.hook", WR_CONF_ENUM, "auto", NULL, "Which hook.", AT(hook), .choices = hooks},
	{"capture.out", WR_CONF_BOOL, "no", NULL, "What leaves, too.", AT(out)},
	{"capture.filter", WR_CONF_STRING, "", "an expression", "Which packets.", AT(filter)},
	{"flow.rows", WR_CONF_NUMBER, "64k", "rows", "Rows of the table.", AT(rows), 1000, 1000000},
	{"flow.idle", WR_CONF_DURATION, "60s", NULL, "Ends a flow.", AT(idle_ns), 1000000000,
	 86400000000000, .live = true},
	{"store.room", WR_CONF_SIZE, "32MiB", NULL, "Room on the disk.", AT(room_bytes), 4096,
	 UINT64_MAX},
	{"store.user", WR_CONF_STRING, "nobody", "a user", "Whose it is.", AT(user), 1, 8},
	{0},
};

static char path[] = "conf_test-XXXXXX";

static void write_bytes(const char *text, size_t n)
{
	FILE *f = fopen(path, "w");

	if (f) {
		fwrite(text, 1, n, f);
		fclose(f);
	}
}

static void write_file(const char *text)
{
	write_bytes(text, strlen(text));
}

struct told {
	char all[4096];
	int n;
};

static void tell(void *ctx, const char *line)
{
	struct told *t = ctx;

	t->n++;
	strncat(t->all, line + strlen(path), sizeof(t->all) - strlen(t->all) - 2);
	strcat(t->all, "\n");
}

/* Reads text as a file; what is complained about, one line each, without the file's name. */
static const char *read_text(const char *text, int *ret)
{
	static struct told t;
	struct wr_conf *c = NULL;

	t = (struct told){.n = 0};
	write_file(text);
	*ret = wr_conf_open(&c, table, NULL);
	if (!*ret)
		*ret = wr_conf_read(c, path, tell, &t, NULL);
	wr_conf_close(&c);
	return t.all;
}

/* ---- units ---- */

static void units(void)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} good[] = {
		{"500ms", 500000000},	{"60s", 60000000000},	{"5m", 300000000000},
		{"2 h", 7200000000000}, {"1d", 86400000000000}, {"0", 0},
	};
	static const char *const bad[] = {"",	     "5",    "x",	"-5s",
					  "5 weeks", "1.5s", "300000d", "99999999999999999999s",
					  " 5s",     "5s "};
	char text[WR_UNIT_TEXT];
	uint64_t v = 7, back;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ok(!wr_unit_duration(good[i].text, &v) && v == good[i].ns, "'%s' is %llu ns",
		   good[i].text, (unsigned long long)good[i].ns);
		wr_unit_duration_text(text, v);
		ok(!wr_unit_duration(text, &back) && back == v, "it reads back from '%s'", text);
	}
	v = 7;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(wr_unit_duration(bad[i], &v) == -EINVAL && v == 7, "'%s' is no duration",
		   bad[i]);
	ok(!wr_unit_size("64kB", &v) && v == 64000, "64kB is 64,000 bytes");
	ok(!wr_unit_size("64KiB", &v) && v == 65536, "64KiB is 65,536 bytes");
	ok(!wr_unit_size("4096", &v) && v == 4096, "a size needs no unit");
	ok(wr_unit_size("64K", &v) == -EINVAL, "K alone could be both and is refused");
	wr_unit_size_text(text, 32 << 20);
	is_str(text, "32MiB", "sizes are shown in the largest unit that leaves no rest");
	ok(!wr_unit_number("2M", &v) && v == 2000000, "2M is two millions");
}

/* ---- files that are right ---- */

static void right(void)
{
	int ret;
	const char *told;

	told = read_text("# all of it\r\n"
			 "flow.rows = 2k # a dotted name needs no section\r\n"
			 "[capture]   # this one\n"
			 "  interfaces = eth0,eth1 \"a b\"\t\n"
			 "hook=tc\n"
			 "filter = \"tcp port 80 # \\\"not\\\" a comment\"\n"
			 "[store]\n"
			 "room=1GiB",
			 &ret);
	ok(!ret && !told[0], "comments, blanks, quotes, dotted names, no newline at the end");
	told = read_text("[capture]\nout = on#off\n", &ret);
	is_str(told, ":2: capture.out: 'on#off' is not yes or no\n",
	       "a # inside a word is no comment");
}

static void defaults(void)
{
	struct wr_conf *c = NULL;
	struct values v;

	write_file("");
	ok(!wr_conf_open(&c, table, NULL) && !wr_conf_read(c, path, NULL, NULL, NULL),
	   "an empty file is right");
	wr_conf_fill(c, &v);
	ok(!v.out && v.rows == 64000 && v.idle_ns == 60000000000 && v.room_bytes == 32 << 20 &&
		   !strcmp(v.user, "nobody") && !v.filter[0] && !v.ifaces.n && v.hook == 0,
	   "and leaves every default");
	wr_conf_close(&c);
}

static void values(void)
{
	struct wr_err err = {0};
	struct wr_conf *c = NULL;
	struct values v;

	write_file("[capture]\ninterfaces = eth0,eth1 \"a b\"\nhook=tc\n"
		   "filter = \"port 80 # \\\"no\\\" comment\"\nout = yes\n");
	ok(!wr_conf_open(&c, table, &err) && !wr_conf_read(c, path, NULL, NULL, &err),
	   "a file is read");
	wr_conf_fill(c, &v);
	ok(v.ifaces.n == 3 && !strcmp(v.ifaces.at[0], "eth0") && !strcmp(v.ifaces.at[2], "a b"),
	   "a list is its words, quotes keep blanks");
	is_str(v.filter, "port 80 # \"no\" comment", "quotes are taken off, \\\" is a quote");
	ok(v.hook == 3 && v.out, "an enum is its place, yes is true");
	ok(!wr_conf_set(c, "flow.idle", "2m", "--idle", &err), "an option sets a value");
	wr_conf_fill(c, &v);
	is_int((long long)v.idle_ns, 120000000000, "which is in effect");
	is_str(wr_conf_origin(c, 5), "--idle", "and has its origin");
	ok(strstr(wr_conf_origin(c, 0), ":2") != NULL, "a value of a file has file and line");
	is_str(wr_conf_origin(c, 6), "default", "the others are defaults");
	ok(wr_conf_set(c, "flow.idle", "2", "--idle", &err) == -EINVAL, "a wrong one is refused");
	wr_conf_fill(c, &v);
	is_int((long long)v.idle_ns, 120000000000, "and changes nothing");
	wr_conf_close(&c);
}

/* ---- files that are wrong ---- */

static void wrong(void)
{
	static const struct {
		const char *text, *told, *what;
	} t[] = {
		{"[capture]\ninterface = eth0\n",
		 ":2: there is no item 'capture.interface'; did you mean 'capture.interfaces'?\n",
		 "an unknown item: the nearest is named"},
		{"[capture]\nidle = 5s\n",
		 ":2: there is no item 'capture.idle'; did you mean 'flow.idle'?\n",
		 "an item of another section is named"},
		{"idle = 5s\n", ":1: there is no item 'idle'; did you mean 'flow.idle'?\n",
		 "so it is without a section"},
		{"[capture]\nzzz = 5s\n", ":2: there is no item 'capture.zzz'\n",
		 "nothing is near: nothing is named"},
		{"[captur]\nhook = x\n[flow]\nidle = x\n",
		 ":1: there is no section 'captur'; did you mean 'capture'?\n"
		 ":4: flow.idle: 'x' is not a duration (as 500ms, 60s, 5m, 2h, 1d) from 1s to 1d\n",
		 "an unknown section is told once, and what follows it is read"},
		{"[capture\n", ":1: '[capture': a section is written [name]\n",
		 "a section cut off"},
		{"capture.hook\n", ":1: 'capture.hook': expected 'name = value'\n", "no value"},
		{"= 5\n", ":1: a name is missing in front of '='\n", "no name"},
		{"[capture]\nhook = tcc\n",
		 ":2: capture.hook: 'tcc' is not one of auto, xdp, xdp-generic or tc; did you mean "
		 "'tc'?\n",
		 "a choice that does not exist: all are named, and the nearest"},
		{"flow.rows = 10\n",
		 ":1: flow.rows: '10' is not a number of rows from 1000 to 1000000\n",
		 "a number out of range: the range is named, with its unit"},
		{"store.room = 1kB\n",
		 ":1: store.room: '1kB' is not a size (as 4096, 64kB, 32MiB, 1GiB), at least "
		 "4KiB\n",
		 "a size too small"},
		{"store.user = ninecharsx\n", ":1: store.user: 'ninecharsx' is not a user\n",
		 "a text too long"},
		{"store.user =\n", ":1: store.user: '' is not a user\n", "a text too short"},
		{"capture.interfaces = a b c d e\n",
		 ":1: capture.interfaces: 'a b c d e' is not names\n", "more words than allowed"},
		{"capture.interfaces = \"a\n", ":1: capture.interfaces: '\"a' is not names\n",
		 "quotes that do not end"},
		{"capture.interfaces = a b*\n",
		 ":1: capture.interfaces: 'b*': a name without '*'\n", "the item's own check"},
		{"flow.idle = 5s\n[flow]\nidle = 6s\n", ":3: flow.idle is already set in line 1\n",
		 "an item twice"},
		{"flow.idle = 5\nflow.rows = -1\n",
		 ":1: flow.idle: '5' is not a duration (as 500ms, 60s, 5m, 2h, 1d) from 1s to 1d\n"
		 ":2: flow.rows: '-1' is not a number of rows from 1000 to 1000000\n",
		 "every error is told, not only the first"},
	};
	int ret;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		is_str(read_text(t[i].text, &ret), t[i].told, t[i].what);
		is_int(ret, -EINVAL, "that is bad input");
	}
}

static void no_file(void)
{
	struct wr_err err = {0};
	struct wr_conf *c = NULL;
	char line[8192];

	wr_conf_open(&c, table, &err);
	is_int(wr_conf_read(c, "/nowhere/weir.conf", NULL, NULL, &err), -ENOENT, "no such file");
	is_str(err.text, "configuration '/nowhere/weir.conf': No such file or directory",
	       "and its name is told");
	is_int(wr_conf_read(c, "/", NULL, NULL, &err), -EISDIR, "a directory is no file");
	write_bytes("flow.idle = 5s\0\n", 16);
	is_int(wr_conf_read(c, path, NULL, NULL, &err), -EINVAL, "a byte 0 is no text");
	memset(line, 'x', sizeof(line));
	write_bytes(line, sizeof(line));
	is_int(wr_conf_read(c, path, NULL, NULL, &err), -EINVAL, "a line of 8 KiB is refused");
	wr_conf_close(&c);
}

/* ---- what it makes ---- */

/* Every line of the dump that is an item, without its #, is a file that says the same. */
static void dumped(void)
{
	struct wr_conf *c = NULL, *d = NULL;
	struct wr_buf b = {0}, plain = {0};
	struct wr_err err = {0};
	const char *s;
	bool same = true;
	size_t wide = 0;

	wr_conf_dump(&b, table);
	write_bytes(b.at, b.used);
	wr_conf_open(&c, table, &err);
	is_int(wr_conf_read(c, path, NULL, NULL, &err), 0, "the dump is a file that is right");
	for (s = wr_buf_text(&b); *s; s += strcspn(s, "\n") + 1) {
		size_t n = strcspn(s, "\n");

		wide = n > wide ? n : wide;
		wr_buf_add(&plain, s + (s[0] == '#' && s[1] != ' '),
			   n - (s[0] == '#' && s[1] != ' '));
		wr_buf_char(&plain, '\n');
	}
	ok(wide <= 80, "the dump is not wider than 80 columns");
	write_bytes(plain.at, plain.used);
	wr_conf_open(&d, table, &err);
	is_int(wr_conf_read(d, path, NULL, NULL, &err), 0, "with every # taken away too: %s",
	       err.text);
	for (size_t i = 0; i < wr_conf_items(c); i++)
		same = same && !wr_conf_differs(c, d, i) && strcmp(wr_conf_origin(d, i), "default");
	ok(same, "then every item is set, to its default");
	wr_conf_set(d, "flow.idle", "1m", "x", &err);
	ok(!wr_conf_differs(c, d, 5), "1m and 60s are the same");
	wr_conf_set(d, "flow.idle", "2m", "x", &err);
	ok(wr_conf_differs(c, d, 5), "2m and 60s are not");
	wr_buf_clear(&b);
	wr_conf_show(&b, d);
	ok(strstr(wr_buf_text(&b), "flow.idle = 2m") && strstr(b.at, "# x\n"),
	   "show tells the value in effect and its origin");
	wr_buf_free(&b);
	wr_buf_free(&plain);
	wr_conf_close(&c);
	wr_conf_close(&d);
}

static void wrong_table(void)
{
	static const struct wr_conf_item bad[] = {
		{"a.b", WR_CONF_NUMBER, "5", NULL, "Text.", 0, 10, 20}, {0}};
	struct wr_conf *c = NULL;
	struct wr_err err = {0};

	ok(wr_conf_open(&c, bad, &err) == -EINVAL && !c, "a table with a wrong default is refused");
}

/* Whatever the bytes: no crash, and every complaint has its line. */
static void garbage(void)
{
	static const char *const pieces[] = {"[capture]", "hook", "=", "\"", "\\", "#",
					     "tc",	  "\n",	  ",", " ",  ".",  "flow.idle",
					     "5s",	  "[",	  "]", "\t"};
	struct wr_conf *c = NULL;
	struct wr_err err = {0};
	unsigned int seed = 1;
	int good = 0, bad = 0;

	for (int round = 0; round < 3000; round++) {
		char text[256] = "";

		for (int i = 0; i < 20; i++) {
			seed = seed * 1103515245 + 12345;
			strcat(text, pieces[seed >> 16 & 15]);
		}
		write_file(text);
		err.text[0] = 0;
		wr_conf_open(&c, table, &err);
		if (!wr_conf_read(c, path, NULL, NULL, &err))
			good++;
		else if (!strncmp(err.text, path, strlen(path)))
			bad++;
		wr_conf_close(&c);
	}
	is_int(good + bad, 3000, "3000 files of random pieces: each is right or told with a line");
	ok(good > 10 && bad > 1000, "both happened (%d right, %d wrong)", good, bad);
}

int main(void)
{
	int fd = mkstemp(path);

	if (fd < 0) {
		printf("Bail out! no temporary file\n");
		return 1;
	}
	close(fd);
	units();
	right();
	defaults();
	values();
	wrong();
	no_file();
	dumped();
	wrong_table();
	garbage();
	unlink(path);
	return done();
}
