/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows for learning: hidden addresses, spreads, and files in a folder. */
#include "tests/tap.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/sketch.h"
#include "detect/spread.h"
#include "export/sheetdir.h"
#include "view/flow_columns.h"

#define SECOND 1000000000ull

static char dir[64];

/* ---- addresses ---- */

static void key_file(const char *path, size_t n, mode_t mode)
{
	uint8_t key[100];
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)i;
	if (fd < 0 || write(fd, key, n) != (ssize_t)n || fchmod(fd, mode))
		exit(1);
	close(fd);
}

static const char *hidden(const struct wr_hide *h, const uint8_t *addr, uint8_t ip_v)
{
	static struct wr_buf b;

	wr_buf_clear(&b);
	return wr_hide_address(&b, h, addr, ip_v, 0) ? wr_buf_text(&b) : "(nothing)";
}

static void addresses(void)
{
	const uint8_t a4[16] = {192, 0, 2, 77}, a6[16] = {0x20, 1, 0xd, 0xb8, 1, 2, 3, 4, 5};
	struct wr_hide h;
	char path[96];

	snprintf(path, sizeof(path), "%s/key", dir);
	key_file(path, 32, 0600);
	is_int(wr_hide_open(&h, WR_HIDE_HASH, path, NULL), 0, "a key of 32 bytes");
	/* python3: hmac.new(bytes(range(32)), bytes([4, 0, 192, 0, 2, 77]), 'sha256') */
	is_str(hidden(&h, a4, 4), "3130ff56031cd1b5", "IPv4: HMAC-SHA-256, as Python makes it");
	is_str(hidden(&h, a6, 6), "4e8e3303d5235c11", "IPv6");
	wr_hide_open(&h, WR_HIDE_PREFIX, NULL, NULL);
	is_str(hidden(&h, a4, 4), "192.0.2.0/24", "prefix");
	is_str(hidden(&h, a6, 6), "2001:db8:102::/48", "prefix, IPv6");
	wr_hide_open(&h, WR_HIDE_NONE, NULL, NULL);
	is_str(hidden(&h, a4, 4), "(nothing)", "none");
	key_file(path, 15, 0600);
	is_int(wr_hide_open(&h, WR_HIDE_HASH, path, NULL), -EINVAL, "a key that is too short");
	key_file(path, 65, 0600);
	is_int(wr_hide_open(&h, WR_HIDE_HASH, path, NULL), -EINVAL, "one that is too long");
	key_file(path, 32, 0604);
	is_int(wr_hide_open(&h, WR_HIDE_HASH, path, NULL), -EINVAL, "one for everybody to read");
	unlink(path);
	is_int(wr_hide_open(&h, WR_HIDE_HASH, path, NULL), -ENOENT, "none");
}

/* ---- spreads ---- */

static void spreads(void)
{
	struct wr_spread s = {0};
	struct wr_spread_told t;

	t = wr_spread_told(&s);
	ok(t.values == 0 && t.entropy == 0, "nothing: no values, no entropy");
	wr_spread_add(&s, wr_mix(1), 1000);
	t = wr_spread_told(&s);
	ok(t.values == 1 && t.entropy == 0, "one value");
	for (uint64_t i = 2; i <= 8; i++)
		wr_spread_add(&s, wr_mix(i), 1000);
	t = wr_spread_told(&s);
	ok(t.values == 8 && fabs(t.entropy - 3) < 1e-9, "eight that are even: 3 bits");
	for (uint64_t i = 0; i < 2000000; i++)
		wr_spread_add(&s, wr_mix(i), 1);
	t = wr_spread_told(&s);
	ok(t.values > 10000 && t.values < 20000 && isfinite(t.entropy),
	   "more than can be told apart: as many as can");
}

/* Both ways are told the same to the bit, whatever the order, and one moved goes on as the other.
 */
static void few_are_as_many(void)
{
	uint64_t state = 1;
	int differ = 0, full = 0;

	for (int turn = 0; turn < 20000; turn++) {
		struct wr_spread large = {0}, moved = {0};
		struct wr_spread_few few = {0};
		struct wr_spread_told a, b;

		for (int i = 0; i < 12; i++) {
			/* Few values, of few buckets. */
			uint64_t v = wr_mix(state += 7) % (1 + (uint64_t)turn % 6);
			uint64_t hash = (v & 1) << 63 | wr_mix(v + 100 * (uint64_t)turn) >> 6;
			uint32_t n = (uint32_t)(wr_mix(++state) >> 50);

			if (!wr_spread_few_add(&few, hash, n)) {
				full++;
				break;
			}
			wr_spread_add(&large, hash, n);
		}
		a = wr_spread_told(&large);
		b = wr_spread_few_told(&few);
		wr_spread_few_move(&few, &moved);
		differ += memcmp(&a, &b, sizeof(a)) != 0 ||
			  memcmp(&large, &moved, sizeof(large)) != 0;
	}
	ok(differ == 0, "few values are told as in a large spread, and moved to one: %d differ",
	   differ);
	ok(full > 1000 && full < 19000, "%d had one value too many", full);
}

/* ---- files in a folder ---- */

struct seen {
	int whole, hidden, other;
	char first[256];
};

static struct seen look(void)
{
	struct seen s = {0};
	DIR *d = opendir(dir);
	const struct dirent *e;

	while ((e = readdir(d))) {
		if (!strncmp(e->d_name, "weir-features-", 14)) {
			if (!s.whole++ || strcmp(e->d_name, s.first) < 0)
				snprintf(s.first, sizeof(s.first), "%s", e->d_name);
		} else if (!strncmp(e->d_name, ".weir", 5)) {
			s.hidden++;
		} else if (e->d_name[0] != '.') {
			s.other++;
		}
	}
	closedir(d);
	return s;
}

static void touch(const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	close(fd);
}

static void folder(enum wr_sheetfile_format format)
{
	struct wr_sheetdir_conf conf = {
		.dir = dir,
		.format = format,
		.sheet = wr_flow_sheet(WR_FLOW_SHEET_CIC),
		.max_bytes = 20000,
		.max_age_ns = 10 * SECOND,
		.keep = 3,
	};
	struct wr_flow f = {.key = {.ip_v = 4, .proto = 6}, .sent = {{1, 60}, {1, 60}}};
	struct wr_flow_told told = wr_flow_told(&f, NULL);
	const char *name = wr_sheetfile_name(format);
	struct wr_sheetdir_count n;
	struct wr_sheetdir *d = NULL;
	struct wr_err err = {0};
	int wrong = 0;

	touch(".weir-features.part.left");
	touch("weir-features-20010101T000000Z-000.cic.csv");
	touch("mine.csv");
	is_int(wr_sheetdir_open(&d, &conf, &err), 0, "%s: opened", name);
	is_int(look().hidden, 0, "%s: what an ended process has left is removed", name);
	for (int i = 0; i < 2000; i++)
		wrong += wr_sheetdir_add(d, &told, SECOND, &err) != 0;
	n = wr_sheetdir_count(d);
	ok(!wrong && n.given == 2000 && n.whole > 1000 && !n.lost, "%s: rows are counted", name);
	ok(look().whole == 3 && look().hidden <= 1, "%s: three files stay, one is open", name);
	ok(strncmp(look().first, "weir-features-2001", 18) != 0 && look().other == 1,
	   "%s: the oldest went, and nothing of others", name);
	wr_sheetdir_add(d, &told, SECOND, &err);
	n = wr_sheetdir_count(d);
	wr_sheetdir_step(d, 10 * SECOND, &err);
	is_int((int)wr_sheetdir_count(d).whole, (int)n.whole, "%s: not old enough", name);
	wr_sheetdir_step(d, 11 * SECOND, &err);
	is_int((int)wr_sheetdir_count(d).whole, 2001, "%s: old enough: complete", name);
	is_int(look().hidden, 0, "%s: nothing is open", name);
	wr_sheetdir_add(d, &told, 12 * SECOND, &err);
	wr_sheetdir_close(&d);
	is_int(look().hidden, 0, "%s: closed without an end: dropped", name);
}

static void no_folder(void)
{
	struct wr_sheetdir_conf conf = {.dir = "/proc/nowhere",
					.sheet = wr_flow_sheet(WR_FLOW_SHEET_FEATURES),
					.max_bytes = 1 << 20,
					.max_age_ns = SECOND,
					.keep = 1};
	struct wr_flow f = {.key = {.ip_v = 4}};
	struct wr_flow_told told = wr_flow_told(&f, NULL);
	struct wr_sheetdir *d = NULL;
	struct wr_err err = {0};

	is_int(wr_sheetdir_open(&d, &conf, &err), 0, "a folder that is not there: no error yet");
	is_int(wr_sheetdir_add(d, &told, SECOND, &err), -ENOENT, "but for the first row");
	ok(strstr(wr_sheetdir_trouble(d), "/proc/nowhere") != NULL, "it is told");
	is_int(wr_sheetdir_add(d, &told, SECOND, &err), -EAGAIN, "and not at once again");
	is_int(wr_sheetdir_add(d, &told, 2 * SECOND, &err), -ENOENT, "after a second");
	is_int(wr_sheetdir_add(d, &told, 3 * SECOND, &err), -EAGAIN, "then after two");
	is_int((int)wr_sheetdir_count(d).lost, 4, "all are counted as lost");
	wr_sheetdir_close(&d);
}

/* What stands in the way is waited for by nobody. */
static void in_the_way(void)
{
	struct wr_sheetdir_conf conf = {.dir = dir,
					.sheet = wr_flow_sheet(WR_FLOW_SHEET_FEATURES),
					.max_bytes = 1,
					.max_age_ns = SECOND,
					.keep = 1};
	struct wr_flow f = {.key = {.ip_v = 4}};
	struct wr_flow_told told = wr_flow_told(&f, NULL);
	char folders[2][128], link[128];
	struct wr_sheetdir *d = NULL;
	struct wr_err err = {0};

	for (int i = 0; i < 2; i++) {
		snprintf(folders[i], sizeof(folders[i]), "%s/weir-features-200%d", dir, i);
		mkdir(folders[i], 0700);
	}
	wr_sheetdir_open(&d, &conf, &err);
	is_int(wr_sheetdir_add(d, &told, SECOND, &err), 0, "a folder of such a name stays");
	is_int(look().whole, 3, "and is counted as none of its files");
	snprintf(link, sizeof(link), "%s/.weir-features.part", dir);
	is_int(symlink(dir, link), 0, "something else has the name of the open file");
	is_int(wr_sheetdir_add(d, &told, SECOND, &err), -EISDIR, "what is no file is not written");
	is_int(wr_sheetdir_add(d, &told, 2 * SECOND, &err), 0, "and is gone at the next try");
	wr_sheetdir_close(&d);
	for (int i = 0; i < 2; i++)
		rmdir(folders[i]);
}

int main(void)
{
	char command[96];

	snprintf(dir, sizeof(dir), "/tmp/weir-features-XXXXXX");
	if (!mkdtemp(dir))
		return 1;
	addresses();
	spreads();
	few_are_as_many();
	for (int i = 0; i < WR_SHEETFILE_FORMATS; i++)
		folder((enum wr_sheetfile_format)i);
	no_folder();
	in_the_way();
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	if (system(command))
		note("%s is left", dir);
	return done();
}
