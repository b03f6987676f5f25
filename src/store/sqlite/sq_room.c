/* store/sqlite/sq_room.c - single rooms, members, heads, and pages of a log. */

#include "base/mem.h"
#include "store/sqlite/sq.h"

int
sq_room_get(struct db *db, const struct id *id, struct room *r, struct err *err)
{
	struct sq *s = (struct sq *)db;
	sqlite3_stmt *stmt = sq_query(s, Q_ROOM_GET, err, "b", id);
	int rc;

	if (stmt == NULL)
		return -1;
	rc = sq_step(s, stmt, err);
	if (rc == 1)
		sq_get_room(stmt, 0, r);
	sq_done(stmt);
	return rc;
}

int
sq_member_get(struct db *db, const struct id *room, const struct id *user,
    struct member *m_r, struct err *err)
{
	struct sq *s = (struct sq *)db;
	sqlite3_stmt *stmt = sq_query(s, Q_MEMBER_GET, err, "bb", room, user);
	int rc;

	*m_r = (struct member){ .room = *room, .user = *user };
	if (stmt == NULL)
		return -1;
	rc = sq_step(s, stmt, err);
	if (rc == 1)
		sq_get_member(stmt, 0, m_r);
	sq_done(stmt);
	return rc;
}

int
sq_heads_of(struct db *db, const struct id *user, struct head_list *l_r,
    struct err *err)
{
	struct sq *s = (struct sq *)db;
	sqlite3_stmt *stmt = sq_query(s, Q_HEADS_OF, err, "b", user);
	size_t cap = 0;
	int rc;

	*l_r = (struct head_list){ 0 };
	if (stmt == NULL)
		return -1;
	while ((rc = sq_step(s, stmt, err)) == 1) {
		struct head *h;

		if (l_r->n == cap) {
			cap = cap == 0 ? 16 : cap * 2;
			l_r->v = mem_reallocarray(l_r->v, cap, sizeof(*l_r->v));
		}
		h = &l_r->v[l_r->n++];
		sq_get_id(stmt, 0, &h->room);
		h->seq = sq_get_u64(stmt, 1);
		h->members = (uint32_t)sq_get_u64(stmt, 2);
		sq_get_cid(stmt, 3, &h->cid);
		h->joined = sq_get_u64(stmt, 4);
	}
	sq_done(stmt);
	if (rc == -1)
		head_list_free(l_r);
	return rc;
}

static int
get_head(struct sq *s, struct head *h, struct err *err)
{
	sqlite3_stmt *stmt = sq_query(s, Q_HEAD, err, "b", &h->room);
	int rc;

	if (stmt == NULL)
		return -1;
	rc = sq_step(s, stmt, err);
	h->seq = rc == 1 ? sq_get_u64(stmt, 0) : 0;
	h->members = rc == 1 ? (uint32_t)sq_get_u64(stmt, 1) : 0;
	if (rc == 1)
		sq_get_cid(stmt, 2, &h->cid);
	else
		h->cid = (struct cid){ 0 };
	sq_done(stmt);
	return rc;
}

int
sq_heads(struct db *db, struct head *v, size_t n, struct err *err)
{
	struct sq *s = (struct sq *)db;
	int rc = 0;

	if (sq_snapshot(s, err) == -1)
		return -1;
	for (size_t i = 0; i < n && rc != -1; i++)
		rc = get_head(s, &v[i], err);
	sq_snapshot_end(s);
	return rc == -1 ? -1 : 0;
}

int
sq_events(struct db *db, const struct id *room, const struct event_range *range,
    struct event_list *l_r, struct err *err)
{
	struct sq *s = (struct sq *)db;
	sqlite3_stmt *stmt = sq_query(s, Q_EVENTS, err, "buuu", room,
	    range->from, range->to > INT64_MAX ? INT64_MAX : range->to,
	    (uint64_t)range->limit);
	size_t bytes = 0;
	int rc;

	*l_r = (struct event_list){ 0 };
	if (stmt == NULL)
		return -1;
	while ((rc = sq_step(s, stmt, err)) == 1) {
		struct event ev;

		sq_get_event(stmt, 0, &ev);
		bytes += ev.body_len;
		event_list_push(l_r, &ev);
		if (range->max_bytes > 0 && bytes >= range->max_bytes)
			break;
	}
	sq_done(stmt);
	if (rc == -1)
		event_list_free(l_r);
	return rc == -1 ? -1 : 0;
}

int
sq_rooms_scan(struct db *db, const struct id *after, bool self, size_t limit,
    struct room_rows *l_r, struct err *err)
{
	static const struct id start;
	struct sq *s = (struct sq *)db;
	sqlite3_stmt *stmt = sq_query(s, Q_ROOMS_SCAN, err, "biu",
	    after != NULL ? after : &start,
	    (int)(self ? ROOM_SELF : ROOM_DIRECT), (uint64_t)limit);
	int rc;

	*l_r = (struct room_rows){ 0 };
	if (stmt == NULL)
		return -1;
	l_r->v = mem_calloc(limit > 0 ? limit : 1, sizeof(*l_r->v));
	while ((rc = sq_step(s, stmt, err)) == 1 && l_r->n < limit)
		sq_get_room(stmt, 0, &l_r->v[l_r->n++]);
	sq_done(stmt);
	if (rc == -1)
		room_rows_free(l_r);
	return rc == -1 ? -1 : 0;
}
