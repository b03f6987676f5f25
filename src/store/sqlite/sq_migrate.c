/* store/sqlite/sq_migrate.c - before anything is served: is the file whole, is
 * it ours, and has it today's schema? */

#include "store/sqlite/sq_migrate.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "store/sqlite/sq.h"

#define APPLICATION 0x42757275 /* "Buru" in the file's header */

static int
newest(void)
{
	int version = 0;

	for (const struct sq_migration *m = sq_migrations; m->sql != NULL; m++)
		version = m->version;
	return version;
}

/* The one value of a statement as text. SQLite's result code. */
static int
ask(sqlite3 *h, const char *sql, char *out, size_t size)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(h, sql, -1, &stmt, NULL);

	out[0] = '\0';
	if (rc == SQLITE_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW)
		sq_get_text(stmt, 0, out, size);
	sqlite3_finalize(stmt);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int
ask_int(sqlite3 *h, const char *sql, int *v_r)
{
	char text[32];
	int rc = ask(h, sql, text, sizeof(text));

	*v_r = (int)strtol(text, NULL, 10);
	return rc;
}

static int
damaged(const char *path, const char *why, struct err *err)
{
	return err_set(err, ERR_CONF,
	    "%.80s is damaged (%.40s). Put a backup in its place, or save "
	    "what is left: sqlite3 FILE .recover | sqlite3 NEW",
	    path, why);
}

static int
failed(sqlite3 *h, const char *path, int rc, struct err *err)
{
	if ((rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB)
		return damaged(path, sqlite3_errstr(rc), err);
	return err_set(err, ERR_CONF,
	    "%.80s: %.60s. Check the disk, and that the folder is writable",
	    path, sqlite3_errmsg(h));
}

/* A file of somebody else, or of a later version, is not touched. */
static int
check_ours(sqlite3 *h, const char *path, struct err *err)
{
	int application, version, tables;
	int rc = ask_int(h, "PRAGMA application_id", &application);

	if (rc == SQLITE_OK)
		rc = ask_int(h, "PRAGMA user_version", &version);
	if (rc == SQLITE_OK)
		rc = ask_int(h, "SELECT count(*) FROM sqlite_schema", &tables);
	if (rc != SQLITE_OK)
		return failed(h, path, rc, err);
	if (application != APPLICATION && tables > 0)
		return err_set(err, ERR_CONF,
		    "%.100s is the database of another program: set data to "
		    "another folder",
		    path);
	if (version > newest())
		return err_set(err, ERR_CONF,
		    "%.100s has schema %d, this burungd knows up to %d: "
		    "install the newer version again, or restore a backup",
		    path, version, newest());
	return 0;
}

static int
check_whole(sqlite3 *h, const char *path, struct err *err)
{
	char text[120];
	const char *line;
	int rc = ask(h, "PRAGMA quick_check(1)", text, sizeof(text));

	if (rc != SQLITE_OK)
		return failed(h, path, rc, err);
	if (strcmp(text, "ok") == 0)
		return 0;
	/* The first line only names the database. */
	line = strrchr(text, '\n');
	return damaged(path, line != NULL ? line + 1 : text, err);
}

/* One step and its number, together or not at all. */
static int
migrate_one(sqlite3 *h, const struct sq_migration *m)
{
	char *sql = sqlite3_mprintf("BEGIN EXCLUSIVE;%s"
				    "PRAGMA application_id=%d;"
				    "PRAGMA user_version=%d;COMMIT",
	    m->sql, APPLICATION, m->version);
	int rc = SQLITE_NOMEM; /* no text at all would be done at once */

	if (sql != NULL)
		rc = sqlite3_exec(h, sql, NULL, NULL, NULL);
	sqlite3_free(sql);
	if (rc != SQLITE_OK && !sqlite3_get_autocommit(h))
		sqlite3_exec(h, "ROLLBACK", NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		log_info("schema migrated", "version=%d", m->version);
	return rc;
}

static int
migrate(sqlite3 *h, const char *path, struct err *err)
{
	int version, rc = ask_int(h, "PRAGMA user_version", &version);

	if (rc == SQLITE_OK)
		rc = sq_add_functions(h);
	for (const struct sq_migration *m = sq_migrations;
	     rc == SQLITE_OK && m->sql != NULL; m++)
		if (m->version > version)
			rc = migrate_one(h, m);
	return rc == SQLITE_OK ? 0 : failed(h, path, rc, err);
}

static int
use_wal(sqlite3 *h, const char *path, struct err *err)
{
	char mode[16];
	int rc = ask(h, "PRAGMA journal_mode=WAL", mode, sizeof(mode));

	if (rc == SQLITE_OK)
		rc = sqlite3_exec(
		    h, "PRAGMA synchronous=FULL", NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		return failed(h, path, rc, err);
	if (strcmp(mode, "wal") != 0)
		return err_set(err, ERR_CONF,
		    "%.100s: no write-ahead log on this file system; data "
		    "must be on a local disk",
		    path);
	return 0;
}

static int
prepare(sqlite3 *h, const char *path, struct err *err)
{
	sqlite3_busy_timeout(h, 5000);
	if (check_ours(h, path, err) == -1 || check_whole(h, path, err) == -1 ||
	    use_wal(h, path, err) == -1)
		return -1;
	return migrate(h, path, err);
}

/* Conversations are nobody else's business: 0600. */
static int
create_file(const char *path, struct err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd == -1)
		return err_sys(err, "%s", path);
	close(fd);
	return 0;
}

int
sq_prepare(const struct store_conf *conf, struct err *err)
{
	sqlite3 *h = NULL;
	int rc;

	/* Nobody reads SQLite's own statistics, which cost a lock for each
	 * allocation. Refused, harmlessly, when SQLite is in use already. */
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	if (create_file(conf->path, err) == -1)
		return -1;
	if (conf->write_lock != NULL)
		shlock_lock(conf->write_lock);
	rc = sqlite3_open_v2(conf->path, &h, SQLITE_OPEN_READWRITE, NULL);
	rc = rc == SQLITE_OK ? prepare(h, conf->path, err)
			     : failed(h, conf->path, rc, err);
	sqlite3_close(h);
	if (conf->write_lock != NULL)
		shlock_unlock(conf->write_lock);
	return rc;
}
