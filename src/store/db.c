/* store/db.c - the calls of users.h, rooms.h …, handed to the driver. */

#include "store/driver.h"

int
db_setup_code(struct db *db, const char mine[SETUP_CODE],
    char code_r[SETUP_CODE], struct err *err)
{
	return db->driver->setup_code(db, mine, code_r, err);
}

int
db_user_count(struct db *db, uint64_t limit, uint64_t *n_r, struct err *err)
{
	return db->driver->user_count(db, limit, n_r, err);
}

int
db_user_create(struct db *db, const struct user *u, const char *passhash,
    bool first, struct err *err)
{
	return db->driver->user_create(db, u, passhash, first, NULL, err);
}

int
db_user_create_invited(struct db *db, const struct user *u,
    const char *passhash, const uint8_t invite[TOKEN_HASH], struct err *err)
{
	return db->driver->user_create(db, u, passhash, false, invite, err);
}

int
db_user_by_name(struct db *db, const char *name, struct user *u_r,
    char *passhash, struct err *err)
{
	return db->driver->user_by_name(db, name, u_r, passhash, err);
}

int
db_user_get(
    struct db *db, const struct id *id, struct user *u_r, struct err *err)
{
	return db->driver->user_get(db, id, u_r, err);
}

int
db_users_get(struct db *db, const struct id *ids, size_t n,
    struct user_list *l_r, struct err *err)
{
	return db->driver->users_get(db, ids, n, l_r, err);
}

int
db_users_prefix(struct db *db, const char *prefix, const char *after,
    size_t limit, struct user_list *l_r, struct err *err)
{
	return db->driver->users_prefix(db, prefix, after, limit, l_r, err);
}

int
db_users_seen(
    struct db *db, const struct id *ids, size_t n, uint64_t at, struct err *err)
{
	return db->driver->users_seen(db, ids, n, at, err);
}

int
db_user_set_password(struct db *db, const struct id *user, const char *passhash,
    const struct id *keep, struct event_list *more, struct err *err)
{
	return db->driver->user_set_password(
	    db, user, NULL, passhash, keep, more, err);
}

int
db_user_change_password(struct db *db, const struct id *user, const char *was,
    const char *passhash, const struct id *keep, struct event_list *more,
    struct err *err)
{
	return db->driver->user_set_password(
	    db, user, was, passhash, keep, more, err);
}

int
db_user_passhash(
    struct db *db, const struct id *user, char *passhash, struct err *err)
{
	return db->driver->user_passhash(db, user, passhash, err);
}

int
db_user_set_display(
    struct db *db, const struct id *user, const char *display, struct err *err)
{
	return db->driver->user_set_display(db, user, display, err);
}

int
db_user_disable(struct db *db, const struct id *user, bool on,
    struct event_list *more, struct err *err)
{
	return db->driver->user_disable(db, user, on, more, err);
}

int
db_user_set_admin(
    struct db *db, const struct id *user, bool admin, struct err *err)
{
	return db->driver->user_set_admin(db, user, admin, err);
}

int
db_user_remove(struct db *db, const struct id *user, struct event_list *more,
    struct err *err)
{
	return db->driver->user_remove(db, user, false, more, err);
}

int
db_user_leave(struct db *db, const struct id *user, struct event_list *more,
    struct err *err)
{
	return db->driver->user_remove(db, user, true, more, err);
}

int
db_users_scan(struct db *db, const struct id *after, size_t limit,
    struct user_list *l_r, struct err *err)
{
	return db->driver->users_scan(db, after, limit, l_r, err);
}

int
db_session_create(struct db *db, const struct session *s,
    const uint8_t hash[TOKEN_HASH], struct err *err)
{
	return db->driver->session_create(db, s, hash, NULL, err);
}

int
db_session_login(struct db *db, const struct session *s,
    const uint8_t hash[TOKEN_HASH], const char *passhash, struct err *err)
{
	return db->driver->session_create(db, s, hash, passhash, err);
}

int
db_session_get(struct db *db, const uint8_t hash[TOKEN_HASH], uint64_t now,
    struct session *s_r, struct user *u_r, struct err *err)
{
	return db->driver->session_get(db, hash, now, s_r, u_r, err);
}

int
db_session_alive(struct db *db, const struct id *user, const struct id *session,
    struct err *err)
{
	return db->driver->session_alive(db, user, session, err);
}

int
db_session_touch(struct db *db, const struct id *user, const struct id *session,
    uint64_t used, uint64_t expires, struct err *err)
{
	struct session_key key = { *user, *session };

	return db->driver->sessions_touch(db, &key, 1, used, expires, err);
}

int
db_sessions_touch(struct db *db, const struct session_key *keys, size_t n,
    uint64_t used, uint64_t expires, struct err *err)
{
	return db->driver->sessions_touch(db, keys, n, used, expires, err);
}

int
db_session_delete(struct db *db, const struct id *user,
    const struct id *session, struct event_list *more, struct err *err)
{
	return db->driver->session_delete(db, user, session, more, err);
}

int
db_sessions_delete(struct db *db, const struct id *user, const struct id *keep,
    struct event_list *more, struct err *err)
{
	return db->driver->sessions_delete(db, user, keep, more, err);
}

int
db_sessions_of(struct db *db, const struct id *user, size_t limit,
    struct session_list *l_r, struct err *err)
{
	return db->driver->sessions_of(db, user, limit, l_r, err);
}

int
db_invite_create(struct db *db, const struct invite *v,
    const uint8_t hash[TOKEN_HASH], struct err *err)
{
	return db->driver->invite_create(db, v, hash, err);
}

int
db_invite_get(struct db *db, const uint8_t hash[TOKEN_HASH], struct invite *v_r,
    struct err *err)
{
	return db->driver->invite_get(db, hash, v_r, err);
}

int
db_invites(struct db *db, const struct id *before, size_t limit,
    struct invite_list *l_r, struct err *err)
{
	return db->driver->invites(db, before, limit, l_r, err);
}

int
db_invite_delete(struct db *db, const struct id *invite, struct err *err)
{
	return db->driver->invite_delete(db, invite, err);
}

int
db_room_create(struct db *db, const struct room_new *n, struct id *id_r,
    struct event_list *more, struct err *err)
{
	return db->driver->room_create(db, n, id_r, more, err);
}

int
db_room_get(struct db *db, const struct id *id, struct room *r, struct err *err)
{
	return db->driver->room_get(db, id, r, err);
}

int
db_member_get(struct db *db, const struct id *room, const struct id *user,
    struct member *m_r, struct err *err)
{
	return db->driver->member_get(db, room, user, m_r, err);
}

int
db_room_view(struct db *db, const struct id *room, const struct id *user,
    struct room_view *v_r, struct err *err)
{
	return db->driver->room_view(db, room, user, v_r, err);
}

int
db_rooms_of(struct db *db, const struct id *user, const struct room_pos *after,
    size_t limit, struct room_views *l_r, struct err *err)
{
	return db->driver->rooms_of(db, user, after, limit, l_r, err);
}

int
db_groups_prefix(struct db *db, const struct id *user, const char *prefix,
    const struct room *after, size_t limit, struct room_views *l_r,
    struct err *err)
{
	return db->driver->groups_prefix(
	    db, user, prefix, after, limit, l_r, err);
}

int
db_groups_words(struct db *db, const struct id *user, const char *words,
    struct group_pos *pos, size_t limit, struct room_views *l_r,
    struct err *err)
{
	return db->driver->groups_words(db, user, words, pos, limit, l_r, err);
}

int
db_members(struct db *db, const struct id *room, uint64_t after, size_t limit,
    struct member_views *l_r, struct err *err)
{
	return db->driver->members(db, room, after, limit, l_r, err);
}

int
db_heads_of(struct db *db, const struct id *user, struct head_list *l_r,
    struct err *err)
{
	return db->driver->heads_of(db, user, l_r, err);
}

int
db_heads(struct db *db, struct head *v, size_t n, struct err *err)
{
	return db->driver->heads(db, v, n, err);
}

int
db_events(struct db *db, const struct id *room, uint64_t from, uint64_t to,
    size_t limit, size_t max_bytes, struct event_list *l_r, struct err *err)
{
	struct event_range range = { from, to, limit, max_bytes };

	return db->driver->events(db, room, &range, l_r, err);
}

int
db_cids(struct db *db, struct event_at *v, size_t n, struct err *err)
{
	return n == 0 ? 0 : db->driver->cids(db, v, n, err);
}

void
db_sessions_get(
    struct db *db, struct session_ask *const *v, size_t n, uint64_t now)
{
	db->driver->sessions_get(db, v, n, now);
}

void
db_greet(struct db *db, struct greeting *const *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		v[i]->heads = (struct head_list){ 0 };
		v[i]->rooms = (struct room_views){ 0 };
		v[i]->found = 0;
	}
	db->driver->greet(db, v, n);
}

void
greeting_clear(struct greeting *g)
{
	head_list_free(&g->heads);
	room_views_free(&g->rooms);
}

int
db_rooms_scan(struct db *db, const struct id *after, bool self, size_t limit,
    struct room_rows *l_r, struct err *err)
{
	return db->driver->rooms_scan(db, after, self, limit, l_r, err);
}

int
db_node_put(struct db *db, const struct node *n, struct err *err)
{
	return db->driver->node_put(db, n, err);
}

int
db_node_drop(struct db *db, const struct node *n, struct err *err)
{
	return db->driver->node_drop(db, n, err);
}

int
db_nodes(struct db *db, struct node_list *l_r, struct err *err)
{
	return db->driver->nodes(db, l_r, err);
}

int
db_snapshot(struct db *db, struct err *err)
{
	return db->driver->snapshot(db, err);
}

void
db_snapshot_end(struct db *db)
{
	db->driver->snapshot_end(db);
}

int
db_backup(struct db *db, const char *path, store_progress_cb *progress,
    void *arg, struct err *err)
{
	int rc;

	db->progress = progress;
	db->progress_arg = arg;
	rc = db->driver->backup(db, path, err);
	db->progress = NULL;
	return rc;
}

int
db_integrity(struct db *db, struct err *err)
{
	return db->driver->integrity(db, err);
}

int
db_copy_list(struct db *db, enum copy_kind kind, const struct copy_row *after,
    size_t limit, struct copy_row *rows, struct err *err)
{
	return db->driver->copy_list(db, kind, after, limit, rows, err);
}

int
db_copy_put(struct db *db, enum copy_kind kind, const struct copy_row *rows,
    size_t n, bool first, struct err *err)
{
	return db->driver->copy_put(db, kind, rows, n, first, err);
}

int
db_copy_events(struct db *db, const struct event *ev, size_t n, struct err *err)
{
	return db->driver->copy_events(db, ev, n, err);
}

int
db_copy_room(struct db *db, const struct room *r, const struct member *members,
    size_t n, struct err *err)
{
	return db->driver->copy_room(db, r, members, n, err);
}
