/* proc/datadir.h - the data folder, and that only one server works in it. */
#ifndef PROC_DATADIR_H
#define PROC_DATADIR_H

#include "base/err.h"
#include "base/id.h"
#include "proc/privs.h"

struct pidfh;

struct datadir {
	int lock;              /* burungd.lock, flocked; workers inherit it */
	struct pidfh *pidfile; /* burungd.pid */
};

/* Makes the folder (0700) where missing, and takes the lock; what it makes
 * belongs to id. Waits up to 2 s for workers of a killed master. 0, or -1:
 * another server is at work there (the text has its pid), not writable … */
int datadir_open(struct datadir *d, const char *path, const struct identity *id,
    struct err *err);

/* The host's id out of host.id in the folder, made where missing: it stays over
 * restarts. 0 or -1. */
int datadir_host_id(const char *folder, struct id *id_r, struct err *err);

/* Writes the pid; once it stands that this process goes on. */
void datadir_write_pid(struct datadir *d);

/* In a worker: lets go of the pid file, keeps the lock. */
void datadir_inherited(struct datadir *d);

/* Removes the pid file, gives the lock back. */
void datadir_close(struct datadir *d);

#endif
