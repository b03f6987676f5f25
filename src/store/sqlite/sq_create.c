/* store/sqlite/sq_create.c - making a room, once. */

#include "store/making.h"
#include "store/sqlite/sq_batch.h"

/* What is under way inside the transaction. */
struct making {
	struct sq *s;
	const struct room_new *n;
	struct batch_room *room;
	struct event_list *more;
};

/* 1 *id_r is the direct room of these two; 0; -1. */
static int
find_direct(
    struct sq *s, const struct room_new *n, struct id *id_r, struct err *err)
{
	bool swap = id_cmp(&n->creator, n->users) > 0;
	sqlite3_stmt *stmt = sq_query(s, Q_DIRECT_GET, err, "bb",
	    swap ? n->users : &n->creator, swap ? &n->creator : n->users);
	int rc;

	if (stmt == NULL)
		return -1;
	rc = sq_step(s, stmt, err);
	if (rc == 1)
		sq_get_id(stmt, 0, id_r);
	sq_done(stmt);
	return rc;
}

static int
one_event(struct sq *s, sqlite3_stmt *stmt, struct event *ev, struct err *err)
{
	int rc;

	if (stmt == NULL)
		return -1;
	rc = sq_step(s, stmt, err);
	if (rc == 1)
		sq_get_event(stmt, 0, ev);
	sq_done(stmt);
	return rc;
}

/* Is the room the one that n describes? */
static int
check_same(struct sq *s, const struct room_new *n, const struct id *id,
    struct err *err)
{
	struct event ev = { 0 };
	int rc = one_event(
	    s, sq_query(s, Q_EVENT_GET, err, "bu", id, (uint64_t)1), &ev, err);

	if (rc == -1)
		return -1;
	rc = making_same(n, rc == 1 ? &ev : NULL, err);
	event_free_body(&ev);
	return rc;
}

/* A group is found again by the creator's cid: it is the cid of the `added`
 * entry in the creator's self room, where (room, from, cid) is unique. */
static int
find_group(
    struct sq *s, const struct room_new *n, struct id *id_r, struct err *err)
{
	struct event ev = { 0 };
	int rc = one_event(s,
	    sq_query(s, Q_EVENT_BY_CID, err, "bbc", &n->creator, &n->creator,
		&n->cid),
	    &ev, err);

	if (rc != 1)
		return rc;
	rc = making_about(&ev, id_r, err);
	event_free_body(&ev);
	return rc == -1 ? -1 : check_same(s, n, id_r, err);
}

static int
put(struct making *k, struct event *ev, const struct buf *body, struct err *err)
{
	ev->room = k->n->room.id;
	ev->from = k->n->creator;
	event_set_body(ev, body->data, body->len);
	if (sq_batch_put(k->s, k->room, ev, err) == -1) {
		event_free_body(ev);
		return -1;
	}
	return 0;
}

static int
put_create(struct making *k, struct err *err)
{
	struct event ev = { .kind = EV_CREATE, .cid = k->n->cid };
	struct buf *body = sq_batch_tmp(k->s);

	making_body(body, k->n);
	if (put(k, &ev, body, err) == -1)
		return -1;
	event_list_push(k->more, &ev);
	return 0;
}

/* The join of one member, the member's row, and what tells the member. Who is
 * there already is left alone. */
static int
put_join(struct making *k, const struct id *user, enum role role,
    const struct cid *cid, struct err *err)
{
	struct event_subject s = { .user = *user, .role = role };
	struct event ev = { .kind = EV_JOIN,
		.cid = cid_derive("join", user, 1) };
	struct batch_member *m =
	    sq_batch_member(k->s, &k->n->room.id, user, err);
	struct buf *body = sq_batch_tmp(k->s);
	struct user u;
	int rc;

	if (m == NULL)
		return -1;
	if (m->m.role != ROLE_NONE)
		return 0;
	if (sq_need_user(k->s, user, err) == -1)
		return -1;
	rc = sq_user_get(&k->s->db, user, &u, err);
	if (rc != 1)
		return -1;
	event_body_join(body, &s, u.name, u.display);
	if (put(k, &ev, body, err) == -1)
		return -1;
	rc = sq_batch_join(k->s, k->room, m, &ev, role, err);
	event_list_push(k->more, &ev);
	if (rc == -1)
		return -1;
	ev = k->more->v[k->more->n - 1];
	return sq_batch_follow(k->s, &ev, user, cid, k->more, err);
}

static int
add_direct_key(struct making *k, struct err *err)
{
	const struct id *a = &k->n->creator, *b = k->n->users;
	bool swap = id_cmp(a, b) > 0;

	return sq_run(k->s, Q_DIRECT_ADD, err, "bbb", swap ? b : a,
	    swap ? a : b, &k->n->room.id);
}

static int
check_owned(struct making *k, struct err *err)
{
	sqlite3_stmt *stmt;
	uint64_t n = 0;
	int rc;

	if (k->n->owned_max == 0 || making_is_direct(k->n))
		return 0;
	stmt =
	    sq_query(k->s, Q_OWNED, err, "bi", &k->n->creator, (int)ROLE_OWNER);
	if (stmt == NULL)
		return -1;
	rc = sq_step(k->s, stmt, err);
	if (rc == 1)
		n = sq_get_u64(stmt, 0);
	sq_done(stmt);
	if (n >= k->n->owned_max)
		return err_set(err, ERR_FORBIDDEN,
		    "You own %u rooms, which is as many as one may.",
		    k->n->owned_max);
	return rc == -1 ? -1 : 0;
}

static int
make(struct making *k, struct err *err)
{
	const struct room_new *n = k->n;
	bool direct = making_is_direct(n);

	if (check_owned(k, err) == -1 ||
	    sq_run(k->s, Q_ROOM_ADD, err, "bisuu", &n->room.id,
		(int)n->room.kind, n->room.label, (uint64_t)0,
		(uint64_t)0) == -1)
		return -1;
	if (direct && add_direct_key(k, err) == -1)
		return -1;
	k->room = sq_batch_room(k->s, &n->room.id, err);
	if (k->room == NULL || sq_batch_describe(k->s, k->room, err) == -1 ||
	    put_create(k, err) == -1 ||
	    put_join(k, &n->creator, direct ? ROLE_MEMBER : ROLE_OWNER,
		direct ? NULL : &n->cid, err) == -1)
		return -1;
	for (size_t i = 0; i < n->nusers; i++)
		if (put_join(k, &n->users[i], ROLE_MEMBER, NULL, err) == -1)
			return -1;
	return sq_batch_flush(k->s, err);
}

/* Inside the transaction. 1 made, 0 was there, -1. */
static int
find_or_make(struct making *k, struct id *id_r, struct err *err)
{
	int rc = making_is_direct(k->n) ? find_direct(k->s, k->n, id_r, err)
					: find_group(k->s, k->n, id_r, err);

	if (rc != 0)
		return rc == 1 ? 0 : -1;
	*id_r = k->n->room.id;
	return make(k, err) == -1 ? -1 : 1;
}

int
sq_room_create(struct db *db, const struct room_new *n, struct id *id_r,
    struct event_list *more, struct err *err)
{
	struct sq *s = (struct sq *)db;
	struct making k = { .s = s, .n = n, .more = more };
	int rc;

	*more = (struct event_list){ 0 };
	if (making_check(n, err) == -1 || sq_begin(s, err) == -1)
		return -1;
	sq_batch_start(s);
	rc = find_or_make(&k, id_r, err);
	if (rc != 1)
		sq_rollback(s);
	else if (sq_commit(s, err) == -1)
		rc = -1;
	if (rc == -1)
		event_list_free(more);
	return rc;
}
