/* store/sqlite/sq_session.c - devices that are logged in. */

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/making.h"
#include "store/sqlite/sq_batch.h"

static int
check_password(
    struct sq *s, const struct id *user, const char *want, struct err *err)
{
	char passhash[PASSHASH_MAX] = "";
	int rc = sq_user_passhash(&s->db, user, passhash, err);

	if (rc == -1)
		return -1;
	if (strcmp(passhash, want) != 0)
		return err_set(err, ERR_UNAUTHORIZED,
		    "The name or the password is wrong.");
	return 0;
}

static int
add_session(struct sq *s, const struct session *v, const uint8_t *hash,
    const char *passhash, struct err *err)
{
	struct user u;
	int rc = sq_user_get(&s->db, &v->user, &u, err);

	if (rc == -1)
		return -1;
	if (rc == 0 || u.state != USER_ACTIVE)
		return err_set(
		    err, ERR_FORBIDDEN, "This account has been disabled.");
	if (passhash != NULL &&
	    check_password(s, &v->user, passhash, err) == -1)
		return -1;
	if (sq_run(s, Q_SESSION_SWEEP, err, "u", clock_wall_ms()) == -1)
		return -1;
	return sq_run(s, Q_SESSION_ADD, err, "hbbuuus", hash, &v->id, &v->user,
	    v->created, v->used, v->expires, v->device);
}

int
sq_session_create(struct db *db, const struct session *v, const uint8_t *hash,
    const char *passhash, struct err *err)
{
	struct sq *s = (struct sq *)db;

	if (sq_begin(s, err) == -1)
		return -1;
	if (add_session(s, v, hash, passhash, err) == -1) {
		sq_rollback(s);
		return -1;
	}
	return sq_commit(s, err);
}

static void
get_session(sqlite3_stmt *stmt, struct session *s_r)
{
	sq_get_id(stmt, 0, &s_r->id);
	sq_get_id(stmt, 1, &s_r->user);
	s_r->created = sq_get_u64(stmt, 2);
	s_r->used = sq_get_u64(stmt, 3);
	s_r->expires = sq_get_u64(stmt, 4);
	sq_get_text(stmt, 5, s_r->device, sizeof(s_r->device));
}

int
sq_session_get(struct db *db, const uint8_t *hash, uint64_t now,
    struct session *s_r, struct user *u_r, struct err *err)
{
	struct sq *s = (struct sq *)db;
	sqlite3_stmt *stmt = sq_query(s, Q_SESSION_GET, err, "hu", hash, now);
	int rc;

	if (stmt == NULL)
		return -1;
	rc = sq_step(s, stmt, err);
	if (rc == 1) {
		get_session(stmt, s_r);
		sq_get_user(stmt, 6, u_r);
	}
	sq_done(stmt);
	return rc;
}

int
sq_session_alive(struct db *db, const struct id *user, const struct id *session,
    struct err *err)
{
	struct sq *s = (struct sq *)db;
	sqlite3_stmt *stmt =
	    sq_query(s, Q_SESSION_ALIVE, err, "bb", user, session);
	int rc;

	if (stmt == NULL)
		return -1;
	rc = sq_step(s, stmt, err);
	sq_done(stmt);
	return rc;
}

int
sq_sessions_touch(struct db *db, const struct session_key *keys, size_t n,
    uint64_t used, uint64_t expires, struct err *err)
{
	struct sq *s = (struct sq *)db;

	if (sq_begin(s, err) == -1)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (sq_run(s, Q_SESSION_TOUCH, err, "bbuu", &keys[i].user,
			&keys[i].session, used, expires) == -1) {
			sq_rollback(s);
			return -1;
		}
	return sq_commit(s, err);
}

/* The entry that tells the user's other devices. */
static int
put_revoked(struct sq *s, const struct id *user, const struct id *session,
    struct event_list *more, struct err *err)
{
	struct batch_room *self = sq_batch_room(s, user, err);
	struct event ev;

	if (self == NULL)
		return -1;
	if (!self->there)
		return 0;
	making_revoked(&ev, user, session);
	if (sq_batch_put(s, self, &ev, err) == -1) {
		event_free_body(&ev);
		return -1;
	}
	event_list_push(more, &ev);
	return sq_batch_flush(s, err);
}

int
sq_session_delete(struct db *db, const struct id *user,
    const struct id *session, struct event_list *more, struct err *err)
{
	struct sq *s = (struct sq *)db;
	int rc;

	*more = (struct event_list){ 0 };
	if (sq_begin(s, err) == -1)
		return -1;
	sq_batch_start(s);
	rc = sq_run(s, Q_SESSION_DELETE, err, "bb", user, session);
	if (rc > 0)
		rc = put_revoked(s, user, session, more, err);
	if (rc == -1)
		sq_rollback(s);
	else
		rc = sq_commit(s, err);
	if (rc == -1)
		event_list_free(more);
	return rc == -1 ? -1 : 0;
}

int
sq_revoke_sessions(struct sq *s, const struct id *user, const struct id *keep,
    struct event_list *more, struct err *err)
{
	static const struct id none;
	int rc = 1;

	while (rc == 1) {
		sqlite3_stmt *stmt = sq_query(s, Q_SESSION_OTHER, err, "bb",
		    user, keep != NULL ? keep : &none);
		struct id session;

		if (stmt == NULL)
			return -1;
		rc = sq_step(s, stmt, err);
		if (rc == 1)
			sq_get_id(stmt, 0, &session);
		sq_done(stmt);
		if (rc == 1 &&
		    (sq_run(s, Q_SESSION_DELETE, err, "bb", user, &session) ==
			    -1 ||
			put_revoked(s, user, &session, more, err) == -1))
			rc = -1;
	}
	return rc;
}

int
sq_sessions_delete(struct db *db, const struct id *user, const struct id *keep,
    struct event_list *more, struct err *err)
{
	struct sq *s = (struct sq *)db;
	int rc;

	*more = (struct event_list){ 0 };
	if (sq_begin(s, err) == -1)
		return -1;
	sq_batch_start(s);
	rc = sq_revoke_sessions(s, user, keep, more, err);
	if (rc == -1)
		sq_rollback(s);
	else
		rc = sq_commit(s, err);
	if (rc == -1)
		event_list_free(more);
	return rc;
}

int
sq_sessions_of(struct db *db, const struct id *user, size_t limit,
    struct session_list *l_r, struct err *err)
{
	struct sq *s = (struct sq *)db;
	sqlite3_stmt *stmt =
	    sq_query(s, Q_SESSIONS_OF, err, "bu", user, (uint64_t)limit);
	int rc;

	*l_r = (struct session_list){ 0 };
	if (stmt == NULL)
		return -1;
	l_r->v = mem_calloc(limit > 0 ? limit : 1, sizeof(*l_r->v));
	while ((rc = sq_step(s, stmt, err)) == 1 && l_r->n < limit)
		get_session(stmt, &l_r->v[l_r->n++]);
	sq_done(stmt);
	if (rc == -1)
		session_list_free(l_r);
	return rc == -1 ? -1 : 0;
}
