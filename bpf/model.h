/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_BPF_MODEL_H
#define WR_BPF_MODEL_H

/*
 * What a model says of a packet depends on the values that it asks about and on nothing else. So
 * the sum is kept with all of those values, on each CPU, and is said again of the next packet that
 * has the very same ones: packets of a flood have, and most of a usual connection. Nothing is
 * guessed: a hash finds the place, and every value is compared.
 */

#define WR_EACH_WORD(i) _Pragma("unroll") for (__u32 i = 0; i < WR_MODEL_WORDS; i++)

/* Leaves of the values only what the model asks about. Returns a hash of it; 0 also when the image
 * is broken, which then says something else in each comparison. */
static __always_inline __u64 wr_model_mask(wr_image image, __u64 *word, __u32 first)
{
	const struct wr_line *a = wr_line_at(image, first - 2), *b = wr_line_at(image, first - 1);
	__u64 hash = 0;

	_Static_assert(WR_MODEL_MASKS == 2, "lines in front of the roots");
	if (!a || !b)
		return 0;
	wr_keep(a);
	wr_keep(b);
	WR_EACH_WORD(i)
	{
		word[i] &= i < 8 ? a->word[i] : b->word[i - 8];
		hash += word[i] * (WR_GOLDEN * (2 * i + 1));
	}
	return hash;
}

/* A function of its own: the verifier reads it once, and not once for each way to it. */
__attribute__((noinline)) int wr_model_asked(__u32 cpu, __u32 first, __u32 trees)
{
	return (int)wr_model_sum(WR_JUDGE_IMAGE(cpu), wr_values_of(cpu), first, trees);
}

static __always_inline __u32 wr_model_known(__u32 cpu, __u32 first, __u32 trees, __u64 id)
{
	struct wr_model_values *v = wr_values_of(cpu);
	__u64 *word = (__u64 *)v->at, differ;
	struct wr_model_said *said;
	__u32 at;

	if (!id)
		return (__u32)wr_model_asked(cpu, first, trees);
	at = (__u32)(wr_model_mask(WR_JUDGE_IMAGE(cpu), word, first) >> (64 - WR_SAID_BITS));
	said = bpf_map_lookup_elem(&wr_scores, &at);
	if (!said)
		return 0;
	differ = said->id ^ id;
	WR_EACH_WORD(i)
	differ |= said->word[i] ^ word[i];
	if (!differ)
		return (__u32)said->sum;
	said->id = id;
	WR_EACH_WORD(i)
	said->word[i] = word[i];
	said->sum = (__u32)wr_model_asked(cpu, first, trees);
	return (__u32)said->sum;
}

#endif
