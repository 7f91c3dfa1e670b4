/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_STORE_STORE_H
#define WR_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "store/rows.h"

/*
 * History in one SQLite file, without a server: the side that writes. store/read.h reads it, also
 * while it is written, and so does any SQLite shell: docs/history.md tells the tables.
 *
 * Flows are blocks of zstd columns (store/block.h): a third of the bytes and six times the speed of
 * plain rows. Each second makes a block at once, so that nothing waits in memory to be lost; small
 * blocks are merged later, until they hold 4096 rows. A block's id is the number of its first row.
 * Merging keeps the numbers, so a reader remembers a number and needs no transaction that is held
 * open while somebody reads slowly (which would let the write-ahead log grow without end).
 *
 * Roll-ups are plain rows: seconds, minutes and hours for each series, a kind and a key. In the
 * table rollup_row a series stands together, by resolution and time, so a day of one service is a
 * few pages. Writing there every second would touch a page for each series every second; so seconds
 * go to the small table `recent` in order of time, and once a minute they are folded: moved to
 * rollup_row and added to their minute and hour, in one transaction. (Measured with 1000 series: a
 * thirteenth of the bytes written and a fifth of the time. With 50: an eighth.) The view `rollup`
 * shows both as one, so seconds, minutes and hours have the same sums at every moment.
 *
 * What is added is gathered in memory of fixed size and written about once a second in one
 * transaction (WAL, synchronous=NORMAL): after kill -9 a second is there as a whole or not at all,
 * and after power loss the last seconds may be missing. When the file cannot be written, all that
 * is gathered waits; when it has no more room, what comes is dropped and counted; as soon as
 * writing works again, it goes on.
 *
 * A store belongs to one thread; only its own thread (conf.thread) works beside it. A file has one
 * writer: a second one is refused. A damaged file is set aside (FILE.corrupt-TIME) and a new one is
 * begun.
 */

struct wr_store;

struct wr_store_conf {
	uint64_t max_bytes; /* of file and log; 0 = 2 GiB; at least 8 MiB */
	/* How long each is kept, seconds. 0 = 7 days, 1 day, 30 days, 2 years, 2 years. */
	uint32_t flow_age_s, second_age_s, minute_age_s, hour_age_s, event_age_s;
	/* Room for what is added between two commits. 0 = 65,536 flows (248 bytes each), 16,384
	 * counts (168 bytes each), taken when used, twice. Of incidents and rules it is 64 each. */
	uint32_t flows_max, counts_max;
	/* Series: 0 = 50,000. When there are more, the one that was quiet for the longest goes to
	 * the key WR_STORE_OTHER of its kind. */
	uint32_t series_max;
	bool thread; /* wr_store_tick() lets a thread of the store write, and never waits for it */
};

#define WR_STORE_OTHER "(other)"

/*
 * Opens or makes the file (mode 0640; its folder is made when it is missing) and takes all memory.
 * conf NULL: defaults; it is only read here. What may pass (a full disk, an I/O error, a file that
 * is busy) is no failure of open: the next commit says so and tries again.
 * -EOPNOTSUPP: a newer weir wrote it. -EINVAL: it is a file of something else, or conf is wrong.
 * -EBUSY: another weir writes it. *out is untouched on failure.
 */
int wr_store_open(struct wr_store **out, const char *path, const struct wr_store_conf *conf,
		  struct wr_err *err);

/*
 * Other limits from now on, without waiting for a disk: of conf max_bytes and the ages are taken,
 * as at open. What is too much or too old then goes a little at each commit. -EINVAL: they are
 * wrong, nothing changes.
 */
int wr_store_limits(struct wr_store *s, const struct wr_store_conf *conf, struct wr_err *err);

/* Adds a flow. False: no room until the next commit; it is lost and counted. Never waits. */
bool wr_store_flow(struct wr_store *s, const struct wr_store_flow *f);

/*
 * Adds counts to the second t_s of a key, as often as needed, in any order of time. The key is the
 * caller's ("tcp/443@10.0.0.5"; "" for WR_STORE_TOTAL), WR_STORE_KEY_MAX - 1 bytes at most, longer
 * ones are cut. False: as above.
 */
bool wr_store_count(struct wr_store *s, enum wr_store_kind kind, const char *key, uint64_t t_s,
		    const struct wr_store_counts *c);

/* Adds an incident or a rule, or replaces the one with that id. Returns its id (a new one when id
 * is 0), or 0: no room. */
uint64_t wr_store_incident(struct wr_store *s, const struct wr_store_incident *i);
uint64_t wr_store_rule(struct wr_store *s, const struct wr_store_rule *r);

/*
 * To be called often; does something about once a second of now_ns: writes what was added, or lets
 * the thread do it, folds, and deletes what is too old or too much, a little each time. 0, or the
 * error of the last attempt, told once for each attempt: what was added is kept while there is
 * room, and it goes on by itself.
 */
int wr_store_tick(struct wr_store *s, uint64_t now_ns, struct wr_err *err);

/* The same now and in this thread: when it returns 0, all that was added is in the file. */
int wr_store_commit(struct wr_store *s, uint64_t now_ns, struct wr_err *err);

/* Something that happened and is no error (a damaged file was set aside), told once. False: there
 * was nothing. */
bool wr_store_notice(struct wr_store *s, char *text, size_t size);

struct wr_store_stats {
	uint64_t flows, counts, events; /* written since open */
	uint64_t flows_lost, counts_lost, events_lost;
	uint64_t commits, failed;
	uint64_t used_bytes;	 /* of the file, without free pages; at the last commit */
	uint64_t oldest_ns;	 /* what is oldest in it, then; 0 = it is empty, or not known yet */
	uint64_t flows_there;	 /* flows in it, then */
	uint64_t commit_ns;	 /* the last commit took */
	uint64_t commit_most_ns; /* the slowest */
	uint64_t failing_since_ns; /* 0 = it works */
};

struct wr_store_stats wr_store_stats(struct wr_store *s);

/* Writes what is left and ends. NULL is fine; sets NULL. 0 or the error of the last commit. */
int wr_store_close(struct wr_store **s, struct wr_err *err);

#endif
