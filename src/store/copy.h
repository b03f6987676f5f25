/* store/copy.h - whole tables, as they are: for moving everything from one kind
 * of store to another. All calls block. Nobody else may use the store that is
 * written meanwhile. */
#ifndef STORE_COPY_H
#define STORE_COPY_H

#include <stdbool.h>
#include <stddef.h>

#include "store/invites.h"
#include "store/rooms.h"
#include "store/users.h"

enum copy_kind {
	COPY_USERS,
	COPY_SESSIONS,
	COPY_INVITES,
	COPY_DIRECTS,
	COPY_ROOMS /* self rooms too; only listed: see db_copy_room */
};

struct copy_direct {
	struct id low, high, room; /* low < high: the two users */
};

/* A row of any kind. */
struct copy_row {
	uint8_t hash[TOKEN_HASH];    /* of sessions and invites: the key */
	char passhash[PASSHASH_MAX]; /* of users */
	union {
		struct user user;
		struct session session;
		struct invite invite;
		struct copy_direct direct;
		struct room room;
	};
};

/* Up to limit rows by rising key, those behind *after (all zero: from the
 * start), into rows. The rows as they are: nothing is repaired from the logs
 * on the way. How many, or -1 *err. */
int db_copy_list(struct db *db, enum copy_kind kind,
    const struct copy_row *after, size_t limit, struct copy_row *rows,
    struct err *err);

/* Puts n rows in the place of those of the same keys. first: sessions and
 * invitations that were there go before. 0 or -1; again is no error. */
int db_copy_put(struct db *db, enum copy_kind kind, const struct copy_row *rows,
    size_t n, bool first, struct err *err);

/* Events of one room as they are. Those whose number or cid is there are left
 * alone. 0 or -1. */
int db_copy_events(
    struct db *db, const struct event *ev, size_t n, struct err *err);

/* Makes these its members, and then *r the room's row: its events must be there
 * already. 0 or -1. */
int db_copy_room(struct db *db, const struct room *r,
    const struct member *members, size_t n, struct err *err);

#endif
