/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Samples of incidents in files: what was kept is read again, and no more than the ring holds. */
#include "daemon/samples.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/tap.h"

enum { RING = 1 << 16, PACKETS = 20, SIZE = 500, INCIDENTS = 12 };

static char folder[64];
static const uint64_t began = 1700000000ull * 1000000000;

static struct wr_dump *ring(void)
{
	const struct wr_dump_conf conf = {.bytes = RING};
	struct wr_dump *d = NULL;

	if (wr_dump_open(&d, &conf, NULL)) {
		printf("Bail out! no memory\n");
		exit(1);
	}
	return d;
}

static struct wr_sample add(struct wr_dump *d, uint64_t incident)
{
	static uint8_t bytes[SIZE];
	struct wr_sample one = {.incident = incident,
				.start_ns = began + incident * 1000000000,
				.from = wr_dump_state(d).added + 1};
	const struct wr_fate fate = {.verdict = WR_VERDICT_DROP, .rule = "auto1"};
	struct wr_packet pkt = {
		.data = bytes, .caplen = SIZE, .len = 1400, .linktype = 1, .iface = "eth0"};

	for (uint32_t i = 0; i < PACKETS; i++) {
		memset(bytes, (int)(incident * 16 + i), SIZE);
		pkt.ts_ns = one.start_ns + i;
		pkt.fate = i % 2 ? &fate : NULL;
		wr_dump_add(d, &pkt);
	}
	one.to = wr_dump_state(d).added;
	return one;
}

static uint32_t files(void)
{
	DIR *dir = opendir(folder);
	const struct dirent *e;
	uint32_t n = 0;

	while (dir && (e = readdir(dir)))
		n += e->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return n;
}

struct seen {
	uint64_t incident;
	uint32_t n, right;
};

static bool packet(void *ctx, const struct wr_packet *pkt)
{
	struct seen *s = ctx;
	uint32_t i = (uint32_t)(pkt->ts_ns % 1000000000);

	s->n++;
	s->right += pkt->caplen == SIZE && pkt->len == 1400 && !strcmp(pkt->iface, "eth0") &&
		    pkt->data[SIZE - 1] == (uint8_t)(s->incident * 16 + i) &&
		    (i % 2 ? pkt->fate && !strcmp(pkt->fate->rule, "auto1") : !pkt->fate);
	return true;
}

static struct seen look(const struct wr_samples *s, uint64_t incident)
{
	const struct wr_sample *one = wr_samples_find(s, incident);
	struct wr_dump_ask ask = {.from = one ? one->from : 0, .to = one ? one->to : 0};
	struct seen seen = {.incident = incident};

	if (one)
		wr_dump_each(s->ring, &ask, packet, &seen, NULL);
	return seen;
}

static struct wr_samples s; /* large */

static void test_kept(void)
{
	struct wr_dump *d = ring();
	uint32_t there, fine = 0;

	is_int(wr_samples_open(&s, d, folder, 0), 0, "at first there is nothing");
	for (uint64_t k = 1; k <= INCIDENTS; k++) {
		struct wr_sample one = add(d, k);

		fine += !wr_samples_add(&s, &one, NULL);
		wr_samples_trim(&s, 0);
	}
	is_int(fine, INCIDENTS, "each has its file");
	there = files();
	ok(there && there == s.n && there * PACKETS * SIZE <= RING,
	   "but what is pushed out of the ring has none any more: %u are there", there);
	wr_dump_close(&d);
	d = ring();
	is_int(wr_samples_open(&s, d, folder, 0), there, "the next run reads as many");
	ok(!wr_samples_find(&s, 1) && wr_samples_find(&s, INCIDENTS), "the newest ones");
	for (uint64_t k = INCIDENTS; wr_samples_find(&s, k); k--)
		if (wr_samples_find(&s, k)->to - wr_samples_find(&s, k)->from + 1 == PACKETS)
			is_int(look(&s, k).right, PACKETS, "%u: bytes, sizes, fates as they were",
			       (unsigned int)k);
	wr_dump_close(&d);
}

static void test_old(void)
{
	struct wr_dump *d = ring();
	uint32_t n;

	n = wr_samples_open(&s, d, folder, began + INCIDENTS * 1000000000ull);
	is_int(n, 1, "what began before a time is not read");
	is_int(files(), 1, "and has no file any more");
	wr_samples_trim(&s, began + 3600 * 1000000000ull);
	ok(!s.n && !files(), "nor when it becomes too old later");
	wr_dump_close(&d);
}

static void test_nowhere(void)
{
	struct wr_dump *d = ring();
	struct wr_sample one;

	wr_samples_open(&s, d, "", 0);
	one = add(d, 7);
	ok(!wr_samples_add(&s, &one, NULL) && look(&s, 7).right == PACKETS && !files(),
	   "without a folder they are in memory alone");
	wr_samples_open(&s, d, "/nonexistent/samples", 0);
	ok(wr_samples_add(&s, &one, NULL) < 0 && look(&s, 7).right == PACKETS,
	   "and where nothing can be written, which is said");
	wr_dump_close(&d);
}

/* The packets of an incident, less those whose lines are broken. */
static void test_broken(void)
{
	struct wr_dump *d = ring();
	struct wr_sample one;
	char path[128];
	FILE *file;

	wr_samples_open(&s, d, folder, 0);
	one = add(d, 5);
	wr_samples_add(&s, &one, NULL);
	wr_dump_close(&d);
	snprintf(path, sizeof(path), "%s/5.json", folder);
	file = fopen(path, "r+");
	for (int c = 0; file && c != '\n' && c != EOF;) /* behind the head */
		c = fgetc(file);
	if (file) {
		fseek(file, 0, SEEK_CUR);
		fputs("{{", file);
		fclose(file);
	}
	d = ring();
	is_int(wr_samples_open(&s, d, folder, 0), 1, "with a line that is broken it is read");
	is_int(look(&s, 5).right, PACKETS - 1, "and all the others are there");
	wr_samples_trim(&s, UINT64_MAX);
	is_int(files(), 0, "until it is too old");
	wr_dump_close(&d);
}

/* History goes to another file: what is kept there is not taken for what was here. */
static void test_moved(void)
{
	struct wr_dump *d = ring();
	struct wr_sample one;
	char here[64], there[sizeof(here) + 8];

	wr_samples_open(&s, d, folder, 0);
	one = add(d, 5);
	wr_samples_add(&s, &one, NULL);
	snprintf(here, sizeof(here), "%s", folder);
	snprintf(there, sizeof(there), "%s-too", folder);
	wr_samples_folder(&s, there);
	one = add(d, 6);
	wr_samples_add(&s, &one, NULL);
	is_int(files(), 1, "what was written stays");
	snprintf(folder, sizeof(folder), "%s", there);
	is_int(files(), 1, "and what comes is in the other folder");
	wr_samples_trim(&s, UINT64_MAX);
	is_int(files(), 0, "where it is deleted");
	rmdir(folder);
	snprintf(folder, sizeof(folder), "%s", here);
	is_int(files(), 1, "and what is elsewhere is not");
	is_int(wr_samples_open(&s, d, folder, 0), 1, "it is there for whoever opens it");
	wr_samples_trim(&s, UINT64_MAX);
	wr_dump_close(&d);
}

int main(void)
{
	snprintf(folder, sizeof(folder), "kept-%d", getpid());
	test_kept();
	test_old();
	test_nowhere();
	test_broken();
	test_moved();
	rmdir(folder);
	return done();
}
