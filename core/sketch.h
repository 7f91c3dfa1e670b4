/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef WR_CORE_SKETCH_H
#define WR_CORE_SKETCH_H

#include <linux/types.h>

/*
 * Distinct counts of fixed size (HyperLogLog; Flajolet, Fusy, Gandouet, Meunier 2007; 64-bit hash
 * as in Heule, Nunkesser, Hall 2013): each register keeps the longest run of zeroes that began a
 * hash. Standard error 1.04 / sqrt(registers) = 3.3 %. Kernel and host fill registers of the same
 * kind, so that those of one CPU, one window or one source can be joined by their maxima.
 */
enum { WR_SKETCH_REGISTERS = 1024, WR_SKETCH_BITS = 10 };

/* Mixes so that each bit of the key moves each bit of the hash (Stafford's variant 13 of the
 * MurmurHash3 finaliser). */
static inline __attribute__((always_inline)) __u64 wr_mix(__u64 h)
{
	h ^= h >> 30;
	h *= 0xbf58476d1ce4e5b9ull;
	h ^= h >> 27;
	h *= 0x94d049bb133111ebull;
	return h ^ h >> 31;
}

/* Hash of an address, 16 bytes as two words (IPv4: the first four bytes, the rest 0). seed: a
 * secret, the same for all registers that are ever joined: who knows it chooses what the count
 * says. */
static inline __attribute__((always_inline)) __u64 wr_sketch_hash(__u64 seed, __u64 a, __u64 b)
{
	return wr_mix(a ^ wr_mix((b + 0x9e3779b97f4a7c15ull) ^ seed));
}

/* Zeroes in front of the first one, plus one; 1 to 33 are kept. Without a loop, and without an
 * instruction that BPF lacks. */
static inline __attribute__((always_inline)) __u8 wr_sketch_rank(__u32 v)
{
	__u8 n = 1;

	if (!(v & 0xffff0000)) {
		n += 16;
		v <<= 16;
	}
	if (!(v & 0xff000000)) {
		n += 8;
		v <<= 8;
	}
	if (!(v & 0xf0000000)) {
		n += 4;
		v <<= 4;
	}
	if (!(v & 0xc0000000)) {
		n += 2;
		v <<= 2;
	}
	return (__u8)(n + !(v & 0x80000000));
}

static inline __attribute__((always_inline)) void wr_sketch_add(__u8 *registers, __u64 hash)
{
	__u8 rank = wr_sketch_rank((__u32)(hash >> 32));
	__u8 *at = registers + (hash & (WR_SKETCH_REGISTERS - 1));

	if (*at < rank)
		*at = rank;
}

#endif
