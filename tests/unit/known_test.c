/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who was seen before: of millions of addresses those that are new are told for new, but for a few
 * in a thousand; who comes again is not, however many others came meanwhile.
 */
#include <math.h>
#include <string.h>

#include "core/sketch.h"
#include "detect/impl.h"
#include "tests/tap.h"

enum { ALL = 2000000, PART = 100000, AGAIN = 50000, REGULARS = 100, WORST_OF_1000 = 10 };

static struct known known;

static bool is_new(uint64_t number, uint8_t ip_v)
{
	uint8_t addr[16] = {0};
	uint64_t a = wr_mix(number);

	memcpy(addr, &a, ip_v == 4 ? 4 : 8);
	return known_new(&known, addr, ip_v);
}

static void test_many(uint8_t ip_v)
{
	uint32_t regulars = 0, lost = 0, n = 0;
	double share = 1, worst = 1, off = 0;

	if (known_open(&known)) {
		printf("Bail out! no memory\n");
		exit(1);
	}
	for (uint32_t i = 0; i < REGULARS; i++)
		regulars += is_new(ALL + i, ip_v);
	ok(regulars >= REGULARS - 1, "IPv%d: the first hundred are new: %u", ip_v, regulars);
	for (uint32_t i = 0; i < ALL; i++) {
		n += is_new(i, ip_v);
		for (uint32_t k = 0; i % AGAIN == 0 && k < REGULARS; k++)
			lost += is_new(ALL + k, ip_v);
		if ((i + 1) % PART)
			continue;
		share = (double)n / PART;
		worst = fmin(worst, share);
		off = fmax(off, fabs(share / known_share(&known) - 1));
		n = 0;
	}
	/* 32 bits of two million are the same of 0.05 %. */
	ok(worst > 1 - WORST_OF_1000 / 1000.0,
	   "IPv%d: of two million, in the worst part %.2f %% are told", ip_v, 100 * worst);
	ok(off < 0.01, "IPv%d: and what the share says is within a hundredth: %.4f", ip_v, off);
	is_int(lost, 0, "IPv%d: who comes again is known", ip_v);
	known_close(&known);
}

/* One network of IPv6 is one source. */
static void test_network(void)
{
	uint8_t addr[16] = {0x20, 1, 0xd, 0xb8};

	if (known_open(&known)) {
		printf("Bail out! no memory\n");
		exit(1);
	}
	ok(known_new(&known, addr, 6), "the first of a /64 is new");
	addr[15] = 1;
	ok(!known_new(&known, addr, 6), "and its neighbour is not");
	known_close(&known);
}

int main(void)
{
	test_many(4);
	test_many(6);
	test_network();
	return done();
}
