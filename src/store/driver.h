/* store/driver.h - what a kind of database must offer. Private to store. */
#ifndef STORE_DRIVER_H
#define STORE_DRIVER_H

#include "store/append.h"
#include "store/copy.h"
#include "store/greet.h"
#include "store/invites.h"
#include "store/nodes.h"
#include "store/rooms.h"
#include "store/store.h"
#include "store/users.h"

/* One connection, of one thread. Drivers put their own behind it. */
struct db {
	const struct db_driver *driver;
	bool ok;                     /* the last call reached the database */
	store_progress_cb *progress; /* told by backup; or NULL */
	void *progress_arg;
};

/* What db_events asks for. */
struct event_range {
	uint64_t from, to;
	size_t limit, max_bytes;
};

/* Straight-line and blocking; every call comes from the connection's thread.
 * Promises as in users.h, rooms.h, invites.h and nodes.h. */
struct db_driver {
	const char *name;
	bool shared; /* several hosts may use the same one */

	int (*prepare)(const struct store_conf *conf, struct err *err);
	/* writer: the one connection of this process that writes. */
	struct db *(*open)(
	    const struct store_conf *conf, bool writer, struct err *err);
	void (*close)(struct db *db);

	/* One batch, in order, in as few commits as possible. Fills in every
	 * op's answer; when it returns all that is answered well is durable. */
	void (*append)(struct db *db, struct append **ops, size_t n);

	/* Nothing was to do for a while: housekeeping, and when !db->ok try
	 * whether the database is back. True: call again in a second, when
	 * !db->ok in a quarter of one. */
	bool (*idle)(struct db *db);

	int (*setup_code)(
	    struct db *db, const char *mine, char *code_r, struct err *err);
	int (*user_count)(
	    struct db *db, uint64_t limit, uint64_t *n_r, struct err *err);
	/* invite: TOKEN_HASH bytes, or NULL. */
	int (*user_create)(struct db *db, const struct user *u,
	    const char *passhash, bool first, const uint8_t *invite,
	    struct err *err);
	int (*user_by_name)(struct db *db, const char *name, struct user *u_r,
	    char *passhash, struct err *err);
	int (*user_get)(struct db *db, const struct id *id, struct user *u_r,
	    struct err *err);
	int (*users_get)(struct db *db, const struct id *ids, size_t n,
	    struct user_list *l_r, struct err *err);
	int (*users_prefix)(struct db *db, const char *prefix,
	    const char *after, size_t limit, struct user_list *l_r,
	    struct err *err);
	int (*users_seen)(struct db *db, const struct id *ids, size_t n,
	    uint64_t at, struct err *err);

	int (*user_passhash)(struct db *db, const struct id *user,
	    char *passhash, struct err *err);
	int (*user_set_display)(struct db *db, const struct id *user,
	    const char *display, struct err *err);
	/* was: NULL or the hash that must be there. */
	int (*user_set_password)(struct db *db, const struct id *user,
	    const char *was, const char *passhash, const struct id *keep,
	    struct event_list *more, struct err *err);
	int (*user_disable)(struct db *db, const struct id *user, bool on,
	    struct event_list *more, struct err *err);
	int (*user_set_admin)(
	    struct db *db, const struct id *user, bool admin, struct err *err);
	/* spare_admin: not the only administrator. */
	int (*user_remove)(struct db *db, const struct id *user,
	    bool spare_admin, struct event_list *more, struct err *err);
	int (*users_scan)(struct db *db, const struct id *after, size_t limit,
	    struct user_list *l_r, struct err *err);

	/* passhash: NULL or the one that must be the user's. */
	int (*session_create)(struct db *db, const struct session *s,
	    const uint8_t *hash, const char *passhash, struct err *err);
	int (*session_get)(struct db *db, const uint8_t *hash, uint64_t now,
	    struct session *s_r, struct user *u_r, struct err *err);
	int (*session_alive)(struct db *db, const struct id *user,
	    const struct id *session, struct err *err);
	void (*sessions_get)(struct db *db, struct session_ask *const *v,
	    size_t n, uint64_t now);
	int (*sessions_touch)(struct db *db, const struct session_key *keys,
	    size_t n, uint64_t used, uint64_t expires, struct err *err);
	int (*session_delete)(struct db *db, const struct id *user,
	    const struct id *session, struct event_list *more, struct err *err);
	int (*sessions_delete)(struct db *db, const struct id *user,
	    const struct id *keep, struct event_list *more, struct err *err);
	int (*sessions_of)(struct db *db, const struct id *user, size_t limit,
	    struct session_list *l_r, struct err *err);

	int (*invite_create)(struct db *db, const struct invite *v,
	    const uint8_t *hash, struct err *err);
	int (*invite_get)(struct db *db, const uint8_t *hash,
	    struct invite *v_r, struct err *err);
	int (*invites)(struct db *db, const struct id *before, size_t limit,
	    struct invite_list *l_r, struct err *err);
	int (*invite_delete)(
	    struct db *db, const struct id *invite, struct err *err);

	int (*room_create)(struct db *db, const struct room_new *n,
	    struct id *id_r, struct event_list *more, struct err *err);
	int (*room_get)(struct db *db, const struct id *id, struct room *r,
	    struct err *err);
	int (*member_get)(struct db *db, const struct id *room,
	    const struct id *user, struct member *m_r, struct err *err);
	int (*room_view)(struct db *db, const struct id *room,
	    const struct id *user, struct room_view *v_r, struct err *err);
	int (*rooms_of)(struct db *db, const struct id *user,
	    const struct room_pos *after, size_t limit, struct room_views *l_r,
	    struct err *err);
	int (*groups_prefix)(struct db *db, const struct id *user,
	    const char *prefix, const struct room *after, size_t limit,
	    struct room_views *l_r, struct err *err);
	int (*groups_words)(struct db *db, const struct id *user,
	    const char *words, struct group_pos *pos, size_t limit,
	    struct room_views *l_r, struct err *err);
	int (*members)(struct db *db, const struct id *room, uint64_t after,
	    size_t limit, struct member_views *l_r, struct err *err);
	int (*heads_of)(struct db *db, const struct id *user,
	    struct head_list *l_r, struct err *err);
	int (*heads)(struct db *db, struct head *v, size_t n, struct err *err);
	int (*events)(struct db *db, const struct id *room,
	    const struct event_range *range, struct event_list *l_r,
	    struct err *err);
	int (*cids)(
	    struct db *db, struct event_at *v, size_t n, struct err *err);
	void (*greet)(struct db *db, struct greeting *const *v, size_t n);
	int (*rooms_scan)(struct db *db, const struct id *after, bool self,
	    size_t limit, struct room_rows *l_r, struct err *err);

	int (*node_put)(struct db *db, const struct node *n, struct err *err);
	int (*node_drop)(struct db *db, const struct node *n, struct err *err);
	int (*nodes)(struct db *db, struct node_list *l_r, struct err *err);

	int (*snapshot)(struct db *db, struct err *err);
	void (*snapshot_end)(struct db *db);
	/* What db_backup and db_integrity promise. */
	int (*backup)(struct db *db, const char *path, struct err *err);
	int (*integrity)(struct db *db, struct err *err);
	/* store_swap: puts new_path in the place of conf->path. */
	int (*swap)(const struct store_conf *conf, const char *new_path,
	    struct err *err);

	/* What store/copy.h promises. */
	int (*copy_list)(struct db *db, enum copy_kind kind,
	    const struct copy_row *after, size_t limit, struct copy_row *rows,
	    struct err *err);
	int (*copy_put)(struct db *db, enum copy_kind kind,
	    const struct copy_row *rows, size_t n, bool first, struct err *err);
	int (*copy_events)(
	    struct db *db, const struct event *ev, size_t n, struct err *err);
	int (*copy_room)(struct db *db, const struct room *r,
	    const struct member *members, size_t n, struct err *err);
};

extern const struct db_driver sqlite_driver;
extern const struct db_driver fail_driver;

/* By name, or by the scheme of a URI; a module is loaded then. NULL with *err:
 * there is none. */
const struct db_driver *driver_find(const char *name, struct err *err);

#endif
