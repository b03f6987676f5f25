/* store/sqlite/sq.h - one connection to the SQLite file: statements, errors,
 * transactions. Private to store/sqlite. */
#ifndef STORE_SQLITE_SQ_H
#define STORE_SQLITE_SQ_H

#include <sqlite3.h>

#include "store/driver.h"

enum sq_query {
#define Q(name, sql) Q_##name,
#include "store/sqlite/sq_query.h"
#undef Q
	Q_COUNT
};

struct sq_batch;

struct sq {
	struct db db; /* first */
	sqlite3 *h;
	struct shlock *lock; /* around every write; NULL: nobody else writes */
	bool writer;
	unsigned reading;       /* sq_snapshots that have not ended */
	int wal_frames;         /* in the WAL after the last commit */
	int checkpoint_at;      /* so many frames ask for a checkpoint */
	uint64_t unsettled_ms;  /* last commit not yet checkpointed; 0: none */
	struct sq_batch *batch; /* of the writer */
	sqlite3_stmt *stmt[Q_COUNT];
};

/* Opens with all settings. NULL with *err. */
struct sq *sq_open(const struct store_conf *conf, bool writer, struct err *err);
void sq_close(struct sq *s);

/* Turns SQLite's answer into *err: BUSY for whatever may pass (locked, full,
 * input/output), else INTERNAL and a line in the log. Returns -1. */
int sq_error(struct sq *s, int rc, struct err *err);

/* An error of the database itself, not a refusal of what was asked. */
bool sq_is_failure(const struct err *err);

/* The statement with its parameters bound, one letter each: u uint64_t, i int,
 * b const struct id *, c const struct cid *, h const uint8_t * (TOKEN_HASH
 * bytes), s const char *, t const char * and size_t. What pointers point to is
 * not copied: it must stay until sq_done. NULL with *err. */
sqlite3_stmt *sq_query(
    struct sq *s, enum sq_query q, struct err *err, const char *form, ...);

/* 1: a row; 0: no more; -1 *err. */
int sq_step(struct sq *s, sqlite3_stmt *stmt, struct err *err);
/* Ends its use; every sq_query needs one, before the transaction ends. */
void sq_done(sqlite3_stmt *stmt);

/* sq_query, step to the end, sq_done. Rows changed, or -1. */
int sq_run(
    struct sq *s, enum sq_query q, struct err *err, const char *form, ...);

/* A write transaction, under the lock of all processes. After begin returned
 * 0 exactly one of the others must follow; a commit that fails has rolled
 * back. */
int sq_begin(struct sq *s, struct err *err);
int sq_commit(struct sq *s, struct err *err);
void sq_rollback(struct sq *s);

/* sq_wal.c: SQLite's name for the files of a connection that writes. */
const char *sq_wal_vfs(void);
/* No transaction is under way; what is left of one that failed is forgotten. */
void sq_wal_forget(sqlite3 *h);

/* Several reads of one state; they nest. On a writer inside its transaction:
 * nothing. */
int sq_snapshot(struct sq *s, struct err *err);
void sq_snapshot_end(struct sq *s);

/* sq_fold.c. For SQL: fold(text), as columns named folded have it, and
 * words(text), a JSON array of its folded words. SQLite's result code. */
int sq_add_functions(sqlite3 *h);

/* Columns; how many there are in each of the _COLS. */
#define SQ_USER_COLS   7
#define SQ_ROOM_COLS   10
#define SQ_MEMBER_COLS 8
void sq_get_id(sqlite3_stmt *stmt, int col, struct id *id_r);
void sq_get_text(sqlite3_stmt *stmt, int col, char *out, size_t size);
void sq_get_user(sqlite3_stmt *stmt, int col, struct user *u_r);
void sq_get_room(sqlite3_stmt *stmt, int col, struct room *r);
void sq_get_member(sqlite3_stmt *stmt, int col, struct member *m_r);
void sq_get_event(sqlite3_stmt *stmt, int col, struct event *ev_r);
uint64_t sq_get_u64(sqlite3_stmt *stmt, int col);
void sq_get_cid(sqlite3_stmt *stmt, int col, struct cid *cid_r);

/* sq_checkpoint.c: with the lock held, after a commit: keeps the WAL small. */
void sq_checkpoint_if_large(struct sq *s);
/* Takes the lock and checkpoints what was committed. */
void sq_checkpoint(struct sq *s);
bool sq_idle(struct db *db);

/* sq_list.c. The first rooms of user by activity behind after (NULL: all),
 * added to rooms, and the heads of all of them, unless heads is NULL. Within a
 * snapshot. 0 or -1. */
struct newest {
	const struct id *user;
	const struct room_pos *after;
	size_t limit;
	struct room_views *rooms;
	struct head_list *heads;
};
int sq_rooms_newest(struct sq *s, const struct newest *ask, struct err *err);
/* What the views of groups lack: user's place in each. */
int sq_groups_complete(
    struct sq *s, const struct id *user, struct room_views *l, struct err *err);

/* The driver's functions: sq_user.c, sq_session.c, sq_room.c, sq_list.c,
 * sq_create.c, sq_append.c, sq_migrate.c, sq_account.c, sq_backup.c, sq_copy.c.
 */
int sq_prepare(const struct store_conf *conf, struct err *err);
void sq_append(struct db *db, struct append **ops, size_t n);
int sq_user_count(
    struct db *db, uint64_t limit, uint64_t *n_r, struct err *err);
int sq_user_create(struct db *db, const struct user *u, const char *passhash,
    bool first, const uint8_t *invite, struct err *err);
int sq_user_by_name(struct db *db, const char *name, struct user *u_r,
    char *passhash, struct err *err);
int sq_user_get(
    struct db *db, const struct id *id, struct user *u_r, struct err *err);
int sq_users_get(struct db *db, const struct id *ids, size_t n,
    struct user_list *l_r, struct err *err);
int sq_users_prefix(struct db *db, const char *prefix, const char *after,
    size_t limit, struct user_list *l_r, struct err *err);
/* Inside a transaction: NOT_FOUND when there is no such user, or no more. */
int sq_need_user(struct sq *s, const struct id *user, struct err *err);
int sq_users_seen(struct db *db, const struct id *ids, size_t n, uint64_t at,
    struct err *err);
int sq_user_passhash(
    struct db *db, const struct id *user, char *passhash, struct err *err);
int sq_user_set_display(
    struct db *db, const struct id *user, const char *display, struct err *err);
int sq_user_set_password(struct db *db, const struct id *user, const char *was,
    const char *passhash, const struct id *keep, struct event_list *more,
    struct err *err);
int sq_user_disable(struct db *db, const struct id *user, bool on,
    struct event_list *more, struct err *err);
int sq_user_set_admin(
    struct db *db, const struct id *user, bool admin, struct err *err);
int sq_user_remove(struct db *db, const struct id *user, bool spare_admin,
    struct event_list *more, struct err *err);
int sq_users_scan(struct db *db, const struct id *after, size_t limit,
    struct user_list *l_r, struct err *err);
int sq_session_create(struct db *db, const struct session *v,
    const uint8_t *hash, const char *passhash, struct err *err);
int sq_session_get(struct db *db, const uint8_t *hash, uint64_t now,
    struct session *s_r, struct user *u_r, struct err *err);
int sq_session_alive(struct db *db, const struct id *user,
    const struct id *session, struct err *err);
void sq_sessions_get(
    struct db *db, struct session_ask *const *v, size_t n, uint64_t now);
int sq_sessions_touch(struct db *db, const struct session_key *keys, size_t n,
    uint64_t used, uint64_t expires, struct err *err);
int sq_session_delete(struct db *db, const struct id *user,
    const struct id *session, struct event_list *more, struct err *err);
int sq_sessions_delete(struct db *db, const struct id *user,
    const struct id *keep, struct event_list *more, struct err *err);
int sq_sessions_of(struct db *db, const struct id *user, size_t limit,
    struct session_list *l_r, struct err *err);
/* sq_node.c */
int sq_node_put(struct db *db, const struct node *n, struct err *err);
int sq_node_drop(struct db *db, const struct node *n, struct err *err);
int sq_nodes(struct db *db, struct node_list *l_r, struct err *err);

int sq_invite_create(struct db *db, const struct invite *v, const uint8_t *hash,
    struct err *err);
int sq_invite_get(
    struct db *db, const uint8_t *hash, struct invite *v_r, struct err *err);
int sq_invites(struct db *db, const struct id *before, size_t limit,
    struct invite_list *l_r, struct err *err);
int sq_invite_delete(struct db *db, const struct id *invite, struct err *err);
/* Inside a transaction: the invitation is used up by user. FORBIDDEN. */
int sq_invite_use(struct sq *s, const uint8_t *hash, const struct id *user,
    uint64_t now, struct err *err);
int sq_room_create(struct db *db, const struct room_new *n, struct id *id_r,
    struct event_list *more, struct err *err);
int sq_room_get(
    struct db *db, const struct id *id, struct room *r, struct err *err);
int sq_member_get(struct db *db, const struct id *room, const struct id *user,
    struct member *m_r, struct err *err);
int sq_room_view(struct db *db, const struct id *room, const struct id *user,
    struct room_view *v_r, struct err *err);
int sq_rooms_of(struct db *db, const struct id *user,
    const struct room_pos *after, size_t limit, struct room_views *l_r,
    struct err *err);
int sq_groups_prefix(struct db *db, const struct id *user, const char *prefix,
    const struct room *after, size_t limit, struct room_views *l_r,
    struct err *err);
int sq_groups_words(struct db *db, const struct id *user, const char *words,
    struct group_pos *pos, size_t limit, struct room_views *l_r,
    struct err *err);
int sq_members(struct db *db, const struct id *room, uint64_t after,
    size_t limit, struct member_views *l_r, struct err *err);
int sq_heads_of(struct db *db, const struct id *user, struct head_list *l_r,
    struct err *err);
int sq_heads(struct db *db, struct head *v, size_t n, struct err *err);
int sq_events(struct db *db, const struct id *room,
    const struct event_range *range, struct event_list *l_r, struct err *err);
int sq_cids(struct db *db, struct event_at *v, size_t n, struct err *err);
void sq_greet(struct db *db, struct greeting *const *v, size_t n);
int sq_rooms_scan(struct db *db, const struct id *after, bool self,
    size_t limit, struct room_rows *l_r, struct err *err);
int sq_backup(struct db *db, const char *path, struct err *err);
int sq_integrity(struct db *db, struct err *err);
int sq_copy_list(struct db *db, enum copy_kind kind,
    const struct copy_row *after, size_t limit, struct copy_row *rows,
    struct err *err);
int sq_copy_put(struct db *db, enum copy_kind kind, const struct copy_row *rows,
    size_t n, bool first, struct err *err);
int sq_copy_events(
    struct db *db, const struct event *ev, size_t n, struct err *err);
int sq_copy_room(struct db *db, const struct room *r,
    const struct member *members, size_t n, struct err *err);
int sq_swap(
    const struct store_conf *conf, const char *new_path, struct err *err);

/* Parts of other files' transactions. sq_append.c: a's checks and writes,
 * within sq_begin and sq_batch_start … flush. sq_session.c: ends the sessions
 * of a user but keep (NULL: all); what is written of it is pushed to more. */
int sq_append_one(struct sq *s, struct append *a, struct err *err);
int sq_revoke_sessions(struct sq *s, const struct id *user,
    const struct id *keep, struct event_list *more, struct err *err);

#endif
