/* store/sqlite/sq_greet.c - what devices that come back are told, each in one
 * snapshot. */

#include "store/sqlite/sq.h"

static int
get_account(struct sq *s, struct greeting *g)
{
	sqlite3_stmt *stmt =
	    sq_query(s, Q_GREET, &g->err, "bb", &g->user, &g->session);
	int rc;

	if (stmt == NULL)
		return -1;
	rc = sq_step(s, stmt, &g->err);
	if (rc == 1) {
		sq_get_user(stmt, 0, &g->account);
		g->self_seq = sq_get_u64(stmt, SQ_USER_COLS);
	}
	sq_done(stmt);
	return rc;
}

static int
greet_one(struct sq *s, struct greeting *g)
{
	struct newest ask = {
		.user = &g->user,
		.limit = g->limit,
		.rooms = &g->rooms,
		.heads = &g->heads,
	};
	int rc = -1;

	if (sq_snapshot(s, &g->err) == -1)
		return -1;
	rc = get_account(s, g);
	if (rc == 1 && sq_rooms_newest(s, &ask, &g->err) == -1)
		rc = -1;
	sq_snapshot_end(s);
	return rc;
}

void
sq_greet(struct db *db, struct greeting *const *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		v[i]->found = greet_one((struct sq *)db, v[i]);
		if (v[i]->found == -1)
			greeting_clear(v[i]);
	}
}

void
sq_sessions_get(
    struct db *db, struct session_ask *const *v, size_t n, uint64_t now)
{
	struct user unused;

	for (size_t i = 0; i < n; i++)
		v[i]->found = sq_session_get(
		    db, v[i]->hash, now, &v[i]->session, &unused, &v[i]->err);
}

static int
get_cid(struct sq *s, struct event_at *e, struct err *err)
{
	sqlite3_stmt *stmt =
	    sq_query(s, Q_EVENT_CID, err, "bu", &e->room, e->seq);
	int rc;

	e->cid = (struct cid){ 0 };
	if (stmt == NULL)
		return -1;
	rc = sq_step(s, stmt, err);
	if (rc == 1)
		sq_get_cid(stmt, 0, &e->cid);
	sq_done(stmt);
	return rc;
}

int
sq_cids(struct db *db, struct event_at *v, size_t n, struct err *err)
{
	struct sq *s = (struct sq *)db;
	int rc = 0;

	if (sq_snapshot(s, err) == -1)
		return -1;
	for (size_t i = 0; i < n && rc != -1; i++)
		rc = get_cid(s, &v[i], err);
	sq_snapshot_end(s);
	return rc == -1 ? -1 : 0;
}
