/* store/sqlite/sq_invite.c - invitations to make an account. */

#include <string.h>

#include "base/mem.h"
#include "store/making.h"
#include "store/sqlite/sq.h"

static void
get_invite(sqlite3_stmt *stmt, struct invite *v)
{
	sq_get_id(stmt, 0, &v->id);
	sq_get_id(stmt, 1, &v->creator);
	v->created = sq_get_u64(stmt, 2);
	v->expires = sq_get_u64(stmt, 3);
	v->used = sq_get_u64(stmt, 4);
	sq_get_id(stmt, 5, &v->user);
}

int
sq_invite_create(
    struct db *db, const struct invite *v, const uint8_t *hash, struct err *err)
{
	struct sq *s = (struct sq *)db;

	if (sq_begin(s, err) == -1)
		return -1;
	if (making_may_invite(db, &v->creator, err) == -1 ||
	    sq_run(s, Q_INVITE_ADD, err, "hbbuu", hash, &v->id, &v->creator,
		v->created, v->expires) == -1) {
		sq_rollback(s);
		return -1;
	}
	return sq_commit(s, err);
}

int
sq_invite_get(
    struct db *db, const uint8_t *hash, struct invite *v_r, struct err *err)
{
	struct sq *s = (struct sq *)db;
	sqlite3_stmt *stmt = sq_query(s, Q_INVITE_GET, err, "h", hash);
	int rc;

	if (stmt == NULL)
		return -1;
	rc = sq_step(s, stmt, err);
	if (rc == 1)
		get_invite(stmt, v_r);
	sq_done(stmt);
	return rc;
}

int
sq_invites(struct db *db, const struct id *before, size_t limit,
    struct invite_list *l_r, struct err *err)
{
	struct sq *s = (struct sq *)db;
	struct id end;
	sqlite3_stmt *stmt;
	int rc;

	memset(&end, 0xff, sizeof(end));
	*l_r = (struct invite_list){ 0 };
	stmt = sq_query(s, Q_INVITES, err, "bu", before != NULL ? before : &end,
	    (uint64_t)limit);
	if (stmt == NULL)
		return -1;
	l_r->v = mem_calloc(limit > 0 ? limit : 1, sizeof(*l_r->v));
	while ((rc = sq_step(s, stmt, err)) == 1 && l_r->n < limit)
		get_invite(stmt, &l_r->v[l_r->n++]);
	sq_done(stmt);
	if (rc == -1)
		invite_list_free(l_r);
	return rc == -1 ? -1 : 0;
}

int
sq_invite_delete(struct db *db, const struct id *invite, struct err *err)
{
	struct sq *s = (struct sq *)db;

	if (sq_begin(s, err) == -1)
		return -1;
	if (sq_run(s, Q_INVITE_DELETE, err, "b", invite) == -1) {
		sq_rollback(s);
		return -1;
	}
	return sq_commit(s, err);
}

int
sq_invite_use(struct sq *s, const uint8_t *hash, const struct id *user,
    uint64_t now, struct err *err)
{
	int rows = sq_run(s, Q_INVITE_USE, err, "hub", hash, now, user);

	if (rows == 0)
		return err_set(err, ERR_FORBIDDEN,
		    "This invitation is not good any more.");
	return rows == -1 ? -1 : 0;
}
