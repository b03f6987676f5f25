/* ctl/target.h - what burungctl works on: a running server by its admin socket,
 * or, when none runs, the database itself under the data folder's lock. */
#ifndef CTL_TARGET_H
#define CTL_TARGET_H

#include <sys/types.h>

#include <limits.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/conf.h"
#include "base/err.h"
#include "store/store.h"

/* what: the word for the part of the work that goes on; NULL: it is over. */
typedef void target_progress_cb(
    const char *what, uint64_t done, uint64_t total, void *arg);

struct target {
	const char *conf_path, *data; /* as given, or NULL */
	struct conf *conf;
	char db_path[PATH_MAX];
	bool known;  /* online is */
	bool online; /* a server runs */
	int lock;    /* of the data folder, when none does; else -1 */
	uid_t owner; /* of the folder: what is written there is theirs */
	gid_t group;
	target_progress_cb *progress; /* or NULL */
	void *progress_arg;
};

/* Reads the configuration. 0, or -1. */
int target_open(struct target *t, struct err *err);
void target_close(struct target *t);

/* Looks who is at work there; sets online. 0, or -1: neither the server nor the
 * database can be had, and the text says why. */
int target_find(struct target *t, struct err *err);
/* As target_find, and an error when no server runs (must: or when one does). */
int target_need_server(struct target *t, struct err *err);
int target_need_none(struct target *t, struct err *err);

/* Runs one command with args (a JSON object without its braces, or NULL);
 * appends the answer, a JSON object. 0, or -1. */
int target_call(struct target *t, const char *op, const struct buf *args,
    struct buf *answer, struct err *err);
/* The same on another file of the data folder, offline. */
int target_call_file(struct target *t, const char *path, const char *op,
    struct buf *answer, struct err *err);

/* A copy of the whole store into the open file fd. 0 or -1. */
int target_backup(struct target *t, int fd, struct err *err);

/* Offline and as root: from now on as the folder's owner (true), or as root
 * again. */
void target_become_owner(const struct target *t, bool owner);

/* Copies what is left of from, of size bytes in all (0: unknown). 0 or -1. */
int target_copy(
    struct target *t, int from, int to, uint64_t size, struct err *err);

#endif
