/* store/mongo/mg_copy.c - documents as they are, in and out: store/copy.h. */

#include <string.h>

#include "model/text.h"
#include "store/mongo/mg_known.h"

#define BULK 500 /* documents of one call: it must not take seconds */

/* Out ---------------------------------------------------------------------- */

struct page {
	enum copy_kind kind;
	struct copy_row *rows;
	size_t n;
};

/* The key is "low:high" in hex digits. */
static void
get_direct(const bson_t *d, struct copy_direct *v)
{
	char key[DIRECT_KEY];

	mg_get_text(d, "_id", key, sizeof(key));
	id_parse(key, ID_HEX - 1, &v->low);
	id_parse(key + ID_HEX, ID_HEX - 1, &v->high);
	mg_get_id(d, "room", &v->room);
}

static void
take(const bson_t *d, void *arg)
{
	struct page *p = arg;
	struct copy_row *row = &p->rows[p->n++];

	*row = (struct copy_row){ .passhash = "" };
	switch (p->kind) {
	case COPY_USERS:
		mg_get_user(d, &row->user);
		mg_get_text(
		    d, "passhash", row->passhash, sizeof(row->passhash));
		break;
	case COPY_SESSIONS:
		mg_get_session(d, &row->session);
		mg_get_hash(d, row->hash);
		break;
	case COPY_INVITES:
		mg_get_invite(d, &row->invite);
		mg_get_hash(d, row->hash);
		break;
	case COPY_DIRECTS:
		get_direct(d, &row->direct);
		break;
	case COPY_ROOMS:
		mg_get_room(d, &row->room);
		break;
	}
}

static const enum mg_coll colls[] = {
	[COPY_USERS] = C_USERS,
	[COPY_SESSIONS] = C_SESSIONS,
	[COPY_INVITES] = C_INVITES,
	[COPY_DIRECTS] = C_DIRECTS,
	[COPY_ROOMS] = C_ROOMS,
};

/* Sessions at 0 are ended; only their documents are still to go. */
static bson_t *
query(enum copy_kind kind, const struct copy_row *after)
{
	char key[DIRECT_KEY];

	switch (kind) {
	case COPY_USERS:
		return mg_doc("_id:{$gt:b}", &after->user.id);
	case COPY_SESSIONS:
		return mg_doc(
		    "_id:{$gt:h} expires:{$gt:u}", after->hash, (uint64_t)0);
	case COPY_INVITES:
		return mg_doc("_id:{$gt:h}", after->hash);
	case COPY_DIRECTS:
		room_direct_key(&after->direct.low, &after->direct.high, key);
		return mg_doc("_id:{$gt:s}", key);
	case COPY_ROOMS:
		break;
	}
	return mg_doc("_id:{$gt:b}", &after->room.id);
}

int
mg_copy_list(struct db *db, enum copy_kind kind, const struct copy_row *after,
    size_t limit, struct copy_row *rows, struct err *err)
{
	struct page p = { .kind = kind, .rows = rows };

	return mg_find((struct mg *)db, colls[kind], query(kind, after),
	    mg_doc("sort:{_id:+} limit:u", (uint64_t)limit), take, &p, err);
}

/* In ----------------------------------------------------------------------- */

static bson_t *
user_set(const struct copy_row *row)
{
	const struct user *u = &row->user;
	char folded[USER_NAME_MAX + 1], gone[ID_HEX + 1], hex[ID_HEX];
	struct buf display = { 0 };
	bson_t *set;

	user_fold_name(u->name, folded);
	snprintf(gone, sizeof(gone), "#%s", id_hex(&u->id, hex));
	text_fold(&display, u->display[0] != '\0' ? u->display : u->name);
	set = mg_doc("name:s folded:s display:s display_folded:s passhash:s "
		     "admin:i created:u last_seen:u state:i leaving:u",
	    u->name, u->state == USER_GONE ? gone : folded, u->display,
	    buf_cstr(&display), row->passhash, (int)u->admin, u->created,
	    u->last_seen, (int)u->state, (uint64_t)0);
	buf_free(&display);
	return set;
}

static void
put_row(
    mongoc_bulk_operation_t *b, enum copy_kind kind, const struct copy_row *row)
{
	const struct session *w = &row->session;
	const struct invite *v = &row->invite;
	char key[DIRECT_KEY];
	bson_t *query, *set;

	switch (kind) {
	case COPY_USERS:
		query = mg_doc("_id:b", &row->user.id);
		set = user_set(row);
		break;
	case COPY_SESSIONS:
		query = mg_doc("_id:h", row->hash);
		set = mg_doc("id:b user:b created:u used:u expires:u device:s",
		    &w->id, &w->user, w->created, w->used, w->expires,
		    w->device);
		break;
	case COPY_INVITES:
		query = mg_doc("_id:h", row->hash);
		set = mg_doc("id:b creator:b created:u expires:u used:u user:b",
		    &v->id, &v->creator, v->created, v->expires, v->used,
		    &v->user);
		break;
	default:
		room_direct_key(&row->direct.low, &row->direct.high, key);
		query = mg_doc("_id:s", key);
		set = mg_doc("room:b", &row->direct.room);
		break;
	}
	mg_bulk_update(b, query, mg_doc("$set:d", set), MG_UPSERT);
}

/* The names of accounts, and those that somebody had who is gone. */
static int
put_names(struct mg *m, const struct copy_row *rows, size_t n, struct err *err)
{
	mongoc_bulk_operation_t *b = mg_bulk(m, C_NAMES, MG_FIRM);
	struct id gone[BULK];
	size_t ngone = 0, names = 0;
	int rc = 0;

	for (size_t i = 0; i < n; i++) {
		const struct user *u = &rows[i].user;
		char folded[USER_NAME_MAX + 1];

		if (u->state == USER_GONE) {
			gone[ngone++] = u->id;
			continue;
		}
		user_fold_name(u->name, folded);
		mg_bulk_update(b, mg_doc("_id:s", folded),
		    mg_doc("$set:{user:b} $unset:{doc:s}", &u->id, ""),
		    MG_UPSERT);
		names++;
	}
	if (names > 0)
		rc = mg_bulk_run(m, b, err);
	else
		mongoc_bulk_operation_destroy(b);
	if (rc == 0 && ngone > 0)
		rc = mg_delete(m, C_NAMES,
		    mg_doc("user:{$in:a}", mg_ids(gone, ngone, sizeof(*gone))),
		    err);
	return rc == -1 ? -1 : 0;
}

static int
put_some(struct mg *m, enum copy_kind kind, const struct copy_row *rows,
    size_t n, struct err *err)
{
	mongoc_bulk_operation_t *b = mg_bulk(m, colls[kind], MG_FIRM);

	for (size_t i = 0; i < n; i++)
		put_row(b, kind, &rows[i]);
	if (mg_bulk_run(m, b, err) == -1)
		return -1;
	return kind == COPY_USERS ? put_names(m, rows, n, err) : 0;
}

int
mg_copy_put(struct db *db, enum copy_kind kind, const struct copy_row *rows,
    size_t n, bool first, struct err *err)
{
	struct mg *m = (struct mg *)db;
	int rc = 0;

	if (kind == COPY_ROOMS)
		return err_set(
		    err, ERR_INTERNAL, "rooms are not put like that");
	if (first && (kind == COPY_SESSIONS || kind == COPY_INVITES))
		rc = mg_delete(m, colls[kind], mg_doc(""), err);
	for (size_t i = 0; i < n && rc != -1; i += BULK)
		rc = put_some(
		    m, kind, rows + i, n - i < BULK ? n - i : BULK, err);
	return rc == -1 ? -1 : 0;
}

int
mg_copy_events(struct db *db, const struct event *ev, size_t n, struct err *err)
{
	struct mg *m = (struct mg *)db;
	mongoc_bulk_operation_t *b;

	if (n == 0)
		return 0;
	b = mg_bulk(m, C_EVENTS, MG_FIRM);
	for (size_t i = 0; i < n; i++) {
		bson_t *doc = mg_put_event(&ev[i]);

		mongoc_bulk_operation_insert(b, doc);
		bson_destroy(doc);
	}
	return mg_bulk_run(m, b, err);
}

/* as_of: up to the end of the log, which is there, all is in this row. */
static void
put_member(mongoc_bulk_operation_t *b, const struct member *v, uint64_t as_of)
{
	bson_t *set = mg_doc("user:b role:i joined:u read_seq:u read_no:u "
			     "muted:u archived:u as_of:u wish_of:u",
	    &v->user, (int)v->role, v->joined, v->read_seq, v->read_no,
	    v->muted, v->archived, as_of, (uint64_t)0);

	mg_bulk_update(b, mg_doc("_id:m room:b", &v->room, &v->user, &v->room),
	    mg_doc("$set:d", set), MG_UPSERT);
}

static int
put_members(struct mg *m, const struct room *r, const struct member *v,
    size_t n, struct err *err)
{
	mongoc_bulk_operation_t *b = mg_bulk(m, C_MEMBERS, MG_FIRM);

	for (size_t i = 0; i < n; i++)
		put_member(b, &v[i], r->seq);
	return mg_bulk_run(m, b, err);
}

/* Membership changes by events only: a row that is not as of the last one is of
 * somebody who left. */
int
mg_copy_room(struct db *db, const struct room *r, const struct member *members,
    size_t n, struct err *err)
{
	struct mg *m = (struct mg *)db;

	for (size_t i = 0; i < n; i += BULK)
		if (put_members(m, r, members + i, n - i < BULK ? n - i : BULK,
			err) == -1)
			return -1;
	if (r->kind != ROOM_SELF &&
	    mg_delete(m, C_MEMBERS,
		mg_doc("room:b as_of:{$lt:u}", &r->id, r->seq), err) == -1)
		return -1;
	return mg_put_room(m, r, err);
}
