/* store/invites.h - single-use invitations to make an account. All calls block:
 * only on a store thread. */
#ifndef STORE_INVITES_H
#define STORE_INVITES_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/id.h"
#include "store/store.h"
#include "store/users.h"

struct invite {
	struct id id;
	struct id creator;
	uint64_t created; /* ms */
	uint64_t expires; /* ms */
	uint64_t used;    /* ms; 0: not yet */
	struct id user;   /* who used it; zero: nobody */
};

struct invite_list {
	struct invite *v;
	size_t n;
};
void invite_list_free(struct invite_list *l);

/* hash: of the token that the link carries; only that is kept. FORBIDDEN when
 * the creator is not an active administrator. 0 or -1. */
int db_invite_create(struct db *db, const struct invite *v,
    const uint8_t hash[TOKEN_HASH], struct err *err);

/* Used and expired ones too. 1 found, 0 absent, -1 *err. */
int db_invite_get(struct db *db, const uint8_t hash[TOKEN_HASH],
    struct invite *v_r, struct err *err);

/* By falling id (time of making), those below before (NULL: from the newest),
 * at most limit. 0 or -1. */
int db_invites(struct db *db, const struct id *before, size_t limit,
    struct invite_list *l_r, struct err *err);

/* Deletes it, used or not. Absent is no error. 0 or -1. */
int db_invite_delete(struct db *db, const struct id *invite, struct err *err);

#endif
