/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parquet files against the format's description, byte by byte where they are small. What readers
 * of others make of whole tables: tests/golden/parquet.py. */
#include "tests/tap.h"

#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "base/buf.h"
#include "base/newfile.h"
#include "export/parquet.h"

static char dir[64];

static const char *in_dir(const char *name)
{
	static char path[4][128];
	static int turn;

	turn = (turn + 1) % 4;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", dir, name);
	return path[turn];
}

/* How many files there are; each is removed. */
static int sweep(void)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	int n = 0;

	while ((e = readdir(d)))
		if (e->d_name[0] != '.' && !unlink(in_dir(e->d_name)))
			n++;
	closedir(d);
	return n;
}

/* ---- reading ---- */

struct bytes {
	uint8_t at[1 << 20];
	size_t n;
};

static bool slurp(const char *path, struct bytes *b)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, b->at, sizeof(b->at));

	if (fd >= 0)
		close(fd);
	b->n = n > 0 ? (size_t)n : 0;
	return n >= 0;
}

struct reader {
	const uint8_t *p, *end;
	struct wr_buf text;
};

static uint64_t varint(struct reader *r)
{
	uint64_t v = 0;
	int shift = 0;

	while (r->p < r->end) {
		v |= (uint64_t)(*r->p & 0x7f) << shift;
		shift += 7;
		if (!(*r->p++ & 0x80))
			break;
	}
	return v;
}

static int64_t zigzag(struct reader *r)
{
	uint64_t v = varint(r);

	return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

static void binary(struct reader *r)
{
	size_t n = varint(r), i;
	bool plain = true;

	for (i = 0; i < n; i++)
		plain = plain && r->p[i] >= ' ' && r->p[i] <= '~';
	wr_buf_char(&r->text, plain ? '\'' : '<');
	for (i = 0; i < n; i++)
		wr_buf_fmt(&r->text, plain ? "%c" : "%02x", r->p[i]);
	wr_buf_char(&r->text, plain ? '\'' : '>');
	r->p += n;
}

static void value(struct reader *r, int type);

static void fields(struct reader *r)
{
	int id = 0;

	wr_buf_char(&r->text, '{');
	while (r->p < r->end && *r->p) {
		int type = *r->p & 15, step = *r->p >> 4;

		r->p++;
		id = step ? id + step : (int)zigzag(r);
		wr_buf_fmt(&r->text, " %d:", id);
		value(r, type);
	}
	r->p++;
	wr_buf_str(&r->text, " }");
}

static void value(struct reader *r, int type)
{
	uint64_t n;

	switch (type) {
	case 1:
	case 2:
		wr_buf_char(&r->text, type == 1 ? 'T' : 'F');
		break;
	case 3:
		wr_buf_fmt(&r->text, "%d", (int8_t)*r->p++);
		break;
	case 4:
	case 5:
	case 6:
		wr_buf_fmt(&r->text, "%lld", (long long)zigzag(r));
		break;
	case 8:
		binary(r);
		break;
	case 9:
		type = *r->p & 15;
		n = *r->p++ >> 4;
		n = n == 15 ? varint(r) : n;
		wr_buf_char(&r->text, '[');
		while (n--) {
			wr_buf_char(&r->text, ' ');
			value(r, type);
		}
		wr_buf_str(&r->text, " ]");
		break;
	case 12:
		fields(r);
		break;
	default:
		wr_buf_fmt(&r->text, "type %d?", type);
		r->p = r->end;
	}
}

/* A struct of the compact protocol as text; *next (may be NULL): what is behind it. */
static const char *thrift(const uint8_t *p, const uint8_t *end, const uint8_t **next)
{
	static struct reader r;

	r.p = p;
	r.end = end;
	wr_buf_clear(&r.text);
	fields(&r);
	if (next)
		*next = r.p;
	return wr_buf_text(&r.text);
}

static const uint8_t *footer_of(const struct bytes *b)
{
	uint32_t n;

	if (b->n < 12 || memcmp(b->at, "PAR1", 4) != 0 || memcmp(b->at + b->n - 4, "PAR1", 4) != 0)
		return NULL;
	memcpy(&n, b->at + b->n - 8, 4);
	n = le32toh(n);
	return n <= b->n - 12 ? b->at + b->n - 8 - n : NULL;
}

static const char *footer(const struct bytes *b)
{
	const uint8_t *at = footer_of(b);

	return at ? thrift(at, b->at + b->n - 8, NULL) : "no footer";
}

/* ---- a small table ---- */

static const struct wr_parquet_column small[] = {
	{"at", WR_PARQUET_TIME, false},
	{"port", WR_PARQUET_U16, true},
	{"name", WR_PARQUET_TEXT, true},
};
static const struct wr_parquet_note notes[] = {{"key", "value"}};

static struct wr_parquet_conf conf_of(const char *to)
{
	return (struct wr_parquet_conf){
		.to = to,
		.name = "small",
		.columns = small,
		.n_columns = 3,
		.notes = notes,
		.n_notes = 1,
		.created_by = "test",
		.plain = true,
	};
}

static struct wr_parquet *open_small(const struct wr_parquet_conf *conf)
{
	struct wr_parquet *p = NULL;
	struct wr_err err = {0};

	if (wr_parquet_open(&p, conf, &err)) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	return p;
}

/* 1, 65535, "ab"; 2, null, null; 2^40, 443, "" */
static int three_rows(const struct wr_parquet_conf *conf)
{
	struct wr_parquet *p = open_small(conf);
	int ret;

	wr_parquet_number(p, 0, 1);
	wr_parquet_number(p, 1, 65535);
	wr_parquet_text(p, 2, "ab", 2);
	ret = wr_parquet_row(p, NULL);
	wr_parquet_number(p, 0, 2);
	wr_parquet_number(p, 0, 77); /* the first one stands */
	ret |= wr_parquet_row(p, NULL);
	wr_parquet_text(p, 2, "", 0);
	wr_parquet_number(p, 1, 443);
	wr_parquet_number(p, 0, 1ull << 40);
	ret |= wr_parquet_row(p, NULL);
	return ret | wr_parquet_close(&p, true, NULL);
}

static const uint8_t at_page[] = {1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0,
				  0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0};
/* length of the levels, one run of eight bits, 101 from the lowest bit on; then the values */
static const uint8_t port_page[] = {2, 0, 0, 0, 3, 5, 0xff, 0xff, 0, 0, 0xbb, 1, 0, 0};
static const uint8_t name_page[] = {2, 0, 0, 0, 3, 5, 2, 0, 0, 0, 'a', 'b', 0, 0, 0, 0};

static const struct {
	const uint8_t *at;
	size_t n;
} pages[] = {
	{at_page, sizeof(at_page)}, {port_page, sizeof(port_page)}, {name_page, sizeof(name_page)}};

#define SCHEMA                                                                              \
	"{ 1:2 2:[ { 4:'small' 5:3 } { 1:2 3:0 4:'at' 10:{ 8:{ 1:T 2:{ 3:{ } } } } } "      \
	"{ 1:1 3:1 4:'port' 6:12 10:{ 10:{ 1:16 2:F } } } { 1:6 3:1 4:'name' 6:0 10:{ 1:{ " \
	"} } } ] 3:"
#define TAIL "5:[ { 1:'key' 2:'value' } ] 6:'test' 7:[ { 1:{ } } { 1:{ } } { 1:{ } } ] }"

static void small_plain(void)
{
	static struct bytes b;
	struct wr_parquet_conf conf = conf_of(in_dir("a.parquet"));
	const uint8_t *p = b.at + 4, *end;
	unsigned int at[3], size[3];
	char want[2048];
	bool fine = true;

	is_int(three_rows(&conf), 0, "a table of three rows");
	slurp(conf.to, &b);
	end = footer_of(&b);
	for (int i = 0; i < 3 && end; i++) {
		uint32_t n = (uint32_t)pages[i].n;

		at[i] = (unsigned int)(p - b.at);
		const char *head = thrift(p, end, &p);
		snprintf(want, sizeof(want), "{ 1:0 2:%u 3:%u 4:%d 5:{ 1:3 2:0 3:3 4:3 } }", n, n,
			 (int32_t)crc32(0, pages[i].at, n));
		is_str(head, want, "the header of a page, with its CRC");
		fine = fine && !memcmp(p, pages[i].at, n);
		p += n;
		size[i] = (unsigned int)(p - b.at) - at[i];
	}
	ok(end && fine && p == end, "values and definition levels to the byte, nothing between");
	snprintf(want, sizeof(want),
		 SCHEMA "3 4:[ { 1:[ "
			"{ 2:%u 3:{ 1:2 2:[ 0 3 ] 3:[ 'at' ] 4:0 5:3 6:%u 7:%u 9:%u 12:{ 3:0 "
			"5:<0000000000010000> 6:<0100000000000000> } } } "
			"{ 2:%u 3:{ 1:1 2:[ 0 3 ] 3:[ 'port' ] 4:0 5:3 6:%u 7:%u 9:%u 12:{ 3:1 "
			"5:<ffff0000> 6:<bb010000> } } } "
			"{ 2:%u 3:{ 1:6 2:[ 0 3 ] 3:[ 'name' ] 4:0 5:3 6:%u 7:%u 9:%u 12:{ 3:1 } } "
			"} ] 2:%u 3:3 5:4 6:%u 7:0 } ] " TAIL,
		 at[0], size[0], size[0], at[0], at[1], size[1], size[1], at[1], at[2], size[2],
		 size[2], at[2], size[0] + size[1] + size[2], size[0] + size[1] + size[2]);
	is_str(footer(&b), want, "the footer field by field");
	sweep();
}

static void small_zstd(void)
{
	static struct bytes b;
	struct wr_parquet_conf conf = conf_of(in_dir("z.parquet"));
	const uint8_t *p = b.at + 4, *end;
	bool fine = true;

	conf.plain = false;
	is_int(three_rows(&conf), 0, "the same, compressed");
	slurp(conf.to, &b);
	end = footer_of(&b);
	for (int i = 0; i < 3 && end; i++) {
		int plain = 0, size = 0, crc = 0;
		uint8_t page[64];

		sscanf(thrift(p, end, &p), "{ 1:0 2:%d 3:%d 4:%d", &plain, &size, &crc);
		fine = fine && plain == (int)pages[i].n &&
		       crc == (int32_t)crc32(0, p, (unsigned int)size) &&
		       ZSTD_decompress(page, sizeof(page), p, (size_t)size) == pages[i].n &&
		       !memcmp(page, pages[i].at, pages[i].n);
		p += size;
	}
	ok(end && fine && p == end,
	   "pages are the same when decompressed, the CRC is of what is written");
	ok(strstr(footer(&b), "3:[ 'port' ] 4:6 5:3") != NULL, "and said to be zstd");
	sweep();
}

static void empty(void)
{
	static struct bytes b;
	struct wr_parquet_conf conf = conf_of(in_dir("e.parquet"));
	struct wr_parquet *p = open_small(&conf);

	is_int(wr_parquet_close(&p, true, NULL), 0, "a table without rows");
	slurp(conf.to, &b);
	is_str(footer(&b), SCHEMA "0 4:[ ] " TAIL, "has its columns and no row group");
	conf.n_notes = 0;
	p = open_small(&conf);
	wr_parquet_close(&p, true, NULL);
	slurp(conf.to, &b);
	ok(!strstr(footer(&b), " 5:["), "without notes there is no list of them");
	sweep();
}

/* ---- row groups ---- */

static int occurrences(const char *text, const char *what)
{
	int n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

static void groups(void)
{
	static struct bytes b;
	struct wr_parquet_conf conf = conf_of(in_dir("g.parquet"));
	struct wr_parquet *p;
	const char *text;
	int ret = 0;

	conf.rows = 100;
	p = open_small(&conf);
	for (unsigned int i = 0; i < 1005; i++) {
		wr_parquet_number(p, 0, i);
		if (i % 3)
			wr_parquet_number(p, 1, i % 1000);
		ret |= wr_parquet_row(p, NULL);
	}
	ret |= wr_parquet_close(&p, true, NULL);
	is_int(ret, 0, "1005 rows in groups of 100");
	slurp(conf.to, &b);
	text = footer(&b);
	is_int(occurrences(text, "3:[ 'at' ]"), 11, "make eleven row groups");
	ok(strstr(text, SCHEMA "1005 4:") == text && occurrences(text, " 3:100 5:") == 10 &&
		   occurrences(text, " 3:5 5:") == 1,
	   "ten of 100 rows and one of five");
	/* rows 1000 to 1004: 1000 % 3 = 1, so the second value of each three is null */
	ok(strstr(text, "3:[ 'port' ] 4:0 5:5 6:") &&
		   strstr(text, "12:{ 3:1 5:<04000000> 6:<00000000> }"),
	   "least, greatest and nulls are those of the group");
	ok(occurrences(text, "12:{ 3:100 }") == 10 && occurrences(text, "12:{ 3:5 }") == 1,
	   "a column of nulls alone has no least and greatest");
	sweep();
}

/* Text has room for 48 bytes a row: longer ones make smaller groups. */
static void long_texts(void)
{
	static struct bytes b;
	static char text[WR_PARQUET_TEXT_MAX + 1];
	struct wr_parquet_conf conf = conf_of(in_dir("l.parquet"));
	struct wr_parquet *p;
	struct wr_err err = {0};
	int ret = 0;

	memset(text, 'x', sizeof(text));
	conf.rows = 100;
	p = open_small(&conf);
	for (unsigned int i = 0; i < 100; i++) {
		wr_parquet_number(p, 0, i);
		wr_parquet_text(p, 2, text, WR_PARQUET_TEXT_MAX);
		ret |= wr_parquet_row(p, NULL);
	}
	ret |= wr_parquet_close(&p, true, NULL);
	slurp(conf.to, &b);
	ok(!ret && b.n > 100 * WR_PARQUET_TEXT_MAX && strstr(footer(&b), SCHEMA "100 4:") &&
		   occurrences(footer(&b), "3:[ 'name' ]") > 10,
	   "texts of the greatest length: all there, in more groups");
	sweep();
	p = open_small(&conf);
	wr_parquet_number(p, 0, 1);
	wr_parquet_text(p, 2, text, sizeof(text));
	is_int(wr_parquet_row(p, &err), -EINVAL, "a longer one is refused");
	is_str(err.text, "name: a text is longer than 1024 bytes", "with the column's name");
	is_int(wr_parquet_close(&p, true, NULL), -EINVAL, "and the file is not kept");
	is_int(sweep(), 0, "nothing is left");
}

/* ---- what goes wrong ---- */

static void missing(void)
{
	struct wr_parquet_conf conf = conf_of(in_dir("m.parquet"));
	struct wr_parquet *p = open_small(&conf);
	struct wr_err err = {0};

	wr_parquet_number(p, 1, 1);
	is_int(wr_parquet_row(p, &err), -EINVAL, "a row without a value that each row needs");
	is_str(err.text, "at: each row needs a value", "is told by the column's name");
	wr_parquet_number(p, 0, 1);
	is_int(wr_parquet_row(p, NULL), -EINVAL, "and from then on nothing is taken");
	wr_parquet_close(&p, true, NULL);
	is_int(sweep(), 0, "nothing is left");
	conf.to = in_dir("no/such/place");
	ok(wr_parquet_open(&p, &conf, &err) == -ENOENT && strstr(err.text, "no/such/place"),
	   "a place that is not there is named: %s", err.text);
	conf.n_columns = 0;
	ok(wr_parquet_open(&p, &conf, NULL) == -EINVAL && !p, "a table without columns");
	conf.n_columns = 3;
	conf.rows = WR_PARQUET_ROWS_MAX + 1;
	ok(wr_parquet_open(&p, &conf, NULL) == -EINVAL && !p, "row groups that are too large");
	conf.to = "";
	conf.rows = 0;
	ok(wr_parquet_open(&p, &conf, NULL) == -EINVAL && !p, "no name");
}

/* Writes until the file may grow no more. */
static int too_large(const struct wr_parquet_conf *conf, struct wr_err *err)
{
	struct rlimit old, few;
	struct wr_parquet *p;
	int ret = 0;

	getrlimit(RLIMIT_FSIZE, &old);
	few = (struct rlimit){20000, old.rlim_max};
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &few);
	p = open_small(conf);
	for (unsigned int i = 0; i < 5000 && !ret; i++) {
		wr_parquet_number(p, 0, i);
		ret = wr_parquet_row(p, err);
	}
	ret = wr_parquet_close(&p, true, err);
	setrlimit(RLIMIT_FSIZE, &old);
	return ret;
}

static void no_room(void)
{
	static struct bytes b;
	struct wr_parquet_conf conf = conf_of(in_dir("f.parquet"));
	struct wr_err err = {0};
	struct stat st = {0};

	conf.rows = 100;
	is_int(too_large(&conf, &err), -EFBIG, "a write that fails in the middle");
	ok(strstr(err.text, "f.parquet: File too large") != NULL, "is told: %s", err.text);
	is_int(sweep(), 0, "nothing is left");
	three_rows(&conf);
	chmod(conf.to, 0644);
	too_large(&conf, NULL);
	slurp(conf.to, &b);
	ok(strstr(footer(&b), SCHEMA "3 4:") != NULL, "what stood there before still does");
	is_int(sweep(), 1, "and nothing beside it");
	conf.to = "/dev/full";
	is_int(three_rows(&conf), -ENOSPC, "a full device says so");
	ok(!stat("/dev/full", &st) && S_ISCHR(st.st_mode), "and is no file afterwards");
}

static void replaces(void)
{
	static struct bytes b;
	struct wr_parquet_conf conf = conf_of(in_dir("r.parquet"));
	char link[128];
	struct wr_parquet *p;
	struct stat st = {0};

	umask(022);
	three_rows(&conf);
	ok(!stat(conf.to, &st) && (st.st_mode & 0777) == 0600, "a new file is its owner's alone");
	chmod(conf.to, 0644);
	snprintf(link, sizeof(link), "%s", in_dir("link"));
	ok(!symlink("r.parquet", link), "a link to it");
	conf.to = link;
	p = open_small(&conf);
	wr_parquet_number(p, 0, 5);
	wr_parquet_row(p, NULL);
	slurp(link, &b);
	ok(strstr(footer(&b), SCHEMA "3 4:") != NULL,
	   "the old one stays while the new one is written");
	wr_parquet_close(&p, true, NULL);
	slurp(in_dir("r.parquet"), &b);
	ok(strstr(footer(&b), SCHEMA "1 4:") && !lstat(link, &st) && S_ISLNK(st.st_mode),
	   "the new one stands in its place, the link is one still");
	ok(!stat(link, &st) && (st.st_mode & 0777) == 0644, "with the permissions of the old one");
	p = open_small(&conf);
	wr_parquet_close(&p, false, NULL);
	slurp(link, &b);
	ok(strstr(footer(&b), SCHEMA "1 4:") != NULL, "one that is given up changes nothing");
	is_int(sweep(), 2, "there are the file and the link");
	p = NULL;
	is_int(wr_parquet_close(&p, true, NULL), 0, "NULL is fine");
}

int main(void)
{
	snprintf(dir, sizeof(dir), "/tmp/wr-parquet-XXXXXX");
	if (!mkdtemp(dir))
		return 1;
	small_plain();
	small_zstd();
	empty();
	groups();
	long_texts();
	missing();
	no_room();
	replaces();
	rmdir(dir);
	return done();
}
