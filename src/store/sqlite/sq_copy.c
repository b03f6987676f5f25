/* store/sqlite/sq_copy.c - rows as they are, in and out: store/copy.h. */

#include <stdio.h>

#include "store/sqlite/sq.h"

/* Out ---------------------------------------------------------------------- */

static void
get_hash(sqlite3_stmt *stmt, int col, uint8_t hash[TOKEN_HASH])
{
	const uint8_t *p = sqlite3_column_blob(stmt, col);
	size_t n = (size_t)sqlite3_column_bytes(stmt, col);

	for (size_t i = 0; i < TOKEN_HASH; i++)
		hash[i] = p != NULL && i < n ? p[i] : 0;
}

static void
get_session(sqlite3_stmt *stmt, struct copy_row *row)
{
	struct session *v = &row->session;

	sq_get_id(stmt, 0, &v->id);
	sq_get_id(stmt, 1, &v->user);
	v->created = sq_get_u64(stmt, 2);
	v->used = sq_get_u64(stmt, 3);
	v->expires = sq_get_u64(stmt, 4);
	sq_get_text(stmt, 5, v->device, sizeof(v->device));
	get_hash(stmt, 6, row->hash);
}

static void
get_invite(sqlite3_stmt *stmt, struct copy_row *row)
{
	struct invite *v = &row->invite;

	sq_get_id(stmt, 0, &v->id);
	sq_get_id(stmt, 1, &v->creator);
	v->created = sq_get_u64(stmt, 2);
	v->expires = sq_get_u64(stmt, 3);
	v->used = sq_get_u64(stmt, 4);
	sq_get_id(stmt, 5, &v->user);
	get_hash(stmt, 6, row->hash);
}

static void
get_row(sqlite3_stmt *stmt, enum copy_kind kind, struct copy_row *row)
{
	*row = (struct copy_row){ .passhash = "" };
	switch (kind) {
	case COPY_USERS:
		sq_get_user(stmt, 0, &row->user);
		sq_get_text(stmt, 7, row->passhash, sizeof(row->passhash));
		break;
	case COPY_SESSIONS:
		get_session(stmt, row);
		break;
	case COPY_INVITES:
		get_invite(stmt, row);
		break;
	case COPY_DIRECTS:
		sq_get_id(stmt, 0, &row->direct.low);
		sq_get_id(stmt, 1, &row->direct.high);
		sq_get_id(stmt, 2, &row->direct.room);
		break;
	case COPY_ROOMS:
		sq_get_room(stmt, 0, &row->room);
		break;
	}
}

static sqlite3_stmt *
query(struct sq *s, enum copy_kind kind, const struct copy_row *after,
    uint64_t limit, struct err *err)
{
	switch (kind) {
	case COPY_USERS:
		return sq_query(
		    s, Q_COPY_USERS, err, "bu", &after->user.id, limit);
	case COPY_SESSIONS:
		return sq_query(
		    s, Q_COPY_SESSIONS, err, "hu", after->hash, limit);
	case COPY_INVITES:
		return sq_query(
		    s, Q_COPY_INVITES, err, "hu", after->hash, limit);
	case COPY_DIRECTS:
		return sq_query(s, Q_COPY_DIRECTS, err, "bbu",
		    &after->direct.low, &after->direct.high, limit);
	case COPY_ROOMS:
		break;
	}
	return sq_query(s, Q_ROOMS_SCAN, err, "biu", &after->room.id,
	    (int)ROOM_SELF, limit);
}

int
sq_copy_list(struct db *db, enum copy_kind kind, const struct copy_row *after,
    size_t limit, struct copy_row *rows, struct err *err)
{
	struct sq *s = (struct sq *)db;
	sqlite3_stmt *stmt = query(s, kind, after, limit, err);
	int rc, n = 0;

	if (stmt == NULL)
		return -1;
	while ((rc = sq_step(s, stmt, err)) == 1)
		get_row(stmt, kind, &rows[n++]);
	sq_done(stmt);
	return rc == -1 ? -1 : n;
}

/* In ----------------------------------------------------------------------- */

/* Who is gone has no name, but the column is unique: a sign no name begins
 * with, as sq_account.c has it. */
static int
put_user(struct sq *s, const struct copy_row *row, struct err *err)
{
	const struct user *u = &row->user;
	char folded[USER_NAME_MAX + 1], gone[ID_HEX + 1], hex[ID_HEX];

	user_fold_name(u->name, folded);
	snprintf(gone, sizeof(gone), "#%s", id_hex(&u->id, hex));
	return sq_run(s, Q_COPY_USER, err, "bssssiuui", &u->id, u->name,
	    u->state == USER_GONE ? gone : folded, u->display, row->passhash,
	    (int)u->admin, u->created, u->last_seen, (int)u->state);
}

static int
put_row(struct sq *s, enum copy_kind kind, const struct copy_row *row,
    struct err *err)
{
	const struct session *w = &row->session;
	const struct invite *v = &row->invite;

	switch (kind) {
	case COPY_USERS:
		return put_user(s, row, err);
	case COPY_SESSIONS:
		return sq_run(s, Q_COPY_SESSION, err, "hbbuuus", row->hash,
		    &w->id, &w->user, w->created, w->used, w->expires,
		    w->device);
	case COPY_INVITES:
		return sq_run(s, Q_COPY_INVITE, err, "hbbuuub", row->hash,
		    &v->id, &v->creator, v->created, v->expires, v->used,
		    &v->user);
	case COPY_DIRECTS:
		return sq_run(s, Q_COPY_DIRECT, err, "bbb", &row->direct.low,
		    &row->direct.high, &row->direct.room);
	case COPY_ROOMS:
		break;
	}
	return err_set(err, ERR_INTERNAL, "rooms are not put like that");
}

static int
clear(struct sq *s, enum copy_kind kind, struct err *err)
{
	if (kind == COPY_SESSIONS)
		return sq_run(s, Q_COPY_SESSIONS_CLEAR, err, "");
	if (kind == COPY_INVITES)
		return sq_run(s, Q_COPY_INVITES_CLEAR, err, "");
	return 0;
}

/* Ends what sq_begin began. */
static int
end(struct sq *s, bool good, struct err *err)
{
	if (good)
		return sq_commit(s, err);
	sq_rollback(s);
	return -1;
}

int
sq_copy_put(struct db *db, enum copy_kind kind, const struct copy_row *rows,
    size_t n, bool first, struct err *err)
{
	struct sq *s = (struct sq *)db;
	bool good;

	if (sq_begin(s, err) == -1)
		return -1;
	good = !first || clear(s, kind, err) != -1;
	for (size_t i = 0; i < n && good; i++)
		good = put_row(s, kind, &rows[i], err) != -1;
	return end(s, good, err);
}

int
sq_copy_events(struct db *db, const struct event *ev, size_t n, struct err *err)
{
	struct sq *s = (struct sq *)db;
	bool good = true;

	if (sq_begin(s, err) == -1)
		return -1;
	for (size_t i = 0; i < n && good; i++)
		good = sq_run(s, Q_COPY_EVENT, err, "buuibcuut", &ev[i].room,
			   ev[i].seq, ev[i].no, (int)ev[i].kind, &ev[i].from,
			   &ev[i].cid, ev[i].at, ev[i].target,
			   ev[i].body_len > 0 ? ev[i].body : "",
			   (size_t)ev[i].body_len) != -1;
	return end(s, good, err);
}

static int
put_room(struct sq *s, const struct room *r, struct err *err)
{
	if (sq_run(s, Q_ROOM_WORDS_DELETE, err, "b", &r->id) == -1 ||
	    (r->kind == ROOM_PUBLIC &&
		sq_run(s, Q_ROOM_WORDS_ADD, err, "bs", &r->id, r->label) == -1))
		return -1;
	return sq_run(s, Q_COPY_ROOM, err, "bisuuuucus", &r->id, (int)r->kind,
	    r->label, (uint64_t)r->members, r->seq, r->no, r->at, &r->cid,
	    r->last_message, r->topic);
}

int
sq_copy_room(struct db *db, const struct room *r, const struct member *members,
    size_t n, struct err *err)
{
	struct sq *s = (struct sq *)db;
	bool good;

	if (sq_begin(s, err) == -1)
		return -1;
	good = sq_run(s, Q_COPY_MEMBERS_CLEAR, err, "b", &r->id) != -1;
	for (size_t i = 0; i < n && good; i++) {
		const struct member *m = &members[i];

		good = sq_run(s, Q_COPY_MEMBER, err, "bbiuuuuu", &m->room,
			   &m->user, (int)m->role, m->joined, m->read_seq,
			   m->read_no, m->muted, m->archived) != -1;
	}
	return end(s, good && put_room(s, r, err) != -1, err);
}
