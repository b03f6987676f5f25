/* store/sqlite/sq_account.c - what becomes of accounts: another password,
 * disabled, administrator, deleted. */

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "store/making.h"
#include "store/sqlite/sq_batch.h"

/* One change of an account, in a transaction of its own. */
typedef int change_fn(struct sq *s, const struct id *user, const void *arg,
    struct event_list *more, struct err *err);

static int
change(struct db *db, const struct id *user, change_fn *fn, const void *arg,
    struct event_list *more, struct err *err)
{
	struct sq *s = (struct sq *)db;
	struct event_list unused;
	int rc;

	if (more == NULL)
		more = &unused;
	*more = (struct event_list){ 0 };
	if (sq_begin(s, err) == -1)
		return -1;
	sq_batch_start(s);
	rc = fn(s, user, arg, more, err);
	if (rc == 0)
		rc = sq_batch_flush(s, err);
	if (rc == -1)
		sq_rollback(s);
	else
		rc = sq_commit(s, err);
	if (rc == -1)
		event_list_free(more);
	return rc;
}

/* rows: what an UPDATE of users said. */
static int
need_row(int rows, struct err *err)
{
	if (rows == 0)
		return err_set(err, ERR_NOT_FOUND, "There is no such user.");
	return rows == -1 ? -1 : 0;
}

struct password {
	const char *was; /* NULL: whatever */
	const char *hash;
	const struct id *keep;
};

static int
set_password(struct sq *s, const struct id *user, const void *arg,
    struct event_list *more, struct err *err)
{
	const struct password *p = arg;
	int rows = p->was == NULL
		       ? sq_run(s, Q_USER_PASSWORD, err, "bs", user, p->hash)
		       : sq_run(s, Q_USER_PASSWORD_WAS, err, "bss", user,
			     p->hash, p->was);

	if (rows == 0 && p->was != NULL)
		return err_set(
		    err, ERR_UNAUTHORIZED, "The old password is wrong.");
	if (need_row(rows, err) == -1)
		return -1;
	return sq_revoke_sessions(s, user, p->keep, more, err);
}

int
sq_user_set_password(struct db *db, const struct id *user, const char *was,
    const char *passhash, const struct id *keep, struct event_list *more,
    struct err *err)
{
	struct password p = { was, passhash, keep };

	return change(db, user, set_password, &p, more, err);
}

static int
set_display(struct sq *s, const struct id *user, const void *arg,
    struct event_list *more, struct err *err)
{
	const char *display = arg;

	return need_row(
	    sq_run(s, Q_USER_DISPLAY, err, "bs", user, display), err);
}

int
sq_user_set_display(
    struct db *db, const struct id *user, const char *display, struct err *err)
{
	return change(db, user, set_display, display, NULL, err);
}

static int
disable(struct sq *s, const struct id *user, const void *arg,
    struct event_list *more, struct err *err)
{
	const enum user_state *state = arg;

	if (need_row(sq_run(s, Q_USER_STATE, err, "bi", user, (int)*state),
		err) == -1)
		return -1;
	if (*state == USER_ACTIVE)
		return 0;
	return sq_revoke_sessions(s, user, NULL, more, err);
}

int
sq_user_disable(struct db *db, const struct id *user, bool on,
    struct event_list *more, struct err *err)
{
	enum user_state state = on ? USER_DISABLED : USER_ACTIVE;

	return change(db, user, disable, &state, more, err);
}

static int
set_admin(struct sq *s, const struct id *user, const void *arg,
    struct event_list *more, struct err *err)
{
	const bool *admin = arg;

	return need_row(
	    sq_run(s, Q_USER_ADMIN, err, "bi", user, (int)*admin), err);
}

int
sq_user_set_admin(
    struct db *db, const struct id *user, bool admin, struct err *err)
{
	return change(db, user, set_admin, &admin, NULL, err);
}

/* Ids of the groups somebody is in. */
struct rooms {
	struct id *v;
	size_t n, cap;
};

static int
find_groups(
    struct sq *s, const struct id *user, struct rooms *l, struct err *err)
{
	sqlite3_stmt *stmt = sq_query(s, Q_USER_GROUPS, err, "b", user);
	int rc;

	if (stmt == NULL)
		return -1;
	while ((rc = sq_step(s, stmt, err)) == 1) {
		if (l->n == l->cap) {
			l->cap = l->cap == 0 ? 16 : l->cap * 2;
			l->v = mem_reallocarray(l->v, l->cap, sizeof(*l->v));
		}
		sq_get_id(stmt, 0, &l->v[l->n++]);
	}
	sq_done(stmt);
	return rc;
}

/* As if the user had asked for it. */
static int
leave(struct sq *s, const struct id *user, const struct id *room,
    struct event_list *more, struct err *err)
{
	struct event ev;
	struct append a = { .ev = &ev, .n = 1 };
	int rc;

	making_leave(&ev, user, room);
	rc = sq_append_one(s, &a, err);
	making_left(&a, rc, more);
	return rc;
}

/* Names begin with a letter, a digit or one of . _ -, so this is none. */
static int
take_name(struct sq *s, const struct id *user, struct err *err)
{
	char hex[ID_HEX], folded[ID_HEX + 1];

	snprintf(folded, sizeof(folded), "#%s", id_hex(user, hex));
	return need_row(sq_run(s, Q_USER_GONE, err, "bs", user, folded), err);
}

/* Without an administrator nobody could make one. */
static int
check_spare(struct sq *s, const struct id *user, struct err *err)
{
	sqlite3_stmt *stmt;
	struct user u;
	int rc = sq_user_get(&s->db, user, &u, err);

	if (rc != 1 || !u.admin)
		return rc == -1 ? -1 : 0;
	stmt = sq_query(s, Q_USER_OTHER_ADMIN, err, "b", user);
	if (stmt == NULL)
		return -1;
	rc = sq_step(s, stmt, err);
	sq_done(stmt);
	if (rc == 0)
		return err_set(err, ERR_FORBIDDEN,
		    "You are the only administrator: let somebody else "
		    "become one first.");
	return rc == -1 ? -1 : 0;
}

static int
remove_user(struct sq *s, const struct id *user, const void *arg,
    struct event_list *more, struct err *err)
{
	const bool *spare_admin = arg;
	struct rooms l = { 0 };

	if (sq_need_user(s, user, err) == -1 ||
	    (*spare_admin && check_spare(s, user, err) == -1) ||
	    find_groups(s, user, &l, err) == -1)
		goto fail;
	for (size_t i = 0; i < l.n; i++)
		if (leave(s, user, &l.v[i], more, err) == -1)
			goto fail;
	free(l.v);
	if (sq_revoke_sessions(s, user, NULL, more, err) == -1)
		return -1;
	return take_name(s, user, err);
fail:
	free(l.v);
	return -1;
}

int
sq_user_remove(struct db *db, const struct id *user, bool spare_admin,
    struct event_list *more, struct err *err)
{
	return change(db, user, remove_user, &spare_admin, more, err);
}
