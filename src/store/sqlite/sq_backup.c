/* store/sqlite/sq_backup.c - copies of the whole file: made while others write,
 * checked, and put in its place. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/sqlite/sq.h"

#define PAGES_A_STEP 1024

/* The file or folder reaches the disk. */
static int
sync_path(const char *path, int flags, struct err *err)
{
	int fd = open(path, flags | O_CLOEXEC);
	int rc;

	if (fd == -1)
		return err_sys(err, "%.120s", path);
	rc = fsync(fd);
	if (rc == -1)
		err_sys(err, "%.120s", path);
	close(fd);
	return rc;
}

static int
sync_folder_of(const char *path, struct err *err)
{
	char folder[PATH_MAX];
	char *slash;

	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (slash == NULL)
		return sync_path(".", O_RDONLY | O_DIRECTORY, err);
	slash[slash == folder] = '\0';
	return sync_path(folder, O_RDONLY | O_DIRECTORY, err);
}

static int
create_new(const char *path, struct err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd == -1)
		return err_sys(err, "%.120s", path);
	close(fd);
	return 0;
}

static void
tell_progress(const struct db *db, sqlite3_backup *b)
{
	uint64_t total = (uint64_t)sqlite3_backup_pagecount(b);

	if (db->progress != NULL)
		db->progress(total - (uint64_t)sqlite3_backup_remaining(b),
		    total, db->progress_arg);
}

/* The source's snapshot is held meanwhile, so nobody's writing starts the copy
 * anew. */
static int
copy_pages(struct sq *s, sqlite3 *to, struct err *err)
{
	sqlite3_backup *b = sqlite3_backup_init(to, "main", s->h, "main");
	int rc = SQLITE_OK;

	if (b == NULL)
		return sq_error(s, sqlite3_errcode(to), err);
	while (rc == SQLITE_OK || rc == SQLITE_BUSY) {
		rc = sqlite3_backup_step(b, PAGES_A_STEP);
		tell_progress(&s->db, b);
	}
	sqlite3_backup_finish(b);
	if (rc == SQLITE_DONE)
		return 0;
	return err_set(
	    err, ERR_BUSY, "The copy failed: %s.", sqlite3_errstr(rc));
}

static int
copy(struct sq *s, const char *path, struct err *err)
{
	sqlite3 *to = NULL;
	int rc = sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_exec(to,
		    "PRAGMA journal_mode=OFF;PRAGMA synchronous=OFF", NULL,
		    NULL, NULL);
	rc = rc == SQLITE_OK ? copy_pages(s, to, err)
			     : err_set(err, ERR_BUSY, "%.120s: %s", path,
				   sqlite3_errstr(rc));
	sqlite3_close(to);
	return rc;
}

int
sq_backup(struct db *db, const char *path, struct err *err)
{
	struct sq *s = (struct sq *)db;
	uint64_t n;
	int rc;

	if (create_new(path, err) == -1)
		return -1;
	rc = sq_snapshot(s, err);
	if (rc == 0) {
		/* BEGIN alone holds nothing: the first read does. */
		rc = sq_user_count(db, 1, &n, err);
		if (rc == 0)
			rc = copy(s, path, err);
		sq_snapshot_end(s);
	}
	if (rc == 0)
		rc = sync_path(path, O_RDONLY, err);
	if (rc == 0)
		rc = sync_folder_of(path, err);
	if (rc == -1)
		unlink(path);
	return rc;
}

int
sq_integrity(struct db *db, struct err *err)
{
	struct sq *s = (struct sq *)db;
	sqlite3_stmt *stmt = NULL;
	char text[200] = "";
	int rc = sqlite3_prepare_v2(
	    s->h, "PRAGMA integrity_check(1)", -1, &stmt, NULL);

	if (rc == SQLITE_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW)
		sq_get_text(stmt, 0, text, sizeof(text));
	sqlite3_finalize(stmt);
	if (rc != SQLITE_ROW)
		return err_set(
		    err, ERR_INTERNAL, "damaged: %s", sqlite3_errstr(rc));
	if (strcmp(text, "ok") == 0)
		return 0;
	return err_set(err, ERR_INTERNAL, "damaged: %s", text);
}

/* What stands in the write-ahead log goes into the file, so that the file alone
 * is all there is. */
static int
settle(const char *path)
{
	sqlite3 *h = NULL;
	int left = 1;
	int rc = sqlite3_open_v2(path, &h, SQLITE_OPEN_READWRITE, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_wal_checkpoint_v2(
		    h, NULL, SQLITE_CHECKPOINT_TRUNCATE, &left, NULL);
	sqlite3_close(h);
	return rc == SQLITE_OK && left <= 0 ? 0 : -1;
}

/* A damaged one cannot be settled: its log is kept beside it. */
static int
keep_old(const char *path, const char *old, struct err *err)
{
	char wal[PATH_MAX + 4], old_wal[PATH_MAX + 8];

	if (access(path, F_OK) == -1)
		return 0;
	snprintf(wal, sizeof(wal), "%s-wal", path);
	snprintf(old_wal, sizeof(old_wal), "%s-wal", old);
	unlink(old);
	unlink(old_wal);
	if (settle(path) == -1 && link(wal, old_wal) == -1 && errno != ENOENT)
		return err_sys(err, "%.100s", old_wal);
	if (link(path, old) == -1)
		return err_sys(err, "%.100s", old);
	return 0;
}

int
sq_swap(const struct store_conf *conf, const char *new_path, struct err *err)
{
	char old[PATH_MAX], side[PATH_MAX + 4];

	if (snprintf(old, sizeof(old), "%s.old", conf->path) >=
	    (int)sizeof(old))
		return err_set(err, ERR_CONF, "the path is too long");
	if (settle(new_path) == -1)
		return err_set(
		    err, ERR_BUSY, "%.120s cannot be written", new_path);
	if (sync_path(new_path, O_RDONLY, err) == -1 ||
	    keep_old(conf->path, old, err) == -1)
		return -1;
	snprintf(side, sizeof(side), "%s-wal", conf->path);
	unlink(side);
	snprintf(side, sizeof(side), "%s-shm", conf->path);
	unlink(side);
	if (rename(new_path, conf->path) == -1)
		return err_sys(err, "%.120s", conf->path);
	return sync_folder_of(conf->path, err);
}
