/* store/sqlite/sq_driver.c - SQLite as a driver of the store. */

#include <bsd/string.h>

#include "store/sqlite/sq.h"

static struct db *
driver_open(const struct store_conf *conf, bool writer, struct err *err)
{
	struct sq *s = sq_open(conf, writer, err);

	return s == NULL ? NULL : &s->db;
}

static void
driver_close(struct db *db)
{
	sq_close((struct sq *)db);
}

/* There is no other host whose code it could be. */
static int
driver_setup_code(
    struct db *db, const char *mine, char *code_r, struct err *err)
{
	strlcpy(code_r, mine, SETUP_CODE);
	return 0;
}

static int
driver_snapshot(struct db *db, struct err *err)
{
	return sq_snapshot((struct sq *)db, err);
}

static void
driver_snapshot_end(struct db *db)
{
	sq_snapshot_end((struct sq *)db);
}

const struct db_driver sqlite_driver = {
	.name = "sqlite",
	.prepare = sq_prepare,
	.open = driver_open,
	.close = driver_close,
	.append = sq_append,
	.idle = sq_idle,
	.setup_code = driver_setup_code,
	.user_count = sq_user_count,
	.user_create = sq_user_create,
	.user_by_name = sq_user_by_name,
	.user_get = sq_user_get,
	.users_get = sq_users_get,
	.users_prefix = sq_users_prefix,
	.users_seen = sq_users_seen,
	.user_set_password = sq_user_set_password,
	.user_disable = sq_user_disable,
	.user_set_admin = sq_user_set_admin,
	.user_remove = sq_user_remove,
	.users_scan = sq_users_scan,
	.session_create = sq_session_create,
	.session_get = sq_session_get,
	.session_alive = sq_session_alive,
	.sessions_get = sq_sessions_get,
	.sessions_touch = sq_sessions_touch,
	.session_delete = sq_session_delete,
	.sessions_delete = sq_sessions_delete,
	.sessions_of = sq_sessions_of,
	.user_passhash = sq_user_passhash,
	.user_set_display = sq_user_set_display,
	.invite_create = sq_invite_create,
	.invite_get = sq_invite_get,
	.invites = sq_invites,
	.invite_delete = sq_invite_delete,
	.room_create = sq_room_create,
	.room_get = sq_room_get,
	.member_get = sq_member_get,
	.room_view = sq_room_view,
	.rooms_of = sq_rooms_of,
	.groups_prefix = sq_groups_prefix,
	.groups_words = sq_groups_words,
	.members = sq_members,
	.heads_of = sq_heads_of,
	.heads = sq_heads,
	.events = sq_events,
	.cids = sq_cids,
	.greet = sq_greet,
	.rooms_scan = sq_rooms_scan,
	.node_put = sq_node_put,
	.node_drop = sq_node_drop,
	.nodes = sq_nodes,
	.snapshot = driver_snapshot,
	.snapshot_end = driver_snapshot_end,
	.backup = sq_backup,
	.integrity = sq_integrity,
	.swap = sq_swap,
	.copy_list = sq_copy_list,
	.copy_put = sq_copy_put,
	.copy_events = sq_copy_events,
	.copy_room = sq_copy_room,
};
