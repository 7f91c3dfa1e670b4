/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DETECT_ANSWER_H
#define WR_DETECT_ANSWER_H

#include "detect/cure.h"

/*
 * What is done about findings: a rule for each that has a safe one (wr_cure.safe), made anew while
 * there is more to know, replaced by the next best or taken out when less than half of what was
 * expected is stopped by it, or usual clients fall off as it begins, renewed while it goes on,
 * ended when it was over for WR_ANSWER_LAST_S. Who puts rules in force is the caller. What somebody
 * takes out or turns is left as he wants it until the attack has been over for so long.
 */

enum { WR_ANSWERS = 64, WR_ANSWER_NAME = 32, WR_ANSWER_LAST_S = 60, WR_ANSWER_SPARED = 400 };

enum wr_answer_mode { WR_ANSWER_OFF, WR_ANSWER_SHADOW, WR_ANSWER_ENFORCE };
const char *wr_answer_mode_name(enum wr_answer_mode mode);
/* "off", "shadow", "enforce"; -EINVAL. */
int wr_answer_mode(const char *word, enum wr_answer_mode *mode);

/* What those whom a victim is for get of it in the newest second: connections made, or UDP flows
 * answered, whichever there are more of. */
struct wr_served {
	double now, least; /* least: the lower bound of what is usual, a second */
	bool fell;	   /* since the attack began less than half of that was made */
};
/* false: nothing is known of what is usual, or not all of it is seen. */
bool wr_detect_served(const struct wr_detect *d, const struct wr_finding *f, struct wr_served *out);

/* Why a rule is taken back: it stops less than half of what was expected; usual clients get less
 * than half of the least that they usually get, from its beginning on; as a shadow it would have
 * kept out one of those who are known to come. */
enum wr_answer_fails { WR_ANSWER_MISSES, WR_ANSWER_HURTS, WR_ANSWER_TRIED };

/* What a rule did since that was told last. */
struct wr_answer_did {
	struct wr_count stopped; /* as a shadow: it would have */
	uint64_t came;		 /* packets that there were for it to stop; estimated */
};

struct wr_answer {
	bool used;
	bool declined;		   /* somebody took the rule out, or turned it */
	char name[WR_ANSWER_NAME]; /* of its rule; "": there is none (yet) */
	uint64_t finding;	   /* id */
	uint8_t klass;
	uint8_t mode; /* enum wr_answer_mode that its rule is in */
	struct wr_victim victim;
	uint64_t begun_ns, renewed_ns, until_ns, looked_ns;
	struct wr_cure cure;
	unsigned int looks; /* times that a rule, or a better one, was looked for */
	/* Its success: what came since it was put in, in so many seconds, and what it had stopped
	 * before. */
	uint64_t seen, stopped;
	unsigned int seconds;
	struct wr_count told;	       /* what it had stopped when ops->did() was told */
	unsigned int level;	       /* rules that did not stop it; see struct wr_cure_want */
	bool fails;		       /* its rule does: the next one is looked for */
	char spared[WR_ANSWER_SPARED]; /* usual clients whom its rule hit as a shadow */
	uint64_t trial_ns; /* it is a shadow since then, to be enforced (detect/trial.h); 0: it is
			    * not
			    */
	/* What clients got since it was put in force, in so many seconds, and what was usual when
	 * the first one was (detect/harm.h). */
	struct {
		bool looking; /* it is not known yet */
		bool hurt;    /* a rule did */
		unsigned int seconds;
		double made, least;
	} harm;
};

/* What has become of a rule that was put in. */
enum wr_answer_is {
	WR_ANSWER_THERE,
	WR_ANSWER_TURNED /* a shadow, or none any more */,
	WR_ANSWER_GONE
};

struct wr_answer_ops {
	/* A rule in the place of the one of that name that was put before, if there is one. 0 or
	 * -errno: it is not in. */
	int (*put)(void *ctx, const char *name, const char *statement);
	void (*take)(void *ctx, const struct wr_answer *a); /* it ends */
	bool (*taken)(void *ctx, const char *name);	    /* is there a rule of that name? */
	enum wr_answer_is (*is)(void *ctx, const struct wr_answer *a);
	/* Packets that its rule has stopped so far, or would have as a shadow; NULL: nobody knows.
	 */
	struct wr_count (*stopped)(void *ctx, const struct wr_answer *a);
	/* How many packets of each of these its shadow would have stopped, as far as known: fills
	 * in their `packets`, returns those of all (both may be of a sample). NULL: nobody knows.
	 */
	uint64_t (*hits)(void *ctx, const struct wr_answer *a, struct wr_finding_source *who,
			 uint32_t n);
	/* What it did: each second that it goes on, when it is over, and before the rule ends. May
	 * be NULL. */
	void (*did)(void *ctx, const struct wr_answer *a, const struct wr_answer_did *did);
	/* share: what it stops of the attack, where a->cure.attack was expected; of one that hurts,
	 * what clients get of the least that is usual. It is replaced, or taken out, next. May be
	 * NULL. */
	void (*fails)(void *ctx, const struct wr_answer *a, enum wr_answer_fails why, double share);
	/* Somebody else finds something at the same target just now. May be NULL. */
	bool (*agrees)(void *ctx, const struct wr_finding *f);
};

struct wr_answers {
	enum wr_answer_mode mode; /* of what `own` says nothing of */
	/* At least that mode for what ops->agrees() to, unless the class has one of its own. Who
	 * agrees no longer lets the rule fall back to the other mode when it is renewed. */
	enum wr_answer_mode agreed;
	uint8_t own[WR_CLASS_COUNT]; /* 1 + enum wr_answer_mode of the class; 0: none of its own */
	bool cookies;		     /* SYN cookies are fine */
	const char *prefix;	     /* of names: "auto" makes auto1, auto2 */
	const char *resolvers[2];    /* of IPv4, of IPv6: see struct wr_cure_want */
	const struct wr_answer_ops *ops;
	void *ctx;
	struct wr_answer at[WR_ANSWERS];
	uint32_t made;	  /* so many ever */
	uint32_t number;  /* of the newest name */
	uint64_t next_ns; /* the first of them ends then, as far as known; 0: none */
	uint64_t second;  /* in which */
	uint32_t puts;	  /* so many were put in: there is a bound */
};

enum wr_answer_mode wr_answers_mode(const struct wr_answers *a, enum wr_finding_class c);

/* What a detector tells (wr_finding_fn); now_ns: its clock. */
void wr_answers_finding(struct wr_answers *a, struct wr_detect *d, enum wr_finding_news news,
			const struct wr_finding *f, uint64_t now_ns);
/* The answer to a finding; NULL: there is none. */
const struct wr_answer *wr_answers_of(const struct wr_answers *a, const struct wr_finding *f);
/* Ends those to classes (1 << enum wr_finding_class) that nobody wants to be told of any more. */
void wr_answers_off(struct wr_answers *a, uint64_t classes);
/* Ends those that are due. Cheap when none is. */
void wr_answers_tick(struct wr_answers *a, uint64_t now_ns);
/* Ends all. */
void wr_answers_end(struct wr_answers *a);

#endif
