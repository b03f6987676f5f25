/* store/users.h - accounts and their sessions. All calls block: only on a store
 * thread. Lookups: 1 found, 0 absent, -1 *err (BUSY: try again). */
#ifndef STORE_USERS_H
#define STORE_USERS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/id.h"
#include "model/user.h"
#include "store/store.h"

#define PASSHASH_MAX 128 /* libsodium's encoded Argon2id string, with NUL */
#define TOKEN_HASH   32  /* SHA-256 of the token */

struct user_list {
	struct user *v;
	size_t n;
};
void user_list_free(struct user_list *l);

/* How many accounts there are, at most limit. 0 or -1. */
int db_user_count(
    struct db *db, uint64_t limit, uint64_t *n_r, struct err *err);

/* Stores a new account together with its empty self room. first: only if there
 * is no account yet, else FORBIDDEN. Errors: CONFLICT name taken. 0 or -1. */
int db_user_create(struct db *db, const struct user *u, const char *passhash,
    bool first, struct err *err);

/* By name, in any case. passhash: [PASSHASH_MAX] or NULL. */
int db_user_by_name(struct db *db, const char *name, struct user *u_r,
    char *passhash, struct err *err);
int db_user_get(
    struct db *db, const struct id *id, struct user *u_r, struct err *err);

/* Those of ids that exist, in any order; caller frees. 0 or -1. */
int db_users_get(struct db *db, const struct id *ids, size_t n,
    struct user_list *l_r, struct err *err);

/* Names (or display names' folded start) that begin with prefix, by name,
 * those behind after ("": from the start). 0 or -1. */
int db_users_prefix(struct db *db, const char *prefix, const char *after,
    size_t limit, struct user_list *l_r, struct err *err);

/* last_seen = max(last_seen, at) for each. 0 or -1. */
int db_users_seen(struct db *db, const struct id *ids, size_t n, uint64_t at,
    struct err *err);

int db_session_create(struct db *db, const struct session *s,
    const uint8_t hash[TOKEN_HASH], struct err *err);

/* The session (expired ones are absent) and its user. */
int db_session_get(struct db *db, const uint8_t hash[TOKEN_HASH], uint64_t now,
    struct session *s_r, struct user *u_r, struct err *err);

/* Is it still there? (It may have expired.) 1, 0 or -1. */
int db_session_alive(struct db *db, const struct id *user,
    const struct id *session, struct err *err);

/* Moves used and expires forward. Absent is no error. */
int db_session_touch(struct db *db, const struct id *user,
    const struct id *session, uint64_t used, uint64_t expires, struct err *err);

/* Deletes it and writes session_revoked into the self room, which is pushed
 * to *more. Absent is no error. */
struct event_list;
int db_session_delete(struct db *db, const struct id *user,
    const struct id *session, struct event_list *more, struct err *err);

#endif
