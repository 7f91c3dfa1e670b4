/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libFuzzer target: first payload bytes of any kind. Two bytes choose the transport, the ports,
 *what is done with the rest (as it is, or sealed as the frames of a QUIC Initial packet, whose keys
 *no fuzzer would find) and where it is cut. What must hold stands in tests/unit/l7_check.h.
 *
 *	clang -fsanitize=fuzzer,address,undefined ...
 *	WEIR_SEEDS=DIR fuzz_l7 DIR	writes the cases of the unit test to DIR first
 */
#include <stdio.h>

#include "tests/unit/l7_cases.h"
#include "tests/unit/l7_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static const uint16_t ports[] = {53, 443, 5353, 137, 22, 80, 8443, 60000};

static void seed(const char *dir, size_t i)
{
	static struct made m;
	size_t port = 0;
	char path[4096];
	FILE *f;

	while (port < 7 && ports[port] != l7_cases[i].port)
		port++;
	snprintf(path, sizeof(path), "%s/case-%zu", dir, i);
	f = fopen(path, "w");
	if (!f)
		return perror(path);
	l7_make(&m, &l7_cases[i]);
	fputc((int)(port << 1 | (l7_cases[i].ip_proto == UDP)), f);
	fputc(0, f);
	fwrite(m.b, 1, m.n, f);
	fclose(f);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *dir = getenv("WEIR_SEEDS");
	size_t i;

	(void)argc;
	(void)argv;
	for (i = 0; dir && i < L7_CASES; i++)
		seed(dir, i);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct made frames, packet;
	struct l7_in in = {.sport = 50000};
	const char *wrong;
	size_t at;

	if (size < 2)
		return 0;
	in.ip_proto = data[0] & 1 ? 17 : 6;
	in.dport = ports[data[0] >> 1 & 7];
	in.b = data + 2;
	in.n = size - 2;
	if (WR_HAVE_NETTLE && (data[0] & 0xf1) == 0x31) {
		struct initial p = {.version = data[1] & 1 ? 0x6b3343cf : 1, .number_n = 2};

		frames.n = packet.n = 0;
		put(&frames, in.b, in.n < 4096 ? in.n : 4096);
		put_initial(&packet, &p, &frames);
		in.b = packet.b;
		in.n = packet.n;
	}
	wrong = l7_check(&in, data[1] % 16, in.n / 8 + 1, &at);
	if (wrong) {
		fprintf(stderr, "%zu of %zu bytes: %s\n", at, in.n, wrong);
		abort();
	}
	return 0;
}
