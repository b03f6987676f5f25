/* store/sqlite/sq_driver.c - SQLite as a driver of the store. */

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

const struct db_driver sqlite_driver = {
	.name = "sqlite",
	.prepare = sq_prepare,
	.open = driver_open,
	.close = driver_close,
	.append = sq_append,
	.idle = sq_idle,
	.user_count = sq_user_count,
	.user_create = sq_user_create,
	.user_by_name = sq_user_by_name,
	.user_get = sq_user_get,
	.users_get = sq_users_get,
	.users_prefix = sq_users_prefix,
	.users_seen = sq_users_seen,
	.session_create = sq_session_create,
	.session_get = sq_session_get,
	.session_alive = sq_session_alive,
	.session_touch = sq_session_touch,
	.session_delete = sq_session_delete,
	.room_create = sq_room_create,
	.room_get = sq_room_get,
	.member_get = sq_member_get,
	.room_view = sq_room_view,
	.rooms_of = sq_rooms_of,
	.groups_prefix = sq_groups_prefix,
	.members = sq_members,
	.heads_of = sq_heads_of,
	.heads = sq_heads,
	.events = sq_events,
};
