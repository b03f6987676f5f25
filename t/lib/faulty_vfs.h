/* t/lib/faulty_vfs.h - SQLite's files on a disk that fails when it is told to:
 * the n-th write, sync, truncation … from now on, once or for good. What was
 * written and not synced can be lost, as by a power cut. */
#ifndef T_LIB_FAULTY_VFS_H
#define T_LIB_FAULTY_VFS_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum fault_kind {
	FAULT_NONE,
	FAULT_WRITE, /* nothing is written, EIO */
	FAULT_SHORT, /* half of it is written, EIO */
	FAULT_FULL,  /* half of it is written, ENOSPC */
	FAULT_SYNC,  /* EIO; what was not synced before is still there */
	FAULT_DROP,  /* the same, but the kernel drops what was not synced */
	FAULT_TRUNCATE,
	FAULT_READ,
	FAULT_OPEN,
	FAULT_SHM_MAP,
	FAULT_SHM_LOCK,
	FAULT_KINDS
};

/* n: that many of the kind succeed first. */
struct fault {
	enum fault_kind kind;
	unsigned n;
	bool stays; /* and all further ones, until it is disarmed */
	unsigned hits;
	void (*hit)(void); /* called before the first; or NULL */
};

static struct fault fault;
static unsigned faulty_writes; /* so many were asked for */

static void faulty_begin(void) __attribute__((unused));
static void faulty_power_cut(void) __attribute__((unused));

/* The bytes that a write replaced, newest first, up to the last sync. */
struct undo {
	struct undo *older;
	sqlite3_int64 at, size; /* of the file before */
	int len;
	char old[];
};

struct faulty {
	sqlite3_file base;
	struct undo *undo;
	struct faulty *next;
	sqlite3_file real[]; /* the system's, behind */
};

static sqlite3_vfs *faulty_real;
static struct faulty *faulty_files; /* the open ones */

/* Is this the call that fails? */
static bool
faulty_now(enum fault_kind kind)
{
	if (fault.kind != kind)
		return false;
	if (fault.n > 0) {
		fault.n--;
		return false;
	}
	if (fault.hits > 0 && !fault.stays)
		return false;
	if (fault.hits++ == 0 && fault.hit != NULL)
		fault.hit();
	return true;
}

static struct faulty *
faulty_of(sqlite3_file *f)
{
	return (struct faulty *)f;
}

#define REAL(f)              (faulty_of(f)->real)
#define REAL_CALL(f, m, ...) (REAL(f)->pMethods->m(REAL(f), ##__VA_ARGS__))

static void
undo_forget(struct faulty *f)
{
	struct undo *u;

	while ((u = f->undo) != NULL) {
		f->undo = u->older;
		free(u);
	}
}

static void
undo_note(sqlite3_file *file, int len, sqlite3_int64 at)
{
	struct undo *u = calloc(1, sizeof(*u) + (size_t)len);
	struct faulty *f = faulty_of(file);

	REAL_CALL(file, xFileSize, &u->size);
	u->at = at;
	u->len = at + len <= u->size ? len
		 : at < u->size      ? (int)(u->size - at)
				     : 0;
	if (u->len > 0)
		REAL_CALL(file, xRead, u->old, u->len, at);
	u->older = f->undo;
	f->undo = u;
}

/* As it was at the last sync. */
static void
undo_all(struct faulty *f)
{
	sqlite3_file *file = &f->base;

	for (struct undo *u = f->undo; u != NULL; u = u->older) {
		if (u->len > 0)
			REAL_CALL(file, xWrite, u->old, u->len, u->at);
		REAL_CALL(file, xTruncate, u->size);
	}
	undo_forget(f);
}

static void
faulty_power_cut(void)
{
	for (struct faulty *f = faulty_files; f != NULL; f = f->next)
		undo_all(f);
}

static int
faulty_close(sqlite3_file *file)
{
	struct faulty **at = &faulty_files;

	while (*at != faulty_of(file))
		at = &(*at)->next;
	*at = faulty_of(file)->next;
	undo_forget(faulty_of(file));
	return REAL_CALL(file, xClose);
}

static int
faulty_read(sqlite3_file *file, void *p, int n, sqlite3_int64 at)
{
	if (faulty_now(FAULT_READ))
		return SQLITE_IOERR_READ;
	return REAL_CALL(file, xRead, p, n, at);
}

static int
faulty_write(sqlite3_file *file, const void *p, int n, sqlite3_int64 at)
{
	bool full = faulty_now(FAULT_FULL);

	faulty_writes++;
	if (faulty_now(FAULT_WRITE))
		return SQLITE_IOERR_WRITE;
	undo_note(file, n, at);
	if (full || faulty_now(FAULT_SHORT)) {
		REAL_CALL(file, xWrite, p, n / 2, at);
		return full ? SQLITE_FULL : SQLITE_IOERR_WRITE;
	}
	return REAL_CALL(file, xWrite, p, n, at);
}

static int
faulty_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	sqlite3_int64 before = 0;

	if (faulty_now(FAULT_TRUNCATE))
		return SQLITE_IOERR_TRUNCATE;
	REAL_CALL(file, xFileSize, &before);
	if (size < before)
		undo_note(file, (int)(before - size), size);
	return REAL_CALL(file, xTruncate, size);
}

/* The real disk is not asked: it would only take time. */
static int
faulty_sync(sqlite3_file *file, int flags)
{
	if (faulty_now(FAULT_SYNC))
		return SQLITE_IOERR_FSYNC;
	if (faulty_now(FAULT_DROP)) {
		undo_all(faulty_of(file));
		return SQLITE_IOERR_FSYNC;
	}
	undo_forget(faulty_of(file));
	return SQLITE_OK;
}

static int
faulty_size(sqlite3_file *file, sqlite3_int64 *size_r)
{
	return REAL_CALL(file, xFileSize, size_r);
}

static int
faulty_lock(sqlite3_file *file, int level)
{
	return REAL_CALL(file, xLock, level);
}

static int
faulty_unlock(sqlite3_file *file, int level)
{
	return REAL_CALL(file, xUnlock, level);
}

static int
faulty_reserved(sqlite3_file *file, int *yes_r)
{
	return REAL_CALL(file, xCheckReservedLock, yes_r);
}

static int
faulty_control(sqlite3_file *file, int op, void *arg)
{
	return REAL_CALL(file, xFileControl, op, arg);
}

static int
faulty_sector(sqlite3_file *file)
{
	return REAL_CALL(file, xSectorSize);
}

static int
faulty_device(sqlite3_file *file)
{
	return REAL_CALL(file, xDeviceCharacteristics);
}

static int
faulty_shm_map(
    sqlite3_file *file, int page, int size, int extend, void volatile **p_r)
{
	if (faulty_now(FAULT_SHM_MAP))
		return SQLITE_IOERR_SHMMAP;
	return REAL_CALL(file, xShmMap, page, size, extend, p_r);
}

static int
faulty_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
	if ((flags & SQLITE_SHM_LOCK) && faulty_now(FAULT_SHM_LOCK))
		return SQLITE_IOERR_SHMLOCK;
	return REAL_CALL(file, xShmLock, offset, n, flags);
}

static void
faulty_shm_barrier(sqlite3_file *file)
{
	REAL_CALL(file, xShmBarrier);
}

static int
faulty_shm_unmap(sqlite3_file *file, int remove)
{
	return REAL_CALL(file, xShmUnmap, remove);
}

static const sqlite3_io_methods faulty_methods = {
	.iVersion = 2,
	.xClose = faulty_close,
	.xRead = faulty_read,
	.xWrite = faulty_write,
	.xTruncate = faulty_truncate,
	.xSync = faulty_sync,
	.xFileSize = faulty_size,
	.xLock = faulty_lock,
	.xUnlock = faulty_unlock,
	.xCheckReservedLock = faulty_reserved,
	.xFileControl = faulty_control,
	.xSectorSize = faulty_sector,
	.xDeviceCharacteristics = faulty_device,
	.xShmMap = faulty_shm_map,
	.xShmLock = faulty_shm_lock,
	.xShmBarrier = faulty_shm_barrier,
	.xShmUnmap = faulty_shm_unmap,
};

static int
faulty_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file,
    int flags, int *flags_r)
{
	struct faulty *f = faulty_of(file);
	int rc;

	memset(f, 0, sizeof(*f));
	if (faulty_now(FAULT_OPEN))
		return SQLITE_CANTOPEN;
	rc = faulty_real->xOpen(faulty_real, name, f->real, flags, flags_r);
	if (rc != SQLITE_OK)
		return rc;
	f->base.pMethods = &faulty_methods;
	f->next = faulty_files;
	faulty_files = f;
	return SQLITE_OK;
}

/* From now on every connection of this process goes through here. */
static void
faulty_begin(void)
{
	static sqlite3_vfs vfs;

	faulty_real = sqlite3_vfs_find(NULL);
	vfs = *faulty_real;
	vfs.zName = "faulty";
	vfs.szOsFile += (int)sizeof(struct faulty);
	vfs.xOpen = faulty_open;
	vfs.pNext = NULL;
	if (sqlite3_vfs_register(&vfs, 1) != SQLITE_OK)
		abort();
}

#endif
