/* store/fail.c - a driver whose every call fails, so that the rest can be
 * tested without a database. */

#include <stdlib.h>

#include "base/mem.h"
#include "store/driver.h"

static int
busy(struct db *db, struct err *err)
{
	db->ok = false;
	err_set(err, ERR_BUSY, "The store cannot be reached.");
	if (err != NULL)
		err->retry_ms = 1000;
	return -1;
}

static int
fail_prepare(const struct store_conf *conf, struct err *err)
{
	return 0;
}

static struct db *
fail_open(const struct store_conf *conf, bool writer, struct err *err)
{
	struct db *db;

	MEM_NEW(db);
	return db;
}

static void
fail_close(struct db *db)
{
	free(db);
}

static void
fail_append(struct db *db, struct append **ops, size_t n)
{
	for (size_t i = 0; i < n; i++)
		busy(db, &ops[i]->err);
}

static bool
fail_idle(struct db *db)
{
	return true;
}

/* A call of struct db_driver with these arguments between db and err. */
#define FAILS(call, ...)                                                       \
	static int fail_##call(struct db *db, ##__VA_ARGS__, struct err *err)  \
	{                                                                      \
		return busy(db, err);                                          \
	}

FAILS(setup_code, const char *mine, char *code_r)
FAILS(user_count, uint64_t limit, uint64_t *n_r)
FAILS(user_create, const struct user *u, const char *passhash, bool first,
    const uint8_t *invite)
FAILS(user_by_name, const char *name, struct user *u_r, char *passhash)
FAILS(user_get, const struct id *id, struct user *u_r)
FAILS(users_get, const struct id *ids, size_t n, struct user_list *l_r)
FAILS(users_prefix, const char *prefix, const char *after, size_t limit,
    struct user_list *l_r)
FAILS(users_seen, const struct id *ids, size_t n, uint64_t at)
FAILS(user_set_password, const struct id *user, const char *was,
    const char *passhash, const struct id *keep, struct event_list *more)
FAILS(user_disable, const struct id *user, bool on, struct event_list *more)
FAILS(user_set_admin, const struct id *user, bool admin)
FAILS(user_remove, const struct id *user, bool spare_admin,
    struct event_list *more)
FAILS(users_scan, const struct id *after, size_t limit, struct user_list *l_r)
FAILS(session_create, const struct session *s, const uint8_t *hash,
    const char *passhash)
FAILS(session_get, const uint8_t *hash, uint64_t now, struct session *s_r,
    struct user *u_r)
FAILS(session_alive, const struct id *user, const struct id *session)
FAILS(sessions_touch, const struct session_key *keys, size_t n, uint64_t used,
    uint64_t expires)
FAILS(session_delete, const struct id *user, const struct id *session,
    struct event_list *more)
FAILS(sessions_delete, const struct id *user, const struct id *keep,
    struct event_list *more)
FAILS(
    sessions_of, const struct id *user, size_t limit, struct session_list *l_r)
FAILS(user_passhash, const struct id *user, char *passhash)
FAILS(user_set_display, const struct id *user, const char *display)
FAILS(invite_create, const struct invite *v, const uint8_t *hash)
FAILS(invite_get, const uint8_t *hash, struct invite *v_r)
FAILS(invites, const struct id *before, size_t limit, struct invite_list *l_r)
FAILS(invite_delete, const struct id *invite)
FAILS(room_create, const struct room_new *n, struct id *id_r,
    struct event_list *more)
FAILS(room_get, const struct id *id, struct room *r)
FAILS(member_get, const struct id *room, const struct id *user,
    struct member *m_r)
FAILS(room_view, const struct id *room, const struct id *user,
    struct room_view *v_r)
FAILS(rooms_of, const struct id *user, const struct room_pos *after,
    size_t limit, struct room_views *l_r)
FAILS(groups_prefix, const struct id *user, const char *prefix,
    const struct room *after, size_t limit, struct room_views *l_r)
FAILS(groups_words, const struct id *user, const char *words,
    struct group_pos *pos, size_t limit, struct room_views *l_r)
FAILS(members, const struct id *room, uint64_t after, size_t limit,
    struct member_views *l_r)
FAILS(heads_of, const struct id *user, struct head_list *l_r)
FAILS(heads, struct head *v, size_t n)
FAILS(events, const struct id *room, const struct event_range *range,
    struct event_list *l_r)
FAILS(rooms_scan, const struct id *after, bool self, size_t limit,
    struct room_rows *l_r)
FAILS(snapshot)
FAILS(backup, const char *path)
FAILS(node_put, const struct node *n)
FAILS(node_drop, const struct node *n)
FAILS(integrity)
FAILS(cids, struct event_at *v, size_t n)
FAILS(copy_list, enum copy_kind kind, const struct copy_row *after,
    size_t limit, struct copy_row *rows)
FAILS(copy_put, enum copy_kind kind, const struct copy_row *rows, size_t n,
    bool first)
FAILS(copy_events, const struct event *ev, size_t n)
FAILS(copy_room, const struct room *r, const struct member *members, size_t n)

static void
fail_snapshot_end(struct db *db)
{
}

static int
fail_nodes(struct db *db, struct node_list *l_r, struct err *err)
{
	*l_r = (struct node_list){ 0 };
	return busy(db, err);
}

static int
fail_swap(const struct store_conf *conf, const char *new_path, struct err *err)
{
	return err_set(err, ERR_BUSY, "The store cannot be reached.");
}

static void
fail_sessions_get(
    struct db *db, struct session_ask *const *v, size_t n, uint64_t now)
{
	for (size_t i = 0; i < n; i++)
		v[i]->found = busy(db, &v[i]->err);
}

static void
fail_greet(struct db *db, struct greeting *const *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		v[i]->found = busy(db, &v[i]->err);
}

const struct db_driver fail_driver = {
	.name = "fail",
	.prepare = fail_prepare,
	.open = fail_open,
	.close = fail_close,
	.append = fail_append,
	.idle = fail_idle,
	.setup_code = fail_setup_code,
	.user_count = fail_user_count,
	.user_create = fail_user_create,
	.user_by_name = fail_user_by_name,
	.user_get = fail_user_get,
	.users_get = fail_users_get,
	.users_prefix = fail_users_prefix,
	.users_seen = fail_users_seen,
	.user_set_password = fail_user_set_password,
	.user_disable = fail_user_disable,
	.user_set_admin = fail_user_set_admin,
	.user_remove = fail_user_remove,
	.users_scan = fail_users_scan,
	.session_create = fail_session_create,
	.session_get = fail_session_get,
	.session_alive = fail_session_alive,
	.sessions_get = fail_sessions_get,
	.sessions_touch = fail_sessions_touch,
	.session_delete = fail_session_delete,
	.sessions_delete = fail_sessions_delete,
	.sessions_of = fail_sessions_of,
	.user_passhash = fail_user_passhash,
	.user_set_display = fail_user_set_display,
	.invite_create = fail_invite_create,
	.invite_get = fail_invite_get,
	.invites = fail_invites,
	.invite_delete = fail_invite_delete,
	.room_create = fail_room_create,
	.room_get = fail_room_get,
	.member_get = fail_member_get,
	.room_view = fail_room_view,
	.rooms_of = fail_rooms_of,
	.groups_prefix = fail_groups_prefix,
	.groups_words = fail_groups_words,
	.members = fail_members,
	.heads_of = fail_heads_of,
	.heads = fail_heads,
	.events = fail_events,
	.cids = fail_cids,
	.greet = fail_greet,
	.rooms_scan = fail_rooms_scan,
	.node_put = fail_node_put,
	.node_drop = fail_node_drop,
	.nodes = fail_nodes,
	.snapshot = fail_snapshot,
	.snapshot_end = fail_snapshot_end,
	.backup = fail_backup,
	.integrity = fail_integrity,
	.swap = fail_swap,
	.copy_list = fail_copy_list,
	.copy_put = fail_copy_put,
	.copy_events = fail_copy_events,
	.copy_room = fail_copy_room,
};
