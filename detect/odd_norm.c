/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/odd.h"

/* What a window of a service has, how unusual that is, and what is learned of it. */

enum {
	DAY = 86400 / ODD_WINDOW_S,	 /* windows: what is older weighs half */
	PAGE = 32,			 /* packets of a client that is new */
	TOLD_APART = 4 * ODD_WORDS * 64, /* sources: of more, 4 bits free, nothing is known */
	SHAPE = 4, /* deviations; less than two things that far beside the rate are nothing */
};

#define LESS 1.5      /* a third of what is usual does not come */
#define RUSH_MOST 2.0 /* scores end at 21: a higher bound could be reached by nothing */

/* Of each thing that is measured: how far it strays at least, as it is or as its logarithm, and the
 * most that it can add: what goes with the rate alone is no other kind of traffic. */
static const struct {
	uint8_t feature;
	bool log;
	float least, most;
} things[ODD_THINGS] = {
	[ODD_PACKETS] = {WR_FEATURE_PACKETS, true, 0.1f, 3},
	[ODD_SOURCES] = {WR_FEATURE_SOURCES, true, 0.1f, 4},
	[ODD_FLOW_PACKETS] = {WR_FEATURE_FLOW_PACKETS, true, 0.1f, 6},
	[ODD_MEAN_SIZE] = {WR_FEATURE_MEAN_SIZE, true, 0.05f, 8},
	[ODD_ANSWER_SIZE] = {WR_FEATURE_ANSWER_SIZE, true, 0.05f, 8},
	[ODD_BACK_SHARE] = {WR_FEATURE_BACK_SHARE, false, 0.02f, 8},
	[ODD_SIZE_MIX] = {WR_FEATURE_SIZE_MIX, false, 0.02f, 8},
	[ODD_FLAG_MIX] = {WR_FEATURE_FLAG_MIX, false, 0.02f, 8},
	[ODD_TTL_MIX] = {WR_FEATURE_TTL_MIX, false, 0.02f, 8},
};

/* Where the kinds of a mixture begin, and how many there are. */
static const struct {
	uint8_t thing, first, n;
} mixes[] = {
	{ODD_SIZE_MIX, 0, WR_SIZE_CLASSES},
	{ODD_FLAG_MIX, ODD_FLAGS_AT, ODD_FLAGS},
	{ODD_TTL_MIX, ODD_TTLS_AT, ODD_TTLS},
};
enum { MIXES = sizeof(mixes) / sizeof(*mixes) };

/* ---- a window ---- */

static uint32_t kinds_all(const struct odd *o, int mix)
{
	uint32_t n = 0;

	for (int i = 0; i < mixes[mix].n; i++)
		n += o->kinds[mixes[mix].first + i];
	return n;
}

/* The share that would have to be of another kind to be the usual mixture (total variation). */
static double other_kinds(const struct odd *o, int mix, uint32_t all)
{
	double sum = 0;

	for (int i = 0; i < mixes[mix].n; i++) {
		int k = mixes[mix].first + i;

		sum += fabs(o->kinds[k] / (double)all - (double)o->usual[k]);
	}
	return sum / 2;
}

void odd_measure(const struct odd *o, double seconds, struct odd_window *w)
{
	double all = o->counted + (double)o->counted_back;

	memset(w, 0, sizeof(*w));
	for (int i = ODD_PACKETS; i <= ODD_MEAN_SIZE; i++)
		w->has[i] = true;
	w->value[ODD_PACKETS] = o->packets / seconds;
	w->value[ODD_SOURCES] = linear_count(o->sources, ODD_WORDS);
	w->value[ODD_FLOW_PACKETS] = (o->counted + 1.0) / (o->new_flows + 1.0);
	w->value[ODD_MEAN_SIZE] = (double)o->bytes / o->counted;
	w->has[ODD_ANSWER_SIZE] = o->counted_back >= ODD_LEAST;
	if (o->counted_back)
		w->value[ODD_ANSWER_SIZE] = (double)o->back_bytes / o->counted_back;
	w->has[ODD_BACK_SHARE] = o->two_way;
	w->value[ODD_BACK_SHARE] = o->counted_back / all;
	for (int m = 0; m < MIXES; m++) {
		uint32_t n = kinds_all(o, m);

		w->has[mixes[m].thing] = n >= ODD_LEAST;
		if (n >= ODD_LEAST)
			w->value[mixes[m].thing] = other_kinds(o, m, n);
	}
}

static double shape_of(int thing, double value)
{
	return things[thing].log ? log1p(value) : value;
}

static double usual_of(int thing, double level)
{
	return things[thing].log ? expm1(level) : level;
}

/* A mixture can only be more unlike the usual one; all else may be less, too. */
static double deviations(const struct odd *o, int thing, double value)
{
	const struct odd_norm *n = &o->norm[thing];
	double z = (shape_of(thing, value) - (double)n->level) /
		   fmax((double)n->spread, (double)things[thing].least);

	return thing >= ODD_SIZE_MIX && z < 0 ? 0 : z;
}

bool odd_is_silent(const struct odd *o, const struct odd_window *w)
{
	const struct odd_norm *n = &o->norm[ODD_BACK_SHARE];

	if (o->refused * 2ull > o->back)
		return true;
	return w->has[ODD_BACK_SHARE] && n->windows >= ODD_YOUNG / 2 &&
	       w->value[ODD_BACK_SHARE] < usual_of(ODD_BACK_SHARE, (double)n->level) / 10;
}

/* Of its shape: of a logarithm so many times. */
static double more_than_usual(const struct odd *o, const struct odd_window *w, int thing)
{
	return shape_of(thing, w->value[thing]) - (double)o->norm[thing].level;
}

/* The share that is more than there usually is of its kind, where `less` times as much comes. */
static double beyond_usual(const struct odd *o, int mix, double less)
{
	uint32_t all = kinds_all(o, mix);
	double sum = 0;

	for (int i = 0; i < mixes[mix].n; i++) {
		int k = mixes[mix].first + i;

		sum += fmax(0, o->kinds[k] / (double)all - (double)o->usual[k] * less);
	}
	return sum;
}

/* More goes out, or what comes is larger, than if all that is missing had been the smallest. */
static bool is_more(const struct odd *o, const struct odd_window *w, double less)
{
	double back = w->value[ODD_BACK_SHARE];

	return (w->has[ODD_MEAN_SIZE] &&
		deviations(o, ODD_MEAN_SIZE, w->value[ODD_MEAN_SIZE] / less) >= SHAPE) ||
	       (w->has[ODD_ANSWER_SIZE] &&
		deviations(o, ODD_ANSWER_SIZE, w->value[ODD_ANSWER_SIZE] / less) >= SHAPE) ||
	       (w->has[ODD_BACK_SHARE] &&
		deviations(o, ODD_BACK_SHARE, back / (back + (1 - back) * less)) >= SHAPE);
}

/* Some of those who always come are gone: what is left is another mixture, of nothing that was not
 * there before. */
static bool is_only_less(const struct odd *o, const struct odd_window *w)
{
	double less = exp(-more_than_usual(o, w, ODD_PACKETS));

	if (less < LESS || is_more(o, w, less))
		return false;
	for (int m = 0; m < MIXES; m++)
		if (w->has[mixes[m].thing] &&
		    deviations(o, mixes[m].thing, beyond_usual(o, m, less)) >= SHAPE)
			return false;
	return true;
}

double odd_part_of_score(const struct odd_window *w, int thing)
{
	double z = fmin(fabs(w->z[thing]), (double)things[thing].most);

	return z * z;
}

void odd_judge(const struct odd *o, struct odd_window *w)
{
	double sum = 0;
	int shapes = 0;

	for (int i = 0; i < ODD_THINGS; i++) {
		if (!w->has[i] || o->norm[i].windows < ODD_YOUNG / 2)
			continue;
		w->z[i] = deviations(o, i, w->value[i]);
		sum += odd_part_of_score(w, i);
		shapes += i > ODD_SOURCES && fabs(w->z[i]) >= SHAPE;
	}
	w->score = sqrt(sum);
	if (shapes < 2 || is_only_less(o, w))
		w->score = fmin(w->score, ODD_FLOOR / 2);
}

/* ---- what is usual ---- */

static unsigned int bin_of(double z)
{
	const int half = ODD_BINS / 2;

	if (z < 1 - half)
		return 0;
	return z >= half - 1 ? ODD_BINS - 1 : (unsigned int)(z + half);
}

static void learn_norm(struct odd_norm *n, double y, double z)
{
	double a = 1.0 / (n->windows < ODD_MEMORY ? n->windows + 1 : ODD_MEMORY);
	double r = y - (double)n->level, most = 3 * (double)n->spread + 0.02;
	unsigned int bin = bin_of(z);

	if (n->windows >= 10 && fabs(r) > most)
		r = r < 0 ? -most : most;
	n->level += (float)(a * r);
	n->spread += (float)(a * (fabs(r) - (double)n->spread));
	n->windows++;
	if (n->bins[bin] == UINT16_MAX)
		for (int i = 0; i < ODD_BINS; i++)
			n->bins[i] /= 2;
	n->bins[bin]++;
}

static void learn_mix(struct odd *o, int mix)
{
	uint32_t all = kinds_all(o, mix), n = o->norm[mixes[mix].thing].windows;
	float a = 1.0f / (float)(n < ODD_MEMORY ? n + 1 : ODD_MEMORY);

	for (int i = 0; i < mixes[mix].n; i++) {
		int k = mixes[mix].first + i;

		o->usual[k] += a * ((float)o->kinds[k] / (float)all - o->usual[k]);
	}
}

/* Those of the windows since the last turn are known from the next one on: at first it turns after
 * minutes, each time after twice as many, and at last each hour. */
static void turn_known(struct odd *o)
{
	uint32_t next = ODD_YOUNG / 2;

	while (next < o->windows && next < ODD_MEMORY)
		next *= 2;
	if (o->windows < ODD_MEMORY ? o->windows != next : o->windows % ODD_MEMORY)
		return;
	memmove(o->known[1], o->known[0], sizeof(o->known) - sizeof(*o->known));
	memset(o->known[0], 0, sizeof(*o->known));
}

void odd_learn(struct odd *o, const struct odd_window *w)
{
	for (int m = 0; m < MIXES; m++)
		if (w->has[mixes[m].thing])
			learn_mix(o, m);
	for (int i = 0; i < ODD_THINGS; i++)
		if (w->has[i])
			learn_norm(&o->norm[i], shape_of(i, w->value[i]), w->z[i]);
	for (int i = 0; i < ODD_WORDS; i++)
		o->known[0][i] |= o->sources[i];
	o->windows++;
	turn_known(o);
}

/* ---- how much is too much ---- */

/* The highest that were seen, sorted, the lowest first. */
void odd_learn_score(struct odd *o, float score)
{
	int i = 0;

	if (++o->scores >= DAY) { /* the past weighs half: every other one goes */
		o->scores /= 2;
		for (i = 0; i < o->n_top / 2; i++)
			o->top[i] = o->top[2 * i + 1];
		o->n_top /= 2;
	}
	/* After that only what is among the highest fills the places again. */
	if (o->n_top < ODD_TOP && (o->scores < DAY / 2 || score > o->top[0]))
		memmove(&o->top[1], &o->top[0], o->n_top++ * sizeof(*o->top));
	else if (score <= o->top[0])
		return;
	for (i = 0; i + 1 < o->n_top && o->top[i + 1] < score; i++)
		o->top[i] = o->top[i + 1];
	o->top[i] = score;
}

/*
 * The score that is exceeded once in so many windows: beyond the lowest of the highest ones the
 * tail is taken for exponential. Scores are bounded, so theirs is lighter, and the real rate is
 * lower.
 */
double odd_bound(const struct odd *o, double windows)
{
	double low, mean = 0;

	if (o->windows < ODD_YOUNG || o->n_top < ODD_TOP / 4)
		return HUGE_VAL;
	low = (double)o->top[0];
	for (int i = 0; i < o->n_top; i++)
		mean += ((double)o->top[i] - low) / o->n_top;
	return fmax(ODD_FLOOR, low + fmax(mean, 0.5) * log(o->n_top * windows / o->scores));
}

/* Do only those come that always do, in both of the last times? Of many it is not known one by one.
 */
static bool are_known(const struct odd *o)
{
	int known = 0;

	for (int i = 0; i < ODD_WORDS; i++) {
		uint64_t always = o->known[1][i] & o->known[2][i];

		if (o->sources[i] & ~always)
			return false;
		known += __builtin_popcountll(always);
	}
	return known <= ODD_WORDS * 64 / 2;
}

/* The packets a second that those who come besides the usual ones can bring, a page each. */
static double of_newcomers(const struct odd *o, const struct odd_window *w)
{
	double usual = usual_of(ODD_SOURCES, (double)o->norm[ODD_SOURCES].level);
	double more = w->value[ODD_SOURCES] - usual;

	if (are_known(o) || w->value[ODD_SOURCES] >= TOLD_APART)
		return HUGE_VAL;
	return fmax(0, more) * PAGE / ODD_WINDOW_S;
}

/*
 * Where more comes than usual there are more that begin than go on, and what they begin with is of
 * another kind: the bound is higher by the root of that. A few that are new are no crowd, whatever
 * they send. Where nobody else comes, by the root of how many more begin: a database has as many
 * clients as ever when those behind them become more, and what it goes on with hides how many
 * connections that makes.
 */
double odd_rush(const struct odd *o, const struct odd_window *w)
{
	double level = (double)o->norm[ODD_PACKETS].level;
	double most = usual_of(ODD_PACKETS, level) + of_newcomers(o, w);
	double more = log1p(fmin(w->value[ODD_PACKETS], most)) - level, begin;

	begin = more_than_usual(o, w, ODD_PACKETS) - more_than_usual(o, w, ODD_FLOW_PACKETS);
	if (w->z[ODD_SOURCES] < 1 && are_known(o) && begin > more)
		more = begin;
	return more > 0 ? fmin(exp(more / 2), RUSH_MOST) : 1;
}

/* ---- reasons ---- */

/* The share of the learned windows in which it was lower. Of one that is lower than usual those
 * count that were about as low, so that 0 says that none was. */
static double quantile_of(const struct odd_norm *n, double z)
{
	unsigned int bin = bin_of(z) + (z < 0 && bin_of(z) > 0);
	uint64_t all = 0, lower = 0;

	for (unsigned int i = 0; i < ODD_BINS; i++) {
		all += n->bins[i];
		lower += i < bin ? n->bins[i] : 0;
	}
	return all ? (double)lower / (double)all : -1;
}

void odd_evidence(struct wr_evidence *e, const struct odd *o, const struct odd_window *w, int thing)
{
	const struct odd_norm *n = &o->norm[thing];

	*e = (struct wr_evidence){
		.feature = things[thing].feature,
		.has_norm = true,
		.value = w->value[thing],
		.norm = usual_of(thing, (double)n->level),
		.quantile = quantile_of(n, w->z[thing]),
		.learned_s = n->windows * ODD_WINDOW_S,
		.share = (float)(odd_part_of_score(w, thing) / (w->score * w->score)),
	};
}
