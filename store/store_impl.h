/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_STORE_STORE_IMPL_H
#define WR_STORE_STORE_IMPL_H

#include <limits.h>
#include <pthread.h>
#include <sqlite3.h>
#include <sys/types.h>

#include "base/buf.h"
#include "store/block.h"
#include "store/store.h"

/* What the files of the writing side share. Not for other folders. */

/* ---- what was added and is not written ---- */

struct wr_batch_count {
	uint64_t t_s;
	enum wr_store_kind kind;
	char key[WR_STORE_KEY_MAX];
	struct wr_store_counts n;
};

enum { WR_BATCH_EVENTS = 64 };

struct wr_batch {
	struct wr_store_flow *flow;
	struct wr_batch_count *count;
	struct wr_store_incident *incident;
	struct wr_store_rule *rule;
	uint32_t flows, counts, incidents, rules;
};

/* ---- statements ---- */

/* The series of all traffic. */
#define WR_SQL_TOTAL "(SELECT id FROM series WHERE kind='total' AND key='')"

/* X(SYMBOL, SQL): store/write.c, fold.c and retain.c say what they are for. */
#define WR_STORE_SQL_TABLE(X)                                                                      \
	X(SERIES_FIND, "SELECT id FROM series WHERE kind=?1 AND key=?2")                           \
	X(SERIES_ADD, "INSERT INTO series(kind, key, seen) VALUES(?1, ?2, ?3)")                    \
	X(SERIES_NEXT, "SELECT id FROM series WHERE id > ?1 ORDER BY id LIMIT 1")                  \
	X(SERIES_DROP, "DELETE FROM series WHERE id=?1")                                           \
	X(SERIES_DROP_EMPTY, "DELETE FROM series WHERE id=?1 AND seen < ?2 AND"                    \
			     " NOT EXISTS(SELECT 1 FROM rollup_row WHERE series=?1) AND"           \
			     " id NOT IN (SELECT series FROM recent)")                             \
	X(SERIES_QUIET, "SELECT id, kind FROM series WHERE key <> '" WR_STORE_OTHER "' AND"        \
			" id NOT IN (SELECT series FROM recent) ORDER BY seen LIMIT ?1")           \
	X(SERIES_SEEN, "UPDATE series SET seen=max(seen, ?1) WHERE id IN"                          \
		       " (SELECT series FROM recent WHERE t < ?1 AND series % ?2 = ?3)")           \
	X(RECENT_ADD, "INSERT INTO recent(t, series, " WR_SQL_NAMES ") VALUES(?, ?, " WR_SQL_MARKS \
		      ") ON CONFLICT DO UPDATE SET " WR_SQL_ADDS)                                  \
	X(FOLD_SECONDS, "INSERT INTO rollup_row(series, res, t, " WR_SQL_NAMES                     \
			") SELECT series, 1, t, " WR_SQL_NAMES                                     \
			" FROM recent WHERE t < ?1 AND series % ?2 = ?3 ORDER BY series, t"        \
			" ON CONFLICT DO UPDATE SET " WR_SQL_ADDS)                                 \
	X(FOLD_PERIODS,                                                                            \
	  "INSERT INTO rollup_row(series, res, t, " WR_SQL_NAMES                                   \
	  ") SELECT series, ?4, t - t % ?4, " WR_SQL_SUMS                                          \
	  " FROM recent WHERE t < ?1 AND series % ?2 = ?3 GROUP BY series, t - t % ?4"             \
	  " ON CONFLICT DO UPDATE SET " WR_SQL_ADDS)                                               \
	X(FOLD_DROP, "DELETE FROM recent WHERE t < ?1 AND series % ?2 = ?3")                       \
	X(ROLLUP_POUR, "INSERT INTO rollup_row(series, res, t, " WR_SQL_NAMES                      \
		       ") SELECT ?2, res, t, " WR_SQL_NAMES " FROM rollup_row WHERE series=?1"     \
		       " ON CONFLICT DO UPDATE SET " WR_SQL_ADDS)                                  \
	X(ROLLUP_DROP, "DELETE FROM rollup_row WHERE series=?1")                                   \
	X(ROLLUP_OLD, "DELETE FROM rollup_row WHERE series=?1 AND res=?2 AND t < ?3")              \
	X(BLOCK_ADD, "INSERT INTO flow_block(id, level, first_ns, last_ns, rows, bytes)"           \
		     " VALUES(?, ?, ?, ?, ?, ?)")                                                  \
	X(DATA_ADD, "INSERT INTO flow_data(id, bloom, data) VALUES(?, ?, ?)")                      \
	X(BLOCK_SMALL, "SELECT d.id, d.data FROM flow_data d JOIN flow_block b ON b.id = d.id"     \
		       " WHERE d.id >= ?1 ORDER BY d.id")                                          \
	X(BLOCK_DROP, "DELETE FROM flow_block WHERE id >= ?1")                                     \
	X(DATA_DROP, "DELETE FROM flow_data WHERE id >= ?1")                                       \
	X(BLOCK_OLDEST, "SELECT id, last_ns, bytes FROM flow_block ORDER BY id LIMIT 1")           \
	X(BLOCK_DROP_ONE, "DELETE FROM flow_block WHERE id=?1")                                    \
	X(DATA_DROP_ONE, "DELETE FROM flow_data WHERE id=?1")                                      \
	X(BLOCK_FIRST, "SELECT id, first_ns FROM flow_block ORDER BY id LIMIT 1")                  \
	X(OLDEST, "SELECT min(t) FROM (SELECT min(t) AS t FROM recent UNION ALL"                   \
		  " SELECT min(t) FROM rollup_row WHERE series=" WR_SQL_TOTAL " AND res=1"         \
		  " UNION ALL"                                                                     \
		  " SELECT min(t) FROM rollup_row WHERE series=" WR_SQL_TOTAL " AND res=60"        \
		  " UNION ALL"                                                                     \
		  " SELECT min(t) FROM rollup_row WHERE series=" WR_SQL_TOTAL " AND res=3600)")    \
	X(INCIDENT_PUT,                                                                            \
	  "INSERT OR REPLACE INTO incident(id, start_ns, end_ns, class, severity, target, text,"   \
	  " evidence) VALUES(?, ?, ?, ?, ?, ?, ?, ?)")                                             \
	X(RULE_PUT,                                                                                \
	  "INSERT OR REPLACE INTO rule(id, at_ns, expires_ns, incident, action, state, text)"      \
	  " VALUES(?, ?, ?, ?, ?, ?, ?)")                                                          \
	X(INCIDENT_OLD, "DELETE FROM incident WHERE start_ns < ?1 AND end_ns < ?1")                \
	X(RULE_OLD,                                                                                \
	  "DELETE FROM rule WHERE at_ns < ?1 AND (expires_ns < ?1 OR state <> 'active')")          \
	X(VACUUM, "PRAGMA incremental_vacuum(256)")

enum wr_store_sql {
#define X(sym, sql) WR_SQL_##sym,
	WR_STORE_SQL_TABLE(X)
#undef X
		WR_SQL_COUNT
};

/* ---- the store ---- */

/* Series by kind and key: what was looked up last in each slot. */
enum { WR_SERIES_SLOTS = 8192 };

struct wr_series_slot {
	int64_t id; /* 0 = empty */
	enum wr_store_kind kind;
	char key[WR_STORE_KEY_MAX];
};

/* Small blocks at the end of flow_block, to be merged. */
enum { WR_RUN_LEVELS = 3, WR_RUN_BLOCKS = 16, WR_RUN_ROWS = 4096 };

struct wr_run {
	int64_t first; /* id of the first block */
	uint32_t blocks, rows;
};

/* Rows of one resolution that are too old are deleted series by series. */
struct wr_sweep {
	int64_t res, before_s;
	int64_t series; /* the last one that was done */
	bool active;
};

enum { WR_RES_COUNT = 3 };

enum { WR_STORE_PAGE = 4096 };

struct wr_store {
	char path[PATH_MAX];
	struct wr_store_conf conf;
	struct wr_batch batch[2], *fill, *write;
	struct wr_store_conf limits;		   /* wr_store_limits(): for the next commit */
	bool limited;				   /* they are new */
	_Atomic uint64_t next_incident, next_rule; /* 0 = not known */

	/* the file; all below belongs to whoever writes: the thread while `busy`, else the caller
	 */
	int lock_fd;
	dev_t dev;
	ino_t ino;
	sqlite3 *db; /* NULL: not open, to be tried again */
	sqlite3_stmt *sql[WR_SQL_COUNT];
	struct wr_series_slot *slot; /* WR_SERIES_SLOTS */
	int64_t series_n;
	int64_t minute_of_fold; /* seconds before it are folded, or being so */
	bool settled;		/* the database has been told our settings */
	int64_t fold_slices, fold_slice;
	struct wr_sweep sweep;
	int64_t swept_s[WR_RES_COUNT]; /* nothing is older; 0 = not known */
	int64_t flow_bytes;
	uint64_t used_bytes;
	int64_t next_row;
	struct wr_run run[WR_RUN_LEVELS];
	struct wr_block block;
	struct wr_store_flow *merge; /* WR_RUN_ROWS * 2 */
	struct wr_buf data, bloom;

	/* between caller and thread */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool has_thread, busy, quit;
	uint64_t now_ns; /* of the tick that is being done */
	uint64_t last_tick_s;
	struct wr_err err; /* of the thread's last attempt; code 0 = none, or told */
	char notice[512];
	struct wr_store_stats stats;
};

/* The write-ahead log is copied back to the file when it has so many pages. */
static inline int64_t wr_store_log_pages(const struct wr_store *s)
{
	int64_t part = (int64_t)(s->conf.max_bytes / WR_STORE_PAGE / 16);

	return part < 1000 ? part : 1000;
}

/* file.c: from a name to an open database with its state, and back. 0 or -errno; on failure
 * everything is closed. */
int wr_store_attach(struct wr_store *s, struct wr_err *err);
void wr_store_detach(struct wr_store *s);
int wr_store_settle(struct wr_store *s); /* settings that follow from conf; an SQLite result */
/* Renames the damaged file and what belongs to it; why = what was found. */
int wr_store_set_aside(struct wr_store *s, const char *why, struct wr_err *err);
/* The file at the path is not the one that is open any more. */
bool wr_store_was_moved(const struct wr_store *s);

/* All of the following return an SQLite result and run within a transaction. */

/* write.c: the batch to the tables; load: state from the tables. */
int wr_store_write(struct wr_store *s, const struct wr_batch *b);
int wr_store_load(struct wr_store *s);

/* flows.c */
int wr_store_write_flows(struct wr_store *s, const struct wr_store_flow *rows, uint32_t n);
int wr_store_load_flows(struct wr_store *s);

/* series.c: the id of a key; a new one is made, and room for it. */
int wr_store_series(struct wr_store *s, enum wr_store_kind kind, const char *key, uint64_t t_s,
		    int64_t *id);
void wr_store_forget_series(struct wr_store *s); /* the cache */

/* fold.c: a slice of what is to be folded. */
int wr_store_fold(struct wr_store *s, int64_t now_s);

/* retain.c: a little of what is to be deleted. Take stock: what is there. */
int wr_store_retain(struct wr_store *s, int64_t now_s);
int wr_store_take_stock(struct wr_store *s);

/* work.c: writes s->write, then folds and retains. 0 or -errno. */
int wr_store_work(struct wr_store *s, struct wr_err *err);

#endif
