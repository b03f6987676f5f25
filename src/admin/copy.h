/* admin/copy.h - everything from one store into another of any kind: accounts
 * with their passwords, sessions, invitations, rooms with their members, and
 * all logs. */
#ifndef ADMIN_COPY_H
#define ADMIN_COPY_H

#include <stdint.h>

#include "admin/digest.h"
#include "base/err.h"
#include "store/store.h"

struct copy_job {
	struct db *from, *to; /* nobody else may use `to` meanwhile */
	/* what: the part of the work that goes on; or NULL. */
	void (*progress)(
	    const char *what, uint64_t done, uint64_t total, void *arg);
	void *progress_arg;
};

struct copy_report {
	uint64_t users, sessions, invites, directs;
	uint64_t rooms; /* without self rooms */
	uint64_t members, events;
	char digest[DIGEST_HEX]; /* of everything, the same of both stores */
};

/* `to` is empty, or what it holds is an earlier state of `from` (a former copy,
 * finished or not): then only what is missing is written, what was set since
 * is as in `from`, and sessions and invitations are those of `from`. Else
 * CONFLICT, and nothing is written. At the end both are read again and
 * compared: tables by their digests, each room by the digest of its row, its
 * events in order and its members; INTERNAL when they differ. 0, or -1: it can
 * be called again. */
int admin_copy(
    const struct copy_job *job, struct copy_report *r, struct err *err);

#endif
