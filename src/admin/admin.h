/* admin/admin.h - what an administrator may ask: one table of commands, run by
 * a server (over its admin socket) and by burungctl itself when none runs. */
#ifndef ADMIN_ADMIN_H
#define ADMIN_ADMIN_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/json.h"
#include "model/event.h"
#include "store/store.h"
#include "store/users.h"

/* One command under way. */
struct admin_call {
	const struct json *args; /* borrowed */
	const struct conf *conf; /* borrowed */
	struct buf *out; /* gets the fields of the answer, without braces */
	struct err *err; /* code set: the answer is this error */
	/* Told often by commands that take long, the last time with done equal
	 * to total; or NULL. */
	store_progress_cb *progress;
	void *progress_arg;

	/* Filled in by the command; admin_call_clear frees it. */
	struct event_list more; /* what was written: for the hub */
	char passhash[PASSHASH_MAX];
};

enum {
	ADMIN_WRITE = 1,    /* run needs the connection that writes */
	ADMIN_NO_STORE = 2, /* run needs no store: db is NULL */
};

struct admin_op {
	const char *name;
	unsigned flags;
	/* First, where hashing a password does not hold up anybody; NULL:
	 * nothing. */
	void (*prepare)(struct admin_call *call);
	/* On a store thread. Blocks. */
	void (*run)(struct db *db, struct admin_call *call);
};

/* By name, or NULL. */
const struct admin_op *admin_op_find(const char *name);
/* All of them, NULL at the end. */
extern const struct admin_op *const admin_ops[];

void admin_call_clear(struct admin_call *call);

#endif
