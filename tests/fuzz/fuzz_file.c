/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libFuzzer target: a capture file of any bytes. Every byte handed out is looked at, so that
 * AddressSanitizer sees a packet that is longer than its memory. The first byte of the input
 * chooses: 1 = pass the rest through gzip, 2 = through zstd, so that the formats are reached behind
 * them; other = as it is.
 *
 *   clang -fsanitize=fuzzer,address,undefined ... -lpcap -lz -lzstd
 *   WEIR_SEEDS=DIR fuzz_file DIR      writes a few seeds made by code to DIR first
 *
 * A hostile zstd frame may ask for a window of 2 GiB: run with -rss_limit_mb=6144
 * -malloc_limit_mb=4096.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "capture/capture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

enum { AS_IT_IS, GZIP, ZSTD };

/* ---- seeds ---- */

static const uint8_t pcap[] = {
	0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0,
	0,    1,    0,	  0,	0, /* head */
	1,    0,    0,	  0,	2, 0, 0, 0, 4, 0, 0, 0, 9, 0, 0, 0, 'a',  'b',	'c',
	'd',  3,    0,	  0,	0, 4, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0,	  'e',	'f',
};

static const uint8_t patched[] = {
	0xa1, 0xb2, 0xcd, 0x34, 0, 2, 0, 3, 0, 0, 0, 0, 0, 0, 0,   0,	0,
	0,    0xff, 0xff, 0,	0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2,   0,	0,
	0,    4,    0,	  0,	0, 3, 1, 2, 3, 4, 5, 6, 7, 8, 'a', 'b', 'c',
};

static const uint8_t pcapng[] =
	{
		0x0a, 0x0d, 0x0d, 0x0a, 28,   0,    0,	  0,	0x4d, 0x3c, 0x2b, 0x1a, 1,
		0,    0,    0, /* section */
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 28,   0,    0,	  0,	1,
		0,    0,    0,	  60,	0,    0,    0,	  1,	0,    0,    0,	  0,	0,
		4,    0, /* interface */
		2,    0,    4,	  0,	'e',  't',  'h',  '0',	9,    0,    1,	  0,	0x8a,
		0,    0,    0,	  14,	0,    8,    0,	  1,	0,    0,    0,	  0,	0,
		0,    0,    11,	  0,	2,    0,    0,	  'x',	0,    0,    0,	  0,	0,
		0,    60,   0,	  0,	0,    6,    0,	  0,	0,    36,   0,	  0,	0,
		0,    0,    0,	  0,	1,    0,    0,	  0,	2,    0,    0,	  0,	3,
		0,    0,    0,	  9,	0,    0,    0, /* enhanced */
		'a',  'b',  'c',  0,	36,   0,    0,	  0,	3,    0,    0,	  0,	20,
		0,    0,    0,	  4,	0,    0,    0,	  'a',	'b',  'c',  'd',  20,	0,
		0,    0, /* simple */
		2,    0,    0,	  0,	36,   0,    0,	  0,	0,    0,    7,	  0,	1,
		0,    0,    0,	  2,	0,    0,    0,	  4,	0,    0,    0,	  4,	0,
		0,    0, /* old */
		'a',  'b',  'c',  'd',	36,   0,    0,	  0,	5,    0,    0,	  0,	16,
		0,    0,    0,	  1,	2,    3,    4,	  16,	0,    0,    0, /* statistics */
		0x0a, 0x0d, 0x0d, 0x0a, 0,    0,    0,	  28,	0x1a, 0x2b, 0x3c, 0x4d, 0,
		1,    0,    0, /* other byte order */
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0,    0,    0,	  28,	0,
		0,    0,    1,	  0,	0,    0,    20,	  0,	101,  0,    0,	  0,	0,
		0,    2,    0,	  0,	0,    20,   0,	  0,	0,    3,    0,	  0,	0,
		20,   0,    0,	  0,	3,    'a',  'b',  0,	0,    0,    0,	  0,	20,
};

static size_t gzipped(uint8_t *out, size_t room, const uint8_t *p, size_t n)
{
	z_stream z = {0};

	if (deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return 0;
	z.next_in = (uint8_t *)p;
	z.avail_in = (uInt)n;
	z.next_out = out;
	z.avail_out = (uInt)room;
	deflate(&z, Z_FINISH);
	deflateEnd(&z);
	return z.total_out;
}

static void seed(const char *dir, const char *name, int how, const uint8_t *p, size_t n)
{
	char path[4096];
	uint8_t packed[4096];
	FILE *f;

	if (how == GZIP)
		n = gzipped(packed, sizeof(packed), p, n);
	if (how == ZSTD)
		n = ZSTD_compress(packed, sizeof(packed), p, n, 1);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	if (!f)
		return perror(path);
	fputc(AS_IT_IS, f);
	fwrite(how == AS_IT_IS ? p : packed, 1, n, f);
	fclose(f);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *dir = getenv("WEIR_SEEDS");

	(void)argc;
	(void)argv;
	if (!dir)
		return 0;
	seed(dir, "pcap", AS_IT_IS, pcap, sizeof(pcap));
	seed(dir, "patched", AS_IT_IS, patched, sizeof(patched));
	seed(dir, "pcapng", AS_IT_IS, pcapng, sizeof(pcapng));
	seed(dir, "gzip", GZIP, pcapng, sizeof(pcapng));
	seed(dir, "zstd", ZSTD, pcapng, sizeof(pcapng));
	return 0;
}

/* ---- the target ---- */

static void touch(void *ctx, const struct wr_packet *pkt)
{
	uint64_t *sum = ctx;

	for (uint32_t i = 0; i < pkt->caplen; i++)
		*sum += pkt->data[i];
	*sum += strlen(pkt->iface) + pkt->num;
}

static void read_through(const char *path, const char *filter)
{
	struct wr_err err = {0};
	struct wr_source *s;
	struct wr_ledger row;
	uint64_t sum = 0;
	int rc = wr_file_open(&s, path, filter, &err);

	while (rc >= 0)
		rc = s->ops->read(s, touch, &sum, 7, &err);
	if (rc != -ENODATA && !err.text[0])
		abort(); /* an error must say what */
	if (!s)
		return;
	s->ops->ledger(s, &row, 1);
	if (!row.balanced || s->ops->progress(s) > 1 || row.made > row.arrived.packets)
		abort();
	wr_source_close(&s);
}

static int memory_file(const uint8_t *p, size_t n)
{
	int fd = memfd_create("capture", MFD_CLOEXEC);

	if (fd < 0 || write(fd, p, n) != (ssize_t)n)
		abort();
	return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t packed[1 << 17];
	char path[64];
	int fd;

	if (!size || size > (1 << 16))
		return 0;
	if (data[0] == GZIP)
		fd = memory_file(packed, gzipped(packed, sizeof(packed), data + 1, size - 1));
	else if (data[0] == ZSTD)
		fd = memory_file(packed,
				 ZSTD_compress(packed, sizeof(packed), data + 1, size - 1, 1));
	else
		fd = memory_file(data + 1, size - 1);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	read_through(path, size % 2 ? NULL : "len > 3");
	close(fd);
	return 0;
}
