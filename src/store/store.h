/* store/store.h - everything that must last. A worker opens one store; its
 * calls block, so they run on the store's threads, and answers come back on
 * the loop. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/histo.h"
#include "base/shlock.h"
#include "net/loop.h"

struct store; /* the worker's: a writer thread, reader threads, their queues */
struct db; /* what a store thread works with; only valid in a store_work_cb */

/* How long the database takes; may be in shared memory. */
struct store_stats {
	struct histo commit; /* one batch of appends, to the disk */
	struct histo read;   /* one store_work_cb of a reader */
};

struct store_conf {
	const char *driver;        /* "sqlite", "fail", "mongodb://…" */
	const char *path;          /* sqlite: the database file */
	struct shlock *write_lock; /* shared by all processes that write */
	unsigned readers;          /* reader threads; 0: 1 */
	struct store_stats *stats; /* NULL: not counted */
};

/* On a store thread: straight-line, blocking. Never touches the loop. */
typedef void store_work_cb(struct db *db, void *arg);
/* On the loop, after the work. */
typedef void store_done_cb(void *arg);

/* Loads the module of a driver, if it is one, before the fork, so that all
 * processes share it. 0, or -1 with *err. */
int store_load(const char *driver, struct err *err);

/* Creates the file and its schema where missing, migrates, checks
 * (quick_check). Blocking; for the master, before the fork: nothing stays
 * open. 0, or -1 with *err which says what to do (BUSY: a server that cannot be
 * reached now; it is prepared when it can). */
int store_prepare(const struct store_conf *conf, struct err *err);

/* Opens and starts the threads; after the fork. NULL with *err. */
struct store *store_open(
    const struct store_conf *conf, struct loop *loop, struct err *err);

/* One connection without threads or a loop, for a program that has the store to
 * itself: every db_ call may be made with it. NULL with *err. */
struct db *store_open_alone(const struct store_conf *conf, struct err *err);
void store_close_alone(struct db **db);

/* How far something long has come: done of total, of whatever is counted. */
typedef void store_progress_cb(uint64_t done, uint64_t total, void *arg);

/* On a store thread. A copy of the whole store as it is now, into a new file at
 * path (mode 0600, on the disk when it returns 0), while others go on reading
 * and writing. -1: *err, and no file is left. progress: told often, or NULL. */
int db_backup(struct db *db, const char *path, store_progress_cb *progress,
    void *arg, struct err *err);

/* On a store thread: looks at every page and index. 0, or -1: *err says what is
 * damaged. */
int db_integrity(struct db *db, struct err *err);

/* Puts the file new_path (of the same folder, prepared, closed) in the place of
 * the store's, which is kept beside it as PATH.old. Nobody may have the store
 * open. Whatever happens meanwhile, one of the two is in place. 0 or -1. */
int store_swap(
    const struct store_conf *conf, const char *new_path, struct err *err);

/* Finishes what is queued, joins the threads; a store_done_cb that did not run
 * yet is run before it returns. */
void store_close(struct store **st);

/* Runs work on a reader (writer) thread, then done on the loop. The queues are
 * bounded by memory only: callers limit what they have under way. A write's
 * work runs between two batches of appends; it opens its own transaction by the
 * db calls it makes. done may be NULL. */
void store_read(
    struct store *st, store_work_cb *work, store_done_cb *done, void *arg);
void store_write(
    struct store *st, store_work_cb *work, store_done_cb *done, void *arg);

/* Things queued and not yet answered. */
size_t store_pending(const struct store *st);

/* The last call to the database worked; changes are told by
 * store_on_health's callback on the loop. */
bool store_healthy(const struct store *st);
void store_on_health(
    struct store *st, void (*cb)(bool ok, void *arg), void *arg);

#endif
