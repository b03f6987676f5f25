/* store/sqlite/sq_wal.c - the WAL file as the writer sees it. SQLite writes
 * each page of a commit in two pieces, one behind the other; here they are
 * gathered and written at once.
 *
 * What is gathered is on its way before anybody can know of it: SQLite syncs
 * the WAL (synchronous=FULL) before it tells of a commit in the shared index,
 * and other connections read only what stands there. The writer itself may read
 * back what it wrote before the commit; that is written out first. If writing
 * fails then, every further write and sync fails too, until the transaction is
 * over (sq_wal_forget): a commit that lacks a page must not succeed. */

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "store/sqlite/sq.h"

#define GATHERED_MAX (64 * 1024)

struct wal {
	sqlite3_file base;
	sqlite3_int64 at; /* where data belongs */
	int len, cap;
	int failed; /* what was gathered is lost: SQLite's code */
	char *data;
	sqlite3_file real[]; /* the system's, behind */
};

static sqlite3_vfs *system_vfs;
static sqlite3_vfs wal_vfs;
static pthread_once_t once = PTHREAD_ONCE_INIT;

#define REAL(w)              ((w)->real->pMethods)
#define REAL_CALL(w, m, ...) (REAL(w)->m((w)->real, ##__VA_ARGS__))

static int
flush(struct wal *w)
{
	int len = w->len;

	w->len = 0;
	if (w->failed == SQLITE_OK && len > 0)
		w->failed = REAL_CALL(w, xWrite, w->data, len, w->at);
	return w->failed;
}

static int
wal_close(sqlite3_file *file)
{
	struct wal *w = (struct wal *)file;

	flush(w);
	free(w->data);
	return REAL_CALL(w, xClose);
}

static int
wal_read(sqlite3_file *file, void *p, int n, sqlite3_int64 at)
{
	struct wal *w = (struct wal *)file;

	if (w->len > 0 && at < w->at + w->len && w->at < at + n &&
	    flush(w) != SQLITE_OK)
		return SQLITE_IOERR_READ;
	return REAL_CALL(w, xRead, p, n, at);
}

static void
make_room(struct wal *w, int n)
{
	int cap = w->cap > 0 ? w->cap : 8192;

	while (cap < w->len + n)
		cap *= 2;
	if (cap > w->cap)
		w->data = mem_realloc(w->data, (size_t)cap);
	w->cap = cap;
}

static int
wal_write(sqlite3_file *file, const void *p, int n, sqlite3_int64 at)
{
	struct wal *w = (struct wal *)file;

	if (w->len > 0 && (at != w->at + w->len || w->len + n > GATHERED_MAX))
		flush(w);
	if (w->failed != SQLITE_OK)
		return w->failed;
	if (n > GATHERED_MAX)
		return w->failed = REAL_CALL(w, xWrite, p, n, at);
	make_room(w, n);
	if (w->len == 0)
		w->at = at;
	memcpy(w->data + w->len, p, (size_t)n);
	w->len += n;
	return SQLITE_OK;
}

static int
wal_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	struct wal *w = (struct wal *)file;

	return flush(w) != SQLITE_OK ? w->failed
				     : REAL_CALL(w, xTruncate, size);
}

static int
wal_sync(sqlite3_file *file, int flags)
{
	struct wal *w = (struct wal *)file;

	return flush(w) != SQLITE_OK ? w->failed : REAL_CALL(w, xSync, flags);
}

static int
wal_size(sqlite3_file *file, sqlite3_int64 *size_r)
{
	struct wal *w = (struct wal *)file;

	return flush(w) != SQLITE_OK ? w->failed
				     : REAL_CALL(w, xFileSize, size_r);
}

static int
wal_lock(sqlite3_file *file, int level)
{
	return REAL_CALL((struct wal *)file, xLock, level);
}

static int
wal_unlock(sqlite3_file *file, int level)
{
	return REAL_CALL((struct wal *)file, xUnlock, level);
}

static int
wal_reserved(sqlite3_file *file, int *yes_r)
{
	return REAL_CALL((struct wal *)file, xCheckReservedLock, yes_r);
}

static int
wal_control(sqlite3_file *file, int op, void *arg)
{
	return REAL_CALL((struct wal *)file, xFileControl, op, arg);
}

static int
wal_sector(sqlite3_file *file)
{
	return REAL_CALL((struct wal *)file, xSectorSize);
}

static int
wal_device(sqlite3_file *file)
{
	return REAL_CALL((struct wal *)file, xDeviceCharacteristics);
}

static const sqlite3_io_methods methods = {
	.iVersion = 1,
	.xClose = wal_close,
	.xRead = wal_read,
	.xWrite = wal_write,
	.xTruncate = wal_truncate,
	.xSync = wal_sync,
	.xFileSize = wal_size,
	.xLock = wal_lock,
	.xUnlock = wal_unlock,
	.xCheckReservedLock = wal_reserved,
	.xFileControl = wal_control,
	.xSectorSize = wal_sector,
	.xDeviceCharacteristics = wal_device,
};

/* Other files than the WAL are the system's own. */
static int
wal_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags,
    int *flags_r)
{
	struct wal *w = (struct wal *)file;
	int rc;

	if (!(flags & SQLITE_OPEN_WAL))
		return system_vfs->xOpen(
		    system_vfs, name, file, flags, flags_r);
	memset(w, 0, sizeof(*w));
	rc = system_vfs->xOpen(system_vfs, name, w->real, flags, flags_r);
	if (rc == SQLITE_OK)
		w->base.pMethods = &methods;
	return rc;
}

static void
add_vfs(void)
{
	system_vfs = sqlite3_vfs_find(NULL);
	wal_vfs = *system_vfs;
	wal_vfs.zName = "burung";
	wal_vfs.szOsFile += (int)sizeof(struct wal);
	wal_vfs.xOpen = wal_open;
	wal_vfs.pNext = NULL;
	if (sqlite3_vfs_register(&wal_vfs, 0) != SQLITE_OK)
		log_fatal("sqlite takes no file system of ours");
}

const char *
sq_wal_vfs(void)
{
	pthread_once(&once, add_vfs);
	return wal_vfs.zName;
}

void
sq_wal_forget(sqlite3 *h)
{
	sqlite3_file *file = NULL;
	struct wal *w;

	sqlite3_file_control(h, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file);
	if (file == NULL || file->pMethods != &methods)
		return;
	w = (struct wal *)file;
	w->len = 0;
	w->failed = SQLITE_OK;
}
