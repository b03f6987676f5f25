/* store/sqlite/sq.c - one connection: opening, statements, errors,
 * transactions. */

#include "store/sqlite/sq.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/sqlite/sq_batch.h"

#define RETRY_MS      1000
#define RETRY_LOCK_MS 200

static const char *const sql[] = {
#define Q(name, text) text,
#include "store/sqlite/sq_query.h"
#undef Q
};

/* Small caches: each connection has its own, and the kernel keeps the pages for
 * all. The busy timeout stays under our own lock: the file lock of a holder
 * that was killed lingers for a moment. No checkpoint on close: that one would
 * run without our lock, beside another process's writer. */
static int
configure(struct sq *s, struct err *err)
{
	int rc;

	sqlite3_extended_result_codes(s->h, 1);
	sqlite3_busy_timeout(s->h, 2000);
	sqlite3_db_config(s->h, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	rc = sqlite3_exec(s->h,
	    "PRAGMA journal_mode=WAL;"
	    "PRAGMA synchronous=FULL;"
	    "PRAGMA wal_autocheckpoint=0;"
	    "PRAGMA journal_size_limit=67108864;"
	    "PRAGMA secure_delete=ON;"
	    "PRAGMA temp_store=MEMORY;"
	    "PRAGMA cache_size=-512;",
	    NULL, NULL, NULL);
	/* every worker has several that only read */
	if (rc == SQLITE_OK && !s->writer)
		rc = sqlite3_exec(
		    s->h, "PRAGMA cache_size=-128;", NULL, NULL, NULL);
	return rc == SQLITE_OK ? 0 : sq_error(s, rc, err);
}

/* After each commit: how long the WAL is. */
static int
note_wal(void *arg, sqlite3 *h, const char *name, int frames)
{
	struct sq *s = arg;

	s->wal_frames = frames;
	return SQLITE_OK;
}

struct sq *
sq_open(const struct store_conf *conf, bool writer, struct err *err)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
	struct sq *s;
	int rc;

	/* Draws new random numbers, those of before the fork are shared. */
	sqlite3_randomness(0, NULL);
	MEM_NEW(s);
	s->writer = writer;
	s->lock = conf->write_lock;
	s->checkpoint_at = 0;
	rc = sqlite3_open_v2(
	    conf->path, &s->h, flags, writer ? sq_wal_vfs() : NULL);
	if (rc != SQLITE_OK) {
		sq_error(s, rc, err);
		goto fail;
	}
	if (configure(s, err) == -1)
		goto fail;
	rc = sq_add_functions(s->h);
	if (rc != SQLITE_OK) {
		sq_error(s, rc, err);
		goto fail;
	}
	if (writer) {
		s->batch = sq_batch_new();
		sqlite3_wal_hook(s->h, note_wal, s);
	}
	return s;
fail:
	sq_close(s);
	return NULL;
}

void
sq_close(struct sq *s)
{
	if (s->unsettled_ms > 0)
		sq_checkpoint(s);
	for (int i = 0; i < Q_COUNT; i++)
		sqlite3_finalize(s->stmt[i]);
	sqlite3_close(s->h);
	sq_batch_free(&s->batch);
	free(s);
}

bool
sq_is_failure(const struct err *err)
{
	return err->code == ERR_BUSY || err->code == ERR_INTERNAL;
}

static bool
may_pass(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_FULL:
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
	case SQLITE_PROTOCOL:
	case SQLITE_INTERRUPT:
		return true;
	}
	return false;
}

int
sq_error(struct sq *s, int rc, struct err *err)
{
	const char *what = s->h != NULL ? sqlite3_errmsg(s->h) : "";

	if ((rc & 0xff) == SQLITE_NOMEM)
		log_fatal("sqlite: out of memory");
	if (!may_pass(rc)) {
		log_error("database error", "code=%d error=\"%s\"", rc, what);
		return err_set(err, ERR_INTERNAL,
		    "The store made an error; the log has more.");
	}
	if (s->db.ok)
		log_warn("database error", "code=%d error=\"%s\" errno=%d", rc,
		    what, s->h != NULL ? sqlite3_system_errno(s->h) : 0);
	s->db.ok = false;
	err_set(err, ERR_BUSY, "The store cannot be reached; try again.");
	if (err != NULL)
		err->retry_ms =
		    (rc & 0xff) == SQLITE_BUSY ? RETRY_LOCK_MS : RETRY_MS;
	return -1;
}

static int
bind_one(sqlite3_stmt *stmt, int i, char form, va_list *ap)
{
	const char *text;

	switch (form) {
	case 'u':
		return sqlite3_bind_int64(
		    stmt, i, (sqlite3_int64)va_arg(*ap, uint64_t));
	case 'i':
		return sqlite3_bind_int(stmt, i, va_arg(*ap, int));
	case 'b':
		return sqlite3_bind_blob(stmt, i,
		    va_arg(*ap, const struct id *), sizeof(struct id),
		    SQLITE_STATIC);
	case 'c':
		return sqlite3_bind_blob(stmt, i,
		    va_arg(*ap, const struct cid *), sizeof(struct cid),
		    SQLITE_STATIC);
	case 'h':
		return sqlite3_bind_blob(stmt, i, va_arg(*ap, const uint8_t *),
		    TOKEN_HASH, SQLITE_STATIC);
	case 's':
		return sqlite3_bind_text(
		    stmt, i, va_arg(*ap, const char *), -1, SQLITE_STATIC);
	case 't':
		text = va_arg(*ap, const char *);
		return sqlite3_bind_text(
		    stmt, i, text, (int)va_arg(*ap, size_t), SQLITE_STATIC);
	}
	return SQLITE_MISUSE;
}

static sqlite3_stmt *
query_va(struct sq *s, enum sq_query q, struct err *err, const char *form,
    va_list *ap)
{
	int rc = SQLITE_OK;

	if (s->stmt[q] == NULL)
		rc = sqlite3_prepare_v3(s->h, sql[q], -1,
		    SQLITE_PREPARE_PERSISTENT, &s->stmt[q], NULL);
	for (int i = 0; rc == SQLITE_OK && form[i] != '\0'; i++)
		rc = bind_one(s->stmt[q], i + 1, form[i], ap);
	if (rc == SQLITE_OK)
		return s->stmt[q];
	sq_error(s, rc, err);
	return NULL;
}

sqlite3_stmt *
sq_query(struct sq *s, enum sq_query q, struct err *err, const char *form, ...)
{
	sqlite3_stmt *stmt;
	va_list ap;

	va_start(ap, form);
	stmt = query_va(s, q, err, form, &ap);
	va_end(ap);
	return stmt;
}

int
sq_step(struct sq *s, sqlite3_stmt *stmt, struct err *err)
{
	int rc = sqlite3_step(stmt);

	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return sq_error(s, rc, err);
	if (!s->writer)
		s->db.ok = true;
	return rc == SQLITE_ROW;
}

void
sq_done(sqlite3_stmt *stmt)
{
	sqlite3_reset(stmt);
}

int
sq_run(struct sq *s, enum sq_query q, struct err *err, const char *form, ...)
{
	sqlite3_stmt *stmt;
	va_list ap;
	int rc;

	va_start(ap, form);
	stmt = query_va(s, q, err, form, &ap);
	va_end(ap);
	if (stmt == NULL)
		return -1;
	do
		rc = sq_step(s, stmt, err);
	while (rc == 1);
	sq_done(stmt);
	return rc == -1 ? -1 : sqlite3_changes(s->h);
}

int
sq_begin(struct sq *s, struct err *err)
{
	if (s->lock != NULL && shlock_lock(s->lock))
		log_warn("writer died", "lock=store_write");
	sq_wal_forget(s->h);
	if (sq_run(s, Q_BEGIN_WRITE, err, "") != -1)
		return 0;
	if (s->lock != NULL)
		shlock_unlock(s->lock);
	return -1;
}

void
sq_rollback(struct sq *s)
{
	/* Some errors (disk full …) have rolled back already. */
	if (!sqlite3_get_autocommit(s->h))
		sq_run(s, Q_ROLLBACK, NULL, "");
	sq_wal_forget(s->h);
	if (s->lock != NULL)
		shlock_unlock(s->lock);
}

int
sq_commit(struct sq *s, struct err *err)
{
	if (sq_run(s, Q_COMMIT, err, "") == -1) {
		sq_rollback(s);
		return -1;
	}
	s->db.ok = true;
	s->unsettled_ms = clock_mono_ms();
	sq_checkpoint_if_large(s);
	if (s->lock != NULL)
		shlock_unlock(s->lock);
	return 0;
}

int
sq_snapshot(struct sq *s, struct err *err)
{
	if (s->reading == 0) {
		if (!sqlite3_get_autocommit(s->h))
			return 0;
		if (sq_run(s, Q_BEGIN_READ, err, "") == -1)
			return -1;
	}
	s->reading++;
	return 0;
}

void
sq_snapshot_end(struct sq *s)
{
	if (s->reading == 0 || --s->reading > 0)
		return;
	if (!sqlite3_get_autocommit(s->h))
		sq_run(s, Q_COMMIT, NULL, "");
}
