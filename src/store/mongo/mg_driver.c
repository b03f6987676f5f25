/* store/mongo/mg_driver.c - MongoDB as a driver of the store: a module that is
 * loaded when the configuration asks for it. */

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "store/module.h"
#include "store/mongo/mg.h"

static struct db *
driver_open(const struct store_conf *conf, bool writer, struct err *err)
{
	struct mg *m = mg_open(conf, writer, err);

	return m == NULL ? NULL : &m->db;
}

static void
driver_close(struct db *db)
{
	mg_close((struct mg *)db);
}

static int
driver_backup(struct db *db, const char *path, struct err *err)
{
	return err_set(err, ERR_BAD_REQUEST,
	    "A MongoDB is backed up by its own tools (mongodump, snapshots of "
	    "the disks); doc/OPERATIONS.md says how.");
}

static int
driver_integrity(struct db *db, struct err *err)
{
	return 0; /* the server looks after its own pages */
}

static int
driver_swap(
    const struct store_conf *conf, const char *new_path, struct err *err)
{
	return err_set(err, ERR_BAD_REQUEST,
	    "A MongoDB is restored by its own tools (mongorestore); "
	    "doc/OPERATIONS.md says how.");
}

static const struct db_driver driver = {
	.name = "mongodb",
	.shared = true,
	.prepare = mg_prepare,
	.open = driver_open,
	.close = driver_close,
	.append = mg_append,
	.idle = mg_idle,
	.setup_code = mg_setup_code,
	.user_count = mg_user_count,
	.user_create = mg_user_create,
	.user_by_name = mg_user_by_name,
	.user_get = mg_user_get,
	.users_get = mg_users_get,
	.users_prefix = mg_users_prefix,
	.users_seen = mg_users_seen,
	.user_set_password = mg_user_set_password,
	.user_disable = mg_user_disable,
	.user_set_admin = mg_user_set_admin,
	.user_remove = mg_user_remove,
	.users_scan = mg_users_scan,
	.session_create = mg_session_create,
	.session_get = mg_session_get,
	.session_alive = mg_session_alive,
	.sessions_get = mg_sessions_get,
	.sessions_touch = mg_sessions_touch,
	.session_delete = mg_session_delete,
	.sessions_delete = mg_sessions_delete,
	.sessions_of = mg_sessions_of,
	.user_passhash = mg_user_passhash,
	.user_set_display = mg_user_set_display,
	.invite_create = mg_invite_create,
	.invite_get = mg_invite_get,
	.invites = mg_invites,
	.invite_delete = mg_invite_delete,
	.room_create = mg_room_create,
	.room_get = mg_room_get,
	.member_get = mg_member_get,
	.room_view = mg_room_view,
	.rooms_of = mg_rooms_of,
	.groups_prefix = mg_groups_prefix,
	.groups_words = mg_groups_words,
	.members = mg_members,
	.heads_of = mg_heads_of,
	.heads = mg_heads,
	.events = mg_events,
	.cids = mg_cids,
	.greet = mg_greet,
	.rooms_scan = mg_rooms_scan,
	.node_put = mg_node_put,
	.node_drop = mg_node_drop,
	.nodes = mg_nodes,
	.snapshot = mg_snapshot,
	.snapshot_end = mg_snapshot_end,
	.backup = driver_backup,
	.integrity = driver_integrity,
	.swap = driver_swap,
	.copy_list = mg_copy_list,
	.copy_put = mg_copy_put,
	.copy_events = mg_copy_events,
	.copy_room = mg_copy_room,
};

const struct store_module burung_store_module = {
	.version = PACKAGE_VERSION,
	.driver_size = sizeof(struct db_driver),
	.driver = &driver,
};
