/* store/sqlite/sq_user.c - accounts. */

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "model/text.h"
#include "store/sqlite/sq_batch.h"
#include "store/words.h"

int
sq_user_count(struct db *db, uint64_t limit, uint64_t *n_r, struct err *err)
{
	struct sq *s = (struct sq *)db;
	sqlite3_stmt *stmt = sq_query(s, Q_USER_COUNT, err, "u", limit);
	int rc;

	*n_r = 0;
	if (stmt == NULL)
		return -1;
	rc = sq_step(s, stmt, err);
	if (rc == 1)
		*n_r = sq_get_u64(stmt, 0);
	sq_done(stmt);
	return rc == -1 ? -1 : 0;
}

/* One row of users, and its passhash into an array of PASSHASH_MAX unless
 * NULL. Ends stmt. */
static int
take_user(struct sq *s, sqlite3_stmt *stmt, struct user *u_r, char *passhash,
    struct err *err)
{
	int rc;

	if (stmt == NULL)
		return -1;
	rc = sq_step(s, stmt, err);
	if (rc == 1) {
		sq_get_user(stmt, 0, u_r);
		if (passhash != NULL)
			sq_get_text(stmt, 7, passhash, PASSHASH_MAX);
	}
	sq_done(stmt);
	return rc;
}

int
sq_user_by_name(struct db *db, const char *name, struct user *u_r,
    char *passhash, struct err *err)
{
	struct sq *s = (struct sq *)db;
	char folded[USER_NAME_MAX + 1];

	if (strlen(name) > USER_NAME_MAX)
		return 0;
	user_fold_name(name, folded);
	return take_user(s, sq_query(s, Q_USER_BY_NAME, err, "s", folded), u_r,
	    passhash, err);
}

int
sq_user_get(
    struct db *db, const struct id *id, struct user *u_r, struct err *err)
{
	struct sq *s = (struct sq *)db;

	return take_user(
	    s, sq_query(s, Q_USER_GET, err, "b", id), u_r, NULL, err);
}

int
sq_users_get(struct db *db, const struct id *ids, size_t n,
    struct user_list *l_r, struct err *err)
{
	int rc = 0;

	l_r->n = 0;
	l_r->v = mem_calloc(n > 0 ? n : 1, sizeof(*l_r->v));
	for (size_t i = 0; i < n && rc != -1; i++) {
		rc = sq_user_get(db, &ids[i], &l_r->v[l_r->n], err);
		l_r->n += rc == 1;
	}
	if (rc == -1)
		user_list_free(l_r);
	return rc == -1 ? -1 : 0;
}

static int
take_users(struct sq *s, sqlite3_stmt *stmt, size_t limit,
    struct user_list *l_r, struct err *err)
{
	int rc;

	l_r->v = mem_calloc(limit > 0 ? limit : 1, sizeof(*l_r->v));
	while ((rc = sq_step(s, stmt, err)) == 1 && l_r->n < limit)
		sq_get_user(stmt, 0, &l_r->v[l_r->n++]);
	if (rc == -1)
		user_list_free(l_r);
	return rc == -1 ? -1 : 0;
}

int
sq_users_prefix(struct db *db, const char *prefix, const char *after,
    size_t limit, struct user_list *l_r, struct err *err)
{
	struct sq *s = (struct sq *)db;
	struct buf from = { 0 }, to = { 0 }, behind = { 0 };
	sqlite3_stmt *stmt;
	int rc = -1;

	*l_r = (struct user_list){ 0 };
	words_prefix(&from, &to, prefix);
	text_fold(&behind, after);
	stmt = *prefix == '\0'
		   ? sq_query(s, Q_USERS_FROM, err, "su", buf_cstr(&behind),
			 (uint64_t)limit)
		   : sq_query(s, Q_USERS_PREFIX, err, "sssu", buf_cstr(&from),
			 buf_cstr(&to), buf_cstr(&behind), (uint64_t)limit);
	if (stmt != NULL) {
		rc = take_users(s, stmt, limit, l_r, err);
		sq_done(stmt);
	}
	buf_free(&from);
	buf_free(&to);
	buf_free(&behind);
	return rc;
}

int
sq_need_user(struct sq *s, const struct id *user, struct err *err)
{
	struct user u;
	int rc = sq_user_get(&s->db, user, &u, err);

	if (rc == 0 || (rc == 1 && u.state == USER_GONE))
		return err_set(err, ERR_NOT_FOUND, "There is no such user.");
	return rc == -1 ? -1 : 0;
}

int
sq_user_passhash(
    struct db *db, const struct id *user, char *passhash, struct err *err)
{
	struct sq *s = (struct sq *)db;
	sqlite3_stmt *stmt = sq_query(s, Q_USER_PASSHASH, err, "b", user);
	int rc;

	if (stmt == NULL)
		return -1;
	rc = sq_step(s, stmt, err);
	if (rc == 1)
		sq_get_text(stmt, 0, passhash, PASSHASH_MAX);
	sq_done(stmt);
	return rc;
}

/* Inside the transaction. */
static int
add_user(struct sq *s, const struct user *u, const char *passhash, bool first,
    struct err *err)
{
	char folded[USER_NAME_MAX + 1];
	struct user other;
	uint64_t n;
	int rc;

	if (first && sq_user_count(&s->db, 1, &n, err) == -1)
		return -1;
	if (first && n > 0)
		return err_set(
		    err, ERR_FORBIDDEN, "There is an account already.");
	rc = sq_user_by_name(&s->db, u->name, &other, NULL, err);
	if (rc == 1)
		return err_set(err, ERR_CONFLICT, "This name is taken.");
	user_fold_name(u->name, folded);
	if (rc == -1 ||
	    sq_run(s, Q_USER_ADD, err, "bsssssiuu", &u->id, u->name, folded,
		u->display, u->display[0] != '\0' ? u->display : u->name,
		passhash, (int)u->admin, u->created, u->last_seen) == -1)
		return -1;
	return sq_run(s, Q_ROOM_ADD, err, "bisuu", &u->id, (int)ROOM_SELF, "",
	    (uint64_t)1, u->created);
}

int
sq_user_create(struct db *db, const struct user *u, const char *passhash,
    bool first, const uint8_t *invite, struct err *err)
{
	struct sq *s = (struct sq *)db;

	if (sq_begin(s, err) == -1)
		return -1;
	if (add_user(s, u, passhash, first, err) == -1 ||
	    (invite != NULL &&
		sq_invite_use(s, invite, &u->id, clock_wall_ms(), err) == -1)) {
		sq_rollback(s);
		return -1;
	}
	return sq_commit(s, err);
}

int
sq_users_seen(
    struct db *db, const struct id *ids, size_t n, uint64_t at, struct err *err)
{
	struct sq *s = (struct sq *)db;

	if (n == 0)
		return 0;
	if (sq_begin(s, err) == -1)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (sq_run(s, Q_USER_SEEN, err, "bu", &ids[i], at) == -1) {
			sq_rollback(s);
			return -1;
		}
	return sq_commit(s, err);
}

int
sq_users_scan(struct db *db, const struct id *after, size_t limit,
    struct user_list *l_r, struct err *err)
{
	static const struct id start;
	struct sq *s = (struct sq *)db;
	sqlite3_stmt *stmt = sq_query(s, Q_USERS_SCAN, err, "bu",
	    after != NULL ? after : &start, (uint64_t)limit);
	int rc;

	*l_r = (struct user_list){ 0 };
	if (stmt == NULL)
		return -1;
	rc = take_users(s, stmt, limit, l_r, err);
	sq_done(stmt);
	return rc;
}
