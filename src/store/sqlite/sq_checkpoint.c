/* store/sqlite/sq_checkpoint.c - moving what was committed from the WAL into
 * the database, and finding out whether the disk works again.
 *
 * Always under the lock that every writer takes: SQLite before 3.51.3 can
 * corrupt the file when one process writes while another checkpoints. */

#include "base/clock.h"
#include "base/log.h"
#include "store/sqlite/sq.h"

#define WAL_FRAMES 4096 /* 16 MiB: pages written again and again go once */
#define QUIET_MS   2000

/* PASSIVE waits for nobody: what a reader still needs is done next time. */
static void
checkpoint(struct sq *s)
{
	int all = 0, moved = 0;
	int rc = sqlite3_wal_checkpoint_v2(
	    s->h, NULL, SQLITE_CHECKPOINT_PASSIVE, &all, &moved);

	if (rc != SQLITE_OK) {
		log_warn("checkpoint failed", "code=%d error=\"%s\"", rc,
		    sqlite3_errmsg(s->h));
		all = s->wal_frames;
	}
	/* If a reader keeps the WAL from starting over, go on in steps. */
	s->checkpoint_at = all + WAL_FRAMES;
	s->unsettled_ms = 0;
}

void
sq_checkpoint_if_large(struct sq *s)
{
	if (s->wal_frames < s->checkpoint_at - WAL_FRAMES)
		s->checkpoint_at = WAL_FRAMES; /* it started over */
	if (s->checkpoint_at == 0)
		s->checkpoint_at = WAL_FRAMES;
	if (s->wal_frames >= s->checkpoint_at)
		checkpoint(s);
}

void
sq_checkpoint(struct sq *s)
{
	if (s->lock != NULL)
		shlock_lock(s->lock);
	checkpoint(s);
	if (s->lock != NULL)
		shlock_unlock(s->lock);
}

static void
probe(struct sq *s)
{
	if (!s->writer) {
		sq_run(s, Q_PROBE_READ, NULL, "");
		return;
	}
	/* On a full disk this may let the WAL start over where it is. */
	sq_checkpoint(s);
	if (sq_begin(s, NULL) == -1)
		return;
	if (sq_run(s, Q_PROBE_WRITE, NULL, "u", clock_wall_ms()) == -1)
		sq_rollback(s);
	else
		sq_commit(s, NULL);
}

bool
sq_idle(struct db *db)
{
	struct sq *s = (struct sq *)db;

	if (!db->ok)
		probe(s);
	else if (s->unsettled_ms > 0 &&
		 clock_mono_ms() - s->unsettled_ms >= QUIET_MS)
		sq_checkpoint(s);
	if (!db->ok || s->unsettled_ms > 0)
		return true;
	/* Nobody has asked for a while: read again, the pages come from the
	 * kernel's cache. */
	sqlite3_db_release_memory(s->h);
	return false;
}
