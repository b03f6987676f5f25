/* store/users.h - accounts and their sessions. All calls block: only on a store
 * thread. Lookups: 1 found, 0 absent, -1 *err (BUSY: try again). */
#ifndef STORE_USERS_H
#define STORE_USERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/id.h"
#include "model/user.h"
#include "store/store.h"

#define PASSHASH_MAX 128 /* libsodium's encoded Argon2id string, with NUL */
#define TOKEN_HASH   32  /* SHA-256 of the token */
#define SETUP_CODE   24  /* the code for the first account, with NUL */

struct user_list {
	struct user *v;
	size_t n;
};
void user_list_free(struct user_list *l);

/* How many accounts there are, at most limit. 0 or -1. */
int db_user_count(
    struct db *db, uint64_t limit, uint64_t *n_r, struct err *err);

/* The code with which the first account is made, before there is one: of hosts
 * that share the store one is first, and all get its code. mine: of a host that
 * has just started. The first account ends it. 0, or -1 (FORBIDDEN: it was made
 * at this moment). Only in store_write work. */
int db_setup_code(struct db *db, const char mine[SETUP_CODE],
    char code_r[SETUP_CODE], struct err *err);

/* Stores a new account together with its empty self room. first: only if there
 * is no account yet, else FORBIDDEN. Errors: CONFLICT name taken. 0 or -1. */
int db_user_create(struct db *db, const struct user *u, const char *passhash,
    bool first, struct err *err);

/* The same with an invitation, which is used up by it, once: CONFLICT name
 * taken, FORBIDDEN the invitation is not good (any more); then it is not used
 * up. */
int db_user_create_invited(struct db *db, const struct user *u,
    const char *passhash, const uint8_t invite[TOKEN_HASH], struct err *err);

/* By name, in any case. passhash: [PASSHASH_MAX] or NULL. */
int db_user_by_name(struct db *db, const char *name, struct user *u_r,
    char *passhash, struct err *err);
int db_user_get(
    struct db *db, const struct id *id, struct user *u_r, struct err *err);

/* Those of ids that exist, in any order; caller frees. 0 or -1. */
int db_users_get(struct db *db, const struct id *ids, size_t n,
    struct user_list *l_r, struct err *err);

/* Names (or display names' folded start) that begin with prefix, by name,
 * those behind after ("": from the start). Those who are gone have no name and
 * are not among them. 0 or -1. */
int db_users_prefix(struct db *db, const char *prefix, const char *after,
    size_t limit, struct user_list *l_r, struct err *err);

/* Another password; all sessions end but keep (NULL: all), which is pushed to
 * *more as session_revoked entries of the self room. Errors: NOT_FOUND no such
 * user. 0 or -1; the same of the next three. */
struct event_list;
int db_user_set_password(struct db *db, const struct id *user,
    const char *passhash, const struct id *keep, struct event_list *more,
    struct err *err);

/* The same, but UNAUTHORIZED when the password's hash is not `was` any more. */
int db_user_change_password(struct db *db, const struct id *user,
    const char *was, const char *passhash, const struct id *keep,
    struct event_list *more, struct err *err);

/* Into passhash[PASSHASH_MAX]. */
int db_user_passhash(
    struct db *db, const struct id *user, char *passhash, struct err *err);

/* "": the name is shown. NOT_FOUND. 0 or -1. */
int db_user_set_display(
    struct db *db, const struct id *user, const char *display, struct err *err);

/* on: the account cannot be logged into and its sessions end, pushed to *more;
 * off: it can be again. Twice is success. */
int db_user_disable(struct db *db, const struct id *user, bool on,
    struct event_list *more, struct err *err);

int db_user_set_admin(
    struct db *db, const struct id *user, bool admin, struct err *err);

/* Deletes the account: its sessions end, it leaves its groups by leave events
 * (owners are followed as in any leave), its name is free again, name and
 * display are "". The id stays in logs, and direct rooms stay with the other
 * one. All events, in order, are pushed to *more. */
int db_user_remove(struct db *db, const struct id *user,
    struct event_list *more, struct err *err);

/* The same, but FORBIDDEN for the only active administrator. */
int db_user_leave(struct db *db, const struct id *user, struct event_list *more,
    struct err *err);

/* last_seen = max(last_seen, at) for each. 0 or -1. */
int db_users_seen(struct db *db, const struct id *ids, size_t n, uint64_t at,
    struct err *err);

/* Only for an account that is active, else FORBIDDEN. */
int db_session_create(struct db *db, const struct session *s,
    const uint8_t hash[TOKEN_HASH], struct err *err);

/* The same, but UNAUTHORIZED when the user's password is not the one of
 * passhash any more. */
int db_session_login(struct db *db, const struct session *s,
    const uint8_t hash[TOKEN_HASH], const char *passhash, struct err *err);

/* The session (expired ones are absent) and its user. */
int db_session_get(struct db *db, const uint8_t hash[TOKEN_HASH], uint64_t now,
    struct session *s_r, struct user *u_r, struct err *err);

/* Is it still there? (It may have expired.) 1, 0 or -1. */
int db_session_alive(struct db *db, const struct id *user,
    const struct id *session, struct err *err);

/* Moves used and expires forward. Absent is no error. */
int db_session_touch(struct db *db, const struct id *user,
    const struct id *session, uint64_t used, uint64_t expires, struct err *err);

/* The same for many that are in use at the same time; by the way of one commit.
 */
struct session_key {
	struct id user;
	struct id session;
};
int db_sessions_touch(struct db *db, const struct session_key *keys, size_t n,
    uint64_t used, uint64_t expires, struct err *err);

/* Deletes it and writes session_revoked into the self room, which is pushed
 * to *more. Absent is no error. */
int db_session_delete(struct db *db, const struct id *user,
    const struct id *session, struct event_list *more, struct err *err);

/* The same with all of the user's sessions but keep (NULL: all). */
int db_sessions_delete(struct db *db, const struct id *user,
    const struct id *keep, struct event_list *more, struct err *err);

/* The sessions of a user, the last used first, at most limit; expired ones may
 * be among them. 0 or -1. */
struct session_list {
	struct session *v;
	size_t n;
};
void session_list_free(struct session_list *l);
int db_sessions_of(struct db *db, const struct id *user, size_t limit,
    struct session_list *l_r, struct err *err);

#endif
