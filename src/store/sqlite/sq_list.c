/* store/sqlite/sq_list.c - rooms as one user sees them, and lists of members.
 */

#include <stdlib.h>

#include "base/mem.h"
#include "store/sqlite/sq.h"
#include "store/words.h"

static int
get_peer(
    struct sq *s, const struct id *user, struct room_view *v, struct err *err)
{
	sqlite3_stmt *stmt = sq_query(s, Q_PEER, err, "bb", &v->room.id, user);
	int rc;

	if (stmt == NULL)
		return -1;
	rc = sq_step(s, stmt, err);
	if (rc == 1)
		sq_get_user(stmt, 0, &v->peer);
	sq_done(stmt);
	return rc;
}

static int
get_last(struct sq *s, struct room_view *v, struct err *err)
{
	sqlite3_stmt *stmt = sq_query(
	    s, Q_EVENT_GET, err, "bu", &v->room.id, v->room.last_message);
	int rc;

	if (stmt == NULL)
		return -1;
	rc = sq_step(s, stmt, err);
	if (rc == 1)
		sq_get_event(stmt, 0, &v->last);
	sq_done(stmt);
	return rc;
}

/* What v lacks: the peer, and for members the last message. */
static int
complete(
    struct sq *s, const struct id *user, struct room_view *v, struct err *err)
{
	if (v->me.role == ROLE_NONE)
		return 0;
	if (v->room.kind == ROOM_DIRECT && get_peer(s, user, v, err) == -1)
		return -1;
	if (v->room.last_message == 0)
		return 0;
	return get_last(s, v, err);
}

int
sq_room_view(struct db *db, const struct id *room, const struct id *user,
    struct room_view *v_r, struct err *err)
{
	struct sq *s = (struct sq *)db;
	int rc;

	*v_r = (struct room_view){ 0 };
	if (sq_snapshot(s, err) == -1)
		return -1;
	rc = sq_room_get(db, room, &v_r->room, err);
	if (rc == 1 && (sq_member_get(db, room, user, &v_r->me, err) == -1 ||
			   complete(s, user, v_r, err) == -1))
		rc = -1;
	sq_snapshot_end(s);
	if (rc != 1)
		event_free_body(&v_r->last);
	return rc;
}

static void
add_room(struct room_views *l, size_t *cap, sqlite3_stmt *stmt, bool with_me)
{
	struct room_view *v;

	/* Most people are in a few rooms, far fewer than a page has. */
	if (l->n == *cap) {
		*cap = *cap == 0 ? 4 : *cap * 2;
		l->v = mem_reallocarray(l->v, *cap, sizeof(*l->v));
	}
	v = &l->v[l->n++];
	*v = (struct room_view){ 0 };
	sq_get_room(stmt, 0, &v->room);
	if (with_me)
		sq_get_member(stmt, SQ_ROOM_COLS, &v->me);
}

/* By falling (at, id). */
static int
by_activity(const void *a, const void *b)
{
	const struct room *x = &((const struct room_view *)a)->room;
	const struct room *y = &((const struct room_view *)b)->room;

	if (x->at != y->at)
		return x->at < y->at ? 1 : -1;
	return id_cmp(&y->id, &x->id);
}

static void
keep_newest(struct room_views *l, size_t limit)
{
	if (l->n > 1)
		qsort(l->v, l->n, sizeof(*l->v), by_activity);
	if (l->n > limit)
		l->n = limit;
}

static void
add_head(struct head_list *l, size_t *cap, const struct room_view *v)
{
	if (l->n == *cap) {
		*cap = *cap == 0 ? 4 : *cap * 2;
		l->v = mem_reallocarray(l->v, *cap, sizeof(*l->v));
	}
	l->v[l->n++] = (struct head){ .room = v->room.id,
		.seq = v->room.seq,
		.members = v->room.members,
		.cid = v->room.cid,
		.joined = v->me.joined };
}

/* Rows of rooms and the member's columns, in any order. Sorted here: SQLite
 * would fill a table of its own, which costs more than all the rest for the few
 * rooms that most people are in. */
static int
take_newest(
    struct sq *s, sqlite3_stmt *stmt, const struct newest *ask, struct err *err)
{
	struct room_views *l = ask->rooms;
	size_t cap = 0, heads_cap = 0;
	int rc;

	while ((rc = sq_step(s, stmt, err)) == 1) {
		add_room(l, &cap, stmt, true);
		if (ask->heads != NULL)
			add_head(ask->heads, &heads_cap, &l->v[l->n - 1]);
		if (l->n == 2 * ask->limit)
			keep_newest(l, ask->limit);
	}
	keep_newest(l, ask->limit);
	return rc;
}

int
sq_rooms_newest(struct sq *s, const struct newest *ask, struct err *err)
{
	struct room_pos pos = { .at = INT64_MAX };
	sqlite3_stmt *stmt;
	int rc;

	if (ask->after != NULL && ask->after->at > 0)
		pos = *ask->after;
	stmt = sq_query(s, Q_ROOMS_OF, err, "bub", ask->user, pos.at, &pos.id);
	if (stmt == NULL)
		return -1;
	rc = take_newest(s, stmt, ask, err);
	sq_done(stmt);
	for (size_t i = 0; i < ask->rooms->n && rc != -1; i++)
		rc = complete(s, ask->user, &ask->rooms->v[i], err);
	return rc == -1 ? -1 : 0;
}

int
sq_rooms_of(struct db *db, const struct id *user, const struct room_pos *after,
    size_t limit, struct room_views *l_r, struct err *err)
{
	struct newest ask = {
		.user = user, .after = after, .limit = limit, .rooms = l_r
	};
	struct sq *s = (struct sq *)db;
	int rc;

	*l_r = (struct room_views){ 0 };
	if (limit == 0)
		return 0;
	if (sq_snapshot(s, err) == -1)
		return -1;
	rc = sq_rooms_newest(s, &ask, err);
	sq_snapshot_end(s);
	if (rc == -1)
		room_views_free(l_r);
	return rc;
}

/* Rows of groups, in their order. */
static int
take_groups(struct sq *s, sqlite3_stmt *stmt, size_t limit,
    struct room_views *l, struct err *err)
{
	size_t cap = 0;
	int rc;

	while ((rc = sq_step(s, stmt, err)) == 1 && l->n < limit)
		add_room(l, &cap, stmt, false);
	return rc == -1 ? -1 : 0;
}

int
sq_groups_complete(
    struct sq *s, const struct id *user, struct room_views *l, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < l->n && rc != -1; i++) {
		struct room_view *v = &l->v[i];

		rc = sq_member_get(&s->db, &v->room.id, user, &v->me, err);
		if (rc != -1)
			rc = complete(s, user, v, err);
	}
	return rc == -1 ? -1 : 0;
}

int
sq_groups_prefix(struct db *db, const struct id *user, const char *prefix,
    const struct room *after, size_t limit, struct room_views *l_r,
    struct err *err)
{
	static const struct room first;
	struct sq *s = (struct sq *)db;
	struct buf from = { 0 }, to = { 0 };
	sqlite3_stmt *stmt = NULL;
	int rc = -1;

	*l_r = (struct room_views){ 0 };
	if (after == NULL || after->label[0] == '\0')
		after = &first;
	words_prefix(&from, &to, prefix);
	if (sq_snapshot(s, err) == 0)
		stmt = sq_query(s, Q_GROUPS_PREFIX, err, "sssbu",
		    buf_cstr(&from), buf_cstr(&to), after->label, &after->id,
		    (uint64_t)limit);
	if (stmt != NULL) {
		rc = take_groups(s, stmt, limit, l_r, err);
		sq_done(stmt);
	}
	if (rc == 0)
		rc = sq_groups_complete(s, user, l_r, err);
	sq_snapshot_end(s);
	if (rc == -1)
		room_views_free(l_r);
	buf_free(&from);
	buf_free(&to);
	return rc;
}

int
sq_members(struct db *db, const struct id *room, uint64_t after, size_t limit,
    struct member_views *l_r, struct err *err)
{
	struct sq *s = (struct sq *)db;
	sqlite3_stmt *stmt =
	    sq_query(s, Q_MEMBERS, err, "buu", room, after, (uint64_t)limit);
	int rc;

	*l_r = (struct member_views){ 0 };
	if (stmt == NULL)
		return -1;
	l_r->v = mem_calloc(limit > 0 ? limit : 1, sizeof(*l_r->v));
	while ((rc = sq_step(s, stmt, err)) == 1 && l_r->n < limit) {
		struct member_view *v = &l_r->v[l_r->n++];

		sq_get_member(stmt, 0, &v->member);
		sq_get_user(stmt, SQ_MEMBER_COLS, &v->user);
	}
	sq_done(stmt);
	if (rc == -1)
		member_views_free(l_r);
	return rc == -1 ? -1 : 0;
}
